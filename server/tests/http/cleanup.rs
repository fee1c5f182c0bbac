//! What is deleted when it has expired, and what is not.

use time::Duration;
use vestibule_core::{AuditEvent, Removed, Retention};

use crate::support::{PASSWORD, TestApp, address, on_every_database};

on_every_database! {
    what_has_expired_is_deleted_and_the_rest_stays,
    audit_events_are_kept_as_long_as_is_set,
    a_dead_link_is_known_for_a_while,
    accounts_that_were_never_confirmed_go_where_that_is_set,
    an_account_that_cannot_be_deleted_stands_in_nobodys_way,
    a_part_that_fails_keeps_no_other_from_running,
    one_replica_cleans_up_at_a_time,
}

const DAY: Duration = Duration::days(1);

async fn what_has_expired_is_deleted_and_the_rest_stays(app: TestApp) {
    let retention = Retention::default();
    let ann = app.verified_user("ann@example.org").await;
    app.reset_token("ann@example.org").await;
    app.refresh(&ann.refresh_token).await.expect(200);
    expect!(app.post("/logout").bearer(&ann.access_token) => 204);
    app.sign_in("ann@example.org").await;
    app.write_deferred().await;
    app.read_mails().await;
    assert_eq!(app.clean_up(&retention).await, Removed::default());

    app.advance(30 * DAY);
    assert_eq!(app.clean_up(&retention).await, Removed::default());
    app.advance(Duration::seconds(1));
    // The welcome and the reset; and that a token was refreshed.
    let removed = Removed {
        mails: 2,
        events: 1,
        ..Removed::default()
    };
    assert_eq!(app.clean_up(&retention).await, removed);
    app.advance(30 * DAY);
    let removed = Removed {
        mailed_tokens: 2,
        ..Removed::default()
    };
    assert_eq!(app.clean_up(&retention).await, removed);
    // Ninety days after the one that was signed out of, and after the end of the other.
    app.advance(30 * DAY);
    let removed = Removed {
        sessions: 1,
        ..Removed::default()
    };
    assert_eq!(app.clean_up(&retention).await, removed);
    app.advance(30 * DAY);
    assert_eq!(app.clean_up(&retention).await, removed);
    gives!(app.rows() => "1 users, 0 live sessions, 0 families, 0 + 0 mailed tokens, 0 mails");
    app.holds_every_invariant().await;
    // A device that was not used for so long is a new one.
    app.sign_in("ann@example.org").await;
    assert_eq!(app.read_mails().await, ["new_device to ann@example.org"]);
}

async fn audit_events_are_kept_as_long_as_is_set(app: TestApp) {
    app.user("ann@example.org").await;
    app.advance(400 * DAY);
    let keep = |audit_days| Retention {
        audit_days,
        ..Retention::default()
    };
    assert_eq!(app.clean_up(&keep(0)).await.events, 0);
    assert_eq!(app.clean_up(&keep(401)).await.events, 0);
    assert_eq!(app.count("audit_logs").await, "1");
    assert_eq!(app.clean_up(&keep(365)).await.events, 1);
}

/// For a month its page offers another mail to the masked address.
async fn a_dead_link_is_known_for_a_while(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let token = app.reset_token("ann@example.org").await;
    let is_known = async || {
        app.clean_up(&Retention::default()).await;
        let link = app.portal.auth.reset_link(&token).await.unwrap();
        link == vestibule_core::ResetLink::Dead {
            masked_email: Some("a***@example.org".to_owned()),
        }
    };
    app.advance(30 * DAY);
    assert!(is_known().await);
    app.advance(DAY);
    assert!(!is_known().await);
}

