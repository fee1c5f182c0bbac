//! What was measured, as Markdown.

use std::fmt::Write as _;
use std::fs;
use std::thread;
use std::time::Duration;

use vestibule_daemons::proc::Cmd;

use super::pgbench::Bare;
use super::server::Row;

/// A ratio, or another figure, with what it should reach.
struct Ratio {
    what: &'static str,
    backing: &'static str,
    value: f64,
    goal: Goal,
}

pub enum Goal {
    AtLeast(f64),
    AtMost(f64),
    /// Of 1, by so much to either side.
    Within(f64),
    None,
}

impl Goal {
    /// The goal, and whether the value reaches it: two cells of a table.
    pub fn judge(&self, value: f64) -> String {
        let (goal, is_reached) = match *self {
            Self::AtLeast(goal) => (format!("≥ {goal:.2}"), value >= goal),
            Self::AtMost(goal) => (format!("≤ {goal:.2}"), value <= goal),
            Self::Within(by) => (format!("1 ± {by:.2}"), (value - 1.0).abs() <= by),
            Self::None => return " | ".to_owned(),
        };
        format!("{goal} | {}", if is_reached { "reached" } else { "missed" })
    }
}

/// A portal's memory in KiB (at rest, after load, at most) and times from start to first answer.
pub struct Footprint {
    pub backing: &'static str,
    pub memory_kib: [u64; 3],
    pub starts: Vec<Duration>,
}

/// Everything of one run.
#[derive(Default)]
pub struct Report {
    pub rows: Vec<Row>,
    /// Engine, threads, hashes a second.
    pub hashes: Vec<(&'static str, usize, f64)>,
    pub bare: Vec<Bare>,
    ratios: Vec<Ratio>,
    pub footprints: Vec<Footprint>,
}

impl Report {
    pub fn ratio(&mut self, what: &'static str, backing: &'static str, value: f64, goal: Goal) {
        self.ratios.push(Ratio {
            what,
            backing,
            value,
            goal,
        });
    }

    pub fn markdown(&self) -> String {
        let mut text = String::new();
        self.print_ratios(&mut text);
        self.print_rows(&mut text);
        self.print_bare(&mut text);
        self.print_footprints(&mut text);
        text
    }

    fn print_ratios(&self, text: &mut String) {
        *text += "| ratio or figure | database | measured | goal | |\n|---|---|---|---|---|\n";
        for ratio in &self.ratios {
            let (what, backing, value) = (ratio.what, ratio.backing, ratio.value);
            let judged = ratio.goal.judge(value);
            let _ = writeln!(text, "| {what} | {backing} | {value:.2} | {judged} |");
        }
    }

    fn print_rows(&self, text: &mut String) {
        *text += "\n| request | database | clients | a second | half within, ms | CPU ms of the server | CPU ms of its database |\n|---|---|---|---|---|---|---|\n";
        for row in &self.rows {
            let database = row.database.map_or_else(
                || "in the server".to_owned(),
                |time| format!("{:.3}", row.cpu(time)),
            );
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.0} | {:.2} | {:.3} | {database} |",
                row.request,
                row.backing,
                row.clients,
                row.done.per_second(),
                row.done.median.as_secs_f64() * 1000.0,
                row.cpu(row.server),
            );
        }
    }

    fn print_bare(&self, text: &mut String) {
        *text += "\n| without the portal | at once | a second | CPU ms |\n|---|---|---|---|\n";
        for (engine, threads, rate) in &self.hashes {
            let _ = writeln!(text, "| hash of {engine} | {threads} | {rate:.1} | |");
        }
        for bare in &self.bare {
            let _ = writeln!(
                text,
                "| statement of a refresh, by pgbench | {} | {:.0} | {:.3} |",
                bare.clients, bare.per_second, bare.cpu
            );
        }
    }

    fn print_footprints(&self, text: &mut String) {
        *text += "\n| database | MiB at rest | after load | at most | first answer, ms: best | half within |\n|---|---|---|---|---|---|\n";
        for print in &self.footprints {
            let [rest, load, most] = print.memory_kib.map(|kib| kib / 1024);
            let [best, middle] = [print.starts.iter().min().copied(), middle(&print.starts)]
                .map(|it| it.map_or_else(String::new, |it| it.as_millis().to_string()));
            let _ = writeln!(
                text,
                "| {} | {rest} | {load} | {most} | {best} | {middle} |",
                print.backing,
            );
        }
    }
}

/// That within which half of them are.
pub fn middle(times: &[Duration]) -> Option<Duration> {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The processor's name, its cores, and the version of PostgreSQL.
pub fn machine() -> String {
    let models = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = models
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = cores();
    let postgres = Cmd::new("psql").arg("--version").peek();
    format!(
        "{}, {cores} cores; {}",
        model.map_or("unknown processor", |(_, name)| name),
        postgres.trim()
    )
}

/// How many processes ran or waited in the last minute.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_says_whether_it_reaches_its_goal() {
        let of = |value, goal: Goal| goal.judge(value);
        assert_eq!(of(0.9, Goal::AtLeast(0.9)), "≥ 0.90 | reached");
        assert_eq!(of(0.89, Goal::AtLeast(0.9)), "≥ 0.90 | missed");
        assert_eq!(of(1.2, Goal::AtMost(1.2)), "≤ 1.20 | reached");
        assert_eq!(of(1.21, Goal::AtMost(1.2)), "≤ 1.20 | missed");
        assert_eq!(of(1.06, Goal::Within(0.05)), "1 ± 0.05 | missed");
        assert_eq!(of(0.96, Goal::Within(0.05)), "1 ± 0.05 | reached");
        assert_eq!(of(0.5, Goal::None), " | ");
    }
}
