//! What `config check` and `config show` print of each setting.

use std::fmt;

use super::setting::Setting;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Environment,
    /// The file that the `_FILE` variable of a secret names.
    SecretFile(String),
    /// The settings file.
    File(String),
}

/// What was given for a setting.
pub(super) struct Given {
    pub text: String,
    pub source: Source,
    pub is_refused: bool,
}

/// A setting, what it is, and where that comes from.
pub struct Shown {
    pub(super) setting: &'static Setting,
    /// Its key in the file.
    pub(super) place: String,
    /// `None`: the default.
    pub(super) given: Option<Given>,
    pub(super) default: Option<String>,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.setting.variable {
            "" => &self.place,
            variable => variable,
        };
        match (&self.given, &self.default) {
            // What is not understood may hold a password.
            (Some(given), _) if given.is_refused => write!(f, "{name} is refused")?,
            (Some(_), _) if self.setting.is_secret => write!(f, "{name} is set")?,
            (Some(Given { text, .. }), _) | (None, Some(text)) => write!(f, "{name} = {text}")?,
            (None, None) => return write!(f, "{name} is not set"),
        }
        match self.given.as_ref().map(|given| &given.source) {
            None => f.write_str("  (default)"),
            Some(Source::Environment) => f.write_str("  (environment)"),
            Some(Source::File(file) | Source::SecretFile(file)) => write!(f, "  ({file})"),
        }
    }
}
