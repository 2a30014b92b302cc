//! The revocation blade: one cluster's chain from vault to data with its fuses, what is lost meanwhile, the ways to
//! cut its key and the way back. Here is what of it is kept between frames: all of it holds until the world
//! changes, only the countdowns go on by themselves.

pub mod rows;
pub mod view;

use super::{Eye, cluster, logs};
use crate::console::app::{App, Ctx};
use crate::console::blades::Blade;
use crate::console::forms::{self, Blank, Given};
use crate::console::rows::ItemId;
use crate::console::theme::Token;
use crate::engine::cluster::link;
use crate::engine::foresight::way_back::Step;
use crate::engine::foresight::ways::{Cut, Way};
use crate::engine::foresight::{Lineage, lineage, way_back, ways_to_cut};
use crate::engine::ids::{ResourceId, Revision};
use crate::engine::ingestion::ledger::{Modelled, Scope};
use crate::engine::ingestion::table::{Amount, Tally};
use crate::engine::vault::{self, access_policy, key, network};
use crate::engine::{Actor, Command, SimTime, Span};

/// What was really lost of a workspace, or what the model says.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    pub workspace: ResourceId,
    /// Dropped for good, in bytes.
    pub modelled: u128,
    pub records: u128,
    /// Since when what it sends is lost.
    pub since: Option<SimTime>,
    pub physical: Amount,
}

/// What became of the data of the cluster: by the model, and of what really came.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    pub losses: Vec<Loss>,
    pub modelled: Modelled,
    pub dropped: Amount,
    pub drained: Amount,
    pub purged: Amount,
    pub kept: logs::Kept,
    /// Scheduled queries since the cluster's storage changed its state, modelled: served, failed.
    pub queries: (u64, u64),
    /// Queries that were really asked: served, refused.
    pub asked: (u64, u64),
}

/// What everything but the countdowns depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    cluster: ResourceId,
    actor: Actor,
    revision: Revision,
}

/// The parts one can turn to where they do not all fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pane {
    #[default]
    Chain,
    Ways,
    Back,
    Card,
}

impl Pane {
    pub const ALL: [Pane; 4] = [Pane::Chain, Pane::Ways, Pane::Back, Pane::Card];

    pub fn title(self) -> &'static str {
        match self {
            Pane::Chain => "chain and loss",
            Pane::Ways => "ways to cut",
            Pane::Back => "way back",
            Pane::Card => "elsewhere",
        }
    }
}

#[derive(Default)]
pub struct Revocation {
    stamp: Option<Stamp>,
    /// The second the ledger is of, and the five minutes the ways are of.
    second: Option<SimTime>,
    period: Option<i64>,
    pub lineage: Option<Lineage>,
    pub ways: Vec<Way>,
    pub steps: Vec<Step>,
    pub ledger: Ledger,
    pub pane: Pane,
    index: Option<usize>,
}

/// What one gets by cutting later moves on with the calls of storage; so much of it is told once.
const PERIOD: Span = Span::minutes(5);

impl Revocation {
    /// Brings it up to date. What depends on the world alone is computed when the world changes.
    pub fn refresh(&mut self, eye: Eye, id: &ResourceId) {
        let Ok(found) = cluster::find(eye, id) else {
            *self = Revocation::default();
            return;
        };
        let stamp = Stamp {
            cluster: id.clone(),
            actor: eye.actor.clone(),
            revision: eye.world.revision,
        };
        let other = self.stamp.as_ref() != Some(&stamp);
        if other {
            if self.stamp.as_ref().is_none_or(|s| s.cluster != *id) {
                (self.pane, self.index) = (Pane::default(), None);
            }
            self.lineage = lineage(eye.world, eye.now, id).ok();
            self.steps = way_back(eye.world, eye.now, eye.actor, id).unwrap_or_default();
            self.stamp = Some(stamp);
        }
        let period = eye.now.0.div_euclid(PERIOD.0);
        if other || self.period != Some(period) {
            self.period = Some(period);
            let ways = ways_to_cut(eye.world, eye.now, eye.actor, id);
            self.ways = ways.unwrap_or_default();
        }
        let second = SimTime(eye.now.0.div_euclid(1_000_000));
        if other || self.second != Some(second) {
            self.second = Some(second);
            self.ledger = ledger(eye, found);
        }
    }

