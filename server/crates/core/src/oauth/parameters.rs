//! The parameters of a request, from its query or its form body.

use url::form_urlencoded;

use super::error::{OAuthErrorCode, OAuthRefusal};

/// Names and values as they came. Unknown ones are passed over; none may come twice
/// (RFC 6749, 3.1 and 3.2).
#[derive(Clone, Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `application/x-www-form-urlencoded`.
    pub fn parse(text: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(text);
        Self(
            pairs
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// The value of a parameter; an empty one counts as none (RFC 6749, 3.1).
    ///
    /// # Errors
    /// `invalid_request` if it came twice, or is no text.
    pub(super) fn get(&self, name: &str) -> Result<Option<&str>, OAuthRefusal> {
        let mut values = self.0.iter().filter(|(given, _)| given == name);
        let value = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(OAuthErrorCode::InvalidRequest.because("A parameter came twice."));
        }
        // The parser puts U+FFFD where bytes are not UTF-8.
        if value.is_some_and(|value| value.contains(['\0', '\u{FFFD}'])) {
            return Err(OAuthErrorCode::InvalidRequest.because("A parameter is no text in UTF-8."));
        }
        Ok(value.filter(|value| !value.is_empty()))
    }

    /// The same of one that has to be there.
    pub(super) fn require(&self, name: &str, missing: &'static str) -> Result<&str, OAuthRefusal> {
        self.get(name)?
            .ok_or(OAuthErrorCode::InvalidRequest.because(missing))
    }

    /// Whether it came, with a value or without one.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(given, _)| given == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_comes_once_and_is_text() {
        let parameters = Parameters::parse(b"a=1&b=x%20y+z&empty=&twice=1&twice=1&bad=%FF&nul=%00");
        assert_eq!(parameters.get("a"), Ok(Some("1")));
        assert_eq!(parameters.get("b"), Ok(Some("x y z")));
        assert_eq!(parameters.get("empty"), Ok(None));
        assert_eq!(parameters.get("missing"), Ok(None));
        for name in ["twice", "bad", "nul"] {
            let refusal = parameters.get(name).unwrap_err();
            assert_eq!(refusal.code, OAuthErrorCode::InvalidRequest, "{name}");
        }
    }
}
