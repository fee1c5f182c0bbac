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

use anyhow::{Result, bail};

use crate::deps::sources;
use crate::docs::repository::Repository;

/// Where the project's Rust files are.
const FOLDERS: [&str; 4] = ["app/src", "frontend/src", "server", "xtask/src"];

pub fn run() -> Result<()> {
    let mut texts = Vec::new();
    for folder in FOLDERS {
        sources(Path::new(folder), &mut texts)?;
    }
    let files: BTreeMap<String, String> = texts.into_iter().collect();
    let mut violations = limits::violations(&files);
    let imports = modules::imports(&files)?;
    violations.extend(imports.unreached(&files));
    violations.extend(circles::violations(
        &imports.between_files,
        &circles::known(),
    ));
    violations.extend(slices::violations(&imports.paths));
    violations.extend(slices::large_folders(&files));
    let repository = Repository::read(Path::new("."))?;
    violations.extend(words::violations(repository.texts()));
    for violation in &violations {
        eprintln!("{violation}");
    }
    if !violations.is_empty() {
        bail!("{} code rules are broken", violations.len());
    }
    println!("code rules hold for {} files", files.len());
    Ok(())
}
