use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use vestibule_core::lock;

use super::busy::{self, Busy, Share};
use super::limits::Limits;
use super::waiting::{Turn, Waiting};

/// Where a connection comes from.
#[derive(Clone, Copy)]
pub struct Site {
    pub address: IpAddr,
    /// A proxy brings the requests of many sites.
    pub is_proxy: bool,
}

/// What a connection is doing, as far as limits go: waiting for a request, or busy with one.
pub struct Activity {
    waiting: Arc<Waiting>,
    busy: Arc<Busy>,
    site: Site,
    /// Asks the connection to close as soon as it is not busy.
    pub closing: CancellationToken,
    /// Ends it, whatever it does.
    pub cut: CancellationToken,
    state: Mutex<State>,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of which each can change alone"
)]
struct State {
    /// A request was handed over, and its answer has not been taken whole.
    is_answering: bool,
    /// The rest of its body is waited for.
    is_receiving: bool,
    /// It, until its answer has been taken.
    request: Option<(busy::Request, Instant)>,
    /// Among the places of its site, unless a proxy brings it.
    share: Option<Arc<Share>>,
    /// Whether others know that it waits for its client.
    is_slow: bool,
    /// The system has not taken everything of the answer.
    has_unsent: bool,
    /// Since when the system takes nothing, because the client reads nothing.
    stalled_since: Option<Instant>,
    /// There while it waits.
    turn: Option<Turn>,
    waiting_since: Instant,
    /// When the first byte came of the request that is waited for.
    head_since: Option<Instant>,
    is_first: bool,
}

impl Activity {
    pub fn new(
        waiting: Arc<Waiting>,
        busy: Arc<Busy>,
        site: Site,
        closing: CancellationToken,
    ) -> Self {
        let turn = waiting.join(closing.clone());
        Self {
            waiting,
            busy,
            site,
            closing,
            cut: CancellationToken::new(),
            state: Mutex::new(State {
                is_answering: false,
                is_receiving: false,
                request: None,
                share: None,
                is_slow: false,
                has_unsent: false,
                stalled_since: None,
                turn: Some(turn),
                waiting_since: Instant::now(),
                head_since: None,
                is_first: true,
            }),
        }
    }

    /// The place of its request among those of its site.
    pub fn share(&self) -> Option<Arc<Share>> {
        lock(&self.state).share.clone()
    }

    /// When to cut it off, as things are; `None` while it answers and the client reads. `close_at`:
    /// when it has to go if it waits, whatever its time.
    pub fn deadline(&self, limits: &Limits, close_at: Option<Instant>) -> Option<Instant> {
        let state = lock(&self.state);
        if state.is_busy() {
            return state.stalled_since.map(|since| since + limits.stall);
        }
        let (since, time) = match state.head_since {
            Some(since) => (since, limits.head),
            None if state.is_first => (state.waiting_since, limits.head),
            None => (state.waiting_since, limits.idle),
        };
        let deadline = since + time;
        Some(close_at.map_or(deadline, |close_at| deadline.min(close_at)))
    }

    /// The head of a request has come: it waits for its turn,
    /// and for no longer than a head may take.
    pub async fn turn(&self, draining: &CancellationToken) -> Option<Share> {
        lock(&self.state).head_since = Some(Instant::now());
        if self.site.is_proxy {
            return None;
        }
        tokio::select! {
            biased;
            share = self.busy.share(self.site.address) => Some(share),
            // What was received is answered.
            () = draining.cancelled() => None,
        }
    }

    pub fn request_begins(&self, share: Option<Share>) {
        let mut state = lock(&self.state);
        // One that came before the answer to the request before it was sent whole.
        if let Some((before, _)) = state.request {
            self.busy.goes_on(before);
            state.is_slow = false;
        }
        state.is_answering = true;
        state.is_first = false;
        state.head_since = None;
        state.share = share.map(Arc::new);
        state.request = Some((self.busy.begin(), Instant::now()));
        self.queue(&mut state);
    }

    pub fn request_ends(&self) {
        let mut state = lock(&self.state);
        state.is_answering = false;
        // The library has it, and writes it from now on.
        state.has_unsent = true;
        self.queue(&mut state);
    }

    pub fn receives(&self, is_receiving: bool) {
        let mut state = lock(&self.state);
        state.is_receiving = is_receiving;
        self.queue(&mut state);
    }

    pub fn received(&self) {
        let mut state = lock(&self.state);
        if !state.is_busy() {
            state.head_since.get_or_insert_with(Instant::now);
        }
    }

    pub fn wrote(&self, written: &Poll<io::Result<usize>>) {
        let mut state = lock(&self.state);
        state.has_unsent = true;
        if written.is_pending() {
            state.stalled_since.get_or_insert_with(Instant::now);
        } else {
            state.stalled_since = None;
        }
        self.queue(&mut state);
    }

    /// The library flushes once it has written all that it has.
    pub fn flushed(&self) {
        let mut state = lock(&self.state);
        if state.has_unsent {
            state.has_unsent = false;
            self.queue(&mut state);
        }
    }

    /// Keeps what others know of it in step.
    fn queue(&self, state: &mut State) {
        self.note_slow(state);
        if !state.is_busy() {
            state.request = None;
            state.share = None;
        }
        match (state.is_busy(), state.turn) {
            (true, Some(turn)) => {
                state.turn = None;
                self.waiting.leave(turn);
            }
            (false, None) => {
                state.waiting_since = Instant::now();
                state.turn = Some(self.waiting.join(self.closing.clone()));
            }
            _ => {}
        }
    }

    fn note_slow(&self, state: &mut State) {
        let Some((request, since)) = state.request else {
            return;
        };
        match (state.waits_for_client(), state.is_slow) {
            (true, false) => {
                let (site, cut) = (self.site.address, self.cut.clone());
                self.busy.waits(request, site, since, cut);
            }
            (false, true) => self.busy.goes_on(request),
            _ => {}
        }
        state.is_slow = state.waits_for_client();
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        let state = lock(&self.state);
        if let Some(turn) = state.turn {
            self.waiting.leave(turn);
        }
        if let Some((request, _)) = state.request {
            self.busy.goes_on(request);
        }
    }
}

impl State {
    fn is_busy(&self) -> bool {
        self.is_answering || self.has_unsent
    }

    fn waits_for_client(&self) -> bool {
        self.is_busy() && (self.is_receiving || self.stalled_since.is_some())
    }
}
