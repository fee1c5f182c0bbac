//! What operations share: the stores and services of a deployment, and its rules.

use std::sync::Arc;

use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::kernel::audit::{AuditEvent, AuditRecord};
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::AuthError;
use crate::kernel::lifetimes::Lifetimes;
use crate::kernel::limit_settings::LimitSettings;
use crate::kernel::master_key::MasterKey;
use crate::kernel::model::User;
use crate::kernel::passwords::estimator::Estimator;
use crate::kernel::passwords::hasher::PasswordHasher;
use crate::kernel::passwords::policy::PasswordPolicy;
use crate::kernel::ports::{
    Clock, PrincipalCache, Random, RateLimiter, Store, Transaction, Writer,
};
use crate::kernel::write_behind::WriteBehind;

/// The stores and services of a deployment.
pub struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) principals: Arc<dyn PrincipalCache>,
    pub(crate) write_behind: WriteBehind,
    pub(crate) hasher: PasswordHasher,
    pub(crate) estimator: Estimator,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) master: MasterKey,
    pub(crate) settings: AuthSettings,
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

    /// Has an event written that belongs to no other write.
    pub(crate) fn defer_audit(
        &self,
        event: AuditEvent,
        user_id: Option<Uuid>,
        details: Value,
        meta: &RequestMeta,
    ) {
        self.write_behind
            .push(self.audit_record(event, user_id, details, meta));
    }
}
