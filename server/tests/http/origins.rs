//! Whose requests are taken: which host they name, which
//! site they come from, which scripts may call.

use http::Method;
use serde_json::json;
use vestibule::config::Config;

use crate::support::{PUBLIC_URL, TestApp, assert_has, on_any_database};

on_any_database! {
    another_host_is_refused,
    no_header_decides_where_a_mailed_link_leads,
    a_host_that_was_configured_is_ours with further_hosts,
    another_site_cannot_post,
    links_of_another_site_and_requests_of_the_same_origin_work,
    a_script_of_another_origin_may_not_call,
    a_script_of_an_allowed_origin_may_call with allowed_origins,
    a_script_of_an_allowed_origin_may_send_the_headers_that_it_asks_for with allowed_origins,
    an_app_with_a_scheme_of_its_own_may_call with allowed_origins,
}

fn further_hosts(config: &mut Config) {
    config
        .http
        .allowed_hosts
        .push("login.example.org".to_owned());
}

fn allowed_origins(config: &mut Config) {
    let origins = ["https://app.example.org", "capacitor://localhost"];
    config.http.allowed_origins = origins.map(str::to_owned).to_vec();
}

const OTHER_HOSTS: [&str; 12] = [
    "evil.example",
    "auth.example.org.evil.example",
    "evil-auth.example.org",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "auth.example.org@evil.example:1",
    "x@auth.example.org",
    "auth.example.org:8443",
    "auth.example.org:443.evil.example",
    "auth.example.org:99999",
    "auth.example.org:",
];

async fn another_host_is_refused(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    for host in OTHER_HOSTS {
        for path in [
            "/api/v1/auth/me",
            "/login",
            "/.well-known/jwks.json",
            "/nothing",
            "/healthanything",
            "/pkgs",
        ] {
            let answer = app
                .at(Method::GET, path)
                .host(host)
                .bearer(&ann.access_token)
                .await;
            answer.expect_problem_of(&format!("{host}{path}"), 421, "misdirected_request");
        }
        expect!(app.forgot("ann@example.org").host(host) => 421, "misdirected_request");
    }
    // Of two names neither counts (RFC 9112, 3.2).
    expect!(app.get("/me").header("host", "evil.example") => 421, "misdirected_request");
    expect!(app.get("/me").header("host", "auth.example.org") => 421, "misdirected_request");
    for host in [
        "auth.example.org",
        "AUTH.Example.ORG",
        "auth.example.org:443",
    ] {
        expect!(app.get("/me").host(host).bearer(&ann.access_token) => 200);
    }
}

async fn no_header_decides_where_a_mailed_link_leads(app: TestApp) {
    app.user("ann@example.org").await;
    let call = app.forgot("ann@example.org");
    let call = call
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example;proto=http");
    call.header("x-forwarded-proto", "http")
        .header("x-original-host", "evil.example")
        .await
        .expect(200);
    assert_eq!(
        app.mail_to("ann@example.org").await.page(),
        "/reset-password"
    );
}

async fn a_host_that_was_configured_is_ours(app: TestApp) {
    expect!(app.get("/password/policy").host("login.example.org") => 200);
    expect!(app.get("/password/policy").host("auth.example.org") => 200);
    expect!(app.get("/password/policy").host("other.example.org") => 421, "misdirected_request");
}

async fn another_site_cannot_post(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let before = app.rows().await;
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ],
        vec![("origin", "https://evil.example")],
        vec![("origin", "https://auth.example.org.evil.example")],
        vec![("origin", "null")],
    ] {
        for (method, path) in [
            (Method::POST, "/api/v1/auth/logout-all"),
            (Method::PATCH, "/api/v1/auth/me"),
            (Method::POST, "/_fn/sign_in"),
            (Method::POST, "/_fn/register"),
        ] {
            let mut call = app.at(method, path).bearer(&ann.access_token);
            for (name, value) in &headers {
                call = call.header(name, value);
            }
            let call = if path.starts_with("/_fn") {
                call.form(&[
                    ("email", "eve@example.org"),
                    ("password", "correct horse battery"),
                ])
            } else {
                call.json(&json!({ "first_name": "Eve" }))
            };
            let sent = format!("{path} {headers:?}");
            let answer = call.await.expect_problem_of(&sent, 403, "forbidden");
            assert_eq!(answer.header("set-cookie"), "");
        }
    }
    assert_eq!(app.rows().await, before);
    assert!(app.accepts(&ann.access_token).await);
}

