//! The demo world shows everything there is to see and keeps its promises.

use std::collections::BTreeSet;

use super::{events, play};
use crate::engine::cluster::encryption::Encryption;
use crate::engine::cluster::{Cluster, State, operation};
use crate::engine::ids::{KeyName, ResourceId, VaultName};
use crate::engine::ingestion::route::{Loss, Route};
use crate::engine::lockbox::jit::{self, Bypass};
use crate::engine::lockbox::ticket::Phase;
use crate::engine::lockbox::{grant, request::Status};
use crate::engine::resources::ResourceKind;
use crate::engine::text::{Untrusted, acts};
use crate::engine::vault::access_policy::{self, Caller};
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::vault::{Sku, Vault};
use crate::engine::workspace::linked_storage::DataSource;
use crate::engine::workspace::saved_search::Kind;
use crate::engine::{Actor, Command, SimTime, Span, World, cluster, errors};
use crate::world_file::check::{check, elapse};
use crate::world_file::{DEMO, DEMO_NAME};

#[test]
fn the_demo_world_checks_clean() {
    match check(DEMO_NAME, DEMO) {
        Ok(summary) => assert_eq!(summary.tenants, 3),
        Err(errors) => {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"));
        }
    }
}

#[test]
fn the_same_file_gives_the_same_events_twice() {
    let [a, b] = [events(DEMO), events(DEMO)];
    assert!(a.len() > 500, "{}", a.len());
    assert_eq!(a, b);
}

fn statuses(world: &World) -> BTreeSet<Status> {
    world.lockbox.requests.values().map(|r| r.status).collect()
}

#[test]
fn the_demo_world_holds_everything_there_is_to_see() {
    let world = play(DEMO);
    assert!(world.stories.skipped.is_empty());
    assert_eq!(world.people.tenants.len(), 3);
    assert!(world.people.persons.len() >= 40);
    assert!(world.resources.resources.len() >= 60);
    assert!(
        world.lockbox.tickets.len() >= 30,
        "{}",
        world.lockbox.tickets.len()
    );
    let all: BTreeSet<Status> = Status::ALL.iter().copied().collect();
    assert_eq!(statuses(&world), all);
    let phases: BTreeSet<Phase> = world.lockbox.tickets.values().map(|t| t.phase).collect();
    assert_eq!(phases.len(), Phase::ALL.len(), "{phases:?}");
    let bypasses: BTreeSet<Bypass> = world
        .lockbox
        .jits
        .values()
        .filter_map(|j| j.bypass)
        .collect();
    assert_eq!(bypasses.len(), Bypass::ALL.len(), "{bypasses:?}");
    let readable: BTreeSet<bool> = world
        .lockbox
        .jits
        .values()
        .filter_map(|j| j.readable)
        .collect();
    assert_eq!(
        readable.len(),
        2,
        "an exposure that could be read and one that could not"
    );
    let kinds: BTreeSet<_> = world.resources.resources.values().map(|r| r.kind).collect();
    assert_eq!(kinds.len(), ResourceKind::ALL.len(), "{kinds:?}");
    let states: BTreeSet<_> = world.lockbox.jits.values().map(|j| j.state).collect();
    assert_eq!(states.len(), jit::State::ALL.len(), "{states:?}");
    let grants: BTreeSet<_> = world.lockbox.grants.values().map(|g| g.status).collect();
    assert_eq!(grants.len(), grant::Status::ALL.len(), "{grants:?}");
}

#[test]
fn the_demo_queue_of_the_default_person_is_worth_triaging() {
    let world = play(DEMO);
    let me = world.default_person.clone().unwrap();
    assert_eq!(me.as_str(), "minji.kim");
    assert!(world.owners(&"contoso-prod".into()).contains(&me));
    let mine: Vec<_> = world
        .lockbox
        .pending
        .iter()
        .filter_map(|(_, id)| world.lockbox.requests.get(id))
        .filter(|r| r.subscription.as_str() == "contoso-prod")
        .collect();
    assert!((6..=10).contains(&mine.len()), "{}", mine.len());
    let now = world.opens_at;
    assert!(
        mine.iter()
            .any(|r| now.until(r.expires_at) <= Span::hours(1))
    );
    assert!(
        mine.iter()
            .any(|r| r.created_at.until(now) <= Span::minutes(10))
    );
    let hostile = |text: &Untrusted| {
        text.raw()
            .chars()
            .any(|c| acts(c) && c != '\n' && c != '\r')
    };
    assert!(mine.iter().any(|r| hostile(&r.justification)));
    assert!(
        mine.iter()
            .any(|r| r.justification.raw().len() > 1_000 && r.justification.raw().contains("접속"))
    );
    let unanswerable = world
        .lockbox
        .requests
        .values()
        .filter(|r| world.nobody_can_approve(r));
    assert!(unanswerable.count() >= 1);
    let open_sessions = world.lockbox.grants.values().filter(|g| {
        g.status == grant::Status::Active
            && g.sessions
                .iter()
                .any(|s| s.closed_at.is_none() && !s.actions.is_empty())
    });
    let guests: BTreeSet<bool> = open_sessions
        .flat_map(|g| &g.sessions)
        .filter_map(|s| world.resources.resources.get(&s.resource))
        .map(|r| r.kind.windows_guest())
        .collect();
    assert_eq!(guests.len(), 2, "a Windows and a Linux session are open");
}

