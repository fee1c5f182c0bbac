//! What a new password would be met with, while it is still being typed.

use secrecy::SecretString;

use crate::auth::Auth;
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::AuthError;
use crate::kernel::limits::STRENGTH_NETWORK;
use crate::kernel::passwords::policy::PasswordStrength;
use crate::kernel::passwords::pool::Urgency;

impl Auth {
    /// What the rules for new passwords say of this one, with the user's address and names as words
    /// to avoid. Nothing is written, and the answer binds nobody:
    /// registration, reset and change check for themselves.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`], [`AuthError::Overloaded`].
    pub async fn password_strength(
        &self,
        password: SecretString,
        own_words: Vec<String>,
        meta: &RequestMeta,
    ) -> Result<PasswordStrength, AuthError> {
        self.take(&[STRENGTH_NETWORK.of(&meta.network())], meta)
            .await?;
        let policy = &self.settings.passwords;
        let rate = self.estimator.rate(
            Urgency::Rating,
            policy,
            &password,
            own_words,
            &meta.abandoned,
        );
        rate.await
    }
}
