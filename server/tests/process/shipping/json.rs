//! JSON, and the files of deploy/logs.

use std::fs;

use serde_json::Value;

pub fn read(file: &str) -> String {
    let path = format!("{}/../deploy/logs/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path).unwrap()
}

pub fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The strings of a list; none where there is no list.
pub fn strings(list: &Value) -> Vec<&str> {
    let items = list.as_array().into_iter().flatten();
    items.map(|item| item.as_str().unwrap()).collect()
}

/// Objects become one; of anything else the new one stays.
pub fn merge(into: &mut Value, new: Value) {
    match (into, new) {
        (Value::Object(into), Value::Object(new)) => {
            for (key, value) in new {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, new) => *into = new,
    }
}
