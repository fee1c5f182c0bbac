//! Mails that anybody can ask for by naming an address: the answer says nothing about the address.

use serde_json::json;
use uuid::Uuid;

use super::delete::resend_restore_link;
use crate::kernel::model::{EmailAddress, Purpose, User};
use crate::kernel::ports::FoundLink;
use crate::kernel::{
    AuditEvent, AuthError, Call, Field, FieldCode, FieldError, MailKind, UserMail, Work,
    in_uniform_time,
};

/// A mail with a token, and who gets it.
pub(crate) struct MailRequest {
    pub kind: MailKind,
    pub event: AuditEvent,
    pub is_wanted: fn(&User) -> bool,
    /// Whether an account that is scheduled for deletion gets the link that keeps it instead: its
    /// owner, who wants back in, may have lost that mail.
    pub keeps_accounts: bool,
}

impl MailRequest {
    /// Mails the link if the address has an account that wants it. The answer is the same in the
    /// same time either way, and a database that cannot write fails for both alike.
    pub async fn by_address(&self, call: &Call<'_>, email: &str) -> Result<(), AuthError> {
        let email = check_email(Field::Email, email)?;
        // Unknown addresses count like known ones.
        let charges = call.mail_charges(self.kind, &email);
        let answer = in_uniform_time(async {
            let mut work = call.begin().await?;
            let account = work.account_by_email(email.canonical()).await?;
            let user_id = match account {
                Some(account) => self.answer(&mut work, &account.user).await?,
                None => None,
            };
            work.audit(self.event, user_id, json!({})).await?;
            work.commit().await
        });
        call.charge(&charges, answer).await
    }

    /// Mails what the account may have of the request; its id if that is anything.
    async fn answer(&self, work: &mut Work<'_>, user: &User) -> Result<Option<Uuid>, AuthError> {
        // Locked, so that the account does not move to another
        // address before its link is written: the moving voids those.
        let locked = work.lock_active_user(user.id).await?;
        if locked.is_some_and(|it| it.email == user.email && (self.is_wanted)(&it)) {
            work.mail_link(self.kind, user).await?;
            return Ok(Some(user.id));
        }
        let is_kept = self.keeps_accounts && resend_restore_link(work, user).await?;
        Ok(is_kept.then_some(user.id))
    }

    /// Mails the link to the account of an earlier mail that the caller has the link of, so that
    /// nobody types an address again. Nothing happens for a link that is not known.
    pub async fn by_link(&self, call: &Call<'_>, token: &str) -> Result<(), AuthError> {
        call.charge_token_entry(async {
            let link = call.core.find_link(token).await?;
            match link.and_then(mailbox_of) {
                Some(email) => Box::pin(self.by_address(call, &email)).await,
                None => Ok(()),
            }
        })
        .await
    }
}

/// Notifies the owner of an address that it was asked for.
/// An address that is only reserved has none.
pub(super) async fn notify_owner(
    work: &mut Work<'_>,
    email: &EmailAddress,
) -> Result<(), AuthError> {
    let Some(owner) = work.account_by_email(email.canonical()).await? else {
        return Ok(());
    };
    // Who deleted the account cannot sign in, and gets the link that restores it.
    if !owner.user.is_active && resend_restore_link(work, &owner.user).await? {
        return Ok(());
    }
    work.mail(UserMail::new(MailKind::AlreadyRegistered, &owner.user))
        .await
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
