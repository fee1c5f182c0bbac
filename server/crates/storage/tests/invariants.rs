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
/// browser session with its cookie and the session of an app in it, and a token of each table.
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
    let client = builders::client(id(), "grafana", now);
    assert!(ok!(tx.insert_client(&client)));
    let redemption = builders::redemption((id(), id()), &client, &browser, "app", now);
    assert!(ok!(tx.redeem_code(&redemption)).is_some());
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
    database.execute(&in_words_of(database, violation)).await;
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
        let is_tested = [format!("\"{name}\""), format!("- {name}: ")];
        assert!(is_tested.iter().any(|it| tests.contains(it)), "{name}");
    }
}

/// What the two databases write in another way.
const WORDS: [(&str, &str, &str); 5] = [
    (
        "{id}",
        "'00000000-0000-7000-8000-000000000000'::uuid",
        "x'00000000000070008000000000000000'",
    ),
    ("{day}", "interval '1 day'", "86400000000"),
    ("{false}", "false", "0"),
    (
        "{session}",
        "s.id::text",
        "lower(substr(hex(s.id), 1, 8) || '-' || substr(hex(s.id), 9, 4) || '-' || substr(hex(s.id), 13, 4)
            || '-' || substr(hex(s.id), 17, 4) || '-' || substr(hex(s.id), 21))",
    ),
    (
        "{any number of families}",
        "alter table refresh_tokens drop constraint refresh_tokens_session_id_key",
        // A constraint cannot be dropped there; a copy of the table has none.
        "create table copy as select * from refresh_tokens;
         drop table refresh_tokens;
         alter table copy rename to refresh_tokens",
    ),
];

fn in_words_of(database: &TestDatabase, sql: &str) -> String {
    let mut sql = sql.to_owned();
    for (word, postgres, sqlite) in WORDS {
        let said = if database.is_postgres() {
            postgres
        } else {
            sqlite
        };
        sql = sql.replace(word, said);
    }
    sql
}

/// Invariants, each with what breaks it. In the reuse of a refresh token every event, family and
/// session is as it should be, but not together. Mails are kept for longer than 28 days.
const VIOLATIONS: &str = r#"
    - user_without_mail: delete from mail_outbox
    - user_without_mail: delete from mail_outbox; update users set created_at = created_at - {day} * 28
    - mail_state_contradicts_itself: update mail_outbox set status = 'sent'
    - cookie_of_api_session: update sessions set cookie_hash = 'api' where kind = 'api'
    - api_session_without_refresh_family: delete from refresh_tokens
    - refresh_family_of_ended_session: update sessions set ended_at = created_at where kind = 'api'
    - app_session_of_ended_session: update sessions set ended_at = created_at where kind = 'browser'
    - app_session_without_session: update app_sessions set browser_session_id = null
    - app_session_without_session: update app_sessions set expires_at = expires_at + {day}
    - app_session_of_inactive_user: update users set is_active = {false}
    - app_session_of_disabled_client: update clients set is_enabled = {false}
    - app_session_half_refreshed: update app_sessions set previous_hash = 'earlier'
    - app_session_lives_after_reuse: insert into audit_logs
        (id, user_id, event_type, actor_kind, details, ip_address, success, created_at)
        select {id}, s.user_id, 'code_replayed', 'nobody', '{"app_session":"' || {session} || '"}', '', {false},
            s.created_at
        from app_sessions s
    - refresh_family_half_rotated: update refresh_tokens set previous_hash = 'earlier'
    - refresh_family_half_rotated: update refresh_tokens
        set previous_hash = token_hash, successor_nonce = 'n', rotated_at = created_at
    - scheduled_account_is_active: update users set delete_at = created_at
    - scheduled_account_without_undo: update app_sessions set ended_at = created_at;
        update users set is_active = false, delete_at = created_at + {day}
    - change_without_address: update mailed_links
        set email = 'new@example.org', email_canonical = 'new@example.org' where purpose = 'verify_email'
    - change_without_address: update mailed_links set purpose = 'change_email' where purpose = 'verify_email'
    - undo_of_active_account: update mailed_links set purpose = 'restore_account' where purpose = 'verify_email'
    - pending_change_of_inactive_account: update app_sessions set ended_at = created_at;
        update users set is_active = false;
        update mailed_links
        set purpose = 'change_email', email = 'new@example.org', email_canonical = 'new@example.org'
        where purpose = 'verify_email'
    - account_deleted_but_not_gone: update audit_logs set event_type = 'account_deleted'
    - reserved_address_of_another: insert into users
        (id, email, email_canonical, password_hash, is_email_verified, is_active, created_at, updated_at)
        select {id}, 'old@example.org', 'old@example.org', password_hash, is_email_verified, is_active,
            created_at - {day} * 40, updated_at
        from users
    - refresh_family_lives_after_reuse: insert into audit_logs
        (id, user_id, event_type, actor_kind, details, ip_address, success, created_at)
        select {id}, s.user_id, 'refresh_token_reused', 'nobody', '{"session":"' || {session} || '"}', '', {false},
            s.created_at
        from sessions s where s.kind = 'api'
    - one_refresh_family_per_session: {any number of families};
        insert into refresh_tokens
        (id, user_id, session_id, token_hash, device_info, expires_at, is_revoked, created_at, updated_at)
        select {id}, user_id, session_id, 'copy', device_info, expires_at, is_revoked, created_at, updated_at
        from refresh_tokens
    - refresh_family_of_missing_session: insert into users
        (id, email, email_canonical, password_hash, is_email_verified, is_active, created_at, updated_at)
        select {id}, 'bob@example.org', 'bob@example.org', password_hash, is_email_verified, is_active,
            created_at - {day} * 40, updated_at
        from users;
        update refresh_tokens set user_id = {id}
