//! What bad input gets in values, names, paths and forms: a documented code,
//! never a 500, and nothing half-written.

use http::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, SignedIn, TestApp, on_every_database, without_limits};

on_every_database! {
    an_address_with_line_breaks_gets_no_mail with without_limits,
    repeated_names_and_odd_numbers_are_no_trouble,
    fields_that_are_not_the_callers_are_ignored,
    no_path_leads_out_of_the_assets,
    queries_are_not_read_by_the_api,
    a_form_that_is_none_is_refused,
    only_functions_take_forms_and_by_post_alone,
}

const ADDRESSES_THAT_ARE_NONE: [&str; 20] = [
    "ann",
    "ann@example.org\r\nBcc: eve@example.org",
    "ann@example.org\n",
    "\r\nann@example.org",
    "ann\r@example.org",
    "ann@example.org\u{85}",
    "ann@exam\u{2028}ple.org",
    "ann@example.org,eve@example.org",
    "ann@example.org eve@example.org",
    "ann@example.org;eve@example.org",
    "<ann@example.org>",
    "Ann <ann@example.org>",
    "\"ann\\\"@example.org",
    "ann@example.org%0d%0a",
    "ann@[127.0.0.1]",
    "ann@localhost",
    "@example.org",
    "ann@",
    "ann\u{200b}@example.org",
    "ann@example.org\u{202e}",
];

async fn an_address_with_line_breaks_gets_no_mail(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let before = app.rows().await;
    for address in ADDRESSES_THAT_ARE_NONE {
        for path in ["/register", "/password/forgot", "/email/resend"] {
            let body = json!({ "email": address, "password": PASSWORD });
            invalid!(app.post(path).json(&body) => ["email: invalid_email"], "{path} {address:?}");
        }
        invalid!(app.change_email(&ann, address) => ["new_email: invalid_email"], "{address:?}");
        expect!(app.login(address, PASSWORD) => 401, "invalid_credentials");
        expect!(app.verify_code(address, "123456") => 400, "invalid_token");
    }
    assert_eq!(app.rows().await, before);
}

