//! The mail about a sign-in from a device that the account does not know, for API clients

use serde_json::{Value, json};
use time::Duration;
use vestibule_core::mail::MailKind;

use crate::support::{PASSWORD, TestApp, assert_has, on_every_database, privately};

on_every_database! {
    a_new_user_agent_is_notified_once,
    a_new_device_name_is_notified_once,
    another_version_of_a_program_is_no_new_device,
    new_devices_do_not_flood_a_mailbox,
    the_first_sign_in_of_an_account_sends_no_mail with privately,
    a_device_of_another_account_is_new,
    a_device_stays_known_after_its_session_has_ended,
    a_wrong_password_notifies_nobody,
    the_mail_says_where_it_came_from,
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

async fn sign_in(app: &TestApp, email: &str, agent: &str, device_name: Option<&str>) -> Value {
    let body = json!({ "email": email, "password": PASSWORD, "device_name": device_name });
    expect!(app.post("/login").json(&body).header("user-agent", agent) => 200).json()
}

const NOTIFIED: [&str; 1] = ["new_device to ann@example.org"];

/// Ann signs in: the mails that this sends.
async fn mails_of_sign_in(app: &TestApp, agent: &str, device_name: Option<&str>) -> Vec<String> {
    sign_in(app, "ann@example.org", agent, device_name).await;
    app.read_mails().await
}

async fn a_new_user_agent_is_notified_once(app: TestApp) {
    app.verified_user("ann@example.org").await;
    app.sign_in("ann@example.org").await;
    assert!(app.read_mails().await.is_empty(), "as at the registration");
    for agent in [FIREFOX, "okhttp/5.0"] {
        gives!(mails_of_sign_in(&app, agent, None) => NOTIFIED);
        gives!(mails_of_sign_in(&app, agent, None) => [""; 0], "{agent} is known now");
    }
}

/// An attacker who has the password, of an account with a
/// stranger's address for example, could send any number.
async fn new_devices_do_not_flood_a_mailbox(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let mut notified = 0;
    for number in 0..8 {
        let name = format!("Phone {number}");
        notified += mails_of_sign_in(&app, FIREFOX, Some(&name)).await.len();
    }
    assert_eq!(notified, 5);
    app.advance(Duration::minutes(10));
    gives!(mails_of_sign_in(&app, FIREFOX, Some("Phone 9")) => NOTIFIED);
}

async fn a_new_device_name_is_notified_once(app: TestApp) {
    app.verified_user("ann@example.org").await;
    for name in ["Ann's phone", "Ann's other phone"] {
        gives!(mails_of_sign_in(&app, FIREFOX, Some(name)) => NOTIFIED);
        gives!(mails_of_sign_in(&app, FIREFOX, Some(name)) => [""; 0], "{name} is known now");
    }
    // The name stands for the device, whatever program is on it.
    gives!(mails_of_sign_in(&app, "okhttp/5.0", Some("Ann's phone")) => [""; 0]);
}

async fn another_version_of_a_program_is_no_new_device(app: TestApp) {
    app.verified_user("ann@example.org").await;
    for agents in [
        [FIREFOX.to_owned(), FIREFOX.replace("140", "141")],
        ["axios/1.7.2".to_owned(), "axios/1.8.0".to_owned()],
    ] {
        for (number, agent) in agents.iter().enumerate() {
            let mails = mails_of_sign_in(&app, agent, None).await;
            assert_eq!(mails, NOTIFIED[number..], "{agent}");
        }
    }
    // Nothing is known of a program that says nothing.
    for agent in ["one", "other"] {
        gives!(mails_of_sign_in(&app, agent, None) => NOTIFIED);
    }
    gives!(mails_of_sign_in(&app, "other", None) => [""; 0]);
}

async fn the_first_sign_in_of_an_account_sends_no_mail(app: TestApp) {
    let (_, mail) = app.account("ann@example.org").await;
    app.verify(mail.token.as_deref().unwrap()).await.expect(200);
    gives!(mails_of_sign_in(&app, FIREFOX, None) => [""; 0]);
    gives!(mails_of_sign_in(&app, "okhttp/5.0", None) => NOTIFIED);
}

async fn a_device_of_another_account_is_new(app: TestApp) {
    app.verified_user("ann@example.org").await;
    app.verified_user("bob@example.org").await;
    sign_in(&app, "ann@example.org", FIREFOX, None).await;
    app.mail_to("ann@example.org").await;
    sign_in(&app, "bob@example.org", FIREFOX, None).await;
    assert_eq!(app.read_mails().await, ["new_device to bob@example.org"]);
}

async fn a_device_stays_known_after_its_session_has_ended(app: TestApp) {
    app.verified_user("ann@example.org").await;
    let first = sign_in(&app, "ann@example.org", FIREFOX, None).await;
    app.mail_to("ann@example.org").await;
    expect!(app.post("/logout").bearer(first["access_token"].as_str().unwrap()) => 204);
    app.advance(Duration::days(31));
    gives!(mails_of_sign_in(&app, FIREFOX, None) => [""; 0]);
}

async fn a_wrong_password_notifies_nobody(app: TestApp) {
    app.verified_user("ann@example.org").await;
    app.login("ann@example.org", "wrong")
        .header("user-agent", FIREFOX)
        .await
        .expect_problem(401, "invalid_credentials");
    assert!(app.read_mails().await.is_empty());
    // And it makes nothing known.
    gives!(mails_of_sign_in(&app, FIREFOX, None) => NOTIFIED);
}

async fn the_mail_says_where_it_came_from(app: TestApp) {
    app.verified_user("ann@example.org").await;
    app.login("ann@example.org", PASSWORD)
        .header("user-agent", FIREFOX)
        .from("198.51.100.77")
        .await
        .expect(200);
    let mail = app.mail_about(MailKind::NewDevice, "ann@example.org").await;
    assert_has(&mail.text, &["Firefox on Linux", "198.51.100.77"]);
    assert!(mail.link.ends_with("/forgot-password"), "{}", mail.link);
    assert_eq!(mail.token, None);
}
