//! The door between the world and the real keys. The world says which keys there are, what wraps what, and
//! who may use it; this room makes that so in the hardware (`crypto::Hsm`) and in the files beside it, and
//! does the real operation for a call the world serves. It decides nothing itself.
//!
//! ```text
//! hsm/                      the inside of the hardware (crypto)
//! keystore/aek/AEK-000001   an account encryption key, wrapped by the key its cluster's key says
//! keystore/cache/…          storage's copy of it, sealed by the provider, while the rules let it keep one
//! keystore.lock             one process at a time changes keys
//! ```
//!
//! Keys are not folded from events but made to agree with the world as it is: events say only what is to be
//! looked at ([`Agenda`]), so work done twice, late, or in two processes is the same work. Whoever does it
//! holds [`Alone`] and a world that is at the journal's head: then nothing that others did is undone.

mod agenda;
mod blobs;
mod door;
mod error;
mod own;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use agenda::Agenda;
pub use door::{Reply, inspect};
pub use error::KeystoreError;
pub use own::Wrapped;

use crate::crypto::{CryptoError, Hsm, KeyKind, Secret, WrapAlgorithm, envelope};
use crate::engine::World;
use crate::engine::cluster::Cluster;
use crate::engine::cluster::operation::{Kind, Status};
use crate::engine::ids::{AekId, KeyVersionId, ResourceId};
use crate::engine::ingestion::segment::Segment;
use crate::engine::vault::key::{KeyIdentifier, Version};
use agenda::Fresh;
use blobs::{Blob, Blobs, Kek, Shelf};

/// How storage has its keys wrapped.
const AEK_ALGORITHM: WrapAlgorithm = WrapAlgorithm::RsaOaep256;

pub struct Keystore {
    hsm: Hsm,
    blobs: Blobs,
    /// None in memory, where nobody else is.
    lock: Option<PathBuf>,
}

/// Shows that nobody else changes keys, in this process or another. The kernel gives the lock back when this
/// is dropped, or when the process ends in any way.
pub struct Alone {
    _lock: Option<File>,
}

/// A private key from outside that waits in the hardware for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    /// Of its public key; what the world knows it by.
    pub fingerprint: Arc<str>,
    /// In bits.
    pub size: u32,
}

impl Keystore {
    /// Opens the keys of a state directory. With `used`, keys of this world were made there before, and
    /// hardware without its root key is refused instead of set up anew.
    pub fn open(dir: &Path, used: bool) -> Result<Keystore, KeystoreError> {
        let hsm = hsm_path(dir);
        let root = hsm.join("root.key");
        if used && !root.exists() {
            return Err(KeystoreError::RootGone { path: root });
        }
        Ok(Keystore {
            hsm: Hsm::open(&hsm)?,
            blobs: Blobs::in_folder(dir.join("keystore")),
            lock: Some(dir.join("keystore.lock")),
        })
    }

    /// Keys that are gone with the process; no file is written.
    pub fn in_memory() -> Result<Keystore, KeystoreError> {
        Ok(Keystore {
            hsm: Hsm::in_memory()?,
            blobs: Blobs::in_memory(),
            lock: None,
        })
    }

    /// Whether a new world can begin in this directory: keys of another one are not taken over, and not
    /// thrown away without being asked.
    pub fn empty(dir: &Path) -> Result<(), KeystoreError> {
        if !hsm_path(dir).exists() {
            return Ok(());
        }
        let found = Keystore::open(dir, false)?;
        let keys = found.hsm.ids()?.len() + found.blobs.list(Shelf::Aek)?.len();
        if keys == 0 {
            return Ok(());
        }
        Err(KeystoreError::OtherWorld {
            path: dir.to_owned(),
            keys,
        })
    }

    /// Waits until nobody else changes keys.
    pub fn alone(&self) -> Result<Alone, KeystoreError> {
        let lock = match &self.lock {
            Some(path) => {
                let file = File::create(path).map_err(KeystoreError::io("create", path))?;
                file.lock().map_err(KeystoreError::io("lock", path))?;
                Some(file)
            }
            None => None,
        };
        Ok(Alone { _lock: lock })
    }

