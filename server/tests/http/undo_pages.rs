//! A change of the address and the deletion of the account on the pages,
//! and their undo links.

use time::Duration;
use vestibule_core::mail::MailKind;

use crate::support::{
    Browser, Mail, PASSWORD, TestApp, WRONG, assert_field_error, assert_has, assert_has_not,
    browser_of_new_user, location, on_any_database, open_page as page, signed_in_browser,
};

on_any_database! {
    an_address_is_changed_once_the_new_one_agrees,
    a_waiting_change_is_cancelled,
    a_new_address_that_breaks_a_rule_is_reported_at_its_field,
    a_change_of_the_address_wants_a_fresh_password,
    an_address_that_was_not_confirmed_gets_no_promises,
    a_taken_back_address_leads_to_a_new_password,
    a_link_back_that_is_dead_says_what_to_do,
    an_account_is_deleted_and_restored,
    a_deletion_is_refused_without_its_box_or_password,
    a_restore_link_that_is_dead_says_what_to_do,
    a_restore_link_that_a_newer_mail_replaced_leads_to_that,
}

/// Longer than a given password counts.
const STALE: Duration = Duration::minutes(11);

async fn an_address_is_changed_once_the_new_one_agrees(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let mail = ask_for_another_address(&app, &mut browser).await;
    gives!(browser.opens(mail.path()) => "/verify-email");
    let asked = page(&mut browser, "/verify-email").await;
    assert_has(&asked, &["Use this address", "ann@new.example"]);
    hides!(&asked => "name=\"password\"", mail.token.as_deref().unwrap());
    gives!(browser.submits("verify_email", &[]) => "/account");
    let after = page(&mut browser, "/account").await;
    let parts = [
        "ann@new.example",
        "Your email address was changed.",
        "We have told the former address.",
    ];
    assert_has(&after, &parts);
    assert_has_not(&after, &["ann@example.org"]);
    assert_eq!(app.read_mails().await, ["email_changed to ann@example.org"]);
    assert_eq!(app.try_sign_in("ann@new.example", PASSWORD).await, 200);
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 401);
}

/// Ann asks for another address: the mail that goes there.
async fn change_mail(app: &TestApp, browser: &mut Browser, new_email: &str) -> Mail {
    browser
        .submit("change_email", &[("new_email", new_email)])
        .await;
    app.mail_to("ann@example.org").await;
    app.mail_to(new_email).await
}

/// The mail to the other address, which is `ann@new.example`.
async fn ask_for_another_address(app: &TestApp, browser: &mut Browser) -> Mail {
    let before = page(browser, "/account/email").await;
    let parts = [
        "name=\"new_email\"",
        "autocomplete=\"email\"",
        "Confirmed",
        "within 72 hours",
    ];
    assert_has(&before, &parts);
    hides!(&before => "name=\"current_password\"", "A change is waiting");

    let fields = [("new_email", "ann@new.example")];
    gives!(browser.submits("change_email", &fields) => "/account/email");
    let waiting = page(browser, "/account/email").await;
    let parts = [
        "role=\"status\"",
        "A change is waiting",
        "ann@new.example",
        // The owner of a taken address gets another mail,
        // and an address that had many gets none.
        "If the new address can be used",
        "unless it has had several",
        "25 November 2026",
        "ann@example.org",
    ];
    assert_has(&waiting, &parts);
    app.mail_about(MailKind::EmailChangeRequested, "ann@example.org")
        .await;
    let mail = app.mail_to("ann@new.example").await;
    assert_eq!(mail.kind, MailKind::ConfirmNewEmail);
    mail
}

async fn a_waiting_change_is_cancelled(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let mail = change_mail(&app, &mut browser, "ann@new.example").await;
    gives!(browser.submits("cancel_email_change", &[]) => "/account/email");
    let after = page(&mut browser, "/account/email").await;
    assert_has(&after, &["role=\"status\"", "The change was cancelled."]);
    assert_has_not(&after, &["A change is waiting"]);

    browser.open(mail.path()).await;
    gives!(browser.submits("verify_email", &[]) => "/verify-email");
    let after = page(&mut browser, "/account/email").await;
    assert_has(&after, &["ann@example.org"]);
    assert_has_not(&after, &["ann@new.example"]);
    // Cancelling what is not there is no error.
    gives!(browser.submits("cancel_email_change", &[]) => "/account/email");
}

