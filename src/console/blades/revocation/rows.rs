//! The ways to cut and the steps back as rows, and the whole blade as a page for whoever prints it.

use super::super::{Eye, cluster, cmk, shared};
use super::Revocation;
use crate::console::doc::{Block, Doc};
use crate::console::rows::{Cell, Column, ItemId, Mark, Row, col, flex};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::Refusal;
use crate::engine::cluster::encryption::Encryption;
use crate::engine::foresight::elsewhere;
use crate::engine::foresight::lineage::{Link, Part, State};
use crate::engine::foresight::way_back::{Standing, Step};
use crate::engine::foresight::ways::{Cut, Way};
use crate::engine::foresight::{Fuse, way_back};
use crate::engine::ids::ResourceId;
use crate::engine::{SimTime, Span};

const CHAIN: &[Column] = &[
    col("part", "LINK", 12, 0),
    flex("name", "", 20, 2, 0),
    col("state", "STATE", 10, 0),
    flex("fuse", "FUSE", 30, 3, 0),
];

const WAYS: &[Column] = &[
    col("way", "WAY", 24, 0),
    col("time", "TAKES", 22, 0),
    flex("effect", "EFFECT", 26, 2, 2),
    flex("lost", "LOST", 22, 2, 1),
    flex("back", "WAY BACK", 24, 2, 1),
];

const BACK: &[Column] = &[
    col("standing", "", 14, 0),
    flex("title", "STEP", 24, 2, 0),
    flex("note", "", 24, 3, 0),
];

const LOSS: &[Column] = &[
    flex("workspace", "WORKSPACE", 12, 1, 0),
    col("modelled", "MODELLED: LOST", 18, 0),
    col("records", "RECORDS", 16, 1),
    col("since", "SINCE", 14, 1),
    col("physical", "PHYSICAL: LOST", 22, 0),
];

const ELSEWHERE: &[Column] = &[
    flex("system", "SYSTEM", 22, 1, 0),
    flex("what", "WHAT", 30, 2, 1),
    flex("time", "TIME", 16, 1, 0),
    flex("source", "SOURCE", 30, 2, 2),
];

/// The ways, then the steps.
pub fn ids(eye: Eye, id: &ResourceId) -> Result<Vec<ItemId>, Refusal> {
    cluster::find(eye, id)?;
    let steps = way_back(eye.world, eye.now, eye.actor, id)?.len();
    let ways = Cut::ALL.iter().map(|cut| ItemId::Way(id.clone(), *cut));
    let steps = (0..steps).filter_map(|n| Some(ItemId::Step(id.clone(), u8::try_from(n).ok()?)));
    Ok(ways.chain(steps).collect())
}

/// A row by its words alone, to be found by a filter.
pub fn row(id: &ItemId) -> Option<Row> {
    let cell = match id {
        ItemId::Way(_, cut) => Cell::new(cut.word()),
        ItemId::Step(_, n) => Cell::new(format!("step {n}")),
        _ => return None,
    };
    Some(Row {
        id: id.clone(),
        cells: vec![cell],
    })
}

/// What a link is called.
pub fn part(part: Part) -> &'static str {
    match part {
        Part::Vault => "vault",
        Part::Version => "key version",
        Part::Account(_) => "AEK",
        Part::DataKeys => "data keys",
        Part::HotCache => "hot cache",
        Part::Queries => "queries",
        Part::Ingestion => "ingestion",
    }
}

pub fn state(state: State) -> Cell {
    let (mark, tone) = match state {
        State::Holds => (Mark::Ok, Token::Ok),
        State::Burning => (Mark::Warn, Token::Warn),
        State::Broken => (Mark::Bad, Token::Danger),
        State::Healing => (Mark::Busy, Token::Info),
        State::Unknown => (Mark::Waiting, Token::Warn),
    };
    Cell::new(state.word()).mark(mark).tone(tone)
}

