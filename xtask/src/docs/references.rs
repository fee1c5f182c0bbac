//! What the documents name in backticks: paths, what files hold, commands.

use std::fs;
use std::path::{Component, Path};

/// What a command begins with that is none of `cargo xtask`.
const PROGRAMS: [&str; 4] = ["cargo", "docker", "kubectl", "sh"];

/// What stands in backticks.
#[derive(Debug, PartialEq, Eq)]
pub enum Mention<'a> {
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

pub fn mentions(cell: &str) -> Vec<Mention<'_>> {
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

/// The repository, and what its commands are called.
pub struct Places<'a> {
    pub root: &'a Path,
    pub is_command: fn(&str) -> bool,
}

impl Places<'_> {
    /// What is wrong with a mention, if anything is.
    pub fn fault(&self, mention: &Mention) -> Option<String> {
        let root = self.root;
        match mention {
            Mention::Path(path) => (!is_there(root, path)).then(|| no_path(path)),
            Mention::Item { path, .. } if !is_there(root, path) => Some(no_path(path)),
            Mention::Item { path, name } => (name.is_empty() || !holds(&root.join(path), name))
                .then(|| format!("`{path}` has no `{name}`")),
            Mention::Xtask(name) => (!(self.is_command)(name))
                .then(|| format!("there is no command `cargo xtask {name}`")),
            Mention::Command(text) => paths(text).find(|path| !is_there(root, path)).map(no_path),
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

impl Mention<'_> {
    /// Whether it names a place or a command, where text of other
    /// kinds stands in backticks as well: `nosniff`, `/me`.
    pub fn is_reference(&self) -> bool {
        match self {
            Self::Path(text) => looks_like_path(text),
            Self::Item { .. } | Self::Xtask(_) | Self::Command(_) => true,
        }
    }
}

/// A path of a URL begins with a slash, one of the repository does not.
fn looks_like_path(text: &str) -> bool {
    text.contains(['/', '.']) && !text.starts_with('/') && !text.contains(char::is_whitespace)
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
