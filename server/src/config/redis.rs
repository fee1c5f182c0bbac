//! `[redis]`

use secrecy::SecretString;
use vestibule_cache::check_redis_url;

use super::mode::Mode;
use super::reader::Reader;
use super::setting::settings;

settings! {
    /// `redis://user:password@host:port/database`, or `rediss://` for TLS, which production needs
    /// unless Redis is on this machine or the URL says `?sslmode=disable`, where the network is
    /// trusted; `?sslrootcert=FILE` names the authority of its certificate, if it is not a public
    /// one. With it replicas share limits, and who is signed in is cached; without it each replica
    /// counts alone. It may go away and come back at any time.
    URL: Option<SecretString> = "redis.url", "REDIS_URL";
    /// The beginning of every key and channel, for a Redis that several portals share.
    PREFIX: String = "redis.prefix", "VESTIBULE_REDIS_PREFIX", "vestibule";
}

#[derive(Clone, Debug)]
pub struct RedisConfig {
    /// `None`: limits and caches are those of this process.
    pub url: Option<SecretString>,
    /// The beginning of every key and channel.
    pub prefix: String,
}

impl RedisConfig {
    pub(super) fn read(reader: &mut Reader<'_>, mode: Mode) -> Self {
        let prefix = reader.get(PREFIX);
        let is_production = mode == Mode::Production;
        let url = reader.secret_url(URL, |url| check_redis_url(url, is_production));
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:.".contains(&byte);
        if !prefix.bytes().all(is_plain) {
            reader.refuse(PREFIX, "must be letters, digits and any of - _ : .");
        }
        Self { url, prefix }
    }
}
