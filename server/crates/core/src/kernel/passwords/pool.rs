//! Costly work on threads of its own, admitted by the time that it will have to wait.
//!
//! A queue that counts jobs says nothing about time: a few long jobs fill it with a minute of
//! work. This one adds up what the waiting jobs are expected to take, and refuses at once what
//! would wait too long.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use metrics::{counter, histogram};
use tokio::sync::oneshot;

use crate::kernel::abandon::Abandoned;
use crate::kernel::errors::AuthError;
use crate::kernel::lock::lock;

/// What a job is for; operations go before ratings, so that nobody's typing delays anybody's
/// registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    Operation,
    Rating,
}

/// The names of a pool's metrics.
#[derive(Clone, Copy)]
pub(crate) struct PoolMetrics {
    pub wait: &'static str,
    pub duration: &'static str,
    pub rejected: &'static str,
}

/// How much may wait in a pool.
#[derive(Clone, Copy)]
pub(crate) struct PoolSettings {
    pub threads: usize,
    /// Jobs that may wait: each keeps what it needs in memory.
    pub max_waiting: usize,
    /// The longest expected wait.
    pub max_wait: Duration,
    /// What a job is expected to take until some were measured.
    pub first_guess: Duration,
    pub metrics: PoolMetrics,
}

/// Gives whether it was done, or nobody waited for it.
type Work<S> = Box<dyn FnOnce(&mut S) -> bool + Send>;

struct Waiting<S> {
    work: Work<S>,
    permit: Permit<S>,
    since: Instant,
}

struct State<S> {
    operations: VecDeque<Waiting<S>>,
    ratings: VecDeque<Waiting<S>>,
    /// Places that were taken and not started.
    waiting: usize,
    /// What the jobs that were admitted and have not ended are expected to take.
    expected: [Duration; 2],
    /// The moving average of what a job takes.
    pace: Duration,
    is_closed: bool,
}

impl<S> State<S> {
    fn next(&mut self) -> Option<Waiting<S>> {
        self.operations
            .pop_front()
            .or_else(|| self.ratings.pop_front())
    }

    fn queue(&mut self, urgency: Urgency) -> &mut VecDeque<Waiting<S>> {
        match urgency {
            Urgency::Operation => &mut self.operations,
            Urgency::Rating => &mut self.ratings,
        }
    }

    /// The work before a new job: ratings wait for operations, not the other way round.
    fn ahead(&self, urgency: Urgency) -> Duration {
        match urgency {
            Urgency::Operation => self.expected[0],
            Urgency::Rating => self.expected.iter().sum(),
        }
    }
}

struct Core<S> {
    settings: PoolSettings,
    state: Mutex<State<S>>,
    wake: Condvar,
}

/// Ends the threads with the last handle.
struct End<S>(Arc<Core<S>>);

impl<S> Drop for End<S> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.is_closed = true;
        let rest = (
            std::mem::take(&mut state.operations),
            std::mem::take(&mut state.ratings),
        );
        drop(state);
        // Their permits are given back under the lock.
        drop(rest);
        self.0.wake.notify_all();
    }
}

/// The right to run one job, with its place in the queue.
pub(crate) struct Permit<S> {
    core: Arc<Core<S>>,
    urgency: Urgency,
    cost: Duration,
    is_waiting: bool,
}

impl<S> Permit<S> {
    fn start(&mut self) {
        self.is_waiting = false;
        let mut state = lock(&self.core.state);
        state.waiting = state.waiting.saturating_sub(1);
    }
}

impl<S> Drop for Permit<S> {
    fn drop(&mut self) {
        let mut state = lock(&self.core.state);
        let expected = &mut state.expected[self.urgency as usize];
        *expected = expected.saturating_sub(self.cost);
        if self.is_waiting {
            state.waiting = state.waiting.saturating_sub(1);
        }
    }
}

/// Why there is no permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Threads and the queue before them. They end when the last clone is dropped.
pub(crate) struct Pool<S> {
    core: Arc<Core<S>>,
    end: Arc<End<S>>,
}

impl<S> Clone for Pool<S> {
    fn clone(&self) -> Self {
        Self {
            core: Arc::clone(&self.core),
            end: Arc::clone(&self.end),
        }
    }
}

