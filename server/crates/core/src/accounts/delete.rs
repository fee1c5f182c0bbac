//! Deleting one's account: scheduled first, so that it can be undone, and then for good.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::auth::Auth;
use crate::kernel::audit::AuditEvent;
use crate::kernel::call::RequestMeta;
use crate::kernel::errors::AuthError;
use crate::kernel::links::TokenExtra;
use crate::kernel::mail::{MailContext, MailKind, NewMail};
use crate::kernel::master_key::hash_mailed_token;
use crate::kernel::model::{Principal, Purpose, User, display_email};
use crate::kernel::ports::{Reader, UsedLink, Writer};

/// What a live undo link would keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreLink {
    pub email: String,
    /// When the account goes.
    pub delete_at: OffsetDateTime,
}

impl Auth {
    /// Schedules the account for deletion and signs it out everywhere, and mails a link that undoes
    /// it; gives the time at which the account goes. Until then
    /// it is like an inactive one, and its address stays taken.
    ///
    /// # Errors
    /// [`AuthError::ReauthenticationRequired`] and [`AuthError::InvalidCredentials`] for a password
    /// that is wanted or wrong; [`AuthError::Unauthenticated`] if the session or the account ended
    /// meanwhile; [`AuthError::RateLimited`], [`AuthError::Overloaded`].
    pub async fn delete_account(
        &self,
        who: &Principal,
        password: Option<SecretString>,
        meta: &RequestMeta,
    ) -> Result<OffsetDateTime, AuthError> {
        let meta = &meta.by(who.user.id);
        self.require_password(who, password, meta).await?;
        let now = self.clock.now();
        let delete_at = now + self.settings.lifetimes.deletion_delay;
        let mut tx = self.store.begin().await?;
        let user = tx
            .schedule_deletion(who.user.id, delete_at, now)
            .await?
            .ok_or(AuthError::Unauthenticated)?;
        tx.void_links(user.id).await?;
        self.mail_token(
            &mut *tx,
            Purpose::CancelDeletion,
            MailKind::DeletionScheduled,
            &user,
            meta,
        )
        .await?;
        let ended = tx.end_sessions(user.id, None, now).await?;
        if !ended.contains(&who.session.id) {
            return Err(AuthError::Unauthenticated);
        }
        self.audit(
            &mut *tx,
            AuditEvent::DeletionScheduled,
            Some(user.id),
            json!({ "ended_sessions": ended.len() }),
            meta,
        )
        .await?;
        self.commit(tx, user.id).await?;
        Ok(delete_at)
    }

    /// Mails the link once more that keeps an account, with what the mail of the deletion said; it
    /// works no longer than that one. `false` if the account is not scheduled for deletion.
    pub(crate) async fn resend_restore_link(
        &self,
        store: &mut dyn Writer,
        user: &User,
        meta: &RequestMeta,
    ) -> Result<bool, AuthError> {
        let now = self.clock.now();
        let Some(delete_at) = store.lock_scheduled_deletion(user.id, now).await? else {
            return Ok(false);
        };
        let extra = TokenExtra {
            expires_at: Some(delete_at),
            ..TokenExtra::default()
        };
        let token_id = self
            .insert_token(store, Purpose::CancelDeletion, user.id, extra, meta)
            .await?;
        let delay = self.settings.lifetimes.deletion_delay;
        let context = deletion_context(store, user.id, delete_at, delay).await?;
        let mail = NewMail {
            id: self.random.id(now),
            kind: MailKind::DeletionScheduled,
            user_id: user.id,
            token_id: Some(token_id),
            recipient: user.email.clone(),
            context,
            created_at: now,
        };
        store.enqueue_mail(&mail).await?;
        Ok(true)
    }

    /// Restores an account that is scheduled for deletion. It signs nobody in.
    ///
    /// # Errors
    /// [`AuthError::InvalidToken`], also once the account is due, and for an account that is
    /// inactive for another reason; [`AuthError::RateLimited`].
    pub async fn restore_account(
        &self,
        token: &str,
        meta: &RequestMeta,
    ) -> Result<User, AuthError> {
        self.charge_token_entry(meta, async {
            if let Some(user) = self.apply_restore(token, meta).await? {
                return Ok(user);
            }
            let details = json!({ "purpose": Purpose::CancelDeletion.as_str() });
            self.defer_audit(AuditEvent::VerificationFailed, None, details, meta);
            Err(AuthError::InvalidToken)
        })
        .await
    }

    async fn apply_restore(
        &self,
        token: &str,
        meta: &RequestMeta,
    ) -> Result<Option<User>, AuthError> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let spent = tx
            .use_link(Purpose::CancelDeletion, &hash_mailed_token(token), now)
            .await?;
        let Some(UsedLink { user_id, .. }) = spent else {
            return Ok(None);
        };
        let Some(user) = tx.restore_user(user_id, now).await? else {
            return Ok(None);
        };
        self.audit(
            &mut *tx,
            AuditEvent::DeletionCancelled,
            Some(user_id),
            json!({}),
            meta,
        )
        .await?;
        self.enqueue_mail(&mut *tx, MailKind::DeletionCancelled, &user, None, meta)
            .await?;
        self.commit(tx, user_id).await?;
        Ok(Some(user))
    }

    /// What a mailed undo link would keep; `None` if nothing.
    /// For showing a page; it changes nothing.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn restore_link(&self, token: &str) -> Result<Option<RestoreLink>, AuthError> {
        let found = self.find_link(&hash_mailed_token(token)).await?;
        let link = found.filter(|it| it.is_live && it.purpose == Purpose::CancelDeletion);
        Ok(link.map(|link| RestoreLink {
            email: display_email(&link.owner.email),
            delete_at: link.expires_at,
        }))
    }
}

/// When, where and from where the deletion was asked for:
/// what the mail about it says, which the outbox keeps.
async fn deletion_context(
    store: &mut dyn Reader,
    user_id: Uuid,
    delete_at: OffsetDateTime,
    delay: Duration,
) -> Result<MailContext, AuthError> {
    let mails = store.mail_records(user_id).await?;
    let found = mails
        .into_iter()
        .find(|mail| mail.kind == MailKind::DeletionScheduled);
    let (device, ip_address) = found.map_or_else(Default::default, |mail| {
        (mail.context.device, mail.context.ip_address)
    });
    Ok(MailContext {
        device,
        ip_address,
        // The outbox counts the life of the link from here.
        at: delete_at - delay,
        other_email: None,
    })
}
