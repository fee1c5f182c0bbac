//! One concept has one name: a word that was replaced does not come back.

/// Words and phrases in small letters, and what to say instead. They are found in text and in
/// names: `hash place` also stands for `hash_place` and `HashPlace`.
const REPLACED: [(&str, &str); 34] = [
    ("are told", "are notified"),
    ("bury", "mark dead"),
    ("buried", "dead"),
    ("comfort", "enhancement"),
    ("complain", "report"),
    ("complaint", "error, violation"),
    ("complaints", "errors, violations"),
    ("confirm link", "verify link, mailed link"),
    ("exchanged", "rotated, replaced"),
    ("farewell", "close, quit"),
    ("for people", "for end users"),
    ("guesser", "attempt key, attacker"),
    ("guessers", "attackers"),
    ("hash place", "hash permit"),
    ("is told", "is notified"),
    ("leaf", "current token"),
    ("link that takes", "undo link"),
    ("links that take", "undo links"),
    ("mend", "fix"),
    ("mended", "fixed"),
    ("mends", "fixes"),
    ("news", "notice"),
    ("only from here", "loopback only"),
    ("patience", "timeout, retry"),
    ("single process", "database lock"),
    (
        "somebody",
        "attacker, client, another user: the one that is meant",
    ),
    ("spell", "phase"),
    ("spells", "phases"),
    ("stow", "keep in a cookie"),
    ("take leave", "close, quit"),
    ("told by", "notified by"),
    ("weather", "observations"),
    ("what is over", "what has expired"),
    (
        "whoever",
        "attacker, client, operator: the one that is meant",
    ),
];
/// A letter and digits after one of these number a paper that is not in the repository.
const OF_A_PAPER: [&str; 3] = ["lesson", "rule", "ruling"];

/// This list.
const EXCEPT: &str = "xtask/src/code/words.rs";

/// Takes paths with their texts.
pub fn violations<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files.filter(|(path, _)| is_checked(path)) {
        for (number, line) in text.lines().enumerate() {
            let words = plain(line);
            let replaced = REPLACED
                .iter()
                .filter(|(word, _)| words.contains(&format!(" {word} ")));
            found.extend(replaced.map(|(word, instead)| {
                format!("{path}:{} says \"{word}\": say {instead}", number + 1)
            }));
            if has_number_of_paper(&words) {
                found.push(format!(
                    "{path}:{} gives the number of a paper: give the reason, an ADR, an RFC or an ASVS number",
                    number + 1
                ));
            }
        }
    }
    found
}

fn is_checked(path: &str) -> bool {
    let ends = [".md", ".rs", ".sql", ".ts"];
    path != EXCEPT && (path.starts_with("deploy/") || ends.iter().any(|end| path.ends_with(end)))
}

/// The words of a line in small letters, with one space around each: those of names too. A sign
/// that no name has stands between words as well, so that no phrase goes across it.
fn plain(line: &str) -> String {
    let mut words = String::from(" ");
    let mut last = ' ';
    for sign in line.chars() {
        let begins_word = sign.is_uppercase() && (last.is_lowercase() || last.is_numeric());
        if begins_word && !words.ends_with(' ') {
            words.push(' ');
        }
        last = sign;
        if sign.is_alphanumeric() {
            words.extend(sign.to_lowercase());
            continue;
        }
        if !words.ends_with(' ') {
            words.push(' ');
        }
        if !(sign.is_whitespace() || "_-".contains(sign)) {
            words.push_str("| ");
        }
    }
    words.push(' ');
    words
}

fn has_number_of_paper(words: &str) -> bool {
    let words: Vec<&str> = words.split_whitespace().collect();
    let is_number = |word: &str| {
        let digits = word.strip_prefix(char::is_alphabetic);
        digits.is_some_and(|digits| digits.parse::<u32>().is_ok())
    };
    words
        .windows(2)
        .any(|pair| OF_A_PAPER.contains(&pair[0]) && is_number(pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations_of(path: &str, text: &str) -> Vec<String> {
        violations([(path, text)].into_iter())
    }

    const NONE: Vec<String> = Vec::new();

    #[test]
    fn every_word_of_the_list_is_found() {
        for (word, instead) in REPLACED {
            assert_eq!(
                violations_of("a.rs", &format!("//! One\n/// A {word}.")),
                [format!("a.rs:2 says \"{word}\": say {instead}")]
            );
        }
    }

    #[test]
    fn a_word_is_found_in_text_and_in_names() {
        for text in [
            "Hash place",
            "fn hash_place()",
            "HashPlace",
            "HASH_PLACE",
            "`hash-place`",
        ] {
            assert_eq!(violations_of("a.md", text).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_part_of_a_word_and_a_phrase_across_a_sign_are_others() {
        for text in ["spelling", "amend", "leaflet", "a hash, place it", "News2"] {
            assert_eq!(violations_of("a.md", text), NONE, "{text}");
        }
    }

    #[test]
    fn a_number_of_a_paper_is_found() {
        for text in ["(lesson V53)", "by rule D6", "ruling M6.13"] {
            assert_eq!(violations_of("a.rs", text).len(), 1, "{text}");
        }
        for text in ["rule 6", "a rule of Argon2", "rules D6", "ADR 0005", "V53"] {
            assert_eq!(violations_of("a.rs", text), NONE, "{text}");
        }
    }

    #[test]
    fn sources_documents_and_deployments_are_checked() {
        for path in ["a/b.rs", "b.sql", "c.ts", "d.md", "deploy/e/f.yml"] {
            assert_eq!(violations_of(path, "leaf").len(), 1, "{path}");
        }
        for path in [EXCEPT, "locales/en/pages.ftl", "style/main.css"] {
            assert_eq!(violations_of(path, "leaf"), NONE, "{path}");
        }
    }
}
