//! Log data in the console: tables, segments, and what becomes of them when a key goes.

use imbl::Vector;
use lockbox::console::app::Outcome;
use lockbox::console::blades::Blade;
use lockbox::console::blades::blocks::Looked;
use lockbox::console::rows::ItemId;
use lockbox::engine::cluster::encryption::Encryption;
use lockbox::engine::ids::{ResourceId, SegmentId, TableName, VaultName};
use lockbox::engine::ingestion::schema::{Column, ColumnType, TIME};
use lockbox::engine::ingestion::{Arrival, Command as Logs};
use lockbox::engine::vault::key::{self, Attributes};
use lockbox::engine::{Actor, SimTime, Span};

use crate::keys::keys;
use crate::scene::Scene;
use crate::stage::{Stage, person};

/// What a stage is called, and how it is made.
type Scenario = (&'static str, fn() -> Stage);

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];
const AUDIT: &str = "c/data/ws-audit";
const LATE: &str = "c/data/ws-late";
const LOST: &str = "c/data/linked";

fn arrival(now: SimTime, workspace: &str, table: &str, rows: u64) -> Arrival {
    Arrival {
        workspace: workspace.into(),
        table: table.into(),
        columns: Vector::from_iter([
            Column::new(TIME, ColumnType::Datetime),
            Column::new("order_s", ColumnType::String),
        ]),
        rows,
        raw: rows * 412,
        plain: rows * 61,
        from: now - Span::hours(1),
        to: now,
        source: None,
    }
}

fn send(stage: &mut Stage, workspace: &str, table: &str, rows: u64) {
    send_as("ann", stage, workspace, table, rows);
}

pub fn send_as(who: &str, stage: &mut Stage, workspace: &str, table: &str, rows: u64) {
    let arrival = arrival(stage.now, workspace, table, rows);
    stage.act(&person(who), Logs::Ingest(arrival)).unwrap();
}

/// A workspace on a cluster under the customer's key with two tables, one in the shared store, and one that
/// loses what it is sent.
pub fn logs() -> Stage {
    sent(keys())
}

/// The same on a stage with these workspaces.
pub fn sent(mut stage: Stage) -> Stage {
    send(&mut stage, LATE, "AppRequests", 50_000);
    for n in 0..11 {
        send(&mut stage, AUDIT, "AppRequests", 20_000 + n);
        stage.wait(Span::minutes(7));
    }
    send(&mut stage, AUDIT, "Orders_CL", 1_204);
    send(&mut stage, LOST, "Syslog", 31_337);
    stage
}

/// The same after the key of that cluster was disabled and its hour is over.
pub fn revoked() -> Stage {
    let mut stage = logs();
    enable(&mut stage, false);
    stage.wait(Span::minutes(120));
    let cluster = &stage.world.clusters[&ResourceId::from("c/data/clprod")];
    assert!(matches!(cluster.protection.state, Encryption::Revoked));
    send(&mut stage, AUDIT, "Orders_CL", 96);
    stage
}

pub fn enable(stage: &mut Stage, enabled: bool) {
    let cluster = &stage.world.clusters[&ResourceId::from("c/data/clprod")];
    let key = cluster.key.clone().unwrap();
    let set = key::Command::SetAttributes {
        vault: VaultName::new(key.vault.as_str()),
        key: key.key.clone(),
        version: Some(key.version.clone()),
        attributes: Attributes {
            enabled: Some(enabled),
            ..Attributes::default()
        },
    };
    stage.act(&person("ann"), set).unwrap();
}

#[test]
fn tables_and_segments() {
    let scenarios: [Scenario; 3] = [("empty", keys), ("logs", logs), ("revoked", revoked)];
    let blades = [
        ("tables", "tables/ws-audit"),
        ("tables-lost", "tables/linked"),
        ("table", "table/ws-audit/AppRequests"),
        ("table-custom", "table/ws-audit/Orders_CL"),
        ("segments", "segments"),
        ("segment", "segment/SEG-2"),
        ("cluster", "cluster/clprod"),
        ("workspace", "workspace/ws-audit"),
    ];
    for (scenario, stage) in scenarios {
        let stage = stage();
        for (word, page) in blades {
            let empty = scenario == "empty";
            let there = match word {
                "tables" | "segments" => true,
                "table-custom" | "tables-lost" => scenario == "revoked",
                _ => !empty,
            };
            if !there {
                continue;
            }
            for size in SIZES {
                let blade = Blade::parse(&stage.world, &Actor::Observer, page).unwrap();
                let mut scene = Scene::new(stage.clone(), person("ann"), size);
                scene.app.jump(blade);
                scene.check();
                let name = format!("logs-{word}-{scenario}-{}x{}", size.0, size.1);
                insta::assert_snapshot!(name, scene.screen().backend());
            }
        }
    }
}

