//! The body extractor of the API.

use std::collections::HashSet;
use std::fmt;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};
use secrecy::SecretString;
use serde::de::{self, DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use vestibule_core::{AuthError, ErrorCode, Field, FieldCode, FieldError};
use vestibule_web::Problem;

/// A JSON object in the body. Everything that is not one gets its documented code: another content
/// type `unsupported_media_type`, all else `malformed_body`.
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

/// Only objects, no field twice, and no NUL in any text: PostgreSQL cannot keep one, so neither
/// database sees one. A byte order mark in front of it, as
/// some tools write it, may be passed over (RFC 8259, 8.1).
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let malformed = || Problem::from(ErrorCode::MalformedBody);
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(malformed());
    }
    let _: Sound = serde_json::from_slice(bytes).map_err(|_| malformed())?;
    serde_json::from_slice(bytes).map_err(|_| malformed())
}

/// JSON in which no object has a field twice, whether it is read or not, and no text has a NUL:
/// every other reader of the same bytes reads the same.
struct Sound;

impl<'de> Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SoundVisitor)
    }
}

struct SoundVisitor;

impl<'de> Visitor<'de> for SoundVisitor {
    type Value = Sound;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without a field twice or a NUL")
    }

    fn visit_unit<E>(self) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Sound, E> {
        Ok(Sound)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Sound, E> {
        if text.contains('\0') {
            return Err(E::custom("a NUL"));
        }
        Ok(Sound)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Sound, A::Error> {
        while items.next_element::<Sound>()?.is_some() {}
        Ok(Sound)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Sound, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            SoundVisitor.visit_str(&name)?;
            if !names.insert(name) {
                return Err(de::Error::custom("a field twice"));
            }
            fields.next_value::<Sound>()?;
        }
        Ok(Sound)
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
