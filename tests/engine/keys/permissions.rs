//! Who may do what (`domain.md` b.3): the whole matrix, one cell after another, through `decide` and `ask`.

use imbl::Vector;
use lockbox::engine::ids::GroupId;
use lockbox::engine::lockbox::{request, ticket};
use lockbox::engine::people::{Action, Group, MATRIX, VendorRole, carries};
use lockbox::engine::vault::access_policy;
use lockbox::engine::vault::key::{KeyOperation, Use};
use lockbox::engine::workspace::linked_storage::{self, DataSource};
use lockbox::engine::workspace::saved_search::Kind;
use lockbox::engine::{Query, ask, decide};

use super::errors_of_workspaces::{save, storage, unlink_storage};
use super::*;
use crate::stage::opening;

/// A stage on which nobody's right is all that is missing for any of these: a cluster under a key with one
/// workspace linked, a second cluster without links, a deleted vault, and a workspace with storage linked.
fn set() -> (Stage, Ready, lockbox::engine::ids::RequestId) {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let idle = stage.built("idle");
    stage.grant(&idle, &ready.key.vault);
    stage.workspace("free");
    stage.workspace("kept");
    stage.ann(storage(&id("kept"), DataSource::Query, &["bag"]));
    stage.ann(save(&id("kept"), Kind::Alert, "old"));
    stage.ann(vault::Command::Create(vault::Create {
        purge_protection: false,
        ..vault_here("dead")
    }));
    stage.ann(vault::Command::Delete {
        vault: "dead".into(),
    });
    let request = stage.pending();
    (stage, ready, request)
}

/// The columns of b.3, and who holds each role on subscription `c`. One of each stands alone.
const COLUMNS: [(&str, Role); 7] = [
    ("ann", Role::Owner),
    ("con", Role::Contributor),
    ("lac", Role::LogAnalyticsContributor),
    ("rea", Role::Reader),
    ("lar", Role::LogAnalyticsReader),
    ("kvc", Role::KeyVaultContributor),
    ("sac", Role::StorageAccountContributor),
];

