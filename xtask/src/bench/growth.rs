//! What a request costs among many accounts, beside what it costs among few: both in PostgreSQL,
//! measured in turn, so that what else the machine does meets both.

use std::fmt::Write as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use vestibule_daemons::Postgres;

use super::client::Client;
use super::options::Options;
use super::pgbench::{self, Bare, Table};
use super::portal::{Backing, PASSWORD, Portal, Tokens};
use super::report::{Goal, cores};
use super::requests::{self, CROWD, ME, REFRESH, RIGHT, credentials, is, post};
use super::scale::Costs;
use super::server::Row;

const FEW: u32 = 1_000;
const MANY: u32 = 1_000_000;
/// Of each measure.
const ROUNDS: usize = 3;
/// Accounts that the clients sign in with, spread over all.
const USED: u32 = 256;
const GOAL: Goal = Goal::AtMost(1.2);
/// A smaller table is read as a whole because that is the cheapest.
const LARGE: f64 = 10_000.0;

/// A portal, with what signs in to it, and what it got for that.
struct Side<'a> {
    portal: Portal<'a>,
    users: Vec<(Value, Tokens)>,
}

pub fn run(binary: &Path, options: &Options) -> Result<String> {
    let time = options.time;
    let counts = [FEW, options.accounts.unwrap_or(MANY)];
    let backings = [filled(binary, counts[0])?, filled(binary, counts[1])?];
    let [few, many] = [postgres(&backings[0])?, postgres(&backings[1])?];
    let before = pgbench::tables(many)?;
    let sides = [
        Side::new(binary, &backings[0], counts[0])?,
        Side::new(binary, &backings[1], counts[1])?,
    ];

    let me = |port, users: &[(Value, Tokens)]| requests::me(port, tokens(users));
    let me = measure(&sides, ME, CROWD, time, me)?;
    let refresh = |port, users: &[(Value, Tokens)]| requests::refresh(port, tokens(users));
    let refresh = || measure(&sides, REFRESH, CROWD, time, refresh);
    let (refresh, statement) = pgbench::watch(Some(few), refresh)?;
    let sign_in = |port, users: &[(Value, Tokens)]| requests::sign_in(port, bodies(users), 200);
    let sign_in = measure(&sides, RIGHT, 2 * cores(), time, sign_in)?;
    drop(sides);

    println!("the statement of a refresh alone");
    let statement = statement.context("no statement of a refresh")?;
    let alone = |postgres, accounts: u32| {
        let families = 2 * usize::try_from(accounts)? / CROWD;
        pgbench::refresh(postgres, &statement, [CROWD, families], time)
    };
    let alone = [alone(few, counts[0])?, alone(many, counts[1])?];
    // What a connection counted is known a moment after its end.
    thread::sleep(Duration::from_secs(1));
    let after = pgbench::tables(many)?;
    let costs = Costs::new([&sign_in[1], &me[1], &refresh[1]], &before)?;
    let mut text = requests_of(counts, &[sign_in, me, refresh], &alone);
    print_tables(&mut text, counts[1], &before, &after);
    costs.print(&mut text);
    Ok(text)
}

/// A database with so many accounts. The portal that makes it ends before they are there, and its
/// plans for empty tables with it.
fn filled(binary: &Path, accounts: u32) -> Result<Backing> {
    println!("\n== {accounts} accounts ==");
    let backing = Backing::new("PostgreSQL", Some(Postgres::start_durable()?), None)?;
    let portal = Portal::start(binary, &backing)?;
    portal.register(1)?;
    drop(portal);
    pgbench::fill(postgres(&backing)?, accounts)?;
    Ok(backing)
}

fn postgres(backing: &Backing) -> Result<&Postgres> {
    backing.postgres.as_ref().context("no PostgreSQL")
}

impl<'a> Side<'a> {
    fn new(binary: &Path, backing: &'a Backing, accounts: u32) -> Result<Self> {
        let portal = Portal::start(binary, backing)?;
        let mut client = Client::connect(portal.server.port)?;
        let users = (0..USED).map(|number| {
            let place = 1 + number * (accounts / USED);
            let body = credentials(&format!("filled-{place}@example.org"), PASSWORD);
            is(post(&mut client, "/login", &body)?, 200)?;
            anyhow::Ok((body, Tokens::read(&client)?))
        });
        let users = users.collect::<Result<_>>()?;
        Ok(Self { portal, users })
    }
}

