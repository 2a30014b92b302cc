//! Where sealed parts lie: a folder that several processes share, or memory. Writes them so that a crash
//! leaves a whole part or none, and takes them away. Knows nothing of what is in them.
//!
//! ```text
//! root.key    lock    customer/<key version id>    incoming/<fingerprint>    provider/<name>
//! ```

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::error::HsmError;
use super::part::Root;

/// Longest file that is read; the largest sealed part has under 3 KiB.
const LONGEST: u64 = 1 << 16;
/// Ends the name of a part that is being written.
const WRITING: &str = ".new";
/// Ends the name of a part that is being destroyed.
const GOING: &str = ".gone";

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Partition {
    Customer,
    Incoming,
    Provider,
}

impl Partition {
    const ALL: [Partition; 3] = [
        Partition::Customer,
        Partition::Incoming,
        Partition::Provider,
    ];

    pub fn folder(self) -> &'static str {
        match self {
            Partition::Customer => "customer",
            Partition::Incoming => "incoming",
            Partition::Provider => "provider",
        }
    }
}

/// Changes whenever a part is written anew, by whichever process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl From<&Metadata> for Stamp {
    fn from(file: &Metadata) -> Self {
        Stamp {
            file: (file.dev(), file.ino()),
            length: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

pub(super) enum Shelf {
    Folder(PathBuf),
    Memory {
        writers: Mutex<()>,
        parts: Mutex<Parts>,
    },
}

#[derive(Default)]
pub(super) struct Parts {
    written: u64,
    kept: BTreeMap<(Partition, String), (Stamp, Vec<u8>)>,
}

/// Shows that nobody else writes to the shelf, in this process or another.
pub(super) enum Alone<'a> {
    /// Holds the lock until it is closed.
    Folder {
        _lock: File,
    },
    Memory {
        _lock: MutexGuard<'a, ()>,
    },
}

impl Shelf {
    pub fn memory() -> Shelf {
        Shelf::Memory {
            writers: Mutex::new(()),
            parts: Mutex::default(),
        }
    }

    /// Makes the folder where it is new and reads its root key, or makes one where there is nothing sealed
    /// yet. What a crash left half written or half destroyed is cleared away.
    pub fn open(folder: &Path) -> Result<(Shelf, Root), HsmError> {
        let shelf = Shelf::Folder(folder.to_owned());
        make_folder(folder)?;
        for partition in Partition::ALL {
            make_folder(&folder.join(partition.folder()))?;
        }
        let alone = shelf.alone()?;
        let mut parts = Vec::new();
        for partition in Partition::ALL {
            let folder = folder.join(partition.folder());
            for name in list(&folder)? {
                let path = folder.join(&name);
                if name.ends_with(WRITING) || name.ends_with(GOING) {
                    shred(&path).map_err(HsmError::io("destroy", &path))?;
                } else if is_name(&name) || partition == Partition::Provider {
                    tighten(&path, 0o600)?;
                    parts.push(path);
                }
            }
        }
        let path = shelf.root_path();
        let root = match read(&path)? {
            Some((_, bytes)) => {
                // The one secret that nothing seals. A copy or an archive may have come back readable for
                // others; refusing would leave the person to do what is done here.
                tighten(&path, 0o600)?;
                Root::read(&bytes, &path)?
            }
            None if !parts.is_empty() => {
                let parts = parts.len();
                return Err(HsmError::RootMissing { path, parts });
            }
            None => {
                let (root, bytes) = Root::random()?;
                write(&path, &bytes)?;
                root
            }
        };
        drop(alone);
        // One stray file must not lock everybody out; a root.key that fits nothing here is a wrong one.
        let mut other = None;
        for path in parts {
            let part = read(&path).ok().flatten();
            match part.and_then(|(_, bytes)| root.sealed(&bytes)) {
                Some(true) => return Ok((shelf, root)),
                Some(false) => other = Some(path),
                None => {}
            }
        }
        match other {
            Some(path) => Err(HsmError::OtherRoot {
                path,
                root: shelf.root_path(),
            }),
            None => Ok((shelf, root)),
        }
    }

    pub fn root_path(&self) -> PathBuf {
        self.folder().join("root.key")
    }

    pub fn path(&self, partition: Partition, name: &str) -> PathBuf {
        self.folder().join(partition.folder()).join(name)
    }

    fn folder(&self) -> &Path {
        match self {
            Shelf::Folder(folder) => folder,
            Shelf::Memory { .. } => Path::new("(memory)"),
        }
    }

    /// Waits until nobody else writes.
    pub fn alone(&self) -> Result<Alone<'_>, HsmError> {
        match self {
            Shelf::Folder(folder) => {
                let path = folder.join("lock");
                let file = OpenOptions::new()
                    .create(true)
                    .write(true)
                    .truncate(false)
                    .mode(0o600)
                    .open(&path)
                    .map_err(HsmError::io("open", &path))?;
                file.lock().map_err(HsmError::io("lock", &path))?;
                Ok(Alone::Folder { _lock: file })
            }
            Shelf::Memory { writers, .. } => Ok(Alone::Memory {
                _lock: guard(writers),
            }),
        }
    }

    /// The stamp of a part, none when there is no such part.
    pub fn stamp(&self, partition: Partition, name: &str) -> Result<Option<Stamp>, HsmError> {
        match self {
            Shelf::Folder(_) => {
                let path = self.path(partition, name);
                match fs::metadata(&path) {
                    Ok(file) => Ok(Some(Stamp::from(&file))),
                    Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(HsmError::io("look at", &path)(error)),
                }
            }
            Shelf::Memory { parts, .. } => {
                let key = (partition, name.to_owned());
                Ok(guard(parts).kept.get(&key).map(|(stamp, _)| *stamp))
            }
        }
    }

    /// A part as it lies there, with the stamp it has.
    pub fn read(
        &self,
        partition: Partition,
        name: &str,
    ) -> Result<Option<(Stamp, Vec<u8>)>, HsmError> {
        match self {
            Shelf::Folder(_) => {
                Ok(read(&self.path(partition, name))?
                    .map(|(file, bytes)| (Stamp::from(&file), bytes)))
            }
            Shelf::Memory { parts, .. } => {
                let key = (partition, name.to_owned());
                Ok(guard(parts).kept.get(&key).cloned())
            }
        }
    }

    /// Puts a part there, durable on return; one of that name is replaced.
    pub fn write(
        &self,
        _alone: &Alone<'_>,
        partition: Partition,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), HsmError> {
        match self {
            Shelf::Folder(_) => write(&self.path(partition, name), bytes),
            Shelf::Memory { parts, .. } => {
                let mut parts = guard(parts);
                parts.written += 1;
                let stamp = Stamp {
                    file: (0, parts.written),
                    length: 0,
                    modified: (0, 0),
                    changed: (0, 0),
                };
                let key = (partition, name.to_owned());
                parts.kept.insert(key, (stamp, bytes.to_vec()));
                Ok(())
            }
        }
    }

    /// Takes a part away for good, durable on return. Nothing happens when there is none.
    pub fn destroy(
        &self,
        _alone: &Alone<'_>,
        partition: Partition,
        name: &str,
    ) -> Result<(), HsmError> {
        match self {
            Shelf::Folder(_) => {
                let path = self.path(partition, name);
                let going = with_suffix(&path, GOING);
                let gone = |e| HsmError::io("destroy", &path)(e);
                // First out of sight and then overwritten: whoever looks sees a whole part or none.
                match fs::rename(&path, &going) {
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    other => other.map_err(gone)?,
                }
                shred(&going).map_err(gone)?;
                sync_folder(&path)
            }
            Shelf::Memory { parts, .. } => {
                let key = (partition, name.to_owned());
                guard(parts).kept.remove(&key);
                Ok(())
            }
        }
    }

    /// The names of the parts of a partition, in order.
    pub fn names(&self, partition: Partition) -> Result<Vec<String>, HsmError> {
        match self {
            Shelf::Folder(folder) => {
                let mut names = list(&folder.join(partition.folder()))?;
                names.retain(|name| is_name(name));
                names.sort_unstable();
                Ok(names)
            }
            Shelf::Memory { parts, .. } => Ok(guard(parts)
                .kept
                .keys()
                .filter(|(of, _)| *of == partition)
                .map(|(_, name)| name.clone())
                .collect()),
        }
    }
}

