//! The shelves: where sealed files lie in a state directory, or the same in memory for a world without one. A
//! file is there whole or not at all, durable once it is published, and readable by its owner only.
//!
//! ```text
//! logs/cold/SEG-000001         segments
//! logs/buffer/SEG-000002       segments that came while the vault was silent
//! logs/hot/SEG-000001          copies of recent ones under a Microsoft key
//! logs/quarantine/             damaged ones, kept for whoever wants to look
//! ```
//!
//! Knows no rule: which files there should be is the world's. A segment that is written again replaces the file
//! of its name, so work done twice is the same work.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Cursor, ErrorKind, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::sealed::{
    BLOCK, Damage, HEADER, Header, Label, Raw, Sealed, SealedError, Sealer, Tier, block_offset,
};
use crate::crypto::Secret;
use crate::crypto::envelope::TAG;
use crate::engine::ids::SegmentId;

/// Ends the name of a file that is being written.
const WRITING: &str = "writing";
/// Ends the name of a file that is being destroyed.
const GOING: &str = "going";
const QUARANTINE: &str = "quarantine";

/// Cheap to clone; all clones are the same shelves.
#[derive(Clone)]
pub struct Shelves {
    /// For messages, where they are in memory.
    folder: PathBuf,
    memory: Option<Arc<Mutex<Kept>>>,
}

