//! The blades: what each one lists, its columns, its rows, its page. Data only; `view.rs` files paint what is
//! not a list or a page.

pub mod activity;
pub mod blocks;
pub mod checklist;
pub mod cluster;
pub mod clusters;
pub mod cmk;
pub mod grant;
pub mod grants;
pub mod history;
pub mod ingestion;
pub mod key;
pub mod key_version;
pub mod logs;
pub mod mail;
pub mod mails;
pub mod operation;
pub mod operations;
pub mod overview;
pub mod pending;
pub mod people;
pub mod preflight;
pub mod query;
pub mod request;
pub mod requests;
pub mod revocation;
pub mod rule;
pub mod rules;
pub mod saved;
pub mod shared;
pub mod storage;
pub mod storage_account;
pub mod ticket;
pub mod tickets;
pub mod vault;
pub mod vaults;
pub mod workspace;
pub mod workspaces;

use std::sync::Arc;

use super::doc::{Block, Doc};
use super::rows::{Cell, Column, ItemId, Row};
use crate::engine::compare::Comparison;
use crate::engine::ids::{
    GrantId, KeyName, KeyVersionId, MailId, OperationId, RequestId, ResourceId, SegmentId,
    TableName, TicketId, VaultName,
};
use crate::engine::ingestion::ledger;
use crate::engine::lockbox::request::Operation;
use crate::engine::projections::activity_log::Subject;
use crate::engine::projections::why::Seen;
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::words::{did_you_mean, nearest};
use crate::engine::workspace::saved_search;
use crate::engine::{Actor, Event, Refusal, SimTime, World, errors};
use history::Told;
pub use logs::Of;

/// One screen of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blade {
    Overview,
    Pending,
    Requests,
    Request(RequestId),
    Tickets,
    Ticket(TicketId),
    Grants,
    Grant(GrantId),
    Activity,
    Mails,
    Mail(MailId),
    Rules,
    Rule(&'static str),
    Vaults,
    Vault(VaultName),
    Key(VaultName, KeyName),
    KeyVersion(KeyIdentifier),
    Clusters,
    Cluster(ResourceId),
    /// The provisioning walk of a cluster.
    Checklist(ResourceId),
    /// What stands in the way of a cluster's key and links.
    Preflight(ResourceId),
    Workspaces,
    Workspace(ResourceId),
    /// A saved search or log alert of a workspace.
    Saved(ResourceId, saved_search::Kind, Arc<str>),
    Operations,
    Operation(OperationId),
    Storage,
    StorageAccount(ResourceId),
    /// The tables of a workspace.
    Tables(ResourceId),
    Table(ResourceId, TableName),
    Segments(Of),
    Segment(SegmentId),
    /// Questions to a workspace.
    Query(ResourceId),
    /// The blocks of a segment, on disk and opened.
    Blocks(SegmentId),
    /// How much comes, and where it goes.
    Ingestion(ledger::Scope),
    /// Events of the record.
    History(Told<Vec<Event>>),
    /// Why something is so.
    Why(Told<Seen>),
    /// Two futures side by side.
    Compare(Told<Comparison>),
    /// How a key is cut, what that does, and the way back.
    Revocation(ResourceId),
}

/// What is looked at, by whom, when.
#[derive(Clone, Copy)]
pub struct Eye<'a> {
    pub world: &'a World,
    pub now: SimTime,
    pub actor: &'a Actor,
}

/// Words of the blades that stand alone.
pub const WORDS: &[(&str, Blade)] = &[
    ("overview", Blade::Overview),
    ("pending", Blade::Pending),
    ("requests", Blade::Requests),
    ("tickets", Blade::Tickets),
    ("grants", Blade::Grants),
    ("activity", Blade::Activity),
    ("mail", Blade::Mails),
    ("rules", Blade::Rules),
    ("vaults", Blade::Vaults),
    ("clusters", Blade::Clusters),
    ("workspaces", Blade::Workspaces),
    ("operations", Blade::Operations),
    ("storage", Blade::Storage),
    ("segments", Blade::Segments(Of::All)),
    ("ingestion", Blade::Ingestion(ledger::Scope::All)),
];

