//! What an expectation looks at, what is found there, and whether that is what is wanted.

use std::fmt;

use super::Question;
use crate::engine::ask::{Answer, Query, ask};
use crate::engine::ids::{KeyName, ResourceId, TableName, VaultName};
use crate::engine::ingestion::ledger::{Modelled, Scope};
use crate::engine::ingestion::table::{Amount, Tally};
use crate::engine::time::SimTime;
use crate::engine::words::words;
use crate::engine::workspace::saved_search::Kind;
use crate::engine::{Actor, World};

words! {
    /// The words after `check = `; their fields are in `demo-data/drills/README.md`.
    What {
        Encryption = "encryption",
        EncryptionSince = "encryption-since",
        Provisioning = "provisioning",
        Capacity = "capacity",
        Accounts = "accounts",
        Link = "link",
        Workspace = "workspace",
        Retention = "retention",
        Vault = "vault",
        VaultRetention = "vault-retention",
        Key = "key",
        Request = "request",
        Grant = "grant",
        GrantUntil = "grant-until",
        Jit = "jit",
        Count = "count",
        Physical = "physical",
        Modelled = "modelled",
        Outage = "outage",
        Query = "query",
    }
}

words! {
    /// What can be counted.
    Counted {
        Tickets = "tickets",
        Requests = "requests",
        Grants = "grants",
        ActiveGrants = "active-grants",
        Mails = "mails",
        Activity = "activity",
        Operations = "operations",
        RunningOperations = "running-operations",
        Links = "links",
        SavedSearches = "saved-searches",
        Alerts = "alerts",
        Segments = "segments",
        HotSegments = "hot-segments",
        SkippedSteps = "skipped-steps",
        ScheduledQueries = "scheduled-queries",
        FailedQueries = "failed-queries",
    }
}

words! {
    /// What becomes of data. The first eight are of both ledgers, the rest of the modelled one.
    Of {
        Customer = "customer",
        Microsoft = "microsoft",
        Buffered = "buffered",
        Drained = "drained",
        Dropped = "dropped",
        Purged = "purged",
        Stored = "stored",
        Sent = "sent",
        Hidden = "hidden",
        Hot = "hot",
    }
}

words! {
    Unit {
        Records = "records",
        Bytes = "bytes",
        Megabytes = "megabytes",
    }
}

/// What is looked at.
#[derive(Debug, Clone)]
pub enum Check {
    /// Of a cluster.
    Cluster(What, ResourceId),
    /// Of a workspace.
    Workspace(What, ResourceId),
    Vault(What, VaultName),
    /// Its newest version.
    Key(VaultName, KeyName),
    /// The nth, from 1.
    Nth(What, usize),
    Count(Counted, Option<ResourceId>),
    Physical(ResourceId, TableName, Of, Unit),
    Modelled(Scope, Of, Unit),
    /// How long the data of a cluster could not be read since the world opened.
    Outage(ResourceId),
    Query(Question),
}

/// What is found: a number, or a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Number(u128),
    Word(String),
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::Number(number) => write!(f, "{number}"),
            Found::Word(word) => f.write_str(word),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Is(Found),
    Not(Found),
    /// A number within these bounds.
    Between(u128, u128),
}

impl Wanted {
    pub fn met_by(&self, found: &Found) -> bool {
        match (self, found) {
            (Wanted::Is(wanted), found) => wanted == found,
            (Wanted::Not(unwanted), found) => unwanted != found,
            (Wanted::Between(least, most), Found::Number(n)) => (least..=most).contains(&n),
            (Wanted::Between(..), Found::Word(_)) => false,
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Is(found) => write!(f, "{found}"),
            Wanted::Not(found) => write!(f, "anything but {found}"),
            Wanted::Between(least, u128::MAX) => write!(f, "at least {least}"),
            Wanted::Between(0, most) => write!(f, "at most {most}"),
            Wanted::Between(least, most) => write!(f, "{least} to {most}"),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Check::Cluster(what, id) | Check::Workspace(what, id) => {
                write!(f, "{what} of {}", id.name())
            }
            Check::Vault(what, vault) => write!(f, "{what} of {vault}"),
            Check::Key(vault, key) => write!(f, "key {vault}/{key}"),
            Check::Nth(what, n) => write!(f, "{what} number {n}"),
            Check::Count(counted, None) => write!(f, "number of {counted}"),
            Check::Count(counted, Some(id)) => write!(f, "number of {counted} of {}", id.name()),
            Check::Physical(id, table, of, unit) => {
                write!(f, "{unit} {of} of {table} in {}", id.name())
            }
            Check::Modelled(scope, of, unit) => {
                let scope = match scope {
                    Scope::All => "all",
                    Scope::Cluster(id) | Scope::Workspace(id) => id.name(),
                };
                write!(f, "modelled {unit} {of} of {scope}")
            }
            Check::Outage(id) => write!(f, "outage of {}", id.name()),
            Check::Query(question) => {
                write!(f, "{} in {}", question.kql, question.workspace.name())
            }
        }
    }
}

