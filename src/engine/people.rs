//! Tenants, persons, groups, roles, and the one place that says who may do what (`domain.md` §b).
//!
//! The right to decide a Lockbox request is a role test, never an action wildcard (R-PERM-01). This room
//! knows subscriptions only by id; whose management group they hang under is passed in.

use std::fmt;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::errors;
use super::ids::{GroupId, ManagementGroupId, PersonId, ResourceId, SubscriptionId, TenantId};
use super::refusal::Refusal;
use super::text::Untrusted;
use super::words::words;
use super::world::World;

words! {
    /// The support plan ladder, lowest first (`domain.md` §a). Lockbox needs at least Developer (R-LOCK-01).
    SupportPlan {
        Basic = "basic",
        Developer = "developer",
        Standard = "standard",
        ProfessionalDirect = "professional-direct",
        Unified = "unified",
    }
}

words! {
    /// What a member of the cloud vendor's staff is.
    VendorRole {
        SupportEngineer = "support-engineer",
        DevOpsEngineer = "devops-engineer",
        SupportLead = "support-lead",
        DevOpsManager = "devops-manager",
    }
}

words! {
    /// Built-in roles of the matrix in `domain.md` §b.3.
    Role {
        Owner = "owner",
        Contributor = "contributor",
        Reader = "reader",
        LogAnalyticsContributor = "log-analytics-contributor",
        LogAnalyticsReader = "log-analytics-reader",
        KeyVaultContributor = "key-vault-contributor",
        StorageAccountContributor = "storage-account-contributor",
    }
}

impl Role {
    /// The portal's name of the role.
    pub fn title(self) -> &'static str {
        match self {
            Role::Owner => "Owner",
            Role::Contributor => "Contributor",
            Role::Reader => "Reader",
            Role::LogAnalyticsContributor => "Log Analytics Contributor",
            Role::LogAnalyticsReader => "Log Analytics Reader",
            Role::KeyVaultContributor => "Key Vault Contributor",
            Role::StorageAccountContributor => "Storage Account Contributor",
        }
    }
}

impl VendorRole {
    pub fn title(self) -> &'static str {
        match self {
            VendorRole::SupportEngineer => "Azure Support Engineer",
            VendorRole::DevOpsEngineer => "Azure DevOps engineer",
            VendorRole::SupportLead => "customer support lead",
            VendorRole::DevOpsManager => "DevOps manager",
        }
    }
}

impl SupportPlan {
    pub fn title(self) -> &'static str {
        match self {
            SupportPlan::Basic => "Basic",
            SupportPlan::Developer => "Developer",
            SupportPlan::Standard => "Standard",
            SupportPlan::ProfessionalDirect => "Professional Direct",
            SupportPlan::Unified => "Unified",
        }
    }
}

words! {
    /// ARM actions checked in the profile `2020` (b.2), by their names on the wire.
    Action {
        TicketRead = "Microsoft.Support/supportTickets/read",
        TicketWrite = "Microsoft.Support/supportTickets/write",
        RequestRead = "Microsoft.CustomerLockbox/requests/read",
        ActivityRead = "Microsoft.Insights/eventtypes/values/read",
        ClusterRead = "Microsoft.OperationalInsights/clusters/read",
        ClusterWrite = "Microsoft.OperationalInsights/clusters/write",
        ClusterDelete = "Microsoft.OperationalInsights/clusters/delete",
        WorkspaceRead = "Microsoft.OperationalInsights/workspaces/read",
        WorkspaceWrite = "Microsoft.OperationalInsights/workspaces/write",
        WorkspaceDelete = "Microsoft.OperationalInsights/workspaces/delete",
        LinkWrite = "Microsoft.OperationalInsights/workspaces/linkedServices/write",
        LinkDelete = "Microsoft.OperationalInsights/workspaces/linkedServices/delete",
        LinkedStorageWrite = "Microsoft.OperationalInsights/workspaces/linkedStorageAccounts/write",
        LinkedStorageDelete = "Microsoft.OperationalInsights/workspaces/linkedStorageAccounts/delete",
        SearchRead = "Microsoft.OperationalInsights/workspaces/savedSearches/read",
        SearchWrite = "Microsoft.OperationalInsights/workspaces/savedSearches/write",
        SearchDelete = "Microsoft.OperationalInsights/workspaces/savedSearches/delete",
        QueryRead = "Microsoft.OperationalInsights/workspaces/query/read",
        /// Sending data takes the keys of the workspace (general platform knowledge, not in the seeds).
        Ingest = "Microsoft.OperationalInsights/workspaces/sharedKeys/action",
        VaultRead = "Microsoft.KeyVault/vaults/read",
        VaultWrite = "Microsoft.KeyVault/vaults/write",
        VaultDelete = "Microsoft.KeyVault/vaults/delete",
        PolicyWrite = "Microsoft.KeyVault/vaults/accessPolicies/write",
        VaultPurge = "Microsoft.KeyVault/locations/deletedVaults/purge/action",
        StorageRead = "Microsoft.Storage/storageAccounts/read",
        StorageWrite = "Microsoft.Storage/storageAccounts/write",
    }
}

