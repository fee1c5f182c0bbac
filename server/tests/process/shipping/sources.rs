//! The fields of the portal's log lines, as the sources have them:
//! no test makes the portal write each of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::str::Chars;

use regex::Regex;

/// What does not run in the portal.
const LEFT_OUT: [&str; 2] = ["crates/testkit", "crates/daemons"];
const EVENTS: [&str; 5] = ["trace", "debug", "info", "warn", "error"];

/// The names of the fields of all lines, and of the spans around them.
pub fn fields() -> BTreeSet<String> {
    let server = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut fields = BTreeSet::new();
    read_folder(&server.join("src"), &mut fields);
    for entry in fs::read_dir(server.join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        if !LEFT_OUT.iter().any(|left_out| folder.ends_with(left_out)) {
            read_folder(&folder.join("src"), &mut fields);
        }
    }
    fields
}

fn read_folder(folder: &Path, fields: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_folder(&path, fields);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            fields.extend(fields_in(&source, &path.display().to_string()));
        }
    }
}

/// Panics at what it cannot read, so that nothing is left out unnoticed.
fn fields_in(source: &str, place: &str) -> BTreeSet<String> {
    let code: Vec<&str> = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let code = code.join("\n");
    let elsewhere = Regex::new(r"use tracing::[^;]*\b(trace|debug|info|warn|error|event|instrument)\b\s*[,;}]|#\[(tracing::)?instrument\b").unwrap();
    assert!(
        !elsewhere.is_match(&code),
        "{place}: this test reads only `tracing::info!(` and the like"
    );
    let calls = Regex::new(r"tracing::(\w+)!(.)").unwrap();
    let mut fields = BTreeSet::new();
    for call in calls.captures_iter(&code) {
        let (whole, [macro_name, open]) = call.extract();
        let span = macro_name.strip_suffix("_span");
        let event = span.unwrap_or(macro_name);
        assert!(
            EVENTS.contains(&event) && open == "(",
            "{place}: this test does not know {whole}"
        );
        let end = call.get(0).unwrap().end();
        fields.extend(fields_of(&arguments(&code[end..]), span.is_some(), place));
    }
    fields
}

/// None of what goes to traces and not to the log.
fn fields_of(arguments: &[String], is_span: bool, place: &str) -> Vec<String> {
    let field = Regex::new(r"^[%?]?([a-z_][a-z0-9_.]*)\s*(?:$|=[^=])").unwrap();
    let mut fields = Vec::new();
    for argument in arguments {
        if argument == "target: TRACE_TARGET" {
            return Vec::new();
        }
        let is_option = ["target:", "parent:", "name:"]
            .iter()
            .any(|option| argument.starts_with(option));
        if is_option {
            continue;
        }
        // The name of a span comes first; the text of a line comes last,
        // but for what is put into it.
        if argument.starts_with('"') {
            if is_span {
                continue;
            }
            break;
        }
        let found = field.captures(argument);
        let found = found.unwrap_or_else(|| panic!("{place}: this test cannot read {argument:?}"));
        fields.push(found[1].to_owned());
    }
    fields
}

/// The arguments of a macro, from behind its parenthesis on.
fn arguments(code: &str) -> Vec<String> {
    let (mut all, mut argument, mut depth) = (Vec::new(), String::new(), 0);
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            ',' if depth == 0 => {
                all.push(std::mem::take(&mut argument));
                continue;
            }
            ')' if depth == 0 => break,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        argument.push(c);
        if c == '"' {
            skip_text(&mut chars);
            argument.push(c);
        }
    }
    all.push(argument);
    let all = all.into_iter().map(|argument| argument.trim().to_owned());
    all.filter(|argument| !argument.is_empty()).collect()
}

fn skip_text(chars: &mut Chars<'_>) {
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '"' => return,
            _ => {}
        }
    }
}

#[test]
fn fields_are_found_in_every_form() {
    let source = r#"
        // tracing::info!(not_this = 1, "a comment");
        tracing::warn!(
            target: "vestibule::access",
            status = answer.status(1, "a, b = c)"),
            error = &error as &dyn std::error::Error,
            // Nor = this,
            ?task,
            %code,
            worker,
            "text with \"quotes\", {} and {}", not_this == that, 2
        );
        tracing::error!(%kind, "x"); tracing::info!("only text");
        tracing::info_span!("request", request_id = %id, route);
        tracing::debug_span!(target: TRACE_TARGET, "query", db.name = name);
    "#;
    let found: Vec<String> = fields_in(source, "here").into_iter().collect();
    let expected = [
        "code",
        "error",
        "kind",
        "request_id",
        "route",
        "status",
        "task",
        "worker",
    ];
    assert_eq!(found, expected);
    for unread in [
        "use tracing::{info, warn};",
        "#[tracing::instrument(skip(self))]",
        "tracing::event!(Level::INFO, x = 1);",
        "tracing::info!(Self::name() => 1, \"x\");",
    ] {
        let read = std::panic::catch_unwind(|| fields_in(unread, "here"));
        assert!(read.is_err(), "{unread}");
    }
}
