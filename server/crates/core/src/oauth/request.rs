//! A request for authorization (OpenID Connect Core 1.0, 3.1.2.1), and where its answer goes.

use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use uuid::Uuid;

use super::error::{OAuthErrorCode, OAuthRefusal};
use super::parameters::Parameters;
use super::redirect_uri;
use crate::kernel::codes;
use crate::kernel::model::{Client, Pkce, Scopes};

/// Longer ones are no state of a client but something else.
const MAX_STATE: usize = 2048;
/// It becomes part of the code.
const MAX_NONCE: usize = 512;
/// SHA-256 in base64 without padding.
const CHALLENGE_LENGTH: usize = 43;

codes! {
    /// How the answer is put into the client's address (OAuth 2.0 Multiple Response Types, 2.1).
    ResponseMode { Query = "query", Fragment = "fragment" }
}

codes! {
    /// What is to be asked of the user (OpenID Connect Core 1.0, 3.1.2.1; Prompt Create 1.0).
    Prompt {
        None = "none",
        Login = "login",
        Consent = "consent",
        SelectAccount = "select_account",
        Create = "create",
    }
}

/// Where answers go, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    pub redirect_uri: String,
    pub mode: ResponseMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// Whom the client takes the user for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    User(Uuid),
    /// A user that cannot be told from the hint.
    Unknown,
}

/// What a client asks for, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    pub client_id: String,
    pub reply_to: ReplyTo,
    pub scopes: Scopes,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<Prompt>,
    /// Seconds since the password was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<Hint>,
}

impl ReplyTo {
    /// Where the answer to a request goes; `None` if it must not go anywhere. What is wrong with
    /// the rest is an answer.
    pub fn of(parameters: &Parameters, client: &Client) -> Option<Self> {
        let redirect_uri = parameters.get("redirect_uri").ok()??;
        let registered = &client.settings.redirect_uris;
        if !redirect_uri::is_registered(redirect_uri, registered, client.kind) {
            return None;
        }
        let mode = parameters.get("response_mode").ok().flatten();
        // One that is there twice, or no text, or too long, is refused without being sent back.
        let state = parameters.get("state").ok().flatten();
        let state = state.filter(|state| state.len() <= MAX_STATE);
        Some(Self {
            redirect_uri: redirect_uri.to_owned(),
            mode: mode
                .and_then(ResponseMode::from_code)
                .unwrap_or(ResponseMode::Query),
            state: state.map(str::to_owned),
        })
    }

    /// The address with a code (RFC 6749, 4.1.2).
    pub fn with_code(&self, issuer: &str, code: &str) -> String {
        self.with(issuer, &[("code", code)])
    }

    /// The address with an error (RFC 6749, 4.1.2.1).
    pub fn with_error(&self, issuer: &str, refusal: OAuthRefusal) -> String {
        let error = ("error", refusal.code.as_str());
        self.with(issuer, &[error, ("error_description", refusal.description)])
    }

    /// Each answer says whose it is (RFC 9207), so that a client which uses several providers
    /// confuses none of them.
    fn with(&self, issuer: &str, answer: &[(&str, &str)]) -> String {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(answer);
        if let Some(state) = &self.state {
            pairs.append_pair("state", state);
        }
        pairs.append_pair("iss", issuer);
        let uri = &self.redirect_uri;
        let separator = match self.mode {
            ResponseMode::Fragment => '#',
            ResponseMode::Query if uri.contains('?') => '&',
            ResponseMode::Query => '?',
        };
        format!("{uri}{separator}{}", pairs.finish())
    }
}

impl AuthorizationRequest {
    /// Checks what a client asks for, in the order in which its errors matter. `hint_of` reads an
    /// ID token.
    pub fn check(
        parameters: &Parameters,
        client: &Client,
        reply_to: ReplyTo,
        hint_of: impl Fn(&str) -> Hint,
    ) -> Result<Self, OAuthRefusal> {
        use OAuthErrorCode::InvalidRequest;
        let mode = parameters.get("response_mode")?;
        if mode.is_some_and(|mode| ResponseMode::from_code(mode).is_none()) {
            return Err(InvalidRequest.because("This response_mode is not supported."));
        }
        let state = parameters.get("state")?;
        if state.is_some_and(|state| state.len() > MAX_STATE) {
            return Err(InvalidRequest.because("The state is longer than 2048 bytes."));
        }
        check_response_type(parameters)?;
        let challenge = challenge(parameters, client)?;
        refuse_objects(parameters)?;
        let nonce = parameters.get("nonce")?;
        if nonce.is_some_and(|nonce| nonce.len() > MAX_NONCE) {
            return Err(InvalidRequest.because("The nonce is longer than 512 bytes."));
        }
        let max_age = parameters.get("max_age")?.map(str::parse::<u32>);
        let max_age = max_age.transpose();
        let login_hint = parameters.get("login_hint")?;
        Ok(Self {
            client_id: client.client_id.clone(),
            reply_to,
            scopes: scopes(parameters, client)?,
            nonce: nonce.map(str::to_owned),
            challenge,
            prompts: prompts(parameters)?,
            max_age: max_age
                .map_err(|_| InvalidRequest.because("The max_age is no number of seconds."))?,
            // What is no address cannot be one of an account.
            login_hint: login_hint
                .filter(|hint| hint.len() <= 254 && hint.contains('@'))
                .map(str::to_owned),
            hint: parameters.get("id_token_hint")?.map(hint_of),
        })
    }