impl Action {
    pub fn name(self) -> &'static str {
        self.word()
    }

    /// About what a customer keeps to itself: vaults and storage accounts. The vendor's staff sees none of it.
    pub fn is_of_customers_own(self) -> bool {
        matches!(
            self.name().split('/').next(),
            Some("Microsoft.KeyVault" | "Microsoft.Storage")
        )
    }
}

const EVERYBODY: &[Role] = Role::ALL;
const READERS: &[Role] = &[
    Role::Owner,
    Role::Contributor,
    Role::Reader,
    Role::LogAnalyticsContributor,
    Role::LogAnalyticsReader,
];
const MONITORS: &[Role] = &[
    Role::Owner,
    Role::Contributor,
    Role::LogAnalyticsContributor,
];
const KEEPERS: &[Role] = &[Role::Owner, Role::Contributor, Role::KeyVaultContributor];

/// The matrix b.3: which built-in roles carry which action.
pub const MATRIX: &[(Action, &[Role])] = &[
    (Action::TicketRead, EVERYBODY),
    (
        Action::TicketWrite,
        &[
            Role::Owner,
            Role::Contributor,
            Role::LogAnalyticsContributor,
            Role::LogAnalyticsReader,
            Role::KeyVaultContributor,
            Role::StorageAccountContributor,
        ],
    ),
    (Action::RequestRead, READERS),
    (Action::ActivityRead, READERS),
    (Action::ClusterRead, READERS),
    (Action::ClusterWrite, MONITORS),
    // R-PERM-04: in profile 2020 a delete asks for clusters/write; the roles are the same.
    (Action::ClusterDelete, MONITORS),
    (Action::WorkspaceRead, READERS),
    (Action::WorkspaceWrite, MONITORS),
    (Action::WorkspaceDelete, MONITORS),
    (Action::LinkWrite, MONITORS),
    (Action::LinkDelete, MONITORS),
    (Action::LinkedStorageWrite, MONITORS),
    (Action::LinkedStorageDelete, MONITORS),
    (Action::SearchRead, READERS),
    (Action::SearchWrite, MONITORS),
    (Action::SearchDelete, MONITORS),
    (Action::QueryRead, READERS),
    (Action::Ingest, MONITORS),
    (
        Action::VaultRead,
        &[
            Role::Owner,
            Role::Contributor,
            Role::Reader,
            Role::LogAnalyticsContributor,
            Role::LogAnalyticsReader,
            Role::KeyVaultContributor,
        ],
    ),
    (Action::VaultWrite, KEEPERS),
    (Action::VaultDelete, KEEPERS),
    (Action::PolicyWrite, KEEPERS),
    (Action::VaultPurge, &[Role::Owner]),
    (
        Action::StorageRead,
        &[
            Role::Owner,
            Role::Contributor,
            Role::Reader,
            Role::LogAnalyticsContributor,
            Role::LogAnalyticsReader,
            Role::StorageAccountContributor,
        ],
    ),
    (
        Action::StorageWrite,
        &[
            Role::Owner,
            Role::Contributor,
            Role::StorageAccountContributor,
        ],
    ),
];

