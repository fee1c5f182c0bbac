//! Reads settings and collects what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use super::environment::Environment;
use super::file::{SettingsFile, read_text};
use super::names::UnknownVariables;
use super::report::{Given, Shown, Source};
use super::schema::Schema;
use super::setting::{Key, Setting};
use super::setting_error::SettingError;
use super::value::Value;

/// The file's values and the environment, with the errors found so far.
pub(super) struct Reader<'a> {
    environment: &'a Environment,
    schema: Schema,
    file: SettingsFile,
    errors: Vec<SettingError>,
    warnings: Vec<SettingError>,
    /// What was read, by the key in the file.
    given: BTreeMap<String, (String, Source)>,
    /// Defaults that follow from other settings.
    derived: BTreeMap<&'static str, String>,
    refused: BTreeSet<String>,
    /// The table that is being read, and which one of those with its key it is.
    entry: Option<(&'static str, usize)>,
}

impl<'a> Reader<'a> {
    pub(super) fn open(environment: &'a Environment, schema: Schema) -> Self {
        let unknown = UnknownVariables::of(environment, schema);
        let mut file = SettingsFile::read(environment, schema);
        let mut errors = file.take_errors();
        errors.extend(unknown.errors);
        let mut reader = Self {
            environment,
            schema,
            file,
            errors,
            warnings: Vec::new(),
            given: BTreeMap::new(),
            derived: BTreeMap::new(),
            refused: BTreeSet::new(),
            entry: None,
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

    /// Every setting as it was read; of tables that may come several times, those that are there.
    pub(super) fn shown(&self) -> Vec<Shown> {
        let entries = |setting: &'static Setting| {
            let table = self.schema.table_of(setting);
            let count = table.map_or(1, |table| self.file.count(table));
            (1..=count).map(move |number| {
                let entry = table.map(|table| (table, number));
                self.shown_one(setting, place(setting, entry))
            })
        };
        self.schema.settings().flat_map(entries).collect()
    }

    fn shown_one(&self, setting: &'static Setting, place: String) -> Shown {
        let default = self.derived.get(setting.key).map(String::as_str);
        let given = self.given.get(&place).map(|(text, source)| Given {
            text: text.clone(),
            source: source.clone(),
            is_refused: self.refused.contains(&place),
        });
        Shown {
            setting,
            place,
            given,
            default: default.or(setting.default).map(str::to_owned),
        }
    }

    /// Notes an error under the names of the setting.
    pub(super) fn refuse(&mut self, setting: impl Into<&'static Setting>, remedy: &str) {
        let setting = setting.into();
        self.refused.insert(self.place(setting));
        let error = self.about(setting, remedy);
        self.errors.push(error);
    }

    /// Notes what a start logs, and starts nevertheless.
    pub(super) fn warn(&mut self, setting: impl Into<&'static Setting>, text: &str) {
        let warning = self.about(setting.into(), text);
        self.warnings.push(warning);
    }

    fn about(&self, setting: &'static Setting, remedy: &str) -> SettingError {
        let place = self.place(setting);
        let key = match self.given.get(&place) {
            Some((_, Source::File(file) | Source::SecretFile(file))) => {
                format!("{place} in {file}")
            }
            _ => place,
        };
        SettingError {
            setting: match setting.variable {
                "" => key,
                variable => format!("{variable} ({key})"),
            },
            remedy: remedy.to_owned(),
        }
    }

    fn place(&self, setting: &Setting) -> String {
        place(setting, self.entry)
    }

    /// Whether a value was given, so that it is no default.
    pub(super) fn is_given<T>(&self, key: Key<T>) -> bool {
        self.given.contains_key(&self.place(key.setting))
    }

    /// Notes what holds where a setting is absent and its default depends on others.
    pub(super) fn derive<T>(&mut self, key: Key<T>, value: impl fmt::Display) {
        self.derived.insert(key.setting.key, value.to_string());
    }

    /// The value: of the environment, or of the file, or the default.
    pub(super) fn get<T: Value>(&mut self, key: Key<T>) -> T {
        let setting = key.setting;
        if let Some(text) = self.given_text(setting) {
            match T::parse(&text, setting) {
                Ok(value) => return value,
                Err(remedy) => self.refuse(setting, &remedy),
            }
        }
        let default = setting.default.map(|text| T::parse(text, setting));
        let default = default.and_then(Result::ok).or_else(T::absent);
        default.unwrap_or_else(|| unreachable!("{} has no default that can be read", setting.key))
    }

    /// Reads each table of the file that has this key, in their order.
    pub(super) fn tables<T>(
        &mut self,
        table: &'static str,
        read: impl Fn(&mut Self) -> T,
    ) -> Vec<T> {
        let count = self.file.count(table);
        let mut read_one = |number| {
            self.entry = Some((table, number));
            let value = read(self);
            self.entry = None;
            value
        };
        (1..=count).map(&mut read_one).collect()
    }

    /// What stands in the environment, or in the file.
    fn given_text(&mut self, setting: &'static Setting) -> Option<String> {
        let given = self
            .in_environment(setting)
            .or_else(|| self.in_file(setting));
        let (text, source) = given?;
        self.given
            .insert(self.place(setting), (text.clone(), source));
        let is_in = |quote: char| text.starts_with(quote) && text.ends_with(quote);
        let remedy = if let Some(control) = text.chars().find(|c| c.is_control()) {
            let code = u32::from(control);
            format!("must be one line of text; it holds the control character U+{code:04X}")
        } else if text.len() > 1 && ['"', '\''].into_iter().any(is_in) {
            "is in quotes, which count as part of it: take them away".to_owned()
        } else {
            return Some(text);
        };
        self.refuse(setting, &remedy);
        None
    }

    fn in_environment(&mut self, setting: &'static Setting) -> Option<(String, Source)> {
        let value = self.environment.get(setting.variable);
        let text = value.map(|value| value.to_str().map(str::to_owned));
        let in_secret_file = self.in_secret_file(setting);
        let remedy = match (text, in_secret_file) {
            (Some(_), Some(_)) => "is given twice: by itself and by its _FILE variable",
            (Some(None), None) => "is not text in UTF-8",
            (Some(Some(text)), None) => return given(&text, Source::Environment),
            (None, in_secret_file) => return in_secret_file,
        };
        self.refuse(setting, remedy);
        None
    }

    fn in_secret_file(&mut self, setting: &'static Setting) -> Option<(String, Source)> {
        let variable = format!("{}_FILE", setting.variable);
        let path = self
            .environment
            .get(&variable)
            .filter(|_| setting.is_secret)?;
        let name = Path::new(path).display().to_string();
        let problem = match read_text(Path::new(path)) {
            Ok(text) if text.trim().is_empty() => "is empty".to_owned(),
            Ok(text) => return given(&text, Source::SecretFile(name)),
            Err(error) => format!("cannot be read: {error}"),
        };
        self.refuse(
            setting,
            &format!("has a _FILE variable that names {name}, which {problem}"),
        );
        None
    }

    fn in_file(&mut self, setting: &'static Setting) -> Option<(String, Source)> {
        let place = self.place(setting);
        let value = self.file.get(&place)?;
        let (text, is_list) = (value.text.clone(), value.is_list);
        let source = Source::File(self.file.name());
        if is_list && !setting.is_list {
            self.given.insert(place, (text, source));
            self.refuse(setting, "takes one value and not a list");
            return None;
        }
        given(&text, source)
    }
}

/// The key of a setting in the file, within a table that may come several times `app[2].name`.
fn place(setting: &Setting, entry: Option<(&'static str, usize)>) -> String {
    let in_table = entry.and_then(|(table, number)| {
        let rest = setting.key.strip_prefix(table)?;
        Some(format!("{table}[{number}]{rest}"))
    });
    in_table.unwrap_or_else(|| setting.key.to_owned())
}

/// A value without the blanks around it; nothing is left of an empty one.
fn given(text: &str, source: Source) -> Option<(String, Source)> {
    let text = text.trim();
    (!text.is_empty()).then(|| (text.to_owned(), source))
}
