//! How the text of a setting becomes its value.

use std::net::SocketAddr;

use secrecy::SecretString;
use vestibule_core::model::{AuthMethod, ClientKind, Consent, IdTokenAlgorithm, Language, Pkce};

use super::setting::{Range, Setting};

/// What a setting can be.
pub trait Value: Sized {
    const IS_SECRET: bool = false;
    const IS_LIST: bool = false;

    /// All values by their names, where there are few.
    fn choices() -> Vec<(&'static str, Self)> {
        Vec::new()
    }

    /// Reads it.
    ///
    /// # Errors
    /// What it has to be.
    fn parse(text: &str, _: &Setting) -> Result<Self, String> {
        choose(text)
    }

    /// What it is where nothing is given and there is no default.
    fn absent() -> Option<Self> {
        None
    }
}

/// The value of a name.
pub(crate) fn choose<T: Value>(text: &str) -> Result<T, String> {
    let mut choices = T::choices().into_iter();
    let chosen = choices.find(|(name, _)| *name == text);
    chosen.map(|(_, value)| value).ok_or_else(|| {
        let names = names::<T>().join(" or ");
        format!("must be {names}, not `{text}`")
    })
}

/// The names of all values, where there are few.
pub fn names<T: Value>() -> Vec<&'static str> {
    T::choices().into_iter().map(|(name, _)| name).collect()
}

/// The few values of a type, by their names.
macro_rules! choices {
    ($type:ident: $($name:literal => $value:ident),+) => {
        impl $crate::config::value::Value for $type {
            fn choices() -> Vec<(&'static str, Self)> {
                vec![$(($name, Self::$value)),+]
            }
        }
    };
}

pub(super) use choices;

impl<T: Value> Value for Option<T> {
    const IS_SECRET: bool = T::IS_SECRET;

    fn choices() -> Vec<(&'static str, Self)> {
        let choices = T::choices().into_iter();
        choices.map(|(name, value)| (name, Some(value))).collect()
    }

    fn parse(text: &str, setting: &Setting) -> Result<Self, String> {
        T::parse(text, setting).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl Value for String {
    fn parse(text: &str, _: &Setting) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Value for SecretString {
    const IS_SECRET: bool = true;

    fn parse(text: &str, _: &Setting) -> Result<Self, String> {
        Ok(text.into())
    }
}

impl Value for Vec<String> {
    const IS_LIST: bool = true;

    fn parse(text: &str, _: &Setting) -> Result<Self, String> {
        let items = text.split(',').map(str::trim);
        let items = items.filter(|item| !item.is_empty());
        Ok(items.map(str::to_owned).collect())
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

impl Value for SocketAddr {
    fn parse(text: &str, setting: &Setting) -> Result<Self, String> {
        text.parse().map_err(|_| {
            let example = setting.default.unwrap_or_default();
            format!("must be an address and port like {example}, not `{text}`")
        })
    }
}

impl Value for bool {
    fn choices() -> Vec<(&'static str, Self)> {
        vec![("on", true), ("off", false)]
    }

    fn parse(text: &str, _: &Setting) -> Result<Self, String> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            text => choose(text),
        }
    }
}

/// Closed sets of codes of the core.
macro_rules! codes {
    ($($type:ty),+) => {$(
        impl Value for $type {
            fn choices() -> Vec<(&'static str, Self)> {
                Self::ALL.iter().map(|code| (code.as_str(), *code)).collect()
            }
        }
    )+};
}

codes!(
    ClientKind,
    AuthMethod,
    IdTokenAlgorithm,
    Pkce,
    Consent,
    Language
);

/// Whole numbers within the range of their setting.
macro_rules! numbers {
    ($($type:ty),+) => {$(
        impl Value for $type {
            fn parse(text: &str, setting: &Setting) -> Result<Self, String> {
                let (least, most) = match setting.range {
                    Range::Numbers(least, most) => (least, most),
                    Range::Described | Range::AtMost(_) => (0, u64::MAX),
                };
                let number = text.parse().ok();
                let number = number.filter(|number: &u64| (least..=most).contains(number));
                number.and_then(|number| number.try_into().ok()).ok_or_else(|| {
                    format!("must be a number from {least} to {most}, not `{text}`")
                })
            }
        }
    )+};
}

numbers!(u32, u64, usize);
