//! The rules themselves, free of cargo, so that each can be broken on purpose below.

use std::collections::BTreeSet;

use crate::docs::references::has_word;

/// A dependency that a crate of the workspace names.
pub struct Edge {
    pub from: String,
    pub to: String,
    /// `to` is a crate of the workspace too.
    pub ours: bool,
    pub optional: bool,
}

const CORE: &str = "vestibule-core";
const APP: &str = "vestibule-app";
const I18N: &str = "vestibule-i18n";

const DAEMONS: &str = "vestibule-daemons";

/// Which crates of the workspace each crate may use.
const ALLOWED: [(&str, &[&str]); 14] = [
    (CORE, &[]),
    ("vestibule-storage", &[CORE]),
    ("vestibule-cache", &[CORE]),
    (I18N, &[CORE]),
    ("vestibule-mail", &[CORE, I18N]),
    ("vestibule-web", &[CORE, I18N]),
    ("vestibule-testkit", &[CORE]),
    (APP, &[CORE, I18N, "vestibule-web"]),
    ("vestibule-frontend", &[APP]),
    (
        "vestibule",
        &[
            APP,
            CORE,
            "vestibule-web",
            "vestibule-storage",
            "vestibule-cache",
            "vestibule-mail",
        ],
    ),
    (DAEMONS, &[]),
    ("xtask", &[DAEMONS]),
    ("xtask-bindgen", &[]),
    ("xtask-start", &[]),
];

/// All that the core may use. None of it is a framework, a driver or a transport: values,
/// cryptography, a cache in memory, tokio's tasks and times, and the facades of logs and metrics.
const IN_CORE: [&str; 23] = [
    "argon2",
    "argon2-rust",
    "async-trait",
    "aws-lc-rs",
    "base64",
    "bcrypt",
    "idna",
    "jsonwebtoken",
    "metrics",
    "moka",
    "secrecy",
    "serde",
    "serde_json",
    "thiserror",
    "time",
    "tokio",
    "tracing",
    "unicode-normalization",
    "url",
    "uuid",
    "xorf",
    "zeroize",
    "zxcvbn",
];

/// Drivers, and the crates that may use them: one adapter each, and the kit that starts servers for
/// tests.
const DRIVERS: [(&str, &[&str]); 3] = [
    ("sqlx", &["vestibule-storage", "vestibule-testkit"]),
    ("redis", &["vestibule-cache", "vestibule-testkit"]),
    ("lettre", &["vestibule-mail"]),
];

/// By which a face would pass by the core: adapters, drivers, and the place where the portal is put
/// together.
const NOT_IN_FACES: [&str; 7] = [
    "vestibule_storage",
    "vestibule_cache",
    "vestibule_mail",
    "sqlx",
    "redis",
    "lettre",
    "crate::portal",
];

/// What belongs to the server and would only weigh on the wasm file. `regex` cannot be on the list:
/// `leptos_config` names it, and the linker leaves it out again.
const NOT_IN_WASM: [&str; 12] = [
    CORE,
    I18N,
    "vestibule-storage",
    "vestibule-web",
    "axum",
    "chrono",
    "fluent-bundle",
    "sqlx",
    "time",
    "tokio",
    "uuid",
    "zxcvbn",
];

/// Adapters depend on the core, the core on no other crate of the workspace, and only the server
/// knows them all.
pub fn direction(edges: &[Edge]) -> Vec<String> {
    edges.iter().filter_map(direction_violation).collect()
}

fn direction_violation(edge: &Edge) -> Option<String> {
    let Edge { from, to, .. } = edge;
    if !edge.ours {
        let driver = DRIVERS.iter().find(|(name, _)| name == to);
        if driver.is_some_and(|(_, users)| !users.contains(&from.as_str())) {
            return Some(format!(
                "{from} must not depend on {to}: its adapter alone does"
            ));
        }
        let foreign = from == CORE && !IN_CORE.contains(&to.as_str());
        return foreign.then(|| {
            format!(
                "{from} must not depend on {to}: the core has no framework, driver or transport. If {to} is none of them, \
                 add it to IN_CORE in xtask/src/deps/rules.rs"
            )
        });
    }
    let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| name == from) else {
        return Some(format!(
            "{from} is new: say in xtask/src/deps/rules.rs what it may depend on"
        ));
    };
    if !allowed.contains(&to.as_str()) {
        return Some(format!("{from} must not depend on {to}"));
    }
    // The pages are compiled for the browser too, where neither may be.
    (from == APP && !edge.optional)
        .then(|| format!("{from} may depend on {to} only as an optional dependency, under `ssr`"))
}

