use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use fluent_syntax::ast::{Entry, Message, Resource};
use fluent_syntax::{parser, serializer};
use proc_macro2::{TokenStream, TokenTree};
use vestibule_core::AuditEvent;
use vestibule_core::mail::MailKind;
use vestibule_core::model::Language;
use vestibule_i18n::{Texts, Value};

use crate::source;

/// The keys of a catalogue with the variables that their texts name.
type Keys = BTreeMap<String, BTreeSet<String>>;

/// Where texts are used.
const USERS: [&str; 3] = [
    "app/src",
    "server/crates/mail/src",
    "server/crates/i18n/src",
];

fn catalogue(language: Language) -> Keys {
    let mut keys = Keys::new();
    for file in ["pages.ftl", "mails.ftl"] {
        let path = source::repository()
            .join("locales")
            .join(language.as_str())
            .join(file);
        let resource = parser::parse(fs::read_to_string(&path).unwrap());
        let resource =
            resource.unwrap_or_else(|(_, errors)| panic!("{}: {errors:?}", path.display()));
        for entry in resource.body {
            match entry {
                Entry::Message(message) => {
                    assert!(message.value.is_some(), "a message has a text");
                    let key = message.id.name.clone();
                    let before = keys.insert(key.clone(), variables(message));
                    assert!(before.is_none(), "{key} is there twice in {language}");
                }
                Entry::Junk { content } => panic!("{}: {content}", path.display()),
                Entry::Term(term) => panic!("-{}: texts are whole sentences", term.id.name),
                _ => {}
            }
        }
    }
    keys
}

/// The names behind `$`. What else a text puts in is a function, a string or a number: texts do not
/// refer to one another.
fn variables(message: Message<String>) -> BTreeSet<String> {
    let message = Message {
        comment: None,
        ..message
    };
    let body = vec![Entry::Message(message)];
    let text = serializer::serialize(&Resource { body });
    for inside in text.split("{ ").skip(1) {
        let is_reference = inside.starts_with(|c: char| c == '-' || c.is_lowercase());
        assert!(!is_reference, "texts do not refer to one another: {text}");
    }
    let is_name = |c: &char| c.is_alphanumeric() || *c == '-' || *c == '_';
    let names = text.split('$').skip(1);
    names
        .map(|rest| rest.chars().take_while(is_name).collect())
        .collect()
}

/// Every `t!` of the sources: where it is, its key, and the variables that it gives.
fn uses() -> Vec<(String, String, BTreeSet<String>)> {
    let mut uses = Vec::new();
    for folder in USERS {
        for (file, tokens) in source::files(folder) {
            for call in source::calls(&tokens, "t") {
                let (key, variables) = read_call(call);
                let key = key.unwrap_or_else(|| panic!("{file}: a key is not a literal"));
                uses.push((file.clone(), key, variables));
            }
        }
    }
    uses
}

/// What a text of a mail may name.
const VALUES_OF_MAILS: [&str; 5] = ["product", "life", "code_life", "deadline", "support"];

/// The parts that mails may have, and whether the mails of a page may share theirs.
const PARTS_OF_MAILS: [(&str, bool); 15] = [
    ("subject", false),
    ("preheader", false),
    ("heading", false),
    ("intro", false),
    ("code", false),
    ("or-link", false),
    ("link", false),
    ("where", false),
    ("when", false),
    ("deadline", false),
    ("other-address", false),
    ("then", false),
    ("button", true),
    ("after", false),
    ("not-you", true),
];

