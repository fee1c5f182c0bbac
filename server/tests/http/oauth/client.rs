//! A client of the portal, as a test needs it: its requests by hand, so that each can be wrong.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use serde_json::Value;
use url::Url;
use vestibule_core::model::{
    AuthMethod, ClientKind, ClientSettings, ClientSource, IdTokenAlgorithm, KeyKind,
};
use vestibule_core::ports::Clock as _;
use vestibule_core::{
    GivenSecret, MasterKey, NewClient, SystemRandom, add_client, hash_token, make_app_keys,
    seal_signing_key,
};
use vestibule_testkit::FAKE_RSA_KEY;

use crate::support::{Answer, Browser, MASTER_KEY, TestApp, location, signed_in_browser};

/// Where the answers of the tests' app go.
pub const CALLBACK: &str = "https://app.example.net/callback";
/// What the challenge of the tests is made of.
pub const VERIFIER: &str = "a-verifier-of-more-than-forty-three-letters.~_-";

/// An app with its client.
#[derive(Clone)]
pub struct App {
    pub portal: TestApp,
    pub client_id: String,
    pub secret: Option<String>,
}

/// As an operator defines the tests' app: the operator's own, with a secret.
pub fn new_client(client_id: &str) -> NewClient {
    NewClient {
        client_id: client_id.to_owned(),
        name: "Grafana".to_owned(),
        kind: ClientKind::Web,
        source: ClientSource::Cli,
        is_first_party: true,
        settings: ClientSettings {
            redirect_uris: vec![CALLBACK.to_owned()],
            home_url: Some("https://app.example.net/".to_owned()),
            ..ClientSettings::default()
        },
        secret: GivenSecret::Generated,
    }
}

/// The same without a secret.
pub fn new_public_client(client_id: &str, kind: ClientKind, redirect_uri: &str) -> NewClient {
    let new = new_client(client_id);
    NewClient {
        kind,
        settings: ClientSettings {
            redirect_uris: vec![redirect_uri.to_owned()],
            auth_method: AuthMethod::None,
            ..new.settings
        },
        ..new
    }
}

/// A browser of Ann, who has confirmed her address and is signed in.
pub async fn browser_of_ann(portal: &TestApp) -> Browser {
    browser_of(portal, "ann@example.org").await
}

/// The same of another user.
pub async fn browser_of(portal: &TestApp, email: &str) -> Browser {
    verified_user(portal, email).await;
    signed_in_browser(portal, email).await
}

/// A user who has confirmed the address.
pub async fn verified_user(portal: &TestApp, email: &str) {
    portal.user(email).await;
    let confirm = format!("update users set is_email_verified = true where email = '{email}'");
    portal.database.execute(&confirm).await;
}

/// Keys as the portal makes them, but for RSA, which would take a second.
pub async fn make_keys(portal: &TestApp) {
    let (master, now) = (MasterKey::parse(MASTER_KEY).unwrap(), portal.clock.now());
    let kind: KeyKind = IdTokenAlgorithm::Rs256.keys();
    let key = seal_signing_key(kind, FAKE_RSA_KEY, &master, &SystemRandom, now).unwrap();
    let mut store = portal.store.writer().await.unwrap();
    let first = Some(time::OffsetDateTime::UNIX_EPOCH);
    store.insert_signing_key(&key, first).await.unwrap();
    drop(store);
    let made = make_app_keys(&*portal.store, &master, &SystemRandom, now).await;
    made.unwrap();
}

impl App {
    /// The operator's own app with a secret.
    pub async fn of(portal: &TestApp) -> Self {
        Self::defined_as(portal, new_client("grafana")).await
    }

    pub async fn defined_as(portal: &TestApp, new: NewClient) -> Self {
        let now = portal.clock.now();
        let added = add_client(&*portal.store, &SystemRandom, now, new).await;
        let (client, secret) = added.unwrap();
        make_keys(portal).await;
        Self {
            portal: portal.clone(),
            client_id: client.client_id,
            secret: secret.map(|secret| secret.to_string()),
        }
    }

    /// The parameters of a good request.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        vec![
            ("client_id", self.client_id.clone()),
            ("redirect_uri", CALLBACK.to_owned()),
            ("response_type", "code".to_owned()),
            ("scope", "openid profile email".to_owned()),
            ("state", "a state & more".to_owned()),
            ("nonce", "n-0S6_WzA2Mj".to_owned()),
            ("code_challenge", hash_token(VERIFIER)),
            ("code_challenge_method", "S256".to_owned()),
        ]
    }

    /// The address of a request, with these parameters in the place of others or beside them; an
    /// empty value takes one away.
    pub fn authorize_url(&self, changes: &[(&str, &str)]) -> String {
        let mut pairs: Vec<(String, String)> = self
            .parameters()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        for (name, value) in changes {
            pairs.retain(|(given, _)| given != name);
            if !value.is_empty() {
                pairs.push(((*name).to_owned(), (*value).to_owned()));
            }
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs);
        format!("/oauth2/authorize?{}", query.finish())
    }

    /// Opens it; where the answer leads.
    pub async fn authorize(&self, browser: &mut Browser, changes: &[(&str, &str)]) -> String {
        let answer = browser.open(&self.authorize_url(changes)).await;
        location(&answer.expect(303)).to_owned()
    }

    /// The code that a signed-in browser brings to the app.
    pub async fn code(&self, browser: &mut Browser) -> String {
        self.code_with(browser, &[]).await
    }

    pub async fn code_with(&self, browser: &mut Browser, changes: &[(&str, &str)]) -> String {
        let url = self.authorize(browser, changes).await;
        parameter(&url, "code").unwrap_or_else(|| panic!("no code: {url}"))
    }

    /// The header of HTTP Basic.
    pub fn basic(&self) -> String {
        basic(&self.client_id, self.secret.as_deref().unwrap_or_default())
    }

    /// Asks the token endpoint.
    pub async fn ask(&self, fields: &[(&str, &str)]) -> Answer {
        let call = self.portal.at(Method::POST, "/oauth2/token");
        if self.secret.is_some() {
            return call
                .header("authorization", self.basic())
                .form(fields)
                .await;
        }
        let own = [("client_id", self.client_id.as_str())];
        call.form(&[&own, fields].concat()).await
    }

    pub async fn redeem(&self, code: &str) -> Answer {
        self.redeem_with(code, Some(VERIFIER)).await
    }

    pub async fn redeem_with(&self, code: &str, verifier: Option<&str>) -> Answer {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
        ];
        fields.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        self.ask(&fields).await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.ask(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await
    }

    /// The tokens that a signed-in browser gets the app.
    pub async fn tokens(&self, browser: &mut Browser) -> Value {
        let code = self.code(browser).await;
        self.redeem(&code).await.expect(200).json()
    }

    pub async fn userinfo(&self, token: &Value) -> Answer {
        let call = self.portal.at(Method::GET, "/oauth2/userinfo");
        call.bearer(token.as_str().unwrap()).await
    }
}

pub fn basic(client_id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client_id}:{secret}")))
}

/// A parameter of an address.
pub fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).unwrap_or_else(|_| panic!("no absolute address: {url}"));
    let mut pairs = url.query_pairs();
    pairs.find_map(|(given, value)| (given == name).then(|| value.into_owned()))
}

/// The claims of a token, unchecked.
pub fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&payload).unwrap()
}