/// In bytes.
const MEGABYTE: u64 = 1_000_000;

/// What there is instead of a thing that is gone or not there yet.
const NONE: &str = "none";

fn word(text: impl ToString) -> Found {
    Found::Word(text.to_string())
}

fn number(n: impl TryInto<u128>) -> Found {
    n.try_into().map_or_else(|_| word(NONE), Found::Number)
}

impl Check {
    /// What is found in a world; a query asks a host instead.
    pub fn look(&self, world: &World, now: SimTime) -> Found {
        match self {
            Check::Cluster(what, id) => cluster(world, *what, id),
            Check::Workspace(what, id) => workspace(world, *what, id),
            Check::Vault(what, name) => match world.vaults.get(name) {
                None => word(NONE),
                Some(vault) if *what == What::VaultRetention => word(vault.retention),
                Some(vault) if vault.deleted.is_some() => word("deleted"),
                Some(_) => word("live"),
            },
            Check::Key(vault, name) => {
                let found = world.vaults.get(vault).and_then(|v| v.keys.get(name));
                match found {
                    None => word(NONE),
                    Some(key) if key.deleted.is_some() => word("deleted"),
                    Some(key) => match key.versions.last() {
                        Some(version) if version.enabled => word("enabled"),
                        _ => word("disabled"),
                    },
                }
            }
            Check::Nth(what, n) => nth(world, *what, *n),
            Check::Count(counted, of) => number(count(world, now, *counted, of.as_ref())),
            Check::Physical(id, table, of, unit) => {
                let table = world.logs.table(id, table);
                number(table.map_or(0, |table| physical(&table.tally, *of, *unit)))
            }
            Check::Modelled(scope, of, unit) => {
                let bytes = modelled(&world.modelled(scope, now), *of);
                number(match unit {
                    Unit::Bytes => bytes,
                    Unit::Megabytes => bytes / u128::from(MEGABYTE),
                    Unit::Records => world.records(bytes),
                })
            }
            Check::Outage(id) => word(world.outages(id, world.opens_at, now)),
            Check::Query(_) => word(NONE),
        }
    }
}

fn cluster(world: &World, what: What, id: &ResourceId) -> Found {
    let Some(cluster) = world.clusters.get(id) else {
        return word(NONE);
    };
    match what {
        What::Encryption => word(cluster.protection.state.word()),
        What::EncryptionSince => word(world.opens_at.until(cluster.protection.since)),
        What::Capacity => number(cluster.capacity),
        What::Accounts => number(cluster.accounts.len()),
        _ => word(cluster.state),
    }
}

fn workspace(world: &World, what: What, id: &ResourceId) -> Found {
    let Some(workspace) = world.workspaces.get(id) else {
        return word(NONE);
    };
    match what {
        What::Link => word(workspace.link.word()),
        What::Retention => word(workspace.retention),
        _ if workspace.deleted.is_some() => word("deleted"),
        _ => word("live"),
    }
}

fn nth(world: &World, what: What, n: usize) -> Found {
    let lockbox = &world.lockbox;
    let at = n.saturating_sub(1);
    let found = match what {
        What::Request => (lockbox.requests.values().nth(at)).map(|r| word(r.status)),
        What::Jit => (lockbox.jits.values().nth(at)).map(|j| word(j.state)),
        What::GrantUntil => (lockbox.grants.values().nth(at))
            .map(|g| word(world.opens_at.until(g.ended_at.unwrap_or(g.until)))),
        _ => (lockbox.grants.values().nth(at)).map(|g| word(g.status)),
    };
    found.unwrap_or_else(|| word(NONE))
}

