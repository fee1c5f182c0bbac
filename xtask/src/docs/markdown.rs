//! What a checker has to know of Markdown: code, links and anchors.

use std::collections::{BTreeMap, BTreeSet};

/// A line of a document, without the lines that begin and end a block of code.
pub struct Line<'a> {
    pub number: usize,
    pub text: &'a str,
    /// Whether it stands in a block of code.
    pub is_code: bool,
}

pub fn lines(document: &str) -> impl Iterator<Item = Line<'_>> {
    let mut open: Option<&str> = None;
    document
        .lines()
        .enumerate()
        .filter_map(move |(index, text)| {
            let fence = ["```", "~~~"]
                .into_iter()
                .find(|fence| text.trim_start().starts_with(fence));
            let is_border = fence.is_some() && (open.is_none() || open == fence);
            if is_border {
                open = if open.is_none() { fence } else { None };
                return None;
            }
            Some(Line {
                number: index + 1,
                text,
                is_code: open.is_some(),
            })
        })
}

/// What stands between backticks.
pub fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Where the links and pictures of a line lead.
pub fn links(line: &str) -> Vec<String> {
    let without_code: String = line.split('`').step_by(2).collect();
    let marks = [
        ("](", ")"),
        ("src=\"", "\""),
        ("srcset=\"", "\""),
        ("href=\"", "\""),
    ];
    let targets = marks
        .iter()
        .flat_map(|(open, close)| between(&without_code, open, close));
    // A title may follow.
    let targets = targets.filter_map(|target| target.split_whitespace().next());
    targets.map(str::to_owned).collect()
}

fn between<'a>(text: &'a str, open: &'a str, close: &str) -> Vec<&'a str> {
    let after = text.split(open).skip(1);
    let parts = after.filter_map(|rest| rest.split_once(close));
    parts.map(|(part, _)| part).collect()
}

/// What a link to this document may name behind `#`: its headings as GitHub names them, and ids.
pub fn anchors(document: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines(document).filter(|line| !line.is_code) {
        anchors.extend(
            between(line.text, "id=\"", "\"")
                .into_iter()
                .map(str::to_owned),
        );
        let Some(heading) = heading(line.text) else {
            continue;
        };
        let name = slug(heading);
        let count = used.entry(name.clone()).or_default();
        anchors.insert(match *count {
            0 => name,
            count => format!("{name}-{count}"),
        });
        *count += 1;
    }
    anchors
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    text.strip_prefix(' ').filter(|_| (1..=6).contains(&level))
}

fn slug(heading: &str) -> String {
    let lower = heading.trim().to_lowercase();
    let kept = lower
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_code_are_distinguished_from_text() {
        let document = "a\n```sh\nb\n~~~\n```\nc\n  ~~~\n  ```\n  ~~~";
        let lines: Vec<_> = lines(document)
            .map(|line| (line.number, line.text, line.is_code))
            .collect();
        let expected = [
            (1, "a", false),
            (3, "b", true),
            (4, "~~~", true),
            (6, "c", false),
            (8, "  ```", true),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn links_are_found_outside_of_code() {
        let line = "[a](b.md#c), ![d](e.png \"title\"), [`f`](g), `[h](i)`, [open](j";
        assert_eq!(links(line), ["b.md#c", "e.png", "g"]);
        let html = "<img src=\"a.png\" alt=\"\"><source srcset=\"b.png\"><a href=\"c\">";
        assert_eq!(links(html), ["a.png", "b.png", "c"]);
    }

    #[test]
    fn anchors_are_named_as_github_names_them() {
        let document = "# The `API`, in 2 calls\n## _A-b_: über\n## Twice\n```\n# no\n```\n\
                        ## Twice\n#no\n<a id=\"by-hand\"></a>";
        let expected = [
            "_a-b_-über",
            "by-hand",
            "the-api-in-2-calls",
            "twice",
            "twice-1",
        ];
        assert_eq!(anchors(document), expected.map(str::to_owned).into());
    }
}
