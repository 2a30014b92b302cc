//! `lockbox workspace`: Log Analytics workspaces, where their data goes and whether it can be read.

use clap::Subcommand;
use serde_json::json;

use super::args::{self, GroupArg};
use super::confirm::{Irreversible, Sure};
use super::context::Context;
use super::failure::{Failure, error_body};
use super::ledger::{Ledger, modelled};
use super::print::{self, Block, List, Page, col, field, flex, right};
use super::session::{Done, Session};
use super::{find, names, shape};
use crate::engine::ask::{Answer, Query};
use crate::engine::cluster::link::Link;
use crate::engine::errors;
use crate::engine::ids::ResourceId;
use crate::engine::ingestion::ledger::Scope;
use crate::engine::resources::Resource;
use crate::engine::time::{SimTime, Span};
use crate::engine::workspace::{Command, Sku, Workspace};

#[derive(Debug, Subcommand)]
pub enum WorkspaceCommand {
    /// List workspaces
    List {
        /// Those that are deleted and can be recovered
        #[arg(long)]
        deleted: bool,
    },
    /// Show a workspace: its link, where its data goes now, and whether it can be read
    Show { workspace: String },
    /// Create a workspace; one deleted under this name comes back instead
    Create {
        /// 4 to 63 letters, digits and hyphens
        name: String,
        /// Resource group, as subscription/group
        #[arg(long, value_name = "SUB/GROUP")]
        group: GroupArg,
        /// Region, like koreacentral
        #[arg(long, value_name = "REGION")]
        location: String,
        #[arg(long, value_parser = args::words!(Sku), ignore_case = true)]
        sku: Option<Sku>,
        /// How long data is kept
        #[arg(long, value_name = "DAYS", value_parser = args::days, allow_hyphen_values = true)]
        retention_days: Option<Span>,
    },
    /// Change sku or retention
    Update {
        workspace: String,
        #[arg(long, value_parser = args::words!(Sku), ignore_case = true)]
        sku: Option<Sku>,
        /// How long data is kept
        #[arg(long, value_name = "DAYS", value_parser = args::days, allow_hyphen_values = true)]
        retention_days: Option<Span>,
    },
    /// Delete a workspace; it can be recovered for 14 days, unless by force
    Delete {
        workspace: String,
        /// At once and for good
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        sure: Sure,
    },
    /// Recover a deleted workspace
    Recover { workspace: String },
}

pub fn run(command: WorkspaceCommand, context: &Context) -> Result<(), Failure> {
    match command {
        WorkspaceCommand::List { deleted } => list(deleted, context),
        WorkspaceCommand::Show { workspace } => show(&workspace, context),
        WorkspaceCommand::Create {
            name,
            group,
            location,
            sku,
            retention_days,
        } => {
            let mut session = context.session()?;
            let (subscription, group) = find::group(session.world(), &group)?;
            let id = Resource::id_for(&subscription, &group, &name);
            let mut ignored = Vec::new();
            let came = match session.world().workspaces.get(&id) {
                Some(found) if found.deleted.is_some() => {
                    if sku.is_some_and(|sku| sku != found.sku) {
                        ignored.push("--sku");
                    }
                    if retention_days.is_some_and(|kept| kept != found.retention) {
                        ignored.push("--retention-days");
                    }
                    "was deleted and is back as it was"
                }
                Some(_) => "was there already and is as asked",
                None => "is created",
            };
            let command = Command::Put {
                subscription,
                group,
                name: name.into(),
                location: Some(location.into()),
                sku,
                retention: retention_days,
            };
            let done = session.act(&command.into())?;
            outcome(&id, &done, came, context)?;
            if !ignored.is_empty() {
                print::say(&format!(
                    "warning: not applied, since the deleted workspace is recovered as it was: {}. To change it: lockbox workspace update.",
                    ignored.join(", ")
                ));
            }
            Ok(())
        }
        WorkspaceCommand::Update {
            workspace,
            sku,
            retention_days,
        } => {
            if sku.is_none() && retention_days.is_none() {
                return Err(Failure::bad_input(
                    "InvalidWorkspace",
                    "properties",
                    "The update says nothing that is to change.",
                    "Give --sku or --retention-days.",
                ));
            }
            let mut session = context.session()?;
            let id = session
                .world()
                .find_workspace(session.actor(), &workspace)?;
            // A PUT would bring a deleted one back.
            session.world().active_workspace(&id, &errors::WL_01)?;
            let (subscription, group, name) = id.parts();
            let command = Command::Put {
                subscription,
                group: group.into(),
                name: name.into(),
                location: None,
                sku,
                retention: retention_days,
            };
            let done = session.act(&command.into())?;
            outcome(&id, &done, "is updated", context)
        }
        WorkspaceCommand::Delete {
            workspace,
            force,
            sure,
        } => delete(&workspace, force, sure, context),
        WorkspaceCommand::Recover { workspace } => {
            let mut session = context.session()?;
            let id = session
                .world()
                .find_workspace(session.actor(), &workspace)?;
            let command = Command::Recover {
                workspace: id.clone(),
            };
            let done = session.act(&command.into())?;
            outcome(&id, &done, "is back", context)
        }
    }
}

