//! How long something lasts, in words.

use std::time::Duration;

use crate::{Texts, t};

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// "60 minutes", "24 hours", "14 days": the unit in which people count such a time, as long as it
/// is whole.
pub fn life(texts: Texts, life: Duration) -> String {
    let seconds = life.as_secs();
    if seconds > 3 * DAY && seconds.is_multiple_of(DAY) {
        t!(texts, "life-days", count = seconds / DAY)
    } else if seconds > HOUR && seconds.is_multiple_of(HOUR) {
        t!(texts, "life-hours", count = seconds / HOUR)
    } else {
        t!(texts, "life-minutes", count = seconds.div_ceil(60))
    }
}

#[cfg(test)]
mod tests {
    use vestibule_core::model::Language;

    use super::*;

    #[test]
    fn a_time_is_said_in_the_unit_that_people_count_it_in() {
        let say = |language, minutes| life(Texts::of(language), Duration::from_mins(minutes));
        for (minutes, english, german) in [
            (1, "1 minute", "1 Minute"),
            (10, "10 minutes", "10 Minuten"),
            (60, "60 minutes", "60 Minuten"),
            (90, "90 minutes", "90 Minuten"),
            (24 * 60, "24 hours", "24 Stunden"),
            (72 * 60, "72 hours", "72 Stunden"),
            (100 * 60, "100 hours", "100 Stunden"),
            (14 * 24 * 60, "14 days", "14 Tage"),
        ] {
            assert_eq!(say(Language::English, minutes), english);
            assert_eq!(say(Language::German, minutes), german);
        }
    }
}
