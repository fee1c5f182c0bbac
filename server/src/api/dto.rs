//! The bodies of the API: closed types, so that nothing is read or shown by accident.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use utoipa::openapi::schema::{AdditionalProperties, OneOfBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;
use vestibule_core::model::{Session, User};
use vestibule_core::{Activity, ActivityPage, PasswordPolicy, SignedIn};

#[derive(Deserialize, ToSchema)]
pub struct RegisterBody {
    /// A plain address. Domains of any script are taken.
    #[schema(example = "ann@example.org", format = Email, max_length = 254)]
    pub email: String,
    /// At most 1024 bytes of UTF-8; `/password/policy` has the rules.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024)]
    pub password: SecretString,
    #[schema(max_length = 100, example = "Ann")]
    pub first_name: Option<String>,
    #[schema(max_length = 100)]
    pub last_name: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub struct LoginBody {
    #[schema(example = "ann@example.org", format = Email, max_length = 254)]
    pub email: String,
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 1024)]
    pub password: SecretString,
    /// `false` ends the session sooner: by default after a day, instead of 30 days.
    pub remember_me: Option<bool>,
    /// What the session list shows for this client.
    #[schema(max_length = 100, example = "Ann's phone")]
    pub device_name: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub struct RefreshBody {
    /// Of the latest answer; each is exchanged once.
    #[schema(pattern = "^[A-Za-z0-9_-]{86}$")]
    pub refresh_token: String,
}

#[derive(Default, Deserialize, ToSchema)]
pub struct LogoutAllBody {
    /// Whether the calling session lives on.
    #[serde(default)]
    pub keep_current: bool,
}

/// A field that is left out is left alone; `null` or an empty text removes the name.
#[derive(Deserialize, ToSchema)]
pub struct UpdateMeBody {
    #[serde(default, deserialize_with = "present")]
    #[schema(max_length = 100)]
    pub first_name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(max_length = 100)]
    pub last_name: Option<String>,
}

/// A field that is there: `null` is an empty text.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| Some(text.unwrap_or_default()))
}

#[derive(Deserialize, ToSchema)]
pub struct EmailBody {
    #[schema(example = "ann@example.org", format = Email, max_length = 254)]
    pub email: String,
}

/// Either the token of the mailed link, or the address with the code from the same mail.
#[derive(Deserialize)]
pub struct VerifyEmailBody {
    pub token: Option<String>,
    pub email: Option<String>,
    pub code: Option<String>,
}

/// One of the two ways of [`VerifyEmailBody`].
#[derive(ToSchema)]
#[schema(as = VerifyEmailByToken)]
#[expect(dead_code, reason = "it is described, and read as the body above")]
pub struct ByTokenBody {
    /// Of the mailed link; white space and punctuation around it do not count.
    token: String,
}

/// One of the two ways of [`VerifyEmailBody`].
#[derive(ToSchema)]
#[schema(as = VerifyEmailByCode)]
#[expect(dead_code, reason = "it is described, and read as the body above")]
pub struct ByCodeBody {
    #[schema(example = "ann@example.org", format = Email, max_length = 254)]
    email: String,
    /// Six digits, in any script, grouped or not.
    #[schema(example = "123456")]
    code: String,
}

impl PartialSchema for VerifyEmailBody {
    fn schema() -> RefOr<Schema> {
        let ways = ["VerifyEmailByToken", "VerifyEmailByCode"];
        let either = ways.into_iter().fold(OneOfBuilder::new(), |either, way| {
            either.item(Ref::from_schema_name(way))
        });
        let described = either.description(Some(
            "Either the token of the mailed link, or the address with the code from the same mail.",
        ));
        RefOr::T(Schema::OneOf(described.build()))
    }
}

impl ToSchema for VerifyEmailBody {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        let ways = [
            ("VerifyEmailByToken", ByTokenBody::schema()),
            ("VerifyEmailByCode", ByCodeBody::schema()),
        ];
        schemas.extend(ways.map(|(name, way)| (name.to_owned(), closed(way))));
    }
}

