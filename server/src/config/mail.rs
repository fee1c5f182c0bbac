use secrecy::{ExposeSecret as _, SecretString};
use vestibule_core::Lifetimes;
use vestibule_mail::{InvalidMailSettings, MailSettings, SmtpMailer, validate_url};

use super::reader::Reader;
use super::{BrandingConfig, Mode, table};

#[derive(Clone, Debug)]
pub struct MailConfig {
    /// `None`: mails are kept in the data folder and shown at /dev/mailbox.
    pub smtp_url: Option<SecretString>,
    /// Address of a human who helps, shown on pages as well.
    pub support: Option<String>,
    /// Mails an hour that anonymous requests can cause.
    pub anonymous_per_hour: u32,
    pub settings: MailSettings,
}

impl MailConfig {
    pub(super) fn read(
        reader: &mut Reader<'_>,
        mode: Mode,
        branding: &BrandingConfig,
        lifetimes: Lifetimes,
    ) -> Self {
        let is_production = mode == Mode::Production;
        let from = reader.text("mail.from");
        if is_production && is_nobodys(&from) {
            reader.refuse(
                "mail.from",
                "is needed in production, like \"Example <no-reply@example.org>\"",
            );
        }
        let support = reader.optional_text("mail.support_address");
        let settings = read_mail_settings(reader, branding, &from, support.as_deref());
        let smtp_url = reader.secret_url("mail.smtp_url", |url| {
            validate_url(url.expose_secret(), is_production)?;
            SmtpMailer::new(url, settings.clone()).map(drop)
        });
        if smtp_url.is_none() && is_production && !reader.is_given("mail.smtp_url") {
            reader.refuse(
                "mail.smtp_url",
                "is needed in production, like smtps://user:password@mail.example.org",
            );
        }
        Self {
            smtp_url,
            support,
            anonymous_per_hour: reader.number("mail.anonymous_per_hour", 10, 1_000_000),
            settings: branding.apply_to(settings).with_lifetimes(lifetimes),
        }
    }
}

/// The default sender, or another one of the domain that is nobody's (RFC 2606).
fn is_nobodys(sender: &str) -> bool {
    sender.trim_end_matches('>').ends_with(".invalid")
}

fn read_mail_settings(
    reader: &mut Reader<'_>,
    branding: &BrandingConfig,
    from: &str,
    support: Option<&str>,
) -> MailSettings {
    let settings = MailSettings::new(&branding.product_name, from, support).or_else(|error| {
        let (key, remedy) = match error {
            InvalidMailSettings::ProductName => (
                "branding.product_name",
                "must be one line of 1 to 60 characters",
            ),
            InvalidMailSettings::From => (
                "mail.from",
                "must be an address like \"Example <no-reply@example.org>\"",
            ),
            InvalidMailSettings::Support => (
                "mail.support_address",
                "must be an address like help@example.org",
            ),
        };
        reader.refuse(key, remedy);
        MailSettings::new("Vestibule", table::DEFAULT_FROM, None)
    });
    settings.unwrap_or_else(|_| unreachable!("the default sender is an address"))
}
