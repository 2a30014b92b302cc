//! `lockbox ingest`: a file of log records into a table of a workspace, block by block. A block is on the record
//! when it is told; a file that was not ingested to its end can be gone on with.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::context::Context;
use super::failure::{Failure, REFUSED, USAGE};
use super::meter::{self, Meter};
use super::print::{self, Block as Part, Page, field};
use super::session::Session;
use super::shape::logs::OnDisk;
use super::{names, shape};
use crate::engine::event::Fact;
use crate::engine::ids::{ResourceId, TableName};
use crate::engine::ingestion::route::Loss;
use crate::engine::ingestion::schema::Columns;
use crate::engine::ingestion::segment::Segment;
use crate::engine::ingestion::table::Amount;
use crate::engine::ingestion::{self, Arrival, Done, Source};
use crate::logs::ingest::{Chunk, Format, Ingest, Stop};
use crate::runtime::Block;

#[derive(Debug, Args)]
pub struct IngestArgs {
    /// File of records, perhaps gzipped; - is standard input
    file: PathBuf,
    #[arg(long, value_name = "WORKSPACE")]
    workspace: String,
    /// A built-in table, or one of your own that ends in _CL
    #[arg(long, value_name = "TABLE")]
    table: TableName,
    /// How the records are written: auto (told from the first bytes), ndjson, json, csv or syslog
    #[arg(long, value_name = "FORMAT", default_value = "auto", value_parser = input_format(), hide_possible_values = true)]
    input_format: InputFormat,
    /// Go on where an ingestion of the same file was interrupted
    #[arg(long)]
    resume: bool,
    /// Ingest a file anew that was interrupted; what is in already is then there twice
    #[arg(long, conflicts_with = "resume")]
    from_start: bool,
    /// Bytes of the input that make a block, and so a segment [default: 128 MiB]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    block: Option<u64>,
    /// Where records that cannot be read go, with line and reason [default: FILE.rejects]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
}

/// None is told from the input.
#[derive(Debug, Clone, Copy)]
struct InputFormat(Option<Format>);

fn input_format() -> impl TypedValueParser<Value = InputFormat> {
    let words = Format::ALL.iter().map(|format| format.word());
    PossibleValuesParser::new(["auto"].into_iter().chain(words)).map(|word| {
        // Every word but `auto` is a format.
        InputFormat(word.parse().ok())
    })
}

pub fn run(args: IngestArgs, context: &Context) -> Result<(), Failure> {
    let mut session = context.session()?;
    let workspace = session
        .world()
        .find_workspace(session.actor(), &args.workspace)?;
    may(&session, &workspace, &args.table)?;
    let input = Input::open(&args.file)?;
    let begun = begun(&session, &workspace, &args, &input)?;
    let rejects = args.rejects.clone().unwrap_or_else(|| match &input.file {
        Some(_) => with_end(&args.file, ".rejects"),
        None => PathBuf::from(format!("{}.rejects", args.table)),
    });
    let mut ingest = Ingest::new(
        session.world().columns(&workspace, &args.table),
        session.now(),
    );
    ingest.format = args.input_format.0;
    ingest.file = Some(input.name.clone());
    ingest.from_offset = begun.bytes;
    ingest.chunk = args.block.unwrap_or(ingest.chunk);
    let mut taking = Taking {
        rejects: Rejects::new(rejects, begun, session.is_dry_run()),
        workspace,
        table: args.table,
        name: input.name,
        fingerprint: input.fingerprint,
        done: begun,
        came: Came::default(),
    };
    let stop = meter::interrupted()?;
    let reader: Box<dyn Read + Send> = match input.file {
        Some(file) => Box::new(file),
        None => Box::new(io::stdin()),
    };
    let clock = Instant::now();
    let chunks = ingest.read(reader);
    let progress = chunks.progress();
    let (size, seen) = (input.size, progress.clone());
    let drawn = Meter::start(context, move || {
        let seconds = clock.elapsed().as_secs_f64().max(0.001);
        let rejected = match seen.rejected() {
            0 => String::new(),
            n => format!(" · {} rejected", names::count(n)),
        };
        let rest = format!(
            "{} rows · {} · {}/s{rejected}",
            names::count(seen.rows()),
            rate(seen.rows(), seconds),
            names::bytes((seen.bytes() as f64 / seconds) as u64),
        );
        (seen.arrived(), size, rest)
    });
    let end = taking.all(&mut session, chunks, &stop);
    drop(drawn);
    let end = end.map_err(|failure| taking.with_place(failure))?;
    let read = Reading {
        bytes: progress.bytes(),
        took: clock.elapsed(),
    };
    taking.tell(&session, context, &end, read)
}

