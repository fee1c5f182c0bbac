use std::collections::BTreeMap;

use http::Method;

use super::call::Call;
use super::{Answer, PUBLIC_URL, TestApp};

/// A browser with JavaScript off: it keeps cookies and posts forms. Redirects are the test's to follow.
pub struct Browser {
    app: TestApp,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub fn new(app: &TestApp) -> Self {
        Self {
            app: app.clone(),
            cookies: BTreeMap::new(),
        }
    }

    pub async fn open(&mut self, path: &str) -> Answer {
        let call = self
            .app
            .at(Method::GET, path)
            .header("accept", "text/html")
            .header("sec-fetch-site", "same-origin");
        let answer = call.cookies(&self.cookie_header()).await;
        self.keep_cookies(&answer);
        answer
    }

    /// Posts a form as a browser does from our own page.
    pub async fn submit(&mut self, function: &str, fields: &[(&str, &str)]) -> Answer {
        let path = format!("/_fn/{function}");
        let call = self.app.at(Method::POST, &path).form(fields);
        self.send(call).await
    }

    /// Posts nothing to a path.
    pub async fn post(&mut self, path: &str) -> Answer {
        let call = self.app.at(Method::POST, path);
        self.send(call).await
    }

    async fn send(&mut self, call: Call) -> Answer {
        let call = call
            .header("accept", "text/html")
            .header("origin", PUBLIC_URL)
            .header("sec-fetch-site", "same-origin");
        let answer = call.cookies(&self.cookie_header()).await;
        self.keep_cookies(&answer);
        answer
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Somebody who got hold of a cookie.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    fn cookie_header(&self) -> String {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("; ")
    }

    /// Every cookie is one that a browser takes under its `__Host-` name, and that scripts and other sites do not get.
    fn keep_cookies(&mut self, answer: &Answer) {
        for header in answer.headers.get_all("set-cookie") {
            let header = header.to_str().unwrap();
            let (pair, attributes) = header.split_once("; ").unwrap();
            let attributes: Vec<&str> = attributes.split("; ").collect();
            for attribute in ["Secure", "HttpOnly", "Path=/"] {
                assert!(attributes.contains(&attribute), "{attribute} of {header}");
            }
            let (name, value) = pair.split_once('=').unwrap();
            assert!(name.starts_with("__Host-"), "{header}");
            if value.is_empty() || attributes.contains(&"Max-Age=0") {
                self.cookies.remove(name);
            } else {
                assert!(attributes.contains(&"SameSite=Lax"), "{header}");
                assert!(header.len() <= 4096, "{header}");
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}
