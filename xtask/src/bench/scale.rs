//! What many accounts take, reckoned from what one request and one row took. The assumptions are
//! those of `docs/PERFORMANCE.md`.

use std::fmt::Write as _;

use anyhow::{Context, Result};

use super::pgbench::Table;
use super::server::Row;

/// In millions.
const SIZES: [f64; 3] = [1.0, 10.0, 100.0];
/// The part of the accounts that is active on a day.
const ACTIVE: f64 = 0.1;
/// Of an active account on a day.
const SIGN_INS: f64 = 0.25;
const REFRESHES: f64 = 8.0;
const LOOKS: f64 = 20.0;
/// Times the mean of the day.
const PEAK: f64 = 4.0;
/// The part of the cores that is used then.
const USED: f64 = 0.5;
/// Of an account, with those that ended and are still kept.
const SESSIONS: f64 = 2.0;
/// Days that events are kept.
const KEPT: f64 = 365.0;
const REFRESHES_KEPT: f64 = 30.0;
const DAY: f64 = 86_400.0;

/// Processor time is in milliseconds, of the server and of its database.
pub struct Costs {
    sign_in: [f64; 2],
    me: [f64; 2],
    refresh: [f64; 2],
    /// Bytes of a row with its indexes.
    user: f64,
    session: f64,
    family: f64,
    event: f64,
}

impl Costs {
    pub fn new([sign_in, me, refresh]: [&Row; 3], tables: &[Table]) -> Result<Self> {
        let cpu = |row: &Row| [row.cpu(row.server), row.cpu_of_database()];
        let bytes = |name: &str| {
            let table = tables.iter().find(|it| it.name == name);
            let table = table.with_context(|| format!("nothing is in {name}"))?;
            anyhow::Ok(table.bytes / table.rows)
        };
        Ok(Self {
            sign_in: cpu(sign_in),
            me: cpu(me),
            refresh: cpu(refresh),
            user: bytes("users")?,
            session: bytes("sessions")?,
            family: bytes("refresh_tokens")?,
            event: bytes("audit_logs")?,
        })
    }

    pub fn print(&self, text: &mut String) {
        *text += "\n| with accounts, in millions |";
        for size in SIZES {
            let _ = write!(text, " {size} |");
        }
        *text += "\n|---|---|---|---|\n";
        let mut line = |name: &str, of_millions: &dyn Fn(f64) -> f64| {
            let _ = write!(text, "| {name} |");
            for size in SIZES {
                let value = of_millions(size);
                let digits = usize::from(value < 10.0);
                let _ = write!(text, " {value:.digits$} |");
            }
            text.push('\n');
        };
        line("sign-ins a second at the peak", &|it| peak(it, SIGN_INS));
        line("refreshes a second at the peak", &|it| peak(it, REFRESHES));
        line("`/me` a second at the peak", &|it| peak(it, LOOKS));
        line("cores of all replicas, half used", &|it| self.cores(it, 0));
        line("cores of PostgreSQL, half used", &|it| self.cores(it, 1));
        line("GB of accounts", &|it| it * self.user / 1e3);
        line("GB of sessions and refresh families", &|it| {
            it * SESSIONS * (self.session + self.family) / 1e3
        });
        line("GB of rows of those who are active on a day", &|it| {
            it * ACTIVE * (self.user + self.session + self.family) / 1e3
        });
        line("million rows of the audit log", &events);
        line("GB of the audit log", &|it| events(it) * self.event / 1e3);
        line("million rows that expire on a day", &|it| {
            it * ACTIVE * (3.0 * SIGN_INS + REFRESHES)
        });
    }

    fn cores(&self, millions: f64, place: usize) -> f64 {
        let used = peak(millions, SIGN_INS) * self.sign_in[place]
            + peak(millions, REFRESHES) * self.refresh[place]
            + peak(millions, LOOKS) * self.me[place];
        used / 1e3 / USED
    }
}

/// A second.
fn peak(millions: f64, on_a_day: f64) -> f64 {
    millions * 1e6 * ACTIVE * on_a_day * PEAK / DAY
}

/// In millions.
fn events(millions: f64) -> f64 {
    millions * ACTIVE * (SIGN_INS * KEPT + REFRESHES * REFRESHES_KEPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_accounts_take_is_a_multiple_of_what_one_takes() {
        let costs = Costs {
            sign_in: [10.0, 1.0],
            me: [0.1, 0.1],
            refresh: [0.3, 0.5],
            user: 500.0,
            session: 600.0,
            family: 400.0,
            event: 1010.0,
        };
        let mut text = String::new();
        costs.print(&mut text);
        for line in [
            "| refreshes a second at the peak | 37 | 370 | 3704 |",
            "| cores of all replicas, half used | 0.1 | 0.6 | 6.4 |",
            "| GB of accounts | 0.5 | 5.0 | 50 |",
            "| GB of sessions and refresh families | 2.0 | 20 | 200 |",
            "| GB of the audit log | 33 | 335 | 3346 |",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
