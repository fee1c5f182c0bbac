//! [`Auth`], which every face calls: the operations of the slices, and what the kernel does for the
//! faces themselves.

use std::sync::Arc;

use uuid::Uuid;

use crate::kernel::limits::REQUEST_NETWORK;
use crate::kernel::model::Principal;
use crate::kernel::ports::{Clock, Mailer, PrincipalCache, Random, RateLimiter, Store};
use crate::kernel::{
    AuthError, AuthSettings, Call, Core, Delivery, ErrorCode, Estimator, MasterKey, Part,
    PasswordHasher, RequestMeta, WriteBehind,
};
use crate::oauth::{AppKeys, ClientCache};
use crate::tokens::{TokenSettings, TokenSigner};

/// The public face of every operation. Cheap to share behind an `Arc`.
pub struct Auth {
    pub(crate) core: Core,
    pub(crate) signer: TokenSigner,
    pub(crate) apps: Apps,
}

/// What is kept in memory for signing in to apps.
pub(crate) struct Apps {
    pub keys: AppKeys,
    pub clients: ClientCache,
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
        let keys = AppKeys::load(&*self.store, &self.master, now).await?;
        let clients = ClientCache::default();
        check_issuer(&*self.store, &signer.settings.issuer).await?;
        let estimator = Estimator::start(Arc::clone(&self.random)).map_err(AuthError::internal)?;
        let core = Core {
            store: self.store,
            limiter: self.limiter,
            principals: self.principals,
            write_behind: WriteBehind::default(),
            hasher: self.hasher,
            estimator,
            clock: self.clock,
            random: self.random,
            master: self.master,
            settings: self.settings,
        };
        let apps = Apps { keys, clients };
        Ok(Auth { core, signer, apps })
    }
}

/// Apps know people by the issuer and the subject of their tokens: the first issuer is kept, so
/// that another one is noticed.
async fn check_issuer(store: &dyn Store, issuer: &str) -> Result<(), AuthError> {
    let known = store.reader().await?.deployment_value(ISSUER).await?;
    let first = match known {
        Some(first) => first,
        None => store.writer().await?.remember_value(ISSUER, issuer).await?,
    };
    if first != issuer {
        tracing::warn!(
            "the public URL is {issuer}, and was {first} at the first start: apps take everybody for new people"
        );
    }
    Ok(())
}

/// The key of the first issuer.
const ISSUER: &str = "issuer";

impl Auth {
    /// The rules of this deployment.
    pub fn settings(&self) -> &AuthSettings {
        &self.core.settings
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`AuthError::Unavailable`] if it does not.
    pub async fn ping(&self) -> Result<(), AuthError> {
        Ok(self.core.store.ping().await?)
    }

    /// Counts a request of any kind against its network.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`]; [`AuthError::Unavailable`] if the limiter does not answer.
    pub async fn admit(&self, meta: &RequestMeta) -> Result<(), AuthError> {
        let call = self.call(meta);
        call.take(&[REQUEST_NETWORK.of(&call.network())]).await
    }

    /// Puts an answer that was an error into the audit log. What
    /// an operation has an event of its own for is recorded by that.
    pub fn audit_refusal(&self, code: ErrorCode, user_id: Option<Uuid>, meta: &RequestMeta) {
        let is_own_event = matches!(
            code,
            ErrorCode::InvalidCredentials
                | ErrorCode::InvalidToken
                | ErrorCode::RefreshTokenReused
                | ErrorCode::EmailTaken
                | ErrorCode::RateLimited
        );
        if !is_own_event {
            let call = self.call(meta);
            let call = user_id.map_or(call, |id| call.by(id));
            call.refused(code, user_id);
        }
    }

    /// The same where no operation was reached that could have recorded it.
    pub fn defer_refusal(&self, code: ErrorCode, user_id: Option<Uuid>, meta: &RequestMeta) {
        self.call(meta).refused(code, user_id);
    }

    /// An operation of a caller who is not known yet.
    pub(crate) fn call<'a>(&'a self, meta: &'a RequestMeta) -> Call<'a> {
        self.core.call(meta)
    }

    /// An operation of the user who is signed in.
    pub(crate) fn call_by<'a>(&'a self, who: &Principal, meta: &'a RequestMeta) -> Call<'a> {
        self.core.call(meta).by(who.user.id)
    }

    /// Writes everything that waits; how many events were written. Called once at the end.
    ///
    /// # Errors
    /// Those of the store; what could not be written waits on.
    pub async fn write_deferred(&self) -> Result<usize, AuthError> {
        let core = &self.core;
        core.write_behind
            .write(&*core.store, Part::Everything)
            .await
    }

    /// The same, but refusals are counted for a minute before they are written.
    /// Called by a worker, a few times a second.
    ///
    /// # Errors
    /// As for [`Self::write_deferred`].
    pub async fn write_due(&self) -> Result<usize, AuthError> {
        let core = &self.core;
        let due = Part::Due(core.clock.now());
        core.write_behind.write(&*core.store, due).await
    }

    /// Sends the mail that is next.
    ///
    /// # Errors
    /// Only those of the store. A mail that cannot be sent is no error:
    /// it is tried again, or dead after the last attempt.
    pub async fn deliver_next_mail(&self, mailer: &dyn Mailer) -> Result<Delivery, AuthError> {
        self.core.deliver_next_mail(mailer).await
    }
}
