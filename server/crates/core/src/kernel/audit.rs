//! The closed list of security events.

use metrics::counter;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::kernel::errors::codes;

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
        SigningKeyRotated = "signing_key_rotated",
        RateLimited = "rate_limited",
        RequestRefused = "request_refused",
    }
}

impl AuditEvent {
    /// Whether the event records a success.
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

/// The target of the log lines that repeat the audit log.
pub const AUDIT_TARGET: &str = "vestibule::audit";

/// Who did what an event reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Actor {
    /// A caller who is not signed in, with a mailed link or without one.
    #[default]
    Nobody,
    /// The user who is signed in, or has just signed in.
    Person(Uuid),
    /// An operator, at the command line.
    Operator,
    /// The portal itself.
    Worker,
}

impl Actor {
    /// The code in the audit log, which is never renamed.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Person(_) => "person",
            Self::Operator => "operator",
            Self::Worker => "worker",
        }
    }
}

/// One row of the audit log.
#[derive(Clone)]
pub struct AuditRecord {
    pub id: Uuid,
    /// `None` where no account is involved, for example a sign-in with an unknown address.
    pub user_id: Option<Uuid>,
    pub event: AuditEvent,
    pub actor: Actor,
    /// The client that it was done through; `None` for the portal itself.
    pub client_id: Option<String>,
    /// A small JSON object without secrets or addresses.
    pub details: serde_json::Value,
    pub ip_address: String,
    pub user_agent: Option<String>,
    pub created_at: OffsetDateTime,
}

impl AuditRecord {
    /// The actor's id as it is stored. That of a person stands in the rows of their own account
    /// alone, which are deleted with it.
    pub fn actor_id(&self) -> Option<Uuid> {
        match self.actor {
            Actor::Person(id) => self.user_id.filter(|owner| *owner == id),
            Actor::Nobody | Actor::Operator | Actor::Worker => None,
        }
    }

    /// Repeats a row that is committed in the log and in the metrics, for what watches the portal.
    pub fn announce(&self) {
        let text = |name| self.details.get(name).and_then(Value::as_str);
        let reason = ["reason", "code", "limit"].into_iter().find_map(text);
        let factor = text("method");
        let result = if self.event.is_success() {
            "success"
        } else {
            "failure"
        };
        counter!("vestibule_audit_rows_total").increment(1);
        let times = self.details.get("count").and_then(Value::as_u64);
        counter!(
            "vestibule_security_events_total",
            "event" => self.event.as_str(),
            "result" => result,
            "reason" => reason.unwrap_or_default().to_owned(),
            "factor" => factor.unwrap_or_default().to_owned(),
        )
        .increment(times.unwrap_or(1));
        tracing::info!(
            target: AUDIT_TARGET,
            audit_id = %self.id,
            event = self.event.as_str(),
            success = self.event.is_success(),
            user_id = self.user_id.map(tracing::field::display),
            client = self.ip_address,
            user_agent = self.user_agent,
            details = %self.details,
            "audit event"
        );
    }
}
