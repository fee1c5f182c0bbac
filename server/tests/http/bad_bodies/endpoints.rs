//! The endpoints that take a body, and a user who sends them bad ones.

use http::Method;
use serde_json::{Value, json};

use crate::support::{NEW_PASSWORD, PASSWORD, SignedIn, TestApp};

/// An endpoint that takes a body, with one that it takes.
pub struct Endpoint {
    pub method: Method,
    pub path: &'static str,
    pub body: Value,
    /// Fields that have to be there.
    pub required: &'static [&'static str],
}

fn post(path: &'static str, body: Value, required: &'static [&'static str]) -> Endpoint {
    Endpoint {
        method: Method::POST,
        path,
        body,
        required,
    }
}

pub fn endpoints() -> Vec<Endpoint> {
    let mut all = endpoints_of_account();
    all.extend(endpoints_of_mails());
    all
}

fn endpoints_of_account() -> Vec<Endpoint> {
    let rename = post(
        "/me",
        json!({ "first_name": "Eve", "last_name": "Lee" }),
        &[],
    );
    let delete = post("/me", json!({ "password": PASSWORD }), &[]);
    vec![
        post(
            "/login",
            json!({ "email": "ann@example.org", "password": PASSWORD, "remember_me": true, "device_name": "Phone" }),
            &["email", "password"],
        ),
        post(
            "/refresh",
            json!({ "refresh_token": "r".repeat(86) }),
            &["refresh_token"],
        ),
        post("/logout-all", json!({ "keep_current": true }), &[]),
        post(
            "/register",
            json!({ "email": "eve@example.org", "password": PASSWORD, "first_name": "Eve", "last_name": "Lee" }),
            &["email", "password"],
        ),
        Endpoint {
            method: Method::PATCH,
            ..rename
        },
        Endpoint {
            method: Method::DELETE,
            ..delete
        },
        post(
            "/password/change",
            json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD }),
            &["current_password", "new_password"],
        ),
    ]
}

fn endpoints_of_mails() -> Vec<Endpoint> {
    let ann = "ann@example.org";
    let token = "t".repeat(43);
    vec![
        post("/password/forgot", json!({ "email": ann }), &["email"]),
        post(
            "/password/reset",
            json!({ "token": token, "new_password": NEW_PASSWORD }),
            &["token", "new_password"],
        ),
        post(
            "/email/verify",
            json!({ "email": ann, "code": "123456" }),
            &["email", "code"],
        ),
        post("/email/verify", json!({ "token": token }), &["token"]),
        post("/email/resend", json!({ "email": ann }), &["email"]),
        post(
            "/email/change",
            json!({ "new_email": "new@example.org", "password": PASSWORD }),
            &["new_email"],
        ),
    ]
}

/// A signed-in user, and what the database holds before the bad input comes.
pub struct Before {
    pub app: TestApp,
    pub ann: SignedIn,
    rows: String,
    me: Value,
}

impl Before {
    pub async fn new(app: TestApp) -> Self {
        let ann = app.user("ann@example.org").await;
        let me = app.me(&ann).await.json();
        let rows = app.rows().await;
        Self { app, ann, rows, me }
    }

    pub async fn refuses(
        &self,
        endpoint: &Endpoint,
        body: impl Into<Vec<u8>>,
        status: u16,
        code: &str,
    ) {
        self.refuses_type(endpoint, Some("application/json"), body, status, code)
            .await;
    }

    pub async fn malformed(&self, endpoint: &Endpoint, body: impl Into<Vec<u8>>) {
        self.refuses(endpoint, body, 400, "malformed_body").await;
    }

    pub async fn refuses_type(
        &self,
        endpoint: &Endpoint,
        content_type: Option<&str>,
        body: impl Into<Vec<u8>>,
        status: u16,
        code: &str,
    ) {
        let body: Vec<u8> = body.into();
        let call = self
            .app
            .api(endpoint.method.clone(), endpoint.path)
            .bearer(&self.ann.access_token);
        let answer = match content_type {
            Some(content_type) => call.body(content_type, body.clone()).await,
            None => call.untyped_body(body.clone()).await,
        };
        let start = String::from_utf8_lossy(&body[..body.len().min(200)]);
        let what = format!("{} with {content_type:?} {start}", endpoint.path);
        answer.expect_problem_of(&what, status, code);
    }

    /// Nothing was written, not even by half.
    pub async fn check(self) {
        assert_eq!(self.app.rows().await, self.rows);
        assert_eq!(expect!(self.app.me(&self.ann) => 200).json(), self.me);
        assert!(self.app.read_mails().await.is_empty());
    }
}
