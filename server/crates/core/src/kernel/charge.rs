//! Taking what an operation costs from the limits.

use std::time::Duration;

use metrics::counter;
use serde_json::json;
use uuid::Uuid;

use crate::kernel::audit::AuditEvent;
use crate::kernel::call::Call;
use crate::kernel::errors::AuthError;
use crate::kernel::limits::{
    Limit, MAIL_NETWORK, NETWORKS_OF_SITE, TOKEN_NETWORK, limit_name, mails_of_all,
    recipient_charge, site_of,
};
use crate::kernel::mail::MailKind;
use crate::kernel::model::{EmailAddress, User};
use crate::kernel::ports::{Charge, Decision, Quota};

impl Call<'_> {
    /// What an act costs the client's network and, in IPv6, its site.
    pub fn network_charges(&self, limit: Limit) -> Vec<Charge> {
        let of_network = limit.of(&self.network());
        let site = site_of(self.meta.ip_address);
        let of_site = site.is_ipv6().then(|| {
            let quota = self.core.settings.limits.adapt(&of_network).quota;
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

    /// What a mail that is asked for costs the network and the mailbox, and all requests for mails.
    pub fn mail_charges(&self, kind: MailKind, to: &EmailAddress) -> Vec<Charge> {
        let mut charges = self.network_charges(MAIL_NETWORK);
        charges.extend(self.mailbox_charges(kind, to));
        charges
    }

    /// The same without the client's network and site.
    pub fn mailbox_charges(&self, kind: MailKind, to: &EmailAddress) -> Vec<Charge> {
        let mut charges = mails_of_all(kind, self.core.settings.anonymous_mails_per_hour);
        charges.push(recipient_charge(kind, to.canonical()));
        charges
    }

    /// Whether the owner may be notified of what was done in a session. An address that is
    /// not confirmed may be another person's, whose mailbox must not be filled.
    pub async fn may_notify(&self, kind: MailKind, user: &User) -> bool {
        user.is_email_verified || self.may_mail(kind, &user.canonical_email()).await
    }

    /// Whether a mailbox may be notified of one more such event, which an attacker can cause as
    /// often as they like. The limit protects the mailbox; it must not show in the answer. Those
    /// before it were notified.
    pub async fn may_mail(&self, kind: MailKind, canonical: &str) -> bool {
        let charge = recipient_charge(kind, canonical);
        matches!(self.decide(&[charge]).await, Ok(None))
    }

    /// Takes all of the charges or none; a refusal is an event.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`] if one of the quotas is used up.
    pub async fn take(&self, charges: &[Charge]) -> Result<(), AuthError> {
        self.take_for(charges, AuditEvent::RateLimited, None).await
    }

    /// The same; a refusal is this event, of this user.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`] if one of the quotas is used up.
    pub async fn take_for(
        &self,
        charges: &[Charge],
        event: AuditEvent,
        user_id: Option<Uuid>,
    ) -> Result<(), AuthError> {
        let Some((limit, retry_after)) = self.decide(charges).await? else {
            return Ok(());
        };
        self.audit_later(event, user_id, json!({ "limit": limit }));
        Err(AuthError::RateLimited { retry_after })
    }

    /// Takes the charges of an operation, and gives them back if what it needs is out of reach or
    /// too busy: that was not the caller's doing, and they will come again.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`] if one of the quotas is used up, and those of the operation.
    pub async fn charge<T>(
        &self,
        charges: &[Charge],
        operation: impl Future<Output = Result<T, AuthError>>,
    ) -> Result<T, AuthError> {
        self.take(charges).await?;
        let done = operation.await;
        if let Err(AuthError::Unavailable(_) | AuthError::Overloaded { .. }) = done {
            self.give_back(charges).await;
        }
        done
    }

    /// The same for an entry of a mailed token or code, which counts against the caller's network.
    pub async fn charge_token_entry<T>(
        &self,
        operation: impl Future<Output = Result<T, AuthError>>,
    ) -> Result<T, AuthError> {
        let charges = self.network_charges(TOKEN_NETWORK);
        self.charge(&charges, operation).await
    }

    /// The limit that is used up, if one is, and for how long.
    async fn decide<'a>(
        &self,
        charges: &'a [Charge],
    ) -> Result<Option<(&'a str, Duration)>, AuthError> {
        if !self.core.settings.limits_enabled || charges.is_empty() {
            return Ok(None);
        }
        let adapted = self.adapted(charges);
        // Not the operation's instant: an earlier one would give back what others used up since.
        let now = self.core.clock.now();
        let decision = self.core.limiter.take(&adapted, now).await;
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
                Some((limit, retry_after))
            }
        })
    }

    /// The charges as this deployment has them.
    fn adapted(&self, charges: &[Charge]) -> Vec<Charge> {
        let adapt = |charge| self.core.settings.limits.adapt(charge);
        charges.iter().map(adapt).collect()
    }

    pub async fn give_back(&self, charges: &[Charge]) {
        if !self.core.settings.limits_enabled {
            return;
        }
        let charges = self.adapted(charges);
        let now = self.core.clock.now();
        if let Err(error) = self.core.limiter.give_back(&charges, now).await {
            tracing::warn!(error, "a limit was not given back");
        }
    }

    pub async fn reset_limits(&self, charges: &[Charge]) {
        if let Err(error) = self.core.limiter.reset(charges).await {
            tracing::warn!(error, "a limit was not reset");
        }
    }
}

fn count_decision(limit: &str, result: &'static str) {
    counter!("vestibule_rate_limit_decisions_total", "limit" => limit.to_owned(), "result" => result)
        .increment(1);
}
