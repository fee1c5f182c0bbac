//! The limits as docs/SECURITY.md has them: a burst, and then one each period. `Retry-After` is true to the second. On
//! PostgreSQL with Redis two replicas take turns, and all of this holds for both together.

use http::Method;
use serde_json::json;
use time::Duration;
use vestibule::config::Config;
use vestibule_web::{ForwardedHeader, TrustedProxies};

use crate::support::{
    Answer, Browser, PASSWORD, TestApp, address, assert_has, in_parallel, location, on_replicas,
    signed_in_browser,
};

on_replicas! { 2;
    wrong_passwords_for_one_account,
    guesses_at_one_account_become_rarer_and_rarer,
    a_browser_that_was_signed_in_has_a_quota_of_its_own,
    wrong_passwords_from_one_network,
    of_a_hundred_guesses_from_one_network_fifty_are_looked_at,
    whoever_they_say_they_are with trusted_proxy,
    an_ipv6_network_is_a_64,
    right_passwords_do_not_count,
    a_right_password_clears_the_account,
    a_reset_lets_the_owner_in,
    wrong_current_passwords_count_like_wrong_sign_ins,
    registrations_from_one_network,
    mails_to_one_address,
    mails_from_one_network,
    mailed_tokens_from_one_network,
    downloads_of_one_account,
    ratings_from_one_network,
    requests_of_any_kind_from_one_network,
    parallel_guesses_do_not_pass_the_limit,
    a_forwarded_address_of_no_trusted_proxy_is_nothing,
    a_trusted_proxy_names_the_client with trusted_proxy,
    a_trusted_proxy_may_do_so_by_forwarded with forwarded_header,
}

fn trusted_proxy(config: &mut Config) {
    config.http.trusted_proxies = TrustedProxies::parse(["192.0.2.0/24"]).unwrap();
}

fn forwarded_header(config: &mut Config) {
    trusted_proxy(config);
    let proxies = std::mem::take(&mut config.http.trusted_proxies);
    config.http.trusted_proxies = proxies.reading(ForwardedHeader::Forwarded);
}

/// A row of the table of limits.
#[derive(Clone, Copy)]
struct Documented {
    burst: usize,
    period: Duration,
}

/// The row that begins with these cells.
fn documented(what: &str, counted_for: &str) -> Documented {
    let document = include_str!("../../../docs/SECURITY.md");
    let (_, section) = document.split_once("\n## Limits\n").unwrap();
    let cells = |row: &'static str| row.split('|').map(str::trim).collect::<Vec<_>>();
    let mut rows = section.lines().map(cells).filter(|cells| cells.len() == 6);
    let row = rows
        .find(|cells| cells[1].starts_with(what) && cells[2].starts_with(counted_for))
        .unwrap_or_else(|| panic!("no limit on {what} for {counted_for}"));
    let (number, unit) = row[4].split_once(' ').unwrap();
    let unit = match unit {
        "ms" => Duration::MILLISECOND,
        "s" => Duration::SECOND,
        "min" => Duration::MINUTE,
        "h" => Duration::HOUR,
        unit => panic!("what is {unit}?"),
    };
    Documented {
        burst: row[3].parse().unwrap(),
        period: unit * number.parse::<i32>().unwrap(),
    }
}