/// Files by folder and name.
type Kept = BTreeMap<(&'static str, String), Bytes>;

impl Shelves {
    /// The shelves of a state directory. Folders are made as they are needed.
    pub fn in_folder(dir: &Path) -> Shelves {
        Shelves {
            folder: dir.join("logs"),
            memory: None,
        }
    }

    /// Shelves that are gone with the process.
    pub fn in_memory() -> Shelves {
        Shelves {
            folder: PathBuf::from("(memory)"),
            memory: Some(Arc::default()),
        }
    }

    /// Where a file lies, or would.
    pub fn path(&self, tier: Tier, segment: SegmentId) -> PathBuf {
        self.place(tier.word(), &segment.to_string())
    }

    fn place(&self, folder: &str, name: &str) -> PathBuf {
        self.folder.join(folder).join(name)
    }

    /// Begins a file. What is written to it is sealed as it comes, under a name nobody reads, and thrown away
    /// unless it is finished and published.
    pub fn create(&self, label: Label, aek: &Secret) -> Result<Sealing, SealedError> {
        let path = self.path(label.tier, label.segment);
        let out = match &self.memory {
            Some(_) => Out::Memory(Cursor::default()),
            None => self
                .make_folder(label.tier.word())
                .and_then(|()| Out::file(&path))
                .map_err(writing(&path))?,
        };
        Ok(Sealing {
            shelves: self.clone(),
            sealer: Sealer::new(out, label, aek).map_err(writing(&path))?,
            path,
        })
    }

    /// Seals `plain` and publishes it.
    pub fn put(&self, label: Label, aek: &Secret, plain: &[u8]) -> Result<Header, SealedError> {
        let mut file = self.create(label, aek)?;
        file.seal(plain)?;
        file.finish()?.publish()
    }

    /// Opens a file with its key, after making sure that it is the one that is wanted.
    pub fn open(&self, wanted: Label, aek: &Secret) -> Result<Sealed, SealedError> {
        let raw = self.raw(wanted.tier, wanted.segment)?;
        Sealed::open(self.path(wanted.tier, wanted.segment), raw, &wanted, aek)
    }

    /// Seals what is in an opened file again, block by block, under another label and key. It is published by
    /// the caller.
    pub fn copy(&self, from: &Sealed, to: Label, aek: &Secret) -> Result<Finished, SealedError> {
        let mut file = self.create(to, aek)?;
        from.each_block(|plain| file.seal(plain))?;
        file.finish()
    }

    /// Takes files away for good, durable on return; those that are not there are passed over. Returns how many
    /// there were.
    ///
    /// The salt in a header goes first: without it no key of a block can be derived, so what a disk keeps of an
    /// unlinked file for a while opens with no account key.
    pub fn remove(
        &self,
        tier: Tier,
        segments: impl IntoIterator<Item = SegmentId>,
    ) -> Result<usize, SealedError> {
        let mut gone = 0;
        for segment in segments {
            let name = segment.to_string();
            let there = match &self.memory {
                Some(memory) => guard(memory).remove(&(tier.word(), name)).is_some(),
                None => {
                    let path = self.place(tier.word(), &name);
                    destroy(&path).map_err(SealedError::io("destroy", &path))?
                }
            };
            gone += usize::from(there);
        }
        if gone > 0 && self.memory.is_none() {
            let folder = self.folder.join(tier.word());
            sync(&folder).map_err(SealedError::io("write", &folder))?;
        }
        Ok(gone)
    }

    /// The segments on a shelf, in order.
    pub fn list(&self, tier: Tier) -> Result<Vec<SegmentId>, SealedError> {
        let mut found: Vec<SegmentId> = (self.names(tier.word())?.iter())
            .filter_map(|name| {
                (name.parse::<SegmentId>().ok()).filter(|id| id.to_string() == *name)
            })
            .collect();
        found.sort_unstable();
        Ok(found)
    }

    /// Bytes of a file as it lies there; none when it does not.
    pub fn size(&self, tier: Tier, segment: SegmentId) -> Result<Option<u64>, SealedError> {
        match self.raw(tier, segment) {
            Ok(raw) => {
                let path = self.path(tier, segment);
                let length = raw.length().map_err(SealedError::io("look at", &path))?;
                Ok(Some(length))
            }
            Err(SealedError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What the header of a file says, unchecked: nobody has given a key.
    pub fn header(&self, tier: Tier, segment: SegmentId) -> Result<Header, SealedError> {
        let (raw, path) = (self.raw(tier, segment)?, self.path(tier, segment));
        let found = raw.length().map_err(SealedError::io("look at", &path))?;
        let mut bytes = [0; HEADER];
        let wanted = HEADER as u64;
        if found < wanted {
            let damage = Damage::Length { found, wanted };
            return Err(SealedError::Damaged { path, damage });
        }
        raw.read(0, &mut bytes)
            .map_err(SealedError::io("read", &path))?;
        Header::read(&bytes, &path)
    }

    /// What the header of a file says, when it says what it should and the file is as long as it says. Nobody has
    /// given a key: what is in it can be anything.
    pub fn look(&self, wanted: Label) -> Result<Header, SealedError> {
        let header = self.header(wanted.tier, wanted.segment)?;
        let damaged = |damage| SealedError::Damaged {
            path: self.path(wanted.tier, wanted.segment),
            damage,
        };
        if header.label != wanted {
            let found = header.label;
            return Err(damaged(Damage::Other { found, wanted }));
        }
        let found = self.size(wanted.tier, wanted.segment)?.unwrap_or_default();
        let wanted = header.sealed();
        if found != wanted {
            return Err(damaged(Damage::Length { found, wanted }));
        }
        Ok(header)
    }

    /// The bytes of a block as they lie on disk, with its tag; fewer, or none, where the file ends.
    pub fn sealed_block(
        &self,
        tier: Tier,
        segment: SegmentId,
        number: u64,
    ) -> Result<Vec<u8>, SealedError> {
        let raw = self.raw(tier, segment)?;
        let path = self.path(tier, segment);
        let offset = block_offset(number);
        let length = raw.length().map_err(SealedError::io("look at", &path))?;
        let rest = usize::try_from(length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut block = vec![0; rest.min(BLOCK + TAG)];
        if !block.is_empty() {
            raw.read(offset, &mut block)
                .map_err(SealedError::io("read", &path))?;
        }
        Ok(block)
    }

    /// Moves a damaged file out of the way, and says where it is now.
    pub fn quarantine(&self, tier: Tier, segment: SegmentId) -> Result<PathBuf, SealedError> {
        let from = self.path(tier, segment);
        let taken = self.names(QUARANTINE)?;
        let mut name = format!("{tier}-{segment}");
        let mut more = 1;
        while taken.contains(&name) {
            more += 1;
            name = format!("{tier}-{segment}.{more}");
        }
        let to = self.place(QUARANTINE, &name);
        match &self.memory {
            Some(memory) => {
                let mut kept = guard(memory);
                let file = kept.remove(&(tier.word(), segment.to_string()));
                let file = file.ok_or(SealedError::Missing { path: from })?;
                kept.insert((QUARANTINE, name), file);
            }
            None => {
                self.make_folder(QUARANTINE)
                    .and_then(|()| fs::rename(&from, &to))
                    .and_then(|()| sync(&self.folder.join(QUARANTINE)))
                    .and_then(|()| sync(&self.folder.join(tier.word())))
                    .map_err(SealedError::io("quarantine", &from))?;
            }
        }
        Ok(to)
    }

    /// The names of the files in quarantine, in order.
    pub fn quarantined(&self) -> Result<Vec<String>, SealedError> {
        let mut names = self.names(QUARANTINE)?;
        names.sort_unstable();
        Ok(names)
    }

    /// Throws away what a crash left half written or half destroyed. What another process is writing stays.
    /// Returns how many files went.
    pub fn sweep(&self) -> Result<usize, SealedError> {
        let mut swept = 0;
        for tier in Tier::ALL.iter().filter(|_| self.memory.is_none()) {
            for name in self.names(tier.word())? {
                let path = self.place(tier.word(), &name);
                let left = match path.extension().and_then(|end| end.to_str()) {
                    Some(WRITING) => abandoned(&path),
                    Some(GOING) => Ok(true),
                    _ => Ok(false),
                };
                if left.map_err(SealedError::io("look at", &path))? {
                    erase(&path).map_err(SealedError::io("destroy", &path))?;
                    swept += 1;
                }
            }
        }
        Ok(swept)
    }

    fn raw(&self, tier: Tier, segment: SegmentId) -> Result<Raw, SealedError> {
        let path = self.path(tier, segment);
        match &self.memory {
            Some(memory) => guard(memory)
                .get(&(tier.word(), segment.to_string()))
                .cloned()
                .map(Raw::Memory)
                .ok_or(SealedError::Missing { path }),
            None => File::open(&path)
                .map(Raw::File)
                .map_err(SealedError::io("open", &path)),
        }
    }

    fn names(&self, folder: &'static str) -> Result<Vec<String>, SealedError> {
        if let Some(memory) = &self.memory {
            let kept = guard(memory);
            let here = kept.keys().filter(|(of, _)| *of == folder);
            return Ok(here.map(|(_, name)| name.clone()).collect());
        }
        let path = self.folder.join(folder);
        let all = || -> io::Result<Vec<String>> {
            fs::read_dir(&path)?
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect()
        };
        match all() {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            other => other.map_err(SealedError::io("list", &path)),
        }
    }

    fn make_folder(&self, folder: &str) -> io::Result<()> {
        let path = self.folder.join(folder);
        if path.exists() {
            return Ok(());
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&path)?;
        sync(&self.folder)?;
        self.folder.parent().map_or(Ok(()), sync)
    }
}

/// A file that is being written; it is one more thing to write Parquet to.
pub struct Sealing {
    shelves: Shelves,
    sealer: Sealer<Out>,
    path: PathBuf,
}

impl Sealing {
    /// Writes all of `plain`. As a [`Write`], a file cannot say as well what went wrong.
    pub fn seal(&mut self, plain: &[u8]) -> Result<(), SealedError> {
        self.sealer.write_all(plain).map_err(writing(&self.path))
    }

    /// Nothing more comes: the file is whole and on the disk, under a name nobody reads.
    pub fn finish(self) -> Result<Finished, SealedError> {
        let finish = || {
            let (out, header) = self.sealer.finish()?;
            if let Out::File { file, .. } = &out
                && header.label.tier.lasts()
            {
                file.sync_all()?;
            }
            Ok((out, header))
        };
        let (out, header) = finish().map_err(writing(&self.path))?;
        Ok(Finished {
            shelves: self.shelves,
            path: self.path,
            out,
            header,
        })
    }
}

impl Write for Sealing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sealer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sealer.flush()
    }
}

/// A whole file that has no name yet. Dropped, it is gone.
pub struct Finished {
    shelves: Shelves,
    path: PathBuf,
    out: Out,
    header: Header,
}

impl Finished {
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Gives it its name, durable on return; a file that had it is replaced.
    pub fn publish(self) -> Result<Header, SealedError> {
        let Label { tier, segment, .. } = self.header.label;
        match self.out {
            Out::File {
                mut temporary,
                file,
            } => {
                let folder = self.shelves.folder.join(tier.word());
                fs::rename(&temporary.0, &self.path)
                    .map(|()| temporary.0.clear())
                    .and_then(|()| match tier.lasts() {
                        true => sync(&folder),
                        false => Ok(()),
                    })
                    .map_err(writing(&self.path))?;
                drop(file);
            }
            Out::Memory(bytes) => {
                // Nothing makes such shelves but `in_memory`.
                if let Some(memory) = &self.shelves.memory {
                    let key = (tier.word(), segment.to_string());
                    guard(memory).insert(key, bytes.into_inner().into());
                }
            }
        }
        Ok(self.header)
    }
}

enum Out {
    File { file: File, temporary: Temporary },
    Memory(Cursor<Vec<u8>>),
}

impl Out {
    /// A file beside `path` that no other writer has. It is locked as long as it is open, so that nobody takes
    /// it for one that a crash left.
    fn file(path: &Path) -> io::Result<Out> {
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        let (process, number) = (std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed));
        let temporary = Temporary(path.with_extension(format!("{process}-{number}.{WRITING}")));
        let file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&temporary.0)?;
        file.lock()?;
        Ok(Out::File { file, temporary })
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Out::File { file, .. } => file.write(bytes),
            Out::Memory(memory) => memory.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Out {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Out::File { file, .. } => file.seek(to),
            Out::Memory(memory) => memory.seek(to),
        }
    }
}

/// The name of a file that is being written, until it has its own and this is empty.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.0.as_os_str().is_empty() {
            // What stays is swept at the next start.
            let _ = fs::remove_file(&self.0);
        }
    }
}

