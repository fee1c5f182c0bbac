//! Sessions of apps, each with its refresh tokens, and what users agreed to.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::model::{
    AppRefresh, AppSession, AppSessionRecord, AppTokenState, CodeRedemption, GrantRecord,
    RedeemedCode, RefreshedApp, Scopes, User,
};
use vestibule_core::ports::{AppSessions, ReadAppSessions, ReadUsers as _};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Result, Row, SqlRepository, query, readers};
use crate::sql::{Sql, statements};
use crate::users::{user, user_columns};

/// What `bind_session` of `redeem.rs` binds, and the end.
macro_rules! insert_into_app_sessions {
    () => {
        "
insert into app_sessions (id, user_id, client_id, browser_session_id, scopes, amr, acr, authenticated_at, token_hash,
    refresh_expires_at, created_at, expires_at)"
    };
}
pub(super) use insert_into_app_sessions;

/// The columns that [`app_session`] reads, of the table `a`.
macro_rules! app_session_columns {
    () => {
        "a.id as app_session_id, a.user_id as app_user_id, a.client_id as app_client_id, a.scopes, a.amr, a.acr,
    a.authenticated_at as app_authenticated_at, a.created_at as app_created_at, a.expires_at as app_expires_at"
    };
}

/// As `rotate!` of `refresh_tokens.rs`, where the cases are explained.
///
/// $1 session, $2 the hash that was shown, $3 the fresh hash, $4 the fresh nonce, $5 now, $6 the
/// start of the grace time, $7 the end of the successor's life, $8 the client.
macro_rules! refresh {
    () => {
        "
update app_sessions as a
set token_hash = case when a.token_hash <> $2 and a.rotated_at > $6 then a.token_hash else $3 end,
    successor_nonce = case when a.token_hash <> $2 and a.rotated_at > $6 then a.successor_nonce else $4 end,
    rotated_at = case when a.token_hash <> $2 and a.rotated_at > $6 then a.rotated_at else $5 end,
    refresh_expires_at = case when a.token_hash <> $2 and a.rotated_at > $6 then a.refresh_expires_at else $7 end,
    previous_hash = $2"
    };
}

macro_rules! live_tokens {
    () => {
        "
where a.id = $1
    and a.client_id = $8
    and (a.token_hash = $2 or a.previous_hash = $2)
    and a.ended_at is null
    and a.expires_at > $5
    and a.refresh_expires_at > $5"
    };
}