/// Whether anything can be sent there at all, before a long file is read.
fn may(session: &Session, workspace: &ResourceId, table: &TableName) -> Result<(), Failure> {
    let probe = Arrival {
        workspace: workspace.clone(),
        table: table.clone(),
        columns: Columns::new(),
        rows: 1,
        raw: 0,
        plain: 0,
        from: session.now(),
        to: session.now(),
        source: None,
    };
    session.may(&ingestion::Command::Ingest(probe).into())
}

/// Where to begin: at the start, or where an earlier ingestion of this file came to.
fn begun(
    session: &Session,
    workspace: &ResourceId,
    args: &IngestArgs,
    input: &Input,
) -> Result<Done, Failure> {
    let table = session.world().logs.table(workspace, &args.table);
    let before = input
        .fingerprint
        .and_then(|fingerprint| table?.sources.get(&fingerprint).copied());
    match before {
        Some(done) if args.resume => Ok(done),
        Some(done) if !args.from_start => Err(Failure::bad_input(
            "IngestInterrupted",
            "file",
            format!(
                "{} was ingested into {} before, up to line {} ({}), and interrupted there.",
                input.name,
                args.table,
                names::count(done.lines),
                names::bytes(done.bytes)
            ),
            "Go on there with --resume; with --from-start what is in already is there twice.",
        )),
        None if args.resume => Err(Failure::bad_input(
            "NothingToResume",
            "resume",
            match input.fingerprint {
                Some(_) => format!(
                    "No ingestion of {} into {} was interrupted: it was never begun, came to its end, or the file is another one now.",
                    input.name, args.table
                ),
                None => "Standard input and pipes cannot be gone on with.".to_owned(),
            },
            "Leave --resume out to ingest all of it.",
        )),
        _ => Ok(Done::default()),
    }
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// `1,234 rows/s`.
fn rate(rows: u64, seconds: f64) -> String {
    format!("{} rows/s", names::count((rows as f64 / seconds) as u64))
}

/// What is read.
struct Input {
    /// None is standard input.
    file: Option<File>,
    /// As it is called in messages.
    name: String,
    size: Option<u64>,
    /// Tells a file that can be gone on with from others.
    fingerprint: Option<u64>,
}

/// Bytes at either end of a file that tell it from others, with its length.
const ENDS: u64 = 64 * 1024;

impl Input {
    fn open(path: &Path) -> Result<Input, Failure> {
        if path.as_os_str() == "-" {
            return Ok(Input {
                file: None,
                name: "standard input".to_owned(),
                size: None,
                fingerprint: None,
            });
        }
        let name = path.display().to_string();
        let look = || -> io::Result<(File, Option<u64>, Option<u64>)> {
            let mut file = File::open(path)?;
            let about = file.metadata()?;
            if about.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            if !about.is_file() {
                return Ok((file, None, None));
            }
            let fingerprint = fingerprint(&mut file, about.len())?;
            Ok((file, Some(about.len()), Some(fingerprint)))
        };
        let (file, size, fingerprint) = look().map_err(|e| {
            Failure::bad_input(
                "InvalidFile",
                "file",
                format!("The file {name} cannot be read: {e}."),
                "Name a readable file.",
            )
        })?;
        Ok(Input {
            file: Some(file),
            name,
            size,
            fingerprint,
        })
    }
}

/// The length of a file and both its ends, in a number; it stands at its beginning afterwards.
fn fingerprint(file: &mut File, length: u64) -> io::Result<u64> {
    let mut hash = Sha256::new();
    hash.update(length.to_le_bytes());
    for start in [0, length.saturating_sub(ENDS)] {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.take(ENDS).read_to_end(&mut bytes)?;
        hash.update(&bytes);
    }
    file.rewind()?;
    let hash = hash.finalize();
    let mut number = [0; 8];
    number.copy_from_slice(&hash[..8]);
    Ok(u64::from_le_bytes(number))
}

/// The file of what was rejected. It is there once something is.
struct Rejects {
    path: PathBuf,
    file: Option<File>,
    /// An earlier part of the same ingestion wrote about these lines already.
    kept: Done,
    dry_run: bool,
    /// How many are written down; beyond a limit they are only counted.
    written: u64,
}

impl Rejects {
    fn new(path: PathBuf, kept: Done, dry_run: bool) -> Rejects {
        Rejects {
            path,
            file: None,
            kept,
            dry_run,
            written: 0,
        }
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), Failure> {
        self.written += lines.iter().filter(|b| **b == b'\n').count() as u64;
        if lines.is_empty() || self.dry_run {
            return Ok(());
        }
        let wrote = self.open().and_then(|file| {
            file.write_all(lines)?;
            // What is told is there, as what is sealed is.
            file.sync_data()
        });
        wrote.map_err(|e| {
            Failure::bad_input(
                "InvalidFile",
                "rejects",
                format!(
                    "Rejected records cannot be written to {}: {e}.",
                    self.path.display()
                ),
                "Name a file that can be written: --rejects FILE.",
            )
        })
    }

    /// The file, with what an interrupted part wrote of lines that are done.
    fn open(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            let before = match self.kept.lines {
                0 => Vec::new(),
                done => self.earlier(done)?,
            };
            // As private as the records themselves.
            let mut file = OpenOptions::new()
                .create(true)
                .truncate(true)
                .write(true)
                .mode(0o600)
                .open(&self.path)?;
            file.write_all(&before)?;
            self.file = Some(file);
        }
        self.file
            .as_mut()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn earlier(&self, done: u64) -> io::Result<Vec<u8>> {
        let text = match std::fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let of_done = |line: &&[u8]| {
            let line: Option<Value> = serde_json::from_slice(line).ok();
            line.and_then(|l| l["line"].as_u64())
                .is_some_and(|line| line <= done)
        };
        let lines = text.split_inclusive(|b| *b == b'\n').filter(of_done);
        Ok(lines.flatten().copied().collect())
    }
}

/// What has come of an input so far.
#[derive(Default)]
struct Came {
    rows: u64,
    rejected: u64,
    /// Texts that were too long and cut.
    cut: u64,
    raw: u64,
    segments: Vec<Segment>,
    lost: Vec<(Loss, Amount)>,
}

/// How it ended.
enum End {
    Whole,
    /// Somebody wanted it to stop.
    Interrupted,
    /// The input cannot be read on.
    Unreadable(Stop),
}

/// What the reader did.
struct Reading {
    bytes: u64,
    took: Duration,
}

/// An input on its way in.
struct Taking {
    workspace: ResourceId,
    table: TableName,
    name: String,
    fingerprint: Option<u64>,
    /// How far it is on the record.
    done: Done,
    rejects: Rejects,
    came: Came,
}

impl Taking {
    fn all(
        &mut self,
        session: &mut Session,
        chunks: impl Iterator<Item = Result<Chunk, Stop>>,
        stop: &AtomicBool,
    ) -> Result<End, Failure> {
        // One is held back, since only the next one tells whether it is the last.
        let mut held: Option<Chunk> = None;
        for chunk in chunks {
            if stop.load(Ordering::Relaxed) {
                // The block that is ready still goes in, so that every attempt gets further.
                self.take(session, held.or(chunk.ok()), false)?;
                return Ok(End::Interrupted);
            }
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(stop) => {
                    self.take(session, held, false)?;
                    return Ok(End::Unreadable(stop));
                }
            };
            held = Some(match held.take() {
                None => chunk,
                Some(before) if before.rows > 0 && chunk.rows > 0 => {
                    self.take(session, Some(before), false)?;
                    chunk
                }
                Some(before) => joined(before, chunk),
            });
        }
        self.take(session, held, true)?;
        Ok(End::Whole)
    }

    fn take(
        &mut self,
        session: &mut Session,
        chunk: Option<Chunk>,
        last: bool,
    ) -> Result<(), Failure> {
        let Some(chunk) = chunk else { return Ok(()) };
        self.rejects.write(&chunk.rejects)?;
        self.came.rejected += chunk.rejected;
        self.came.cut += chunk.cut;
        if chunk.rows == 0 {
            return Ok(());
        }
        let done = Done {
            bytes: chunk.end_offset,
            lines: chunk.lines.end.saturating_sub(1),
        };
        let source = self.fingerprint.map(|fingerprint| Source {
            fingerprint,
            done,
            last,
        });
        let arrival = Arrival {
            workspace: self.workspace.clone(),
            table: self.table.clone(),
            columns: chunk.columns,
            rows: chunk.rows,
            raw: chunk.raw,
            plain: chunk.parquet.len() as u64,
            from: chunk.from,
            to: chunk.to,
            source,
        };
        let parquet = chunk.parquet;
        let (events, segment) = session.ingest(&Block { arrival, parquet })?;
        self.done = done;
        self.came.rows += chunk.rows;
        self.came.raw += chunk.raw;
        self.came.segments.extend(segment);
        for event in &events {
            if let Fact::Ingestion(ingestion::Fact::Dropped { why, rows, raw, .. }) = &event.fact {
                self.came.lose(*why, *rows, *raw);
            }
        }
        Ok(())
    }

    /// How to go on, where that is possible.
    fn remedy(&self) -> Option<String> {
        self.fingerprint.filter(|_| self.done.bytes > 0)?;
        Some(format!(
            "What was acknowledged is safe: {} records, up to line {}. Go on there: lockbox ingest --resume.",
            names::count(self.came.rows),
            names::count(self.done.lines)
        ))
    }

    /// A failure on the way, with how far it was.
    fn with_place(&self, failure: Failure) -> Failure {
        let Some(remedy) = self.remedy() else {
            return failure;
        };
        match failure {
            Failure::Broken(mut refusal) => {
                refusal.remedy = remedy;
                Failure::Broken(refusal)
            }
            other => {
                print::say(&remedy);
                other
            }
        }
    }

    fn tell(
        self,
        session: &Session,
        context: &Context,
        end: &End,
        read: Reading,
    ) -> Result<(), Failure> {
        let came = &self.came;
        if let (0, 0, End::Unreadable(stop)) = (came.rows, came.rejected, end) {
            return Err(unreadable(&self.name, stop));
        }
        let lost = came.all_lost();
        let sealed: u64 = came
            .segments
            .iter()
            .filter_map(|s| OnDisk::of(session.host().files(), s).sealed)
            .sum();
        let seconds = read.took.as_secs_f64().max(0.001);
        let dry_run = session.is_dry_run();
        let mut fields = vec![
            field("into", format!("{} of {}", self.table, self.workspace)),
            field(
                "read",
                format!(
                    "{} in {:.2} s: {}, {}/s",
                    names::bytes(read.bytes),
                    seconds,
                    rate(came.rows + came.rejected, seconds),
                    names::bytes((read.bytes as f64 / seconds) as u64)
                ),
            ),
            field("stored", self.stored(lost, sealed, dry_run)),
        ];
        if came.rejected > 0 {
            fields.push(field("rejected", self.rejected(dry_run)));
        }
        if came.cut > 0 {
            let cut = format!("{} texts that were too long", names::count(came.cut));
            fields.push(field("cut", cut));
        }
        let losses: Vec<String> = came.lost.iter().map(in_words).collect();
        if !losses.is_empty() {
            fields.push(("DATA LOST".to_owned(), losses.clone()));
        }
        let (head, note) = match end {
            End::Whole => ("ingested", None),
            End::Interrupted => ("interrupted", Some("it was interrupted".to_owned())),
            End::Unreadable(stop) => ("read in part", Some(stop.to_string())),
        };
        let going_on = match end {
            End::Whole => None,
            _ => self.remedy(),
        };
        if let Some(note) = &note {
            let lines = [Some(note.clone()), going_on.clone()];
            fields.push(("stopped".to_owned(), lines.into_iter().flatten().collect()));
        }
        let would = if dry_run { "would be " } else { "" };
        context.page(&Page {
            head: format!("{}: {would}{head}", self.name),
            blocks: vec![Part::Fields(fields)],
            json: self.json(session, end, sealed, &read, note),
        })?;
        for line in &losses {
            print::say(&format!("DATA LOST: {line}"));
        }
        let done = session.done(Vec::new(), session.host().world().clone());
        context.footer(&done, done.world.now);
        match end {
            End::Whole if came.rows == 0 && came.rejected > 0 => {
                print::say("bad input: not one record could be read");
                Err(Failure::Told(USAGE))
            }
            End::Whole => Ok(()),
            End::Interrupted => {
                print::say(&match going_on {
                    Some(remedy) => format!("interrupted. {remedy}"),
                    None => "interrupted before anything was ingested".to_owned(),
                });
                Err(Failure::Told(REFUSED))
            }
            End::Unreadable(stop) => {
                print::say(&format!("bad input: {stop}"));
                Err(Failure::Told(USAGE))
            }
        }
    }

    fn stored(&self, lost: Amount, sealed: u64, dry_run: bool) -> String {
        let rows = self.came.rows.saturating_sub(lost.rows);
        let ids: Vec<String> = match self.came.segments.as_slice() {
            [] => return "nothing".to_owned(),
            [one] => vec![one.id.to_string()],
            [first, .., last] => vec![first.id.to_string(), last.id.to_string()],
        };
        let mut classes: Vec<&str> = Vec::new();
        for segment in &self.came.segments {
            if !classes.contains(&segment.class.words()) {
                classes.push(segment.class.words());
            }
        }
        let mut text = format!(
            "{} records, segment{} {}",
            names::count(rows),
            if self.came.segments.len() == 1 {
                ""
            } else {
                "s"
            },
            ids.join(" to ")
        );
        if !dry_run {
            text.push_str(&format!(", {} sealed", names::bytes(sealed)));
        }
        format!("{text} under the {}", classes.join(" and the "))
    }

    fn rejected(&self, dry_run: bool) -> String {
        let count = names::count(self.came.rejected);
        if dry_run {
            return format!("{count} records");
        }
        let part = match self.rejects.written < self.came.rejected {
            true => format!(" (the first {})", names::count(self.rejects.written)),
            false => String::new(),
        };
        format!("{count} records{part}, in {}", self.rejects.path.display())
    }

    fn json(
        &self,
        session: &Session,
        end: &End,
        sealed: u64,
        read: &Reading,
        note: Option<String>,
    ) -> Value {
        let came = &self.came;
        let lost = came.all_lost();
        let world = session.host().world();
        let segments: Value = came
            .segments
            .iter()
            .map(|s| shape::logs::segment(world, s, OnDisk::of(session.host().files(), s)))
            .collect();
        let reasons: Value = came
            .lost
            .iter()
            .map(|(why, size)| {
                json!({
                    "why": why,
                    "rule": why.rule(),
                    "sentence": why.sentence(),
                    "remedy": why.remedy(),
                    "rows": size.rows,
                    "bytes": size.bytes,
                })
            })
            .collect();
        let rejects = (came.rejected > 0 && !session.is_dry_run())
            .then(|| self.rejects.path.display().to_string());
        json!({
            "workspace": self.workspace.as_str(),
            "table": self.table.as_str(),
            "file": self.name,
            "complete": matches!(end, End::Whole),
            "stopped": note,
            "rows": came.rows,
            "stored": came.rows.saturating_sub(lost.rows),
            "rejected": came.rejected,
            "rejects": rejects,
            "cut": came.cut,
            "readBytes": read.bytes,
            "rawBytes": came.raw,
            "sealedBytes": sealed,
            "milliseconds": u64::try_from(read.took.as_millis()).unwrap_or(u64::MAX),
            "doneBytes": self.done.bytes,
            "doneLines": self.done.lines,
            "segments": segments,
            "dataLost": lost.rows > 0,
            "lost": { "rows": lost.rows, "bytes": lost.bytes, "reasons": reasons },
            "dryRun": session.is_dry_run(),
            "revision": world.revision.0,
        })
    }
}

