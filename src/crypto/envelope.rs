//! The outside of the HSM: random keys, keys derived from them, and small blobs sealed under them.
//!
//! A sealed blob is `nonce 12 | ciphertext | tag 16`, AES-256-GCM. It has no magic and no version: whoever
//! keeps one in a file says in the file what it is. The library draws the nonce, so no caller can repeat one.
//! Whoever seals much gives every piece a key of its own ([`Source`]), and then no nonce is needed.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, RandomizedNonceKey, UnboundKey};
use aws_lc_rs::{hkdf, rand};
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a key.
pub const KEY: usize = 32;
const NONCE: usize = 12;
/// Bytes of the tag that shows a change.
pub const TAG: usize = 16;
/// Bytes by which a sealed blob is longer than what is in it.
pub const OVERHEAD: usize = NONCE + TAG;

/// Why a blob cannot be sealed or opened.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    #[error("a key of {found} bytes was given where one of {KEY} is needed")]
    KeyLength { found: usize },

    #[error(
        "sealed bytes are cut short: {found} bytes, and the smallest have {OVERHEAD}. Restore them from a backup."
    )]
    Truncated { found: usize },

    #[error(
        "sealed bytes do not open: they were changed, or sealed under another key or for another place. Restore them from a backup, or use the key and place they were sealed with."
    )]
    DoesNotOpen,

    #[error(
        "the cryptographic library could not {doing}. Try again; if it goes on, this machine is out of memory or has no source of random numbers."
    )]
    Library { doing: &'static str },
}

/// Plaintext key bytes. They are overwritten with zeros when dropped, never printed and never copied
/// unnoticed.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Takes the vector over; a copy that the caller's vector left behind when it grew is not reached.
impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Secret(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// A new random key.
pub fn random_key() -> Result<Secret, CryptoError> {
    let mut key = Zeroizing::new(vec![0; KEY]);
    rand::fill(&mut key).map_err(|_| CryptoError::Library {
        doing: "draw random bytes",
    })?;
    Ok(Secret(key))
}

/// A key from another key: HKDF-SHA-256 over `salt` and `info`, [`KEY`] bytes. The library zeroises what it
/// computes on the way.
pub fn derive(key: &Secret, salt: &[u8], info: &[u8]) -> Result<Secret, CryptoError> {
    let mut derived = Zeroizing::new(vec![0; KEY]);
    Source::new(key, salt).expand(info, &mut derived)?;
    Ok(Secret(derived))
}

/// Random bytes that are no secret: a salt.
pub fn random_salt() -> Result<[u8; KEY], CryptoError> {
    let mut salt = [0; KEY];
    rand::fill(&mut salt).map_err(|_| CryptoError::Library {
        doing: "draw random bytes",
    })?;
    Ok(salt)
}

/// Keys that are used once, all derived from one key and one salt: [`derive`] for many an `info`, and AES-256-GCM
/// in place under what comes out. Each `info` may seal one thing only, so the nonce is always zero. Zeroised
/// when dropped.
pub struct Source(hkdf::Prk);

impl Source {
    pub fn new(key: &Secret, salt: &[u8]) -> Source {
        Source(hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(key.as_bytes()))
    }

    /// Seals `bytes` where they are, under the key of this `info`. With the tag they open only under the same
    /// key, `info` and `aad`.
    pub fn seal(
        &self,
        info: &[u8],
        aad: &[u8],
        bytes: &mut [u8],
    ) -> Result<[u8; TAG], CryptoError> {
        let failed = || CryptoError::Library {
            doing: "seal bytes",
        };
        let tag = self
            .cipher(info)?
            .seal_in_place_separate_tag(once(), Aad::from(aad), bytes)
            .map_err(|_| failed())?;
        <[u8; TAG]>::try_from(tag.as_ref()).map_err(|_| failed())
    }

    /// Opens what [`Source::seal`] made, with its tag behind it, and returns what was sealed. What is left in
    /// `sealed` when it does not open is good for nothing.
    pub fn open<'a>(
        &self,
        info: &[u8],
        aad: &[u8],
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], CryptoError> {
        self.cipher(info)?
            .open_in_place(once(), Aad::from(aad), sealed)
            .map_err(|_| CryptoError::DoesNotOpen)
    }

    fn expand(&self, info: &[u8], key: &mut [u8]) -> Result<(), CryptoError> {
        self.0
            .expand(&[info], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(key))
            .map_err(|_| CryptoError::Library {
                doing: "derive a key",
            })
    }

    fn cipher(&self, info: &[u8]) -> Result<LessSafeKey, CryptoError> {
        let mut key = Zeroizing::new([0; KEY]);
        self.expand(info, &mut key[..])?;
        let key = UnboundKey::new(&AES_256_GCM, &key[..]);
        let key = key.map_err(|_| CryptoError::KeyLength { found: KEY })?;
        Ok(LessSafeKey::new(key))
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

/// The nonce of a key that seals once.
fn once() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE])
}

/// Seals `plain` so that it opens only with the same key and the same `aad`.
pub fn seal(key: &Secret, aad: &[u8], plain: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let cipher = cipher(key)?;
    let mut sealed = Vec::with_capacity(OVERHEAD + plain.len());
    sealed.extend_from_slice(&[0; NONCE]);
    sealed.extend_from_slice(plain);
    match cipher.seal_in_place_separate_tag(Aad::from(aad), &mut sealed[NONCE..]) {
        Ok((nonce, tag)) => {
            sealed[..NONCE].copy_from_slice(nonce.as_ref());
            sealed.extend_from_slice(tag.as_ref());
            Ok(sealed)
        }
        Err(_) => {
            sealed.zeroize();
            Err(CryptoError::Library {
                doing: "seal bytes",
            })
        }
    }
}

