//! `POST /register`

use serde_json::json;
use vestibule_core::mail::MailKind;

use crate::support::{
    Browser, PASSWORD, PUBLIC_URL, SESSION_COOKIE, SignedIn, TestApp, assert_has, is_signed_in,
    on_every_database, privately, signed_in_browser, tokens_of_ann_but,
};

on_every_database! {
    a_new_user_is_signed_in_and_welcomed,
    a_taken_address_is_notified_whatever_its_spelling,
    every_invalid_field_is_named,
    passwords_are_judged_by_length_strength_and_the_list,
    names_are_trimmed,
    in_private_mode_new_and_taken_are_answered_alike with privately,
    in_private_mode_only_a_proved_mailbox_signs_in with privately,
    private_mode_lets_nobody_stay_whose_mailbox_is_not_proved,
    in_private_mode_a_body_that_breaks_a_rule_is_refused with privately,
    registering_a_deleted_account_again_says_how_to_restore_it,
    in_private_mode_a_deleted_account_gets_the_link_that_restores_it with privately,
}

/// They signed in while registration was open, and would show by it that the address is theirs.
async fn private_mode_lets_nobody_stay_whose_mailbox_is_not_proved(app: TestApp) {
    let proved = app.verified_user("bob@example.org").await;
    let (ann, welcome) = app.register("ann@example.org").await;
    let browser = signed_in_browser(&app, "ann@example.org").await;
    let cookie = browser.cookie(SESSION_COOKIE).unwrap();
    let private = TestApp::start(app.database.clone(), privately, 43).await;
    assert!(private.accepts(&proved.access_token).await);
    let mut browser = Browser::new(&private);
    browser.set_cookie(SESSION_COOKIE, cookie);
    assert!(!private.accepts(&ann.access_token).await);
    assert!(!is_signed_in(&mut browser).await);
    expect!(private.refresh(&ann.refresh_token) => 401, "invalid_refresh_token");
    // Until it is proved.
    private.verify(&welcome.token.unwrap()).await.expect(200);
    assert!(private.accepts(&ann.access_token).await);
    private.finish().await;
}

async fn a_new_user_is_signed_in_and_welcomed(app: TestApp) {
    let body = json!({ "email": "Ann@Example.org", "password": PASSWORD, "first_name": "Ann", "last_name": "Lee" });
    let answer = app.post("/register").json(&body).await.expect(201);
    assert_eq!(answer.header("cache-control"), "no-store");
    let expected = tokens_of_ann_but(&json!({ "email": "Ann@example.org", "last_name": "Lee" }));
    assert_eq!(answer.redacted(), expected);
    let ann = SignedIn::from_body(&answer.json());
    assert!(app.accepts(&ann.access_token).await);

    let mail = app.mail_about(MailKind::Welcome, "Ann@example.org").await;
    assert_eq!(mail.page(), "/verify-email");
    assert!(mail.text.contains(&mail.link), "{}", mail.text);
    assert!(mail.code.is_some_and(|code| code.len() == 6));
}

async fn a_taken_address_is_notified_whatever_its_spelling(app: TestApp) {
    app.user("ann.lee@xn--bcher-kva.example").await;
    let before = app.rows().await;
    for email in [
        "ann.lee@xn--bcher-kva.example",
        " Ann.Lee@BÜCHER.example ",
        "ann.lee@bu\u{308}cher.example",
    ] {
        expect!(app.registration(email, "another good password") => 409, "email_taken");
    }
    assert_eq!(app.rows().await, before);
    gives!(app.try_sign_in("ann.lee@bücher.example", PASSWORD) => 200, "the account is as it was");
}

async fn every_invalid_field_is_named(app: TestApp) {
    let body = json!({ "email": "nobody", "password": "short", "first_name": "a\u{202e}b", "last_name": "x".repeat(101) });
    let answer = expect!(app.post("/register").json(&body) => 400, "validation_failed");
    assert_eq!(
        answer.field_errors(),
        [
            "email: invalid_email",
            "password: too_short",
            "first_name: invalid_characters",
            "last_name: too_long"
        ]
    );
    let answer = app.registration("", "").await;
    assert_eq!(
        answer.expect(400).field_errors(),
        ["email: required", "password: required"]
    );
    gives!(app.rows() => "0 users, 0 live sessions, 0 families, 0 + 0 mailed tokens, 0 mails");
}

