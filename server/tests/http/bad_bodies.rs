//! What bodies get that are not what an endpoint takes: a documented code,
//! never a 500, and nothing half-written.

pub mod endpoints;

use http::Method;
use serde_json::{Value, json};

use crate::support::{TestApp, on_any_database, without_limits};

use endpoints::{Before, Endpoint, endpoints};

on_any_database! {
    a_body_that_is_no_json_object_is_malformed with without_limits,
    a_field_of_the_wrong_type_is_malformed with without_limits,
    a_missing_field_is_malformed with without_limits,
    a_nul_is_malformed_wherever_it_stands with without_limits,
    a_field_that_comes_twice_is_malformed_whether_it_is_known_or_not with without_limits,
    a_byte_order_mark_is_passed_over with without_limits,
    text_that_is_no_unicode_is_malformed with without_limits,
    nesting_is_bounded with without_limits,
    a_body_over_64_kib_is_too_large with without_limits,
    only_json_is_taken with without_limits,
}

async fn a_body_that_is_no_json_object_is_malformed(app: TestApp) {
    let before = Before::new(app).await;
    for endpoint in endpoints() {
        let good = endpoint.body.to_string();
        for body in [
            "{",
            "}",
            "nul",
            "null",
            "true",
            "1",
            "-",
            "\"text\"",
            "[]",
            "[{}]",
            "{]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{'a':1}",
            "<xml/>",
            "email=ann%40example.org",
            "{}{}",
            "{} x",
            " ",
        ] {
            before.malformed(&endpoint, body).await;
        }
        before.malformed(&endpoint, format!("[{good}]")).await;
        before.malformed(&endpoint, format!("{good},")).await;
        before.malformed(&endpoint, &good[..good.len() - 1]).await;
        match (&endpoint.method, endpoint.path) {
            (&Method::POST, "/logout-all") => {}
            (&Method::DELETE, "/me") => {
                before
                    .refuses(&endpoint, "", 400, "validation_failed")
                    .await;
            }
            _ => before.malformed(&endpoint, "").await,
        }
    }
    before.check().await;
}

async fn a_field_of_the_wrong_type_is_malformed(app: TestApp) {
    let before = Before::new(app).await;
    for endpoint in endpoints() {
        for (field, good) in endpoint.body.as_object().unwrap() {
            for bad in [
                json!(0),
                json!(1.5),
                json!(["a"]),
                json!([]),
                json!({}),
                json!({ "$ne": 1 }),
                json!(!good.is_boolean()),
                json!("text"),
            ] {
                if good.is_string() && bad.is_string() {
                    continue;
                }
                let bad = if good.is_boolean() && bad.is_boolean() {
                    json!("true")
                } else {
                    bad
                };
                let mut body = endpoint.body.clone();
                body[field] = bad;
                before.malformed(&endpoint, body.to_string()).await;
            }
        }
    }
    before.check().await;
}

async fn a_missing_field_is_malformed(app: TestApp) {
    let before = Before::new(app).await;
    for endpoint in endpoints() {
        for field in endpoint.required {
            let mut body = endpoint.body.clone();
            body[*field] = Value::Null;
            before.malformed(&endpoint, body.to_string()).await;
            body.as_object_mut().unwrap().remove(*field);
            before.malformed(&endpoint, body.to_string()).await;
        }
    }
    before.check().await;
}

/// Of two parsers one may take the first and one the last.
async fn a_field_that_comes_twice_is_malformed_whether_it_is_known_or_not(app: TestApp) {
    for extra in [
        r#""email":"ann@example.org","email":"bob@example.org""#,
        r#""email":"ann@example.org","x":1,"x":1"#,
        r#""email":"ann@example.org","x":1,"\u0078":2"#,
        r#""email":"ann@example.org","x":{"y":1,"y":2}"#,
        r#""email":"ann@example.org","x":[{"y":1,"z":{"y":1},"y":2}]"#,
    ] {
        let call = app.post("/password/forgot");
        let call = call.body("application/json", format!("{{{extra}}}"));
        call.await.expect_problem(400, "malformed_body");
    }
    let body = r#"{"email":"ann@example.org","x":[{"y":1},{"y":null}],"y":[1.5,-1,true,"z"]}"#;
    let call = app.post("/password/forgot");
    call.body("application/json", body).await.expect(200);
}

/// Some tools of Windows write one.
async fn a_byte_order_mark_is_passed_over(app: TestApp) {
    let forgot = async |body: &str| {
        let call = app.post("/password/forgot");
        call.body("application/json", body.to_owned()).await
    };
    let body = r#"{"email":"ann@example.org"}"#;
    forgot(&format!("\u{feff}{body}")).await.expect(200);
    for bad in [
        format!("\u{feff}\u{feff}{body}"),
        format!("{body}\u{feff}"),
        "\u{feff}".to_owned(),
    ] {
        forgot(&bad).await.expect_problem(400, "malformed_body");
    }
}

