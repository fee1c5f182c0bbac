//! The download of all data: nothing that is stored about
//! the user is forgotten, and the user is notified.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use time::Duration;
use uuid::Uuid;
use vestibule_core::AuditEvent;
use vestibule_core::mail::MailKind;
use vestibule_core::ports::Clock as _;
use vestibule_testkit::builders;

use crate::oauth::App;
use crate::support::{TestApp, assert_has, meta, on_every_database, signed_in_browser};

on_every_database! {
    every_column_about_a_user_is_in_it_or_on_the_list,
    the_owner_is_notified_of_it,
    refreshes_are_in_it_though_no_page_shows_them,
    of_more_than_ten_thousand_events_the_newest_are_in_it,
}

/// Where the download has the rows of each table that is about users.
const PARTS: [(&str, &str); 9] = [
    ("users", "user"),
    ("sessions", "sessions"),
    ("refresh_tokens", "refresh_tokens"),
    ("app_sessions", "app_sessions"),
    ("grants", "grants"),
    ("mailed_links", "mailed_links"),
    ("password_reset_tokens", "mailed_links"),
    ("mail_outbox", "mails"),
    ("audit_logs", "events"),
];

/// What proves to be the user.
const SECRETS: [&str; 10] = [
    "users.password_hash",
    "sessions.cookie_hash",
    "refresh_tokens.token_hash",
    "refresh_tokens.previous_hash",
    "refresh_tokens.successor_nonce",
    "app_sessions.token_hash",
    "app_sessions.previous_hash",
    "app_sessions.successor_nonce",
    "mailed_links.token_hash",
    "password_reset_tokens.token_hash",
];

/// What says nothing more of the user: references between the rows, the machinery's own counters
/// and leases, keys that are computed from what is there.
const TECHNICAL: [&str; 38] = [
    "users.email_canonical",
    "users.code_entries",
    // Of an account that nobody can be signed in to.
    "users.deleted_at",
    "users.delete_at",
    "sessions.user_id",
    // Both follow from the method.
    "sessions.amr",
    "sessions.acr",
    "app_sessions.user_id",
    "app_sessions.browser_session_id",
    "app_sessions.amr",
    "app_sessions.acr",
    "app_sessions.refresh_expires_at",
    "grants.id",
    "grants.user_id",
    "refresh_tokens.id",
    "refresh_tokens.user_id",
    "refresh_tokens.updated_at",
    "mailed_links.id",
    "mailed_links.user_id",
    "mailed_links.attempts",
    "mailed_links.email_canonical",
    "mailed_links.generation",
    "mailed_links.session_id",
    "password_reset_tokens.id",
    "password_reset_tokens.user_id",
    "mail_outbox.id",
    "mail_outbox.user_id",
    "mail_outbox.token_id",
    "mail_outbox.priority",
    "mail_outbox.attempts",
    "mail_outbox.next_attempt_at",
    "mail_outbox.lease_id",
    "mail_outbox.leased_until",
    // What the mail server said, for the operator.
    "mail_outbox.last_error",
    "audit_logs.user_id",
    // The user, or nobody who was signed in; and the portal has no other clients.
    "audit_logs.actor_kind",
    "audit_logs.actor_id",
    "audit_logs.client_id",
];

const COLUMNS_SQLITE: &str = "
select group_concat(t.name || '.' || c.name, ' ')
from sqlite_master t
join pragma_table_info(t.name) c
where t.type = 'table'
    and (t.name = 'users' or exists (select 1 from pragma_table_info(t.name) u where u.name = 'user_id'))";

const COLUMNS_POSTGRES: &str = "
select string_agg(c.table_name || '.' || c.column_name, ' ')
from information_schema.columns c
where c.table_schema = 'public'
    and (c.table_name = 'users' or exists (
        select 1 from information_schema.columns u
        where u.table_schema = 'public' and u.table_name = c.table_name and u.column_name = 'user_id'
    ))";

/// A user with rows in every table, and the download.
async fn download(app: &TestApp) -> Value {
    let ann = app.verified_user("old@example.org").await;
    app.move_account(&ann, "ann@example.org").await;
    app.reset_token("ann@example.org").await;
    sign_in_to_app(app, ann.id).await;
    let who = app.principal(&ann.access_token).await;
    app.portal.auth.export_data(&who, &meta()).await.unwrap()
}

