//! What `config check` and `config show` print of each setting.

use std::fmt;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Environment,
    /// The file that the `_FILE` variable of a secret names.
    SecretFile(String),
    /// The settings file.
    File(String),
}

/// A setting, what it is, and where that comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub variable: &'static str,
    pub(super) value: Value,
    /// `None`: the default.
    pub(super) source: Option<Source>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    /// Never shown.
    Secret,
    /// Not shown either: what is not understood may hold a password.
    Refused,
    NotSet,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.variable)?;
        match &self.value {
            Value::Text(text) => write!(f, "= {text}")?,
            Value::Secret => f.write_str("is set")?,
            Value::Refused => f.write_str("is refused")?,
            Value::NotSet => return f.write_str("is not set"),
        }
        match &self.source {
            None => f.write_str("  (default)"),
            Some(Source::Environment) => f.write_str("  (environment)"),
            Some(Source::File(file) | Source::SecretFile(file)) => write!(f, "  ({file})"),
        }
    }
}
