//! Security events as sentences.

use vestibule_core::{AuditEvent as Event, SecurityEvent};
use vestibule_i18n::{Texts, device_in_sentence, t};

/// What happened, as one sentence without the time; `None` for what is in nobody's history.
pub fn sentence(texts: Texts, activity: &SecurityEvent) -> Option<String> {
    let device = device_in_sentence(texts, &activity.device);
    Some(match activity.event {
        Event::UserRegistered => t!(texts, "event-user-registered", device = device),
        Event::LoginSuccess => t!(texts, "event-login-success", device = device),
        Event::LoginFailure => t!(texts, "event-login-failure", device = device),
        Event::LoginLimited => t!(texts, "event-login-limited", device = device),
        Event::RefreshTokenReused => t!(texts, "event-refresh-token-reused", device = device),
        Event::SignedOut => t!(texts, "event-signed-out", device = device),
        Event::SignedOutEverywhere if kept_current(activity) => {
            t!(texts, "event-signed-out-everywhere-else", device = device)
        }
        Event::SignedOutEverywhere => t!(texts, "event-signed-out-everywhere", device = device),
        Event::SessionRevoked => t!(texts, "event-session-revoked", device = device),
        Event::EmailVerified => t!(texts, "event-email-verified", device = device),
        Event::VerificationRequested => t!(texts, "event-verification-requested", device = device),
        Event::ProfileUpdated => t!(texts, "event-profile-updated", device = device),
        Event::LanguageChanged => t!(texts, "event-language-changed", device = device),
        Event::PasswordChanged => t!(texts, "event-password-changed", device = device),
        Event::PasswordChangeFailed => t!(texts, "event-password-change-failed", device = device),
        Event::PasswordResetRequested => {
            t!(texts, "event-password-reset-requested", device = device)
        }
        Event::PasswordReset => t!(texts, "event-password-reset", device = device),
        Event::EmailChangeRequested => t!(texts, "event-email-change-requested", device = device),
        Event::EmailChangeCancelled => t!(texts, "event-email-change-cancelled", device = device),
        Event::EmailChanged => t!(texts, "event-email-changed", device = device),
        Event::EmailReverted => t!(texts, "event-email-reverted", device = device),
        Event::ReauthenticationFailed => {
            t!(texts, "event-reauthentication-failed", device = device)
        }
        Event::DeletionScheduled => t!(texts, "event-deletion-scheduled", device = device),
        Event::DeletionCancelled => t!(texts, "event-deletion-cancelled", device = device),
        Event::DataExported => t!(texts, "event-data-exported", device = device),
        Event::RegistrationRefused
        | Event::TokenRefreshed
        | Event::VerificationFailed
        | Event::PasswordResetFailed
        | Event::AccountDeleted
        | Event::SigningKeyRotated
        | Event::RateLimited
        | Event::RequestRefused => return None,
    })
}

/// Whether the session that signed the others out went on.
fn kept_current(activity: &SecurityEvent) -> bool {
    activity.details["kept_current"] == true
}
