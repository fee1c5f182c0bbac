-- The first schema. Times are microseconds since 1970 UTC; ids are UUIDv7, made by the application.

create table users (
    id blob not null primary key,
    -- As its owner wrote it; mail goes to exactly this.
    email text not null,
    -- The key of the account, computed by the application: case, width and punycode variants are one.
    email_canonical text not null,
    password_hash text not null,
    first_name text,
    last_name text,
    is_email_verified integer not null check (is_email_verified in (0, 1)),
    is_active integer not null check (is_active in (0, 1)),
    last_login_at integer,
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer
) strict;

-- Partial, so that a soft delete frees the address.
create unique index users_live_email on users (email_canonical) where deleted_at is null;

-- One sign-in on one device, through a browser or the API. `expires_at` is absolute: no activity extends it.
create table sessions (
    id blob not null primary key,
    user_id blob not null references users (id) on delete cascade,
    kind text not null check (kind in ('browser', 'api')),
    cookie_hash text unique,
    cookie_data text,
    device text not null,
    ip_address text not null,
    user_agent text,
    method text not null,
    is_persistent integer not null check (is_persistent in (0, 1)),
    created_at integer not null,
    last_seen_at integer not null,
    expires_at integer not null,
    ended_at integer
) strict;

create index sessions_open_of_user on sessions (user_id) where ended_at is null;

-- One row is a whole family: the live leaf, its predecessor, and what the leaf was derived with.
create table refresh_tokens (
    id blob not null primary key,
    user_id blob not null references users (id) on delete cascade,
    session_id blob not null unique references sessions (id) on delete cascade,
    token_hash text not null unique,
    previous_hash text,
    successor_nonce text,
    rotated_at integer,
    device_info text not null,
    expires_at integer not null,
    is_revoked integer not null check (is_revoked in (0, 1)),
    created_at integer not null,
    updated_at integer not null
) strict;

create index refresh_tokens_live_of_user on refresh_tokens (user_id) where not is_revoked;

create table password_reset_tokens (
    id blob not null primary key,
    user_id blob not null references users (id) on delete cascade,
    token_hash text not null unique,
    expires_at integer not null,
    is_used integer not null check (is_used in (0, 1)),
    ip_address text not null,
    user_agent text,
    created_at integer not null
) strict;

-- Only the newest token is valid, even when two are asked for at once.
create unique index password_reset_tokens_newest on password_reset_tokens (user_id) where not is_used;

-- Mailed single-use tokens of every other purpose; `attempts` counts wrong codes.
create table one_time_tokens (
    id blob not null primary key,
    user_id blob not null references users (id) on delete cascade,
    purpose text not null,
    token_hash text not null unique,
    attempts integer not null check (attempts >= 0),
    expires_at integer not null,
    is_used integer not null check (is_used in (0, 1)),
    ip_address text not null,
    user_agent text,
    created_at integer not null
) strict;

create unique index one_time_tokens_newest on one_time_tokens (user_id, purpose) where not is_used;

create table audit_logs (
    id blob not null primary key,
    user_id blob references users (id) on delete set null,
    event_type text not null,
    -- A small JSON object.
    details text not null,
    ip_address text not null,
    user_agent text,
    success integer not null check (success in (0, 1)),
    created_at integer not null
) strict;

create index audit_logs_of_user on audit_logs (user_id, created_at);

create table signing_keys (
    kid text not null primary key,
    -- Counts the keys; unique, so that of two replicas only one makes the next.
    generation integer not null unique,
    algorithm text not null,
    sealed_private_key text not null,
    created_at integer not null,
    active_at integer not null,
    expires_at integer
) strict;

-- Written in the transaction of the fact that a mail tells of; a worker sends under a lease.
create table mail_outbox (
    id blob not null primary key,
    kind text not null,
    user_id blob not null references users (id) on delete cascade,
    -- Of whichever table of tokens; no foreign key, because a superseded token may be gone before its mail.
    token_id blob,
    recipient text not null,
    device text not null,
    ip_address text not null,
    happened_at integer not null,
    status text not null check (status in ('pending', 'sent', 'dead')),
    attempts integer not null check (attempts >= 0),
    next_attempt_at integer not null,
    lease_id blob,
    leased_until integer,
    last_error text,
    created_at integer not null,
    sent_at integer
) strict;

create index mail_outbox_due on mail_outbox (next_attempt_at) where status = 'pending';
create index mail_outbox_of_user on mail_outbox (user_id);
