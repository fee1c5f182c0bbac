use super::*;

/// The imports between the files of `x/src`, as `from -> to` without folder and ending.
fn edges(texts: &[(&str, &str)]) -> Vec<String> {
    let short = |path: &str| path["x/src/".len()..].trim_end_matches(".rs").to_owned();
    let mut found = Vec::new();
    let files: Files = texts.iter().copied().collect();
    for (from, targets) in imports(&files).unwrap().between_files {
        let line = |to: &String| format!("{} -> {}", short(&from), short(to));
        found.extend(targets.iter().map(line));
    }
    found
}

const LIB: (&str, &str) = ("x/src/lib.rs", "mod a; mod b; pub use b::deep::Thing;");
const B: (&str, &str) = ("x/src/b/mod.rs", "pub mod deep; use self::deep::Thing;");
const DEEP: (&str, &str) = ("x/src/b/deep.rs", "pub struct Thing;");

#[test]
fn each_way_to_write_an_import_is_an_edge() {
    for (import, to) in [
        ("use crate::b::Other;", "b/mod"),
        ("use super::b::{self, Other as Alias};", "b/mod"),
        ("use {crate::b::Other, std::fmt};", "b/mod"),
        ("fn f() { use super::b::*; }", "b/mod"),
        ("mod inner { use super::super::b; }", "b/mod"),
        (
            "/// Text\n#[cfg(unix)]\npub(crate) use crate::b::*;",
            "b/mod",
        ),
        ("use crate::b::deep;", "b/deep"),
        ("use super::Thing;", "b/deep"),
        ("use crate::b::Thing;", "b/deep"),
    ] {
        let found = edges(&[LIB, ("x/src/a.rs", import), B, DEEP]);
        let from_a: Vec<&String> = found.iter().filter(|it| it.starts_with("a ")).collect();
        assert_eq!(from_a, [&format!("a -> {to}")], "{import}");
    }
}

#[test]
fn re_exports_tests_and_other_crates_are_none() {
    for text in [
        "pub use crate::b::Other;",
        "pub(crate) use super::b::{Other, deep};",
        "#[cfg(test)] mod tests { use crate::b::Other; }",
        "#[cfg(test)] use crate::b::Other;",
        "use std::fmt; use b::Other; use ::b::deep;",
        "// use crate::b;\nconst X: &str = \"use crate::b;\";",
        "fn f<'a>(x: &'a str) -> impl Sized + use<'a> { x }",
    ] {
        let found = edges(&[LIB, ("x/src/a.rs", text), B, DEEP]);
        assert_eq!(found, ["b/mod -> b/deep"], "{text}");
    }
}

#[test]
fn an_import_has_a_path_from_the_root_of_its_crate() {
    let text = "use super::b::{self, Other as Alias}; pub use crate::b::deep::*; \
        use std::fmt; mod inner { use super::super::b; use self::own; } use inner::own; \
        #[cfg(test)] mod tests { use crate::b::Test; }";
    let found = imports(&Files::from([LIB, ("x/src/a.rs", text), B, DEEP])).unwrap();
    let of_a = found.paths.iter().filter(|it| it.file == "x/src/a.rs");
    let of_a: Vec<String> = of_a.map(|it| it.names.join("::")).collect();
    assert_eq!(
        of_a,
        [
            "b",
            "b::Other",
            "b::deep::*",
            "a::inner::own",
            "b",
            "a::inner::own"
        ]
    );
}

#[test]
fn a_file_that_no_module_leads_to_is_named() {
    let files = Files::from([LIB, ("x/src/a.rs", ""), B, DEEP, ("x/src/c.rs", "")]);
    let found = imports(&files).unwrap().unreached(&files);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("x/src/c.rs is part of no crate"));
}

#[test]
fn a_path_attribute_leads_to_its_file() {
    let files = Files::from([
        (
            "x/tests/p/main.rs",
            "#[path = \"../q/common.rs\"]\nmod common;",
        ),
        ("x/tests/q/common.rs", "mod more;"),
        ("x/tests/q/more.rs", "use super::Thing;"),
    ]);
    let all = imports(&files).unwrap();
    assert!(all.unreached(&files).is_empty());
    assert!(all.between_files["x/tests/q/more.rs"].contains("x/tests/q/common.rs"));
}

#[test]
fn what_cannot_be_read_is_an_error() {
    assert!(imports(&Files::from([("x/src/lib.rs", "mod a;")])).is_err());
    assert!(imports(&Files::from([("x/src/lib.rs", "fn f() {")])).is_err());
}
