//! What people come to do, by keys.

use lockbox::console::blades::Blade;
use lockbox::console::rows::ItemId;
use lockbox::engine::lockbox::{grant, request};
use lockbox::engine::{Actor, Span, decide};

use crate::keys::keys;
use crate::scene::{Scene, many, one};
use crate::stage::person;

const SIZE: (u16, u16) = (100, 30);

fn waiting(scene: &Scene) -> lockbox::engine::ids::RequestId {
    scene.stage.world.lockbox.pending.get_min().unwrap().1
}

/// The letters the dialog asks for, read off the screen.
fn code(scene: &mut Scene) -> String {
    let screen = scene.text();
    let after = screen.split("Type ").nth(1).unwrap();
    after.split(' ').next().unwrap().to_owned()
}

#[test]
fn an_owner_approves_with_a_reason_and_a_typed_code() {
    let mut scene = Scene::new(one(), person("ann"), SIZE);
    let id = waiting(&scene);
    scene.press("g p a");
    scene.shows("text from the other side");
    let code = code(&mut scene);
    scene
        .type_text("looks right")
        .press("tab")
        .type_text(&code)
        .press("enter enter");
    assert_eq!(scene.stage.status(id), request::Status::Approved);
    let request = &scene.stage.world.lockbox.requests[&id];
    assert_eq!(
        request.decision.as_ref().unwrap().reason.raw(),
        "looks right"
    );
    scene.shows("approved; access has begun");
    scene.press("g l").shows("Approve Lockbox Request");
}

#[test]
fn enter_alone_never_decides_and_a_wrong_code_never_approves() {
    let mut scene = Scene::new(one(), person("ann"), SIZE);
    let id = waiting(&scene);
    scene.press("g p a enter").shows("Nothing was done");
    scene
        .press("a tab tab")
        .press("d enter enter enter")
        .press("esc");
    scene
        .press("a")
        .type_text("why")
        .press("tab")
        .type_text("QQQQ");
    scene.press("enter tab enter enter esc");
    assert_eq!(scene.stage.status(id), request::Status::Pending);
}

#[test]
fn enter_on_a_missing_code_says_what_to_type_and_stays_there() {
    let mut scene = Scene::new(one(), person("ann"), SIZE);
    let id = waiting(&scene);
    scene.press("g p a").type_text("fine").press("enter");
    scene.press("enter").shows("first.");
    let code = code(&mut scene);
    scene.type_text(&code).press("enter enter");
    assert_eq!(scene.stage.status(id), request::Status::Approved);
    let decision = scene.stage.world.request(id).unwrap().decision.clone();
    assert_eq!(decision.unwrap().reason.raw(), "fine");
}

#[test]
fn a_decision_without_a_reason_is_not_made_and_asks_for_one() {
    let mut scene = Scene::new(one(), person("ann"), SIZE);
    let id = waiting(&scene);
    scene.press("g p d tab enter");
    scene.shows("Give a reason first");
    assert_eq!(scene.stage.status(id), request::Status::Pending);
    scene.type_text("not needed").press("tab tab enter");
    assert_eq!(scene.stage.status(id), request::Status::Denied);
}

#[test]
fn a_key_that_means_nothing_here_says_so() {
    let mut scene = Scene::new(one(), person("ann"), SIZE);
    scene.press("#").shows("# does nothing; ? shows what does.");
    scene
        .press("g u a")
        .shows("a does nothing on this blade; ? shows what does.");
    scene.press("g z").shows("g z does nothing");
}

#[test]
fn an_owner_denies() {
    let mut scene = Scene::new(one(), person("ann"), SIZE);
    let id = waiting(&scene);
    scene
        .press("g p d")
        .type_text("no need")
        .press("tab tab enter");
    assert_eq!(scene.stage.status(id), request::Status::Denied);
}