#[test]
fn from_a_workspace_to_its_tables_to_a_segment_and_back() {
    let mut scene = Scene::new(logs(), person("ann"), (100, 30));
    let workspace = Blade::Workspace(ResourceId::from(AUDIT));
    scene.app.jump(workspace.clone());
    scene.check();
    scene.press("T").shows("Tables of ws-audit");
    scene.shows("AppRequests");
    scene.press("enter").shows("Newest segments (8 of 11)");
    scene.press("tab tab enter").shows("sealed segment");
    scene.shows("Can it be read?");
    scene.shows("Yes.");
    scene.press("esc esc esc");
    assert_eq!(scene.app.page().blade, workspace);
}

#[test]
fn a_segment_that_cannot_be_read_says_why_and_hides_what_its_records_tell() {
    let mut scene = Scene::new(revoked(), person("ann"), (100, 30));
    scene.app.jump(Blade::Segment("SEG-2".parse().unwrap()));
    scene.shows("hidden while it cannot be read");
    scene.shows("Query failed");
    scene.shows("E-QRY-01");
    // The vendor's people see no data of a customer, nor that there is any.
    let mut scene = Scene::new(revoked(), person("fay"), (100, 30));
    scene.app.jump(Blade::Segment("SEG-2".parse().unwrap()));
    scene.shows("There is no segment SEG-000002");
    scene.hides("AppRequests");
}

#[test]
fn a_table_gets_a_retention_of_its_own_after_a_preview() {
    let mut scene = Scene::new(logs(), person("ann"), (100, 34));
    let (workspace, table) = (ResourceId::from(AUDIT), TableName::from("AppRequests"));
    let kept = |scene: &Scene| {
        let logs = &scene.stage.world.logs;
        logs.table(&workspace, &table).unwrap().retention
    };
    scene.app.jump(Blade::Tables(workspace.clone()));
    scene.check();
    scene
        .press("u")
        .shows("Set how long the table keeps its data");
    scene.shows("This would happen:");
    scene.press("tab ctrl-u").type_text("7");
    scene.shows("out of range");
    assert_eq!(kept(&scene), None);
    scene.press("ctrl-u").type_text("60").press("enter");
    scene.shows("It keeps its data for");
    scene.press("tab enter");
    assert_eq!(kept(&scene), Some(Span::days(60)));
    scene.shows("60d");
    // And back to what the workspace says.
    scene.open(
        "table.retention",
        Some(ItemId::Table(workspace.clone(), table.clone())),
    );
    scene.press("right").press("tab tab enter");
    assert_eq!(kept(&scene), None);
}

#[test]
fn what_nobody_who_looks_may_change_says_why() {
    let mut scene = Scene::new(logs(), person("rea"), (100, 30));
    scene.app.jump(Blade::Tables(ResourceId::from(AUDIT)));
    scene.check();
    scene.press("u").shows("rea has no authorization");
}

/// A block as the engine's thread gives it: sealed bytes that look like nothing, and what they say.
fn looked(scene: &Scene, segment: SegmentId) -> Looked {
    let found = &scene.stage.world.logs.segments[&segment];
    let plain =
        "PAR1 a record with a \u{1b}[31mhostile\u{7} line, 값 and \u{202e}more. ".repeat(40);
    let sealed: Vec<u8> = (0..plain.len() + 16)
        .map(|n| (n * 7919 % 251) as u8)
        .collect();
    Looked {
        segment,
        number: 1,
        blocks: 3,
        aek: found.aek,
        sealed: sealed.into(),
        opened: match scene.stage.world.hidden_by(found) {
            None => Ok(plain.into_bytes().into()),
            Some(refusal) => Err(refusal),
        },
    }
}

#[test]
fn a_block_on_disk_stands_beside_the_same_block_opened_or_beside_the_refusal() {
    let scenarios: [Scenario; 2] = [("logs", logs), ("revoked", revoked)];
    for (scenario, stage) in scenarios {
        for (width, height) in SIZES {
            let mut scene = Scene::new(stage(), person("ann"), (width, height));
            scene.app.open(Blade::Blocks(SegmentId(2)));
            let look = looked(&scene, SegmentId(2));
            scene.finish(Outcome::Looked(Box::new(Ok(look))));
            let name = format!("blocks-{scenario}-{width}x{height}");
            insta::assert_snapshot!(name, scene.screen().backend());
        }
    }
}

#[test]
fn whenever_the_world_moves_on_the_block_is_looked_at_again() {
    let mut scene = Scene::new(logs(), person("ann"), (80, 24));
    scene.app.open(Blade::Segment(SegmentId(2)));
    scene.check();
    scene.press("H");
    assert_eq!(scene.app.page().blade, Blade::Blocks(SegmentId(2)));
    let wants = |scene: &mut Scene| scene.wants().len();
    assert_eq!((wants(&mut scene), wants(&mut scene)), (1, 0));
    let look = looked(&scene, SegmentId(2));
    scene.finish(Outcome::Looked(Box::new(Ok(look))));
    scene.press("l");
    assert_eq!((scene.app.blocks.number, wants(&mut scene)), (1, 1));
    enable(&mut scene.stage, false);
    assert_eq!((wants(&mut scene), wants(&mut scene)), (1, 0));
    scene.press("h h h");
    assert_eq!(scene.app.blocks.number, 0);
    scene.press("esc");
    assert_eq!(scene.app.page().blade, Blade::Segment(SegmentId(2)));
}
