//! Authorization codes (RFC 6749, 4.1.2). A code holds what it is good for, sealed, so that making
//! one writes nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use time::serde::rfc3339;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::request::AuthorizationRequest;
use crate::kernel::model::{Principal, Scopes};
use crate::kernel::ports::Random;
use crate::kernel::{AuthError, Core, MasterKey, equal_in_constant_time, hash_token};

/// How long a code is good for.
const CODE_LIFE: Duration = Duration::seconds(60);
/// No code comes near this; longer ones are not opened.
const MAX_CODE_CHARS: usize = 4096;

/// What a code is good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeContent {
    /// By which it is spent.
    pub id: Uuid,
    pub user_id: Uuid,
    /// The browser's session that it was made in.
    pub session_id: Uuid,
    redirect_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    pub scopes: Scopes,
    pub amr: String,
    pub acr: String,
    #[serde(with = "rfc3339")]
    pub authenticated_at: OffsetDateTime,
    /// Seconds since 1970.
    expires_at: i64,
}

impl CodeContent {
    pub fn new(core: &Core, request: &AuthorizationRequest, who: &Principal) -> Self {
        let now = core.clock.now();
        let session = &who.session;
        Self {
            id: core.random.id(now),
            user_id: who.user.id,
            session_id: session.id,
            redirect_hash: hash_token(&request.reply_to.redirect_uri),
            challenge: request.challenge.clone(),
            nonce: request.nonce.clone(),
            scopes: request.scopes.clone(),
            amr: session.method.amr().to_owned(),
            acr: session.method.acr().to_owned(),
            authenticated_at: session.authenticated_at,
            expires_at: (now + CODE_LIFE).unix_timestamp(),
        }
    }

    /// The code as the client gets it.
    pub fn seal(
        &self,
        master: &MasterKey,
        random: &dyn Random,
        client_id: Uuid,
    ) -> Result<String, AuthError> {
        let plain = serde_json::to_vec(self).map_err(AuthError::internal)?;
        let sealed = key(master, client_id).seal_bytes(client_id.as_bytes(), &plain, random);
        Ok(URL_SAFE_NO_PAD.encode(sealed.map_err(AuthError::internal)?))
    }

    /// What a code of this client holds, also one that has expired; `None` for any other text.
    pub fn open(master: &MasterKey, client_id: Uuid, text: &str) -> Option<Self> {
        if text.len() > MAX_CODE_CHARS {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let plain = key(master, client_id).open_bytes(client_id.as_bytes(), &sealed);
        serde_json::from_slice(&plain.ok()?).ok()
    }

    pub fn has_expired(&self, now: OffsetDateTime) -> bool {
        now.unix_timestamp() >= self.expires_at
    }

    /// Whether the token request fits the request that the code was made for: it repeats the
    /// address (RFC 6749, 4.1.3), and knows what the challenge was made of (RFC 7636, 4.6).
    pub fn is_claimed_by(&self, redirect_uri: Option<&str>, verifier: Option<&str>) -> bool {
        let is_address = redirect_uri.is_some_and(|uri| hash_token(uri) == self.redirect_hash);
        is_address
            && match (&self.challenge, verifier) {
                (Some(challenge), Some(verifier)) => {
                    is_verifier(verifier)
                        && equal_in_constant_time(&hash_token(verifier), challenge)
                }
                (None, None) => true,
                // A verifier without a challenge: the challenge was taken out on the way.
                (Some(_), None) | (None, Some(_)) => false,
            }
    }
}

/// 43 to 128 characters that stand for themselves (RFC 7636, 4.1).
fn is_verifier(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(is_plain)
}

/// Each client's codes have a key of their own: who is signed in can have any number made.
fn key(master: &MasterKey, client_id: Uuid) -> MasterKey {
    master.for_use(&format!("app-code {client_id}"))
}
