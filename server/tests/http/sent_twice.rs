//! A form that is sent twice is done once: by a double click,
//! by a browser that asks again, over two replicas.

use time::Duration;

use crate::support::{
    Answer, Browser, NEW_PASSWORD, PASSWORD, SESSION_COOKIE, TestApp, hidden, is_signed_in,
    location, new_nonce, on_replicas, open_page, signed_in_browser,
};

on_replicas! { 2;
    a_registration_that_is_sent_twice_signs_in,
    every_form_that_is_sent_twice_ends_as_one_does,
    a_form_whose_answer_was_lost_is_answered_again,
    a_form_that_was_changed_and_sent_again_is_a_new_one,
    a_form_is_remembered_for_a_minute,
    what_a_form_came_to_is_for_the_browser_that_sent_it,
    a_user_who_signed_out_and_goes_back_signs_in_anew,
    a_download_that_is_asked_for_twice_is_notified_once,
    every_form_of_every_page_has_a_nonce_of_its_own,
    what_is_remembered_goes_with_the_cleanup,
}

#[track_caller]
fn assert_same(answers: &[Answer; 2], what: &str) {
    let [first, second] = answers;
    assert_eq!(location(first), location(second), "{what}");
    let [cookies, again] = answers
        .each_ref()
        .map(|it| it.headers.get_all("set-cookie"));
    assert_eq!(cookies, again, "{what}");
}

/// The fields of one form in which Ann signs in or registers.
fn anns_form(nonce: &str) -> [(&str, &str); 3] {
    [
        ("form_nonce", nonce),
        ("email", "ann@example.org"),
        ("password", PASSWORD),
    ]
}

async fn a_registration_that_is_sent_twice_signs_in(app: TestApp) {
    let mut browser = Browser::new(&app);
    let fields = [("email", "ann@example.org"), ("password", PASSWORD)];
    let answers = browser.submit_twice("register", &fields).await;
    assert_same(&answers, "register");
    assert_eq!(location(&answers[0]), "/verify-email");
    assert!(is_signed_in(&mut browser).await);
    assert_eq!(app.count("users").await, "1");
    assert_eq!(app.count("sessions").await, "1");
    assert_eq!(app.read_mails().await, ["welcome to ann@example.org"]);
}

/// What happened so far, by the kind of event; refreshes and looks at pages leave none.
async fn events(app: &TestApp) -> u64 {
    app.count("audit_logs").await.parse().unwrap()
}

/// Each form that changes something, with good fields and where it leads:
/// sent once, and then on another account twice.
async fn every_form_that_is_sent_twice_ends_as_one_does(app: TestApp) {
    const ADDRESSES: [&str; 2] = ["once@example.org", "twice@example.org"];
    let mut browsers = Vec::new();
    for email in ADDRESSES {
        app.verified_user(email).await;
        browsers.push(signed_in_browser(&app, email).await);
    }
    let password = ("current_password", PASSWORD);
    let changed = [password, ("new_password", NEW_PASSWORD)];
    let delete = [("current_password", NEW_PASSWORD), ("confirm", "on")];
    let forms: [(&str, &[(&str, &str)]); 10] = [
        ("update_profile", &[("first_name", "Zoe")]),
        (
            "set_language",
            &[("language", "de"), ("return_to", "/account")],
        ),
        (
            "set_language",
            &[("language", "en"), ("return_to", "/account")],
        ),
        (
            "change_email",
            &[("new_email", "new@example.net"), password],
        ),
        ("cancel_email_change", &[]),
        ("confirm_password", &[password]),
        ("confirm_password", &[("current_password", "wrong")]),
        ("change_password", &changed),
        ("sign_out_others", &[]),
        ("delete_account", &delete),
    ];
    for (function, fields) in forms {
        let before = events(&app).await;
        let once = browsers[0].submit(function, fields).await;
        let done = events(&app).await;
        let twice = browsers[1].submit_twice(function, fields).await;
        assert_same(&twice, function);
        assert_eq!(location(&once), location(&twice[0]), "{function}");
        assert_eq!(events(&app).await - done, done - before, "{function}");
    }
    let mut mails = app.read_mails().await;
    let of_one = mails.len() / 2;
    mails.retain(|mail| mail.ends_with(ADDRESSES[1]));
    // One mail of the change went to the new address.
    assert!(mails.len() <= of_one, "{mails:?}");
    signed_out_forms(&app).await;
}

