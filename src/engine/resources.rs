//! Subscriptions, resource groups and the things in them, with what Customer Lockbox makes of each kind
//! (R-LOCK-29…32, 37). Knows nothing of tickets or requests.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use super::cluster;
use super::draft::Draft;
use super::errors;
use super::event::Actor;
use super::ids::{ManagementGroupId, ResourceId, Revision, SubscriptionId, TenantId, VaultName};
use super::people::plain;
use super::random;
use super::refusal::Refusal;
use super::text::{Untrusted, scrub};
use super::time::SimTime;
use super::timers::TimerKey;
use super::vault;
use super::words::{did_you_mean, nearest, words};
use super::workspace::{self, linked_storage};
use super::world::World;

words! {
    /// Every kind of resource the seeds name.
    ResourceKind {
        CloudServiceWebRole = "cloud-service-web-role",
        CloudServiceWorkerRole = "cloud-service-worker-role",
        VmWindows = "vm-windows",
        VmLinux = "vm-linux",
        ClassicVm = "classic-vm",
        ScaleSetWindows = "scale-set-windows",
        ScaleSetLinux = "scale-set-linux",
        StorageAccount = "storage-account",
        SqlDatabase = "sql-database",
        DataExplorer = "data-explorer",
        ManagedDisk = "managed-disk",
        MemoryDump = "memory-dump",
        SubscriptionTransfer = "subscription-transfer",
        Cluster = "log-analytics-cluster",
        Workspace = "log-analytics-workspace",
        KeyVault = "key-vault",
    }
}

/// How far Customer Lockbox covers a resource in profile 2020.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coverage {
    /// Generally available (R-LOCK-29).
    Ga,
    /// In preview, for enrolled organisations (R-LOCK-31, 32, 37).
    Preview,
    /// Not covered; JIT decides alone (R-LOCK-30, i-31).
    NotCovered,
}

impl Coverage {
    pub fn title(self) -> &'static str {
        match self {
            Coverage::Ga => "generally available",
            Coverage::Preview => "preview",
            Coverage::NotCovered => "not covered",
        }
    }
}

impl ResourceKind {
    /// ARM type of the resource.
    pub fn arm_type(self) -> &'static str {
        use ResourceKind::*;
        match self {
            CloudServiceWebRole | CloudServiceWorkerRole => "Microsoft.Compute/cloudServices",
            VmWindows | VmLinux | MemoryDump => "Microsoft.Compute/virtualMachines",
            ClassicVm => "Microsoft.ClassicCompute/virtualMachines",
            ScaleSetWindows | ScaleSetLinux => "Microsoft.Compute/virtualMachineScaleSets",
            StorageAccount => "Microsoft.Storage/storageAccounts",
            SqlDatabase => "Microsoft.Sql/servers",
            DataExplorer => "Microsoft.Kusto/clusters",
            ManagedDisk => "Microsoft.Compute/disks",
            SubscriptionTransfer => "Microsoft.Subscription/subscriptions",
            Cluster => "Microsoft.OperationalInsights/clusters",
            Workspace => "Microsoft.OperationalInsights/workspaces",
            KeyVault => "Microsoft.KeyVault/vaults",
        }
    }

    /// `resourceType` of a Lockbox request (f.7: `Virtual Machine`, `VMSS`, `Subscription`, …).
    pub fn title(self) -> &'static str {
        use ResourceKind::*;
        match self {
            CloudServiceWebRole => "Cloud Service (web role)",
            CloudServiceWorkerRole => "Cloud Service (worker role)",
            VmWindows | VmLinux => "Virtual Machine",
            ClassicVm => "Virtual Machine (classic)",
            ScaleSetWindows | ScaleSetLinux => "VMSS",
            StorageAccount => "Storage",
            SqlDatabase => "SQL Database",
            DataExplorer => "Data Explorer",
            ManagedDisk => "Managed Disk",
            MemoryDump => "Memory Dump",
            SubscriptionTransfer => "Subscription",
            Cluster => "Log Analytics Cluster",
            Workspace => "Log Analytics Workspace",
            KeyVault => "Key Vault",
        }
    }

    /// Whether its guest writes a Windows event log (R-LOCK-36).
    pub fn windows_guest(self) -> bool {
        use ResourceKind::*;
        matches!(
            self,
            VmWindows | ScaleSetWindows | CloudServiceWebRole | CloudServiceWorkerRole | ClassicVm
        )
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    pub id: SubscriptionId,
    pub name: Untrusted,
    pub tenant: TenantId,
    pub management_group: Option<ManagementGroupId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    pub id: ResourceId,
    pub subscription: SubscriptionId,
    pub group: Arc<str>,
    pub name: Arc<str>,
    pub kind: ResourceKind,
    pub location: Arc<str>,
    /// Data in transit is encrypted by the customer (R-LOCK-35).
    pub encrypted_in_transit: bool,
    /// The workspace Security Center copies this guest's event log to (R-LOCK-36).
    pub events_to: Option<ResourceId>,
}

