//! Mails while there is no mail server.

use async_trait::async_trait;
use time::Duration;
use tokio::sync::oneshot;
use vestibule_core::Delivery;
use vestibule_core::mail::OutgoingMail;
use vestibule_core::ports::{MailError, Mailer};
use vestibule_mail::SmtpMailer;
use vestibule_testkit::{SmtpPeer, SmtpScript};

use crate::support::{NEW_PASSWORD, Outage, PASSWORD, TestApp, config, on_every_database};

on_every_database! {
    a_mail_outlives_an_outage_of_hours,
    a_notice_that_waited_for_a_day_is_given_up,
    a_new_mail_about_what_is_long_past_waits_as_well,
    a_server_that_refuses_all_mail_costs_no_try,
    a_refusal_that_is_not_about_the_mail_keeps_it_for_a_day,
    a_mail_that_may_have_arrived_is_sent_once_more_and_no_oftener,
    a_mail_that_was_sent_while_the_database_went_away_is_not_sent_again,
}

/// Nobody listens there.
fn nobody(app: &TestApp) -> SmtpMailer {
    mailer(app, "smtp://127.0.0.1:1")
}

fn mailer(app: &TestApp, url: &str) -> SmtpMailer {
    let settings = config(&app.database).mail.settings;
    SmtpMailer::new(&url.to_owned().into(), settings).unwrap()
}

async fn register(app: &TestApp) {
    expect!(app.registration("ann@example.org", PASSWORD) => 201);
}

async fn try_in_vain(app: &TestApp, mailer: &SmtpMailer) {
    assert_eq!(deliver(app, mailer).await, Delivery::Unreachable);
}

async fn deliver(app: &TestApp, mailer: &dyn Mailer) -> Delivery {
    app.portal.auth.deliver_next_mail(mailer).await.unwrap()
}

/// Leaves a mail that nothing else has to be true of.
async fn change_password(app: &TestApp) {
    let (ann, _) = app.register("ann@example.org").await;
    app.clock.advance(Duration::minutes(1));
    expect!(app.change_password(&ann, PASSWORD, NEW_PASSWORD) => 204);
}

async fn the_notice_is_dead(app: &TestApp) {
    let dead = "mail_outbox where status = 'dead' and kind = 'password_changed'";
    assert_eq!(app.count(dead).await, "1");
    // Every other test ends with all mails sent.
    app.database.execute(&format!("delete from {dead}")).await;
}

async fn a_mail_outlives_an_outage_of_hours(app: TestApp) {
    register(&app).await;
    let nobody = nobody(&app);
    for _ in 0..60 {
        try_in_vain(&app, &nobody).await;
        app.clock.advance(Duration::minutes(3));
    }
    try_in_vain(&app, &nobody).await;
    // The server is back.
    app.clock.advance(Duration::seconds(10));
    let mail = app.mail_to("ann@example.org").await;
    assert!(mail.token.is_some());
}

async fn a_notice_that_waited_for_a_day_is_given_up(app: TestApp) {
    change_password(&app).await;
    let nobody = nobody(&app);
    try_in_vain(&app, &nobody).await;
    app.clock.advance(Duration::hours(24));
    try_in_vain(&app, &nobody).await;
    the_notice_is_dead(&app).await;
}

async fn a_new_mail_about_what_is_long_past_waits_as_well(app: TestApp) {
    let (ann, _) = app.register("ann@example.org").await;
    app.delete_account(&ann).await.expect(202);
    app.read_mails().await;
    app.advance(Duration::days(5));
    app.forgot("ann@example.org").await.expect(200);
    try_in_vain(&app, &nobody(&app)).await;
    app.advance(Duration::seconds(10));
    assert!(app.mail_to("ann@example.org").await.token.is_some());
}