async fn a_new_address_that_breaks_a_rule_is_reported_at_its_field(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    for bad in ["", "ann", "ann@EXAMPLE.org", "\"><script>alert(1)</script>"] {
        let answer = browser.submit("change_email", &[("new_email", bad)]).await;
        let page = assert_field_error(&mut browser, &answer, "/account/email", "new_email").await;
        assert_has_not(&page, &["<script>alert", "A change is waiting"]);
    }
    let umlaut = [("new_email", "\u{e4}nn@example.org")];
    let answer = browser.submit("change_email", &umlaut).await;
    let page = assert_field_error(&mut browser, &answer, "/account/email", "new_email").await;
    assert_has(&page, &["it cannot have umlauts or accents"]);
    let answer = browser
        .submit("change_email", &[("new_email", "ann@")])
        .await;
    let page = assert_field_error(&mut browser, &answer, "/account/email", "new_email").await;
    assert_has(&page, &["value=\"ann@\""]);
    assert!(app.read_mails().await.is_empty());
}

async fn a_change_of_the_address_wants_a_fresh_password(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    app.advance(STALE);
    let asked = page(&mut browser, "/account/email").await;
    shows!(&asked => "name=\"current_password\"", "autocomplete=\"username\"");
    for password in ["", WRONG] {
        let fields = [
            ("new_email", "ann@new.example"),
            ("current_password", password),
        ];
        let answer = browser.submit("change_email", &fields).await;
        let page =
            assert_field_error(&mut browser, &answer, "/account/email", "current_password").await;
        assert_has(&page, &["value=\"ann@new.example\""]);
        assert_has_not(&page, &[WRONG, "A change is waiting"]);
    }
    assert!(app.read_mails().await.is_empty());
    let fields = [
        ("new_email", "ann@new.example"),
        ("current_password", PASSWORD),
    ];
    browser.submit("change_email", &fields).await;
    let after = page(&mut browser, "/account/email").await;
    assert_has(&after, &["A change is waiting"]);
    // It was given a moment ago.
    assert_has_not(&after, &["name=\"current_password\""]);
    assert_eq!(app.read_mails().await.len(), 2);
}

/// No mail reports a change to an address that may be a stranger's, so no page says so.
async fn an_address_that_was_not_confirmed_gets_no_promises(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    let promises = ["within 72 hours", "72 Stunden lang"];
    for language in ["en", "de"] {
        browser.set_cookie("__Host-language", language);
        assert_has_not(&page(&mut browser, "/account/email").await, &promises);
    }
    browser.set_cookie("__Host-language", "en");
    let mail = change_mail(&app, &mut browser, "ann@new.example").await;
    browser.open(mail.path()).await;
    browser.submit("verify_email", &[]).await;
    assert!(app.read_mails().await.is_empty());
    let after = page(&mut browser, "/account").await;
    assert_has(&after, &["Your email address was changed."]);
    assert_has_not(&after, &["We have told the former address", promises[0]]);
    // In the history nobody knows any more how the former address stood.
    assert_has(
        &page(&mut browser, "/account/activity").await,
        &["the former address was confirmed, we sent a mail there"],
    );
}

async fn a_taken_back_address_leads_to_a_new_password(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let mut thief = signed_in_browser(&app, "ann@example.org").await;
    let mail = change_mail(&app, &mut thief, "eve@example.net").await;
    thief.open(mail.path()).await;
    thief.submit("verify_email", &[]).await;
    let mail = app.mail_to("ann@example.org").await;
    assert_eq!(mail.kind, MailKind::EmailChanged);

    let mut browser = Browser::new(&app);
    gives!(browser.opens(mail.path()) => "/revert-email");
    let asked = page(&mut browser, "/revert-email").await;
    assert_has(&asked, &["ann@example.org"]);
    assert_has_not(&asked, &[mail.token.as_deref().unwrap(), "eve@example.net"]);
    gives!(browser.submits("revert_email", &[]) => "/forgot-password");
    let next = page(&mut browser, "/forgot-password").await;
    shows!(&next => "You have your address back.", "value=\"ann@example.org\"");
    assert!(!app.accepts(&ann.access_token).await);
    assert_eq!(thief.open("/account").await.status, 303);
    assert_eq!(
        app.read_mails().await,
        [
            "email_reverted to ann@example.org",
            "email_taken_back to eve@example.net"
        ]
    );
}

async fn a_link_back_that_is_dead_says_what_to_do(app: TestApp) {
    let mut browser = Browser::new(&app);
    for path in ["/revert-email", "/revert-email?token=nonsense"] {
        let answer = browser.open(path).await;
        if path.contains('?') {
            assert_eq!(location(&answer), "/revert-email");
        }
        let dead = page(&mut browser, "/revert-email").await;
        shows!(&dead => "no longer works", "href=\"/forgot-password\"", "72 hours");
        assert_has_not(&dead, &["revert_email"]);
    }
    for (function, path) in [
        ("revert_email", "/revert-email"),
        ("restore_account", "/restore-account"),
        ("reset_password", "/reset-password"),
    ] {
        gives!(browser.submits(function, &[]) => path);
        let dead = page(&mut browser, path).await;
        shows!(&dead => "no longer works", "role=\"alert\"", "<title>Error: ");
    }
}

