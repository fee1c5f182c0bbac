//! A Redis that drops counts when its memory is full, and says nothing: a limit that went is a
//! fresh one.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use tokio::time::timeout;
use vestibule_core::{Alert, lock};

const DEADLINE: Duration = Duration::from_secs(1);

/// Looks at each new connection, and says what it found once a minute.
#[derive(Default)]
pub(super) struct Eviction(Arc<Mutex<Alert>>);

impl Eviction {
    /// Asks in the background: nobody waits for it, and one that may not be asked is believed.
    pub(super) fn look(&self, mut redis: MultiplexedConnection) {
        let alert = Arc::clone(&self.0);
        tokio::spawn(async move {
            let mut ask = redis::cmd("INFO");
            ask.arg("memory");
            let Ok(Ok(memory)) = timeout(DEADLINE, ask.query_async::<String>(&mut redis)).await
            else {
                return;
            };
            let Some(policy) = evicting_policy(&memory) else {
                return;
            };
            let mut alert = lock(&alert);
            if alert.is_due(Instant::now()) {
                tracing::warn!(
                    policy,
                    "Redis drops keys when its memory is full, and with them what limits have counted: set its maxmemory-policy to noeviction"
                );
            }
        });
    }
}

/// The policy by which a Redis with a bound on its memory drops keys before they expire.
fn evicting_policy(memory: &str) -> Option<&str> {
    let field = |name: &str| {
        let mut lines = memory.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    };
    let is_bounded = field("maxmemory").is_none_or(|bytes| bytes != "0");
    field("maxmemory_policy").filter(|policy| *policy != "noeviction" && is_bounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_drops_keys_is_recognised() {
        let memory = |bytes: &str, policy: &str| {
            format!(
                "# Memory\r\nused_memory:1\r\nmaxmemory:{bytes}\r\nmaxmemory_human:x\r\nmaxmemory_policy:{policy}\r\n"
            )
        };
        for policy in ["allkeys-lru", "volatile-lru", "volatile-ttl"] {
            let found = memory("1048576", policy);
            assert_eq!(evicting_policy(&found), Some(policy));
            assert_eq!(evicting_policy(&memory("0", policy)), None);
        }
        assert_eq!(evicting_policy(&memory("1048576", "noeviction")), None);
        assert_eq!(evicting_policy(""), None);
    }
}