/// How the pages are written, after the word of their list.
const PAGES: &str = "request/ID, ticket/ID, grant/ID, mail/ID, rules/ID, vault/NAME, key/VAULT/KEY, \
    version/VAULT/KEY/ID, cluster/NAME, checklist/CLUSTER, preflight/CLUSTER, workspace/NAME, \
    search/WORKSPACE/NAME, alert/WORKSPACE/NAME, operation/ID, storage/ACCOUNT, tables/WORKSPACE, \
    table/WORKSPACE/NAME, segments/WORKSPACE, segments/CLUSTER, segment/ID, query/WORKSPACE, ingestion/CLUSTER, ingestion/WORKSPACE, revocation/CLUSTER";

impl Blade {
    /// A blade by its word, or with what it is about: `request/LB-000042`, `key/VAULT/KEY`, `cluster/NAME`.
    /// Clusters, workspaces and storage accounts are told by their name or id.
    pub fn parse(world: &World, actor: &Actor, text: &str) -> Result<Blade, Refusal> {
        let unknown = || {
            let names = WORDS.iter().map(|(w, _)| *w);
            let pages = [
                "request",
                "ticket",
                "grant",
                "vault",
                "key",
                "cluster",
                "workspace",
                "tables",
                "segment",
            ];
            let near = nearest(text, names.clone().chain(pages));
            let all = names.collect::<Vec<_>>().join(", ");
            errors::SIM_03
                .says(format!(
                    "There is no blade {}.",
                    crate::engine::text::scrub(text)
                ))
                .target("blade")
                .remedy(did_you_mean(near, &format!("Blades are {all}; {PAGES}.")))
        };
        let Some((word, id)) = text.split_once('/') else {
            return WORDS
                .iter()
                .find(|(w, _)| *w == text || *w == format!("{text}s"))
                .map(|(_, b)| b.clone())
                .or((text == "mails").then_some(Blade::Mails))
                .ok_or_else(unknown);
        };
        let bad = |e: crate::engine::ids::IdError| errors::LB_01.says(format!("{e}.")).target("id");
        match word {
            "request" | "requests" => id.parse().map(Blade::Request).map_err(bad),
            "ticket" | "tickets" => id.parse().map(Blade::Ticket).map_err(bad),
            "grant" | "grants" => id.parse().map(Blade::Grant).map_err(bad),
            "mail" | "mails" => id.parse().map(Blade::Mail).map_err(bad),
            "rule" | "rules" => rule::find(id).map(Blade::Rule).ok_or_else(unknown),
            "vault" | "vaults" => Ok(Blade::Vault(VaultName::new(id))),
            "key" | "keys" => {
                let (vault, key) = id.split_once('/').ok_or_else(unknown)?;
                Ok(Blade::Key(VaultName::new(vault), key.into()))
            }
            "version" | "versions" => {
                let mut parts = id.splitn(3, '/');
                match (parts.next(), parts.next(), parts.next()) {
                    (Some(vault), Some(key), Some(version)) => Ok(Blade::KeyVersion(
                        version_by_head(world, vault, key, version),
                    )),
                    _ => Err(unknown()),
                }
            }
            "cluster" | "clusters" => world.find_cluster(actor, id).map(Blade::Cluster),
            "checklist" => world.find_cluster(actor, id).map(Blade::Checklist),
            "preflight" => world.find_cluster(actor, id).map(Blade::Preflight),
            "workspace" | "workspaces" => world.find_workspace(actor, id).map(Blade::Workspace),
            "search" | "alert" => {
                let kind = if word == "alert" {
                    saved_search::Kind::Alert
                } else {
                    saved_search::Kind::Search
                };
                let (workspace, name) = id.rsplit_once('/').ok_or_else(unknown)?;
                let workspace = world.find_workspace(actor, workspace)?;
                Ok(Blade::Saved(workspace, kind, name.into()))
            }
            "operation" | "operations" | "op" => world.find_operation(id).map(Blade::Operation),
            "storage" => world
                .find_storage_account(actor, id)
                .map(Blade::StorageAccount),
            "query" => world.find_workspace(actor, id).map(Blade::Query),
            "tables" => world.find_workspace(actor, id).map(Blade::Tables),
            "table" => {
                let (workspace, name) = id.rsplit_once('/').ok_or_else(unknown)?;
                let workspace = world.find_workspace(actor, workspace)?;
                Ok(Blade::Table(workspace, name.into()))
            }
            "segments" => match world.find_workspace(actor, id) {
                Ok(workspace) => Ok(Blade::Segments(Of::Workspace(workspace))),
                Err(no) => match world.find_cluster(actor, id) {
                    Ok(cluster) => Ok(Blade::Segments(Of::Cluster(cluster))),
                    Err(_) => Err(no),
                },
            },
            "segment" => id.parse().map(Blade::Segment).map_err(bad),
            "revocation" => world.find_cluster(actor, id).map(Blade::Revocation),
            "ingestion" => match world.find_cluster(actor, id) {
                Ok(cluster) => Ok(Blade::Ingestion(ledger::Scope::Cluster(cluster))),
                Err(_) => world
                    .find_workspace(actor, id)
                    .map(|id| Blade::Ingestion(ledger::Scope::Workspace(id))),
            },
            _ => Err(unknown()),
        }
    }

