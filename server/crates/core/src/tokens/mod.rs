//! Access tokens, refresh tokens, and the keys that sign.

mod access_token;
mod authenticate;
mod key_ring;
mod refresh;
mod refresh_token;
mod rotation;

pub(crate) use access_token::TokenSigner;
pub use access_token::{AccessTokenClaims, TokenPair, TokenSettings};
pub(crate) use key_ring::{KeyRing, WITHDRAWN_KEYS_KEPT, load_ring, make_first_key};
pub use key_ring::{KeySet, seal_signing_key};
pub(crate) use refresh_token::{FirstRefreshToken, RefreshTokenText};
pub use rotation::{
    CLOCK_LEEWAY, KeyRotation, KeyRotationError, KeyState, MAX_KEY_AGE_OF_VERIFIERS,
    rotate_signing_key, signing_keys,
};
