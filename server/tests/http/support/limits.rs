//! The limits as docs/SECURITY.md has them, and how a test sees that one is kept.

use time::Duration;

use super::{Answer, TestApp};

/// A row of the table of limits.
#[derive(Clone, Copy)]
pub struct DocumentedLimit {
    pub burst: usize,
    pub period: Duration,
}

/// The row that begins with these cells.
pub fn documented_limit(what: &str, counted_for: &str) -> DocumentedLimit {
    let document = include_str!("../../../../docs/SECURITY.md");
    let (_, section) = document.split_once("\n## Limits\n").unwrap();
    let cells = |row: &'static str| row.split('|').map(str::trim).collect::<Vec<_>>();
    let mut rows = section.lines().map(cells).filter(|cells| cells.len() == 6);
    let row = rows
        .find(|cells| cells[1].starts_with(what) && cells[2].starts_with(counted_for))
        .unwrap_or_else(|| panic!("no limit on {what} for {counted_for}"));
    let (number, unit) = row[4].split_once(' ').unwrap();
    let unit = match unit {
        "ms" => Duration::MILLISECOND,
        "s" => Duration::SECOND,
        "min" => Duration::MINUTE,
        "h" => Duration::HOUR,
        unit => panic!("what is {unit}?"),
    };
    DocumentedLimit {
        burst: row[3].parse().unwrap(),
        period: unit * number.parse::<i32>().unwrap(),
    }
}

/// So many at once, and then as many as the periods that have passed.
/// A second before the time in `Retry-After` is too early.
pub async fn keeps(app: &TestApp, limit: DocumentedLimit, attempt: impl AsyncFn(usize) -> Answer) {
    for number in 0..limit.burst {
        let answer = attempt(number).await;
        assert_ne!(answer.status, 429, "{number}: {answer:?}");
    }
    let limited = attempt(limit.burst).await.expect(429);
    let wait = limited.retry_after();
    assert_eq!(
        wait,
        u64::try_from(
            limit
                .period
                .whole_milliseconds()
                .unsigned_abs()
                .div_ceil(1000)
        )
        .unwrap()
    );
    app.advance(Duration::seconds(wait.cast_signed() - 1));
    assert_eq!(
        attempt(limit.burst + 1).await.expect(429).retry_after(),
        1,
        "a second less"
    );
    app.advance(Duration::SECOND);
    let passed = Duration::seconds(wait.cast_signed());
    let more = passed.whole_milliseconds() / limit.period.whole_milliseconds();
    for number in 0..usize::try_from(more).unwrap() {
        let answer = attempt(limit.burst + 2 + number).await;
        assert_ne!(answer.status, 429, "{number} after it: {answer:?}");
    }
    attempt(2 * limit.burst + 2).await.expect(429);
}
