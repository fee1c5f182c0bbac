//! `[sessions]` and `[links]`, and how long tokens live.

use std::time::Duration;

use vestibule_core::Lifetimes;
use vestibule_core::model::Purpose;

use super::reader::Reader;
use super::setting::{Key, settings};
use super::tokens;

settings! {
    /// How long a session of an API client, or of a browser that was asked to stay signed in, lives
    /// from the sign-in, whatever happens in it. NIST SP 800-63B asks for at most 30.
    PERSISTENT_DAYS: u64 =
        "sessions.persistent_days", "VESTIBULE_SESSION_DAYS", "30", in 1..=90;
    /// The same of every other session.
    TRANSIENT_HOURS: u64 =
        "sessions.transient_hours", "VESTIBULE_SESSION_HOURS", "24", in 1..=168;
    /// How long after the password was given what is sensitive does without it.
    REAUTHENTICATION_MINUTES: u64 =
        "sessions.reauthentication_minutes", "VESTIBULE_REAUTHENTICATION_MINUTES", "10", in 1..=60;
    /// How long a link that sets a new password works. Mails and pages say it, as of all links.
    RESET_MINUTES: u64 =
        "links.reset_minutes", "VESTIBULE_RESET_LINK_MINUTES", "60", in 10..=1440;
    /// How long a link that confirms an address works.
    VERIFY_HOURS: u64 = "links.verify_hours", "VESTIBULE_VERIFY_LINK_HOURS", "24", in 1..=168;
    /// How long the six digits in the same mail work, as ASVS 6.5.5 has it.
    CODE_MINUTES: u64 = "links.code_minutes", "VESTIBULE_CODE_MINUTES", "10", in 2..=10;
    /// How long a link that confirms a new address works.
    CHANGE_EMAIL_HOURS: u64 =
        "links.change_email_hours", "VESTIBULE_CHANGE_EMAIL_LINK_HOURS", "24", in 1..=168;
    /// How long the undo link of a change of address works. So long nobody else can register the
    /// former address.
    REVERT_EMAIL_HOURS: u64 =
        "links.revert_email_hours", "VESTIBULE_REVERT_EMAIL_LINK_HOURS", "72", in 24..=720;
    /// Days between the request and the deletion of an account; so long its link undoes it.
    RESTORE_ACCOUNT_DAYS: u64 =
        "links.restore_account_days", "VESTIBULE_DELETION_DELAY_DAYS", "14", in 1..=30;
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What sets the life of each mailed link, and in which unit.
const LINKS: [(Purpose, Key<u64>, u64); 5] = [
    (Purpose::ResetPassword, RESET_MINUTES, MINUTE),
    (Purpose::VerifyEmail, VERIFY_HOURS, HOUR),
    (Purpose::ChangeEmail, CHANGE_EMAIL_HOURS, HOUR),
    (Purpose::RevertEmail, REVERT_EMAIL_HOURS, HOUR),
    (Purpose::RestoreAccount, RESTORE_ACCOUNT_DAYS, DAY),
];

pub(super) fn read(reader: &mut Reader<'_>) -> Lifetimes {
    let mut life = |key: Key<u64>, unit| Duration::from_secs(unit * reader.get(key));
    let mut lifetimes = Lifetimes {
        transient_session: life(TRANSIENT_HOURS, HOUR),
        persistent_session: life(PERSISTENT_DAYS, DAY),
        reauthentication: life(REAUTHENTICATION_MINUTES, MINUTE),
        access_token: life(tokens::ACCESS_MINUTES, MINUTE),
        refresh_token: life(tokens::REFRESH_DAYS, DAY),
        verify_code: life(CODE_MINUTES, MINUTE),
        ..Lifetimes::default()
    };
    for (purpose, key, unit) in LINKS {
        lifetimes = lifetimes.with_link(purpose, life(key, unit));
    }
    if lifetimes.refresh_token > lifetimes.persistent_session {
        reader.refuse(
            tokens::REFRESH_DAYS,
            "must be at most sessions.persistent_days: with the session its refresh token ends",
        );
    }
    lifetimes
}

#[cfg(test)]
mod tests {
    use vestibule_core::{MAX_ACCESS_TOKEN_LIFE, MAX_LINK_LIFE, MAX_REFRESH_LIFE};

    use super::*;
    use crate::config::setting::Range;

    /// What is kept of keys and links is counted from the longest life of what depends on them.
    #[test]
    fn no_life_can_be_set_beyond_what_is_kept() {
        let links = LINKS.map(|(_, key, unit)| (key, unit, MAX_LINK_LIFE));
        let others = [
            (tokens::ACCESS_MINUTES, MINUTE, MAX_ACCESS_TOKEN_LIFE),
            (tokens::REFRESH_DAYS, DAY, MAX_REFRESH_LIFE),
            (CODE_MINUTES, MINUTE, MAX_LINK_LIFE),
        ];
        for (key, unit, longest) in links.into_iter().chain(others) {
            let Range::Numbers(_, most) = key.setting.range else {
                panic!("{} has no range", key.setting.key);
            };
            assert!(unit * most <= longest.as_secs(), "{}", key.setting.key);
        }
    }

    #[test]
    fn a_link_lives_as_the_core_has_it_where_nothing_is_set() {
        for purpose in Purpose::ALL {
            assert!(purpose.default_life() <= MAX_LINK_LIFE, "{purpose}");
        }
        for (purpose, key, unit) in LINKS {
            let default: u64 = key.setting.default.unwrap().parse().unwrap();
            assert_eq!(
                purpose.default_life().as_secs(),
                unit * default,
                "{purpose}"
            );
        }
    }
}
