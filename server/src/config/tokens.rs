//! `[tokens]`

use std::time::Duration;

use url::Url;
use vestibule_core::TokenSettings;

use super::http::issuer;
use super::reader::Reader;
use super::setting::settings;

settings! {
    /// The `aud` of access tokens. Default: the public URL.
    AUDIENCE: Option<String> = "tokens.audience", "VESTIBULE_TOKEN_AUDIENCE";
    /// How long an access token lives, and never longer than its session. Services that look at the
    /// token alone believe it for so long after its session has ended.
    ACCESS_MINUTES: u64 =
        "tokens.access_minutes", "VESTIBULE_ACCESS_TOKEN_MINUTES", "15", in 1..=60;
    /// How long a refresh token lives unless it is used; at most `sessions.persistent_days`.
    REFRESH_DAYS: u64 = "tokens.refresh_days", "VESTIBULE_REFRESH_TOKEN_DAYS", "7", in 1..=30;
    /// How long a replayed refresh token gets the same successor.
    REFRESH_GRACE_SECONDS: u64 =
        "tokens.refresh_grace_seconds", "VESTIBULE_REFRESH_GRACE_SECONDS", "30", in 0..=60;
}

pub(super) fn read(reader: &mut Reader<'_>, public_url: &Url) -> TokenSettings {
    let issuer = issuer(public_url);
    reader.derive(AUDIENCE, &issuer);
    TokenSettings {
        audience: reader.get(AUDIENCE).unwrap_or_else(|| issuer.clone()),
        refresh_grace: Duration::from_secs(reader.get(REFRESH_GRACE_SECONDS)),
        issuer,
    }
}
