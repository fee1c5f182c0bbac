-- What forms that were sent came to, for a minute: one that is sent twice is done once.
-- Not logged, because a crash may forget it: then a form that is sent again is a new one. Nothing refers to an account; the
-- answer is sealed under the master key.
create unlogged table form_submissions (
    form_key text primary key,
    claim_id uuid not null,
    answer text,
    expires_at timestamptz not null
);

create index form_submissions_over on form_submissions (expires_at);