#[test]
fn five_untouched_days_skip_nothing_and_bring_news() {
    let mut world = play(DEMO);
    let before = (world.lockbox.tickets.len(), world.lockbox.requests.len());
    assert!(world.stories.underway.len() >= 10);
    let end = world.opens_at + Span::days(5);
    elapse(&mut world, end);
    assert!(
        world.stories.skipped.is_empty(),
        "{:?}",
        world.stories.skipped
    );
    assert!(world.lockbox.tickets.len() >= before.0 + 8);
    assert!(world.lockbox.requests.len() >= before.1 + 10);
    assert!(world.stories.underway.is_empty());
}

fn time(text: &str) -> SimTime {
    text.parse().unwrap()
}

fn cluster<'w>(world: &'w World, name: &str) -> &'w Cluster {
    &world.clusters[&world.find_cluster(&Actor::Simulator, name).unwrap()]
}

fn workspace(world: &World, name: &str) -> ResourceId {
    world.find_workspace(&Actor::Simulator, name).unwrap()
}

fn vault<'w>(world: &'w World, name: &str) -> &'w Vault {
    &world.vaults[&VaultName::new(name)]
}

/// The place of the version in force among the versions of its key, from 1.
fn version_in_force(world: &World, name: &str) -> (usize, usize) {
    let key = cluster(world, name).key.clone().unwrap();
    let versions = &vault(world, key.vault.as_str()).keys[&key.key].versions;
    let place = versions.iter().position(|v| v.id == key.version).unwrap();
    (place + 1, versions.len())
}

#[test]
fn five_clusters_stand_in_five_states() {
    let world = play(DEMO);
    assert_eq!(world.clusters.len(), 5);

    let rotating = cluster(&world, "la-cluster-kr");
    assert_eq!(rotating.state, State::Succeeded);
    assert_eq!(rotating.protection.state, Encryption::Active);
    assert_eq!(version_in_force(&world, "la-cluster-kr"), (2, 3));
    assert_eq!(rotating.links.len(), 8);
    assert_eq!(rotating.capacity, 1500);
    assert!(rotating.sku_updated_at + world.rules.capacity_lock > world.opens_at);

    let unfinished = cluster(&world, "laFraudJp2");
    assert_eq!(unfinished.state, State::Succeeded);
    assert_eq!(unfinished.protection.state, Encryption::MicrosoftKey);
    let premium = vault(&world, "kv-fraud-jp");
    assert!(premium.recoverable() && premium.location == unfinished.location);
    let identity = |c: &Cluster| Caller::Identity(c.identity);
    assert!(!premium.policies.contains_key(&identity(unfinished)));

    let losing = cluster(&world, "laClaimsJp");
    assert_eq!(
        losing.protection.state,
        Encryption::RevocationPending {
            changed_at: time("2020-11-22T08:42:00Z"),
            enforce_at: time("2020-11-22T09:42:00Z"),
        }
    );
    assert_eq!(version_in_force(&world, "laClaimsJp"), (1, 2));
    assert_eq!(losing.links.len(), 6);

    let building = cluster(&world, "laSecurityKr");
    assert_eq!(building.state, State::ProvisioningAccount);
    let running = &world.operations[&building.operation.unwrap()];
    assert_eq!(running.expected_end, time("2020-11-22T09:30:00Z"));
    assert_eq!(
        world.route(&workspace(&world, "law-soc")),
        Ok(Route::Dropped(building.id.clone(), Loss::NotProvisioned))
    );

    let deleted = cluster(&world, "laFraudJp");
    assert_eq!(deleted.state, State::SoftDeleted);
    let span = deleted.deleted.unwrap();
    assert_eq!(span.at.until(world.opens_at).0 / Span::days(1).0, 9);
    assert_eq!(span.purge_at, time("2020-11-27T08:10:00Z"));
    assert!(premium.policies.contains_key(&identity(deleted)));
    let orphan = workspace(&world, "law-jp-fraud-case");
    assert!(world.readable(world.opens_at, &orphan).is_err());
    assert_eq!(world.route(&orphan), Ok(Route::Shared));
}

