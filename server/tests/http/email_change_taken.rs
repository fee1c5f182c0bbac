//! `POST /email/change` to an address that has an account, or gets one meanwhile

use std::time::Instant;

use serde_json::Value;
use time::Duration;
use vestibule_core::mail::MailKind;
use vestibule_core::model::Principal;

use crate::support::{PASSWORD, SignedIn, TestApp, meta, on_every_database, privately};

on_every_database! {
    a_taken_address_is_answered_like_a_free_one,
    a_taken_address_is_answered_like_a_free_one_in_private with privately,
    an_address_that_was_taken_meanwhile_is_reported,
}

async fn a_taken_address_is_answered_like_a_free_one(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.verified_user("bob@example.org").await;
    app.account("unconfirmed@example.org").await;
    compare_answers(&app, &ann).await;
}

/// In private mode nothing else reveals it either: what the caller sees of itself is the same for
/// both.
async fn a_taken_address_is_answered_like_a_free_one_in_private(app: TestApp) {
    a_taken_address_is_answered_like_a_free_one(app).await;
}

async fn compare_answers(app: &TestApp, ann: &SignedIn) {
    let mut answers = Vec::new();
    for new_email in [
        "free@example.org",
        "bob@example.org",
        "Bob@example.org",
        "unconfirmed@example.org",
    ] {
        app.advance(Duration::seconds(1));
        let call = app.change_email(ann, new_email);
        let asked = Instant::now();
        let answer = expect!(call.header("x-request-id", "same") => 202);
        // As long as the longest of these takes.
        assert!(asked.elapsed().as_millis() >= 100, "{new_email}");
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        // What the account itself shows, its download included,
        // and what comes to its own mailbox do not reveal it either.
        let who = app.principal(&ann.access_token).await;
        let auth = &app.portal.auth;
        let pending = auth.pending_email_change(&who).await.unwrap();
        let notified = app.mail_to(&ann.email).await.kind.to_string();
        let pending = pending.map(|pending| pending.email == new_email);
        let event = newest_event(app, ann).await;
        let listed = exported(app, &who, answers.len()).await;
        let event = (event, listed);
        answers.push((answer.text(), names, notified, pending, event));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert_eq!(answers[0].3, Some(true));
    assert_eq!(
        app.read_mails().await,
        [
            "already_registered to bob@example.org",
            "already_registered to bob@example.org",
            "already_registered to unconfirmed@example.org",
            "confirm_new_email to free@example.org",
        ]
    );
}

async fn newest_event(app: &TestApp, ann: &SignedIn) -> [Value; 2] {
    let call = app.get("/events?limit=1").bearer(&ann.access_token);
    let list = call.await.expect(200).redacted();
    ["event_type", "details"].map(|name| list["events"][0][name].clone())
}

/// What the download lists of mails and links, but for what earlier changes have left.
async fn exported(
    app: &TestApp,
    who: &Principal,
    changes: usize,
) -> (usize, Vec<String>, usize, Value) {
    let data = app.portal.auth.export_data(who, &meta()).await.unwrap();
    app.mail_about(MailKind::DataExported, "ann@example.org")
        .await;
    let mails = data["mails"].as_array().unwrap();
    // All are of one moment, so their order says nothing.
    let mut kinds: Vec<String> = mails.iter().map(|mail| mail["kind"].to_string()).collect();
    kinds.sort();
    kinds.dedup();
    let links = data["mailed_links"].as_array().unwrap();
    (
        mails.len() - 2 * changes,
        kinds,
        links.len() - changes,
        links[0]["purpose"].clone(),
    )
}

async fn an_address_that_was_taken_meanwhile_is_reported(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let token = app.change_token(&ann, "new@example.org").await;
    app.user("new@example.org").await;
    app.verify(&token).await.expect_problem(409, "email_taken");
    assert_eq!(app.email_of(&ann).await, "ann@example.org");
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
    assert!(app.read_mails().await.is_empty());
}
