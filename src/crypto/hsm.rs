//! The software HSM: private parts of keys that never leave it, and what can be done with them.
//!
//! Two partitions. The customer's holds key versions, by ids the caller chooses; the provider's holds one
//! key of the provider's own. A private part is on disk only sealed under the root key, and in plaintext only
//! in here. Who may use which key is not asked here.
//!
//! A used key stays loaded, because loading one costs as much as using it. What counts is still the sealed
//! part: each use looks whether it is there and the same, for another process may have destroyed it.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use aws_lc_rs::digest;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{
    self, KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm,
    OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey, PublicKeyComponents,
};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use zeroize::Zeroizing;

use super::envelope::{self, Secret};
use super::error::HsmError;
use super::part::{Content, Root};
use super::shelf::{Alone, Partition, Shelf, Stamp, is_name};
use super::{hex, import};

/// The one key of the provider's partition. Not a name a customer's key can have.
const PROVIDER: &str = "provider-key";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyKind {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    EcP256,
}

impl KeyKind {
    fn rsa(bits: usize) -> Option<KeyKind> {
        match bits {
            2048 => Some(KeyKind::Rsa2048),
            3072 => Some(KeyKind::Rsa3072),
            4096 => Some(KeyKind::Rsa4096),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WrapAlgorithm {
    /// OAEP with SHA-1 for hash and mask.
    RsaOaep,
    /// OAEP with SHA-256 for hash and mask.
    RsaOaep256,
}

impl WrapAlgorithm {
    fn oaep(self) -> &'static OaepAlgorithm {
        match self {
            WrapAlgorithm::RsaOaep => &OAEP_SHA1_MGF1SHA1,
            WrapAlgorithm::RsaOaep256 => &OAEP_SHA256_MGF1SHA256,
        }
    }
}

/// The name it has in Key Vault.
impl fmt::Display for WrapAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WrapAlgorithm::RsaOaep => "RSA-OAEP",
            WrapAlgorithm::RsaOaep256 => "RSA-OAEP-256",
        })
    }
}

/// The public half of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicKey {
    pub kind: KeyKind,
    /// X.509 SubjectPublicKeyInfo.
    pub spki_der: Vec<u8>,
    rsa: Option<(Vec<u8>, Vec<u8>)>,
}

impl PublicKey {
    fn of_rsa(kind: KeyKind, spki_der: Vec<u8>) -> Result<PublicKey, HsmError> {
        let key = rsa::PublicKey::from_der(&spki_der)
            .map_err(|_| HsmError::library("read a public key"))?;
        let PublicKeyComponents { n, e } = PublicKeyComponents::from(&key);
        Ok(PublicKey {
            kind,
            spki_der,
            rsa: Some((n, e)),
        })
    }

    /// The modulus of an RSA key, big-endian without leading zeros.
    pub fn modulus(&self) -> Option<&[u8]> {
        self.rsa.as_ref().map(|(n, _)| n.as_slice())
    }

    /// The public exponent of an RSA key, big-endian without leading zeros.
    pub fn exponent(&self) -> Option<&[u8]> {
        self.rsa.as_ref().map(|(_, e)| e.as_slice())
    }

    /// SHA-256 of the SubjectPublicKeyInfo, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        hex(digest::digest(&digest::SHA256, &self.spki_der).as_ref())
    }
}

/// A key as it is kept loaded. The library zeroises RSA keys when they are freed.
enum Loaded {
    Rsa {
        public: PublicKey,
        wrapping: OaepPublicEncryptingKey,
        unwrapping: OaepPrivateDecryptingKey,
    },
    /// Nothing is done with its private part, so it is not kept.
    Ec {
        public: PublicKey,
    },
    Provider(Secret),
}

impl Loaded {
    fn from_plain(content: Content, plain: Secret) -> Result<Loaded, HsmError> {
        match content {
            Content::Aes256 => Ok(Loaded::Provider(plain)),
            Content::Private(KeyKind::EcP256) => {
                let public =
                    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, plain.as_bytes())
                        .ok()
                        .and_then(|key| key.public_key().as_der().ok())
                        .ok_or_else(|| HsmError::library("read an elliptic-curve key"))?;
                Ok(Loaded::Ec {
                    public: PublicKey {
                        kind: KeyKind::EcP256,
                        spki_der: public.as_ref().to_vec(),
                        rsa: None,
                    },
                })
            }
            Content::Private(kind) => {
                let fail = || HsmError::library("read an RSA key");
                let key = PrivateDecryptingKey::from_pkcs8(plain.as_bytes()).map_err(|_| fail())?;
                let public = key.public_key();
                let spki = public.as_der().map_err(|_| fail())?;
                Ok(Loaded::Rsa {
                    public: PublicKey::of_rsa(kind, spki.as_ref().to_vec())?,
                    wrapping: OaepPublicEncryptingKey::new(public).map_err(|_| fail())?,
                    unwrapping: OaepPrivateDecryptingKey::new(key).map_err(|_| fail())?,
                })
            }
        }
    }
}

type Keys = HashMap<String, (Stamp, Arc<Loaded>)>;

/// A key box for one state directory. Several, in several processes, may share a folder.
pub struct Hsm {
    root: Root,
    shelf: Shelf,
    loaded: RwLock<Keys>,
}

impl Hsm {
    /// Opens the key box in `folder`. A new or empty folder gets a root key.
    pub fn open(folder: &Path) -> Result<Hsm, HsmError> {
        let (shelf, root) = Shelf::open(folder)?;
        Ok(Hsm::with(shelf, root))
    }

