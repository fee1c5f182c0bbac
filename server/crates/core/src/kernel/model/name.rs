use crate::kernel::errors::{Field, FieldCode, FieldError};

/// Names are short, so that a mail greeting cannot carry a message of an attacker.
pub const MAX_NAME_CHARS: usize = 100;

/// Trims a name; an empty one is none.
///
/// # Errors
/// `invalid_characters` for control, bidirectional or invisible characters,
/// `too_long` past [`MAX_NAME_CHARS`].
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

/// Whether the text holds characters that hide or forge text: controls, line separators, zero-width
/// and bidirectional formatting characters. Joiners and variation
/// selectors are letters' own where a script needs them.
fn has_forbidden_characters(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let is_forbidden = |at: usize| {
        let c = chars[at];
        let before = at.checked_sub(1).map(|before| chars[before]);
        let is_needed = match c {
            ZWNJ | ZWJ => joins(c, &chars[..at], chars.get(at + 1).copied()),
            MONGOLIAN_VOWEL_SEPARATOR => {
                before.is_some_and(|c| script(c) == Some(Script::Mongolian))
            }
            _ if is_variation_selector(c) => before.is_some_and(is_base),
            _ => false,
        };
        !is_needed && is_invisible(c)
    };
    (0..chars.len()).any(is_forbidden)
}

const ZWNJ: char = '\u{200C}';
const ZWJ: char = '\u{200D}';
const MONGOLIAN_VOWEL_SEPARATOR: char = '\u{180E}';

/// Controls, separators of lines, and characters that nobody sees.
pub(super) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether a joiner changes how its neighbours are written (as RFC 5892,
/// appendix A, has it for domain names).
fn joins(joiner: char, before: &[char], after: Option<char>) -> bool {
    let Some(last) = before.last().copied() else {
        return false;
    };
    if is_virama(last) {
        return true;
    }
    let Some(after) = after else { return false };
    if let (Some(one), Some(other)) = (script(last), script(after)) {
        return one == other;
    }
    // A family or a profession is several emoji that are joined.
    let emoji = before.iter().rev().find(|c| !is_emoji_modifier(**c));
    joiner == ZWJ && is_emoji(after) && emoji.is_some_and(|c| is_emoji(*c))
}

/// The scripts whose letters joiners stand between: those that are written joined, and those of
/// India and its neighbours, which are alike here and have one block after the other.
#[derive(PartialEq, Eq)]
enum Script {
    Arabic,
    Syriac,
    Nko,
    Mongolian,
    Block(u32),
}

/// Of a letter or a mark on one.
fn script(c: char) -> Option<Script> {
    let is_letter = c.is_alphabetic() || is_virama(c) || is_mark_of_joined_script(c);
    let script = match u32::from(c) {
        0x0600..=0x06FF | 0x0750..=0x077F | 0x0870..=0x08FF | 0xFB50..=0xFDFF | 0xFE70..=0xFEFC => {
            Script::Arabic
        }
        0x0700..=0x074F | 0x0860..=0x086F => Script::Syriac,
        0x07C0..=0x07FF => Script::Nko,
        0x1800..=0x18AF => Script::Mongolian,
        block @ (0x0900..=0x0DFF | 0x1000..=0x109F | 0x1780..=0x17FF) => Script::Block(block >> 7),
        block @ 0x0F00..=0x0FFF => Script::Block(block >> 8),
        _ => return None,
    };
    is_letter.then_some(script)
}

/// Vowel marks and other marks that are not alphabetic by themselves.
fn is_mark_of_joined_script(c: char) -> bool {
    matches!(c, '\u{0610}'..='\u{061A}' | '\u{064B}'..='\u{065F}' | '\u{0670}' | '\u{06D6}'..='\u{06DC}'
        | '\u{0730}'..='\u{074A}' | '\u{093C}' | '\u{09BC}' | '\u{0A3C}' | '\u{0ABC}' | '\u{0B3C}' | '\u{0CBC}')
}

/// The mark that takes its vowel from a consonant; what follows decides how both are written.
fn is_virama(c: char) -> bool {
    matches!(
        c,
        '\u{094D}'
            | '\u{09CD}'
            | '\u{0A4D}'
            | '\u{0ACD}'
            | '\u{0B4D}'
            | '\u{0BCD}'
            | '\u{0C4D}'
            | '\u{0CCD}'
            | '\u{0D4D}'
            | '\u{0DCA}'
            | '\u{0F84}'
            | '\u{1039}'
            | '\u{103A}'
            | '\u{17D2}'
    )
}

fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// What a variation selector may follow.
fn is_base(c: char) -> bool {
    !(c.is_whitespace() || is_invisible(c))
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21FF}' | '\u{2600}'..='\u{27BF}' | '\u{2B00}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
}

/// The colour of a skin, or the selector that makes a sign an emoji.
fn is_emoji_modifier(c: char) -> bool {
    matches!(c, '\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}')
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn names_keep_the_joiners_and_selectors_that_their_script_is_written_with() {
        for name in [
            "\u{0639}\u{0644}\u{06CC}\u{200C}\u{0631}\u{0636}\u{0627}",
            // After a vowel mark as well.
            "\u{0639}\u{064E}\u{200C}\u{0631}",
            "\u{0915}\u{094D}\u{200D}\u{0937}",
            "\u{0DC1}\u{0DCA}\u{200D}\u{0DBB}\u{0DD3}",
            // An old chillu ends the word.
            "\u{0D2E}\u{0D4B}\u{0D39}\u{0D28}\u{0D4D}\u{200D}",
            "\u{09B0}\u{200D}\u{09CD}\u{09AF}",
            "\u{845B}\u{E0100}\u{57CE}",
            "\u{8FBB}\u{FE00}",
            "Ann \u{2764}\u{FE0F}",
            "\u{1F469}\u{1F3FD}\u{200D}\u{1F4BB}",
            "\u{182D}\u{180E}\u{1820}",
        ] {
            let kept = clean_name(Field::FirstName, Some(name));
            assert_eq!(kept.unwrap().as_deref(), Some(name), "{name:?}");
        }
    }

    #[test]
    fn joiners_and_selectors_that_nothing_needs_are_refused() {
        for bad in [
            "An\u{200D}n",
            "An\u{200C}n",
            "\u{200C}\u{0639}\u{0644}\u{06CC}",
            "\u{0639}\u{0644}\u{06CC}\u{200C}",
            "\u{0639}\u{200C}\u{200C}\u{0644}",
            "\u{0639}\u{200C} \u{0644}",
            "\u{0639}\u{200C}n",
            "\u{FE0F}Ann",
            "Ann \u{FE0F}",
            "A\u{FE0F}\u{FE0F}",
            "\u{0639}\u{0644}\u{202E}\u{06CC}",
            "\u{0639}\u{200F}\u{0644}",
            "\u{1F469}\u{200D}",
        ] {
            let error = clean_name(Field::FirstName, Some(bad)).unwrap_err();
            assert_eq!(error.code, FieldCode::InvalidCharacters, "{bad:?}");
        }
    }
}
