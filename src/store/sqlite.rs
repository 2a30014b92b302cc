//! The journal in one SQLite file, `journal.db`: WAL, `synchronous=FULL`, one transaction per append.
//!
//! ```text
//! events(revision, at, body, hash)   body = the event as JSON; hash = SHA-256(hash before, revision, at, body)
//! head(revision, hash)               one row, changed in the same transaction: a cut tail shows
//! clock(…)                           one row, owned by runtime
//! meta(key, value)                   format, founded, world, outbox, keystore
//! ```

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Row, TransactionBehavior, params,
};

use super::journal::{
    ClockRow, FORMAT, GENESIS, Hash, Journal, JournalError, RESTORE, Report, hex, link,
};
use super::{snapshot, wal};
use crate::engine::ids::Revision;
use crate::engine::{Event, SimTime, World};

/// `LBOX` in SQLite's header: says whose file it is.
const APPLICATION_ID: i64 = 0x4c42_4f58;
/// How long one process waits for another's transaction.
const PATIENCE: Duration = Duration::from_secs(15);

const TABLES: &str = "
    CREATE TABLE events (
        revision INTEGER PRIMARY KEY, at INTEGER NOT NULL, body TEXT NOT NULL, hash BLOB NOT NULL
    ) STRICT;
    CREATE TABLE head (
        one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL, hash BLOB NOT NULL
    ) STRICT;
    CREATE TABLE clock (
        one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, sim INTEGER NOT NULL,
        wall INTEGER NOT NULL, rate INTEGER NOT NULL, paused INTEGER NOT NULL, holder TEXT NOT NULL
    ) STRICT;
    CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;
";

pub struct SqliteJournal {
    connection: Connection,
    path: PathBuf,
    snapshots: PathBuf,
    /// The snapshot being written.
    writing: Option<JoinHandle<()>>,
}

