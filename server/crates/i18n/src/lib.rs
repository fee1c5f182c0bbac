//! The words of pages and mails, in every language that the portal speaks.
//!
//! The catalogues lie in `locales/<language>/` at the top of the repository and are part of the
//! binary. Nothing else holds text for end users; the tests of this crate see to it, and that no
//! language lacks a key that another has.

mod catalogue;
mod device;
mod life;
mod negotiate;

pub use device::{device, device_in_sentence};
pub use fluent_bundle::FluentValue as Value;
pub use life::life;
pub use negotiate::negotiate;

use vestibule_core::model::Language;

/// The texts of one language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    language: Language,
}

impl Texts {
    pub const fn of(language: Language) -> Self {
        Self { language }
    }

    pub fn language(self) -> Language {
        self.language
    }

    /// The value of `lang` (BCP 47).
    pub fn lang(self) -> &'static str {
        self.language.as_str()
    }

    /// The value of `dir`: where lines begin.
    pub fn dir(self) -> &'static str {
        match self.language {
            Language::English | Language::German => "ltr",
        }
    }

    /// The text of a key without variables. The tests make sure
    /// that there is one; for an unknown key it is the key.
    ///
    /// Pages and mails say [`t!`] instead, which those tests read.
    pub fn get(self, key: &str) -> String {
        self.format(key, [])
    }

    /// The text of a key with values in the places of its variables.
    pub fn format<'a>(
        self,
        key: &str,
        values: impl IntoIterator<Item = (&'a str, Value<'a>)>,
    ) -> String {
        self.find(key, values).unwrap_or_else(|| key.to_owned())
    }

    /// The same where there may be no such text. For keys that are made of codes, which the tests
    /// know: the sentence of an event, the parts of a mail.
    pub fn find<'a>(
        self,
        key: &str,
        values: impl IntoIterator<Item = (&'a str, Value<'a>)>,
    ) -> Option<String> {
        let values = values.into_iter().collect();
        catalogue::format(self.language, key, &values)
    }
}

/// A text of the catalogue: `t!(texts, "sign-in-heading")`,
/// `t!(texts, "error-limited", wait = wait)`.
///
/// The key is always a literal, so that the tests can find
/// every key in use with the variables that it gets.
#[macro_export]
macro_rules! t {
    ($texts:expr, $key:literal $(,)?) => {
        $crate::Texts::get($texts, $key)
    };
    ($texts:expr, $key:literal, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::Texts::format($texts, $key, [$((stringify!($name), $crate::Value::from($value))),+])
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_in_the_text_as_they_are() {
        let texts = Texts::of(Language::English);
        let wait = t!(texts, "wait-seconds", count = 40);
        assert_eq!(
            t!(texts, "error-limited", wait = wait),
            "Too many attempts. Try again in 40 seconds."
        );
        // Marks that isolate directions would stand in attributes, titles and addresses.
        let odd = t!(texts, "error-limited", wait = "<b>{ $x }\u{202e}");
        assert_eq!(odd, "Too many attempts. Try again in <b>{ $x }\u{202e}.");
    }

    #[test]
    fn numbers_choose_their_form() {
        let say = |language, count: u64| t!(Texts::of(language), "wait-seconds", count = count);
        assert_eq!(say(Language::English, 1), "1 second");
        assert_eq!(say(Language::German, 1), "1 Sekunde");
        assert_eq!(say(Language::German, 12_000), "12000 Sekunden");
    }

    #[test]
    fn an_unknown_key_is_its_own_text() {
        assert_eq!(Texts::default().get("no-such-key"), "no-such-key");
    }
}