async fn links_of_another_site_and_requests_of_the_same_origin_work(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    // Reading is no danger.
    expect!(app.at(Method::GET, "/login").header("sec-fetch-site", "cross-site") => 200);
    for site in ["same-origin", "none"] {
        let call = app.rename(&ann, &json!({})).header("sec-fetch-site", site);
        call.await.expect(200);
    }
    let call = app.rename(&ann, &json!({})).header("origin", PUBLIC_URL);
    call.await.expect(200);
}

async fn preflight(app: &TestApp, origin: &str) -> String {
    let call = app.api(Method::OPTIONS, "/me").header("origin", origin);
    let call = call.header("access-control-request-method", "PATCH");
    let answer = call
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        )
        .await;
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        "",
        "the API reads no cookies"
    );
    answer.header("access-control-allow-origin").to_owned()
}

async fn a_script_of_another_origin_may_not_call(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    for origin in [
        "https://app.example.org",
        "https://evil.example",
        "null",
        "http://auth.example.org",
    ] {
        assert_eq!(preflight(&app, origin).await, "", "{origin}");
        let answer = app.me(&ann).header("origin", origin).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
}

/// Tracing and common clients add headers of their own to each request.
async fn a_script_of_an_allowed_origin_may_send_the_headers_that_it_asks_for(app: TestApp) {
    let call = app
        .api(Method::OPTIONS, "/me")
        .header("origin", "https://app.example.org")
        .header("access-control-request-method", "PATCH");
    let asked =
        "authorization,baggage,content-type,sentry-trace,traceparent,tracestate,x-requested-with";
    let answer = call.header("access-control-request-headers", asked).await;
    assert_eq!(answer.header("access-control-allow-headers"), asked);
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

async fn a_script_of_an_allowed_origin_may_call(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let allowed = "https://app.example.org";
    assert_eq!(preflight(&app, allowed).await, allowed);
    for origin in [
        "https://app.example.org.evil.example",
        "https://evilapp.example.org",
        "http://app.example.org",
        "https://app.example.org:8443",
        "null",
    ] {
        assert_eq!(preflight(&app, origin).await, "", "{origin}");
    }
    let answer = app
        .rename(&ann, &json!({ "last_name": "Lee" }))
        .header("origin", allowed)
        .header("sec-fetch-site", "cross-site")
        .await
        .expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), allowed);
    assert!(
        answer
            .header("vary")
            .to_ascii_lowercase()
            .contains("origin"),
        "{answer:?}"
    );
    // Scripts can read why they were refused.
    let refused = expect!(app.get("/me").header("origin", allowed) => 401, "unauthenticated");
    assert_eq!(refused.header("access-control-allow-origin"), allowed);
    let exposed = refused
        .header("access-control-expose-headers")
        .to_ascii_lowercase();
    assert_has(&exposed, &["retry-after", "x-request-id"]);
}

async fn an_app_with_a_scheme_of_its_own_may_call(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let change = |origin: &str| {
        let call = app.rename(&ann, &json!({ "last_name": "Lee" }));
        call.header("origin", origin)
            .header("sec-fetch-site", "cross-site")
    };
    let allowed = "capacitor://localhost";
    assert_eq!(preflight(&app, allowed).await, allowed);
    let answer = change(allowed).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), allowed);
    for origin in [
        "capacitor://localhost.evil.example",
        "ionic://localhost",
        "capacitor://",
    ] {
        assert_eq!(preflight(&app, origin).await, "", "{origin}");
        change(origin).await.expect_problem(403, "forbidden");
    }
    // The pages, which read cookies, are for no app.
    let form = app
        .at(Method::POST, "/_fn/sign_in")
        .header("origin", allowed);
    let form = form.form(&[
        ("email", "ann@example.org"),
        ("password", "correct horse battery"),
    ]);
    form.await.expect_problem(403, "forbidden");
}
