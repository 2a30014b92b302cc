//! The forms: the provisioning walk by keys alone, wrong orders, what asks first, and how they look.

use lockbox::console::app::{Effect, Input};
use lockbox::console::forms::FORMS;
use lockbox::console::rows::ItemId;
use lockbox::console::theme::{Depth, Theme, glyphs};
use lockbox::engine::cluster::{State, support};
use lockbox::engine::ids::{ResourceId, VaultName};
use lockbox::engine::vault::access_policy::{CLUSTER_NEEDS, Caller};
use lockbox::engine::vault::key;
use lockbox::engine::workspace::saved_search;
use lockbox::engine::{Actor, Command, Event, Fact, Span, cluster, vault, workspace};

use crate::scene::{HOSTILE, Scene};
use crate::stage::{Stage, person};

const SIZE: (u16, u16) = (100, 36);

fn scene(who: &str) -> Scene {
    Scene::new(Stage::new(), person(who), SIZE)
}

fn cluster_id() -> ResourceId {
    "c/web/lacluster01".into()
}

fn last(scene: &Scene) -> &Event {
    scene.stage.journal.last().unwrap()
}

/// The walk up to a step, by keys.
fn walk(scene: &mut Scene, steps: usize) {
    type Step = fn(&mut Scene);
    let all: [Step; 8] = [
        // Support allows the subscription.
        |scene| {
            scene.app.actor = person("sue");
            scene.open("support.allow", Some(ItemId::Vault("key-vault".into())));
            scene.press("enter enter enter");
            scene.app.actor = person("ann");
        },
        |scene| {
            scene.open("vault.create", None);
            scene.type_text("kv-one").press("enter");
            choose(scene, "Subscription", "c");
            choose(scene, "Resource group", "web");
            choose(scene, "Region", "koreacentral");
            // Tier stays, soft delete is on; purge protection is not.
            scene.press("enter enter").type_text("y").press("enter");
            scene.press("enter enter");
        },
        |scene| {
            scene.open("key.create", Some(ItemId::Vault("kv-one".into())));
            scene
                .type_text("kek")
                .press("enter enter enter enter enter");
            scene.press("enter");
        },
        |scene| {
            scene.open("cluster.create", Some(ItemId::Vault("kv-one".into())));
            scene.type_text("lacluster01");
            scene.press("enter enter enter enter enter enter enter");
        },
        |scene| scene.stage.wait(Span::hours(2)),
        |scene| {
            scene.open("policy.grant", Some(ItemId::Cluster(cluster_id())));
            choose(scene, "Who", "lacluster01");
            scene.press("enter enter");
        },
        |scene| {
            scene.open("cluster.set-key", Some(ItemId::Cluster(cluster_id())));
            scene.press("enter enter enter enter");
        },
        |scene| scene.stage.wait(Span::hours(1)),
    ];
    for step in all.iter().take(steps) {
        step(scene);
    }
}

/// Types into the choice the cursor is on, which must have this label, and goes on.
fn choose(scene: &mut Scene, label: &str, what: &str) {
    let form = scene.app.form().unwrap();
    let lockbox::console::app::form::Focus::Field(at) = form.focus else {
        panic!("the cursor is on no field");
    };
    assert_eq!(form.fields[at].label, label);
    scene.type_text(what).press("enter");
}

#[test]
fn the_provisioning_walk_of_the_seed_goes_through_forms() {
    let mut scene = scene("ann");
    walk(&mut scene, 1);
    assert!(scene.stage.world.is_allowed(&"c".into(), "koreacentral"));
    scene.shows("sue allow-listed c");
    let mut scene = self::scene("ann");
    walk(&mut scene, 2);
    let vault = &scene.stage.world.vaults[&VaultName::from("kv-one")];
    assert!(vault.recoverable());
    scene.shows("ann created the vault kv-one");
    let mut scene = self::scene("ann");
    walk(&mut scene, 4);
    let cluster = &scene.stage.world.clusters[&cluster_id()];
    assert_eq!(cluster.state, State::ProvisioningAccount);
    scene.shows("OP-000001 builds it");
    let mut scene = self::scene("ann");
    walk(&mut scene, 8);
    let cluster = scene.stage.world.clusters[&cluster_id()].clone();
    assert_eq!(cluster.state, State::Succeeded);
    assert_eq!(cluster.key.as_ref().unwrap().vault.as_str(), "kv-one");
    scene.open("link.link", Some(ItemId::Cluster(cluster_id())));
    choose(&mut scene, "Workspace", "log-analytics-workspace");
    scene.press("enter enter");
    scene.stage.wait(Span::hours(2));
    let workspace = ResourceId::from("c/web/log-analytics-workspace");
    assert_eq!(
        scene.stage.world.linked_cluster(&workspace),
        Some(&cluster_id())
    );
}

