use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use vestibule_core::{Auth, ErrorCode, VerifyEmail};
use vestibule_web::{Meta, Problem};

use super::dto::{EmailBody, MessageBody, ProblemBody, UserBody, VerifyEmailBody};
use super::extract::JsonBody;

/// Prove an address with the mailed token, or with the address and the mailed code.
#[utoipa::path(post, path = "/email/verify", tag = "email", operation_id = "verify_email",
    request_body = VerifyEmailBody,
    responses(
        (status = 200, description = "The user, now verified", body = UserBody),
        (status = 400, description = "`malformed_body`, `invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn verify(
    State(auth): State<Arc<Auth>>,
    Meta(meta): Meta,
    JsonBody(body): JsonBody<VerifyEmailBody>,
) -> Result<Json<UserBody>, Problem> {
    let proof = match body {
        VerifyEmailBody {
            token: Some(token),
            email: None,
            code: None,
        } => VerifyEmail::Token(token),
        VerifyEmailBody {
            token: None,
            email: Some(email),
            code: Some(code),
        } => VerifyEmail::Code { email, code },
        _ => return Err(ErrorCode::MalformedBody.into()),
    };
    Ok(Json(auth.verify_email(proof, &meta).await?.into()))
}

/// Ask for another verification mail. The answer is the same for every address.
#[utoipa::path(post, path = "/email/resend", tag = "email", operation_id = "resend_verification",
    request_body = EmailBody,
    responses(
        (status = 200, description = "If the address has an unverified account, a mail is on its way", body = MessageBody),
        (status = 400, description = "`malformed_body`, `validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn resend(
    State(auth): State<Arc<Auth>>,
    Meta(meta): Meta,
    JsonBody(body): JsonBody<EmailBody>,
) -> Result<Json<MessageBody>, Problem> {
    auth.resend_verification(&body.email, &meta).await?;
    Ok(Json(MessageBody {
        message: "If the address has to be verified, a mail is on its way.",
    }))
}