/// The default person does something at an instant.
fn act(world: &mut World, at: &str, command: impl Into<Command>) {
    elapse(world, time(at));
    let me = Actor::Person(world.default_person.clone().unwrap());
    let drafted = crate::engine::draft(world, time(at), &me, &command.into());
    *world = drafted.unwrap_or_else(|no| panic!("{no:?}")).world;
}

fn set_key(world: &World, name: &str, vault: &str, key: &str) -> cluster::Command {
    let versions = &world.vaults[&VaultName::new(vault)].keys[&KeyName::from(key)].versions;
    let newest = KeyIdentifier {
        vault: VaultName::new(vault),
        key: key.into(),
        version: versions.last().unwrap().id.clone(),
    };
    cluster::Command::Patch {
        cluster: world.find_cluster(&Actor::Simulator, name).unwrap(),
        body: cluster::Body {
            key: Some((&newest).into()),
            ..cluster::Body::default()
        },
    }
}

#[test]
fn the_default_person_can_save_one_cluster_finish_another_and_skips_no_step_by_it() {
    let mut world = play(DEMO);
    let heal = set_key(&world, "laClaimsJp", "kv-claims-jp", "cmk-claims");
    act(&mut world, "2020-11-22T09:05:00Z", heal);
    let policy = access_policy::Command::Set {
        vault: VaultName::new("kv-fraud-jp"),
        principal: world
            .find_principal(&Actor::Simulator, "laFraudJp2")
            .unwrap(),
        keys: access_policy::CLUSTER_NEEDS.into_iter().collect(),
    };
    act(&mut world, "2020-11-22T09:06:00Z", policy);
    let first = set_key(&world, "laFraudJp2", "kv-fraud-jp", "cmk-fraud");
    act(&mut world, "2020-11-22T09:07:00Z", first);
    elapse(&mut world, time("2020-11-22T10:00:00Z"));
    for name in ["laClaimsJp", "laFraudJp2"] {
        assert_eq!(cluster(&world, name).protection.state, Encryption::Active);
    }
    assert_eq!(version_in_force(&world, "laClaimsJp"), (2, 2));
    let end = world.opens_at + Span::days(5);
    elapse(&mut world, end);
    assert!(world.stories.skipped.is_empty());
}

#[test]
fn the_name_of_the_deleted_cluster_is_reserved_and_both_regions_are_full() {
    let world = play(DEMO);
    let create = |group: &str, name: &str, location: &str| {
        let command: Command = cluster::Command::Put {
            subscription: "contoso-prod".into(),
            group: group.into(),
            name: name.into(),
            body: cluster::Body {
                location: Some(location.into()),
                sku: Some(cluster::Sku {
                    name: Some(cluster::SKU.into()),
                    capacity: Some(1000),
                }),
                identity: Some(cluster::IDENTITY.into()),
                ..cluster::Body::default()
            },
        }
        .into();
        let me = Actor::Person(world.default_person.clone().unwrap());
        let refusal = crate::engine::decide(&world, world.opens_at, &me, &command).unwrap_err();
        refusal.id
    };
    let reserved = create("rg-monitor-jp", "laFraudJp", "japaneast");
    assert_eq!(reserved, errors::CC_12.id);
    let full = errors::CC_14.id;
    assert_eq!(create("rg-monitor-jp", "laThird", "japaneast"), full);
    assert_eq!(create("rg-monitor", "laThird", "koreacentral"), full);
    let elsewhere = create("rg-monitor", "laThird", "koreasouth");
    assert_eq!(elsewhere, errors::CC_13.id);
}