impl Resource {
    /// `subscription/group/name`, the id every command takes.
    pub fn id_for(subscription: &SubscriptionId, group: &str, name: &str) -> ResourceId {
        ResourceId(format!("{}/{group}/{name}", subscription.as_str()).into())
    }
}

/// Something deleted that can still be recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftDeleted {
    pub at: SimTime,
    /// The event that deleted it.
    pub revision: Revision,
    /// From here on it is gone for good.
    pub purge_at: SimTime,
    pub timer: TimerKey,
}

/// Regions of the cloud a key vault, cluster or workspace can stand in (general platform knowledge).
pub const REGIONS: &[&str] = &[
    "australiaeast",
    "australiasoutheast",
    "brazilsouth",
    "canadacentral",
    "canadaeast",
    "centralindia",
    "centralus",
    "eastasia",
    "eastus",
    "eastus2",
    "francecentral",
    "germanywestcentral",
    "japaneast",
    "japanwest",
    "koreacentral",
    "koreasouth",
    "northcentralus",
    "northeurope",
    "norwayeast",
    "southafricanorth",
    "southcentralus",
    "southeastasia",
    "southindia",
    "swedencentral",
    "switzerlandnorth",
    "uaenorth",
    "uksouth",
    "ukwest",
    "westcentralus",
    "westeurope",
    "westindia",
    "westus",
    "westus2",
];

/// A region by its name, in any case and with or without blanks (E-CC-15).
pub fn region(text: &str) -> Result<Arc<str>, Refusal> {
    let plain = text.replace(' ', "").to_lowercase();
    if REGIONS.contains(&plain.as_str()) {
        return Ok(plain.into());
    }
    Err(errors::CC_15
        .says(format!("There is no region {}.", scrub(text)))
        .target("location")
        .remedy(did_you_mean(
            nearest(&plain, REGIONS.iter().copied()),
            "Name a region such as koreacentral.",
        )))
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    pub subscriptions: OrdMap<SubscriptionId, Subscription>,
    pub groups: OrdSet<(SubscriptionId, Arc<str>)>,
    pub resources: OrdMap<ResourceId, Arc<Resource>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    AddSubscription(Subscription),
    AddGroup {
        subscription: SubscriptionId,
        name: Arc<str>,
    },
    Add(Resource),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    SubscriptionAdded(Subscription),
    GroupAdded {
        subscription: SubscriptionId,
        name: Arc<str>,
    },
    Added(Resource),
}

