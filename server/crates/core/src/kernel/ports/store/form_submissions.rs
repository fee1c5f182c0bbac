//! What forms that were sent came to.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Result;

/// What forms came to, as it is read.
#[async_trait]
pub trait ReadFormSubmissions {
    /// The answer of a form that is done.
    async fn form_answer(&mut self, key: &str, now: OffsetDateTime) -> Result<Option<String>>;
}

/// What forms that were sent came to, for as long as they may be sent again. A key stands for
/// one rendered form with what was typed into it.
#[async_trait]
pub trait FormSubmissions {
    /// Takes a form on; `false` while another request has it,
    /// or its answer is kept. Of parallel callers one gets it.
    async fn claim_form(
        &mut self,
        key: &str,
        claim_id: Uuid,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<bool>;

    /// Keeps the answer, unless the claim was lost.
    async fn keep_form_answer(
        &mut self,
        key: &str,
        claim_id: Uuid,
        answer: &str,
        until: OffsetDateTime,
    ) -> Result<()>;

    /// Gives a claim back.
    async fn release_form(&mut self, key: &str, claim_id: Uuid) -> Result<()>;
}
