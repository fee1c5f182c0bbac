//! The proof by which a browser is known to an account.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::kernel::Core;

/// Shows that the account's password was given or set in this browser. Good until the password
/// changes: a thief who is signed out by that comes from an unknown browser again, without the
/// quota of a known one, and cannot keep the owner out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownBrowserProof {
    pub user_id: Uuid,
    proof: String,
}

impl KnownBrowserProof {
    pub(crate) fn new(core: &Core, user_id: Uuid, password_hash: &str) -> Self {
        let key = core.master.for_use("known-account");
        Self {
            user_id,
            proof: key.pseudonym(&format!("{user_id} {password_hash}")),
        }
    }
}