pub(super) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    draft.only_simulator()?;
    let world = &draft.world;
    let fact = match command {
        Command::AddSubscription(subscription) => {
            plain("id", subscription.id.as_str())?;
            if world.resources.subscriptions.contains_key(&subscription.id) {
                return Err(errors::SIM_02
                    .says(format!(
                        "The subscription {} exists already.",
                        subscription.id
                    ))
                    .target("id"));
            }
            if !world.people.tenants.contains_key(&subscription.tenant) {
                return Err(errors::SIM_02
                    .says(format!("There is no tenant {}.", subscription.tenant))
                    .target("tenant"));
            }
            if let Some(above) = &subscription.management_group
                && world.people.management_groups.get(above) != Some(&subscription.tenant)
            {
                return Err(errors::SIM_02
                    .says(format!("The tenant has no management group {above}."))
                    .target("management_group"));
            }
            Fact::SubscriptionAdded(subscription.clone())
        }
        Command::AddGroup { subscription, name } => {
            plain("name", name)?;
            world.subscription(subscription)?;
            if world
                .resources
                .groups
                .contains(&(subscription.clone(), name.clone()))
            {
                return Err(errors::SIM_02
                    .says(format!(
                        "The resource group {} exists already.",
                        scrub(name)
                    ))
                    .target("name"));
            }
            Fact::GroupAdded {
                subscription: subscription.clone(),
                name: name.clone(),
            }
        }
        Command::Add(resource) => {
            plain("name", &resource.name)?;
            plain("location", &resource.location)?;
            world.subscription(&resource.subscription)?;
            let group = (resource.subscription.clone(), resource.group.clone());
            if !world.resources.groups.contains(&group) {
                return Err(errors::SIM_02
                    .says(format!(
                        "There is no resource group {}.",
                        scrub(&resource.group)
                    ))
                    .target("group"));
            }
            if resource.id
                != Resource::id_for(&resource.subscription, &resource.group, &resource.name)
            {
                return Err(errors::SIM_02
                    .says("A resource's id is subscription/group/name.")
                    .target("id"));
            }
            if world.resources.resources.contains_key(&resource.id) {
                return Err(errors::SIM_02
                    .says(format!("The resource {} exists already.", resource.id))
                    .target("name"));
            }
            if resource.kind == ResourceKind::KeyVault {
                vault::unused(world, &VaultName::new(&resource.name))?;
            }
            Fact::Added(resource.clone())
        }
    };
    let added = draft.emit(fact);
    if let Command::Add(resource) = command {
        draft.because(added, Actor::Simulator, |draft| match resource.kind {
            ResourceKind::KeyVault => vault::found(draft, resource),
            ResourceKind::Cluster => cluster::found(draft, resource),
            ResourceKind::Workspace => workspace::found(draft, resource),
            ResourceKind::StorageAccount => linked_storage::found(draft, resource),
            _ => {}
        });
    }
    Ok(())
}

pub(super) fn evolve(resources: &mut Resources, fact: &Fact) {
    match fact {
        Fact::SubscriptionAdded(subscription) => {
            resources
                .subscriptions
                .insert(subscription.id.clone(), subscription.clone());
        }
        Fact::GroupAdded { subscription, name } => {
            resources
                .groups
                .insert((subscription.clone(), name.clone()));
        }
        Fact::Added(resource) => {
            resources
                .resources
                .insert(resource.id.clone(), Arc::new(resource.clone()));
        }
    }
}

/// A name somebody gave, and what it may mean.
pub(super) struct Named<'a> {
    pub text: &'a str,
    pub hits: Vec<&'a ResourceId>,
    /// What it could be several of.
    pub nouns: &'static str,
    pub target: &'static str,
    /// The answer when it means nothing.
    pub missing: Refusal,
    pub nearest: Option<&'a str>,
    pub otherwise: &'static str,
}

/// The one thing a name means. Nothing is answered with the nearest name, several with all their ids.
pub(super) fn the_one(named: &Named<'_>) -> Result<ResourceId, Refusal> {
    match named.hits.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(named
            .missing
            .clone()
            .target(named.target)
            .remedy(did_you_mean(named.nearest, named.otherwise))),
        several => {
            let ids: Vec<String> = several.iter().map(|id| id.to_string()).collect();
            Err(Refusal {
                message: format!(
                    "{} is the name of {} {}.",
                    scrub(named.text),
                    several.len(),
                    named.nouns
                ),
                ..named.missing.clone()
            }
            .target(named.target)
            .remedy(format!("Say which: {}.", ids.join(", "))))
        }
    }
}

impl Resources {
    /// A thing that a command made, rather than the world file.
    pub(super) fn insert(&mut self, id: &ResourceId, kind: ResourceKind, location: &Arc<str>) {
        let (subscription, group, name) = id.parts();
        let resource = Resource {
            id: id.clone(),
            subscription,
            group: group.into(),
            name: name.into(),
            kind,
            location: location.clone(),
            encrypted_in_transit: false,
            events_to: None,
        };
        self.resources.insert(id.clone(), Arc::new(resource));
    }

    pub(super) fn remove(&mut self, id: &ResourceId) {
        self.resources.remove(id);
    }
}