    /// Puts the clusters on the agenda whose account keys should be there and are not. Looks at the names
    /// only, so it costs next to nothing.
    pub fn note_missing(&self, world: &World, agenda: &mut Agenda) {
        agenda.shared = !self.blobs.exists(Shelf::Aek, AekId::SHARED);
        for cluster in world.clusters.values() {
            // What a purged version wraps may be gone with it.
            let usable = (cluster.key.as_ref()).is_some_and(|key| world.key_material(key));
            let missing = cluster.accounts.iter().any(|account| {
                let customer = account.customer.filter(|_| usable);
                [Some(account.microsoft), customer]
                    .into_iter()
                    .flatten()
                    .any(|aek| !self.blobs.exists(Shelf::Aek, aek))
            });
            if missing {
                agenda.cluster(&cluster.id);
            }
        }
    }

    /// Throws away what a crash left half done, and imports nobody has given a name. Only when everything on
    /// the record has been obeyed.
    pub fn tidy(&self, _alone: &Alone) -> Result<(), KeystoreError> {
        self.blobs.tidy()?;
        Ok(self.hsm.sweep_incoming()?)
    }

    /// Makes the keys on the agenda what the world says, new ones first and destruction last, so that a
    /// crash between loses nothing that is to be kept. Returns whether anything was changed.
    ///
    /// One key that cannot be brought to agree does not keep the others from it, and destruction passes over
    /// only what such a key may need. Hardware that contradicts the world may belong to another one: then
    /// nothing is destroyed. The first error of the gravest kind is returned.
    pub fn obey(
        &self,
        _alone: &Alone,
        world: &World,
        agenda: &Agenda,
    ) -> Result<bool, KeystoreError> {
        let mut work = Work::default();
        if agenda.shared {
            // Once something is sealed under it, another one is no help.
            let unused = !(world.logs.segments.values()).any(|s| s.aek == AekId::SHARED);
            work.note(self.microsoft_key(AekId::SHARED, unused));
        }
        self.make_keys(world, agenda, &mut work);
        for key in &agenda.trials {
            work.note(self.try_out(world, key).map(|()| false));
        }
        for (id, fresh) in &agenda.clusters {
            self.follow(world, id, *fresh, &mut work);
        }
        let contradicted = work.failed.as_ref().is_some_and(|e| e.is_disagreement());
        if agenda.gone && !contradicted {
            self.destroy_gone(world, &mut work);
        }
        match work.failed {
            Some(error) => Err(error),
            None => Ok(work.changed),
        }
    }

