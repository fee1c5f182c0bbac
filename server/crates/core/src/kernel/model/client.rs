use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{IdTokenAlgorithm, Scope, Scopes, User};
use crate::kernel::errors::codes;

codes! {
    /// What kind of program a client is (RFC 6749, 2.1; RFC 8252).
    ClientKind {
        /// It runs on a server and keeps a secret.
        Web = "web",
        /// It runs in a browser.
        Spa = "spa",
        /// It runs on the user's own device.
        Native = "native",
    }
}

codes! {
    /// Where a client is defined.
    ClientSource {
        /// In the settings file, which alone changes it.
        Config = "config",
        /// By `vestibule client`.
        Cli = "cli",
    }
}

codes! {
    /// How a client proves who it is (OpenID Connect Core 1.0, 9).
    AuthMethod {
        /// With its secret, in the header or in the body as it likes.
        Secret = "secret",
        /// In the header (HTTP Basic).
        Basic = "basic",
        /// In the body.
        Post = "post",
        /// Not at all: it has no secret, and PKCE stands in.
        None = "none",
    }
}

codes! {
    /// Whether a client has to prove that a code is its own (RFC 7636).
    Pkce { Required = "required", Optional = "optional" }
}

codes! {
    /// When the user is asked whether an app may know who they are.
    Consent {
        /// Once for each scope; never for one of the operator's own.
        Default = "default",
        /// Each time.
        Always = "always",
        /// Never.
        Never = "never",
    }
}

/// Who may use an app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// Whole addresses, in small letters. Without any and without domains: everybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// Domains of addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
}

/// What an operator decides about a client. It is kept as JSON: what is not named there is as here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClientSettings {
    /// Where answers may go, each as it has to be in the request.
    pub redirect_uris: Vec<String>,
    pub auth_method: AuthMethod,
    pub algorithm: IdTokenAlgorithm,
    pub pkce: Pkce,
    pub consent: Consent,
    /// What it may ask for.
    pub scopes: Scopes,
    pub access: Access,
    /// Whether only users with a confirmed address get in: many apps know people by it.
    pub needs_verified_email: bool,
    /// Whether addresses without TLS may be redirected to in a private network.
    pub allows_http: bool,
    /// Where people open the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home_url: Option<String>,
    /// Seconds that an ID token lives.
    pub id_token_life: u32,
    /// Seconds that an access token lives.
    pub access_token_life: u32,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            redirect_uris: Vec::new(),
            auth_method: AuthMethod::Secret,
            algorithm: IdTokenAlgorithm::Rs256,
            pkce: Pkce::Required,
            consent: Consent::Default,
            scopes: Scope::ALL.iter().copied().collect(),
            access: Access::default(),
            needs_verified_email: true,
            allows_http: false,
            home_url: None,
            id_token_life: 60 * 60,
            access_token_life: 15 * 60,
        }
    }
}

/// A program that people sign in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    pub id: Uuid,
    /// What it calls itself in requests.
    pub client_id: String,
    pub kind: ClientKind,
    pub source: ClientSource,
    /// What people see of it.
    pub name: String,
    /// Whether it is the operator's own, so that nobody has to agree to it.
    pub is_first_party: bool,
    pub is_enabled: bool,
    pub settings: ClientSettings,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
}

/// A secret of a client, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    pub id: Uuid,
    pub client_id: Uuid,
    pub secret_hash: String,
    /// Its last characters.
    pub hint: String,
    pub created_at: OffsetDateTime,
    pub expires_at: Option<OffsetDateTime>,
}

impl Client {
    /// Whether it has no secret.
    pub fn is_public(&self) -> bool {
        self.settings.auth_method == AuthMethod::None
    }

    /// Whether the app lets this user in.
    pub fn admits(&self, user: &User) -> bool {
        let settings = &self.settings;
        let is_verified = user.is_email_verified || !settings.needs_verified_email;
        is_verified && settings.access.admits(&user.canonical_email())
    }
}

impl Access {
    /// Whether there is nobody who may not.
    pub fn is_for_everybody(&self) -> bool {
        self.addresses.is_empty() && self.domains.is_empty()
    }

    /// Whether the owner of the canonical address may use the app.
    pub fn admits(&self, canonical: &str) -> bool {
        let domain = canonical.rsplit_once('@').map_or("", |(_, domain)| domain);
        self.is_for_everybody()
            || self.addresses.iter().any(|address| address == canonical)
            || self.domains.iter().any(|allowed| allowed == domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_are_not_named_are_as_by_default() {
        let settings: ClientSettings = serde_json::from_str("{}").unwrap();
        assert_eq!(settings, ClientSettings::default());
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(
            serde_json::from_str::<ClientSettings>(&json).unwrap(),
            settings
        );
        // Of a newer version.
        assert!(serde_json::from_str::<ClientSettings>("{\"later\":1}").is_ok());
    }

    #[test]
    fn access_is_for_everybody_or_by_address_and_domain() {
        let everybody = Access::default();
        assert!(everybody.admits("ann@example.org"));
        let some = Access {
            addresses: vec!["ann@example.org".to_owned()],
            domains: vec!["example.com".to_owned()],
        };
        assert!(some.admits("ann@example.org") && some.admits("bob@example.com"));
        for other in ["bob@example.org", "ann@a.example.com", "example.com", ""] {
            assert!(!some.admits(other), "{other}");
        }
    }
}
