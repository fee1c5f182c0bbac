//! Each part breaks and comes back, while users sign in and out.
//! Nothing that was acknowledged is lost.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use vestibule_daemons::Line;
use vestibule_testkit::SmtpScript;

use crate::fleet::{Doors, Fleet, RECOVERY_TIME, REPLICAS, pause};
use crate::http::{Connection, Request};
use crate::ledger::{Ledger, wait_for_mail};
use crate::limits::wait_until_shared;
use crate::load::{Load, verify_promises};
use crate::observations::Allowed;
use crate::world::Dice;
use crate::{Scale, human};

#[derive(Clone, Copy, Debug)]
enum Fault {
    PostgresKilled,
    PostgresFrozen,
    /// Nothing arrives any more, and connections stay open:
    /// between PostgreSQL and all replicas but the first.
    PostgresSilent,
    BackendsTerminated,
    RedisKilled,
    RedisFrozen,
    /// The same between Redis and all replicas but the first.
    RedisSilent,
    MailAway,
    MailSlow,
    /// It never answers again, from some line of the dialogue on.
    MailSilent,
    MailPutOff,
    MailRefused,
    MailCut,
    ReplicaKilled(usize),
    AllKilled,
}

/// Each with its name; the last one first.
const ALL: [(Fault, &str); 17] = [
    (Fault::PostgresKilled, "PostgreSQL killed"),
    (Fault::PostgresFrozen, "PostgreSQL frozen"),
    (Fault::PostgresSilent, "line to PostgreSQL silent"),
    (Fault::BackendsTerminated, "PostgreSQL backends terminated"),
    (Fault::RedisKilled, "Redis killed, back empty"),
    (Fault::RedisFrozen, "Redis frozen"),
    (Fault::RedisSilent, "line to Redis silent"),
    (Fault::MailAway, "mail server away"),
    (Fault::MailSlow, "mail server slow"),
    (Fault::MailSilent, "mail server silent"),
    (Fault::MailPutOff, "mail server answers 451"),
    (Fault::MailRefused, "mail server answers 550"),
    (Fault::MailCut, "mail server hangs up"),
    (Fault::ReplicaKilled(0), "replica 1 killed"),
    (Fault::ReplicaKilled(1), "replica 2 killed"),
    (Fault::ReplicaKilled(2), "replica 3 killed"),
    (Fault::AllKilled, "all replicas killed"),
];

/// For so long the whole run breaks one thing after the other.
const FULL_TIME: Duration = Duration::from_secs(210);
/// Readiness says so within this time (I9).
const NOTICE_TIME: Duration = Duration::from_secs(5);
const TERMINATION_PAUSE: Duration = Duration::from_millis(150);
/// Where in the dialogue the mail server falls silent. At the end of a mail (".") it has taken it.
const SILENCES: [&str; 6] = [".", "MAIL", "", "DATA", "EHLO", "RCPT"];
const BETWEEN: Duration = Duration::from_millis(800);

impl Fault {
    fn allowed(self) -> Allowed {
        let seconds = Duration::from_secs;
        match self {
            Self::PostgresKilled
            | Self::PostgresFrozen
            | Self::PostgresSilent
            | Self::BackendsTerminated => Allowed {
                unavailable: true,
                lost: false,
                slowest: seconds(6),
            },
            Self::ReplicaKilled(_) | Self::AllKilled => Allowed {
                lost: true,
                ..Allowed::NO_FAULT
            },
            // Nobody who uses the portal notices.
            _ => Allowed::NO_FAULT,
        }
    }

    /// How many mails may be sent a second time because of it: one for each worker that dies before
    /// it has written down what it just sent. A database that is away meanwhile is waited for.
    fn duplicates(self) -> usize {
        match self {
            Self::ReplicaKilled(_) => 1,
            Self::AllKilled => REPLICAS,
            // What the mail server does not say is in its own book.
            _ => 0,
        }
    }

