//! What keys and clusters cost: an unwrap through the vault's door beside the bare library, time passing over
//! thousands of linked workspaces, and saying no. One table, one run:
//! `cargo bench --bench keys` (`-- --quick` for a small one).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench fails by panicking"
)]

#[path = "../tests/support/keyed.rs"]
#[allow(dead_code, reason = "shared with tests")]
mod keyed;
#[path = "../tests/support/tiny.rs"]
#[allow(dead_code, reason = "shared with tests")]
mod tiny;

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey,
};
use imbl::OrdSet;
use lockbox::engine::cluster::{self, Body, KeyProperties, link};
use lockbox::engine::ids::{KeyName, ResourceId, VaultName};
use lockbox::engine::people::{self, Assignment, Principal, Role, Scope};
use lockbox::engine::resources::{self, Resource, ResourceKind, Subscription};
use lockbox::engine::vault::access_policy::{CLUSTER_NEEDS, Caller};
use lockbox::engine::vault::key::{Attributes, KeyOperation, KeyType};
use lockbox::engine::vault::{self, access_policy, key};
use lockbox::engine::{self, Actor, Command, SimTime, Span, World};
use lockbox::runtime::{Host, KeyReply, ManualWall};

struct Size {
    unwraps: u32,
    subscriptions: u32,
    workspaces: u32,
    refusals: u32,
}

fn main() {
    let quick = std::env::args().any(|a| a == "--quick");
    let size = if quick {
        Size {
            unwraps: 200,
            subscriptions: 2,
            workspaces: 50,
            refusals: 20_000,
        }
    } else {
        Size {
            unwraps: 4_000,
            subscriptions: 10,
            workspaces: 1_000,
            refusals: 500_000,
        }
    };
    println!("{:<66} {:>14}  aim", "", "");
    door(&size);
    refusals(&size);
    time(&size);
}

fn row(what: &str, figure: impl std::fmt::Display, aim: &str) {
    println!("{what:<66} {figure:>14}  {aim}");
}

fn per_second(count: u32, took: Duration) -> String {
    format!("{:.0}", f64::from(count) / took.as_secs_f64())
}

fn act(world: &mut World, actor: &Actor, command: impl Into<Command>) {
    *world = engine::draft(world, world.now, actor, &command.into())
        .unwrap()
        .world;
}

/// Lets time pass, one transaction per due instant, as the host does. Gives the number of events.
fn wait(world: &mut World, until: SimTime) -> u64 {
    let before = world.revision.0;
    while let Some(at) = engine::due(world).filter(|at| *at <= until) {
        *world = engine::draft(world, at, &Actor::Time, &Command::Elapse)
            .unwrap()
            .world;
    }
    world.revision.0 - before
}

fn tiny_world() -> World {
    let mut world = World::default();
    for (at, actor, command) in tiny::tiny_steps() {
        world = engine::draft(&world, at, &actor, &command).unwrap().world;
    }
    world
}

fn resource(subscription: &str, name: &str, kind: ResourceKind) -> Resource {
    Resource {
        id: Resource::id_for(&subscription.into(), "rg", name),
        subscription: subscription.into(),
        group: "rg".into(),
        name: name.into(),
        kind,
        location: "koreacentral".into(),
        encrypted_in_transit: false,
        events_to: None,
    }
}

