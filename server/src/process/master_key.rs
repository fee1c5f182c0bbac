//! The master key of a deployment that was given none: made once and kept in the data folder.

use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use vestibule_core::{MasterKey, SystemRandom};

const FILE_NAME: &str = "master.key";

/// Makes the data folder, readable for its owner only.
pub fn prepare_data_dir(folder: &Path) -> io::Result<()> {
    if !folder.is_dir() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    // A file without a name: processes that start together
    // do not meet in it, and a crash leaves nothing.
    tempfile::tempfile_in(folder).map(drop)
}

/// Where the key is kept.
pub fn file(folder: &Path) -> PathBuf {
    folder.join(FILE_NAME)
}

/// Reads the key, or makes it and says so. Two processes that
/// start at once end up with one key: only one creates the file.
pub fn load_or_create(folder: &Path) -> io::Result<MasterKey> {
    if let Some(key) = read(folder)? {
        return Ok(key);
    }
    let path = file(folder);
    let key = MasterKey::generate(&SystemRandom);
    // Readable for its owner only, and whole before it has its name.
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(key.to_text().as_bytes())?;
    temporary.as_file().sync_all()?;
    match temporary.persist_noclobber(&path) {
        Ok(_) => {
            tracing::warn!(
                "a master key was made, {}: back it up, and not beside the database; without it the data cannot be used",
                path.display()
            );
            Ok(key)
        }
        Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
            read(folder)?.ok_or_else(|| io::Error::other("the master key vanished"))
        }
        Err(failed) => Err(failed.error),
    }
}

/// The key of a data folder, if it has one.
pub fn read(folder: &Path) -> io::Result<Option<MasterKey>> {
    match std::fs::read_to_string(file(folder)) {
        Ok(text) => MasterKey::parse(&text).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn processes_that_start_at_once_end_up_with_one_key_that_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let start = || {
            prepare_data_dir(&data).unwrap();
            load_or_create(&data).unwrap().to_text().to_string()
        };
        let keys: HashSet<_> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..16).map(|_| scope.spawn(start)).collect();
            started.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(keys.len(), 1);
        assert!(keys.contains(&start()), "it is made once");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&data), mode(&data.join(FILE_NAME))), (0o700, 0o600));
        assert_eq!(
            std::fs::read_dir(&data).unwrap().count(),
            1,
            "nothing else is left"
        );
    }
}
