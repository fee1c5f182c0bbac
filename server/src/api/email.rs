use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::openapi::schema::{AdditionalProperties, OneOfBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use vestibule_core::{Auth, ChangeEmail, ErrorCode, VerifyEmail};
use vestibule_web::{Bearer, Meta, Problem};

use super::bodies::{EmailBody, MessageBody, ProblemBody, UserBody};
use super::extract::{JsonBody, given_password};

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
pub struct ChangeEmailBody {
    #[schema(example = "ann@example.org", format = Email, max_length = 254)]
    pub new_email: String,
    /// The password of the account, each time.
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 1024, required, nullable = false)]
    pub password: Option<SecretString>,
}

/// Prove an address with the mailed token, or with the address and the mailed code.
///
/// The token that was mailed to the new address of an account moves the account to it.
#[utoipa::path(post, path = "/email/verify", tag = "email", operation_id = "verify_email",
    request_body = VerifyEmailBody,
    responses(
        (status = 200, description = "The user, now verified", body = UserBody),
        (status = 400, description = "`malformed_body`, `invalid_token`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`email_taken`: another account got the new address first", body = ProblemBody, content_type = "application/problem+json"),
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
        } => VerifyEmail::Code {
            email,
            code,
            password: None,
            from_browser: false,
        },
        _ => return Err(ErrorCode::MalformedBody.into()),
    };
    let verified = auth.verify_email(proof, None, &meta).await?;
    Ok(Json(verified.user.into()))
}

/// Ask for another verification mail. The answer is the same for every address.
#[utoipa::path(post, path = "/email/resend", tag = "email", operation_id = "resend_verification",
    request_body = EmailBody,
    responses(
        (status = 200, description = "If the address has an unverified account, a mail is on its way", body = MessageBody),
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

/// Ask for another address. The account moves once the mail to the new address is answered.
///
/// The answer is the same for a free and a taken address; the old address is notified.
#[utoipa::path(post, path = "/email/change", tag = "email", operation_id = "change_email", security(("bearer" = [])),
    request_body = ChangeEmailBody,
    responses(
        (status = 202, description = "A mail to the new address is on its way, if that can be used", body = MessageBody),
        (status = 401, description = "`unauthenticated`, `token_expired`; `invalid_credentials` for a wrong password", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub async fn change(
    State(auth): State<Arc<Auth>>,
    Bearer(who): Bearer,
    Meta(meta): Meta,
    JsonBody(body): JsonBody<ChangeEmailBody>,
) -> Result<(StatusCode, Json<MessageBody>), Problem> {
    let command = ChangeEmail {
        new_email: body.new_email,
        password: Some(given_password(body.password)?),
    };
    auth.request_email_change(&who, command, &meta).await?;
    let message = "If the new address can be used, a mail to it is on its way.";
    Ok((StatusCode::ACCEPTED, Json(MessageBody { message })))
}
