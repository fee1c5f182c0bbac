//! What people sign in with, in words and as a picture.

use leptos::prelude::*;
use vestibule_core::model::{Session, SessionKind, device_name};
use vestibule_i18n::{Texts, device};

/// What a session is signed in with. A name that an app chose for itself stays as it is.
pub fn device_of(texts: Texts, session: &Session) -> String {
    if session.device == device_name(session.user_agent.as_deref()) {
        device(texts, &session.device)
    } else {
        session.device.clone()
    }
}

/// A picture of the kind of device: an app, a phone or a computer.
/// It says nothing that the words beside it do not.
pub fn device_icon(session: &Session) -> AnyView {
    let is_phone = ["iPhone", "iPad", "Android"]
        .iter()
        .any(|name| session.device.contains(name));
    let shape = match session.kind {
        SessionKind::Api => view! {
            <rect x="4" y="4" width="7" height="7" rx="1.5"></rect>
            <rect x="13" y="4" width="7" height="7" rx="1.5"></rect>
            <rect x="4" y="13" width="7" height="7" rx="1.5"></rect>
            <path d="M16.5 13.5v6M13.5 16.5h6"></path>
        }
        .into_any(),
        SessionKind::Browser if is_phone => view! {
            <rect x="7" y="3" width="10" height="18" rx="2"></rect>
            <path d="M11 18h2"></path>
        }
        .into_any(),
        SessionKind::Browser => view! {
            <rect x="3" y="4" width="18" height="12" rx="2"></rect>
            <path d="M9 20h6M12 16v4"></path>
        }
        .into_any(),
    };
    view! {
        <svg class="session-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            {shape}
        </svg>
    }
    .into_any()
}
