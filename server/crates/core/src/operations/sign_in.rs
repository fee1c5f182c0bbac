//! Signing in with address and password.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use uuid::Uuid;

use super::reauthentication::canonical_of;
use super::sessions::{NewSession, SignedIn};
use crate::audit::AuditEvent;
use crate::auth::{Auth, RegistrationMode, RequestMeta, quotas};
use crate::error::{AuthError, Field};
use crate::hashing::Verdict;
use crate::mail::MailKind;
use crate::model::{Account, EmailAddress, SessionKind, SignInMethod, clean_name};

/// A sign-in form or body.
pub struct SignIn {
    pub email: String,
    pub password: SecretString,
    pub kind: SessionKind,
    pub is_persistent: bool,
    /// The client's own name for the device.
    pub device_name: Option<String>,
    /// The accounts that this browser has signed in to before (it cannot know which one the address belongs to). For the
    /// API the core finds out by itself.
    pub known_users: Vec<Uuid>,
}

/// The limits that one password entry was counted against.
pub(super) struct Attempt {
    account_key: String,
    network_key: String,
}

impl Auth {
    /// Checks the password and begins a session.
    ///
    /// Unknown account, inactive account, empty password and wrong password cost the same and answer the same.
    /// Only failures count against the limits, which are taken before the hash so that parallel guesses cannot pass them.
    ///
    /// # Errors
    /// [`AuthError::InvalidCredentials`], [`AuthError::RateLimited`], [`AuthError::Overloaded`];
    /// [`AuthError::ValidationFailed`] for a device name that breaks the rules of names.
    pub async fn sign_in(
        &self,
        command: SignIn,
        meta: &RequestMeta,
    ) -> Result<SignedIn, AuthError> {
        let device_name = clean_name(Field::DeviceName, command.device_name.as_deref())
            .map_err(|error| AuthError::ValidationFailed(vec![error]))?;
        let email = EmailAddress::parse(&command.email).ok();
        let account = email
            .as_ref()
            .map_or(command.email.as_str(), EmailAddress::canonical);
        let attempt = self.take_attempt(account, None, meta).await?;

        let new = NewSession {
            kind: command.kind,
            method: SignInMethod::Password,
            is_persistent: command.is_persistent,
            device_name: device_name.as_deref(),
        };
        let known = &command.known_users;
        let result = self
            .check_and_issue(email.as_ref(), &command.password, new, known, meta)
            .await;
        match &result {
            Err(AuthError::InvalidCredentials) => {}
            Ok(_) => {
                self.return_attempt(&attempt).await;
                self.reset_limit(&attempt.account_key).await;
            }
            Err(_) => self.return_attempt(&attempt).await,
        }
        result
    }

    /// Counts one password entry against the account and the caller's network, before it is checked.
    pub(super) async fn take_attempt(
        &self,
        account: &str,
        user_id: Option<Uuid>,
        meta: &RequestMeta,
    ) -> Result<Attempt, AuthError> {
        let attempt = Attempt {
            account_key: account_key(account),
            network_key: format!("sign_in:network:{}", meta.network()),
        };
        let result = self.take_both(&attempt).await;
        if matches!(result, Err(AuthError::RateLimited { .. })) {
            self.audit_limited(&attempt.network_key, user_id, meta)
                .await;
        }
        result.map(|()| attempt)
    }

