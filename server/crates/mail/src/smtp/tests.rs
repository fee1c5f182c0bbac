//! Against a real peer on a loopback socket that says what its script tells it.

use std::{
    collections::HashMap,
    error::Error as _,
    sync::{Arc, Mutex},
    time::Instant,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use vestibule_core::{mail::MailKind, model::Language};

use super::*;
use crate::{render, samples};

/// What the peer does when a line of the dialogue begins with `at` ("." is the end of the message, "" the greeting).
#[derive(Clone, Copy)]
enum Script {
    Accept,
    Reply {
        at: &'static str,
        reply: &'static str,
    },
    Drop {
        at: &'static str,
    },
    Silent {
        at: &'static str,
    },
    /// Replies after [`LATE`], on the first connection alone: the second shows what became of the pool.
    LateOnce {
        at: &'static str,
    },
}

const DEADLINE: Duration = Duration::from_millis(300);
const LATE: Duration = Duration::from_millis(400);

#[derive(Default)]
struct Seen {
    connections: usize,
    commands: Vec<String>,
    messages: Vec<String>,
}

struct Peer {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl Peer {
    async fn start(script: Script, extension: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Seen>>::default();
        let record = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let count = {
                    let mut seen = record.lock().unwrap();
                    seen.connections += 1;
                    seen.connections
                };
                tokio::spawn(converse(
                    stream,
                    script,
                    extension,
                    count == 1,
                    Arc::clone(&record),
                ));
            }
        });
        Self { port, seen }
    }

    fn mailer(&self, user: &str, query: &str) -> SmtpMailer {
        let url = format!("smtp://{user}127.0.0.1:{}{query}", self.port);
        let settings = MailSettings::new(
            "Example",
            "Example <no-reply@example.org>",
            Some("help@example.org"),
        )
        .unwrap();
        let mut mailer = SmtpMailer::new(&url.into(), settings).unwrap();
        mailer.send_deadline = DEADLINE;
        mailer
    }

    fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap())
    }
}

async fn converse(
    stream: TcpStream,
    script: Script,
    extension: &str,
    first: bool,
    seen: Arc<Mutex<Seen>>,
) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let mut message: Option<String> = None;
    loop {
        let reply = match (&mut message, line.trim_end()) {
            (Some(_), ".") => "250 2.0.0 queued".to_owned(),
            (Some(text), _) => {
                text.push_str(line.strip_prefix('.').unwrap_or(&line));
                String::new()
            }
            (None, "") => "220 peer ready".to_owned(),
            (None, command) => {
                seen.lock().unwrap().commands.push(command.to_owned());
                match command.split(' ').next().unwrap() {
                    "EHLO" => format!("250-peer\r\n{extension}250 HELP"),
                    "DATA" => {
                        message = Some(String::new());
                        "354 go on".to_owned()
                    }
                    "QUIT" => "221 bye".to_owned(),
                    _ => "250 ok".to_owned(),
                }
            }
        };
        let is_here = |at: &str| {
            !reply.is_empty()
                && if at.is_empty() {
                    line.is_empty()
                } else {
                    line.starts_with(at)
                }
        };
        let reply = match script {
            Script::Drop { at } if is_here(at) => return,
            Script::Silent { at } if is_here(at) => String::new(),
            Script::LateOnce { at } if first && is_here(at) => {
                tokio::time::sleep(LATE).await;
                reply
            }
            Script::Reply { at, reply } if is_here(at) => reply.to_owned(),
            _ => reply,
        };
        if line.trim_end() == "."
            && let Some(text) = message.take()
        {
            seen.lock().unwrap().messages.push(text);
        }
        if !reply.is_empty()
            && stream
                .write_all(format!("{reply}\r\n").as_bytes())
                .await
                .is_err()
        {
            return;
        }
        line.clear();
        if !matches!(stream.read_line(&mut line).await, Ok(length) if length > 0) {
            return;
        }
    }
}

fn sample() -> OutgoingMail {
    samples(Language::English)
        .into_iter()
        .find(|mail| mail.kind == MailKind::Welcome)
        .unwrap()
}

/// The headers (unfolded) and the body.
fn split(part: &str) -> (HashMap<String, String>, &str) {
    let (head, body) = part.split_once("\r\n\r\n").unwrap();
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let headers = head.lines().map(|line| line.split_once(": ").unwrap());
    (
        headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body,
    )
}

