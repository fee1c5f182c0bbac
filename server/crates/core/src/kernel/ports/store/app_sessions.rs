//! What clients have of users: sessions of apps, and what users agreed to.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Result;
use crate::kernel::model::{
    AppRefresh, AppSession, AppSessionRecord, AppTokenState, CodeRedemption, GrantRecord,
    RedeemedCode, RefreshedApp, Scopes, User,
};

#[async_trait]
pub trait ReadAppSessions {
    /// A session and its user, if both are live at `now`. With a session of a browser those end
    /// that began in it.
    async fn app_session(
        &mut self,
        id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<(AppSession, User)>>;

    /// The refresh tokens of a session as they stand, live or not.
    async fn app_token_state(
        &mut self,
        id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<AppTokenState>>;

    /// What a spent code began: `None` if it was not spent, a `None` inside if it began nothing.
    async fn spent_code(&mut self, code_id: Uuid) -> Result<Option<Option<Uuid>>>;

    /// What a user has agreed that a client may do.
    async fn grant(&mut self, user_id: Uuid, client_id: Uuid) -> Result<Option<Scopes>>;

    /// The newest sessions of the user, ended or not, `limit` at most.
    async fn app_session_records(
        &mut self,
        user_id: Uuid,
        limit: u32,
    ) -> Result<Vec<AppSessionRecord>>;

    /// All that the user has agreed to.
    async fn grant_records(&mut self, user_id: Uuid) -> Result<Vec<GrantRecord>>;
}

#[async_trait]
pub trait AppSessions {
    /// Spends a code and begins the session that it is for, at once, if the code is new, and the
    /// browser's session and its user are live; `None`, and nothing is written, if not. A parallel
    /// end of that session comes wholly before or wholly after, and ends this one too.
    async fn redeem_code(&mut self, redemption: &CodeRedemption) -> Result<Option<RedeemedCode>>;

    /// Spends a code for nothing; `false` if it was spent before.
    async fn spend_code(&mut self, code_id: Uuid, now: OffsetDateTime) -> Result<bool>;

    /// As [`RefreshTokens::rotate_refresh_token`](super::RefreshTokens::rotate_refresh_token), for
    /// the client that the session is of.
    async fn refresh_app(&mut self, refresh: &AppRefresh) -> Result<Option<RefreshedApp>>;

    /// Ends one session; `false` if it was not live.
    async fn end_app_session(&mut self, id: Uuid, now: OffsetDateTime) -> Result<bool>;

    /// Notes that a user agreed to these scopes, and to those of before.
    async fn put_grant(
        &mut self,
        id: Uuid,
        (user_id, client_id): (Uuid, Uuid),
        scopes: &Scopes,
        now: OffsetDateTime,
    ) -> Result<()>;
}
