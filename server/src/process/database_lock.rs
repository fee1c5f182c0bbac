//! An embedded database serves one process: what that
//! process remembers of it is then never out of date.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Held while the process serves; the system lets go of it when the process ends, however it ends.
pub struct DatabaseLock(#[expect(dead_code, reason = "held, not read")] File);

/// Takes the database for this process; `None` if another one has it.
pub fn lock(database: &Path) -> io::Result<Option<DatabaseLock>> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(DatabaseLock(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