/// A header as it was before its words were encoded. The space between two encoded words is none (RFC 2047, 6.2).
fn decode_words(header: &str) -> String {
    let mut bytes = Vec::new();
    let mut was_encoded = false;
    for word in header.split(' ') {
        let encoded = word
            .strip_prefix("=?utf-8?b?")
            .and_then(|word| word.strip_suffix("?="));
        let joins = was_encoded && encoded.is_some();
        if !(bytes.is_empty() || joins) {
            bytes.push(b' ');
        }
        match encoded {
            Some(encoded) => bytes.extend(STANDARD.decode(encoded).unwrap()),
            None => bytes.extend(word.as_bytes()),
        }
        was_encoded = encoded.is_some();
    }
    String::from_utf8(bytes).unwrap()
}

/// The body as it was before the transfer encoding.
fn decode(part: &str) -> (String, String) {
    let (headers, body) = split(part);
    let bytes = match headers["Content-Transfer-Encoding"].as_str() {
        "quoted-printable" => {
            quoted_printable::decode(body, quoted_printable::ParseMode::Strict).unwrap()
        }
        "base64" => STANDARD.decode(body.replace("\r\n", "")).unwrap(),
        _ => body.as_bytes().to_vec(),
    };
    (
        headers["Content-Type"].clone(),
        String::from_utf8(bytes).unwrap().replace("\r\n", "\n"),
    )
}

