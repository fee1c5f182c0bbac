//! The fields of the portal's log lines, as the sources have them:
//! no test makes the portal write each of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use proc_macro2::{Spacing, TokenStream, TokenTree};
use regex::Regex;

/// What does not run in the portal.
const LEFT_OUT: [&str; 2] = ["testkit", "daemons"];
const EVENTS: [&str; 5] = ["trace", "debug", "info", "warn", "error"];
/// This test reads only `tracing::info!(` and the like.
const UNREAD: &str =
    r"tracing::(event!|(\{[^}]*\b)?(event|instrument|trace|debug|info|warn|error)\b[^!:])";

/// The names of the fields of all lines, and of the spans around them.
pub fn fields() -> BTreeSet<String> {
    let server = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = fs::read_dir(server.join("crates")).unwrap();
    let crates = crates.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = crates
        .filter(|path| !LEFT_OUT.iter().any(|left_out| path.ends_with(left_out)))
        .chain([server.to_path_buf()])
        .map(|path| path.join("src"))
        .collect();
    let mut fields = BTreeSet::new();
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(fs::read_dir(path).unwrap().map(|it| it.unwrap().path()));
        } else if path.extension().is_some_and(|it| it == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            assert_eq!(unread(&source), None, "{}", path.display());
            collect(source.parse().unwrap(), &mut fields);
        }
    }
    fields
}

fn unread(source: &str) -> Option<String> {
    let found = Regex::new(UNREAD).unwrap().find(source)?;
    Some(found.as_str().to_owned())
}

/// Panics at what it cannot read, so that nothing is left out unnoticed.
fn collect(tokens: TokenStream, fields: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            collect(group.stream(), fields);
        }
        let [first, colon, _, name, mark, TokenTree::Group(call), ..] = &tokens[index..] else {
            continue;
        };
        if is_punct(colon, ':') && is_punct(mark, '!') && first.to_string() == "tracing" {
            let name = name.to_string();
            let span = name.strip_suffix("_span");
            assert!(EVENTS.contains(&span.unwrap_or(&name)), "{name}!");
            fields.extend(fields_of(call.stream(), span.is_some()));
        }
    }
}

/// None of what goes to traces and not to the log.
fn fields_of(call: TokenStream, is_span: bool) -> Vec<String> {
    let tokens: Vec<TokenTree> = call.into_iter().collect();
    let mut fields = Vec::new();
    for argument in tokens.split(|token| is_punct(token, ',')) {
        match argument {
            [] => {}
            [option, colon, .., last] if is_punct(colon, ':') && is_option(option) => {
                if last.to_string() == "TRACE_TARGET" {
                    return Vec::new();
                }
            }
            // The name of a span comes first; the text of a line comes last,
            // but for what is put into it.
            [TokenTree::Literal(_), ..] if is_span => {}
            [TokenTree::Literal(_), ..] => break,
            _ => fields.push(field(argument)),
        }
    }
    fields
}

fn field(argument: &[TokenTree]) -> String {
    let is_sigil = is_punct(&argument[0], '%') || is_punct(&argument[0], '?');
    let argument = &argument[usize::from(is_sigil)..];
    let is_value = |token: &TokenTree| matches!(token, TokenTree::Punct(it) if it.as_char() == '=' && it.spacing() == Spacing::Alone);
    let name = argument.split(is_value).next().unwrap();
    let is_part = |token: &TokenTree| matches!(token, TokenTree::Ident(_)) || is_punct(token, '.');
    let is_name = !name.is_empty() && name.iter().all(is_part);
    assert!(is_name, "this test cannot read {argument:?}");
    name.iter().map(ToString::to_string).collect()
}

fn is_option(token: &TokenTree) -> bool {
    ["target", "parent", "name"].contains(&token.to_string().as_str())
}

fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

#[test]
fn fields_are_found_in_every_form() {
    let source = r#"
        // tracing::info!(not_this = 1, "a comment");
        use tracing::{Instrument as _, Span, instrument::Instrumented};
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
    let mut fields = BTreeSet::new();
    collect(source.parse().unwrap(), &mut fields);
    let expected = "code error kind request_id route status task worker";
    assert_eq!(Vec::from_iter(fields).join(" "), expected);
    assert_eq!(unread(source), None);
    for form in [
        "use tracing::{info, warn};",
        "use tracing::info;",
        "#[tracing::instrument(skip(self))]",
        "tracing::event!(Level::INFO, x = 1);",
    ] {
        assert!(unread(form).is_some(), "{form}");
    }
}
