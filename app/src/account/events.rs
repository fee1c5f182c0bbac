//! Security events as sentences.

use vestibule_core::{AuditEvent, SecurityEvent};
use vestibule_i18n::{Texts, Value, device_in_sentence, t};

/// What happened, as one sentence without the time, which is `event-<code of the event>` in
/// `locales/`; `None` for what is in nobody's history.
pub fn sentence(texts: Texts, event: &SecurityEvent) -> Option<String> {
    let kind = event.event;
    let device = device_in_sentence(texts, &event.device);
    if !kind.is_in_history() {
        return None;
    }
    if kind == AuditEvent::SignedOutEverywhere && kept_current(event) {
        return Some(t!(
            texts,
            "event-signed-out-everywhere-else",
            device = device
        ));
    }
    let key = format!("event-{}", kind.as_str().replace('_', "-"));
    let app = event.details["app"].as_str().unwrap_or_default().to_owned();
    let parts = [("device", Value::from(device)), ("app", Value::from(app))];
    texts.find(&key, parts)
}

/// Whether the session that signed the others out went on.
fn kept_current(event: &SecurityEvent) -> bool {
    event.details["kept_current"] == true
}
