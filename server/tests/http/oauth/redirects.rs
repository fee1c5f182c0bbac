//! Requests for authorization: what is answered where.

use http::Method;
use time::Duration;
use vestibule_core::model::{ClientKind, ClientSettings, Pkce};
use vestibule_core::ports::Clock as _;
use vestibule_core::{NewClient, SystemRandom, disable_client, hash_token};

use super::App;
use super::client::{
    CALLBACK, VERIFIER, browser_of, browser_of_ann, claims, new_client, new_public_client,
    parameter,
};
use crate::support::{
    Browser, PUBLIC_URL, TestApp, assert_has, location, on_any_database, sign_in,
};

on_any_database! {
    what_must_not_be_answered_is_a_page,
    what_is_wrong_with_a_request_is_said_to_the_client,
    what_is_asked_for_otherwise_is_done_so,
    the_state_comes_back_as_it_was,
    no_page_is_shown_where_none_may_be,
    nothing_but_the_public_url_decides_addresses,
    a_look_ahead_makes_no_code,
    a_posted_request_is_asked_for_again_by_its_address,
    a_native_app_gets_nothing_without_a_press,
}

const FORM: &str = "application/x-www-form-urlencoded";

/// A page, whatever else is wrong with the request.
async fn what_must_not_be_answered_is_a_page(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let wrong: [(&str, &[(&str, &str)]); 6] = [
        ("redirect_uri", &[("redirect_uri", "")]),
        (
            "other",
            &[("redirect_uri", "https://evil.example/callback")],
        ),
        (
            "slash",
            &[("redirect_uri", "https://app.example.net/callback/")],
        ),
        (
            "silent",
            &[
                ("redirect_uri", "https://evil.example/"),
                ("prompt", "none"),
            ],
        ),
        ("no client", &[("client_id", "")]),
        (
            "unknown client",
            &[("client_id", "unknown"), ("response_type", "token")],
        ),
    ];
    for (name, changes) in wrong {
        let answer = browser.open(&app.authorize_url(changes)).await;
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
        assert_eq!(answer.header("location"), "", "{name}");
        assert_has(&answer.text(), &["href=\"/account\"", "</html>"]);
    }
    for twice in [
        "client_id=grafana",
        "redirect_uri=https%3A%2F%2Fapp.example.net%2Fcallback",
    ] {
        let url = format!("{}&{twice}", app.authorize_url(&[]));
        browser.open(&url).await.expect(400);
    }
    let now = portal.clock.now();
    let disabled = disable_client(&*portal.store, &SystemRandom, now, "grafana").await;
    disabled.unwrap();
    portal.advance(Duration::seconds(5));
    browser.open(&app.authorize_url(&[])).await.expect(400);
}

