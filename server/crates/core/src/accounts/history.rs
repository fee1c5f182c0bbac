//! The user's own security history.

use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::auth::Auth;
use crate::kernel::model::{AuditEntry, Principal, device_name};
use crate::kernel::{AuditEvent, AuthError, Field, FieldCode, FieldError, codes};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

codes! {
    /// Which part of the history.
    SecurityEventFilter {
        All = "all",
        /// Beginning and ending sessions, whether it worked or not.
        SignIns = "sign_ins",
        /// What changed about the account.
        Changes = "changes",
        /// What did not work.
        Failed = "failed",
    }
}

/// One event of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityEvent {
    pub id: Uuid,
    pub event: AuditEvent,
    pub created_at: OffsetDateTime,
    pub ip_address: String,
    /// As end users read it: "Firefox on Linux".
    pub device: String,
    pub success: bool,
    /// A small JSON object without secrets or addresses.
    pub details: Value,
}

/// A part of the history, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityEventPage {
    pub events: Vec<SecurityEvent>,
    /// Where the next page begins; `None` on the last one.
    pub next_cursor: Option<String>,
}

impl SecurityEventFilter {
    /// Whether the filter lets an event through.
    pub fn shows(self, event: AuditEvent) -> bool {
        event.is_in_history()
            && match self {
                Self::All => true,
                Self::SignIns => event.is_about_sessions(),
                Self::Changes => event.is_success() && !event.is_about_sessions(),
                Self::Failed => !event.is_success(),
            }
    }
}

impl Auth {
    /// The caller's own security history, newest first. `cursor` is the `next_cursor` of the page
    /// before: events that arrive meanwhile shift nothing.
    ///
    /// # Errors
    /// [`AuthError::ValidationFailed`] for a cursor that is none, and a limit outside of 1 to 100.
    pub async fn list_security_events(
        &self,
        who: &Principal,
        filter: SecurityEventFilter,
        cursor: Option<&str>,
        limit: Option<u32>,
    ) -> Result<SecurityEventPage, AuthError> {
        let (before, limit) = match (parse_cursor(cursor), check_limit(limit)) {
            (Ok(before), Ok(limit)) => (before, limit),
            (before, limit) => {
                return Err(AuthError::invalid([before.err(), limit.err()]));
            }
        };
        let wanted: Vec<AuditEvent> = AuditEvent::ALL
            .iter()
            .copied()
            .filter(|event| filter.shows(*event))
            .collect();
        // One more shows whether there is another page.
        let mut store = self.core.store.reader().await?;
        let mut entries = store
            .history(who.user.id, &wanted, before, limit + 1)
            .await?;
        let page_size = usize::try_from(limit).map_err(AuthError::internal)?;
        let has_more = entries.len() > page_size;
        entries.truncate(page_size);
        let last = entries.last().filter(|_| has_more);
        Ok(SecurityEventPage {
            next_cursor: last.map(|entry| entry.id.to_string()),
            events: entries.into_iter().map(SecurityEvent::from).collect(),
        })
    }
}

/// What the person gets to see of the details. Those of a refused sign-in are for operators.
pub(crate) fn shown_details(entry: &AuditEntry) -> Value {
    match entry.event {
        AuditEvent::LoginFailure => json!({}),
        _ => serde_json::from_str(&entry.details).unwrap_or_default(),
    }
}

impl From<AuditEntry> for SecurityEvent {
    fn from(entry: AuditEntry) -> Self {
        let details = shown_details(&entry);
        Self {
            id: entry.id,
            event: entry.event,
            created_at: entry.created_at,
            ip_address: entry.ip_address,
            device: device_name(entry.user_agent.as_deref()),
            success: entry.success,
            details,
        }
    }
}

/// Ids are ordered by time, so the last one of a page is where the next begins.
fn parse_cursor(cursor: Option<&str>) -> Result<Uuid, FieldError> {
    let invalid = FieldError {
        field: Field::Cursor,
        code: FieldCode::Invalid,
    };
    cursor.map_or(Ok(Uuid::max()), |text| {
        let id = Uuid::try_parse(text).map_err(|_| invalid)?;
        // An id has several spellings; a cursor has one.
        (id.to_string() == text).then_some(id).ok_or(invalid)
    })
}

fn check_limit(limit: Option<u32>) -> Result<u32, FieldError> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        Ok(limit)
    } else {
        Err(FieldError {
            field: Field::Limit,
            code: FieldCode::Invalid,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_that_worked_is_a_change_or_about_sessions_and_never_both() {
        for event in AuditEvent::ALL {
            let shows = |filter: SecurityEventFilter| filter.shows(*event);
            if !event.is_in_history() {
                assert!(
                    SecurityEventFilter::ALL
                        .iter()
                        .all(|filter| !shows(*filter))
                );
                continue;
            }
            assert!(shows(SecurityEventFilter::All));
            assert_eq!(
                shows(SecurityEventFilter::Failed),
                !event.is_success(),
                "{event}"
            );
            assert!(
                !(shows(SecurityEventFilter::SignIns) && shows(SecurityEventFilter::Changes)),
                "{event}"
            );
            assert!(
                SecurityEventFilter::ALL[1..]
                    .iter()
                    .any(|filter| shows(*filter)),
                "{event}"
            );
        }
    }
}
