//! What stands in an address for a mailed token, so that the token itself stays in no address bar, history or log.
//!
//! A handle is the token, sealed for a while and for one purpose. It travels with the page that shows what the link does
//! and with the form that uses it, so that links opened side by side do not meet, and an address that is carried to
//! another browser works there.

use std::time::Duration;

use time::OffsetDateTime;

use crate::auth::Auth;
use crate::model::Purpose;

/// How long a page that was opened by a mailed link can be reloaded or sent. The link in the mail opens it again.
pub const LINK_HANDLE_LIFE: Duration = Duration::from_hours(1);

/// The time at which a handle expires stands before the token.
const TIME_BYTES: usize = size_of::<i64>();

impl Auth {
    /// A handle of a mailed token, safe in addresses. The token need not be a good one: whether it is shows on the page.
    pub fn link_handle(&self, purpose: Purpose, token: &str) -> Option<String> {
        let expires_at = self.clock.now() + LINK_HANDLE_LIFE;
        let plain = [&expires_at.unix_timestamp().to_be_bytes(), token.as_bytes()].concat();
        let key = self.master.for_use("link-handle");
        key.seal_for_url(purpose.as_str(), &plain, &*self.random)
            .ok()
    }

    /// The token of a handle; `None` if it has expired, or is none of this deployment for this purpose.
    pub fn token_of_handle(&self, purpose: Purpose, handle: &str) -> Option<String> {
        let key = self.master.for_use("link-handle");
        let plain = key.open_from_url(purpose.as_str(), handle).ok()?;
        let (expires_at, token) = plain.split_first_chunk::<TIME_BYTES>()?;
        let expires_at =
            OffsetDateTime::from_unix_timestamp(i64::from_be_bytes(*expires_at)).ok()?;
        let token = String::from_utf8(token.to_vec()).ok()?;
        (self.clock.now() < expires_at).then_some(token)
    }

    /// A random text of 128 bits that tells one rendered form from every other.
    pub fn form_nonce(&self) -> String {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        crate::crypto::to_url_text(&bytes)
    }
}
