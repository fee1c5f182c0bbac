use std::fmt;

use axum::body::Bytes;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::documented::{is_documented, undocumented};

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.status, self.headers, self.text())
    }
}

impl Answer {
    pub async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The body with what is new in every run taken out.
    pub fn redacted(&self) -> Value {
        let mut body = self.json();
        redact(&mut body);
        body
    }

    /// A header that the answer has once; an empty text if it has it not.
    pub fn header(&self, name: &str) -> &str {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map_or("", |value| value.to_str().unwrap());
        assert!(values.next().is_none(), "{name} is there twice: {self:?}");
        value
    }

    /// The code of a problem document; an empty text if it is none.
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }

    /// An error of RFC 6749.
    #[track_caller]
    pub fn expect_oauth(self, status: u16, error: &str) -> Self {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let is = (self.status.as_u16(), body["error"].as_str());
        assert_eq!(is, (status, Some(error)), "{self:?}");
        self
    }

    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status.as_u16(), self.code().as_str()),
            (status, code),
            "{self:?}"
        );
        self
    }

    /// The same; what was sent is in the message.
    #[track_caller]
    pub fn expect_problem_of(self, sent: &str, status: u16, code: &str) -> Self {
        let is = (self.status.as_u16(), self.code());
        assert_eq!(is, (status, code.to_owned()), "{sent}: {self:?}");
        self
    }

    /// The invalid fields, as `field: code`.
    pub fn field_errors(&self) -> Vec<String> {
        let body = self.json();
        let errors = body["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("no errors: {self:?}"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        errors
            .iter()
            .map(|error| format!("{}: {}", text(&error["field"]), text(&error["code"])))
            .collect()
    }

    // What holds for every answer

    pub fn check_conventions(&self, method: &Method, path: &str) {
        assert_ne!(self.status.as_u16(), 500, "{method} {path}: {self:?}");
        assert!(
            is_documented(method, path, self.status),
            "not in the OpenAPI document: {method} {path}: {self:?}"
        );
        let undocumented = undocumented(method, path, self.status, &self.body);
        assert!(
            undocumented.is_empty(),
            "{method} {path} is not as the OpenAPI document says: {undocumented:?} {self:?}"
        );
        self.check_headers(path);
        let is_for_clients = FOR_CLIENTS.contains(&path);
        let is_for_programs = ["/api/", "/.well-known/", "/pkg/"]
            .iter()
            .any(|prefix| path.starts_with(prefix));
        if is_for_programs || is_for_clients {
            assert_eq!(self.header("set-cookie"), "", "programs know no cookies");
        }
        if is_for_clients && self.status.as_u16() >= 400 {
            self.check_oauth_error(method);
        } else if is_for_programs && self.status.as_u16() >= 400 {
            assert_eq!(
                self.header("content-type"),
                "application/problem+json",
                "{method} {path}: {self:?}"
            );
            if *method != Method::HEAD {
                self.check_problem();
            }
        }
        for secret in ["password_hash", "argon2id", "token_hash"] {
            assert!(!self.text().contains(secret), "{method} {path}: {self:?}");
        }
    }

    fn check_headers(&self, path: &str) {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            (
                "strict-transport-security",
                "max-age=31536000; includeSubDomains",
            ),
        ] {
            assert_eq!(self.header(name), value, "{name} of {self:?}");
        }
        self.check_opener(path);
        // What anybody may read says so.
        let is_open = self.header("access-control-allow-origin") == "*";
        let reach = if is_open {
            "cross-origin"
        } else {
            "same-origin"
        };
        assert_eq!(
            self.header("cross-origin-resource-policy"),
            reach,
            "{self:?}"
        );
        // The pages of mailed links give their address to nobody.
        let referrers = self.header("referrer-policy");
        assert!(
            ["same-origin", "strict-origin", "no-referrer"].contains(&referrers),
            "{self:?}"
        );
        self.check_policy();
        assert!(!self.header("x-request-id").is_empty(), "{self:?}");
        assert!(!self.header("cache-control").is_empty(), "{self:?}");
        if self.status.as_u16() >= 400 {
            assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = if path == "/oauth2/token" {
                "Basic"
            } else {
                "Bearer"
            };
            assert!(
                self.header("www-authenticate").starts_with(scheme),
                "{self:?}"
            );
        }
        if [429, 503].contains(&self.status.as_u16()) {
            assert!(self.retry_after() >= 1, "{self:?}");
        }
    }

    /// A window that an app has opened, and that leads back to it, keeps its opener.
    fn check_opener(&self, path: &str) {
        let opener = self.header("cross-origin-opener-policy");
        let of_flow = [
            "/oauth2/",
            "/login",
            "/register",
            "/verify-email",
            "/account/confirm",
            "/_fn/",
            "/forgot-password",
            "/reset-password",
        ];
        let may_keep = of_flow.iter().any(|page| path.starts_with(page));
        let keeps = opener == "unsafe-none" && may_keep;
        assert!(opener == "same-origin" || keeps, "{path}: {self:?}");
    }

    fn check_policy(&self) {
        let policy = self.header("content-security-policy");
        for directive in [
            "default-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action '",
        ] {
            assert!(policy.contains(directive), "{directive} of {self:?}");
        }
        // What is sandboxed runs nothing, so it may style itself.
        let is_sandboxed = policy.starts_with("sandbox;");
        assert!(
            is_sandboxed || !policy.contains("'unsafe-inline'"),
            "{policy}"
        );
        assert!(!policy.contains("'unsafe-eval'"), "{policy}");
    }

    /// RFC 6749, 5.2.
    fn check_oauth_error(&self, method: &Method) {
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        if *method == Method::HEAD {
            return;
        }
        let body = self.json();
        assert_eq!(body["request_id"], self.header("x-request-id"), "{self:?}");
        let description = body["error_description"].as_str();
        assert!(
            description.is_some_and(|text| text.ends_with('.')),
            "{self:?}"
        );
    }

    fn check_problem(&self) {
        let body = self.json();
        assert_eq!(body["type"], "about:blank", "{self:?}");
        assert_eq!(
            body["title"],
            self.status.canonical_reason().unwrap(),
            "{self:?}"
        );
        assert_eq!(body["status"], self.status.as_u16(), "{self:?}");
        assert_eq!(body["request_id"], self.header("x-request-id"), "{self:?}");
        assert!(
            body["detail"]
                .as_str()
                .is_some_and(|text| text.ends_with('.')),
            "{self:?}"
        );
        assert!(!self.code().is_empty(), "{self:?}");
        assert_eq!(
            body.get("errors").is_some(),
            self.code() == "validation_failed",
            "{self:?}"
        );
    }

    pub fn retry_after(&self) -> u64 {
        self.header("retry-after")
            .parse()
            .unwrap_or_else(|_| panic!("no Retry-After: {self:?}"))
    }
}

/// What answers clients in the words of RFC 6749.
const FOR_CLIENTS: [&str; 5] = [
    "/oauth2/token",
    "/oauth2/userinfo",
    "/oauth2/jwks.json",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
];

/// Times stay: the clock is the test's.
fn redact(value: &mut Value) {
    match value {
        Value::String(text) if uuid::Uuid::try_parse(text).is_ok() => "[uuid]".clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "access_token" || name == "refresh_token" {
                    *value = "[token]".into();
                } else {
                    redact(value);
                }
            }
        }
        _ => {}
    }
}
