//! What operators see, with the files of `deploy/`: a real Prometheus asks the replicas, every
//! panel of the dashboards has an answer, and alerts about what happens to the portal arrive as a
//! mail and at the webhooks of the pagers.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use http::Uri;
use serde_json::{Value, json};
use tempfile::TempDir;
use vestibule_daemons::{Monitor, free_port};
use vestibule_testkit::{SmtpPeer, SmtpScript};

use crate::fleet::{Doors, Fleet, Replica, pause};
use crate::http::{Answer, Connection, Request};
use crate::ledger::wait_for_mail;
use crate::load::Load;
use crate::observations::Allowed;
use crate::world::header;

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy");
/// Rates over a minute have a value once there are two scrapes.
const WATCH_TIME: Duration = Duration::from_secs(20);
const ALERT_TIME: Duration = Duration::from_secs(30);

pub fn run(seed: u64) {
    let mut fleet = Fleet::start(Doors::Proxy, &[]);
    let receivers = Receivers::start(&fleet);
    fleet
        .world
        .observations
        .start_phase("monitoring", Allowed::NO_FAULT);
    // Before the first scrape: accounts are counted there, and then for 30 seconds not again.
    let clumsy = Clumsy::register(&fleet);
    let monitoring = Monitoring::start(&fleet, &receivers);
    watch_a_load(&fleet, clumsy, seed);
    monitoring.every_panel_has_an_answer();

    assert_eq!(receivers.notified_of("VestibuleSigningKeyOld"), [""; 0]);
    fleet.execute("update signing_keys set active_at = active_at - interval '1000 days'");
    // A replica that starts finds its key an old one.
    fleet.replicas[2].stop();
    fleet.replicas[2].start();
    receivers.expect("VestibuleSigningKeyOld", &["mail"]);
    fleet.replicas[0].kill();
    receivers.expect("VestibuleReplicaDown", &["slack"]);
    for replica in &mut fleet.replicas[1..] {
        replica.kill();
    }
    receivers.expect("VestibuleDown", &["pagerduty", "slack"]);
}

fn watch_a_load(fleet: &Fleet, clumsy: Clumsy<'_>, seed: u64) {
    let load = {
        let _inside = fleet.runtime.enter();
        Load::begin(&fleet.world, seed)
    };
    clumsy.do_everything();
    pause(WATCH_TIME);
    fleet.runtime.block_on(load.end());
    fleet.world.observations.assert_no_violations();
}

/// A user to whom everything happens once that panels show,
/// and which those of the load do seldom or never.
struct Clumsy<'a> {
    fleet: &'a Fleet,
    connection: Connection,
    refresh_token: String,
}

impl<'a> Clumsy<'a> {
    const EMAIL: &'static str = "clumsy@example.org";
    const PASSWORD: &'static str = "violet harbour quartz 42";
    const NEW_PASSWORD: &'static str = "copper lantern meadow 901";
    /// More than may be wrong in a row.
    const GUESSES: usize = 20;

    fn register(fleet: &'a Fleet) -> Self {
        let mut clumsy = Self {
            fleet,
            connection: Connection::to(fleet.world.doors[0].clone()),
            refresh_token: String::new(),
        };
        let body = json!({ "email": Self::EMAIL, "password": Self::PASSWORD });
        let registered = clumsy.post("/register", &body, 201);
        clumsy.refresh_token = registered.text("refresh_token");
        clumsy
    }

    fn do_everything(mut self) {
        self.reuse_a_refresh_token();
        let token = self.mailed("verify-email");
        self.post("/email/verify", &json!({ "token": token }), 200);
        self.guess_until_it_is_refused();
        self.post("/password/forgot", &json!({ "email": Self::EMAIL }), 200);
        let token = self.mailed("reset-password");
        let body = json!({ "token": token, "new_password": Self::NEW_PASSWORD });
        self.post("/password/reset", &body, 200);
        let body = json!({ "email": Self::EMAIL, "password": Self::NEW_PASSWORD });
        let access = self.post("/login", &body, 200).text("access_token");
        let answer = self.ask(Request::post("/logout", &Value::Null).bearer(&access));
        assert_eq!(answer.status, 204, "{}", answer.body);
        let answer = self.ask(Request::get("/me"));
        assert_eq!(answer.status, 401, "{}", answer.body);
    }

    fn reuse_a_refresh_token(&mut self) {
        let first = json!({ "refresh_token": self.refresh_token });
        let second = self.post("/refresh", &first, 200).text("refresh_token");
        let second = json!({ "refresh_token": second });
        self.post("/refresh", &second, 200);
        let answer = self.post("/refresh", &first, 401);
        assert_eq!(answer.text("code"), "refresh_token_reused");
    }