"#;

#[tokio::test]
async fn a_violation_is_found_under_its_name() {
    for violation in VIOLATIONS.split("\n    - ").skip(1) {
        let (invariant, sql) = violation.split_once(": ").unwrap();
        for database in databases().await {
            let found = broken_by(&database, sql).await;
            assert_eq!(found, [(invariant, 1)], "{sql}");
        }
    }
}

/// What constraints prevent as well is only there once they are gone.
#[tokio::test]
async fn a_violation_that_constraints_prevent_is_found_as_well() {
    let copies = "drop index users_live_email;
        drop index mailed_links_newest;
        drop index password_reset_tokens_newest;
        insert into users (id, email, email_canonical, password_hash, is_email_verified, is_active, created_at, updated_at)
            select {id}, email, email_canonical, password_hash, is_email_verified, is_active, created_at, updated_at
            from users;
        insert into mailed_links
            (id, user_id, purpose, token_hash, attempts, expires_at, is_used, ip_address, created_at)
            select {id}, user_id, purpose, 'copy', 0, expires_at, is_used, ip_address, created_at from mailed_links
            where purpose = 'verify_email';
        insert into password_reset_tokens
            (id, user_id, token_hash, expires_at, is_used, ip_address, created_at)
            select {id}, user_id, 'copy', expires_at, is_used, ip_address, created_at from password_reset_tokens";
    for database in databases().await {
        assert_eq!(
            broken_by(&database, copies).await,
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
            ("foreign_keys_hold", 9)
        ]
    );
}

/// An operator may bring accounts from elsewhere; nobody registered, so there was no welcome.
/// And the mails of an account go after a while; its last ones are no violation then.
#[tokio::test]
async fn an_account_from_elsewhere_or_of_long_ago_needs_no_mail() {
    for rest in [
        "delete from audit_logs",
        "update users set created_at = created_at - {day} * 30",
    ] {
        let without_mails = format!("delete from mail_outbox; {rest}");
        for database in databases().await {
            assert_eq!(broken_by(&database, &without_mails).await, []);
        }
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
