//! `mode` and `data_dir`.

use vestibule_core::is_loopback;

use super::setting::settings;
use super::value::choices;

settings! {
    /// Development serves this machine alone: it refuses a `PUBLIC_URL` or a further host that is
    /// not local, and, unless the mode is set by name, an address to listen on, a database, a Redis
    /// or a mail server that is not. Production refuses to start with what is missing or unsafe.
    MODE: Mode = "mode", "VESTIBULE_MODE", "development";
    /// Folder for the embedded database, the generated master key and the development mailbox. Made
    /// with mode 0700.
    DATA_DIR: String = "data_dir", "VESTIBULE_DATA_DIR", "data";
}

/// Also the names below `localhost`, which browsers look up nowhere (RFC 6761).
pub(super) fn is_local(host: &str) -> bool {
    is_loopback(host) || host.ends_with(".localhost")
}

/// Development forgives and explains; production refuses what is unsafe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Development,
    Production,
}

impl Mode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

choices!(Mode: "development" => Development, "production" => Production);
