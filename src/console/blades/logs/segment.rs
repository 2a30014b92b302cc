//! A sealed segment as a page: what it is, where it lies, which keys stand over it, and why it can or cannot be
//! read now.

use super::{Eye, class, cmk, heat, may_know, shared, store, unreadable};
use crate::console::doc::{Block, Doc};
use crate::console::rows::{Cell, Column, ItemId, Mark, col, flex};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::ids::{ResourceId, SegmentId};
use crate::engine::ingestion::segment::{KeyClass, Segment, Store};
use crate::engine::text::scrub;
use crate::engine::{Query, Refusal, ask, errors};

const KEYS: &[Column] = &[col("level", "KEY", 17, 0), flex("which", "WHICH", 16, 2, 0)];

/// The segment, if the actor may see its workspace.
pub fn find<'a>(eye: Eye<'a>, id: SegmentId) -> Result<&'a Segment, Refusal> {
    let gone = || {
        errors::ARM_04
            .says(format!("There is no segment {id}."))
            .target("segment")
            .remedy(
                "Segments go when they are drained, purged or lost; look in the list of segments.",
            )
    };
    let segment = eye.world.logs.segments.get(&id).ok_or_else(gone)?;
    let query = Query::Workspace(segment.workspace.clone());
    // A number tells nobody whether the thing exists.
    ask(eye.world, eye.now, eye.actor, &query).map_err(|_| gone())?;
    Ok(segment)
}

pub fn doc(eye: Eye, id: SegmentId) -> Result<Doc, Refusal> {
    let segment = find(eye, id)?;
    let table = eye.world.logs.table(&segment.workspace, &segment.table);
    let knows = may_know(eye, &segment.workspace);
    let refusal = unreadable(eye, segment);
    let mut main = vec![
        Block::Heading(format!("{id} · sealed segment")),
        cmk::link_facts(links(segment)),
    ];
    let mut facts = vec![
        ("Store", store(&segment.store)),
        ("Sealed under", class(segment.class)),
        ("Temperature", temperature(eye, segment)),
        (
            "Records",
            Cell::new(text::count(segment.rows)).raw(segment.rows),
        ),
        (
            "Bytes",
            Cell::new(format!(
                "{} as they came, {} of Parquet inside",
                text::bytes(segment.raw),
                text::bytes(segment.plain)
            )),
        ),
    ];
    if knows {
        let times = match refusal {
            None => Cell::new(format!(
                "{} to {} UTC",
                segment.from.to_seconds(),
                segment.to.to_seconds()
            )),
            // The extremes of records that cannot be read are not told (R-CMK-43).
            Some(_) => Cell::new("hidden while it cannot be read").tone(Token::Muted),
        };
        facts.push(("Record times", times));
    }
    facts.push(("Came", cmk::instant(segment.ingested_at)));
    if let Some(at) = table.and_then(|t| t.purged_at(id)) {
        let at = shared::when_and_left(eye.now, at).tone(Token::Text);
        facts.push(("Purged at", at));
    }
    if let Some(old) = segment.drained_from {
        let text = format!("{old}, when the vault was back");
        facts.push(("Drained from", Cell::new(text)));
    }
    main.push(Block::Facts(facts));
    main.push(Block::Heading("Can it be read?".to_owned()));
    main.extend(verdict(knows, refusal));
    let mut side = vec![
        Block::Heading("Keys over it, from the outside in".to_owned()),
        Block::Links {
            columns: KEYS,
            rows: keys(eye, segment),
        },
        Block::Gap,
    ];
    side.push(Block::Text(
        Cell::new(
            "The file is cut into 64 KiB blocks. Each has a key of its own that is derived from the account \
             key, the file's salt and the block's number, and that nobody keeps.",
        )
        .tone(Token::Muted),
    ));
    Ok(Doc {
        main,
        side,
        about: vec![ItemId::Segment(id)],
    })
}

fn links(segment: &Segment) -> Vec<(ItemId, &'static str, Cell)> {
    let workspace: &ResourceId = &segment.workspace;
    let mut links = vec![
        (
            ItemId::Table(workspace.clone(), segment.table.clone()),
            "Table",
            Cell::named(segment.table.as_str()),
        ),
        (
            ItemId::Workspace(workspace.clone()),
            "Workspace",
            cmk::resource(workspace),
        ),
    ];
    if let Some(cluster) = segment.store.cluster() {
        links.push((
            ItemId::Cluster(cluster.clone()),
            "Cluster",
            cmk::resource(cluster),
        ));
    }
    links
}

fn temperature(eye: Eye, segment: &Segment) -> Cell {
    let mut cell = heat(segment.hot);
    if segment.hot {
        let until = segment.ingested_at + eye.world.rules.hot_window;
        let left = eye.now.until(until).brief();
        cell.text = format!("hot for another {left}: a copy lies in the hot cache").into();
    } else {
        cell.text = "cold: only the sealed file is there".into();
    }
    cell
}

fn verdict(knows: bool, refusal: Option<Refusal>) -> Vec<Block> {
    let say = |cell| vec![Block::Text(cell)];
    if !knows {
        return say(
            Cell::new("Whether it can be read is known to those who may query.").tone(Token::Muted),
        );
    }
    let Some(no) = refusal else {
        return say(Cell::new("Yes.").mark(Mark::Ok).tone(Token::Ok));
    };
    vec![
        Block::Text(
            Cell::new(no.to_string())
                .mark(Mark::Bad)
                .tone(Token::Danger),
        ),
        Block::Text(
            Cell::new(format!("{} · {} · rule {}", no.id, no.code, no.rule)).tone(Token::Muted),
        ),
        Block::Text(Cell::new(scrub(&no.remedy).into_owned())),
    ]
}

/// From the key nobody but its owner has to the one that opens a block.
fn keys(eye: Eye, segment: &Segment) -> Vec<(Option<ItemId>, Vec<Cell>)> {
    let row = |id: Option<ItemId>, level: &'static str, which: Cell| {
        let which = if id.is_some() {
            which.tone(Token::Link)
        } else {
            which
        };
        (id, vec![Cell::new(level).tone(Token::Muted), which])
    };
    let cluster = segment
        .store
        .cluster()
        .and_then(|id| eye.world.clusters.get(id));
    let own = cluster.and_then(|c| c.key.as_ref());
    let outer = match (segment.class, own) {
        (KeyClass::Customer, Some(key)) => {
            row(Some(ItemId::KeyVersion(key.clone())), "KEK", cmk::key(key))
        }
        _ => row(None, "KEK", Cell::new("Microsoft-managed key")),
    };
    let account = row(
        None,
        "account key (AEK)",
        Cell::new(segment.aek.to_string()),
    );
    let block = row(None, "block keys (DEK)", Cell::new("one a block, derived"));
    let mut rows = vec![outer, account, block];
    if segment.hot && !matches!(segment.store, Store::Shared) {
        rows.push(row(
            None,
            "hot copy (AEK)",
            Cell::new(format!("{}, under the Microsoft key", segment.hot_aek)),
        ));
    }
    rows
}
