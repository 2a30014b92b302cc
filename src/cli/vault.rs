//! `lockbox vault`: key vaults, what can be recovered of them, what needs them, and who called.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::args::{self, GroupArg};
use super::confirm::{Irreversible, Sure};
use super::context::Context;
use super::failure::Failure;
use super::find::{self, User};
use super::print::{Block, List, Page, col, field, flex, right};
use super::session::{Done, Session};
use super::{names, policy, shape};
use crate::engine::World;
use crate::engine::ask::{Answer, Query};
use crate::engine::cluster::{Cluster, encryption};
use crate::engine::ids::{AccountId, VaultName};
use crate::engine::time::{SimTime, Span};
use crate::engine::vault::access_policy::Caller;
use crate::engine::vault::trail::{Call, Outcome};
use crate::engine::vault::{Command, Create, Sku, Vault};

#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// List vaults by name
    List {
        /// Those that are deleted and can be recovered
        #[arg(long)]
        deleted: bool,
    },
    /// Show a vault with its keys, what needs each version, its policies and its last calls
    Show {
        #[arg(value_parser = args::vault)]
        vault: VaultName,
    },
    /// Create a vault
    Create(CreateArgs),
    /// Turn on soft delete or purge protection, for good
    Update {
        #[arg(value_parser = args::vault)]
        vault: VaultName,
        #[arg(long, value_name = "true|false")]
        soft_delete: Option<bool>,
        #[arg(long, value_name = "true|false")]
        purge_protection: Option<bool>,
        #[arg(long, value_name = "DAYS", value_parser = args::days, allow_hyphen_values = true)]
        retention_days: Option<Span>,
        #[command(flatten)]
        sure: Sure,
    },
    /// Delete a vault; with soft delete it can be recovered for its retention
    Delete {
        #[arg(value_parser = args::vault)]
        vault: VaultName,
        #[command(flatten)]
        sure: Sure,
    },
    /// Recover a deleted vault with its keys and policies
    Recover {
        #[arg(value_parser = args::vault)]
        vault: VaultName,
    },
    /// Destroy a deleted vault and every key in it for good
    Purge {
        #[arg(value_parser = args::vault)]
        vault: VaultName,
        #[command(flatten)]
        sure: Sure,
    },
    /// Who called a vault and what it answered; routine calls of storage are computed
    Trail {
        #[arg(value_parser = args::vault)]
        vault: VaultName,
        /// So many calls
        #[arg(long, value_name = "N", default_value_t = 20)]
        last: usize,
    },
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Unique in the whole cloud: 3 to 24 letters, digits and hyphens
    name: String,
    /// Resource group, as subscription/group
    #[arg(long, value_name = "SUB/GROUP")]
    group: GroupArg,
    /// Region, like koreacentral
    #[arg(long, value_name = "REGION")]
    location: String,
    #[arg(long, default_value = "standard", value_parser = args::words!(Sku), ignore_case = true)]
    sku: Sku,
    /// A deleted vault or key can be recovered
    #[arg(long, value_name = "true|false", default_value_t = false, action = clap::ArgAction::Set)]
    soft_delete: bool,
    /// Nobody can purge before the retention is over; cannot be turned off again
    #[arg(long, value_name = "true|false", default_value_t = false, action = clap::ArgAction::Set)]
    purge_protection: bool,
    /// How long it can be recovered; 90 unless given, and never changed
    #[arg(long, value_name = "DAYS", value_parser = args::days, allow_hyphen_values = true)]
    retention_days: Option<Span>,
    #[command(flatten)]
    sure: Sure,
}

