//! Data that breaks an invariant is found, and found under its name.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::sync::Arc;

use vestibule_core::AuditEvent;
use vestibule_core::mail::MailKind;
use vestibule_core::model::{EmailAddress, Purpose, SessionKind};
use vestibule_core::ports::Violation;
use vestibule_storage::SqlDatabase;
use vestibule_testkit::{FakeClock, SeededRandom, TestDatabase, builders, databases};

use vestibule_core::ports::Random;

/// One user with a mail, an API session with its family, a browser session with its cookie, and a token of each table.
async fn fill(store: &Arc<dyn SqlDatabase>) {
    let (random, now) = (SeededRandom::default(), FakeClock::START);
    let id = || random.id(now);
    let mut tx = store.begin().await.unwrap();
    let user = tx
        .insert_user(&builders::new_user(id(), "ann@example.org", now))
        .await
        .unwrap();
    tx.enqueue_mail(&builders::mail(id(), MailKind::Welcome, &user, now))
        .await
        .unwrap();
    let api = builders::session(id(), user.id, SessionKind::Api, now);
    tx.insert_session(&api).await.unwrap();
    tx.insert_refresh_token(&builders::refresh_token(id(), &api, "refresh"))
        .await
        .unwrap();
    let browser = builders::session(id(), user.id, SessionKind::Browser, now);
    tx.insert_session(&browser).await.unwrap();
    assert!(
        tx.bind_cookie(browser.id, "cookie", "{}", now)
            .await
            .unwrap()
    );
    for purpose in [
        Purpose::VerifyEmail,
        Purpose::ResetPassword,
        Purpose::RevertEmail,
    ] {
        let mut token = builders::one_time_token(id(), user.id, purpose, "token", now);
        token.email = (purpose == Purpose::RevertEmail)
            .then(|| EmailAddress::parse("old@example.org").unwrap());
        tx.insert_one_time_token(&token).await.unwrap();
    }
    let event = AuditEvent::LoginSuccess;
    tx.insert_audit(&builders::audit(id(), Some(user.id), event, now))
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn violations(store: &Arc<dyn SqlDatabase>) -> Vec<Violation> {
    store
        .connect()
        .await
        .unwrap()
        .violations(FakeClock::START)
        .await
        .unwrap()
}

async fn broken_by(database: &TestDatabase, fault: &str) -> Vec<(&'static str, u64)> {
    let store = common::migrated(database).await;
    fill(&store).await;
    assert_eq!(violations(&store).await, []);
    database.execute(fault).await;
    let found = violations(&store).await;
    store.close().await;
    found
        .into_iter()
        .map(|violation| (violation.invariant, violation.rows))
        .collect()
}

#[tokio::test]
async fn a_fault_is_found_under_its_name() {
    for (fault, invariant) in [
        ("delete from mail_outbox", "user_without_mail"),
        (
            "update mail_outbox set status = 'sent'",
            "mail_state_contradicts_itself",
        ),
        (
            "update sessions set cookie_data = null",
            "cookie_without_data",
        ),
        (
            "delete from refresh_tokens",
            "api_session_without_refresh_family",
        ),
        (
            "update sessions set ended_at = created_at",
            "refresh_family_of_ended_session",
        ),
        (
            "update refresh_tokens set previous_hash = 'earlier'",
            "refresh_family_half_rotated",
        ),
        (
            "update refresh_tokens set previous_hash = token_hash, successor_nonce = 'n', rotated_at = created_at",
            "refresh_family_half_rotated",
        ),
        (
            "update users set delete_at = created_at",
            "scheduled_account_is_active",
        ),
        (
            "update one_time_tokens set email = 'new@example.org', email_canonical = 'new@example.org'",
            "change_without_address",
        ),
        (
            "update one_time_tokens set purpose = 'change_email'",
            "change_without_address",
        ),
        (
            "update one_time_tokens set purpose = 'cancel_deletion'",
            "undo_of_active_account",
        ),
        (
            "update users set is_active = false;
             update one_time_tokens set purpose = 'change_email', email = 'new@example.org', email_canonical = 'new@example.org'",
            "pending_change_of_inactive_account",
        ),
        (
            "update audit_logs set event_type = 'account_deleted'",
            "account_deleted_but_not_gone",
        ),
    ] {
        for database in databases().await {
            assert_eq!(
                broken_by(&database, fault).await,
                [(invariant, 1)],
                "{fault}"
            );
        }
    }
}

/// A scheduled account that nobody can keep, and an address that is reserved for one account and another one's.
#[tokio::test]
async fn a_fault_between_accounts_is_found() {
    for database in databases().await {
        let later = if database.is_postgres() {
            "created_at + interval '1 day'"
        } else {
            "created_at + 86400000000"
        };
        let fault = format!("update users set is_active = false, delete_at = {later}");
        assert_eq!(
            broken_by(&database, &fault).await,
            [("scheduled_account_without_undo", 1)]
        );
    }
    for database in databases().await {
        let store = common::migrated(&database).await;
        fill(&store).await;
        let (random, now) = (SeededRandom::new(7), FakeClock::START);
        let mut tx = store.begin().await.unwrap();
        let bob = tx
            .insert_user(&builders::new_user(random.id(now), "bob@example.org", now))
            .await
            .unwrap();
        let mail = builders::mail(random.id(now), MailKind::Welcome, &bob, now);
        tx.enqueue_mail(&mail).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(violations(&store).await, []);
        database
            .execute("update users set email_canonical = 'old@example.org' where email = 'bob@example.org'")
            .await;
        let found = violations(&store).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].invariant, found[0].rows),
            ("reserved_address_of_another", 1)
        );
        store.close().await;
    }
}

/// What constraints prevent as well is only there once they are gone.
#[tokio::test]
async fn a_fault_that_constraints_prevent_is_found_as_well() {
    let copies = "drop index users_live_email;
        drop index one_time_tokens_newest;
        drop index password_reset_tokens_newest;
        update one_time_tokens set token_hash = 'other';
        insert into users (id, email, email_canonical, password_hash, is_email_verified, is_active, created_at, updated_at)
            select lease_id, email, email_canonical, password_hash, is_email_verified, is_active, u.created_at, updated_at
            from users u, (select {id} as lease_id) other;
        insert into one_time_tokens
            (id, user_id, purpose, token_hash, attempts, expires_at, is_used, ip_address, created_at)
            select {id}, user_id, purpose, 'copy', 0, expires_at, is_used, ip_address, created_at from one_time_tokens;
        insert into password_reset_tokens
            (id, user_id, token_hash, expires_at, is_used, ip_address, created_at)
            select {id}, user_id, 'copy', expires_at, is_used, ip_address, created_at from password_reset_tokens";
    for database in databases().await {
        let id = if database.is_postgres() {
            "'00000000-0000-7000-8000-000000000000'::uuid"
        } else {
            "x'00000000000070008000000000000000'"
        };
        let found = broken_by(&database, &copies.replace("{id}", id)).await;
        assert_eq!(
            found,
            [
                ("duplicate_canonical_email", 1),
                ("user_without_mail", 1),
                ("one_live_token_per_purpose", 2)
            ]
        );
    }
}

#[tokio::test]
async fn rows_that_lost_their_user_are_found() {
    let database = TestDatabase::sqlite();
    let found = broken_by(&database, "pragma foreign_keys = off; delete from users").await;
    assert_eq!(
        found,
        [
            ("mail_without_user", 1),
            ("session_of_missing_user", 2),
            ("foreign_keys_hold", 8)
        ]
    );
}
