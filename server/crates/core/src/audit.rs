//! The closed list of security events.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::codes;

codes! {
    /// What happened. Codes are never renamed: people filter on them.
    AuditEvent {
        UserRegistered = "user_registered",
        RegistrationRefused = "registration_refused",
        LoginSuccess = "login_success",
        LoginFailure = "login_failure",
        LoginLimited = "login_limited",
        TokenRefreshed = "token_refreshed",
        RefreshTokenReused = "refresh_token_reused",
        SignedOut = "signed_out",
        SignedOutEverywhere = "signed_out_everywhere",
        SessionRevoked = "session_revoked",
        EmailVerified = "email_verified",
        VerificationFailed = "verification_failed",
        VerificationRequested = "verification_requested",
        ProfileUpdated = "profile_updated",
        LanguageChanged = "language_changed",
        PasswordChanged = "password_changed",
        PasswordChangeFailed = "password_change_failed",
        PasswordResetRequested = "password_reset_requested",
        PasswordReset = "password_reset",
        PasswordResetFailed = "password_reset_failed",
        ReauthenticationFailed = "reauthentication_failed",
        EmailChangeRequested = "email_change_requested",
        EmailChangeCancelled = "email_change_cancelled",
        EmailChanged = "email_changed",
        EmailReverted = "email_reverted",
        DeletionScheduled = "deletion_scheduled",
        DeletionCancelled = "deletion_cancelled",
        AccountDeleted = "account_deleted",
        DataExported = "data_exported",
        RateLimited = "rate_limited",
        RequestRefused = "request_refused",
    }
}

impl AuditEvent {
    /// Whether the event tells of something that worked.
    pub fn is_success(self) -> bool {
        !matches!(
            self,
            Self::RegistrationRefused
                | Self::LoginFailure
                | Self::LoginLimited
                | Self::RefreshTokenReused
                | Self::VerificationFailed
                | Self::PasswordChangeFailed
                | Self::PasswordResetFailed
                | Self::ReauthenticationFailed
                | Self::RateLimited
                | Self::RequestRefused
        )
    }
}

/// One row of the audit log.
pub struct AuditRecord {
    pub id: Uuid,
    /// `None` where no account is involved, for example a sign-in with an unknown address.
    pub user_id: Option<Uuid>,
    pub event: AuditEvent,
    /// A small JSON object without secrets or addresses.
    pub details: serde_json::Value,
    pub ip_address: String,
    pub user_agent: Option<String>,
    pub created_at: OffsetDateTime,
}
