use serde_json::json;
use time::format_description::well_known::Rfc3339;

use super::*;
use crate::kernel::model::{
    Access, AuthMethod, ClientKind, ClientSettings, ClientSource, Session, SessionKind,
    SignInMethod, User,
};
use crate::oauth::request::{ReplyTo, ResponseMode};

const BEGAN_AT: OffsetDateTime = time::macros::datetime!(2026-12-01 12:00:00.5 UTC);
const CALLBACK: &str = "https://app.example.net/callback";

fn client() -> Client {
    Client {
        id: Uuid::from_u128(7),
        client_id: "app".to_owned(),
        kind: ClientKind::Web,
        source: ClientSource::Cli,
        name: "App".to_owned(),
        is_first_party: true,
        is_enabled: true,
        settings: ClientSettings::default(),
        created_at: BEGAN_AT,
        updated_at: BEGAN_AT,
    }
}

fn third_party(consent: Consent) -> Client {
    let mut client = client();
    client.is_first_party = false;
    client.settings.consent = consent;
    client
}

fn native() -> Client {
    let mut client = client();
    client.kind = ClientKind::Native;
    client.settings.auth_method = AuthMethod::None;
    client
}

fn user(is_email_verified: bool) -> User {
    let at = BEGAN_AT.format(&Rfc3339).unwrap();
    let user = json!({
        "id": Uuid::from_u128(1),
        "email": "ann@example.org",
        "first_name": null,
        "last_name": null,
        "is_email_verified": is_email_verified,
        "is_active": true,
        "language": "en",
        "last_login_at": at,
        "created_at": at,
        "updated_at": at,
    });
    serde_json::from_value(user).unwrap()
}

/// Signed in so long before the flow began; a session of a negative age began in it.
fn signed_in(before: Duration) -> Principal {
    let at = BEGAN_AT - before;
    let session = Session {
        id: Uuid::from_u128(2),
        user_id: Uuid::from_u128(1),
        kind: SessionKind::Browser,
        device: String::new(),
        ip_address: String::new(),
        user_agent: None,
        method: SignInMethod::Password,
        is_persistent: false,
        created_at: at,
        last_seen_at: at,
        authenticated_at: at,
        expires_at: at + Duration::DAY,
    };
    Principal {
        user: user(true),
        session,
    }
}

fn request(prompts: &[Prompt]) -> AuthorizationRequest {
    AuthorizationRequest {
        client_id: "app".to_owned(),
        reply_to: ReplyTo {
            redirect_uri: CALLBACK.to_owned(),
            mode: ResponseMode::Query,
            state: None,
        },
        scopes: Scopes::parse("openid email"),
        nonce: None,
        challenge: None,
        prompts: prompts.to_vec(),
        max_age: None,
        login_hint: None,
        hint: None,
    }
}

fn facts<'a>(client: &'a Client, who: Option<&'a Principal>) -> Facts<'a> {
    Facts {
        client,
        began_at: BEGAN_AT,
        who,
        granted: None,
        approved_by: None,
        is_refused: false,
    }
}

fn step(request: &AuthorizationRequest, client: &Client, who: Option<&Principal>) -> Step {
    next_step(request, &facts(client, who))
}

#[track_caller]
fn assert_refused(step: &Step, code: OAuthErrorCode) {
    let Step::Refuse(refusal) = step else {
        panic!("not {code}: {step:?}");
    };
    assert_eq!(refusal.code, code);
}

const HOUR: Duration = Duration::HOUR;

#[test]
fn who_is_not_signed_in_signs_in_or_registers() {
    let client = client();
    assert_eq!(step(&request(&[]), &client, None), Step::SignIn);
    assert_eq!(
        step(&request(&[Prompt::Create]), &client, None),
        Step::Register
    );
    assert_eq!(
        step(&request(&[Prompt::SelectAccount]), &client, None),
        Step::SignIn
    );
    assert_refused(
        &step(&request(&[Prompt::None]), &client, None),
        OAuthErrorCode::LoginRequired,
    );
    let ann = signed_in(HOUR);
    assert_eq!(step(&request(&[]), &client, Some(&ann)), Step::Grant);
    assert_eq!(
        step(&request(&[Prompt::None]), &client, Some(&ann)),
        Step::Grant
    );
}

#[test]
fn a_password_that_is_asked_for_is_given_in_the_flow() {
    let client = client();
    let asked = |prompts: &[Prompt], max_age| AuthorizationRequest {
        max_age,
        ..request(prompts)
    };
    let login = asked(&[Prompt::Login], None);
    let zero = asked(&[], Some(0));
    let second = Duration::milliseconds(400);
    for (asked, before, is_good) in [
        (&login, HOUR, false),
        // In the same second, and still before.
        (&login, second, false),
        (&login, Duration::ZERO, false),
        (&login, -second, true),
        (&zero, second, false),
        (&zero, -second, true),
        (&asked(&[], Some(1)), second, true),
        (&asked(&[], Some(1)), Duration::seconds(2), false),
        (&asked(&[], Some(10_000)), HOUR, true),
        (&asked(&[], Some(10_000)), 3 * HOUR, false),
    ] {
        let expected = if is_good {
            Step::Grant
        } else {
            Step::Reauthenticate
        };
        assert_eq!(
            step(asked, &client, Some(&signed_in(before))),
            expected,
            "{before}"
        );
    }
    let silent = asked(&[Prompt::None], Some(1));
    let stale = step(&silent, &client, Some(&signed_in(HOUR)));
    assert_refused(&stale, OAuthErrorCode::LoginRequired);
}

