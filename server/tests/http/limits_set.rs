//! Limits and lifetimes that a deployment sets.

use std::sync::Arc;
use std::time::Duration;

use vestibule::config::Config;
use vestibule_core::SharedNetworks;
use vestibule_core::model::Purpose;
use vestibule_core::ports::Quota;

use crate::support::{NEW_PASSWORD, PASSWORD, TestApp, on_every_database};

on_every_database! {
    a_limit_is_what_the_deployment_says with with_two_registrations,
    people_behind_one_shared_address_have_larger_limits with with_a_shared_network,
    links_and_tokens_live_as_long_as_the_deployment_says with with_short_lives,
}

fn with_two_registrations(config: &mut Config) {
    let quota = Quota {
        burst: 2,
        period: Duration::from_mins(5),
    };
    config.limits.quotas = vec![("register:network", quota)];
}

fn with_a_shared_network(config: &mut Config) {
    with_two_registrations(config);
    let office = "203.0.113.7".parse::<std::net::IpAddr>().unwrap();
    config.limits.shared_networks = Some(SharedNetworks {
        contain: Arc::new(move |address| address == office),
        factor: 3,
    });
}

fn with_short_lives(config: &mut Config) {
    config.lifetimes.access_token = Duration::from_mins(5);
    config.lifetimes = config
        .lifetimes
        .with_link(Purpose::ResetPassword, Duration::from_mins(20));
}

/// How many of ten register from one address.
async fn registered(app: &TestApp, from: &str) -> usize {
    let mut count = 0;
    for number in 0..10 {
        let email = format!("user-{number}-{from}@example.org");
        let answer = app.registration(&email, PASSWORD).from(from).await;
        count += usize::from(answer.status == 201);
    }
    count
}

async fn a_limit_is_what_the_deployment_says(app: TestApp) {
    assert_eq!(registered(&app, "203.0.113.7").await, 2);
    app.read_mails().await;
}

async fn people_behind_one_shared_address_have_larger_limits(app: TestApp) {
    assert_eq!(registered(&app, "203.0.113.7").await, 6);
    assert_eq!(registered(&app, "203.0.113.8").await, 2);
    app.read_mails().await;
}

async fn links_and_tokens_live_as_long_as_the_deployment_says(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let me = async || app.me(&ann).await;
    app.advance(time::Duration::seconds(299));
    me().await.expect(200);
    app.advance(time::Duration::seconds(1));
    me().await.expect(401);
    for (wait, status) in [(1199, 200), (1200, 400)] {
        let token = app.reset_token("ann@example.org").await;
        app.advance(time::Duration::seconds(wait));
        app.reset(&token, NEW_PASSWORD).await.expect(status);
        app.read_mails().await;
    }
}
