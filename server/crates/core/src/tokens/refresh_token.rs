//! Refresh tokens as text, and the first one of a session.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::kernel::model::{NewRefreshToken, Session};
use crate::kernel::{Call, MasterKey, hash_token};

/// A refresh token as its holder has it: family id, 256 secret bits and a tag, in URL-safe base64.
pub(crate) struct RefreshTokenText {
    pub family: Uuid,
    /// What the tag is made with: the tokens of API sessions and of apps are not each other's.
    label: &'static str,
}

const OF_API: &str = "refresh-tag";
const OF_APP: &str = "app-refresh-tag";

impl RefreshTokenText {
    /// One of an API session.
    pub(crate) fn of_api(family: Uuid) -> Self {
        let label = OF_API;
        Self { family, label }
    }

    /// One of a session of an app, which is its own family.
    pub(crate) fn of_app(family: Uuid) -> Self {
        let label = OF_APP;
        Self { family, label }
    }

    pub(crate) fn encode(&self, master: &MasterKey, secret: &[u8; 32]) -> String {
        let tag = master.refresh_tag(self.label, self.family, secret);
        let bytes = [self.family.as_bytes().as_slice(), secret, &tag[..16]].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The next token of the family, the same for the same token and nonce (ADR 0005).
    pub(crate) fn successor(&self, master: &MasterKey, presented: &str, nonce: &str) -> String {
        self.encode(master, &master.refresh_secret(presented, nonce))
    }

    /// `None` for text that this deployment did not make: it costs no query,
    /// and an outdated token differs from a made-up one.
    pub(crate) fn parse(master: &MasterKey, text: &str) -> Option<Self> {
        Self::parse_with(OF_API, master, text)
    }

    /// The same of a session of an app.
    pub(crate) fn parse_app(master: &MasterKey, text: &str) -> Option<Self> {
        Self::parse_with(OF_APP, master, text)
    }

    fn parse_with(label: &'static str, master: &MasterKey, text: &str) -> Option<Self> {
        if text.len() != 86 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (family, rest) = bytes.split_at_checked(16)?;
        let (secret, tag) = rest.split_at_checked(32)?;
        let family = Uuid::from_slice(family).ok()?;
        let expected = master.refresh_tag(label, family, secret);
        aws_lc_rs::constant_time::verify_slices_are_equal(tag, &expected[..16]).ok()?;
        Some(Self { family, label })
    }
}

/// The first refresh token of an API session, as it is stored and as the client gets it.
pub(crate) struct FirstRefreshToken {
    pub row: NewRefreshToken,
    pub text: String,
}

impl FirstRefreshToken {
    /// Of a session that begins now.
    pub fn of(call: &Call<'_>, session: &Session) -> Self {
        let family = call.new_id();
        let mut secret = Zeroizing::new([0; 32]);
        call.core.random.fill(secret.as_mut());
        let text = RefreshTokenText::of_api(family).encode(&call.core.master, &secret);
        let row = NewRefreshToken {
            id: family,
            user_id: session.user_id,
            session_id: session.id,
            token_hash: hash_token(&text),
            device_info: session.device.clone(),
            expires_at: call.now + call.core.settings.lifetimes.refresh_token,
            created_at: call.now,
        };
        Self { row, text }
    }
}
