//! What mailed links say before they are used, who may use them in a browser, and new ones for dead
//! ones: core, called as the pages call it

mod dead_links;

use time::Duration;
use vestibule_core::model::Principal;
use vestibule_core::{LinkState, VerifyEmail};

use crate::support::{Mail, PASSWORD, SignedIn, TestApp, code, meta, on_every_database};

on_every_database! {
    a_link_of_a_change_says_where_to,
    a_link_wants_the_password_of_another_browser,
    a_code_wants_the_password_of_another_browser,
    a_code_does_not_reveal_whether_there_is_an_account,
    a_slip_of_the_pen_gets_no_link_back,
}

fn dead(masked_email: Option<&str>) -> LinkState {
    LinkState::Dead {
        masked_email: masked_email.map(str::to_owned),
        is_change: false,
    }
}

fn dead_change(masked_email: Option<&str>) -> LinkState {
    LinkState::Dead {
        masked_email: masked_email.map(str::to_owned),
        is_change: true,
    }
}

async fn state(app: &TestApp, token: &str, who: Option<&Principal>) -> LinkState {
    app.portal.auth.confirmation_link(token, who).await.unwrap()
}

/// How the link is answered in a browser.
async fn confirm(
    app: &TestApp,
    token: &str,
    who: Option<&Principal>,
    password: Option<&str>,
) -> &'static str {
    let link = VerifyEmail::Link {
        token: token.to_owned(),
        password: password.map(Into::into),
    };
    code(app.portal.auth.verify_email(link, who, &meta()).await)
}

async fn enter(
    app: &TestApp,
    email: &str,
    digits: &str,
    who: Option<&Principal>,
    password: Option<&str>,
) -> &'static str {
    let entry = VerifyEmail::Code {
        email: email.to_owned(),
        code: digits.to_owned(),
        password: password.map(Into::into),
        from_browser: true,
    };
    code(app.portal.auth.verify_email(entry, who, &meta()).await)
}

async fn registered(app: &TestApp, email: &str) -> (SignedIn, Principal, Mail) {
    let (user, mail) = app.register(email).await;
    let who = app.principal(&user.access_token).await;
    (user, who, mail)
}

async fn a_link_of_a_change_says_where_to(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let who = app.principal(&ann.access_token).await;
    let token = app.change_token(&ann, "New@example.org").await;
    for (who, needs_password) in [(Some(&who), false), (None, true)] {
        let live = LinkState::Live {
            email: "New@example.org".to_owned(),
            is_change: true,
            needs_password,
        };
        assert_eq!(state(&app, &token, who).await, live);
    }
    gives!(confirm(&app, &token, None, None) => "reauthentication_required");
    gives!(confirm(&app, &token, None, Some("wrong")) => "invalid_credentials");
    app.advance(Duration::hours(24));
    // The reader of the new mailbox does not learn what the account's address is.
    assert_eq!(state(&app, &token, None).await, dead_change(None));
    app.portal
        .auth
        .resend_verification_by_link(&token, &meta())
        .await
        .unwrap();
    assert!(app.read_mails().await.is_empty());
}

async fn a_link_wants_the_password_of_another_browser(app: TestApp) {
    let (_, _, mail) = registered(&app, "ann@example.org").await;
    let (_, bob, _) = registered(&app, "bob@example.org").await;
    let token = mail.token.unwrap();
    let rows = app.rows().await;
    for who in [None, Some(&bob)] {
        for (password, answer) in [
            (None, "reauthentication_required"),
            (Some("wrong"), "invalid_credentials"),
            (Some(""), "invalid_credentials"),
        ] {
            assert_eq!(confirm(&app, &token, who, password).await, answer);
        }
    }
    assert_eq!(app.rows().await, rows);
    assert!(matches!(
        state(&app, &token, None).await,
        LinkState::Live { .. }
    ));
    // Wrong ones count like failed sign-ins.
    for _ in 0..6 {
        confirm(&app, &token, None, Some("wrong")).await;
    }
    gives!(confirm(&app, &token, None, Some(PASSWORD)) => "rate_limited");
    app.advance(Duration::minutes(1));
    assert_eq!(confirm(&app, &token, None, Some(PASSWORD)).await, "ok");
}

async fn a_code_wants_the_password_of_another_browser(app: TestApp) {
    let (_, ann, mail) = registered(&app, "ann@example.org").await;
    let (_, bob, bobs) = registered(&app, "bob@example.org").await;
    let digits = mail.code.unwrap();
    // More often than a code may be tried: a try without the password is none.
    for _ in 0..3 {
        for who in [None, Some(&bob)] {
            assert_eq!(
                enter(&app, "ann@example.org", &digits, who, None).await,
                "reauthentication_required"
            );
            assert_eq!(
                enter(&app, "ann@example.org", &digits, who, Some("wrong")).await,
                "invalid_credentials"
            );
        }
    }
    assert_eq!(
        enter(&app, "ann@example.org", "000000", None, Some(PASSWORD)).await,
        "invalid_credentials",
        "which of the two was wrong does not show"
    );
    gives!(enter(&app, "ann@example.org", &digits, None, Some(PASSWORD)) => "ok");
    let digits = bobs.code.unwrap();
    assert_eq!(
        enter(&app, "bob@example.org", &digits, Some(&ann), None).await,
        "reauthentication_required"
    );
    gives!(enter(&app, " BOB@example.org", &digits, Some(&bob), None) => "ok");
}

async fn a_code_does_not_reveal_whether_there_is_an_account(app: TestApp) {
    registered(&app, "ann@example.org").await;
    app.verified_user("verified@example.org").await;
    let mut answers = Vec::new();
    for email in [
        "ann@example.org",
        "verified@example.org",
        "nobody@example.org",
        "no address",
    ] {
        answers.push([
            enter(&app, email, "123456", None, None).await,
            enter(&app, email, "123456", None, Some("wrong")).await,
        ]);
    }
    answers.dedup();
    assert_eq!(
        answers,
        [["reauthentication_required", "invalid_credentials"]]
    );
}

/// A mistyped address belongs to a stranger. A link back would hand the account over.
async fn a_slip_of_the_pen_gets_no_link_back(app: TestApp) {
    let typo = app.user("ann@exmaple.org").await;
    let token = app.change_token(&typo, "ann@example.org").await;
    app.verify(&token).await.expect(200);
    assert!(app.read_mails().await.is_empty(), "there is nothing to do");
    gives!(app.count("mailed_links where purpose = 'revert_email'") => "0");
    // Nor is the address kept from its owner.
    app.user("ann@exmaple.org").await;
    let ann = app.verified_user("bea@example.org").await;
    let token = app.move_account(&ann, "bea.new@example.org").await;
    let link = app.portal.auth.revert_link(&token).await.unwrap().unwrap();
    assert_eq!(link.email, "bea@example.org");
}
