//! What a new password would be met with, while it is still being typed.

use secrecy::{ExposeSecret, SecretString};

use crate::auth::{Auth, RequestMeta};
use crate::error::AuthError;
use crate::limits::STRENGTH_NETWORK;
use crate::password_policy::PasswordStrength;

/// As many words of its user's as a form has; more would only cost time.
const MAX_OWN_WORDS: usize = 8;
/// The longest address. What comes after it makes no password weaker.
const MAX_WORD_CHARS: usize = 254;

impl Auth {
    /// What the rules for new passwords say of this one, with the user's address and names as words to avoid. Nothing is
    /// written, and the answer binds nobody: registration, reset and change check for themselves.
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
        let policy = self.settings.passwords.clone();
        self.hasher
            .run(move || {
                let own_words: Vec<String> = own_words
                    .iter()
                    .filter(|word| !word.is_empty())
                    .take(MAX_OWN_WORDS)
                    .map(|word| word.chars().take(MAX_WORD_CHARS).collect())
                    .collect();
                let own_words: Vec<&str> = own_words.iter().map(String::as_str).collect();
                policy.strength(password.expose_secret(), &own_words)
            })
            .await
    }
}