pub fn run(command: VaultCommand, context: &Context) -> Result<(), Failure> {
    match command {
        VaultCommand::List { deleted } => list(deleted, context),
        VaultCommand::Show { vault } => show(&vault, context),
        VaultCommand::Create(args) => create(args, context),
        VaultCommand::Update {
            vault,
            soft_delete,
            purge_protection,
            retention_days,
            sure,
        } => {
            let command = Command::Update {
                vault: vault.clone(),
                soft_delete,
                purge_protection,
                retention: retention_days,
            };
            let protects = purge_protection == Some(true);
            act(
                context.session()?,
                &vault,
                command,
                context,
                |session, ahead| {
                    let found = session.world().vault(&vault)?;
                    if protects && !found.purge_protection {
                        let retention = found.retention;
                        protection(&vault, retention, sure, ahead, context)?;
                    }
                    Ok(())
                },
            )
        }
        VaultCommand::Delete { vault, sure } => {
            let command = Command::Delete {
                vault: vault.clone(),
            };
            act(
                context.session()?,
                &vault,
                command,
                context,
                |session, ahead| {
                    if session.world().vault(&vault)?.soft_delete {
                        return Ok(());
                    }
                    let act = format!("delete the vault {vault}, which has no soft delete");
                    destruction(session, &vault, act, sure, ahead, context)
                },
            )
        }
        VaultCommand::Recover { vault } => {
            let command = Command::Recover {
                vault: vault.clone(),
            };
            act(context.session()?, &vault, command, context, |_, _| Ok(()))
        }
        VaultCommand::Purge { vault, sure } => {
            let command = Command::Purge {
                vault: vault.clone(),
            };
            act(
                context.session()?,
                &vault,
                command,
                context,
                |session, ahead| {
                    let act = format!("purge the vault {vault}");
                    destruction(session, &vault, act, sure, ahead, context)
                },
            )
        }
        VaultCommand::Trail { vault, last } => trail(&vault, last, context),
    }
}

fn create(args: CreateArgs, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let (subscription, group) = find::group(session.world(), &args.group)?;
    let name = VaultName::new(&args.name);
    let command = Command::Create(Create {
        subscription,
        group,
        name: args.name.into(),
        location: args.location.into(),
        sku: args.sku,
        soft_delete: args.soft_delete,
        purge_protection: args.purge_protection,
        retention: args.retention_days,
    });
    act(session, &name, command, context, |session, ahead| {
        if args.purge_protection {
            let usual = session.world().rules.vault_retention;
            let retention = args.retention_days.unwrap_or(usual);
            protection(&name, retention, args.sure, ahead, context)?;
        }
        Ok(())
    })
}

/// Purge protection is a one-way street (R-KV-01).
fn protection(
    vault: &VaultName,
    retention: Span,
    sure: Sure,
    ahead: Vec<String>,
    context: &Context,
) -> Result<(), Failure> {
    let mut cost = vec![
        "It cannot be turned off again (R-KV-01).".to_owned(),
        format!(
            "A deleted key or vault stays for {retention}; nobody can purge it earlier, and its name is taken that long."
        ),
    ];
    cost.extend(ahead);
    sure.about(
        context,
        &Irreversible {
            act: format!("turn on purge protection for {vault}"),
            name: vault.as_str(),
            cost,
        },
    )
}

/// Every key of the vault is destroyed.
fn destruction(
    session: &Session,
    vault: &VaultName,
    act: String,
    sure: Sure,
    ahead: Vec<String>,
    context: &Context,
) -> Result<(), Failure> {
    let found = session.world().vault(vault)?;
    let versions: usize = found.keys.values().map(|k| k.versions.len()).sum();
    let mut cost = vec![format!(
        "Keys destroyed: {}, with {versions} versions in all.",
        found.keys.len()
    )];
    let users = find::users(session, |key| key.vault == *vault)?;
    cost.extend(users.iter().map(lost));
    cost.extend(ahead);
    let name = vault.as_str();
    sure.about(context, &Irreversible { act, name, cost })
}

/// What becomes of something whose key is destroyed.
pub fn lost(user: &User) -> String {
    format!(
        "{} is {}: what it wraps can never be read again.",
        user.key,
        user.words()
    )
}