    /// A key box that is gone when it is dropped. Fails only when there are no random numbers.
    pub fn in_memory() -> Result<Hsm, HsmError> {
        Ok(Hsm::with(Shelf::memory(), Root::random()?.0))
    }

    fn with(shelf: Shelf, root: Root) -> Hsm {
        Hsm {
            root,
            shelf,
            loaded: RwLock::default(),
        }
    }

    /// Makes a key under `id`. One that is there already is kept, whatever its kind, and is the answer.
    pub fn generate(&self, id: &str, kind: KeyKind) -> Result<PublicKey, HsmError> {
        check_id(id)?;
        if self.shelf.stamp(Partition::Customer, id)?.is_none() {
            // Before others are kept waiting: an RSA key can take seconds.
            let plain = new_key(kind)?;
            let alone = self.shelf.alone()?;
            if self.shelf.stamp(Partition::Customer, id)?.is_none() {
                let content = Content::Private(kind);
                self.seal(&alone, Partition::Customer, id, content, &plain)?;
            }
        }
        self.public(id)
    }

    /// Takes an RSA private key from outside, PKCS#8 or PKCS#1, PEM or DER, without a passphrase. It is
    /// sealed at once and waits under its fingerprint, the hexadecimal SHA-256 of its SubjectPublicKeyInfo,
    /// until it is adopted or swept.
    pub fn stage_import(&self, pem_or_der: &[u8]) -> Result<(String, PublicKey), HsmError> {
        let plain = import::pkcs8(pem_or_der)?;
        let key = PrivateDecryptingKey::from_pkcs8(plain.as_bytes())
            .map_err(|_| HsmError::library("read an imported key"))?;
        let bits = key.key_size_bits();
        let kind = KeyKind::rsa(bits).ok_or_else(|| import::unusual(bits))?;
        let spki = key
            .public_key()
            .as_der()
            .map_err(|_| HsmError::library("encode a public key"))?;
        let public = PublicKey::of_rsa(kind, spki.as_ref().to_vec())?;
        let fingerprint = public.fingerprint();
        let alone = self.shelf.alone()?;
        let content = Content::Private(kind);
        self.seal(&alone, Partition::Incoming, &fingerprint, content, &plain)?;
        Ok((fingerprint, public))
    }

    /// Gives a staged import the name `id` in the customer's partition. May be repeated after a crash.
    pub fn adopt(&self, id: &str, fingerprint: &str) -> Result<PublicKey, HsmError> {
        check_id(id)?;
        let nothing = || HsmError::NoSuchImport {
            fingerprint: fingerprint.to_owned(),
        };
        if !is_name(fingerprint) {
            return Err(nothing());
        }
        let alone = self.shelf.alone()?;
        if self.shelf.stamp(Partition::Customer, id)?.is_some() {
            let public = self.public(id)?;
            if public.fingerprint() != fingerprint {
                return Err(HsmError::IdTaken {
                    id: id.to_owned(),
                    fingerprint: public.fingerprint(),
                });
            }
        } else {
            let (content, plain) = match self.unseal(Partition::Incoming, fingerprint)? {
                Some((_, content, plain)) => (content, plain),
                // The same file was imported twice, and the first adoption has taken the staged part.
                None => self.twin(fingerprint)?.ok_or_else(nothing)?,
            };
            self.seal(&alone, Partition::Customer, id, content, &plain)?;
        }
        // Last, so that a crash before this leaves what a repetition needs.
        self.shelf
            .destroy(&alone, Partition::Incoming, fingerprint)?;
        self.public(id)
    }

    fn twin(&self, fingerprint: &str) -> Result<Option<(Content, Secret)>, HsmError> {
        for id in self.ids()? {
            // One that cannot be read has nothing to give, and is complained about where it is used.
            if self
                .public(&id)
                .is_ok_and(|key| key.fingerprint() == fingerprint)
                && let Some((_, content, plain)) = self.unseal(Partition::Customer, &id)?
            {
                return Ok(Some((content, plain)));
            }
        }
        Ok(None)
    }

    /// Destroys all staged imports. Not while somebody may be between staging and adopting.
    pub fn sweep_incoming(&self) -> Result<(), HsmError> {
        let alone = self.shelf.alone()?;
        for fingerprint in self.shelf.names(Partition::Incoming)? {
            self.shelf
                .destroy(&alone, Partition::Incoming, &fingerprint)?;
        }
        Ok(())
    }

    /// Whether a part lies under `id`, readable or not.
    pub fn holds(&self, id: &str) -> bool {
        is_name(id) && matches!(self.shelf.stamp(Partition::Customer, id), Ok(Some(_)))
    }

    /// The ids of the customer's keys, in order.
    pub fn ids(&self) -> Result<Vec<String>, HsmError> {
        self.shelf.names(Partition::Customer)
    }

    pub fn public(&self, id: &str) -> Result<PublicKey, HsmError> {
        match &*self.customer(id)? {
            Loaded::Rsa { public, .. } | Loaded::Ec { public } => Ok(public.clone()),
            Loaded::Provider(_) => Err(self.misplaced(id)),
        }
    }

