//! What a user can read back of their own data.

use time::OffsetDateTime;
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
pub struct MailRecord {
    pub kind: MailKind,
    pub recipient: String,
    pub context: MailContext,
    pub status: MailStatus,
    pub created_at: OffsetDateTime,
    pub sent_at: Option<OffsetDateTime>,
}

/// The refresh tokens of an API session, without what they are.
pub struct RefreshRecord {
    pub session_id: Uuid,
    pub device_info: String,
    pub created_at: OffsetDateTime,
    /// When the newest of them took the place of the one before.
    pub rotated_at: Option<OffsetDateTime>,
    pub expires_at: OffsetDateTime,
    pub is_revoked: bool,
}

/// A mailed link, without its token.
pub struct LinkRecord {
    pub purpose: Purpose,
    pub email: Option<String>,
    pub ip_address: String,
    pub user_agent: Option<String>,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    /// Used, or superseded by a newer one.
    pub is_used: bool,
}
