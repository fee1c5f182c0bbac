use super::*;

fn matches(registered: &str, kind: ClientKind, given: &str) -> bool {
    is_registered(given, &[registered.to_owned()], kind)
}

#[test]
fn an_address_is_compared_byte_by_byte() {
    let registered = "https://app.example.org/callback?tenant=1";
    assert!(matches(registered, ClientKind::Web, registered));
    for other in [
        "",
        "https://APP.example.org/callback?tenant=1",
        "HTTPS://app.example.org/callback?tenant=1",
        "https://app.example.org:443/callback?tenant=1",
        "https://app.example.org/callback/?tenant=1",
        "https://app.example.org/callback?tenant=1&x=2",
        "https://app.example.org/callback?tenant=1#",
        "https://app.example.org/callback",
        "https://app.example.org/Callback?tenant=1",
        "https://user@app.example.org/callback?tenant=1",
        "https://app.example.org/%63allback?tenant=1",
        "https://app.example.org/x/%2e%2e/callback?tenant=1",
        "https://app.example.org/x/..;/callback?tenant=1",
        "https://app.example.org\\callback?tenant=1",
        "https://app.example.org/call\tback?tenant=1",
        "https:app.example.org/callback?tenant=1",
        "https://app.example.org.evil.example/callback?tenant=1",
        "https://äpp.example.org/callback?tenant=1",
        " https://app.example.org/callback?tenant=1",
    ] {
        assert!(!matches(registered, ClientKind::Web, other), "{other}");
        assert!(!matches(registered, ClientKind::Native, other), "{other}");
    }
}

#[test]
fn an_app_on_the_own_machine_may_have_any_port() {
    for host in ["127.0.0.1", "[::1]", "localhost"] {
        let registered = format!("http://{host}/callback?a=b");
        for port in ["", ":1", ":49152", ":65535"] {
            let given = format!("http://{host}{port}/callback?a=b");
            assert!(matches(&registered, ClientKind::Native, &given), "{given}");
        }
        let at_port = format!("http://{host}:49152/callback?a=b");
        assert!(!matches(&registered, ClientKind::Web, &at_port));
        for other in [
            format!("http://{host}:0/callback?a=b"),
            format!("http://{host}:65536/callback?a=b"),
            format!("http://{host}:/callback?a=b"),
            format!("http://{host}:1x/callback?a=b"),
            format!("http://{host}:49152/other?a=b"),
            format!("http://{host}:49152/callback?a=c"),
            format!("http://{host}:49152/callback"),
            format!("http://{host}.evil.example:49152/callback?a=b"),
            format!("http://{host}:49152@evil.example/callback?a=b"),
            format!("https://{host}:49152/callback?a=b"),
        ] {
            assert!(!matches(&registered, ClientKind::Native, &other), "{other}");
        }
    }
    let named = "http://localhost/callback";
    assert!(!matches(
        named,
        ClientKind::Native,
        "http://127.0.0.1:8000/callback"
    ));
}

#[test]
fn what_can_be_registered() {
    for (uri, kind) in [
        ("https://app.example.org/callback", ClientKind::Web),
        ("https://app.example.org", ClientKind::Spa),
        ("https://app.example.org:8443/a?tenant=1", ClientKind::Web),
        ("http://localhost:8080/callback", ClientKind::Web),
        ("http://127.0.0.1/callback", ClientKind::Native),
        ("http://[::1]/callback", ClientKind::Native),
        ("org.example.app:/callback", ClientKind::Native),
        ("org.example.app://callback", ClientKind::Native),
    ] {
        assert_eq!(check(uri, kind, false), Ok(()), "{uri}");
    }
    for uri in [
        "http://192.168.1.5/callback",
        "http://grafana.lan/callback",
        "http://nas/callback",
        "http://[fd00::1]/callback",
    ] {
        assert_eq!(check(uri, ClientKind::Web, true), Ok(()), "{uri}");
        let refused = check(uri, ClientKind::Web, false);
        assert_eq!(refused, Err(RedirectUriError::NoTls), "{uri}");
    }
}

#[test]
fn what_cannot_be_registered() {
    let long = format!("https://app.example.org/{}", "a".repeat(MAX_LENGTH));
    for uri in [
        "",
        "callback",
        "/callback",
        "//app.example.org/callback",
        "https:",
        "https://",
        "https:app.example.org/callback",
        "https://app.example.org/a#b",
        "https://app.example.org/a#",
        "https://user@app.example.org/a",
        "https://user:secret@app.example.org/a",
        "https://app.example.org\\a",
        "https://app.example.org/a\tb",
        "https://app.example.org/a b",
        "https://app.example.org/../a",
        "https://app.example.org/x/%2e%2e/a",
        "https://app.example.org/x/%2E./a",
        "https://app.example.org/x/..;/a",
        "https://APP.example.org/a",
        "https://app.example.org:443/a",
        "https://äpp.example.org/a",
        "https://*.example.org/a?code=1",
        "https://app.example.org/a?code=1",
        "https://app.example.org/a?x=1&state=2",
        "http://app.example.org/a",
        "http://8.8.8.8/a",
        "http://localhost.evil.example/a",
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.example.org/1",
        "about:blank",
        "intent://x#Intent;end",
        "ws://app.example.org/a",
        "ftp://app.example.org/a",
        "myapp:/callback",
        &long,
    ] {
        for kind in ClientKind::ALL {
            assert!(check(uri, *kind, true).is_err(), "{uri} of {kind}");
        }
    }
    for kind in [ClientKind::Web, ClientKind::Spa] {
        let refused = check("org.example.app:/callback", kind, false);
        assert_eq!(refused, Err(RedirectUriError::Scheme));
    }
}

#[test]
fn an_app_is_known_by_its_host() {
    assert_eq!(
        host("https://app.example.org:8443/a").as_deref(),
        Some("app.example.org")
    );
    assert_eq!(host("org.example.app://callback"), None);
    assert!(is_of_own_scheme("org.example.app:/callback"));
    assert!(!is_of_own_scheme("http://localhost/callback"));
}