/// Leaves a session of an app, and what the user has agreed to.
async fn sign_in_to_app(app: &TestApp, user_id: Uuid) {
    let client = App::of(app).await;
    let mut browser = signed_in_browser(app, "ann@example.org").await;
    client.tokens(&mut browser).await;
    let mut store = app.store.writer().await.unwrap();
    let client = store.client(&client.client_id).await.unwrap().unwrap();
    let (of, scopes) = ((user_id, client.id), client.settings.scopes);
    let put = store.put_grant(Uuid::nil(), of, &scopes, app.clock.now());
    put.await.unwrap();
}

fn has_key(part: &Value, key: &str) -> bool {
    match part {
        Value::Array(rows) => rows.iter().any(|row| row.get(key).is_some()),
        row => row.get(key).is_some(),
    }
}

async fn every_column_about_a_user_is_in_it_or_on_the_list(app: TestApp) {
    let data = download(&app).await;
    app.mail_to("ann@example.org").await;
    let sql = if app.database.is_postgres() {
        COLUMNS_POSTGRES
    } else {
        COLUMNS_SQLITE
    };
    let text = app.text(sql).await;
    let columns: BTreeSet<&str> = text.split(' ').collect();
    let mut left_out = BTreeSet::new();
    for column in &columns {
        let (table, name) = column.split_once('.').unwrap();
        let part = PARTS.iter().find(|(of, _)| *of == table);
        let Some((_, part)) = part else {
            panic!("the download does not know of {table}")
        };
        if !has_key(&data[part], name) {
            left_out.insert(*column);
        }
    }
    let listed: BTreeSet<&str> = SECRETS.into_iter().chain(TECHNICAL).collect();
    assert_eq!(left_out, listed, "{data:#}");
}

async fn the_owner_is_notified_of_it(app: TestApp) {
    let data = download(&app).await;
    let mail = app.mail_to("ann@example.org").await;
    assert_eq!(mail.kind, MailKind::DataExported);
    assert_has(
        &mail.text,
        &["192.0.2.1", "/forgot-password", "/account/sessions"],
    );
    let mails = data["mails"].as_array().unwrap();
    let notice = mails.iter().find(|mail| mail["kind"] == "data_exported");
    let notice = notice.unwrap();
    assert_eq!(
        (
            &notice["status"],
            &notice["ip_address"],
            &notice["happened_at"]
        ),
        (
            &json!("pending"),
            &json!("192.0.2.1"),
            &notice["created_at"]
        )
    );
}

async fn refreshes_are_in_it_though_no_page_shows_them(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.refresh(&ann.refresh_token).await.expect(200);
    app.write_deferred().await;
    let who = app.principal(&ann.access_token).await;
    let data = app.portal.auth.export_data(&who, &meta()).await.unwrap();
    let events = data["events"].as_array().unwrap();
    let kinds: Vec<&str> = events
        .iter()
        .filter_map(|event| event["event_type"].as_str())
        .collect();
    assert!(kinds.contains(&"token_refreshed"), "{kinds:?}");
    assert!(
        data["refresh_tokens"][0]["rotated_at"].is_string(),
        "{data:#}"
    );
    app.mail_to("ann@example.org").await;
}

async fn of_more_than_ten_thousand_events_the_newest_are_in_it(app: TestApp) {
    const MOST: usize = 10_000;
    let ann = app.verified_user("ann@example.org").await;
    app.write_deferred().await;
    let who = app.principal(&ann.access_token).await;
    let export = async || app.portal.auth.export_data(&who, &meta()).await.unwrap();
    let data = export().await;
    assert_eq!(data["older_events_left_out"], false);
    // With the event of the next download they are as many as there may be.
    let older = MOST - data["events"].as_array().unwrap().len() - 1;
    let since = app.clock.now() - Duration::days(1);
    let event = |number: u32| {
        let (id, at) = (
            Uuid::from_u128(number.into()),
            since + Duration::microseconds(number.into()),
        );
        builders::audit(id, Some(ann.id), AuditEvent::TokenRefreshed, at)
    };
    let events: Vec<_> = (1..=u32::try_from(older).unwrap()).map(event).collect();
    let mut store = app.store.writer().await.unwrap();
    for part in events.chunks(1000) {
        store.insert_audits(part).await.unwrap();
    }
    drop(store);
    for (is_too_much, oldest) in [(false, 1), (true, 2)] {
        let data = export().await;
        let events = data["events"].as_array().unwrap();
        assert_eq!(events.len(), MOST);
        assert_eq!(data["older_events_left_out"], is_too_much);
        assert_eq!(
            events[MOST - 1]["id"],
            Uuid::from_u128(oldest).to_string(),
            "the oldest one that is in it"
        );
    }
    app.read_mails().await;
}
