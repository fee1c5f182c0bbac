//! Getting back in when the password is forgotten.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::known_browser::KnownBrowserProof;
use crate::accounts::{MailRequest, mailbox_of};
use crate::auth::Auth;
use crate::kernel::audit::AuditEvent;
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::AuthError;
use crate::kernel::limits::AttemptKey;
use crate::kernel::mail::{MailKind, mask_email};
use crate::kernel::master_key::hash_mailed_token;
use crate::kernel::model::{Purpose, User, display_email};
use crate::kernel::ports::FoundLink;

const RESET: MailRequest = MailRequest {
    purpose: Purpose::ResetPassword,
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
        self.mail_on_request(email, &RESET, meta).await
    }

    /// What a mailed reset link would do. For showing a page; it changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn reset_link(&self, token: &str) -> Result<ResetLink, AuthError> {
        let found = self.find_link(&hash_mailed_token(token)).await?;
        Ok(match found {
            Some(link) if is_live_reset(&link) => ResetLink::Live {
                email: display_email(&link.owner.email),
            },
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
        self.mail_by_link(token, &RESET, meta).await
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
        self.charge_token_entry(meta, async {
            let token_hash = hash_mailed_token(token);
            let found = self.find_link(&token_hash).await?;
            let Some(FoundLink { owner: user, .. }) = found.filter(is_live_reset) else {
                return Err(self.refused_reset(meta));
            };
            self.check_password_of(&user, new_password, meta).await?;
            let new_hash = self
                .hasher
                .hash(new_password.expose_secret(), &meta.abandoned)
                .await?;
            if !self
                .apply_reset(&user, &token_hash, &new_hash, meta)
                .await?
            {
                return Err(self.refused_reset(meta));
            }
            // A user who was locked out by failed attempts gets in with the new password.
            for attempt_key in [
                AttemptKey::Unknown(&user.canonical_email()),
                AttemptKey::Known(user.id),
            ] {
                self.reset_limits(&attempt_key.charges()).await;
            }
            Ok(ResetDone {
                known_browser_proof: self.known_browser_proof(user.id, &new_hash),
                email: user.email,
            })
        })
        .await
    }

    /// `false` if another request used the token first.
    async fn apply_reset(
        &self,
        user: &User,
        token_hash: &str,
        new_hash: &str,
        meta: &RequestMeta,
    ) -> Result<bool, AuthError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let spent = tx.use_link(Purpose::ResetPassword, token_hash, now).await?;
        if spent.is_none_or(|link| link.user_id != user.id) {
            return Ok(false);
        }
        if tx
            .update_password(user.id, None, new_hash, now)
            .await?
            .is_none()
        {
            return Ok(false);
        }
        tx.mark_email_verified(user.id, now).await?;
        tx.void_links(user.id).await?;
        let ended = tx.end_sessions(user.id, None, now).await?;
        self.audit(
            &mut *tx,
            AuditEvent::PasswordReset,
            Some(user.id),
            json!({ "ended_sessions": ended.len() }),
            meta,
        )
        .await?;
        self.enqueue_mail(&mut *tx, MailKind::PasswordChanged, user, None, meta)
            .await?;
        self.commit(tx, user.id).await?;
        Ok(true)
    }

    fn refused_reset(&self, meta: &RequestMeta) -> AuthError {
        self.defer_audit(AuditEvent::PasswordResetFailed, None, json!({}), meta);
        AuthError::InvalidToken
    }
}

fn is_live_reset(link: &FoundLink) -> bool {
    link.is_live && link.purpose == Purpose::ResetPassword
}
