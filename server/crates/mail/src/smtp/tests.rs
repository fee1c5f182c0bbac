//! Against a real peer on a loopback socket that follows its script.

use std::{error::Error as _, time::Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use vestibule_core::{mail::MailKind, model::Language};
use vestibule_testkit::{SmtpPeer, SmtpScript};

use super::*;
use crate::{MailLogo, render, samples};

mod mime;
mod refusals;

use mime::{decode, decode_text, decode_words, parts, split};

const DEADLINE: Duration = Duration::from_millis(300);
const LATE: Duration = Duration::from_millis(400);

/// A mailer whose mail server is on this port.
fn mailer_on(port: u16, user: &str, query: &str) -> SmtpMailer {
    let url = format!("smtp://{user}127.0.0.1:{port}{query}");
    let settings = MailSettings::new(
        "Example",
        "Example <no-reply@example.org>",
        Some("help@example.org"),
    )
    .unwrap();
    let mut mailer = SmtpMailer::new(&url.into(), settings).unwrap();
    mailer.connect_deadline = DEADLINE;
    mailer.send_deadline = DEADLINE;
    mailer
}

fn mailer(peer: &SmtpPeer, user: &str, query: &str) -> SmtpMailer {
    mailer_on(peer.port(), user, query)
}

fn sample() -> OutgoingMail {
    samples(Language::English)
        .into_iter()
        .find(|mail| mail.kind == MailKind::Welcome)
        .unwrap()
}

#[tokio::test]
async fn a_mail_arrives_whole() {
    let peer = SmtpPeer::start(SmtpScript::Accept, "").await;
    let mailer = mailer(&peer, "", "");
    let samples = Language::ALL.iter().flat_map(|language| samples(*language));
    let samples: Vec<_> = samples.collect();
    for mail in &samples {
        mailer.send(mail).await.unwrap();
        let rendered = render(mail, &mailer.settings).unwrap();
        let message = peer.seen(|seen| seen.messages.last().unwrap().text.clone());
        assert!(message.is_ascii() && message.lines().all(|line| line.len() <= 998));
        let (headers, _) = split(&message);
        assert_eq!(headers["From"], "Example <no-reply@example.org>");
        assert_eq!(headers["To"], mail.recipient);
        assert_eq!(headers["Reply-To"], "help@example.org");
        assert_eq!(decode_words(&headers["Subject"]), rendered.subject);
        assert_eq!(headers["Content-Language"], mail.language.as_str());
        assert_eq!(headers["Message-ID"], format!("<{}@example.org>", mail.id));
        assert_eq!(headers["Auto-Submitted"], "auto-generated");
        let suppressed = "DR, RN, NRN, OOF, AutoReply";
        assert_eq!(headers["X-Auto-Response-Suppress"], suppressed);
        assert_eq!(headers["MIME-Version"], "1.0");
        assert!(headers["Date"].contains("20"));
        let (kind, parts) = parts(&message);
        assert_eq!((kind.as_str(), parts.len()), ("multipart/alternative", 2));
        let plain = "text/plain; charset=utf-8".to_owned();
        assert_eq!(decode_text(parts[0]), (plain, rendered.text));
        let page = "text/html; charset=utf-8".to_owned();
        assert_eq!(decode_text(parts[1]), (page, rendered.html + "\n"));
    }
    peer.seen(|seen| {
        assert_eq!(seen.connections, 1, "the connection is kept");
        assert!(
            seen.commands
                .contains(&"MAIL FROM:<no-reply@example.org>".to_owned()),
            "{:?}",
            seen.commands
        );
        let recipients: Vec<_> = seen
            .commands
            .iter()
            .filter(|command| command.starts_with("RCPT"))
            .collect();
        assert_eq!(recipients, vec!["RCPT TO:<zoe@example.org>"; samples.len()]);
    });
}

#[tokio::test]
async fn a_logo_travels_inside_the_mail() {
    // As large as it may be, and with every byte there is.
    let png: Vec<u8> = (0..=255).cycle().take(64 * 1024).collect();
    let peer = SmtpPeer::start(SmtpScript::Accept, "").await;
    let mut mailer = mailer(&peer, "", "");
    mailer.settings = mailer.settings.clone().with_logo(Some(MailLogo::new(&png)));
    let mail = sample();
    mailer.send(&mail).await.unwrap();
    let rendered = render(&mail, &mailer.settings).unwrap();
    let message = peer.seen(|seen| seen.messages[0].text.clone());
    assert!(message.is_ascii() && message.lines().all(|line| line.len() <= 998));

    let (kind, outer) = parts(&message);
    assert_eq!((kind.as_str(), outer.len()), ("multipart/alternative", 2));
    let plain = "text/plain; charset=utf-8".to_owned();
    assert_eq!(decode_text(outer[0]), (plain, rendered.text));
    let (kind, inner) = parts(outer[1]);
    let related = "multipart/related; type=\"text/html\"";
    assert_eq!((kind.as_str(), inner.len()), (related, 2));
    let page = "text/html; charset=utf-8".to_owned();
    assert_eq!(decode_text(inner[0]), (page, rendered.html.clone() + "\n"));
    let (headers, image) = decode(inner[1]);
    assert_eq!(headers["Content-Type"], "image/png");
    assert_eq!(
        headers["Content-Disposition"],
        "inline; filename=\"logo.png\""
    );
    let id = headers["Content-ID"].trim_matches(['<', '>']);
    assert_eq!(headers["Content-ID"], format!("<{id}>"));
    assert!(rendered.html.contains(&format!("<img src=\"cid:{id}\"")));
    assert_eq!(image, png);
}

/// Where the server takes eight bits, and in English anyway.
#[tokio::test]
async fn the_source_of_a_mail_has_its_link_whole_on_a_line_of_its_own() {
    for (extension, languages) in [
        ("250-8BITMIME\r\n", Language::ALL),
        ("", &[Language::English]),
    ] {
        let peer = SmtpPeer::start(SmtpScript::Accept, extension).await;
        let mailer = mailer(&peer, "", "");
        for mut mail in languages.iter().flat_map(|language| samples(*language)) {
            if extension.is_empty() {
                // What is not in ASCII: a name, and the joiners in an address that is no link.
                mail.first_name = None;
                mail.context.other_email = None;
            }
            mailer.send(&mail).await.unwrap();
            let message = peer.seen(|seen| seen.messages.last().unwrap().text.clone());
            let link = mail.link.unwrap();
            assert!(message.lines().any(|line| line == link), "{message}");
            assert!(message.lines().all(|line| line.len() <= 998));
        }
        peer.seen(|seen| {
            let announced = seen.commands.iter().filter(|it| it.starts_with("MAIL"));
            for command in announced {
                let says_so = command.ends_with(" BODY=8BITMIME");
                assert_eq!(says_so, !extension.is_empty(), "{command}");
            }
        });
    }
}

#[tokio::test]
async fn eight_bits_go_to_no_server_that_takes_seven() {
    let peer = SmtpPeer::start(SmtpScript::Accept, "").await;
    let mailer = mailer(&peer, "", "");
    let mail = samples(Language::German).remove(0);
    mailer.send(&mail).await.unwrap();
    let message = peer.seen(|seen| seen.messages[0].text.clone());
    assert!(message.is_ascii(), "{message}");
    assert_is_in_base64(&mail, &message, &mailer);
}

/// RFC 5321, section 4.5.3.1.6.
#[tokio::test]
async fn no_line_is_longer_than_servers_take() {
    for extension in ["", "250-8BITMIME\r\n"] {
        let peer = SmtpPeer::start(SmtpScript::Accept, extension).await;
        let mailer = mailer(&peer, "", "");
        let mail = OutgoingMail {
            link: Some(format!("https://example.org/{}", "x".repeat(2000))),
            ..samples(Language::English).remove(0)
        };
        mailer.send(&mail).await.unwrap();
        let message = peer.seen(|seen| seen.messages[0].text.clone());
        assert!(message.lines().all(|line| line.len() <= 998), "{message}");
        assert_is_in_base64(&mail, &message, &mailer);
    }
}

#[track_caller]
fn assert_is_in_base64(mail: &OutgoingMail, message: &str, mailer: &SmtpMailer) {
    let (_, parts) = parts(message);
    assert_eq!(split(parts[0]).0["Content-Transfer-Encoding"], "base64");
    let rendered = render(mail, &mailer.settings).unwrap();
    assert_eq!(decode_text(parts[0]).1, rendered.text);
}

#[tokio::test]
async fn a_password_arrives_as_it_was_before_it_was_written_into_the_url() {
    let peer = SmtpPeer::start(SmtpScript::Accept, "250-AUTH PLAIN LOGIN\r\n").await;
    let mailer = mailer(&peer, "ann%40example.org:p%C3%A4ss+%2F@", "");
    mailer.send(&sample()).await.unwrap();
    let credentials = STANDARD.encode("\0ann@example.org\0p\u{e4}ss+/");
    peer.seen(|seen| {
        let said = format!("AUTH PLAIN {credentials}");
        assert!(seen.commands.contains(&said), "{:?}", seen.commands);
    });
}

#[tokio::test]
async fn a_server_that_hangs_up_is_tried_again() {
    for at in ["", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let peer = SmtpPeer::start(SmtpScript::Drop { at }, "").await;
        let error = mailer(&peer, "", "").send(&sample()).await.unwrap_err();
        expect_another_try(&error, at);
    }
}

/// Whether it counts as a try of this mail: not before something was said of it.
/// Whether it may have arrived: after its end.
#[track_caller]
fn expect_another_try(error: &MailError, at: &str) {
    let is_as_expected = match at {
        "" | "EHLO" => matches!(error, MailError::Unreachable(_)),
        "." => matches!(error, MailError::Unanswered(_)),
        _ => matches!(error, MailError::Temporary(_)),
    };
    assert!(is_as_expected, "{at}: {error:?}");
}

/// A refusal is one, however the server takes leave.
#[tokio::test]
async fn a_server_that_says_no_and_then_nothing_has_said_no() {
    for (at, reply) in [("RCPT", "550 5.1.1 unknown"), (".", "554 5.6.0 spam")] {
        let peer = SmtpPeer::start(SmtpScript::Reply { at, reply }, "").await;
        let began = Instant::now();
        let error = mailer(&peer, "", "").send(&sample()).await.unwrap_err();
        assert!(matches!(error, MailError::Permanent(_)), "{at}: {error:?}");
        assert!(began.elapsed() < DEADLINE, "{at}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_says_nothing_of_the_mail() {
    let error = mailer_on(1, "", "").send(&sample()).await.unwrap_err();
    assert!(matches!(error, MailError::Unreachable(_)), "{error:?}");
}

/// Mails at once have a connection each; one of them is kept, and not for long.
#[tokio::test]
async fn a_connection_is_kept_for_a_moment() {
    let peer = SmtpPeer::start(SmtpScript::Accept, "").await;
    let mailer = mailer(&peer, "", "");
    let mail = sample();
    let (one, other) = tokio::join!(mailer.send(&mail), mailer.send(&mail));
    one.unwrap();
    other.unwrap();
    mailer.send(&mail).await.unwrap();
    peer.seen(|seen| assert_eq!(seen.connections, 2));
    sleep(MAX_SILENCE + LATE).await;
    peer.seen(|seen| assert_eq!(seen.commands.last().unwrap(), "QUIT"));
    mailer.send(&mail).await.unwrap();
    peer.seen(|seen| assert_eq!(seen.connections, 3));
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    for at in ["", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let peer = SmtpPeer::start(SmtpScript::Silent { at }, "").await;
        let began = Instant::now();
        let error = mailer(&peer, "", "").send(&sample()).await.unwrap_err();
        expect_another_try(&error, at);
        assert!((DEADLINE..10 * DEADLINE).contains(&began.elapsed()), "{at}");
    }
}

#[tokio::test]
async fn late_replies_are_not_taken_for_those_of_a_later_mail() {
    for at in ["", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let peer = SmtpPeer::start(SmtpScript::LateOnce { at, by: LATE }, "").await;
        let mailer = mailer(&peer, "", "");
        mailer.send(&sample()).await.unwrap_err();
        tokio::time::sleep(LATE).await;
        mailer.send(&sample()).await.unwrap();
        peer.seen(|seen| {
            assert_eq!(
                seen.connections, 2,
                "{at}: the connection in doubt is not used again"
            );
            assert!(seen.messages.last().unwrap().text.contains("493027"));
        });
    }
}

#[tokio::test]
async fn a_worker_that_stops_half_way_spoils_no_later_mail() {
    let peer = SmtpPeer::start(
        SmtpScript::LateOnce {
            at: "RCPT",
            by: LATE,
        },
        "",
    )
    .await;
    let mailer = mailer(&peer, "", "");
    let (mail, limit) = (sample(), Duration::from_millis(50));
    assert!(timeout(limit, mailer.send(&mail)).await.is_err());
    tokio::time::sleep(LATE).await;
    mailer.send(&mail).await.unwrap();
    peer.seen(|seen| assert_eq!((seen.connections, seen.messages.len()), (2, 1)));
}

#[tokio::test]
async fn nothing_is_sent_when_starttls_is_missing_or_fails() {
    for (script, extension) in [
        (SmtpScript::Accept, ""),
        (
            SmtpScript::Reply {
                at: "STARTTLS",
                reply: "454 4.7.0 not now",
            },
            "250-STARTTLS\r\n",
        ),
        (
            SmtpScript::Reply {
                at: "STARTTLS",
                reply: "220 go on\r\nthis is no TLS",
            },
            "250-STARTTLS\r\n",
        ),
    ] {
        let peer = SmtpPeer::start(script, extension).await;
        let error = mailer(&peer, "ann:secret@", "?tls=required")
            .send(&sample())
            .await
            .unwrap_err();
        assert!(
            matches!(
                error,
                MailError::NotAccepting(_) | MailError::Unreachable(_)
            ),
            "{error:?}"
        );
        peer.seen(|seen| {
            let leak = seen
                .commands
                .iter()
                .any(|command| command.starts_with("AUTH") || command.starts_with("MAIL"));
            assert!(!leak && seen.messages.is_empty(), "{:?}", seen.commands);
        });
    }
}

#[tokio::test]
async fn a_recipient_that_is_no_plain_address_is_refused_before_connecting() {
    let peer = SmtpPeer::start(SmtpScript::Accept, "").await;
    let mailer = mailer(&peer, "", "");
    for recipient in [
        "ann",
        "a@example.org, b@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "Ann <a@example.org>",
    ] {
        let mail = OutgoingMail {
            recipient: recipient.to_owned(),
            ..sample()
        };
        let error = mailer.send(&mail).await.unwrap_err();
        assert!(
            matches!(error, MailError::Permanent(_)),
            "{recipient}: {error:?}"
        );
    }
    peer.seen(|seen| assert_eq!(seen.connections, 0));
}

#[tokio::test]
async fn the_text_of_an_error_shows_no_address() {
    let reply = "550 5.1.1 <zoe@example.org>: user unknown in zoe@example.org";
    let peer = SmtpPeer::start(SmtpScript::Reply { at: "RCPT", reply }, "").await;
    let error = mailer(&peer, "", "").send(&sample()).await.unwrap_err();
    let source = error.source().unwrap().to_string();
    assert!(
        source.contains("550") && source.contains("user unknown"),
        "{source}"
    );
    assert!(
        !source.contains('@') && !format!("{error:?}").contains('@'),
        "{source}"
    );
}
