//! `cargo xtask check-mission`: docs/mission.md answers every line of the brief once, and names nothing that is not there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path};

use anyhow::{Context, Result, bail};

const FILE: &str = "docs/mission.md";

/// How many lines each section of the brief has, from section 0 on.
const LINES: [usize; 13] = [4, 19, 19, 14, 11, 28, 20, 19, 21, 21, 7, 10, 5];

const COLUMNS: usize = 4;

/// What the first column of a row may say beside an id.
const HEAD: &str = "id";

/// How the third column of a row begins whose thing is not there yet.
const NOT_BUILT: &str = "not built yet";

/// What a command begins with that is none of `cargo xtask`.
const PROGRAMS: [&str; 4] = ["cargo", "docker", "kubectl", "sh"];

pub fn run() -> Result<()> {
    let text = fs::read_to_string(FILE).with_context(|| format!("cannot read {FILE}"))?;
    let is_command = |name: &str| crate::command(name).is_some();
    let faults = faults(&text, Path::new("."), is_command);
    for fault in &faults {
        eprintln!("{FILE}: {fault}");
    }
    if !faults.is_empty() {
        bail!("{} faults in {FILE}", faults.len());
    }
    println!("{FILE} answers {} lines", LINES.iter().sum::<usize>());
    Ok(())
}

/// Everything that is wrong with the document. Paths are below `root`.
fn faults(text: &str, root: &Path, is_command: impl Fn(&str) -> bool) -> Vec<String> {
    let mut missing: BTreeSet<(usize, usize)> = ids().collect();
    let mut faults = Vec::new();
    for (heading, row) in rows(text) {
        match parse_id(row[0]).filter(|id| ids().any(|known| known == *id)) {
            None => faults.push(format!("`{}` is no line of the brief", row[0])),
            Some(id) if !missing.remove(&id) => faults.push(format!("{} is there twice", row[0])),
            Some((section, _)) if !heading.starts_with(&format!("## {section}. ")) => {
                faults.push(format!("{} stands under `{heading}`", row[0]));
            }
            Some(_) => {}
        }
        let of_row = row_faults(&row, root, &is_command);
        faults.extend(of_row.map(|fault| format!("{}: {fault}", row[0])));
    }
    let missing = missing.iter();
    faults.extend(missing.map(|(section, line)| format!("M{section}.{line} is missing")));
    faults
}

fn ids() -> impl Iterator<Item = (usize, usize)> {
    let sections = LINES.iter().enumerate();
    sections.flat_map(|(section, lines)| (1..=*lines).map(move |line| (section, line)))
}

fn parse_id(text: &str) -> Option<(usize, usize)> {
    let (section, line) = text.strip_prefix('M')?.split_once('.')?;
    Some((section.parse().ok()?, line.parse().ok()?))
}

/// The cells of every row of every table, with the heading above it; without heads and the lines below them.
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

fn row_faults(
    row: &[&str],
    root: &Path,
    is_command: impl Fn(&str) -> bool,
) -> impl Iterator<Item = String> {
    let mut faults = Vec::new();
    if row.len() != COLUMNS {
        faults.push(format!("{} cells instead of {COLUMNS}", row.len()));
    }
    if row.iter().any(|cell| cell.is_empty()) {
        faults.push("an empty cell".to_owned());
    }
    let is_built = row.get(2).is_some_and(|cell| !cell.starts_with(NOT_BUILT));
    for cell in row.iter().skip(2) {
        let mentions = mentions(cell);
        if is_built && mentions.is_empty() {
            faults.push(format!("`{cell}` names no path and no command"));
        }
        let wrong = mentions.iter().filter_map(|it| it.fault(root, &is_command));
        faults.extend(wrong);
    }
    faults.into_iter()
}

