//! What simulated users share: the doors of the portal, their mails, and chance.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use vestibule_core::ports::Random as _;
use vestibule_testkit::{SeededRandom, SmtpPeer};

use crate::http::{Answer, Connection, Door, Request};
use crate::observations::Observations;

/// Chance that repeats.
pub struct Dice(SeededRandom);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    pub fn below(&mut self, end: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes) as usize % end
    }

    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }
}

/// What simulated users share.
pub struct World {
    /// Where the portal is reached: its replicas, or the proxy before them.
    pub doors: Vec<Door>,
    pub observations: Observations,
    pub mails: SmtpPeer,
    /// Whose mails the mail server refused for good.
    refused: Mutex<HashSet<String>>,
}

impl World {
    pub fn new(doors: Vec<Door>, mails: SmtpPeer) -> Arc<Self> {
        Arc::new(Self {
            doors,
            observations: Observations::default(),
            mails,
            refused: Mutex::default(),
        })
    }

    /// Asks once; `None` if its outcome is unknown.
    pub async fn ask(&self, connection: &mut Connection, request: &Request) -> Option<Answer> {
        let begun = self.observations.begin();
        let result = connection.ask(request).await;
        self.observations.end(
            begun,
            &format!("{} at {}", request.path, connection.door()),
            result,
        )
    }

    /// The token in the last mail to an address that leads to a page.
    pub fn token_for(&self, email: &str, page: &str) -> Option<String> {
        self.mails.seen(|seen| {
            let mine = |recipients: &[String]| recipients.iter().any(|it| it == email);
            let messages = seen.messages.iter().rev();
            let mut mine = messages.filter(|message| mine(&message.recipients));
            mine.find_map(|message| token_in(&message.text, page))
        })
    }

    pub fn refuse(&self, emails: impl IntoIterator<Item = String>) {
        self.refused.lock().unwrap().extend(emails);
    }

    pub fn is_refused(&self, email: &str) -> bool {
        self.refused.lock().unwrap().contains(email)
    }

    /// A mail to another address than its envelope is a violation.
    pub fn check_recipients(&self) {
        self.mails.seen(|seen| {
            for message in &seen.messages {
                let to = header(&message.text, "To");
                if message.recipients != [to.clone()] {
                    let recipients = message.recipients.join(", ");
                    self.observations
                        .violation(format!("a mail to {to} went to {recipients}"));
                }
            }
        });
    }
}

/// A field of a mail's head, empty where there is none.
pub fn header(message: &str, name: &str) -> String {
    let lines = message.lines().take_while(|line| !line.is_empty());
    let mut values = lines.filter_map(|line| line.split_once(": "));
    let found = values.find(|(field, _)| field.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.to_owned()).unwrap_or_default()
}

/// Undoes as much of quoted-printable as a link needs.
fn token_in(message: &str, page: &str) -> Option<String> {
    let text = message.replace("=\r\n", "").replace("=3D", "=");
    let start = format!("/{page}?token=");
    let (_, rest) = text.split_once(&start)?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.~%".contains(c)));
    Some(rest[..end.unwrap_or(rest.len())].to_owned())
}
