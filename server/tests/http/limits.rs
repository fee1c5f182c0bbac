//! The limits of docs/SECURITY.md on guesses at a password: a burst, and then one each period.
//! `Retry-After` is true to the second. On PostgreSQL with Redis two replicas take turns, and all
//! of this holds for both together. What is no guess is in `limits_requests.rs`.

use time::Duration;

use crate::support::{
    Answer, Browser, DocumentedLimit, NEW_PASSWORD, PASSWORD, TestApp, address,
    browser_of_new_user, documented_limit, in_parallel, keeps, location, on_replicas,
    trusted_proxy,
};

on_replicas! { 2;
    wrong_passwords_for_one_account,
    guesses_at_one_account_become_rarer_and_rarer,
    a_browser_that_was_signed_in_has_a_quota_of_its_own,
    a_thief_who_is_signed_out_by_a_reset_keeps_nobody_out,
    wrong_passwords_from_one_network,
    a_network_beyond_its_limit_costs_no_look_up,
    guesses_from_a_network_keep_no_known_browser_out,
    of_a_hundred_guesses_from_one_network_fifty_are_looked_at,
    whatever_address_they_claim with trusted_proxy,
    an_ipv6_network_is_a_64,
    right_passwords_do_not_count,
    a_reset_lets_the_owner_in,
    wrong_current_passwords_count_like_wrong_sign_ins,
    parallel_guesses_do_not_pass_the_limit,
}

async fn sign_in_from(app: &TestApp, from: &str, email: &str, password: &str) -> Answer {
    app.login(email, password).from(from).await
}

async fn wrong(app: &TestApp, from: &str, email: &str) -> Answer {
    sign_in_from(app, from, email, "not the password").await
}

async fn wrong_passwords_for_one_account(app: TestApp) {
    app.user("ann@example.org").await;
    app.user("bob@example.org").await;
    let limit = documented_limit("wrong passwords", "the account");
    for email in ["nobody@example.org", "ann@example.org"] {
        keeps(&app, limit, async |number| {
            wrong(&app, &address(number), email).await
        })
        .await;
    }
    // Guessing right does not help while it lasts, nor does another spelling.
    expect!(sign_in_from(&app, &address(11), "ANN@example.org", PASSWORD) => 429, "rate_limited");
    gives!(app.try_sign_in("bob@example.org", PASSWORD) => 200, "other accounts are apart");
    app.advance(limit.period);
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
}

/// As the architecture draws it: the limiter first, and the account only then.
async fn a_network_beyond_its_limit_costs_no_look_up(app: TestApp) {
    let limit = documented_limit("wrong passwords", "the network");
    for number in 0..limit.burst {
        let email = format!("user-{number}@example.org");
        wrong(&app, "203.0.113.7", &email).await.expect(401);
    }
    let before = app.store.round_trips();
    for email in ["nobody@example.org", "ann@example.org", "no address"] {
        expect!(wrong(&app, "203.0.113.7", email) => 429, "rate_limited");
    }
    assert_eq!(app.store.round_trips(), before);
    // A refusal for the account does not use up the network's share.
    let account = documented_limit("wrong passwords", "the account");
    for _ in 0..account.burst {
        expect!(wrong(&app, "203.0.113.8", "bob@example.org") => 401);
    }
    for _ in 0..2 * limit.burst {
        expect!(wrong(&app, "203.0.113.8", "bob@example.org") => 429, "rate_limited");
    }
    expect!(wrong(&app, "203.0.113.8", "eve@example.org") => 401);
}

/// A client that waits as asked is let through each time; the wait grows.
async fn guesses_at_one_account_become_rarer_and_rarer(app: TestApp) {
    let steps = [
        "the account",
        "the account, beyond 30",
        "the account, beyond 100",
    ];
    let steps = steps.map(|whose| documented_limit("wrong passwords", whose));
    let mut waits = Vec::new();
    for number in 0..150 {
        let mut answer = wrong(&app, &address(number), "ann@example.org").await;
        let mut wait = Duration::ZERO;
        if answer.status == 429 {
            wait = Duration::seconds(answer.retry_after().cast_signed());
            app.advance(wait);
            answer = wrong(&app, &address(number), "ann@example.org").await;
        }
        answer.expect_problem(401, "invalid_credentials");
        waits.push(wait);
    }
    let longest_within = |count: usize| waits[..count].iter().max().copied().unwrap();
    assert_eq!(longest_within(steps[0].burst), Duration::ZERO);
    assert_eq!(longest_within(steps[1].burst), steps[0].period);
    assert_eq!(longest_within(steps[2].burst), steps[1].period);
    assert_eq!(waits[149], steps[2].period);
    // What one has waited for one limit is waited for the others as well,
    // so each of them begins a little later.
    let begins =
        |step: DocumentedLimit| waits.iter().position(|wait| *wait == step.period).unwrap();
    let late = [0, 1, 2].map(|step| begins(steps[step]) - steps[step].burst);
    assert!(late[0] == 0 && late[1] <= 3 && late[2] <= 20, "{late:?}");
}

