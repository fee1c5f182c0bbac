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
