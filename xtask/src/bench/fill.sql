-- Fills the portal's database: accounts with two sessions, refresh families and events of the audit log each, all with
-- the password of the first account that was registered. psql -v accounts=N

-- References are right, and not asked for one by one.
set session_replication_role = replica;
begin;
create temp table numbers on commit drop as
select n, cast(lpad(to_hex(n), 32, '0') as uuid) as id
from generate_series(cast(1 as bigint), :accounts) n;

insert into users (id, email, email_canonical, password_hash, is_email_verified, is_active, created_at, updated_at)
select n.id, 'filled-' || n.n || '@example.org', 'filled-' || n.n || '@example.org', f.password_hash, true, true, now(), now()
from numbers n
cross join (select password_hash from users order by id limit 1) f;

create temp table families on commit drop as
select id as user_id, cast(lpad(to_hex(2 * n + half), 32, '0') as uuid) as id, 2 * n + half as number
from numbers
cross join generate_series(0, 1) half;

insert into sessions (id, user_id, kind, device, ip_address, user_agent, method, amr, acr, is_persistent, created_at,
    last_seen_at, authenticated_at, expires_at)
select id, user_id, 'api', 'Firefox on Linux', '192.0.2.1',
    'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'password', 'pwd', 'aal1', true, now(), now(),
    now(), now() + interval '30 days'
from families;

-- The token of a family is its number and how often it was rotated, which pgbench can count.
insert into refresh_tokens (id, user_id, session_id, token_hash, device_info, expires_at, is_revoked, created_at, updated_at)
select id, user_id, id, cast(number * 1000000 as text), 'Firefox on Linux', now() + interval '30 days', false, now(), now()
from families;

-- A sign-in and a refresh. The id has the time in its first twelve digits (UUIDv7), by which events are deleted.
insert into audit_logs (id, user_id, event_type, actor_kind, actor_id, details, ip_address, user_agent, success, created_at)
select
    cast(lpad(to_hex(cast(extract(epoch from now()) * 1000 as bigint)), 12, '0') || '70008' || lpad(to_hex(number), 15, '0') as uuid),
    user_id, case number % 2 when 0 then 'login_success' else 'token_refreshed' end, 'person', user_id, '{"method":"password"}',
    '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', true, now()
from families;
commit;
vacuum analyze;
-- What the disk has taken by now does not count for the measures that follow.
checkpoint;
