//! What a document names, and whether it exists.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::markdown::{self, Line};
use super::repository::{Repository, is_document};

/// Files are known by these, where a name without a folder stands in backticks.
const EXTENSIONS: [&str; 18] = [
    "cfg", "conf", "css", "ftl", "html", "js", "json", "lock", "md", "mjs", "py", "rs", "sh",
    "sql", "toml", "ts", "yaml", "yml",
];
/// What documents name and the repository does not hold: an operator or a command makes it.
const MADE: [&str; 3] = ["artifacts", "test-results", "vestibule.toml"];
/// From how many on a name stands for itself: a test, as a rule.
const UNDERSCORES_OF_A_NAME: usize = 3;
/// What stands for something else in a path.
const PLACEHOLDERS: [char; 4] = ['*', '<', '{', '$'];
const XTASK: &str = "cargo xtask ";

pub struct Checker<'a> {
    repository: &'a Repository,
    /// The names in everything that is no document.
    names: HashSet<&'a str>,
    anchors: BTreeMap<&'a str, BTreeSet<String>>,
}

impl<'a> Checker<'a> {
    pub fn new(repository: &'a Repository) -> Self {
        let others = repository.other_texts();
        let documents = repository.documents();
        Self {
            repository,
            names: others
                .flat_map(|(_, text)| words(text))
                .filter(|word| is_name(word))
                .collect(),
            anchors: documents
                .map(|(path, text)| (path, markdown::anchors(text)))
                .collect(),
        }
    }

    /// Everything that is named and does not exist, each as one line.
    pub fn violations(&self) -> Vec<String> {
        let in_documents = self.repository.documents().flat_map(|(document, text)| {
            markdown::lines(text).flat_map(move |line| {
                let violations = self.of_line(document, &line).into_iter();
                violations.map(move |it| format!("{document}:{}: {it}", line.number))
            })
        });
        let elsewhere = self.repository.other_texts().flat_map(|(file, text)| {
            text.lines().enumerate().flat_map(move |(index, line)| {
                let violations = self.of_documents_named_in(line).into_iter();
                violations.map(move |it| format!("{file}:{}: {it}", index + 1))
            })
        });
        in_documents.chain(elsewhere).collect()
    }

    fn of_line(&self, document: &str, line: &Line) -> Vec<String> {
        if line.is_code {
            return self.of_code(document, line.text);
        }
        let spans = markdown::code_spans(line.text);
        let mut violations: Vec<String> = spans
            .flat_map(|span| self.of_span(document, span))
            .collect();
        let links = markdown::links(line.text);
        violations.extend(links.iter().filter_map(|link| self.of_link(document, link)));
        violations
    }

    /// Text in backticks.
    fn of_span(&self, document: &str, span: &str) -> Vec<String> {
        if let Some((path, name)) = span.split_once("::")
            && path.chars().all(is_path_char)
            && (path.contains(['/', '.']) || self.repository.has(path))
        {
            return self.of_item(document, path, name).into_iter().collect();
        }
        let mut violations = self.of_code(document, span);
        let is_missing = violations.is_empty()
            && is_file_name(span)
            && !self.repository.has_end(span.trim_end_matches('/'))
            && self.repository.resolve(document, span).is_none();
        if is_missing || is_name(span) && !self.names.contains(span) {
            violations.push(nothing_called(span));
        }
        violations
    }

    /// `path::name`: a word in a file, or in a file of a folder.
    fn of_item(&self, document: &str, path: &str, name: &str) -> Option<String> {
        let Some(found) = self.repository.resolve(document, path) else {
            return Some(nothing_called(path));
        };
        let mut texts = self.repository.texts_at(&found);
        let is_there = !name.is_empty() && texts.any(|text| has_word(text, name));
        (!is_there).then(|| format!("`{path}` has no `{name}`"))
    }

    /// Paths that begin with a folder of the repository, and commands of this program.
    fn of_code(&self, document: &str, code: &str) -> Vec<String> {
        let paths = paths(code).filter(|path| {
            let folder = path.split_once('/').map(|(folder, _)| folder);
            folder.is_some_and(|folder| self.repository.has(folder))
        });
        let missing = paths.filter(|path| self.repository.resolve(document, path).is_none());
        let commands = code.split(XTASK).skip(1).map(first_word);
        let unknown = commands.filter(|name| crate::command(name).is_none());
        let unknown = unknown.map(|name| format!("there is no command `{XTASK}{name}`"));
        missing.map(nothing_called).chain(unknown).collect()
    }