/// Whether this can name a customer's or an incoming part: nothing that leads out of the folder, and nothing
/// that a file system might take for another name.
pub(super) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A thread that panicked left a map whole: every change is one insert or one remove.
fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn make_folder(path: &Path) -> Result<(), HsmError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(HsmError::io("create", path))?;
    tighten(path, 0o700)
}

/// Takes away what others than the owner may do.
fn tighten(path: &Path, mode: u32) -> Result<(), HsmError> {
    let file = fs::metadata(path).map_err(HsmError::io("look at", path))?;
    if file.permissions().mode() & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(HsmError::io("take other people's rights from", path))
}

fn list(folder: &Path) -> Result<Vec<String>, HsmError> {
    let all = || {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<io::Result<_>>()
    };
    all().map_err(HsmError::io("list", folder))
}

fn read(path: &Path) -> Result<Option<(Metadata, Vec<u8>)>, HsmError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(HsmError::io("open", path)(error)),
    };
    let all = || {
        let about = file.metadata()?;
        let mut bytes = Vec::new();
        (&file).take(LONGEST).read_to_end(&mut bytes)?;
        Ok((about, bytes))
    };
    all().map(Some).map_err(HsmError::io("read", path))
}

/// All of it under its name, or nothing; readable by its owner only.
fn write(path: &Path, bytes: &[u8]) -> Result<(), HsmError> {
    let temporary = with_suffix(path, WRITING);
    let all = || {
        let mut file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.set_modified(marked(file.metadata()?.modified()?, bytes))?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    all().map_err(HsmError::io("write", path))?;
    sync_folder(path)
}

/// The instant of writing, its nanoseconds taken from the bytes: they end in a tag, as good as random. The
/// clock of a file system ticks coarsely, and a part destroyed and made again within one tick may even get the
/// same inode; its stamp must be another one still.
fn marked(written: SystemTime, bytes: &[u8]) -> SystemTime {
    let seconds = written.duration_since(UNIX_EPOCH).unwrap_or_default();
    let tag = bytes.last_chunk().map_or(0, |tag| u32::from_le_bytes(*tag));
    UNIX_EPOCH + Duration::new(seconds.as_secs(), tag % 1_000_000_000)
}

/// Overwrites and unlinks. A disk that writes elsewhere than where it is told keeps old bytes for a while;
/// they are sealed, and the name is gone for good.
fn shred(path: &Path) -> io::Result<()> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    io::copy(&mut io::repeat(0).take(length), &mut file)?;
    file.sync_all()?;
    fs::remove_file(path)
}

/// Makes what happened to the names in the folder of `path` durable.
fn sync_folder(path: &Path) -> Result<(), HsmError> {
    let folder = path.parent().unwrap_or(path);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(HsmError::io("write", folder))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
