//! Each check accepts what works and nothing else.

use std::path::Path;

use super::*;

#[test]
fn a_public_url_that_links_cannot_begin_with_is_refused() {
    for url in [
        "http://localhost/#x",
        "http://ann:pw@localhost",
        "http://ann@localhost",
        "http://localhost/auth",
        "http://localhost?x",
        "http://*.localhost",
        "http://localhost:0",
        "http://a..localhost",
        "ftp://localhost",
        "localhost",
    ] {
        let says = "must be scheme and host alone";
        refuses(&[("PUBLIC_URL", url)], "PUBLIC_URL", says);
    }
    for url in [
        "https://auth.example.org",
        "https://auth.example.org:8443/",
        "https://bücher.example",
        "https://192.0.2.1",
    ] {
        load(&in_production(&[("PUBLIC_URL", url)])).unwrap();
    }
    let any_port = [("VESTIBULE_LISTEN", "127.0.0.1:0")];
    refuses(&any_port, "PUBLIC_URL", "leaves the port");
}

#[test]
fn a_further_host_is_a_name_alone() {
    for host in [
        "*.example.org",
        "https://x",
        "x:0",
        "a.example b.example",
        "x/y",
        "ann@x",
        "[::1",
        "a..b",
        "*",
    ] {
        let hosts = in_production(&[("VESTIBULE_ALLOWED_HOSTS", host)]);
        let says = format!("holds `{host}`, which is not a host");
        refuses(&hosts, "VESTIBULE_ALLOWED_HOSTS", &says);
    }
    let hosts = "Login.Example.org, bücher.example:8443,192.0.2.1 , [2001:db8::1]";
    let config = load(&in_production(&[("VESTIBULE_ALLOWED_HOSTS", hosts)])).unwrap();
    assert_eq!(
        config.http.allowed_hosts[..4],
        [
            "login.example.org",
            "xn--bcher-kva.example:8443",
            "192.0.2.1",
            "[2001:db8::1]"
        ],
        "as browsers name them"
    );
}

const NO_ORIGINS: &str = "
    VESTIBULE_CORS_ALLOWED_ORIGINS=null | every sandboxed page
    VESTIBULE_CORS_ALLOWED_ORIGINS=* | is not an origin
    VESTIBULE_CORS_ALLOWED_ORIGINS=https://*.example.org | is not an origin
    VESTIBULE_CORS_ALLOWED_ORIGINS=app.example.org | is not an origin
    VESTIBULE_CORS_ALLOWED_ORIGINS=file:///x | is not an origin
    VESTIBULE_CORS_ALLOWED_ORIGINS=wss://app.example.org | is not an origin
    VESTIBULE_CORS_ALLOWED_ORIGINS=capacitor:// | is not an origin
    VESTIBULE_CORS_ALLOWED_ORIGINS=capacitor:localhost | is not an origin
    VESTIBULE_CORS_ALLOWED_ORIGINS=https://app.example.org/ | sends it as https://app.example.org
    VESTIBULE_CORS_ALLOWED_ORIGINS=https://APP.example.org | sends it as https://app.example.org
    VESTIBULE_CORS_ALLOWED_ORIGINS=https://app.example.org:443 | sends it as https://app.example.org
    VESTIBULE_CORS_ALLOWED_ORIGINS=https://bücher.example | sends it as https://xn--bcher-kva.example
    VESTIBULE_CORS_ALLOWED_ORIGINS=capacitor://localhost/ | sends it as capacitor://localhost
    VESTIBULE_CORS_ALLOWED_ORIGINS=https://ann@app.example.org | sends it as https://app.example.org
";

#[test]
fn any_origin_that_a_browser_sends_may_be_allowed() {
    let origins = "capacitor://localhost,ionic://localhost,tauri://localhost,chrome-extension://abcdefghijklmnop,\
         moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc,https://app.example.org,https://app.example.org:8443,\
         https://xn--bcher-kva.example,http://localhost:5173,https://[2001:db8::1]:8443";
    let config = load(&in_production(&[(
        "VESTIBULE_CORS_ALLOWED_ORIGINS",
        origins,
    )]))
    .unwrap();
    assert_eq!(config.http.allowed_origins.len(), 10);
    assert_eq!(config.warnings, [], "{:?}", config.warnings);
    for (variable, origin, says) in table(NO_ORIGINS) {
        refuses(&in_production(&[(variable, origin)]), variable, says);
    }
}

