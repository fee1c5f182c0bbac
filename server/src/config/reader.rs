//! Reads settings and collects what is wrong with them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

use super::table::{SETTINGS, Setting};

/// The variable that names the settings file, and the file that is read without it if it exists.
const FILE_VARIABLE: &str = "VESTIBULE_CONFIG";
const DEFAULT_FILE: &str = "vestibule.toml";

/// One thing wrong with the settings, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub setting: String,
    pub mend: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.setting, self.mend)
    }
}

/// Where variables come from: the process, or a test's own.
pub trait Environment {
    fn variable(&self, name: &str) -> Option<String>;
    /// The names of all variables, to find mistyped ones.
    fn names(&self) -> Vec<String>;
}

/// The variables of this process.
pub struct ProcessEnvironment;

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment"
)]
impl Environment for ProcessEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn names(&self) -> Vec<String> {
        std::env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .collect()
    }
}

/// The file's values and the environment, with the faults found so far.
pub(super) struct Reader<'a> {
    environment: &'a dyn Environment,
    file: BTreeMap<String, String>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    pub(super) fn open(environment: &'a dyn Environment) -> Self {
        let mut reader = Self {
            environment,
            file: BTreeMap::new(),
            faults: Vec::new(),
        };
        reader.read_file();
        reader.refuse_unknown_names();
        reader
    }

    /// The configuration, or all faults.
    pub(super) fn finish<T>(self, config: T) -> Result<T, Vec<Fault>> {
        if self.faults.is_empty() {
            Ok(config)
        } else {
            Err(self.faults)
        }
    }

    /// Notes a fault under the names of the setting.
    pub(super) fn fault(&mut self, key: &str, mend: &str) {
        let setting = setting(key).map_or_else(
            || key.to_owned(),
            |setting| format!("{} ({key})", setting.variable),
        );
        self.faults.push(Fault {
            setting,
            mend: mend.to_owned(),
        });
    }

    fn read_file(&mut self) {
        let named = self.environment.variable(FILE_VARIABLE);
        let path = named.clone().unwrap_or_else(|| DEFAULT_FILE.to_owned());
        if named.is_none() && !Path::new(&path).exists() {
            return;
        }
        let file = config::File::new(&path, config::FileFormat::Toml);
        let values = config::Config::builder()
            .add_source(file)
            .build()
            .and_then(config::Config::try_deserialize::<Value>);
        match values {
            Ok(values) => flatten("", &values, &mut self.file),
            Err(error) => self.faults.push(Fault {
                setting: FILE_VARIABLE.to_owned(),
                mend: format!("names a file that cannot be read: {error}"),
            }),
        }
    }

    /// A mistyped setting is a setting that is missing.
    fn refuse_unknown_names(&mut self) {
        let unknown_keys = self.file.keys().filter(|key| setting(key).is_none());
        let unknown_variables = self.environment.names().into_iter().filter(|name| {
            let base = name.strip_suffix("_FILE").unwrap_or(name);
            name.starts_with("VESTIBULE_")
                && name != FILE_VARIABLE
                && SETTINGS.iter().all(|setting| setting.variable != base)
        });
        let faults: Vec<Fault> = unknown_keys
            .cloned()
            .chain(unknown_variables)
            .map(|setting| Fault {
                setting,
                mend: "is not a setting: see docs/CONFIG.md for the names".to_owned(),
            })
            .collect();
        self.faults.extend(faults);
    }

    /// Environment first, then the file, then the default.
    fn raw(&mut self, key: &str) -> Option<String> {
        let setting = setting(key)?;
        let from_environment = self
            .environment
            .variable(setting.variable)
            .filter(|text| !text.is_empty());
        let from_secret_file = if setting.is_secret {
            self.read_secret_file(setting)
        } else {
            None
        };
        if from_environment.is_some() && from_secret_file.is_some() {
            self.fault(key, "is given twice: by itself and by its _FILE variable");
        }
        from_environment
            .or(from_secret_file)
            .or_else(|| self.file.get(key).cloned())
            .or_else(|| setting.default.map(str::to_owned))
    }

    fn read_secret_file(&mut self, setting: &Setting) -> Option<String> {
        let path = self
            .environment
            .variable(&format!("{}_FILE", setting.variable))?;
        match std::fs::read_to_string(&path) {
            Ok(text) => Some(text.trim_end_matches(['\n', '\r']).to_owned()),
            Err(error) => {
                self.fault(
                    setting.key,
                    &format!(
                        "has a _FILE variable that names `{path}`, which cannot be read: {error}"
                    ),
                );
                None
            }
        }
    }

    pub(super) fn text(&mut self, key: &str) -> String {
        self.raw(key).unwrap_or_default()
    }

    pub(super) fn optional_text(&mut self, key: &str) -> Option<String> {
        self.raw(key).filter(|text| !text.is_empty())
    }

    pub(super) fn optional_secret(&mut self, key: &str) -> Option<SecretString> {
        self.optional_text(key).map(SecretString::from)
    }

    pub(super) fn list(&mut self, key: &str) -> Vec<String> {
        self.text(key)
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// One of the named values; the first one where it is none of them.
    pub(super) fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> T {
        let text = self.text(key);
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
            return *value;
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        self.fault(
            key,
            &format!("must be {}, not `{text}`", names.join(" or ")),
        );
        choices[0].1
    }

    pub(super) fn switch(&mut self, key: &str) -> bool {
        self.choice(
            key,
            &[
                ("on", true),
                ("off", false),
                ("true", true),
                ("false", false),
            ],
        )
    }

    /// The parsed value; the parsed default where it cannot be.
    pub(super) fn parsed<T: FromStr>(&mut self, key: &str, form: &str) -> T
    where
        T::Err: fmt::Debug,
    {
        let text = self.text(key);
        text.parse().unwrap_or_else(|_| {
            self.fault(key, &format!("must be {form}, not `{text}`"));
            let default = setting(key)
                .and_then(|setting| setting.default)
                .and_then(|text| text.parse().ok());
            default.unwrap_or_else(|| unreachable!("the default of {key} parses"))
        })
    }

    pub(super) fn number<T: FromStr + PartialOrd + Copy + fmt::Display>(
        &mut self,
        key: &str,
        least: T,
        most: T,
    ) -> T {
        self.optional_number(key, least, most).unwrap_or(least)
    }

    pub(super) fn seconds(&mut self, key: &str, least: u64, most: u64) -> Duration {
        Duration::from_secs(self.number(key, least, most))
    }

    pub(super) fn optional_number<T>(&mut self, key: &str, least: T, most: T) -> Option<T>
    where
        T: FromStr + PartialOrd + Copy + fmt::Display,
    {
        let text = self.optional_text(key)?;
        let number = text
            .parse()
            .ok()
            .filter(|number| *number >= least && *number <= most);
        if number.is_none() {
            self.fault(
                key,
                &format!("must be a number from {least} to {most}, not `{text}`"),
            );
        }
        number
    }
}

fn setting(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// Nested tables as dotted keys; lists as comma-separated text.
fn flatten(prefix: &str, value: &Value, into: &mut BTreeMap<String, String>) {
    let text = match value {
        Value::Object(table) => {
            for (key, value) in table {
                let key = if prefix.is_empty() {
                    key.clone()
                } else {
                    format!("{prefix}.{key}")
                };
                flatten(&key, value, into);
            }
            return;
        }
        Value::Array(items) => items.iter().map(scalar).collect::<Vec<_>>().join(","),
        other => scalar(other),
    };
    into.insert(prefix.to_owned(), text);
}

fn scalar(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
