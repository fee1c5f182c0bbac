//! The modules of each crate and what they import, as far as `mod` and `use` lines show it. A path
//! that is written out in an expression is not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;

use anyhow::{Result, anyhow};
use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Which files each file imports from.
pub type Edges = BTreeMap<String, BTreeSet<String>>;

type Files = BTreeMap<String, String>;
type Tokens = Peekable<IntoIter>;

/// A re-export leads to what it names. More than this many in a row is a circle of names.
const RE_EXPORTS: u8 = 16;

/// What an import names, from the root of its crate; nothing of other crates.
#[derive(Clone)]
pub struct Path {
    pub file: String,
    pub names: Vec<String>,
}

#[derive(Default)]
pub struct Imports {
    pub between_files: Edges,
    pub paths: Vec<Path>,
    /// The files that some crate consists of.
    reached: BTreeSet<String>,
}

impl Imports {
    /// Files that are part of no crate: their imports are not seen, and nothing compiles them.
    pub fn unreached(&self, files: &Files) -> Vec<String> {
        let missing = files.keys().filter(|path| !self.reached.contains(*path));
        missing
            .map(|path| format!("{path} is part of no crate: no `mod` line leads to it"))
            .collect()
    }
}

/// Reads all crates whose files are given, by path.
pub fn imports(files: &Files) -> Result<Imports> {
    let mut all = Imports::default();
    for root in files.keys().filter(|path| is_root(path)) {
        let mut tree = Tree {
            files,
            modules: vec![Module::new(root, None)],
        };
        tree.load(0, &folder_of(root))?;
        for module in &tree.modules {
            all.reached.insert(module.file.clone());
        }
        for (from, to) in tree.edges() {
            all.between_files.entry(from).or_default().insert(to);
        }
        all.paths.extend(tree.paths());
    }
    Ok(all)
}

/// Whether cargo begins a crate with this file.
fn is_root(path: &str) -> bool {
    let names: Vec<&str> = path.split('/').collect();
    let of_target = |name: &&str| ["src", "tests", "examples", "benches"].contains(name);
    let Some(place) = names.iter().position(of_target) else {
        return path.ends_with("build.rs");
    };
    match (names[place], &names[place + 1..]) {
        ("src", ["lib.rs" | "main.rs"] | ["bin", _]) => true,
        ("src", _) => false,
        (_, rest) => matches!(rest, [_] | [_, "main.rs"]),
    }
}

struct Import {
    path: Vec<String>,
    /// What the module calls it; `*` stands for everything.
    name: String,
    exported: bool,
}

struct Module {
    file: String,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
    imports: Vec<Import>,
    /// Under `#[cfg(test)]`: the tests of a file may use those who use the file.
    is_test: bool,
}

impl Module {
    fn new(file: &str, parent: Option<usize>) -> Self {
        Self {
            file: file.to_owned(),
            parent,
            children: BTreeMap::new(),
            imports: Vec::new(),
            is_test: false,
        }
    }
}

/// What stands before an item.
#[derive(Default)]
struct Marks {
    is_test: bool,
    exported: bool,
    path: Option<String>,
}

impl Marks {
    fn attribute(&mut self, tokens: &mut Tokens) {
        tokens.next_if(|token| is_punct(token, '!'));
        let Some(TokenTree::Group(group)) = tokens.next() else {
            return;
        };
        let text = group.stream().to_string().replace(' ', "");
        self.is_test |= text == "cfg(test)";
        if let Some(path) = text.strip_prefix("path=") {
            self.path = Some(path.trim_matches('"').to_owned());
        }
    }

    fn visibility(&mut self, tokens: &mut Tokens) {
        self.exported = true;
        tokens.next_if(|token| is_group(token, Delimiter::Parenthesis));
    }
}

/// The modules of one crate; the first is its root.
struct Tree<'a> {
    files: &'a Files,
    modules: Vec<Module>,
}

