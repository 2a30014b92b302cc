//! Questions: reads with the same refusals as commands. Who may see what is decided here, once; faces look
//! the things themselves up in the World by the ids they get.
//!
//! The observer sees all. The vendor's staff sees tickets, JIT requests, Lockbox requests, grants and the
//! activity log; "all pending requests of the organisation" (R-LOCK-16) are those on subscriptions the person may read. A
//! customer's person sees what a role carries on the subscription; access that bypassed the customer is not
//! theirs to see (i-32), nor is what goes on inside the vendor. A mail belongs to its reader.

use std::sync::Arc;

use imbl::OrdMap;

use super::errors;
use super::event::{Actor, Event, Fact};
use super::ids::{
    GrantId, JitId, MailId, OperationId, RequestId, ResourceId, SubscriptionId, TicketId, VaultName,
};
use super::ingestion::route::Route;
use super::lockbox::approvers::Approver;
use super::lockbox::request::{Operation, Status};
use super::lockbox::ticket::unauthorized;
use super::people::{Action, Side};
use super::projections::activity_log::Subject;
use super::refusal::Refusal;
use super::time::{SimTime, Span};
use super::workspace::saved_search::{Kind, Saved};
use super::world::World;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Newest first.
    Requests {
        status: Option<Status>,
    },
    /// Requests that wait, soonest expiry first (R-LOCK-16).
    Pending,
    Request(RequestId),
    Approvers(RequestId),
    /// Newest first.
    Tickets,
    Ticket(TicketId),
    Jits,
    Jit(JitId),
    Grants,
    Grant(GrantId),
    /// Newest first; as far back as the rule says unless told otherwise (R-AUD-06).
    Activity {
        operation: Option<Operation>,
        back: Option<Span>,
    },
    Mails,
    Mail(MailId),
    /// Vaults by name; the deleted ones are another list (R-KV-02).
    Vaults {
        deleted: bool,
    },
    Vault(VaultName),
    /// Clusters by id: of a subscription or resource group, or of all (R-CLU-18). Deleted ones are not found.
    Clusters {
        subscription: Option<SubscriptionId>,
        group: Option<Arc<str>>,
    },
    Cluster(ResourceId),
    /// Clusters that support can still recover.
    DeletedClusters,
    Workspaces {
        deleted: bool,
    },
    Workspace(ResourceId),
    /// Newest first.
    Operations,
    Operation(OperationId),
    StorageAccounts,
    StorageAccount(ResourceId),
    /// Saved searches and alert queries of a workspace, by name.
    Saved {
        workspace: ResourceId,
        kind: Kind,
    },
    /// Whether the data of a workspace can be read (E-QRY-01, 02).
    Readable(ResourceId),
    /// Where its data goes now (E-ING-01 when it is lost).
    Route(ResourceId),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Requests(Vec<RequestId>),
    Tickets(Vec<TicketId>),
    Jits(Vec<JitId>),
    Grants(Vec<GrantId>),
    /// Places in `activity`.
    Activity(Vec<usize>),
    Mails(Vec<MailId>),
    Approvers(Vec<Approver>),
    Vaults(Vec<VaultName>),
    Clusters(Vec<ResourceId>),
    Workspaces(Vec<ResourceId>),
    Operations(Vec<OperationId>),
    StorageAccounts(Vec<ResourceId>),
    Saved(Vec<Arc<Saved>>),
    Route(Route),
    /// The thing asked for exists and may be seen.
    Yes,
}

/// Whether an actor may see an event: who may see the thing it is about.
pub fn sees(world: &World, actor: &Actor, event: &Event) -> bool {
    let query = match &event.fact {
        Fact::Ticket(f) => Query::Ticket(f.ticket()),
        Fact::Jit(f) => Query::Jit(f.jit()),
        Fact::Request(f) => Query::Request(f.request()),
        Fact::Grant(f) => Query::Grant(f.grant()),
        // What the world file makes happen is the observer's business.
        Fact::Story(_) => return *actor == Actor::Observer,
        Fact::World(_) | Fact::Rules(_) | Fact::People(_) | Fact::Resources(_) => return true,
        Fact::Vault(f) => Query::Vault(f.vault().clone()),
        Fact::Key(f) => Query::Vault(f.vault().clone()),
        Fact::Policy(f) => Query::Vault(f.vault().clone()),
        Fact::Fault(f) => Query::Vault(f.vault().clone()),
        Fact::Cluster(f) => Query::Cluster(f.cluster().clone()),
        Fact::Encryption(f) => Query::Cluster(f.cluster().clone()),
        Fact::Link(f) => Query::Workspace(f.workspace().clone()),
        Fact::Support(_) => return true,
        Fact::Workspace(f) => Query::Workspace(f.workspace().clone()),
        Fact::Search(f) => Query::Workspace(f.workspace().clone()),
        Fact::Ingestion(f) => Query::Workspace(f.workspace().clone()),
        Fact::Storage(f) => match world.storage_accounts.contains_key(f.resource()) {
            true => Query::StorageAccount(f.resource().clone()),
            false => Query::Workspace(f.resource().clone()),
        },
    };
    ask(world, world.now, actor, &query).is_ok()
}

