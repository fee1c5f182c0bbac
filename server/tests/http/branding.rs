//! A deployment's own name, colours, logo and support address, on pages and in mails.

use http::Method;
use vestibule::config::{Config, Environment};
use vestibule_core::model::Language;

use crate::support::{Answer, Browser, TestApp, assert_has, assert_has_not, on_any_database};

on_any_database! {
    pages_and_mails_have_the_deployments_looks with branded,
    the_files_are_kept_for_ever_and_change_their_path with branded,
    an_svg_that_is_opened_runs_nothing with branded,
    an_image_is_what_its_bytes_say with branded_with_png,
    mails_have_a_logo_that_is_a_png with branded_with_png,
    without_settings_pages_look_as_they_come,
    a_visitor_who_asks_for_no_language_gets_the_operators with in_german,
}

const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"><style>path{fill:#7a1f5c}</style><path d=\"M0 0h8v8\"/></svg>";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

fn with_logo(config: &mut Config, logo: &[u8]) {
    // A name that says nothing: the bytes count. The file is read once, at the start.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), logo).unwrap();
    let looks = Environment::from_iter([
        ("VESTIBULE_PRODUCT_NAME", "Müller & Söhne"),
        ("VESTIBULE_ACCENT", "#7a1f5c"),
        ("VESTIBULE_ACCENT_DARK", "#f0a6d4"),
        ("VESTIBULE_SUPPORT_ADDRESS", "help@example.org"),
        ("VESTIBULE_LOGO", file.path().to_str().unwrap()),
    ]);
    let looks = Config::load(&looks).unwrap();
    config.branding = looks.branding;
    config.mail.settings = looks.mail.settings;
    config.mail.support = looks.mail.support;
}

fn branded(config: &mut Config) {
    with_logo(config, LOGO.as_bytes());
}

fn branded_with_png(config: &mut Config) {
    with_logo(config, PNG);
}

fn in_german(config: &mut Config) {
    config.default_language = Language::German;
}

/// The path on a page that ends like this.
fn path_to(page: &str, end: &str) -> String {
    let mut paths = page
        .split('"')
        .filter(|text| text.starts_with("/branding/") && text.ends_with(end));
    paths
        .next()
        .unwrap_or_else(|| panic!("no {end} in {page}"))
        .to_owned()
}

async fn open(app: &TestApp, path: &str) -> Answer {
    Browser::new(app).open(path).await
}

async fn pages_and_mails_have_the_deployments_looks(app: TestApp) {
    // A page, one that is not there, and one that no page had a say in.
    let refused = app
        .at(Method::GET, "/login")
        .host("evil.example")
        .header("accept", "text/html")
        .await
        .expect(421);
    let missing = open(&app, "/nonsense").await.expect(404);
    for answer in [open(&app, "/login").await.expect(200), missing, refused] {
        let page = answer.text();
        let (main, own) = (page.find("vestibule.css"), page.find("/theme.css"));
        assert!(main.is_some() && main < own, "{page}");
        let logo = path_to(&page, "/logo.svg");
        assert!(page.contains(&format!("src=\"{logo}\" alt=\"\"")), "{page}");
        assert!(
            page.contains(&format!("rel=\"icon\" href=\"{logo}\"")),
            "{page}"
        );
        assert!(page.contains("Müller &amp; Söhne"), "{page}");
        assert!(page.contains("href=\"mailto:help@example.org\""), "{page}");
        assert!(!page.contains("class=\"mark\""), "{page}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("style-src 'self'; img-src 'self' data:"));
    }

    let (_, mail) = app.register("ann@example.org").await;
    let parts = [
        "#7a1f5c",
        "#f0a6d4",
        "Müller &#38; Söhne",
        "mailto:help@example.org",
    ];
    assert_has(&mail.html, &parts);
    assert_has_not(&mail.html, &["#0e6358", "<img"]);
}

async fn the_files_are_kept_for_ever_and_change_their_path(app: TestApp) {
    let page = open(&app, "/login").await.text();
    let style = path_to(&page, "/theme.css");
    let answer = app.at(Method::GET, &style).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/css; charset=utf-8");
    assert!(
        answer.text().contains("--accent:#7a1f5c;") && answer.text().contains("--accent:#f0a6d4;"),
        "{answer:?}"
    );
    for path in [style, path_to(&page, "/logo.svg")] {
        let answer = app.at(Method::GET, &path).await.expect(200);
        assert_eq!(
            answer.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        let tag = answer.header("etag").to_owned();
        let again = app.at(Method::GET, &path).header("if-none-match", &tag);
        assert!(again.await.expect(304).body.is_empty());
        let compressed = app
            .at(Method::GET, &path)
            .header("accept-encoding", "br")
            .await;
        assert_eq!(compressed.header("content-encoding"), "br");

        // The path holds a hash of the content: another one is another file.
        let name = path.rsplit('/').next().unwrap();
        let other = format!("/branding/AAAAAAAAAAAA/{name}");
        let answer = app.at(Method::GET, &other).await.expect(404);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

async fn an_svg_that_is_opened_runs_nothing(app: TestApp) {
    let logo = path_to(&open(&app, "/login").await.text(), "/logo.svg");
    let answer = app.at(Method::GET, &logo).await.expect(200);
    assert_eq!(answer.header("content-type"), "image/svg+xml");
    assert_eq!(answer.text(), LOGO);
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("sandbox; default-src 'none'; style-src 'unsafe-inline';"),
        "{policy}"
    );
}

async fn an_image_is_what_its_bytes_say(app: TestApp) {
    let logo = path_to(&open(&app, "/login").await.text(), "/logo.png");
    let answer = app.at(Method::GET, &logo).await.expect(200);
    assert_eq!(answer.header("content-type"), "image/png");
    assert_eq!(&*answer.body, PNG);
}

/// A mail brings its logo along.
async fn mails_have_a_logo_that_is_a_png(app: TestApp) {
    let (_, mail) = app.register("ann@example.org").await;
    let (_, image) = mail.html.split_once("<img ").unwrap();
    let (image, _) = image.split_once('>').unwrap();
    assert!(image.contains("src=\"cid:logo@"), "{image}");
    assert!(image.contains("alt=\"Müller &#38; Söhne\""), "{image}");
    assert!(!mail.html.contains("/branding/"), "{}", mail.html);
    assert!(mail.text.contains("Müller & Söhne"), "{}", mail.text);
}

async fn without_settings_pages_look_as_they_come(app: TestApp) {
    let page = open(&app, "/login").await.text();
    assert!(page.contains("class=\"mark\""), "{page}");
    assert_has_not(&page, &["/branding/", "mailto:", "<img"]);
}

async fn a_visitor_who_asks_for_no_language_gets_the_operators(app: TestApp) {
    for (accept, language) in [("", "de"), ("fr", "de"), ("fr, en;q=0.5", "en")] {
        for (path, status) in [("/login", 200), ("/nonsense", 404)] {
            let call = app
                .at(Method::GET, path)
                .header("accept", "text/html")
                .header("accept-language", accept);
            let page = call.await.expect(status).text();
            assert!(
                page.contains(&format!("<html lang=\"{language}\"")),
                "{accept}: {page}"
            );
        }
    }
    let (_, mail) = app.register("ann@example.org").await;
    assert!(mail.html.contains("<html lang=\"de\""), "{}", mail.html);
}
