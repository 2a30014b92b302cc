//! A table of a workspace as a page: what it keeps, what became of every record that ever came, its segments
//! and its columns.

use super::tables::{kind, retention};
use super::{Eye, Of, bytes, class, cmk, count, counted, heat, kept, losses, shared, store};
use crate::console::doc::{Block, Doc};
use crate::console::rows::{Cell, Column, ItemId, Mark, col, flex, right};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::ids::{ResourceId, TableName};
use crate::engine::ingestion::builtin;
use crate::engine::ingestion::segment::Segment;
use crate::engine::ingestion::table::{Amount, Tally};
use crate::engine::{Query, Refusal, ask, errors};

const FATES: &[Column] = &[
    flex("fate", "WHAT BECAME OF THEM", 24, 1, 0),
    right("records", "RECORDS", 11, 0),
    right("bytes", "BYTES", 8, 0),
];

pub const SEGMENTS: &[Column] = &[
    col("segment", "SEGMENT", 10, 0),
    flex("store", "STORE", 12, 1, 0),
    col("key", "KEY", 13, 1),
    col("heat", "HOT", 4, 2),
    right("records", "RECORDS", 9, 0),
    right("bytes", "BYTES", 7, 0),
];

const COLUMN_LIST: &[Column] = &[
    flex("name", "COLUMN", 20, 2, 0),
    col("type", "TYPE", 9, 0),
    col("origin", "", 10, 1),
];

/// Segments on the page; the list has all of them.
const NEWEST: usize = 8;

pub fn doc(eye: Eye, id: &ResourceId, name: &TableName) -> Result<Doc, Refusal> {
    let query = Query::Workspace(id.clone());
    ask(eye.world, eye.now, eye.actor, &query)?;
    let world = eye.world;
    let workspace = world.active_workspace(id, &errors::WL_01)?;
    let table = world.table(id, name)?;
    let segments: Vec<&Segment> = table
        .into_iter()
        .flat_map(|t| world.logs.segments_of(t))
        .map(|s| &**s)
        .collect();
    let kept = kept(eye, segments.iter().copied());
    let mut main = vec![
        Block::Heading(format!("{name} · table")),
        cmk::link_facts(vec![(
            ItemId::Workspace(id.clone()),
            "Workspace",
            cmk::resource(id),
        )]),
    ];
    let mut facts = Vec::new();
    if let Some(known) = builtin::table(name.as_str()) {
        facts.push(("What", Cell::new(known.doc)));
    }
    facts.push(("Filled", Cell::new(filled(name))));
    let own = table.and_then(|t| t.retention).is_some();
    let span = retention(workspace, table);
    let whose = if own {
        "its own time"
    } else {
        "as the workspace"
    };
    facts.push(("Kept for", Cell::new(format!("{span}, {whose}"))));
    if let Some(oldest) = kept.oldest {
        let at = oldest + span;
        let next = shared::when_and_left(eye.now, at).tone(Token::Text);
        facts.push(("Next purge", next));
    }
    facts.push(("Keeps", Cell::new(kept.all.says())));
    if kept.all.segments > 0 {
        facts.push(("Hot cache", Cell::new(kept.hot.says())));
        if super::may_know(eye, id) {
            facts.push(("Readable", readable(eye, id, &kept)));
        }
    }
    main.push(Block::Facts(facts));
    let tally = table.map(|t| t.tally).unwrap_or_default();
    main.push(Block::Heading(
        "Records that came (physical ledger)".to_owned(),
    ));
    main.push(Block::Table {
        columns: FATES,
        rows: fates(&tally),
    });
    if tally.queries_served + tally.queries_refused > 0 {
        main.push(Block::Text(
            Cell::new(format!(
                "Queried {}; refused {}.",
                times(tally.queries_served),
                times(tally.queries_refused)
            ))
            .tone(Token::Muted),
        ));
    }
    let newest = segments.iter().rev().take(NEWEST);
    let rows: Vec<_> = newest.map(|s| segment_row(s)).collect();
    let title = if segments.len() > rows.len() {
        format!("Newest segments ({} of {})", rows.len(), segments.len())
    } else {
        format!("Segments ({})", segments.len())
    };
    cmk::section(&mut main, title, SEGMENTS, rows, "Nothing is kept.");
    if segments.len() > NEWEST {
        main.push(cmk::link_facts(vec![super::to_segments(
            Of::Table(id.clone(), name.clone()),
            "All of them",
            &kept.all,
        )]));
    }
    let columns = world.columns(id, name);
    let inborn = builtin::columns(name.as_str()).map_or(1, |c| c.len());
    let side = vec![
        Block::Heading(format!("Columns ({})", columns.len())),
        Block::Table {
            columns: COLUMN_LIST,
            rows: columns
                .iter()
                .enumerate()
                .map(|(i, column)| {
                    let came = if i < inborn { "" } else { "came later" };
                    vec![
                        Cell::named(&column.name),
                        Cell::new(column.kind.word()).tone(Token::Second),
                        Cell::new(came).tone(Token::Muted),
                    ]
                })
                .collect(),
        },
    ];
    Ok(Doc {
        main,
        side,
        about: vec![ItemId::Table(id.clone(), name.clone())],
    })
}

fn filled(name: &TableName) -> &'static str {
    match kind(name) {
        "by service" => "by the service itself; nobody sends data to it",
        "built-in" => "by the customer's machines and applications",
        _ => "by the customer; its columns are those that came",
    }
}

fn readable(eye: Eye, id: &ResourceId, kept: &super::Kept) -> Cell {
    if kept.hidden.segments == 0 {
        return cmk::readable(eye, id);
    }
    let what = if kept.hidden.segments == kept.all.segments {
        "no".to_owned()
    } else {
        format!(
            "in part: {} of {} cannot be read",
            text::count(kept.hidden.rows),
            counted(kept.all.rows, "record", "records")
        )
    };
    Cell::new(what).mark(Mark::Bad).tone(Token::Danger)
}

fn times(n: u64) -> String {
    counted(n, "time", "times")
}

/// Every record that came stands in exactly one of the first lines; what happened to it later follows.
fn fates(tally: &Tally) -> Vec<Vec<Cell>> {
    let line = |words: String, amount: Amount, tone: Token, mark: Option<Mark>| {
        let none = amount.rows == 0;
        let tone = if none { Token::Faint } else { tone };
        let mut name = Cell::new(words).tone(tone);
        name.mark = mark.filter(|_| !none);
        vec![
            name,
            count(amount.rows).tone(tone),
            bytes(amount.bytes).tone(tone),
        ]
    };
    let plain = |words: &str, amount| line(words.to_owned(), amount, Token::Text, None);
    let mut rows = vec![
        plain("stored under the Microsoft key", tally.microsoft),
        plain("stored under the customer's key", tally.customer),
        plain("put into the outage buffer", tally.buffered),
        plain("  drained from it to the store", tally.drained),
    ];
    for (why, amount) in losses([tally]) {
        let words = format!("LOST: {} ({})", super::loss(why), why.rule());
        rows.push(line(words, amount, Token::Danger, Some(Mark::Bad)));
    }
    rows.push(plain("purged", tally.purged));
    rows
}

pub fn segment_row(segment: &Segment) -> (Option<ItemId>, Vec<Cell>) {
    (
        Some(ItemId::Segment(segment.id)),
        vec![
            Cell::new(segment.id.to_string()).tone(Token::Link),
            store(&segment.store),
            class(segment.class),
            heat(segment.hot),
            count(segment.rows),
            bytes(segment.raw),
        ],
    )
}
