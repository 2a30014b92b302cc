//! A stage for keys: on the small stage, a region of its own with nothing in it yet, and the steps of the
//! provisioning walk as ordinary commands. Ann does what nobody else is named for.

use imbl::OrdSet;
use lockbox::engine::cluster::operation::Operation;
use lockbox::engine::cluster::{
    self, Body, Cluster, IDENTITY, KeyProperties, SKU, Sku, encryption::Encryption, link, support,
};
use lockbox::engine::ids::{KeyName, OperationId, ResourceId, VaultName};
use lockbox::engine::ingestion::route::Route;
use lockbox::engine::people::{self, Assignment, Person, Principal, Role, Scope, Side};
use lockbox::engine::resources::{self, Resource, ResourceKind, Subscription};
use lockbox::engine::vault::access_policy::{self, CLUSTER_NEEDS, Caller, KeyPermission};
use lockbox::engine::vault::key::{self, Attributes, KeyIdentifier, KeyType};
use lockbox::engine::vault::network::{self, FaultKind};
use lockbox::engine::workspace::Workspace;
use lockbox::engine::{
    Actor, Command, Event, Refusal, SimTime, Span, World, digest, errors, evolve, rules, vault,
    workspace,
};

use crate::stage::{Stage, person};

mod encryption;
mod errors_of_clusters;
mod errors_of_vaults;
mod errors_of_workspaces;
mod foresight;
mod laws;
mod permissions;
mod rules_of_clusters;
mod rules_of_vaults;
mod rules_of_workspaces;
mod strangers;

/// Where everything of the key stage stands; the small stage has nothing here.
pub const HERE: &str = "koreasouth";
pub const ELSEWHERE: &str = "japaneast";

/// A cluster under a customer's key, with one workspace linked.
#[derive(Debug, Clone)]
pub struct Ready {
    pub cluster: ResourceId,
    pub workspace: ResourceId,
    pub key: KeyIdentifier,
}

/// The body that creates a cluster.
pub fn good_body() -> Body {
    Body {
        location: Some(HERE.into()),
        sku: Some(sku(1_000)),
        identity: Some(IDENTITY.into()),
        billing: None,
        key: None,
    }
}

pub fn sku(capacity: u64) -> Sku {
    Sku {
        name: Some(SKU.into()),
        capacity: Some(capacity),
    }
}

pub fn put(name: &str, body: Body) -> cluster::Command {
    cluster::Command::Put {
        subscription: "c".into(),
        group: "data".into(),
        name: name.into(),
        body,
    }
}

pub fn patch(cluster: &ResourceId, body: Body) -> cluster::Command {
    cluster::Command::Patch {
        cluster: cluster.clone(),
        body,
    }
}

pub fn capacity(cluster: &ResourceId, capacity: u64) -> cluster::Command {
    patch(
        cluster,
        Body {
            sku: Some(sku(capacity)),
            ..Body::default()
        },
    )
}

pub fn key_update(cluster: &ResourceId, key: &KeyIdentifier) -> cluster::Command {
    patch(cluster, key_body(KeyProperties::from(key)))
}

pub fn key_body(key: KeyProperties) -> Body {
    Body {
        key: Some(key),
        ..Body::default()
    }
}

pub fn enabled(key: &KeyIdentifier, enabled: bool) -> key::Command {
    key::Command::SetAttributes {
        vault: key.vault.clone(),
        key: key.key.clone(),
        version: Some(key.version.clone()),
        attributes: Attributes {
            enabled: Some(enabled),
            ..Attributes::default()
        },
    }
}

pub fn delete(cluster: &ResourceId) -> cluster::Command {
    cluster::Command::Delete {
        cluster: cluster.clone(),
    }
}

pub fn link_to(workspace: &ResourceId, cluster: &ResourceId) -> link::Command {
    link::Command::Link {
        workspace: workspace.clone(),
        cluster: cluster.clone(),
    }
}

