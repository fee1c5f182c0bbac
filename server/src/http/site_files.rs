//! The files that crawlers, browsers and researchers ask every site for.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header;
use time::format_description::well_known::Rfc3339;
use time::{Duration, Time};
use vestibule_app::icon_file;
use vestibule_core::ErrorCode;
use vestibule_core::model::Language;
use vestibule_core::ports::Clock;
use vestibule_web::Problem;

use super::branding::SVG_POLICY;
use super::branding::logo::LogoKind;
use crate::config::Config;

const ROBOTS_PATH: &str = "/robots.txt";
const ICON_PATH: &str = "/favicon.ico";
const SECURITY_PATH: &str = "/.well-known/security.txt";
/// Programs ask for them by themselves: that one is not there is no event.
pub const PATHS: [&str; 3] = [ROBOTS_PATH, ICON_PATH, SECURITY_PATH];

/// Nothing here is worth finding by a search, and mailed links are nobody's to follow.
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";
const PLAIN_TEXT: &str = "text/plain; charset=utf-8";
const CACHING: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "public, max-age=86400")];
/// From the day that it is read. RFC 9116 (2.5.5) advises less than a year.
const SECURITY_LIFE: Duration = Duration::days(180);

pub fn router(config: &Config, clock: Arc<dyn Clock>) -> Router {
    let (kind, bytes) = match &config.branding.logo {
        Some(logo) => (logo.kind, logo.bytes.clone()),
        None => (LogoKind::Svg, icon_file().into()),
    };
    let security = security_text(config);
    let security = move || {
        std::future::ready(match &security {
            Some([contacts, rest]) => {
                text(format!("{contacts}Expires: {}\n{rest}", end_of(&*clock)))
            }
            None => Problem::from(ErrorCode::NotFound).into_response(),
        })
    };
    Router::new()
        .route(ROBOTS_PATH, get(async || text(ROBOTS.to_owned())))
        .route(ICON_PATH, get(async move || icon(kind, bytes.clone())))
        .route(SECURITY_PATH, get(security))
}

fn text(text: String) -> Response {
    (CACHING, [(header::CONTENT_TYPE, PLAIN_TEXT)], text).into_response()
}

/// The one that pages link to. Its name says nothing: browsers look at the type.
fn icon(kind: LogoKind, bytes: Bytes) -> Response {
    let content_type = [(header::CONTENT_TYPE, kind.media_type())];
    let policy = [(header::CONTENT_SECURITY_POLICY, SVG_POLICY)];
    let policy = (kind == LogoKind::Svg).then_some(policy);
    (CACHING, content_type, policy, bytes).into_response()
}

/// Where to report weaknesses (RFC 9116): what stands before the end of its life, and behind it.
fn security_text(config: &Config) -> Option<[String; 2]> {
    let contacts = &config.http.security_contacts;
    let languages: Vec<&str> = Language::ALL.iter().map(|it| it.as_str()).collect();
    let languages = languages.join(", ");
    let line = |contact: &String| format!("Contact: {contact}\n");
    let address = config.http.public_url.join(SECURITY_PATH).ok()?;
    let rest = format!("Preferred-Languages: {languages}\nCanonical: {address}\n");
    (!contacts.is_empty()).then(|| [contacts.iter().map(line).collect(), rest])
}

/// The same all day, for caches.
fn end_of(clock: &dyn Clock) -> String {
    let end = (clock.now() + SECURITY_LIFE).replace_time(Time::MIDNIGHT);
    end.format(&Rfc3339).unwrap_or_default()
}
