//! The limits as they are documented: a burst, and then one each period. `Retry-After` is true to the second.

use serde_json::json;
use time::Duration;
use vestibule::config::Config;
use vestibule_web::TrustedProxies;

use crate::support::{Answer, PASSWORD, TestApp, address, in_parallel, on_every_database};

on_every_database! {
    wrong_passwords_for_one_account,
    wrong_passwords_from_one_network,
    an_ipv6_network_is_a_64,
    right_passwords_do_not_count,
    a_right_password_clears_the_account,
    a_reset_lets_the_owner_in,
    wrong_current_passwords_count_like_wrong_sign_ins,
    registrations_from_one_network,
    mails_to_one_address,
    mails_from_one_network,
    mailed_tokens_from_one_network,
    parallel_guesses_do_not_pass_the_limit,
    a_forwarded_address_of_no_trusted_proxy_is_nothing,
    a_trusted_proxy_names_the_client with trusted_proxy,
    a_limited_sign_in_is_in_the_audit_log,
}

fn trusted_proxy(config: &mut Config) {
    config.http.trusted_proxies = TrustedProxies::parse(["192.0.2.0/24"]).unwrap();
}

async fn sign_in_from(app: &TestApp, from: &str, email: &str, password: &str) -> Answer {
    app.post("/login")
        .json(&json!({ "email": email, "password": password }))
        .from(from)
        .await
}

async fn wrong(app: &TestApp, from: &str, email: &str) -> Answer {
    sign_in_from(app, from, email, "not the password").await
}

async fn wrong_passwords_for_one_account(app: TestApp) {
    app.user("ann@example.org").await;
    app.user("bob@example.org").await;
    for email in ["ann@example.org", "nobody@example.org"] {
        for attempt in 0..10 {
            wrong(&app, &address(attempt), email)
                .await
                .expect_problem(401, "invalid_credentials");
        }
        let limited = wrong(&app, &address(10), email)
            .await
            .expect_problem(429, "rate_limited");
        assert_eq!(limited.retry_after(), 60, "known and unknown alike");
    }
    // Guessing right does not help while it lasts, nor does another spelling.
    sign_in_from(&app, &address(11), "ANN@example.org", PASSWORD)
        .await
        .expect_problem(429, "rate_limited");
    assert_eq!(
        app.try_sign_in("bob@example.org", PASSWORD).await,
        200,
        "other accounts are apart"
    );

    app.advance(Duration::seconds(59));
    let limited = wrong(&app, &address(12), "ann@example.org")
        .await
        .expect_problem(429, "rate_limited");
    assert_eq!(limited.retry_after(), 1);
    app.advance(Duration::seconds(1));
    wrong(&app, &address(12), "ann@example.org")
        .await
        .expect_problem(401, "invalid_credentials");
    wrong(&app, &address(12), "ann@example.org")
        .await
        .expect_problem(429, "rate_limited");
    app.advance(Duration::seconds(60));
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
}

async fn wrong_passwords_from_one_network(app: TestApp) {
    app.user("ann@example.org").await;
    for number in 0..50 {
        wrong(&app, "203.0.113.7", &format!("user-{number}@example.org"))
            .await
            .expect_problem(401, "invalid_credentials");
    }
    let limited = sign_in_from(&app, "203.0.113.7", "ann@example.org", PASSWORD)
        .await
        .expect_problem(429, "rate_limited");
    assert_eq!(limited.retry_after(), 10);
    // The same machine over an IPv6 socket.
    sign_in_from(&app, "::ffff:203.0.113.7", "ann@example.org", PASSWORD)
        .await
        .expect_problem(429, "rate_limited");
    sign_in_from(&app, "203.0.113.8", "ann@example.org", PASSWORD)
        .await
        .expect(200);
    app.advance(Duration::seconds(10));
    sign_in_from(&app, "203.0.113.7", "ann@example.org", PASSWORD)
        .await
        .expect(200);
}

async fn an_ipv6_network_is_a_64(app: TestApp) {
    app.user("ann@example.org").await;
    for number in 0..50 {
        let from = format!("2001:db8:1:2:{number:x}::1");
        wrong(&app, &from, &format!("user-{number}@example.org"))
            .await
            .expect_problem(401, "invalid_credentials");
    }
    let mut status = Vec::new();
    for from in ["2001:db8:1:2:ffff::9", "2001:db8:1:3::9"] {
        status.push(
            sign_in_from(&app, from, "ann@example.org", PASSWORD)
                .await
                .status
                .as_u16(),
        );
    }
    assert_eq!(status, [429, 200]);
}

