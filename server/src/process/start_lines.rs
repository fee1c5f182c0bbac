//! What a start logs: what is served, in which mode, on what, and what is not as it should be; in
//! the end that it is served, and where to begin.

use std::net::SocketAddr;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::config::{Config, Mode, issuer};

/// Logs the first lines.
pub fn log_start(config: &Config) {
    for line in lines(config) {
        tracing::info!("{line}");
    }
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
}

/// Logs that requests are answered from now on, and in development what to do next.
pub fn log_serving(config: &Config, listen: SocketAddr) {
    tracing::info!(url = %config.http.public_url, %listen, "serving");
    if config.mode == Mode::Development {
        tracing::info!("{}", next_step(config));
    }
}

fn next_step(config: &Config) -> String {
    let public_url = issuer(&config.http.public_url);
    let mut steps = vec![format!("next: register at {public_url}/register")];
    if config.shows_mailbox() {
        steps.push(format!("read the mail at {public_url}/dev/mailbox"));
    }
    if config.needs_data_dir() {
        steps.push(format!("what is kept is in {}", config.data_dir.display()));
    }
    steps.push("before others use it, read docs/operations/production.md".to_owned());
    steps.join("; ")
}

fn lines(config: &Config) -> [String; 5] {
    let http = &config.http;
    let public_url = issuer(&http.public_url);
    let mail = match &config.mail.smtp_url {
        Some(url) => place(url),
        None if config.shows_mailbox() => {
            format!("kept in the data folder, shown at {public_url}/dev/mailbox")
        }
        None => "kept in the data folder".to_owned(),
    };
    let redis = match &config.redis.url {
        Some(url) => place(url),
        None => "none, limits are counted by this process alone".to_owned(),
    };
    let data_dir = if config.needs_data_dir() {
        config.data_dir.display().to_string()
    } else {
        "none is needed".to_owned()
    };
    [
        format!(
            "vestibule {} starts in {} mode",
            env!("CARGO_PKG_VERSION"),
            config.mode.as_str()
        ),
        format!(
            "pages and API: {public_url} (listening on {}), metrics and health: {}",
            http.listen, http.private_listen
        ),
        format!("database: {}", database(config)),
        format!("Redis: {redis}"),
        format!("mail: {mail}; data folder: {data_dir}"),
    ]
}

fn database(config: &Config) -> String {
    match config.database.file() {
        Some(file) => format!("SQLite, {}", file.display()),
        None => place(&config.database.url),
    }
}

/// Scheme, host, port and path: what else is in such a URL may be secret.
fn place(url: &SecretString) -> String {
    let Ok(url) = Url::parse(url.expose_secret()) else {
        return "elsewhere".to_owned();
    };
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    let host = url.host_str().unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}
