//! The master key and everything derived from it, token hashing, and the system's randomness.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::model::Purpose;
use crate::ports::Random;

/// The randomness of the operating system, through aws-lc.
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // A machine without randomness cannot run an auth service; there is nothing to recover to.
        if aws_lc_rs::rand::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// SHA-256 of a token of at least 128 random bits, in URL-safe base64: how tokens rest in the store.
pub fn hash_token(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()))
}

/// Random bytes as a text, in URL-safe base64.
pub(crate) fn to_url_text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn equal_in_constant_time(a: &str, b: &str) -> bool {
    constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}

/// The one secret of a deployment: 32 random bytes. Signing keys at rest, cookies, mailed tokens and refresh tokens are
/// keyed by values derived from it, so that the database alone opens nothing.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// The text is not 32 bytes in base64.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not 32 bytes in base64")]
pub struct InvalidMasterKey;

/// Sealed data that was not sealed by this master key, or was changed since.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("sealed with another master key, or damaged")]
pub struct CannotOpen;

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

impl MasterKey {
    /// A new key.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(bytes.as_mut());
        Self(bytes)
    }

    /// # Errors
    /// [`InvalidMasterKey`] unless the text is exactly 32 bytes in standard or URL-safe base64.
    pub fn parse(text: &str) -> Result<Self, InvalidMasterKey> {
        let text = text.trim();
        let bytes = Zeroizing::new(
            STANDARD
                .decode(text)
                .or_else(|_| URL_SAFE_NO_PAD.decode(text))
                .map_err(|_| InvalidMasterKey)?,
        );
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| InvalidMasterKey)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// The text that [`MasterKey::parse`] reads.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// An independent key for one use.
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        self.mac("derive", &[label.as_bytes()])
    }

    /// A key of its own for one use that seals very often: one key with random nonces is good for 2^32 messages (NIST SP
    /// 800-38D, 8.3).
    #[must_use]
    pub fn for_use(&self, label: &str) -> Self {
        Self(self.derive(label))
    }

    /// What stands for a person's address or network where others may look: the same for the same subject, and nobody
    /// finds the subject by trying all of them. In URL-safe base64.
    pub fn pseudonym(&self, subject: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac("pseudonym", &[subject.as_bytes()]).as_slice())
    }

    /// What stands for parts that nobody may find by trying. In URL-safe base64.
    pub(crate) fn keyed_hash(&self, parts: &[&[u8]]) -> String {
        URL_SAFE_NO_PAD.encode(self.mac("keyed-hash", parts).as_slice())
    }

    /// The mailed token of a row: 256 bits that nobody can guess from the row. Derived, so that the outbox keeps no token.
    pub(crate) fn one_time_token(&self, purpose: Purpose, id: Uuid) -> String {
        URL_SAFE_NO_PAD.encode(
            self.mac(
                "one-time-token",
                &[purpose.as_str().as_bytes(), id.as_bytes()],
            )
            .as_slice(),
        )
    }

    /// The six digits that do the same as the mailed token.
    pub(crate) fn one_time_code(&self, id: Uuid) -> String {
        let mac = self.mac("one-time-code", &[id.as_bytes()]);
        let number = mac[..8]
            .iter()
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{:06}", number % 1_000_000)
    }

    /// The successor of a refresh token (rule D6): the same for the same token and nonce.
    pub(crate) fn refresh_secret(&self, predecessor: &str, nonce: &str) -> Zeroizing<[u8; 32]> {
        self.mac(
            "refresh-secret",
            &[predecessor.as_bytes(), nonce.as_bytes()],
        )
    }

    /// Marks a refresh token as ours, so that an outdated one is told from a made-up one without keeping it.
    pub(crate) fn refresh_tag(&self, family: Uuid, secret: &[u8]) -> Zeroizing<[u8; 32]> {
        self.mac("refresh-tag", &[family.as_bytes(), secret])
    }

    /// Encrypts with AES-256-GCM; `label` binds the result to its place. In base64.
    ///
    /// # Errors
    /// [`CannotOpen`] only for what is longer than the cipher takes (64 GiB).
    pub fn seal(
        &self,
        label: &str,
        plain: &[u8],
        random: &dyn Random,
    ) -> Result<String, CannotOpen> {
        Ok(STANDARD.encode(self.sealed_bytes(label, plain, random)?))
    }

    /// The same as a text for an address or a field of a form: in URL-safe base64.
    ///
    /// # Errors
    /// As [`MasterKey::seal`].
    pub(crate) fn seal_for_url(
        &self,
        label: &str,
        plain: &[u8],
        random: &dyn Random,
    ) -> Result<String, CannotOpen> {
        Ok(URL_SAFE_NO_PAD.encode(self.sealed_bytes(label, plain, random)?))
    }

    /// Decrypts what [`MasterKey::seal_for_url`] sealed for the same place.
    ///
    /// # Errors
    /// As [`MasterKey::open`].
    pub(crate) fn open_from_url(
        &self,
        label: &str,
        sealed: &str,
    ) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let data = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| CannotOpen)?;
        self.opened_bytes(label, data)
    }

    fn sealed_bytes(
        &self,
        label: &str,
        plain: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, CannotOpen> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut data = plain.to_vec();
        self.sealing_key()?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(label.as_bytes()),
                &mut data,
            )
            .map_err(|_| CannotOpen)?;
        Ok([nonce.as_slice(), &data].concat())
    }

    fn opened_bytes(&self, label: &str, data: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let mut data = Zeroizing::new(data);
        let (nonce, rest) = data.split_at_mut_checked(NONCE_LEN).ok_or(CannotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CannotOpen)?;
        let plain = self
            .sealing_key()?
            .open_in_place(nonce, Aad::from(label.as_bytes()), rest)
            .map_err(|_| CannotOpen)?;
        Ok(Zeroizing::new(plain.to_vec()))
    }

    /// Decrypts what was sealed for the same place.
    ///
    /// # Errors
    /// [`CannotOpen`] if it was sealed under another key or label, or changed since.
    pub fn open(&self, label: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let data = STANDARD.decode(sealed).map_err(|_| CannotOpen)?;
        self.opened_bytes(label, data)
    }

    fn sealing_key(&self) -> Result<LessSafeKey, CannotOpen> {
        let key = UnboundKey::new(&AES_256_GCM, self.derive("seal").as_slice())
            .map_err(|_| CannotOpen)?;
        Ok(LessSafeKey::new(key))
    }

    /// HMAC-SHA256 over parts that are each preceded by their length, so that no two lists of parts collide.
    fn mac(&self, label: &str, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice());
        let mut context = hmac::Context::with_key(&key);
        for part in std::iter::once(&label.as_bytes()).chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut mac = Zeroizing::new([0; 32]);
        mac.copy_from_slice(context.sign().as_ref());
        mac
    }
}

#[cfg(test)]
mod tests {
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
    fn a_key_survives_its_text_form_and_other_lengths_are_refused() {
        let key = MasterKey::generate(&SystemRandom);
        let again = MasterKey::parse(&key.to_text()).unwrap();
        assert_eq!(key.derive("x"), again.derive("x"));
        assert_ne!(key.derive("x"), key.derive("y"));
        assert!(MasterKey::parse("c2hvcnQ=").is_err());
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
    fn mailed_tokens_depend_on_purpose_and_row() {
        let key = MasterKey::parse("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
        let id = Uuid::from_u128(1);
        let token = key.one_time_token(Purpose::VerifyEmail, id);
        assert_eq!(token.len(), 43);
        assert_ne!(token, key.one_time_token(Purpose::ResetPassword, id));
        assert_ne!(
            token,
            key.one_time_token(Purpose::VerifyEmail, Uuid::from_u128(2))
        );
        assert_eq!(key.one_time_code(id).len(), 6);
    }
}
