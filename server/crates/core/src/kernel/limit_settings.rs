//! What a deployment sets of the limits that operations keep.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::kernel::limits::{
    EXPORT_ACCOUNT, Limit, MAIL_NETWORK, MAIL_RECIPIENT, REFRESH_SESSION, REGISTER_NETWORK,
    REQUEST_NETWORK, SIGN_IN_NETWORK, STRENGTH_NETWORK, TOKEN_NETWORK, limit_name,
};
use crate::kernel::ports::{Charge, Quota};

/// The limits that a deployment may set, as they are without that. Those that count by account are
/// kept as they are: what they allow an attacker does not depend on a deployment.
pub const SETTABLE_LIMITS: [(&str, Quota); 9] = [
    settable(REQUEST_NETWORK),
    settable(SIGN_IN_NETWORK),
    settable(REGISTER_NETWORK),
    settable(MAIL_NETWORK),
    settable(MAIL_RECIPIENT),
    settable(TOKEN_NETWORK),
    settable(REFRESH_SESSION),
    settable(EXPORT_ACCOUNT),
    settable(STRENGTH_NETWORK),
];

const fn settable(limit: Limit) -> (&'static str, Quota) {
    (limit.name, limit.quota)
}

/// Networks that many people share, a school or a company behind one address: what counts by
/// network allows so many times as much there. No limit of an account grows.
#[derive(Clone)]
pub struct SharedNetworks {
    pub contain: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    pub factor: u32,
}

impl fmt::Debug for SharedNetworks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedNetworks(by {})", self.factor)
    }
}

/// The limits of this deployment, where they are not the defaults.
#[derive(Clone, Debug, Default)]
pub struct LimitSettings {
    /// By the name of the limit.
    pub quotas: Vec<(&'static str, Quota)>,
    pub shared_networks: Option<SharedNetworks>,
}

impl LimitSettings {
    /// A charge as this deployment has it.
    pub(crate) fn adapt(&self, charge: &Charge) -> Charge {
        let name = limit_name(charge);
        let set = self.quotas.iter().find(|(known, _)| *known == name);
        let quota = set.map_or(charge.quota, |(_, quota)| *quota);
        let factor = self.factor_of(name, &charge.key);
        Charge {
            key: charge.key.clone(),
            quota: Quota {
                burst: quota.burst.saturating_mul(factor),
                period: quota.period / factor,
            },
        }
    }

    fn factor_of(&self, name: &str, key: &str) -> u32 {
        let Some(shared) = &self.shared_networks else {
            return 1;
        };
        let network = key
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(':'))
            .filter(|_| name.ends_with(":network"));
        let address = network.and_then(|network| network.trim_end_matches("/64").parse().ok());
        let is_shared = address.is_some_and(|address| (shared.contain)(address));
        if is_shared { shared.factor.max(1) } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::kernel::limits::network;

    fn of(settings: &LimitSettings, limit: Limit, address: &str) -> Quota {
        let key = network(address.parse().unwrap());
        settings.adapt(&limit.of(&key)).quota
    }

    #[test]
    fn a_network_that_many_share_has_larger_limits_and_its_accounts_have_not() {
        let shared = ["203.0.113.7", "2001:db8::"].map(|text| text.parse::<IpAddr>().unwrap());
        let settings = LimitSettings {
            quotas: Vec::new(),
            shared_networks: Some(SharedNetworks {
                contain: Arc::new(move |address| shared.contains(&address)),
                factor: 10,
            }),
        };
        for address in ["203.0.113.7", "2001:db8::1234"] {
            let quota = of(&settings, REGISTER_NETWORK, address);
            assert_eq!((quota.burst, quota.period), (200, Duration::from_secs(6)));
        }
        let other = of(&settings, REGISTER_NETWORK, "203.0.113.8");
        assert_eq!(other, REGISTER_NETWORK.quota);
        let account = of(&settings, EXPORT_ACCOUNT, "203.0.113.7");
        assert_eq!(account, EXPORT_ACCOUNT.quota);
    }
}
