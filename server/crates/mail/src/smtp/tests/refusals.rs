//! What becomes of a mail that the server refuses.

use super::*;

/// What becomes of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handling {
    /// Dead.
    Ends,
    /// Tried for less than an hour.
    Retried,
    /// Tried for a day.
    Held,
    /// The same, and other mails wait too.
    AllWait,
}

fn handling(error: &MailError) -> Handling {
    match error {
        MailError::Permanent(_) => Handling::Ends,
        MailError::Temporary(_) => Handling::Retried,
        MailError::Held(_) => Handling::Held,
        MailError::NotAccepting(_) | MailError::Unreachable(_) => Handling::AllWait,
        MailError::Interrupted | MailError::Unanswered(_) => panic!("{error:?}"),
    }
}

/// By the place in the dialogue and the enhanced code, for every kind of mail: only what is said of
/// the recipient or of the message ends it. Postfix says at the recipient what it has against the
/// client. Each line has the place, and the reply to it.
const CASES: [(Handling, &str); 4] = [
    (
        Handling::AllWait,
        "\
MAIL 504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname
MAIL 550 5.1.1 unknown
MAIL 550 5.7.1 not this sender
MAIL 553 5.1.8 sender address rejected: domain not found
MAIL 552 5.3.4 too large
MAIL 451 4.3.0 busy
MAIL 530 5.7.0 authentication required",
    ),
    (
        Handling::Held,
        "\
RCPT 504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname
RCPT 450 4.7.1 Client host rejected: cannot find your hostname
RCPT 554 5.7.1 <client[203.0.113.7]>: Client host rejected
RCPT 554 5.7.1 Relay access denied
RCPT 554 Relay access denied
RCPT 550 relay not permitted
RCPT 550 Sender verify failed
RCPT 553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)
. 550 rejected as spam
RCPT 550 5.1.8 sender address rejected: domain not found
RCPT 550 5.1.7 bad sender
RCPT 550 5.4.5 daily sending quota exceeded
RCPT 550 5.7.26 unauthenticated mail from this domain
RCPT 530 5.7.0 authentication required
RCPT 535 authentication failed
RCPT 521 this host takes no mail
RCPT 421 4.3.2 closing
RCPT 451 4.3.0 local error
RCPT 451 local error
RCPT 501 syntax
DATA 452 4.3.1 disk full
DATA 554 5.5.1 no
DATA 554 no
. 550 5.7.26 unauthenticated mail from this domain
. 554 5.7.1 blocked by policy
. 421 4.7.0 too many messages
. 421 4.3.2 closing
. 452 4.3.1 disk full
. 451 local error",
    ),
    (
        Handling::Ends,
        "\
RCPT 550 sorry, no mailbox here by that name. (#5.1.1)
RCPT 550 5.1.1 unknown
RCPT 550 5.1.10 null MX
RCPT 550 5.2.1 mailbox disabled
RCPT 552 5.2.2 mailbox full
RCPT 550 5.4.1 recipient address rejected
RCPT 550 5.7.17 mailbox has another owner
RCPT 550 unknown
RCPT 550 5.x no code
RCPT 553 no such name
RCPT 556 5.1.10 domain takes no mail
DATA 550 5.1.1 unknown
. 554 5.6.0 bad content
. 552 5.3.4 too large
. 554 transaction failed
. 550 5.2.0 mailbox",
    ),
    (
        Handling::Retried,
        "\
RCPT 451 4.2.1 mailbox busy
RCPT 450 greylisted
RCPT 452 4.2.2 mailbox full
RCPT nonsense
. 450 4.2.0 mailbox",
    ),
];

#[tokio::test]
async fn only_a_refusal_of_this_recipient_or_message_ends_a_mail() {
    let cases = CASES
        .iter()
        .flat_map(|(expected, replies)| replies.lines().map(move |line| (expected, line)));
    for (expected, line) in cases {
        let (at, reply) = line.split_once(' ').unwrap();
        let peer = SmtpPeer::start(SmtpScript::Reply { at, reply }, "").await;
        let mailer = mailer(&peer, "", "");
        for mail in samples(Language::English) {
            let error = mailer.send(&mail).await.unwrap_err();
            assert_eq!(handling(&error), *expected, "{at} {reply}: {error:?}");
            let source = error.source().unwrap().to_string();
            let stage = ["MAIL FROM", "RCPT TO", "DATA", "the message"];
            assert!(
                stage.iter().any(|stage| source.starts_with(stage)),
                "{source}"
            );
        }
    }
}

/// A server that says so little in its greeting gets the public host name.
#[tokio::test]
async fn the_portal_calls_itself_by_the_host_that_people_open() {
    for (public_url, path, name) in [
        ("https://id.example.org", "", "id.example.org"),
        ("https://b\u{fc}cher.example", "", "xn--bcher-kva.example"),
        ("http://192.0.2.7:3000", "", "[192.0.2.7]"),
        ("http://[2001:db8::7]", "", "[IPv6:2001:db8::7]"),
        (
            "https://id.example.org",
            "/out.example.net",
            "out.example.net",
        ),
    ] {
        let peer = SmtpPeer::start(SmtpScript::Accept, "").await;
        let mailer = mailer(&peer, "", path).calling_itself(&public_url.parse().unwrap());
        mailer.send(&sample()).await.unwrap();
        peer.seen(|seen| assert_eq!(seen.commands[0], format!("EHLO {name}")));
    }
}

/// Replies that come before a mail is spoken of say nothing of it,
/// and neither does one that asks for authentication.
#[tokio::test]
async fn an_error_of_sender_or_server_is_not_the_mails() {
    for (at, reply) in [
        ("", "421 4.3.2 closing"),
        ("", "554 5.3.2 no service"),
        ("EHLO", "550 5.7.1 not you"),
        ("AUTH", "535 5.7.8 bad credentials"),
        ("AUTH", "534 5.7.9 too weak"),
        ("AUTH", "454 4.7.0 later"),
        ("MAIL", "530 5.7.0 authentication required"),
    ] {
        let script = SmtpScript::Reply { at, reply };
        let peer = SmtpPeer::start(script, "250-AUTH PLAIN LOGIN\r\n").await;
        let mailer = mailer(&peer, "ann:secret@", "");
        let error = mailer.send(&sample()).await.unwrap_err();
        // A server that refuses the connection for the moment is asked again soon.
        let is_as_expected = match &error {
            MailError::Unreachable(_) => reply.starts_with('4'),
            MailError::NotAccepting(_) => reply.starts_with('5'),
            _ => false,
        };
        assert!(is_as_expected, "{reply}: {error:?}");
        assert!(!format!("{error:?}").contains("secret"));
        peer.seen(|seen| {
            let commands = &seen.commands;
            let went_on = commands.iter().any(|command| command.starts_with("RCPT"));
            assert!(!went_on, "{commands:?}");
        });
    }
}