    fn guess_until_it_is_refused(&mut self) {
        let body = json!({ "email": Self::EMAIL, "password": "wrong" });
        let guess = || self.ask(Request::post("/login", &body)).status;
        let statuses: Vec<u16> = std::iter::repeat_with(guess).take(Self::GUESSES).collect();
        assert!(
            statuses[0] == 401 && statuses.contains(&429),
            "{statuses:?}"
        );
    }

    /// The token of a link, once it is mailed.
    fn mailed(&self, page: &str) -> String {
        let world = &self.fleet.world;
        wait_for_mail(world, Self::EMAIL, page, Instant::now(), ALERT_TIME);
        world.token_for(Self::EMAIL, page).unwrap()
    }

    #[track_caller]
    fn post(&mut self, path: &str, body: &Value, status: u16) -> Answer {
        let answer = self.ask(Request::post(path, body));
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        answer
    }

    /// From a network of their own.
    #[track_caller]
    fn ask(&mut self, request: Request) -> Answer {
        let request = request.header("x-forwarded-for", "10.0.0.1");
        let asking = self.fleet.world.ask(&mut self.connection, &request);
        let answer = self.fleet.runtime.block_on(asking);
        answer.expect("no answer")
    }
}

/// Prometheus, what it scrapes and what it notifies.
struct Monitoring {
    prometheus: Monitor,
    _others: [Monitor; 3],
}

impl Monitoring {
    fn start(fleet: &Fleet, receivers: &Receivers) -> Self {
        let alertmanager = receivers.alertmanager();
        let node = exporter("prometheus-node-exporter", |_| Vec::new());
        let blackbox = exporter("prometheus-blackbox-exporter", |folder| {
            copy("prometheus/blackbox.yml", &folder.join("blackbox.yml"), &[]);
            vec!["--config.file=blackbox.yml".to_owned()]
        });
        let targets = [
            ("alertmanager", list([alertmanager.address()])),
            ("node", list([node.address()])),
            ("blackbox", list([blackbox.address()])),
            (
                "vestibule",
                list(fleet.replicas.iter().map(Replica::private_address)),
            ),
            (
                "public",
                format!(
                    "- targets: ['http://{}/health/ready']\n  labels: {{ __exporter: '{}' }}\n",
                    fleet.proxy.address(),
                    blackbox.address()
                ),
            ),
        ];
        Self {
            prometheus: prometheus(&targets),
            _others: [alertmanager, node, blackbox],
        }
    }

    fn every_panel_has_an_answer(&self) {
        let output = Command::new(format!("{DEPLOY}/grafana/check-panels"))
            .arg("--strict")
            .arg(format!("http://{}", self.prometheus.address()))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let failed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}{failed}");
        // Among it what was answered by a constant alone, and why that may be.
        println!("panels: {said}");
    }
}

/// With the rules of the repository, and everything that takes minutes done in seconds.
fn prometheus(targets: &[(&str, String)]) -> Monitor {
    let (folder, port) = (Monitor::folder().unwrap(), free_port().unwrap());
    let path = folder.path();
    for name in ["rules", "targets"] {
        fs::create_dir(path.join(name)).unwrap();
    }
    let own = format!("127.0.0.1:{port}");
    let hurried = [
        ("scrape_interval: 15s", "scrape_interval: 1s"),
        ("scrape_interval: 30s", "scrape_interval: 1s"),
        ("scrape_timeout: 10s", "scrape_timeout: 1s"),
        ("evaluation_interval: 15s", "evaluation_interval: 1s"),
        ("localhost:9090", &own),
    ];
    copy(
        "prometheus/prometheus.yml",
        &path.join("prometheus.yml"),
        &hurried,
    );
    copy(
        "prometheus/rules/recording.yml",
        &path.join("rules/recording.yml"),
        &[],
    );
    let rules = fs::read_to_string(format!("{DEPLOY}/prometheus/rules/alerts.yml")).unwrap();
    let rules: Vec<&str> = rules
        .lines()
        .filter(|line| !line.trim_start().starts_with("for: "))
        .collect();
    fs::write(path.join("rules/alerts.yml"), rules.join("\n")).unwrap();
    for (name, text) in targets {
        fs::write(path.join(format!("targets/{name}.yml")), text).unwrap();
    }
    let args = [
        "--config.file=prometheus.yml".to_owned(),
        "--storage.tsdb.path=data".to_owned(),
        format!("--web.listen-address={own}"),
    ];
    Monitor::start("prometheus", &args, port, folder).unwrap()
}

fn exporter(program: &str, prepare: impl FnOnce(&Path) -> Vec<String>) -> Monitor {
    let (folder, port) = (Monitor::folder().unwrap(), free_port().unwrap());
    let mut args = prepare(folder.path());
    args.push(format!("--web.listen-address=127.0.0.1:{port}"));
    Monitor::start(program, &args, port, folder).unwrap()
}

