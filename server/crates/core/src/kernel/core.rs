//! What operations share: the stores and services of a deployment, and its rules.

use std::sync::Arc;

use url::Url;

use crate::kernel::lifetimes::Lifetimes;
use crate::kernel::limit_settings::LimitSettings;
use crate::kernel::master_key::MasterKey;
use crate::kernel::model::User;
use crate::kernel::passwords::estimator::Estimator;
use crate::kernel::passwords::hasher::PasswordHasher;
use crate::kernel::passwords::policy::PasswordPolicy;
use crate::kernel::ports::{Clock, PrincipalCache, Random, RateLimiter, Store};
use crate::kernel::write_behind::WriteBehind;

/// The stores and services of a deployment.
pub(crate) struct Core {
    pub store: Arc<dyn Store>,
    pub limiter: Arc<dyn RateLimiter>,
    pub principals: Arc<dyn PrincipalCache>,
    pub write_behind: WriteBehind,
    pub hasher: PasswordHasher,
    pub estimator: Estimator,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub master: MasterKey,
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

impl Core {
    /// An inactive account is refused before anything would be written for it: the right password
    /// takes no longer than a wrong one. In private mode only a user who has proved the mailbox may
    /// sign in: otherwise an attacker could register an address and see by signing in whether it
    /// had an account before. Sessions from before the mode was chosen are no exception.
    pub fn is_admitted(&self, user: &User) -> bool {
        let is_admitted = match self.settings.registration {
            RegistrationMode::Open => true,
            RegistrationMode::Private => user.is_email_verified,
        };
        user.is_active && is_admitted
    }
}
