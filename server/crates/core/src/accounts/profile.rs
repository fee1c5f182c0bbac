//! The user's own names.

use serde_json::json;

use crate::auth::Auth;
use crate::kernel::model::{Language, Principal, User, clean_name};
use crate::kernel::{AuditEvent, AuthError, Field, FieldError, RequestMeta};

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
        let first_name = changed(Field::FirstName, command.first_name);
        let last_name = changed(Field::LastName, command.last_name);
        let (first_name, last_name) = match (first_name, last_name) {
            (Ok(first_name), Ok(last_name)) => (first_name, last_name),
            (first_name, last_name) => {
                return Err(AuthError::invalid([first_name.err(), last_name.err()]));
            }
        };
        let (first_name, last_name) = (first_name.as_deref(), last_name.as_deref());
        let call = self.call_by(who, meta);
        let mut work = call.begin().await?;
        let known = work
            .lock_active_user(who.user.id)
            .await?
            .ok_or(AuthError::Unauthenticated)?;
        if is_same(first_name, known.first_name.as_deref())
            && is_same(last_name, known.last_name.as_deref())
        {
            return Ok(known);
        }
        let user = work
            .update_profile(who.user.id, first_name, last_name, call.now)
            .await?
            .ok_or(AuthError::Unauthenticated)?;
        work.audit(AuditEvent::ProfileUpdated, user.id, json!({}))
            .await?;
        work.commit().await?;
        Ok(user)
    }

    /// Sets what the user's mails are written in. Setting it again is no change.
    pub async fn set_language(
        &self,
        who: &Principal,
        language: Language,
        meta: &RequestMeta,
    ) -> Result<(), AuthError> {
        let call = self.call_by(who, meta);
        let mut work = call.begin().await?;
        let changed = work.set_language(who.user.id, language, call.now).await?;
        if changed.is_none() {
            return Ok(());
        }
        let details = json!({ "language": language.as_str() });
        work.audit(AuditEvent::LanguageChanged, who.user.id, details)
            .await?;
        work.commit().await
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
