-- Which mails go out first, and how many mailed codes were tried in a row. Columns with a default and an index are added, and
-- an index gives way to one that does its work too, so the version before runs on.

-- Lower ones first. What a version without this column writes is sent as early as a security notice.
alter table mail_outbox add column priority integer not null default 0;
create index mail_outbox_next on mail_outbox (priority, next_attempt_at) where status = 'pending';
drop index mail_outbox_due;

-- Codes that were tried since a mailed link, or a right code, proved the address.
alter table users add column code_entries integer not null default 0;
