//! The limits of docs/SECURITY.md on what is no guess at a password: registrations, mails, mailed
//! tokens, downloads, ratings, and requests of any kind. Guesses are in `limits.rs`.

use http::Method;
use serde_json::json;
use time::Duration;
use vestibule::config::Config;

use crate::support::{
    Answer, Call, NEW_PASSWORD, PASSWORD, SignedIn, TestApp, address, assert_has, documented_limit,
    in_parallel, keeps, on_replicas, signed_in_browser,
};

on_replicas! { 2;
    registrations_from_one_network,
    mails_to_one_address,
    mails_to_one_mailbox_count_together_whatever_its_tag,
    mails_of_all_networks_together with few_mails,
    mails_from_one_network,
    mailed_tokens_from_one_network,
    downloads_of_one_account,
    ratings_from_one_network,
    new_passwords_of_one_account,
    mails_of_a_member_to_an_address_that_is_not_confirmed,
    requests_of_any_kind_from_one_network,
}

async fn registrations_from_one_network(app: TestApp) {
    let register = async |number: usize, from: &str| {
        let email = format!("user-{number}@example.org");
        // Judging a password is work as well: what breaks a rule counts,
        // and so does a taken address.
        let email = match number % 3 {
            0 => email.as_str(),
            1 => "user-0@example.org",
            _ => "nobody",
        };
        app.registration(email, PASSWORD).from(from).await
    };
    let limit = documented_limit("registrations", "the network");
    keeps(&app, limit, async |number| {
        register(number, "203.0.113.7").await
    })
    .await;
    let before = app.rows().await;
    expect!(register(99, "203.0.113.7") => 429, "rate_limited");
    assert_eq!(app.rows().await, before);
    register(99, "203.0.113.8").await.expect(201);
    // A site of IPv6 is five networks, however many it uses.
    for number in 0..5 * limit.burst {
        let from = format!("2001:db8:1:{number:x}::1");
        let answer = register(number, &from).await;
        assert_ne!(answer.status, 429, "{number}: {answer:?}");
    }
    expect!(register(99, "2001:db8:1:ffff::1") => 429, "rate_limited");
    app.read_mails().await;
}

async fn mails_to_one_address(app: TestApp) {
    app.user("ann@example.org").await;
    let limit = documented_limit("mails that anyone can cause", "the address");
    // Each kind of mail counts by itself: asking for one must not keep the owner from another.
    for path in ["/password/forgot", "/email/resend"] {
        for email in ["ann@example.org", "nobody@example.org"] {
            keeps(&app, limit, async |number| {
                let body = json!({ "email": email });
                app.post(path).json(&body).from(&address(number)).await
            })
            .await;
        }
    }
    let notified = 2 * (limit.burst + 1);
    assert_eq!(
        app.read_mails().await.len(),
        notified,
        "none of them to the unknown address"
    );
}

async fn register(app: &TestApp, email: &str, password: &str, from: &str) -> Answer {
    app.registration(email, password).from(from).await
}

async fn mails_to_one_mailbox_count_together_whatever_its_tag(app: TestApp) {
    let limit = documented_limit("mails that anyone can cause", "the address");
    // What sends no mail takes nothing from the mailbox.
    expect!(register(&app, "ann@example.org", PASSWORD, &address(0)) => 201);
    for number in 1..=limit.burst {
        let taken = register(&app, "ann@example.org", PASSWORD, &address(number)).await;
        taken.expect_problem(409, "email_taken");
        let weak = register(&app, "ann+@example.org", "12345678", &address(number)).await;
        weak.expect_problem(400, "validation_failed");
    }
    for number in 1..limit.burst {
        let email = format!("Ann+{number}@example.org");
        expect!(register(&app, &email, PASSWORD, &address(number)) => 201);
    }
    let one_more = register(&app, "ann+x@example.org", PASSWORD, &address(99)).await;
    let wait = one_more.expect_problem(429, "rate_limited").retry_after();
    assert_eq!(i64::try_from(wait).unwrap(), limit.period.whole_seconds());
    expect!(register(&app, "bob+1@example.org", PASSWORD, &address(99)) => 201);
    app.read_mails().await;
    for number in 0..=limit.burst {
        let call = app.forgot(&format!("ann+{number}@example.org"));
        let asked = call.from(&address(number)).await;
        assert_eq!(asked.status == 429, number == limit.burst);
    }
    app.read_mails().await;
}

