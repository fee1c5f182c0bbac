//! What is not as it should be in production and may still be meant:
//! logged at a start, and printed by `config check`.

use std::net::IpAddr;

use secrecy::ExposeSecret as _;
use tracing_subscriber::filter::LevelFilter;
use vestibule_cache::is_redis_in_clear;
use vestibule_core::is_loopback;
use vestibule_mail::is_smtp_in_clear;
use vestibule_storage::is_unverified;

use super::reader::Reader;
use super::{Config, DatabaseConfig, Mode, database, http, mail, redis, telemetry};

pub(super) fn check(reader: &mut Reader<'_>, config: &Config) {
    let private = config.http.private_listen;
    if is_open(private.ip()) {
        reader.warn(
            http::PRIVATE_LISTEN,
            &format!("names {private}: see to it that only your monitoring reaches the port, which asks for no password"),
        );
    }
    if config.log.max_level() == LevelFilter::OFF {
        reader.warn(telemetry::FILTER, "lets nothing through, not even errors");
    }
    if config.mail.smtp_url.is_none() && !config.shows_mailbox() {
        reader.warn(
            mail::SMTP_URL,
            "is not set: mails are kept in the data folder and neither sent nor shown",
        );
    }
    if config.mode == Mode::Production {
        check_production(reader, config);
    }
}

fn check_production(reader: &mut Reader<'_>, config: &Config) {
    if config.log.max_level() >= LevelFilter::DEBUG {
        reader.warn(
            telemetry::FILTER,
            "lets debug or trace lines through, and those of libraries may hold what is private: use info",
        );
    }
    if !reader.is_given(http::TRUSTED_PROXIES) {
        reader.warn(
            http::TRUSTED_PROXIES,
            "is not set: everybody who comes by one proxy has its address, and shares one limit; name the proxy that ends TLS",
        );
    }
    check_database(reader, &config.database);
    if config.redis.url.as_ref().is_some_and(is_redis_in_clear) {
        reader.warn(
            redis::URL,
            "has no TLS: the password of Redis, and who asks for what, travel in clear; use rediss://",
        );
    }
    let smtp_url = config.mail.smtp_url.as_ref();
    if smtp_url.is_some_and(|url| is_smtp_in_clear(url.expose_secret())) {
        reader.warn(
            mail::SMTP_URL,
            "has no TLS: mailed links, which sign people in, travel in clear; use smtps://, or smtp:// with ?tls=required",
        );
    }
    let collector = config.otlp_endpoint.as_ref();
    if collector
        .is_some_and(|url| url.scheme() == "http" && !url.host_str().is_some_and(is_loopback))
    {
        reader.warn(
            telemetry::OTLP_ENDPOINT,
            "has no TLS: traces, and a key in OTEL_EXPORTER_OTLP_HEADERS, travel in clear; use https",
        );
    }
}

/// Where the network between is trusted that may be meant, so it is no reason not to start.
pub(super) fn check_database(reader: &mut Reader<'_>, database: &DatabaseConfig) {
    if is_unverified(database.url.expose_secret()) {
        reader.warn(
            database::URL,
            "has an sslmode that does not prove which server answers: an attacker between can read, or be, the database; use sslmode=verify-full",
        );
    }
}

/// Whether more than this machine and a private network can reach an address.
fn is_open(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            !address.is_loopback() && !address.is_private() && !address.is_link_local()
        }
        IpAddr::V6(address) => {
            !address.is_loopback() && !address.is_unique_local() && !address.is_unicast_link_local()
        }
    }
}
