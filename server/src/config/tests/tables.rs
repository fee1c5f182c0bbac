//! Tables that may come several times in the file, by settings of the tests' own.

use super::sources::file;
use super::*;
use crate::config::schema::Schema;

mod app {
    use secrecy::SecretString;

    use crate::config::setting::settings;

    settings! {
        /// What people know it by.
        NAME: String = "app.name", "", "App";
        /// How long its codes live.
        CODE_SECONDS: u64 = "app.code_seconds", "", "60", in 10..=600;
        /// Where it may send people to.
        REDIRECTS: Vec<String> = "app.redirects", "";
        /// What it proves itself with.
        KEY: Option<SecretString> = "app.key", "";
    }
}

const WITH_TABLES: Schema = Schema {
    sections: &[mode::SETTINGS, app::SETTINGS],
    tables: &["app"],
};

type App = (String, u64, Vec<String>, bool);

/// The tables, the errors, and what is shown of all settings.
fn read(content: &str) -> (Vec<App>, Vec<String>, Vec<String>) {
    let (_folder, path) = file("vestibule.toml", content);
    let environment = Environment::from_iter([("VESTIBULE_CONFIG", path.as_str())]);
    let mut reader = Reader::open(&environment, WITH_TABLES);
    reader.get(mode::MODE);
    let apps = reader.tables("app", |reader| {
        (
            reader.get(app::NAME),
            reader.get(app::CODE_SECONDS),
            reader.get(app::REDIRECTS),
            reader.get(app::KEY).is_some(),
        )
    });
    let lines = |text: String| text.replace(&path, "FILE");
    let shown = reader.shown();
    let shown = shown.iter().map(|shown| lines(shown.to_string()));
    let shown = shown.collect();
    let (errors, _) = reader.finish();
    let errors = errors.iter().map(|error| lines(error.to_string()));
    (apps, errors.collect(), shown)
}

#[test]
fn a_table_may_come_several_times() {
    let (apps, errors, shown) = read(
        "[[app]]\nname = \"First\"\nredirects = [\"https://a.example\", \"https://b.example\"]\n\
         [[app]]\ncode_seconds = 90\nkey = \"not-a-secret\"\n",
    );
    let redirects = vec![
        "https://a.example".to_owned(),
        "https://b.example".to_owned(),
    ];
    assert_eq!(errors, [""; 0]);
    assert_eq!(
        apps,
        [
            ("First".to_owned(), 60, redirects, false),
            ("App".to_owned(), 90, Vec::new(), true),
        ]
    );
    for line in [
        "app[1].name = First  (FILE)",
        "app[2].name = App  (default)",
        "app[2].code_seconds = 90  (FILE)",
        "app[1].key is not set",
        "app[2].key is set  (FILE)",
    ] {
        assert!(
            shown.iter().any(|shown| shown == line),
            "{line} in {shown:#?}"
        );
    }
    assert!(read("").0.is_empty());
}

#[test]
fn an_error_names_the_table_that_it_is_in() {
    for (content, says) in [
        (
            "[[app]]\n[[app]]\ncode_seconds = 9\n",
            "app[2].code_seconds in FILE must be a number from 10 to 600, not `9`",
        ),
        (
            "[[app]]\nnme = \"x\"\n",
            "app[1].nme in FILE is not a setting: did you mean app.name?",
        ),
        (
            "[app]\nname = \"x\"\n",
            "app.name in FILE belongs below [[app]], in double brackets",
        ),
        ("app = [1]\n", "app[1] in FILE is not a setting"),
        (
            "\"app[1]\" = { name = \"x\" }\n",
            "app[1] in FILE is not a setting",
        ),
    ] {
        let (_, errors, _) = read(content);
        assert_eq!(errors.len(), 1, "{errors:#?}");
        assert!(errors[0].starts_with(says), "{}", errors[0]);
    }
}
