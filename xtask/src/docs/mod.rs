//! `cargo xtask check-docs`: what a document names exists.
//!
//! In every Markdown file these are checked: paths, `path::name`, names of tests, commands of this
//! program, links and anchors. In every other file: the documents that it names.

pub mod markdown;
pub mod references;
pub mod repository;

use std::path::Path;

use anyhow::Result;

use references::Checker;
use repository::Repository;

use crate::report::refuse;

pub fn run() -> Result<()> {
    let repository = Repository::read(Path::new("."))?;
    let violations = Checker::new(&repository).violations();
    refuse(&violations, "references that lead nowhere")?;
    println!("{} documents", repository.documents().count());
    Ok(())
}