pub fn unlink(workspace: &ResourceId) -> link::Command {
    link::Command::Unlink {
        workspace: workspace.clone(),
    }
}

/// A vault of the stage, recoverable.
pub fn vault_here(name: &str) -> vault::Create {
    vault::Create {
        subscription: "c".into(),
        group: "data".into(),
        name: name.into(),
        location: HERE.into(),
        sku: vault::Sku::Premium,
        soft_delete: true,
        purge_protection: true,
        retention: None,
    }
}

pub fn workspace_here(name: &str) -> workspace::Command {
    workspace::Command::Put {
        subscription: "c".into(),
        group: "data".into(),
        name: name.into(),
        location: Some(HERE.into()),
        sku: None,
        retention: None,
    }
}

pub fn id(name: &str) -> ResourceId {
    Resource::id_for(&"c".into(), "data", name)
}

pub fn permissions(list: &[KeyPermission]) -> OrdSet<KeyPermission> {
    list.iter().copied().collect()
}

impl Stage {
    /// The small stage with a second subscription of Contoso (`d`), a Log Analytics Contributor (lac) and
    /// Reader (lar), a Storage Account Contributor (sac), and two storage accounts here, one elsewhere.
    pub fn keys() -> Stage {
        Stage::keys_seeded(7)
    }

    pub fn keys_seeded(seed: u64) -> Stage {
        let mut stage = Stage::seeded(seed);
        let second = Subscription {
            id: "d".into(),
            name: "d".into(),
            tenant: "contoso".into(),
            management_group: None,
        };
        stage.simulate(resources::Command::AddSubscription(second));
        stage.simulate(resources::Command::AddGroup {
            subscription: "d".into(),
            name: "data".into(),
        });
        for (id, role) in [
            ("lac", Role::LogAnalyticsContributor),
            ("lar", Role::LogAnalyticsReader),
            ("sac", Role::StorageAccountContributor),
        ] {
            stage.simulate(people::Command::AddPerson(Person {
                id: id.into(),
                name: id.into(),
                upn: format!("{id}@x.example").into(),
                mail: None,
                side: Side::Customer("contoso".into()),
                isolated_identity: false,
                mfa: true,
            }));
            stage.assign(id, "c", role);
        }
        stage.assign("ann", "d", Role::Owner);
        for (name, location) in [("bag", HERE), ("box", HERE), ("far", ELSEWHERE)] {
            stage.storage_account(name, location);
        }
        stage
    }

    pub fn simulate(&mut self, command: impl Into<Command>) -> Vec<Event> {
        self.act(&Actor::Simulator, command).unwrap()
    }

    pub fn ann(&mut self, command: impl Into<Command>) -> Vec<Event> {
        self.act(&person("ann"), command).unwrap()
    }

    pub fn assign(&mut self, who: &str, subscription: &str, role: Role) {
        self.simulate(people::Command::Assign(Assignment {
            scope: Scope::Subscription(subscription.into()),
            principal: Principal::Person(who.into()),
            role,
        }));
    }

    pub fn storage_account(&mut self, name: &str, location: &str) -> ResourceId {
        self.simulate(resources::Command::Add(Resource {
            id: id(name),
            subscription: "c".into(),
            group: "data".into(),
            name: name.into(),
            kind: ResourceKind::StorageAccount,
            location: location.into(),
            encrypted_in_transit: false,
            events_to: None,
        }));
        id(name)
    }

    pub fn set_rule(&mut self, name: &str, value: &str) {
        self.simulate(rules::Command::Set {
            name: name.into(),
            value: value.into(),
        });
    }

    /// Step 1 of the walk, by the vendor's support.
    pub fn allow(&mut self, subscription: &str) {
        let allow = support::Command::AllowSubscription {
            subscription: subscription.into(),
            region: None,
        };
        self.act(&person("sue"), allow).unwrap();
    }

    /// Step 2: a recoverable vault.
    pub fn vault(&mut self, name: &str) -> VaultName {
        self.ann(vault::Command::Create(vault_here(name)));
        VaultName::new(name)
    }

