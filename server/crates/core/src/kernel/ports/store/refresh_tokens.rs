//! Refresh families.

use async_trait::async_trait;
use uuid::Uuid;

use super::Result;
use crate::kernel::model::{
    NewRefreshToken, RefreshRecord, RefreshRotation, RefreshTokenState, RotationOutcome,
};

#[async_trait]
pub trait ReadRefreshTokens {
    /// The family as it stands, live or not.
    async fn refresh_token_state(&mut self, family_id: Uuid) -> Result<Option<RefreshTokenState>>;

    /// Every family of the user, live or not, newest first.
    async fn refresh_records(&mut self, user_id: Uuid) -> Result<Vec<RefreshRecord>>;
}

/// Refresh families, one for each API session.
#[async_trait]
pub trait RefreshTokens {
    /// Writes the family of a new session with its first token.
    async fn insert_refresh_token(&mut self, token: &NewRefreshToken) -> Result<()>;

    /// One conditional write (ADR 0005): if the presented token is the current one, its successor
    /// takes its place; if it is the previous one, the current one stays within the grace time and
    /// is replaced after it. `None` if the token is neither, or its family, session or user is not
    /// live. It also reads whom the token speaks for: one
    /// question to the database is all that a refresh costs.
    async fn rotate_refresh_token(
        &mut self,
        rotation: &RefreshRotation,
    ) -> Result<Option<RotationOutcome>>;
}
