//! What happened, in one plain English sentence per event: the command line, the console's timeline and the
//! journal's readers say the same words. All text is scrubbed and what strangers wrote stands in quotes it
//! cannot leave.

use unicode_segmentation::UnicodeSegmentation;

use crate::engine::ask::{Query, ask};
use crate::engine::cluster::{encryption, link, support};
use crate::engine::event::{Actor, Event, Fact};
use crate::engine::ids::{ResourceId, TableName};
use crate::engine::ingestion::{self, segment::Store};
use crate::engine::lockbox::jit::{self, State};
use crate::engine::lockbox::{grant, request, ticket};
use crate::engine::people::{self, Principal};
use crate::engine::rules::{self, JitOutcome};
use crate::engine::text::{Untrusted, scrub};
use crate::engine::time::SimTime;
use crate::engine::timers::Timer;
use crate::engine::vault::{access_policy, key, network};
use crate::engine::workspace::{linked_storage, saved_search};
use crate::engine::world::{self, World};
use crate::engine::{cluster, resources, story, vault, workspace};

/// Longest quotation, in characters as a reader counts them.
const QUOTE_MAX: usize = 160;

/// What a timer will do, as far as the actor may know.
pub fn upcoming(world: &World, now: SimTime, actor: &Actor, timer: &Timer) -> Option<String> {
    let sees = |query: Query| ask(world, now, actor, &query).is_ok();
    match timer {
        Timer::RequestExpires(id) if sees(Query::Request(*id)) => Some(format!("{id} expires")),
        Timer::RequestSettles(id) if sees(Query::Request(*id)) => {
            let status = world.lockbox.requests.get(id)?.status.settles_to()?;
            Some(format!("{id} is {status}"))
        }
        Timer::GrantEnds(id) if sees(Query::Grant(*id)) => Some(format!("{id} ends")),
        Timer::StoryStep(_) => Some("a scripted event".to_owned()),
        Timer::VaultPurges(vault) if sees(Query::Vault(vault.clone())) => {
            Some(format!("{vault} is purged"))
        }
        Timer::KeyPurges(vault, key) if sees(Query::Vault(vault.clone())) => {
            Some(format!("{vault}/{key} is purged"))
        }
        Timer::FaultEnds(vault) if sees(Query::Vault(vault.clone())) => {
            Some(format!("{vault} can be reached again"))
        }
        Timer::OperationEnds(id) if sees(Query::Operation(*id)) => {
            let operation = world.operations.get(id)?;
            Some(format!(
                "{id} ends: {} {}",
                operation.kind,
                short(operation.target())
            ))
        }
        Timer::ClusterPolls(id) if sees(Query::Cluster(id.clone())) => {
            Some(format!("{} asks its vault", short(id)))
        }
        Timer::EncryptionDue(id) if sees(Query::Cluster(id.clone())) => {
            use crate::engine::cluster::encryption::Encryption;
            let cluster = world.clusters.get(id)?;
            Some(match &cluster.protection.state {
                Encryption::RevocationPending { .. } => {
                    format!("{} enforces the revocation", short(id))
                }
                Encryption::Resuming { .. } => format!("{} resumes", short(id)),
                _ => format!("{} goes without its vault for too long", short(id)),
            })
        }
        Timer::BufferEnds(id) if sees(Query::Cluster(id.clone())) => {
            Some(format!("the buffer of {} is full", short(id)))
        }
        Timer::ClusterPurges(id) => {
            let visible = ask(world, now, actor, &Query::DeletedClusters).is_ok_and(
                |answer| matches!(answer, crate::engine::Answer::Clusters(ids) if ids.contains(id)),
            );
            visible.then(|| format!("{} is purged for good", short(id)))
        }
        Timer::WorkspacePurges(id) if sees(Query::Workspace(id.clone())) => {
            Some(format!("{} is gone for good", short(id)))
        }
        Timer::TableDue(workspace, table) if sees(Query::Workspace(workspace.clone())) => {
            Some(format!(
                "data of {table} in {} leaves the hot cache or is purged",
                short(workspace)
            ))
        }
        _ => None,
    }
}

