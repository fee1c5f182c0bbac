use lettre::{
    Address, Message,
    message::{
        Attachment, Body, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};
use vestibule_core::{mail::OutgoingMail, ports::MailError};

use crate::{MailLogo, MailSettings, RenderedMail, render};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");
const AUTO_RESPONSE_SUPPRESS: HeaderName =
    HeaderName::new_from_ascii_str("X-Auto-Response-Suppress");
const CONTENT_LANGUAGE: HeaderName = HeaderName::new_from_ascii_str("Content-Language");

/// What the server takes (RFC 6152).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bits {
    Seven,
    Eight,
}

/// The longest line of a message, without its end (RFC 5322, 2.1.1).
const MAX_LINE_BYTES: usize = 998;

/// The text as it is, so that a program which does not decode it finds the link whole. In base64
/// where that cannot be, never in quoted-printable, which writes another link.
fn plain(text: String, bits: Bits) -> SinglePart {
    let is_as_it_is = (text.is_ascii() || bits == Bits::Eight)
        && !text.contains(['\r', '\0'])
        && text.lines().all(|line| line.len() <= MAX_LINE_BYTES);
    let body = if is_as_it_is {
        let encoding = if text.is_ascii() {
            ContentTransferEncoding::SevenBit
        } else {
            ContentTransferEncoding::EightBit
        };
        Body::dangerous_pre_encoded(text.replace('\n', "\r\n").into_bytes(), encoding)
    } else {
        Body::new_with_encoding(text, ContentTransferEncoding::Base64).unwrap_or_else(Body::new)
    };
    SinglePart::builder()
        .header(ContentType::TEXT_PLAIN)
        .body(body)
}

/// The mail as it travels. One message has one recipient,
/// exactly the address that was given.
pub(crate) fn message(
    mail: &OutgoingMail,
    settings: &MailSettings,
    bits: Bits,
) -> Result<Message, MailError> {
    let RenderedMail {
        subject,
        text,
        html,
    } = render(mail, settings).map_err(permanent)?;
    let recipient = mail.recipient.parse::<Address>().map_err(permanent)?;
    let mut builder = Message::builder()
        .from(settings.from.clone())
        .to(recipient.into())
        .subject(subject)
        // The same for every attempt, so that a mail which was sent twice can be recognised as one.
        .message_id(Some(format!(
            "<{}@{}>",
            mail.id,
            settings.from.email.domain()
        )))
        // RFC 3282: for readers and translators that do not look into the parts.
        .raw_header(header(CONTENT_LANGUAGE, mail.language.as_str()))
        // RFC 3834: vacation responders leave this mail alone.
        .raw_header(header(AUTO_SUBMITTED, "auto-generated"))
        // Exchange answers "out of office" and the like to what it does not find this in; a mail
        // that cannot be delivered still comes back.
        .raw_header(header(
            AUTO_RESPONSE_SUPPRESS,
            "DR, RN, NRN, OOF, AutoReply",
        ));
    if let Some(support) = &settings.support {
        builder = builder.reply_to(support.clone().into());
    }
    builder
        .multipart(match &settings.logo {
            None => MultiPart::alternative()
                .singlepart(plain(text, bits))
                .singlepart(SinglePart::html(html)),
            Some(logo) => MultiPart::alternative()
                .singlepart(plain(text, bits))
                .multipart(page_with_logo(html, logo, mail)?),
        })
        .map_err(permanent)
}

fn header(name: HeaderName, value: &str) -> HeaderValue {
    HeaderValue::new(name, value.to_owned())
}

/// The page together with the image in it (RFC 2387). The
/// name of the file is for programs that list the parts.
fn page_with_logo(
    html: String,
    logo: &MailLogo,
    mail: &OutgoingMail,
) -> Result<MultiPart, MailError> {
    let content_type = |text: &str| ContentType::parse(text).map_err(permanent);
    let image =
        Attachment::new_inline_with_name(MailLogo::content_id(mail.id), "logo.png".to_owned())
            .body(logo.png().to_vec(), content_type("image/png")?);
    let mut page = MultiPart::related()
        .singlepart(SinglePart::html(html))
        .singlepart(image);
    // lettre leaves out the type of the root, which the RFC asks for.
    let boundary = page.boundary();
    page.headers_mut().set(content_type(&format!(
        "multipart/related; type=\"text/html\"; boundary=\"{boundary}\""
    ))?);
    Ok(page)
}

fn permanent(error: impl Into<BoxError>) -> MailError {
    MailError::Permanent(error.into())
}
