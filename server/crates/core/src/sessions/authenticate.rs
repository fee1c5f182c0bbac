//! Who a session speaks for.

use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::auth::Auth;
use crate::kernel::AuthError;
use crate::kernel::model::Principal;
use crate::kernel::ports::{Lookup, note_lookup};

/// A session's `last_seen_at` is written at most this often.
const TOUCH_INTERVAL: Duration = Duration::from_mins(1);

impl Auth {
    /// Who a session of a user speaks for; the session and its user are looked up now.
    ///
    /// # Errors
    /// [`AuthError::Unauthenticated`] if either is not live, or the session is another user's.
    pub async fn authenticate_session(
        &self,
        user_id: Uuid,
        session_id: Uuid,
    ) -> Result<Principal, AuthError> {
        let now = self.core.clock.now();
        let principal = self
            .principal(user_id, session_id, now)
            .await?
            .filter(|principal| self.core.is_admitted(&principal.user))
            .ok_or(AuthError::Unauthenticated)?;
        if now - principal.session.last_seen_at > TOUCH_INTERVAL {
            self.core.write_behind.seen(session_id, now);
        }
        Ok(principal)
    }

    async fn principal(
        &self,
        user_id: Uuid,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<Principal>, AuthError> {
        let ticket = match self.core.principals.get(user_id, session_id).await {
            Lookup::Hit(principal) => {
                note_lookup("principals", true);
                return Ok(Some(*principal).filter(|who| who.session.expires_at > now));
            }
            Lookup::Miss(ticket) => ticket,
        };
        note_lookup("principals", false);
        let found = self
            .core
            .store
            .reader()
            .await?
            .principal(session_id, now)
            .await?;
        let principal = found.filter(|who| who.user.id == user_id);
        if let Some(principal) = &principal {
            self.core.principals.put(principal, ticket).await;
        }
        Ok(principal)
    }
}
