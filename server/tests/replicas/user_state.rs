//! What a simulated user knows of its account.

use std::net::Ipv4Addr;
use std::time::Instant;

use crate::http::{Connection, Door};
use crate::world::World;

/// The tokens of one session.
#[derive(Clone)]
pub struct Family {
    pub access: String,
    pub refresh: String,
    /// No second refresh while an earlier one may still be on its way: that one
    /// would be taken for a thief's.
    pub rests_until: Instant,
}

/// A session that was acknowledged to be over.
#[derive(Clone)]
pub struct Ended {
    pub family: Family,
    pub since: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reset {
    NotAsked,
    /// Whether it was acknowledged.
    Asked(bool),
    Done,
}

pub struct UserState {
    pub email: String,
    pub password: String,
    /// The address that its requests come from.
    pub address: String,
    pub families: Vec<Family>,
    pub ended: Vec<Ended>,
    pub reset: Reset,
    /// Whether the link of the welcome mail was used, or became void.
    pub is_verified: bool,
    pub passwords: u32,
    /// What it did, for finding the cause of a failure.
    pub acts: Vec<String>,
    pub since: Instant,
    /// Every secret of the account, none of which may be in a log.
    pub secrets: Vec<String>,
}

impl UserState {
    pub fn new(email: String, address: String) -> Self {
        let password = "violet harbour quartz 42".to_owned();
        Self {
            secrets: vec![password.clone()],
            email,
            password,
            address,
            families: Vec::new(),
            ended: Vec::new(),
            reset: Reset::NotAsked,
            is_verified: false,
            passwords: 0,
            since: Instant::now(),
            acts: Vec::new(),
        }
    }

    /// A connection to each door. Where the proxy says who a client is,
    /// each user has an address of its own.
    pub fn connections(&self, world: &World) -> Vec<Connection> {
        let own = self.address.parse::<Ipv4Addr>().unwrap().octets();
        let connect = |door: &Door| {
            let connection = Connection::to(door.clone());
            if door.has_tls() {
                connection.from([127, own[1], own[2], own[3]])
            } else {
                connection
            }
        };
        world.doors.iter().map(connect).collect()
    }

    pub fn end(&mut self, families: Vec<Family>) {
        let since = Instant::now();
        let ended = families.into_iter().map(|family| Ended { family, since });
        self.ended.extend(ended);
    }

    pub fn set_password(&mut self, password: String) {
        self.secrets.push(password.clone());
        self.password = password;
        // Mailed links are void under a new password.
        self.is_verified = true;
    }

    pub fn next_password(&mut self) -> String {
        self.passwords += 1;
        format!("copper lantern meadow {}", 900 + self.passwords)
    }
}