/// One sentence about an event. `world` is the world the event belongs to, at or after it.
pub fn sentence(world: &World, event: &Event) -> String {
    match &event.fact {
        Fact::World(f) => of_world(f),
        Fact::Rules(f) => of_rules(f),
        Fact::People(f) => of_people(f),
        Fact::Resources(f) => of_resources(f),
        Fact::Story(f) => of_story(f),
        Fact::Ticket(f) => of_ticket(&who(&event.actor), f),
        Fact::Jit(f) => of_jit(world, f),
        Fact::Request(f) => of_request(world, f),
        Fact::Grant(f) => of_grant(world, f),
        Fact::Vault(f) => of_vault(&who(&event.actor), f),
        Fact::Key(f) => of_key(world, &who(&event.actor), f),
        Fact::Policy(f) => of_policy(world, &who(&event.actor), f),
        Fact::Fault(f) => of_fault(f),
        Fact::Cluster(f) => of_cluster(&who(&event.actor), f),
        Fact::Link(f) => of_link(f),
        Fact::Encryption(f) => of_encryption(f),
        Fact::Support(f) => of_support(&who(&event.actor), f),
        Fact::Workspace(f) => of_workspace(&who(&event.actor), f),
        Fact::Search(f) => of_search(&who(&event.actor), f),
        Fact::Storage(f) => of_storage(&who(&event.actor), f),
        Fact::Ingestion(f) => of_ingestion(&who(&event.actor), f),
    }
}

/// The name of a resource, without where it lies.
fn short(id: &ResourceId) -> String {
    scrub(id.name()).into_owned()
}

/// An actor as a subject of a sentence.
pub fn who(actor: &Actor) -> String {
    match actor {
        Actor::Person(id) => id.to_string(),
        Actor::Time => "time".to_owned(),
        Actor::Lockbox => "the Lockbox service".to_owned(),
        Actor::Jit => "the JIT service".to_owned(),
        Actor::Support => "the support service".to_owned(),
        Actor::Storage => "cluster storage".to_owned(),
        Actor::LogAnalytics => "Log Analytics".to_owned(),
        Actor::Simulator => "the world file".to_owned(),
        Actor::Observer => "the observer".to_owned(),
    }
}

/// What a stranger wrote, in quotes, on one line, cut to a length one can read.
pub fn quote(text: &Untrusted) -> String {
    let line = text.lines().collect::<Vec<_>>().join(" / ");
    let line = line.replace(['“', '”'], "\"");
    let mut cut: String = line.graphemes(true).take(QUOTE_MAX).collect();
    if cut.len() < line.len() {
        cut.push('…');
    }
    format!("“{cut}”")
}

/// `: “…”` or nothing, for a reason that may be empty.
fn because(text: &Untrusted) -> String {
    if text.is_blank() {
        String::new()
    } else {
        format!(": {}", quote(text))
    }
}

fn list<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|i| i.to_string()).collect();
    match items.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

fn of_world(fact: &world::Fact) -> String {
    match fact {
        world::Fact::Founded {
            name,
            seed,
            opens_at,
        } => format!(
            "The world {} was founded with seed {seed}; it opens at {}.",
            quote(name),
            opens_at.to_seconds()
        ),
        world::Fact::DefaultSet { person } => {
            format!("{person} acts when nobody says otherwise.")
        }
    }
}

fn of_rules(fact: &rules::Fact) -> String {
    match fact {
        rules::Fact::NumberSet { name, value } => {
            format!("The number {} became {}.", scrub(name), scrub(value))
        }
        rules::Fact::JitRulesSet(rules) => {
            format!(
                "The JIT rules were replaced; there are {} now.",
                rules.len()
            )
        }
    }
}

fn of_people(fact: &people::Fact) -> String {
    let principal = |p: &Principal| match p {
        Principal::Person(id) => id.to_string(),
        Principal::Group(id) => format!("group {id}"),
    };
    match fact {
        people::Fact::TenantAdded(tenant) => format!(
            "The organisation {} ({}) came in with support plan {}.",
            tenant.id,
            quote(&tenant.name),
            tenant.plan.title()
        ),
        people::Fact::PlanSet { tenant, plan } => {
            format!("The support plan of {tenant} became {}.", plan.title())
        }
        people::Fact::Enrolled { tenant } => {
            format!("{tenant} enrolled for preview services.")
        }
        people::Fact::PersonAdded(person) => {
            format!("{} ({}) came in.", person.id, quote(&person.name))
        }
        people::Fact::GroupAdded(group) => format!(
            "The group {} of {} came in with {}.",
            group.id,
            group.tenant,
            list(&group.members)
        ),
        people::Fact::ManagementGroupAdded { id, tenant } => {
            format!("The management group {id} of {tenant} came in.")
        }
        people::Fact::Assigned(a) => format!(
            "{} became {} on {}.",
            principal(&a.principal),
            a.role.title(),
            a.scope
        ),
        people::Fact::Unassigned(a) => format!(
            "{} is no longer {} on {}.",
            principal(&a.principal),
            a.role.title(),
            a.scope
        ),
    }
}

