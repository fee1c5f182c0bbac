//! A refused sign-in does not reveal who has an account:
//! not by its bytes, and not by its time.
//!
//! No time is compared with a fixed one. The addresses take turns in an order that is drawn anew
//! each time, so whatever else the machine does meets them alike; and what is looked at is who was
//! slower how often, which a few slow answers do not change. Without a difference this share is a
//! half, whatever the times are, and with how many standard deviations it may miss it is said
//! below. What an address without an account must not be without, a hash, would make it 0 or 1.

use std::time::{Duration, Instant};

use http::{HeaderMap, Method};
use serde_json::json;
use vestibule::config::Config;
use vestibule_core::HashSettings;
use vestibule_core::ports::Random as _;
use vestibule_testkit::SeededRandom;

use crate::support::{
    Answer, Browser, Call, PASSWORD, PUBLIC_URL, TestApp, location, on_every_database, privately,
};

/// How often the addresses take turns; the states of an
/// account that differ less take part in some of them.
const TURNS: usize = 400;
const SOME: usize = 4;
const WARM_UP: usize = 20;
/// One run in a million is further away.
const MAX_DEVIATIONS: f64 = 5.0;

on_every_database! {
    refused_sign_ins_look_alike_to_programs with real_hashes,
    refused_sign_ins_look_alike_to_people with real_hashes,
    a_right_password_looks_wrong_where_it_lets_nobody_in with privately,
}

/// A fifth of the default: still as long as the rest of the answer, so that a missing one shows.
fn real_hashes(config: &mut Config) {
    config.rate_limits = false;
    config.passwords.hashing = HashSettings {
        threads: 1,
        memory_kib: 8 * 1024,
        passes: 1,
        ..HashSettings::default()
    };
}

/// Of one length, because pages repeat what was typed.
const UNKNOWN: &str = "unknown@example.org";
const VERIFIED: &str = "checked@example.org";
const UNVERIFIED: &str = "pending@example.org";
const INACTIVE: &str = "deleted@example.org";
const NO_ADDRESS: &str = "not an address, no.";

/// Accounts of every state under the addresses above.
async fn prepare(app: &TestApp) {
    app.verified_user(VERIFIED).await;
    app.account(UNVERIFIED).await;
    let user = app.verified_user(INACTIVE).await;
    app.undo_token(&user).await;
}

fn to_program(app: &TestApp, email: &str, password: &str) -> Call {
    app.login(email, password)
}

fn to_people(app: &TestApp, email: &str, password: &str) -> Call {
    app.at(Method::POST, "/_fn/sign_in")
        .form(&[("email", email), ("password", password)])
        .header("accept", "text/html")
        .header("origin", PUBLIC_URL)
        .header("sec-fetch-site", "same-origin")
}

async fn refused_sign_ins_look_alike_to_programs(app: TestApp) {
    prepare(&app).await;
    let emails = [UNKNOWN, VERIFIED, UNVERIFIED, INACTIVE, NO_ADDRESS];
    let times = measure(&emails, async |email| {
        to_program(&app, email, "wrong").await
    })
    .await;
    compare(&emails, &times);
    // What answers without a hash would be seen.
    let mut without_hash = Vec::new();
    for _ in 0..TURNS / SOME {
        let too_long = "x".repeat(1000);
        let body = json!({ "email": UNKNOWN, "password": "wrong", "device_name": too_long });
        let started = Instant::now();
        app.post("/login").json(&body).await.expect(400);
        without_hash.push(started.elapsed());
    }
    assert!(deviations(&times[0], &without_hash) < -MAX_DEVIATIONS);
}

async fn refused_sign_ins_look_alike_to_people(app: TestApp) {
    prepare(&app).await;
    let emails = [UNKNOWN, VERIFIED];
    let times = measure(&emails, async |email| to_people(&app, email, "wrong").await).await;
    compare(&emails, &times);
    // The page that the answer leads to.
    let mut pages = Vec::new();
    for email in [UNKNOWN, VERIFIED, UNVERIFIED, INACTIVE, NO_ADDRESS] {
        let mut browser = Browser::new(&app);
        let answer = browser
            .submit("sign_in", &[("email", email), ("password", "wrong")])
            .await;
        let page = browser.open(location(&answer)).await.expect(200);
        pages.push(face(&page).replace(email, "[email]"));
    }
    assert!(pages[0].contains("role=\"alert\""), "{}", pages[0]);
    for page in &pages {
        assert_eq!(*page, pages[0]);
    }
}

