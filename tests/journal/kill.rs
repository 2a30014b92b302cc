//! `kill -9` while records come in, keys go, buffers drain, retention purges and the hot cache is refilled: every
//! block that was acknowledged is there once, or gone by a rule, and the files are what the world says
//! (§d.10, properties 4 to 6, with real blocks).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use lockbox::engine::cluster::{encryption, link};
use lockbox::engine::event::{Event, Fact};
use lockbox::engine::ids::{SegmentId, TableName};
use lockbox::engine::ingestion::schema::{Column, ColumnType, TIME};
use lockbox::engine::ingestion::segment::{KeyClass, Segment, Store};
use lockbox::engine::ingestion::{self, Arrival};
use lockbox::engine::vault::network::{self, FaultKind};
use lockbox::engine::{Actor, Command as Deed, Span, random};
use lockbox::logs::sealed::{Label, Tier};
use lockbox::runtime::{Block, Host, HostError, ManualWall};

use super::stage::{dir, events, open};
use crate::keyed::{
    CLUSTER, VAULT, WORKSPACE, act, logs, make_key, make_linked, make_protected, make_workspace,
    newest, set_enabled, start_update, state, wait,
};
use crate::tiny::person;

const CHILD: &str = "LOCKBOX_TEST_SENDER";
const SEED: &str = "LOCKBOX_TEST_SEED";
const TABLE: &str = "Visits_CL";
const ROWS: u64 = 3;
const ROUNDS: u64 = 40;

/// Longer than one sealed block, and no two alike.
fn content(number: u64) -> Bytes {
    Bytes::from(format!("{number:020}").repeat(4_000))
}

fn number_in(content: &[u8]) -> u64 {
    let number = std::str::from_utf8(&content[..20])
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(content, content_of(number), "a block of another record");
    number
}

fn content_of(number: u64) -> Vec<u8> {
    content(number).to_vec()
}

fn send(host: &mut Host, number: u64) -> Result<Option<Segment>, HostError> {
    let parquet = content(number);
    let block = Block {
        arrival: Arrival {
            workspace: WORKSPACE.into(),
            table: TABLE.into(),
            columns: [Column::new(TIME, ColumnType::Datetime)]
                .into_iter()
                .collect(),
            rows: ROWS,
            raw: 100,
            plain: parquet.len() as u64,
            from: host.now(),
            to: host.now(),
            source: None,
        },
        parquet,
    };
    Ok(host.ingest(&person("minji.kim"), &block)?.segment)
}

fn silence(host: &mut Host, length: Span) {
    let fault = network::Command::Inject {
        vault: VAULT.into(),
        kind: FaultKind::Outage,
        length,
    };
    // One that is silent already stays so.
    let _ = host.submit(&Actor::Simulator, &fault.into());
}

fn speak(host: &mut Host) {
    let clear = network::Command::Clear {
        vault: VAULT.into(),
    };
    let _ = host.submit(&Actor::Simulator, &clear.into());
}

/// What an operator, a saboteur or time might do next. What the world refuses is refused.
fn deed(host: &mut Host, choice: u8) {
    let key = logs(host).key.clone().unwrap();
    let workspace = || WORKSPACE.into();
    let deed: Deed = match choice {
        0 => return set_enabled(host, &key, false),
        1 | 2 => return set_enabled(host, &key, true),
        3 | 4 => return wait(host, Span::hours(1)),
        5 | 6 => return wait(host, Span::minutes(35)),
        7 | 8 => return silence(host, Span::minutes(45)),
        9 => return silence(host, Span::hours(9)),
        10 => return speak(host),
        11 => return wait(host, Span::hours(7)),
        12 => return wait(host, Span::days(14)),
        13 => {
            let new = make_key(host, VAULT, "kek");
            let _ = start_update(host, &new);
            return wait(host, Span::minutes(5));
        }
        14 => link::Command::Unlink {
            workspace: workspace(),
        }
        .into(),
        15 => link::Command::Link {
            workspace: workspace(),
            cluster: CLUSTER.into(),
        }
        .into(),
        _ => ingestion::Command::SetRetention {
            workspace: workspace(),
            table: TABLE.into(),
            retention: Some(Span::days(30 + i64::from(choice))),
        }
        .into(),
    };
    let _ = act(host, deed);
}

