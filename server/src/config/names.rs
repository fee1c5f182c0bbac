//! Names that are no setting: a mistyped setting is a setting that is missing.

use std::net::IpAddr;

use strsim::osa_distance;

use super::environment::{Environment, FILE_VARIABLE};
use super::schema::{Schema, without_number};
use super::setting::Setting;
use super::setting_error::SettingError;

const PREFIX: &str = "VESTIBULE";
const SEPARATORS: [char; 3] = ['_', '-', '.'];
/// Names of other protocols that are one letter away from the portal's.
const OTHER_PROTOCOLS: [&str; 3] = ["SFTP", "SNTP", "SMPP"];

/// What the environment holds beside settings.
#[derive(Default)]
pub(super) struct UnknownVariables {
    pub errors: Vec<SettingError>,
    /// Variables that Kubernetes makes of a Service called `vestibule`.
    pub service_links: Vec<String>,
}

impl UnknownVariables {
    /// Those of an environment. Variables that have nothing to do with the portal are left alone.
    pub fn of(environment: &Environment, schema: Schema) -> Self {
        let mut unknown = Self::default();
        for (name, value) in environment.iter() {
            let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
            if is_known(schema, &name) {
                continue;
            }
            if is_service_link(&name, &value) {
                unknown.service_links.push(name.into_owned());
            } else if let Some(advice) = advice_for_variable(schema, &name) {
                unknown.errors.push(SettingError {
                    setting: name.into_owned(),
                    remedy: advice,
                });
            }
        }
        unknown
    }
}

fn is_known(schema: Schema, name: &str) -> bool {
    name == FILE_VARIABLE || variables(schema).any(|setting| setting.is_named(name))
}

/// The settings that have a variable.
fn variables(schema: Schema) -> impl Iterator<Item = &'static Setting> {
    schema
        .settings()
        .filter(|setting| !setting.variable.is_empty())
}

/// What to do with a variable that looks like a setting and is none.
fn advice_for_variable(schema: Schema, name: &str) -> Option<String> {
    let upper = name.to_ascii_uppercase();
    let base = upper.strip_suffix("_FILE").unwrap_or(&upper);
    if is_near(FILE_VARIABLE, base) {
        return Some(format!("is not a setting: did you mean {FILE_VARIABLE}?"));
    }
    let meant = variables(schema).find(|setting| is_near(setting.variable, base));
    if meant.is_none() && !has_prefix(&upper) {
        return None;
    }
    let meant = meant.or_else(|| {
        nearest(variables(schema), base, |setting| {
            // As the section and key of the file, and with a prefix that some variables do not
            // have.
            let by_key = format!("{PREFIX}_{}", setting.key.replace('.', "_").to_uppercase());
            let by_name = format!("{PREFIX}_{}", setting.variable);
            [setting.variable.to_owned(), by_key, by_name]
        })
    });
    let is_file = base != upper;
    Some(match meant {
        Some(setting) if is_file && !setting.is_secret => format!(
            "is not a setting: only a secret can be in a file; give the value itself in {}",
            setting.variable
        ),
        Some(setting) => {
            let suffix = if is_file { "_FILE" } else { "" };
            format!(
                "is not a setting: did you mean {}{suffix}?",
                setting.variable
            )
        }
        None => "is not a setting: `vestibule config reference` lists the names".to_owned(),
    })
}

/// What to do with a key of the file that is none.
pub(super) fn advice_for_key(schema: Schema, key: &str) -> String {
    let meant = nearest(schema.settings(), &without_number(key), |setting| {
        let variable = match setting.variable {
            "" => setting.key,
            variable => variable,
        };
        [setting.key.to_owned(), variable.to_lowercase()]
    });
    match meant {
        Some(setting) => format!("is not a setting: did you mean {}?", setting.key),
        None => "is not a setting: `vestibule config reference` lists the names".to_owned(),
    }
}

/// The setting that is called most like this, by any of its names, if it is not too far.
fn nearest<const N: usize>(
    settings: impl Iterator<Item = &'static Setting>,
    text: &str,
    names: impl Fn(&Setting) -> [String; N],
) -> Option<&'static Setting> {
    let distance = |setting: &&'static Setting| {
        let names = names(setting).into_iter();
        names.map(|name| osa_distance(&name, text)).min()
    };
    let nearest = settings.min_by_key(distance)?;
    (distance(&nearest)? <= 3).then_some(nearest)
}

/// Whether the first word is the portal's prefix, or that mistyped.
fn has_prefix(name: &str) -> bool {
    name.split_once(SEPARATORS)
        .is_some_and(|(first, _)| osa_distance(first, PREFIX) <= 2)
}

/// Whether a name is a setting's mistyped: a letter or two for a long one, one in each word for a
/// short one, which variables of other programs resemble (`SMTP_SSL`, `REDIS_DIR`).
fn is_near(variable: &str, name: &str) -> bool {
    let joined = |text: &str| text.replace(SEPARATORS, "");
    if joined(variable) == joined(name) {
        return true;
    }
    if variable.len() > 12 {
        return osa_distance(variable, name) <= 2;
    }
    let (Some((subject, kind)), Some((other, other_kind))) =
        (variable.rsplit_once('_'), name.rsplit_once(SEPARATORS))
    else {
        return false;
    };
    let most = if subject.len() > 6 { 2 } else { 1 };
    osa_distance(subject, other) <= most
        && osa_distance(kind, other_kind) <= 1
        && !OTHER_PROTOCOLS.contains(&other)
}

/// Whether Kubernetes makes such a variable of a Service whose name begins with `vestibule`: by
/// name and value, so that `VESTIBULE_PORT=3000` is still an error.
fn is_service_link(name: &str, value: &str) -> bool {
    const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];
    if !name.starts_with(PREFIX) {
        return false;
    }
    let is_port = |text: &str| text.parse::<u16>().is_ok();
    let is_url = || {
        let address = value.split_once("://");
        address.is_some_and(|(scheme, _)| PROTOCOLS.contains(&scheme.to_uppercase().as_str()))
    };
    if name.ends_with("_SERVICE_HOST") {
        return value.parse::<IpAddr>().is_ok();
    }
    if name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
        return is_port(value);
    }
    if name.ends_with("_PORT") && is_url() {
        return true;
    }
    // VESTIBULE_PORT_3000_TCP, and the same with _PROTO, _PORT and _ADDR.
    let Some((_, rest)) = name.split_once("_PORT_") else {
        return false;
    };
    let mut words = rest.split('_');
    let (number, protocol, part) = (words.next(), words.next(), words.next());
    number.is_some_and(is_port)
        && protocol.is_some_and(|protocol| PROTOCOLS.contains(&protocol))
        && match part {
            None => is_url(),
            Some("PROTO") => PROTOCOLS.contains(&value.to_uppercase().as_str()),
            Some("PORT") => is_port(value),
            Some("ADDR") => value.parse::<IpAddr>().is_ok(),
            Some(_) => false,
        }
}
