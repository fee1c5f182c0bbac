//! A client as an operator defines it, and what must hold for one.

use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::client_cache::MAX_CLIENT_ID;
use super::redirect_uri::{self, RedirectUriError};
use crate::kernel::model::{
    AuthMethod, Client, ClientKind, ClientSecret, ClientSettings, ClientSource, Pkce, Scope,
    clean_name,
};
use crate::kernel::ports::{Random, StoreError};
use crate::kernel::{
    AuthError, Field, MAX_ACCESS_TOKEN_LIFE, MAX_ID_TOKEN_LIFE, hash_token, to_url_text,
};

const MAX_REDIRECT_URIS: usize = 20;
/// Of a secret that the operator chooses.
const MIN_SECRET_CHARS: usize = 32;
/// By which a scanner of sources finds a secret that got there.
const SECRET_PREFIX: &str = "vcs_";
/// In base 62 as many as hold 256 bits.
const SECRET_CHARS: usize = 43;
const BASE_62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The seconds that tokens may live.
const MIN_TOKEN_LIFE: u32 = 300;

/// A client as an operator defines it.
#[derive(Clone, Debug)]
pub struct NewClient {
    pub client_id: String,
    pub name: String,
    pub kind: ClientKind,
    pub source: ClientSource,
    pub is_first_party: bool,
    pub settings: ClientSettings,
    pub secret: GivenSecret,
}

/// The secret of a client that has one.
#[derive(Clone, Debug)]
pub enum GivenSecret {
    /// It is made now.
    Generated,
    Text(SecretString),
    /// Its SHA-256, in 64 hexadecimal digits.
    Hash(String),
}

/// Why a client is not defined or changed so.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the id must be 1 to {MAX_CLIENT_ID} letters, digits and any of . _ ~ -")]
    Id,
    #[error("the name must be 1 to 100 characters, without line breaks and invisible ones")]
    Name,
    #[error("needs a redirect URI: where the app takes its answer")]
    NoRedirectUri,
    #[error("has more than {MAX_REDIRECT_URIS} redirect URIs")]
    ManyRedirectUris,
    #[error("the redirect URI {uri} {source}")]
    RedirectUri {
        uri: String,
        source: RedirectUriError,
    },
    #[error("a client of kind {0} keeps no secret: the auth method must be none")]
    Method(ClientKind),
    #[error("a client without a secret cannot do without PKCE")]
    Pkce,
    #[error("the scope must have openid")]
    Scope,
    #[error("an access token may live {MIN_TOKEN_LIFE} to 3600 seconds")]
    AccessTokenLife,
    #[error("an ID token may live {MIN_TOKEN_LIFE} to 86400 seconds")]
    IdTokenLife,
    #[error("the home URL must begin with https:// or http://")]
    HomeUrl,
    #[error("the secret must have {MIN_SECRET_CHARS} characters or more of visible ASCII")]
    Secret,
    #[error("the SHA-256 of the secret must be 64 hexadecimal digits")]
    SecretHash,
    #[error("there is a client {0} already")]
    Taken(String),
    #[error("there is no client {0}")]
    Unknown(String),
    #[error("the client {0} is defined in the settings file: change it there")]
    InConfig(String),
    #[error("client {id}: {source}")]
    Of { id: String, source: Box<Self> },
    #[error(transparent)]
    Failed(#[from] AuthError),
}

impl From<StoreError> for ClientError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl NewClient {
    /// The same with what follows from its kind, if nothing is wrong with it.
    pub(super) fn check(mut self) -> Result<Self, ClientError> {
        let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
        if !(1..=MAX_CLIENT_ID).contains(&self.client_id.len())
            || !self.client_id.bytes().all(is_id)
        {
            return Err(ClientError::Id);
        }
        let name = clean_name(Field::FirstName, Some(&self.name));
        self.name = name.ok().flatten().ok_or(ClientError::Name)?;
        self.check_redirect_uris()?;
        let settings = &mut self.settings;
        if self.kind != ClientKind::Web {
            match settings.auth_method {
                AuthMethod::Secret | AuthMethod::None => settings.auth_method = AuthMethod::None,
                AuthMethod::Basic | AuthMethod::Post => {
                    return Err(ClientError::Method(self.kind));
                }
            }
        }
        if settings.auth_method == AuthMethod::None && settings.pkce == Pkce::Optional {
            return Err(ClientError::Pkce);
        }
        if !settings.scopes.contain(Scope::Openid) {
            return Err(ClientError::Scope);
        }
        let lives = |life: u32, longest: u64| life >= MIN_TOKEN_LIFE && u64::from(life) <= longest;
        if !lives(settings.access_token_life, MAX_ACCESS_TOKEN_LIFE.as_secs()) {
            return Err(ClientError::AccessTokenLife);
        }
        if !lives(settings.id_token_life, MAX_ID_TOKEN_LIFE.as_secs()) {
            return Err(ClientError::IdTokenLife);
        }
        if let Some(url) = &settings.home_url {
            let is_web = url.starts_with("https://") || url.starts_with("http://");
            if !is_web || url::Url::parse(url).is_err() {
                return Err(ClientError::HomeUrl);
            }
        }
        let access = &mut settings.access;
        for text in access.addresses.iter_mut().chain(&mut access.domains) {
            *text = text.trim().to_lowercase();
        }
        Ok(self)
    }