#[test]
fn r_perm_02_03_04_05_08_the_matrix_of_who_may_do_what() {
    let (stage, ready, request) = set();
    let cluster = || ready.cluster.clone();
    let vault = || ready.key.vault.clone();
    let name = |n: &str| VaultName::from(n);
    let capacity = capacity(&cluster(), 2_000);
    let kept = id("kept");
    // Owner, Contributor, Log Analytics Contributor, Reader, Log Analytics Reader, Key Vault Contributor,
    // Storage Account Contributor.
    let commands: Vec<(&str, &str, Command)> = vec![
        (
            "open a ticket",
            "xxx.xxx",
            ticket::Command::Open(opening("c")).into(),
        ),
        (
            "decide a request",
            "x......",
            request::Command::Decide {
                request,
                approve: true,
                reason: "r".into(),
            }
            .into(),
        ),
        (
            "create a cluster",
            "xxx....",
            put("lac", good_body()).into(),
        ),
        ("update a cluster", "xxx....", capacity.into()),
        (
            "set its key",
            "xxx....",
            key_update(&id("idle"), &ready.key).into(),
        ),
        ("delete a cluster", "xxx....", delete(&id("idle")).into()),
        ("link", "xxx....", link_to(&id("free"), &cluster()).into()),
        ("unlink", "xxx....", unlink(&ready.workspace).into()),
        (
            "create a workspace",
            "xxx....",
            workspace_here("fresh").into(),
        ),
        (
            "delete a workspace",
            "xxx....",
            workspace::Command::Delete {
                workspace: id("free"),
                force: false,
            }
            .into(),
        ),
        (
            "save a search",
            "xxx....",
            save(&id("free"), Kind::Search, "s").into(),
        ),
        (
            "delete a query",
            "xxx....",
            lockbox::engine::workspace::saved_search::Command::Delete {
                workspace: kept.clone(),
                kind: Kind::Alert,
                name: "old".into(),
            }
            .into(),
        ),
        // R-PERM-05: write on both, which Log Analytics Contributor has not.
        (
            "link storage",
            "xx.....",
            storage(&id("free"), DataSource::Alerts, &["bag"]).into(),
        ),
        (
            "unlink storage",
            "xx.....",
            unlink_storage(&kept, DataSource::Query).into(),
        ),
        (
            "key of a storage account",
            "xx....x",
            linked_storage::Command::SetKey {
                account: id("bag"),
                key: None,
            }
            .into(),
        ),
        (
            "create a vault",
            "xx...x.",
            vault::Command::Create(vault_here("fresh")).into(),
        ),
        (
            "update a vault",
            "xx...x.",
            vault::Command::Update {
                vault: vault(),
                soft_delete: Some(true),
                purge_protection: None,
                retention: None,
            }
            .into(),
        ),
        (
            "delete a vault",
            "xx...x.",
            vault::Command::Delete { vault: vault() }.into(),
        ),
        (
            "recover a vault",
            "xx...x.",
            vault::Command::Recover {
                vault: name("dead"),
            }
            .into(),
        ),
        (
            "purge a vault",
            "x......",
            vault::Command::Purge {
                vault: name("dead"),
            }
            .into(),
        ),
        (
            "edit a policy",
            "xx...x.",
            access_policy::Command::Set {
                vault: vault(),
                principal: Caller::Person("con".into()),
                keys: permissions(&CLUSTER_NEEDS),
            }
            .into(),
        ),
        (
            "delete a policy",
            "xx...x.",
            access_policy::Command::Delete {
                vault: vault(),
                principal: stage.identity(&cluster()),
            }
            .into(),
        ),
        // Nobody of the organisation: that is a support request.
        (
            "recover a cluster",
            ".......",
            support::Command::RecoverCluster { cluster: cluster() }.into(),
        ),
        // By access policy only, and Ann's as creator of the vault (b.3).
        (
            "manage a key",
            "x......",
            key::Command::NewVersion {
                vault: vault(),
                key: "kek".into(),
            }
            .into(),
        ),
    ];
    for (what, row, command) in &commands {
        for ((who, role), cell) in COLUMNS.iter().zip(row.chars()) {
            let answer = decide(&stage.world, stage.now, &person(who), command);
            assert_eq!(answer.is_ok(), cell == 'x', "{role} to {what}: {answer:?}");
            if let Err(no) = answer {
                // R-PERM-08.
                assert_eq!(no.status, 403, "{role} to {what}: {no:?}");
                let expected = match *what {
                    "manage a key" => "Forbidden",
                    _ => "AuthorizationFailed",
                };
                assert_eq!(no.code, expected, "{role} to {what}: {no:?}");
                assert!(!no.remedy.is_empty());
            }
        }
        // Nobody of another organisation, and nobody of the vendor's but through support.
        for stranger in ["fay", "nor", "sue"] {
            let answer = decide(&stage.world, stage.now, &person(stranger), command);
            let refused = answer.is_err_and(|no| no.status == 403 || no.id == "E-SUP-06");
            assert!(refused, "{stranger} to {what}");
        }
    }
}

