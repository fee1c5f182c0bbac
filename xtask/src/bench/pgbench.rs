//! The database without the portal: accounts by the million, and the statement of a refresh alone.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use vestibule_daemons::Postgres;
use vestibule_daemons::proc::Cmd;

/// The statement as a backend that ran it last still shows it.
const SHOWN: &str = "select query from pg_stat_activity where query like '%update refresh_tokens as r%returning%' \
    and pid <> pg_backend_pid() limit 1";
/// A client of pgbench exchanges the token of one family again and again, as one of the portal's.
const VARIABLES: &str = "\\set exchanges :exchanges + 1
\\set family :first + :client_id
\\set presented :family * 1000000 + :exchanges
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

/// The statement of a refresh, while the portal runs it: a backend shows what it was asked last.
pub fn statement_of_refresh(postgres: &Postgres) -> Result<String> {
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(50));
        let shown = psql(postgres).args(["-c", SHOWN]).read()?;
        if shown.contains("$7") {
            return Ok(shown);
        }
    }
    bail!("no backend shows the statement of a refresh")
}

/// The statement of a refresh and nothing else.
pub fn refresh(
    postgres: &Postgres,
    statement: &str,
    clients: usize,
    time: Duration,
) -> Result<Bare> {
    let script = tempfile::Builder::new()
        .prefix("vestibule-bench-")
        .suffix(".sql")
        .tempfile()?;
    fs::write(script.path(), script_of(statement.trim()))?;
    // Families that no other run has.
    let first = 2 * clients;
    let seconds = time.as_secs().max(1);
    let before = postgres.cpu_time();
    let said = postgres
        .tool("pgbench")
        .args(["-n", "-M", "prepared", "-j", "2", "-D", "exchanges=-1"])
        .args([
            format!("-Dfirst={first}"),
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
        assert!(script.starts_with("\\set exchanges"), "{script}");
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
