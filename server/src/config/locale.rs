//! `[locale]`

use vestibule_core::model::Language;

use super::setting::settings;

settings! {
    /// Language of pages and mails for who asks for none that there is.
    DEFAULT: Language = "locale.default", "VESTIBULE_LANGUAGE", "en";
}
