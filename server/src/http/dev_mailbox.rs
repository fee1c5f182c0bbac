//! The mailbox of the development mode: pages that show each mail, with its links working.

use std::{io, sync::Arc};

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use time::{format_description::well_known::Rfc3339, macros::format_description};
use uuid::Uuid;
use vestibule_mail::{Mailbox, StoredMail};

/// The list: its stylesheet, and the mails in frames.
const LIST_POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; \
    form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// A mail's own page: its inline styles and the logo inside it, and nothing that loads or runs.
/// The list shows it in a frame.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
    form-action 'none'; frame-ancestors 'self'; base-uri 'none'";

/// Mail programs open links outside of the mail.
const OPEN_OUTSIDE: &str = "<base target=\"_blank\">";

/// `/dev/mailbox`: for the development mode alone, since
/// the reader of these mails can sign in as anybody.
pub fn router(mailbox: Arc<Mailbox>) -> Router {
    Router::new()
        .route("/dev/mailbox", get(list))
        .route("/dev/mailbox/style.css", get(style))
        .route("/dev/mailbox/{id}", get(show))
        .with_state(mailbox)
}

#[derive(Template)]
#[template(path = "dev_mailbox.html")]
struct ListPage<'a> {
    mails: Vec<ListedMail<'a>>,
}

struct ListedMail<'a> {
    id: Uuid,
    /// The code of the language that the mail is written in.
    lang: &'a str,
    kind: &'a str,
    to: &'a str,
    subject: &'a str,
    text: Vec<Piece<'a>>,
    sent_at: String,
    sent_at_iso: String,
}

/// A stretch of a mail's text. Addresses of the portal become links, and nothing else that a user
/// may have written.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Link(&'a str),
}

#[derive(Template)]
#[template(path = "dev_mailbox_missing.html")]
struct MissingPage {
    title: &'static str,
    explanation: &'static str,
}

async fn list(State(mailbox): State<Arc<Mailbox>>) -> Response {
    match read(move || mailbox.list()).await {
        Ok(mails) => {
            let mails = mails.iter().map(ListedMail::from).collect();
            let policy = [(header::CONTENT_SECURITY_POLICY, LIST_POLICY)];
            (policy, page(StatusCode::OK, &ListPage { mails })).into_response()
        }
        Err(error) => unreadable(&error),
    }
}

async fn show(State(mailbox): State<Arc<Mailbox>>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<Uuid>() else {
        return missing();
    };
    match read(move || mailbox.read(id)).await {
        Ok(Some(mail)) => {
            let headers = [
                (header::CONTENT_SECURITY_POLICY, MAIL_POLICY),
                (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            let head = ["<head>", OPEN_OUTSIDE].concat();
            let html = mail.html.replacen("<head>", &head, 1);
            (headers, Html(html)).into_response()
        }
        Ok(None) => missing(),
        Err(error) => unreadable(&error),
    }
}

async fn style() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("../../templates/dev_mailbox.css"),
    )
}

async fn read<T: Send + 'static>(
    files: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(files).await?
}

fn missing() -> Response {
    let explanation =
        "The mailbox keeps the newest 200 mails. This one may have made room for later ones.";
    page(
        StatusCode::NOT_FOUND,
        &MissingPage {
            title: "This mail is not here",
            explanation,
        },
    )
}

fn unreadable(error: &io::Error) -> Response {
    tracing::error!(%error, "the mailbox cannot be read");
    let explanation = "The server's log says why.";
    page(
        StatusCode::INTERNAL_SERVER_ERROR,
        &MissingPage {
            title: "The mailbox cannot be read",
            explanation,
        },
    )
}

fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page of the mailbox cannot be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl<'a> From<&'a StoredMail> for ListedMail<'a> {
    fn from(mail: &'a StoredMail) -> Self {
        let format = format_description!(
            "[day padding:none] [month repr:long] [year], [hour]:[minute]:[second] UTC"
        );
        Self {
            id: mail.id,
            lang: &mail.language,
            kind: &mail.kind,
            to: &mail.to,
            subject: &mail.subject,
            text: pieces(&mail.text, mail.link.as_deref()),
            sent_at: mail.sent_at.format(format).unwrap_or_default(),
            sent_at_iso: mail.sent_at.format(&Rfc3339).unwrap_or_default(),
        }
    }
}

