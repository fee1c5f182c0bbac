//! Redeeming a code.
//!
//! The user, the browser's session and the client are locked against being changed while the
//! session of the app is written: what ends one of them waits, and then ends this session as well
//! by a statement that sees it.

use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::model::{CodeRedemption, RedeemedCode};
use vestibule_core::ports::ReadSessions as _;

use super::app_sessions::insert_into_app_sessions;
use crate::backend::Backend;
use crate::error::store_error;
use crate::micros::Micros;
use crate::repository::{Query, Result, Row, SqlRepository, query};
use crate::sessions::{principal, session_columns};
use crate::sql::{Sql, statements};
use crate::users::user_columns;

statements! {
    /// $1 the code, $2 now; $3 to $14 the session of the app, of which $4 is the user, $5 the
    /// client and $6 the browser's session. Its end is that of the browser's.
    const REDEEM: Sql = Sql::only_postgres(concat!("
with owner as (
    select ", user_columns!(), "
    from users
    where id = $4 and is_active and deleted_at is null
    for share
), browser as (
    select s.*
    from sessions s
    join owner on owner.id = s.user_id
    where s.id = $6 and s.kind = 'browser' and s.ended_at is null and s.expires_at > $2
    for share of s
), enabled as (
    select c.id
    from clients c
    join browser on true
    where c.id = $5 and c.is_enabled
    for share of c
), spent as (
    insert into spent_codes (id, app_session_id, spent_at)
    select $1, $3, $2
    from enabled
    on conflict (id) do nothing
    returning id
), begun as (", insert_into_app_sessions!(), "
    select $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, least(browser.expires_at, $14)
    from browser
    join spent on true
)
select not exists (select 1 from app_sessions a where a.browser_session_id = $6 and a.client_id = $5) as is_first, ",
    session_columns!(), ", ", user_columns!("owner."), "
from browser s
join owner on true
join spent on true"));

    const SPEND: Sql = Sql::both("
insert into spent_codes (id, app_session_id, spent_at)
values ($1, $2, $3)
on conflict (id) do nothing");

    const ENABLED: Sql = Sql::only_sqlite("
select 1 as found
from clients
where id = $1 and is_enabled");

    const HAS_SESSION: Sql = Sql::only_sqlite("
select 1 as found
from app_sessions
where browser_session_id = $1 and client_id = $2
limit 1");

    const INSERT: Sql = Sql::only_sqlite(concat!(
        insert_into_app_sessions!(),
        "
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"));
}

impl<DB: Backend> SqlRepository<DB> {
    pub(super) async fn redeem(
        &mut self,
        redemption: &CodeRedemption,
    ) -> Result<Option<RedeemedCode>> {
        let session = &redemption.session;
        if DB::IS_REMOTE {
            let redeem = query!(REDEEM, redemption.code_id, Micros(session.created_at));
            let redeem =
                bind_session(redeem, redemption).bind(Micros(redemption.session.expires_at));
            return self.fetch_optional(redeem, redeemed).await;
        }
        // Where the database is inside the process, several statements cost no more than one.
        if self.held.is_in_transaction() {
            return self.redeem_in_steps(redemption).await;
        }
        self.held.begin().await.map_err(store_error::<DB>)?;
        let redeemed = self.redeem_in_steps(redemption).await;
        let ended = match redeemed {
            Ok(Some(_)) => self.commit_and_announce().await,
            _ => self.roll_back().await,
        };
        ended?;
        redeemed
    }

    async fn redeem_in_steps(
        &mut self,
        redemption: &CodeRedemption,
    ) -> Result<Option<RedeemedCode>> {
        let (session, browser) = (&redemption.session, redemption.browser_session_id);
        let principal = self.principal(browser, session.created_at).await?;
        let Some(principal) = principal.filter(|who| who.user.id == session.user_id) else {
            return Ok(None);
        };
        if !self.finds(query!(ENABLED, session.client_id)).await? {
            return Ok(None);
        }
        let spend = query!(
            SPEND,
            redemption.code_id,
            Some(session.id),
            Micros(session.created_at)
        );
        if self.execute(spend).await? == 0 {
            return Ok(None);
        }
        let before = query!(HAS_SESSION, browser, session.client_id);
        let is_first = !self.finds(before).await?;
        let end = principal.session.expires_at.min(session.expires_at);
        let insert = bind_session(query!(INSERT), redemption).bind(Micros(end));
        self.execute(insert).await?;
        Ok(Some(RedeemedCode {
            principal,
            is_first,
        }))
    }

    async fn finds(&mut self, query: Query<DB>) -> Result<bool> {
        let found = self.fetch_optional(query, |row| row.get::<i32>("found"));
        Ok(found.await?.is_some())
    }

    /// Whether the code was not spent before.
    pub(super) async fn spend(&mut self, code_id: Uuid, now: OffsetDateTime) -> Result<bool> {
        let nothing: Option<Uuid> = None;
        let spend = query!(SPEND, code_id, nothing, Micros(now));
        Ok(self.execute(spend).await? > 0)
    }
}

/// All of a session but its end.
fn bind_session<DB: Backend>(query: Query<DB>, redemption: &CodeRedemption) -> Query<DB> {
    let session = &redemption.session;
    query
        .bind(session.id)
        .bind(session.user_id)
        .bind(session.client_id)
        .bind(redemption.browser_session_id)
        .bind(session.scopes.to_string().as_str())
        .bind(session.amr.as_str())
        .bind(session.acr.as_str())
        .bind(Micros(session.authenticated_at))
        .bind(redemption.token_hash.as_str())
        .bind(Micros(redemption.refresh_expires_at))
        .bind(Micros(session.created_at))
}

fn redeemed<DB: Backend>(row: &Row<DB>) -> Result<RedeemedCode> {
    Ok(RedeemedCode {
        principal: principal(row)?,
        is_first: row.get("is_first")?,
    })
}
