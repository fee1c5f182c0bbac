//! All settings.

use super::setting::Setting;

/// What there is to set.
#[derive(Clone, Copy)]
pub struct Schema {
    /// The sections in the order of the reference.
    pub sections: &'static [&'static [&'static Setting]],
    /// The keys of tables that the file may hold several times, like `[[client]]`.
    pub tables: &'static [&'static str],
}

/// The settings of the portal.
pub const SCHEMA: Schema = Schema {
    sections: &[
        super::mode::SETTINGS,
        super::http::SETTINGS,
        super::cors::SETTINGS,
        super::database::SETTINGS,
        super::redis::SETTINGS,
        super::master_key::SETTINGS,
        super::mail::SETTINGS,
        super::branding::SETTINGS,
        super::locale::SETTINGS,
        super::registration::SETTINGS,
        super::tokens::SETTINGS,
        super::lifetimes::SETTINGS,
        super::passwords::SETTINGS,
        super::limits::SETTINGS,
        super::retention::SETTINGS,
        super::telemetry::SETTINGS,
        super::oidc::SETTINGS,
    ],
    tables: &[super::oidc::CLIENT],
};

impl Schema {
    pub fn settings(self) -> impl Iterator<Item = &'static Setting> {
        self.sections
            .iter()
            .flat_map(|section| section.iter().copied())
    }

    /// The setting of a key of the file, which may be in an entry of a table: `app[2].name`.
    pub fn find(self, key: &str) -> Option<&'static Setting> {
        let key = without_number(key);
        self.settings().find(|setting| setting.key == key)
    }

    /// The table of this key that may come several times.
    pub fn table(self, key: &str) -> Option<&'static str> {
        self.tables.iter().copied().find(|table| *table == key)
    }

    /// The table that a setting is in, if that may come several times.
    pub fn table_of(self, setting: &Setting) -> Option<&'static str> {
        let below = |table: &&str| {
            let rest = setting.key.strip_prefix(table);
            rest.is_some_and(|rest| rest.starts_with('.'))
        };
        self.tables.iter().copied().find(|table| below(table))
    }

    /// Whether settings have keys below this one.
    pub fn is_section(self, key: &str) -> bool {
        let key = format!("{}.", without_number(key));
        self.settings().any(|setting| setting.key.starts_with(&key))
    }
}

/// `app.name` of `app[2].name`.
pub(super) fn without_number(key: &str) -> String {
    let parts = key.split(']');
    let parts = parts.map(|part| part.split('[').next().unwrap_or_default());
    parts.collect()
}