    /// Follows the cursor: the part it is in comes into sight.
    pub fn follow(&mut self, index: usize) {
        if self
            .index
            .replace(index)
            .is_some_and(|before| before != index)
        {
            self.pane = match index < Cut::ALL.len() {
                true => Pane::Ways,
                false => Pane::Back,
            };
        }
    }

    /// To the next part or the one before; the row the cursor goes to with it.
    pub fn turn(&mut self, forward: bool) -> Option<usize> {
        let at = Pane::ALL.iter().position(|p| *p == self.pane).unwrap_or(0);
        let step = if forward { 1 } else { Pane::ALL.len() - 1 };
        self.pane = Pane::ALL[(at + step) % Pane::ALL.len()];
        let row = match self.pane {
            Pane::Chain | Pane::Ways => Some(0),
            Pane::Back => Some(Cut::ALL.len()),
            Pane::Card => None,
        };
        self.index = row.or(self.index);
        row
    }

    pub fn way(&self, item: &ItemId) -> Option<&Way> {
        match item {
            ItemId::Way(_, cut) => self.ways.iter().find(|w| w.cut == *cut),
            _ => None,
        }
    }

    pub fn step(&self, item: &ItemId) -> Option<&Step> {
        match item {
            ItemId::Step(_, n) => self.steps.get(usize::from(*n)),
            _ => None,
        }
    }
}

/// What became of the cluster's data, as far as somebody may see its workspaces.
fn ledger(eye: Eye, found: &crate::engine::cluster::Cluster) -> Ledger {
    let world = eye.world;
    let now = eye.now.max(world.now);
    let scope = Scope::Cluster(found.id.clone());
    let seen: Vec<&ResourceId> = found.links.iter().filter(|w| logs::sees(eye, w)).collect();
    let mut ledger = Ledger {
        modelled: world.modelled(&scope, now),
        queries: world.scheduled_queries(&scope, found.protection.since, now),
        ..Ledger::default()
    };
    let here = world.logs.segments_on(&found.id).map(|s| &**s);
    ledger.kept = logs::kept(eye, here.filter(|s| seen.contains(&&s.workspace)));
    for id in seen {
        let modelled = world.modelled(&Scope::Workspace(id.clone()), now).lost();
        let tallies: Vec<&Tally> = world.logs.tables_of(id).map(|(_, t)| &t.tally).collect();
        let mut physical = Amount::default();
        for tally in tallies {
            let dropped = tally.dropped();
            for (sum, part) in [
                (&mut physical, dropped),
                (&mut ledger.dropped, dropped),
                (&mut ledger.drained, tally.drained),
                (&mut ledger.purged, tally.purged),
            ] {
                sum.rows = sum.rows.saturating_add(part.rows);
                sum.bytes = sum.bytes.saturating_add(part.bytes);
            }
            ledger.asked.0 += tally.queries_served;
            ledger.asked.1 += tally.queries_refused;
        }
        ledger.losses.push(Loss {
            workspace: id.clone(),
            modelled,
            records: world.records(modelled),
            since: world.lost_since(id),
            physical,
        });
    }
    // What loses most comes first.
    let weight = |loss: &Loss| (loss.modelled, loss.physical.bytes);
    ledger
        .losses
        .sort_by_key(|loss| std::cmp::Reverse(weight(loss)));
    ledger
}

