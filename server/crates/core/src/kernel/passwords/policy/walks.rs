//! Walks over the keyboard: `!QAZ2wsx#EDC4rfv` is four straight lines, however many characters it
//! has.

/// Rows of keys, each without and with the shift key, from the left. The keys of a row stand half a
/// key to the right of those above.
struct Layout([(&'static str, &'static str); 4]);

const LAYOUTS: [Layout; 3] = [
    Layout([
        ("1234567890-=", "!@#$%^&*()_+"),
        ("qwertyuiop[]", "QWERTYUIOP{}"),
        ("asdfghjkl;'", "ASDFGHJKL:\""),
        ("zxcvbnm,./", "ZXCVBNM<>?"),
    ]),
    Layout([
        ("1234567890ß´", "!\"§$%&/()=?`"),
        ("qwertzuiopü+", "QWERTZUIOPÜ*"),
        ("asdfghjklöä", "ASDFGHJKLÖÄ"),
        ("yxcvbnm,.-", "YXCVBNM;:_"),
    ]),
    Layout([
        ("&é\"'(-è_çà)=", "1234567890°+"),
        ("azertyuiop^$", "AZERTYUIOP¨£"),
        ("qsdfghjklmù", "QSDFGHJKLM%"),
        ("wxcvbn,;:!", "WXCVBN?./§"),
    ]),
];

/// Fewer keys are no line.
const SHORTEST_LINE: usize = 3;
/// One character in so many may be outside of all lines.
const CHARS_FOR_ONE_OUTSIDE: usize = 8;

type Key = (i32, i32);

impl Layout {
    fn key(&self, c: char) -> Option<Key> {
        let find = |keys: &str| keys.chars().position(|key| key == c);
        (0..)
            .zip(&self.0)
            .find_map(|(row, (plain, shifted))| Some((row, find(plain).or_else(|| find(shifted))?)))
            .and_then(|(row, column)| Some((row, i32::try_from(column).ok()?)))
    }

    /// Characters in lines of keys, from the first one on.
    fn in_lines(&self, password: &[char]) -> usize {
        let keys: Vec<Option<Key>> = password.iter().map(|c| self.key(*c)).collect();
        let (mut at, mut covered) = (0, 0);
        while at < keys.len() {
            let length = line_length(&keys[at..]);
            if length < SHORTEST_LINE {
                at += 1;
            } else {
                covered += length;
                at += length;
            }
        }
        covered
    }
}

/// How many of the first keys are in one straight line, or one key again and again.
fn line_length(keys: &[Option<Key>]) -> usize {
    let step = |pair: &[Option<Key>]| match pair {
        [Some(from), Some(to)] => Some((to.0 - from.0, to.1 - from.1)),
        _ => None,
    };
    let is_neighbour = |step: &(i32, i32)| {
        matches!(step, (0, -1..=1) | (1 | -1, 0)) || matches!(step, (1, -1) | (-1, 1))
    };
    let Some(first) = keys.get(..2).and_then(step).filter(is_neighbour) else {
        return 1;
    };
    1 + keys
        .windows(2)
        .take_while(|pair| step(pair) == Some(first))
        .count()
}

/// Whether a password is little else than straight lines of keys, with or without shift, on one of
/// the layouts.
pub(super) fn is_walk(password: &str) -> bool {
    let password: Vec<char> = password.chars().collect();
    let outside = password.len() / CHARS_FOR_ONE_OUTSIDE;
    LAYOUTS
        .iter()
        .any(|layout| layout.in_lines(&password) + outside >= password.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_over_the_keyboard_are_walks_on_each_layout() {
        for walk in [
            "!QAZ2wsx#EDC4rfv",
            "1qaz@WSX3edc$RFV",
            "zaq1xsw2cde3",
            "qweasdzxc",
            "QWEasdZXCrty",
            "yxcvbnm,.-",
            "qwertzuiopü",
            "azertyuiop^$",
            "1234qwerasdfyxcv",
            "qqqwwweeerrr",
            "poiuytrewqlkjhgfdsa",
            "5tgb6yhn7ujm!",
        ] {
            assert!(is_walk(walk), "{walk}");
        }
    }

    #[test]
    fn words_and_random_characters_are_no_walks() {
        for password in [
            "correct horse battery",
            "nRH9u&cA",
            "ymrqvztikp",
            "property was sad",
            "qwerty is no walk with words behind it",
            "8264910573628194",
        ] {
            assert!(!is_walk(password), "{password}");
        }
    }
}