#[test]
fn a_contributor_reads_the_worlds_own_refusal_in_dialog_and_help() {
    let mut scene = Scene::new(one(), person("con"), (120, 40));
    let id = waiting(&scene);
    let command = request::Command::Decide {
        request: id,
        approve: true,
        reason: "".into(),
    };
    let refusal = decide(
        &scene.stage.world,
        scene.stage.now,
        &person("con"),
        &command.into(),
    )
    .unwrap_err();
    scene.press("g p a");
    let screen = scene.text().replace(['│', '"', '\n'], " ");
    let words = |t: &str| t.split_whitespace().collect::<Vec<_>>().join(" ");
    let start: String = refusal.message.chars().take(60).collect();
    assert!(words(&screen).contains(&words(&start)), "{screen}");
    scene.shows("not possible");
    // Once in the dialog, once above the key bar.
    let above_the_bar = scene.text().lines().rev().nth(1).unwrap().to_owned();
    assert!(above_the_bar.contains(&start), "{above_the_bar}");
    scene.press("enter").hides("not possible");
    scene.press("?").shows(&start);
}

#[test]
fn an_owner_revokes_and_the_session_ends() {
    let mut scene = Scene::new(one(), person("ann"), SIZE);
    scene.press("g a R").shows("extension");
    scene
        .type_text("enough")
        .press("tab")
        .type_text("revoke")
        .press("enter enter");
    let grant = &scene.stage.world.lockbox.grants[&lockbox::engine::ids::GrantId(1)];
    assert_eq!(grant.status, grant::Status::Revoked);
    assert!(grant.sessions.iter().all(|s| s.forced));
}

#[test]
fn the_cursor_stays_on_its_request_when_others_come_and_go() {
    let mut scene = Scene::new(many(), person("ann"), SIZE);
    scene.press("g p j j j");
    let on = scene.app.page().cursor.clone();
    scene.stage.pending();
    let first = waiting(&scene);
    scene.stage.decide("ann", first, false).unwrap();
    scene.text();
    assert_eq!(scene.app.page().cursor, on);
}

#[test]
fn a_request_that_arrives_is_told() {
    let mut scene = Scene::new(one(), person("ann"), SIZE);
    let id = scene.stage.pending();
    scene.shows(&format!("{id} waits for a decision"));
}

#[test]
fn the_activity_log_filters_by_operation_and_any_list_by_words() {
    let mut scene = Scene::new(many(), person("ann"), SIZE);
    scene.press("g l 3").shows("Deny Lockbox Request");
    scene.hides("Approve Lockbox Request");
    scene.press("0").shows("Approve Lockbox Request");
    scene.press("g r /").type_text("lb-000007").press("enter");
    assert_eq!(scene.app.page().ids.len(), 1);
    scene.press("esc");
    assert_eq!(scene.app.page().ids.len(), 45);
}

#[test]
fn acting_as_somebody_else_changes_what_may_be_done() {
    let mut scene = Scene::new(one(), Actor::Observer, SIZE);
    scene.press("P").type_text("ann@").press("esc");
    scene.press("P").type_text("ann").press("enter");
    assert_eq!(scene.app.actor, person("ann"));
    scene.shows("You act as ann now");
}

#[test]
fn time_goes_on_by_keys() {
    let mut scene = Scene::new(one(), person("ann"), SIZE);
    scene.shows("paused");
    scene.press("-").shows("Time cannot run slower");
    scene.press("space").shows("1x");
    scene.press("+ +").shows("10x");
    let before = scene.stage.now;
    scene.press("n").shows(" UTC: GR-");
    assert!(scene.stage.now > before + Span::hours(1));
    scene.press("g a").shows("expired");
}

