//! Signing in to apps: an OpenID provider (OpenID Connect Core 1.0; RFC 6749 under RFC 9700), with
//! the code flow alone.

mod claims;
mod client_auth;
mod client_cache;
mod clients;
mod code;
mod discovery;
mod error;
mod flow;
mod follow_keys;
mod keys;
mod manage;
mod new_client;
mod parameters;
mod redeem;
mod redirect_uri;
mod refresh;
mod request;
mod step;
mod token;
mod userinfo;

pub(crate) use client_cache::ClientCache;
pub use error::{OAuthError, OAuthErrorCode, OAuthRefusal};
pub use flow::{Authorized, Decision, Departure, Flow, FlowApp, FlowProblem, FlowStep, Question};
pub(crate) use keys::AppKeys;
pub use keys::make_app_keys;
pub use manage::{add_client, disable_client, enable_client, remove_client, sync_config_clients};
pub use new_client::{ClientError, GivenSecret, NewClient};
pub use parameters::Parameters;
pub use redirect_uri::RedirectUriError;
pub use token::TokenAnswer;
pub use userinfo::UserInfo;
