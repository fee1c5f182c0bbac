-- Changing the address of an account, deleting the account, and the history of it. Every column is nullable or has a
-- default, and no index that an earlier statement names is gone, so the version before runs on.

-- What mails are written in, and pages while signed in; a tag of BCP 47.
alter table users add column language text not null default 'en';
-- When an account that its owner deleted goes for good. Such an account is not active; an account that is not active
-- without it was closed by somebody else.
alter table users add column delete_at integer;

create index users_to_delete on users (delete_at) where delete_at is not null;

-- When the password was last given; null means when the session began, which an old replica still writes.
alter table sessions add column authenticated_at integer;

-- Where the token was mailed to, if the account moves there by it.
alter table one_time_tokens add column email text;
alter table one_time_tokens add column email_canonical text;
-- The session that asked for it, which a change of address leaves signed in.
alter table one_time_tokens add column session_id blob;

-- The new address in a mail that tells of a change.
alter table mail_outbox add column other_email text;

-- They go back to an address that an account had. Several of one user may be live at once: whoever had the address
-- longest ago can always get it back. Until it expires, nobody else may take the address.
create table email_revert_tokens (
    id blob not null primary key,
    user_id blob not null references users (id) on delete cascade,
    token_hash text not null unique,
    -- Counts the changes of the user: using one voids those of later changes.
    generation integer not null,
    email text not null,
    email_canonical text not null,
    expires_at integer not null,
    is_used integer not null check (is_used in (0, 1)),
    ip_address text not null,
    user_agent text,
    created_at integer not null
) strict;

create index email_revert_tokens_reserve on email_revert_tokens (email_canonical) where not is_used;
create index email_revert_tokens_of_user on email_revert_tokens (user_id);

-- The history of a user is paged by id, which is ordered by time.
create index audit_logs_history on audit_logs (user_id, id) where event_type <> 'token_refreshed';

-- For the devices of a user, and for deleting an account: without them every reference to it is searched from end to end.
create index sessions_of_user on sessions (user_id);
create index refresh_tokens_of_user on refresh_tokens (user_id);
create index password_reset_tokens_of_user on password_reset_tokens (user_id);
create index one_time_tokens_of_user on one_time_tokens (user_id);
