use vestibule_core::mail::MailKind;
use vestibule_core::model::Language;

use super::*;
use crate::samples::{sample, samples};

mod user_text;

const SUPPORT: &str = "help@example.org";

fn settings() -> MailSettings {
    MailSettings::new("Example", "Example <no-reply@example.org>", Some(SUPPORT)).unwrap()
}

/// Every kind in every language.
fn all() -> impl Iterator<Item = OutgoingMail> {
    Language::ALL.iter().flat_map(|language| samples(*language))
}

fn rendered(mut mail: OutgoingMail, change: impl FnOnce(&mut OutgoingMail)) -> RenderedMail {
    change(&mut mail);
    render(&mail, &settings()).unwrap()
}

fn english(kind: MailKind) -> OutgoingMail {
    sample(kind, Language::English)
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
    for mail in all() {
        let RenderedMail {
            subject,
            text,
            html,
        } = render(&mail, &settings()).unwrap();
        let name = format!("{}.{}", mail.kind, mail.language);
        insta::assert_snapshot!(
            format!("{name}.text"),
            format!("Subject: {subject}\n\n{text}")
        );
        insta::assert_snapshot!(format!("{name}.html"), html);
    }
}

#[test]
fn a_mail_without_name_code_and_support_reads_well() {
    let settings = MailSettings::new("Example", "no-reply@example.org", None).unwrap();
    for language in Language::ALL {
        for kind in [
            MailKind::Welcome,
            MailKind::VerifyEmail,
            MailKind::EmailTakenBack,
        ] {
            let mut mail = sample(kind, *language);
            (mail.first_name, mail.code) = (None, None);
            mail.context.device = "Unknown device".to_owned();
            let RenderedMail { subject, text, .. } = render(&mail, &settings).unwrap();
            insta::assert_snapshot!(
                format!("bare.{kind}.{language}.text"),
                format!("Subject: {subject}\n\n{text}")
            );
        }
    }
}

/// The image alone is new: it takes the place of the name, names itself and loads nothing.
#[test]
fn a_logo_stands_for_the_name_of_the_product() {
    let settings = MailSettings::new("Ann & \"Bob\"", "no-reply@example.org", None).unwrap();
    let branded = settings
        .clone()
        .with_logo(Some(MailLogo::new(b"any bytes")));
    for mail in all() {
        let plain = render(&mail, &settings).unwrap();
        let rendered = render(&mail, &branded).unwrap();
        assert!(rendered.text == plain.text && rendered.subject == plain.subject);
        let (before, rest) = rendered.html.split_once("<img ").unwrap();
        let (image, after) = rest.split_once('>').unwrap();
        let name = "Ann &#38; &#34;Bob&#34;";
        assert_eq!(format!("{before}{name}{after}"), plain.html);
        let address = format!("src=\"cid:logo@{}\"", mail.id);
        for part in [&address, &format!("alt=\"{name}\""), "height=\"40\""] {
            assert!(image.contains(part), "{part}: {image}");
        }
        for forbidden in ["http", "//", "data:", "url("] {
            assert!(!image.contains(forbidden), "{forbidden}: {image}");
        }
    }
}

#[test]
fn every_mail_has_what_a_mail_needs() {
    for mail in all() {
        let name = format!("{} {}", mail.kind, mail.language);
        let RenderedMail {
            subject,
            text,
            html,
        } = render(&mail, &settings()).unwrap();
        let link = mail.link.as_deref().unwrap();
        assert!(
            !subject.is_empty() && subject.chars().count() <= 60,
            "{subject}"
        );
        assert!(!subject.contains(char::is_control), "{subject}");
        let needed = match mail.language {
            Language::English => [
                "Hello Zoë,",
                "If this was not you:",
                "Tuesday, 24 November 2026, 06:45 UTC",
                "Firefox on Linux",
            ],
            Language::German => [
                "Guten Tag Zoë,",
                "Falls Sie das nicht waren:",
                "Dienstag, 24. November 2026 um 06:45 Uhr UTC",
                "Firefox unter Linux",
            ],
        };
        let needed = needed.into_iter();
        for needed in needed.chain([link, "203.0.113.7", SUPPORT, "zoe@example.org"]) {
            assert!(text.contains(needed), "{name}: {needed}");
            assert!(html.contains(needed), "{name}: {needed}");
        }
        assert!(
            text.lines().any(|line| line == link),
            "{name}: the link is alone on its line"
        );
        assert_eq!(html.matches("class=\"button\"").count(), 1, "{name}");
        no_needed_text_is_missing(&mail);
    }
}

