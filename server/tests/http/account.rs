//! `GET /me`, `PATCH /me`

use serde_json::json;
use time::Duration;

use crate::support::{TestApp, ann_but, on_every_database};

on_every_database! {
    me_is_the_signed_in_user,
    me_looks_the_user_up_on_each_request,
    names_can_be_changed_and_removed,
    names_that_break_a_rule_change_nothing,
    an_access_token_lives_for_fifteen_minutes,
    without_a_token_there_is_no_me,
}

async fn me_is_the_signed_in_user(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    app.user("bob@example.org").await;
    let answer = app.me(&ann).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.json()["id"], ann.id.to_string());
    let expected = ann_but(&json!({}));
    assert_eq!(answer.redacted(), expected);
}

async fn me_looks_the_user_up_on_each_request(app: TestApp) {
    let (ann, mail) = app.register("ann@example.org").await;
    let me = async || expect!(app.me(&ann) => 200).json();
    assert_eq!(me().await["is_email_verified"], false);
    expect!(app.verify(mail.token.as_deref().unwrap()) => 200);
    assert_eq!(me().await["is_email_verified"], true);
    app.advance(Duration::minutes(2));
    app.sign_in("ann@example.org").await;
    assert_eq!(me().await["last_login_at"], "2026-11-24T08:32:00.123456Z");
}

async fn names_can_be_changed_and_removed(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    app.advance(Duration::minutes(1));
    for (body, names) in [
        (json!({ "last_name": " Lee " }), ["Ann", "Lee"]),
        (
            json!({ "first_name": "界".repeat(100) }),
            [&"界".repeat(100), "Lee"],
        ),
        (json!({}), [&"界".repeat(100), "Lee"]),
        (
            json!({ "first_name": "'; drop table users; --", "last_name": "<b>&\"" }),
            ["'; drop table users; --", "<b>&\""],
        ),
    ] {
        let answer = expect!(app.rename(&ann, &body) => 200).json();
        assert_eq!([&answer["first_name"], &answer["last_name"]], names);
        assert_eq!(answer["updated_at"], "2026-11-24T08:31:00.123456Z");
        assert_eq!(app.me(&ann).await.json(), answer);
    }
    let body = json!({ "first_name": null, "last_name": "" });
    let answer = expect!(app.rename(&ann, &body) => 200).json();
    assert_eq!(
        (&answer["first_name"], &answer["last_name"]),
        (&json!(null), &json!(null))
    );
}

async fn names_that_break_a_rule_change_nothing(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let before = app.me(&ann).await.json();
    let body = json!({ "first_name": "line\u{2028}break", "last_name": "x".repeat(101) });
    let errors = ["first_name: invalid_characters", "last_name: too_long"];
    invalid!(app.rename(&ann, &body) => errors);
    let half = json!({ "first_name": "Anna", "last_name": "x".repeat(101) });
    expect!(app.rename(&ann, &half) => 400, "validation_failed");
    assert_eq!(app.me(&ann).await.json(), before);
}

async fn an_access_token_lives_for_fifteen_minutes(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    app.advance(Duration::minutes(15) - Duration::seconds(1));
    app.me(&ann).await.expect(200);
    app.advance(Duration::seconds(1));
    expect!(app.me(&ann) => 401, "token_expired");
}

async fn without_a_token_there_is_no_me(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    app.get("/me").await.expect_problem(401, "unauthenticated");
    expect!(app.patch("/me").json(&json!({ "first_name": "Eve" })) => 401, "unauthenticated");
    expect!(app.get("/me").bearer(&ann.refresh_token) => 401, "unauthenticated");
    // The scheme's name is case-insensitive (RFC 9110, 11.1).
    expect!(app.get("/me").header("authorization", format!("bEARER {}", ann.access_token)) => 200);
    // The path is exact: no cache can be made to keep an answer under the name of a file.
    expect!(app.get("/me/x.css").bearer(&ann.access_token) => 404, "not_found");
    assert_eq!(app.me(&ann).await.json()["first_name"], "Ann");
}
