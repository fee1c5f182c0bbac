//! Security events as sentences.

use vestibule_core::{AuditEvent, SecurityEvent};
use vestibule_i18n::{Texts, Value, device_in_sentence, t};

/// What happened, as one sentence without the time, which is `event-<code of the event>` in
/// `locales/`; `None` for what is in nobody's history.
pub fn sentence(texts: Texts, activity: &SecurityEvent) -> Option<String> {
    let event = activity.event;
    let device = device_in_sentence(texts, &activity.device);
    if !event.is_in_history() {
        return None;
    }
    if event == AuditEvent::SignedOutEverywhere && kept_current(activity) {
        return Some(t!(
            texts,
            "event-signed-out-everywhere-else",
            device = device
        ));
    }
    let key = format!("event-{}", event.as_str().replace('_', "-"));
    texts.find(&key, [("device", Value::from(device))])
}

/// Whether the session that signed the others out went on.
fn kept_current(activity: &SecurityEvent) -> bool {
    activity.details["kept_current"] == true
}
