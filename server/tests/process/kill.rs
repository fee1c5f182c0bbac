//! What a power cut leaves behind.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use vestibule_core::ports::Random as _;
use vestibule_testkit::{SeededRandom, databases};

use crate::support::{Deployment, PASSWORD, every_invariant_holds, post, register, wait_until};

const ROUNDS: u32 = 50;

/// Any runtime will do: only making the databases needs one.
#[tokio::test]
async fn a_kill_at_any_moment_leaves_no_user_without_mail_and_no_mail_without_user() {
    for database in databases().await {
        let deployment = Deployment::on(&database);
        let acknowledged = kill_during_registrations(&deployment);
        every_invariant_holds(&deployment);

        let portal = deployment.start();
        for email in acknowledged {
            let body = format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#);
            let answer = post(portal.address, "/api/v1/auth/login", &body).unwrap();
            assert_eq!(
                answer.status, 200,
                "{email} was acknowledged: {}",
                answer.body
            );
        }
        assert_eq!(portal.terminate(), Some(0));
        every_invariant_holds(&deployment);
    }
}

/// Kills the portal at random moments while clients register. Of each round the address whose
/// registration was acknowledged last, if any was.
fn kill_during_registrations(deployment: &Deployment) -> Vec<String> {
    let moments = SeededRandom::new(6);
    let mut last = Vec::new();
    for round in 0..ROUNDS {
        let mut portal = deployment.start();
        let address = portal.address;
        let acknowledged = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for client in 0..3 {
                let acknowledged = &acknowledged;
                let prefix = format!("user-{round}-{client}");
                scope.spawn(move || register_until_it_dies(address, &prefix, acknowledged));
            }
            // So many answers, and then in the middle of the next ones.
            let mut moment = [0; 2];
            moments.fill(&mut moment);
            let [answers, millis] = moment;
            let is_near = || acknowledged.lock().unwrap().len() >= usize::from(answers % 6);
            wait_until(is_near, || "nobody registers");
            thread::sleep(Duration::from_millis(u64::from(millis % 32)));
            portal.child.kill().unwrap();
            portal.child.wait().unwrap();
        });
        last.extend(acknowledged.into_inner().unwrap().pop());
    }
    last
}

fn register_until_it_dies(address: SocketAddr, prefix: &str, acknowledged: &Mutex<Vec<String>>) {
    for number in 0..1000 {
        let email = format!("{prefix}-{number}@example.org");
        let Ok(answer) = register(address, &email) else {
            return;
        };
        assert_eq!(answer.status, 201, "{}", answer.body);
        acknowledged.lock().unwrap().push(email);
    }
}
