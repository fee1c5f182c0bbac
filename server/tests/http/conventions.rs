//! What every answer has, and what every request must have. `Answer::check_conventions` looks at
//! all answers of all tests; here is what it cannot see.

use http::Method;
use serde_json::json;

use crate::support::{PASSWORD, TestApp, on_any_database};

on_any_database! {
    an_error_is_a_problem_document,
    a_well_formed_request_id_is_kept,
    an_ill_formed_request_id_is_replaced,
    every_page_has_a_nonce_of_its_own,
    other_methods_are_not_allowed,
    head_is_get_without_a_body,
    what_is_not_there_is_not_found,
    an_error_is_readable_whatever_encoding_is_accepted,
    a_request_that_breaks_several_rules_is_answered_by_the_first,
}

async fn an_error_is_a_problem_document(app: TestApp) {
    let call = app.get("/me").header("x-request-id", "a-request");
    assert_eq!(
        call.await.expect(401).json(),
        json!({
          "code": "unauthenticated",
          "detail": "A live access token is needed.",
          "request_id": "a-request",
          "status": 401,
          "title": "Unauthorized",
          "type": "about:blank"
        })
    );
    let call = app.forgot("nobody").header("x-request-id", "a-request");
    assert_eq!(
        call.await.expect(400).json(),
        json!({
          "code": "validation_failed",
          "detail": "Some fields break a rule; `errors` names them.",
          "errors": [
            {
              "code": "invalid_email",
              "field": "email"
            }
          ],
          "request_id": "a-request",
          "status": 400,
          "title": "Bad Request",
          "type": "about:blank"
        })
    );
}

async fn a_well_formed_request_id_is_kept(app: TestApp) {
    let long = "x".repeat(64);
    for id in [
        "a",
        "01936f00-0000-7000-8000-000000000001",
        "req_1.2-3",
        &long,
    ] {
        for path in [
            "/api/v1/auth/password/policy",
            "/api/v1/auth/me",
            "/login",
            "/nowhere",
            "/health/live",
        ] {
            let answer = app.at(Method::GET, path).header("x-request-id", id).await;
            assert_eq!(answer.header("x-request-id"), id, "{path}");
        }
    }
}

async fn an_ill_formed_request_id_is_replaced(app: TestApp) {
    let long = "x".repeat(65);
    let mut given = Vec::new();
    for id in [
        "", " ", "a b", "a\tb", "a/b", "<script>", "\"", "a,b", "{}", "ü", &long,
    ] {
        let answer = app.get("/me").header("x-request-id", id).await.expect(401);
        let own = answer.header("x-request-id").to_owned();
        assert!(uuid::Uuid::try_parse(&own).is_ok(), "{id:?} became {own}");
        given.push(own);
    }
    let not_utf8 = app.get("/me").header("x-request-id", b"\xff").await;
    given.push(not_utf8.header("x-request-id").to_owned());
    let number = given.len();
    given.sort();
    given.dedup();
    assert_eq!(given.len(), number, "each is new");
}

async fn every_page_has_a_nonce_of_its_own(app: TestApp) {
    let mut policies = Vec::new();
    for _ in 0..3 {
        let answer = expect!(app.at(Method::GET, "/login").header("accept", "text/html") => 200);
        let policy = answer.header("content-security-policy").to_owned();
        let nonce = policy
            .split("'nonce-")
            .nth(1)
            .and_then(|rest| rest.split('\'').next())
            .unwrap()
            .to_owned();
        for script in answer.text().split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "<script{tag}>");
        }
        policies.push(policy);
    }
    policies.dedup();
    assert_eq!(policies.len(), 3);
}

async fn other_methods_are_not_allowed(app: TestApp) {
    for (path, allowed) in [
        ("/register", "POST"),
        ("/login", "POST"),
        ("/refresh", "POST"),
        ("/logout", "POST"),
        ("/logout-all", "POST"),
        ("/me", "DELETE,GET,HEAD,PATCH"),
        ("/password/forgot", "POST"),
        ("/password/reset", "POST"),
        ("/password/change", "POST"),
        ("/password/policy", "GET,HEAD"),
        ("/email/verify", "POST"),
        ("/email/resend", "POST"),
        ("/email/change", "POST"),
        ("/events", "GET,HEAD"),
        ("/sessions", "GET,HEAD"),
        ("/sessions/01936f00-0000-7000-8000-000000000001", "DELETE"),
    ] {
        for method in [
            "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get",
        ] {
            if allowed.split(',').any(|allowed| allowed == method) {
                continue;
            }
            let answer = app
                .api(Method::from_bytes(method.as_bytes()).unwrap(), path)
                .await
                .expect(405);
            let mut listed: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
            listed.sort_unstable();
            assert_eq!(listed.join(","), allowed, "{method} {path}");
            if method != "HEAD" {
                assert_eq!(answer.code(), "method_not_allowed", "{method} {path}");
            }
        }
    }
    for path in [
        "/.well-known/jwks.json",
        "/api/v1/openapi.json",
        "/health/live",
    ] {
        expect!(app.at(Method::POST, path).json(&json!({})) => 405);
    }
}