fn of_resources(fact: &resources::Fact) -> String {
    match fact {
        resources::Fact::SubscriptionAdded(s) => {
            format!("The subscription {} of {} came in.", s.id, s.tenant)
        }
        resources::Fact::GroupAdded { subscription, name } => {
            format!("The resource group {subscription}/{} came in.", scrub(name))
        }
        resources::Fact::Added(r) => format!("The {} {} came in.", r.kind.title(), r.id),
    }
}

fn of_story(fact: &story::Fact) -> String {
    match fact {
        story::Fact::Added(story) => format!(
            "The story {} was planned with {} steps.",
            story.id,
            story.steps.len()
        ),
        story::Fact::Due { story, step } => {
            format!("Step {} of the story {story} was due.", step + 1)
        }
        story::Fact::Linked { story, ticket } => {
            format!("The story {story} goes on in ticket {ticket}.")
        }
        story::Fact::Skipped {
            story,
            step,
            message,
            ..
        } => format!(
            "Step {} of the story {story} was skipped: {}",
            step + 1,
            scrub(message)
        ),
        story::Fact::Finished { story } => format!("The story {story} is over."),
    }
}

fn of_ticket(by: &str, fact: &ticket::Fact) -> String {
    match fact {
        ticket::Fact::Opened { ticket, by, open } => format!(
            "{by} opened ticket {ticket} on {} with severity {}: {}.",
            open.subscription,
            open.severity,
            quote(&open.title)
        ),
        ticket::Fact::Assigned { ticket, to } => {
            format!("Ticket {ticket} was assigned to {to}.")
        }
        ticket::Fact::Said { ticket, text } => {
            format!("{by} said on ticket {ticket}: {}.", quote(text))
        }
        ticket::Fact::Reviewed { ticket, text } => {
            format!("{by} took up ticket {ticket}{}.", because(text))
        }
        ticket::Fact::ToolsTried {
            ticket,
            text,
            sufficed,
        } => format!(
            "{by} tried standard tools on ticket {ticket}, which {}: {}.",
            if *sufficed {
                "sufficed"
            } else {
                "did not suffice"
            },
            quote(text)
        ),
        ticket::Fact::Escalated { ticket, to, text } => {
            format!("{by} escalated ticket {ticket} to {to}{}.", because(text))
        }
        ticket::Fact::Closed { ticket, text } => {
            format!("{by} closed ticket {ticket}{}.", because(text))
        }
    }
}

fn of_jit(world: &World, fact: &jit::Fact) -> String {
    match fact {
        jit::Fact::Submitted {
            jit,
            engineer,
            submit,
            initiated,
            ..
        } => format!(
            "{engineer} {} {jit} for {} access to {} on ticket {}: {}.",
            if *initiated {
                "initiated (extension)"
            } else {
                "submitted"
            },
            submit.level,
            list(&submit.resources),
            submit.ticket,
            quote(&submit.justification)
        ),
        jit::Fact::Evaluated { jit, rule, outcome } => match outcome {
            JitOutcome::Clear => format!("JIT rule {rule} let {jit} pass."),
            JitOutcome::Internal(role) => format!(
                "JIT rule {rule} wants a {} to approve {jit} first.",
                role.title()
            ),
            JitOutcome::Reject => format!("JIT rule {rule} rejected {jit}."),
        },
        jit::Fact::InternallyApproved { jit, by, reason } => {
            format!("{by} approved {jit} inside the vendor{}.", because(reason))
        }
        jit::Fact::InternallyDenied { jit, by, reason } => {
            format!("{by} denied {jit} inside the vendor{}.", because(reason))
        }
        jit::Fact::Bypassed {
            jit,
            reason,
            readable,
        } => {
            let seen = match readable {
                Some(true) => " What was seen could be read.",
                Some(false) => " What was seen was encrypted in transit and could not be read.",
                None => "",
            };
            format!(
                "{jit} goes past the customer ({reason}, {}). {}{seen}",
                reason.rule(),
                reason.sentence()
            )
        }
        jit::Fact::AwaitsCustomer { jit, request } => {
            format!("{jit} waits for the customer's answer to {request}.")
        }
        jit::Fact::Rejected { jit, state } => match state {
            State::RejectedByCustomer => format!("{jit} was rejected by the customer."),
            State::ExpiredNoAccess => {
                format!("{jit} ended without access, since nobody decided.")
            }
            State::Failed => format!("{jit} failed with its Lockbox request."),
            other => format!("{jit} became {other}."),
        },
        jit::Fact::Ended { jit } => {
            let engineer = world.lockbox.jits.get(jit).map(|j| &j.engineer);
            match engineer {
                Some(engineer) => format!("{jit} of {engineer} is over."),
                None => format!("{jit} is over."),
            }
        }
    }
}

