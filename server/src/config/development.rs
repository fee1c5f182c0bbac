//! Development mode is for this machine alone. A portal for
//! others that was started without its mode must not serve.

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;
use vestibule_storage::is_elsewhere;

use super::http::{self, split_port};
use super::mode::is_local;
use super::reader::Reader;
use super::{Config, Mode, database, limits, mail, mode, redis};

/// Refuses what others could reach.
///
/// A container publishes a port of its own network to this machine: an operator who says so, by
/// mode and public URL, may listen on more than loopback.
pub(super) fn check(reader: &mut Reader<'_>, config: &Config) {
    if config.mode != Mode::Development {
        return;
    }
    let is_chosen = reader.is_given(mode::MODE);
    let is_public_local = config.http.public_url.host_str().is_some_and(is_local);
    if reader.is_given(http::PUBLIC_URL) && !is_public_local {
        reader.refuse(
            http::PUBLIC_URL,
            "names a host that is not this machine, and development mode serves this machine alone: set VESTIBULE_MODE=production, or open the portal as http://localhost:3000",
        );
    }
    for host in &config.http.allowed_hosts {
        let name = split_port(host).0;
        if Some(name) != config.http.public_url.host_str() && !is_local(name) {
            reader.refuse(
                http::ALLOWED_HOSTS,
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
    if !is_chosen || !reader.is_given(http::PUBLIC_URL) {
        reader.refuse(
            http::LISTEN,
            &format!("names {listen}, which others can reach, and development mode serves this machine alone: set VESTIBULE_MODE=production; for a container whose port is published to this machine alone set VESTIBULE_MODE=development and PUBLIC_URL=http://localhost:3000"),
        );
        return;
    }
    if config.rate_limits {
        reader.warn(
            http::LISTEN,
            &format!("names {listen} in development mode: publish the port to this machine alone"),
        );
    } else {
        reader.refuse(
            limits::RATE_LIMITS,
            &format!("is off, and VESTIBULE_LISTEN names {listen}, which others can reach: remove one of them"),
        );
    }
}

/// A database, Redis or mail server elsewhere belongs to a portal for others,
/// unless development mode was asked for by name.
fn refuse_other_machines(reader: &mut Reader<'_>, config: &Config) {
    let url = |secret: &SecretString| Url::parse(secret.expose_secret()).ok();
    let is_elsewhere_by_url = |secret: &Option<SecretString>| {
        let url = secret.as_ref().and_then(url);
        url.is_some_and(|url| url.host_str().is_some_and(|host| !is_local(host)))
    };
    let elsewhere = [
        (
            database::URL,
            is_elsewhere(config.database.url.expose_secret()),
        ),
        (redis::URL, is_elsewhere_by_url(&config.redis.url)),
        (mail::SMTP_URL, is_elsewhere_by_url(&config.mail.smtp_url)),
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
