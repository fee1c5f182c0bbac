//! What forms that were sent came to.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::ports::{FormSubmissions, ReadFormSubmissions};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Result, SqlRepository, query};
use crate::sql::{Sql, statements};

statements! {
    const CLAIM: Sql = Sql::both("
insert into form_submissions (form_key, claim_id, expires_at)
values ($1, $2, $3)
on conflict (form_key) do update
set claim_id = excluded.claim_id, answer = null, expires_at = excluded.expires_at
where form_submissions.expires_at <= $4
returning claim_id");

    const ANSWER: Sql = Sql::both("
select answer
from form_submissions
where form_key = $1 and expires_at > $2 and answer is not null");

    const KEEP: Sql = Sql::both("
update form_submissions
set answer = $3, expires_at = $4
where form_key = $1 and claim_id = $2");

    const RELEASE: Sql = Sql::both("delete from form_submissions where form_key = $1 and claim_id = $2");
}

#[async_trait]
impl<DB: Backend> ReadFormSubmissions for SqlRepository<DB> {
    async fn form_answer(&mut self, key: &str, now: OffsetDateTime) -> Result<Option<String>> {
        let answer = query!(ANSWER, key, Micros(now));
        self.fetch_optional(answer, |row| row.get::<String>("answer"))
            .await
    }
}

#[async_trait]
impl<DB: Backend> FormSubmissions for SqlRepository<DB> {
    async fn claim_form(
        &mut self,
        key: &str,
        claim_id: Uuid,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<bool> {
        let claim = query!(CLAIM, key, claim_id, Micros(until), Micros(now));
        let claimed = self.fetch_optional(claim, |row| row.get::<Uuid>("claim_id"));
        Ok(claimed.await?.is_some())
    }

    async fn keep_form_answer(
        &mut self,
        key: &str,
        claim_id: Uuid,
        answer: &str,
        until: OffsetDateTime,
    ) -> Result<()> {
        let keep = query!(KEEP, key, claim_id, answer, Micros(until));
        self.execute(keep).await.map(drop)
    }

    async fn release_form(&mut self, key: &str, claim_id: Uuid) -> Result<()> {
        let release = query!(RELEASE, key, claim_id);
        self.execute(release).await.map(drop)
    }
}
