//! `cargo xtask check-code`: how long a file and a comment may be, that no files of a crate import
//! each other in a circle, the floor plan of the core, and which words have been replaced. How long
//! a function may be is clippy's, see `clippy.toml`.

mod circles;
mod limits;
mod modules;
mod slices;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use crate::docs::repository::Repository;
use crate::report::refuse;

/// The texts of Rust files by their paths.
type Files<'a> = BTreeMap<&'a str, &'a str>;

pub fn run() -> Result<()> {
    let repository = Repository::read(Path::new("."))?;
    let files: Files = repository.sources().collect();
    let mut violations = limits::violations(&files);
    let imports = modules::imports(&files)?;
    violations.extend(imports.unreached(&files));
    violations.extend(circles::violations(&imports.between_files));
    violations.extend(slices::violations(&imports.paths));
    violations.extend(slices::large_folders(&files));
    violations.extend(slices::missing_names(&files));
    violations.extend(words::violations(repository.texts()));
    refuse(&violations, "code rules are broken")?;
    println!("code rules hold for {} files", files.len());
    Ok(())
}
