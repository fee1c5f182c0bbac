//! Mails that anybody can ask for by naming an address: who asks learns nothing about the address.

use serde_json::json;

use super::in_uniform_time;
use crate::audit::AuditEvent;
use crate::auth::{Auth, RequestMeta, quotas};
use crate::crypto::hash_token;
use crate::error::{AuthError, Field, FieldCode};
use crate::mail::MailKind;
use crate::model::{EmailAddress, Purpose, User};

/// A mail with a token, and who gets it.
pub(super) struct MailRequest {
    pub purpose: Purpose,
    pub kind: MailKind,
    pub event: AuditEvent,
    pub is_wanted: fn(&User) -> bool,
}

impl Auth {
    /// Mails the token if the address has an account that wants it. The answer is the same in the same time either way,
    /// and a database that cannot write fails for both alike (lesson V4).
    pub(super) async fn mail_on_request(
        &self,
        email: &str,
        request: &MailRequest,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let email = self.take_mail_limits(email, request.kind, meta).await?;
        in_uniform_time(async {
            let mut tx = self.store.begin().await?;
            let account = tx.account_by_email(email.canonical()).await?;
            let user = account
                .map(|account| account.user)
                .filter(request.is_wanted);
            if let Some(user) = &user {
                self.mail_token(&mut *tx, request.purpose, request.kind, user, meta)
                    .await?;
            }
            let user_id = user.map(|user| user.id);
            self.audit(&mut *tx, request.event, user_id, json!({}), meta)
                .await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    /// The address, once it and the caller's network may cause one more mail. Unknown addresses count like known ones.
    async fn take_mail_limits(
        &self,
        email: &str,
        kind: MailKind,
        meta: &RequestMeta,
    ) -> Result<EmailAddress, AuthError> {
        if email.trim().is_empty() {
            return Err(AuthError::field(Field::Email, FieldCode::Required));
        }
        let email = EmailAddress::parse(email)
            .map_err(|_| AuthError::field(Field::Email, FieldCode::InvalidEmail))?;
        let network_key = format!("mail:network:{}", meta.network());
        self.take(&network_key, quotas::MAIL_NETWORK).await?;
        let recipient_key = recipient_key(kind, email.canonical());
        self.take(&recipient_key, quotas::MAIL_RECIPIENT).await?;
        Ok(email)
    }
}

/// The limiter's key of a mailbox and a kind of mail. Each kind counts by itself: asking for one kind of mail must not
/// keep the owner from getting another.
pub(super) fn recipient_key(kind: MailKind, canonical: &str) -> String {
    format!("mail:{kind}:{}", hash_token(canonical))
}
