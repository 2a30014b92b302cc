//! The ingestion blade: as it usually is, while a key is revoked and while its vault is silent, in all sizes and
//! signs; and what it computes when one looks at five minutes and at ninety days.

use lockbox::console::app::travel::{Arrived, At, Moment};
use lockbox::console::app::{Input, Outcome};
use lockbox::console::blades::ingestion::Ingestion;
use lockbox::console::blades::{Blade, Eye};
use lockbox::console::rows::ItemId;
use lockbox::console::terminal::Screen;
use lockbox::console::theme::{Depth, Theme, glyphs};
use lockbox::engine::Span;
use lockbox::engine::ids::{ResourceId, VaultName};
use lockbox::engine::ingestion::Command as Logs;
use lockbox::engine::ingestion::ledger::Scope;
use lockbox::engine::ingestion::rate::{Rate, Shape};
use lockbox::engine::ingestion::route::Loss;
use lockbox::engine::vault::network::{self, FaultKind};
use lockbox::engine::{Actor, World};
use proptest::prelude::*;
use ratatui::style::Color;

use crate::logs::{enable, logs, revoked};
use crate::scene::Scene;
use crate::stage::{Stage, person};

pub const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

pub fn usual() -> Stage {
    let mut stage = logs();
    for (workspace, gb_per_day, shape) in [
        ("ws-audit", 620, Shape::Steady),
        ("ws-shop", 240, Shape::Office),
        ("ws-late", 90, Shape::Nightly),
    ] {
        let rate = Logs::SetRate {
            workspace: ResourceId::from(format!("c/data/{workspace}").as_str()),
            rate: Rate { gb_per_day, shape },
        };
        stage.act(&Actor::Simulator, rate).unwrap();
    }
    stage.wait(Span::hours(3));
    stage
}

/// The vault of the cluster is silent for long enough that data is buffered.
pub fn live_site() -> Stage {
    let mut stage = usual();
    let outage = network::Command::Inject {
        vault: VaultName::new("kv-prod"),
        kind: FaultKind::Outage,
        length: Span::hours(3),
    };
    stage.act(&Actor::Simulator, outage).unwrap();
    stage.wait(Span::minutes(75));
    stage
}

fn lost(world: &World) -> u128 {
    world.modelled(&Scope::All, world.now).dropped[Loss::Revoked as usize]
}

#[test]
fn the_ingestion_blade_in_all_sizes_and_signs() {
    let stages: [(&str, Stage); 3] = [
        ("usual", usual()),
        ("revoked", revoked()),
        ("live-site", live_site()),
    ];
    assert!(lost(&stages[1].1.world) > 0);
    for (name, stage) in &stages {
        for (width, height) in SIZES {
            let mut scene = Scene::new(stage.clone(), person("ann"), (width, height));
            scene.press("g n");
            let place = format!("ingestion-{name}-{width}x{height}");
            insta::assert_snapshot!(place, scene.screen().backend());
            scene.theme = Theme::load(None, None, Depth::None, glyphs::ASCII).unwrap();
            scene.press("V");
            let place = format!("ingestion-{name}-ascii-{width}x{height}");
            insta::assert_snapshot!(place, scene.screen().backend());
        }
    }
}

#[test]
fn it_is_narrowed_to_a_cluster_and_to_a_workspace_and_back() {
    let mut scene = Scene::new(revoked(), person("ann"), (120, 40));
    scene.press("g n j enter").shows("› clprod");
    scene.press("j enter").shows("› ws-audit");
    insta::assert_snapshot!("ingestion-workspace-120x40", scene.screen().backend());
    scene.press("esc esc").shows("all clusters and workspaces");
    scene.press("g c I").shows("MODELLED");
}

