//! The mail outbox. A worker leases a mail, sends it, and says how that went;
//! a lease that runs out passes to the next.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::mail::{LeasedMail, MailContext, MailOutcome, NewMail};
use vestibule_core::model::MailRecord;
use vestibule_core::ports::{Outbox, ReadOutbox};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Result, Row, SqlRepository, query, readers};
use crate::sql::{Sql, statements};

macro_rules! claim {
    ($lock:literal) => {
        concat!(
            "
update mail_outbox
set lease_id = $1, leased_until = $2
where id = (
    select id
    from mail_outbox
    where status = 'pending' and next_attempt_at <= $3 and (leased_until is null or leased_until <= $3)
    order by priority, next_attempt_at, id
    limit 1 ",
            $lock,
            "
)
returning id, kind, token_id, recipient, other_email, device, ip_address, happened_at, created_at, attempts, last_error,
    (select u.first_name from users u where u.id = mail_outbox.user_id) as first_name,
    (select u.language from users u where u.id = mail_outbox.user_id) as language,
    (select u.code_entries from users u where u.id = mail_outbox.user_id) as code_entries"
        )
    };
}

statements! {
    const ENQUEUE: Sql = Sql::both("
insert into mail_outbox (id, kind, user_id, token_id, recipient, device, ip_address, happened_at, status, attempts,
    next_attempt_at, created_at, other_email, priority)
values ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', 0, $9, $9, $10, $11)");

    /// Workers pass over rows that another one is just taking, instead of waiting in a row.
    const CLAIM: Sql = Sql { postgres: claim!("for update skip locked"), sqlite: claim!("") };

    const RECORDS: Sql = Sql::both("
select kind, recipient, other_email, device, ip_address, happened_at, status, created_at, sent_at
from mail_outbox
where user_id = $1
order by id desc");

    const MARK_SENT: Sql = Sql::both("
update mail_outbox
set status = 'sent', attempts = attempts + 1, sent_at = $3, lease_id = null, leased_until = null
where id = $1 and lease_id = $2 and status = 'pending'");

    const RETRY: Sql = Sql::both("
update mail_outbox
set attempts = attempts + 1, next_attempt_at = $4, last_error = $3, lease_id = null, leased_until = null
where id = $1 and lease_id = $2 and status = 'pending'");

    const POSTPONE: Sql = Sql::both("
update mail_outbox
set next_attempt_at = $4, last_error = $3, lease_id = null, leased_until = null
where id = $1 and lease_id = $2 and status = 'pending'");

    const MARK_DEAD: Sql = Sql::both("
update mail_outbox
set status = 'dead', attempts = attempts + 1, last_error = $3, lease_id = null, leased_until = null
where id = $1 and lease_id = $2 and status = 'pending'");
}

#[async_trait]
impl<DB: Backend> ReadOutbox for SqlRepository<DB> {
    async fn mail_records(&mut self, user_id: Uuid) -> Result<Vec<MailRecord>> {
        self.fetch_all(query!(RECORDS, user_id), record).await
    }
}

#[async_trait]
impl<DB: Backend> Outbox for SqlRepository<DB> {
    async fn enqueue_mail(&mut self, mail: &NewMail) -> Result<()> {
        self.enqueue_to(mail, &mail.recipient).await
    }

    async fn claim_mail(
        &mut self,
        lease_id: Uuid,
        lease_until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Option<LeasedMail>> {
        let claim = query!(CLAIM, lease_id, Micros(lease_until), Micros(now));
        self.fetch_optional(claim, leased).await
    }

    async fn note_mail(&mut self, id: Uuid, lease_id: Uuid, outcome: &MailOutcome) -> Result<bool> {
        let update = match outcome {
            MailOutcome::Sent(at) => query!(MARK_SENT, id, lease_id, Micros(*at)),
            MailOutcome::Postponed(next, error) => {
                query!(POSTPONE, id, lease_id, error.as_str(), Micros(*next))
            }
            MailOutcome::Failed(Some(next), error) => {
                query!(RETRY, id, lease_id, error.as_str(), Micros(*next))
            }
            MailOutcome::Failed(None, error) => query!(MARK_DEAD, id, lease_id, error.as_str()),
        };
        Ok(self.execute(update).await? > 0)
    }
}

impl<DB: Backend> SqlRepository<DB> {
    pub async fn enqueue_to(&mut self, mail: &NewMail, recipient: &str) -> Result<()> {
        let insert = query!(
            ENQUEUE,
            mail.id,
            mail.kind.as_str(),
            mail.user_id,
            mail.token_id,
            recipient,
            mail.context.device.as_str(),
            mail.context.ip_address.as_str(),
            Micros(mail.context.at),
            Micros(mail.created_at),
            mail.context.other_email.as_deref(),
            mail.kind.priority()
        );
        self.execute(insert).await.map(drop)
    }
}

fn record<DB: Backend>(row: &Row<DB>) -> Result<MailRecord> {
    Ok(MailRecord {
        kind: row.get("kind")?,
        recipient: row.get("recipient")?,
        context: context(row)?,
        status: row.get("status")?,
        created_at: row.get("created_at")?,
        sent_at: row.get("sent_at")?,
    })
}

readers! {
    context: MailContext { device, ip_address, at from "happened_at", other_email }
}

fn leased<DB: Backend>(row: &Row<DB>) -> Result<LeasedMail> {
    Ok(LeasedMail {
        id: row.get("id")?,
        kind: row.get("kind")?,
        token_id: row.get("token_id")?,
        recipient: row.get("recipient")?,
        first_name: row.get("first_name")?,
        language: row.get("language")?,
        code_entries: row.get("code_entries")?,
        context: context(row)?,
        created_at: row.get("created_at")?,
        attempts: row.get("attempts")?,
        last_error: row.get("last_error")?,
    })
}
