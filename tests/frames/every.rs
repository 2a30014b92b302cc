//! Every kind of blade with nothing to see, with one thing, with many, and with Korean, Chinese and Japanese and what
//! strangers wrote; each at every size, in Unicode and in ASCII. All sizes of one are in one snapshot.

use lockbox::console::app::Input;
use lockbox::console::blades::{Blade, WORDS};
use lockbox::console::theme::{Depth, Theme, glyphs};
use lockbox::engine::Actor;
use lockbox::engine::ids::{KeyName, VaultName};

use crate::keys::{crowd, furnished, own};
use crate::logs::{self, sent};
use crate::scene::{Scene, many, one, wide};
use crate::stage::{Stage, person};

const SIZES: [(u16, u16); 4] = [(40, 12), (80, 24), (120, 40), (200, 60)];

/// A world, and who looks at what of it.
#[derive(Clone)]
pub struct Content {
    name: &'static str,
    pub stage: Stage,
    /// Who looks at requests and tickets, and who at vaults and clusters.
    lockbox: &'static str,
    keys: &'static str,
    vault: &'static str,
    key: &'static str,
    cluster: &'static str,
    workspace: &'static str,
    saved: &'static str,
    storage: &'static str,
}

pub fn contents() -> [Content; 4] {
    let mut first = own(one());
    logs::send_as(
        "fay",
        &mut first,
        "f/web/log-analytics-workspace",
        "AppRequests",
        1,
    );
    let own = Content {
        name: "one",
        stage: first,
        lockbox: "ann",
        keys: "fay",
        vault: "kv-one",
        key: "only-key",
        cluster: "f/web/log-analytics-cluster",
        workspace: "f/web/log-analytics-workspace",
        saved: "search/f/web/log-analytics-workspace/slow",
        storage: "f/web/storage-account",
    };
    let shop = |name, stage, who, saved| Content {
        name,
        stage,
        lockbox: who,
        keys: who,
        vault: "kv-prod",
        key: "data-key",
        cluster: "c/data/clprod",
        workspace: "c/data/ws-audit",
        saved,
        storage: "c/web/storage-account",
    };
    let none = Content {
        name: "none",
        stage: Stage::new(),
        keys: "nor",
        vault: "key-vault",
        ..shop("", Stage::new(), "ann", "search/c/data/linked/none")
    };
    let none = Content {
        cluster: "c/web/log-analytics-cluster",
        workspace: "c/data/linked",
        ..none
    };
    [
        none,
        own,
        shop(
            "many",
            crowd(sent(furnished(many()))),
            "ann",
            "search/c/data/ws-shop/slow",
        ),
        shop(
            "wide",
            sent(furnished(wide())),
            "minji",
            "alert/c/data/ws-shop/errors",
        ),
    ]
}

impl Content {
    /// Every blade there is, by the word of its file.
    pub fn blades(&self) -> Vec<(&'static str, Blade)> {
        let world = &self.stage.world;
        let parse = |text: String| Blade::parse(world, &Actor::Observer, &text).unwrap();
        let vault = &world.vaults[&VaultName::new(self.vault)];
        let key = vault.keys.get(&KeyName::from(self.key));
        let version = key.map_or("none", |k| k.versions[0].id.as_str());
        let last = |what: Option<u32>| what.unwrap_or(1);
        let lockbox = &world.lockbox;
        let request = last(lockbox.requests.keys().map(|id| id.0).max());
        let grant = last(lockbox.grants.keys().map(|id| id.0).max());
        let ticket = lockbox
            .tickets
            .get_max()
            .map_or("120112200000001".into(), |(id, _)| id.to_string());
        let Content {
            vault,
            key,
            cluster,
            workspace,
            ..
        } = self;
        let pages = [
            ("request", format!("request/LB-{request}")),
            ("ticket", format!("ticket/{ticket}")),
            ("grant", format!("grant/GR-{grant}")),
            ("letter", "mail/ML-1".to_owned()),
            ("rule", "rule/R-LOCK-10".to_owned()),
            ("vault", format!("vault/{vault}")),
            ("key", format!("key/{vault}/{key}")),
            ("version", format!("version/{vault}/{key}/{version}")),
            ("cluster", format!("cluster/{cluster}")),
            ("checklist", format!("checklist/{cluster}")),
            ("preflight", format!("preflight/{cluster}")),
            ("revocation", format!("revocation/{cluster}")),
            ("workspace", format!("workspace/{workspace}")),
            ("tables", format!("tables/{workspace}")),
            ("table", format!("table/{workspace}/AppRequests")),
            ("segment", "segment/SEG-1".to_owned()),
            ("query", format!("query/{workspace}")),
            ("saved", self.saved.to_owned()),
            ("account", format!("storage/{}", self.storage)),
        ];
        let operation = world.operations.get_max().map(|(id, _)| *id);
        let mut all: Vec<_> = WORDS.to_vec();
        all.extend(pages.map(|(word, page)| (word, parse(page))));
        all.push((
            "operation",
            Blade::Operation(operation.unwrap_or("OP-1".parse().unwrap())),
        ));
        all.push(("blocks", Blade::Blocks("SEG-1".parse().unwrap())));
        all
    }