/// Without fields of the other way.
fn closed(mut way: RefOr<Schema>) -> RefOr<Schema> {
    if let RefOr::T(Schema::Object(object)) = &mut way {
        object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
    }
    way
}

#[derive(Deserialize, ToSchema)]
pub struct ResetPasswordBody {
    /// Of the mailed link; white space and punctuation around it do not count.
    pub token: String,
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024)]
    pub new_password: SecretString,
}

#[derive(Deserialize, ToSchema)]
pub struct ChangePasswordBody {
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 1024)]
    pub current_password: SecretString,
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1024)]
    pub new_password: SecretString,
    /// Whether the answer is 200 with the tokens of a new session, which takes the place of this one. Otherwise the refresh
    /// token is void, and this session ends with its access token.
    #[serde(default)]
    pub new_tokens: bool,
}

#[derive(Deserialize, ToSchema)]
pub struct ChangeEmailBody {
    #[schema(example = "ann@example.org", format = Email, max_length = 254)]
    pub new_email: String,
    /// The password of the account, each time.
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 1024, required, nullable = false)]
    pub password: Option<SecretString>,
}

#[derive(Default, Deserialize, ToSchema)]
pub struct DeleteMeBody {
    /// The password of the account, each time.
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 1024, required, nullable = false)]
    pub password: Option<SecretString>,
}

#[derive(Serialize, ToSchema)]
pub struct UserBody {
    /// The `sub` of the access tokens.
    pub id: Uuid,
    #[schema(format = Email)]
    pub email: String,
    #[schema(required, max_length = 100)]
    pub first_name: Option<String>,
    #[schema(required, max_length = 100)]
    pub last_name: Option<String>,
    /// Whether the owner has proved that mails reach them. Look at it before you trust the address.
    pub is_email_verified: bool,
    /// Whether the account may be signed in to.
    pub is_active: bool,
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(required)]
    pub last_login_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub updated_at: OffsetDateTime,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            first_name: user.first_name,
            last_name: user.last_name,
            is_email_verified: user.is_email_verified,
            is_active: user.is_active,
            last_login_at: user.last_login_at,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// A user with the tokens of a session, in one flat object.
#[derive(Serialize, ToSchema)]
pub struct SignedInBody {
    pub user: UserBody,
    /// A JWT (RFC 9068), for `Authorization: Bearer`.
    #[schema(max_length = 4096)]
    pub access_token: String,
    /// For `/refresh`, once.
    #[schema(pattern = "^[A-Za-z0-9_-]{86}$")]
    pub refresh_token: String,
    #[schema(pattern = "^Bearer$", example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(minimum = 0, example = 900)]
    pub expires_in: u64,
}

impl SignedInBody {
    /// `None` for a session without tokens, which the API never asks for.
    pub fn new(signed_in: SignedIn) -> Option<Self> {
        let tokens = signed_in.tokens?;
        Some(Self {
            user: signed_in.user.into(),
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            token_type: "Bearer",
            expires_in: tokens.expires_in,
        })
    }
}

#[derive(Serialize, ToSchema)]
pub struct MessageBody {
    /// For people, in English.
    pub message: &'static str,
}

#[derive(Serialize, ToSchema)]
pub struct DeletionBody {
    /// For people, in English.
    pub message: &'static str,
    /// When the account and all that belongs to it is removed.
    #[serde(with = "time::serde::rfc3339")]
    pub delete_at: OffsetDateTime,
}

