//! One browser, two tabs, two accounts: no page acts on another account than the one that it shows.

use time::Duration;

use crate::support::{
    ACCOUNT_FORMS, Browser, NEW_PASSWORD, PASSWORD, TestApp, assert_has, assert_has_not, hidden,
    location, on_every_database, open_page, sign_in, signed_in_browser,
};

on_every_database! {
    links_that_are_opened_side_by_side_do_not_meet,
    every_mailed_link_says_whose_account_it_is_about,
    an_address_that_is_carried_to_another_browser_works_there,
    the_address_of_a_link_is_disclosed_to_nobody,
    a_page_of_a_link_that_was_open_for_too_long_sends_back_to_the_mail,
    what_stands_for_a_link_is_good_for_its_page_alone,
    a_form_of_one_account_does_nothing_to_another,
    a_form_that_names_no_account_does_nothing,
    what_was_typed_for_one_account_is_shown_to_the_next_and_no_secret,
    the_outcome_for_one_account_is_not_shown_on_the_page_of_another,
    a_form_of_a_user_who_signed_out_asks_to_sign_in,
    the_language_of_another_account_stays,
    a_browser_that_keeps_no_cookies_gets_an_error_that_says_so,
}

const ANN: &str = "ann@example.org";
const BOB: &str = "bob@example.org";

/// Follows a mailed link to its page, as a tab of its own: the address and what its forms carry.
async fn open_link(browser: &mut Browser, page: &str, token: &str) -> (String, String) {
    browser.open(&format!("{page}?token={token}")).await;
    let address = browser.link_address(page);
    let html = open_page(browser, &address).await;
    assert_has_not(&html, &[token]);
    let handle = hidden(&html, "link").unwrap();
    assert!(address.ends_with(&handle), "{address}");
    (html, handle)
}

async fn can_sign_in(app: &TestApp, email: &str, password: &str) -> bool {
    app.try_sign_in(email, password).await == 200
}

async fn links_that_are_opened_side_by_side_do_not_meet(app: TestApp) {
    app.verified_user(ANN).await;
    app.verified_user(BOB).await;
    let of_ann = app.reset_token(ANN).await;
    let of_bob = app.reset_token(BOB).await;
    let mut browser = Browser::new(&app);
    let (first, ann) = open_link(&mut browser, "/reset-password", &of_ann).await;
    let (second, bob) = open_link(&mut browser, "/reset-password", &of_bob).await;
    assert_has(&first, &[ANN]);
    assert_has_not(&first, &[BOB]);
    assert_has(&second, &[BOB]);
    // What is wrong in one tab is shown in that one.
    let weak = [("link", ann.as_str()), ("new_password", "short")];
    let refused = browser.submit("reset_password", &weak).await;
    let here = format!("/reset-password?link={ann}");
    assert!(refused.header("location").starts_with(&here), "{refused:?}");
    let other = open_page(&mut browser, &format!("/reset-password?link={bob}")).await;
    assert_has_not(&other, &["role=\"alert\""]);
    let own = open_page(&mut browser, &format!("/reset-password?link={ann}")).await;
    assert_has(&own, &["role=\"alert\"", ANN]);
    // The form of the first tab, sent last.
    let fields = [("link", ann.as_str()), ("new_password", NEW_PASSWORD)];
    gives!(browser.submits("reset_password", &fields) => "/login");
    assert!(can_sign_in(&app, ANN, NEW_PASSWORD).await);
    assert!(
        can_sign_in(&app, BOB, PASSWORD).await,
        "it is no link of Bob's"
    );
    let fields = [("link", bob.as_str()), ("new_password", NEW_PASSWORD)];
    gives!(browser.submits("reset_password", &fields) => "/login");
    assert!(can_sign_in(&app, BOB, NEW_PASSWORD).await);
    app.read_mails().await;
}

