//! The user's own names.

use serde_json::json;

use crate::auth::Auth;
use crate::kernel::audit::AuditEvent;
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::{AuthError, Field, FieldError};
use crate::kernel::model::{Language, Principal, User, clean_name};

/// The names to change: `None` leaves one as it is, an empty text removes it.
#[derive(Default)]
pub struct UpdateProfile {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
}

impl Auth {
    /// Changes the names that the command holds. Those that are there already are no change.
    ///
    /// # Errors
    /// [`AuthError::ValidationFailed`] for a name that breaks the rules;
    /// [`AuthError::Unauthenticated`] if the account went.
    pub async fn update_profile(
        &self,
        who: &Principal,
        command: UpdateProfile,
        meta: &RequestMeta,
    ) -> Result<User, AuthError> {
        let meta = &meta.by(who.user.id);
        let first_name = changed(Field::FirstName, command.first_name);
        let last_name = changed(Field::LastName, command.last_name);
        let (first_name, last_name) = match (first_name, last_name) {
            (Ok(first_name), Ok(last_name)) => (first_name, last_name),
            (first_name, last_name) => {
                let errors = [first_name.err(), last_name.err()];
                return Err(AuthError::ValidationFailed(
                    errors.into_iter().flatten().collect(),
                ));
            }
        };
        let mut tx = self.store.begin().await?;
        let known = tx
            .lock_active_user(who.user.id)
            .await?
            .ok_or(AuthError::Unauthenticated)?;
        if is_same(first_name.as_deref(), known.first_name.as_deref())
            && is_same(last_name.as_deref(), known.last_name.as_deref())
        {
            return Ok(known);
        }
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
        self.commit(tx, user.id).await?;
        Ok(user)
    }

    /// Sets what the user's mails are written in. Setting it again is no change.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn set_language(
        &self,
        who: &Principal,
        language: Language,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let meta = &meta.by(who.user.id);
        let mut tx = self.store.begin().await?;
        let now = self.clock.now();
        if tx.set_language(who.user.id, language, now).await?.is_none() {
            return Ok(());
        }
        self.audit(
            &mut *tx,
            AuditEvent::LanguageChanged,
            Some(who.user.id),
            json!({ "language": language.as_str() }),
            meta,
        )
        .await?;
        self.commit(tx, who.user.id).await
    }
}

/// Whether the user is called so already.
fn is_same(new: Option<&str>, known: Option<&str>) -> bool {
    new.is_none_or(|new| new == known.unwrap_or_default())
}

/// `None` leaves the name; an empty text removes it.
fn changed(field: Field, new: Option<String>) -> Result<Option<String>, FieldError> {
    let clean = |name: String| Ok(clean_name(field, Some(&name))?.unwrap_or_default());
    new.map(clean).transpose()
}
