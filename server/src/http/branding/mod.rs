//! The deployment's own logo and colours: checked at the start, and served from memory.

pub mod colour;
pub mod logo;
pub mod theme;

use aws_lc_rs::digest;
use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use tower_http::compression::CompressionLayer;
use vestibule_web::Branding;

use super::assets::{FOR_EVER, StaticFile};
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
    file: StaticFile,
}

impl BrandFiles {
    pub fn new(config: &Config) -> Self {
        let branding = &config.branding;
        Self {
            stylesheet: branding.theme.map(|theme| {
                let style = theme.stylesheet().into();
                BrandFile::new(
                    "theme.css",
                    StaticFile::new("text/css; charset=utf-8", style),
                )
            }),
            logo: branding.logo.as_ref().map(|logo| {
                let name = format!("logo.{}", logo.kind.extension());
                let mut file = StaticFile::new(logo.kind.media_type(), logo.bytes.clone());
                file.policy = (logo.kind == logo::LogoKind::Svg).then_some(SVG_POLICY);
                BrandFile::new(&name, file)
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
                let (path, file) = (&file.path, file.file.clone());
                let serve = async move |headers: HeaderMap| file.answer(&headers, FOR_EVER);
                router.route(path, get(serve))
            })
            .layer(CompressionLayer::new())
    }
}

impl BrandFile {
    fn new(name: &str, file: StaticFile) -> Self {
        let hash = digest::digest(&digest::SHA256, &file.plain);
        let version = URL_SAFE_NO_PAD.encode(&hash.as_ref()[..9]);
        Self {
            path: format!("/branding/{version}/{name}"),
            file,
        }
    }
}
