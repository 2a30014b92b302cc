//! Plays a world file in memory, up to the moment it opens and on until its last scripted step, and reports
//! what the world would refuse or skip on the way against the line it stands on.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;

use super::error::WorldError;
use super::reader::Reader;
use super::{WorldFile, parse};
use crate::engine::cluster::State;
use crate::engine::workspace::Workspace;
use crate::engine::{self, Actor, Command, SimTime, World};

/// What a world holds at the moment it opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub name: String,
    pub opens_at: SimTime,
    pub tenants: usize,
    pub people: usize,
    pub subscriptions: usize,
    pub resources: usize,
    pub tickets: usize,
    pub requests: usize,
    /// Requests by status.
    pub statuses: BTreeMap<String, usize>,
    pub grants: usize,
    pub active_grants: usize,
    pub vaults: usize,
    pub key_versions: usize,
    pub clusters: usize,
    /// Clusters by how they stand: what the service says of them or, when nothing else, their encryption.
    pub cluster_states: BTreeMap<String, usize>,
    pub workspaces: usize,
    pub linked_workspaces: usize,
    /// Stories with steps still to come.
    pub stories_under_way: usize,
    pub events: u64,
}

impl Summary {
    fn of(world: &World) -> Summary {
        let mut statuses = BTreeMap::new();
        for request in world.lockbox.requests.values() {
            *statuses
                .entry(request.status.word().to_owned())
                .or_default() += 1;
        }
        let mut cluster_states = BTreeMap::new();
        for cluster in world.clusters.values() {
            let word = match cluster.state {
                State::Succeeded => cluster.protection.state.word(),
                state => state.word(),
            };
            *cluster_states.entry(word.to_owned()).or_default() += 1;
        }
        let keys = world.vaults.values().flat_map(|v| v.keys.values());
        let linked = |w: &&Arc<Workspace>| w.link.linked_to().is_some();
        Summary {
            name: world.name.to_string(),
            opens_at: world.opens_at,
            tenants: world.people.tenants.len(),
            people: world.people.persons.len(),
            subscriptions: world.resources.subscriptions.len(),
            resources: world.resources.resources.len(),
            tickets: world.lockbox.tickets.len(),
            requests: world.lockbox.requests.len(),
            statuses,
            grants: world.lockbox.grants.len(),
            active_grants: world.lockbox.active.len(),
            vaults: world.vaults.len(),
            key_versions: keys.map(|k| k.versions.len()).sum(),
            clusters: world.clusters.len(),
            cluster_states,
            workspaces: world.workspaces.len(),
            linked_workspaces: world.workspaces.values().filter(linked).count(),
            stories_under_way: world.stories.underway.len(),
            events: world.revision.0,
        }
    }
}

/// Reads and plays a world file. `Ok` means that everything in it happens as written, if nobody interferes.
pub fn check(file: &str, text: &str) -> Result<Summary, Vec<WorldError>> {
    let parsed = parse(file, text)?;
    let reader = Reader::new(file, text);
    let mut world = World::default();
    for (at, actor, command) in parsed.founding() {
        elapse(&mut world, at);
        if let Err(refusal) = submit(&mut world, at, &actor, &command) {
            let (place, field) = place_of(&parsed, &command);
            reader.wrong(place, &field, refusal.message, None);
        }
    }
    let summary = Summary::of(&world);
    if let Some(last) = last_step(&world) {
        elapse(&mut world, last);
    }
    let told: HashMap<&str, &super::story::Told> = parsed
        .stories
        .iter()
        .map(|told| (told.story.id.as_str(), told))
        .collect();
    // What follows a skipped step mostly falls with it, so one report a story is enough.
    let mut later: BTreeMap<&str, usize> = BTreeMap::new();
    for skipped in &world.stories.skipped {
        *later.entry(skipped.story.as_str()).or_default() += 1;
    }
    for skipped in &world.stories.skipped {
        let Some(count) = later.remove(skipped.story.as_str()) else {
            continue;
        };
        let step = told
            .get(skipped.story.as_str())
            .and_then(|told| told.steps.get(skipped.step as usize));
        let (place, field) = step.map_or((0, "generate"), |(place, field)| (*place, field));
        let more = match count {
            1 => String::new(),
            n => format!(" So are {} later steps of the story.", n - 1),
        };
        reader.wrong(
            place,
            field,
            format!(
                "At {} the world skips this step: {} ({}){more}",
                skipped.at, skipped.message, skipped.refusal
            ),
            None,
        );
    }
    match reader.errors() {
        errors if errors.is_empty() => Ok(summary),
        errors => Err(errors),
    }
}

/// Lets everything happen that is due up to an instant, one instant at a time.
pub(super) fn elapse(world: &mut World, until: SimTime) {
    while let Some(at) = engine::due(world).filter(|at| *at <= until) {
        if submit(world, at, &Actor::Time, &Command::Elapse).is_err() {
            return;
        }
    }
}

fn submit(
    world: &mut World,
    at: SimTime,
    actor: &Actor,
    command: &Command,
) -> Result<(), engine::Refusal> {
    *world = engine::draft(world, at, actor, command)?.world;
    Ok(())
}

fn place_of(parsed: &WorldFile, command: &Command) -> (usize, String) {
    let Command::Story(engine::story::Command::Add(story)) = command else {
        return (0, String::new());
    };
    parsed
        .stories
        .iter()
        .find(|told| told.story.id == story.id)
        .map_or((0, "generate".to_owned()), |told| {
            (told.at, told.field.clone())
        })
}

fn last_step(world: &World) -> Option<SimTime> {
    world
        .stories
        .underway
        .values()
        .filter_map(|u| u.story.steps.last().map(|s| s.at))
        .max()
}
