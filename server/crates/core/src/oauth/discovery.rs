//! What clients read about the provider (OpenID Connect Discovery 1.0, 3; RFC 8414, 2).

use serde_json::{Value, json};

use super::request::{Prompt, ResponseMode};
use crate::auth::Auth;
use crate::kernel::model::{IdTokenAlgorithm, Language, Scope};

impl Auth {
    /// The metadata of the provider. Addresses begin with the public URL, whatever host a request
    /// names.
    pub fn provider_metadata(&self) -> Value {
        let issuer = &self.signer.settings.issuer;
        let at = |path: &str| format!("{issuer}/oauth2/{path}");
        let methods = ["client_secret_basic", "client_secret_post", "none"];
        json!({
            "issuer": issuer,
            "authorization_endpoint": at("authorize"),
            "token_endpoint": at("token"),
            "userinfo_endpoint": at("userinfo"),
            "jwks_uri": at("jwks.json"),
            "scopes_supported": names(Scope::ALL, Scope::as_str),
            "response_types_supported": ["code"],
            "response_modes_supported": names(ResponseMode::ALL, ResponseMode::as_str),
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": methods,
            // RS256 stands there also while no client has it: libraries want it.
            "id_token_signing_alg_values_supported":
                names(IdTokenAlgorithm::ALL, IdTokenAlgorithm::as_str),
            "subject_types_supported": ["public"],
            "claim_types_supported": ["normal"],
            "claims_supported": CLAIMS,
            "claims_parameter_supported": false,
            "request_parameter_supported": false,
            // Without it, true is meant.
            "request_uri_parameter_supported": false,
            "prompt_values_supported": names(Prompt::ALL, Prompt::as_str),
            "acr_values_supported": ["aal1"],
            "authorization_response_iss_parameter_supported": true,
            "ui_locales_supported": names(Language::ALL, Language::as_str),
        })
    }
}

const CLAIMS: [&str; 20] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "at_hash",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "locale",
    "updated_at",
    "email",
    "email_verified",
    "groups",
];

fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|one| name(*one)).collect()
}
