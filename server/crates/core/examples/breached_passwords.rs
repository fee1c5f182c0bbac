//! Makes `data/breached-passwords.filter`; `docs/BREACHED-PASSWORDS.md` says from what, and with
//! which command.

#![allow(clippy::print_stderr, reason = "a command says what it made")]

use std::collections::BTreeSet;
use std::io::{BufReader, Write as _};
use std::{env, fs, io};

use unicode_normalization::UnicodeNormalization as _;
use vestibule_core::PasswordPolicy;
use xorf::{BinaryFuse16, DmaSerializable, Filter as _};

#[path = "../src/kernel/passwords/policy/breached.rs"]
#[allow(dead_code, reason = "only the key is wanted here")]
mod breached;

/// Phrases that every list has without the blanks.
const PHRASES: [&str; 3] = [
    "correct horse battery staple",
    "correct-horse-battery-staple",
    "correcthorsebatterystaple",
];

/// So many lines of the ranked list are taken.
const COMMONEST: usize = 100_000;

/// The argument is a list with the commonest first. Another one, of which only the long ones are
/// taken, comes in on standard input. The filter goes out.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = env::args().nth(1).ok_or("name the ranked list")?;
    let ranked = read(BufReader::new(fs::File::open(path)?), COMMONEST)?;
    let long = read(io::stdin().lock(), usize::MAX)?;
    let long = long.into_iter().filter(|password| is_long(password));
    let mut passwords: BTreeSet<String> = ranked.into_iter().chain(long).collect();
    passwords.extend(PHRASES.iter().map(ToString::to_string));
    let keys: BTreeSet<u64> = passwords.iter().map(|it| breached::key(it)).collect();
    let keys: Vec<u64> = keys.into_iter().collect();
    let filter = BinaryFuse16::try_from(&keys)?;
    assert!(keys.iter().all(|key| filter.contains(key)));
    let mut header = [0; BinaryFuse16::DESCRIPTOR_LEN];
    filter.dma_copy_descriptor_to(&mut header);
    let mut out = io::stdout().lock();
    out.write_all(&header)?;
    out.write_all(filter.dma_fingerprints())?;
    eprintln!("{} passwords in the filter", keys.len());
    for length in 8..=15 {
        let count = passwords.iter().filter(|it| it.chars().count() >= length);
        eprintln!("{:>8} of at least {length} characters", count.count());
    }
    Ok(())
}

/// The passwords of a list, as they are looked up.
fn read(lines: impl io::BufRead, at_most: usize) -> io::Result<Vec<String>> {
    let mut passwords = Vec::new();
    for line in lines.split(b'\n').take(at_most) {
        let Ok(line) = String::from_utf8(line?) else {
            continue;
        };
        let password: String = line.trim_end_matches('\r').nfc().collect();
        let password = password.to_lowercase();
        let length = password.chars().count();
        if (PasswordPolicy::MIN_LENGTH_FLOOR..=64).contains(&length)
            && !password.contains(char::is_control)
        {
            passwords.push(password);
        }
    }
    Ok(passwords)
}

/// Of the longest list: what is no digest, and long or nothing but letters.
fn is_long(password: &str) -> bool {
    let length = password.chars().count();
    let is_digest =
        matches!(length, 16 | 20 | 32 | 40) && password.chars().all(|c| c.is_ascii_hexdigit());
    let is_of_letters = password.chars().all(char::is_alphabetic);
    !is_digest && (length >= 15 || (length >= 12 && is_of_letters))
}
