//! The table of settings, from which docs/CONFIG.md is made.

use std::fmt::Write as _;

/// One setting.
pub struct Setting {
    /// Its key in the TOML file.
    pub key: &'static str,
    /// Its environment variable, which wins over the file.
    pub variable: &'static str,
    /// What holds without it; `None` where it may be absent.
    pub default: Option<&'static str>,
    /// Secrets may also be read from the file that `<variable>_FILE` names.
    pub is_secret: bool,
    /// Several values: separated by commas, or a list in the TOML file.
    pub is_list: bool,
    pub help: &'static str,
}

pub(super) const DEFAULT_FROM: &str = "no-reply@vestibule.invalid";

const fn setting(
    key: &'static str,
    variable: &'static str,
    default: Option<&'static str>,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        variable,
        default,
        is_secret: false,
        is_list: false,
        help,
    }
}

const fn list(key: &'static str, variable: &'static str, help: &'static str) -> Setting {
    Setting {
        is_list: true,
        ..setting(key, variable, Some(""), help)
    }
}

const fn secret(key: &'static str, variable: &'static str, help: &'static str) -> Setting {
    Setting {
        is_secret: true,
        ..setting(key, variable, None, help)
    }
}

impl Setting {
    /// Whether a variable gives this setting, by itself or by a file.
    pub(super) fn is_named(&self, variable: &str) -> bool {
        match variable.strip_prefix(self.variable) {
            Some("") => true,
            Some("_FILE") => self.is_secret,
            _ => false,
        }
    }
}

