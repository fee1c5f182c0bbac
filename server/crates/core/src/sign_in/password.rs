//! Signing in with address and password.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::known_browser::KnownBrowserProof;
use crate::auth::Auth;
use crate::kernel::audit::AuditEvent;
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::{AuthError, Field};
use crate::kernel::limits::AttemptKey;
use crate::kernel::links::UserMail;
use crate::kernel::mail::MailKind;
use crate::kernel::master_key::hash_token;
use crate::kernel::model::{
    Account, EmailAddress, SessionKind, SignInMethod, UNKNOWN_DEVICE, clean_name,
};
use crate::kernel::passwords::hasher::{HashPermit, Verdict};
use crate::kernel::ports::{NewSignIn, SignInHistory};
use crate::sessions::{NewSession, SignedIn};

/// A sign-in form or body.
pub struct SignIn {
    pub email: String,
    pub password: SecretString,
    pub kind: SessionKind,
    pub is_persistent: bool,
    /// The client's own name for the device.
    pub device_name: Option<String>,
    /// What this browser keeps of the accounts that it has signed in to before, or set the password
    /// of (it cannot know which one the address belongs to). API clients bring nothing of that:
    /// they share the limit of everybody.
    pub known_browser_proofs: Vec<KnownBrowserProof>,
}

/// The account that a sign-in is for, and what is known of its earlier sign-ins.
type Found = (Account, SignInHistory);

impl Auth {
    /// Checks the password and begins a session.
    ///
    /// Unknown account, inactive account, empty password and wrong password cost the same and
    /// answer the same. Only failures count against the limits, which are taken before the hash so
    /// that parallel guesses cannot pass them. The network's limit is asked before the account is
    /// looked up, but for a browser that brings a proof that it is known.
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
        let new = NewSession {
            kind: command.kind,
            method: SignInMethod::Password,
            is_persistent: command.is_persistent,
            device_name: device_name.as_deref(),
        };
        // First of all: in a storm a request that cannot be served costs no look-up and is answered
        // at once.
        let permit = self.hasher.reserve()?;
        let email = EmailAddress::parse(&command.email).ok();
        // A known browser is not bound by its network; that takes a look-up.
        let network = if command.known_browser_proofs.is_empty() {
            Some(self.take_network(meta).await?)
        } else {
            None
        };
        let found = self.account_to_sign_in(email.as_ref(), &new, meta).await?;
        let known = &command.known_browser_proofs;
        let is_known = found
            .as_ref()
            .is_some_and(|(account, _)| self.is_known(account, known));
        let attempt_key = match &found {
            Some((account, _)) if is_known => AttemptKey::Known(account.user.id),
            _ => AttemptKey::Unknown(
                email
                    .as_ref()
                    .map_or(&command.email, EmailAddress::canonical),
            ),
        };
        let user_id = found.as_ref().map(|(account, _)| account.user.id);
        let attempt = self
            .take_attempt(network, &attempt_key, user_id, meta)
            .await?;

