//! A stage with vaults, keys, clusters and workspaces in every state the blades show differently.

use imbl::{OrdSet, Vector};
use lockbox::engine::cluster::{self, KeyProperties, Sku, link, support};
use lockbox::engine::ids::{ResourceId, VaultName};
use lockbox::engine::vault::access_policy::{self, Caller, KeyPermission};
use lockbox::engine::vault::key::{self, Attributes, KeyIdentifier, KeyType};
use lockbox::engine::vault::{self, network};
use lockbox::engine::workspace::{self, linked_storage, saved_search};
use lockbox::engine::{Actor, Command, Span};

use crate::scene::HOSTILE;
use crate::stage::{Stage, person};

/// A key of a vault at its current version.
fn current(stage: &Stage, vault: &str, key: &str) -> KeyIdentifier {
    let found =
        &stage.world.vaults[&VaultName::new(vault)].keys[&lockbox::engine::ids::KeyName::from(key)];
    KeyIdentifier {
        vault: VaultName::new(vault),
        key: key.into(),
        version: found.current().unwrap().id.clone(),
    }
}

/// Steps by Ann, who owns everything of Contoso.
trait Ann {
    fn ann(&mut self, command: impl Into<Command>);
    fn vault(&mut self, name: &str, purge_protection: bool);
    fn key(&mut self, vault: &str, key: &str);
    fn cluster(&mut self, name: &str, location: &str);
    fn grant(&mut self, vault: &str, cluster: &str);
    fn set_key(&mut self, cluster: &str, key: &KeyIdentifier);
    fn workspace(&mut self, name: &str);
    fn link(&mut self, workspace: &str, cluster: &str);
    fn enable(&mut self, key: &KeyIdentifier, enabled: bool);
}

impl Ann for Stage {
    fn ann(&mut self, command: impl Into<Command>) {
        self.act(&person("ann"), command).unwrap();
    }

    fn vault(&mut self, name: &str, purge_protection: bool) {
        self.ann(vault::Command::Create(vault::Create {
            subscription: "c".into(),
            group: "data".into(),
            name: name.into(),
            location: "koreacentral".into(),
            sku: vault::Sku::Premium,
            soft_delete: true,
            purge_protection,
            retention: None,
        }));
    }

    fn key(&mut self, vault: &str, key: &str) {
        self.ann(key::Command::Create {
            vault: VaultName::new(vault),
            key: key.into(),
            kty: KeyType::Rsa,
            size: 3072,
            attributes: Attributes::default(),
        });
    }

    fn cluster(&mut self, name: &str, location: &str) {
        self.ann(cluster::Command::Put {
            subscription: "c".into(),
            group: "data".into(),
            name: name.into(),
            body: cluster::Body {
                location: Some(location.into()),
                sku: Some(Sku {
                    name: Some(cluster::SKU.into()),
                    capacity: Some(1_000),
                }),
                identity: Some(cluster::IDENTITY.into()),
                ..cluster::Body::default()
            },
        });
    }

    fn grant(&mut self, vault: &str, cluster: &str) {
        let identity = self.world.clusters[&ResourceId::from(cluster)].identity;
        self.ann(access_policy::Command::Set {
            vault: VaultName::new(vault),
            principal: Caller::Identity(identity),
            keys: OrdSet::from_iter([
                KeyPermission::Get,
                KeyPermission::WrapKey,
                KeyPermission::UnwrapKey,
            ]),
        });
    }

    fn set_key(&mut self, cluster: &str, key: &KeyIdentifier) {
        self.ann(cluster::Command::Patch {
            cluster: cluster.into(),
            body: cluster::Body {
                key: Some(KeyProperties::from(key)),
                ..cluster::Body::default()
            },
        });
    }

    fn workspace(&mut self, name: &str) {
        self.ann(workspace::Command::Put {
            subscription: "c".into(),
            group: "data".into(),
            name: name.into(),
            location: Some("koreacentral".into()),
            sku: None,
            retention: None,
        });
    }

    fn link(&mut self, workspace: &str, cluster: &str) {
        self.ann(link::Command::Link {
            workspace: workspace.into(),
            cluster: cluster.into(),
        });
    }

    fn enable(&mut self, key: &KeyIdentifier, enabled: bool) {
        self.ann(key::Command::SetAttributes {
            vault: key.vault.clone(),
            key: key.key.clone(),
            version: Some(key.version.clone()),
            attributes: Attributes {
                enabled: Some(enabled),
                ..Attributes::default()
            },
        });
    }
}

/// Two vaults of which one is not recoverable, a key with two versions, a cluster under the first of them with
/// two workspaces and a third on its way, a cluster that was cut off, one being built, one deleted; a storage
/// account under a key of its own that keeps a search.
pub fn keys() -> Stage {
    furnished(Stage::new())
}

