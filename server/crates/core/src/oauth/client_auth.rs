//! How a client proves who it is (RFC 6749, 2.3; OpenID Connect Core 1.0, 9).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

use super::client_cache::KnownClient;
use super::error::{OAuthError, OAuthErrorCode, OAuthRefusal};
use super::parameters::Parameters;
use crate::auth::Auth;
use crate::kernel::limits::{CLIENT_REQUESTS, CLIENT_SECRETS, REQUEST_NETWORK};
use crate::kernel::model::AuthMethod;
use crate::kernel::ports::Charge;
use crate::kernel::{Call, equal_in_constant_time, hash_token};

/// What a request says of its client.
#[derive(Debug, PartialEq, Eq)]
struct Credentials {
    client_id: String,
    /// The secret in each way that it may be meant.
    secrets: Vec<String>,
    method: AuthMethod,
}

const INVALID_CLIENT: OAuthRefusal =
    OAuthErrorCode::InvalidClient.because("The client is unknown, or its credentials are wrong.");

impl Auth {
    /// The client behind a request of a program. Wrong secrets are counted for client and network
    /// together, so that nobody locks the real client out. A client that has proved who it is is
    /// counted by itself, and no longer with its network.
    pub(super) async fn authenticate_client(
        &self,
        call: &Call<'_>,
        authorization: Option<&str>,
        parameters: &Parameters,
    ) -> Result<Arc<KnownClient>, OAuthError> {
        let credentials = Credentials::read(authorization, parameters)?;
        let tried = credentials.charges(call);
        call.take(&tried).await?;
        let known = self.enabled_client(&credentials.client_id).await;
        if known.is_err() {
            call.give_back(&tried).await;
        }
        let known = known?.filter(|known| credentials.are_of(known, call));
        let known = known.ok_or(INVALID_CLIENT)?;
        if !known.client.is_public() {
            let of_network = REQUEST_NETWORK.of(&call.network());
            call.give_back(&[tried, vec![of_network]].concat()).await;
            let charge = CLIENT_REQUESTS.of(&known.client.id.to_string());
            call.take(&[charge]).await?;
        }
        Ok(known)
    }
}

impl Credentials {
    fn read(authorization: Option<&str>, parameters: &Parameters) -> Result<Self, OAuthRefusal> {
        use OAuthErrorCode::InvalidRequest;
        let (id, secret) = (
            parameters.get("client_id")?,
            parameters.get("client_secret")?,
        );
        if parameters.has("client_assertion") {
            return Err(INVALID_CLIENT);
        }
        let Some(authorization) = authorization else {
            let client_id = id.ok_or(INVALID_CLIENT)?.to_owned();
            let method = secret.map_or(AuthMethod::None, |_| AuthMethod::Post);
            let secrets = secret.into_iter().map(str::to_owned).collect();
            return Ok(Self {
                client_id,
                secrets,
                method,
            });
        };
        let basic = Self::read_basic(authorization).ok_or(INVALID_CLIENT)?;
        if secret.is_some() {
            return Err(
                InvalidRequest.because("The client has to send its secret in one way only.")
            );
        }
        if id.is_some_and(|id| id != basic.client_id) {
            return Err(InvalidRequest.because("The client_id is not that of the credentials."));
        }
        Ok(basic)
    }

    /// RFC 6749 has id and secret encoded as in a form; half of the clients send them as they are,
    /// so both are tried.
    fn read_basic(authorization: &str) -> Option<Self> {
        let (scheme, encoded) = authorization.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = STANDARD.decode(encoded.trim()).ok()?;
        let decoded = String::from_utf8(decoded).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        let mut secrets = vec![form_decoded(secret)];
        if secrets[0] != secret {
            secrets.push(secret.to_owned());
        }
        Some(Self {
            client_id: form_decoded(id),
            secrets,
            method: AuthMethod::Basic,
        })
    }

    /// What a wrong secret costs. Where none is shown, nothing can be guessed.
    fn charges(&self, call: &Call<'_>) -> Vec<Charge> {
        let key = format!("{}:{}", hash_token(&self.client_id), call.network());
        let is_shown = !self.secrets.is_empty();
        is_shown
            .then(|| CLIENT_SECRETS.of(&key))
            .into_iter()
            .collect()
    }

    fn are_of(&self, known: &KnownClient, call: &Call<'_>) -> bool {
        let wanted = known.client.settings.auth_method;
        let is_method = match wanted {
            AuthMethod::Secret => self.method != AuthMethod::None,
            AuthMethod::Basic | AuthMethod::Post | AuthMethod::None => wanted == self.method,
        };
        let live = known
            .secrets
            .iter()
            .filter(|secret| secret.expires_at.is_none_or(|end| end > call.now));
        // All of them are compared, whichever is right.
        let mut is_right = wanted == AuthMethod::None;
        for stored in live {
            for given in &self.secrets {
                is_right |= equal_in_constant_time(&hash_token(given), &stored.secret_hash);
            }
        }
        is_method && is_right
    }
}

fn form_decoded(text: &str) -> String {
    // An equals sign would end the name of a pair.
    let text = text.replace('=', "%3D").replace('&', "%26");
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    pairs
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(authorization: Option<&str>, body: &str) -> Result<Credentials, OAuthErrorCode> {
        let parameters = Parameters::parse(body.as_bytes());
        Credentials::read(authorization, &parameters).map_err(|refusal| refusal.code)
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn credentials_come_in_one_way() {
        let of = |method, secrets: &[&str]| {
            Ok(Credentials {
                client_id: "app".to_owned(),
                secrets: secrets.iter().map(|secret| (*secret).to_owned()).collect(),
                method,
            })
        };
        assert_eq!(read(None, "client_id=app"), of(AuthMethod::None, &[]));
        let post = read(None, "client_id=app&client_secret=s%2B");
        assert_eq!(post, of(AuthMethod::Post, &["s+"]));
        let header = basic("app:s3cret");
        assert_eq!(read(Some(&header), ""), of(AuthMethod::Basic, &["s3cret"]));
        assert_eq!(
            read(Some(&header), "client_id=app"),
            of(AuthMethod::Basic, &["s3cret"])
        );
        for body in ["client_id=other", "client_id=app&client_secret=s3cret"] {
            assert_eq!(
                read(Some(&header), body),
                Err(OAuthErrorCode::InvalidRequest)
            );
        }
        for (authorization, body) in [
            (None, ""),
            (None, "client_secret=s"),
            (Some("Basic"), "client_id=app"),
            (Some("Basic ?"), "client_id=app"),
            (Some("Bearer x"), "client_id=app"),
            (None, "client_id=app&client_assertion=x"),
        ] {
            let refused = read(authorization, body);
            assert_eq!(refused, Err(OAuthErrorCode::InvalidClient), "{body}");
        }
    }

    #[test]
    fn a_secret_is_taken_encoded_and_as_it_is() {
        for (sent, meant) in [
            ("a%3Ab%25c%2Bd", "a:b%c+d"),
            ("a:b%25c+d", "a:b%25c+d"),
            ("a=b&c", "a=b&c"),
        ] {
            let read = read(Some(&basic(&format!("app:{sent}"))), "").unwrap();
            assert!(
                read.secrets.iter().any(|secret| secret == meant),
                "{read:?}"
            );
        }
    }
}