/// The setting of a key.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// Every setting, in the order of the reference.
pub const SETTINGS: &[Setting] = &[
    setting(
        "mode",
        "VESTIBULE_MODE",
        Some("development"),
        "`development` or `production`. Development serves this machine alone: it refuses a `PUBLIC_URL` or a further host that is not local, and, unless the mode is set by name, an address to listen on, a database, a Redis or a mail server that is not. Production refuses to start with what is missing or unsafe.",
    ),
    setting(
        "data_dir",
        "VESTIBULE_DATA_DIR",
        Some("data"),
        "Folder for the embedded database, the generated master key and the development mailbox. Made with mode 0700.",
    ),
    setting(
        "http.listen",
        "VESTIBULE_LISTEN",
        Some("127.0.0.1:3000"),
        "Address and port of pages and API. In development an address that others can reach needs the mode and a local `PUBLIC_URL` set by name, as in a container whose port is published to this machine alone.",
    ),
    setting(
        "http.private_listen",
        "VESTIBULE_PRIVATE_LISTEN",
        Some("127.0.0.1:9464"),
        "Address and port for metrics and health checks; another port than that of the pages. Keep it unreachable from outside.",
    ),
    setting(
        "http.public_url",
        "PUBLIC_URL",
        None,
        "Where people open the portal; the start of every link and the `iss` of tokens. Scheme and host alone. Default in development: `http://` and the listening address. Needed in production, with https.",
    ),
    list(
        "http.allowed_hosts",
        "VESTIBULE_ALLOWED_HOSTS",
        "Further hosts, comma-separated, that requests may name beside the one of the public URL, without scheme or wildcard: `login.example.org`, which is good with the port of the public URL, of its scheme and of `VESTIBULE_LISTEN`, or with one port, `login.example.org:8443`.",
    ),
    list(
        "http.trusted_proxies",
        "VESTIBULE_TRUSTED_PROXIES",
        "Addresses or networks, comma-separated, of the proxies that are believed when they say for whom they ask. Not wider than /8 (IPv6: /16, or fc00::/7).",
    ),
    list(
        "http.security_contact",
        "VESTIBULE_SECURITY_CONTACT",
        "Where people report weaknesses, comma-separated, the best first: `mailto:security@example.org`, `https://example.org/security` or `tel:+1-201-555-0123`. Shown in `/.well-known/security.txt` (RFC 9116), which is not there without it.",
    ),
    setting(
        "http.forwarded_header",
        "VESTIBULE_FORWARDED_HEADER",
        Some("x-forwarded-for"),
        "Where those proxies say it: `x-forwarded-for` or `forwarded` (RFC 7239). The other one is never read.",
    ),
    setting(
        "http.site_dir",
        "VESTIBULE_SITE_DIR",
        None,
        "Folder with the built site; without it the assets inside the binary are served.",
    ),
    setting(
        "http.max_connections",
        "VESTIBULE_MAX_CONNECTIONS",
        Some("16384"),
        "Connections at a time on the public port, 16 to 1000000. Each needs an open file: the process raises its own limit as far as it may, and starts with fewer connections and a warning if that is not far enough. When all are taken, the one that has waited longest for a request makes room for a new one; if none waits, the one whose client has kept its request or answer waiting for longest, half a second at least. An eighth of them at most is busy with one IPv4 address or IPv6 /48, unless that is a trusted proxy: its further requests wait.",
    ),
    setting(
        "http.header_timeout_seconds",
        "VESTIBULE_HEADER_TIMEOUT_SECONDS",
        Some("10"),
        "How long the head of a request may take from its first byte, 1 to 60 s; for the first request, from the connection. Then the connection is closed.",
    ),
    setting(
        "http.request_timeout_seconds",
        "VESTIBULE_REQUEST_TIMEOUT_SECONDS",
        Some("30"),
        "How long the body of a request and its answer may take together, 1 to 60 s; then the answer is 408. A client that reads nothing of its answer for as long is cut off.",
    ),
    setting(
        "http.idle_timeout_seconds",
        "VESTIBULE_IDLE_TIMEOUT_SECONDS",
        Some("150"),
        "How long a connection may wait for another request, 1 to 3600 s. It has to be longer than the proxy keeps idle connections to us (nginx 60 s, Traefik 90 s, Caddy 120 s), so that the proxy never sends a request on one that we are closing.",
    ),
    setting(
        "http.shutdown_grace_seconds",
        "VESTIBULE_SHUTDOWN_GRACE_SECONDS",
        None,
        "How long everything is still served after SIGTERM, 0 to 15 s, while `/health/ready` says 503 and every answer closes its connection; long enough for the proxy to see it. Default: 5 in production, 0 in development.",
    ),
    list(
        "cors.allowed_origins",
        "VESTIBULE_CORS_ALLOWED_ORIGINS",
        "Origins, comma-separated, whose scripts may call the API, as browsers send them: `https://app.example.org`, or an app's `capacitor://localhost`.",
    ),
    secret(
        "database.url",
        "DATABASE_URL",
        "`sqlite:FILE` or `postgres://user:password@host/name?sslmode=verify-full&sslrootcert=FILE` (PostgreSQL 12 or later). Default: `vestibule.db` in the data folder. In production PostgreSQL on another machine needs an `sslmode` that says for certain whether to encrypt: `verify-full`, `verify-ca` or `require`; `disable` where the network is trusted.",
    ),
    setting(
        "database.max_connections",
        "VESTIBULE_DATABASE_MAX_CONNECTIONS",
        Some("16"),
        "Connections of this replica to PostgreSQL, 2 to 1000; those of all replicas together must stay below its `max_connections`. When all are in use a request waits for its turn. (SQLite: at most 8 that read, one that writes.)",
    ),
    setting(
        "database.connect_timeout_ms",
        "VESTIBULE_DATABASE_CONNECT_TIMEOUT_MS",
        Some("2000"),
        "How long making one connection to PostgreSQL may take, and at the start each look at its migrations, 100 to 60000 ms.",
    ),
    setting(
        "database.acquire_timeout_ms",
        "VESTIBULE_DATABASE_ACQUIRE_TIMEOUT_MS",
        Some("3000"),
        "How long a request waits for a connection, the time to make one included, 100 to 60000 ms; then it is answered with 503.",
    ),
    setting(
        "database.statement_timeout_ms",
        "VESTIBULE_DATABASE_STATEMENT_TIMEOUT_MS",
        Some("2500"),
        "How long PostgreSQL may work on one statement, 100 to 60000 ms. Half a second later it counts as gone. Either way the answer is 503.",
    ),
    setting(
        "database.lock_timeout_ms",
        "VESTIBULE_DATABASE_LOCK_TIMEOUT_MS",
        Some("2000"),
        "How long a statement may wait for a lock that another holds, 100 to 60000 ms.",
    ),
    setting(
        "database.pooling",
        "VESTIBULE_DATABASE_POOLING",
        Some("session"),
        "What a connection to PostgreSQL is: `session` without a pooler or behind one that pools sessions (PgBouncer's `pool_mode = session`, its default), `transaction` behind one that gives each transaction another connection. Then every statement has a transaction of its own, which costs two round trips, and none stays prepared. The start stops where a pooler is not what this says.",
    ),
    setting(
        "database.migrate_on_start",
        "VESTIBULE_MIGRATE_ON_START",
        Some("on"),
        "Whether `serve` brings the schema up to date first: `on` or `off`.",
    ),
    secret(
        "redis.url",
        "REDIS_URL",
        "`redis://user:password@host:port/database`, or `rediss://` for TLS, which production needs unless Redis is on this machine or the URL says `?sslmode=disable`, where the network is trusted; `?sslrootcert=FILE` names the authority of its certificate, if it is not a public one. With it replicas share limits, and who is signed in is cached; without it each replica counts alone. It may go away and come back at any time.",
    ),
    setting(
        "redis.prefix",
        "VESTIBULE_REDIS_PREFIX",
        Some("vestibule"),
        "The beginning of every key and channel, for a Redis that several portals share.",
    ),
    secret(
        "secrets.master_key",
        "VESTIBULE_MASTER_KEY",
        "32 random bytes, in base64 or hexadecimal, that seal signing keys and key cookies and tokens. Default in development: made once and kept in the data folder. Needed in production, the same for all replicas.",
    ),
    secret(
        "mail.smtp_url",
        "SMTP_URL",
        "`smtps://user:password@host` or `smtp://host:port?tls=required`; `&sslrootcert=FILE` (after `smtps://host`, `?sslrootcert=FILE`) names the authority of the server's certificate, if it is not a public one. `smtp://host:port?sslmode=disable` encrypts nothing, where the network is trusted. A name behind the host, as in `smtps://mail.example.org/id.example.org`, is what the portal calls itself (`EHLO`); default: the host of the public URL. Without it, in development only, mails are shown at /dev/mailbox, to browsers on the same machine.",
    ),
    setting(
        "mail.from",
        "VESTIBULE_MAIL_FROM",
        Some(DEFAULT_FROM),
        "Sender of all mails, `Name <address>`. Needed in production.",
    ),
    setting(
        "mail.support_address",
        "VESTIBULE_SUPPORT_ADDRESS",
        None,
        "Address of a human, shown on pages and in mails; replies go there.",
    ),
    setting(
        "mail.anonymous_per_hour",
        "VESTIBULE_MAIL_ANONYMOUS_PER_HOUR",
        Some("2000"),
        "Mails that can be caused without signing in (registrations, forgotten passwords, new links), and confirmations of a new address, all networks together: so many at once and as many an hour, 10 to 1000000. A quarter of them is left to forgotten passwords. Beyond it the answer is 429. Stay below what your mail provider allows.",
    ),
    setting(
        "branding.product_name",
        "VESTIBULE_PRODUCT_NAME",
        Some("Vestibule"),
        "What pages and mails call the portal. One line of at most 60 characters.",
    ),
    setting(
        "branding.logo",
        "VESTIBULE_LOGO",
        None,
        "File with an SVG, PNG or WebP image of at most 256 KiB, shown beside the product name and as the icon of the tab; a square mark without the name looks best. A PNG, of at most 64 KiB, is in mails as well, where it takes the place of the product name, 40 pixels high on light and dark ground. Read at the start.",
    ),
    setting(
        "branding.accent",
        "VESTIBULE_ACCENT",
        None,
        "Colour of links and buttons on light pages and in mails, `#rrggbb`. Needs a contrast of 4.5 to 1 with the pages, or the start is refused with the nearest colour that has it. Default: `branding.accent_dark`, made dark enough; without either, the portal's own green.",
    ),
    setting(
        "branding.accent_dark",
        "VESTIBULE_ACCENT_DARK",
        None,
        "The same on dark pages. Default: `branding.accent`, made light enough.",
    ),
    setting(
        "locale.default",
        "VESTIBULE_LANGUAGE",
        Some("en"),
        "Language of pages and mails for who asks for none that there is: `en` or `de`.",
    ),
    setting(
        "registration.mode",
        "VESTIBULE_REGISTRATION_MODE",
        Some("open"),
        "`open`: a taken address is told. `private`: both cases answer alike and the owner gets a mail.",
    ),
    setting(
        "tokens.audience",
        "VESTIBULE_TOKEN_AUDIENCE",
        None,
        "The `aud` of access tokens. Default: the public URL.",
    ),
    setting(
        "tokens.access_minutes",
        "VESTIBULE_ACCESS_TOKEN_MINUTES",
        Some("15"),
        "How long an access token lives, 1 to 60 minutes, and never longer than its session. Services that look at the token alone believe it for so long after its session has ended.",
    ),
    setting(
        "tokens.refresh_days",
        "VESTIBULE_REFRESH_TOKEN_DAYS",
        Some("7"),
        "How long a refresh token lives unless it is used, 1 to 30 days; at most `sessions.persistent_days`.",
    ),
    setting(
        "tokens.refresh_grace_seconds",
        "VESTIBULE_REFRESH_GRACE_SECONDS",
        Some("30"),
        "How long a replayed refresh token gets the same successor, 0 to 60 s.",
    ),
    setting(
        "sessions.persistent_days",
        "VESTIBULE_SESSION_DAYS",
        Some("30"),
        "How long a session of an API client, or of a browser that was asked to stay signed in, lives from the sign-in, whatever happens in it, 1 to 90 days. NIST SP 800-63B asks for at most 30.",
    ),
    setting(
        "sessions.transient_hours",
        "VESTIBULE_SESSION_HOURS",
        Some("24"),
        "The same of every other session, 1 to 168 hours.",
    ),
    setting(
        "sessions.reauthentication_minutes",
        "VESTIBULE_REAUTHENTICATION_MINUTES",
        Some("10"),
        "How long after the password was given what is sensitive does without it, 1 to 60 minutes.",
    ),
    setting(
        "links.reset_minutes",
        "VESTIBULE_RESET_LINK_MINUTES",
        Some("60"),
        "How long a link that sets a new password works, 10 to 1440 minutes. Mails and pages say it, as of all links.",
    ),
    setting(
        "links.verify_hours",
        "VESTIBULE_VERIFY_LINK_HOURS",
        Some("24"),
        "How long a link that confirms an address works, 1 to 168 hours.",
    ),
    setting(
        "links.code_minutes",
        "VESTIBULE_CODE_MINUTES",
        Some("10"),
        "How long the six digits in the same mail work, 2 to 10 minutes, as ASVS 6.5.5 has it.",
    ),
    setting(
        "links.change_email_hours",
        "VESTIBULE_CHANGE_EMAIL_LINK_HOURS",
        Some("24"),
        "How long a link that confirms a new address works, 1 to 168 hours.",
    ),
    setting(
        "links.revert_email_hours",
        "VESTIBULE_REVERT_EMAIL_LINK_HOURS",
        Some("72"),
        "How long a link works that takes an account back to the address it left, 24 to 720 hours. So long nobody else can register that address.",
    ),
    setting(
        "links.restore_account_days",
        "VESTIBULE_DELETION_DELAY_DAYS",
        Some("14"),
        "Days between the request and the deletion of an account, 1 to 30; so long its link undoes it.",
    ),
    setting(
        "passwords.min_length",
        "VESTIBULE_PASSWORD_MIN_LENGTH",
        Some("8"),
        "Shortest password in characters, 8 to 64.",
    ),
    setting(
        "passwords.argon2_memory_kib",
        "VESTIBULE_ARGON2_MEMORY_KIB",
        Some("19456"),
        "Memory of one hash in KiB, up to 65536.",
    ),
    setting(
        "passwords.argon2_passes",
        "VESTIBULE_ARGON2_PASSES",
        Some("2"),
        "Passes of one hash over its memory, 1 to 10.",
    ),
    setting(
        "passwords.hash_threads",
        "VESTIBULE_HASH_THREADS",
        None,
        "Threads that hash passwords, 1 to 256. Default: one per core. Each owns the memory of one hash.",
    ),
    setting(
        "passwords.hash_queue",
        "VESTIBULE_HASH_QUEUE",
        None,
        "Passwords that may wait for a thread, 1 to 100000, and never more than take two seconds. Default: 64 per thread.",
    ),
    setting(
        "rate_limits",
        "VESTIBULE_RATE_LIMITS",
        Some("on"),
        "`on` or `off`; off is refused in production.",
    ),
    setting(
        "limits.requests",
        "VESTIBULE_LIMIT_REQUESTS",
        Some("600/50ms"),
        "Requests of any kind from one network: so many at once, and one more after each such time; at most `60000/500us`. Times of all limits are in `us`, `ms`, `s`, `m` or `h`, at most a day.",
    ),
    setting(
        "limits.sign_ins",
        "VESTIBULE_LIMIT_SIGN_INS",
        Some("50/10s"),
        "Wrong passwords from one network, at most `1000/500ms`. The limits of an account are no setting: [SECURITY.md](SECURITY.md#limits).",
    ),
    setting(
        "limits.registrations",
        "VESTIBULE_LIMIT_REGISTRATIONS",
        Some("20/60s"),
        "Registrations from one network, at most `2000/600ms`.",
    ),
    setting(
        "limits.mails",
        "VESTIBULE_LIMIT_MAILS",
        Some("20/60s"),
        "Mails that one network can cause, at most `2000/600ms`.",
    ),
    setting(
        "limits.mails_per_address",
        "VESTIBULE_LIMIT_MAILS_PER_ADDRESS",
        Some("5/10m"),
        "Mails of a kind that somebody can cause to one address, at most `20/1m`.",
    ),
    setting(
        "limits.links",
        "VESTIBULE_LIMIT_LINKS",
        Some("30/10s"),
        "Mailed links and codes tried from one network, at most `300/1s`.",
    ),
    setting(
        "limits.refreshes",
        "VESTIBULE_LIMIT_REFRESHES",
        Some("60/5s"),
        "Refreshes of one session, at most `600/500ms`.",
    ),
    setting(
        "limits.downloads",
        "VESTIBULE_LIMIT_DOWNLOADS",
        Some("5/10m"),
        "Downloads of the data of one account, at most `50/1m`.",
    ),
    setting(
        "limits.password_ratings",
        "VESTIBULE_LIMIT_PASSWORD_RATINGS",
        Some("120/1s"),
        "New passwords of one network that are rated while they are typed, at most `2000/50ms`.",
    ),
    list(
        "limits.shared_networks",
        "VESTIBULE_SHARED_NETWORKS",
        "Addresses and networks, comma-separated, that many people share, like the address of a school or company: what counts by network allows there `limits.shared_factor` times as much. IPv4 of /16 or smaller, IPv6 from /32 to /64. No limit of an account grows by it, nor that on wrong six-digit codes.",
    ),
    setting(
        "limits.shared_factor",
        "VESTIBULE_SHARED_NETWORKS_FACTOR",
        Some("10"),
        "How many times as much, 2 to 100.",
    ),
    setting(
        "retention.audit_days",
        "VESTIBULE_AUDIT_RETENTION_DAYS",
        Some("365"),
        "Days that audit events are kept, up to 36500; 0 for ever. Those that tell of a refresh or a refusal go after 30 days in any case.",
    ),
    setting(
        "retention.unverified_days",
        "VESTIBULE_UNVERIFIED_RETENTION_DAYS",
        Some("0"),
        "Days after which an account is deleted whose address was never confirmed, if nobody signed in to it for as long and no session is left, up to 3650; 0 never.",
    ),
    setting(
        "log.filter",
        "VESTIBULE_LOG",
        Some("info"),
        "Which log lines: a level (`off`, `error`, `warn`, `info`, `debug`, `trace`) and further `module=level`, for example `info` or `vestibule=debug,info`.",
    ),
    setting(
        "log.format",
        "VESTIBULE_LOG_FORMAT",
        None,
        "`pretty` or `json`. Default: pretty in development, json in production.",
    ),
    setting(
        "telemetry.otlp_endpoint",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        None,
        "URL of a collector of OpenTelemetry that takes OTLP over HTTP, for example `http://localhost:4318`; traces go to `/v1/traces` below it. Without it no traces are made. [OPERATIONS.md](OPERATIONS.md#traces) has the further variables of the standard.",
    ),
];

/// The reference of all settings, in Markdown: the text of docs/CONFIG.md.
pub fn reference() -> String {
    let mut text = String::from(
        "# Settings\n\nGenerated by `vestibule config reference`.\n\nThe environment wins over the TOML file, which is `vestibule.toml` in the working \
         folder or the one that `VESTIBULE_CONFIG` names. A secret may also be in a file that `<variable>_FILE` names. \
         Blanks around a value do not count, and an empty one counts as none. \
         Special characters in the user and password of a URL are percent-encoded (`%23` for `#`). \
         An unknown setting, or a name that looks like one, stops the start. `vestibule config show` prints what each setting is and where that \
         comes from.\n\n| variable | key in the file | default | meaning |\n|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        let default = setting
            .default
            .filter(|text| !text.is_empty())
            .map_or_else(String::new, |text| format!("`{text}`"));
        let secret = if setting.is_secret { " Secret." } else { "" };
        let _ = writeln!(
            text,
            "| `{}` | `{}` | {default} | {}{secret} |",
            setting.variable, setting.key, setting.help
        );
    }
    text
}
