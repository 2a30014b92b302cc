//! Account encryption keys as they lie on disk: wrapped or sealed, never plain. Knows their form and where
//! they are; what they should be wrapped by is not its business.
//!
//! ```text
//! magic 6 | format 2 | AEK number 4 | length of the key's name 1 | name of the key that wraps it |
//! length 4 | wrapped bytes | SHA-256 of all that
//! ```
//!
//! Without a name, the provider's own key wraps it. Numbers are little-endian. A file is written whole or not
//! at all.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::error::KeystoreError;
use crate::engine::ids::{AekId, KeyVersionId};

const MAGIC: &[u8; 6] = b"LBXAEK";
/// Version of the layout written by this build. A file with a greater one is refused.
const FORMAT: u16 = 1;
/// What comes before the name of the key.
const HEAD: usize = 6 + 2 + 4 + 1;
const CHECK: usize = 32;
/// Longest file that is read; a key wrapped by an RSA key of 4096 bits makes one of about 600 bytes.
const LONGEST: u64 = 1 << 16;
/// Ends the name of a file that is being written.
const WRITING: &str = "tmp";

/// What an account key is wrapped by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kek {
    Provider,
    Version(KeyVersionId),
}

impl fmt::Display for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kek::Provider => f.write_str("the provider's own key"),
            Kek::Version(id) => write!(f, "key version {id}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Blob {
    pub kek: Kek,
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shelf {
    /// The account keys themselves.
    Aek,
    /// Storage's copies.
    Cache,
}

impl Shelf {
    const ALL: [Shelf; 2] = [Shelf::Aek, Shelf::Cache];

    fn folder(self) -> &'static str {
        match self {
            Shelf::Aek => "aek",
            Shelf::Cache => "cache",
        }
    }

    /// What the provider seals it as: a copy does not pass for another one.
    pub fn label(self, aek: AekId) -> String {
        format!("{}/{aek}", self.folder())
    }
}

pub(super) struct Blobs {
    /// For messages, where they are in memory.
    folder: PathBuf,
    memory: Option<Mutex<BTreeMap<(Shelf, AekId), Blob>>>,
}

impl Blobs {
    pub fn in_folder(folder: PathBuf) -> Blobs {
        Blobs {
            folder,
            memory: None,
        }
    }

    pub fn in_memory() -> Blobs {
        Blobs {
            folder: PathBuf::from("(memory)"),
            memory: Some(Mutex::default()),
        }
    }

    fn path(&self, shelf: Shelf, aek: AekId) -> PathBuf {
        self.folder.join(shelf.folder()).join(aek.to_string())
    }

    /// It should be there and is not.
    pub fn lost(&self, aek: AekId) -> KeystoreError {
        KeystoreError::Lost {
            path: self.path(Shelf::Aek, aek),
        }
    }

    /// It is there, whole, and is another thing than it should be.
    pub fn foreign(&self, shelf: Shelf, aek: AekId) -> KeystoreError {
        KeystoreError::Foreign {
            path: self.path(shelf, aek),
            what: "another key lies under this name".to_owned(),
        }
    }

    /// Whether there is one, whole or not.
    pub fn exists(&self, shelf: Shelf, aek: AekId) -> bool {
        match &self.memory {
            Some(memory) => guard(memory).contains_key(&(shelf, aek)),
            // One that cannot be asked for is said when it is read.
            None => self.path(shelf, aek).try_exists().unwrap_or(true),
        }
    }

