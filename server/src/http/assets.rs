//! Files in memory with their compressed forms and entity tags: those of the site, and others.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::digest;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, StatusCode, header};
use vestibule_core::ErrorCode;
use vestibule_web::Problem;

/// Only these are served; whatever else lies in the folder is not.
const KNOWN_TYPES: &[(&str, &str)] = &[
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("wasm", "application/wasm"),
];

/// The files of one build under one versioned path, so that browsers may keep them for ever.
#[derive(Clone)]
pub struct Assets {
    files: Arc<BTreeMap<String, StaticFile>>,
    version: Arc<str>,
}

/// What may be kept for ever: its path changes with it.
pub const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A file in memory.
#[derive(Clone, Debug)]
pub struct StaticFile {
    content_type: &'static str,
    /// The content policy, where the one of pages is too much.
    pub policy: Option<&'static str>,
    pub plain: Bytes,
    /// By their codings.
    compressed: Vec<(&'static str, Bytes)>,
    tag: String,
}

impl StaticFile {
    pub fn new(content_type: &'static str, plain: Bytes) -> Self {
        Self {
            content_type,
            policy: None,
            tag: entity_tag(&plain),
            plain,
            compressed: Vec::new(),
        }
    }

    /// The file, or that the client has it.
    pub fn answer(&self, headers: &HeaderMap, caching: &'static str) -> Response {
        let tag = self.tag.as_str();
        let common = [(header::ETAG, tag), (header::CACHE_CONTROL, caching)];
        if matches_entity_tag(headers, tag) {
            return (StatusCode::NOT_MODIFIED, common).into_response();
        }
        let content_type = [(header::CONTENT_TYPE, self.content_type)];
        let policy = self.policy;
        let policy = policy.map(|policy| [(header::CONTENT_SECURITY_POLICY, policy)]);
        let mut forms = self.compressed.iter();
        let (coding, body) = match forms.find(|(coding, _)| accepts(headers, coding)) {
            Some((coding, body)) => (Some([(header::CONTENT_ENCODING, *coding)]), body),
            None => (None, &self.plain),
        };
        (common, content_type, policy, coding, body.clone()).into_response()
    }
}

impl Assets {
    /// The files of a folder.
    pub fn from_folder(folder: &std::path::Path) -> std::io::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if let (Ok(name), true) = (
                entry.file_name().into_string(),
                entry.file_type()?.is_file(),
            ) {
                files.insert(name, Bytes::from(std::fs::read(entry.path())?));
            }
        }
        Ok(Self::new(&files))
    }

    /// The files inside the binary; none in a build without them.
    pub fn embedded() -> Self {
        Self::new(&embedded_files())
    }

    fn new(files: &BTreeMap<String, Bytes>) -> Self {
        let mut version = digest::Context::new(&digest::SHA256);
        let mut assets = BTreeMap::new();
        for (name, plain) in files {
            let extension = name.rsplit('.').next().unwrap_or_default();
            let Some((_, content_type)) = KNOWN_TYPES.iter().find(|(known, _)| *known == extension)
            else {
                continue;
            };
            version.update(name.as_bytes());
            version.update(plain);
            let compressed = [("br", "br"), ("gzip", "gz")].into_iter();
            let compressed = compressed.filter_map(|(coding, ending)| {
                let body = files.get(&format!("{name}.{ending}"))?;
                Some((coding, body.clone()))
            });
            let file = StaticFile {
                compressed: compressed.collect(),
                ..StaticFile::new(content_type, plain.clone())
            };
            assets.insert(name.clone(), file);
        }
        let version = URL_SAFE_NO_PAD.encode(&version.finish().as_ref()[..9]);
        Self {
            files: Arc::new(assets),
            version: version.into(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The folder of this build's files below the origin, without slashes around it.
    pub fn folder(&self) -> String {
        format!("pkg/{}", self.version)
    }
}

#[cfg(feature = "embed-site")]
fn embedded_files() -> BTreeMap<String, Bytes> {
    #[derive(rust_embed::RustEmbed)]
    #[folder = "../target/site/pkg"]
    struct Site;
    let file = |name: std::borrow::Cow<'static, str>| {
        let data = Site::get(&name)?.data;
        Some((name.into_owned(), Bytes::from(data.into_owned())))
    };
    Site::iter().filter_map(file).collect()
}

#[cfg(not(feature = "embed-site"))]
fn embedded_files() -> BTreeMap<String, Bytes> {
    BTreeMap::new()
}

/// Serves `/pkg/{version}/{name}`.
pub async fn serve(
    State(assets): State<Assets>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    // A path that is no text names no file.
    let name = path
        .ok()
        .filter(|Path((version, _))| *assets.version == **version);
    let Some(file) = name.and_then(|Path((_, name))| assets.files.get(&name)) else {
        return Problem::from(ErrorCode::NotFound).into_response();
    };
    let vary = [(header::VARY, "accept-encoding")];
    (vary, file.answer(&headers, FOR_EVER)).into_response()
}

fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    items(headers, header::ACCEPT_ENCODING).any(|item| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let weight = parameters
            .trim()
            .strip_prefix("q=")
            .and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(coding) && weight.is_none_or(|weight| weight > 0.0)
    })
}

/// The items of a list, which may be in several headers.
fn items(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).iter();
    let values = values.filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(','))
}

/// A strong entity tag of the content (RFC 9110, 8.8.3).
fn entity_tag(content: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, content);
    quoted(&URL_SAFE_NO_PAD.encode(&hash.as_ref()[..15]))
}

/// An entity tag from a hash of the content.
pub fn quoted(hash: &str) -> String {
    format!("\"{hash}\"")
}

/// Whether `If-None-Match` names the tag (RFC 9110, 13.1.2).
pub fn matches_entity_tag(headers: &HeaderMap, tag: &str) -> bool {
    items(headers, header::IF_NONE_MATCH).any(|item| {
        let item = item.trim();
        item == "*" || item.strip_prefix("W/").unwrap_or(item) == tag
    })
}
