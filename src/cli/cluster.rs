//! `lockbox cluster`: Log Analytics dedicated clusters, their key, and the way to one that works.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::args::{self, GroupArg, VersionArg};
use super::confirm::{Irreversible, Sure};
use super::context::Context;
use super::failure::{Failure, REFUSED};
use super::ledger::{Ledger, modelled};
use super::print::{Block, List, Page, col, field, flex, right};
use super::session::{Done, Session};
use super::{find, input, names, shape, workspace};
use crate::engine::ask::{Answer, Query};
use crate::engine::cluster::encryption::{self, Encryption};
use crate::engine::cluster::preflight::{self, Finding};
use crate::engine::cluster::{Body, Cluster, Command, IDENTITY, KeyProperties, SKU, Sku, wire};
use crate::engine::ids::{KeyName, ResourceId, VaultName};
use crate::engine::ingestion::ledger::Scope;
use crate::engine::vault;
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::{Refusal, World, errors};

#[derive(Debug, Subcommand)]
pub enum ClusterCommand {
    /// List clusters
    List {
        #[arg(long, value_name = "SUB")]
        subscription: Option<String>,
        /// Resource group, by name or as subscription/group
        #[arg(long, value_name = "GROUP")]
        group: Option<String>,
        /// Those that are deleted and support can recover
        #[arg(long, conflicts_with_all = ["subscription", "group"])]
        deleted: bool,
    },
    /// Show a cluster: its key, what is wrapped by it, its encryption, links and running operation
    Show { cluster: String },
    /// Create a cluster, which takes a while; a key comes later
    Create(CreateArgs),
    /// Put the data of a cluster under a version of a key, first or anew
    SetKey {
        cluster: String,
        #[command(flatten)]
        key: KeyArgs,
    },
    /// Reserve another capacity, in GB a day
    SetCapacity { cluster: String, capacity: u64 },
    /// Who pays: cluster or workspaces
    SetBilling { cluster: String, billing: String },
    /// Update a cluster by the body of a PATCH
    Update {
        cluster: String,
        /// JSON file; - is standard input
        #[arg(long, value_name = "FILE")]
        body: PathBuf,
    },
    /// Delete a cluster; its workspaces are unlinked, and support can recover it for 14 days
    Delete {
        cluster: String,
        #[command(flatten)]
        sure: Sure,
    },
    /// Move a cluster to another resource group, which is always refused
    Move {
        cluster: String,
        #[arg(long, value_name = "SUB/GROUP")]
        group: GroupArg,
    },
    /// The steps to a cluster under your key, and what is missing (extension)
    Checklist { cluster: String },
    /// Everything that stands in the way at once, before a create, a key or links (extension)
    Preflight(PreflightArgs),
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Letters and digits only
    name: String,
    /// Resource group, as subscription/group
    #[arg(long, value_name = "SUB/GROUP")]
    group: GroupArg,
    #[command(flatten)]
    wanted: Wanted,
}

