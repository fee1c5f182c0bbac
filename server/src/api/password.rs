use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vestibule_core::{Auth, ChangePassword, PasswordPolicy};
use vestibule_web::{Bearer, Meta, Problem};

use super::bodies::{EmailBody, MessageBody, ProblemBody, SignedInBody, signed_in_body};
use super::extract::JsonBody;

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
    /// Whether the answer is 200 with the tokens of a new session, which takes the place of this
    /// one. Otherwise the refresh token is void, and this session ends with its access token.
    #[serde(default)]
    pub new_tokens: bool,
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

/// Ask for a mail with a reset link. The answer is the same for every address.
#[utoipa::path(post, path = "/password/forgot", tag = "password", operation_id = "forgot_password",
    request_body = EmailBody,
    responses(
        (status = 200, description = "If the address has an account, a mail is on its way", body = MessageBody),
    ))]
pub async fn forgot(
    State(auth): State<Arc<Auth>>,
    Meta(meta): Meta,
    JsonBody(body): JsonBody<EmailBody>,
) -> Result<Json<MessageBody>, Problem> {
    auth.request_password_reset(&body.email, &meta).await?;
    Ok(Json(MessageBody {
        message: "If the address has an account, a mail is on its way.",
    }))
}

/// Set a new password with the token of a mailed link. All sessions end; nobody is signed in.
#[utoipa::path(post, path = "/password/reset", tag = "password", operation_id = "reset_password",
    request_body = ResetPasswordBody,
    responses(
        (status = 200, description = "The password is set", body = MessageBody),
        (status = 400, description = "`malformed_body`, `invalid_token`, `validation_failed` (the token stays usable)", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn reset(
    State(auth): State<Arc<Auth>>,
    Meta(meta): Meta,
    JsonBody(body): JsonBody<ResetPasswordBody>,
) -> Result<Json<MessageBody>, Problem> {
    auth.reset_password(&body.token, &body.new_password, &meta)
        .await?;
    Ok(Json(MessageBody {
        message: "The password is set. Sign in with it.",
    }))
}

/// Change the password. The user's other sessions end, and the refresh token of this one.
///
/// With `new_tokens` a new session takes its place, and the answer brings its tokens.
#[utoipa::path(post, path = "/password/change", tag = "password", operation_id = "change_password", security(("bearer" = [])),
    request_body = ChangePasswordBody,
    responses(
        (status = 200, description = "The password is changed: the user and the tokens of a new session (`new_tokens`)", body = SignedInBody),
        (status = 204, description = "The password is changed"),
        (status = 401, description = "`unauthenticated`, `token_expired`; `invalid_credentials` for a wrong current password", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn change(
    State(auth): State<Arc<Auth>>,
    Bearer(who): Bearer,
    Meta(meta): Meta,
    JsonBody(body): JsonBody<ChangePasswordBody>,
) -> Result<Response, Problem> {
    let command = ChangePassword {
        current_password: body.current_password,
        new_password: body.new_password,
        replaces_session: body.new_tokens,
    };
    match auth.change_password(&who, command, &meta).await? {
        Some(signed_in) => Ok(signed_in_body(signed_in)?.into_response()),
        None => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}

/// The rules for new passwords.
#[utoipa::path(get, path = "/password/policy", tag = "password", operation_id = "password_policy",
    responses((status = 200, description = "The rules in force", body = PolicyBody)))]
pub async fn policy(State(auth): State<Arc<Auth>>) -> Json<PolicyBody> {
    Json((&auth.settings().passwords).into())
}