    fn of_link(&self, document: &str, link: &str) -> Option<String> {
        if link.contains(':') {
            return None;
        }
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = if path.is_empty() {
            Some(document.to_owned())
        } else {
            self.repository.link_target(document, path)
        };
        let is_there = target.is_some_and(|target| self.has_anchor(&target, anchor));
        (!is_there).then(|| format!("the link `{link}` leads nowhere"))
    }

    fn has_anchor(&self, document: &str, anchor: &str) -> bool {
        let anchors = self.anchors.get(document);
        anchor.is_empty() || anchors.is_some_and(|anchors| anchors.contains(anchor))
    }

    /// `docs/`, a name and perhaps an anchor, in a source or a file of settings.
    fn of_documents_named_in(&self, line: &str) -> Vec<String> {
        let starts = line.match_indices(concat!("docs", "/"));
        let named = starts.filter_map(|(start, _)| {
            let rest = &line[start..];
            let end = rest.find(|c| !is_path_char(c) && c != '#');
            let named = rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
            let (path, anchor) = named.split_once('#').unwrap_or((named, ""));
            is_document(path).then_some((named, path, anchor))
        });
        let missing = named.filter(|(_, path, anchor)| {
            !self.repository.has(path) || !self.has_anchor(path, anchor)
        });
        missing.map(|(named, _, _)| nothing_called(named)).collect()
    }
}

fn nothing_called(name: &str) -> String {
    format!("there is no `{name}`")
}

/// The parts of a text that may be paths, up to the folder before a placeholder.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| !is_path_char(c) && !PLACEHOLDERS.contains(&c));
    parts.map(|part| {
        let known = part.find(PLACEHOLDERS).map_or(part, |end| {
            part[..end]
                .rsplit_once('/')
                .map_or("", |(folder, _)| folder)
        });
        known.trim_end_matches(['.', '/'])
    })
}

fn is_path_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '@' | '-')
}

/// The name of a file, or of a folder with a slash behind it.
fn is_file_name(text: &str) -> bool {
    let first = text.split('/').next().unwrap_or_default();
    let extension = text.rsplit_once('.').filter(|(stem, _)| !stem.is_empty());
    let is_file = extension.is_some_and(|(_, extension)| EXTENSIONS.contains(&extension));
    text.chars().all(is_path_char)
        && !text.starts_with('/')
        && !MADE.contains(&first)
        && (is_file || text.ends_with('/'))
}

/// `as_long_as_this`: nothing else is called so.
fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.chars().all(is_part) && text.matches('_').count() >= UNDERSCORES_OF_A_NAME
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !is_word_char(c))
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    &text[..end.unwrap_or(text.len())]
}

