//! What must hold between rows, checked over all data by `vestibule verify`.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use vestibule_core::MAILS_KEPT;
use vestibule_core::ports::{Invariants, Violation};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Result, SqlRepository, query};
use crate::sql::Sql;

/// A statement that counts the rows that break an invariant, as `broken`.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    pub invariant: &'static str,
    pub sql: Sql,
    /// How far from now $1 is, if there is one.
    pub at: Option<Duration>,
}

const fn check(invariant: &'static str, sql: &'static str) -> Check {
    Check {
        invariant,
        sql: Sql::both(sql),
        at: None,
    }
}

const fn check_at(invariant: &'static str, at: Duration, sql: &'static str) -> Check {
    Check {
        invariant,
        sql: Sql::both(sql),
        at: Some(at),
    }
}

const NOW: Duration = Duration::ZERO;
/// How long ago an account was made whose mail may be gone again:
/// a day less, for clocks that differ.
const MAILS_SINCE: Duration = Duration::seconds(86_400 - MAILS_KEPT.as_secs().cast_signed());

/// Some of these are also constraints; data that was restored,
/// copied or repaired by hand may still break them.
pub(crate) const CHECKS: &[Check] = &[
    check(
        "duplicate_canonical_email",
        "
select count(*) as broken
from (
    select email_canonical from users where deleted_at is null group by email_canonical having count(*) > 1
) repeated",
    ),
    check_at(
        "user_without_mail",
        MAILS_SINCE,
        "
select count(*) as broken
from users u
where u.created_at > $1 and u.deleted_at is null
    and not exists (select 1 from mail_outbox m where m.user_id = u.id)
    and exists (select 1 from audit_logs a where a.user_id = u.id and a.event_type = 'user_registered')",
    ),
    check(
        "mail_without_user",
        "
select count(*) as broken
from mail_outbox m
where not exists (select 1 from users u where u.id = m.user_id)",
    ),
    check(
        "mail_state_contradicts_itself",
        "
select count(*) as broken
from mail_outbox
where (status = 'sent') <> (sent_at is not null)
    or (lease_id is null) <> (leased_until is null)
    or (status <> 'pending' and lease_id is not null)",
    ),
    check(
        "session_of_missing_user",
        "
select count(*) as broken
from sessions s
where not exists (select 1 from users u where u.id = s.user_id)",
    ),
    check(
        "cookie_of_api_session",
        "
select count(*) as broken
from sessions
where cookie_hash is not null and kind <> 'browser'",
    ),
    check_at(
        "api_session_without_refresh_family",
        NOW,
        "
select count(*) as broken
from sessions s
where s.kind = 'api' and s.ended_at is null and s.expires_at > $1
    and not exists (select 1 from refresh_tokens r where r.session_id = s.id)",
    ),
    check(
        "refresh_family_of_missing_session",
        "
select count(*) as broken
from refresh_tokens r
where not exists (select 1 from sessions s where s.id = r.session_id and s.user_id = r.user_id)",
    ),
    check(
        "refresh_family_of_ended_session",
        "
select count(*) as broken
from refresh_tokens r
join sessions s on s.id = r.session_id
where s.ended_at is not null and not r.is_revoked",
    ),
    check(
        "refresh_family_half_rotated",
        "
select count(*) as broken
from refresh_tokens
where (previous_hash is null) <> (successor_nonce is null)
    or (previous_hash is null) <> (rotated_at is null)
    or previous_hash = token_hash",
    ),
    check(
        "mailed_token_of_missing_user",
        "
select count(*) as broken
from (
    select user_id from mailed_links
    union all
    select user_id from password_reset_tokens
) t
where not exists (select 1 from users u where u.id = t.user_id)",
    ),
    check(
        "one_refresh_family_per_session",
        "
select count(*) as broken
from (
    select session_id from refresh_tokens group by session_id having count(*) > 1
) repeated",
    ),
    check_at(
        "one_live_token_per_purpose",
        NOW,
        "
select count(*) as broken
from (
    select user_id, purpose
    from mailed_links
    where not is_used and expires_at > $1 and purpose <> 'revert_email'
    group by user_id, purpose
    having count(*) > 1
    union all
    select user_id, 'reset_password'
    from password_reset_tokens
    where not is_used and expires_at > $1
    group by user_id
    having count(*) > 1
) repeated",
    ),
    check(
        "scheduled_account_is_active",
        "select count(*) as broken from users where delete_at is not null and is_active",
    ),
    check_at(
        "scheduled_account_without_undo",
        NOW,
        "
select count(*) as broken
from users u
where u.delete_at > $1 and u.deleted_at is null
    and not exists (
        select 1 from mailed_links t
        where t.user_id = u.id and t.purpose = 'restore_account' and not t.is_used and t.expires_at >= u.delete_at
    )",
    ),
    check_at(
        "undo_of_active_account",
        NOW,
        "
select count(*) as broken
from mailed_links t
join users u on u.id = t.user_id
where t.purpose = 'restore_account' and not t.is_used and t.expires_at > $1 and u.is_active",
    ),
    check_at(
        "pending_change_of_inactive_account",
        NOW,
        "
select count(*) as broken
from mailed_links t
join users u on u.id = t.user_id
where t.purpose = 'change_email' and not t.is_used and t.expires_at > $1 and (not u.is_active or u.deleted_at is not null)",
    ),
    check(
        "change_without_address",
        "
select count(*) as broken
from mailed_links
where (purpose in ('change_email', 'revert_email')) <> (email is not null) or (email is null) <> (email_canonical is null)",
    ),
    check_at(
        "reserved_address_of_another",
        NOW,
        "
select count(*) as broken
from mailed_links r
where r.purpose = 'revert_email' and not r.is_used and r.expires_at > $1
    and exists (
        select 1 from users u
        where u.email_canonical = r.email_canonical and u.id <> r.user_id and u.deleted_at is null
    )",
    ),
    check_at(
        "job_is_leased_for_long",
        Duration::DAY,
        "select count(*) as broken from jobs where leased_until > $1",
    ),
    check(
        "account_deleted_but_not_gone",
        "
select count(*) as broken
from audit_logs
where event_type = 'account_deleted' and (user_id is not null or ip_address <> '' or user_agent is not null)",
    ),
    check_at(
        "app_session_of_ended_session",
        NOW,
        "
select count(*) as broken
from app_sessions a
join sessions s on s.id = a.browser_session_id
where a.ended_at is null and a.expires_at > $1 and s.ended_at is not null",
    ),
    check_at(
        "app_session_without_session",
        NOW,
        "
select count(*) as broken
from app_sessions a
left join sessions s on s.id = a.browser_session_id and s.user_id = a.user_id
where a.ended_at is null and a.expires_at > $1 and (s.id is null or s.expires_at < a.expires_at)",
    ),
    check_at(
        "app_session_of_inactive_user",
        NOW,
        "
select count(*) as broken
from app_sessions a
join users u on u.id = a.user_id
where a.ended_at is null and a.expires_at > $1 and (not u.is_active or u.deleted_at is not null)",
    ),
    check_at(
        "app_session_of_disabled_client",
        NOW,
        "
select count(*) as broken
from app_sessions a
join clients c on c.id = a.client_id
where a.ended_at is null and a.expires_at > $1 and not c.is_enabled",
    ),
    check(
        "app_session_half_refreshed",
        "
select count(*) as broken
from app_sessions
where (previous_hash is null) <> (successor_nonce is null)
    or (previous_hash is null) <> (rotated_at is null)
    or previous_hash = token_hash",
    ),
    // A thief's use of a token ends its family; the event names the session.
    Check {
        invariant: "refresh_family_lives_after_reuse",
        sql: Sql {
            postgres: "
select count(*) as broken
from refresh_tokens r
join audit_logs a on a.user_id = r.user_id and cast(a.details as json) ->> 'session' = cast(r.session_id as text)
where a.event_type = 'refresh_token_reused' and not r.is_revoked",
            sqlite: "
select count(*) as broken
from refresh_tokens r
join audit_logs a on a.user_id = r.user_id and unhex(a.details ->> 'session', '-') = r.session_id
where a.event_type = 'refresh_token_reused' and not r.is_revoked",
        },
        at: None,
    },
    // So does one of a code, or of a refresh token of an app.
    Check {
        invariant: "app_session_lives_after_reuse",
        sql: Sql {
            postgres: "
select count(*) as broken
from app_sessions s
join audit_logs a on a.user_id = s.user_id and cast(a.details as json) ->> 'app_session' = cast(s.id as text)
where a.event_type in ('app_refresh_reused', 'code_replayed') and s.ended_at is null",
            sqlite: "
select count(*) as broken
from app_sessions s
join audit_logs a on a.user_id = s.user_id and unhex(a.details ->> 'app_session', '-') = s.id
where a.event_type in ('app_refresh_reused', 'code_replayed') and s.ended_at is null",
        },
        at: None,
    },
    Check {
        invariant: "database_file_is_sound",
        sql: Sql::only_sqlite(
            "select count(*) as broken from pragma_integrity_check where integrity_check <> 'ok'",
        ),
        at: None,
    },
    Check {
        invariant: "foreign_keys_hold",
        sql: Sql::only_sqlite("select count(*) as broken from pragma_foreign_key_check"),
        at: None,
    },
];

#[async_trait]
impl<DB: Backend> Invariants for SqlRepository<DB> {
    async fn violations(&mut self, now: OffsetDateTime) -> Result<Vec<Violation>> {
        let mut violations = Vec::new();
        for check in CHECKS.iter().filter(|check| !DB::sql(check.sql).is_empty()) {
            let query = query!(check.sql);
            let query = match check.at {
                Some(at) => query.bind(Micros(now + at)),
                None => query,
            };
            let rows = self.fetch_optional(query, |row| row.get::<u64>("broken"));
            let rows = rows.await?.unwrap_or_default();
            if rows != 0 {
                violations.push(Violation {
                    invariant: check.invariant,
                    rows,
                });
            }
        }
        Ok(violations)
    }
}