    /// … and a key in it, or a new version of it.
    pub fn key(&mut self, vault: &VaultName, key: &str) -> KeyIdentifier {
        self.ann(key::Command::Create {
            vault: vault.clone(),
            key: key.into(),
            kty: KeyType::Rsa,
            size: 2_048,
            attributes: Attributes::default(),
        });
        self.current(vault, key)
    }

    pub fn current(&self, vault: &VaultName, key: &str) -> KeyIdentifier {
        let found = &self.world.vaults[vault].keys[&KeyName::from(key)];
        KeyIdentifier {
            vault: vault.clone(),
            key: key.into(),
            version: found.current().unwrap().id.clone(),
        }
    }

    /// Step 3, accepted and not built yet.
    pub fn cluster(&mut self, name: &str) -> ResourceId {
        self.ann(put(name, good_body()));
        id(name)
    }

    /// Step 3, waited for.
    pub fn built(&mut self, name: &str) -> ResourceId {
        let cluster = self.cluster(name);
        self.wait(self.world.rules.cluster_provisioning);
        cluster
    }

    /// Step 4: what the cluster's identity needs.
    pub fn grant(&mut self, cluster: &ResourceId, vault: &VaultName) {
        let identity = self.identity(cluster);
        self.policy(vault, identity, &CLUSTER_NEEDS);
    }

    pub fn policy(&mut self, vault: &VaultName, principal: Caller, keys: &[KeyPermission]) {
        self.ann(access_policy::Command::Set {
            vault: vault.clone(),
            principal,
            keys: permissions(keys),
        });
    }

    pub fn revoke_policy(&mut self, ready: &Ready) {
        let principal = self.identity(&ready.cluster);
        self.ann(access_policy::Command::Delete {
            vault: ready.key.vault.clone(),
            principal,
        });
    }

    pub fn enable(&mut self, key: &KeyIdentifier, enabled: bool) {
        self.ann(self::enabled(key, enabled));
    }

    /// Step 5, waited for.
    pub fn set_key(&mut self, cluster: &ResourceId, key: &KeyIdentifier) {
        self.ann(key_update(cluster, key));
        self.wait(self.world.rules.key_propagation);
    }

    pub fn workspace(&mut self, name: &str) -> ResourceId {
        self.ann(workspace_here(name));
        id(name)
    }

    /// Step 6, waited for.
    pub fn link(&mut self, workspace: &ResourceId, cluster: &ResourceId) {
        self.ann(link_to(workspace, cluster));
        self.wait(self.world.rules.link_duration);
    }

    /// The whole walk (R-CMK-17), after which nothing is waited for.
    pub fn ready(&mut self) -> Ready {
        self.allow("c");
        let vault = self.vault("safe");
        let key = self.key(&vault, "kek");
        let cluster = self.built("lac");
        self.grant(&cluster, &vault);
        self.set_key(&cluster, &key);
        let workspace = self.workspace("logs");
        self.link(&workspace, &cluster);
        Ready {
            cluster,
            workspace,
            key,
        }
    }

    pub fn at(&self, cluster: &ResourceId) -> &Cluster {
        &self.world.clusters[cluster]
    }

    pub fn encryption(&self, cluster: &ResourceId) -> Encryption {
        self.at(cluster).protection.state.clone()
    }

    pub fn identity(&self, cluster: &ResourceId) -> Caller {
        Caller::Identity(self.at(cluster).identity)
    }

    pub fn space(&self, workspace: &ResourceId) -> &Workspace {
        &self.world.workspaces[workspace]
    }

    pub fn route(&self, workspace: &ResourceId) -> Route {
        self.world.route(workspace).unwrap()
    }

    pub fn readable(&self, workspace: &ResourceId) -> bool {
        self.world.readable(self.now, workspace).is_ok()
    }

    /// The operation begun last.
    pub fn last_operation(&self) -> &Operation {
        &self.world.operations.get_max().unwrap().1
    }

