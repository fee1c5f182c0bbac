//! Which new passwords are accepted (ADR 0006; NIST SP 800-63B-4, 3.1.1.2).

mod breached;
mod guesses;
mod walks;

use unicode_normalization::UnicodeNormalization;

use crate::kernel::errors::FieldCode;
use crate::kernel::passwords::hasher::MAX_PASSWORD_BYTES;

/// As many of a user's words as a form has; more would only cost time.
const MAX_OWN_WORDS: usize = 8;
/// The longest address. What comes after it makes no password weaker.
const MAX_WORD_CHARS: usize = 254;

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
    pub error: Option<FieldCode>,
    /// How hard it is to guess, 0 to 4; at least
    /// [`PasswordPolicy::MIN_SCORE`] exactly where no rule is broken.
    pub score: u8,
}

impl PasswordStrength {
    const fn refused(error: FieldCode) -> Self {
        Self {
            error: Some(error),
            score: 0,
        }
    }
}

impl PasswordPolicy {
    /// The floor of [`PasswordPolicy::min_length`].
    pub const MIN_LENGTH_FLOOR: usize = 8;
    /// The longest password in bytes of UTF-8.
    pub const MAX_BYTES: usize = MAX_PASSWORD_BYTES;
    /// The lowest score that passes, of 0 to 4.
    pub const MIN_SCORE: u8 = 3;

    /// What the rules say of a new password; `own_words` are the user's address and names.
    pub fn strength(&self, password: &str, own_words: &[&str]) -> PasswordStrength {
        let password = match self.without_estimate(password) {
            Ok(password) => password,
            Err(error) => return PasswordStrength::refused(error),
        };
        let words = self.words(own_words);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let score = guesses::score(&password, &words);
        let is_weak = score < Self::MIN_SCORE
            || is_built_from(&password, &words)
            || walks::is_walk(&password);
        if is_weak {
            PasswordStrength {
                error: Some(FieldCode::TooWeak),
                score: score.min(Self::MIN_SCORE - 1),
            }
        } else {
            PasswordStrength { error: None, score }
        }
    }

    /// What is refused without an estimate, which takes most of the time.
    pub(crate) fn refused_at_once(&self, password: &str) -> Option<PasswordStrength> {
        let error = self.without_estimate(password).err()?;
        Some(PasswordStrength::refused(error))
    }

    /// The password in its normal form, if no rule is broken that needs no estimate.
    fn without_estimate(&self, password: &str) -> Result<String, FieldCode> {
        if password.is_empty() {
            return Err(FieldCode::Required);
        }
        if password.len() > Self::MAX_BYTES {
            return Err(FieldCode::TooLong);
        }
        if password.contains('\0') {
            return Err(FieldCode::InvalidCharacters);
        }
        let password: String = password.nfc().collect();
        if password.chars().count() < self.min_length {
            return Err(FieldCode::TooShort);
        }
        if breached::is_listed(&password) {
            return Err(FieldCode::TooCommon);
        }
        Ok(password)
    }

    /// The words whole and in parts: "ann.lee@example.org" is also "ann", "lee" and "example".
    fn words(&self, own_words: &[&str]) -> Vec<String> {
        let own_words = own_words
            .iter()
            .filter(|word| !word.is_empty())
            .take(MAX_OWN_WORDS);
        let all = self
            .context_words
            .iter()
            .map(String::as_str)
            .chain(own_words.copied());
        let mut words: Vec<String> = Vec::new();
        for word in all {
            let word: String = word.chars().take(MAX_WORD_CHARS).collect();
            let word = word.to_lowercase();
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
mod tests;
