//! As much of Filebeat as deploy/logs/filebeat.yml uses. What this does not know it refuses.

use regex::Regex;
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{PrimitiveDateTime, format_description};

use super::json::{merge, strings};

pub struct Filebeat(Value);

/// A document that Elasticsearch gets.
pub struct Shipped {
    pub index: String,
    pub document: Value,
}

impl Filebeat {
    pub fn new(config: &str) -> Self {
        Self(expanded(serde_saphyr::from_str(config).unwrap()))
    }

    /// What becomes of the lines of a file that an input reads.
    pub fn ship(&self, input: &str, lines: &[String]) -> Vec<Shipped> {
        let inputs = self.0["filebeat"]["inputs"].as_array().unwrap();
        let input = inputs.iter().find(|known| known["id"] == input).unwrap();
        knows(input, &["type", "id", "paths", "parsers", "include_lines"]);
        let included = patterns(&input["include_lines"]);
        let is_included = |message: &String| {
            included.is_empty() || included.iter().any(|pattern| pattern.is_match(message))
        };
        let messages = messages(&input["parsers"], lines).into_iter();
        messages
            .filter(is_included)
            .map(|message| self.process(&message))
            .collect()
    }

    fn process(&self, message: &str) -> Shipped {
        let mut document = read(message);
        for processor in self.0["processors"].as_array().unwrap() {
            let (name, options) = processor.as_object().unwrap().iter().next().unwrap();
            if holds(&options["when"], &document) {
                apply(name, options, &mut document);
            }
        }
        Shipped {
            index: self.index(&document),
            document,
        }
    }

    fn index(&self, document: &Value) -> String {
        let output = &self.0["output"]["elasticsearch"];
        let mut indices = output["indices"].as_array().unwrap().iter();
        let chosen = indices.find(|index| holds(&index["when"], document));
        let index = &chosen.unwrap_or(output)["index"];
        index.as_str().unwrap().to_owned()
    }
}

/// Dots in keys mean levels.
fn expanded(config: Value) -> Value {
    match config {
        Value::Object(fields) => {
            let mut object = json!({});
            for (key, value) in fields {
                let levels = key.rsplit('.');
                let value = levels.fold(expanded(value), |value, level| json!({ level: value }));
                merge(&mut object, value);
            }
            object
        }
        Value::Array(items) => items.into_iter().map(expanded).collect(),
        other => other,
    }
}

#[track_caller]
fn knows(options: &Value, known: &[&str]) {
    let mut names = options.as_object().unwrap().keys();
    let unknown = names.find(|name| !known.contains(&name.as_str()));
    assert_eq!(unknown, None, "this test does not know it");
}

fn patterns(value: &Value) -> Vec<Regex> {
    let patterns = strings(value).into_iter();
    patterns
        .map(|pattern| Regex::new(pattern).unwrap())
        .collect()
}

/// What was written, without what the container runtime adds.
fn messages(parsers: &Value, lines: &[String]) -> Vec<String> {
    let Some(parsers) = parsers.as_array() else {
        return lines.to_vec();
    };
    assert_eq!(parsers.len(), 1);
    knows(&parsers[0], &["container"]);
    knows(&parsers[0]["container"], &["format"]);
    let part = match parsers[0]["container"]["format"].as_str() {
        Some("docker") => docker_part,
        Some("cri") => cri_part,
        other => panic!("this test does not know the format {other:?}"),
    };
    joined(lines.iter().map(|line| part(line)))
}

/// A part of a line, and whether it is the last one.
fn docker_part(line: &str) -> (String, bool) {
    let line: Value = serde_json::from_str(line).unwrap();
    let text = line["log"].as_str().unwrap();
    let whole = text.strip_suffix('\n');
    (whole.unwrap_or(text).to_owned(), whole.is_some())
}

fn cri_part(line: &str) -> (String, bool) {
    let [_time, _stream, tag, text] = line.splitn(4, ' ').collect::<Vec<_>>()[..] else {
        panic!("{line}");
    };
    (text.to_owned(), tag == "F")
}

fn joined(parts: impl Iterator<Item = (String, bool)>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for (part, is_last) in parts {
        line += &part;
        if is_last {
            lines.push(std::mem::take(&mut line));
        }
    }
    lines
}

/// What an input makes of a line.
fn read(message: &str) -> Value {
    json!({
        "@timestamp": "2026-01-01T00:00:00Z",
        "message": message,
        "stream": "stderr",
        "event": { "kind": "event" },
        "input": { "type": "filestream" },
        "host": { "name": "machine" },
        "log": { "offset": 0, "file": { "path": "/var/log/portal.log" } },
    })
}

