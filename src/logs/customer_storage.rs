//! Storage accounts of customers, each an object store: what workspaces keep there of saved searches and alert
//! queries (R-BYOS-01, 10), under the account's own encryption (R-BYOS-02, 11). An object is sealed under a key
//! of its own, which the account's key wraps, or the provider's where it has none.
//!
//! ```text
//! storage/<subscription>/<group>/<account>/saved-queries/<workspace>/search/NAME.r42.json
//! ```
//! Which objects there should be is the world's to say; the number is that of the event a query was saved with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path as Place;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::crypto::{CryptoError, envelope};
use crate::engine::ids::ResourceId;
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::workspace::saved_search::Saved;
use crate::engine::{SimTime, World};
use crate::keystore::{Keystore, KeystoreError, Wrapped};

/// Where saved queries lie in an account; nothing else there is touched.
const PREFIX: &str = "saved-queries";

#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error(
        "the storage account {account} cannot be used: {source}. See that its folder below {} can be written.",
        root.display()
    )]
    Store {
        account: ResourceId,
        root: PathBuf,
        source: object_store::Error,
    },

    #[error(
        "{object} in the storage account {account} is not what was written there. Save the query again."
    )]
    Damaged { account: ResourceId, object: Place },

    #[error(transparent)]
    Key(#[from] KeystoreError),

    #[error(transparent)]
    Crypto(#[from] CryptoError),

    #[error("storage accounts cannot be reached: {0}. See that this machine has threads to give.")]
    NoThreads(std::io::Error),
}

/// The object stores of all customers.
pub struct CustomerStorage {
    /// None: in memory.
    root: Option<PathBuf>,
    open: Mutex<BTreeMap<ResourceId, Arc<dyn ObjectStore>>>,
}

/// An object as it lies in an account.
#[derive(Serialize, Deserialize)]
struct Object {
    /// The version of the account's key that wraps the object's; none is the provider's.
    kek: Option<String>,
    /// In base64.
    wrapped: String,
    sealed: String,
}

impl CustomerStorage {
    pub fn in_folder(dir: &Path) -> CustomerStorage {
        CustomerStorage {
            root: Some(dir.join("storage")),
            open: Mutex::default(),
        }
    }

    pub fn in_memory() -> CustomerStorage {
        CustomerStorage {
            root: None,
            open: Mutex::default(),
        }
    }

    /// Makes the objects what the world says. What an account under a key of its own does not let in now is
    /// tried again when the world has changed.
    pub fn obey(&self, keystore: &Keystore, world: &World) -> Result<(), StorageError> {
        let mut wanted: BTreeMap<&ResourceId, BTreeMap<Place, &Saved>> = BTreeMap::new();
        for workspace in world.workspaces.values() {
            for saved in workspace.queries.values() {
                if let Some(account) = &saved.kept_in {
                    let place = place(world, &workspace.id, saved);
                    wanted.entry(account).or_default().insert(place, saved);
                }
            }
        }
        let known = world.storage_accounts.keys();
        for account in known.filter(|id| wanted.contains_key(id) || self.exists(id)) {
            let empty = BTreeMap::new();
            let wanted = wanted.get(account).unwrap_or(&empty);
            self.follow(keystore, world, account, wanted)?;
        }
        Ok(())
    }

    fn follow(
        &self,
        keystore: &Keystore,
        world: &World,
        account: &ResourceId,
        wanted: &BTreeMap<Place, &Saved>,
    ) -> Result<(), StorageError> {
        let store = self.account(account)?;
        let failed = |source| self.failed(account, source);
        let listed = block_on(
            store
                .list(Some(&Place::from(PREFIX)))
                .map_ok(|meta| meta.location)
                .try_collect::<Vec<Place>>(),
        )?
        .map_err(failed)?;
        for object in listed.iter().filter(|object| !wanted.contains_key(object)) {
            block_on(store.delete(object))?.map_err(failed)?;
        }
        let key = world
            .storage_accounts
            .get(account)
            .and_then(|a| a.key.as_ref());
        for (object, saved) in wanted {
            if listed.contains(object) {
                self.rewrap(keystore, &*store, account, object, key)?;
            } else if world.storage_opens(world.now, account).is_ok() {
                let body = json!({
                    "category": saved.category.raw(),
                    "displayName": saved.display_name.raw(),
                    "query": saved.query.raw(),
                });
                let own = envelope::random_key()?;
                let sealed = envelope::seal(
                    &own,
                    object.as_ref().as_bytes(),
                    body.to_string().as_bytes(),
                )?;
                let wrapped = keystore.wrap_own(key, object.as_ref(), &own)?;
                self.write(&*store, account, object, wrapped, STANDARD.encode(sealed))?;
            }
        }
        Ok(())
    }

    /// The account's key is another one now: it wraps the keys of the objects, which stay as they are.
    fn rewrap(
        &self,
        keystore: &Keystore,
        store: &dyn ObjectStore,
        account: &ResourceId,
        object: &Place,
        key: Option<&KeyIdentifier>,
    ) -> Result<(), StorageError> {
        let (now, wrapped) = self.read_object(store, account, object)?;
        if now.kek.as_deref() == key.map(|key| key.version.as_str()) {
            return Ok(());
        }
        let wrapped = match keystore.rewrap_own(&wrapped, key, object.as_ref()) {
            // The version that wraps it was purged: it opens never again, under no key.
            Err(error) if error.is_disagreement() => return Ok(()),
            wrapped => wrapped?,
        };
        self.write(store, account, object, wrapped, now.sealed)
    }

    /// The text of a saved query as it lies in its account, opened by the account's key. `Refused` is the
    /// vault's answer.
    pub fn read(
        &self,
        keystore: &Keystore,
        world: &World,
        now: SimTime,
        workspace: &ResourceId,
        saved: &Saved,
        account: &ResourceId,
    ) -> Result<String, StorageError> {
        world
            .storage_opens(now, account)
            .map_err(KeystoreError::from)?;
        let store = self.account(account)?;
        let object = place(world, workspace, saved);
        let damaged = || StorageError::Damaged {
            account: account.clone(),
            object: object.clone(),
        };
        let (found, wrapped) = self.read_object(&*store, account, &object)?;
        let own = keystore.unwrap_own(&wrapped, object.as_ref())?;
        let sealed = STANDARD.decode(&found.sealed).map_err(|_| damaged())?;
        let body =
            envelope::open(&own, object.as_ref().as_bytes(), &sealed).map_err(|_| damaged())?;
        let body: serde_json::Value =
            serde_json::from_slice(body.as_bytes()).map_err(|_| damaged())?;
        let query = body["query"].as_str().ok_or_else(damaged)?;
        Ok(query.to_owned())
    }

    fn read_object(
        &self,
        store: &dyn ObjectStore,
        account: &ResourceId,
        object: &Place,
    ) -> Result<(Object, Wrapped), StorageError> {
        let failed = |source| self.failed(account, source);
        let bytes = block_on(async { store.get(object).await?.bytes().await })?.map_err(failed)?;
        let damaged = || StorageError::Damaged {
            account: account.clone(),
            object: object.clone(),
        };
        let found: Object = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
        let wrapped = Wrapped {
            kek: found.kek.as_deref().map(Into::into),
            bytes: STANDARD.decode(&found.wrapped).map_err(|_| damaged())?,
        };
        Ok((found, wrapped))
    }

    fn write(
        &self,
        store: &dyn ObjectStore,
        account: &ResourceId,
        object: &Place,
        wrapped: Wrapped,
        sealed: String,
    ) -> Result<(), StorageError> {
        let body = json!(Object {
            kek: wrapped.kek.map(|version| version.as_str().to_owned()),
            wrapped: STANDARD.encode(wrapped.bytes),
            sealed,
        });
        block_on(store.put(object, body.to_string().into()))?
            .map_err(|source| self.failed(account, source))?;
        Ok(())
    }

    fn failed(&self, account: &ResourceId, source: object_store::Error) -> StorageError {
        StorageError::Store {
            account: account.clone(),
            root: self.root.clone().unwrap_or_default(),
            source,
        }
    }

    /// Where an account's objects lie, if they lie in a folder.
    fn folder(&self, account: &ResourceId) -> Option<PathBuf> {
        let (subscription, group, name) = account.parts();
        let root = self.root.as_ref()?;
        Some(root.join(subscription.as_str()).join(group).join(name))
    }

    fn exists(&self, account: &ResourceId) -> bool {
        match self.folder(account) {
            Some(folder) => folder.exists(),
            None => self.opened().contains_key(account),
        }
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, BTreeMap<ResourceId, Arc<dyn ObjectStore>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn account(&self, account: &ResourceId) -> Result<Arc<dyn ObjectStore>, StorageError> {
        if let Some(store) = self.opened().get(account) {
            return Ok(store.clone());
        }
        let store: Arc<dyn ObjectStore> = match self.folder(account) {
            Some(folder) => {
                let made = std::fs::create_dir_all(&folder);
                let made = made.map_err(|error| object_store::Error::Generic {
                    store: "folder",
                    source: Box::new(error),
                });
                let store = made.and_then(|()| LocalFileSystem::new_with_prefix(&folder));
                Arc::new(store.map_err(|source| self.failed(account, source))?)
            }
            None => Arc::new(InMemory::new()),
        };
        self.opened().insert(account.clone(), store.clone());
        Ok(store)
    }
}

/// The name of a saved query's object.
fn place(world: &World, workspace: &ResourceId, saved: &Saved) -> Place {
    let of = world.workspaces.get(workspace);
    let of = of.map_or_else(|| workspace.name().to_owned(), |w| world.customer_guid(w));
    let name = format!("{}.{}.json", saved.name, saved.revision);
    Place::from_iter([PREFIX, of.as_str(), saved.kind.word(), name.as_str()])
}

/// Waits for an object store; what this room does with it is short.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, StorageError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(StorageError::NoThreads)?;
    Ok(runtime.block_on(future))
}
