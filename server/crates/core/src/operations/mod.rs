//! One file, one family of operations: the command, the operation on [`crate::Auth`], its rules.

mod attempts;
mod cleanup;
mod deletion;
mod email_change;
mod email_verification;
mod export;
mod form_submissions;
mod known_browser;
mod mail_request;
mod mails;
mod outbox;
mod password;
mod password_reset;
mod password_strength;
mod profile;
mod reauthentication;
mod refresh;
mod registration;
mod security_events;
mod sessions;
mod sign_in;

pub use cleanup::{CleanupRun, MAILS_KEPT, Removed, Retention};
pub use deletion::RestoreLink;
pub use email_change::{ChangeEmail, RevertLink};
pub use email_verification::{LinkState, Verified, VerifyEmail};
pub use form_submissions::{FormClaim, FormSubmission};
pub use known_browser::KnownBrowserProof;
pub use outbox::{Delivery, MAIL_LEASE, NOTE_TIME};
pub use password::ChangePassword;
pub use password_reset::{ResetDone, ResetLink};
pub use profile::UpdateProfile;
pub use registration::{Register, Registered};
pub use security_events::{SecurityEvent, SecurityEventFilter, SecurityEventPage};
pub use sessions::{SignedIn, TokenPair};
pub use sign_in::SignIn;

use std::time::Duration;

use tokio::time::Instant;

/// An answer that must not distinguish known from unknown addresses is given at the end of such a
/// step.
const TIME_STEP: Duration = Duration::from_millis(100);

/// Runs an operation so that it answers at the next step of a grid of [`TIME_STEP`]. The work
/// itself has the same shape for both cases: as many writing transactions, which wait for other
/// writers alike. What is left between them, a statement or two, is lost in the step.
async fn in_uniform_time<T>(operation: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let result = operation.await;
    let steps = started.elapsed().as_nanos() / TIME_STEP.as_nanos() + 1;
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    tokio::time::sleep_until(started + TIME_STEP * steps).await;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_comes_at_the_next_step_of_the_grid() {
        for (work, answer) in [
            (0, 100),
            (1, 100),
            (99, 100),
            (102, 200),
            (148, 200),
            (207, 300),
        ] {
            let started = Instant::now();
            let operation = tokio::time::sleep(Duration::from_millis(work));
            in_uniform_time(operation).await;
            let took = started.elapsed().as_millis();
            assert!((answer..=answer + 1).contains(&took), "{work}: {took}");
        }
    }
}