fn writing(path: &Path) -> impl FnOnce(io::Error) -> SealedError {
    SealedError::io("write", path)
}

/// Every change is one insert or one remove: a thread that panicked left the map whole.
fn guard(memory: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Whether nobody is writing it any more.
fn abandoned(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        // Its writer was faster.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Takes a file away; whoever looks meanwhile sees a whole one or none.
fn destroy(path: &Path) -> io::Result<bool> {
    let going = path.with_extension(GOING);
    match fs::rename(path, &going) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        other => other?,
    }
    erase(&going)?;
    Ok(true)
}

/// Overwrites the header and unlinks.
fn erase(path: &Path) -> io::Result<()> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    file.write_all(&[0; HEADER])?;
    file.sync_data()?;
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::crypto::envelope::KEY;
    use crate::engine::ids::AekId;
    use crate::engine::ingestion::segment::KeyClass;

    fn label(tier: Tier, segment: u32) -> Label {
        let (aek, class) = match tier {
            Tier::Cold => (2, KeyClass::Customer),
            Tier::Buffer | Tier::Hot => (1, KeyClass::Microsoft),
        };
        Label {
            tier,
            segment: SegmentId(segment),
            aek: AekId(aek),
            class,
        }
    }

    /// The key of an AEK number.
    fn key(aek: AekId) -> Secret {
        Secret::from(vec![aek.0 as u8; KEY])
    }

    fn put(shelves: &Shelves, label: Label, plain: &[u8]) -> Header {
        shelves.put(label, &key(label.aek), plain).unwrap()
    }

    fn read(shelves: &Shelves, label: Label) -> Result<Bytes, SealedError> {
        shelves.open(label, &key(label.aek))?.read(0..u64::MAX)
    }

    fn both(test: impl Fn(&Shelves)) {
        let dir = tempfile::tempdir().unwrap();
        test(&Shelves::in_folder(dir.path()));
        test(&Shelves::in_memory());
    }

    #[test]
    fn a_file_is_there_whole_once_it_is_published_and_gone_for_good_once_it_is_removed() {
        both(|shelves| {
            let plain = vec![7; BLOCK + 9];
            let cold = label(Tier::Cold, 1);
            let mut begun = shelves.create(cold, &key(cold.aek)).unwrap();
            begun.seal(&plain).unwrap();
            let finished = begun.finish().unwrap();
            assert_eq!(shelves.list(Tier::Cold).unwrap(), []);
            assert_eq!(shelves.size(Tier::Cold, cold.segment).unwrap(), None);
            let header = finished.publish().unwrap();
            put(shelves, label(Tier::Cold, 3), b"other");
            put(shelves, label(Tier::Hot, 2), b"hot");
            assert_eq!(read(shelves, cold).unwrap(), plain);
            assert_eq!(shelves.header(Tier::Cold, cold.segment).unwrap(), header);
            let size = shelves.size(Tier::Cold, cold.segment).unwrap();
            assert_eq!(size, Some(header.sealed()));
            let listed = shelves.list(Tier::Cold).unwrap();
            assert_eq!(listed, [SegmentId(1), SegmentId(3)]);

            let gone = shelves.remove(Tier::Cold, [SegmentId(1), SegmentId(2)]);
            assert_eq!(gone.unwrap(), 1);
            let error = read(shelves, cold).unwrap_err();
            assert!(matches!(error, SealedError::Missing { .. }), "{error}");
            assert_eq!(shelves.list(Tier::Cold).unwrap(), [SegmentId(3)]);
            assert_eq!(shelves.list(Tier::Hot).unwrap(), [SegmentId(2)]);
        });
    }

    #[test]
    fn a_copy_under_another_key_holds_the_same_and_needs_the_other_key() {
        both(|shelves| {
            let (buffer, cold) = (label(Tier::Buffer, 5), label(Tier::Cold, 6));
            let plain: Vec<u8> = (0..2 * BLOCK + 3).map(|n| n as u8).collect();
            put(shelves, buffer, &plain);
            let opened = shelves.open(buffer, &key(buffer.aek)).unwrap();
            let copy = shelves.copy(&opened, cold, &key(cold.aek)).unwrap();
            copy.publish().unwrap();
            assert_eq!(read(shelves, cold).unwrap(), plain);
            assert_eq!(read(shelves, buffer).unwrap(), plain);
            shelves.open(cold, &key(buffer.aek)).err().unwrap();
            let block = |tier, segment| shelves.sealed_block(tier, SegmentId(segment), 0).unwrap();
            assert_eq!(block(Tier::Cold, 6).len(), BLOCK + TAG);
            assert_ne!(block(Tier::Cold, 6), block(Tier::Buffer, 5));
            assert_eq!(
                shelves
                    .sealed_block(Tier::Cold, SegmentId(6), 2)
                    .unwrap()
                    .len(),
                3 + TAG
            );
            let beyond = shelves.sealed_block(Tier::Cold, SegmentId(6), 3).unwrap();
            assert!(beyond.is_empty());
        });
    }

    #[test]
    fn a_damaged_file_is_named_and_goes_into_quarantine_while_others_stay_readable() {
        let dir = tempfile::tempdir().unwrap();
        let shelves = Shelves::in_folder(dir.path());
        for segment in [1, 2] {
            put(&shelves, label(Tier::Cold, segment), b"records");
        }
        for name in ["cold-SEG-000001", "cold-SEG-000001.2"] {
            let bad = label(Tier::Cold, 1);
            put(&shelves, bad, b"records");
            let path = shelves.path(Tier::Cold, SegmentId(1));
            let mut bytes = fs::read(&path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            fs::write(&path, bytes).unwrap();
            let error = read(&shelves, bad).unwrap_err();
            assert!(error.damage().is_some());
            assert!(
                error.to_string().contains("logs/cold/SEG-000001"),
                "{error}"
            );
            let to = shelves.quarantine(Tier::Cold, SegmentId(1)).unwrap();
            assert_eq!(to, dir.path().join("logs/quarantine").join(name));
            assert!(matches!(
                read(&shelves, bad),
                Err(SealedError::Missing { .. })
            ));
        }
        assert_eq!(
            shelves.quarantined().unwrap(),
            ["cold-SEG-000001", "cold-SEG-000001.2"]
        );
        assert_eq!(
            read(&shelves, label(Tier::Cold, 2)).unwrap(),
            &b"records"[..]
        );
        shelves.quarantine(Tier::Cold, SegmentId(9)).unwrap_err();

        let memory = Shelves::in_memory();
        put(&memory, label(Tier::Hot, 1), b"records");
        memory.quarantine(Tier::Hot, SegmentId(1)).unwrap();
        assert_eq!(memory.list(Tier::Hot).unwrap(), []);
        assert_eq!(memory.quarantined().unwrap(), ["hot-SEG-000001"]);
    }

    #[test]
    fn what_a_crash_left_is_swept_and_what_is_being_written_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let shelves = Shelves::in_folder(dir.path());
        let cold = label(Tier::Cold, 1);
        put(&shelves, cold, b"whole");
        let names = || {
            let mut names = shelves.names(Tier::Cold.word()).unwrap();
            names.sort_unstable();
            names
        };
        let folder = dir.path().join("logs/cold");
        fs::write(folder.join("SEG-000002.77-0.writing"), b"half").unwrap();
        fs::write(folder.join("SEG-000003.going"), vec![1; 500]).unwrap();
        let mut begun = shelves
            .create(label(Tier::Cold, 4), &key(AekId(2)))
            .unwrap();
        begun.seal(b"more").unwrap();
        assert_eq!(names().len(), 4);
        assert_eq!(shelves.sweep().unwrap(), 2);
        assert_eq!(shelves.list(Tier::Cold).unwrap(), [SegmentId(1)]);
        begun.finish().unwrap().publish().unwrap();
        // Begun and given up, at either point.
        drop(shelves.create(cold, &key(cold.aek)).unwrap());
        drop(shelves.create(cold, &key(cold.aek)).unwrap().finish());
        assert_eq!(names(), ["SEG-000001", "SEG-000004"]);
        assert_eq!(read(&shelves, cold).unwrap(), &b"whole"[..]);
    }

    #[test]
    fn files_and_folders_are_for_their_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let shelves = Shelves::in_folder(dir.path());
        put(&shelves, label(Tier::Hot, 1), b"x");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&shelves.path(Tier::Hot, SegmentId(1))), 0o600);
        assert_eq!(mode(&dir.path().join("logs")), 0o700);
        assert_eq!(mode(&dir.path().join("logs/hot")), 0o700);
    }

    #[test]
    fn a_removed_file_loses_its_salt_before_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let shelves = Shelves::in_folder(dir.path());
        let hot = label(Tier::Hot, 1);
        put(&shelves, hot, b"x");
        let path = shelves.path(Tier::Hot, SegmentId(1));
        // A second name shows what becomes of the bytes.
        let kept = dir.path().join("kept");
        fs::hard_link(&path, &kept).unwrap();
        shelves.remove(Tier::Hot, [SegmentId(1)]).unwrap();
        let left = fs::read(&kept).unwrap();
        assert_eq!(left[..HEADER], [0; HEADER]);
        fs::write(&path, left).unwrap();
        let error = read(&shelves, hot).unwrap_err();
        assert_eq!(error.damage(), Some(&Damage::Foreign));
    }

    #[test]
    fn a_full_disk_is_told_from_other_trouble() {
        let told = |errno| writing(Path::new("f"))(io::Error::from_raw_os_error(errno));
        for errno in [28, 122] {
            let error = told(errno);
            assert!(matches!(error, SealedError::Full { .. }), "{error}");
            assert!(error.to_string().contains("room"), "{error}");
        }
        assert!(matches!(told(13), SealedError::Io { .. }));
    }
}
