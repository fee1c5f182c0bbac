//! `cargo xtask bench`: what the portal does in a second, as ratios to what the machine could do at
//! the same time. `docs/PERFORMANCE.md` says how to read it.

mod client;
mod pgbench;
mod portal;
mod report;

use std::fs;
use std::path::PathBuf;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use vestibule_daemons::proc::Cmd;
use vestibule_daemons::{Postgres, Redis};

use client::Client;
use portal::{Backing, PASSWORD, Portal, Row, Tokens, email};
use report::{Footprint, Goal, Report};

use crate::packages::{self, POSTGRES, REDIS};
use crate::report::Progress;

const SQLITE: &str = "SQLite";
const POSTGRESQL: &str = "PostgreSQL";
const WITH_REDIS: &str = "PostgreSQL, Redis";

const HELLO: &str = "GET /health/live";
const KEYS: &str = "GET /.well-known/jwks.json";
const PAGE: &str = "GET /login";
const ME: &str = "GET /me";
const RIGHT: &str = "sign-in";
const WRONG: &str = "sign-in, wrong password";
const UNKNOWN: &str = "sign-in, unknown address";
const REFRESH: &str = "refresh";

/// Clients at once, where it is not said otherwise.
const CROWD: usize = 16;
const STARTS: usize = 5;

/// What is asked for on the command line.
struct Options {
    /// Of each measure.
    time: Duration,
    /// In PostgreSQL, beside those that are registered.
    accounts: u32,
    /// Where the programs are that were built before, in the place of building them.
    built: Option<PathBuf>,
}

pub fn run(args: &[String]) -> Result<()> {
    let options = options(args)?;
    Progress::new(1).step("packages", |step| {
        packages::ensure(&[&POSTGRES, &REDIS], step)
    })?;
    let built = match &options.built {
        Some(folder) => fs::canonicalize(folder)?,
        None => portal::build()?,
    };
    let (seconds, accounts) = (options.time.as_secs(), options.accounts);
    let bench = Bench {
        options,
        binary: built.join("vestibule"),
        hash_rate: built.join("examples/hash_rate"),
        threads: thread::available_parallelism().map_or(1, usize::from),
    };
    let load = report::load();
    let mut report = Report::default();
    bench.on(&Backing::new(SQLITE, None, None)?, &mut report)?;
    let durable = || Postgres::start_durable().map(Some);
    bench.on(&Backing::new(POSTGRESQL, durable()?, None)?, &mut report)?;
    let redis = Some(Redis::start()?);
    bench.on(&Backing::new(WITH_REDIS, durable()?, redis)?, &mut report)?;

    println!(
        "\n{}; load {load} before and {} after; {seconds} s for each measure, {accounts} accounts in PostgreSQL\n",
        report::machine(),
        report::load(),
    );
    print!("{}", report.markdown());
    Ok(())
}

fn options(args: &[String]) -> Result<Options> {
    let mut options = Options {
        time: Duration::from_secs(4),
        accounts: 1_000,
        built: None,
    };
    for pair in args.chunks(2) {
        let [name, value] = pair else {
            bail!("{} needs a value", pair[0]);
        };
        match (name.as_str(), value.parse::<u32>()) {
            ("--seconds", Ok(number @ 1..=60)) => {
                options.time = Duration::from_secs(number.into());
            }
            // pgbench takes families of their own.
            ("--accounts", Ok(number @ 100..=10_000_000)) => options.accounts = number,
            ("--built", _) => options.built = Some(value.into()),
            _ => bail!(
                "`bench` knows `--seconds N`, 1 to 60, `--accounts N`, 100 to 10000000, and `--built FOLDER`"
            ),
        }
    }
    Ok(options)
}

struct Bench {
    options: Options,
    binary: PathBuf,
    hash_rate: PathBuf,
    threads: usize,
}

