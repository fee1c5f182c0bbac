//! Names that are no setting.

use super::*;

const MISTYPED: &str = "
    DATABSE_URL=x | did you mean DATABASE_URL?
    DATABASE_URI=x | did you mean DATABASE_URL?
    DATABASES_URL=x | did you mean DATABASE_URL?
    DATABASE__URL=x | did you mean DATABASE_URL?
    DATABASEURL=x | did you mean DATABASE_URL?
    database_url=x | did you mean DATABASE_URL?
    DATABSE_URL_FILE=x | did you mean DATABASE_URL_FILE?
    REDIS_URI=x | did you mean REDIS_URL?
    REDIS_ULR=x | did you mean REDIS_URL?
    REDSI_URL=x | did you mean REDIS_URL?
    SMTP_URI=x | did you mean SMTP_URL?
    STMP_URL=x | did you mean SMTP_URL?
    SMTP_URI_FILE=x | did you mean SMTP_URL_FILE?
    PUBLC_URL=x | did you mean PUBLIC_URL?
    PUBLIC_URI=x | did you mean PUBLIC_URL?
    OTEL_EXPORTER_OTLP_ENDPONT=x | did you mean OTEL_EXPORTER_OTLP_ENDPOINT?
    VESTIBULE_LISTN=x | did you mean VESTIBULE_LISTEN?
    VESTIBUL_LISTEN=x | did you mean VESTIBULE_LISTEN?
    VESTIBULE-LISTEN=x | did you mean VESTIBULE_LISTEN?
    Vestibule_Listen=x | did you mean VESTIBULE_LISTEN?
    VESTIBULE_DATABASE_URL=x | did you mean DATABASE_URL?
    VESTIBULE_PUBLIC_URL=x | did you mean PUBLIC_URL?
    VESTIBULE_HTTP_LISTEN=x | did you mean VESTIBULE_LISTEN?
    VESTIBULE_SECRETS_MASTER_KEY_FILE=x | did you mean VESTIBULE_MASTER_KEY_FILE?
    VESTIBULE_CONFG=x | did you mean VESTIBULE_CONFIG?
    VESTIBULE_CONFIG_FILE=x | did you mean VESTIBULE_CONFIG?
    VESTIBULE_SOMETHING_ELSE=x | `vestibule config reference` lists the names
    VESTIBULE_MAIL_FROM_FILE=x | only a secret can be in a file; give the value itself in VESTIBULE_MAIL_FROM
    PUBLIC_URL_FILE=x | give the value itself in PUBLIC_URL
";

#[test]
fn a_mistyped_setting_stops_the_start_with_the_right_name() {
    for (name, value, remedy) in table(MISTYPED) {
        let error = refused(&[(name, value)]);
        assert!(
            error.starts_with(&format!("{name} is not a setting: ")),
            "{error}"
        );
        assert!(error.ends_with(remedy), "{error}");
    }
}

/// Machines, shells, build tools, other programs and hosting platforms set these.
#[test]
fn variables_of_others_are_left_alone() {
    let names = "
        HOME PATH LISTEN_FDS LISTEN_PID NOTIFY_SOCKET LOG_LEVEL RUST_LOG PORT HOST MODE
        DATABASE_HOST DATABASE_SSL DATABASE_USER DATABASE_PUBLIC_URL DATABASE_URL_RO
        DB_URL POSTGRES_URL POSTGRES_PASSWORD_FILE REDIS_HOST REDIS_SSL REDIS_TLS_URL
        REDIS_DIR REDIS_PUBLIC_URL SMTP_HOST SMTP_SSL SMTP_USER SFTP_URL HTTP_URL FTP_URL
        NPM_URL PUBLIC_IP PUBLIC_KEY PUBLIC_DIR PUBLISH_URL BASE_URL OTEL_SERVICE_NAME
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT OTEL_EXPORTER_OTLP_HEADERS
        OTEL_EXPORTER_OTLP_TIMEOUT TEST_POSTGRES_URL TEST_REDIS_URL MAIL_FROM MASTER_KEY
        KUBERNETES_PORT REDIS_PORT POSTGRES_SERVICE_HOST
    ";
    let variables: Vec<_> = names.split_whitespace().map(|name| (name, "x")).collect();
    load(&variables).unwrap();
}

#[test]
fn what_kubernetes_makes_of_a_service_is_passed_over_with_a_warning() {
    let links = [
        ("VESTIBULE_SERVICE_HOST", "10.96.4.7"),
        ("VESTIBULE_SERVICE_PORT", "3000"),
        ("VESTIBULE_SERVICE_PORT_HTTP", "3000"),
        ("VESTIBULE_PORT", "tcp://10.96.4.7:3000"),
        ("VESTIBULE_PORT_3000_TCP", "tcp://10.96.4.7:3000"),
        ("VESTIBULE_PORT_3000_TCP_PROTO", "tcp"),
        ("VESTIBULE_PORT_3000_TCP_PORT", "3000"),
        ("VESTIBULE_PORT_3000_TCP_ADDR", "10.96.4.7"),
        ("VESTIBULE_PRIVATE_SERVICE_HOST", "fd00::7"),
        ("VESTIBULE_PRIVATE_PORT", "tcp://[fd00::7]:9464"),
        ("VESTIBULE_PRIVATE_PORT_9464_TCP_ADDR", "fd00::7"),
    ];
    let warned = warnings(&links);
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(
        warned[0].contains("11 variables") && warned[0].contains("enableServiceLinks: false"),
        "{warned:?}"
    );
    for (name, value) in [
        ("VESTIBULE_PORT", "3000"),
        ("VESTIBULE_PORT", "https://auth.example.org"),
        ("VESTIBULE_SERVICE_HOST", "auth.example.org"),
        ("VESTIBULE_SERVICE_PORT", "all"),
        ("VESTIBULE_PORT_3000_TCP_SIZE", "3"),
        ("VESTIBULE_PORT_HTTP", "3000"),
    ] {
        refuses(&[(name, value)], name, " is not a setting");
    }
}
