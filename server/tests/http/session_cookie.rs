//! The cookie of a browser's session: who gets it, when it
//! is replaced and dies, and that the API does not read it.

use http::Method;

use crate::support::{
    Browser, NEW_PASSWORD, PASSWORD, SESSION_COOKIE, TestApp, assert_has, browser_of_new_user,
    is_signed_in, location, on_any_database, sign_in, signed_in_browser,
};

on_any_database! {
    a_changed_password_gets_a_new_cookie_and_ends_the_others,
    a_late_answer_leaves_the_newer_cookie,
    a_made_up_cookie_is_no_session,
    a_byte_that_is_no_text_in_a_neighbours_cookie_signs_nobody_out,
    a_post_to_logout_signs_out,
    the_api_does_not_read_cookies,
}

async fn a_changed_password_gets_a_new_cookie_and_ends_the_others(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let (mut browser, mut other) = (
        signed_in_browser(&app, "ann@example.org").await,
        signed_in_browser(&app, "ann@example.org").await,
    );
    let before = browser.cookie(SESSION_COOKIE).unwrap().to_owned();
    let wrong = [
        ("current_password", "wrong"),
        ("new_password", NEW_PASSWORD),
    ];
    gives!(browser.submits("change_password", &wrong) => "/account/password");
    let right = [
        ("current_password", PASSWORD),
        ("new_password", NEW_PASSWORD),
    ];
    gives!(browser.submits("change_password", &right) => "/account");
    assert_ne!(browser.cookie(SESSION_COOKIE).unwrap(), before);
    assert!(is_signed_in(&mut browser).await);
    let mut thief = Browser::new(&app);
    thief.set_cookie(SESSION_COOKIE, &before);
    assert!(!is_signed_in(&mut thief).await);
    assert!(!is_signed_in(&mut other).await);
    assert!(!app.accepts(&ann.access_token).await);
    gives!(app.read_mails() => ["password_changed to ann@example.org"]);
}

/// A password is rated, and another tab loaded, while the form
/// is under way that changes it: those answers come last.
async fn a_late_answer_leaves_the_newer_cookie(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    let mut late = Browser::new(&app);
    late.set_cookie(SESSION_COOKIE, browser.cookie(SESSION_COOKIE).unwrap());
    let fields = [
        ("current_password", PASSWORD),
        ("new_password", NEW_PASSWORD),
    ];
    browser.submit("change_password", &fields).await.expect(303);
    let rating = [("password", "plum")];
    for answer in [
        late.open("/account").await.expect(303),
        late.submit("password_strength", &rating).await,
        late.submit("sign_in", &[]).await.expect(303),
    ] {
        let cookies = answer.headers.get_all("set-cookie").iter();
        for cookie in cookies {
            assert!(
                !cookie.as_bytes().starts_with(SESSION_COOKIE.as_bytes()),
                "{answer:?}"
            );
        }
    }
    // Signing out removes it.
    let answer = browser.submit("sign_out", &[]).await;
    assert_eq!(browser.cookie(SESSION_COOKIE), None, "{answer:?}");
    app.read_mails().await;
}

async fn a_made_up_cookie_is_no_session(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = Browser::new(&app);
    for value in [
        "x",
        "AAAAAAAAAAAAAAAAAAAAAA",
        "' or 1=1 --",
        "%00",
        "-1",
        &"A".repeat(3000),
    ] {
        browser.set_cookie(SESSION_COOKIE, value);
        assert!(!is_signed_in(&mut browser).await, "{value}");
    }
    // Signing in never adopts an id that was there before.
    browser.set_cookie(SESSION_COOKIE, "AAAAAAAAAAAAAAAAAAAAAA");
    sign_in(&mut browser, "ann@example.org", PASSWORD).await;
    assert_ne!(
        browser.cookie(SESSION_COOKIE).unwrap(),
        "AAAAAAAAAAAAAAAAAAAAAA"
    );
    // A second sign-in gives a new one, and the one before is dead.
    let before = browser.cookie(SESSION_COOKIE).unwrap().to_owned();
    sign_in(&mut browser, "ann@example.org", PASSWORD).await;
    assert_ne!(browser.cookie(SESSION_COOKIE).unwrap(), before);
    browser.set_cookie(SESSION_COOKIE, &before);
    assert!(!is_signed_in(&mut browser).await);
    gives!(app.read_mails() => ["new_device to ann@example.org"], "the second time it is known");
}

async fn a_byte_that_is_no_text_in_a_neighbours_cookie_signs_nobody_out(app: TestApp) {
    let browser = browser_of_new_user(&app, "ann@example.org").await;
    let session = browser.cookie(SESSION_COOKIE).unwrap();
    let session = format!("{SESSION_COOKIE}={session}");
    let german = "__Host-language=de";
    for before in [
        b"shop=M\xfcller; ".as_slice(),
        b"sh\xc3\xb6p=1;",
        b"a\tb=1; ",
    ] {
        let cookies = [before, session.as_bytes(), b"; ", german.as_bytes()].concat();
        for cookies in [&cookies, &[&cookies, b"; x=\xff".as_slice()].concat()] {
            let page = app.at(Method::GET, "/account").header("cookie", cookies);
            let page = page.await.expect(200).text();
            // The choice of a language counts too.
            assert_has(&page, &["lang=\"de\""]);
        }
    }
}

async fn a_post_to_logout_signs_out(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    assert_eq!(location(&browser.post("/logout").await), "/login");
    assert_eq!(browser.cookie(SESSION_COOKIE), None);
    assert!(!is_signed_in(&mut browser).await);
}

async fn the_api_does_not_read_cookies(app: TestApp) {
    let browser = browser_of_new_user(&app, "ann@example.org").await;
    let cookie = format!(
        "{SESSION_COOKIE}={}",
        browser.cookie(SESSION_COOKIE).unwrap()
    );
    expect!(app.get("/me").cookies(&cookie) => 401, "unauthenticated");
    expect!(app.post("/logout-all").cookies(&cookie) => 401, "unauthenticated");
    let value = browser.cookie(SESSION_COOKIE).unwrap();
    expect!(app.get("/me").bearer(value) => 401, "unauthenticated");
    expect!(app.refresh(value) => 401, "invalid_refresh_token");
}
