//! Times for people.

use leptos::prelude::*;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

const EXACT: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");

/// "5 minutes ago", with the exact time for machines and for who hovers.
#[component]
pub fn When(at: OffsetDateTime, now: OffsetDateTime) -> impl IntoView {
    let exact = exact(at);
    view! { <time datetime=machine(at) title=exact>{relative(at, now)}</time> }
}

/// For machines; formatting fails only for years that no clock shows.
fn machine(at: OffsetDateTime) -> Option<String> {
    at.to_offset(UtcOffset::UTC).format(&Rfc3339).ok()
}

fn exact(at: OffsetDateTime) -> Option<String> {
    at.to_offset(UtcOffset::UTC).format(EXACT).ok()
}

fn relative(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let ago = now - at;
    let count = |number: i64, unit: &str| {
        format!("{number} {unit}{} ago", if number == 1 { "" } else { "s" })
    };
    if ago < Duration::minutes(2) {
        "just now".to_owned()
    } else if ago < Duration::hours(1) {
        count(ago.whole_minutes(), "minute")
    } else if ago < Duration::days(1) {
        count(ago.whole_hours(), "hour")
    } else if ago < Duration::days(14) {
        count(ago.whole_days(), "day")
    } else {
        exact(at).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_read_like_speech_until_they_are_old() {
        let now = datetime!(2026-11-24 12:00 UTC);
        let cases = [
            (Duration::ZERO, "just now"),
            (Duration::seconds(-30), "just now"),
            (Duration::seconds(119), "just now"),
            (Duration::minutes(5), "5 minutes ago"),
            (Duration::minutes(119), "1 hour ago"),
            (Duration::hours(23), "23 hours ago"),
            (Duration::days(13), "13 days ago"),
            (Duration::days(14), "10 November 2026, 12:00 UTC"),
        ];
        for (ago, text) in cases {
            assert_eq!(relative(now - ago, now), text);
        }
    }
}
