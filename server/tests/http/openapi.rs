//! `GET /api/v1/openapi.json`, `GET /api/docs`

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use vestibule_core::{AuditEvent, ErrorCode, OAuthErrorCode};

use crate::bad_bodies::endpoints::{Endpoint, endpoints};
use crate::support::{
    DOCUMENT, PASSWORD, TestApp, address, assert_has_not, on_any_database, violations,
};

on_any_database! {
    the_contract_has_the_endpoints_of_the_document,
    the_document_can_be_kept,
    every_endpoint_of_the_document_is_there,
    every_code_that_it_names_exists,
    the_ui_comes_from_the_same_origin,
    what_the_document_refuses_is_refused,
    what_the_document_allows_is_taken,
    an_address_is_verified_in_one_of_two_ways,
    filters_are_the_documented_ones,
}

/// Written by hand.
const CONTRACT: &str = include_str!("../../../docs/API.md");
const SECURITY: &str = include_str!("../../../docs/SECURITY.md");

async fn document(app: &TestApp) -> Value {
    let answer = expect!(app.at(Method::GET, "/api/v1/openapi.json") => 200);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

/// `method path` of each operation, with the operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            operations.push((method.clone(), path.clone(), operation.clone()));
        }
    }
    operations
}

/// `method path` of each operation, in the order of the alphabet and as docs/API.md has the paths.
fn names_of(document: &Value) -> Vec<String> {
    let mut names: Vec<String> = operations(document)
        .iter()
        .map(|(method, path, _)| {
            format!(
                "{method} {}",
                path.strip_prefix("/api/v1/auth").unwrap_or(path)
            )
        })
        .collect();
    names.sort();
    names
}

/// A part of docs/API.md.
fn section(heading: &str) -> &'static str {
    let (_, rest) = CONTRACT.split_once(&format!("\n## {heading}\n")).unwrap();
    rest.split_once("\n## ")
        .map_or(rest, |(section, _)| section)
}

/// The rows of the tables in a part of it.
fn rows(heading: &str) -> impl Iterator<Item = &'static str> {
    let lines = section(heading).lines();
    lines.filter_map(|line| line.strip_prefix("| "))
}

async fn the_contract_has_the_endpoints_of_the_document(app: TestApp) {
    let endpoints = rows("Endpoints").filter_map(|row| {
        let (method, rest) = row.split_once(" `")?;
        let (path, _) = rest.split_once('`')?;
        Some(format!("{} {path}", method.to_ascii_lowercase()))
    });
    // Those are for machines that watch the portal or crawl it, and not in the document.
    let mut endpoints: Vec<String> = endpoints
        .filter(|name| !name.contains(" /health") && !name.contains(" /robots.txt"))
        .collect();
    endpoints.sort();
    let document = document(&app).await;
    let version = document["openapi"].as_str().unwrap();
    assert!(version.starts_with("3."), "{version}");
    assert_eq!(endpoints, names_of(&document));
}

#[test]
fn the_contract_has_every_code_once() {
    let in_table = rows("Codes").filter_map(|row| {
        let code = row.split(" | ").nth(1)?;
        code.strip_prefix('`')?.strip_suffix('`')
    });
    let mut codes: Vec<&str> = in_table.collect();
    codes.sort_unstable();
    let mut known: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    known.sort_unstable();
    assert_eq!(codes, known);
}

async fn the_document_can_be_kept(app: TestApp) {
    let path = "/api/v1/openapi.json";
    let first = app.at(Method::GET, path).await.expect(200);
    assert_eq!(first.header("cache-control"), "no-cache");
    let call = app.at(Method::GET, path);
    let again = call.header("if-none-match", first.header("etag")).await;
    assert!(again.expect(304).body.is_empty());
    for coding in ["br", "gzip"] {
        let call = app.at(Method::GET, path);
        let packed = call.header("accept-encoding", coding).await.expect(200);
        assert_eq!(packed.header("content-encoding"), coding);
        assert!(packed.body.len() * 5 < first.body.len(), "{coding}");
    }
}

