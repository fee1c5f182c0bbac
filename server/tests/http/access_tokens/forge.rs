use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use vestibule_core::MasterKey;
use vestibule_core::model::KeyKind;
use vestibule_core::ports::Clock as _;

use crate::support::{MASTER_KEY, SignedIn, TestApp};

/// A user, their good token in parts, and the key that signed it.
pub struct Forge {
    pub app: TestApp,
    pub user: SignedIn,
    pub header: Value,
    pub claims: Value,
    pub key: Ed25519KeyPair,
}

impl Forge {
    pub async fn new(app: TestApp) -> Self {
        let user = app.user("ann@example.org").await;
        let parts: Vec<&str> = user.access_token.split('.').collect();
        let decode =
            |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let (header, claims) = (decode(parts[0]), decode(parts[1]));
        let key = signing_key(&app).await;
        Self {
            app,
            user,
            header,
            claims,
            key,
        }
    }

    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        encode(header, &claims.to_string(), |message| {
            self.key.sign(message).as_ref().to_vec()
        })
    }

    pub fn with_header(&self, name: &str, value: Value) -> String {
        let mut header = self.header.clone();
        header[name] = value;
        self.sign(&header, &self.claims)
    }

    pub fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value;
        self.sign(&self.header, &claims)
    }

    pub async fn refuses(&self, token: &str, code: &str, what: &str) {
        let answer = self.app.get("/me").bearer(token).await;
        answer.expect_problem_of(what, 401, code);
    }
}

/// Opens the stored key as the portal does.
async fn signing_key(app: &TestApp) -> Ed25519KeyPair {
    let stored = app
        .store
        .reader()
        .await
        .unwrap()
        .signing_keys(KeyKind::PORTAL, app.clock.now())
        .await
        .unwrap()
        .remove(0);
    let seal = MasterKey::parse(MASTER_KEY).unwrap().derive("seal");
    let mut sealed = STANDARD.decode(&stored.sealed_private_key).unwrap();
    let (nonce, data) = sealed.split_at_mut(NONCE_LEN);
    let nonce = Nonce::try_assume_unique_for_key(nonce).unwrap();
    let opener = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, seal.as_slice()).unwrap());
    Ed25519KeyPair::from_pkcs8(
        opener
            .open_in_place(nonce, Aad::from(stored.kid.as_bytes()), data)
            .unwrap(),
    )
    .unwrap()
}

pub fn encode(header: &Value, claims: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}