fn of_request(world: &World, fact: &request::Fact) -> String {
    match fact {
        request::Fact::Created {
            request,
            approvers,
            expires_at,
            ..
        } => {
            let asked = match world.lockbox.requests.get(request) {
                Some(r) => format!(" for {} to {}", r.engineer, list(r.resources.iter())),
                None => String::new(),
            };
            let whom = if approvers.is_empty() {
                "nobody can approve it".to_owned()
            } else {
                format!("designated approvers: {}", list(approvers))
            };
            format!(
                "Lockbox request {request}{asked} was created; it expires at {}; {whom}.",
                expires_at.to_seconds()
            )
        }
        request::Fact::Mailed {
            request,
            to,
            address,
        } => format!("A mail about {request} left for {to} <{}>.", scrub(address)),
        request::Fact::Notified { request } => {
            format!("{request} is Customer Notified (Pending).")
        }
        request::Fact::Decided {
            request,
            by,
            approve,
            reason,
            ..
        } => format!(
            "{by} {} {request}{}.",
            if *approve { "approved" } else { "denied" },
            because(reason)
        ),
        request::Fact::Approved { request } => format!("{request} is Approved."),
        request::Fact::Denied { request } => format!("{request} is Denied."),
        request::Fact::Expired { request } => {
            format!("{request} expired; nobody decided and no access was given.")
        }
        request::Fact::Completing { request, .. } => {
            format!("{request} is Completing, since its grant is over.")
        }
        request::Fact::Completed { request } => format!("{request} is Completed."),
        request::Fact::Revoking { request, .. } => {
            format!("{request} is Revoking, since its grant was revoked (extension).")
        }
        request::Fact::Revoked { request } => format!("{request} is Revoked (extension)."),
        request::Fact::Failed { request, status } => {
            format!("{request} failed in the service and is {status}.")
        }
    }
}

fn of_grant(world: &World, fact: &grant::Fact) -> String {
    let engineer = |id: &crate::engine::ids::GrantId| {
        world
            .lockbox
            .grants
            .get(id)
            .map_or_else(|| "The engineer".to_owned(), |g| g.engineer.to_string())
    };
    match fact {
        grant::Fact::Started { grant, jit, until } => {
            let to = match world.lockbox.grants.get(grant) {
                Some(g) => format!(" to {} on {}", g.engineer, list(g.resources.iter())),
                None => String::new(),
            };
            format!(
                "Grant {grant} under {jit} gives access{to} until {}.",
                until.to_seconds()
            )
        }
        grant::Fact::Connected { grant, resource } => {
            format!("{} connected to {resource} under {grant}.", engineer(grant))
        }
        grant::Fact::Acted { grant, text } => {
            format!("{} did under {grant}: {}.", engineer(grant), quote(text))
        }
        grant::Fact::SessionsClosed { grant, forced } => format!(
            "The sessions under {grant} were closed {}.",
            if *forced {
                "by force"
            } else {
                "by the engineer"
            }
        ),
        grant::Fact::Expired { grant } => format!("{grant} ended; its time is over."),
        grant::Fact::Closed { grant } => format!("{} ended {grant}.", engineer(grant)),
        grant::Fact::Revoked { grant, by, reason } => {
            format!("{by} revoked {grant} (extension){}.", because(reason))
        }
    }
}

fn of_vault(by: &str, fact: &vault::Fact) -> String {
    match fact {
        vault::Fact::Created {
            vault,
            location,
            soft_delete,
            purge_protection,
            ..
        } => format!(
            "{by} created the vault {vault} in {location}; soft delete {}, purge protection {}.",
            on(*soft_delete),
            on(*purge_protection)
        ),
        vault::Fact::Updated {
            vault,
            soft_delete,
            purge_protection,
        } => format!(
            "{by} updated the vault {vault}: soft delete {}, purge protection {}.",
            on(*soft_delete),
            on(*purge_protection)
        ),
        vault::Fact::Deleted {
            vault,
            purge_at: Some(at),
        } => format!(
            "{by} deleted the vault {vault}; it can be recovered until {}.",
            at.to_seconds()
        ),
        vault::Fact::Deleted { vault, .. } => {
            format!("{by} deleted the vault {vault} for good, with its keys.")
        }
        vault::Fact::Recovered { vault } => format!("{by} recovered the vault {vault}."),
        vault::Fact::Purged { vault } => {
            format!("{by} purged the vault {vault}; its keys are destroyed.")
        }
    }
}

