//! Composition: from configuration and adapters to a portal that can be served or tested.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vestibule_cache::{
    InProcessLimiter, InProcessPrincipals, NoCache, RedisLimiter, RedisLink, RedisPrincipals,
};
use vestibule_core::ports::{Clock, Mailer, PrincipalCache, Random, RateLimiter, Store};
use vestibule_core::{
    Auth, AuthBuilder, AuthError, AuthSettings, ClientError, MasterKey, PasswordHasher, Retention,
    sync_config_clients,
};
use vestibule_mail::Mailbox;
use vestibule_web::{SealedCookies, WebState};

use crate::config::Config;
use crate::http::assets::Assets;
use crate::http::branding::BrandFiles;
use crate::http::router::{self, Parts};
use crate::process::retry::retry_until_up;

/// What the portal stands on; tests put their own in.
pub struct Adapters {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub mailer: Arc<dyn Mailer>,
    /// The development mailbox, where mails are kept instead of sent.
    pub mailbox: Option<Arc<Mailbox>>,
    pub master_key: MasterKey,
}

/// A portal, ready to be served.
pub struct Portal {
    pub public: Router,
    pub private: Router,
    pub auth: Arc<Auth>,
    pub mailer: Arc<dyn Mailer>,
    /// How long things are kept.
    pub retention: Retention,
    /// Cancelled when the process is asked to stop: readiness fails from then on.
    pub stopping: CancellationToken,
    /// What has to end before the process does, requests among it.
    pub tasks: TaskTracker,
    /// What learns of changes on other replicas, where Redis passes them on.
    pub shared_cache: Option<Arc<RedisPrincipals>>,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Puts everything together, once the store can be reached.
///
/// # Errors
/// If a client of the settings file is not as one must be, the master key is not the one of the
/// database, or an asset folder cannot be read.
pub async fn build(config: &Config, adapters: Adapters) -> Result<Portal, BoxError> {
    let shared = Shared::open(config, &adapters)?;
    if config.oidc.enabled {
        define_clients(config, &adapters).await?;
    }
    let auth = Arc::new(build_auth(config, &adapters, &shared).await?);
    let brand = BrandFiles::new(config);
    let web = WebState {
        cookies: SealedCookies::new(
            &adapters.master_key,
            Arc::clone(&adapters.clock),
            Arc::clone(&adapters.random),
            config.is_https(),
        ),
        auth: Arc::clone(&auth),
        product_name: config.branding.product_name.as_str().into(),
        branding: Arc::new(brand.links(config.mail.support.as_deref())),
    };
    let parts = Parts {
        web,
        clock: adapters.clock,
        random: adapters.random,
        redis: shared.link,
        assets: load_assets(config.http.site_dir.as_deref())?,
        brand,
        mailbox: adapters.mailbox,
        stopping: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };
    Ok(Portal {
        public: router::public(config, &parts)?,
        private: router::private(&parts),
        auth,
        mailer: adapters.mailer,
        retention: config.retention,
        stopping: parts.stopping,
        tasks: parts.tasks,
        shared_cache: shared.listener,
    })
}

/// Brings the clients of the settings file into the database.
async fn define_clients(config: &Config, adapters: &Adapters) -> Result<(), ClientError> {
    let define = || {
        sync_config_clients(
            &*adapters.store,
            &*adapters.random,
            adapters.clock.now(),
            &config.oidc.clients,
        )
    };
    let is_away =
        |error: &ClientError| matches!(error, ClientError::Failed(AuthError::Unavailable(_)));
    retry_until_up(define, is_away).await
}

async fn build_auth(
    config: &Config,
    adapters: &Adapters,
    shared: &Shared,
) -> Result<Auth, AuthError> {
    let hasher = PasswordHasher::start(config.passwords.hashing, Arc::clone(&adapters.random));
    let builder = AuthBuilder {
        store: Arc::clone(&adapters.store),
        limiter: Arc::clone(&shared.limiter),
        principals: Arc::clone(&shared.principals),
        hasher: hasher.map_err(AuthError::internal)?,
        clock: Arc::clone(&adapters.clock),
        random: Arc::clone(&adapters.random),
        master: adapters.master_key.clone(),
        tokens: config.tokens.clone(),
        settings: AuthSettings {
            public_url: config.http.public_url.clone(),
            registration: config.registration,
            passwords: config.passwords.policy.clone(),
            lifetimes: config.lifetimes,
            limits_enabled: config.rate_limits,
            limits: config.limits.clone(),
            anonymous_mails_per_hour: config.mail.anonymous_per_hour,
        },
    };
    let is_away = |error: &AuthError| matches!(error, AuthError::Unavailable(_));
    retry_until_up(|| builder.clone().build(), is_away).await
}

/// How long the only process may believe what it read; every write is its own.
const SNAPSHOT_LIFE: Duration = Duration::from_secs(30);

/// What replicas share, or what stands in for it.
struct Shared {
    limiter: Arc<dyn RateLimiter>,
    principals: Arc<dyn PrincipalCache>,
    listener: Option<Arc<RedisPrincipals>>,
    link: Option<RedisLink>,
}

impl Shared {
    fn open(config: &Config, adapters: &Adapters) -> Result<Self, BoxError> {
        let Some(url) = &config.redis.url else {
            return Ok(Self::alone(config.has_database_lock()));
        };
        let link = RedisLink::open(url, &config.redis.prefix)?;
        let principals = Arc::new(RedisPrincipals::new(
            link.clone(),
            adapters.master_key.clone(),
            Arc::clone(&adapters.clock),
            Arc::clone(&adapters.random),
        ));
        let limiter = RedisLimiter::new(
            link.clone(),
            &adapters.master_key,
            Arc::clone(&adapters.random),
        );
        Ok(Self {
            limiter: Arc::new(limiter),
            principals: principals.clone(),
            listener: Some(principals),
            link: Some(link),
        })
    }

    /// Other replicas' revocations must be seen at once: only
    /// a database of this process alone may be cached in it.
    fn alone(has_database_lock: bool) -> Self {
        let principals: Arc<dyn PrincipalCache> = if has_database_lock {
            Arc::new(InProcessPrincipals::new(SNAPSHOT_LIFE))
        } else {
            Arc::new(NoCache)
        };
        Self {
            limiter: Arc::new(InProcessLimiter::default()),
            principals,
            listener: None,
            link: None,
        }
    }
}

fn load_assets(site_dir: Option<&Path>) -> std::io::Result<Assets> {
    let assets = match site_dir {
        Some(folder) => Assets::from_folder(&folder.join("pkg"))?,
        None => Assets::embedded(),
    };
    if assets.is_empty() {
        tracing::warn!(
            "there are no site assets: pages work, but without styles; build them with `cargo xtask run`"
        );
    }
    Ok(assets)
}
