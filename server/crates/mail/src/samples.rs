use vestibule_core::{
    mail::{MailContext, MailKind, MailShape, OutgoingMail},
    model::Language,
};

/// One mail of each kind, as it might be sent: for snapshots and for looking at.
pub fn samples(language: Language) -> Vec<OutgoingMail> {
    MailKind::ALL
        .iter()
        .map(|kind| sample(*kind, language))
        .collect()
}

pub(crate) fn sample(kind: MailKind, language: Language) -> OutgoingMail {
    let page = kind.page();
    let token = match kind.purpose() {
        Some(_) => "?token=nZ1vT0c3qkYp4m2dXWb7uQfLr9sGhJ8eKaB5xC6yD0E",
        None => "",
    };
    let at = time::macros::datetime!(2026-11-24 08:45:12 +02:00);
    let other_email = matches!(
        kind,
        MailKind::EmailChangeRequested | MailKind::EmailChanged | MailKind::EmailTakenBack
    )
    .then(|| "zoe.new@example.net".to_owned());
    OutgoingMail {
        id: uuid::Uuid::from_u128(0x0193_5b7e_4a00_7000_8000_0000_0000_0001),
        kind,
        recipient: "zoe@example.org".to_owned(),
        first_name: Some("Zoë".to_owned()),
        language,
        context: MailContext {
            device: "Firefox on Linux".to_owned(),
            ip_address: "203.0.113.7".to_owned(),
            at,
            other_email,
        },
        link: Some(format!("https://id.example.org{page}{token}")),
        sessions_link: kind
            .shows_sessions()
            .then(|| "https://id.example.org/account/sessions".to_owned()),
        code: kind.has_code().then(|| "493027".to_owned()),
        deadline: kind
            .purpose()
            .filter(|_| kind.shape() != MailShape::Request)
            .map(|purpose| at + purpose.default_life()),
    }
}