#[test]
fn r_perm_08_the_matrix_of_who_may_see_what() {
    let (stage, ready, request) = set();
    let saved = |workspace: &ResourceId| Query::Saved {
        workspace: workspace.clone(),
        kind: Kind::Search,
    };
    let operation = stage
        .world
        .operations
        .values()
        .find(|o| o.cluster == ready.cluster && o.workspace.is_none())
        .unwrap()
        .id;
    let queries = [
        ("a request", "xxxxx..", Query::Request(request)),
        (
            "a cluster",
            "xxxxx..",
            Query::Cluster(ready.cluster.clone()),
        ),
        ("an operation", "xxxxx..", Query::Operation(operation)),
        (
            "a workspace",
            "xxxxx..",
            Query::Workspace(ready.workspace.clone()),
        ),
        ("saved searches", "xxxxx..", saved(&ready.workspace)),
        (
            "its data",
            "xxxxx..",
            Query::Readable(ready.workspace.clone()),
        ),
        (
            "its route",
            "xxxxx..",
            Query::Route(ready.workspace.clone()),
        ),
        ("a vault", "xxxxxx.", Query::Vault(ready.key.vault.clone())),
        (
            "a storage account",
            "xxxxx.x",
            Query::StorageAccount(id("bag")),
        ),
    ];
    for (what, row, query) in queries {
        for ((who, role), cell) in COLUMNS.iter().zip(row.chars()) {
            let answer = ask(&stage.world, stage.now, &person(who), &query);
            assert_eq!(
                answer.is_ok(),
                cell == 'x',
                "{role} to see {what}: {answer:?}"
            );
            if let Err(no) = answer {
                is(&no, &errors::ARM_03, "scope");
            }
        }
        let stranger = ask(&stage.world, stage.now, &person("fay"), &query);
        assert!(stranger.is_err(), "{what}");
        let observer = ask(&stage.world, stage.now, &Actor::Observer, &query);
        assert!(observer.is_ok(), "{what}");
    }
    // The vendor knows which clusters and workspaces there are, and nothing of what is kept in them.
    for (query, seen) in [
        (Query::Cluster(ready.cluster.clone()), true),
        (Query::Workspace(ready.workspace.clone()), true),
        (Query::Vault(ready.key.vault.clone()), false),
        (Query::StorageAccount(id("bag")), false),
        (saved(&ready.workspace), false),
        (Query::Readable(ready.workspace.clone()), false),
    ] {
        let answer = ask(&stage.world, stage.now, &person("sue"), &query);
        assert_eq!(answer.is_ok(), seen, "{query:?}");
    }
}

/// A role counts where it is assigned: directly or through a group, on the management group, the subscription
/// or the resource group, and nowhere else.
#[test]
fn r_perm_02_a_role_counts_where_it_is_assigned() {
    let scopes = [
        (Scope::ManagementGroup("top".into()), true),
        (Scope::Subscription("c".into()), true),
        (Scope::ResourceGroup("c".into(), "data".into()), true),
        (Scope::ResourceGroup("c".into(), "web".into()), false),
        (Scope::Subscription("d".into()), false),
    ];
    for (scope, counts) in scopes {
        for through_a_group in [false, true] {
            let mut stage = Stage::keys();
            let ready = stage.ready();
            stage.simulate(people::Command::AddPerson(Person {
                id: "new".into(),
                name: "new".into(),
                upn: "new@x.example".into(),
                mail: None,
                side: Side::Customer("contoso".into()),
                isolated_identity: false,
                mfa: true,
            }));
            let principal = if through_a_group {
                let id = GroupId::from("monitors");
                stage.simulate(people::Command::AddGroup(Group {
                    id: id.clone(),
                    tenant: "contoso".into(),
                    members: OrdSet::unit("new".into()),
                }));
                Principal::Group(id)
            } else {
                Principal::Person("new".into())
            };
            let update = capacity(&ready.cluster, 2_000);
            refused(&mut stage, "new", update.clone(), &errors::ARM_03, "scope");
            let assignment = Assignment {
                scope: scope.clone(),
                principal,
                role: Role::LogAnalyticsContributor,
            };
            stage.simulate(people::Command::Assign(assignment.clone()));
            let answer = decide(
                &stage.world,
                stage.now,
                &person("new"),
                &update.clone().into(),
            );
            assert_eq!(answer.is_ok(), counts, "{scope} {through_a_group}");
            stage.simulate(people::Command::Unassign(assignment));
            refused(&mut stage, "new", update, &errors::ARM_03, "scope");
        }
    }
}

