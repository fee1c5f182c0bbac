//! Licences that may come in, and crates that may not.

use cargo_metadata::Package;
use spdx::{Expression, LicenseItem, LicenseReq, ParseMode};

/// Under any of these we may ship the binary. `Apache-2.0` stands for its LLVM exception too, which only gives more.
const LICENCES: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

/// TLS is rustls with aws-lc-rs: no second library, and none of the system's.
const BANNED: [&str; 4] = ["openssl", "openssl-sys", "native-tls", "tokio-native-tls"];

pub fn fault(package: &Package) -> Option<String> {
    let name = package.name.as_str();
    if BANNED.contains(&name) {
        return Some(format!("{name} is banned: TLS is rustls here"));
    }
    let Some(licence) = &package.license else {
        return Some(format!("{name} names no licence"));
    };
    (!is_allowed(licence))
        .then(|| format!("{name} comes under `{licence}`, which is not among the allowed licences"))
}

/// Whether the licences on the list satisfy the expression. What is unknown or unreadable does not.
fn is_allowed(expression: &str) -> bool {
    // The older form `MIT/Apache-2.0` is still around.
    Expression::parse_mode(expression, ParseMode::LAX)
        .is_ok_and(|parsed| parsed.evaluate(is_listed))
}

fn is_listed(requirement: &LicenseReq) -> bool {
    match &requirement.license {
        LicenseItem::Spdx { id, .. } => LICENCES.contains(&id.name),
        LicenseItem::Other { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn listed_licences_pass() {
        for expression in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
            "Unlicense OR MIT",
        ] {
            assert!(is_allowed(expression), "{expression}");
        }
    }

    #[test]
    fn all_others_do_not() {
        for expression in [
            "GPL-3.0-only",
            "MIT AND AGPL-3.0-only",
            "Unlicense",
            "LicenseRef-Own",
            "who knows",
            "",
        ] {
            assert!(!is_allowed(expression), "{expression}");
        }
    }
}
