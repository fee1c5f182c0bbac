use http::request::Parts;
use uuid::Uuid;

/// What the forms of the pages carry beside what people fill in.
/// The component that draws them puts it there.
#[derive(Clone, Default)]
pub struct SentForm {
    /// The account that the page was made for; none where nobody was signed in.
    pub account: Option<Uuid>,
    /// The handle of the mailed link that the page was opened by.
    pub link: Option<String>,
    /// What distinguishes one rendered form from every other.
    pub nonce: Option<String>,
}

impl SentForm {
    pub const ACCOUNT: &str = "account";
    pub const LINK: &str = "link";
    pub const NONCE: &str = "form_nonce";

    /// Takes over a field if it is one of these. A value that cannot be one counts as none.
    pub fn take(&mut self, name: &str, value: &str) {
        match name {
            Self::ACCOUNT => self.account = Uuid::try_parse(value).ok(),
            Self::LINK => self.link = given(value),
            Self::NONCE => self.nonce = given(value),
            _ => {}
        }
    }

    /// That of a request under way; empty where no form was sent.
    pub fn of(parts: &Parts) -> Self {
        parts.extensions.get().cloned().unwrap_or_default()
    }
}

fn given(value: &str) -> Option<String> {
    (!value.is_empty()).then(|| value.to_owned())
}
