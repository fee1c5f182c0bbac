//! Rows with every field filled in; a test changes the ones that it is about.

use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use vestibule_core::mail::{MailContext, MailKind, NewMail};
use vestibule_core::model::{
    AppSession, Client, ClientKind, ClientSettings, ClientSource, CodeRedemption, EmailAddress,
    KeyKind, Language, NewLink, NewRefreshToken, NewUser, Principal, Purpose, Scopes, Session,
    SessionKind, SignInMethod, SigningKey, User,
};
use vestibule_core::ports::NewSignIn;
use vestibule_core::{Actor, AuditEvent, AuditRecord};

use crate::FakeClock;

pub const IP_ADDRESS: &str = "192.0.2.1";
pub const USER_AGENT: &str =
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
pub const DEVICE: &str = "Firefox on Linux";
/// Not a real hash: the store only keeps it.
pub const PASSWORD_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA";

pub fn new_user(id: Uuid, email: &str, now: OffsetDateTime) -> NewUser {
    NewUser {
        id,
        email: EmailAddress::parse(email).unwrap(),
        password_hash: PASSWORD_HASH.to_owned(),
        first_name: Some("Ann".to_owned()),
        last_name: None,
        language: Language::English,
        created_at: now,
    }
}

/// Lives for thirty days.
pub fn session(id: Uuid, user_id: Uuid, kind: SessionKind, now: OffsetDateTime) -> Session {
    Session {
        id,
        user_id,
        kind,
        device: DEVICE.to_owned(),
        ip_address: IP_ADDRESS.to_owned(),
        user_agent: Some(USER_AGENT.to_owned()),
        method: SignInMethod::Password,
        is_persistent: true,
        created_at: now,
        last_seen_at: now,
        authenticated_at: now,
        expires_at: now + Duration::days(30),
    }
}

/// A user with one session, as an API client's call finds them.
pub fn principal(user_id: Uuid, session_id: Uuid) -> Principal {
    let now = FakeClock::START;
    let at = now.format(&Rfc3339).unwrap();
    // As JSON, in which a further field that may be null need not be named.
    let user = json!({
        "id": user_id,
        "email": "ann@example.org",
        "first_name": "Ann",
        "last_name": "Example",
        "is_email_verified": true,
        "is_active": true,
        "language": Language::English,
        "last_login_at": at,
        "created_at": at,
        "updated_at": at,
    });
    let user = serde_json::from_value(user).unwrap();
    let session = session(session_id, user_id, SessionKind::Api, now);
    Principal { user, session }
}

/// Under [`PASSWORD_HASH`], with nothing beside the session and its event.
pub fn sign_in<'a>(session: &'a Session, event: &'a AuditRecord) -> NewSignIn<'a> {
    NewSignIn {
        verified_hash: PASSWORD_HASH,
        new_hash: None,
        session,
        cookie_hash: None,
        refresh_token: None,
        event,
        mail: None,
    }
}

/// Lives for seven days.
pub fn refresh_token(id: Uuid, session: &Session, token_hash: &str) -> NewRefreshToken {
    NewRefreshToken {
        id,
        user_id: session.user_id,
        session_id: session.id,
        token_hash: token_hash.to_owned(),
        device_info: session.device.clone(),
        expires_at: session.created_at + Duration::days(7),
        created_at: session.created_at,
    }
}

/// An app of the operator's own, with a secret.
pub fn client(id: Uuid, client_id: &str, now: OffsetDateTime) -> Client {
    Client {
        id,
        client_id: client_id.to_owned(),
        kind: ClientKind::Web,
        source: ClientSource::Cli,
        name: "Grafana".to_owned(),
        is_first_party: true,
        is_enabled: true,
        settings: ClientSettings {
            redirect_uris: vec!["https://app.example.net/callback".to_owned()],
            ..ClientSettings::default()
        },
        created_at: now,
        updated_at: now,
    }
}

/// A code of a client that was made in a session of a browser; its tokens live for seven days.
pub fn redemption(
    (code_id, id): (Uuid, Uuid),
    client: &Client,
    browser: &Session,
    token_hash: &str,
    now: OffsetDateTime,
) -> CodeRedemption {
    CodeRedemption {
        code_id,
        browser_session_id: browser.id,
        session: AppSession {
            id,
            user_id: browser.user_id,
            client_id: client.id,
            scopes: Scopes::parse("openid email"),
            amr: browser.method.amr().to_owned(),
            acr: browser.method.acr().to_owned(),
            authenticated_at: browser.authenticated_at,
            created_at: now,
            expires_at: now + Duration::days(400),
        },
        token_hash: token_hash.to_owned(),
        refresh_expires_at: now + Duration::days(7),
    }
}

/// Lives for an hour.
pub fn link(
    id: Uuid,
    user_id: Uuid,
    purpose: Purpose,
    token_hash: &str,
    now: OffsetDateTime,
) -> NewLink {
    NewLink {
        id,
        user_id,
        purpose,
        token_hash: token_hash.to_owned(),
        email: None,
        session_id: None,
        expires_at: now + Duration::hours(1),
        ip_address: IP_ADDRESS.to_owned(),
        user_agent: Some(USER_AGENT.to_owned()),
        created_at: now,
    }
}

pub fn mail(id: Uuid, kind: MailKind, user: &User, now: OffsetDateTime) -> NewMail {
    NewMail {
        id,
        kind,
        user_id: user.id,
        token_id: None,
        recipient: user.email.clone(),
        context: MailContext {
            device: DEVICE.to_owned(),
            ip_address: IP_ADDRESS.to_owned(),
            at: now,
            other_email: None,
        },
        created_at: now,
    }
}

pub fn audit(
    id: Uuid,
    user_id: Option<Uuid>,
    event: AuditEvent,
    now: OffsetDateTime,
) -> AuditRecord {
    AuditRecord {
        id,
        user_id,
        event,
        actor: user_id.map_or(Actor::Nobody, Actor::Person),
        client_id: None,
        details: json!({ "method": "password" }),
        ip_address: IP_ADDRESS.to_owned(),
        user_agent: Some(USER_AGENT.to_owned()),
        created_at: now,
    }
}

pub fn signing_key(kid: &str, now: OffsetDateTime) -> SigningKey {
    SigningKey {
        kid: kid.to_owned(),
        kind: KeyKind::PORTAL,
        sealed_private_key: "sealed".to_owned(),
        created_at: now,
        active_at: now,
        expires_at: None,
    }
}
