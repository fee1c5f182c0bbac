//! Sessions of every kind.
//!
//! Ending one takes more than one statement, so it belongs into a transaction: outside of one a fault in between leaves a
//! revoked family of a live session.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::model::{Principal, Session, SessionKind, SessionRecord, SignInMethod};
use vestibule_core::ports::{Sessions, SignInHistory, StoreError};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Hold, Result, Row, SqlRepository};
use crate::users::user;

const INSERT: &str = "
insert into sessions (id, user_id, kind, device, ip_address, user_agent, method, is_persistent, created_at, last_seen_at,
    authenticated_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

const PRINCIPAL: &str = "
select s.id as session_id, s.user_id, s.kind, s.device, s.ip_address, s.user_agent, s.method, s.is_persistent,
    s.created_at as session_created_at, s.last_seen_at,
    coalesce(s.authenticated_at, s.created_at) as authenticated_at, s.expires_at,
    u.id, u.email, u.first_name, u.last_name, u.is_email_verified, u.is_active, u.language, u.last_login_at, u.created_at, u.updated_at
from sessions s
join users u on u.id = s.user_id
where s.id = $1 and s.ended_at is null and s.expires_at > $2 and u.is_active and u.deleted_at is null";

const LIVE: &str = "
select id as session_id, user_id, kind, device, ip_address, user_agent, method, is_persistent,
    created_at as session_created_at, last_seen_at, coalesce(authenticated_at, created_at) as authenticated_at, expires_at
from sessions
where user_id = $1 and ended_at is null and expires_at > $2 and (kind = 'api' or cookie_hash is not null)
order by last_seen_at desc, id desc";

const REVOKE_FAMILY: &str = "
update refresh_tokens
set is_revoked = true, updated_at = $3
where user_id = $1 and session_id = $2 and not is_revoked";

const END: &str = "
update sessions
set ended_at = $3
where user_id = $1 and id = $2 and ended_at is null and expires_at > $3";

const REVOKE_FAMILIES: &str = "
update refresh_tokens
set is_revoked = true, updated_at = $3
where user_id = $1 and session_id <> $2 and not is_revoked";

const END_ALL: &str = "
update sessions
set ended_at = $3
where user_id = $1 and id <> $2 and ended_at is null and expires_at > $3
returning id";

const TOUCH: &str = "
update sessions
set last_seen_at = $2
where id = $1 and last_seen_at < $2 and ended_at is null";

const REAUTHENTICATE: &str = "
update sessions
set authenticated_at = $2
where id = $1 and ended_at is null and expires_at > $2";

const SIGN_IN_HISTORY: &str = "
select exists (
        select 1 from sessions where user_id = $1
    ) as has_sessions,
    exists (
        select 1 from sessions
        where user_id = $1 and kind = 'api' and device = $2 and user_agent is not distinct from $3
    ) as knows_device";

const RECORDS: &str = "
select id as session_id, user_id, kind, device, ip_address, user_agent, method, is_persistent,
    created_at as session_created_at, last_seen_at, coalesce(authenticated_at, created_at) as authenticated_at, expires_at,
    ended_at
from sessions
where user_id = $1
order by id desc";

pub(crate) const STATEMENTS: &[&str] = &[
    INSERT,
    PRINCIPAL,
    LIVE,
    REVOKE_FAMILY,
    END,
    REVOKE_FAMILIES,
    END_ALL,
    TOUCH,
    REAUTHENTICATE,
    SIGN_IN_HISTORY,
    RECORDS,
];

#[async_trait]
impl<DB: Backend, C: Hold<DB>> Sessions for SqlRepository<DB, C> {
    async fn insert_session(&mut self, session: &Session) -> Result<()> {
        let insert = Self::query(INSERT)
            .bind(session.id)
            .bind(session.user_id)
            .bind(session.kind.as_str())
            .bind(session.device.as_str())
            .bind(session.ip_address.as_str())
            .bind(session.user_agent.as_deref())
            .bind(session.method.as_str())
            .bind(session.is_persistent)
            .bind(Micros(session.created_at))
            .bind(Micros(session.last_seen_at))
            .bind(Micros(session.authenticated_at))
            .bind(Micros(session.expires_at));
        self.execute(insert).await.map(drop)
    }

    async fn principal(
        &mut self,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<Principal>> {
        self.fetch_optional(
            Self::query(PRINCIPAL).bind(session_id).bind(Micros(now)),
            principal,
        )
        .await
    }

    async fn live_sessions(&mut self, user_id: Uuid, now: OffsetDateTime) -> Result<Vec<Session>> {
        self.fetch_all(Self::query(LIVE).bind(user_id).bind(Micros(now)), session)
            .await
    }

    async fn end_session(
        &mut self,
        user_id: Uuid,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<bool> {
        self.execute(
            Self::query(REVOKE_FAMILY)
                .bind(user_id)
                .bind(session_id)
                .bind(Micros(now)),
        )
        .await?;
        let ended = self
            .execute(
                Self::query(END)
                    .bind(user_id)
                    .bind(session_id)
                    .bind(Micros(now)),
            )
            .await?;
        Ok(ended > 0)
    }

    async fn end_sessions(
        &mut self,
        user_id: Uuid,
        except: Option<Uuid>,
        now: OffsetDateTime,
    ) -> Result<Vec<Uuid>> {
        // A sign-in that is under way commits its session before this, or does not find its account unlocked until after.
        self.lock_user(user_id).await?;
        // No session has the nil id.
        let except = except.unwrap_or(Uuid::nil());
        self.execute(
            Self::query(REVOKE_FAMILIES)
                .bind(user_id)
                .bind(except)
                .bind(Micros(now)),
        )
        .await?;
        let end = Self::query(END_ALL)
            .bind(user_id)
            .bind(except)
            .bind(Micros(now));
        self.fetch_all(end, |row| row.get("id")).await
    }

    async fn touch_session(&mut self, session_id: Uuid, now: OffsetDateTime) -> Result<()> {
        self.execute(Self::query(TOUCH).bind(session_id).bind(Micros(now)))
            .await
            .map(drop)
    }

    async fn reauthenticate(&mut self, session_id: Uuid, now: OffsetDateTime) -> Result<bool> {
        let update = Self::query(REAUTHENTICATE)
            .bind(session_id)
            .bind(Micros(now));
        Ok(self.execute(update).await? > 0)
    }

    async fn sign_in_history(
        &mut self,
        user_id: Uuid,
        device: &str,
        user_agent: Option<&str>,
    ) -> Result<SignInHistory> {
        let query = Self::query(SIGN_IN_HISTORY)
            .bind(user_id)
            .bind(device)
            .bind(user_agent);
        let history = self.fetch_optional(query, history).await?;
        history.ok_or_else(|| StoreError::Unexpected("no row of a query that has one".into()))
    }

    async fn session_records(&mut self, user_id: Uuid) -> Result<Vec<SessionRecord>> {
        self.fetch_all(Self::query(RECORDS).bind(user_id), record)
            .await
    }
}

fn session<DB: Backend>(row: &Row<DB>) -> Result<Session> {
    Ok(Session {
        id: row.get("session_id")?,
        user_id: row.get("user_id")?,
        kind: row.code("kind", SessionKind::from_code)?,
        device: row.get("device")?,
        ip_address: row.get("ip_address")?,
        user_agent: row.get("user_agent")?,
        method: row.code("method", SignInMethod::from_code)?,
        is_persistent: row.get("is_persistent")?,
        created_at: row.time("session_created_at")?,
        last_seen_at: row.time("last_seen_at")?,
        authenticated_at: row.time("authenticated_at")?,
        expires_at: row.time("expires_at")?,
    })
}

fn record<DB: Backend>(row: &Row<DB>) -> Result<SessionRecord> {
    Ok(SessionRecord {
        session: session(row)?,
        ended_at: row.optional_time("ended_at")?,
    })
}

fn history<DB: Backend>(row: &Row<DB>) -> Result<SignInHistory> {
    Ok(SignInHistory {
        has_sessions: row.get("has_sessions")?,
        knows_device: row.get("knows_device")?,
    })
}

fn principal<DB: Backend>(row: &Row<DB>) -> Result<Principal> {
    Ok(Principal {
        user: user(row)?,
        session: session(row)?,
    })
}
