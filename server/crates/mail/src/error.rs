use vestibule_core::mail::MailKind;

/// A mail that cannot be put into words.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the mail {0} has no link")]
    MissingLink(MailKind),
    #[error("the mail {0} does not say until when its link works")]
    MissingDeadline(MailKind),
    #[error("the template failed")]
    Template(#[from] askama::Error),
}
