//! What Prometheus reads on the private port.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use http::{Method, header};
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use tokio::sync::Mutex;
use tokio::time::Instant;
use vestibule_core::Auth;
use vestibule_storage::SqlDatabase;

/// Upper bounds of the buckets of every duration, in seconds.
const BUCKETS: [f64; 13] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Samples wait in memory until they are sorted into buckets.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);
/// Counting reads whole tables.
const COUNT_INTERVAL: Duration = Duration::from_secs(30);

/// Collects metrics from now on. Once in a process.
///
/// # Errors
/// If something collects them already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .install_recorder()?;
    describe();
    Ok(handle)
}

/// What is exported with the labels of its call.
pub struct Watched {
    pub handle: PrometheusHandle,
    pub auth: Arc<Auth>,
    pub database: Arc<dyn SqlDatabase>,
    process: Collector,
    counted: Mutex<Option<Instant>>,
}

impl Watched {
    pub fn new(handle: PrometheusHandle, auth: Arc<Auth>, database: Arc<dyn SqlDatabase>) -> Self {
        let kind = if database.is_remote() {
            "postgres"
        } else {
            "sqlite"
        };
        gauge!("vestibule_build_info", "version" => env!("CARGO_PKG_VERSION"), "database" => kind)
            .set(1.0);
        Self {
            handle,
            auth,
            database,
            process: Collector::default(),
            counted: Mutex::default(),
        }
    }

    /// Sorts samples for as long as the process runs, whether they are read or not.
    pub async fn keep_up(self: Arc<Self>) {
        loop {
            tokio::time::sleep(UPKEEP_INTERVAL).await;
            self.handle.run_upkeep();
        }
    }

    async fn render(&self) -> String {
        self.process.collect();
        self.auth.report_state();
        self.report_connections();
        self.report_counts().await;
        self.handle.render()
    }

    fn report_connections(&self) {
        let connections = self.database.connections();
        let set = |gauge: metrics::Gauge, count| {
            gauge.set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
        };
        set(gauge!("vestibule_db_pool_max_connections"), connections.max);
        set(gauge!("vestibule_db_pool_waiting"), connections.waiting);
        let state = |state| gauge!("vestibule_db_pool_connections", "state" => state);
        set(state("in_use"), connections.in_use);
        set(state("idle"), connections.idle);
    }

    /// With a database that does not answer the last counts stay,
    /// and the rest is exported all the same.
    async fn report_counts(&self) {
        let mut counted = self.counted.lock().await;
        if counted.is_some_and(|at| at.elapsed() < COUNT_INTERVAL) {
            return;
        }
        *counted = Some(Instant::now());
        if let Err(error) = self.auth.report_counts().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "nothing could be counted"
            );
        }
    }
}

/// `GET /metrics`.
pub fn router(watched: Arc<Watched>) -> Router {
    let render = async |State(watched): State<Arc<Watched>>| {
        let kind = [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )];
        (kind, watched.render().await)
    };
    Router::new()
        .route("/metrics", get(render))
        .with_state(watched)
}

/// Counts and measures requests, by the template of their route and never by their path.
pub async fn measure_requests(request: Request, next: Next) -> Response {
    let method = known_method(request.method()).unwrap_or("OTHER");
    let route = request
        .extensions()
        .get::<axum::extract::MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |route| route.as_str().to_owned());
    let _in_flight = InFlight::begin();
    let started = Instant::now();
    let response = next.run(request).await;
    histogram!("vestibule_http_request_duration_seconds", "method" => method, "route" => route.clone())
        .record(started.elapsed());
    let status = response.status().as_str().to_owned();
    counter!("vestibule_http_requests_total", "method" => method, "route" => route, "status" => status)
        .increment(1);
    response
}

/// Also where the client goes away and the handler is dropped.
struct InFlight;

impl InFlight {
    fn begin() -> Self {
        gauge!("vestibule_http_requests_in_flight").increment(1.0);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!("vestibule_http_requests_in_flight").decrement(1.0);
    }
}

/// The method, unless it is made up, which anybody can do.
pub fn known_method(method: &Method) -> Option<&'static str> {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str())
}

// What each metric means, one a line.

const COUNTERS: &str = "\
vestibule_http_requests_total Requests that were answered, by route and status.
vestibule_security_events_total Events of the audit log, by event, result and reason.
vestibule_audit_rows_total Rows that were written to the audit log; one stands for many refusals.
vestibule_db_errors_total Round trips to the database that failed, by kind.
vestibule_cache_requests_total Look-ups in a cache, by result.
vestibule_redis_errors_total Calls of Redis that failed or were late.
vestibule_rate_limit_decisions_total What a rate limit decided.
vestibule_hash_rejected_total Passwords that found the queue full.
vestibule_strength_rejected_total New passwords that found the queue for estimates full.
vestibule_mails_total Attempts to send a mail, by kind and result.
vestibule_audit_events_lost_total Events that were not written.";

