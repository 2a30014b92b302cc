//! From an input to plain UTF-8 bytes: gzip opened within its bounds, the byte order mark taken off.

use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use super::limits;
use super::stop::Stop;

pub(super) type Input = Box<dyn Read + Send>;

/// How many bytes tell the format.
const HEAD: u64 = 64 * 1024;

/// The input as plain bytes, and its first ones.
pub(super) struct Source {
    pub input: Input,
    pub head: Vec<u8>,
}

/// `arrived` counts the bytes taken from the input as it is, compressed or not.
pub(super) fn open(input: Input, arrived: Arc<AtomicU64>) -> Result<Source, Stop> {
    let counted = Counted {
        input,
        taken: arrived.clone(),
    };
    let (head, whole) = peek(Box::new(counted), 2)?;
    let plain: Input = if head == [0x1f, 0x8b] {
        Box::new(Guard {
            input: MultiGzDecoder::new(BufReader::with_capacity(256 * 1024, whole)),
            compressed: arrived,
            expanded: 0,
        })
    } else {
        whole
    };
    let (mut head, mut input) = peek(plain, HEAD)?;
    match head.as_slice() {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Err(Stop::Encoding("UTF-32")),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => return Err(Stop::Encoding("UTF-16")),
        [0xef, 0xbb, 0xbf, ..] => {
            let mut mark = [0; 3];
            input.read_exact(&mut mark).map_err(|e| stopped(0, e))?;
            head.drain(..3);
        }
        _ => {}
    }
    Ok(Source { input, head })
}

/// The first bytes, and the input with them still in it.
fn peek(mut input: Input, n: u64) -> Result<(Vec<u8>, Input), Stop> {
    let mut head = Vec::new();
    match (&mut input).take(n).read_to_end(&mut head) {
        Ok(_) => {}
        // What was read is worth having; the error comes again or the end does.
        Err(error) if !head.is_empty() => {
            let rest = Cursor::new(head.clone()).chain(Broken(Some(error)));
            return Ok((head, Box::new(rest)));
        }
        Err(error) => return Err(stopped(0, error)),
    }
    let whole = Cursor::new(head.clone()).chain(input);
    Ok((head, Box::new(whole)))
}

/// The reason behind a read that failed.
pub(super) fn stopped(offset: u64, error: io::Error) -> Stop {
    error
        .downcast::<Stop>()
        .unwrap_or_else(|source| Stop::Read { offset, source })
}

struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

struct Counted {
    input: Input,
    taken: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(into)?;
        self.taken.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Ends a gzip stream that gives far more than it holds.
struct Guard<R> {
    input: R,
    compressed: Arc<AtomicU64>,
    expanded: u64,
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(into)?;
        self.expanded += n as u64;
        let compressed = self.compressed.load(Ordering::Relaxed);
        if self.expanded > limits::GZIP_FREE
            && self.expanded / limits::GZIP_RATIO > compressed.max(1)
        {
            return Err(io::Error::other(Stop::Bomb {
                compressed,
                expanded: self.expanded,
            }));
        }
        Ok(n)
    }
}