#[test]
fn ninety_days_cost_as_many_sums_as_five_minutes_and_time_that_goes_on_costs_one_column() {
    let mut scene = Scene::new(usual(), person("ann"), (120, 40));
    scene.press("g n");
    let mut sums = |keys: &str| {
        let before = scene.app.ingestion.columns.computed;
        scene.press(keys);
        (
            scene.app.ingestion.length(),
            scene.app.ingestion.columns.computed - before,
        )
    };
    let mut seen = vec![];
    for _ in 0..12 {
        seen.push(sums("z"));
    }
    let (shortest, _) = seen[11];
    let mut costs = vec![];
    for _ in 0..12 {
        costs.push(sums("Z"));
    }
    assert_eq!((shortest, costs[11].0), ("5 minutes", "90 days"));
    let most = costs.iter().map(|(_, n)| *n).max().unwrap();
    let least = costs
        .iter()
        .map(|(_, n)| *n)
        .filter(|n| *n > 0)
        .min()
        .unwrap();
    assert!(most <= 2 * least, "{costs:?}");
    // Time goes on: what is over stays.
    let before = scene.app.ingestion.columns.computed;
    scene.stage.wait(Span::seconds(1));
    scene.screen();
    let scopes = most / 100;
    assert!(
        scene.app.ingestion.columns.computed - before <= 2 * scopes.max(2),
        "{costs:?}"
    );
}

#[test]
fn a_frozen_picture_stays_while_the_world_goes_on_and_its_figures_are_the_ledgers() {
    let mut scene = Scene::new(usual(), Actor::Observer, (120, 40));
    scene.press("g n p");
    scene.shows("MODELLED");
    let frozen = scene.app.ingestion.rates.clone();
    scene.stage.wait(Span::hours(2));
    scene.screen();
    assert_eq!(scene.app.ingestion.rates, frozen);
    scene.press("f");
    assert_ne!(scene.app.ingestion.rates, frozen);
    let world = &scene.stage.world;
    assert_eq!(
        scene.app.ingestion.figures.modelled,
        world.modelled(&Scope::All, scene.stage.now)
    );
}

#[test]
fn five_minutes_and_ninety_days_of_a_cluster_that_was_revoked() {
    let mut scene = Scene::new(revoked(), person("ann"), (120, 40));
    scene.stage.wait(Span::days(4));
    scene.press("g n j enter");
    for (name, keys) in [
        ("5-minutes", "z z z z z z z z"),
        ("90-days", "Z Z Z Z Z Z Z Z"),
    ] {
        for size in [(80, 24), (120, 40)] {
            scene.app.size = size;
            scene.press(keys);
            let place = format!("ingestion-{name}-{}x{}", size.0, size.1);
            insta::assert_snapshot!(place, scene.screen().backend());
        }
    }
}

#[test]
fn without_colour_every_fate_still_has_its_sign() {
    let mut scene = Scene::new(live_site(), person("ann"), (120, 40));
    scene.theme = Theme::load(None, None, Depth::None, glyphs::UNICODE).unwrap();
    scene.press("g n V");
    let screen = scene.screen();
    for cell in &screen.backend().buffer().content {
        assert!(cell.fg == Color::Reset && cell.bg == Color::Reset);
    }
    insta::assert_snapshot!("ingestion-live-site-mono-120x40", screen.backend());
}

#[test]
fn a_moment_is_read_off_by_key_and_by_mouse_and_esc_lets_it_go() {
    let mut scene = Scene::new(live_site(), person("ann"), (120, 40));
    scene.press("g n");
    let now = *scene.app.ingestion.read();
    // An hour before, nothing was buffered yet.
    for _ in 0..50 {
        scene.press(",");
    }
    let then = *scene.app.ingestion.read();
    assert_eq!((now[2] > 0, then[2]), (true, 0));
    insta::assert_snapshot!("ingestion-read-120x40", scene.screen().backend());
    scene.press("esc");
    assert_eq!(scene.app.ingestion.cursor(), None);
    assert_eq!(scene.app.page().blade, Blade::Ingestion(Scope::All));
    scene.input(Input::Click(20, 10));
    assert!(scene.app.ingestion.cursor().is_some_and(|at| at < 40));
    assert_eq!(scene.app.ingestion.read()[2], 0);
    scene.press("esc esc");
    assert_eq!(scene.app.page().blade, Blade::Overview);
}