        let result = self
            .check_and_issue(
                permit,
                found.as_ref(),
                &command.password,
                &new,
                is_known,
                meta,
            )
            .await;
        if !matches!(result, Err(AuthError::InvalidCredentials)) {
            self.return_attempt(&attempt).await;
        }
        if result.is_ok() {
            self.reset_limits(&attempt_key.charges()).await;
        }
        result
    }

    async fn account_to_sign_in(
        &self,
        email: Option<&EmailAddress>,
        new: &NewSession<'_>,
        meta: &RequestMeta,
    ) -> Result<Option<Found>, AuthError> {
        // Looked for as well if it is no address, in the same time: nobody has the empty one.
        let canonical = email.map_or("", EmailAddress::canonical);
        let device = new.device(meta);
        // The name stands for the device: a program that was
        // updated is no other one. No name is no device.
        let user_agent =
            (device == UNKNOWN_DEVICE).then(|| meta.user_agent.as_deref().unwrap_or(""));
        let mut store = self.store.reader().await?;
        let found = store.account_to_sign_in(canonical, &device, user_agent, self.clock.now());
        Ok(found.await?)
    }

    async fn check_and_issue(
        &self,
        permit: HashPermit,
        found: Option<&Found>,
        password: &SecretString,
        new: &NewSession<'_>,
        is_known: bool,
        meta: &RequestMeta,
    ) -> Result<SignedIn, AuthError> {
        let stored = found.map(|(account, _)| account.password_hash.as_str());
        let verdict = self
            .hasher
            .verify_in(permit, password.expose_secret(), stored, &meta.abandoned)
            .await?;
        let new_hash = match &verdict {
            Verdict::Wrong => None,
            Verdict::Right => Some(None),
            Verdict::RightWithNewHash(hash) => Some(Some(hash.as_str())),
        };
        if let (Some(found), Some(new_hash)) = (found, new_hash)
            && self.is_admitted(&found.0.user)
            && let Some(signed_in) = self
                .begin_session(found, new_hash, new, is_known, meta)
                .await?
        {
            return Ok(signed_in);
        }
        let user_id = found.map(|(account, _)| account.user.id);
        let reason = self.reason_to_refuse(found.map(|(account, _)| account));
        let details = json!({ "reason": reason, "method": new.method.as_str() });
        self.defer_audit(AuditEvent::LoginFailure, user_id, details, meta);
        Err(AuthError::InvalidCredentials)
    }

    /// For operators alone: it changes nothing of the answer, and the person's own history leaves
    /// it out. Of an account that lets nobody in it does not say whether the password was right.
    fn reason_to_refuse(&self, account: Option<&Account>) -> &'static str {
        match account {
            None => "unknown_account",
            Some(account) if self.is_admitted(&account.user) => "wrong_password",
            Some(_) => "inactive",
        }
    }

    /// `None` if the account became inactive or its password changed since it was verified.
    async fn begin_session(
        &self,
        found: &Found,
        new_hash: Option<&str>,
        new: &NewSession<'_>,
        is_known: bool,
        meta: &RequestMeta,
    ) -> Result<Option<SignedIn>, AuthError> {
        let (account, history) = found;
        let session = self.new_session(account.user.id, new, meta);
        let cookie = self.new_cookie(&session);
        let cookie_hash = cookie.as_ref().map(|cookie| hash_token(cookie));
        let first = self.first_refresh_token(&session);
        let details = json!({ "session": session.id, "method": session.method.as_str() });
        let event = AuditEvent::LoginSuccess;
        let by_owner = meta.by(account.user.id);
        let event = self.audit_record(event, Some(account.user.id), details, &by_owner);
        let mail = UserMail::to_owner(MailKind::NewDevice, &account.user);
        let is_notified = self.is_worth_a_mail(found, new.kind, is_known).await;
        let mail = is_notified.then(|| self.new_mail(&mail, meta));
        let sign_in = NewSignIn {
            verified_hash: &account.password_hash,
            new_hash,
            session: &session,
            cookie_hash: cookie_hash.as_deref(),
            refresh_token: first.as_ref().map(|(row, _)| row),
            event: &event,
            mail: mail.as_ref(),
        };
        let begun = self.store.writer().await?.begin_session(&sign_in).await;
        // Also if it failed: its answer may have been lost after it was done.
        self.principals.forget(account.user.id).await;
        let Some(user) = begun? else { return Ok(None) };
        let hash = new_hash.unwrap_or(&account.password_hash);
        let known_browser_proof = self.known_browser_proof(user.id, hash);
        if history.is_full {
            self.limit_sessions(user.id).await;
        }
        let tokens = match first {
            None => None,
            Some((_, refresh_token)) => Some(self.token_pair(&user, &session, refresh_token)?),
        };
        Ok(Some(SignedIn {
            user,
            session,
            tokens,
            cookie,
            known_browser_proof: Some(known_browser_proof),
        }))
    }

    /// Whether the owner should hear of this sign-in: it is on a device that the account was not
    /// used on before, and not the account's first. A browser brings
    /// the proof with it; an API client is known by its name.
    async fn is_worth_a_mail(
        &self,
        (account, history): &Found,
        kind: SessionKind,
        is_known: bool,
    ) -> bool {
        let is_known_device = match kind {
            SessionKind::Browser => is_known,
            SessionKind::Api => history.knows_device,
        };
        let is_first = account.user.last_login_at.is_none() && !history.has_sessions;
        !is_known_device
            && !is_first
            && self
                .may_mail(MailKind::NewDevice, &account.user.canonical_email())
                .await
    }
}
