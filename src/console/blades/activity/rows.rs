//! One line of the activity log.

use super::super::{Eye, shared};
use crate::console::rows::{Cell, Column, ItemId, Mark, Row, col, data, flex};
use crate::console::theme::Token;
use crate::engine::ids::Revision;
use crate::engine::lockbox::request::Operation;
use crate::engine::projections::activity_log::{self, Activity, Subject};
use crate::engine::{Answer, Query, Refusal, World, ask};

pub const COLUMNS: &[Column] = &[
    col("at", "TIME (UTC)", 12, 0),
    col("operation", "OPERATION", 25, 0),
    flex("about", "ABOUT", 16, 2, 1),
    flex("caller", "CALLER", 16, 2, 2),
    flex("reason", "REASON", 14, 3, 3),
    flex("subscription", "SUBSCRIPTION", 14, 1, 5),
    data("lockboxStatus"),
    data("operationName"),
];

pub fn ids(eye: Eye, operation: Option<Operation>) -> Result<Vec<ItemId>, Refusal> {
    let query = Query::Activity {
        operation,
        back: None,
    };
    let Answer::Activity(places) = ask(eye.world, eye.now, eye.actor, &query)? else {
        return Ok(Vec::new());
    };
    let log = &eye.world.activity;
    Ok(places
        .into_iter()
        .filter_map(|i| log.get(i))
        .map(|a| ItemId::Activity(a.revision))
        .collect())
}

/// The entry of a revision; the log is in order of revision.
pub fn entry(world: &World, revision: Revision) -> Option<Activity> {
    let log = &world.activity;
    let place = log.binary_search_by_key(&revision, |a| a.revision).ok()?;
    log.get(place).cloned()
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let ItemId::Activity(revision) = id else {
        return None;
    };
    let activity = entry(eye.world, *revision)?;
    let entry = activity_log::entry(eye.world, &activity)?;
    let (mark, tone, word) = match &activity.subject {
        Subject::Lockbox { operation, .. } => {
            let (mark, tone) = match operation {
                Operation::Create => (Mark::Info, Token::Info),
                Operation::Approve => (Mark::Ok, Token::Approved),
                Operation::Deny => (Mark::Bad, Token::Denied),
                Operation::Expire => (Mark::Off, Token::Expired),
            };
            (mark, tone, operation.word())
        }
        Subject::Administrative { action, .. } => (Mark::Info, Token::Text, action.word()),
    };
    // A resource is told by its name; where it lies is the next column's.
    let about = match &activity.subject {
        Subject::Lockbox { .. } => Cell::new(entry.about).tone(Token::Id),
        Subject::Administrative { resource, .. } => Cell::named(resource.name())
            .tone(Token::Id)
            .raw(resource.as_str()),
    };
    let reason = if entry.reason.is_blank() {
        Cell::none()
    } else {
        Cell::untrusted(&entry.reason)
    };
    Some(Row {
        id: id.clone(),
        cells: vec![
            Cell::time(activity.at),
            Cell::new(entry.label).mark(mark).tone(tone).raw(word),
            about,
            Cell::named(&entry.caller),
            reason,
            shared::subscription(eye.world, &entry.subscription),
            Cell::new(entry.status),
            Cell::new(entry.action),
        ],
    })
}
