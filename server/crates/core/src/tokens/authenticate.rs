//! What the faces ask of access tokens and of the keys that sign them.

use super::key_ring::KeySet;
use crate::auth::Auth;
use crate::kernel::AuthError;
use crate::kernel::model::Principal;

impl Auth {
    /// The JSON Web Key Set (RFC 7517) that downstream services verify access tokens with.
    pub fn jwks(&self) -> KeySet {
        self.signer.jwks(self.core.clock.now())
    }

    /// Loads the signing keys anew, if that was not just done:
    /// operators rotate them while the portal runs.
    pub async fn reload_signing_keys(&self) -> Result<(), AuthError> {
        let now = self.core.clock.now();
        self.signer
            .reload(&*self.core.store, &self.core.master, now)
            .await
    }

    /// Who an access token speaks for; its session and user are looked up now.
    ///
    /// # Errors
    /// [`AuthError::TokenExpired`], or [`AuthError::Unauthenticated`] for a bad token,
    /// an ended session, a user who is gone.
    pub async fn authenticate_token(&self, token: &str) -> Result<Principal, AuthError> {
        let now = self.core.clock.now();
        if self.signer.is_signed_by_unknown_key(token) {
            self.signer
                .reload(&*self.core.store, &self.core.master, now)
                .await?;
        }
        let claims = self.signer.verify(token, now)?;
        self.authenticate_session(claims.sub, claims.sid).await
    }
}
