//! `lockbox segments`: the sealed files that log records lie in. Azure shows no such thing; here one can look.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::context::Context;
use super::failure::{Failure, REFUSED, error_body};
use super::print::{Block, List, Page, col, field, flex, right};
use super::session::{Session, failure};
use super::shape::logs::{OnDisk, why_hidden};
use super::{cluster, find, names, shape};
use crate::engine::ask::{Answer, Query};
use crate::engine::ids::{SegmentId, TableName};
use crate::engine::ingestion::segment::{Segment, Store};
use crate::engine::{Refusal, errors};
use crate::keystore::KeystoreError;
use crate::logs::sealed::{Damage, Label, SealedError};
use crate::logs::{Files, LogsError};
use crate::runtime::HostError;

#[derive(Debug, Subcommand)]
pub enum SegmentsCommand {
    /// List segments, oldest first
    List(Which),
    /// Show a segment: its key, its files, whether it can be read
    Show { segment: SegmentId },
    /// Open every block of segments with the key that can be had, and name what is damaged
    Verify {
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        segments: Vec<SegmentId>,
        /// All you may see
        #[arg(long)]
        all: bool,
        /// Move damaged files out of the way, so that other data stays readable
        #[arg(long)]
        quarantine: bool,
    },
}

#[derive(Debug, Args)]
pub struct Which {
    #[arg(long, value_name = "WORKSPACE")]
    workspace: Option<String>,
    /// What lies on a cluster, its outage buffer included
    #[arg(long, value_name = "CLUSTER", conflicts_with = "workspace")]
    cluster: Option<String>,
    #[arg(long, value_name = "TABLE")]
    table: Option<TableName>,
}

pub fn run(command: SegmentsCommand, context: &Context) -> Result<(), Failure> {
    match command {
        SegmentsCommand::List(which) => list(&which, context),
        SegmentsCommand::Show { segment } => show(segment, context),
        SegmentsCommand::Verify {
            segments,
            quarantine,
            ..
        } => verify(&segments, quarantine, context),
    }
}

/// The segments of workspaces the actor may look into.
fn visible(session: &Session) -> Result<Vec<Arc<Segment>>, Failure> {
    let world = session.world();
    let mut seen = Vec::new();
    for deleted in [false, true] {
        if let Answer::Workspaces(ids) = session.ask(&Query::Workspaces { deleted })? {
            seen.extend(ids);
        }
    }
    seen.retain(|id| world.may_query(session.actor(), id).is_ok());
    let all = world.logs.segments.values();
    Ok(all
        .filter(|s| seen.contains(&s.workspace))
        .cloned()
        .collect())
}

/// A segment the actor may see; one of somebody else does not exist for them.
fn one(session: &Session, id: SegmentId) -> Result<Arc<Segment>, Failure> {
    let world = session.world();
    let found = world.segment(id)?;
    match world.may_query(session.actor(), &found.workspace) {
        Ok(()) => Ok(found.clone()),
        Err(_) => Err(errors::QRY_04
            .says(format!("There is no segment {id}."))
            .target("segment")
            .into()),
    }
}

fn chosen(session: &Session, which: &Which) -> Result<Vec<Arc<Segment>>, Failure> {
    let mut segments = visible(session)?;
    if let Some(workspace) = &which.workspace {
        let id = find::workspace_to_read(session, workspace)?;
        segments.retain(|s| s.workspace == id);
        if let Some(table) = &which.table {
            (session.world().table(&id, table)).map_err(Failure::of_form)?;
        }
    }
    if let Some(cluster) = &which.cluster {
        let id = cluster::visible(session, cluster)?;
        segments.retain(|s| s.store.cluster() == Some(&id));
    }
    if let Some(table) = &which.table {
        segments.retain(|s| s.table == *table);
    }
    Ok(segments)
}

/// Which store, and of what.
fn place(segment: &Segment) -> String {
    match &segment.store {
        Store::Shared => "shared".to_owned(),
        Store::Cluster(id) => names::resources([id]),
        Store::Buffer(id) => format!("buffer of {}", names::resources([id])),
    }
}

