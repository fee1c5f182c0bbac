//! `GET /api/v1/openapi.json`, `GET /api/docs`

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;
use vestibule_core::ErrorCode;

use crate::support::{TestApp, on_any_database};

on_any_database! {
    the_document_names_every_endpoint,
    the_contract_has_the_endpoints_of_the_document,
    the_document_can_be_kept,
    every_endpoint_of_the_document_is_there,
    every_code_that_it_names_exists,
    the_ui_comes_from_our_own_origin,
}

/// Written by hand.
const CONTRACT: &str = include_str!("../../../docs/API.md");

const ENDPOINTS: &[&str] = &[
    "delete /me",
    "delete /sessions/{id}",
    "get /.well-known/change-password",
    "get /.well-known/jwks.json",
    "get /events",
    "get /me",
    "get /password/policy",
    "get /sessions",
    "patch /me",
    "post /email/change",
    "post /email/resend",
    "post /email/verify",
    "post /login",
    "post /logout",
    "post /logout-all",
    "post /password/change",
    "post /password/forgot",
    "post /password/reset",
    "post /refresh",
    "post /register",
];

async fn document(app: &TestApp) -> Value {
    let answer = app
        .at(Method::GET, "/api/v1/openapi.json")
        .await
        .expect(200);
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

async fn the_document_names_every_endpoint(app: TestApp) {
    let document = document(&app).await;
    assert!(
        document["openapi"].as_str().unwrap().starts_with("3."),
        "{}",
        document["openapi"]
    );
    let names = names_of(&document);
    assert_eq!(names, ENDPOINTS);
}

async fn the_contract_has_the_endpoints_of_the_document(app: TestApp) {
    let endpoints = rows("Endpoints").filter_map(|row| {
        let (method, rest) = row.split_once(" `")?;
        let (path, _) = rest.split_once('`')?;
        Some(format!("{} {path}", method.to_ascii_lowercase()))
    });
    // Those are for machines that watch the portal, and not in the document.
    let mut endpoints: Vec<String> = endpoints
        .filter(|name| !name.contains(" /health"))
        .collect();
    endpoints.sort();
    assert_eq!(endpoints, names_of(&document(&app).await));
}

#[test]
fn the_contract_has_every_code_once() {
    let reserved = section("Codes")
        .lines()
        .find(|line| line.starts_with("Reserved"));
    let in_table = rows("Codes").filter_map(|row| {
        let code = row.split(" | ").nth(1)?;
        code.strip_prefix('`')?.strip_suffix('`')
    });
    let mut codes: Vec<&str> = in_table.collect();
    codes.extend(reserved.unwrap().split('`').skip(1).step_by(2));
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
        let needs_token = operation.get("security").is_some();
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
    let known: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    for (method, path, operation) in operations(&document) {
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
                assert!(
                    known.contains(code),
                    "{method} {path} {status} names {code}"
                );
            }
        }
    }
}

/// Header names are marked in the same way.
fn is_code(text: &&str) -> bool {
    text.bytes().all(|c| c.is_ascii_lowercase() || c == b'_')
}

async fn the_ui_comes_from_our_own_origin(app: TestApp) {
    let first = app.at(Method::GET, "/api/docs").await;
    let page = if first.status.is_redirection() {
        let location = first.header("location").to_owned();
        app.at(Method::GET, &location).await
    } else {
        first
    };
    let page = page.expect(200).text();
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "{page}"
    );
}
