//! Snapshots: the folded World in a file, so that opening reads only the tail of the journal. Disposable:
//! whatever is wrong with one, it is passed over and the fold starts earlier.
//!
//! They lie beside the database and not in it, because writing a big one there would hold SQLite's only
//! write lock for as long as it takes.
//!
//! ```text
//! magic 8 | engine 16 | revision 8 | chain hash 32 | SHA-256 of all other bytes 32 | World in postcard
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::journal::Hash;
use crate::engine::World;
use crate::engine::ids::Revision;
use crate::sharing::sharing;

const MAGIC: &[u8; 8] = b"LBXSNAP1";
/// A hash of the engine's sources, made by `build.rs`.
const ENGINE: &str = env!("LOCKBOX_ENGINE");
const HEAD: usize = 8 + 16 + 8 + 32;
/// The newest ones kept; the older is there in case the newer is bad.
const KEPT: usize = 2;

fn file_name(revision: Revision) -> String {
    format!("{:012}.snapshot", revision.0)
}

/// Writes one and throws old ones away.
pub(super) fn write(folder: &Path, hash: &Hash, world: &World) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let body = postcard::to_stdvec(world).map_err(io::Error::other)?;
    let mut head = Vec::with_capacity(HEAD);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(ENGINE.as_bytes());
    head.extend_from_slice(&world.revision.0.to_le_bytes());
    head.extend_from_slice(hash);
    let digest = Sha256::new()
        .chain_update(&head)
        .chain_update(&body)
        .finalize();
    let name = file_name(world.revision);
    let temporary = folder.join(format!("{name}.{}", std::process::id()));
    let mut file = File::create(&temporary)?;
    file.write_all(&head)?;
    file.write_all(&digest)?;
    file.write_all(&body)?;
    drop(file);
    fs::rename(&temporary, folder.join(&name))?;
    for (_, old) in list(folder).into_iter().skip(KEPT) {
        fs::remove_file(old)?;
    }
    Ok(())
}

/// What lies in the folder, newest first.
pub(super) fn list(folder: &Path) -> Vec<(Revision, PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<(Revision, PathBuf)> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?;
            let number = name.strip_suffix(".snapshot")?.parse().ok()?;
            Some((Revision(number), path))
        })
        .collect();
    found.sort_by(|a, b| b.cmp(a));
    found
}

/// The world in a snapshot file with the chain hash it was taken at, when it is whole and of this engine.
pub(super) fn read(path: &Path, revision: Revision) -> Option<(Hash, World)> {
    let bytes = fs::read(path).ok()?;
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let (digest, body) = rest.split_at_checked(32)?;
    let head = head.strip_prefix(MAGIC)?.strip_prefix(ENGINE.as_bytes())?;
    let (number, hash) = head.split_first_chunk::<8>()?;
    let whole = Sha256::new()
        .chain_update(&bytes[..HEAD])
        .chain_update(body)
        .finalize();
    if u64::from_le_bytes(*number) != revision.0 || whole[..] != *digest {
        return None;
    }
    let world: World = sharing(|| postcard::from_bytes(body)).ok()?;
    (world.revision == revision).then_some(())?;
    Some((hash.try_into().ok()?, world))
}
