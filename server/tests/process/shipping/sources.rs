//! The fields of the portal's log lines, as the sources have them:
//! no test makes the portal write each of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// What does not run in the portal.
const LEFT_OUT: [&str; 2] = ["testkit", "daemons"];
/// A line or a span: its target, and its fields up to its text or its end.
const CALL: &str = r#"tracing::(?:trace|debug|info|warn|error)(?:_span)?!\(\s*(?:target: ("[a-z:]+"|[A-Z_]+),\s*)?(?:"[a-z ]+",\s*)?([^";]*)"#;
const FIELD: &str = r"(?s)^[%?]?([a-z_][a-z_0-9.]*)( = .*)?$";
/// Imported macros and attributes, which this does not read.
const UNREAD: &str = r"tracing::(\{[^}]*\b)?(event|instrument|trace|debug|info|warn|error)\b[^!:]";

/// The names of the fields of all lines, and of the spans around them, but for traces.
/// Panics at what it cannot read, so that nothing is left out unnoticed.
pub fn fields() -> BTreeSet<String> {
    let [call, any_call, field, unread] =
        [CALL, r"tracing::\w+!", FIELD, UNREAD].map(|pattern| Regex::new(pattern).unwrap());
    let mut fields = BTreeSet::new();
    for path in sources() {
        let source = fs::read_to_string(&path).unwrap();
        let place = path.display();
        assert!(!unread.is_match(&source), "{place}: `tracing::info!(`?");
        let calls: Vec<_> = call.captures_iter(&source).collect();
        assert_eq!(calls.len(), any_call.find_iter(&source).count(), "{place}");
        for call in calls {
            if call.get(1).is_some_and(|it| it.as_str() == "TRACE_TARGET") {
                continue;
            }
            let arguments = call[2].trim().trim_end_matches(')').split(',');
            for argument in arguments.map(str::trim).filter(|it| !it.is_empty()) {
                let name = field.captures(argument);
                let name = name.unwrap_or_else(|| panic!("{place}: {argument}"));
                fields.insert(name[1].to_owned());
            }
        }
    }
    fields
}

fn sources() -> Vec<PathBuf> {
    let server = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = fs::read_dir(server.join("crates")).unwrap();
    let crates = crates.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = crates
        .filter(|path| !LEFT_OUT.iter().any(|left_out| path.ends_with(left_out)))
        .chain([server.to_path_buf()])
        .map(|path| path.join("src"))
        .collect();
    let mut sources = Vec::new();
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(fs::read_dir(path).unwrap().map(|it| it.unwrap().path()));
        } else if path.extension().is_some_and(|it| it == "rs") {
            sources.push(path);
        }
    }
    sources
}
