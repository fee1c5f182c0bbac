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

async fn a_trusted_proxy_names_the_client(app: TestApp) {
    let from = async |forwarded: &str| {
        app.advance(Duration::seconds(1));
        app.login("nobody@example.org", "wrong")
            .header("x-forwarded-for", forwarded)
            .await;
        app.text("select ip_address from audit_logs order by created_at desc limit 1")
            .await
    };
    assert_eq!(from("203.0.113.7").await, "203.0.113.7");
    assert_eq!(
        from("198.51.100.9, 203.0.113.8, 192.0.2.77").await,
        "203.0.113.8",
        "what the client wrote is not believed"
    );
    assert_eq!(from("2001:db8::1").await, "2001:db8::1");
    assert_eq!(from("unknown").await, "192.0.2.1");
}

async fn a_trusted_proxy_may_do_so_by_forwarded(app: TestApp) {
    let from = async |forwarded: &str| {
        app.advance(Duration::seconds(1));
        app.login("nobody@example.org", "wrong")
            .header("forwarded", forwarded)
            .header("x-forwarded-for", "203.0.113.9")
            .await;
        app.text("select ip_address from audit_logs order by created_at desc limit 1")
            .await
    };
    assert_eq!(from("for=203.0.113.7").await, "203.0.113.7");
    let chain = "for=198.51.100.9, for=\"[2001:db8::1]:4711\";proto=https, for=192.0.2.77";
    assert_eq!(from(chain).await, "2001:db8::1");
    assert_eq!(from("for=unknown").await, "192.0.2.1");
}
