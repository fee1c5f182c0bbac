//! Clients, their secrets, and what is remembered about the deployment.

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;
use vestibule_core::model::{Client, ClientSecret, ClientSettings};
use vestibule_core::ports::{Clients, ReadClients, StoreError};

use crate::backend::Backend;
use crate::micros::Micros;
use crate::repository::{Query, Result, Row, SqlRepository, query, readers};
use crate::sql::{Sql, statements};

macro_rules! client_columns {
    () => {
        "id, client_id, kind, source, name, is_first_party, is_enabled, settings, created_at, updated_at"
    };
}

statements! {
    const BY_NAME: Sql = Sql::both(concat!("
select ", client_columns!(), "
from clients
where client_id = $1 and removed_at is null"));

    const ALL: Sql = Sql::both(concat!("
select ", client_columns!(), "
from clients
where removed_at is null
order by client_id"));

    const INSERT: Sql = Sql::both(concat!("
insert into clients (", client_columns!(), ")
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (client_id) where removed_at is null do nothing"));

    const UPDATE: Sql = Sql::both("
update clients
set kind = $3, source = $4, name = $5, is_first_party = $6, is_enabled = $7, settings = $8, updated_at = $10
where id = $1 and client_id = $2 and created_at = $9 and removed_at is null");

    const REMOVE: Sql = Sql::both("
update clients
set is_enabled = false, removed_at = $2, updated_at = $2
where id = $1 and removed_at is null");

    const END_SESSIONS: Sql = Sql::both("
update app_sessions
set ended_at = $2
where client_id = $1 and ended_at is null and expires_at > $2");

    const SECRETS: Sql = Sql::both("
select id, client_id, secret_hash, hint, created_at, expires_at
from client_secrets
where client_id = $1 and (expires_at is null or expires_at > $2)
order by id");

    const INSERT_SECRET: Sql = Sql::both("
insert into client_secrets (id, client_id, secret_hash, hint, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6)");

    const END_OTHER_SECRETS: Sql = Sql::both("
update client_secrets
set expires_at = $3
where client_id = $1 and id <> $2 and (expires_at is null or expires_at > $3)");

    const VALUE: Sql = Sql::both("select value from deployment where key = $1");

    const REMEMBER: Sql = Sql::both("
insert into deployment (key, value)
values ($1, $2)
on conflict (key) do nothing");
}

#[async_trait]
impl<DB: Backend> ReadClients for SqlRepository<DB> {
    async fn client(&mut self, client_id: &str) -> Result<Option<Client>> {
        self.fetch_optional(query!(BY_NAME, client_id), client)
            .await
    }

    async fn clients(&mut self) -> Result<Vec<Client>> {
        self.fetch_all(query!(ALL), client).await
    }

    async fn client_secrets(&mut self, id: Uuid, now: OffsetDateTime) -> Result<Vec<ClientSecret>> {
        self.fetch_all(query!(SECRETS, id, Micros(now)), secret)
            .await
    }

    async fn deployment_value(&mut self, key: &str) -> Result<Option<String>> {
        self.fetch_optional(query!(VALUE, key), |row| row.get("value"))
            .await
    }
}

#[async_trait]
impl<DB: Backend> Clients for SqlRepository<DB> {
    async fn insert_client(&mut self, client: &Client) -> Result<bool> {
        let insert = bind_client(query!(INSERT), client)?;
        Ok(self.execute(insert).await? > 0)
    }

    async fn update_client(&mut self, client: &Client) -> Result<bool> {
        let update = bind_client(query!(UPDATE), client)?;
        Ok(self.execute(update).await? > 0)
    }

    async fn remove_client(&mut self, id: Uuid, now: OffsetDateTime) -> Result<bool> {
        let remove = query!(REMOVE, id, Micros(now));
        Ok(self.execute(remove).await? > 0)
    }

    async fn end_app_sessions_of_client(&mut self, id: Uuid, now: OffsetDateTime) -> Result<u64> {
        self.execute(query!(END_SESSIONS, id, Micros(now))).await
    }

    async fn insert_client_secret(&mut self, secret: &ClientSecret) -> Result<()> {
        let insert = query!(
            INSERT_SECRET,
            secret.id,
            secret.client_id,
            secret.secret_hash.as_str(),
            secret.hint.as_str(),
            Micros(secret.created_at),
            secret.expires_at.map(Micros)
        );
        self.execute(insert).await.map(drop)
    }

    async fn end_other_secrets(&mut self, id: Uuid, kept: Uuid, end: OffsetDateTime) -> Result<()> {
        let update = query!(END_OTHER_SECRETS, id, kept, Micros(end));
        self.execute(update).await.map(drop)
    }

    async fn remember_value(&mut self, key: &str, value: &str) -> Result<String> {
        self.execute(query!(REMEMBER, key, value)).await?;
        let kept = self.deployment_value(key).await?;
        Ok(kept.unwrap_or_else(|| value.to_owned()))
    }
}

fn bind_client<DB: Backend>(query: Query<DB>, client: &Client) -> Result<Query<DB>> {
    let settings = serde_json::to_string(&client.settings)
        .map_err(|error| StoreError::Unexpected(Box::new(error)))?;
    Ok(query
        .bind(client.id)
        .bind(client.client_id.as_str())
        .bind(client.kind.as_str())
        .bind(client.source.as_str())
        .bind(client.name.as_str())
        .bind(client.is_first_party)
        .bind(client.is_enabled)
        .bind(settings.as_str())
        .bind(Micros(client.created_at))
        .bind(Micros(client.updated_at)))
}

fn client<DB: Backend>(row: &Row<DB>) -> Result<Client> {
    let settings: ClientSettings = serde_json::from_str(&row.get::<String>("settings")?)
        .map_err(|error| StoreError::Unexpected(Box::new(error)))?;
    Ok(Client {
        id: row.get("id")?,
        client_id: row.get("client_id")?,
        kind: row.get("kind")?,
        source: row.get("source")?,
        name: row.get("name")?,
        is_first_party: row.get("is_first_party")?,
        is_enabled: row.get("is_enabled")?,
        settings,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

readers! {
    secret: ClientSecret { id, client_id, secret_hash, hint, created_at, expires_at }
}
