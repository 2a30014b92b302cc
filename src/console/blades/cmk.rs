//! Cells, rows and look-ups that the blades of vaults, clusters, workspaces and storage show the same way.

use std::sync::Arc;

use super::super::doc::Block;
use super::super::rows::{Cell, Column, ItemId, Mark, col, flex};
use super::super::theme::Token;
use super::{Eye, shared};
use crate::engine::cluster::encryption::Encryption;
use crate::engine::cluster::link::Link;
use crate::engine::cluster::operation::{Kind, Operation, Status};
use crate::engine::cluster::{Cluster, State};
use crate::engine::ids::{KeyName, KeyVersionId, OperationId, ResourceId, VaultName};
use crate::engine::ingestion::route::Route;
use crate::engine::vault::Vault;
use crate::engine::vault::access_policy::{CLUSTER_NEEDS, Caller};
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::vault::trail::Outcome;
use crate::engine::workspace::Workspace;
use crate::engine::workspace::linked_storage::StorageAccount;
use crate::engine::{Answer, Query, SimTime, World, ask};

const FACTS: &[Column] = &[col("", "", 12, 0), flex("", "", 20, 1, 0)];

/// Facts whose values are things one can go to.
pub fn link_facts(facts: Vec<(ItemId, &'static str, Cell)>) -> Block {
    let row = |(id, label, value): (ItemId, &'static str, Cell)| {
        (
            Some(id),
            vec![Cell::new(label).tone(Token::Muted), value.tone(Token::Link)],
        )
    };
    Block::Links {
        columns: FACTS,
        rows: facts.into_iter().map(row).collect(),
    }
}

/// A list under its heading, or one line that says that it is empty.
pub fn section(
    blocks: &mut Vec<Block>,
    title: String,
    columns: &'static [Column],
    rows: Vec<(Option<ItemId>, Vec<Cell>)>,
    empty: &'static str,
) {
    blocks.push(Block::Heading(title));
    blocks.push(if rows.is_empty() {
        Block::Text(Cell::new(empty).tone(Token::Muted))
    } else {
        Block::Links { columns, rows }
    });
}

/// A resource by its name alone; programs get its id.
pub fn resource(id: &ResourceId) -> Cell {
    Cell::named(id.name()).raw(id.to_string())
}

/// `1a2b3c4d…`
pub fn version(id: &KeyVersionId) -> Cell {
    let whole = id.to_string();
    let head: String = whole.chars().take(8).collect();
    Cell::new(format!("{head}…")).raw(whole)
}

pub fn key(id: &KeyIdentifier) -> Cell {
    Cell::new(id.to_string()).raw(id.kid())
}

pub fn place(location: &str) -> Cell {
    Cell::named(location).tone(Token::Muted)
}

/// An instant in full.
pub fn instant(at: SimTime) -> Cell {
    Cell::new(format!("{} UTC", at.to_seconds()))
}

/// `09:00:12`, for what happens within minutes.
pub fn clock(at: SimTime) -> Cell {
    let whole = at.to_seconds();
    let time = whole.rsplit(' ').next().unwrap_or_default().to_owned();
    Cell::new(time).tone(Token::Time).raw(at.to_string())
}

pub fn cluster_state(state: State) -> Cell {
    let (mark, tone) = match state {
        State::ProvisioningAccount | State::Updating => (Mark::Busy, Token::Info),
        State::Succeeded => (Mark::Ok, Token::Ok),
        State::Deleting => (Mark::Busy, Token::Warn),
        State::Failed => (Mark::Bad, Token::Danger),
        State::SoftDeleted => (Mark::Off, Token::Neutral),
    };
    Cell::new(state.word()).mark(mark).tone(tone)
}

pub fn encryption(state: &Encryption) -> Cell {
    let (mark, tone) = match state {
        Encryption::MicrosoftKey => (Mark::Info, Token::Info),
        Encryption::Active => (Mark::Ok, Token::Ok),
        Encryption::RevocationPending { .. } => (Mark::Warn, Token::Warn),
        Encryption::TransientOutage { .. } => (Mark::Waiting, Token::Warn),
        Encryption::Resuming { .. } => (Mark::Busy, Token::Info),
        Encryption::Revoked | Encryption::LiveSite => (Mark::Bad, Token::Danger),
    };
    Cell::new(state.word()).mark(mark).tone(tone)
}

/// What an encryption state means for the data, in a sentence.
pub fn encryption_means(state: &Encryption) -> &'static str {
    match state {
        Encryption::MicrosoftKey => "Data is under the Microsoft key until a key is set.",
        Encryption::Active => "Data is under your key and can be read.",
        Encryption::RevocationPending { .. } => {
            "The vault refuses the key. Data can still be read, until the deadline."
        }
        Encryption::Revoked => {
            "Data cannot be read, and what is sent now is lost. Giving the key back heals it."
        }
        Encryption::Resuming { .. } => {
            "The key is back. Until service has resumed nothing is read and what is sent is lost."
        }
        Encryption::TransientOutage { .. } => {
            "The vault does not answer. Cached keys bridge it, until the deadline."
        }
        Encryption::LiveSite => {
            "The vault has been silent for too long: nothing is read, new data is buffered."
        }
    }
}