fn list(which: &Which, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let (world, files) = (session.world(), session.host().files());
    let on_disk = |s: &Segment| OnDisk::of(files, s);
    context.list(&List {
        noun: ("segment", "segments"),
        columns: vec![
            col("ID"),
            flex("WORKSPACE"),
            col("TABLE"),
            col("INGESTED"),
            right("RECORDS"),
            right("BYTES"),
            right("SEALED"),
            col("KEY"),
            col("AEK"),
            flex("STORE"),
            col("HOT"),
            col("READABLE"),
        ],
        csv: &[
            "id",
            "workspace",
            "table",
            "store",
            "cluster",
            "keyClass",
            "aek",
            "wrappedBy",
            "ingestedDate",
            "rows",
            "rawBytes",
            "plainBytes",
            "sealedBytes",
            "hotBytes",
            "firstTimeGenerated",
            "lastTimeGenerated",
            "hot",
            "readable",
            "why",
            "drainedFrom",
            "purgeDate",
        ],
        items: chosen(&session, which)?,
        cells: &|s| {
            vec![
                s.id.to_string(),
                names::resources([&s.workspace]),
                s.table.to_string(),
                s.ingested_at.to_seconds(),
                names::count(s.rows),
                names::bytes(s.raw),
                on_disk(s).sealed.map_or_else(String::new, names::bytes),
                s.class.to_string(),
                s.aek.to_string(),
                place(s),
                if s.hot { "hot" } else { "" }.to_owned(),
                match why_hidden(world, s) {
                    None => "yes",
                    Some(_) => "NO",
                }
                .to_owned(),
            ]
        },
        json: &|s| shape::logs::segment(world, s, on_disk(s)),
        own_shape: false,
        notes: Vec::new(),
    })
}

fn show(id: SegmentId, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let (world, now) = (session.world(), session.now());
    let segment = one(&session, id)?;
    let files = session.host().files();
    let on_disk = OnDisk::of(files, &segment);
    let why = why_hidden(world, &segment);
    let table = world.logs.table(&segment.workspace, &segment.table);
    let mut fields = vec![
        field("workspace", segment.workspace.to_string()),
        field("table", segment.table.to_string()),
        field("store", place(&segment)),
        field(
            "sealed under",
            format!(
                "{}, wrapped by {}",
                segment.aek,
                match shape::logs::wrapped_by(world, &segment).as_deref() {
                    Some("Microsoft") => "the Microsoft-managed key",
                    Some(kid) => kid,
                    None => "a key that is gone",
                }
            ),
        ),
        field("ingested", names::when(now, segment.ingested_at)),
        field("records", names::count(segment.rows)),
    ];
    if why.is_none() {
        fields.push(field(
            "TimeGenerated",
            format!(
                "{} to {}",
                segment.from.to_seconds(),
                segment.to.to_seconds()
            ),
        ));
    }
    fields.push(field(
        "bytes",
        format!(
            "{} as they arrived, {} as Parquet",
            names::bytes(segment.raw),
            names::bytes(segment.plain)
        ),
    ));
    if let Some(old) = segment.drained_from {
        fields.push(field("drained from", old.to_string()));
    }
    if let Some(at) = table.and_then(|t| t.purged_at(id)) {
        fields.push(field("purged at", names::when(now, at)));
    }
    fields.push(field(
        "can be read",
        match &why {
            None => "yes".to_owned(),
            Some(why) => format!("NO: {why}"),
        },
    ));
    let mut json = shape::logs::segment(world, &segment, on_disk);
    let mut rows = Vec::new();
    if let Some(files) = files {
        let mut shown = Vec::new();
        for label in labels(&segment) {
            let path = files.shelves.path(label.tier, label.segment);
            let header = files.shelves.header(label.tier, label.segment);
            let (size, blocks) = match &header {
                Ok(header) => (Some(header.sealed()), Some(header.blocks())),
                Err(_) => (None, None),
            };
            let note = header.err().map(|error| error.to_string());
            rows.push(vec![
                label.tier.to_string(),
                label.aek.to_string(),
                blocks.map_or_else(String::new, names::count),
                size.map_or_else(String::new, names::bytes),
                note.clone().unwrap_or_else(|| path.display().to_string()),
            ]);
            shown.push(json!({
                "tier": label.tier,
                "aek": label.aek,
                "path": path.display().to_string(),
                "blocks": blocks,
                "sealedBytes": size,
                "trouble": note,
            }));
        }
        json["files"] = Value::Array(shown);
    }
    let columns = vec![
        col("SHELF"),
        col("AEK"),
        right("BLOCKS"),
        right("BYTES"),
        flex("FILE"),
    ];
    context.page(&Page {
        head: format!("Segment {id}"),
        blocks: vec![Block::Fields(fields), Block::Table("Files", columns, rows)],
        json,
    })
}

