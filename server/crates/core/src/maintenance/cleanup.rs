//! Deleting what has expired: in small parts, by one replica at a time.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::auth::Auth;
use crate::kernel::model::KeyKind;
use crate::kernel::ports::Expired;
use crate::kernel::{Actor, AuditEvent, AuditRecord, AuthError, MAX_LINK_LIFE};
use crate::tokens::WITHDRAWN_KEYS_KEPT;

const DAY: Duration = Duration::from_hours(24);

/// How long mails stay readable for their owner, counted from when they were written.
pub const MAILS_KEPT: Duration = Duration::from_hours(30 * 24);
/// Counted from when they were made. For 30 days after the
/// longest of their lives a page can say that a link has expired.
const TOKENS_KEPT: Duration = MAX_LINK_LIFE.saturating_add(Duration::from_hours(30 * 24));
/// Counted from their end. A device that was not used for longer is a new one.
const SESSIONS_KEPT: Duration = Duration::from_hours(90 * 24);
/// Counted from when they were shown: long after they have expired, so that one which is shown
/// again still ends what it began.
const SPENT_CODES_KEPT: Duration = Duration::from_hours(1);
/// Refreshes and refusals are most of the events, and matter least.
const FREQUENT_EVENTS_KEPT: Duration = Duration::from_hours(30 * 24);

/// Rows of one statement: few enough that nobody waits long for it.
const BATCH: u32 = 500;

/// The name of the lease, and how long it outlives a replica that died with it.
const JOB: &str = "cleanup";
const LEASE: Duration = Duration::from_mins(2);

/// What the operator decides about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days that audit events are kept; 0 for ever.
    pub audit_days: u32,
    /// Days after which an account goes whose address was never proved,
    /// if nobody is or was signed in to it meanwhile; 0 never.
    pub unverified_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            audit_days: 365,
            unverified_days: 0,
        }
    }
}

/// How much was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    pub accounts: u64,
    pub sessions: u64,
    pub mailed_tokens: u64,
    pub mails: u64,
    pub signing_keys: u64,
    pub events: u64,
    pub form_submissions: u64,
    pub app_sessions: u64,
    pub spent_codes: u64,
}

/// One run over everything; see [`Auth::clean_up`].
pub struct CleanupRun {
    lease: Uuid,
    tasks: VecDeque<Task>,
    /// The account that was claimed last, by time and id.
    account: (OffsetDateTime, Uuid),
    removed: Removed,
}

impl CleanupRun {
    /// What was removed so far.
    pub fn removed(&self) -> Removed {
        self.removed
    }
}

#[derive(Clone, Copy, Debug)]
enum Task {
    Delete(Expired, OffsetDateTime),
    ScheduleUnverified(OffsetDateTime),
    ClaimAccount,
    /// A claimed account.
    EraseAccount(Uuid),
}

impl Auth {
    /// Plans a run.
    pub fn plan_cleanup(&self, retention: &Retention) -> CleanupRun {
        let now = self.core.clock.now();
        let days = |days: u32| (days > 0).then(|| now - days * DAY);
        let delete = |what, kept: Duration| Task::Delete(what, now - kept);
        // Accounts first: that they go was promised for a day.
        let mut tasks = VecDeque::new();
        tasks.extend(days(retention.unverified_days).map(Task::ScheduleUnverified));
        tasks.push_back(Task::ClaimAccount);
        tasks.extend([
            delete(Expired::MailedLinks, TOKENS_KEPT),
            delete(Expired::ResetTokens, TOKENS_KEPT),
            delete(Expired::Sessions, SESSIONS_KEPT),
            delete(Expired::Mails, MAILS_KEPT),
            delete(Expired::AppSessions, SESSIONS_KEPT),
            delete(Expired::SpentCodes, SPENT_CODES_KEPT),
            delete(Expired::RefreshEvents, FREQUENT_EVENTS_KEPT),
            delete(Expired::Refusals, FREQUENT_EVENTS_KEPT),
            delete(Expired::FormSubmissions, Duration::ZERO),
        ]);
        let keys = KeyKind::ALL.map(Expired::SigningKeys);
        tasks.extend(keys.map(|keys| delete(keys, WITHDRAWN_KEYS_KEPT)));
        tasks.extend(days(retention.audit_days).map(|it| Task::Delete(Expired::Events, it)));
        CleanupRun {
            lease: self.core.random.id(now),
            tasks,
            account: (OffsetDateTime::UNIX_EPOCH, Uuid::nil()),
            removed: Removed::default(),
        }
    }

