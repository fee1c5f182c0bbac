-- The first schema. Times are UTC; ids are UUIDv7, made by the application.

create table users (
    id uuid primary key,
    -- As its owner wrote it; mail goes to exactly this.
    email text not null,
    -- The key of the account, computed by the application: case, width and punycode variants are
    -- one.
    email_canonical text not null,
    password_hash text not null,
    first_name text,
    last_name text,
    is_email_verified boolean not null,
    is_active boolean not null,
    -- What mails are written in, and pages while signed in; a tag of BCP 47.
    language text not null default 'en',
    -- Codes that were tried since a mailed link, or a right code, proved the address.
    code_entries integer not null default 0,
    last_login_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    -- When an account that its owner deleted goes for good. Such an account is not active; an
    -- account that is not active without it was closed by an operator.
    delete_at timestamptz,
    deleted_at timestamptz
);

-- Partial, so that a soft delete frees the address.
create unique index users_live_email on users (email_canonical) where deleted_at is null;
create index users_to_delete on users (delete_at) where delete_at is not null;
create index users_unverified on users (created_at) where not is_email_verified;

-- One sign-in on one device, through a browser or the API. `expires_at` is absolute: no activity
-- extends it.
create table sessions (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    kind text not null check (kind in ('browser', 'api')),
    cookie_hash text unique,
    device text not null,
    ip_address text not null,
    user_agent text,
    method text not null,
    -- How the user was authenticated (RFC 8176), separated by spaces, and how sure that is.
    amr text not null,
    acr text not null,
    is_persistent boolean not null,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    -- When the password was last given.
    authenticated_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz
) with (fillfactor = 80);

create index sessions_open_of_user on sessions (user_id) where ended_at is null;
-- Whether the account was signed in to from the same device is asked at each sign-in, however many
-- sessions there were. It also finds all sessions of a user.
create index sessions_device on sessions (user_id, device);
-- Rows that carry the time in their id are expired by it; these are not.
create index sessions_expired on sessions (coalesce(ended_at, expires_at));

-- One row is a whole family: the current token, the previous one, and what the current one was
-- derived with.
create table refresh_tokens (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    session_id uuid not null unique references sessions (id) on delete cascade,
    -- In no index: a refresh changes it, and must not have to write every index for that.
    token_hash text not null,
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
-- Without an index on each reference, deleting an account reads the whole table.
create index refresh_tokens_of_user on refresh_tokens (user_id);

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
create index password_reset_tokens_of_user on password_reset_tokens (user_id);

-- Mailed single-use links of every other purpose; `attempts` counts wrong codes.
create table mailed_links (
    id uuid primary key,
    user_id uuid not null references users (id) on delete cascade,
    purpose text not null,
    token_hash text not null unique,
    attempts integer not null check (attempts >= 0),
    -- Where a change of address goes to, or a revert goes back to.
    email text,
    email_canonical text,
    -- Counts the reverts of a user: using one voids those of later changes.
    generation integer,
    -- The session that asked for it, which a change of address leaves signed in.
    session_id uuid,
    expires_at timestamptz not null,
    is_used boolean not null,
    ip_address text not null,
    user_agent text,
    created_at timestamptz not null
);

-- Only the newest link of a purpose is valid. Several reverts may be: the owner of an earlier
-- address can always get it back.
create unique index mailed_links_newest on mailed_links (user_id, purpose)
where not is_used and purpose <> 'revert_email';
-- Until a revert expires, no other account may take the address that it goes back to.
create index mailed_links_reserve on mailed_links (email_canonical)
where not is_used and purpose = 'revert_email';
create index mailed_links_of_user on mailed_links (user_id);

create table audit_logs (
    id uuid primary key,
    -- Whose account the event is about.
    user_id uuid references users (id) on delete set null,
    event_type text not null,
    -- Who did it: `person` with the id of the account, `operator`, `worker`, or `nobody` who is
    -- signed in.
    actor_kind text not null,
    actor_id text,
    -- The client that it was done through; null for the portal itself.
    client_id text,
    -- A small JSON object.
    details text not null,
    ip_address text not null,
    user_agent text,
    success boolean not null,
    created_at timestamptz not null
);

create index audit_logs_of_user on audit_logs (user_id, created_at);
-- The history of a user is paged by id, which is ordered by time.
create index audit_logs_history on audit_logs (user_id, id) where event_type <> 'token_refreshed';
-- Most events are refreshes and refusals. They are kept for a shorter time than the others.
create index audit_logs_refreshes on audit_logs (id) where event_type = 'token_refreshed';
create index audit_logs_refusals on audit_logs (id)
where event_type in ('request_refused', 'rate_limited', 'login_limited');

create table signing_keys (
    kid text primary key,
    -- What the keys sign: a set is rotated by itself, for each algorithm.
    key_set text not null,
    algorithm text not null,
    -- Counts the keys of a set; unique, so that of two replicas only one makes the next.
    generation integer not null,
    sealed_private_key text not null,
    created_at timestamptz not null,
    active_at timestamptz not null,
    expires_at timestamptz
);

create unique index signing_keys_generation on signing_keys (key_set, algorithm, generation);

-- Written in the transaction of the fact that a mail reports; a worker sends under a lease.
create table mail_outbox (
    id uuid primary key,
    kind text not null,
    user_id uuid not null references users (id) on delete cascade,
    -- Of a link or a reset token; no foreign key, because a superseded one may be gone before its
    -- mail.
    token_id uuid,
    recipient text not null,
    -- The new address in a mail that reports a change.
    other_email text,
    device text not null,
    ip_address text not null,
    happened_at timestamptz not null,
    status text not null check (status in ('pending', 'sent', 'dead')),
    -- Lower ones first.
    priority integer not null default 0,
    attempts integer not null check (attempts >= 0),
    next_attempt_at timestamptz not null,
    lease_id uuid,
    leased_until timestamptz,
    last_error text,
    created_at timestamptz not null,
    sent_at timestamptz
);

create index mail_outbox_next on mail_outbox (priority, next_attempt_at) where status = 'pending';
create index mail_outbox_of_user on mail_outbox (user_id);

-- Work that one replica does at a time, for as long as it holds the lease.
create table jobs (
    name text primary key,
    lease_id uuid not null,
    leased_until timestamptz not null
);

-- What forms that were sent came to, for a minute: one that is sent twice is done once. Not logged,
-- because a crash may forget it: then a form that is sent again is a new one. Nothing refers to an
-- account; the answer is sealed under the master key.
create unlogged table form_submissions (
    form_key text primary key,
    claim_id uuid not null,
    answer text,
    expires_at timestamptz not null
);

create index form_submissions_expired on form_submissions (expires_at);
