-- The first schema. Times are UTC; ids are UUIDv7, made by the application.

create table users (
    id uuid primary key,
    -- As its owner wrote it; mail goes to exactly this.
    email text not null,
    -- The key of the account, computed by the application: case, width and punycode variants are one.
    email_canonical text not null,
    password_hash text not null,
    first_name text,
    last_name text,
    is_email_verified boolean not null,
    is_active boolean not null,
    last_login_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    deleted_at timestamptz
);

-- Partial, so that a soft delete frees the address.
create unique index users_live_email on users (email_canonical) where deleted_at is null;

-- One sign-in on one device, through a browser or the API. `expires_at` is absolute: no activity extends it.
create table sessions (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    kind text not null check (kind in ('browser', 'api')),
    cookie_hash text unique,
    cookie_data text,
    device text not null,
    ip_address text not null,
    user_agent text,
    method text not null,
    is_persistent boolean not null,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz
) with (fillfactor = 80);

create index sessions_open_of_user on sessions (user_id) where ended_at is null;

-- One row is a whole family: the live leaf, its predecessor, and what the leaf was derived with.
create table refresh_tokens (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    session_id uuid not null unique references sessions (id) on delete cascade,
    token_hash text not null unique,
    previous_hash text,
    successor_nonce text,
    rotated_at timestamptz,
    device_info text not null,
    expires_at timestamptz not null,
    is_revoked boolean not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
) with (fillfactor = 80);

create index refresh_tokens_live_of_user on refresh_tokens (user_id) where not is_revoked;

create table password_reset_tokens (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    token_hash text not null unique,
    expires_at timestamptz not null,
    is_used boolean not null,
    ip_address text not null,
    user_agent text,
    created_at timestamptz not null
);

-- Only the newest token is valid, even when two are asked for at once.
create unique index password_reset_tokens_newest on password_reset_tokens (user_id) where not is_used;

-- Mailed single-use tokens of every other purpose; `attempts` counts wrong codes.
create table one_time_tokens (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    purpose text not null,
    token_hash text not null unique,
    attempts integer not null check (attempts >= 0),
    expires_at timestamptz not null,
    is_used boolean not null,
    ip_address text not null,
    user_agent text,
    created_at timestamptz not null
);

create unique index one_time_tokens_newest on one_time_tokens (user_id, purpose) where not is_used;

create table audit_logs (
    id uuid primary key,
    user_id uuid references users (id) on delete set null,
    event_type text not null,
    -- A small JSON object.
    details text not null,
    ip_address text not null,
    user_agent text,
    success boolean not null,
    created_at timestamptz not null
);

create index audit_logs_of_user on audit_logs (user_id, created_at);

create table signing_keys (
    kid text primary key,
    -- Counts the keys; unique, so that of two replicas only one makes the next.
    generation integer not null unique,
    algorithm text not null,
    sealed_private_key text not null,
    created_at timestamptz not null,
    active_at timestamptz not null,
    expires_at timestamptz
);

-- Written in the transaction of the fact that a mail tells of; a worker sends under a lease.
create table mail_outbox (
    id uuid primary key,
    kind text not null,
    user_id uuid not null references users (id) on delete cascade,
    -- Of whichever table of tokens; no foreign key, because a superseded token may be gone before its mail.
    token_id uuid,
    recipient text not null,
    device text not null,
    ip_address text not null,
    happened_at timestamptz not null,
    status text not null check (status in ('pending', 'sent', 'dead')),
    attempts integer not null check (attempts >= 0),
    next_attempt_at timestamptz not null,
    lease_id uuid,
    leased_until timestamptz,
    last_error text,
    created_at timestamptz not null,
    sent_at timestamptz
);

create index mail_outbox_due on mail_outbox (next_attempt_at) where status = 'pending';
create index mail_outbox_of_user on mail_outbox (user_id);
