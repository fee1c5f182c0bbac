//! What an operation runs in.

use std::net::IpAddr;

use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::kernel::abandon::Abandoned;
use crate::kernel::audit::{Actor, AuditEvent, AuditRecord};
use crate::kernel::core::Core;
use crate::kernel::errors::{AuthError, ErrorCode};
use crate::kernel::limits;
use crate::kernel::model::{Language, device_name};
use crate::kernel::passwords::hasher::Verdict;

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
}

/// One operation: who asks for it, from where, and when. All that it writes has this one instant.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub core: &'a Core,
    pub meta: &'a RequestMeta,
    pub actor: Actor,
    pub now: OffsetDateTime,
}

impl Core {
    /// An operation of a caller who is not known yet.
    pub fn call<'a>(&'a self, meta: &'a RequestMeta) -> Call<'a> {
        Call {
            core: self,
            meta,
            actor: Actor::Nobody,
            now: self.clock.now(),
        }
    }
}

impl Call<'_> {
    /// The same operation, known to be this user's.
    pub fn by(self, user_id: Uuid) -> Self {
        Self {
            actor: Actor::Person(user_id),
            ..self
        }
    }

    /// The same operation after it waited for a rating or a hash, which can take seconds: what it
    /// decides and writes from here on has the present instant.
    pub fn later(self) -> Self {
        Self {
            now: self.core.clock.now(),
            ..self
        }
    }

    pub fn new_id(&self) -> Uuid {
        self.core.random.id(self.now)
    }

    /// The caller's device, as end users read it.
    pub fn device(&self) -> String {
        device_name(self.meta.user_agent.as_deref())
    }

    /// The caller's address as it is stored.
    pub fn ip_address(&self) -> String {
        self.meta.ip_address.to_canonical().to_string()
    }

    pub fn network(&self) -> String {
        limits::network(self.meta.ip_address)
    }

    /// An event of this operation, not yet written.
    pub fn event(
        &self,
        event: AuditEvent,
        user_id: impl Into<Option<Uuid>>,
        details: Value,
    ) -> AuditRecord {
        AuditRecord {
            id: self.new_id(),
            user_id: user_id.into(),
            event,
            actor: self.actor,
            client_id: None,
            details,
            ip_address: self.ip_address(),
            user_agent: self.meta.user_agent.clone(),
            created_at: self.now,
        }
    }

    /// Has an event written that belongs to no other write.
    pub fn audit_later(&self, event: AuditEvent, user_id: impl Into<Option<Uuid>>, details: Value) {
        let record = self.event(event, user_id, details);
        self.core.write_behind.push(record);
    }

    /// Has it written that the request was refused.
    pub fn refused(&self, code: ErrorCode, user_id: Option<Uuid>) {
        let details = json!({ "code": code.as_str() });
        self.audit_later(AuditEvent::RequestRefused, user_id, details);
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: &str) -> Result<String, AuthError> {
        self.core.hasher.hash(password, &self.meta.abandoned).await
    }

    /// Checks a password against a stored hash; without one it is wrong after the same work.
    pub async fn verify(&self, password: &str, stored: Option<&str>) -> Result<Verdict, AuthError> {
        let hasher = &self.core.hasher;
        hasher.verify(password, stored, &self.meta.abandoned).await
    }
}
