//! [`Auth`], the one core that every face calls, and what its operations share.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use crate::abandon::Abandoned;
use crate::audit::{Actor, AuditEvent, AuditRecord};
use crate::crypto::MasterKey;
use crate::deferred::Deferred;
use crate::error::AuthError;
use crate::hashing::PasswordHasher;
use crate::lifetimes::Lifetimes;
use crate::limit_settings::LimitSettings;
use crate::limits;
use crate::model::{Language, Principal, User, device_name};
use crate::password_policy::PasswordPolicy;
use crate::ports::{
    Clock, Lookup, PrincipalCache, Random, RateLimiter, Store, Transaction, Writer,
};
use crate::strength::Estimator;
use crate::tokens::{KeySet, TokenSettings, TokenSigner};
use crate::watch::note_lookup;

/// The public face of every operation. Cheap to share behind an `Arc`.
pub struct Auth {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) principals: Arc<dyn PrincipalCache>,
    pub(crate) deferred: Deferred,
    pub(crate) hasher: PasswordHasher,
    pub(crate) estimator: Estimator,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) master: MasterKey,
    pub(crate) signer: TokenSigner,
    pub(crate) settings: AuthSettings,
}

/// What [`Auth`] is made of.
#[derive(Clone)]
pub struct AuthBuilder {
    pub store: Arc<dyn Store>,
    pub limiter: Arc<dyn RateLimiter>,
    pub principals: Arc<dyn PrincipalCache>,
    pub hasher: PasswordHasher,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub master: MasterKey,
    pub tokens: TokenSettings,
    pub settings: AuthSettings,
}

/// The rules of this deployment.
#[derive(Clone, Debug)]
pub struct AuthSettings {
    /// Where people reach the portal; every link starts with it, and nothing else decides links.
    pub public_url: Url,
    pub registration: RegistrationMode,
    pub passwords: PasswordPolicy,
    pub lifetimes: Lifetimes,
    /// Off only in development and tests.
    pub limits_enabled: bool,
    /// What they are, where not the defaults.
    pub limits: LimitSettings,
    /// Mails an hour that requests of nobody who is signed in can cause, all networks together.
    pub anonymous_mails_per_hour: u32,
}

/// What registration reveals about an address that has an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationMode {
    /// The new user is signed in; a taken address is refused (409).
    Open,
    /// Both cases answer alike and the owner of the address gets a mail.
    Private,
}

/// Where a request comes from.
#[derive(Clone, Debug)]
pub struct RequestMeta {
    /// The client's address, after trusted proxies.
    pub ip_address: IpAddr,
    pub user_agent: Option<String>,
    /// The language of the page that was asked for, or would be.
    pub language: Language,
    /// Whether anybody still waits for the answer.
    pub abandoned: Abandoned,
    /// Who asks, as far as that is known by now.
    pub actor: Actor,
}

impl RequestMeta {
    /// The same request, known to be this user's.
    pub(crate) fn by(&self, user_id: Uuid) -> Self {
        Self {
            actor: Actor::Person(user_id),
            ..self.clone()
        }
    }

    pub(crate) fn device(&self) -> String {
        device_name(self.user_agent.as_deref())
    }

    pub(crate) fn network(&self) -> String {
        limits::network(self.ip_address)
    }
}

/// A session's `last_seen_at` is written at most this often.
const TOUCH_INTERVAL: Duration = Duration::from_mins(1);

impl AuthBuilder {
    /// Loads the signing keys, making the first one in a new database.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] if the store is out of reach, [`AuthError::Internal`] if a stored
    /// key was sealed under another master key.
    pub async fn build(self) -> Result<Auth, AuthError> {
        let now = self.clock.now();
        let signer = TokenSigner::load(
            self.tokens,
            self.settings.lifetimes.access_token,
            &*self.store,
            &self.master,
            &*self.random,
            now,
        )
        .await?;
        let estimator = Estimator::start(Arc::clone(&self.random)).map_err(AuthError::internal)?;
        Ok(Auth {
            store: self.store,
            limiter: self.limiter,
            principals: self.principals,
            deferred: Deferred::default(),
            hasher: self.hasher,
            estimator,
            clock: self.clock,
            random: self.random,
            master: self.master,
            signer,
            settings: self.settings,
        })
    }
}

impl Auth {
    /// The JSON Web Key Set (RFC 7517) that downstream services verify access tokens with.
    pub fn jwks(&self) -> KeySet {
        self.signer.jwks(self.clock.now())
    }

