//! `lockbox activity`: the activity log, with filters for the four operations of Lockbox (R-AUD-02).

use clap::Subcommand;

use super::args;
use super::context::Context;
use super::failure::Failure;
use super::print::{List, col, flex};
use crate::engine::Span;
use crate::engine::ask::{Answer, Query};
use crate::engine::lockbox::request::Operation;
use crate::engine::projections::activity_log::{Activity, Entry, entry, wire};

#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ActivityCommand {
    /// List the activity log, newest first; as JSON in the shape of the Insights API
    List {
        /// Only one operation of Lockbox: create, approve, deny or expire, or its label or name
        #[arg(long, value_parser = args::operation)]
        operation: Option<Operation>,
        /// How far back, for example 7d [default: 90d]
        #[arg(long, value_name = "SPAN", allow_hyphen_values = true)]
        back: Option<Span>,
    },
}

pub fn run(command: ActivityCommand, context: &Context) -> Result<(), Failure> {
    let ActivityCommand::List { operation, back } = command;
    let session = context.session()?;
    let world = session.world();
    let Answer::Activity(places) = session.ask(&Query::Activity { operation, back })? else {
        return Ok(());
    };
    let items: Vec<(&Activity, Entry)> = places
        .iter()
        .filter_map(|place| {
            let activity = world.activity.get(*place)?;
            Some((activity, entry(world, activity)?))
        })
        .collect();
    context.list(&List {
        noun: ("entry", "entries"),
        columns: vec![
            col("TIME"),
            col("OPERATION"),
            flex("ABOUT"),
            col("STATUS"),
            flex("CALLER"),
            flex("REASON"),
        ],
        csv: &[
            "eventTimestamp",
            "operationName.localizedValue",
            "operationName.value",
            "correlationId",
            "properties.lockboxStatus",
            "caller",
            "properties.reason",
            "resourceId",
            "subscriptionId",
            "level",
        ],
        items,
        cells: &|(activity, entry)| {
            vec![
                activity.at.to_seconds(),
                entry.label.to_owned(),
                entry.about.clone(),
                entry.status.to_owned(),
                entry.caller.clone(),
                entry.reason.to_string(),
            ]
        },
        json: &|(activity, _)| wire(world, activity).unwrap_or_default(),
        own_shape: true,
        notes: Vec::new(),
    })
}
