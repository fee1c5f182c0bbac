//! Mailed links to confirm an address that no longer work:
//! what the page says of them, and the ways on from there.

use time::Duration;
use vestibule_core::mail::MailKind;

use crate::support::{
    Browser, PASSWORD, TestApp, assert_has, assert_has_not, follow_verify_link as follow,
    on_any_database, open_page as page, signed_in_browser,
};

on_any_database! {
    a_dead_link_sends_a_new_one_without_typing,
    an_unknown_link_asks_for_the_address,
    a_link_of_a_change_that_was_not_made_says_so,
    a_link_of_a_change_that_was_made_says_so,
    a_dead_link_says_so_as_often_as_it_is_looked_at,
    a_dead_link_leaves_the_way_to_the_code_open,
}

async fn a_dead_link_sends_a_new_one_without_typing(app: TestApp) {
    let (ann, mail) = app.register("zoe@example.org").await;
    app.advance(Duration::hours(25));
    let mut browser = Browser::new(&app);
    let dead = follow(&mut browser, &mail).await;
    assert_has(
        &dead,
        &["<span>Send a new link to ", "<bdi>z***@example.org</bdi>"],
    );
    assert_has_not(&dead, &["zoe@example.org", "name=\"email\""]);
    gives!(browser.submits("resend_by_link", &[]) => "/verify-email");
    let sent = page(&mut browser, "/verify-email").await;
    assert_has(&sent, &["role=\"status\"", "name=\"code\""]);
    let mail = app.mail_to("zoe@example.org").await;
    assert_eq!(mail.kind, MailKind::VerifyEmail);
    follow(&mut browser, &mail).await;
    browser
        .submit("verify_email", &[("password", PASSWORD)])
        .await;
    gives!(app.count("users where email = 'zoe@example.org' and is_email_verified") => "1");
    assert!(
        !app.accepts(&ann.access_token).await,
        "15 minutes are long over"
    );
    app.read_mails().await;
    // The token is forgotten once it was used.
    gives!(browser.submits("resend_by_link", &[]) => "/verify-email");
    assert!(app.read_mails().await.is_empty());
}

async fn an_unknown_link_asks_for_the_address(app: TestApp) {
    app.user("ann@example.org").await;
    let mut browser = Browser::new(&app);
    browser.open("/verify-email?token=nonsense").await;
    let dead = page(&mut browser, "/verify-email").await;
    assert_has(&dead, &["no longer works", "name=\"email\""]);
    for email in ["ann@example.org", "nobody@example.org"] {
        gives!(browser.submits("resend_verification", &[("email", email)]) => "/verify-email");
    }
    assert_eq!(app.read_mails().await, ["verify_email to ann@example.org"]);
}

const NOT_MADE: [(&str, &str); 2] = [
    ("en", "The change of the address was not made"),
    ("de", "Die Adresse wurde nicht geändert"),
];

async fn a_link_of_a_change_that_was_not_made_says_so(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let mail = app.change_mail(&ann, "ann@new.example", PASSWORD).await;
    let mut signed_in = signed_in_browser(&app, "ann@example.org").await;
    follow(&mut signed_in, &mail).await;
    signed_in.submit("cancel_email_change", &[]).await;

    // The form of the page that was open before the change was cancelled.
    gives!(signed_in.submits("verify_email", &[]) => "/verify-email");
    let refused = page(&mut signed_in, "/verify-email").await;
    shows!(&refused => "role=\"alert\"", "<title>Error: ", NOT_MADE[0].1);

    let mut signed_out = Browser::new(&app);
    follow(&mut signed_out, &mail).await;
    for mut browser in [signed_in, signed_out] {
        for (language, text) in NOT_MADE {
            browser.set_cookie("__Host-language", language);
            let dead = page(&mut browser, "/verify-email").await;
            assert_has(&dead, &[text, "href=\"/account/email\""]);
            let parts = [
                "role=\"alert\"",
                "nothing left to do",
                "nichts mehr zu tun",
                "resend_",
                "ann@",
            ];
            assert_has_not(&dead, &parts);
        }
    }
    assert!(app.read_mails().await.is_empty());
}

async fn a_link_of_a_change_that_was_made_says_so(app: TestApp) {
    let ann = app.verified_user("ann@example.org").await;
    let mail = app.change_mail(&ann, "ann@new.example", PASSWORD).await;
    app.verify(mail.token.as_deref().unwrap()).await.expect(200);
    app.mail_to("ann@example.org").await;
    let mut browser = Browser::new(&app);
    let dead = follow(&mut browser, &mail).await;
    shows!(&dead => "The change was made", "a***@new.example", "href=\"/login\"");
    hides!(&dead => "not made", "resend_", "Enter a code instead", "ann@new.example");
    let mut browser = signed_in_browser(&app, "ann@new.example").await;
    let done = follow(&mut browser, &mail).await;
    assert_has(&done, &["nothing left to do", "ann@new.example"]);
}

async fn a_dead_link_says_so_as_often_as_it_is_looked_at(app: TestApp) {
    let mut browser = Browser::new(&app);
    for path in ["/verify-email", "/reset-password"] {
        browser.open(&format!("{path}?token=nonsense")).await;
        for _ in 0..2 {
            assert_has(&page(&mut browser, path).await, &["no longer works"]);
        }
        let german = [("language", "de"), ("return_to", path)];
        gives!(browser.submits("set_language", &german) => path);
        assert_has(&page(&mut browser, path).await, &["gilt nicht mehr"]);
        browser.set_cookie("__Host-language", "en");
    }
    // A request for another mail waits for that one.
    for (function, path) in [
        ("resend_verification", "/verify-email"),
        ("forgot_password", "/reset-password"),
    ] {
        browser
            .submit(function, &[("email", "nobody@example.org")])
            .await;
        assert_has_not(&page(&mut browser, path).await, &["no longer works"]);
    }
}

async fn a_dead_link_leaves_the_way_to_the_code_open(app: TestApp) {
    const PAGE: &str = "/verify-email?return_to=/account/profile";
    app.user("ann@example.org").await;
    for (mut browser, way_on) in [
        (
            Browser::new(&app),
            "href=\"/login?return_to=/account/profile\"",
        ),
        (
            signed_in_browser(&app, "ann@example.org").await,
            "href=\"/account/profile\"",
        ),
    ] {
        browser.open("/verify-email?token=nonsense").await;
        let dead = page(&mut browser, PAGE).await;
        let code_instead = format!("href=\"{PAGE}\"");
        assert_has(&dead, &["no longer works", &code_instead, way_on]);
        assert_has_not(&dead, &["name=\"code\"", "href=\"/login\""]);
        browser.leave_link("/verify-email");
        let form = page(&mut browser, PAGE).await;
        assert_has(&form, &["name=\"code\"", way_on]);
        assert_has_not(&form, &["no longer works"]);
    }
}
