//! Where a request comes from.

use std::net::IpAddr;

use uuid::Uuid;

use crate::kernel::abandon::Abandoned;
use crate::kernel::audit::Actor;
use crate::kernel::limits;
use crate::kernel::model::{Language, device_name};

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
