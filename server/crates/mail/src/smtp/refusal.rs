//! What a refusal is about. The first digit says when to try again; whom it concerns is in the
//! place of the dialogue where it came and in the enhanced status code (RFC 3463).

use lettre::transport::smtp::Error;
use vestibule_core::ports::MailError;

/// Where in the dialogue about a mail a reply came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Sender,
    Recipient,
    Data,
    Message,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Data => "DATA",
            Self::Message => "the message",
        }
    }
}

/// What the reply to a mail says of trying it again. Only what
/// is said of this recipient or this message ends the mail.
pub(super) fn classify(stage: Stage, error: &Error) -> MailError {
    let source = Refused(format!("{}: {}", stage.name(), reply(error))).into();
    let Some(code) = error.status().map(u16::from) else {
        return MailError::Temporary(source);
    };
    let is_later = error.is_transient();
    let text = std::error::Error::source(error).map_or_else(String::new, ToString::to_string);
    match (stage, is_of_mail(stage, code, &text)) {
        // Nothing was said of a recipient yet: the next mail would have the same answer.
        (Stage::Sender, _) if is_later => MailError::Unreachable(source),
        (Stage::Sender, _) => MailError::NotAccepting(source),
        (_, false) => MailError::Held(source),
        (_, true) if is_later => MailError::Temporary(source),
        (_, true) => MailError::Permanent(source),
    }
}

/// Whether a reply is about the recipient or the message, and
/// not about the client, its sender, a policy or the server.
fn is_of_mail(stage: Stage, code: u16, text: &str) -> bool {
    match code {
        // The service ends, this host takes no mail (RFC 7504),
        // or it wants to know who is there (RFC 4954).
        421 | 454 | 521 | 530 | 534 | 535 | 538 => return false,
        // The domain of the recipient takes no mail (RFC 7504).
        556 => return true,
        _ => {}
    }
    match enhanced(text) {
        Some((subject @ 1..=7, detail)) => is_status_of_mail(code, subject, detail),
        _ => is_of_mail_by_code(stage, code) && !speaks_of_others(text),
    }
}

/// The same of an enhanced code.
fn is_status_of_mail(code: u16, subject: u16, detail: u16) -> bool {
    match subject {
        // Addresses, but for the sender's.
        1 => !matches!(detail, 7 | 8),
        // The mailbox, and the content.
        2 | 6 => true,
        // Of what systems have to say that the message is too large for them.
        3 => detail == 4,
        // There is no way to the recipient's domain; what is
        // only so for now may be the server's own network.
        4 => code >= 500 && matches!(detail, 1 | 4 | 6),
        // Policy, but for a closed mailing list, and a mailbox
        // or domain that has another owner (RFC 7293).
        7 => matches!(detail, 2 | 17 | 18),
        // The dialogue.
        _ => false,
    }
}

/// For servers without enhanced codes: what RFC 5321, 4.3.2, has for each command.
fn is_of_mail_by_code(stage: Stage, code: u16) -> bool {
    match stage {
        Stage::Sender | Stage::Data => false,
        Stage::Recipient => matches!(code, 450 | 452 | 550..=553),
        Stage::Message => matches!(code, 450 | 452 | 550 | 552 | 554),
    }
}

/// What servers without enhanced codes say of the client, its sender or a policy, with the codes
/// for unknown mailboxes.
const OF_OTHERS: [&str; 12] = [
    "relay",
    "rcpthosts",
    "sender",
    "policy",
    "spam",
    "block",
    "denied",
    "reputation",
    "helo",
    "authent",
    "client",
    "limit",
];

fn speaks_of_others(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    OF_OTHERS.iter().any(|word| text.contains(word))
}

/// Subject and detail of the enhanced code in a reply: at its beginning (RFC 2034), or behind a
/// number sign (qmail).
fn enhanced(text: &str) -> Option<(u16, u16)> {
    let first = text.split_ascii_whitespace().next()?;
    let marked = text.split_once('#').map(|(_, rest)| rest);
    [Some(first), marked].into_iter().flatten().find_map(status)
}

fn status(text: &str) -> Option<(u16, u16)> {
    let end = text.find(|c: char| c != '.' && !c.is_ascii_digit());
    let mut parts = text[..end.unwrap_or(text.len())].splitn(3, '.');
    let class = parts.next()?;
    let mut number = || parts.next()?.parse::<u16>().ok();
    let status = (number()?, number()?);
    matches!(class, "4" | "5").then_some(status)
}

/// The server's reply, or what went wrong on the way to it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(String);

impl From<&Error> for Refused {
    fn from(error: &Error) -> Self {
        Self(reply(error))
    }
}

/// Servers like to quote the recipient in their replies, and this text is logged.
fn reply(error: &Error) -> String {
    let text = error.to_string();
    let words = text.split_whitespace().map(|word| {
        if word.contains('@') {
            "(address)"
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