fn on(flag: bool) -> &'static str {
    if flag { "on" } else { "off" }
}

fn of_key(world: &World, by: &str, fact: &key::Fact) -> String {
    let head = |version: &crate::engine::ids::KeyVersionId| -> String {
        version.to_string().chars().take(8).collect()
    };
    match fact {
        key::Fact::VersionCreated {
            vault,
            key,
            version,
            kty,
            size,
            imported,
            ..
        } => format!(
            "{by} {} version {}… of key {vault}/{key} ({kty}, {size} bits).",
            if imported.is_some() {
                "imported"
            } else {
                "made"
            },
            head(version)
        ),
        key::Fact::AttributesSet {
            vault,
            key,
            version,
            attributes,
        } => {
            let mut changes = Vec::new();
            match attributes.enabled {
                Some(true) => changes.push("enabled".to_owned()),
                Some(false) => changes.push("DISABLED".to_owned()),
                None => {}
            }
            if let Some(at) = attributes.not_before {
                changes.push(format!("not valid before {}", at.to_seconds()));
            }
            if let Some(at) = attributes.expires {
                changes.push(format!("expires {}", at.to_seconds()));
            }
            format!(
                "{by} set version {}… of key {vault}/{key}: {}.",
                head(version),
                list(changes)
            )
        }
        key::Fact::Deleted {
            vault,
            key,
            purge_at: Some(at),
        } => format!(
            "{by} deleted the key {vault}/{key}; it can be recovered until {}.",
            at.to_seconds()
        ),
        key::Fact::Deleted { vault, key, .. } => {
            format!("{by} deleted the key {vault}/{key} for good.")
        }
        key::Fact::Recovered { vault, key } => format!("{by} recovered the key {vault}/{key}."),
        key::Fact::Purged { vault, key } => {
            format!("{by} purged the key {vault}/{key}; its material is destroyed.")
        }
        key::Fact::Called {
            caller,
            vault,
            key,
            operation,
            outcome,
            ..
        } => {
            let caller = world.caller_name(caller);
            match outcome.error() {
                None => format!("{caller} called {operation} on {vault}/{key}: served."),
                Some(error) => format!(
                    "{caller} called {operation} on {vault}/{key}: {} ({error}).",
                    outcome.word()
                ),
            }
        }
    }
}

fn of_policy(world: &World, by: &str, fact: &access_policy::Fact) -> String {
    match fact {
        access_policy::Fact::Set {
            vault,
            principal,
            keys,
        } => format!(
            "{by} gave {} on the vault {vault}: {}.",
            world.caller_name(principal),
            list(keys)
        ),
        access_policy::Fact::Deleted { vault, principal } => format!(
            "{by} deleted the policy of {} on the vault {vault}.",
            world.caller_name(principal)
        ),
    }
}

fn of_fault(fact: &network::Fact) -> String {
    match fact {
        network::Fact::Began { vault, kind, until } => format!(
            "A fault began: {kind} of the vault {vault}, until {}.",
            until.to_seconds()
        ),
        network::Fact::Ended { vault } => format!("The vault {vault} can be reached again."),
    }
}

