//! `[cors]`: origins whose scripts may call the API: whole, as a
//! browser sends them in `Origin`, and compared as a whole.

use url::Url;

use super::mode::{Mode, is_local};
use super::reader::Reader;
use super::setting::settings;

settings! {
    /// Origins whose scripts may call the API, as browsers send them: `https://app.example.org`, or
    /// an app's `capacitor://localhost`.
    ALLOWED_ORIGINS: Vec<String> = "cors.allowed_origins", "VESTIBULE_CORS_ALLOWED_ORIGINS";
}

/// What a page cannot come from, or what has no origin of its own.
const WITHOUT_ORIGIN: &[&str] = &[
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "ftp",
    "javascript",
    "mailto",
    "ws",
    "wss",
];

pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Vec<String> {
    let origins = reader.get(ALLOWED_ORIGINS);
    for origin in &origins {
        if let Err(remedy) = check(origin) {
            reader.refuse(ALLOWED_ORIGINS, &format!("holds `{origin}`, {remedy}"));
        } else if mode == Mode::Production && is_in_clear(origin) {
            reader.warn(
                ALLOWED_ORIGINS,
                &format!("holds `{origin}`, which has no TLS: an attacker on the way can change its scripts, and they may call the API"),
            );
        }
    }
    origins
}

fn check(origin: &str) -> Result<(), String> {
    if origin == "null" {
        return Err("which every sandboxed page sends, whosever it is".to_owned());
    }
    let wrong = || "which is not an origin like https://app.example.org".to_owned();
    let url = Url::parse(origin).map_err(|_| wrong())?;
    if WITHOUT_ORIGIN.contains(&url.scheme()) || origin.contains('*') {
        return Err(wrong());
    }
    let serialised = serialise(&url).ok_or_else(wrong)?;
    if serialised == origin {
        Ok(())
    } else {
        Err(format!(
            "which is not an origin: a browser sends it as {serialised}"
        ))
    }
}

/// Scheme, host and port. Apps have schemes of their own
/// (`capacitor://localhost`, `chrome-extension://…`).
fn serialise(url: &Url) -> Option<String> {
    let origin = url.origin();
    if origin.is_tuple() {
        return Some(origin.ascii_serialization());
    }
    let host = url.host_str().filter(|host| !host.is_empty())?;
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    Some(format!("{}://{host}{port}", url.scheme()))
}

fn is_in_clear(origin: &str) -> bool {
    let url = Url::parse(origin).ok().filter(|url| url.scheme() == "http");
    url.is_some_and(|url| !url.host_str().is_some_and(is_local))
}
