//! What a command leads to: the world with it and the world without it, both let go on as far as one can see, and
//! the difference between them, as data and in sentences.

use super::lineage::{Fuse, Part, holds, lineage};
use super::{Future, counted, horizon};
use crate::engine::ask::{Query, ask};
use crate::engine::cluster::link;
use crate::engine::cluster::{self, Cluster};
use crate::engine::draft::Draft;
use crate::engine::event::{Actor, Event, Fact};
use crate::engine::ids::{GrantId, RequestId, ResourceId};
use crate::engine::ingestion::ledger::Scope;
use crate::engine::ingestion::route::Route;
use crate::engine::lockbox::{grant, request};
use crate::engine::refusal::Refusal;
use crate::engine::text::{bytes, scrub};
use crate::engine::time::{SimTime, Span};
use crate::engine::vault::access_policy;
use crate::engine::vault::{self, key, network};
use crate::engine::workspace::{self, linked_storage, saved_search};
use crate::engine::world::World;
use crate::engine::{Command, draft};

/// Things of one kind that are told one by one; the rest is counted.
const TOLD: usize = 3;

/// How a sentence is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Warn,
    Note,
}

/// A sentence about what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub tone: Tone,
    pub text: String,
}

/// What becomes of the access to a cluster's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Lost, and if it comes back within sight, when.
    Lost { fuse: Fuse, until: Option<SimTime> },
    /// Back, where it would have stayed away.
    Back(Fuse),
    /// Kept, where it would have been lost then.
    Kept(SimTime),
}

/// What a command changes for a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub cluster: ResourceId,
    pub access: Access,
    /// Workspaces whose data is meant.
    pub workspaces: usize,
    /// Bytes that come in an hour, modelled.
    pub hourly: u128,
    /// Bytes dropped for good as far as one can see, modelled: with the command and without it.
    pub dropped: [u128; 2],
    /// Scheduled queries that fail, modelled: with the command and without it.
    pub failed: [u64; 2],
    /// Bytes of hot cache that are erased, modelled.
    pub erased: Option<u128>,
    /// Until when what arrives is kept in the outage buffer.
    pub buffered_until: Option<SimTime>,
}

/// Where a workspace sends, once that has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub workspace: ResourceId,
    pub route: Route,
    pub at: SimTime,
}

/// Whether and until when it can be undone, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undo {
    AnyTime(String),
    Until(SimTime, String),
    Never(String),
}

/// What follows from a command.
#[derive(Debug, Clone)]
pub struct Foresight {
    pub now: SimTime,
    /// As far as one looks ahead.
    pub until: SimTime,
    before: World,
    /// What it does at once.
    pub events: Vec<Event>,
    pub then: World,
    pub clusters: Vec<Change>,
    pub moved: Vec<Moved>,
    /// Quotas used up, locks that begin, names that are held: a sentence each.
    pub spent: Vec<String>,
    /// Saved searches that are wiped.
    pub wiped: Vec<String>,
    /// What else is good to know of access by people.
    pub access: Vec<Said>,
    pub undo: Option<Undo>,
    /// What happens if nothing is done.
    pub otherwise: Option<String>,
}

/// What follows if somebody does something now, or why it is refused.
pub fn foresee(
    world: &World,
    now: SimTime,
    actor: &Actor,
    command: &Command,
) -> Result<Foresight, Refusal> {
    let then = draft(world, now, actor, command)?;
    Ok(of(world, command, then))
}

/// The same of what was decided already.
pub fn of(world: &World, command: &Command, then: Draft) -> Foresight {
    let now = then.now;
    let until = now + horizon(&world.rules);
    let (mut clusters, mut moved) = (Vec::new(), Vec::new());
    if touches_data(command) {
        let with = Future::of(&then.world, now, until);
        let without = Future::of(world, now, until);
        clusters = changes(world, &then.world, &with, &without, now, until);
        moved = moves(&with, &without);
    }
    let mut foresight = Foresight {
        now,
        until,
        clusters,
        moved,
        spent: spent(&then, now),
        wiped: wiped(&then.events),
        access: access(world, command, &then),
        undo: undo(world, command, &then.events),
        otherwise: None,
        before: world.clone(),
        events: then.events,
        then: then.world,
    };
    foresight.otherwise = otherwise(world, command, &foresight.clusters, now);
    foresight
}

