//! From the first request to the end of the process.
//!
//! Until the database has answered only the private port does, with health. Then both ports serve.
//!
//! Asked to stop, it says so at `/health/ready` and goes on for a grace time, so that the proxy in
//! front sends nothing more before the port closes. Then it drains: nothing is accepted, what was
//! received is answered, the workers finish, what waits is written, the database is closed. A
//! second signal ends all of this at once.

use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vestibule_storage::SqlDatabase;

use super::health;
use super::listener::{Limits, Listener, Stages, connections_within};
use super::workers;
use crate::compose::Portal;
use crate::config::Config;

/// The grace time and all that is under way, together. Orchestrators kill after 30 s.
const STOP_TIME: Duration = Duration::from_secs(22);
/// How long the last health checks of a start may take.
const HANDOVER_TIME: Duration = Duration::from_secs(1);
/// Closing the database writes what is beside its file into it.
const CLOSE_TIME: Duration = Duration::from_secs(1);
/// Health checks and metrics need no more.
const PRIVATE_CONNECTIONS: usize = 64;
/// Open files beside the connections of clients and of the database:
/// the log, the ports, mail, folders.
const OTHER_FILES: u64 = 64;
/// Open files of one connection to the database, at most: SQLite has the file and its log.
const FILES_OF_DATABASE_CONNECTION: u64 = 4;

/// The ports.
pub struct Ports {
    pub public: TcpListener,
    pub private: TcpListener,
}

/// Answers health checks on the private port while the portal waits for its database. The public
/// port is not even open: the proxy in front of it knows at once.
pub struct Starting {
    draining: CancellationToken,
    tasks: TaskTracker,
}

impl Starting {
    pub fn begin(config: &Config, private: &TcpListener) -> std::io::Result<Self> {
        let handle = private.as_fd().try_clone_to_owned()?;
        let port = TcpListener::from_std(handle.into())?;
        let starting = Self {
            draining: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let stages = Stages {
            stopping: CancellationToken::new(),
            draining: starting.draining.clone(),
        };
        let limits = limits(config, PRIVATE_CONNECTIONS);
        let listener = Listener::new(
            health::starting(),
            limits,
            config.http.trusted_proxies.clone(),
            stages,
            starting.tasks.clone(),
        );
        starting.tasks.spawn(listener.accept_on(port));
        Ok(starting)
    }

    /// Leaves the port to the portal, within a second: who
    /// does not read its answer holds nobody up.
    pub async fn end(self) {
        self.draining.cancel();
        self.tasks.close();
        let _ = timeout(HANDOVER_TIME, self.tasks.wait()).await;
    }
}

/// Serves until asked to stop, and ends in order. Non-zero
/// if a worker was lost, or if a second signal came.
pub async fn run(
    config: &Config,
    portal: Portal,
    database: Arc<dyn SqlDatabase>,
    ports: Ports,
    mut signals: StopSignals,
) -> ExitCode {
    let portal = Arc::new(portal);
    let stages = Stages {
        stopping: portal.stopping.clone(),
        draining: CancellationToken::new(),
    };
    listen(config, &portal, ports, &stages);
    let lost = workers::start(&portal, &stages.draining);
    let code = tokio::select! {
        () = signals.next() => ExitCode::SUCCESS,
        // Better no portal than one that sends no mail or deletes no account, and does not say so.
        () = lost.cancelled() => ExitCode::FAILURE,
    };
    tracing::info!("stopping");
    stages.stopping.cancel();
    tokio::select! {
        () = stop(config, &portal, &*database, &stages.draining) => code,
        () = signals.next() => {
            tracing::warn!("stopped at once: a second signal came");
            ExitCode::FAILURE
        }
    }
}

fn listen(config: &Config, portal: &Portal, ports: Ports, stages: &Stages) {
    let database_files =
        FILES_OF_DATABASE_CONNECTION * u64::from(config.database.storage.max_connections);
    let reserved = OTHER_FILES + PRIVATE_CONNECTIONS as u64 + database_files;
    let serve = |port: TcpListener, router: &Router, connections: usize| {
        let tasks = portal.tasks.clone();
        let limits = limits(config, connections);
        let proxies = config.http.trusted_proxies.clone();
        let listener = Listener::new(router.clone(), limits, proxies, stages.clone(), tasks);
        portal.tasks.spawn(listener.accept_on(port));
    };
    let connections = connections_within(config.http.max_connections, reserved);
    serve(ports.public, &portal.public, connections);
    serve(ports.private, &portal.private, PRIVATE_CONNECTIONS);
}

fn limits(config: &Config, connections: usize) -> Limits {
    Limits {
        connections,
        head: config.http.header_timeout,
        idle: config.http.idle_timeout,
        stall: config.http.request_timeout,
    }
}

async fn stop(
    config: &Config,
    portal: &Portal,
    database: &dyn SqlDatabase,
    draining: &CancellationToken,
) {
    let grace = config.http.shutdown_grace;
    tokio::time::sleep(grace).await;
    draining.cancel();
    portal.tasks.close();
    if timeout(STOP_TIME.saturating_sub(grace), portal.tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!(
            left = portal.tasks.len(),
            "some requests did not end in time and are cut off"
        );
    }
    workers::write_last(&portal.auth).await;
    if timeout(CLOSE_TIME, database.close()).await.is_err() {
        tracing::warn!("the database was not closed in time");
    }
}

/// The signals that ask the process to stop. Before they are listened to they kill it,
/// unless it is the first of its container.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    /// `None` where the process was started to outlive its terminal.
    hangup: Option<Signal>,
}

impl StopSignals {
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: (!ignores_hangup())
                .then(|| signal(SignalKind::hangup()))
                .transpose()?,
        })
    }

    /// Waits for the next of them.
    pub async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            // A terminal that closes may say so twice.
            _ = hangup => self.hangup = None,
        }
    }
}

/// Whether the hangup of the terminal was to be ignored from the start, as `nohup` has it.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 1)
}
