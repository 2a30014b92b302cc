//! A cluster and its key, link by link: what holds, what burns and when it breaks or heals; what is lost, hidden and
//! kept; the ways to cut the key and the way back, each to be done from here after a preview; and what other systems
//! document.

use super::{Eye, cluster, cmk, logs, shared};
use crate::console::doc::{Block, Doc};
use crate::console::rows::{Cell, Column, ItemId, Mark, col, flex, right};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::foresight::elsewhere;
use crate::engine::foresight::lineage::{Fuse, Lineage, Link, State, lineage};
use crate::engine::foresight::way_back::{Standing, Step, way_back};
use crate::engine::foresight::ways::{Cut, Way, ways_to_cut};
use crate::engine::ids::ResourceId;
use crate::engine::ingestion::ledger::{Modelled, Scope};
use crate::engine::ingestion::table::Amount;
use crate::engine::rules::Rules;
use crate::engine::vault::access_policy::Caller;
use crate::engine::{Command, Refusal, SimTime, Span, World, vault};

const CHAIN: &[Column] = &[
    flex("link", "LINK", 18, 1, 0),
    col("state", "STATE", 10, 0),
    col("fuse", "FUSE", 26, 0),
    col("bounds", "EARLIEST-LATEST", 15, 2),
];
const LOSS: &[Column] = &[
    flex("workspace", "WORKSPACE", 14, 1, 0),
    right("dropped", "DROPPED", 9, 0),
    right("records", "RECORDS", 14, 1),
    col("since", "SINCE", 12, 2),
    right("hidden", "HIDDEN", 9, 0),
    right("purged", "PURGED", 9, 3),
];
const WAYS: &[Column] = &[
    flex("way", "WAY TO CUT", 20, 1, 0),
    col("takes", "CUT OFF", 22, 0),
    flex("back", "WAY BACK", 18, 1, 2),
];
const BACK: &[Column] = &[
    flex("step", "WAY BACK", 22, 1, 0),
    col("standing", "NOW", 12, 0),
    col("rule", "RULE", 8, 2),
];
const ELSEWHERE: &[Column] = &[
    flex("system", "ELSEWHERE", 18, 2, 0),
    flex("what", "WHAT", 18, 3, 1),
    flex("time", "TIME", 12, 2, 0),
];

/// Columns of a burning bar.
const BAR: u16 = 8;

pub fn doc(eye: Eye, id: &ResourceId) -> Result<Doc, Refusal> {
    let found = cluster::find(eye, id)?;
    let chain = lineage(eye.world, eye.now, id)?;
    let mut main = vec![Block::Heading(format!(
        "{} · {}",
        shared::resource_name(id),
        found.protection.state.word()
    ))];
    main.extend(links(eye, &chain));
    main.push(Block::Gap);
    main.extend(losses(eye, id));
    let mut side = Vec::new();
    if found.is_live() {
        let ways = ways_to_cut(eye.world, eye.now, eye.actor, id)?;
        side.push(Block::Links {
            columns: WAYS,
            rows: ways.iter().map(|way| self::way(eye, id, way)).collect(),
        });
        side.push(Block::Gap);
    }
    let steps = way_back(eye.world, eye.now, eye.actor, id)?;
    side.push(Block::Links {
        columns: BACK,
        rows: steps
            .iter()
            .enumerate()
            .map(|(n, s)| step(id, n, s))
            .collect(),
    });
    let minds = steps.iter().filter(|s| s.standing != Standing::Done);
    for step in minds.filter(|s| !s.note.is_empty()).take(3) {
        side.push(Block::Text(Cell::new(step.note.clone()).tone(Token::Muted)));
    }
    side.push(Block::Gap);
    side.push(Block::Table {
        columns: ELSEWHERE,
        rows: elsewhere::FACTS.iter().map(other).collect(),
    });
    Ok(Doc {
        main,
        side,
        about: vec![ItemId::Cluster(id.clone())],
    })
}

fn links(eye: Eye, chain: &Lineage) -> Vec<Block> {
    let rows = chain.links.iter().map(|link| {
        vec![
            Cell::named(&link.name),
            state(link.state),
            fuse(&eye.world.rules, eye.now, link),
            bounds(link.fuse.as_ref()),
        ]
    });
    let mut blocks = vec![Block::Table {
        columns: CHAIN,
        rows: rows.collect(),
    }];
    if let Some(notice) = &chain.notice {
        let says = format!(
            "Storage calls the vault again in {}, and finds out.",
            eye.now.until(notice.expected).brief()
        );
        blocks.push(Block::Text(
            Cell::new(says).mark(Mark::Waiting).tone(Token::Warn),
        ));
    }
    // One reason for each kind of trouble, the first of the chain.
    let mut told: Vec<&str> = Vec::new();
    for link in chain.links.iter().filter(|l| l.state != State::Holds) {
        if !told.contains(&link.why.as_str()) && told.len() < 3 {
            told.push(&link.why);
            let says = format!("{} ({})", link.why, link.rule);
            blocks.push(Block::Text(Cell::new(says).tone(Token::Muted)));
        }
    }
    blocks
}