fn tokens(users: &[(Value, Tokens)]) -> Vec<Tokens> {
    users.iter().map(|(_, tokens)| tokens.clone()).collect()
}

fn bodies(users: &[(Value, Tokens)]) -> Vec<Value> {
    users.iter().map(|(body, _)| body.clone()).collect()
}

/// Both sides in turn, a few times over, by as many clients, which share the users of a side.
fn measure<C: FnMut() -> Result<()> + Send>(
    sides: &[Side<'_>; 2],
    request: &'static str,
    count: usize,
    time: Duration,
    client: impl Fn(u16, &[(Value, Tokens)]) -> Result<C>,
) -> Result<[Row; 2]> {
    let clients = sides.iter().map(|side| {
        let shares = side.users.chunks(side.users.len().div_ceil(count));
        let clients = shares.map(|users| client(side.portal.server.port, users));
        clients.collect::<Result<Vec<C>>>()
    });
    let mut clients = clients.collect::<Result<Vec<_>>>()?;
    let mut sums: [Option<Row>; 2] = [None, None];
    for _ in 0..ROUNDS {
        for ((side, clients), sum) in sides.iter().zip(&mut clients).zip(&mut sums) {
            let row = side
                .portal
                .measure(request, clients.iter_mut().collect(), time)?;
            *sum = Some(match sum.take() {
                None => row,
                Some(sum) => sum.sum(&row),
            });
        }
    }
    let [few, many] = sums;
    Ok([few.context("no round")?, many.context("no round")?])
}

/// The requests as a table.
fn requests_of(counts: [u32; 2], requests: &[[Row; 2]], alone: &[Bare; 2]) -> String {
    let [few, many] = counts;
    let mut text = format!(
        "| request | clients | CPU ms, {few} accounts | {many} accounts | ratio | goal | | a second, {few} | {many} |\n|---|---|---|---|---|---|---|---|---|\n"
    );
    let mut line = |name: &str, clients: usize, cpu: [f64; 2], rate: [f64; 2], goal: &Goal| {
        let ratio = cpu[1] / cpu[0];
        let _ = writeln!(
            text,
            "| {name} | {clients} | {:.3} | {:.3} | {ratio:.2} | {} | {:.0} | {:.0} |",
            cpu[0],
            cpu[1],
            goal.judge(ratio),
            rate[0],
            rate[1],
        );
    };
    for pair in requests {
        let (name, clients) = (pair[0].request, pair[0].clients);
        let rate = pair.each_ref().map(|row| row.done.per_second());
        let both = pair.each_ref().map(Row::cpu_of_both);
        line(name, clients, both, rate, &GOAL);
        let database = pair.each_ref().map(Row::cpu_of_database);
        let name = format!("{name}: of this the database");
        line(&name, clients, database, rate, &Goal::None);
    }
    let [cpu, rate] = [
        alone.each_ref().map(|it| it.cpu),
        alone.each_ref().map(|it| it.per_second),
    ];
    let name = "statement of a refresh alone, another family each time";
    line(name, CROWD, cpu, rate, &Goal::None);
    text
}

/// What an account takes on the disk, and which tables were read as a whole.
fn print_tables(text: &mut String, accounts: u32, before: &[Table], after: &[Table]) {
    *text += "\n| table | rows | bytes a row, with indexes | bytes an account | whole reads | goal | |\n|---|---|---|---|---|---|---|\n";
    for table in before {
        let scans = after.iter().find(|it| it.name == table.name);
        let scans = scans.map_or(0.0, |it| it.scans - table.scans);
        let goal = if table.rows < LARGE {
            Goal::None
        } else {
            Goal::AtMost(0.0)
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {:.0} | {:.0} | {scans} | {} |",
            table.name,
            table.rows,
            table.bytes / table.rows,
            table.bytes / f64::from(accounts),
            goal.judge(scans),
        );
    }
    let bytes: f64 = before.iter().map(|it| it.bytes).sum();
    let account = bytes / f64::from(accounts);
    let _ = writeln!(text, "| together | | | {account:.0} | | | |");
}