/// The keys that the sources make of codes, as [`uses`] has the others: the sentence of each event
/// of a history, and the parts of mails that there are.
fn uses_by_code(keys: &Keys) -> Vec<(String, String, BTreeSet<String>)> {
    let mut uses = Vec::new();
    for event in AuditEvent::ALL.iter().filter(|event| event.is_in_history()) {
        let key = format!("event-{}", event.as_str().replace('_', "-"));
        // An event of an app also has its name, which not every sentence says.
        let known = BTreeSet::from(["app", "device"].map(str::to_owned));
        let wanted = keys.get(&key).filter(|wanted| wanted.is_subset(&known));
        let given = wanted.cloned().unwrap_or(known);
        uses.push(("app/src/account/events.rs".to_owned(), key, given));
    }
    let known = BTreeSet::from(VALUES_OF_MAILS.map(str::to_owned));
    for kind in MailKind::ALL {
        let code = kind.as_str().replace('_', "-");
        let page = kind.page().trim_start_matches('/');
        for (part, is_shared) in PARTS_OF_MAILS {
            let own = format!("mail-{code}-{part}");
            let shared = is_shared.then(|| format!("mail-{page}-{part}"));
            let variant = format!("{own}-without-support");
            for key in [own].into_iter().chain(shared).chain([variant]) {
                let Some(wanted) = keys.get(&key) else {
                    continue;
                };
                let given = if wanted.is_subset(&known) {
                    wanted
                } else {
                    &known
                };
                let file = "server/crates/mail/src/contents.rs".to_owned();
                uses.push((file, key, given.clone()));
            }
        }
    }
    uses
}

fn read_call(call: TokenStream) -> (Option<String>, BTreeSet<String>) {
    let tokens: Vec<TokenTree> = call.into_iter().collect();
    let mut arguments = tokens.split(|token| source::is_punct(token, ','));
    let _texts = arguments.next();
    let key = arguments
        .next()
        .and_then(|tokens| source::string(tokens.first()?));
    let variables = arguments.filter_map(|tokens| match tokens {
        [TokenTree::Ident(name), equals, ..] if source::is_punct(equals, '=') => {
            Some(name.to_string())
        }
        _ => None,
    });
    (key, variables.collect())
}

#[test]
fn every_language_has_the_same_keys_with_the_same_variables() {
    let english = catalogue(Language::English);
    assert!(english.len() > 100, "{}", english.len());
    for language in Language::ALL {
        let other = catalogue(*language);
        for (key, variables) in &english {
            let theirs = other
                .get(key)
                .unwrap_or_else(|| panic!("{key} is missing in {language}"));
            assert_eq!(theirs, variables, "the variables of {key} in {language}");
        }
        for key in other.keys() {
            assert!(english.contains_key(key), "{key} is in {language} alone");
        }
    }
}

#[test]
fn every_text_that_is_used_exists_and_gets_its_variables() {
    let keys = catalogue(Language::English);
    for (file, key, given) in uses().into_iter().chain(uses_by_code(&keys)) {
        let wanted = keys
            .get(&key)
            .unwrap_or_else(|| panic!("{file}: there is no {key}"));
        assert_eq!(&given, wanted, "{file}: the variables of {key}");
    }
}

#[test]
fn every_text_is_used() {
    let keys = catalogue(Language::English);
    let asked_for = uses().into_iter().chain(uses_by_code(&keys));
    let used: BTreeSet<String> = asked_for.map(|(_, key, _)| key).collect();
    let unused: Vec<&String> = keys.keys().filter(|key| !used.contains(*key)).collect();
    assert!(unused.is_empty(), "{unused:#?}");
}

#[test]
fn every_text_can_be_said() {
    for language in Language::ALL {
        for (key, variables) in catalogue(*language) {
            for value in [Value::from(1), Value::from(2), Value::from("code")] {
                let values = variables
                    .iter()
                    .map(|name| (&*name.clone().leak(), value.clone()));
                let text = Texts::of(*language).format(&key, values);
                let is_text = !text.trim().is_empty() && text != key && !text.contains(['{', '}']);
                assert!(is_text, "{key} in {language}: {text:?}");
            }
        }
    }
}

#[test]
fn texts_are_typeset_with_care() {
    for language in Language::ALL {
        for key in catalogue(*language).keys() {
            let text = Texts::of(*language).get(key);
            for bad in ["\"", "'", "...", " ,", " .", "  "] {
                assert!(
                    !text.contains(bad),
                    "{bad:?} in {key} in {language}: {text}"
                );
            }
        }
    }
}