async fn signed_out_forms(app: &TestApp) {
    app.user("ann@example.org").await;
    let good = [("email", "ann@example.org"), ("password", PASSWORD)];
    let wrong = [("email", "ann@example.org"), ("password", "wrong")];
    let email = [("email", "ann@example.org")];
    for (function, fields) in [
        ("sign_in", &good[..]),
        ("sign_in", &wrong),
        ("forgot_password", &email),
        ("resend_verification", &email),
    ] {
        let before = events(app).await;
        Browser::new(app).submit(function, fields).await.expect(303);
        let done = events(app).await;
        let twice = Browser::new(app).submit_twice(function, fields).await;
        assert_same(&twice, function);
        assert_eq!(events(app).await - done, done - before, "{function}");
    }
    app.read_mails().await;
    forms_behind_links(app).await;
    let token = app.reset_token("ann@example.org").await;
    let mut browser = Browser::new(app);
    browser
        .open(&format!("/reset-password?token={token}"))
        .await;
    let fields = [("new_password", NEW_PASSWORD)];
    let twice = browser.submit_twice("reset_password", &fields).await;
    assert_same(&twice, "reset_password");
    assert_eq!(location(&twice[0]), "/login");
    let good = [("email", "ann@example.org"), ("password", NEW_PASSWORD)];
    browser.submit("sign_in", &good).await;
    let twice = browser.submit_twice("sign_out", &[]).await;
    assert_same(&twice, "sign_out");
    assert_eq!(location(&twice[0]), "/login");
    assert!(!is_signed_in(&mut browser).await);
    app.read_mails().await;
}

/// Those that send another mail, where a link does not work any more or its holder does not know
/// the password.
async fn forms_behind_links(app: &TestApp) {
    let (_, mail) = app.register("cyd@example.org").await;
    let verify = format!("/verify-email?token={}", mail.token.unwrap());
    let reset = app.reset_token("cyd@example.org").await;
    let reset = format!("/reset-password?token={reset}");
    for (page, function, kind) in [
        (&verify, "reset_by_verify_link", "reset_password"),
        (&reset, "send_new_reset_link", "reset_password"),
        (&verify, "resend_by_link", "verify_email"),
    ] {
        let mut browser = Browser::new(app);
        browser.open(page).await.expect(303);
        let twice = browser.submit_twice(function, &[]).await;
        assert_same(&twice, function);
        let expected = format!("{kind} to cyd@example.org");
        assert_eq!(app.read_mails().await, [expected], "{function}");
    }
}

async fn a_form_whose_answer_was_lost_is_answered_again(app: TestApp) {
    let nonce = new_nonce();
    let fields = anns_form(&nonce);
    let mut lost = Browser::new(&app);
    let first = lost.submit_just("register", &fields).await;
    // Nothing of it came to the browser.
    let mut browser = Browser::new(&app);
    let second = browser.submit_just("register", &fields).await;
    assert_same(&[first, second], "register");
    assert!(is_signed_in(&mut browser).await);
    assert_eq!(app.count("users").await, "1");
    app.read_mails().await;
}

async fn a_form_that_was_changed_and_sent_again_is_a_new_one(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let nonce = new_nonce();
    for name in ["Anna", "Anne"] {
        let fields = [("form_nonce", nonce.as_str()), ("first_name", name)];
        gives!(browser.submits("update_profile", &fields) => "/account/profile");
        let page = open_page(&mut browser, "/account/profile").await;
        assert!(
            page.contains(&format!("value=\"{name}\"")),
            "{name}: {page}"
        );
    }
}

async fn a_form_is_remembered_for_a_minute(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let mut browser = Browser::new(&app);
    let nonce = new_nonce();
    let fields = [("form_nonce", nonce.as_str()), ("email", "ann@example.org")];
    for (wait, mails) in [(0, 1), (59, 0), (1, 1)] {
        app.advance(Duration::seconds(wait));
        let answer = browser.submit_just("forgot_password", &fields).await;
        assert_eq!(location(&answer), "/forgot-password");
        assert_eq!(
            app.read_mails().await.len(),
            mails,
            "after {wait} seconds more"
        );
    }
}