    pub fn operation(&self, id: OperationId) -> &Operation {
        &self.world.operations[&id]
    }

    pub fn fault(&mut self, vault: &VaultName, kind: FaultKind, length: Span) {
        self.simulate(network::Command::Inject {
            vault: vault.clone(),
            kind,
            length,
        });
    }

    /// The process ends and begins again: the world is read back from its journal, and is the same.
    pub fn restart(&mut self) {
        let bytes = serde_json::to_vec(&self.journal).unwrap();
        let journal: Vec<Event> = serde_json::from_slice(&bytes).unwrap();
        let mut world = World::default();
        for event in &journal {
            evolve(&mut world, event);
        }
        assert_eq!(world.timers, self.world.timers, "what waits is in the fold");
        assert_eq!(digest(&world), digest(&self.world));
        self.world = world;
        self.journal = journal;
    }

    /// Waits until an instant.
    pub fn until(&mut self, at: SimTime) {
        assert!(at >= self.now, "{at} has passed");
        self.now = at;
        self.elapse();
    }
}

/// Refused as the catalogue says, at the named target, with a remedy, and without a trace: the world is
/// identical to the byte and the journal as long as before.
pub fn refused(
    stage: &mut Stage,
    who: &str,
    command: impl Into<Command>,
    expected: &errors::ErrorDef,
    target: &str,
) -> Refusal {
    let actor = match who {
        "simulator" => Actor::Simulator,
        who => person(who),
    };
    stage.elapse();
    let (before, journal) = (digest(&stage.world), stage.journal.len());
    let refusal = stage.act(&actor, command).unwrap_err();
    assert_eq!(
        (digest(&stage.world), stage.journal.len()),
        (before, journal),
        "a refusal leaves no trace: {refusal:?}"
    );
    is(&refusal, expected, target);
    refusal
}

/// The fields of a refusal.
pub fn is(refusal: &Refusal, expected: &errors::ErrorDef, target: &str) {
    assert_eq!(refusal.id, expected.id, "{refusal:?}");
    assert_eq!(refusal.status, expected.status, "{refusal:?}");
    // E-CU-08 stands for the capacity errors of the create, with their codes.
    if expected.id != errors::CU_08.id {
        assert_eq!(refusal.code, expected.code, "{refusal:?}");
    }
    assert_eq!(
        refusal.target.as_deref().unwrap_or_default(),
        target,
        "{refusal:?}"
    );
    assert!(
        !refusal.message.is_empty() && !refusal.remedy.is_empty() && !refusal.rule.is_empty(),
        "{refusal:?}"
    );
}

/// As [`refused`], where time alone cures it: the same answer up to the last microsecond before
/// `allowed_from`, and a yes from that instant on.
pub fn refused_until(
    stage: &mut Stage,
    who: &str,
    command: impl Into<Command>,
    expected: &errors::ErrorDef,
    target: &str,
) -> SimTime {
    let command = command.into();
    let refusal = refused(stage, who, command.clone(), expected, target);
    let at = refusal
        .allowed_from
        .unwrap_or_else(|| panic!("time cures it: {refusal:?}"));
    assert!(at > stage.now);
    let mut later = stage.clone();
    later.until(at - Span::micros(1));
    let still = refused(&mut later, who, command.clone(), expected, target);
    assert_eq!(still.allowed_from, Some(at));
    later.until(at);
    later
        .act(&person(who), command)
        .unwrap_or_else(|no| panic!("{} is promised from {at}: {no:?}", expected.id));
    at
}

/// As [`refused`], where time cures nothing.
pub fn refused_for_good(
    stage: &mut Stage,
    who: &str,
    command: impl Into<Command>,
    expected: &errors::ErrorDef,
    target: &str,
) -> Refusal {
    let refusal = refused(stage, who, command, expected, target);
    assert_eq!(refusal.allowed_from, None, "{refusal:?}");
    refusal
}