    /// Every key version of the world has its material.
    fn make_keys(&self, world: &World, agenda: &Agenda, work: &mut Work) {
        let missing: Vec<&Version> = agenda
            .versions
            .iter()
            .filter_map(|key| version(world, key))
            .filter(|version| !self.hsm.holds(version.id.as_str()))
            .collect();
        let next = AtomicUsize::new(0);
        let some = || {
            let mut work = Work::default();
            while let Some(version) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                work.note(self.make_key(version).map(|()| true));
            }
            work
        };
        // Making an RSA key takes long, and a founding has many to make.
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads.min(missing.len()))
                .map(|_| scope.spawn(some))
                .collect();
            work.take(some());
            for other in others {
                match other.join() {
                    Ok(done) => work.take(done),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
    }

    fn make_key(&self, version: &Version) -> Result<(), KeystoreError> {
        let id = version.id.as_str();
        match &version.imported {
            Some(fingerprint) => self.hsm.adopt(id, fingerprint).map_err(|error| {
                disagree(
                    format!("key version {id} was imported with the fingerprint {fingerprint}"),
                    error,
                )
            })?,
            None => self.hsm.generate(id, kind(version))?,
        };
        Ok(())
    }

    /// What the service does before it takes a key (R-CMK-23), which the world said would go well.
    fn try_out(&self, world: &World, key: &KeyIdentifier) -> Result<(), KeystoreError> {
        if !world.key_material(key) {
            return Ok(());
        }
        let id = key.version.as_str();
        let what = || format!("the key {key} wraps and unwraps");
        let value = envelope::random_key()?;
        let back = self
            .hsm
            .wrap(id, AEK_ALGORITHM, value.as_bytes())
            .and_then(|wrapped| self.hsm.unwrap(id, AEK_ALGORITHM, &wrapped))
            .map_err(|error| disagree(what(), error))?;
        if back.as_bytes() != value.as_bytes() {
            return Err(KeystoreError::Disagreement {
                what: what(),
                why: "what was unwrapped is not what was wrapped".to_owned(),
            });
        }
        Ok(())
    }

    /// The account keys of a cluster, and the copies its storage may have of them.
    fn follow(&self, world: &World, id: &ResourceId, fresh: Fresh, work: &mut Work) {
        // One that is gone for good has nothing to follow; what it had is swept.
        let Some(cluster) = world.clusters.get(id) else {
            return;
        };
        for account in &cluster.accounts {
            work.note(self.microsoft_key(account.microsoft, fresh.microsoft));
            if let (Some(key), Some(aek)) = (&cluster.key, account.customer) {
                let wrapped = self.customer_key(world, cluster, key, aek, fresh.customer);
                let usable = wrapped.is_ok();
                work.note(wrapped);
                if !may_cache(cluster) {
                    work.note(self.blobs.remove(Shelf::Cache, aek));
                } else if usable {
                    work.note(self.copy(world, cluster, key, aek));
                }
            }
        }
    }

    fn microsoft_key(&self, aek: AekId, fresh: bool) -> Result<bool, KeystoreError> {
        if self.blobs.read(Shelf::Aek, aek)?.is_some() {
            return Ok(false);
        }
        if !fresh {
            return Err(self.blobs.lost(aek));
        }
        let plain = envelope::random_key()?;
        self.seal(Shelf::Aek, aek, &plain)?;
        Ok(true)
    }

    fn customer_key(
        &self,
        world: &World,
        cluster: &Cluster,
        key: &KeyIdentifier,
        aek: AekId,
        fresh: bool,
    ) -> Result<bool, KeystoreError> {
        let to = key.version.as_str();
        let kept = self.blobs.read(Shelf::Aek, aek);
        if let Ok(Some(blob)) = &kept
            && blob.kek == Kek::Version(key.version.clone())
        {
            return Ok(false);
        }
        if !self.hsm.holds(to) && !world.key_material(key) {
            // What is wrapped by a purged version opens never again, and the world says that this is.
            return self.blobs.remove(Shelf::Aek, aek);
        }
        let what = || format!("{aek} comes under the key {key}");
        let wrapped = match kept? {
            Some(Blob {
                kek: Kek::Version(from),
                bytes,
            }) => self
                .hsm
                .rewrap(from.as_str(), to, AEK_ALGORITHM, &bytes)
                .map_err(|error| disagree(what(), error))?,
            Some(Blob {
                kek: Kek::Provider, ..
            }) => return Err(self.blobs.foreign(Shelf::Aek, aek)),
            None if fresh => {
                let plain = envelope::random_key()?;
                // Storage made it, so it has its copy from the start.
                if may_cache(cluster) {
                    self.seal(Shelf::Cache, aek, &plain)?;
                }
                self.hsm
                    .wrap(to, AEK_ALGORITHM, plain.as_bytes())
                    .map_err(|error| disagree(what(), error))?
            }
            None => return Err(self.blobs.lost(aek)),
        };
        let blob = Blob {
            kek: Kek::Version(key.version.clone()),
            bytes: wrapped,
        };
        self.blobs.write(Shelf::Aek, aek, &blob)?;
        Ok(true)
    }

    /// The copy storage may keep, made by a real unwrap that the vault serves. Without one, it stays as it is.
    fn copy(
        &self,
        world: &World,
        cluster: &Cluster,
        key: &KeyIdentifier,
        aek: AekId,
    ) -> Result<bool, KeystoreError> {
        // One that cannot be read is worth as much as none.
        if matches!(self.blobs.read(Shelf::Cache, aek), Ok(Some(_))) || !served(world, cluster, key)
        {
            return Ok(false);
        }
        let plain = self.unwrap_aek(key, aek)?;
        self.seal(Shelf::Cache, aek, &plain)?;
        Ok(true)
    }

    fn unwrap_aek(&self, key: &KeyIdentifier, aek: AekId) -> Result<Secret, KeystoreError> {
        let Some(blob) = self.blobs.read(Shelf::Aek, aek)? else {
            return Err(self.blobs.lost(aek));
        };
        let what = || format!("{aek} unwraps with the key {key}");
        if blob.kek != Kek::Version(key.version.clone()) {
            return Err(KeystoreError::Disagreement {
                what: what(),
                why: format!("it is wrapped by {}", blob.kek),
            });
        }
        self.hsm
            .unwrap(key.version.as_str(), AEK_ALGORITHM, &blob.bytes)
            .map_err(|error| disagree(what(), error))
    }

    /// The plain key a segment is sealed under, as storage gets at it now; `aek` is the segment's, or that of
    /// its hot copy. `Refused` is the vault's answer.
    pub fn segment_key(
        &self,
        world: &World,
        segment: &Segment,
        aek: AekId,
    ) -> Result<Secret, KeystoreError> {
        let cluster = (segment.store.cluster()).and_then(|id| world.clusters.get(id));
        match cluster {
            Some(cluster) => self.account_key(world, cluster, aek),
            None => self.provider_key(aek),
        }
    }

    /// An account key under the provider's own key.
    fn provider_key(&self, aek: AekId) -> Result<Secret, KeystoreError> {
        self.open_sealed(Shelf::Aek, aek)?
            .ok_or_else(|| self.blobs.lost(aek))
    }

    /// The plain account key as storage gets at it now: by its copy while the rules let it keep one, or by a
    /// fresh unwrap that the vault serves. `aek` is one of the cluster's. `Refused` is the vault's answer.
    pub fn account_key(
        &self,
        world: &World,
        cluster: &Cluster,
        aek: AekId,
    ) -> Result<Secret, KeystoreError> {
        let customer = cluster.accounts.iter().any(|a| a.customer == Some(aek));
        let Some(key) = cluster.key.as_ref().filter(|_| customer) else {
            return self.provider_key(aek);
        };
        if may_cache(cluster)
            && let Ok(Some(copy)) = self.open_sealed(Shelf::Cache, aek)
        {
            return Ok(copy);
        }
        world.storage_may_unwrap(world.now, cluster, key)?;
        self.unwrap_aek(key, aek)
    }

    /// What the world does not know any more is gone for good: purged keys, and account keys of purged
    /// clusters.
    fn destroy_gone(&self, world: &World, work: &mut Work) {
        match self.hsm.ids() {
            Ok(ids) => self.destroy_versions(world, ids, work),
            Err(error) => work.note(Err(error.into())),
        }
        let accounts = world.clusters.values().flat_map(|c| c.accounts.iter());
        let aeks: BTreeSet<AekId> = accounts
            .flat_map(|account| [Some(account.microsoft), account.customer])
            .flatten()
            .chain([AekId::SHARED])
            .collect();
        for shelf in [Shelf::Aek, Shelf::Cache] {
            match self.blobs.list(shelf) {
                Ok(kept) => {
                    for aek in kept.into_iter().filter(|aek| !aeks.contains(aek)) {
                        work.note(self.blobs.remove(shelf, aek));
                    }
                }
                Err(error) => work.note(Err(error)),
            }
        }
    }

    /// Of the versions in the hardware, those the world does not know any more, but for those that something
    /// still needs.
    fn destroy_versions(&self, world: &World, ids: Vec<String>, work: &mut Work) {
        let known: BTreeSet<&str> = (world.vaults.values())
            .flat_map(|vault| vault.keys.values())
            .flat_map(|key| key.versions.iter().map(|v| v.id.as_str()))
            .collect();
        let gone = ids.into_iter().filter(|id| !known.contains(id.as_str()));
        let gone: BTreeSet<KeyVersionId> = gone.map(|id| id.as_str().into()).collect();
        let held = self.held(world, &gone);
        for id in gone.iter().filter(|id| !held.contains_key(*id)) {
            let destroyed = self.hsm.destroy(id.as_str());
            work.note(destroyed.map(|()| true).map_err(Into::into));
        }
        let versions: Vec<&str> = held.keys().map(KeyVersionId::as_str).collect();
        let versions = versions.join(", ");
        if let Some((_, (aek, cause))) = held.into_iter().next() {
            let cause = Box::new(cause);
            work.fail(KeystoreError::Held {
                versions,
                aek,
                cause,
            });
        }
    }

    /// The versions that must stay for now, each with an account key that may need it, and why that is so.
    /// All that a version ever wrapped belongs to clusters that it was in force for; what of that has not
    /// come under the key in force now, and cannot, may be wrapped by the version still.
    fn held(
        &self,
        world: &World,
        gone: &BTreeSet<KeyVersionId>,
    ) -> BTreeMap<KeyVersionId, (AekId, KeystoreError)> {
        let mut held = BTreeMap::new();
        if gone.is_empty() {
            return held;
        }
        let updates = (world.operations.values())
            .filter(|o| o.kind == Kind::UpdateKey && o.status == Status::Succeeded);
        for operation in updates {
            let Some(was) = operation.key.as_ref().map(|key| &key.version) else {
                continue;
            };
            // One of an earlier cluster of this name took its account keys with it.
            if let Some(cluster) = world.clusters.get(&operation.cluster)
                && operation.started_at >= cluster.created_at
                && gone.contains(was)
                && let Some(holder) = self.holder(world, cluster, was)
            {
                held.insert(was.clone(), holder);
            }
        }
        held
    }

    /// The first account key of a cluster that may still be wrapped by an earlier version.
    fn holder(
        &self,
        world: &World,
        cluster: &Cluster,
        was: &KeyVersionId,
    ) -> Option<(AekId, KeystoreError)> {
        // Under a version that was purged itself nothing is to be opened again.
        let key = (cluster.key.as_ref()).filter(|key| world.key_material(key))?;
        cluster.accounts.iter().find_map(|account| {
            let aek = account.customer?;
            let cause = (self.customer_key(world, cluster, key, aek, false)).err()?;
            let by_another = matches!(
                self.blobs.read(Shelf::Aek, aek),
                Ok(Some(blob)) if blob.kek != Kek::Version(was.clone())
            );
            (!by_another).then_some((aek, cause))
        })
    }

    fn seal(&self, shelf: Shelf, aek: AekId, plain: &Secret) -> Result<(), KeystoreError> {
        let bytes = self
            .hsm
            .provider_seal(&shelf.label(aek), plain.as_bytes())?;
        let kek = Kek::Provider;
        self.blobs.write(shelf, aek, &Blob { kek, bytes })
    }

    fn open_sealed(&self, shelf: Shelf, aek: AekId) -> Result<Option<Secret>, KeystoreError> {
        match self.blobs.read(shelf, aek)? {
            Some(blob) => {
                let plain = self.hsm.provider_open(&shelf.label(aek), &blob.bytes)?;
                Ok(Some(plain))
            }
            None => Ok(None),
        }
    }
}

