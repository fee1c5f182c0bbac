//! What mails say of the life of their links and codes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;

use vestibule_core::Lifetimes;
use vestibule_core::mail::MailKind;
use vestibule_core::model::{Language, Purpose};
use vestibule_mail::{MailSettings, render, samples};

#[test]
fn mails_say_how_long_links_and_codes_live_in_this_deployment() {
    let lifetimes = Lifetimes {
        verify_code: Duration::from_mins(5),
        ..Lifetimes::default()
    }
    .with_link(Purpose::ResetPassword, Duration::from_mins(20))
    .with_link(Purpose::VerifyEmail, Duration::from_hours(48))
    .with_link(Purpose::ChangeEmail, Duration::from_hours(12))
    .with_link(Purpose::RevertEmail, Duration::from_hours(24 * 7));
    let settings = MailSettings::new("Example", "no-reply@example.org", None).unwrap();
    let settings = settings.with_lifetimes(lifetimes);
    for (kind, lives) in [
        (MailKind::Welcome, &["5 minutes", "48 hours"][..]),
        (MailKind::VerifyEmail, &["5 minutes", "48 hours"]),
        (MailKind::ResetPassword, &["20 minutes"]),
        (MailKind::ConfirmNewEmail, &["12 hours"]),
        (MailKind::EmailChanged, &["7 days"]),
    ] {
        let mails = samples(Language::English);
        let mail = mails.iter().find(|mail| mail.kind == kind).unwrap();
        let rendered = render(mail, &settings).unwrap();
        for text in [rendered.text, rendered.html] {
            for life in lives {
                assert!(text.contains(life), "{kind}: {life}: {text}");
            }
            for default in ["10 minutes", "60 minutes", "24 hours", "72 hours"] {
                assert!(!text.contains(default), "{kind}: {default}: {text}");
            }
        }
    }
}