/// What stands in backticks.
#[derive(Debug, PartialEq, Eq)]
enum Mention<'a> {
    Path(&'a str),
    /// Something by its name in a file, or in a file of a folder: a test, as a rule.
    Item {
        path: &'a str,
        name: &'a str,
    },
    /// A command of this program.
    Xtask(&'a str),
    /// A command of another one.
    Command(&'a str),
}

fn mentions(cell: &str) -> Vec<Mention<'_>> {
    cell.split('`').skip(1).step_by(2).map(mention).collect()
}

fn mention(text: &str) -> Mention<'_> {
    if let Some(command) = text.strip_prefix("cargo xtask ") {
        return Mention::Xtask(command.split_whitespace().next().unwrap_or_default());
    }
    if let Some((path, name)) = text.split_once("::") {
        return Mention::Item { path, name };
    }
    match text.split_once(' ') {
        Some((program, _)) if PROGRAMS.contains(&program) => Mention::Command(text),
        _ => Mention::Path(text),
    }
}

impl Mention<'_> {
    fn fault(&self, root: &Path, is_command: impl Fn(&str) -> bool) -> Option<String> {
        match self {
            Self::Path(path) => (!is_there(root, path)).then(|| no_path(path)),
            Self::Item { path, .. } if !is_there(root, path) => Some(no_path(path)),
            Self::Item { path, name } => (name.is_empty() || !holds(&root.join(path), name))
                .then(|| format!("`{path}` has no `{name}`")),
            Self::Xtask(name) => {
                (!is_command(name)).then(|| format!("there is no command `cargo xtask {name}`"))
            }
            Self::Command(text) => paths(text).find(|path| !is_there(root, path)).map(no_path),
        }
    }
}

fn no_path(path: &str) -> String {
    format!("there is no `{path}`")
}

/// The words of a command that are paths in the repository.
fn paths(command: &str) -> impl Iterator<Item = &str> {
    let words = command.split_whitespace();
    words.filter(|word| word.contains('/') && !word.contains("://"))
}

/// A path that leads out of the repository is none.
fn is_there(root: &Path, path: &str) -> bool {
    let mut parts = Path::new(path).components();
    !path.is_empty()
        && parts.all(|part| matches!(part, Component::Normal(_)))
        && root.join(path).exists()
}

