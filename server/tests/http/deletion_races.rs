//! Deletions, undoing them and purging at the same moment

use time::Duration;

use crate::support::{
    PASSWORD, TestApp, address, in_parallel, meta_from, on_every_database, without_limits,
};

on_every_database! {
    of_thirty_deletions_exactly_one_counts with without_limits,
    of_fifty_undos_exactly_one_counts,
    no_session_survives_a_deletion_in_parallel with without_limits,
    undoing_races_the_purge,
    a_sign_in_while_the_account_goes_is_refused with without_limits,
}

async fn of_thirty_deletions_exactly_one_counts(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let other = app.sign_in("ann@example.org").await;
    let answers = in_parallel(30, |number| {
        let who = if number % 2 == 0 { &ann } else { &other };
        let call = app.delete_account(who).from(&address(number));
        async move { call.await }
    })
    .await;
    let (done, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 202);
    assert_eq!((done.len(), refused.len()), (1, 29));
    for answer in refused {
        assert_eq!(answer.status.as_u16(), 401, "{answer:?}");
    }
    gives!(app.read_mails() => ["deletion_scheduled to ann@example.org"]);
}

async fn of_fifty_undos_exactly_one_counts(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let token = app.undo_token(&ann).await;
    let results = in_parallel(50, |number| {
        let (app, token) = (app.clone(), token.clone());
        async move {
            let meta = meta_from(&address(number));
            app.portal.auth.restore_account(&token, &meta).await.is_ok()
        }
    })
    .await;
    assert_eq!(results.iter().filter(|won| **won).count(), 1);
    gives!(app.read_mails() => ["deletion_cancelled to ann@example.org"]);
}

async fn no_session_survives_a_deletion_in_parallel(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let results = in_parallel(40, |number| {
        let (app, ann) = (app.clone(), ann.clone());
        async move {
            match number {
                20 => app.delete_account(&ann).await.status.as_u16(),
                _ if number % 2 == 0 => app.try_sign_in("ann@example.org", PASSWORD).await,
                _ => {
                    let call = app.refresh(&ann.refresh_token).from(&address(number));
                    call.await.status.as_u16()
                }
            }
        }
    })
    .await;
    assert_eq!(results[20], 202, "{results:?}");
    assert_eq!(app.count("sessions where ended_at is null").await, "0");
    assert_eq!(app.count("refresh_tokens where not is_revoked").await, "0");
    gives!(app.read_mails() => ["deletion_scheduled to ann@example.org"]);
}

/// At the last moment either the owner wins or the purge; there is no account by half.
async fn undoing_races_the_purge(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let token = app.undo_token(&ann).await;
    app.advance(Duration::days(14) - Duration::microseconds(1));
    let results = in_parallel(20, |number| {
        let (app, token) = (app.clone(), token.clone());
        async move {
            if number == 5 {
                app.advance(Duration::microseconds(1));
            }
            if number % 2 == 0 {
                u64::from(app.undo(&token).await.is_ok())
            } else {
                10 * app.purge().await
            }
        }
    })
    .await;
    // A purge that another one kept out, or that came too early, is followed by the next.
    let outcome = results.iter().sum::<u64>() + 10 * app.purge().await;
    assert!([1, 10].contains(&outcome), "{results:?}");
    let left = app.count("users").await;
    assert_eq!(left, if outcome == 1 { "1" } else { "0" });
    let signed_in = app.try_sign_in("ann@example.org", PASSWORD).await;
    assert_eq!(signed_in, if outcome == 1 { 200 } else { 401 });
    app.read_mails().await;
}

/// The account is read, and gone when the refusal is written: that is no error to report.
async fn a_sign_in_while_the_account_goes_is_refused(app: TestApp) {
    for number in 0..5 {
        let email = format!("user{number}@example.org");
        let user = app.verified_user(&email).await;
        app.undo_token(&user).await;
        app.advance(Duration::days(14));
        let results = in_parallel(24, |task| {
            let (app, email) = (app.clone(), email.clone());
            async move {
                match task {
                    12 => 400 + u16::try_from(app.purge().await).unwrap(),
                    _ => app.try_sign_in(&email, PASSWORD).await,
                }
            }
        })
        .await;
        assert_eq!(results, [401; 24]);
    }
}
