//! docs/evidence/faults.md answers every fault that was reported once.

use std::collections::BTreeSet;

use super::references::{Places, mentions};
use super::{row_faults, rows};

/// The faults of each kind by their numbers; those that are missing were none.
const KINDS: [(char, &[u32]); 6] = [
    ('A', &[1, 2, 3, 4]),
    (
        'B',
        &[1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 17, 18, 20],
    ),
    (
        'C',
        &[
            1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        ],
    ),
    ('D', &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    ('E', &[1, 2, 3, 4, 5, 6]),
    ('S', &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
];
/// What was a constant and is a setting has a row as well.
const SETTINGS: &str = "settings";

/// What stands there are tables of another kind.
const SIBLINGS: &str = "## Where siblings were looked for";

const COLUMNS: usize = 3;
const ANSWERS: [&str; 3] = ["fixed", "ruled", "not reproduced"];

/// Everything that is wrong with the document.
pub fn faults(text: &str, places: &Places) -> Vec<String> {
    let numbers = |(kind, numbers): &(char, &'static [u32])| {
        let kind = *kind;
        numbers.iter().map(move |number| format!("{kind}{number}"))
    };
    let mut missing: BTreeSet<String> = KINDS.iter().flat_map(numbers).collect();
    missing.insert(SETTINGS.to_owned());
    let mut faults = Vec::new();
    for (_, row) in rows(text).filter(|(heading, _)| *heading != SIBLINGS) {
        if !missing.remove(row[0]) {
            faults.push(format!("`{}` is no fault, or is there twice", row[0]));
        }
        let of_row = row_faults(&row, COLUMNS)
            .into_iter()
            .chain(cell_faults(&row, places));
        faults.extend(of_row.map(|fault| format!("{}: {fault}", row[0])));
    }
    faults.extend(missing.iter().map(|id| format!("{id} is missing")));
    faults
}

fn cell_faults(row: &[&str], places: &Places) -> Vec<String> {
    let [_, answer, shown] = row else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    if !ANSWERS.iter().any(|known| answer.starts_with(known)) {
        faults.push(format!("`{answer}` is no answer"));
    }
    let mentions = mentions(shown);
    if mentions.is_empty() {
        faults.push("nothing shows it".to_owned());
    }
    faults.extend(mentions.iter().filter_map(|it| places.fault(it)));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::fixture::Repository;

    fn document() -> String {
        let head = "| id | what | shown by |\n|---|---|---|\n".to_owned();
        let ids = KINDS.iter().flat_map(|(kind, numbers)| {
            numbers.iter().map(move |number| format!("{kind}{number}"))
        });
        ids.chain([SETTINGS.to_owned()]).fold(head, |text, id| {
            text + &format!("| {id} | fixed: it holds | `src::it_works` |\n")
        })
    }

    #[test]
    fn every_fault_has_one_answer_and_what_shows_it_is_there() {
        let repository = Repository::new();
        let faults_of = |document: &str| faults(document, &repository.places());
        assert_eq!(faults_of(&document()), Vec::<String>::new());
        let with = |row: &str| {
            let right = "| S8 | fixed: it holds | `src::it_works` |";
            assert!(document().contains(right));
            faults_of(&document().replace(right, row))
        };
        assert_eq!(with("| S8 | soon | `src::it_works` |").len(), 1);
        assert_eq!(with("| S8 | fixed: it holds | a test |").len(), 1);
        assert_eq!(with("| S8 | fixed: it holds | `src::no_test` |").len(), 1);
        assert_eq!(with("| S7 | fixed: it holds | `src::it_works` |").len(), 2);
    }
}
