use super::*;

#[test]
fn what_is_sealed_opens_only_in_its_place_and_with_its_key() {
    let (key, other) = (
        MasterKey::generate(&SystemRandom),
        MasterKey::generate(&SystemRandom),
    );
    let sealed = key.seal("place", b"secret", &SystemRandom).unwrap();
    assert_eq!(key.open("place", &sealed).unwrap().as_slice(), b"secret");
    assert!(key.open("elsewhere", &sealed).is_err());
    assert!(other.open("place", &sealed).is_err());
    assert!(key.open("place", "AAAA").is_err());
}

#[test]
fn keys_are_derived_as_rfc_5869_says() {
    let master = [0x0b; 32];
    let key = MasterKey::parse(&STANDARD.encode(master)).unwrap();
    let extracted = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SALT), &master);
    let prk = hmac::Key::new(hmac::HMAC_SHA256, extracted.as_ref());
    let expanded = hmac::sign(&prk, b"label\x01");
    assert_eq!(key.derive("label").as_slice(), expanded.as_ref());
}

#[test]
fn a_master_key_is_read_in_every_usual_form() {
    let standard = "+/+/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0=";
    let hex = "fbffbf0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d";
    let key = MasterKey::parse(standard).unwrap();
    assert_eq!(key.to_text().as_str(), standard);
    for text in [
        standard.trim_end_matches('=').to_owned(),
        standard.replace('+', "-").replace('/', "_"),
        standard
            .trim_end_matches('=')
            .replace('+', "-")
            .replace('/', "_"),
        hex.to_owned(),
        hex.to_uppercase(),
        format!("{standard}\n"),
    ] {
        let same = MasterKey::parse(&text).unwrap();
        assert_eq!(same.to_text(), key.to_text(), "{text}");
    }
    for text in [
        "",
        "=",
        "c2hvcnQ=",
        &hex[2..],
        &hex.replace('f', "g"),
        &hex.replace("fb", "é"),
    ] {
        assert!(MasterKey::parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_key_that_is_not_random_is_recognised() {
    for bytes in [
        [0; 32],
        [7; 32],
        std::array::from_fn(|place| u8::try_from(place).unwrap()),
        std::array::from_fn(|place| u8::try_from(255 - 3 * place).unwrap()),
        *b"0123456789abcdef0123456789abcdef",
        *b"changemechangemechangemechangeme",
    ] {
        assert!(
            !MasterKey(Zeroizing::new(bytes)).looks_random(),
            "{bytes:?}"
        );
    }
    for _ in 0..1000 {
        assert!(MasterKey::generate(&SystemRandom).looks_random());
    }
}

#[test]
fn a_pseudonym_is_that_of_one_subject_and_one_key() {
    let key = MasterKey::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    let again = MasterKey::parse(&key.to_text()).unwrap();
    let pseudonym = key.pseudonym("ann@example.org");
    assert_eq!(pseudonym, again.pseudonym("ann@example.org"));
    assert_ne!(pseudonym, key.pseudonym("bob@example.org"));
    assert_ne!(pseudonym, key.for_use("x").pseudonym("ann@example.org"));
    assert_ne!(pseudonym, hash_token("ann@example.org"));
}

#[test]
fn a_mailed_token_is_known_with_the_punctuation_that_a_copied_link_carries() {
    let key = MasterKey::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    let token = key.mailed_link_token(Purpose::VerifyEmail, Uuid::from_u128(1));
    for copied in [
        token.clone(),
        format!(" {token}\n"),
        format!("{token}."),
        format!("({token})"),
        format!("<{token}>"),
        format!("{token},"),
        format!("{token}?!"),
        format!("{token}\u{201d}"),
        format!("{token}\u{200b}"),
        format!("{token}_"),
        format!("{token}="),
    ] {
        assert_eq!(hash_mailed_token(&copied), hash_token(&token), "{copied}");
    }
    for other in [
        format!("{token}A"),
        format!("{token}.A"),
        token[1..].to_owned(),
    ] {
        assert_ne!(hash_mailed_token(&other), hash_token(&token), "{other}");
    }
}

#[test]
fn mailed_tokens_depend_on_purpose_and_row() {
    let key = MasterKey::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    let id = Uuid::from_u128(1);
    let token = key.mailed_link_token(Purpose::VerifyEmail, id);
    assert_eq!(token.len(), 43);
    assert_ne!(token, key.mailed_link_token(Purpose::ResetPassword, id));
    assert_ne!(
        token,
        key.mailed_link_token(Purpose::VerifyEmail, Uuid::from_u128(2))
    );
    assert_eq!(key.one_time_code(id).len(), 6);
}