impl Came {
    fn lose(&mut self, why: Loss, rows: u64, bytes: u64) {
        match self.lost.iter_mut().find(|(of, _)| *of == why) {
            Some((_, size)) => {
                size.rows += rows;
                size.bytes += bytes;
            }
            None => self.lost.push((why, Amount { rows, bytes })),
        }
    }

    fn all_lost(&self) -> Amount {
        let mut all = Amount::default();
        for (_, size) in &self.lost {
            all.rows += size.rows;
            all.bytes += size.bytes;
        }
        all
    }
}

/// E-ING-01, about what was sent.
fn in_words((why, size): &(Loss, Amount)) -> String {
    format!(
        "{} records ({}) were accepted and dropped for good, because {} ({}). {}",
        names::count(size.rows),
        names::bytes(size.bytes),
        why.sentence(),
        why.rule(),
        why.remedy()
    )
}

fn unreadable(name: &str, stop: &Stop) -> Failure {
    Failure::bad_input(
        "UnreadableInput",
        "file",
        format!("{name}: {stop}."),
        match stop {
            Stop::Format => "Say how it is written: --input-format ndjson|json|csv|syslog.",
            _ => "Correct the file, or name another one.",
        },
    )
}

/// Two chunks of which one at most has records, as one.
fn joined(before: Chunk, after: Chunk) -> Chunk {
    let lines = before.lines.start..after.lines.end;
    let end_offset = after.end_offset;
    let rejected = before.rejected + after.rejected;
    let cut = before.cut + after.cut;
    let rejects = [&before.rejects[..], &after.rejects[..]].concat().into();
    let full = if before.rows > 0 { before } else { after };
    Chunk {
        lines,
        end_offset,
        rejected,
        rejects,
        cut,
        ..full
    }
}
