//! The page of the devices that are signed in, and what the
//! other pages and the API say of the same sessions.

use crate::support::{
    Browser, PASSWORD, TestApp, assert_has, assert_has_not, browser_of_new_user, is_signed_in,
    on_any_database, open_page as page, signed_in_browser,
};

on_any_database! {
    a_changed_password_is_what_the_device_signed_in_with,
    signing_out_everywhere_is_logged_as_what_it_was,
    sessions_are_shown_and_ended,
    sessions_of_others_stay,
    pages_and_api_show_the_same_sessions,
}

async fn a_changed_password_is_what_the_device_signed_in_with(app: TestApp) {
    let mut browser = Browser::new(&app);
    let fields = [("email", "ann@example.org"), ("password", PASSWORD)];
    browser.submit("register", &fields).await;
    let before = page(&mut browser, "/account/sessions").await;
    assert_has(&before, &["when registering"]);
    let fields = [
        ("current_password", PASSWORD),
        ("new_password", "a quite different phrase"),
    ];
    browser.submit("change_password", &fields).await;
    let after = page(&mut browser, "/account/sessions").await;
    assert_has(&after, &["with password"]);
    assert_has_not(&after, &["when registering"]);
    app.read_mails().await;
}

async fn signing_out_everywhere_is_logged_as_what_it_was(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    browser.submit("sign_out_others", &[]).await;
    let shown = page(&mut browser, "/account/activity?show=sign_ins").await;
    assert_has(&shown, &["Signed out everywhere else from"]);
    assert_has_not(&shown, &["Signed out everywhere from"]);

    let app_session = app.sign_in("ann@example.org").await;
    app.sign_out_all(&app_session, false).await.expect(204);
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    for (language, sentence) in [
        ("en", "Signed out everywhere from"),
        ("de", "Überall abgemeldet von"),
    ] {
        browser.set_cookie("__Host-language", language);
        let shown = page(&mut browser, "/account/activity?show=sign_ins").await;
        assert_has(&shown, &[sentence]);
    }
}

async fn sessions_are_shown_and_ended(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let both = page(&mut browser, "/account/sessions").await;
    assert_eq!(both.matches("This device").count(), 1);
    assert_eq!(both.matches("class=\"session\"").count(), 2);
    let parts = [
        "with password",
        "when registering",
        "192.0.2.1",
        "Sign out everywhere else",
        "up to 15 minutes",
        "just now",
        // In UTC, until scripts show the visitor's own time.
        "title=\"24 November 2026, 08:30 UTC\" data-locale=\"en-GB\"",
        "datetime=\"2026-11-24T08:30:00.123456Z\"",
        "modulepreload",
    ];
    assert_has(&both, &parts);
    let of_app = app.current_session(&ann).await;
    let session = [("session_id", of_app.as_str())];
    gives!(browser.submits("revoke_session", &session) => "/account/sessions");
    let alone = page(&mut browser, "/account/sessions").await;
    shows!(&alone => "The device was signed out.", "You are signed in nowhere else.");
    assert_has_not(&alone, &["Sign out everywhere else"]);
    assert!(!app.accepts(&ann.access_token).await);

    let again = app.sign_in("ann@example.org").await;
    gives!(browser.submits("sign_out_others", &[]) => "/account/sessions");
    shows!(&page(&mut browser, "/account/sessions").await => "Your other devices were signed out.");
    assert!(!app.accepts(&again.access_token).await);
}

async fn sessions_of_others_stay(app: TestApp) {
    app.user("ann@example.org").await;
    let eve = app.user("eve@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let theirs = app.current_session(&eve).await;
    for id in [theirs.as_str(), "not-a-uuid", ""] {
        gives!(browser.submits("revoke_session", &[("session_id", id)]) => "/account/sessions");
        let refused = page(&mut browser, "/account/sessions").await;
        shows!(&refused => "role=\"alert\"", "That session has already ended.");
    }
    browser.submit("sign_out_others", &[]).await;
    assert!(app.accepts(&eve.access_token).await);
}

async fn pages_and_api_show_the_same_sessions(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let sessions = app.sessions(&ann).await;
    assert_eq!(sessions.len(), 2);
    let from_browser = sessions
        .iter()
        .find(|session| session["kind"] == "browser")
        .unwrap();
    let id = from_browser["id"].as_str().unwrap();
    expect!(app.delete(&format!("/sessions/{id}")).bearer(&ann.access_token) => 204);
    assert!(!is_signed_in(&mut browser).await);
}
