//! Requests that are answered at the same moment: rounds of fifty each, over two replicas on
//! PostgreSQL. What must hold between rows holds after every round, and no answer is a failure
//! of the portal, not even a passing one.

mod rounds;

use std::env;
use std::slice;
use std::sync::LazyLock;

use serde_json::json;
use time::Duration;

use rounds::{CALLS, end_amid, race};

use crate::support::{
    Answer, Call, Mail, PASSWORD, SignedIn, TestApp, in_parallel, on_replicas, without_limits,
};

/// `cargo xtask versions` asks for a hundred of them.
#[expect(
    clippy::disallowed_methods,
    reason = "how much is tested is no setting of the portal"
)]
static ROUNDS: LazyLock<usize> = LazyLock::new(|| {
    let asked = env::var("RACE_ROUNDS").ok();
    asked.map_or(25, |text| text.parse().expect("RACE_ROUNDS is a number"))
});
/// Beyond the time in which a refresh token that was rotated gives the same successor again.
const AFTER_GRACE: Duration = Duration::seconds(31);

on_replicas! { 2;
    refreshes_of_one_token_have_one_successor with without_limits,
    a_stolen_token_among_refreshes_ends_its_family with without_limits,
    one_of_all_uses_of_a_reset_link_succeeds with without_limits,
    one_of_all_uses_of_a_verification_link_or_code_succeeds with without_limits,
    one_of_all_registrations_of_an_address_succeeds with without_limits,
    nothing_refreshes_after_a_sign_out with without_limits,
    nothing_refreshes_after_its_session_was_revoked with without_limits,
    nothing_refreshes_after_the_end_of_all_sessions with without_limits,
    nothing_else_refreshes_after_a_password_change with without_limits,
    of_a_password_change_and_a_reset_one_sets_the_password with without_limits,
    no_sign_in_outlives_a_reset with without_limits,
    nothing_refreshes_after_a_deletion with without_limits,
}

/// None of the tokens is good for anything, on any replica.
async fn are_dead(app: &TestApp, sessions: &[SignedIn]) {
    let mut tokens: Vec<&str> = sessions
        .iter()
        .map(|it| it.refresh_token.as_str())
        .collect();
    tokens.sort_unstable();
    tokens.dedup();
    for token in tokens {
        for _replica in 0..2 {
            expect!(app.refresh(token) => 401, "invalid_refresh_token");
        }
    }
}

fn email_of_round(round: usize) -> String {
    format!("user{round}@example.org")
}

/// An account for each round, with its welcome mail.
async fn accounts(app: &TestApp) -> Vec<(SignedIn, Mail)> {
    let users = in_parallel(*ROUNDS, |round| {
        let call = app.registration(&email_of_round(round), PASSWORD);
        async move { SignedIn::from_body(&call.await.expect(201).json()) }
    })
    .await;
    with_mails(app, users).await
}

/// Everybody's next mail.
async fn with_mails(app: &TestApp, users: Vec<SignedIn>) -> Vec<(SignedIn, Mail)> {
    app.deliver_mails().await;
    let mut with_mails = Vec::with_capacity(users.len());
    for user in users {
        let mail = app.mail_to(&user.email).await;
        with_mails.push((user, mail));
    }
    with_mails
}

/// An account for each round, with a reset link.
async fn accounts_with_reset_links(app: &TestApp) -> Vec<(SignedIn, String)> {
    let users: Vec<SignedIn> = accounts(app).await.into_iter().map(|it| it.0).collect();
    in_parallel(*ROUNDS, |round| {
        let call = app.forgot(&email_of_round(round));
        async move { call.await.expect(200) }
    })
    .await;
    let with_mails = with_mails(app, users).await;
    with_mails
        .into_iter()
        .map(|(user, mail)| (user, mail.token.unwrap()))
        .collect()
}

async fn live_sessions_of(app: &TestApp, who: &SignedIn) -> String {
    let id = app.id_in_sql(who.id);
    app.count(&format!(
        "sessions where ended_at is null and user_id = {id}"
    ))
    .await
}

/// Reads the mails of all rounds: one each, of this kind.
async fn each_round_sent_a_mail(app: &TestApp, kind: &str) {
    let mails = app.read_mails().await;
    assert_eq!(mails.len(), *ROUNDS);
    assert!(
        mails
            .iter()
            .all(|mail| mail.starts_with(&format!("{kind} to "))),
        "{mails:?}"
    );
}

/// Refreshes of the phone's session amid which the call of the round ends it: none of its tokens
/// is good for anything afterwards. Gives the answer of that call.
async fn refreshes_end_by(
    app: &TestApp,
    round: usize,
    phone: &SignedIn,
    end: impl Fn() -> Call,
) -> Answer {
    let refresh = |_| app.refresh(&phone.refresh_token);
    let (end, mut sessions) = end_amid(app, round % CALLS, end, refresh).await;
    sessions.push(phone.clone());
    are_dead(app, &sessions).await;
    end
}