async fn every_endpoint_of_the_document_is_there(app: TestApp) {
    let document = document(&app).await;
    for (method, path, operation) in operations(&document) {
        let name = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap();
        let answer = app.at(name, &path.replace("{id}", "x")).await;
        assert!(
            ![404, 405].contains(&answer.status.as_u16()),
            "{method} {path}: {answer:?}"
        );
        let needs_token = !operation["security"].as_array().unwrap().is_empty();
        assert_eq!(
            needs_token,
            answer.status == 401,
            "{method} {path}: {answer:?}"
        );
        let described = operation["responses"].as_object().unwrap();
        if answer.status != 415 {
            assert!(
                described.contains_key(answer.status.as_str()),
                "{method} {path}: {answer:?}"
            );
        }
    }
    for schema in ["User", "Session", "Problem"] {
        let schemas: Vec<&String> = document["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
            .collect();
        assert!(
            schemas.iter().any(|name| name.starts_with(schema)),
            "{schema} in {schemas:?}"
        );
    }
}

async fn every_code_that_it_names_exists(app: TestApp) {
    let document = document(&app).await;
    let of_api: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    let of_oauth: BTreeSet<&str> = OAuthErrorCode::ALL.iter().map(|it| it.as_str()).collect();
    for (method, path, operation) in operations(&document) {
        let is_of_api = path.starts_with("/api/");
        let known = if is_of_api { &of_api } else { &of_oauth };
        for (status, response) in operation["responses"].as_object().unwrap() {
            if !status.starts_with(['4', '5']) {
                continue;
            }
            let description = response["description"].as_str().unwrap();
            let codes: Vec<&str> = description
                .split('`')
                .skip(1)
                .step_by(2)
                .filter(is_code)
                .collect();
            assert!(!codes.is_empty(), "{method} {path} {status} names no code");
            for code in codes {
                let sent = format!("{method} {path} {status}");
                assert!(known.contains(code), "{sent} names {code}");
            }
        }
    }
}

/// Header names are marked in the same way.
fn is_code(text: &&str) -> bool {
    text.bytes().all(|c| c.is_ascii_lowercase() || c == b'_')
}

async fn the_ui_comes_from_the_same_origin(app: TestApp) {
    let first = app.at(Method::GET, "/api/docs").await;
    let page = if first.status.is_redirection() {
        let location = first.header("location").to_owned();
        app.at(Method::GET, &location).await
    } else {
        first
    };
    let page = page.expect(200).text();
    assert_has_not(&page, &["http://", "https://"]);
}

/// Each operation that takes a body, with its schema.
fn operations_with_bodies() -> Vec<(Endpoint, Value)> {
    let mut all = Vec::new();
    for (method, path, operation) in operations(&DOCUMENT) {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let Some(path) = path
            .strip_prefix("/api/v1/auth")
            .filter(|_| schema.is_object())
        else {
            continue;
        };
        let known = all.len();
        let is_it =
            |it: &Endpoint| it.path == path && it.method.as_str().eq_ignore_ascii_case(&method);
        let of_operation = endpoints().into_iter().filter(is_it);
        all.extend(of_operation.map(|it| (it, schema.clone())));
        assert!(all.len() > known, "no body for {method} {path}");
    }
    assert!(all.len() >= 12, "{}", all.len());
    all
}

/// A good body with each field in turn left out, too long, or of another kind.
fn changed_bodies(good: &Value) -> Vec<Value> {
    let mut bodies = Vec::new();
    for field in good.as_object().unwrap().keys() {
        let long = Value::from("x".repeat(1025));
        for value in [long, json!(42), json!(["x"]), json!({}), Value::Null] {
            let mut body = good.clone();
            body[field] = value;
            bodies.push(body);
        }
        let mut without = good.clone();
        without.as_object_mut().unwrap().remove(field);
        bodies.push(without);
    }
    bodies
}

async fn what_the_document_refuses_is_refused(app: TestApp) {
    let who = app.user("ann@example.org").await;
    let mut asked = 0;
    for (endpoint, schema) in operations_with_bodies() {
        let (method, path) = (endpoint.method, endpoint.path);
        let good = endpoint.body;
        assert_eq!(violations(&schema, &good), Vec::<String>::new(), "{path}");
        let bodies = changed_bodies(&good).into_iter();
        for body in bodies.filter(|body| !violations(&schema, body).is_empty()) {
            let call = app.api(method.clone(), path).json(&body);
            let call = call.bearer(&who.access_token).from(&address(asked));
            let answer = call.await;
            let status = answer.status.as_u16();
            assert!(
                (400..500).contains(&status) && status != 429,
                "{method} {path} {body}: {answer:?}"
            );
            asked += 1;
        }
    }
    assert!(asked > 80, "{asked}");
}

/// The longest texts are long enough, and no longer ones are.
async fn what_the_document_allows_is_taken(app: TestApp) {
    let name = "n".repeat(100);
    let numbers = (1..200_u32).map(|number| format!("{:08x}", number.wrapping_mul(2_654_435_761)));
    let long = format!("{PASSWORD} {}", numbers.collect::<String>());
    let password: String = long.chars().take(1024).collect();
    // Each label of a domain has at most 63 characters, a local part 64.
    let label = "d".repeat(61);
    let email = format!("{}@{label}.{label}.{label}.de", "l".repeat(64));
    assert_eq!(email.len(), 254 - 1);
    let mut body = json!({ "email": email, "password": password, "first_name": name,
        "last_name": name });
    let schema = json!({ "$ref": "#/components/schemas/RegisterBody" });
    assert_eq!(violations(&schema, &body), Vec::<String>::new());
    app.post("/register").json(&body).await.expect(201);
    let longer = format!("n{name}");
    for (field, value, code) in [
        ("first_name", longer.as_str(), "first_name: too_long"),
        ("email", &format!("dddd{email}"), "email: invalid_email"),
        ("password", &format!("{password}x"), "password: too_long"),
    ] {
        let good = std::mem::replace(&mut body[field], value.into());
        assert!(!violations(&schema, &body).is_empty(), "{field}");
        let answer = app.post("/register").json(&body).await.expect(400);
        assert_eq!(answer.field_errors(), [code]);
        body[field] = good;
    }
    let body = json!({ "email": email, "password": password, "device_name": longer });
    let answer = app.post("/login").json(&body).await.expect(400);
    assert_eq!(answer.field_errors(), ["device_name: too_long"]);
    app.read_mails().await;
}

async fn an_address_is_verified_in_one_of_two_ways(app: TestApp) {
    let schema = json!({ "$ref": "#/components/schemas/VerifyEmailBody" });
    let (token, email, code) = ("t".repeat(43), "ann@example.org", "123456");
    for body in [
        json!({ "token": token }),
        json!({ "email": email, "code": code }),
    ] {
        assert_eq!(violations(&schema, &body), Vec::<String>::new(), "{body}");
        let answer = app.post("/email/verify").json(&body).await;
        answer.expect_problem(400, "invalid_token");
    }
    for body in [
        json!({}),
        json!({ "token": null }),
        json!({ "email": email }),
        json!({ "code": code }),
        json!({ "token": token, "code": code }),
        json!({ "token": token, "email": email }),
        json!({ "token": token, "email": email, "code": code }),
    ] {
        assert!(!violations(&schema, &body).is_empty(), "{body}");
        let answer = app.post("/email/verify").json(&body).await;
        answer.expect_problem(400, "malformed_body");
    }
}

async fn filters_are_the_documented_ones(app: TestApp) {
    let who = app.user("ann@example.org").await;
    let parameters = &DOCUMENT["paths"]["/api/v1/auth/events"]["get"]["parameters"];
    let parameters = parameters.as_array().unwrap();
    let filter = parameters.iter().find(|it| it["name"] == "filter").unwrap();
    let filters = filter["schema"]["enum"].as_array().unwrap();
    assert_eq!(filters.len(), 4);
    for filter in filters {
        let path = format!("/events?filter={}", filter.as_str().unwrap());
        app.get(&path).bearer(&who.access_token).await.expect(200);
    }
    let other = app.get("/events?filter=others").bearer(&who.access_token);
    other.await.expect_problem(400, "validation_failed");
}

#[test]
fn every_security_event_is_in_the_list_for_operators() {
    let (_, section) = SECURITY.split_once("\n## The audit log\n").unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with("- "));
    let list: String = rows.take_while(|line| line.starts_with("- ")).collect();
    for event in AuditEvent::ALL {
        assert!(list.contains(&format!("`{}`", event.as_str())), "{event}");
    }
}
