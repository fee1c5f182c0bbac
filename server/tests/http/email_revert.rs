//! The mail to the address that an account has left, and the link in it that takes the account back

use time::Duration;
use vestibule::config::Config;
use vestibule_core::mail::MailKind;
use vestibule_mail::MailSettings;

use crate::support::{
    Browser, NEW_PASSWORD, PASSWORD, PUBLIC_URL, TestApp, assert_has, on_every_database,
};

on_every_database! {
    the_link_takes_the_account_back,
    the_link_lives_for_three_days,
    a_thief_who_moves_on_does_not_get_rid_of_the_owner,
    a_thief_who_uses_the_second_link_does_not_get_rid_of_the_owner,
    a_thief_who_deletes_the_account_does_not_get_rid_of_the_owner,
    the_oldest_owner_makes_the_later_links_worthless,
    the_address_that_the_account_left_is_notified with with_support,
    an_address_that_the_account_did_not_leave_is_notified_once,
    an_address_that_was_never_proved_is_not_notified,
    what_a_thief_has_open_is_dead_after_it,
}

const SUPPORT: &str = "help@example.org";

fn with_support(config: &mut Config) {
    let settings = MailSettings::new("Example", "no-reply@example.org", Some(SUPPORT));
    config.mail.settings = settings.unwrap();
}

async fn the_link_takes_the_account_back(app: TestApp) {
    let (ann, thief, token) = app.stolen().await;
    gives!(app.take_back(&token) => Ok("ann@example.org".to_owned()));
    for session in [&ann, &thief] {
        assert!(!app.accepts(&session.access_token).await);
        expect!(app.refresh(&session.refresh_token) => 401, "invalid_refresh_token");
    }
    assert_eq!(app.try_sign_in("thief@example.org", PASSWORD).await, 401);
    app.anns_again("thief@example.org").await;
    assert!(app.read_mails().await.is_empty());
}

async fn the_link_lives_for_three_days(app: TestApp) {
    let (_, _, anns) = app.stolen().await;
    let bob = app.verified_user("bob@example.org").await;
    let bobs = app.move_account(&bob, "bob.new@example.org").await;
    app.advance(Duration::hours(72) - Duration::seconds(1));
    assert!(app.take_back(&anns).await.is_ok());
    app.advance(Duration::seconds(1));
    assert_eq!(app.take_back(&bobs).await, Err("invalid_token"));
    assert_eq!(app.try_sign_in("bob.new@example.org", PASSWORD).await, 200);
    assert_eq!(
        app.read_mails().await,
        [
            "email_reverted to ann@example.org",
            "email_taken_back to thief@example.org"
        ]
    );
}

async fn a_thief_who_moves_on_does_not_get_rid_of_the_owner(app: TestApp) {
    let (_, thief, anns) = app.stolen().await;
    // A new password, a reset over the thief's own mailbox, another address and another one.
    expect!(app.change_password(&thief, PASSWORD, NEW_PASSWORD) => 204);
    app.mail_about(MailKind::PasswordChanged, "thief@example.org")
        .await;
    app.move_account_with(&thief, "hideout@example.org", NEW_PASSWORD)
        .await;
    let reset = app.reset_token("hideout@example.org").await;
    app.reset(&reset, PASSWORD).await.expect(200);
    app.read_mails().await;
    assert_eq!(app.take_back(&anns).await, Ok("ann@example.org".to_owned()));
    assert_eq!(app.try_sign_in("hideout@example.org", PASSWORD).await, 401);
    app.anns_again("hideout@example.org").await;
}

async fn a_thief_who_uses_the_second_link_does_not_get_rid_of_the_owner(app: TestApp) {
    let (_, thief, anns) = app.stolen().await;
    let second = app.move_account(&thief, "hideout@example.org").await;
    gives!(app.take_back(&second) => Ok("thief@example.org".to_owned()));
    app.read_mails().await;
    assert_eq!(app.take_back(&anns).await, Ok("ann@example.org".to_owned()));
    app.anns_again("thief@example.org").await;
}

async fn a_thief_who_deletes_the_account_does_not_get_rid_of_the_owner(app: TestApp) {
    let (_, thief, anns) = app.stolen().await;
    expect!(app.delete_account(&thief) => 202);
    app.read_mails().await;
    assert_eq!(app.take_back(&anns).await, Ok("ann@example.org".to_owned()));
    app.anns_again("thief@example.org").await;
    app.advance(Duration::days(15));
    assert_eq!(app.purge().await, 0);
    gives!(app.try_sign_in("ann@example.org", "something only ann knows") => 200);
}

async fn the_oldest_owner_makes_the_later_links_worthless(app: TestApp) {
    let (_, thief, anns) = app.stolen().await;
    let second = app.move_account(&thief, "hideout@example.org").await;
    app.take_back(&anns).await.unwrap();
    assert_eq!(app.take_back(&second).await, Err("invalid_token"));
    app.anns_again("hideout@example.org").await;
}

async fn what_a_thief_has_open_is_dead_after_it(app: TestApp) {
    let (_, thief, anns) = app.stolen().await;
    let pending = app.change_token(&thief, "hideout@example.org").await;
    let reset = app.reset_token("thief@example.org").await;
    app.take_back(&anns).await.unwrap();
    expect!(app.verify(&pending) => 400, "invalid_token");
    expect!(app.reset(&reset, NEW_PASSWORD) => 400, "invalid_token");
    // The password that the thief knows is worthless too.
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 401);
    app.anns_again("thief@example.org").await;
}

/// The one who took the account back may read a mailbox that is Ann's no more.
async fn the_address_that_the_account_left_is_notified(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let token = app.move_account(&ann, "new@example.net").await;
    let mut browser = Browser::new(&app);
    expect!(browser.open(&format!("/revert-email?token={token}")) => 303);
    browser.submit("revert_email", &[]).await.expect(303);
    app.mail_about(MailKind::EmailReverted, "ann@example.org")
        .await;
    let mail = app.mail_to("new@example.net").await;
    assert_eq!(mail.kind, MailKind::EmailTakenBack);
    assert_eq!(mail.link, format!("{PUBLIC_URL}/forgot-password"));
    for part in [
        mail.text.replace('\u{2060}', ""),
        mail.html.replace('\u{2060}', ""),
    ] {
        let parts = [
            "a***@example.org",
            "24 November 2026",
            "Device:",
            "192.0.2.",
            "Your password no longer works",
            SUPPORT,
        ];
        assert_has(&part, &parts);
        assert!(!part.contains("ann@example.org"), "{part}");
    }
}

async fn an_address_that_the_account_did_not_leave_is_notified_once(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let token = app.move_account(&ann, "new@example.org").await;
    app.move_account(&ann, "ann@example.org").await;
    assert!(app.take_back(&token).await.is_ok());
    gives!(app.read_mails() => ["email_reverted to ann@example.org"]);
}

async fn an_address_that_was_never_proved_is_not_notified(app: TestApp) {
    let (_, _, token) = app.stolen().await;
    let unproved = "update users set is_email_verified = false where email = 'thief@example.org'";
    app.database.execute(unproved).await;
    assert!(app.take_back(&token).await.is_ok());
    gives!(app.read_mails() => ["email_reverted to ann@example.org"]);
}