#[test]
fn contoso_has_six_vaults_and_another_organisation_one() {
    let world = play(DEMO);
    let (ours, theirs): (Vec<&Vault>, Vec<&Vault>) = world
        .vaults
        .values()
        .map(|v| &**v)
        .partition(|v| v.subscription().as_str() == "contoso-prod");
    assert_eq!((ours.len(), theirs.len()), (6, 1));
    let names = |which: &dyn Fn(&Vault) -> bool| -> Vec<&str> {
        let those = ours.iter().filter(|v| which(v));
        those.map(|v| v.name.as_str()).collect()
    };
    assert_eq!(names(&|v| !v.recoverable()), ["kv-sandbox-kr"]);
    assert!(vault(&world, "kv-sandbox-kr").soft_delete);
    assert_eq!(names(&|v| !v.is_active()), ["kv-keys-old"]);
    assert_eq!(names(&|v| v.sku == Sku::Premium), ["kv-fraud-jp"]);
    let homes: BTreeSet<&str> = world.clusters.values().map(|c| &*c.location).collect();
    assert_eq!(homes, ["japaneast", "koreacentral"].into());
    assert_eq!(names(&|v| !homes.contains(&*v.location)), ["kv-dr-ks"]);
    let hardware = ours.iter().flat_map(|v| v.keys.values());
    let hardware = hardware
        .flat_map(|k| &k.versions)
        .filter(|v| v.kty.is_hsm());
    assert_eq!(hardware.count(), 1);
    // Each is really generated when the world is founded.
    assert!((8..=12).contains(&world.key_versions));
}

#[test]
fn forty_workspaces_in_two_regions_keep_their_queries_in_three_ways() {
    let world = play(DEMO);
    let contoso: Vec<_> = world
        .workspaces
        .values()
        .filter(|w| w.deleted.is_none())
        .filter(|w| w.id.as_str().starts_with("contoso-"))
        .collect();
    assert_eq!(contoso.len(), 40);
    let regions: BTreeSet<&str> = contoso.iter().map(|w| &*w.location).collect();
    assert_eq!(regions, ["japaneast", "koreacentral"].into());
    let pilot = &world.workspaces[&workspace(&world, "law-pilot")];
    assert!(pilot.deleted.is_some());

    let security = workspace(&world, "law-security");
    let wiped = world.wiped_by(&security);
    assert_eq!(wiped.len(), 5);
    assert!(wiped.iter().any(|s| s.query.raw().contains("need to know")));

    let identity = &world.workspaces[&workspace(&world, "law-identity")];
    let account = world
        .find_storage_account(&Actor::Simulator, "stquerieskr")
        .unwrap();
    assert_eq!(identity.keeps(Kind::Search), Some(&account));
    assert_eq!(identity.shown(Kind::Search).count(), 2);
    assert!(world.storage_accounts[&account].key.is_some());
    assert_eq!(world.storage_opens(world.opens_at, &account), Ok(()));
    let network = &world.workspaces[&workspace(&world, "law-network")];
    assert!(network.storage.contains_key(&DataSource::Alerts));
    assert_eq!(network.shown(Kind::Alert).count(), 1);

    let reports = &world.workspaces[&workspace(&world, "law-reports")];
    let recent = reports.links_since(world.opens_at - world.rules.link_window);
    assert_eq!(recent.len(), 2, "the next link is refused");
    let failed = |o: &&std::sync::Arc<operation::Operation>| o.status == operation::Status::Failed;
    assert_eq!(world.operations.values().filter(failed).count(), 1);
}

#[test]
fn untouched_the_key_is_revoked_and_comes_back_the_outage_passes_and_the_rotation_is_done() {
    let mut world = play(DEMO);
    let mut state = |at: &str, name: &str| {
        elapse(&mut world, time(at));
        cluster(&world, name).protection.state.word()
    };
    assert_eq!(
        state("2020-11-22T09:41:59Z", "laClaimsJp"),
        "RevocationPending"
    );
    assert_eq!(state("2020-11-22T09:42:00Z", "laClaimsJp"), "Revoked");
    assert_eq!(state("2020-11-23T00:22:00Z", "laClaimsJp"), "Resuming");
    assert_eq!(state("2020-11-23T01:30:00Z", "laClaimsJp"), "CmkActive");
    assert_eq!(
        state("2020-11-23T02:02:00Z", "la-cluster-kr"),
        "TransientOutage"
    );
    assert_eq!(state("2020-11-23T02:34:00Z", "la-cluster-kr"), "LiveSite");
    assert_eq!(state("2020-11-23T02:37:00Z", "la-cluster-kr"), "CmkActive");
    assert_eq!(state("2020-11-24T07:00:00Z", "la-cluster-kr"), "CmkActive");
    assert_eq!(version_in_force(&world, "la-cluster-kr"), (3, 3));
    assert_eq!(version_in_force(&world, "laClaimsJp"), (2, 2));
    elapse(&mut world, time("2020-11-27T08:10:00Z"));
    assert!(
        world.find_cluster(&Actor::Simulator, "laFraudJp").is_err(),
        "purged on day 14"
    );
}