#[test]
fn each_wrong_order_says_its_own_error_in_the_form() {
    // No allow-listing.
    let mut scene = scene("ann");
    scene.open("cluster.create", Some(ItemId::Vault("key-vault".into())));
    scene.type_text("lacluster01").shows("E-CC-13");
    scene.shows("pre-approved");
    // A name that is none.
    scene.press("ctrl-u").type_text("a-b").shows("E-CC-01");
    // A vault that cannot be recovered, a key without policy, a cluster that is not built yet.
    walk(&mut scene, 4);
    scene.open("cluster.set-key", Some(ItemId::Cluster(cluster_id())));
    scene.shows("E-CU-05");
    scene.shows("permission wrapKey");
    scene.press("esc");
    scene.stage.wait(Span::hours(2));
    scene.open("cluster.set-key", Some(ItemId::Cluster(cluster_id())));
    scene.shows("E-CU-03");
    scene.press("enter enter enter enter");
    scene.shows("Key");
    assert!(scene.app.modal.is_some());
    assert!(scene.stage.world.clusters[&cluster_id()].key.is_none());
}

#[test]
fn nothing_happens_on_escape_on_no_and_on_a_word_that_is_wrong() {
    let mut scene = scene("ann");
    walk(&mut scene, 8);
    let before = scene.stage.journal.len();
    let cluster = Some(ItemId::Cluster(cluster_id()));
    scene.open("cluster.delete", cluster.clone()).press("enter");
    scene.shows("Nothing was done");
    assert!(scene.app.modal.is_none());
    scene.open("cluster.delete", cluster.clone()).press("esc");
    scene.open("cluster.delete", cluster.clone());
    scene.shows("Type lacluster01 to delete");
    scene.press("tab enter").shows("Type lacluster01 first.");
    scene.type_text("lacluster0").press("enter");
    scene
        .press("tab tab enter")
        .shows("Type lacluster01 first.");
    assert_eq!(scene.stage.journal.len(), before);
    scene.type_text("1").press("enter enter");
    assert_eq!(
        scene.stage.world.clusters[&cluster_id()].state,
        State::SoftDeleted
    );
}

#[test]
fn enter_held_down_on_what_takes_something_away_takes_nothing() {
    let taking = FORMS.iter().filter(|b| b.asks);
    for blank in taking {
        let mut scene = scene("ann");
        walk(&mut scene, 8);
        let before = scene.stage.journal.len();
        for item in [
            ItemId::Vault("kv-one".into()),
            ItemId::Key("kv-one".into(), "kek".into()),
            ItemId::Cluster(cluster_id()),
            ItemId::Workspace("c/data/linked".into()),
        ] {
            scene
                .open(blank.name, Some(item))
                .press("enter enter enter esc");
        }
        assert_eq!(scene.stage.journal.len(), before, "{}", blank.name);
    }
}

#[test]
fn disabling_the_key_in_force_says_which_cluster_loses_its_data_and_when() {
    let mut scene = scene("ann");
    walk(&mut scene, 8);
    scene.open(
        "key.enable",
        Some(ItemId::Key("kv-one".into(), "kek".into())),
    );
    scene.shows("lacluster01 loses access to its data by 22 Nov 13:0");
    // Once it is lost, turning it on again brings it back.
    scene.press("tab tab enter").shows("DISABLED");
    scene.stage.wait(Span::hours(2));
    scene.open(
        "key.enable",
        Some(ItemId::Key("kv-one".into(), "kek".into())),
    );
    scene.shows("lacluster01 can be used again by");
}