/// The faces, which are the handlers of the API and the pages, reach what is stored and sent
/// through the core alone. Takes paths with their texts.
pub fn faces<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files {
        for name in NOT_IN_FACES {
            let mut code = text.lines().filter_map(|line| line.split("//").next());
            if code.any(|code| has_word(code, name)) {
                found.push(format!("{path} must not use {name}: a face asks the core"));
            }
        }
    }
    found
}

/// The wasm tree holds nothing of the server's.
pub fn wasm(tree: &BTreeSet<String>) -> Vec<String> {
    let found = NOT_IN_WASM.iter().filter(|name| tree.contains(**name));
    found.map(|name| format!("{name} must not be in the wasm file: `cargo tree -p vestibule-frontend --target wasm32-unknown-unknown -i {name}` shows the way in")).collect()
}

/// Both databases have the same migrations under the same names.
pub fn migrations(postgres: &BTreeSet<String>, sqlite: &BTreeSet<String>) -> Vec<String> {
    postgres
        .symmetric_difference(sqlite)
        .map(|name| format!("migration {name} is there for one database alone"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(from: &str, to: &str) -> Edge {
        Edge {
            from: from.to_owned(),
            to: to.to_owned(),
            ours: to.starts_with("vestibule"),
            optional: false,
        }
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_drawn_directions_pass() {
        let app = Edge {
            optional: true,
            ..edge(APP, "vestibule-web")
        };
        let edges = [
            edge("vestibule", "vestibule-storage"),
            edge("vestibule-mail", CORE),
            edge(CORE, "serde"),
            app,
        ];
        assert_eq!(direction(&edges), Vec::<String>::new());
    }

    #[test]
    fn every_other_direction_is_a_violation() {
        for (from, to) in [
            (CORE, "vestibule-storage"),
            ("vestibule-mail", "vestibule-web"),
            ("vestibule-cache", "vestibule-storage"),
            (APP, "vestibule-storage"),
            ("vestibule-frontend", CORE),
            ("vestibule", "vestibule-testkit"),
            ("vestibule", DAEMONS),
            ("xtask", CORE),
        ] {
            assert_eq!(
                direction(&[edge(from, to)]),
                [format!("{from} must not depend on {to}")]
            );
        }
    }

    #[test]
    fn the_pages_take_the_core_as_an_option_only() {
        assert!(direction(&[edge(APP, CORE)])[0].contains("optional"));
    }

    #[test]
    fn the_core_takes_what_is_listed_and_nothing_else() {
        for name in ["axum", "sqlx", "whatever-comes"] {
            assert_eq!(direction(&[edge(CORE, name)]).len(), 1, "{name}");
        }
        assert!(direction(&[edge("vestibule-web", "axum"), edge(CORE, "argon2")]).is_empty());
    }

    #[test]
    fn a_driver_belongs_to_its_adapter() {
        for (from, to) in [
            ("vestibule", "sqlx"),
            ("vestibule-web", "redis"),
            ("vestibule-cache", "sqlx"),
            ("vestibule", "lettre"),
        ] {
            assert_eq!(direction(&[edge(from, to)]).len(), 1, "{from} {to}");
        }
        let own = [
            edge("vestibule-storage", "sqlx"),
            edge("vestibule-cache", "redis"),
        ];
        assert!(direction(&own).is_empty());
    }

    #[test]
    fn a_face_reaches_no_adapter() {
        let face = |text| faces([("server/src/api/x.rs", text)].into_iter());
        for text in [
            "use vestibule_storage::Backend;",
            "    let pool = sqlx::Pool::connect(url);",
            "use crate::portal::Adapters;",
            "use lettre;",
        ] {
            assert_eq!(face(text).len(), 1, "{text}");
        }
        for text in [
            "use vestibule_core::Auth;",
            "// redis::Client is none of its business",
            "let redis_up = true;",
        ] {
            assert_eq!(face(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_crate_without_a_rule_is_a_violation() {
        assert!(direction(&[edge("vestibule-new", CORE)])[0].contains("is new"));
    }

    #[test]
    fn the_server_stays_out_of_the_wasm_file() {
        assert_eq!(
            wasm(&set(&["leptos", "vestibule-app"])),
            Vec::<String>::new()
        );
        assert_eq!(wasm(&set(&["leptos", "tokio", "uuid"])).len(), 2);
    }

    #[test]
    fn migrations_come_in_pairs() {
        let (both, one) = (
            set(&["0001_users.sql", "0002_sessions.sql"]),
            set(&["0001_users.sql"]),
        );
        assert!(migrations(&both, &both).is_empty());
        let missing = ["migration 0002_sessions.sql is there for one database alone"];
        assert_eq!(migrations(&both, &one), missing);
        assert_eq!(migrations(&one, &both), missing);
    }
}
