//! What runs beside the requests.

mod audit_events;
mod cleanup;
mod mails;
mod signing_keys;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::supervisor::keep_running;
use crate::compose::Portal;

pub use audit_events::write_last;

/// Starts what runs beside the requests; the token says that one of it is lost.
pub fn start(portal: &Arc<Portal>, stop: &CancellationToken) -> CancellationToken {
    let lost = CancellationToken::new();
    let workers = Workers {
        portal,
        stop,
        lost: &lost,
    };
    workers.start("mails", |portal, stop| {
        mails::deliver(Arc::clone(&portal.auth), Arc::clone(&portal.mailer), stop)
    });
    workers.start("cleanup", |portal, stop| {
        cleanup::clean_up(Arc::clone(&portal.auth), portal.retention, stop)
    });
    workers.start("audit events", |portal, stop| {
        audit_events::write_due(Arc::clone(&portal.auth), stop)
    });
    workers.start("signing keys", |portal, stop| {
        signing_keys::follow(Arc::clone(&portal.auth), stop)
    });
    workers.start("changes from replicas", |portal, stop| {
        let cache = portal.shared_cache.clone();
        async move {
            match cache {
                Some(cache) => cache.listen(stop).await,
                None => stop.cancelled().await,
            }
        }
    });
    lost
}

struct Workers<'a> {
    portal: &'a Arc<Portal>,
    stop: &'a CancellationToken,
    lost: &'a CancellationToken,
}

impl Workers<'_> {
    fn start<W>(&self, name: &'static str, work: fn(&Portal, CancellationToken) -> W)
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let (portal, stop, lost) = (
            Arc::clone(self.portal),
            self.stop.clone(),
            self.lost.clone(),
        );
        self.portal.tasks.spawn(async move {
            let start = || work(&portal, stop.clone());
            if keep_running(name, &stop, start).await.is_err() {
                lost.cancel();
            }
        });
    }
}
