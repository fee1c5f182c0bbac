//! One file, one family of operations: the command, the operation on [`crate::Auth`], its rules.

mod activity;
mod attempts;
mod cleanup;
mod deletion;
mod email_change;
mod email_verification;
mod export;
mod form_submissions;
mod known_account;
mod letters;
mod link_handles;
mod mail_request;
mod outbox;
mod password;
mod password_reset;
mod password_strength;
mod profile;
mod reauthentication;
mod refresh;
mod registration;
mod sessions;
mod sign_in;

pub use activity::{Activity, ActivityFilter, ActivityPage};
pub use cleanup::{Cleanup, MAILS_KEPT, Removed, Retention};
pub use deletion::RestoreLink;
pub use email_change::{ChangeEmail, RevertLink};
pub use email_verification::{LinkState, Verified, VerifyEmail};
pub use form_submissions::{FormClaim, FormSubmission};
pub use known_account::KnownAccount;
pub use link_handles::LINK_HANDLE_LIFE;
pub use outbox::{Delivery, MAIL_LEASE, NOTE_TIME};
pub use password::ChangePassword;
pub use password_reset::{ResetDone, ResetLink};
pub use profile::UpdateProfile;
pub use registration::{Register, Registered};
pub use sessions::{SignedIn, TokenPair};
pub use sign_in::SignIn;

use std::time::Duration;

/// The least time that an answer takes that must not tell known from unknown addresses. The work behind it, a few
/// statements and one commit, stays well below.
const UNIFORM_TIME: Duration = Duration::from_millis(100);

/// Runs an operation so that it answers no sooner than [`UNIFORM_TIME`].
async fn in_uniform_time<T>(operation: impl Future<Output = T>) -> T {
    let (result, ()) = tokio::join!(operation, tokio::time::sleep(UNIFORM_TIME));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_operation_with_nothing_to_do_answers_no_sooner() {
        let started = std::time::Instant::now();
        assert_eq!(in_uniform_time(async { 7 }).await, 7);
        assert!(started.elapsed() >= UNIFORM_TIME);
    }
}
