//! The logo's file.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use axum::body::Bytes;
use vestibule_mail::MailLogo;

/// It is fetched by every new visitor.
pub const MAX_BYTES: u64 = 256 * 1024;
const SVG_NAMESPACE: &str = "http://www.w3.org/2000/svg";

/// What the file is, by its bytes: its name may say anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogoKind {
    Svg,
    Png,
    Webp,
}

/// A logo that browsers can show.
#[derive(Clone)]
pub struct Logo {
    pub kind: LogoKind,
    pub bytes: Bytes,
}

impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logo({:?}, {} bytes)", self.kind, self.bytes.len())
    }
}

impl LogoKind {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Some(Self::Png);
        }
        if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            return Some(Self::Webp);
        }
        is_svg(std::str::from_utf8(bytes).ok()?).then_some(Self::Svg)
    }
}

/// Whether the root of the document is an SVG element with its namespace,
/// without which browsers show no image.
fn is_svg(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    // What may stand before the root (XML 1.0, 2.8): declaration, comments, document type.
    loop {
        let end = match rest {
            _ if rest.starts_with("<?") => "?>",
            _ if rest.starts_with("<!--") => "-->",
            _ if rest.starts_with("<!DOCTYPE") => ">",
            _ => break,
        };
        let Some((_, after)) = rest.split_once(end) else {
            return false;
        };
        rest = after.trim_start();
    }
    let Some((root, _)) = rest.split_once('>') else {
        return false;
    };
    let mut words = root.split(|c: char| c.is_whitespace() || c == '/');
    words.next() == Some("<svg") && root.contains(SVG_NAMESPACE)
}

impl Logo {
    /// # Errors
    /// What is wrong with the file, as the error of a setting says it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| format!("names `{name}`, which cannot be read: {error}"))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(format!(
                "names `{name}`, which is larger than 256 KiB: every visitor fetches it, so make it smaller"
            ));
        }
        let kind = LogoKind::of(&bytes).ok_or_else(|| {
            format!(
                "names `{name}`, which must be an SVG (with its xmlns), PNG or WebP image, whatever its name"
            )
        })?;
        if kind == LogoKind::Png && bytes.len() as u64 > MailLogo::MAX_BYTES {
            return Err(format!(
                "names `{name}`, a PNG larger than 64 KiB: every mail carries it, so make it smaller, or give an SVG or WebP image, which pages alone show"
            ));
        }
        Ok(Self {
            kind,
            bytes: bytes.into(),
        })
    }

    /// The same for mails; `None` for a kind that mail programs do not show.
    pub fn for_mails(&self) -> Option<MailLogo> {
        (self.kind == LogoKind::Png).then(|| MailLogo::new(&self.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logo_is_what_its_bytes_say() {
        let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"><path d=\"M0 0h8v8\"/></svg>";
        let with_prolog =
            format!("\u{feff}<?xml version=\"1.0\"?>\n<!-- by > hand -->\n<!DOCTYPE svg>\n{svg}");
        for (bytes, kind) in [
            (svg.as_bytes(), Some(LogoKind::Svg)),
            (with_prolog.as_bytes(), Some(LogoKind::Svg)),
            (b"\x89PNG\r\n\x1a\n....", Some(LogoKind::Png)),
            (b"RIFF\x10\0\0\0WEBPVP8 ", Some(LogoKind::Webp)),
            (b"RIFF\x10\0\0\0WAVEfmt ", None),
            (b"<svg viewBox=\"0 0 8 8\"></svg>", None),
            (
                b"<html><svg xmlns=\"http://www.w3.org/2000/svg\"></svg></html>",
                None,
            ),
            (b"<svgx xmlns=\"http://www.w3.org/2000/svg\"></svgx>", None),
            (b"<!-- <svg xmlns=\"http://www.w3.org/2000/svg\">", None),
            (b"\xff\xd8\xff\xe0 a JPEG", None),
            (b"", None),
        ] {
            let text = String::from_utf8_lossy(bytes);
            assert_eq!(LogoKind::of(bytes), kind, "{text}");
        }
    }

    #[test]
    fn a_file_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logo.png");
        let error = |path: &Path| Logo::read(path).unwrap_err();
        assert!(error(&path).contains("cannot be read"));
        assert!(error(folder.path()).contains("cannot be read"));
        std::fs::write(&path, "GIF89a").unwrap();
        assert!(error(&path).contains("must be an SVG (with its xmlns), PNG or WebP image"));

        let (png, too_large) = (
            &b"\x89PNG\r\n\x1a\n"[..],
            "a PNG larger than 64 KiB: every mail carries it, so make it smaller, or give an SVG or WebP image",
        );
        for (head, size, is_in_mails, expected) in [
            (png, 64 * 1024, true, too_large),
            (
                b"RIFF\x10\0\0\0WEBP",
                256 * 1024,
                false,
                "larger than 256 KiB",
            ),
        ] {
            let mut bytes = head.to_vec();
            bytes.resize(size, 0);
            std::fs::write(&path, &bytes).unwrap();
            let logo = Logo::read(&path).unwrap();
            assert_eq!(logo.bytes.len(), size);
            assert_eq!(logo.for_mails().is_some(), is_in_mails, "{logo:?}");
            bytes.push(0);
            std::fs::write(&path, &bytes).unwrap();
            assert!(error(&path).contains(expected), "{}", error(&path));
        }
    }
}