/// Not a test of its own: what the killed process does.
#[test]
fn sender() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let seed: u64 = std::env::var(SEED).unwrap().parse().unwrap();
    let mut host = open(Path::new(&dir), &ManualWall::default());
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nready").unwrap();
    for step in 0.. {
        let random = random::bytes(seed, "step", step);
        if random[0] < 150 {
            let number = seed * 1_000_000 + step;
            match send(&mut host, number).unwrap() {
                Some(segment) => writeln!(out, "stored {number} {} .", segment.id).unwrap(),
                None => writeln!(out, "lost {number} .").unwrap(),
            }
        } else {
            deed(&mut host, random[1] % 17);
            writeln!(out, "did").unwrap();
        }
    }
}

fn names(dir: &Path, tier: Tier) -> BTreeSet<String> {
    let Ok(folder) = fs::read_dir(dir.join("logs").join(tier.word())) else {
        return BTreeSet::new();
    };
    folder
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// What is known of all rounds.
#[derive(Default)]
struct Known {
    /// Blocks that were acknowledged as stored, by the segment they were stored in.
    stored: BTreeMap<SegmentId, u64>,
    classes: BTreeMap<SegmentId, KeyClass>,
    lost: u64,
}

impl Known {
    /// The files are what the world says, and every block that can be read is what was sent.
    fn check(&mut self, dir: &Path, host: &Host) {
        assert_eq!(host.trouble(), None);
        let world = host.world();
        let segments = &world.logs.segments;
        let of = |wanted: &dyn Fn(&Segment) -> bool| -> BTreeSet<String> {
            let them = segments.values().filter(|s| wanted(s));
            them.map(|s| s.id.to_string()).collect()
        };
        assert_eq!(
            names(dir, Tier::Cold),
            of(&|s| Label::of(s).tier == Tier::Cold)
        );
        assert_eq!(
            names(dir, Tier::Buffer),
            of(&|s| Label::of(s).tier == Tier::Buffer)
        );
        let hot = names(dir, Tier::Hot);
        let wanted = of(&|s| s.hot);
        assert!(hot.is_subset(&wanted), "{hot:?} {wanted:?}");
        if state(host) != "RevocationPending" {
            assert_eq!(hot, wanted);
        }
        let mut seen = BTreeSet::new();
        for segment in segments.values() {
            let class = *self.classes.entry(segment.id).or_insert(segment.class);
            assert_eq!(class, segment.class, "property 4");
            let keystore = host.keystore().unwrap();
            let readable = world.segment_readable(segment);
            if !readable && segment.class == KeyClass::Customer {
                // While the vault says no, or nothing, there is no way to the key.
                let (cluster, now) = (logs(host), world.now);
                let key = cluster.key.as_ref().unwrap();
                let served = world.storage_may_unwrap(now, &cluster, key).is_ok();
                let plain = keystore.segment_key(world, segment, segment.aek);
                assert!(served || plain.is_err(), "{}", state(host));
                continue;
            }
            let key = keystore.segment_key(world, segment, segment.aek).unwrap();
            let file = host.files().unwrap().shelves.open(Label::of(segment), &key);
            let number = number_in(&file.unwrap().read(0..segment.plain).unwrap());
            assert!(seen.insert(number), "{number} is there twice");
            let origin = segment.drained_from.unwrap_or(segment.id);
            if let Some(sent) = self.stored.get(&origin) {
                assert_eq!(*sent, number);
            }
        }
        self.balance(host);
    }

    /// Nothing that was acknowledged is gone but by a rule.
    fn balance(&self, host: &Host) {
        let world = host.world();
        let Some(table) = world.logs.table(&WORKSPACE.into(), &TableName::from(TABLE)) else {
            return;
        };
        let tally = &table.tally;
        let came = tally.microsoft.rows + tally.customer.rows + tally.buffered.rows;
        assert!(came >= ROWS * self.stored.len() as u64, "{tally:?}");
        assert!(
            tally.revoked.rows + tally.buffer_full.rows >= ROWS * self.lost,
            "{tally:?}"
        );
        assert_eq!(tally.not_provisioned.rows, 0);
        let there: BTreeSet<SegmentId> = (world.logs.segments.values())
            .map(|s| s.drained_from.unwrap_or(s.id))
            .collect();
        let gone = self.stored.keys().filter(|id| !there.contains(id)).count() as u64;
        assert!(
            gone * ROWS <= tally.purged.rows + tally.buffer_full.rows,
            "{gone} {tally:?}"
        );
        // What waits in a buffer lies on a cluster whose vault is silent, or was.
        let buffered = world
            .logs
            .segments
            .values()
            .any(|s| matches!(s.store, Store::Buffer(_)));
        assert!(!buffered || logs(host).protection.buffer.is_some());
    }
}

#[test]
fn kills_at_random_moments_lose_no_acknowledged_block_and_leave_no_file_behind() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    make_protected(&mut host);
    make_linked(&mut host);
    drop(host);

    let mut known = Known::default();
    for round in 1..=ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::sender", "--nocapture"])
            .env(CHILD, dir.path())
            .env(SEED, round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        assert!(lines.any(|line| line == "ready"), "the child did not start");
        // After so many steps, and at any moment of the next one.
        let random = random::bytes(2020, "kill-sender", round);
        let mut said: Vec<String> = lines.by_ref().take(usize::from(random[2] % 40)).collect();
        let micros = u64::from(u16::from_le_bytes([random[0], random[1]])) / 4;
        std::thread::sleep(Duration::from_micros(micros));
        child.kill().unwrap();
        child.wait().unwrap();
        said.extend(lines);
        for line in said {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["stored", number, id, "."] => {
                    let known = known
                        .stored
                        .insert(id.parse().unwrap(), number.parse().unwrap());
                    assert_eq!(known, None, "{id} was dealt twice");
                }
                ["lost", _, "."] => known.lost += 1,
                // The last line may be cut off in the middle.
                _ => {}
            }
        }
        let mut host = open(dir.path(), &wall);
        host.journal().verify().unwrap();
        known.check(dir.path(), &host);
        if round % 4 == 0 {
            // The key comes back, and with it everything that was not purged.
            speak(&mut host);
            let key = logs(&host).key.clone().unwrap();
            set_enabled(&mut host, &key, true);
            let newest = newest(&host, VAULT, "kek");
            set_enabled(&mut host, &newest, true);
            wait(&mut host, Span::hours(2));
            assert_eq!(state(&host), "CmkActive");
            known.check(dir.path(), &host);
        }
    }
    assert!(known.stored.len() > 50, "{} blocks", known.stored.len());
    assert!(known.lost > 0);
    let host = open(dir.path(), &wall);
    let (workspace, table) = (WORKSPACE.into(), TABLE.into());
    let tally = host.world().logs.table(&workspace, &table).unwrap().tally;
    assert!(tally.drained.rows > 0 && tally.purged.rows > 0, "{tally:?}");
    assert!(in_time(&events(&host)) > 1);
}

/// Property 5 over all that happened: a revocation is in force within the hour of the change, and service resumes
/// within half an hour of the unwrap that began it. Returns how often it resumed.
fn in_time(events: &[Event]) -> usize {
    let (mut changed, mut unwrapped) = (None, None);
    let mut resumed = 0;
    for event in events {
        let Fact::Encryption(fact) = &event.fact else {
            continue;
        };
        match fact {
            encryption::Fact::RevocationNoticed { changed_at, .. } => changed = Some(*changed_at),
            encryption::Fact::Revoked { .. } => {
                if let Some(changed) = changed.take() {
                    assert!(event.at - changed <= Span::minutes(60), "{event:?}");
                }
            }
            encryption::Fact::Resuming { .. } => unwrapped = Some(event.at),
            encryption::Fact::Resumed { .. } => {
                let unwrapped = unwrapped.take().unwrap();
                assert!(event.at - unwrapped <= Span::minutes(30), "{event:?}");
                resumed += 1;
            }
            _ => {}
        }
    }
    resumed
}
