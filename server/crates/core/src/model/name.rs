use crate::{Field, FieldCode, FieldError};

/// Names are short, so that a mail greeting cannot carry somebody's text (lesson V17).
pub const MAX_NAME_CHARS: usize = 100;

/// Trims a name; an empty one is none.
///
/// # Errors
/// `invalid_characters` for control, bidirectional or invisible characters, `too_long` past [`MAX_NAME_CHARS`].
pub fn clean_name(field: Field, name: Option<&str>) -> Result<Option<String>, FieldError> {
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    let Some(name) = name else { return Ok(None) };
    if has_forbidden_characters(name) {
        return Err(FieldError {
            field,
            code: FieldCode::InvalidCharacters,
        });
    }
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(FieldError {
            field,
            code: FieldCode::TooLong,
        });
    }
    Ok(Some(name.to_owned()))
}

/// Whether the text holds characters that hide or forge text: controls, line separators, zero-width and
/// bidirectional formatting characters.
pub fn has_forbidden_characters(text: &str) -> bool {
    text.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
                | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
                | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E0FFF}')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_an_empty_one_is_none() {
        assert_eq!(
            clean_name(Field::FirstName, Some("  Zoë "))
                .unwrap()
                .as_deref(),
            Some("Zoë")
        );
        assert_eq!(clean_name(Field::FirstName, Some("   ")).unwrap(), None);
        assert_eq!(clean_name(Field::FirstName, None).unwrap(), None);
    }

    #[test]
    fn characters_that_hide_or_forge_text_are_refused() {
        for bad in ["a\0b", "a\nb", "a\u{202E}b", "a\u{200B}b", "a\u{2028}b"] {
            let error = clean_name(Field::LastName, Some(bad)).unwrap_err();
            assert_eq!(
                error,
                FieldError {
                    field: Field::LastName,
                    code: FieldCode::InvalidCharacters
                }
            );
        }
    }

    #[test]
    fn a_name_may_have_a_hundred_characters_of_any_script() {
        assert!(clean_name(Field::FirstName, Some(&"界".repeat(100))).is_ok());
        assert_eq!(
            clean_name(Field::FirstName, Some(&"a".repeat(101)))
                .unwrap_err()
                .code,
            FieldCode::TooLong
        );
    }
}
