//! What an operation can refuse, as closed codes; text is looked up by code at the edge.

use std::backtrace::Backtrace;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::kernel::ports::{BoxError, StoreError};

/// Why an operation did not do what it was asked.
///
/// One enum serves every operation, because every face maps it through one table (ADR 0007).
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// Some fields break a rule; nothing was written.
    #[error("the input breaks a rule")]
    ValidationFailed(Vec<FieldError>),
    /// A mailed token or code is unknown, used, superseded or expired.
    #[error("the mailed token is not valid")]
    InvalidToken,
    /// Unknown account, wrong password, inactive account: deliberately the same.
    #[error("the credentials are not valid")]
    InvalidCredentials,
    /// No live session stands behind the request.
    #[error("the caller is not signed in")]
    Unauthenticated,
    /// The access token was valid and has expired (RFC 6750, `invalid_token`).
    #[error("the access token has expired")]
    TokenExpired,
    /// The refresh token is unknown, expired, or its session has ended.
    #[error("the refresh token is not valid")]
    InvalidRefreshToken,
    /// An outdated refresh token was replayed; its family has been ended (RFC 9700, 4.14).
    #[error("the refresh token was used before")]
    RefreshTokenReused,
    /// The password was not given in this session lately, and the operation wants it.
    #[error("the password has to be given again")]
    ReauthenticationRequired,
    /// The thing does not exist, or belongs to another user.
    #[error("not found")]
    NotFound,
    /// Registration in open mode with an address that has an account.
    #[error("the address has an account")]
    EmailTaken,
    /// A limit was reached; trying again makes sense after the given time.
    #[error("too many attempts")]
    RateLimited { retry_after: Duration },
    /// The hash queue is full; nothing was done.
    #[error("too busy to hash another password")]
    Overloaded { retry_after: Duration },
    /// Nobody waits for the answer any more: it was given when the time was up, or the client has
    /// gone.
    #[error("nobody waits for the answer")]
    Abandoned,
    /// A dependency that the operation needs is out of reach.
    #[error("a dependency is out of reach")]
    Unavailable(#[source] BoxError),
    /// A defect of the portal, or an unexpected answer of a dependency.
    #[error("internal error")]
    Internal(#[source] BoxError),
}

/// What should never happen, and where it did.
#[derive(Debug)]
pub struct Defect {
    what: BoxError,
    trace: Backtrace,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.what.fmt(f)
    }
}

impl Error for Defect {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.what.source()
    }
}

impl Defect {
    /// As many lines as show where it was; a whole one would fill the log.
    pub fn trace(&self) -> String {
        let trace = self.trace.to_string();
        let lines: Vec<&str> = trace.lines().take(MAX_TRACE_LINES).collect();
        lines.join("\n")
    }
}

/// Two lines a frame.
const MAX_TRACE_LINES: usize = 80;

impl AuthError {
    /// A defect, with the stack of where it was noticed.
    pub fn internal(what: impl Into<BoxError>) -> Self {
        let (what, trace) = (what.into(), Backtrace::force_capture());
        Self::Internal(Box::new(Defect { what, trace }))
    }

    /// Those of some fields that are invalid.
    pub(crate) fn invalid(errors: impl IntoIterator<Item = Option<FieldError>>) -> Self {
        Self::ValidationFailed(errors.into_iter().flatten().collect())
    }

    /// The stable code that callers see.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::ValidationFailed(_) => ErrorCode::ValidationFailed,
            Self::InvalidToken => ErrorCode::InvalidToken,
            Self::InvalidCredentials => ErrorCode::InvalidCredentials,
            Self::Unauthenticated => ErrorCode::Unauthenticated,
            Self::TokenExpired => ErrorCode::TokenExpired,
            Self::InvalidRefreshToken => ErrorCode::InvalidRefreshToken,
            Self::RefreshTokenReused => ErrorCode::RefreshTokenReused,
            Self::ReauthenticationRequired => ErrorCode::ReauthenticationRequired,
            Self::NotFound => ErrorCode::NotFound,
            Self::EmailTaken => ErrorCode::EmailTaken,
            Self::RateLimited { .. } => ErrorCode::RateLimited,
            Self::Overloaded { .. } => ErrorCode::Overloaded,
            Self::Abandoned => ErrorCode::RequestTimeout,
            Self::Unavailable(_) => ErrorCode::Unavailable,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }

    /// How long a caller should wait before trying again, where waiting helps.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Overloaded { retry_after } => {
                Some(*retry_after)
            }
            Self::Unavailable(_) => Some(Duration::from_secs(5)),
            _ => None,
        }
    }

    /// The invalid fields; empty unless the code is `validation_failed`.
    pub fn fields(&self) -> &[FieldError] {
        match self {
            Self::ValidationFailed(fields) => fields,
            _ => &[],
        }
    }
}