    /// For breadcrumbs and titles.
    pub fn title(&self) -> String {
        match self {
            Blade::Overview => "Overview".into(),
            Blade::Pending => "Pending requests".into(),
            Blade::Requests => "All requests".into(),
            Blade::Request(id) => id.to_string(),
            Blade::Tickets => "Tickets".into(),
            Blade::Ticket(id) => format!("Ticket {id}"),
            Blade::Grants => "Access grants".into(),
            Blade::Grant(id) => id.to_string(),
            Blade::Activity => "Activity log".into(),
            Blade::Mails => "Mail".into(),
            Blade::Mail(id) => id.to_string(),
            Blade::Rules => "Rules".into(),
            Blade::Rule(id) => (*id).into(),
            Blade::Vaults => "Key vaults".into(),
            Blade::Vault(name) => name.to_string(),
            Blade::Key(_, key) => key.to_string(),
            Blade::KeyVersion(id) => cmk::version(&id.version).text.into_owned(),
            Blade::Clusters => "Clusters".into(),
            Blade::Checklist(_) => "Checklist".into(),
            Blade::Preflight(_) => "Pre-flight".into(),
            Blade::Workspaces => "Workspaces".into(),
            Blade::Cluster(id) | Blade::Workspace(id) | Blade::StorageAccount(id) => {
                shared::resource_name(id)
            }
            Blade::Saved(_, _, name) => crate::engine::text::scrub(name).into_owned(),
            Blade::Operations => "Operations".into(),
            Blade::Operation(id) => id.to_string(),
            Blade::Storage => "Storage accounts".into(),
            Blade::Tables(id) => format!("Tables of {}", shared::resource_name(id)),
            Blade::Table(_, name) => name.to_string(),
            Blade::Segments(Of::All) => "Segments".into(),
            Blade::Segments(Of::Workspace(id) | Of::Cluster(id)) => {
                format!("Segments of {}", shared::resource_name(id))
            }
            Blade::Segments(Of::Table(_, name)) => format!("Segments of {name}"),
            Blade::Segment(id) => id.to_string(),
            Blade::Blocks(id) => format!("Blocks of {id}"),
            Blade::Query(id) => format!("Query {}", shared::resource_name(id)),
            Blade::Ingestion(scope) => ingestion::title(scope),
            Blade::History(_) => "Record".into(),
            Blade::Why(_) => "Why".into(),
            Blade::Compare(_) => "Two futures".into(),
            Blade::Revocation(_) => "Revocation".into(),
        }
    }

    /// Whether it is a list with a cursor; a page otherwise.
    pub fn is_list(&self) -> bool {
        matches!(
            self,
            Blade::Tables(_)
                | Blade::Segments(_)
                | Blade::Ingestion(_)
                | Blade::History(_)
                | Blade::Revocation(_)
        ) || WORDS.iter().any(|(_, list)| list == self)
    }

