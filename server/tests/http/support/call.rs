use std::future::IntoFuture;
use std::net::SocketAddr;
use std::pin::Pin;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST};
use http::{HeaderName, HeaderValue, Method, Request};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use url::form_urlencoded;

use super::{Answer, PASSWORD, SignedIn, TestApp};

/// A request that is being put together; awaiting it sends it.
pub struct Call {
    app: TestApp,
    request: Request<Body>,
}

impl Call {
    pub fn new(app: TestApp, method: Method, path: &str) -> Self {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "auth.example.org");
        Self {
            app,
            request: request.body(Body::empty()).unwrap(),
        }
        .from("192.0.2.1")
    }

    /// Where the connection comes from.
    pub fn from(mut self, address: &str) -> Self {
        let peer = SocketAddr::new(address.parse().unwrap(), 40_000);
        self.request.extensions_mut().insert(ConnectInfo(peer));
        self
    }

    /// Adds a header beside those of its name.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::try_from(name).unwrap();
        self.request
            .headers_mut()
            .append(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    pub fn host(mut self, host: &str) -> Self {
        self.request
            .headers_mut()
            .insert(HOST, host.parse().unwrap());
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), format!("Bearer {token}"))
    }

    pub fn cookies(self, cookies: &str) -> Self {
        if cookies.is_empty() {
            self
        } else {
            self.header(COOKIE.as_str(), cookies)
        }
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    pub fn body(self, content_type: &str, body: impl Into<Body>) -> Self {
        self.header(CONTENT_TYPE.as_str(), content_type)
            .untyped_body(body)
    }

    /// A body without a content type.
    pub fn untyped_body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    async fn send(self) -> Answer {
        let (method, path) = (
            self.request.method().clone(),
            self.request.uri().path().to_owned(),
        );
        let router = self.app.next_router();
        let response = router.oneshot(self.request).await.unwrap();
        let answer = Answer::read(response).await;
        answer.check_conventions(&method, &path);
        answer
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl TestApp {
    /// A request to any path.
    pub fn at(&self, method: Method, path: &str) -> Call {
        Call::new(self.clone(), method, path)
    }

    /// A request to an endpoint of the API.
    pub fn api(&self, method: Method, path: &str) -> Call {
        self.at(method, &format!("/api/v1/auth{path}"))
    }

    pub fn get(&self, path: &str) -> Call {
        self.api(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Call {
        self.api(Method::POST, path)
    }

    pub fn patch(&self, path: &str) -> Call {
        self.api(Method::PATCH, path)
    }

    pub fn delete(&self, path: &str) -> Call {
        self.api(Method::DELETE, path)
    }

    // Endpoints with the body that most calls of them have

    pub fn registration(&self, email: &str, password: &str) -> Call {
        let body = json!({ "email": email, "password": password });
        self.post("/register").json(&body)
    }

    pub fn login(&self, email: &str, password: &str) -> Call {
        let body = json!({ "email": email, "password": password });
        self.post("/login").json(&body)
    }

    pub fn refresh(&self, token: &str) -> Call {
        self.post("/refresh")
            .json(&json!({ "refresh_token": token }))
    }

    pub fn me(&self, who: &SignedIn) -> Call {
        self.get("/me").bearer(&who.access_token)
    }

    /// Changes the names.
    pub fn rename(&self, who: &SignedIn, names: &Value) -> Call {
        self.patch("/me").bearer(&who.access_token).json(names)
    }

    pub fn sign_out_all(&self, who: &SignedIn, keep_current: bool) -> Call {
        let call = self.post("/logout-all").bearer(&who.access_token);
        call.json(&json!({ "keep_current": keep_current }))
    }

    pub fn delete_account(&self, who: &SignedIn) -> Call {
        self.delete_account_with(who, PASSWORD)
    }

    pub fn delete_account_with(&self, who: &SignedIn, password: &str) -> Call {
        let body = json!({ "password": password });
        self.delete("/me").bearer(&who.access_token).json(&body)
    }

    pub fn forgot(&self, email: &str) -> Call {
        self.post("/password/forgot")
            .json(&json!({ "email": email }))
    }

    pub fn reset(&self, token: &str, new_password: &str) -> Call {
        let body = json!({ "token": token, "new_password": new_password });
        self.post("/password/reset").json(&body)
    }

    pub fn change_password(&self, who: &SignedIn, current: &str, new: &str) -> Call {
        let body = json!({ "current_password": current, "new_password": new });
        let call = self.post("/password/change").bearer(&who.access_token);
        call.json(&body)
    }

    /// Shows a mailed token as proof of an address.
    pub fn verify(&self, token: &str) -> Call {
        self.post("/email/verify").json(&json!({ "token": token }))
    }

    pub fn verify_code(&self, email: &str, code: &str) -> Call {
        let body = json!({ "email": email, "code": code });
        self.post("/email/verify").json(&body)
    }

    pub fn resend(&self, email: &str) -> Call {
        self.post("/email/resend").json(&json!({ "email": email }))
    }

    pub fn change_email(&self, who: &SignedIn, new_email: &str) -> Call {
        self.change_email_with(who, new_email, PASSWORD)
    }

    pub fn change_email_with(&self, who: &SignedIn, new_email: &str, password: &str) -> Call {
        let body = json!({ "new_email": new_email, "password": password });
        let call = self.post("/email/change").bearer(&who.access_token);
        call.json(&body)
    }
}
