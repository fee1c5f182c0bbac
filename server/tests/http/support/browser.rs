use std::collections::BTreeMap;
use std::future::IntoFuture as _;
use std::sync::atomic::{AtomicU64, Ordering};

use http::Method;

use super::call::Call;
use super::{Answer, Mail, NEW_PASSWORD, PASSWORD, PUBLIC_URL, TestApp};

/// The cookie of a browser's session.
pub const SESSION_COOKIE: &str = "__Host-sid";

type Fields = &'static [(&'static str, &'static str)];

/// Every form of the account's pages with good fields, and the page that it comes back to.
/// They are refused unless they name the account that is signed in.
pub const ACCOUNT_FORMS: &[(&str, Fields, &str)] = &[
    (
        "update_profile",
        &[("first_name", "Mallory"), ("last_name", "M")],
        "/account/profile",
    ),
    (
        "change_password",
        &[
            ("current_password", PASSWORD),
            ("new_password", NEW_PASSWORD),
        ],
        "/account/password",
    ),
    (
        "change_email",
        &[
            ("new_email", "ann@new.example"),
            ("current_password", PASSWORD),
        ],
        "/account/email",
    ),
    ("cancel_email_change", &[], "/account/email"),
    (
        "confirm_password",
        &[("current_password", PASSWORD)],
        "/account/confirm",
    ),
    (
        "delete_account",
        &[("current_password", PASSWORD), ("confirm", "on")],
        "/account/delete",
    ),
    ("sign_out", &[], "/account/sessions"),
    ("sign_out_others", &[], "/account/sessions"),
    (
        "revoke_session",
        &[("session_id", "0192d3c4-0000-7000-8000-000000000001")],
        "/account/sessions",
    ),
];

static NONCES: AtomicU64 = AtomicU64::new(0);

/// What distinguishes a form from every other that was rendered.
pub fn new_nonce() -> String {
    format!("{:022}", NONCES.fetch_add(1, Ordering::Relaxed))
}

/// A browser with JavaScript off: it keeps cookies and posts forms, with the hidden fields that
/// their pages give them. Redirects are the test's to follow.
pub struct Browser {
    app: TestApp,
    cookies: BTreeMap<String, String>,
    /// What it says in `Accept-Language`.
    languages: &'static str,
    /// Whose pages it shows.
    account: Option<String>,
    /// The links that were followed: the path of their page,
    /// and what stands for the link in its address.
    links: BTreeMap<String, String>,
}

impl Browser {
    pub fn new(app: &TestApp) -> Self {
        Self {
            app: app.clone(),
            cookies: BTreeMap::new(),
            languages: "en-GB,en;q=0.9",
            account: None,
            links: BTreeMap::new(),
        }
    }

    pub fn speaking(app: &TestApp, languages: &'static str) -> Self {
        Self {
            languages,
            ..Self::new(app)
        }
    }

    /// Opens a page: of a mailed link, if one was followed that leads there.
    pub async fn open(&mut self, path: &str) -> Answer {
        let (page, query) = path.split_once('?').unwrap_or((path, ""));
        let is_new = ["token=", "link="].iter().any(|name| query.contains(name));
        let address = match self.links.get(page).filter(|_| !is_new) {
            Some(handle) => format!("{page}?link={handle}&{query}"),
            None => path.to_owned(),
        };
        let answer = self.get(&address).cookies(&self.cookie_header()).await;
        self.keep_cookies(&answer);
        self.keep_link(&answer);
        if let Some(account) = hidden(&answer.text(), "account") {
            self.account = Some(account);
        }
        answer
    }

    fn get(&self, address: &str) -> Call {
        self.app
            .at(Method::GET, address)
            .header("accept", "text/html")
            .header("accept-language", self.languages)
            .header("sec-fetch-site", "same-origin")
    }

    /// The same; where the answer leads.
    pub async fn opens(&mut self, path: &str) -> String {
        location(&self.open(path).await).to_owned()
    }

    /// Posts a form as a browser does from the portal's own page.
    pub async fn submit(&mut self, function: &str, fields: &[(&str, &str)]) -> Answer {
        let hidden = self.hidden_fields(function, fields).await;
        let answer = self.submit_just(function, &with(&hidden, fields)).await;
        let page = page_of(function);
        if answer.status == 303 && !answer.header("location").contains("link=") {
            self.links.remove(page);
        }
        if ["sign_in", "register", "verify_email"].contains(&function) {
            // Another user may be signed in now.
            self.account = None;
        }
        answer
    }

    /// The same; where the answer leads.
    pub async fn submits(&mut self, function: &str, fields: &[(&str, &str)]) -> String {
        location(&self.submit(function, fields).await).to_owned()
    }

    /// The same with these fields and no others.
    pub async fn submit_just(&mut self, function: &str, fields: &[(&str, &str)]) -> Answer {
        let path = format!("/_fn/{function}");
        let call = self.app.at(Method::POST, &path).form(fields);
        self.send(call).await
    }

    /// Downloads everything about the account.
    pub async fn download(&mut self) -> Answer {
        let account = self.account_of_page().await;
        let nonce = new_nonce();
        let fields = [
            ("form_nonce", nonce.as_str()),
            ("account", account.as_str()),
        ];
        self.download_with(&fields).await
    }

    /// The same with these fields and no others.
    pub async fn download_with(&mut self, fields: &[(&str, &str)]) -> Answer {
        let call = self.app.at(Method::POST, "/account/export").form(fields);
        self.send(call).await
    }

    /// Posts nothing to a path.
    pub async fn post(&mut self, path: &str) -> Answer {
        let call = self.app.at(Method::POST, path);
        self.send(call).await
    }

