//! The limits that operations keep. The numbers are documented in docs/SECURITY.md.

use std::net::IpAddr;
use std::time::Duration;

use uuid::Uuid;

use crate::kernel::mail::MailKind;
use crate::kernel::master_key::hash_token;
use crate::kernel::model::without_tag;
use crate::kernel::ports::{Charge, Quota};

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
/// Codes that are redeemed from one session of a browser: each leaves a session of an app.
pub(crate) const APP_SIGN_IN: Limit = limit("app:sign_in", 120, seconds(30));
/// Wrong secrets of one client from one network.
pub(crate) const CLIENT_SECRETS: Limit = limit("client:secret", 20, seconds(10));
/// Requests of one client that has proved who it is, from all networks.
pub(crate) const CLIENT_REQUESTS: Limit = limit("client:requests", 6000, Duration::from_millis(5));
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
pub(crate) const NETWORKS_OF_SITE: u32 = 5;

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

/// Each kind of mail counts by itself: asking for one must not keep the owner from getting another.
/// Addresses that differ in their tags count as one mailbox.
pub(crate) fn recipient_charge(kind: MailKind, canonical: &str) -> Charge {
    // Hashed, so that the limiter holds no address.
    MAIL_RECIPIENT.of(&format!("{kind}:{}", hash_token(&without_tag(canonical))))
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

/// `register:network` of `register:network:203.0.113.7`.
pub(crate) fn limit_name(charge: &Charge) -> &str {
    let second = charge.key.match_indices(':').nth(1);
    second.map_or(charge.key.as_str(), |(end, _)| &charge.key[..end])
}
