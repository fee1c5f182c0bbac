//! The catalogues, read once each.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;
use vestibule_core::model::Language;

type Bundle = FluentBundle<FluentResource>;

static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| read(Language::English));
static GERMAN: LazyLock<Bundle> = LazyLock::new(|| read(Language::German));

/// The sources of a language.
fn sources(language: Language) -> [&'static str; 2] {
    macro_rules! locale {
        ($file:literal) => {
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../../locales/",
                $file
            ))
        };
    }
    match language {
        Language::English => [locale!("en/pages.ftl"), locale!("en/mails.ftl")],
        Language::German => [locale!("de/pages.ftl"), locale!("de/mails.ftl")],
    }
}

/// What cannot be read or is there twice is left out: a portal with a gap in its words still works,
/// and the tests of this crate let no such catalogue pass.
fn read(language: Language) -> Bundle {
    let locale: LanguageIdentifier = language.as_str().parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![locale]);
    // Marks around each value, which right-to-left values in a left-to-right text would need, do
    // harm in titles, attributes and plain-text mails; pages isolate with `<bdi>` where it matters.
    bundle.set_use_isolating(false);
    for source in sources(language) {
        let resource = FluentResource::try_new(source.to_owned());
        let resource = resource.unwrap_or_else(|(readable, _)| readable);
        // Fails for keys that are there twice, and keeps the first.
        let _ = bundle.add_resource(resource);
    }
    bundle
}

/// The text of a key, if there is one.
pub fn format(language: Language, key: &str, values: &FluentArgs<'_>) -> Option<String> {
    let bundle = match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    };
    let pattern = bundle.get_message(key)?.value()?;
    // What is wrong with a value shows in the text itself, and before that in a test.
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(values), &mut errors);
    Some(text.into_owned())
}
