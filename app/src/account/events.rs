//! Security events as sentences.

use vestibule_core::{Activity, AuditEvent};
use vestibule_i18n::{Texts, device_in_sentence, t};

/// What happened, as one sentence without the time; `None` for what is in nobody's history.
pub fn sentence(texts: Texts, activity: &Activity) -> Option<String> {
    let device = device_in_sentence(texts, &activity.device);
    Some(match activity.event {
        AuditEvent::UserRegistered => t!(texts, "event-user-registered", device = device),
        AuditEvent::LoginSuccess => t!(texts, "event-login-success", device = device),
        AuditEvent::LoginFailure => t!(texts, "event-login-failure", device = device),
        AuditEvent::LoginLimited => t!(texts, "event-login-limited", device = device),
        AuditEvent::RefreshTokenReused => t!(texts, "event-refresh-token-reused", device = device),
        AuditEvent::SignedOut => t!(texts, "event-signed-out", device = device),
        AuditEvent::SignedOutEverywhere if kept_current(activity) => {
            t!(texts, "event-signed-out-everywhere-else", device = device)
        }
        AuditEvent::SignedOutEverywhere => {
            t!(texts, "event-signed-out-everywhere", device = device)
        }
        AuditEvent::SessionRevoked => t!(texts, "event-session-revoked", device = device),
        AuditEvent::EmailVerified => t!(texts, "event-email-verified", device = device),
        AuditEvent::VerificationRequested => {
            t!(texts, "event-verification-requested", device = device)
        }
        AuditEvent::ProfileUpdated => t!(texts, "event-profile-updated", device = device),
        AuditEvent::LanguageChanged => t!(texts, "event-language-changed", device = device),
        AuditEvent::PasswordChanged => t!(texts, "event-password-changed", device = device),
        AuditEvent::PasswordChangeFailed => {
            t!(texts, "event-password-change-failed", device = device)
        }
        AuditEvent::PasswordResetRequested => {
            t!(texts, "event-password-reset-requested", device = device)
        }
        AuditEvent::PasswordReset => t!(texts, "event-password-reset", device = device),
        AuditEvent::EmailChangeRequested => {
            t!(texts, "event-email-change-requested", device = device)
        }
        AuditEvent::EmailChangeCancelled => {
            t!(texts, "event-email-change-cancelled", device = device)
        }
        AuditEvent::EmailChanged => t!(texts, "event-email-changed", device = device),
        AuditEvent::EmailReverted => t!(texts, "event-email-reverted", device = device),
        AuditEvent::ReauthenticationFailed => {
            t!(texts, "event-reauthentication-failed", device = device)
        }
        AuditEvent::DeletionScheduled => t!(texts, "event-deletion-scheduled", device = device),
        AuditEvent::DeletionCancelled => t!(texts, "event-deletion-cancelled", device = device),
        AuditEvent::DataExported => t!(texts, "event-data-exported", device = device),
        AuditEvent::RegistrationRefused
        | AuditEvent::TokenRefreshed
        | AuditEvent::VerificationFailed
        | AuditEvent::PasswordResetFailed
        | AuditEvent::AccountDeleted
        | AuditEvent::SigningKeyRotated
        | AuditEvent::RateLimited
        | AuditEvent::RequestRefused => return None,
    })
}

/// Whether the session that signed the others out went on.
fn kept_current(activity: &Activity) -> bool {
    activity.details["kept_current"] == true
}

/// Whether somebody else could be behind it who does harm,
/// or tries to: the owner should say so if it was not they.
pub fn is_risky(event: AuditEvent) -> bool {
    matches!(
        event,
        AuditEvent::LoginSuccess
            | AuditEvent::LoginFailure
            | AuditEvent::LoginLimited
            | AuditEvent::RefreshTokenReused
            | AuditEvent::SignedOutEverywhere
            | AuditEvent::SessionRevoked
            | AuditEvent::ProfileUpdated
            | AuditEvent::PasswordChanged
            | AuditEvent::PasswordChangeFailed
            | AuditEvent::PasswordResetRequested
            | AuditEvent::PasswordReset
            | AuditEvent::EmailChangeRequested
            | AuditEvent::EmailChangeCancelled
            | AuditEvent::EmailChanged
            | AuditEvent::EmailReverted
            | AuditEvent::ReauthenticationFailed
            | AuditEvent::DeletionScheduled
            | AuditEvent::DeletionCancelled
            | AuditEvent::DataExported
    )
}
