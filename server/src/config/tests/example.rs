//! The settings file to begin with.

use vestibule_core::model::{ClientKind, ClientSettings};

use super::sources::file;
use super::*;

fn read(file: &str) -> Reading {
    Config::read(&Environment::from_iter([("VESTIBULE_CONFIG", file)]))
}

#[test]
fn the_example_is_current() {
    let document = include_str!("../../../../vestibule.example.toml");
    let is_current = document.trim_end() == example().trim_end();
    assert!(
        is_current,
        "run `vestibule config example > vestibule.example.toml`"
    );
}

/// Prose has a blank behind its `#`.
fn is_setting(line: &str) -> bool {
    line.starts_with('#') && !line.starts_with("# ")
}

fn count(text: &str) -> usize {
    text.lines().filter(|line| is_setting(line)).count()
}

/// A number without a default has no value.
fn uncomment(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if is_setting(line) && !setting.ends_with('=') => setting,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The example up to the tables that may come several times, which stand last, and those.
fn in_two(document: &str) -> (&str, &str) {
    document.split_at(document.find("#[[").unwrap())
}

#[test]
fn the_example_sets_nothing_and_with_every_line_uncommented_the_defaults() {
    let document = example();
    let (single, tables) = in_two(&document);
    assert_eq!(count(single), single_settings());
    let headers = SCHEMA.tables.len();
    assert_eq!(
        count(tables),
        SCHEMA.settings().count() - single_settings() + headers
    );
    let (_folder, empty) = file("empty.toml", "");
    let (_other, example) = file("example.toml", &document);
    let (_third, all) = file("all.toml", uncomment(single));
    let (nothing, example, all) = (read(&empty), read(&example), read(&all));
    assert_eq!((&example.errors[..], &all.errors[..]), (&[][..], &[][..]));
    let values = |reading: &Reading| format!("{:#?}", reading.config);
    assert_eq!(values(&example), values(&nothing));
    assert_eq!(values(&all), values(&nothing));
    let shown = |reading: &Reading| -> Vec<String> {
        let lines = reading.settings.iter().map(ToString::to_string);
        lines
            .map(|line| line.split("  (").next().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(shown(&all), shown(&nothing));
}

/// A table that is there is one more, so it needs what tells it from others.
#[test]
fn a_client_of_the_example_with_every_line_uncommented_is_one_by_default() {
    let document = example();
    let (_, tables) = in_two(&document);
    let content = uncomment(tables)
        .replace("\nid = \"\"", "\nid = \"app\"")
        .replace("\nsecret_sha256 = \"\"", "\nsecret_sha256 = \"00\"");
    let (_folder, path) = file("vestibule.toml", content);
    let reading = read(&path);
    assert_eq!(reading.errors, []);
    let [client] = &reading.config.oidc.clients[..] else {
        panic!("{:?}", reading.config.oidc);
    };
    assert_eq!(
        (client.name.as_str(), client.kind),
        ("app", ClientKind::Web)
    );
    assert_eq!(client.settings, ClientSettings::default());
}
