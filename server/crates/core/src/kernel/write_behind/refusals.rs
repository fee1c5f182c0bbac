//! Refusals, counted before they are written: anybody can cause as many of them as the limits let
//! through, and each would be a row.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::kernel::audit::{AuditEvent, AuditRecord};
use crate::kernel::limits;

/// How many rows of one site and reason are in it at most while this passes,
/// the first of them at once.
const COUNTED_FOR: Duration = Duration::from_mins(1);
/// So many are counted apart at most.
const MAX: usize = 8_000;
/// So many accounts are named for one site and reason; what
/// is refused of others is counted without a name.
const MAX_ACCOUNTS: usize = 16;

/// Which part of what waits is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Of refusals those that have been counted for long enough.
    Due(OffsetDateTime),
    Everything,
}

/// By site and reason.
#[derive(Default)]
pub(super) struct Refusals {
    reasons: HashMap<Reason, Vec<Counted>>,
    /// Of all reasons.
    len: usize,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Reason {
    event: AuditEvent,
    code: String,
    site: String,
}

struct Counted {
    user_id: Option<Uuid>,
    /// The next row is not written sooner.
    due: OffsetDateTime,
    /// The first refusal since the last row, with how many there were.
    waiting: Option<AuditRecord>,
}

impl Refusals {
    /// Rows that wait.
    pub fn len(&self) -> usize {
        let counted = self.reasons.values().flatten();
        counted.filter(|counted| counted.waiting.is_some()).count()
    }

    /// Counts one more; `false` if there is no room for another site or reason.
    pub fn count(&mut self, mut record: AuditRecord) -> bool {
        let reason = Reason::of(&record);
        let counted = self.reasons.get(&reason);
        let is_named = |counted: &Counted| counted.user_id == record.user_id;
        if counted.is_some_and(|all| all.len() >= MAX_ACCOUNTS && !all.iter().any(is_named)) {
            record.user_id = None;
        }
        let is_same = |counted: &&mut Counted| counted.user_id == record.user_id;
        let counted = self.reasons.get_mut(&reason);
        if let Some(same) = counted.and_then(|all| all.iter_mut().find(is_same)) {
            same.add(record);
            return true;
        }
        if self.len >= MAX {
            return false;
        }
        self.len += 1;
        self.reasons.entry(reason).or_default().push(Counted {
            user_id: record.user_id,
            due: record.created_at,
            waiting: Some(record),
        });
        true
    }

    /// What is to be written now, `most` at most.
    pub fn take(&mut self, part: Part, most: usize) -> Vec<AuditRecord> {
        let mut taken = Vec::new();
        for all in self.reasons.values_mut() {
            all.retain_mut(|counted| {
                let is_due = counted.is_due(part);
                if is_due && taken.len() < most && counted.waiting.is_some() {
                    taken.extend(counted.take(part));
                    return true;
                }
                !is_due || counted.waiting.is_some()
            });
        }
        self.reasons.retain(|_, all| !all.is_empty());
        self.len = self.reasons.values().map(Vec::len).sum();
        taken
    }
}

impl Reason {
    fn of(record: &AuditRecord) -> Self {
        let text = |key| record.details.get(key).and_then(Value::as_str);
        let address = record.ip_address.parse();
        Self {
            event: record.event,
            code: text("limit")
                .or(text("code"))
                .unwrap_or_default()
                .to_owned(),
            // A client that has thousands of networks is one client.
            site: address.map_or_else(
                |_| record.ip_address.clone(),
                |address| limits::site_of(address).to_string(),
            ),
        }
    }
}

impl Counted {
    fn is_due(&self, part: Part) -> bool {
        match part {
            Part::Everything => true,
            Part::Due(now) => self.due <= now,
        }
    }

    fn take(&mut self, part: Part) -> Option<AuditRecord> {
        let record = self.waiting.take()?;
        let written = match part {
            Part::Everything => record.created_at,
            Part::Due(now) => now,
        };
        self.due = written + COUNTED_FOR;
        Some(record)
    }

