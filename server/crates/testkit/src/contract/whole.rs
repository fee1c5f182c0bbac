//! What concerns no single table.

use serde_json::json;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use vestibule_core::{Actor, AuditEvent, AuditRecord};

use super::{Contract, meanwhile};
use crate::builders;

pub async fn an_uncommitted_transaction_leaves_nothing(cx: Contract) {
    ok!(cx.store.ping());
    let mut tx = cx.begin().await;
    let user = ok!(tx.insert_user(&builders::new_user(cx.id(), "ann@example.org", cx.now())));
    assert!(ok!(tx.user_by_id(user.id)).is_some());
    none!(cx.reader().await.user_by_id(user.id));
    drop(tx);
    none!(cx.writer().await.user_by_id(user.id));
    // Nor does it stand in the way of the next.
    cx.user("ann@example.org").await;
}

fn many_events(cx: &Contract, user_id: Uuid) -> Vec<AuditRecord> {
    let mut records = Vec::new();
    for number in 0..600 {
        let at = cx.now() + Duration::microseconds(number);
        let mut record = builders::audit(cx.id(), Some(user_id), AuditEvent::LoginFailure, at);
        record.details = json!({ "number": number, "text": "界'\"\\ \u{1f980}" });
        record.user_agent = (number % 2 == 0).then(|| format!("agent \u{e9} {number}"));
        records.push(record);
    }
    records
}

pub async fn many_events_are_kept_as_each_alone(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let mut records = many_events(&cx, user.id);
    records[7].event = AuditEvent::TokenRefreshed;
    records[8].user_id = None;
    // Of a user that does not exist it is nobody's event.
    records[9].user_id = Some(cx.id());
    let mut store = cx.writer().await;
    ok!(store.insert_audits(&records));
    ok!(store.insert_audits(&[]));
    let before = (cx.now() + Duration::days(1), Uuid::max());
    let entries = ok!(store.event_records(user.id, before, 1000));
    assert_eq!(entries.len(), 598);
    for entry in entries {
        let record = records.iter().find(|record| record.id == entry.id).unwrap();
        assert_eq!(entry.event, record.event);
        assert_eq!(entry.success, record.event.is_success());
        assert_eq!(entry.details, record.details.to_string());
        assert_eq!(entry.ip_address, record.ip_address);
        assert_eq!(entry.user_agent, record.user_agent);
        assert_eq!(entry.created_at, record.created_at);
    }
    drop(store);
    for record in &records[8..10] {
        let id = if cx.database.is_postgres() {
            format!("'{}'", record.id)
        } else {
            format!("x'{}'", record.id.simple())
        };
        let rows = format!("from audit_logs where id = {id} and user_id is null");
        assert_eq!(cx.database.count(&rows).await, 1);
    }
    // Those whose writing was not acknowledged are written
    // again with what came since: they are there once.
    let late = builders::audit(cx.id(), Some(user.id), AuditEvent::LoginFailure, cx.now());
    records[0].details = json!({ "count": 2 });
    let again = [records.swap_remove(0), late];
    ok!(cx.writer().await.insert_audits(&again));
    let entries = ok!(cx.writer().await.event_records(user.id, before, 1000));
    assert_eq!(entries.len(), 599);
    let entry = entries
        .iter()
        .find(|entry| entry.id == again[0].id)
        .unwrap();
    assert_eq!(entry.details, r#"{"count":2}"#);
}

/// Written alone or with others, an event names its actor; a person by id in the rows of their own
/// account alone, which go with it.
pub async fn an_event_names_who_did_it(cx: Contract) {
    let (ann, bob) = (
        cx.user("ann@example.org").await,
        cx.user("bob@example.org").await,
    );
    let of = |user_id, actor| AuditRecord {
        actor,
        client_id: Some("a client".to_owned()),
        ..builders::audit(cx.id(), user_id, AuditEvent::LoginFailure, cx.now())
    };
    let records = || {
        [
            of(Some(ann.id), Actor::Person(ann.id)),
            of(Some(ann.id), Actor::Person(bob.id)),
            of(None, Actor::Person(bob.id)),
            of(Some(ann.id), Actor::Nobody),
            of(None, Actor::Operator),
            of(None, Actor::Worker),
        ]
    };
    let gone = cx.id();
    let mut store = cx.writer().await;
    for record in records() {
        ok!(store.insert_audit(&record));
    }
    ok!(store.insert_audits(&records()));
    let of_gone = of(Some(gone), Actor::Person(gone));
    ok!(store.insert_audits(&[of_gone]));
    drop(store);
    for (rows, count) in [
        (
            format!("actor_kind = 'person' and actor_id = '{}'", ann.id),
            2,
        ),
        ("actor_kind = 'person' and actor_id is null".to_owned(), 5),
        (
            "actor_kind = 'nobody' and user_id is not null".to_owned(),
            2,
        ),
        ("actor_kind = 'operator' and user_id is null".to_owned(), 2),
        ("actor_kind = 'worker' and user_id is null".to_owned(), 2),
        ("actor_id is not null".to_owned(), 2),
        ("client_id = 'a client'".to_owned(), 13),
    ] {
        let found = format!("from audit_logs where {rows}");
        assert_eq!(cx.database.count(&found).await, count, "{rows}");
    }
}

/// The writer of many waits for the end of the account, and does not fail by it.
pub async fn events_of_an_account_that_goes_are_nobodys(cx: Contract) {
    let (ann, bob) = (
        cx.user("ann@example.org").await,
        cx.user("bob@example.org").await,
    );
    let records = [&ann, &bob]
        .map(|user| builders::audit(cx.id(), Some(user.id), AuditEvent::LoginFailure, cx.now()));
    let mut tx = cx.begin().await;
    ok!(tx.schedule_deletion(ann.id, cx.now(), cx.now()));
    ok!(tx.commit());
    let mut purging = cx.begin().await;
    assert!(ok!(purging.erase_user(ann.id, cx.now())));
    let writing = meanwhile({
        let cx = cx.clone();
        async move {
            let mut tx = cx.begin().await;
            tx.insert_audits(&records).await?;
            tx.commit().await
        }
    })
    .await;
    ok!(purging.commit());
    some!(writing);
    let nobodys = "from audit_logs where user_id is null and event_type = 'login_failure'";
    assert_eq!(cx.database.count(nobodys).await, 1);
    let before = (cx.now() + Duration::days(1), Uuid::max());
    let mut store = cx.writer().await;
    let entries = ok!(store.event_records(bob.id, before, 10));
    assert_eq!(entries.len(), 1);
}

pub async fn text_of_every_script_comes_back(cx: Contract) {
    let user = cx.user("ann@example.org").await;
    let mut store = cx.writer().await;
    for name in ["Zoë", "界'; drop table users; --", "🦀\u{0301}", "%_\\\"$1"] {
        let updated = some!(store.update_profile(user.id, Some(name), Some(name), cx.now()));
        assert_eq!(updated.first_name.as_deref(), Some(name));
        assert_eq!(
            some!(store.user_by_id(user.id)).last_name.as_deref(),
            Some(name)
        );
    }
}

pub async fn times_come_back_to_the_microsecond(cx: Contract) {
    const TIMES: [OffsetDateTime; 3] = [
        datetime!(2000-01-01 00:00:00 UTC),
        datetime!(2026-02-28 23:59:59.999999 UTC),
        datetime!(2099-12-31 12:00:00.000001 UTC),
    ];
    let user = cx.user("ann@example.org").await;
    let mut store = cx.writer().await;
    for time in TIMES {
        let updated = some!(store.mark_email_verified(user.id, time));
        assert_eq!(updated.updated_at, time);
    }
}
