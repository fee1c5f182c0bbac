//! Changing the password while signed in.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::auth::Auth;
use crate::kernel::audit::AuditEvent;
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::{AuthError, Field, FieldError};
use crate::kernel::limits::{AttemptKey, PASSWORD_ACCOUNT};
use crate::kernel::mail::MailKind;
use crate::kernel::model::{Principal, SessionKind, SignInMethod, User};
use crate::kernel::passwords::pool::Urgency;
use crate::sessions::{NewSession, SignedIn};

/// A change-password form or body.
pub struct ChangePassword {
    pub current_password: SecretString,
    pub new_password: SecretString,
    /// Whether an API client takes the tokens of a new session; a browser always gets a new cookie.
    pub replaces_session: bool,
}

impl Auth {
    /// Replaces the password and ends the user's other sessions. The current password is charged
    /// and checked before anything is done with the new one, which is costly too. A browser session
    /// is replaced as well, and one of an API client that takes new tokens: the new one is returned
    /// (ASVS 7.2.4). Otherwise an API session goes on until its access token has expired: a refresh
    /// token that was copied before must not outlive the password.
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`] if the current password is wrong, counted like a failed
    /// sign-in; [`AuthError::ValidationFailed`],
    /// [`AuthError::RateLimited`], [`AuthError::Overloaded`].
    pub async fn change_password(
        &self,
        who: &Principal,
        command: ChangePassword,
        meta: &RequestMeta,
    ) -> Result<Option<SignedIn>, AuthError> {
        let meta = &meta.by(who.user.id);
        let verified_hash = self
            .check_current_password(who, &command.current_password, meta)
            .await?;
        self.take(&[PASSWORD_ACCOUNT.of(&who.user.id.to_string())], meta)
            .await?;
        self.check_password_of(&who.user, &command.new_password, meta)
            .await?;
        let new_password = command.new_password.expose_secret();
        let new_hash = self.hasher.hash(new_password, &meta.abandoned).await?;
        let replaces = command.replaces_session || who.session.kind == SessionKind::Browser;
        self.apply_change(who, &verified_hash, &new_hash, replaces, meta)
            .await
    }

    /// A user's new password against the policy.
    pub(crate) async fn check_password_of(
        &self,
        user: &User,
        new_password: &SecretString,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let own_words = [
            Some(user.email.as_str()),
            user.first_name.as_deref(),
            user.last_name.as_deref(),
        ];
        self.check_new_password(Field::NewPassword, new_password, own_words, meta)
            .await?
            .map_err(|error| AuthError::ValidationFailed(vec![error]))
    }

    /// A new password against the policy, with the user's own address and names as words to avoid.
    pub(crate) async fn check_new_password(
        &self,
        field: Field,
        password: &SecretString,
        own_words: [Option<&str>; 3],
        meta: &RequestMeta,
    ) -> Result<Result<(), FieldError>, AuthError> {
        let policy = &self.settings.passwords;
        let own_words = own_words.into_iter().flatten().map(str::to_owned).collect();
        let rate = self.estimator.rate(
            Urgency::Operation,
            policy,
            password,
            own_words,
            &meta.abandoned,
        );
        let error = rate.await?.error;
        Ok(error.map_or(Ok(()), |code| Err(FieldError { field, code })))
    }

    /// The stored hash that the password was right for.
    async fn check_current_password(
        &self,
        who: &Principal,
        password: &SecretString,
        meta: &RequestMeta,
    ) -> Result<String, AuthError> {
        let account = self
            .store
            .reader()
            .await?
            .account_by_id(who.user.id)
            .await?
            .ok_or(AuthError::Unauthenticated)?;
        let failed = AuditEvent::PasswordChangeFailed;
        let attempt_key = AttemptKey::Known(who.user.id);
        self.check_password(&account, &attempt_key, password, failed, meta)
            .await?;
        Ok(account.password_hash)
    }

    async fn apply_change(
        &self,
        who: &Principal,
        verified_hash: &str,
        new_hash: &str,
        replaces: bool,
        meta: &RequestMeta,
    ) -> Result<Option<SignedIn>, AuthError> {
        let now = self.clock.now();
        let kind = MailKind::PasswordChanged;
        let may_notify = self.may_notify(kind, &who.user).await;
        let mut tx = self.store.begin().await?;
        let user = tx
            .update_password(who.user.id, Some(verified_hash), new_hash, now)
            .await?;
        let user = user.ok_or(AuthError::InvalidCredentials)?;
        let keep = (!replaces).then_some(who.session.id);
        tx.void_links(user.id).await?;
        let ended = tx.end_sessions(user.id, keep, now).await?;
        self.audit(
            &mut *tx,
            AuditEvent::PasswordChanged,
            Some(user.id),
            json!({ "ended_sessions": ended.len() }),
            meta,
        )
        .await?;
        if may_notify {
            self.enqueue_mail(&mut *tx, kind, &user, None, meta).await?;
        }
        let new_session = if replaces {
            let new = NewSession {
                kind: who.session.kind,
                method: SignInMethod::Password,
                is_persistent: who.session.is_persistent,
                device_name: Some(&who.session.device),
            };
            let signed_in = self.issue_session(&mut *tx, user, new_hash, new, meta);
            Some(signed_in.await?)
        } else {
            tx.reauthenticate(who.session.id, now).await?;
            tx.revoke_refresh_family(who.user.id, who.session.id, now)
                .await?;
            None
        };
        self.commit(tx, who.user.id).await?;
        Ok(new_session)
    }
}
