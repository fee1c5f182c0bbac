//! What the protocol refuses, in its own codes (RFC 6749, 4.1.2.1 and 5.2; RFC 6750, 3.1;
//! OpenID Connect Core 1.0, 3.1.2.6).

use crate::kernel::ports::StoreError;
use crate::kernel::{AuthError, codes};

codes! {
    /// Every `error` that a client can get.
    OAuthErrorCode {
        InvalidRequest = "invalid_request",
        InvalidClient = "invalid_client",
        InvalidGrant = "invalid_grant",
        InvalidScope = "invalid_scope",
        InvalidToken = "invalid_token",
        InsufficientScope = "insufficient_scope",
        UnauthorizedClient = "unauthorized_client",
        UnsupportedGrantType = "unsupported_grant_type",
        UnsupportedResponseType = "unsupported_response_type",
        AccessDenied = "access_denied",
        LoginRequired = "login_required",
        ConsentRequired = "consent_required",
        InteractionRequired = "interaction_required",
        RequestNotSupported = "request_not_supported",
        RequestUriNotSupported = "request_uri_not_supported",
        RegistrationNotSupported = "registration_not_supported",
        ServerError = "server_error",
        TemporarilyUnavailable = "temporarily_unavailable",
    }
}

/// A code with one of few descriptions, for developers. They tell an attacker nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OAuthRefusal {
    pub code: OAuthErrorCode,
    pub description: &'static str,
}

/// Why a client did not get what it asked for.
#[derive(Debug, thiserror::Error)]
pub enum OAuthError {
    #[error("{}: {}", .0.code, .0.description)]
    Refused(OAuthRefusal),
    /// A limit, a dependency, or a defect.
    #[error(transparent)]
    Failed(#[from] AuthError),
}

impl From<OAuthRefusal> for OAuthError {
    fn from(refusal: OAuthRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl OAuthErrorCode {
    /// The code with what it means here.
    pub(super) const fn because(self, description: &'static str) -> OAuthRefusal {
        OAuthRefusal {
            code: self,
            description,
        }
    }
}
