//! `vestibule serve`.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use vestibule_core::ports::{Mailer, SystemClock};
use vestibule_core::{MasterKey, SystemRandom};
use vestibule_mail::{Mailbox, MailboxMailer, SmtpMailer};
use vestibule_storage::SqlDatabase;

use super::{Failure, chain, database, unusable_master_key};
use crate::compose::{Adapters, Portal, build};
use crate::config::Config;
use crate::process::database_lock::{self, DatabaseLock};
use crate::process::lifecycle::{self, Ports, Starting, StopSignals};
use crate::process::listener;
use crate::process::master_key;
use crate::process::start_lines;
use crate::telemetry::Log;
use crate::telemetry::metrics::{self, Watched};

const PUBLIC: &str = "VESTIBULE_LISTEN (http.listen)";
const PRIVATE: &str = "VESTIBULE_PRIVATE_LISTEN (http.private_listen)";

pub(super) async fn serve(config: &Config, log: &Log) -> Result<ExitCode, Failure> {
    start_lines::log_start(config);
    let metrics = metrics::install()?;
    if config.needs_data_dir() {
        database::prepare_data_dir(&config.data_dir)?;
    }
    let _lock = take_database(config)?;
    // Before the database is changed: a second start by mistake changes nothing. The public port is
    // not open yet.
    let private = listener::reserve(config.http.private_listen)
        .and_then(listener::listen)
        .map_err(|error| unavailable(PRIVATE, config.http.private_listen, &error))?;
    let public = listener::reserve(config.http.listen)
        .map_err(|error| unavailable(PUBLIC, config.http.listen, &error))?;
    let database = database::open(&config.database, config.database.storage)?;
    // Also while it waits for its database: the first process of a container is not killed by a
    // signal that it does not hear.
    let mut signals = StopSignals::listen()?;
    let starting = Starting::begin(config, &private)?;
    let mut portal = tokio::select! {
        portal = start(config, Arc::clone(&database)) => portal?,
        () = signals.next() => return Ok(ExitCode::SUCCESS),
    };
    starting.end().await;
    let watched = Watched::new(metrics, Arc::clone(&portal.auth), Arc::clone(&database));
    let watched = Arc::new(watched);
    portal.private = portal.private.merge(metrics::router(Arc::clone(&watched)));
    let ports = Ports {
        public: listener::listen(public)
            .map_err(|error| unavailable(PUBLIC, config.http.listen, &error))?,
        private,
    };
    start_lines::log_serving(config, ports.public.local_addr()?);
    tokio::spawn(log.report_lost_lines());
    tokio::spawn(watched.keep_up());
    Ok(lifecycle::run(config, portal, database, ports, signals).await)
}

/// Two processes on one embedded database would not see each other's revocations at once.
fn take_database(config: &Config) -> Result<Option<DatabaseLock>, Failure> {
    let Some(file) = config.database.file() else {
        return Ok(None);
    };
    let lock = database_lock::lock(&file).map_err(|error| {
        Failure::new(format!(
            "DATABASE_URL (database.url) names {}, which cannot be written: {error}",
            file.display()
        ))
    })?;
    let taken = || {
        Failure::new(format!(
            "DATABASE_URL (database.url) names {}, which another vestibule serves: stop that one, or use PostgreSQL for several",
            file.display()
        ))
    };
    lock.map(Some).ok_or_else(taken)
}

async fn start(config: &Config, database: Arc<dyn SqlDatabase>) -> Result<Portal, Failure> {
    if config.database.migrate_on_start {
        database::bring_up_to_date(&*database).await?;
    } else {
        database::wait_until_up_to_date(&*database).await?;
    }
    let master_key = master_key(config)?;
    let clock = Arc::new(SystemClock);
    let (mailer, mailbox) = mailer(config, clock.clone())?;
    let adapters = Adapters {
        store: database,
        clock,
        random: Arc::new(SystemRandom),
        mailer,
        mailbox,
        master_key,
    };
    build(config, adapters)
        .await
        .map_err(|error| Failure::new(chain(&*error)))
}

fn master_key(config: &Config) -> Result<MasterKey, Failure> {
    match &config.master_key {
        Some(key) => Ok(key.clone()),
        None => master_key::load_or_create(&config.data_dir)
            .map_err(|error| unusable_master_key(&config.data_dir, &error)),
    }
}

type MailerAndMailbox = (Arc<dyn Mailer>, Option<Arc<Mailbox>>);

/// SMTP where a relay is configured; otherwise the development mailbox.
fn mailer(config: &Config, clock: Arc<SystemClock>) -> Result<MailerAndMailbox, Failure> {
    let settings = config.mail.settings.clone();
    if let Some(url) = &config.mail.smtp_url {
        let mailer = SmtpMailer::new(url, settings)?.calling_itself(&config.http.public_url);
        return Ok((Arc::new(mailer), None));
    }
    let mailbox = Arc::new(Mailbox::open(config.data_dir.join("mailbox"))?);
    let mailer = MailboxMailer::new(Arc::clone(&mailbox), settings, clock);
    Ok((Arc::new(mailer), config.shows_mailbox().then_some(mailbox)))
}

fn unavailable(setting: &str, address: SocketAddr, error: &std::io::Error) -> Failure {
    Failure::setting(
        setting,
        format!(
            "names {address}, which cannot be listened on: {error}; stop what uses it or name another"
        ),
    )
}
