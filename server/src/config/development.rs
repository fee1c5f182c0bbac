//! Development mode is for this machine alone. A portal for
//! others that was started without its mode must not serve.

use secrecy::ExposeSecret as _;
use url::Url;
use vestibule_core::is_loopback;
use vestibule_storage::is_elsewhere;

use super::http::split_port;
use super::reader::Reader;
use super::{Config, Mode};

/// Refuses what others could reach.
///
/// A container publishes a port of its own network to this machine: an operator who says so, by
/// mode and public URL, may listen on more than loopback.
pub(super) fn check(reader: &mut Reader<'_>, config: &Config) {
    if config.mode != Mode::Development {
        return;
    }
    let is_chosen = reader.is_given("mode");
    let is_public_local = config.http.public_url.host_str().is_some_and(is_local);
    if reader.is_given("http.public_url") && !is_public_local {
        reader.refuse(
            "http.public_url",
            "names a host that is not this machine, and development mode serves this machine alone: set VESTIBULE_MODE=production, or open the portal as http://localhost:3000",
        );
    }
    for host in &config.http.allowed_hosts {
        let name = split_port(host).0;
        if Some(name) != config.http.public_url.host_str() && !is_local(name) {
            reader.refuse(
                "http.allowed_hosts",
                &format!("holds `{host}`, which is not this machine, and development mode serves this machine alone: set VESTIBULE_MODE=production"),
            );
        }
    }
    check_listening(reader, config, is_chosen);
    if !is_chosen {
        refuse_other_machines(reader, config);
    }
}

fn check_listening(reader: &mut Reader<'_>, config: &Config, is_chosen: bool) {
    let listen = config.http.listen;
    if listen.ip().to_canonical().is_loopback() {
        return;
    }
    if !is_chosen || !reader.is_given("http.public_url") {
        reader.refuse(
            "http.listen",
            &format!("names {listen}, which others can reach, and development mode serves this machine alone: set VESTIBULE_MODE=production; for a container whose port is published to this machine alone set VESTIBULE_MODE=development and PUBLIC_URL=http://localhost:3000"),
        );
        return;
    }
    if config.rate_limits {
        reader.warn(
            "http.listen",
            &format!("names {listen} in development mode: publish the port to this machine alone"),
        );
    } else {
        reader.refuse(
            "rate_limits",
            &format!("is off, and VESTIBULE_LISTEN names {listen}, which others can reach: remove one of them"),
        );
    }
}

/// A database, Redis or mail server elsewhere belongs to a portal for others,
/// unless development mode was asked for by name.
fn refuse_other_machines(reader: &mut Reader<'_>, config: &Config) {
    let url = |secret: &secrecy::SecretString| Url::parse(secret.expose_secret()).ok();
    let is_elsewhere_by_url = |secret: &Option<secrecy::SecretString>| {
        let url = secret.as_ref().and_then(url);
        url.is_some_and(|url| url.host_str().is_some_and(|host| !is_local(host)))
    };
    let elsewhere = [
        (
            "database.url",
            is_elsewhere(config.database.url.expose_secret()),
        ),
        ("redis.url", is_elsewhere_by_url(&config.redis.url)),
        ("mail.smtp_url", is_elsewhere_by_url(&config.mail.smtp_url)),
    ];
    for (key, is_elsewhere) in elsewhere {
        if is_elsewhere {
            reader.refuse(
                key,
                "names another machine, and no mode is set: set VESTIBULE_MODE=production, or VESTIBULE_MODE=development if that is what you want",
            );
        }
    }
}

/// Also the names below `localhost`, which browsers look up nowhere (RFC 6761).
fn is_local(host: &str) -> bool {
    is_loopback(host) || host.ends_with(".localhost")
}
