//! Which time an operation takes that waits in the middle, for a rating or a hash. The clock of
//! these tests moves each time that it is read, so that an operation's first reading is known.

use secrecy::SecretString;
use time::{Duration, OffsetDateTime};
use vestibule_core::model::{Principal, SessionKind};
use vestibule_core::{ChangePassword, Register, Registered, SignIn, SignedIn};

use crate::support::{NEW_PASSWORD, PASSWORD, TestApp, documented_limit, meta, on_any_database};

on_any_database! {
    what_follows_a_hash_has_a_later_instant,
    a_limit_counts_at_the_instant_at_which_it_is_asked,
}

const TICK: Duration = Duration::seconds(1);

fn secret(text: &str) -> SecretString {
    text.into()
}

async fn sign_in(app: &TestApp) -> SignedIn {
    let command = SignIn {
        email: "ann@example.org".to_owned(),
        password: secret(PASSWORD),
        kind: SessionKind::Api,
        is_persistent: true,
        device_name: None,
        known_browser_proofs: Vec::new(),
    };
    app.portal.auth.sign_in(command, &meta()).await.unwrap()
}

async fn change_password(app: &TestApp, who: SignedIn) -> Option<SignedIn> {
    let who = Principal {
        user: who.user,
        session: who.session,
    };
    let command = ChangePassword {
        current_password: secret(PASSWORD),
        new_password: secret(NEW_PASSWORD),
        replaces_session: true,
    };
    let auth = &app.portal.auth;
    auth.change_password(&who, command, &meta()).await.unwrap()
}

/// The instant that an operation begins with that comes next.
fn next_instant(app: &TestApp) -> OffsetDateTime {
    use vestibule_core::ports::Clock as _;
    app.clock.now() + TICK
}

async fn what_follows_a_hash_has_a_later_instant(app: TestApp) {
    app.clock.tick(TICK);
    let begins = next_instant(&app);
    let command = Register {
        email: "ann@example.org".to_owned(),
        password: secret(PASSWORD),
        first_name: None,
        last_name: None,
        kind: SessionKind::Api,
    };
    let registered = app.portal.auth.register(command, &meta()).await.unwrap();
    let Registered::SignedIn(registered) = registered else {
        panic!("nobody was signed in");
    };
    assert!(registered.user.created_at > begins, "{begins}");

    let begins = next_instant(&app);
    let signed_in = sign_in(&app).await;
    assert!(signed_in.session.created_at > begins, "{begins}");

    let begins = next_instant(&app);
    let changed = change_password(&app, signed_in).await.unwrap();
    assert!(changed.session.created_at > begins, "{begins}");
    app.clock.tick(Duration::ZERO);
    app.read_mails().await;
}

async fn a_limit_counts_at_the_instant_at_which_it_is_asked(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let limit = documented_limit("new passwords", "the account");
    let signed_in = sign_in(&app).await;
    for _ in 0..limit.burst {
        expect!(app.change_password(&ann, PASSWORD, "password") => 400);
    }
    // When the change begins it is too early by half, when the limit is asked it is not.
    app.clock.tick(limit.period / 2);
    assert!(change_password(&app, signed_in).await.is_some());
    app.clock.tick(Duration::ZERO);
    app.read_mails().await;
}
