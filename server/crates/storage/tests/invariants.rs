//! Data that breaks an invariant is found, and found under its name.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod common;

use std::sync::Arc;

use vestibule_core::AuditEvent;
use vestibule_core::mail::MailKind;
use vestibule_core::model::{EmailAddress, Purpose, SessionKind};
use vestibule_core::ports::Violation;
use vestibule_storage::SqlDatabase;
use vestibule_testkit::{FakeClock, SeededRandom, TestDatabase, builders, databases, ok};

use vestibule_core::ports::Random;

/// One user with a mail, an API session with its family, a
/// browser session with its cookie, and a token of each table.
async fn fill(store: &Arc<dyn SqlDatabase>) {
    let (random, now) = (SeededRandom::default(), FakeClock::START);
    let id = || random.id(now);
    let mut tx = store.begin().await.unwrap();
    let user = ok!(tx.insert_user(&builders::new_user(id(), "ann@example.org", now)));
    ok!(tx.enqueue_mail(&builders::mail(id(), MailKind::Welcome, &user, now)));
    let api = builders::session(id(), user.id, SessionKind::Api, now);
    tx.insert_session(&api, None).await.unwrap();
    ok!(tx.insert_refresh_token(&builders::refresh_token(id(), &api, "refresh")));
    let browser = builders::session(id(), user.id, SessionKind::Browser, now);
    tx.insert_session(&browser, Some("cookie")).await.unwrap();
    for purpose in [
        Purpose::VerifyEmail,
        Purpose::ResetPassword,
        Purpose::RevertEmail,
    ] {
        let mut token = builders::link(id(), user.id, purpose, &purpose.to_string(), now);
        token.email = (purpose == Purpose::RevertEmail)
            .then(|| EmailAddress::parse("old@example.org").unwrap());
        tx.insert_link(&token).await.unwrap();
    }
    let event = AuditEvent::UserRegistered;
    ok!(tx.insert_audit(&builders::audit(id(), Some(user.id), event, now)));
    tx.commit().await.unwrap();
}

async fn violations(store: &Arc<dyn SqlDatabase>) -> Vec<Violation> {
    ok!(ok!(store.reader()).violations(FakeClock::START))
}

async fn broken_by(database: &TestDatabase, violation: &str) -> Vec<(&'static str, u64)> {
    let store = common::migrated(database).await;
    fill(&store).await;
    assert_eq!(violations(&store).await, []);
    database.execute(violation).await;
    let found = violations(&store).await;
    store.close().await;
    found
        .into_iter()
        .map(|violation| (violation.invariant, violation.rows))
        .collect()
}

/// Each invariant is broken by some test below.
#[test]
fn no_invariant_goes_untested() {
    let tests = include_str!("invariants.rs");
    for name in vestibule_storage::invariants() {
        assert!(tests.contains(&format!("\"{name}\"")), "{name}");
    }
}

/// An id, as this database writes it.
fn id(database: &TestDatabase) -> &'static str {
    if database.is_postgres() {
        "'00000000-0000-7000-8000-000000000000'::uuid"
    } else {
        "x'00000000000070008000000000000000'"
    }
}

/// So many days later, as this database writes it.
fn plus_days(database: &TestDatabase, days: i64) -> String {
    if database.is_postgres() {
        format!(" + interval '{days} days'")
    } else {
        format!(" + {}", days * 86_400_000_000)
    }
}