#[test]
fn another_user_than_the_hint_names_gets_nothing() {
    let (client, ann) = (client(), signed_in(HOUR));
    let hinted = |hint, prompts: &[Prompt]| {
        let request = AuthorizationRequest {
            hint: Some(hint),
            ..request(prompts)
        };
        step(&request, &client, Some(&ann))
    };
    assert_eq!(hinted(Hint::User(ann.user.id), &[]), Step::Grant);
    assert_eq!(
        hinted(Hint::User(ann.user.id), &[Prompt::None]),
        Step::Grant
    );
    let other = Hint::User(Uuid::from_u128(9));
    assert_eq!(hinted(other, &[]), Step::Ask(Ask::OtherAccount));
    assert_refused(
        &hinted(other, &[Prompt::None]),
        OAuthErrorCode::LoginRequired,
    );
    assert_eq!(hinted(Hint::Unknown, &[]), Step::Grant);
    assert_refused(
        &hinted(Hint::Unknown, &[Prompt::None]),
        OAuthErrorCode::LoginRequired,
    );
}

#[test]
fn an_app_lets_in_whom_it_may() {
    let mut client = client();
    let mut ann = signed_in(HOUR);
    client.settings.access = Access {
        addresses: vec!["bob@example.org".to_owned()],
        domains: Vec::new(),
    };
    assert_eq!(step(&request(&[]), &client, Some(&ann)), Step::NotAllowed);
    let silent = step(&request(&[Prompt::None]), &client, Some(&ann));
    // The same as where the user says no.
    assert_refused(&silent, OAuthErrorCode::AccessDenied);
    client
        .settings
        .access
        .domains
        .push("example.org".to_owned());
    assert_eq!(step(&request(&[]), &client, Some(&ann)), Step::Grant);
    ann.user = user(false);
    assert_eq!(step(&request(&[]), &client, Some(&ann)), Step::VerifyEmail);
    let silent = step(&request(&[Prompt::None]), &client, Some(&ann));
    assert_refused(&silent, OAuthErrorCode::InteractionRequired);
    client.settings.needs_verified_email = false;
    assert_eq!(step(&request(&[]), &client, Some(&ann)), Step::Grant);
}

#[test]
fn consent_is_asked_for_once_and_by_scope() {
    let ann = signed_in(HOUR);
    let with = |client: &Client, granted: &str, prompts: &[Prompt]| {
        let granted = Scopes::parse(granted);
        let facts = Facts {
            granted: Some(&granted),
            ..facts(client, Some(&ann))
        };
        next_step(&request(prompts), &facts)
    };
    let ask = Step::Ask(Ask::Consent);
    let other = third_party(Consent::Default);
    for (granted, expected) in [
        ("", &ask),
        ("openid", &ask),
        ("openid email", &Step::Grant),
        ("openid profile email", &Step::Grant),
    ] {
        assert_eq!(&with(&other, granted, &[]), expected, "{granted}");
    }
    let all = "openid profile email";
    assert_eq!(with(&other, all, &[Prompt::Consent]), ask);
    assert_eq!(with(&client(), "", &[Prompt::Consent]), ask);
    assert_eq!(with(&client(), "", &[]), Step::Grant);
    assert_eq!(with(&third_party(Consent::Always), all, &[]), ask);
    assert_eq!(with(&third_party(Consent::Never), "", &[]), Step::Grant);
    assert_refused(
        &with(&other, "", &[Prompt::None]),
        OAuthErrorCode::ConsentRequired,
    );
    // Another program can call itself as this one.
    let mut claimable = native();
    claimable.is_first_party = false;
    assert_eq!(with(&claimable, all, &[]), ask);
}

#[test]
fn a_press_counts_for_the_session_that_made_it() {
    let (client, ann) = (third_party(Consent::Always), signed_in(HOUR));
    let approved = |by| Facts {
        approved_by: Some(by),
        ..facts(&client, Some(&ann))
    };
    let of_ann = approved(ann.session.id);
    assert_eq!(next_step(&request(&[]), &of_ann), Step::Grant);
    let of_another = approved(Uuid::from_u128(8));
    assert_eq!(
        next_step(&request(&[]), &of_another),
        Step::Ask(Ask::Consent)
    );
    let refused = Facts {
        is_refused: true,
        ..facts(&client, Some(&ann))
    };
    for prompts in [&[][..], &[Prompt::None]] {
        let step = next_step(&request(prompts), &refused);
        assert_refused(&step, OAuthErrorCode::AccessDenied);
    }
}

#[test]
fn the_account_is_chosen_where_that_is_asked_for() {
    let client = client();
    let choose = request(&[Prompt::SelectAccount]);
    let ask = Step::Ask(Ask::Continue);
    assert_eq!(step(&choose, &client, Some(&signed_in(HOUR))), ask);
    // Who has signed in on the way has chosen.
    let just_now = signed_in(-Duration::SECOND);
    assert_eq!(step(&choose, &client, Some(&just_now)), Step::Grant);
}

#[test]
fn a_program_of_the_machine_gets_nothing_without_a_press() {
    let (client, ann) = (native(), signed_in(HOUR));
    let at = |redirect_uri: &str, prompts: &[Prompt]| {
        let mut request = request(prompts);
        request.reply_to.redirect_uri = redirect_uri.to_owned();
        step(&request, &client, Some(&ann))
    };
    let (listener, own) = (
        "http://127.0.0.1:49152/callback",
        "org.example.app:/callback",
    );
    assert_eq!(at(listener, &[]), Step::Ask(Ask::Continue));
    // The page that leads to it has the button.
    assert_eq!(at(own, &[]), Step::Grant);
    for uri in [listener, own] {
        let silent = at(uri, &[Prompt::None]);
        assert_refused(&silent, OAuthErrorCode::InteractionRequired);
    }
}