    /// Goes to the page without the link that led there.
    pub fn leave_link(&mut self, page: &str) {
        self.links.remove(page);
    }

    /// Where the page of a link that was followed is.
    pub fn link_address(&self, page: &str) -> String {
        format!("{page}?link={}", self.links[page])
    }

    async fn hidden_fields(
        &mut self,
        function: &str,
        fields: &[(&str, &str)],
    ) -> Vec<(&'static str, String)> {
        let has = |name: &str| {
            fields
                .iter()
                .any(|(field, value)| *field == name && !value.is_empty())
        };
        let mut hidden = Vec::new();
        // Scripts ask for the strength of a password, with no form.
        if function != "password_strength" && !has("form_nonce") {
            hidden.push(("form_nonce", new_nonce()));
        }
        let is_of_account = ACCOUNT_FORMS.iter().any(|(name, ..)| *name == function)
            || ["set_language", "decide_flow", "switch_account"].contains(&function);
        if is_of_account && !has("account") {
            hidden.push(("account", self.account_of_page().await));
        }
        let uses_link = match function {
            "verify_email" => !has("code"),
            "sign_in" | "register" | "forgot_password" | "resend_verification" => false,
            _ => true,
        };
        if let Some(handle) = self
            .links
            .get(page_of(function))
            .filter(|_| uses_link && !has("link"))
        {
            hidden.push(("link", handle.clone()));
        }
        hidden.retain(|(_, value)| !value.is_empty());
        hidden
    }

    /// Whose the pages are: that of the page that was opened last,
    /// or else of one that is looked at for it.
    async fn account_of_page(&mut self) -> String {
        if self.account.is_none() && self.cookies.contains_key(SESSION_COOKIE) {
            let page = self.get("/account/profile").cookies(&self.cookie_header());
            self.account = hidden(&page.await.text(), "account");
        }
        self.account.clone().unwrap_or_default()
    }

    fn keep_link(&mut self, answer: &Answer) {
        let Some(location) = answer.headers.get("location") else {
            return;
        };
        if let Some((page, handle)) = location.to_str().unwrap().split_once("?link=") {
            let handle = handle.split('&').next().unwrap();
            self.links.insert(page.to_owned(), handle.to_owned());
        }
    }

    /// Posts a form twice at once, as a double click does.
    pub async fn submit_twice(&mut self, function: &str, fields: &[(&str, &str)]) -> [Answer; 2] {
        let hidden = self.hidden_fields(function, fields).await;
        let fields = with(&hidden, fields);
        let path = format!("/_fn/{function}");
        let call = || self.on_page(self.app.at(Method::POST, &path).form(&fields));
        let (first, second) = tokio::join!(call().into_future(), call().into_future());
        self.keep_cookies(&first);
        self.keep_cookies(&second);
        [first, second]
    }

    async fn send(&mut self, call: Call) -> Answer {
        let answer = self.on_page(call).await;
        self.keep_cookies(&answer);
        self.keep_link(&answer);
        answer
    }

    fn on_page(&self, call: Call) -> Call {
        call.header("accept", "text/html")
            .header("accept-language", self.languages)
            .header("origin", PUBLIC_URL)
            .header("sec-fetch-site", "same-origin")
            .cookies(&self.cookie_header())
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// An attacker who got hold of a cookie.
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

    /// Every cookie is one that a browser takes under its `__Host-` name,
    /// and that scripts and other sites do not get.
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

/// All fields of a form.
fn with<'a>(
    hidden: &'a [(&'static str, String)],
    fields: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let hidden = hidden.iter().map(|(name, value)| (*name, value.as_str()));
    hidden.chain(fields.iter().copied()).collect()
}

/// The page that shows the form.
fn page_of(function: &str) -> &'static str {
    match function {
        "verify_email"
        | "resend_by_link"
        | "reset_by_verify_link"
        | "resend_verification"
        | "sign_in"
        | "register" => "/verify-email",
        "reset_password" | "send_new_reset_link" | "forgot_password" => "/reset-password",
        "revert_email" => "/revert-email",
        "restore_account" => "/restore-account",
        _ => "",
    }
}

/// The value of a hidden field of a page.
pub fn hidden(page: &str, name: &str) -> Option<String> {
    let field = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&field)?;
    rest.split('"').next().map(str::to_owned)
}

/// Where the answer leads, without what stands for a mailed link and what asks for cookies.
#[track_caller]
pub fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{answer:?}");
    let location = answer.header("location");
    let checks = ["?cookies=check", "&cookies=check"];
    let without = |check: &&str| location.strip_suffix(*check);
    let location = checks.iter().find_map(without).unwrap_or(location);
    match location.split_once("?link=") {
        Some((page, handle)) if !handle.contains('&') => page,
        _ => location,
    }
}

/// A browser whose user has [`PASSWORD`] and has just signed in.
/// All mails so far are read, the one about the device too.
pub async fn signed_in_browser(app: &TestApp, email: &str) -> Browser {
    let mut browser = Browser::new(app);
    let fields = [("email", email), ("password", PASSWORD)];
    let answer = browser.submit("sign_in", &fields).await;
    assert_eq!(location(&answer), "/account");
    app.read_mails().await;
    browser
}

/// The same of a user who has just been made.
pub async fn browser_of_new_user(app: &TestApp, email: &str) -> Browser {
    app.user(email).await;
    signed_in_browser(app, email).await
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
    assert_eq!(location(&browser.open(mail.path()).await), "/verify-email");
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
pub async fn assert_field_error(
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