fn few_mails(config: &mut Config) {
    config.mail.anonymous_per_hour = 12;
}

/// Registrations leave a quarter of them to those who forgot a password.
async fn mails_of_all_networks_together(app: TestApp) {
    let register = async |number: usize| {
        let email = format!("user-{number}@example.org");
        register(&app, &email, PASSWORD, &address(number)).await
    };
    let forget = async |number: usize| {
        let call = app.forgot(&format!("user-{number}@example.org"));
        call.from(&address(number)).await
    };
    for number in 0..9 {
        register(number).await.expect(201);
    }
    let refused = register(9).await.expect_problem(429, "rate_limited");
    assert_eq!(refused.retry_after(), 400);
    for number in 0..3 {
        forget(number).await.expect(200);
    }
    let refused = forget(3).await.expect_problem(429, "rate_limited");
    assert_eq!(refused.retry_after(), 300);
    app.advance(Duration::seconds(300));
    forget(3).await.expect(200);
    register(9).await.expect_problem(429, "rate_limited");
    app.advance(Duration::seconds(300));
    register(9).await.expect(201);
    assert_eq!(app.read_mails().await.len(), 14);
}

async fn mails_from_one_network(app: TestApp) {
    let ask = async |number: usize, from: &str| {
        let path = ["/password/forgot", "/email/resend"][number % 2];
        app.post(path)
            .json(&json!({ "email": format!("user-{number}@example.org") }))
            .from(from)
            .await
    };
    let limit = documented_limit("mails that were asked for", "the network");
    keeps(&app, limit, async |number| ask(number, "203.0.113.7").await).await;
    ask(99, "203.0.113.8").await.expect(200);
    // A site of IPv6 is five networks, however many it uses.
    for number in 0..5 * limit.burst {
        let from = format!("2001:db8:1:{number:x}::1");
        ask(number, &from).await.expect(200);
    }
    expect!(ask(99, "2001:db8:1:ffff::1") => 429, "rate_limited");
    ask(99, "2001:db8:2::1").await.expect(200);
}

async fn mailed_tokens_from_one_network(app: TestApp) {
    let (_, mail) = app.register("ann@example.org").await;
    let guess = async |number: usize| {
        let token = format!("guess {number}");
        let call = match number % 3 {
            0 => app.verify(&token),
            1 => app.verify_code(&format!("{number}@example.org"), "123456"),
            _ => app.reset(&token, NEW_PASSWORD),
        };
        call.await
    };
    let limit = documented_limit("mailed tokens and codes tried", "the network");
    keeps(&app, limit, guess).await;
    let right = mail.token.unwrap();
    expect!(app.verify(&right) => 429, "rate_limited");
    app.advance(limit.period);
    app.verify(&right).await.expect(200);
}

async fn downloads_of_one_account(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browsers = Vec::new();
    for _ in 0..2 {
        browsers.push(signed_in_browser(&app, "ann@example.org").await);
    }
    let limit = documented_limit("downloads of an account's data", "the account");
    let browsers = tokio::sync::Mutex::new(browsers);
    keeps(&app, limit, async |number| {
        browsers.lock().await[number % 2].download().await
    })
    .await;
    let refused = browsers.lock().await[0].download().await.expect(429);
    assert_has(&refused.text(), &["Try again in 10 minutes"]);
    assert_eq!(app.read_mails().await.len(), limit.burst + 1);
}

