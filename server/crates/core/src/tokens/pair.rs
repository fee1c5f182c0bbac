//! The tokens of an API session.

use zeroize::Zeroizing;

use super::access_token::TokenSigner;
use super::refresh_token::RefreshTokenText;
use crate::kernel::model::{NewRefreshToken, Session, User};
use crate::kernel::{AuthError, Call, hash_token};

/// The tokens of an API session. Secrets: no `Debug`.
pub struct TokenPair {
    pub access_token: String,
    pub refresh_token: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
}

/// The first refresh token of an API session, as it is stored and as the client gets it.
pub(crate) struct FirstRefreshToken {
    pub row: NewRefreshToken,
    pub text: String,
}

impl FirstRefreshToken {
    /// Of a session that begins now.
    pub fn of(call: &Call<'_>, session: &Session) -> Self {
        let family = call.new_id();
        let mut secret = Zeroizing::new([0; 32]);
        call.core.random.fill(secret.as_mut());
        let text = RefreshTokenText::encode(&call.core.master, family, &secret);
        let row = NewRefreshToken {
            id: family,
            user_id: session.user_id,
            session_id: session.id,
            token_hash: hash_token(&text),
            device_info: session.device.clone(),
            expires_at: call.now + call.core.settings.lifetimes.refresh_token,
            created_at: call.now,
        };
        Self { row, text }
    }
}

impl TokenSigner {
    /// Signs the access token that goes with a refresh token.
    pub fn pair(
        &self,
        call: &Call<'_>,
        user: &User,
        session: &Session,
        refresh_token: String,
    ) -> Result<TokenPair, AuthError> {
        let now = call.later().now;
        let access_token = self.sign(user, session, call.new_id(), now)?;
        let life = self.access_life(session, now);
        Ok(TokenPair {
            access_token,
            refresh_token,
            expires_in: life.whole_seconds().unsigned_abs(),
        })
    }
}
