//! The contracts of both ports, on every adapter.

use std::sync::Arc;

use vestibule_cache::{InProcessLimiter, InProcessPrincipals};
use vestibule_testkit::contract::{limiter, principals};
use vestibule_testkit::{limiter_contracts, principal_cache_contracts, redis_prefix, redis_url};

use crate::support::Replica;

macro_rules! limiter_tests {
    ($($name:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let one = Arc::new(InProcessLimiter::default());
                limiter::$name([one.clone(), one]).await;
                for url in redis_urls() {
                    let replicas = Replica::two(&url, &redis_prefix());
                    limiter::$name(replicas.map(|replica| replica.limiter)).await;
                }
            }
        )+
    };
}

macro_rules! principal_tests {
    ($($name:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                principals::$name(Arc::new(InProcessPrincipals::new(principals::LIFE))).await;
                for url in redis_urls() {
                    let replica = Replica::deaf(&url, &redis_prefix(), 1);
                    principals::$name(replica.principals.clone()).await;
                }
            }
        )+
    };
}

/// In both versions of the protocol.
fn redis_urls() -> Vec<String> {
    let url = redis_url();
    let newer = url.as_ref().map(|url| format!("{url}?protocol=resp3"));
    url.into_iter().chain(newer).collect()
}

limiter_contracts!(limiter_tests);
principal_cache_contracts!(principal_tests);