#[test]
fn a_port_is_used_once() {
    for (public, private) in [
        ("127.0.0.1:3000", "127.0.0.1:3000"),
        ("127.0.0.1:3000", "0.0.0.0:3000"),
        ("[::1]:3000", "[::]:3000"),
        ("127.0.0.1:3000", "[::ffff:127.0.0.1]:3000"),
    ] {
        let ports = [
            ("VESTIBULE_LISTEN", public),
            ("VESTIBULE_PRIVATE_LISTEN", private),
        ];
        refuses(&ports, "VESTIBULE_PRIVATE_LISTEN", "a port of its own");
    }
    for private in ["127.0.0.2:3000", "127.0.0.1:0", "127.0.0.1:3001"] {
        load(&[("VESTIBULE_PRIVATE_LISTEN", private)]).unwrap();
    }
}

#[test]
fn a_log_filter_that_logs_nothing_of_the_portal_is_refused() {
    for filter in [
        "warning",
        "information",
        "vestibule",
        "info,vestibule",
        "hyper=debug",
        "vestibul_core=debug",
        "info,vestibule=loud",
        "=info",
        "vestibule::access::x y",
    ] {
        refuses(&[("VESTIBULE_LOG", filter)], "VESTIBULE_LOG", "");
    }
    for (filter, read) in [
        ("info", "info"),
        ("WARN", "WARN"),
        ("info, hyper=debug", "info,hyper=debug"),
        ("vestibule=debug", "vestibule=debug"),
        ("vestibule::audit=info", "vestibule::audit=info"),
        (
            "error,vestibule[request]=debug",
            "error,vestibule[request]=debug",
        ),
    ] {
        assert_eq!(load(&[("VESTIBULE_LOG", filter)]).unwrap().log.filter, read);
    }
    let warned = warnings(&[("VESTIBULE_LOG", "off")]);
    assert!(warned[0].contains("lets nothing through"), "{warned:?}");
}

#[test]
fn a_place_that_cannot_be_written_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("file"), "").unwrap();
    for data in ["file", "file/data", "file/data/deeper"] {
        let name = "VESTIBULE_DATA_DIR";
        refuses(&[(name, &path(data))], name, "cannot be written");
    }
    for database in ["file/x.db", "missing/x.db", ""] {
        let url = format!("sqlite:{}", path(database));
        let name = "DATABASE_URL";
        refuses(&[(name, &url)], name, "cannot be written");
    }
    std::fs::create_dir(path("data")).unwrap();
    std::fs::write(path("data/master.key"), "not-a-secret").unwrap();
    let error = refused(&[("VESTIBULE_DATA_DIR", &path("data"))]);
    assert!(
        error.contains("master key") && !error.contains("not-a-secret"),
        "{error}"
    );
    std::fs::write(path("data/master.key"), KEY).unwrap();
    load(&[("VESTIBULE_DATA_DIR", &path("data"))]).unwrap();
    load(&[("VESTIBULE_DATA_DIR", &path("new/folder"))]).unwrap();
    assert!(!Path::new(&path("new")).exists(), "nothing is made");
    // Nothing is kept in it here.
    load(&in_production(&[("VESTIBULE_DATA_DIR", &path("file"))])).unwrap();
}

const URLS: &str = "
    DATABASE_URL=postgres://ann:p#secret@localhost/x | percent-encode it there, as %23
    DATABASE_URL=postgres://ann:\u{1f511}@localhost/x | SASLprep
    DATABASE_URL=sqlite::memory: | in memory
    REDIS_URL=redis://:p/secret@localhost | percent-encode it there, as %2F
    REDIS_URL=redis://localhost/first | must be redis://
    SMTP_URL=smtp://ann:p?secret@localhost | percent-encode it there, as %3F
    SMTP_URL=smtp://ann:%FFsecret@localhost | is not a URL
";