fn count(world: &World, now: SimTime, counted: Counted, of: Option<&ResourceId>) -> usize {
    let lockbox = &world.lockbox;
    let mine = |id: &ResourceId| of.is_none_or(|of| of == id);
    let saved = |kind: Kind| {
        let chosen = world.workspaces.values().filter(|w| mine(&w.id));
        chosen.map(|w| w.shown(kind).count()).sum()
    };
    match counted {
        Counted::Tickets => lockbox.tickets.len(),
        Counted::Requests => lockbox.requests.len(),
        Counted::Grants => lockbox.grants.len(),
        Counted::ActiveGrants => lockbox.active.len(),
        Counted::Mails => lockbox.mails.len(),
        Counted::Activity => {
            let query = Query::Activity {
                operation: None,
                back: None,
            };
            match ask(world, now, &Actor::Simulator, &query) {
                Ok(Answer::Activity(entries)) => entries.len(),
                _ => 0,
            }
        }
        Counted::Operations => world.operations.len(),
        Counted::RunningOperations => world.running.len(),
        Counted::Links => match of {
            Some(of) => world.clusters.get(of).map_or(0, |c| c.links.len()),
            None => world.clusters.values().map(|c| c.links.len()).sum(),
        },
        Counted::SavedSearches => saved(Kind::Search),
        Counted::Alerts => saved(Kind::Alert),
        Counted::Segments => {
            let all = world.logs.segments.values();
            all.filter(|s| mine(&s.workspace)).count()
        }
        Counted::HotSegments => {
            let all = world.logs.segments.values();
            all.filter(|s| mine(&s.workspace) && s.hot).count()
        }
        Counted::SkippedSteps => world.stories.skipped.len(),
        Counted::ScheduledQueries | Counted::FailedQueries => {
            let scope = of.cloned().map_or(Scope::All, Scope::Workspace);
            let (served, failed) = world.scheduled_queries(&scope, world.opens_at, now);
            let n = match counted {
                Counted::FailedQueries => failed,
                _ => served + failed,
            };
            usize::try_from(n).unwrap_or(usize::MAX)
        }
    }
}

fn physical(tally: &Tally, of: Of, unit: Unit) -> u64 {
    let of_one = |amount: &Amount| match unit {
        Unit::Records => amount.rows,
        Unit::Bytes | Unit::Megabytes => amount.bytes,
    };
    let sum = |amounts: &[Amount]| amounts.iter().map(of_one).sum::<u64>();
    let stored = || sum(&[tally.customer, tally.microsoft, tally.drained]);
    let figure = match of {
        Of::Customer => of_one(&tally.customer),
        Of::Microsoft => of_one(&tally.microsoft),
        Of::Buffered => of_one(&tally.buffered),
        Of::Drained => of_one(&tally.drained),
        Of::Dropped => of_one(&tally.dropped()),
        Of::Purged => of_one(&tally.purged),
        Of::Stored => stored().saturating_sub(of_one(&tally.purged)),
        Of::Sent => sum(&[
            tally.customer,
            tally.microsoft,
            tally.buffered,
            tally.dropped(),
        ]),
        // Not counted of records that really came; a file that asks for it is told so.
        Of::Hidden | Of::Hot => 0,
    };
    match unit {
        Unit::Megabytes => figure / MEGABYTE,
        Unit::Records | Unit::Bytes => figure,
    }
}

fn modelled(of_all: &Modelled, of: Of) -> u128 {
    match of {
        Of::Customer => of_all.customer,
        Of::Microsoft => of_all.microsoft,
        Of::Buffered => of_all.buffered,
        Of::Drained => of_all.drained,
        Of::Dropped => of_all.lost(),
        Of::Purged => of_all.purged,
        Of::Stored => of_all.stored(),
        Of::Sent => of_all.sent(),
        Of::Hidden => of_all.hidden,
        Of::Hot => of_all.hot,
    }
}
