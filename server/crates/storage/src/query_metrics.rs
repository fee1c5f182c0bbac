//! How long statements take and how they fail, by a name that says what they do:
//! in metrics, and in the trace of who asked.

use std::time::Instant;

use metrics::{counter, histogram};
use tracing::Span;
use tracing::field::Empty;
use vestibule_core::{TRACE_TARGET, fail_span};

use crate::backend::Backend;
use crate::error::{is_conflict, is_lost};

/// Measures one round trip from its start.
pub(crate) struct RoundTrip {
    summary: String,
    started: Instant,
    span: Span,
}

impl RoundTrip {
    pub fn begin<DB: Backend>(sql: &'static str) -> Self {
        let summary = summary(sql);
        let span = tracing::debug_span!(
            target: TRACE_TARGET,
            "statement",
            otel.name = summary,
            otel.kind = "client",
            otel.status_code = Empty,
            db.system.name = DB::SYSTEM_NAME,
            db.query.summary = summary,
            error.type = Empty,
        );
        Self {
            summary,
            started: Instant::now(),
            span,
        }
    }

    /// Records how it ended; `None` is no answer in time.
    pub fn end<DB: Backend, T>(self, answer: Option<&sqlx::Result<T>>) {
        let duration = self.started.elapsed();
        let failure = match answer {
            Some(Ok(_)) => None,
            None => Some("timeout"),
            Some(Err(error)) if is_lost::<DB>(error) => Some("lost"),
            Some(Err(error)) if is_conflict::<DB>(error) => Some("conflict"),
            Some(Err(_)) => Some("other"),
        };
        histogram!("vestibule_db_query_duration_seconds", "query" => self.summary).record(duration);
        if let Some(kind) = failure {
            note_failure(kind);
            fail_span(&self.span, kind);
        }
    }
}

/// Counts what the database did not do.
pub(crate) fn note_failure(kind: &'static str) {
    counter!("vestibule_db_errors_total", "kind" => kind).increment(1);
}

/// What a statement does to which table, as OpenTelemetry's `db.query.summary`: `insert users`.
/// What is written comes before what is read.
fn summary(sql: &str) -> String {
    let words: Vec<&str> = sql
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let written = words.windows(3).find_map(|three| match three {
        ["insert", "into", table] => Some(format!("insert {table}")),
        ["delete", "from", table] => Some(format!("delete {table}")),
        ["update", table, "set"] => Some(format!("update {table}")),
        _ => None,
    });
    let read = || {
        let from = words.iter().position(|word| *word == "from")?;
        Some(format!("select {}", words.get(from + 1)?))
    };
    written
        .or_else(read)
        .or_else(|| words.first().map(|word| (*word).to_owned()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_named_by_what_it_does() {
        for (sql, name) in [
            ("select id from users where id = $1", "select users"),
            (
                "\ninsert into users (id) values ($1) on conflict do update set id = $1",
                "insert users",
            ),
            (
                "with r as (select id from sessions) update refresh_tokens set id = $1",
                "update refresh_tokens",
            ),
            (
                "delete from sessions where id in (select id from sessions)",
                "delete sessions",
            ),
            ("select 1", "select"),
            ("begin immediate", "begin"),
            ("commit", "commit"),
        ] {
            assert_eq!(summary(sql), name, "{sql}");
        }
    }
}
