//! docs/ASVS.md counts its answers rightly, and repeats at its end what is not met.

use std::collections::BTreeSet;

use super::references::{Mention, Places, mentions};
use super::{row_faults, rows};

/// The section that repeats what is partly or not met.
const REST: &str = "## What is partly or not met";

const COLUMNS: usize = 5;
const COLUMNS_OF_REST: usize = 4;

const LEVELS: [&str; 3] = ["1", "2", "3"];
const MET: &str = "met";
const PARTLY: &str = "partly";
const NOT_MET: &str = "not met";
const DOES_NOT_APPLY: &str = "does not apply";
const ANSWERS: [&str; 4] = [MET, PARTLY, NOT_MET, DOES_NOT_APPLY];

type Row<'a> = (&'a str, Vec<&'a str>);

/// Everything that is wrong with the document.
pub fn faults(text: &str, places: &Places) -> Vec<String> {
    let (rest, requirements): (Vec<Row>, Vec<Row>) =
        rows(text).partition(|(heading, _)| *heading == REST);
    let mut faults = Vec::new();
    for (heading, row) in &requirements {
        let of_row = requirement_faults(heading, row);
        faults.extend(
            of_row
                .into_iter()
                .map(|fault| format!("{}: {fault}", row[0])),
        );
    }
    for (_, row) in &rest {
        let of_row = row_faults(row, COLUMNS_OF_REST);
        faults.extend(
            of_row
                .into_iter()
                .map(|fault| format!("{}: {fault}", row[0])),
        );
    }
    faults.extend(doubled(&requirements));
    faults.extend(doubled(&rest).map(|fault| format!("{fault} in `{REST}`")));
    faults.extend(differences(&requirements, &rest));
    faults.extend(reference_faults(text, places));
    faults.extend(totals_fault(text, &requirements));
    faults
}

fn requirement_faults(heading: &str, row: &[&str]) -> Vec<String> {
    let mut faults = row_faults(row, COLUMNS);
    if !is_id(row[0]) {
        faults.push("no id of a requirement".to_owned());
    }
    let chapter = row[0].split('.').next().unwrap_or_default();
    if !heading.starts_with(&format!("## V{chapter} ")) {
        faults.push(format!("stands under `{heading}`"));
    }
    let level = row.get(1).filter(|level| !is_level(level));
    faults.extend(level.map(|level| format!("`{level}` is no level")));
    let answer = row.get(3).filter(|answer| !ANSWERS.contains(answer));
    faults.extend(answer.map(|answer| format!("`{answer}` is no answer")));
    faults
}

/// Two levels, as in 1/2, where the standard asks the higher one for more.
fn is_level(text: &str) -> bool {
    text.split('/').all(|level| LEVELS.contains(&level))
}

/// Chapter, section and number, as in 1.2.10.
fn is_id(text: &str) -> bool {
    let is_number = |part: &str| part.parse::<u8>().is_ok_and(|number| number > 0);
    text.split('.').count() == 3 && text.split('.').all(is_number)
}

fn doubled<'a>(rows: &'a [Row]) -> impl Iterator<Item = String> + use<'a> {
    let mut known = BTreeSet::new();
    let ids = rows.iter().map(|(_, row)| row[0]);
    ids.filter(move |id| !known.insert(*id))
        .map(|id| format!("{id} is there twice"))
}

/// Where the section at the end does not say what the rows say.
fn differences(requirements: &[Row], rest: &[Row]) -> Vec<String> {
    let open = [PARTLY, NOT_MET];
    let said = answers(requirements, 3).filter(|(_, answer)| open.contains(answer));
    let said: BTreeSet<_> = said.collect();
    let repeated: BTreeSet<_> = answers(rest, 1).collect();
    let mut faults = Vec::new();
    for (id, answer) in said.difference(&repeated) {
        faults.push(format!("{id} is not in `{REST}` as `{answer}`"));
    }
    for (id, answer) in repeated.difference(&said) {
        faults.push(format!("{id} in `{REST}` is not `{answer}` in its row"));
    }
    faults
}

