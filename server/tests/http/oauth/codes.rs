//! Codes: good for once, and as long as what they were made in.

use vestibule_core::ports::Clock as _;
use vestibule_core::{SystemRandom, disable_client};

use super::App;
use super::client::browser_of_ann;
use crate::support::{TestApp, in_parallel, on_replicas};

on_replicas! { 2;
    a_code_is_good_for_once,
    of_parallel_redemptions_one_succeeds with no_limits,
    a_code_dies_with_what_it_was_made_in,
}

fn no_limits(config: &mut vestibule::config::Config) {
    config.rate_limits = false;
}

/// Who shows it again has it from the client or from the way: what it began ends.
async fn a_code_is_good_for_once(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let other = app.tokens(&mut browser).await;
    let code = app.code(&mut browser).await;
    let tokens = app.redeem(&code).await.expect(200).json();
    app.userinfo(&tokens["access_token"]).await.expect(200);
    app.redeem(&code).await.expect_oauth(400, "invalid_grant");
    let dead = app.userinfo(&tokens["access_token"]).await;
    dead.expect_oauth(401, "invalid_token");
    let dead = app.refresh(tokens["refresh_token"].as_str().unwrap()).await;
    dead.expect_oauth(400, "invalid_grant");
    // And nothing else.
    app.userinfo(&other["access_token"]).await.expect(200);
    let events = "audit_logs where event_type = 'code_replayed' and client_id = 'grafana'";
    gives!(portal.count(events) => "1");
}

async fn of_parallel_redemptions_one_succeeds(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let code = app.code(&mut browser).await;
    let answers = in_parallel(50, |_| {
        let (app, code) = (app.clone(), code.clone());
        async move { app.redeem(&code).await }
    })
    .await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(good, 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.expect_oauth(400, "invalid_grant");
    }
}

async fn a_code_dies_with_what_it_was_made_in(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let code = app.code(&mut browser).await;
    browser.submit("sign_out", &[]).await.expect(303);
    app.redeem(&code).await.expect_oauth(400, "invalid_grant");
    let mut browser = crate::support::signed_in_browser(&portal, "ann@example.org").await;
    let code = app.code(&mut browser).await;
    let deactivate = |is_active: bool| format!("update users set is_active = {is_active}");
    portal.database.execute(&deactivate(false)).await;
    app.redeem(&code).await.expect_oauth(400, "invalid_grant");
    portal.database.execute(&deactivate(true)).await;
    app.redeem(&code).await.expect(200);
    let code = app.code(&mut browser).await;
    let now = portal.clock.now();
    let disabled = disable_client(&*portal.store, &SystemRandom, now, "grafana").await;
    disabled.unwrap();
    // The client is believed to be enabled for five seconds; the code is not.
    let answer = app.redeem(&code).await;
    assert_eq!(answer.status, 400, "{answer:?}");
}
