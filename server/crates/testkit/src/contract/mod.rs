//! The contracts of the ports: what every adapter must do, whatever it runs on.
//!
//! [`store_contracts!`](crate::store_contracts) lists those of the store; its tests run each on a
//! fresh database. Those of the limiter and of the cache of
//! principals are in [`limiter`] and [`principals`].

pub mod browser_sessions;
pub mod cleanup;
pub mod deletions;
pub mod email_changes;
pub mod limiter;
pub mod links;
pub mod outbox;
pub mod principals;
pub mod records;
pub mod refresh_tokens;
pub mod sessions;
pub mod sign_ins;
pub mod signing_keys;
pub mod users;
pub mod whole;

use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use vestibule_core::AuditEvent;
use vestibule_core::mail::MailKind;
use vestibule_core::model::{Session, SessionKind, User};
use vestibule_core::ports::{Clock, NewSignIn, Random, Reader, Store, Transaction, Writer};

use crate::{FakeClock, SeededRandom, TestDatabase, builders};

/// Calls the macro once with the paths of all contracts, below `vestibule_testkit::contract`.
#[macro_export]
macro_rules! store_contracts {
    ($run:ident) => {
        $run! {
            users::a_user_is_found_by_id_and_by_canonical_address,
            users::a_canonical_address_has_one_live_account,
            users::a_taken_address_leaves_the_transaction_usable,
            users::a_deleted_account_frees_its_address,
            users::parallel_registrations_of_one_address_give_one_account,
            users::a_password_changes_only_over_the_hash_that_was_verified,
            users::the_names_that_are_given_change,
            users::an_address_is_marked_verified,
            users::an_inactive_account_cannot_be_changed,
            sessions::an_expired_or_orphaned_session_has_no_principal,
            sessions::live_sessions_are_listed_last_seen_first,
            sessions::a_session_is_ended_once_and_by_its_user_only,
            sessions::all_sessions_end_or_all_but_one,
            sessions::the_oldest_sessions_end_beyond_a_number,
            sessions::many_are_seen_in_one_statement,
            sessions::a_session_that_is_just_being_ended_is_not_waited_for,
            sign_ins::parallel_sign_ins_do_not_outlive_the_end_of_all_sessions,
            sign_ins::the_end_of_all_sessions_waits_for_a_sign_in_that_is_under_way,
            sign_ins::a_sign_in_is_written_with_all_that_belongs_to_it,
            sign_ins::a_sign_in_that_is_refused_leaves_nothing,
            sign_ins::a_sign_in_that_fails_half_way_leaves_nothing,
            sign_ins::an_account_is_full_at_its_last_session,
            browser_sessions::a_cookie_finds_its_live_session,
            browser_sessions::a_cookie_is_that_of_one_session,
            browser_sessions::an_ended_session_never_comes_back,
            refresh_tokens::the_current_token_is_replaced_by_its_successor,
            refresh_tokens::a_replay_in_grace_gets_the_same_successor,
            refresh_tokens::a_replay_after_the_grace_time_gets_a_fresh_successor,
            refresh_tokens::a_token_older_than_the_predecessor_gets_nothing,
            refresh_tokens::a_family_dies_with_its_life_its_session_and_its_user,
            refresh_tokens::the_grace_time_does_not_extend_the_life,
            refresh_tokens::parallel_rotations_of_one_token_agree_on_one_successor,
            refresh_tokens::parallel_rotations_and_an_end_leave_no_live_family,
            refresh_tokens::a_rotation_and_an_end_do_not_wait_in_a_circle,
            links::a_token_is_consumed_once_and_for_its_purpose,
            links::an_expired_token_is_worthless,
            links::a_new_token_supersedes_the_earlier_one,
            links::parallel_consumers_of_one_token_have_one_winner,
            links::parallel_requests_leave_one_live_token,
            links::wrong_codes_are_counted_up_to_the_limit,
            links::codes_in_a_row_are_counted_until_the_address_is_proved,
            links::parallel_code_entries_never_pass_the_limit,
            links::the_count_of_codes_goes_over_to_a_new_token_for_an_hour,
            links::all_tokens_of_a_user_are_voided,
            links::a_token_of_an_inactive_user_is_worthless,
            links::crossing_operations_do_not_wait_in_a_circle,
            links::a_reset_and_a_change_of_password_do_not_wait_in_a_circle,
            outbox::a_mail_is_claimed_with_its_facts,
            outbox::security_mails_come_before_what_anybody_can_ask_for,
            outbox::a_leased_mail_is_nobody_elses_until_its_lease_runs_out,
            outbox::a_failed_mail_is_due_again_later,
            outbox::a_postponed_mail_counts_no_attempt,
            outbox::a_dead_mail_is_never_claimed,
            outbox::a_lost_lease_marks_nothing,
            outbox::parallel_workers_never_hold_the_same_mail,
            outbox::a_worker_does_not_take_what_another_is_taking,
            email_changes::an_account_moves_to_an_address_that_is_free,
            email_changes::of_parallel_moves_to_one_address_one_wins,
            email_changes::a_reserved_address_is_only_its_accounts,
            email_changes::a_used_token_reserves_nothing,
            email_changes::a_reserved_address_leaves_the_transaction_usable,
            email_changes::an_address_that_is_just_being_left_is_reserved,
            email_changes::an_account_goes_back_under_another_password,
            email_changes::tokens_that_go_back_do_not_supersede_each_other,
            email_changes::a_token_that_goes_back_works_on_a_scheduled_account_only_until_it_is_due,
            deletions::a_scheduled_account_is_inactive_until_it_is_cancelled,
            deletions::a_deletion_can_be_cancelled_until_it_is_due,
            deletions::an_account_that_an_operator_closed_is_not_given_back,
            deletions::everything_of_a_deleted_account_is_gone,
            deletions::only_what_is_due_is_erased,
            deletions::parallel_purges_take_each_account_once,
            deletions::a_claimed_account_is_nobodys_and_its_address_free,
            deletions::what_belongs_to_an_account_goes_in_parts,
            deletions::an_event_about_an_account_that_goes_is_not_left_behind,
            deletions::a_purge_passes_over_an_account_that_is_being_kept,
            cleanup::a_job_is_leased_to_one_at_a_time,
            cleanup::parallel_replicas_get_one_lease,
            cleanup::mailed_tokens_go_by_age,
            cleanup::sessions_go_some_time_after_their_end,
            cleanup::mails_go_once_they_are_done_with,
            cleanup::events_go_by_age_and_refreshes_before_them,
            cleanup::refusals_go_before_other_events,
            cleanup::no_more_than_a_part_goes_at_once_and_the_oldest_first,
            cleanup::accounts_that_never_proved_their_address_are_due_if_nobody_uses_them,
            cleanup::a_sign_in_that_is_under_way_keeps_an_unverified_account,
            records::every_event_is_read_back_in_parts,
            records::an_event_of_nobody_that_is_there_is_refused,
            records::a_filter_shows_exactly_its_events,
            records::a_password_given_again_is_noted_in_its_session,
            records::a_device_is_known_by_its_name_and_where_asked_by_its_user_agent,
            records::a_language_is_kept_and_is_the_mails,
            records::sessions_mails_and_tokens_are_read_back,
            records::a_token_is_found_dead_or_alive,
            records::a_pending_change_is_the_newest_until_it_ends,
            signing_keys::of_parallel_first_signing_keys_one_is_kept,
            signing_keys::of_parallel_next_signing_keys_one_is_kept,
            signing_keys::signing_keys_are_listed_while_published,
            signing_keys::signing_keys_end_when_others_take_their_place,
            signing_keys::keys_of_one_kind_leave_those_of_others_alone,
            whole::an_uncommitted_transaction_leaves_nothing,
            whole::many_events_are_kept_as_each_alone,
            whole::an_event_names_who_did_it,
            whole::events_of_an_account_that_goes_are_nobodys,
            whole::text_of_every_script_comes_back,
            whole::times_come_back_to_the_microsecond,
        }
    };
}

