//! The portal over HTTP, in process: the real router, core and stores on both databases. Only time,
//! chance and the way that mails leave are the test's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that cannot go on panics, and says what it skips"
)]

/// Sends a request, and expects this status, or the problem of this status and code.
macro_rules! expect {
    ($call:expr => $status:expr) => {
        $call.await.expect($status)
    };
    ($call:expr => $status:expr, $code:expr) => {
        $call.await.expect_problem($status, $code)
    };
}

/// Sends a request that breaks the rules of these fields, as `field: code`, and of no others.
macro_rules! invalid {
    ($call:expr => $errors:expr $(, $($message:tt)+)?) => {
        assert_eq!(
            expect!($call => 400, "validation_failed").field_errors(),
            $errors $(, $($message)+)?
        )
    };
}

/// Waits for a value, and compares it.
macro_rules! gives {
    ($value:expr => $expected:expr $(, $($message:tt)+)?) => {
        assert_eq!($value.await, $expected $(, $($message)+)?)
    };
}

/// The page has each of these in it.
macro_rules! shows {
    ($page:expr => $($part:expr),+) => {
        crate::support::assert_has($page, &[$($part),+])
    };
}

/// The page has none of these in it.
macro_rules! hides {
    ($page:expr => $($part:expr),+) => {
        crate::support::assert_has_not($page, &[$($part),+])
    };
}

mod access_tokens;
mod account;
mod account_pages;
mod activity_pages;
mod audit_log;
mod bad_bodies;
mod bad_input;
mod branding;
mod cleanup;
mod client_address;
mod conventions;
mod dead_link_pages;
mod deadlock;
mod deletion;
mod deletion_races;
mod email;
mod email_change;
mod email_change_races;
mod email_change_taken;
mod email_reservation;
mod email_revert;
mod events;
mod export;
mod failures;
mod health;
mod hostile_text;
mod instants;
mod key_rotation;
mod languages;
mod limits;
mod limits_requests;
mod limits_set;
mod login;
mod logout;
mod mailed_links;
mod new_device;
mod oauth;
mod openapi;
mod origins;
mod outbox;
mod pages;
mod password;
mod password_strength;
mod races;
mod reauthentication;
mod refresh;
mod register;
mod replicas;
mod round_trips;
mod same_work;
mod sent_twice;
mod session_cookie;
mod session_pages;
mod sessions;
mod sign_in_timing;
mod support;
mod two_tabs;
mod unavailable;
mod undo_pages;
mod verify_pages;
mod well_known;
mod writers;