impl SqliteJournal {
    /// Opens an existing journal. Its format is looked at, its events are checked as they are read.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        if !path.exists() {
            return Err(JournalError::Io {
                path: path.to_owned(),
                doing: "open",
                remedy: "Open the console once to found a world there, or give another --state directory",
                source: std::io::ErrorKind::NotFound.into(),
            });
        }
        // Before SQLite looks at its log and tidies it.
        let log = path.with_extension("db-wal");
        let what = wal::damage(&log).map_err(|source| JournalError::Io {
            path: log,
            doing: "read",
            remedy: "See that it can be read",
            source,
        })?;
        if let Some(what) = what {
            return Err(damaged(path, None, what));
        }
        let journal = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        journal.recognise()?;
        journal.run(|c| {
            c.pragma_update(None, "journal_mode", "WAL")?;
            c.pragma_update(None, "synchronous", "FULL")
        })?;
        Ok(journal)
    }

    /// A new journal that is not safe against crashes until [`SqliteJournal::finish`]: a world is founded in
    /// it under another name, and only the finished file gets the real one.
    pub fn create(path: &Path) -> Result<Self, JournalError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let journal = Self::connect(path, flags)?;
        journal.run(|c| {
            c.pragma_update(None, "application_id", APPLICATION_ID)?;
            c.pragma_update(None, "journal_mode", "WAL")?;
            c.pragma_update(None, "synchronous", "OFF")?;
            c.execute_batch(TABLES)?;
            c.execute(
                "INSERT INTO meta (key, value) VALUES ('format', ?1)",
                [FORMAT],
            )?;
            c.execute(
                "INSERT INTO head (one, revision, hash) VALUES (1, 0, ?1)",
                [GENESIS.as_slice()],
            )?;
            Ok(())
        })?;
        Ok(journal)
    }

    /// Puts everything into the one file, makes it durable and closes it.
    pub fn finish(self) -> Result<(), JournalError> {
        self.run(|c| c.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())))?;
        let path = self.path.clone();
        drop(self);
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(|source| JournalError::Io {
                path,
                doing: "write",
                remedy: "See that the disk has room",
                source,
            })
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self, JournalError> {
        let fail = |source| trouble(path, source);
        // A connection is used by one thread at a time: `Journal` is `Send` and not `Sync`.
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(fail)?;
        connection.busy_timeout(PATIENCE).map_err(fail)?;
        Ok(SqliteJournal {
            connection,
            path: path.to_owned(),
            snapshots: path.with_file_name("snapshots"),
            writing: None,
        })
    }

    fn recognise(&self) -> Result<(), JournalError> {
        let id: i64 = self.run(|c| c.query_row("PRAGMA application_id", [], |r| r.get(0)))?;
        if id != APPLICATION_ID {
            return Err(JournalError::NotAJournal {
                path: self.path.clone(),
            });
        }
        let format: i64 = self
            .meta("format")?
            .ok_or_else(|| self.damaged(None, "its format version is missing"))?;
        if format > FORMAT {
            return Err(JournalError::NewerFormat {
                path: self.path.clone(),
                found: format,
                known: FORMAT,
            });
        }
        if format < 1 {
            return Err(self.damaged(None, format!("it says it has format {format}")));
        }
        Ok(())
    }

    /// Runs statements and gives a SQLite error the name it deserves.
    fn run<T>(
        &self,
        statements: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, JournalError> {
        statements(&self.connection).map_err(|source| trouble(&self.path, source))
    }

    fn damaged(&self, revision: Option<Revision>, what: impl Into<String>) -> JournalError {
        damaged(&self.path, revision, what)
    }

    fn meta<T: rusqlite::types::FromSql>(&self, key: &str) -> Result<Option<T>, JournalError> {
        self.run(|c| {
            c.prepare_cached("SELECT value FROM meta WHERE key = ?1")?
                .query_row([key], |row| row.get(0))
                .optional()
        })
    }

    fn set_meta(&self, key: &str, value: impl rusqlite::ToSql) -> Result<(), JournalError> {
        self.run(|c| {
            c.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
                .execute(params![key, value])
                .map(|_| ())
        })
    }

    /// The head row, as bytes that are not trusted yet.
    fn head_row(&self) -> Result<(Revision, Hash), JournalError> {
        let row: Option<(i64, Hash)> = self.run(|c| {
            c.prepare_cached("SELECT revision, hash FROM head WHERE one = 1")?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })?;
        row.map(|(revision, hash)| (revision_of(revision), hash))
            .ok_or_else(|| self.damaged(None, "the row that says where it ends is missing"))
    }

    /// The link and the instant of one event.
    fn link_at(&self, revision: Revision) -> Result<Option<(Hash, SimTime)>, JournalError> {
        if revision == Revision(0) {
            return Ok(Some((GENESIS, SimTime(i64::MIN))));
        }
        self.run(|c| {
            c.prepare_cached("SELECT hash, at FROM events WHERE revision = ?1")?
                .query_row([number(revision)], |row| {
                    Ok((row.get(0)?, SimTime(row.get(1)?)))
                })
                .optional()
        })
    }

    /// Reads up to `limit` events after `revision` and checks each against its columns and the chain.
    /// Returns the events, the last link, and whether the end was reached.
    fn read_chain(
        &self,
        revision: Revision,
        limit: usize,
        mut each: impl FnMut(Event),
    ) -> Result<(Revision, Hash), JournalError> {
        let fail = |source| trouble(&self.path, source);
        // One read transaction, so that the rows and the head belong together.
        let snapshot = self.connection.unchecked_transaction().map_err(fail)?;
        let (head, head_hash) = self.head_row()?;
        let mut last = revision;
        let (mut hash, mut at) = self
            .link_at(revision)?
            .ok_or_else(|| self.damaged(Some(revision), "this event is missing"))?;
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT revision, at, body, hash FROM events WHERE revision > ?1
                 ORDER BY revision LIMIT ?2",
            )
            .map_err(fail)?;
        let limit_rows = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement
            .query(params![number(revision), limit_rows])
            .map_err(fail)?;
        let mut count = 0;
        while let Some(row) = rows.next().map_err(fail)? {
            let event = self.checked(row, last, at, &mut hash)?;
            (last, at) = (event.revision, event.at);
            count += 1;
            each(event);
        }
        if count < limit && (last, hash) != (head, head_hash) {
            let what = if last == head {
                "its last event is not the one it should end with".to_owned()
            } else {
                format!("its events end at {last}, and it should end at {head}")
            };
            return Err(self.damaged(Some(last), what));
        }
        drop(rows);
        drop(statement);
        snapshot.finish().map_err(fail)?;
        Ok((last, hash))
    }

    /// One row, when it follows the row before it.
    fn checked(
        &self,
        row: &Row<'_>,
        last: Revision,
        not_before: SimTime,
        hash: &mut Hash,
    ) -> Result<Event, JournalError> {
        let expected = last.next();
        let wrong = |what: &str| self.damaged(Some(expected), what);
        let column = |source| trouble_at(&self.path, Some(expected), source);
        let revision: i64 = row.get(0).map_err(column)?;
        if revision != number(expected) {
            return Err(wrong("this event is missing"));
        }
        let at = SimTime(row.get(1).map_err(column)?);
        let body = row
            .get_ref(2)
            .map_err(column)?
            .as_str()
            .map_err(|_| wrong("its text cannot be read"))?;
        let kept: Hash = row.get(3).map_err(column)?;
        if link(hash, expected, at, body) != kept {
            return Err(wrong("the event does not fit the chain of hashes"));
        }
        let event: Event = serde_json::from_str(body)
            .map_err(|e| wrong(&format!("the event cannot be understood ({e})")))?;
        if event.revision != expected || event.at != at {
            return Err(wrong("the event contradicts its own row"));
        }
        if at < not_before {
            return Err(wrong("the event is earlier than the one before it"));
        }
        *hash = kept;
        Ok(event)
    }
}

