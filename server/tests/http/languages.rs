//! Pages, error pages and users in the language of their reader.

use std::sync::{Arc, Barrier};

use http::Method;
use leptos::prelude::{Owner, provide_context};
use serde_json::json;
use vestibule_core::model::Language;
use vestibule_i18n::Texts;

use crate::support::{
    Answer, Browser, PASSWORD, TestApp, assert_has, in_parallel, location, on_any_database,
};

on_any_database! {
    a_page_speaks_the_language_that_the_browser_asks_for,
    every_page_speaks_german,
    a_visitor_chooses_a_language_and_stays_on_the_page,
    a_page_in_another_language_still_shows_what_happened,
    only_known_languages_and_pages_are_chosen,
    a_signed_in_choice_is_kept_with_the_user,
    a_new_user_has_the_language_of_the_request,
    a_page_under_way_for_another_user_does_not_show,
    error_pages_speak_the_language_too,
    a_dead_reset_link_offers_a_new_one,
    only_a_browser_that_is_new_to_the_account_is_notified,
}

const CHOICE: &str = "__Host-language";
const GERMAN: &str = "de-AT,de;q=0.9,en;q=0.5";

/// The page, which says in markup and headers what its language is.
#[track_caller]
fn page_in(language: &str, answer: &Answer) -> String {
    let page = answer.text();
    let html = format!("<html lang=\"{language}\" dir=\"ltr\"");
    assert!(page.contains(&html), "{answer:?}");
    assert_eq!(answer.header("content-language"), language);
    let vary = answer.headers.get_all("vary").iter();
    let vary: Vec<&str> = vary.map(|value| value.to_str().unwrap()).collect();
    let vary = vary.join(", ").to_ascii_lowercase();
    assert_has(&vary, &["accept-language", "cookie"]);
    page
}

async fn choose(browser: &mut Browser, language: &str, page: &str) -> Answer {
    browser
        .submit(
            "set_language",
            &[("language", language), ("return_to", page)],
        )
        .await
}

async fn language_of(app: &TestApp, email: &str) -> String {
    app.text(&format!(
        "select language from users where email = '{email}'"
    ))
    .await
}

async fn a_page_speaks_the_language_that_the_browser_asks_for(app: TestApp) {
    for (languages, language, heading) in [
        (GERMAN, "de", ">Anmelden</h1>"),
        ("en-GB,en;q=0.9,de;q=0.8", "en", ">Sign in</h1>"),
        ("fr", "en", ">Sign in</h1>"),
        ("", "en", ">Sign in</h1>"),
    ] {
        let answer = expect!(Browser::speaking(&app, languages).open("/login") => 200);
        let page = page_in(language, &answer);
        assert!(page.contains(heading), "{languages}: {page}");
        for (code, name) in [("en", "English"), ("de", "Deutsch")] {
            let button = format!("value=\"{code}\" lang=\"{code}\"");
            assert!(page.contains(&button) && page.contains(name), "{page}");
        }
    }
}

async fn every_page_speaks_german(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = Browser::speaking(&app, GERMAN);
    for (path, text) in [
        ("/login", "Auf diesem Gerät angemeldet bleiben"),
        ("/register", "Vorname"),
        ("/verify-email", "E-Mail-Adresse"),
        ("/forgot-password", "Passwort vergessen?"),
        ("/reset-password", "Passwort zurücksetzen"),
        ("/revert-email", "72 Stunden lang"),
        ("/restore-account", "Konto noch"),
    ] {
        let page = page_in("de", &browser.open(path).await.expect(200));
        assert!(page.contains(text), "{path}: {page}");
    }
    sign_in(&mut browser, "ann@example.org").await;
    app.read_mails().await;
    for (path, text) in [
        ("/account", "Guten Tag <bdi>Ann</bdi>!"),
        ("/account/profile", "Ihr Name"),
        ("/account/email", "Adresse ändern"),
        ("/account/password", "Aktuelles Passwort"),
        ("/account/sessions", "bis zu 15 Minuten"),
        ("/account/activity", "Das war ich nicht"),
        ("/account/delete", "14 Tage lang"),
        ("/verify-email", "sechsstelligen Code"),
        ("/logout", "Abmelden"),
    ] {
        let page = page_in("de", &browser.open(path).await.expect(200));
        assert_has(&page, &[text, "Abmelden"]);
    }
}

