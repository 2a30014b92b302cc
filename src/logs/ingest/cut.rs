//! Plain bytes into blocks of whole records. A record that is too long is skipped as it is read; no more of it
//! is held than a reject shows.

use std::io::Read;

use memchr::{memchr, memchr_iter, memchr2};

use super::format::Format;
use super::limits;
use super::reject::Fault;
use super::source::{Input, stopped};
use super::stop::Stop;

/// Where a record stands in its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    pub start: usize,
    pub end: usize,
    /// The line it begins in, from 1.
    pub line: u64,
}

/// Whole records, one after the other.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub bytes: Vec<u8>,
    pub records: Vec<Record>,
    /// What cannot be a record: the line, why, and how it begins.
    pub faults: Vec<(u64, Fault, Vec<u8>)>,
    /// Bytes of the whole input up to the end of this block.
    pub end_offset: u64,
    /// The line that follows.
    pub next_line: u64,
}

pub(super) struct Blocks {
    input: Input,
    shape: Shape,
    /// Read and not yet given out.
    pending: Vec<u8>,
    offset: u64,
    line: u64,
    ended: bool,
    failed: Option<Stop>,
}

impl Blocks {
    pub fn new(input: Input, format: Format) -> Blocks {
        Blocks {
            input,
            shape: Shape::new(format),
            pending: Vec::new(),
            offset: 0,
            line: 1,
            ended: false,
            failed: None,
        }
    }

    /// The offset and the line of what comes next.
    pub fn at(&self) -> (u64, u64) {
        (self.offset, self.line)
    }

    /// Takes the first record away: the header of a CSV input. None: there is none.
    pub fn header(&mut self) -> Result<Option<Vec<u8>>, Stop> {
        self.fill();
        let end = match self.shape.end(&self.pending) {
            Some((end, next)) => Some((end, next)),
            None if self.ended && !self.pending.is_empty() => {
                Some((self.pending.len(), self.pending.len()))
            }
            None => None,
        };
        self.shape.begin();
        let Some((end, next)) = end else {
            return match self.failed.take() {
                Some(stop) => Err(stop),
                None if self.pending.is_empty() => Ok(None),
                None => Err(Stop::Header("it is too long".to_owned())),
            };
        };
        let header = self.pending[..end].to_vec();
        self.pass(next);
        Ok(Some(header))
    }

    /// Goes on where an earlier reading of the same input ended.
    pub fn skip_to(&mut self, offset: u64) -> Result<(), Stop> {
        while self.offset < offset {
            self.fill();
            let n = (offset - self.offset).min(self.pending.len() as u64) as usize;
            if n == 0 {
                return self.failed.take().map_or(Ok(()), Err);
            }
            self.pass(n);
        }
        if offset > 0 {
            self.shape.resume();
        }
        Ok(())
    }

    fn pass(&mut self, n: usize) {
        self.line += newlines(&self.pending[..n]);
        self.offset += n as u64;
        self.pending.drain(..n);
    }

    /// Reads until a block is full or the input ends.
    fn fill(&mut self) {
        let wanted = limits::BLOCK.saturating_sub(self.pending.len()) as u64;
        if wanted == 0 || self.ended || self.failed.is_some() {
            return;
        }
        self.pending.reserve(wanted as usize);
        match (&mut self.input)
            .take(wanted)
            .read_to_end(&mut self.pending)
        {
            Ok(n) => self.ended = (n as u64) < wanted,
            Err(error) => {
                self.failed = Some(stopped(self.offset + self.pending.len() as u64, error));
            }
        }
    }

