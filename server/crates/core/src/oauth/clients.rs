//! Finding clients.

use std::sync::Arc;

use super::client_cache::{BELIEVED_FOR, KnownClient, MAX_CLIENT_ID};
use crate::auth::Auth;
use crate::kernel::AuthError;

impl Auth {
    /// The client that calls itself so, if it is enabled.
    pub(super) async fn enabled_client(
        &self,
        client_id: &str,
    ) -> Result<Option<Arc<KnownClient>>, AuthError> {
        let known = self.known_client(client_id).await?;
        Ok(known.filter(|known| known.client.is_enabled))
    }

    async fn known_client(&self, client_id: &str) -> Result<Option<Arc<KnownClient>>, AuthError> {
        if client_id.len() > MAX_CLIENT_ID {
            return Ok(None);
        }
        let now = self.core.clock.now();
        let cache = &self.apps.clients.0;
        let is_fresh = |known: &Arc<KnownClient>| (now - known.read_at).abs() < BELIEVED_FOR;
        if let Some(known) = cache.get(client_id).filter(is_fresh) {
            return Ok(Some(known));
        }
        let mut store = self.core.store.reader().await?;
        let Some(client) = store.client(client_id).await? else {
            cache.invalidate(client_id);
            return Ok(None);
        };
        let secrets = store.client_secrets(client.id, now).await?;
        let known = Arc::new(KnownClient {
            client,
            secrets,
            read_at: now,
        });
        cache.insert(client_id.to_owned(), Arc::clone(&known));
        Ok(Some(known))
    }
}
