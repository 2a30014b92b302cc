//! The form of a sealed file: what a segment is on disk, whichever shelf it lies on. Knows no folder and no
//! rule; who may have the key is not its business.
//!
//! ```text
//! header 80   magic 6 | format 2 | block size 4 | tier 1 | key class 1 | zero 2 | segment 4 | AEK 4 | salt 32 |
//!             plain length 8 | tag 16
//! blocks      64 KiB | tag 16   … the last one may be shorter
//! ```
//!
//! Numbers are little-endian. The header's tag covers all of it. Every block is sealed by AES-256-GCM under a key
//! of its own, its DEK, derived from the account key, the file's salt and the block's number, and bound to the
//! header (all but the length), its number and whether it is the last. So nothing can be changed, swapped, cut
//! off, added or brought over from another file, and any block can be opened alone.

use std::fmt;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::crypto::envelope::{self, KEY, Source, TAG};
use crate::crypto::{CryptoError, Secret};
use crate::engine::ids::{AekId, SegmentId};
use crate::engine::ingestion::segment::{KeyClass, Segment, Store};
use crate::engine::words::words;

/// Plain bytes of a block; only the last one of a file may have fewer.
pub const BLOCK: usize = 64 * 1024;
/// Bytes before the first block.
pub const HEADER: usize = BOUND + 8 + TAG;

const MAGIC: &[u8; 6] = b"LBXSEG";
/// Version of the layout written by this build. A file with a greater one is refused.
const FORMAT: u16 = 1;
/// The part of the header that every block is bound to: all but the length, which is known last.
const BOUND: usize = 6 + 2 + 4 + 1 + 1 + 2 + 4 + 4 + KEY;

words! {
    /// The shelf a sealed file lies on.
    Tier {
        /// Where it stays.
        Cold = "cold",
        /// What came while the vault was silent (R-CMK-53).
        Buffer = "buffer",
        /// A copy for the query engine, always under a Microsoft key (R-CMK-06).
        Hot = "hot",
    }
}

impl Tier {
    /// Whether a file has to outlive the loss of power. A hot copy is made again, and one that is torn is passed
    /// over for the segment itself.
    pub fn lasts(self) -> bool {
        self != Tier::Hot
    }
}

/// What a sealed file holds and what it is sealed under. It is in the header, and every block is bound to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Label {
    pub tier: Tier,
    pub segment: SegmentId,
    pub aek: AekId,
    pub class: KeyClass,
}

impl Label {
    /// Of the segment itself.
    pub fn of(segment: &Segment) -> Label {
        Label {
            tier: match segment.store {
                Store::Buffer(_) => Tier::Buffer,
                Store::Shared | Store::Cluster(_) => Tier::Cold,
            },
            segment: segment.id,
            aek: segment.aek,
            class: segment.class,
        }
    }

    /// Of its hot copy.
    pub fn hot(segment: &Segment) -> Label {
        Label {
            tier: Tier::Hot,
            segment: segment.id,
            aek: segment.hot_aek,
            class: KeyClass::Microsoft,
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}) under the {} key {}",
            self.segment, self.tier, self.class, self.aek
        )
    }
}

