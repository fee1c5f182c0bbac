/// The URL of a Redis that tests share, each under a prefix of its own.
const REDIS: &str = "TEST_REDIS_URL";

/// `None` unless `TEST_REDIS_URL` is set.
pub fn redis_url() -> Option<String> {
    let url = std::env::var(REDIS).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        eprintln!("Redis skipped: {REDIS} is not set");
    }
    url
}

/// A prefix for keys and channels that no other test has.
pub fn redis_prefix() -> String {
    format!("test-{}", uuid::Uuid::new_v4().simple())
}

/// All that stands under a prefix, keys and values, in one text.
/// For strings and hashes, which is what the portal keeps.
pub fn redis_contents(url: &str, prefix: &str) -> String {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_connection().unwrap();
    let mut keys = redis::cmd("KEYS");
    let keys: Vec<String> = keys
        .arg(format!("{prefix}:*"))
        .query(&mut connection)
        .unwrap();
    let mut contents = Vec::new();
    for key in keys {
        let mut kind = redis::cmd("TYPE");
        let kind: String = kind.arg(&key).query(&mut connection).unwrap();
        let ask = match &*kind {
            "hash" => "HGETALL",
            "string" => "GET",
            // It expired meanwhile.
            "none" => continue,
            kind => panic!("{key} is a {kind}"),
        };
        let value: redis::Value = redis::cmd(ask).arg(&key).query(&mut connection).unwrap();
        let value = format!("{value:?}");
        assert!(!value.contains("binary-data"), "no text: {value}");
        contents.extend([key, value]);
    }
    contents.join("\n")
}
