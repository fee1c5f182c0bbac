//! Users who write at the same moment. SQLite has one writer at a time,
//! for which everybody else waits.

use crate::support::{Browser, PASSWORD, TestApp, in_parallel, on_every_database, without_limits};

const BROWSERS: usize = 24;

on_every_database! {
    browsers_that_write_at_once_wait_for_each_other with without_limits,
}

async fn browsers_that_write_at_once_wait_for_each_other(app: TestApp) {
    app.verified_user("ann@example.org").await;
    in_parallel(BROWSERS, |_| {
        let mut browser = Browser::new(&app);
        async move {
            // Begins a session and binds its cookie.
            let fields = [("email", "ann@example.org"), ("password", PASSWORD)];
            gives!(browser.submits("sign_in", &fields) => "/account");
            // Notes the password in the session, and changes what is beside its cookie.
            for _ in 0..4 {
                let fields = [("current_password", PASSWORD), ("return_to", "/account")];
                gives!(browser.submits("confirm_password", &fields) => "/account");
                assert!(
                    expect!(browser.open("/account") => 200)
                        .text()
                        .contains("Thank you.")
                );
            }
        }
    })
    .await;
    app.read_mails().await;
}