async fn a_visitor_chooses_a_language_and_stays_on_the_page(app: TestApp) {
    let mut browser = Browser::new(&app);
    let page = "/register?return_to=/account/password";
    let form = page_in("en", &browser.open(page).await);
    assert!(
        form.contains(&format!("name=\"return_to\" value=\"{page}\"")),
        "{form}"
    );
    assert_eq!(location(&choose(&mut browser, "de", page).await), page);
    assert_eq!(browser.cookie(CHOICE), Some("de"));
    page_in("de", &browser.open(page).await);
    page_in("de", &browser.open("/login").await);
    choose(&mut browser, "en", "/login").await;
    page_in("en", &browser.open("/login").await);
}

async fn a_page_in_another_language_still_shows_what_happened(app: TestApp) {
    let mut browser = Browser::new(&app);
    let wrong = [
        ("email", "ann@example.org"),
        ("password", "not the password"),
    ];
    browser.submit("sign_in", &wrong).await;
    let page = browser.open("/login").await.text();
    assert!(page.contains("Email or password is incorrect."), "{page}");
    for (language, text) in [
        ("de", "E-Mail-Adresse oder Passwort ist falsch."),
        ("en", "Email or password is incorrect."),
    ] {
        choose(&mut browser, language, "/login").await;
        let page = browser.open("/login").await.text();
        assert!(page.contains(text), "{page}");
        assert!(page.contains("value=\"ann@example.org\""), "{page}");
    }
    let page = browser.open("/login").await.text();
    assert!(!page.contains("role=\"alert\""), "reported once: {page}");
    // What another page has shown is not shown again there.
    choose(&mut browser, "de", "/login").await;
    let page = browser.open("/login").await.text();
    assert!(!page.contains("role=\"alert\""), "{page}");
}

async fn only_known_languages_and_pages_are_chosen(app: TestApp) {
    let mut browser = Browser::new(&app);
    for language in [
        "fr",
        "",
        "DE",
        "de; Domain=evil.example",
        "de\r\nset-cookie: a=b",
    ] {
        let answer = choose(&mut browser, language, "/login").await;
        assert_eq!(location(&answer), "/login");
        assert_eq!(browser.cookie(CHOICE), None, "{language:?}");
    }
    for page in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "",
    ] {
        let answer = choose(&mut browser, "de", page).await;
        assert_eq!(location(&answer), "/account", "{page:?}");
    }
    // An attacker who can write a cookie has chosen nothing with another value.
    browser.set_cookie(CHOICE, "<script>");
    page_in("en", &browser.open("/login").await);
    let foreign = app
        .at(Method::POST, "/_fn/set_language")
        .form(&[("language", "de")])
        .header("origin", "https://evil.example")
        .header("sec-fetch-site", "cross-site");
    foreign.await.expect(403);
}

async fn a_signed_in_choice_is_kept_with_the_user(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = Browser::new(&app);
    choose(&mut browser, "de", "/login").await;
    gives!(language_of(&app, "ann@example.org") => "en", "nobody is signed in");
    sign_in(&mut browser, "ann@example.org").await;
    app.read_mails().await;
    for language in ["de", "en", "de"] {
        let answer = choose(&mut browser, language, "/account").await;
        assert_eq!(location(&answer), "/account");
        assert_eq!(language_of(&app, "ann@example.org").await, language);
        page_in(language, &browser.open("/account").await.expect(200));
    }
}

async fn a_new_user_has_the_language_of_the_request(app: TestApp) {
    // The API reads no cookies, not even this one.
    let call = app
        .registration("api@example.org", PASSWORD)
        .header("accept-language", GERMAN);
    call.cookies("__Host-language=en").await.expect(201);
    let mut browser = Browser::speaking(&app, "en");
    choose(&mut browser, "de", "/register").await;
    let fields = [("email", "page@example.org"), ("password", PASSWORD)];
    browser.submit("register", &fields).await;
    for email in ["api@example.org", "page@example.org"] {
        app.mail_to(email).await;
        assert_eq!(language_of(&app, email).await, "de", "{email}");
    }
}

