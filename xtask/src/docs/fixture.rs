//! A repository with one file in a folder.

use std::fs;

use super::references::Places;

const FILE: &str = "fn it_works() {}\nfn it_works_well() {}\ntest('a day, and a night')";

pub struct Repository(tempfile::TempDir);

impl Repository {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), FILE).unwrap();
        Self(folder)
    }

    /// The only command is `cargo xtask test`.
    pub fn places(&self) -> Places<'_> {
        Places {
            root: self.0.path(),
            is_command: |name| name == "test",
        }
    }
}
