//! What may come in from outside, by the lists of `deny.toml`: licences, bans, duplicates, sources.
//!
//! `cargo xtask check-supply` has cargo-deny read the same file, and looks for known weaknesses as
//! well. That program takes minutes to compile, so `cargo xtask test` asks `cargo metadata` alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, anyhow};
use cargo_metadata::{CargoOpt, Metadata, MetadataCommand, Package};
use spdx::{Expression, LicenseItem, ParseMode};
use toml::de::{DeTable, DeValue};

const FILE: &str = "deny.toml";
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The lists of `deny.toml`.
pub struct Lists {
    targets: Vec<String>,
    licences: Vec<String>,
    banned: Vec<String>,
    /// `name@version`, where the version may end early: `rand@0.8`.
    duplicates: Vec<String>,
}

/// What matters here of a package that is built in.
pub struct Incoming {
    name: String,
    version: String,
    licence: Option<String>,
    /// `None`: a package of the workspace.
    source: Option<String>,
}

impl From<&Package> for Incoming {
    fn from(package: &Package) -> Self {
        Self {
            name: package.name.to_string(),
            version: package.version.to_string(),
            licence: package.license.clone(),
            source: package.source.as_ref().map(ToString::to_string),
        }
    }
}

impl Lists {
    pub fn read() -> Result<Self> {
        let text = fs::read_to_string(FILE).with_context(|| format!("cannot read {FILE}"))?;
        Self::parse(&text).with_context(|| format!("{FILE} is not as expected"))
    }

    fn parse(text: &str) -> Result<Self> {
        let table = DeTable::parse(text).map_err(|error| anyhow!("{error}"))?;
        let document = DeValue::Table(table.into_inner());
        Ok(Self {
            targets: list(&document, "graph", "targets")?,
            licences: list(&document, "licenses", "allow")?,
            banned: list(&document, "bans", "deny")?,
            duplicates: list(&document, "bans", "skip")?,
        })
    }

    /// The workspace with all that is built in on the platforms of the file, as Cargo.lock has it.
    pub fn metadata(&self) -> Result<Metadata> {
        let platforms = self
            .targets
            .iter()
            .flat_map(|target| ["--filter-platform".to_owned(), target.clone()]);
        let options = ["--locked".to_owned()].into_iter().chain(platforms);
        MetadataCommand::new()
            .features(CargoOpt::AllFeatures)
            .other_options(options.collect::<Vec<_>>())
            .exec()
            .context("cannot read the workspace")
    }

    /// The violations of all packages.
    pub fn violations(&self, packages: &[Incoming]) -> Vec<String> {
        let each = packages
            .iter()
            .filter_map(|package| self.violation(package));
        each.chain(self.unnamed_duplicates(packages)).collect()
    }

    fn violation(&self, package: &Incoming) -> Option<String> {
        let name = &package.name;
        if self.banned.contains(name) {
            return Some(format!("{name} is banned by {FILE}"));
        }
        if package
            .source
            .as_deref()
            .is_some_and(|source| source != CRATES_IO)
        {
            return Some(format!("{name} does not come from crates.io"));
        }
        let Some(licence) = &package.licence else {
            return Some(format!("{name} names no licence"));
        };
        (!self.allows(licence))
            .then(|| format!("{name} comes under `{licence}`, which {FILE} does not allow"))
    }

    /// Whether the licences on the list satisfy the expression. What is unknown or unreadable does
    /// not.
    fn allows(&self, expression: &str) -> bool {
        // The older form `MIT/Apache-2.0` is still around.
        Expression::parse_mode(expression, ParseMode::LAX).is_ok_and(|parsed| {
            parsed.evaluate(|requirement| match &requirement.license {
                LicenseItem::Spdx { id, .. } => self.licences.iter().any(|it| it == id.name),
                LicenseItem::Other { .. } => false,
            })
        })
    }

    /// One version of a crate needs no name; of several, all but one do.
    fn unnamed_duplicates(&self, packages: &[Incoming]) -> Vec<String> {
        let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for package in packages {
            let of_name = versions.entry(&package.name).or_default();
            if !self.names(&package.name, &package.version) {
                of_name.insert(&package.version);
            }
        }
        let several = versions
            .into_iter()
            .filter(|(_, unnamed)| unnamed.len() > 1);
        several
            .map(|(name, unnamed)| {
                let unnamed: Vec<&str> = unnamed.into_iter().collect();
                format!(
                    "{name} is there in {}: name all but one in {FILE}, and who wants it",
                    unnamed.join(" and ")
                )
            })
            .collect()
    }

