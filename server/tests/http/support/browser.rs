use std::collections::BTreeMap;

use http::Method;

use super::call::Call;
use super::{Answer, Mail, PASSWORD, PUBLIC_URL, TestApp};

/// The cookie of a browser's session.
pub const SESSION_COOKIE: &str = "__Host-sid";

/// A browser with JavaScript off: it keeps cookies and posts forms. Redirects are the test's to follow.
pub struct Browser {
    app: TestApp,
    cookies: BTreeMap<String, String>,
    /// What it says in `Accept-Language`.
    languages: &'static str,
}

impl Browser {
    pub fn new(app: &TestApp) -> Self {
        Self {
            app: app.clone(),
            cookies: BTreeMap::new(),
            languages: "en-GB,en;q=0.9",
        }
    }

    pub fn speaking(app: &TestApp, languages: &'static str) -> Self {
        Self {
            languages,
            ..Self::new(app)
        }
    }

    pub async fn open(&mut self, path: &str) -> Answer {
        let call = self
            .app
            .at(Method::GET, path)
            .header("accept", "text/html")
            .header("accept-language", self.languages)
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
            .header("accept-language", self.languages)
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

/// Where the answer to a form leads.
#[track_caller]
pub fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location")
}

/// A browser whose user has [`PASSWORD`] and has just signed in. All mails so far are read, the one about the device too.
pub async fn signed_in_browser(app: &TestApp, email: &str) -> Browser {
    let mut browser = Browser::new(app);
    let fields = [("email", email), ("password", PASSWORD)];
    let answer = browser.submit("sign_in", &fields).await;
    assert_eq!(location(&answer), "/account");
    app.read_mails().await;
    browser
}

/// Fills in the form of the sign-in page.
pub async fn sign_in(browser: &mut Browser, email: &str, password: &str) -> Answer {
    browser
        .submit("sign_in", &[("email", email), ("password", password)])
        .await
}

pub async fn is_signed_in(browser: &mut Browser) -> bool {
    browser.open("/account").await.status == 200
}

/// A page that is there.
pub async fn open_page(browser: &mut Browser, path: &str) -> String {
    browser.open(path).await.expect(200).text()
}

/// The page that a mailed link to confirm an address leads the browser to.
pub async fn follow_verify_link(browser: &mut Browser, mail: &Mail) -> String {
    let path = mail.link.strip_prefix(PUBLIC_URL).unwrap();
    assert_eq!(location(&browser.open(path).await), "/verify-email");
    open_page(browser, "/verify-email").await
}

#[track_caller]
pub fn assert_has(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
}

#[track_caller]
pub fn assert_has_not(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(!page.contains(part), "{part:?} in {page}");
    }
}

/// A form was refused, and its page says so on top and at a field.
pub async fn assert_fault(
    browser: &mut Browser,
    answer: &Answer,
    path: &str,
    field: &str,
) -> String {
    assert_eq!(location(answer), path);
    let page = open_page(browser, path).await;
    let error = format!("id=\"{field}-error\"");
    let link = format!("href=\"#{field}\"");
    assert_has(&page, &["role=\"alert\"", "<title>Error: ", &error, &link]);
    page
}
