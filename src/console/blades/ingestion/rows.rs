//! Clusters and workspaces by what they send: the rate, its share of the reservation, where it goes, what is lost.
//! All figures are the model's.

use serde_json::Value;

use super::super::{Eye, cluster, cmk, logs};
use super::{coming, per_day, reserved, scopes};
use crate::console::paint::chart;
use crate::console::rows::{Cell, Column, ItemId, Mark, Row, col, data, flex, right};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::ids::ResourceId;
use crate::engine::ingestion::ledger::Scope;
use crate::engine::ingestion::series::{Column as Bytes, Fate};
use crate::engine::{Refusal, SimTime, Span};

pub const COLUMNS: &[Column] = &[
    flex("name", "NAME", 14, 3, 0),
    col("kind", "KIND", 9, 3),
    right("gbPerDay", "GB/DAY", 6, 0),
    right("share", "SHARE", 5, 1),
    col("lastDay", "LAST DAY", 8, 2),
    col("fate", "GOES TO", 15, 0),
    right("lost", "LOST", 9, 1),
    col("lostSince", "SINCE", 12, 4),
    data("customer"),
    data("microsoft"),
    data("buffered"),
    data("drained"),
    data("purged"),
    data("hidden"),
    data("hot"),
    data("id"),
];

/// Columns of the small chart of the last day, and how long each is.
const SPARK: usize = 8;
const PER_SPARK: Span = Span::hours(3);
/// The order follows what came in the last whole one of these, so that rows do not jump about.
const ORDER: Span = Span::hours(1);

/// Changes when the order of the list may be another one.
pub fn period(now: SimTime) -> i64 {
    now.0.div_euclid(ORDER.0)
}

/// Clusters first, then the workspaces that sent most.
pub fn ids(eye: Eye, scope: &Scope) -> Result<Vec<ItemId>, Refusal> {
    scopes(eye, scope)?;
    let (clusters, workspaces) = match scope {
        Scope::All => (super::clusters(eye), super::workspaces(eye, false)),
        Scope::Cluster(id) => {
            let links = cluster::find(eye, id)?.links.iter();
            let seen = links.filter(|id| logs::sees(eye, id)).cloned();
            (vec![id.clone()], seen.collect())
        }
        Scope::Workspace(id) => (Vec::new(), vec![id.clone()]),
    };
    let from = SimTime((period(eye.now) - 1).saturating_mul(ORDER.0));
    let sent = |id: &ResourceId| {
        let scope = Scope::Workspace(id.clone());
        let hour = eye.world.series(&scope, from, ORDER, 1, from + ORDER);
        hour.first().map_or(0, chart::total)
    };
    let mut ranked: Vec<(u128, ResourceId)> =
        workspaces.into_iter().map(|id| (sent(&id), id)).collect();
    ranked.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let workspaces = ranked.into_iter().map(|(_, id)| ItemId::Workspace(id));
    Ok(clusters
        .into_iter()
        .map(ItemId::Cluster)
        .chain(workspaces)
        .collect())
}

/// The scope a row stands for.
pub fn scope(id: &ItemId) -> Option<Scope> {
    match id {
        ItemId::Cluster(id) => Some(Scope::Cluster(id.clone())),
        ItemId::Workspace(id) => Some(Scope::Workspace(id.clone())),
        _ => None,
    }
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let world = eye.world;
    let scope = scope(id)?;
    let now = eye.now.max(world.now);
    let (resource, kind, place) = match &scope {
        Scope::Cluster(id) => (id, "cluster", Some(id.clone())),
        Scope::Workspace(id) => {
            let route = world.route(id).ok();
            let cluster = route.as_ref().and_then(|r| r.cluster()).cloned();
            (id, "workspace", cluster)
        }
        Scope::All => return None,
    };
    let rates = coming(world, &scope, now);
    let rate = chart::total(&rates);
    let capacity = place
        .and_then(|id| world.clusters.get(&id))
        .map(|c| reserved(c.capacity));
    let modelled = world.modelled(&scope, now);
    let since = match &scope {
        Scope::Workspace(id) => world.lost_since(id),
        _ => None,
    };
    Some(Row {
        id: id.clone(),
        cells: vec![
            cmk::resource(resource).tone(Token::Id),
            Cell::new(kind).tone(Token::Muted),
            Cell::new(text::gigabytes(rate))
                .tone(Token::Number)
                .raw(gigabytes(rate)),
            share(rate, capacity),
            Cell::new("")
                .spark(spark(eye, &scope, now))
                .tone(Token::ChartCustomer),
            fate(&rates),
            lost(modelled.lost()),
            since.map_or_else(Cell::none, |at| Cell::time(at).tone(Token::Danger)),
            bytes(modelled.customer),
            bytes(modelled.microsoft),
            bytes(modelled.buffered),
            bytes(modelled.drained),
            bytes(modelled.purged),
            bytes(modelled.hidden),
            bytes(modelled.hot),
            Cell::new(resource.to_string()),
        ],
    })
}

