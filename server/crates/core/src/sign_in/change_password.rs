//! Changing the password while signed in.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::new_password::check_password_of;
use super::reauthenticate::check_own_password;
use crate::auth::Auth;
use crate::kernel::limits::PASSWORD_ACCOUNT;
use crate::kernel::model::{Principal, SessionKind, SignInMethod};
use crate::kernel::{AuditEvent, AuthError, Call, MailKind, RequestMeta, UserMail};
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
        let call = self.call_by(who, meta);
        let (current, new) = (&command.current_password, &command.new_password);
        let failed = AuditEvent::PasswordChangeFailed;
        let verified_hash = check_own_password(&call, who, current, failed).await?;
        let charge = PASSWORD_ACCOUNT.of(&who.user.id.to_string());
        call.take(&[charge]).await?;
        check_password_of(&call, &who.user, new).await?;
        let new_hash = call.hash(new.expose_secret()).await?;
        let replaces = command.replaces_session || who.session.kind == SessionKind::Browser;
        self.apply_change(&call, who, &verified_hash, &new_hash, replaces)
            .await
    }

    async fn apply_change(
        &self,
        call: &Call<'_>,
        who: &Principal,
        verified_hash: &str,
        new_hash: &str,
        replaces: bool,
    ) -> Result<Option<SignedIn>, AuthError> {
        let call = &call.later();
        let now = call.now;
        let kind = MailKind::PasswordChanged;
        let may_notify = call.may_notify(kind, &who.user).await;
        let mut work = call.begin().await?;
        let user = work
            .update_password(who.user.id, Some(verified_hash), new_hash, now)
            .await?;
        let user = user.ok_or(AuthError::InvalidCredentials)?;
        let keep = (!replaces).then_some(who.session.id);
        work.void_links(user.id).await?;
        let ended = work.end_sessions(user.id, keep, now).await?;
        let details = json!({ "ended_sessions": ended.len() });
        work.audit(AuditEvent::PasswordChanged, user.id, details)
            .await?;
        if may_notify {
            work.mail(UserMail::new(kind, &user)).await?;
        }
        let new_session = if replaces {
            let new = NewSession {
                kind: who.session.kind,
                method: SignInMethod::Password,
                is_persistent: who.session.is_persistent,
                device_name: Some(&who.session.device),
            };
            Some(new.issue(&mut work, &self.signer, user, new_hash).await?)
        } else {
            work.reauthenticate(who.session.id, now).await?;
            work.revoke_refresh_family(who.user.id, who.session.id, now)
                .await?;
            None
        };
        work.commit().await?;
        Ok(new_session)
    }
}
