-- Refusals are kept for 30 days, and found by their index like refreshes. An index is added, so the version before runs on.
create index audit_logs_refusals on audit_logs (id)
where event_type in ('request_refused', 'rate_limited', 'login_limited');