async fn a_nul_is_malformed_wherever_it_stands(app: TestApp) {
    let before = Before::new(app).await;
    for endpoint in endpoints() {
        for (field, good) in endpoint.body.as_object().unwrap() {
            let Some(good) = good.as_str() else { continue };
            for bad in [format!("\0{good}"), format!("{good}\0"), "\0".to_owned()] {
                let mut body = endpoint.body.clone();
                body[field] = bad.into();
                before.malformed(&endpoint, body.to_string()).await;
            }
        }
        let mut body = endpoint.body.clone();
        body["unknown"] = json!([{ "deep": "a\0b" }]);
        before.malformed(&endpoint, body.to_string()).await;
        let mut body = endpoint.body.clone();
        body["un\0known"] = json!(1);
        before.malformed(&endpoint, body.to_string()).await;
    }
    before.check().await;
}

const NO_UNICODE: [&[u8]; 12] = [
    br"\ud800",
    br"a\udc00b",
    br"\ud800\ud800",
    br"\ud83e",
    br"\u12",
    br"\x41",
    b"\n",
    b"\xff",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"\xf5\x80\x80\x80",
    b"\xc0\x80",
];

/// The body with these bytes, as they are, for the text of a field.
fn body_with(endpoint: &Endpoint, field: &str, bytes: &[u8]) -> Vec<u8> {
    let mut body = endpoint.body.clone();
    body[field] = "MARK".into();
    let body = body.to_string().into_bytes();
    let mut marks = body.windows(4);
    let at = marks.position(|window| window == b"MARK").unwrap();
    [&body[..at], bytes, &body[at + 4..]].concat()
}

async fn text_that_is_no_unicode_is_malformed(app: TestApp) {
    let before = Before::new(app).await;
    for endpoint in endpoints() {
        for (field, good) in endpoint.body.as_object().unwrap() {
            if !good.is_string() {
                continue;
            }
            for bad in NO_UNICODE {
                let body = body_with(&endpoint, field, bad);
                before.malformed(&endpoint, body).await;
            }
        }
        // UTF-16 is another encoding than the one that JSON has (RFC 8259, 8.1).
        let utf16: Vec<u8> = endpoint
            .body
            .to_string()
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        before.malformed(&endpoint, utf16).await;
    }
    before.check().await;
}

async fn nesting_is_bounded(app: TestApp) {
    let before = Before::new(app).await;
    for endpoint in endpoints() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        before.malformed(&endpoint, nested(30_000)).await;
        before.malformed(&endpoint, "[".repeat(60_000)).await;
        before.malformed(&endpoint, "{\"a\":".repeat(12_000)).await;
        before
            .malformed(&endpoint, format!("{{\"unknown\":{}}}", nested(30_000)))
            .await;
        before
            .refuses(&endpoint, nested(50_000), 413, "body_too_large")
            .await;
    }
    before.check().await;
}

async fn a_body_over_64_kib_is_too_large(app: TestApp) {
    let before = Before::new(app).await;
    let ten_megabytes = vec![b' '; 10_000_000];
    for endpoint in endpoints() {
        let mut body = endpoint.body.clone();
        body["unknown"] = "x".repeat(64 * 1024).into();
        before
            .refuses(&endpoint, body.to_string(), 413, "body_too_large")
            .await;
        before
            .refuses(&endpoint, ten_megabytes.clone(), 413, "body_too_large")
            .await;
    }
    // The longest that is read is read whole.
    let mut body = json!({ "first_name": null, "unknown": "" });
    let rest = 64 * 1024 - body.to_string().len();
    body["unknown"] = "x".repeat(rest).into();
    let rename = |names: &Value| before.app.rename(&before.ann, names);
    let answer = rename(&body).await.expect(200);
    assert_eq!(answer.json()["first_name"], Value::Null);
    rename(&json!({ "first_name": "Ann" })).await.expect(200);
    before.check().await;
}

async fn only_json_is_taken(app: TestApp) {
    let before = Before::new(app).await;
    for endpoint in endpoints() {
        let body = endpoint.body.to_string();
        let code = "unsupported_media_type";
        for content_type in [
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain",
            "text/plain; application/json",
            "text/json",
            "application/jsonp",
            "application/json+xml",
            "application",
            "",
            "*/*",
            "application/merge-patch+json",
        ] {
            before
                .refuses_type(&endpoint, Some(content_type), body.clone(), 415, code)
                .await;
        }
        before.refuses_type(&endpoint, None, body, 415, code).await;
    }
    before.check().await;
}