#[test]
fn a_url_with_a_password_is_checked_as_it_is_used() {
    for (name, url, says) in table(URLS) {
        let error = refused(&[(name, url)]);
        assert!(error.starts_with(name) && error.contains(says), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn production_refuses_a_key_that_was_not_drawn() {
    for key in [
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "//////////////////////////////////////////8=",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    ] {
        let error = refused(&in_production(&[("VESTIBULE_MASTER_KEY", key)]));
        assert!(
            error.starts_with("VESTIBULE_MASTER_KEY") && error.contains("is not random"),
            "{error}"
        );
        assert!(!error.contains(key), "{error}");
        load(&[("VESTIBULE_MASTER_KEY", key)]).unwrap();
    }
    let error = refused(&[("VESTIBULE_MASTER_KEY", "too short")]);
    for form in ["base64", "64 hexadecimal digits"] {
        assert!(error.contains(form), "{error}");
    }
}

#[test]
fn a_network_of_proxies_that_everybody_is_in_is_refused() {
    for network in [
        "0.0.0.0/0",
        "::/0",
        "0.0.0.0/1",
        "128.0.0.0/7",
        "::ffff:0:0/96",
        "2000::/3",
        "10.0.0.1, 0.0.0.0/0",
    ] {
        let name = "VESTIBULE_TRUSTED_PROXIES";
        refuses(&in_production(&[(name, network)]), name, "holds `");
    }
    for network in [
        "10.0.0.0/8",
        "fc00::/7",
        "fd00::/8",
        "2606:4700::/32",
        "::ffff:10.0.0.0/104",
    ] {
        load(&in_production(&[("VESTIBULE_TRUSTED_PROXIES", network)])).unwrap();
    }
}

const WARNED: &str = "
    VESTIBULE_PRIVATE_LISTEN=0.0.0.0:9464 | only your monitoring
    VESTIBULE_PRIVATE_LISTEN=[::]:9464 | only your monitoring
    VESTIBULE_CORS_ALLOWED_ORIGINS=http://app.example.org | has no TLS
    VESTIBULE_LOG=trace | lets debug or trace lines through
    VESTIBULE_LOG=info,hyper=debug | lets debug or trace lines through
    VESTIBULE_TRUSTED_PROXIES= | is not set
    DATABASE_URL=postgres://db.example.org/x?sslmode=disable | sslmode=verify-full
    OTEL_EXPORTER_OTLP_ENDPOINT=http://collector.example.org:4318 | has no TLS
";

#[test]
fn production_warns_of_what_may_be_meant() {
    assert_eq!(warnings(&in_production(&[])), [] as [String; 0]);
    for (name, value, says) in table(WARNED) {
        let warned = warnings(&in_production(&[(name, value)]));
        assert_eq!(warned.len(), 1, "{name}={value}: {warned:?}");
        assert!(
            warned[0].starts_with(name) && warned[0].contains(says),
            "{warned:?}"
        );
    }
}

#[test]
fn production_wants_a_sender_of_its_own() {
    for sender in [
        "no-reply@vestibule.invalid",
        "Example <no-reply@vestibule.invalid>",
    ] {
        let name = "VESTIBULE_MAIL_FROM";
        let says = "is needed in production";
        refuses(&in_production(&[(name, sender)]), name, says);
    }
}

/// Each with the setting that is refused.
const FOR_OTHERS: &str = "
    PUBLIC_URL=https://auth.example.org | PUBLIC_URL
    PUBLIC_URL=http://192.0.2.1:3000 | PUBLIC_URL
    VESTIBULE_MODE=development PUBLIC_URL=https://auth.example.org | PUBLIC_URL
    VESTIBULE_LISTEN=0.0.0.0:3000 | VESTIBULE_LISTEN
    VESTIBULE_LISTEN=[::]:3000 | VESTIBULE_LISTEN
    VESTIBULE_LISTEN=192.0.2.1:3000 | VESTIBULE_LISTEN
    VESTIBULE_MODE=development VESTIBULE_LISTEN=0.0.0.0:3000 | VESTIBULE_LISTEN
    PUBLIC_URL=http://localhost:3000 VESTIBULE_LISTEN=0.0.0.0:3000 | VESTIBULE_LISTEN
    VESTIBULE_ALLOWED_HOSTS=auth.example.org | VESTIBULE_ALLOWED_HOSTS
    DATABASE_URL=postgres://db.example.org/x | DATABASE_URL
    REDIS_URL=redis://redis.example.org | REDIS_URL
    SMTP_URL=smtps://mail.example.org | SMTP_URL
    VESTIBULE_MODE=development VESTIBULE_LISTEN=0.0.0.0:3000 PUBLIC_URL=http://localhost:3000 VESTIBULE_RATE_LIMITS=off | VESTIBULE_RATE_LIMITS
";

/// The last one is a container of Compose: what it needs is in others, and its port is published to
/// this machine.
const FOR_THIS_MACHINE: &str = "
    PUBLIC_URL=https://localhost:8443
    PUBLIC_URL=http://portal.localhost:3000
    VESTIBULE_LISTEN=[::1]:3000 VESTIBULE_RATE_LIMITS=off
    DATABASE_URL=postgres://127.0.0.1/x REDIS_URL=redis://[::1]:6379
    VESTIBULE_MODE=development VESTIBULE_LISTEN=0.0.0.0:3000 PUBLIC_URL=http://localhost:3000 DATABASE_URL=postgres://postgres/x?sslmode=disable REDIS_URL=redis://redis:6379 SMTP_URL=smtp://mail:1025
";

fn variables(line: &'static str) -> Vec<(&'static str, &'static str)> {
    let settings = line.split_whitespace();
    settings
        .map(|setting| setting.split_once('=').unwrap())
        .collect()
}

#[test]
fn development_mode_serves_this_machine_alone() {
    for line in FOR_OTHERS.trim().lines() {
        let (settings, name) = line.split_once(" | ").unwrap();
        refuses(&variables(settings), name, "");
    }
    for line in FOR_THIS_MACHINE.trim().lines() {
        load(&variables(line)).unwrap();
    }
}