async fn every_mailed_link_says_whose_account_it_is_about(app: TestApp) {
    let links = app.mailed_links().await;
    app.verified_user(BOB).await;
    // Another user who is signed in.
    for mut browser in [Browser::new(&app), signed_in_browser(&app, BOB).await] {
        for (page, _, token, email) in &links {
            let (html, _) = open_link(&mut browser, page, token).await;
            let (_, main) = html.split_once("<main").unwrap();
            assert_has(main, &[&format!("<bdi class=\"address\">{email}</bdi>")]);
            assert_has_not(main, &[BOB]);
        }
    }
}

async fn an_address_that_is_carried_to_another_browser_works_there(app: TestApp) {
    for (page, function, token, email) in app.mailed_links().await {
        let mut first = Browser::new(&app);
        first.open(&format!("{page}?token={token}")).await;
        let address = first.link_address(page);
        let mut other = Browser::new(&app);
        let html = open_page(&mut other, &address).await;
        assert_has(&html, &[email]);
        let handle = hidden(&html, "link").unwrap();
        let fields = [
            ("link", handle.as_str()),
            ("new_password", NEW_PASSWORD),
            ("password", PASSWORD),
        ];
        let answer = other.submit(function, &fields).await;
        assert_ne!(location(&answer), page, "{answer:?}");
    }
    app.read_mails().await;
}

async fn the_address_of_a_link_is_disclosed_to_nobody(app: TestApp) {
    let mut browser = Browser::new(&app);
    for page in [
        "/verify-email",
        "/reset-password",
        "/revert-email",
        "/restore-account",
    ] {
        let moved = browser.open(&format!("{page}?token=nonsense")).await;
        let shown = browser.open(page).await.expect(200);
        for answer in [&moved, &shown] {
            // With none at all, browsers would send forms without an origin, as another site's.
            assert_eq!(
                answer.header("referrer-policy"),
                "strict-origin",
                "{answer:?}"
            );
            assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
        }
    }
}

async fn a_page_of_a_link_that_was_open_for_too_long_sends_back_to_the_mail(app: TestApp) {
    let (_, _, token) = app.stolen().await;
    let mut browser = Browser::new(&app);
    let (_, handle) = open_link(&mut browser, "/revert-email", &token).await;
    app.advance(Duration::minutes(61));
    let address = format!("/revert-email?link={handle}");
    let before = app.rows().await;
    let answer = browser.submit("revert_email", &[("link", &handle)]).await;
    assert!(
        answer.header("location").starts_with(&address),
        "{answer:?}"
    );
    assert_eq!(app.rows().await, before);
    for address in [
        &address,
        "/revert-email?link=nonsense",
        "/reset-password?link=",
    ] {
        let html = open_page(&mut browser, address).await;
        assert_has(&html, &["Open the link in the mail again."]);
        assert_has_not(&html, &["no longer works", "thief@"]);
    }
    // The link itself lives for three days.
    let (html, handle) = open_link(&mut browser, "/revert-email", &token).await;
    assert_has(&html, &[ANN]);
    gives!(browser.submits("revert_email", &[("link", &handle)]) => "/forgot-password");
    app.anns_again("thief@example.org").await;
}

async fn what_stands_for_a_link_is_good_for_its_page_alone(app: TestApp) {
    app.verified_user(ANN).await;
    let token = app.reset_token(ANN).await;
    let mut browser = Browser::new(&app);
    let (_, handle) = open_link(&mut browser, "/reset-password", &token).await;
    let html = open_page(&mut browser, &format!("/revert-email?link={handle}")).await;
    assert_has(&html, &["Open the link in the mail again."]);
    browser
        .submit("restore_account", &[("link", &handle)])
        .await;
    let fields = [("link", handle.as_str()), ("new_password", NEW_PASSWORD)];
    gives!(browser.submits("reset_password", &fields) => "/login");
    app.read_mails().await;
}