#[test]
fn an_outage_says_how_long_the_cluster_is_out_of_reach() {
    let mut scene = scene("ann");
    walk(&mut scene, 8);
    scene.open("fault.inject", Some(ItemId::Vault("kv-one".into())));
    scene.shows("lacluster01 loses access to its data by 22 Nov 12:3");
    scene.shows("in 30m 00s, until 22 Nov");
    // Storage bridges half an hour.
    scene.press("tab ctrl-u").type_text("20m");
    scene.hides("loses access");
    scene.press("ctrl-u").type_text("soon").shows("E-FLT-01");
}

#[test]
fn who_may_not_reads_the_worlds_words_and_a_customer_is_no_support() {
    let mut scene = scene("rea");
    scene.open("cluster.create", Some(ItemId::Vault("key-vault".into())));
    scene.shows("has no authorization to perform action");
    scene.open("support.allow", None).shows("E-SUP-05");
    scene.press("tab tab tab enter");
    assert!(!scene.stage.world.is_allowed(&"c".into(), "koreacentral"));
}

#[test]
fn linking_storage_for_queries_lists_what_is_lost_in_the_strangers_box() {
    let mut scene = scene("ann");
    let save = |name: &str, query: &str| saved_search::Command::Save {
        workspace: "c/data/linked".into(),
        kind: saved_search::Kind::Search,
        name: name.into(),
        category: "ops".into(),
        display_name: "Errors".into(),
        query: query.into(),
    };
    scene
        .stage
        .act(&person("ann"), save("errors", HOSTILE))
        .unwrap();
    scene.open(
        "storage.link",
        Some(ItemId::Workspace("c/data/linked".into())),
    );
    // One account for Query.
    scene.shows("E-LS-02");
    scene.press("space tab");
    scene.shows("The workspace loses 1 saved search");
    scene.shows("┏ errors");
    scene.check();
    scene.press("enter");
    assert!(scene.app.form().is_some(), "went on without the word");
    scene.type_text("linked").press("enter enter");
    let workspace = &scene.stage.world.workspaces[&ResourceId::from("c/data/linked")];
    assert!(workspace.queries.is_empty());
    scene.shows("1 saved search was removed");
}

#[test]
fn purge_protection_is_typed_for_because_nobody_turns_it_off() {
    let mut scene = scene("ann");
    scene.open("vault.update", Some(ItemId::Vault("key-vault".into())));
    scene.shows("No, go back");
    scene.press("space enter").type_text("y");
    scene.shows("can never be turned off again");
    scene.press("enter enter enter");
    scene.shows("Type key-vault first.");
    let name = VaultName::from("key-vault");
    assert!(!scene.stage.world.vaults[&name].purge_protection);
    scene.type_text("key-vault").press("enter enter");
    assert!(scene.stage.world.vaults[&name].recoverable());
}

#[test]
fn an_answer_that_comes_late_and_says_no_is_shown_in_the_form() {
    let mut scene = scene("ann");
    walk(&mut scene, 2);
    scene.open("vault.delete", Some(ItemId::Vault("kv-one".into())));
    // Somebody else was faster.
    scene
        .stage
        .act(
            &person("bo"),
            vault::Command::Delete {
                vault: "kv-one".into(),
            },
        )
        .unwrap();
    scene.press("tab enter").shows("deleted");
    assert!(scene.app.form().is_some());
}

#[test]
fn a_form_can_be_filled_in_from_anywhere_by_its_name() {
    let mut scene = scene("ann");
    scene.press(":").type_text("vault.create").press("enter");
    scene.shows("Create a key vault");
}

#[test]
fn support_acts_from_anywhere_and_a_list_that_is_empty_can_be_begun() {
    let mut scene = scene("sue");
    scene.press("W a").shows("allow-list a subscription");
    scene.press("esc g c");
    scene.app.actor = person("fay");
    scene.press("c").shows("Create a dedicated cluster");
}

