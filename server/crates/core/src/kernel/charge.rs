//! Taking what an operation costs from the limits.

use std::time::Duration;

use metrics::counter;
use serde_json::json;
use uuid::Uuid;

use crate::kernel::audit::AuditEvent;
use crate::kernel::call::RequestMeta;
use crate::kernel::core::Core;
use crate::kernel::errors::AuthError;
use crate::kernel::limits::{Limit, NETWORKS_OF_SITE, TOKEN_NETWORK, limit_name, site_of};
use crate::kernel::ports::{Charge, Decision, Quota};

impl Core {
    /// What an act costs the client's network and, in IPv6, its site.
    pub(crate) fn network_charges(&self, limit: Limit, meta: &RequestMeta) -> Vec<Charge> {
        let of_network = limit.of(&meta.network());
        let site = site_of(meta.ip_address);
        let of_site = site.is_ipv6().then(|| {
            let quota = self.settings.limits.adapt(&of_network).quota;
            Charge {
                key: format!("{}:{site}", limit.name.replace(":network", ":site")),
                quota: Quota {
                    burst: quota.burst.saturating_mul(NETWORKS_OF_SITE),
                    period: quota.period / NETWORKS_OF_SITE,
                },
            }
        });
        [of_network].into_iter().chain(of_site).collect()
    }

    /// Takes all of the charges or none; a refusal is an event.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`] if one of the quotas is used up.
    pub(crate) async fn take(
        &self,
        charges: &[Charge],
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        self.take_for(charges, AuditEvent::RateLimited, None, meta)
            .await
    }

    /// The same; a refusal is this event, of this user.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`] if one of the quotas is used up.
    pub(crate) async fn take_for(
        &self,
        charges: &[Charge],
        event: AuditEvent,
        user_id: Option<Uuid>,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let refused = self.decide(charges).await?;
        if let Some(Refused { limit, .. }) = refused {
            self.defer_audit(event, user_id, json!({ "limit": limit }), meta);
        }
        refused.map_or(Ok(()), |refused| Err(refused.into()))
    }

    /// Takes the charges of an operation, and gives them back if what it needs is out of reach or
    /// too busy: that was not the caller's doing, and they will come again.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`] if one of the quotas is used up, and those of the operation.
    pub(crate) async fn charge<T>(
        &self,
        charges: &[Charge],
        meta: &RequestMeta,
        operation: impl Future<Output = Result<T, AuthError>>,
    ) -> Result<T, AuthError> {
        self.take(charges, meta).await?;
        let done = operation.await;
        if let Err(AuthError::Unavailable(_) | AuthError::Overloaded { .. }) = done {
            self.give_back(charges).await;
        }
        done
    }

    /// The same for an entry of a mailed token or code, which counts against the caller's network.
    pub(crate) async fn charge_token_entry<T>(
        &self,
        meta: &RequestMeta,
        operation: impl Future<Output = Result<T, AuthError>>,
    ) -> Result<T, AuthError> {
        let charges = self.network_charges(TOKEN_NETWORK, meta);
        self.charge(&charges, meta, operation).await
    }

    /// Takes all of the charges or none, and records nothing.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`] if one of the quotas is used up.
    pub(crate) async fn take_quietly(&self, charges: &[Charge]) -> Result<(), AuthError> {
        let refused = self.decide(charges).await?;
        refused.map_or(Ok(()), |refused| Err(refused.into()))
    }

    async fn decide<'a>(&self, charges: &'a [Charge]) -> Result<Option<Refused<'a>>, AuthError> {
        if !self.settings.limits_enabled {
            return Ok(None);
        }
        let adapted = self.adapted(charges);
        let decision = self.limiter.take(&adapted, self.clock.now()).await;
        Ok(match decision.map_err(AuthError::Unavailable)? {
            Decision::Allowed => {
                let mut limits: Vec<&str> = charges.iter().map(limit_name).collect();
                limits.dedup();
                for limit in limits {
                    count_decision(limit, "allowed");
                }
                None
            }
            Decision::Limited {
                charge,
                retry_after,
            } => {
                let limit = charges.get(charge).map_or("unknown", limit_name);
                count_decision(limit, "refused");
                Some(Refused { limit, retry_after })
            }
        })
    }

    /// The charges as this deployment has them.
    fn adapted(&self, charges: &[Charge]) -> Vec<Charge> {
        let adapt = |charge| self.settings.limits.adapt(charge);
        charges.iter().map(adapt).collect()
    }

    pub(crate) async fn give_back(&self, charges: &[Charge]) {
        if !self.settings.limits_enabled {
            return;
        }
        let charges = self.adapted(charges);
        if let Err(error) = self.limiter.give_back(&charges, self.clock.now()).await {
            tracing::warn!(error, "a limit was not given back");
        }
    }

    pub(crate) async fn reset_limits(&self, charges: &[Charge]) {
        if let Err(error) = self.limiter.reset(charges).await {
            tracing::warn!(error, "a limit was not reset");
        }
    }
}

/// Which limit was used up.
#[derive(Clone, Copy)]
struct Refused<'a> {
    limit: &'a str,
    retry_after: Duration,
}

impl From<Refused<'_>> for AuthError {
    fn from(refused: Refused<'_>) -> Self {
        Self::RateLimited {
            retry_after: refused.retry_after,
        }
    }
}

fn count_decision(limit: &str, result: &'static str) {
    counter!("vestibule_rate_limit_decisions_total", "limit" => limit.to_owned(), "result" => result)
        .increment(1);
}