impl<S: Send + 'static> Pool<S> {
    /// Starts the threads, each with a state of its own.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(
        name: &str,
        settings: PoolSettings,
        new_state: impl Fn() -> S,
    ) -> std::io::Result<Self> {
        let core = Arc::new(Core {
            settings,
            state: Mutex::new(State {
                operations: VecDeque::new(),
                ratings: VecDeque::new(),
                waiting: 0,
                expected: [Duration::ZERO; 2],
                pace: settings.first_guess,
                is_closed: false,
            }),
            wake: Condvar::new(),
        });
        let pool = Self {
            end: Arc::new(End(Arc::clone(&core))),
            core,
        };
        for number in 0..settings.threads.max(1) {
            let core = Arc::clone(&pool.core);
            let mut state = new_state();
            std::thread::Builder::new()
                .name(format!("{name}-{number}"))
                .spawn(move || run(&core, &mut state))?;
        }
        Ok(pool)
    }

    /// Jobs that wait for a thread.
    pub fn waiting(&self) -> usize {
        lock(&self.core.state).waiting
    }

    /// Takes a permit.
    ///
    /// # Errors
    /// [`Full`] at once if the job would wait too long.
    pub fn reserve(&self, urgency: Urgency) -> Result<Permit<S>, Full> {
        let settings = &self.core.settings;
        let threads = u32::try_from(settings.threads.max(1)).unwrap_or(u32::MAX);
        let mut state = lock(&self.core.state);
        let wait = state.ahead(urgency) / threads;
        // A thread that is free takes a job whatever it is expected to cost.
        let must_wait = state.waiting > 0 || wait >= state.pace;
        if must_wait && (state.waiting >= settings.max_waiting || wait > settings.max_wait) {
            drop(state);
            counter!(settings.metrics.rejected).increment(1);
            return Err(Full);
        }
        let cost = state.pace;
        state.expected[urgency as usize] += cost;
        state.waiting += 1;
        drop(state);
        Ok(Permit {
            core: Arc::clone(&self.core),
            urgency,
            cost,
            is_waiting: true,
        })
    }

    /// Does the work with a permit that was taken. What nobody waits for any more when its turn
    /// comes is not done.
    ///
    /// # Errors
    /// [`AuthError::Abandoned`] for that; otherwise only defects.
    pub async fn run<T: Send + 'static>(
        &self,
        permit: Permit<S>,
        abandoned: &Abandoned,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Result<T, AuthError> {
        let (reply, answer) = oneshot::channel();
        let abandoned = abandoned.clone();
        let work = move |state: &mut S| {
            let is_wanted = !reply.is_closed() && !abandoned.is_abandoned();
            let _ = reply.send(is_wanted.then(|| work(state)));
            is_wanted
        };
        self.submit(permit, Box::new(work));
        answer
            .await
            .map_err(AuthError::internal)?
            .ok_or(AuthError::Abandoned)
    }

    fn submit(&self, permit: Permit<S>, work: Work<S>) {
        let waiting = Waiting {
            work,
            since: Instant::now(),
            permit,
        };
        let urgency = waiting.permit.urgency;
        lock(&self.core.state).queue(urgency).push_back(waiting);
        self.core.wake.notify_one();
    }
}

fn run<S>(core: &Core<S>, worker: &mut S) {
    let metrics = core.settings.metrics;
    while let Some(Waiting {
        work,
        mut permit,
        since,
    }) = next(core)
    {
        permit.start();
        histogram!(metrics.wait).record(since.elapsed());
        let started = Instant::now();
        // The caller gets an internal error; the thread lives on for the others.
        let was_done = catch_unwind(AssertUnwindSafe(|| work(worker)));
        if was_done.unwrap_or(true) {
            let took = started.elapsed();
            histogram!(metrics.duration).record(took);
            note_pace(core, took);
        }
        drop(permit);
    }
}

/// The next job, as soon as there is one; `None` at the end.
fn next<S>(core: &Core<S>) -> Option<Waiting<S>> {
    let mut state = lock(&core.state);
    loop {
        if state.is_closed {
            return None;
        }
        if let Some(next) = state.next() {
            return Some(next);
        }
        state = core
            .wake
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner);
    }
}

/// A job that takes long is believed sooner than one that takes no time.
fn note_pace<S>(core: &Core<S>, took: Duration) {
    let mut state = lock(&core.state);
    let weight = if took > state.pace { 4 } else { 16 };
    state.pace = (state.pace * (weight - 1) + took) / weight;
}

#[cfg(test)]
mod tests;