    /// The next block; None at the end. An error comes after all that could be read.
    pub fn next(&mut self) -> Result<Option<Block>, Stop> {
        self.fill();
        if self.pending.is_empty() {
            return self.failed.take().map_or(Ok(None), Err);
        }
        let mut block = Block {
            bytes: std::mem::take(&mut self.pending),
            ..Block::default()
        };
        let mut at = 0;
        loop {
            let lead = self.shape.lead(&block.bytes[at..]);
            let start = at + lead;
            if self.shape.counts_lines() {
                self.line += newlines(&block.bytes[at..start]);
            }
            at = start;
            if start == block.bytes.len() {
                break;
            }
            match self.shape.end(&block.bytes[start..]) {
                Some((length, next)) => {
                    self.add(&mut block, start, start + length);
                    at = start + next;
                }
                None if self.ended => {
                    let end = block.bytes.len();
                    match self.shape.cut_short() {
                        Some(why) => block.fault(self.line, start, end, why),
                        None => self.add(&mut block, start, end),
                    }
                    at = end;
                    break;
                }
                None => break,
            }
        }
        let partial = block.bytes.len() - at;
        // Begun anew from its start with the bytes that follow.
        self.shape.begin();
        if partial > limits::RECORD {
            self.offset += at as u64;
            self.skip(&mut block, at);
        } else {
            self.pending = Vec::with_capacity(limits::BLOCK);
            self.pending.extend_from_slice(&block.bytes[at..]);
            self.offset += at as u64;
        }
        if self.ended
            && self.pending.is_empty()
            && let Some(why) = self.shape.never_closed()
        {
            block
                .faults
                .push((self.line, Fault::record(why), Vec::new()));
        }
        if at == 0 && block.records.is_empty() && block.faults.is_empty() {
            // The input failed within its first record.
            if let Some(stop) = self.failed.take() {
                return Err(stop);
            }
        }
        if self.failed.is_some() {
            // What is left is the beginning of a record whose end nobody can read.
            self.pending.clear();
        }
        block.end_offset = self.offset;
        block.next_line = self.line;
        Ok(Some(block))
    }

    fn add(&mut self, block: &mut Block, start: usize, end: usize) {
        let line = self.line;
        let within = &block.bytes[start..end];
        self.line += match self.shape.counts_lines() {
            true => newlines(within) + self.shape.newline_after(),
            false => 1,
        };
        if within.len() > limits::RECORD {
            block.fault(line, start, end, too_long(within.len() as u64));
        } else if !within.trim_ascii().is_empty() {
            block.records.push(Record { start, end, line });
        }
    }

    /// Reads on to the end of a record that began at `start` and is too long, holding none of it.
    fn skip(&mut self, block: &mut Block, start: usize) {
        let line = self.line;
        let head = block.bytes[start..start + limits::REJECT_TEXT + 1].to_vec();
        let mut part = block.bytes[start..].to_vec();
        let mut length = 0;
        loop {
            match self.shape.end(&part) {
                Some((end, next)) => {
                    length += end as u64;
                    self.line += newlines(&part[..next]);
                    self.offset += next as u64;
                    self.pending = part.split_off(next);
                    break;
                }
                None => {
                    length += part.len() as u64;
                    self.line += newlines(&part);
                    self.offset += part.len() as u64;
                    part.clear();
                    self.pending = part;
                    self.fill();
                    part = std::mem::take(&mut self.pending);
                    if part.is_empty() {
                        break;
                    }
                }
            }
        }
        self.shape.begin();
        block
            .faults
            .push((line, Fault::record(too_long(length)), head));
    }
}

impl Block {
    fn fault(&mut self, line: u64, start: usize, end: usize, why: impl Into<String>) {
        let head = end.min(start + limits::REJECT_TEXT + 1);
        let text = self.bytes[start..head].to_vec();
        self.faults.push((line, Fault::record(why), text));
    }
}

