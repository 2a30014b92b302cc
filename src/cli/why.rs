//! `lockbox why`: from an event or from the state of a thing, back along its causes to whoever gave the command.

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::print::{Block, Page, col, flex};
use super::session::{Session, failure};
use crate::engine::projections::why::{About, Seen};
use crate::engine::{Actor, Refusal, errors, text::scrub};
use crate::runtime::Past;
use crate::runtime::past::revision;

pub fn run(thing: &str, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let about = about(&session, thing)?;
    let past = Past::new(
        session
            .host()
            .journal()
            .reader()
            .map_err(|e| failure(e.into()))?,
    );
    let chain = past.why(session.world(), &about).map_err(failure)?;
    let seen = Seen::new(chain, |event| session.sees(event));
    let steps = &seen.steps;
    let rows = steps
        .iter()
        .map(|step| {
            vec![
                step.event.at.to_seconds(),
                step.event.revision.to_string(),
                step.rule
                    .map_or_else(String::new, |rule| rule.id.to_owned()),
                step.sentence.clone(),
            ]
        })
        .collect();
    let rules = steps.iter().filter_map(|step| step.rule);
    let mut stated: Vec<Vec<String>> = Vec::new();
    for rule in rules {
        let row = vec![
            rule.id.to_owned(),
            rule.statement.to_owned(),
            rule.source.to_owned(),
        ];
        if !stated.contains(&row) {
            stated.push(row);
        }
    }
    let json = steps.iter().map(|step| {
        json!({
            "revision": step.event.revision.0,
            "at": step.event.at,
            "actor": step.event.actor.wire(),
            "sentence": step.sentence,
            "rule": step.rule.map(|rule| json!({ "id": rule.id, "statement": rule.statement, "source": rule.source })),
        })
    });
    let head = seen.beginning().trim_end_matches('.').to_owned();
    let columns = vec![
        col("AT"),
        col("EVENT"),
        col("RULE"),
        flex("WHAT HAPPENED, LATEST FIRST"),
    ];
    let statements = vec![col("RULE"), flex("SAYS"), flex("SOURCE")];
    context.page(&Page {
        head,
        json: json!({
            "steps": json.collect::<Vec<_>>(),
            "stepsNotForYou": seen.unseen,
            "began": seen.began.as_ref().map(Actor::wire),
        }),
        blocks: vec![
            Block::Table("Because", columns, rows),
            Block::Table("The rules", statements, stated),
        ],
    })
}

/// What somebody means: an event, a request, an operation, a cluster or a workspace.
fn about(session: &Session, thing: &str) -> Result<About, Refusal> {
    let (world, actor) = (session.world(), session.actor());
    if let Some(revision) = revision(thing) {
        return Ok(About::Event(revision));
    }
    if let Ok(request) = thing.parse() {
        return Ok(About::Request(request));
    }
    if let Ok(operation) = world.find_operation(thing) {
        return Ok(About::Operation(operation));
    }
    if let Ok(cluster) = world.find_cluster(actor, thing) {
        return Ok(About::Cluster(cluster));
    }
    world.find_workspace(actor, thing).map(About::Workspace).map_err(|no| {
        errors::SIM_03
            .says(format!("There is nothing called {}.", scrub(thing)))
            .target("thing")
            .remedy(format!(
                "Name an event (r123), a request (LB-000042), an operation (OP-000001), a cluster or a workspace. {}",
                no.remedy
            ))
    })
}
