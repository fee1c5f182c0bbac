//! Sessions of every kind.
//!
//! Ending one takes more than one statement, so it belongs into a transaction: outside of one a
//! failure in between leaves a revoked family of a live session.

use async_trait::async_trait;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::model::{Principal, Session, SessionRecord, User};
use vestibule_core::ports::{
    AuditLog as _, BrowserRecord, NewSignIn, ReadSessions, RefreshTokens as _, Sessions,
};

use crate::audit::{bind_event, insert_into_audit_logs};
use crate::backend::Backend;
use crate::error::store_error;
use crate::micros::Micros;
use crate::repository::{Query, Result, Row, SqlRepository, query, readers};
use crate::sql::{Sql, statements};
use crate::users::{user, user_columns};

/// The columns that [`session`] reads, of the table `s`.
macro_rules! session_columns {
    () => {
        "s.id as session_id, s.user_id, s.kind, s.device, s.ip_address, s.user_agent, s.method, s.is_persistent,
    s.created_at as session_created_at, s.last_seen_at, s.authenticated_at, s.expires_at"
    };
}
pub(crate) use session_columns;

/// The user, then what [`bind_session`] binds.
macro_rules! insert_into_sessions {
    () => {
        "
insert into sessions (user_id, id, kind, device, ip_address, user_agent, method, amr, acr, is_persistent, created_at,
    last_seen_at, authenticated_at, expires_at, cookie_hash)"
    };
}