pub fn ask(world: &World, now: SimTime, actor: &Actor, query: &Query) -> Result<Answer, Refusal> {
    let eyes = Eyes::new(world, actor)?;
    let lockbox = &world.lockbox;
    Ok(match query {
        Query::Requests { status } => {
            let mut sees = eyes.on(Action::RequestRead);
            Answer::Requests(
                lockbox
                    .requests
                    .iter()
                    .rev()
                    .filter(|(_, r)| status.is_none_or(|s| r.status == s) && sees(&r.subscription))
                    .map(|(id, _)| *id)
                    .collect(),
            )
        }
        Query::Pending => {
            let mut sees = eyes.on(Action::RequestRead);
            Answer::Requests(
                lockbox
                    .pending
                    .iter()
                    .filter(|(expires_at, _)| *expires_at > now)
                    .map(|(_, id)| *id)
                    .filter(|id| {
                        lockbox
                            .requests
                            .get(id)
                            .is_some_and(|r| sees(&r.subscription))
                    })
                    .collect(),
            )
        }
        Query::Request(id) => {
            let request = world.request(*id)?;
            eyes.must(Action::RequestRead, &request.subscription)?;
            Answer::Yes
        }
        Query::Approvers(id) => {
            let request = world.request(*id)?;
            eyes.must(Action::RequestRead, &request.subscription)?;
            Answer::Approvers(world.approvers(request, now))
        }
        Query::Tickets => {
            let mut sees = eyes.on(Action::TicketRead);
            Answer::Tickets(
                lockbox
                    .tickets
                    .values()
                    .rev()
                    .filter(|t| sees(&t.subscription))
                    .map(|t| t.id)
                    .collect(),
            )
        }
        Query::Ticket(id) => {
            let ticket = world.ticket(*id)?;
            eyes.must(Action::TicketRead, &ticket.subscription)?;
            Answer::Yes
        }
        Query::Jits => {
            eyes.inside_the_vendor()?;
            Answer::Jits(lockbox.jits.keys().rev().copied().collect())
        }
        Query::Jit(id) => {
            eyes.inside_the_vendor()?;
            world.jit(*id)?;
            Answer::Yes
        }
        Query::Grants => {
            let mut sees = eyes.on(Action::RequestRead);
            let all = eyes.everything();
            Answer::Grants(
                lockbox
                    .grants
                    .values()
                    .rev()
                    .filter(|g| (all || g.request.is_some()) && sees(&g.subscription))
                    .map(|g| g.id)
                    .collect(),
            )
        }
        Query::Grant(id) => {
            match eyes.who {
                Who::All => world.grant(*id)?,
                Who::Vendor(by) | Who::Customer(by) => world.grant_seen_by(by, *id)?,
            };
            Answer::Yes
        }
        Query::Activity { operation, back } => {
            let since = now - back.unwrap_or(world.rules.activity_lookback);
            let mut sees = eyes.on(Action::ActivityRead);
            let own = |_: &ResourceId| !matches!(eyes.who, Who::Vendor(_));
            Answer::Activity(
                world
                    .activity
                    .iter()
                    .enumerate()
                    .rev()
                    .take_while(|(_, a)| a.at >= since)
                    .filter(|(_, a)| {
                        operation.is_none_or(|op| match a.subject {
                            Subject::Lockbox { operation, .. } => operation == op,
                            Subject::Administrative { .. } => false,
                        })
                    })
                    .filter(|(_, a)| match &a.subject {
                        Subject::Lockbox { request, .. } => lockbox
                            .requests
                            .get(request)
                            .is_some_and(|r| sees(&r.subscription)),
                        Subject::Administrative {
                            resource, action, ..
                        } => match action.is_of_customers_own() {
                            true => own(resource) && sees(&resource.subscription()),
                            false => sees(&resource.subscription()),
                        },
                    })
                    .map(|(i, _)| i)
                    .collect(),
            )
        }
        Query::Mails => Answer::Mails(
            lockbox
                .numbered_mails()
                .rev()
                .filter(|(_, m)| eyes.reads_mail_of(&m.to))
                .map(|(id, _)| id)
                .collect(),
        ),
        Query::Mail(id) => {
            let mail = lockbox.mail(*id).filter(|m| eyes.reads_mail_of(&m.to));
            if mail.is_none() {
                return Err(errors::ML_01
                    .says(format!("There is no mail {id} for you."))
                    .target("mail"));
            }
            Answer::Yes
        }
        Query::Vaults { deleted } => {
            let mut sees = eyes.within(Action::VaultRead);
            Answer::Vaults(
                world
                    .vaults
                    .values()
                    .filter(|v| v.deleted.is_some() == *deleted && sees(&v.id))
                    .map(|v| v.name.clone())
                    .collect(),
            )
        }
        Query::Vault(name) => {
            let vault = world.vault(name)?;
            eyes.must_within(Action::VaultRead, &vault.id)?;
            Answer::Yes
        }
        Query::Clusters {
            subscription,
            group,
        } => {
            if let Some(subscription) = subscription {
                world.subscription(subscription)?;
                if let Some(group) = group {
                    world.resource_group(subscription, group)?;
                }
            }
            let mut sees = eyes.within(Action::ClusterRead);
            Answer::Clusters(
                world
                    .clusters
                    .values()
                    .filter(|c| c.is_live())
                    .filter(|c| {
                        let (s, g, _) = c.id.parts();
                        subscription.as_ref().is_none_or(|wanted| *wanted == s)
                            && group.as_deref().is_none_or(|wanted| wanted == g)
                    })
                    .filter(|c| sees(&c.id))
                    .map(|c| c.id.clone())
                    .collect(),
            )
        }
        Query::Cluster(id) => {
            eyes.must_within(Action::ClusterRead, id)?;
            world.live_cluster(id)?;
            Answer::Yes
        }
        Query::DeletedClusters => {
            let mut sees = eyes.within(Action::ClusterRead);
            Answer::Clusters(
                world
                    .clusters
                    .values()
                    .filter(|c| !c.is_live() && sees(&c.id))
                    .map(|c| c.id.clone())
                    .collect(),
            )
        }
        Query::Workspaces { deleted } => {
            let mut sees = eyes.within(Action::WorkspaceRead);
            Answer::Workspaces(
                world
                    .workspaces
                    .values()
                    .filter(|w| w.deleted.is_some() == *deleted && sees(&w.id))
                    .map(|w| w.id.clone())
                    .collect(),
            )
        }
        Query::Workspace(id) => {
            eyes.must_within(Action::WorkspaceRead, id)?;
            world.workspace(id, &errors::WL_01)?;
            Answer::Yes
        }
        Query::Operations => {
            let mut clusters = eyes.within(Action::ClusterRead);
            let mut workspaces = eyes.within(Action::WorkspaceRead);
            Answer::Operations(
                world
                    .operations
                    .values()
                    .rev()
                    .filter(|o| match &o.workspace {
                        Some(workspace) => workspaces(workspace),
                        None => clusters(&o.cluster),
                    })
                    .map(|o| o.id)
                    .collect(),
            )
        }
        Query::Operation(id) => {
            let operation = world.operation(*id)?;
            match &operation.workspace {
                Some(workspace) => eyes.must_within(Action::WorkspaceRead, workspace)?,
                None => eyes.must_within(Action::ClusterRead, &operation.cluster)?,
            }
            Answer::Yes
        }
        Query::StorageAccounts => {
            let mut sees = eyes.within(Action::StorageRead);
            Answer::StorageAccounts(
                world
                    .storage_accounts
                    .keys()
                    .filter(|id| sees(id))
                    .cloned()
                    .collect(),
            )
        }
        Query::StorageAccount(id) => {
            eyes.must_within(Action::StorageRead, id)?;
            world.storage_account(id)?;
            Answer::Yes
        }
        Query::Saved { workspace, kind } => {
            eyes.must_within(Action::SearchRead, workspace)?;
            let found = world.active_workspace(workspace, &errors::WL_01)?;
            let shown: Vec<Arc<Saved>> = found.shown(*kind).cloned().collect();
            let accounts = shown.iter().filter_map(|s| s.kept_in.as_ref());
            for account in accounts.chain(found.keeps(*kind)) {
                world.storage_opens(now, account)?;
            }
            Answer::Saved(shown)
        }
        Query::Readable(workspace) => {
            eyes.must_within(Action::QueryRead, workspace)?;
            world.active_workspace(workspace, &errors::QRY_02)?;
            world.readable(now, workspace)?;
            Answer::Yes
        }
        Query::Route(workspace) => {
            eyes.must_within(Action::WorkspaceRead, workspace)?;
            let route = world.route(workspace)?;
            Answer::Route(route)
        }
    })
}