async fn accounts_that_were_never_confirmed_go_where_that_is_set(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let bob = app.user("bob@example.org").await;
    app.user("eve@example.org").await;
    app.advance(31 * DAY);
    assert_eq!(app.try_sign_in("bob@example.org", PASSWORD).await, 200);
    app.read_mails().await;
    let retention = Retention {
        unverified_days: 30,
        ..Retention::default()
    };
    assert_eq!(app.clean_up(&Retention::default()).await.accounts, 0);
    assert_eq!(app.clean_up(&retention).await.accounts, 1);
    assert_eq!(app.try_sign_in("eve@example.org", PASSWORD).await, 401);
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
    assert_eq!(app.try_sign_in("bob@example.org", PASSWORD).await, 200);
    let events = |of: &str| format!("audit_logs where event_type = 'account_deleted' and {of}");
    assert_eq!(app.count(&events("user_id is null")).await, "1");
    let of_bob = format!("user_id = {}", app.id_in_sql(bob.id));
    assert_eq!(app.count(&events(&of_bob)).await, "0");
    app.read_mails().await;
}

/// Keeps these rows from being deleted. Gives what allows it again.
async fn refuse_deletes(app: &TestApp, table: &str, rows: &str) -> String {
    let trigger = format!("create trigger refuse before delete on {table}");
    let refuse = if app.database.is_postgres() {
        format!(
            "create function refuse() returns trigger language plpgsql as 'begin raise exception ''refused''; end';
             {trigger} for each row when ({rows}) execute function refuse()"
        )
    } else {
        format!("{trigger} when {rows} begin select raise(abort, 'refused'); end")
    };
    app.database.execute(&refuse).await;
    if app.database.is_postgres() {
        format!("drop trigger refuse on {table}")
    } else {
        "drop trigger refuse".to_owned()
    }
}

async fn an_account_that_cannot_be_deleted_stands_in_nobodys_way(app: TestApp) {
    for name in ["first", "second", "third"] {
        let user = app.verified_user(&format!("{name}@example.org")).await;
        app.undo_token(&user).await;
        app.advance(Duration::minutes(1));
    }
    let allow = refuse_deletes(&app, "users", "old.email = 'first@example.org'").await;
    app.advance(14 * DAY);
    assert_eq!(app.purge().await, 2);
    gives!(app.count("users where email = 'first@example.org'") => "1");
    // It is gone for everybody all the same.
    assert_eq!(app.try_sign_in("first@example.org", PASSWORD).await, 401);
    app.database.execute(&allow).await;
    assert_eq!(app.purge().await, 1);
    assert_eq!(app.count("users").await, "0");
    let deleted = AuditEvent::AccountDeleted;
    let events = format!("audit_logs where event_type = '{deleted}'");
    assert_eq!(app.count(&events).await, "3");
}

async fn a_part_that_fails_keeps_no_other_from_running(app: TestApp) {
    app.verified_user("ann@example.org").await;
    app.read_mails().await;
    let allow = refuse_deletes(&app, "mailed_links", "old.id is not null").await;
    app.advance(91 * DAY);
    // Mailed tokens come before mails.
    let removed = app.clean_up(&Retention::default()).await;
    assert_eq!((removed.mailed_tokens, removed.mails), (0, 1));
    app.database.execute(&allow).await;
    let removed = app.clean_up(&Retention::default()).await;
    assert_eq!((removed.mailed_tokens, removed.mails), (1, 0));
}

async fn one_replica_cleans_up_at_a_time(app: TestApp) {
    for number in 0..3 {
        let email = format!("user{number}@example.org");
        expect!(app.registration(&email, PASSWORD).from(&address(number)) => 201);
    }
    app.read_mails().await;
    app.advance(31 * DAY);
    let auth = &app.portal.auth;
    let retention = Retention::default();
    let mut first = auth.plan_cleanup(&retention);
    assert!(auth.clean_up(&mut first).await.unwrap());
    gives!(app.clean_up(&retention) => Removed::default(), "another one is at it");
    auth.leave_cleanup(&first).await.unwrap();
    assert_eq!(app.clean_up(&retention).await.mails, 3);
    // A replica that dies in the middle holds the others up for two minutes.
    let mut dead = auth.plan_cleanup(&retention);
    assert!(auth.clean_up(&mut dead).await.unwrap());
    app.advance(30 * DAY);
    let mut next = auth.plan_cleanup(&retention);
    assert!(auth.clean_up(&mut next).await.unwrap());
    // It notices that it has lost the lease, and does no more.
    assert!(!auth.clean_up(&mut dead).await.unwrap());
    while auth.clean_up(&mut next).await.unwrap() {}
}
