//! All data about a user, for the user.

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::history::shown_details;
use crate::auth::Auth;
use crate::kernel::limits::EXPORT_ACCOUNT;
use crate::kernel::model::{AuditEntry, MailRecord, Principal, SessionRecord, User, device_name};
use crate::kernel::ports::Reader;
use crate::kernel::{AuditEvent, AuthError, Call, MailKind, RequestMeta, UserMail};
use crate::sign_in::is_recently_authenticated;

/// The history of years is read a part at a time: a statement has a deadline.
const EVENTS_AT_ONCE: u32 = 1000;
/// The newest so many are in the download, a whole number of parts: all of it is in memory at once,
/// and a client that refreshes without end leaves thousands a day.
const MAX_EVENTS: usize = 10_000;
/// The newest so many: an app can begin one a minute.
const MAX_APP_SESSIONS: u32 = 1000;

impl Auth {
    /// Everything that is stored about the user, but for what proves to be the user (no password,
    /// token or hash of one) and what only the machinery needs; of the events the newest 10,000,
    /// and whether there are older ones; of the sessions of apps the newest 1,000. The owner is
    /// notified by mail: an attacker in the account has everything now.
    ///
    /// # Errors
    /// [`AuthError::ReauthenticationRequired`] unless the password was given in the session lately;
    /// [`AuthError::Unauthenticated`] if the account went; [`AuthError::RateLimited`].
    pub async fn export_data(
        &self,
        who: &Principal,
        meta: &RequestMeta,
    ) -> Result<Value, AuthError> {
        let call = self.call_by(who, meta);
        admit(&call, who).await?;
        let kind = MailKind::DataExported;
        let may_notify = call.may_notify(kind, &who.user).await;
        let mut work = call.begin().await?;
        let user = work
            .lock_active_user(who.user.id)
            .await?
            .ok_or(AuthError::Unauthenticated)?;
        if may_notify {
            work.mail(UserMail::new(kind, &user)).await?;
        }
        work.audit(AuditEvent::DataExported, user.id, json!({}))
            .await?;
        work.commit().await?;
        collect(&call, &user).await
    }

    /// The same for the browser that has just asked for it with this form, and asks twice: the
    /// owner was notified. It is as much work, and counts.
    ///
    /// # Errors
    /// As [`Auth::export_data`].
    pub async fn export_data_again(
        &self,
        who: &Principal,
        meta: &RequestMeta,
    ) -> Result<Value, AuthError> {
        let call = self.call_by(who, meta);
        admit(&call, who).await?;
        collect(&call, &who.user).await
    }
}

async fn admit(call: &Call<'_>, who: &Principal) -> Result<(), AuthError> {
    if !is_recently_authenticated(call.core, who) {
        return Err(AuthError::ReauthenticationRequired);
    }
    let charge = EXPORT_ACCOUNT.of(&who.user.id.to_string());
    call.take(&[charge]).await
}

async fn collect(call: &Call<'_>, user: &User) -> Result<Value, AuthError> {
    let id = user.id;
    let mut store = call.core.store.reader().await?;
    let sessions = store.session_records(id).await?;
    let refresh_tokens = store.refresh_records(id).await?;
    let mut mails = store.mail_records(id).await?;
    mails.retain(is_to_the_user);
    let links = store.link_records(id).await?;
    let app_sessions = store.app_session_records(id, MAX_APP_SESSIONS).await?;
    let grants = store.grant_records(id).await?;
    let (events, has_older) = newest_events(&mut *store, id, call.now).await?;
    Ok(json!({
        "exported_at": text(call.now),
        "user": user,
        "sessions": sessions.iter().map(session_json).collect::<Vec<_>>(),
        "refresh_tokens": refresh_tokens,
        "app_sessions": app_sessions,
        "grants": grants,
        "events": events,
        "older_events_left_out": has_older,
        "mails": mails,
        "mailed_links": links,
    }))
}

/// The newest events, as they are written down, and whether there are older ones.
async fn newest_events(
    store: &mut dyn Reader,
    user_id: Uuid,
    now: OffsetDateTime,
) -> Result<(Vec<Value>, bool), AuthError> {
    let mut events = Vec::new();
    // The clocks of replicas may differ.
    let mut before = (now + Duration::days(1), Uuid::max());
    loop {
        let part = store.event_records(user_id, before, EVENTS_AT_ONCE).await?;
        let Some(oldest) = part.last() else {
            return Ok((events, false));
        };
        if events.len() >= MAX_EVENTS {
            return Ok((events, true));
        }
        before = (oldest.created_at, oldest.id);
        events.extend(part.iter().map(event_json));
    }
}

fn text(time: OffsetDateTime) -> Value {
    time.format(&Rfc3339).map_or(Value::Null, Value::String)
}

fn session_json(record: &SessionRecord) -> Value {
    let mut session = json!(record.session);
    session["ended_at"] = record.ended_at.map_or(Value::Null, text);
    if let Some(fields) = session.as_object_mut() {
        fields.remove("user_id");
    }
    session
}

fn event_json(event: &AuditEntry) -> Value {
    json!({
        "id": event.id,
        "event_type": event.event.as_str(),
        "success": event.success,
        "created_at": text(event.created_at),
        "ip_address": event.ip_address,
        "device": device_name(event.user_agent.as_deref()),
        "user_agent": event.user_agent,
        "details": shown_details(event),
    })
}

/// A mail to an address that was only typed is left out: there is none where the address has an
/// account, and whether it has must not show (see `request_email_change`).
/// The request itself is among the events and links.
fn is_to_the_user(mail: &MailRecord) -> bool {
    mail.kind != MailKind::ConfirmNewEmail
}
