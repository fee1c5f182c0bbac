//! What the repository holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Folders that commands make, wherever they are.
const MADE: [&str; 6] = [
    ".git",
    "artifacts",
    "node_modules",
    "playwright-report",
    "target",
    "test-results",
];
/// The data folder of `cargo xtask run`, at the root.
const DATA: &str = "data";

#[derive(Default)]
pub struct Repository {
    /// Every file and folder, from the root.
    paths: BTreeSet<String>,
    /// What each file holds that is text.
    texts: BTreeMap<String, String>,
}

impl Repository {
    pub fn read(root: &Path) -> Result<Self> {
        let mut repository = Self::default();
        repository.add_folder(root, "")?;
        Ok(repository)
    }

    fn add_folder(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let entries = fs::read_dir(folder)
            .with_context(|| format!("cannot read the folder {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if MADE.contains(&name.as_str()) || path == DATA {
                continue;
            }
            if entry.file_type()?.is_dir() {
                self.add_folder(&entry.path(), &format!("{path}/"))?;
            } else if let Ok(text) = fs::read_to_string(entry.path()) {
                self.texts.insert(path.clone(), text);
            }
            self.paths.insert(path);
        }
        Ok(())
    }

    pub fn documents(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(|(path, _)| is_document(path))
    }

    pub fn other_texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(|(path, _)| !is_document(path))
    }

    /// All files that are text, by path.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let texts = self.texts.iter();
        texts.map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The Rust files.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts()
            .filter(|(path, _)| Path::new(path).extension().is_some_and(|it| it == "rs"))
    }

    /// The text of a file, or those of all files below a folder.
    pub fn texts_at(&self, path: &str) -> impl Iterator<Item = &str> {
        let texts = self.texts();
        let here = texts.filter(move |(file, _)| Path::new(file).starts_with(path));
        here.map(|(_, text)| text)
    }

    pub fn has(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    /// Whether a path ends like this.
    pub fn has_end(&self, end: &str) -> bool {
        self.paths.iter().any(|path| Path::new(path).ends_with(end))
    }

    /// The path from the root, if the document names it from the root or from its own folder.
    pub fn resolve(&self, document: &str, path: &str) -> Option<String> {
        let from_root = normalized("", path);
        let from_document = normalized(folder_of(document), path);
        let mut candidates = [from_root, from_document].into_iter().flatten();
        candidates.find(|it| self.has(it))
    }

    /// The path from the root that a link in the document leads to.
    pub fn link_target(&self, document: &str, path: &str) -> Option<String> {
        normalized(folder_of(document), path).filter(|it| self.has(it))
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Repository {
    fn from(files: [(&str, &str); N]) -> Self {
        let mut repository = Self::default();
        for (path, text) in files {
            let folders = path.match_indices('/').map(|(end, _)| &path[..end]);
            repository.paths.extend(folders.map(str::to_owned));
            repository.paths.insert(path.to_owned());
            repository.texts.insert(path.to_owned(), text.to_owned());
        }
        repository
    }
}

pub fn is_document(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|it| it == "md")
}

pub fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The path below the folder, without `.` and `..`; none if it leads out of the repository.
pub fn normalized(folder: &str, path: &str) -> Option<String> {
    if path.is_empty() || path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_make_is_no_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["src/data", "data", "target", "src/node_modules"] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
            fs::write(folder.path().join(path).join("a.md"), "text").unwrap();
        }
        fs::write(folder.path().join("src/picture.png"), [0xff]).unwrap();
        let repository = Repository::read(folder.path()).unwrap();
        assert_eq!(
            repository.documents().collect::<Vec<_>>(),
            [("src/data/a.md", "text")]
        );
        assert!(repository.has("src/picture.png"));
        assert!(!repository.has("target") && !repository.has("src/node_modules"));
    }
}
