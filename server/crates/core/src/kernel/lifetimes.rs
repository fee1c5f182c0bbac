//! How long things live. The bounds within which a deployment may set them are in the reference of
//! the settings.

use std::time::Duration;

use crate::kernel::model::Purpose;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// The longest that an access token may live: so long a key is kept after another one signs.
pub const MAX_ACCESS_TOKEN_LIFE: Duration = HOUR;
/// The longest that an ID token may live.
pub const MAX_ID_TOKEN_LIFE: Duration = DAY;
/// The longest that a refresh token may live unless it is used.
pub const MAX_REFRESH_LIFE: Duration = DAY.saturating_mul(30);
/// The longest that a mailed link may live.
pub const MAX_LINK_LIFE: Duration = DAY.saturating_mul(30);

/// Of sessions, tokens, and what is mailed.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// A session at most, whatever happens in it: of a browser that was not asked to remember, and
    /// of an API client that asks not to be.
    pub transient_session: Duration,
    /// Of a remembered browser, and of an API client.
    pub persistent_session: Duration,
    /// Sensitive operations do without the password if it was given in the session within this
    /// time.
    pub reauthentication: Duration,
    /// An access token, if its session does not end before.
    pub access_token: Duration,
    /// A refresh token unless it is used.
    pub refresh_token: Duration,
    /// The six digits that do the same as the link.
    pub verify_code: Duration,
    /// Mailed links, in the order of [`Purpose::ALL`]; what they are by default stands in the table
    /// of purposes (`model/link.rs`). An account that is scheduled for deletion
    /// goes when the link expires that restores it.
    pub links: [Duration; Purpose::ALL.len()],
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            transient_session: DAY,
            persistent_session: 30 * DAY,
            reauthentication: 10 * MINUTE,
            access_token: 15 * MINUTE,
            refresh_token: 7 * DAY,
            verify_code: 10 * MINUTE,
            links: std::array::from_fn(|index| Purpose::ALL[index].default_life()),
        }
    }
}

impl Lifetimes {
    /// How long a mailed link of this purpose works.
    pub fn link(&self, purpose: Purpose) -> Duration {
        self.links[purpose as usize]
    }

    #[must_use]
    pub fn with_link(mut self, purpose: Purpose, life: Duration) -> Self {
        self.links[purpose as usize] = life;
        self
    }
}
