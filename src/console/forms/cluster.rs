//! Forms of dedicated clusters: the cluster, its key, its links and operations, and what support does for it.

use super::vault::{note, simulated, warn};
use super::{Asking, Blank, By, Choice, Field, Filled, no_notes, no_word};
use crate::console::blades::shared;
use crate::console::doc::Block;
use crate::console::rows::{Cell, Mark};
use crate::console::theme::Token;
use crate::engine::cluster::operation;
use crate::engine::cluster::preflight::{self, Finding};
use crate::engine::cluster::{self, Billing, Body, Cluster, IDENTITY, SKU, Sku, link, support};
use crate::engine::ids::ResourceId;
use crate::engine::text::scrub;
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::{Command, errors};

const CAPACITY: &[&str] = &["sku.capacity"];
const BILLING: &[&str] = &["properties.billingType"];

fn capacity(asking: &Asking, now: u64) -> Field {
    let rules = &asking.world.rules;
    asking
        .number(
            "capacity",
            "Capacity, GB/day",
            "in steps; it cannot be lowered for 30 days after it was set",
            u64::from(rules.capacity_step),
            now,
        )
        .at(CAPACITY)
}

fn billing(asking: &Asking, now: Billing) -> Field {
    asking
        .word(
            "billing",
            "Billed to",
            "cluster: the cluster pays; workspaces: each linked workspace its part",
            Billing::ALL.iter().map(|b| b.word()),
            now.word(),
        )
        .at(BILLING)
}

fn sku(filled: &Filled) -> Option<Sku> {
    Some(Sku {
        name: Some(SKU.into()),
        capacity: filled.number("capacity"),
    })
}

pub const CREATE: Blank = Blank {
    name: "cluster.create",
    title: "Create a dedicated cluster",
    yes: "Create",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let subscription = asking.subscription();
        let group = asking.group(&subscription.value);
        let region = asking.region(&subscription.value);
        let least = u64::from(asking.world.rules.capacity_min);
        vec![
            asking.text("name", "Name", "letters and digits, 3 to 63", ""),
            subscription,
            group,
            region,
            capacity(asking, least),
            billing(asking, Billing::Cluster),
        ]
    },
    build: |_, filled| {
        Ok(cluster::Command::Put {
            subscription: filled.subscription(),
            group: filled.text("group").into(),
            name: filled.text("name").into(),
            body: Body {
                location: Some(filled.text("location").into()),
                sku: sku(filled),
                identity: Some(IDENTITY.into()),
                billing: Some(filled.text("billing").into()),
                key: None,
            },
        }
        .into())
    },
    word: no_word,
    notes: |asking, command, would| match command {
        Command::Cluster(cluster::Command::Put {
            subscription,
            group,
            name,
            ..
        }) if would => {
            let id = asking.world.cluster_named(subscription, group, name);
            if asking.world.clusters.get(&id).is_some_and(|c| c.is_live()) {
                return vec![warn("The cluster exists already; this updates it.")];
            }
            vec![note(
                "It gets an identity of its own; give that a policy on the vault, then set the key.",
            )]
        }
        _ => Vec::new(),
    },
};

/// The cluster of a form, if it may be looked at.
fn found<'a>(asking: &Asking<'a>, field: &Field) -> Option<&'a Cluster> {
    let id = ResourceId::from(field.value.as_str());
    if !asking.sees_cluster(&id) {
        return None;
    }
    asking.world.clusters.get(&id).map(|c| &**c)
}

fn patch(filled: &Filled, body: Body) -> Command {
    cluster::Command::Patch {
        cluster: filled.cluster(),
        body,
    }
    .into()
}