/// Each with the invariant that it breaks.
const VIOLATIONS: [(&str, &str); 13] = [
    ("delete from mail_outbox", "user_without_mail"),
    (
        "update mail_outbox set status = 'sent'",
        "mail_state_contradicts_itself",
    ),
    (
        "update sessions set cookie_hash = 'api' where kind = 'api'",
        "cookie_of_api_session",
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
        "update mailed_links set email = 'new@example.org', email_canonical = 'new@example.org'
         where purpose = 'verify_email'",
        "change_without_address",
    ),
    (
        "update mailed_links set purpose = 'change_email' where purpose = 'verify_email'",
        "change_without_address",
    ),
    (
        "update mailed_links set purpose = 'restore_account' where purpose = 'verify_email'",
        "undo_of_active_account",
    ),
    (
        "update users set is_active = false;
         update mailed_links set purpose = 'change_email', email = 'new@example.org', email_canonical = 'new@example.org'
         where purpose = 'verify_email'",
        "pending_change_of_inactive_account",
    ),
    (
        "update audit_logs set event_type = 'account_deleted'",
        "account_deleted_but_not_gone",
    ),
];

#[tokio::test]
async fn a_violation_is_found_under_its_name() {
    for (violation, invariant) in VIOLATIONS {
        for database in databases().await {
            assert_eq!(
                broken_by(&database, violation).await,
                [(invariant, 1)],
                "{violation}"
            );
        }
    }
}

