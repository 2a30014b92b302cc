//! A small stage: one vendor, three organisations, and a clock that only moves when told.

use imbl::{OrdSet, Vector};
use lockbox::engine::cluster::link;
use lockbox::engine::ids::{GrantId, JitId, RequestId, ResourceId, TicketId};
use lockbox::engine::lockbox::jit::{Duration, Level, Reach, Submit};
use lockbox::engine::lockbox::{grant, jit, request, ticket};
use lockbox::engine::people::{
    self, Assignment, Group, Person, Principal, Role, Scope, Side, SupportPlan, Tenant, VendorRole,
};
use lockbox::engine::resources::{self, Resource, ResourceKind, Subscription};
use lockbox::engine::{Actor, Command, Event, Refusal, SimTime, Span, World, draft, due, world};

#[derive(Clone)]
pub struct Stage {
    pub world: World,
    pub now: SimTime,
    pub journal: Vec<Event>,
}

pub fn person(id: &str) -> Actor {
    Actor::Person(id.into())
}

fn resource(subscription: &str, group: &str, name: &str, kind: ResourceKind) -> Resource {
    Resource {
        id: Resource::id_for(&subscription.into(), group, name),
        subscription: subscription.into(),
        group: group.into(),
        name: name.into(),
        kind,
        location: "koreacentral".into(),
        encrypted_in_transit: false,
        events_to: None,
    }
}

impl Stage {
    /// Contoso (enrolled) with owners Ann, Bo (through a group), Cy (no mailbox), a Contributor, a Reader, an
    /// Owner of one resource group; Fabrikam (Developer, not enrolled); Northwind (Basic, nobody is Owner).
    pub fn new() -> Stage {
        Stage::seeded(7)
    }

    pub fn seeded(seed: u64) -> Stage {
        let now: SimTime = "2020-11-22T09:00:00Z".parse().unwrap();
        let mut stage = Stage {
            world: World::default(),
            now,
            journal: Vec::new(),
        };
        let mut sim = |command: Command| {
            stage.act(&Actor::Simulator, command).unwrap();
        };
        sim(world::Command::Found {
            name: "Stage".into(),
            seed,
            opens_at: now,
        }
        .into());
        for (id, plan, preview_enrolled) in [
            ("contoso", SupportPlan::Standard, true),
            ("fabrikam", SupportPlan::Developer, false),
            ("northwind", SupportPlan::Basic, false),
        ] {
            let tenant = Tenant {
                id: id.into(),
                name: id.into(),
                domain: format!("{id}.example").into(),
                plan,
                preview_enrolled,
            };
            sim(people::Command::AddTenant(tenant).into());
        }
        let customer = |tenant: &str| Side::Customer(tenant.into());
        for (id, side, mail, isolated, mfa) in [
            ("ann", customer("contoso"), true, false, true),
            ("bo", customer("contoso"), true, false, true),
            ("cy", customer("contoso"), false, false, true),
            ("con", customer("contoso"), true, false, true),
            ("rea", customer("contoso"), true, false, true),
            ("gro", customer("contoso"), true, false, true),
            ("kvc", customer("contoso"), true, false, true),
            ("fay", customer("fabrikam"), true, false, true),
            ("nor", customer("northwind"), true, false, true),
            (
                "sue",
                Side::Vendor(VendorRole::SupportEngineer),
                true,
                true,
                true,
            ),
            (
                "dev",
                Side::Vendor(VendorRole::DevOpsEngineer),
                true,
                true,
                true,
            ),
            (
                "mfa",
                Side::Vendor(VendorRole::DevOpsEngineer),
                true,
                false,
                true,
            ),
            (
                "bare",
                Side::Vendor(VendorRole::DevOpsEngineer),
                true,
                false,
                false,
            ),
            (
                "lea",
                Side::Vendor(VendorRole::SupportLead),
                true,
                true,
                true,
            ),
            (
                "man",
                Side::Vendor(VendorRole::DevOpsManager),
                true,
                true,
                true,
            ),
        ] {
            let person = Person {
                id: id.into(),
                name: id.into(),
                upn: format!("{id}@x.example").into(),
                mail: mail.then(|| format!("{id}@x.example").into()),
                side,
                isolated_identity: isolated,
                mfa,
            };
            sim(people::Command::AddPerson(person).into());
        }
        let owners = Group {
            id: "owners".into(),
            tenant: "contoso".into(),
            members: OrdSet::unit("bo".into()),
        };
        sim(people::Command::AddGroup(owners).into());
        sim(people::Command::AddManagementGroup {
            id: "top".into(),
            tenant: "contoso".into(),
        }
        .into());
        for (id, tenant, above) in [
            ("c", "contoso", Some("top")),
            ("f", "fabrikam", None),
            ("n", "northwind", None),
        ] {
            let subscription = Subscription {
                id: id.into(),
                name: id.into(),
                tenant: tenant.into(),
                management_group: above.map(Into::into),
            };
            sim(resources::Command::AddSubscription(subscription).into());
            for name in ["web", "data"] {
                sim(resources::Command::AddGroup {
                    subscription: id.into(),
                    name: name.into(),
                }
                .into());
            }
        }
        use ResourceKind::*;
        for kind in ResourceKind::ALL {
            sim(resources::Command::Add(resource("c", "web", kind.word(), *kind)).into());
            // Names of vaults are unique in the whole cloud.
            if *kind != KeyVault {
                sim(resources::Command::Add(resource("f", "web", kind.word(), *kind)).into());
            }
        }
        let linked = resource("c", "data", "linked", Workspace);
        let mut tls = resource("c", "data", "tls", VmLinux);
        tls.encrypted_in_transit = true;
        let mut watched = resource("c", "data", "watched", VmWindows);
        watched.events_to = Some("c/data/linked".into());
        for resource in [linked, tls, watched, resource("n", "web", "vm", VmWindows)] {
            sim(resources::Command::Add(resource).into());
        }
        sim(link::Command::Attach {
            workspace: "c/data/linked".into(),
            cluster: "c/web/log-analytics-cluster".into(),
        }
        .into());
        let on = |id: &str| Scope::Subscription(id.into());
        for (scope, principal, role) in [
            (on("c"), Principal::Person("ann".into()), Role::Owner),
            (on("c"), Principal::Group("owners".into()), Role::Owner),
            (on("c"), Principal::Person("cy".into()), Role::Owner),
            (on("c"), Principal::Person("con".into()), Role::Contributor),
            (on("c"), Principal::Person("rea".into()), Role::Reader),
            (
                on("c"),
                Principal::Person("kvc".into()),
                Role::KeyVaultContributor,
            ),
            (
                Scope::ResourceGroup("c".into(), "web".into()),
                Principal::Person("gro".into()),
                Role::Owner,
            ),
            (on("f"), Principal::Person("fay".into()), Role::Owner),
            (on("n"), Principal::Person("nor".into()), Role::Contributor),
        ] {
            sim(people::Command::Assign(Assignment {
                scope,
                principal,
                role,
            })
            .into());
        }
        stage
    }