    fn names(&self, name: &str, version: &str) -> bool {
        self.duplicates.iter().any(|entry| {
            let named = entry
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('@'));
            named.is_some_and(|named| {
                let rest = version.strip_prefix(named);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        })
    }

    /// Entries that no package answers any more: cargo-deny warns of them too.
    pub fn outdated(&self, packages: &[Incoming]) -> Vec<&str> {
        let is_used = |entry: &&str| {
            let (name, named) = entry.split_once('@').unwrap_or((entry, ""));
            packages
                .iter()
                .any(|package| package.name == name && package.version.starts_with(named))
        };
        let entries = self.duplicates.iter().map(String::as_str);
        entries.filter(|entry| !is_used(entry)).collect()
    }
}

/// The texts of a list, or of the key `crate` of its tables.
fn list(document: &DeValue, section: &str, key: &str) -> Result<Vec<String>> {
    let entries = document
        .get(section)
        .and_then(|table| table.get_ref().get(key))
        .and_then(|value| value.get_ref().as_array())
        .with_context(|| format!("no list `{key}` in [{section}]"))?;
    entries
        .iter()
        .map(|entry| {
            let entry = entry.get_ref();
            let name = entry
                .as_str()
                .or_else(|| entry.get("crate")?.get_ref().as_str());
            name.map(str::to_owned)
                .with_context(|| format!("an entry of `{key}` names nothing"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists() -> Lists {
        let text = r#"
            [graph]
            targets = ["x86_64-unknown-linux-gnu"]
            [licenses]
            allow = ["MIT", "Apache-2.0", "ISC"]
            [bans]
            deny = [{ crate = "openssl", reason = "TLS is rustls" }]
            skip = [{ crate = "rand@0.8", reason = "one" }]
        "#;
        Lists::parse(text).unwrap()
    }

    fn package(name: &str, version: &str) -> Incoming {
        Incoming {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: Some("MIT".to_owned()),
            source: Some(CRATES_IO.to_owned()),
        }
    }

    #[test]
    fn the_file_of_the_project_is_read() {
        let lists = Lists::parse(include_str!("../../../deny.toml")).unwrap();
        assert!(lists.licences.iter().any(|licence| licence == "MIT"));
        assert!(lists.banned.iter().any(|name| name == "openssl"));
        assert!(lists.targets.len() > 1);
    }

    #[test]
    fn a_file_without_a_list_is_an_error() {
        assert!(Lists::parse("[graph]\ntargets = []\n").is_err());
        assert!(Lists::parse("graph = ").is_err());
    }

    #[test]
    fn listed_licences_pass_and_no_others() {
        let lists = lists();
        for expression in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "MIT/Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
            "Apache-2.0 AND ISC",
        ] {
            assert!(lists.allows(expression), "{expression}");
        }
        for expression in [
            "GPL-3.0-only",
            "MIT AND AGPL-3.0-only",
            "LicenseRef-Own",
            "who knows",
            "",
        ] {
            assert!(!lists.allows(expression), "{expression}");
        }
    }

    #[test]
    fn bans_sources_and_missing_licences_are_violations() {
        let lists = lists();
        let from_git = Incoming {
            source: Some("git+https://example.org/x".to_owned()),
            ..package("x", "1.0.0")
        };
        let bare = Incoming {
            licence: None,
            ..package("y", "1.0.0")
        };
        let ours = Incoming {
            source: None,
            ..package("vestibule", "0.1.0")
        };
        let packages = [package("openssl", "0.10.0"), from_git, bare, ours];
        let violations = lists.violations(&packages);
        assert_eq!(violations.len(), 3, "{violations:?}");
        assert!(violations[0].contains("banned"));
        assert!(violations[1].contains("crates.io"));
        assert!(violations[2].contains("licence"));
    }

    #[test]
    fn a_second_version_of_a_crate_has_to_be_named() {
        let lists = lists();
        let named = [package("rand", "0.8.5"), package("rand", "0.10.1")];
        assert!(lists.violations(&named).is_empty());
        // 0.80 is not 0.8.
        let unnamed = [package("rand", "0.80.0"), package("rand", "0.10.1")];
        assert!(lists.violations(&unnamed)[0].contains("0.10.1 and 0.80.0"));
        let others = [package("sha2", "0.10.9"), package("sha2", "0.11.1")];
        assert_eq!(lists.violations(&others).len(), 1);
        assert_eq!(lists.outdated(&others), ["rand@0.8"]);
        assert!(lists.outdated(&named).is_empty());
    }
}
