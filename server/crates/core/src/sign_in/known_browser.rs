//! The proof by which a browser is known to an account.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::Auth;
use crate::kernel::model::Account;

/// Shows that the account's password was given or set in this browser. Good until the password
/// changes: a thief who is signed out by that comes from an unknown browser again, without the
/// quota of a known one, and cannot keep the owner out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownBrowserProof {
    pub user_id: Uuid,
    proof: String,
}

impl Auth {
    pub(crate) fn known_browser_proof(
        &self,
        user_id: Uuid,
        password_hash: &str,
    ) -> KnownBrowserProof {
        let key = self.master.for_use("known-account");
        KnownBrowserProof {
            user_id,
            proof: key.pseudonym(&format!("{user_id} {password_hash}")),
        }
    }

    pub(crate) fn is_known(&self, account: &Account, known: &[KnownBrowserProof]) -> bool {
        known.contains(&self.known_browser_proof(account.user.id, &account.password_hash))
    }
}
