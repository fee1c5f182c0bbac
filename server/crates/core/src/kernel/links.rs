//! Mailed links: making them, with the mails that carry them, and finding them.

use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::kernel::audit::AuditEvent;
use crate::kernel::call::Call;
use crate::kernel::core::Core;
use crate::kernel::errors::AuthError;
use crate::kernel::mail::MailKind;
use crate::kernel::master_key::{hash_mailed_token, hash_token};
use crate::kernel::model::{EmailAddress, NewLink, Purpose, User};
use crate::kernel::ports::FoundLink;
use crate::kernel::work::{UserMail, Work};

/// After so many codes in a row, however long that takes, an account
/// is confirmed by its link alone (NIST SP 800-63B-4, 3.2.2).
pub(crate) const MAX_CODES_IN_A_ROW: u32 = 50;

/// What some links hold besides.
#[derive(Default)]
pub(crate) struct LinkExtra {
    /// The address that the account goes to, or back to.
    pub email: Option<EmailAddress>,
    /// The session that asks.
    pub session_id: Option<Uuid>,
    /// The end of its life, where that is not the purpose's own.
    pub expires_at: Option<OffsetDateTime>,
}

impl Work<'_> {
    /// Makes the link that a kind of mail carries, and the mail to the user's own address.
    pub async fn mail_link(&mut self, kind: MailKind, user: &User) -> Result<(), AuthError> {
        let mut mail = UserMail::new(kind, user);
        if let Some(purpose) = kind.purpose() {
            let id = self.link(purpose, user.id, LinkExtra::default()).await?;
            mail = mail.with_link(id);
        }
        self.mail(mail).await
    }

    /// Makes a link. It supersedes earlier ones of its purpose, unless it is one that reverts a
    /// change.
    pub async fn link(
        &mut self,
        purpose: Purpose,
        user_id: Uuid,
        extra: LinkExtra,
    ) -> Result<Uuid, AuthError> {
        let call = self.call;
        let life = call.core.settings.lifetimes.link(purpose);
        let id = call.new_id();
        let link = NewLink {
            id,
            user_id,
            purpose,
            token_hash: hash_token(&call.core.master.mailed_link_token(purpose, id)),
            email: extra.email,
            session_id: extra.session_id,
            expires_at: extra.expires_at.unwrap_or(call.now + life),
            ip_address: call.ip_address(),
            user_agent: call.meta.user_agent.clone(),
            created_at: call.now,
        };
        self.insert_link(&link).await?;
        Ok(id)
    }
}

impl Call<'_> {
    /// Has it written that a link did nothing, and says so to the caller.
    pub fn refuse_link(&self, purpose: Purpose) -> AuthError {
        let details = json!({ "purpose": purpose.as_str() });
        self.audit_later(AuditEvent::VerificationFailed, None, details);
        AuthError::InvalidToken
    }
}

impl Core {
    /// The mailed link with this token, live or not. For showing a page or checking input; never a
    /// reason to act.
    pub async fn find_link(&self, token: &str) -> Result<Option<FoundLink>, AuthError> {
        let mut store = self.store.reader().await?;
        let token_hash = hash_mailed_token(token);
        Ok(store.find_link(&token_hash, self.clock.now()).await?)
    }

    /// The same of one that would work now, for this purpose.
    pub async fn live_link(
        &self,
        purpose: Purpose,
        token: &str,
    ) -> Result<Option<FoundLink>, AuthError> {
        let found = self.find_link(token).await?;
        Ok(found.filter(|link| link.is_live && link.purpose == purpose))
    }
}