/// The files a segment should have.
fn labels(segment: &Segment) -> Vec<Label> {
    let mut labels = vec![Label::of(segment)];
    labels.extend(segment.hot.then(|| Label::hot(segment)));
    labels
}

/// One file, and how it stands.
struct Check {
    segment: Arc<Segment>,
    label: Label,
    path: PathBuf,
    blocks: Option<u64>,
    verdict: Verdict,
    /// Where the damaged file is now.
    moved: Option<PathBuf>,
}

enum Verdict {
    /// Every block opened.
    Whole,
    /// It is not what it should be, is missing, or cannot be read at all.
    Damaged(SealedError),
    /// It has the form it should have; what is in it nobody can open now.
    Closed(Refusal),
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self {
            Verdict::Whole => "ok",
            Verdict::Damaged(_) => "damaged",
            Verdict::Closed(_) => "closed",
        }
    }

    /// The block that is damaged, from 0.
    fn block(&self) -> Option<u64> {
        match self {
            Verdict::Damaged(error) => match error.damage() {
                Some(Damage::Block { number, .. }) => Some(*number),
                _ => None,
            },
            _ => None,
        }
    }
}

fn verify(ids: &[SegmentId], quarantine: bool, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let segments = match ids {
        [] => visible(&session)?,
        ids => ids
            .iter()
            .map(|id| one(&session, *id))
            .collect::<Result<_, _>>()?,
    };
    let Some(files) = session.host().files() else {
        return Err(failure(HostError::NoLogs));
    };
    let mut checks = Vec::new();
    for segment in &segments {
        for label in labels(segment) {
            checks.extend(check(&session, files, segment, label)?);
        }
    }
    if quarantine && !session.is_dry_run() {
        for check in &mut checks {
            check.moved = move_away(check, files)?;
        }
    }
    let count = |word| checks.iter().filter(|c| c.verdict.word() == word).count();
    let (damaged, closed) = (count("damaged"), count("closed"));
    let mut notes = vec![format!(
        "{} opened in full, {damaged} damaged, {closed} that nobody can open now, whose form was looked at",
        count("ok")
    )];
    if damaged > 0 && !quarantine {
        notes.push("damaged files can be moved out of the way: --quarantine".to_owned());
    }
    if quarantine && session.is_dry_run() {
        notes.push(format!(
            "dry run: {damaged} would be moved to the quarantine"
        ));
    }
    context.list(&List {
        noun: ("file", "files"),
        columns: vec![
            col("SEGMENT"),
            col("SHELF"),
            col("TABLE"),
            right("BLOCKS"),
            col("VERDICT"),
            flex("NOTE"),
        ],
        csv: &[
            "segment",
            "tier",
            "workspace",
            "table",
            "path",
            "blocks",
            "verdict",
            "block",
            "damage",
            "error.id",
            "error.message",
            "movedTo",
        ],
        items: checks,
        cells: &|c| {
            vec![
                c.segment.id.to_string(),
                c.label.tier.to_string(),
                c.segment.table.to_string(),
                c.blocks.map_or_else(String::new, names::count),
                match &c.verdict {
                    Verdict::Damaged(_) => "DAMAGED".to_owned(),
                    other => other.word().to_owned(),
                },
                note(c),
            ]
        },
        json: &|c| {
            let error = match &c.verdict {
                Verdict::Closed(no) => error_body(no)["error"].take(),
                _ => Value::Null,
            };
            let damage = match &c.verdict {
                Verdict::Damaged(error) => Some(error.to_string()),
                _ => None,
            };
            json!({
                "segment": c.segment.id,
                "tier": c.label.tier,
                "workspace": c.segment.workspace.as_str(),
                "table": c.segment.table.as_str(),
                "path": c.path.display().to_string(),
                "blocks": c.blocks,
                "verdict": c.verdict.word(),
                "block": c.verdict.block(),
                "damage": damage,
                "error": error,
                "movedTo": c.moved.as_ref().map(|p| p.display().to_string()),
                "dryRun": session.is_dry_run(),
            })
        },
        own_shape: false,
        notes,
    })?;
    match damaged {
        0 => Ok(()),
        _ => Err(Failure::Told(REFUSED)),
    }
}

