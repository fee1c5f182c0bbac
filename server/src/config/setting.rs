//! What a setting is. Each is declared once, by [`settings!`]: what reads, checks, shows and
//! explains it takes its key, variable, default, range and help from there.

use std::marker::PhantomData;

/// One setting.
pub struct Setting {
    /// Its key in the TOML file.
    pub key: &'static str,
    /// Its environment variable, which wins over the file.
    /// Empty in a table that may come several times, which only the file can hold.
    pub variable: &'static str,
    /// What holds without it; `None` where it may be absent, or follows from others.
    pub default: Option<&'static str>,
    pub range: Range,
    /// The names of its values, where there are few.
    pub choices: fn() -> Vec<&'static str>,
    /// Secrets may also be read from the file that `<variable>_FILE` names.
    pub is_secret: bool,
    /// Several values: separated by commas, or a list in the TOML file.
    pub is_list: bool,
    /// In Markdown, in lines that each begin with a blank.
    pub help: &'static [&'static str],
}

/// How far a setting goes.
#[derive(Clone, Copy)]
pub enum Range {
    /// As its help says.
    Described,
    Numbers(u64, u64),
    /// The most that a limit may allow.
    AtMost(&'static str),
}

impl Setting {
    /// Whether a variable gives this setting, by itself or by a file.
    pub fn is_named(&self, variable: &str) -> bool {
        match variable.strip_prefix(self.variable) {
            Some("") => true,
            Some("_FILE") => self.is_secret,
            _ => false,
        }
    }

    /// What it may be, in Markdown; empty where its help says it.
    pub fn range_text(&self) -> String {
        match self.range {
            Range::Numbers(least, most) => format!("{least} to {most}"),
            Range::AtMost(limit) => format!("at most `{limit}`"),
            Range::Described if self.is_list && self.variable.is_empty() => "several".to_owned(),
            Range::Described if self.is_list => {
                "several, in the variable separated by commas".to_owned()
            }
            Range::Described => {
                let choices = (self.choices)().into_iter();
                let choices: Vec<String> = choices.map(|name| format!("`{name}`")).collect();
                choices.join(", ")
            }
        }
    }
}

/// A setting with the type of its value.
pub struct Key<T> {
    pub setting: &'static Setting,
    value: PhantomData<fn() -> T>,
}

impl<T> Key<T> {
    pub const fn new(setting: &'static Setting) -> Self {
        Self {
            setting,
            value: PhantomData,
        }
    }
}

impl<T> Clone for Key<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Key<T> {}

impl<T> From<Key<T>> for &'static Setting {
    fn from(key: Key<T>) -> Self {
        key.setting
    }
}

/// Declares the settings of a section, each as a [`Key`] with its help as its documentation, and
/// lists them as `SETTINGS`.
macro_rules! settings {
    ($(
        $(#[doc = $help:literal])+
        $name:ident: $type:ty = $key:literal, $variable:literal
            $(, $default:literal)? $(, in $least:literal..=$most:literal)? $(, at most $limit:literal)?;
    )+) => {
        $(
            pub(super) const $name: $crate::config::setting::Key<$type> =
                $crate::config::setting::Key::new(&$crate::config::setting::Setting {
                    key: $key,
                    variable: $variable,
                    default: $crate::config::setting::settings!(@default $($default)?),
                    range: $crate::config::setting::settings!(
                        @range $($least, $most)? $($limit)?
                    ),
                    choices: $crate::config::value::names::<$type>,
                    is_secret: <$type as $crate::config::value::Value>::IS_SECRET,
                    is_list: <$type as $crate::config::value::Value>::IS_LIST,
                    help: &[$($help),+],
                });
        )+
        pub(super) const SETTINGS: &[&$crate::config::setting::Setting] = &[$($name.setting),+];
    };
    (@default) => { None };
    (@default $default:literal) => { Some($default) };
    (@range) => { $crate::config::setting::Range::Described };
    (@range $least:literal, $most:literal) => {
        $crate::config::setting::Range::Numbers($least, $most)
    };
    (@range $limit:literal) => { $crate::config::setting::Range::AtMost($limit) };
}

pub(super) use settings;