async fn right_passwords_do_not_count(app: TestApp) {
    app.user("ann@example.org").await;
    for _ in 0..60 {
        assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
    }
    for _ in 0..10 {
        assert_eq!(app.try_sign_in("ann@example.org", "wrong").await, 401);
    }
    assert_eq!(app.try_sign_in("ann@example.org", "wrong").await, 429);
}

async fn a_right_password_clears_the_account(app: TestApp) {
    app.user("ann@example.org").await;
    for _ in 0..3 {
        for _ in 0..9 {
            assert_eq!(app.try_sign_in("ann@example.org", "wrong").await, 401);
        }
        assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
    }
}

async fn a_reset_lets_the_owner_in(app: TestApp) {
    app.user("ann@example.org").await;
    for attempt in 0..10 {
        wrong(&app, &address(attempt), "ann@example.org")
            .await
            .expect(401);
    }
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 429);
    let token = app.reset_token("ann@example.org").await;
    let body = json!({ "token": token, "new_password": "a quite different phrase" });
    app.post("/password/reset").json(&body).await.expect(200);
    assert_eq!(
        app.try_sign_in("ann@example.org", "a quite different phrase")
            .await,
        200
    );
    assert_eq!(
        app.read_mails().await,
        ["password_changed to ann@example.org"]
    );
}

async fn wrong_current_passwords_count_like_wrong_sign_ins(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let change = async |current: &str| {
        let body =
            json!({ "current_password": current, "new_password": "a quite different phrase" });
        app.post("/password/change")
            .bearer(&ann.access_token)
            .json(&body)
            .await
    };
    for _ in 0..10 {
        change("wrong")
            .await
            .expect_problem(401, "invalid_credentials");
    }
    assert_eq!(
        change(PASSWORD)
            .await
            .expect_problem(429, "rate_limited")
            .retry_after(),
        60
    );
    assert_eq!(
        app.try_sign_in("ann@example.org", PASSWORD).await,
        429,
        "one quota for both doors"
    );
    app.advance(Duration::seconds(60));
    change(PASSWORD).await.expect(204);
    assert_eq!(
        app.read_mails().await,
        ["password_changed to ann@example.org"]
    );
}

async fn registrations_from_one_network(app: TestApp) {
    let register = async |number: usize, from: &str| {
        let body = json!({ "email": format!("user-{number}@example.org"), "password": PASSWORD });
        app.post("/register").json(&body).from(from).await
    };
    for number in 0..10 {
        register(number, "203.0.113.7").await.expect(201);
        // Judging a password is work as well: what breaks a rule counts.
        let body = json!({ "email": "nobody", "password": PASSWORD });
        app.post("/register")
            .json(&body)
            .from("203.0.113.7")
            .await
            .expect(400);
    }
    let before = app.rows().await;
    let limited = register(20, "203.0.113.7")
        .await
        .expect_problem(429, "rate_limited");
    assert_eq!(limited.retry_after(), 60);
    assert_eq!(app.rows().await, before);
    register(21, "203.0.113.8").await.expect(201);
    app.advance(Duration::seconds(60));
    register(22, "203.0.113.7").await.expect(201);
    register(23, "203.0.113.7")
        .await
        .expect_problem(429, "rate_limited");
    assert_eq!(app.read_mails().await.len(), 12);
}

async fn mails_to_one_address(app: TestApp) {
    app.user("ann@example.org").await;
    for email in ["ann@example.org", "nobody@example.org"] {
        let body = json!({ "email": email });
        // Each kind of mail counts by itself: asking for one must not keep the owner from another.
        for path in ["/password/forgot", "/email/resend"] {
            for number in 0..5 {
                app.post(path)
                    .json(&body)
                    .from(&address(number))
                    .await
                    .expect(200);
            }
            let limited = app.post(path).json(&body).from(&address(5)).await;
            let limited = limited.expect_problem(429, "rate_limited");
            assert_eq!(limited.retry_after(), 600, "known and unknown alike");
        }
    }
    assert_eq!(
        app.read_mails().await.len(),
        10,
        "none of them to the unknown address"
    );
    app.advance(Duration::seconds(600));
    let body = json!({ "email": "ann@example.org" });
    app.post("/email/resend").json(&body).await.expect(200);
    app.post("/email/resend")
        .json(&body)
        .await
        .expect_problem(429, "rate_limited");
    assert_eq!(app.read_mails().await, ["verify_email to ann@example.org"]);
}