fn holds(condition: &Value, document: &Value) -> bool {
    let Some(kinds) = condition.as_object() else {
        return true;
    };
    kinds.iter().all(|(kind, wanted)| match kind.as_str() {
        "has_fields" => strings(wanted)
            .iter()
            .all(|path| at(document, path).is_some()),
        "equals" => fields(wanted).all(|(path, value)| at(document, path) == Some(value)),
        "regexp" => fields(wanted).all(|(path, pattern)| {
            let pattern = Regex::new(pattern.as_str().unwrap()).unwrap();
            at(document, path).is_some_and(|value| pattern.is_match(value.as_str().unwrap()))
        }),
        other => panic!("this test does not know the condition {other}"),
    })
}

fn fields(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().unwrap().iter()
}

fn at<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(document, |value, level| value.get(level))
}

fn apply(name: &str, options: &Value, document: &mut Value) {
    match name {
        "rename" => rename(options, document),
        "include_fields" => include_fields(options, document),
        "decode_json_fields" => decode_json_fields(options, document),
        "timestamp" => timestamp(options, document),
        "drop_fields" => drop_fields(options, document),
        other => panic!("this test does not know the processor {other}"),
    }
}

/// From any level to the first one.
fn rename(options: &Value, document: &mut Value) {
    knows(options, &["fields", "ignore_missing"]);
    for field in options["fields"].as_array().unwrap() {
        let moved = at(document, field["from"].as_str().unwrap()).cloned();
        document[field["to"].as_str().unwrap()] = moved.unwrap();
    }
}

fn include_fields(options: &Value, document: &mut Value) {
    knows(options, &["fields"]);
    // It cannot be left out.
    let mut kept = json!({ "@timestamp": document["@timestamp"] });
    for path in strings(&options["fields"]) {
        if let Some(value) = at(document, path) {
            let levels = path.rsplit('.');
            let value = levels.fold(value.clone(), |value, level| json!({ level: value }));
            merge(&mut kept, value);
        }
    }
    *document = kept;
}

/// Objects alone are taken. Those inside of them stay text.
fn decode_json_fields(options: &Value, document: &mut Value) {
    knows(options, &["when", "fields", "target", "overwrite_keys"]);
    for field in strings(&options["fields"]) {
        let Ok(object) = serde_json::from_str::<Map<_, _>>(document[field].as_str().unwrap())
        else {
            continue;
        };
        match options["target"].as_str() {
            None => document[field] = Value::Object(object),
            Some("") if options["overwrite_keys"] == true => merge(document, object.into()),
            other => panic!("this test does not know the target {other:?}"),
        }
    }
}

fn timestamp(options: &Value, document: &mut Value) {
    knows(options, &["when", "field", "layouts", "test"]);
    let layouts = strings(&options["layouts"]);
    // Filebeat does not start when it cannot read one of these.
    for text in strings(&options["test"]) {
        moment(text, &layouts);
    }
    let field = options["field"].as_str().unwrap();
    document["@timestamp"] = moment(document[field].as_str().unwrap(), &layouts).into();
}

/// The moment that a text means by the first of Go's layouts that fits.
#[track_caller]
fn moment(text: &str, layouts: &[&str]) -> String {
    let mut layouts = layouts.iter().flat_map(|layout| translated(layout));
    let read = layouts.find_map(|layout| {
        let layout = format_description::parse_borrowed::<2>(&layout).unwrap();
        PrimitiveDateTime::parse(text, &layout).ok()
    });
    let read = read.unwrap_or_else(|| panic!("no layout fits {text}"));
    read.assume_utc().format(&Rfc3339).unwrap()
}

/// Go writes a layout as it would write a certain moment,
/// and reads seconds with and without a fraction by it.
fn translated(layout: &str) -> [String; 2] {
    let parts = [
        ("2006", "[year]"),
        ("01", "[month]"),
        ("02", "[day]"),
        ("15", "[hour]"),
        ("04", "[minute]"),
        ("05", "[second]"),
        (".999999", ""),
    ];
    let whole = parts.iter().fold(layout.to_owned(), |text, (from, to)| {
        text.replacen(from, to, 1)
    });
    let is_known = !whole.contains(|c: char| c.is_ascii_digit());
    assert!(is_known, "this test does not know all of {layout}");
    [whole.replace("[second]", "[second].[subsecond]"), whole]
}

fn drop_fields(options: &Value, document: &mut Value) {
    knows(options, &["fields", "ignore_missing"]);
    for field in strings(&options["fields"]) {
        let removed = document.as_object_mut().unwrap().remove(field);
        assert!(
            removed.is_some() || options["ignore_missing"] == true,
            "{field}"
        );
    }
}