/// In every other round all fifty answers get lost, and the
/// clients come back with what they have after a while.
async fn refreshes_of_one_token_have_one_successor(app: TestApp) {
    let mut token = app.user("ann@example.org").await.refresh_token;
    for round in 0..*ROUNDS {
        let answers = race(&app, |_| app.refresh(&token)).await;
        let successor =
            |answer: Answer| SignedIn::from_body(&answer.expect(200).json()).refresh_token;
        let mut successors: Vec<String> = answers.into_iter().map(successor).collect();
        successors.dedup();
        assert_eq!(successors.len(), 1, "round {round}");
        if round % 2 == 1 {
            token = successors.remove(0);
        }
        app.advance(AFTER_GRACE);
    }
    assert_eq!(app.count("refresh_tokens where not is_revoked").await, "1");
    app.refreshed(&token).await;
}

/// Of the family nothing is left, whichever was faster; the owner is notified once.
async fn a_stolen_token_among_refreshes_ends_its_family(app: TestApp) {
    app.user("ann@example.org").await;
    for round in 0..*ROUNDS {
        let stolen = app.sign_in("ann@example.org").await;
        let used = app.refreshed(&stolen.refresh_token).await.refresh_token;
        let current = app.refreshed(&used).await.refresh_token;
        let (end, sessions) = end_amid(
            &app,
            round % CALLS,
            || app.refresh(&stolen.refresh_token),
            |_| app.refresh(&current),
        )
        .await;
        end.expect_problem(401, "refresh_token_reused");
        are_dead(&app, &sessions).await;
        expect!(app.refresh(&current) => 401, "invalid_refresh_token");
    }
    gives!(app.count("audit_logs where event_type = 'refresh_token_reused'") => ROUNDS.to_string());
    each_round_sent_a_mail(&app, "session_ended").await;
}

async fn one_of_all_uses_of_a_reset_link_succeeds(app: TestApp) {
    for (user, token) in accounts_with_reset_links(&app).await {
        let new_password = |number: usize| format!("kq7 Vn2x Wp9 {number}");
        let answers = race(&app, |number| app.reset(&token, &new_password(number))).await;
        let won: Vec<usize> = (0..CALLS)
            .filter(|number| answers[*number].status == 200)
            .collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        for answer in answers {
            if answer.status != 200 {
                answer.expect_problem(400, "invalid_token");
            }
        }
        gives!(app.try_sign_in(&user.email, &new_password(won[0])) => 200);
        are_dead(&app, &[user]).await;
    }
    each_round_sent_a_mail(&app, "password_changed").await;
}

async fn one_of_all_uses_of_a_verification_link_or_code_succeeds(app: TestApp) {
    for (round, (user, mail)) in accounts(&app).await.into_iter().enumerate() {
        let by_link = json!({ "token": mail.token });
        let by_code = json!({ "email": user.email, "code": mail.code });
        let answers = race(&app, |number| {
            let is_link = match round % 3 {
                0 => true,
                1 => false,
                _ => number % 4 < 2,
            };
            app.post("/email/verify")
                .json(if is_link { &by_link } else { &by_code })
        })
        .await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|it| it.status == 200);
        assert_eq!(won.len(), 1, "{won:?}");
        for answer in lost {
            answer.expect_problem(400, "invalid_token");
        }
    }
    gives!(app.count("users where is_email_verified") => ROUNDS.to_string());
}

async fn one_of_all_registrations_of_an_address_succeeds(app: TestApp) {
    for round in 0..*ROUNDS {
        let email = email_of_round(round);
        let spellings = [
            email.clone(),
            email.to_uppercase(),
            format!(" {email}"),
            email.replace("org", "ORG"),
        ];
        let answers = race(&app, |number| {
            app.registration(&spellings[number / 2 % 4], PASSWORD)
        })
        .await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|it| it.status == 201);
        assert_eq!(won.len(), 1, "{won:?}");
        for answer in lost {
            answer.expect_problem(409, "email_taken");
        }
        app.refreshed(&SignedIn::from_body(&won[0].json()).refresh_token)
            .await;
    }
    assert_eq!(app.count("users").await, ROUNDS.to_string());
    each_round_sent_a_mail(&app, "welcome").await;
}

async fn nothing_refreshes_after_a_sign_out(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    for round in 0..*ROUNDS {
        let phone = app.sign_in("ann@example.org").await;
        let end = || app.post("/logout").bearer(&phone.access_token);
        let end = refreshes_end_by(&app, round, &phone, end).await;
        end.expect(204);
    }
    app.refreshed(&ann.refresh_token).await;
}

/// Ended from another device.
async fn nothing_refreshes_after_its_session_was_revoked(app: TestApp) {
    let ann = app.user("ann@example.org").await;
    for round in 0..*ROUNDS {
        let phone = app.sign_in("ann@example.org").await;
        let path = format!("/sessions/{}", app.current_session(&phone).await);
        let end = || app.delete(&path).bearer(&ann.access_token);
        let end = refreshes_end_by(&app, round, &phone, end).await;
        end.expect(204);
    }
    assert_eq!(live_sessions_of(&app, &ann).await, "1");
    app.refreshed(&ann.refresh_token).await;
}

