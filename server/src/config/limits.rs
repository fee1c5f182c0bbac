//! `rate_limits` and `[limits]`

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use vestibule_core::ports::Quota;
use vestibule_core::{LimitSettings, SharedNetworks};
use vestibule_web::TrustedProxies;

use super::reader::Reader;
use super::setting::{Key, Range, Setting, settings};
use super::value::Value;

settings! {
    /// Whether anything is limited; off is refused in production.
    RATE_LIMITS: bool = "rate_limits", "VESTIBULE_RATE_LIMITS", "on";
    /// Requests of any kind from one network: so many at once, and one more after each such time.
    /// Times of all limits are in `us`, `ms`, `s`, `m` or `h`, at most a day.
    REQUESTS: Quota =
        "limits.requests", "VESTIBULE_LIMIT_REQUESTS", "600/50ms", at most "60000/500us";
    /// Wrong passwords from one network. The limits of an account are no setting:
    /// [SECURITY.md](SECURITY.md#limits).
    SIGN_INS: Quota =
        "limits.sign_ins", "VESTIBULE_LIMIT_SIGN_INS", "50/10s", at most "1000/500ms";
    /// Registrations from one network.
    REGISTRATIONS: Quota =
        "limits.registrations", "VESTIBULE_LIMIT_REGISTRATIONS", "20/60s", at most "2000/600ms";
    /// Mails that one network can cause.
    MAILS: Quota = "limits.mails", "VESTIBULE_LIMIT_MAILS", "20/60s", at most "2000/600ms";
    /// Mails of a kind that anyone can cause to one address.
    MAILS_PER_ADDRESS: Quota =
        "limits.mails_per_address", "VESTIBULE_LIMIT_MAILS_PER_ADDRESS", "5/10m", at most "20/1m";
    /// Mailed links and codes tried from one network.
    LINKS: Quota = "limits.links", "VESTIBULE_LIMIT_LINKS", "30/10s", at most "300/1s";
    /// Refreshes of one session.
    REFRESHES: Quota =
        "limits.refreshes", "VESTIBULE_LIMIT_REFRESHES", "60/5s", at most "600/500ms";
    /// Downloads of the data of one account.
    DOWNLOADS: Quota =
        "limits.downloads", "VESTIBULE_LIMIT_DOWNLOADS", "5/10m", at most "50/1m";
    /// New passwords of one network that are rated while they are typed.
    PASSWORD_RATINGS: Quota =
        "limits.password_ratings", "VESTIBULE_LIMIT_PASSWORD_RATINGS", "120/1s",
        at most "2000/50ms";
    /// Addresses and networks that many people share, like the address of a school or company: what
    /// counts by network allows there `limits.shared_factor` times as much. IPv4 of /16 or smaller,
    /// IPv6 from /32 to /64. No limit of an account grows by it, nor that on wrong six-digit codes.
    SHARED_NETWORKS: Vec<String> = "limits.shared_networks", "VESTIBULE_SHARED_NETWORKS";
    /// How many times as much.
    SHARED_FACTOR: u32 =
        "limits.shared_factor", "VESTIBULE_SHARED_NETWORKS_FACTOR", "10", in 2..=100;
}

/// Each limit of the core, and what sets it.
const LIMITS: [(&str, Key<Quota>); 9] = [
    ("request:network", REQUESTS),
    ("sign_in:network", SIGN_INS),
    ("register:network", REGISTRATIONS),
    ("mail:network", MAILS),
    ("mail:recipient", MAILS_PER_ADDRESS),
    ("token:network", LINKS),
    ("refresh:session", REFRESHES),
    ("export:account", DOWNLOADS),
    ("strength:network", PASSWORD_RATINGS),
];
/// A network that is larger is no company's or school's, and half of the world would have no
/// limits.
const WIDEST: (u8, u8) = (16, 32);
/// What counts by network knows no smaller one of IPv6.
const NARROWEST_V6: u8 = 64;

pub(super) fn read(reader: &mut Reader<'_>) -> LimitSettings {
    LimitSettings {
        quotas: LIMITS.map(|(name, key)| (name, reader.get(key))).to_vec(),
        shared_networks: read_shared_networks(reader),
    }
}

