//! The address that an account has left is reserved while the link back to it lives

use time::Duration;

use crate::support::{PASSWORD, TestApp, on_every_database, privately};

on_every_database! {
    nobody_can_register_the_address_while_the_link_lives,
    nobody_can_register_the_address_in_private_while_the_link_lives with privately,
    nobody_can_move_to_the_address_while_the_link_lives,
    a_link_from_before_is_no_way_around_the_reservation,
    the_account_itself_can_go_back_to_its_address,
}

async fn nobody_can_register_the_address_while_the_link_lives(app: TestApp) {
    let (_, _, token) = app.stolen().await;
    let register = || app.registration("Ann@example.org", PASSWORD);
    expect!(register() => 409, "email_taken");
    app.advance(Duration::hours(72) - Duration::seconds(1));
    expect!(register() => 409, "email_taken");
    app.advance(Duration::seconds(1));
    register().await.expect(201);
    assert_eq!(app.read_mails().await, ["welcome to Ann@example.org"]);
    assert_eq!(app.take_back(&token).await, Err("invalid_token"));
}

async fn nobody_can_register_the_address_in_private_while_the_link_lives(app: TestApp) {
    app.stolen().await;
    let before = app.count("users").await;
    let reserved = expect!(app.registration("ann@example.org", PASSWORD) => 202);
    assert_eq!(app.count("users").await, before);
    let free = expect!(app.registration("free@example.org", PASSWORD) => 202);
    assert_eq!(reserved.text(), free.text());
    app.mail_to("free@example.org").await;
    // The owner of the reserved address may be notified; nobody else is.
    let left = app.read_mails().await;
    assert!(
        left.iter()
            .all(|mail| mail.ends_with(" to ann@example.org")),
        "{left:?}"
    );
}

async fn nobody_can_move_to_the_address_while_the_link_lives(app: TestApp) {
    let bob = app.verified_user("bob@example.org").await;
    let (_, _, token) = app.stolen().await;
    expect!(app.change_email(&bob, "ann@example.org") => 202);
    let left = app.read_mails().await;
    assert!(
        !left
            .iter()
            .any(|mail| mail.starts_with("confirm_new_email")),
        "{left:?}"
    );
    assert!(app.take_back(&token).await.is_ok());
    app.read_mails().await;
}

async fn a_link_from_before_is_no_way_around_the_reservation(app: TestApp) {
    let bob = app.verified_user("bob@example.org").await;
    let early = app.change_token(&bob, "shared@example.org").await;
    let ann = app.verified_user("ann@example.org").await;
    app.move_account(&ann, "shared@example.org").await;
    let token = app.move_account(&ann, "ann.new@example.org").await;
    app.verify(&early).await.expect_problem(409, "email_taken");
    gives!(app.take_back(&token) => Ok("shared@example.org".to_owned()));
    app.read_mails().await;
}

async fn the_account_itself_can_go_back_to_its_address(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.move_account(&ann, "ann.new@example.org").await;
    app.move_account(&ann, "ann@example.org").await;
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
}
