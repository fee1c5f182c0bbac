//! Which language a browser asks for.

use vestibule_core::model::Language;

/// More languages than anybody speaks.
const MAX_RANGES: usize = 32;

/// The language of `Accept-Language` (RFC 9110, 12.5.4) that
/// the portal speaks and that the reader likes best, or the fallback.
///
/// A region makes no difference: `de-AT` is answered in German, and so is `de_AT`, as some clients
/// write it. `*` stands for every language that is not named.
/// Ranges without a readable weight count for nothing.
pub fn negotiate(accept_language: Option<&str>, fallback: Language) -> Language {
    let ranges: Vec<(&str, f32)> = accept_language
        .unwrap_or_default()
        .split(',')
        .take(MAX_RANGES)
        .filter_map(range)
        .collect();
    let others = Language::ALL.iter().filter(|other| **other != fallback);
    let mut best = None;
    for language in std::iter::once(&fallback).chain(others) {
        if let Some((weight, place)) = liking(&ranges, *language)
            // Of equals the one that is named first wins.
            && best.is_none_or(|(most, at, _): (f32, usize, _)| {
                weight.total_cmp(&most).then(at.cmp(&place)).is_gt()
            })
        {
            best = Some((weight, place, *language));
        }
    }
    best.map_or(fallback, |(_, _, language)| language)
}

/// How much a language is liked and where that is said; `None` if it is not wanted.
fn liking(ranges: &[(&str, f32)], language: Language) -> Option<(f32, usize)> {
    let named = |(tag, _): &&(&str, f32)| tag.eq_ignore_ascii_case(language.as_str());
    let weight = |range: &dyn Fn(&&(&str, f32)) -> bool| {
        let found = ranges.iter().enumerate().filter(|(_, one)| range(one));
        found
            .map(|(place, (_, weight))| (*weight, place))
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
    };
    weight(&named)
        .or_else(|| weight(&|(tag, _)| *tag == "*"))
        .filter(|(weight, _)| *weight > 0.0)
}

/// The language of a range without its region, and its weight.
fn range(text: &str) -> Option<(&str, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let primary = parts.next()?.split(['-', '_']).next()?;
    let weight = match parts.next() {
        None => 1.0,
        Some(parameter) => {
            let (name, value) = parameter.split_once('=')?;
            let weight = value.trim().parse().ok()?;
            let is_weight = name.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&weight);
            is_weight.then_some(weight)?
        }
    };
    Some((primary, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_liked_language_that_is_spoken_wins() {
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
            ("de_DE", "de"),
            ("de_DE.UTF-8", "de"),
            ("*;q=0.5, de;q=0.1", "en"),
            ("*;q=0.1, de;q=0.5", "de"),
            ("fr, *;q=0.5, de;q=0.5", "en"),
            ("de;q=0.5, *;q=0.5", "de"),
            ("en;q=0, *", "de"),
            ("en;q=0.2, *;q=0.1", "en"),
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