/// `breaks in 42m 10s`, `heals in 28m 03s`.
pub fn countdown(now: SimTime, fuse: &Fuse) -> String {
    let verb = if fuse.heals { "heals" } else { "breaks" };
    match now.until(fuse.expected) {
        Span(0) => format!("{verb} now"),
        left => format!("{verb} in {}", left.brief()),
    }
}

/// `now to 10:00:00`: what the rules leave open; the instant where they leave nothing open.
pub fn window(now: SimTime, fuse: &Fuse) -> String {
    let at = |at: SimTime| cmk::clock(at).text;
    match (fuse.earliest == fuse.latest, fuse.earliest <= now) {
        (true, _) => at(fuse.latest).into_owned(),
        (false, true) => format!("now to {}", at(fuse.latest)),
        (false, false) => format!("{} to {}", at(fuse.earliest), at(fuse.latest)),
    }
}

/// `09:41:07 (now to 10:00:00, R-CMK-40)`.
pub fn bounds(now: SimTime, fuse: &Fuse) -> String {
    let at = |at: SimTime| cmk::clock(at).text;
    if fuse.earliest == fuse.latest {
        return format!("{} {}", at(fuse.expected), fuse.rule);
    }
    format!(
        "{} ({}, {})",
        at(fuse.expected),
        window(now, fuse),
        fuse.rule
    )
}

/// How much of a fuse is left, in thousandths.
pub fn left(now: SimTime, fuse: &Fuse) -> u16 {
    let whole = i128::from(fuse.expected.0) - i128::from(fuse.lit.0);
    let left = i128::from(fuse.expected.0) - i128::from(now.0);
    let permille = left.clamp(0, whole.max(0)) * 1_000 / whole.max(1);
    u16::try_from(permille).unwrap_or(0)
}

/// How long a way takes: what this world does, and what the rules leave open.
pub fn takes(way: &Way) -> Cell {
    let (now, fuse) = match (&way.verdict, &way.fuse) {
        (Ok(foresight), Some(fuse)) => (foresight.now, fuse),
        (Ok(_), None) => return Cell::new("no effect").tone(Token::Muted),
        (Err(no), _) => {
            return Cell::new(format!("not now: {}", no.id))
                .mark(Mark::Off)
                .tone(Token::Muted);
        }
    };
    let after = |at: SimTime| match now.until(at) {
        Span(0) => "0".to_owned(),
        span => span.brief(),
    };
    let (earliest, latest) = (after(fuse.earliest), after(fuse.latest));
    let expected = after(fuse.expected);
    let text = match earliest == latest {
        true => expected,
        false => format!("{expected} ({earliest} to {latest})"),
    };
    Cell::new(text).tone(Token::Number)
}

pub fn standing(standing: Standing) -> Cell {
    let (mark, tone) = match standing {
        Standing::Done => (Mark::Ok, Token::Ok),
        Standing::Now => (Mark::Info, Token::Accent),
        Standing::Later => (Mark::Waiting, Token::Muted),
        Standing::Impossible => (Mark::Bad, Token::Danger),
    };
    Cell::new(standing.word()).mark(mark).tone(tone)
}

/// What there is to know of a step, and who may do it.
pub fn note(eye: Eye, step: &Step) -> String {
    let by = match (&step.does, step.standing) {
        (Some((crate::engine::Actor::Simulator, _)), Standing::Now) => " By the simulator.".into(),
        (Some(_), Standing::Now) => match step.who.as_slice() {
            [] => " Nobody may do it.".to_owned(),
            who => {
                let names: Vec<String> = who.iter().map(|w| shared::name(eye.world, w)).collect();
                format!(" By {}.", names.join(" or "))
            }
        },
        _ => String::new(),
    };
    format!("{}{by}", step.note)
}

/// The account's number behind the name of its key.
pub fn name(link: &Link) -> Cell {
    Cell::named(&link.name)
}