/// What a contract runs on: a store over a fresh, migrated database,
/// and the time and chance of the test.
#[derive(Clone)]
pub struct Contract {
    pub store: Arc<dyn Store>,
    pub database: Arc<TestDatabase>,
    clock: Arc<FakeClock>,
    random: Arc<SeededRandom>,
}

impl Contract {
    pub fn new(store: Arc<dyn Store>, database: Arc<TestDatabase>) -> Self {
        Self {
            store,
            database,
            clock: Arc::default(),
            random: Arc::default(),
        }
    }

    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    fn id(&self) -> Uuid {
        self.random.id(self.now())
    }

    /// One to look by while another transaction may write.
    async fn reader(&self) -> Box<dyn Reader> {
        ok!(self.store.reader())
    }

    /// One that may write. On SQLite there is one at a time.
    async fn writer(&self) -> Box<dyn Writer> {
        ok!(self.store.writer())
    }

    async fn begin(&self) -> Box<dyn Transaction> {
        ok!(self.store.begin())
    }

    /// A user with the mail that welcomes them.
    async fn user(&self, email: &str) -> User {
        let mut tx = self.begin().await;
        let user = ok!(tx.insert_user(&builders::new_user(self.id(), email, self.now())));
        let mail = builders::mail(self.id(), MailKind::Welcome, &user, self.now());
        ok!(tx.enqueue_mail(&mail));
        ok!(tx.commit());
        user
    }