/// So many at once, and then as many as the periods that have passed. A second before the time in `Retry-After` is too
/// early.
async fn keeps(app: &TestApp, limit: Documented, attempt: impl AsyncFn(usize) -> Answer) {
    for number in 0..limit.burst {
        let answer = attempt(number).await;
        assert_ne!(answer.status, 429, "{number}: {answer:?}");
    }
    let limited = attempt(limit.burst).await.expect(429);
    let wait = limited.retry_after();
    assert_eq!(
        wait,
        u64::try_from(
            limit
                .period
                .whole_milliseconds()
                .unsigned_abs()
                .div_ceil(1000)
        )
        .unwrap()
    );
    app.advance(Duration::seconds(wait.cast_signed() - 1));
    assert_eq!(
        attempt(limit.burst + 1).await.expect(429).retry_after(),
        1,
        "a second less"
    );
    app.advance(Duration::SECOND);
    let passed = Duration::seconds(wait.cast_signed());
    let more = passed.whole_milliseconds() / limit.period.whole_milliseconds();
    for number in 0..usize::try_from(more).unwrap() {
        let answer = attempt(limit.burst + 2 + number).await;
        assert_ne!(answer.status, 429, "{number} after it: {answer:?}");
    }
    attempt(2 * limit.burst + 2).await.expect(429);
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
    let limit = documented("wrong passwords", "the account");
    for email in ["nobody@example.org", "ann@example.org"] {
        keeps(&app, limit, async |number| {
            wrong(&app, &address(number), email).await
        })
        .await;
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
    app.advance(limit.period);
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
}

/// Whoever waits as told is let through each time; how long they are told to wait grows.
async fn guesses_at_one_account_become_rarer_and_rarer(app: TestApp) {
    let steps = [
        "the account",
        "the account, beyond 30",
        "the account, beyond 100",
    ];
    let steps = steps.map(|whose| documented("wrong passwords", whose));
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
    // What one has waited for one limit is waited for the others as well, so each of them begins a little later.
    let begins = |step: Documented| waits.iter().position(|wait| *wait == step.period).unwrap();
    let late = [0, 1, 2].map(|step| begins(steps[step]) - steps[step].burst);
    assert!(late[0] == 0 && late[1] <= 3 && late[2] <= 20, "{late:?}");
}

/// Nobody else can keep the owner out, and nobody gets more guesses by it.
async fn a_browser_that_was_signed_in_has_a_quota_of_its_own(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = signed_in_browser(&app, "ann@example.org").await;
    browser.post("/logout").await;
    let limit = documented("wrong passwords", "the account");
    for number in 0..limit.burst {
        wrong(&app, &address(number), "ann@example.org")
            .await
            .expect(401);
    }
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 429);
    let mut stranger = Browser::new(&app);
    let right = [("email", "ann@example.org"), ("password", PASSWORD)];
    assert_eq!(
        location(&stranger.submit("sign_in", &right).await),
        "/login"
    );
    assert_eq!(
        location(&browser.submit("sign_in", &right).await),
        "/account"
    );
    browser.post("/logout").await;
    assert_eq!(
        app.try_sign_in("ann@example.org", PASSWORD).await,
        429,
        "the others' is as it was"
    );

    let guess = [("email", "ann@example.org"), ("password", "wrong")];
    for _ in 0..limit.burst {
        browser.submit("sign_in", &guess).await;
        assert_has(
            &browser.open("/login").await.text(),
            &["Email or password is incorrect"],
        );
    }
    assert_eq!(location(&browser.submit("sign_in", &right).await), "/login");
    assert_has(
        &browser.open("/login").await.text(),
        &["Too many attempts. Try again in"],
    );
    app.advance(limit.period);
    assert_eq!(
        location(&browser.submit("sign_in", &right).await),
        "/account"
    );
}

async fn wrong_passwords_from_one_network(app: TestApp) {
    app.user("ann@example.org").await;
    let limit = documented("wrong passwords", "the network");
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
    sign_in_from(&app, "203.0.113.8", "ann@example.org", PASSWORD)
        .await
        .expect(200);
    app.advance(limit.period);
    sign_in_from(&app, "203.0.113.7", "ann@example.org", PASSWORD)
        .await
        .expect(200);
}

