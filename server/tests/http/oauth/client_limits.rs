//! What requests of clients cost, and whom, and how their credentials come.

use std::time::Duration;

use http::Method;
use url::form_urlencoded;
use vestibule::config::Config;
use vestibule_core::model::ClientKind;
use vestibule_core::ports::Quota;
use vestibule_core::{GivenSecret, NewClient};

use super::App;
use super::client::{CALLBACK, basic, new_client, new_public_client};
use crate::support::{Call, TestApp, address, on_any_database};

on_any_database! {
    a_client_that_has_proved_who_it_is_costs_its_network_nothing with few_of_a_network,
    requests_of_one_client_are_limited_wherever_they_come_from with few_of_a_client,
    a_secret_of_any_characters_is_taken_as_clients_send_it,
}

const REFRESH: [(&str, &str); 2] = [("grant_type", "refresh_token"), ("refresh_token", "x")];

fn few_of_a_network(config: &mut Config) {
    let quota = Quota {
        burst: 10,
        period: Duration::from_hours(1),
    };
    config.limits.quotas = vec![("request:network", quota)];
}

fn few_of_a_client(config: &mut Config) {
    let quota = Quota {
        burst: 3,
        period: Duration::from_mins(1),
    };
    config.limits.quotas = vec![("client:requests", quota)];
}

fn ask(portal: &TestApp, authorization: &str) -> Call {
    let call = portal.at(Method::POST, "/oauth2/token");
    call.header("authorization", authorization).form(&REFRESH)
}

fn ask_without_secret(portal: &TestApp, client_id: &str) -> Call {
    let fields = [&REFRESH[..], &[("client_id", client_id)]].concat();
    portal.at(Method::POST, "/oauth2/token").form(&fields)
}

/// All people of an app come to the portal through its one server.
async fn a_client_that_has_proved_who_it_is_costs_its_network_nothing(portal: TestApp) {
    let app = App::of(&portal).await;
    let spa = new_public_client("spa", ClientKind::Spa, CALLBACK);
    App::defined_as(&portal, spa).await;
    let server = "203.0.113.7";
    for _ in 0..30 {
        let answer = ask(&portal, &app.basic()).from(server).await;
        answer.expect_oauth(400, "invalid_grant");
    }
    // The network still has all that it had: for 10 requests of clients that prove nothing.
    for (client_id, from, error) in [
        ("unknown", server, "invalid_client"),
        ("spa", "203.0.113.8", "invalid_grant"),
    ] {
        let ask = || ask_without_secret(&portal, client_id).from(from);
        for _ in 0..10 {
            ask().await.expect_oauth(400, error);
        }
        ask().await.expect_oauth(429, "temporarily_unavailable");
    }
    // A wrong secret is paid for as well.
    let wrong = basic("grafana", "wrong");
    let ask = || ask(&portal, &wrong).from("203.0.113.9");
    for _ in 0..10 {
        ask().await.expect_oauth(401, "invalid_client");
    }
    ask().await.expect_oauth(429, "temporarily_unavailable");
}

async fn requests_of_one_client_are_limited_wherever_they_come_from(portal: TestApp) {
    let app = App::of(&portal).await;
    let other = App::defined_as(&portal, new_client("other")).await;
    // Those that others send in its name are not its own.
    let wrong = basic("grafana", "wrong");
    for _ in 0..5 {
        let answer = ask(&portal, &wrong).from(&address(9)).await;
        answer.expect_oauth(401, "invalid_client");
    }
    for number in 0..3 {
        let answer = ask(&portal, &app.basic()).from(&address(number)).await;
        answer.expect_oauth(400, "invalid_grant");
    }
    let limited = ask(&portal, &app.basic()).from(&address(3)).await;
    assert_eq!(limited.retry_after(), 60);
    limited.expect_oauth(429, "temporarily_unavailable");
    let answer = ask(&portal, &other.basic()).from(&address(3)).await;
    answer.expect_oauth(400, "invalid_grant");
    portal.advance(time::Duration::minutes(1));
    let answer = ask(&portal, &app.basic()).from(&address(3)).await;
    answer.expect_oauth(400, "invalid_grant");
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn a_secret_of_any_characters_is_taken_as_clients_send_it(portal: TestApp) {
    let secret = "a:secret%41of+more&than=32/characters?";
    let new = NewClient {
        secret: GivenSecret::Text(secret.into()),
        ..new_client("grafana")
    };
    App::defined_as(&portal, new).await;
    // Encoded as RFC 6749 has it, and as half of the clients send it.
    let as_it_is = basic("grafana", secret);
    for authorization in [&basic("grafana", &encoded(secret)), &as_it_is] {
        let answer = ask(&portal, authorization).await;
        answer.expect_oauth(400, "invalid_grant");
    }
    // Twice encoded, decoded without need, and cut off at its colon it is another one.
    let twice = encoded(&encoded(secret));
    let decoded = secret.replace("%41", "A").replace('+', " ");
    for wrong in [twice.as_str(), &decoded, &secret[2..], &secret[..1], ""] {
        let answer = ask(&portal, &basic("grafana", wrong)).await;
        answer.expect_oauth(401, "invalid_client");
    }
    let post = |authorization: Option<&str>, more: &[(&str, &str)]| {
        let call = portal.at(Method::POST, "/oauth2/token");
        let call = match authorization {
            Some(authorization) => call.header("authorization", authorization),
            None => call,
        };
        call.form(&[&REFRESH[..], more].concat())
    };
    let (id, in_body) = (("client_id", "grafana"), ("client_secret", secret));
    let header = Some(as_it_is.as_str());
    let answer = post(None, &[id, in_body]).await;
    answer.expect_oauth(400, "invalid_grant");
    let answer = post(header, &[id]).await;
    answer.expect_oauth(400, "invalid_grant");
    // In two ways at once it is refused, and so is another name than that of the header.
    for more in [&[id, in_body][..], &[in_body], &[("client_id", "other")]] {
        let answer = post(header, more).await;
        answer.expect_oauth(400, "invalid_request");
    }
}