/// Does a command on a vault, once it may be done and somebody is sure.
fn act(
    mut session: Session,
    vault: &VaultName,
    command: Command,
    context: &Context,
    sure: impl FnOnce(&Session, Vec<String>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let command = command.into();
    session.may(&command)?;
    sure(&session, session.foreseen(&command))?;
    let done = session.act(&command)?;
    outcome(vault, &done, context)
}

fn outcome(vault: &VaultName, done: &Done, context: &Context) -> Result<(), Failure> {
    let Some(found) = done.world.vaults.get(vault) else {
        let head = format!("vault {vault} and its keys are gone for good");
        return context.outcome(done, &head, json!({ "name": vault, "state": "gone" }));
    };
    let head = match found.deleted {
        Some(deleted) => format!(
            "vault {vault} is deleted and can be recovered until {} UTC",
            deleted.purge_at.to_seconds()
        ),
        None => format!("vault {vault} is active: {}", recoverability(found)),
    };
    context.outcome(done, &head, shape::vault::vault(&done.world, found))
}

fn recoverability(vault: &Vault) -> String {
    match (vault.soft_delete, vault.purge_protection) {
        (false, _) => "not recoverable, soft delete is off".to_owned(),
        (true, false) => format!(
            "recoverable for {}, but purge protection is off",
            vault.retention
        ),
        (true, true) => format!(
            "recoverable for {}, purge protection is on",
            vault.retention
        ),
    }
}

fn list(deleted: bool, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let (world, now) = (session.world(), session.now());
    let Answer::Vaults(names) = session.ask(&Query::Vaults { deleted })? else {
        return Ok(());
    };
    let on = |is: bool| if is { "on" } else { "off" }.to_owned();
    context.list(&List {
        noun: ("vault", "vaults"),
        columns: vec![
            col("NAME"),
            col("STATE"),
            col("REGION"),
            col("SKU"),
            col("SOFT DELETE"),
            col("PURGE PROTECTION"),
            right("RETENTION"),
            right("KEYS"),
            flex("GROUP"),
        ],
        csv: &[
            "name",
            "state",
            "location",
            "properties.sku.name",
            "properties.enableSoftDelete",
            "properties.enablePurgeProtection",
            "properties.softDeleteRetentionInDays",
            "recoveryLevel",
            "keyCount",
            "deletionDate",
            "scheduledPurgeDate",
            "fault.kind",
            "fault.until",
            "resource",
        ],
        items: names.iter().filter_map(|n| world.vaults.get(n)).collect(),
        cells: &|v| {
            vec![
                v.name.to_string(),
                match (v.deleted, &v.fault) {
                    (Some(d), _) => format!("deleted, {} left", now.until(d.purge_at).brief()),
                    (None, Some(fault)) => format!("active, {}", fault.kind),
                    (None, None) => "active".to_owned(),
                },
                v.location.to_string(),
                v.sku.to_string(),
                on(v.soft_delete),
                on(v.purge_protection),
                v.retention.to_string(),
                v.keys.len().to_string(),
                names::group(&v.id),
            ]
        },
        json: &|v| shape::vault::vault(world, v),
        own_shape: false,
        notes: Vec::new(),
    })
}

/// Calls on the page of a vault.
const LAST: usize = 10;

fn show(name: &VaultName, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    session.ask(&Query::Vault(name.clone()))?;
    let (world, now) = (session.world(), session.now());
    let vault = world.vault(name)?;
    let users = find::users(&session, |key| key.vault == *name)?;
    let mut json = shape::vault::vault(world, vault);
    let mut fields = vec![
        field("resource", vault.id.to_string()),
        field("address", vault.uri()),
        field("region", vault.location.to_string()),
        field("sku", vault.sku.to_string()),
        field("state", state(now, vault)),
        field("recoverability", recoverability(vault)),
        field(
            "recovery level",
            vault
                .recovery_level(world.rules.vault_retention_max)
                .to_owned(),
        ),
        field("created", names::when(now, vault.created_at)),
    ];
    if !vault.recoverable() {
        fields.push(field(
            "as a cluster's key",
            "refused, E-CU-04: needs soft delete and purge protection (R-CMK-21)",
        ));
    }
    if let Some(fault) = &vault.fault {
        fields.push(field(
            "fault (injected)",
            format!(
                "{} since {}, until {}",
                fault.kind,
                fault.since.to_seconds(),
                names::when(now, fault.until)
            ),
        ));
    }
    let mut blocks = vec![Block::Fields(fields)];
    let mut rows = Vec::new();
    let mut keys = Vec::new();
    for key in vault.keys.values() {
        let mut shown = shape::vault::key(vault, key);
        let mut versions = Vec::new();
        for version in key.versions.iter().rev() {
            let id = shape::vault::identifier(vault, key, version);
            let needed: Vec<String> = users
                .iter()
                .filter(|u| u.key == id)
                .map(User::words)
                .collect();
            let mut value = shape::vault::version(world, vault, key, version);
            value["neededBy"] = json!(needed);
            versions.push(value);
            rows.push(vec![
                key.name.to_string(),
                names::version(&version.id),
                match (key.deleted, version.enabled) {
                    (Some(_), _) => "deleted",
                    (None, true) => "enabled",
                    (None, false) => "disabled",
                }
                .to_owned(),
                format!("{} {}", version.kty, version.size),
                version.created_at.to_seconds(),
                needed.join(", "),
            ]);
        }
        shown["versions"] = versions.into();
        keys.push(shown);
    }
    json["keys"] = keys.into();
    blocks.push(Block::Table(
        "Keys and versions, newest first",
        vec![
            col("KEY"),
            col("VERSION"),
            col("STATE"),
            col("TYPE"),
            col("CREATED"),
            flex("NEEDED BY"),
        ],
        rows,
    ));
    blocks.push(Block::Table(
        "Access policies",
        policy::columns(),
        vault
            .policies
            .iter()
            .map(|(caller, keys)| policy::cells(world, caller, keys))
            .collect(),
    ));
    let last = vault.trail.iter().rev().take(LAST);
    json["lastCalls"] = last
        .clone()
        .map(|call| shape::vault::call(world, call))
        .collect();
    blocks.push(Block::Table(
        "Last calls, newest first (all: lockbox vault trail)",
        trail_columns(),
        last.map(|call| call_cells(world, call)).collect(),
    ));
    context.page(&Page {
        head: format!("Vault {name}"),
        blocks,
        json,
    })
}

fn state(now: SimTime, vault: &Vault) -> String {
    match vault.deleted {
        Some(deleted) => format!(
            "deleted {}, can be recovered until {}",
            names::when(now, deleted.at),
            names::when(now, deleted.purge_at)
        ),
        None => "active".to_owned(),
    }
}

/// A line of the trail: a call on the record, or a routine call of storage, which no event is made of.
enum Line<'a> {
    Recorded(&'a Call),
    Computed(Poll),
}

struct Poll {
    at: SimTime,
    cluster: String,
    account: AccountId,
    outcome: Outcome,
    /// Not yet: what would be answered as things stand.
    ahead: bool,
}

fn trail(name: &VaultName, last: usize, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    session.ask(&Query::Vault(name.clone()))?;
    let (world, now) = (session.world(), session.now());
    let vault = world.vault(name)?;
    let mut items: Vec<Line<'_>> = vault
        .trail
        .iter()
        .skip(vault.trail.len().saturating_sub(last))
        .map(Line::Recorded)
        .collect();
    let users = find::users(&session, |key| key.vault == *name)?;
    let clusters = users
        .iter()
        .filter_map(|user| world.clusters.get(&user.id))
        .filter(|c| c.is_live() && c.key.as_ref().is_some_and(|k| k.vault == *name));
    let mut polls: Vec<Poll> = clusters.flat_map(|c| polls(world, now, c)).collect();
    polls.sort_by_key(|p| p.at);
    let computed = polls.len();
    items.extend(polls.into_iter().map(Line::Computed));
    let notes = match computed {
        0 => Vec::new(),
        _ => vec![format!(
            "computed: storage calls the vault every {} to {} at instants that follow from the world's seed; only a call after something changed becomes an event (R-CMK-49)",
            world.rules.poll_min, world.rules.poll_max
        )],
    };
    context.list(&List {
        noun: ("call", "calls"),
        columns: trail_columns(),
        csv: &[
            "revision",
            "at",
            "caller",
            "operationName",
            "key",
            "version",
            "result",
            "error",
            "computed",
            "ahead",
        ],
        items,
        cells: &|line| match line {
            Line::Recorded(call) => call_cells(world, call),
            Line::Computed(poll) => vec![
                if poll.ahead { "(next)" } else { "(last)" }.to_owned(),
                poll.at.to_seconds(),
                format!("{} {}", poll.cluster, poll.account),
                "KeyUnwrap, computed".to_owned(),
                String::new(),
                match poll.ahead {
                    true => format!("would be {}", result(&poll.outcome)),
                    false => result(&poll.outcome),
                },
            ],
        },
        json: &|line| match line {
            Line::Recorded(call) => shape::vault::call(world, call),
            Line::Computed(poll) => poll_json(poll),
        },
        own_shape: false,
        notes,
    })
}

fn poll_json(poll: &Poll) -> Value {
    json!({
        "revision": Value::Null,
        "at": poll.at,
        "caller": poll.cluster,
        "account": poll.account,
        "operationName": "KeyUnwrap",
        "result": poll.outcome.word(),
        "error": poll.outcome.error(),
        "computed": true,
        "ahead": poll.ahead,
    })
}

/// The last routine call of each account of a cluster and its next one. A call that was an event, because it
/// was the first after a change, is on the record already; routine ones repeat its outcome.
fn polls(world: &World, now: SimTime, cluster: &Cluster) -> Vec<Poll> {
    let recorded = cluster.protection.last_poll.as_ref();
    let expected = encryption::poll_outcome(world, cluster, now);
    let mut found = Vec::new();
    for account in &cluster.accounts {
        let poll = |at, outcome, ahead| Poll {
            at,
            cluster: names::resources([&cluster.id]),
            account: account.id,
            outcome,
            ahead,
        };
        let longest = world.rules.poll_max;
        let before = encryption::polls(world, account.id, now - longest)
            .take_while(|at| *at <= now)
            .last();
        if let (Some(at), Some((since, outcome))) = (before, recorded)
            && at > *since
        {
            found.push(poll(at, outcome.clone(), false));
        }
        let next = encryption::polls(world, account.id, now).next();
        if let (Some(at), Some(outcome)) = (next, expected.clone()) {
            found.push(poll(at, outcome, true));
        }
    }
    found
}

fn trail_columns() -> Vec<super::print::Column> {
    vec![
        col("REVISION"),
        col("TIME"),
        flex("CALLER"),
        col("CALL"),
        flex("KEY"),
        col("RESULT"),
    ]
}

fn call_cells(world: &World, call: &Call) -> Vec<String> {
    let caller = match &call.caller {
        Some(Caller::Person(id)) => id.to_string(),
        Some(identity) => world.caller_name(identity),
        None => "the simulation".to_owned(),
    };
    let key = match &call.key {
        Some((key, Some(version))) => format!("{key}/{}", names::version(version)),
        Some((key, None)) => key.to_string(),
        None => String::new(),
    };
    vec![
        call.revision.to_string(),
        call.at.to_seconds(),
        caller,
        call.done.to_string(),
        key,
        result(&call.outcome),
    ]
}

fn result(outcome: &Outcome) -> String {
    match outcome.error() {
        Some(id) => format!("{}, {id}", outcome.word()),
        None => outcome.word().to_owned(),
    }
}
