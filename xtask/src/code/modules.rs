//! The modules of each crate and what they import, as far as `mod` and `use` lines show it. A path
//! that is written out in an expression is not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;

use anyhow::{Result, anyhow};
use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::Files;
use crate::docs::repository::{folder_of, normalized};

/// Which files each file imports from.
pub type Edges = BTreeMap<String, BTreeSet<String>>;

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
        let missing = files.keys().filter(|path| !self.reached.contains(**path));
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
            modules: BTreeMap::new(),
            all: &mut all,
        };
        tree.modules.insert(Vec::new(), Module::new(root, false));
        tree.load(&[], root, folder_of(root))?;
        tree.collect();
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
    imports: Vec<Import>,
    /// Under `#[cfg(test)]`: the tests of a file may use those who use the file.
    is_test: bool,
}

impl Module {
    fn new(file: &str, is_test: bool) -> Self {
        Self {
            file: file.to_owned(),
            imports: Vec::new(),
            is_test,
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
}

/// The modules of one crate, by their names from its root, which has none.
struct Tree<'a> {
    files: &'a Files<'a>,
    modules: BTreeMap<Vec<String>, Module>,
    all: &'a mut Imports,
}

impl Tree<'_> {
    /// Reads the file of a module, whose own modules are in `folder`.
    fn load(&mut self, names: &[String], file: &str, folder: &str) -> Result<()> {
        let text = self
            .files
            .get(file)
            .ok_or_else(|| anyhow!("{file} is not there"))?;
        let tokens: TokenStream = text
            .parse()
            .map_err(|error| anyhow!("cannot read {file}: {error}"))?;
        self.all.reached.insert(file.to_owned());
        self.read(names, tokens, folder)
    }

    fn read(&mut self, names: &[String], tokens: TokenStream, folder: &str) -> Result<()> {
        let mut tokens = tokens.into_iter().peekable();
        let mut marks = Marks::default();
        while let Some(token) = tokens.next() {
            match &token {
                token if is_punct(token, '#') => {
                    marks.attribute(&mut tokens);
                    continue;
                }
                TokenTree::Ident(word) if word == "pub" => {
                    marks.exported = true;
                    tokens.next_if(|token| is_group(token, Delimiter::Parenthesis));
                    continue;
                }
                TokenTree::Ident(word) if word == "mod" => {
                    self.module(names, &mut tokens, &marks, folder)?;
                }
                TokenTree::Ident(word) if word == "use" => {
                    self.import(names, &mut tokens, &marks);
                }
                TokenTree::Group(group) => self.read(names, group.stream(), folder)?,
                _ => {}
            }
            marks = Marks::default();
        }
        Ok(())
    }

    /// What follows `mod`: a name, and then either the module or a semicolon.
    fn module(
        &mut self,
        parent: &[String],
        tokens: &mut Tokens,
        marks: &Marks,
        folder: &str,
    ) -> Result<()> {
        let Some(TokenTree::Ident(name)) = tokens.next_if(|it| matches!(it, TokenTree::Ident(_)))
        else {
            return Ok(());
        };
        let names: Vec<String> = [parent, &[name.to_string()]].concat();
        let parent = &self.modules[parent];
        let is_test = marks.is_test || parent.is_test;
        let below = format!("{folder}/{name}");
        if let Some(TokenTree::Group(group)) = tokens.next_if(|it| is_group(it, Delimiter::Brace)) {
            let module = Module::new(&parent.file, is_test);
            self.modules.entry(names.clone()).or_insert(module);
            return self.read(&names, group.stream(), &below);
        }
        let (file, below) = match &marks.path {
            Some(path) => {
                let file = normalized(folder_of(&parent.file), path).unwrap_or_default();
                let below = folder_of(&file).to_owned();
                (file, below)
            }
            None if self.files.contains_key(format!("{below}.rs").as_str()) => {
                (format!("{below}.rs"), below)
            }
            None => (format!("{below}/mod.rs"), below),
        };
        let module = Module::new(&file, is_test);
        self.modules.entry(names.clone()).or_insert(module);
        self.load(&names, &file, &below)
    }

    /// What follows `use`.
    fn import(&mut self, names: &[String], tokens: &mut Tokens, marks: &Marks) {
        // `impl Trait + use<'a>` imports nothing.
        let is_bound = tokens.peek().is_some_and(|token| is_punct(token, '<'));
        let module = self.modules.get_mut(names).filter(|it| !it.is_test);
        if let Some(module) = module.filter(|_| !marks.is_test && !is_bound) {
            import_tree(tokens, &[], marks.exported, &mut module.imports);
        }
    }

    /// A re-export is no edge of its own: who takes the name depends on the file that defines it.
    fn collect(&mut self) {
        for (at, module) in &self.modules {
            for import in &module.imports {
                let Some(names) = self.root_path(at, &import.path) else {
                    continue;
                };
                let file = module.file.clone();
                let defined_in = self.defining(&names, RE_EXPORTS).file.clone();
                let is_edge = !import.exported || import.name == "*";
                if is_edge && defined_in != file {
                    let targets = self.all.between_files.entry(file.clone()).or_default();
                    targets.insert(defined_in);
                }
                self.all.paths.push(Path { file, names });
            }
        }
    }

    /// A path as it is from the root of the crate; `None` for one of another crate.
    fn root_path(&self, at: &[String], path: &[String]) -> Option<Vec<String>> {
        let first = path.first()?;
        let child: Vec<String> = [at, &path[..1]].concat();
        let mut names = match first.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => at.to_vec(),
            _ if self.modules.contains_key(&child) => at.to_vec(),
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

    /// The module that a path from the root leads to, or that defines the item at its end.
    fn defining(&self, names: &[String], re_exports: u8) -> &Module {
        let mut depths = (1..=names.len()).rev();
        let depth = depths.find(|depth| self.modules.contains_key(&names[..*depth]));
        let (at, rest) = names.split_at(depth.unwrap_or(0));
        let module = &self.modules[at];
        let Some((name, rest)) = rest.split_first() else {
            return module;
        };
        let import = module.imports.iter().find(|import| import.name == *name);
        let target = import
            .filter(|_| re_exports > 0)
            .and_then(|import| self.root_path(at, &import.path));
        let Some(target) = target else {
            return module;
        };
        self.defining(&[target.as_slice(), rest].concat(), re_exports - 1)
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

#[cfg(test)]
mod tests;