/// How many of a hundred wrong passwords were looked at, with what each of them says of its sender.
async fn guesses_let_in(
    app: &TestApp,
    headers: impl Fn(usize) -> Vec<(&'static str, String)>,
) -> usize {
    let mut let_in = 0;
    for number in 0..100 {
        let email = format!("user-{number}@example.org");
        let body = json!({ "email": email, "password": "not the password" });
        let mut call = app.post("/login").json(&body);
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

/// Headers that say that the sender is somebody else each time.
fn claims(number: usize) -> Vec<(&'static str, String)> {
    let somebody = address(number);
    vec![
        ("x-forwarded-for", somebody.clone()),
        ("forwarded", format!("for={somebody}")),
        ("x-real-ip", somebody.clone()),
        ("x-client-ip", somebody.clone()),
        ("true-client-ip", somebody.clone()),
        ("cf-connecting-ip", somebody),
    ]
}

async fn of_a_hundred_guesses_from_one_network_fifty_are_looked_at(app: TestApp) {
    let limit = documented("wrong passwords", "the network");
    assert_eq!(limit.burst, 50);
    assert_eq!(guesses_let_in(&app, |_| Vec::new()).await, 50);
    assert_eq!(
        guesses_let_in(&app, claims).await,
        0,
        "it is still the same network"
    );
    app.advance(limit.period * 50);
    assert_eq!(guesses_let_in(&app, claims).await, 50);
}

/// Also through a proxy that lets their headers through and adds where they really are.
async fn whoever_they_say_they_are(app: TestApp) {
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

/// For the account's own sessions, that is: guesses of others do not keep them from it.
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
    let limit = documented("wrong passwords", "the account");
    keeps(&app, limit, async |_| change("wrong").await).await;
    change(PASSWORD).await.expect_problem(429, "rate_limited");
    assert_eq!(app.try_sign_in("ann@example.org", PASSWORD).await, 200);
    app.advance(limit.period);
    change(PASSWORD).await.expect(204);
    assert_eq!(
        app.read_mails().await,
        ["password_changed to ann@example.org"]
    );
}

async fn registrations_from_one_network(app: TestApp) {
    let register = async |number: usize, from: &str| {
        let email = format!("user-{number}@example.org");
        // Judging a password is work as well: what breaks a rule counts, and so does a taken address.
        let email = match number % 3 {
            0 => email.as_str(),
            1 => "user-0@example.org",
            _ => "nobody",
        };
        let body = json!({ "email": email, "password": PASSWORD });
        app.post("/register").json(&body).from(from).await
    };
    let limit = documented("registrations", "the network");
    keeps(&app, limit, async |number| {
        register(number, "203.0.113.7").await
    })
    .await;
    let before = app.rows().await;
    register(99, "203.0.113.7")
        .await
        .expect_problem(429, "rate_limited");
    assert_eq!(app.rows().await, before);
    register(99, "203.0.113.8").await.expect(201);
    app.read_mails().await;
}

async fn mails_to_one_address(app: TestApp) {
    app.user("ann@example.org").await;
    let limit = documented("mails that somebody can cause", "the address");
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
    let told = 2 * (limit.burst + 1);
    assert_eq!(
        app.read_mails().await.len(),
        told,
        "none of them to the unknown address"
    );
}

async fn mails_from_one_network(app: TestApp) {
    let ask = async |number: usize, from: &str| {
        let path = ["/password/forgot", "/email/resend"][number % 2];
        app.post(path)
            .json(&json!({ "email": format!("user-{number}@example.org") }))
            .from(from)
            .await
    };
    let limit = documented("mails that were asked for", "the network");
    keeps(&app, limit, async |number| ask(number, "203.0.113.7").await).await;
    ask(99, "203.0.113.8").await.expect(200);
}

async fn mailed_tokens_from_one_network(app: TestApp) {
    let (_, mail) = app.register("ann@example.org").await;
    let guess = async |number: usize| {
        let token = format!("guess {number}");
        let (path, body) = match number % 3 {
            0 => ("/email/verify", json!({ "token": token })),
            1 => (
                "/email/verify",
                json!({ "email": format!("{number}@example.org"), "code": "123456" }),
            ),
            _ => (
                "/password/reset",
                json!({ "token": token, "new_password": "a quite different phrase" }),
            ),
        };
        app.post(path).json(&body).await
    };
    let limit = documented("mailed tokens and codes tried", "the network");
    keeps(&app, limit, guess).await;
    let right = json!({ "token": mail.token });
    let limited = app.post("/email/verify").json(&right).await;
    limited.expect_problem(429, "rate_limited");
    app.advance(limit.period);
    app.post("/email/verify").json(&right).await.expect(200);
}

async fn downloads_of_one_account(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browsers = Vec::new();
    for _ in 0..2 {
        browsers.push(signed_in_browser(&app, "ann@example.org").await);
    }
    let limit = documented("downloads of an account's data", "the account");
    let browsers = tokio::sync::Mutex::new(browsers);
    keeps(&app, limit, async |number| {
        // The password has to be given again after a while.
        let browser = &mut browsers.lock().await[number % 2];
        let confirmed = browser
            .submit("confirm_password", &[("password", PASSWORD)])
            .await;
        location(&confirmed);
        browser.post("/account/export").await
    })
    .await;
    assert_eq!(app.read_mails().await.len(), limit.burst + 1);
}

async fn ratings_from_one_network(app: TestApp) {
    let limit = documented("ratings of a new password", "the network");
    keeps(&app, limit, async |_| {
        let call = app.at(Method::POST, "/_fn/password_strength");
        call.form(&[("password", "too few")]).await
    })
    .await;
}

/// Pages and API alike, whatever is answered; not what machines ask for and what pages are drawn with.
async fn requests_of_any_kind_from_one_network(app: TestApp) {
    let limit = documented("requests of any kind", "the network");
    let ask = |number: usize| {
        let call = match number % 4 {
            0 => app.get("/password/policy"),
            1 => app.get("/me"),
            2 => app
                .post("/refresh")
                .json(&json!({ "refresh_token": "none" })),
            _ => app.at(Method::GET, "/login").header("accept", "text/html"),
        };
        call.from("203.0.113.7")
    };
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
    // A body has to be waited for, wherever it goes.
    app.at(Method::POST, "/health/live")
        .json(&json!({}))
        .from("203.0.113.7")
        .await
        .expect(429);
    // Not by the beginning of the path either.
    app.at(Method::GET, "/healthy")
        .from("203.0.113.7")
        .await
        .expect(429);
    let more = Duration::SECOND.whole_milliseconds() / limit.period.whole_milliseconds();
    app.advance(Duration::SECOND);
    for number in 0..=usize::try_from(more).unwrap() {
        let status = ask(number).await.status.as_u16();
        assert_eq!(status == 429, number == 20, "{number}: {status}");
    }
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

async fn a_trusted_proxy_may_do_so_by_forwarded(app: TestApp) {
    let from = async |forwarded: &str| {
        app.advance(Duration::seconds(1));
        let body = json!({ "email": "nobody@example.org", "password": "wrong" });
        app.post("/login")
            .json(&body)
            .header("forwarded", forwarded)
            .header("x-forwarded-for", "203.0.113.9")
            .await;
        app.text("select ip_address from audit_logs order by created_at desc limit 1")
            .await
    };
    assert_eq!(from("for=203.0.113.7").await, "203.0.113.7");
    let chain = "for=198.51.100.9, for=\"[2001:db8::1]:4711\";proto=https, for=192.0.2.77";
    assert_eq!(from(chain).await, "2001:db8::1");
    assert_eq!(from("for=unknown").await, "192.0.2.1");
}