#[test]
fn a_click_selects_a_second_one_opens_and_the_key_bar_can_be_clicked() {
    use lockbox::console::app::Input;
    let mut scene = Scene::new(many(), person("ann"), SIZE);
    scene.press("g p").text();
    scene.input(Input::Click(10, 6));
    assert_eq!(scene.app.page().index, 3);
    scene.text();
    scene.input(Input::Click(10, 6));
    scene.shows("Who can decide");
    let bar = SIZE.1 - 1;
    let x = scene.text().lines().last().unwrap().find("help").unwrap();
    scene.input(Input::Click(u16::try_from(x).unwrap(), bar));
    scene.shows("Help:");
}

#[test]
fn who_may_not_look_sees_the_refusal_and_nothing_of_the_request() {
    let mut scene = Scene::new(one(), person("ann"), SIZE);
    scene.press("g p enter").shows("look at the boot log");
    scene.press("P").type_text("fay").press("enter");
    scene.shows("has no authorization to perform action");
    scene.hides("look at the boot log");
    scene.press("a").hides("gets reader access");
    scene.shows("There is no request here");
}

/// Presses a key until the cursor is on something, which must be within reach.
fn until(scene: &mut Scene, key: &str, wanted: impl Fn(&ItemId) -> bool) {
    for _ in 0..60 {
        if scene.app.page().cursor.as_ref().is_some_and(&wanted) {
            scene.check();
            return;
        }
        scene.press(key);
    }
    panic!("out of reach: {}", scene.text());
}

#[test]
fn a_walk_from_vault_to_key_version_cluster_and_workspace_and_back_by_keys_alone() {
    for size in [(80, 24), (120, 40)] {
        for step in ["tab", "j"] {
            let mut scene = Scene::new(keys(), person("ann"), size);
            scene.press("g v");
            until(&mut scene, "j", |id| *id == ItemId::Vault("kv-prod".into()));
            scene.press("enter").shows("kv-prod · key vault");
            let key = ItemId::Key("kv-prod".into(), "data-key".into());
            until(&mut scene, step, |id| *id == key);
            scene.press("enter").shows("data-key · key of kv-prod");
            let on_cluster = scene.stage.world.clusters
                [&lockbox::engine::ids::ResourceId::from(CLPROD)]
                .key
                .clone()
                .unwrap();
            let version = ItemId::KeyVersion(on_cluster.clone());
            until(&mut scene, step, |id| *id == version);
            scene.press("enter").shows("version of kv-prod/data-key");
            until(&mut scene, step, |id| *id == ItemId::Cluster(CLPROD.into()));
            scene.press("l").shows("clprod · dedicated cluster");
            until(&mut scene, step, |id| {
                *id == ItemId::Workspace("c/data/ws-shop".into())
            });
            scene.press("right").shows("ws-shop · workspace");
            // Back the same way; each page has its cursor where it was.
            scene.press("esc").shows("clprod · dedicated cluster");
            let workspace = ItemId::Workspace("c/data/ws-shop".into());
            assert_eq!(scene.app.page().cursor, Some(workspace));
            scene.press("h");
            assert_eq!(
                scene.app.page().cursor,
                Some(ItemId::Cluster(CLPROD.into()))
            );
            scene.press("left");
            assert_eq!(scene.app.page().cursor, Some(version));
            scene.press("esc");
            assert_eq!(scene.app.page().cursor, Some(key));
            scene.press("esc").shows("RECOVERABLE");
            assert_eq!(
                scene.app.page().cursor,
                Some(ItemId::Vault("kv-prod".into()))
            );
            scene.press("esc");
            assert_eq!(scene.app.page().blade, Blade::Overview);
        }
    }
}

const CLPROD: &str = "c/data/clprod";