/// The same on a stage where something else happened before.
pub fn furnished(mut stage: Stage) -> Stage {
    let allow = support::Command::AllowSubscription {
        subscription: "c".into(),
        region: None,
    };
    stage.act(&person("sue"), allow).unwrap();
    stage.vault("kv-prod", true);
    stage.vault("kv-lab", false);
    stage.key("kv-prod", "data-key");
    stage.key("kv-prod", "lab-key");
    stage.key("kv-lab", "scratch");
    stage.key("kv-prod", "storage-key");
    stage.key("kv-prod", "storage-key-old");
    let first = current(&stage, "kv-prod", "data-key");
    let lab = current(&stage, "kv-prod", "lab-key");
    let own = current(&stage, "kv-prod", "storage-key");
    stage.cluster("clprod", "koreacentral");
    stage.cluster("clold", "koreasouth");
    for name in ["ws-audit", "ws-shop", "ws-late"] {
        stage.workspace(name);
    }
    stage.wait(Span::minutes(61));
    stage.grant("kv-prod", "c/data/clprod");
    stage.grant("kv-prod", "c/web/log-analytics-cluster");
    stage.set_key("c/data/clprod", &first);
    stage.set_key("c/web/log-analytics-cluster", &lab);
    stage.wait(Span::minutes(6));
    for name in ["c/data/ws-audit", "c/data/ws-shop"] {
        stage.link(name, "c/data/clprod");
    }
    stage.wait(Span::minutes(95));
    stage.key("kv-prod", "data-key");
    stage.enable(&lab, false);
    stage.ann(cluster::Command::Delete {
        cluster: "c/data/clold".into(),
    });
    let account = stage.world.storage_accounts[&ResourceId::from("c/web/storage-account")].clone();
    stage.ann(access_policy::Command::Set {
        vault: VaultName::new("kv-prod"),
        principal: Caller::Identity(account.identity),
        keys: OrdSet::from_iter([
            KeyPermission::Get,
            KeyPermission::WrapKey,
            KeyPermission::UnwrapKey,
        ]),
    });
    stage.ann(linked_storage::Command::SetKey {
        account: account.id.clone(),
        key: Some(own),
    });
    stage.ann(linked_storage::Command::Link {
        workspace: "c/data/ws-shop".into(),
        source: linked_storage::DataSource::Query,
        accounts: Vector::unit(account.id.clone()),
    });
    for (kind, name, query) in [
        (
            saved_search::Kind::Search,
            "slow",
            "requests | where duration > 5s",
        ),
        (saved_search::Kind::Alert, "errors", HOSTILE),
    ] {
        stage.ann(saved_search::Command::Save {
            workspace: "c/data/ws-shop".into(),
            kind,
            name: name.into(),
            category: "shop".into(),
            display_name: "느린 요청".into(),
            query: query.into(),
        });
    }
    stage.ann(key::Command::Delete {
        vault: VaultName::new("kv-prod"),
        key: "storage-key-old".into(),
    });
    stage.wait(Span::minutes(70));
    let outage = network::Command::Inject {
        vault: VaultName::new("kv-lab"),
        kind: network::FaultKind::Outage,
        length: Span::minutes(35),
    };
    stage.act(&Actor::Simulator, outage).unwrap();
    stage.cluster("clnew", "koreasouth");
    stage.link("c/data/ws-late", "c/data/clprod");
    stage.wait(Span::minutes(25));
    stage
}

/// One vault of Fabrikam's with one key of one version, its cluster under that key, and one saved search.
pub fn own(mut stage: Stage) -> Stage {
    let fay = person("fay");
    let mut act = |command: Command| {
        stage.act(&fay, command).unwrap();
        stage.wait(Span::minutes(5));
    };
    act(vault::Command::Create(vault::Create {
        subscription: "f".into(),
        group: "data".into(),
        name: "kv-one".into(),
        location: "koreacentral".into(),
        sku: vault::Sku::Premium,
        soft_delete: true,
        purge_protection: true,
        retention: None,
    })
    .into());
    act(key::Command::Create {
        vault: VaultName::new("kv-one"),
        key: "only-key".into(),
        kty: KeyType::Rsa,
        size: 3072,
        attributes: Attributes::default(),
    }
    .into());
    act(saved_search::Command::Save {
        workspace: "f/web/log-analytics-workspace".into(),
        kind: saved_search::Kind::Search,
        name: "slow".into(),
        category: "shop".into(),
        display_name: "Slow requests".into(),
        query: "requests | where duration > 5s".into(),
    }
    .into());
    let id = ResourceId::from("f/web/log-analytics-cluster");
    let identity = stage.world.clusters[&id].identity;
    let grant = access_policy::Command::Set {
        vault: VaultName::new("kv-one"),
        principal: Caller::Identity(identity),
        keys: OrdSet::from_iter([
            KeyPermission::Get,
            KeyPermission::WrapKey,
            KeyPermission::UnwrapKey,
        ]),
    };
    stage.act(&fay, grant).unwrap();
    let set = cluster::Command::Patch {
        cluster: id,
        body: cluster::Body {
            key: Some(KeyProperties::from(&current(&stage, "kv-one", "only-key"))),
            ..cluster::Body::default()
        },
    };
    stage.act(&fay, set).unwrap();
    stage.wait(Span::minutes(6));
    stage
}

/// More of everything than fits on a screen.
pub fn crowd(mut stage: Stage) -> Stage {
    for n in 0..45 {
        stage.vault(&format!("kv-team-{n:02}"), n % 7 > 0);
        stage.key("kv-prod", &format!("service-key-{n:02}"));
        let workspace = format!("ws-team-{n:02}");
        stage.workspace(&workspace);
        stage.link(&format!("c/data/{workspace}"), "c/data/clprod");
        stage.wait(Span::minutes(7));
    }
    stage
}
