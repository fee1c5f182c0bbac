//! Refresh tokens as text, and the first one of a session.

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::kernel::model::{NewRefreshToken, Session};
use crate::kernel::{Call, MasterKey, hash_token};

/// A refresh token as its holder has it: family id, 256 secret bits and a tag, in URL-safe base64.
pub(crate) struct RefreshTokenText {
    pub family: Uuid,
}

impl RefreshTokenText {
    pub(crate) fn encode(master: &MasterKey, family: Uuid, secret: &[u8; 32]) -> String {
        use base64::Engine as _;
        let tag = master.refresh_tag(family, secret);
        let bytes = [family.as_bytes().as_slice(), secret, &tag[..16]].concat();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The next token of the family, the same for the same token and nonce (ADR 0005).
    pub(crate) fn successor(&self, master: &MasterKey, presented: &str, nonce: &str) -> String {
        Self::encode(
            master,
            self.family,
            &master.refresh_secret(presented, nonce),
        )
    }

    /// `None` for text that this deployment did not make: it costs no query,
    /// and an outdated token differs from a made-up one.
    pub(crate) fn parse(master: &MasterKey, text: &str) -> Option<Self> {
        use base64::Engine as _;
        if text.len() != 86 {
            return None;
        }
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(text)
            .ok()?;
        let (family, rest) = bytes.split_at_checked(16)?;
        let (secret, tag) = rest.split_at_checked(32)?;
        let family = Uuid::from_slice(family).ok()?;
        let expected = master.refresh_tag(family, secret);
        aws_lc_rs::constant_time::verify_slices_are_equal(tag, &expected[..16]).ok()?;
        Some(Self { family })
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
        let text = RefreshTokenText::encode(&call.core.master, family, &secret);
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
