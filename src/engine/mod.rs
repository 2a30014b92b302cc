//! THE WORLD: pure and deterministic. No file, socket, screen, thread or wall clock; time is told.
//!
//! ```text
//! decide(&World, now, actor, Command) -> Result<Vec<Event>, Refusal>      pure, no effect
//! evolve(&mut World, &Event)                                               pure, cannot fail
//! due(&World) -> Option<SimTime>                                           when time itself will act next
//! ask(&World, now, actor, Query) -> Result<Answer, Refusal>                reads, with the same refusals
//! ```
//! World = fold of events. "May I, and if not why?" is `decide` with the events thrown away.

pub mod ask;
pub mod cluster;
pub mod command;
pub mod compare;
pub mod draft;
pub mod errors;
pub mod event;
pub mod foresight;
pub mod ids;
pub mod ingestion;
pub mod lockbox;
pub mod people;
pub mod projections;
pub mod random;
pub mod refusal;
pub mod resources;
pub mod rules;
pub mod story;
pub mod text;
pub mod time;
pub mod timers;
pub mod vault;
pub mod words;
pub mod workspace;
pub mod world;

pub use ask::{Answer, Query, ask};
pub use command::Command;
pub use draft::Draft;
pub use event::{Actor, Event, Fact};
pub use refusal::Refusal;
pub use time::{SimTime, Span};
pub use world::World;

use sha2::{Digest, Sha256};
use timers::Timer;

/// What would happen. The world is untouched; a refusal leaves no trace.
pub fn decide(
    world: &World,
    now: SimTime,
    actor: &Actor,
    command: &Command,
) -> Result<Vec<Event>, Refusal> {
    draft(world, now, actor, command).map(|draft| draft.events)
}

/// Like [`decide`], with the world that follows.
pub fn draft(
    world: &World,
    now: SimTime,
    actor: &Actor,
    command: &Command,
) -> Result<Draft, Refusal> {
    let mut draft = Draft::new(world, now, actor);
    bounded(actor, command)?;
    dispatch(&mut draft, command)?;
    Ok(draft)
}

/// Longest command of a person, in bytes (SIM: a bound, so that one command cannot fill a journal).
pub const COMMAND_MAX: usize = 256 * 1024;

fn bounded(actor: &Actor, command: &Command) -> Result<(), Refusal> {
    if !matches!(actor, Actor::Person(_)) {
        return Ok(());
    }
    let size = postcard::experimental::serialized_size(command).unwrap_or(usize::MAX);
    if size > COMMAND_MAX {
        return Err(errors::SIM_05.says(format!(
            "The command has {size} bytes; {COMMAND_MAX} are allowed."
        )));
    }
    Ok(())
}

fn dispatch(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    match command {
        Command::Elapse => elapse(draft),
        Command::World(c) => world::decide(draft, c),
        Command::Rules(c) => rules::decide(draft, c),
        Command::People(c) => people::decide(draft, c),
        Command::Resources(c) => resources::decide(draft, c),
        Command::Story(c) => story::decide(draft, c),
        Command::Ticket(c) => lockbox::ticket::decide(draft, c),
        Command::Jit(c) => lockbox::jit::decide(draft, c),
        Command::Request(c) => lockbox::request::decide(draft, c),
        Command::Grant(c) => lockbox::grant::decide(draft, c),
        Command::Vault(c) => vault::decide(draft, c),
        Command::Key(c) => vault::key::decide(draft, c),
        Command::Policy(c) => vault::access_policy::decide(draft, c),
        Command::Fault(c) => vault::network::decide(draft, c),
        Command::Cluster(c) => cluster::decide(draft, c),
        Command::Operation(c) => cluster::operation::decide(draft, c),
        Command::Link(c) => cluster::link::decide(draft, c),
        Command::Support(c) => cluster::support::decide(draft, c),
        Command::Workspace(c) => workspace::decide(draft, c),
        Command::Search(c) => workspace::saved_search::decide(draft, c),
        Command::Storage(c) => workspace::linked_storage::decide(draft, c),
        Command::Ingestion(c) => ingestion::decide(draft, c),
    }
}

