//! One struct per mail; its words are in `templates/<mail>/`.

use askama::Template;

use crate::render::{RenderedMail, tidy_subject, tidy_text};

/// What every mail shows. User text in it is cleaned by `render` and escaped by the templates.
pub struct Common<'a> {
    pub product: &'a str,
    /// Colour of buttons and links.
    pub accent: &'static str,
    /// The same on a dark page.
    pub accent_dark: &'static str,
    pub recipient: &'a str,
    pub name: Option<&'a str>,
    /// When it happened, with the zone.
    pub at: String,
    pub device: &'a str,
    /// The device in the middle of a sentence.
    pub device_in_text: &'a str,
    pub ip_address: &'a str,
    pub support: Option<&'a str>,
}

/// Defines a mail and how its three templates are filled.
macro_rules! mail {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }, $subject:tt, $text:tt, $html:tt) => {
        $(#[$meta])*
        pub struct $name<'a> {
            pub common: Common<'a>,
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $name<'_> {
            /// # Errors
            /// A template that fails: a defect of ours.
            pub fn render(&self) -> Result<RenderedMail, askama::Error> {
                #[derive(Template)]
                #[template(path = $subject)]
                struct Subject<'m> {
                    mail: &'m $name<'m>,
                }

                #[derive(Template)]
                #[template(path = $text)]
                struct Text<'m> {
                    mail: &'m $name<'m>,
                }

                #[derive(Template)]
                #[template(path = $html)]
                struct Html<'m> {
                    mail: &'m $name<'m>,
                    subject: &'m str,
                }

                let subject = tidy_subject(&Subject { mail: self }.render()?);
                let text = tidy_text(&Text { mail: self }.render()?);
                let html = Html { mail: self, subject: &subject }.render()?;
                Ok(RenderedMail { subject, text, html })
            }
        }
    };
}

mail! {
    /// After registration.
    Welcome {
        /// The page that verifies the address (24 hours).
        link: &'a str,
        /// The six digits that do the same (10 minutes).
        code: Option<&'a str>,
    },
    "welcome/subject.txt", "welcome/body.txt", "welcome/body.html"
}

mail! {
    /// The link and code that verify an address, asked for again.
    VerifyEmail {
        /// The page that verifies the address (24 hours).
        link: &'a str,
        /// The six digits that do the same (10 minutes).
        code: Option<&'a str>,
    },
    "verify_email/subject.txt", "verify_email/body.txt", "verify_email/body.html"
}

mail! {
    /// The link that sets a new password.
    ResetPassword {
        /// The page that sets a new password (60 minutes, once).
        link: &'a str,
    },
    "reset_password/subject.txt", "reset_password/body.txt", "reset_password/body.html"
}

mail! {
    /// Somebody registered with an address that has an account.
    AlreadyRegistered {
        /// The sign-in page.
        link: &'a str,
    },
    "already_registered/subject.txt", "already_registered/body.txt", "already_registered/body.html"
}

mail! {
    /// The password was changed or reset.
    PasswordChanged {
        /// The page that starts a password reset.
        link: &'a str,
    },
    "password_changed/subject.txt", "password_changed/body.txt", "password_changed/body.html"
}

mail! {
    /// A session ended because its refresh token was replayed.
    SessionEnded {
        /// The page that starts a password reset.
        link: &'a str,
    },
    "session_ended/subject.txt", "session_ended/body.txt", "session_ended/body.html"
}
