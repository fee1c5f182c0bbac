//! The pages of the account, as a browser without JavaScript has them. What is changed with a mail and taken back with
//! another is in `undo_pages.rs`.

use http::Method;
use time::Duration;

use crate::support::{
    Browser, PASSWORD, TestApp, assert_fault, assert_has, assert_has_not, location,
    on_every_database, open_page as page, signed_in_browser,
};

on_every_database! {
    who_is_signed_out_signs_in_first,
    forms_of_an_ended_session_lead_to_signing_in,
    every_page_is_one_of_the_navigation,
    pages_speak_the_language_of_the_browser,
    the_overview_says_what_there_is_to_do,
    the_skip_link_leads_past_the_navigation,
    names_are_changed_and_refusals_keep_what_was_typed,
    what_is_there_already_is_no_change,
    another_language_is_told_as_that,
    who_changes_the_password_goes_on,
    a_changed_password_is_what_the_device_signed_in_with,
    signing_out_everywhere_is_told_as_what_it_was,
    sessions_are_shown_and_ended,
    sessions_of_others_stay,
    activity_is_filtered_and_paged,
    what_was_not_me_has_a_way_out,
    a_password_is_confirmed_and_the_way_goes_back,
    the_download_holds_everything_but_secrets,
    the_download_wants_a_fresh_password,
}

const TABS: [&str; 7] = [
    "/account",
    "/account/profile",
    "/account/email",
    "/account/password",
    "/account/sessions",
    "/account/activity",
    "/account/delete",
];
const WRONG: &str = "not the password at all";
/// Longer than a given password counts.
const STALE: Duration = Duration::minutes(11);

async fn who_is_signed_out_signs_in_first(app: TestApp) {
    let mut browser = Browser::new(&app);
    for path in TABS.into_iter().chain(["/account/confirm"]) {
        let answer = browser.open(path).await;
        assert_eq!(location(&answer), format!("/login?return_to={path}"));
    }
    let answer = browser.open("/account/activity?show=failed").await;
    assert_eq!(
        location(&answer),
        "/login?return_to=/account/activity%3Fshow%3Dfailed"
    );
    let answer = browser.post("/account/export").await;
    assert_eq!(location(&answer), "/login?return_to=/account/activity");
}

async fn forms_of_an_ended_session_lead_to_signing_in(app: TestApp) {
    let mut browser = Browser::new(&app);
    for (function, page) in [
        ("update_profile", "/account/profile"),
        ("change_password", "/account/password"),
        ("change_email", "/account/email"),
        ("cancel_email_change", "/account/email"),
        ("revoke_session", "/account/sessions"),
        ("sign_out_others", "/account/sessions"),
        ("confirm_password", "/account/confirm"),
        ("delete_account", "/account/delete"),
    ] {
        let answer = browser.submit(function, &[]).await;
        assert_eq!(location(&answer), format!("/login?return_to={page}"));
    }
    assert_has(
        &page(&mut browser, "/login").await,
        &["Your session has ended."],
    );
}

async fn every_page_is_one_of_the_navigation(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    for path in TABS {
        let page = page(&mut browser, path).await;
        assert_eq!(page.matches("<h1").count(), 1, "{path}");
        assert_eq!(page.matches("aria-current=\"page\"").count(), 1, "{path}");
        let here = format!("<a href=\"{path}\" aria-current=\"page\"");
        assert_has(&page, &[&here]);
        for other in TABS {
            assert_has(&page, &[&format!("href=\"{other}\"")]);
        }
    }
}

async fn pages_speak_the_language_of_the_browser(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    browser.set_cookie("__Host-language", "de");
    for (path, words) in [
        ("/account", "Guten Tag <bdi>Ann</bdi>!"),
        ("/account/profile", "Ihr Name"),
        ("/account/email", "Adresse ändern"),
        ("/account/password", "Aktuelles Passwort"),
        ("/account/sessions", "bis zu 15 Minuten"),
        ("/account/activity", "Das war ich nicht"),
        ("/account/delete", "innerhalb von 14 Tagen"),
        ("/revert-email", "innerhalb von 72 Stunden"),
        ("/restore-account", "Konto noch"),
        ("/verify-email", "sechsstelligen Code"),
    ] {
        let page = page(&mut browser, path).await;
        assert_has(&page, &["lang=\"de\"", words]);
    }
}

