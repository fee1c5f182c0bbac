//! What Elasticsearch does with a document by the templates that deploy/logs/setup gives it.

use std::net::IpAddr;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::json::{json_of, merge, read, strings};

/// The templates, each with the path that `setup` puts it to.
pub struct Elasticsearch(Vec<(String, Value)>);

/// The fields of an index.
pub struct Mapping(Value);

/// A part of a document with the field that takes it, if one does.
struct FieldValue<'a> {
    path: String,
    field: Option<&'a Value>,
    value: &'a Value,
}

impl Elasticsearch {
    pub fn set_up() -> Self {
        let setup = read("setup");
        let puts = setup.lines().filter_map(|line| line.strip_prefix("put "));
        let template = |put: &str| {
            let (path, file) = put.split_once(' ').unwrap();
            (
                path.to_owned(),
                json_of(&read(&format!("elasticsearch/{file}"))),
            )
        };
        Self(puts.map(template).collect())
    }

    /// The mapping of the data stream that comes to be with its first document.
    #[track_caller]
    pub fn mapping(&self, index: &str) -> Mapping {
        let takes = |(path, template): &&(String, Value)| {
            path.starts_with("_index_template/")
                && strings(&template["index_patterns"]).contains(&index)
        };
        let [(_, template)] = self.0.iter().filter(takes).collect::<Vec<_>>()[..] else {
            panic!("not one template takes {index}");
        };
        assert!(template["data_stream"].is_object(), "{index}");
        let mut mapping = json!({});
        for name in strings(&template["composed_of"]) {
            merge(
                &mut mapping,
                self.component(name)["template"]["mappings"].clone(),
            );
        }
        let own = template["template"].get("mappings").cloned();
        merge(&mut mapping, own.unwrap_or_else(|| json!({})));
        Mapping(mapping)
    }

    fn component(&self, name: &str) -> &Value {
        let path = format!("_component_template/{name}");
        let component = self.0.iter().find(|(known, _)| *known == path);
        &component.unwrap().1
    }
}

impl Mapping {
    /// No line may make it grow.
    pub fn is_closed(&self) -> bool {
        [json!(false), json!("false"), json!("strict")].contains(&self.0["dynamic"])
    }

    pub fn has(&self, path: &str) -> bool {
        self.field(path).is_some()
    }

    /// The parts of a document that cannot be searched.
    pub fn unmapped(&self, document: &Value) -> Vec<String> {
        let values = self.values_of("", document).into_iter();
        let unmapped = values.filter(|field_value| field_value.field.is_none());
        unmapped.map(|field_value| field_value.path).collect()
    }

    /// The parts of a document that are not of the type of their field;
    /// for most, the document is refused.
    pub fn misfits(&self, document: &Value) -> Vec<String> {
        let values = self.values_of("", document).into_iter();
        let misfits = values.filter(|field_value| {
            field_value
                .field
                .is_some_and(|field| !fits(field, field_value.value))
        });
        misfits
            .map(|field_value| format!("{}: {}", field_value.path, field_value.value))
            .collect()
    }

    fn field(&self, path: &str) -> Option<&Value> {
        path.split('.')
            .try_fold(&self.0, |field, level| field["properties"].get(level))
    }

    fn values_of<'a>(&'a self, path: &str, value: &'a Value) -> Vec<FieldValue<'a>> {
        let field = self.field(path);
        let has_type = field.is_some_and(|field| field.get("type").is_some());
        let Some(fields) = value.as_object().filter(|_| !has_type) else {
            let path = path.to_owned();
            return vec![FieldValue { path, field, value }];
        };
        let child = |key: &str| format!("{path}.{key}").trim_start_matches('.').to_owned();
        let values = fields
            .iter()
            .map(|(key, value)| self.values_of(&child(key), value));
        values.flatten().collect()
    }
}

fn fits(field: &Value, value: &Value) -> bool {
    if let Some(items) = value.as_array() {
        return items.iter().all(|item| fits(field, item));
    }
    let Some(kind) = field.get("type") else {
        return value.is_object();
    };
    let text = value.as_str();
    match kind.as_str().unwrap() {
        "keyword" | "text" => text.is_some(),
        "long" => value.is_i64(),
        "short" => value.as_i64().is_some_and(|it| i16::try_from(it).is_ok()),
        "boolean" => value.is_boolean(),
        "date" => text.is_some_and(|text| OffsetDateTime::parse(text, &Rfc3339).is_ok()),
        "ip" => text.is_some_and(|text| text.parse::<IpAddr>().is_ok()),
        "flattened" => value.is_object(),
        other => panic!("this test does not know the type {other}"),
    }
}
