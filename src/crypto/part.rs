//! The bytes of a sealed key part and of the root key file, and what can be wrong with them.
//!
//! ```text
//! sealed part   magic 6 | format 2 | kind 1 | length of the rest 4 | root key's id 8 | sealed by envelope
//! root.key      magic 8 | key 32 | check value 16
//! ```
//!
//! The head, the partition and the name are authenticated with what is sealed, so that no file passes for
//! another one. The root key's id is no secret: it tells a wrong root.key from a damaged part.

use std::path::Path;

use aws_lc_rs::constant_time;
use zeroize::Zeroizing;

use super::envelope::{self, CryptoError, KEY, OVERHEAD, Secret};
use super::error::HsmError;
use super::hsm::KeyKind;
use super::shelf::Partition;

const MAGIC: &[u8; 6] = b"LBXKEY";
/// Version of the layout written by this build. A part with a greater one is refused.
const FORMAT: u16 = 1;
const HEAD: usize = 6 + 2 + 1 + 4 + 8;

const ROOT_MAGIC: &[u8; 8] = b"LBXROOT1";
const CHECK: usize = 16;
const ROOT: usize = 8 + KEY + CHECK;

/// What a sealed part has in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Content {
    /// A private key as PKCS#8.
    Private(KeyKind),
    /// The 32 bytes of the provider's key.
    Aes256,
}

impl Content {
    const ALL: [Content; 5] = [
        Content::Private(KeyKind::Rsa2048),
        Content::Private(KeyKind::Rsa3072),
        Content::Private(KeyKind::Rsa4096),
        Content::Private(KeyKind::EcP256),
        Content::Aes256,
    ];

    fn code(self) -> u8 {
        match self {
            Content::Private(KeyKind::Rsa2048) => 1,
            Content::Private(KeyKind::Rsa3072) => 2,
            Content::Private(KeyKind::Rsa4096) => 3,
            Content::Private(KeyKind::EcP256) => 4,
            Content::Aes256 => 16,
        }
    }
}

/// The key everything else is sealed under.
pub(super) struct Root {
    sealing: Secret,
    id: [u8; 8],
}

impl Root {
    fn from_key(key: &Secret) -> Result<Root, CryptoError> {
        Ok(Root {
            sealing: envelope::derive(key, b"", b"lockbox hsm sealed part")?,
            id: first(&envelope::derive(key, b"", b"lockbox hsm root id")?),
        })
    }

    /// A new one, with the bytes of its file.
    pub fn random() -> Result<(Root, Zeroizing<Vec<u8>>), CryptoError> {
        let key = envelope::random_key()?;
        let mut file = Zeroizing::new(Vec::with_capacity(ROOT));
        file.extend_from_slice(ROOT_MAGIC);
        file.extend_from_slice(key.as_bytes());
        file.extend_from_slice(&check(&key)?);
        Ok((Root::from_key(&key)?, file))
    }

    pub fn read(file: &[u8], path: &Path) -> Result<Root, HsmError> {
        if file.len() != ROOT {
            return Err(HsmError::RootLength {
                path: path.to_owned(),
                found: file.len(),
                wanted: ROOT,
            });
        }
        let (magic, rest) = file.split_at(ROOT_MAGIC.len());
        let (key, found) = rest.split_at(KEY);
        let key = Secret::from(key.to_vec());
        let same = constant_time::verify_slices_are_equal(&check(&key)?, found).is_ok();
        if magic != ROOT_MAGIC || !same {
            return Err(HsmError::RootWrong {
                path: path.to_owned(),
            });
        }
        Ok(Root::from_key(&key)?)
    }

    /// Whether these bytes say that they were sealed under this root key; none when they do not say.
    pub fn sealed(&self, part: &[u8]) -> Option<bool> {
        let head = part.get(..HEAD)?.strip_prefix(MAGIC)?;
        Some(head.ends_with(&self.id))
    }

    pub fn seal(
        &self,
        partition: Partition,
        name: &str,
        content: Content,
        plain: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let length = u32::try_from(plain.len() + OVERHEAD).map_err(|_| CryptoError::Library {
            doing: "seal so long a key",
        })?;
        let mut part = Vec::with_capacity(HEAD + plain.len() + OVERHEAD);
        part.extend_from_slice(MAGIC);
        part.extend_from_slice(&FORMAT.to_le_bytes());
        part.push(content.code());
        part.extend_from_slice(&length.to_le_bytes());
        part.extend_from_slice(&self.id);
        let aad = aad(&part, partition, name);
        part.extend_from_slice(&envelope::seal(&self.sealing, &aad, plain)?);
        Ok(part)
    }

    /// Opens a part. `path` and `root` are for the message when it does not.
    pub fn open(
        &self,
        partition: Partition,
        name: &str,
        part: &[u8],
        path: &Path,
        root: &Path,
    ) -> Result<(Content, Secret), HsmError> {
        let path = || path.to_owned();
        let short = |wanted| HsmError::Truncated {
            path: path(),
            found: part.len(),
            wanted,
        };
        let (head, sealed) = part
            .split_at_checked(HEAD)
            .ok_or_else(|| short(HEAD + OVERHEAD))?;
        let Some(&[f0, f1, kind, l0, l1, l2, l3, ..]) = head.strip_prefix(MAGIC) else {
            return Err(HsmError::NotSealed { path: path() });
        };
        let found = u16::from_le_bytes([f0, f1]);
        if found > FORMAT {
            return Err(HsmError::NewerFormat {
                path: path(),
                found,
                known: FORMAT,
            });
        }
        if !head.ends_with(&self.id) {
            return Err(HsmError::OtherRoot {
                path: path(),
                root: root.to_owned(),
            });
        }
        // A length that was changed may say anything: it is compared and never counted on.
        let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        if sealed.len() < length {
            return Err(short(HEAD.saturating_add(length)));
        }
        let content = Content::ALL.into_iter().find(|c| c.code() == kind);
        let plain = envelope::open(&self.sealing, &aad(head, partition, name), sealed);
        match (content, plain) {
            (Some(content), Ok(plain)) => Ok((content, plain)),
            _ => Err(HsmError::Tampered { path: path() }),
        }
    }
}

/// Tells a root key file that was damaged, without telling the key.
fn check(key: &Secret) -> Result<[u8; CHECK], CryptoError> {
    Ok(first(&envelope::derive(
        key,
        b"",
        b"lockbox hsm root check",
    )?))
}

fn first<const N: usize>(derived: &Secret) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(derived.as_bytes()) {
        *to = *from;
    }
    out
}

fn aad(head: &[u8], partition: Partition, name: &str) -> Vec<u8> {
    [head, partition.folder().as_bytes(), b"/", name.as_bytes()].concat()
}
