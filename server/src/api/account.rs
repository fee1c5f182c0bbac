use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use vestibule_core::model::SessionKind;
use vestibule_core::{Auth, AuthError, Register, Registered, UpdateProfile};
use vestibule_web::{Bearer, Meta, Problem};

use super::dto::{
    DeleteMeBody, DeletionBody, MessageBody, ProblemBody, RegisterBody, SignedInBody, UpdateMeBody,
    UserBody,
};
use super::extract::{JsonBody, OptionalJsonBody, given_password};

/// Make an account.
///
/// In private mode the answer is 202 for a new and a taken address alike;
/// the mailbox says what happened.
#[utoipa::path(post, path = "/register", tag = "account", operation_id = "register",
    request_body = RegisterBody,
    responses(
        (status = 201, description = "The user, signed in", body = SignedInBody),
        (status = 202, description = "Private mode: see the mailbox", body = MessageBody),
        (status = 400, description = "`malformed_body`, `validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`overloaded`, `unavailable`", body = ProblemBody, content_type = "application/problem+json"),
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
        (status = 401, description = "`unauthenticated`, `token_expired`", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn me(Bearer(who): Bearer) -> Json<UserBody> {
    Json(who.user.into())
}

/// Change the user's own names.
#[utoipa::path(patch, path = "/me", tag = "account", operation_id = "update_me", security(("bearer" = [])),
    request_body = UpdateMeBody,
    responses(
        (status = 200, description = "The user as it is now", body = UserBody),
        (status = 400, description = "`malformed_body`, `validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`, `token_expired`", body = ProblemBody, content_type = "application/problem+json"),
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
        (status = 400, description = "`malformed_body`, `validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthenticated`, `token_expired`; `invalid_credentials` for a wrong password", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`overloaded`, `unavailable`", body = ProblemBody, content_type = "application/problem+json"),
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

/// The body of a sign-in; a session without tokens is a defect of the portal.
pub(super) fn signed_in_body(
    signed_in: vestibule_core::SignedIn,
) -> Result<Json<SignedInBody>, Problem> {
    let body = SignedInBody::new(signed_in);
    body.map(Json)
        .ok_or_else(|| AuthError::internal("an API session without tokens").into())
}