fn no_needed_text_is_missing(mail: &OutgoingMail) {
    let settings = settings();
    let facts = MailFacts::of(mail, &settings).unwrap();
    let content = content(mail.kind, &facts).unwrap();
    let has_no_text = |block: &Block| matches!(block, Block::Button { label: text } | Block::NotYou { text, .. } if text.is_empty());
    let is_whole = !content.preheader.is_empty()
        && !content.heading.is_empty()
        && !content.blocks.iter().any(has_no_text);
    assert!(is_whole, "{}", mail.kind);
}

/// A value that a text asks for and does not get stays in it as its name.
#[test]
fn no_mail_shows_the_name_of_a_value() {
    let plain = MailSettings::new("Example", "no-reply@example.org", None).unwrap();
    for settings in [settings(), plain] {
        for mail in all() {
            let rendered = render(&mail, &settings).unwrap();
            for text in [rendered.subject, rendered.html, rendered.text] {
                assert!(
                    !text.contains("{$") && !text.contains("{ $"),
                    "{}: {text}",
                    mail.kind
                );
            }
        }
    }
}

#[test]
fn every_page_says_its_language_and_loads_and_leads_nowhere_else() {
    for mail in all() {
        let html = render(&mail, &settings()).unwrap().html;
        let lang = format!("lang=\"{}\" dir=\"ltr\"", mail.language);
        assert_eq!(html.matches(&lang).count(), 2, "{}", mail.kind);
        assert_eq!(html.matches("lang=").count(), 2, "{}", mail.kind);
        for forbidden in [
            "<img", "src=", "url(", "<script", "<form", "<table", "@import", "<link",
        ] {
            assert!(!html.contains(forbidden), "{}: {forbidden}", mail.kind);
        }
        let link = mail.link.as_deref().unwrap();
        let mailto = format!("mailto:{SUPPORT}");
        let ours = [link, link]
            .into_iter()
            .chain(mail.sessions_link.as_deref());
        let led: Vec<&str> = ours.chain([mailto.as_str()]).collect();
        assert_eq!(links(&html), led, "{}", mail.kind);
    }
}

#[test]
fn a_mail_about_an_address_that_is_not_known_any_more_is_still_a_mail() {
    for kind in [MailKind::EmailChangeRequested, MailKind::EmailChanged] {
        let mail = rendered(english(kind), |mail| mail.context.other_email = None);
        assert!(!mail.text.contains("New address:"), "{}", mail.text);
        assert!(mail.text.contains("When: "), "{}", mail.text);
    }
}

#[test]
fn buttons_and_links_have_the_colours_of_the_operator() {
    let colours = MailColours {
        accent: "#111111".to_owned(),
        on_accent: "#222222".to_owned(),
        accent_dark: "#333333".to_owned(),
        on_accent_dark: "#444444".to_owned(),
    };
    let defaults = MailColours::default();
    let html = render(
        &english(MailKind::Welcome),
        &settings().with_colours(colours),
    )
    .unwrap()
    .html;
    for rule in [
        "background: #111111; border-radius: 10px; font-size: 16px; line-height: 1.4; font-weight: 600; color: #222222;",
        "style=\"color: #111111;",
        ".button { background: #333333 !important; color: #444444 !important; }",
        ".link { color: #333333 !important; }",
    ] {
        assert!(html.contains(rule), "{rule}: {html}");
    }
    for default in [
        &defaults.accent,
        &defaults.accent_dark,
        &defaults.on_accent_dark,
    ] {
        assert!(!html.contains(default.as_str()), "{default}");
    }
}

#[test]
fn a_mail_without_its_links_is_refused() {
    for mail in all() {
        let without = |change: fn(&mut OutgoingMail)| {
            let mut mail = mail.clone();
            change(&mut mail);
            matches!(render(&mail, &settings()), Err(RenderError::MissingLink(kind)) if kind == mail.kind)
        };
        assert!(without(|mail| mail.link = None), "{}", mail.kind);
        let is_refused = without(|mail| mail.sessions_link = None);
        assert_eq!(is_refused, mail.kind.shows_sessions(), "{}", mail.kind);
    }
}

#[test]
fn a_mail_that_promises_a_time_is_refused_without_one() {
    for mut mail in all().filter(|mail| mail.deadline.is_some()) {
        mail.deadline = None;
        assert!(
            matches!(render(&mail, &settings()), Err(RenderError::MissingDeadline(kind)) if kind == mail.kind)
        );
    }
}
