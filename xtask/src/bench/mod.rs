//! `cargo xtask bench`: what the portal does in a second, as ratios to what the machine could do at
//! the same time. `docs/PERFORMANCE.md` says how to read it.

pub mod client;
mod growth;
mod options;
mod peers;
mod pgbench;
mod portal;
mod report;
mod requests;
mod scale;
pub mod server;

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use vestibule_daemons::proc::Cmd;
use vestibule_daemons::{Postgres, Redis};

use options::{Options, What};
use portal::{Backing, PASSWORD, Portal, Tokens, email};
use report::{Footprint, Goal, Report};
use requests::{CROWD, HELLO, KEYS, ME, PAGE, REFRESH, RIGHT, UNKNOWN, WRONG, credentials};
use server::Row;

use crate::packages::{self, POSTGRES, REDIS};
use crate::report::Progress;

const SQLITE: &str = "SQLite";
const POSTGRESQL: &str = "PostgreSQL";
const WITH_REDIS: &str = "PostgreSQL, Redis";

const STARTS: usize = 5;

pub fn run(args: &[String]) -> Result<()> {
    let options = Options::read(args)?;
    Progress::new(1).step("packages", |step| {
        packages::ensure(&[&POSTGRES, &REDIS], step)
    })?;
    let built = match &options.built {
        Some(folder) => fs::canonicalize(folder)?,
        None => portal::build()?,
    };
    let load = report::load();
    let seconds = options.time.as_secs();
    let binary = built.join("vestibule");
    let said = match options.what {
        What::Ratios => {
            let bench = Bench {
                options,
                binary,
                hash_rate: built.join("examples/hash_rate"),
                threads: report::cores(),
            };
            bench.everything()?
        }
        What::Growth => growth::run(&binary, &options)?,
        What::Peers => peers::run(&binary, options.time)?,
    };
    println!(
        "\n{}; load {load} before and {} after; {seconds} s for each measure\n",
        report::machine(),
        report::load(),
    );
    print!("{said}");
    Ok(())
}

struct Bench {
    options: Options,
    binary: PathBuf,
    hash_rate: PathBuf,
    threads: usize,
}

impl Bench {
    fn everything(&self) -> Result<String> {
        let mut report = Report::default();
        self.on(&Backing::new(SQLITE, None, None)?, &mut report)?;
        let durable = || Postgres::start_durable().map(Some);
        self.on(&Backing::new(POSTGRESQL, durable()?, None)?, &mut report)?;
        let redis = Some(Redis::start()?);
        self.on(&Backing::new(WITH_REDIS, durable()?, redis)?, &mut report)?;
        let accounts = self.accounts();
        Ok(format!(
            "{accounts} accounts in PostgreSQL.\n\n{}",
            report.markdown()
        ))
    }

    fn accounts(&self) -> u32 {
        self.options.accounts.unwrap_or(1_000)
    }

    /// Everything on one database.
    fn on(&self, backing: &Backing, report: &mut Report) -> Result<()> {
        println!("\n== {} ==", backing.name);
        // It makes the database, and what follows starts as on any other day.
        drop(Portal::start(&self.binary, backing)?);
        let starts =
            (0..STARTS).map(|_| anyhow::Ok(Portal::start(&self.binary, backing)?.server.start));
        let starts = starts.collect::<Result<Vec<Duration>>>()?;
        let portal = Portal::start(&self.binary, backing)?;
        thread::sleep(Duration::from_secs(3));
        let [at_rest, _] = portal.server.memory_kib()?;
        let mut users = portal.register(CROWD + 1)?;
        let single = users.pop().into_iter().collect();
        if let Some(postgres) = &backing.postgres {
            pgbench::fill(postgres, self.accounts())?;
        }
        self.pages(&portal, &users, report)?;
        for users in [single, users] {
            self.refreshes(&portal, users, report)?;
        }
        // At last: so many sign-ins end the sessions that an account had before.
        self.sign_ins(&portal, report)?;
        let [after, most] = portal.server.memory_kib()?;
        let first_answer = match backing.name {
            SQLITE => Goal::AtMost(50.0),
            _ => Goal::None,
        };
        let middle = report::middle(&starts).context("no start")?;
        let middle = middle.as_secs_f64() * 1000.0;
        report.ratio("first answer, ms", backing.name, middle, first_answer);
        report.footprints.push(Footprint {
            backing: backing.name,
            memory_kib: [at_rest, after, most],
            starts,
        });
        Ok(())
    }

