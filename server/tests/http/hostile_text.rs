//! Whatever a visitor puts into a URL, a cookie, a name, a
//! device or a form shows up as text and as nothing else.

use http::Method;
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use crate::support::{
    Answer, Browser, PASSWORD, TestApp, browser_of_new_user, on_every_database, signed_in_browser,
    without_limits,
};

on_every_database! {
    no_query_is_more_than_text with without_limits,
    no_path_is_more_than_text,
    no_name_and_no_device_is_more_than_text with without_limits,
    no_cookie_is_more_than_text,
    no_form_gives_back_more_than_text with without_limits,
}

const PAGES: [&str; 18] = [
    "/",
    "/login",
    "/register",
    "/verify-email",
    "/forgot-password",
    "/reset-password",
    "/revert-email",
    "/restore-account",
    "/logout",
    "/account",
    "/account/profile",
    "/account/password",
    "/account/email",
    "/account/sessions",
    "/account/activity",
    "/account/confirm",
    "/account/delete",
    "/nowhere",
];

const KEYS: [&str; 7] = [
    "return_to",
    "show",
    "cursor",
    "token",
    "language",
    "unknown",
    "\"><script>alert(1)</script>",
];

const HOSTILE: [&str; 8] = [
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "javascript:alert(1)",
    "/\"><script>alert(1)</script>",
    "//evil.example",
    "/\\evil.example",
    "data:text/html,<script>alert(1)</script>",
];

/// What an answer has in it if hostile text became markup.
const MARKUP: [&str; 3] = ["<script>alert", "alert(1)</script>", "<img src=x"];

/// Attributes that lead somewhere.
const LEADING: [&str; 4] = ["href", "src", "action", "formaction"];

/// Beginnings of what must not be in them.
const ELSEWHERE: [&str; 4] = ["javascript:", "data:text/html", "//evil", "/\\evil"];

#[track_caller]
fn assert_no_markup(page: &str, tried: &str) {
    for markup in MARKUP {
        assert!(!page.contains(markup), "{tried}: {markup} in {page}");
    }
    for (attribute, address) in LEADING
        .iter()
        .flat_map(|attribute| ELSEWHERE.map(|address| (attribute, address)))
    {
        let link = format!(" {attribute}=\"{address}");
        assert!(!page.contains(&link), "{tried}: {link} in {page}");
    }
}

#[track_caller]
fn assert_harmless(answer: &Answer, tried: &str) {
    assert!(!answer.status.is_server_error(), "{tried}: {answer:?}");
    // What is no page is shown by no browser as one.
    if answer.header("content-type").starts_with("text/html") {
        assert_no_markup(&answer.text(), tried);
    } else {
        assert_eq!(
            answer.header("x-content-type-options"),
            "nosniff",
            "{tried}"
        );
    }
    let location = answer.header("location");
    let leads_here = location.is_empty() || location.starts_with('/');
    assert!(leads_here, "{tried}: {location}");
    let leads_away = location.starts_with("//") || location.starts_with("/\\");
    assert!(!leads_away, "{tried}: {location}");
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

async fn no_query_is_more_than_text(app: TestApp) {
    let signed_in = browser_of_new_user(&app, "ann@example.org").await;
    for mut browser in [Browser::new(&app), signed_in] {
        for page in PAGES {
            for key in KEYS {
                for value in HOSTILE {
                    let path = format!("{page}?{}={}", encoded(key), encoded(value));
                    let answer = browser.open(&path).await;
                    assert_harmless(&answer, &path);
                    // What came along in a cookie is shown on the page itself.
                    if answer.status == 303 && key == "token" {
                        assert_harmless(&browser.open(page).await, &path);
                    }
                }
            }
        }
    }
}

async fn no_path_is_more_than_text(app: TestApp) {
    let mut browser = Browser::new(&app);
    for folder in [
        "",
        "/account",
        "/_fn",
        "/pkg",
        "/dev",
        "/api/v1/auth",
        "/.well-known",
    ] {
        for value in HOSTILE {
            let path = format!("{folder}/{}", encoded(value).replace("%2F", "/"));
            assert_harmless(&browser.open(&path).await, &path);
            let path = format!("{folder}/{}", encoded(value));
            assert_harmless(&browser.open(&path).await, &path);
            let posted = app.at(Method::POST, &path).header("accept", "text/html");
            assert_harmless(&posted.await, &path);
        }
    }
}

async fn no_name_and_no_device_is_more_than_text(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    for text in HOSTILE {
        let names = json!({ "first_name": text, "last_name": text });
        app.rename(&ann, &names).await.expect(200);
        let body = json!({ "email": "ann@example.org", "password": PASSWORD, "device_name": text });
        let sign_in = app.post("/login").json(&body).header("user-agent", text);
        sign_in.await.expect(200);
        let mail = app.mail_to("ann@example.org").await;
        assert_no_markup(&mail.html, text);
        for page in PAGES {
            assert_harmless(&browser.open(page).await, &format!("{text} on {page}"));
        }
    }
    let text = "&lt;script&gt;alert(1)";
    for page in ["/account", "/account/profile", "/account/sessions"] {
        let shown = browser.open(page).await.expect(200).text();
        assert!(shown.contains(text), "{page} does not show it: {shown}");
    }
}

async fn no_cookie_is_more_than_text(app: TestApp) {
    let names = [
        "__Host-language",
        "__Host-flash",
        "__Host-sid",
        "__Host-known_device",
        "other",
    ];
    for name in names {
        for value in HOSTILE {
            for value in [value.to_owned(), encoded(value)] {
                for page in ["/login", "/account", "/verify-email", "/nowhere"] {
                    let mut browser = Browser::new(&app);
                    browser.set_cookie(name, &value);
                    let tried = format!("{name}={value} on {page}");
                    assert_harmless(&browser.open(page).await, &tried);
                }
            }
        }
    }
}

async fn no_form_gives_back_more_than_text(app: TestApp) {
    let mut signed_in = browser_of_new_user(&app, "ann@example.org").await;
    let mut signed_out = Browser::new(&app);
    for text in HOSTILE {
        for function in [
            "sign_in",
            "register",
            "forgot_password",
            "verify_email",
            "set_language",
        ] {
            submit_everywhere(&mut signed_out, function, text).await;
        }
        for function in [
            "update_profile",
            "change_email",
            "confirm_password",
            "revoke_session",
            "set_language",
        ] {
            submit_everywhere(&mut signed_in, function, text).await;
        }
    }
}

/// Fills every field of a form with the text, and looks at the page that shows it again.
async fn submit_everywhere(browser: &mut Browser, function: &str, text: &str) {
    let fields = [
        "email",
        "new_email",
        "password",
        "current_password",
        "first_name",
        "last_name",
        "code",
        "token",
        "session",
        "session_id",
        "language",
        "return_to",
    ];
    let answer = browser
        .submit(function, &fields.map(|name| (name, text)))
        .await;
    let tried = format!("{text} in {function}");
    assert_harmless(&answer, &tried);
    let location = answer.header("location").replace('"', "%22");
    // As a browser asks for it.
    let location = location.replace('<', "%3C").replace('>', "%3E");
    if !location.is_empty() {
        assert_harmless(&browser.open(&location).await, &tried);
    }
}