/// Whether a command can give data to somebody or take it away.
fn touches_data(command: &Command) -> bool {
    matches!(
        command,
        Command::Vault(_)
            | Command::Key(_)
            | Command::Policy(_)
            | Command::Fault(_)
            | Command::Cluster(_)
            | Command::Link(_)
            | Command::Support(_)
            | Command::Operation(_)
    )
}

/// How it goes on with the access to a cluster's data.
struct Outlook {
    /// When it is first out of reach.
    lost: Option<SimTime>,
    /// Whether it can be read at the end, and since when that is so.
    readable: bool,
    since: SimTime,
}

fn outlook(start: &World, future: &Future, now: SimTime, id: &ResourceId) -> Outlook {
    let readable = holds(start, now, id, Part::Queries);
    let mut outlook = Outlook {
        lost: (!readable).then_some(now),
        readable,
        since: now,
    };
    let turns = future.world.intake.turns.get(id).into_iter().flatten();
    for turn in turns.filter(|turn| turn.at >= now) {
        if turn.readable != outlook.readable {
            (outlook.readable, outlook.since) = (turn.readable, turn.at);
        }
        if !turn.readable {
            outlook.lost.get_or_insert(turn.at);
        }
    }
    outlook
}

fn changes(
    world: &World,
    then: &World,
    with: &Future,
    without: &Future,
    now: SimTime,
    until: SimTime,
) -> Vec<Change> {
    let mut changes = Vec::new();
    for (id, cluster) in &world.clusters {
        // That a cluster is deleted is said by itself; what lay on it counts.
        let before = outlook(world, without, now, id);
        let after = outlook(then, with, now, id);
        let fuse = |heals, at| fuse(then, now, id, heals, at);
        let access = match (after.lost, before.lost) {
            (Some(lost), None) => Access::Lost {
                fuse: fuse(false, lost),
                until: after.readable.then_some(after.since),
            },
            (None, Some(lost)) if lost > now => Access::Kept(lost),
            _ if after.readable && !before.readable => Access::Back(fuse(true, after.since)),
            _ => continue,
        };
        changes.push(change(world, cluster, access, with, without, now, until));
    }
    changes
}

/// The fuse of the queries of a cluster, or that it happens at that very instant.
fn fuse(world: &World, now: SimTime, id: &ResourceId, heals: bool, at: SimTime) -> Fuse {
    let chain = lineage(world, now, id).ok();
    let links = chain.into_iter().flat_map(|chain| chain.links);
    links
        .filter(|link| link.part == Part::Queries)
        .find_map(|link| link.fuse.filter(|f| f.heals == heals && f.expected == at))
        .unwrap_or(Fuse {
            heals,
            lit: now,
            earliest: at,
            expected: at,
            latest: at,
            rule: "R-CMK-41",
        })
}

fn change(
    world: &World,
    cluster: &Cluster,
    access: Access,
    with: &Future,
    without: &Future,
    now: SimTime,
    until: SimTime,
) -> Change {
    let scope = Scope::Cluster(cluster.id.clone());
    let both = [with, without];
    let hot = world.modelled(&scope, now).hot;
    let erased = !matches!(access, Access::Back(_))
        && with.events.iter().any(|event| {
            matches!(&event.fact,
                Fact::Encryption(cluster::encryption::Fact::Revoked { cluster: of }) if *of == cluster.id)
        });
    let buffered = with.events.iter().find_map(|event| match &event.fact {
        Fact::Encryption(cluster::encryption::Fact::LiveSiteBegan {
            cluster: of,
            buffer_until,
        }) if *of == cluster.id => Some(*buffer_until),
        _ => None,
    });
    Change {
        access,
        workspaces: cluster.links.len(),
        hourly: hourly(world, cluster, now),
        dropped: both.map(|future| future.world.modelled(&scope, until).lost()),
        failed: both.map(|future| future.world.scheduled_queries(&scope, now, until).1),
        erased: erased.then_some(hot),
        buffered_until: buffered,
        cluster: cluster.id.clone(),
    }
}

/// What the workspaces of a cluster send in an hour at this rate, in bytes.
pub fn hourly(world: &World, cluster: &Cluster, now: SimTime) -> u128 {
    const SECONDS: u128 = Span::hours(1).0.unsigned_abs() as u128 / 1_000_000;
    let rates = cluster.links.iter().map(|w| u128::from(world.rate(w, now)));
    rates.sum::<u128>().saturating_mul(SECONDS)
}

