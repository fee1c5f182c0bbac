//! No line of the log has a secret in it.

use regex::Regex;
use vestibule_core::TRACE_TARGET;

use crate::collector::Collector;
use crate::log::log_in;
use crate::support::{
    Answer, Deployment, FORM, PASSWORD, Running, exchange, post, register, request, wait_for,
};

pub const NEW_PASSWORD: &str = "copper lantern meadow 901";
const WRONG_PASSWORD: &str = "a wrong one of canaries";

/// Secrets, each with its kind.
#[derive(Default)]
pub struct Canaries(pub Vec<(&'static str, String)>);

impl Canaries {
    fn add(&mut self, kind: &'static str, secret: &str) {
        assert!(!secret.is_empty(), "{kind}");
        self.0.push((kind, secret.to_owned()));
    }

    /// The tokens of an answer.
    fn add_tokens(&mut self, answer: &Answer) -> [String; 2] {
        ["access_token", "refresh_token"].map(|kind| {
            let (_, rest) = answer.body.split_once(&format!("\"{kind}\":\"")).unwrap();
            let token = rest.split('"').next().unwrap();
            self.add(kind, token);
            token.to_owned()
        })
    }

    fn add_cookies(&mut self, answer: &Answer) {
        let cookies = answer
            .body
            .lines()
            .filter_map(|line| line.strip_prefix("set-cookie: "));
        for cookie in cookies {
            let (_, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if !value.is_empty() {
                self.add("cookie", value);
            }
        }
    }

    fn count(&self, kind: &str) -> usize {
        self.0.iter().filter(|(known, _)| *known == kind).count()
    }

    /// The first of them that is in a text.
    fn seen_in(&self, text: &str) -> Option<&str> {
        let mut secrets = self.0.iter();
        let seen = secrets.find(|(kind, secret)| match *kind {
            "code" => has_number(text, secret),
            _ => text.contains(secret.as_str()),
        });
        seen.map(|(_, secret)| secret.as_str())
    }
}

/// Whether a number stands for itself in a line: its digits come by chance in times and ids.
fn has_number(line: &str, number: &str) -> bool {
    let line = line.replace("\\n", " ");
    line.match_indices(number).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + number.len()..].chars().next();
        let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        !before.is_some_and(goes_on) && !after.is_some_and(|c| c.is_ascii_alphanumeric())
    })
}

/// The mail with a link to a page, once it is sent.
fn mail_with_link_to(portal: &Running, page: &str) -> String {
    let link = format!("/{page}?token=");
    let look = || {
        let list = portal.get("/dev/mailbox").unwrap().body;
        let mails = list.split("href=\"/dev/mailbox/0").skip(1);
        let mut ids = mails.filter_map(|rest| rest.split('"').next());
        ids.find_map(|id| {
            let mail = portal.get(&format!("/dev/mailbox/0{id}")).unwrap().body;
            mail.contains(&link).then_some(mail)
        })
    };
    wait_for(look, || format!("no mail leads to /{page}"))
}

fn token_in(mail: &str) -> &str {
    let (_, rest) = mail.split_once("token=").unwrap();
    rest.split(['"', '&', '<']).next().unwrap()
}

fn code_in(mail: &str) -> &str {
    let digits = Regex::new(r">\s*([0-9]{6})\s*<").unwrap();
    let found = digits.captures(mail).expect("no code in the mail");
    found.get(1).unwrap().as_str()
}

/// Does with a portal what needs a secret, and makes new ones.
pub fn use_every_secret(portal: &Running) -> Canaries {
    let mut canaries = Canaries::default();
    for password in [PASSWORD, WRONG_PASSWORD, NEW_PASSWORD] {
        canaries.add("password", password);
    }
    use_passwords_and_tokens(portal, &mut canaries);
    use_mailed_links(portal, &mut canaries);
    canaries
}

#[track_caller]
fn api(portal: &Running, path: &str, body: &str, status: u16) -> Answer {
    let answer = post(portal.address, &format!("/api/v1/auth/{path}"), body).unwrap();
    assert_eq!(answer.status, status, "{path}: {}", answer.body);
    answer
}

