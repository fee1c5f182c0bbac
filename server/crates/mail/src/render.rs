use time::{OffsetDateTime, UtcOffset, macros::format_description};
use vestibule_core::mail::{MailContext, MailKind, OutgoingMail};

use crate::{
    MailSettings,
    mails::{
        AlreadyRegistered, Common, PasswordChanged, ResetPassword, SessionEnded, VerifyEmail,
        Welcome,
    },
};

/// White on it has a contrast of 7.3 to 1.
const ACCENT: &str = "#0e6358";
/// Dark text on it has a contrast of 9 to 1.
const ACCENT_DARK: &str = "#6ccfbd";

/// Longer names are not greeted: a greeting is no place for a message to somebody (lesson V17).
const MAX_GREETED_CHARS: usize = 40;

/// A mail in words.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// One line.
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A mail that cannot be put into words.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the mail {0} has no link")]
    MissingLink(MailKind),
    #[error("the template failed")]
    Template(#[from] askama::Error),
}

/// Puts a mail into words.
///
/// # Errors
/// [`RenderError::MissingLink`] if the mail has no link: every kind needs one.
pub fn render(mail: &OutgoingMail, settings: &MailSettings) -> Result<RenderedMail, RenderError> {
    let link = mail
        .link
        .as_deref()
        .ok_or(RenderError::MissingLink(mail.kind))?;
    let code = mail.code.as_deref();
    let common = common(mail, settings);
    let rendered = match mail.kind {
        MailKind::Welcome => Welcome { common, link, code }.render(),
        MailKind::VerifyEmail => VerifyEmail { common, link, code }.render(),
        MailKind::ResetPassword => ResetPassword { common, link }.render(),
        MailKind::AlreadyRegistered => AlreadyRegistered { common, link }.render(),
        MailKind::PasswordChanged => PasswordChanged { common, link }.render(),
        MailKind::SessionEnded => SessionEnded { common, link }.render(),
    };
    Ok(rendered?)
}

fn common<'a>(mail: &'a OutgoingMail, settings: &'a MailSettings) -> Common<'a> {
    let device = Some(mail.context.device.as_str())
        .filter(|device| !device.is_empty() && !looks_like_a_link(device));
    let device = device.unwrap_or("Unknown device");
    Common {
        product: &settings.product_name,
        accent: ACCENT,
        accent_dark: ACCENT_DARK,
        recipient: &mail.recipient,
        name: mail
            .first_name
            .as_deref()
            .filter(|name| can_be_greeted(name)),
        at: moment(mail.context.at),
        device,
        device_in_text: if device == "Unknown device" {
            "an unknown device"
        } else {
            device
        },
        ip_address: &mail.context.ip_address,
        support: settings.support.as_ref().map(AsRef::as_ref),
    }
}

fn moment(at: OffsetDateTime) -> String {
    let format = format_description!(
        "[weekday], [day padding:none] [month repr:long] [year] at [hour]:[minute] UTC"
    );
    let at = at.to_offset(UtcOffset::UTC);
    at.format(format).unwrap_or_else(|_| at.to_string())
}

fn can_be_greeted(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= MAX_GREETED_CHARS && !looks_like_a_link(name)
}

/// Mail programs make links of bare addresses, so escaping alone does not keep links out: `evil.example`, `//x`, `a@b`.
/// Initials (`J.R.R.`) are no domain.
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