    fn check_redirect_uris(&self) -> Result<(), ClientError> {
        let settings = &self.settings;
        if settings.redirect_uris.is_empty() {
            return Err(ClientError::NoRedirectUri);
        }
        if settings.redirect_uris.len() > MAX_REDIRECT_URIS {
            return Err(ClientError::ManyRedirectUris);
        }
        for uri in &settings.redirect_uris {
            redirect_uri::check(uri, self.kind, settings.allows_http).map_err(|source| {
                ClientError::RedirectUri {
                    uri: uri.clone(),
                    source,
                }
            })?;
        }
        Ok(())
    }

    pub(super) fn client(&self, id: Uuid, now: OffsetDateTime) -> Client {
        Client {
            id,
            client_id: self.client_id.clone(),
            kind: self.kind,
            source: self.source,
            name: self.name.clone(),
            is_first_party: self.is_first_party,
            is_enabled: true,
            settings: self.settings.clone(),
            created_at: now,
            updated_at: now,
        }
    }

    /// The secret as it is stored, and its text where that was made now.
    #[expect(clippy::type_complexity, reason = "two things that are made together")]
    pub(super) fn make_secret(
        &self,
        client_id: Uuid,
        random: &dyn Random,
        now: OffsetDateTime,
    ) -> Result<Option<(ClientSecret, Option<Zeroizing<String>>)>, ClientError> {
        if self.settings.auth_method == AuthMethod::None {
            return Ok(None);
        }
        let (secret_hash, hint, text) = match &self.secret {
            GivenSecret::Generated => {
                let text = generate_secret(random);
                (hash_token(&text), hint(&text), Some(text))
            }
            GivenSecret::Text(text) => {
                let text = text.expose_secret();
                let is_good = text.len() >= MIN_SECRET_CHARS
                    && text.bytes().all(|byte| byte.is_ascii_graphic());
                if !is_good {
                    return Err(ClientError::Secret);
                }
                (hash_token(text), hint(text), None)
            }
            GivenSecret::Hash(hash) => {
                let hash = from_hex(hash).ok_or(ClientError::SecretHash)?;
                (to_url_text(&hash), String::new(), None)
            }
        };
        let row = ClientSecret {
            id: random.id(now),
            client_id,
            secret_hash,
            hint,
            created_at: now,
            expires_at: None,
        };
        Ok(Some((row, text)))
    }
}

/// Letters and digits alone: nothing in it is ever encoded.
fn generate_secret(random: &dyn Random) -> Zeroizing<String> {
    let mut text = Zeroizing::new(SECRET_PREFIX.to_owned());
    let mut bytes = Zeroizing::new([0; 64]);
    while text.len() < SECRET_PREFIX.len() + SECRET_CHARS {
        random.fill(bytes.as_mut());
        // Those of the last, incomplete part would come up more often.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        let letters = fair.map(|byte| char::from(BASE_62[usize::from(byte % 62)]));
        let missing = SECRET_PREFIX.len() + SECRET_CHARS - text.len();
        text.extend(letters.take(missing));
    }
    text
}

fn hint(secret: &str) -> String {
    secret[secret.len().saturating_sub(4)..].to_owned()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let is_hash = text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    is_hash.then(|| (0..64).step_by(2).map(byte).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::SystemRandom;

    #[test]
    fn a_secret_is_letters_and_digits_behind_its_mark() {
        let (one, other) = (
            generate_secret(&SystemRandom),
            generate_secret(&SystemRandom),
        );
        assert_ne!(*one, *other);
        let letters = one.strip_prefix("vcs_").unwrap();
        assert_eq!(letters.len(), 43);
        assert!(
            letters.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{letters}"
        );
        assert_eq!(hint(&one), one[one.len() - 4..]);
    }

    #[test]
    fn a_hash_is_64_digits() {
        assert_eq!(from_hex(&"0f".repeat(32)), Some(vec![15; 32]));
        for bad in ["", "0f", &"0g".repeat(32), &"ä".repeat(32)] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
    }
}
