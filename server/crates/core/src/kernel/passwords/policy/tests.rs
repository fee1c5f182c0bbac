use super::*;

fn strength(password: &str) -> PasswordStrength {
    let policy = PasswordPolicy {
        min_length: 8,
        context_words: vec!["Vestibule".to_owned()],
    };
    policy.strength(password, &["ann.lee@example.org", "Ann"])
}

fn check(password: &str) -> Option<FieldCode> {
    strength(password).error
}

#[test]
fn strong_passwords_of_any_kind_pass() {
    for good in [
        "correct horse battery",
        "ymrqvztikp",
        "8264910573628194",
        "🦊🌵🪁🎻🧭🪴🍊🛶🧊",
        &"长夜漫漫路迢迢".repeat(10),
    ] {
        assert_eq!(check(good), None, "{good}");
    }
}

#[test]
fn each_rule_says_what_it_refuses_and_gives_a_low_score() {
    let long = "ü".repeat(513);
    for (password, error, scores) in [
        ("", Some(FieldCode::Required), 0..=0),
        ("r9$kQz!", Some(FieldCode::TooShort), 0..=0),
        // Length counts composed code points.
        ("cafe\u{301}s!x", Some(FieldCode::TooShort), 0..=0),
        (long.as_str(), Some(FieldCode::TooLong), 0..=0),
        (
            "long enough \0 but",
            Some(FieldCode::InvalidCharacters),
            0..=0,
        ),
        ("password", Some(FieldCode::TooCommon), 0..=0),
        ("PassWord1", Some(FieldCode::TooCommon), 0..=0),
        ("               ", Some(FieldCode::TooWeak), 0..=2),
        ("============", Some(FieldCode::TooWeak), 0..=2),
        ("ann.lee2026", Some(FieldCode::TooWeak), 0..=2),
        ("Vestibule!1", Some(FieldCode::TooWeak), 0..=2),
        ("vestibule-ann-2026", Some(FieldCode::TooWeak), 0..=2),
        ("ymrqvztikp", None, 3..=4),
        ("correct horse battery", None, 3..=4),
    ] {
        let strength = strength(password);
        assert_eq!(strength.error, error, "{password}");
        assert!(scores.contains(&strength.score), "{password}: {strength:?}");
    }
}

#[test]
fn the_commonest_passwords_are_refused() {
    for common in [
        "password",
        "12345678",
        "iloveyou",
        "football1",
        "correcthorsebatterystaple",
        "correct horse battery staple",
        "thisismypassword",
        "ThisIsMyPassword",
        "!QAZ2wsx#EDC4rfv",
        "lovemonkeydragon",
        "passwordpassword",
        "1q2w3e4r5t6y7u8i",
        "qwertyuiopasdfghjklzxcvbnm",
        "Summer2024!",
        "Welcome@2024",
    ] {
        assert!(check(common).is_some(), "{common}");
    }
}

/// The documented length is what decides: a random password of that length is accepted.
#[test]
fn every_random_password_of_the_documented_length_is_accepted() {
    let signs: Vec<char> = ('!'..='~').collect();
    let mut state = 7_u64;
    let mut draw = || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        signs[usize::try_from((mixed ^ (mixed >> 31)) % signs.len() as u64).unwrap()]
    };
    let policy = PasswordPolicy {
        min_length: PasswordPolicy::MIN_LENGTH_FLOOR,
        context_words: vec!["Vestibule".to_owned(), "auth.example.org".to_owned()],
    };
    for _ in 0..1_500 {
        let password: String = (0..policy.min_length).map(|_| draw()).collect();
        let strength = policy.strength(&password, &["ann.lee@example.org", "Ann", "Lee"]);
        assert_eq!(strength.error, None, "{password}");
    }
}
