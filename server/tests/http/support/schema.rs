//! As much of JSON Schema (2020-12) as the OpenAPI document and the schema of log lines use.

use std::net::IpAddr;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// The OpenAPI document, as it is served.
pub static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(vestibule::api::document()).unwrap());

/// Where a value is not as a schema of the document says, and how.
pub fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "", &mut found);
    found
}

fn check(schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    let schema = resolved(schema);
    if let Some(ways) = schema["oneOf"].as_array() {
        let fitting = ways.iter().filter(|way| violations(way, value).is_empty());
        let count = fitting.count();
        if count != 1 {
            found.push(format!("{place}: fits {count} of {} ways", ways.len()));
        }
        return;
    }
    if !has_type(&schema["type"], value) {
        found.push(format!("{place}: {value} is not {}", schema["type"]));
        return;
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        if violations(&part["if"], value).is_empty() {
            check(&part["then"], value, place, found);
        }
    }
    if schema.get("const").is_some_and(|only| only != value) {
        found.push(format!("{place}: {value} is not {}", schema["const"]));
    }
    let allowed = schema["enum"].as_array();
    if allowed.is_some_and(|allowed| !allowed.contains(value)) {
        found.push(format!("{place}: {value} is not of the closed set"));
    }
    match value {
        Value::String(text) => found.extend(text_violation(schema, text, place)),
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            let is_low = schema["minimum"]
                .as_f64()
                .is_some_and(|least| number < least);
            let is_high = schema["maximum"].as_f64().is_some_and(|most| number > most);
            if is_low || is_high {
                found.push(format!("{place}: {number} is out of its bounds"));
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                check(&schema["items"], item, &format!("{place}/{number}"), found);
            }
        }
        Value::Object(_) => check_object(schema, value, place, found),
        _ => {}
    }
}

fn check_object(schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            found.push(format!("{place}: {name} is missing"));
        }
    }
    for (name, item) in value.as_object().unwrap() {
        match schema["properties"].get(name) {
            Some(property) => check(property, item, &format!("{place}/{name}"), found),
            None if schema["additionalProperties"] == false => {
                found.push(format!("{place}: {name} is none of its fields"));
            }
            None => {}
        }
    }
}

fn resolved(schema: &Value) -> &Value {
    match schema["$ref"].as_str() {
        Some(path) => resolved(DOCUMENT.pointer(path.trim_start_matches('#')).unwrap()),
        None => schema,
    }
}

fn has_type(types: &Value, value: &Value) -> bool {
    let is_of = |name: &Value| match name.as_str().unwrap() {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("no type: {other}"),
    };
    match types {
        Value::Null => true,
        Value::Array(types) => types.iter().any(is_of),
        one => is_of(one),
    }
}

fn text_violation(schema: &Value, text: &str, place: &str) -> Option<String> {
    let length = text.chars().count() as u64;
    if schema["maxLength"]
        .as_u64()
        .is_some_and(|most| length > most)
    {
        return Some(format!("{place}: too long"));
    }
    if schema["minLength"]
        .as_u64()
        .is_some_and(|least| length < least)
    {
        return Some(format!("{place}: too short"));
    }
    let pattern = schema["pattern"].as_str();
    if pattern.is_some_and(|pattern| !Regex::new(pattern).unwrap().is_match(text)) {
        return Some(format!("{place}: not of the pattern"));
    }
    let is_of_format = match schema["format"].as_str() {
        Some("uuid") => Uuid::parse_str(text).is_ok(),
        Some("date-time") => OffsetDateTime::parse(text, &Rfc3339).is_ok(),
        Some("email") => text
            .split_once('@')
            .is_some_and(|(_, domain)| domain.contains('.')),
        Some("ip") => text.parse::<IpAddr>().is_ok(),
        None | Some("password") => true,
        Some(other) => panic!("no format: {other}"),
    };
    (!is_of_format).then(|| format!("{place}: not of the format"))
}
