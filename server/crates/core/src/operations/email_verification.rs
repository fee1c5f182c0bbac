//! Proving that an address is one's own: by the mailed link, or by the code from the same mail.

use serde_json::json;
use uuid::Uuid;

use super::in_uniform_time;
use super::mail_request::MailRequest;
use super::password_reset::take_token_limit;
use crate::audit::AuditEvent;
use crate::auth::{Auth, RequestMeta, VERIFY_CODE_LIFE};
use crate::crypto::{equal_in_constant_time, hash_token};
use crate::error::AuthError;
use crate::mail::MailKind;
use crate::model::{EmailAddress, Purpose, User};

/// A code dies after this many entries; asking for a new one does not reset the count.
const MAX_CODE_ATTEMPTS: u32 = 5;

/// What the caller shows as proof.
pub enum VerifyEmail {
    /// From the mailed link.
    Token(String),
    /// The six digits, with the address they were mailed to.
    Code { email: String, code: String },
}

impl Auth {
    /// Marks the address as verified and uses the mail up.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`] for a token or code that is wrong, used, superseded, expired or counted out;
    /// [`AuthError::RateLimited`].
    pub async fn verify_email(
        &self,
        proof: VerifyEmail,
        meta: &RequestMeta,
    ) -> Result<User, AuthError> {
        take_token_limit(self, meta).await?;
        let token_hash = match proof {
            VerifyEmail::Token(token) => Some(hash_token(token.trim())),
            VerifyEmail::Code { email, code } => {
                in_uniform_time(self.token_of_code(&email, &code)).await?
            }
        };
        let verified = match token_hash {
            Some(token_hash) => self.consume_verification(&token_hash, meta).await?,
            None => None,
        };
        if let Some(user) = verified {
            return Ok(user);
        }
        self.audit_alone(AuditEvent::VerificationFailed, None, json!({}), meta)
            .await?;
        Err(AuthError::InvalidToken)
    }

    /// Whether a mailed verification link would still work. For showing a page; it changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn verification_link_is_live(&self, token: &str) -> Result<bool, AuthError> {
        self.link_is_live(Purpose::VerifyEmail, token).await
    }

    pub(crate) async fn link_is_live(
        &self,
        purpose: Purpose,
        token: &str,
    ) -> Result<bool, AuthError> {
        let mut store = self.store.connect().await?;
        Ok(store
            .token_owner(purpose, &hash_token(token.trim()), self.clock.now())
            .await?
            .is_some())
    }

    async fn consume_verification(
        &self,
        token_hash: &str,
        meta: &RequestMeta,
    ) -> Result<Option<User>, AuthError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let Some(user_id) = tx
            .consume_token(Purpose::VerifyEmail, token_hash, now)
            .await?
        else {
            return Ok(None);
        };
        let Some(user) = tx.mark_email_verified(user_id, now).await? else {
            return Ok(None);
        };
        self.audit(
            &mut *tx,
            AuditEvent::EmailVerified,
            Some(user_id),
            json!({}),
            meta,
        )
        .await?;
        self.commit(tx, user_id, &[]).await?;
        Ok(Some(user))
    }

    /// The hash of the mailed token if the code is its code. The entry is counted before it is compared.
    async fn token_of_code(&self, email: &str, code: &str) -> Result<Option<String>, AuthError> {
        let Ok(email) = EmailAddress::parse(email) else {
            return Ok(None);
        };
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let now = self.clock.now();
        let mut store = self.store.connect().await?;
        let Some(account) = store.account_by_email(email.canonical()).await? else {
            return Ok(None);
        };
        let Some(attempt) = store
            .count_code_attempt(account.user.id, MAX_CODE_ATTEMPTS, now)
            .await?
        else {
            return Ok(None);
        };
        let is_right = equal_in_constant_time(&code, &self.master.one_time_code(attempt.token_id));
        let is_fresh = now - attempt.created_at <= VERIFY_CODE_LIFE;
        Ok((is_right && is_fresh).then_some(attempt.token_hash))
    }

    /// Mails a new link and code, unless the address has no account or is verified already; the answer is the same in
    /// the same time.
    ///
    /// # Errors
    /// [`AuthError::ValidationFailed`] for text that is no address; [`AuthError::RateLimited`].
    pub async fn resend_verification(
        &self,
        email: &str,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let request = MailRequest {
            purpose: Purpose::VerifyEmail,
            kind: MailKind::VerifyEmail,
            event: AuditEvent::VerificationRequested,
            is_wanted: |user| user.is_active && !user.is_email_verified,
        };
        self.mail_on_request(email, &request, meta).await
    }

    /// The code of a mailed token, for the mail that carries it.
    pub(crate) fn code_of(&self, token_id: Uuid) -> String {
        self.master.one_time_code(token_id)
    }
}
