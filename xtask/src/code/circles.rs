//! No files of a crate import each other in a circle: a reader of one would have to read all.

use std::collections::{BTreeSet, VecDeque};

use super::modules::Edges;

/// The circles, each as the shortest chain of its files.
pub fn violations(edges: &Edges) -> Vec<String> {
    let mut found = Vec::new();
    let mut reported = BTreeSet::new();
    for file in edges.keys() {
        if reported.contains(file.as_str()) {
            continue;
        }
        if let Some(files) = chain(edges, file, file) {
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

    fn edges(names: &[(&str, &str)]) -> Edges {
        let mut edges = Edges::new();
        for (from, to) in names {
            let targets = edges.entry((*from).to_owned()).or_default();
            targets.insert((*to).to_owned());
        }
        edges
    }

    const NONE: Vec<String> = Vec::new();

    #[test]
    fn imports_in_one_direction_pass() {
        let edges = edges(&[("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]);
        assert_eq!(violations(&edges), NONE);
    }

    #[test]
    fn a_circle_is_a_chain_of_files() {
        let edges = edges(&[("a", "b"), ("b", "c"), ("b", "e"), ("c", "a"), ("e", "f")]);
        assert_eq!(violations(&edges), ["import circle: a -> b -> c -> a"]);
    }

    #[test]
    fn circles_apart_are_each_named() {
        let edges = edges(&[("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")]);
        assert_eq!(
            violations(&edges),
            ["import circle: a -> b -> a", "import circle: c -> d -> c"]
        );
    }
}