async fn ratings_from_one_network(app: TestApp) {
    let limit = documented_limit("ratings of a new password", "the network");
    let rate = async |from: &str| {
        let call = app.at(Method::POST, "/_fn/password_strength").from(from);
        call.form(&[("password", "too few")]).await
    };
    keeps(&app, limit, async |_| rate("203.0.113.7").await).await;
    let limited = rate("203.0.113.7").await.expect(429);
    let answer = json!({ "ok": false, "code": "rate_limited", "score": 0 });
    assert_eq!(limited.json(), answer);
    rate("203.0.113.8").await.expect(200);
    // The form itself is another matter.
    expect!(register(&app, "ann@example.org", PASSWORD, "203.0.113.7") => 201);
    app.read_mails().await;
}

async fn new_passwords_of_one_account(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let limit = documented_limit("new passwords", "the account");
    keeps(&app, limit, async |number| {
        let call = app.change_password(&ann, PASSWORD, "password");
        call.from(&address(number)).await
    })
    .await;
}

/// An attacker registers with another person's address, and
/// does again and again what notifies its owner.
async fn mails_of_a_member_to_an_address_that_is_not_confirmed(app: TestApp) {
    let limit = documented_limit("mails that anyone can cause", "the address");
    for (email, notified) in [("theirs@example.org", limit.burst), ("own@example.org", 7)] {
        let (ann, mail) = app.register(email).await;
        if email.starts_with("own") {
            app.verify(mail.token.as_deref().unwrap()).await.expect(200);
        }
        let mut token = ann.access_token;
        let mut passwords = [PASSWORD, NEW_PASSWORD];
        for _ in 0..7 {
            let [current, new] = passwords;
            let body =
                json!({ "current_password": current, "new_password": new, "new_tokens": true });
            let answer = app.post("/password/change").bearer(&token).json(&body);
            let answer = answer.await.expect(200);
            token = SignedIn::from_body(&answer.json()).access_token;
            passwords.reverse();
        }
        gives!(app.read_mails() => vec![format!("password_changed to {email}"); notified]);
    }
}

/// Pages and API alike, whatever is answered; not what
/// machines ask for and what pages are drawn with.
async fn requests_of_any_kind_from_one_network(app: TestApp) {
    let limit = documented_limit("requests of any kind", "the network");
    let ask = |number: usize| request_of_some_kind(&app, number).from("203.0.113.7");
    let free = [
        "/health",
        "/health/live",
        "/.well-known/jwks.json",
        "/pkg/1/vestibule.css",
    ];
    let mut statuses = Vec::new();
    while statuses.len() < limit.burst + 40 {
        let calls = in_parallel(20, |number| {
            let call = ask(statuses.len() + number);
            async move { call.await.status.as_u16() }
        });
        statuses.extend(calls.await);
        let path = free[statuses.len() / 20 % free.len()];
        let answer = app.at(Method::GET, path).from("203.0.113.7").await;
        assert_ne!(answer.status, 429, "{path}");
    }
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 40);

    let problem = app.get("/me").from("203.0.113.7").await;
    assert_eq!(problem.expect_problem(429, "rate_limited").retry_after(), 1);
    let page = ask(3).await.expect(429);
    assert_eq!(page.retry_after(), 1);
    assert_has(&page.text(), &["<!DOCTYPE html>", "Too many"]);
    ask(3).from("203.0.113.8").await.expect(200);
    // Nor is another host a way around.
    ask(3).host("elsewhere.example").await.expect(429);
    // A body has to be waited for, wherever it goes.
    expect!(app.at(Method::POST, "/health/live").json(&json!({})).from("203.0.113.7") => 429);
    // Not by the beginning of the path either.
    expect!(app.at(Method::GET, "/healthy").from("203.0.113.7") => 429);
    let more = Duration::SECOND.whole_milliseconds() / limit.period.whole_milliseconds();
    app.advance(Duration::SECOND);
    for number in 0..=usize::try_from(more).unwrap() {
        let status = ask(number).await.status.as_u16();
        assert_eq!(status == 429, number == 20, "{number}: {status}");
    }
}

fn request_of_some_kind(app: &TestApp, number: usize) -> Call {
    match number % 4 {
        0 => app.get("/password/policy"),
        1 => app.get("/me"),
        2 => app.refresh("none"),
        _ => app.at(Method::GET, "/login").header("accept", "text/html"),
    }
}