#[tokio::test]
async fn a_mail_arrives_whole() {
    let peer = Peer::start(Script::Accept, "").await;
    let mailer = peer.mailer("", "");
    let samples = Language::ALL.iter().flat_map(|language| samples(*language));
    let samples: Vec<_> = samples.collect();
    for mail in &samples {
        mailer.send(mail).await.unwrap();
        // A task of lettre's puts the connection back.
        tokio::task::yield_now().await;
        let rendered = render(mail, &mailer.settings).unwrap();
        let message = peer.seen(|seen| seen.messages.last().unwrap().clone());
        assert!(message.is_ascii() && message.lines().all(|line| line.len() <= 998));
        let (headers, body) = split(&message);
        assert_eq!(headers["From"], "Example <no-reply@example.org>");
        assert_eq!(headers["To"], mail.recipient);
        assert_eq!(headers["Reply-To"], "help@example.org");
        assert_eq!(decode_words(&headers["Subject"]), rendered.subject);
        assert_eq!(headers["Content-Language"], mail.language.as_str());
        assert_eq!(headers["Message-ID"], format!("<{}@example.org>", mail.id));
        assert_eq!(headers["Auto-Submitted"], "auto-generated");
        assert_eq!(headers["MIME-Version"], "1.0");
        assert!(headers["Date"].contains("20"));
        let (kind, boundary) = headers["Content-Type"].split_once("; boundary=").unwrap();
        assert_eq!(kind, "multipart/alternative");
        let delimiter = format!("--{}", boundary.trim_matches('"'));
        let parts: Vec<&str> = body.split(delimiter.as_str()).collect();
        assert_eq!(parts.len(), 4, "a prologue, two parts and the end");
        let part = |index: usize| decode(parts[index].trim_start_matches("\r\n"));
        let (text_type, text) = part(1);
        let (html_type, html) = part(2);
        assert_eq!(
            (text_type.as_str(), html_type.as_str()),
            ("text/plain; charset=utf-8", "text/html; charset=utf-8")
        );
        assert_eq!(text.trim_end(), rendered.text.trim_end());
        assert_eq!(html.trim_end(), rendered.html.trim_end());
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
async fn every_attempt_has_the_same_message_id() {
    let peer = Peer::start(Script::Accept, "").await;
    let mailer = peer.mailer("", "");
    mailer.send(&sample()).await.unwrap();
    mailer.send(&sample()).await.unwrap();
    peer.seen(|seen| {
        let ids: Vec<_> = seen
            .messages
            .iter()
            .map(|message| split(message).0["Message-ID"].clone())
            .collect();
        assert_eq!(ids[0], ids[1]);
    });
}

#[tokio::test]
async fn replies_say_whether_trying_again_makes_sense() {
    let cases = [
        ("", "554 5.3.2 no service", true),
        ("MAIL", "451 4.3.0 busy", false),
        ("RCPT", "451 4.2.1 mailbox busy", false),
        ("RCPT", "550 5.1.1 unknown", true),
        ("DATA", "452 4.3.1 full", false),
        (".", "554 5.7.1 spam", true),
        (".", "421 4.3.2 closing", false),
        ("RCPT", "nonsense", false),
    ];
    for (at, reply, permanent) in cases {
        let peer = Peer::start(Script::Reply { at, reply }, "").await;
        let error = peer.mailer("", "").send(&sample()).await.unwrap_err();
        assert_eq!(
            matches!(error, MailError::Permanent(_)),
            permanent,
            "{at} {reply}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_is_our_fault_and_not_the_mails() {
    for reply in [
        "535 5.7.8 bad credentials",
        "534 5.7.9 too weak",
        "454 4.7.0 later",
    ] {
        let peer = Peer::start(
            Script::Reply { at: "AUTH", reply },
            "250-AUTH PLAIN LOGIN\r\n",
        )
        .await;
        let error = peer
            .mailer("ann:secret@", "")
            .send(&sample())
            .await
            .unwrap_err();
        assert!(
            matches!(error, MailError::Temporary(_)),
            "{reply}: {error:?}"
        );
        assert!(!format!("{error:?}").contains("secret"));
        peer.seen(|seen| {
            let went_on = seen
                .commands
                .iter()
                .any(|command| command.starts_with("MAIL"));
            assert!(!went_on, "{:?}", seen.commands);
        });
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_is_tried_again() {
    for at in ["", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let peer = Peer::start(Script::Drop { at }, "").await;
        let error = peer.mailer("", "").send(&sample()).await.unwrap_err();
        assert!(matches!(error, MailError::Temporary(_)), "{at}: {error:?}");
    }
    let closed = Peer {
        port: 1,
        seen: Arc::default(),
    };
    let error = closed.mailer("", "").send(&sample()).await.unwrap_err();
    assert!(matches!(error, MailError::Temporary(_)), "{error:?}");
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    for at in ["", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let peer = Peer::start(Script::Silent { at }, "").await;
        let began = Instant::now();
        let error = peer.mailer("", "").send(&sample()).await.unwrap_err();
        assert!(matches!(error, MailError::Temporary(_)), "{at}: {error:?}");
        assert!((DEADLINE..10 * DEADLINE).contains(&began.elapsed()), "{at}");
    }
}

#[tokio::test]
async fn late_replies_are_not_taken_for_those_of_a_later_mail() {
    for at in ["", "EHLO", "MAIL", "RCPT", "DATA", "."] {
        let peer = Peer::start(Script::LateOnce { at }, "").await;
        let mailer = peer.mailer("", "");
        mailer.send(&sample()).await.unwrap_err();
        tokio::time::sleep(LATE).await;
        mailer.send(&sample()).await.unwrap();
        peer.seen(|seen| {
            assert_eq!(
                seen.connections, 2,
                "{at}: the connection in doubt is not used again"
            );
            assert!(seen.messages.last().unwrap().contains("493027"));
        });
    }
}

#[tokio::test]
async fn a_worker_that_stops_half_way_spoils_no_later_mail() {
    let peer = Peer::start(Script::LateOnce { at: "RCPT" }, "").await;
    let mailer = peer.mailer("", "");
    let (mail, patience) = (sample(), Duration::from_millis(50));
    assert!(timeout(patience, mailer.send(&mail)).await.is_err());
    tokio::time::sleep(LATE).await;
    mailer.send(&mail).await.unwrap();
    peer.seen(|seen| assert_eq!((seen.connections, seen.messages.len()), (2, 1)));
}

#[tokio::test]
async fn nothing_is_sent_when_starttls_is_missing_or_fails() {
    for (script, extension) in [
        (Script::Accept, ""),
        (
            Script::Reply {
                at: "STARTTLS",
                reply: "454 4.7.0 not now",
            },
            "250-STARTTLS\r\n",
        ),
        (
            Script::Reply {
                at: "STARTTLS",
                reply: "220 go on\r\nthis is no TLS",
            },
            "250-STARTTLS\r\n",
        ),
    ] {
        let peer = Peer::start(script, extension).await;
        let error = peer
            .mailer("ann:secret@", "?tls=required")
            .send(&sample())
            .await
            .unwrap_err();
        assert!(matches!(error, MailError::Temporary(_)), "{error:?}");
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
    let peer = Peer::start(Script::Accept, "").await;
    let mailer = peer.mailer("", "");
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
    let peer = Peer::start(Script::Reply { at: "RCPT", reply }, "").await;
    let error = peer.mailer("", "").send(&sample()).await.unwrap_err();
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