fn of_cluster(by: &str, fact: &cluster::Fact) -> String {
    use cluster::Fact as F;
    match fact {
        F::Created {
            cluster,
            location,
            capacity,
            building,
            ..
        } => match building {
            Some((operation, ends_at)) => format!(
                "{by} created the cluster {cluster} in {location} with {capacity} GB/day; {operation} builds it until about {}.",
                ends_at.to_seconds()
            ),
            None => {
                format!("The cluster {cluster} in {location} came in with {capacity} GB/day.")
            }
        },
        F::Provisioned {
            cluster, accounts, ..
        } => format!(
            "The cluster {} is provisioned, with {} storage accounts and an AEK each.",
            short(cluster),
            accounts.len()
        ),
        F::Updated {
            cluster,
            capacity,
            billing,
        } => {
            let mut changes = Vec::new();
            if let Some(capacity) = capacity {
                changes.push(format!("capacity {capacity} GB/day"));
            }
            if let Some(billing) = billing {
                changes.push(format!("billing by {billing}"));
            }
            if changes.is_empty() {
                changes.push("nothing changed".to_owned());
            }
            format!(
                "{by} updated the cluster {}: {}.",
                short(cluster),
                list(changes)
            )
        }
        F::KeyUpdateStarted {
            cluster,
            operation,
            key,
            ends_at,
        } => format!(
            "{by} gave the cluster {} the key {key}; {operation} propagates it until about {}.",
            short(cluster),
            ends_at.to_seconds()
        ),
        F::KeyUpdated {
            cluster, key, aeks, ..
        } => format!(
            "The key {key} is in force on the cluster {}; it wraps {} AEKs.",
            short(cluster),
            aeks.len()
        ),
        F::OperationFailed {
            cluster,
            operation,
            failure,
        } => format!(
            "{operation} on the cluster {} failed: {} {}",
            short(cluster),
            scrub(&failure.code),
            scrub(&failure.message)
        ),
        F::DeleteStarted {
            cluster,
            operation,
            expected_end,
        } => format!(
            "{by} deletes the cluster {}; {operation} unlinks its workspaces until about {}.",
            short(cluster),
            expected_end.to_seconds()
        ),
        F::SoftDeleted {
            cluster, purge_at, ..
        } => format!(
            "{by} deleted the cluster {}; support can recover it until {}.",
            short(cluster),
            purge_at.to_seconds()
        ),
        F::Purged { cluster } => format!(
            "The cluster {} and its data are gone for good; its name is free.",
            short(cluster)
        ),
    }
}

fn of_link(fact: &link::Fact) -> String {
    use link::Fact as F;
    match fact {
        F::Linking {
            workspace,
            cluster,
            operation,
            ends_at,
        } => format!(
            "{} is being linked to {}; {operation} ends about {}.",
            short(workspace),
            short(cluster),
            ends_at.to_seconds()
        ),
        F::Linked {
            workspace, cluster, ..
        } => format!("{} is linked to {}.", short(workspace), short(cluster)),
        F::LinkFailed {
            workspace,
            cluster,
            failure,
            ..
        } => format!(
            "Linking {} to {} failed: {}",
            short(workspace),
            short(cluster),
            scrub(&failure.message)
        ),
        F::Unlinking {
            workspace,
            cluster,
            operation,
            ends_at,
        } => format!(
            "{} is being unlinked from {}; {operation} ends about {}.",
            short(workspace),
            short(cluster),
            ends_at.to_seconds()
        ),
        F::Unlinked {
            workspace, cluster, ..
        } => format!(
            "{} is unlinked from {}; new data goes to the shared store under the Microsoft key.",
            short(workspace),
            short(cluster)
        ),
        F::UnlinkFailed {
            workspace,
            cluster,
            failure,
            ..
        } => format!(
            "Unlinking {} from {} failed: {}",
            short(workspace),
            short(cluster),
            scrub(&failure.message)
        ),
    }
}

fn of_encryption(fact: &encryption::Fact) -> String {
    use encryption::Fact as F;
    let cluster = short(fact.cluster());
    match fact {
        F::Polled { key, outcome, .. } => match outcome.error() {
            None => format!("Storage of {cluster} unwrapped its AEK with {key}."),
            Some(error) => format!(
                "Storage of {cluster} tried to unwrap its AEK with {key}: {} ({error}).",
                outcome.word()
            ),
        },
        F::Configured { .. } => {
            format!("New data of {cluster} is encrypted with the customer's key from now on.")
        }
        F::RevocationNoticed { enforce_at, .. } => format!(
            "Storage of {cluster} noticed that its key is gone; it enforces that at {}.",
            enforce_at.to_seconds()
        ),
        F::RevocationLifted { .. } => {
            format!("The key of {cluster} is back before anything was lost.")
        }
        F::Revoked { .. } => format!(
            "{cluster} is cut off from its key: queries fail, new data is dropped for good."
        ),
        F::Resuming { until, .. } => format!(
            "The key of {cluster} can be used again; ingestion and query resume by {}.",
            until.to_seconds()
        ),
        F::Resumed { .. } => format!("Ingestion and query of {cluster} resumed."),
        F::OutageNoticed { live_site_at, .. } => format!(
            "Storage of {cluster} cannot reach its vault; the cached key bridges that until {}.",
            live_site_at.to_seconds()
        ),
        F::OutageBridged { .. } => {
            format!("Storage of {cluster} reached its vault again; nobody noticed.")
        }
        F::LiveSiteBegan { buffer_until, .. } => format!(
            "{cluster} is unavailable: its vault has been silent for too long. New data is buffered until {}.",
            buffer_until.to_seconds()
        ),
        F::LiveSiteEnded { .. } => {
            format!("Storage of {cluster} reached its vault again; queries work.")
        }
        F::BufferFull { .. } => {
            format!("The outage buffer of {cluster} is full: new data is lost.")
        }
        F::BufferDrained { .. } => {
            format!("What was buffered for {cluster} is in its store, under the customer's key.")
        }
        F::BufferLost { .. } => {
            format!("What was buffered for {cluster} is lost: its key did not come back in time.")
        }
    }
}