    /// Lets time act up to `now`, then acts. A refusal changes nothing.
    pub fn act(
        &mut self,
        actor: &Actor,
        command: impl Into<Command>,
    ) -> Result<Vec<Event>, Refusal> {
        self.elapse();
        let done = draft(&self.world, self.now, actor, &command.into())?;
        self.world = done.world;
        self.journal.extend(done.events.iter().cloned());
        Ok(done.events)
    }

    pub fn elapse(&mut self) {
        while let Some(at) = due(&self.world).filter(|at| *at <= self.now) {
            let done = draft(&self.world, at, &Actor::Time, &Command::Elapse).unwrap();
            self.world = done.world;
            self.journal.extend(done.events);
        }
    }

    pub fn wait(&mut self, span: Span) {
        self.now = self.now + span;
        self.elapse();
    }

    pub fn open(&mut self, who: &str, subscription: &str) -> Result<TicketId, Refusal> {
        self.act(&person(who), ticket::Command::Open(opening(subscription)))?;
        Ok(self.world.lockbox.tickets.get_max().unwrap().0)
    }

    /// A ticket of Contoso on which standard tools did not suffice.
    pub fn stuck_ticket(&mut self, who: &str, subscription: &str) -> TicketId {
        let ticket = self.open(who, subscription).unwrap();
        let sue = person("sue");
        let tried = ticket::Command::TryTools {
            ticket,
            text: "telemetry".into(),
            sufficed: false,
        };
        self.act(&sue, tried).unwrap();
        ticket
    }

    pub fn escalate(&mut self, ticket: TicketId, to: &str) {
        let escalate = ticket::Command::Escalate {
            ticket,
            to: to.into(),
            text: "please".into(),
        };
        self.act(&person("sue"), escalate).unwrap();
    }

    pub fn submit(&mut self, who: &str, submit: Submit) -> Result<JitId, Refusal> {
        self.act(&person(who), jit::Command::Submit(submit))?;
        Ok(self.world.lockbox.jits.get_max().unwrap().0)
    }

    /// A request of Sue for one Windows machine that waits for Contoso.
    pub fn pending(&mut self) -> RequestId {
        let ticket = self.stuck_ticket("con", "c");
        let jit = self
            .submit("sue", access(ticket, &["c/web/vm-windows"]))
            .unwrap();
        self.world.lockbox.jits[&jit].request.unwrap()
    }

    pub fn decide(
        &mut self,
        who: &str,
        request: RequestId,
        approve: bool,
    ) -> Result<Vec<Event>, Refusal> {
        self.act(
            &person(who),
            request::Command::Decide {
                request,
                approve,
                reason: "because".into(),
            },
        )
    }

    /// A grant of Sue for one Windows machine, approved by Ann.
    pub fn granted(&mut self) -> GrantId {
        let request = self.pending();
        self.decide("ann", request, true).unwrap();
        self.world.lockbox.requests[&request].grant.unwrap()
    }

    pub fn connect(
        &mut self,
        who: &str,
        grant: GrantId,
        resource: &str,
    ) -> Result<Vec<Event>, Refusal> {
        self.act(
            &person(who),
            grant::Command::Connect {
                grant,
                resource: resource.into(),
            },
        )
    }

    pub fn status(&self, request: RequestId) -> request::Status {
        self.world.lockbox.requests[&request].status
    }

    pub fn state(&self, jit: JitId) -> jit::State {
        self.world.lockbox.jits[&jit].state
    }
}

pub fn opening(subscription: &str) -> ticket::Open {
    ticket::Open {
        subscription: subscription.into(),
        title: "Machine does not start".into(),
        description: "It hangs at boot since the update.".into(),
        severity: ticket::Severity::Critical,
        problem: "boot".into(),
        resource: None,
        contact: ticket::Contact::default(),
    }
}

pub fn access(ticket: TicketId, resources: &[&str]) -> Submit {
    Submit {
        ticket,
        resources: resources
            .iter()
            .map(|r| ResourceId::from(*r))
            .collect::<Vector<_>>(),
        level: Level::Reader,
        reach: Reach::CustomerData,
        exclusion: None,
        duration: Duration::Default,
        justification: "look at the boot log".into(),
        tried: None,
    }
}
