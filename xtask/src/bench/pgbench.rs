//! The database without the portal: accounts by the million, and the statement of a refresh alone.

use std::fs;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use vestibule_daemons::Postgres;
use vestibule_daemons::proc::Cmd;

/// The statement as a backend that ran it last still shows it.
const SHOWN: &str = "select query from pg_stat_activity where query like '%update refresh_tokens as r%returning%' \
    and pid <> pg_backend_pid() limit 1";
const TABLES: &str = "select relname, n_live_tup, pg_total_relation_size(relid), seq_scan from pg_stat_user_tables \
    where n_live_tup > 0 order by relname";
/// A client of pgbench rotates the tokens of its own families in turn, far from each other in
/// the table. Where it has one, it rotates that again and again, as a client of the portal.
const VARIABLES: &str = "\\set rotations :rotations + 1
\\set family :first + :client_id + :clients * ((:rotations * 7919) % :each)
\\set presented :family * 1000000 + :rotations / :each
\\set fresh :presented + 1
";
/// What stands for each parameter. The text of a token's hash is a number here.
const PARAMETERS: [(&str, &str); 7] = [
    (
        "$1",
        "cast(lpad(to_hex(cast(:family as bigint)), 32, '0') as uuid)",
    ),
    ("$2", ":presented"),
    ("$3", ":fresh"),
    ("$4", "'AAAAAAAAAAAAAAAAAAAAAA'"),
    ("$5", "now()"),
    ("$6", "now() - interval '30 seconds'"),
    ("$7", "now() + interval '30 days'"),
];

/// Fills the portal's database.
pub fn fill(postgres: &Postgres, accounts: u32) -> Result<()> {
    psql(postgres)
        .args(["-v", &format!("accounts={accounts}")])
        .args(["-f", "xtask/src/bench/fill.sql"])
        .run()
        .context("cannot fill the database")
}

fn psql(postgres: &Postgres) -> Cmd {
    let options = ["-qAtX", "-v", "ON_ERROR_STOP=1", "-d", "portal"];
    postgres.tool("psql").args(options)
}

/// What pgbench got done.
pub struct Bare {
    pub clients: usize,
    pub per_second: f64,
    /// Milliseconds of the database's processor time for each.
    pub cpu: f64,
}

/// What the work gives, and the statement of a refresh, which a backend shows while it is done.
pub fn watch<T>(
    postgres: Option<&Postgres>,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, Option<String>)> {
    thread::scope(|scope| {
        let look = |postgres| scope.spawn(move || statement_of_refresh(postgres));
        let looking = postgres.map(look);
        let done = work()?;
        let found = looking.map(ScopedJoinHandle::join);
        let statement = found.map(|it| it.unwrap_or_else(|_| bail!("the look-up panicked")));
        anyhow::Ok((done, statement.transpose()?))
    })
}

/// A backend shows what it was asked last.
fn statement_of_refresh(postgres: &Postgres) -> Result<String> {
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(50));
        let shown = psql(postgres).args(["-c", SHOWN]).read()?;
        if shown.contains("$7") {
            return Ok(shown);
        }
    }
    bail!("no backend shows the statement of a refresh")
}

/// The statement of a refresh and nothing else, by clients that have so many families each.
pub fn refresh(
    postgres: &Postgres,
    statement: &str,
    [clients, each]: [usize; 2],
    time: Duration,
) -> Result<Bare> {
    let script = tempfile::Builder::new()
        .prefix("vestibule-bench-")
        .suffix(".sql")
        .tempfile()?;
    fs::write(script.path(), script_of(statement.trim()))?;
    // Families that no other run has, from the first one that was filled in.
    let first = if each == 1 { 2 * clients } else { 2 };
    let seconds = time.as_secs().max(1);
    let before = postgres.cpu_time();
    let said = postgres
        .tool("pgbench")
        .args(["-n", "-M", "prepared", "-j", "2", "-D", "rotations=-1"])
        .args([
            format!("-Dfirst={first}"),
            format!("-Dclients={clients}"),
            format!("-Deach={each}"),
            format!("-c{clients}"),
            format!("-T{seconds}"),
        ])
        .arg("-f")
        .arg(script.path())
        .arg("portal")
        .read()?;
    // Until the backends that ended are counted with the server.
    thread::sleep(Duration::from_millis(500));
    let cpu = postgres.cpu_time().saturating_sub(before).as_secs_f64() * 1000.0;
    let done = number(&said, "number of transactions actually processed: ");
    Ok(Bare {
        clients,
        per_second: number(&said, "tps = ").context("pgbench gave no rate")?,
        cpu: cpu / done.filter(|it| *it > 0.0).context("pgbench did nothing")?,
    })
}

/// What PostgreSQL counts of a table since it started.
pub struct Table {
    pub name: String,
    pub rows: f64,
    /// With its indexes.
    pub bytes: f64,
    /// Reads of the whole table.
    pub scans: f64,
}

/// What has rows, by its name.
pub fn tables(postgres: &Postgres) -> Result<Vec<Table>> {
    let said = psql(postgres).args(["-c", TABLES]).read()?;
    let table = |line: &str| {
        let mut fields = line.split('|');
        let name = fields.next()?.to_owned();
        let numbers: Option<Vec<f64>> = fields.map(|it| it.parse().ok()).collect();
        let [rows, bytes, scans]: [f64; 3] = numbers?.try_into().ok()?;
        Some(Table {
            name,
            rows,
            bytes,
            scans,
        })
    };
    let all: Option<Vec<Table>> = said.lines().map(table).collect();
    all.context("psql gave something else than tables")
}

/// The number behind a name in what pgbench says.
fn number(said: &str, name: &str) -> Option<f64> {
    let line = said.lines().find_map(|line| line.strip_prefix(name))?;
    line.split([' ', '/']).next()?.parse().ok()
}

fn script_of(statement: &str) -> String {
    let mut statement = statement.replace('\n', " ");
    for (parameter, value) in PARAMETERS {
        statement = statement.replace(parameter, value);
    }
    format!("{VARIABLES}{statement};\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_gets_a_value_of_pgbench() {
        let script =
            script_of("update refresh_tokens as r\nset token_hash = $3\nwhere id = $1 and $7 > $5");
        assert!(script.starts_with("\\set rotations"), "{script}");
        assert!(script.ends_with("> now();\n"), "{script}");
        assert!(!script.contains('$'), "{script}");
    }

    #[test]
    fn the_statement_has_the_parameters_that_are_replaced() {
        let source = fs::read_to_string("../server/crates/storage/src/refresh_tokens.rs").unwrap();
        let rotate = source.split("macro_rules! rotate").nth(1).unwrap();
        let statement = rotate.split("statements!").next().unwrap();
        for (parameter, _) in PARAMETERS {
            assert!(statement.contains(parameter), "{parameter}");
        }
        assert!(!statement.contains("$8"));
        assert!(statement.contains("update refresh_tokens as r"));
    }
}