#[test]
fn a_click_on_a_button_presses_it_and_on_an_option_turns_it() {
    let mut scene = scene("ann");
    scene.open("policy.set", Some(ItemId::Vault("key-vault".into())));
    let click = |scene: &mut Scene, text: &str| {
        let screen = scene.text();
        let (y, line) = screen
            .lines()
            .enumerate()
            .find(|(_, l)| l.contains(text))
            .unwrap();
        let line = line.trim_start_matches('"');
        let x = line[..line.find(text).unwrap()].chars().count() + 1;
        scene.input(Input::Click(
            u16::try_from(x).unwrap(),
            u16::try_from(y).unwrap(),
        ));
    };
    click(&mut scene, "[ ] purge");
    scene.shows("[x] purge");
    click(&mut scene, "Cancel");
    assert!(scene.app.form().is_none());
}

/// Every command a person can give, by name; a new variant does not compile until it is here.
fn named(command: &Command) -> &'static str {
    use lockbox::engine::cluster::{link, operation};
    use lockbox::engine::ingestion;
    use lockbox::engine::vault::{access_policy, network};
    use lockbox::engine::workspace::linked_storage;
    match command {
        Command::Vault(c) => match c {
            vault::Command::Create(_) => "vault.create",
            vault::Command::Update { .. } => "vault.update",
            vault::Command::Delete { .. } => "vault.delete",
            vault::Command::Recover { .. } => "vault.recover",
            vault::Command::Purge { .. } => "vault.purge",
        },
        Command::Key(c) => match c {
            key::Command::Create { .. } => "key.create",
            // Takes a file: command line only.
            key::Command::Import { .. } => "key.import",
            key::Command::NewVersion { .. } => "key.new-version",
            key::Command::SetAttributes { .. } => "key.set-attributes",
            key::Command::Delete { .. } => "key.delete",
            key::Command::Recover { .. } => "key.recover",
            key::Command::Purge { .. } => "key.purge",
            // A use of the key, no command about it.
            key::Command::Call(_) => "key.call",
        },
        Command::Policy(c) => match c {
            access_policy::Command::Set { .. } => "policy.set",
            access_policy::Command::Delete { .. } => "policy.delete",
        },
        Command::Fault(c) => match c {
            network::Command::Inject { .. } => "fault.inject",
            network::Command::Clear { .. } => "fault.clear",
        },
        Command::Cluster(c) => match c {
            cluster::Command::Put { .. } => "cluster.put",
            cluster::Command::Patch { body, .. } => match (&body.key, &body.sku, &body.billing) {
                (Some(_), ..) => "cluster.patch-key",
                (_, Some(_), _) => "cluster.patch-capacity",
                _ => "cluster.patch-billing",
            },
            cluster::Command::Delete { .. } => "cluster.delete",
            cluster::Command::Move { .. } => "cluster.move",
        },
        Command::Operation(c) => match c {
            operation::Command::Fail { .. } => "operation.fail",
        },
        Command::Link(c) => match c {
            link::Command::Link { .. } => "link.link",
            link::Command::Unlink { .. } => "link.unlink",
            // The simulator's.
            link::Command::Attach { .. } => "link.attach",
        },
        Command::Support(c) => match c {
            support::Command::AllowSubscription { .. } => "support.allow",
            support::Command::RaiseCapacity { .. } => "support.raise",
            support::Command::RecoverCluster { .. } => "support.recover",
        },
        Command::Workspace(c) => match c {
            workspace::Command::Put { location, .. } if location.is_some() => "workspace.create",
            workspace::Command::Put { .. } => "workspace.update",
            workspace::Command::Delete { .. } => "workspace.delete",
            workspace::Command::Recover { .. } => "workspace.recover",
        },
        Command::Search(c) => match c {
            saved_search::Command::Save { .. } => "search.save",
            saved_search::Command::Delete { .. } => "search.delete",
        },
        Command::Storage(c) => match c {
            linked_storage::Command::Link { .. } => "storage.link",
            linked_storage::Command::Unlink { .. } => "storage.unlink",
            linked_storage::Command::SetKey { .. } => "storage.set-key",
        },
        Command::Ingestion(c) => match c {
            ingestion::Command::SetRetention { .. } => "table.retention",
            // Data and questions, no forms.
            ingestion::Command::Ingest(_) => "ingestion.ingest",
            ingestion::Command::Query { .. } => "ingestion.query",
            // The simulator's.
            ingestion::Command::Mark { .. }
            | ingestion::Command::SetRate { .. }
            | ingestion::Command::Burst { .. } => "ingestion.simulate",
        },
        Command::Elapse
        | Command::World(_)
        | Command::Rules(_)
        | Command::People(_)
        | Command::Resources(_)
        | Command::Story(_)
        | Command::Ticket(_)
        | Command::Jit(_)
        | Command::Request(_)
        | Command::Grant(_) => "not of this room",
    }
}