fn state(state: State) -> Cell {
    let (mark, tone) = match state {
        State::Holds => (Mark::Ok, Token::Ok),
        State::Burning => (Mark::Warn, Token::Warn),
        State::Broken => (Mark::Bad, Token::Danger),
        State::Healing => (Mark::Busy, Token::Info),
        State::Unknown => (Mark::Waiting, Token::Warn),
    };
    Cell::new(state.word()).mark(mark).tone(tone)
}

/// A bar that burns down, and the time that is left.
fn fuse(rules: &Rules, now: SimTime, link: &Link) -> Cell {
    let Some(fuse) = &link.fuse else {
        return match link.call {
            Some(call) if link.state == State::Holds => {
                Cell::new(format!("next call in {}", now.until(call).brief())).tone(Token::Faint)
            }
            _ => Cell::none(),
        };
    };
    let left = now.until(fuse.expected);
    let whole = whole(rules, fuse).0.max(left.0).max(1);
    let permille = i128::from(left.0) * 1_000 / i128::from(whole);
    let (verb, tone) = match fuse.heals {
        true => ("heals", Token::Info),
        false => ("breaks", Token::Danger),
    };
    Cell::new(format!("{verb} {}", left.brief()))
        .gauge(u16::try_from(permille).unwrap_or(1_000), BAR)
        .tone(tone)
}

/// How long the fuse was when it was lit.
fn whole(rules: &Rules, fuse: &Fuse) -> Span {
    match fuse.rule {
        "R-CMK-40" => rules.revocation_latency,
        "R-CMK-46" => rules.resume_latency,
        "R-CMK-52" => rules.outage_threshold,
        "R-CMK-53" => rules.buffer_horizon,
        "R-LNK-14" => rules.unlink_duration,
        _ => fuse.latest - fuse.earliest,
    }
}

fn bounds(fuse: Option<&Fuse>) -> Cell {
    let clock = |at: SimTime| at.calendar().format("%H:%M:%S").to_string();
    match fuse {
        None => Cell::none(),
        Some(fuse) if fuse.earliest == fuse.latest => {
            Cell::new(clock(fuse.latest)).tone(Token::Time)
        }
        Some(fuse) => {
            let short = |at: SimTime| at.calendar().format("%H:%M").to_string();
            Cell::new(format!("{}-{}", short(fuse.earliest), short(fuse.latest))).tone(Token::Time)
        }
    }
}

fn losses(eye: Eye, id: &ResourceId) -> Vec<Block> {
    let world = eye.world;
    let now = eye.now.max(world.now);
    let links = world.clusters.get(id).map(|c| c.links.clone());
    let seen: Vec<ResourceId> = links
        .into_iter()
        .flatten()
        .filter(|workspace| logs::sees(eye, workspace))
        .collect();
    let rows = seen.iter().map(|workspace| {
        let figures = world.modelled(&Scope::Workspace(workspace.clone()), now);
        let since = world.lost_since(workspace);
        vec![
            cmk::resource(workspace),
            lost(figures.lost()),
            Cell::new(text::count(narrow(world.records(figures.lost())))),
            since.map_or_else(Cell::none, |at| Cell::time(at).tone(Token::Danger)),
            Cell::new(text::bytes(figures.hidden)),
            Cell::new(text::bytes(figures.purged)),
        ]
    });
    let all = world.modelled(&Scope::Cluster(id.clone()), now);
    vec![
        Block::Heading("Loss, MODELLED".into()),
        Block::Table {
            columns: LOSS,
            rows: rows.collect(),
        },
        Block::Text(total(world, &all)),
        Block::Heading("Loss, PHYSICAL: records that really came".into()),
        Block::Text(physical(world, &seen, id)),
    ]
}

fn total(world: &World, all: &Modelled) -> Cell {
    let says = format!(
        "all {} dropped, {} records; {} hidden but safe; {} buffered, {} drained; {} hot",
        text::bytes(all.lost()),
        text::count(narrow(world.records(all.lost()))),
        text::bytes(all.hidden),
        text::bytes(all.buffered),
        text::bytes(all.drained),
        text::bytes(all.hot),
    );
    match all.lost() {
        0 => Cell::new(says).mark(Mark::Ok),
        _ => Cell::new(says).mark(Mark::Bad).tone(Token::Danger),
    }
}

fn physical(world: &World, workspaces: &[ResourceId], id: &ResourceId) -> Cell {
    let tables = workspaces.iter().flat_map(|w| world.logs.tables_of(w));
    let (mut rows, mut bytes, mut refused) = (0_u64, 0_u64, 0_u64);
    for (_, table) in tables {
        let Amount { rows: r, bytes: b } = table.tally.dropped();
        (rows, bytes) = (rows + r, bytes + b);
        refused += table.tally.queries_refused;
    }
    let there = world.logs.segments_on(id);
    let hidden = there.filter(|segment| !world.segment_readable(segment));
    let hidden: u64 = hidden.map(|segment| segment.rows).sum();
    let says = format!(
        "{} records dropped ({}), {} hidden but safe; {} queries refused",
        text::count(rows),
        text::bytes(bytes),
        text::count(hidden),
        text::count(refused),
    );
    match rows {
        0 => Cell::new(says).mark(Mark::Ok),
        _ => Cell::new(says).mark(Mark::Bad).tone(Token::Danger),
    }
}