/// Unwraps by a person: put on the record, and really done.
fn door(size: &Size) {
    let plain = [7; 32];
    let library = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
    let wrapping = OaepPublicEncryptingKey::new(library.public_key()).unwrap();
    let unwrapping = OaepPrivateDecryptingKey::new(library).unwrap();
    let mut wrapped = vec![0; wrapping.ciphertext_size()];
    wrapping
        .encrypt(&OAEP_SHA256_MGF1SHA256, &plain, &mut wrapped, None)
        .unwrap();
    let mut out = vec![0; unwrapping.min_output_size()];
    let mut bare = || {
        black_box(unwrapping.decrypt(&OAEP_SHA256_MGF1SHA256, &wrapped, &mut out, None)).unwrap();
    };

    let dir = tempfile::tempdir_in(".").unwrap();
    let wall = || Box::new(ManualWall::default());
    let mut memory = Host::memory(tiny::tiny_world(), wall()).unwrap();
    let mut durable = Host::open_at(dir.path(), None, || Ok(tiny::tiny_world()), wall()).unwrap();
    let ready = |host: &mut Host| {
        keyed::make_vault(host, keyed::VAULT, true);
        let key = keyed::make_key(host, keyed::VAULT, "kek");
        let wrap = keyed::call(&key, KeyOperation::WrapKey);
        let KeyReply::Wrapped { value, .. } =
            keyed::use_key(host, "minji.kim", wrap, &plain).unwrap()
        else {
            unreachable!()
        };
        (keyed::call(&key, KeyOperation::UnwrapKey), value)
    };
    let (with_memory, with_durable) = (ready(&mut memory), ready(&mut durable));
    let unwrap = |host: &mut Host, (call, value): &(key::Use, Vec<u8>)| {
        black_box(keyed::use_key(host, "minji.kim", call.clone(), value)).unwrap();
    };

    // By turns, so that a busy machine is busy for all of them.
    let mut took = [Duration::ZERO; 3];
    let mut clock = |which: usize, act: &mut dyn FnMut()| {
        let start = Instant::now();
        act();
        took[which] += start.elapsed();
    };
    for _ in 0..size.unwraps {
        clock(0, &mut bare);
        clock(1, &mut || unwrap(&mut memory, &with_memory));
        clock(2, &mut || unwrap(&mut durable, &with_durable));
    }
    let ratio = |of: Duration| format!("{:.2}", took[0].as_secs_f64() / of.as_secs_f64());
    row(
        "unwraps per second, bare library (RSA 2048, OAEP-256)",
        per_second(size.unwraps, took[0]),
        "",
    );
    row(
        "                    through the vault's door, journal in memory",
        per_second(size.unwraps, took[1]),
        "",
    );
    row("                    ratio", ratio(took[1]), ">= 0.9");
    row(
        "                    through the vault's door, durable journal",
        per_second(size.unwraps, took[2]),
        "",
    );
    row("                    ratio", ratio(took[2]), "");
}

/// A vault with a key, in every subscription two clusters that use it, and their workspaces linked.
fn crowded(size: &Size) -> World {
    let mut world = tiny_world();
    let sim = Actor::Simulator;
    let owner = tiny::person("minji.kim");
    for n in 0..size.subscriptions {
        let id = format!("s{n}");
        act(
            &mut world,
            &sim,
            resources::Command::AddSubscription(Subscription {
                id: id.as_str().into(),
                name: id.as_str().into(),
                tenant: "contoso".into(),
                management_group: None,
            }),
        );
        let group = resources::Command::AddGroup {
            subscription: id.as_str().into(),
            name: "rg".into(),
        };
        act(&mut world, &sim, group);
        let assign = people::Command::Assign(Assignment {
            scope: Scope::Subscription(id.as_str().into()),
            principal: Principal::Person("minji.kim".into()),
            role: Role::Owner,
        });
        act(&mut world, &sim, assign);
        let (vault, key) = (VaultName::new(&format!("kv-{n}")), KeyName::from("kek"));
        let create = vault::Command::Create(vault::Create {
            subscription: id.as_str().into(),
            group: "rg".into(),
            name: vault.0.clone(),
            location: "koreacentral".into(),
            sku: vault::Sku::Standard,
            soft_delete: true,
            purge_protection: true,
            retention: None,
        });
        act(&mut world, &owner, create);
        let create = key::Command::Create {
            vault: vault.clone(),
            key: key.clone(),
            kty: KeyType::Rsa,
            size: 2048,
            attributes: Attributes::default(),
        };
        act(&mut world, &owner, create);
        for c in 0..2 {
            let cluster = resource(&id, &format!("cluster{c}"), ResourceKind::Cluster);
            let cluster_id = cluster.id.clone();
            act(&mut world, &sim, resources::Command::Add(cluster));
            let identity = world.clusters[&cluster_id].identity;
            let grant = access_policy::Command::Set {
                vault: vault.clone(),
                principal: Caller::Identity(identity),
                keys: OrdSet::from_iter(CLUSTER_NEEDS),
            };
            act(&mut world, &owner, grant);
            set_key(&mut world, &cluster_id, &vault, &key);
            for w in 0..size.workspaces {
                let workspace = resource(&id, &format!("ws-{c}-{w}"), ResourceKind::Workspace);
                let workspace_id = workspace.id.clone();
                act(&mut world, &sim, resources::Command::Add(workspace));
                let attach = link::Command::Attach {
                    workspace: workspace_id,
                    cluster: cluster_id.clone(),
                };
                act(&mut world, &sim, attach);
            }
        }
    }
    let soon = world.now + Span::hours(1);
    wait(&mut world, soon);
    world
}