    /// Removes the next part of what has expired; `false` if nothing is left,
    /// or another replica is at it.
    ///
    /// Accounts that are due go with everything that belongs to them; one audit event is left of
    /// each, which does not say whose it was. A part that fails is logged,
    /// and passed over until the next run.
    ///
    /// # Errors
    /// Only those of the store, if the lease cannot be had. What was removed before stays removed.
    pub async fn clean_up(&self, run: &mut CleanupRun) -> Result<bool, AuthError> {
        let now = self.core.clock.now();
        let mut store = self.core.store.writer().await?;
        if !store.lease_job(JOB, run.lease, now + LEASE, now).await? {
            return Ok(false);
        }
        let Some(task) = run.tasks.pop_front() else {
            store.release_job(JOB, run.lease).await?;
            return Ok(false);
        };
        drop(store);
        match self.do_part(task, run).await {
            Ok(true) => run.tasks.push_front(task),
            Ok(false) => {}
            // The others are not kept waiting by it. A database
            // that is away fails the next lease as well.
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                ?task,
                "a part of the cleanup failed"
            ),
        }
        Ok(true)
    }

    /// Lets another replica go on where the run is left.
    ///
    /// # Errors
    /// Only those of the store; then the lease ends by itself, within two minutes.
    pub async fn leave_cleanup(&self, run: &CleanupRun) -> Result<(), AuthError> {
        let mut store = self.core.store.writer().await?;
        Ok(store.release_job(JOB, run.lease).await?)
    }

    /// Whether there may be more to do of the same.
    async fn do_part(&self, task: Task, run: &mut CleanupRun) -> Result<bool, AuthError> {
        match task {
            Task::Delete(what, before) => {
                let mut store = self.core.store.writer().await?;
                let deleted = store.delete_expired(what, before, BATCH).await?;
                *run.removed.count_of(what) += deleted;
                Ok(deleted == u64::from(BATCH))
            }
            Task::ScheduleUnverified(before) => {
                let mut store = self.core.store.writer().await?;
                let now = self.core.clock.now();
                let scheduled = store.schedule_unverified(before, now, BATCH).await?;
                Ok(scheduled == u64::from(BATCH))
            }
            Task::ClaimAccount => {
                let mut store = self.core.store.writer().await?;
                let claimed = store.claim_due_deletion(run.account, self.core.clock.now());
                let Some(account) = claimed.await? else {
                    return Ok(false);
                };
                run.account = account;
                run.tasks.push_front(Task::ClaimAccount);
                run.tasks.push_front(Task::EraseAccount(account.1));
                Ok(false)
            }
            Task::EraseAccount(id) => self.erase_part(id, &mut run.removed).await,
        }
    }

    /// What belongs to an account goes before it, so that no write is long.
    async fn erase_part(&self, user_id: Uuid, removed: &mut Removed) -> Result<bool, AuthError> {
        let mut store = self.core.store.writer().await?;
        if store.erase_part(user_id, BATCH).await? > 0 {
            return Ok(true);
        }
        drop(store);
        let now = self.core.clock.now();
        let mut tx = self.core.store.begin().await?;
        if !tx.erase_user(user_id, now).await? {
            return Ok(false);
        }
        let event = AuditEvent::AccountDeleted;
        let id = self.core.random.id(now);
        let record = AuditRecord::without_request(id, event, Actor::Worker, json!({}), now);
        tx.insert_audit(&record).await?;
        let committed = tx.commit().await;
        self.core.principals.forget(user_id).await;
        committed?;
        removed.accounts += 1;
        Ok(false)
    }
}

impl Removed {
    fn count_of(&mut self, what: Expired) -> &mut u64 {
        match what {
            Expired::MailedLinks | Expired::ResetTokens => &mut self.mailed_tokens,
            Expired::Sessions => &mut self.sessions,
            Expired::Mails => &mut self.mails,
            Expired::SigningKeys(_) => &mut self.signing_keys,
            Expired::Events | Expired::RefreshEvents | Expired::Refusals => &mut self.events,
            Expired::FormSubmissions => &mut self.form_submissions,
            Expired::AppSessions => &mut self.app_sessions,
            Expired::SpentCodes => &mut self.spent_codes,
        }
    }
}
