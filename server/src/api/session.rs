use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;
use vestibule_core::model::{Session, SessionKind};
use vestibule_core::{Auth, ErrorCode, SignIn};
use vestibule_web::{Bearer, Meta, Problem};

use super::bodies::{ProblemBody, SignedInBody, signed_in_body};
use super::extract::{JsonBody, OptionalJsonBody};

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
    /// Of the latest answer; each is rotated once.
    #[schema(pattern = "^[A-Za-z0-9_-]{86}$")]
    pub refresh_token: String,
}

#[derive(Default, Deserialize, ToSchema)]
pub struct LogoutAllBody {
    /// Whether the calling session lives on.
    #[serde(default)]
    pub keep_current: bool,
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

/// Sign in with address and password.
#[utoipa::path(post, path = "/login", tag = "session", operation_id = "login",
    request_body = LoginBody,
    responses(
        (status = 200, description = "The user and the tokens of a new session", body = SignedInBody),
        (status = 401, description = "`invalid_credentials`: unknown, wrong and inactive alike", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn login(
    State(auth): State<Arc<Auth>>,
    Meta(meta): Meta,
    JsonBody(body): JsonBody<LoginBody>,
) -> Result<Json<SignedInBody>, Problem> {
    let command = SignIn {
        email: body.email,
        password: body.password,
        kind: SessionKind::Api,
        is_persistent: body.remember_me.unwrap_or(true),
        device_name: body.device_name,
        // The core finds out by itself for this kind.
        known_browser_proofs: Vec::new(),
    };
    signed_in_body(auth.sign_in(command, &meta).await?)
}

/// Rotate a refresh token: gives its successor and a new access token.
///
/// A replay within the grace time gets the same successor; an outdated token ends its session.
#[utoipa::path(post, path = "/refresh", tag = "session", operation_id = "refresh",
    request_body = RefreshBody,
    responses(
        (status = 200, description = "The user and new tokens of the same session", body = SignedInBody),
        (status = 400, description = "`malformed_body`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`invalid_refresh_token`, `refresh_token_reused`", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn refresh(
    State(auth): State<Arc<Auth>>,
    Meta(meta): Meta,
    JsonBody(body): JsonBody<RefreshBody>,
) -> Result<Json<SignedInBody>, Problem> {
    signed_in_body(auth.refresh(&body.refresh_token, &meta).await?)
}

/// End the calling session.
#[utoipa::path(post, path = "/logout", tag = "session", operation_id = "logout", security(("bearer" = [])),
    responses(
        (status = 204, description = "The session has ended"),
    ))]
pub async fn logout(
    State(auth): State<Arc<Auth>>,
    Bearer(who): Bearer,
    Meta(meta): Meta,
) -> Result<StatusCode, Problem> {
    auth.sign_out(&who, &meta).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all sessions of the user, or all others.
#[utoipa::path(post, path = "/logout-all", tag = "session", operation_id = "logout_all", security(("bearer" = [])),
    request_body = Option<LogoutAllBody>,
    responses(
        (status = 204, description = "The sessions have ended"),
        (status = 400, description = "`malformed_body`", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn logout_all(
    State(auth): State<Arc<Auth>>,
    Bearer(who): Bearer,
    Meta(meta): Meta,
    OptionalJsonBody(body): OptionalJsonBody<LogoutAllBody>,
) -> Result<StatusCode, Problem> {
    auth.sign_out_all(&who, body.keep_current, &meta).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The user's live sessions, last seen first.
#[utoipa::path(get, path = "/sessions", tag = "session", operation_id = "list_sessions", security(("bearer" = [])),
    responses(
        (status = 200, description = "The sessions", body = SessionsBody),
    ))]
pub async fn list(
    State(auth): State<Arc<Auth>>,
    Bearer(who): Bearer,
) -> Result<Json<SessionsBody>, Problem> {
    let sessions = auth.list_sessions(&who).await?;
    let sessions = sessions
        .into_iter()
        .map(|session| SessionBody::new(session, who.session.id))
        .collect();
    Ok(Json(SessionsBody { sessions }))
}

/// End one of the user's sessions.
#[utoipa::path(delete, path = "/sessions/{id}", tag = "session", operation_id = "revoke_session", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The session")),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 404, description = "`not_found`: no such live session of this user", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn revoke(
    State(auth): State<Arc<Auth>>,
    Bearer(who): Bearer,
    Meta(meta): Meta,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = id.map_err(|_| ErrorCode::NotFound)?;
    auth.revoke_session(&who, id, &meta).await?;
    Ok(StatusCode::NO_CONTENT)
}