/// Opens what [`seal`] made.
pub fn open(key: &Secret, aad: &[u8], sealed: &[u8]) -> Result<Secret, CryptoError> {
    let cipher = cipher(key)?;
    let short = || CryptoError::Truncated {
        found: sealed.len(),
    };
    let (nonce, body) = sealed.split_first_chunk::<NONCE>().ok_or_else(short)?;
    if body.len() < TAG {
        return Err(short());
    }
    let mut plain = Zeroizing::new(body.to_vec());
    let length = cipher
        .open_in_place(Nonce::from(nonce), Aad::from(aad), &mut plain)
        .map_err(|_| CryptoError::DoesNotOpen)?
        .len();
    plain.truncate(length);
    Ok(Secret(plain))
}

/// The library zeroises the key schedule when this is dropped.
fn cipher(key: &Secret) -> Result<RandomizedNonceKey, CryptoError> {
    RandomizedNonceKey::new(&AES_256_GCM, key.as_bytes()).map_err(|_| CryptoError::KeyLength {
        found: key.as_bytes().len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_opens_with_its_key_and_its_place_only() {
        let key = random_key().unwrap();
        for plain in [&b""[..], b"x", &[7; 70_000]] {
            let sealed = seal(&key, b"here", plain).unwrap();
            assert_eq!(sealed.len(), plain.len() + OVERHEAD);
            assert_eq!(open(&key, b"here", &sealed).unwrap().as_bytes(), plain);
            let other = random_key().unwrap();
            for refused in [
                open(&key, b"there", &sealed),
                open(&other, b"here", &sealed),
            ] {
                assert_eq!(refused.unwrap_err(), CryptoError::DoesNotOpen);
            }
        }
        assert_ne!(
            seal(&key, b"", b"twice").unwrap(),
            seal(&key, b"", b"twice").unwrap()
        );
    }

    #[test]
    fn a_blob_cut_anywhere_or_changed_anywhere_does_not_open() {
        let key = random_key().unwrap();
        let sealed = seal(&key, b"here", b"forty-two bytes of something or other").unwrap();
        for length in 0..sealed.len() {
            let refused = open(&key, b"here", &sealed[..length]).unwrap_err();
            assert_eq!(
                matches!(refused, CryptoError::Truncated { .. }),
                length < OVERHEAD
            );
        }
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(
                open(&key, b"here", &changed).unwrap_err(),
                CryptoError::DoesNotOpen
            );
        }
    }

    #[test]
    fn a_derived_key_depends_on_all_three_and_is_hkdf() {
        let key = Secret::from(vec![0x0b; 22]);
        // RFC 5869, test case 1, its first 32 bytes.
        let derived = derive(
            &key,
            &(0..=0x0c).collect::<Vec<u8>>(),
            &(0xf0..=0xf9).collect::<Vec<u8>>(),
        );
        assert_eq!(
            crate::crypto::hex(derived.unwrap().as_bytes()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        );
        let plain = derive(&key, b"a", b"b").unwrap();
        let other = Secret::from(vec![0x0c; 22]);
        for changed in [
            derive(&other, b"a", b"b"),
            derive(&key, b"c", b"b"),
            derive(&key, b"a", b"c"),
            derive(&key, b"", b"b"),
        ] {
            assert_ne!(changed.unwrap().as_bytes(), plain.as_bytes());
        }
    }

    #[test]
    fn a_source_seals_in_place_under_a_key_for_every_purpose() {
        let (key, salt) = (random_key().unwrap(), random_salt().unwrap());
        let source = Source::new(&key, &salt);
        let mut bytes = *b"forty-two bytes of something or other";
        let tag = source.seal(b"block 1", b"here", &mut bytes).unwrap();
        let sealed = [&bytes[..], &tag].concat();
        let open = |source: &Source, info: &[u8], aad: &[u8]| {
            let mut sealed = sealed.clone();
            source
                .open(info, aad, &mut sealed)
                .map(|plain| plain.to_vec())
        };
        assert_eq!(
            open(&source, b"block 1", b"here").unwrap(),
            b"forty-two bytes of something or other"
        );
        let other_key = Source::new(&random_key().unwrap(), &salt);
        let other_salt = Source::new(&key, &random_salt().unwrap());
        for refused in [
            open(&source, b"block 2", b"here"),
            open(&source, b"block 1", b"there"),
            open(&other_key, b"block 1", b"here"),
            open(&other_salt, b"block 1", b"here"),
        ] {
            assert_eq!(refused.unwrap_err(), CryptoError::DoesNotOpen);
        }
        assert!(source.open(b"block 1", b"here", &mut [0; 3]).is_err());
        assert_eq!(format!("{source:?}"), "Source");
    }

    #[test]
    fn a_key_of_another_length_is_refused_and_a_secret_is_not_printed() {
        let short = Secret::from(vec![0xab; 16]);
        assert_eq!(
            seal(&short, b"", b"x").unwrap_err(),
            CryptoError::KeyLength { found: 16 }
        );
        assert_eq!(format!("{short:?}"), "Secret(16 bytes)");
    }
}