/// The framework makes the page that a thread is rendering the parent of what the thread answers
/// meanwhile, and looks for what a request does not bring in its parents.
async fn a_page_under_way_for_another_user_does_not_show(app: TestApp) {
    // On each of the two threads: they wait for each other.
    let meeting = Arc::new(Barrier::new(2));
    let strangers = in_parallel(2, |_| {
        let meeting = Arc::clone(&meeting);
        async move {
            meeting.wait();
            let stranger = Owner::new_root(None);
            stranger.with(|| provide_context(Texts::of(Language::German)));
            stranger
        }
    })
    .await;
    let mut browser = Browser::speaking(&app, "en");
    let fields = [("email", "ann@example.org"), ("password", PASSWORD)];
    browser.submit("register", &fields).await;
    app.mail_to("ann@example.org").await;
    assert_eq!(language_of(&app, "ann@example.org").await, "en");
    drop(strangers);
}

async fn error_pages_speak_the_language_too(app: TestApp) {
    let mut browser = Browser::speaking(&app, GERMAN);
    let page = page_in("de", &browser.open("/nowhere?a=b").await.expect(404));
    assert!(page.contains("Seite nicht gefunden"), "{page}");
    assert!(page.contains("value=\"/nowhere?a=b\""), "{page}");
    // Refused before any page is rendered.
    let refused = app
        .at(Method::POST, "/_fn/sign_in")
        .json(&json!({}))
        .header("accept", "text/html")
        .header("accept-language", GERMAN);
    let answer = refused.await.expect(415);
    let page = page_in("de", &answer);
    assert!(page.contains("Das konnten wir nicht lesen"), "{page}");
    assert!(page.contains(answer.header("x-request-id")), "{page}");
    // Problem documents are for developers.
    let problem = app.get("/me").header("accept-language", GERMAN).await;
    let problem = problem.expect_problem(401, "unauthenticated");
    assert_eq!(problem.header("content-language"), "");
}

async fn a_dead_reset_link_offers_a_new_one(app: TestApp) {
    app.user("zoe@example.org").await;
    let mut browser = Browser::new(&app);
    let token = app.reset_token("zoe@example.org").await;
    browser
        .open(&format!("/reset-password?token={token}"))
        .await;
    let page = browser.open("/reset-password").await.expect(200).text();
    assert_has(
        &page,
        &["autocomplete=\"username\"", "value=\"zoe@example.org\""],
    );
    app.advance(time::Duration::hours(2));
    browser
        .open(&format!("/reset-password?token={token}"))
        .await;
    for _ in 0..2 {
        let page = browser.open("/reset-password").await.expect(200).text();
        assert!(page.contains("z***@example.org"), "{page}");
        assert!(!page.contains("zoe@example.org"), "{page}");
    }
    gives!(browser.submits("send_new_reset_link", &[]) => "/forgot-password");
    let page = browser.open("/forgot-password").await.text();
    assert!(page.contains("role=\"status\""), "{page}");
    app.mail_to("zoe@example.org").await;
    // Without a link there is nobody to mail to.
    gives!(browser.submits("send_new_reset_link", &[]) => "/reset-password");
    let page = browser.open("/reset-password").await.text();
    assert!(page.contains("name=\"email\""), "{page}");
    assert_eq!(app.read_mails().await, Vec::<String>::new());
}

async fn only_a_browser_that_is_new_to_the_account_is_notified(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = Browser::new(&app);
    sign_in(&mut browser, "ann@example.org").await;
    assert_eq!(app.read_mails().await, ["new_device to ann@example.org"]);
    browser.submit("sign_out", &[]).await;
    sign_in(&mut browser, "ann@example.org").await;
    gives!(app.read_mails() => Vec::<String>::new(), "it is known now");

    // Who registers in a browser is known in it.
    let fields = [("email", "bob@example.org"), ("password", PASSWORD)];
    browser.submit("register", &fields).await;
    app.mail_to("bob@example.org").await;
    browser.submit("sign_out", &[]).await;
    for email in ["bob@example.org", "ann@example.org"] {
        sign_in(&mut browser, email).await;
        assert_eq!(app.read_mails().await, Vec::<String>::new(), "{email}");
    }
    // A cookie that the portal did not make proves nothing.
    let mut other = Browser::new(&app);
    other.set_cookie("__Host-known_device", "[\"ann\"]");
    sign_in(&mut other, "ann@example.org").await;
    assert_eq!(app.read_mails().await, ["new_device to ann@example.org"]);
}

async fn sign_in(browser: &mut Browser, email: &str) {
    let fields = [("email", email), ("password", PASSWORD)];
    gives!(browser.submits("sign_in", &fields) => "/account");
}
