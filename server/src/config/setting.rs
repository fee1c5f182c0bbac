//! What there is to know of a setting.

/// One setting.
pub struct Setting {
    /// Its key in the TOML file.
    pub key: &'static str,
    /// Its environment variable, which wins over the file.
    pub variable: &'static str,
    /// What holds without it; `None` where it may be absent.
    pub default: Option<&'static str>,
    /// Secrets may also be read from the file that `<variable>_FILE` names.
    pub is_secret: bool,
    /// Several values: separated by commas, or a list in the TOML file.
    pub is_list: bool,
    pub help: &'static str,
}

pub(super) const fn setting(
    key: &'static str,
    variable: &'static str,
    default: Option<&'static str>,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        variable,
        default,
        is_secret: false,
        is_list: false,
        help,
    }
}

pub(super) const fn list(key: &'static str, variable: &'static str, help: &'static str) -> Setting {
    Setting {
        is_list: true,
        ..setting(key, variable, Some(""), help)
    }
}

pub(super) const fn secret(
    key: &'static str,
    variable: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        is_secret: true,
        ..setting(key, variable, None, help)
    }
}

impl Setting {
    /// Whether a variable gives this setting, by itself or by a file.
    pub(super) fn is_named(&self, variable: &str) -> bool {
        match variable.strip_prefix(self.variable) {
            Some("") => true,
            Some("_FILE") => self.is_secret,
            _ => false,
        }
    }
}
