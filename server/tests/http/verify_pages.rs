//! Confirming an address on the pages: in the browser that registered, and in another one, where a
//! password is wanted. Links that no longer work are in `dead_link_pages.rs`.

use vestibule_core::mail::MailKind;

use crate::support::{
    Browser, PASSWORD, TestApp, WRONG, assert_has, assert_has_not, follow_verify_link as follow,
    location, on_any_database, open_page as page, privately, signed_in_browser,
};

on_any_database! {
    the_notice_is_shown_where_the_visitor_goes_on,
    a_wrong_password_uses_nothing_up,
    a_user_who_does_not_know_the_password_gets_a_mail,
    a_code_in_another_browser_wants_the_password,
    a_change_is_confirmed_in_another_browser,
    a_link_of_another_account_does_not_hide_the_own_code,
    a_notice_is_shown_to_a_visitor_who_is_signed_in_to_another_account,
    a_confirmed_user_has_nothing_left_to_do,
    a_wait_brings_the_scripts_that_count_it_down,
    a_code_form_does_not_reveal_who_has_an_account with privately,
}

async fn is_verified(app: &TestApp, access_token: &str) -> bool {
    app.get("/me").bearer(access_token).await.json()["is_email_verified"] == true
}

async fn the_notice_is_shown_where_the_visitor_goes_on(app: TestApp) {
    const GOAL: &str = "/account/profile?from=app";
    let (ann, mail) = app.register("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    // One button is all that a user who is signed in needs.
    let asked = follow(&mut browser, &mail).await;
    shows!(&asked => "ann@example.org");
    hides!(&asked => "name=\"password\"");
    gives!(browser.submits("verify_email", &[("return_to", GOAL)]) => GOAL);
    assert!(is_verified(&app, &ann.access_token).await);
    let shown = page(&mut browser, GOAL).await;
    assert_has(
        &shown,
        &["role=\"status\"", "Your email address is confirmed."],
    );
}

async fn a_wrong_password_uses_nothing_up(app: TestApp) {
    let (ann, mail) = app.register("ann@example.org").await;
    // Another user's session proves nothing about this account.
    app.user("eve@example.org").await;
    for mut browser in [
        Browser::new(&app),
        signed_in_browser(&app, "eve@example.org").await,
    ] {
        follow(&mut browser, &mail).await;
        for wrong in ["", WRONG] {
            gives!(browser.submits("verify_email", &[("password", wrong)]) => "/verify-email");
            let refused = page(&mut browser, "/verify-email").await;
            let parts = [
                "role=\"alert\"",
                "id=\"password-error\"",
                "href=\"#password\"",
            ];
            assert_has(&refused, &parts);
            assert!(!refused.contains(WRONG), "{refused}");
        }
        assert!(!is_verified(&app, &ann.access_token).await);
    }
    let mut browser = Browser::new(&app);
    let asked = follow(&mut browser, &mail).await;
    let parts = [
        "name=\"password\"",
        "autocomplete=\"current-password\"",
        "autocomplete=\"username\"",
        "ann@example.org",
    ];
    assert_has(&asked, &parts);
    assert!(!asked.contains(mail.token.as_deref().unwrap()), "{asked}");
    let fields = [("password", PASSWORD), ("return_to", "/account/profile")];
    gives!(browser.submits("verify_email", &fields) => "/account/profile");
    page(&mut browser, "/account/profile").await;
    assert!(is_verified(&app, &ann.access_token).await);
    app.read_mails().await;
}

async fn a_user_who_does_not_know_the_password_gets_a_mail(app: TestApp) {
    let (ann, mail) = app.register("ann@example.org").await;
    let mut browser = Browser::new(&app);
    let asked = follow(&mut browser, &mail).await;
    assert!(asked.contains("reset_by_verify_link"), "{asked}");
    gives!(browser.submits("reset_by_verify_link", &[]) => "/forgot-password");
    let sent = page(&mut browser, "/forgot-password").await;
    assert!(sent.contains("role=\"status\""), "{sent}");
    app.mail_about(MailKind::ResetPassword, "ann@example.org")
        .await;
    assert!(!is_verified(&app, &ann.access_token).await);
    // Without a link there is nobody to write to.
    let answer = Browser::new(&app).submit("reset_by_verify_link", &[]).await;
    assert_eq!(location(&answer), "/verify-email");
}

async fn a_code_in_another_browser_wants_the_password(app: TestApp) {
    let (ann, mail) = app.register("ann@example.org").await;
    let code = mail.code.unwrap();
    let mut browser = Browser::new(&app);
    let form = page(&mut browser, "/verify-email").await;
    for name in ["email", "password", "code"] {
        assert!(
            form.contains(&format!("name=\"{name}\"")),
            "{name} in {form}"
        );
    }
    for (password, error) in [("", "password-error"), (WRONG, "The code or the password")] {
        let fields = [
            ("email", "ann@example.org"),
            ("code", code.as_str()),
            ("password", password),
        ];
        gives!(browser.submits("verify_email", &fields) => "/verify-email");
        let refused = page(&mut browser, "/verify-email").await;
        assert!(refused.contains(error), "{refused}");
        assert!(refused.contains("value=\"ann@example.org\""), "{refused}");
        assert!(!is_verified(&app, &ann.access_token).await);
    }
    let fields = [
        ("email", "ann@example.org"),
        ("code", code.as_str()),
        ("password", PASSWORD),
    ];
    gives!(browser.submits("verify_email", &fields) => "/account");
    page(&mut browser, "/account").await;
    assert!(is_verified(&app, &ann.access_token).await);
    app.read_mails().await;

    // The browser that is signed in needs the code alone.
    let (_, mail) = app.register("bob@example.org").await;
    let mut browser = signed_in_browser(&app, "bob@example.org").await;
    let form = page(&mut browser, "/verify-email").await;
    assert!(!form.contains("name=\"password\""), "{form}");
    let code = mail.code.unwrap();
    let fields = [("email", "bob@example.org"), ("code", code.as_str())];
    gives!(browser.submits("verify_email", &fields) => "/account");
}

async fn a_change_is_confirmed_in_another_browser(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let mail = app.change_mail(&ann, "ann@new.example", PASSWORD).await;
    let mut browser = Browser::new(&app);
    let asked = follow(&mut browser, &mail).await;
    let parts = [
        "Use this address",
        "ann@new.example",
        "name=\"password\"",
        "href=\"/forgot-password\"",
    ];
    assert_has(&asked, &parts);
    // The mailbox is not the account's yet: nothing would be mailed there. Nor has the mail a code.
    assert_has_not(&asked, &["reset_by_verify_link", "Enter a code instead"]);
    // Whose mailbox it is says nothing about whose account it is.
    assert!(!asked.contains("ann@example.org"), "{asked}");
    browser.submit("verify_email", &[("password", WRONG)]).await;
    assert_eq!(app.email_of(&ann).await, "ann@example.org");
    gives!(browser.submits("verify_email", &[("password", PASSWORD)]) => "/account");
    let after = page(&mut browser, "/account").await;
    assert!(after.contains("ann@new.example"), "{after}");
    let mails = app.read_mails().await;
    assert!(
        mails.contains(&"email_changed to ann@example.org".to_owned()),
        "{mails:?}"
    );
}

async fn a_link_of_another_account_does_not_hide_the_own_code(app: TestApp) {
    app.user("ann@example.org").await;
    let (_, welcome) = app.register("bob@example.org").await;
    let cyd = app.verified_user("cyd@example.org").await;
    let change = app.change_mail(&cyd, "cyd@new.example", PASSWORD).await;
    for mail in [welcome, change] {
        let mut browser = signed_in_browser(&app, "ann@example.org").await;
        let theirs = follow(&mut browser, &mail).await;
        assert_has(&theirs, &["name=\"password\"", "Enter a code instead"]);
        browser.leave_link("/verify-email");
        let own = page(&mut browser, "/verify-email").await;
        assert_has(&own, &["name=\"code\"", "<bdi>ann@example.org</bdi>"]);
        // Codes are typed in many ways.
        assert_has_not(&own, &["pattern="]);
    }
}

async fn a_notice_is_shown_to_a_visitor_who_is_signed_in_to_another_account(app: TestApp) {
    app.user("ann@example.org").await;
    app.user("bob@example.org").await;
    let token = app.reset_token("bob@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    browser
        .open(&format!("/reset-password?token={token}"))
        .await;
    let fields = [("new_password", "a quite different phrase")];
    gives!(browser.submits("reset_password", &fields) => "/login");
    gives!(browser.opens("/login") => "/account");
    let shown = page(&mut browser, "/account").await;
    let whose = "<bdi class=\"address\">bob@example.org</bdi>";
    shows!(&shown => "role=\"status\"", "Your password was changed.", "This was about", whose);
    hides!(&page(&mut browser, "/account").await => "Your password was changed.");
    // A refusal is the form's, which is not there.
    browser
        .submit("sign_in", &[("email", "bob@example.org")])
        .await;
    gives!(browser.opens("/login") => "/account");
    assert_has_not(&page(&mut browser, "/account").await, &["role=\"alert\""]);
    app.read_mails().await;
}

async fn a_confirmed_user_has_nothing_left_to_do(app: TestApp) {
    let (_, mail) = app.register("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    follow(&mut browser, &mail).await;
    browser.submit("verify_email", &[]).await;
    let done = follow(&mut browser, &mail).await;
    assert_has(&done, &["nothing left to do", "ann@example.org"]);
    let done = page(&mut browser, "/verify-email?return_to=/account/profile").await;
    assert!(done.contains("href=\"/account/profile\""), "{done}");
}

/// In private mode an attacker registers with an address and a password of their own, and tries a
/// code: whether the address was free, so that the password is right, does not show.
async fn a_code_form_does_not_reveal_who_has_an_account(app: TestApp) {
    let taken = "ann@example.org";
    let free = "new@example.org";
    for (email, password) in [(taken, PASSWORD), (taken, WRONG), (free, WRONG)] {
        app.registration(email, password).await.expect(202);
    }
    let mut seen = Vec::new();
    for email in [taken, free] {
        let mut browser = Browser::new(&app);
        let mut answers = Vec::new();
        for _ in 0..12 {
            let fields = [("email", email), ("code", "000000"), ("password", WRONG)];
            gives!(browser.submits("verify_email", &fields) => "/verify-email");
            let page = page(&mut browser, "/verify-email").await;
            let summary = page.split("role=\"alert\"").nth(1).unwrap();
            let summary = summary.split("</div>").next().unwrap();
            answers.push(summary.replace(email, "[email]"));
        }
        seen.push(answers);
    }
    assert!(seen[0][0].contains("The code or the password"), "{seen:?}");
    assert!(seen[0][11].contains("Too many attempts"), "{seen:?}");
    assert_eq!(seen[0], seen[1]);
    app.read_mails().await;
}

/// A page without fields needs no scripts, until it has a waiting time to count down.
async fn a_wait_brings_the_scripts_that_count_it_down(app: TestApp) {
    const PAGE: &str = "/revert-email";
    const SCRIPTS: &str = "modulepreload";
    let mut browser = Browser::new(&app);
    let mut shown = page(&mut browser, PAGE).await;
    for _ in 0..200 {
        if shown.contains("data-seconds") {
            break;
        }
        assert!(!shown.contains(SCRIPTS), "{shown}");
        browser.open(&format!("{PAGE}?token=nonsense")).await;
        browser.submit("revert_email", &[]).await;
        shown = page(&mut browser, PAGE).await;
    }
    assert_has(&shown, &["data-seconds", SCRIPTS, "<leptos-island"]);
    let calm = page(&mut browser, PAGE).await;
    assert!(!calm.contains(SCRIPTS), "{calm}");
}