/// The form that does a command, filled in.
fn form(command: &Command) -> Option<(&'static Blank, ItemId, Given)> {
    use forms::{cluster as of_clusters, key as of_keys, vault as of_vaults};
    let plain = |blank, item| Some((blank, item, Given::new()));
    match command {
        Command::Key(key::Command::SetAttributes {
            vault,
            key,
            version: Some(version),
            attributes,
        }) => {
            let version = key::KeyIdentifier {
                vault: vault.clone(),
                key: key.clone(),
                version: version.clone(),
            };
            let on = match attributes.enabled {
                Some(true) => "yes",
                _ => "no",
            };
            let given = Given::from([("enabled", on.to_owned())]);
            Some((&of_keys::SET_ENABLED, ItemId::KeyVersion(version), given))
        }
        Command::Key(key::Command::Delete { vault, key }) => {
            plain(&of_keys::DELETE, ItemId::Key(vault.clone(), key.clone()))
        }
        Command::Key(key::Command::Recover { vault, key }) => {
            plain(&of_keys::RECOVER, ItemId::Key(vault.clone(), key.clone()))
        }
        Command::Policy(access_policy::Command::Set {
            vault,
            principal,
            keys,
        }) => {
            let words: Vec<&str> = keys.iter().map(|p| p.word()).collect();
            let given = Given::from([
                ("principal", principal.to_string()),
                ("permissions", words.join("\n")),
            ]);
            let item = ItemId::Policy(vault.clone(), principal.clone());
            Some((&of_vaults::POLICY_CHANGE, item, given))
        }
        Command::Policy(access_policy::Command::Delete { vault, principal }) => plain(
            &of_vaults::POLICY_DELETE,
            ItemId::Policy(vault.clone(), principal.clone()),
        ),
        Command::Vault(vault::Command::Delete { vault }) => {
            plain(&of_vaults::DELETE, ItemId::Vault(vault.clone()))
        }
        Command::Vault(vault::Command::Recover { vault }) => {
            plain(&of_vaults::RECOVER, ItemId::Vault(vault.clone()))
        }
        Command::Fault(network::Command::Inject {
            vault,
            kind,
            length,
        }) => {
            let given = Given::from([
                ("kind", kind.word().to_owned()),
                ("for", length.to_string()),
            ]);
            Some((
                &of_vaults::FAULT_INJECT,
                ItemId::Vault(vault.clone()),
                given,
            ))
        }
        Command::Fault(network::Command::Clear { vault }) => {
            plain(&of_vaults::FAULT_CLEAR, ItemId::Vault(vault.clone()))
        }
        Command::Link(link::Command::Unlink { workspace }) => {
            plain(&of_clusters::UNLINK, ItemId::Workspace(workspace.clone()))
        }
        _ => None,
    }
}

impl App {
    /// Whether what the cursor is on can be done, and if not, why.
    pub fn why_not_cut(&self) -> Option<String> {
        let item = self.page().cursor.as_ref()?;
        if let Some(way) = self.revocation.way(item) {
            return way.verdict.as_ref().err().map(|no| no.to_string());
        }
        let step = self.revocation.step(item)?;
        let idle = step.does.is_none();
        idle.then(|| format!("{}: {}", step.title, step.note))
    }

    /// Opens the form of the way or step the cursor is on, with what would follow.
    pub fn cut(&mut self, ctx: &Ctx) {
        let Some(item) = self.page().cursor.clone() else {
            return;
        };
        let way = self.revocation.way(&item).and_then(|w| w.command.clone());
        let step = self.revocation.step(&item);
        let step = step.and_then(|s| s.does.as_ref()).map(|(_, c)| c.clone());
        match way.or(step).as_ref().and_then(form) {
            Some((blank, item, given)) => self.confirm(ctx, blank, item, given),
            None => self.say("There is nothing to do here.", Token::ToastInfo),
        }
    }

    /// To the next part of the blade.
    pub fn turn_pane(&mut self, forward: bool) {
        if let Some(row) = self.revocation.turn(forward) {
            self.page_mut().go(row);
        }
    }

    /// The blade of the cluster the cursor is on or near, or of the first one there is.
    pub fn revocation_of(&self, ctx: &Ctx) -> Option<Blade> {
        let near = self.related(ctx).cluster;
        let first = || {
            let ids = Blade::Clusters.ids(self.eye(ctx), None).ok()?;
            let ids = ids.into_iter().filter_map(|id| match id {
                ItemId::Cluster(id) => Some(id),
                _ => None,
            });
            // Where there is a key to cut.
            let keyless = |id: &ResourceId| {
                let cluster = ctx.world.clusters.get(id);
                cluster.is_none_or(|c| c.key.is_none() || !c.is_live())
            };
            ids.min_by_key(keyless)
        };
        near.or_else(first).map(Blade::Revocation)
    }
}