    /// The thing a page is about.
    pub fn subject(&self) -> Option<ItemId> {
        match self {
            Blade::Request(id) => Some(ItemId::Request(*id)),
            Blade::Ticket(id) => Some(ItemId::Ticket(*id)),
            Blade::Grant(id) => Some(ItemId::Grant(*id)),
            Blade::Mail(id) => Some(ItemId::Mail(*id)),
            Blade::Rule(id) => Some(ItemId::Rule(id)),
            Blade::Vault(name) => Some(ItemId::Vault(name.clone())),
            Blade::Key(vault, key) => Some(ItemId::Key(vault.clone(), key.clone())),
            Blade::KeyVersion(id) => Some(ItemId::KeyVersion(id.clone())),
            Blade::Cluster(id)
            | Blade::Checklist(id)
            | Blade::Preflight(id)
            | Blade::Revocation(id) => Some(ItemId::Cluster(id.clone())),
            Blade::Workspace(id) | Blade::Query(id) => Some(ItemId::Workspace(id.clone())),
            Blade::Saved(id, kind, name) => Some(ItemId::Saved(id.clone(), *kind, name.clone())),
            Blade::Operation(id) => Some(ItemId::Operation(*id)),
            Blade::StorageAccount(id) => Some(ItemId::StorageAccount(id.clone())),
            Blade::Table(id, name) => Some(ItemId::Table(id.clone(), name.clone())),
            Blade::Segment(id) | Blade::Blocks(id) => Some(ItemId::Segment(*id)),
            Blade::Ingestion(ledger::Scope::Cluster(id)) => Some(ItemId::Cluster(id.clone())),
            Blade::Ingestion(ledger::Scope::Workspace(id)) => Some(ItemId::Workspace(id.clone())),
            _ => None,
        }
    }