#[test]
fn every_command_has_a_form_that_builds_it() {
    let expected = [
        "vault.create",
        "vault.update",
        "vault.delete",
        "vault.recover",
        "vault.purge",
        "key.create",
        "key.new-version",
        "key.set-attributes",
        "key.delete",
        "key.recover",
        "key.purge",
        "policy.set",
        "policy.delete",
        "fault.inject",
        "fault.clear",
        "cluster.put",
        "cluster.patch-key",
        "cluster.patch-capacity",
        "cluster.patch-billing",
        "cluster.delete",
        "cluster.move",
        "operation.fail",
        "link.link",
        "link.unlink",
        "support.allow",
        "support.raise",
        "support.recover",
        "workspace.create",
        "workspace.update",
        "workspace.delete",
        "workspace.recover",
        "search.save",
        "search.delete",
        "storage.link",
        "storage.unlink",
        "storage.set-key",
        "table.retention",
    ];
    let scene = everything();
    let mut built: Vec<&str> = Vec::new();
    for blank in FORMS {
        use lockbox::console::forms::{Asking, Given, build};
        let actor = Actor::Observer;
        let given = Given::new();
        let asking = Asking {
            world: &scene.stage.world,
            now: scene.stage.now,
            actor: &actor,
            item: None,
            given: &given,
            brief: false,
        };
        let fields = (blank.fields)(&asking);
        let command =
            build(blank, &asking, &fields).unwrap_or_else(|no| panic!("{}: {no}", blank.name));
        built.push(named(&command));
    }
    for name in expected {
        assert!(built.contains(&name), "no form builds {name}");
    }
}

/// A scene with one of everything, deleted things and a running operation included.
fn everything() -> Scene {
    let mut scene = scene("ann");
    walk(&mut scene, 8);
    let ann = person("ann");
    let act = |scene: &mut Scene, command: Command| {
        scene.stage.act(&ann, command).unwrap();
    };
    act(
        &mut scene,
        workspace::Command::Delete {
            workspace: "c/web/log-analytics-workspace".into(),
            force: false,
        }
        .into(),
    );
    let create = |name: &str| {
        vault::Command::Create(vault::Create {
            subscription: "c".into(),
            group: "web".into(),
            name: name.into(),
            location: "koreacentral".into(),
            sku: vault::Sku::Standard,
            soft_delete: true,
            purge_protection: false,
            retention: None,
        })
    };
    act(&mut scene, create("aa-first").into());
    act(&mut scene, create("zz-gone").into());
    let delete = vault::Command::Delete {
        vault: "zz-gone".into(),
    };
    act(&mut scene, delete.into());
    for key in ["gone", "there"] {
        let create = key::Command::Create {
            vault: "aa-first".into(),
            key: key.into(),
            kty: key::KeyType::Rsa,
            size: 2048,
            attributes: key::Attributes::default(),
        };
        act(&mut scene, create.into());
    }
    let delete = key::Command::Delete {
        vault: "aa-first".into(),
        key: "gone".into(),
    };
    act(&mut scene, delete.into());
    let delete = cluster::Command::Delete {
        cluster: cluster_id(),
    };
    act(&mut scene, delete.into());
    let save = saved_search::Command::Save {
        workspace: "c/data/linked".into(),
        kind: saved_search::Kind::Search,
        name: "errors".into(),
        category: "ops".into(),
        display_name: "Errors".into(),
        query: "Event | where Level == 1".into(),
    };
    act(&mut scene, save.into());
    let unlink = lockbox::engine::cluster::link::Command::Unlink {
        workspace: "c/data/linked".into(),
    };
    act(&mut scene, unlink.into());
    scene
}

