//! Changing the address of an account: pending until the new one confirms;
//! the old one is notified, and can go back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::mail_request::{check_email, notify_owner};
use crate::auth::Auth;
use crate::kernel::model::{EmailAddress, PendingEmail, Principal, Purpose, User, display_email};
use crate::kernel::ports::{StoreError, UsedLink};
use crate::kernel::{
    AuditEvent, AuthError, Call, ErrorCode, Field, FieldCode, FieldError, LinkExtra, MailKind,
    RequestMeta, UserMail, Work, hash_mailed_token, in_uniform_time,
};
use crate::sign_in::require_password;

/// A change-address form or body.
pub struct ChangeEmail {
    pub new_email: String,
    /// Wanted unless it was given in this session lately.
    pub password: Option<SecretString>,
}

/// What a live revert link would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevertLink {
    /// The address that the account goes back to.
    pub email: String,
}

impl Auth {
    /// Mails a link to the new address; the account moves there once it is used. The present
    /// address is notified. A later request takes the place of an earlier one.
    ///
    /// Whether the new address has an account does not show, neither in the answer and its time nor
    /// in what the caller sees of the account afterwards; the owner of the address gets a mail.
    ///
    /// # Errors
    /// [`AuthError::ValidationFailed`] for an address that is none or is written as the present
    /// one; [`AuthError::ReauthenticationRequired`] and [`AuthError::InvalidCredentials`] for a
    /// password that is wanted or wrong; [`AuthError::Unauthenticated`] if the session ended
    /// meanwhile; [`AuthError::RateLimited`], [`AuthError::Overloaded`].
    pub async fn request_email_change(
        &self,
        who: &Principal,
        command: ChangeEmail,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let call = &self.call_by(who, meta);
        let email = check_email(Field::NewEmail, &command.new_email)?;
        if email.as_str() == who.user.email {
            let (field, code) = (Field::NewEmail, FieldCode::Unchanged);
            return Err(FieldError { field, code }.into());
        }
        require_password(call, who, command.password).await?;
        let charges = call.mail_charges(MailKind::ConfirmNewEmail, &email);
        let begin = in_uniform_time(begin_change(call, who, &email));
        call.charge(&charges, begin).await
    }

    /// The change that waits for the new address to confirm.
    pub async fn pending_email_change(
        &self,
        who: &Principal,
    ) -> Result<Option<PendingEmail>, AuthError> {
        let mut store = self.core.store.reader().await?;
        let now = self.core.clock.now();
        Ok(store.pending_change(who.user.id, now).await?)
    }

    /// Makes the link worthless that was mailed to the new address.
    /// Without a pending change nothing happens.
    pub async fn cancel_email_change(
        &self,
        who: &Principal,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let call = self.call_by(who, meta);
        let user_id = who.user.id;
        let mut work = call.begin().await?;
        if !work.void_pending_change(user_id, call.now).await? {
            return Ok(());
        }
        work.audit(AuditEvent::EmailChangeCancelled, user_id, json!({}))
            .await?;
        work.commit().await
    }

    /// Moves the account back to the address that the link was mailed to, for an owner who did not
    /// change it. The one who did is signed out: every session ends, the password is void (it is
    /// set anew over the mailbox), and so is every mailed token, but for those that go back to
    /// still earlier addresses. A deletion that was scheduled is off. The address that the account
    /// leaves is notified.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`]; [`AuthError::RateLimited`], [`AuthError::Overloaded`].
    pub async fn revert_email_change(
        &self,
        token: &str,
        meta: &RequestMeta,
    ) -> Result<User, AuthError> {
        let call = &self.call(meta);
        call.charge_token_entry(async {
            let link = call.core.live_link(Purpose::RevertEmail, token).await?;
            let reverted = if link.is_some() {
                // Of no password that anybody knows.
                let mut unknown = zeroize::Zeroizing::new([0; 32]);
                call.core.random.fill(unknown.as_mut());
                let unknown = zeroize::Zeroizing::new(URL_SAFE_NO_PAD.encode(unknown.as_slice()));
                let unknown_hash = call.hash(&unknown).await?;
                revert(call, &hash_mailed_token(token), &unknown_hash).await?
            } else {
                None
            };
            if let Some(user) = reverted {
                return Ok(user);
            }
            Err(call.refuse_link(Purpose::RevertEmail))
        })
        .await
    }

    /// What a mailed revert link would do; `None` if nothing.
    /// For showing a page; it changes nothing.
    pub async fn revert_link(&self, token: &str) -> Result<Option<RevertLink>, AuthError> {
        let link = self.core.live_link(Purpose::RevertEmail, token).await?;
        let email = link.and_then(|link| link.email);
        Ok(email.map(|email| RevertLink {
            email: display_email(&email),
        }))
    }
}

async fn begin_change(
    call: &Call<'_>,
    who: &Principal,
    email: &EmailAddress,
) -> Result<(), AuthError> {
    let call = &call.later();
    let canonical = email.canonical();
    let may_notify = call.may_mail(MailKind::AlreadyRegistered, canonical).await;
    let present = who.user.canonical_email();
    let warning = MailKind::EmailChangeRequested;
    // In another spelling it is one mailbox, which gets the link.
    let may_warn = canonical != present && call.may_mail(warning, &present).await;
    let mut work = call.begin().await?;
    // Nobody deletes the account, or ends its sessions, from here to the commit.
    let user = work.lock_active_user(who.user.id).await?;
    let principal = work.principal(who.session.id, call.now).await?;
    let (Some(user), Some(_)) = (user, principal) else {
        return Err(AuthError::Unauthenticated);
    };
    // For a taken address as well: the account page shows what is pending.
    // That token is mailed to nobody.
    let extra = LinkExtra {
        email: Some(email.clone()),
        session_id: Some(who.session.id),
        ..LinkExtra::default()
    };
    let token_id = work.link(Purpose::ChangeEmail, user.id, extra).await?;
    if work.email_is_taken(canonical, user.id, call.now).await? {
        if may_notify {
            notify_owner(&mut work, email).await?;
        }
    } else {
        let mail = UserMail::new(MailKind::ConfirmNewEmail, &user);
        work.mail(mail.to(email.as_str()).with_link(token_id))
            .await?;
    }
    if may_warn {
        // Notifies the present address that the account is to leave it.
        work.mail(UserMail::new(warning, &user).about(email.as_str()))
            .await?;
    }
    work.audit(AuditEvent::EmailChangeRequested, user.id, json!({}))
        .await?;
    work.commit().await
}

