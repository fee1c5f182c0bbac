//! Hashes with nothing around: what `cargo xtask bench` holds sign-ins against.

#![allow(clippy::print_stdout, reason = "a command says what it measured")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::env;
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use argon2_rust::params::Memory;

const PASSWORD: &[u8] = b"violet harbour quartz 42";
const SALT: &[u8] = &[7; 16];
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;

type Hash = Box<dyn FnMut() -> Result<(), Box<dyn Error>>>;

/// The arguments are an engine, a number of threads and milliseconds. It prints hashes a second.
fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [engine, threads, milliseconds] = args.as_slice() else {
        return Err("usage: hash_rate argon2-rust|argon2 THREADS MILLISECONDS".into());
    };
    let threads: usize = threads.parse()?;
    let time = Duration::from_millis(milliseconds.parse()?);
    let start: fn() -> Result<Hash, Box<dyn Error>> = match engine.as_str() {
        "argon2-rust" => argon2_rust,
        "argon2" => argon2,
        _ => return Err("no such engine".into()),
    };
    let rates: Vec<Option<f64>> = thread::scope(|scope| {
        let work: Vec<_> = (0..threads)
            .map(|_| scope.spawn(move || rate(start, time).ok()))
            .collect();
        work.into_iter()
            .map(|it| it.join().ok().flatten())
            .collect()
    });
    let sum: Option<f64> = rates.into_iter().sum();
    println!("{:.2}", sum.ok_or("a thread failed")?);
    Ok(())
}

fn rate(
    start: fn() -> Result<Hash, Box<dyn Error>>,
    time: Duration,
) -> Result<f64, Box<dyn Error>> {
    let mut hash = start()?;
    // Gets the memory.
    hash()?;
    let (started, mut count) = (Instant::now(), 0_u32);
    while started.elapsed() < time {
        hash()?;
        count += 1;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}

fn argon2_rust() -> Result<Hash, Box<dyn Error>> {
    use argon2_rust::{Algorithm, Argon2, Params, Version};
    let params = Params::builder().memory(Memory::kib(MEMORY_KIB.into()));
    let params = params.passes(PASSES).build()?;
    let mut hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hasher();
    Ok(Box::new(move || {
        Ok(hasher.hash_into(PASSWORD, SALT, &mut [0; 32])?)
    }))
}

fn argon2() -> Result<Hash, Box<dyn Error>> {
    use argon2::{Algorithm, Argon2, Block, Params, Version};
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)?;
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Ok(Box::new(move || {
        let output = &mut [0; 32];
        Ok(argon2.hash_password_into_with_memory(PASSWORD, SALT, output, &mut memory)?)
    }))
}
