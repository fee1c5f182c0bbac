//! Replicas are stopped and started one after the other behind the proxy, and nobody notices.

use std::time::{Duration, Instant};

use crate::fleet::{Doors, Fleet, pause};
use crate::load::{Load, verify_promises};
use crate::observations::Allowed;
use crate::{Scale, human};

/// In which the proxy finds that a replica is back: it looks once a second.
const PROXY_TIME: Duration = Duration::from_millis(1300);

pub fn run(scale: Scale, seed: u64) {
    let rounds = match scale {
        Scale::Short => 1,
        Scale::Full => 4,
    };
    under_load(&mut Fleet::start(Doors::Proxy, &[]), seed, rounds);
}

/// Every replica restarts so many times while users sign in and out, and no request fails.
pub fn under_load(fleet: &mut Fleet, seed: u64, rounds: usize) {
    let world = std::sync::Arc::clone(&fleet.world);
    world
        .observations
        .start_phase("rolling restart", Allowed::NO_FAULT);
    let load = {
        let _inside = fleet.runtime.enter();
        Load::begin(&world, seed)
    };
    pause(Duration::from_secs(1));
    for _ in 0..rounds {
        for number in 0..fleet.replicas.len() {
            let started = Instant::now();
            fleet.replicas[number].stop();
            let stopped = started.elapsed();
            let starting = Instant::now();
            fleet.replicas[number].start();
            println!(
                "replica {} stopped in {}, ready after {}",
                number + 1,
                human(stopped),
                human(starting.elapsed())
            );
            pause(PROXY_TIME);
        }
    }
    let states = fleet.runtime.block_on(load.end());
    world.observations.phase(|phase| {
        let (requests, failed) = (phase.requests, phase.unavailable + phase.lost);
        let slowest = human(phase.slowest);
        println!(
            "{requests} requests in {} restarts: {failed} failed, the slowest took {slowest}.",
            fleet.replicas.len() * rounds
        );
        assert!(requests > 300, "too few requests to judge");
    });
    world.observations.assert_no_violations();
    while fleet.count("from mail_outbox where status = 'pending'") > 0 {
        pause(Duration::from_millis(100));
    }
    fleet.runtime.block_on(verify_promises(&world, states));
    world.observations.assert_no_violations();
    fleet.verify();
}