fn use_passwords_and_tokens(portal: &Running, canaries: &mut Canaries) {
    let registered = register(portal.address, "canary@example.org").unwrap();
    let [access, refresh] = canaries.add_tokens(&registered);
    let wrong = format!(r#"{{"email":"canary@example.org","password":"{WRONG_PASSWORD}"}}"#);
    api(portal, "login", &wrong, 401);
    let refresh = format!(r#"{{"refresh_token":"{refresh}"}}"#);
    canaries.add_tokens(&api(portal, "refresh", &refresh, 200));
    let bearer = format!("authorization: Bearer {access}");
    let me = request("GET /api/v1/auth/me", &[&bearer], "");
    assert_eq!(exchange(portal.address, &me).unwrap().status, 200);
    let form = format!(
        "email=canary%40example.org&password={}",
        PASSWORD.replace(' ', "+")
    );
    let sign_in = request("POST /_fn/sign_in", &[FORM], &form);
    let signed_in = exchange(portal.address, &sign_in).unwrap();
    assert_eq!(signed_in.status, 303, "{}", signed_in.body);
    canaries.add_cookies(&signed_in);
}

fn use_mailed_links(portal: &Running, canaries: &mut Canaries) {
    let welcome = mail_with_link_to(portal, "verify-email");
    canaries.add("link to verify", token_in(&welcome));
    let code = code_in(&welcome);
    canaries.add("code", code);
    let by_code = format!(r#"{{"email":"canary@example.org","code":"{code}"}}"#);
    api(portal, "email/verify", &by_code, 200);
    let forgot = r#"{"email":"canary@example.org"}"#;
    api(portal, "password/forgot", forgot, 200);
    let mail = mail_with_link_to(portal, "reset-password");
    let token = token_in(&mail);
    canaries.add("link to reset", token);
    let opened = portal
        .get(&format!("/reset-password?token={token}"))
        .unwrap();
    let (_, handle) = opened.body.split_once("/reset-password?link=").unwrap();
    let handle = handle.lines().next().unwrap().trim_end();
    canaries.add("address of a link", handle);
    let page = portal
        .get(&format!("/reset-password?link={handle}"))
        .unwrap();
    assert!(page.body.contains("new_password"), "{}", page.body);
    let by_link = format!(r#"{{"token":"{token}","new_password":"{NEW_PASSWORD}"}}"#);
    api(portal, "password/reset", &by_link, 200);
}

/// At the level that logs everything, with everything that is secret,
/// and with traces, whose sender has one as well.
#[test]
fn no_secret_is_in_the_log_at_any_level() {
    let mut canaries = Canaries::default();
    let collector = Collector::start();
    let deployment = collector
        .watch(Deployment::new())
        .with("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=key-of-canaries");
    let mut lines = log_in(deployment, "trace", |portal| {
        canaries = use_every_secret(portal);
    });
    for (kind, least) in [
        ("password", 3),
        ("access_token", 2),
        ("refresh_token", 2),
        ("cookie", 1),
        ("link to verify", 1),
        ("code", 1),
        ("link to reset", 1),
        ("address of a link", 1),
    ] {
        assert!(canaries.count(kind) >= least, "{kind} in {:?}", canaries.0);
    }
    assert!(!collector.spans().is_empty(), "no traces were sent");
    let mut secrets = canaries.0.iter();
    let in_traces = secrets.find(|(_, secret)| collector.has_seen(secret));
    assert_eq!(in_traces, None);
    canaries.add("key", "key-of-canaries");
    assert!(
        lines.iter().any(|line| line["level"] == "TRACE"),
        "nothing is logged at this level"
    );
    for line in &mut lines {
        assert_ne!(line["target"], TRACE_TARGET);
        // A number of six digits that may be any.
        line["micros"].take();
        let text = line.to_string();
        assert_eq!(canaries.seen_in(&text), None, "{text}");
    }
}

#[test]
fn a_code_in_a_line_is_found() {
    for line in [
        r#"{"message":"123456"}"#,
        r#"{"message":"code=123456, email"}"#,
        r#"{"message":"{\"code\":\"123456\"}"}"#,
        r#"{"message":"Your code:\n123456."}"#,
        r#"{"code":123456}"#,
    ] {
        assert!(has_number(line, "123456"), "{line}");
    }
    for line in [
        r#"{"timestamp":"2026-11-24T08:30:01.123456Z"}"#,
        r#"{"id":"01ab3f0e-8f9c-7cc1-9d0e-5b123456a3c4"}"#,
        r#"{"length":1234567}"#,
    ] {
        assert!(!has_number(line, "123456"), "{line}");
    }
}