    /// Whether it is over for a worker the moment it happens.
    fn is_sudden(self) -> bool {
        matches!(self, Self::ReplicaKilled(_) | Self::AllKilled)
    }

    /// Waits until the portal is well again, and says how long that took.
    fn recover(self, fleet: &Fleet) -> Duration {
        let since = Instant::now();
        let ready = fleet.wait_for_readiness(200, RECOVERY_TIME);
        match self {
            Self::RedisKilled | Self::RedisFrozen | Self::RedisSilent => {
                wait_until_shared(fleet, since)
            }
            Self::MailAway
            | Self::MailSlow
            | Self::MailSilent
            | Self::MailPutOff
            | Self::MailRefused
            | Self::MailCut => receive_mail(fleet, since),
            _ => ready,
        }
    }

    /// Breaks it for a while and heals it; how long the
    /// portal took to notice, and to be well again.
    fn happen(self, fleet: &mut Fleet, length: Duration) -> (Option<Duration>, Duration) {
        let mut noticed = None;
        match self {
            Self::PostgresKilled => noticed = Some(kill_postgres(fleet, length)),
            Self::PostgresFrozen => noticed = Some(freeze_postgres(fleet, length)),
            Self::PostgresSilent => noticed = Some(silence_postgres(fleet, length)),
            Self::BackendsTerminated => terminate_backends(fleet, length),
            Self::RedisKilled => kill_redis(fleet, length),
            Self::RedisFrozen => freeze_redis(fleet, length),
            Self::RedisSilent => silence(fleet, &fleet.lines.redis, length),
            Self::MailAway => {
                let mails = &fleet.world.mails;
                fleet.runtime.block_on(mails.close());
                still_ready(fleet, length);
                fleet.runtime.block_on(mails.open());
            }
            Self::MailSlow => follow(fleet, SmtpScript::Slow { by: length / 8 }, length),
            Self::MailSilent => {
                let at = SILENCES[length.as_millis() as usize % SILENCES.len()];
                follow(fleet, SmtpScript::Silent { at }, length);
            }
            Self::MailPutOff => {
                let reply = "451 4.3.0 not now";
                follow(fleet, SmtpScript::Reply { at: "RCPT", reply }, length);
            }
            Self::MailRefused => refuse_mails(fleet, length),
            Self::MailCut => {
                for at in ["", "EHLO", "MAIL", "RCPT", "DATA", "."] {
                    follow(fleet, SmtpScript::Drop { at }, length / 6);
                }
            }
            Self::ReplicaKilled(number) => {
                fleet.replicas[number].kill();
                pause(length);
                return (None, restart(fleet, number));
            }
            Self::AllKilled => {
                for replica in &mut fleet.replicas {
                    replica.kill();
                }
                pause(length);
                let restarts = (0..REPLICAS).map(|number| restart(fleet, number));
                return (None, restarts.max().unwrap());
            }
        }
        (noticed, self.recover(fleet))
    }
}

/// How long the portal took to notice, as for the next ones.
fn kill_postgres(fleet: &mut Fleet, length: Duration) -> Duration {
    fleet.postgres.daemon().kill().unwrap();
    let noticed = fleet.wait_for_readiness(503, NOTICE_TIME);
    pause(length);
    fleet.postgres.daemon().start_again().unwrap();
    fleet.postgres.daemon().wait_until_ready().unwrap();
    noticed
}

fn freeze_postgres(fleet: &mut Fleet, length: Duration) -> Duration {
    fleet.postgres.daemon().freeze();
    let noticed = fleet.wait_for_readiness(503, NOTICE_TIME);
    pause(length);
    fleet.postgres.daemon().thaw();
    noticed
}

fn silence_postgres(fleet: &Fleet, length: Duration) -> Duration {
    fleet.lines.postgres.silence();
    let status = |has_lines| if has_lines { 503 } else { 200 };
    let noticed = fleet.wait_for_each(|replica| status(replica.has_lines), NOTICE_TIME);
    pause(length);
    fleet.lines.postgres.restore();
    noticed
}

