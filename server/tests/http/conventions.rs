//! What every answer has, and what every request must have. `Answer::check_conventions` looks at all answers of all
//! tests; here is what it cannot see.

use http::Method;
use serde_json::json;
use vestibule::config::Config;

use crate::support::{PUBLIC_URL, TestApp, on_every_database};

on_every_database! {
    an_error_is_a_problem_document,
    a_well_formed_request_id_is_kept,
    an_ill_formed_request_id_is_replaced,
    every_page_has_a_nonce_of_its_own,
    other_methods_are_not_allowed,
    head_is_get_without_a_body,
    what_is_not_there_is_not_found,
    an_error_is_readable_whatever_encoding_is_accepted,
    another_host_is_refused,
    a_host_that_was_configured_is_ours with further_hosts,
    another_site_cannot_post,
    a_script_of_another_origin_may_not_call,
    a_script_of_an_allowed_origin_may_call with allowed_origins,
}

fn further_hosts(config: &mut Config) {
    config.http.allowed_hosts.push("login.example.org".to_owned());
}

fn allowed_origins(config: &mut Config) {
    config.http.allowed_origins.push("https://app.example.org".to_owned());
}

async fn an_error_is_a_problem_document(app: TestApp) {
    let call = app.get("/me").header("x-request-id", "a-request");
    assert_eq!(call.await.expect(401).json(), json!({
      "code": "unauthenticated",
      "detail": "A live access token is needed.",
      "request_id": "a-request",
      "status": 401,
      "title": "Unauthorized",
      "type": "about:blank"
    }));
    let call = app.post("/password/forgot").json(&json!({ "email": "nobody" })).header("x-request-id", "a-request");
    assert_eq!(call.await.expect(400).json(), json!({
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
    }));
}

async fn a_well_formed_request_id_is_kept(app: TestApp) {
    let long = "x".repeat(64);
    for id in ["a", "01936f00-0000-7000-8000-000000000001", "req_1.2-3", &long] {
        for path in ["/api/v1/auth/password/policy", "/api/v1/auth/me", "/login", "/nowhere", "/health/live"] {
            let answer = app.at(Method::GET, path).header("x-request-id", id).await;
            assert_eq!(answer.header("x-request-id"), id, "{path}");
        }
    }
}

async fn an_ill_formed_request_id_is_replaced(app: TestApp) {
    let long = "x".repeat(65);
    let mut given = Vec::new();
    for id in ["", " ", "a b", "a\tb", "a/b", "<script>", "\"", "a,b", "{}", "ü", &long] {
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
        let answer = app.at(Method::GET, "/login").header("accept", "text/html").await.expect(200);
        let policy = answer.header("content-security-policy").to_owned();
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap().to_owned();
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
        ("/me", "GET,HEAD,PATCH"),
        ("/password/forgot", "POST"),
        ("/password/reset", "POST"),
        ("/password/change", "POST"),
        ("/password/policy", "GET,HEAD"),
        ("/email/verify", "POST"),
        ("/email/resend", "POST"),
        ("/sessions", "GET,HEAD"),
        ("/sessions/01936f00-0000-7000-8000-000000000001", "DELETE"),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "get"] {
            if allowed.split(',').any(|allowed| allowed == method) {
                continue;
            }
            let answer = app.api(Method::from_bytes(method.as_bytes()).unwrap(), path).await.expect(405);
            let mut listed: Vec<&str> = answer.header("allow").split(',').map(str::trim).collect();
            listed.sort_unstable();
            assert_eq!(listed.join(","), allowed, "{method} {path}");
            if method != "HEAD" {
                assert_eq!(answer.code(), "method_not_allowed", "{method} {path}");
            }
        }
    }
    for path in ["/.well-known/jwks.json", "/api/v1/openapi.json", "/health/live"] {
        app.at(Method::POST, path).json(&json!({})).await.expect(405);
    }
}

