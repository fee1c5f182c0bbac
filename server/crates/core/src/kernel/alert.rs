use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_mins(1);

/// When something was reported last: it is worth one line a minute, and not one a request.
#[derive(Default)]
pub struct Alert(Option<Instant>);

impl Alert {
    /// Whether it is time to report it again; then it counts as reported.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self
            .0
            .is_none_or(|at| now.saturating_duration_since(at) >= INTERVAL);
        if is_due {
            self.0 = Some(now);
        }
        is_due
    }
}