impl Value for Quota {
    fn parse(text: &str, setting: &Setting) -> Result<Self, String> {
        let most = match setting.range {
            Range::AtMost(limit) => limit,
            Range::Described | Range::Numbers(..) => "",
        };
        let is_within = |quota: &Self| {
            parse(most).is_none_or(|most| quota.burst <= most.burst && quota.period >= most.period)
        };
        let longest = Duration::from_hours(24);
        parse(text)
            .filter(|quota| quota.burst > 0 && quota.period <= longest && is_within(quota))
            .ok_or_else(|| {
                let example = setting.default.unwrap_or_default();
                format!("must be how many at once and the time after which there is one more, like {example}, and at most {most}, not `{text}`")
            })
    }
}

/// `20/60s`.
fn parse(text: &str) -> Option<Quota> {
    let (burst, period) = text.split_once('/')?;
    let digits = period.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = period.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let period = match unit {
        "us" => Duration::from_micros(number),
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.checked_mul(60)?),
        "h" => Duration::from_secs(number.checked_mul(3600)?),
        _ => return None,
    };
    let burst = burst.parse().ok()?;
    Some(Quota { burst, period })
}

fn read_shared_networks(reader: &mut Reader<'_>) -> Option<SharedNetworks> {
    let texts = reader.get(SHARED_NETWORKS);
    let factor = reader.get(SHARED_FACTOR);
    if texts.is_empty() {
        return None;
    }
    let networks = TrustedProxies::parse(texts.iter().map(String::as_str));
    let networks = match networks {
        Ok(networks) => networks,
        Err(error) => {
            reader.refuse(SHARED_NETWORKS, &error.to_string());
            return None;
        }
    };
    let mut each = texts.iter().zip(networks.networks());
    if let Some((text, _)) = each.find(|(_, it)| !is_of_fitting_size(it.addr(), it.prefix_len())) {
        reader.refuse(
            SHARED_NETWORKS,
            &format!("`{text}` must be an IPv4 network of /16 or smaller, or an IPv6 network from /32 to /64"),
        );
    }
    Some(SharedNetworks {
        contain: Arc::new(move |address| networks.contain(address)),
        factor,
    })
}

fn is_of_fitting_size(address: IpAddr, prefix: u8) -> bool {
    match address {
        IpAddr::V4(_) => prefix >= WIDEST.0,
        IpAddr::V6(_) => (WIDEST.1..=NARROWEST_V6).contains(&prefix),
    }
}

#[cfg(test)]
mod tests {
    use vestibule_core::SETTABLE_LIMITS;

    use super::*;

    #[test]
    fn a_quota_is_read_as_it_is_written() {
        for (text, burst, micros) in [
            ("600/50ms", 600, 50_000),
            ("20/1m", 20, 60_000_000),
            ("5/2h", 5, 7_200_000_000),
            ("60/5s", 60, 5_000_000),
            ("60000/500us", 60_000, 500),
        ] {
            let period = Duration::from_micros(micros);
            assert_eq!(parse(text), Some(Quota { burst, period }));
        }
        for text in [
            "", "20", "20/", "20/60", "/60s", "x/60s", "20/60d", "20/s", "-1/60s",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn each_limit_is_what_the_core_has_and_no_more_than_its_most() {
        assert_eq!(LIMITS.len(), SETTABLE_LIMITS.len());
        for (name, default) in SETTABLE_LIMITS {
            let (_, key) = LIMITS.iter().find(|(known, _)| *known == name).unwrap();
            let setting = key.setting;
            let has_most = matches!(setting.range, Range::AtMost(most) if parse(most).is_some());
            assert!(has_most, "{name}");
            let written = setting.default.unwrap();
            // It is refused beyond the most.
            assert_eq!(
                <Quota as Value>::parse(written, setting),
                Ok(default),
                "{name}"
            );
        }
    }

    #[test]
    fn a_shared_network_is_of_the_size_of_a_company() {
        let fits = |text| {
            let networks = TrustedProxies::parse([text]).unwrap();
            let network = networks.networks()[0];
            is_of_fitting_size(network.addr(), network.prefix_len())
        };
        for network in [
            "203.0.113.7",
            "203.0.113.0/24",
            "10.1.0.0/16",
            "2001:db8::/64",
            "2001:db8::/32",
        ] {
            assert!(fits(network), "{network}");
        }
        for network in [
            "0.0.0.0/0",
            "10.0.0.0/8",
            "::/0",
            "2001:db8::1",
            "2001:db8::/96",
        ] {
            assert!(!fits(network), "{network}");
        }
    }
}
