//! The closed list of security events.

use metrics::counter;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::kernel::errors::codes;

/// It records what did not work.
const FAILURE: u8 = 1;
/// Anybody can cause as many as the limits let through: they are counted before they are written.
const COUNTED: u8 = 2;
/// It is in the history of the account that it is about.
const HISTORY: u8 = 4;
/// So, and there it is about beginning or ending sessions.
const SESSIONS: u8 = HISTORY | 8;
/// An attacker could have caused it, or tried to: the owner should report it if it was another
/// person.
const RISKY: u8 = 16;
/// It changes what a session of the user stands for: their snapshots are dropped with it.
const SNAPSHOTS: u8 = 32;

macro_rules! events {
    ($($event:ident = $code:literal: [$($flag:ident),*],)+) => {
        codes! {
            /// What happened. Codes are never renamed: people filter on them.
            AuditEvent { $($event = $code),+ }
        }

        impl AuditEvent {
            fn is(self, flag: u8) -> bool {
                let flags = match self { $(Self::$event => 0 $(| $flag)*),+ };
                flags & flag == flag
            }
        }
    };
}

events! {
    UserRegistered = "user_registered": [HISTORY],
    RegistrationRefused = "registration_refused": [FAILURE, COUNTED],
    LoginSuccess = "login_success": [SESSIONS, RISKY],
    LoginFailure = "login_failure": [FAILURE, SESSIONS, RISKY],
    LoginLimited = "login_limited": [FAILURE, COUNTED, SESSIONS, RISKY],
    TokenRefreshed = "token_refreshed": [],
    RefreshTokenReused = "refresh_token_reused": [FAILURE, SESSIONS, RISKY, SNAPSHOTS],
    SignedOut = "signed_out": [SESSIONS, SNAPSHOTS],
    SignedOutEverywhere = "signed_out_everywhere": [SESSIONS, RISKY, SNAPSHOTS],
    SessionRevoked = "session_revoked": [SESSIONS, RISKY, SNAPSHOTS],
    EmailVerified = "email_verified": [HISTORY, SNAPSHOTS],
    VerificationFailed = "verification_failed": [FAILURE, COUNTED],
    VerificationRequested = "verification_requested": [HISTORY],
    ProfileUpdated = "profile_updated": [HISTORY, RISKY, SNAPSHOTS],
    LanguageChanged = "language_changed": [HISTORY, SNAPSHOTS],
    PasswordChanged = "password_changed": [HISTORY, RISKY, SNAPSHOTS],
    PasswordChangeFailed = "password_change_failed": [FAILURE, HISTORY, RISKY],
    PasswordResetRequested = "password_reset_requested": [HISTORY, RISKY],
    PasswordReset = "password_reset": [HISTORY, RISKY, SNAPSHOTS],
    PasswordResetFailed = "password_reset_failed": [FAILURE, COUNTED],
    ReauthenticationFailed = "reauthentication_failed": [FAILURE, SESSIONS, RISKY],
    EmailChangeRequested = "email_change_requested": [HISTORY, RISKY],
    EmailChangeCancelled = "email_change_cancelled": [HISTORY, RISKY],
    EmailChanged = "email_changed": [HISTORY, RISKY, SNAPSHOTS],
    EmailReverted = "email_reverted": [HISTORY, RISKY, SNAPSHOTS],
    DeletionScheduled = "deletion_scheduled": [HISTORY, RISKY, SNAPSHOTS],
    DeletionCancelled = "deletion_cancelled": [HISTORY, RISKY, SNAPSHOTS],
    AccountDeleted = "account_deleted": [],
    DataExported = "data_exported": [HISTORY, RISKY],
    AppAuthorized = "app_authorized": [HISTORY, RISKY],
    AppSignedIn = "app_signed_in": [SESSIONS, RISKY],
    AppRefreshReused = "app_refresh_reused": [FAILURE, SESSIONS, RISKY],
    CodeReplayed = "code_replayed": [FAILURE, SESSIONS, RISKY],
    ClientAdded = "client_added": [],
    ClientChanged = "client_changed": [],
    ClientRemoved = "client_removed": [],
    SigningKeyRotated = "signing_key_rotated": [],
    RateLimited = "rate_limited": [FAILURE, COUNTED],
    RequestRefused = "request_refused": [FAILURE, COUNTED],
}

impl AuditEvent {
    /// Whether the event records a success.
    pub fn is_success(self) -> bool {
        !self.is(FAILURE)
    }

    /// Whether the history of its account shows it.
    pub fn is_in_history(self) -> bool {
        self.is(HISTORY)
    }

    /// Whether it is about beginning or ending sessions.
    pub fn is_about_sessions(self) -> bool {
        self.is(SESSIONS)
    }

    /// Whether an attacker could have caused it, or tried to.
    pub fn is_risky(self) -> bool {
        self.is(RISKY)
    }

    /// Whether it is a refusal, which is counted before it is written.
    pub(crate) fn is_counted(self) -> bool {
        self.is(COUNTED)
    }

    /// Whether it changes what a session of the user stands for.
    pub(crate) fn drops_snapshots(self) -> bool {
        self.is(SNAPSHOTS)
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
    /// An event that no request causes.
    pub(crate) fn without_request(
        id: Uuid,
        event: AuditEvent,
        actor: Actor,
        details: Value,
        created_at: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            user_id: None,
            event,
            actor,
            client_id: None,
            details,
            ip_address: String::new(),
            user_agent: None,
            created_at,
        }
    }

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