statements! {
    const INSERT: Sql = Sql::both(concat!(
        insert_into_sessions!(),
        "
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"));

    const PRINCIPAL: Sql = Sql::both(concat!("
select ", session_columns!(), ", ", user_columns!("u."), "
from sessions s
join users u on u.id = s.user_id
where s.id = $1 and s.ended_at is null and s.expires_at > $2 and u.is_active and u.deleted_at is null"));

    const BY_COOKIE: Sql = Sql::both("
select id, user_id, expires_at
from sessions
where cookie_hash = $1 and ended_at is null and expires_at > $2");

    const LIVE: Sql = Sql::both(concat!("
select ", session_columns!(), "
from sessions s
where s.user_id = $1 and s.ended_at is null and s.expires_at > $2 and (s.kind = 'api' or s.cookie_hash is not null)
order by s.last_seen_at desc, s.id desc"));

    const REVOKE_FAMILY: Sql = Sql::both("
update refresh_tokens
set is_revoked = true, updated_at = $3
where user_id = $1 and session_id = $2 and not is_revoked");

    const END: Sql = Sql::both("
update sessions
set ended_at = $3
where user_id = $1 and id = $2 and ended_at is null and expires_at > $3");

    /// A browser session has no refresh family to end with it.
    const END_BY_COOKIE: Sql = Sql::both("
update sessions
set ended_at = $2
where cookie_hash = $1 and ended_at is null and expires_at > $2
returning user_id, id");

    const REVOKE_FAMILIES: Sql = Sql::both("
update refresh_tokens
set is_revoked = true, updated_at = $3
where user_id = $1 and session_id <> $2 and not is_revoked");

    const END_ALL: Sql = Sql::both("
update sessions
set ended_at = $3
where user_id = $1 and id <> $2 and ended_at is null and expires_at > $3
returning id");

    /// The newest of those that are too many, 500 at most. Ids carry the time, so they are in the
    /// order of the sign-ins.
    const SURPLUS: Sql = Sql::both("
select id
from sessions
where user_id = $1 and ended_at is null and expires_at > $2
order by id desc
limit 500 offset $3");

    const REVOKE_SURPLUS_FAMILIES: Sql = Sql::both("
update refresh_tokens
set is_revoked = true, updated_at = $4
where user_id = $1 and session_id between $2 and $3 and not is_revoked");

    const END_SURPLUS: Sql = Sql::both("
update sessions
set ended_at = $4
where user_id = $1 and id between $2 and $3 and ended_at is null and expires_at > $4");

    /// Rows that another transaction holds are passed over. Ending sessions takes several as well,
    /// in an order of their own, so waiting could go in a circle.
    const TOUCH_MANY: Sql = Sql {
        postgres: "
with seen as (
    select r.id, cast('epoch' as timestamptz) + max(r.at) * cast('1 microsecond' as interval) as at
    from json_to_recordset(cast($1 as json)) as r (id uuid, at bigint)
    group by r.id
), free as (
    select s.id, seen.at
    from sessions s
    join seen on seen.id = s.id
    where s.last_seen_at < seen.at and s.ended_at is null
    for no key update of s skip locked
)
update sessions
set last_seen_at = free.at
from free
where sessions.id = free.id",
        sqlite: "
update sessions
set last_seen_at = seen.at
from (
    select unhex(r.value ->> 'id', '-') as id, max(r.value ->> 'at') as at from json_each($1) r group by 1
) seen
where sessions.id = seen.id and sessions.last_seen_at < seen.at and sessions.ended_at is null",
    };

    const REAUTHENTICATE: Sql = Sql::both("
update sessions
set authenticated_at = $2
where id = $1 and ended_at is null and expires_at > $2");

    /// A sign-in in one statement. The account is changed first, so that it stays locked while the
    /// rest is written.
    ///
    /// $1 user, $2 the hash that was verified, $3 the hash that replaces it, $4 now; $5 to $18 the
    /// session; $19 to $23 its first refresh token, if it has one; $24 to $33 the event; $34 to $39
    /// the mail, if there is one.
    const BEGIN: Sql = Sql::only_postgres(concat!("
with account as (
    update users
    set last_login_at = $4, password_hash = coalesce($3, password_hash)
    where id = $1 and password_hash = $2 and is_active and deleted_at is null
    returning ", user_columns!(), "
), session as (", insert_into_sessions!(), "
    select id, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18
    from account
), family as (
    insert into refresh_tokens (id, user_id, session_id, token_hash, device_info, expires_at, is_revoked, created_at,
        updated_at)
    select cast($19 as uuid), id, $5, $20, $21, $22, false, $23, $23
    from account
    where cast($19 as uuid) is not null
), event as (", insert_into_audit_logs!(), "
    select id, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33
    from account
), mail as (
    insert into mail_outbox (id, kind, user_id, recipient, device, ip_address, happened_at, status, attempts,
        next_attempt_at, created_at)
    select cast($34 as uuid), $35, id, email, $36, $37, $38, 'pending', 0, $39, $39
    from account
    where cast($34 as uuid) is not null
)
select ", user_columns!(), "
from account"));

    const RECORDS: Sql = Sql::both(concat!("
select ", session_columns!(), ", s.ended_at
from sessions s
where s.user_id = $1
order by s.id desc"));
}

#[async_trait]
impl<DB: Backend> ReadSessions for SqlRepository<DB> {
    async fn principal(
        &mut self,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<Principal>> {
        self.fetch_optional(query!(PRINCIPAL, session_id, Micros(now)), principal)
            .await
    }

    async fn session_by_cookie(
        &mut self,
        cookie_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<BrowserRecord>> {
        let query = query!(BY_COOKIE, cookie_hash, Micros(now));
        self.fetch_optional(query, browser_record).await
    }

    async fn live_sessions(&mut self, user_id: Uuid, now: OffsetDateTime) -> Result<Vec<Session>> {
        self.fetch_all(query!(LIVE, user_id, Micros(now)), session)
            .await
    }

    async fn session_records(&mut self, user_id: Uuid) -> Result<Vec<SessionRecord>> {
        self.fetch_all(query!(RECORDS, user_id), record).await
    }
}

#[async_trait]
impl<DB: Backend> Sessions for SqlRepository<DB> {
    async fn insert_session(&mut self, session: &Session, cookie_hash: Option<&str>) -> Result<()> {
        let insert = query!(INSERT, session.user_id);
        let insert = bind_session(insert, session, cookie_hash);
        self.execute(insert).await.map(drop)
    }

    async fn begin_session(&mut self, sign_in: &NewSignIn<'_>) -> Result<Option<User>> {
        // Where the database is inside the process, several statements cost no more than one.
        if DB::IS_REMOTE {
            let begun = self.fetch_optional(begin(sign_in), user).await?;
            if begun.is_some() {
                self.announce(sign_in.event);
            }
            return Ok(begun);
        }
        if self.held.is_in_transaction() {
            return self.begin_in_steps(sign_in).await;
        }
        self.held.begin().await.map_err(store_error::<DB>)?;
        let begun = self.begin_in_steps(sign_in).await;
        let ended = match begun {
            Ok(Some(_)) => self.commit_and_announce().await,
            _ => self.roll_back().await,
        };
        ended?;
        begun
    }

    async fn revoke_refresh_family(
        &mut self,
        user_id: Uuid,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<()> {
        let revoke = query!(REVOKE_FAMILY, user_id, session_id, Micros(now));
        self.execute(revoke).await.map(drop)
    }

    async fn end_session(
        &mut self,
        user_id: Uuid,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<bool> {
        self.revoke_refresh_family(user_id, session_id, now).await?;
        let end = query!(END, user_id, session_id, Micros(now));
        let has_ended = self.execute(end).await? > 0;
        self.end_apps_of_browser(session_id, now).await?;
        Ok(has_ended)
    }

    async fn replace_session(
        &mut self,
        user_id: Uuid,
        session_id: Uuid,
        successor: &Session,
        now: OffsetDateTime,
    ) -> Result<()> {
        self.revoke_refresh_family(user_id, session_id, now).await?;
        let end = query!(END, user_id, session_id, Micros(now));
        self.execute(end).await?;
        let to = (successor.id, successor.expires_at);
        self.move_apps(session_id, to, now).await
    }

    async fn end_session_by_cookie(
        &mut self,
        cookie_hash: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Uuid>> {
        let end = query!(END_BY_COOKIE, cookie_hash, Micros(now));
        let ended = self.fetch_optional(end, |row| {
            Ok((row.get::<Uuid>("user_id")?, row.get::<Uuid>("id")?))
        });
        let Some((user_id, session_id)) = ended.await? else {
            return Ok(None);
        };
        self.end_apps_of_browser(session_id, now).await?;
        Ok(Some(user_id))
    }

    async fn end_sessions(
        &mut self,
        user_id: Uuid,
        except: Option<Uuid>,
        now: OffsetDateTime,
    ) -> Result<Vec<Uuid>> {
        // A sign-in that is under way commits its session before this,
        // or does not find its account unlocked until after.
        self.lock_user(user_id).await?;
        // No session has the nil id.
        let except = except.unwrap_or_default();
        self.execute(query!(REVOKE_FAMILIES, user_id, except, Micros(now)))
            .await?;
        let end = query!(END_ALL, user_id, except, Micros(now));
        let ended = self.fetch_all(end, |row| row.get("id")).await?;
        self.end_apps_of_others(user_id, except, now).await?;
        Ok(ended)
    }

    async fn end_surplus_sessions(
        &mut self,
        user_id: Uuid,
        keep: u16,
        now: OffsetDateTime,
    ) -> Result<u64> {
        // No sign-in comes in between, so both tables lose the same sessions.
        self.lock_user(user_id).await?;
        let surplus = query!(SURPLUS, user_id, Micros(now), i32::from(keep));
        let surplus: Vec<Uuid> = self.fetch_all(surplus, |row| row.get("id")).await?;
        let (Some(newest), Some(oldest)) = (surplus.first(), surplus.last()) else {
            return Ok(0);
        };
        let of_surplus = |sql: Sql| query!(sql, user_id, *oldest, *newest, Micros(now));
        self.execute(of_surplus(REVOKE_SURPLUS_FAMILIES)).await?;
        let ended = self.execute(of_surplus(END_SURPLUS)).await?;
        let range = (*oldest, *newest);
        self.end_apps_of_surplus(user_id, range, now).await?;
        Ok(ended)
    }

    async fn touch_sessions(&mut self, seen: &[(Uuid, OffsetDateTime)]) -> Result<()> {
        let rows = seen
            .iter()
            .map(|(id, at)| Ok(json!({ "id": id.to_string(), "at": Micros(*at).unix()? })))
            .collect::<Result<Vec<Value>>>()?;
        let rows = Value::Array(rows).to_string();
        let update = query!(TOUCH_MANY, rows.as_str());
        self.execute(update).await.map(drop)
    }

    async fn reauthenticate(&mut self, session_id: Uuid, now: OffsetDateTime) -> Result<bool> {
        let update = query!(REAUTHENTICATE, session_id, Micros(now));
        Ok(self.execute(update).await? > 0)
    }
}

impl<DB: Backend> SqlRepository<DB> {
    async fn begin_in_steps(&mut self, sign_in: &NewSignIn<'_>) -> Result<Option<User>> {
        let Some(user) = self.record_sign_in(sign_in).await? else {
            return Ok(None);
        };
        self.insert_session(sign_in.session, sign_in.cookie_hash)
            .await?;
        if let Some(token) = sign_in.refresh_token {
            self.insert_refresh_token(token).await?;
        }
        self.insert_audit(sign_in.event).await?;
        if let Some(mail) = sign_in.mail {
            self.enqueue_to(mail, &user.email).await?;
        }
        Ok(Some(user))
    }
}

fn begin<DB: Backend>(sign_in: &NewSignIn<'_>) -> Query<DB> {
    let NewSignIn {
        session,
        refresh_token: token,
        event,
        mail,
        ..
    } = sign_in;
    let query = query!(
        BEGIN,
        session.user_id,
        sign_in.verified_hash,
        sign_in.new_hash,
        Micros(session.created_at)
    );
    let query = bind_session(query, session, sign_in.cookie_hash)
        .bind(token.map(|token| token.id))
        .bind(token.map(|token| token.token_hash.as_str()))
        .bind(token.map(|token| token.device_info.as_str()))
        .bind(token.map(|token| Micros(token.expires_at)))
        .bind(token.map(|token| Micros(token.created_at)));
    bind_event(query, event)
        .bind(mail.map(|mail| mail.id))
        .bind(mail.map(|mail| mail.kind.as_str()))
        .bind(mail.map(|mail| mail.context.device.as_str()))
        .bind(mail.map(|mail| mail.context.ip_address.as_str()))
        .bind(mail.map(|mail| Micros(mail.context.at)))
        .bind(mail.map(|mail| Micros(mail.created_at)))
}

/// All of a session but its user.
fn bind_session<DB: Backend>(
    query: Query<DB>,
    session: &Session,
    cookie_hash: Option<&str>,
) -> Query<DB> {
    query
        .bind(session.id)
        .bind(session.kind.as_str())
        .bind(session.device.as_str())
        .bind(session.ip_address.as_str())
        .bind(session.user_agent.as_deref())
        .bind(session.method.as_str())
        .bind(session.method.amr())
        .bind(session.method.acr())
        .bind(session.is_persistent)
        .bind(Micros(session.created_at))
        .bind(Micros(session.last_seen_at))
        .bind(Micros(session.authenticated_at))
        .bind(Micros(session.expires_at))
        .bind(cookie_hash)
}

readers! {
    browser_record: BrowserRecord { session_id from "id", user_id, expires_at }
    session: Session {
        id from "session_id", user_id, kind, device, ip_address, user_agent, method, is_persistent,
        created_at from "session_created_at", last_seen_at, authenticated_at, expires_at,
    }
}

fn record<DB: Backend>(row: &Row<DB>) -> Result<SessionRecord> {
    Ok(SessionRecord {
        session: session(row)?,
        ended_at: row.get("ended_at")?,
    })
}

pub(crate) fn principal<DB: Backend>(row: &Row<DB>) -> Result<Principal> {
    Ok(Principal {
        user: user(row)?,
        session: session(row)?,
    })
}