#[test]
fn the_faults_are_the_simulators_whoever_one_acts_as() {
    let mut scene = scene("rea");
    scene.open("fault.inject", Some(ItemId::Vault("key-vault".into())));
    scene.press("tab tab enter");
    assert_eq!(last(&scene).actor, Actor::Simulator);
    assert!(matches!(last(&scene).fact, Fact::Fault(_)));
}

#[test]
fn what_was_typed_is_what_is_submitted() {
    let mut scene = scene("ann");
    scene.open(
        "search.save",
        Some(ItemId::Workspace("c/data/linked".into())),
    );
    scene.type_text("errors").press("tab tab");
    scene
        .type_text("Errors of today")
        .press("tab")
        .type_text("ops")
        .press("tab");
    scene.input(Input::Paste("Event\r\n| where Level == 1\u{1b}[2J".into()));
    scene.press("alt-enter").type_text("| count").press("enter");
    let effects = scene.input(Input::Key("enter".parse().unwrap()));
    let Some(Effect::Submit { command, .. }) = effects.first() else {
        panic!("nothing was submitted: {}", scene.text());
    };
    let Command::Search(saved_search::Command::Save { query, .. }) = &**command else {
        panic!("{command:?}");
    };
    assert_eq!(query.raw(), "Event\n| where Level == 1[2J\n| count");
}

#[test]
fn every_form_is_whole_at_every_size() {
    for size in [(40, 12), (80, 24), (120, 40)] {
        for blank in FORMS {
            let mut scene = everything();
            scene.app.size = size;
            scene.open(blank.name, None);
            for _ in 0..12 {
                scene.press("tab");
                scene.check();
            }
            let screen = scene.text();
            assert!(screen.contains(blank.yes), "{}: {screen}", blank.name);
        }
    }
}

#[test]
fn frames() {
    let vault = || Some(ItemId::Vault("kv-one".into()));
    let forms: [(&str, Option<ItemId>, &str); 8] = [
        ("vault.create", vault(), "k v"),
        ("vault.update", vault(), "tab"),
        ("policy.set", vault(), "tab tab"),
        (
            "key.enable",
            Some(ItemId::Key("kv-one".into(), "kek".into())),
            "",
        ),
        ("cluster.create", vault(), "l a"),
        ("cluster.delete", Some(ItemId::Cluster(cluster_id())), "l a"),
        (
            "cluster.set-key",
            Some(ItemId::Cluster("c/web/log-analytics-cluster".into())),
            "",
        ),
        ("link.link", Some(ItemId::Cluster(cluster_id())), "l"),
    ];
    for size in [(80, 24), (120, 40)] {
        for (name, item, keys) in &forms {
            let mut scene = scene("ann");
            walk(&mut scene, 8);
            scene.app.toast = None;
            scene.app.size = size;
            scene.open(name, item.clone()).press(keys);
            scene.check();
            let frame = format!("form-{name}-{}x{}", size.0, size.1);
            insta::assert_snapshot!(frame, scene.screen().backend());
        }
    }
    let mut scene = scene("ann");
    scene.app.size = (80, 24);
    scene.theme = Theme::load(None, None, Depth::None, glyphs::ASCII).unwrap();
    scene.open("vault.create", None);
    insta::assert_snapshot!("form-ascii-80x24", scene.screen().backend());
}

/// The wrong order of the walk's other end: without a policy for the cluster's identity.
#[test]
fn the_identity_needs_what_the_form_offers() {
    let mut scene = scene("ann");
    walk(&mut scene, 6);
    let identity = scene.stage.world.clusters[&cluster_id()].identity;
    let vault = &scene.stage.world.vaults[&VaultName::from("kv-one")];
    let held = &vault.policies[&Caller::Identity(identity)];
    assert!(CLUSTER_NEEDS.iter().all(|p| held.contains(p)));
    assert_eq!(held.len(), CLUSTER_NEEDS.len());
}
