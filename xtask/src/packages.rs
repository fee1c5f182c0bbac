//! What the machine's own package manager brings: database servers, a browser, Node, Python.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Result, bail};
use vestibule_daemons::proc::{Cmd, find};
use vestibule_daemons::{PgBouncer, postgres_folder};

use crate::browser;
use crate::report::Step;

/// Something the tests need, and the Debian packages that bring it.
pub struct Need {
    what: &'static str,
    packages: &'static str,
    is_here: fn() -> bool,
}

pub const POSTGRES: Need = Need {
    what: "a PostgreSQL server and PgBouncer",
    packages: "postgresql pgbouncer",
    is_here: || postgres_folder().is_some() && PgBouncer::is_installed(),
};
pub const REDIS: Need = Need {
    what: "a Redis server",
    packages: "redis-server",
    is_here: || are_here("redis-server"),
};
pub const PROXIES: Need = Need {
    what: "HAProxy, nginx and Caddy",
    packages: "haproxy nginx-light caddy",
    is_here: || are_here("haproxy nginx caddy"),
};
pub const NODE: Need = Need {
    what: "Node with npm",
    packages: "nodejs npm",
    is_here: || are_here("node npm"),
};
pub const MONITORING: Need = Need {
    what: "Prometheus, Alertmanager, the node and blackbox exporters, jq and curl",
    packages: "prometheus prometheus-alertmanager prometheus-node-exporter \
               prometheus-blackbox-exporter jq curl",
    is_here: || {
        are_here("promtool amtool prometheus-node-exporter prometheus-blackbox-exporter jq curl")
    },
};
pub const KUBECTL: Need = Need {
    what: "kubectl",
    packages: "kubernetes-client",
    is_here: || are_here("kubectl"),
};
pub const PYTHON: Need = Need {
    what: "Python with venv",
    packages: "python3-venv",
    is_here: || {
        Cmd::line("python3 -c")
            .arg("import ensurepip, venv")
            .succeeds()
    },
};
pub const CHROMIUM: Need = Need {
    what: "Chromium",
    packages: "chromium-headless-shell fonts-liberation",
    // Where no package brings it, Playwright fetches its own: see `browser`. Any other will do
    // where nothing can be installed.
    is_here: || {
        browser::headless_shell().is_some()
            || !browser::is_packaged()
            || (browser::chromium().is_some() && !can_install())
    },
};

/// Whether all of these programs can be run.
fn are_here(programs: &str) -> bool {
    let mut programs = programs.split(' ');
    programs.all(|program| find(program).is_some())
}

/// Installs what is missing of `needs`, or says in one line what to install.
pub fn ensure(needs: &[&Need], step: &Step) -> Result<&'static str> {
    let missing: Vec<_> = needs.iter().filter(|need| !(need.is_here)()).collect();
    if missing.is_empty() {
        return Ok("present");
    }
    let packages: Vec<_> = missing.iter().map(|need| need.packages).collect();
    let packages = packages.join(" ");
    let names: Vec<_> = missing.iter().map(|need| need.what).collect();
    let names = names.join(", ");
    if !can_install() {
        bail!("missing: {names}. Install the packages (their Debian names): {packages}");
    }
    step.say(format_args!("installing {packages} with apt-get"));
    install(&packages)?;
    if let Some(need) = missing.iter().find(|need| !(need.is_here)()) {
        bail!(
            "{} was installed with {} and still cannot be found",
            need.what,
            need.packages
        );
    }
    Ok("installed")
}

/// Whether packages may be installed on this machine: root with apt.
pub fn can_install() -> bool {
    rustix::process::geteuid().is_root() && find("apt-get").is_some()
}

fn install(packages: &str) -> Result<()> {
    let _services_stay_off = NoServices::begin();
    let apt = |line: &str| {
        Cmd::line(line)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("LC_ALL", "C")
            .run()
    };
    apt("apt-get update -qq")?;
    apt(&format!(
        "apt-get install -y -qq --no-install-recommends {packages}"
    ))
}

/// Keeps the packages from starting their servers on the default ports, by Debian's own means:
/// while this file answers 101, no installed package starts a service. One that is there already
/// stays.
const POLICY: &str = "/usr/sbin/policy-rc.d";

struct NoServices;

impl NoServices {
    fn begin() -> Option<Self> {
        let is_ours = !Path::new(POLICY).exists()
            && fs::write(POLICY, "#!/bin/sh\nexit 101\n").is_ok()
            && fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755)).is_ok();
        // Not `then_some`: what that does not take it drops, and dropping removes the file.
        is_ours.then(|| Self)
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        let _ = fs::remove_file(POLICY);
    }
}
