//! Changes of address at the same moment

use std::time::Duration;

use sqlx::{Connection as _, Executor as _, PgConnection};
use vestibule_core::mail::MailKind;

use crate::support::{PASSWORD, TestApp, address, in_parallel, on_every_database, without_limits};

on_every_database! {
    a_confirmation_races_a_registration,
    leaving_an_address_races_its_registration with without_limits,
    of_fifty_uses_of_one_link_back_exactly_one_succeeds with without_limits,
    taking_back_races_the_thief with without_limits,
    no_reset_link_outlives_the_address_it_was_mailed_to with without_limits,
    an_account_that_is_just_moving_gets_no_reset_link,
}

/// Live reset links that were mailed to an address that is no longer the account's.
const OUTLIVED: &str = "password_reset_tokens t join users u on u.id = t.user_id join mail_outbox m on m.token_id = t.id \
    where not t.is_used and m.recipient <> u.email";

async fn a_confirmation_races_a_registration(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let token = app.change_token(&ann, "wanted@example.org").await;
    let answers = in_parallel(20, |number| {
        let call = if number == 0 {
            app.verify(&token)
        } else {
            app.registration("wanted@example.org", PASSWORD)
        };
        let call = call.from(&address(number));
        async move { call.await }
    })
    .await;
    let winners = answers
        .iter()
        .filter(|answer| answer.status.is_success())
        .count();
    assert_eq!(winners, 1);
    for answer in answers {
        if !answer.status.is_success() {
            answer.expect_problem(409, "email_taken");
        }
    }
    gives!(app.count("users where email_canonical = 'wanted@example.org'") => "1");
    app.read_mails().await;
}

async fn leaving_an_address_races_its_registration(app: TestApp) {
    for round in 0..5 {
        let (old, new) = (
            format!("ann{round}@example.org"),
            format!("new{round}@example.org"),
        );
        let ann = app.verified_user(&old).await;
        let token = app.change_token(&ann, &new).await;
        let answers = in_parallel(20, |number| {
            let call = if number == 10 {
                app.verify(&token)
            } else {
                app.registration(&old, PASSWORD)
            };
            let call = call.from(&address(number));
            async move { call.await }
        })
        .await;
        for (number, answer) in answers.into_iter().enumerate() {
            if number == 10 {
                answer.expect(200);
            } else {
                answer.expect_problem(409, "email_taken");
            }
        }
        app.mail_about(MailKind::EmailChanged, &old).await;
    }
}

async fn of_fifty_uses_of_one_link_back_exactly_one_succeeds(app: TestApp) {
    let (_, _, token) = app.stolen().await;
    let results = in_parallel(50, |_| {
        let (app, token) = (app.clone(), token.clone());
        async move { app.take_back(&token).await }
    })
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 49));
    assert!(lost.iter().all(|result| *result == Err("invalid_token")));
    assert_eq!(
        app.read_mails().await,
        [
            "email_reverted to ann@example.org",
            "email_taken_back to thief@example.org"
        ]
    );
}

/// Whatever the thief does at the same moment, the account
/// ends up with Ann and no session of the thief's is left.
async fn taking_back_races_the_thief(app: TestApp) {
    let (_, thief, token) = app.stolen().await;
    let pending = app.change_token(&thief, "hideout@example.org").await;
    let tokens = in_parallel(24, |number| {
        let (app, token, pending, thief) =
            (app.clone(), token.clone(), pending.clone(), thief.clone());
        async move {
            match number % 4 {
                0 => app.take_back(&token).await.is_ok(),
                1 => app.verify(&pending).await.status == 200,
                2 => app.try_sign_in("thief@example.org", PASSWORD).await == 200,
                _ => {
                    let call = app.refresh(&thief.refresh_token).from(&address(number));
                    call.await.status == 200
                }
            }
        }
    })
    .await;
    let reverts = tokens.iter().step_by(4).filter(|won| **won).count();
    assert_eq!(reverts, 1);
    assert_eq!(app.count("sessions where ended_at is null").await, "0");
    let moved_on = tokens.iter().skip(1).step_by(4).any(|won| *won);
    app.anns_again(if moved_on {
        "hideout@example.org"
    } else {
        "thief@example.org"
    })
    .await;
    app.read_mails().await;
}

async fn no_reset_link_outlives_the_address_it_was_mailed_to(app: TestApp) {
    let ann = app.verified_user("ann0@example.org").await;
    for round in 0..8 {
        let old = format!("ann{round}@example.org");
        let token = app
            .change_token(&ann, &format!("ann{}@example.org", round + 1))
            .await;
        in_parallel(16, |number| {
            let call = if number == 8 {
                app.verify(&token)
            } else {
                app.forgot(&old)
            };
            let call = call.from(&address(number));
            async move { call.await.expect(200) }
        })
        .await;
        assert_eq!(app.count(OUTLIVED).await, "0", "round {round}");
        app.read_mails().await;
    }
}

/// The move has made the mailed tokens worthless and is not done when the link is asked for: the
/// one moment in which a token could come about that the move does not see.
/// SQLite has one writer, and so no such moment.
async fn an_account_that_is_just_moving_gets_no_reset_link(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let token = app.change_token(&ann, "new@example.org").await;
    let mut outbox = HeldOutbox::of(&app).await;
    let moving = app.verify(&token);
    let moving = tokio::spawn(moving.into_future());
    outbox.has_waiting(1).await;
    let asking = app.forgot("ann@example.org");
    let asking = tokio::spawn(asking.into_future());
    outbox.has_waiting(2).await;
    outbox.let_go().await;
    moving.await.unwrap().expect(200);
    asking.await.unwrap().expect(200);
    assert_eq!(app.email_of(&ann).await, "new@example.org");
    assert_eq!(app.count(OUTLIVED).await, "0");
    let mails = app.read_mails().await;
    assert!(mails.contains(&"email_changed to ann@example.org".to_owned()));
    if app.database.is_postgres() {
        assert_eq!(mails.len(), 1, "{mails:?}");
    }
}

/// Keeps everybody from writing mails, which an operation does last, on PostgreSQL.
struct HeldOutbox(Option<PgConnection>);

impl HeldOutbox {
    async fn of(app: &TestApp) -> Self {
        if !app.database.is_postgres() {
            return Self(None);
        }
        let mut holder = PgConnection::connect(app.database.url()).await.unwrap();
        for sql in ["begin", "lock table mail_outbox in share mode"] {
            holder.execute(sql).await.unwrap();
        }
        Self(Some(holder))
    }

    /// Waits until so many others wait for a lock.
    async fn has_waiting(&mut self, count: i64) {
        let Some(holder) = &mut self.0 else { return };
        let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        let enough = async {
            // Within a transaction the view stands still unless it is set not to.
            while sqlx::query_scalar::<_, i64>(waiting)
                .fetch_one(&mut *holder)
                .await
                .unwrap()
                < count
            {
                holder
                    .execute("select pg_stat_clear_snapshot()")
                    .await
                    .unwrap();
                tokio::task::yield_now().await;
            }
        };
        let limit = Duration::from_secs(2);
        tokio::time::timeout(limit, enough)
            .await
            .expect("a request waits");
    }

    async fn let_go(self) {
        if let Some(mut holder) = self.0 {
            holder.execute("rollback").await.unwrap();
        }
    }
}
