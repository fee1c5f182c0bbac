//! What operators do with clients, at the command line or in the settings file.

use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::new_client::{ClientError, NewClient};
use crate::kernel::model::{Client, ClientSource};
use crate::kernel::ports::{Random, Store, StoreError, Transaction};
use crate::kernel::{Actor, AuditEvent, AuditRecord, AuthError};

/// Writes a new client; with its secret, which is not to be had again, where that was made.
///
/// # Errors
/// The first thing that is wrong with it; nothing is written then.
pub async fn add_client(
    store: &dyn Store,
    random: &dyn Random,
    now: OffsetDateTime,
    new: NewClient,
) -> Result<(Client, Option<Zeroizing<String>>), ClientError> {
    let new = new.check()?;
    let client = new.client(random.id(now), now);
    let secret = new.make_secret(client.id, random, now)?;
    let mut tx = store.begin().await?;
    if !tx.insert_client(&client).await? {
        return Err(ClientError::Taken(client.client_id));
    }
    let text = match secret {
        Some((row, text)) => {
            tx.insert_client_secret(&row).await?;
            text
        }
        None => None,
    };
    let event = AuditEvent::ClientAdded;
    audit(&mut *tx, random.id(now), event, &client, now).await?;
    tx.commit().await.map_err(AuthError::from)?;
    Ok((client, text))
}

/// Ends what a client has of all users, and gives it nothing more until it is enabled again.
///
/// # Errors
/// [`ClientError::Unknown`], [`ClientError::InConfig`].
pub async fn disable_client(
    store: &dyn Store,
    random: &dyn Random,
    now: OffsetDateTime,
    client_id: &str,
) -> Result<Client, ClientError> {
    let client = changeable(store, client_id).await?;
    set_enabled(store, random, now, client, false).await
}

/// Lets people sign in to a disabled client again.
///
/// # Errors
/// As for [`disable_client`].
pub async fn enable_client(
    store: &dyn Store,
    random: &dyn Random,
    now: OffsetDateTime,
    client_id: &str,
) -> Result<Client, ClientError> {
    let client = changeable(store, client_id).await?;
    set_enabled(store, random, now, client, true).await
}

/// Ends what a client has of all users, and hides it for good. Its id can be had again.
///
/// # Errors
/// As for [`disable_client`].
pub async fn remove_client(
    store: &dyn Store,
    random: &dyn Random,
    now: OffsetDateTime,
    client_id: &str,
) -> Result<Client, ClientError> {
    let client = changeable(store, client_id).await?;
    let mut tx = store.begin().await?;
    if !tx.remove_client(client.id, now).await? {
        return Err(ClientError::Unknown(client.client_id));
    }
    tx.end_app_sessions_of_client(client.id, now).await?;
    let event = AuditEvent::ClientRemoved;
    audit(&mut *tx, random.id(now), event, &client, now).await?;
    tx.commit().await?;
    Ok(client)
}

/// Brings the clients of the settings file into the database. One that is gone from the file is
/// disabled. Nothing is written where nothing has changed.
///
/// # Errors
/// The first thing that is wrong; those before it are written.
pub async fn sync_config_clients(
    store: &dyn Store,
    random: &dyn Random,
    now: OffsetDateTime,
    wanted: &[NewClient],
) -> Result<(), ClientError> {
    let known = store.reader().await?.clients().await?;
    for new in wanted {
        let mut known = known.iter();
        let before = known.find(|client| client.client_id == new.client_id);
        let defined = define(store, random, now, before, new.clone()).await;
        defined.map_err(|error| match error {
            ClientError::Failed(error) => ClientError::Failed(error),
            error => ClientError::Of {
                id: new.client_id.clone(),
                source: Box::new(error),
            },
        })?;
    }
    let is_gone = |client: &&Client| {
        let is_wanted = wanted.iter().any(|new| new.client_id == client.client_id);
        client.source == ClientSource::Config && client.is_enabled && !is_wanted
    };
    for client in known.iter().filter(is_gone) {
        set_enabled(store, random, now, client.clone(), false).await?;
    }
    Ok(())
}

async fn define(
    store: &dyn Store,
    random: &dyn Random,
    now: OffsetDateTime,
    before: Option<&Client>,
    new: NewClient,
) -> Result<(), ClientError> {
    match before {
        None => add_client(store, random, now, new).await.map(drop),
        Some(client) if client.source != ClientSource::Config => {
            Err(ClientError::Taken(client.client_id.clone()))
        }
        Some(client) => change(store, random, now, client, new).await,
    }
}

async fn change(
    store: &dyn Store,
    random: &dyn Random,
    now: OffsetDateTime,
    before: &Client,
    new: NewClient,
) -> Result<(), ClientError> {
    let new = new.check()?;
    let client = Client {
        created_at: before.created_at,
        updated_at: before.updated_at,
        ..new.client(before.id, now)
    };
    let secret = new.make_secret(client.id, random, now)?;
    let live = store.reader().await?.client_secrets(client.id, now).await?;
    let is_kept = secret.as_ref().is_none_or(|(row, _)| {
        live.iter()
            .any(|secret| secret.secret_hash == row.secret_hash)
    });
    if client == *before && is_kept {
        return Ok(());
    }
    let client = Client {
        updated_at: now,
        ..client
    };
    let mut tx = store.begin().await?;
    tx.update_client(&client).await?;
    if let Some((row, _)) = secret.filter(|_| !is_kept) {
        tx.insert_client_secret(&row).await?;
        tx.end_other_secrets(client.id, row.id, now).await?;
    }
    let event = AuditEvent::ClientChanged;
    audit(&mut *tx, random.id(now), event, &client, now).await?;
    tx.commit().await.map_err(AuthError::from)?;
    Ok(())
}

/// A client that the command line may change.
async fn changeable(store: &dyn Store, client_id: &str) -> Result<Client, ClientError> {
    let client = store.reader().await?.client(client_id).await?;
    let client = client.ok_or_else(|| ClientError::Unknown(client_id.to_owned()))?;
    if client.source == ClientSource::Config {
        return Err(ClientError::InConfig(client.client_id));
    }
    Ok(client)
}

async fn set_enabled(
    store: &dyn Store,
    random: &dyn Random,
    now: OffsetDateTime,
    client: Client,
    is_enabled: bool,
) -> Result<Client, ClientError> {
    let client = Client {
        is_enabled,
        updated_at: now,
        ..client
    };
    let mut tx = store.begin().await?;
    if !tx.update_client(&client).await? {
        return Err(ClientError::Unknown(client.client_id));
    }
    if !is_enabled {
        tx.end_app_sessions_of_client(client.id, now).await?;
    }
    let event = AuditEvent::ClientChanged;
    audit(&mut *tx, random.id(now), event, &client, now).await?;
    tx.commit().await?;
    Ok(client)
}

async fn audit(
    tx: &mut dyn Transaction,
    id: Uuid,
    event: AuditEvent,
    client: &Client,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let details = json!({
        "kind": client.kind.as_str(),
        "source": client.source.as_str(),
        "enabled": client.is_enabled,
    });
    let mut record = AuditRecord::without_request(id, event, Actor::Operator, details, now);
    record.client_id = Some(client.client_id.clone());
    tx.insert_audit(&record).await
}