/// One page of the user's own security history.
#[derive(Serialize, ToSchema)]
pub struct EventsBody {
    pub events: Vec<EventBody>,
    /// Where the next page begins; `null` on the last one.
    #[schema(required, format = Uuid)]
    pub next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct EventBody {
    pub id: Uuid,
    #[schema(example = "login_success")]
    pub event_type: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// IPv4 or IPv6, as the portal saw it.
    pub ip_address: String,
    #[schema(example = "Firefox on Linux")]
    pub device: String,
    /// `false` for what was tried and refused.
    pub success: bool,
    /// What more there is to say about an event of this type.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
}

impl From<ActivityPage> for EventsBody {
    fn from(page: ActivityPage) -> Self {
        Self {
            events: page.events.into_iter().map(EventBody::from).collect(),
            next_cursor: page.next_cursor,
        }
    }
}

impl From<Activity> for EventBody {
    fn from(activity: Activity) -> Self {
        Self {
            id: activity.id,
            event_type: activity.event.as_str(),
            created_at: activity.created_at,
            ip_address: activity.ip_address,
            device: activity.device,
            success: activity.success,
            details: activity.details,
        }
    }
}

#[derive(Serialize, ToSchema)]
pub struct SessionsBody {
    pub sessions: Vec<SessionBody>,
}

#[derive(Serialize, ToSchema)]
pub struct SessionBody {
    pub id: Uuid,
    /// `browser` or `api`.
    pub kind: &'static str,
    #[schema(example = "Firefox on Linux")]
    pub device: String,
    pub ip_address: String,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub last_seen_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
    /// Whether this is the calling session.
    pub current: bool,
    /// `password` or `registration`.
    pub method: &'static str,
}

impl SessionBody {
    pub fn new(session: Session, current: Uuid) -> Self {
        Self {
            id: session.id,
            kind: session.kind.as_str(),
            device: session.device,
            ip_address: session.ip_address,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
            current: session.id == current,
            method: session.method.as_str(),
        }
    }
}

/// The rules for new passwords.
#[derive(Serialize, ToSchema)]
pub struct PolicyBody {
    /// In characters (Unicode code points after NFC).
    #[schema(minimum = 8, maximum = 64)]
    pub min_length: usize,
    /// In bytes of UTF-8.
    pub max_bytes: usize,
    /// The lowest score that passes, of 0 to 4: how many guesses a password withstands.
    #[schema(minimum = 0, maximum = 4)]
    pub min_score: u8,
    /// Common and breached passwords are refused.
    pub refuses_common: bool,
}

impl From<&PasswordPolicy> for PolicyBody {
    fn from(policy: &PasswordPolicy) -> Self {
        Self {
            min_length: policy.min_length,
            max_bytes: PasswordPolicy::MAX_BYTES,
            min_score: PasswordPolicy::MIN_SCORE,
            refuses_common: true,
        }
    }
}

/// The keys that access tokens are verified with (RFC 7517).
#[derive(ToSchema)]
#[schema(as = KeySet)]
#[expect(dead_code, reason = "it is described, and made by the core")]
pub struct KeySetBody {
    keys: Vec<KeyBody>,
}

/// A public key for Ed25519 (RFC 8037).
#[derive(ToSchema)]
#[schema(as = Key)]
#[expect(dead_code, reason = "it is described, and made by the core")]
pub struct KeyBody {
    #[schema(pattern = "^OKP$")]
    kty: String,
    #[schema(pattern = "^Ed25519$")]
    crv: String,
    #[schema(pattern = "^sig$")]
    r#use: String,
    #[schema(pattern = "^EdDSA$")]
    alg: String,
    /// What the header of a token names (RFC 7638).
    kid: String,
    x: String,
}

/// The error document (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    #[schema(example = "about:blank")]
    pub r#type: String,
    /// The name of the status.
    pub title: String,
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// One of the closed list of codes.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// For people, in English. Programs go by `code`.
    pub detail: String,
    /// What the log of the portal has about the request, and the header `X-Request-Id`.
    pub request_id: String,
    /// Only for `validation_failed`.
    #[schema(nullable = false)]
    pub errors: Option<Vec<FieldErrorBody>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = FieldError)]
pub struct FieldErrorBody {
    /// The name of a field of the body, or of a parameter.
    #[schema(example = "password")]
    pub field: String,
    #[schema(example = "too_weak")]
    pub code: String,
}
