//! Times for end users. They are in UTC, because no header says where a visitor is; scripts show
//! them in the visitor's own zone.

use leptos::prelude::*;
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, OffsetDateTime, UtcOffset};
use vestibule_i18n::{Texts, t};

/// "5 minutes ago", with the exact time for machines and for who hovers.
#[component]
pub fn When(texts: Texts, at: OffsetDateTime, now: OffsetDateTime) -> impl IntoView {
    view! {
        <time datetime=machine(at) title=exact(texts, at) data-locale=locale(texts)>
            {relative(texts, at, now)}
        </time>
    }
}

/// "24 November 2026, 12:00 UTC".
#[component]
pub fn Moment(texts: Texts, at: OffsetDateTime) -> impl IntoView {
    view! {
        <time datetime=machine(at) data-locale=locale(texts)>
            {exact(texts, at)}
        </time>
    }
}

/// "12:00", where the day stands elsewhere.
#[component]
pub fn Clock(texts: Texts, at: OffsetDateTime) -> impl IntoView {
    view! {
        <time class="clock" datetime=machine(at) data-locale=locale(texts)>
            {clock(at)}
        </time>
    }
}

/// How scripts are to write times that they show in the visitor's own zone.
fn locale(texts: Texts) -> String {
    t!(texts, "when-locale")
}

/// "24 November 2026, 12:00 UTC".
fn exact(texts: Texts, at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    t!(
        texts,
        "when-exact",
        date = date(texts, at.date()),
        time = clock(at)
    )
}

/// "Today", "Yesterday", or "Tuesday, 24 November 2026".
pub fn day(texts: Texts, day: Date, today: Date) -> String {
    if day == today {
        t!(texts, "when-today")
    } else if Some(day) == today.previous_day() {
        t!(texts, "when-yesterday")
    } else {
        t!(
            texts,
            "when-weekday",
            weekday = i64::from(day.weekday().number_from_monday()),
            date = date(texts, day)
        )
    }
}

/// The day that a time is in.
pub fn date_of(at: OffsetDateTime) -> Date {
    at.to_offset(UtcOffset::UTC).date()
}

fn date(texts: Texts, date: Date) -> String {
    t!(
        texts,
        "when-date",
        day = i64::from(date.day()),
        month = i64::from(u8::from(date.month())),
        year = date.year().to_string()
    )
}

fn clock(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// For machines; formatting fails only for years that no clock shows.
fn machine(at: OffsetDateTime) -> Option<String> {
    at.to_offset(UtcOffset::UTC).format(&Rfc3339).ok()
}

fn relative(texts: Texts, at: OffsetDateTime, now: OffsetDateTime) -> String {
    let ago = now - at;
    if ago < Duration::minutes(2) {
        t!(texts, "when-just-now")
    } else if ago < Duration::hours(1) {
        t!(texts, "when-minutes-ago", count = ago.whole_minutes())
    } else if ago < Duration::days(1) {
        t!(texts, "when-hours-ago", count = ago.whole_hours())
    } else if ago < Duration::days(14) {
        t!(texts, "when-days-ago", count = ago.whole_days())
    } else {
        exact(texts, at)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};
    use vestibule_core::model::Language;

    use super::*;

    #[test]
    fn times_read_like_speech_until_they_are_old() {
        let now = datetime!(2026-11-24 12:00 UTC);
        let cases = [
            (Duration::ZERO, "just now", "gerade eben"),
            (Duration::seconds(-30), "just now", "gerade eben"),
            (Duration::seconds(119), "just now", "gerade eben"),
            (Duration::minutes(5), "5 minutes ago", "vor 5 Minuten"),
            (Duration::minutes(119), "1 hour ago", "vor 1 Stunde"),
            (Duration::hours(23), "23 hours ago", "vor 23 Stunden"),
            (Duration::days(1), "1 day ago", "vor 1 Tag"),
            (Duration::days(13), "13 days ago", "vor 13 Tagen"),
            (
                Duration::days(14),
                "10 November 2026, 12:00 UTC",
                "10. November 2026 um 12:00 Uhr UTC",
            ),
        ];
        for (ago, english, german) in cases {
            let text = |language| relative(Texts::of(language), now - ago, now);
            assert_eq!(text(Language::English), english);
            assert_eq!(text(Language::German), german);
        }
    }

    #[test]
    fn a_time_of_another_zone_is_written_in_utc() {
        let at = datetime!(2026-03-01 00:30 +1);
        assert_eq!(
            exact(Texts::of(Language::English), at),
            "28 February 2026, 23:30 UTC"
        );
        assert_eq!(date_of(at), date!(2026 - 02 - 28));
    }

    #[test]
    fn days_have_names_while_they_are_near() {
        let today = date!(2026 - 11 - 24);
        let cases = [
            (today, "Today", "Heute"),
            (date!(2026 - 11 - 23), "Yesterday", "Gestern"),
            (
                date!(2026 - 11 - 22),
                "Sunday, 22 November 2026",
                "Sonntag, 22. November 2026",
            ),
            (
                date!(2026 - 05 - 04),
                "Monday, 4 May 2026",
                "Montag, 4. Mai 2026",
            ),
        ];
        for (date, english, german) in cases {
            assert_eq!(day(Texts::of(Language::English), date, today), english);
            assert_eq!(day(Texts::of(Language::German), date, today), german);
        }
    }
}
