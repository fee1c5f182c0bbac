//! What may come in from outside, by the lists of `deny.toml`: licences, bans, duplicates, sources.
//!
//! `cargo xtask check-supply` has cargo-deny read the same file, and looks for known weaknesses as
//! well. That program takes minutes to compile, so `cargo xtask test` asks `cargo metadata` alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};
use cargo_metadata::{CargoOpt, Metadata, MetadataCommand, Package};
use serde::Deserialize;
use spdx::{Expression, LicenseItem, ParseMode};

const FILE: &str = "deny.toml";
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The lists of `deny.toml`.
#[derive(Deserialize)]
pub struct Lists {
    graph: Graph,
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Graph {
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Entry>,
    skip: Vec<Entry>,
}

/// `name` or `name@version`, where the version may end early: `rand@0.8`.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "crate")]
    name: String,
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
        toml::from_str(&text).with_context(|| format!("{FILE} is not as expected"))
    }

    /// The workspace with all that is built in on the platforms of the file, as Cargo.lock has it.
    pub fn metadata(&self) -> Result<Metadata> {
        let targets = self.graph.targets.iter();
        let platforms = targets.flat_map(|it| ["--filter-platform".to_owned(), it.clone()]);
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
        let Incoming {
            name,
            licence,
            source,
            ..
        } = package;
        let is_elsewhere = source.as_deref().is_some_and(|source| source != CRATES_IO);
        match licence {
            _ if self.bans.deny.iter().any(|it| it.name == *name) => {
                Some(format!("{name} is banned by {FILE}"))
            }
            _ if is_elsewhere => Some(format!("{name} does not come from crates.io")),
            None => Some(format!("{name} names no licence")),
            Some(licence) => (!self.allows(licence))
                .then(|| format!("{name} comes under `{licence}`, which {FILE} does not allow")),
        }
    }

    /// Whether the licences on the list satisfy the expression. What is unknown or unreadable does
    /// not.
    fn allows(&self, expression: &str) -> bool {
        // The older form `MIT/Apache-2.0` is still around.
        Expression::parse_mode(expression, ParseMode::LAX).is_ok_and(|parsed| {
            parsed.evaluate(|requirement| match &requirement.license {
                LicenseItem::Spdx { id, .. } => self.licenses.allow.iter().any(|it| it == id.name),
                LicenseItem::Other { .. } => false,
            })
        })
    }

    /// One version of a crate needs no name; of several, all but one do.
    fn unnamed_duplicates(&self, packages: &[Incoming]) -> Vec<String> {
        let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for package in packages {
            let of_name = versions.entry(&package.name).or_default();
            if !self.bans.skip.iter().any(|entry| entry.names(package)) {
                of_name.insert(&package.version);
            }
        }
        let several = versions
            .into_iter()
            .filter(|(_, unnamed)| unnamed.len() > 1);
        let violation = |(name, unnamed): (&str, BTreeSet<&str>)| {
            let unnamed = Vec::from_iter(unnamed).join(" and ");
            format!("{name} is there in {unnamed}: name all but one in {FILE}, and who wants it")
        };
        several.map(violation).collect()
    }

    /// Entries that no package answers any more: cargo-deny warns of them too.
    pub fn outdated(&self, packages: &[Incoming]) -> Vec<&str> {
        let entries = self.bans.skip.iter();
        let outdated = entries.filter(|entry| !packages.iter().any(|it| entry.names(it)));
        outdated.map(|entry| entry.name.as_str()).collect()
    }
}

impl Entry {
    fn names(&self, package: &Incoming) -> bool {
        let (name, version) = self.name.split_once('@').unwrap_or((&self.name, ""));
        let rest = package.version.strip_prefix(version);
        let is_version =
            |rest: &str| version.is_empty() || rest.is_empty() || rest.starts_with('.');
        package.name == name && rest.is_some_and(is_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists() -> Lists {
        let text = r#"
            graph = { targets = ["x86_64-unknown-linux-gnu"] }
            licenses = { allow = ["MIT", "Apache-2.0", "ISC"] }
            [bans]
            deny = [{ crate = "openssl", reason = "TLS is rustls" }]
            skip = [{ crate = "rand@0.8", reason = "one" }]
        "#;
        toml::from_str(text).unwrap()
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
        let lists: Lists = toml::from_str(include_str!("../../../deny.toml")).unwrap();
        assert!(lists.allows("MIT") && lists.graph.targets.len() > 1);
        assert!(lists.bans.deny.iter().any(|it| it.name == "openssl"));
        assert!(toml::from_str::<Lists>("[graph]\ntargets = []\n").is_err());
    }

    #[test]
    fn listed_licences_pass_and_no_others() {
        let allowed = "MIT, MIT OR GPL-3.0-only, MIT/Apache-2.0, Apache-2.0 WITH LLVM-exception, \
                       Apache-2.0 AND ISC";
        for expression in allowed.split(", ") {
            assert!(lists().allows(expression), "{expression}");
        }
        let refused = "GPL-3.0-only, MIT AND AGPL-3.0-only, LicenseRef-Own, who knows, ";
        for expression in refused.split(", ") {
            assert!(!lists().allows(expression), "{expression}");
        }
    }

    #[test]
    fn bans_sources_and_missing_licences_are_violations() {
        let mut packages = ["openssl", "x", "y", "vestibule"].map(|name| package(name, "1.0.0"));
        packages[1].source = Some("git+https://example.org/x".to_owned());
        packages[2].licence = None;
        packages[3].source = None;
        let violations = lists().violations(&packages);
        assert_eq!(violations.len(), 3, "{violations:?}");
        for (violation, part) in violations.iter().zip(["banned", "crates.io", "licence"]) {
            assert!(violation.contains(part), "{violation}");
        }
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
