//! The limits on the length of files and comments. The width of code is rustfmt's.

use super::Files;

const LINES_OF_A_FILE: usize = 450;
const COLUMNS_OF_A_COMMENT: usize = 100;

pub fn violations(files: &Files) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files {
        let lines = text.lines().count();
        if lines > LINES_OF_A_FILE {
            found.push(format!(
                "{path} has {lines} lines, more than {LINES_OF_A_FILE}: move a topic, or the tests, into a file of its own"
            ));
        }
        for (number, line) in text.lines().enumerate() {
            let columns = line.chars().count();
            if columns > COLUMNS_OF_A_COMMENT && has_comment(line) {
                found.push(format!(
                    "{path}:{} is a comment of {columns} columns, more than {COLUMNS_OF_A_COMMENT}",
                    number + 1
                ));
            }
        }
    }
    found
}

/// Whether a line is a comment, or has one after its code. A `//` without spaces around it is part
/// of a URL.
fn has_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//") || line.starts_with("/*") || line.contains(" // ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations_of(text: &str) -> Vec<String> {
        violations(&Files::from([("a.rs", text)]))
    }

    #[test]
    fn a_file_has_450_lines_at_most() {
        assert_eq!(violations_of(&"x\n".repeat(450)), Vec::<String>::new());
        let found = violations_of(&"x\n".repeat(451));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("a.rs has 451 lines, more than 450"),
            "{found:?}"
        );
    }

    #[test]
    fn a_comment_has_100_columns_at_most() {
        for start in ["// ", "/// ", "//! ", "    // ", "/* ", "let x = 1; // "] {
            let line = |columns: usize| format!("{start}{}", "é".repeat(columns - start.len()));
            assert_eq!(violations_of(&line(100)), Vec::<String>::new(), "{start}");
            assert_eq!(
                violations_of(&format!("fn x() {{}}\n{}\n", line(101))),
                ["a.rs:2 is a comment of 101 columns, more than 100"],
                "{start}"
            );
        }
    }

    #[test]
    fn a_long_line_of_code_is_left_to_rustfmt() {
        let text = format!("const URL: &str = \"https://{}\";", "x".repeat(100));
        assert_eq!(violations_of(&text), Vec::<String>::new());
    }
}
