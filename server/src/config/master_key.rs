//! `[secrets]`

use secrecy::{ExposeSecret as _, SecretString};
use vestibule_core::MasterKey;

use super::mode::Mode;
use super::reader::Reader;
use super::setting::settings;

settings! {
    /// 32 random bytes, in base64 or hexadecimal, that seal signing keys and key cookies and
    /// tokens. Default in development: made once and kept in the data folder. Needed in production,
    /// the same for all replicas.
    KEY: Option<SecretString> = "secrets.master_key", "VESTIBULE_MASTER_KEY";
}

pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Option<MasterKey> {
    let Some(text) = reader.get(KEY) else {
        if mode == Mode::Production && !reader.is_given(KEY) {
            reader.refuse(
                KEY,
                "is needed in production: 32 random bytes, from `openssl rand -base64 32`",
            );
        }
        return None;
    };
    let Ok(key) = MasterKey::parse(text.expose_secret()) else {
        reader.refuse(
            KEY,
            "must be 32 bytes in base64 (standard or URL-safe, padded or not) or 64 hexadecimal digits, from `openssl rand -base64 32`",
        );
        return None;
    };
    if mode == Mode::Production && !key.looks_random() {
        reader.refuse(
            KEY,
            "is not random, so that others can guess it: make one with `openssl rand -base64 32`",
        );
    }
    Some(key)
}
