//! What every request passes, from the outside in; `http/router.rs` puts it in order.

mod access_log;
mod app_origins;
mod audit;
mod client_address;
mod form_once;
mod forms;
mod host;
mod markup;
mod paths;
mod rate_limit;
mod read_body;
mod readable_cookies;
mod removal_cookie;
mod request_id;
mod request_spans;
mod run_to_end;
mod security_headers;

pub use access_log::{LogLimit, log_access};
pub use app_origins::admit_app_origins;
pub use audit::audit_refusals;
pub use client_address::find_client_address;
pub use form_once::{FormsOnce, SentAgain, do_forms_once};
pub use forms::check_form;
pub(super) use host::named_host;
pub use host::{AllowedHosts, check_host};
pub use markup::fix_markup;
pub(super) use paths::is_below;
pub(super) use rate_limit::is_cheap;
pub use rate_limit::limit_requests;
pub use read_body::{BodyRoom, read_body};
pub use readable_cookies::keep_readable_cookies;
pub use removal_cookie::{SessionCookie, remove_ended_cookie};
pub use request_id::{Identification, identify_request};
pub use run_to_end::run_to_end;
pub use security_headers::{Nonce, SecurityHeaders, set_security_headers};
