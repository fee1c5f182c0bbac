//! A mail as its parts, before it becomes text or HTML:
//! both say the same, because both are made of it.

use vestibule_i18n::t;

use crate::facts::MailFacts;

/// Everything that a mail says. The two templates give it its form.
pub(crate) struct MailContent<'a> {
    pub subject: String,
    /// What inboxes show beside the subject.
    pub preheader: String,
    pub heading: String,
    pub greeting: String,
    pub blocks: Vec<Block>,
    /// Where the button leads.
    pub link: &'a str,
    pub button_fails: String,
    /// When, where and from where, if no block says it.
    pub asked: Option<String>,
    pub support: Option<Support<'a>>,
    pub sent_by: String,
    pub product: &'a str,
}

pub(crate) enum Block {
    Paragraph(String),
    Code {
        label: String,
        digits: String,
    },
    Facts(Vec<Fact>),
    /// A page of the portal that the text names.
    Page {
        text: String,
        address: String,
    },
    /// Leads to the link of the mail.
    Button {
        label: String,
    },
    NotYou {
        title: String,
        text: String,
    },
}

pub(crate) struct Fact {
    pub label: String,
    pub value: String,
}

pub(crate) struct Support<'a> {
    pub question: String,
    pub address: &'a str,
}

/// The body of a mail, from top to bottom.
pub(crate) struct Body<'a> {
    pub facts: &'a MailFacts<'a>,
    pub blocks: Vec<Block>,
}

impl<'a> Body<'a> {
    pub fn new(facts: &'a MailFacts<'a>) -> Self {
        Self {
            facts,
            blocks: Vec::new(),
        }
    }

    pub fn say(mut self, text: String) -> Self {
        self.blocks.push(Block::Paragraph(text));
        self
    }

    pub fn may_say(self, text: Option<String>) -> Self {
        match text {
            Some(text) => self.say(text),
            None => self,
        }
    }

    pub fn code(mut self, digits: &str) -> Self {
        self.blocks.push(Block::Code {
            label: t!(self.facts.texts, "mail-code"),
            digits: digits.to_owned(),
        });
        self
    }

    /// What is special to this mail, then when it happened, on which device and from where.
    pub fn facts(mut self, special: Option<Fact>, when: String) -> Self {
        let MailFacts { texts, .. } = *self.facts;
        let fact = |label, value: &str| Fact {
            label,
            value: value.to_owned(),
        };
        let common = [
            fact(when, &self.facts.at),
            fact(t!(texts, "mail-device"), &self.facts.device),
            fact(t!(texts, "mail-ip"), self.facts.ip_address),
        ];
        self.blocks
            .push(Block::Facts(special.into_iter().chain(common).collect()));
        self
    }

    pub fn page(mut self, text: String, address: &str) -> Self {
        self.blocks.push(Block::Page {
            text,
            address: address.to_owned(),
        });
        self
    }

    pub fn button(mut self, label: String) -> Self {
        self.blocks.push(Block::Button { label });
        self
    }

    pub fn not_you(mut self, text: String) -> Self {
        self.blocks.push(Block::NotYou {
            title: t!(self.facts.texts, "mail-not-you"),
            text,
        });
        self
    }

    /// Puts the head above the body, and what stands below each mail under it.
    pub fn under(self, subject: String, preheader: String, heading: String) -> MailContent<'a> {
        let facts = self.facts;
        let texts = facts.texts;
        let has_facts = self
            .blocks
            .iter()
            .any(|block| matches!(block, Block::Facts(_)));
        MailContent {
            subject,
            preheader,
            heading,
            greeting: match facts.name {
                Some(name) => t!(texts, "mail-greeting-name", name = name),
                None => t!(texts, "mail-greeting"),
            },
            blocks: self.blocks,
            link: facts.link,
            button_fails: t!(texts, "mail-button-fails"),
            asked: (!has_facts).then(|| {
                t!(
                    texts,
                    "mail-asked",
                    at = facts.at.as_str(),
                    device = facts.device.as_str(),
                    ip = facts.ip_address
                )
            }),
            support: facts.support.map(|address| Support {
                question: t!(texts, "mail-questions"),
                address,
            }),
            sent_by: t!(
                texts,
                "mail-sent-by",
                product = facts.product,
                recipient = facts.recipient.as_str()
            ),
            product: facts.product,
        }
    }
}
