//! No files of a crate import each other in a circle: a reader of one would have to read all.

use std::collections::{BTreeSet, VecDeque};

use super::modules::Edges;

/// Imports that close a circle and stay for now: a folder, a file in it, and the file that it
/// imports from. The list may only shrink: a new circle is opened, not listed.
const KNOWN_CIRCLES: [(&str, &str, &str); 0] = [];

type Pair = (String, String);

/// The known ones, as importing and imported file.
pub fn known() -> Vec<Pair> {
    let pair = |(folder, from, to)| (format!("{folder}/{from}"), format!("{folder}/{to}"));
    KNOWN_CIRCLES.map(pair).to_vec()
}

/// Circles that are not known, each as the shortest chain of its files;
/// and known ones that are open by now.
pub fn violations(edges: &Edges, known: &[Pair]) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = edges.clone();
    for (from, to) in known {
        let is_there = left.get_mut(from).is_some_and(|it| it.remove(to));
        if !is_there || chain(edges, to, from).is_none() {
            found.push(format!(
                "{from} -> {to} closes no circle any more: take it out of KNOWN_CIRCLES in xtask/src/code/circles.rs"
            ));
        }
    }
    let mut reported = BTreeSet::new();
    for file in left.keys() {
        if reported.contains(file.as_str()) {
            continue;
        }
        if let Some(files) = chain(&left, file, file) {
            found.push(format!("import circle: {}", files.join(" -> ")));
            reported.extend(files);
        }
    }
    found
}

/// The shortest way along imports, with both ends; from a file to itself it takes one at least.
fn chain<'a>(edges: &'a Edges, from: &'a str, to: &str) -> Option<Vec<&'a str>> {
    let mut seen = BTreeSet::new();
    let mut ways = VecDeque::from([vec![from]]);
    while let Some(way) = ways.pop_front() {
        let targets = way.last().and_then(|last| edges.get(*last));
        for next in targets.into_iter().flatten() {
            let longer = || way.iter().copied().chain([next.as_str()]).collect();
            if next == to {
                return Some(longer());
            }
            if seen.insert(next) {
                ways.push_back(longer());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(names: &[(&str, &str)]) -> Vec<Pair> {
        let owned = |(from, to): &(&str, &str)| ((*from).to_owned(), (*to).to_owned());
        names.iter().map(owned).collect()
    }

    fn edges(names: &[(&str, &str)]) -> Edges {
        let mut edges = Edges::new();
        for (from, to) in pairs(names) {
            edges.entry(from).or_default().insert(to);
        }
        edges
    }

    const NONE: Vec<String> = Vec::new();

    #[test]
    fn imports_in_one_direction_pass() {
        let edges = edges(&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]);
        assert_eq!(violations(&edges, &[]), NONE);
    }

    #[test]
    fn a_circle_is_a_chain_of_files() {
        let edges = edges(&[("a", "b"), ("b", "c"), ("b", "e"), ("c", "a"), ("e", "f")]);
        assert_eq!(violations(&edges, &[]), ["import circle: a -> b -> c -> a"]);
    }

    #[test]
    fn circles_apart_are_each_named() {
        let edges = edges(&[("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")]);
        assert_eq!(
            violations(&edges, &[]),
            ["import circle: a -> b -> a", "import circle: c -> d -> c"]
        );
    }

    #[test]
    fn a_known_circle_hides_no_other() {
        let edges = edges(&[("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")]);
        assert_eq!(
            violations(&edges, &pairs(&[("b", "a")])),
            ["import circle: b -> c -> b"]
        );
        assert_eq!(violations(&edges, &pairs(&[("b", "a"), ("c", "b")])), NONE);
    }

    #[test]
    fn a_known_circle_that_is_open_is_struck_off() {
        let edges = edges(&[("a", "b"), ("b", "c")]);
        for known in [("b", "a"), ("a", "b"), ("x", "y")] {
            let found = violations(&edges, &pairs(&[known]));
            assert_eq!(found.len(), 1, "{known:?}");
            assert!(found[0].contains("closes no circle any more"), "{found:?}");
        }
    }
}
