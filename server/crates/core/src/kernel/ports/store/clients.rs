//! The programs that people sign in to.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Result;
use crate::kernel::model::{Client, ClientSecret};

/// Clients, as they are read. Removed ones are not found.
#[async_trait]
pub trait ReadClients {
    /// The client that calls itself so, enabled or not.
    async fn client(&mut self, client_id: &str) -> Result<Option<Client>>;

    /// All of them, by name.
    async fn clients(&mut self) -> Result<Vec<Client>>;

    /// The secrets of a client that are good at `now`, oldest first.
    async fn client_secrets(&mut self, id: Uuid, now: OffsetDateTime) -> Result<Vec<ClientSecret>>;

    /// What is remembered under a key about the deployment.
    async fn deployment_value(&mut self, key: &str) -> Result<Option<String>>;
}

#[async_trait]
pub trait Clients {
    /// Writes a new client; `false` if there is one that calls itself so.
    async fn insert_client(&mut self, client: &Client) -> Result<bool>;

    /// Writes what can be changed about a client: name, kind, trust, settings, and whether it is
    /// enabled. `false` if there is none.
    async fn update_client(&mut self, client: &Client) -> Result<bool>;

    /// Hides a client for good; `false` if there is none.
    async fn remove_client(&mut self, id: Uuid, now: OffsetDateTime) -> Result<bool>;

    /// Ends what all users have with a client; how many sessions there were.
    async fn end_app_sessions_of_client(&mut self, id: Uuid, now: OffsetDateTime) -> Result<u64>;

    async fn insert_client_secret(&mut self, secret: &ClientSecret) -> Result<()>;

    /// Ends secrets of a client, all but one.
    async fn end_other_secrets(&mut self, id: Uuid, kept: Uuid, end: OffsetDateTime) -> Result<()>;

    /// Remembers a value about the deployment, unless there is one; the one that there is then.
    async fn remember_value(&mut self, key: &str, value: &str) -> Result<String>;
}