async fn mails_from_one_network(app: TestApp) {
    let ask = async |number: usize, from: &str| {
        app.post("/password/forgot")
            .json(&json!({ "email": format!("user-{number}@example.org") }))
            .from(from)
            .await
    };
    for number in 0..20 {
        ask(number, "203.0.113.7").await.expect(200);
    }
    assert_eq!(
        ask(20, "203.0.113.7")
            .await
            .expect_problem(429, "rate_limited")
            .retry_after(),
        60
    );
    ask(21, "203.0.113.8").await.expect(200);
    app.advance(Duration::seconds(60));
    ask(22, "203.0.113.7").await.expect(200);
}

async fn mailed_tokens_from_one_network(app: TestApp) {
    let (_, mail) = app.register("ann@example.org").await;
    for number in 0..30 {
        let answer = if number % 2 == 0 {
            app.post("/email/verify")
                .json(&json!({ "token": format!("guess {number}") }))
                .await
        } else {
            let body = json!({ "token": format!("guess {number}"), "new_password": "a quite different phrase" });
            app.post("/password/reset").json(&body).await
        };
        answer.expect_problem(400, "invalid_token");
    }
    let body = json!({ "token": mail.token });
    let limited = app
        .post("/email/verify")
        .json(&body)
        .await
        .expect_problem(429, "rate_limited");
    assert_eq!(limited.retry_after(), 10);
    app.advance(Duration::seconds(10));
    app.post("/email/verify").json(&body).await.expect(200);
}

async fn a_forwarded_address_of_no_trusted_proxy_is_nothing(app: TestApp) {
    for number in 0..=10 {
        let body = json!({ "email": "ann@example.org", "password": "wrong" });
        let call = app
            .post("/login")
            .json(&body)
            .header("x-forwarded-for", address(number));
        call.header("x-real-ip", address(number))
            .header("forwarded", format!("for={}", address(number)))
            .await;
    }
    let seen = app.text("select cast(count(distinct ip_address) as text) || ' ' || min(ip_address) from audit_logs").await;
    assert_eq!(seen, "1 192.0.2.1");
}

async fn parallel_guesses_do_not_pass_the_limit(app: TestApp) {
    app.user("ann@example.org").await;
    let statuses = in_parallel(50, |number| {
        let body = json!({ "email": "ann@example.org", "password": "not the password" });
        let call = app.post("/login").json(&body).from(&address(number));
        async move { call.await.status.as_u16() }
    })
    .await;
    let count = |status| {
        statuses
            .iter()
            .filter(|answered| **answered == status)
            .count()
    };
    assert_eq!((count(401), count(429)), (10, 40), "{statuses:?}");
}

async fn a_trusted_proxy_names_the_client(app: TestApp) {
    let from = async |forwarded: &str| {
        app.advance(Duration::seconds(1));
        let body = json!({ "email": "nobody@example.org", "password": "wrong" });
        app.post("/login")
            .json(&body)
            .header("x-forwarded-for", forwarded)
            .await;
        app.text("select ip_address from audit_logs order by created_at desc limit 1")
            .await
    };
    assert_eq!(from("203.0.113.7").await, "203.0.113.7");
    assert_eq!(
        from("198.51.100.9, 203.0.113.8, 192.0.2.77").await,
        "203.0.113.8",
        "what the client wrote is not believed"
    );
    assert_eq!(from("2001:db8::1").await, "2001:db8::1");
    assert_eq!(from("unknown").await, "192.0.2.1");
}

async fn a_limited_sign_in_is_in_the_audit_log(app: TestApp) {
    let guess = async || app.try_sign_in("ann@example.org", "wrong").await;
    let count = async |event: &str| {
        let condition = format!("event_type = '{event}'");
        app.text(&format!(
            "select cast(count(*) as text) from audit_logs where {condition}"
        ))
        .await
    };
    for _ in 0..15 {
        guess().await;
    }
    assert_eq!(count("login_failure").await, "10");
    assert_eq!(
        count("login_limited").await,
        "1",
        "a flood of guesses is no flood of writes"
    );
    app.advance(Duration::seconds(60));
    assert_eq!((guess().await, guess().await), (401, 429));
    assert_eq!(count("login_limited").await, "2");
}
