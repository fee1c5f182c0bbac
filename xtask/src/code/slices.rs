//! The floor plan of the core: a kernel, and capabilities over it. The kernel imports no
//! capability; a capability imports another one by the names that its `mod.rs` gives out. No folder
//! holds more than a part of the whole.

use std::collections::{BTreeMap, BTreeSet};

use super::Files;
use super::modules::Path;

const CORE: &str = "server/crates/core/src/";
const KERNEL: &str = "kernel";
/// What hands out the operations of all capabilities.
const FACE: &str = "auth";
/// The part of all lines that the files of one folder may have, not counting folders in it: a
/// quarter.
const PARTS: usize = 4;
/// The kernel, and what every portal has: accounts and their sign-in. Other layers part these by
/// table, resource and page.
const FIRST: [&str; 6] = [
    KERNEL,
    "accounts",
    "maintenance",
    "sessions",
    "sign_in",
    "tokens",
];
/// Where a further capability has a file or folder of the name that it has in the core.
const LAYERS: [&str; 4] = [
    "server/crates/storage/src/",
    "server/src/",
    "app/src/",
    "server/tests/http/",
];

/// Imports of the core that its floor plan does not have.
pub fn violations(paths: &[Path]) -> Vec<String> {
    let of_core = paths.iter().filter_map(|path| {
        let file = path.file.strip_prefix(CORE)?;
        Some((file, path.names.as_slice()))
    });
    let wrong = of_core.filter_map(|(file, names)| {
        let reason = reason_against(slice_of(file), names, paths)?;
        Some(format!(
            "{CORE}{file} imports {}: {reason}",
            names.join("::")
        ))
    });
    wrong.collect()
}

/// The folder, or the file, right below the crate's root that a file belongs to.
fn slice_of(file: &str) -> &str {
    let first = file.split('/').next().unwrap_or(file);
    first.trim_end_matches(".rs")
}

fn reason_against(slice: &str, names: &[String], paths: &[Path]) -> Option<&'static str> {
    let target = names.first()?;
    if slice == "lib" || slice == FACE || target == slice {
        return None;
    }
    if slice == KERNEL {
        return Some("the kernel imports nothing but itself");
    }
    if target == KERNEL || target == FACE {
        return None;
    }
    match &names[1..] {
        [] => Some("import an item from the folder that defines it"),
        [name] if name == "*" || is_module(target, name, paths) => {
            Some("import an item of another capability by its name")
        }
        [_] => None,
        _ => Some("take what the other capability's mod.rs gives out"),
    }
}

/// Whether a capability has a file or folder of this name, as far as its own files import.
fn is_module(slice: &str, name: &str, paths: &[Path]) -> bool {
    let file = format!("{CORE}{slice}/{name}.rs");
    let folder = format!("{CORE}{slice}/{name}/");
    paths
        .iter()
        .any(|path| path.file == file || path.file.starts_with(&folder))
}

/// Folders of the core that hold too much of it.
pub fn large_folders(files: &Files) -> Vec<String> {
    let mut lines_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, text) in files.iter().filter(|(path, _)| path.starts_with(CORE)) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        *lines_of.entry(folder).or_default() += text.lines().count();
    }
    let whole: usize = lines_of.values().sum();
    let large = lines_of.iter().filter(|(_, lines)| **lines * PARTS > whole);
    large
        .map(|(folder, lines)| {
            format!("{folder} has {lines} of the {whole} lines of the core, more than a quarter")
        })
        .collect()
}

