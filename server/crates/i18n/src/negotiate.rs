//! Which language a browser asks for.

use vestibule_core::model::Language;

/// More languages than anybody speaks.
const MAX_RANGES: usize = 32;

/// The language of `Accept-Language` (RFC 9110, 12.5.4) that we speak and that the reader likes best, or the fallback.
///
/// A region makes no difference: `de-AT` is answered in German. Ranges without a readable weight count for nothing, and
/// `*` is the fallback.
pub fn negotiate(accept_language: Option<&str>, fallback: Language) -> Language {
    let ranges = accept_language
        .unwrap_or_default()
        .split(',')
        .take(MAX_RANGES);
    let mut best = (fallback, 0.0);
    for (language, weight) in ranges.filter_map(range) {
        // Of equals the first one wins.
        if weight > best.1 {
            best = (language, weight);
        }
    }
    best.0
}

fn range(text: &str) -> Option<(Language, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let tag = parts.next()?;
    let primary = tag.split('-').next()?.to_ascii_lowercase();
    let weight = match parts.next() {
        None => 1.0,
        Some(parameter) => {
            let (name, value) = parameter.split_once('=')?;
            let weight = value.trim().parse().ok()?;
            let is_weight = name.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&weight);
            is_weight.then_some(weight)?
        }
    };
    Some((Language::from_code(&primary)?, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_liked_language_that_we_speak_wins() {
        for (header, code) in [
            ("de", "de"),
            ("de-AT, en;q=0.5", "de"),
            ("DE-ch", "de"),
            ("en-GB,en;q=0.9,de;q=0.8", "en"),
            ("de;q=0.8,en-GB;q=0.9", "en"),
            ("fr-CH, fr;q=0.9, de;q=0.7, *;q=0.5", "de"),
            ("en;q=0.8, de;q=0.8", "en"),
            ("de;q=0.8, en;q=0.8", "de"),
            ("de ; Q = 0.4", "de"),
        ] {
            let language = negotiate(Some(header), Language::English);
            assert_eq!(language.as_str(), code, "{header}");
        }
    }

    #[test]
    fn what_says_nothing_leads_to_the_fallback() {
        let many = "fr,".repeat(100_000);
        for header in [
            "",
            ",",
            ";",
            "*",
            "fr",
            "de;q=0",
            "de;q=NaN",
            "de;q=-1",
            "de;q=7",
            "de;q=",
            "de;q",
            "de;level=1",
            "deutsch",
            "\u{202e}de",
            "../de",
            &many,
        ] {
            assert_eq!(
                negotiate(Some(header), Language::English),
                Language::English,
                "{header}"
            );
        }
        assert_eq!(negotiate(None, Language::German), Language::German);
        assert_eq!(negotiate(Some("fr"), Language::German), Language::German);
    }
}
