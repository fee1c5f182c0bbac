use std::sync::{Arc, OnceLock};

use http::request::Parts;
use uuid::Uuid;
use vestibule_core::ErrorCode;

/// What a request came to, reported from inside to the middleware around it, whatever form the
/// answer has: a form that is refused is shown again by a redirect, whose status says nothing.
#[derive(Clone, Default)]
pub struct RequestOutcome(Arc<OutcomeState>);

#[derive(Default)]
struct OutcomeState {
    user_id: OnceLock<Uuid>,
    refusal: OnceLock<ErrorCode>,
    ended_session: OnceLock<()>,
}

impl RequestOutcome {
    /// That of a request under way; one that nobody asks for where no middleware is.
    pub fn of(parts: &Parts) -> Self {
        parts.extensions.get().cloned().unwrap_or_default()
    }

    /// Says who is behind the request; the first one counts.
    pub fn is_by(&self, user_id: Uuid) {
        self.0.user_id.get_or_init(|| user_id);
    }

    /// Says that what was asked for was refused; the first reason counts.
    pub fn is_refused(&self, code: ErrorCode) {
        self.0.refusal.get_or_init(|| code);
    }

    /// Says that the browser's session was ended.
    pub fn ends_session(&self) {
        self.0.ended_session.get_or_init(|| ());
    }

    pub fn has_ended_session(&self) -> bool {
        self.0.ended_session.get().is_some()
    }

    pub fn user_id(&self) -> Option<Uuid> {
        self.0.user_id.get().copied()
    }

    pub fn refusal(&self) -> Option<ErrorCode> {
        self.0.refusal.get().copied()
    }
}
