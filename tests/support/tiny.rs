//! A tiny world, founded by commands: Contoso with two Owners and a Contributor, one machine, and a support
//! engineer.

use imbl::Vector;
use lockbox::engine::ids::{ResourceId, TicketId};
use lockbox::engine::lockbox::jit::{self, Duration, Level, Reach, Submit};
use lockbox::engine::lockbox::{request, ticket};
use lockbox::engine::people::{
    self, Assignment, Person, Principal, Role, Scope, Side, SupportPlan, Tenant, VendorRole,
};
use lockbox::engine::resources::{self, Resource, ResourceKind, Subscription};
use lockbox::engine::{Actor, Command, SimTime, World, world};
use lockbox::runtime::Founding;

pub type Step = (SimTime, Actor, Command);

pub const MACHINE: &str = "prod/web/vm1";

pub fn opens_at() -> SimTime {
    "2020-11-22T09:00:00Z".parse().unwrap()
}

pub fn person(id: &str) -> Actor {
    Actor::Person(id.into())
}

/// The commands that found the tiny world.
pub fn tiny_steps() -> Vec<Step> {
    let mut commands: Vec<Command> = vec![
        world::Command::Found {
            name: "Tiny".into(),
            seed: 7,
            opens_at: opens_at(),
        }
        .into(),
        people::Command::AddTenant(Tenant {
            id: "contoso".into(),
            name: "Contoso".into(),
            domain: "contoso.example".into(),
            plan: SupportPlan::Standard,
            preview_enrolled: true,
        })
        .into(),
    ];
    let customer = Side::Customer("contoso".into());
    for (id, name, side) in [
        ("minji.kim", "김민지", customer.clone()),
        ("bo", "Bo Société", customer.clone()),
        ("con", "Con", customer),
        ("sue", "Sue", Side::Vendor(VendorRole::SupportEngineer)),
        ("dev", "Dev", Side::Vendor(VendorRole::DevOpsEngineer)),
    ] {
        let person = Person {
            id: id.into(),
            name: name.into(),
            upn: format!("{id}@x.example").into(),
            mail: Some(format!("{id}@x.example").into()),
            side,
            isolated_identity: true,
            mfa: true,
        };
        commands.push(people::Command::AddPerson(person).into());
    }
    let resource = Resource {
        id: MACHINE.into(),
        subscription: "prod".into(),
        group: "web".into(),
        name: "vm1".into(),
        kind: ResourceKind::VmWindows,
        location: "koreacentral".into(),
        encrypted_in_transit: false,
        events_to: None,
    };
    commands.extend([
        resources::Command::AddSubscription(Subscription {
            id: "prod".into(),
            name: "Production".into(),
            tenant: "contoso".into(),
            management_group: None,
        })
        .into(),
        resources::Command::AddGroup {
            subscription: "prod".into(),
            name: "web".into(),
        }
        .into(),
        resources::Command::Add(resource).into(),
    ]);
    for (id, role) in [
        ("minji.kim", Role::Owner),
        ("bo", Role::Owner),
        ("con", Role::Contributor),
    ] {
        let assignment = Assignment {
            scope: Scope::Subscription("prod".into()),
            principal: Principal::Person(id.into()),
            role,
        };
        commands.push(people::Command::Assign(assignment).into());
    }
    commands
        .into_iter()
        .map(|command| (opens_at(), Actor::Simulator, command))
        .collect()
}

/// The tiny world, ready for `Host::open` and `Host::memory`.
pub fn tiny_world() -> Founding {
    founding(tiny_steps())
}

/// A world of one's own steps.
pub fn founding(steps: Vec<Step>) -> Founding {
    Founding {
        fingerprint: "tiny".to_owned(),
        commands: Box::new(steps.into_iter()),
    }
}

pub fn open_ticket(title: &str) -> Command {
    ticket::Command::Open(ticket::Open {
        subscription: "prod".into(),
        title: title.into(),
        description: "It hangs at boot since the update.".into(),
        severity: ticket::Severity::Critical,
        problem: "boot".into(),
        resource: None,
        contact: ticket::Contact::default(),
    })
    .into()
}

pub fn submit_jit(ticket: TicketId) -> Command {
    jit::Command::Submit(Submit {
        ticket,
        resources: Vector::unit(ResourceId::from(MACHINE)),
        level: Level::Reader,
        reach: Reach::CustomerData,
        exclusion: None,
        duration: Duration::Default,
        justification: "look at the boot log".into(),
        tried: Some("telemetry".into()),
    })
    .into()
}

pub fn decide(world: &World, approve: bool) -> Command {
    request::Command::Decide {
        request: world.lockbox.requests.get_max().unwrap().0,
        approve,
        reason: "because".into(),
    }
    .into()
}

/// The newest ticket.
pub fn newest_ticket(world: &World) -> TicketId {
    world.lockbox.tickets.get_max().unwrap().0
}