    /// Blades that only appear when somebody asks, by the keys that ask.
    const ASKED: [(&str, &str); 3] = [("history", "g h"), ("why", "Y"), ("compare", "g b g x")];

    fn scenes(&self) -> Vec<(&'static str, Scene)> {
        let scene = |who| Scene::new(self.stage.clone(), person(who), SIZES[0]);
        let of_a_blade = self.blades().into_iter().map(|(word, blade)| {
            let mut scene = scene(self.who(&blade));
            scene.app.jump(blade);
            (word, scene)
        });
        let asked = Content::ASKED.into_iter().map(|(word, keys)| {
            let mut scene = scene(self.keys);
            scene.app.jump(Blade::Cluster(self.cluster.into()));
            scene.press(keys);
            (word, scene)
        });
        of_a_blade.chain(asked).collect()
    }

    fn who(&self, blade: &Blade) -> &'static str {
        use Blade::*;
        match blade {
            Overview | Pending | Requests | Request(_) | Tickets | Ticket(_) | Grants
            | Grant(_) | Activity | Mails | Mail(_) | Rules | Rule(_) => self.lockbox,
            _ => self.keys,
        }
    }
}

/// The name of a kind, as the code writes it.
fn kind(blade: &Blade) -> String {
    let written = format!("{blade:?}");
    let end = written.find(|c: char| !c.is_alphanumeric());
    written[..end.unwrap_or(written.len())].to_owned()
}

#[test]
fn every_kind_of_blade_is_shown() {
    let code = include_str!("../../src/console/blades/mod.rs");
    let kinds = code.split_once("pub enum Blade {\n").unwrap().1;
    let kinds = kinds.split_once("\n}").unwrap().0;
    let of = |line: &str| line.trim().split(['(', ',']).next().unwrap().to_owned();
    let kinds: Vec<String> = kinds
        .lines()
        .filter(|l| !l.trim().starts_with("//"))
        .map(of)
        .collect();
    assert!(kinds.len() > 30, "{kinds:?}");
    for content in contents() {
        let shown: Vec<String> = content
            .scenes()
            .iter()
            .map(|(_, s)| kind(&s.app.page().blade))
            .collect();
        for kind in &kinds {
            assert!(
                shown.contains(kind),
                "{kind} with {} is not shown",
                content.name
            );
        }
    }
}

#[test]
fn every_blade_in_every_size_and_sign() {
    for content in contents() {
        for (word, mut scene) in content.scenes() {
            let name = format!("{word}-{}", content.name);
            insta::assert_snapshot!(name, every_size(&mut scene));
        }
    }
}

/// A screen at all sizes and in both signs, as one text.
pub fn every_size(scene: &mut Scene) -> String {
    let mut all = String::new();
    for (width, height) in SIZES {
        for (signs, glyphs) in [("unicode", glyphs::UNICODE), ("ascii", glyphs::ASCII)] {
            scene.theme = Theme::load(None, None, Depth::None, glyphs).unwrap();
            scene.input(Input::Resize(width, height));
            scene.check();
            all.push_str(&format!("======== {width}x{height} {signs}\n"));
            for line in scene.lines() {
                all.push_str(line.trim_end());
                all.push('\n');
            }
        }
    }
    all
}
