//! Signing in with address and password.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::attempts::Attempt;
use super::known_browser::KnownBrowserProof;
use crate::auth::Auth;
use crate::kernel::limits::AttemptKey;
use crate::kernel::model::{
    Account, EmailAddress, SessionKind, SignInMethod, UNKNOWN_DEVICE, clean_name,
};
use crate::kernel::ports::{NewSignIn, SignInHistory};
use crate::kernel::{
    AuditEvent, AuthError, Call, Core, Field, HashPermit, MailKind, RequestMeta, UserMail, Verdict,
};
use crate::sessions::{NewSession, SignedIn, limit_sessions};

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
        let device_name = clean_name(Field::DeviceName, command.device_name.as_deref())?;
        let new = NewSession {
            kind: command.kind,
            method: SignInMethod::Password,
            is_persistent: command.is_persistent,
            device_name: device_name.as_deref(),
        };
        let call = &self.call(meta);
        // First of all: in a storm a request that cannot be served costs no look-up and is answered
        // at once.
        let permit = call.core.hasher.reserve()?;
        let email = EmailAddress::parse(&command.email).ok();
        // A known browser is not bound by its network; that takes a look-up.
        let network = if command.known_browser_proofs.is_empty() {
            Some(Attempt::of_network(call).await?)
        } else {
            None
        };
        let found = account_to_sign_in(call, email.as_ref(), &new).await?;
        let is_known = found.as_ref().is_some_and(|(account, _)| {
            let (id, hash) = (account.user.id, &account.password_hash);
            let proof = KnownBrowserProof::new(call.core, id, hash);
            command.known_browser_proofs.contains(&proof)
        });
        let typed = email
            .as_ref()
            .map_or(command.email.as_str(), EmailAddress::canonical);
        let attempt_key = match &found {
            Some((account, _)) if is_known => AttemptKey::Known(account.user.id),
            _ => AttemptKey::Unknown(typed),
        };
        let user_id = found.as_ref().map(|(account, _)| account.user.id);
        let attempt = Attempt::take(call, network, &attempt_key, user_id).await?;

        let new = (&new, is_known);
        let check = self.check_and_issue(call, permit, found.as_ref(), &command.password, new);
        let result = check.await;
        if !matches!(result, Err(AuthError::InvalidCredentials)) {
            attempt.give_back(call).await;
        }
        if result.is_ok() {
            call.reset_limits(&attempt_key.charges()).await;
        }
        result
    }

    async fn check_and_issue(
        &self,
        call: &Call<'_>,
        permit: HashPermit,
        found: Option<&Found>,
        password: &SecretString,
        (new, is_known): (&NewSession<'_>, bool),
    ) -> Result<SignedIn, AuthError> {
        let stored = found.map(|(account, _)| account.password_hash.as_str());
        let (password, abandoned) = (password.expose_secret(), &call.meta.abandoned);
        let hasher = &call.core.hasher;
        let verdict = hasher
            .verify_in(permit, password, stored, abandoned)
            .await?;
        let new_hash = match &verdict {
            Verdict::Wrong => None,
            Verdict::Right => Some(None),
            Verdict::RightWithNewHash(hash) => Some(Some(hash.as_str())),
        };
        if let (Some(found), Some(new_hash)) = (found, new_hash)
            && call.core.is_admitted(&found.0.user)
            && let Some(signed_in) = self
                .begin_session(call, found, new_hash, new, is_known)
                .await?
        {
            return Ok(signed_in);
        }
        let user_id = found.map(|(account, _)| account.user.id);
        let reason = reason_to_refuse(call.core, found.map(|(account, _)| account));
        let details = json!({ "reason": reason, "method": new.method.as_str() });
        call.audit_later(AuditEvent::LoginFailure, user_id, details);
        Err(AuthError::InvalidCredentials)
    }

    /// `None` if the account became inactive or its password changed since it was verified.
    async fn begin_session(
        &self,
        call: &Call<'_>,
        found: &Found,
        new_hash: Option<&str>,
        new: &NewSession<'_>,
        is_known: bool,
    ) -> Result<Option<SignedIn>, AuthError> {
        let call = &call.later();
        let (account, history) = found;
        let user_id = account.user.id;
        let begun = new.begin(call, user_id);
        let cookie_hash = begun.cookie_hash();
        let details = json!({ "session": begun.session.id, "method": new.method.as_str() });
        let event = AuditEvent::LoginSuccess;
        let event = call.by(user_id).event(event, user_id, details);
        let is_notified = is_worth_a_mail(call, found, new.kind, is_known).await;
        let mail = UserMail::new(MailKind::NewDevice, &account.user);
        let mail = is_notified.then(|| mail.at(call));
        let sign_in = NewSignIn {
            verified_hash: &account.password_hash,
            new_hash,
            session: &begun.session,
            cookie_hash: cookie_hash.as_deref(),
            refresh_token: begun.refresh_token.as_ref().map(|first| &first.row),
            event: &event,
            mail: mail.as_ref(),
        };
        let written = call
            .core
            .store
            .writer()
            .await?
            .begin_session(&sign_in)
            .await;
        // Also if it failed: its answer may have been lost after it was done.
        call.core.principals.forget(user_id).await;
        let Some(user) = written? else {
            return Ok(None);
        };
        if history.is_full {
            limit_sessions(call, user_id).await;
        }
        let hash = new_hash.unwrap_or(&account.password_hash);
        Ok(Some(begun.signed_in(call, &self.signer, user, hash)?))
    }
}

async fn account_to_sign_in(
    call: &Call<'_>,
    email: Option<&EmailAddress>,
    new: &NewSession<'_>,
) -> Result<Option<Found>, AuthError> {
    // Looked for as well if it is no address, in the same time: nobody has the empty one.
    let canonical = email.map_or("", EmailAddress::canonical);
    let device = new.device(call);
    // The name stands for the device: a program that was
    // updated is no other one. No name is no device.
    let user_agent =
        (device == UNKNOWN_DEVICE).then(|| call.meta.user_agent.as_deref().unwrap_or(""));
    let mut store = call.core.store.reader().await?;
    let found = store.account_to_sign_in(canonical, &device, user_agent, call.now);
    Ok(found.await?)
}

/// For operators alone: it changes nothing of the answer, and the person's own history leaves it
/// out. Of an account that lets nobody in it does not say whether the password was right.
fn reason_to_refuse(core: &Core, account: Option<&Account>) -> &'static str {
    match account {
        None => "unknown_account",
        Some(account) if core.is_admitted(&account.user) => "wrong_password",
        Some(_) => "inactive",
    }
}

/// Whether the owner should hear of this sign-in: it is on a device that the account was not used
/// on before, and not the account's first. A browser brings the proof with it; an API client is
/// known by its name.
async fn is_worth_a_mail(
    call: &Call<'_>,
    (account, history): &Found,
    kind: SessionKind,
    is_known: bool,
) -> bool {
    let is_known_client = match kind {
        SessionKind::Browser => is_known,
        SessionKind::Api => history.knows_device,
    };
    let is_first = account.user.last_login_at.is_none() && !history.has_sessions;
    let address = account.user.canonical_email();
    !is_known_client && !is_first && call.may_mail(MailKind::NewDevice, &address).await
}
