//! What Prometheus reads, from a portal that did some work.

use std::collections::BTreeMap;

use vestibule_testkit::databases;

use crate::support::{Deployment, Running, get, post, registers, wait_for};

/// Value by series, as they are written.
fn scrape(portal: &Running) -> BTreeMap<String, f64> {
    let answer = get(portal.private_address, "/metrics").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (_, body) = answer.body.split_once("\r\n\r\n").unwrap();
    body.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(series, value)| (series.to_owned(), value.parse().unwrap()))
        .collect()
}

const FAILURES: &str = r#"vestibule_security_events_total{event="login_failure",result="failure",reason="wrong_password",factor="password"}"#;

/// After one registration, three wrong passwords, and pages of which one exists.
/// The one estimate of a password's strength is the new password's.
const COUNTED: &str = r#"
    vestibule_security_events_total{event="user_registered",result="success",reason="",factor=""} 1
    vestibule_http_requests_total{method="POST",route="/api/v1/auth/login",status="401"} 3
    vestibule_http_requests_total{method="GET",route="/login",status="200"} 1
    vestibule_http_requests_total{method="GET",route="unmatched",status="404"} 1
    vestibule_http_request_duration_seconds_count{method="POST",route="/api/v1/auth/login"} 3
    vestibule_http_requests_in_flight 0
    vestibule_hash_queue_depth 0
    vestibule_hash_duration_seconds_count 4
    vestibule_strength_queue_depth 0
    vestibule_strength_duration_seconds_count 1
    vestibule_users 1
    vestibule_users_verified 0
    vestibule_sessions_active 1
"#;

/// What belongs to no change is written, and logged, a moment later.
fn scrape_with_failures(portal: &Running) -> BTreeMap<String, f64> {
    let look = || Some(scrape(portal)).filter(|found| found.get(FAILURES) == Some(&3.0));
    wait_for(look, || format!("{:#?}", scrape(portal)))
}

#[tokio::test]
async fn it_counts_what_happens_and_names_nobody() {
    for database in databases().await {
        let deployment = Deployment::on(&database);
        let portal = deployment.start();
        registers(&portal, "ann@example.org");
        for _ in 0..3 {
            let wrong = r#"{"email":"ann@example.org","password":"wrong"}"#;
            let answer = post(portal.address, "/api/v1/auth/login", wrong).unwrap();
            assert_eq!(answer.status, 401);
        }
        for path in ["/login", "/no/such/page", "/api/v1/auth/ann%40example.org"] {
            portal.get(path).unwrap();
        }
        let found = scrape_with_failures(&portal);
        for counted in COUNTED.trim().lines() {
            let (series, value) = counted.trim().rsplit_once(' ').unwrap();
            let value: f64 = value.parse().unwrap();
            assert_eq!(found.get(series), Some(&value), "{series} in {found:#?}");
        }
        let kind = if database.is_postgres() {
            "postgres"
        } else {
            "sqlite"
        };
        let one_of = [
            format!(
                r#"vestibule_build_info{{version="{}",database="{kind}"}}"#,
                env!("CARGO_PKG_VERSION")
            ),
            r#"vestibule_db_query_duration_seconds_count{query="insert users"}"#.to_owned(),
            r#"vestibule_db_pool_connections{state="idle"}"#.to_owned(),
            "vestibule_db_pool_max_connections".to_owned(),
            "process_resident_memory_bytes".to_owned(),
            "vestibule_signing_key_age_seconds".to_owned(),
        ];
        for series in one_of {
            assert!(
                found.get(&series).is_some_and(|value| *value > 0.0),
                "{series} in {found:#?}"
            );
        }
        let names_user = |series: &&String| series.contains("ann") || series.contains("127.0.0.1");
        assert_eq!(found.keys().find(names_user), None);
    }
}

#[test]
fn the_public_port_serves_no_metrics() {
    let deployment = Deployment::new();
    let portal = deployment.start();
    assert_eq!(portal.get("/metrics").unwrap().status, 404);
}

#[test]
fn a_container_can_ask_for_its_health() {
    let deployment = Deployment::new();
    assert_eq!(deployment.run(&["health"]).status.code(), Some(1));
    let portal = deployment.start();
    assert_eq!(deployment.run(&["health"]).status.code(), Some(0));
    assert_eq!(portal.terminate(), Some(0));
    assert_eq!(deployment.run(&["health"]).status.code(), Some(1));
}
