//! `vestibule client`: the programs that people sign in to.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vestibule_core::model::{
    Access, AuthMethod, Client, ClientKind, ClientSettings, ClientSource, Consent,
    IdTokenAlgorithm, Pkce, Scope, Scopes,
};
use vestibule_core::ports::{Clock as _, SystemClock};
use vestibule_core::{
    ClientError, GivenSecret, NewClient, SystemRandom, add_client, disable_client, enable_client,
    make_app_keys, remove_client,
};
use vestibule_storage::SqlDatabase;

use super::database::open_migrated;
use super::keys::master_key_of;
use super::{Failure, print};
use crate::config::{MaintenanceConfig, choose, read_text};

#[derive(Subcommand)]
pub(super) enum ClientCommand {
    /// Define a client; prints its id and, once, its secret
    Add(Box<Add>),
    /// Print all clients
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print one client; its secret is known to it alone
    Show(Named),
    /// End what the client has of all users, and give it nothing more
    Disable(Named),
    /// Let people sign in to a disabled client again
    Enable(Named),
    /// End what the client has of all users, and forget it
    Remove(Named),
}

#[derive(Args)]
pub(super) struct Named {
    /// What the client calls itself
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(super) struct Add {
    /// What the client calls itself in requests
    #[arg(long)]
    id: String,
    /// What people see of it; its id by default
    #[arg(long)]
    name: Option<String>,
    /// web (keeps a secret), spa (in a browser) or native (on the user's own device)
    #[arg(long, default_value = "web", value_parser = choose::<ClientKind>)]
    kind: ClientKind,
    /// Where answers may go, as in the client's requests; may be given several times
    #[arg(long = "redirect-uri", value_name = "URI", required = true)]
    redirect_uris: Vec<String>,
    /// It is your own app: nobody has to agree to it
    #[arg(long)]
    first_party: bool,
    /// How it sends its secret: secret (as it likes), basic, post; none for one without
    #[arg(long, default_value = "secret", value_parser = choose::<AuthMethod>)]
    auth_method: AuthMethod,
    /// What signs its ID tokens: RS256, ES256 or EdDSA
    #[arg(long, default_value = "RS256", value_parser = choose::<IdTokenAlgorithm>)]
    algorithm: IdTokenAlgorithm,
    /// What it may ask for; all of openid, profile, email and groups by default
    #[arg(long = "scope", value_name = "NAME", value_parser = scope)]
    scopes: Vec<Scope>,
    /// Whether it has to send a PKCE challenge: required or optional
    #[arg(long, default_value = "required", value_parser = choose::<Pkce>)]
    pkce: Pkce,
    /// When people are asked: default (once; never for your own app), always or never
    #[arg(long, default_value = "default", value_parser = choose::<Consent>)]
    consent: Consent,
    /// Redirect URIs without TLS may be in a private network
    #[arg(long)]
    allow_http: bool,
    /// Where people open it
    #[arg(long, value_name = "URL")]
    home_url: Option<String>,
    /// Who may use it; everybody by default
    #[arg(long = "allow-address", value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// The domain of addresses that may use it
    #[arg(long = "allow-domain", value_name = "DOMAIN")]
    domains: Vec<String>,
    /// People need not have confirmed their address
    #[arg(long)]
    allow_unverified: bool,
    /// How long an ID token lives, 300 to 86400
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    id_token_life: u32,
    /// How long an access token lives, 300 to 3600
    #[arg(long, default_value_t = 900, value_name = "SECONDS")]
    access_token_life: u32,
    /// Take the secret from a file instead of making one
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::from_code(text).ok_or_else(|| {
        let names: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        format!("must be one of {}", names.join(", "))
    })
}

pub(super) async fn run(
    config: &MaintenanceConfig,
    command: ClientCommand,
) -> Result<ExitCode, Failure> {
    let database = open_migrated(config, config.database.storage).await?;
    let (store, now) = (&*database, SystemClock.now());
    match command {
        ClientCommand::Add(add) => self::add(config, store, *add).await,
        ClientCommand::List { json } => list(store, json).await,
        ClientCommand::Show(named) => show(store, now, named).await,
        ClientCommand::Disable(named) => {
            let client = disable_client(store, &SystemRandom, now, &named.id).await?;
            done(&client, named.json, "is disabled")
        }
        ClientCommand::Enable(named) => {
            let client = enable_client(store, &SystemRandom, now, &named.id).await?;
            done(&client, named.json, "is enabled")
        }
        ClientCommand::Remove(named) => {
            let client = remove_client(store, &SystemRandom, now, &named.id).await?;
            done(&client, named.json, "is removed")
        }
    }
}

async fn add(
    config: &MaintenanceConfig,
    store: &dyn SqlDatabase,
    add: Add,
) -> Result<ExitCode, Failure> {
    let (now, in_json) = (SystemClock.now(), add.json);
    // Asked for before anything is written: without it there would be a client without keys.
    let master_key = master_key_of(config, store, now).await?;
    let (client, secret) = add_client(store, &SystemRandom, now, add.new_client()?).await?;
    // Before the keys, which may fail, and which the portal makes then: the secret is not to be
    // had again.
    print_added(&client, secret.as_deref().map(String::as_str), in_json)?;
    make_app_keys(store, &master_key, &SystemRandom, now).await?;
    Ok(ExitCode::SUCCESS)
}

fn print_added(client: &Client, secret: Option<&str>, in_json: bool) -> Result<ExitCode, Failure> {
    if in_json {
        let mut object = described(client)?;
        if let Some(secret) = secret {
            object["client_secret"] = secret.into();
        }
        return print(&object.to_string());
    }
    print(&format!("client_id      {}", client.client_id))?;
    if let Some(secret) = secret {
        print(&format!(
            "client_secret  {secret}  (shown once: keep it now)"
        ))?;
    }
    print(&format!(
        "open to        {}",
        open_to(&client.settings.access)
    ))?;
    print("discovery      /.well-known/openid-configuration below the portal's address")
}

impl Add {
    fn new_client(self) -> Result<NewClient, Failure> {
        let secret = match &self.secret_file {
            None => GivenSecret::Generated,
            Some(file) => {
                let name = file.display();
                let text = read_text(file).map_err(|error| {
                    Failure::new(format!(
                        "--secret-file names {name}, which cannot be read: {error}"
                    ))
                })?;
                GivenSecret::Text(text.trim().into())
            }
        };
        let scopes: Scopes = if self.scopes.is_empty() {
            Scope::ALL.iter().copied().collect()
        } else {
            self.scopes.into_iter().collect()
        };
        Ok(NewClient {
            name: self.name.unwrap_or_else(|| self.id.clone()),
            client_id: self.id,
            kind: self.kind,
            source: ClientSource::Cli,
            is_first_party: self.first_party,
            settings: ClientSettings {
                redirect_uris: self.redirect_uris,
                auth_method: self.auth_method,
                algorithm: self.algorithm,
                pkce: self.pkce,
                consent: self.consent,
                scopes,
                access: Access {
                    addresses: self.addresses,
                    domains: self.domains,
                },
                needs_verified_email: !self.allow_unverified,
                allows_http: self.allow_http,
                home_url: self.home_url,
                id_token_life: self.id_token_life,
                access_token_life: self.access_token_life,
            },
            secret,
        })
    }
}

async fn list(store: &dyn SqlDatabase, in_json: bool) -> Result<ExitCode, Failure> {
    let clients = store.reader().await?.clients().await?;
    if in_json {
        let all: Vec<Value> = clients.iter().map(described).collect::<Result<_, _>>()?;
        return print(&Value::from(all).to_string());
    }
    for client in &clients {
        let state = if client.is_enabled { "" } else { "  disabled" };
        let (id, kind, name) = (&client.client_id, client.kind.as_str(), &client.name);
        print(&format!("{id:<24} {kind:<7} {name}{state}"))?;
    }
    if clients.is_empty() {
        return print("There is no client yet: `vestibule client add` defines one.");
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(
    store: &dyn SqlDatabase,
    now: OffsetDateTime,
    named: Named,
) -> Result<ExitCode, Failure> {
    let mut reader = store.reader().await?;
    let client = reader.client(&named.id).await?;
    let client = client.ok_or(ClientError::Unknown(named.id))?;
    let secrets = reader.client_secrets(client.id, now).await?;
    let mut object = described(&client)?;
    object["secret_hints"] = secrets.into_iter().map(|secret| secret.hint).collect();
    if named.json {
        return print(&object.to_string());
    }
    for (name, value) in object.as_object().into_iter().flatten() {
        print(&format!("{name:<22} {}", in_words(value)))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn in_words(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().map(in_words).collect();
            texts.join(" ")
        }
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

fn done(client: &Client, in_json: bool, what: &str) -> Result<ExitCode, Failure> {
    if in_json {
        return print(&described(client)?.to_string());
    }
    print(&format!("{} {what}.", client.client_id))
}

/// A client as it is printed. Its secret is stored as a hash alone.
fn described(client: &Client) -> Result<Value, Failure> {
    let settings = &client.settings;
    Ok(json!({
        "client_id": client.client_id,
        "name": client.name,
        "kind": client.kind,
        "source": client.source,
        "first_party": client.is_first_party,
        "enabled": client.is_enabled,
        "open_to": open_to(&settings.access),
        "redirect_uris": settings.redirect_uris,
        "auth_method": settings.auth_method,
        "algorithm": settings.algorithm,
        "pkce": settings.pkce,
        "consent": settings.consent,
        "scopes": settings.scopes,
        "needs_verified_email": settings.needs_verified_email,
        "allow_http": settings.allows_http,
        "home_url": settings.home_url,
        "id_token_life": settings.id_token_life,
        "access_token_life": settings.access_token_life,
        "created_at": client.created_at.format(&Rfc3339)?,
    }))
}

fn open_to(access: &Access) -> String {
    if access.is_for_everybody() {
        return "everybody".to_owned();
    }
    let domains = access.domains.iter().map(|domain| format!("@{domain}"));
    let all: Vec<String> = access.addresses.iter().cloned().chain(domains).collect();
    all.join(", ")
}