fn delete(text: &str, force: bool, sure: Sure, context: &Context) -> Result<(), Failure> {
    let mut session = context.session()?;
    let id = session.world().find_workspace(session.actor(), text)?;
    let command = Command::Delete {
        workspace: id.clone(),
        force,
    }
    .into();
    session.may(&command)?;
    if force {
        let found = session.world().workspace(&id, &errors::WL_01)?;
        let mut cost = vec![
            format!(
                "All its data of the last {} is gone for good.",
                found.retention
            ),
            format!("Saved queries that go with it: {}.", found.queries.len()),
        ];
        cost.extend(session.foreseen(&command));
        let what = Irreversible {
            act: format!("delete the workspace {id} by force"),
            name: id.name(),
            cost,
        };
        sure.about(context, &what)?;
    }
    let done = session.act(&command)?;
    outcome(&id, &done, "is deleted", context)
}

fn outcome(id: &ResourceId, done: &Done, came: &str, context: &Context) -> Result<(), Failure> {
    let Some(found) = done.world.workspaces.get(id) else {
        let head = format!("workspace {id} and its data are gone for good");
        return context.outcome(done, &head, json!({ "resource": id, "state": "gone" }));
    };
    let head = match found.deleted {
        Some(deleted) => format!(
            "workspace {id} {came} and can be recovered until {} UTC",
            deleted.purge_at.to_seconds()
        ),
        None => format!(
            "workspace {id} {came}: {}, data kept for {}, {}",
            found.effective_sku(),
            found.retention,
            found.link.word()
        ),
    };
    let json = shape::monitor::workspace(&done.world, found);
    context.outcome(done, &head, json)
}

fn list(deleted: bool, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let (world, now) = (session.world(), session.now());
    let Answer::Workspaces(ids) = session.ask(&Query::Workspaces { deleted })? else {
        return Ok(());
    };
    let losing = ids
        .iter()
        .filter_map(|id| Some((id, world.route(id).ok()?.loss()?)))
        .map(|(id, no)| format!("warning: {id}: {}", no.message))
        .collect();
    context.list(&List {
        noun: ("workspace", "workspaces"),
        columns: vec![
            col("NAME"),
            col("REGION"),
            col("SKU"),
            right("KEPT"),
            col("LINK"),
            flex("CLUSTER"),
            flex("NEW DATA GOES TO"),
            flex("GROUP"),
        ],
        csv: &[
            "name",
            "location",
            "properties.sku.name",
            "properties.retentionInDays",
            "properties.customerId",
            "link.state",
            "link.cluster",
            "link.since",
            "route.words",
            "route.lost",
            "deletedDate",
            "scheduledPurgeDate",
            "resource",
            "id",
        ],
        items: ids
            .iter()
            .filter_map(|id| world.workspaces.get(id))
            .collect(),
        cells: &|w| {
            vec![
                names::resources([&w.id]),
                w.location.to_string(),
                w.effective_sku().to_string(),
                w.retention.to_string(),
                match w.deleted {
                    Some(d) => format!("deleted, {} left", now.until(d.purge_at).brief()),
                    None => w.link.word().to_owned(),
                },
                w.link
                    .cluster()
                    .map_or_else(String::new, |c| names::resources([c])),
                world
                    .route(&w.id)
                    .map_or_else(|_| String::new(), |r| r.words().to_owned()),
                names::group(&w.id),
            ]
        },
        json: &|w| {
            let mut value = shape::monitor::workspace(world, w);
            value["route"] = json!(world.route(&w.id).ok().map(|r| shape::monitor::route(&r)));
            value
        },
        own_shape: false,
        notes: losing,
    })
}

/// The workspace a person means and may see.
pub fn visible(session: &Session, text: &str) -> Result<ResourceId, Failure> {
    let id = session.world().find_workspace(session.actor(), text)?;
    session.ask(&Query::Workspace(id.clone()))?;
    Ok(id)
}

