//! The tokens of an API session.

use zeroize::Zeroizing;

use super::refresh_token::RefreshTokenText;
use crate::auth::Auth;
use crate::kernel::errors::AuthError;
use crate::kernel::master_key::hash_token;
use crate::kernel::model::{NewRefreshToken, Session, SessionKind, User};

/// The tokens of an API session. Secrets: no `Debug`.
pub struct TokenPair {
    pub access_token: String,
    pub refresh_token: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
}

impl Auth {
    /// The first refresh token of an API session, as it is
    /// stored and as the client gets it; a browser has none.
    pub(crate) fn first_refresh_token(
        &self,
        session: &Session,
    ) -> Option<(NewRefreshToken, String)> {
        if session.kind == SessionKind::Browser {
            return None;
        }
        let now = session.created_at;
        let family = self.random.id(now);
        let mut secret = Zeroizing::new([0; 32]);
        self.random.fill(secret.as_mut());
        let refresh_token = RefreshTokenText::encode(&self.master, family, &secret);
        let row = NewRefreshToken {
            id: family,
            user_id: session.user_id,
            session_id: session.id,
            token_hash: hash_token(&refresh_token),
            device_info: session.device.clone(),
            expires_at: now + self.settings.lifetimes.refresh_token,
            created_at: now,
        };
        Some((row, refresh_token))
    }

    pub(crate) fn token_pair(
        &self,
        user: &User,
        session: &Session,
        refresh_token: String,
    ) -> Result<TokenPair, AuthError> {
        let now = self.clock.now();
        let access_token = self.signer.sign(user, session, self.new_id(), now)?;
        let life = self.signer.access_life(session, now);
        Ok(TokenPair {
            access_token,
            refresh_token,
            expires_in: life.whole_seconds().unsigned_abs(),
        })
    }
}