async fn head_is_get_without_a_body(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    for path in [
        "/api/v1/auth/me",
        "/api/v1/auth/sessions",
        "/api/v1/auth/password/policy",
        "/health/live",
        "/login",
    ] {
        let get = expect!(app.at(Method::GET, path).bearer(&ann.access_token) => 200);
        let head = expect!(app.at(Method::HEAD, path).bearer(&ann.access_token) => 200);
        assert!(head.body.is_empty() && !get.body.is_empty(), "{path}");
        assert_eq!(
            head.header("content-type"),
            get.header("content-type"),
            "{path}"
        );
    }
    let refused = app.api(Method::HEAD, "/me").await.expect(401);
    assert!(refused.body.is_empty(), "{refused:?}");
}

async fn what_is_not_there_is_not_found(app: TestApp) {
    for path in [
        "/api/",
        "/api/v1",
        "/api/v1/auth",
        "/api/v1/auth/",
        "/api/v1/auth/nothing",
        "/api/v1/auth/me/",
        "/api/v1/auth//me",
        "/api/v2/auth/me",
        "/api/v1/auth/me%2f",
        "/api/v1/auth/%6de%00",
        "/.well-known/nothing",
        "/.well-known/",
    ] {
        for (method, accept) in [
            (Method::GET, "application/json"),
            (Method::GET, "text/html"),
            (Method::POST, "*/*"),
        ] {
            let answer = app.at(method.clone(), path).header("accept", accept).await;
            answer.expect_problem_of(&format!("{method} {path}"), 404, "not_found");
        }
    }
    for path in ["/nothing", "/account/nothing", "/_fn/nothing"] {
        let answer = expect!(app.at(Method::GET, path).header("accept", "text/html") => 404);
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{path}: {answer:?}"
        );
    }
}

async fn an_error_is_readable_whatever_encoding_is_accepted(app: TestApp) {
    for (method, path) in [
        (Method::POST, "/_fn/sign_in"),
        (Method::GET, "/_fn/nothing"),
        (Method::GET, "/api/v1/auth/nothing"),
        (Method::GET, "/api/v1/auth/me"),
        (Method::GET, "/pkg/x/y"),
    ] {
        for accept in ["text/html", "application/json"] {
            let call = app.at(method.clone(), path).header("accept", accept);
            let answer = call
                .header("accept-encoding", "gzip, deflate, br, zstd")
                .json(&json!({}))
                .await;
            let is_plain = answer.header("content-encoding").is_empty();
            let is_text =
                std::str::from_utf8(&answer.body).is_ok_and(|text| text.starts_with(['{', '<']));
            assert!(
                answer.status.as_u16() >= 400 && is_plain == is_text,
                "{method} {path} {accept}: {answer:?}"
            );
        }
    }
}

/// In the order of the layers: host, size of the body, token, form of the body, values. That the
/// limit of the network comes before all of them is in `limits_requests.rs`.
async fn a_request_that_breaks_several_rules_is_answered_by_the_first(app: TestApp) {
    let who = app.user("ann@example.org").await;
    let call = |body: String| {
        let call = app.post("/password/change");
        call.body("application/json", body)
    };
    let large = "x".repeat(65 * 1024);
    let elsewhere = call(large.clone()).host("elsewhere.example").await;
    elsewhere.expect_problem(421, "misdirected_request");
    call(large).await.expect_problem(413, "body_too_large");
    expect!(call("no JSON".to_owned()) => 401, "unauthenticated");
    let signed_in = |body: &str| call(body.to_owned()).bearer(&who.access_token);
    expect!(signed_in("no JSON") => 400, "malformed_body");
    let short = format!(r#"{{"current_password":"{PASSWORD}","new_password":"short"}}"#);
    let answer = signed_in(&short).await;
    answer.expect_problem(400, "validation_failed");
}
