//! Changing the address of an account: pending until the new one confirms;
//! the old one is notified, and can go back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use super::mail_request::check_email;
use super::verify_email::Verified;
use crate::auth::Auth;
use crate::kernel::audit::AuditEvent;
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::{AuthError, ErrorCode, Field, FieldCode};
use crate::kernel::links::{TokenExtra, UserMail};
use crate::kernel::mail::MailKind;
use crate::kernel::master_key::hash_mailed_token;
use crate::kernel::model::{EmailAddress, PendingEmail, Principal, Purpose, User, display_email};
use crate::kernel::ports::{FoundLink, StoreError, Transaction, UsedLink, Writer};
use crate::kernel::uniform_time::in_uniform_time;

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
        let meta = &meta.by(who.user.id);
        let email = check_email(Field::NewEmail, &command.new_email)
            .map_err(|error| AuthError::ValidationFailed(vec![error]))?;
        if email.as_str() == who.user.email {
            return Err(AuthError::field(Field::NewEmail, FieldCode::Unchanged));
        }
        self.require_password(who, command.password, meta).await?;
        let charges = self.mail_charges(MailKind::ConfirmNewEmail, &email, meta);
        let begin = in_uniform_time(self.begin_change(who, &email, meta));
        self.charge(&charges, meta, begin).await
    }

    async fn begin_change(
        &self,
        who: &Principal,
        email: &EmailAddress,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let now = self.clock.now();
        let may_notify = self
            .may_mail(MailKind::AlreadyRegistered, email.canonical())
            .await;
        let present = who.user.canonical_email();
        // In another spelling it is one mailbox, which gets the link.
        let may_warn = email.canonical() != present
            && self
                .may_mail(MailKind::EmailChangeRequested, &present)
                .await;
        let mut tx = self.store.begin().await?;
        // Nobody deletes the account, or ends its sessions, from here to the commit.
        let user = tx.lock_active_user(who.user.id).await?;
        let principal = tx.principal(who.session.id, now).await?;
        let (Some(user), Some(_)) = (user, principal) else {
            return Err(AuthError::Unauthenticated);
        };
        // For a taken address as well: the account page shows what is pending.
        // That token is mailed to nobody.
        let extra = TokenExtra {
            email: Some(email.clone()),
            session_id: Some(who.session.id),
            ..TokenExtra::default()
        };
        let token_id = self
            .insert_token(&mut *tx, Purpose::ChangeEmail, user.id, extra, meta)
            .await?;
        if tx.email_is_taken(email.canonical(), user.id, now).await? {
            if may_notify {
                self.notify_owner(&mut *tx, email, meta).await?;
            }
        } else {
            let mail = UserMail {
                kind: MailKind::ConfirmNewEmail,
                user: &user,
                recipient: email.as_str(),
                token_id: Some(token_id),
                other_email: None,
            };
            self.enqueue(&mut *tx, mail, meta).await?;
        }
        if may_warn {
            self.warn_of_change(&mut *tx, &user, email, meta).await?;
        }
        let event = AuditEvent::EmailChangeRequested;
        self.audit(&mut *tx, event, Some(user.id), json!({}), meta)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Notifies the present address that the account is to leave it.
    async fn warn_of_change(
        &self,
        store: &mut dyn Writer,
        user: &User,
        email: &EmailAddress,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let mail = UserMail {
            kind: MailKind::EmailChangeRequested,
            user,
            recipient: &user.email,
            token_id: None,
            other_email: Some(email.as_str()),
        };
        self.enqueue(store, mail, meta).await
    }

    /// Notifies the owner of an address that it was asked for.
    /// An address that is only reserved has none.
    pub(crate) async fn notify_owner(
        &self,
        store: &mut dyn Writer,
        email: &EmailAddress,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        match store.account_by_email(email.canonical()).await? {
            // Who deleted the account cannot sign in, and gets the link that restores it.
            Some(owner)
                if !owner.user.is_active
                    && self.resend_restore_link(store, &owner.user, meta).await? =>
            {
                Ok(())
            }
            Some(owner) => {
                let kind = MailKind::AlreadyRegistered;
                self.enqueue_mail(store, kind, &owner.user, None, meta)
                    .await
            }
            None => Ok(()),
        }
    }

    /// The change that waits for the new address to confirm.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn pending_email_change(
        &self,
        who: &Principal,
    ) -> Result<Option<PendingEmail>, AuthError> {
        let mut store = self.store.reader().await?;
        Ok(store.pending_change(who.user.id, self.clock.now()).await?)
    }

    /// Makes the link worthless that was mailed to the new address.
    /// Without a pending change nothing happens.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn cancel_email_change(
        &self,
        who: &Principal,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let meta = &meta.by(who.user.id);
        let mut tx = self.store.begin().await?;
        if !tx
            .void_pending_change(who.user.id, self.clock.now())
            .await?
        {
            return Ok(());
        }
        self.audit(
            &mut *tx,
            AuditEvent::EmailChangeCancelled,
            Some(who.user.id),
            json!({}),
            meta,
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// Uses up a token that confirms a change, and moves the account; `None` if it is none. Every
    /// session of the account ends but the one of this browser, or the one that asked if this
    /// browser has none.
    pub(crate) async fn apply_email_change(
        &self,
        mut tx: Box<dyn Transaction>,
        token_hash: &str,
        who: Option<&Principal>,
        meta: &RequestMeta,
    ) -> Result<Option<Verified>, AuthError> {
        let now = self.clock.now();
        let spent = tx.use_link(Purpose::ChangeEmail, token_hash, now).await?;
        let Some(link) = spent else {
            return Ok(None);
        };
        let (user_id, email) = (link.user_id, address_of(&link)?);
        let Some(old) = tx.user_by_id(user_id).await? else {
            return Ok(None);
        };
        let Some(user) = tx
            .change_email(user_id, &email, now)
            .await
            .map_err(|error| self.or_taken(error, user_id, meta))?
        else {
            return Ok(None);
        };
        tx.void_links(user_id).await?;
        let keep = match who.filter(|who| who.user.id == user_id) {
            Some(who) => Some(who.session.id),
            None => link.session_id,
        };
        let ended = tx.end_sessions(user_id, keep, now).await?;
        let is_former_notified = self
            .mail_to_old_address(&mut *tx, &old, &email, meta)
            .await?;
        self.audit(
            &mut *tx,
            AuditEvent::EmailChanged,
            Some(user_id),
            json!({ "ended_sessions": ended.len() }),
            meta,
        )
        .await?;
        self.commit(tx, user_id).await?;
        Ok(Some(Verified {
            user,
            is_change: true,
            is_former_notified,
        }))
    }

    /// The link that goes back is only for an address that was proved: one with a slip of the pen
    /// belongs to another person, who must not be handed the account. Without it there is nothing
    /// to do, and no mail: that address was notified of the request. Whether it was notified now.
    async fn mail_to_old_address(
        &self,
        store: &mut dyn Writer,
        old: &User,
        new_email: &EmailAddress,
        meta: &RequestMeta,
    ) -> Result<bool, AuthError> {
        // An imported address may be none that the portal accepts.
        let Some(email) = EmailAddress::parse(&old.email)
            .ok()
            .filter(|_| old.is_email_verified)
            .filter(|email| email.canonical() != new_email.canonical())
        else {
            return Ok(false);
        };
        let extra = TokenExtra {
            email: Some(email),
            session_id: None,
            ..TokenExtra::default()
        };
        let token_id = self
            .insert_token(store, Purpose::RevertEmail, old.id, extra, meta)
            .await?;
        let mail = UserMail {
            kind: MailKind::EmailChanged,
            user: old,
            recipient: &old.email,
            token_id: Some(token_id),
            other_email: Some(new_email.as_str()),
        };
        self.enqueue(store, mail, meta).await?;
        Ok(true)
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
        self.charge_token_entry(meta, async {
            let token_hash = hash_mailed_token(token);
            let purpose = Purpose::RevertEmail;
            let found = self.find_link(&token_hash).await?;
            let reverted = if found.is_some_and(|link| is_live_revert(&link)) {
                // Of no password that anybody knows.
                let mut unknown = zeroize::Zeroizing::new([0; 32]);
                self.random.fill(unknown.as_mut());
                let unknown = zeroize::Zeroizing::new(URL_SAFE_NO_PAD.encode(unknown.as_slice()));
                let unknown_hash = self.hasher.hash(&unknown, &meta.abandoned).await?;
                self.apply_revert(&token_hash, &unknown_hash, meta).await?
            } else {
                None
            };
            if let Some(user) = reverted {
                return Ok(user);
            }
            let details = json!({ "purpose": purpose.as_str() });
            self.defer_audit(AuditEvent::VerificationFailed, None, details, meta);
            Err(AuthError::InvalidToken)
        })
        .await
    }

    /// `None` if another request used the token first.
    async fn apply_revert(
        &self,
        token_hash: &str,
        unknown_hash: &str,
        meta: &RequestMeta,
    ) -> Result<Option<User>, AuthError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let spent = tx.use_link(Purpose::RevertEmail, token_hash, now).await?;
        let Some(link) = spent else {
            return Ok(None);
        };
        let (user_id, email) = (link.user_id, address_of(&link)?);
        // Using the link locked the account: this is the address that it leaves.
        let Some(left) = tx.user_by_id(user_id).await? else {
            return Ok(None);
        };
        let Some(user) = tx
            .revert_email(user_id, &email, unknown_hash, now)
            .await
            .map_err(|error| self.or_taken(error, user_id, meta))?
        else {
            return Ok(None);
        };
        tx.void_links(user_id).await?;
        tx.void_later_reverts(user_id, token_hash).await?;
        let ended = tx.end_sessions(user_id, None, now).await?;
        let details = json!({ "ended_sessions": ended.len() });
        self.audit(
            &mut *tx,
            AuditEvent::EmailReverted,
            Some(user_id),
            details,
            meta,
        )
        .await?;
        if !left.is_active {
            let event = AuditEvent::DeletionCancelled;
            self.audit(&mut *tx, event, Some(user_id), json!({}), meta)
                .await?;
        }
        self.enqueue_mail(&mut *tx, MailKind::EmailReverted, &user, None, meta)
            .await?;
        self.mail_to_left_address(&mut *tx, &left, &email, meta)
            .await?;
        self.commit(tx, user_id).await?;
        Ok(Some(user))
    }

    /// The link may have been used by an attacker who reads the former mailbox; then the owner is
    /// where the account was until now. An address that was not proved is nobody's.
    async fn mail_to_left_address(
        &self,
        store: &mut dyn Writer,
        left: &User,
        former_email: &EmailAddress,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        if !left.is_email_verified || left.canonical_email() == former_email.canonical() {
            return Ok(());
        }
        let mail = UserMail {
            kind: MailKind::EmailTakenBack,
            user: left,
            recipient: &left.email,
            token_id: None,
            other_email: Some(former_email.as_str()),
        };
        self.enqueue(store, mail, meta).await
    }

    /// What a mailed revert link would do; `None` if nothing.
    /// For showing a page; it changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn revert_link(&self, token: &str) -> Result<Option<RevertLink>, AuthError> {
        let found = self.find_link(&hash_mailed_token(token)).await?;
        let email = found.filter(is_live_revert).and_then(|link| link.email);
        Ok(email.map(|email| RevertLink {
            email: display_email(&email),
        }))
    }

    /// Another account has the address by now.
    fn or_taken(&self, error: StoreError, user_id: Uuid, meta: &RequestMeta) -> AuthError {
        if matches!(error, StoreError::Conflict) {
            self.defer_refusal(ErrorCode::EmailTaken, Some(user_id), meta);
            return AuthError::EmailTaken;
        }
        error.into()
    }
}

fn is_live_revert(link: &FoundLink) -> bool {
    link.is_live && link.purpose == Purpose::RevertEmail
}

/// Where a link moves its account.
fn address_of(link: &UsedLink) -> Result<EmailAddress, AuthError> {
    let email = link.email.as_deref().unwrap_or_default();
    EmailAddress::parse(email).map_err(AuthError::internal)
}
