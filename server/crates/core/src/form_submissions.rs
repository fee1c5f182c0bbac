//! A form that is sent twice is done once: a double click, a second Enter,
//! a browser that asks again after a lost answer.
//!
//! Each rendered form has a nonce. What became of the form is remembered for a minute, by nonce and
//! content, and answered again; a second request while the first one is at work waits for that one.
//! It is no protection against other sites, which is a check of its own.

use std::time::Duration;

use uuid::Uuid;

use crate::auth::Auth;
use crate::kernel::{Abandoned, AuthError, MasterKey, to_url_text};

/// How long the outcome of a form is answered again.
const ANSWERS_KEPT: Duration = Duration::from_mins(1);
/// After this a request that is at a form is taken for dead. Longer than any request may take.
const CLAIM_LIFE: Duration = Duration::from_mins(1);
/// How often one that waits for another looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// How long it looks. Its client is answered sooner, by the time limit of requests.
const LOOKS: u32 = 600;

/// What a form that was sent is.
pub enum FormSubmission {
    /// The first of its kind, to be done.
    New(FormClaim),
    /// One that was done; what was remembered of the answer.
    Done(Vec<u8>),
}

/// The request that has it does the form.
pub struct FormClaim {
    key: String,
    id: Uuid,
}

impl Auth {
    /// A random text of 128 bits that distinguishes one rendered form from every other.
    pub fn form_nonce(&self) -> String {
        let mut bytes = [0; 16];
        self.core.random.fill(&mut bytes);
        to_url_text(&bytes)
    }

    /// Whether a form is to be done, or what it came to.
    /// Waits for one that is just being done elsewhere.
    ///
    /// # Errors
    /// Those of the store; [`AuthError::Abandoned`] if nobody waits any more, so that it is not
    /// done late; [`AuthError::Unavailable`] if the other one takes too long.
    pub async fn claim_form(
        &self,
        path: &str,
        body: &[u8],
        abandoned: &Abandoned,
    ) -> Result<FormSubmission, AuthError> {
        let key = self
            .core
            .master
            .for_use("form-key")
            .keyed_hash(&[path.as_bytes(), body]);
        for _ in 0..LOOKS {
            if abandoned.is_abandoned() {
                return Err(AuthError::Abandoned);
            }
            let now = self.core.clock.now();
            let id = self.core.random.id(now);
            let mut store = self.core.store.writer().await?;
            if store.claim_form(&key, id, now + CLAIM_LIFE, now).await? {
                return Ok(FormSubmission::New(FormClaim { key, id }));
            }
            let answer = store.form_answer(&key, now).await?;
            drop(store);
            if let Some(sealed) = answer {
                let answer = self.answer_key(&key).open(&key, &sealed);
                let answer = answer.map_err(AuthError::internal)?;
                return Ok(FormSubmission::Done(answer.to_vec()));
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        Err(AuthError::Unavailable(
            "a form is being done for too long".into(),
        ))
    }

    /// Remembers what a form came to.
    pub async fn remember_form(&self, claim: &FormClaim, answer: &[u8]) -> Result<(), AuthError> {
        let sealed = self
            .answer_key(&claim.key)
            .seal(&claim.key, answer, &*self.core.random);
        let sealed = sealed.map_err(AuthError::internal)?;
        let until = self.core.clock.now() + ANSWERS_KEPT;
        let mut store = self.core.store.writer().await?;
        Ok(store
            .keep_form_answer(&claim.key, claim.id, &sealed, until)
            .await?)
    }

    /// Lets a form that came to nothing be sent again.
    ///
    /// # Errors
    /// Those of the store; then the claim ends by itself.
    pub async fn release_form(&self, claim: &FormClaim) -> Result<(), AuthError> {
        let mut store = self.core.store.writer().await?;
        Ok(store.release_form(&claim.key, claim.id).await?)
    }

    /// A key for each form: anybody can have answers sealed, as often as they like.
    fn answer_key(&self, key: &str) -> MasterKey {
        self.core.master.for_use(&format!("form-answer {key}"))
    }
}