/// What a cluster is to be, by flags or as the body of a PUT.
#[derive(Debug, Args)]
struct Wanted {
    /// Region, like koreacentral
    #[arg(long, value_name = "REGION")]
    location: Option<String>,
    /// In GB a day: at least 1000, in steps of 100
    #[arg(long, value_name = "GB")]
    capacity: Option<u64>,
    #[arg(long, value_name = "SKU", default_value = SKU)]
    sku_name: String,
    /// Kind of the cluster's identity
    #[arg(long, value_name = "TYPE", default_value = IDENTITY)]
    identity: String,
    /// Who pays: cluster or workspaces
    #[arg(long)]
    billing: Option<String>,
    /// Take it from the JSON body of a PUT instead; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["location", "capacity", "billing"])]
    body: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct KeyArgs {
    #[arg(long, value_parser = args::vault, required_unless_present = "kid")]
    vault: Option<VaultName>,
    #[arg(long, requires = "vault", required_unless_present = "kid")]
    key: Option<String>,
    /// In full or its first digits; without it, the current version
    #[arg(long, requires = "key")]
    version: Option<String>,
    /// Address of a key or version instead, https://VAULT.vault.azure.net/keys/KEY/VERSION
    #[arg(long, value_name = "URL", conflicts_with_all = ["vault", "key", "version"])]
    kid: Option<String>,
}

#[derive(Debug, Args)]
pub struct PreflightArgs {
    /// A cluster, or the name of one that is to be created
    cluster: String,
    #[arg(long, value_parser = args::vault, requires = "key")]
    vault: Option<VaultName>,
    #[arg(long, requires = "vault")]
    key: Option<String>,
    /// In full or its first digits; without it, the current version
    #[arg(long, requires = "key")]
    version: Option<String>,
    /// A workspace that is to be linked; may be repeated
    #[arg(long)]
    workspace: Vec<String>,
    /// Where the cluster is to be created, as subscription/group
    #[arg(long, value_name = "SUB/GROUP", conflicts_with_all = ["vault", "workspace"])]
    group: Option<GroupArg>,
    #[command(flatten)]
    wanted: Wanted,
}

pub fn run(command: ClusterCommand, context: &Context) -> Result<(), Failure> {
    match command {
        ClusterCommand::List {
            subscription,
            group,
            deleted,
        } => list(subscription, group, deleted, context),
        ClusterCommand::Show { cluster } => show(&cluster, context),
        ClusterCommand::Create(args) => create(args, context),
        ClusterCommand::SetKey { cluster, key } => set_key(&cluster, key, context),
        ClusterCommand::SetCapacity { cluster, capacity } => {
            let sku = Sku {
                name: Some(SKU.into()),
                capacity: Some(capacity),
            };
            let body = Body {
                sku: Some(sku),
                ..Body::default()
            };
            patch(&cluster, context, |_, _| Ok((body, String::new())))
        }
        ClusterCommand::SetBilling { cluster, billing } => {
            let body = Body {
                billing: Some(billing.into()),
                ..Body::default()
            };
            patch(&cluster, context, |_, _| Ok((body, String::new())))
        }
        ClusterCommand::Update { cluster, body } => {
            let text = input::text_file(&body, "cluster")?;
            patch(&cluster, context, |session, id| {
                let world = session.world();
                let existing = world.clusters.get(id).map(|c| &**c);
                let body = wire::body(world, existing, &text).map_err(Failure::of_form)?;
                Ok((body, String::new()))
            })
        }
        ClusterCommand::Delete { cluster, sure } => delete(&cluster, sure, context),
        ClusterCommand::Move { cluster, group } => {
            let mut session = context.session()?;
            let id = session.world().find_cluster(session.actor(), &cluster)?;
            let (subscription, group) = find::group(session.world(), &group)?;
            let command = Command::Move {
                cluster: id.clone(),
                subscription,
                group,
            };
            let done = session.act(&command.into())?;
            outcome(&id, &done, "", context)
        }
        ClusterCommand::Checklist { cluster } => checklist(&cluster, context),
        ClusterCommand::Preflight(args) => run_preflight(args, context),
    }
}

impl Wanted {
    /// The body of a PUT; `existing` is what it would update.
    fn body(&self, world: &World, existing: Option<&Cluster>) -> Result<Body, Failure> {
        if let Some(path) = &self.body {
            return by_file(path, world, existing);
        }
        Ok(Body {
            location: self.location.as_deref().map(Arc::from),
            sku: Some(Sku {
                name: Some(self.sku_name.as_str().into()),
                capacity: self.capacity,
            }),
            identity: Some(self.identity.as_str().into()),
            billing: self.billing.as_deref().map(Arc::from),
            key: None,
        })
    }
}

fn by_file(path: &Path, world: &World, existing: Option<&Cluster>) -> Result<Body, Failure> {
    let text = input::text_file(path, "cluster")?;
    wire::body(world, existing, &text).map_err(Failure::of_form)
}

fn create(args: CreateArgs, context: &Context) -> Result<(), Failure> {
    let mut session = context.session()?;
    let world = session.world();
    let (subscription, group) = find::group(world, &args.group)?;
    let id = world.cluster_named(&subscription, &group, &args.name);
    let existing = world.clusters.get(&id).map(|c| &**c);
    let command = Command::Put {
        subscription,
        group,
        name: args.name.as_str().into(),
        body: args.wanted.body(world, existing)?,
    };
    let done = session.act(&command.into())?;
    outcome(&id, &done, "", context)
}

/// The cluster a person means and may see; a deleted one too, so that the world says what became of it.
pub fn visible(session: &Session, text: &str) -> Result<ResourceId, Failure> {
    let id = session.world().find_cluster(session.actor(), text)?;
    session.ask(&Query::Cluster(id.clone()))?;
    Ok(id)
}

fn patch(
    cluster: &str,
    context: &Context,
    body: impl FnOnce(&Session, &ResourceId) -> Result<(Body, String), Failure>,
) -> Result<(), Failure> {
    let mut session = context.session()?;
    let id = session.world().find_cluster(session.actor(), cluster)?;
    let (body, note) = body(&session, &id)?;
    let command = Command::Patch {
        cluster: id.clone(),
        body,
    };
    let done = session.act(&command.into())?;
    outcome(&id, &done, &note, context)
}

fn set_key(cluster: &str, args: KeyArgs, context: &Context) -> Result<(), Failure> {
    patch(cluster, context, |session, _| {
        let (properties, note) = match key_arg(&args.vault, &args.key, &args.version, &args.kid) {
            Ok(arg) => {
                let (key, named) = find::key(session, &arg)?;
                let note = match named {
                    true => format!("; version {} as asked", key.version),
                    false => format!(
                        "; version {}, the current one of {}/{}, since none was named",
                        key.version, key.vault, key.key
                    ),
                };
                (KeyProperties::from(&key), note)
            }
            // The world says what is wrong with an address.
            Err(uri) => {
                let properties = KeyProperties {
                    key_vault_uri: Some(uri.into()),
                    ..KeyProperties::default()
                };
                (properties, String::new())
            }
        };
        let body = Body {
            key: Some(properties),
            ..Body::default()
        };
        Ok((body, note))
    })
}

/// The key that is named by parts or by its address; an address that is none comes back.
fn key_arg(
    vault: &Option<VaultName>,
    key: &Option<String>,
    version: &Option<String>,
    kid: &Option<String>,
) -> Result<VersionArg, String> {
    if let Some(kid) = kid {
        let named = kid.contains("/keys/").then(|| kid.parse().ok()).flatten();
        return named.ok_or_else(|| kid.clone());
    }
    match (vault, key) {
        (Some(vault), Some(key)) => Ok(VersionArg {
            vault: vault.clone(),
            key: KeyName::from(key.as_str()),
            version: version.clone(),
        }),
        _ => Err(String::new()),
    }
}

fn nothing_to_delete(missing: Refusal) -> Refusal {
    errors::CD_02
        .says(format!("There is nothing to delete: {}", missing.message))
        .target("cluster")
        .remedy(missing.remedy)
}

/// Workspaces named before the rest is counted.
const NAMED: usize = 5;

fn delete(cluster: &str, sure: Sure, context: &Context) -> Result<(), Failure> {
    let mut session = context.session()?;
    let world = session.world();
    let id = match find::cluster(&session, cluster)? {
        Ok(id) => id,
        // By its full id the world itself says that there is nothing to delete, or that this is not for them.
        Err(_) if cluster.split('/').count() == 3 => ResourceId::from(cluster),
        Err(missing) => return Err(nothing_to_delete(missing).into()),
    };
    let command = Command::Delete {
        cluster: id.clone(),
    }
    .into();
    session.may(&command)?;
    let found = world.live_cluster(&id)?;
    let kept = world.rules.cluster_soft_delete;
    // Those 14 days begin when nothing is linked any more.
    let until = match found.links.is_empty() {
        true => format!("{} UTC", (session.now() + kept).to_seconds()),
        false => format!("{kept} after its last workspace is unlinked"),
    };
    let mut cost = Vec::new();
    if !found.links.is_empty() {
        cost.push(format!(
            "It is unlinked from {}; linking again counts against the quota of each.",
            names::resources(found.links.iter().take(NAMED))
                + &match found.links.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(" and {more} more workspaces"),
                }
        ));
    }
    cost.push("What is stored in it cannot be queried any more (R-CLU-32).".to_owned());
    cost.push(format!(
        "Only Microsoft's support can recover it, until {until}; then its data is gone for good. Until then its name is taken."
    ));
    cost.extend(session.foreseen(&command));
    sure.about(
        context,
        &Irreversible {
            act: format!("delete the cluster {id}"),
            name: id.name(),
            cost,
        },
    )?;
    let done = session.act(&command)?;
    outcome(&id, &done, "", context)
}