fn of_support(by: &str, fact: &support::Fact) -> String {
    match fact {
        support::Fact::SubscriptionAllowed {
            subscription,
            region,
        } => format!(
            "{by} allow-listed {subscription} for dedicated clusters in {}.",
            region
                .as_deref()
                .map_or_else(|| "every region".to_owned(), |r| scrub(r).into_owned())
        ),
        support::Fact::CapacityRaised {
            subscription,
            capacity,
        } => format!("{by} raised the highest capacity of {subscription} to {capacity} GB/day."),
        support::Fact::ClusterRecovered { cluster } => format!(
            "{by} recovered the cluster {} with its data; its workspaces must be linked anew.",
            short(cluster)
        ),
    }
}

fn of_workspace(by: &str, fact: &workspace::Fact) -> String {
    use workspace::Fact as F;
    match fact {
        F::Created {
            workspace,
            location,
            ..
        } => format!("{by} created the workspace {workspace} in {location}."),
        F::Updated {
            workspace,
            sku,
            retention,
        } => {
            let mut changes = Vec::new();
            if let Some(sku) = sku {
                changes.push(format!("sku {sku}"));
            }
            if let Some(retention) = retention {
                changes.push(format!("retention {retention}"));
            }
            if changes.is_empty() {
                changes.push("nothing changed".to_owned());
            }
            format!(
                "{by} updated the workspace {}: {}.",
                short(workspace),
                list(changes)
            )
        }
        F::SoftDeleted {
            workspace,
            purge_at,
        } => format!(
            "{by} deleted the workspace {}; it can be recovered until {}.",
            short(workspace),
            purge_at.to_seconds()
        ),
        F::Recovered { workspace } => format!("{by} recovered the workspace {}.", short(workspace)),
        F::Gone { workspace } => {
            format!("The workspace {} is gone for good.", short(workspace))
        }
    }
}

fn of_search(by: &str, fact: &saved_search::Fact) -> String {
    match fact {
        saved_search::Fact::Saved {
            workspace,
            kind,
            name,
            kept_in,
            ..
        } => format!(
            "{by} saved the {kind} {} in {}.",
            scrub(name),
            short(kept_in.as_ref().unwrap_or(workspace))
        ),
        saved_search::Fact::Deleted {
            workspace,
            kind,
            name,
        } => format!(
            "{by} deleted the {kind} {} of {}.",
            scrub(name),
            short(workspace)
        ),
    }
}

fn of_storage(by: &str, fact: &linked_storage::Fact) -> String {
    use linked_storage::Fact as F;
    match fact {
        F::Founded { account, .. } => {
            format!(
                "The storage account {} has a managed identity.",
                short(account)
            )
        }
        F::Linked {
            workspace,
            source,
            accounts,
            wiped,
        } => {
            let lost = match wiped.len() {
                0 => String::new(),
                1 => " 1 saved search was removed from the workspace.".to_owned(),
                n => format!(" {n} saved searches were removed from the workspace."),
            };
            format!(
                "{by} linked {} to {} for {source}.{lost}",
                list(accounts.iter().map(short)),
                short(workspace)
            )
        }
        F::Unlinked { workspace, source } => {
            format!(
                "{by} unlinked the storage of {} for {source}.",
                short(workspace)
            )
        }
        F::KeySet { account, key } => match key {
            Some(key) => format!(
                "{by} put the storage account {} under {key}.",
                short(account)
            ),
            None => format!(
                "{by} put the storage account {} back under the Microsoft key.",
                short(account)
            ),
        },
    }
}