pub fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(start, _)| {
        let (before, after) = (&text[..start], &text[start + word.len()..]);
        !before.ends_with(is_word_char) && !after.starts_with(is_word_char)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "fn it_works() {}\nfn it_works_well() {}\nfn a_test_of_ours() {}\n\
                          test('a day, and a night')";

    /// What is wrong with a document that says this, beside a source and another document.
    fn violations_of(text: &str) -> Vec<String> {
        let repository = Repository::from([
            ("guide/a.md", text),
            ("guide/b.md", "# Title\n## Part one\n"),
            ("guide/picture.png", ""),
            ("src/api/lib.rs", SOURCE),
        ]);
        let found = Checker::new(&repository).violations();
        let lines = found.iter().map(|it| it.replace("guide/a.md:1: ", ""));
        lines.collect()
    }

    #[track_caller]
    fn all_exist(texts: &[&str]) {
        for text in texts {
            assert_eq!(violations_of(text), [""; 0], "{text}");
        }
    }

    #[track_caller]
    fn each_is_reported(cases: &[(&str, &str)]) {
        for (text, violation) in cases {
            assert_eq!(violations_of(text), [*violation], "{text}");
        }
    }

    #[test]
    fn every_path_exists() {
        all_exist(&[
            "`src/api/lib.rs`, `src/`, `src/api`, `api/lib.rs`, `lib.rs`, `b.md`, `../src`",
            "`../src/./api/lib.rs`, `scripts/no`",
            "`sh src/api/lib.rs https://a/src/b`, `src/*/lib.rs`, `$HOME/src/no`, `/src/no`",
            "`application/json`, `vestibule.toml`, `example.org`, src/no.rs",
        ]);
        each_is_reported(&[
            ("`src/main.rs`", "there is no `src/main.rs`"),
            ("`src/no/`", "there is no `src/no`"),
            ("`no/*.rs`, `src/no/*.rs`", "there is no `src/no`"),
            ("`main.rs`", "there is no `main.rs`"),
            ("`pi/lib.rs`", "there is no `pi/lib.rs`"),
            ("`scr/`", "there is no `scr/`"),
            ("`../src/main.rs`", "there is no `../src/main.rs`"),
            ("`sh src/run.sh now`", "there is no `src/run.sh`"),
            (
                "```sh\ncat src/main.rs\n```",
                "guide/a.md:2: there is no `src/main.rs`",
            ),
        ]);
    }

    #[test]
    fn every_name_is_in_its_file() {
        all_exist(&[
            "`src/api/lib.rs::it_works`, `src::it_works_well`, `src::a day, and a night`",
            "`a_test_of_ours`, `two_parts`, `Store::writer`, `core::fmt`, `self.f(&mut x, A::B)`",
        ]);
        each_is_reported(&[
            ("`src/main.rs::it_works`", "there is no `src/main.rs`"),
            ("`/etc/x::it_works`", "there is no `/etc/x`"),
            (
                "`src/api/lib.rs::it_work`",
                "`src/api/lib.rs` has no `it_work`",
            ),
            ("`src::works_well`", "`src` has no `works_well`"),
            (
                "`src::a day and a night`",
                "`src` has no `a day and a night`",
            ),
            ("`src::`", "`src` has no ``"),
            ("`a_test_of_yours`", "there is no `a_test_of_yours`"),
        ]);
    }

    #[test]
    fn every_command_exists() {
        all_exist(&["`cargo xtask test --quick`, `cargo xtask`, `cargo audit`"]);
        each_is_reported(&[
            (
                "`cargo xtask tests`",
                "there is no command `cargo xtask tests`",
            ),
            (
                "```sh\ncargo xtask tests\n```",
                "guide/a.md:2: there is no command `cargo xtask tests`",
            ),
        ]);
    }

    #[test]
    fn every_link_leads_somewhere() {
        all_exist(&[
            "# A\n[a](b.md), [b](b.md#part-one), [c](#a), [d](../src), [e](https://a/b.md#c)",
            "<img src=\"picture.png\">, `[a](no.md)`",
        ]);
        each_is_reported(&[
            ("[a](no.md)", "the link `no.md` leads nowhere"),
            ("[a](guide/b.md)", "the link `guide/b.md` leads nowhere"),
            ("[a](../../b.md)", "the link `../../b.md` leads nowhere"),
            (
                "[a](b.md#part-two)",
                "the link `b.md#part-two` leads nowhere",
            ),
            ("[a](#part-one)", "the link `#part-one` leads nowhere"),
            (
                "[a](../src/api/lib.rs#a)",
                "the link `../src/api/lib.rs#a` leads nowhere",
            ),
            ("<img src=\"no.png\">", "the link `no.png` leads nowhere"),
        ]);
    }

    #[test]
    fn every_document_that_another_file_names_exists() {
        let found_in = |line: &str| {
            // Written so, because this file is read by the checker as well.
            let [document, line] = ["DOCS/a.md", line].map(|it| it.replace("DOCS", "docs"));
            let files = [(document.as_str(), "# Part"), ("rules.yml", line.as_str())];
            let repository = Repository::from(files);
            Checker::new(&repository).violations()
        };
        let right = "x # see DOCS/a.md. And ../DOCS/a.md#part, /DOCS/x.js";
        assert_eq!(found_in(right), [""; 0]);
        for wrong in ["DOCS/b.md", "DOCS/a.md#parts"] {
            let violation = format!("rules.yml:1: there is no `{wrong}`").replace("DOCS", "docs");
            assert_eq!(found_in(&format!("url: {wrong}")), [violation]);
        }
    }
}