#[test]
fn r_perm_04_05_the_table_itself_is_the_one_of_the_domain() {
    use Role::*;
    let monitors = [Owner, Contributor, LogAnalyticsContributor];
    let keepers = [Owner, Contributor, KeyVaultContributor];
    for role in Role::ALL {
        // In profile 2020 a delete asks for what a write asks for.
        assert_eq!(
            carries(*role, Action::ClusterDelete),
            carries(*role, Action::ClusterWrite)
        );
        assert_eq!(
            carries(*role, Action::ClusterWrite),
            monitors.contains(role)
        );
        assert_eq!(
            carries(*role, Action::WorkspaceWrite),
            monitors.contains(role)
        );
        assert_eq!(carries(*role, Action::VaultWrite), keepers.contains(role));
        assert_eq!(carries(*role, Action::PolicyWrite), keepers.contains(role));
        assert_eq!(carries(*role, Action::VaultPurge), *role == Owner);
        let storage = [Owner, Contributor, StorageAccountContributor];
        assert_eq!(carries(*role, Action::StorageWrite), storage.contains(role));
    }
    // Every action stands in the table once.
    let actions: Vector<_> = MATRIX.iter().map(|(action, _)| *action).collect();
    for action in Action::ALL {
        assert_eq!(
            actions.iter().filter(|a| **a == *action).count(),
            1,
            "{action}"
        );
    }
}

#[test]
fn r_perm_06_07_the_cluster_uses_the_key_under_its_own_name_and_only_with_a_policy() {
    let mut stage = Stage::keys();
    stage.allow("c");
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    let cluster = stage.built("keyed");
    let identity = stage.identity(&cluster);
    // The principal of the policy: the cluster's name, its id, or its principal id.
    let guid = stage.world.principal_guid(&identity);
    for text in [
        "keyed",
        "KEYED",
        "c/data/keyed",
        &guid,
        &guid.to_uppercase(),
    ] {
        assert_eq!(
            stage.world.find_principal(&Actor::Observer, text),
            Ok(identity.clone()),
            "{text}"
        );
    }
    // A cluster that is called like a person is not taken for the person, nor the other way about.
    let namesake = stage.built("lac");
    let no = stage
        .world
        .find_principal(&Actor::Observer, "lac")
        .unwrap_err();
    is(&no, &errors::KV_15, "principal");
    let lac = Caller::Person("lac".into());
    for (text, meant) in [
        (stage.world.principal_guid(&lac), lac),
        ("c/data/lac".to_owned(), stage.identity(&namesake)),
    ] {
        assert!(no.remedy.contains(&text), "{}", no.remedy);
        assert_eq!(
            stage.world.find_principal(&Actor::Observer, &text),
            Ok(meant)
        );
    }
    let may = |stage: &Stage, operation| {
        let call = Use {
            vault: vault.clone(),
            key: key.key.clone(),
            version: None,
            operation,
        };
        stage.world.may_use(stage.now, &identity, &call).is_ok()
    };
    for operation in KeyOperation::ALL {
        assert!(!may(&stage, *operation));
        stage.policy(&vault, identity.clone(), &[operation.permission()]);
        for other in KeyOperation::ALL {
            assert_eq!(may(&stage, *other), other == operation);
        }
        stage.ann(access_policy::Command::Delete {
            vault: vault.clone(),
            principal: identity.clone(),
        });
    }
    // No policy before there is an identity (c.7).
    let unborn = access_policy::Command::Set {
        vault: vault.clone(),
        principal: Caller::Identity(lockbox::engine::ids::IdentityId(
            u32::try_from(stage.world.identities.len()).unwrap() + 1,
        )),
        keys: permissions(&CLUSTER_NEEDS),
    };
    refused(&mut stage, "ann", unborn, &errors::KV_15, "principal");
}

#[test]
fn the_vendor_supports_whatever_its_role() {
    let mut stage = Stage::keys();
    assert_eq!(VendorRole::ALL.len(), 4);
    for (n, who) in ["sue", "dev", "lea", "man"].iter().enumerate() {
        let capacity = 4_000 + 100 * u32::try_from(n).unwrap();
        let raise = support::Command::RaiseCapacity {
            subscription: "c".into(),
            capacity,
        };
        stage.act(&person(who), raise).unwrap();
        assert_eq!(stage.world.capacity_limit(&"c".into()), capacity);
    }
}
