//! Which new passwords are accepted (ADR 0006; NIST SP 800-63B-4, 3.1.1.2).

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use crate::error::{Field, FieldCode, FieldError};
use crate::hashing::MAX_PASSWORD_BYTES;

/// The commonest breached passwords that the length rule lets through.
static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    include_str!("../data/common-passwords.txt")
        .lines()
        .collect()
});

/// Estimating strength costs more than linear time; what comes after this cannot make a password weaker.
const ESTIMATED_CHARS: usize = 100;

/// The rules in force: length, strength and the list; never which characters to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// In code points after NFC, at least 8.
    pub min_length: usize,
    /// Words that make a password easy to guess here: product, organisation, host.
    pub context_words: Vec<String>,
}

/// What the rules say of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordStrength {
    /// The rule that it breaks.
    pub fault: Option<FieldCode>,
    /// How hard it is to guess, 0 to 4; at least [`PasswordPolicy::MIN_SCORE`] exactly where no rule is broken.
    pub score: u8,
}

impl PasswordPolicy {
    /// The floor of [`PasswordPolicy::min_length`].
    pub const MIN_LENGTH_FLOOR: usize = 8;
    /// The longest password in bytes of UTF-8.
    pub const MAX_BYTES: usize = MAX_PASSWORD_BYTES;
    /// The lowest zxcvbn score, of 0 to 4.
    pub const MIN_SCORE: u8 = 3;

    /// Checks a new password; `own_words` are the user's address and names.
    ///
    /// # Errors
    /// What is wrong with it, as one field error on `field`.
    pub fn check(
        &self,
        field: Field,
        password: &str,
        own_words: &[&str],
    ) -> Result<(), FieldError> {
        self.strength(password, own_words)
            .fault
            .map_or(Ok(()), |code| Err(FieldError { field, code }))
    }

    /// The same rules as in [`PasswordPolicy::check`], for who wants to know how far a password is from them.
    pub fn strength(&self, password: &str, own_words: &[&str]) -> PasswordStrength {
        let password: String = match Self::shape_fault(password) {
            None => password.nfc().collect(),
            fault => return PasswordStrength { fault, score: 0 },
        };
        if let Some(fault) = self.simple_fault(&password) {
            return PasswordStrength {
                fault: Some(fault),
                score: 0,
            };
        }
        let words = self.words(own_words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let estimated: String = password.chars().take(ESTIMATED_CHARS).collect();
        let score = u8::from(zxcvbn::zxcvbn(&estimated, &words).score());
        if score < Self::MIN_SCORE || is_built_from(&password, &words) {
            PasswordStrength {
                fault: Some(FieldCode::TooWeak),
                score: score.min(Self::MIN_SCORE - 1),
            }
        } else {
            PasswordStrength { fault: None, score }
        }
    }

    /// What no password may be, whatever it says.
    fn shape_fault(password: &str) -> Option<FieldCode> {
        if password.is_empty() {
            return Some(FieldCode::Required);
        }
        if password.len() > Self::MAX_BYTES {
            return Some(FieldCode::TooLong);
        }
        if password.contains('\0') {
            return Some(FieldCode::InvalidCharacters);
        }
        None
    }

    /// What needs no estimate.
    fn simple_fault(&self, password: &str) -> Option<FieldCode> {
        if password.chars().count() < self.min_length {
            return Some(FieldCode::TooShort);
        }
        if COMMON.contains(password.to_lowercase().as_str()) {
            return Some(FieldCode::TooCommon);
        }
        None
    }

    /// The words whole and in parts: "ann.lee@example.org" is also "ann", "lee" and "example".
    fn words(&self, own_words: &[&str]) -> Vec<String> {
        let all = self
            .context_words
            .iter()
            .map(String::as_str)
            .chain(own_words.iter().copied());
        let mut words: Vec<String> = Vec::new();
        for word in all.map(str::to_lowercase) {
            words.extend(
                word.split(|c: char| !c.is_alphanumeric())
                    .filter(|part| part.chars().count() > 2)
                    .map(str::to_owned),
            );
            words.push(word);
        }
        words
    }
}

/// Whether nothing but digits and signs is left once the words are taken out.
fn is_built_from(password: &str, words: &[&str]) -> bool {
    let mut rest = password.to_lowercase();
    for word in words.iter().filter(|word| !word.is_empty()) {
        rest = rest.replace(word, "");
    }
    rest.len() < password.to_lowercase().len()
        && !rest.chars().any(char::is_alphabetic)
        && rest.chars().count() < 8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password: &str) -> Option<FieldCode> {
        let policy = PasswordPolicy {
            min_length: 8,
            context_words: vec!["Vestibule".to_owned()],
        };
        policy
            .check(Field::Password, password, &["ann.lee@example.org", "Ann"])
            .err()
            .map(|error| error.code)
    }

    #[test]
    fn strong_passwords_of_any_kind_pass() {
        for good in [
            "correct horse battery",
            "ymrqvztikp",
            "8264910573628194",
            "🦊🌵🪁🎻🧭🪴🍊🛶🧊",
            &"长夜漫漫路迢迢".repeat(10),
        ] {
            assert_eq!(check(good), None, "{good}");
        }
    }

    #[test]
    fn each_rule_says_what_it_refuses() {
        let cases = [
            ("", FieldCode::Required),
            ("r9$kQz!", FieldCode::TooShort),
            ("password", FieldCode::TooCommon),
            ("PassWord1", FieldCode::TooCommon),
            ("               ", FieldCode::TooWeak),
            ("aaaaaaaaaaaa", FieldCode::TooWeak),
            ("ann.lee2026", FieldCode::TooWeak),
            ("Vestibule!1", FieldCode::TooWeak),
            ("vestibule-ann-2026", FieldCode::TooWeak),
            ("long enough \0 but", FieldCode::InvalidCharacters),
        ];
        for (bad, code) in cases {
            assert_eq!(check(bad), Some(code), "{bad}");
        }
        assert_eq!(check(&"ü".repeat(513)), Some(FieldCode::TooLong));
        assert_eq!(
            check("cafe\u{301}s!x"),
            Some(FieldCode::TooShort),
            "length counts composed code points"
        );
    }

    #[test]
    fn the_score_is_high_exactly_where_no_rule_is_broken() {
        let policy = PasswordPolicy {
            min_length: 8,
            context_words: vec!["Vestibule".to_owned()],
        };
        let cases = [
            ("", Some(FieldCode::Required), 0..=0),
            ("r9$kQz!", Some(FieldCode::TooShort), 0..=0),
            ("PassWord1", Some(FieldCode::TooCommon), 0..=0),
            ("aaaaaaaaaaaa", Some(FieldCode::TooWeak), 0..=2),
            ("vestibule-ann-2026", Some(FieldCode::TooWeak), 0..=2),
            ("ymrqvztikp", None, 3..=4),
            ("correct horse battery", None, 3..=4),
        ];
        for (password, fault, scores) in cases {
            let strength = policy.strength(password, &["ann.lee@example.org", "Ann"]);
            assert_eq!(strength.fault, fault, "{password}");
            assert!(scores.contains(&strength.score), "{password}: {strength:?}");
        }
    }

    #[test]
    fn the_list_holds_the_three_thousand_commonest() {
        assert!(COMMON.len() >= 3000);
        assert!(COMMON.iter().all(|password| password.chars().count() >= 8));
    }
}
