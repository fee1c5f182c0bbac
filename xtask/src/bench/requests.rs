//! What the clients ask for, again and again, each over a connection of its own. Where a client has
//! several accounts, it takes them in turn.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::client::{Client, bearer};
use super::portal::Tokens;

pub const HELLO: &str = "GET /health/live";
pub const KEYS: &str = "GET /.well-known/jwks.json";
pub const PAGE: &str = "GET /login";
pub const ME: &str = "GET /me";
pub const RIGHT: &str = "sign-in";
pub const WRONG: &str = "sign-in, wrong password";
pub const UNKNOWN: &str = "sign-in, unknown address";
pub const REFRESH: &str = "refresh";

/// Clients at once, where it is not said otherwise.
pub const CROWD: usize = 16;

pub fn credentials(email: &str, password: &str) -> Value {
    json!({ "email": email, "password": password })
}

pub fn is(status: u16, expected: u16) -> Result<()> {
    ensure!(status == expected, "{status} in the place of {expected}");
    Ok(())
}

/// The status of the answer to a POST of the API.
pub fn post(client: &mut Client, path: &str, body: &Value) -> Result<u16> {
    client.post(&format!("/api/v1/auth{path}"), "", &body.to_string())
}

pub fn get(port: u16, path: &'static str) -> Result<impl FnMut() -> Result<()> + Send> {
    let mut client = Client::connect(port)?;
    Ok(move || is(client.get(path, "")?, 200))
}

pub fn me(port: u16, users: Vec<Tokens>) -> Result<impl FnMut() -> Result<()> + Send> {
    let (mut client, mut turn) = (Client::connect(port)?, 0);
    Ok(move || {
        turn += 1;
        let user = &users[turn % users.len()];
        is(client.get("/api/v1/auth/me", &bearer(&user.access))?, 200)
    })
}

pub fn sign_in(
    port: u16,
    accounts: Vec<Value>,
    expected: u16,
) -> Result<impl FnMut() -> Result<()> + Send> {
    let (mut client, mut turn) = (Client::connect(port)?, 0);
    Ok(move || {
        turn += 1;
        let account = &accounts[turn % accounts.len()];
        is(post(&mut client, "/login", account)?, expected)
    })
}

/// Rotates a refresh token.
pub fn refresh(port: u16, mut users: Vec<Tokens>) -> Result<impl FnMut() -> Result<()> + Send> {
    let (mut client, mut turn) = (Client::connect(port)?, 0);
    Ok(move || {
        turn += 1;
        let place = turn % users.len();
        let body = json!({ "refresh_token": users[place].refresh });
        is(post(&mut client, "/refresh", &body)?, 200)?;
        users[place] = Tokens::read(&client)?;
        Ok(())
    })
}
