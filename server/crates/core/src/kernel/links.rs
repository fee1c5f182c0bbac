//! Putting mails and the tokens that they carry into the store,
//! in the transaction of the fact that they report.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::kernel::call::RequestMeta;
use crate::kernel::core::Core;
use crate::kernel::errors::AuthError;
use crate::kernel::mail::{MailContext, MailKind, NewMail};
use crate::kernel::master_key::hash_token;
use crate::kernel::model::{EmailAddress, NewLink, Purpose, User};
use crate::kernel::ports::Writer;

/// After so many codes in a row, however long that takes, an account
/// is confirmed by its link alone (NIST SP 800-63B-4, 3.2.2).
pub(crate) const MAX_CODES_IN_A_ROW: u32 = 50;

/// A mail to a user.
pub(crate) struct UserMail<'a> {
    pub kind: MailKind,
    pub user: &'a User,
    /// Where it goes; not always to the user's present address.
    pub recipient: &'a str,
    pub token_id: Option<Uuid>,
    pub other_email: Option<&'a str>,
}

impl<'a> UserMail<'a> {
    /// To the user's own address, without a token.
    pub fn to_owner(kind: MailKind, user: &'a User) -> Self {
        Self {
            kind,
            user,
            recipient: &user.email,
            token_id: None,
            other_email: None,
        }
    }
}

/// What some tokens hold besides.
#[derive(Default)]
pub(crate) struct TokenExtra {
    /// The address that the account goes to, or back to.
    pub email: Option<EmailAddress>,
    /// The session that asks.
    pub session_id: Option<Uuid>,
    /// The end of its life, where that is not the purpose's own.
    pub expires_at: Option<OffsetDateTime>,
}

impl Core {
    /// A mail about what happens now, not yet written.
    pub(crate) fn new_mail(&self, mail: &UserMail<'_>, meta: &RequestMeta) -> NewMail {
        let now = self.clock.now();
        NewMail {
            id: self.random.id(now),
            kind: mail.kind,
            user_id: mail.user.id,
            token_id: mail.token_id,
            recipient: mail.recipient.to_owned(),
            context: MailContext {
                device: meta.device(),
                ip_address: meta.ip_address.to_canonical().to_string(),
                at: now,
                other_email: mail.other_email.map(str::to_owned),
            },
            created_at: now,
        }
    }

    /// Puts a mail into the outbox.
    pub(crate) async fn enqueue(
        &self,
        store: &mut dyn Writer,
        mail: UserMail<'_>,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let mail = self.new_mail(&mail, meta);
        Ok(store.enqueue_mail(&mail).await?)
    }

    /// Puts a mail to the user's own address into the outbox.
    pub(crate) async fn enqueue_mail(
        &self,
        store: &mut dyn Writer,
        kind: MailKind,
        user: &User,
        token_id: Option<Uuid>,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let mail = UserMail {
            token_id,
            ..UserMail::to_owner(kind, user)
        };
        self.enqueue(store, mail, meta).await
    }

    /// Makes a mailed token, and the mail to the user's own address that carries it.
    pub(crate) async fn mail_token(
        &self,
        store: &mut dyn Writer,
        purpose: Purpose,
        kind: MailKind,
        user: &User,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let id = self
            .insert_token(store, purpose, user.id, TokenExtra::default(), meta)
            .await?;
        self.enqueue_mail(store, kind, user, Some(id), meta).await
    }

    /// Makes a mailed token. It supersedes earlier ones of its purpose,
    /// unless it is one that reverts a change.
    pub(crate) async fn insert_token(
        &self,
        store: &mut dyn Writer,
        purpose: Purpose,
        user_id: Uuid,
        extra: TokenExtra,
        meta: &RequestMeta,
    ) -> Result<Uuid, AuthError> {
        let now = self.clock.now();
        let id = self.random.id(now);
        let link = NewLink {
            id,
            user_id,
            purpose,
            token_hash: hash_token(&self.master.mailed_link_token(purpose, id)),
            email: extra.email,
            session_id: extra.session_id,
            expires_at: extra
                .expires_at
                .unwrap_or(now + self.settings.lifetimes.link(purpose)),
            ip_address: meta.ip_address.to_canonical().to_string(),
            user_agent: meta.user_agent.clone(),
            created_at: now,
        };
        store.insert_link(&link).await?;
        Ok(id)
    }
}