    fn add(&mut self, record: AuditRecord) {
        match &mut self.waiting {
            None => self.waiting = Some(record),
            Some(waiting) => {
                let count = count_of(waiting) + count_of(&record);
                waiting.details["count"] = json!(count);
            }
        }
    }
}

fn count_of(record: &AuditRecord) -> u64 {
    let count = record.details.get("count").and_then(Value::as_u64);
    count.unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::audit::Actor;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn refusal(seconds: i64, address: u32, user: Option<u128>, code: &str) -> AuditRecord {
        AuditRecord {
            id: Uuid::nil(),
            user_id: user.map(Uuid::from_u128),
            event: AuditEvent::RequestRefused,
            actor: Actor::Nobody,
            client_id: None,
            details: json!({ "code": code }),
            ip_address: std::net::Ipv4Addr::from_bits(address).to_string(),
            user_agent: None,
            created_at: START + time::Duration::seconds(seconds),
        }
    }

    fn due(refusals: &mut Refusals, seconds: i64) -> Vec<u64> {
        let now = START + time::Duration::seconds(seconds);
        let taken = refusals.take(Part::Due(now), 500);
        taken.iter().map(count_of).collect()
    }

    #[test]
    fn a_flood_from_one_network_is_a_row_a_minute() {
        let mut refusals = Refusals::default();
        let mut rows = Vec::new();
        for second in 0..600 {
            for _ in 0..19 {
                assert!(refusals.count(refusal(second, 1, None, "not_found")));
            }
            rows.extend(due(&mut refusals, second));
        }
        assert_eq!(rows[0], 19, "the first is written at once");
        assert_eq!(rows.len(), 10, "{rows:?}");
        // And none is forgotten.
        rows.extend(due(&mut refusals, 660));
        assert_eq!(rows.iter().sum::<u64>(), 600 * 19);
        assert!(due(&mut refusals, 720).is_empty());
        assert_eq!((refusals.len, refusals.reasons.len()), (0, 0));
    }

    #[test]
    fn each_reason_network_and_account_has_its_own_row() {
        let mut refusals = Refusals::default();
        for record in [
            refusal(0, 1, None, "not_found"),
            refusal(0, 1, None, "forbidden"),
            refusal(0, 2, None, "not_found"),
            refusal(0, 1, Some(7), "not_found"),
            refusal(0, 1, Some(7), "not_found"),
        ] {
            assert!(refusals.count(record));
        }
        let mut counts = due(&mut refusals, 0);
        counts.sort_unstable();
        assert_eq!(counts, [1, 1, 1, 2]);
    }

    #[test]
    fn one_network_makes_no_row_for_each_of_many_accounts() {
        let mut refusals = Refusals::default();
        for user in 0..100 {
            assert!(refusals.count(refusal(0, 1, Some(user), "limit")));
        }
        let taken = refusals.take(Part::Everything, 500);
        assert_eq!(taken.len(), MAX_ACCOUNTS + 1);
        let unnamed = taken.iter().find(|record| record.user_id.is_none());
        assert_eq!(unnamed.map(count_of), Some(100 - MAX_ACCOUNTS as u64));
    }

    #[test]
    fn what_could_not_be_written_is_counted_on() {
        let mut refusals = Refusals::default();
        assert!(refusals.count(refusal(0, 1, None, "x")));
        assert!(refusals.count(refusal(0, 1, None, "x")));
        let taken = refusals.take(Part::Everything, 500);
        assert!(refusals.count(refusal(1, 1, None, "x")));
        for record in taken {
            assert!(refusals.count(record));
        }
        assert_eq!(due(&mut refusals, 60), [3]);
    }

    #[test]
    fn there_is_room_for_so_many_and_a_batch_takes_a_part() {
        let mut refusals = Refusals::default();
        let most = u32::try_from(MAX).unwrap();
        let kept = (0..most + 50).filter(|n| refusals.count(refusal(0, *n, None, "x")));
        assert_eq!(kept.count(), MAX);
        assert_eq!(refusals.take(Part::Everything, 500).len(), 500);
        assert_eq!(refusals.len(), MAX - 500);
    }
}
