//! How long things live. The bounds within which a deployment may set them are in the reference of
//! the settings.

use std::time::Duration;

use crate::kernel::model::Purpose;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// The longest that an access token may live: so long a key is kept after another one signs.
pub const MAX_ACCESS_TOKEN_LIFE: Duration = HOUR;
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
    pub reset_link: Duration,
    pub verify_link: Duration,
    /// The six digits that do the same as the link.
    pub verify_code: Duration,
    pub change_email_link: Duration,
    pub revert_email_link: Duration,
    /// How long a deletion can be undone; then the account goes.
    pub deletion_delay: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            transient_session: DAY,
            persistent_session: 30 * DAY,
            reauthentication: 10 * MINUTE,
            access_token: 15 * MINUTE,
            refresh_token: 7 * DAY,
            reset_link: HOUR,
            verify_link: DAY,
            verify_code: 10 * MINUTE,
            change_email_link: DAY,
            revert_email_link: 72 * HOUR,
            deletion_delay: 14 * DAY,
        }
    }
}

impl Lifetimes {
    /// How long a mailed token of this purpose works.
    pub fn link(&self, purpose: Purpose) -> Duration {
        match purpose {
            Purpose::VerifyEmail => self.verify_link,
            Purpose::ResetPassword => self.reset_link,
            Purpose::ChangeEmail => self.change_email_link,
            Purpose::RevertEmail => self.revert_email_link,
            Purpose::CancelDeletion => self.deletion_delay,
        }
    }
}
