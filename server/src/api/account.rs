use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use vestibule_core::model::SessionKind;
use vestibule_core::{Auth, Register, Registered, UpdateProfile};
use vestibule_web::{Bearer, Meta, Problem};

use super::bodies::{MessageBody, ProblemBody, SignedInBody, UserBody, signed_in_body};
use super::extract::{JsonBody, OptionalJsonBody, given_password};

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

#[derive(Default, Deserialize, ToSchema)]
pub struct DeleteMeBody {
    /// The password of the account, each time.
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 1024, required, nullable = false)]
    pub password: Option<SecretString>,
}

#[derive(Serialize, ToSchema)]
pub struct DeletionBody {
    /// For end users, in English.
    pub message: &'static str,
    /// When the account and all that belongs to it is removed.
    #[serde(with = "time::serde::rfc3339")]
    pub delete_at: OffsetDateTime,
}

/// Make an account.
///
/// In private mode the answer is 202 for a new and a taken address alike;
/// the mailbox says what happened.
#[utoipa::path(post, path = "/register", tag = "account", operation_id = "register",
    request_body = RegisterBody,
    responses(
        (status = 201, description = "The user, signed in", body = SignedInBody),
        (status = 202, description = "Private mode: see the mailbox", body = MessageBody),
        (status = 409, description = "`email_taken`", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn register(
    State(auth): State<Arc<Auth>>,
    Meta(meta): Meta,
    JsonBody(body): JsonBody<RegisterBody>,
) -> Result<Response, Problem> {
    let command = Register {
        email: body.email,
        password: body.password,
        first_name: body.first_name,
        last_name: body.last_name,
        kind: SessionKind::Api,
    };
    match auth.register(command, &meta).await? {
        Registered::SignedIn(signed_in) => {
            Ok((StatusCode::CREATED, signed_in_body(*signed_in)?).into_response())
        }
        Registered::CheckInbox => Ok((
            StatusCode::ACCEPTED,
            Json(MessageBody {
                message: "Check your inbox.",
            }),
        )
            .into_response()),
    }
}

/// The signed-in user.
#[utoipa::path(get, path = "/me", tag = "account", operation_id = "me", security(("bearer" = [])),
    responses(
        (status = 200, description = "The user", body = UserBody),
    ))]
pub async fn me(Bearer(who): Bearer) -> Json<UserBody> {
    Json(who.user.into())
}

/// Change the user's own names.
#[utoipa::path(patch, path = "/me", tag = "account", operation_id = "update_me", security(("bearer" = [])),
    request_body = UpdateMeBody,
    responses(
        (status = 200, description = "The user as it is now", body = UserBody),
    ))]
pub async fn update_me(
    State(auth): State<Arc<Auth>>,
    Bearer(who): Bearer,
    Meta(meta): Meta,
    JsonBody(body): JsonBody<UpdateMeBody>,
) -> Result<Json<UserBody>, Problem> {
    let command = UpdateProfile {
        first_name: body.first_name,
        last_name: body.last_name,
    };
    Ok(Json(
        auth.update_profile(&who, command, &meta).await?.into(),
    ))
}

/// Schedule the account for deletion. Every session ends; the mailed link undoes it for 14 days.
#[utoipa::path(delete, path = "/me", tag = "account", operation_id = "delete_me", security(("bearer" = [])),
    request_body = DeleteMeBody,
    responses(
        (status = 202, description = "Signed out everywhere, and scheduled", body = DeletionBody),
        (status = 401, description = "`unauthenticated`, `token_expired`; `invalid_credentials` for a wrong password", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn delete_me(
    State(auth): State<Arc<Auth>>,
    Bearer(who): Bearer,
    Meta(meta): Meta,
    OptionalJsonBody(body): OptionalJsonBody<DeleteMeBody>,
) -> Result<(StatusCode, Json<DeletionBody>), Problem> {
    let password = given_password(body.password)?;
    let delete_at = auth.delete_account(&who, Some(password), &meta).await?;
    let message = "The account will be deleted; a link that undoes this is on its way.";
    Ok((
        StatusCode::ACCEPTED,
        Json(DeletionBody { message, delete_at }),
    ))
}