/// Everything due at or before `draft.now`, each at its own instant, in order.
fn elapse(draft: &mut Draft) -> Result<(), Refusal> {
    if draft.actor != Actor::Time {
        return Err(errors::SIM_01.says("Only time elapses."));
    }
    let until = draft.now;
    while let Some((key, timer)) = draft.world.timers.next() {
        if key.at > until {
            break;
        }
        // A command may have been decided on a world in which time had not acted yet.
        draft.now = key.at.max(draft.world.now);
        let before = draft.events.len();
        let timer = timer.clone();
        draft.world.timers.cancel(key);
        match timer {
            Timer::RequestExpires(id) => lockbox::request::expire(draft, id),
            Timer::RequestSettles(id) => lockbox::request::settle_in_time(draft, id),
            Timer::GrantEnds(id) => lockbox::grant::expire(draft, id),
            Timer::StoryStep(id) => story::step(draft, &id),
            Timer::VaultPurges(vault) => vault::purge_in_time(draft, &vault),
            Timer::KeyPurges(vault, key) => vault::key::purge_in_time(draft, &vault, &key),
            Timer::FaultEnds(vault) => vault::network::end_in_time(draft, &vault),
            Timer::OperationEnds(id) => cluster::operation::end_in_time(draft, id),
            Timer::ClusterPolls(id) => cluster::encryption::poll_in_time(draft, &id),
            Timer::EncryptionDue(id) => cluster::encryption::deadline_in_time(draft, &id),
            Timer::BufferEnds(id) => cluster::encryption::buffer_in_time(draft, &id),
            Timer::ClusterPurges(id) => cluster::purge_in_time(draft, &id),
            Timer::WorkspacePurges(id) => workspace::purge_in_time(draft, &id),
            Timer::TableDue(workspace, table) => {
                ingestion::due_in_time(draft, &workspace, &table);
            }
        }
        debug_assert!(
            draft.events.len() > before,
            "a timer that leaves no event is not in the fold"
        );
    }
    Ok(())
}

/// Folds one event into the world.
pub fn evolve(world: &mut World, event: &Event) {
    world.revision = event.revision;
    world.now = event.at;
    projections::activity_log::record(world, event);
    match &event.fact {
        Fact::World(f) => world::evolve(world, f),
        Fact::Rules(f) => rules::evolve(&mut world.rules, f),
        Fact::People(f) => people::evolve(&mut world.people, f),
        Fact::Resources(f) => resources::evolve(&mut world.resources, f),
        Fact::Story(f) => story::evolve(world, event.at, f),
        Fact::Ticket(f) => lockbox::ticket::evolve(world, event.at, &event.actor, f),
        Fact::Jit(f) => lockbox::jit::evolve(world, event.at, f),
        Fact::Request(f) => lockbox::request::evolve(world, event.at, event.revision, f),
        Fact::Grant(f) => lockbox::grant::evolve(world, event.at, event.revision, f),
        Fact::Vault(f) => vault::evolve(world, event.at, event.revision, &event.actor, f),
        Fact::Key(f) => vault::key::evolve(world, event.at, event.revision, &event.actor, f),
        Fact::Policy(f) => {
            vault::access_policy::evolve(world, event.at, event.revision, &event.actor, f);
        }
        Fact::Fault(f) => vault::network::evolve(world, event.at, event.revision, f),
        Fact::Cluster(f) => cluster::evolve(world, event.at, event.revision, f),
        Fact::Link(f) => cluster::link::evolve(world, event.at, event.revision, f),
        Fact::Encryption(f) => cluster::encryption::evolve(world, event.at, event.revision, f),
        Fact::Support(f) => cluster::support::evolve(world, event.at, event.revision, f),
        Fact::Workspace(f) => workspace::evolve(world, event.at, f),
        Fact::Search(f) => workspace::saved_search::evolve(world, event.at, event.revision, f),
        Fact::Storage(f) => workspace::linked_storage::evolve(world, f),
        Fact::Ingestion(f) => ingestion::evolve(world, event.at, f),
    }
    ingestion::ledger::follow(world, event);
}

/// The instant at which time itself will act next.
pub fn due(world: &World) -> Option<SimTime> {
    world.timers.next().map(|(key, _)| key.at)
}

/// SHA-256 over the whole state. Two runs are equal when their digests are.
pub fn digest(world: &World) -> [u8; 32] {
    #[expect(
        clippy::expect_used,
        reason = "a World is plain data, so it always serialises"
    )]
    let bytes = postcard::to_stdvec(world).expect("plain data");
    Sha256::digest(bytes).into()
}
