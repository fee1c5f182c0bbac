//! The hosted pages and their forms, as a browser without JavaScript has them. The cookie of the
//! session is in `session_cookie.rs`.

use http::Method;

use crate::support::{
    Answer, Browser, NEW_PASSWORD, PASSWORD, PUBLIC_URL, SESSION_COOKIE, TestApp, address,
    assert_has, assert_has_not, browser_of_new_user, is_signed_in, location, on_any_database,
    sign_in, signed_in_browser,
};

on_any_database! {
    every_page_is_there_for_end_users,
    scripts_come_where_they_have_something_to_do,
    where_a_visitor_wants_to_go_is_carried_along,
    a_visitor_registers_and_signs_out,
    a_refused_sign_in_is_reported_once_and_keeps_the_address,
    only_paths_of_the_portal_are_returned_to,
    mailed_links_change_nothing_before_the_button,
    a_forgotten_password_is_reset,
}

async fn every_page_is_there_for_end_users(app: TestApp) {
    for (path, fields) in [
        ("/login", vec!["email", "password"]),
        (
            "/register",
            vec!["email", "password", "first_name", "last_name"],
        ),
        ("/verify-email", vec!["email", "code"]),
        ("/forgot-password", vec!["email"]),
    ] {
        let answer = Browser::new(&app).open(path).await.expect(200);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(
            answer.header("set-cookie"),
            "",
            "a visitor gets no session: {path}"
        );
        let page = answer.text();
        assert_has(&page, &["<title>", "<h1"]);
        for field in fields {
            assert!(
                page.contains(&format!("name=\"{field}\"")),
                "{field} on {path}"
            );
        }
    }
    Browser::new(&app).open("/reset-password").await.expect(200);
}

/// What scripts do something with.
const FOR_SCRIPTS: [&str; 6] = [
    "data-required",
    "data-invalid",
    "class=\"reveal\"",
    "class=\"strength\"",
    "autocomplete=\"one-time-code\"",
    "data-locale",
];

const SEEN_SIGNED_IN: [&str; 9] = [
    "/verify-email",
    "/forgot-password",
    "/account",
    "/account/profile",
    "/account/password",
    "/account/sessions",
    "/account/activity",
    "/logout",
    "/revert-email",
];

