//! `cargo xtask book`: the documents as a book to read in a browser. Its list of pages is that of
//! the repository's documents; each stands where it stands, so that links lead on.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use vestibule_daemons::proc::Cmd;

use crate::docs::markdown;
use crate::docs::repository::Repository;
use crate::report::Progress;
use crate::tools::{self, MDBOOK};

const FOLDER: &str = "target/book";
/// Without the preprocessor that makes an index of a README, whose links would lead nowhere.
const BOOK: &str = r#"[book]
title = "Vestibule"
language = "en"

[build]
build-dir = "html"
use-default-preprocessors = false
"#;

const COVER: &str = "README.md";
/// The parts of the book, by how the paths of their pages begin. What is in none comes last.
const PARTS: [(&str, &[&str]); 5] = [
    (
        "Build on it",
        &["docs/API.md", "docs/OIDC.md", "docs/VERIFYING.md"],
    ),
    (
        "Run it",
        &[
            "docs/operations/",
            "docs/CONFIG.md",
            "docs/BREACHED-PASSWORDS.md",
            "deploy/",
        ],
    ),
    ("Judge it", &["docs/SECURITY.md", "docs/evidence/"]),
    (
        "Change it",
        &[
            "docs/FIRST-CHANGE.md",
            "CONTRIBUTING.md",
            "docs/ARCHITECTURE.md",
            "docs/",
            "end2end/",
        ],
    ),
    ("More", &[""]),
];

pub fn run() -> Result<()> {
    let repository = Repository::read(Path::new("."))?;
    if Path::new(FOLDER).exists() {
        fs::remove_dir_all(FOLDER).with_context(|| format!("cannot remove {FOLDER}"))?;
    }
    let source = Path::new(FOLDER).join("src");
    for path in files(&repository) {
        let copy = source.join(&path);
        fs::create_dir_all(copy.parent().context("a file in no folder")?)?;
        fs::copy(&path, copy).with_context(|| format!("cannot copy {path}"))?;
    }
    fs::write(source.join("SUMMARY.md"), summary(&repository))?;
    fs::write(Path::new(FOLDER).join("book.toml"), BOOK)?;
    let mut progress = Progress::new(2);
    progress.step("mdbook", |step| tools::cargo_tool(&MDBOOK, step))?;
    progress.step("book", |_| {
        Cmd::line("mdbook build").arg(FOLDER).run()?;
        Ok(format!("{FOLDER}/html/index.html"))
    })
}

/// The documents, and the files that they lead to.
fn files(repository: &Repository) -> BTreeSet<String> {
    let mut files = BTreeSet::new();
    for (document, text) in repository.documents() {
        files.insert(document.to_owned());
        for link in markdown::lines(text).flat_map(|line| markdown::links(line.text)) {
            let path = link.split('#').next().unwrap_or_default();
            let target = repository.link_target(document, path);
            files.extend(target.filter(|it| Path::new(it).is_file()));
        }
    }
    files
}

/// The table of contents. The README of a folder stands before its other pages.
fn summary(repository: &Repository) -> String {
    let mut left: Vec<(&str, &str)> = repository.documents().collect();
    left.sort_by_key(|(path, _)| {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        (folder, name != COVER, name)
    });
    let mut summary = String::from("# Summary\n\n");
    let mut add = |prefix: &str, summary: &mut String| {
        left.retain(|(path, text)| {
            let is_here = path.starts_with(prefix);
            if is_here {
                let title = text.lines().find_map(|line| line.strip_prefix("# "));
                let bullet = if prefix == COVER { "" } else { "- " };
                let _ = writeln!(summary, "{bullet}[{}]({path})", title.unwrap_or(path));
            }
            !is_here
        });
    };
    add(COVER, &mut summary);
    for (part, prefixes) in PARTS {
        let _ = write!(summary, "\n# {part}\n\n");
        for prefix in prefixes {
            add(prefix, &mut summary);
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_stands_in_the_book_once_and_a_readme_before_its_folder() {
        let repository = Repository::from([
            ("README.md", "# Cover\n"),
            ("CHANGELOG.md", "# Changes\n"),
            ("docs/adr/0001-one-core-two-faces.md", "# One\n"),
            ("docs/adr/README.md", "# Decisions\n"),
            ("docs/API.md", "# The API\n"),
            ("docs/ARCHITECTURE.md", "# Map\n"),
            ("src/main.rs", "# no document\n"),
        ]);
        let summary = summary(&repository);
        let pages: Vec<&str> = summary.lines().filter(|line| line.contains('(')).collect();
        assert_eq!(
            pages,
            [
                "[Cover](README.md)",
                "- [The API](docs/API.md)",
                "- [Map](docs/ARCHITECTURE.md)",
                "- [Decisions](docs/adr/README.md)",
                "- [One](docs/adr/0001-one-core-two-faces.md)",
                "- [Changes](CHANGELOG.md)",
            ]
        );
    }
}