async fn repeated_names_and_odd_numbers_are_no_trouble(app: TestApp) {
    app.user("ann@example.org").await;
    let login =
        |rest: &str| format!("{{\"email\":\"ann@example.org\",\"password\":\"wrong\"{rest}}}");
    for (rest, status) in [
        (r#","unknown":123456789012345678901234567890"#, 401),
        (r#","unknown":-0.0e-0"#, 401),
        (r#","unknown":1e400"#, 400),
        (r#","unknown":NaN"#, 400),
        (r#","unknown":0x10"#, 400),
        (r#","":"","\u0061":1"#, 401),
    ] {
        let answer = app
            .post("/login")
            .body("application/json", login(rest))
            .await;
        assert_eq!(answer.status.as_u16(), status, "{rest}: {answer:?}");
    }
    // Of two readers one would take the first and one the last: no field may be there twice.
    for body in [
        login(r#","password":"correct horse battery""#),
        r#"{"email":"ann@example.org","password":"correct horse battery","password":"wrong"}"#
            .to_owned(),
        r#"{"email":"ann@example.org","pass\u0077ord":"wrong","password":"correct horse battery"}"#
            .to_owned(),
    ] {
        let answer = app.post("/login").body("application/json", body).await;
        answer.expect_problem(400, "malformed_body");
    }
    for content_type in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json ;x=y",
    ] {
        let body = r#"{"email":"ann@example.org","password":"correct horse battery"}"#;
        expect!(app.post("/login").body(content_type, body) => 200);
    }
}

/// A body with everything in it that only the portal decides.
fn wishes_and(own: &Value) -> Value {
    let wishes = json!({
        "id": "01936f00-0000-7000-8000-000000000001",
        "user_id": "01936f00-0000-7000-8000-000000000001",
        "is_active": false,
        "is_email_verified": true,
        "role": "admin",
        "roles": ["admin"],
        "is_admin": true,
        "password_hash": "x",
        "email_canonical": "eve@example.org",
        "created_at": "2000-01-01T00:00:00Z",
        "last_login_at": "2000-01-01T00:00:00Z",
        "deleted_at": "2000-01-01T00:00:00Z",
        "kind": "browser",
        "expires_at": "2099-01-01T00:00:00Z",
        "$set": { "is_email_verified": true },
        "__proto__": { "is_admin": true },
    });
    let mut body = wishes.clone();
    body["user"] = wishes.clone();
    body["data"] = json!([{ "user": wishes }]);
    let own = own.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(own);
    body
}

fn same_but_for_the_address(body: &Value) -> Value {
    let mut body = body.clone();
    body["id"] = Value::Null;
    body["email"] = Value::Null;
    body
}

async fn fields_that_are_not_the_callers_are_ignored(app: TestApp) {
    let plain = app.user("plain@example.org").await;
    let body = wishes_and(
        &json!({ "email": "ann@example.org", "password": PASSWORD, "first_name": "Ann" }),
    );
    let answer = app.post("/register").json(&body).await.expect(201);
    let ann = SignedIn::from_body(&answer.json());
    app.mail_to("ann@example.org").await;
    let expected = same_but_for_the_address(&app.me(&plain).await.json());
    assert_eq!(same_but_for_the_address(&answer.json()["user"]), expected);
    assert_ne!(ann.id.to_string(), "01936f00-0000-7000-8000-000000000001");

    let me = expect!(app.rename(&ann, &wishes_and(&json!({}))) => 200).json();
    assert_eq!(same_but_for_the_address(&me), expected);
    assert_eq!(me["email"], "ann@example.org");
    let body = wishes_and(&json!({ "email": "ann@example.org", "password": PASSWORD }));
    let signed_in = app.post("/login").json(&body).await.expect(200).json();
    assert_eq!(
        (
            &signed_in["user"]["id"],
            &signed_in["user"]["is_email_verified"]
        ),
        (&json!(ann.id.to_string()), &json!(false))
    );
    app.post("/email/resend")
        .json(&wishes_and(&json!({ "email": "ann@example.org" })))
        .await
        .expect(200);
    app.mail_to("ann@example.org").await;
    assert_eq!(app.me(&ann).await.json()["is_email_verified"], false);
}

async fn no_path_leads_out_of_the_assets(app: TestApp) {
    for path in [
        "/pkg/../../../../etc/passwd",
        "/pkg/x/../../../etc/passwd",
        "/pkg/x/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/pkg/x/..%2f..%2fCargo.toml",
        "/pkg/%2e%2e/Cargo.toml",
        "/pkg/x/%252e%252e%252fCargo.toml",
        "/pkg/x/%00",
        "/pkg/x/%ff",
        "/pkg/x/..%5c..%5cCargo.toml",
        "/pkg/x/.git",
        "/pkg/x//etc/passwd",
        "/pkg/x/",
        "/pkg/x",
        "/pkg/",
        "/pkg/x/vestibule.css.map",
        "/pkg/x/vestibule.db",
    ] {
        expect!(app.at(Method::GET, path) => 404, "not_found");
    }
    for path in [
        "/.git/config",
        "/data/vestibule.db",
        "/master.key",
        "/vestibule.toml",
        "/dev/mailbox",
        "/metrics",
        "/..%2fCargo.toml",
    ] {
        let answer = expect!(app.at(Method::GET, path).header("accept", "text/html") => 404);
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{path}: {answer:?}"
        );
    }
}

async fn queries_are_not_read_by_the_api(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let answer = app
        .get("/me?user_id=1&id=2&%00=%ff&a=1&a=2")
        .bearer(&ann.access_token)
        .await
        .expect(200);
    assert_eq!(answer.json()["id"], ann.id.to_string());
    let query = "/login?email=ann%40example.org&password=correct%20horse%20battery";
    expect!(app.post(query).json(&json!({})) => 400, "malformed_body");
    expect!(app.get(query) => 405, "method_not_allowed");
}

const FORMS_THAT_ARE_NONE: [&[u8]; 8] = [
    b"email=ann%40example.org&email=eve%40example.org&password=correct+horse+battery",
    b"email=ann%40example.org&password=correct+horse+battery&first_name=a%00b",
    b"email=ann%40example.org&password=correct+horse+battery&first_name=%FF",
    b"email=ann%40example.org&password=correct+horse+battery&first_name=\xff",
    b"email[0]=ann%40example.org&password=correct+horse+battery",
    b"email.address=ann%40example.org&password=correct+horse+battery",
    b"{\"email\":\"ann@example.org\"}",
    b"[[[[",
];

const FORM: &str = "application/x-www-form-urlencoded";
const GOOD_FORM: &[u8] = b"email=ann%40example.org&password=correct+horse+battery";

async fn a_form_that_is_none_is_refused(app: TestApp) {
    let before = app.rows().await;
    let post = |content_type: &str, body: Vec<u8>| {
        app.at(Method::POST, "/_fn/register")
            .body(content_type, body)
    };
    let good = GOOD_FORM.to_vec();
    let json = json!({ "email": "ann@example.org", "password": PASSWORD })
        .to_string()
        .into_bytes();
    for content_type in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/cbor",
        "",
    ] {
        expect!(post(content_type, json.clone()) => 415, "unsupported_media_type");
        expect!(post(content_type, good.clone()) => 415, "unsupported_media_type");
    }
    app.at(Method::POST, "/_fn/register")
        .untyped_body(good.clone())
        .await
        .expect_problem(415, "unsupported_media_type");
    for bad in FORMS_THAT_ARE_NONE {
        expect!(post(FORM, bad.to_vec()) => 400, "malformed_body");
    }
    expect!(post(FORM, vec![b'a'; 10_000_000]) => 413, "body_too_large");
    post(
        FORM,
        [good.clone(), b"&first_name=".to_vec(), vec![b'x'; 66_000]].concat(),
    )
    .await
    .expect_problem(413, "body_too_large");
    assert_eq!(app.rows().await, before);
}

async fn only_functions_take_forms_and_by_post_alone(app: TestApp) {
    let before = app.rows().await;
    for path in [
        "/_fn/nothing",
        "/_fn/",
        "/_fn/sign_in/x",
        "/_fn/../api",
        "/_fn/SignIn",
    ] {
        let answer = app.at(Method::POST, path).body(FORM, GOOD_FORM).await;
        assert!(
            [404, 405].contains(&answer.status.as_u16()),
            "{path}: {answer:?}"
        );
    }
    for function in ["sign_in", "sign_out", "register", "change_password"] {
        let answer = app
            .at(
                Method::GET,
                &format!("/_fn/{function}?email=ann%40example.org&password=x"),
            )
            .await;
        assert!(
            [404, 405].contains(&answer.status.as_u16()),
            "{function}: {answer:?}"
        );
    }
    assert_eq!(app.rows().await, before);
}