/// Workspaces that are linked otherwise at the end of the one future than of the other.
fn moves(with: &Future, without: &Future) -> Vec<Moved> {
    let mut moved = Vec::new();
    for (id, found) in &with.world.workspaces {
        let before = without.world.workspaces.get(id);
        if before.is_none_or(|w| w.link == found.link) {
            continue;
        }
        let turned = with
            .events
            .iter()
            .rev()
            .find_map(|event| match &event.fact {
                Fact::Link(fact) if fact.workspace() == id => Some(event.at),
                _ => None,
            });
        let (Some(at), Ok(route)) = (turned, with.world.route(id)) else {
            continue;
        };
        moved.push(Moved {
            workspace: id.clone(),
            route,
            at,
        });
    }
    moved
}

/// Quotas used up, locks that begin and names that are held.
fn spent(then: &Draft, now: SimTime) -> Vec<String> {
    let world = &then.world;
    let rules = &world.rules;
    let mut spent = Vec::new();
    let mut held = |what: &str, name: &str, until: SimTime| {
        spent.push(format!(
            "The name of the {what} {} is held until {} UTC.",
            scrub(name),
            until.short()
        ));
    };
    for event in &then.events {
        match &event.fact {
            Fact::Vault(vault::Fact::Deleted {
                vault,
                purge_at: Some(at),
            }) => held("vault", vault.as_str(), *at),
            Fact::Key(key::Fact::Deleted {
                key,
                purge_at: Some(at),
                ..
            }) => held("key", &key.0, *at),
            Fact::Cluster(cluster::Fact::SoftDeleted {
                cluster, purge_at, ..
            }) => held("cluster", cluster.name(), *purge_at),
            Fact::Workspace(workspace::Fact::SoftDeleted {
                workspace,
                purge_at,
            }) => held("workspace", workspace.name(), *purge_at),
            _ => {}
        }
    }
    for event in &then.events {
        match &event.fact {
            Fact::Link(link::Fact::Linking { workspace, .. }) => {
                let found = world.workspaces.get(workspace);
                let used = found.map_or(0, |w| w.links_since(now - rules.link_window).len());
                let left = (rules.link_operations as usize).saturating_sub(used);
                spent.push(format!(
                    "{} left to {} within {} (R-LNK-11).",
                    counted(left as u64, "link operation is", "link operations are"),
                    scrub(workspace.name()),
                    rules.link_window
                ));
            }
            Fact::Cluster(cluster::Fact::Updated {
                capacity: Some(_), ..
            }) => spent.push(format!(
                "The capacity cannot be lowered before {} UTC (R-CLU-26).",
                (now + rules.capacity_lock).short()
            )),
            _ => {}
        }
    }
    spent
}

fn wiped(events: &[Event]) -> Vec<String> {
    let wiped = events.iter().filter_map(|event| match &event.fact {
        Fact::Storage(linked_storage::Fact::Linked { wiped, .. }) => Some(wiped),
        _ => None,
    });
    let names = wiped.flatten();
    names.map(|name| scrub(name).into_owned()).collect()
}

/// Access of people that begins or ends.
fn access(world: &World, command: &Command, then: &Draft) -> Vec<Said> {
    let mut said = Vec::new();
    let mut say = |tone, text| said.push(Said { tone, text });
    match command {
        Command::Request(request::Command::Decide {
            request,
            approve: true,
            ..
        }) => {
            // That it begins at once, and when it ends, is what the decision is about.
            if granted(&then.world, *request).is_none() {
                let says = "Access begins when the service has settled the decision.";
                say(Tone::Note, says.to_owned());
            }
        }
        Command::Grant(grant::Command::Revoke { grant, .. }) => {
            let open = open_sessions(world, *grant);
            if open > 0 {
                say(
                    Tone::Warn,
                    format!(
                        "{} closed by force.",
                        counted(open, "open session is", "open sessions are")
                    ),
                );
            }
        }
        _ => {}
    }
    said
}

/// The access a request was given.
fn granted(world: &World, request: RequestId) -> Option<GrantId> {
    world.lockbox.requests.get(&request)?.grant
}

fn open_sessions(world: &World, grant: GrantId) -> u64 {
    let grant = world.lockbox.grants.get(&grant);
    let sessions = grant.into_iter().flat_map(|g| &g.sessions);
    sessions.filter(|s| s.closed_at.is_none()).count() as u64
}