/// Uses up a link that confirms a change, and moves the account; `None` if it is none. Every
/// session of the account ends but the one of this browser, or the one that asked if this browser
/// has none. It also says whether the address that the account left was notified.
pub(super) async fn confirm_change(
    mut work: Work<'_>,
    token_hash: &str,
    who: Option<&Principal>,
) -> Result<Option<(User, bool)>, AuthError> {
    let (call, now) = (work.call, work.call.now);
    let spent = work.use_link(Purpose::ChangeEmail, token_hash, now).await?;
    let Some(link) = spent else {
        return Ok(None);
    };
    let (user_id, email) = (link.user_id, address_of(&link)?);
    let Some(old) = work.user_by_id(user_id).await? else {
        return Ok(None);
    };
    let moved = work.change_email(user_id, &email, now).await;
    let Some(user) = moved.map_err(|error| or_taken(call, error, user_id))? else {
        return Ok(None);
    };
    work.void_links(user_id).await?;
    let keep = match who.filter(|who| who.user.id == user_id) {
        Some(who) => Some(who.session.id),
        None => link.session_id,
    };
    let ended = work.end_sessions(user_id, keep, now).await?;
    let is_former_notified = mail_to_old_address(&mut work, &old, &email).await?;
    let details = json!({ "ended_sessions": ended.len() });
    work.audit(AuditEvent::EmailChanged, user_id, details)
        .await?;
    work.commit().await?;
    Ok(Some((user, is_former_notified)))
}

/// The link that goes back is only for an address that was proved: one with a slip of the pen
/// belongs to another person, who must not be handed the account. Without it there is nothing
/// to do, and no mail: that address was notified of the request. Whether it was notified now.
async fn mail_to_old_address(
    work: &mut Work<'_>,
    old: &User,
    new_email: &EmailAddress,
) -> Result<bool, AuthError> {
    // An imported address may be none that the portal accepts.
    let Some(email) = EmailAddress::parse(&old.email)
        .ok()
        .filter(|_| old.is_email_verified)
        .filter(|email| email.canonical() != new_email.canonical())
    else {
        return Ok(false);
    };
    let extra = LinkExtra {
        email: Some(email),
        ..LinkExtra::default()
    };
    let token_id = work.link(Purpose::RevertEmail, old.id, extra).await?;
    let mail = UserMail::new(MailKind::EmailChanged, old).with_link(token_id);
    work.mail(mail.about(new_email.as_str())).await?;
    Ok(true)
}

/// `None` if another request used the token first.
async fn revert(
    call: &Call<'_>,
    token_hash: &str,
    unknown_hash: &str,
) -> Result<Option<User>, AuthError> {
    let call = &call.later();
    let now = call.now;
    let mut work = call.begin().await?;
    let spent = work.use_link(Purpose::RevertEmail, token_hash, now).await?;
    let Some(link) = spent else {
        return Ok(None);
    };
    let (user_id, email) = (link.user_id, address_of(&link)?);
    // Using the link locked the account: this is the address that it leaves.
    let Some(left) = work.user_by_id(user_id).await? else {
        return Ok(None);
    };
    let moved = work.revert_email(user_id, &email, unknown_hash, now).await;
    let Some(user) = moved.map_err(|error| or_taken(call, error, user_id))? else {
        return Ok(None);
    };
    work.void_links(user_id).await?;
    work.void_later_reverts(user_id, token_hash).await?;
    let ended = work.end_sessions(user_id, None, now).await?;
    let details = json!({ "ended_sessions": ended.len() });
    work.audit(AuditEvent::EmailReverted, user_id, details)
        .await?;
    if !left.is_active {
        work.audit(AuditEvent::DeletionCancelled, user_id, json!({}))
            .await?;
    }
    work.mail(UserMail::new(MailKind::EmailReverted, &user))
        .await?;
    // The link may have been used by an attacker who reads the former mailbox; then the owner is
    // where the account was until now. An address that was not proved is nobody's.
    if left.is_email_verified && left.canonical_email() != email.canonical() {
        let mail = UserMail::new(MailKind::EmailTakenBack, &left);
        work.mail(mail.about(email.as_str())).await?;
    }
    work.commit().await?;
    Ok(Some(user))
}

/// Another account has the address by now.
fn or_taken(call: &Call<'_>, error: StoreError, user_id: Uuid) -> AuthError {
    if matches!(error, StoreError::Conflict) {
        call.refused(ErrorCode::EmailTaken, Some(user_id));
        return AuthError::EmailTaken;
    }
    error.into()
}

/// Where a link moves its account.
fn address_of(link: &UsedLink) -> Result<EmailAddress, AuthError> {
    let email = link.email.as_deref().unwrap_or_default();
    EmailAddress::parse(email).map_err(AuthError::internal)
}
