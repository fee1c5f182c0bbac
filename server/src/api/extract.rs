//! The body extractor of the API.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::Value;
use vestibule_core::{AuthError, ErrorCode, Field, FieldCode, FieldError};
use vestibule_web::Problem;

/// A JSON object in the body. Everything that is not one gets its documented code: another content type
/// `unsupported_media_type`, all else `malformed_body`.
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        if !is_json(request.headers()) {
            return Err(ErrorCode::UnsupportedMediaType.into());
        }
        parse(&read(request, state).await?).map(Self)
    }
}

/// A body that may be left out.
pub struct OptionalJsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let is_json = is_json(request.headers());
        let bytes = read(request, state).await?;
        match (bytes.is_empty(), is_json) {
            (true, _) => Ok(Self(T::default())),
            (false, true) => parse(&bytes).map(Self),
            (false, false) => Err(ErrorCode::UnsupportedMediaType.into()),
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// The body as the middleware has read it.
async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state)
        .await
        .map_err(|_| ErrorCode::MalformedBody.into())
}

/// Only objects, no field twice, and no NUL in any text: PostgreSQL cannot keep one, so neither database sees one.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let malformed = || Problem::from(ErrorCode::MalformedBody);
    let value: Value = serde_json::from_slice(bytes).map_err(|_| malformed())?;
    if !value.is_object() || has_nul(&value) {
        return Err(malformed());
    }
    // From the text and not from the value, which has forgotten what was there twice.
    serde_json::from_slice(bytes).map_err(|_| malformed())
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

/// A sensitive call carries the password itself: no client asks its user only after a refusal.
pub fn given_password(password: Option<SecretString>) -> Result<SecretString, Problem> {
    let missing = FieldError {
        field: Field::Password,
        code: FieldCode::Required,
    };
    password.ok_or_else(|| AuthError::ValidationFailed(vec![missing]).into())
}
