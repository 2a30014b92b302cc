//! `lockbox activity`: the activity log with its four operation filters (R-AUD-02).

use clap::Subcommand;

use super::args;
use super::context::Context;
use super::failure::Failure;
use super::print::{List, col, flex};
use crate::engine::Span;
use crate::engine::ask::{Answer, Query};
use crate::engine::lockbox::Activity;
use crate::engine::lockbox::request::{Operation, Request};
use crate::engine::projections::activity_log::{entry, wire};

#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ActivityCommand {
    /// List the activity log, newest first; as JSON in the shape of the Insights API
    List {
        /// create, approve, deny or expire, or the label or name of the operation
        #[arg(long, value_parser = args::operation)]
        operation: Option<Operation>,
        /// How far back, for example 7d [default: 90d]
        #[arg(long, value_name = "SPAN")]
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
    let items: Vec<(&Activity, &Request)> = places
        .iter()
        .filter_map(|place| {
            let activity = world.lockbox.activity.get(*place)?;
            let request = world.lockbox.requests.get(&activity.request)?;
            Some((activity, &**request))
        })
        .collect();
    context.list(&List {
        noun: ("entry", "entries"),
        columns: vec![
            col("TIME"),
            col("OPERATION"),
            col("REQUEST"),
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
            "subscriptionId",
            "level",
        ],
        items,
        cells: &|(activity, request)| {
            let entry = entry(world, activity, request);
            vec![
                activity.at.to_seconds(),
                activity.operation.label().to_owned(),
                activity.request.to_string(),
                entry.lockbox_status.to_owned(),
                entry.caller,
                entry.reason.to_string(),
            ]
        },
        json: &|(activity, _)| wire(world, activity).unwrap_or_default(),
        own_shape: true,
        notes: Vec::new(),
    })
}