/// Whether what a command does can be undone.
fn undo(world: &World, command: &Command, events: &[Event]) -> Option<Undo> {
    let any = |how: &str| Some(Undo::AnyTime(how.to_owned()));
    let never = |why: &str| Some(Undo::Never(why.to_owned()));
    let until = |at: Option<SimTime>, how: &str, gone: &str| match at {
        Some(at) => Some(Undo::Until(at, how.to_owned())),
        None => never(gone),
    };
    match command {
        Command::Vault(vault::Command::Delete { .. }) => {
            let purge = events.iter().find_map(|event| match &event.fact {
                Fact::Vault(vault::Fact::Deleted { purge_at, .. }) => *purge_at,
                _ => None,
            });
            until(
                purge,
                "recover the vault",
                "the vault has no soft delete, and its keys are destroyed",
            )
        }
        Command::Key(key::Command::Delete { .. }) => {
            let purge = events.iter().find_map(|event| match &event.fact {
                Fact::Key(key::Fact::Deleted { purge_at, .. }) => *purge_at,
                _ => None,
            });
            until(
                purge,
                "recover the key",
                "the vault has no soft delete, and the key is destroyed",
            )
        }
        Command::Vault(vault::Command::Purge { .. }) | Command::Key(key::Command::Purge { .. }) => {
            never("a purge destroys the key material")
        }
        Command::Vault(vault::Command::Update { vault, .. }) => {
            let before = world.vaults.get(vault)?;
            let turned_on = events.iter().any(|event| match &event.fact {
                Fact::Vault(vault::Fact::Updated {
                    soft_delete,
                    purge_protection,
                    ..
                }) => {
                    (*soft_delete && !before.soft_delete)
                        || (*purge_protection && !before.purge_protection)
                }
                _ => false,
            });
            match turned_on {
                true => never("protection that is on cannot be turned off again"),
                false => None,
            }
        }
        Command::Key(key::Command::SetAttributes { attributes, .. }) => match attributes.enabled {
            Some(false) => any("enable the version again"),
            Some(true) => any("disable the version again"),
            None => any("set another window"),
        },
        Command::Policy(access_policy::Command::Set { .. }) => any("set the policy anew"),
        Command::Policy(access_policy::Command::Delete { .. }) => {
            any("set the policy again, with all its permissions")
        }
        Command::Fault(network::Command::Inject { .. }) => any("clear the fault"),
        Command::Cluster(cluster::Command::Delete { .. }) => {
            let purge = events.iter().find_map(|event| match &event.fact {
                Fact::Cluster(cluster::Fact::SoftDeleted { purge_at, .. }) => Some(*purge_at),
                _ => None,
            });
            let purge = purge.or_else(|| {
                let began = events.first()?.at;
                Some(began + world.rules.unlink_duration + world.rules.cluster_soft_delete)
            });
            until(
                purge,
                "support can recover the cluster; its links do not come back",
                "the cluster is gone",
            )
        }
        Command::Link(link::Command::Unlink { .. }) => {
            any("link it again, as far as the quota goes")
        }
        Command::Link(link::Command::Link { .. }) => any("unlink it"),
        Command::Workspace(workspace::Command::Delete { .. }) => {
            let purge = events.iter().find_map(|event| match &event.fact {
                Fact::Workspace(workspace::Fact::SoftDeleted { purge_at, .. }) => Some(*purge_at),
                _ => None,
            });
            until(
                purge,
                "recover the workspace; its link does not come back",
                "it is deleted by force",
            )
        }
        Command::Search(saved_search::Command::Delete { .. }) => {
            never("a saved query is not kept anywhere else")
        }
        Command::Storage(linked_storage::Command::Link { .. }) if !wiped(events).is_empty() => {
            never("saved searches that are wiped do not come back")
        }
        Command::Request(request::Command::Decide { approve, .. }) => match approve {
            true => any("revoke the grant early (an extension)"),
            false => never("a new request is needed"),
        },
        Command::Grant(grant::Command::Revoke { .. }) => never("a new request is needed"),
        _ => None,
    }
}

