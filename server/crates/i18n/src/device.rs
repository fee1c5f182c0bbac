//! What people sign in with, in words.

use vestibule_core::model::{ANDROID_APP, APPLE_APP, UNKNOWN_DEVICE, program_and_system};

use crate::{Texts, t};

/// "Firefox on Linux", in the language of the texts. A name
/// that a client chose for itself stays as it is.
pub fn device(texts: Texts, name: &str) -> String {
    if name == UNKNOWN_DEVICE {
        return t!(texts, "device-unknown");
    }
    match program_and_system(name) {
        Some((known, system)) => t!(
            texts,
            "device-program-on-system",
            program = program(texts, known),
            system = system
        ),
        None => program(texts, name),
    }
}

/// The same inside of a sentence: "Signed in with an unknown device".
pub fn device_in_sentence(texts: Texts, name: &str) -> String {
    if name == UNKNOWN_DEVICE {
        return t!(texts, "device-unknown-in-sentence");
    }
    device(texts, name)
}

/// Most programs have a name, which is the same everywhere.
fn program(texts: Texts, name: &str) -> String {
    match name {
        ANDROID_APP => t!(texts, "device-android-app"),
        APPLE_APP => t!(texts, "device-apple-app"),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use vestibule_core::model::{Language, device_name};

    use super::*;

    #[test]
    fn devices_are_named_in_the_language_of_the_reader() {
        let of_agent = |agent| device_name(Some(agent));
        let cases = [
            (
                "Firefox on Linux".to_owned(),
                "Firefox on Linux",
                "Firefox unter Linux",
            ),
            (
                "Safari on iPhone".to_owned(),
                "Safari on iPhone",
                "Safari auf iPhone",
            ),
            ("curl".to_owned(), "curl", "curl"),
            ("Ann on Linux".to_owned(), "Ann on Linux", "Ann on Linux"),
            (
                UNKNOWN_DEVICE.to_owned(),
                "Unknown device",
                "Unbekanntes Gerät",
            ),
            (of_agent("okhttp/4.12.0"), "Android app", "Android-App"),
            (
                of_agent("Mail/1 CFNetwork/1498 Darwin/23.6.0"),
                "Apple app",
                "Apple-App",
            ),
            (
                of_agent("Mail/1 (iPad) CFNetwork/1498"),
                "Apple app on iPad",
                "Apple-App auf iPad",
            ),
        ];
        for (name, english, german) in cases {
            assert_eq!(device(Texts::of(Language::English), &name), english);
            assert_eq!(device(Texts::of(Language::German), &name), german);
        }
        assert_eq!(
            device_in_sentence(Texts::of(Language::German), UNKNOWN_DEVICE),
            "einem unbekannten Gerät"
        );
    }
}