const GAUGES: &str = "\
vestibule_http_requests_in_flight Requests that are being answered.
vestibule_db_pool_connections Connections to the database, by state.
vestibule_db_pool_max_connections Connections to the database there may be.
vestibule_db_pool_waiting Callers that wait for a connection.
vestibule_redis_up 1 if the last call of Redis was answered.
vestibule_hash_queue_depth Passwords that wait for a hash thread.
vestibule_strength_queue_depth New passwords that wait for an estimate of their strength.
vestibule_mail_queue_depth Mails that are neither sent nor given up.
vestibule_mail_oldest_seconds Age of the oldest mail that waits.
vestibule_users Accounts.
vestibule_users_verified Accounts whose address is confirmed.
vestibule_sessions_active Sessions that are neither ended nor expired.
vestibule_signing_key_age_seconds Since when the key signs that signs tokens.
vestibule_audit_events_waiting Events that wait to be written.
vestibule_build_info The version, and the kind of database.";

const HISTOGRAMS: &str = "\
vestibule_http_request_duration_seconds Time to an answer, by route.
vestibule_db_query_duration_seconds Time of a round trip to the database, by what it does.
vestibule_hash_wait_seconds Time that a password waited for a hash thread.
vestibule_hash_duration_seconds Time on a hash thread.
vestibule_strength_wait_seconds Time that a new password waited for an estimate.
vestibule_strength_duration_seconds Time of an estimate of a new password.";

fn lines(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    table.lines().filter_map(|line| line.split_once(' '))
}

fn describe() {
    for (name, meaning) in lines(COUNTERS) {
        metrics::describe_counter!(name, meaning);
    }
    for (name, meaning) in lines(GAUGES) {
        metrics::describe_gauge!(name, meaning);
    }
    for (name, meaning) in lines(HISTOGRAMS) {
        metrics::describe_histogram!(name, metrics::Unit::Seconds, meaning);
    }
    Collector::default().describe();
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use regex::Regex;

    use super::{COUNTERS, GAUGES, HISTOGRAMS, lines};

    const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy");

    /// Rules and dashboards, each with its path.
    fn files() -> Vec<(String, String)> {
        let mut files = Vec::new();
        for (folder, ending) in [
            ("prometheus/rules", ".yml"),
            ("grafana/dashboards", ".json"),
        ] {
            for entry in fs::read_dir(format!("{DEPLOY}/{folder}")).unwrap() {
                let path = entry.unwrap().path().display().to_string();
                if path.ends_with(ending) {
                    let text = fs::read_to_string(&path).unwrap();
                    files.push((path, text));
                }
            }
        }
        files
    }

    /// What Prometheus knows the portal's metrics by.
    fn series() -> BTreeSet<String> {
        let single = lines(COUNTERS).chain(lines(GAUGES));
        let mut series: BTreeSet<String> = single.map(|(name, _)| name.to_owned()).collect();
        for (name, _) in lines(HISTOGRAMS) {
            series.extend(["bucket", "sum", "count"].map(|part| format!("{name}_{part}")));
        }
        series
    }

    /// Metrics and recording rules of the portal that are named; groups of rules have names as
    /// well.
    fn names_in(text: &str) -> BTreeSet<String> {
        let text = text.replace("\\n", " ");
        let name = Regex::new("[a-zA-Z_:][a-zA-Z0-9_:]*").unwrap();
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("- name: "));
        let names = lines.flat_map(|line| name.find_iter(line).map(|found| found.as_str()));
        let ours = |name: &&str| name.starts_with("vestibule_") || name.contains(":vestibule_");
        names.filter(ours).map(str::to_owned).collect()
    }

    #[test]
    fn rules_and_dashboards_name_only_what_there_is() {
        let files = files();
        let mut known = series();
        for (_, text) in &files {
            let records = text
                .lines()
                .filter_map(|line| line.trim_start().strip_prefix("- record: "));
            known.extend(records.map(|name| name.trim().to_owned()));
        }
        let unknown = |text: &str| -> Vec<String> {
            let names = names_in(text).into_iter();
            names.filter(|name| !known.contains(name)).collect()
        };
        for (path, text) in &files {
            assert!(
                !names_in(text).is_empty(),
                "{path} names no metric of the portal"
            );
            assert_eq!(unknown(text), [""; 0], "{path}");
        }
        assert!(files.len() > 4, "{files:?}");

        // This is what it would find.
        for name in [
            "vestibule_no_such_total",
            "vestibule_hash_wait_seconds",
            "vestibule_users_bucket",
            "job:vestibule_no_such:rate5m",
        ] {
            let text = format!("{{ \"expr\": \"1 +\\n{name} / vestibule_users\" }}");
            assert_eq!(unknown(&text), [name]);
        }
    }
}