/// What happens if nothing is done.
fn otherwise(
    world: &World,
    command: &Command,
    clusters: &[Change],
    now: SimTime,
) -> Option<String> {
    match command {
        Command::Request(request::Command::Decide { request, .. }) => {
            let found = world.lockbox.requests.get(request)?;
            return Some(format!(
                "it expires at {} UTC, in {}, and no access is given",
                found.expires_at.short(),
                now.until(found.expires_at).brief()
            ));
        }
        Command::Grant(grant::Command::Revoke { grant, .. }) => {
            let found = world.lockbox.grants.get(grant)?;
            return Some(format!(
                "access ends by force at {} UTC, in {}",
                found.until.short(),
                now.until(found.until).brief()
            ));
        }
        _ => {}
    }
    let first = clusters.first()?;
    let name = scrub(first.cluster.name());
    Some(match &first.access {
        Access::Lost { .. } => format!("{name} keeps its access as far as one can see"),
        Access::Kept(lost) => format!("{name} loses its access {}", when(now, *lost)),
        Access::Back(_) => match first.hourly {
            0 => format!("{name} stays out of reach as far as one can see"),
            hourly => format!(
                "{name} stays out of reach as far as one can see, and {} an hour are at stake",
                bytes(hourly)
            ),
        },
    })
}

/// `at once`, or `by 22 Nov 10:00 UTC, in 1h 00m`.
pub fn when(now: SimTime, at: SimTime) -> String {
    if at <= now {
        return "at once".to_owned();
    }
    format!("by {} UTC, in {}", at.short(), now.until(at).brief())
}

/// `earliest 09:00, latest 10:00`; nothing where there is no doubt.
fn bounds(fuse: &Fuse) -> String {
    let clock = |at: SimTime| at.calendar().format("%H:%M").to_string();
    let (earliest, latest) = (clock(fuse.earliest), clock(fuse.latest));
    if fuse.earliest == fuse.latest || earliest == latest {
        return String::new();
    }
    format!(" (earliest {earliest}, latest {latest})")
}

impl Foresight {
    /// What somebody is told of it: of clusters they may not see only that there are some.
    pub fn said(&self, viewer: &Actor) -> Vec<Said> {
        let mut said = Vec::new();
        self.say_clusters(viewer, &mut said);
        let mut say = |tone, text| said.push(Said { tone, text });
        for moved in self.moved.iter().take(TOLD) {
            say(
                match moved.route {
                    Route::Dropped(..) => Tone::Bad,
                    _ => Tone::Note,
                },
                format!(
                    "New data of {} goes to the {} {}.",
                    scrub(moved.workspace.name()),
                    moved.route.words(),
                    when(self.now, moved.at)
                ),
            );
        }
        if !self.wiped.is_empty() {
            let names = self.wiped.iter().take(TOLD).cloned().collect::<Vec<_>>();
            let more = match self.wiped.len().saturating_sub(TOLD) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            say(
                Tone::Bad,
                format!(
                    "{} wiped for good: {}{more}.",
                    counted(
                        self.wiped.len() as u64,
                        "saved search is",
                        "saved searches are"
                    ),
                    names.join(", ")
                ),
            );
        }
        for spent in &self.spent {
            say(Tone::Note, spent.clone());
        }
        for told in &self.access {
            say(told.tone, told.text.clone());
        }
        match &self.undo {
            Some(Undo::AnyTime(how)) => say(Tone::Note, format!("Reversible at any time: {how}.")),
            Some(Undo::Until(at, how)) => say(
                Tone::Note,
                format!("Reversible until {} UTC: {how}.", at.short()),
            ),
            Some(Undo::Never(why)) => say(Tone::Warn, format!("Never reversible: {why}.")),
            None => {}
        }
        let hidden = self
            .clusters
            .first()
            .is_some_and(|c| !self.sees(viewer, &c.cluster));
        if let Some(otherwise) = self.otherwise.as_ref().filter(|_| !hidden) {
            say(Tone::Note, format!("If you do nothing: {otherwise}."));
        }
        said
    }

    fn sees(&self, viewer: &Actor, cluster: &ResourceId) -> bool {
        let query = Query::Cluster(cluster.clone());
        *viewer == Actor::Simulator
            || ask(&self.before, self.now, viewer, &query).is_ok()
            || ask(&self.then, self.now, viewer, &query).is_ok()
    }

