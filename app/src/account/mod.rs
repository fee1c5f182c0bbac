//! The signed-in visitor's own pages, each with the functions of its forms.

pub mod activity;
pub mod delete;
pub mod email;
mod events;
mod frame;
pub mod overview;
pub mod password;
pub mod profile;
pub mod reauthenticate;
pub mod sessions;
pub mod sign_out;
