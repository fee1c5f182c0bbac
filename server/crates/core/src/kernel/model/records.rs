//! What a user can read back of their own data. What is serialized is in the download as it is.

use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;
use uuid::Uuid;

use super::{Purpose, Session};
use crate::kernel::audit::AuditEvent;
use crate::kernel::mail::{MailContext, MailKind, MailStatus};

/// An event of the audit log.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    pub id: Uuid,
    pub event: AuditEvent,
    /// A JSON object.
    pub details: String,
    pub ip_address: String,
    pub user_agent: Option<String>,
    pub success: bool,
    pub created_at: OffsetDateTime,
}

/// A session, ended or not.
pub struct SessionRecord {
    pub session: Session,
    pub ended_at: Option<OffsetDateTime>,
}

/// A mail that was put into the outbox.
#[derive(Serialize)]
pub struct MailRecord {
    pub kind: MailKind,
    pub recipient: String,
    #[serde(flatten)]
    pub context: MailContext,
    pub status: MailStatus,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339::option")]
    pub sent_at: Option<OffsetDateTime>,
}

/// The refresh tokens of an API session, without what they are.
#[derive(Serialize)]
pub struct RefreshRecord {
    pub session_id: Uuid,
    pub device_info: String,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    /// When the newest of them took the place of the one before.
    #[serde(with = "rfc3339::option")]
    pub rotated_at: Option<OffsetDateTime>,
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
    pub is_revoked: bool,
}

/// A mailed link, without its token.
#[derive(Serialize)]
pub struct LinkRecord {
    pub purpose: Purpose,
    pub email: Option<String>,
    pub ip_address: String,
    pub user_agent: Option<String>,
    #[serde(with = "rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
    /// Used, or superseded by a newer one.
    pub is_used: bool,
}
