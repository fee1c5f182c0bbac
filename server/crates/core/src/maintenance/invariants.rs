//! What must hold between rows.

use crate::auth::Auth;
use crate::kernel::AuthError;
use crate::kernel::ports::Violation;

impl Auth {
    /// Checks the data against the invariants (`vestibule verify`).
    pub async fn violations(&self) -> Result<Vec<Violation>, AuthError> {
        Ok(self
            .core
            .store
            .reader()
            .await?
            .violations(self.core.clock.now())
            .await?)
    }
}