impl Journal for SqliteJournal {
    fn reader(&self) -> Result<Box<dyn Journal>, JournalError> {
        Ok(Box::new(SqliteJournal::open(&self.path)?))
    }

    fn head(&self) -> Result<Revision, JournalError> {
        self.head_row().map(|(revision, _)| revision)
    }

    fn append(&mut self, expected: Revision, events: &[Event]) -> Result<(), JournalError> {
        let path = &self.path;
        let fail = |source| trouble(path, source);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(fail)?;
        let (head, mut hash): (i64, Hash) = transaction
            .prepare_cached("SELECT revision, hash FROM head WHERE one = 1")
            .and_then(|mut s| s.query_row([], |row| Ok((row.get(0)?, row.get(1)?))))
            .map_err(fail)?;
        let mut last = revision_of(head);
        if last != expected {
            return Err(JournalError::Conflict { head: last });
        }
        {
            let mut insert = transaction
                .prepare_cached(
                    "INSERT INTO events (revision, at, body, hash) VALUES (?1, ?2, ?3, ?4)",
                )
                .map_err(fail)?;
            for event in events {
                if event.revision != last.next() {
                    return Err(JournalError::Discontinuous {
                        expected: last.next(),
                        found: event.revision,
                    });
                }
                // An Event is plain data, so it always serialises.
                let body = serde_json::to_string(event).unwrap_or_default();
                hash = link(&hash, event.revision, event.at, &body);
                last = event.revision;
                insert
                    .execute(params![number(last), event.at.0, body, hash.as_slice()])
                    .map_err(fail)?;
            }
            transaction
                .prepare_cached("UPDATE head SET revision = ?1, hash = ?2 WHERE one = 1")
                .and_then(|mut s| s.execute(params![number(last), hash.as_slice()]))
                .map_err(fail)?;
        }
        transaction.commit().map_err(fail)
    }

    fn read_after(&self, revision: Revision, limit: usize) -> Result<Vec<Event>, JournalError> {
        let mut events = Vec::new();
        self.read_chain(revision, limit, |event| events.push(event))?;
        Ok(events)
    }

    fn clock(&self) -> Result<Option<ClockRow>, JournalError> {
        self.run(|c| {
            c.prepare_cached("SELECT version, sim, wall, rate, paused, holder FROM clock")?
                .query_row([], |row| {
                    Ok(ClockRow {
                        version: row.get::<_, i64>(0)?.unsigned_abs(),
                        sim: SimTime(row.get(1)?),
                        wall: row.get(2)?,
                        rate: row.get(3)?,
                        paused: row.get(4)?,
                        holder: row.get(5)?,
                    })
                })
                .optional()
        })
    }

