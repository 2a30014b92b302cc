//! Who and what of a world can take part in made-up stories so that every one leads to a Lockbox request.

use imbl::Vector;

use super::super::build::Build;
use super::super::people::{Locales, contact};
use crate::engine::World;
use crate::engine::ids::{PersonId, ResourceId, SubscriptionId};
use crate::engine::lockbox::jit::lockbox_bypass;
use crate::engine::lockbox::ticket::Contact;
use crate::engine::people::{Action, Side, VendorRole};
use crate::engine::resources::ResourceKind;

#[derive(Debug, Clone)]
pub(in super::super) struct Cast {
    pub(super) places: Vec<Place>,
    /// DevOps engineers whom the JIT rules let ask.
    pub(super) engineers: Vec<PersonId>,
    /// DevOps managers, for internal approvals.
    pub(super) managers: Vec<PersonId>,
    /// Whether every support engineer may ask too.
    pub(super) strong_support: bool,
}

/// A subscription whose owners are asked.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub subscription: SubscriptionId,
    pub owners: Vec<PersonId>,
    /// Who opens tickets, and how to call them back.
    pub callers: Vec<(PersonId, Contact)>,
    pub things: Vec<Thing>,
}

#[derive(Debug, Clone)]
pub(super) struct Thing {
    pub id: ResourceId,
    pub name: String,
    pub kind: ResourceKind,
}

impl Cast {
    pub(in super::super) fn of(build: &Build<'_>, locales: &Locales) -> Cast {
        let world = &build.world;
        let staff = |role: VendorRole, strong: bool| -> Vec<PersonId> {
            world
                .people
                .persons
                .values()
                .filter(|p| p.side == Side::Vendor(role) && (!strong || p.isolated_identity))
                .map(|p| p.id.clone())
                .collect()
        };
        Cast {
            places: world
                .resources
                .subscriptions
                .keys()
                .filter_map(|id| Place::of(build, locales, id))
                .collect(),
            engineers: staff(VendorRole::DevOpsEngineer, true),
            managers: staff(VendorRole::DevOpsManager, false),
            strong_support: staff(VendorRole::SupportEngineer, true)
                == staff(VendorRole::SupportEngineer, false),
        }
    }

    /// What is missing to make up stories.
    pub(in super::super) fn lacks(&self) -> Option<&'static str> {
        if self.places.is_empty() {
            return Some(
                "Requests can be made up only where a subscription has an Owner, a support plan of at least the minimum and a resource that Customer Lockbox covers; there is none.",
            );
        }
        self.engineers.is_empty().then_some(
            "Requests can be made up only with a devops-engineer with isolated_identity; there is none.",
        )
    }
}

impl Place {
    fn of(build: &Build<'_>, locales: &Locales, id: &SubscriptionId) -> Option<Place> {
        let world: &World = &build.world;
        let owners: Vec<PersonId> = world
            .owners(id)
            .into_iter()
            .filter(|p| {
                let person = world.people.persons.get(p);
                person.is_some_and(|p| world.why_not_approver(p, id).is_none())
            })
            .collect();
        let home = &world.resources.subscriptions.get(id)?.tenant;
        let callers: Vec<(PersonId, Contact)> = world
            .people
            .persons
            .values()
            .filter(|p| matches!(&p.side, Side::Customer(tenant) if tenant == home))
            .filter(|p| world.may(&p.id, Action::TicketWrite, id))
            .map(|p| (p.id.clone(), contact(build, locales, &p.id, None)))
            .collect();
        let things: Vec<Thing> = world
            .resources
            .resources
            .values()
            .filter(|r| r.subscription == *id && r.kind != ResourceKind::SubscriptionTransfer)
            .filter(|r| lockbox_bypass(world, &Vector::unit(r.id.clone())) == Ok(None))
            .map(|r| Thing {
                id: r.id.clone(),
                name: r.name.to_string(),
                kind: r.kind,
            })
            .collect();
        let complete = !owners.is_empty() && !callers.is_empty() && !things.is_empty();
        complete.then(|| Place {
            subscription: id.clone(),
            owners,
            callers,
            things,
        })
    }
}
