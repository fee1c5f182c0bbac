-- What forms that were sent came to, for a minute: one that is sent twice is done once.
-- Nothing refers to an account; the answer is sealed under the master key.
create table form_submissions (
    form_key text not null primary key,
    claim_id blob not null,
    answer text,
    expires_at integer not null
) strict;

create index form_submissions_over on form_submissions (expires_at);
