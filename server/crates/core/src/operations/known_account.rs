//! What a browser keeps of an account whose owner has used it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::Auth;
use crate::model::Account;

/// Shows that somebody gave or set the account's password on this browser. Good until the password
/// changes: whoever is put out by that is a stranger again,
/// with no quota of their own from which to keep the owner out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownAccount {
    pub user_id: Uuid,
    proof: String,
}

impl Auth {
    pub(super) fn known_account(&self, user_id: Uuid, password_hash: &str) -> KnownAccount {
        let key = self.master.for_use("known-account");
        KnownAccount {
            user_id,
            proof: key.pseudonym(&format!("{user_id} {password_hash}")),
        }
    }

    pub(super) fn is_known(&self, account: &Account, known: &[KnownAccount]) -> bool {
        known.contains(&self.known_account(account.user.id, &account.password_hash))
    }
}
