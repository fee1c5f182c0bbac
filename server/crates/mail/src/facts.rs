//! What a mail may say, as its reader may see it: user text that could do harm is left out here.

use time::{OffsetDateTime, UtcOffset};
use vestibule_core::Lifetimes;
use vestibule_core::mail::{OutgoingMail, mask_email};
use vestibule_core::model::display_email;
use vestibule_i18n::{Texts, t};

use crate::{MailSettings, RenderError};

/// Longer names are not greeted: an attacker could write a message into the greeting.
const MAX_GREETED_CHARS: usize = 40;

/// The values of all mails. The templates escape them.
pub(crate) struct MailFacts<'a> {
    pub texts: Texts,
    pub lifetimes: Lifetimes,
    pub product: &'a str,
    pub support: Option<&'a str>,
    pub recipient: String,
    /// `None` also for names that are no greeting.
    pub name: Option<&'a str>,
    /// When it happened, with the zone.
    pub at: String,
    pub device: String,
    pub ip_address: &'a str,
    pub link: &'a str,
    /// The page that lists the sessions and ends them.
    pub sessions: Option<&'a str>,
    /// The six digits that do the same as the link.
    pub code: Option<&'a str>,
    /// Until when the link works, with the zone.
    pub deadline: Option<String>,
    /// The address that a change went to, masked.
    pub other_email: Option<String>,
}

impl<'a> MailFacts<'a> {
    /// # Errors
    /// The mail has no link: every kind needs one.
    pub fn of(mail: &'a OutgoingMail, settings: &'a MailSettings) -> Result<Self, RenderError> {
        let texts = Texts::of(mail.language);
        let link = mail
            .link
            .as_deref()
            .ok_or(RenderError::MissingLink(mail.kind))?;
        let name = mail.first_name.as_deref();
        Ok(Self {
            texts,
            lifetimes: settings.lifetimes,
            product: &settings.product_name,
            support: settings.support.as_ref().map(AsRef::as_ref),
            recipient: display_email(&mail.recipient),
            name: name.filter(|name| can_be_greeted(name)),
            at: moment(texts, mail.context.at),
            device: device(texts, &mail.context.device),
            ip_address: &mail.context.ip_address,
            link,
            sessions: mail.sessions_link.as_deref(),
            code: mail.code.as_deref(),
            deadline: mail.deadline.map(|deadline| moment(texts, deadline)),
            other_email: mail
                .context
                .other_email
                .as_deref()
                .map(|email| unlinked(&other_address(email))),
        })
    }
}

/// "Tuesday, 24 November 2026, 06:45 UTC".
fn moment(texts: Texts, at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let date = t!(
        texts,
        "when-date",
        day = i64::from(at.day()),
        month = i64::from(u8::from(at.month())),
        year = at.year().to_string()
    );
    let date = t!(
        texts,
        "when-weekday",
        weekday = i64::from(at.weekday().number_from_monday()),
        date = date
    );
    let time = format!("{:02}:{:02}", at.hour(), at.minute());
    t!(texts, "when-exact", date = date, time = time)
}

fn device(texts: Texts, device: &str) -> String {
    if device.is_empty() || looks_like_a_link(device) {
        return t!(texts, "device-unknown");
    }
    vestibule_i18n::device(texts, device)
}

fn can_be_greeted(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= MAX_GREETED_CHARS && !looks_like_a_link(name)
}

/// Mail programs make links of bare addresses, so escaping alone does not keep links out:
/// `evil.example`, `//x`, `a@b`. Initials (`J.R.R.`) are no domain.
fn looks_like_a_link(text: &str) -> bool {
    let is_dot = |c: char| matches!(c, '.' | '\u{2024}' | '\u{3002}' | '\u{FF0E}' | '\u{FF61}');
    let is_domain = |pair: &[&str]| {
        let letters = pair[1]
            .chars()
            .take_while(|c| c.is_alphabetic() || *c == '-')
            .count();
        pair[0].ends_with(char::is_alphanumeric) && letters > 1
    };
    text.contains("//")
        || text.contains('@')
        || text
            .split(is_dot)
            .collect::<Vec<_>>()
            .windows(2)
            .any(is_domain)
}

/// An address that another person may have chosen: where its domain is not in ASCII also as servers
/// know it, since other letters look alike.
fn other_address(email: &str) -> String {
    let masked = mask_email(email);
    match email.split_once('@') {
        Some((_, domain)) if !masked.is_ascii() => format!("{masked} ({domain})"),
        _ => masked,
    }
}

/// An address that a mail has to show although another person chose it. An invisible word joiner
/// (U+2060) after each sign that mail programs know
/// addresses by keeps them from making a link of it.
fn unlinked(address: &str) -> String {
    let mut unlinked = String::with_capacity(address.len() + 12);
    for c in address.chars() {
        unlinked.push(c);
        if matches!(c, '@' | '.') {
            unlinked.push('\u{2060}');
        }
    }
    unlinked
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use vestibule_core::model::Language;

    use super::*;

    const ENGLISH: fn() -> Texts = || Texts::of(Language::English);
    const GERMAN: fn() -> Texts = || Texts::of(Language::German);

    #[test]
    fn a_moment_has_its_day_and_its_zone_in_the_language_of_the_mail() {
        let at = datetime!(2026-03-02 00:05:59 +02:00);
        assert_eq!(moment(ENGLISH(), at), "Sunday, 1 March 2026, 22:05 UTC");
        assert_eq!(
            moment(GERMAN(), at),
            "Sonntag, 1. März 2026 um 22:05 Uhr UTC"
        );
    }

    #[test]
    fn a_device_without_a_name_or_with_a_link_is_unknown() {
        for name in ["", "evil.example"] {
            assert_eq!(device(ENGLISH(), name), "Unknown device");
            assert_eq!(device(GERMAN(), name), "Unbekanntes Gerät");
        }
    }

    #[test]
    fn ordinary_names_and_devices_are_kept() {
        for name in [
            "Ann",
            "J.R.R.",
            "Mary Ann",
            "O'Neil",
            "Jean-Luc",
            "St. John",
            "李",
            "Renée 2.0",
            "...",
        ] {
            assert!(can_be_greeted(name), "{name}");
        }
        for device in [
            "Firefox on Linux",
            "Ann's phone",
            "App 2.10.3 (Android)",
            "curl/8.9.1",
        ] {
            assert!(!looks_like_a_link(device), "{device}");
        }
    }

    #[test]
    fn a_domain_that_may_look_like_another_one_is_shown_as_servers_know_it_too() {
        assert_eq!(other_address("zoe@example.org"), "z***@example.org");
        assert_eq!(
            other_address("zoe@xn--bcher-kva.example"),
            "z***@b\u{fc}cher.example (xn--bcher-kva.example)"
        );
    }
}
