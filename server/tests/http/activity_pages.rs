//! The page of what happened to the account, and its download,
//! which wants a password that was given just now.

use http::Method;
use time::Duration;

use crate::support::{
    Browser, PASSWORD, TestApp, WRONG, assert_field_error, assert_has, assert_has_not,
    browser_of_new_user, location, on_any_database, open_page as page, signed_in_browser,
};

on_any_database! {
    activity_is_filtered_and_paged,
    what_was_not_me_has_a_way_out,
    a_password_is_confirmed_and_the_way_goes_back,
    the_download_holds_everything_but_secrets,
    the_download_wants_a_fresh_password,
}

/// Longer than a given password counts.
const STALE: Duration = Duration::minutes(11);

async fn activity_is_filtered_and_paged(app: TestApp) {
    app.user("ann@example.org").await;
    assert_eq!(app.try_sign_in("ann@example.org", WRONG).await, 401);
    app.write_deferred().await;
    app.advance(Duration::days(1));
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    browser
        .submit("update_profile", &[("first_name", "Anne")])
        .await;

    let all = page(&mut browser, "/account/activity").await;
    let parts = [
        ">Today</h2>",
        ">Yesterday</h2>",
        "Name changed from",
        "Sign-in with a wrong password",
        "Account created with",
        "192.0.2.1",
        "all of them with the account",
        "Times are in UTC.",
        "data-today=\"Today\" data-yesterday=\"Yesterday\"",
        "<time datetime=\"2026-11-2",
        "data-locale=\"en-GB\" class=\"clock\"",
        "modulepreload",
    ];
    assert_has(&all, &parts);
    let filtered = [
        ("sign_ins", "Signed in with", "Name changed"),
        ("changes", "Name changed from", "Signed in with"),
        ("failed", "wrong password", "Name changed"),
    ];
    for (filter, shown, hidden) in filtered {
        let path = format!("/account/activity?show={filter}");
        let part = page(&mut browser, &path).await;
        let here = format!("href=\"{path}\" aria-current=\"true\"");
        assert_has(&part, &[shown, &here]);
        assert_has_not(&part, &[hidden]);
    }
    // A filter that nobody knows is none.
    assert_has(
        &page(&mut browser, "/account/activity?show=x").await,
        &["Name changed", "Signed in with"],
    );
    is_paged(&mut browser).await;
}

async fn is_paged(browser: &mut Browser) {
    for number in 0..25 {
        let name = format!("Ann {number}");
        browser
            .submit("update_profile", &[("first_name", &name)])
            .await;
    }
    let first = page(browser, "/account/activity?show=changes").await;
    assert_eq!(
        first.matches("Name changed").count() % 20,
        0,
        "a page is full"
    );
    let next = first.split("href=\"").find(|link| link.contains("cursor="));
    let next = next
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .replace("&amp;", "&");
    assert!(
        next.starts_with("/account/activity?show=changes&cursor="),
        "{next}"
    );
    let second = page(browser, &next).await;
    assert_has(&second, &["Name changed"]);
    assert_has_not(&second, &["rel=\"next\""]);
    for cursor in ["x", "%00", "'", ""] {
        let path = format!("/account/activity?show=failed&cursor={cursor}");
        let answer = browser.open(&path).await;
        assert_eq!(
            location(&answer),
            "/account/activity?show=failed",
            "{cursor}"
        );
    }
}

async fn what_was_not_me_has_a_way_out(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    let all = page(&mut browser, "/account/activity").await;
    let parts = [
        "href=\"#not-me\"",
        "id=\"not-me\"",
        "href=\"/account/password\"",
        "href=\"/account/email\"",
        "href=\"/forgot-password\"",
        "sign_out_others",
    ];
    assert_has(&all, &parts);
}

async fn a_password_is_confirmed_and_the_way_goes_back(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    let here = "/account/confirm?return_to=/account/activity%3Fshow%3Dall";
    let back = "/account/activity?show=all";
    // It was given a moment ago.
    gives!(browser.opens(here) => back);

    app.advance(STALE);
    let asked = page(&mut browser, here).await;
    let parts = [
        "name=\"current_password\"",
        "autocomplete=\"username\"",
        "value=\"/account/activity?show=all\"",
    ];
    assert_has(&asked, &parts);
    for wrong in ["", WRONG] {
        let fields = [("current_password", wrong), ("return_to", back)];
        let answer = browser.submit("confirm_password", &fields).await;
        let page = assert_field_error(&mut browser, &answer, here, "current_password").await;
        assert_has_not(&page, &[WRONG]);
    }
    let fields = [("current_password", PASSWORD), ("return_to", back)];
    gives!(browser.submits("confirm_password", &fields) => back);
    shows!(&page(&mut browser, back).await => "role=\"status\"", "Thank you.");

    app.advance(STALE);
    for evil in ["https://evil.example", "//evil.example", "/\\evil.example"] {
        let fields = [("current_password", PASSWORD), ("return_to", evil)];
        gives!(browser.submits("confirm_password", &fields) => "/account", "{evil}");
    }
}

async fn the_download_holds_everything_but_secrets(app: TestApp) {
    app.user("ann@example.org").await;
    let bob = app.verified_user("bob@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let answer = browser.download().await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"account-data.json\""
    );
    let data = answer.json();
    assert_eq!(data["user"]["email"], "ann@example.org", "{data:#}");
    for part in ["sessions", "events", "mails"] {
        let rows = data[part].as_array();
        assert!(
            rows.is_some_and(|rows| !rows.is_empty()),
            "{part}: {data:#}"
        );
    }
    let text = answer.text();
    assert_has_not(&text, &["hash", "argon2", "cookie", PASSWORD]);
    assert_has_not(&text, &[&bob.email, &bob.id.to_string()]);
    assert_eq!(app.read_mails().await, ["data_exported to ann@example.org"]);
    shows!(&page(&mut browser, "/account/activity").await => "Data downloaded with");
    // A link must not start it.
    browser.open("/account/export").await.expect(405);
    // Neither must another site.
    let cookie = format!("__Host-sid={}", browser.cookie("__Host-sid").unwrap());
    let call = app.at(Method::POST, "/account/export").cookies(&cookie);
    let call = call.header("origin", "https://evil.example");
    expect!(call.header("sec-fetch-site", "cross-site") => 403);
}

async fn the_download_wants_a_fresh_password(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    app.advance(STALE);
    let answer = browser.download().await;
    let ask = "/account/confirm?return_to=/account/activity";
    assert_eq!(location(&answer), ask);
    page(&mut browser, ask).await;
    let fields = [
        ("current_password", PASSWORD),
        ("return_to", "/account/activity"),
    ];
    gives!(browser.submits("confirm_password", &fields) => "/account/activity");
    browser.download().await.expect(200);
    app.mail_to("ann@example.org").await;
    app.advance(STALE);
    assert_eq!(location(&browser.download().await), ask);
}