pub fn operation_status(status: Status) -> Cell {
    let (mark, tone) = match status {
        Status::InProgress | Status::Updating | Status::Deleting => (Mark::Busy, Token::Info),
        Status::Succeeded => (Mark::Ok, Token::Ok),
        Status::Failed => (Mark::Bad, Token::Danger),
    };
    Cell::new(status.word()).mark(mark).tone(tone)
}

/// How far an operation is by the time it is expected to take, in thousandths; all of it only when it is over.
pub fn permille(now: SimTime, operation: &Operation) -> u16 {
    if operation.status == Status::Succeeded {
        return 1_000;
    }
    let at = operation.ended_at.unwrap_or(now);
    let whole = (operation.expected_end - operation.started_at).0.max(1);
    let gone = (at - operation.started_at).0.clamp(0, whole);
    let share = i128::from(gone) * 1_000 / i128::from(whole);
    u16::try_from(share).unwrap_or(0).min(999)
}

/// A bar of so many columns, with the percentage or how it ended.
pub fn progress(now: SimTime, operation: &Operation, width: u16) -> Cell {
    let permille = permille(now, operation);
    let (tone, text) = match operation.status {
        Status::Succeeded => (Token::Ok, "done".to_owned()),
        Status::Failed => (Token::Danger, "failed".to_owned()),
        _ => (Token::Info, format!("{:>3}%", permille / 10)),
    };
    Cell::new(text)
        .gauge(permille, width)
        .tone(tone)
        .raw(permille / 10)
}

/// When an operation ends or ended.
pub fn end(now: SimTime, operation: &Operation) -> Cell {
    match operation.ended_at {
        Some(at) => instant(at),
        None if operation.expected_end <= now => Cell::new("any moment").tone(Token::Muted),
        None => shared::when_and_left(now, operation.expected_end).tone(Token::Text),
    }
}

/// `11:30, in 25m 00s`, or when it ended.
pub fn end_in_brief(now: SimTime, operation: &Operation) -> Cell {
    match operation.ended_at {
        Some(at) => Cell::time(at),
        None if operation.expected_end <= now => Cell::new("any moment").tone(Token::Muted),
        None => {
            let short = operation.expected_end.short();
            let hour = short.rsplit(' ').next().unwrap_or_default();
            let left = shared::left(now, operation.expected_end).text;
            Cell::new(format!("{hour}, in {left}")).raw(operation.expected_end.to_string())
        }
    }
}

/// A bar of an operation that runs, as a line of a page.
pub const RUNNING: &[Column] = &[
    col("operation", "", 9, 0),
    col("kind", "", 14, 1),
    col("progress", "", 25, 0),
    flex("end", "", 16, 1, 0),
];

pub fn running(eye: Eye, id: OperationId) -> Option<(Option<ItemId>, Vec<Cell>)> {
    let operation = eye.world.operations.get(&id)?;
    ask(eye.world, eye.now, eye.actor, &Query::Operation(id)).ok()?;

    Some((
        Some(ItemId::Operation(id)),
        vec![
            Cell::new(id.to_string()).tone(Token::Link),
            Cell::new(operation.kind.word()),
            progress(eye.now, operation, 20),
            end_in_brief(eye.now, operation).tone(Token::Muted),
        ],
    ))
}

/// How a workspace stands to a cluster, with the cluster where it may be seen.
pub fn link(workspace: &Workspace) -> Cell {
    let Some(cluster) = workspace.link.cluster() else {
        return Cell::new("not linked").mark(Mark::Off).tone(Token::Muted);
    };
    let name = Cell::named(cluster.name()).text;
    let cell = match &workspace.link {
        Link::Linking { .. } => Cell::new(format!("linking {name}"))
            .mark(Mark::Busy)
            .tone(Token::Info),
        Link::Unlinking { .. } => Cell::new(format!("unlinking {name}"))
            .mark(Mark::Busy)
            .tone(Token::Warn),
        Link::Linked { .. } | Link::Unlinked => Cell::new(name).mark(Mark::Ok).tone(Token::Ok),
    };
    cell.raw(workspace.link.word())
}