    pub fn columns(&self) -> &'static [Column] {
        match self {
            Blade::Overview => overview::rows::COLUMNS,
            Blade::Pending => pending::rows::COLUMNS,
            Blade::Requests => requests::rows::COLUMNS,
            Blade::Tickets => tickets::rows::COLUMNS,
            Blade::Grants => grants::rows::COLUMNS,
            Blade::Activity => activity::rows::COLUMNS,
            Blade::Mails => mails::rows::COLUMNS,
            Blade::Rules => rules::rows::COLUMNS,
            Blade::Vaults => vaults::COLUMNS,
            Blade::Clusters => clusters::COLUMNS,
            Blade::Workspaces => workspaces::COLUMNS,
            Blade::Operations => operations::COLUMNS,
            Blade::Storage => storage::COLUMNS,
            Blade::Tables(_) => logs::tables::COLUMNS,
            Blade::Segments(_) => logs::segments::COLUMNS,
            Blade::Ingestion(_) => ingestion::rows::COLUMNS,
            Blade::History(_) => history::COLUMNS,
            _ => &[],
        }
    }

    /// What a list holds, in its order.
    pub fn ids(&self, eye: Eye, operation: Option<Operation>) -> Result<Vec<ItemId>, Refusal> {
        match self {
            Blade::Overview => overview::rows::ids(eye),
            Blade::Pending => pending::rows::ids(eye),
            Blade::Requests => requests::rows::ids(eye),
            Blade::Tickets => tickets::rows::ids(eye),
            Blade::Grants => grants::rows::ids(eye),
            Blade::Activity => activity::rows::ids(eye, operation),
            Blade::Mails => mails::rows::ids(eye),
            Blade::Rules => Ok(rules::rows::ids()),
            Blade::Vaults => vaults::ids(eye),
            Blade::Clusters => clusters::ids(eye),
            Blade::Workspaces => workspaces::ids(eye),
            Blade::Operations => operations::ids(eye),
            Blade::Storage => storage::ids(eye),
            Blade::Tables(id) => logs::tables::ids(eye, id),
            Blade::Segments(of) => logs::segments::ids(eye, of),
            Blade::Ingestion(scope) => ingestion::rows::ids(eye, scope),
            Blade::History(events) => Ok(history::ids(events)),
            Blade::Revocation(id) => revocation::rows::ids(eye, id),
            _ => Ok(Vec::new()),
        }
    }

    /// One row of a list.
    pub fn row(&self, eye: Eye, id: &ItemId) -> Option<Row> {
        match self {
            Blade::Overview => overview::rows::row(eye, id),
            Blade::Pending => pending::rows::row(eye, id),
            Blade::Requests => requests::rows::row(eye, id),
            Blade::Tickets => tickets::rows::row(eye, id),
            Blade::Grants => grants::rows::row(eye, id),
            Blade::Activity => activity::rows::row(eye, id),
            Blade::Mails => mails::rows::row(eye, id),
            Blade::Rules => rules::rows::row(eye, id),
            Blade::Vaults => vaults::row(eye, id),
            Blade::Clusters => clusters::row(eye, id),
            Blade::Workspaces => workspaces::row(eye, id),
            Blade::Operations => operations::row(eye, id),
            Blade::Storage => storage::row(eye, id),
            Blade::Tables(_) => logs::tables::row(eye, id),
            Blade::Segments(_) => logs::segments::row(eye, id),
            Blade::Ingestion(_) => ingestion::rows::row(eye, id),
            Blade::History(events) => history::row(eye, events, id),
            Blade::Revocation(_) => revocation::rows::row(id),
            _ => None,
        }
    }

    /// A page; the refusal says why it may not be seen.
    pub fn doc(&self, eye: Eye) -> Result<Doc, Refusal> {
        match self {
            Blade::Request(id) => request::rows::doc(eye, *id),
            Blade::Ticket(id) => ticket::rows::doc(eye, *id),
            Blade::Grant(id) => grant::rows::doc(eye, *id),
            Blade::Mail(id) => mail::rows::doc(eye, *id),
            Blade::Rule(id) => Ok(rule::doc(eye, id)),
            Blade::Vault(name) => vault::doc(eye, name),
            Blade::Key(vault, key) => key::doc(eye, vault, key),
            Blade::KeyVersion(id) => key_version::doc(eye, id),
            Blade::Cluster(id) => cluster::doc(eye, id),
            Blade::Checklist(id) => checklist::doc(eye, id),
            Blade::Preflight(id) => preflight::doc(eye, id),
            Blade::Workspace(id) => workspace::doc(eye, id),
            Blade::Saved(id, kind, name) => saved::doc(eye, id, *kind, name),
            Blade::Operation(id) => operation::doc(eye, *id),
            Blade::StorageAccount(id) => storage_account::doc(eye, id),
            Blade::Table(id, name) => logs::table::doc(eye, id, name),
            Blade::Segment(id) => logs::segment::doc(eye, *id),
            Blade::Revocation(id) => revocation::rows::doc(eye, id),
            Blade::Blocks(id) => logs::segment::find(eye, *id).map(|_| Doc::default()),
            Blade::Why(steps) => Ok(history::why(steps)),
            Blade::Compare(both) => Ok(history::compared(both)),
            Blade::Query(id) => {
                eye.world.may_query(eye.actor, id)?;
                // The console paints a desk instead; whoever prints is told how to ask.
                let says = "Ask with: lockbox query --workspace WORKSPACE 'QUERY'";
                Ok(Doc {
                    main: vec![Block::Text(Cell::new(says))],
                    ..Doc::default()
                })
            }
            _ => Ok(Doc::default()),
        }
    }

    /// What an empty list says, and what to do about it.
    pub fn emptiness(&self) -> (&'static str, &'static str) {
        match self {
            Blade::Overview => (
                "Nothing needs you now.",
                "New requests appear here by themselves. Press n to go to the next event.",
            ),
            Blade::Pending => (
                "No request waits for a decision.",
                "New requests appear here by themselves. Press n to go to the next event, g r for all requests.",
            ),
            Blade::Requests => (
                "There has been no Lockbox request yet.",
                "A request begins when an engineer needs customer data for a ticket.",
            ),
            Blade::Tickets => (
                "There is no support ticket.",
                "Open one with: lockbox ticket open",
            ),
            Blade::Grants => (
                "Nobody has or had access.",
                "A grant begins when a request is approved.",
            ),
            Blade::Activity => (
                "The activity log has no such entry in the last 90 days.",
                "Press 0 to see all operations.",
            ),
            Blade::Mails => (
                "No mail for you.",
                "Each Owner of a subscription gets one mail when a request starts. Press P to act as somebody else.",
            ),
            Blade::Vaults => (
                "There is no key vault you may see.",
                "Press c to create one, or P to act as somebody else.",
            ),
            Blade::Clusters => (
                "There is no dedicated cluster you may see.",
                "Press c to create one; its checklist shows the way to your own key.",
            ),
            Blade::Workspaces => (
                "There is no workspace you may see.",
                "Press c to create one, or P to act as somebody else.",
            ),
            Blade::Operations => (
                "Nothing runs, and nothing ever ran.",
                "Creating a cluster, setting its key, linking and unlinking take time and show here.",
            ),
            Blade::Storage => (
                "There is no storage account you may see.",
                "Storage accounts come with the world file. Press P to act as somebody else.",
            ),
            Blade::Segments(_) => (
                "There is no segment: no record was ingested, or all were purged.",
                "Send some with: lockbox ingest --workspace W --table T FILE",
            ),
            Blade::Ingestion(_) => (
                "There is no cluster or workspace you may see.",
                "Press P to act as somebody else.",
            ),
            _ => ("Nothing here.", ""),
        }
    }
}