    pub fn wrap(&self, id: &str, alg: WrapAlgorithm, plain: &[u8]) -> Result<Vec<u8>, HsmError> {
        let key = self.customer(id)?;
        let Loaded::Rsa { wrapping, .. } = &*key else {
            return Err(HsmError::CannotWrap { id: id.to_owned() });
        };
        let most = wrapping.max_plaintext_size(alg.oaep());
        if plain.len() > most {
            return Err(HsmError::TooLong {
                id: id.to_owned(),
                algorithm: alg,
                found: plain.len(),
                most,
            });
        }
        let mut wrapped = vec![0; wrapping.ciphertext_size()];
        wrapping
            .encrypt(alg.oaep(), plain, &mut wrapped, None)
            .map_err(|_| HsmError::library("wrap a key"))?;
        Ok(wrapped)
    }

    pub fn unwrap(&self, id: &str, alg: WrapAlgorithm, wrapped: &[u8]) -> Result<Secret, HsmError> {
        let key = self.customer(id)?;
        let Loaded::Rsa { unwrapping, .. } = &*key else {
            return Err(HsmError::CannotWrap { id: id.to_owned() });
        };
        // A Secret from the start: it is zeroised at its full length, also when this fails half way.
        let mut plain = Zeroizing::new(vec![0; unwrapping.min_output_size()]);
        let length = unwrapping
            .decrypt(alg.oaep(), wrapped, &mut plain, None)
            .map_err(|_| HsmError::DoesNotUnwrap {
                id: id.to_owned(),
                algorithm: alg,
            })?
            .len();
        plain.truncate(length);
        Ok(Secret::from(std::mem::take(&mut *plain)))
    }

