//! Requests for authorization as browsers send them without their user's doing, and what is wrong
//! with some of them; which scripts read what clients are answered.

use http::Method;
use vestibule::config::Config;

use super::App;
use super::client::{CALLBACK, browser_of_ann, parameter};
use crate::support::{SESSION_COOKIE, TestApp, assert_has, location, on_any_database};

on_any_database! {
    no_look_ahead_of_a_signed_in_browser_makes_a_code,
    a_posted_request_does_nothing_in_a_session,
    what_comes_twice_or_is_no_text_is_refused,
    the_api_keeps_its_own_list_of_origins with one_origin,
}

const LISTED: &str = "https://listed.example.org";

fn one_origin(config: &mut Config) {
    config.http.allowed_origins.push(LISTED.to_owned());
}

async fn no_look_ahead_of_a_signed_in_browser_makes_a_code(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let url = app.authorize_url(&[]);
    let cookie = format!(
        "{SESSION_COOKIE}={}",
        browser.cookie(SESSION_COOKIE).unwrap()
    );
    let get = || portal.at(Method::GET, &url).cookies(&cookie);
    for call in [
        portal.at(Method::HEAD, &url).cookies(&cookie),
        get().header("sec-purpose", "prefetch"),
        get().header("sec-purpose", "prefetch;prerender"),
        get().header("purpose", "prefetch"),
    ] {
        let nothing = call.await.expect(204);
        assert_eq!(nothing.header("location"), "");
        assert_eq!(nothing.header("set-cookie"), "");
    }
    // The very same request, for its user.
    let answer = get().await;
    assert!(parameter(location(&answer), "code").is_some(), "{answer:?}");
    app.tokens(&mut browser).await;
}

/// A browser may send its cookies along; another site gets no code by them.
async fn a_posted_request_does_nothing_in_a_session(portal: TestApp) {
    let app = App::of(&portal).await;
    let browser = browser_of_ann(&portal).await;
    let url = app.authorize_url(&[]);
    let query = url.split_once('?').unwrap().1.to_owned();
    let cookie = format!(
        "{SESSION_COOKIE}={}",
        browser.cookie(SESSION_COOKIE).unwrap()
    );
    for origin in ["https://app.example.net", "null"] {
        let answer = portal
            .at(Method::POST, "/oauth2/authorize")
            .header("origin", origin)
            .header("sec-fetch-site", "cross-site")
            .cookies(&cookie)
            .body("application/x-www-form-urlencoded", query.clone())
            .await;
        // Within the portal, whatever address was named for the answer.
        assert_eq!(location(&answer), url);
        assert_eq!(answer.header("set-cookie"), "");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
}

async fn what_comes_twice_or_is_no_text_is_refused(portal: TestApp) {
    let app = App::of(&portal).await;
    let mut browser = browser_of_ann(&portal).await;
    let state = Some("a state & more");
    for (more, state) in [
        ("state=another", None),
        ("response_type=code", state),
        ("response_mode=query&response_mode=fragment", state),
        ("nonce=another", state),
        ("code_challenge_method=S256", state),
        ("prompt=none&prompt=none", state),
        ("max_age=1&max_age=1", state),
        ("login_hint=%FF", state),
        ("id_token_hint=a%00b", state),
    ] {
        let url = format!("{}&{more}", app.authorize_url(&[]));
        let url = browser.opens(&url).await;
        assert!(
            url.starts_with(&format!("{CALLBACK}?error=")),
            "{more}: {url}"
        );
        let error = parameter(&url, "error");
        assert_eq!(error.as_deref(), Some("invalid_request"), "{more}");
        assert_eq!(parameter(&url, "state").as_deref(), state, "{more}");
    }
    // What nobody knows may come as often as it likes.
    let url = format!("{}&x=1&x=2", app.authorize_url(&[]));
    let url = browser.opens(&url).await;
    assert!(parameter(&url, "code").is_some(), "{url}");
}

async fn the_api_keeps_its_own_list_of_origins(portal: TestApp) {
    for (origin, of_api) in [(LISTED, LISTED), ("https://app.example.net", "")] {
        let answer = portal.get("/me").header("origin", origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), of_api);
        let call = portal.at(Method::GET, "/oauth2/userinfo");
        let answer = call.header("origin", origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        let exposed = answer.header("access-control-expose-headers");
        let exposed = exposed.to_ascii_lowercase();
        assert_has(
            &exposed,
            &["www-authenticate", "retry-after", "x-request-id"],
        );
        answer.expect_oauth(401, "invalid_token");
    }
}