/// What there is of Bob's account: everything that a form could change.
async fn state_of_bob(app: &TestApp) -> String {
    app.text(
        "select u.email || coalesce(u.first_name, '') || u.password_hash || u.language || u.is_active
            || (select count(*) from sessions s where s.user_id = u.id and s.ended_at is null)
            || (select count(*) from mailed_links t where t.user_id = u.id)
            || (select count(*) from mail_outbox m where m.user_id = u.id)
        from users u
        where u.email = 'bob@example.org'",
    )
    .await
}

/// A browser with a page of Ann's in one tab, which then
/// signed in as Bob in another: Ann's id with it.
async fn from_ann_to_bob(app: &TestApp) -> (Browser, String) {
    let ann = app.verified_user(ANN).await;
    app.verified_user(BOB).await;
    let mut browser = signed_in_browser(app, ANN).await;
    let page = open_page(&mut browser, "/account/profile").await;
    let account = hidden(&page, "account").unwrap();
    assert_eq!(account, ann.id.to_string());
    browser.submit("sign_out", &[]).await;
    assert_eq!(
        location(&sign_in(&mut browser, BOB, PASSWORD).await),
        "/account"
    );
    app.read_mails().await;
    (browser, account)
}

async fn a_form_of_one_account_does_nothing_to_another(app: TestApp) {
    let (mut browser, account) = from_ann_to_bob(&app).await;
    let before = state_of_bob(&app).await;
    for (function, fields, page) in ACCOUNT_FORMS {
        let fields = [*fields, &[("account", account.as_str())]].concat();
        gives!(browser.submits(function, &fields) => *page, "{function}");
        assert_eq!(state_of_bob(&app).await, before, "{function}");
        if *page == "/account/confirm" {
            // Nothing has to be confirmed just now.
            continue;
        }
        let outcome = open_page(&mut browser, page).await;
        let now = "signed in as <bdi class=\"address\">bob@example.org</bdi> now";
        assert_has(&outcome, &["role=\"alert\"", "<title>Error: ", now]);
    }
    let fields = [("account", account.as_str())];
    let answer = browser.download_with(&fields).await;
    assert_eq!(location(&answer), "/account/activity");
    let outcome = open_page(&mut browser, "/account/activity").await;
    assert_has(&outcome, &["role=\"alert\"", "bob@example.org"]);
    assert_eq!(state_of_bob(&app).await, before);
    assert_eq!(app.read_mails().await, [""; 0]);
    // The same forms from Bob's own page.
    gives!(browser.submits("update_profile", &[("first_name", "Bob")]) => "/account/profile");
    assert_ne!(state_of_bob(&app).await, before);
}

async fn a_form_that_names_no_account_does_nothing(app: TestApp) {
    let (mut browser, _) = from_ann_to_bob(&app).await;
    let before = state_of_bob(&app).await;
    for (function, fields, page) in ACCOUNT_FORMS {
        // A visitor who leaves in this way has left.
        if *function != "sign_out" {
            let answer = browser.submit_just(function, fields).await;
            assert_eq!(location(&answer), *page, "{function}");
            assert_eq!(state_of_bob(&app).await, before, "{function}");
        }
    }
    assert_eq!(
        location(&browser.download_with(&[]).await),
        "/account/activity"
    );
    assert_eq!(app.read_mails().await, [""; 0]);
}

async fn what_was_typed_for_one_account_is_shown_to_the_next_and_no_secret(app: TestApp) {
    let (mut browser, account) = from_ann_to_bob(&app).await;
    let fields = [("account", account.as_str()), ("first_name", "Anne-Marie")];
    browser.submit("update_profile", &fields).await;
    let page = open_page(&mut browser, "/account/profile").await;
    assert_has(&page, &["value=\"Anne-Marie\""]);
    let fields = [
        ("account", account.as_str()),
        ("new_email", "ann@new.example"),
        ("current_password", PASSWORD),
    ];
    browser.submit("change_email", &fields).await;
    let page = open_page(&mut browser, "/account/email").await;
    assert_has(&page, &["value=\"ann@new.example\""]);
    assert_has_not(&page, &[PASSWORD]);
}

