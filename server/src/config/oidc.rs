//! `[oidc]` and `[[client]]`.

use std::collections::BTreeSet;
use std::path::Path;

use vestibule_core::model::{
    Access, AuthMethod, ClientKind, ClientSettings, ClientSource, Consent, IdTokenAlgorithm, Pkce,
    Scope, Scopes,
};
use vestibule_core::{GivenSecret, NewClient};

use super::file::read_text;
use super::reader::Reader;
use super::setting::settings;

settings! {
    /// Whether apps can sign people in ([OIDC.md](OIDC.md)). Off, there is nothing below
    /// `/oauth2`.
    ENABLED: bool = "oidc.enabled", "VESTIBULE_OIDC", "on";
    /// What an app calls itself in requests: letters, digits and `. _ ~ -`. Each `[[client]]` is
    /// one app, with its own id. One that is taken out of the file is disabled.
    ID: Option<String> = "client.id", "";
    /// What people see of it. Default: its id.
    NAME: Option<String> = "client.name", "";
    /// A program on a server keeps a secret (`web`); one in a browser (`spa`) or on the user's own
    /// device (`native`) cannot.
    KIND: ClientKind = "client.kind", "", "web";
    /// Where answers may go, each as it is in the app's requests.
    REDIRECT_URIS: Vec<String> = "client.redirect_uris", "";
    /// Whether it is your own app, so that nobody has to agree to it.
    FIRST_PARTY: bool = "client.first_party", "", "off";
    /// Whether the secret is sent in the header (`basic`), in the body (`post`) or as the app likes
    /// (`secret`); `none` for one that has no secret.
    AUTH_METHOD: AuthMethod = "client.auth_method", "", "secret";
    /// What signs its ID tokens. `RS256` is what every library can verify.
    ALGORITHM: IdTokenAlgorithm = "client.algorithm", "", "RS256";
    /// What it may ask for: `openid`, `profile`, `email`, `groups`. Default: all of them.
    SCOPES: Vec<String> = "client.scopes", "";
    /// Whether it has to send a PKCE challenge (RFC 7636). Optional only for one with a secret that
    /// cannot.
    PKCE: Pkce = "client.pkce", "", "required";
    /// When people are asked whether the app may know who they are: once, and never for your own
    /// app (`default`), each time, or never.
    CONSENT: Consent = "client.consent", "", "default";
    /// Whether it may be redirected to without TLS at an address of a private network.
    ALLOW_HTTP: bool = "client.allow_http", "", "off";
    /// Where people open it. Pages that lead nowhere else link to it.
    HOME_URL: Option<String> = "client.home_url", "";
    /// Addresses that may use it. Without any, and without domains: everybody.
    ALLOW_ADDRESSES: Vec<String> = "client.allow_addresses", "";
    /// Domains whose addresses may use it.
    ALLOW_DOMAINS: Vec<String> = "client.allow_domains", "";
    /// Whether only people with a confirmed address get in. Many apps know people by it.
    VERIFIED_EMAIL: bool = "client.needs_verified_email", "", "on";
    /// Seconds that its ID tokens live.
    ID_TOKEN_LIFE: u32 = "client.id_token_life", "", "3600", in 300..=86_400;
    /// Seconds that its access tokens live.
    ACCESS_TOKEN_LIFE: u32 = "client.access_token_life", "", "900", in 300..=3600;
    /// A file with its secret of 32 characters or more.
    SECRET_FILE: Option<String> = "client.secret_file", "";
    /// The SHA-256 of its secret in hexadecimal, instead of the file.
    SECRET_SHA256: Option<String> = "client.secret_sha256", "";
}

/// The table that each client has.
pub(super) const CLIENT: &str = "client";

/// Signing in to apps.
#[derive(Clone, Debug)]
pub struct OidcConfig {
    pub enabled: bool,
    /// Those of the settings file.
    pub clients: Vec<NewClient>,
}

impl OidcConfig {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let enabled = reader.get(ENABLED);
        let mut ids = BTreeSet::new();
        let clients = reader.tables(CLIENT, read_client);
        for client in &clients {
            if !ids.insert(&client.client_id) {
                let id = &client.client_id;
                reader.refuse(
                    ID,
                    &format!("is `{id}` in two tables: each app has its own"),
                );
            }
        }
        Self { enabled, clients }
    }
}

fn read_client(reader: &mut Reader<'_>) -> NewClient {
    let client_id = reader.get(ID).unwrap_or_default();
    if client_id.is_empty() {
        reader.refuse(ID, "is needed in each [[client]]");
    }
    let auth_method = reader.get(AUTH_METHOD);
    let settings = ClientSettings {
        redirect_uris: reader.get(REDIRECT_URIS),
        auth_method,
        algorithm: reader.get(ALGORITHM),
        pkce: reader.get(PKCE),
        consent: reader.get(CONSENT),
        scopes: read_scopes(reader),
        access: Access {
            addresses: reader.get(ALLOW_ADDRESSES),
            domains: reader.get(ALLOW_DOMAINS),
        },
        needs_verified_email: reader.get(VERIFIED_EMAIL),
        allows_http: reader.get(ALLOW_HTTP),
        home_url: reader.get(HOME_URL),
        id_token_life: reader.get(ID_TOKEN_LIFE),
        access_token_life: reader.get(ACCESS_TOKEN_LIFE),
    };
    let kind = reader.get(KIND);
    let has_secret = kind == ClientKind::Web && auth_method != AuthMethod::None;
    NewClient {
        name: reader.get(NAME).unwrap_or_else(|| client_id.clone()),
        client_id,
        kind,
        source: ClientSource::Config,
        is_first_party: reader.get(FIRST_PARTY),
        settings,
        secret: read_secret(reader, has_secret),
    }
}

fn read_scopes(reader: &mut Reader<'_>) -> Scopes {
    let names = reader.get(SCOPES);
    if names.is_empty() {
        return Scope::ALL.iter().copied().collect();
    }
    let unknown = names.iter().find(|name| Scope::from_code(name).is_none());
    if let Some(name) = unknown {
        let all: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        let all = all.join(", ");
        reader.refuse(SCOPES, &format!("holds `{name}`: choose from {all}"));
    }
    Scopes::parse(&names.join(" "))
}

/// In the file itself a secret would be read by all who read the file.
fn read_secret(reader: &mut Reader<'_>, has_secret: bool) -> GivenSecret {
    match (reader.get(SECRET_FILE), reader.get(SECRET_SHA256)) {
        (Some(_), Some(_)) => {
            reader.refuse(SECRET_SHA256, "is given beside secret_file: keep one of them");
        }
        (Some(path), None) => match read_text(Path::new(&path)) {
            Ok(text) => return GivenSecret::Text(text.trim().into()),
            Err(error) => {
                reader.refuse(SECRET_FILE, &format!("names {path}, which cannot be read: {error}"));
            }
        },
        (None, Some(hash)) => return GivenSecret::Hash(hash),
        (None, None) if has_secret => reader.refuse(
            SECRET_FILE,
            "or secret_sha256 is needed for a client with a secret; without one set auth_method = \"none\"",
        ),
        (None, None) => {}
    }
    GivenSecret::Generated
}
