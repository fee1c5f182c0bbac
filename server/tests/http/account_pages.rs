//! The pages of the account, as a browser without JavaScript has them: what all have in common, the
//! overview, name, language and password. Devices are in `session_pages.rs`, what happened in
//! `activity_pages.rs`, and what is changed with a mail and
//! undone with another in `undo_pages.rs`.

use time::Duration;

use crate::support::{
    ACCOUNT_FORMS, Browser, PASSWORD, PUBLIC_URL, TestApp, WRONG, assert_field_error, assert_has,
    assert_has_not, browser_of_new_user, location, on_any_database, open_page as page,
    signed_in_browser,
};

on_any_database! {
    a_visitor_who_is_signed_out_signs_in_first,
    forms_of_an_ended_session_lead_to_signing_in,
    every_page_is_one_of_the_navigation,
    the_overview_says_what_there_is_to_do,
    the_overview_has_each_page_once,
    the_skip_link_leads_past_the_navigation,
    names_are_changed_and_refusals_keep_what_was_typed,
    what_is_there_already_is_no_change,
    another_language_is_marked_as_that,
    the_session_that_changes_the_password_goes_on,
    an_address_is_shown_in_the_letters_of_its_language,
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

async fn a_visitor_who_is_signed_out_signs_in_first(app: TestApp) {
    let mut browser = Browser::new(&app);
    for path in TABS.into_iter().chain(["/account/confirm"]) {
        gives!(browser.opens(path) => format!("/login?return_to={path}"));
    }
    let start = browser.open("/").await;
    assert!(start.header("location").ends_with("/account"), "{start:?}");
    let answer = browser.open("/account/activity?show=failed").await;
    assert_eq!(
        location(&answer),
        "/login?return_to=/account/activity%3Fshow%3Dfailed"
    );
    let answer = browser.download().await;
    assert_eq!(location(&answer), "/login?return_to=/account/activity");
}

async fn forms_of_an_ended_session_lead_to_signing_in(app: TestApp) {
    let mut browser = Browser::new(&app);
    let forms = ACCOUNT_FORMS.iter();
    for (function, _, page) in forms.filter(|(function, ..)| *function != "sign_out") {
        gives!(browser.submits(function, &[]) => format!("/login?return_to={page}"));
    }
    shows!(&page(&mut browser, "/login").await => "Your session has ended.");
}

async fn every_page_is_one_of_the_navigation(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
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

async fn the_overview_says_what_there_is_to_do(app: TestApp) {
    let (_, mail) = app.register("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let first = page(&mut browser, "/account").await;
    let parts = [
        "Hello, <bdi>Ann</bdi>!",
        "not confirmed yet",
        "href=\"/verify-email\"",
        "on 1 other device.",
        "No failed sign-ins",
    ];
    assert_has(&first, &parts);
    assert_has_not(&first, &["two weeks"]);

    for _ in 0..2 {
        assert_eq!(app.try_sign_in("ann@example.org", WRONG).await, 401);
    }
    app.write_deferred().await;
    app.verify(&mail.token.unwrap()).await.expect(200);
    let second = page(&mut browser, "/account").await;
    let parts = [
        "Your email address is confirmed.",
        "2 failed sign-ins",
        "/account/activity?show=failed",
    ];
    assert_has(&second, &parts);

    // The session of the registration lives on unused, and the failures are old.
    app.advance(Duration::days(15));
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let third = page(&mut browser, "/account").await;
    shows!(&third => "1 device has not been used for two weeks.", "No failed sign-ins");
}

async fn the_overview_has_each_page_once(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    let page = page(&mut browser, "/account").await;
    let (_, content) = page.split_once("id=\"content\"").unwrap();
    // The checklist leads to what is to be done, and to nothing else.
    for path in TABS {
        let links = content.matches(&format!("href=\"{path}\"")).count();
        let is_of_checklist = ["/account/password", "/account/sessions"].contains(&path);
        assert_eq!(links, usize::from(is_of_checklist), "{path}: {content}");
    }
}

async fn the_skip_link_leads_past_the_navigation(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    for path in TABS {
        let page = page(&mut browser, path).await;
        assert_has(&page, &["href=\"#content\" class=\"skip-link\""]);
        assert_eq!(page.matches("id=\"content\"").count(), 1, "{path}");
        let navigation = page.find("class=\"tabs\"").unwrap();
        assert!(navigation < page.find("id=\"content\"").unwrap(), "{page}");
    }
    // Elsewhere nothing stands before the parts of the page.
    let page = page(&mut browser, "/logout").await;
    shows!(&page => "href=\"#main\" class=\"skip-link\"", "id=\"main\"");
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
    let me = async || app.me(&ann).await.json();
    let (before, shown) = (me().await, events(&app, &ann.access_token).await);
    app.advance(Duration::seconds(1));
    for names in [
        &[("first_name", "Ann"), ("last_name", "")],
        &[("first_name", " Ann "), ("last_name", " ")],
    ] {
        gives!(browser.submits("update_profile", names) => "/account/profile");
        let saved = page(&mut browser, "/account/profile").await;
        assert_has(&saved, &["Your name is saved."]);
    }
    expect!(app.rename(&ann, &serde_json::json!({})) => 200);
    browser
        .submit(
            "set_language",
            &[("language", "en"), ("return_to", "/account")],
        )
        .await;
    assert_eq!(me().await, before);
    assert_eq!(events(&app, &ann.access_token).await, shown);
}

async fn another_language_is_marked_as_that(app: TestApp) {
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
        let shown = page(&mut browser, "/account/activity?show=changes").await;
        assert_has(&shown, &[sentence]);
        // It is nobody's attack.
        hides!(&shown => "Name changed", "Name geändert", "class=\"event-doubt\"");
    }
}

async fn the_session_that_changes_the_password_goes_on(app: TestApp) {
    const FORM: &str = "/account/password?return_to=/account/activity%3Fshow%3Dall";
    const GOAL: &str = "/account/activity?show=all";
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    let form = page(&mut browser, FORM).await;
    let parts = [
        "name=\"return_to\" value=\"/account/activity?show=all\"",
        "href=\"/forgot-password?return_to=/account/activity%3Fshow%3Dall\"",
    ];
    assert_has(&form, &parts);
    let fields = |password| {
        [
            ("current_password", password),
            ("new_password", "a quite different phrase"),
            ("return_to", GOAL),
        ]
    };
    let answer = browser.submit("change_password", &fields(WRONG)).await;
    let refused = assert_field_error(&mut browser, &answer, FORM, "current_password").await;
    assert_has(&refused, &["name=\"return_to\""]);
    gives!(browser.submits("change_password", &fields(PASSWORD)) => GOAL);
    let shown = page(&mut browser, GOAL).await;
    assert_has(&shown, &["Your password was changed."]);
    // A user who has been signed out meanwhile comes back here, and then goes on.
    browser.submit("sign_out", &[]).await;
    let answer = browser.submit("change_password", &fields(PASSWORD)).await;
    let back =
        "/login?return_to=/account/password%3Freturn_to%3D/account/activity%253Fshow%253Dall";
    assert_eq!(location(&answer), back);
    app.read_mails().await;
}

async fn names_are_changed_and_refusals_keep_what_was_typed(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    let before = page(&mut browser, "/account/profile").await;
    let parts = [
        "value=\"Ann\"",
        "autocomplete=\"given-name\"",
        "autocomplete=\"family-name\"",
    ];
    assert_has(&before, &parts);
    let names = [("first_name", "Zoë"), ("last_name", "O'Neil & Söhne")];
    gives!(browser.submits("update_profile", &names) => "/account/profile");
    let after = page(&mut browser, "/account/profile").await;
    assert_has(&after, &["role=\"status\"", "value=\"Zoë\""]);
    shows!(&page(&mut browser, "/account").await => "Hello, <bdi>Zoë</bdi>!");

    let long = "x".repeat(101);
    let names = [("first_name", ""), ("last_name", long.as_str())];
    let answer = browser.submit("update_profile", &names).await;
    let refused = assert_field_error(&mut browser, &answer, "/account/profile", "last_name").await;
    assert_has(&refused, &[&format!("value=\"{long}\"")]);
    assert_has_not(&refused, &["value=\"Zoë\""]);
    // Nothing of it was written.
    shows!(&page(&mut browser, "/account/profile").await => "value=\"Zoë\"");
}

/// On pages and in mails; programs and mail servers get the ASCII form.
async fn an_address_is_shown_in_the_letters_of_its_language(app: TestApp) {
    let (typed, ascii) = ("ann@b\u{fc}cher.example", "ann@xn--bcher-kva.example");
    let mut browser = Browser::new(&app);
    let fields = [("email", typed), ("password", PASSWORD)];
    browser.submit("register", &fields).await;
    let mail = app.mail_to(ascii).await;
    for text in [&mail.text, &mail.html] {
        assert!(text.contains(typed) && !text.contains(ascii), "{text}");
    }
    let (_, link) = mail.link.split_once(PUBLIC_URL).unwrap();
    for path in [
        "/account",
        "/account/email",
        "/account/password",
        "/logout",
        link,
    ] {
        let page = browser.open(path).await.text();
        assert!(!page.contains("xn--"), "{path}: {page}");
    }
    let page = browser.open("/account/email").await.text();
    assert_has(&page, &[typed]);
}
