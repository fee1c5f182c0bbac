use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use url::Url;

use super::Mode;
use super::reader::Reader;

#[derive(Clone, Debug)]
pub struct LogConfig {
    /// Directives of `tracing-subscriber`, for example `info` or `vestibule=debug`.
    pub filter: String,
    pub json: bool,
}

impl LogConfig {
    pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Self {
        let format = reader.optional_text("log.format");
        let json = match format.as_deref() {
            Some("json") => true,
            Some("pretty") => false,
            Some(_) => {
                reader.refuse("log.format", "must be json or pretty");
                true
            }
            None => mode == Mode::Production,
        };
        reader.derive("log.format", if json { "json" } else { "pretty" });
        Self {
            filter: read_filter(reader),
            json,
        }
    }

    /// The level above which nothing passes.
    pub(super) fn max_level(&self) -> LevelFilter {
        let filter = EnvFilter::try_new(&self.filter).ok();
        let level = filter.and_then(|filter| filter.max_level_hint());
        level.unwrap_or(LevelFilter::TRACE)
    }
}

/// Stricter than the library: that takes a word which is no
/// level for the name of a module, and logs nothing else.
fn read_filter(reader: &mut Reader<'_>) -> String {
    const KEY: &str = "log.filter";
    let directives = reader.list(KEY);
    for directive in &directives {
        // The names of a span and of its fields may hold anything.
        let is_whole = !directive.contains('[') && !directive.contains('=');
        if is_whole && directive.parse::<LevelFilter>().is_err() {
            reader.refuse(
                KEY,
                &format!("must be a level (off, error, warn, info, debug, trace) and further module=level, like info,vestibule=debug; `{directive}` is neither"),
            );
            return "info".to_owned();
        }
    }
    let filter = directives.join(",");
    if EnvFilter::try_new(&filter).is_err() {
        reader.refuse(KEY, "must be a filter like info or vestibule=debug,info");
    } else if !directives.iter().any(|directive| applies(directive)) {
        reader.refuse(
            KEY,
            &format!("names no module of the portal, so that nothing of it is logged: write info,{filter}"),
        );
    }
    filter
}

/// Whether a directive is about the portal: a level for everything,
/// or one for its own modules or what they begin with.
fn applies(directive: &str) -> bool {
    const CRATES: [&str; 8] = [
        "vestibule",
        "vestibule_app",
        "vestibule_cache",
        "vestibule_core",
        "vestibule_i18n",
        "vestibule_mail",
        "vestibule_storage",
        "vestibule_web",
    ];
    let target = directive.split(['=', '[']).next().unwrap_or_default();
    let is_ours = |name: &str| {
        let below = target.strip_prefix(name);
        name.starts_with(target) || below.is_some_and(|rest| rest.starts_with("::"))
    };
    directive.parse::<LevelFilter>().is_ok() || CRATES.into_iter().any(is_ours)
}

pub(super) fn read_otlp_endpoint(reader: &mut Reader<'_>) -> Option<Url> {
    const KEY: &str = "telemetry.otlp_endpoint";
    let text = reader.optional_text(KEY)?;
    let url = Url::parse(&text).ok().filter(is_endpoint);
    if url.is_none() {
        // Without the value: people do put passwords there.
        reader.refuse(
            KEY,
            "must be the http or https URL of a collector like http://localhost:4318, without user, query and fragment",
        );
    }
    url
}

fn is_endpoint(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}