impl From<FieldError> for AuthError {
    fn from(error: FieldError) -> Self {
        Self::ValidationFailed(vec![error])
    }
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(source) => Self::Unavailable(source),
            // The account was removed at this very moment: so is its session.
            StoreError::Orphan => Self::Unauthenticated,
            StoreError::Conflict | StoreError::Unexpected(_) => Self::Internal(Box::new(error)),
        }
    }
}

/// Defines a closed set of codes in snake case: the enum, its text, its list and the way back.
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// Every code, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The stable text of the code.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The code with this text; `None` for anything else.
            pub fn from_code(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use codes;

codes! {
    /// Every code that a caller can see in `code`. Codes are never renamed.
    ErrorCode {
        MalformedBody = "malformed_body",
        ValidationFailed = "validation_failed",
        InvalidToken = "invalid_token",
        InvalidCredentials = "invalid_credentials",
        Unauthenticated = "unauthenticated",
        TokenExpired = "token_expired",
        InvalidRefreshToken = "invalid_refresh_token",
        RefreshTokenReused = "refresh_token_reused",
        Forbidden = "forbidden",
        ReauthenticationRequired = "reauthentication_required",
        NotFound = "not_found",
        MethodNotAllowed = "method_not_allowed",
        BodyTooLarge = "body_too_large",
        UnsupportedMediaType = "unsupported_media_type",
        MisdirectedRequest = "misdirected_request",
        RequestTimeout = "request_timeout",
        EmailTaken = "email_taken",
        RateLimited = "rate_limited",
        Internal = "internal",
        Unavailable = "unavailable",
        Overloaded = "overloaded",
    }
}

codes! {
    /// The six kinds of error: each is logged once, at the edge, with its kind.
    ErrorKind {
        Validation = "validation",
        Authentication = "authentication",
        Authorization = "authorization",
        Database = "database",
        External = "external",
        Unknown = "unknown",
    }
}

impl ErrorCode {
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::InvalidCredentials
            | Self::Unauthenticated
            | Self::TokenExpired
            | Self::InvalidRefreshToken
            | Self::RefreshTokenReused => ErrorKind::Authentication,
            Self::Forbidden | Self::ReauthenticationRequired | Self::RateLimited => {
                ErrorKind::Authorization
            }
            Self::Unavailable => ErrorKind::Database,
            Self::Overloaded => ErrorKind::External,
            Self::Internal => ErrorKind::Unknown,
            Self::MalformedBody
            | Self::ValidationFailed
            | Self::InvalidToken
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::BodyTooLarge
            | Self::UnsupportedMediaType
            | Self::MisdirectedRequest
            | Self::RequestTimeout
            | Self::EmailTaken => ErrorKind::Validation,
        }
    }
}

codes! {
    /// A field of a form or body that an error can name.
    Field {
        Email = "email",
        Password = "password",
        NewPassword = "new_password",
        CurrentPassword = "current_password",
        FirstName = "first_name",
        LastName = "last_name",
        DeviceName = "device_name",
        Code = "code",
        NewEmail = "new_email",
        Cursor = "cursor",
        Limit = "limit",
        Filter = "filter",
    }
}

codes! {
    /// What is wrong with a field.
    FieldCode {
        Required = "required",
        InvalidEmail = "invalid_email",
        InvalidCharacters = "invalid_characters",
        TooShort = "too_short",
        TooLong = "too_long",
        TooWeak = "too_weak",
        TooCommon = "too_common",
        Taken = "taken",
        Incorrect = "incorrect",
        Unchanged = "unchanged",
        Invalid = "invalid",
    }
}

/// One invalid field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub field: Field,
    pub code: FieldCode,
}
