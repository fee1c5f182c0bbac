use std::time::Duration;

use vestibule_core::Lifetimes;

use super::Reader;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

pub(super) fn read(reader: &mut Reader<'_>) -> Lifetimes {
    let mut life =
        |key, unit, least, most| Duration::from_secs(unit * reader.number::<u64>(key, least, most));
    let lifetimes = Lifetimes {
        transient_session: life("sessions.transient_hours", HOUR, 1, 168),
        persistent_session: life("sessions.persistent_days", DAY, 1, 90),
        reauthentication: life("sessions.reauthentication_minutes", MINUTE, 1, 60),
        access_token: life("tokens.access_minutes", MINUTE, 1, 60),
        refresh_token: life("tokens.refresh_days", DAY, 1, 30),
        reset_link: life("links.reset_minutes", MINUTE, 10, 1440),
        verify_link: life("links.verify_hours", HOUR, 1, 168),
        verify_code: life("links.code_minutes", MINUTE, 2, 10),
        change_email_link: life("links.change_email_hours", HOUR, 1, 168),
        revert_email_link: life("links.revert_email_hours", HOUR, 24, 720),
        deletion_delay: life("links.restore_account_days", DAY, 1, 30),
    };
    if lifetimes.refresh_token > lifetimes.persistent_session {
        reader.refuse(
            "tokens.refresh_days",
            "must be at most sessions.persistent_days: with the session its refresh token ends",
        );
    }
    lifetimes
}

#[cfg(test)]
mod tests {
    use vestibule_core::{MAX_ACCESS_TOKEN_LIFE, MAX_LINK_LIFE, MAX_REFRESH_LIFE};

    use super::*;

    /// What is kept of keys and links is counted from the longest life of what depends on them.
    #[test]
    fn no_life_can_be_set_beyond_what_is_kept() {
        assert_eq!(MAX_ACCESS_TOKEN_LIFE.as_secs(), 60 * MINUTE);
        assert_eq!(MAX_REFRESH_LIFE.as_secs(), 30 * DAY);
        assert_eq!(MAX_LINK_LIFE.as_secs(), 720 * HOUR);
        assert_eq!(MAX_LINK_LIFE.as_secs(), 30 * DAY);
    }
}
