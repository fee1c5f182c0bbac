//! Mails that anybody can ask for by naming an address: the answer says nothing about the address.

use serde_json::json;
use uuid::Uuid;

use crate::auth::Auth;
use crate::kernel::audit::AuditEvent;
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::{AuthError, Field, FieldCode, FieldError};
use crate::kernel::limits::{MAIL_NETWORK, MAIL_RECIPIENT, mails_of_all};
use crate::kernel::mail::MailKind;
use crate::kernel::master_key::{hash_mailed_token, hash_token};
use crate::kernel::model::{EmailAddress, Purpose, User, without_tag};
use crate::kernel::ports::{Charge, FoundLink, Writer};
use crate::kernel::uniform_time::in_uniform_time;

/// A mail with a token, and who gets it.
pub(crate) struct MailRequest {
    pub purpose: Purpose,
    pub kind: MailKind,
    pub event: AuditEvent,
    pub is_wanted: fn(&User) -> bool,
    /// Whether an account that is scheduled for deletion gets the link that keeps it instead: its
    /// owner, who wants back in, may have lost that mail.
    pub keeps_accounts: bool,
}

impl Auth {
    /// Mails the token if the address has an account that wants it. The answer is the same in the
    /// same time either way, and a database that cannot write fails for both alike.
    pub(crate) async fn mail_on_request(
        &self,
        email: &str,
        request: &MailRequest,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let email = check_email(Field::Email, email)
            .map_err(|error| AuthError::ValidationFailed(vec![error]))?;
        // Unknown addresses count like known ones.
        let charges = self.mail_charges(request.kind, &email, meta);
        let answer = in_uniform_time(async {
            let mut tx = self.store.begin().await?;
            let account = tx.account_by_email(email.canonical()).await?;
            let user_id = match account {
                Some(account) => {
                    self.answer_request(&mut *tx, &account.user, request, meta)
                        .await?
                }
                None => None,
            };
            self.audit(&mut *tx, request.event, user_id, json!({}), meta)
                .await?;
            Ok(tx.commit().await?)
        });
        self.charge(&charges, meta, answer).await
    }

    /// Mails what the account may have of the request; its id if that is anything.
    async fn answer_request(
        &self,
        store: &mut dyn Writer,
        user: &User,
        request: &MailRequest,
        meta: &RequestMeta,
    ) -> Result<Option<Uuid>, AuthError> {
        // Locked, so that the account does not move to another
        // address before its link is written: the moving voids those.
        let locked = store.lock_active_user(user.id).await?;
        if locked.is_some_and(|it| it.email == user.email && (request.is_wanted)(&it)) {
            self.mail_token(store, request.purpose, request.kind, user, meta)
                .await?;
            return Ok(Some(user.id));
        }
        let is_kept = request.keeps_accounts && self.resend_restore_link(store, user, meta).await?;
        Ok(is_kept.then_some(user.id))
    }

    /// Mails the token to the account of an earlier mail that the caller has the link of, so that
    /// nobody types an address again. Nothing happens for a link that is not known.
    pub(crate) async fn mail_by_link(
        &self,
        token: &str,
        request: &MailRequest,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        self.charge_token_entry(meta, async {
            let link = self.find_link(&hash_mailed_token(token)).await?;
            let email = link.and_then(mailbox_of);
            match email {
                Some(email) => Box::pin(self.mail_on_request(&email, request, meta)).await,
                None => Ok(()),
            }
        })
        .await
    }

    /// The mailed link with this hash, live or not. For showing a page or checking input; never a
    /// reason to act.
    pub(crate) async fn find_link(&self, token_hash: &str) -> Result<Option<FoundLink>, AuthError> {
        let mut store = self.store.reader().await?;
        Ok(store.find_link(token_hash, self.clock.now()).await?)
    }

    /// What a mail that is asked for costs the network and the mailbox, and all requests for mails.
    pub(crate) fn mail_charges(
        &self,
        kind: MailKind,
        to: &EmailAddress,
        meta: &RequestMeta,
    ) -> Vec<Charge> {
        let mut charges = self.network_charges(MAIL_NETWORK, meta);
        charges.extend(self.mailbox_charges(kind, to));
        charges
    }

    /// The same without the client's network and site.
    pub(crate) fn mailbox_charges(&self, kind: MailKind, to: &EmailAddress) -> Vec<Charge> {
        let mut charges = mails_of_all(kind, self.settings.anonymous_mails_per_hour);
        charges.push(recipient_charge(kind, to.canonical()));
        charges
    }

    /// Whether the owner may be notified of what was done in a session. An address that is
    /// not confirmed may be another person's, whose mailbox must not be filled.
    pub(crate) async fn may_notify(&self, kind: MailKind, user: &User) -> bool {
        user.is_email_verified || self.may_mail(kind, &user.canonical_email()).await
    }

    /// Whether a mailbox may be notified of one more such event, which an attacker can cause as
    /// often as they like. The limit protects the mailbox; it must not show in the answer. Those
    /// before it were notified.
    pub(crate) async fn may_mail(&self, kind: MailKind, canonical: &str) -> bool {
        self.take_quietly(&[recipient_charge(kind, canonical)])
            .await
            .is_ok()
    }
}

/// The address of the account that a link was mailed to, whether it still works or not. An account
/// that has another address by now is not named: the holder of the link may be another person.
pub(crate) fn mailbox_of(link: FoundLink) -> Option<String> {
    let is_for_a_mailbox = matches!(
        link.purpose,
        Purpose::VerifyEmail | Purpose::ResetPassword | Purpose::ChangeEmail
    );
    (is_for_a_mailbox && link.was_mailed_to_present_address).then_some(link.owner.email)
}

/// What was typed as an address.
pub(crate) fn check_email(field: Field, text: &str) -> Result<EmailAddress, FieldError> {
    let code = if text.trim().is_empty() {
        FieldCode::Required
    } else {
        FieldCode::InvalidEmail
    };
    EmailAddress::parse(text).map_err(|_| FieldError { field, code })
}

/// Each kind of mail counts by itself: asking for one must not keep the owner from getting another.
/// Addresses that differ in their tags count as one mailbox.
fn recipient_charge(kind: MailKind, canonical: &str) -> Charge {
    // Hashed, so that the limiter holds no address.
    MAIL_RECIPIENT.of(&format!("{kind}:{}", hash_token(&without_tag(canonical))))
}
