//! Pages in states that not every stage has, and what lies over blades; `every.rs` has the blades themselves.

use lockbox::console::app::App;
use lockbox::console::blades::Blade;
use lockbox::console::theme::{Depth, Theme, glyphs};
use lockbox::engine::Actor;

use crate::every::every_size;
use crate::keys::keys;
use crate::scene::{Scene, one, wide};
use crate::stage::{Stage, person};

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

#[test]
fn pages() {
    type Open = fn(&mut App);
    type Scenario = (&'static str, fn() -> Stage);
    let pages: [(&str, Open); 5] = [
        ("request", |app| app.jump(Blade::Request(newest(app)))),
        ("request-approved", |app| {
            app.jump(Blade::Request("LB-1".parse().unwrap()));
        }),
        ("grant", |app| {
            app.jump(Blade::Grant("GR-1".parse().unwrap()))
        }),
        ("mail", |app| app.jump(Blade::Mail("ML-2".parse().unwrap()))),
        ("rule", |app| app.jump(Blade::Rule("R-LOCK-10"))),
    ];
    let scenarios: [Scenario; 2] = [("one", one), ("wide", wide)];
    for (scenario, stage) in scenarios {
        for (word, open) in pages {
            for size in SIZES {
                let mut scene = Scene::new(stage(), Actor::Observer, size);
                open(&mut scene.app);
                scene.check();
                let name = format!("page-{word}-{scenario}-{}x{}", size.0, size.1);
                insta::assert_snapshot!(name, scene.screen().backend());
            }
        }
    }
}

/// The second request of a scenario, the one that waits; in `wide` there is a third.
fn newest(app: &App) -> lockbox::engine::ids::RequestId {
    let waiting = app.stack[0].ids.iter().filter_map(|id| match id {
        lockbox::console::rows::ItemId::Request(id) => Some(*id),
        _ => None,
    });
    waiting.max().unwrap()
}

#[test]
fn a_ticket_page() {
    for size in SIZES {
        let mut scene = Scene::new(wide(), Actor::Observer, size);
        scene.press("g t enter").check();
        let name = format!("page-ticket-wide-{}x{}", size.0, size.1);
        insta::assert_snapshot!(name, scene.screen().backend());
    }
}

#[test]
fn pages_of_keys_and_clusters() {
    let stage = keys();
    let key = stage.world.clusters[&lockbox::engine::ids::ResourceId::from("c/data/clprod")]
        .key
        .clone()
        .unwrap();
    let pages = [
        ("vault", "vault/kv-prod".to_owned()),
        ("vault-not-recoverable", "vault/kv-lab".to_owned()),
        ("key", "key/kv-prod/data-key".to_owned()),
        ("key-deleted", "key/kv-prod/storage-key-old".to_owned()),
        (
            "version",
            format!("version/{}/{}/{}", key.vault, key.key, key.version),
        ),
        ("cluster", "cluster/clprod".to_owned()),
        (
            "cluster-revoked",
            "cluster/c/web/log-analytics-cluster".to_owned(),
        ),
        ("cluster-new", "cluster/clnew".to_owned()),
        ("cluster-deleted", "cluster/clold".to_owned()),
        ("checklist", "checklist/clnew".to_owned()),
        ("preflight", "preflight/clprod".to_owned()),
        ("preflight-new", "preflight/clnew".to_owned()),
        ("workspace", "workspace/ws-shop".to_owned()),
        ("workspace-linking", "workspace/ws-late".to_owned()),
        ("workspace-lost", "workspace/linked".to_owned()),
        ("search", "search/ws-shop/slow".to_owned()),
        (
            "operation",
            format!("operation/{}", stage.world.running.get_max().unwrap()),
        ),
        ("storage", "storage/c/web/storage-account".to_owned()),
    ];
    for (word, page) in pages {
        for size in SIZES {
            let blade = Blade::parse(&stage.world, &Actor::Observer, &page).unwrap();
            let mut scene = Scene::new(keys(), person("ann"), size);
            scene.app.jump(blade);
            scene.check();
            let name = format!("page-{word}-keys-{}x{}", size.0, size.1);
            insta::assert_snapshot!(name, scene.screen().backend());
        }
    }
}

#[test]
fn a_page_to_its_end_with_the_cursor_on_a_link() {
    for (word, page, keys_) in [
        ("vault", "vault/kv-prod", "tab tab"),
        ("cluster", "cluster/clprod", "shift-tab"),
    ] {
        for size in SIZES {
            let stage = keys();
            let blade = Blade::parse(&stage.world, &Actor::Observer, page).unwrap();
            let mut scene = Scene::new(stage, person("ann"), size);
            scene.app.jump(blade);
            scene.check();
            scene.press(keys_).check();
            let name = format!("page-{word}-link-{}x{}", size.0, size.1);
            insta::assert_snapshot!(name, scene.screen().backend());
        }
    }
}

#[test]
fn modals() {
    let modals = [
        ("approve", "ann", "g p a"),
        ("deny", "ann", "g p d"),
        ("refused", "con", "g p a"),
        ("revoke", "ann", "g a R"),
        ("help", "ann", "g p ?"),
        ("palette", "ann", ": g o"),
        ("people", "ann", "P"),
        ("prompt", "ann", "@"),
        ("filter", "ann", "g p / v m"),
        ("sequence", "ann", "g"),
        ("form", "ann", "g v c"),
        ("past", "ann", "g o < <"),
        ("branch", "ann", "< g b <"),
    ];
    for (word, who, keys) in modals {
        let mut scene = Scene::new(wide(), person(who), SIZES[0]);
        scene.press(keys);
        insta::assert_snapshot!(format!("modal-{word}"), every_size(&mut scene));
    }
}

#[test]
fn ascii_signs_and_a_screen_too_small() {
    let mut scene = Scene::new(one(), person("ann"), (80, 24));
    scene.theme = Theme::load(None, None, Depth::None, glyphs::ASCII).unwrap();
    insta::assert_snapshot!("overview-ascii-80x24", scene.screen().backend());
    let mut running = Scene::new(keys(), person("ann"), (80, 24));
    running.theme = Theme::load(None, None, Depth::None, glyphs::ASCII).unwrap();
    running.press("g i");
    insta::assert_snapshot!("operations-ascii-80x24", running.screen().backend());
    scene.app.size = (39, 11);
    insta::assert_snapshot!("too-small", scene.screen().backend());
}