statements! {
    const LIVE: Sql = Sql::both(concat!("
select ", app_session_columns!(), ", ", user_columns!("u."), "
from app_sessions a
join users u on u.id = a.user_id
where a.id = $1 and a.ended_at is null and a.expires_at > $2 and u.is_active and u.deleted_at is null"));

    const TOKEN_STATE: Sql = Sql::both("
select user_id, client_id, token_hash, previous_hash,
    ended_at is null and expires_at > $2 and refresh_expires_at > $2 as is_live
from app_sessions
where id = $1");

    const REFRESH: Sql = Sql {
        postgres: concat!(
            refresh!(),
            "
from users u", live_tokens!(), "
    and u.id = a.user_id and u.is_active and u.deleted_at is null
returning a.successor_nonce, ", app_session_columns!(), ", ", user_columns!("u.")
        ),
        sqlite: concat!(
            refresh!(),
            live_tokens!(),
            "
    and exists (select 1 from users u where u.id = a.user_id and u.is_active and u.deleted_at is null)
returning successor_nonce, id as app_session_id, user_id as app_user_id, client_id as app_client_id, scopes, amr, acr,
    authenticated_at as app_authenticated_at, created_at as app_created_at, expires_at as app_expires_at"
        ),
    };

    const END: Sql = Sql::both("
update app_sessions
set ended_at = $2
where id = $1 and ended_at is null and expires_at > $2");

    /// Of one session of a browser.
    const END_OF_BROWSER: Sql = Sql::both("
update app_sessions
set ended_at = $2
where browser_session_id = $1 and ended_at is null and expires_at > $2");

    /// Of all sessions of the user but one.
    const END_OF_OTHERS: Sql = Sql::both("
update app_sessions
set ended_at = $3
where user_id = $1 and (browser_session_id is null or browser_session_id <> $2) and ended_at is null and expires_at > $3");

    const END_OF_SURPLUS: Sql = Sql::both("
update app_sessions
set ended_at = $4
where user_id = $1 and browser_session_id between $2 and $3 and ended_at is null and expires_at > $4");

    const MOVE: Sql = Sql::both("
update app_sessions
set browser_session_id = $2, expires_at = $3
where browser_session_id = $1 and ended_at is null and expires_at > $4");

    const SPENT: Sql = Sql::both("select app_session_id from spent_codes where id = $1");

    const GRANT: Sql = Sql::both("select scopes from grants where user_id = $1 and client_id = $2");

    const PUT_GRANT: Sql = Sql::both("
insert into grants (id, user_id, client_id, scopes, created_at, updated_at)
values ($1, $2, $3, $4, $5, $5)
on conflict (user_id, client_id) do update
set scopes = excluded.scopes, updated_at = excluded.updated_at");

    const RECORDS: Sql = Sql::both("
select a.id, c.client_id, a.scopes, a.authenticated_at, a.created_at, a.rotated_at, a.expires_at, a.ended_at
from app_sessions a
join clients c on c.id = a.client_id
where a.user_id = $1
order by a.id desc
limit $2");

    const GRANT_RECORDS: Sql = Sql::both("
select c.client_id, g.scopes, g.created_at, g.updated_at
from grants g
join clients c on c.id = g.client_id
where g.user_id = $1
order by g.id desc");
}

#[async_trait]
impl<DB: Backend> ReadAppSessions for SqlRepository<DB> {
    async fn app_session(
        &mut self,
        id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<(AppSession, User)>> {
        let live = query!(LIVE, id, Micros(now));
        self.fetch_optional(live, |row| Ok((app_session(row)?, user(row)?)))
            .await
    }

    async fn app_token_state(
        &mut self,
        id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<AppTokenState>> {
        self.fetch_optional(query!(TOKEN_STATE, id, Micros(now)), state)
            .await
    }

    async fn spent_code(&mut self, code_id: Uuid) -> Result<Option<Option<Uuid>>> {
        self.fetch_optional(query!(SPENT, code_id), |row| row.get("app_session_id"))
            .await
    }

    async fn grant(&mut self, user_id: Uuid, client_id: Uuid) -> Result<Option<Scopes>> {
        let grant = query!(GRANT, user_id, client_id);
        self.fetch_optional(grant, |row| row.get("scopes")).await
    }

    async fn app_session_records(
        &mut self,
        user_id: Uuid,
        limit: u32,
    ) -> Result<Vec<AppSessionRecord>> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        self.fetch_all(query!(RECORDS, user_id, limit), record)
            .await
    }

    async fn grant_records(&mut self, user_id: Uuid) -> Result<Vec<GrantRecord>> {
        self.fetch_all(query!(GRANT_RECORDS, user_id), grant_record)
            .await
    }
}

#[async_trait]
impl<DB: Backend> AppSessions for SqlRepository<DB> {
    async fn redeem_code(&mut self, redemption: &CodeRedemption) -> Result<Option<RedeemedCode>> {
        self.redeem(redemption).await
    }

    async fn spend_code(&mut self, code_id: Uuid, now: OffsetDateTime) -> Result<bool> {
        self.spend(code_id, now).await
    }

    async fn refresh_app(&mut self, refresh: &AppRefresh) -> Result<Option<RefreshedApp>> {
        let update = query!(
            REFRESH,
            refresh.session_id,
            refresh.presented_hash.as_str(),
            refresh.fresh_hash.as_str(),
            refresh.fresh_nonce.as_str(),
            Micros(refresh.now),
            Micros(refresh.grace_since),
            Micros(refresh.refresh_expires_at),
            refresh.client_id
        );
        if DB::IS_REMOTE {
            return self.fetch_optional(update, refreshed).await;
        }
        // SQLite returns columns of the changed table alone.
        let changed = self.fetch_optional(update, |row| {
            Ok((app_session(row)?, row.get::<String>("successor_nonce")?))
        });
        let Some((session, successor_nonce)) = changed.await? else {
            return Ok(None);
        };
        let user = self.user_by_id(session.user_id).await?;
        Ok(user.map(|user| RefreshedApp {
            user,
            session,
            successor_nonce,
        }))
    }

    async fn end_app_session(&mut self, id: Uuid, now: OffsetDateTime) -> Result<bool> {
        Ok(self.execute(query!(END, id, Micros(now))).await? > 0)
    }

    async fn put_grant(
        &mut self,
        id: Uuid,
        (user_id, client_id): (Uuid, Uuid),
        scopes: &Scopes,
        now: OffsetDateTime,
    ) -> Result<()> {
        let scopes = scopes.to_string();
        let put = query!(
            PUT_GRANT,
            id,
            user_id,
            client_id,
            scopes.as_str(),
            Micros(now)
        );
        self.execute(put).await.map(drop)
    }
}

/// Each of these runs after the statement that ends the sessions, in the same transaction: one that
/// came before would not see the session of an app that is just being begun.
impl<DB: Backend> SqlRepository<DB> {
    pub async fn end_apps_of_browser(
        &mut self,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<()> {
        let end = query!(END_OF_BROWSER, session_id, Micros(now));
        self.execute(end).await.map(drop)
    }

    pub async fn end_apps_of_others(
        &mut self,
        user_id: Uuid,
        except: Uuid,
        now: OffsetDateTime,
    ) -> Result<()> {
        let end = query!(END_OF_OTHERS, user_id, except, Micros(now));
        self.execute(end).await.map(drop)
    }

    pub async fn end_apps_of_surplus(
        &mut self,
        user_id: Uuid,
        (oldest, newest): (Uuid, Uuid),
        now: OffsetDateTime,
    ) -> Result<()> {
        let end = query!(END_OF_SURPLUS, user_id, oldest, newest, Micros(now));
        self.execute(end).await.map(drop)
    }

    pub async fn move_apps(
        &mut self,
        from: Uuid,
        (to, expires_at): (Uuid, OffsetDateTime),
        now: OffsetDateTime,
    ) -> Result<()> {
        let update = query!(MOVE, from, to, Micros(expires_at), Micros(now));
        self.execute(update).await.map(drop)
    }
}

readers! {
    app_session: AppSession {
        id from "app_session_id", user_id from "app_user_id", client_id from "app_client_id", scopes, amr, acr,
        authenticated_at from "app_authenticated_at", created_at from "app_created_at",
        expires_at from "app_expires_at",
    }
    state: AppTokenState { user_id, client_id, token_hash, previous_hash, is_live }
    record: AppSessionRecord {
        id, client_id, scopes, authenticated_at, created_at, rotated_at, expires_at, ended_at,
    }
    grant_record: GrantRecord { client_id, scopes, created_at, updated_at }
}

fn refreshed<DB: Backend>(row: &Row<DB>) -> Result<RefreshedApp> {
    Ok(RefreshedApp {
        user: user(row)?,
        session: app_session(row)?,
        successor_nonce: row.get("successor_nonce")?,
    })
}
