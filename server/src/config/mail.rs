//! `[mail]`

use secrecy::{ExposeSecret as _, SecretString};
use vestibule_core::Lifetimes;
use vestibule_mail::{InvalidMailSettings, MailSettings, SmtpMailer, validate_url};

use super::branding::{self, BrandingConfig};
use super::mode::Mode;
use super::reader::Reader;
use super::setting::{Setting, settings};

settings! {
    /// `smtps://user:password@host` or `smtp://host:port?tls=required`; `&sslrootcert=FILE` (after
    /// `smtps://host`, `?sslrootcert=FILE`) names the authority of the server's certificate, if it
    /// is not a public one. `smtp://host:port?sslmode=disable` encrypts nothing, where the network
    /// is trusted. A name behind the host, as in `smtps://mail.example.org/id.example.org`, is what
    /// the portal calls itself (`EHLO`); default: the host of the public URL. Without it, in
    /// development only, mails are shown at /dev/mailbox, to browsers on the same machine.
    SMTP_URL: Option<SecretString> = "mail.smtp_url", "SMTP_URL";
    /// Sender of all mails, `Name <address>`. Needed in production.
    FROM: String = "mail.from", "VESTIBULE_MAIL_FROM", "no-reply@vestibule.invalid";
    /// Address of a human, shown on pages and in mails; replies go there.
    SUPPORT_ADDRESS: Option<String> = "mail.support_address", "VESTIBULE_SUPPORT_ADDRESS";
    /// Mails that can be caused without signing in (registrations, forgotten passwords, new links),
    /// and confirmations of a new address, all networks together: so many at once and as many an
    /// hour. A quarter of them is left to forgotten passwords. Beyond it the answer is 429. Stay
    /// below what your mail provider allows.
    ANONYMOUS_PER_HOUR: u32 =
        "mail.anonymous_per_hour", "VESTIBULE_MAIL_ANONYMOUS_PER_HOUR", "2000", in 10..=1_000_000;
}

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
        let from = reader.get(FROM);
        if is_production && is_nobodys(&from) {
            reader.refuse(
                FROM,
                "is needed in production, like \"Example <no-reply@example.org>\"",
            );
        }
        let support = reader.get(SUPPORT_ADDRESS);
        let settings = read_mail_settings(reader, branding, &from, support.as_deref());
        let smtp_url = reader.secret_url(SMTP_URL, |url| {
            validate_url(url.expose_secret(), is_production)?;
            SmtpMailer::new(url, settings.clone()).map(drop)
        });
        if smtp_url.is_none() && is_production && !reader.is_given(SMTP_URL) {
            reader.refuse(
                SMTP_URL,
                "is needed in production, like smtps://user:password@mail.example.org",
            );
        }
        Self {
            smtp_url,
            support,
            anonymous_per_hour: reader.get(ANONYMOUS_PER_HOUR),
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
        let setting: &'static Setting = match error {
            InvalidMailSettings::ProductName => branding::PRODUCT_NAME.into(),
            InvalidMailSettings::From => FROM.into(),
            InvalidMailSettings::Support => SUPPORT_ADDRESS.into(),
        };
        reader.refuse(setting, &error.to_string());
        MailSettings::new("Vestibule", FROM.setting.default.unwrap_or_default(), None)
    });
    settings.unwrap_or_else(|_| unreachable!("the default sender is an address"))
}
