//! Reads the Rust sources of the pages and mails as tokens,
//! without their tests, attributes and comments.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The top of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// Every source file below a folder of the repository, with its tokens.
pub fn files(folder: &str) -> Vec<(String, Vec<TokenTree>)> {
    let mut files = Vec::new();
    collect(&repository().join(folder), &mut files);
    assert!(!files.is_empty(), "{folder} has no sources");
    files
}

fn collect(folder: &Path, files: &mut Vec<(String, Vec<TokenTree>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Test modules in files of their own.
        let is_test = path.file_stem().is_some_and(|stem| stem == "tests");
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") && !is_test {
            let name = path
                .to_string_lossy()
                .rsplit("../")
                .next()
                .unwrap()
                .to_owned();
            let tokens: TokenStream = fs::read_to_string(&path).unwrap().parse().unwrap();
            files.push((name, without_attributes_and_tests(tokens)));
        }
    }
}

/// Attributes hold no text for end users (doc comments are attributes here),
/// and what is behind `#[cfg(test)]` is no page.
pub fn without_attributes_and_tests(tokens: TokenStream) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        if is_punct(&token, '#') {
            if tokens.peek().is_some_and(|next| is_punct(next, '!')) {
                tokens.next();
            }
            match tokens.next() {
                Some(TokenTree::Group(attribute)) if text(&attribute.stream()) == "cfg(test)" => {
                    // Up to the end of the item.
                    tokens
                        .by_ref()
                        .find(|token| is_group(token, Delimiter::Brace) || is_punct(token, ';'));
                }
                Some(TokenTree::Group(_)) => {}
                other => kept.extend([Some(token), other].into_iter().flatten()),
            }
        } else {
            kept.push(token);
        }
    }
    kept
}

/// Every call of a macro with this name, wherever it is nested.
pub fn calls(tokens: &[TokenTree], name: &str) -> Vec<TokenStream> {
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        if is_call_of(tokens, index, name) {
            found.push(group.stream());
        }
        let inside = without_attributes_and_tests(group.stream());
        found.extend(calls(&inside, name));
    }
    found
}

/// Whether the group at this place is what the macro is called with.
pub fn is_call_of(tokens: &[TokenTree], index: usize, name: &str) -> bool {
    index >= 2
        && is_punct(&tokens[index - 1], '!')
        && matches!(&tokens[index - 2], TokenTree::Ident(ident) if *ident == name)
}

pub fn is_punct(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == character)
}

pub fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

/// The text of a string literal.
pub fn string(token: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else {
        return None;
    };
    let source = literal.to_string();
    let inside = source.trim_start_matches('r').trim_matches('#');
    let inside = inside.strip_prefix('"')?.strip_suffix('"')?;
    Some(inside.replace("\\\"", "\""))
}

/// The source without its spaces.
pub fn text(tokens: &TokenStream) -> String {
    tokens.to_string().replace(' ', "")
}
