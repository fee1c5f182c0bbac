//! Deleting one's account: scheduled first, so that it can be undone, and then for good.

use secrecy::SecretString;
use serde_json::json;
use time::OffsetDateTime;

use crate::auth::Auth;
use crate::kernel::model::{Principal, Purpose, User, display_email};
use crate::kernel::ports::UsedLink;
use crate::kernel::{
    AuditEvent, AuthError, Call, LinkExtra, MailKind, RequestMeta, UserMail, Work,
    hash_mailed_token,
};
use crate::sign_in::require_password;

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
        let call = self.call_by(who, meta);
        require_password(&call, who, password).await?;
        let call = call.later();
        let now = call.now;
        let delete_at = now + call.core.settings.lifetimes.link(Purpose::RestoreAccount);
        let mut work = call.begin().await?;
        let user = work
            .schedule_deletion(who.user.id, delete_at, now)
            .await?
            .ok_or(AuthError::Unauthenticated)?;
        work.void_links(user.id).await?;
        work.mail_link(MailKind::DeletionScheduled, &user).await?;
        let ended = work.end_sessions(user.id, None, now).await?;
        if !ended.contains(&who.session.id) {
            return Err(AuthError::Unauthenticated);
        }
        let details = json!({ "ended_sessions": ended.len() });
        work.audit(AuditEvent::DeletionScheduled, user.id, details)
            .await?;
        work.commit().await?;
        Ok(delete_at)
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
        let call = &self.call(meta);
        call.charge_token_entry(async {
            if let Some(user) = restore(call, token).await? {
                return Ok(user);
            }
            Err(call.refuse_link(Purpose::RestoreAccount))
        })
        .await
    }

    /// What a mailed undo link would keep; `None` if nothing.
    /// For showing a page; it changes nothing.
    pub async fn restore_link(&self, token: &str) -> Result<Option<RestoreLink>, AuthError> {
        let link = self.core.live_link(Purpose::RestoreAccount, token).await?;
        Ok(link.map(|link| RestoreLink {
            email: display_email(&link.owner.email),
            delete_at: link.expires_at,
        }))
    }
}

async fn restore(call: &Call<'_>, token: &str) -> Result<Option<User>, AuthError> {
    let mut work = call.begin().await?;
    let token_hash = hash_mailed_token(token);
    let spent = work
        .use_link(Purpose::RestoreAccount, &token_hash, call.now)
        .await?;
    let Some(UsedLink { user_id, .. }) = spent else {
        return Ok(None);
    };
    let Some(user) = work.restore_user(user_id, call.now).await? else {
        return Ok(None);
    };
    work.audit(AuditEvent::DeletionCancelled, user_id, json!({}))
        .await?;
    work.mail(UserMail::new(MailKind::DeletionCancelled, &user))
        .await?;
    work.commit().await?;
    Ok(Some(user))
}

/// Mails the link once more that keeps an account, with what the mail of the deletion said; it
/// works no longer than that one. `false` if the account is not scheduled for deletion.
pub(super) async fn resend_restore_link(
    work: &mut Work<'_>,
    user: &User,
) -> Result<bool, AuthError> {
    let call = work.call;
    let scheduled = work.lock_scheduled_deletion(user.id, call.now).await?;
    let Some(delete_at) = scheduled else {
        return Ok(false);
    };
    let extra = LinkExtra {
        expires_at: Some(delete_at),
        ..LinkExtra::default()
    };
    let token_id = work.link(Purpose::RestoreAccount, user.id, extra).await?;
    let kind = MailKind::DeletionScheduled;
    let mut mail = UserMail::new(kind, user).with_link(token_id).at(call);
    let mails = work.mail_records(user.id).await?;
    let first = mails.into_iter().find(|mail| mail.kind == kind);
    (mail.context.device, mail.context.ip_address) = first
        .map(|first| (first.context.device, first.context.ip_address))
        .unwrap_or_default();
    // The outbox counts the life of the link from here.
    mail.context.at = delete_at - call.core.settings.lifetimes.link(Purpose::RestoreAccount);
    work.enqueue_mail(&mail).await?;
    Ok(true)
}