/// In every other round the session that asks for it lives on.
async fn nothing_refreshes_after_the_end_of_all_sessions(app: TestApp) {
    app.user("ann@example.org").await;
    for round in 0..*ROUNDS {
        let keep_current = round % 2 == 1;
        let laptop = app.sign_in("ann@example.org").await;
        let phone = app.sign_in("ann@example.org").await;
        let end_all = || app.sign_out_all(&laptop, keep_current);
        let end = refreshes_end_by(&app, round, &phone, end_all).await;
        end.expect(204);
        let left = live_sessions_of(&app, &laptop).await;
        if keep_current {
            assert_eq!(left, "1");
            app.refreshed(&laptop.refresh_token).await;
        } else {
            assert_eq!(left, "0");
            are_dead(&app, &[laptop]).await;
        }
    }
}

/// The session that changes it gets new tokens, and those alone live on.
async fn nothing_else_refreshes_after_a_password_change(app: TestApp) {
    let mut ann = app.user("ann@example.org").await;
    let password = |round: usize| format!("kq7 Vn2x Wp9 {round}");
    let change = |ann: &SignedIn| app.post("/password/change").bearer(&ann.access_token);
    expect!(app.change_password(&ann, PASSWORD, &password(0)) => 204);
    for round in 0..*ROUNDS {
        let phone = app.sign_in_with(&ann.email, &password(round)).await;
        let body = json!({
            "current_password": password(round),
            "new_password": password(round + 1),
            "new_tokens": true
        });
        let end = || change(&ann).json(&body);
        let end = refreshes_end_by(&app, round, &phone, end).await;
        let new = SignedIn::from_body(&end.expect(200).json());
        are_dead(&app, &[ann]).await;
        ann = app.refreshed(&new.refresh_token).await;
    }
    assert_eq!(app.read_mails().await.len(), *ROUNDS + 1);
}

/// The link is void under a changed password, and the
/// session that would change it has ended after a reset.
async fn of_a_password_change_and_a_reset_one_sets_the_password(app: TestApp) {
    for (round, (user, token)) in accounts_with_reset_links(&app)
        .await
        .into_iter()
        .enumerate()
    {
        let new_password = |number: usize| format!("kq7 Vn2x Wp9 {number}");
        let is_reset = |number: usize| (number + round).is_multiple_of(2);
        let answers = race(&app, |number| {
            let new = new_password(number);
            if is_reset(number) {
                app.reset(&token, &new)
            } else {
                app.change_password(&user, PASSWORD, &new)
            }
        })
        .await;
        let is_done = |number: &usize| answers[*number].status.is_success();
        let won: Vec<usize> = (0..CALLS).filter(is_done).collect();
        assert_eq!(won.len(), 1, "round {round}: {answers:?}");
        let winner = won[0];
        for (number, answer) in answers.into_iter().enumerate() {
            match (number == winner, is_reset(number)) {
                (true, _) => {}
                (false, true) => drop(answer.expect_problem(400, "invalid_token")),
                (false, false) => drop(answer.expect(401)),
            }
        }
        let status = app.try_sign_in(&user.email, &new_password(winner)).await;
        assert_eq!(status, 200, "round {round}");
        assert_eq!(app.try_sign_in(&user.email, PASSWORD).await, 401);
        // The session that changed the password goes on with its access token alone.
        let is_signed_in = app.accepts(&user.access_token).await;
        assert_eq!(is_signed_in, !is_reset(winner), "round {round}");
        are_dead(&app, &[user]).await;
    }
    each_round_sent_a_mail(&app, "password_changed").await;
}

async fn no_sign_in_outlives_a_reset(app: TestApp) {
    for (round, (user, token)) in accounts_with_reset_links(&app)
        .await
        .into_iter()
        .enumerate()
    {
        let new_password = "kq7 Vn2x Wp9 t4R";
        let (end, mut sessions) = end_amid(
            &app,
            round % CALLS,
            || app.reset(&token, new_password),
            |_| app.login(&user.email, PASSWORD),
        )
        .await;
        end.expect(200);
        assert_eq!(live_sessions_of(&app, &user).await, "0");
        sessions.truncate(2);
        sessions.push(user.clone());
        are_dead(&app, &sessions).await;
        assert_eq!(app.try_sign_in(&user.email, PASSWORD).await, 401);
        assert_eq!(app.try_sign_in(&user.email, new_password).await, 200);
    }
    each_round_sent_a_mail(&app, "password_changed").await;
}

async fn nothing_refreshes_after_a_deletion(app: TestApp) {
    for (round, (user, _)) in accounts(&app).await.into_iter().enumerate() {
        let phone = app.sign_in(&user.email).await;
        let delete = || app.delete_account(&user);
        let end = refreshes_end_by(&app, round, &phone, delete).await;
        end.expect(202);
        assert_eq!(live_sessions_of(&app, &user).await, "0");
        are_dead(&app, slice::from_ref(&user)).await;
        assert_eq!(app.try_sign_in(&user.email, PASSWORD).await, 401);
    }
    each_round_sent_a_mail(&app, "deletion_scheduled").await;
}