pub const SET_KEY: Blank = Blank {
    name: "cluster.set-key",
    title: "Put the cluster under a key version",
    yes: "Set the key",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let cluster = asking.cluster(false);
        let id = found(asking, &cluster).map(|c| c.id.clone());
        let [vault, key, version] = asking.key_identifier(id.as_ref());
        vec![cluster, vault, key, version]
    },
    build: |_, filled| {
        let key = filled.key_identifier();
        Ok(patch(
            filled,
            Body {
                key: Some((&key).into()),
                ..Body::default()
            },
        ))
    },
    word: no_word,
    notes: |asking, command, would| match command {
        Command::Cluster(cluster::Command::Patch { cluster, body }) if !would => {
            let key = body.key.as_ref().and_then(|key| {
                let name = |text: &Option<std::sync::Arc<str>>| text.clone();
                Some(KeyIdentifier {
                    vault: crate::engine::vault::wire::vault_of_uri(&name(&key.key_vault_uri)?)?,
                    key: crate::engine::ids::KeyName(name(&key.key_name)?),
                    version: crate::engine::ids::KeyVersionId(name(&key.key_version)?),
                })
            });
            let cluster = asking.world.clusters.get(cluster);
            match (cluster.filter(|c| asking.sees_cluster(&c.id)), key) {
                (Some(cluster), Some(key)) if asking.open_vault(&key.vault).is_some() => {
                    let found = preflight::set_key(
                        asking.world,
                        asking.now,
                        asking.actor.person(),
                        cluster,
                        &key,
                    );
                    findings(&found)
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    },
};

/// Everything that is in the way, at once.
fn findings(findings: &[Finding]) -> Vec<Block> {
    let wrong = findings.iter().filter(|f| f.verdict.is_err()).count();
    let all = findings.len();
    let mut blocks = vec![note(match wrong {
        0 => format!("Pre-flight check: all {all} in order."),
        n => format!("Pre-flight check: {n} of {all} in the way."),
    })];
    for finding in findings {
        if let Err(no) = &finding.verdict {
            let cell = Cell::new(format!("{}: {}", finding.what, no.message));
            blocks.push(Block::Text(cell.mark(Mark::Bad).tone(Token::Text)));
        }
    }
    blocks
}

pub const SET_CAPACITY: Blank = Blank {
    name: "cluster.capacity",
    title: "Change the cluster's capacity reservation",
    yes: "Change",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let cluster = asking.cluster(false);
        let now = found(asking, &cluster).map_or(asking.world.rules.capacity_min, |c| c.capacity);
        vec![cluster, capacity(asking, u64::from(now))]
    },
    build: |_, filled| {
        Ok(patch(
            filled,
            Body {
                sku: sku(filled),
                ..Body::default()
            },
        ))
    },
    word: no_word,
    notes: |asking, command, would| match command {
        Command::Cluster(cluster::Command::Patch { .. }) if would => vec![note(format!(
            "It cannot be lowered again before {} UTC.",
            (asking.now + asking.world.rules.capacity_lock).to_seconds()
        ))],
        _ => Vec::new(),
    },
};

pub const SET_BILLING: Blank = Blank {
    name: "cluster.billing",
    title: "Change who is billed for the cluster",
    yes: "Change",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let cluster = asking.cluster(false);
        // The other one is what one comes to choose.
        let other = match found(asking, &cluster).map(|c| c.billing) {
            Some(Billing::Cluster) => Billing::Workspaces,
            _ => Billing::Cluster,
        };
        vec![cluster, billing(asking, other)]
    },
    build: |_, filled| {
        Ok(patch(
            filled,
            Body {
                billing: Some(filled.text("billing").into()),
                ..Body::default()
            },
        ))
    },
    word: no_word,
    notes: no_notes,
};

pub const DELETE: Blank = Blank {
    name: "cluster.delete",
    title: "Delete the cluster; asks first",
    yes: "Delete",
    by: By::Person,
    asks: true,
    fields: |asking| vec![asking.cluster(false)],
    build: |_, filled| {
        Ok(cluster::Command::Delete {
            cluster: filled.cluster(),
        }
        .into())
    },
    word: |_, command| match command {
        Command::Cluster(cluster::Command::Delete { cluster }) => {
            Some(scrub(cluster.name()).into_owned())
        }
        _ => None,
    },
    notes: |asking, command, would| match command {
        Command::Cluster(cluster::Command::Delete { cluster }) if would => {
            let links = asking.world.clusters.get(cluster).map(|c| &c.links);
            let kept = asking.world.rules.cluster_soft_delete;
            let mut notes = Vec::new();
            if let Some(links) = links.filter(|l| !l.is_empty()) {
                let mut names: Vec<String> = links.iter().map(shared::resource_name).collect();
                let count = names.len();
                names.truncate(5);
                let and = if count > names.len() {
                    " and others"
                } else {
                    ""
                };
                notes.push(warn(format!(
                    "{} unlinked first: {}{and}.",
                    match count {
                        1 => "1 workspace is".to_owned(),
                        n => format!("{n} workspaces are"),
                    },
                    names.join(", ")
                )));
            }
            notes.push(warn(format!(
                "Once it is deleted its data is out of reach. Only support can bring it back, for {kept}; then it is gone for good. The name is reserved until then."
            )));
            notes
        }
        _ => Vec::new(),
    },
};

pub const MOVE: Blank = Blank {
    name: "cluster.move",
    title: "Move the cluster to another resource group",
    yes: "Move",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let cluster = asking.cluster(false);
        let subscription = asking.subscription();
        let group = asking.group(&subscription.value);
        vec![cluster, subscription, group]
    },
    build: |_, filled| {
        Ok(cluster::Command::Move {
            cluster: filled.cluster(),
            subscription: filled.subscription(),
            group: filled.text("group").into(),
        }
        .into())
    },
    word: no_word,
    notes: no_notes,
};