/// Whether a built-in role carries an action.
pub fn carries(role: Role, action: Action) -> bool {
    MATRIX
        .iter()
        .any(|(a, roles)| *a == action && roles.contains(&role))
}

/// An organisation that is a customer of the cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    pub id: TenantId,
    pub name: Untrusted,
    pub domain: Arc<str>,
    pub plan: SupportPlan,
    /// Enrolled in the insider program (R-LOCK-32).
    pub preview_enrolled: bool,
}

/// On which side of the trust boundary a person stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Customer(TenantId),
    Vendor(VendorRole),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    pub name: Untrusted,
    /// User principal name, what the activity log calls the caller.
    pub upn: Arc<str>,
    /// Mailbox; none means that no mail reaches this person.
    pub mail: Option<Arc<str>>,
    pub side: Side,
    /// Works under a separate privileged account (R-LOCK-10).
    pub isolated_identity: bool,
    pub mfa: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub id: GroupId,
    pub tenant: TenantId,
    pub members: OrdSet<PersonId>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    Person(PersonId),
    Group(GroupId),
}

/// Where a role is assigned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    ManagementGroup(ManagementGroupId),
    Subscription(SubscriptionId),
    ResourceGroup(SubscriptionId, Arc<str>),
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::ManagementGroup(id) => write!(f, "management group {id}"),
            Scope::Subscription(id) => write!(f, "subscription {id}"),
            Scope::ResourceGroup(id, group) => {
                write!(f, "resource group {id}/{}", super::text::scrub(group))
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Assignment {
    pub scope: Scope,
    pub principal: Principal,
    pub role: Role,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    pub tenants: OrdMap<TenantId, Tenant>,
    pub persons: OrdMap<PersonId, Arc<Person>>,
    pub groups: OrdMap<GroupId, Group>,
    pub management_groups: OrdMap<ManagementGroupId, TenantId>,
    pub assignments: OrdSet<Assignment>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    AddTenant(Tenant),
    SetPlan {
        tenant: TenantId,
        plan: SupportPlan,
    },
    Enrol {
        tenant: TenantId,
    },
    AddPerson(Person),
    AddGroup(Group),
    AddManagementGroup {
        id: ManagementGroupId,
        tenant: TenantId,
    },
    Assign(Assignment),
    Unassign(Assignment),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    TenantAdded(Tenant),
    PlanSet {
        tenant: TenantId,
        plan: SupportPlan,
    },
    Enrolled {
        tenant: TenantId,
    },
    PersonAdded(Person),
    GroupAdded(Group),
    ManagementGroupAdded {
        id: ManagementGroupId,
        tenant: TenantId,
    },
    Assigned(Assignment),
    Unassigned(Assignment),
}

pub(super) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    draft.only_simulator()?;
    let people = &draft.world.people;
    let known_tenant = |id: &TenantId| -> Result<(), Refusal> {
        if people.tenants.contains_key(id) {
            return Ok(());
        }
        Err(errors::SIM_02
            .says(format!("There is no tenant {id}."))
            .target("tenant"))
    };
    let twice = |kind: &str, id: &dyn fmt::Display| {
        errors::SIM_02
            .says(format!("The {kind} {id} exists already."))
            .target("id")
    };
    let fact = match command {
        Command::AddTenant(tenant) => {
            plain("id", tenant.id.as_str())?;
            plain("domain", &tenant.domain)?;
            if people.tenants.contains_key(&tenant.id) {
                return Err(twice("tenant", &tenant.id));
            }
            Fact::TenantAdded(tenant.clone())
        }
        Command::SetPlan { tenant, plan } => {
            known_tenant(tenant)?;
            Fact::PlanSet {
                tenant: tenant.clone(),
                plan: *plan,
            }
        }
        Command::Enrol { tenant } => {
            known_tenant(tenant)?;
            Fact::Enrolled {
                tenant: tenant.clone(),
            }
        }
        Command::AddPerson(person) => {
            plain("id", person.id.as_str())?;
            plain("upn", &person.upn)?;
            if let Some(mail) = &person.mail {
                plain("mail", mail)?;
            }
            if people.persons.contains_key(&person.id) {
                return Err(twice("person", &person.id));
            }
            if let Side::Customer(tenant) = &person.side {
                known_tenant(tenant)?;
            }
            Fact::PersonAdded(person.clone())
        }
        Command::AddGroup(group) => {
            if people.groups.contains_key(&group.id) {
                return Err(twice("group", &group.id));
            }
            known_tenant(&group.tenant)?;
            plain("id", group.id.as_str())?;
            for member in &group.members {
                same_tenant(&draft.world, member, &group.tenant)?;
            }
            Fact::GroupAdded(group.clone())
        }
        Command::AddManagementGroup { id, tenant } => {
            plain("id", id.as_str())?;
            if people.management_groups.contains_key(id) {
                return Err(twice("management group", id));
            }
            known_tenant(tenant)?;
            Fact::ManagementGroupAdded {
                id: id.clone(),
                tenant: tenant.clone(),
            }
        }
        Command::Assign(assignment) => {
            known_assignment(&draft.world, assignment)?;
            if people.assignments.contains(assignment) {
                return Err(errors::SIM_02
                    .says("This role is assigned already.")
                    .target("role"));
            }
            Fact::Assigned(assignment.clone())
        }
        Command::Unassign(assignment) => {
            if !people.assignments.contains(assignment) {
                return Err(errors::SIM_02
                    .says("This role is not assigned, so it cannot be taken away.")
                    .target("role"));
            }
            Fact::Unassigned(assignment.clone())
        }
    };
    draft.emit(fact);
    Ok(())
}