fn outcome(id: &ResourceId, done: &Done, note: &str, context: &Context) -> Result<(), Failure> {
    let world = &done.world;
    let found = world.cluster(id)?;
    let operation = found.operation.and_then(|id| world.operations.get(&id));
    let mut head = format!("cluster {id} is {}{note}", found.state);
    if let Some(operation) = operation {
        head.push_str(&format!(
            "; {} {} until about {} UTC, follow it: lockbox op wait {}",
            operation.id,
            operation.kind,
            operation.expected_end.to_seconds(),
            operation.id
        ));
    } else if let Some(deleted) = found.deleted {
        head.push_str(&format!(
            ", support can recover it until {} UTC",
            deleted.purge_at.to_seconds()
        ));
    } else {
        head.push_str(&format!(
            ", {} GB/day, billed by {}",
            found.capacity, found.billing
        ));
    }
    context.outcome(done, &head, shape::monitor::cluster(world, found))
}

fn list(
    subscription: Option<String>,
    group: Option<String>,
    deleted: bool,
    context: &Context,
) -> Result<(), Failure> {
    let session = context.session()?;
    let (world, now) = (session.world(), session.now());
    // A group may bring its subscription with it.
    let (subscription, group) = match (subscription, group) {
        (None, Some(group)) if group.contains('/') => {
            let arg: GroupArg = group.parse().map_err(|e: String| {
                Failure::bad_input("InvalidGroup", "group", e, "Correct --group.")
            })?;
            let (subscription, group) = find::group(world, &arg)?;
            (Some(subscription), Some(group))
        }
        (subscription, group) => {
            let subscription = subscription
                .map(|text| find::subscription(world, &text))
                .transpose()?;
            (subscription, group.map(Arc::from))
        }
    };
    let query = match deleted {
        true => Query::DeletedClusters,
        false => Query::Clusters {
            subscription,
            group,
        },
    };
    let Answer::Clusters(ids) = session.ask(&query)? else {
        return Ok(());
    };
    context.list(&List {
        noun: ("cluster", "clusters"),
        columns: vec![
            col("NAME"),
            col("STATE"),
            col("REGION"),
            right("GB/DAY"),
            flex("KEY"),
            col("ENCRYPTION"),
            right("LINKS"),
            col("OPERATION"),
            flex("GROUP"),
        ],
        csv: &[
            "name",
            "properties.provisioningState",
            "location",
            "sku.capacity",
            "properties.billingType",
            "kid",
            "encryption.state",
            "encryption.since",
            "encryption.deadline",
            "operation",
            "deletedDate",
            "scheduledPurgeDate",
            "resource",
            "id",
        ],
        items: ids.iter().filter_map(|id| world.clusters.get(id)).collect(),
        cells: &|c| {
            vec![
                names::resources([&c.id]),
                match c.deleted {
                    Some(d) => format!("deleted, {} left", now.until(d.purge_at).brief()),
                    None => c.state.to_string(),
                },
                c.location.to_string(),
                c.capacity.to_string(),
                names::key(c.key.as_ref()),
                match shape::monitor::deadline(&c.protection.state).filter(|_| c.is_live()) {
                    Some(at) => {
                        let left = now.until(at).brief();
                        format!("{}, {left} left", c.protection.state.word())
                    }
                    None => c.protection.state.word().to_owned(),
                },
                c.links.len().to_string(),
                c.operation.map_or_else(String::new, |o| o.to_string()),
                names::group(&c.id),
            ]
        },
        json: &|c| shape::monitor::cluster(world, c),
        own_shape: false,
        notes: Vec::new(),
    })
}