    fn set_clock(&mut self, row: &ClockRow) -> Result<bool, JournalError> {
        let version = i64::try_from(row.version).unwrap_or(i64::MAX);
        let changed = self.run(|c| {
            c.prepare_cached(
                "INSERT INTO clock (one, version, sim, wall, rate, paused, holder)
                 VALUES (1, ?1 + 1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (one) DO UPDATE SET version = excluded.version, sim = excluded.sim,
                    wall = excluded.wall, rate = excluded.rate, paused = excluded.paused,
                    holder = excluded.holder
                 WHERE clock.version = ?1",
            )?
            .execute(params![
                version, row.sim.0, row.wall, row.rate, row.paused, row.holder
            ])
        })?;
        Ok(changed == 1)
    }

    fn founded(&self) -> Result<Option<Revision>, JournalError> {
        Ok(self.meta::<i64>("founded")?.map(revision_of))
    }

    fn fingerprint(&self) -> Result<Option<String>, JournalError> {
        self.meta("world")
    }

    fn set_founded(&mut self, revision: Revision, fingerprint: &str) -> Result<(), JournalError> {
        self.set_meta("world", fingerprint)?;
        self.set_meta("founded", number(revision))
    }

    fn outbox(&self) -> Result<u32, JournalError> {
        Ok(self.meta("outbox")?.unwrap_or(0))
    }

    fn set_outbox(&mut self, mails: u32) -> Result<(), JournalError> {
        self.set_meta("outbox", mails)
    }

    fn keystore(&self) -> Result<Revision, JournalError> {
        Ok(revision_of(self.meta("keystore")?.unwrap_or(0)))
    }

    fn set_keystore(&mut self, revision: Revision) -> Result<(), JournalError> {
        self.run(|c| {
            c.prepare_cached(
                "INSERT INTO meta (key, value) VALUES ('keystore', ?1)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value
                 WHERE meta.value < excluded.value",
            )?
            .execute([number(revision)])
            .map(|_| ())
        })
    }

    fn latest_snapshot(&self) -> Result<Option<World>, JournalError> {
        for (revision, path) in snapshot::list(&self.snapshots) {
            if let Some((hash, world)) = snapshot::read(&path, revision)
                && self.link_at(revision)? == Some((hash, world.now))
            {
                return Ok(Some(world));
            }
        }
        Ok(None)
    }

    fn put_snapshot(&mut self, world: &World) -> Result<(), JournalError> {
        if self.writing.as_ref().is_some_and(|w| !w.is_finished()) {
            return Ok(());
        }
        let Some((hash, _)) = self.link_at(world.revision)? else {
            return Ok(());
        };
        let (folder, world) = (self.snapshots.clone(), world.clone());
        self.writing = std::thread::Builder::new()
            .name("snapshot".to_owned())
            .spawn(move || {
                if let Err(error) = snapshot::write(&folder, &hash, &world) {
                    tracing::warn!(%error, folder = %folder.display(), "no snapshot was kept");
                }
            })
            .ok();
        Ok(())
    }

    fn verify(&self) -> Result<Report, JournalError> {
        let found: String =
            self.run(|c| c.query_row("PRAGMA integrity_check", [], |r| r.get(0)))?;
        if found != "ok" {
            return Err(self.damaged(None, found));
        }
        let mut events = 0;
        let (head, hash) = self.read_chain(Revision(0), usize::MAX, |_| events += 1)?;
        Ok(Report {
            events,
            head,
            hash: hex(&hash),
        })
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        // A one-shot command would otherwise end before its snapshot is written.
        if let Some(writing) = self.writing.take() {
            let _ = writing.join();
        }
    }
}

fn number(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

fn revision_of(number: i64) -> Revision {
    Revision(u64::try_from(number).unwrap_or(0))
}

fn damaged(path: &Path, revision: Option<Revision>, what: impl Into<String>) -> JournalError {
    JournalError::Damaged {
        path: path.to_owned(),
        revision,
        what: what.into(),
        remedy: RESTORE,
    }
}

fn trouble(path: &Path, source: rusqlite::Error) -> JournalError {
    trouble_at(path, None, source)
}

fn trouble_at(path: &Path, revision: Option<Revision>, source: rusqlite::Error) -> JournalError {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => JournalError::Busy {
            path: path.to_owned(),
        },
        Some(ErrorCode::NotADatabase) => JournalError::NotAJournal {
            path: path.to_owned(),
        },
        Some(ErrorCode::DatabaseCorrupt) => damaged(path, revision, source.to_string()),
        _ => match source {
            FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) => {
                damaged(path, revision, "a value has the wrong form")
            }
            source => JournalError::Sqlite {
                path: path.to_owned(),
                source,
            },
        },
    }
}

/// Throws away what crashed foundings left behind.
pub fn sweep(folder: &Path, prefix: &str) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(prefix) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