impl World {
    /// What Lockbox makes of a resource: R-LOCK-29…31, and R-LOCK-37 for Azure Monitor data.
    pub fn coverage(&self, resource: &Resource) -> Coverage {
        use ResourceKind::*;
        match resource.kind {
            CloudServiceWebRole
            | CloudServiceWorkerRole
            | VmWindows
            | VmLinux
            | ScaleSetWindows
            | ScaleSetLinux => Coverage::Ga,
            StorageAccount | SqlDatabase | DataExplorer | ManagedDisk | MemoryDump
            | SubscriptionTransfer | Cluster => Coverage::Preview,
            Workspace if self.linked_cluster(&resource.id).is_some() => Coverage::Preview,
            ClassicVm | Workspace | KeyVault => Coverage::NotCovered,
        }
    }

    /// Whether two resources belong to one organisation (R-CMK-20).
    pub fn same_tenant(&self, one: &ResourceId, other: &ResourceId) -> bool {
        self.tenant_of(&one.subscription()) == self.tenant_of(&other.subscription())
    }

    /// The organisation a subscription belongs to.
    pub fn tenant_of(&self, subscription: &SubscriptionId) -> Option<&TenantId> {
        Some(&self.resources.subscriptions.get(subscription)?.tenant)
    }

    /// The subscription with this short name or GUID.
    pub fn subscription(&self, id: &SubscriptionId) -> Result<&Subscription, Refusal> {
        self.resources.subscriptions.get(id).ok_or_else(|| {
            let near = nearest(
                id.as_str(),
                self.resources
                    .subscriptions
                    .keys()
                    .map(SubscriptionId::as_str),
            );
            let mut refusal = errors::ARM_04
                .says(format!("There is no subscription {id}."))
                .target("subscription")
                .remedy(did_you_mean(near, "Name a subscription of this world."));
            refusal.code = "SubscriptionNotFound".to_owned();
            refusal
        })
    }

    /// The resource with this id.
    pub fn resource(&self, id: &ResourceId) -> Result<&Arc<Resource>, Refusal> {
        self.resources.resources.get(id).ok_or_else(|| {
            let near = nearest(
                id.as_str(),
                self.resources.resources.keys().map(ResourceId::as_str),
            );
            errors::ARM_04
                .says(format!("There is no resource {id}."))
                .target("resource")
                .remedy(did_you_mean(
                    near,
                    "Write subscription/resource-group/name.",
                ))
        })
    }

    /// The resource a person means by its full id, its ARM path, `group/name` or just its name, within a
    /// subscription when one is given. More than one match is refused with all of them.
    pub fn find_resource(
        &self,
        subscription: Option<&SubscriptionId>,
        text: &str,
    ) -> Result<ResourceId, Refusal> {
        let exact = ResourceId::from(text);
        if self.resources.resources.contains_key(&exact) {
            return Ok(exact);
        }
        let hits: Vec<&Arc<Resource>> = self
            .resources
            .resources
            .values()
            .filter(|r| subscription.is_none_or(|s| *s == r.subscription))
            .filter(|r| {
                r.name.eq_ignore_ascii_case(text)
                    || text.split_once('/').is_some_and(|(g, n)| {
                        r.group.eq_ignore_ascii_case(g) && r.name.eq_ignore_ascii_case(n)
                    })
                    || (text.starts_with('/') && self.arm_id(r).eq_ignore_ascii_case(text))
            })
            .collect();
        let here = self
            .resources
            .resources
            .values()
            .filter(|r| subscription.is_none_or(|s| *s == r.subscription));
        the_one(&Named {
            text,
            hits: hits.iter().map(|r| &r.id).collect(),
            nouns: "resources",
            target: "resource",
            missing: errors::ARM_04.says(format!("There is no resource {}.", scrub(text))),
            nearest: nearest(text, here.map(|r| &*r.name)),
            otherwise: "Write subscription/resource-group/name.",
        })
    }

    /// GUID of a subscription on the wire.
    pub fn subscription_guid(&self, id: &SubscriptionId) -> String {
        random::guid_of(self.seed, "subscription", id.as_str())
    }

    /// The ARM path of a resource.
    pub fn arm_id(&self, resource: &Resource) -> String {
        format!(
            "/subscriptions/{}/resourceGroups/{}/providers/{}/{}",
            self.subscription_guid(&resource.subscription),
            resource.group,
            resource.kind.arm_type(),
            resource.name
        )
    }
}