/// Names that a capability has in the core and not on another layer.
pub fn missing_names(files: &Files) -> Vec<String> {
    let folder = |path: &&str| Some(path.strip_prefix(CORE)?.split_once('/')?.0.to_owned());
    let capabilities: BTreeSet<String> = files.keys().filter_map(folder).collect();
    let further = capabilities
        .iter()
        .filter(|name| !FIRST.contains(&name.as_str()));
    let mut missing = Vec::new();
    for name in further {
        let is_of = |part: &str| part.trim_end_matches(".rs") == name;
        let has = |layer: &str| {
            let mut inside = files.keys().filter_map(|path| path.strip_prefix(layer));
            inside.any(|path| path.split('/').any(is_of))
        };
        missing.extend(LAYERS.iter().filter(|layer| !has(layer)).map(|layer| {
            format!("{layer} has no {name}: a capability has one name on every layer")
        }));
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(file: &str, names: &str) -> Path {
        Path {
            file: format!("{CORE}{file}"),
            names: names.split("::").map(str::to_owned).collect(),
        }
    }

    /// What is wrong with one import, where these files are there.
    fn reason(file: &str, names: &str) -> Option<String> {
        let others = ["sessions/issue.rs", "kernel/core.rs"].map(|it| path(it, "kernel::errors"));
        let mut found = violations(&[vec![path(file, names)], others.to_vec()].concat());
        assert!(found.len() < 2, "{found:?}");
        found.pop()
    }

    #[test]
    fn the_kernel_imports_nothing_but_itself() {
        assert_eq!(reason("kernel/outbox.rs", "kernel::core::Core"), None);
        for names in [
            "accounts::Verified",
            "accounts::verify_email::Verified",
            "auth::Auth",
            "Auth",
        ] {
            let found = reason("kernel/ports/store/users.rs", names).unwrap();
            assert!(found.contains("nothing but itself"), "{found}");
        }
    }

    #[test]
    fn a_capability_imports_kernel_face_itself_and_names_of_others() {
        for (file, names) in [
            ("tokens/refresh.rs", "kernel::ports::Store"),
            ("tokens/refresh.rs", "auth::Auth"),
            ("tokens/refresh.rs", "tokens::key_ring::KeySet"),
            ("tokens/refresh.rs", "sessions::SignedIn"),
            ("forms.rs", "sessions::SignedIn"),
            ("auth.rs", "tokens::access_token::TokenSigner"),
            ("lib.rs", "sessions::issue::SignedIn"),
        ] {
            assert_eq!(reason(file, names), None, "{file} {names}");
        }
    }

    #[test]
    fn a_capability_looks_into_no_other() {
        for (file, names) in [
            ("tokens/refresh.rs", "sessions::issue::SignedIn"),
            ("tokens/refresh.rs", "sessions::issue"),
            ("tokens/refresh.rs", "sessions::*"),
            ("tokens/refresh.rs", "sessions"),
            ("tokens/refresh.rs", "SignedIn"),
            ("forms.rs", "sessions::issue::SignedIn"),
        ] {
            assert!(reason(file, names).is_some(), "{file} {names}");
        }
    }

    /// The large folders where files have these numbers of lines.
    fn large(lines: &[(&str, usize)]) -> Vec<String> {
        let text = "x\n".repeat(1000);
        let paths = lines.iter().map(|(path, _)| path.replace("CORE/", CORE));
        let paths: Vec<String> = paths.collect();
        let lines = lines.iter().map(|(_, lines)| &text[..2 * lines]);
        let files: Files = paths.iter().map(String::as_str).zip(lines).collect();
        large_folders(&files)
    }

    #[test]
    fn no_folder_holds_more_than_a_quarter() {
        let mut lines = vec![
            ("CORE/a/x.rs", 10),
            ("CORE/b/x.rs", 10),
            ("CORE/b/c/x.rs", 10),
            ("CORE/d/x.rs", 10),
            ("server/src/main.rs", 1000),
        ];
        assert_eq!(large(&lines), [""; 0]);
        lines.push(("CORE/b/y.rs", 1));
        assert_eq!(
            large(&lines),
            ["server/crates/core/src/b has 11 of the 41 lines of the core, more than a quarter"]
        );
    }

    #[test]
    fn a_capability_has_one_name_on_every_layer() {
        let missing =
            |paths: &[&'static str]| missing_names(&paths.iter().map(|path| (*path, "")).collect());
        let first = "server/crates/core/src/sign_in/password.rs";
        assert!(missing(&[first, "server/crates/core/src/auth.rs"]).is_empty());
        let mut paths = vec![
            "server/crates/core/src/oauth/redeem.rs",
            "server/crates/storage/src/oauth/grants.rs",
            "server/src/api/oauth.rs",
            "app/src/oauth/consent.rs",
            "server/tests/http/oauth/redeem.rs",
        ];
        assert!(missing(&paths).is_empty());
        paths.remove(3);
        assert_eq!(
            missing(&paths),
            ["app/src/ has no oauth: a capability has one name on every layer"]
        );
    }
}
