//! The rules for new passwords, when one is set and while it is still being typed.

use secrecy::SecretString;

use crate::auth::Auth;
use crate::kernel::limits::STRENGTH_NETWORK;
use crate::kernel::model::User;
use crate::kernel::{AuthError, Call, Field, FieldError, PasswordStrength, RequestMeta, Urgency};

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
        let call = self.call(meta);
        call.take(&[STRENGTH_NETWORK.of(&call.network())]).await?;
        rate(&call, Urgency::Rating, &password, own_words).await
    }
}

/// A new password against the policy, with the user's own address and names as words to avoid.
pub(crate) async fn check_new_password(
    call: &Call<'_>,
    field: Field,
    password: &SecretString,
    own_words: [Option<&str>; 3],
) -> Result<Result<(), FieldError>, AuthError> {
    let own_words = own_words.into_iter().flatten().map(str::to_owned).collect();
    let strength = rate(call, Urgency::Operation, password, own_words).await?;
    let error = strength.error;
    Ok(error.map_or(Ok(()), |code| Err(FieldError { field, code })))
}

/// A user's new password against the policy.
pub(super) async fn check_password_of(
    call: &Call<'_>,
    user: &User,
    new_password: &SecretString,
) -> Result<(), AuthError> {
    let own_words = [
        Some(user.email.as_str()),
        user.first_name.as_deref(),
        user.last_name.as_deref(),
    ];
    let checked = check_new_password(call, Field::NewPassword, new_password, own_words);
    Ok(checked.await??)
}

async fn rate(
    call: &Call<'_>,
    urgency: Urgency,
    password: &SecretString,
    own_words: Vec<String>,
) -> Result<PasswordStrength, AuthError> {
    let (policy, abandoned) = (&call.core.settings.passwords, &call.meta.abandoned);
    let estimator = &call.core.estimator;
    estimator
        .rate(urgency, policy, password, own_words, abandoned)
        .await
}
