//! What was refused is in the audit log, however much of it
//! there was and whatever became of the database.

use std::sync::Arc;

use http::Method;
use serde_json::json;
use vestibule_core::ErrorCode;

use crate::support::{
    Answer, Outage, PASSWORD, TestApp, address, browser_of_new_user, meta_from, on_every_database,
};

on_every_database! {
    an_event_names_who_did_it,
    refused_requests_are_one_event_with_their_number,
    each_network_and_limit_has_its_own,
    the_limit_that_is_reported_is_the_one_that_is_used_up,
    an_answer_that_is_an_error_is_logged_with_its_code,
    what_no_handler_sees_is_reported_as_well,
    a_refused_form_is_logged_with_its_account,
    a_refused_sign_in_is_logged_with_its_reason,
    a_client_with_a_whole_site_is_one_client,
    what_waits_is_written_when_the_database_is_back,
    an_event_that_cannot_be_written_takes_no_other_with_it,
    an_outage_costs_nobody_a_registration,
    what_does_not_fit_is_lost_and_reported_once,
}

/// So many refusals may wait.
const MAX_REFUSALS: usize = 8_000;

/// Something with a limit that asks no database.
async fn rate(app: &TestApp, from: &str) -> Answer {
    let call = app.at(Method::POST, "/_fn/password_strength").from(from);
    call.form(&[("password", "too few")]).await
}

async fn use_up_ratings(app: &TestApp, from: &str) {
    for _ in 0..120 {
        rate(app, from).await.expect(200);
    }
}

/// Who was limited in what, how often: each event of it.
async fn limited(app: &TestApp) -> Vec<String> {
    reported(app, "rate_limited").await
}

async fn reported(app: &TestApp, event: &str) -> Vec<String> {
    let of = |details: &str| {
        format!(
            "ip_address || ' ' || ({details} ->> 'limit') || ' ' || coalesce({details} ->> 'count', '1')"
        )
    };
    let rows = if app.database.is_postgres() {
        format!("string_agg({}, ',' order by id)", of("details::json"))
    } else {
        format!("group_concat({} order by id)", of("details"))
    };
    let sql = format!("select coalesce({rows}, '') from audit_logs where event_type = '{event}'");
    let text = app.text(&sql).await;
    text.split(',')
        .filter(|row| !row.is_empty())
        .map(str::to_owned)
        .collect()
}

async fn an_event_names_who_did_it(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    app.sign_in("ann@example.org").await;
    app.try_sign_in("ann@example.org", "wrong").await;
    expect!(app.rename(&ann, &json!({ "first_name": "Anna" })) => 200);
    let of_nobody = format!("/sessions/{}", uuid::Uuid::nil());
    let call = app.delete(&of_nobody).bearer(&ann.access_token);
    call.await.expect(404);
    let person = format!("person {}", ann.id);
    for (event, actor) in [
        ("user_registered", "nobody -"),
        ("login_failure", "nobody -"),
        ("login_success", &person),
        ("profile_updated", &person),
        ("request_refused", &person),
    ] {
        let sql = format!(
            "select min(actor_kind || ' ' || coalesce(actor_id, '-')) from audit_logs where event_type = '{event}'"
        );
        assert_eq!(app.text(&sql).await, actor, "{event}");
    }
    app.read_mails().await;
}

async fn refused_requests_are_one_event_with_their_number(app: TestApp) {
    use_up_ratings(&app, "203.0.113.7").await;
    for _ in 0..25 {
        rate(&app, "203.0.113.7").await.expect(429);
    }
    assert_eq!(limited(&app).await, ["203.0.113.7 strength:network 25"]);
    // The rows are in the order of their ids.
    app.advance(time::Duration::milliseconds(1));
    rate(&app, "203.0.113.7").await.expect(429);
    assert_eq!(
        limited(&app).await,
        [
            "203.0.113.7 strength:network 25",
            "203.0.113.7 strength:network 1"
        ],
        "what is written is not touched again"
    );
}

async fn each_network_and_limit_has_its_own(app: TestApp) {
    for from in ["203.0.113.7", "203.0.113.8"] {
        use_up_ratings(&app, from).await;
    }
    for _ in 0..600 - 120 {
        expect!(app.get("/password/policy").from("203.0.113.7") => 200);
    }
    for number in 0..12 {
        let from = ["203.0.113.7", "203.0.113.8"][number % 2];
        rate(&app, from).await.expect(429);
    }
    let expected = [
        "203.0.113.7 request:network 6",
        "203.0.113.8 strength:network 6",
    ];
    // They may be written in the same moment.
    let mut found = limited(&app).await;
    found.sort();
    assert_eq!(found, expected);
}

