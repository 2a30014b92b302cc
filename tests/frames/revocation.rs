//! The revocation blade in every state of a cluster's encryption, in all sizes and signs; and what one does with it
//! by keys alone.

use lockbox::console::app::Effect;
use lockbox::console::blades::Blade;
use lockbox::console::blades::revocation::Pane;
use lockbox::console::theme::{Depth, Theme, glyphs};
use lockbox::engine::cluster::encryption::Encryption;
use lockbox::engine::ids::ResourceId;
use lockbox::engine::{Actor, Span};

use crate::ingestion::{SIZES, live_site, usual};
use crate::logs::{enable, revoked};
use crate::scene::Scene;
use crate::stage::{Stage, person};

fn state(stage: &Stage) -> Encryption {
    let cluster = &stage.world.clusters[&ResourceId::from("c/data/clprod")];
    cluster.protection.state.clone()
}

/// The version was disabled, and storage has noticed.
fn pending() -> Stage {
    let mut stage = usual();
    enable(&mut stage, false);
    stage.wait(Span::minutes(20));
    assert!(matches!(
        state(&stage),
        Encryption::RevocationPending { .. }
    ));
    stage
}

/// The key came back, and storage is on its way.
fn resuming() -> Stage {
    let mut stage = revoked();
    enable(&mut stage, true);
    stage.wait(Span::minutes(5));
    assert!(matches!(state(&stage), Encryption::Resuming { .. }));
    stage
}

fn scene(stage: &Stage, size: (u16, u16)) -> Scene {
    let mut scene = Scene::new(stage.clone(), person("ann"), size);
    scene.app.jump(Blade::Revocation("c/data/clprod".into()));
    scene.check();
    scene
}

#[test]
fn the_revocation_blade_in_every_state_size_and_sign() {
    let stages: [(&str, Stage); 5] = [
        ("active", usual()),
        ("pending", pending()),
        ("revoked", revoked()),
        ("resuming", resuming()),
        ("live-site", live_site()),
    ];
    for (name, stage) in &stages {
        for (width, height) in SIZES {
            let mut scene = scene(stage, (width, height));
            scene.check();
            let place = format!("revocation-{name}-{width}x{height}");
            insta::assert_snapshot!(place, scene.screen().backend());
            scene.theme = Theme::load(None, None, Depth::None, glyphs::ASCII).unwrap();
            let place = format!("revocation-{name}-ascii-{width}x{height}");
            insta::assert_snapshot!(place, scene.screen().backend());
        }
    }
}

#[test]
fn on_a_small_screen_one_turns_from_part_to_part() {
    let mut scene = scene(&revoked(), (80, 24));
    for part in ["ways", "back", "card"] {
        scene.press("tab");
        insta::assert_snapshot!(
            format!("revocation-part-{part}-80x24"),
            scene.screen().backend()
        );
    }
    scene.press("tab").shows("FROM THE VAULT TO THE DATA");
    // The cursor brings its part with it.
    scene.press("j").shows("WAYS TO CUT THE KEY");
    scene.press("G").shows("THE WAY BACK");
    assert_eq!(scene.app.revocation.pane, Pane::Back);
}

#[test]
fn monochrome_says_every_state_by_sign_and_word() {
    for (stage, words) in [
        (usual(), ["holds", "CmkActive"]),
        (pending(), ["burning", "breaks in"]),
        (revoked(), ["broken", "dropped for ever"]),
        (resuming(), ["healing", "heals in"]),
        (live_site(), ["unknown", "Buffered under the Microsoft key"]),
    ] {
        let mut scene = scene(&stage, (120, 40));
        scene.theme = Theme::load(Some("monochrome"), None, Depth::None, glyphs::UNICODE).unwrap();
        for word in words {
            scene.shows(word);
        }
    }
    let mut scene = scene(&pending(), (120, 40));
    scene.theme = Theme::load(Some("monochrome"), None, Depth::None, glyphs::UNICODE).unwrap();
    insta::assert_snapshot!("revocation-monochrome-120x40", scene.screen().backend());
}

#[test]
fn a_key_is_disabled_after_a_preview_and_given_back_by_keys_alone() {
    let mut scene = Scene::new(usual(), person("ann"), (120, 40));
    scene.press("g q enter");
    insta::assert_snapshot!("revocation-preview-120x40", scene.screen().backend());
    scene.shows("loses access to its data by");
    scene.shows("an hour are lost");
    let effects = {
        scene.press("tab");
        scene.key(lockbox::console::input::key::sequence("enter").unwrap()[0])
    };
    assert!(effects.iter().any(|e| matches!(e, Effect::Submit { .. })));
    scene.shows("burning");
    // Each fuse burns down.
    let seen = |scene: &mut Scene| {
        let chain = scene.app.revocation.lineage.clone().unwrap();
        chain
            .links
            .into_iter()
            .filter_map(|l| l.fuse)
            .map(|f| f.expected)
            .max()
    };
    let expected = seen(&mut scene).unwrap();
    scene.stage.wait(Span::minutes(30));
    scene.shows("breaks in");
    assert_eq!(seen(&mut scene), Some(expected));
    scene.stage.wait(Span::minutes(31));
    scene.shows("Revoked");
    scene.shows("for ever");
    // The first step that is open gives it back.
    scene.press("tab tab");
    while !scene.app.page().cursor.as_ref().is_some_and(|id| {
        scene
            .app
            .revocation
            .step(id)
            .is_some_and(|s| s.does.is_some())
    }) {
        scene.press("j");
    }
    scene.press("enter").shows("can be used again");
    scene.press("tab enter");
    scene.stage.wait(Span::minutes(31));
    scene.shows("CmkActive");
    assert_eq!(state(&scene.stage), Encryption::Active);
}

#[test]
fn who_may_not_is_told_why_and_still_sees_the_chain() {
    let mut scene = Scene::new(usual(), Actor::Observer, (120, 40));
    scene.press("g q").shows("FROM THE VAULT TO THE DATA");
    scene.shows("not now");
    scene.press("enter");
    scene.shows("Observer");
}