async fn scripts_come_where_they_have_something_to_do(app: TestApp) {
    let (_, mail) = app.register("ann@example.org").await;
    let reset = app.reset_token("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let mut seen = [0, 0];
    let mut check = |path: &str, page: &str| {
        let mut found = FOR_SCRIPTS.to_vec();
        found.retain(|part| page.contains(part));
        let has_scripts = page.contains("modulepreload");
        assert_eq!(has_scripts, !found.is_empty(), "{path}: {found:?}");
        seen[usize::from(has_scripts)] += 1;
    };
    // Now, and when the password has to be given again.
    for _ in 0..2 {
        for path in SEEN_SIGNED_IN {
            check(path, &browser.open(path).await.expect(200).text());
        }
        app.advance(time::Duration::minutes(11));
    }
    for path in ["/account/email", "/account/delete", "/account/confirm"] {
        check(path, &browser.open(path).await.expect(200).text());
    }
    let mut browser = Browser::new(&app);
    // Its page says until when the account can be restored.
    let eve = app.user("eve@example.org").await;
    let undo = app.undo_token(&eve).await;
    for link in [
        format!("/restore-account?token={undo}"),
        format!("/reset-password?token={reset}"),
        mail.link.replacen(PUBLIC_URL, "", 1),
    ] {
        browser.open(&link).await;
    }
    for path in [
        "/login",
        "/register",
        "/reset-password",
        "/verify-email",
        "/restore-account",
    ] {
        check(path, &browser.open(path).await.expect(200).text());
    }
    check(
        "/nowhere",
        &browser.open("/nowhere").await.expect(404).text(),
    );
    assert!(seen[0] > 5 && seen[1] > 10, "{seen:?}");
}

async fn where_a_visitor_wants_to_go_is_carried_along(app: TestApp) {
    const GOAL: &str = "return_to=/account/profile";
    app.user("ann@example.org").await;
    let mut browser = Browser::new(&app);
    let taken = [
        ("email", "ann@example.org"),
        ("password", NEW_PASSWORD),
        ("return_to", "/account/profile"),
    ];
    let answer = browser.submit("register", &taken).await;
    let page = browser.open(location(&answer)).await.expect(200).text();
    for link in ["/login", "/forgot-password"] {
        let link = format!("href=\"{link}?{GOAL}\"");
        assert!(page.contains(&link), "{link} in {page}");
    }
    // A throttled sign-in.
    let page = loop {
        let answer = browser.submit("sign_in", &taken).await;
        let page = browser.open(location(&answer)).await.expect(200).text();
        if page.contains("data-seconds") {
            break page;
        }
    };
    let (_, summary) = page.split_once("role=\"alert\"").unwrap();
    let (summary, _) = summary.split_once("</div>").unwrap();
    let link = format!("href=\"/forgot-password?{GOAL}\"");
    assert!(summary.contains(&link), "{summary}");
}

async fn a_visitor_registers_and_signs_out(app: TestApp) {
    let mut browser = Browser::new(&app);
    let fields = [
        ("email", "ann@example.org"),
        ("password", PASSWORD),
        ("first_name", "Ann"),
        ("last_name", ""),
    ];
    gives!(browser.submits("register", &fields) => "/verify-email");
    assert!(
        expect!(browser.open("/account") => 200)
            .text()
            .contains("ann@example.org")
    );
    let code = app.mail_to("ann@example.org").await.code.unwrap();
    let answer = browser
        .submit(
            "verify_email",
            &[("email", "ann@example.org"), ("code", &code)],
        )
        .await;
    assert_eq!(location(&answer), "/account");

    let cookie = browser.cookie(SESSION_COOKIE).unwrap().to_owned();
    gives!(browser.submits("sign_out", &[]) => "/login");
    assert_eq!(browser.cookie(SESSION_COOKIE), None);
    assert!(!is_signed_in(&mut browser).await);
    browser.set_cookie(SESSION_COOKIE, &cookie);
    assert!(
        !is_signed_in(&mut browser).await,
        "the cookie is dead on the server"
    );
}

async fn a_refused_sign_in_is_reported_once_and_keeps_the_address(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = Browser::new(&app);
    let answer = sign_in(&mut browser, "ann@example.org", "not the password").await;
    assert_eq!(
        location(&answer),
        "/login",
        "nothing of it is in the address bar"
    );
    assert_eq!(browser.cookie(SESSION_COOKIE), None);
    let page = browser.open("/login").await.expect(200).text();
    assert!(page.contains("value=\"ann@example.org\""), "{page}");
    assert!(!page.contains("not the password"), "{page}");
    let has_alert = |page: &str| page.contains("role=\"alert\"");
    assert!(has_alert(&page), "{page}");
    assert!(
        !has_alert(&browser.open("/login").await.text()),
        "shown once"
    );
    for (email, password) in [("nobody@example.org", PASSWORD), ("", ""), ("x\r\ny", "z")] {
        assert_eq!(
            location(&sign_in(&mut browser, email, password).await),
            "/login"
        );
        assert_eq!(browser.cookie(SESSION_COOKIE), None);
    }
}

async fn only_paths_of_the_portal_are_returned_to(app: TestApp) {
    app.user("ann@example.org").await;
    for return_to in [
        "/account/password",
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
        "/\r\nset-cookie: a=b",
        "http:/evil.example",
        "///evil.example",
    ] {
        let fields = [
            ("email", "ann@example.org"),
            ("password", PASSWORD),
            ("return_to", return_to),
        ];
        let answer = Browser::new(&app).submit("sign_in", &fields).await;
        let is_ours = return_to == "/account/password";
        let goal = if is_ours { return_to } else { "/account" };
        assert_eq!(location(&answer), goal, "{return_to:?}");
    }
    app.read_mails().await;
}

/// What a link could change of the accounts.
const ACCOUNTS: &str = "select string_agg(email || is_email_verified || is_active || password_hash, ' ' order by id) from users";

/// A scanner of the mail provider follows every link, and more than once.
async fn mailed_links_change_nothing_before_the_button(app: TestApp) {
    let links = app.mailed_links().await;
    app.read_mails().await;
    let state = async || (app.rows().await, app.text(ACCOUNTS).await);
    let before = state().await;
    for (page, _, token, _) in &links {
        let path = format!("{page}?token={token}");
        for _ in 0..3 {
            let mut scanner = Browser::new(&app);
            gives!(scanner.opens(&path) => *page, "no token stays in the address bar");
            scanner.open(page).await.expect(200);
            app.at(Method::HEAD, &path).await;
        }
    }
    assert!(app.read_mails().await.is_empty());
    assert_eq!(state().await, before);
    // Then each works, also where it was copied with the full stop behind it.
    let fields = [("password", PASSWORD), ("new_password", NEW_PASSWORD)];
    for (page, function, token, _) in &links {
        let mut browser = Browser::new(&app);
        expect!(browser.open(&format!("{page}?token={token}.")) => 303);
        let answer = browser.submit(function, &fields).await;
        assert_ne!(location(&answer), *page, "{answer:?}");
    }
    assert_ne!(state().await, before);
    app.read_mails().await;
}

async fn a_forgotten_password_is_reset(app: TestApp) {
    let mut old = browser_of_new_user(&app, "ann@example.org").await;
    let mut browser = Browser::new(&app);
    for email in ["ann@example.org", "nobody@example.org"] {
        gives!(browser.submits("forgot_password", &[("email", email)]) => "/forgot-password");
    }
    let mail = app.mail_to("ann@example.org").await;
    let path = mail.path();
    gives!(browser.opens(path) => "/reset-password");
    let page = browser.open("/reset-password").await.expect(200).text();
    assert_has(&page, &["name=\"new_password\""]);
    assert_has_not(&page, &[&mail.token.unwrap()]);
    let answer = set_password(&mut browser, "short").await;
    assert_eq!(location(&answer), "/reset-password");
    let answer = set_password(&mut browser, NEW_PASSWORD).await;
    assert_eq!(location(&answer), "/login");
    assert!(!is_signed_in(&mut browser).await, "it signs nobody in");
    assert!(!is_signed_in(&mut old).await, "every session has ended");
    let answer = set_password(&mut browser, NEW_PASSWORD).await;
    assert_eq!(location(&answer), "/reset-password");
    // Further guesses do not keep the owner out of the browser with the new password.
    for number in 0..11 {
        let guess = app.login("ann@example.org", "not the password");
        let answer = guess.from(&address(number)).await;
        assert_eq!(answer.status, if number < 10 { 401 } else { 429 });
    }
    assert_eq!(
        location(&sign_in(&mut browser, "ann@example.org", NEW_PASSWORD).await),
        "/account"
    );
    gives!(app.read_mails() => ["password_changed to ann@example.org"]);
}

async fn set_password(browser: &mut Browser, password: &str) -> Answer {
    let fields = [("new_password", password)];
    browser.submit("reset_password", &fields).await
}