async fn head_is_get_without_a_body(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    for path in ["/api/v1/auth/me", "/api/v1/auth/sessions", "/api/v1/auth/password/policy", "/health/live", "/login"] {
        let get = app.at(Method::GET, path).bearer(&ann.access_token).await.expect(200);
        let head = app.at(Method::HEAD, path).bearer(&ann.access_token).await.expect(200);
        assert!(head.body.is_empty() && !get.body.is_empty(), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
    let refused = app.api(Method::HEAD, "/me").await.expect(401);
    assert!(refused.body.is_empty(), "{refused:?}");
}

async fn what_is_not_there_is_not_found(app: TestApp) {
    for path in [
        "/api/", "/api/v1", "/api/v1/auth", "/api/v1/auth/", "/api/v1/auth/nothing", "/api/v1/auth/me/", "/api/v1/auth//me",
        "/api/v2/auth/me", "/api/v1/auth/me%2f", "/api/v1/auth/%6de%00", "/.well-known/nothing", "/.well-known/",
    ] {
        for (method, accept) in [(Method::GET, "application/json"), (Method::GET, "text/html"), (Method::POST, "*/*")] {
            let answer = app.at(method.clone(), path).header("accept", accept).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"), "{method} {path}: {answer:?}");
        }
    }
    for path in ["/nothing", "/login/", "/account/nothing", "/_fn/nothing"] {
        let answer = app.at(Method::GET, path).header("accept", "text/html").await.expect(404);
        assert!(answer.header("content-type").starts_with("text/html"), "{path}: {answer:?}");
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
            let answer = call.header("accept-encoding", "gzip, deflate, br, zstd").json(&json!({})).await;
            let is_plain = answer.header("content-encoding").is_empty();
            let is_text = std::str::from_utf8(&answer.body).is_ok_and(|text| text.starts_with(['{', '<']));
            assert!(answer.status.as_u16() >= 400 && is_plain == is_text, "{method} {path} {accept}: {answer:?}");
        }
    }
}

async fn another_host_is_refused(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    for host in ["evil.example", "auth.example.org.evil.example", "evil-auth.example.org", "localhost", "127.0.0.1", "[::1]", "auth.example.org@evil.example:1"] {
        for path in ["/api/v1/auth/me", "/login", "/.well-known/jwks.json", "/nothing"] {
            let answer = app.at(Method::GET, path).host(host).bearer(&ann.access_token).await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (421, "misdirected_request"), "{host}{path}: {answer:?}");
        }
        let forgot = app.post("/password/forgot").host(host).json(&json!({ "email": "ann@example.org" })).await;
        forgot.expect_problem(421, "misdirected_request");
    }
    for host in ["auth.example.org", "AUTH.Example.ORG", "auth.example.org:443", "auth.example.org:8443"] {
        app.get("/me").host(host).bearer(&ann.access_token).await.expect(200);
    }
    // No header decides where a mailed link leads.
    let call = app.post("/password/forgot").json(&json!({ "email": "ann@example.org" }));
    let call = call.header("x-forwarded-host", "evil.example").header("forwarded", "host=evil.example;proto=http");
    call.header("x-forwarded-proto", "http").header("x-original-host", "evil.example").await.expect(200);
    assert!(app.mail_to("ann@example.org").await.link.starts_with(&format!("{PUBLIC_URL}/reset-password?token=")));
}

async fn a_host_that_was_configured_is_ours(app: TestApp) {
    app.get("/password/policy").host("login.example.org").await.expect(200);
    app.get("/password/policy").host("auth.example.org").await.expect(200);
    app.get("/password/policy").host("other.example.org").await.expect_problem(421, "misdirected_request");
}

async fn another_site_cannot_post(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let before = app.rows().await;
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
        vec![("origin", "https://evil.example")],
        vec![("origin", "https://auth.example.org.evil.example")],
        vec![("origin", "null")],
    ] {
        for (method, path) in [(Method::POST, "/api/v1/auth/logout-all"), (Method::PATCH, "/api/v1/auth/me"), (Method::POST, "/_fn/sign_in"), (Method::POST, "/_fn/register")] {
            let mut call = app.at(method, path).bearer(&ann.access_token);
            for (name, value) in &headers {
                call = call.header(name, value);
            }
            let call = if path.starts_with("/_fn") {
                call.form(&[("email", "eve@example.org"), ("password", "correct horse battery")])
            } else {
                call.json(&json!({ "first_name": "Eve" }))
            };
            let answer = call.await;
            assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "forbidden"), "{path} {headers:?}: {answer:?}");
            assert_eq!(answer.header("set-cookie"), "");
        }
    }
    assert_eq!(app.rows().await, before);
    assert!(app.accepts(&ann.access_token).await);
    // Reading is no danger: following a link from another site works.
    app.at(Method::GET, "/login").header("sec-fetch-site", "cross-site").await.expect(200);
    for site in ["same-origin", "none"] {
        let call = app.patch("/me").bearer(&ann.access_token).json(&json!({})).header("sec-fetch-site", site);
        call.await.expect(200);
    }
    let call = app.patch("/me").bearer(&ann.access_token).json(&json!({})).header("origin", PUBLIC_URL);
    call.await.expect(200);
}

async fn preflight(app: &TestApp, origin: &str) -> String {
    let call = app.api(Method::OPTIONS, "/me").header("origin", origin);
    let call = call.header("access-control-request-method", "PATCH");
    let answer = call.header("access-control-request-headers", "authorization,content-type").await;
    assert_eq!(answer.header("access-control-allow-credentials"), "", "the API reads no cookies");
    answer.header("access-control-allow-origin").to_owned()
}

async fn a_script_of_another_origin_may_not_call(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    for origin in ["https://app.example.org", "https://evil.example", "null", "http://auth.example.org"] {
        assert_eq!(preflight(&app, origin).await, "", "{origin}");
        let answer = app.get("/me").bearer(&ann.access_token).header("origin", origin).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
}

async fn a_script_of_an_allowed_origin_may_call(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let allowed = "https://app.example.org";
    assert_eq!(preflight(&app, allowed).await, allowed);
    for origin in ["https://app.example.org.evil.example", "https://evilapp.example.org", "http://app.example.org", "https://app.example.org:8443", "null"] {
        assert_eq!(preflight(&app, origin).await, "", "{origin}");
    }
    let call = app.patch("/me").bearer(&ann.access_token).json(&json!({ "last_name": "Lee" }));
    let answer = call.header("origin", allowed).header("sec-fetch-site", "cross-site").await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), allowed);
    assert!(answer.header("vary").to_ascii_lowercase().contains("origin"), "{answer:?}");
    // Scripts can read why they were refused.
    let refused = app.get("/me").header("origin", allowed).await.expect_problem(401, "unauthenticated");
    assert_eq!(refused.header("access-control-allow-origin"), allowed);
    let exposed = refused.header("access-control-expose-headers").to_ascii_lowercase();
    assert!(exposed.contains("retry-after") && exposed.contains("x-request-id"), "{exposed}");
}
