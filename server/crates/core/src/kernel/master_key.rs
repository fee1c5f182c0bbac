//! The master key and everything derived from it, token hashing, and the system's randomness.

use std::collections::BTreeSet;
use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::kernel::model::Purpose;
use crate::kernel::ports::Random;

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

/// SHA-256 of a token of at least 128 random bits, in URL-safe base64:
/// how tokens rest in the store.
pub fn hash_token(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, token.as_bytes()))
}

/// Random bytes as a text, in URL-safe base64.
pub(crate) fn to_url_text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The characters of a mailed token: 256 bits in base64.
const MAILED_TOKEN_CHARS: usize = 43;

/// The hash of a mailed token, however its link was copied: white space around it, and punctuation
/// that a text or a mail program put next to the link, are no part of it.
pub(crate) fn hash_mailed_token(text: &str) -> String {
    hash_token(mailed_token(text).unwrap_or(text))
}

/// `None` if there is more than a token in the text.
fn mailed_token(text: &str) -> Option<&str> {
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let text = text.trim_start_matches(|c: char| !is_of_token(c));
    let (token, rest) = text.split_at_checked(MAILED_TOKEN_CHARS)?;
    let is_token = token.chars().all(is_of_token) && !rest.contains(char::is_alphanumeric);
    is_token.then_some(token)
}

pub(crate) fn equal_in_constant_time(a: &str, b: &str) -> bool {
    constant_time::verify_slices_are_equal(a.as_bytes(), b.as_bytes()).is_ok()
}

/// Separates these keys from those that another program derives from the same bytes.
const SALT: &[u8] = b"vestibule";

/// The one secret of a deployment: 32 random bytes. Signing keys at rest, cookies, mailed tokens
/// and refresh tokens are keyed by values derived from it,
/// so that the database alone opens nothing.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// The text is not 32 bytes in base64 or hexadecimal.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("not 32 bytes in base64 or hexadecimal")]
pub struct InvalidMasterKey;

/// Sealed data that was not sealed by this master key, or was changed since.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("sealed with another master key, or damaged")]
pub struct CannotOpen;

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    text.as_bytes().chunks(2).map(byte).collect()
}

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
    /// [`InvalidMasterKey`] unless the text is exactly 32 bytes in standard or URL-safe base64,
    /// padded or not, or in hexadecimal.
    pub fn parse(text: &str) -> Result<Self, InvalidMasterKey> {
        let text = text.trim();
        // 64 digits in base64 would be 48 bytes: no text has two meanings.
        let bytes = if text.len() == 64 {
            from_hex(text)
        } else {
            let digits = text.trim_end_matches('=');
            let decoded = STANDARD_NO_PAD.decode(digits);
            decoded.or_else(|_| URL_SAFE_NO_PAD.decode(digits)).ok()
        };
        let bytes = Zeroizing::new(bytes.ok_or(InvalidMasterKey)?);
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| InvalidMasterKey)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// Whether it can have come from a source of randomness: 32 random bytes have about 30
    /// different values, and fewer than 17 less often than once in 10^15 keys. A single value, a
    /// sequence and the digits of a number do not pass.
    pub fn looks_random(&self) -> bool {
        let bytes = self.0.as_slice();
        let values: BTreeSet<u8> = bytes.iter().copied().collect();
        let steps: BTreeSet<u8> = bytes
            .windows(2)
            .map(|two| two[1].wrapping_sub(two[0]))
            .collect();
        values.len() > 16 && steps.len() > 8
    }

    /// The text that [`MasterKey::parse`] reads.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0.as_slice()))
    }

    /// An independent key for one use: HKDF with SHA-256 (RFC 5869), the label as its `info`.
    pub fn derive(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        let extracted = Salt::new(HKDF_SHA256, SALT).extract(self.0.as_slice());
        let filled = extracted
            .expand(&[label.as_bytes()], HKDF_SHA256)
            .and_then(|okm| okm.fill(key.as_mut_slice()));
        // It fails for other lengths alone. A key of zeros must never be used.
        if filled.is_err() {
            std::process::abort();
        }
        key
    }

    /// A key of its own for one use that seals very often: one key with random nonces is good for
    /// 2^32 messages (NIST SP 800-38D, 8.3).
    #[must_use]
    pub fn for_use(&self, label: &str) -> Self {
        Self(self.derive(label))
    }

    /// What stands for a person's address or network where others may look: the same for the same
    /// subject, and nobody finds the subject by trying all of them. In URL-safe base64.
    pub fn pseudonym(&self, subject: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac("pseudonym", &[subject.as_bytes()]).as_slice())
    }

    /// What stands for parts that nobody may find by trying. In URL-safe base64.
    pub(crate) fn keyed_hash(&self, parts: &[&[u8]]) -> String {
        URL_SAFE_NO_PAD.encode(self.mac("keyed-hash", parts).as_slice())
    }

    /// The mailed token of a row: 256 bits that nobody can guess from the row.
    /// Derived, so that the outbox keeps no token.
    pub(crate) fn mailed_link_token(&self, purpose: Purpose, id: Uuid) -> String {
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

    /// The successor of a refresh token (ADR 0005): the same for the same token and nonce.
    pub(crate) fn refresh_secret(&self, predecessor: &str, nonce: &str) -> Zeroizing<[u8; 32]> {
        self.mac(
            "refresh-secret",
            &[predecessor.as_bytes(), nonce.as_bytes()],
        )
    }

    /// Shows that this portal made a refresh token, so that an outdated
    /// one differs from a made-up one without being kept.
    pub(crate) fn refresh_tag(
        &self,
        label: &str,
        family: Uuid,
        secret: &[u8],
    ) -> Zeroizing<[u8; 32]> {
        self.mac(label, &[family.as_bytes(), secret])
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
        Ok(STANDARD.encode(self.seal_bytes(label.as_bytes(), plain, random)?))
    }

    /// The same as bytes: the nonce, the cipher text, the tag.
    ///
    /// # Errors
    /// As for [`Self::seal`].
    pub fn seal_bytes(
        &self,
        label: &[u8],
        plain: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, CannotOpen> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut data = plain.to_vec();
        self.sealing_key()?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(label),
                &mut data,
            )
            .map_err(|_| CannotOpen)?;
        Ok([nonce.as_slice(), &data].concat())
    }

    /// Decrypts what was sealed for the same place.
    ///
    /// # Errors
    /// [`CannotOpen`] if it was sealed under another key or label, or changed since.
    pub fn open(&self, label: &str, sealed: &str) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let sealed = STANDARD.decode(sealed).map_err(|_| CannotOpen)?;
        self.open_bytes(label.as_bytes(), &sealed)
    }

    /// The same for bytes.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn open_bytes(
        &self,
        label: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let mut data = Zeroizing::new(sealed.to_vec());
        let (nonce, rest) = data.split_at_mut_checked(NONCE_LEN).ok_or(CannotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CannotOpen)?;
        let plain = self
            .sealing_key()?
            .open_in_place(nonce, Aad::from(label), rest)
            .map_err(|_| CannotOpen)?;
        Ok(Zeroizing::new(plain.to_vec()))
    }

    fn sealing_key(&self) -> Result<LessSafeKey, CannotOpen> {
        let key = self.derive("seal");
        let key = UnboundKey::new(&AES_256_GCM, key.as_slice()).map_err(|_| CannotOpen)?;
        Ok(LessSafeKey::new(key))
    }

    /// HMAC-SHA256 over parts that are each preceded by their length,
    /// so that no two lists of parts collide.
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
mod tests;