    fn say_clusters(&self, viewer: &Actor, said: &mut Vec<Said>) {
        let (seen, unseen): (Vec<&Change>, Vec<&Change>) = self
            .clusters
            .iter()
            .partition(|change| self.sees(viewer, &change.cluster));
        let mut say = |tone, text| said.push(Said { tone, text });
        let lost = |c: &&&Change| matches!(c.access, Access::Lost { .. });
        let lose: Vec<_> = seen.iter().filter(lost).collect();
        if let [_, _, ..] = lose.as_slice() {
            let by = lose.iter().filter_map(|c| match &c.access {
                Access::Lost { fuse, .. } => Some(fuse.expected),
                _ => None,
            });
            let hourly: u128 = lose.iter().map(|c| c.hourly).sum();
            let by = by.max().unwrap_or(self.now);
            say(
                Tone::Bad,
                format!(
                    "{} lose access {}; {} an hour stop (modelled).",
                    counted(lose.len() as u64, "cluster", "clusters"),
                    when(self.now, by),
                    bytes(hourly)
                ),
            );
        }
        for change in seen.iter().take(TOLD) {
            for line in self.about(change) {
                say(line.tone, line.text);
            }
        }
        let untold = seen.len().saturating_sub(TOLD);
        if untold > 0 {
            let more = counted(untold as u64, "more cluster", "more clusters");
            say(Tone::Warn, format!("And so on for {more}."));
        }
        if !unseen.is_empty() {
            say(
                Tone::Warn,
                format!(
                    "It also changes access to {} that you may not see.",
                    counted(unseen.len() as u64, "cluster", "clusters")
                ),
            );
        }
    }

    /// The sentences about one cluster.
    fn about(&self, change: &Change) -> Vec<Said> {
        let name = scrub(change.cluster.name());
        let mut said = Vec::new();
        let mut say = |tone, text| said.push(Said { tone, text });
        match &change.access {
            Access::Kept(lost) => say(
                Tone::Good,
                format!(
                    "{name} keeps its access, which it would lose {}.",
                    when(self.now, *lost)
                ),
            ),
            Access::Back(fuse) => {
                say(
                    Tone::Good,
                    format!(
                        "{name} can be used again {}{}.",
                        when(self.now, fuse.expected),
                        bounds(fuse)
                    ),
                );
                let saved = change.dropped[1].saturating_sub(change.dropped[0]);
                if saved > 0 {
                    say(
                        Tone::Good,
                        format!(
                            "{} are not lost by {} UTC (modelled); what was lost before stays lost.",
                            bytes(saved),
                            self.until.short()
                        ),
                    );
                }
            }
            Access::Lost { fuse, until } => {
                let whose = match change.workspaces {
                    0 => String::new(),
                    n => format!(
                        "; {} cannot be queried",
                        counted(n as u64, "linked workspace", "linked workspaces")
                    ),
                };
                let back = match until {
                    Some(at) => format!(", until {} UTC", at.short()),
                    None => String::new(),
                };
                say(
                    Tone::Bad,
                    format!(
                        "{name} loses access to its data {}{}{back}{whose}.",
                        when(self.now, fuse.expected),
                        bounds(fuse)
                    ),
                );
                let dropped = change.dropped[0].saturating_sub(change.dropped[1]);
                match change.buffered_until {
                    Some(until) => say(
                        Tone::Warn,
                        format!(
                            "What arrives ({} an hour, modelled) is buffered until {} UTC, then lost.",
                            bytes(change.hourly),
                            until.short()
                        ),
                    ),
                    None if change.workspaces > 0 && dropped > 0 => say(
                        Tone::Bad,
                        format!(
                            "From then on {} an hour are lost for good: {} by {} UTC (modelled).",
                            bytes(change.hourly),
                            bytes(dropped),
                            self.until.short()
                        ),
                    ),
                    None => {}
                }
                if let Some(erased) = change.erased.filter(|bytes| *bytes > 0) {
                    say(
                        Tone::Bad,
                        format!(
                            "{} of hot cache are erased ({}, modelled).",
                            self.before.rules.hot_window,
                            bytes(erased)
                        ),
                    );
                }
                let failed = change.failed[0].saturating_sub(change.failed[1]);
                if failed > 0 {
                    say(
                        Tone::Warn,
                        format!(
                            "{} by {} UTC (modelled).",
                            counted(failed, "scheduled query fails", "scheduled queries fail"),
                            self.until.short()
                        ),
                    );
                }
            }
        }
        said
    }
}
