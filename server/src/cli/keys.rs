//! `vestibule keys`.

use std::process::ExitCode;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vestibule_core::model::{KeyKind, SigningKey};
use vestibule_core::ports::{Clock as _, SystemClock};
use vestibule_core::{
    CLOCK_LEEWAY, KeyRotation, KeyState, MasterKey, SystemRandom, rotate_signing_key, signing_keys,
};
use vestibule_storage::SqlDatabase;

use super::database::open_migrated;
use super::{Failure, print, unusable_master_key};
use crate::config::MaintenanceConfig;
use crate::process::master_key;

pub(super) async fn list(config: &MaintenanceConfig) -> Result<ExitCode, Failure> {
    let database = open_migrated(config, config.database.storage).await?;
    let mut count = 0;
    for kind in KeyKind::ALL {
        let keys = signing_keys(&*database, kind, SystemClock.now()).await?;
        for (key, state) in &keys {
            print(&key_line(key, *state)?)?;
        }
        count += keys.len();
    }
    if count == 0 {
        print("There is no key yet: the portal makes the first one when it starts.")?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn rotate(
    config: &MaintenanceConfig,
    emergency: bool,
    is_of_apps: bool,
) -> Result<ExitCode, Failure> {
    let database = open_migrated(config, config.database.storage).await?;
    let rotation = if emergency {
        KeyRotation::Emergency
    } else {
        KeyRotation::Planned
    };
    let (master_key, now) = (master_key(config)?, SystemClock.now());
    if let Some(databases) = database.clock().await? {
        match refuse_other_clock(now, databases) {
            // An operator in an emergency cannot always set a clock right,
            // and that of the database decides nothing.
            Err(Failure::Lines(lines)) if emergency => tracing::warn!("{}", lines.join("; ")),
            checked => checked?,
        }
    }
    let made_with = (&master_key, &SystemRandom as _);
    let is_wanted = |kind: &&KeyKind| (**kind != KeyKind::PORTAL) == is_of_apps;
    let mut count = 0;
    for kind in KeyKind::ALL.iter().filter(is_wanted) {
        // Of the kinds that no app wants there is none.
        let keys = signing_keys(&*database, *kind, now).await?;
        if !keys.is_empty() || *kind == KeyKind::PORTAL {
            let key = rotate_signing_key(&*database, *kind, made_with, now, rotation).await?;
            print(&format!("{} is published.", key.kid))?;
            count += 1;
        }
    }
    if count == 0 {
        return print("There is no key of apps yet: the first client makes it.");
    }
    list(config).await
}

/// From when keys sign is counted by this machine's clock, and has to be right for all replicas.
fn refuse_other_clock(ours: OffsetDateTime, databases: OffsetDateTime) -> Result<(), Failure> {
    let difference = (ours - databases).unsigned_abs();
    if difference <= CLOCK_LEEWAY {
        return Ok(());
    }
    Err(Failure::new(format!(
        "the clock of this machine and that of the database differ by {} s: set it right, or run the command elsewhere",
        difference.as_secs()
    )))
}

/// In columns, times in UTC to the second.
fn key_line(key: &SigningKey, state: KeyState) -> Result<String, Failure> {
    let time = |at: OffsetDateTime| at.truncate_to_second().format(&Rfc3339);
    let (name, column, at) = match (state, key.expires_at) {
        (KeyState::Next, _) => ("next", "signs from", Some(key.active_at)),
        (KeyState::Signing, None) => ("signing", "since", Some(key.active_at)),
        (KeyState::Signing, end) => ("signing", "believed until", end),
        (KeyState::Former, end) => ("former", "believed until", end),
        (KeyState::Withdrawn, end) => ("withdrawn", "from", end),
    };
    let at = at.map(time).transpose()?.unwrap_or_default();
    let of = match key.kind {
        KeyKind::PORTAL => String::new(),
        kind => format!("  {} {}", kind.set, kind.algorithm),
    };
    Ok(format!("{}  {name:<9} {column} {at}{of}", key.kid))
}

/// The one that seals the keys that there are; none is made here.
fn master_key(config: &MaintenanceConfig) -> Result<MasterKey, Failure> {
    if let Some(key) = &config.master_key {
        return Ok(key.clone());
    }
    let found = master_key::read(&config.data_dir)
        .map_err(|error| unusable_master_key(&config.data_dir, &error))?;
    found.ok_or_else(|| {
        Failure::setting(
            "VESTIBULE_MASTER_KEY (secrets.master_key)",
            "is needed: the one that the portal has",
        )
    })
}

/// The same, if it is the one of this database: with keys that another one seals no portal starts.
pub(super) async fn master_key_of(
    config: &MaintenanceConfig,
    store: &dyn SqlDatabase,
    now: OffsetDateTime,
) -> Result<MasterKey, Failure> {
    let master_key = master_key(config)?;
    for kind in KeyKind::ALL {
        for (key, _) in signing_keys(store, kind, now).await? {
            let opened = master_key.open(&key.kid, &key.sealed_private_key);
            opened.map_err(|_| {
                Failure::new(format!(
                    "the signing key {} was sealed under another master key: give the one that the portal has",
                    key.kid
                ))
            })?;
        }
    }
    Ok(master_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_half_a_minute_off_rotates_no_key() {
        let now = OffsetDateTime::UNIX_EPOCH;
        for (seconds, is_refused) in [
            (0, false),
            (30, false),
            (-30, false),
            (31, true),
            (-31, true),
        ] {
            let refused = refuse_other_clock(now, now + time::Duration::seconds(seconds));
            assert_eq!(refused.is_err(), is_refused, "{seconds}");
        }
    }
}