impl Tree<'_> {
    /// Reads the file of a module, whose own modules are in `folder`.
    fn load(&mut self, at: usize, folder: &str) -> Result<()> {
        let file = &self.modules[at].file;
        let text = self
            .files
            .get(file)
            .ok_or_else(|| anyhow!("{file} is not there"))?;
        let tokens: TokenStream = text
            .parse()
            .map_err(|error| anyhow!("cannot read {file}: {error}"))?;
        self.read(at, tokens, folder)
    }

    fn read(&mut self, at: usize, tokens: TokenStream, folder: &str) -> Result<()> {
        let mut tokens = tokens.into_iter().peekable();
        let mut marks = Marks::default();
        while let Some(token) = tokens.next() {
            match &token {
                token if is_punct(token, '#') => {
                    marks.attribute(&mut tokens);
                    continue;
                }
                TokenTree::Ident(word) if word == "pub" => {
                    marks.visibility(&mut tokens);
                    continue;
                }
                TokenTree::Ident(word) if word == "mod" => {
                    self.module(at, &mut tokens, &marks, folder)?;
                }
                TokenTree::Ident(word) if word == "use" => self.import(at, &mut tokens, &marks),
                TokenTree::Group(group) => self.read(at, group.stream(), folder)?,
                _ => {}
            }
            marks = Marks::default();
        }
        Ok(())
    }

    /// What follows `mod`: a name, and then either the module or a semicolon.
    fn module(
        &mut self,
        parent: usize,
        tokens: &mut Tokens,
        marks: &Marks,
        folder: &str,
    ) -> Result<()> {
        let Some(TokenTree::Ident(name)) = tokens.next_if(|it| matches!(it, TokenTree::Ident(_)))
        else {
            return Ok(());
        };
        let name = name.to_string();
        let at = self.modules.len();
        let below = format!("{folder}/{name}");
        let mut module = Module::new(&self.modules[parent].file, Some(parent));
        module.is_test = marks.is_test || self.modules[parent].is_test;
        self.modules[parent].children.insert(name, at);
        if let Some(TokenTree::Group(group)) = tokens.next_if(|it| is_group(it, Delimiter::Brace)) {
            self.modules.push(module);
            return self.read(at, group.stream(), &below);
        }
        let (file, below) = match &marks.path {
            Some(path) => {
                let file = join(&folder_of(&module.file), path);
                let below = folder_of(&file);
                (file, below)
            }
            None if self.files.contains_key(&format!("{below}.rs")) => {
                (format!("{below}.rs"), below)
            }
            None => (format!("{below}/mod.rs"), below),
        };
        module.file = file;
        self.modules.push(module);
        self.load(at, &below)
    }

    /// What follows `use`.
    fn import(&mut self, at: usize, tokens: &mut Tokens, marks: &Marks) {
        // `impl Trait + use<'a>` imports nothing.
        if marks.is_test || tokens.peek().is_some_and(|token| is_punct(token, '<')) {
            return;
        }
        import_tree(tokens, &[], marks.exported, &mut self.modules[at].imports);
    }

    /// A re-export is no import of its own: who takes the name depends on the file that defines it.
    fn edges(&self) -> BTreeSet<(String, String)> {
        let mut edges = BTreeSet::new();
        for (at, module) in self.modules.iter().enumerate().filter(|it| !it.1.is_test) {
            for import in &module.imports {
                if import.exported && import.name != "*" {
                    continue;
                }
                if let Some(target) = self.target(at, &import.path, RE_EXPORTS) {
                    let file = &self.modules[target].file;
                    if *file != module.file {
                        edges.insert((module.file.clone(), file.clone()));
                    }
                }
            }
        }
        edges
    }

    /// Every import but those of tests, re-exports too.
    fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        for (at, module) in self.modules.iter().enumerate().filter(|it| !it.1.is_test) {
            for import in &module.imports {
                if let Some(names) = self.root_path(at, &import.path) {
                    let file = module.file.clone();
                    paths.push(Path { file, names });
                }
            }
        }
        paths
    }

    /// A path as it is from the root of the crate.
    fn root_path(&self, at: usize, path: &[String]) -> Option<Vec<String>> {
        let mut names = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.name(at),
            child if self.modules[at].children.contains_key(child) => self.name(at),
            _ => return None,
        };
        for part in path {
            match part.as_str() {
                "crate" | "self" => {}
                "super" => drop(names.pop()),
                name => names.push(name.to_owned()),
            }
        }
        Some(names)
    }

    /// What a module is called, from the root of the crate.
    fn name(&self, at: usize) -> Vec<String> {
        let Some(parent) = self.modules[at].parent else {
            return Vec::new();
        };
        let mut children = self.modules[parent].children.iter();
        let own = children.find(|(_, child)| **child == at);
        let own = own.map(|(name, _)| name.clone());
        self.name(parent).into_iter().chain(own).collect()
    }

    /// The module that defines what a path leads to; `None` for what another crate defines.
    fn target(&self, from: usize, path: &[String], re_exports: u8) -> Option<usize> {
        let mut at = match path.first()?.as_str() {
            "crate" => 0,
            "self" | "super" => from,
            child => self.modules[from]
                .children
                .contains_key(child)
                .then_some(from)?,
        };
        for part in path {
            at = match part.as_str() {
                "crate" | "self" => at,
                "super" => self.modules[at].parent?,
                name => self.named(at, name, re_exports),
            };
        }
        Some(at)
    }

    /// The module that a name in a module stands for, or that defines the item of this name.
    fn named(&self, at: usize, name: &str, re_exports: u8) -> usize {
        let module = &self.modules[at];
        if let Some(child) = module.children.get(name) {
            return *child;
        }
        let import = module.imports.iter().find(|import| import.name == name);
        import
            .filter(|_| re_exports > 0)
            .and_then(|import| self.target(at, &import.path, re_exports - 1))
            .unwrap_or(at)
    }
}

/// `a::{b, c as d}` up to its comma or semicolon, as paths.
fn import_tree(tokens: &mut Tokens, prefix: &[String], exported: bool, found: &mut Vec<Import>) {
    let mut path = prefix.to_vec();
    let mut name = None;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "as" => {
                name = tokens.next().map(|token| token.to_string());
            }
            TokenTree::Ident(word) => path.push(word.to_string()),
            TokenTree::Group(group) => {
                let mut inner = group.stream().into_iter().peekable();
                while inner.peek().is_some() {
                    import_tree(&mut inner, &path, exported, found);
                }
                path.clear();
            }
            TokenTree::Punct(sign) if matches!(sign.as_char(), ',' | ';') => break,
            TokenTree::Punct(sign) if sign.as_char() == '*' => path.push("*".to_owned()),
            _ => {}
        }
    }
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    if let Some(last) = path.last() {
        found.push(Import {
            name: name.unwrap_or_else(|| last.clone()),
            path,
            exported,
        });
    }
}

fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(it) if it.as_char() == sign)
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(it) if it.delimiter() == delimiter)
}

fn folder_of(path: &str) -> String {
    path.rsplit_once('/')
        .map_or("", |(folder, _)| folder)
        .to_owned()
}

/// A relative path from a folder, without `..`.
fn join(folder: &str, path: &str) -> String {
    let mut names: Vec<&str> = folder.split('/').collect();
    for name in path.split('/') {
        if name == ".." {
            names.pop();
        } else {
            names.push(name);
        }
    }
    names.join("/")
}

#[cfg(test)]
mod tests;
