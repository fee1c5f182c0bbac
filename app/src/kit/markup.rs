//! Two habits of the framework are no valid HTML; both are fixed once a document is written.

/// Gives the mark between two texts the form of a comment, and the preload links the word that
/// their nonce stands for: every unknown value of `crossorigin` means `anonymous`. What browsers
/// make of the document stays the same.
pub fn valid_markup(html: &str, nonce: Option<&str>) -> String {
    // Texts and attributes cannot hold either: `<` and `"` are escaped in them.
    let html = html.replace("<!>", "<!---->");
    match nonce {
        Some(nonce) => html.replace(
            &format!("crossorigin=\"{nonce}\""),
            "crossorigin=\"anonymous\"",
        ),
        None => html,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_habits_are_fixed() {
        let html =
            r#"<link crossorigin="n0="><script nonce="n0=">1</script><p>a<!>b &lt;!&gt;</p>"#;
        assert_eq!(
            valid_markup(html, Some("n0=")),
            r#"<link crossorigin="anonymous"><script nonce="n0=">1</script><p>a<!---->b &lt;!&gt;</p>"#
        );
    }
}
