-- Signing in to apps: the clients, and what they got.

-- A program that people sign in to, or that signs in for itself.
create table clients (
    id blob not null primary key,
    -- What the program calls itself in requests.
    client_id text not null,
    kind text not null,
    -- Where it is defined: in the settings file, or by command.
    source text not null,
    -- What people see of it.
    name text not null,
    -- Whether it belongs to the operator, so that nobody has to agree to it.
    is_first_party integer not null check (is_first_party in (0, 1)),
    is_enabled integer not null check (is_enabled in (0, 1)),
    -- A JSON object; what it does not name is as by default.
    settings text not null,
    created_at integer not null,
    updated_at integer not null,
    -- A removed client is found by nobody; its name can be had again.
    removed_at integer
) strict;

create unique index clients_name on clients (client_id) where removed_at is null;

create table client_secrets (
    id blob not null primary key,
    client_id blob not null references clients (id) on delete cascade,
    secret_hash text not null,
    -- The last characters, by which an operator recognizes it.
    hint text not null,
    created_at integer not null,
    -- Null for one that has no end.
    expires_at integer
) strict;

create index client_secrets_of_client on client_secrets (client_id);

-- What a user has agreed that a client may do.
create table grants (
    id blob not null primary key,
    user_id blob not null references users (id) on delete cascade,
    client_id blob not null references clients (id) on delete cascade,
    scopes text not null,
    created_at integer not null,
    updated_at integer not null
) strict;

create unique index grants_of_user on grants (user_id, client_id);
create index grants_of_client on grants (client_id);

-- What a client got for one code: a session of the app, and its refresh tokens. One row is a whole
-- family, as in refresh_tokens.
create table app_sessions (
    id blob not null primary key,
    user_id blob not null references users (id) on delete cascade,
    client_id blob not null references clients (id) on delete cascade,
    -- The browser's session that it began in, and ends with.
    browser_session_id blob references sessions (id) on delete set null,
    scopes text not null,
    amr text not null,
    acr text not null,
    authenticated_at integer not null,
    -- In no index: a refresh changes these.
    token_hash text not null,
    previous_hash text,
    successor_nonce text,
    rotated_at integer,
    refresh_expires_at integer not null,
    created_at integer not null,
    expires_at integer not null,
    ended_at integer
) strict;

create index app_sessions_of_user on app_sessions (user_id);
create index app_sessions_of_client on app_sessions (client_id);
create index app_sessions_of_browser on app_sessions (browser_session_id);
create index app_sessions_expired on app_sessions (coalesce(ended_at, expires_at));

-- Codes that were shown at the token endpoint. A code is good for once.
create table spent_codes (
    id blob not null primary key,
    -- What the client got for it; null where it got nothing.
    app_session_id blob,
    spent_at integer not null
) strict;

create index spent_codes_expired on spent_codes (spent_at);

-- What is remembered about the deployment itself.
create table deployment (
    key text not null primary key,
    value text not null
) strict;