    /// Unwraps with one key and wraps with another; the plaintext does not leave.
    pub fn rewrap(
        &self,
        from: &str,
        to: &str,
        alg: WrapAlgorithm,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, HsmError> {
        let plain = self.unwrap(from, alg, wrapped)?;
        self.wrap(to, alg, plain.as_bytes())
    }

    /// Destroys a private part for good. Nothing happens when there is none.
    pub fn destroy(&self, id: &str) -> Result<(), HsmError> {
        check_id(id)?;
        let alone = self.shelf.alone()?;
        let done = self.shelf.destroy(&alone, Partition::Customer, id);
        self.forget(id);
        done
    }

    /// Seals under the provider's key, which is made when it is first needed. Opens only as `label`.
    pub fn provider_seal(&self, label: &str, plain: &[u8]) -> Result<Vec<u8>, HsmError> {
        if self.shelf.stamp(Partition::Provider, PROVIDER)?.is_none() {
            let alone = self.shelf.alone()?;
            if self.shelf.stamp(Partition::Provider, PROVIDER)?.is_none() {
                let plain = envelope::random_key()?;
                self.seal(
                    &alone,
                    Partition::Provider,
                    PROVIDER,
                    Content::Aes256,
                    &plain,
                )?;
            }
        }
        let key = self.load(Partition::Provider, PROVIDER)?;
        match key.as_deref() {
            Some(Loaded::Provider(key)) => Ok(envelope::seal(key, label.as_bytes(), plain)?),
            _ => Err(self.no_provider_key()),
        }
    }

    pub fn provider_open(&self, label: &str, sealed: &[u8]) -> Result<Secret, HsmError> {
        let key = self.load(Partition::Provider, PROVIDER)?;
        match key.as_deref() {
            Some(Loaded::Provider(key)) => {
                envelope::open(key, label.as_bytes(), sealed).map_err(|_| HsmError::DoesNotOpen {
                    label: label.to_owned(),
                })
            }
            _ => Err(self.no_provider_key()),
        }
    }

    /// Opens what the provider sealed and wraps it with a customer's key; the plaintext does not leave.
    pub fn provider_rewrap(
        &self,
        label: &str,
        sealed: &[u8],
        to: &str,
        alg: WrapAlgorithm,
    ) -> Result<Vec<u8>, HsmError> {
        let plain = self.provider_open(label, sealed)?;
        self.wrap(to, alg, plain.as_bytes())
    }

    fn no_provider_key(&self) -> HsmError {
        HsmError::NoProviderKey {
            path: self.shelf.path(Partition::Provider, PROVIDER),
        }
    }

    fn misplaced(&self, id: &str) -> HsmError {
        HsmError::Tampered {
            path: self.shelf.path(Partition::Customer, id),
        }
    }

    fn seal(
        &self,
        alone: &Alone<'_>,
        partition: Partition,
        name: &str,
        content: Content,
        plain: &Secret,
    ) -> Result<(), HsmError> {
        let part = self.root.seal(partition, name, content, plain.as_bytes())?;
        self.shelf.write(alone, partition, name, &part)
    }

    fn unseal(
        &self,
        partition: Partition,
        name: &str,
    ) -> Result<Option<(Stamp, Content, Secret)>, HsmError> {
        let Some((stamp, part)) = self.shelf.read(partition, name)? else {
            return Ok(None);
        };
        let path = self.shelf.path(partition, name);
        let root = self.shelf.root_path();
        let (content, plain) = self.root.open(partition, name, &part, &path, &root)?;
        Ok(Some((stamp, content, plain)))
    }

    fn customer(&self, id: &str) -> Result<Arc<Loaded>, HsmError> {
        check_id(id)?;
        self.load(Partition::Customer, id)?
            .ok_or_else(|| HsmError::NoSuchKey {
                id: id.to_owned(),
                path: self.shelf.path(Partition::Customer, id),
            })
    }

    /// The key of a sealed part, none when there is no such part.
    fn load(&self, partition: Partition, name: &str) -> Result<Option<Arc<Loaded>>, HsmError> {
        let Some(now) = self.shelf.stamp(partition, name)? else {
            self.forget(name);
            return Ok(None);
        };
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((stamp, key)) = loaded.get(name)
            && *stamp == now
        {
            return Ok(Some(Arc::clone(key)));
        }
        drop(loaded);
        let key = self.unseal(partition, name).and_then(|part| {
            part.map(|(stamp, content, plain)| {
                let key = Arc::new(Loaded::from_plain(content, plain)?);
                self.keys()
                    .insert(name.to_owned(), (stamp, Arc::clone(&key)));
                Ok(key)
            })
            .transpose()
        });
        // Destroyed while it was read: then it must not stay loaded, and what was read may be half of it.
        if self.shelf.stamp(partition, name)?.is_none() {
            self.forget(name);
            return Ok(None);
        }
        if key.is_err() {
            self.forget(name);
        }
        key
    }

    fn forget(&self, name: &str) {
        self.keys().remove(name);
    }

    /// A thread that panicked left the map whole: every change is one insert or one remove.
    fn keys(&self) -> RwLockWriteGuard<'_, Keys> {
        self.loaded.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_id(id: &str) -> Result<(), HsmError> {
    if is_name(id) {
        return Ok(());
    }
    Err(HsmError::BadId { id: id.to_owned() })
}

/// A new private key as PKCS#8. The library zeroises its own copy.
fn new_key(kind: KeyKind) -> Result<Secret, HsmError> {
    let size = match kind {
        KeyKind::Rsa2048 => KeySize::Rsa2048,
        KeyKind::Rsa3072 => KeySize::Rsa3072,
        KeyKind::Rsa4096 => KeySize::Rsa4096,
        KeyKind::EcP256 => {
            return EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
                .and_then(|key| key.to_pkcs8v1())
                .map(|document| Secret::from(document.as_ref().to_vec()))
                .map_err(|_| HsmError::library("make an elliptic-curve key"));
        }
    };
    PrivateDecryptingKey::generate(size)
        .and_then(|key| key.as_der())
        .map(|document| Secret::from(document.as_ref().to_vec()))
        .map_err(|_| HsmError::library("make an RSA key"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;
    use std::sync::OnceLock;

    use super::*;
    use WrapAlgorithm::{RsaOaep, RsaOaep256};

    /// Made with openssl for these tests; it guards nothing. Everything else beside it is made from it.
    const PEM: &[u8] = include_bytes!("fixtures/rsa-2048.pem");
    const FINGERPRINT: &str = "9b14c839d844151584531b571c092704c469d0dc817491bdb8be94f8e3441151";
    const A: &str = "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0";
    const B: &str = "b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1";
    const AEK: &[u8] = b"0123456789abcdef0123456789abcdef";

    /// A second key, made once: making one takes longer than any test here.
    fn another_key() -> &'static [u8] {
        static KEY: OnceLock<Vec<u8>> = OnceLock::new();
        KEY.get_or_init(|| new_key(KeyKind::Rsa2048).unwrap().as_bytes().to_vec())
    }

    fn import(hsm: &Hsm, id: &str, key: &[u8]) -> PublicKey {
        let (fingerprint, _) = hsm.stage_import(key).unwrap();
        hsm.adopt(id, &fingerprint).unwrap()
    }

    /// A folder with key A, imported, key B, another one, and something the provider sealed.
    fn a_box() -> (tempfile::TempDir, Hsm, Vec<u8>) {
        let dir = tempfile::tempdir().unwrap();
        let hsm = Hsm::open(&dir.path().join("hsm")).unwrap();
        import(&hsm, A, PEM);
        import(&hsm, B, another_key());
        let sealed = hsm.provider_seal("aek", AEK).unwrap();
        (dir, hsm, sealed)
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(files(&path));
            } else {
                found.push(path);
            }
        }
        found
    }

    #[test]
    fn every_kind_of_key_comes_back_the_same_and_rsa_wraps_both_ways() {
        let dir = tempfile::tempdir().unwrap();
        let kinds = [
            (KeyKind::Rsa2048, 2048),
            (KeyKind::Rsa3072, 3072),
            (KeyKind::Rsa4096, 4096),
            (KeyKind::EcP256, 0),
        ];
        let made: Vec<PublicKey> = {
            let hsm = Hsm::open(dir.path()).unwrap();
            let make = |(n, (kind, _)): (usize, &(KeyKind, usize))| {
                hsm.generate(&format!("{n:032x}"), *kind).unwrap()
            };
            kinds.iter().enumerate().map(make).collect()
        };
        for hsm in [Hsm::open(dir.path()).unwrap(), Hsm::in_memory().unwrap()] {
            let memory = hsm.ids().unwrap().is_empty();
            for (n, (kind, bits)) in kinds.iter().enumerate() {
                let id = format!("{n:032x}");
                if memory && *bits > 2048 {
                    continue;
                }
                let public = hsm.generate(&id, *kind).unwrap();
                assert_eq!(public, hsm.public(&id).unwrap());
                assert!(memory || public == made[n], "{kind:?} was made anew");
                assert_eq!(public.kind, *kind);
                if *bits == 0 {
                    assert_eq!((public.modulus(), public.exponent()), (None, None));
                    for refused in [
                        hsm.wrap(&id, RsaOaep256, AEK).map(|_| ()),
                        hsm.unwrap(&id, RsaOaep256, AEK).map(|_| ()),
                    ] {
                        assert!(matches!(refused, Err(HsmError::CannotWrap { .. })));
                    }
                    continue;
                }
                assert_eq!(public.modulus().unwrap().len() * 8, *bits);
                assert_eq!(public.exponent().unwrap(), [1, 0, 1]);
                for alg in [RsaOaep, RsaOaep256] {
                    let wrapped = hsm.wrap(&id, alg, AEK).unwrap();
                    assert_eq!(wrapped.len() * 8, *bits);
                    assert_eq!(hsm.unwrap(&id, alg, &wrapped).unwrap().as_bytes(), AEK);
                }
            }
        }
    }

    #[test]
    fn a_key_from_openssl_is_the_same_key_here() {
        let hsm = Hsm::in_memory().unwrap();
        let (fingerprint, staged) = hsm.stage_import(PEM).unwrap();
        assert_eq!(fingerprint, FINGERPRINT);
        let public = hsm.adopt(A, &fingerprint).unwrap();
        assert_eq!(public, staged);
        assert_eq!(public.fingerprint(), FINGERPRINT);
        assert_eq!(
            &public.modulus().unwrap()[..4],
            [0xd0, 0x29, 0x25, 0x24].as_slice()
        );
        for (alg, wrapped) in [
            (RsaOaep, include_bytes!("fixtures/oaep-1.bin")),
            (RsaOaep256, include_bytes!("fixtures/oaep-256.bin")),
        ] {
            let plain = hsm.unwrap(A, alg, wrapped).unwrap();
            assert_eq!(plain.as_bytes(), b"wrapped by openssl");
        }
    }

    #[test]
    fn a_value_unwraps_only_with_its_version_and_algorithm_and_unchanged() {
        let (_dir, hsm, _) = a_box();
        let wrapped = hsm.wrap(A, RsaOaep256, AEK).unwrap();
        let mut changed = wrapped.clone();
        changed[100] ^= 1;
        let longer = [&wrapped[..], b"x"].concat();
        for refused in [
            hsm.unwrap(B, RsaOaep256, &wrapped),
            hsm.unwrap(A, RsaOaep, &wrapped),
            hsm.unwrap(A, RsaOaep256, &changed),
            hsm.unwrap(A, RsaOaep256, &wrapped[..255]),
            hsm.unwrap(A, RsaOaep256, &longer),
            hsm.unwrap(A, RsaOaep256, &[]),
        ] {
            assert!(matches!(refused, Err(HsmError::DoesNotUnwrap { .. })));
        }
        for (alg, most) in [(RsaOaep, 214), (RsaOaep256, 190)] {
            for length in [0, most] {
                let wrapped = hsm.wrap(A, alg, &vec![9; length]).unwrap();
                let plain = hsm.unwrap(A, alg, &wrapped).unwrap();
                assert_eq!(plain.as_bytes(), vec![9; length]);
            }
            let refused = hsm.wrap(A, alg, &vec![9; most + 1]).unwrap_err();
            assert!(matches!(refused, HsmError::TooLong { most: m, .. } if m == most));
        }
    }

    #[test]
    fn rewrapping_moves_a_value_to_another_key() {
        let (_dir, hsm, sealed) = a_box();
        let old = hsm.wrap(A, RsaOaep256, AEK).unwrap();
        let new = hsm.rewrap(A, B, RsaOaep256, &old).unwrap();
        assert_eq!(hsm.unwrap(B, RsaOaep256, &new).unwrap().as_bytes(), AEK);
        assert!(hsm.unwrap(A, RsaOaep256, &new).is_err());
        assert!(hsm.rewrap(B, A, RsaOaep256, &old).is_err());
        let mine = hsm.provider_rewrap("aek", &sealed, B, RsaOaep).unwrap();
        assert_eq!(hsm.unwrap(B, RsaOaep, &mine).unwrap().as_bytes(), AEK);
    }

    #[test]
    fn the_provider_opens_only_what_it_sealed_as_what_it_sealed_it() {
        let (dir, hsm, sealed) = a_box();
        assert_eq!(hsm.provider_open("aek", &sealed).unwrap().as_bytes(), AEK);
        let again = Hsm::open(&dir.path().join("hsm")).unwrap();
        assert_eq!(again.provider_open("aek", &sealed).unwrap().as_bytes(), AEK);
        let stranger = Hsm::in_memory().unwrap();
        assert!(matches!(
            stranger.provider_open("aek", &sealed),
            Err(HsmError::NoProviderKey { .. })
        ));
        stranger.provider_seal("aek", AEK).unwrap();
        for refused in [
            hsm.provider_open("other", &sealed),
            hsm.provider_open("aek", &sealed[..20]),
            hsm.provider_open("aek", &[]),
            stranger.provider_open("aek", &sealed),
        ] {
            assert!(matches!(refused, Err(HsmError::DoesNotOpen { .. })));
        }
        assert_eq!(hsm.ids().unwrap(), [A, B]);
        assert!(!hsm.holds(PROVIDER));
    }

    #[test]
    fn what_is_no_usable_rsa_key_is_refused_with_a_reason() {
        let hsm = Hsm::in_memory().unwrap();
        let text = std::str::from_utf8(PEM).unwrap();
        let damaged = text.replacen("MII", "MI!", 1);
        let cut = &text[..900];
        let other_bytes = text.replacen('b', "c", 1);
        for (input, reason) in [
            (&b""[..], "no private key that can be read"),
            (b"hello", "no private key that can be read"),
            (&[0x30, 0x82, 0xff], "no private key that can be read"),
            (include_bytes!("fixtures/rsa-1024.pem"), "fewer than 2048"),
            (include_bytes!("fixtures/rsa-2560.pem"), "has 2560 bits"),
            (
                include_bytes!("fixtures/ec-p256.pem"),
                "not a plain RSA key",
            ),
            (include_bytes!("fixtures/ec-p256-old.pem"), "EC PRIVATE KEY"),
            (
                include_bytes!("fixtures/rsa-pss.pem"),
                "not a plain RSA key",
            ),
            (
                include_bytes!("fixtures/rsa-2048-passphrase.pem"),
                "passphrase",
            ),
            (
                include_bytes!("fixtures/rsa-2048-passphrase-old.pem"),
                "passphrase",
            ),
            (
                include_bytes!("fixtures/rsa-2048-public.pem"),
                "\"PUBLIC KEY\"",
            ),
            (b"-----BEGIN ", "no private key"),
            (damaged.as_bytes(), "not base64"),
            (cut.as_bytes(), "cut short"),
            (other_bytes.as_bytes(), "key"),
        ] {
            let refused = hsm.stage_import(input).unwrap_err();
            assert!(
                matches!(&refused, HsmError::NotImportable { what, .. } if what.contains(reason)),
                "{reason}: {refused}"
            );
        }
        for length in 0..another_key().len() {
            assert!(hsm.stage_import(&another_key()[..length]).is_err());
        }
    }

    #[test]
    fn all_four_forms_of_one_key_are_the_same_key() {
        let hsm = Hsm::in_memory().unwrap();
        let pkcs8 = import::pkcs8(PEM).unwrap();
        // The PKCS#1 form lies at the end of the PKCS#8 form.
        let pkcs1 = &pkcs8.as_bytes()[26..];
        for der in [pkcs8.as_bytes(), pkcs1] {
            assert_eq!(hsm.stage_import(der).unwrap().0, FINGERPRINT);
        }
        let windows = String::from_utf8_lossy(PEM).replace('\n', "\r\n");
        let noisy = format!("Bag Attributes\n    localKeyID: 01\n{windows}\ntrailing words");
        assert_eq!(hsm.stage_import(noisy.as_bytes()).unwrap().0, FINGERPRINT);
    }

    #[test]
    fn adopting_may_be_repeated_and_takes_no_other_keys_place() {
        let (dir, hsm, _) = a_box();
        let incoming = dir.path().join("hsm/incoming");
        assert_eq!(files(&incoming).len(), 0);
        // As after a crash between sealing under the id and clearing the staged part away.
        hsm.stage_import(PEM).unwrap();
        assert_eq!(
            hsm.adopt(A, FINGERPRINT).unwrap().fingerprint(),
            FINGERPRINT
        );
        assert_eq!(files(&incoming).len(), 0);
        assert!(hsm.adopt(A, FINGERPRINT).is_ok());
        hsm.stage_import(PEM).unwrap();
        assert!(matches!(
            hsm.adopt(B, FINGERPRINT),
            Err(HsmError::IdTaken { .. })
        ));
        // One file imported twice: the first adoption takes the staged part, the second finds its twin.
        assert!(hsm.adopt("c2", FINGERPRINT).is_ok());
        assert!(hsm.adopt("d3", FINGERPRINT).is_ok());
        for id in [A, "c2", "d3"] {
            hsm.destroy(id).unwrap();
        }
        for fingerprint in [FINGERPRINT, "", "../customer/b1"] {
            assert!(matches!(
                hsm.adopt("e4", fingerprint),
                Err(HsmError::NoSuchImport { .. })
            ));
        }
        hsm.stage_import(PEM).unwrap();
        hsm.sweep_incoming().unwrap();
        assert_eq!(files(&incoming).len(), 0);
        assert!(hsm.adopt("e4", FINGERPRINT).is_err());
    }

    #[test]
    fn an_id_that_is_a_path_or_anything_but_hexadecimal_is_refused() {
        let (_dir, hsm, _) = a_box();
        let long = "a".repeat(65);
        for id in [
            "", "..", "../root", "a/b", "A0", "a0.gone", "é", "a\0", &long,
        ] {
            assert!(!hsm.holds(id));
            for refused in [
                hsm.generate(id, KeyKind::EcP256).map(|_| ()),
                hsm.adopt(id, FINGERPRINT).map(|_| ()),
                hsm.public(id).map(|_| ()),
                hsm.wrap(id, RsaOaep, AEK).map(|_| ()),
                hsm.unwrap(id, RsaOaep, AEK).map(|_| ()),
                hsm.destroy(id),
            ] {
                assert!(matches!(refused, Err(HsmError::BadId { .. })), "{id:?}");
            }
        }
    }

    #[test]
    fn a_destroyed_key_is_gone_in_every_process_at_once_and_leaves_no_file() {
        let (dir, hsm, _) = a_box();
        let folder = dir.path().join("hsm");
        let other = Hsm::open(&folder).unwrap();
        let wrapped = hsm.wrap(A, RsaOaep256, AEK).unwrap();
        assert!(other.unwrap(A, RsaOaep256, &wrapped).is_ok());
        hsm.destroy(A).unwrap();
        hsm.destroy(A).unwrap();
        for hsm in [&hsm, &other] {
            assert!(!hsm.holds(A));
            assert_eq!(hsm.ids().unwrap(), [B]);
            for refused in [
                hsm.unwrap(A, RsaOaep256, &wrapped).map(|_| ()),
                hsm.wrap(A, RsaOaep256, AEK).map(|_| ()),
                hsm.public(A).map(|_| ()),
            ] {
                assert!(matches!(refused, Err(HsmError::NoSuchKey { .. })));
            }
            assert!(!hsm.keys().contains_key(A), "it is still in memory");
        }
        assert_eq!(
            files(&folder.join("customer")),
            [folder.join("customer").join(B)]
        );
        // Another key under the same id is another key, also for who had the first one loaded.
        import(&hsm, A, PEM);
        assert!(other.unwrap(A, RsaOaep256, &wrapped).is_ok());
        hsm.destroy(A).unwrap();
        import(&hsm, A, another_key());
        assert!(matches!(
            other.unwrap(A, RsaOaep256, &wrapped),
            Err(HsmError::DoesNotUnwrap { .. })
        ));
    }

    #[test]
    fn what_a_crash_left_half_done_is_cleared_away() {
        let (dir, hsm, _) = a_box();
        let customer = dir.path().join("hsm/customer");
        fs::rename(customer.join(A), customer.join(format!("{A}.gone"))).unwrap();
        fs::write(customer.join("c2.new"), b"half").unwrap();
        assert!(!hsm.holds(A));
        assert_eq!(hsm.ids().unwrap(), [B]);
        // Destroying again finishes what was begun; opening does, too.
        hsm.destroy(A).unwrap();
        assert!(!customer.join(format!("{A}.gone")).exists());
        fs::copy(customer.join(B), customer.join(format!("{A}.gone"))).unwrap();
        Hsm::open(&dir.path().join("hsm")).unwrap();
        assert_eq!(files(&customer), [customer.join(B)]);
    }

    #[test]
    fn no_part_of_a_private_key_lies_in_the_folder_in_clear() {
        let (dir, hsm, _) = a_box();
        hsm.stage_import(PEM).unwrap();
        let pkcs8 = import::pkcs8(PEM).unwrap();
        let pkcs8 = pkcs8.as_bytes();
        // Head of a 2048-bit key, then n and e; d, p, q, dP, dQ, qInv follow.
        let public = 26 + 4 + 3 + 4 + 257 + 5;
        let root = fs::read(dir.path().join("hsm/root.key")).unwrap();
        for path in files(dir.path()) {
            let bytes = fs::read(&path).unwrap();
            for secret in pkcs8[public..].windows(12).step_by(12) {
                assert!(
                    !bytes.windows(12).any(|w| w == secret),
                    "{} has private key bytes",
                    path.display()
                );
            }
            for secret in [AEK, &root[8..40]] {
                assert!(
                    path.ends_with("root.key") || !bytes.windows(32).any(|w| w == secret),
                    "{}",
                    path.display()
                );
            }
        }
    }

    #[test]
    fn files_are_for_their_owner_only_and_a_widened_root_key_is_narrowed() {
        let (dir, _hsm, _) = a_box();
        let folder = dir.path().join("hsm");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let all_narrow = || {
            assert!(files(&folder).len() >= 4);
            files(&folder).iter().all(|path| mode(path) == 0o600)
        };
        assert!(all_narrow());
        assert_eq!(mode(&folder), 0o700);
        for path in [&folder.join("root.key"), &folder.join("customer").join(A)] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        Hsm::open(&folder).unwrap();
        assert!(all_narrow());
        assert_eq!(mode(&folder), 0o700);
    }

    #[test]
    fn a_missing_or_foreign_root_key_is_called_what_it_is() {
        let (dir, hsm, _) = a_box();
        drop(hsm);
        let folder = dir.path().join("hsm");
        let root = folder.join("root.key");
        let kept = fs::read(&root).unwrap();
        fs::remove_file(&root).unwrap();
        let refused = Hsm::open(&folder).err().unwrap();
        assert!(matches!(refused, HsmError::RootMissing { parts: 3, .. }));
        assert!(
            refused.to_string().contains("Put root.key back"),
            "{refused}"
        );
        assert!(!root.exists());

        let stranger = tempfile::tempdir().unwrap();
        let other = Hsm::open(stranger.path()).unwrap();
        fs::copy(stranger.path().join("root.key"), &root).unwrap();
        assert!(matches!(
            Hsm::open(&folder),
            Err(HsmError::OtherRoot { .. })
        ));
        // One stray part of another box is complained about where it is used.
        fs::write(&root, &kept).unwrap();
        import(&other, "c2", PEM);
        let customer = folder.join("customer");
        fs::copy(stranger.path().join("customer/c2"), customer.join("c2")).unwrap();
        let hsm = Hsm::open(&folder).unwrap();
        assert!(matches!(hsm.public("c2"), Err(HsmError::OtherRoot { .. })));
        assert!(hsm.public(A).is_ok());
    }

    #[test]
    fn a_root_key_cut_anywhere_or_changed_anywhere_is_refused() {
        let (dir, _hsm, _) = a_box();
        let folder = dir.path().join("hsm");
        let root = folder.join("root.key");
        let whole = fs::read(&root).unwrap();
        let mut longer = whole.clone();
        longer.push(0);
        let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
        for bytes in cut.chain([longer]) {
            fs::write(&root, &bytes).unwrap();
            assert!(matches!(
                Hsm::open(&folder),
                Err(HsmError::RootLength { found, .. }) if found == bytes.len()
            ));
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x10;
            fs::write(&root, &changed).unwrap();
            assert!(matches!(
                Hsm::open(&folder),
                Err(HsmError::RootWrong { .. })
            ));
        }
        fs::write(&root, &whole).unwrap();
        assert!(Hsm::open(&folder).unwrap().public(A).is_ok());
    }

    #[test]
    fn a_sealed_part_cut_anywhere_changed_anywhere_or_put_elsewhere_is_refused() {
        let (dir, hsm, sealed) = a_box();
        let folder = dir.path().join("hsm");
        hsm.generate("ec", KeyKind::EcP256).unwrap();
        let wrapped = hsm.wrap(A, RsaOaep, AEK).unwrap();
        let provider = folder.join("provider").join(PROVIDER);
        let part = folder.join("customer").join(A);
        for path in [&part, &folder.join("customer/ec"), &provider] {
            let whole = fs::read(path).unwrap();
            let try_it = || match path.file_name().unwrap().to_str().unwrap() {
                PROVIDER => hsm.provider_open("aek", &sealed).map(|_| ()),
                A => hsm.unwrap(A, RsaOaep, &wrapped).map(|_| ()),
                id => hsm.public(id).map(|_| ()),
            };
            for length in 0..whole.len() {
                fs::write(path, &whole[..length]).unwrap();
                assert!(
                    matches!(try_it(), Err(HsmError::Truncated { found, .. }) if found == length),
                    "{length}"
                );
            }
            for at in 0..whole.len() {
                let mut changed = whole.clone();
                changed[at] ^= 0x80;
                fs::write(path, &changed).unwrap();
                let refused = try_it().unwrap_err();
                let as_it_should = match at {
                    0..6 => matches!(refused, HsmError::NotSealed { .. }),
                    6..8 => matches!(refused, HsmError::NewerFormat { .. }),
                    8 => matches!(refused, HsmError::Tampered { .. }),
                    9..13 => matches!(
                        refused,
                        HsmError::Truncated { .. } | HsmError::Tampered { .. }
                    ),
                    13..21 => matches!(refused, HsmError::OtherRoot { .. }),
                    _ => matches!(refused, HsmError::Tampered { .. }),
                };
                assert!(as_it_should, "byte {at}: {refused}");
            }
            for length in [1, 21, 49, 1_000, 70_000] {
                let mut noise = vec![0; length];
                aws_lc_rs::rand::fill(&mut noise).unwrap();
                fs::write(path, &noise).unwrap();
                assert!(try_it().is_err());
                Hsm::open(&folder).unwrap();
            }
            fs::write(path, [&whole[..], b"x"].concat()).unwrap();
            assert!(matches!(try_it(), Err(HsmError::Tampered { .. })));
            fs::write(path, &whole).unwrap();
            try_it().unwrap();
        }
        // Whole parts under other names, and from one partition in another.
        let (fingerprint, _) = hsm.stage_import(PEM).unwrap();
        let staged = folder.join("incoming").join(fingerprint);
        for from in [&folder.join("customer").join(B), &staged, &provider] {
            let kept = fs::read(&part).unwrap();
            fs::copy(from, &part).unwrap();
            assert!(matches!(hsm.public(A), Err(HsmError::Tampered { .. })));
            fs::write(&part, kept).unwrap();
        }
        fs::copy(&part, &staged).unwrap();
        assert!(matches!(
            hsm.adopt("c2", FINGERPRINT),
            Err(HsmError::Tampered { .. })
        ));
        // What cannot be read can still be destroyed.
        fs::write(&part, b"").unwrap();
        assert!(hsm.holds(A) && hsm.public(A).is_err());
        hsm.destroy(A).unwrap();
        assert!(!hsm.holds(A));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, b"").unwrap();
        let refused = Hsm::open(&file.join("hsm")).err().unwrap();
        assert!(matches!(&refused, HsmError::Io { path, .. } if path.starts_with(&file)));
    }