/// What a thing belongs to, as far as there is any: ticket, request and grant; vault, key, cluster and workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Related {
    pub ticket: Option<TicketId>,
    pub request: Option<RequestId>,
    pub grant: Option<GrantId>,
    pub vault: Option<VaultName>,
    pub key: Option<(VaultName, KeyName)>,
    pub cluster: Option<ResourceId>,
    pub workspace: Option<ResourceId>,
}

impl Related {
    /// What is missing here taken from there.
    pub fn or(self, other: Related) -> Related {
        Related {
            ticket: self.ticket.or(other.ticket),
            request: self.request.or(other.request),
            grant: self.grant.or(other.grant),
            vault: self.vault.or(other.vault),
            key: self.key.or(other.key),
            cluster: self.cluster.or(other.cluster),
            workspace: self.workspace.or(other.workspace),
        }
    }
}

pub fn related(world: &World, id: &ItemId) -> Related {
    let of_request = |id: RequestId| {
        let request = world.lockbox.requests.get(&id);
        Related {
            request: Some(id),
            ticket: request.map(|r| r.ticket),
            grant: request.and_then(|r| r.grant),
            ..Related::default()
        }
    };
    match id {
        ItemId::Request(id) => of_request(*id),
        ItemId::Grant(id) => {
            let grant = world.lockbox.grants.get(id);
            Related {
                request: grant.and_then(|g| g.request),
                ticket: grant.map(|g| g.ticket),
                grant: Some(*id),
                ..Related::default()
            }
        }
        ItemId::Ticket(id) => {
            let jits = world.lockbox.tickets.get(id).map(|t| &t.jits);
            let latest = jits.and_then(|jits| {
                jits.iter()
                    .rev()
                    .filter_map(|j| world.lockbox.jits.get(j))
                    .find(|j| j.request.is_some() || j.grant.is_some())
            });
            Related {
                ticket: Some(*id),
                request: latest.and_then(|j| j.request),
                grant: latest.and_then(|j| j.grant),
                ..Related::default()
            }
        }
        ItemId::Mail(id) => world
            .lockbox
            .mail(*id)
            .map(|m| of_request(m.request))
            .unwrap_or_default(),
        ItemId::Activity(revision) => activity::rows::entry(world, *revision)
            .and_then(|a| match a.subject {
                Subject::Lockbox { request, .. } => Some(of_request(request)),
                Subject::Administrative { resource, .. } => {
                    Some(related(world, &thing(world, &resource)?))
                }
            })
            .unwrap_or_default(),
        ItemId::Vault(vault) | ItemId::Policy(vault, _) => Related {
            vault: Some(vault.clone()),
            ..Related::default()
        },
        ItemId::Key(vault, key) => of_key(vault, key),
        ItemId::KeyVersion(id) => of_key(&id.vault, &id.key),
        ItemId::Cluster(id) | ItemId::Way(id, _) | ItemId::Step(id, _) => of_cluster(world, id),
        ItemId::Workspace(id)
        | ItemId::Saved(id, ..)
        | ItemId::Tables(id)
        | ItemId::Table(id, _)
        | ItemId::Segments(Of::Workspace(id) | Of::Table(id, _)) => of_workspace(world, id),
        ItemId::Segments(Of::Cluster(id)) => of_cluster(world, id),
        ItemId::Segment(id) => match world.logs.segments.get(id) {
            Some(segment) => {
                let near = of_workspace(world, &segment.workspace);
                let there = segment.store.cluster().map(|c| of_cluster(world, c));
                there.unwrap_or_default().or(near)
            }
            None => Related::default(),
        },
        ItemId::Operation(id) => match world.operations.get(id) {
            Some(operation) => {
                let mut near = of_cluster(world, &operation.cluster);
                near.workspace = operation.workspace.clone();
                near
            }
            None => Related::default(),
        },
        ItemId::StorageAccount(id) => {
            let account = world.storage_accounts.get(id);
            match account.and_then(|a| a.key.as_ref()) {
                Some(key) => of_key(&key.vault, &key.key),
                None => Related::default(),
            }
        }
        ItemId::Number(_)
        | ItemId::Rule(_)
        | ItemId::Person(_)
        | ItemId::Observer
        | ItemId::Segments(Of::All)
        | ItemId::Event(_) => Related::default(),
    }
}