    /// Signs the user in to the API under a password hash;
    /// the user as it is then, and the session that began.
    async fn begin_session(
        &self,
        store: &mut dyn Writer,
        user_id: Uuid,
        verified_hash: &str,
        new_hash: Option<&str>,
    ) -> Option<(User, Session)> {
        let session = builders::session(self.id(), user_id, SessionKind::Api, self.now());
        let token_hash = format!("first of {}", session.id);
        let token = builders::refresh_token(self.id(), &session, &token_hash);
        let event = AuditEvent::LoginSuccess;
        let event = builders::audit(self.id(), Some(user_id), event, self.now());
        let sign_in = NewSignIn {
            verified_hash,
            new_hash,
            refresh_token: Some(&token),
            ..builders::sign_in(&session, &event)
        };
        let user = ok!(store.begin_session(&sign_in))?;
        Some((user, session))
    }

    /// A browser session, under its [`cookie_hash`].
    async fn browser_session(&self, user: &User) -> Session {
        let session = builders::session(self.id(), user.id, SessionKind::Browser, self.now());
        let cookie_hash = cookie_hash(&session);
        let mut store = self.writer().await;
        let inserted = store.insert_session(&session, Some(&cookie_hash));
        ok!(inserted);
        session
    }

    /// An API session and the id of its refresh family, whose first token has the hash.
    async fn api_session(&self, user: &User, token_hash: &str) -> (Session, Uuid) {
        let session = builders::session(self.id(), user.id, SessionKind::Api, self.now());
        let token = builders::refresh_token(self.id(), &session, token_hash);
        let mut tx = self.begin().await;
        ok!(tx.insert_session(&session, None));
        ok!(tx.insert_refresh_token(&token));
        ok!(tx.commit());
        (session, token.id)
    }
}

/// What makes an account unusable, each with what makes it usable again.
const ACCOUNT_GONE: [(&str, &str); 2] = [
    (
        "update users set is_active = false",
        "update users set is_active = true",
    ),
    (
        "update users set deleted_at = created_at",
        "update users set deleted_at = null",
    ),
];

/// The same of a session.
const SESSION_ENDED: (&str, &str) = (
    "update sessions set ended_at = created_at",
    "update sessions set ended_at = null",
);

/// The hash of the cookie that a browser session of these tests has.
fn cookie_hash(session: &Session) -> String {
    format!("cookie of {}", session.id)
}

/// Runs the tasks at once, each in a task of the runtime, and gives what they gave.
async fn in_parallel<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..count)
        .map(|number| tokio::spawn(task(number)))
        .collect();
    let mut results = Vec::with_capacity(count);
    for task in tasks {
        results.push(ok!(task));
    }
    results
}

/// Starts a task and gives it the time to get as far as it can while the caller holds its locks.
async fn meanwhile<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    let task = tokio::spawn(task);
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    task
}