/// The word alone, where the cluster is known.
pub fn link_state(link: &Link) -> Cell {
    let (mark, tone) = match link {
        Link::Unlinked => (Mark::Off, Token::Muted),
        Link::Linking { .. } => (Mark::Busy, Token::Info),
        Link::Linked { .. } => (Mark::Ok, Token::Ok),
        Link::Unlinking { .. } => (Mark::Busy, Token::Warn),
    };
    Cell::new(link.word()).mark(mark).tone(tone)
}

/// Where new data of a workspace goes.
pub fn route(eye: Eye, workspace: &ResourceId) -> Cell {
    let query = Query::Route(workspace.clone());
    let Ok(Answer::Route(route)) = ask(eye.world, eye.now, eye.actor, &query) else {
        return Cell::none();
    };
    let cell = Cell::new(route.words());
    match route {
        Route::Shared | Route::ClusterMicrosoft(_) => cell,
        Route::ClusterCustomer(_) => cell.tone(Token::Ok),
        Route::Buffer(_) => cell.tone(Token::Warn),
        Route::Dropped(_, why) => cell
            .mark(Mark::Bad)
            .tone(Token::Danger)
            .raw(format!("lost: {}", why.word())),
    }
}

/// Whether the data of a workspace can be read; a dash where that is not the actor's to know.
pub fn readable(eye: Eye, workspace: &ResourceId) -> Cell {
    let query = Query::Readable(workspace.clone());
    match ask(eye.world, eye.now, eye.actor, &query) {
        Ok(_) => Cell::new("yes").mark(Mark::Ok).tone(Token::Ok).raw(true),
        Err(no) if no.id == crate::engine::errors::QRY_01.id => Cell::new("no")
            .mark(Mark::Bad)
            .tone(Token::Danger)
            .raw(false),
        Err(_) => Cell::none(),
    }
}

/// Whether a cluster may use keys of a vault (R-CMK-21).
pub fn recoverable(vault: &Vault) -> Cell {
    if vault.recoverable() {
        Cell::new("yes").mark(Mark::Ok).tone(Token::Ok).raw(true)
    } else {
        Cell::new("no")
            .mark(Mark::Warn)
            .tone(Token::Warn)
            .raw(false)
    }
}

pub fn vault_state(now: SimTime, vault: &Vault) -> Cell {
    if let Some(deleted) = &vault.deleted {
        let left = shared::left(now, deleted.purge_at).text;
        return Cell::new(format!("deleted, {left}"))
            .mark(Mark::Off)
            .tone(Token::Neutral)
            .raw("deleted");
    }
    match &vault.fault {
        Some(fault) if fault.until > now => {
            let left = shared::left(now, fault.until).text;
            Cell::new(format!("{}, {left}", fault.kind))
                .mark(Mark::Warn)
                .tone(Token::Danger)
                .raw(fault.kind.word())
        }
        _ => Cell::new("active").mark(Mark::Ok).tone(Token::Ok),
    }
}

pub fn outcome(outcome: &Outcome) -> Cell {
    let (mark, tone) = match outcome {
        Outcome::Served => (Mark::Ok, Token::Ok),
        Outcome::Refused(_) => (Mark::Bad, Token::Danger),
        Outcome::Unreachable(_) => (Mark::Warn, Token::Warn),
    };
    Cell::new(outcome.word()).mark(mark).tone(tone)
}

/// A principal by name: a person, or the resource an identity belongs to.
pub fn caller(world: &World, caller: &Caller) -> Cell {
    match caller {
        Caller::Person(id) => shared::person(world, id),
        Caller::Identity(id) => Cell::new(world.caller_name(caller)).raw(id.to_string()),
    }
}

/// What a principal is.
pub fn caller_kind(world: &World, caller: &Caller) -> &'static str {
    match owner(world, caller) {
        Some(ItemId::Cluster(_)) => "cluster",
        Some(ItemId::StorageAccount(_)) => "storage",
        Some(_) => "person",
        None => "gone",
    }
}

/// The thing behind a principal.
pub fn owner(world: &World, caller: &Caller) -> Option<ItemId> {
    match caller {
        Caller::Person(id) => Some(ItemId::Person(id.clone())),
        Caller::Identity(id) => {
            let owner = world.identity_owner(*id)?;
            if world.clusters.get(owner).is_some_and(|c| c.identity == *id) {
                Some(ItemId::Cluster(owner.clone()))
            } else if world
                .storage_accounts
                .get(owner)
                .is_some_and(|a| a.identity == *id)
            {
                Some(ItemId::StorageAccount(owner.clone()))
            } else {
                None
            }
        }
    }
}

