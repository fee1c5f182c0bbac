use vestibule_core::mail::MailKind;
use vestibule_mail::SentMail;

use super::PUBLIC_URL;

/// A mail as its reader has it.
pub struct Mail {
    pub kind: MailKind,
    pub to: String,
    pub text: String,
    pub html: String,
    pub link: String,
    /// The token in the link.
    pub token: Option<String>,
    pub code: Option<String>,
}

impl Mail {
    /// Where its link leads in the portal.
    pub fn path(&self) -> &str {
        self.link.strip_prefix(PUBLIC_URL).unwrap()
    }

    /// The page of its link, which has a token.
    pub fn page(&self) -> &str {
        self.path().split_once("?token=").unwrap().0
    }
}

impl From<SentMail> for Mail {
    fn from(sent: SentMail) -> Self {
        let link = sent.mail.link.unwrap_or_default();
        Self {
            kind: sent.mail.kind,
            to: sent.mail.recipient,
            text: sent.rendered.text,
            html: sent.rendered.html,
            token: link
                .split_once("?token=")
                .map(|(_, token)| token.to_owned()),
            link,
            code: sent.mail.code,
        }
    }
}
