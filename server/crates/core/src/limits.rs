//! The limits that operations keep. The numbers are documented in docs/SECURITY.md.

use std::net::IpAddr;
use std::time::Duration;

use metrics::counter;
use serde_json::json;
use uuid::Uuid;

use crate::audit::AuditEvent;
use crate::auth::{Auth, RequestMeta};
use crate::crypto::hash_token;
use crate::error::AuthError;
use crate::mail::MailKind;
use crate::ports::{Charge, Decision, Quota};

/// A limit: what is counted, and how much of it each key may do.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    pub name: &'static str,
    pub quota: Quota,
}

const fn limit(name: &'static str, burst: u32, period: Duration) -> Limit {
    Limit {
        name,
        quota: Quota { burst, period },
    }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Requests of any kind from one network.
pub(crate) const REQUEST_NETWORK: Limit = limit("request:network", 600, Duration::from_millis(50));
/// Wrong passwords from one network.
pub(crate) const SIGN_IN_NETWORK: Limit = limit("sign_in:network", 50, seconds(10));
/// Wrong passwords for one account. Together they are a delay that grows with the failures and
/// never a lock: ten at once, then one a minute, after thirty
/// one in ten minutes, after a hundred one an hour.
const SIGN_IN_ACCOUNT: [Limit; 3] = [
    limit("sign_in:account", 10, seconds(60)),
    limit("sign_in:account:thirty", 30, seconds(600)),
    limit("sign_in:account:hundred", 100, seconds(3600)),
];
/// The same for known browsers, so that an attacker cannot keep the owner out.
const SIGN_IN_KNOWN: [Limit; 3] = [
    limit("sign_in:known", 10, seconds(60)),
    limit("sign_in:known:thirty", 30, seconds(600)),
    limit("sign_in:known:hundred", 100, seconds(3600)),
];
/// Registrations from one network.
pub(crate) const REGISTER_NETWORK: Limit = limit("register:network", 20, seconds(60));
/// Mails that anyone can cause to one address.
pub(crate) const MAIL_RECIPIENT: Limit = limit("mail:recipient", 5, seconds(600));
/// Mails that one network can cause.
pub(crate) const MAIL_NETWORK: Limit = limit("mail:network", 20, seconds(60));
/// Mails that all networks together can cause by requests
/// of nobody who is signed in; how many is a setting.
const MAIL_ALL: &str = "mail:all";
/// The part of them that is for anything but getting back in,
/// so that a flood of registrations leaves room for that.
const MAIL_NEW: &str = "mail:new";
/// Wrong codes that one site can try in a day, and all of them together:
/// six digits are guessed in the end.
pub(crate) const CODE_SITE: Limit = limit("code:site", 100, seconds(864));
pub(crate) const CODE_ALL: Limit = limit("code:all", 2000, seconds(45));
/// Refreshes of one session: each leaves a row in the audit log.
pub(crate) const REFRESH_SESSION: Limit = limit("refresh:session", 60, seconds(5));
/// Downloads of one account's data.
pub(crate) const EXPORT_ACCOUNT: Limit = limit("export:account", 5, seconds(600));
/// Mailed tokens and codes tried from one network.
pub(crate) const TOKEN_NETWORK: Limit = limit("token:network", 30, seconds(10));
/// New passwords of one account that are rated and hashed, after the current one was right.
pub(crate) const PASSWORD_ACCOUNT: Limit = limit("password:account", 20, seconds(60));
/// Passwords that one network can have rated while they are typed:
/// an office at once, and one a second after that.
pub(crate) const STRENGTH_NETWORK: Limit = limit("strength:network", 120, seconds(1));

/// What a site of IPv6 may do, in what each of its networks may: it has 65,536 of them.
const NETWORKS_OF_SITE: u32 = 5;

impl Limit {
    /// One unit of what `key` may do.
    pub(crate) fn of(self, key: &str) -> Charge {
        Charge {
            key: format!("{}:{key}", self.name),
            quota: self.quota,
        }
    }
}

/// What a mail that anybody can ask for costs all of them: at most so many an hour, three quarters
/// of them for other than getting back in.
pub(crate) fn mails_of_all(kind: MailKind, per_hour: u32) -> Vec<Charge> {
    let limit_of = |name, burst: u32| {
        let burst = burst.max(1);
        limit(name, burst, seconds(3600) / burst).of("anybody")
    };
    let mut charges = vec![limit_of(MAIL_ALL, per_hour)];
    if kind.priority() > 0 {
        charges.push(limit_of(MAIL_NEW, per_hour / 4 * 3));
    }
    charges
}

/// The key under which wrong passwords are counted together.
pub(crate) enum AttemptKey<'a> {
    /// Attempts from unknown browsers: the canonical address, or what was typed in its place.
    Unknown(&'a str),
    /// Attempts of a signed-in session or a known browser of the account.
    Known(Uuid),
}

impl AttemptKey<'_> {
    /// What a wrong password costs the account.
    pub(crate) fn charges(&self) -> Vec<Charge> {
        let (limits, key) = match self {
            // Hashed: of one length whatever was typed, and no address in memory.
            Self::Unknown(canonical) => (SIGN_IN_ACCOUNT, hash_token(canonical)),
            Self::Known(user_id) => (SIGN_IN_KNOWN, user_id.to_string()),
        };
        limits.iter().map(|limit| limit.of(&key)).collect()
    }
}

/// The key of a client's network: an IPv4 address, or the /64 that one IPv6 client has to itself.
pub(crate) fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// The first address of a client's site: an IPv4 address itself, or that of an IPv6 /48. What one
/// line can get counts as one client where a few thousand
/// networks would use up what is for everybody.
pub fn site_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        address @ IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            IpAddr::from([a, b, c, 0, 0, 0, 0, 0])
        }
    }
}

impl Auth {
    /// Counts a request of any kind against its network.
    ///
    /// # Errors
    /// [`AuthError::RateLimited`]; [`AuthError::Unavailable`] if the limiter does not answer.
    pub async fn admit(&self, meta: &RequestMeta) -> Result<(), AuthError> {
        self.take(&[REQUEST_NETWORK.of(&meta.network())], meta)
            .await
    }

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

/// `register:network` of `register:network:203.0.113.7`.
pub(crate) fn limit_name(charge: &Charge) -> &str {
    let second = charge.key.match_indices(':').nth(1);
    second.map_or(charge.key.as_str(), |(end, _)| &charge.key[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_an_address_or_a_48() {
        for (address, site) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2::3", "2001:db8:1::"),
            ("2001:db8:1:ffff::3", "2001:db8:1::"),
        ] {
            assert_eq!(site_of(address.parse().unwrap()).to_string(), site);
        }
    }
}
