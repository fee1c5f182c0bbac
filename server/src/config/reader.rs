//! Reads settings and collects what is wrong with them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use secrecy::SecretString;

use super::environment::Environment;
use super::file::{SettingsFile, read_text};
use super::names::UnknownVariables;
use super::report::{Shown, Source, Value};
use super::setting::Setting;
use super::setting_error::SettingError;
use super::table::find;

/// The file's values and the environment, with the errors found so far.
pub(super) struct Reader<'a> {
    environment: &'a Environment,
    file: SettingsFile,
    errors: Vec<SettingError>,
    warnings: Vec<SettingError>,
    /// What was read, by key.
    given: BTreeMap<&'static str, (String, Source)>,
    /// Defaults that follow from other settings.
    derived: BTreeMap<&'static str, String>,
    refused: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn open(environment: &'a Environment) -> Self {
        let unknown = UnknownVariables::of(environment);
        let mut file = SettingsFile::read(environment);
        let mut errors = file.take_errors();
        errors.extend(unknown.errors);
        let mut reader = Self {
            environment,
            file,
            errors,
            warnings: Vec::new(),
            given: BTreeMap::new(),
            derived: BTreeMap::new(),
            refused: Vec::new(),
        };
        reader.warn_of_surroundings(&unknown.service_links);
        reader
    }

    fn warn_of_surroundings(&mut self, service_links: &[String]) {
        if let Some(first) = service_links.first() {
            let text = format!(
                "and what else Kubernetes makes of a Service of that name ({} variables) is passed over: `enableServiceLinks: false` leaves it out",
                service_links.len()
            );
            self.warnings.push(SettingError {
                setting: first.clone(),
                remedy: text,
            });
        }
        if self.file.shows_secrets_to_all() {
            self.warnings.push(SettingError {
                setting: self.file.name(),
                remedy:
                    "holds a secret and can be read by every user of this machine: `chmod 600` it"
                        .to_owned(),
            });
        }
    }

    /// The errors and the warnings.
    pub(super) fn finish(self) -> (Vec<SettingError>, Vec<SettingError>) {
        (self.errors, self.warnings)
    }

    /// Every setting as it was read.
    pub(super) fn shown(&self) -> Vec<Shown> {
        let shown = |setting: &'static Setting| {
            let given = self.given.get(setting.key);
            let text = given.map(|(text, _)| text.as_str());
            let default = self.derived.get(setting.key).map(String::as_str);
            let default = default.or(setting.default).filter(|text| !text.is_empty());
            let value = match (text, default) {
                (Some(_), _) if self.refused.iter().any(|key| key == setting.key) => Value::Refused,
                (Some(_), _) if setting.is_secret => Value::Secret,
                (Some(text), _) | (None, Some(text)) => Value::Text(text.to_owned()),
                (None, None) => Value::NotSet,
            };
            Shown {
                variable: setting.variable,
                value,
                source: given.map(|(_, source)| source.clone()),
            }
        };
        super::SETTINGS.iter().map(shown).collect()
    }

    /// Notes an error under the names of the setting.
    pub(super) fn refuse(&mut self, key: &str, remedy: &str) {
        self.refused.push(key.to_owned());
        let error = self.about(key, remedy);
        self.errors.push(error);
    }

    /// Notes what a start logs, and starts nevertheless.
    pub(super) fn warn(&mut self, key: &str, text: &str) {
        let warning = self.about(key, text);
        self.warnings.push(warning);
    }

    fn about(&self, key: &str, remedy: &str) -> SettingError {
        let place = match self.given.get(key) {
            Some((_, Source::File(file) | Source::SecretFile(file))) => format!(" in {file}"),
            _ => String::new(),
        };
        SettingError {
            setting: find(key).map_or_else(
                || key.to_owned(),
                |setting| format!("{} ({key}{place})", setting.variable),
            ),
            remedy: remedy.to_owned(),
        }
    }

    /// Whether a value was given, so that it is no default.
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.given.contains_key(key)
    }

    /// Notes what holds where a setting is absent and its default depends on others.
    pub(super) fn derive(&mut self, key: &'static str, value: impl fmt::Display) {
        self.derived.insert(key, value.to_string());
    }

    /// Environment first, then the file, then the default.
    fn raw(&mut self, key: &str) -> Option<String> {
        let setting = find(key)?;
        let given = self
            .in_environment(setting)
            .or_else(|| self.in_file(setting));
        let Some((text, source)) = given else {
            return setting.default.map(str::to_owned);
        };
        self.given.insert(setting.key, (text.clone(), source));
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            let code = u32::from(control);
            self.refuse(
                key,
                &format!("must be one line of text; it holds the control character U+{code:04X}"),
            );
            return setting.default.map(str::to_owned);
        }
        if text.len() > 1
            && ['"', '\'']
                .iter()
                .any(|c| text.starts_with(*c) && text.ends_with(*c))
        {
            self.refuse(
                key,
                "is in quotes, which count as part of it: take them away",
            );
            return setting.default.map(str::to_owned);
        }
        Some(text)
    }

    fn in_environment(&mut self, setting: &Setting) -> Option<(String, Source)> {
        let value = self.environment.get(setting.variable);
        let text = value.map(|value| value.to_str().map(str::to_owned));
        let in_secret_file = self.in_secret_file(setting);
        match (text, in_secret_file) {
            (Some(_), Some(_)) => {
                self.refuse(
                    setting.key,
                    "is given twice: by itself and by its _FILE variable",
                );
                None
            }
            (Some(None), None) => {
                self.refuse(setting.key, "is not text in UTF-8");
                None
            }
            (Some(Some(text)), None) => given(&text, Source::Environment),
            (None, in_secret_file) => in_secret_file,
        }
    }

    fn in_secret_file(&mut self, setting: &Setting) -> Option<(String, Source)> {
        let variable = format!("{}_FILE", setting.variable);
        let path = self
            .environment
            .get(&variable)
            .filter(|_| setting.is_secret)?;
        let name = Path::new(path).display().to_string();
        let text = read_text(Path::new(path))
            .map(|text| text.trim().to_owned())
            .map_err(|error| format!("cannot be read: {error}"));
        match text {
            Ok(text) if text.is_empty() => {
                self.refuse(
                    setting.key,
                    &format!("has a _FILE variable that names {name}, which is empty"),
                );
                None
            }
            Ok(text) => Some((text, Source::SecretFile(name))),
            Err(error) => {
                self.refuse(
                    setting.key,
                    &format!("has a _FILE variable that names {name}, which {error}"),
                );
                None
            }
        }
    }

    fn in_file(&mut self, setting: &Setting) -> Option<(String, Source)> {
        let value = self.file.get(setting.key)?;
        let (text, is_list) = (value.text.clone(), value.is_list);
        let source = Source::File(self.file.name());
        if is_list && !setting.is_list {
            self.given.insert(setting.key, (text, source));
            self.refuse(setting.key, "takes one value and not a list");
            return None;
        }
        given(&text, source)
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
        self.refuse(
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
            self.refuse(key, &format!("must be {form}, not `{text}`"));
            let default = find(key)
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
            self.refuse(
                key,
                &format!("must be a number from {least} to {most}, not `{text}`"),
            );
        }
        number
    }
}

/// A value without the blanks around it; nothing is left of an empty one.
fn given(text: &str, source: Source) -> Option<(String, Source)> {
    let text = text.trim();
    (!text.is_empty()).then(|| (text.to_owned(), source))
}
