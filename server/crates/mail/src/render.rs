use askama::Template;
use vestibule_core::mail::OutgoingMail;

use crate::{
    MailColours, MailLogo, MailSettings, RenderError,
    content::{Block, MailContent},
    contents::content,
    facts::MailFacts,
};

/// A mail in words.
#[derive(Clone, PartialEq, Eq)]
pub struct RenderedMail {
    /// One line.
    pub subject: String,
    pub text: String,
    /// It names the logo, where there is one, by its content id.
    pub html: String,
}

#[derive(Template)]
#[template(path = "mail.txt")]
struct Text<'a> {
    content: &'a MailContent<'a>,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    content: &'a MailContent<'a>,
    lang: &'a str,
    dir: &'a str,
    colours: &'a MailColours,
    /// The address of the image that stands for the product's name.
    logo: Option<String>,
}

/// Puts a mail into words.
///
/// # Errors
/// The mail lacks what its kind must say: a link, and for some how long it works.
pub fn render(mail: &OutgoingMail, settings: &MailSettings) -> Result<RenderedMail, RenderError> {
    let facts = MailFacts::of(mail, settings)?;
    let mut content = content(mail.kind, &facts)?;
    content.subject = tidy_subject(&content.subject);
    let text = Text { content: &content }.render()?;
    let html = Html {
        content: &content,
        lang: facts.texts.lang(),
        dir: facts.texts.dir(),
        colours: &settings.colours,
        logo: settings.logo.as_ref().map(|_| logo_address(mail)),
    };
    Ok(RenderedMail {
        text: tidy_text(&text),
        html: html.render()?,
        subject: content.subject,
    })
}

/// The page of a mail by itself, for a browser: the logo is inside it,
/// in an address that few mail programs would show.
pub fn standalone_html(html: &str, mail: &OutgoingMail, settings: &MailSettings) -> String {
    match &settings.logo {
        Some(logo) => html.replace(&logo_address(mail), &logo.data_url()),
        None => html.to_owned(),
    }
}

fn logo_address(mail: &OutgoingMail) -> String {
    format!("cid:{}", MailLogo::content_id(mail.id))
}

/// One line, whatever the catalogue and the values held: nothing of a subject can become a header.
fn tidy_subject(subject: &str) -> String {
    subject
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Template tags leave blank lines behind: one is enough. A
/// paragraph is one line, which each mail program wraps to fit.
fn tidy_text(text: &str) -> String {
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

#[cfg(test)]
mod tests;
