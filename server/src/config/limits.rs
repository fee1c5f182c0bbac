use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use vestibule_core::ports::Quota;
use vestibule_core::{LimitSettings, SETTABLE_LIMITS, SettableLimit, SharedNetworks};
use vestibule_web::TrustedProxies;

use super::Reader;

/// Each setting, and the limit that it is of.
const SETTINGS: [(&str, &str); 9] = [
    ("limits.requests", "request:network"),
    ("limits.sign_ins", "sign_in:network"),
    ("limits.registrations", "register:network"),
    ("limits.mails", "mail:network"),
    ("limits.mails_per_address", "mail:recipient"),
    ("limits.links", "token:network"),
    ("limits.refreshes", "refresh:session"),
    ("limits.downloads", "export:account"),
    ("limits.password_ratings", "strength:network"),
];
const SHARED: &str = "limits.shared_networks";
/// A network that is larger is no company's or school's, and half of the world would have no
/// limits.
const WIDEST: (u8, u8) = (16, 32);
/// What counts by network knows no smaller one of IPv6.
const NARROWEST_V6: u8 = 64;

pub(super) fn read(reader: &mut Reader<'_>) -> LimitSettings {
    let quotas = SETTINGS.iter().filter_map(|(key, name)| {
        let limit = SETTABLE_LIMITS.iter().find(|limit| limit.name == *name)?;
        Some((limit.name, read_quota(reader, key, limit)))
    });
    LimitSettings {
        quotas: quotas.collect(),
        shared_networks: read_shared_networks(reader),
    }
}

fn read_quota(reader: &mut Reader<'_>, key: &str, limit: &SettableLimit) -> Quota {
    let text = reader.text(key);
    let quota = parse(&text).filter(|quota| {
        quota.burst > 0
            && quota.burst <= limit.most.burst
            && quota.period >= limit.most.period
            && quota.period <= Duration::from_hours(24)
    });
    quota.unwrap_or_else(|| {
        reader.refuse(
            key,
            &format!(
                "must be how many at once and the time after which there is one more, like {}, and at most {}, not `{text}`",
                written(limit.default),
                written(limit.most)
            ),
        );
        limit.default
    })
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

fn written(quota: Quota) -> String {
    let micros = quota.period.as_micros();
    let period = match micros {
        _ if micros.is_multiple_of(60_000_000) => format!("{}m", micros / 60_000_000),
        _ if micros.is_multiple_of(1_000_000) => format!("{}s", micros / 1_000_000),
        _ if micros.is_multiple_of(1000) => format!("{}ms", micros / 1000),
        _ => format!("{micros}us"),
    };
    format!("{}/{period}", quota.burst)
}

fn read_shared_networks(reader: &mut Reader<'_>) -> Option<SharedNetworks> {
    let texts = reader.list(SHARED);
    let factor = reader.number("limits.shared_factor", 2, 100);
    if texts.is_empty() {
        return None;
    }
    let networks = TrustedProxies::parse(texts.iter().map(String::as_str));
    let networks = match networks {
        Ok(networks) => networks,
        Err(error) => {
            reader.refuse(SHARED, &error.to_string());
            return None;
        }
    };
    if let Some(text) = texts.iter().find(|text| !is_of_fitting_size(text)) {
        reader.refuse(
            SHARED,
            &format!("`{text}` must be an IPv4 network of /16 or smaller, or an IPv6 network from /32 to /64"),
        );
    }
    Some(SharedNetworks {
        contain: Arc::new(move |address| networks.contain(address)),
        factor,
    })
}

fn is_of_fitting_size(network: &str) -> bool {
    let (address, prefix) = network.split_once('/').unwrap_or((network, ""));
    let prefix: Option<u8> = prefix.parse().ok();
    match address.parse() {
        Ok(IpAddr::V4(_)) => prefix.is_none_or(|prefix| prefix >= WIDEST.0),
        Ok(IpAddr::V6(_)) => {
            prefix.is_some_and(|prefix| (WIDEST.1..=NARROWEST_V6).contains(&prefix))
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::SETTINGS as TABLE;
    use super::*;

    #[test]
    fn a_quota_is_read_as_it_is_written() {
        for text in ["600/50ms", "20/1m", "60/5s", "60000/500us"] {
            assert_eq!(parse(text).map(written).as_deref(), Some(text));
        }
        for text in [
            "", "20", "20/", "20/60", "/60s", "x/60s", "20/60d", "20/s", "-1/60s",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_reference_says_what_each_limit_is_and_how_far_it_goes() {
        for limit in SETTABLE_LIMITS {
            let (key, _) = SETTINGS
                .iter()
                .find(|(_, name)| *name == limit.name)
                .unwrap();
            let setting = TABLE.iter().find(|setting| setting.key == *key).unwrap();
            assert_eq!(
                setting.default.and_then(parse),
                Some(limit.default),
                "{key}"
            );
            let most = format!("at most `{}`", written(limit.most));
            assert!(setting.help.contains(&most), "{key}: {most}");
        }
    }

    #[test]
    fn a_shared_network_is_of_the_size_of_a_company() {
        for network in [
            "203.0.113.7",
            "203.0.113.0/24",
            "10.1.0.0/16",
            "2001:db8::/64",
            "2001:db8::/32",
        ] {
            assert!(is_of_fitting_size(network), "{network}");
        }
        for network in [
            "0.0.0.0/0",
            "10.0.0.0/8",
            "::/0",
            "2001:db8::1",
            "2001:db8::/96",
        ] {
            assert!(!is_of_fitting_size(network), "{network}");
        }
    }
}