    pub fn read(&self, shelf: Shelf, aek: AekId) -> Result<Option<Blob>, KeystoreError> {
        if let Some(memory) = &self.memory {
            return Ok(guard(memory).get(&(shelf, aek)).cloned());
        }
        let path = self.path(shelf, aek);
        let mut bytes = Vec::new();
        match File::open(&path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes)) {
            Ok(_) => decode(&path, aek, &bytes).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(KeystoreError::io("read", &path)(error)),
        }
    }

    /// Puts one there, durable on return; one of that number is replaced.
    pub fn write(&self, shelf: Shelf, aek: AekId, blob: &Blob) -> Result<(), KeystoreError> {
        if let Some(memory) = &self.memory {
            guard(memory).insert((shelf, aek), blob.clone());
            return Ok(());
        }
        let path = self.path(shelf, aek);
        self.make_folder(shelf)
            .and_then(|()| replace(&path, &encode(aek, blob)))
            .map_err(KeystoreError::io("write", &path))
    }

    /// Takes one away, durable on return. Returns whether there was one.
    pub fn remove(&self, shelf: Shelf, aek: AekId) -> Result<bool, KeystoreError> {
        if let Some(memory) = &self.memory {
            return Ok(guard(memory).remove(&(shelf, aek)).is_some());
        }
        let path = self.path(shelf, aek);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            other => other.and_then(|()| sync_folder(&path)),
        }
        .map_err(KeystoreError::io("remove", &path))?;
        Ok(true)
    }

    /// The numbers of those that are there, in order.
    pub fn list(&self, shelf: Shelf) -> Result<Vec<AekId>, KeystoreError> {
        if let Some(memory) = &self.memory {
            let kept = guard(memory);
            return Ok(kept
                .keys()
                .filter(|(of, _)| *of == shelf)
                .map(|(_, aek)| *aek)
                .collect());
        }
        let mut found: Vec<AekId> = self
            .names(shelf)?
            .into_iter()
            .filter_map(|name| name.parse::<AekId>().ok().filter(|a| a.to_string() == name))
            .collect();
        found.sort_unstable();
        Ok(found)
    }

    /// Throws away what a crash left half written.
    pub fn tidy(&self) -> Result<(), KeystoreError> {
        if self.memory.is_some() {
            return Ok(());
        }
        for shelf in Shelf::ALL {
            for name in self.names(shelf)? {
                let path = self.folder.join(shelf.folder()).join(name);
                if path.extension().is_some_and(|end| end == WRITING) {
                    fs::remove_file(&path).map_err(KeystoreError::io("remove", &path))?;
                }
            }
        }
        Ok(())
    }

    fn names(&self, shelf: Shelf) -> Result<Vec<String>, KeystoreError> {
        let folder = self.folder.join(shelf.folder());
        let fail = |error| KeystoreError::io("read", &folder)(error);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(fail(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(fail)?.file_name();
            names.push(name.to_string_lossy().into_owned());
        }
        Ok(names)
    }

    fn make_folder(&self, shelf: Shelf) -> io::Result<()> {
        let folder = self.folder.join(shelf.folder());
        if folder.exists() {
            return Ok(());
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        sync_folder(&folder)?;
        sync_folder(&self.folder)
    }
}

/// A thread that panicked left the map whole: every change is one insert or one remove.
fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = path.with_extension(WRITING);
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, path)?;
    sync_folder(path)
}

/// Makes the names in the folder around `path` durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn encode(aek: AekId, blob: &Blob) -> Vec<u8> {
    let kek = match &blob.kek {
        Kek::Provider => "",
        Kek::Version(id) => id.as_str(),
    };
    // Both are far shorter than their length can say: 32 digits, and a wrapped key.
    let kek_length = u8::try_from(kek.len()).unwrap_or(u8::MAX);
    let length = u32::try_from(blob.bytes.len()).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(HEAD + kek.len() + 4 + blob.bytes.len() + CHECK);
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&FORMAT.to_le_bytes());
    out.extend_from_slice(&aek.0.to_le_bytes());
    out.push(kek_length);
    out.extend_from_slice(kek.as_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&blob.bytes);
    let check = Sha256::digest(&out);
    out.extend_from_slice(&check);
    out
}

