use std::sync::Mutex;

use async_trait::async_trait;
use vestibule_core::{
    lock,
    mail::OutgoingMail,
    ports::{MailError, Mailer},
};

use crate::{MailSettings, RenderedMail, render};

/// Keeps the mails in memory, for tests.
pub struct MemoryMailer {
    settings: MailSettings,
    sent: Mutex<Vec<SentMail>>,
}

#[derive(Clone)]
pub struct SentMail {
    pub mail: OutgoingMail,
    pub rendered: RenderedMail,
}

impl MemoryMailer {
    pub fn new(settings: MailSettings) -> Self {
        Self {
            settings,
            sent: Mutex::default(),
        }
    }

    /// The mails so far, oldest first.
    pub fn sent(&self) -> Vec<SentMail> {
        lock(&self.sent).clone()
    }

    /// The mails since the last call, oldest first; a test
    /// that takes all it expects can assert that none is left.
    pub fn take(&self) -> Vec<SentMail> {
        std::mem::take(&mut *lock(&self.sent))
    }
}

#[async_trait]
impl Mailer for MemoryMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        let rendered =
            render(mail, &self.settings).map_err(|error| MailError::Permanent(error.into()))?;
        let sent = SentMail {
            mail: mail.clone(),
            rendered,
        };
        lock(&self.sent).push(sent);
        Ok(())
    }
}
