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
                reader.fault("log.format", "must be json or pretty");
                true
            }
            None => mode == Mode::Production,
        };
        let filter = reader.text("log.filter");
        if tracing_subscriber::EnvFilter::try_new(&filter).is_err() {
            reader.fault(
                "log.filter",
                "must be a filter like info or vestibule=debug,info",
            );
        }
        Self { filter, json }
    }
}

pub(super) fn read_otlp_endpoint(reader: &mut Reader<'_>) -> Option<Url> {
    const KEY: &str = "telemetry.otlp_endpoint";
    let text = reader.optional_text(KEY)?;
    let url = Url::parse(&text).ok().filter(is_endpoint);
    if url.is_none() {
        // Without the value: people do put passwords there.
        reader.fault(
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
