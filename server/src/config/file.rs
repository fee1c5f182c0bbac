//! The settings file, in TOML.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::environment::{Environment, FILE_VARIABLE};
use super::names;
use super::schema::Schema;
use super::setting_error::SettingError;

/// The file that is read if it exists and no other one is named.
const DEFAULT_FILE: &str = "vestibule.toml";

/// The values of the file by their dotted keys.
pub(super) struct SettingsFile {
    schema: Schema,
    path: PathBuf,
    values: BTreeMap<String, FileValue>,
    /// How many tables there are of each key that may come several times.
    counts: BTreeMap<&'static str, usize>,
    errors: Vec<SettingError>,
}

/// Lists are comma-separated text, as in the environment.
pub(super) struct FileValue {
    pub text: String,
    pub is_list: bool,
}

impl SettingsFile {
    /// The file that is named, or the one in the working folder; an empty one if there is none.
    pub fn read(environment: &Environment, schema: Schema) -> Self {
        let named = environment.get(FILE_VARIABLE);
        let path = PathBuf::from(named.unwrap_or(OsStr::new(DEFAULT_FILE)));
        let mut file = Self {
            schema,
            path,
            values: BTreeMap::new(),
            counts: BTreeMap::new(),
            errors: Vec::new(),
        };
        let (setting, which) = match named {
            Some(_) => (
                FILE_VARIABLE.to_owned(),
                format!("names {}, which", file.name()),
            ),
            None => (file.name(), "is a settings file that".to_owned()),
        };
        match read_text(&file.path) {
            Ok(text) => file.parse(&text),
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => file.errors.push(SettingError {
                setting,
                remedy: format!("{which} cannot be read: {error}"),
            }),
        }
        file
    }

    /// What the file is called in messages.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub fn get(&self, key: &str) -> Option<&FileValue> {
        self.values.get(key)
    }

    /// How many tables of this key there are.
    pub fn count(&self, table: &str) -> usize {
        self.counts.get(table).copied().unwrap_or_default()
    }

    pub fn take_errors(&mut self) -> Vec<SettingError> {
        std::mem::take(&mut self.errors)
    }

    /// Whether the file holds a secret and every user of the machine may read it.
    pub fn shows_secrets_to_all(&self) -> bool {
        let is_secret = |(key, value): (&String, &FileValue)| {
            let setting = self.schema.find(key);
            setting.is_some_and(|setting| setting.is_secret) && !value.text.trim().is_empty()
        };
        let mode = std::fs::metadata(&self.path).map(|file| file.permissions().mode());
        self.values.iter().any(is_secret) && mode.is_ok_and(|mode| mode & 0o004 != 0)
    }

    fn parse(&mut self, text: &str) {
        match DeTable::parse(text) {
            Ok(table) => self.take_table("", table.get_ref()),
            Err(error) => {
                let before = text.get(..error.span().map_or(0, |span| span.start));
                let line = before.unwrap_or_default().matches('\n').count() + 1;
                self.errors.push(SettingError {
                    setting: self.name(),
                    // Not the error's whole text: it quotes the line, which may hold a secret.
                    remedy: format!(
                        "is not TOML at line {line}: {}",
                        error.message().replace('\n', ", ")
                    ),
                });
            }
        }
    }

    fn take_table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let key = key.get_ref();
            if key.contains('[') {
                // Brackets number the tables of a key.
                self.refuse(key, "is not a setting");
                continue;
            }
            let key = match prefix {
                "" => key.to_string(),
                _ => format!("{prefix}.{key}"),
            };
            self.take_value(key, value.get_ref());
        }
    }

    fn take_value(&mut self, key: String, value: &DeValue<'_>) {
        let setting = self.schema.find(&key);
        if let DeValue::Table(table) = value
            && setting.is_none()
            && (!table.is_empty() || self.schema.is_section(&key))
        {
            return self.take_table(&key, table);
        }
        if let (DeValue::Array(items), Some(table)) = (value, self.schema.table(&key)) {
            self.counts.insert(table, items.len());
            for (index, item) in items.iter().enumerate() {
                self.take_value(format!("{key}[{}]", index + 1), item.get_ref());
            }
            return;
        }
        let Some(setting) = setting else {
            return self.refuse(&key, &names::advice_for_key(self.schema, &key));
        };
        if let Some(table) = self.schema.table_of(setting)
            && !key.contains('[')
        {
            return self.refuse(
                &key,
                &format!("belongs below [[{table}]], in double brackets"),
            );
        }
        let value = match value {
            DeValue::Array(items) => {
                let items: Option<Vec<String>> =
                    items.iter().map(|item| scalar(item.get_ref())).collect();
                // A comma separates: an item that holds one would be two.
                items
                    .filter(|items| !items.iter().any(|item| item.contains(',')))
                    .map(|items| (items.join(","), true))
            }
            value => scalar(value).map(|text| (text, false)),
        };
        let Some((text, is_list)) = value else {
            return self.refuse(
                &key,
                "must be text, a number, true, false, or a list of these",
            );
        };
        self.values.insert(key, FileValue { text, is_list });
    }

    fn refuse(&mut self, key: &str, remedy: &str) {
        self.errors.push(SettingError {
            setting: format!("{key} in {}", self.name()),
            remedy: remedy.to_owned(),
        });
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    Some(match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| number.to_string(), |number| number.to_string()),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => return None,
    })
}

/// A small file with text in UTF-8; a byte order mark, which some editors write, is not part of it.
///
/// # Errors
/// Also for a file that is no such text: what is left out of it would be missing.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    const MAX_BYTES: u64 = 1024 * 1024;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    let length = io::Read::read_to_end(&mut io::Read::take(file, MAX_BYTES), &mut bytes)?;
    if length as u64 == MAX_BYTES {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| io::Error::other("it is not text in UTF-8: save it as UTF-8"))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}
