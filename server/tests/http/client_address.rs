//! The address that a request is counted and recorded for:
//! the sender's, unless a trusted proxy names another.

use time::Duration;
use vestibule::config::Config;
use vestibule_web::ForwardedHeader;

use crate::support::{TestApp, address, on_replicas, trusted_proxy};

on_replicas! { 2;
    a_forwarded_address_of_no_trusted_proxy_is_nothing,
    a_trusted_proxy_names_the_client with trusted_proxy,
    a_trusted_proxy_may_do_so_by_forwarded with forwarded_header,
}

fn forwarded_header(config: &mut Config) {
    trusted_proxy(config);
    let proxies = std::mem::take(&mut config.http.trusted_proxies);
    config.http.trusted_proxies = proxies.reading(ForwardedHeader::Forwarded);
}

async fn a_forwarded_address_of_no_trusted_proxy_is_nothing(app: TestApp) {
    for number in 0..=10 {
        let call = app
            .login("ann@example.org", "wrong")
            .header("x-forwarded-for", address(number));
        call.header("x-real-ip", address(number))
            .header("forwarded", format!("for={}", address(number)))
            .await;
    }
    let seen = app.text("select cast(count(distinct ip_address) as text) || ' ' || min(ip_address) from audit_logs").await;
    assert_eq!(seen, "1 192.0.2.1");
}

/// What the audit log has as the address of a request with these headers.
async fn recorded(app: &TestApp, headers: &[(&str, &str)]) -> String {
    app.advance(Duration::seconds(1));
    let mut call = app.login("nobody@example.org", "wrong");
    for (name, value) in headers {
        call = call.header(name, value);
    }
    call.await;
    let newest = "select ip_address from audit_logs order by created_at desc limit 1";
    app.text(newest).await
}

async fn a_trusted_proxy_names_the_client(app: TestApp) {
    for (forwarded, address) in [
        ("203.0.113.7", "203.0.113.7"),
        // What the client wrote is not believed.
        ("198.51.100.9, 203.0.113.8, 192.0.2.77", "203.0.113.8"),
        ("2001:db8::1", "2001:db8::1"),
        ("unknown", "192.0.2.1"),
    ] {
        gives!(recorded(&app, &[("x-forwarded-for", forwarded)]) => address);
    }
}

async fn a_trusted_proxy_may_do_so_by_forwarded(app: TestApp) {
    let chain = "for=198.51.100.9, for=\"[2001:db8::1]:4711\";proto=https, for=192.0.2.77";
    for (forwarded, address) in [
        ("for=203.0.113.7", "203.0.113.7"),
        (chain, "2001:db8::1"),
        ("for=unknown", "192.0.2.1"),
    ] {
        let headers = [("forwarded", forwarded), ("x-forwarded-for", "203.0.113.9")];
        gives!(recorded(&app, &headers) => address);
    }
}
