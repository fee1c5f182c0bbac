//! The unit of work of an operation: what changes, with the events and mails that report it, is
//! written at once or not at all.

use std::ops::{Deref, DerefMut};

use serde_json::Value;
use uuid::Uuid;

use crate::kernel::audit::AuditEvent;
use crate::kernel::call::Call;
use crate::kernel::errors::AuthError;
use crate::kernel::mail::{MailContext, MailKind, NewMail};
use crate::kernel::model::User;
use crate::kernel::ports::Transaction;

/// A transaction of an operation; dropped without [`Work::commit`], nothing of it remains.
pub(crate) struct Work<'a> {
    pub call: &'a Call<'a>,
    tx: Box<dyn Transaction>,
    /// Whose snapshots are to be dropped.
    changed: Option<Uuid>,
}

impl Deref for Work<'_> {
    type Target = dyn Transaction;

    fn deref(&self) -> &Self::Target {
        &*self.tx
    }
}

impl DerefMut for Work<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self.tx
    }
}

impl Call<'_> {
    pub async fn begin(&self) -> Result<Work<'_>, AuthError> {
        Ok(Work {
            call: self,
            tx: self.core.store.begin().await?,
            changed: None,
        })
    }
}

impl Work<'_> {
    /// Writes an event of the change. One that changes what a session stands for drops the user's
    /// snapshots with the commit.
    pub async fn audit(
        &mut self,
        event: AuditEvent,
        user_id: impl Into<Option<Uuid>>,
        details: Value,
    ) -> Result<(), AuthError> {
        let record = self.call.event(event, user_id, details);
        if event.drops_snapshots() {
            self.changed = record.user_id.or(self.changed);
        }
        Ok(self.tx.insert_audit(&record).await?)
    }

    /// Drops the user's snapshots with the commit, where no event does.
    pub fn changes(&mut self, user_id: Uuid) {
        self.changed = Some(user_id);
    }

    /// Puts a mail into the outbox.
    pub async fn mail(&mut self, mail: UserMail<'_>) -> Result<(), AuthError> {
        let mail = mail.at(self.call);
        Ok(self.tx.enqueue_mail(&mail).await?)
    }

    /// Commits, and drops the snapshots of the user whom it changed. Also where the commit failed:
    /// its answer may have been lost after it was done.
    pub async fn commit(self) -> Result<(), AuthError> {
        let committed = self.tx.commit().await;
        if let Some(user_id) = self.changed {
            self.call.core.principals.forget(user_id).await;
        }
        Ok(committed?)
    }
}

/// A mail to a user, to their own address unless another one is named.
pub(crate) struct UserMail<'a> {
    kind: MailKind,
    user: &'a User,
    recipient: &'a str,
    token_id: Option<Uuid>,
    other_email: Option<&'a str>,
}

impl<'a> UserMail<'a> {
    pub fn new(kind: MailKind, user: &'a User) -> Self {
        Self {
            kind,
            user,
            recipient: &user.email,
            token_id: None,
            other_email: None,
        }
    }

    pub fn to(self, recipient: &'a str) -> Self {
        Self { recipient, ..self }
    }

    /// With the token of a mailed link.
    pub fn with_link(self, token_id: Uuid) -> Self {
        Self {
            token_id: Some(token_id),
            ..self
        }
    }

    /// About a change to or from this address.
    pub fn about(self, email: &'a str) -> Self {
        Self {
            other_email: Some(email),
            ..self
        }
    }

    /// A mail about what happens in an operation, not yet written.
    pub fn at(&self, call: &Call<'_>) -> NewMail {
        NewMail {
            id: call.new_id(),
            kind: self.kind,
            user_id: self.user.id,
            token_id: self.token_id,
            recipient: self.recipient.to_owned(),
            context: MailContext {
                device: call.device(),
                ip_address: call.ip_address(),
                at: call.now,
                other_email: self.other_email.map(str::to_owned),
            },
            created_at: call.now,
        }
    }
}