    /// What writes nothing, and `/health/live` before and after it.
    fn pages(&self, portal: &Portal<'_>, users: &[Tokens], report: &mut Report) -> Result<()> {
        let hello = |request, path: &'static str| {
            let clients = (0..CROWD).map(|_| requests::get(portal.server.port, path));
            self.measure(portal, request, clients.collect::<Result<_>>()?)
        };
        let before = hello(HELLO, "/health/live")?;
        let keys = hello(KEYS, "/.well-known/jwks.json")?;
        let page = hello(PAGE, "/login")?;
        let me = users
            .iter()
            .map(|user| requests::me(portal.server.port, vec![user.clone()]));
        let me = self.measure(portal, ME, me.collect::<Result<_>>()?)?;
        let after = hello(HELLO, "/health/live")?;
        let ceiling = f64::midpoint(rate(&before), rate(&after));
        let me_goal = match portal.backing.name {
            WITH_REDIS => 0.6,
            _ => 0.5,
        };
        for (what, row, goal) in [
            ("key set / `/health/live`", &keys, Goal::AtLeast(0.9)),
            ("sign-in page / `/health/live`", &page, Goal::AtLeast(0.1)),
            ("`/me` / `/health/live`", &me, Goal::AtLeast(me_goal)),
        ] {
            report.ratio(what, portal.backing.name, rate(row) / ceiling, goal);
        }
        report.rows.extend([before, keys, page, me, after]);
        Ok(())
    }

    /// Sign-ins between two measures of the hash alone.
    fn sign_ins(&self, portal: &Portal<'_>, report: &mut Report) -> Result<()> {
        let clients = 2 * self.threads;
        let sign_in = |request, account: fn(usize) -> Value, expected| {
            let clients = (0..clients)
                .map(|it| requests::sign_in(portal.server.port, vec![account(it)], expected));
            self.measure(portal, request, clients.collect::<Result<_>>()?)
        };
        let before = self.hashes("argon2-rust")?;
        let right = sign_in(RIGHT, |it| credentials(&email(it), PASSWORD), 200)?;
        let wrong = sign_in(WRONG, |it| credentials(&email(it), "wrong"), 401)?;
        let unknown = sign_in(
            UNKNOWN,
            |it| credentials(&format!("no-{it}@example.org"), PASSWORD),
            401,
        )?;
        let after = self.hashes("argon2-rust")?;
        let bare = f64::midpoint(before, after);
        report.hashes.push(("argon2-rust", self.threads, bare));
        if report.hashes.len() == 1 {
            report
                .hashes
                .push(("argon2", self.threads, self.hashes("argon2")?));
        }
        let even = || Goal::Within(0.05);
        for (what, value, goal) in [
            (
                "sign-ins / hashes alone",
                rate(&right) / bare,
                Goal::AtLeast(0.9),
            ),
            (
                "wrong password / right",
                rate(&wrong) / rate(&right),
                even(),
            ),
            (
                "unknown address / right",
                rate(&unknown) / rate(&right),
                even(),
            ),
        ] {
            report.ratio(what, portal.backing.name, value, goal);
        }
        report.rows.extend([right, wrong, unknown]);
        Ok(())
    }

    /// Hashes in a second on all threads, by nothing but the engine.
    fn hashes(&self, engine: &str) -> Result<f64> {
        let time = self.options.time.as_millis().min(2_000);
        let said = Cmd::new(&self.hash_rate)
            .args([engine, &self.threads.to_string(), &time.to_string()])
            .read()?;
        said.trim().parse().context("no rate of hashes")
    }

    /// Refreshes, and then their statement alone, by as many clients.
    fn refreshes(
        &self,
        portal: &Portal<'_>,
        users: Vec<Tokens>,
        report: &mut Report,
    ) -> Result<()> {
        let clients = users.len();
        let work = users
            .into_iter()
            .map(|user| requests::refresh(portal.server.port, vec![user]));
        let work = work.collect::<Result<_>>()?;
        let postgres = portal.backing.postgres.as_ref();
        let measure = || self.measure(portal, REFRESH, work);
        let (row, statement) = pgbench::watch(postgres, measure)?;
        let [of_statement, of_cpu] = match clients {
            1 => [
                "refresh / its statement, one client",
                "CPU ms of a refresh, one client",
            ],
            _ => [
                "refresh / its statement, 16 clients",
                "CPU ms of a refresh, 16 clients",
            ],
        };
        let mut cpu_goal = Goal::None;
        if let (Some(postgres), Some(statement)) = (postgres, statement) {
            let time = self.options.time;
            let alone = pgbench::refresh(postgres, &statement, [clients, 1], time)?;
            let goal = match clients {
                1 => Goal::None,
                _ => Goal::AtLeast(0.7),
            };
            let ratio = rate(&row) / alone.per_second;
            report.ratio(of_statement, portal.backing.name, ratio, goal);
            report.bare.push(alone);
            cpu_goal = Goal::AtMost(1.0);
        }
        report.ratio(of_cpu, portal.backing.name, row.cpu_of_both(), cpu_goal);
        report.rows.push(row);
        Ok(())
    }

    fn measure<C: FnMut() -> Result<()> + Send>(
        &self,
        portal: &Portal<'_>,
        request: &'static str,
        clients: Vec<C>,
    ) -> Result<Row> {
        portal.measure(request, clients, self.options.time)
    }
}

fn rate(row: &Row) -> f64 {
    row.done.per_second()
}