fn set_key(world: &mut World, cluster: &ResourceId, vault: &VaultName, key: &KeyName) {
    let version = world.vaults[vault].keys[key].current().unwrap().id.clone();
    let body = Body {
        key: Some(KeyProperties {
            key_vault_uri: Some(vault::uri(vault).into()),
            key_name: Some(key.0.clone()),
            key_version: Some(version.0),
        }),
        ..Body::default()
    };
    let command = cluster::Command::Patch {
        cluster: cluster.clone(),
        body,
    };
    act(world, &tiny::person("minji.kim"), command);
}

/// 90 days pass: quiet ones, and ones in which every cluster's key is rotated each week. What storage polled
/// meanwhile is no event and costs nothing.
fn time(size: &Size) {
    let world = crowded(size);
    let clusters = world.clusters.len();
    let accounts: usize = world.clusters.values().map(|c| c.accounts.len()).sum();
    let polls = Span::days(90).0 / ((world.rules.poll_min.0 + world.rules.poll_max.0) / 2)
        * i64::try_from(accounts).unwrap();
    row(
        &format!(
            "the world: clusters / linked workspaces in {} subscriptions",
            size.subscriptions
        ),
        format!("{clusters} / {}", world.workspaces.len()),
        "",
    );
    row(
        "polls of storage in 90 days (computed, never made)",
        polls,
        "",
    );

    let mut quiet = world.clone();
    let end = quiet.now + Span::days(90);
    let start = Instant::now();
    let events = wait(&mut quiet, end);
    row("90 quiet days: events", events, "");
    row(
        "               microseconds",
        start.elapsed().as_micros(),
        "by events only",
    );

    for weeks in [1_i64, 12] {
        let mut busy = world.clone();
        let begin = busy.revision.0;
        let (from, end) = (busy.now, busy.now + Span::days(90));
        let start = Instant::now();
        for week in 0..weeks {
            wait(&mut busy, from + Span::days(7 * week));
            busy.now = from + Span::days(7 * week);
            rotate(&mut busy);
        }
        wait(&mut busy, end);
        let took = start.elapsed();
        let events = busy.revision.0 - begin;
        row(
            &format!("90 days with {weeks} rotation(s) of every cluster: events"),
            events,
            "",
        );
        row("               milliseconds", took.as_millis(), "");
        row(
            "               microseconds an event",
            format!("{:.1}", took.as_secs_f64() * 1e6 / events as f64),
            "the same",
        );
    }
}

fn rotate(world: &mut World) {
    let owner = tiny::person("minji.kim");
    let used: Vec<(ResourceId, VaultName, KeyName)> = world
        .clusters
        .values()
        .map(|c| {
            let key = c.key.clone().unwrap();
            (c.id.clone(), key.vault, key.key)
        })
        .collect();
    let keys: OrdSet<(VaultName, KeyName)> = used
        .iter()
        .map(|(_, v, k)| (v.clone(), k.clone()))
        .collect();
    for (vault, key) in keys {
        act(world, &owner, key::Command::NewVersion { vault, key });
    }
    for (cluster, vault, key) in used {
        set_key(world, &cluster, &vault, &key);
    }
}

/// How fast the world says no: what key bars and forms ask for on every key.
fn refusals(size: &Size) {
    let world = crowded(&Size {
        unwraps: 0,
        subscriptions: 2,
        workspaces: 50,
        refusals: 0,
    });
    let owner = tiny::person("minji.kim");
    let cluster = ResourceId::from("s0/rg/cluster0");
    let commands: [(&str, Command); 3] = [
        (
            "capacity out of range",
            cluster::Command::Patch {
                cluster: cluster.clone(),
                body: Body {
                    sku: Some(cluster::Sku {
                        name: Some(cluster::SKU.into()),
                        capacity: Some(1_050),
                    }),
                    ..Body::default()
                },
            }
            .into(),
        ),
        (
            "key of a vault without a policy",
            cluster::Command::Patch {
                cluster: cluster.clone(),
                body: Body {
                    key: Some(KeyProperties {
                        key_vault_uri: Some("https://kv-1.vault.azure.net".into()),
                        key_name: Some("kek".into()),
                        key_version: Some("0".repeat(32).into()),
                    }),
                    ..Body::default()
                },
            }
            .into(),
        ),
        (
            "link of a linked workspace",
            link::Command::Link {
                workspace: "s0/rg/ws-0-0".into(),
                cluster: "s0/rg/cluster1".into(),
            }
            .into(),
        ),
    ];
    for (what, command) in &commands {
        let start = Instant::now();
        for _ in 0..size.refusals {
            let refusal = engine::decide(&world, world.now, &owner, black_box(command));
            black_box(refusal.unwrap_err());
        }
        row(
            &format!("refusals per second: {what}"),
            per_second(size.refusals, start.elapsed()),
            "",
        );
    }
}