fn show(text: &str, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let id = visible(&session, text)?;
    let (world, now) = (session.world(), session.now());
    let workspace = world.workspace(&id, &errors::WL_01)?;
    let mut json = shape::monitor::workspace(world, workspace);
    let mut fields = vec![
        field("resource", id.to_string()),
        field("customer id", world.customer_guid(workspace)),
        field("region", workspace.location.to_string()),
        field("sku", workspace.effective_sku().to_string()),
        field("data is kept for", workspace.retention.to_string()),
        field("created", names::when(now, workspace.created_at)),
    ];
    if let Some(deleted) = workspace.deleted {
        fields.push(field("deleted", names::when(now, deleted.at)));
        fields.push(field(
            "can be recovered until",
            names::when(now, deleted.purge_at),
        ));
    } else {
        fields.push(field("link", link(now, workspace)));
        let (route, value) = route(&session, &id);
        fields.push(("new data goes to".to_owned(), route));
        json["route"] = value;
        let (readable, value) = readable(&session, &id);
        fields.push(("data can be read".to_owned(), readable));
        json["readable"] = value;
    }
    fields.push(field("link operations", quota(&session, workspace)));
    let mut blocks = vec![Block::Fields(fields)];
    if !workspace.storage.is_empty() {
        let rows = workspace
            .storage
            .iter()
            .map(|(source, accounts)| vec![source.to_string(), names::resources(accounts)])
            .collect();
        let columns = vec![col("TYPE"), flex("STORAGE ACCOUNTS")];
        blocks.push(Block::Table("Linked storage", columns, rows));
    }
    if !workspace.placements.is_empty() {
        let rows = workspace
            .placements
            .iter()
            .map(|p| {
                vec![
                    names::resources([&p.cluster]),
                    p.from.to_seconds(),
                    p.until
                        .map_or_else(|| "now".to_owned(), SimTime::to_seconds),
                ]
            })
            .collect();
        let columns = vec![flex("CLUSTER"), col("FROM"), col("UNTIL")];
        blocks.push(Block::Table("Where its data lies", columns, rows));
    }
    json["records"] = serde_json::Value::Null;
    if world.may_query(session.actor(), &id).is_ok() {
        let ledger = Ledger::of_workspace(world, &id);
        blocks.push(ledger.block());
        json["records"] = ledger.json();
        let (block, modelled) = modelled(world, &Scope::Workspace(id.clone()), session.now());
        blocks.push(block);
        json["modelled"] = modelled;
    }
    context.page(&Page {
        head: format!("Workspace {}", names::resources([&id])),
        blocks,
        json,
    })
}

/// How a workspace stands to a cluster, in words.
pub fn link(now: SimTime, workspace: &Workspace) -> String {
    let word = workspace.link.word();
    match &workspace.link {
        Link::Unlinked => word.to_owned(),
        Link::Linked { cluster, since } => {
            format!("{word} to {cluster} since {}", names::when(now, *since))
        }
        Link::Linking {
            cluster, operation, ..
        } => format!("{word} to {cluster}, {operation}"),
        Link::Unlinking {
            cluster, operation, ..
        } => format!("{word} from {cluster}, {operation}"),
    }
}

/// Where its data goes; loudly, when it is lost (E-ING-01).
pub fn route(session: &Session, id: &ResourceId) -> (Vec<String>, serde_json::Value) {
    match session.ask(&Query::Route(id.clone())) {
        Ok(Answer::Route(route)) => {
            let mut lines = vec![route.words().to_owned()];
            if let Some(loss) = route.loss() {
                lines = vec![loss.message, loss.remedy];
            }
            (lines, shape::monitor::route(&route))
        }
        _ => (vec!["nowhere".to_owned()], serde_json::Value::Null),
    }
}

fn readable(session: &Session, id: &ResourceId) -> (Vec<String>, serde_json::Value) {
    match session.ask(&Query::Readable(id.clone())) {
        Ok(_) => (
            vec!["yes".to_owned()],
            json!({ "readable": true, "error": null }),
        ),
        Err(Failure::Refused(no)) => {
            let lines = vec![format!("NO: {}", no.message), no.remedy.clone()];
            let error = error_body(&no)["error"].take();
            (lines, json!({ "readable": false, "error": error }))
        }
        Err(_) => (Vec::new(), serde_json::Value::Null),
    }
}

/// How many of its link operations are used up (R-LNK-11).
pub fn quota(session: &Session, workspace: &Workspace) -> String {
    let (rules, now) = (&session.world().rules, session.now());
    let used = workspace.links_since(now - rules.link_window);
    let free = used
        .len()
        .checked_sub(rules.link_operations as usize)
        .map(|first| used[first] + rules.link_window);
    let mut text = format!(
        "{} of {} used in the last {}",
        used.len(),
        rules.link_operations,
        rules.link_window
    );
    if let Some(at) = free {
        text.push_str(&format!(", the next from {}", names::when(now, at)));
    }
    text
}
