//! Registration.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::mail_request::check_email;
use crate::auth::Auth;
use crate::kernel::audit::AuditEvent;
use crate::kernel::call::RequestMeta;
use crate::kernel::core::RegistrationMode;
use crate::kernel::errors::{AuthError, Field};
use crate::kernel::limits::REGISTER_NETWORK;
use crate::kernel::mail::MailKind;
use crate::kernel::model::{
    EmailAddress, NewUser, Purpose, SessionKind, SignInMethod, User, clean_name,
};
use crate::kernel::ports::{StoreError, Writer};
use crate::kernel::uniform_time::in_uniform_time;
use crate::sessions::{NewSession, SignedIn};

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

/// The input after its checks.
struct CheckedInput {
    email: EmailAddress,
    first_name: Option<String>,
    last_name: Option<String>,
}

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
        let charges = self.network_charges(REGISTER_NETWORK, meta);
        let register = self.register_admitted(command, meta);
        self.charge(&charges, meta, register).await
    }

    async fn register_admitted(
        &self,
        command: Register,
        meta: &RequestMeta,
    ) -> Result<Registered, AuthError> {
        let input = self.check_registration(&command, meta).await?;
        let password = command.password.expose_secret();
        let password_hash = self.hasher.hash(password, &meta.abandoned).await?;
        let user = NewUser {
            id: self.new_id(),
            email: input.email,
            password_hash,
            first_name: input.first_name,
            last_name: input.last_name,
            language: meta.language,
            created_at: self.clock.now(),
        };
        match self.settings.registration {
            RegistrationMode::Open => self.register_openly(&user, command.kind, meta).await,
            RegistrationMode::Private => {
                // Counted for a taken address as well.
                let mails = self.mailbox_charges(MailKind::Welcome, &user.email);
                let register = in_uniform_time(self.register_privately(&user, meta));
                self.charge(&mails, meta, register).await
            }
        }
    }

    async fn check_registration(
        &self,
        command: &Register,
        meta: &RequestMeta,
    ) -> Result<CheckedInput, AuthError> {
        let email = check_email(Field::Email, &command.email);
        let first_name = clean_name(Field::FirstName, command.first_name.as_deref());
        let last_name = clean_name(Field::LastName, command.last_name.as_deref());
        let own_words = [
            email.as_ref().ok().map(EmailAddress::as_str),
            first_name.as_ref().ok().and_then(Option::as_deref),
            last_name.as_ref().ok().and_then(Option::as_deref),
        ];
        let password = self
            .check_new_password(Field::Password, &command.password, own_words, meta)
            .await?;
        match (email, first_name, last_name, password) {
            (Ok(email), Ok(first_name), Ok(last_name), Ok(())) => Ok(CheckedInput {
                email,
                first_name,
                last_name,
            }),
            (email, first_name, last_name, password) => {
                let errors = [
                    email.err(),
                    password.err(),
                    first_name.err(),
                    last_name.err(),
                ];
                Err(AuthError::ValidationFailed(
                    errors.into_iter().flatten().collect(),
                ))
            }
        }
    }

    async fn register_openly(
        &self,
        new_user: &NewUser,
        kind: SessionKind,
        meta: &RequestMeta,
    ) -> Result<Registered, AuthError> {
        let mut tx = self.store.begin().await?;
        let Some(user) = self.insert_user(&mut *tx, new_user, meta).await? else {
            return Err(self.refused_taken_address(meta));
        };
        // Not before the address is known to be free: a taken one costs no mail.
        let mails = self.mailbox_charges(MailKind::Welcome, &new_user.email);
        let new = NewSession {
            kind,
            method: SignInMethod::Registration,
            is_persistent: kind == SessionKind::Api,
            device_name: None,
        };
        let sign_in = async move {
            let signed_in = self
                .issue_session(&mut *tx, user, &new_user.password_hash, new, meta)
                .await?;
            tx.commit().await?;
            Ok(Registered::SignedIn(Box::new(signed_in)))
        };
        self.charge(&mails, meta, sign_in).await
    }

    /// One transaction whether the address is new or taken: it waits for other writers once.
    async fn register_privately(
        &self,
        new_user: &NewUser,
        meta: &RequestMeta,
    ) -> Result<Registered, AuthError> {
        let (kind, canonical) = (MailKind::AlreadyRegistered, new_user.email.canonical());
        // Asked for a new address as well, in the same time.
        let may_notify = self.may_mail(kind, canonical).await;
        let mut tx = self.store.begin().await?;
        if self.insert_user(&mut *tx, new_user, meta).await?.is_none() {
            if may_notify {
                self.notify_owner(&mut *tx, &new_user.email, meta).await?;
            }
            let details = json!({ "reason": "email_taken" });
            let event = AuditEvent::RegistrationRefused;
            self.audit(&mut *tx, event, None, details, meta).await?;
        }
        tx.commit().await?;
        Ok(Registered::CheckInbox)
    }

    /// Writes the user, the mail and the audit event; `None`, and none of them, if the address is
    /// taken.
    async fn insert_user(
        &self,
        store: &mut dyn Writer,
        new_user: &NewUser,
        meta: &RequestMeta,
    ) -> Result<Option<User>, AuthError> {
        let user = match store.insert_user(new_user).await {
            Ok(user) => user,
            Err(StoreError::Conflict) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (purpose, kind) = (Purpose::VerifyEmail, MailKind::Welcome);
        self.mail_token(store, purpose, kind, &user, meta).await?;
        let event = AuditEvent::UserRegistered;
        self.audit(store, event, Some(user.id), json!({}), meta)
            .await?;
        Ok(Some(user))
    }

    fn refused_taken_address(&self, meta: &RequestMeta) -> AuthError {
        let details = json!({ "reason": "email_taken" });
        self.defer_audit(AuditEvent::RegistrationRefused, None, details, meta);
        AuthError::EmailTaken
    }
}
