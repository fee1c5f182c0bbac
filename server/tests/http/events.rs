//! `GET /events`

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use time::Duration;

use crate::support::{
    NEW_PASSWORD, PASSWORD, SignedIn, TestApp, in_parallel, on_every_database, without_limits,
};

on_every_database! {
    what_happened_is_listed_newest_first,
    everybody_sees_their_own_events_only,
    failed_sign_ins_are_shown_to_the_account,
    a_refresh_is_no_event,
    pages_hold_together_while_events_arrive,
    a_page_has_at_most_a_hundred_events,
    filters_choose_and_page_alike,
    a_query_that_breaks_a_rule_is_named,
    unknown_names_in_the_query_are_ignored,
    a_cursor_of_another_user_shows_nothing_of_theirs,
    no_secret_stands_in_the_details with without_limits,
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

async fn page(app: &TestApp, who: &SignedIn, query: &str) -> Value {
    app.write_deferred().await;
    let answer = expect!(app.get(&format!("/events{query}")).bearer(&who.access_token) => 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

fn types(page: &Value) -> Vec<String> {
    texts(page, "event_type")
}

fn ids(page: &Value) -> Vec<String> {
    texts(page, "id")
}

fn texts(page: &Value, field: &str) -> Vec<String> {
    page["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event[field].as_str().unwrap().to_owned())
        .collect()
}

/// Each time to another name: one that is there already is no event.
async fn rename(app: &TestApp, who: &SignedIn, count: usize) {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    for _ in 0..count {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        app.advance(Duration::milliseconds(10));
        let name = json!({ "first_name": format!("Ann {number}") });
        app.rename(who, &name).await.expect(200);
    }
}

/// Follows the cursors to the end.
async fn all_ids(app: &TestApp, who: &SignedIn, query: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut next = page(app, who, query).await;
    loop {
        all.extend(ids(&next));
        let Some(cursor) = next["next_cursor"].as_str() else {
            return all;
        };
        assert!(!ids(&next).is_empty(), "an empty page has no next one");
        next = page(app, who, &format!("{query}&cursor={cursor}")).await;
    }
}

async fn what_happened_is_listed_newest_first(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.advance(Duration::seconds(1));
    app.login("ann@example.org", PASSWORD)
        .header("user-agent", FIREFOX)
        .from("2001:db8::7")
        .await
        .expect(200);
    app.mail_to("ann@example.org").await;
    let body = page(&app, &ann, "?limit=1").await;
    let event = &body["events"][0];
    let names: Vec<&String> = event.as_object().unwrap().keys().collect();
    assert_eq!(
        names,
        [
            "created_at",
            "details",
            "device",
            "event_type",
            "id",
            "ip_address",
            "success"
        ]
    );
    for (name, value) in [
        ("event_type", json!("login_success")),
        ("device", json!("Firefox on Linux")),
        ("ip_address", json!("2001:db8::7")),
        ("success", json!(true)),
        ("created_at", json!("2026-11-24T08:30:01.123456Z")),
    ] {
        assert_eq!(event[name], value, "{event}");
    }
    assert!(event["details"].is_object(), "{event}");
    let all = page(&app, &ann, "").await;
    assert_eq!(types(&all)[0], "login_success");
    let mut rest = types(&all)[1..].to_vec();
    rest.sort();
    assert_eq!(rest, ["email_verified", "user_registered"]);
    assert_eq!(all["next_cursor"], Value::Null);
    let times = texts(&all, "created_at");
    assert!(times.is_sorted_by(|a, b| a >= b), "{times:?}");
}

async fn everybody_sees_their_own_events_only(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let bob = app.verified_user("bob@example.org").await;
    rename(&app, &ann, 5).await;
    rename(&app, &bob, 3).await;
    let anns: BTreeSet<String> = ids(&page(&app, &ann, "").await).into_iter().collect();
    let bobs: BTreeSet<String> = ids(&page(&app, &bob, "").await).into_iter().collect();
    assert_eq!((anns.len(), bobs.len()), (7, 5));
    assert!(anns.is_disjoint(&bobs));
}

async fn failed_sign_ins_are_shown_to_the_account(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.advance(Duration::seconds(1));
    assert_eq!(app.try_sign_in("ann@example.org", "wrong").await, 401);
    assert_eq!(app.try_sign_in("nobody@example.org", "wrong").await, 401);
    app.advance(Duration::seconds(1));
    expect!(app.delete_account_with(&ann, "wrong") => 401, "invalid_credentials");
    let page = page(&app, &ann, "?limit=2").await;
    assert_eq!(types(&page), ["reauthentication_failed", "login_failure"]);
    for event in page["events"].as_array().unwrap() {
        assert_eq!(event["success"], false);
        assert_eq!(event["details"], json!({}), "why is for operators");
    }
}

async fn a_refresh_is_no_event(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let before = page(&app, &ann, "").await;
    app.refresh(&ann.refresh_token).await.expect(200);
    assert_eq!(page(&app, &ann, "").await, before);
}

async fn pages_hold_together_while_events_arrive(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    rename(&app, &ann, 43).await;
    let before = all_ids(&app, &ann, "?limit=100").await;
    assert_eq!(before.len(), 45);
    for limit in [1, 7, 15, 44, 45, 46] {
        gives!(all_ids(&app, &ann, &format!("?limit={limit}")) => before, "{limit}");
    }
    let (mut read, mut query) = (Vec::new(), "?limit=10".to_owned());
    loop {
        let next = page(&app, &ann, &query).await;
        read.extend(ids(&next));
        // New events come while the pages are turned.
        let busy = app.clone();
        let who = ann.clone();
        in_parallel(3, move |_| {
            let (app, who) = (busy.clone(), who.clone());
            async move { rename(&app, &who, 1).await }
        })
        .await;
        match next["next_cursor"].as_str() {
            Some(cursor) => query = format!("?limit=10&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(read, before);
    assert_eq!(all_ids(&app, &ann, "?limit=100").await.len(), 45 + 15);
}

async fn a_page_has_at_most_a_hundred_events(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    rename(&app, &ann, 110).await;
    assert_eq!(ids(&page(&app, &ann, "").await).len(), 20);
    let most = page(&app, &ann, "?limit=100").await;
    assert_eq!(ids(&most).len(), 100);
    let cursor = most["next_cursor"].as_str().unwrap();
    let rest = page(&app, &ann, &format!("?limit=100&cursor={cursor}")).await;
    assert_eq!((ids(&rest).len(), &rest["next_cursor"]), (12, &Value::Null));
}

async fn filters_choose_and_page_alike(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    for _ in 0..5 {
        app.advance(Duration::seconds(1));
        app.sign_in("ann@example.org").await;
        app.try_sign_in("ann@example.org", "wrong").await;
    }
    rename(&app, &ann, 5).await;
    let all: BTreeSet<String> = all_ids(&app, &ann, "?filter=all&limit=100")
        .await
        .into_iter()
        .collect();
    assert_eq!(all.len(), 17);
    for (filter, count) in [("sign_ins", None), ("changes", None), ("failed", Some(5))] {
        let whole = page(&app, &ann, &format!("?limit=100&filter={filter}")).await;
        let found = types(&whole);
        if let Some(count) = count {
            assert_eq!(found.len(), count, "{filter}: {found:?}");
        }
        assert!(
            !found.is_empty() && found.len() < all.len(),
            "{filter}: {found:?}"
        );
        for event in whole["events"].as_array().unwrap() {
            assert!(all.contains(event["id"].as_str().unwrap()));
            if filter == "failed" {
                assert_eq!(event["success"], false, "{event}");
            }
        }
        let has = |kind: &str| found.iter().any(|found| found == kind);
        assert_eq!(has("login_success"), filter == "sign_ins", "{found:?}");
        assert_eq!(has("profile_updated"), filter == "changes", "{found:?}");
        assert_eq!(
            all_ids(&app, &ann, &format!("?filter={filter}&limit=2")).await,
            ids(&whole),
            "{filter}"
        );
    }
}

async fn a_query_that_breaks_a_rule_is_named(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let get = |query: &str| {
        let call = app.get(&format!("/events?{query}"));
        call.bearer(&ann.access_token)
    };
    for (query, error) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=4294967296", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=%00", "limit"),
        ("limit=5&limit=6", "limit"),
        ("cursor=", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=%FF", "cursor"),
        ("cursor='%20or%201=1--", "cursor"),
        ("cursor=2026-11-24T08:30:00Z", "cursor"),
        ("cursor=a&cursor=b", "cursor"),
        // Ids in other spellings than the one of a cursor.
        ("cursor=%2001935b7e-4a00-7000-8000-00000000000a", "cursor"),
        ("cursor=01935B7E-4A00-7000-8000-00000000000A", "cursor"),
        ("cursor=01935b7e4a007000800000000000000a", "cursor"),
        (
            "cursor=%7B01935b7e-4a00-7000-8000-00000000000a%7D",
            "cursor",
        ),
        ("filter=", "filter"),
        ("filter=everything", "filter"),
        ("filter=failed&filter=all", "filter"),
    ] {
        invalid!(get(query) => [format!("{error}: invalid")], "{query}");
    }
    let long = format!("cursor={}", "a".repeat(5000));
    expect!(get(&long) => 400, "validation_failed");
    let errors = ["cursor: invalid", "limit: invalid", "filter: invalid"];
    invalid!(get("limit=x&filter=y&cursor=1&cursor=2") => errors);
}

async fn unknown_names_in_the_query_are_ignored(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let bob = app.verified_user("bob@example.org").await;
    let query = format!("?user_id={}&id=1&event_type=x&%00=%ff&a=1&a=2", bob.id);
    assert_eq!(page(&app, &ann, &query).await, page(&app, &ann, "").await);
}

async fn a_cursor_of_another_user_shows_nothing_of_theirs(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let bob = app.verified_user("bob@example.org").await;
    rename(&app, &ann, 3).await;
    rename(&app, &bob, 3).await;
    let foreign = page(&app, &bob, "?limit=2").await;
    let cursor = foreign["next_cursor"].as_str().unwrap();
    let seen = page(&app, &ann, &format!("?cursor={cursor}")).await;
    let own = all_ids(&app, &ann, "?limit=100").await;
    assert!(ids(&seen).iter().all(|id| own.contains(id)));
    assert!(
        own.iter().all(|id| !cursor.contains(id)),
        "a cursor is of the own list"
    );
}

/// Everything is done once that leaves an event; then
/// whatever was secret or an address is looked for.
async fn no_secret_stands_in_the_details(app: TestApp) {
    let (ann, secrets) = cause_every_event(&app).await;
    let list = page(&app, &ann, "?limit=100").await;
    let found = types(&list);
    for kind in [
        "email_change_requested",
        "email_changed",
        "password_changed",
    ] {
        assert!(
            found.iter().any(|found| found == kind),
            "{kind} in {found:?}"
        );
    }
    for event in list["events"].as_array().unwrap() {
        let text = event.to_string();
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} in {text}");
        }
    }
    app.read_mails().await;
}

/// Gives whose events they are, and what was secret or an address.
async fn cause_every_event(app: &TestApp) -> (SignedIn, Vec<String>) {
    let (ann, welcome) = app.register("ann@example.org").await;
    let wrong = "a wrong password typed";
    app.try_sign_in("ann@example.org", wrong).await;
    app.verify_code("ann@example.org", "000000").await;
    expect!(app.verify(welcome.token.as_deref().unwrap()) => 200);
    let reset = app.reset_token("ann@example.org").await;
    expect!(app.change_password(&ann, PASSWORD, NEW_PASSWORD) => 204);
    expect!(app.change_email_with(&ann, "secret-place@example.org", NEW_PASSWORD) => 202);
    let change = app.mail_to("secret-place@example.org").await.token.unwrap();
    expect!(app.verify(&change) => 200);
    expect!(app.login("secret-place@example.org", wrong) => 401);
    let secrets = [
        PASSWORD,
        NEW_PASSWORD,
        wrong,
        reset.as_str(),
        change.as_str(),
        welcome.token.as_deref().unwrap(),
        ann.access_token.as_str(),
        ann.refresh_token.as_str(),
        "secret-place@example.org",
        "ann@example.org",
        "hash",
    ];
    let secrets = secrets.map(str::to_owned).to_vec();
    (ann, secrets)
}