#[test]
fn the_wheel_zooms_and_the_window_goes_back_and_on_to_the_present() {
    let mut scene = Scene::new(usual(), person("ann"), (100, 30));
    scene.press("g n");
    let lengths = |scene: &Scene| scene.app.ingestion.length();
    assert_eq!(lengths(&scene), "1 hour");
    scene.input(Input::Wheel(1));
    assert_eq!(lengths(&scene), "3 hours");
    scene.input(Input::Wheel(-1));
    assert_eq!(lengths(&scene), "1 hour");
    let window = scene.app.ingestion.window;
    scene.press("h h");
    assert!(!scene.app.ingestion.follows());
    assert!(scene.app.ingestion.window.until() <= window.from() + Span::minutes(2));
    scene.press("l l l");
    assert!(scene.app.ingestion.follows());
    assert_eq!(scene.app.ingestion.window, window);
}

#[test]
fn who_may_see_some_workspaces_sees_their_sum_and_not_that_of_all() {
    // Gro owns one resource group of Contoso, Fay is of another organisation, and Nor has a role nowhere.
    let sums = ["ann", "gro", "fay", "nor"].map(|who| {
        let mut scene = Scene::new(usual(), person(who), (120, 40));
        scene.press("g n");
        let rows = scene.app.page().ids.len();
        let sent = scene.app.ingestion.figures.modelled.sent();
        let listed = scene.app.page().ids.iter().filter_map(|id| match id {
            ItemId::Workspace(id) => Some(Scope::Workspace(id.clone())),
            _ => None,
        });
        let world = &scene.stage.world;
        let of_rows: u128 = listed
            .map(|s| world.modelled(&s, scene.stage.now).sent())
            .sum();
        assert_eq!(sent, of_rows, "{who}");
        (rows, sent)
    });
    assert!(sums[0].1 > sums[1].1 && sums[0].0 > sums[1].0, "{sums:?}");
    assert!(sums[0].1 > sums[2].1 && sums[2].1 > 0, "{sums:?}");
    assert_eq!(sums[3], (0, 0));
}

