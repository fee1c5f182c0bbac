//! The user's own names.

use serde_json::json;

use crate::audit::AuditEvent;
use crate::auth::{Auth, RequestMeta};
use crate::error::{AuthError, Field};
use crate::model::{Principal, User, clean_name};

/// The names to change: `None` leaves one as it is, an empty text removes it.
#[derive(Default)]
pub struct UpdateProfile {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
}

impl Auth {
    /// Changes the names that the command holds.
    ///
    /// # Errors
    /// [`AuthError::ValidationFailed`] for a name that breaks the rules; [`AuthError::Unauthenticated`] if the account went.
    pub async fn update_profile(
        &self,
        who: &Principal,
        command: UpdateProfile,
        meta: &RequestMeta,
    ) -> Result<User, AuthError> {
        let first_name = changed(
            Field::FirstName,
            command.first_name,
            who.user.first_name.as_deref(),
        );
        let last_name = changed(
            Field::LastName,
            command.last_name,
            who.user.last_name.as_deref(),
        );
        let (first_name, last_name) = match (first_name, last_name) {
            (Ok(first_name), Ok(last_name)) => (first_name, last_name),
            (first_name, last_name) => {
                let faults = [first_name.err(), last_name.err()];
                return Err(AuthError::ValidationFailed(
                    faults.into_iter().flatten().collect(),
                ));
            }
        };
        let mut tx = self.store.begin().await?;
        let user = tx
            .update_profile(
                who.user.id,
                first_name.as_deref(),
                last_name.as_deref(),
                self.clock.now(),
            )
            .await?
            .ok_or(AuthError::Unauthenticated)?;
        self.audit(
            &mut *tx,
            AuditEvent::ProfileUpdated,
            Some(user.id),
            json!({}),
            meta,
        )
        .await?;
        tx.commit().await?;
        self.forget(user.id, &[]).await;
        Ok(user)
    }
}

fn changed(
    field: Field,
    new: Option<String>,
    current: Option<&str>,
) -> Result<Option<String>, crate::error::FieldError> {
    match new {
        None => Ok(current.map(str::to_owned)),
        Some(name) => clean_name(field, Some(&name)),
    }
}