    pub fn asks_for(&self, prompt: Prompt) -> bool {
        self.prompts.contains(&prompt)
    }
}

fn check_response_type(parameters: &Parameters) -> Result<(), OAuthRefusal> {
    let response_type = parameters.require("response_type", "The response_type is missing.")?;
    if response_type == "code" {
        return Ok(());
    }
    Err(OAuthErrorCode::UnsupportedResponseType
        .because("The only response_type is code (RFC 9700, 2.1.2)."))
}

/// The hash that the code's verifier has to have (RFC 7636, 4.3).
fn challenge(parameters: &Parameters, client: &Client) -> Result<Option<String>, OAuthRefusal> {
    use OAuthErrorCode::InvalidRequest;
    let method = parameters.get("code_challenge_method")?;
    let Some(challenge) = parameters.get("code_challenge")? else {
        let is_optional = client.settings.pkce == Pkce::Optional && !client.is_public();
        return if is_optional && method.is_none() {
            Ok(None)
        } else {
            Err(InvalidRequest.because("This client has to send a code_challenge (RFC 7636)."))
        };
    };
    if method != Some("S256") {
        return Err(InvalidRequest.because("The only code_challenge_method is S256."));
    }
    let is_hash = challenge.len() == CHALLENGE_LENGTH
        && challenge
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !is_hash {
        return Err(InvalidRequest.because("The code_challenge is no SHA-256 in base64url."));
    }
    Ok(Some(challenge.to_owned()))
}

/// Parameters whose meaning must not be passed over.
fn refuse_objects(parameters: &Parameters) -> Result<(), OAuthRefusal> {
    for (name, code) in [
        ("request", OAuthErrorCode::RequestNotSupported),
        ("request_uri", OAuthErrorCode::RequestUriNotSupported),
        ("registration", OAuthErrorCode::RegistrationNotSupported),
    ] {
        if parameters.has(name) {
            return Err(code.because("This parameter is not supported."));
        }
    }
    Ok(())
}

/// Those that the client may have; the answer says which they are.
fn scopes(parameters: &Parameters, client: &Client) -> Result<Scopes, OAuthRefusal> {
    let asked = Scopes::parse(parameters.get("scope")?.unwrap_or_default());
    let scopes = asked.common_with(&client.settings.scopes);
    if scopes.is_empty() {
        return Err(OAuthErrorCode::InvalidScope.because(
            "The scope names nothing that this client may have; openid is the usual one.",
        ));
    }
    Ok(scopes)
}

fn prompts(parameters: &Parameters) -> Result<Vec<Prompt>, OAuthRefusal> {
    use OAuthErrorCode::InvalidRequest;
    let text = parameters.get("prompt")?.unwrap_or_default();
    let words = text.split(' ').filter(|word| !word.is_empty());
    let prompts: Option<Vec<Prompt>> = words.map(Prompt::from_code).collect();
    let prompts = prompts.ok_or(InvalidRequest.because("This prompt is not supported."))?;
    if prompts.contains(&Prompt::None) && prompts.len() > 1 {
        return Err(InvalidRequest.because("The prompt none goes with no other one."));
    }
    Ok(prompts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply_to(redirect_uri: &str, mode: ResponseMode, state: Option<&str>) -> ReplyTo {
        ReplyTo {
            redirect_uri: redirect_uri.to_owned(),
            mode,
            state: state.map(str::to_owned),
        }
    }

    #[test]
    fn an_answer_is_put_into_the_address_as_it_is_registered() {
        let issuer = "https://auth.example.org";
        let plain = reply_to("https://a.example/cb", ResponseMode::Query, None);
        assert_eq!(
            plain.with_code(issuer, "c"),
            "https://a.example/cb?code=c&iss=https%3A%2F%2Fauth.example.org"
        );
        let state = "a&b=\"#\u{e4} ";
        let query = reply_to("https://a.example/cb?t=1", ResponseMode::Query, Some(state));
        let refusal = OAuthErrorCode::AccessDenied.because("No.");
        assert_eq!(
            query.with_error(issuer, refusal),
            "https://a.example/cb?t=1&error=access_denied&error_description=No.\
             &state=a%26b%3D%22%23%C3%A4+&iss=https%3A%2F%2Fauth.example.org"
        );
        let fragment = reply_to("https://a.example/cb?t=1", ResponseMode::Fragment, None);
        assert_eq!(
            fragment.with_code(issuer, "c"),
            "https://a.example/cb?t=1#code=c&iss=https%3A%2F%2Fauth.example.org"
        );
    }
}