fn list(addresses: impl IntoIterator<Item = SocketAddr>) -> String {
    let addresses = addresses.into_iter().map(|address| format!("'{address}'"));
    format!(
        "- targets: [{}]\n",
        addresses.collect::<Vec<_>>().join(", ")
    )
}

/// Copies a file of `deploy/` with some of its text changed, each of which is there.
fn copy(from: &str, to: &Path, changes: &[(&str, &str)]) {
    let mut text = fs::read_to_string(format!("{DEPLOY}/{from}")).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{from} has no {old}");
        text = text.replace(old, new);
    }
    fs::write(to, text).unwrap();
}

/// Whom Alertmanager notifies.
struct Receivers {
    mails: SmtpPeer,
    hooks: SocketAddr,
    /// Path and body of every call.
    calls: Arc<Mutex<Vec<(String, String)>>>,
}

impl Receivers {
    fn start(fleet: &Fleet) -> Self {
        let calls = Arc::<Mutex<Vec<(String, String)>>>::default();
        let record = {
            let calls = Arc::clone(&calls);
            move |uri: Uri, body: String| {
                calls.lock().unwrap().push((uri.path().to_owned(), body));
                async { "{}" }
            }
        };
        let (mails, hooks) = fleet.runtime.block_on(async {
            let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = port.local_addr().unwrap();
            let router = Router::new().fallback(record);
            tokio::spawn(async { axum::serve(port, router).await });
            (SmtpPeer::start(SmtpScript::Accept, "").await, address)
        });
        Self {
            mails,
            hooks,
            calls,
        }
    }

    /// With the routes of the repository, to these receivers, at once.
    fn alertmanager(&self) -> Monitor {
        let (folder, port) = (Monitor::folder().unwrap(), free_port().unwrap());
        self.configure(&folder);
        let args = [
            "--config.file=alertmanager.yml".to_owned(),
            "--storage.path=data".to_owned(),
            // No cluster.
            "--cluster.listen-address=".to_owned(),
            format!("--web.listen-address=127.0.0.1:{port}"),
        ];
        Monitor::start("prometheus-alertmanager", &args, port, folder).unwrap()
    }

    fn configure(&self, folder: &TempDir) {
        let secrets = format!("{}/", folder.path().display());
        let smarthost = format!("127.0.0.1:{}", self.mails.port());
        let hooks = format!("http://{}", self.hooks);
        let pagerduty = format!("global:\n  pagerduty_url: {hooks}/pagerduty");
        let changes = [
            ("global:", pagerduty.as_str()),
            ("smtp.example.com:587", &smarthost),
            ("smtp_auth_username", "# smtp_auth_username"),
            ("smtp_auth_password_file", "# smtp_auth_password_file"),
            ("smtp_require_tls: true", "smtp_require_tls: false"),
            ("group_wait: 30s", "group_wait: 1s"),
            ("group_interval: 5m", "group_interval: 1s"),
            ("/run/secrets/", &secrets),
        ];
        copy(
            "alertmanager/alertmanager.yml",
            &folder.path().join("alertmanager.yml"),
            &changes,
        );
        for (name, secret) in [
            ("alertmanager_slack_url", format!("{hooks}/slack")),
            ("alertmanager_pagerduty_key", "not-a-secret".to_owned()),
        ] {
            fs::write(folder.path().join(name), secret).unwrap();
        }
    }

    /// Who was notified of an alert, each once and in the order of the alphabet.
    fn notified_of(&self, alert: &str) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        let hooks = calls.iter().filter(|(_, body)| body.contains(alert));
        let mut notified: Vec<String> = hooks
            .map(|(path, _)| path.trim_start_matches('/').to_owned())
            .collect();
        let is_mailed = self.mails.seen(|seen| {
            let mut mails = seen.messages.iter();
            mails.any(|mail| header(&mail.text, "Subject").contains(alert))
        });
        notified.extend(is_mailed.then(|| "mail".to_owned()));
        notified.sort();
        notified.dedup();
        notified
    }

    #[track_caller]
    fn expect(&self, alert: &str, expected: &[&str]) {
        let started = Instant::now();
        loop {
            let notified = self.notified_of(alert);
            if notified == expected {
                println!(
                    "{alert}: {} notified after {:?}",
                    notified.join(" and "),
                    started.elapsed()
                );
                return;
            }
            assert!(
                started.elapsed() < ALERT_TIME,
                "{alert} was notified to {notified:?} and not to {expected:?}: {:?}",
                self.calls.lock().unwrap()
            );
            pause(Duration::from_millis(200));
        }
    }
}