async fn the_limit_that_is_reported_is_the_one_that_is_used_up(app: TestApp) {
    let guess = async |from: &str, email: &str| {
        let call = app.login(email, "not the password");
        call.from(from).await.status
    };
    // Three more than one account allows, from everywhere; then many accounts from one network.
    for number in 0..13 {
        guess(&address(number), "ann@example.org").await;
    }
    for number in 0..52 {
        guess("203.0.113.7", &format!("user-{number}@example.org")).await;
    }
    let events = reported(&app, "login_limited").await;
    let (network, account): (Vec<String>, Vec<String>) = events
        .into_iter()
        .partition(|event| event.starts_with("203.0.113.7 "));
    assert_eq!(account.len(), 3, "{account:?}");
    for event in account {
        assert!(event.ends_with(" sign_in:account 1"), "{event}");
    }
    assert_eq!(network, ["203.0.113.7 sign_in:network 2"]);
}

async fn an_answer_that_is_an_error_is_logged_with_its_code(app: TestApp) {
    app.get("/me").await.expect_problem(401, "unauthenticated");
    let details = "select details from audit_logs where event_type = 'request_refused'";
    assert_eq!(app.text(details).await, r#"{"code":"unauthenticated"}"#);
}

/// The refusals and whose they were, in their order.
const REFUSALS: &str = "from audit_logs where event_type = 'request_refused'";

async fn what_no_handler_sees_is_reported_as_well(app: TestApp) {
    let page = app.at(Method::GET, "/login").from("203.0.113.1");
    page.header("host", "elsewhere.example").await.expect(421);
    let page = app.at(Method::DELETE, "/login").from("203.0.113.2");
    page.await.expect(405);
    let page = app.at(Method::GET, "/no/such/page").from("203.0.113.3");
    page.await.expect(404);
    let form = app.at(Method::POST, "/_fn/sign_in").from("203.0.113.4");
    let form = form.header("sec-fetch-site", "cross-site");
    form.form(&[("email", "ann@example.org")]).await.expect(403);
    // A browser that has followed no link.
    let form = app
        .at(Method::POST, "/_fn/reset_password")
        .from("203.0.113.5");
    let fields = [("password", "another horse battery")];
    form.form(&fields).await.expect(303);
    for (from, code) in [
        ("203.0.113.1", "misdirected_request"),
        ("203.0.113.2", "method_not_allowed"),
        ("203.0.113.3", "not_found"),
        ("203.0.113.4", "forbidden"),
        ("203.0.113.5", "invalid_token"),
    ] {
        let sql = format!("select details {REFUSALS} and ip_address = '{from}'");
        let details = format!(r#"{{"code":"{code}"}}"#);
        assert_eq!(app.text(&sql).await, details, "{from}");
    }
}

async fn a_refused_form_is_logged_with_its_account(app: TestApp) {
    let mut ann = browser_of_new_user(&app, "ann@example.org").await;
    let too_long = "n".repeat(1000);
    let fields = [("first_name", too_long.as_str()), ("last_name", "")];
    ann.submit("update_profile", &fields).await.expect(303);
    let whose = format!("select details || ' ' || (user_id = (select id from users)) {REFUSALS}");
    let reported = app.text(&whose).await;
    assert!(
        reported.starts_with(r#"{"code":"validation_failed"} "#) && reported.ends_with(['1', 'e']),
        "{reported}"
    );
}

/// In the audit log and nowhere else.
async fn a_refused_sign_in_is_logged_with_its_reason(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let bob = app.verified_user("bob@example.org").await;
    app.undo_token(&bob).await;
    let mut answers = Vec::new();
    for (from, email, password, reason) in [
        (
            "203.0.113.1",
            "nobody@example.org",
            PASSWORD,
            "unknown_account",
        ),
        ("203.0.113.2", "no address", PASSWORD, "unknown_account"),
        ("203.0.113.3", "ann@example.org", "wrong", "wrong_password"),
        ("203.0.113.4", "bob@example.org", PASSWORD, "inactive"),
        ("203.0.113.5", "bob@example.org", "wrong", "inactive"),
    ] {
        let call = app.login(email, password).from(from);
        answers.push(call.await.expect(401).redacted());
        let sql = format!(
            "select details from audit_logs where event_type = 'login_failure' and ip_address = '{from}'"
        );
        let details = format!(r#"{{"method":"password","reason":"{reason}"}}"#);
        assert_eq!(app.text(&sql).await, details, "{email} {password}");
    }
    assert!(answers.iter().all(|it| *it == answers[0]), "{answers:?}");
}

async fn a_client_with_a_whole_site_is_one_client(app: TestApp) {
    for from in ["2001:db8:1:2::1", "2001:db8:1:3:ffff::9", "2001:db8:2:3::1"] {
        app.get("/me").from(from).await.expect(401);
        expect!(app.verify("none").from(from) => 400, "invalid_token");
    }
    let guesses = "audit_logs where event_type = 'verification_failed'";
    assert_eq!(app.count(guesses).await, "2", "one for each site");
    let of = |address: &str| {
        format!(
            "select details from audit_logs where ip_address = '{address}' and event_type = 'request_refused'"
        )
    };
    gives!(app.text(&of("2001:db8:1:2::1")) => r#"{"code":"unauthenticated","count":2}"#);
    gives!(app.text(&of("2001:db8:2:3::1")) => r#"{"code":"unauthenticated"}"#);
}

async fn an_event_that_cannot_be_written_takes_no_other_with_it(app: TestApp) {
    let refused = if app.database.is_postgres() {
        "alter table audit_logs add constraint odd check (ip_address <> '203.0.113.8') not valid"
    } else {
        "create trigger odd before insert on audit_logs when new.ip_address = '203.0.113.8'
         begin select raise(abort, 'odd'); end"
    };
    app.database.execute(refused).await;
    for from in ["203.0.113.7", "203.0.113.8", "203.0.113.9"] {
        app.get("/me").from(from).await.expect(401);
    }
    assert_eq!(app.portal.auth.write_deferred().await.unwrap(), 2);
    let reported = "select string_agg(ip_address, ' ' order by ip_address) from audit_logs";
    assert_eq!(app.text(reported).await, "203.0.113.7 203.0.113.9");
}

async fn what_waits_is_written_when_the_database_is_back(app: TestApp) {
    use_up_ratings(&app, "203.0.113.7").await;
    let outage = Outage::begin(&app).await;
    for _ in 0..3 {
        rate(&app, "203.0.113.7").await.expect(429);
    }
    let failed = app.portal.auth.write_deferred().await.unwrap_err();
    assert_eq!(failed.code(), ErrorCode::Unavailable);
    // What comes meanwhile is counted with what waits.
    for _ in 0..2 {
        rate(&app, "203.0.113.7").await.expect(429);
    }
    outage.end().await;
    assert_eq!(limited(&app).await, ["203.0.113.7 strength:network 5"]);
}

async fn an_outage_costs_nobody_a_registration(app: TestApp) {
    let register = || app.registration("ann@example.org", PASSWORD);
    // All of the limit but one.
    for _ in 0..19 {
        app.registration("ann", "").await.expect(400);
    }
    let outage = Outage::begin(&app).await;
    for _ in 0..2 {
        register().await.expect(503);
    }
    outage.end().await;
    register().await.expect(201);
    app.read_mails().await;
}

async fn what_does_not_fit_is_lost_and_reported_once(app: TestApp) {
    let log = tempfile::NamedTempFile::new().unwrap();
    let writer = Arc::new(log.reopen().unwrap());
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(writer)
        .finish();
    let _listening = tracing::subscriber::set_default(subscriber);
    let auth = &app.portal.auth;
    let outage = Outage::begin(&app).await;
    for number in 0..MAX_REFUSALS + 50 {
        auth.audit_refusal(ErrorCode::Forbidden, None, &meta_from(&address(number)));
    }
    auth.write_deferred().await.unwrap_err();
    // A request that waits already is counted all the same.
    auth.audit_refusal(
        ErrorCode::Forbidden,
        None,
        &meta_from(&address(MAX_REFUSALS - 1)),
    );
    outage.end().await;
    assert_eq!(auth.write_deferred().await.unwrap(), MAX_REFUSALS);
    assert_eq!(auth.write_deferred().await.unwrap(), 0);
    assert_eq!(app.count("audit_logs").await, MAX_REFUSALS.to_string());
    let log = std::fs::read_to_string(log.path()).unwrap();
    let reported: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("events were lost"))
        .collect();
    assert_eq!(reported.len(), 1, "{reported:?}");
    assert!(
        reported[0].contains("\"dropped\":50") && reported[0].contains("\"level\":\"ERROR\""),
        "{reported:?}"
    );
}