fn of_key(vault: &VaultName, key: &KeyName) -> Related {
    Related {
        vault: Some(vault.clone()),
        key: Some((vault.clone(), key.clone())),
        ..Related::default()
    }
}

fn of_cluster(world: &World, id: &ResourceId) -> Related {
    let key = world.clusters.get(id).and_then(|c| c.key.as_ref());
    Related {
        cluster: Some(id.clone()),
        ..key.map_or_else(Related::default, |k| of_key(&k.vault, &k.key))
    }
}

fn of_workspace(world: &World, id: &ResourceId) -> Related {
    let cluster = world.workspaces.get(id).and_then(|w| w.link.cluster());
    Related {
        workspace: Some(id.clone()),
        ..cluster.map_or_else(Related::default, |c| of_cluster(world, c))
    }
}

/// What a resource is here, if there is a page for it.
pub fn thing(world: &World, id: &ResourceId) -> Option<ItemId> {
    if world.clusters.contains_key(id) {
        return Some(ItemId::Cluster(id.clone()));
    }
    if world.workspaces.contains_key(id) {
        return Some(ItemId::Workspace(id.clone()));
    }
    if world.storage_accounts.contains_key(id) {
        return Some(ItemId::StorageAccount(id.clone()));
    }
    let vault = world.vaults.values().find(|v| v.id == *id)?;
    Some(ItemId::Vault(vault.name.clone()))
}

/// A version by its id, or by the beginning of it where that is enough.
fn version_by_head(world: &World, vault: &str, key: &str, version: &str) -> KeyIdentifier {
    let (vault, key) = (VaultName::new(vault), KeyName::from(key));
    let version = version.to_ascii_lowercase();
    let known = world.vaults.get(&vault).and_then(|v| v.keys.get(&key));
    let mut hits = known
        .into_iter()
        .flat_map(|k| k.versions.iter())
        .filter(|v| v.id.as_str().starts_with(&version));
    let version = match (hits.next(), hits.next()) {
        (Some(one), None) => one.id.clone(),
        _ => KeyVersionId::from(version),
    };
    KeyIdentifier {
        vault,
        key,
        version,
    }
}

/// The page Enter opens.
pub fn opens(world: &World, id: &ItemId) -> Option<Blade> {
    Some(match id {
        ItemId::Request(id) => Blade::Request(*id),
        ItemId::Ticket(id) => Blade::Ticket(*id),
        ItemId::Grant(id) => Blade::Grant(*id),
        ItemId::Mail(id) => Blade::Mail(*id),
        ItemId::Activity(revision) => match activity::rows::entry(world, *revision)?.subject {
            Subject::Lockbox { request, .. } => Blade::Request(request),
            Subject::Administrative { resource, .. } => {
                return opens(world, &thing(world, &resource)?);
            }
        },
        ItemId::Number(id) | ItemId::Rule(id) => Blade::Rule(id),
        ItemId::Vault(name) => Blade::Vault(name.clone()),
        ItemId::Key(vault, key) => Blade::Key(vault.clone(), key.clone()),
        ItemId::KeyVersion(id) => Blade::KeyVersion(id.clone()),
        ItemId::Policy(_, caller) => return opens(world, &cmk::owner(world, caller)?),
        ItemId::Cluster(id) => Blade::Cluster(id.clone()),
        ItemId::Workspace(id) => Blade::Workspace(id.clone()),
        ItemId::Operation(id) => Blade::Operation(*id),
        ItemId::StorageAccount(id) => Blade::StorageAccount(id.clone()),
        ItemId::Saved(id, kind, name) => Blade::Saved(id.clone(), *kind, name.clone()),
        ItemId::Tables(id) => Blade::Tables(id.clone()),
        ItemId::Table(id, name) => Blade::Table(id.clone(), name.clone()),
        ItemId::Segments(of) => Blade::Segments(of.clone()),
        ItemId::Segment(id) => Blade::Segment(*id),
        ItemId::Person(_)
        | ItemId::Observer
        | ItemId::Event(_)
        | ItemId::Way(..)
        | ItemId::Step(..) => return None,
    })
}
