//! `lockbox link`: the link of a workspace to a cluster, which Azure calls the linked service `cluster`.

use clap::Subcommand;

use super::context::Context;
use super::failure::Failure;
use super::print::{self, Block, Page, field};
use super::session::{Done, Session};
use super::{find, names, shape, workspace};
use crate::engine::Refusal;
use crate::engine::cluster::State;
use crate::engine::cluster::link::Command;
use crate::engine::errors;
use crate::engine::ids::ResourceId;
use crate::engine::resources::Resource;
use crate::engine::workspace::wire;

#[derive(Debug, Subcommand)]
pub enum LinkCommand {
    /// Link a workspace to a cluster: its new data goes there from then on
    #[command(visible_alias = "add")]
    Create {
        workspace: String,
        /// By name, subscription/group/name or its ARM path
        #[arg(required_unless_present = "write_access_resource_id")]
        cluster: Option<String>,
        /// The cluster as the cloud's own tool names it
        #[arg(long, hide = true, conflicts_with = "cluster")]
        write_access_resource_id: Option<String>,
    },
    /// Unlink a workspace from its cluster
    Delete {
        workspace: String,
        /// Nothing, or to be sure: the word cluster, or the name of the cluster it is linked to
        #[arg(value_name = "CLUSTER")]
        service: Option<String>,
        /// The same in the words of the cloud's own tool
        #[arg(long = "name", hide = true, conflicts_with = "service")]
        name: Option<String>,
    },
    /// Show how a workspace is linked
    Show { workspace: String },
}

pub fn run(command: LinkCommand, context: &Context) -> Result<(), Failure> {
    match command {
        LinkCommand::Create {
            workspace,
            cluster,
            write_access_resource_id,
        } => {
            let cluster = cluster.or(write_access_resource_id).unwrap_or_default();
            create(&workspace, &cluster, context)
        }
        LinkCommand::Delete {
            workspace,
            service,
            name,
        } => delete(&workspace, service.or(name).as_deref(), context),
        LinkCommand::Show { workspace } => show(&workspace, context),
    }
}

fn create(workspace: &str, cluster: &str, context: &Context) -> Result<(), Failure> {
    let mut session = context.session()?;
    let id = session.world().find_workspace(session.actor(), workspace)?;
    let to = cluster_of(&session, &id, cluster)?;
    let command = Command::Link {
        workspace: id.clone(),
        cluster: to.clone(),
    };
    let done = session.act(&command.into())?;
    let building = done
        .world
        .clusters
        .get(&to)
        .is_some_and(|c| c.state == State::ProvisioningAccount);
    if building {
        print::say(&format!(
            "WARNING: DATA LOST: the cluster {to} is not provisioned yet; what is sent to {id} from now on is accepted and dropped for good, until it is (R-LNK-02)."
        ));
        print::say(
            "To stop it: lockbox link delete as soon as this link is done, and link again later.",
        );
    }
    outcome(&id, &done, context)
}

/// The cluster of a link. One that does not exist is left to the world to refuse in the words of a link.
fn cluster_of(
    session: &Session,
    workspace: &ResourceId,
    text: &str,
) -> Result<ResourceId, Failure> {
    let world = session.world();
    if text.trim().is_empty() {
        return Err(errors::WL_09
            .refuse()
            .target("writeAccessResourceId")
            .into());
    }
    if text.starts_with('/') {
        return Ok(wire::cluster_id(world, text)?);
    }
    match find::cluster(session, text)? {
        Ok(id) => Ok(id),
        Err(_) if text.contains('/') => Ok(ResourceId::from(text)),
        Err(_) => {
            let (subscription, group, _) = workspace.parts();
            Ok(Resource::id_for(&subscription, group, text))
        }
    }
}

fn delete(workspace: &str, service: Option<&str>, context: &Context) -> Result<(), Failure> {
    let mut session = context.session()?;
    let world = session.world();
    let id = world
        .find_workspace(session.actor(), workspace)
        .map_err(|no| Refusal {
            id: errors::WU_01.id.to_owned(),
            rule: errors::WU_01.rule.to_owned(),
            ..no
        })?;
    // i-9: the seed names the cluster where the cloud wants the literal `cluster`; both are understood.
    if let Some(service) = service.filter(|s| !s.eq_ignore_ascii_case("cluster")) {
        let linked = world.workspaces.get(&id).and_then(|w| w.link.cluster());
        let named = world.find_cluster(session.actor(), service)?;
        if let Some(linked) = linked.filter(|c| **c != named) {
            return Err(Failure::bad_input(
                "InvalidLink",
                "cluster",
                format!("{id} is linked to {linked}, not to {named}."),
                "Leave the cluster out, or name the one it is linked to.",
            ));
        }
    }
    let command = Command::Unlink {
        workspace: id.clone(),
    };
    let done = session.act(&command.into())?;
    outcome(&id, &done, context)
}

fn outcome(id: &ResourceId, done: &Done, context: &Context) -> Result<(), Failure> {
    let world = &done.world;
    let found = world.workspace(id, &errors::WL_01)?;
    let mut head = format!("{id} is {}", workspace::link(world.now, found));
    let operation = found.link.operation();
    if let Some(operation) = operation.and_then(|o| world.operations.get(&o)) {
        head.push_str(&format!(
            " until about {} UTC, follow it: lockbox op wait {}",
            operation.expected_end.to_seconds(),
            operation.id
        ));
    }
    context.outcome(done, &head, shape::monitor::link(world, found))
}

fn show(text: &str, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    // i-9: the seed looks at the cluster to check a link; the workspace is where it shows.
    if session
        .world()
        .find_workspace(session.actor(), text)
        .is_err()
        && let Ok(cluster) = session.world().find_cluster(session.actor(), text)
    {
        return Err(Failure::bad_input(
            "InvalidLink",
            "workspace",
            format!("{cluster} is a cluster; a link is looked up at its workspace."),
            "Name the workspace, or see all links of the cluster: lockbox cluster show.",
        ));
    }
    let id = workspace::visible(&session, text)?;
    let (world, now) = (session.world(), session.now());
    let found = world.active_workspace(&id, &errors::WL_01)?;
    let (route, value) = workspace::route(&session, &id);
    let mut json = shape::monitor::link(world, found);
    json["route"] = value;
    context.page(&Page {
        head: format!("Link of {}: {}", names::resources([&id]), found.link.word()),
        blocks: vec![Block::Fields(vec![
            field("workspace", id.to_string()),
            field("link", workspace::link(now, found)),
            ("new data goes to".to_owned(), route),
            field("link operations", workspace::quota(&session, found)),
        ])],
        json,
    })
}
