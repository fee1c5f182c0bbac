//! Giving the password again, before something that an unattended browser must not do.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::auth::Auth;
use crate::kernel::audit::AuditEvent;
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::AuthError;
use crate::kernel::limits::AttemptKey;
use crate::kernel::model::{Account, Principal};
use crate::kernel::passwords::hasher::Verdict;

impl Auth {
    /// Whether the password was given in this session lately,
    /// so that sensitive operations do without it.
    pub fn is_recently_authenticated(&self, who: &Principal) -> bool {
        self.clock.now() - who.session.authenticated_at <= self.settings.lifetimes.reauthentication
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
        let meta = &meta.by(who.user.id);
        let mut store = self.store.reader().await?;
        let account = store
            .account_by_id(who.user.id)
            .await?
            .ok_or(AuthError::Unauthenticated)?;
        drop(store);
        let failed = AuditEvent::ReauthenticationFailed;
        let attempt_key = AttemptKey::Known(who.user.id);
        self.check_password(&account, &attempt_key, &password, failed, meta)
            .await?;
        let mut store = self.store.writer().await?;
        let noted = store.reauthenticate(who.session.id, self.clock.now()).await;
        // Also if it failed: its answer may have been lost after it was done.
        self.principals.forget(who.user.id).await;
        if noted? {
            Ok(())
        } else {
            Err(AuthError::Unauthenticated)
        }
    }

    /// Lets a sensitive operation pass if the password comes with it and is right, or was given in
    /// the session lately. A password that comes with it is always checked.
    pub(crate) async fn require_password(
        &self,
        who: &Principal,
        password: Option<SecretString>,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        match password {
            Some(password) => self.reauthenticate(who, password, meta).await,
            None if self.is_recently_authenticated(who) => Ok(()),
            None => Err(AuthError::ReauthenticationRequired),
        }
    }

    /// Checks the password of an account, and counts a wrong one like a failed sign-in.
    pub(crate) async fn check_password(
        &self,
        account: &Account,
        attempt_key: &AttemptKey<'_>,
        password: &SecretString,
        failed: AuditEvent,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let user_id = Some(account.user.id);
        let attempt = self.take_attempt(None, attempt_key, user_id, meta).await?;
        let stored = Some(account.password_hash.as_str());
        let verdict = self
            .hasher
            .verify(password.expose_secret(), stored, &meta.abandoned)
            .await;
        if let Ok(Verdict::Wrong) = verdict {
            self.defer_audit(failed, user_id, json!({}), meta);
            return Err(AuthError::InvalidCredentials);
        }
        self.return_attempt(&attempt).await;
        verdict.map(drop)
    }
}