/// How the cluster's storage stands, and since when.
pub fn head(eye: Eye, id: &ResourceId) -> Vec<Cell> {
    let Some(cluster) = eye.world.clusters.get(id) else {
        return Vec::new();
    };
    if !cluster.is_live() {
        return vec![cmk::cluster_state(cluster.state)];
    }
    let protection = &cluster.protection;
    let mut cells = vec![cmk::encryption(&protection.state)];
    if protection.state != Encryption::MicrosoftKey {
        let since = format!("since {} UTC", protection.since.short());
        cells.push(Cell::new(since).tone(Token::Muted));
    }
    cells
}

/// The blade as a page.
pub fn doc(eye: Eye, id: &ResourceId) -> Result<Doc, Refusal> {
    let cluster = cluster::find(eye, id)?;
    let mut blade = Revocation::default();
    blade.refresh(eye, id);
    let mut main = vec![Block::Heading(format!(
        "Revocation of {}",
        shared::resource_name(id)
    ))];
    main.push(Block::Text(
        cmk::encryption(&cluster.protection.state).tone(Token::Strong),
    ));
    main.push(Block::Heading("From the vault to the data".into()));
    let links = blade.lineage.iter().flat_map(|chain| &chain.links);
    let links = links.map(|link| {
        let fuse = match &link.fuse {
            Some(fuse) => format!("{}, {}", countdown(eye.now, fuse), bounds(eye.now, fuse)),
            None => format!("{} {}", link.why, link.rule),
        };
        vec![
            Cell::new(part(link.part)),
            name(link),
            state(link.state),
            Cell::new(fuse),
        ]
    });
    main.push(Block::Table {
        columns: CHAIN,
        rows: links.collect(),
    });
    main.push(Block::Heading("What is lost".into()));
    let losses = blade.ledger.losses.iter().map(|loss| {
        vec![
            cmk::resource(&loss.workspace),
            Cell::new(text::bytes(loss.modelled)),
            Cell::new(records(loss.records)),
            loss.since.map_or_else(Cell::none, Cell::time),
            Cell::new(format!(
                "{}, {} records",
                text::bytes(loss.physical.bytes),
                text::count(loss.physical.rows)
            )),
        ]
    });
    main.push(Block::Table {
        columns: LOSS,
        rows: losses.collect(),
    });
    main.push(Block::Heading("Ways to cut the key".into()));
    let ways = blade.ways.iter().map(|way| {
        let cells = vec![
            Cell::new(way.cut.word()),
            takes(way),
            Cell::new(way.cut.effect()),
            Cell::new(way.cut.lost()),
            Cell::new(way.cut.back()),
        ];
        (Some(ItemId::Way(id.clone(), way.cut)), cells)
    });
    main.push(Block::Links {
        columns: WAYS,
        rows: ways.collect(),
    });
    main.push(Block::Heading("The way back".into()));
    let steps = (0..).zip(&blade.steps).map(|(n, step)| {
        let cells = vec![
            standing(step.standing),
            Cell::new(step.title.clone()),
            Cell::new(note(eye, step)),
        ];
        (Some(ItemId::Step(id.clone(), n)), cells)
    });
    main.push(Block::Links {
        columns: BACK,
        rows: steps.collect(),
    });
    main.push(Block::Heading("Elsewhere, by their documentation".into()));
    let facts = elsewhere::FACTS.iter().map(|fact| {
        [fact.system, fact.what, fact.time, fact.source]
            .map(Cell::new)
            .to_vec()
    });
    main.push(Block::Table {
        columns: ELSEWHERE,
        rows: facts.collect(),
    });
    Ok(Doc {
        main,
        side: Vec::new(),
        about: vec![ItemId::Cluster(id.clone())],
    })
}

/// `17,714,285`
pub fn records(n: u128) -> String {
    text::count(u64::try_from(n).unwrap_or(u64::MAX))
}
