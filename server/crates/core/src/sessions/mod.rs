//! Sessions: issuing, looking up, listing, ending.

mod authenticate;
mod end;
mod issue;

pub(crate) use issue::NewSession;
pub use issue::SignedIn;