pub const LINK: Blank = Blank {
    name: "link.link",
    title: "Link a workspace to a cluster",
    yes: "Link",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let mut workspace = asking.workspace(false);
        let mut cluster = asking.cluster(false);
        // Whichever the cursor is on is what it is about.
        workspace.subject = asking.workspace_here().is_some();
        cluster.subject = !workspace.subject;
        vec![workspace, cluster]
    },
    build: |_, filled| {
        Ok(link::Command::Link {
            workspace: filled.workspace(),
            cluster: filled.cluster(),
        }
        .into())
    },
    word: no_word,
    notes: |asking, command, _| match command {
        Command::Link(link::Command::Link { workspace, cluster }) => {
            let seen = asking.sees_cluster(cluster) && asking.open_workspace(workspace).is_some();
            if !seen {
                return Vec::new();
            }
            let found = preflight::link(
                asking.world,
                asking.now,
                asking.actor.person(),
                workspace,
                cluster,
            );
            findings(&found)
        }
        _ => Vec::new(),
    },
};

/// The same, from the cluster.
pub const LINK_HERE: Blank = Blank {
    name: "cluster.link",
    title: "Link a workspace to this cluster",
    ..LINK
};

pub const UNLINK: Blank = Blank {
    name: "link.unlink",
    title: "Unlink the workspace from its cluster; asks first",
    yes: "Unlink",
    by: By::Person,
    asks: true,
    fields: |asking| vec![asking.workspace(false)],
    build: |_, filled| {
        Ok(link::Command::Unlink {
            workspace: filled.workspace(),
        }
        .into())
    },
    word: no_word,
    notes: |asking, command, would| match command {
        Command::Link(link::Command::Unlink { workspace }) if would => {
            let rules = &asking.world.rules;
            let used = asking
                .world
                .workspaces
                .get(workspace)
                .map_or(0, |w| w.links_since(asking.now - rules.link_window).len());
            vec![note(format!(
                "Linking it again takes one of its {} links in {}; {used} used so far.",
                rules.link_operations, rules.link_window
            ))]
        }
        _ => Vec::new(),
    },
};

pub const FAIL: Blank = Blank {
    name: "operation.fail",
    title: "Make a running operation fail; asks first",
    yes: "Let it fail",
    by: By::Simulator,
    asks: true,
    fields: |asking| vec![asking.operation()],
    build: |_, filled| {
        let operation = filled.text("operation").parse().map_err(|_| {
            errors::ARM_07
                .says("There is no such operation.")
                .target("operation")
        })?;
        Ok(operation::Command::Fail { operation }.into())
    },
    word: no_word,
    notes: simulated,
};

const EVERYWHERE: &str = "every region";

pub const ALLOW: Blank = Blank {
    name: "support.allow",
    title: "Support: allow-list a subscription for clusters",
    yes: "Allow",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let subscription = asking.subscription();
        let mut region = asking.region(&subscription.value);
        region.hint = "in this region only, or in every region";
        if let super::Kind::One(options) = &mut region.kind {
            options.insert(0, Choice::plain(EVERYWHERE));
        }
        // The list above did not know it yet.
        if asking.given.get("location").map(String::as_str) == Some(EVERYWHERE) {
            region.value = EVERYWHERE.to_owned();
        }
        vec![subscription, region]
    },
    build: |_, filled| {
        let region = Some(filled.text("location")).filter(|r| *r != EVERYWHERE);
        Ok(support::Command::AllowSubscription {
            subscription: filled.subscription(),
            region: region.map(Into::into),
        }
        .into())
    },
    word: no_word,
    notes: no_notes,
};

pub const RAISE: Blank = Blank {
    name: "support.raise-capacity",
    title: "Support: raise a subscription's highest capacity",
    yes: "Raise",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let subscription = asking.subscription();
        let limit = asking
            .world
            .capacity_limit(&subscription.value.as_str().into());
        let step = u64::from(asking.world.rules.capacity_step);
        let capacity = asking.number(
            "capacity",
            "Highest, GB/day",
            "the most one of its clusters may reserve",
            step,
            u64::from(limit) + step,
        );
        vec![subscription, capacity]
    },
    build: |_, filled| {
        let capacity = filled.number("capacity").unwrap_or(0);
        Ok(support::Command::RaiseCapacity {
            subscription: filled.subscription(),
            capacity: u32::try_from(capacity).unwrap_or(u32::MAX),
        }
        .into())
    },
    word: no_word,
    notes: no_notes,
};

pub const RECOVER: Blank = Blank {
    name: "support.recover-cluster",
    title: "Support: recover a deleted cluster",
    yes: "Recover",
    by: By::Person,
    asks: false,
    fields: |asking| vec![asking.cluster(true)],
    build: |_, filled| {
        Ok(support::Command::RecoverCluster {
            cluster: filled.cluster(),
        }
        .into())
    },
    word: no_word,
    notes: no_notes,
};