    /// One event a minute and network, so that a flood of refused attempts does not become a flood of writes.
    async fn audit_limited(&self, network_key: &str, user_id: Option<Uuid>, meta: &RequestMeta) {
        let key = format!("audit:{network_key}");
        if self.take(&key, quotas::AUDIT_LIMITED).await.is_err() {
            return;
        }
        let written = self
            .audit_alone(AuditEvent::LoginLimited, user_id, json!({}), meta)
            .await;
        if let Err(error) = written {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a limited sign-in was not audited"
            );
        }
    }

    async fn take_both(&self, attempt: &Attempt) -> Result<(), AuthError> {
        self.take(&attempt.network_key, quotas::SIGN_IN_NETWORK)
            .await?;
        let result = self
            .take(&attempt.account_key, quotas::SIGN_IN_ACCOUNT)
            .await;
        if result.is_err() {
            self.give_back(&attempt.network_key, quotas::SIGN_IN_NETWORK)
                .await;
        }
        result
    }

    /// The entry was no failure: it does not count.
    pub(super) async fn return_attempt(&self, attempt: &Attempt) {
        self.give_back(&attempt.network_key, quotas::SIGN_IN_NETWORK)
            .await;
        self.give_back(&attempt.account_key, quotas::SIGN_IN_ACCOUNT)
            .await;
    }

    async fn check_and_issue(
        &self,
        email: Option<&EmailAddress>,
        password: &SecretString,
        new: NewSession<'_>,
        known_users: &[Uuid],
        meta: &RequestMeta,
    ) -> Result<SignedIn, AuthError> {
        let account = match email {
            Some(email) => {
                self.store
                    .connect()
                    .await?
                    .account_by_email(email.canonical())
                    .await?
            }
            None => None,
        };
        let stored = account
            .as_ref()
            .map(|account| account.password_hash.as_str());
        let verdict = self.hasher.verify(password.expose_secret(), stored).await?;
        let new_hash = match &verdict {
            Verdict::Wrong => None,
            Verdict::Right => Some(None),
            Verdict::RightWithNewHash(hash) => Some(Some(hash.as_str())),
        };
        if let (Some(account), Some(new_hash)) = (&account, new_hash)
            && self.is_admitted(account)
            && let Some(signed_in) = self
                .begin_session(account, new_hash, new, known_users, meta)
                .await?
        {
            return Ok(signed_in);
        }
        let user_id = account.map(|account| account.user.id);
        self.audit_failure(user_id, meta).await?;
        Err(AuthError::InvalidCredentials)
    }

    /// An account that was removed since it was read is one that never was: the event is nobody's then.
    async fn audit_failure(
        &self,
        user_id: Option<Uuid>,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let event = AuditEvent::LoginFailure;
        match self.audit_alone(event, user_id, json!({}), meta).await {
            Err(AuthError::Unauthenticated) => self.audit_alone(event, None, json!({}), meta).await,
            written => written,
        }
    }

    /// In private mode only who has proved the mailbox may sign in: otherwise whoever registers an address could tell by
    /// signing in whether it had an account before.
    fn is_admitted(&self, account: &Account) -> bool {
        match self.settings.registration {
            RegistrationMode::Open => true,
            RegistrationMode::Private => account.user.is_email_verified,
        }
    }

    /// `None` if the account became inactive or its password changed since it was verified.
    async fn begin_session(
        &self,
        account: &Account,
        new_hash: Option<&str>,
        new: NewSession<'_>,
        known_users: &[Uuid],
        meta: &RequestMeta,
    ) -> Result<Option<SignedIn>, AuthError> {
        let tells_owner = self
            .is_worth_a_mail(account, &new, known_users, meta)
            .await?;
        let mut tx = self.store.begin().await?;
        let user = tx
            .record_sign_in(
                account.user.id,
                &account.password_hash,
                new_hash,
                self.clock.now(),
            )
            .await?;
        let Some(user) = user else { return Ok(None) };
        if tells_owner {
            self.enqueue_mail(&mut *tx, MailKind::NewDevice, &user, None, meta)
                .await?;
        }
        let signed_in = self.issue_session(&mut *tx, user, new, meta).await?;
        let details =
            json!({ "session": signed_in.session.id, "method": signed_in.session.method.as_str() });
        self.audit(
            &mut *tx,
            AuditEvent::LoginSuccess,
            Some(signed_in.user.id),
            details,
            meta,
        )
        .await?;
        self.commit(tx, signed_in.user.id, &[]).await?;
        Ok(Some(signed_in))
    }

    /// Whether the owner should hear of this sign-in: it is on a device that the account was not used on before, and not
    /// the account's first. A browser brings the proof with it; an API client is known by its name and user agent.
    async fn is_worth_a_mail(
        &self,
        account: &Account,
        new: &NewSession<'_>,
        known_users: &[Uuid],
        meta: &RequestMeta,
    ) -> Result<bool, AuthError> {
        let is_browser = new.kind == SessionKind::Browser;
        if is_browser && known_users.contains(&account.user.id) {
            return Ok(false);
        }
        let device = new.device(meta);
        let mut store = self.store.connect().await?;
        let history = store
            .sign_in_history(account.user.id, &device, meta.user_agent.as_deref())
            .await?;
        let is_known = !is_browser && history.knows_device;
        let is_first = account.user.last_login_at.is_none() && !history.has_sessions;
        drop(store);
        let is_new = !is_known && !is_first;
        Ok(is_new
            && self
                .may_mail(MailKind::NewDevice, &canonical_of(&account.user))
                .await)
    }
}

/// The limiter's key of an account: its canonical address, hashed so that the limiter holds no address.
pub(crate) fn account_key(canonical: &str) -> String {
    format!("sign_in:account:{}", crate::crypto::hash_token(canonical))
}
