//! Sessions: issuing, looking up, listing, ending.

mod authenticate;
mod end;
mod issue;

pub(crate) use end::limit_sessions;
pub(crate) use issue::NewSession;
pub use issue::SignedIn;