async fn what_a_form_came_to_is_for_the_browser_that_sent_it(app: TestApp) {
    app.verified_user("ann@example.org").await;
    app.verified_user("bob@example.org").await;
    let nonce = new_nonce();
    let fields = anns_form(&nonce);
    let mut browser = Browser::new(&app);
    browser.submit_just("sign_in", &fields).await.expect(303);
    let cookie = browser.cookie(SESSION_COOKIE).unwrap().to_owned();
    // Another browser, which is signed in: it is not given the session of the first one.
    let mut other = signed_in_browser(&app, "bob@example.org").await;
    other.submit_just("sign_in", &fields).await.expect(303);
    assert_ne!(other.cookie(SESSION_COOKIE), Some(cookie.as_str()));
    // The first one is, also after it has got it.
    browser.submit_just("sign_in", &fields).await.expect(303);
    assert_eq!(browser.cookie(SESSION_COOKIE), Some(cookie.as_str()));
    app.read_mails().await;
}

async fn a_user_who_signed_out_and_goes_back_signs_in_anew(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let mut browser = Browser::new(&app);
    let nonce = new_nonce();
    let fields = anns_form(&nonce);
    for _ in 0..2 {
        // The page is the one that the browser kept.
        browser.submit_just("sign_in", &fields).await.expect(303);
        assert!(is_signed_in(&mut browser).await);
        browser.submit("sign_out", &[]).await.expect(303);
        assert!(!is_signed_in(&mut browser).await);
    }
    app.read_mails().await;
}

async fn a_download_that_is_asked_for_twice_is_notified_once(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let page = open_page(&mut browser, "/account/activity").await;
    let (account, nonce) = (hidden(&page, "account").unwrap(), new_nonce());
    let fields = [("account", &*account), ("form_nonce", &nonce)];
    for _ in 0..2 {
        let answer = browser.download_with(&fields).await.expect(200);
        assert_eq!(answer.json()["user"]["email"], "ann@example.org");
    }
    assert_eq!(app.read_mails().await, ["data_exported to ann@example.org"]);
}

async fn every_form_of_every_page_has_a_nonce_of_its_own(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let mut stranger = Browser::new(&app);
    let mut pages = Vec::new();
    for path in [
        "/login",
        "/register",
        "/forgot-password",
        "/verify-email",
        "/reset-password",
    ] {
        pages.push(open_page(&mut stranger, path).await);
    }
    for path in [
        "",
        "/profile",
        "/email",
        "/password",
        "/sessions",
        "/activity",
        "/delete",
    ] {
        let page = open_page(&mut browser, &format!("/account{path}")).await;
        let forms = page.matches("<form ").count();
        assert_eq!(page.matches("name=\"account\"").count(), forms, "{page}");
        pages.push(page);
    }
    let mut nonces = Vec::new();
    for page in &pages {
        let forms = page.matches("<form ").count();
        let of_page: Vec<&str> = page
            .split("name=\"form_nonce\" value=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        assert_eq!(of_page.len(), forms, "{page}");
        nonces.extend(of_page);
    }
    assert!(nonces.iter().all(|nonce| nonce.len() >= 22), "{nonces:?}");
    let count = nonces.len();
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), count);
}

async fn what_is_remembered_goes_with_the_cleanup(app: TestApp) {
    let mut browser = Browser::new(&app);
    let fields = [("email", "nobody@example.org")];
    browser.submit("forgot_password", &fields).await.expect(303);
    assert_eq!(app.count("form_submissions").await, "1");
    // Neither who it was nor what it came to can be read there.
    let row = app
        .text("select form_key || coalesce(answer, '') from form_submissions")
        .await;
    assert!(!row.contains("nobody") && !row.contains("forgot"), "{row}");
    let retention = vestibule_core::Retention::default();
    assert_eq!(app.clean_up(&retention).await.form_submissions, 0);
    app.advance(Duration::seconds(61));
    assert_eq!(app.clean_up(&retention).await.form_submissions, 1);
    assert_eq!(app.count("form_submissions").await, "0");
}