/// Why a sealed file cannot be written, read or opened.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    #[error(
        "{} is missing, and log records of this world are in it. Put it back from a backup of the state directory; other data stays readable.",
        path.display()
    )]
    Missing { path: PathBuf },

    #[error(
        "{} {damage}. Put it back from a backup of the state directory, or move it to the quarantine; other data stays readable.",
        path.display()
    )]
    Damaged { path: PathBuf, damage: Damage },

    #[error(
        "{} has segment format {found}, and this lockbox knows up to {known}. Use a newer lockbox, or another --state directory.",
        path.display()
    )]
    NewerFormat {
        path: PathBuf,
        found: u16,
        known: u16,
    },

    #[error(
        "the disk has no room for {}, and nothing of it was kept. Make room, then try again.",
        path.display()
    )]
    Full { path: PathBuf },

    #[error(
        "cannot {doing} {}: {source}. See that the directory exists, is yours and can be written, or give another one with --state.",
        path.display()
    )]
    Io {
        path: PathBuf,
        doing: &'static str,
        source: io::Error,
    },

    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// What is wrong with a sealed file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("does not begin as a sealed segment does")]
    Foreign,

    #[error("says that it holds {found}, and should hold {wanted}")]
    Other { found: Label, wanted: Label },

    #[error("has a header that was changed, or was sealed with another key than {aek}")]
    Header { aek: AekId },

    #[error("has {found} bytes and should have {wanted}: it was cut off or added to")]
    Length { found: u64, wanted: u64 },

    #[error("holds {found} bytes of records, and the world says {wanted}")]
    Plain { found: u64, wanted: u64 },

    /// Blocks count from 0.
    #[error("has {of} blocks, and block {number} was changed or comes from elsewhere")]
    Block { number: u64, of: u64 },
}

impl SealedError {
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SealedError {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => SealedError::Full { path },
            io::ErrorKind::NotFound => SealedError::Missing { path },
            _ => SealedError::Io {
                path,
                doing,
                source,
            },
        }
    }

    /// What is wrong with the file, when it is the file that is wrong.
    pub fn damage(&self) -> Option<&Damage> {
        match self {
            SealedError::Damaged { damage, .. } => Some(damage),
            _ => None,
        }
    }
}

/// What the header of a file says. Only an opened file's has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub label: Label,
    pub salt: [u8; KEY],
    /// Bytes that are sealed in it.
    pub plain: u64,
}

impl Header {
    pub fn blocks(&self) -> u64 {
        self.plain.div_ceil(BLOCK as u64)
    }

    /// Bytes of the whole file.
    pub fn sealed(&self) -> u64 {
        (self.plain.saturating_add(HEADER as u64))
            .saturating_add(self.blocks().saturating_mul(TAG as u64))
    }

    /// Plain bytes of one block.
    fn block(&self, number: u64) -> usize {
        let rest = self.plain.saturating_sub(number * BLOCK as u64);
        usize::try_from(rest).map_or(BLOCK, |rest| rest.min(BLOCK))
    }

    fn last(&self, number: u64) -> bool {
        number + 1 == self.blocks()
    }

    /// Reads what the first [`HEADER`] bytes say; nothing is checked but their form.
    pub(super) fn read(bytes: &[u8; HEADER], path: &Path) -> Result<Header, SealedError> {
        let foreign = || SealedError::Damaged {
            path: path.to_owned(),
            damage: Damage::Foreign,
        };
        let mut rest = &bytes[..];
        let magic: [u8; 6] = take(&mut rest);
        let found = u16::from_le_bytes(take(&mut rest));
        if magic != *MAGIC {
            return Err(foreign());
        }
        if found > FORMAT {
            return Err(SealedError::NewerFormat {
                path: path.to_owned(),
                found,
                known: FORMAT,
            });
        }
        let block = u32::from_le_bytes(take(&mut rest));
        let [tier, class, zero @ ..]: [u8; 4] = take(&mut rest);
        let tier = Tier::ALL.iter().find(|t| code_of_tier(**t) == tier);
        let class = (KeyClass::ALL.iter()).find(|c| code_of_class(**c) == class);
        let (Some(tier), Some(class)) = (tier, class) else {
            return Err(foreign());
        };
        if found != FORMAT || block as usize != BLOCK || zero != [0; 2] {
            return Err(foreign());
        }
        Ok(Header {
            label: Label {
                tier: *tier,
                class: *class,
                segment: SegmentId(u32::from_le_bytes(take(&mut rest))),
                aek: AekId(u32::from_le_bytes(take(&mut rest))),
            },
            salt: take(&mut rest),
            plain: u64::from_le_bytes(take(&mut rest)),
        })
    }
}