#[test]
fn a_page_is_about_its_subject_until_the_cursor_is_on_a_link() {
    let mut scene = Scene::new(keys(), person("ann"), (80, 24));
    scene.app.jump(Blade::Vault("kv-prod".into()));
    scene.text();
    let vault = Some(ItemId::Vault("kv-prod".into()));
    assert_eq!(scene.app.item(), vault);
    scene.press("enter").shows("The cursor is on no link");
    scene.press("tab");
    assert_ne!(scene.app.item(), vault);
    scene.press("shift-tab");
    assert_eq!(scene.app.item(), vault);
    // j goes through links and lines to the very end, k all the way back.
    for _ in 0..200 {
        scene.press("j");
    }
    scene.check();
    scene.shows("100%");
    for _ in 0..200 {
        scene.press("k");
    }
    scene.shows("kv-prod · key vault");
    assert_eq!(scene.app.item(), vault);
    scene.press("G").shows("100%");
    scene.press("g g").shows("kv-prod · key vault");
}

#[test]
fn the_cursor_stays_on_its_link_when_the_page_changes() {
    let mut scene = Scene::new(keys(), person("ann"), (120, 40));
    scene.app.jump(Blade::Cluster(CLPROD.into()));
    scene.text();
    let shop = ItemId::Workspace("c/data/ws-shop".into());
    until(&mut scene, "tab", |id| *id == shop);
    // The workspace that was on its way arrives, and its bar goes.
    scene.stage.wait(Span::hours(2));
    scene.text();
    assert_eq!(scene.app.page().cursor, Some(shop));
}

#[test]
fn a_click_on_a_link_selects_and_a_second_one_opens() {
    use lockbox::console::app::Input;
    let mut scene = Scene::new(keys(), person("ann"), (80, 24));
    scene.app.jump(Blade::Vault("kv-prod".into()));
    let y = scene
        .text()
        .lines()
        .position(|l| l.contains("lab-key"))
        .unwrap();
    let y = u16::try_from(y).unwrap();
    scene.input(Input::Click(4, y));
    let key = ItemId::Key("kv-prod".into(), "lab-key".into());
    assert_eq!(scene.app.item(), Some(key));
    scene.text();
    scene.input(Input::Click(4, y));
    scene.shows("lab-key · key of kv-prod");
}

#[test]
fn bars_move_with_time_and_end_with_the_operation() {
    let mut scene = Scene::new(keys(), person("ann"), (80, 24));
    scene.press("g i").shows("41%");
    scene.stage.wait(Span::minutes(15));
    scene.shows("66%");
    scene.stage.wait(Span::minutes(30));
    scene.hides("create-cluster  clnew               ████░");
    let row = scene.text();
    assert!(
        row.lines()
            .any(|l| l.contains("clnew") && l.contains("done"))
    );
}

#[test]
fn checklist_and_pre_flight_are_one_key_from_a_cluster() {
    let mut scene = Scene::new(keys(), person("ann"), (80, 24));
    scene.press("g c g k").shows("steps to your own key");
    scene.press("g f").shows("pre-flight check");
    scene.press("esc esc").shows("ENCRYPTION");
}

#[test]
fn an_administrative_entry_of_the_activity_log_opens_its_resource() {
    let mut scene = Scene::new(keys(), person("ann"), (80, 24));
    scene.press("g l enter").shows("ws-late · workspace");
}

#[test]
fn who_may_not_look_at_a_vault_sees_the_refusal() {
    let mut scene = Scene::new(keys(), person("fay"), (80, 24));
    scene.press("g v").hides("kv-prod");
    scene.app.jump(Blade::Vault("kv-prod".into()));
    scene.shows("has no authorization to perform action");
    scene.hides("data-key");
    scene.press("g c").hides("clprod");
    let world = &scene.stage.world;
    let refused = lockbox::console::once(
        world,
        scene.stage.now,
        &person("fay"),
        "key/kv-prod/data-key",
        lockbox::console::Format::Plain,
        80,
    );
    assert_eq!(refused.unwrap_err().status, 403);
}

#[test]
fn what_time_and_keys_do_to_a_cluster_is_on_the_overview() {
    let mut scene = Scene::new(keys(), person("ann"), (120, 40));
    scene.shows("DATA LOST: linked");
    scene.shows("log-analytics-cluster: Revoked");
    scene.shows("Next (2 operations run)");
}