/// Whether the file, or a file below the folder, has the name as a word.
fn holds(path: &Path, name: &str) -> bool {
    if let Ok(mut entries) = fs::read_dir(path) {
        return entries.any(|entry| entry.is_ok_and(|entry| holds(&entry.path(), name)));
    }
    fs::read_to_string(path).is_ok_and(|text| has_word(&text, name))
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(start, _)| {
        let (before, after) = (&text[..start], &text[start + word.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with one file in a folder, and a document whose every row is right but for what `change` says.
    struct Repository(tempfile::TempDir);

    const RIGHT: &str = "what | `src/lib.rs` | `src::it_works`";

    impl Repository {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("src")).unwrap();
            let file = folder.path().join("src/lib.rs");
            fs::write(
                file,
                "fn it_works() {}\nfn it_works_well() {}\ntest('a day, and a night')",
            )
            .unwrap();
            Self(folder)
        }

        fn faults_of(&self, document: &str) -> Vec<String> {
            faults(document, self.0.path(), |name| name == "test")
        }

        /// The faults of the document whose row M3.2 has these cells after its id.
        #[track_caller]
        fn faults_with(&self, cells: &str) -> Vec<String> {
            let document = document();
            let row = format!("| M3.2 | {RIGHT} |");
            assert!(document.contains(&row));
            self.faults_of(&document.replace(&row, &format!("| M3.2 | {cells} |")))
        }
    }

    fn document() -> String {
        ids().fold("# Title\n".to_owned(), |text, (section, line)| {
            let head = format!(
                "\n## {section}. Heading\n\n| id | asks | where | shows |\n|---|---|---|---|\n"
            );
            let head = if line == 1 { &head } else { "" };
            text + head + &format!("| M{section}.{line} | {RIGHT} |\n")
        })
    }

    #[test]
    fn the_brief_has_198_lines() {
        assert_eq!(ids().count(), 198);
        assert_eq!((ids().next(), ids().last()), (Some((0, 1)), Some((12, 5))));
    }

    #[test]
    fn a_whole_document_passes() {
        assert_eq!(Repository::new().faults_of(&document()), [""; 0]);
    }

    #[test]
    fn every_id_is_there_once() {
        let repository = Repository::new();
        let row = |id: &str| format!("| {id} | {RIGHT} |\n");
        let without = document().replace(&row("M12.5"), "");
        assert_eq!(repository.faults_of(&without), ["M12.5 is missing"]);
        let twice = document() + &row("M5.28");
        assert_eq!(repository.faults_of(&twice), ["M5.28 is there twice"]);
        for made_up in ["M5.29", "M13.1", "M5.0", "M5", "5.1"] {
            let fault = format!("`{made_up}` is no line of the brief");
            assert_eq!(repository.faults_of(&(document() + &row(made_up))), [fault]);
        }
    }

    #[test]
    fn every_row_stands_in_its_section() {
        let repository = Repository::new();
        let moved = document().replace("## 12. Heading", "## 1. Heading");
        let faults = repository.faults_of(&moved);
        assert_eq!(faults.len(), 5, "{faults:?}");
        assert_eq!(faults[0], "M12.1 stands under `## 1. Heading`");
    }

    #[test]
    fn every_cell_says_something() {
        let repository = Repository::new();
        for cells in [
            " | `src/lib.rs` | `cargo xtask test`",
            "what | `src/lib.rs` | ",
        ] {
            let faults = repository.faults_with(cells);
            assert!(
                faults.contains(&"M3.2: an empty cell".to_owned()),
                "{faults:?}"
            );
        }
        for (cells, number) in [("what | `src/lib.rs`", 3), (&format!("{RIGHT} | more"), 5)] {
            let faults = repository.faults_with(cells);
            let fault = format!("M3.2: {number} cells instead of 4");
            assert!(faults.contains(&fault), "{faults:?}");
        }
    }

    #[test]
    fn what_is_built_is_somewhere_and_shown_by_something() {
        let repository = Repository::new();
        for cells in ["what | here | `src::it_works`", "what | `src` | here"] {
            let fault = "M3.2: `here` names no path and no command";
            assert_eq!(repository.faults_with(cells), [fault]);
        }
        let not_built = "what | not built yet: next month | nothing";
        assert_eq!(repository.faults_with(not_built), [""; 0]);
        let lies = "what | not built yet, but `src/new.rs` | nothing";
        assert_eq!(
            repository.faults_with(lies),
            ["M3.2: there is no `src/new.rs`"]
        );
    }

    #[test]
    fn every_path_is_there() {
        let repository = Repository::new();
        for path in ["src/main.rs", "../src", "/etc", "./src", ""] {
            for cells in [
                format!("what | `src`, `{path}` | `src::it_works`"),
                format!("what | `src` | `{path}::it_works`"),
            ] {
                let fault = format!("M3.2: there is no `{path}`");
                assert_eq!(repository.faults_with(&cells), [fault]);
            }
        }
    }

    #[test]
    fn every_test_is_in_its_file() {
        let repository = Repository::new();
        for right in ["src/lib.rs::it_works_well", "src::a day, and a night"] {
            let cells = format!("what | `src` | `{right}`");
            assert_eq!(repository.faults_with(&cells), [""; 0]);
        }
        for name in ["it_fails", "it_work", "works_well", "a day and a night", ""] {
            for path in ["src/lib.rs", "src"] {
                let fault = format!("M3.2: `{path}` has no `{name}`");
                let cells = format!("what | `src` | `{path}::{name}`");
                assert_eq!(repository.faults_with(&cells), [fault]);
            }
        }
    }

    #[test]
    fn every_command_exists() {
        let repository = Repository::new();
        for right in [
            "cargo xtask test --quick",
            "docker run src/lib.rs https://a/b",
        ] {
            let cells = format!("what | `src` | `{right}`");
            assert_eq!(repository.faults_with(&cells), [""; 0]);
        }
        for (command, fault) in [
            (
                "cargo xtask tests",
                "there is no command `cargo xtask tests`",
            ),
            ("cargo xtask ", "there is no command `cargo xtask `"),
            ("sh src/run.sh", "there is no `src/run.sh`"),
            ("make all", "there is no `make all`"),
        ] {
            let cells = format!("what | `src` | `{command}`");
            assert_eq!(repository.faults_with(&cells), [format!("M3.2: {fault}")]);
        }
    }
}
