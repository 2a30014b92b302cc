//! Time travel as a person sees it: the past, a branch, two futures side by side, why, the record and captions, in
//! all sizes and signs; and that every state is told by a word, not by colour alone.

use lockbox::console::app::travel::Arrived;
use lockbox::console::app::{Input, Outcome};
use lockbox::console::blades::Blade;
use lockbox::console::theme::{Depth, Theme, glyphs};
use lockbox::engine::{Actor, Span, digest};
use lockbox::runtime::Cue;

use crate::ingestion::SIZES;
use crate::logs::revoked;
use crate::scene::Scene;
use crate::stage::person;

type Play = fn(&mut Scene);

/// What somebody does to come to a screen, and its name.
const SCREENS: [(&str, Play); 8] = [
    ("past", |scene| {
        scene.press("{ {");
    }),
    ("past-cluster", |scene| {
        scene.app.jump(Blade::Cluster("c/data/clprod".into()));
        scene.press("{ {");
    }),
    ("prompt", |scene| {
        scene.press("@").type_text("r12");
    }),
    ("history", |scene| {
        scene.press("g h j j");
    }),
    ("why", |scene| {
        scene.app.jump(Blade::Cluster("c/data/clprod".into()));
        scene.press("Y");
    }),
    ("branch", |scene| {
        scene.press("{ { g b");
    }),
    ("compare", |scene| {
        scene.press("{ { { { { { { { g b");
        scene.stage.wait(Span::hours(3));
        scene.press("g x");
    }),
    ("captions", |scene| {
        scene.app.cue = Cue {
            note: "Say: Nothing is lost yet: the hour of the revocation runs.".into(),
            next: "Next: b restores the key".into(),
        };
        scene.press("f3");
        let events = scene.stage.journal.clone();
        scene.finish(Outcome::Arrived(Arrived::Meanwhile(events)));
    }),
];

#[test]
fn every_screen_of_time_travel_in_all_sizes_and_signs() {
    let stage = revoked();
    for (name, play) in SCREENS {
        for (width, height) in SIZES {
            let mut scene = Scene::new(stage.clone(), person("ann"), (width, height));
            play(&mut scene);
            scene.check();
            let place = format!("travel-{name}-{width}x{height}");
            insta::assert_snapshot!(place, scene.screen().backend());
            scene.theme = Theme::load(None, None, Depth::None, glyphs::ASCII).unwrap();
            scene.check();
            let place = format!("travel-{name}-ascii-{width}x{height}");
            insta::assert_snapshot!(place, scene.screen().backend());
        }
    }
}

#[test]
fn the_stage_of_time_stands_on_every_screen_in_words_without_any_colour() {
    for (width, height) in SIZES {
        let mut scene = Scene::new(revoked(), person("ann"), (width, height));
        scene.theme = Theme::load(None, None, Depth::None, glyphs::ASCII).unwrap();
        scene.hides("PAST");
        scene.hides("BRANCH");
        for keys in ["{", "g c", "g o", "g n", "g v enter"] {
            scene.press(keys).shows(" PAST r");
        }
        scene.press("g b");
        for keys in ["g c", "g o", "g n"] {
            scene.press(keys).shows(" BRANCH of r");
        }
        scene.press("g e").hides(" BRANCH of r");
        scene.hides("PAST");
    }
}

#[test]
fn one_rewinds_to_before_the_key_was_pressed_branches_compares_and_comes_back_to_the_same_world() {
    let mut scene = Scene::new(revoked(), person("ann"), (120, 40));
    let before = (digest(&scene.stage.world), scene.stage.journal.len());
    scene.app.jump(Blade::Cluster("c/data/clprod".into()));
    scene.shows("Revoked");
    // Back over the drop, the revocation and the notice, to the key.
    scene.press("{").shows("PAST r171/r172");
    scene.press("{").shows("RevocationPending");
    scene.press("{").shows("CmkActive");
    scene.shows("DISABLED");
    scene.press("g =").shows("Digest ");
    scene.press("{").shows("PAST r");
    scene.press("space").shows("Time stands in the past");
    scene.press("}").press("{").shows("PAST r");
    scene.press("g b").shows("BRANCH of r");
    scene.stage.wait(Span::hours(6));
    scene.press("g x").shows("Two futures at");
    scene.shows("dropped for good, modelled");
    scene.press("g e").hides(" BRANCH of r");
    assert_eq!(
        (digest(&scene.stage.world), scene.stage.journal.len()),
        before
    );
}

#[test]
fn why_tells_a_person_and_a_rule_and_each_step_is_a_link() {
    let cluster = || Blade::Cluster("c/data/clprod".into());
    let mut scene = Scene::new(revoked(), person("ann"), (120, 40));
    scene.app.jump(cluster());
    scene.press("Y").shows("It began with ann.");
    scene.shows("R-CMK-38");
    scene.shows("S4 §key-revocation");
    // Somebody of another organisation sees no cluster to ask about.
    let mut other = Scene::new(revoked(), person("nor"), (120, 40));
    other.app.jump(cluster());
    other.press("Y").hides("It began with");
    let mut observer = Scene::new(revoked(), Actor::Observer, (120, 40));
    observer.app.jump(cluster());
    observer.press("Y").shows("It began with ann.");
}

#[test]
fn the_two_futures_of_one_organisation_name_nothing_of_another() {
    let mut scene = Scene::new(revoked(), person("ann"), (120, 40));
    scene.press("{ { { { g b g x").shows("c/data/clprod");
    scene.hides("f/web/log-analytics-cluster");
    let mut other = Scene::new(revoked(), person("fay"), (120, 40));
    other.press("{ g b g x").hides("clprod");
}

#[test]
fn a_time_to_come_is_reached_by_letting_time_go_on() {
    let mut scene = Scene::new(revoked(), person("ann"), (120, 40));
    let before = scene.stage.now;
    scene.press("@").type_text("+90m").press("enter");
    assert_eq!(scene.stage.now, before + Span::minutes(90));
    assert!(scene.app.at.past.is_none());
    scene.press("@").type_text("noon").press("enter");
    scene.shows("is not a time");
}

#[test]
fn a_click_on_the_bar_goes_to_that_part_of_the_record() {
    let mut scene = Scene::new(revoked(), person("ann"), (120, 40));
    scene.press("{").text();
    let head = scene.app.at.past.as_ref().unwrap().head.0;
    // The bar stands at the right of the status line.
    scene.input(Input::Click(103, 38));
    let early = scene.app.at.past.as_ref().unwrap().revision.0;
    scene.text();
    scene.input(Input::Click(109, 38));
    let middle = scene.app.at.past.as_ref().unwrap().revision.0;
    assert!(
        0 < early && early < middle && middle < head,
        "{early} {middle} {head}"
    );
    scene.text();
    scene.input(Input::Click(118, 38));
    assert_eq!(
        scene
            .app
            .at
            .past
            .as_ref()
            .map_or(head, |past| past.revision.0),
        head
    );
}

#[test]
fn a_presenter_reads_what_to_say_and_what_comes_next() {
    let mut scene = Scene::new(revoked(), person("ann"), (120, 40));
    scene.app.cue = Cue {
        note: "Say: Welcome.".into(),
        next: "Next: the key goes".into(),
    };
    scene.press("f3").shows("Say: Welcome.");
    scene.shows("Next: the key goes");
    scene.press("f3").hides("Say:");
}