    #[test]
    fn threads_and_two_boxes_on_one_folder_agree() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("hsm");
        // Opened at once, where nothing was: one root key comes of it.
        let boxes: Vec<Hsm> = std::thread::scope(|scope| {
            let open = || scope.spawn(|| Hsm::open(&folder).unwrap());
            let threads: Vec<_> = (0..4).map(|_| open()).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let keys: Vec<PublicKey> = std::thread::scope(|scope| {
            let make = |hsm| scope.spawn(move || Hsm::generate(hsm, A, KeyKind::EcP256).unwrap());
            let threads: Vec<_> = boxes.iter().map(make).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
        import(&boxes[0], B, PEM);
        let wrapped = boxes[0].wrap(B, RsaOaep256, AEK).unwrap();
        std::thread::scope(|scope| {
            for hsm in boxes.iter().chain(&boxes) {
                scope.spawn(|| {
                    for round in 0..20 {
                        let plain = hsm.unwrap(B, RsaOaep256, &wrapped).unwrap();
                        assert_eq!(plain.as_bytes(), AEK);
                        let sealed = hsm.provider_seal("aek", AEK).unwrap();
                        let other = &boxes[round % boxes.len()];
                        assert_eq!(other.provider_open("aek", &sealed).unwrap().as_bytes(), AEK);
                    }
                });
            }
        });
        // One destroys while others use: they see the whole key or none.
        std::thread::scope(|scope| {
            for hsm in &boxes[1..] {
                scope.spawn(|| {
                    loop {
                        match hsm.unwrap(B, RsaOaep256, &wrapped) {
                            Ok(plain) => assert_eq!(plain.as_bytes(), AEK),
                            Err(HsmError::NoSuchKey { .. }) => break,
                            Err(error) => panic!("{error}"),
                        }
                        // So that the next use reads the file.
                        hsm.forget(B);
                    }
                });
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
            boxes[0].destroy(B).unwrap();
        });
        assert!(boxes.iter().all(|hsm| !hsm.keys().contains_key(B)));
    }
}
