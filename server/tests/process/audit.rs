//! The audit log when the process ends: what was refused a moment before is in it.

use rustix::process::Signal;
use vestibule_testkit::databases;

use crate::support::{Deployment, TIMEOUT, every_invariant_holds, post};

const GUESSES: i64 = 40;

#[tokio::test]
async fn what_was_refused_before_the_end_is_in_the_audit_log() {
    for database in databases().await {
        let deployment = Deployment::on(&database);
        let mut portal = deployment.start();
        for number in 0..GUESSES {
            let body = format!(r#"{{"email":"user-{number}@example.org","password":"wrong"}}"#);
            let answer = post(portal.address, "/api/v1/auth/login", &body).unwrap();
            assert_eq!(answer.status, 401, "{}", answer.body);
        }
        portal.signal(Signal::TERM);
        assert_eq!(portal.end_within(TIMEOUT), Some(0));
        let written = database
            .count("from audit_logs where event_type = 'login_failure'")
            .await;
        assert_eq!(written, GUESSES);
        every_invariant_holds(&deployment);
    }
}