/// Names by which things are found stay on one line and do nothing to a terminal or a mail header.
pub(super) fn plain(field: &str, text: &str) -> Result<(), Refusal> {
    let acts = text
        .chars()
        .any(|c| super::text::acts(c) || c.is_whitespace());
    if text.is_empty() || text.len() > NAME_MAX || acts {
        return Err(errors::SIM_02
            .says(format!(
                "{text:?} cannot be a {field}: 1 to {NAME_MAX} bytes, no spaces, no control characters."
            ))
            .target(field));
    }
    Ok(())
}

/// Longest name of a thing, in bytes (SIM).
const NAME_MAX: usize = 256;

fn same_tenant(world: &World, person: &PersonId, tenant: &TenantId) -> Result<(), Refusal> {
    match &world.person(person)?.side {
        Side::Customer(home) if home == tenant => Ok(()),
        _ => Err(errors::SIM_02
            .says(format!("{person} does not belong to tenant {tenant}."))
            .target("principal")),
    }
}

fn known_assignment(world: &World, assignment: &Assignment) -> Result<(), Refusal> {
    let tenant = match &assignment.scope {
        Scope::ManagementGroup(id) => world.people.management_groups.get(id).ok_or_else(|| {
            errors::SIM_02
                .says(format!("There is no management group {id}."))
                .target("scope")
        })?,
        Scope::Subscription(id) => &world.subscription(id)?.tenant,
        Scope::ResourceGroup(id, group) => {
            if !world
                .resources
                .groups
                .contains(&(id.clone(), group.clone()))
            {
                return Err(errors::SIM_02
                    .says(format!("There is no resource group {id}/{group}."))
                    .target("scope"));
            }
            &world.subscription(id)?.tenant
        }
    };
    match &assignment.principal {
        Principal::Person(id) => same_tenant(world, id, tenant),
        Principal::Group(id) => {
            let group = world.people.groups.get(id).ok_or_else(|| {
                errors::SIM_02
                    .says(format!("There is no group {id}."))
                    .target("principal")
            })?;
            if group.tenant != *tenant {
                return Err(errors::SIM_02
                    .says(format!(
                        "The group {id} does not belong to tenant {tenant}."
                    ))
                    .target("principal"));
            }
            Ok(())
        }
    }
}

