//! [`Auth`], the one core that every face calls, and what its operations share.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use crate::audit::{AuditEvent, AuditRecord};
use crate::crypto::MasterKey;
use crate::error::AuthError;
use crate::hashing::PasswordHasher;
use crate::model::{Language, Principal, Session, User, device_name};
use crate::password_policy::PasswordPolicy;
use crate::ports::{
    Clock, Decision, Lookup, Quota, Random, RateLimiter, Repository, SnapshotCache, Store,
    Transaction,
};
use crate::tokens::{TokenSettings, TokenSigner};

/// The public face of every operation. Cheap to share behind an `Arc`.
pub struct Auth {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) users: Arc<dyn SnapshotCache<User>>,
    pub(crate) sessions: Arc<dyn SnapshotCache<Session>>,
    pub(crate) hasher: PasswordHasher,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) master: MasterKey,
    pub(crate) signer: TokenSigner,
    pub(crate) settings: AuthSettings,
}

/// What [`Auth`] is made of.
pub struct AuthBuilder {
    pub store: Arc<dyn Store>,
    pub limiter: Arc<dyn RateLimiter>,
    pub users: Arc<dyn SnapshotCache<User>>,
    pub sessions: Arc<dyn SnapshotCache<Session>>,
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
    pub lifetimes: SessionLifetimes,
    /// Off only in development and tests.
    pub limits_enabled: bool,
}

/// What registration tells about an address that has an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationMode {
    /// The new user is signed in; a taken address is told (409).
    Open,
    /// Both cases answer alike and the owner of the address gets a mail.
    Private,
}

/// How long a session lives at most, whatever happens in it.
#[derive(Clone, Copy, Debug)]
pub struct SessionLifetimes {
    /// A browser that was not asked to remember, and an API client that asks not to be.
    pub transient: Duration,
    /// A remembered browser, and an API client.
    pub persistent: Duration,
}

impl Default for SessionLifetimes {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            transient: DAY,
            persistent: 30 * DAY,
        }
    }
}

/// Where a request comes from.
#[derive(Clone, Debug)]
pub struct RequestMeta {
    /// The client's address, after trusted proxies.
    pub ip_address: IpAddr,
    pub user_agent: Option<String>,
    /// The language of the page that was asked for, or would be.
    pub language: Language,
}

impl RequestMeta {
    pub(crate) fn device(&self) -> String {
        device_name(self.user_agent.as_deref())
    }

    /// The key of the client's network: an IPv4 address, or an IPv6 /64 (lesson V38).
    pub(crate) fn network(&self) -> String {
        match self.ip_address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        }
    }
}

/// The limits that operations keep. Numbers are documented in docs/SECURITY.md.
pub(crate) mod quotas {
    use super::{Duration, Quota};

    const fn quota(burst: u32, period_seconds: u64) -> Quota {
        Quota {
            burst,
            period: Duration::from_secs(period_seconds),
        }
    }

    /// Wrong passwords for one account.
    pub(crate) const SIGN_IN_ACCOUNT: Quota = quota(10, 60);
    /// Wrong passwords from one network.
    pub(crate) const SIGN_IN_NETWORK: Quota = quota(50, 10);
    /// Audit events about refused sign-ins from one network.
    pub(crate) const AUDIT_LIMITED: Quota = quota(1, 60);
    /// Registrations from one network.
    pub(crate) const REGISTER_NETWORK: Quota = quota(20, 60);
    /// Mails that somebody can cause to one address.
    pub(crate) const MAIL_RECIPIENT: Quota = quota(5, 600);
    /// Mails that one network can cause.
    pub(crate) const MAIL_NETWORK: Quota = quota(20, 60);
    /// Downloads of one account's data.
    pub(crate) const EXPORT_ACCOUNT: Quota = quota(5, 600);
    /// Mailed tokens and codes tried from one network.
    pub(crate) const TOKEN_NETWORK: Quota = quota(30, 10);
    /// Passwords that one network can have rated while they are typed: an office at once, and one a second after that.
    pub(crate) const STRENGTH_NETWORK: Quota = quota(120, 1);
}

/// How long mailed secrets live (rule D3).
pub(crate) const RESET_LINK_LIFE: Duration = Duration::from_hours(1);
pub(crate) const VERIFY_LINK_LIFE: Duration = Duration::from_hours(24);
pub(crate) const VERIFY_CODE_LIFE: Duration = Duration::from_mins(10);

pub(crate) const CHANGE_EMAIL_LIFE: Duration = Duration::from_hours(24);
pub(crate) const REVERT_EMAIL_LIFE: Duration = Duration::from_hours(72);
/// How long a deletion can be undone; then the account goes.
pub(crate) const DELETION_DELAY: Duration = Duration::from_hours(14 * 24);

/// Sensitive operations do without the password if it was given in the session within this time.
pub const REAUTHENTICATION_WINDOW: Duration = Duration::from_mins(10);

/// A session's `last_seen_at` is written at most this often.
const TOUCH_INTERVAL: Duration = Duration::from_mins(1);

