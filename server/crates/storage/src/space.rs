//! Whether the file system of an embedded database takes writes.

use std::io;
use std::path::Path;

use rustix::fs::{StatVfs, StatVfsMountFlags, statvfs};

/// SQLite lets its log grow to about this before it writes it into the file: with less, one of the
/// next writes fails.
const NEEDED: u64 = 4 * 1024 * 1024;

/// # Errors
/// If it is read-only or full.
pub(crate) fn check(file: &Path) -> io::Result<()> {
    judge(&statvfs(file)?)
}

fn judge(found: &StatVfs) -> io::Result<()> {
    if found.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Err(io::ErrorKind::ReadOnlyFilesystem.into());
    }
    // Some file systems do not know their size.
    let is_known = found.f_blocks > 0;
    if is_known && found.f_bavail.saturating_mul(found.f_frsize) < NEEDED {
        return Err(io::ErrorKind::StorageFull.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_that_is_full_or_read_only_takes_no_writes() {
        let folder = tempfile::tempdir().unwrap();
        let found = statvfs(folder.path()).unwrap();
        let sized = |blocks, free| StatVfs {
            f_flag: StatVfsMountFlags::empty(),
            f_frsize: 4096,
            f_blocks: blocks,
            f_bavail: free,
            ..found
        };
        let kind = |found| judge(&found).map_err(|error| error.kind());
        assert_eq!(kind(sized(10_000, 1024)), Ok(()));
        assert_eq!(kind(sized(10_000, 1023)), Err(io::ErrorKind::StorageFull));
        assert_eq!(kind(sized(0, 0)), Ok(()));
        let read_only = StatVfs {
            f_flag: StatVfsMountFlags::RDONLY,
            ..sized(10_000, 10_000)
        };
        assert_eq!(kind(read_only), Err(io::ErrorKind::ReadOnlyFilesystem));
    }
}
