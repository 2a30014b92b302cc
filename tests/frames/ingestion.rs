//! The ingestion blade: as it usually is, while a key is revoked and while its vault is silent, in all sizes and
//! signs; and what it computes when one looks at five minutes and at ninety days.

use lockbox::console::theme::{Depth, Theme, glyphs};
use lockbox::engine::Span;
use lockbox::engine::ids::{ResourceId, VaultName};
use lockbox::engine::ingestion::Command as Logs;
use lockbox::engine::ingestion::ledger::Scope;
use lockbox::engine::ingestion::rate::{Rate, Shape};
use lockbox::engine::ingestion::route::Loss;
use lockbox::engine::vault::network::{self, FaultKind};
use lockbox::engine::{Actor, World};

use crate::logs::{logs, revoked};
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
