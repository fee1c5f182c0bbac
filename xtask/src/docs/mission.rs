//! docs/mission.md answers every line of the brief once.

use std::collections::BTreeSet;

use super::references::{Places, mentions};
use super::{row_faults, rows};

/// How many lines each section of the brief has, from section 0 on.
const LINES: [usize; 13] = [4, 19, 19, 14, 11, 28, 20, 19, 21, 21, 7, 10, 5];

const COLUMNS: usize = 4;

/// How the third column of a row begins whose thing is not there yet.
const NOT_BUILT: &str = "not built yet";

/// Everything that is wrong with the document.
pub fn faults(text: &str, places: &Places) -> Vec<String> {
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
        let of_row = row_faults(&row, COLUMNS)
            .into_iter()
            .chain(cell_faults(&row, places));
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

fn cell_faults(row: &[&str], places: &Places) -> Vec<String> {
    let mut faults = Vec::new();
    let is_built = row.get(2).is_some_and(|cell| !cell.starts_with(NOT_BUILT));
    for cell in row.iter().skip(2) {
        let mentions = mentions(cell);
        if is_built && mentions.is_empty() {
            faults.push(format!("`{cell}` names no path and no command"));
        }
        faults.extend(mentions.iter().filter_map(|it| places.fault(it)));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::fixture::Repository;

    const RIGHT: &str = "what | `src/lib.rs` | `src::it_works`";

    impl Repository {
        fn faults_of(&self, document: &str) -> Vec<String> {
            faults(document, &self.places())
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
