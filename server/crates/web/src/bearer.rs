//! Who an API call speaks for.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use http::header;
use http::request::Parts;
use vestibule_core::model::Principal;
use vestibule_core::{Auth, ErrorCode};

use crate::outcome::RequestOutcome;
use crate::problem::Problem;

/// The session and user behind `Authorization: Bearer <access token>` (RFC 6750).
/// Cookies are never read.
pub struct Bearer(pub Principal);

impl<S> FromRequestParts<S> for Bearer
where
    S: Send + Sync,
    Arc<Auth>: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let token = bearer_token(parts).ok_or(Problem::from(ErrorCode::Unauthenticated))?;
        let principal = Arc::<Auth>::from_ref(state)
            .authenticate_token(token)
            .await?;
        RequestOutcome::of(parts).is_by(principal.user.id);
        Ok(Self(principal))
    }
}

/// The scheme is case-insensitive; several headers are none (RFC 9110, 11.1 and 11.6.2).
fn bearer_token(parts: &Parts) -> Option<&str> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (value, rest) = (values.next()?, values.next());
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    (rest.is_none() && scheme.eq_ignore_ascii_case("bearer")).then_some(token.trim())
}
