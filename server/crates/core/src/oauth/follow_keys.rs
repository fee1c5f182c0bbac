//! What the faces and workers ask of the keys of apps.

use super::keys::make_app_keys;
use crate::auth::Auth;
use crate::kernel::AuthError;
use crate::tokens::KeySet;

impl Auth {
    /// The JSON Web Key Set (RFC 7517) that clients verify ID tokens with.
    pub fn app_jwks(&self) -> KeySet {
        self.apps.keys.jwks(self.core.clock.now())
    }

    /// Makes the keys that clients want and that there are not yet, and loads those of others.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn follow_app_keys(&self) -> Result<(), AuthError> {
        let core = &self.core;
        let now = core.clock.now();
        make_app_keys(&*core.store, &core.master, &*core.random, now).await?;
        self.apps.keys.reload(&*core.store, &core.master, now).await
    }
}
