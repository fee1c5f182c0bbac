//! Registration.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::mail_request::{check_email, notify_owner};
use crate::auth::Auth;
use crate::kernel::limits::REGISTER_NETWORK;
use crate::kernel::model::{EmailAddress, NewUser, SessionKind, SignInMethod, User, clean_name};
use crate::kernel::ports::StoreError;
use crate::kernel::{
    AuditEvent, AuthError, Call, Field, MailKind, RegistrationMode, RequestMeta, Work,
    in_uniform_time,
};
use crate::sessions::{NewSession, SignedIn};
use crate::sign_in::check_new_password;

/// A registration form or body.
pub struct Register {
    pub email: String,
    pub password: SecretString,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    /// The face that the new session is for.
    pub kind: SessionKind,
}

/// What registration gives.
pub enum Registered {
    /// Open mode: the new user, signed in.
    SignedIn(Box<SignedIn>),
    /// Private mode: the mailbox says what happened, whether the address was new or taken.
    CheckInbox,
}

/// The address, the first name and the last name, after their checks.
type CheckedInput = (EmailAddress, Option<String>, Option<String>);

impl Auth {
    /// Makes an account, with the mail that welcomes its owner and verifies the address.
    ///
    /// # Errors
    /// [`AuthError::ValidationFailed`] naming every invalid field, [`AuthError::EmailTaken`] in
    /// open mode, [`AuthError::RateLimited`], [`AuthError::Overloaded`].
    pub async fn register(
        &self,
        command: Register,
        meta: &RequestMeta,
    ) -> Result<Registered, AuthError> {
        let call = &self.call(meta);
        let charges = call.network_charges(REGISTER_NETWORK);
        call.charge(&charges, self.register_admitted(call, command))
            .await
    }

    async fn register_admitted(
        &self,
        call: &Call<'_>,
        command: Register,
    ) -> Result<Registered, AuthError> {
        let (email, first_name, last_name) = check_registration(call, &command).await?;
        let password_hash = call.hash(command.password.expose_secret()).await?;
        let call = &call.later();
        let user = NewUser {
            id: call.new_id(),
            email,
            password_hash,
            first_name,
            last_name,
            language: call.meta.language,
            created_at: call.now,
        };
        match call.core.settings.registration {
            RegistrationMode::Open => self.register_openly(call, &user, command.kind).await,
            RegistrationMode::Private => {
                // Counted for a taken address as well.
                let mails = call.mailbox_charges(MailKind::Welcome, &user.email);
                let register = in_uniform_time(register_privately(call, &user));
                call.charge(&mails, register).await
            }
        }
    }

    async fn register_openly(
        &self,
        call: &Call<'_>,
        new_user: &NewUser,
        kind: SessionKind,
    ) -> Result<Registered, AuthError> {
        let mut work = call.begin().await?;
        let Some(user) = insert_user(&mut work, new_user).await? else {
            let details = json!({ "reason": "email_taken" });
            call.audit_later(AuditEvent::RegistrationRefused, None, details);
            return Err(AuthError::EmailTaken);
        };
        // Not before the address is known to be free: a taken one costs no mail.
        let mails = call.mailbox_charges(MailKind::Welcome, &new_user.email);
        let new = NewSession {
            kind,
            method: SignInMethod::Registration,
            is_persistent: kind == SessionKind::Api,
            device_name: None,
        };
        let sign_in = async move {
            let hash = &new_user.password_hash;
            let signed_in = new.issue(&mut work, &self.signer, user, hash).await?;
            work.commit().await?;
            Ok(Registered::SignedIn(Box::new(signed_in)))
        };
        call.charge(&mails, sign_in).await
    }
}

async fn check_registration(
    call: &Call<'_>,
    command: &Register,
) -> Result<CheckedInput, AuthError> {
    let email = check_email(Field::Email, &command.email);
    let first_name = clean_name(Field::FirstName, command.first_name.as_deref());
    let last_name = clean_name(Field::LastName, command.last_name.as_deref());
    let own_words = [
        email.as_ref().ok().map(EmailAddress::as_str),
        first_name.as_ref().ok().and_then(Option::as_deref),
        last_name.as_ref().ok().and_then(Option::as_deref),
    ];
    let password = check_new_password(call, Field::Password, &command.password, own_words).await?;
    match (email, first_name, last_name, password) {
        (Ok(email), Ok(first_name), Ok(last_name), Ok(())) => Ok((email, first_name, last_name)),
        (email, first_name, last_name, password) => Err(AuthError::invalid([
            email.err(),
            password.err(),
            first_name.err(),
            last_name.err(),
        ])),
    }
}

/// One transaction whether the address is new or taken: it waits for other writers once.
async fn register_privately(call: &Call<'_>, new_user: &NewUser) -> Result<Registered, AuthError> {
    let (kind, canonical) = (MailKind::AlreadyRegistered, new_user.email.canonical());
    // Asked for a new address as well, in the same time.
    let may_notify = call.may_mail(kind, canonical).await;
    let mut work = call.begin().await?;
    if insert_user(&mut work, new_user).await?.is_none() {
        if may_notify {
            notify_owner(&mut work, &new_user.email).await?;
        }
        let details = json!({ "reason": "email_taken" });
        work.audit(AuditEvent::RegistrationRefused, None, details)
            .await?;
    }
    work.commit().await?;
    Ok(Registered::CheckInbox)
}

/// Writes the user, the mail and the event; `None`, and none of them, if the address is taken.
async fn insert_user(work: &mut Work<'_>, new_user: &NewUser) -> Result<Option<User>, AuthError> {
    let user = match work.insert_user(new_user).await {
        Ok(user) => user,
        Err(StoreError::Conflict) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    work.mail_link(MailKind::Welcome, &user).await?;
    work.audit(AuditEvent::UserRegistered, user.id, json!({}))
        .await?;
    Ok(Some(user))
}
