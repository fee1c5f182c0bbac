//! The connections that are busy with a request. A site has its part of them and no more, and of
//! those that are kept waiting by their client the slowest makes room for others.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use vestibule_core::lock;

/// A client that keeps its request or its answer waiting for less
/// than this makes room for nobody: it may just be far away.
const SLOW_AFTER: Duration = Duration::from_millis(500);
/// How often a request that waits for its turn looks for a slow one.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// The requests of one port that are under way.
pub struct Busy {
    /// How many one site may have.
    of_site: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    /// What waits for its client, the oldest request first.
    slow: BTreeMap<Request, Slow>,
    sites: HashMap<IpAddr, Site>,
}

/// A request, older ones before newer ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request(u64);

struct Slow {
    site: IpAddr,
    since: Instant,
    cut: CancellationToken,
}

#[derive(Default)]
struct Site {
    busy: usize,
    slow: BTreeSet<Request>,
    /// The newest gets the next place: those that have waited for long may be given up already.
    queue: Vec<oneshot::Sender<Share>>,
}

/// One of the places that a site may have, until it is dropped.
pub struct Share {
    busy: Arc<Busy>,
    site: IpAddr,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.busy.pass_on(self.site);
    }
}

impl Busy {
    pub fn new(of_site: usize) -> Arc<Self> {
        Arc::new(Self {
            of_site,
            table: Mutex::default(),
        })
    }

    /// Waits until the site may have one more; meanwhile its slowest requests make room.
    pub async fn share(self: &Arc<Self>, site: IpAddr) -> Share {
        let mut turn = match self.ask(site) {
            Ok(share) => return share,
            Err(turn) => turn,
        };
        loop {
            self.cut_slowest_of(site);
            tokio::select! {
                biased;
                share = &mut turn => if let Ok(share) = share {
                    return share;
                },
                () = sleep(LOOK_INTERVAL) => {}
            }
        }
    }

    fn ask(self: &Arc<Self>, site: IpAddr) -> Result<Share, oneshot::Receiver<Share>> {
        let mut table = lock(&self.table);
        let of_site = table.sites.entry(site).or_default();
        if of_site.busy < self.of_site {
            of_site.busy += 1;
            return Ok(self.share_of(site));
        }
        let (sender, receiver) = oneshot::channel();
        if of_site.queue.len() == of_site.queue.capacity() {
            of_site.queue.retain(|waiting| !waiting.is_closed());
        }
        of_site.queue.push(sender);
        Err(receiver)
    }

    fn share_of(self: &Arc<Self>, site: IpAddr) -> Share {
        Share {
            busy: Arc::clone(self),
            site,
        }
    }

    /// Gives a place that is free to the request that waits for it, or back.
    fn pass_on(self: &Arc<Self>, site: IpAddr) {
        let waiting = {
            let mut table = lock(&self.table);
            let Some(of_site) = table.sites.get_mut(&site) else {
                return;
            };
            while of_site.queue.pop_if(|last| last.is_closed()).is_some() {}
            let waiting = of_site.queue.pop();
            if waiting.is_none() {
                of_site.busy -= 1;
                table.forget_if_idle(site);
            }
            waiting
        };
        if let Some(waiting) = waiting {
            // If it went away at this moment, the place is dropped and passed on.
            let _ = waiting.send(self.share_of(site));
        }
    }

    /// The name of a request that begins.
    pub fn begin(&self) -> Request {
        let mut table = lock(&self.table);
        table.next += 1;
        Request(table.next)
    }

    /// Notes that a request, which began at `since`, waits for its client;
    /// `cut` ends its connection.
    pub fn waits(&self, request: Request, site: IpAddr, since: Instant, cut: CancellationToken) {
        let mut table = lock(&self.table);
        table.slow.insert(request, Slow { site, since, cut });
        table.sites.entry(site).or_default().slow.insert(request);
    }

    /// Notes that it does so no more.
    pub fn goes_on(&self, request: Request) {
        lock(&self.table).take_out(request);
    }

    /// Ends the connection whose client has kept its
    /// request waiting for longest, if that is long enough.
    pub fn cut_slowest(&self) -> bool {
        let mut table = lock(&self.table);
        let slowest = table.slow.keys().next().copied();
        table.cut(slowest)
    }

    fn cut_slowest_of(&self, site: IpAddr) {
        let mut table = lock(&self.table);
        let of_site = table.sites.get(&site);
        let slowest = of_site.and_then(|of_site| of_site.slow.first().copied());
        table.cut(slowest);
    }
}

impl Table {
    fn cut(&mut self, request: Option<Request>) -> bool {
        let is_slow = |slow: &Slow| slow.since.elapsed() >= SLOW_AFTER;
        let Some(request) = request.filter(|request| self.slow.get(request).is_some_and(is_slow))
        else {
            return false;
        };
        if let Some(slow) = self.take_out(request) {
            tracing::debug!(client = %slow.site, "a slow client makes room for others");
            slow.cut.cancel();
        }
        true
    }

    fn take_out(&mut self, request: Request) -> Option<Slow> {
        let slow = self.slow.remove(&request)?;
        if let Some(of_site) = self.sites.get_mut(&slow.site) {
            of_site.slow.remove(&request);
        }
        self.forget_if_idle(slow.site);
        Some(slow)
    }

    fn forget_if_idle(&mut self, site: IpAddr) {
        let is_idle = |site: &Site| site.busy == 0 && site.slow.is_empty();
        if self.sites.get(&site).is_some_and(is_idle) {
            self.sites.remove(&site);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SITE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const OTHER: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

    async fn is_waiting(share: &mut tokio::task::JoinHandle<Share>) -> bool {
        tokio::time::timeout(LOOK_INTERVAL * 3, share)
            .await
            .is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn a_site_has_its_part_and_others_have_theirs() {
        let busy = Busy::new(2);
        let mut shares = vec![busy.share(SITE).await, busy.share(SITE).await];
        let ask = || {
            let busy = Arc::clone(&busy);
            tokio::spawn(async move { busy.share(SITE).await })
        };
        let (mut given_up, mut first) = (ask(), ask());
        assert!(is_waiting(&mut first).await && is_waiting(&mut given_up).await);
        let mut last = ask();
        assert!(is_waiting(&mut last).await);
        drop(busy.share(OTHER).await);
        given_up.abort();
        // The newest is the next.
        shares.pop();
        let last = last.await.unwrap();
        assert!(is_waiting(&mut first).await);
        drop(last);
        shares.push(first.await.unwrap());
        drop(shares);
        assert!(lock(&busy.table).sites.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_slowest_makes_room_once_it_is_slow() {
        let busy = Busy::new(1);
        let cuts = [(); 3].map(|()| CancellationToken::new());
        let cut = || cuts.clone().map(|cut| cut.is_cancelled());
        let waits = |at: usize, site| {
            let request = busy.begin();
            busy.waits(request, site, Instant::now(), cuts[at].clone());
            request
        };
        let first = waits(0, SITE);
        waits(1, OTHER);
        let last = waits(2, SITE);
        assert!(!busy.cut_slowest(), "they may just be far away");
        tokio::time::advance(SLOW_AFTER).await;
        busy.goes_on(first);
        busy.cut_slowest_of(SITE);
        assert_eq!(cut(), [false, false, true]);
        assert!(busy.cut_slowest());
        assert_eq!(cut(), [false, true, true]);
        assert!(!busy.cut_slowest());
        busy.goes_on(last);
        assert!(lock(&busy.table).sites.is_empty());
    }
}
