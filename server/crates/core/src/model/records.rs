//! What a user can read back of their own data.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Purpose, Session};
use crate::audit::AuditEvent;
use crate::mail::MailKind;

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
    pub other_email: Option<String>,
    pub created_at: OffsetDateTime,
    pub sent_at: Option<OffsetDateTime>,
}

/// A mailed token, without what it is.
pub struct TokenRecord {
    pub purpose: Purpose,
    pub email: Option<String>,
    pub ip_address: String,
    pub user_agent: Option<String>,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    /// Used, or superseded by a newer one.
    pub is_used: bool,
}
