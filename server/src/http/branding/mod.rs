//! The deployment's own logo and colours: checked at the start, and served from memory.

pub mod colour;
pub mod logo;
pub mod theme;

use std::sync::Arc;

use aws_lc_rs::digest;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, StatusCode, header};
use tower_http::compression::CompressionLayer;
use vestibule_web::Branding;

use super::assets::{entity_tag, matches_entity_tag};
use crate::config::Config;

/// An SVG that is opened by itself is a document: it may style itself,
/// and neither run nor load anything.
pub const SVG_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// The files of the deployment's looks, under a path that changes with them,
/// so that browsers may keep them for ever.
#[derive(Clone, Debug, Default)]
pub struct BrandFiles {
    stylesheet: Option<BrandFile>,
    logo: Option<BrandFile>,
}

#[derive(Clone, Debug)]
struct BrandFile {
    path: String,
    media_type: &'static str,
    policy: Option<&'static str>,
    bytes: Bytes,
    tag: String,
}

impl BrandFiles {
    pub fn new(config: &Config) -> Self {
        let branding = &config.branding;
        Self {
            stylesheet: branding.theme.map(|theme| {
                let bytes = theme.stylesheet().into();
                BrandFile::new("theme.css", "text/css; charset=utf-8", bytes)
            }),
            logo: branding.logo.as_ref().map(|logo| {
                let name = format!("logo.{}", logo.kind.extension());
                let file = BrandFile::new(&name, logo.kind.media_type(), logo.bytes.clone());
                let policy = (logo.kind == logo::LogoKind::Svg).then_some(SVG_POLICY);
                BrandFile { policy, ..file }
            }),
        }
    }

    /// What pages link to.
    pub fn links(&self, support: Option<&str>) -> Branding {
        let path = |file: &Option<BrandFile>| file.as_ref().map(|file| file.path.clone());
        Branding {
            stylesheet: path(&self.stylesheet),
            logo: path(&self.logo),
            support: support.map(str::to_owned),
        }
    }

    pub fn router(&self) -> Router {
        let files = [&self.stylesheet, &self.logo];
        files
            .into_iter()
            .flatten()
            .fold(Router::new(), |router, file| {
                let handler = get(serve).with_state(Arc::new(file.clone()));
                router.route(&file.path, handler)
            })
            .layer(CompressionLayer::new())
    }
}

impl BrandFile {
    fn new(name: &str, media_type: &'static str, bytes: Bytes) -> Self {
        let hash = digest::digest(&digest::SHA256, &bytes);
        let version = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..9]);
        Self {
            path: format!("/branding/{version}/{name}"),
            media_type,
            policy: None,
            tag: entity_tag(&bytes),
            bytes,
        }
    }
}

async fn serve(State(file): State<Arc<BrandFile>>, headers: HeaderMap) -> Response {
    let common = [
        (header::ETAG, file.tag.as_str()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    if matches_entity_tag(&headers, &file.tag) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let policy = file
        .policy
        .map(|policy| [(header::CONTENT_SECURITY_POLICY, policy)]);
    let content_type = [(header::CONTENT_TYPE, file.media_type)];
    (common, content_type, policy, file.bytes.clone()).into_response()
}