fn lost(bytes: u128) -> Cell {
    match bytes {
        0 => Cell::new("0").tone(Token::Faint),
        lost => Cell::new(text::bytes(lost))
            .mark(Mark::Bad)
            .tone(Token::Danger),
    }
}

fn narrow(n: u128) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

fn way(eye: Eye, id: &ResourceId, way: &Way) -> (Option<ItemId>, Vec<Cell>) {
    let takes = match (&way.verdict, &way.fuse) {
        (Err(_), _) => Cell::new("not now").mark(Mark::Off).tone(Token::Faint),
        (Ok(_), None) => Cell::new("no effect").mark(Mark::Ok).tone(Token::Muted),
        (Ok(_), Some(fuse)) if fuse.expected <= eye.now => Cell::new("at once").mark(Mark::Bad),
        (Ok(_), Some(fuse)) => {
            let left = eye.now.until(fuse.expected).brief();
            let latest = eye.now.until(fuse.latest).brief();
            let says = match fuse.expected == fuse.latest {
                true => format!("in {left}"),
                false => format!("in {left}, by {latest}"),
            };
            match way.cut {
                Cut::Unlink => Cell::new(says).mark(Mark::Info),
                _ => Cell::new(says).mark(Mark::Warn).tone(Token::Warn),
            }
        }
    };
    let name = match way.verdict {
        Ok(_) => Cell::new(way.cut.word()),
        Err(_) => Cell::new(way.cut.word()).tone(Token::Faint),
    };
    let back = Cell::new(way.cut.back()).tone(Token::Muted);
    (
        Some(ItemId::Cut(id.clone(), way.cut)),
        vec![name, takes, back],
    )
}

fn step(id: &ResourceId, n: usize, step: &Step) -> (Option<ItemId>, Vec<Cell>) {
    let (mark, tone) = match step.standing {
        Standing::Done => (Mark::Ok, Token::Ok),
        Standing::Now => (Mark::Warn, Token::Warn),
        Standing::Later => (Mark::Waiting, Token::Muted),
        Standing::Impossible => (Mark::Bad, Token::Danger),
    };
    let cells = vec![
        Cell::new(step.title.clone()),
        Cell::new(step.standing.word()).mark(mark).tone(tone),
        Cell::new(step.rule).tone(Token::Accent),
    ];
    (Some(ItemId::Mend(id.clone(), n)), cells)
}

fn other(fact: &elsewhere::Fact) -> Vec<Cell> {
    vec![
        Cell::new(fact.system),
        Cell::new(fact.what).tone(Token::Muted),
        Cell::new(fact.time).tone(Token::Number),
    ]
}

/// The form that does a way to cut, and what it is about.
pub fn cut(world: &World, id: &ResourceId, cut: Cut) -> Option<(&'static str, ItemId)> {
    let found = world.clusters.get(id)?;
    if cut == Cut::Unlink {
        let workspace = found.links.iter().next()?;
        return Some(("link.unlink", ItemId::Workspace(workspace.clone())));
    }
    let key = found.key.clone()?;
    let policy = ItemId::Policy(key.vault.clone(), Caller::Identity(found.identity));
    Some(match cut {
        Cut::DisableVersion => ("key.enable", ItemId::KeyVersion(key)),
        Cut::DeleteKey => ("key.delete", ItemId::Key(key.vault, key.key)),
        Cut::DeletePolicy => ("policy.delete", policy),
        Cut::RemovePermission => ("policy.change", policy),
        Cut::DeleteVault => ("vault.delete", ItemId::Vault(key.vault)),
        Cut::Outage => ("fault.inject", ItemId::Vault(key.vault)),
        Cut::Unlink => return None,
    })
}

/// The form that does a step of the way back, and what it is about.
pub fn mend(eye: Eye, id: &ResourceId, n: usize) -> Option<(&'static str, ItemId)> {
    let steps = way_back(eye.world, eye.now, eye.actor, id).ok()?;
    let (_, command) = steps.into_iter().nth(n)?.does?;
    let key = eye.world.clusters.get(id)?.key.clone()?;
    Some(match command {
        Command::Vault(vault::Command::Recover { vault }) => {
            ("vault.recover", ItemId::Vault(vault))
        }
        Command::Key(vault::key::Command::Recover { vault, key }) => {
            ("key.recover", ItemId::Key(vault, key))
        }
        Command::Key(_) => ("key.enable", ItemId::KeyVersion(key)),
        Command::Policy(_) => ("policy.grant", ItemId::Cluster(id.clone())),
        Command::Fault(_) => ("fault.clear", ItemId::Vault(key.vault)),
        _ => return None,
    })
}
