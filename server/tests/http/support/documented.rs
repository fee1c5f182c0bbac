use std::sync::LazyLock;

use http::{Method, StatusCode};
use serde_json::Value;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(vestibule::api::document()).unwrap());

/// What middleware may answer to any request, before an endpoint is asked.
const OF_MIDDLEWARE: [u16; 3] = [403, 408, 421];

/// Whether the OpenAPI document covers this status. What it does not name as an operation is none of its business.
pub fn is_documented(method: &Method, path: &str, status: StatusCode) -> bool {
    // Names of methods are case-sensitive (RFC 9110, 9.1): "get" is none of ours.
    let is_ours = method.as_str().bytes().all(|c| c.is_ascii_uppercase());
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let operation = paths
        .iter()
        .filter(|(template, _)| is_ours && is_of(template, path))
        .find_map(|(_, item)| item.get(method.as_str().to_ascii_lowercase()));
    operation.is_none_or(|operation| {
        operation["responses"].get(status.as_str()).is_some()
            || OF_MIDDLEWARE.contains(&status.as_u16())
    })
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