    /// The rules for new passwords.
    pub fn password_policy(&self) -> &PasswordPolicy {
        &self.settings.passwords
    }

    /// The rules of this deployment.
    pub fn settings(&self) -> &AuthSettings {
        &self.settings
    }

    /// Loads the signing keys anew, if that was not just done:
    /// operators rotate them while the portal runs.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn reload_signing_keys(&self) -> Result<(), AuthError> {
        let now = self.clock.now();
        self.signer.reload(&*self.store, &self.master, now).await
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] if it does not.
    pub async fn ping(&self) -> Result<(), AuthError> {
        Ok(self.store.ping().await?)
    }

    /// Who an access token speaks for; its session and user are looked up now.
    ///
    /// # Errors
    /// [`AuthError::TokenExpired`], or [`AuthError::Unauthenticated`] for a bad token,
    /// an ended session, a user who is gone.
    pub async fn authenticate_token(&self, token: &str) -> Result<Principal, AuthError> {
        let now = self.clock.now();
        if self.signer.is_signed_by_unknown_key(token) {
            self.signer.reload(&*self.store, &self.master, now).await?;
        }
        let claims = self.signer.verify(token, now)?;
        self.authenticate_session(claims.sub, claims.sid).await
    }

    /// Who a session of a user speaks for; the session and its user are looked up now.
    ///
    /// # Errors
    /// [`AuthError::Unauthenticated`] if either is not live, or the session is another user's.
    pub async fn authenticate_session(
        &self,
        user_id: Uuid,
        session_id: Uuid,
    ) -> Result<Principal, AuthError> {
        let now = self.clock.now();
        let principal = self
            .principal(user_id, session_id, now)
            .await?
            .filter(|principal| self.is_admitted(&principal.user))
            .ok_or(AuthError::Unauthenticated)?;
        if now - principal.session.last_seen_at > TOUCH_INTERVAL {
            self.defer_seen(session_id, now);
        }
        Ok(principal)
    }

    async fn principal(
        &self,
        user_id: Uuid,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<Principal>, AuthError> {
        let ticket = match self.principals.get(user_id, session_id).await {
            Lookup::Hit(principal) => {
                note_lookup("principals", true);
                return Ok(Some(*principal).filter(|who| who.session.expires_at > now));
            }
            Lookup::Miss(ticket) => ticket,
        };
        note_lookup("principals", false);
        let found = self
            .store
            .reader()
            .await?
            .principal(session_id, now)
            .await?;
        let principal = found.filter(|who| who.user.id == user_id);
        if let Some(principal) = &principal {
            self.principals.put(principal, ticket).await;
        }
        Ok(principal)
    }

    /// An inactive account is refused before anything would be written for it: the right password
    /// takes no longer than a wrong one. In private mode only a user who has proved the mailbox may
    /// sign in: otherwise an attacker could register an address and see by signing in whether it
    /// had an account before. Sessions from before the mode was chosen are no exception.
    pub(crate) fn is_admitted(&self, user: &User) -> bool {
        let is_admitted = match self.settings.registration {
            RegistrationMode::Open => true,
            RegistrationMode::Private => user.is_email_verified,
        };
        user.is_active && is_admitted
    }

    /// Commits, and forgets the snapshots of the user whom it changed. Also where the commit
    /// failed: its answer may have been lost after it was done.
    pub(crate) async fn commit(
        &self,
        tx: Box<dyn Transaction>,
        user_id: Uuid,
    ) -> Result<(), AuthError> {
        let committed = tx.commit().await;
        self.principals.forget(user_id).await;
        Ok(committed?)
    }

    pub(crate) fn new_id(&self) -> Uuid {
        self.random.id(self.clock.now())
    }

    /// Writes an event in the transaction of the change that it records.
    pub(crate) async fn audit(
        &self,
        store: &mut dyn Writer,
        event: AuditEvent,
        user_id: Option<Uuid>,
        details: Value,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let record = self.audit_record(event, user_id, details, meta);
        Ok(store.insert_audit(&record).await?)
    }

    pub(crate) fn audit_record(
        &self,
        event: AuditEvent,
        user_id: Option<Uuid>,
        details: Value,
        meta: &RequestMeta,
    ) -> AuditRecord {
        AuditRecord {
            id: self.new_id(),
            user_id,
            event,
            actor: meta.actor,
            client_id: None,
            details,
            ip_address: meta.ip_address.to_canonical().to_string(),
            user_agent: meta.user_agent.clone(),
            created_at: self.clock.now(),
        }
    }
}