/// A caller who knows the password learns no more than that it is wrong.
async fn a_right_password_looks_wrong_where_it_lets_nobody_in(app: TestApp) {
    prepare(&app).await;
    let program = face(&to_program(&app, UNKNOWN, PASSWORD).await.expect(401));
    let people = face(&to_people(&app, UNKNOWN, PASSWORD).await.expect(303));
    for email in [UNVERIFIED, INACTIVE] {
        assert_eq!(face(&to_program(&app, email, PASSWORD).await), program);
        assert_eq!(face(&to_people(&app, email, PASSWORD).await), people);
    }
}

/// How long each address took each time. All answers look alike.
async fn measure<'a>(
    emails: &[&'a str],
    sign_in: impl AsyncFn(&'a str) -> Answer,
) -> Vec<Vec<Duration>> {
    let chance = SeededRandom::new(7);
    let mut times = vec![Vec::with_capacity(TURNS); emails.len()];
    let mut expected = None;
    for turn in 0..WARM_UP + TURNS {
        let count = if turn % SOME == 0 { emails.len() } else { 2 };
        for position in shuffled(count, &chance) {
            let email = emails[position];
            let started = Instant::now();
            let answer = sign_in(email).await;
            let took = started.elapsed();
            let face = face(&answer);
            assert_eq!(
                *expected.get_or_insert_with(|| face.clone()),
                face,
                "{email}"
            );
            if turn >= WARM_UP {
                times[position].push(took);
            }
        }
    }
    times
}

fn shuffled(count: usize, chance: &SeededRandom) -> Vec<usize> {
    let mut keyed: Vec<([u8; 8], usize)> = (0..count)
        .map(|position| {
            let mut key = [0; 8];
            chance.fill(&mut key);
            (key, position)
        })
        .collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, position)| position).collect()
}

/// Each address against the one without an account.
fn compare(emails: &[&str], times: &[Vec<Duration>]) {
    for (email, of_email) in emails.iter().zip(times).skip(1) {
        let deviations = deviations(&times[0], of_email);
        let medians = [median(&times[0]), median(of_email)];
        let seen = format!("{email}: slower by {deviations:.1} deviations, medians {medians:?}");
        eprintln!("{seen}");
        assert!(deviations.abs() <= MAX_DEVIATIONS, "{seen}");
    }
}

/// How much more often than in half of all pairs the second one
/// took longer (Mann and Whitney's U, in standard deviations).
fn deviations(first: &[Duration], second: &[Duration]) -> f64 {
    let slower = |it: &Duration| first.iter().filter(|other| *other < it).count();
    let same = |it: &Duration| first.iter().filter(|other| *other == it).count();
    let halves: usize = second.iter().map(|it| 2 * slower(it) + same(it)).sum();
    let number = |count: usize| f64::from(u32::try_from(count).unwrap());
    let (first, second) = (number(first.len()), number(second.len()));
    let standard = (first * second * (first + second + 1.0) / 12.0).sqrt();
    (number(halves) / 2.0 - first * second / 2.0) / standard
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// All of an answer but what is new in each: the request's id,
/// the policy's nonce, and what a sealed cookie says.
fn face(answer: &Answer) -> String {
    let mut face = format!("{} {}\n", answer.status, headers(&answer.headers));
    face.push_str(&answer.text());
    let id = answer.header("x-request-id");
    let face = without_form_nonces(&face.replace(id, "[id]"));
    match nonce(answer.header("content-security-policy")) {
        Some(nonce) => face.replace(nonce, "[nonce]"),
        None => face,
    }
}

fn without_form_nonces(page: &str) -> String {
    const BEFORE: &str = "name=\"form_nonce\" value=\"";
    let mut parts = page.split(BEFORE);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |page, part| {
        let (nonce, rest) = part.split_once('"').unwrap();
        assert_eq!(nonce.len(), 22, "128 bits");
        page + BEFORE + "[form nonce]\"" + rest
    })
}

fn headers(headers: &HeaderMap) -> String {
    let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let value = value.to_str().unwrap();
        if name == "set-cookie" {
            let (pair, attributes) = value.split_once("; ").unwrap();
            let (cookie, sealed) = pair.split_once('=').unwrap();
            // What is escaped in a cookie is three characters for one.
            let length = sealed.len() - 2 * sealed.matches('%').count();
            return format!("{name}: {cookie} of {length} characters; {attributes}");
        }
        format!("{name}: {value}")
    };
    headers.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn nonce(policy: &str) -> Option<&str> {
    let (_, rest) = policy.split_once("'nonce-")?;
    rest.split('\'').next()
}