/// What came of a course of work.
#[derive(Default)]
struct Work {
    changed: bool,
    failed: Option<KeystoreError>,
}

impl Work {
    /// Takes over what came of one step: whether it changed anything.
    fn note(&mut self, outcome: Result<bool, KeystoreError>) {
        match outcome {
            Ok(changed) => self.changed |= changed,
            Err(error) => self.fail(error),
        }
    }

    fn take(&mut self, other: Work) {
        self.changed |= other.changed;
        if let Some(error) = other.failed {
            self.fail(error);
        }
    }

    fn fail(&mut self, error: KeystoreError) {
        let worse = |known: &KeystoreError| error.gravity() > known.gravity();
        if self.failed.as_ref().is_none_or(worse) {
            self.failed = Some(error);
        }
    }
}

/// The hardware says no where the world says yes. A damaged file or a full disk is no disagreement: it says
/// itself how to recover, and what was to be done is tried again.
fn disagree(what: String, error: crate::crypto::HsmError) -> KeystoreError {
    use crate::crypto::HsmError as H;
    match error {
        H::NoSuchKey { .. }
        | H::NoSuchImport { .. }
        | H::IdTaken { .. }
        | H::DoesNotUnwrap { .. }
        | H::TooLong { .. }
        | H::CannotWrap { .. }
        | H::BadId { .. } => KeystoreError::Disagreement {
            what,
            why: error.to_string(),
        },
        other => other.into(),
    }
}

