//! Access tokens, refresh tokens, and the keys that sign.

mod access_token;
mod authenticate;
mod key_ring;
mod refresh;
mod refresh_token;
mod rotation;

pub(crate) use access_token::TokenSigner;
pub use access_token::{AccessTokenClaims, TokenPair, TokenSettings};
pub use key_ring::KeySet;
pub(crate) use key_ring::WITHDRAWN_KEYS_KEPT;
pub(crate) use refresh_token::FirstRefreshToken;
pub use rotation::{
    CLOCK_LEEWAY, KeyRotation, KeyRotationError, KeyState, MAX_KEY_AGE_OF_VERIFIERS,
    rotate_signing_key, signing_keys,
};