async fn passwords_are_judged_by_length_strength_and_the_list(app: TestApp) {
    for (password, code) in [
        ("r9$kQz!", "too_short"),
        ("password1", "too_common"),
        ("               ", "too_weak"),
        ("zoe.tester2026", "too_weak"),
        ("Vestibule!1", "too_weak"),
        (&"ü".repeat(513), "too_long"),
    ] {
        invalid!(app.registration("zoe.tester@example.org", password) => [format!("password: {code}")], "{password}");
    }
    // 64 code points of four bytes each.
    let emoji: String = (0..64)
        .filter_map(|number| char::from_u32(0x1F400 + number * 37 % 64))
        .collect();
    let passwords = [
        "ymrqvztikp",
        "8264910573628194",
        "correct horse battery",
        &emoji,
    ];
    for (number, password) in passwords.into_iter().enumerate() {
        let email = format!("user-{number}@example.org");
        let answer = app.registration(&email, password).await;
        assert_eq!(answer.status, 201, "{password}: {answer:?}");
        assert_eq!(app.try_sign_in(&email, password).await, 200, "{password}");
        gives!(app.try_sign_in(&email, &format!("{password} ")) => 401, "{password} and a space");
        app.mail_to(&email).await;
    }
}

async fn names_are_trimmed(app: TestApp) {
    let body = json!({ "email": "ann@example.org", "password": PASSWORD, "first_name": "  Zoë ", "last_name": "  " });
    let answer = app.post("/register").json(&body).await.expect(201).json();
    assert_eq!(
        (&answer["user"]["first_name"], &answer["user"]["last_name"]),
        (&json!("Zoë"), &json!(null))
    );
    assert!(app.mail_to("ann@example.org").await.text.contains("Zoë"));
}

async fn in_private_mode_new_and_taken_are_answered_alike(app: TestApp) {
    let new = expect!(app.registration("ann@example.org", PASSWORD) => 202);
    assert_eq!(new.json(), json!({ "message": "Check your inbox." }));
    app.mail_about(MailKind::Welcome, "ann@example.org").await;

    let taken = app
        .registration("ANN@example.org", "another good password")
        .await;
    assert_eq!((taken.status, &taken.body), (new.status, &new.body));
    assert!(
        taken.headers.keys().eq(new.headers.keys()),
        "{taken:?} and {new:?}"
    );
    let mail = app.mail_to("ann@example.org").await;
    assert_eq!((mail.kind, mail.token), (MailKind::AlreadyRegistered, None));
    assert_eq!(mail.link, format!("{PUBLIC_URL}/login"));

    gives!(app.rows() => "1 users, 0 live sessions, 0 families, 1 + 0 mailed tokens, 2 mails");
}

async fn in_private_mode_only_a_proved_mailbox_signs_in(app: TestApp) {
    expect!(app.registration("ann@example.org", PASSWORD) => 202);
    let welcome = app.mail_to("ann@example.org").await;
    // Otherwise an attacker could register an address and see by signing in whether it had an
    // account.
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 401);
    expect!(app.verify(welcome.token.as_deref().unwrap()) => 200);
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);

    expect!(app.registration("ann@example.org", "another good password") => 202);
    app.mail_about(MailKind::AlreadyRegistered, "ann@example.org")
        .await;
    gives!(app.try_sign_in("ann@example.org", "another good password") => 401);
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
}

async fn in_private_mode_a_body_that_breaks_a_rule_is_refused(app: TestApp) {
    invalid!(app.registration("ann@example.org", "short") => ["password: too_short"]);
}

/// Registration and sign-in do not send people to each other.
async fn registering_a_deleted_account_again_says_how_to_restore_it(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.undo_token(&ann).await;
    let fields = [("email", "ann@example.org"), ("password", PASSWORD)];
    let mut browser = Browser::new(&app);
    for (form, page, text) in [
        (
            "register",
            "/register",
            "sends you the link that restores it",
        ),
        ("sign_in", "/login", "you get the link that restores it"),
    ] {
        browser.submit(form, &fields).await;
        assert_has(&browser.open(page).await.text(), &[text]);
    }
    browser.submit("forgot_password", &fields[..1]).await;
    app.mail_about(MailKind::DeletionScheduled, "ann@example.org")
        .await;
}

async fn in_private_mode_a_deleted_account_gets_the_link_that_restores_it(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.undo_token(&ann).await;
    expect!(app.registration("ann@example.org", PASSWORD) => 202);
    let mail = app.mail_to("ann@example.org").await;
    assert_eq!(mail.kind, MailKind::DeletionScheduled);
    let restored = app.undo(&mail.token.unwrap()).await;
    assert_eq!(restored, Ok("ann@example.org".to_owned()));
    app.read_mails().await;
}