/// Heights in eighths, the highest of the day being full.
fn spark(eye: Eye, scope: &Scope, now: SimTime) -> Vec<u8> {
    let last = now.0.div_euclid(PER_SPARK.0);
    let first = last.saturating_sub(SPARK as i64 - 1);
    let edge = |n: i64| SimTime(n.saturating_mul(PER_SPARK.0));
    let columns = eye.world.series(scope, edge(first), PER_SPARK, SPARK, now);
    let rates: Vec<u128> = columns
        .iter()
        .zip(first..)
        .map(|(bytes, n)| chart::total(&per_day(bytes, edge(n), PER_SPARK, now)))
        .collect();
    let most = rates.iter().copied().max().unwrap_or(0).max(1);
    let eighths = |rate: &u128| match rate {
        0 => 0,
        rate => u8::try_from(rate.saturating_mul(8) / most)
            .unwrap_or(8)
            .clamp(1, 8),
    };
    rates.iter().map(eighths).collect()
}

/// Where it goes; of several ways the worst.
fn fate(rates: &Bytes) -> Cell {
    let worst = Fate::ALL
        .iter()
        .rev()
        .find(|fate| rates[**fate as usize] > 0);
    let Some(fate) = worst else {
        return Cell::new("nothing comes")
            .mark(Mark::Off)
            .tone(Token::Muted);
    };
    let mark = match fate {
        Fate::Customer => Mark::Ok,
        Fate::Microsoft => Mark::Info,
        Fate::Buffered => Mark::Waiting,
        Fate::Dropped => Mark::Bad,
    };
    Cell::new(fate.word()).mark(mark).tone(chart::token(*fate))
}

/// A rate as a percentage of a reservation.
fn share(rate: u128, capacity: Option<u128>) -> Cell {
    match capacity.filter(|c| *c > 0) {
        None => Cell::none(),
        Some(capacity) => percent(rate.saturating_mul(1_000) / capacity),
    }
}

/// Thousandths of the reservation as a percentage, louder the nearer it is to full.
pub fn percent(thousandths: u128) -> Cell {
    let tone = match thousandths {
        t if t >= 1_000 => Token::Danger,
        t if t >= super::WARN => Token::Warn,
        _ => Token::Text,
    };
    let says = match thousandths {
        0 => "0%".to_owned(),
        t @ 1..10 => format!("0.{t}%"),
        t => format!("{}%", t / 10),
    };
    Cell::new(says).tone(tone).raw(small(thousandths / 10))
}

fn lost(lost: u128) -> Cell {
    match lost {
        0 => Cell::new("0").tone(Token::Faint).raw(0),
        lost => Cell::new(text::bytes(lost))
            .mark(Mark::Bad)
            .tone(Token::Danger)
            .raw(small(lost)),
    }
}

fn bytes(n: u128) -> Cell {
    Cell::new(text::bytes(n)).raw(small(n))
}

/// JSON has no larger whole numbers.
fn small(n: u128) -> Value {
    Value::from(u64::try_from(n).unwrap_or(u64::MAX))
}

/// GB with two decimals.
fn gigabytes(n: u128) -> Value {
    let hundredths = u32::try_from(n / 10_000_000).map_or(f64::from(u32::MAX), f64::from);
    Value::from(hundredths / 100.0)
}