/// Ids with what a column says.
fn answers<'a>(rows: &'a [Row], column: usize) -> impl Iterator<Item = (&'a str, &'a str)> {
    let answer = move |row: &Vec<&'a str>| row.get(column).copied().unwrap_or_default();
    rows.iter().map(move |(_, row)| (row[0], answer(row)))
}

/// Each place that is named, in rows and between them.
fn reference_faults(text: &str, places: &Places) -> Vec<String> {
    let mut faults = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mentions = mentions(line).into_iter().filter(Mention::is_reference);
        let wrong = mentions.filter_map(|mention| places.fault(&mention));
        faults.extend(wrong.map(|fault| format!("line {}: {fault}", index + 1)));
    }
    faults
}

/// The totals are a sentence that may be broken anywhere.
fn totals_fault(text: &str, requirements: &[Row]) -> Option<String> {
    let count = |wanted| {
        answers(requirements, 3)
            .filter(|(_, answer)| *answer == wanted)
            .count()
    };
    let [met, partly, not_met, other] = ANSWERS.map(count);
    let totals = format!(
        "{} rows, of which {met} are **met**, {partly} **partly** met, {not_met} **not met**, and {other} **do not apply**",
        requirements.len()
    );
    let words: Vec<&str> = text.split_whitespace().collect();
    // A space before, so that 1304 is not taken for 304.
    let is_said = words.join(" ").contains(&format!(" {totals}"));
    (!is_said).then(|| format!("does not say: {totals}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::fixture::Repository;

    const RIGHT: &str = "# Title

All levels:
5 rows, of which 2 are **met**, 1 **partly** met,
1 **not met**, and 1 **do not apply**. See `src/lib.rs`.

## V1 Chapter

| id | level | asks | answer | where |
|---|---|---|---|---|
| 1.1.1 | 1 | what | met | `src/lib.rs::it_works`, `nosniff`, `/api/docs`, `default-src 'none'` |
| 1.1.2 | 2 | what | met | `src`, `cargo xtask test`, `cargo audit` |
| 1.2.1 | 3 | what | partly | read |

## V12 Chapter

| id | level | asks | answer | where |
|---|---|---|---|---|
| 12.1.1 | 1/2 | what | not met | nothing |
| 12.1.10 | 1 | what | does not apply | nothing |

## What is partly or not met

| id | answer | why | what to do |
|---|---|---|---|
| 1.2.1 | partly | why | nothing |
| 12.1.1 | not met | why | nothing |
";

    /// The faults of the document in which one text is another.
    #[track_caller]
    fn faults_with(from: &str, to: &str) -> Vec<String> {
        assert_eq!(RIGHT.matches(from).count(), 1, "{from}");
        faults(&RIGHT.replace(from, to), &Repository::new().places())
    }

    #[test]
    fn a_whole_document_passes() {
        assert_eq!(faults_with("Title", "Title"), [""; 0]);
    }

    #[test]
    fn every_place_is_there() {
        for (from, to, fault) in [
            (
                "src/lib.rs::it",
                "scr/lib.rs::it",
                "line 11: there is no `scr/lib.rs`",
            ),
            (
                "::it_works",
                "::it_fails",
                "line 11: `src/lib.rs` has no `it_fails`",
            ),
            (
                "::it_works",
                "::it_work",
                "line 11: `src/lib.rs` has no `it_work`",
            ),
            ("`nosniff`", "`lib.rs`", "line 11: there is no `lib.rs`"),
            ("`nosniff`", "`src/`", ""),
            ("`nosniff`", "`../src`", "line 11: there is no `../src`"),
            ("`src`", "`a::b`", "line 12: there is no `a`"),
            (
                "xtask test",
                "xtask tests",
                "line 12: there is no command `cargo xtask tests`",
            ),
            (
                "See `src/lib.rs`",
                "See `src/old.rs`",
                "line 5: there is no `src/old.rs`",
            ),
            (
                "| read |",
                "| `src/old.rs` |",
                "line 13: there is no `src/old.rs`",
            ),
        ] {
            let expected: Vec<&str> = Some(fault)
                .filter(|it| !it.is_empty())
                .into_iter()
                .collect();
            assert_eq!(faults_with(from, to), expected, "{to}");
        }
    }

    #[test]
    fn every_id_is_there_once() {
        let faults = faults_with("| 1.1.2 |", "| 1.1.1 |");
        assert_eq!(faults, ["1.1.1 is there twice"]);
        let faults = faults_with("| 12.1.1 | not met | why", "| 1.2.1 | partly | why");
        let fault = "1.2.1 is there twice in `## What is partly or not met`";
        assert!(faults.contains(&fault.to_owned()), "{faults:?}");
        for made_up in ["1.1", "1.1.x", "1.1.0", "1.1.1.1", "1.1."] {
            let faults = faults_with("| 1.1.2 |", &format!("| {made_up} |"));
            assert_eq!(faults, [format!("{made_up}: no id of a requirement")]);
        }
    }

    #[test]
    fn every_row_is_whole_and_in_its_chapter() {
        for (from, to, fault) in [
            (
                "| 1.1.2 |",
                "| 12.1.2 |",
                "12.1.2: stands under `## V1 Chapter`",
            ),
            ("| 1.1.2 | 2 |", "| 1.1.2 | 4 |", "1.1.2: `4` is no level"),
            ("| 1.1.2 | 2 |", "| 1.1.2 | 2/ |", "1.1.2: `2/` is no level"),
            (
                "| 1.1.2 | 2 | what |",
                "| 1.1.2 | 2 | |",
                "1.1.2: an empty cell",
            ),
            (
                "`cargo audit` |",
                "`cargo audit` | more |",
                "1.1.2: 6 cells instead of 5",
            ),
            (
                "partly | why | nothing |",
                "partly | why |",
                "1.2.1: 3 cells instead of 4",
            ),
        ] {
            assert_eq!(faults_with(from, to), [fault]);
        }
        let faults = faults_with(
            "| 1.1.2 | 2 | what | met |",
            "| 1.1.2 | 2 | what | mostly |",
        );
        assert_eq!(faults[0], "1.1.2: `mostly` is no answer");
        assert_eq!(faults.len(), 2, "the totals are wrong too: {faults:?}");
    }

    #[test]
    fn the_totals_are_those_of_the_rows() {
        let fault = "does not say: 5 rows, of which 2 are **met**, 1 **partly** met, 1 **not met**, and 1 **do not apply**";
        for (from, to) in [
            ("5 rows", "6 rows"),
            ("5 rows", "15 rows"),
            ("2 are", "3 are"),
            ("1 **partly**", "2 **partly**"),
            ("1 **not met**", "0 **not met**"),
            ("1 **do not", "2 **do not"),
        ] {
            assert_eq!(faults_with(from, to), [fault], "{to}");
        }
    }

    #[test]
    fn what_is_not_met_is_said_again() {
        let rest = "`## What is partly or not met`";
        for (from, to, expected) in [
            (
                "| 1.2.1 | partly | why | nothing |\n",
                "",
                vec![format!("1.2.1 is not in {rest} as `partly`")],
            ),
            (
                "| 1.2.1 | partly | why",
                "| 1.2.1 | not met | why",
                vec![
                    format!("1.2.1 is not in {rest} as `partly`"),
                    format!("1.2.1 in {rest} is not `not met` in its row"),
                ],
            ),
            (
                "| 12.1.1 | not met | why | nothing |\n",
                "| 12.1.1 | not met | why | nothing |\n| 1.1.1 | met | why | nothing |\n",
                vec![format!("1.1.1 in {rest} is not `met` in its row")],
            ),
        ] {
            assert_eq!(faults_with(from, to), expected, "{to}");
        }
    }
}