fn show(text: &str, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let id = visible(&session, text)?;
    let (world, now) = (session.world(), session.now());
    let cluster = world.cluster(&id)?;
    let lock = cluster.sku_updated_at + world.rules.capacity_lock;
    let mut fields = vec![
        field("resource", id.to_string()),
        field("provisioning", cluster.state.to_string()),
        field("region", cluster.location.to_string()),
        field(
            "capacity",
            format!(
                "{} GB/day, {}",
                cluster.capacity,
                match now < lock {
                    true => format!("can be lowered from {}", names::when(now, lock)),
                    false => "can be lowered".to_owned(),
                }
            ),
        ),
        field("billed by", cluster.billing.to_string()),
        field(
            "identity",
            format!(
                "{IDENTITY}, principal id {}",
                world.principal_guid(&vault::access_policy::Caller::Identity(cluster.identity))
            ),
        ),
        field("created", names::when(now, cluster.created_at)),
        field("key in force", in_force(cluster)),
        ("encryption".to_owned(), encryption(&session, cluster)),
    ];
    if let Some(operation) = cluster.operation.and_then(|id| world.operations.get(&id)) {
        fields.push(field(
            "operation",
            format!(
                "{} {}, {}, ends about {}",
                operation.id,
                operation.kind,
                operation.status,
                names::when(now, operation.expected_end)
            ),
        ));
    }
    let mut blocks = vec![Block::Fields(fields)];
    if !cluster.accounts.is_empty() {
        blocks.push(Block::Section("Key lineage", lineage(cluster)));
    }
    let links: Vec<Vec<String>> = cluster
        .links
        .iter()
        .filter_map(|id| world.workspaces.get(id))
        .map(|w| {
            vec![
                names::resources([&w.id]),
                w.link.word().to_owned(),
                world
                    .route(&w.id)
                    .map_or_else(|no| no.message, |r| r.words().to_owned()),
                names::group(&w.id),
            ]
        })
        .collect();
    if !links.is_empty() {
        blocks.push(Block::Table(
            "Workspaces",
            vec![
                col("WORKSPACE"),
                col("LINK"),
                flex("NEW DATA GOES TO"),
                flex("GROUP"),
            ],
            links,
        ));
    }
    let ledger = Ledger::of_cluster(world, cluster);
    blocks.push(ledger.block());
    let (block, modelled_json) = modelled(world, &Scope::Cluster(id.clone()), session.now());
    blocks.push(block);
    let mut json = shape::monitor::cluster(world, cluster);
    json["records"] = ledger.json();
    json["modelled"] = modelled_json;
    context.page(&Page {
        head: format!("Cluster {}: {}", names::resources([&id]), cluster.state),
        blocks,
        json,
    })
}