fn kill_redis(fleet: &mut Fleet, length: Duration) {
    fleet.redis.daemon().kill().unwrap();
    still_ready(fleet, length);
    fleet.redis.daemon().start_again().unwrap();
    fleet.redis.daemon().wait_until_ready().unwrap();
}

fn freeze_redis(fleet: &mut Fleet, length: Duration) {
    fleet.redis.daemon().freeze();
    still_ready(fleet, length);
    fleet.redis.daemon().thaw();
}

fn still_ready(fleet: &Fleet, length: Duration) {
    let started = Instant::now();
    while started.elapsed() < length {
        fleet.wait_for_readiness(200, NOTICE_TIME);
        pause(Duration::from_millis(100));
    }
}

fn silence(fleet: &Fleet, line: &Line, length: Duration) {
    line.silence();
    still_ready(fleet, length);
    line.restore();
}

/// A new user gets the first mail.
fn receive_mail(fleet: &Fleet, since: Instant) -> Duration {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let email = format!("newcomer-{number}@example.org");
    let address: SocketAddr = fleet.replicas[number % REPLICAS].address;
    let body = json!({ "email": email, "password": "violet harbour quartz 42" });
    let client = format!("10.252.{}.{}", number / 250, 1 + number % 250);
    let request = Request::post("/register", &body).header("x-forwarded-for", &client);
    let mut connection = Connection::to(address);
    let answer = fleet.runtime.block_on(connection.ask(&request)).unwrap();
    assert_eq!(answer.status, 201, "{}", answer.body);
    wait_for_mail(&fleet.world, &email, "verify-email", since, RECOVERY_TIME)
}

fn terminate_backends(fleet: &Fleet, length: Duration) {
    let started = Instant::now();
    while started.elapsed() < length {
        fleet.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid() and random() < 0.5",
        );
        pause(TERMINATION_PAUSE);
    }
}

fn follow(fleet: &Fleet, script: SmtpScript, length: Duration) {
    fleet.world.mails.follow(script);
    still_ready(fleet, length);
    fleet.world.mails.follow(SmtpScript::Accept);
}

/// Mails to addresses that are refused for good are not sent again: whom that hits expects none.
fn refuse_mails(fleet: &Fleet, length: Duration) {
    let mails = &fleet.world.mails;
    let before = mails.seen(|seen| seen.commands.len());
    let reply = "550 5.1.1 unknown";
    follow(fleet, SmtpScript::Reply { at: "RCPT", reply }, length);
    // What was on its way is over.
    pause(Duration::from_millis(100));
    let refused: Vec<String> = mails.seen(|seen| {
        let commands = seen.commands[before..].iter();
        let recipients = commands.filter(|command| command.starts_with("RCPT"));
        let addresses = recipients.filter_map(|command| command.split(['<', '>']).nth(1));
        addresses.map(str::to_owned).collect()
    });
    fleet.world.refuse(refused);
}

/// From the start of the process to its first 200.
fn restart(fleet: &mut Fleet, number: usize) -> Duration {
    let started = Instant::now();
    fleet.replicas[number].start();
    let took = started.elapsed();
    assert!(took < RECOVERY_TIME, "replica {number} took {took:?}");
    took
}

/// The faults, each once, or all of them again and again in any order.
pub fn run(scale: Scale, seed: u64) {
    let mut fleet = Fleet::start(Doors::Replicas, &[]);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        break_things(&mut fleet, scale, seed);
    }));
    if let Err(panic) = result {
        println!("The logs are in {}", fleet.keep_logs().display());
        std::panic::resume_unwind(panic);
    }
}

