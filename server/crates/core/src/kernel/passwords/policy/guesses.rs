//! How many guesses a password withstands: zxcvbn's patterns, in bounded time, with what it leaves
//! out.
//!
//! zxcvbn looks every word up in every combination of letters that signs may stand for, and a
//! hundred signs make that seconds. It also adds guesses for each part that a password has, which
//! lets three common words pass, and counts ten possibilities for a character without a pattern,
//! which refuses random passwords of eight.

use zxcvbn::matching::Match;
use zxcvbn::matching::patterns::MatchPattern;

/// The time grows faster than the length. What comes after this cannot make a password weaker.
const ESTIMATED_CHARS: usize = 60;
/// Combinations of letters for signs that are looked up; `P@$$w0rd1!` has six.
const MAX_COMBINATIONS: u32 = 8;
/// The letters that zxcvbn looks up for signs and digits.
const SUBSTITUTES: [(char, &[char]); 12] = [
    ('a', &['4', '@']),
    ('b', &['8']),
    ('c', &['(', '{', '[', '<']),
    ('e', &['3']),
    ('g', &['6', '9']),
    ('i', &['1', '!', '|']),
    ('l', &['1', '|', '7']),
    ('o', &['0']),
    ('s', &['$', '5']),
    ('t', &['+', '7']),
    ('x', &['%']),
    ('z', &['2']),
];
/// Powers of ten from which on each score is given. The one that passes, 3, is what an attacker may
/// try against one account in the limits of a sign-in for centuries; zxcvbn asks for 8 there, with
/// its surcharge for parts.
const SCORES: [f64; 4] = [3.0, 5.0, 6.5, 10.0];

/// 0 to 4.
pub(super) fn score(password: &str, words: &[&str]) -> u8 {
    let guesses = log10_guesses(password, words);
    SCORES.iter().map(|from| u8::from(guesses >= *from)).sum()
}

fn log10_guesses(password: &str, words: &[&str]) -> f64 {
    let estimated = bounded(password);
    log10_of_parts(zxcvbn::zxcvbn(&estimated, words).sequence())
}

/// The beginning of the password, with letters in place of the signs that would make too many
/// combinations.
fn bounded(password: &str) -> String {
    let estimated: Vec<char> = password.chars().take(ESTIMATED_CHARS).collect();
    let mut kept: Vec<char> = Vec::new();
    let mut replaced: Vec<char> = Vec::new();
    for c in &estimated {
        if letter_for(*c).is_none() || kept.contains(c) || replaced.contains(c) {
            continue;
        }
        kept.push(*c);
        if combinations(&kept) > MAX_COMBINATIONS {
            kept.pop();
            replaced.push(*c);
        }
    }
    let replace = |c: char| letter_for(c).filter(|_| replaced.contains(&c)).unwrap_or(c);
    estimated.into_iter().map(replace).collect()
}

/// How often zxcvbn would look at most, for the signs that a password has. One that stands for two
/// letters is tried as either.
fn combinations(signs: &[char]) -> u32 {
    let of_letter = |substitutes: &[char]| -> u32 {
        let present = substitutes.iter().filter(|c| signs.contains(c));
        present.map(|c| letters_for(*c)).sum::<u32>().max(1)
    };
    SUBSTITUTES
        .iter()
        .map(|(_, substitutes)| of_letter(substitutes))
        .product()
}

fn letter_for(sign: char) -> Option<char> {
    let found = SUBSTITUTES.iter().find(|(_, signs)| signs.contains(&sign));
    found.map(|(letter, _)| *letter)
}

fn letters_for(sign: char) -> u32 {
    let is_one = |(_, signs): &&(char, &[char])| signs.contains(&sign);
    SUBSTITUTES.iter().filter(is_one).map(|_| 1).sum()
}

/// The parts in any order.
fn log10_of_parts(parts: &[Match]) -> f64 {
    let orders: f64 = (1_u32..)
        .zip(parts)
        .map(|(number, _)| f64::from(number).log10())
        .sum();
    orders + parts.iter().map(log10_of_part).sum::<f64>()
}

