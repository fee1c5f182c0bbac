//! What users write does no harm in a mail.

use super::*;

#[test]
fn user_text_is_escaped_in_html_and_plain_in_text() {
    for mail in all() {
        let hello = match mail.language {
            Language::English => "Hello",
            Language::German => "Guten Tag",
        };
        let rendered = rendered(mail, |mail| {
            mail.first_name = Some("<script>x</script>\"' & {{ 7*7 }}".to_owned());
            mail.context.device = "<b onload=\"x\">".to_owned();
            mail.context.other_email = Some("<i>@<i onload=x>".to_owned());
        });
        for tag in ["<script", "<b ", "<i"] {
            assert!(!rendered.html.contains(tag), "{}", rendered.html);
        }
        let greeting =
            format!("{hello} &#60;script&#62;x&#60;/script&#62;&#34;&#39; &#38; {{{{ 7*7 }}}},");
        assert!(rendered.html.contains(&greeting), "{}", rendered.html);
        let greeting = format!("{hello} <script>x</script>\"' & {{{{ 7*7 }}}},");
        assert!(rendered.text.contains(&greeting), "{}", rendered.text);
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
        for mail in all() {
            let honest = rendered(mail.clone(), |mail| {
                (mail.first_name, mail.context.device) = (None, "Unknown device".to_owned());
            });
            let rendered = rendered(mail, |mail| {
                (mail.first_name, mail.context.device) = (Some(text.to_owned()), text.to_owned());
            });
            assert!(rendered == honest, "{text}: {}", rendered.text);
        }
    }
}

#[test]
fn a_new_address_makes_no_link() {
    for mail in all() {
        let RenderedMail { text, html, .. } = rendered(mail, |mail| {
            mail.context.other_email = Some("x@www.evil.example".to_owned());
        });
        for part in [text, html] {
            for link in ["@www", "www.evil", "evil.example"] {
                assert!(!part.contains(link), "{part}");
            }
        }
    }
}

#[test]
fn a_greeting_is_no_place_for_a_message() {
    let long = "Your account is locked, please call us now";
    for mail in all() {
        let rendered = rendered(mail, |mail| mail.first_name = Some(long.to_owned()));
        assert!(!rendered.text.contains(long), "{}", rendered.text);
        assert!(!rendered.html.contains(long), "{}", rendered.html);
    }
}

#[test]
fn a_subject_is_one_line_whatever_it_holds() {
    assert_eq!(tidy_subject(" a\r\nBcc: b\u{2028}c\0d\t "), "a Bcc: b c d");
    let mail = rendered(english(MailKind::Welcome), |mail| {
        mail.code = Some("1\r\nBcc: x".to_owned());
    });
    assert_eq!(mail.subject, "1 Bcc: x is your code for Example");
}
