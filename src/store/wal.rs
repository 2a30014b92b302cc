//! Looks at SQLite's write-ahead log before SQLite does.
//!
//! SQLite takes the log up to its first frame with a wrong checksum and forgets the rest without a word:
//! right for the torn end of a crash, wrong for a byte that was flipped in the middle, because acknowledged
//! events would vanish. Every transaction is durable before the next one begins, so two commits behind a
//! bad frame prove that the frame was whole once. The format: <https://sqlite.org/fileformat2.html#walformat>.

use std::fs;
use std::io;
use std::path::Path;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// What is wrong with the log, if anything is.
pub(super) fn damage(path: &Path) -> io::Result<Option<&'static str>> {
    let read = || match fs::read(path) {
        Ok(bytes) => Ok(bytes),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e),
    };
    let mut bytes = read()?;
    loop {
        let Some((end, found)) = inspect(&bytes) else {
            return Ok(None);
        };
        // One read is not one moment: a process may have finished this frame, or begun the log anew, while
        // the commits behind it were read. Damage is what a second read, begun after those commits, sees too.
        let again = read()?;
        if again.get(..end) == bytes.get(..end) {
            return Ok(Some(found));
        }
        bytes = again;
    }
}

/// What is wrong, and where the part ends that shows it.
fn inspect(bytes: &[u8]) -> Option<(usize, &'static str)> {
    let (header, mut frames) = bytes.split_at_checked(HEADER)?;
    if header.iter().all(|b| *b == 0) {
        return None;
    }
    let big_endian = match word(header, 0) {
        0x377f_0682 => false,
        0x377f_0683 => true,
        _ => return Some((HEADER, "the header of its write-ahead log cannot be read")),
    };
    let mut sum = checksum((0, 0), &header[..24], big_endian);
    if sum != (word(header, 24), word(header, 28)) {
        return Some((
            HEADER,
            "the header of its write-ahead log does not fit its checksum",
        ));
    }
    let page = word(header, 8) as usize;
    let salts = &header[16..24];
    let (mut end, mut bad, mut commits_behind) = (HEADER, false, 0);
    while let Some((frame, rest)) = frames.split_at_checked(FRAME_HEADER + page) {
        frames = rest;
        let is_commit = word(frame, 4) != 0;
        let ours = frame[8..16] == *salts;
        if bad {
            commits_behind += u32::from(ours && is_commit);
            continue;
        }
        end += frame.len();
        sum = checksum(sum, &frame[..8], big_endian);
        sum = checksum(sum, &frame[FRAME_HEADER..], big_endian);
        bad = !ours || sum != (word(frame, 16), word(frame, 20));
    }
    (commits_behind >= 2).then_some((
        end,
        "a frame of its write-ahead log does not fit its checksum",
    ))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..at + 4)
        .and_then(|b| b.try_into().ok())
        .map_or(0, u32::from_be_bytes)
}

fn checksum((mut a, mut b): (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    let (pairs, _) = bytes.as_chunks::<8>();
    for [p, q, r, s, t, u, v, w] in pairs {
        let (x, y) = ([*p, *q, *r, *s], [*t, *u, *v, *w]);
        let (x, y) = if big_endian {
            (u32::from_be_bytes(x), u32::from_be_bytes(y))
        } else {
            (u32::from_le_bytes(x), u32::from_le_bytes(y))
        };
        a = a.wrapping_add(x).wrapping_add(b);
        b = b.wrapping_add(y).wrapping_add(a);
    }
    (a, b)
}
