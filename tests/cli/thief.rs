//! Another process, which was given files of a state directory and has this library, and wants to know what is
//! in the segments. It tries everything the library offers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lockbox::crypto::Secret;
use lockbox::crypto::envelope::KEY;
use lockbox::engine::ids::Revision;
use lockbox::engine::ingestion::segment::KeyClass;
use lockbox::engine::{Actor, World, evolve};
use lockbox::keystore::Keystore;
use lockbox::logs::query::Cancel;
use lockbox::logs::sealed::Tier;
use lockbox::logs::shelves::Shelves;
use lockbox::runtime::{Ask, Host};
use lockbox::store::{Journal, SqliteJournal};
use serde_json::{Value, json};

use super::copy;

const STOLEN: &str = "LOCKBOX_TEST_STOLEN";
const MARK: &str = "LOCKBOX_TEST_MARK";
const LOOT: &str = "LOOT ";

/// What it got.
#[derive(Debug, PartialEq, Eq)]
pub struct Loot {
    /// Sealed files it looked at.
    pub files: u64,
    /// Account keys it got at in any way.
    pub keys: u64,
    /// Blocks it opened that are under a customer's key, and others.
    pub customer: u64,
    pub microsoft: u64,
    /// Files that show the mark.
    pub plain: u64,
    /// Whether a query was answered.
    pub answered: bool,
}

/// Gives it a copy of all files of a state directory, or of all but those inside the hardware. `mark` is in the
/// records.
pub fn on(state: &Path, with_hardware: bool, mark: &str) -> Loot {
    let stolen = tempfile::tempdir().unwrap();
    copy(state, stolen.path());
    if !with_hardware {
        fs::remove_dir_all(stolen.path().join("hsm")).unwrap();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "thief::takes_what_it_can", "--nocapture"])
        .env(STOLEN, stolen.path())
        .env(MARK, mark)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    let loot = said
        .lines()
        .find_map(|line| line.split_once(LOOT))
        .unwrap_or_else(|| panic!("{said}"));
    let loot: Value = serde_json::from_str(loot.1).unwrap();
    let count = |what: &str| loot[what].as_u64().unwrap();
    Loot {
        files: count("files"),
        keys: count("keys"),
        customer: count("customer"),
        microsoft: count("microsoft"),
        plain: count("plain"),
        answered: loot["answered"].as_bool().unwrap(),
    }
}

/// Not a test by itself: what the other process does.
#[test]
fn takes_what_it_can() {
    let Some(dir) = std::env::var_os(STOLEN) else {
        return;
    };
    let dir = Path::new(&dir);
    let mark = std::env::var(MARK).unwrap();
    let plain = all_files(dir)
        .iter()
        .filter(|path| contains(&fs::read(path).unwrap(), mark.as_bytes()))
        .count();
    let keys = keys(dir);
    let shelves = Shelves::in_folder(dir);
    let mut opened: BTreeMap<&str, u64> = BTreeMap::new();
    let mut files = 0;
    for tier in Tier::ALL {
        for segment in shelves.list(*tier).unwrap() {
            files += 1;
            let label = shelves.header(*tier, segment).unwrap().label;
            let class = match label.class {
                KeyClass::Customer => "customer",
                KeyClass::Microsoft => "microsoft",
            };
            for key in &keys {
                let mut blocks = 0;
                if let Ok(file) = shelves.open(label, &Secret::from(key.clone())) {
                    file.verify(|count| blocks = count).unwrap();
                }
                *opened.entry(class).or_default() += blocks;
            }
        }
    }
    let count = |class: &str| opened.get(class).copied().unwrap_or_default();
    println!(
        "{LOOT}{}",
        json!({
            "files": files,
            "keys": keys.len(),
            "customer": count("customer"),
            "microsoft": count("microsoft"),
            "plain": plain,
            // Last, since it changes what lies there.
            "answered": asks(dir),
        })
    );
}

/// Every account key there is a way to, at whatever time of the world; and what lies in the files of the key
/// store, should it be one.
fn keys(dir: &Path) -> BTreeSet<Vec<u8>> {
    let mut keys = BTreeSet::new();
    for used in [true, false] {
        // Without the hardware, the second one sets up another.
        let Ok(keystore) = Keystore::open(dir, used) else {
            continue;
        };
        for world in worlds(dir) {
            for segment in world.logs.segments.values() {
                for aek in [segment.aek, segment.hot_aek] {
                    if let Ok(key) = keystore.segment_key(&world, segment, aek) {
                        keys.insert(key.as_bytes().to_vec());
                    }
                }
            }
        }
    }
    let known = keys.len();
    for file in all_files(&dir.join("keystore")) {
        let bytes = fs::read(file).unwrap();
        keys.extend(bytes.windows(KEY).map(<[u8]>::to_vec));
    }
    assert!(keys.len() > known, "there is a key store");
    keys
}

/// The world as it was after each event.
fn worlds(dir: &Path) -> Vec<World> {
    let journal = SqliteJournal::open(&dir.join("journal.db")).unwrap();
    let mut world = World::default();
    journal
        .read_after(Revision(0), 1_000_000)
        .unwrap()
        .iter()
        .map(|event| {
            evolve(&mut world, event);
            world.clone()
        })
        .collect()
}

/// Whether the library itself answers.
fn asks(dir: &Path) -> bool {
    let Ok(mut host) = Host::open(dir, None, || Err("there is a world".into())) else {
        return false;
    };
    let places: BTreeSet<_> = host
        .world()
        .logs
        .tables
        .keys()
        .map(|(workspace, table)| (workspace.clone(), table.to_string()))
        .filter(|(workspace, _)| {
            // What is on the cluster.
            host.world().workspaces[workspace].link.cluster().is_some()
        })
        .collect();
    places.into_iter().any(|(workspace, table)| {
        let ask = Ask {
            workspace,
            text: format!("{table} | count"),
            span: None,
            partial: false,
        };
        host.query(&Actor::Observer, &ask)
            .is_ok_and(|prepared| prepared.run(Cancel::default(), &mut |_| {}).is_ok())
    })
}

fn all_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(all_files(&path)),
            false => found.push(path),
        }
    }
    found
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
