use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Fewer connections than this are not worth a start; they
/// are promised even where the files do not suffice.
const MIN_CONNECTIONS: u64 = 16;

/// How many of the `wanted` connections the system allows beside `reserved` other files. The
/// limit of open files is raised as far as needed and allowed (`RLIMIT_NOFILE`: what a shell or a
/// service manager sets is often 1024).
pub fn connections_within(wanted: usize, reserved: u64) -> usize {
    let files = raise(reserved.saturating_add(wanted as u64));
    let room = files.saturating_sub(reserved).max(MIN_CONNECTIONS);
    let connections = usize::try_from(room).map_or(wanted, |room| room.min(wanted));
    if connections < wanted {
        tracing::warn!(
            wanted,
            connections,
            files,
            "the system allows fewer open files than VESTIBULE_MAX_CONNECTIONS needs: raise its hard limit (ulimit -Hn, LimitNOFILE), or lower the setting"
        );
    }
    connections
}

/// Raises the limit to `needed`, or to the hard limit if that is lower, and gives what holds then.
fn raise(needed: u64) -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    let raised = limit.maximum.unwrap_or(u64::MAX).min(needed);
    if raised <= current {
        return current;
    }
    let limit = Rlimit {
        current: Some(raised),
        ..limit
    };
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => raised,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files cannot be raised");
            current
        }
    }
}