fn in_force(cluster: &Cluster) -> String {
    match &cluster.key {
        Some(key) => key.kid(),
        None => "none of yours; the data is under the Microsoft-managed key".to_owned(),
    }
}

/// The state of the encryption, since when, what ends it, and what it means for the data.
fn encryption(session: &Session, cluster: &Cluster) -> Vec<String> {
    let (world, now) = (session.world(), session.now());
    let protection = &cluster.protection;
    let mut lines = vec![format!(
        "{} since {}",
        protection.state.word(),
        names::when(now, protection.since)
    )];
    if let Some(deadline) = shape::monitor::deadline(&protection.state) {
        let what = match protection.state {
            Encryption::RevocationPending { .. } => "revoked",
            Encryption::Resuming { .. } => "readable again",
            _ => "live site",
        };
        lines.push(format!("{what} at {}", names::when(now, deadline)));
    }
    if let Some(why) = encryption::why_unreadable(cluster) {
        lines.push(format!("DATA CANNOT BE READ: {why}"));
    }
    if let Some(buffer) = &protection.buffer {
        let end = names::when(now, buffer.until);
        lines.push(match buffer.full {
            true => "the outage buffer is full: NEW DATA IS LOST".to_owned(),
            false => format!("new data is buffered until {end}, then lost"),
        });
    }
    let expected = encryption::poll_outcome(world, cluster, now);
    if let (Some(outcome), true) = (expected, cluster.is_live()) {
        let next = encryption::next_poller(world, cluster, now);
        let at = next.map_or_else(String::new, |(at, account)| {
            format!(", by {account} at {}", names::when(now, at))
        });
        lines.push(format!(
            "the next call to the vault would be {}{at} (computed)",
            outcome.word()
        ));
    }
    lines
}

/// KEK → AEK of each storage account.
fn lineage(cluster: &Cluster) -> Vec<String> {
    let mut lines = Vec::new();
    for account in &cluster.accounts {
        if let (Some(key), Some(aek)) = (&cluster.key, account.customer) {
            lines.push(format!(
                "{key}  wraps  {aek}  of storage account {}",
                account.id
            ));
        }
        let what = match account.customer {
            Some(_) => ", what was written before your key",
            None => "",
        };
        lines.push(format!(
            "Microsoft-managed key  wraps  {}  of storage account {}{what}",
            account.microsoft, account.id
        ));
    }
    lines
}