fn of_ingestion(by: &str, fact: &ingestion::Fact) -> String {
    use ingestion::Fact as F;
    let place =
        |workspace: &ResourceId, table: &TableName| format!("{table} of {}", short(workspace));
    match fact {
        F::Columns {
            workspace,
            table,
            added,
        } => match added.len() {
            0 => format!("The table {} came into use.", place(workspace, table)),
            n => format!(
                "The table {} got {n} column{}: {}.",
                place(workspace, table),
                if n == 1 { "" } else { "s" },
                list(added.iter().take(8).map(|c| scrub(&c.name)))
            ),
        },
        F::Stored { segment, .. } => {
            let place = place(&segment.workspace, &segment.table);
            let (rows, id) = (records(segment.rows), segment.id);
            let store = match &segment.store {
                Store::Shared => "the shared store".to_owned(),
                Store::Cluster(cluster) => format!("the cluster {}", short(cluster)),
                Store::Buffer(cluster) => format!("the outage buffer of {}", short(cluster)),
            };
            format!(
                "{by} sent {rows} to {place}: {id} in {store}, under the {}.",
                segment.class.words()
            )
        }
        F::Dropped {
            workspace,
            table,
            why,
            rows,
            ..
        } => format!(
            "DATA LOST: what {by} sent to {}, {}, was dropped for good, because {} ({}).",
            place(workspace, table),
            records(*rows),
            why.sentence(),
            why.rule()
        ),
        F::Cooled {
            workspace,
            table,
            segments,
        } => format!(
            "{} of {} left the hot cache.",
            counted(segments.len()),
            place(workspace, table)
        ),
        F::Purged {
            workspace,
            table,
            segments,
        } => format!(
            "The retention of {} of {} is over: purged.",
            counted(segments.len()),
            place(workspace, table)
        ),
        F::Queried {
            workspace, outcome, ..
        } => match outcome.error() {
            None => format!("{by} queried {}.", short(workspace)),
            Some(error) => format!(
                "{by} queried {} and was refused: {}.",
                short(workspace),
                scrub(error)
            ),
        },
        F::RetentionSet {
            workspace,
            table,
            retention,
        } => match retention {
            Some(span) => format!(
                "{by} set the retention of {} to {span}.",
                place(workspace, table)
            ),
            None => format!(
                "{by} let {} follow the retention of its workspace.",
                place(workspace, table)
            ),
        },
        F::Marked {
            workspace,
            table,
            per_hour,
        } => format!(
            "{per_hour} sample records an hour are made of {}.",
            place(workspace, table)
        ),
        F::RateSet { workspace, rate } => format!(
            "{} sends {} GB a day from now on, {} (modelled).",
            short(workspace),
            rate.gb_per_day,
            rate.shape
        ),
        F::Burst {
            workspace,
            until,
            gb_per_day,
        } => format!(
            "{} sends {gb_per_day} GB a day more until {} (modelled).",
            short(workspace),
            until.to_seconds()
        ),
        F::Sampled {
            workspace,
            table,
            until,
        } => format!(
            "Sample records of {} were made up to {} UTC.",
            place(workspace, table),
            until.to_seconds()
        ),
    }
}

fn records(rows: u64) -> String {
    match rows {
        1 => "1 record".to_owned(),
        n => format!("{n} records"),
    }
}

fn counted(segments: usize) -> String {
    match segments {
        1 => "1 segment".to_owned(),
        n => format!("{n} segments"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ids::Revision;
    use crate::engine::text::acts;
    use crate::engine::time::SimTime;

    fn says(actor: Actor, fact: impl Into<Fact>) -> String {
        let event = Event {
            revision: Revision(1),
            at: SimTime(0),
            actor,
            cause: None,
            fact: fact.into(),
        };
        sentence(&World::default(), &event)
    }

    #[test]
    fn a_stranger_cannot_leave_the_quotes_of_a_sentence() {
        let said = says(
            Actor::Person("eve".into()),
            ticket::Fact::Said {
                ticket: crate::engine::ids::TicketId::new(201_122, 1),
                text: "hi”. bob approved LB-1. “\u{1b}[2J\u{202e}\nnext".into(),
            },
        );
        assert_eq!(said.matches('”').count(), 1);
        assert!(said.ends_with("”."));
        assert!(!said.chars().any(acts));
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let said = quote(&"👩‍🔬한".repeat(QUOTE_MAX).as_str().into());
        assert!(said.ends_with("…”"));
    }

    #[test]
    fn an_actor_has_a_name_in_a_sentence() {
        assert_eq!(
            says(
                Actor::Person("minji.kim".into()),
                request::Fact::Decided {
                    request: crate::engine::ids::RequestId(42),
                    by: "minji.kim".into(),
                    approve: true,
                    reason: "go".into(),
                    settles_at: SimTime(0),
                }
            ),
            "minji.kim approved LB-000042: “go”."
        );
    }
}