pub(super) fn evolve(people: &mut People, fact: &Fact) {
    match fact {
        Fact::TenantAdded(tenant) => {
            people.tenants.insert(tenant.id.clone(), tenant.clone());
        }
        Fact::PlanSet { tenant, plan } => {
            if let Some(tenant) = people.tenants.get_mut(tenant) {
                tenant.plan = *plan;
            }
        }
        Fact::Enrolled { tenant } => {
            if let Some(tenant) = people.tenants.get_mut(tenant) {
                tenant.preview_enrolled = true;
            }
        }
        Fact::PersonAdded(person) => {
            people
                .persons
                .insert(person.id.clone(), Arc::new(person.clone()));
        }
        Fact::GroupAdded(group) => {
            people.groups.insert(group.id.clone(), group.clone());
        }
        Fact::ManagementGroupAdded { id, tenant } => {
            people.management_groups.insert(id.clone(), tenant.clone());
        }
        Fact::Assigned(assignment) => {
            people.assignments.insert(assignment.clone());
        }
        Fact::Unassigned(assignment) => {
            people.assignments.remove(assignment);
        }
    }
}

impl People {
    /// Everyone a principal stands for.
    fn includes(&self, principal: &Principal, person: &PersonId) -> bool {
        match principal {
            Principal::Person(id) => id == person,
            Principal::Group(id) => self
                .groups
                .get(id)
                .is_some_and(|group| group.members.contains(person)),
        }
    }

    /// Assignments that count on a subscription as a whole: direct or through a group, at the subscription
    /// or at a management group above it (i-29: both count in profile 2020; a resource group never does).
    fn on_subscription<'a>(
        &'a self,
        subscription: &'a SubscriptionId,
        above: Option<&'a ManagementGroupId>,
    ) -> impl Iterator<Item = &'a Assignment> {
        self.assignments.iter().filter(move |a| match &a.scope {
            Scope::Subscription(id) => id == subscription,
            Scope::ManagementGroup(id) => Some(id) == above,
            Scope::ResourceGroup(..) => false,
        })
    }
}

impl World {
    /// The person with this id.
    pub fn person(&self, id: &PersonId) -> Result<&Arc<Person>, Refusal> {
        self.people.persons.get(id).ok_or_else(|| {
            let nearest = super::words::nearest(
                id.as_str(),
                self.people.persons.keys().map(PersonId::as_str),
            );
            errors::PPL_01
                .says(format!("There is no person {id} in this world."))
                .target("as")
                .remedy(super::words::did_you_mean(
                    nearest,
                    "Name a person of this world.",
                ))
        })
    }

    /// Roles a person holds on a subscription as a whole.
    pub fn roles(&self, person: &PersonId, subscription: &SubscriptionId) -> OrdSet<Role> {
        let above = self.management_group_of(subscription);
        self.people
            .on_subscription(subscription, above)
            .filter(|a| self.people.includes(&a.principal, person))
            .map(|a| a.role)
            .collect()
    }

    fn management_group_of(&self, subscription: &SubscriptionId) -> Option<&ManagementGroupId> {
        self.resources
            .subscriptions
            .get(subscription)?
            .management_group
            .as_ref()
    }

    /// The designated approvers: every Owner of the subscription (R-LOCK-14, R-PERM-01), in id order.
    pub fn owners(&self, subscription: &SubscriptionId) -> OrdSet<PersonId> {
        let above = self.management_group_of(subscription);
        let mut owners = OrdSet::new();
        for a in self
            .people
            .on_subscription(subscription, above)
            .filter(|a| a.role == Role::Owner)
        {
            match &a.principal {
                Principal::Person(id) => {
                    owners.insert(id.clone());
                }
                Principal::Group(id) => {
                    if let Some(group) = self.people.groups.get(id) {
                        owners.extend(group.members.iter().cloned());
                    }
                }
            }
        }
        owners
    }