impl Bench {
    /// Everything on one database.
    fn on(&self, backing: &Backing, report: &mut Report) -> Result<()> {
        println!("\n== {} ==", backing.name);
        // It makes the database, and what follows starts as on any other day.
        drop(Portal::start(&self.binary, backing)?);
        let starts = (0..STARTS).map(|_| anyhow::Ok(Portal::start(&self.binary, backing)?.start));
        let starts = starts.collect::<Result<Vec<Duration>>>()?;
        let portal = Portal::start(&self.binary, backing)?;
        thread::sleep(Duration::from_secs(3));
        let [at_rest, _] = portal.memory_kib()?;
        let mut users = portal.register(CROWD + 1)?;
        let single = users.pop().into_iter().collect();
        if let Some(postgres) = &backing.postgres {
            pgbench::fill(postgres, self.options.accounts)?;
        }
        self.pages(&portal, &users, report)?;
        self.sign_ins(&portal, report)?;
        for users in [single, users] {
            self.refreshes(&portal, users, report)?;
        }
        let [after, most] = portal.memory_kib()?;
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
            let clients = (0..CROWD).map(|_| get(portal.port, path, None));
            self.measure(portal, request, clients.collect::<Result<_>>()?)
        };
        let before = hello(HELLO, "/health/live")?;
        let keys = hello(KEYS, "/.well-known/jwks.json")?;
        let page = hello(PAGE, "/login")?;
        let me = users
            .iter()
            .map(|user| get(portal.port, "/api/v1/auth/me", Some(user.access.clone())));
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
        let sign_in = |request, body: fn(usize) -> serde_json::Value, expected| {
            let clients = (0..clients).map(|number| {
                let mut client = Client::connect(portal.port)?;
                let body = body(number);
                anyhow::Ok(move || is(client.post("/login", &body)?, expected))
            });
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
        let work = users.into_iter().map(|user| exchange(portal.port, user));
        let work = work.collect::<Result<_>>()?;
        let postgres = portal.backing.postgres.as_ref();
        let (row, statement) = thread::scope(|scope| {
            let look = |postgres| scope.spawn(move || pgbench::statement_of_refresh(postgres));
            let looking = postgres.map(look);
            let row = self.measure(portal, REFRESH, work)?;
            let statement = looking.map(ScopedJoinHandle::join);
            anyhow::Ok((row, statement))
        })?;
        if let (Some(postgres), Some(Ok(statement))) = (postgres, statement) {
            let alone = pgbench::refresh(postgres, &statement?, clients, self.options.time)?;
            let (what, goal) = match clients {
                1 => ("refresh / its statement, one client", Goal::None),
                _ => ("refresh / its statement, 16 clients", Goal::AtLeast(0.7)),
            };
            let ratio = rate(&row) / alone.per_second;
            report.ratio(what, portal.backing.name, ratio, goal);
            report.bare.push(alone);
        }
        report.rows.push(row);
        Ok(())
    }

    fn measure<C: FnMut() -> Result<()> + Send>(
        &self,
        portal: &Portal<'_>,
        request: &'static str,
        clients: Vec<C>,
    ) -> Result<Row> {
        let row = portal.measure(request, clients, self.options.time)?;
        println!("{request}: {:.0} a second", rate(&row));
        Ok(row)
    }
}

fn rate(row: &Row) -> f64 {
    row.done.per_second()
}

fn credentials(email: &str, password: &str) -> serde_json::Value {
    json!({ "email": email, "password": password })
}

fn is(status: u16, expected: u16) -> Result<()> {
    ensure!(status == expected, "{status} in the place of {expected}");
    Ok(())
}

fn get(
    port: u16,
    path: &'static str,
    token: Option<String>,
) -> Result<impl FnMut() -> Result<()> + Send> {
    let mut client = Client::connect(port)?;
    Ok(move || is(client.get(path, token.as_deref())?, 200))
}

/// Exchanges a refresh token for the next one, again and again.
fn exchange(port: u16, user: Tokens) -> Result<impl FnMut() -> Result<()> + Send> {
    let (mut client, mut token) = (Client::connect(port)?, user.refresh);
    Ok(move || {
        is(
            client.post("/refresh", &json!({ "refresh_token": token }))?,
            200,
        )?;
        token = Tokens::read(&client)?.refresh;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_bounded() {
        let of = |text: &str| {
            let args: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            options(&args)
        };
        let both = of("--accounts 1000000 --seconds 9").unwrap();
        assert_eq!((both.accounts, both.time.as_secs()), (1_000_000, 9));
        assert_eq!(of("").unwrap().accounts, 1_000);
        for wrong in [
            "--seconds",
            "--seconds 0",
            "--seconds 3600",
            "--accounts 1",
            "--other 1",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