fn checklist(text: &str, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let id = visible(&session, text)?;
    let (world, now) = (session.world(), session.now());
    let steps = preflight::checklist(world, now, session.actor(), world.cluster(&id)?);
    context.list(&List {
        noun: ("step", "steps"),
        columns: vec![col("STEP"), col("PROGRESS"), flex("NOTE")],
        csv: &["step", "title", "progress", "note"],
        items: steps,
        cells: &|s| {
            vec![
                s.step.title().to_owned(),
                s.progress.to_string(),
                s.note.clone(),
            ]
        },
        json: &shape::monitor::standing,
        own_shape: false,
        notes: vec!["extension: Azure has no such list (R-CMK-17)".to_owned()],
    })
}

fn run_preflight(args: PreflightArgs, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let world = session.world();
    if let Some(group) = &args.group {
        let (subscription, group) = find::group(world, group)?;
        let by = session.actor().person();
        let body = args.wanted.body(world, None)?;
        let name = &args.cluster;
        let findings = preflight::create(world, by, &subscription, &group, name, &body);
        return report(findings, context);
    }
    let id = visible(&session, &args.cluster)?;
    let cluster = world.cluster(&id)?;
    let mut findings = Vec::new();
    if let Some(key) = preflight_key(&session, &args, cluster)? {
        findings.extend(preflight::set_key(
            world,
            session.now(),
            session.actor().person(),
            cluster,
            &key,
        ));
    }
    for workspace in &args.workspace {
        let workspace = workspace::visible(&session, workspace)?;
        findings.extend(preflight::link(
            world,
            session.now(),
            session.actor().person(),
            &workspace,
            &id,
        ));
    }
    report(findings, context)
}

/// The key to look at: the one named; else, unless it is about links only, the one in force or one that could be.
fn preflight_key(
    session: &Session,
    args: &PreflightArgs,
    cluster: &Cluster,
) -> Result<Option<KeyIdentifier>, Failure> {
    if let Ok(arg) = key_arg(&args.vault, &args.key, &args.version, &None) {
        // What is said of a vault is for who may see it; that there is none is a finding.
        if session.world().vaults.contains_key(&arg.vault) {
            session.ask(&Query::Vault(arg.vault.clone()))?;
        }
        return Ok(Some(find::key(session, &arg)?.0));
    }
    if !args.workspace.is_empty() {
        return Ok(None);
    }
    let usable = preflight::usable_keys(session.world(), session.now(), session.actor(), cluster);
    match cluster.key.clone().or_else(|| usable.into_iter().next()) {
        Some(key) => Ok(Some(key)),
        None => Err(Failure::bad_input(
            "NoKey",
            "key",
            format!(
                "{} has no key, and there is none that could be one: an enabled RSA key in a recoverable vault in {}.",
                cluster.id, cluster.location
            ),
            "Create such a vault and key, or name a key: --vault V --key K.",
        )),
    }
}

fn report(findings: Vec<Finding>, context: &Context) -> Result<(), Failure> {
    let in_the_way = findings.iter().filter(|f| f.verdict.is_err()).count();
    let verdict = match in_the_way {
        0 => "nothing stands in the way".to_owned(),
        1 => "1 finding stands in the way".to_owned(),
        n => format!("{n} findings stand in the way"),
    };
    context.list(&List {
        noun: ("finding", "findings"),
        columns: vec![
            col("WHAT"),
            col("OK"),
            flex("FINDING"),
            flex("TO DO"),
            col("ERROR"),
        ],
        csv: &["what", "ok", "note", "error.id", "error.remedy"],
        items: findings,
        cells: &|f| match &f.verdict {
            Ok(note) => vec![
                f.what.to_owned(),
                "yes".to_owned(),
                note.clone(),
                String::new(),
                String::new(),
            ],
            Err(no) => vec![
                f.what.to_owned(),
                "NO".to_owned(),
                no.message.clone(),
                no.remedy.clone(),
                no.id.clone(),
            ],
        },
        json: &shape::monitor::finding,
        own_shape: false,
        notes: vec![
            "extension: Azure says one of these at a time".to_owned(),
            verdict,
        ],
    })?;
    match in_the_way {
        0 => Ok(()),
        _ => Err(Failure::Told(REFUSED)),
    }
}
