//! The pages of a flow: from an app to the portal, and back to it.

mod ask;
mod leave;
mod problem;
mod resume;

pub use problem::page as problem_page;
pub use resume::page as resume_page;