async fn an_account_is_deleted_and_restored(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let asked = page(&mut browser, "/account/delete").await;
    shows!(&asked => "14 days", "name=\"confirm\"", "type=\"checkbox\"");
    assert_has_not(&asked, &["name=\"current_password\""]);
    gives!(browser.submits("delete_account", &[("confirm", "on")]) => "/login");
    assert_eq!(browser.cookie("__Host-sid"), None);
    let login = page(&mut browser, "/login").await;
    let time = "<time datetime=\"2026-12-08T08:30:";
    assert_has(&login, &["role=\"status\"", time, ">8 December 2026"]);
    assert!(!app.accepts(&ann.access_token).await);
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 401);

    let mail = app.mail_to("ann@example.org").await;
    assert_eq!(mail.kind, MailKind::DeletionScheduled);
    let mut elsewhere = Browser::new(&app);
    gives!(elsewhere.opens(mail.path()) => "/restore-account");
    let asked = page(&mut elsewhere, "/restore-account").await;
    assert_has(&asked, &["ann@example.org", time, ">8 December 2026"]);
    assert_has_not(&asked, &[mail.token.as_deref().unwrap()]);
    gives!(elsewhere.submits("restore_account", &[]) => "/login");
    let login = page(&mut elsewhere, "/login").await;
    shows!(&login => "Your account stays.", "value=\"ann@example.org\"");
    assert_eq!(
        elsewhere.open("/account").await.status,
        303,
        "it signs nobody in"
    );
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
    gives!(app.read_mails() => ["deletion_cancelled to ann@example.org"]);

    elsewhere.open(mail.path()).await;
    let dead = page(&mut elsewhere, "/restore-account").await;
    assert_has(&dead, &["no longer works"]);
}

async fn a_deletion_is_refused_without_its_box_or_password(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    let answer = browser.submit("delete_account", &[]).await;
    assert_field_error(&mut browser, &answer, "/account/delete", "confirm").await;

    app.advance(STALE);
    for password in ["", WRONG] {
        let fields = [("confirm", "on"), ("current_password", password)];
        let answer = browser.submit("delete_account", &fields).await;
        let page =
            assert_field_error(&mut browser, &answer, "/account/delete", "current_password").await;
        assert_has_not(&page, &[WRONG, "id=\"confirm-error\""]);
    }
    assert!(
        app.accepts(&app.sign_in("ann@example.org").await.access_token)
            .await
    );
    assert!(app.read_mails().await.is_empty());

    let fields = [("confirm", "on"), ("current_password", PASSWORD)];
    gives!(browser.submits("delete_account", &fields) => "/login");
    gives!(app.read_mails() => ["deletion_scheduled to ann@example.org"]);
    assert!(!app.accepts(&ann.access_token).await);
}

async fn a_restore_link_that_is_dead_says_what_to_do(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    browser.submit("delete_account", &[("confirm", "on")]).await;
    let mail = app.mail_to("ann@example.org").await;
    app.advance(Duration::days(15));
    for path in [mail.path(), "/restore-account?token=", "/restore-account"] {
        let mut browser = Browser::new(&app);
        browser.open(path).await;
        let dead = page(&mut browser, "/restore-account").await;
        shows!(&dead => "no longer works", "href=\"/login\"", "href=\"/register\"");
        assert_has_not(&dead, &["ann@example.org", "restore_account"]);
        gives!(browser.submits("restore_account", &[]) => "/restore-account");
    }
}

async fn a_restore_link_that_a_newer_mail_replaced_leads_to_that(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    browser.submit("delete_account", &[("confirm", "on")]).await;
    let old = app.mail_to("ann@example.org").await;
    let mut browser = Browser::new(&app);
    let again = [("email", "ann@example.org")];
    browser.submit("forgot_password", &again).await;
    let new = app.mail_to("ann@example.org").await;
    assert_eq!(new.kind, MailKind::DeletionScheduled);
    browser.open(old.path()).await;
    for (language, text) in [
        ("en", "a newer mail has replaced this link"),
        ("de", "eine neuere E-Mail hat diesen Link ersetzt"),
    ] {
        browser.set_cookie("__Host-language", language);
        let dead = page(&mut browser, "/restore-account").await;
        assert_has(&dead, &[text, "href=\"/forgot-password\""]);
    }
    browser.open(new.path()).await;
    gives!(browser.submits("restore_account", &[]) => "/login");
    app.read_mails().await;
}