/// Nobody else can keep the owner out, and nobody gets more guesses by it.
async fn a_browser_that_was_signed_in_has_a_quota_of_its_own(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    browser.post("/logout").await;
    let limit = documented_limit("wrong passwords", "the account");
    for number in 0..limit.burst {
        expect!(wrong(&app, &address(number), "ann@example.org") => 401);
    }
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 429);
    let right = [("email", "ann@example.org"), ("password", PASSWORD)];
    only_the_known_browser_gets_in(&app, &mut browser).await;
    browser.post("/logout").await;
    gives!(app.try_sign_in("ann@example.org", PASSWORD) => 429, "the others' is as it was");

    let guess = [("email", "ann@example.org"), ("password", "wrong")];
    for _ in 0..limit.burst {
        browser.submit("sign_in", &guess).await;
        shows!(&browser.open("/login").await.text() => "Email or password is incorrect");
    }
    gives!(browser.submits("sign_in", &right) => "/login");
    shows!(&browser.open("/login").await.text() => "Too many attempts. Try again in");
    app.advance(limit.period);
    gives!(browser.submits("sign_in", &right) => "/account");
}

/// With the right password of Ann's, while a stranger's browser has to wait.
async fn only_the_known_browser_gets_in(app: &TestApp, known: &mut Browser) {
    let right = [("email", "ann@example.org"), ("password", PASSWORD)];
    let stranger = Browser::new(app).submit("sign_in", &right).await;
    assert_eq!(location(&stranger), "/login");
    gives!(known.submits("sign_in", &right) => "/account");
}

async fn a_thief_who_is_signed_out_by_a_reset_keeps_nobody_out(app: TestApp) {
    let mut intruder = browser_of_new_user(&app, "ann@example.org").await;
    let mut owner = Browser::new(&app);
    let token = app.reset_token("ann@example.org").await;
    owner.open(&format!("/reset-password?token={token}")).await;
    let new = [("new_password", NEW_PASSWORD)];
    owner.submit("reset_password", &new).await.expect(303);
    // What the intruder's browser kept is worth nothing any more.
    let limit = documented_limit("wrong passwords", "the account");
    let guess = [("email", "ann@example.org"), ("password", "wrong")];
    for _ in 0..limit.burst + 5 {
        intruder.submit("sign_in", &guess).await;
    }
    assert_eq!(app.try_sign_in("ann@example.org", NEW_PASSWORD).await, 429);
    let right = [("email", "ann@example.org"), ("password", NEW_PASSWORD)];
    gives!(owner.submits("sign_in", &right) => "/account");
    app.read_mails().await;
}

async fn wrong_passwords_from_one_network(app: TestApp) {
    app.user("ann@example.org").await;
    let limit = documented_limit("wrong passwords", "the network");
    keeps(&app, limit, async |number| {
        wrong(&app, "203.0.113.7", &format!("user-{number}@example.org")).await
    })
    .await;
    let limited = sign_in_from(&app, "203.0.113.7", "ann@example.org", PASSWORD).await;
    limited.expect_problem(429, "rate_limited");
    // The same machine over an IPv6 socket.
    sign_in_from(&app, "::ffff:203.0.113.7", "ann@example.org", PASSWORD)
        .await
        .expect_problem(429, "rate_limited");
    expect!(sign_in_from(&app, "203.0.113.8", "ann@example.org", PASSWORD) => 200);
    app.advance(limit.period);
    expect!(sign_in_from(&app, "203.0.113.7", "ann@example.org", PASSWORD) => 200);
}

