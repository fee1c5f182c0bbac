use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Version};

use super::*;
use crate::kernel::master_key::SystemRandom;

struct Hasher(PasswordHasher);

/// Nobody goes away.
impl Hasher {
    async fn hash(&self, password: &str) -> Result<String, AuthError> {
        self.0.hash(password, &Abandoned::default()).await
    }

    async fn verify(&self, password: &str, stored: Option<&str>) -> Result<Verdict, AuthError> {
        self.0.verify(password, stored, &Abandoned::default()).await
    }

    /// What it finds of a password for a stored hash.
    async fn finds(&self, password: &str, stored: &str) -> Verdict {
        self.verify(password, Some(stored)).await.unwrap()
    }

    fn hashes(&self) -> u64 {
        self.0.hashes()
    }
}

fn hasher(threads: usize, queue: usize) -> Hasher {
    let settings = HashSettings {
        threads,
        queue,
        max_wait: Duration::from_mins(1),
        ..HashSettings::default()
    };
    Hasher(PasswordHasher::start(settings, Arc::new(SystemRandom)).unwrap())
}

#[tokio::test]
async fn a_machine_without_memory_is_overloaded_and_no_password_wrong() {
    let Hasher(hasher) = hasher(1, 8);
    let permit = hasher.reserve().unwrap();
    let refused = || HashError::from(argon2_rust::Error::MemoryAllocationError);
    let work = move |_: &mut Worker| Err::<Verdict, _>(refused());
    let answer = hasher.run(permit, &Abandoned::default(), work).await;
    assert!(
        matches!(answer, Err(AuthError::Overloaded { .. })),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_password_is_right_exactly_as_typed() {
    let hasher = hasher(1, 8);
    let long = "x".repeat(130);
    let stored = hasher.hash(&long).await.unwrap();
    assert!(
        stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{stored}"
    );
    assert_eq!(hasher.finds(&long, &stored).await, Verdict::Right);
    for position in [0, 71, 72, 128, 129] {
        let mut other: Vec<char> = long.chars().collect();
        other[position] = 'y';
        let other: String = other.into_iter().collect();
        assert_eq!(hasher.finds(&other, &stored).await, Verdict::Wrong);
    }
    let longer = format!("{long} ");
    assert_eq!(hasher.finds(&longer, &stored).await, Verdict::Wrong);
}

#[tokio::test]
async fn foreign_hashes_verify_and_are_replaced() {
    let hasher = hasher(1, 8);
    let bcrypt = bcrypt::hash("correct horse", 4).unwrap();
    // An Argon2i hash of "password" with other parameters,
    // from the reference implementation's test suite.
    let argon2i =
        "$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E";
    for (password, stored) in [("correct horse", bcrypt.as_str()), ("password", argon2i)] {
        let Verdict::RightWithNewHash(new) = hasher.finds(password, stored).await else {
            panic!("{stored} did not verify")
        };
        assert_eq!(hasher.finds(password, &new).await, Verdict::Right);
        assert_eq!(hasher.finds("another", stored).await, Verdict::Wrong);
    }
}

#[tokio::test]
async fn a_stored_hash_that_asks_for_too_much_is_wrong() {
    let hasher = hasher(1, 8);
    for stored in [
        "$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E",
        "",
        "x",
    ] {
        assert_eq!(hasher.finds("password", stored).await, Verdict::Wrong);
    }
}

#[tokio::test]
async fn an_unknown_account_costs_a_hash_like_a_known_one() {
    let hasher = hasher(1, 8);
    let stored = hasher.hash("correct horse").await.unwrap();
    for stored in [None, Some(stored.as_str())] {
        for password in ["correct horse battery", "", &"x".repeat(2000)] {
            let before = hasher.hashes();
            let verdict = hasher.verify(password, stored).await.unwrap();
            assert_eq!(
                (verdict, hasher.hashes() - before),
                (Verdict::Wrong, 1),
                "{} bytes",
                password.len()
            );
        }
    }
}

#[tokio::test]
async fn a_wrong_password_for_a_cheaper_hash_costs_one_of_ours_too() {
    let hasher = hasher(1, 8);
    let cheap = bcrypt::hash("correct horse", 4).unwrap();
    assert_eq!(hasher.finds("wrong", &cheap).await, Verdict::Wrong);
    assert_eq!(hasher.hashes(), 1);
}

#[tokio::test]
async fn a_hash_of_an_older_version_is_renewed() {
    let hasher = hasher(1, 8);
    let salt = [7; 16];
    let params = Params::new(19_456, 2, 1, Some(32)).unwrap();
    let mut output = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x10, params.clone())
        .hash_password_into(b"correct horse", &salt, &mut output)
        .unwrap();
    let old = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x10.into()),
        params: ParamsString::try_from(&params).unwrap(),
        salt: Some(Salt::new(&salt).unwrap()),
        hash: Some(Output::new(&output).unwrap()),
    };
    let verdict = hasher.finds("correct horse", &old.to_string()).await;
    assert!(
        matches!(verdict, Verdict::RightWithNewHash(_)),
        "{verdict:?}"
    );
}

#[test]
fn the_floor_is_the_one_of_owasp() {
    let at = |memory_kib, passes| {
        HashSettings {
            memory_kib,
            passes,
            ..HashSettings::default()
        }
        .reaches_floor()
    };
    assert!(at(19_456, 2) && at(47_104, 1) && at(12_288, 3));
    assert!(!at(19_455, 2) && !at(19_456, 1) && !at(8_192, 4) && !at(1 << 21, 2));
}

#[tokio::test]
async fn a_place_that_is_kept_is_taken() {
    let hasher = hasher(1, 1);
    let permit = hasher.0.reserve().unwrap();
    let refused = hasher.verify("x", None).await;
    assert!(
        matches!(refused, Err(AuthError::Overloaded { .. })),
        "{refused:?}"
    );
    let nobody = Abandoned::default();
    let kept = hasher.0.verify_in(permit, "x", None, &nobody).await;
    assert_eq!(kept.unwrap(), Verdict::Wrong);
    assert_eq!(hasher.verify("x", None).await.unwrap(), Verdict::Wrong);
}

#[tokio::test]
async fn a_sign_in_that_was_answered_meanwhile_costs_no_hash() {
    let hasher = hasher(1, 8);
    let (abandoned, client) = Abandoned::default().inner();
    drop(client);
    let answer = hasher.0.verify("x", None, &abandoned).await;
    assert!(matches!(answer, Err(AuthError::Abandoned)), "{answer:?}");
    assert_eq!(hasher.hashes(), 0);
}