async fn what_is_wrong_with_a_request_is_said_to_the_client(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let long = "x".repeat(513);
    let wrong: [(&[(&str, &str)], &str); 18] = [
        (&[("response_type", "")], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (
            &[("response_type", "code id_token")],
            "unsupported_response_type",
        ),
        (&[("response_mode", "form_post")], "invalid_request"),
        (&[("scope", "")], "invalid_scope"),
        (&[("scope", "unknown")], "invalid_scope"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge", &VERIFIER[..42])], "invalid_request"),
        (&[("code_challenge", "####")], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("prompt", "sing")], "invalid_request"),
        (&[("max_age", "soon")], "invalid_request"),
        (&[("nonce", &long)], "invalid_request"),
        (&[("request", "eyJ")], "request_not_supported"),
        (
            &[("request_uri", "https://x.example/")],
            "request_uri_not_supported",
        ),
        (&[("registration", "{}")], "registration_not_supported"),
    ];
    for (changes, error) in wrong {
        let url = app.authorize(&mut browser, changes).await;
        assert!(url.starts_with(&format!("{CALLBACK}?error=")), "{url}");
        assert_eq!(
            parameter(&url, "error").as_deref(),
            Some(error),
            "{changes:?}"
        );
        assert_eq!(parameter(&url, "iss").as_deref(), Some(PUBLIC_URL));
        assert_eq!(parameter(&url, "state").as_deref(), Some("a state & more"));
        assert_eq!(parameter(&url, "code"), None);
    }
    let url = format!("{}&scope=email", app.authorize_url(&[]));
    let to = browser.opens(&url).await;
    assert_eq!(parameter(&to, "error").as_deref(), Some("invalid_request"));
}

async fn what_is_asked_for_otherwise_is_done_so(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    // In the fragment where that is asked for.
    let url = app
        .authorize(&mut browser, &[("response_mode", "fragment")])
        .await;
    assert!(url.starts_with(&format!("{CALLBACK}#code=")), "{url}");
    // What is not known is nothing.
    app.code_with(&mut browser, &[("display", "page"), ("x", "y")])
        .await;
}

async fn the_state_comes_back_as_it_was(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let long = "s".repeat(2048);
    for state in ["&#\"'<>%20", "ä 🦊", "a+b c", &long] {
        let url = app.authorize(&mut browser, &[("state", state)]).await;
        assert_eq!(parameter(&url, "state").as_deref(), Some(state));
    }
    for changes in [[("state", "")], [("state", &*"s".repeat(2049))]] {
        let url = app.authorize(&mut browser, &changes).await;
        assert_eq!(parameter(&url, "state"), None);
        assert_eq!(parameter(&url, "error").is_some(), !changes[0].1.is_empty());
    }
    let url = format!("{}&state=%FF", app.authorize_url(&[("state", "")]));
    let url = browser.opens(&url).await;
    assert_eq!(parameter(&url, "error").as_deref(), Some("invalid_request"));
    assert_eq!(parameter(&url, "state"), None);
}

async fn no_page_is_shown_where_none_may_be(portal: TestApp) {
    let app = App::of(&portal).await;
    let silent = [("prompt", "none")];
    let error = async |browser: &mut Browser, changes: &[(&str, &str)]| {
        let changes = [&silent, changes].concat();
        let url = app.authorize(browser, &changes).await;
        parameter(&url, "error").unwrap_or_default()
    };
    let mut nobody = Browser::new(&portal);
    assert_eq!(error(&mut nobody, &[]).await, "login_required");
    let mut ann = browser_of_ann(&portal).await;
    assert_eq!(error(&mut ann, &[]).await, "");
    assert_eq!(error(&mut ann, &[("max_age", "0")]).await, "login_required");
    let own = app.tokens(&mut ann).await["id_token"].clone();
    let own = own.as_str().unwrap();
    assert_eq!(error(&mut ann, &[("id_token_hint", own)]).await, "");
    assert_eq!(
        error(&mut ann, &[("id_token_hint", "x.y.z")]).await,
        "login_required"
    );
    // It is a name, and no proof: an expired one names the user as well.
    portal.advance(Duration::hours(2));
    assert_eq!(error(&mut ann, &[("id_token_hint", own)]).await, "");
    let mut bob = browser_of(&portal, "bob@example.org").await;
    assert_eq!(
        error(&mut bob, &[("id_token_hint", own)]).await,
        "login_required"
    );
    portal.user("eve@example.org").await;
    let mut eve = Browser::new(&portal);
    sign_in(&mut eve, "eve@example.org", crate::support::PASSWORD).await;
    assert_eq!(error(&mut eve, &[]).await, "interaction_required");
    portal.read_mails().await;
}

async fn nothing_but_the_public_url_decides_addresses(portal: TestApp) {
    let app = App::of(&portal).await;
    let url = app.authorize_url(&[]);
    let forged = portal
        .at(Method::GET, &url)
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example")
        .await
        .expect(303);
    assert!(
        location(&forged).starts_with("/oauth2/resume?"),
        "{forged:?}"
    );
    let metadata = portal.at(Method::GET, "/.well-known/openid-configuration");
    let metadata = metadata.header("x-forwarded-host", "evil.example").await;
    assert!(!metadata.text().contains("evil"), "{metadata:?}");
    portal
        .at(Method::GET, &url)
        .host("evil.example")
        .await
        .expect(421);
}

async fn a_look_ahead_makes_no_code(portal: TestApp) {
    let app = App::of(&portal).await;
    let url = app.authorize_url(&[]);
    portal.at(Method::HEAD, &url).await.expect(204);
    let ahead = portal
        .at(Method::GET, &url)
        .header("sec-purpose", "prefetch;prerender");
    let ahead = ahead.await.expect(204);
    assert_eq!(ahead.header("set-cookie"), "");
}

async fn a_posted_request_is_asked_for_again_by_its_address(portal: TestApp) {
    let app = App::of(&portal).await;
    let url = app.authorize_url(&[]);
    let query = url.split_once('?').unwrap().1;
    let post = |kind: &str, body: String| {
        portal
            .at(Method::POST, "/oauth2/authorize")
            .header("origin", "https://app.example.net")
            .header("sec-fetch-site", "cross-site")
            .body(kind, body)
    };
    let answer = post(FORM, query.to_owned()).await.expect(303);
    assert_eq!(location(&answer), url);
    assert_eq!(answer.header("set-cookie"), "");
    post("text/plain", query.to_owned()).await.expect(415);
    post(FORM, "x=".to_owned() + &"y".repeat(4096))
        .await
        .expect(413);
}

/// Any program of the machine can listen there, or claim the scheme.
async fn a_native_app_gets_nothing_without_a_press(portal: TestApp) {
    let listener = "http://127.0.0.1/callback";
    let new = new_public_client("cli", ClientKind::Native, listener);
    let app = App::defined_as(&portal, new).await;
    let mut browser = browser_of_ann(&portal).await;
    let changes = [("redirect_uri", "http://127.0.0.1:49152/callback")];
    let silent = [changes[0], ("prompt", "none")];
    let refused = app.authorize(&mut browser, &silent).await;
    assert_eq!(
        parameter(&refused, "error").as_deref(),
        Some("interaction_required")
    );
    let resume = app.authorize(&mut browser, &changes).await;
    let page = browser.open(&resume).await.expect(200).text();
    assert_has(&page, &["Grafana", "name=\"decision\"", "ann@example.org"]);
    assert!(!page.contains("code="), "{page}");
    let fields = [("decision", "continue"), ("return_to", resume.as_str())];
    assert_eq!(browser.submits("decide_flow", &fields).await, resume);
    let page = browser.open(&resume).await.expect(200);
    let goes_on_to = page.header("refresh");
    let app_with_code = "0;url=http://127.0.0.1:49152/callback?code=";
    assert!(goes_on_to.starts_with(app_with_code), "{goes_on_to}");
    assert_has(
        &page.text(),
        &["href=\"http://127.0.0.1:49152/callback?code="],
    );
    let own = new_public_client("phone", ClientKind::Native, "org.example.app:/callback");
    let app = App::defined_as(&portal, own).await;
    let changes = [("redirect_uri", "org.example.app:/callback")];
    let resume = app.authorize(&mut browser, &changes).await;
    let page = browser.open(&resume).await.expect(200);
    assert_eq!(page.header("refresh"), "", "only a press opens a program");
    assert_has(&page.text(), &["href=\"org.example.app:/callback?code="]);
    // PKCE stays whatever is set for a client with a secret.
    let new = new_client("old");
    let settings = ClientSettings {
        pkce: Pkce::Optional,
        ..new.settings
    };
    let app = App::defined_as(&portal, NewClient { settings, ..new }).await;
    let plain = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = app.code_with(&mut browser, &plain).await;
    let redeem = |verifier| app.redeem_with(&code, verifier);
    // A verifier without a challenge: the challenge was taken out on the way.
    redeem(Some(VERIFIER))
        .await
        .expect_oauth(400, "invalid_grant");
    let code = app.code_with(&mut browser, &plain).await;
    let tokens = app.redeem_with(&code, None).await.expect(200).json();
    assert_eq!(claims(&tokens["id_token"])["aud"], "old");
    assert_eq!(hash_token(VERIFIER).len(), 43);
}
