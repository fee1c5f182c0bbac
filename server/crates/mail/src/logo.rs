use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use uuid::Uuid;

/// The operator's logo, a PNG: of the kinds that pages take the one that mail programs show as
/// well. It travels inside each mail, because an image that is loaded reveals who read the mail
/// when.
#[derive(Clone)]
pub struct MailLogo(Arc<[u8]>);

impl MailLogo {
    /// Largest file in bytes; on its way it is a third larger (base64).
    pub const MAX_BYTES: u64 = 64 * 1024;

    /// That it is a PNG of at most [`Self::MAX_BYTES`] is for the configuration to check.
    pub fn new(png: &[u8]) -> Self {
        Self(png.into())
    }

    pub(crate) fn png(&self) -> &[u8] {
        &self.0
    }

    /// What the page of the mail calls the image by (RFC 2392): no two mails share it.
    pub(crate) fn content_id(mail: Uuid) -> String {
        format!("logo@{mail}")
    }

    /// The image inside an address, for a page without its mail.
    pub(crate) fn data_url(&self) -> String {
        format!("data:image/png;base64,{}", STANDARD.encode(&self.0))
    }
}

impl fmt::Debug for MailLogo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its size: the settings are shown as a whole, and the bytes say nothing.
        write!(f, "{} B", self.0.len())
    }
}