fn note(check: &Check) -> String {
    let note = match &check.verdict {
        Verdict::Whole => String::new(),
        Verdict::Closed(no) => format!("{} {}", no.id, no.message),
        Verdict::Damaged(error) => error.to_string(),
    };
    match &check.moved {
        Some(to) => format!("moved to {}: {note}", to.display()),
        None => note,
    }
}

/// How a file stands; none for a hot copy that is not made yet.
fn check(
    session: &Session,
    files: &Files,
    segment: &Arc<Segment>,
    label: Label,
) -> Result<Option<Check>, Failure> {
    let shelves = &files.shelves;
    let mut blocks = shelves
        .header(label.tier, label.segment)
        .ok()
        .map(|header| header.blocks());
    let verdict = match key_or_why(session, segment, label)? {
        Ok(key) => {
            let opened = shelves
                .open(label, &key)
                .and_then(|sealed| sealed.verify(|_| ()));
            match opened {
                Ok(()) => Verdict::Whole,
                Err(SealedError::Missing { .. }) if label != Label::of(segment) => return Ok(None),
                Err(error) => Verdict::Damaged(error),
            }
        }
        Err(why) => match shelves.look(label) {
            Ok(_) => Verdict::Closed(why),
            Err(error) => Verdict::Damaged(error),
        },
    };
    if let Verdict::Damaged(SealedError::Missing { .. }) = verdict {
        blocks = None;
    }
    Ok(Some(Check {
        segment: segment.clone(),
        label,
        path: shelves.path(label.tier, label.segment),
        blocks,
        verdict,
        moved: None,
    }))
}

/// The key a file is sealed under, as storage gets at it now, or why it does not.
fn key_or_why(
    session: &Session,
    segment: &Segment,
    label: Label,
) -> Result<Result<crate::crypto::Secret, Refusal>, Failure> {
    let world = session.world();
    // The world decides first: a hot memory of a key proves nothing.
    if let (Store::Cluster(_), Some(why)) = (&segment.store, world.hidden_by(segment)) {
        return Ok(Err(why));
    }
    let Some(keystore) = session.host().keystore() else {
        return Err(failure(HostError::NoKeys));
    };
    match keystore.segment_key(world, segment, label.aek) {
        Ok(key) => Ok(Ok(key)),
        Err(KeystoreError::Refused(why)) => Ok(Err(why)),
        Err(error) => Err(failure(error.into())),
    }
}

/// Moves a damaged file away, and says where it is now.
fn move_away(check: &Check, files: &Files) -> Result<Option<PathBuf>, Failure> {
    let there = matches!(check.verdict, Verdict::Damaged(SealedError::Damaged { .. }));
    if !there {
        return Ok(None);
    }
    let broken = |error: LogsError| failure(error.into());
    let _alone = files.alone().map_err(broken)?;
    let Label { tier, segment, .. } = check.label;
    let to = (files.shelves.quarantine(tier, segment)).map_err(|error| broken(error.into()))?;
    Ok(Some(to))
}
