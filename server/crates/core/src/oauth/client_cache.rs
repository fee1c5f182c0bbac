//! What was read of clients lately. They are asked for with each request and change rarely, so what
//! was read is believed for five seconds.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use crate::kernel::model::{Client, ClientSecret};

pub(super) const BELIEVED_FOR: Duration = Duration::seconds(5);
/// Clients that are remembered.
const MAX_CLIENTS: u64 = 10_000;
/// Longer names are none of a client.
pub(super) const MAX_CLIENT_ID: usize = 100;

/// A client with its secrets.
pub struct KnownClient {
    pub client: Client,
    pub secrets: Vec<ClientSecret>,
    pub read_at: OffsetDateTime,
}

/// What was read of clients lately. What is not there is asked for each time: a new client is known
/// at once.
pub(crate) struct ClientCache(pub moka::sync::Cache<String, Arc<KnownClient>>);

impl Default for ClientCache {
    fn default() -> Self {
        let cache = moka::sync::Cache::builder().max_capacity(MAX_CLIENTS);
        Self(cache.build())
    }
}
