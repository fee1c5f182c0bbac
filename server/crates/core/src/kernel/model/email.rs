//! The one place that decides what an e-mail address is and which spellings are one account.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use super::name::is_invisible;

const MAX_ADDRESS_BYTES: usize = 254;
const MAX_LOCAL_BYTES: usize = 64;

/// A plain address: `local@domain`, no quoted local part,
/// comment, group or list (RFC 5321, 4.1.2 and 4.5.3.1).
///
/// Normalised first (NFKC, the domain in its ASCII form),
/// checked second, and never changed afterwards.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    address: String,
    canonical: String,
}

/// The text is not a plain address that mail can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct InvalidEmail;

impl EmailAddress {
    /// # Errors
    /// [`InvalidEmail`] for anything but one plain address.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim_matches(is_pasted_along);
        if text.len() > 4 * MAX_ADDRESS_BYTES || text.chars().any(is_hidden) {
            return Err(InvalidEmail);
        }
        let text: String = text.nfkc().collect();
        let (local, domain) = text.split_once('@').ok_or(InvalidEmail)?;
        let domain = ascii_domain(domain)?;
        if !is_dot_atom(local) || local.len() > MAX_LOCAL_BYTES {
            return Err(InvalidEmail);
        }
        let address = format!("{local}@{domain}");
        if address.len() > MAX_ADDRESS_BYTES {
            return Err(InvalidEmail);
        }
        let canonical = address.to_ascii_lowercase();
        Ok(Self { address, canonical })
    }

    /// The address to show and to send mail to.
    pub fn as_str(&self) -> &str {
        &self.address
    }

    /// The key of the account: case, width and punycode variants are one.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

/// The address as people read it: its domain in the letters of its language.
/// Mail servers and programs get the ASCII form.
pub fn display_email(address: &str) -> String {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return address.to_owned();
    };
    match idna::domain_to_unicode(domain) {
        (domain, Ok(())) => format!("{local}@{domain}"),
        (_, Err(_)) => address.to_owned(),
    }
}

/// The mailbox of a canonical address: `ann+shop@example.org` is read by the reader of
/// `ann@example.org`. For counting alone: some servers deliver the two apart.
pub fn without_tag(canonical: &str) -> String {
    match canonical.split_once('@') {
        Some((local, domain)) => {
            let mailbox = local.split_once('+').map_or(local, |(mailbox, _)| mailbox);
            format!("{mailbox}@{domain}")
        }
        None => canonical.to_owned(),
    }
}

/// Addresses are personal data: logs do not show them.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(..)")
    }
}

/// White space of any script around an address that was copied, but nothing that ends a line: what
/// follows that is another header.
fn is_pasted_along(c: char) -> bool {
    let is_line_end = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    c == '\t' || (c.is_whitespace() && !is_line_end)
}

/// Whether joiners belong where they are is for the rules
/// of domain names to say; before the @ nothing does.
fn is_hidden(c: char) -> bool {
    is_invisible(c) && !matches!(c, '\u{200C}' | '\u{200D}')
}

/// RFC 5322 `dot-atom`, ASCII only.
fn is_dot_atom(local: &str) -> bool {
    let is_atext = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&c);
    local
        .split('.')
        .all(|atom| !atom.is_empty() && atom.bytes().all(is_atext))
}

fn ascii_domain(domain: &str) -> Result<String, InvalidEmail> {
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| InvalidEmail)?;
    let labels: Vec<&str> = ascii.split('.').collect();
    let top = labels.last().copied().unwrap_or_default();
    let is_address = top.bytes().all(|c| c.is_ascii_digit());
    if labels.len() < 2 || labels.iter().any(|label| label.is_empty()) || is_address {
        return Err(InvalidEmail);
    }
    Ok(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> Option<String> {
        EmailAddress::parse(text)
            .ok()
            .map(|email| email.canonical().to_owned())
    }

    #[test]
    fn spellings_of_one_address_share_one_key() {
        let key = Some("ann.lee@xn--bcher-kva.example".to_owned());
        for spelling in [
            "ann.lee@bücher.example",
            " Ann.Lee@BÜCHER.example ",
            "ann.lee@xn--bcher-kva.example",
            "ann.lee@bu\u{0308}cher.example",
            "ａｎｎ.lee@bücher．example",
        ] {
            assert_eq!(canonical(spelling), key, "{spelling}");
        }
    }

    #[test]
    fn what_a_pasted_address_brings_along_is_no_part_of_it() {
        for pasted in [
            "\u{A0}ann@example.org\u{A0}",
            "\u{3000}ann@example.org\t",
            "\u{2009}ann@example.org\u{202F} ",
        ] {
            assert_eq!(canonical(pasted).as_deref(), Some("ann@example.org"));
        }
    }

    #[test]
    fn an_address_is_read_in_the_letters_of_its_language() {
        for typed in [
            "ann@b\u{fc}cher.example",
            "Ann@\u{4F8B}\u{3048}.jp",
            "ann@example.org",
        ] {
            let address = EmailAddress::parse(typed).unwrap();
            assert!(address.as_str().is_ascii());
            assert_eq!(display_email(address.as_str()), typed);
        }
        // A domain whose letters a joiner separates.
        let persian = "ann@\u{0646}\u{0627}\u{0645}\u{0647}\u{200C}\u{0627}\u{06CC}.example";
        let address = EmailAddress::parse(persian).unwrap();
        assert_eq!(display_email(address.as_str()), persian);
        for imported in ["nobody", "ann@xn--a", "ann@xn--\u{fc}"] {
            assert_eq!(display_email(imported), imported);
        }
    }

    #[test]
    fn anything_but_one_plain_address_is_refused() {
        for bad in [
            "",
            "ann",
            "@example.org",
            "ann@",
            "ann@example",
            "ann@@example.org",
            "a@b@example.org",
            ".ann@example.org",
            "ann.@example.org",
            "a..b@example.org",
            "\"ann\"@example.org",
            "ann@[127.0.0.1]",
            "ann@127.0.0.1",
            "ann <ann@example.org>",
            "ann@example.org,bob@example.org",
            "ann@example.org\r\nBcc: x@example.org",
            "ann@exam\0ple.org",
            "ann@example.org\n",
            "\u{2028}ann@example.org",
            "\0ann@example.org",
            "an\u{200B}n@example.org",
            "an\u{200D}n@example.org",
            "ann@exam\u{200D}ple.org",
            "ann@exam\u{FE0F}ple.org",
            "ann@-example.org",
            "ann@example..org",
            "änn@example.org",
        ] {
            assert_eq!(canonical(bad), None, "{bad:?}");
        }
        assert_eq!(canonical(&format!("{}@example.org", "a".repeat(65))), None);
    }
}