async fn the_outcome_for_one_account_is_not_shown_on_the_page_of_another(app: TestApp) {
    app.verified_user(BOB).await;
    app.verified_user(ANN).await;
    let mut browser = signed_in_browser(&app, ANN).await;
    let typed = [("first_name", "Anna\u{202e}")];
    browser.submit("update_profile", &typed).await;
    sign_in(&mut browser, BOB, PASSWORD).await;
    let page = open_page(&mut browser, "/account/profile").await;
    assert_has_not(&page, &["Anna", "role=\"alert\"", "role=\"status\""]);
    app.read_mails().await;
}

async fn a_form_of_a_user_who_signed_out_asks_to_sign_in(app: TestApp) {
    app.verified_user(ANN).await;
    let mut browser = signed_in_browser(&app, ANN).await;
    let page = open_page(&mut browser, "/account/profile").await;
    let account = hidden(&page, "account").unwrap();
    browser.submit("sign_out", &[]).await;
    let fields = [("account", account.as_str()), ("first_name", "Anna")];
    let answer = browser.submit("update_profile", &fields).await;
    assert_eq!(location(&answer), "/login?return_to=/account/profile");
    let page = open_page(&mut browser, location(&answer)).await;
    assert_has(&page, &["Your session has ended."]);
}

async fn the_language_of_another_account_stays(app: TestApp) {
    let (mut browser, account) = from_ann_to_bob(&app).await;
    let before = state_of_bob(&app).await;
    let german = [("language", "de"), ("return_to", "/account")];
    let of_ann = [&german[..], &[("account", account.as_str())]].concat();
    expect!(browser.submit_just("set_language", &of_ann) => 303);
    expect!(browser.submit_just("set_language", &german) => 303);
    assert_eq!(state_of_bob(&app).await, before);
    // The browser's is what was asked for.
    assert_has(&open_page(&mut browser, "/account").await, &["lang=\"de\""]);
    browser.submit("set_language", &german).await.expect(303);
    assert_ne!(state_of_bob(&app).await, before);
}

/// Each form is sent as by a browser that forgets every cookie at once.
async fn a_browser_that_keeps_no_cookies_gets_an_error_that_says_so(app: TestApp) {
    app.verified_user(ANN).await;
    for (function, fields) in [
        ("sign_in", vec![("email", ANN), ("password", PASSWORD)]),
        ("sign_in", vec![("email", ANN), ("password", "wrong")]),
        (
            "register",
            vec![("email", "new@example.org"), ("password", PASSWORD)],
        ),
        ("register", vec![("email", ANN), ("password", PASSWORD)]),
        ("forgot_password", vec![("email", ANN)]),
        ("reset_password", vec![("new_password", NEW_PASSWORD)]),
        ("resend_verification", vec![("email", ANN)]),
        ("verify_email", vec![("email", ANN), ("code", "000000")]),
    ] {
        let answer = Browser::new(&app).submit(function, &fields).await;
        let mut address = answer.header("location").to_owned();
        assert!(address.contains("cookies=check"), "{function}: {address}");
        let mut page = Browser::new(&app).open(&address).await;
        while page.status == 303 {
            page.header("location").clone_into(&mut address);
            page = Browser::new(&app).open(&address).await;
        }
        let parts = ["role=\"alert\"", "Your browser keeps no cookies"];
        assert_has(&page.expect(200).text(), &parts);
    }
    // A browser that keeps them: the address is as it should be, and the outcome is shown.
    let mut browser = Browser::new(&app);
    let answer = sign_in(&mut browser, ANN, "wrong").await;
    let page = browser.open(answer.header("location")).await;
    assert_eq!(page.header("location"), "/login");
    let page = open_page(&mut browser, "/login").await;
    assert_has(&page, &["Email or password is incorrect"]);
    let answer = sign_in(&mut browser, ANN, "wrong").await;
    assert_eq!(answer.header("location"), "/login");
    app.read_mails().await;
}