    /// Why a person cannot approve on a subscription, in words; `None` when they can.
    pub fn why_not_approver(
        &self,
        person: &Person,
        subscription: &SubscriptionId,
    ) -> Option<String> {
        let tenant = self
            .resources
            .subscriptions
            .get(subscription)
            .map(|s| &s.tenant);
        match &person.side {
            Side::Vendor(role) => Some(format!("works for the cloud vendor ({})", role.title())),
            Side::Customer(home) if Some(home) != tenant => {
                Some(format!("belongs to another organisation ({home})"))
            }
            Side::Customer(_) => {
                let roles = self.roles(&person.id, subscription);
                if roles.contains(&Role::Owner) {
                    return None;
                }
                let owner_below = self.people.assignments.iter().find_map(|a| match &a.scope {
                    Scope::ResourceGroup(id, group)
                        if id == subscription
                            && a.role == Role::Owner
                            && self.people.includes(&a.principal, &person.id) =>
                    {
                        Some(group.clone())
                    }
                    _ => None,
                });
                Some(match (owner_below, roles.is_empty()) {
                    (Some(group), _) => format!(
                        "is Owner of resource group {} only; the subscription counts",
                        super::text::scrub(&group)
                    ),
                    (None, true) => "has no role on this subscription".to_owned(),
                    (None, false) => {
                        let titles: Vec<_> = roles.iter().map(|r| r.title()).collect();
                        format!("is {}, not Owner", titles.join(" and "))
                    }
                })
            }
        }
    }

    /// Whether a customer's person may do an ARM action on a subscription (R-PERM-08).
    pub fn may(&self, person: &PersonId, action: Action, subscription: &SubscriptionId) -> bool {
        self.roles(person, subscription)
            .iter()
            .any(|role| carries(*role, action))
    }

    /// As [`World::may`], on one resource group: what is assigned there counts too.
    pub fn may_in(
        &self,
        person: &PersonId,
        action: Action,
        subscription: &SubscriptionId,
        group: &str,
    ) -> bool {
        self.may(person, action, subscription)
            || self.people.assignments.iter().any(|a| {
                matches!(&a.scope, Scope::ResourceGroup(s, g) if s == subscription && **g == *group)
                    && carries(a.role, action)
                    && self.people.includes(&a.principal, person)
            })
    }

    /// The one check of an ARM action in a resource group, refused in the words of the platform (E-ARM-03).
    pub fn authorize(
        &self,
        by: &PersonId,
        action: Action,
        subscription: &SubscriptionId,
        group: &str,
    ) -> Result<(), Refusal> {
        if self.may_in(by, action, subscription, group) {
            return Ok(());
        }
        let holders: Vec<&str> = MATRIX
            .iter()
            .filter(|(a, _)| *a == action)
            .flat_map(|(_, roles)| roles.iter().map(|r| r.title()))
            .collect();
        Err(errors::ARM_03
            .says(format!(
                "{by} has no authorization to perform action '{}' over scope '/subscriptions/{}/resourceGroups/{group}'.",
                action.name(),
                self.subscription_guid(subscription)
            ))
            .target("scope")
            .remedy(format!(
                "Act as somebody who is {} there, or ask an Owner for such a role.",
                holders.join(" or ")
            )))
    }

    /// As [`World::authorize`], on a resource that may not exist: who may do nothing there is not told whether it
    /// does. A subscription nobody has is left to whoever looks for the resource.
    pub fn authorize_on(
        &self,
        by: &PersonId,
        action: Action,
        resource: &ResourceId,
    ) -> Result<(), Refusal> {
        let (subscription, group, _) = resource.parts();
        if !self.resources.subscriptions.contains_key(&subscription) {
            return Ok(());
        }
        self.authorize(by, action, &subscription, group)
    }

    /// The resource group, or what is missing on the way to it (E-ARM-04).
    pub fn resource_group(
        &self,
        subscription: &SubscriptionId,
        group: &str,
    ) -> Result<(), Refusal> {
        self.subscription(subscription)?;
        let groups = || {
            self.resources
                .groups
                .iter()
                .filter(|(s, _)| s == subscription)
                .map(|(_, g)| &**g)
        };
        if groups().any(|g| g == group) {
            return Ok(());
        }
        let mut refusal = errors::ARM_04
            .says(format!(
                "There is no resource group {subscription}/{group}."
            ))
            .target("group")
            .remedy(super::words::did_you_mean(
                super::words::nearest(group, groups()),
                "Name a resource group of the subscription.",
            ));
        refusal.code = "ResourceGroupNotFound".to_owned();
        Err(refusal)
    }
}
