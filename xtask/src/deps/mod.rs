//! `cargo xtask check-deps`: who may depend on whom, what may be in the wasm file, and that each
//! migration is there for both databases. What may come in from outside is cargo-deny's, see
//! `cargo xtask check-supply`.

mod rules;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, ensure};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use vestibule_daemons::proc::Cmd;

use rules::Edge;

use crate::docs::repository::Repository;
use crate::report::refuse;

/// The handlers of the API and the pages.
const FACES: [&str; 2] = ["server/src/api", "app/src"];
/// What both databases have.
const MIGRATIONS: [&str; 2] = ["migrations/postgres", "migrations/sqlite"];

pub fn run() -> Result<()> {
    let metadata = MetadataCommand::new().no_deps().exec()?;
    let mut violations = rules::direction(&edges(&metadata));
    violations.extend(rules::wasm(&wasm_tree()?));
    let repository = Repository::read(Path::new("."))?;
    for folder in FACES.iter().chain(&MIGRATIONS) {
        ensure!(repository.has(folder), "there is no {folder}");
    }
    let [postgres, sqlite] = MIGRATIONS.map(|folder| {
        let files = repository.texts().map(|(path, _)| path);
        let names = files.filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
        names.map(str::to_owned).collect()
    });
    violations.extend(rules::migrations(&postgres, &sqlite));
    let sources = repository.sources();
    violations.extend(rules::faces(
        sources.filter(|(path, _)| FACES.iter().any(|folder| path.starts_with(folder))),
    ));
    refuse(&violations, "dependency rules are broken")?;
    println!(
        "dependency rules hold for {} crates",
        metadata.packages.len()
    );
    Ok(())
}

/// What the crates of the workspace name as dependencies, other than for their tests.
fn edges(metadata: &Metadata) -> Vec<Edge> {
    let mut edges = Vec::new();
    for package in metadata.workspace_packages() {
        let named = package.dependencies.iter();
        let built_in = named.filter(|it| it.kind != DependencyKind::Development);
        edges.extend(built_in.map(|dependency| Edge {
            from: package.name.to_string(),
            to: dependency.name.clone(),
            ours: dependency.path.is_some(),
            optional: dependency.optional,
        }));
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
