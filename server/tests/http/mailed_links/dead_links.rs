//! Links that are void, and the new ones that they bring

use time::Duration;
use vestibule_core::ResetLink;
use vestibule_core::mail::MailKind;

use super::{code, confirm, dead, dead_change, registered, state};
use crate::support::{TestApp, meta, on_every_database};

on_every_database! {
    a_dead_link_brings_a_new_one,
    a_link_that_is_known_to_nobody_brings_nothing,
    a_link_of_a_former_address_reveals_nothing,
    a_dead_link_is_no_way_around_the_limits,
}

async fn a_dead_link_brings_a_new_one(app: TestApp) {
    let (_, ann, mail) = registered(&app, "ann@example.org").await;
    let token = mail.token.unwrap();
    app.advance(Duration::hours(24));
    gives!(state(&app, &token, None) => dead(Some("a***@example.org")));
    let auth = &app.portal.auth;
    auth.resend_verification_by_link(&token, &meta())
        .await
        .unwrap();
    let again = app.mail_to("ann@example.org").await;
    assert_eq!(again.kind, MailKind::VerifyEmail);
    auth.request_password_reset_by_link(&token, &meta())
        .await
        .unwrap();
    app.mail_about(MailKind::ResetPassword, "ann@example.org")
        .await;
    let who = app.sign_in("ann@example.org").await;
    let who = app.principal(&who.access_token).await;
    assert_eq!(ann.user.id, who.user.id);
    gives!(confirm(&app, &again.token.unwrap(), Some(&who), None) => "ok");
    // There is nothing left to confirm.
    auth.resend_verification_by_link(&token, &meta())
        .await
        .unwrap();
    assert!(app.read_mails().await.is_empty());
}

async fn a_link_that_is_known_to_nobody_brings_nothing(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let auth = &app.portal.auth;
    let rows = app.rows().await;
    for token in ["", "x", &"x".repeat(50_000)] {
        auth.resend_verification_by_link(token, &meta())
            .await
            .unwrap();
        auth.request_password_reset_by_link(token, &meta())
            .await
            .unwrap();
        assert_eq!(
            auth.reset_link(token).await.unwrap(),
            ResetLink::Dead { masked_email: None }
        );
    }
    assert_eq!(app.rows().await, rows);
}

async fn a_link_of_a_former_address_reveals_nothing(app: TestApp) {
    let (ann, welcome) = app.register("ann@example.org").await;
    let first = welcome.token.unwrap();
    app.verify(&first).await.expect(200);
    let reset = app.reset_token("ann@example.org").await;
    let token = app.change_token(&ann, "new@example.org").await;
    app.verify(&token).await.expect(200);
    app.read_mails().await;
    let auth = &app.portal.auth;
    // The reader of the old mailbox learns nothing of the new one, and sends nothing there.
    assert_eq!(state(&app, &first, None).await, dead(None));
    assert_eq!(
        auth.reset_link(&reset).await.unwrap(),
        ResetLink::Dead { masked_email: None }
    );
    auth.request_password_reset_by_link(&reset, &meta())
        .await
        .unwrap();
    assert!(app.read_mails().await.is_empty());
    // The link that moved it was mailed to where the account is.
    gives!(state(&app, &token, None) => dead_change(Some("n***@example.org")));
}

async fn a_dead_link_is_no_way_around_the_limits(app: TestApp) {
    let (_, _, mail) = registered(&app, "ann@example.org").await;
    let token = mail.token.unwrap();
    let auth = &app.portal.auth;
    for _ in 0..5 {
        auth.resend_verification_by_link(&token, &meta())
            .await
            .unwrap();
    }
    let sixth = auth.resend_verification_by_link(&token, &meta()).await;
    assert_eq!(code(sixth), "rate_limited");
    let typed = auth.resend_verification("ann@example.org", &meta()).await;
    assert_eq!(code(typed), "rate_limited");
    assert_eq!(app.read_mails().await.len(), 5);
}
