//! What the system says of a process (proc(5)).

use std::fs;
use std::time::Duration;

/// Processor time of a process and of its children that have ended; nothing of one that is gone.
pub fn cpu_time(process: u32) -> Duration {
    let ticks = || {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name before the last parenthesis may hold anything.
        let fields = stat.rsplit_once(") ")?.1.split(' ').skip(11).take(4);
        fields
            .map(|field| field.parse::<u64>().ok())
            .sum::<Option<u64>>()
    };
    let a_second = rustix::param::clock_ticks_per_second();
    Duration::from_millis(ticks().unwrap_or_default() * 1000 / a_second)
}

/// A field of a process's `status`, such as `VmRSS`, in KiB.
pub fn memory_kib(process: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let mut lines = status.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(name, _)| *name == field)?;
    value.trim().trim_end_matches(" kB").parse().ok()
}