fn break_things(fleet: &mut Fleet, scale: Scale, seed: u64) {
    let started = Instant::now();
    let mut dice = Dice::new(seed);
    fleet
        .world
        .observations
        .start_phase("at first", Allowed::NO_FAULT);
    let load = {
        let _inside = fleet.runtime.enter();
        Load::begin(&fleet.world, seed)
    };
    pause(BETWEEN);
    println!(
        "{:<32} {:>8} {:>8} {:>5} {:>5} {:>8} {:>8} {:>8}",
        "", "requests", "answered", "503", "lost", "slowest", "noticed", "well"
    );
    let mut ledger = Ledger::default();
    let mut faults = ALL.to_vec();
    while let Some(fault) = faults.pop() {
        let length = scale.length(&mut dice);
        happen(fleet, fault, length, &mut ledger);
        if faults.is_empty() && scale == Scale::Full {
            faults = ALL.to_vec();
            dice.shuffle(&mut faults);
        }
        if scale == Scale::Full && started.elapsed() > FULL_TIME {
            break;
        }
    }
    let states = fleet.runtime.block_on(load.end());
    settle(fleet, scale);
    let count = states.len();
    let secrets: BTreeSet<String> = states.iter().flat_map(|it| it.secrets.clone()).collect();
    fleet
        .runtime
        .block_on(verify_promises(&fleet.world, states));
    sum_up(fleet, count, ledger, &secrets);
    println!("The faults took {}.", human(started.elapsed()));
}

fn happen(
    fleet: &mut Fleet,
    (fault, name): (Fault, &'static str),
    length: Duration,
    ledger: &mut Ledger,
) {
    let world = Arc::clone(&fleet.world);
    world.observations.start_phase(name, fault.allowed());
    let since = Instant::now();
    let (noticed, well) = fault.happen(fleet, length);
    let until = if fault.is_sudden() {
        since
    } else {
        Instant::now()
    };
    ledger.note(name, since, until, fault.duplicates());
    // A user who waits before the next try is not too late for this phase.
    pause(Duration::from_millis(300));
    world.observations.phase(|phase| {
        println!(
            "{:<32} {:>8} {:>8} {:>5} {:>5} {:>8} {:>8} {:>8}",
            phase.name,
            phase.requests,
            phase.answered,
            phase.unavailable,
            phase.lost,
            human(phase.slowest),
            noticed.map(human).unwrap_or_default(),
            human(well),
        );
    });
    world
        .observations
        .start_phase(&format!("after: {name}"), Allowed::NO_FAULT);
    pause(BETWEEN);
}

/// Waits until every mail that is queued is sent or dead.
fn settle(fleet: &Fleet, scale: Scale) {
    fleet
        .world
        .observations
        .start_phase("at last", Allowed::NO_FAULT);
    pause(Duration::from_secs(1));
    let started = Instant::now();
    while fleet.count("from mail_outbox where status = 'pending'") > 0 {
        if scale == Scale::Short {
            // What a killed replica was sending waits two minutes for its lease to end, what failed
            // up to a minute: less here. What was leased a moment ago may be on its way.
            fleet.execute(
                "update mail_outbox set next_attempt_at = created_at, leased_until = null
                 where status = 'pending' and (leased_until is null or leased_until < now() + interval '115 seconds')",
            );
        }
        assert!(started.elapsed() < scale.settle_time(), "mails are left");
        pause(Duration::from_millis(250));
    }
}

fn sum_up(fleet: &Fleet, users: usize, ledger: Ledger, secrets: &BTreeSet<String>) {
    let world = &fleet.world;
    world.check_recipients();
    let deliveries = ledger.judge(world);
    let (requests, unavailable, lost) = world.observations.sums();
    let lines = fleet.log_lines(secrets);
    let alerts = lines
        .iter()
        .filter(|line| line.contains("Redis is of no help"))
        .count();
    println!(
        "{requests} requests of {users} users: {unavailable} were answered with 503, {lost} lost.\n\
         {} mails; sent again: {} that the mail server had not acknowledged, {} that were not written down (at most {}).\n\
         {} log lines, {alerts} of them about Redis.",
        deliveries.mails,
        deliveries.unacknowledged,
        deliveries.unmarked,
        deliveries.allowed,
        lines.len(),
    );
    world.observations.assert_no_violations();
    fleet.verify();
    println!("Everything acknowledged is there, what ended stayed so, and every invariant holds.");
}