fn too_long(bytes: u64) -> String {
    format!(
        "the record has {bytes} bytes; at most {} are taken",
        limits::RECORD
    )
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

/// How records follow each other; what is kept of the record being cut, so that it can be cut in parts.
enum Shape {
    Lines,
    Csv(Csv),
    Array(Array),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Csv {
    FieldStart,
    Plain,
    Quoted,
    /// A quote within quotes: doubled, or the end.
    Quote,
}

#[derive(Clone, Copy)]
struct Array {
    place: Place,
    depth: usize,
    in_text: bool,
    escaped: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Before,
    /// An earlier reading ended here; the array may be closed already.
    Resumed,
    Within,
    After,
}

impl Shape {
    fn new(format: Format) -> Shape {
        match format {
            Format::Ndjson | Format::Syslog => Shape::Lines,
            Format::Csv => Shape::Csv(Csv::FieldStart),
            Format::Json => Shape::Array(Array {
                place: Place::Before,
                depth: 0,
                in_text: false,
                escaped: false,
            }),
        }
    }

    /// At the start of a record.
    fn begin(&mut self) {
        match self {
            Shape::Lines => {}
            Shape::Csv(state) => *state = Csv::FieldStart,
            Shape::Array(array) => {
                (array.depth, array.in_text, array.escaped) = (0, false, false);
            }
        }
    }

    /// Between two records, somewhere in the input.
    fn resume(&mut self) {
        if let Shape::Array(array) = self {
            array.place = Place::Resumed;
        }
    }

    /// Whether records may span lines, so that lines are counted by themselves.
    fn counts_lines(&self) -> bool {
        !matches!(self, Shape::Lines)
    }

    /// The line end after a record that is no part of it.
    fn newline_after(&self) -> u64 {
        u64::from(matches!(self, Shape::Csv(_)))
    }

    /// How many bytes come before the next record.
    fn lead(&mut self, bytes: &[u8]) -> usize {
        let Shape::Array(array) = self else {
            return 0;
        };
        for (i, b) in bytes.iter().enumerate() {
            match (b, array.place) {
                (b' ' | b'\t' | b'\r' | b'\n', _) | (b',', Place::Within | Place::Resumed) => {}
                (b'[', Place::Before) => array.place = Place::Within,
                (b']', Place::Within | Place::Resumed) => array.place = Place::After,
                _ => return i,
            }
        }
        bytes.len()
    }

    /// Where the record that begins, or goes on, at the first byte ends, and where the bytes after it begin.
    /// None: not within these bytes.
    fn end(&mut self, bytes: &[u8]) -> Option<(usize, usize)> {
        match self {
            Shape::Lines => line_end(bytes, memchr(b'\n', bytes)?),
            Shape::Csv(state) => {
                let mut at = 0;
                loop {
                    let rest = &bytes[at..];
                    let b = *rest.first()?;
                    match (*state, b) {
                        (Csv::FieldStart, b'"') => *state = Csv::Quoted,
                        (Csv::Quoted, _) => {
                            at += memchr(b'"', rest)?;
                            *state = Csv::Quote;
                        }
                        (Csv::Quote, b'"') => *state = Csv::Quoted,
                        (_, b',') => *state = Csv::FieldStart,
                        (_, b'\n') => {
                            *state = Csv::FieldStart;
                            return line_end(bytes, at);
                        }
                        _ => {
                            *state = Csv::Plain;
                            at += memchr2(b',', b'\n', rest)?;
                            continue;
                        }
                    }
                    at += 1;
                }
            }
            Shape::Array(array) => array.end(bytes),
        }
    }

    /// Why the input must not end here, within a record.
    fn cut_short(&self) -> Option<&'static str> {
        match self {
            Shape::Csv(Csv::Quoted) => Some("the input ends within quotes"),
            Shape::Array(array) => Some(match array.place {
                Place::Before => "the input is no JSON array",
                Place::Within | Place::Resumed => "the input ends within a record",
                Place::After => "text follows the end of the array",
            }),
            _ => None,
        }
    }

    /// Why the input must not end here, between records.
    fn never_closed(&mut self) -> Option<&'static str> {
        match self {
            Shape::Array(array) if array.place == Place::Within => {
                array.place = Place::After;
                Some("the array is not closed")
            }
            _ => None,
        }
    }
}

/// A line without its end, which may be CR LF.
fn line_end(bytes: &[u8], newline: usize) -> Option<(usize, usize)> {
    let end = match newline.checked_sub(1).map(|i| bytes[i]) {
        Some(b'\r') => newline - 1,
        _ => newline,
    };
    Some((end, newline + 1))
}

impl Array {
    fn end(&mut self, bytes: &[u8]) -> Option<(usize, usize)> {
        match self.place {
            Place::Within => {}
            Place::Resumed => self.place = Place::Within,
            Place::Before | Place::After => return None,
        }
        let mut at = 0;
        while at < bytes.len() {
            let b = bytes[at];
            if self.escaped {
                self.escaped = false;
            } else if self.in_text {
                at += memchr2(b'"', b'\\', &bytes[at..])?;
                match bytes[at] {
                    b'"' => self.in_text = false,
                    _ => self.escaped = true,
                }
                if !self.in_text && self.depth == 0 {
                    return Some((at + 1, at + 1));
                }
            } else {
                match b {
                    b'"' => self.in_text = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' if self.depth > 0 => {
                        self.depth -= 1;
                        if self.depth == 0 {
                            return Some((at + 1, at + 1));
                        }
                    }
                    // A bare value, or a bracket that closes nothing: no record, but it must end.
                    b'}' if at == 0 => return Some((1, 1)),
                    b',' | b']' | b'}' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => {
                        return Some((at, at));
                    }
                    _ => {}
                }
            }
            at += 1;
        }
        None
    }
}
