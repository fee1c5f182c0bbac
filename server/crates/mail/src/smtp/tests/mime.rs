//! Takes a message apart, as its reader's program does.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The headers (unfolded) and the body.
pub fn split(part: &str) -> (HashMap<String, String>, &str) {
    let (head, body) = part.split_once("\r\n\r\n").unwrap();
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let headers = head.lines().map(|line| line.split_once(": ").unwrap());
    (
        headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body,
    )
}

/// A header as it was before its words were encoded. The
/// space between two encoded words is none (RFC 2047, 6.2).
pub fn decode_words(header: &str) -> String {
    let mut bytes = Vec::new();
    let mut was_encoded = false;
    for word in header.split(' ') {
        let encoded = word
            .strip_prefix("=?utf-8?b?")
            .and_then(|word| word.strip_suffix("?="));
        let joins = was_encoded && encoded.is_some();
        if !(bytes.is_empty() || joins) {
            bytes.push(b' ');
        }
        match encoded {
            Some(encoded) => bytes.extend(STANDARD.decode(encoded).unwrap()),
            None => bytes.extend(word.as_bytes()),
        }
        was_encoded = encoded.is_some();
    }
    String::from_utf8(bytes).unwrap()
}

/// The body as it was before the transfer encoding.
pub fn decode(part: &str) -> (HashMap<String, String>, Vec<u8>) {
    let (headers, body) = split(part);
    let bytes = match headers["Content-Transfer-Encoding"].as_str() {
        "quoted-printable" => {
            quoted_printable::decode(body, quoted_printable::ParseMode::Strict).unwrap()
        }
        "base64" => STANDARD.decode(body.replace("\r\n", "")).unwrap(),
        _ => body.as_bytes().to_vec(),
    };
    (headers, bytes)
}

/// The same of a text, as a mail program shows it.
pub fn decode_text(part: &str) -> (String, String) {
    let (headers, bytes) = decode(part);
    let text = String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    (
        headers["Content-Type"].clone(),
        text.trim_end().to_owned() + "\n",
    )
}

/// The kind of a part that has parts, and those.
pub fn parts(part: &str) -> (String, Vec<&str>) {
    let (headers, body) = split(part);
    let (kind, boundary) = headers["Content-Type"].split_once("; boundary=").unwrap();
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let mut parts = body.split(delimiter.as_str());
    assert_eq!(parts.next(), Some(""), "there is nothing before the parts");
    let mut parts: Vec<&str> = parts.collect();
    assert_eq!(parts.pop().unwrap().trim_end(), "--");
    let parts = parts.into_iter().map(|it| it.trim_start_matches("\r\n"));
    (kind.to_owned(), parts.collect())
}