impl AuthBuilder {
    /// Loads the signing keys, making the first one in a new database.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] if the store is out of reach, [`AuthError::Internal`] if a stored key was sealed under
    /// another master key.
    pub async fn build(self) -> Result<Auth, AuthError> {
        let now = self.clock.now();
        let signer =
            TokenSigner::load(self.tokens, &*self.store, &self.master, &*self.random, now).await?;
        Ok(Auth {
            store: self.store,
            limiter: self.limiter,
            users: self.users,
            sessions: self.sessions,
            hasher: self.hasher,
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
    pub fn jwks(&self) -> Arc<str> {
        self.signer.jwks()
    }

    /// The rules for new passwords.
    pub fn password_policy(&self) -> &PasswordPolicy {
        &self.settings.passwords
    }

    /// The rules of this deployment.
    pub fn settings(&self) -> &AuthSettings {
        &self.settings
    }

    /// How long an access token is good at most, also after its session has ended, for services that check it alone.
    pub fn access_token_life(&self) -> Duration {
        self.signer.settings().access_life
    }

    /// An independent key for a use outside the core, for example cookies.
    pub fn derived_key(&self, label: &str) -> zeroize::Zeroizing<[u8; 32]> {
        self.master.derive(label)
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
    /// [`AuthError::TokenExpired`], or [`AuthError::Unauthenticated`] for a bad token, an ended session, a user who is gone.
    pub async fn authenticate_token(&self, token: &str) -> Result<Principal, AuthError> {
        let now = self.clock.now();
        if self.signer.is_signed_by_unknown_key(token) {
            self.signer.reload(&*self.store, &self.master, now).await?;
        }
        let claims = self.signer.verify(token, now)?;
        let principal = self.authenticate_session(claims.sid).await?;
        if principal.user.id == claims.sub {
            Ok(principal)
        } else {
            Err(AuthError::Unauthenticated)
        }
    }

    /// Who a session speaks for; the session and its user are looked up now.
    ///
    /// # Errors
    /// [`AuthError::Unauthenticated`] if either is not live.
    pub async fn authenticate_session(&self, session_id: Uuid) -> Result<Principal, AuthError> {
        let now = self.clock.now();
        let principal = self
            .principal(session_id, now)
            .await?
            .ok_or(AuthError::Unauthenticated)?;
        if now - principal.session.last_seen_at > TOUCH_INTERVAL {
            self.touch(session_id, now).await;
        }
        Ok(principal)
    }

    async fn principal(
        &self,
        session_id: Uuid,
        now: OffsetDateTime,
    ) -> Result<Option<Principal>, AuthError> {
        let cached_session = self.sessions.get(session_id).await;
        let cached_user = match &cached_session {
            Lookup::Hit(session) => Some(self.users.get(session.user_id).await),
            Lookup::Miss { .. } => None,
        };
        if let (Lookup::Hit(session), Some(Lookup::Hit(user))) = (&cached_session, &cached_user) {
            let (session, user) = (session.clone(), user.clone());
            return Ok((session.expires_at > now).then_some(Principal { user, session }));
        }
        let mut store = self.store.connect().await?;
        let Some(principal) = store.principal(session_id, now).await? else {
            return Ok(None);
        };
        if let Lookup::Miss { ticket } = cached_session {
            let session = principal.session.clone();
            self.sessions.put(session_id, session, ticket).await;
        }
        if let Some(Lookup::Miss { ticket }) = cached_user {
            let user = principal.user.clone();
            self.users.put(user.id, user, ticket).await;
        }
        Ok(Some(principal))
    }

    /// Best effort: who was seen when is a comfort, and no reason to refuse a request.
    async fn touch(&self, session_id: Uuid, now: OffsetDateTime) {
        let written = match self.store.connect().await {
            Ok(mut store) => store.touch_session(session_id, now).await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => self.sessions.remove(session_id).await,
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "last seen was not written"
            ),
        }
    }

    /// Commits, and forgets the snapshots of what was changed. Also where the commit failed: its answer may have been
    /// lost after it was done.
    pub(crate) async fn commit(
        &self,
        tx: Box<dyn Transaction>,
        user_id: Uuid,
        sessions: &[Uuid],
    ) -> Result<(), AuthError> {
        let committed = tx.commit().await;
        self.users.remove(user_id).await;
        for session in sessions {
            self.sessions.remove(*session).await;
        }
        Ok(committed?)
    }

    pub(crate) fn new_id(&self) -> Uuid {
        self.random.id(self.clock.now())
    }

    pub(crate) async fn audit(
        &self,
        store: &mut dyn Repository,
        event: AuditEvent,
        user_id: Option<Uuid>,
        details: Value,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let record = AuditRecord {
            id: self.new_id(),
            user_id,
            event,
            details,
            ip_address: meta.ip_address.to_canonical().to_string(),
            user_agent: meta.user_agent.clone(),
            created_at: self.clock.now(),
        };
        Ok(store.insert_audit(&record).await?)
    }

    /// Writes an audit event that belongs to no other write.
    pub(crate) async fn audit_alone(
        &self,
        event: AuditEvent,
        user_id: Option<Uuid>,
        details: Value,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let mut store = self.store.connect().await?;
        self.audit(&mut *store, event, user_id, details, meta).await
    }

    /// Takes one from a quota.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`] if none is left.
    pub(crate) async fn take(&self, key: &str, quota: Quota) -> Result<(), AuthError> {
        if !self.settings.limits_enabled {
            return Ok(());
        }
        match self
            .limiter
            .take(key, quota, self.clock.now())
            .await
            .map_err(AuthError::Unavailable)?
        {
            Decision::Allowed => Ok(()),
            Decision::Limited { retry_after } => Err(AuthError::RateLimited { retry_after }),
        }
    }

    pub(crate) async fn give_back(&self, key: &str, quota: Quota) {
        if let Err(error) = self.limiter.give_back(key, quota).await {
            tracing::warn!(error, "a limit was not given back");
        }
    }

    pub(crate) async fn reset_limit(&self, key: &str) {
        if let Err(error) = self.limiter.reset(key).await {
            tracing::warn!(error, "a limit was not reset");
        }
    }
}