/// A scheduled account that nobody can keep, and an address
/// that is reserved for one account and another one's.
#[tokio::test]
async fn a_violation_between_accounts_is_found() {
    for database in databases().await {
        let later = plus_days(&database, 1);
        let violation =
            format!("update users set is_active = false, delete_at = created_at{later}");
        assert_eq!(
            broken_by(&database, &violation).await,
            [("scheduled_account_without_undo", 1)]
        );
    }
    for database in databases().await {
        let store = common::migrated(&database).await;
        fill(&store).await;
        let (random, now) = (SeededRandom::new(7), FakeClock::START);
        let mut tx = store.begin().await.unwrap();
        let bob = ok!(tx.insert_user(&builders::new_user(random.id(now), "bob@example.org", now)));
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
async fn a_violation_that_constraints_prevent_is_found_as_well() {
    let copies = "drop index users_live_email;
        drop index mailed_links_newest;
        drop index password_reset_tokens_newest;
        insert into users (id, email, email_canonical, password_hash, is_email_verified, is_active, created_at, updated_at)
            select lease_id, email, email_canonical, password_hash, is_email_verified, is_active, u.created_at, updated_at
            from users u, (select {id} as lease_id) other;
        insert into mailed_links
            (id, user_id, purpose, token_hash, attempts, expires_at, is_used, ip_address, created_at)
            select {id}, user_id, purpose, 'copy', 0, expires_at, is_used, ip_address, created_at from mailed_links
            where purpose = 'verify_email';
        insert into password_reset_tokens
            (id, user_id, token_hash, expires_at, is_used, ip_address, created_at)
            select {id}, user_id, 'copy', expires_at, is_used, ip_address, created_at from password_reset_tokens";
    for database in databases().await {
        let found = broken_by(&database, &copies.replace("{id}", id(&database))).await;
        assert_eq!(
            found,
            [
                ("duplicate_canonical_email", 1),
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
            ("mailed_token_of_missing_user", 3),
            ("foreign_keys_hold", 8)
        ]
    );
}

/// An operator may bring accounts from elsewhere; nobody registered, so there was no welcome.
#[tokio::test]
async fn an_account_that_was_put_in_by_sql_is_no_violation() {
    for database in databases().await {
        let brought = "delete from mail_outbox; delete from audit_logs";
        assert_eq!(broken_by(&database, brought).await, []);
    }
}

/// The mails of an account go after a while; its last ones are no violation then.
#[tokio::test]
async fn an_account_that_is_older_than_mails_are_kept_needs_none() {
    for database in databases().await {
        for (days, expected) in [(-28, &[("user_without_mail", 1)][..]), (-30, &[])] {
            let database = if database.is_postgres() {
                TestDatabase::postgres().await.unwrap()
            } else {
                TestDatabase::sqlite()
            };
            let earlier = plus_days(&database, days);
            let violation = format!(
                "delete from mail_outbox; update users set created_at = created_at{earlier}"
            );
            assert_eq!(broken_by(&database, &violation).await, expected, "{days}");
        }
    }
}

/// Every event, family and session is as it should be, but not together.
#[tokio::test]
async fn a_family_that_outlived_its_theft_is_found() {
    for database in databases().await {
        let session = if database.is_postgres() {
            "s.id::text"
        } else {
            "lower(substr(hex(s.id), 1, 8) || '-' || substr(hex(s.id), 9, 4) || '-' || substr(hex(s.id), 13, 4)
                || '-' || substr(hex(s.id), 17, 4) || '-' || substr(hex(s.id), 21))"
        };
        let violation = format!(
            "insert into audit_logs (id, user_id, event_type, actor_kind, details, ip_address, success, created_at)
                select {}, s.user_id, 'refresh_token_reused', 'nobody', '{{\"session\":\"' || {session} || '\"}}', '', {}, s.created_at
                from sessions s where s.kind = 'api'",
            id(&database),
            if database.is_postgres() { "false" } else { "0" },
        );
        let expected = [("refresh_family_lives_after_reuse", 1)];
        assert_eq!(broken_by(&database, &violation).await, expected);
    }
}

#[tokio::test]
async fn a_family_of_another_users_session_and_a_second_one_are_found() {
    for database in databases().await {
        let no_constraint = if database.is_postgres() {
            "alter table refresh_tokens drop constraint refresh_tokens_session_id_key;"
        } else {
            // A constraint cannot be dropped there; a copy of the table has none.
            "create table copy as select * from refresh_tokens;
             drop table refresh_tokens;
             alter table copy rename to refresh_tokens;"
        };
        let violation = format!(
            "{no_constraint}
            insert into refresh_tokens (id, user_id, session_id, token_hash, device_info, expires_at, is_revoked, created_at, updated_at)
                select {}, user_id, session_id, 'copy', device_info, expires_at, is_revoked, created_at, updated_at
                from refresh_tokens",
            id(&database)
        );
        let found = broken_by(&database, &violation).await;
        assert_eq!(found, [("one_refresh_family_per_session", 1)]);
    }
    for database in databases().await {
        let violation = format!(
            "insert into users (id, email, email_canonical, password_hash, is_email_verified, is_active, created_at, updated_at)
                select {0}, 'bob@example.org', 'bob@example.org', password_hash, is_email_verified, is_active, created_at{1},
                    updated_at
                from users;
            update refresh_tokens set user_id = {0}",
            id(&database),
            plus_days(&database, -40),
        );
        let expected = [("refresh_family_of_missing_session", 1)];
        assert_eq!(broken_by(&database, &violation).await, expected);
    }
}

#[tokio::test]
async fn a_lease_that_nobody_gives_back_is_found() {
    for database in databases().await {
        for (days, expected) in [(1, 0), (2, 1)] {
            let store = common::migrated(&database).await;
            let until = FakeClock::START + time::Duration::days(days);
            let lease = SeededRandom::default().id(FakeClock::START);
            let mut writer = store.writer().await.unwrap();
            let now = FakeClock::START;
            assert!(ok!(writer.lease_job("cleanup", lease, until, now)));
            drop(writer);
            let found = violations(&store).await;
            assert_eq!(found.len(), expected, "{found:?}");
            let names: Vec<_> = found.iter().map(|found| found.invariant).collect();
            assert!(names.iter().all(|name| *name == "job_is_leased_for_long"));
            store.close().await;
        }
    }
}

/// Pages of an index that do not say what the table does.
#[tokio::test]
async fn a_damaged_file_is_found() {
    let database = TestDatabase::sqlite();
    let damage = "pragma writable_schema = on;
        update sqlite_master set sql = replace(sql, '(email_canonical)', '(password_hash)')
        where name = 'users_live_email';
        pragma schema_version = 9999";
    let found = broken_by(&database, damage).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "database_file_is_sound");
}
