use serde_json::{Value, json};
use uuid::Uuid;
use vestibule_core::model::Principal;

use super::{Mail, PASSWORD, TestApp};

/// A user with the tokens of one API session.
#[derive(Clone)]
pub struct SignedIn {
    pub id: Uuid,
    pub email: String,
    pub access_token: String,
    pub refresh_token: String,
}

/// The user of [`TestApp::register`] as the API shows them, redacted, but for these fields.
pub fn ann_but(fields: &Value) -> Value {
    let mut user = json!({
        "created_at": "2026-11-24T08:30:00.123456Z",
        "email": "ann@example.org",
        "first_name": "Ann",
        "id": "[uuid]",
        "is_active": true,
        "is_email_verified": false,
        "last_login_at": null,
        "last_name": null,
        "updated_at": "2026-11-24T08:30:00.123456Z",
    });
    let fields = fields.as_object().unwrap().clone();
    user.as_object_mut().unwrap().extend(fields);
    user
}

/// What signs such a user in, redacted.
pub fn tokens_of_ann_but(fields: &Value) -> Value {
    json!({
        "access_token": "[token]",
        "expires_in": 900,
        "refresh_token": "[token]",
        "token_type": "Bearer",
        "user": ann_but(fields),
    })
}

impl SignedIn {
    pub fn from_body(body: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&body["user"]["id"]).parse().unwrap(),
            email: text(&body["user"]["email"]),
            access_token: text(&body["access_token"]),
            refresh_token: text(&body["refresh_token"]),
        }
    }
}

impl TestApp {
    /// Makes an account with [`PASSWORD`] and gives its welcome mail as well.
    pub async fn register(&self, email: &str) -> (SignedIn, Mail) {
        let body = json!({ "email": email, "password": PASSWORD, "first_name": "Ann" });
        let answer = self.post("/register").json(&body).await.expect(201);
        let user = SignedIn::from_body(&answer.json());
        let mail = self.mail_to(&user.email).await;
        (user, mail)
    }

    /// Makes an account whose address is not verified, its welcome mail read.
    pub async fn user(&self, email: &str) -> SignedIn {
        self.register(email).await.0
    }

    /// Makes an account that an operator then closes.
    pub async fn closed_user(&self, email: &str) {
        self.user(email).await;
        let close = format!("update users set is_active = false where email = '{email}'");
        self.database.execute(&close).await;
    }

    /// Makes an account in either mode, its address not verified;
    /// signed in where registration does so.
    pub async fn account(&self, email: &str) -> (Option<SignedIn>, Mail) {
        let body = json!({ "email": email, "password": PASSWORD, "first_name": "Ann" });
        let answer = self.post("/register").json(&body).await;
        let user = if answer.status == 201 {
            Some(SignedIn::from_body(&answer.json()))
        } else {
            answer.expect(202);
            None
        };
        (user, self.mail_to(email).await)
    }

    /// Makes an account whose address is verified, and signs in.
    pub async fn verified_user(&self, email: &str) -> SignedIn {
        let (user, mail) = self.account(email).await;
        expect!(self.verify(&mail.token.unwrap()) => 200);
        match user {
            Some(user) => user,
            None => self.sign_in(email).await,
        }
    }

    /// A user, signed in by the registration and once more.
    pub async fn two_sessions(&self, email: &str) -> (SignedIn, SignedIn) {
        (self.user(email).await, self.sign_in(email).await)
    }

    /// One more session of a user who has [`PASSWORD`].
    pub async fn sign_in(&self, email: &str) -> SignedIn {
        self.sign_in_with(email, PASSWORD).await
    }

    pub async fn sign_in_with(&self, email: &str, password: &str) -> SignedIn {
        SignedIn::from_body(&expect!(self.login(email, password) => 200).json())
    }

    /// The tokens that a refresh gives.
    pub async fn refreshed(&self, token: &str) -> SignedIn {
        SignedIn::from_body(&self.refresh(token).await.expect(200).json())
    }

    /// How trying to sign in is answered.
    pub async fn try_sign_in(&self, email: &str, password: &str) -> u16 {
        self.login(email, password).await.status.as_u16()
    }

    /// The sessions of the account, as the API lists them.
    pub async fn sessions(&self, who: &SignedIn) -> Vec<Value> {
        let list = expect!(self.get("/sessions").bearer(&who.access_token) => 200).json();
        list["sessions"].as_array().unwrap().clone()
    }

    /// The id of the session itself.
    pub async fn current_session(&self, who: &SignedIn) -> String {
        let sessions = self.sessions(who).await;
        let current = sessions.iter().find(|session| session["current"] == true);
        current.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// Whether the access token is good now.
    pub async fn accepts(&self, access_token: &str) -> bool {
        let answer = self.get("/me").bearer(access_token).await;
        assert!([200, 401].contains(&answer.status.as_u16()), "{answer:?}");
        answer.status == 200
    }

    /// Who the access token speaks for, to call the core for what only pages offer.
    pub async fn principal(&self, access_token: &str) -> Principal {
        self.portal
            .auth
            .authenticate_token(access_token)
            .await
            .unwrap()
    }

    /// The token of a mailed reset link that was just asked for.
    pub async fn reset_token(&self, email: &str) -> String {
        self.forgot(email).await.expect(200);
        self.mail_to(email).await.token.unwrap()
    }
}
