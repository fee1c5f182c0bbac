use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

use super::*;

const BOTH: [HashEngine; 2] = [HashEngine::Argon2Rust, HashEngine::Argon2];

fn derive(engine: &mut Engine, job: &Job<'_>, length: usize) -> Vec<u8> {
    let mut output = vec![0; length];
    engine.derive(job, &mut output).unwrap();
    output
}

#[test]
fn both_compute_the_vectors_of_the_rfc() {
    for engine in BOTH {
        for vector in &RFC_9106 {
            assert!(
                vector.is_computed_by(engine),
                "{engine:?}, {:?}",
                vector.algorithm
            );
        }
        for version in [Version::V0x10, Version::V0x13] {
            assert!(engine.agrees_in_mapped_memory(version), "{engine:?}");
        }
        assert_eq!(engine.checked(), engine);
    }
}

#[test]
fn an_engine_that_computes_something_else_is_not_taken() {
    for position in 0..RFC_9106.len() {
        let mut vectors = RFC_9106;
        vectors[position].tag[31] ^= 1;
        assert_eq!(
            HashEngine::Argon2Rust.checked_against(&vectors),
            HashEngine::Argon2
        );
    }
}

/// Over all that a stored hash may ask for: algorithm, version, memory up to 64 MiB, passes, lanes,
/// lengths of salt, hash and associated data. Each engine keeps its memory over all of them, so
/// that what one job leaves behind would show in the next.
#[test]
fn both_give_the_same_hash_for_all_that_is_accepted() {
    let [mut ours, mut reference] = BOTH.map(Engine::new);
    let algorithms = [Algorithm::Argon2d, Algorithm::Argon2i, Algorithm::Argon2id];
    let costs = [
        (8, 1, 1),
        (19_456, 2, 1),
        (9, 10, 1),
        (65_536, 1, 1),
        (47_104, 1, 1),
        (128, 3, 16),
        (12_288, 3, 1),
        (1_000, 2, 3),
        (7_168, 5, 4),
        (131, 4, 16),
        (2_049, 1, 2),
    ];
    for (number, (memory, passes, lanes)) in costs.into_iter().enumerate() {
        let data = AssociatedData::new(&[9; 32][..number * 3 % 33]).unwrap();
        let mut params = ParamsBuilder::new();
        let params = params.m_cost(memory).t_cost(passes).p_cost(lanes);
        let params = params.data(data).build().unwrap();
        let password = "pä55 wörd".repeat(number * 10);
        for algorithm in algorithms {
            for version in [Version::V0x10, Version::V0x13] {
                let job = Job {
                    algorithm,
                    version,
                    params: &params,
                    password: password.as_bytes(),
                    salt: &[7; 48][..8 + number * 4],
                    secret: &[],
                };
                let length = [4, 16, 32, 63, 64][number % 5];
                assert_eq!(
                    derive(&mut ours, &job, length),
                    derive(&mut reference, &job, length),
                    "{algorithm:?} {version:?} m={memory} t={passes} p={lanes}"
                );
            }
        }
    }
}

/// Searches the process's own memory for a piece of what the hash wrote there.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_wiped_after_each_hash() {
    let params = Params::new(4_096, 1, 1, None).unwrap();
    let job = Job {
        algorithm: Algorithm::Argon2id,
        version: Version::V0x13,
        params: &params,
        password: b"of this test alone",
        salt: &[5; 16],
        secret: &[],
    };
    let mut output = [0; 32];
    let mut unwiped = vec![Block::default(); params.block_count()];
    Argon2::new(job.algorithm, job.version, params.clone())
        .hash_password_into_with_memory(job.password, job.salt, &mut output, &mut unwiped)
        .unwrap();
    // Kept in another form, so that the search does not find what it searches for.
    let hidden: Vec<u64> = unwiped[2_048].as_ref()[..8]
        .iter()
        .map(|word| !word)
        .collect();
    assert!(is_in_memory(&hidden), "it finds what is there");
    for block in &mut unwiped {
        block.zeroize();
    }
    for kind in BOTH {
        let mut engine = Engine::new(kind);
        engine.derive(&job, &mut [0; 32]).unwrap();
        assert!(!is_in_memory(&hidden), "{kind:?}");
    }
}

/// Blocks begin at multiples of 64 bytes, or of 8 where they are on the heap.
#[cfg(target_os = "linux")]
fn is_in_memory(hidden: &[u64]) -> bool {
    const STEP: usize = 1 << 20;
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let writable = maps.lines().filter(|line| line.contains(" rw-p "));
    let ranges = writable.filter_map(|line| line.split_once(' ')?.0.split_once('-'));
    let mut bytes = vec![0; STEP + 64];
    let own = bytes.as_ptr() as u64..bytes.as_ptr() as u64 + bytes.len() as u64;
    for (from, to) in ranges {
        let [from, to] = [from, to].map(|end| u64::from_str_radix(end, 16).unwrap());
        let mut at = from;
        while at < to {
            let wanted = usize::try_from(to - at).unwrap().min(bytes.len());
            let read = memory.read_at(&mut bytes[..wanted], at).unwrap_or(0);
            let (words, _) = bytes[..read].as_chunks::<8>();
            let found = words.windows(hidden.len()).position(|window| {
                let mut pairs = window.iter().zip(hidden);
                pairs.all(|(word, hidden)| u64::from_ne_bytes(*word) == !hidden)
            });
            // A copy of this very search is none.
            if found.is_some_and(|position| !own.contains(&(at + 8 * position as u64))) {
                return true;
            }
            bytes.fill(0);
            at += STEP as u64;
        }
    }
    false
}