/// One client in an office does not keep its owners from their accounts.
async fn guesses_from_a_network_keep_no_known_browser_out(app: TestApp) {
    let mut browser = browser_of_new_user(&app, "ann@example.org").await;
    browser.post("/logout").await;
    let limit = documented_limit("wrong passwords", "the network");
    let guess = async |number: usize| {
        let email = format!("made-up-{number}@example.org");
        app.try_sign_in(&email, "not the password").await
    };
    for number in 0..limit.burst {
        assert_eq!(guess(number).await, 401);
    }
    assert_eq!(guess(limit.burst).await, 429);
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 429);
    only_the_known_browser_gets_in(&app, &mut browser).await;
    gives!(app.try_sign_in("ann@example.org", PASSWORD) => 429, "the network's is as it was");
}

/// How many of a hundred wrong passwords were looked at, with what each of them says of its sender.
async fn guesses_let_in(
    app: &TestApp,
    headers: impl Fn(usize) -> Vec<(&'static str, String)>,
) -> usize {
    let mut let_in = 0;
    for number in 0..100 {
        let email = format!("user-{number}@example.org");
        let mut call = app.login(&email, "not the password");
        for (name, value) in headers(number) {
            call = call.header(name, value);
        }
        let answer = call.await;
        if answer.status == 401 {
            let_in += 1;
        } else {
            answer.expect_problem(429, "rate_limited");
        }
    }
    let_in
}

/// Headers that say that the sender is another client each time.
fn claims(number: usize) -> Vec<(&'static str, String)> {
    let sender = address(number);
    vec![
        ("x-forwarded-for", sender.clone()),
        ("forwarded", format!("for={sender}")),
        ("x-real-ip", sender.clone()),
        ("x-client-ip", sender.clone()),
        ("true-client-ip", sender.clone()),
        ("cf-connecting-ip", sender),
    ]
}

async fn of_a_hundred_guesses_from_one_network_fifty_are_looked_at(app: TestApp) {
    let limit = documented_limit("wrong passwords", "the network");
    assert_eq!(limit.burst, 50);
    assert_eq!(guesses_let_in(&app, |_| Vec::new()).await, 50);
    gives!(guesses_let_in(&app, claims) => 0, "it is still the same network");
    app.advance(limit.period * 50);
    assert_eq!(guesses_let_in(&app, claims).await, 50);
}

/// Also through a proxy that lets their headers through and adds where they really are.
async fn whatever_address_they_claim(app: TestApp) {
    let let_in = guesses_let_in(&app, |number| {
        let mut headers = claims(number);
        match number % 3 {
            0 => headers.push(("x-forwarded-for", "203.0.113.7".to_owned())),
            1 => headers[0].1 += ", 203.0.113.7",
            _ => headers[0].1 += ", ::ffff:203.0.113.7, 192.0.2.9",
        }
        headers
    })
    .await;
    assert_eq!(let_in, 50);
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
    // And what was wrong before one counts no more.
    for wrong in [9, 9, 10] {
        assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
        for _ in 0..wrong {
            assert_eq!(app.try_sign_in("ann@example.org", "wrong").await, 401);
        }
    }
    assert_eq!(app.try_sign_in("ann@example.org", "wrong").await, 429);
}

async fn a_reset_lets_the_owner_in(app: TestApp) {
    app.user("ann@example.org").await;
    for attempt in 0..10 {
        expect!(wrong(&app, &address(attempt), "ann@example.org") => 401);
    }
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 429);
    let token = app.reset_token("ann@example.org").await;
    expect!(app.reset(&token, "a quite different phrase") => 200);
    gives!(app.try_sign_in("ann@example.org", "a quite different phrase") => 200);
    gives!(app.read_mails() => ["password_changed to ann@example.org"]);
}

/// For the account's own sessions, that is: guesses of others do not keep them from it.
async fn wrong_current_passwords_count_like_wrong_sign_ins(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    let change = async |current: &str| {
        app.change_password(&ann, current, "a quite different phrase")
            .await
    };
    let limit = documented_limit("wrong passwords", "the account");
    keeps(&app, limit, async |_| change("wrong").await).await;
    change(PASSWORD).await.expect_problem(429, "rate_limited");
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
    app.advance(limit.period);
    change(PASSWORD).await.expect(204);
    gives!(app.read_mails() => ["password_changed to ann@example.org"]);
}

async fn parallel_guesses_do_not_pass_the_limit(app: TestApp) {
    app.user("ann@example.org").await;
    let statuses = in_parallel(50, |number| {
        let call = app
            .login("ann@example.org", "not the password")
            .from(&address(number));
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
