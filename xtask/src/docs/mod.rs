//! `cargo xtask check-docs`: docs/mission.md, docs/ASVS.md and docs/evidence/faults.md answer row
//! by row, and name nothing that is not there.

mod asvs;
mod faults;
#[cfg(test)]
mod fixture;
mod mission;
mod references;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use references::Places;

/// Finds everything that is wrong with a document.
type Check = fn(&str, &Places) -> Vec<String>;

const DOCUMENTS: [(&str, Check); 3] = [
    ("docs/mission.md", mission::faults),
    ("docs/ASVS.md", asvs::faults),
    ("docs/evidence/faults.md", faults::faults),
];

/// What the first column of a row may say beside an id.
const HEAD: &str = "id";

pub fn run() -> Result<()> {
    let places = Places {
        root: Path::new("."),
        is_command: |name| crate::command(name).is_some(),
    };
    let mut count = 0;
    for (file, check) in DOCUMENTS {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
        for fault in check(&text, &places) {
            eprintln!("{file}: {fault}");
            count += 1;
        }
        println!("{file} has {} rows", rows(&text).count());
    }
    if count > 0 {
        bail!("{count} faults in documents");
    }
    Ok(())
}

/// The cells of every row of every table, with the heading above it;
/// without heads and the lines below them.
fn rows(text: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let mut heading = "";
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if line.starts_with("## ") {
            heading = line;
        }
        let row = line.strip_prefix('|')?;
        let row = row.strip_suffix('|').unwrap_or(row);
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let is_row = cells[0] != HEAD && !cells[0].starts_with("--");
        is_row.then_some((heading, cells))
    })
}

/// What may not be in a row of any document.
fn row_faults(row: &[&str], columns: usize) -> Vec<String> {
    let mut faults = Vec::new();
    if row.len() != columns {
        faults.push(format!("{} cells instead of {columns}", row.len()));
    }
    if row.iter().any(|cell| cell.is_empty()) {
        faults.push("an empty cell".to_owned());
    }
    faults
}