/// The next bytes of a header, which is as long as its parts together.
fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (now, later) = rest.split_first_chunk().unwrap_or((&[0; N], &[]));
    *rest = later;
    *now
}

fn code_of_tier(tier: Tier) -> u8 {
    match tier {
        Tier::Cold => 1,
        Tier::Buffer => 2,
        Tier::Hot => 3,
    }
}

fn code_of_class(class: KeyClass) -> u8 {
    match class {
        KeyClass::Microsoft => 1,
        KeyClass::Customer => 2,
    }
}

/// The keys of one file, and what its blocks are bound to.
struct Seals {
    source: Source,
    bound: [u8; BOUND],
    hash: [u8; 32],
}

impl Seals {
    fn new(label: &Label, salt: &[u8; KEY], aek: &Secret) -> Seals {
        let mut bound = [0; BOUND];
        let parts: [&[u8]; 9] = [
            MAGIC,
            &FORMAT.to_le_bytes(),
            &(BLOCK as u32).to_le_bytes(),
            &[code_of_tier(label.tier)],
            &[code_of_class(label.class)],
            &[0; 2],
            &label.segment.0.to_le_bytes(),
            &label.aek.0.to_le_bytes(),
            salt,
        ];
        let mut at = 0;
        for part in parts {
            bound[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        Seals {
            source: Source::new(aek, salt),
            bound,
            hash: Sha256::digest(bound).into(),
        }
    }

    fn header(&self, plain: u64) -> Result<[u8; HEADER], CryptoError> {
        let mut header = [0; HEADER];
        let (body, tag) = header.split_at_mut(HEADER - TAG);
        body[..BOUND].copy_from_slice(&self.bound);
        body[BOUND..].copy_from_slice(&plain.to_le_bytes());
        tag.copy_from_slice(&self.source.seal(HEADER_KEY, body, &mut [])?);
        Ok(header)
    }

    fn is_header(&self, header: &[u8; HEADER]) -> bool {
        let (body, tag) = header.split_at(HEADER - TAG);
        let mut tag = tag.to_vec();
        body.starts_with(&self.bound) && self.source.open(HEADER_KEY, body, &mut tag).is_ok()
    }

    fn seal(&self, number: u64, last: bool, bytes: &mut [u8]) -> Result<[u8; TAG], CryptoError> {
        let (info, aad) = (dek(number), self.aad(number, last));
        self.source.seal(&info, &aad, bytes)
    }

    /// Opens a block where it is.
    fn open(&self, number: u64, last: bool, sealed: &mut [u8]) -> Result<(), CryptoError> {
        let (info, aad) = (dek(number), self.aad(number, last));
        self.source.open(&info, &aad, sealed).map(|_| ())
    }

    fn aad(&self, number: u64, last: bool) -> [u8; 41] {
        let mut aad = [0; 41];
        aad[..32].copy_from_slice(&self.hash);
        aad[32..40].copy_from_slice(&number.to_le_bytes());
        aad[40] = u8::from(last);
        aad
    }
}

/// What the key that seals the header is derived for.
const HEADER_KEY: &[u8] = b"lockbox segment header";

/// What the key of a block is derived for.
fn dek(number: u64) -> [u8; 29] {
    let mut info = *b"lockbox segment block........";
    info[21..].copy_from_slice(&number.to_le_bytes());
    info
}

/// Seals what is written to it into `W`, block by block, under a salt of its own. Without
/// [`Sealer::finish`] there is no header, and what was written opens never.
pub(super) struct Sealer<W> {
    out: W,
    label: Label,
    salt: [u8; KEY],
    seals: Seals,
    /// Waits until it is known whether it is the last.
    block: Zeroizing<Vec<u8>>,
    number: u64,
    /// A write failed. Bytes that are sealed a second time under the same key are plain again, so nothing more
    /// is written.
    broken: bool,
}

impl<W: Write + Seek> Sealer<W> {
    pub fn new(mut out: W, label: Label, aek: &Secret) -> io::Result<Sealer<W>> {
        let salt = envelope::random_salt().map_err(io::Error::other)?;
        out.write_all(&[0; HEADER])?;
        Ok(Sealer {
            out,
            label,
            salt,
            seals: Seals::new(&label, &salt, aek),
            block: Zeroizing::new(Vec::with_capacity(BLOCK)),
            number: 0,
            broken: false,
        })
    }

    /// Writes the last block and then the header, and gives back where it was written.
    pub fn finish(mut self) -> io::Result<(W, Header)> {
        let plain = self.number * BLOCK as u64 + self.block.len() as u64;
        if !self.block.is_empty() || self.broken {
            self.seal(true)?;
        }
        let header = self.seals.header(plain).map_err(io::Error::other)?;
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&header)?;
        let header = Header {
            label: self.label,
            salt: self.salt,
            plain,
        };
        Ok((self.out, header))
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        if std::mem::replace(&mut self.broken, true) {
            return Err(io::Error::other("an earlier write failed"));
        }
        let tag = self.seals.seal(self.number, last, &mut self.block);
        let tag = tag.map_err(io::Error::other)?;
        self.out.write_all(&self.block)?;
        self.out.write_all(&tag)?;
        self.block.clear();
        self.number += 1;
        self.broken = false;
        Ok(())
    }
}

impl<W: Write + Seek> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.block.len() == BLOCK {
            self.seal(false)?;
        }
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// A block that is not full stays here.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Where the bytes of a sealed file are.
pub(super) enum Raw {
    File(File),
    Memory(Bytes),
}

impl Raw {
    pub fn length(&self) -> io::Result<u64> {
        match self {
            Raw::File(file) => file.metadata().map(|m| m.len()),
            Raw::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }

    pub fn read(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        match self {
            Raw::File(file) => file.read_exact_at(into, offset),
            Raw::Memory(bytes) => {
                let from = usize::try_from(offset).ok();
                let found = from.and_then(|from| bytes.get(from..)?.get(..into.len()));
                into.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }
}

/// A sealed file that was opened with its key: its header is what it was when it was written, and it has the
/// bytes it should have. Its blocks are checked as they are read. It can be read by many at once.
pub struct Sealed {
    path: PathBuf,
    raw: Raw,
    header: Header,
    seals: Seals,
}

impl Sealed {
    pub(super) fn open(
        path: PathBuf,
        raw: Raw,
        wanted: &Label,
        aek: &Secret,
    ) -> Result<Sealed, SealedError> {
        let damaged = |damage| SealedError::Damaged {
            path: path.clone(),
            damage,
        };
        let found = raw.length().map_err(SealedError::io("look at", &path))?;
        if found < HEADER as u64 {
            let wanted = HEADER as u64;
            return Err(damaged(Damage::Length { found, wanted }));
        }
        let mut bytes = [0; HEADER];
        raw.read(0, &mut bytes)
            .map_err(SealedError::io("read", &path))?;
        let header = Header::read(&bytes, &path)?;
        if header.label != *wanted {
            return Err(damaged(Damage::Other {
                found: header.label,
                wanted: *wanted,
            }));
        }
        let seals = Seals::new(wanted, &header.salt, aek);
        if !seals.is_header(&bytes) {
            return Err(damaged(Damage::Header { aek: wanted.aek }));
        }
        let wanted = header.sealed();
        if found != wanted {
            return Err(damaged(Damage::Length { found, wanted }));
        }
        Ok(Sealed {
            path,
            raw,
            header,
            seals,
        })
    }

    pub fn header(&self) -> &Header {
        &self.header
    }

    /// For messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The blocks that `range` of the plain bytes lies in.
    pub fn covering(&self, range: &Range<u64>) -> Range<u64> {
        let end = range.end.min(self.header.plain);
        if range.start >= end {
            return 0..0;
        }
        range.start / BLOCK as u64..end.div_ceil(BLOCK as u64)
    }

    /// The plain bytes of `range`, as far as there are any. Only the blocks they lie in are read and opened.
    pub fn read(&self, range: Range<u64>) -> Result<Bytes, SealedError> {
        let blocks = self.covering(&range);
        if blocks.is_empty() {
            return Ok(Bytes::new());
        }
        // Every block is read to where it will lie, and opened there. The tag behind it is overwritten by the
        // next block.
        let origin = blocks.start * BLOCK as u64;
        let space = (blocks.end - blocks.start) * BLOCK as u64 + TAG as u64;
        let mut plain = Plain(vec![0; to_usize(space)]);
        for number in blocks.clone() {
            let at = to_usize(number * BLOCK as u64 - origin);
            let sealed = &mut plain.0[at..at + self.header.block(number) + TAG];
            self.open_block(number, sealed)?;
        }
        let end = range.end.min(self.header.plain);
        Ok(Bytes::from_owner(plain).slice(to_usize(range.start - origin)..to_usize(end - origin)))
    }

    /// The plain bytes of one block, from 0.
    pub fn block(&self, number: u64) -> Result<Bytes, SealedError> {
        let start = number.saturating_mul(BLOCK as u64);
        self.read(start..start.saturating_add(BLOCK as u64))
    }

    /// Opens every block and tells after each how many were. The first bad one is named.
    pub fn verify(&self, mut opened: impl FnMut(u64)) -> Result<(), SealedError> {
        let mut count = 0;
        self.each_block(|_| {
            count += 1;
            opened(count);
            Ok(())
        })
    }

    /// Gives the plain bytes of every block to `take`, in order.
    pub(super) fn each_block(
        &self,
        mut take: impl FnMut(&[u8]) -> Result<(), SealedError>,
    ) -> Result<(), SealedError> {
        let mut space = Plain(vec![0; BLOCK + TAG]);
        for number in 0..self.header.blocks() {
            let length = self.header.block(number);
            self.open_block(number, &mut space.0[..length + TAG])?;
            take(&space.0[..length])?;
        }
        Ok(())
    }

    fn open_block(&self, number: u64, space: &mut [u8]) -> Result<(), SealedError> {
        self.raw
            .read(block_offset(number), space)
            .map_err(SealedError::io("read", &self.path))?;
        self.seals
            .open(number, self.header.last(number), space)
            .map_err(|error| match error {
                CryptoError::DoesNotOpen => SealedError::Damaged {
                    path: self.path.clone(),
                    damage: Damage::Block {
                        number,
                        of: self.header.blocks(),
                    },
                },
                other => SealedError::Crypto(other),
            })
    }
}

/// Where a block begins in its file.
pub(super) fn block_offset(number: u64) -> u64 {
    number
        .saturating_mul((BLOCK + TAG) as u64)
        .saturating_add(HEADER as u64)
}

/// Lengths of what is in memory; where they are not, there is no memory for it either.
fn to_usize(length: u64) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

/// Opened bytes. They are overwritten when nobody needs them any more: fast, and as far as the compiler lets
/// one without unsafe code.
struct Plain(Vec<u8>);

impl AsRef<[u8]> for Plain {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.0.fill(0);
        std::hint::black_box(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    const LABEL: Label = Label {
        tier: Tier::Cold,
        segment: SegmentId(7),
        aek: AekId(3),
        class: KeyClass::Customer,
    };

    fn key() -> Secret {
        Secret::from(vec![0x42; KEY])
    }

    /// Bytes of which no two blocks are alike.
    fn sample(length: usize) -> Vec<u8> {
        (0..length).map(|n| (n * 31 + n / 251) as u8).collect()
    }

    fn sealed_as(label: Label, plain: &[u8]) -> Vec<u8> {
        let mut sealer = Sealer::new(Cursor::new(Vec::new()), label, &key()).unwrap();
        sealer.write_all(plain).unwrap();
        let (file, header) = sealer.finish().unwrap();
        assert_eq!(header.sealed(), file.get_ref().len() as u64);
        file.into_inner()
    }

    fn opened_as(label: &Label, key: &Secret, file: Vec<u8>) -> Result<Sealed, SealedError> {
        let raw = Raw::Memory(file.into());
        Sealed::open(PathBuf::from("SEG-000007"), raw, label, key)
    }

    /// Reads all of a file.
    fn read(file: Vec<u8>) -> Result<Bytes, SealedError> {
        let opened = opened_as(&LABEL, &key(), file)?;
        opened.verify(|_| {})?;
        opened.read(0..u64::MAX)
    }

    fn damage(file: Vec<u8>) -> Damage {
        match read(file) {
            Err(error) => error.damage().unwrap_or_else(|| panic!("{error}")).clone(),
            Ok(_) => panic!("it opens"),
        }
    }

    /// A file taken apart: its header and its blocks.
    fn parts(file: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let (header, blocks) = file.split_at(HEADER);
        let blocks = blocks.chunks(BLOCK + TAG).map(<[u8]>::to_vec).collect();
        (header.to_vec(), blocks)
    }

    fn file(header: &[u8], blocks: &[Vec<u8>]) -> Vec<u8> {
        [header.to_vec(), blocks.concat()].concat()
    }

    #[test]
    fn a_file_opens_with_its_key_and_its_label_only() {
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 77] {
            let (plain, blocks) = (sample(length), length.div_ceil(BLOCK));
            let file = sealed_as(LABEL, &plain);
            assert_eq!(file.len(), HEADER + length + blocks * TAG);
            assert_eq!(read(file).unwrap(), plain, "{length}");
        }
        let file = sealed_as(LABEL, b"some records");
        let other = Secret::from(vec![0x43; KEY]);
        let error = opened_as(&LABEL, &other, file.clone()).err().unwrap();
        assert_eq!(error.damage(), Some(&Damage::Header { aek: AekId(3) }));
        for wanted in [
            Label {
                tier: Tier::Hot,
                ..LABEL
            },
            Label {
                segment: SegmentId(8),
                ..LABEL
            },
            Label {
                aek: AekId(4),
                ..LABEL
            },
            Label {
                class: KeyClass::Microsoft,
                ..LABEL
            },
        ] {
            let error = opened_as(&wanted, &key(), file.clone()).err().unwrap();
            let found = LABEL;
            assert_eq!(error.damage(), Some(&Damage::Other { found, wanted }));
        }
    }

    #[test]
    fn a_flip_of_any_byte_is_detected_and_its_block_named() {
        let file = sealed_as(LABEL, &sample(BLOCK + 500));
        for at in 0..file.len() {
            for bits in [0x01, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[at] ^= bits;
                let block = (at.checked_sub(HEADER)).map(|at| (at / (BLOCK + TAG)) as u64);
                let found = opened_as(&LABEL, &key(), changed)
                    .and_then(|opened| opened.verify(|_| {}))
                    .expect_err("a changed file opens");
                match (block, found) {
                    (Some(wanted), SealedError::Damaged { damage, .. }) => {
                        let block = Damage::Block {
                            number: wanted,
                            of: 2,
                        };
                        assert_eq!(damage, block, "{at}");
                    }
                    (None, SealedError::Damaged { .. } | SealedError::NewerFormat { .. }) => {}
                    (_, other) => panic!("{at}: {other}"),
                }
            }
        }
    }

    #[test]
    fn a_swap_of_any_two_blocks_is_detected() {
        let original = sealed_as(LABEL, &sample(3 * BLOCK + 500));
        let (header, blocks) = parts(&original);
        for one in 0..blocks.len() {
            for other in 0..one {
                let mut swapped = blocks.clone();
                swapped.swap(one, other);
                let found = damage(file(&header, &swapped));
                assert!(
                    matches!(found, Damage::Block { number, of: 4 } if number == other as u64),
                    "{one} {other}: {found}"
                );
            }
        }
    }

    #[test]
    fn a_block_or_a_header_of_any_other_file_is_detected() {
        let plain = sample(2 * BLOCK + 500);
        let (header, blocks) = parts(&sealed_as(LABEL, &plain));
        let neighbours = [
            // The same records sealed before: an older file of this name.
            LABEL,
            Label {
                segment: SegmentId(6),
                ..LABEL
            },
            Label {
                tier: Tier::Hot,
                class: KeyClass::Microsoft,
                ..LABEL
            },
        ];
        for neighbour in neighbours {
            let (other_header, other_blocks) = parts(&sealed_as(neighbour, &plain));
            for (at, _) in blocks.iter().enumerate() {
                for replay in &other_blocks {
                    let mut mixed = blocks.clone();
                    mixed[at] = replay.clone();
                    damage(file(&header, &mixed));
                }
            }
            damage(file(&other_header, &blocks));
            damage(file(&header, &other_blocks));
            // Only what is bound to the label changes hands, the salt and the tag stay.
            let mut relabelled = other_header.clone();
            relabelled[BOUND - KEY..].copy_from_slice(&header[BOUND - KEY..]);
            relabelled[..BOUND - KEY].copy_from_slice(&header[..BOUND - KEY]);
            relabelled[BOUND..].copy_from_slice(&other_header[BOUND..]);
            damage(file(&relabelled, &other_blocks));
        }
    }

    #[test]
    fn a_file_that_was_cut_off_or_added_to_is_detected() {
        let original = sealed_as(LABEL, &sample(2 * BLOCK + 500));
        let boundaries = (0..=3).map(|n| HEADER + n * (BLOCK + TAG));
        let cuts: Vec<usize> = boundaries
            .flat_map(|at| [at.saturating_sub(1), at, at + 1, at + TAG, at + BLOCK])
            .chain(0..HEADER)
            .chain(original.len() - 600..original.len())
            .filter(|length| *length < original.len())
            .collect();
        let whole = original.len() as u64;
        for length in cuts {
            let cut = original[..length].to_vec();
            match damage(cut.clone()) {
                Damage::Length { found, wanted } => {
                    assert_eq!(found, length as u64);
                    assert!(wanted == whole || length < HEADER);
                }
                other => panic!("{length}: {other}"),
            }
            // With a header that says so, too: whoever cuts writes the length anew.
            if length > HEADER {
                let rest = (length - HEADER) as u64;
                let tags = rest.div_ceil((BLOCK + TAG) as u64) * TAG as u64;
                let plain = rest.saturating_sub(tags);
                let mut honest = cut;
                honest[BOUND..BOUND + 8].copy_from_slice(&plain.to_le_bytes());
                assert_eq!(damage(honest), Damage::Header { aek: AekId(3) });
            }
        }
        let (header, blocks) = parts(&original);
        for more in [vec![0], vec![0; TAG], blocks[2].clone(), blocks[0].clone()] {
            let longer = [original.clone(), more].concat();
            assert!(matches!(damage(longer), Damage::Length { .. }));
        }
        // A whole number of blocks fewer or more, at either end.
        for kept in [&blocks[1..], &blocks[..2], &[]] {
            damage(file(&header, kept));
        }
        damage(file(&header, &[&blocks[..1], &blocks[..]].concat()));
    }

    #[test]
    fn only_the_blocks_of_a_range_are_opened() {
        let mut file = sealed_as(LABEL, &sample(3 * BLOCK));
        file[HEADER + BLOCK + TAG] ^= 1;
        let opened = opened_as(&LABEL, &key(), file).unwrap();
        let block = BLOCK as u64;
        let plain = sample(3 * BLOCK);
        assert_eq!(opened.block(0).unwrap(), plain[..BLOCK]);
        assert_eq!(opened.block(2).unwrap(), plain[2 * BLOCK..]);
        assert_eq!(opened.block(3).unwrap().len(), 0);
        assert_eq!(opened.covering(&(block - 1..block + 1)), 0..2);
        let error = opened.read(block - 1..block + 1).unwrap_err();
        assert_eq!(error.damage(), Some(&Damage::Block { number: 1, of: 3 }));
        let mut seen = Vec::new();
        opened.verify(|n| seen.push(n)).unwrap_err();
        assert_eq!(seen, [1]);
        assert!(error.to_string().contains("SEG-000007"), "{error}");
    }

    /// Fails once, and takes everything before and after.
    struct Hiccup {
        taken: Vec<u8>,
        writes: usize,
        fails: usize,
    }

    impl Write for Hiccup {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.writes += 1;
            if self.writes == self.fails {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.taken.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Seek for Hiccup {
        fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
            Ok(0)
        }
    }

    #[test]
    fn whoever_goes_on_after_a_failed_write_gets_neither_a_file_nor_a_plain_byte() {
        let plain = b"PLAIN!".repeat(50_000);
        // The header's place, and then a block and its tag in turn.
        for fails in 2..=9 {
            let out = Hiccup {
                taken: Vec::new(),
                writes: 0,
                fails,
            };
            let mut sealer = Sealer::new(out, LABEL, &key()).unwrap();
            let mut rest = &plain[..];
            let mut failed = 0;
            while !rest.is_empty() && failed < 9 {
                match sealer.write(rest) {
                    Ok(taken) => rest = &rest[taken..],
                    Err(_) => failed += 1,
                }
            }
            let taken = &sealer.out.taken;
            let seen = taken.windows(12).any(|bytes| bytes == b"PLAIN!PLAIN!");
            assert!(!seen && failed == 9, "{fails}");
            assert!(sealer.finish().is_err());
        }
    }

    #[test]
    fn a_file_of_a_later_format_and_one_of_something_else_say_so() {
        let mut newer = sealed_as(LABEL, b"x");
        newer[6] = 9;
        let error = read(newer).unwrap_err();
        assert!(matches!(error, SealedError::NewerFormat { found: 9, .. }));
        assert_eq!(damage(b"PAR1".repeat(100)), Damage::Foreign);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_range_of_any_file_comes_back_however_it_was_written(
            length in 0..4 * BLOCK,
            pieces in prop::collection::vec(1..2 * BLOCK, 1..6),
            from in 0..4 * BLOCK as u64,
            span in 0..4 * BLOCK as u64,
        ) {
            let plain = sample(length);
            let mut sealer = Sealer::new(Cursor::new(Vec::new()), LABEL, &key()).unwrap();
            let mut rest = &plain[..];
            for piece in pieces.iter().cycle() {
                let (now, later) = rest.split_at((*piece).min(rest.len()));
                sealer.write_all(now).unwrap();
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            let file = sealer.finish().unwrap().0.into_inner();
            let opened = opened_as(&LABEL, &key(), file).unwrap();
            let end = length.min((from + span) as usize);
            let wanted = plain.get(from as usize..end).unwrap_or_default();
            prop_assert_eq!(opened.read(from..from + span).unwrap(), wanted);
        }

        #[test]
        fn any_change_of_any_file_is_detected(
            length in 1..3 * BLOCK,
            at in any::<prop::sample::Index>(),
            to in any::<prop::sample::Index>(),
            change in 0..4_u8,
            bits in 1..=255_u8,
        ) {
            let original = sealed_as(LABEL, &sample(length));
            let (at, to) = (at.index(original.len()), to.index(original.len()));
            let mut changed = original.clone();
            match change {
                0 => changed[at] ^= bits,
                1 => changed.truncate(at),
                2 => changed.insert(at, bits),
                _ => changed.copy_within(at.min(to)..at.max(to), 0),
            }
            if changed != original {
                prop_assert!(read(changed).is_err());
            }
        }
    }
}
