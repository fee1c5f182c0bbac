-- What is deleted when its time is over, and by whom. A table and indexes are added, and an index gives way to one that does its work too, so the version before runs on.
-- No database is large yet before the first release, so the indexes are built plainly.

-- Work that one replica does at a time, for as long as it holds the lease.
create table jobs (
    name text not null primary key,
    lease_id blob not null,
    leased_until integer not null
) strict;

-- Rows that carry the time in their id are found by it; these are the others.
create index sessions_over on sessions (coalesce(ended_at, expires_at));
create index audit_logs_refreshes on audit_logs (id) where event_type = 'token_refreshed';
create index users_unverified on users (created_at) where not is_email_verified;

-- Whether a sign-in is on a known device is asked at each one, however many sessions there were. It also finds all sessions
-- of a user.
create index sessions_device on sessions (user_id, device);
drop index sessions_of_user;