impl From<CryptoError> for KeystoreError {
    fn from(error: CryptoError) -> Self {
        KeystoreError::Hsm(error.into())
    }
}

/// Where the inside of the hardware lies.
fn hsm_path(dir: &Path) -> PathBuf {
    dir.join("hsm")
}

fn version<'w>(world: &'w World, key: &KeyIdentifier) -> Option<&'w Version> {
    world
        .vaults
        .get(&key.vault)
        .and_then(|vault| vault.keys.get(&key.key))
        .and_then(|found| found.version(&key.version))
}

/// The world lets no other type and size in (R-KV-06).
fn kind(version: &Version) -> KeyKind {
    match (version.kty.is_rsa(), version.size) {
        (false, _) => KeyKind::EcP256,
        (true, 2048) => KeyKind::Rsa2048,
        (true, 3072) => KeyKind::Rsa3072,
        (true, _) => KeyKind::Rsa4096,
    }
}

fn may_cache(cluster: &Cluster) -> bool {
    cluster.is_live() && cluster.protection.state.may_cache()
}

/// The call storage makes for its key (R-CMK-15).
/// Whether the vault serves storage an unwrap.
fn served(world: &World, cluster: &Cluster, key: &KeyIdentifier) -> bool {
    world.storage_may_unwrap(world.now, cluster, key).is_ok()
}