async fn the_overview_says_what_there_is_to_do(app: TestApp) {
    let (_, mail) = app.register("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let first = page(&mut browser, "/account").await;
    assert_has(
        &first,
        &[
            "Hello, <bdi>Ann</bdi>!",
            "not confirmed yet",
            "href=\"/verify-email\"",
            "on 1 other device.",
            "No failed sign-ins",
        ],
    );
    assert_has_not(&first, &["two weeks"]);

    for _ in 0..2 {
        assert_eq!(app.try_sign_in("ann@example.org", WRONG).await, 401);
    }
    app.write_deferred().await;
    app.verify(&mail.token.unwrap()).await.expect(200);
    let second = page(&mut browser, "/account").await;
    assert_has(
        &second,
        &[
            "Your email address is confirmed.",
            "2 failed sign-ins",
            "/account/activity?show=failed",
        ],
    );

    // The session of the registration lives on unused, and the failures are old news.
    app.advance(Duration::days(15));
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let third = page(&mut browser, "/account").await;
    assert_has(
        &third,
        &[
            "1 device has not been used for two weeks.",
            "No failed sign-ins",
        ],
    );
}

async fn the_skip_link_leads_past_the_navigation(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    for path in TABS {
        let page = page(&mut browser, path).await;
        assert_has(&page, &["href=\"#content\" class=\"skip-link\""]);
        assert_eq!(page.matches("id=\"content\"").count(), 1, "{path}");
        let navigation = page.find("class=\"tabs\"").unwrap();
        assert!(navigation < page.find("id=\"content\"").unwrap(), "{page}");
    }
    // Elsewhere nothing stands before the parts of the page.
    let page = page(&mut browser, "/logout").await;
    assert_has(
        &page,
        &["href=\"#main\" class=\"skip-link\"", "id=\"main\""],
    );
}

async fn events(app: &TestApp, access_token: &str) -> Vec<String> {
    let events = app.get("/events").bearer(access_token).await.expect(200);
    let events = events.json()["events"].as_array().unwrap().clone();
    let kind = |event: &serde_json::Value| event["event_type"].as_str().unwrap().to_owned();
    events.iter().map(kind).collect()
}

async fn what_is_there_already_is_no_change(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let me = async || app.get("/me").bearer(&ann.access_token).await.json();
    let (before, told) = (me().await, events(&app, &ann.access_token).await);
    app.advance(Duration::seconds(1));
    for names in [
        &[("first_name", "Ann"), ("last_name", "")],
        &[("first_name", " Ann "), ("last_name", " ")],
    ] {
        let answer = browser.submit("update_profile", names).await;
        assert_eq!(location(&answer), "/account/profile");
        let saved = page(&mut browser, "/account/profile").await;
        assert_has(&saved, &["Your name is saved."]);
    }
    app.patch("/me")
        .bearer(&ann.access_token)
        .json(&serde_json::json!({}))
        .await
        .expect(200);
    browser
        .submit(
            "set_language",
            &[("language", "en"), ("return_to", "/account")],
        )
        .await;
    assert_eq!(me().await, before);
    assert_eq!(events(&app, &ann.access_token).await, told);
}

async fn another_language_is_told_as_that(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    for (language, sentence) in [
        ("de", "Sprache geändert von"),
        ("en", "Language changed from"),
    ] {
        app.advance(Duration::seconds(1));
        browser
            .submit(
                "set_language",
                &[("language", language), ("return_to", "/account")],
            )
            .await;
        assert_eq!(events(&app, &ann.access_token).await[0], "language_changed");
        let told = page(&mut browser, "/account/activity?show=changes").await;
        assert_has(&told, &[sentence]);
        // It is nobody's attack.
        assert_has_not(
            &told,
            &["Name changed", "Name geändert", "class=\"event-doubt\""],
        );
    }
}

async fn who_changes_the_password_goes_on(app: TestApp) {
    const FORM: &str = "/account/password?return_to=/account/activity%3Fshow%3Dall";
    const GOAL: &str = "/account/activity?show=all";
    app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let form = page(&mut browser, FORM).await;
    assert_has(
        &form,
        &[
            "name=\"return_to\" value=\"/account/activity?show=all\"",
            "href=\"/forgot-password?return_to=/account/activity%3Fshow%3Dall\"",
        ],
    );
    let fields = |password| {
        [
            ("current_password", password),
            ("new_password", "a quite different phrase"),
            ("return_to", GOAL),
        ]
    };
    let answer = browser.submit("change_password", &fields(WRONG)).await;
    let refused = assert_fault(&mut browser, &answer, FORM, "current_password").await;
    assert_has(&refused, &["name=\"return_to\""]);
    let answer = browser.submit("change_password", &fields(PASSWORD)).await;
    assert_eq!(location(&answer), GOAL);
    let told = page(&mut browser, GOAL).await;
    assert_has(&told, &["Your password was changed."]);
    // Who has been signed out meanwhile comes back here, and then goes on.
    browser.submit("sign_out", &[]).await;
    let answer = browser.submit("change_password", &fields(PASSWORD)).await;
    let back =
        "/login?return_to=/account/password%3Freturn_to%3D/account/activity%253Fshow%253Dall";
    assert_eq!(location(&answer), back);
    app.read_mails().await;
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

async fn signing_out_everywhere_is_told_as_what_it_was(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    browser.submit("sign_out_others", &[]).await;
    let told = page(&mut browser, "/account/activity?show=sign_ins").await;
    assert_has(&told, &["Signed out everywhere else from"]);
    assert_has_not(&told, &["Signed out everywhere from"]);

    let app_session = app.sign_in("ann@example.org").await;
    app.post("/logout-all")
        .bearer(&app_session.access_token)
        .json(&serde_json::json!({ "keep_current": false }))
        .await
        .expect(204);
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    for (language, sentence) in [
        ("en", "Signed out everywhere from"),
        ("de", "Überall abgemeldet von"),
    ] {
        browser.set_cookie("__Host-language", language);
        let told = page(&mut browser, "/account/activity?show=sign_ins").await;
        assert_has(&told, &[sentence]);
    }
}

async fn names_are_changed_and_refusals_keep_what_was_typed(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let before = page(&mut browser, "/account/profile").await;
    assert_has(
        &before,
        &[
            "value=\"Ann\"",
            "autocomplete=\"given-name\"",
            "autocomplete=\"family-name\"",
        ],
    );
    let names = [("first_name", "Zoë"), ("last_name", "O'Neil & Söhne")];
    let answer = browser.submit("update_profile", &names).await;
    assert_eq!(location(&answer), "/account/profile");
    let after = page(&mut browser, "/account/profile").await;
    assert_has(&after, &["role=\"status\"", "value=\"Zoë\""]);
    assert_has(
        &page(&mut browser, "/account").await,
        &["Hello, <bdi>Zoë</bdi>!"],
    );

    let long = "x".repeat(101);
    let names = [("first_name", ""), ("last_name", long.as_str())];
    let answer = browser.submit("update_profile", &names).await;
    let refused = assert_fault(&mut browser, &answer, "/account/profile", "last_name").await;
    assert_has(&refused, &[&format!("value=\"{long}\"")]);
    assert_has_not(&refused, &["value=\"Zoë\""]);
    // Nothing of it was written.
    assert_has(
        &page(&mut browser, "/account/profile").await,
        &["value=\"Zoë\""],
    );
}

async fn sessions_are_shown_and_ended(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let both = page(&mut browser, "/account/sessions").await;
    assert_eq!(both.matches("This device").count(), 1);
    assert_eq!(both.matches("class=\"session\"").count(), 2);
    assert_has(
        &both,
        &[
            "with password",
            "when registering",
            "192.0.2.1",
            "Sign out everywhere else",
            "up to 15 minutes",
            "just now",
            "title=\"24 November 2026, 08:30 UTC\"",
        ],
    );
    let sessions = app.get("/sessions").bearer(&ann.access_token).await.json();
    let of_app = sessions["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|session| session["kind"] == "api")
        .unwrap();
    let id = of_app["id"].as_str().unwrap();
    let answer = browser
        .submit("revoke_session", &[("session_id", id)])
        .await;
    assert_eq!(location(&answer), "/account/sessions");
    let alone = page(&mut browser, "/account/sessions").await;
    assert_has(
        &alone,
        &[
            "The device was signed out.",
            "You are signed in nowhere else.",
        ],
    );
    assert_has_not(&alone, &["Sign out everywhere else"]);
    assert!(!app.accepts(&ann.access_token).await);

    let again = app.sign_in("ann@example.org").await;
    let answer = browser.submit("sign_out_others", &[]).await;
    assert_eq!(location(&answer), "/account/sessions");
    assert_has(
        &page(&mut browser, "/account/sessions").await,
        &["Your other devices were signed out."],
    );
    assert!(!app.accepts(&again.access_token).await);
}

async fn sessions_of_others_stay(app: TestApp) {
    app.user("ann@example.org").await;
    let eve = app.user("eve@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let theirs = app.get("/sessions").bearer(&eve.access_token).await.json();
    let theirs = theirs["sessions"][0]["id"].as_str().unwrap().to_owned();
    for id in [theirs.as_str(), "not-a-uuid", ""] {
        let answer = browser
            .submit("revoke_session", &[("session_id", id)])
            .await;
        assert_eq!(location(&answer), "/account/sessions");
        let refused = page(&mut browser, "/account/sessions").await;
        assert_has(
            &refused,
            &["role=\"alert\"", "That session has already ended."],
        );
    }
    browser.submit("sign_out_others", &[]).await;
    assert!(app.accepts(&eve.access_token).await);
}

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
    assert_has(
        &all,
        &[
            ">Today</h2>",
            ">Yesterday</h2>",
            "Name changed from",
            "Sign-in with a wrong password",
            "Account created with",
            "192.0.2.1",
            "all of them with the account",
        ],
    );
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

    for number in 0..25 {
        let name = format!("Ann {number}");
        browser
            .submit("update_profile", &[("first_name", &name)])
            .await;
    }
    let first = page(&mut browser, "/account/activity?show=changes").await;
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
    let second = page(&mut browser, &next).await;
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
    app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let all = page(&mut browser, "/account/activity").await;
    assert_has(
        &all,
        &[
            "href=\"#not-me\"",
            "id=\"not-me\"",
            "href=\"/account/password\"",
            "href=\"/account/email\"",
            "href=\"/forgot-password\"",
            "sign_out_others",
        ],
    );
}

async fn a_password_is_confirmed_and_the_way_goes_back(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let here = "/account/confirm?return_to=/account/activity%3Fshow%3Dall";
    let back = "/account/activity?show=all";
    // It was given a moment ago.
    assert_eq!(location(&browser.open(here).await), back);

    app.advance(STALE);
    let asked = page(&mut browser, here).await;
    assert_has(
        &asked,
        &[
            "name=\"current_password\"",
            "autocomplete=\"username\"",
            "value=\"/account/activity?show=all\"",
        ],
    );
    for wrong in ["", WRONG] {
        let fields = [("current_password", wrong), ("return_to", back)];
        let answer = browser.submit("confirm_password", &fields).await;
        let page = assert_fault(&mut browser, &answer, here, "current_password").await;
        assert_has_not(&page, &[WRONG]);
    }
    let fields = [("current_password", PASSWORD), ("return_to", back)];
    let answer = browser.submit("confirm_password", &fields).await;
    assert_eq!(location(&answer), back);
    assert_has(
        &page(&mut browser, back).await,
        &["role=\"status\"", "Thank you."],
    );

    app.advance(STALE);
    for evil in ["https://evil.example", "//evil.example", "/\\evil.example"] {
        let fields = [("current_password", PASSWORD), ("return_to", evil)];
        let answer = browser.submit("confirm_password", &fields).await;
        assert_eq!(location(&answer), "/account", "{evil}");
    }
}

async fn the_download_holds_everything_but_secrets(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let answer = browser.post("/account/export").await.expect(200);
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
    assert_eq!(app.read_mails().await, ["data_exported to ann@example.org"]);
    assert_has(
        &page(&mut browser, "/account/activity").await,
        &["Data downloaded with"],
    );
    // A link must not start it.
    browser.open("/account/export").await.expect(405);
    // Neither must another site.
    let cookie = format!("__Host-sid={}", browser.cookie("__Host-sid").unwrap());
    let call = app.at(Method::POST, "/account/export").cookies(&cookie);
    let call = call.header("origin", "https://evil.example");
    call.header("sec-fetch-site", "cross-site")
        .await
        .expect(403);
}

async fn the_download_wants_a_fresh_password(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    app.advance(STALE);
    let answer = browser.post("/account/export").await;
    let ask = "/account/confirm?return_to=/account/activity";
    assert_eq!(location(&answer), ask);
    page(&mut browser, ask).await;
    let fields = [
        ("current_password", PASSWORD),
        ("return_to", "/account/activity"),
    ];
    let answer = browser.submit("confirm_password", &fields).await;
    assert_eq!(location(&answer), "/account/activity");
    browser.post("/account/export").await.expect(200);
    app.mail_to("ann@example.org").await;
    app.advance(STALE);
    assert_eq!(location(&browser.post("/account/export").await), ask);
}