/// What the identity of a cluster lacks on a vault (R-PERM-06).
pub fn missing(vault: &Vault, caller: &Caller) -> Vec<&'static str> {
    let held = vault.policies.get(caller);
    CLUSTER_NEEDS
        .iter()
        .filter(|needed| !held.is_some_and(|keys| keys.contains(*needed)))
        .map(|p| p.word())
        .collect()
}

/// Clusters the actor may see, deleted ones that support can recover last.
pub fn clusters<'a>(eye: Eye<'a>) -> Vec<&'a Arc<Cluster>> {
    let live = Query::Clusters {
        subscription: None,
        group: None,
    };
    let mut clusters = Vec::new();
    for query in [live, Query::DeletedClusters] {
        if let Ok(Answer::Clusters(ids)) = ask(eye.world, eye.now, eye.actor, &query) {
            let found = ids.iter().filter_map(|id| eye.world.clusters.get(id));
            clusters.extend(found);
        }
    }
    clusters
}

/// A cluster the actor may see, deleted ones included.
pub fn sees_cluster(eye: Eye, id: &ResourceId) -> bool {
    clusters(eye).iter().any(|c| c.id == *id)
}

/// Versions a cluster's data stands and falls with: the one in force, and one a key update brings.
pub fn needs(world: &World, cluster: &Cluster) -> Vec<KeyIdentifier> {
    let coming = cluster
        .operation
        .and_then(|id| world.operations.get(&id))
        .filter(|o| o.kind == Kind::UpdateKey)
        .and_then(|o| o.key.clone());
    let mut needed: Vec<KeyIdentifier> = cluster.key.iter().cloned().collect();
    needed.extend(coming.filter(|k| Some(k) != cluster.key.as_ref()));
    needed
}

/// Clusters the actor may see that need a key version of a vault for which `which` holds.
pub fn users<'a>(
    eye: Eye<'a>,
    which: impl Fn(&KeyIdentifier) -> bool,
) -> Vec<(&'a Arc<Cluster>, Vec<KeyIdentifier>)> {
    clusters(eye)
        .into_iter()
        .filter_map(|cluster| {
            let mut needed = needs(eye.world, cluster);
            needed.retain(&which);
            (!needed.is_empty()).then_some((cluster, needed))
        })
        .collect()
}

pub fn of_key<'a>(vault: &'a VaultName, key: &'a KeyName) -> impl Fn(&KeyIdentifier) -> bool + 'a {
    move |id| id.vault == *vault && id.key == *key
}

/// Storage accounts the actor may see whose own key is one for which `which` holds.
pub fn storage_users<'a>(
    eye: Eye<'a>,
    which: impl Fn(&KeyIdentifier) -> bool,
) -> Vec<&'a Arc<StorageAccount>> {
    let Ok(Answer::StorageAccounts(ids)) =
        ask(eye.world, eye.now, eye.actor, &Query::StorageAccounts)
    else {
        return Vec::new();
    };
    ids.iter()
        .filter_map(|id| eye.world.storage_accounts.get(id))
        .filter(|a| a.key.as_ref().is_some_and(&which))
        .collect()
}

pub const USERS: &[Column] = &[
    flex("name", "NAME", 12, 2, 0),
    col("state", "STATE", 19, 0),
    flex("version", "VERSION", 9, 1, 1),
];

/// Who uses keys of a vault: clusters, then storage accounts.
pub fn user_rows(
    eye: Eye,
    which: impl Fn(&KeyIdentifier) -> bool,
) -> Vec<(Option<ItemId>, Vec<Cell>)> {
    let mut rows = Vec::new();
    for (cluster, needed) in users(eye, &which) {
        let versions: Vec<String> = needed
            .iter()
            .map(|k| version(&k.version).text.into_owned())
            .collect();
        let state = if cluster.is_live() {
            encryption(&cluster.protection.state)
        } else {
            cluster_state(cluster.state)
        };
        rows.push((
            Some(ItemId::Cluster(cluster.id.clone())),
            vec![
                resource(&cluster.id).tone(Token::Link),
                state,
                Cell::new(versions.join(", ")).tone(Token::Muted),
            ],
        ));
    }
    for account in storage_users(eye, &which) {
        let Some(id) = &account.key else { continue };
        rows.push((
            Some(ItemId::StorageAccount(account.id.clone())),
            vec![
                resource(&account.id).tone(Token::Link),
                Cell::new("storage account").tone(Token::Muted),
                version(&id.version).tone(Token::Muted),
            ],
        ));
    }
    rows
}
