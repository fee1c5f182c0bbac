//! Getting back in when the password is forgotten.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::known_browser::KnownBrowserProof;
use super::new_password::check_password_of;
use crate::accounts::{MailRequest, mailbox_of};
use crate::auth::Auth;
use crate::kernel::limits::AttemptKey;
use crate::kernel::model::{Purpose, User, display_email};
use crate::kernel::ports::FoundLink;
use crate::kernel::{
    AuditEvent, AuthError, Call, MailKind, RequestMeta, UserMail, hash_mailed_token, mask_email,
};

const RESET: MailRequest = MailRequest {
    kind: MailKind::ResetPassword,
    event: AuditEvent::PasswordResetRequested,
    is_wanted: |user| user.is_active,
    keeps_accounts: true,
};

/// What a reset link would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResetLink {
    /// Nothing.
    Dead {
        /// The address that a new link can be sent to, where the dead one is known.
        masked_email: Option<String>,
    },
    Live {
        /// The account's address.
        email: String,
    },
}

/// Whose password was set.
#[derive(Clone, Debug)]
pub struct ResetDone {
    pub email: String,
    /// What the browser keeps.
    pub known_browser_proof: KnownBrowserProof,
}

impl Auth {
    /// Mails a reset link if the address has an account; the answer is the same in the same time.
    ///
    /// # Errors
    /// [`AuthError::ValidationFailed`] for text that is no address; [`AuthError::RateLimited`].
    pub async fn request_password_reset(
        &self,
        email: &str,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        RESET.by_address(&self.call(meta), email).await
    }

    /// What a mailed reset link would do. For showing a page; it changes nothing.
    pub async fn reset_link(&self, token: &str) -> Result<ResetLink, AuthError> {
        let found = self.core.find_link(token).await?;
        Ok(match found {
            Some(link) if link.is_live && link.purpose == Purpose::ResetPassword => {
                ResetLink::Live {
                    email: display_email(&link.owner.email),
                }
            }
            found => ResetLink::Dead {
                masked_email: found.and_then(mailbox_of).map(|email| mask_email(&email)),
            },
        })
    }

    /// Mails a reset link to the account of an earlier mail that the caller has the link of, if the
    /// account still has the address.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`]. A link that is not known is none.
    pub async fn request_password_reset_by_link(
        &self,
        token: &str,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        RESET.by_link(&self.call(meta), token).await
    }

    /// Sets a new password with a mailed token, ends every session and makes every other mailed
    /// token worthless. It also proves the mailbox. It signs nobody in. What it returns
    /// makes the browser a known one, so that an attacker who
    /// goes on guessing cannot keep the owner out.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`]; [`AuthError::ValidationFailed`] for a password that breaks a
    /// rule, which leaves the token usable; [`AuthError::RateLimited`], [`AuthError::Overloaded`].
    pub async fn reset_password(
        &self,
        token: &str,
        new_password: &SecretString,
        meta: &RequestMeta,
    ) -> Result<ResetDone, AuthError> {
        let call = &self.call(meta);
        call.charge_token_entry(async {
            let link = call.core.live_link(Purpose::ResetPassword, token).await?;
            let Some(FoundLink { owner: user, .. }) = link else {
                return Err(refused(call));
            };
            check_password_of(call, &user, new_password).await?;
            let new_hash = call.hash(new_password.expose_secret()).await?;
            if !apply(call, &user, &hash_mailed_token(token), &new_hash).await? {
                return Err(refused(call));
            }
            // A user who was locked out by failed attempts gets in with the new password.
            for attempt_key in [
                AttemptKey::Unknown(&user.canonical_email()),
                AttemptKey::Known(user.id),
            ] {
                call.reset_limits(&attempt_key.charges()).await;
            }
            Ok(ResetDone {
                known_browser_proof: KnownBrowserProof::new(call.core, user.id, &new_hash),
                email: user.email,
            })
        })
        .await
    }
}

/// `false` if another request used the token first.
async fn apply(
    call: &Call<'_>,
    user: &User,
    token_hash: &str,
    new_hash: &str,
) -> Result<bool, AuthError> {
    let call = &call.later();
    let now = call.now;
    let mut work = call.begin().await?;
    let spent = work
        .use_link(Purpose::ResetPassword, token_hash, now)
        .await?;
    if spent.is_none_or(|link| link.user_id != user.id) {
        return Ok(false);
    }
    let updated = work.update_password(user.id, None, new_hash, now).await?;
    if updated.is_none() {
        return Ok(false);
    }
    work.mark_email_verified(user.id, now).await?;
    work.void_links(user.id).await?;
    let ended = work.end_sessions(user.id, None, now).await?;
    let details = json!({ "ended_sessions": ended.len() });
    work.audit(AuditEvent::PasswordReset, user.id, details)
        .await?;
    work.mail(UserMail::new(MailKind::PasswordChanged, user))
        .await?;
    work.commit().await?;
    Ok(true)
}

fn refused(call: &Call<'_>) -> AuthError {
    call.audit_later(AuditEvent::PasswordResetFailed, None, json!({}));
    AuthError::InvalidToken
}
