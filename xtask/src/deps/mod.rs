//! `cargo xtask check-deps`: who may depend on whom, what may be in the wasm file, what may come in
//! from outside.

mod rules;
mod supply;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use cargo_metadata::{DependencyKind, Metadata};
use vestibule_daemons::proc::Cmd;

use rules::Edge;
use supply::{Incoming, Lists};

pub fn run() -> Result<()> {
    let lists = Lists::read()?;
    let metadata = lists.metadata()?;
    let mut violations = rules::direction(&edges(&metadata));
    violations.extend(rules::wasm(&wasm_tree()?));
    violations.extend(rules::migrations(
        &files("migrations/postgres")?,
        &files("migrations/sqlite")?,
    ));
    for folder in ["server/src/api", "app/src"] {
        let mut texts = Vec::new();
        sources(Path::new(folder), &mut texts)?;
        violations.extend(rules::faces(&texts));
    }
    let packages: Vec<Incoming> = metadata.packages.iter().map(Incoming::from).collect();
    violations.extend(lists.violations(&packages));
    for entry in lists.outdated(&packages) {
        println!("deny.toml names {entry}, which is no longer there");
    }
    for violation in &violations {
        eprintln!("{violation}");
    }
    if !violations.is_empty() {
        bail!("{} dependency rules are broken", violations.len());
    }
    println!(
        "dependency rules hold for {} packages",
        metadata.packages.len()
    );
    Ok(())
}

/// What the crates of the workspace name as dependencies, other than for their tests.
fn edges(metadata: &Metadata) -> Vec<Edge> {
    let members: BTreeSet<_> = metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let mut edges = Vec::new();
    for package in metadata.workspace_packages() {
        for dependency in package
            .dependencies
            .iter()
            .filter(|it| it.kind != DependencyKind::Development)
        {
            edges.push(Edge {
                from: package.name.to_string(),
                to: dependency.name.clone(),
                ours: members.contains(&dependency.name),
                optional: dependency.optional,
            });
        }
    }
    edges
}

/// The names of all crates whose code can end up in the wasm file; macros run in the compiler only.
fn wasm_tree() -> Result<BTreeSet<String>> {
    let tree = Cmd::line(
        "cargo tree --locked --package vestibule-frontend --target wasm32-unknown-unknown",
    )
    .args(["--edges", "normal,no-proc-macro", "--prefix", "none"])
    .read()?;
    Ok(tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect())
}

fn files(folder: &str) -> Result<BTreeSet<String>> {
    let entries =
        fs::read_dir(Path::new(folder)).with_context(|| format!("cannot read {folder}"))?;
    entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect()
}

/// The Rust files below a folder, with their texts.
pub fn sources(folder: &Path, texts: &mut Vec<(String, String)>) -> Result<()> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, texts)?;
        } else if path.extension().is_some_and(|end| end == "rs") {
            texts.push((path.display().to_string(), fs::read_to_string(&path)?));
        }
    }
    Ok(())
}
