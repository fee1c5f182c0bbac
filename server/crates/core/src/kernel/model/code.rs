//! The six digits in a mail, as people type them.

/// The zeros of digits that are on keyboards; the other nine follow each of them.
const ZEROS: [char; 14] = [
    '0', '\u{0660}', '\u{06F0}', '\u{07C0}', '\u{0966}', '\u{09E6}', '\u{0A66}', '\u{0AE6}',
    '\u{0BE6}', '\u{0C66}', '\u{0CE6}', '\u{0E50}', '\u{1040}', '\u{FF10}',
];

/// The code without what groups its digits, and with ASCII digits for those of other scripts.
/// Everything else stays, so that it is no code.
pub fn code_digits(text: &str) -> String {
    let kept = text.chars().filter(|c| !is_separator(*c));
    kept.map(|c| ascii_digit(c).unwrap_or(c)).collect()
}

fn ascii_digit(c: char) -> Option<char> {
    let values = ZEROS
        .iter()
        .map(|zero| u32::from(c).wrapping_sub(u32::from(*zero)));
    values
        .filter(|value| *value < 10)
        .find_map(|value| char::from_digit(value, 10))
}

/// White space, any dash, a point, and the marks of
/// direction and invisible characters that are copied along.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '\u{00AD}' | '\u{061C}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE58}'
            | '\u{FE63}' | '\u{FF0D}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_in_groups_and_in_the_digits_of_ones_own_script() {
        for typed in [
            "493027",
            " 493 027 ",
            "493-027",
            "493.027",
            "493\u{2013}027",
            "493\u{00A0}027",
            "４９３０２７",
            "\u{0664}\u{0669}\u{0663}\u{0660}\u{0662}\u{0667}",
            "\u{06F4}\u{06F9}\u{06F3}\u{06F0}\u{06F2}\u{06F7}",
            "\u{096A}\u{096F}\u{0969}\u{0966}\u{0968}\u{096D}",
            "\u{200E}493027\u{FEFF}",
        ] {
            assert_eq!(code_digits(typed), "493027", "{typed}");
        }
    }

    #[test]
    fn what_is_neither_digit_nor_separator_stays() {
        for typed in ["49302x", "493,027x", "49302", "\u{2463}93027"] {
            assert_ne!(code_digits(typed), "493027", "{typed}");
        }
    }
}
