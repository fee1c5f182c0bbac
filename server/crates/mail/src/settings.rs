use lettre::message::Mailbox as Sender;
use vestibule_core::Lifetimes;

use crate::MailLogo;

/// Who the mails are from, and how they look.
#[derive(Clone, Debug)]
pub struct MailSettings {
    pub(crate) product_name: String,
    pub(crate) from: Sender,
    pub(crate) support: Option<lettre::Address>,
    pub(crate) colours: MailColours,
    /// `None`: the product's name stands in its place.
    pub(crate) logo: Option<MailLogo>,
    /// What mails say about the life of their links and codes.
    pub(crate) lifetimes: Lifetimes,
}

/// The colours of buttons and links, each `#rrggbb`. Whether
/// they can be read is for the configuration to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailColours {
    /// On a white page.
    pub accent: String,
    /// The text of a button in that colour.
    pub on_accent: String,
    /// On a dark page.
    pub accent_dark: String,
    /// The text of a button in that colour.
    pub on_accent_dark: String,
}

impl Default for MailColours {
    /// Those of the pages: a contrast of 7.3 to 1, and of 9 to 1 on the dark page.
    fn default() -> Self {
        Self {
            accent: "#0e6358".to_owned(),
            on_accent: "#ffffff".to_owned(),
            accent_dark: "#6ccfbd".to_owned(),
            on_accent_dark: "#06231e".to_owned(),
        }
    }
}

/// A setting that no mail can be sent with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMailSettings {
    #[error("must be one line of 1 to 60 characters")]
    ProductName,
    #[error("must be an address like \"Example <no-reply@example.org>\"")]
    From,
    #[error("must be an address like help@example.org")]
    Support,
}

impl MailSettings {
    /// `from` is a mailbox, `Name <a@b>` or `a@b`; without a name it gets the product's.
    /// `support`, an address that a human reads, is shown in the mails and is where replies go.
    ///
    /// # Errors
    /// The first setting that is not usable.
    pub fn new(
        product_name: &str,
        from: &str,
        support: Option<&str>,
    ) -> Result<Self, InvalidMailSettings> {
        let product_name = product_name.trim();
        let length = product_name.chars().count();
        if !(1..=60).contains(&length) || has_line_break(product_name) {
            return Err(InvalidMailSettings::ProductName);
        }
        let mut from = from
            .parse::<Sender>()
            .map_err(|_| InvalidMailSettings::From)?;
        if from.name.as_deref().is_some_and(has_line_break) {
            return Err(InvalidMailSettings::From);
        }
        from.name.get_or_insert_with(|| product_name.to_owned());
        let support = support
            .map(str::parse)
            .transpose()
            .map_err(|_| InvalidMailSettings::Support)?;
        Ok(Self {
            product_name: product_name.to_owned(),
            from,
            support,
            colours: MailColours::default(),
            logo: None,
            lifetimes: Lifetimes::default(),
        })
    }

    /// The same with the operator's colours.
    #[must_use]
    pub fn with_colours(mut self, colours: MailColours) -> Self {
        self.colours = colours;
        self
    }

    /// The same with the deployment's lifetimes.
    #[must_use]
    pub fn with_lifetimes(mut self, lifetimes: Lifetimes) -> Self {
        self.lifetimes = lifetimes;
        self
    }

    /// The same with the operator's logo.
    #[must_use]
    pub fn with_logo(mut self, logo: Option<MailLogo>) -> Self {
        self.logo = logo;
        self
    }
}

/// Against header injection: no control character and no Unicode line break.
fn has_line_break(text: &str) -> bool {
    text.chars()
        .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_without_a_name_gets_the_products() {
        let settings = MailSettings::new("Example", "no-reply@example.org", None).unwrap();
        assert_eq!(settings.from.to_string(), "Example <no-reply@example.org>");
        let settings =
            MailSettings::new("Example", "Ann & Bob <no-reply@example.org>", None).unwrap();
        assert_eq!(settings.from.name.as_deref(), Some("Ann & Bob"));
    }

    #[test]
    fn settings_that_no_mail_can_be_sent_with_are_refused() {
        let refused =
            |product, from, support| MailSettings::new(product, from, support).unwrap_err();
        let (from, long) = ("no-reply@example.org", "a".repeat(61));
        for product in [
            "",
            "  ",
            "a\nb",
            "a\r\nBcc: x@example.org",
            "a\u{2028}b",
            &long,
        ] {
            assert_eq!(
                refused(product, from, None),
                InvalidMailSettings::ProductName,
                "{product:?}"
            );
        }
        for from in [
            "",
            "example.org",
            "a@b@c",
            "Ann <a@example.org>, Bob <b@example.org>",
        ] {
            assert_eq!(
                refused("Example", from, None),
                InvalidMailSettings::From,
                "{from:?}"
            );
        }
        for support in ["", "help", "help@example.org\r\nBcc: x@example.org"] {
            assert_eq!(
                refused("Example", from, Some(support)),
                InvalidMailSettings::Support,
                "{support:?}"
            );
        }
    }
}
