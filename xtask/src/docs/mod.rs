//! `cargo xtask check-docs`: what a document names exists.
//!
//! In every Markdown file these are checked: paths, `path::name`, names of tests, commands of this
//! program, links and anchors. In every other file: the documents that it names.

pub mod markdown;
mod references;
pub mod repository;

use std::path::Path;

use anyhow::{Result, bail};

use references::Checker;
use repository::Repository;

pub fn run() -> Result<()> {
    let repository = Repository::read(Path::new("."))?;
    let checker = Checker::new(&repository, |name| crate::command(name).is_some());
    let violations = checker.violations();
    for violation in &violations {
        eprintln!("{violation}");
    }
    if !violations.is_empty() {
        bail!("{} references that lead nowhere", violations.len());
    }
    println!("{} documents", repository.documents().count());
    Ok(())
}