async fn a_server_that_refuses_all_mail_costs_no_try(app: TestApp) {
    register(&app).await;
    let refusal = SmtpScript::Reply {
        at: "AUTH",
        reply: "535 5.7.8 bad credentials",
    };
    let peer = SmtpPeer::start(refusal, "250-AUTH PLAIN LOGIN\r\n").await;
    let url = format!("smtp://ann:not-a-secret@127.0.0.1:{}", peer.port());
    let mailer = mailer(&app, &url);
    for _ in 0..20 {
        assert_eq!(deliver(&app, &mailer).await, Delivery::NotAccepting);
        app.clock.advance(Duration::minutes(3));
    }
    // The password is right again.
    peer.follow(SmtpScript::Accept);
    assert_eq!(deliver(&app, &mailer).await, Delivery::Done);
    peer.seen(|seen| assert_eq!(seen.messages.len(), 1));
}

async fn a_refusal_that_is_not_about_the_mail_keeps_it_for_a_day(app: TestApp) {
    change_password(&app).await;
    let refusal = SmtpScript::Reply {
        at: "RCPT",
        reply: "504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname",
    };
    let peer = SmtpPeer::start(refusal, "").await;
    let mailer = mailer(&app, &format!("smtp://127.0.0.1:{}", peer.port()));
    let tries = || {
        peer.seen(|seen| {
            seen.commands
                .iter()
                .filter(|it| it.starts_with("RCPT"))
                .count()
        })
    };
    for _ in 0..23 * 12 {
        deliver(&app, &mailer).await;
        app.clock.advance(Duration::minutes(5));
    }
    // Rarer and rarer, as far as every quarter of an hour.
    assert!((60..180).contains(&tries()), "{}", tries());
    peer.follow(SmtpScript::Accept);
    app.clock.advance(Duration::minutes(20));
    assert_eq!(deliver(&app, &mailer).await, Delivery::Done);
    peer.seen(|seen| assert_eq!(seen.messages.len(), 1));
}

async fn a_mail_that_may_have_arrived_is_sent_once_more_and_no_oftener(app: TestApp) {
    change_password(&app).await;
    let peer = SmtpPeer::start(SmtpScript::Drop { at: "." }, "").await;
    let mailer = mailer(&app, &format!("smtp://127.0.0.1:{}", peer.port()));
    for expected in [Delivery::Done, Delivery::Done, Delivery::NoneDue] {
        assert_eq!(deliver(&app, &mailer).await, expected);
        app.clock.advance(Duration::minutes(3));
    }
    peer.seen(|seen| assert_eq!(seen.messages.len(), 2));
    the_notice_is_dead(&app).await;
}

/// The database goes away while it sends, and comes back some seconds later.
struct SendsIntoAnOutage {
    app: TestApp,
    mailer: SmtpMailer,
}

#[async_trait]
impl Mailer for SendsIntoAnOutage {
    async fn send(&self, mail: &OutgoingMail) -> Result<(), MailError> {
        let sent = self.mailer.send(mail).await;
        let (app, (begun, has_begun)) = (self.app.clone(), oneshot::channel());
        tokio::spawn(async move {
            let outage = Outage::begin(&app).await;
            let _ = begun.send(());
            tokio::time::sleep(std::time::Duration::from_secs(4)).await;
            outage.end().await;
        });
        let _ = has_begun.await;
        sent
    }
}

async fn a_mail_that_was_sent_while_the_database_went_away_is_not_sent_again(app: TestApp) {
    register(&app).await;
    let peer = SmtpPeer::start(SmtpScript::Accept, "").await;
    let mailer = mailer(&app, &format!("smtp://127.0.0.1:{}", peer.port()));
    let mailer = SendsIntoAnOutage {
        app: app.clone(),
        mailer,
    };
    assert_eq!(deliver(&app, &mailer).await, Delivery::Done);
    app.clock.advance(Duration::minutes(3));
    assert_eq!(deliver(&app, &mailer).await, Delivery::NoneDue);
    peer.seen(|seen| assert_eq!(seen.messages.len(), 1));
}