/// One line, whatever the template and its values held: nothing of a subject can become a header.
pub(crate) fn tidy_subject(subject: &str) -> String {
    subject
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Template tags leave blank lines behind: one is enough. A paragraph is one line, which each mail program wraps to fit.
pub(crate) fn tidy_text(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for line in text.lines().map(str::trim_end) {
        if !(line.is_empty() && (tidy.is_empty() || tidy.ends_with("\n\n"))) {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy.truncate(tidy.trim_end().len());
    tidy.push('\n');
    tidy
}

/// One mail of each kind, as it might be sent: for snapshots and for looking at.
pub fn samples() -> Vec<OutgoingMail> {
    MailKind::ALL.iter().map(|kind| sample(*kind)).collect()
}

fn sample(kind: MailKind) -> OutgoingMail {
    const TOKEN: &str = "nZ1vT0c3qkYp4m2dXWb7uQfLr9sGhJ8eKaB5xC6yD0E";
    let (page, code) = match kind {
        MailKind::Welcome | MailKind::VerifyEmail => (
            format!("verify-email?token={TOKEN}"),
            Some("493027".to_owned()),
        ),
        MailKind::ResetPassword => (format!("reset-password?token={TOKEN}"), None),
        MailKind::AlreadyRegistered => ("login".to_owned(), None),
        MailKind::PasswordChanged | MailKind::SessionEnded => ("forgot-password".to_owned(), None),
    };
    OutgoingMail {
        id: uuid::Uuid::from_u128(0x0193_5b7e_4a00_7000_8000_0000_0000_0001),
        kind,
        recipient: "zoe@example.org".to_owned(),
        first_name: Some("Zoë".to_owned()),
        context: MailContext {
            device: "Firefox on Linux".to_owned(),
            ip_address: "203.0.113.7".to_owned(),
            at: time::macros::datetime!(2026-11-24 08:45:12 +02:00),
        },
        link: Some(format!("https://id.example.org/{page}")),
        code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> MailSettings {
        MailSettings::new(
            "Example",
            "Example <no-reply@example.org>",
            Some("help@example.org"),
        )
        .unwrap()
    }

    fn mail(kind: MailKind, change: impl FnOnce(&mut OutgoingMail)) -> RenderedMail {
        let mut mail = sample(kind);
        change(&mut mail);
        render(&mail, &settings()).unwrap()
    }

    /// The addresses that the page links to.
    fn links(html: &str) -> Vec<&str> {
        html.split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect()
    }

    #[test]
    fn every_mail_reads_as_it_was_written() {
        for mail in samples() {
            let rendered = render(&mail, &settings()).unwrap();
            insta::assert_snapshot!(format!("{}.subject", mail.kind), rendered.subject);
            insta::assert_snapshot!(format!("{}.text", mail.kind), rendered.text);
            insta::assert_snapshot!(format!("{}.html", mail.kind), rendered.html);
        }
    }

    #[test]
    fn a_mail_without_name_code_and_support_reads_well() {
        let settings = MailSettings::new("Example", "no-reply@example.org", None).unwrap();
        let mut mail = sample(MailKind::Welcome);
        (mail.first_name, mail.code, mail.context.device) =
            (None, None, "Unknown device".to_owned());
        let rendered = render(&mail, &settings).unwrap();
        insta::assert_snapshot!(
            "bare.text",
            format!("{}\n\n{}", rendered.subject, rendered.text)
        );
        insta::assert_snapshot!("bare.html", rendered.html);
    }

    #[test]
    fn every_mail_has_what_a_mail_needs() {
        for mail in samples() {
            let RenderedMail {
                subject,
                text,
                html,
            } = render(&mail, &settings()).unwrap();
            let link = mail.link.as_deref().unwrap();
            assert_eq!(subject.lines().count(), 1, "{subject}");
            assert!(!subject.contains(char::is_control), "{subject}");
            assert!(subject.chars().count() <= 60, "{subject}");
            for part in [&text, &html] {
                let needed = [
                    "Hello Zoë,",
                    link,
                    "If this was not you:",
                    "24 November 2026 at 06:45 UTC",
                    "Firefox on Linux",
                ];
                for needed in
                    needed
                        .iter()
                        .chain(&["203.0.113.7", "help@example.org", "zoe@example.org"])
                {
                    assert!(part.contains(needed), "{}: {needed}", mail.kind);
                }
            }
            assert!(
                text.lines().any(|line| line == link),
                "{}: the link is alone on its line",
                mail.kind
            );
            assert!(html.contains("<html lang=\"en\""));
            for forbidden in [
                "<img", "src=", "url(", "<script", "<form", "<table", "@import", "<link",
            ] {
                assert!(!html.contains(forbidden), "{}: {forbidden}", mail.kind);
            }
            for target in links(&html) {
                assert!(
                    target == link || target == "mailto:help@example.org",
                    "{}: {target}",
                    mail.kind
                );
            }
        }
    }

    #[test]
    fn every_secret_says_how_long_it_works() {
        for kind in [MailKind::Welcome, MailKind::VerifyEmail] {
            let RenderedMail {
                subject,
                text,
                html,
            } = mail(kind, |_| ());
            assert_eq!(subject, "493027 is your code for Example");
            assert!(
                html.split("</div>").next().unwrap().contains("493027"),
                "the preheader begins with the code"
            );
            for part in [text, html] {
                assert!(
                    part.contains("493027")
                        && part.contains("10 minutes")
                        && part.contains("24 hours"),
                    "{part}"
                );
            }
        }
        let RenderedMail { text, html, .. } = mail(MailKind::ResetPassword, |_| ());
        assert!(text.contains("60 minutes") && html.contains("60 minutes"));
    }

    #[test]
    fn user_text_is_escaped_in_html_and_plain_in_text() {
        for kind in MailKind::ALL {
            let rendered = mail(*kind, |mail| {
                mail.first_name = Some("<script>x</script>\"' & {{ 7*7 }}".to_owned());
                mail.context.device = "<b onload=\"x\">".to_owned();
            });
            assert!(
                !rendered.html.contains("<script") && !rendered.html.contains("<b "),
                "{}",
                rendered.html
            );
            assert!(
                rendered.html.contains(
                    "Hello &#60;script&#62;x&#60;/script&#62;&#34;&#39; &#38; {{ 7*7 }},"
                ),
                "{}",
                rendered.html
            );
            assert!(
                rendered
                    .text
                    .contains("Hello <script>x</script>\"' & {{ 7*7 }},"),
                "{}",
                rendered.text
            );
        }
    }

    #[test]
    fn user_text_makes_no_link() {
        for text in [
            "http://evil.example",
            "Free money at evil.example",
            "www.evil.example/x",
            "//evil",
            "ann@evil.example",
            "evil。example",
            "Ann evil.example:80",
            "<a href=https://evil.example>",
            "xn--evil.xn--p1ai",
            "1.2.evil.example",
            "-.evil.example",
        ] {
            for kind in MailKind::ALL {
                let honest = mail(*kind, |mail| {
                    (mail.first_name, mail.context.device) = (None, "Unknown device".to_owned());
                });
                let rendered = mail(*kind, |mail| {
                    (mail.first_name, mail.context.device) =
                        (Some(text.to_owned()), text.to_owned());
                });
                assert!(rendered == honest, "{text}: {}", rendered.text);
            }
        }
        let long = "Your account is locked, please call us now";
        assert!(
            mail(MailKind::Welcome, |mail| mail.first_name =
                Some(long.to_owned()))
            .text
            .starts_with("Hello,\n")
        );
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
    fn a_subject_is_one_line_whatever_it_holds() {
        assert_eq!(tidy_subject(" a\r\nBcc: b\u{2028}c\0d\t "), "a Bcc: b c d");
    }

    #[test]
    fn a_mail_without_its_link_is_refused() {
        for kind in MailKind::ALL {
            let mut mail = sample(*kind);
            mail.link = None;
            assert!(
                matches!(render(&mail, &settings()), Err(RenderError::MissingLink(missing)) if missing == *kind)
            );
        }
    }
}
