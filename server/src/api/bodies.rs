//! Bodies that several resources have, and the error document. All bodies are closed types, so that
//! nothing is read or shown by accident.

use axum::Json;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;
use vestibule_core::model::User;
use vestibule_core::{AuthError, SignedIn};
use vestibule_web::Problem;

#[derive(Deserialize, ToSchema)]
pub struct EmailBody {
    #[schema(example = "ann@example.org", format = Email, max_length = 254)]
    pub email: String,
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

#[derive(Serialize, ToSchema)]
pub struct MessageBody {
    /// For end users, in English.
    pub message: &'static str,
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
    /// For end users, in English. Programs go by `code`.
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

/// The body of a sign-in; a session without tokens is a defect of the portal.
pub fn signed_in_body(signed_in: SignedIn) -> Result<Json<SignedInBody>, Problem> {
    let tokens = signed_in.tokens;
    let tokens = tokens.ok_or_else(|| AuthError::internal("an API session without tokens"))?;
    Ok(Json(SignedInBody {
        user: signed_in.user.into(),
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token,
        token_type: "Bearer",
        expires_in: tokens.expires_in,
    }))
}
