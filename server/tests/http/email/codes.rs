//! The code in a mail that verifies an address

use time::Duration;
use vestibule_core::VerifyEmail;

use crate::support::{
    Answer, Browser, PASSWORD, TestApp, WRONG, address, code as code_of, documented_limit,
    in_parallel, meta_from, on_every_database, privately,
};

on_every_database! {
    the_mailed_code_verifies_the_address_once,
    a_code_lives_for_ten_minutes,
    a_code_dies_after_five_entries,
    asking_for_a_new_code_does_not_reset_the_count,
    after_fifty_codes_in_a_row_only_the_link_is_left,
    codes_of_one_site_are_bounded_by_the_day,
    codes_of_all_sites_together_are_bounded_by_the_day,
    a_code_is_good_for_its_own_address_only,
    the_last_tries_of_a_code_do_not_reveal_who_has_an_account with privately,
    a_right_code_with_a_right_password_costs_nothing with privately,
}

/// A code that is wrong, from this address.
async fn guess_from(app: &TestApp, email: &str, from: &str) -> Answer {
    app.verify_code(email, "123456").from(from).await
}

/// A code of six digits that is not the given one.
fn wrong(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

async fn the_mailed_code_verifies_the_address_once(app: TestApp) {
    let (_, mail) = app.register("ann@example.org").await;
    let code = mail.code.unwrap();
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    let answer = expect!(app.verify_code(" ANN@example.org", &spaced) => 200).json();
    assert_eq!(answer["is_email_verified"], true);
    expect!(app.verify_code("ann@example.org", &code) => 400, "invalid_token");
    expect!(app.verify(&mail.token.unwrap()) => 400, "invalid_token");
}

async fn a_code_lives_for_ten_minutes(app: TestApp) {
    let (_, ann) = app.register("ann@example.org").await;
    let (_, bob) = app.register("bob@example.org").await;
    app.advance(Duration::minutes(10));
    expect!(app.verify_code("ann@example.org", &ann.code.unwrap()) => 200);
    app.advance(Duration::seconds(1));
    expect!(app.verify_code("bob@example.org", &bob.code.unwrap()) => 400, "invalid_token");
    app.verify(&bob.token.unwrap()).await.expect(200);
}

async fn a_code_dies_after_five_entries(app: TestApp) {
    let (_, ann) = app.register("ann@example.org").await;
    let (_, bob) = app.register("bob@example.org").await;
    let (ann_code, bob_code) = (ann.code.unwrap(), bob.code.unwrap());
    for entry in 1..=4 {
        expect!(app.verify_code("ann@example.org", wrong(&ann_code)) => 400, "invalid_token");
        expect!(app.verify_code("bob@example.org", &format!("{entry}")) => 400, "invalid_token");
    }
    expect!(app.verify_code("ann@example.org", &ann_code) => 200);
    expect!(app.verify_code("bob@example.org", wrong(&bob_code)) => 400, "invalid_token");
    expect!(app.verify_code("bob@example.org", &bob_code) => 400, "invalid_token");
    app.verify(&bob.token.unwrap()).await.expect(200);
}

async fn asking_for_a_new_code_does_not_reset_the_count(app: TestApp) {
    let (_, first) = app.register("ann@example.org").await;
    let code = first.code.unwrap();
    for _ in 0..3 {
        expect!(app.verify_code("ann@example.org", wrong(&code)) => 400, "invalid_token");
    }
    app.resend("ann@example.org").await.expect(200);
    let second = app.mail_to("ann@example.org").await;
    let code = second.code.unwrap();
    for _ in 0..2 {
        expect!(app.verify_code("ann@example.org", wrong(&code)) => 400, "invalid_token");
    }
    expect!(app.verify_code("ann@example.org", &code) => 400, "invalid_token");
    app.verify(&second.token.unwrap()).await.expect(200);
}

async fn after_fifty_codes_in_a_row_only_the_link_is_left(app: TestApp) {
    let (_, mut mail) = app.register("ann@example.org").await;
    for _ in 0..10 {
        let code = mail.code.as_deref().unwrap();
        for _ in 0..5 {
            let answer = app.verify_code("ann@example.org", wrong(code)).await;
            answer.expect_problem(400, "invalid_token");
        }
        app.advance(Duration::minutes(61));
        app.resend("ann@example.org").await.expect(200);
        mail = app.mail_to("ann@example.org").await;
    }
    assert_eq!(mail.code, None, "it would not work");
    app.verify(&mail.token.unwrap()).await.expect(200);
}

async fn codes_of_one_site_are_bounded_by_the_day(app: TestApp) {
    let limit = documented_limit("wrong six-digit codes", "the site");
    let (_, mail) = app.register("ann@example.org").await;
    let mut limited = None;
    // Those that are given back while it takes them: a code is one more each 864 s.
    for number in 0..limit.burst + 3 {
        app.clock.advance(Duration::seconds(10));
        // Each time from another network of the site.
        let from = format!("2001:db8:1:{number:x}::1");
        let answer = guess_from(&app, "nobody@example.org", &from).await;
        if answer.status == 429 {
            assert!(number >= limit.burst, "{number}");
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.expect("codes of one site are not bounded");
    let wait = Duration::seconds(limited.retry_after().cast_signed());
    assert!(wait > limit.period / 2 && wait <= limit.period, "{wait}");
    expect!(guess_from(&app, "nobody@example.org", "2001:db8:2::1") => 400, "invalid_token");
    app.verify(&mail.token.unwrap()).await.expect(200);
}

async fn codes_of_all_sites_together_are_bounded_by_the_day(app: TestApp) {
    let limit = documented_limit("wrong six-digit codes", "all sites");
    let mut browser = Browser::new(&app);
    let fields = [("email", "ann@example.org"), ("password", PASSWORD)];
    browser.submit("register", &fields).await.expect(303);
    let code = app.mail_to("ann@example.org").await.code.unwrap();
    // Many at once: an answer comes a tenth of a second later at the earliest.
    for hundred in 0..limit.burst / 100 {
        let answers = in_parallel(100, |number| {
            let app = app.clone();
            let from = format!("2001:db8:{hundred:x}{number:02x}::1");
            async move { guess_from(&app, "nobody@example.org", &from).await }
        });
        for answer in answers.await {
            answer.expect_problem(400, "invalid_token");
        }
    }
    expect!(guess_from(&app, "nobody@example.org", "2001:db8:ffff::1") => 429, "rate_limited");
    // A user who is signed in to the account has nothing to do with them.
    let fields = [("email", "ann@example.org"), ("code", &code)];
    gives!(browser.submits("verify_email", &fields) => "/account");
}

async fn a_code_is_good_for_its_own_address_only(app: TestApp) {
    let (_, ann) = app.register("ann@example.org").await;
    let (_, bob) = app.register("bob@example.org").await;
    assert_ne!(ann.code, bob.code);
    let code = ann.code.unwrap();
    for email in [
        "bob@example.org",
        "nobody@example.org",
        "ann@example.org\r\n",
        "",
        "no address",
    ] {
        expect!(app.verify_code(email, &code) => 400, "invalid_token");
    }
    for code in [
        "",
        "0",
        &format!("{code}0"),
        &code[1..],
        "١٢٣٤٥٦",
        &"9".repeat(10_000),
    ] {
        expect!(app.verify_code("bob@example.org", code) => 400, "invalid_token");
    }
    expect!(app.verify_code("ann@example.org", &code) => 200);
}

/// How a code is answered in a browser that nobody is signed in to, each time in another network.
async fn enter_code(
    app: &TestApp,
    number: usize,
    email: &str,
    code: &str,
    password: &str,
) -> &'static str {
    let entry = VerifyEmail::Code {
        email: email.to_owned(),
        code: code.to_owned(),
        password: Some(password.into()),
        from_browser: true,
    };
    let meta = meta_from(&address(number));
    code_of(app.portal.auth.verify_email(entry, None, &meta).await)
}

/// An attacker registers with an address and a password of their own, and tries codes. If the
/// address was free, the password is right and the codes are wrong; if it was taken, the password
/// is wrong.
async fn the_last_tries_of_a_code_do_not_reveal_who_has_an_account(app: TestApp) {
    let burst = documented_limit("wrong passwords", "the account").burst;
    let (_, anns) = app.account("ann@example.org").await;
    for email in ["ann@example.org", "new@example.org"] {
        app.registration(email, WRONG).await.expect(202);
    }
    app.mail_to("ann@example.org").await;
    let new_mail = app.mail_to("new@example.org").await;
    let mut seen = Vec::new();
    for (email, mail) in [("ann@example.org", anns), ("new@example.org", new_mail)] {
        let code = wrong(mail.code.as_deref().unwrap());
        let mut answers = Vec::new();
        for number in 0..burst - 1 {
            answers.push(enter_code(&app, number, email, code, WRONG).await);
        }
        // Of those who try the last one at once, one is looked at.
        let mut last = in_parallel(5, |number| {
            let app = app.clone();
            async move { enter_code(&app, burst + number, email, code, WRONG).await }
        })
        .await;
        last.sort_unstable();
        answers.extend(last);
        seen.push(answers);
    }
    let reported = |answer: &str| seen[0].iter().filter(|it| **it == answer).count();
    assert_eq!(
        (reported("invalid_credentials"), reported("rate_limited")),
        (burst, 4),
        "{seen:?}"
    );
    assert_eq!(seen[0], seen[1]);
    for event in ["reauthentication_failed", "login_limited"] {
        let users = format!(
            "select cast(count(distinct user_id) as text) from audit_logs where event_type = '{event}'"
        );
        assert_eq!(app.text(&users).await, "2", "{event}");
    }
}

async fn a_right_code_with_a_right_password_costs_nothing(app: TestApp) {
    let burst = documented_limit("wrong passwords", "the account").burst;
    let (_, mail) = app.account("ann@example.org").await;
    let code = mail.code.unwrap();
    // A wrong password uses no entry of the code up, however many there are.
    for number in 0..burst - 1 {
        let answer = enter_code(&app, number, "ann@example.org", &code, WRONG).await;
        assert_eq!(answer, "invalid_credentials");
    }
    let answer = enter_code(&app, burst, "ann@example.org", &code, PASSWORD).await;
    assert_eq!(answer, "ok");
    let answer = enter_code(&app, burst, "ann@example.org", &code, PASSWORD).await;
    assert_eq!(answer, "invalid_credentials", "it is used up");
    let answer = enter_code(&app, burst, "ann@example.org", &code, PASSWORD).await;
    assert_eq!(answer, "rate_limited");
}
