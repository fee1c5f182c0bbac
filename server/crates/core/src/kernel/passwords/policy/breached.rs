//! Passwords of breaches, as a filter: no password of it passes, and one of 65,536 others is taken
//! for one of them.
//!
//! `docs/BREACHED-PASSWORDS.md` says what is in it and how it is made.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use xorf::{BinaryFuse16Ref, Filter as _, FilterRef as _};

/// The filter is read where it lies, in the numbers of little-endian machines.
#[repr(C, align(2))]
struct Aligned<T: ?Sized>(T);

static FILE: &Aligned<[u8]> = &Aligned(*include_bytes!(
    "../../../../data/breached-passwords.filter"
));

#[cfg(not(target_endian = "little"))]
compile_error!("the filter is stored for little-endian machines");

const HEADER: usize = 20;

static FILTER: LazyLock<BinaryFuse16Ref<'static>> = LazyLock::new(|| {
    let (header, fingerprints) = FILE.0.split_at(HEADER);
    BinaryFuse16Ref::from_dma(header, fingerprints)
});

/// Whether the password, in normal form, is one of the breached ones, in capitals or not.
pub(super) fn is_listed(password: &str) -> bool {
    FILTER.contains(&key(password))
}

/// What stands for a password in the filter.
pub(super) fn key(password: &str) -> u64 {
    let digest = digest(&SHA256, password.to_lowercase().as_bytes());
    let first = digest.as_ref().first_chunk::<8>();
    first.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
