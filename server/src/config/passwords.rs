//! `[passwords]`

use url::Url;
use vestibule_core::{HashEngine, HashSettings, PasswordPolicy};

use super::reader::Reader;
use super::setting::settings;
use super::value::choices;

settings! {
    /// Shortest password in characters.
    MIN_LENGTH: usize = "passwords.min_length", "VESTIBULE_PASSWORD_MIN_LENGTH", "8", in 8..=64;
    /// Memory of one hash in KiB. With the passes it must reach 19456 with 2, 47104 with 1, or
    /// 12288 with 3.
    ARGON2_MEMORY_KIB: u32 =
        "passwords.argon2_memory_kib", "VESTIBULE_ARGON2_MEMORY_KIB", "19456", in 1..=65_536;
    /// Passes of one hash over its memory.
    ARGON2_PASSES: u32 = "passwords.argon2_passes", "VESTIBULE_ARGON2_PASSES", "2", in 1..=10;
    /// What hashes. `argon2` is slower; it is also taken where the other one fails its test at the
    /// start. Hashes are the same.
    HASH_ENGINE: HashEngine = "passwords.hash_engine", "VESTIBULE_HASH_ENGINE", "argon2-rust";
    /// Threads that hash passwords. Default: one per core. Each owns the memory of one hash.
    HASH_THREADS: Option<usize> =
        "passwords.hash_threads", "VESTIBULE_HASH_THREADS", in 1..=256;
    /// Passwords that may wait for a thread, and never more than take two seconds. Default: 64 per
    /// thread.
    HASH_QUEUE: Option<usize> = "passwords.hash_queue", "VESTIBULE_HASH_QUEUE", in 1..=100_000;
}

choices!(HashEngine: "argon2-rust" => Argon2Rust, "argon2" => Argon2);

#[derive(Clone, Debug)]
pub struct PasswordsConfig {
    pub policy: PasswordPolicy,
    pub hashing: HashSettings,
}

impl PasswordsConfig {
    pub(super) fn read(reader: &mut Reader<'_>, product_name: &str, public_url: &Url) -> Self {
        let defaults = HashSettings::default();
        reader.derive(HASH_THREADS, defaults.threads);
        reader.derive(HASH_QUEUE, defaults.queue);
        let hashing = HashSettings {
            engine: reader.get(HASH_ENGINE),
            memory_kib: reader.get(ARGON2_MEMORY_KIB),
            passes: reader.get(ARGON2_PASSES),
            threads: reader.get(HASH_THREADS).unwrap_or(defaults.threads),
            queue: reader.get(HASH_QUEUE).unwrap_or(defaults.queue),
            max_wait: defaults.max_wait,
        };
        if !hashing.reaches_floor() {
            reader.refuse(
                ARGON2_MEMORY_KIB,
                "and passwords.argon2_passes must reach 19456 with 2, 47104 with 1, or 12288 with 3",
            );
        }
        let words = [Some(product_name), public_url.host_str()];
        let policy = PasswordPolicy {
            min_length: reader.get(MIN_LENGTH),
            context_words: words.into_iter().flatten().map(str::to_owned).collect(),
        };
        Self { policy, hashing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::setting::Range;

    #[test]
    fn the_shortest_password_is_the_floor_of_the_core() {
        let floor = PasswordPolicy::MIN_LENGTH_FLOOR as u64;
        let range = MIN_LENGTH.setting.range;
        assert!(matches!(range, Range::Numbers(least, _) if least == floor));
    }
}