fn pieces<'a>(text: &'a str, link: Option<&'a str>) -> Vec<Piece<'a>> {
    let Some(portal) = link.and_then(origin) else {
        return vec![Piece::Text(text)];
    };
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(portal) {
        let (before, address) = rest.split_at(start);
        let end = address
            .find(|c: char| c.is_whitespace() || "<>\"".contains(c))
            .unwrap_or(address.len());
        let address = address[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')']);
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Link(address));
        rest = &rest[start + address.len()..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// Scheme and host of a web address, with the slash behind them.
fn origin(link: &str) -> Option<&str> {
    let host = ["http://", "https://"]
        .into_iter()
        .find(|scheme| link.starts_with(scheme))?
        .len();
    let slash = link[host..].find('/')?;
    Some(&link[..=host + slash])
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt as _;
    use vestibule_core::{
        mail::OutgoingMail,
        model::Language,
        ports::{Mailer as _, SystemClock},
    };
    use vestibule_mail::{MailLogo, MailSettings, MailboxMailer, samples};

    use super::*;

    async fn fetch(mailbox: &Arc<Mailbox>, path: &str) -> (StatusCode, header::HeaderMap, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = router(Arc::clone(mailbox)).oneshot(request).await;
        let (parts, body) = answer.unwrap().into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        (parts.status, parts.headers, body)
    }

    fn welcome(name: &str) -> OutgoingMail {
        let mut mail = samples(Language::English).remove(0);
        mail.first_name = Some(name.to_owned());
        mail
    }

    async fn mailbox(
        folder: &tempfile::TempDir,
        logo: Option<MailLogo>,
        mails: impl IntoIterator<Item = OutgoingMail>,
    ) -> Arc<Mailbox> {
        let mailbox = Arc::new(Mailbox::open(folder.path()).unwrap());
        let settings = MailSettings::new("Example", "no-reply@example.org", None).unwrap();
        let settings = settings.with_logo(logo);
        let mailer = MailboxMailer::new(Arc::clone(&mailbox), settings, Arc::new(SystemClock));
        for mail in mails {
            mailer.send(&mail).await.unwrap();
        }
        mailbox
    }

    #[tokio::test]
    async fn the_list_shows_the_text_with_its_link_and_escapes_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = mailbox(&folder, None, [welcome("<b>Zoë</b>")]).await;
        let (status, headers, body) = fetch(&mailbox, "/dev/mailbox").await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], LIST_POLICY);
        let link = welcome("").link.unwrap();
        assert!(
            body.contains(&format!("<a href=\"{link}\">{link}</a>")),
            "{body}"
        );
        assert!(
            body.contains("zoe@example.org") && body.contains("493027 is your code for Example")
        );
        assert!(body.contains("Hello &#60;b&#62;Zoë&#60;/b&#62;,") && !body.contains("<b>"));
        for inline in ["<style", "style=\"", "<script"] {
            assert!(
                !body.contains(inline),
                "the portal's policy forbids {inline}"
            );
        }
    }

    #[tokio::test]
    async fn every_mail_is_listed_in_its_own_language() {
        let folder = tempfile::tempdir().unwrap();
        let mails = Language::ALL
            .iter()
            .flat_map(|language| samples(*language))
            .enumerate()
            .map(|(number, mut mail)| {
                mail.id = Uuid::from_u128(number as u128);
                mail
            });
        let mails: Vec<_> = mails.collect();
        let mailbox = mailbox(&folder, None, mails.clone()).await;
        let (_, _, body) = fetch(&mailbox, "/dev/mailbox").await;
        for mail in mails {
            let article = body
                .split("</article>")
                .find(|article| article.contains(&format!("id=\"subject-{}\"", mail.id)))
                .unwrap();
            let lang = format!("lang=\"{}\"", mail.language);
            for part in [
                format!("<h2 id=\"subject-{}\" {lang}>", mail.id),
                format!("<pre {lang}>"),
                format!("<code>{}</code>", mail.kind),
            ] {
                assert!(article.contains(&part), "{part}: {article}");
            }
            let link = mail.link.unwrap();
            assert_eq!(
                article.matches(&format!("<a href=\"{link}\">")).count(),
                1,
                "{article}"
            );
        }
    }

    #[tokio::test]
    async fn a_mail_is_shown_under_its_own_policy() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = mailbox(&folder, None, [welcome("Zoë")]).await;
        let mail = mailbox.list().unwrap().remove(0);
        let (_, _, list) = fetch(&mailbox, "/dev/mailbox").await;
        let (_, frame) = list.split_once("<iframe ").unwrap();
        let (frame, _) = frame.split_once('>').unwrap();
        assert!(
            frame.contains(&format!("src=\"/dev/mailbox/{}\"", mail.id)),
            "{frame}"
        );
        // No script, no form, no way to navigate the list: links open in a tab of their own.
        let sandbox = "sandbox=\"allow-popups allow-popups-to-escape-sandbox\"";
        assert!(frame.contains(sandbox), "{frame}");
        let (status, headers, body) = fetch(&mailbox, &format!("/dev/mailbox/{}", mail.id)).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], MAIL_POLICY);
        assert_eq!(headers[header::X_FRAME_OPTIONS], "SAMEORIGIN");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(body.matches(OPEN_OUTSIDE).count(), 1, "{body}");
        assert_eq!(body.replace(OPEN_OUTSIDE, ""), mail.html);
    }

    /// The policy lets an image show that is inside the page, and no other.
    #[tokio::test]
    async fn a_mail_shows_its_logo() {
        let folder = tempfile::tempdir().unwrap();
        let (mail, logo) = (welcome("Zoë"), MailLogo::new(b"any bytes"));
        let mailbox = mailbox(&folder, Some(logo), [mail.clone()]).await;
        let (_, headers, body) = fetch(&mailbox, &format!("/dev/mailbox/{}", mail.id)).await;
        let address = "src=\"data:image/png;base64,YW55IGJ5dGVz\"";
        assert_eq!(body.matches("src=").count(), 1, "{body}");
        assert!(body.contains(address), "{body}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'; ") && policy.contains("; img-src data:; "));
    }

    #[tokio::test]
    async fn what_is_no_mail_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = mailbox(&folder, None, [welcome("Zoë")]).await;
        for id in [
            "00000000-0000-0000-0000-000000000000",
            "nonsense",
            "..%2F..%2Fetc%2Fpasswd",
        ] {
            let (status, _, body) = fetch(&mailbox, &format!("/dev/mailbox/{id}")).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{id}");
            assert!(body.contains("This mail is not here"));
        }
    }

    #[tokio::test]
    async fn an_empty_mailbox_says_what_will_appear() {
        let folder = tempfile::tempdir().unwrap();
        let mailbox = Arc::new(Mailbox::open(folder.path().join("mailbox")).unwrap());
        let (status, _, body) = fetch(&mailbox, "/dev/mailbox").await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.contains("No mail yet"));
        let (status, headers, _) = fetch(&mailbox, "/dev/mailbox/style.css").await;
        assert_eq!(
            (status, &headers[header::CONTENT_TYPE]),
            (StatusCode::OK, &"text/css; charset=utf-8".parse().unwrap())
        );
        drop(folder);
        assert_eq!(
            fetch(&mailbox, "/dev/mailbox").await.0,
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }

    #[test]
    fn only_addresses_of_the_portal_become_links() {
        let text = "see https://a.example/x, https://b.example or https://a.example/y.\n\
            https://a.example.evil/z";
        let link = Some("https://a.example/reset?token=1");
        let expected = [
            Piece::Text("see "),
            Piece::Link("https://a.example/x"),
            Piece::Text(", https://b.example or "),
            Piece::Link("https://a.example/y"),
            Piece::Text(".\nhttps://a.example.evil/z"),
        ];
        assert_eq!(pieces(text, link), expected);
        for no_link in [None, Some("javascript:1/2"), Some("https://a.example")] {
            assert_eq!(pieces(text, no_link), [Piece::Text(text)], "{no_link:?}");
        }
    }
}
