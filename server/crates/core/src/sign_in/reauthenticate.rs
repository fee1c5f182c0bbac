//! Giving the password again, before something that an unattended browser must not do.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::attempts::Attempt;
use crate::auth::Auth;
use crate::kernel::limits::AttemptKey;
use crate::kernel::model::{Account, Principal};
use crate::kernel::{AuditEvent, AuthError, Call, Core, RequestMeta, Verdict};

impl Auth {
    /// Whether the password was given in this session lately,
    /// so that sensitive operations do without it.
    pub fn is_recently_authenticated(&self, who: &Principal) -> bool {
        is_recently_authenticated(&self.core, who)
    }

    /// Notes that the user gave the password in this session,
    /// for the operations of the next minutes.
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`] if it is wrong, counted like a failed sign-in;
    /// [`AuthError::Unauthenticated`] if the session has ended;
    /// [`AuthError::RateLimited`], [`AuthError::Overloaded`].
    pub async fn reauthenticate(
        &self,
        who: &Principal,
        password: SecretString,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        reauthenticate(&self.call_by(who, meta), who, &password).await
    }
}

pub(crate) fn is_recently_authenticated(core: &Core, who: &Principal) -> bool {
    let age = core.clock.now() - who.session.authenticated_at;
    age <= core.settings.lifetimes.reauthentication
}

async fn reauthenticate(
    call: &Call<'_>,
    who: &Principal,
    password: &SecretString,
) -> Result<(), AuthError> {
    let failed = AuditEvent::ReauthenticationFailed;
    check_own_password(call, who, password, failed).await?;
    let mut store = call.core.store.writer().await?;
    let noted = store.reauthenticate(who.session.id, call.now).await;
    // Also if it failed: its answer may have been lost after it was done.
    call.core.principals.forget(who.user.id).await;
    if noted? {
        Ok(())
    } else {
        Err(AuthError::Unauthenticated)
    }
}

/// Lets a sensitive operation pass if the password comes with it and is right, or was given in the
/// session lately. A password that comes with it is always checked.
pub(crate) async fn require_password(
    call: &Call<'_>,
    who: &Principal,
    password: Option<SecretString>,
) -> Result<(), AuthError> {
    match password {
        Some(password) => reauthenticate(call, who, &password).await,
        None if is_recently_authenticated(call.core, who) => Ok(()),
        None => Err(AuthError::ReauthenticationRequired),
    }
}

/// Checks the password of the user who is signed in; the stored hash that it was right for.
pub(super) async fn check_own_password(
    call: &Call<'_>,
    who: &Principal,
    password: &SecretString,
    failed: AuditEvent,
) -> Result<String, AuthError> {
    let mut store = call.core.store.reader().await?;
    let account = store.account_by_id(who.user.id).await?;
    drop(store);
    let account = account.ok_or(AuthError::Unauthenticated)?;
    let attempt_key = AttemptKey::Known(who.user.id);
    check_password(call, &account, &attempt_key, password, failed).await?;
    Ok(account.password_hash)
}

/// Checks the password of an account, and counts a wrong one like a failed sign-in.
pub(crate) async fn check_password(
    call: &Call<'_>,
    account: &Account,
    attempt_key: &AttemptKey<'_>,
    password: &SecretString,
    failed: AuditEvent,
) -> Result<(), AuthError> {
    let user_id = Some(account.user.id);
    let attempt = Attempt::take(call, None, attempt_key, user_id).await?;
    let stored = Some(account.password_hash.as_str());
    let verdict = call.verify(password.expose_secret(), stored).await;
    if let Ok(Verdict::Wrong) = verdict {
        call.audit_later(failed, user_id, json!({}));
        return Err(AuthError::InvalidCredentials);
    }
    attempt.give_back(call).await;
    verdict.map(drop)
}