/// Whether an actor may see resources by an action: what a name can mean to somebody is what they may see.
pub(super) fn visible<'a>(
    world: &'a World,
    actor: &'a Actor,
    action: Action,
) -> impl FnMut(&ResourceId) -> bool + 'a {
    let mut sees = Eyes::new(world, actor).ok().map(|eyes| eyes.within(action));
    move |id| sees.as_mut().is_some_and(|sees| sees(id))
}

/// Whether a text is a full id, of something that is there or not, in a place where an actor may see nothing of
/// the kind. It means itself: who may do nothing there is refused, and is not told whether it exists.
pub(super) fn hidden(world: &World, actor: &Actor, action: Action, id: &ResourceId) -> bool {
    let (subscription, group, name) = id.parts();
    !group.is_empty()
        && !name.is_empty()
        && world.resources.subscriptions.contains_key(&subscription)
        && !visible(world, actor, action)(id)
}

/// The vendor runs the platform, so it knows which clusters and workspaces there are.
fn vendor_sees(action: Action) -> bool {
    matches!(action, Action::ClusterRead | Action::WorkspaceRead)
}

/// What one actor may see.
struct Eyes<'a> {
    world: &'a World,
    who: Who<'a>,
}

enum Who<'a> {
    All,
    Vendor(&'a super::ids::PersonId),
    Customer(&'a super::ids::PersonId),
}

impl<'a> Eyes<'a> {
    fn new(world: &'a World, actor: &'a Actor) -> Result<Self, Refusal> {
        let who = match actor {
            Actor::Person(id) => match world.person(id)?.side {
                Side::Vendor(_) => Who::Vendor(id),
                Side::Customer(_) => Who::Customer(id),
            },
            _ => Who::All,
        };
        Ok(Eyes { world, who })
    }

    fn everything(&self) -> bool {
        !matches!(self.who, Who::Customer(_))
    }

    /// A test on subscriptions that asks the role table once per subscription.
    fn on(&self, action: Action) -> impl FnMut(&SubscriptionId) -> bool + 'a {
        let world = self.world;
        let customer = match self.who {
            Who::Customer(id) => Some(id),
            Who::All | Who::Vendor(_) => None,
        };
        let mut known: OrdMap<SubscriptionId, bool> = OrdMap::new();
        move |subscription| {
            let Some(id) = customer else { return true };
            if let Some(seen) = known.get(subscription) {
                return *seen;
            }
            let seen = world.may(id, action, subscription);
            known.insert(subscription.clone(), seen);
            seen
        }
    }

    fn must(&self, action: Action, subscription: &SubscriptionId) -> Result<(), Refusal> {
        match self.who {
            Who::Customer(id) if !self.world.may(id, action, subscription) => {
                Err(unauthorized(self.world, id, action, subscription))
            }
            _ => Ok(()),
        }
    }

    /// As [`Eyes::on`] for a resource: what is assigned on its resource group counts too. What a customer
    /// keeps in a vault, a workspace or a storage account is not the vendor's to see; that there is a cluster
    /// or a workspace is.
    fn within(&self, action: Action) -> impl FnMut(&ResourceId) -> bool + use<'a> {
        let world = self.world;
        let who = match self.who {
            Who::All => None,
            Who::Vendor(id) if !vendor_sees(action) => Some(id),
            Who::Vendor(_) => None,
            Who::Customer(id) => Some(id),
        };
        let mut known: OrdMap<(SubscriptionId, Arc<str>), bool> = OrdMap::new();
        move |resource| {
            let Some(id) = who else { return true };
            let (subscription, group, _) = resource.parts();
            let place = (subscription, Arc::from(group));
            if let Some(seen) = known.get(&place) {
                return *seen;
            }
            let seen = world.may_in(id, action, &place.0, &place.1);
            known.insert(place, seen);
            seen
        }
    }

    fn must_within(&self, action: Action, resource: &ResourceId) -> Result<(), Refusal> {
        match self.who {
            Who::All => Ok(()),
            Who::Vendor(_) if vendor_sees(action) => Ok(()),
            Who::Vendor(id) | Who::Customer(id) => self.world.authorize_on(id, action, resource),
        }
    }

    fn inside_the_vendor(&self) -> Result<(), Refusal> {
        if self.everything() {
            Ok(())
        } else {
            Err(errors::JIT_07.refuse())
        }
    }

    fn reads_mail_of(&self, to: &super::ids::PersonId) -> bool {
        match self.who {
            Who::All => true,
            Who::Vendor(id) | Who::Customer(id) => id == to,
        }
    }
}
