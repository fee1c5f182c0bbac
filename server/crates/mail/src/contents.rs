//! Which parts a mail has: its shape says in what order, and the catalogue which there are. The
//! text of a part is `mail-<code of the mail>-<part>` in `locales/`; without one it is left out.

use vestibule_core::mail::{MailKind, MailShape};
use vestibule_i18n::{Value, life, t};

use crate::{
    RenderError,
    content::{Body, Fact, MailContent},
    facts::MailFacts,
};

/// # Errors
/// The mail lacks what its kind must say.
pub(crate) fn content<'a>(
    kind: MailKind,
    facts: &'a MailFacts<'a>,
) -> Result<MailContent<'a>, RenderError> {
    let is_report = kind.shape() != MailShape::Request;
    if is_report && kind.purpose().is_some() && facts.deadline.is_none() {
        return Err(RenderError::MissingDeadline(kind));
    }
    if kind.shows_sessions() && facts.sessions.is_none() {
        return Err(RenderError::MissingLink(kind));
    }
    let words = Words::of(kind, facts);
    let mut body = words.introduction();
    if is_report {
        let when = words.own("when");
        let when = when.unwrap_or_else(|| t!(facts.texts, "mail-when"));
        body = body.facts(words.special_fact(), when);
    }
    let button = words.own_or_of_page("button");
    body = if kind.shape() == MailShape::Warning {
        let then = words.own("then");
        body.say(then.unwrap_or_else(|| t!(facts.texts, "mail-all-well")))
            .not_you(words.not_you())
            .button(button)
    } else {
        body.may_say(words.own("then"))
            .button(button)
            .may_say(words.own("after"))
            .not_you(words.not_you())
    };
    if let Some(sessions) = facts.sessions {
        body = body.page(t!(facts.texts, "mail-sessions"), sessions);
    }
    let (subject, preheader) = words.for_the_inbox();
    Ok(body.under(subject, preheader, words.own_or_of_page("heading")))
}

/// The texts of one mail.
struct Words<'a> {
    kind: MailKind,
    facts: &'a MailFacts<'a>,
    /// What each of them may name.
    values: Vec<(&'static str, String)>,
}

impl<'a> Words<'a> {
    fn of(kind: MailKind, facts: &'a MailFacts<'a>) -> Self {
        let (texts, lifetimes) = (facts.texts, &facts.lifetimes);
        let link_life = kind.purpose().map(|it| life(texts, lifetimes.link(it)));
        let values = [
            ("product", Some(facts.product.to_owned())),
            ("life", link_life),
            ("code_life", Some(life(texts, lifetimes.verify_code))),
            ("deadline", facts.deadline.clone()),
            ("support", facts.support.map(str::to_owned)),
        ];
        let values = values.into_iter();
        Self {
            kind,
            facts,
            values: values.filter_map(|(name, it)| Some((name, it?))).collect(),
        }
    }

    fn text(&self, of: &str, part: &str) -> Option<String> {
        let key = format!("mail-{}-{part}", of.replace('_', "-"));
        let values = self.values.iter();
        let values = values.map(|(name, value)| (*name, Value::from(value.as_str())));
        self.facts.texts.find(&key, values)
    }

    /// A part that the mail may have.
    fn own(&self, part: &str) -> Option<String> {
        self.text(self.kind.as_str(), part)
    }

    /// A part that every mail has: its own, or the one that the mails of its page share.
    fn own_or_of_page(&self, part: &str) -> String {
        let page = self.kind.page().trim_start_matches('/');
        let text = self.own(part).or_else(|| self.text(page, part));
        text.unwrap_or_default()
    }

    /// The code comes first: most readers need not open the mail.
    fn introduction(&self) -> Body<'a> {
        let body = Body::new(self.facts);
        let Some(code) = self.facts.code else {
            return body
                .may_say(self.own("intro"))
                .may_say(self.own("link"))
                .may_say(self.own("where"));
        };
        body.code(code)
            .may_say(self.own("intro"))
            .may_say(self.own("code"))
            .may_say(self.own("or-link"))
    }

    /// The subject and what inboxes show beside it. A code begins both.
    fn for_the_inbox(&self) -> (String, String) {
        let MailFacts { texts, product, .. } = *self.facts;
        let Some(code) = self.facts.code else {
            return (
                self.own_or_of_page("subject"),
                self.own_or_of_page("preheader"),
            );
        };
        let life = life(texts, self.facts.lifetimes.verify_code);
        (
            t!(texts, "mail-code-subject", code = code, product = product),
            t!(texts, "mail-code-preheader", code = code, life = life),
        )
    }

    /// What the facts of this mail begin with. Another address is masked: the reader of the mailbox
    /// that an account left need not learn where it went.
    fn special_fact(&self) -> Option<Fact> {
        if let (Some(label), Some(deadline)) = (self.own("deadline"), &self.facts.deadline) {
            let value = deadline.clone();
            return Some(Fact { label, value });
        }
        let value = self.facts.other_email.clone()?;
        let label = self.own("other-address");
        let label = label.unwrap_or_else(|| t!(self.facts.texts, "mail-new-address"));
        Some(Fact { label, value })
    }

    fn not_you(&self) -> String {
        let without_support = match self.facts.support {
            Some(_) => None,
            None => self.own("not-you-without-support"),
        };
        without_support.unwrap_or_else(|| self.own_or_of_page("not-you"))
    }
}
