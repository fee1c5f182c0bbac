//! Taking back what changed an account, by a mailed link: a
//! change of the address, and the deletion.

mod restore_account;
mod revert_email;

pub use restore_account::RestoreAccountPage;
pub use revert_email::RevertEmailPage;
