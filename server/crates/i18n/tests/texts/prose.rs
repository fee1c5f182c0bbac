//! No page holds text of its own.

use proc_macro2::TokenTree;
use regex::Regex;

use crate::source::{self, is_call_of, is_punct, string};

/// Attributes and properties whose values people see or hear.
const SEEN: &str = "alt aria-description aria-label aria-roledescription button heading help \
    hint label message of placeholder text title";

/// Words in the sources that are no page's: for logs, and the name that a device gives itself.
const ALLOWED: [&str; 5] = [
    "there is no request",
    "the session layer is missing",
    "a file of the mailbox is not readable",
    "Connection error",
    "Android",
];

/// What a user may be called, for trying mails out.
const SAMPLES: &str = "server/crates/mail/src/samples.rs";

/// What looks like text for end users in the tokens of a file.
fn prose(tokens: &[TokenTree]) -> Vec<String> {
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            let inside = source::without_attributes_and_tests(group.stream());
            if is_call_of(tokens, index, "view") {
                found.extend(prose_of_view(&inside));
            } else {
                found.extend(prose(&inside));
            }
        }
        found.extend(string(token).filter(|text| reads_like_prose(text)));
    }
    found
}

/// The same in the markup of a view, where every string that is no value of an attribute is shown.
fn prose_of_view(tokens: &[TokenTree]) -> Vec<String> {
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            // An expression, or attributes to be spread.
            found.extend(prose(&source::without_attributes_and_tests(group.stream())));
        }
        let Some(text) = string(token) else { continue };
        let is_value = index > 0 && is_punct(&tokens[index - 1], '=');
        let is_seen = |name: String| SEEN.split(' ').any(|seen| seen == name);
        let is_shown = !is_value || is_seen(attribute(&tokens[..index - 1]));
        if is_shown && text.contains(char::is_alphabetic) {
            found.push(text);
        }
    }
    found
}

/// The name that ends here: words joined by `-` and `:`.
fn attribute(tokens: &[TokenTree]) -> String {
    let mut name = String::new();
    let mut was_word = false;
    for token in tokens.iter().rev() {
        let is_word = matches!(token, TokenTree::Ident(_));
        let is_joint = is_punct(token, '-') || is_punct(token, ':');
        if was_word == is_word || !(is_word || is_joint) {
            break;
        }
        name.insert_str(0, &token.to_string());
        was_word = is_word;
    }
    name
}

/// Several words, or one that begins with a capital. Names of fields, paths and keys are one word
/// in small letters; of the words in a list of classes, the others go on from the first.
fn reads_like_prose(text: &str) -> bool {
    let plain = without_values(text);
    let words = plain.split_whitespace();
    let is_word = |word: &str| {
        let word = word.trim_matches(|c: char| c.is_ascii_punctuation());
        word.chars().count() > 1 && word.chars().all(char::is_alphabetic)
    };
    let first = words.clone().next().unwrap_or_default();
    let is_list_of_classes =
        words.clone().count() > 1 && words.clone().all(|word| word.starts_with(first));
    let is_label = is_word(first)
        && first.starts_with(char::is_uppercase)
        && first.contains(char::is_lowercase);
    let has_words = words.filter(|word| is_word(word)).count() > 1;
    (is_label || has_words) && !is_list_of_classes && !ALLOWED.contains(&text)
}

/// The words of a template that are no tag, no style and none of its own language.
fn prose_of_template(template: &str) -> Vec<String> {
    let own = Regex::new(r"(?s)\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<style>.*?</style>").unwrap();
    let seen = Regex::new(r#" (?:alt|aria-label|title|placeholder)="([^"]*)""#).unwrap();
    let tag = Regex::new("<[^>]*>").unwrap();
    let plain = own.replace_all(template, "");
    let seen = seen.captures_iter(&plain).map(|found| found[1].to_owned());
    let mut found: Vec<String> = seen.collect();
    let shown = tag.replace_all(&plain, " ");
    found.extend(shown.split_whitespace().map(str::to_owned));
    found.retain(|text| text.contains(char::is_alphabetic));
    found
}

/// A format string without what is put into it.
fn without_values(text: &str) -> String {
    let parts = text
        .split('{')
        .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
    parts.collect()
}

#[test]
fn no_page_holds_text_outside_the_catalogue() {
    let mut errors = Vec::new();
    for (file, tokens) in source::files("app/src") {
        errors.extend(
            prose(&tokens)
                .into_iter()
                .map(|text| format!("{file}: {text:?}")),
        );
    }
    assert!(errors.is_empty(), "{errors:#?}");
}

/// What is said to a mail server, read in a file, or put into the log.
const NOT_FOR_END_USERS: [&str; 5] = [
    "-----BEGIN CERTIFICATE-----",
    "DR, RN, NRN, OOF, AutoReply",
    "MAIL FROM",
    "RCPT TO",
    "the message",
];

#[test]
fn no_mail_holds_text_outside_the_catalogue() {
    let mut errors = Vec::new();
    for (file, tokens) in source::files("server/crates/mail/src") {
        if file == SAMPLES || file.contains("/tests/") {
            continue;
        }
        let found = prose(&tokens).into_iter();
        let found = found.filter(|text| !NOT_FOR_END_USERS.contains(&text.as_str()));
        errors.extend(found.map(|text| format!("{file}: {text:?}")));
    }
    for template in ["mail.html", "mail.txt"] {
        let path = source::repository()
            .join("server/crates/mail/templates")
            .join(template);
        let found = prose_of_template(&std::fs::read_to_string(path).unwrap()).into_iter();
        errors.extend(found.map(|text| format!("{template}: {text:?}")));
    }
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn text_is_found_wherever_a_template_could_hold_it() {
    let html = r#"<html lang="{{ lang }}"><title>{{ subject }}</title><style>p { color: red; }</style>
        {# Comments are none. -#}
        {% if let Some(name) = name -%}<p class="big">Hello {{ name }},</p>{% endif -%}
        <div role="article" aria-label="The mail">{{ text }}</div></html>"#;
    assert_eq!(prose_of_template(html), ["The mail", "Hello"]);
    let text = "{{ greeting }}\n\n{% for fact in facts %}When: {{ fact }}{% endfor %}\n";
    assert_eq!(prose_of_template(text), ["When:"]);
}

#[test]
fn text_is_found_wherever_a_page_could_hold_it() {
    let source = r#"
        /// Comments are none.
        fn page() -> impl IntoView {
            let label = if is_new { "New password" } else { "Password" };
            let class = if is_new { "field field-new" } else { "field" };
            let greeting = format!("hello {name}, and good {time}");
            view! {
                <Layout heading="sign in" class="button wide" data-x="some text">
                    <p>"hello " {name} " · " {list.map(|it| view! { <b>"world"</b> })}</p>
                    <nav aria-label="account">{t!(texts, "nav-account")}</nav>
                </Layout>
            }
        }
        #[cfg(test)]
        mod tests { const TEXT: &str = "No page."; }
    "#;
    let tokens = source::without_attributes_and_tests(source.parse().unwrap());
    assert_eq!(
        prose(&tokens),
        [
            "New password",
            "Password",
            "hello {name}, and good {time}",
            "sign in",
            "hello ",
            "world",
            "account"
        ]
    );
}
