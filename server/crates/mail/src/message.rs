use lettre::{
    Address, Message,
    message::{
        Attachment, MultiPart, SinglePart,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
};
use vestibule_core::{mail::OutgoingMail, ports::MailError};

use crate::{MailLogo, MailSettings, RenderedMail, render};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// RFC 3834: vacation responders leave this mail alone.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, BoxError> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// RFC 3282: for readers and translators that do not look into the parts.
#[derive(Clone)]
struct ContentLanguage(String);

impl Header for ContentLanguage {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Language")
    }

    fn parse(language: &str) -> Result<Self, BoxError> {
        Ok(Self(language.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}

/// The mail as it travels. One message has one recipient, exactly the address that was given (lesson V15).
pub(crate) fn message(mail: &OutgoingMail, settings: &MailSettings) -> Result<Message, MailError> {
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
        // The same for every attempt, so that a mail which was sent twice can be told as one.
        .message_id(Some(format!(
            "<{}@{}>",
            mail.id,
            settings.from.email.domain()
        )))
        .header(ContentLanguage(mail.language.as_str().to_owned()))
        .header(AutoSubmitted);
    if let Some(support) = &settings.support {
        builder = builder.reply_to(support.clone().into());
    }
    builder
        .multipart(match &settings.logo {
            None => MultiPart::alternative_plain_html(text, html),
            Some(logo) => MultiPart::alternative()
                .singlepart(SinglePart::plain(text))
                .multipart(page_with_logo(html, logo, mail)?),
        })
        .map_err(permanent)
}

/// The page together with the image in it (RFC 2387). The name of the file is for programs that list the parts.
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
