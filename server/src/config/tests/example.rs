//! The settings file to begin with.

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

#[test]
fn the_example_sets_nothing_and_with_every_line_uncommented_the_defaults() {
    // Prose has a blank behind its `#`; a number without a default has no value.
    let is_setting = |line: &&str| line.starts_with('#') && !line.starts_with("# ");
    let document = example();
    let settings = document.lines().filter(is_setting).count();
    assert_eq!(settings, SCHEMA.settings().count());
    let uncommented: Vec<&str> = document
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if is_setting(&line) && !setting.ends_with('=') => setting,
            _ => line,
        })
        .collect();
    let (_folder, empty) = file("empty.toml", "");
    let (_other, example) = file("example.toml", &document);
    let (_third, all) = file("all.toml", uncommented.join("\n"));
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