fn log10_of_part(part: &Match) -> f64 {
    match &part.pattern {
        MatchPattern::BruteForce => log10_without_pattern(&part.token),
        MatchPattern::Repeat(repeat) => {
            let times = u32::try_from(repeat.repeat_count).unwrap_or(u32::MAX);
            log10_of_parts(&repeat.base_matches) + f64::from(times).log10()
        }
        MatchPattern::Dictionary(word) if word.uppercase_variations == 0 => {
            // zxcvbn knows no way to write capitals with nothing but digits beside them, and takes
            // the word for the first.
            let ways = word.l33t_variations.max(1).saturating_mul(4);
            log10(ways.saturating_mul(word.rank as u64))
        }
        _ => log10(part.guesses.unwrap_or(1)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "an order of magnitude")]
fn log10(guesses: u64) -> f64 {
    (guesses.max(1) as f64).log10()
}

/// Characters without a pattern, but for the years and rows (`123`, `cba`) that zxcvbn takes for
/// that in short rests.
fn log10_without_pattern(token: &str) -> f64 {
    /// Years that people choose.
    const YEARS: f64 = 100.0;
    let chars: Vec<char> = token.chars().collect();
    let (mut log, mut at) = (0.0, 0);
    while at < chars.len() {
        let rest = &chars[at..];
        let (length, possible) = if is_year(rest) {
            (4, YEARS)
        } else {
            let row = row_length(rest);
            (if row > 2 { row } else { 1 }, possible(rest[0]))
        };
        log += possible.log10();
        at += length;
    }
    log
}

fn is_year(chars: &[char]) -> bool {
    match chars {
        ['1', '9', a, b, ..] | ['2', '0', a, b, ..] => a.is_ascii_digit() && b.is_ascii_digit(),
        _ => false,
    }
}

/// How many of the first characters follow each other, forwards or backwards.
fn row_length(chars: &[char]) -> usize {
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let Some(first) = chars.get(..2).map(step).filter(|step| step.abs() == 1) else {
        return 1;
    };
    1 + chars
        .windows(2)
        .take_while(|pair| step(pair) == first)
        .count()
}

/// How many characters of its kind there are.
fn possible(c: char) -> f64 {
    match c {
        'a'..='z' | 'A'..='Z' => 26.0,
        '0'..='9' => 10.0,
        c if c.is_ascii() => 33.0,
        _ => 100.0,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    const SIGNS: &str = "4@8({[<3691!|70$5+%2";

    /// Strings of nothing but substitutes, in many orders and mixed with words.
    fn adversarial() -> Vec<String> {
        let signs: Vec<char> = SIGNS.chars().collect();
        let mut strings = vec![
            SIGNS.repeat(5),
            SIGNS.chars().rev().collect::<String>().repeat(5),
        ];
        for step in [3, 7, 9, 11, 13, 17] {
            let shuffled = (0..100).map(|number| signs[number * step % signs.len()]);
            strings.push(shuffled.collect());
        }
        for word in ["password", "dragon", "a", "qwertz", "1990", "zxcvbn"] {
            let mixed = SIGNS
                .chars()
                .flat_map(|sign| format!("{sign}{word}").chars().collect::<Vec<_>>());
            strings.push(mixed.take(200).collect());
        }
        strings
            .extend(["a1", "password", "ab", "aab", "1!|7l", "love"].map(|unit| unit.repeat(60)));
        strings
    }

    /// As zxcvbn enumerates them: whatever order its letters come in, there are no more.
    #[test]
    fn no_string_makes_more_combinations_than_the_bound() {
        let signs: Vec<char> = SIGNS.chars().collect();
        // Each subset of the signs, in an order of its own.
        for subset in 0_u32..1 << signs.len() {
            if subset % 37 != 0 && subset.count_ones() > 3 {
                continue;
            }
            let turn = subset as usize % signs.len();
            let password: String = (0..signs.len())
                .map(|place| (place + turn) % signs.len())
                .filter(|place| subset & (1 << place) != 0)
                .map(|place| signs[place])
                .collect();
            let left: Vec<char> = bounded(&password).chars().collect();
            assert!(combinations(&left) <= MAX_COMBINATIONS, "{password}");
        }
        assert!(combinations(&signs) > 1000, "what it would have been");
        for password in adversarial() {
            let left: Vec<char> = bounded(&password).chars().collect();
            assert!(combinations(&left) <= MAX_COMBINATIONS, "{password}");
            assert!(left.len() <= ESTIMATED_CHARS);
        }
    }

    #[test]
    fn what_people_write_keeps_its_signs() {
        for password in ["P@$$w0rd1!", "Tr0ub4dor&3", "h3ll0 w0rld!", "4ever&2gether"] {
            assert_eq!(bounded(password), password);
        }
    }

    /// Against what zxcvbn alone takes for a long passphrase, in the same run.
    #[test]
    fn the_worst_string_takes_not_much_longer_than_a_passphrase() {
        let quickest = |password: &str| -> Duration {
            let time = |_| {
                let started = Instant::now();
                log10_guesses(password, &["ann@example.org", "ann", "example"]);
                started.elapsed()
            };
            (0..5).map(time).min().unwrap()
        };
        let ordinary = quickest("correct horse battery staple over the lazy river of 1987 stones");
        for password in adversarial() {
            let took = quickest(&password);
            assert!(took < ordinary * 40, "{password}: {took:?}, {ordinary:?}");
        }
    }

    #[test]
    fn years_and_rows_at_the_end_of_a_word_count_little() {
        for (password, most) in [
            ("Summer2024!", 6.5),
            ("Passw0rd!2024", 6.5),
            ("Admin@123", 6.5),
            ("winter sunshine", 6.5),
            ("lovemonkeydragon", 6.5),
        ] {
            let guesses = log10_guesses(password, &[]);
            assert!(guesses < most, "{password}: {guesses}");
        }
    }
}