/// What somebody does while the charts are open.
#[derive(Debug, Clone)]
enum Doing {
    Wait(i64),
    Enable(bool),
    Keys(&'static str),
    Rate(u32),
}

fn doing() -> impl Strategy<Value = Doing> {
    let keys = ["z", "Z", "h", "l", "f", "V", "j enter", "esc", ",", "."];
    prop_oneof![
        (1..9_000i64).prop_map(Doing::Wait),
        any::<bool>().prop_map(Doing::Enable),
        prop::sample::select(keys.to_vec()).prop_map(Doing::Keys),
        (0..900u32).prop_map(Doing::Rate),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn what_is_kept_of_the_columns_is_what_would_be_computed_anew(
        steps in prop::collection::vec(doing(), 1..30),
    ) {
        let mut scene = Scene::new(logs(), Actor::Observer, (100, 30));
        scene.press("g n");
        for step in steps {
            match step {
                Doing::Wait(seconds) => scene.stage.wait(Span::seconds(seconds)),
                Doing::Enable(enabled) => enable(&mut scene.stage, enabled),
                Doing::Keys(keys) => {
                    scene.press(keys);
                }
                Doing::Rate(gb_per_day) => {
                    let rate = Logs::SetRate {
                        workspace: "c/data/ws-audit".into(),
                        rate: Rate { gb_per_day, shape: Shape::Steady },
                    };
                    scene.stage.act(&Actor::Simulator, rate).unwrap();
                }
            }
            scene.screen();
            let Blade::Ingestion(scope) = scene.app.page().blade.clone() else {
                scene.press("g n");
                continue;
            };
            let shown = &scene.app.ingestion;
            let world = &scene.stage.world;
            // What is kept, against all of it at once.
            let mut anew = lockbox::console::blades::ingestion::columns::Columns::default();
            anew.refresh(world, std::slice::from_ref(&scope), shown.window, scene.stage.now);
            let kept: Vec<_> = shown.columns.bytes().collect();
            let fresh: Vec<_> = anew.bytes().collect();
            prop_assert_eq!(kept, fresh);
        }
    }
}

#[test]
fn a_screen_of_any_size_has_room_for_the_charts_or_says_so() {
    let stage = live_site();
    for width in (40..=300).step_by(13) {
        for height in [12, 17, 24, 33, 50] {
            let mut scene = Scene::new(stage.clone(), person("ann"), (width, height));
            scene.press("g n j enter");
            scene.check();
            scene.press(", y V");
            scene.check();
        }
    }
    // And without anything to see.
    let actor = person("nor");
    let mut blade = Ingestion::default();
    let eye = Eye {
        world: &stage.world,
        now: stage.now,
        actor: &actor,
    };
    blade.refresh(eye, &Scope::All, 60);
    assert!(blade.rates.iter().flatten().all(|bytes| *bytes == 0));
}

/// Bytes a second that go to a terminal in a minute of wall time.
fn wire(size: (u16, u16), keys: &str, rate: i64, frames: i64) -> usize {
    let mut scene = Scene::new(usual(), person("ann"), size);
    scene.press("g n").press(keys);
    let mut screen = Screen::new(Vec::new());
    let mut sent = 0;
    for n in 0..=frames {
        let shown = scene.screen();
        let shown = shown.backend().buffer();
        let area = shown.area;
        let bytes = screen.draw(area, |next| next.clone_from(shown)).unwrap();
        // The first frame is the whole screen.
        sent += if n == 0 { 0 } else { bytes };
        scene.stage.wait(Span::micros(rate * 60_000_000 / frames));
    }
    sent / 60
}

#[test]
fn at_the_pace_of_the_world_the_charts_send_less_than_a_kilobyte_and_a_half_a_second() {
    for size in SIZES {
        for keys in ["z z z z", "z", "f", "Z Z Z Z Z Z Z Z"] {
            let bytes = wire(size, keys, 1, 60);
            assert!(bytes <= 1_500, "{size:?} {keys}: {bytes}");
        }
    }
    // An hour a second is no flood either: less than the first paint, five times a second.
    assert!(wire((120, 40), "f", 3_600, 300) <= 60_000);
}

#[test]
fn in_the_past_there_is_the_model_and_nothing_on_disk() {
    for (size, model) in [((80, 24), "MODELLED dropped"), ((120, 40), "Your key")] {
        let mut scene = Scene::new(usual(), person("ann"), size);
        scene.press("g n p").shows("paused at");
        let there = Moment {
            revision: scene.stage.world.revision,
            head: scene.stage.world.revision,
            said: String::new(),
            digest: String::new(),
        };
        let at = At {
            past: Some(there),
            ..At::default()
        };
        scene.finish(Outcome::Arrived(Arrived::At(Box::new(at))));
        scene.shows("exists only at the live edge");
        scene.shows(model);
        // What was held still was the present.
        scene.hides("paused at");
    }
}

#[test]
fn the_columns_of_a_window_add_up_to_the_ledger_whatever_became_of_the_data() {
    for stage in [usual(), revoked(), live_site()] {
        let mut scene = Scene::new(stage, Actor::Observer, (120, 40));
        scene.press("g n Z Z Z Z Z Z Z Z");
        // All there ever was lies within ninety days.
        for keys in ["f", "j enter", "j enter"] {
            scene.press(keys);
            let blade = &scene.app.ingestion;
            let columns = blade.columns.bytes();
            let sum = columns.fold([0; 4], |sum: [u128; 4], column| {
                std::array::from_fn(|n| sum[n] + column[n])
            });
            let ledger = blade.figures.modelled;
            let told = [
                ledger.customer,
                ledger.microsoft,
                ledger.buffered + ledger.drained,
                ledger.lost(),
            ];
            assert_eq!(blade.length(), "90 days");
            // The ledger counts whole bytes of each workspace once, the columns at each of their edges.
            for (sum, told) in sum.into_iter().zip(told) {
                assert!(sum.abs_diff(told) <= 8, "{sum} and {told}");
            }
        }
    }
}
