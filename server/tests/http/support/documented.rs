use http::{Method, StatusCode};
use serde_json::Value;

use super::schema::{DOCUMENT, violations};

/// What middleware may answer to any request, before an endpoint is asked.
const OF_MIDDLEWARE: [u16; 3] = [403, 408, 421];

/// Whether the OpenAPI document covers this status. What it
/// does not name as an operation is none of its business.
pub fn is_documented(method: &Method, path: &str, status: StatusCode) -> bool {
    operation(method, path).is_none_or(|operation| {
        operation["responses"].get(status.as_str()).is_some()
            || OF_MIDDLEWARE.contains(&status.as_u16())
    })
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    // Names of methods are case-sensitive (RFC 9110, 9.1): "get" is none of the API's.
    let is_ours = method.as_str().bytes().all(|c| c.is_ascii_uppercase());
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths
        .iter()
        .filter(|(template, _)| is_ours && is_of(template, path))
        .find_map(|(_, item)| item.get(method.as_str().to_ascii_lowercase()))
}

/// In what the body of an answer is not as the document says.
pub fn undocumented(method: &Method, path: &str, status: StatusCode, body: &[u8]) -> Vec<String> {
    let described = operation(method, path).map(|it| &it["responses"][status.as_str()]["content"]);
    let content = described.and_then(Value::as_object);
    let Some(schema) = content.and_then(|content| content.values().next()?.get("schema")) else {
        return Vec::new();
    };
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    violations(schema, &body)
}

fn is_of(template: &str, path: &str) -> bool {
    let (mut wanted, mut parts) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), parts.next()) {
            (None, None) => return true,
            (Some(wanted), Some(part)) if wanted == part || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
}