fn decode(path: &Path, aek: AekId, file: &[u8]) -> Result<Blob, KeystoreError> {
    let path = || path.to_owned();
    let foreign = |what: &str| KeystoreError::Foreign {
        path: path(),
        what: what.to_owned(),
    };
    let short = |wanted: usize| KeystoreError::Truncated {
        path: path(),
        found: file.len(),
        wanted,
    };
    let part = |from: usize, length: usize| {
        file.get(from..from.saturating_add(length))
            .ok_or_else(|| short(from.saturating_add(length)))
    };
    if !MAGIC.starts_with(file.get(..MAGIC.len()).unwrap_or(file)) {
        return Err(foreign("it does not begin as one does"));
    }
    let head = part(0, HEAD)?;
    let [.., f0, f1, a0, a1, a2, a3, kek_length] = head else {
        return Err(short(HEAD));
    };
    let found = u16::from_le_bytes([*f0, *f1]);
    if found > FORMAT {
        return Err(KeystoreError::NewerFormat {
            path: path(),
            found,
            known: FORMAT,
        });
    }
    let kek_length = usize::from(*kek_length);
    let kek = part(HEAD, kek_length)?;
    let mut four = [0; 4];
    four.copy_from_slice(part(HEAD + kek_length, 4)?);
    let length = usize::try_from(u32::from_le_bytes(four)).unwrap_or(usize::MAX);
    let body = HEAD + kek_length + 4;
    let bytes = part(body, length)?;
    let check = part(body.saturating_add(length), CHECK)?;
    let end = body.saturating_add(length);
    if Sha256::digest(&file[..end])[..] != *check || file.len() != end + CHECK {
        return Err(foreign("it was changed"));
    }
    let number = AekId(u32::from_le_bytes([*a0, *a1, *a2, *a3]));
    if number != aek {
        return Err(foreign(&format!("it is {number}")));
    }
    let kek = match std::str::from_utf8(kek) {
        Ok("") => Kek::Provider,
        Ok(id) => Kek::Version(id.into()),
        Err(_) => return Err(foreign("the name of its key cannot be read")),
    };
    Ok(Blob {
        kek,
        bytes: bytes.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const AEK: AekId = AekId(42);

    fn blob() -> Blob {
        Blob {
            kek: Kek::Version("a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0".into()),
            bytes: (0..=255).collect(),
        }
    }

    fn read(file: &[u8]) -> Result<Blob, KeystoreError> {
        decode(Path::new("AEK-000042"), AEK, file)
    }

    #[test]
    fn a_blob_comes_back_and_one_that_was_cut_or_changed_anywhere_says_so() {
        let sealed = Blob {
            kek: Kek::Provider,
            bytes: vec![1, 2, 3],
        };
        assert_eq!(read(&encode(AEK, &sealed)).unwrap(), sealed);
        let file = encode(AEK, &blob());
        assert_eq!(read(&file).unwrap(), blob());
        for length in 0..file.len() {
            let error = read(&file[..length]).unwrap_err();
            assert!(
                matches!(error, KeystoreError::Truncated { .. }),
                "{length}: {error}"
            );
        }
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 0x10;
            read(&changed).unwrap_err();
        }
        let mut longer = file.clone();
        longer.push(0);
        assert!(read(&longer).unwrap_err().to_string().contains("changed"));
    }

    #[test]
    fn a_blob_under_another_name_and_one_of_a_later_format_are_refused() {
        let error = read(&encode(AekId(7), &blob())).unwrap_err().to_string();
        assert!(error.contains("AEK-000007"), "{error}");
        let mut newer = encode(AEK, &blob());
        newer[6] = 9;
        let error = read(&newer).unwrap_err();
        assert!(matches!(error, KeystoreError::NewerFormat { found: 9, .. }));
    }

    #[test]
    fn files_come_and_go_whole_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::in_folder(dir.path().join("keystore"));
        assert_eq!(blobs.list(Shelf::Aek).unwrap(), []);
        assert!(!blobs.remove(Shelf::Aek, AEK).unwrap());
        for _ in 0..2 {
            blobs.write(Shelf::Aek, AEK, &blob()).unwrap();
        }
        let path = dir.path().join("keystore/aek/AEK-000042");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(path.with_extension(WRITING), b"half").unwrap();
        assert_eq!(blobs.list(Shelf::Aek).unwrap(), [AEK]);
        blobs.tidy().unwrap();
        assert!(!path.with_extension(WRITING).exists());
        assert_eq!(blobs.read(Shelf::Aek, AEK).unwrap(), Some(blob()));
        assert_eq!(blobs.read(Shelf::Cache, AEK).unwrap(), None);
        assert!(blobs.remove(Shelf::Aek, AEK).unwrap());
        assert_eq!(blobs.read(Shelf::Aek, AEK).unwrap(), None);
    }
}
