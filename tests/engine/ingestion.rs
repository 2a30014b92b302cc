//! Log data as the World knows it (`domain.md` c.13): where a block of records goes, what is hot, what may be
//! read, and what is dropped, buffered, drained or purged; boundaries to the microsecond.

use std::collections::BTreeSet;

use imbl::Vector;
use lockbox::engine::cluster::encryption::Encryption;
use lockbox::engine::cluster::support;
use lockbox::engine::ids::{AekId, ResourceId, Revision, SegmentId, TableName};
use lockbox::engine::ingestion::reads::{Reads, Touched};
use lockbox::engine::ingestion::route::Loss;
use lockbox::engine::ingestion::schema::{Column, ColumnType, TIME};
use lockbox::engine::ingestion::segment::{KeyClass, Segment, Store};
use lockbox::engine::ingestion::table::{Amount, COLUMNS_MAX, Table, Tally};
use lockbox::engine::ingestion::{Arrival, Command as Logs, Done, Fact as Logged, Source, builtin};
use lockbox::engine::projections::sentence::{sentence, upcoming};
use lockbox::engine::text::acts;
use lockbox::engine::timers::Timer;
use lockbox::engine::vault::access_policy;
use lockbox::engine::vault::network::FaultKind;
use lockbox::engine::vault::trail::Outcome;
use lockbox::engine::{
    Actor, Command, Event, Fact, Refusal, SimTime, Span, World, decide, digest, errors, evolve,
    workspace,
};

use crate::keys::{Ready, delete, id, is, link_to, refused, unlink, workspace_here};
use crate::stage::{Stage, person};

const MICRO: Span = Span::micros(1);
const TABLE: &str = "Heartbeat";
const OWN: &str = "Orders_CL";

/// A block of records of the last hour, a hundred bytes each.
pub fn arrival(now: SimTime, workspace: &ResourceId, table: &str, rows: u64) -> Arrival {
    Arrival {
        workspace: workspace.clone(),
        table: table.into(),
        columns: Vector::unit(Column::new(TIME, ColumnType::Datetime)),
        rows,
        raw: rows * 100,
        plain: rows * 40,
        from: now - Span::hours(1),
        to: now,
        source: None,
    }
}

/// Everything a table has, whenever its records happened.
pub fn whole(table: &str) -> Touched {
    Touched {
        table: table.into(),
        from: SimTime(0),
        to: SimTime::MAX,
    }
}

fn amount(rows: u64) -> Amount {
    Amount {
        rows,
        bytes: rows * 100,
    }
}

fn columns(list: &[(&str, ColumnType)]) -> Vector<Column> {
    list.iter()
        .map(|(name, kind)| Column::new(name, *kind))
        .collect()
}

impl Stage {
    fn send(&mut self, workspace: &ResourceId, table: &str, rows: u64) -> Vec<Event> {
        self.elapse();
        let arrival = arrival(self.now, workspace, table, rows);
        self.ann(Logs::Ingest(arrival))
    }

    /// Sent and stored: the segment.
    fn stored(&mut self, workspace: &ResourceId, table: &str, rows: u64) -> Segment {
        let events = self.send(workspace, table, rows);
        match &events.last().unwrap().fact {
            Fact::Ingestion(Logged::Stored { segment, .. }) => segment.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Sent and lost: why.
    fn lost(&mut self, workspace: &ResourceId, table: &str, rows: u64) -> Loss {
        let events = self.send(workspace, table, rows);
        match &events.last().unwrap().fact {
            Fact::Ingestion(Logged::Dropped {
                why,
                rows: lost,
                raw,
                ..
            }) => {
                assert_eq!((*lost, *raw), (rows, rows * 100));
                *why
            }
            other => panic!("{other:?}"),
        }
    }

    fn table(&self, workspace: &ResourceId, name: &str) -> &Table {
        let found = self.world.logs.table(workspace, &name.into());
        found.unwrap_or_else(|| panic!("{name} of {workspace} is there"))
    }

    fn tally(&self, workspace: &ResourceId, name: &str) -> Tally {
        self.table(workspace, name).tally
    }

    fn segment(&self, id: SegmentId) -> Option<&Segment> {
        self.world.logs.segments.get(&id).map(|s| &**s)
    }

    fn hot(&self, id: SegmentId) -> bool {
        self.segment(id).unwrap().hot
    }

    fn read(
        &self,
        workspace: &ResourceId,
        touched: &[Touched],
        partial: bool,
    ) -> Result<Reads, Refusal> {
        self.world.reads(self.now, workspace, touched, partial)
    }

    fn ids(&self, workspace: &ResourceId, table: &str) -> Vec<SegmentId> {
        let read = self.read(workspace, &[whole(table)], false).unwrap();
        read.segments.iter().map(|s| s.id).collect()
    }

    /// Somebody who may queries: what is on the record of it.
    fn query(&mut self, workspace: &ResourceId, tables: &[Touched], partial: bool) -> Outcome {
        let query = Logs::Query {
            workspace: workspace.clone(),
            tables: tables.iter().cloned().collect(),
            partial,
        };
        let events = self.act(&person("rea"), query).unwrap();
        let [event] = events.as_slice() else {
            panic!("{events:?}")
        };
        match &event.fact {
            Fact::Ingestion(Logged::Queried { outcome, .. }) => outcome.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn retain(&mut self, workspace: &ResourceId, table: &str, retention: Option<Span>) {
        self.ann(set_retention(workspace, table, retention));
        self.elapse();
    }

    fn revoke(&mut self, ready: &Ready) {
        self.enable(&ready.key, false);
        self.wait(Span::hours(1));
        assert_eq!(self.encryption(&ready.cluster), Encryption::Revoked);
    }

    /// The key is back, and service has resumed.
    fn resume(&mut self, ready: &Ready) {
        self.enable(&ready.key, true);
        self.wait(Span::minutes(32));
        assert_eq!(self.encryption(&ready.cluster), Encryption::Active);
    }

    /// Unlinked, and the job is done.
    fn unlinked(&mut self, workspace: &ResourceId) {
        self.ann(unlink(workspace));
        self.wait(self.world.rules.unlink_duration);
        assert_eq!(self.world.linked_cluster(workspace), None);
    }

    /// The vault falls silent, and half an hour later storage is unavailable.
    fn live_site(&mut self, ready: &Ready, length: Span) {
        self.fault(&ready.key.vault, FaultKind::Outage, length);
        self.wait(Span::minutes(30));
        assert_eq!(self.encryption(&ready.cluster), Encryption::LiveSite);
    }

    /// Every fact of the log store, in order.
    fn logged(&self) -> impl Iterator<Item = &Logged> {
        self.journal.iter().filter_map(|event| match &event.fact {
            Fact::Ingestion(fact) => Some(fact),
            _ => None,
        })
    }
}

pub fn set_retention(workspace: &ResourceId, table: &str, retention: Option<Span>) -> Logs {
    Logs::SetRetention {
        workspace: workspace.clone(),
        table: table.into(),
        retention,
    }
}

fn retention_of_workspace(name: &str, days: i64) -> workspace::Command {
    workspace::Command::Put {
        subscription: "c".into(),
        group: "data".into(),
        name: name.into(),
        location: None,
        sku: None,
        retention: Some(Span::days(days)),
    }
}

// ---- hot cache

#[test]
fn r_cmk_05_a_segment_is_hot_for_exactly_its_fortnight() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let first = stage.stored(&ready.workspace, TABLE, 10);
    let beside = stage.stored(&ready.workspace, TABLE, 20);
    let other = stage.stored(&ready.workspace, OWN, 30);
    let began = stage.now;
    stage.wait(Span::hours(5));
    let later = stage.stored(&ready.workspace, TABLE, 40);
    for segment in [&first, &beside, &other, &later] {
        assert!(segment.hot);
    }
    stage.until(began + Span::days(14) - MICRO);
    assert!(stage.hot(first.id) && stage.hot(beside.id) && stage.hot(other.id));
    stage.restart();
    let journal = stage.journal.len();
    stage.until(began + Span::days(14));
    assert!(!stage.hot(first.id) && !stage.hot(beside.id) && !stage.hot(other.id));
    assert!(stage.hot(later.id));
    // One fact for each table, by time itself, at the instant.
    let cooled: Vec<&Event> = stage.journal[journal..].iter().collect();
    let lists: BTreeSet<_> = cooled
        .iter()
        .map(|event| match &event.fact {
            Fact::Ingestion(Logged::Cooled {
                table, segments, ..
            }) => {
                assert_eq!((&event.actor, event.at), (&Actor::Time, stage.now));
                let ids: Vec<_> = segments.iter().copied().collect();
                (table.to_string(), ids)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [
        (TABLE.to_owned(), vec![first.id, beside.id]),
        (OWN.to_owned(), vec![other.id]),
    ];
    assert_eq!(lists, expected.into());
    stage.until(began + Span::hours(5) + Span::days(14));
    assert!(!stage.hot(later.id));
    // Cold, and as readable as ever.
    assert_eq!(
        stage.ids(&ready.workspace, TABLE),
        [first.id, beside.id, later.id]
    );
    // The number is the rule's; a change is for what comes from now on.
    let before = stage.stored(&ready.workspace, TABLE, 1);
    stage.set_rule("hot-window", "2d");
    let after = stage.stored(&ready.workspace, TABLE, 1);
    stage.wait(Span(Span::days(2).0 - 1));
    assert!(stage.hot(after.id));
    stage.wait(MICRO);
    assert!(!stage.hot(after.id) && stage.hot(before.id));
}

/// One segment by every route that stores, in the order in which a workspace comes to know them, with the
/// instant from which the last is in the store.
fn by_every_route() -> (Stage, Ready, Vec<Segment>) {
    let mut stage = Stage::keys();
    stage.set_rule("accounts-per-cluster", "2");
    stage.allow("c");
    let workspace = stage.workspace("logs");
    let mut all = vec![stage.stored(&workspace, TABLE, 1)];
    let cluster = stage.built("lac");
    stage.link(&workspace, &cluster);
    all.push(stage.stored(&workspace, TABLE, 2));
    let vault = stage.vault("safe");
    let key = stage.key(&vault, "kek");
    stage.grant(&cluster, &vault);
    stage.set_key(&cluster, &key);
    all.push(stage.stored(&workspace, TABLE, 4));
    let ready = Ready {
        cluster,
        workspace,
        key,
    };
    stage.live_site(&ready, Span::minutes(45));
    all.push(stage.stored(&ready.workspace, TABLE, 8));
    (stage, ready, all)
}

#[test]
fn r_cmk_06_a_hot_copy_is_always_under_a_microsoft_key() {
    let (mut stage, ready, all) = by_every_route();
    stage.wait(Span::minutes(20));
    let drained = stage.ids(&ready.workspace, TABLE).pop().unwrap();
    let drained = stage.segment(drained).unwrap().clone();
    assert!(drained.hot && drained.drained_from.is_some());
    let accounts = &stage.at(&ready.cluster).accounts;
    let microsoft: BTreeSet<AekId> = accounts.iter().map(|a| a.microsoft).collect();
    let customer: BTreeSet<AekId> = accounts.iter().filter_map(|a| a.customer).collect();
    assert!((microsoft.len(), customer.len()) == (2, 2) && microsoft.is_disjoint(&customer));
    for segment in all.iter().chain([&drained]) {
        match segment.store {
            Store::Shared => assert_eq!(segment.hot_aek, AekId::SHARED),
            _ => assert!(microsoft.contains(&segment.hot_aek), "{segment:?}"),
        }
        match segment.class {
            KeyClass::Microsoft => assert_eq!(segment.aek, segment.hot_aek),
            KeyClass::Customer => {
                assert!(customer.contains(&segment.aek), "{segment:?}");
                // Of the same account.
                let account = accounts.iter().find(|a| a.microsoft == segment.hot_aek);
                assert_eq!(account.unwrap().customer, Some(segment.aek));
            }
        }
    }
}

// ---- stores and keys

#[test]
fn r_cmk_10_11_29_each_route_stores_under_its_class_and_a_class_never_changes() {
    let (mut stage, ready, mut all) = by_every_route();
    let lac = || ready.cluster.clone();
    let expected = [
        (Store::Shared, KeyClass::Microsoft),
        (Store::Cluster(lac()), KeyClass::Microsoft),
        (Store::Cluster(lac()), KeyClass::Customer),
        (Store::Buffer(lac()), KeyClass::Microsoft),
    ];
    for (segment, (store, class)) in all.iter().zip(expected) {
        assert_eq!((&segment.store, segment.class), (&store, class));
    }
    stage.wait(Span::minutes(20));
    // The buffered one is gone; what came of it is another.
    let buffered = all.pop().unwrap();
    assert_eq!(stage.segment(buffered.id), None);
    let drained = stage.ids(&ready.workspace, TABLE).pop().unwrap();
    all.push(stage.segment(drained).unwrap().clone());
    // A new version, a revocation and its end, an unlink: new data takes the new route, and the old stays.
    let version = stage.key(&ready.key.vault, "kek");
    stage.set_key(&ready.cluster, &version);
    let rotated = Ready {
        key: version,
        ..ready.clone()
    };
    let under_new_version = stage.stored(&ready.workspace, TABLE, 16);
    assert_eq!(under_new_version.class, KeyClass::Customer);
    all.push(under_new_version);
    stage.revoke(&rotated);
    stage.resume(&rotated);
    stage.unlinked(&ready.workspace);
    let shared = stage.stored(&ready.workspace, TABLE, 32);
    assert_eq!(
        (&shared.store, shared.class),
        (&Store::Shared, KeyClass::Microsoft)
    );
    all.push(shared);
    // All of it is read together, each as it was written.
    let read = stage
        .read(&ready.workspace, &[whole(TABLE)], false)
        .unwrap();
    let now: Vec<Segment> = read.segments.iter().map(|s| Segment::clone(s)).collect();
    assert_eq!(now, all);
    assert_eq!(now.iter().map(|s| s.rows).sum::<u64>(), 63);
    assert_eq!((read.hidden, read.why), (0, None));
}

#[test]
fn r_cmk_13_segments_lie_on_all_accounts_of_their_cluster() {
    let mut stage = Stage::keys();
    stage.set_rule("accounts-per-cluster", "3");
    let ready = stage.ready();
    let aeks: BTreeSet<AekId> = (0..9)
        .map(|_| stage.stored(&ready.workspace, TABLE, 1).aek)
        .collect();
    let accounts = &stage.at(&ready.cluster).accounts;
    let all: BTreeSet<AekId> = accounts.iter().filter_map(|a| a.customer).collect();
    assert_eq!(aeks, all);
    assert_eq!(aeks.len(), 3);
}

#[test]
fn what_lies_on_a_cluster_can_be_listed() {
    let (mut stage, ready, all) = by_every_route();
    let there = |stage: &Stage| -> Vec<SegmentId> {
        let found = stage.world.logs.segments_on(&ready.cluster);
        found.map(|s| s.id).collect()
    };
    let ids: Vec<SegmentId> = all.iter().map(|s| s.id).collect();
    assert_eq!(there(&stage), ids[1..], "the shared one lies elsewhere");
    stage.wait(Span::minutes(20));
    let drained = SegmentId(ids[3].0 + 1);
    assert_eq!(there(&stage), [ids[1], ids[2], drained]);
    assert_eq!(stage.segment(drained).unwrap().drained_from, Some(ids[3]));
}

// ---- what is lost

#[test]
fn r_cmk_42_53_r_lnk_02_what_is_dropped_is_counted_by_its_reason_and_stays_lost() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let early = stage.cluster("early");
    let hasty = stage.workspace("hasty");
    stage.ann(link_to(&hasty, &early));
    assert_eq!(stage.lost(&hasty, TABLE, 5), Loss::NotProvisioned);

    stage.stored(&ready.workspace, TABLE, 1);
    stage.revoke(&ready);
    assert_eq!(stage.lost(&ready.workspace, TABLE, 7), Loss::Revoked);
    stage.enable(&ready.key, true);
    stage.wait(Span::minutes(2));
    assert!(matches!(
        stage.encryption(&ready.cluster),
        Encryption::Resuming { .. }
    ));
    assert_eq!(stage.lost(&ready.workspace, TABLE, 11), Loss::Revoked);
    stage.wait(Span::minutes(30));
    assert_eq!(stage.encryption(&ready.cluster), Encryption::Active);

    stage.live_site(&ready, Span::hours(8));
    stage.stored(&ready.workspace, TABLE, 2);
    stage.wait(Span::hours(6));
    assert_eq!(stage.lost(&ready.workspace, TABLE, 13), Loss::BufferFull);
    let expected = Tally {
        customer: amount(1),
        buffered: amount(2),
        revoked: amount(18),
        buffer_full: amount(13),
        ..Tally::default()
    };
    assert_eq!(stage.tally(&ready.workspace, TABLE), expected);
    assert_eq!(expected.dropped(), amount(31));
    let of_hasty = Tally {
        not_provisioned: amount(5),
        ..Tally::default()
    };
    assert_eq!(stage.tally(&hasty, TABLE), of_hasty);

    // Service is back, for good: nothing of it comes back.
    stage.wait(Span::hours(3));
    assert_eq!(stage.encryption(&ready.cluster), Encryption::Active);
    let rows = |stage: &Stage, workspace: &ResourceId| -> u64 {
        let read = stage.read(workspace, &[whole(TABLE)], false).unwrap();
        read.segments.iter().map(|s| s.rows).sum()
    };
    assert_eq!(rows(&stage, &ready.workspace), 3);
    assert_eq!(rows(&stage, &hasty), 0);
    let after = Tally {
        drained: amount(2),
        ..expected
    };
    assert_eq!(stage.tally(&ready.workspace, TABLE), after);
    stage.restart();
    assert_eq!(stage.tally(&ready.workspace, TABLE), after);
}

#[test]
fn r_cmk_53_a_lost_buffer_is_lost_as_the_horizon_says_and_in_no_other_way() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let fell = stage.now;
    stage.live_site(&ready, Span::hours(2));
    let buffered = stage.stored(&ready.workspace, TABLE, 9);
    stage.revoke_policy(&ready);
    stage.until(fell + Span::hours(2) + Span::minutes(2));
    assert_eq!(stage.encryption(&ready.cluster), Encryption::Revoked);
    let horizon = fell + Span::minutes(30) + Span::hours(6);
    stage.until(horizon - Span::minutes(2));
    // The permission comes back in time: drained after all.
    let mut saved = stage.clone();
    saved.grant(&ready.cluster, &ready.key.vault);
    saved.wait(Span::minutes(33));
    assert_eq!(saved.encryption(&ready.cluster), Encryption::Active);
    assert_eq!(saved.tally(&ready.workspace, TABLE).drained, amount(9));
    assert_eq!(saved.tally(&ready.workspace, TABLE).dropped(), amount(0));
    // It does not: lost, and counted as such.
    stage.until(horizon - MICRO);
    assert!(stage.segment(buffered.id).is_some());
    stage.until(horizon);
    assert_eq!(stage.segment(buffered.id), None);
    let tally = stage.tally(&ready.workspace, TABLE);
    assert_eq!((tally.buffered, tally.buffer_full), (amount(9), amount(9)));
    stage.grant(&ready.cluster, &ready.key.vault);
    stage.wait(Span::hours(1));
    assert_eq!(stage.ids(&ready.workspace, TABLE), []);
}

// ---- what can be read

#[test]
fn r_cmk_43_every_query_fails_while_a_linked_workspace_is_revoked() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let free = stage.workspace("free");
    let segment = stage.stored(&ready.workspace, TABLE, 1);
    stage.stored(&free, TABLE, 1);
    let tables = [
        vec![whole(TABLE)],
        // Nothing ever came to it.
        vec![whole("Syslog")],
        // A span in which nothing happened.
        vec![Touched {
            table: TABLE.into(),
            from: SimTime(0),
            to: SimTime(1),
        }],
        vec![whole("Syslog"), whole(TABLE)],
        // No table at all: print 1.
        vec![],
    ];
    for touched in &tables {
        assert_eq!(
            stage.query(&ready.workspace, touched, false),
            Outcome::Served
        );
    }
    stage.revoke(&ready);
    for touched in &tables {
        let refused = Outcome::Refused("E-QRY-01".into());
        assert_eq!(stage.query(&ready.workspace, touched, false), refused);
        let no = stage.read(&ready.workspace, touched, false).unwrap_err();
        is(&no, &errors::QRY_01, "workspace");
    }
    // Nobody else's.
    assert_eq!(stage.query(&free, &tables[0], false), Outcome::Served);
    assert_eq!(
        stage.read(&free, &tables[0], false).unwrap().segments.len(),
        1
    );
    // Asked for what there is: nothing, and it says so.
    let read = stage.read(&ready.workspace, &[whole(TABLE)], true).unwrap();
    assert_eq!((read.segments.len(), read.hidden), (0, 1));
    is(&read.why.unwrap(), &errors::QRY_01, "workspace");
    assert_eq!(
        stage.query(&ready.workspace, &tables[0], true),
        Outcome::Served
    );
    // Both outcomes are counted, of the tables there are.
    let tally = stage.tally(&ready.workspace, TABLE);
    assert_eq!((tally.queries_served, tally.queries_refused), (4, 3));
    stage.resume(&ready);
    for touched in &tables {
        assert_eq!(
            stage.query(&ready.workspace, touched, false),
            Outcome::Served
        );
    }
    assert_eq!(stage.ids(&ready.workspace, TABLE), [segment.id]);
}

#[test]
fn r_cmk_43_r_lnk_09_an_unlinked_workspace_is_refused_what_lies_on_the_revoked_cluster() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let on_cluster = stage.stored(&ready.workspace, TABLE, 1);
    let elsewhere = stage.stored(&ready.workspace, OWN, 2);
    stage.unlinked(&ready.workspace);
    stage.wait(Span::days(1));
    let shared = stage.stored(&ready.workspace, TABLE, 4);
    stage.revoke(&ready);
    let span = |from, to| Touched {
        table: TABLE.into(),
        from,
        to,
    };
    let refused = Outcome::Refused("E-QRY-01".into());
    let later = span(on_cluster.to + MICRO, SimTime::MAX);
    // To the microsecond.
    for (touched, served) in [
        (later.clone(), true),
        (span(on_cluster.to, SimTime::MAX), false),
        (whole(TABLE), false),
        (span(SimTime(0), on_cluster.from - MICRO), true),
        (span(SimTime(0), on_cluster.from), false),
        (span(on_cluster.from, on_cluster.to), false),
        (whole(OWN), false),
        (whole("Syslog"), true),
    ] {
        let outcome = stage.query(&ready.workspace, std::slice::from_ref(&touched), false);
        assert_eq!(outcome == Outcome::Served, served, "{touched:?}");
        assert_eq!(outcome == refused, !served, "{touched:?}");
    }
    // An empty span touches nothing.
    let empty = span(on_cluster.to, on_cluster.from);
    assert_eq!(
        stage.query(&ready.workspace, &[empty], false),
        Outcome::Served
    );
    let read = stage.read(&ready.workspace, &[later], false).unwrap();
    assert_eq!(read.segments.len(), 1);
    assert_eq!(read.segments[0].id, shared.id);
    assert_eq!((read.hidden, read.why), (0, None));
    // What is left out of a partial result is counted, with the reason.
    let tables = [whole(TABLE), whole(OWN)];
    let read = stage.read(&ready.workspace, &tables, true).unwrap();
    assert_eq!(
        read.segments.iter().map(|s| s.id).collect::<Vec<_>>(),
        [shared.id]
    );
    assert_eq!(read.hidden, 2);
    let why = read.why.unwrap();
    is(&why, &errors::QRY_01, "workspace");
    assert!(why.message.contains("revoked"), "{}", why.message);
    // A table asked for twice is read once, and hidden once.
    let twice = [whole(TABLE), span(SimTime(0), SimTime::MAX)];
    let read = stage.read(&ready.workspace, &twice, true).unwrap();
    assert_eq!((read.segments.len(), read.hidden), (1, 1));
    stage.resume(&ready);
    let read = stage.read(&ready.workspace, &tables, false).unwrap();
    let ids: Vec<_> = read.segments.iter().map(|s| s.id).collect();
    assert_eq!(ids, [on_cluster.id, elsewhere.id, shared.id]);
}

#[test]
fn r_lnk_09_what_still_waits_in_the_buffer_of_a_past_cluster_is_not_passed_over_in_silence() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.stored(&ready.workspace, OWN, 1);
    stage.live_site(&ready, Span::hours(4));
    let buffered = stage.stored(&ready.workspace, TABLE, 2);
    stage.unlinked(&ready.workspace);
    assert_eq!(stage.encryption(&ready.cluster), Encryption::LiveSite);
    let refused = Outcome::Refused("E-QRY-01".into());
    assert_eq!(
        stage.query(&ready.workspace, &[whole(TABLE)], false),
        refused
    );
    let read = stage.read(&ready.workspace, &[whole(TABLE)], true).unwrap();
    assert_eq!((read.segments.len(), read.hidden), (0, 1));
    let why = read.why.unwrap();
    assert!(why.message.contains("out of reach"), "{}", why.message);
    let before = Touched {
        to: buffered.from - MICRO,
        ..whole(TABLE)
    };
    assert_eq!(
        stage.query(&ready.workspace, &[before], false),
        Outcome::Served
    );
    stage.wait(Span::hours(3));
    assert_eq!(
        stage.ids(&ready.workspace, TABLE),
        [SegmentId(buffered.id.0 + 1)]
    );
}

#[test]
fn r_cmk_52_53_54_an_outage_buffers_and_drains_every_row_once() {
    let mut stage = Stage::keys();
    stage.set_rule("accounts-per-cluster", "2");
    let ready = stage.ready();
    let fell = stage.now;
    let before = stage.stored(&ready.workspace, TABLE, 1);
    stage.fault(&ready.key.vault, FaultKind::Outage, Span::minutes(45));
    stage.until(fell + Span::minutes(29));
    // Bridged: nothing has changed.
    let bridged = stage.stored(&ready.workspace, TABLE, 2);
    assert_eq!(bridged.class, KeyClass::Customer);
    assert_eq!(stage.ids(&ready.workspace, TABLE), [before.id, bridged.id]);
    stage.until(fell + Span::minutes(30));
    let buffered: Vec<Segment> = [(TABLE, 4), (OWN, 8), (TABLE, 16)]
        .into_iter()
        .map(|(table, rows)| {
            let segment = stage.stored(&ready.workspace, table, rows);
            stage.wait(Span::minutes(1));
            segment
        })
        .collect();
    for segment in &buffered {
        assert_eq!(segment.store, Store::Buffer(ready.cluster.clone()));
        assert_eq!(segment.class, KeyClass::Microsoft);
        assert!(!segment.hot, "not in the store, so not in its cache either");
        assert!(!stage.world.segment_readable(segment));
    }
    let refused = Outcome::Refused("E-QRY-01".into());
    assert_eq!(
        stage.query(&ready.workspace, &[whole(TABLE)], false),
        refused
    );
    let read = stage
        .read(&ready.workspace, &[whole(TABLE), whole(OWN)], true)
        .unwrap();
    assert_eq!((read.segments.len(), read.hidden), (0, 5));
    assert_eq!(stage.tally(&ready.workspace, TABLE).buffered, amount(20));
    stage.restart();

    let journal = stage.journal.len();
    stage.until(fell + Span::minutes(47));
    assert_eq!(stage.encryption(&ready.cluster), Encryption::Active);
    // The same rows, under the customer's key of the same account, in new segments.
    for old in &buffered {
        assert_eq!(stage.segment(old.id), None);
        let new: Vec<&Segment> = stage
            .world
            .logs
            .segments
            .values()
            .map(|s| &**s)
            .filter(|s| s.drained_from == Some(old.id))
            .collect();
        let [new] = new.as_slice() else {
            panic!("{new:?}")
        };
        let account = stage
            .at(&ready.cluster)
            .accounts
            .iter()
            .find(|a| a.microsoft == old.aek);
        let expected = Segment {
            id: new.id,
            store: Store::Cluster(ready.cluster.clone()),
            class: KeyClass::Customer,
            aek: account.unwrap().customer.unwrap(),
            hot: true,
            drained_from: Some(old.id),
            ..old.clone()
        };
        assert_eq!(**new, expected);
        assert!(stage.world.segment_readable(new));
    }
    let all = stage
        .read(&ready.workspace, &[whole(TABLE), whole(OWN)], false)
        .unwrap();
    assert_eq!(all.segments.iter().map(|s| s.rows).sum::<u64>(), 31);
    assert_eq!(all.segments.len(), 5);
    let tally = stage.tally(&ready.workspace, TABLE);
    assert_eq!((tally.drained, tally.dropped()), (amount(20), amount(0)));
    assert_eq!(stage.tally(&ready.workspace, OWN).drained, amount(8));
    // The fourteen days count from the ingestion, not from the drain.
    let drained = stage.segment(SegmentId(buffered[2].id.0 + 1)).unwrap();
    let (id, at) = (drained.id, drained.ingested_at);
    assert!(at < stage.now);
    stage.until(at + Span::days(14) - MICRO);
    assert!(stage.hot(id));
    stage.wait(MICRO);
    assert!(!stage.hot(id));
    let of_drain = stage.journal[journal..]
        .iter()
        .filter(|e| matches!(&e.fact, Fact::Ingestion(Logged::Stored { .. })))
        .count();
    assert_eq!(of_drain, 0, "what is drained follows from the drain itself");
    // A second outage drains nothing a second time.
    stage.live_site(&ready, Span::minutes(45));
    stage.wait(Span::minutes(20));
    assert_eq!(stage.tally(&ready.workspace, TABLE).drained, amount(20));
    assert_eq!(stage.ids(&ready.workspace, TABLE).len(), 4);
}

// ---- retention

#[test]
fn r_cmk_44_retention_purges_at_its_instant_even_what_cannot_be_read() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let began = stage.now;
    let first = stage.stored(&ready.workspace, TABLE, 1);
    let own = stage.stored(&ready.workspace, OWN, 2);
    stage.wait(Span::hours(6));
    let second = stage.stored(&ready.workspace, TABLE, 4);
    stage.revoke(&ready);
    let month = Span::days(31);
    assert_eq!(stage.space(&ready.workspace).retention, month);
    stage.until(began + month - MICRO);
    assert!(stage.segment(first.id).is_some() && stage.segment(own.id).is_some());
    let journal = stage.journal.len();
    stage.until(began + month);
    assert_eq!(stage.encryption(&ready.cluster), Encryption::Revoked);
    assert!(stage.segment(first.id).is_none() && stage.segment(own.id).is_none());
    assert!(stage.segment(second.id).is_some());
    let purged: BTreeSet<Vec<SegmentId>> = stage.journal[journal..]
        .iter()
        .map(|event| match &event.fact {
            Fact::Ingestion(Logged::Purged { segments, .. }) => segments.iter().copied().collect(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(purged, [vec![first.id], vec![own.id]].into());
    let tally = stage.tally(&ready.workspace, TABLE);
    assert_eq!((tally.customer, tally.purged), (amount(5), amount(1)));
    // The key comes back to what is left.
    stage.resume(&ready);
    assert_eq!(stage.ids(&ready.workspace, TABLE), [second.id]);
    stage.until(began + Span::hours(6) + month);
    assert_eq!(stage.ids(&ready.workspace, TABLE), []);
    assert_eq!(stage.tally(&ready.workspace, TABLE).purged, amount(5));
    // A table stays when its last record is gone, and nothing of it is waited for.
    assert_eq!(stage.table(&ready.workspace, TABLE).next_due(), None);
    stage.restart();
}

#[test]
fn r_cmk_44_a_table_has_a_retention_of_its_own_or_follows_its_workspace() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let began = stage.now;
    let follows = stage.stored(&ready.workspace, TABLE, 1);
    let own = stage.stored(&ready.workspace, OWN, 2);
    let purged_at = |stage: &Stage, segment: &Segment| {
        stage
            .table(&ready.workspace, segment.table.as_str())
            .purged_at(segment.id)
    };
    let days = |n| Some(began + Span::days(n));
    assert_eq!(purged_at(&stage, &follows), days(31));
    stage.retain(&ready.workspace, OWN, Some(Span::days(90)));
    assert_eq!(
        (purged_at(&stage, &follows), purged_at(&stage, &own)),
        (days(31), days(90))
    );
    // The workspace changes, and with it what follows it.
    stage.ann(retention_of_workspace("logs", 60));
    assert_eq!(
        (purged_at(&stage, &follows), purged_at(&stage, &own)),
        (days(60), days(90))
    );
    // For a table nothing came to yet, too.
    stage.retain(&ready.workspace, "Syslog", Some(Span::days(40)));
    let syslog = stage.stored(&ready.workspace, "Syslog", 4);
    assert_eq!(purged_at(&stage, &syslog), days(40));
    stage.retain(&ready.workspace, OWN, None);
    assert_eq!(purged_at(&stage, &own), days(60));
    stage.retain(&ready.workspace, OWN, Some(Span::days(730)));
    stage.restart();
    // What is shorter than what has passed purges at once.
    stage.wait(Span::days(45));
    assert!(stage.segment(follows.id).is_some() && stage.segment(syslog.id).is_none());
    let mut shortened = stage.clone();
    shortened.ann(retention_of_workspace("logs", 30));
    assert!(
        shortened.segment(follows.id).is_some(),
        "time has not acted yet"
    );
    assert_eq!(lockbox::engine::due(&shortened.world), Some(shortened.now));
    assert_eq!(
        shortened.ids(&ready.workspace, TABLE),
        [],
        "and yet it is not read"
    );
    shortened.elapse();
    assert!(shortened.segment(follows.id).is_none() && shortened.segment(own.id).is_some());
    shortened.retain(&ready.workspace, OWN, Some(Span::days(30)));
    assert!(shortened.segment(own.id).is_none());
    shortened.restart();
    stage.until(began + Span::days(60));
    assert!(stage.segment(follows.id).is_none());
    stage.until(began + Span::days(730) - MICRO);
    assert!(stage.segment(own.id).is_some());
    stage.wait(MICRO);
    assert!(stage.segment(own.id).is_none());
}

#[test]
fn r_cmk_44_a_retention_is_refused_out_of_range_and_for_what_is_not_there() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let workspace = &ready.workspace;
    stage.stored(workspace, OWN, 1);
    let target = "properties.retentionInDays";
    for span in [
        Span::days(29),
        Span::days(731),
        Span(Span::days(30).0 + 1),
        Span(0),
        Span(-1),
        Span(i64::MAX),
    ] {
        let set = set_retention(workspace, OWN, Some(span));
        refused(&mut stage, "ann", set, &errors::WS_03, target);
    }
    let set = set_retention(&id("never"), OWN, None);
    refused(&mut stage, "ann", set, &errors::WL_01, "workspace");
    let set = |table| set_retention(workspace, table, Some(Span::days(30)));
    for who in ["rea", "lar", "kvc", "sac", "fay", "sue"] {
        refused(&mut stage, who, set(OWN), &errors::ARM_03, "scope");
    }
    let no = refused(
        &mut stage,
        "ann",
        set("Ordres_CL"),
        &errors::QRY_03,
        "table",
    );
    assert!(no.remedy.contains(OWN), "{}", no.remedy);
    // Of what the service writes itself, the customer says how long it is kept.
    for table in builtin::names() {
        stage.act(&person("lac"), set(table)).unwrap();
    }
    for limit in [Span::days(30), Span::days(730)] {
        stage.retain(workspace, OWN, Some(limit));
        assert_eq!(stage.table(workspace, OWN).retention, Some(limit));
    }
}

#[test]
fn r_lnk_09_data_that_a_table_keeps_longer_than_its_workspace_is_not_called_readable() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.stored(&ready.workspace, OWN, 1);
    stage.retain(&ready.workspace, OWN, Some(Span::days(90)));
    stage.unlinked(&ready.workspace);
    stage.revoke(&ready);
    stage.wait(Span::days(60));
    assert!(stage.read(&ready.workspace, &[whole(OWN)], false).is_err());
    assert!(!stage.readable(&ready.workspace));
    stage.wait(Span::days(31));
    assert!(stage.read(&ready.workspace, &[whole(OWN)], false).is_ok());
    assert!(stage.readable(&ready.workspace));
}

#[test]
fn r_cmk_45_revocation_empties_the_hot_cache_and_the_return_fills_it_with_what_is_young_enough() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let free = stage.workspace("free");
    let began = stage.now;
    let old = stage.stored(&ready.workspace, TABLE, 1);
    let shared = stage.stored(&free, TABLE, 1);
    stage.wait(Span::days(10));
    let young = stage.stored(&ready.workspace, TABLE, 2);
    let own = stage.stored(&ready.workspace, OWN, 2);
    stage.enable(&ready.key, false);
    stage.wait(Span(Span::hours(1).0 - 1));
    assert!(stage.hot(old.id) && stage.hot(young.id) && stage.hot(own.id));
    stage.wait(MICRO);
    assert_eq!(stage.encryption(&ready.cluster), Encryption::Revoked);
    let hot = |stage: &Stage| -> Vec<SegmentId> {
        let all = stage.world.logs.segments.values();
        all.filter(|s| s.hot).map(|s| s.id).collect()
    };
    assert_eq!(hot(&stage), [shared.id], "what lies elsewhere stays hot");
    stage.restart();
    // Nothing is waited for but the purge.
    let due = stage.table(&ready.workspace, TABLE).next_due();
    assert_eq!(due, Some(began + Span::days(31)));

    // Back at once: all three are young enough. While it resumes, none is there.
    let mut soon = stage.clone();
    soon.enable(&ready.key, true);
    soon.wait(Span::minutes(2));
    assert!(matches!(
        soon.encryption(&ready.cluster),
        Encryption::Resuming { .. }
    ));
    assert_eq!(hot(&soon), [shared.id]);
    soon.wait(Span::minutes(30));
    assert_eq!(soon.encryption(&ready.cluster), Encryption::Active);
    assert_eq!(hot(&soon), [old.id, shared.id, young.id, own.id]);
    soon.until(began + Span::days(14));
    assert_eq!(hot(&soon), [young.id, own.id], "for the rest of their days");
    soon.until(began + Span::days(24));
    assert_eq!(hot(&soon), []);
    soon.restart();

    // Back after the fortnight of the oldest.
    stage.until(began + Span::days(15));
    let journal = stage.journal.len();
    stage.resume(&ready);
    assert_eq!(hot(&stage), [young.id, own.id]);
    stage.until(began + Span::days(24));
    assert_eq!(hot(&stage), []);
    let cooled: BTreeSet<SegmentId> = stage.journal[journal..]
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::Ingestion(Logged::Cooled { segments, .. }) => Some(segments.iter().copied()),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(cooled, [young.id, own.id].into());
}

#[test]
fn r_cmk_45_what_would_cool_at_the_instant_at_which_service_resumes_stays_cold() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let cools = stage.now + Span::days(14);
    let on_time = stage.stored(&ready.workspace, TABLE, 1);
    stage.wait(MICRO);
    let later = stage.stored(&ready.workspace, TABLE, 2);
    stage.wait(Span::days(13));
    stage.revoke(&ready);
    stage.until(cools - Span::minutes(25));
    stage.enable(&ready.key, true);
    let latency = cools - stage.now;
    stage.set_rule("resume-latency", &format!("{}us", latency.0));
    stage.until(cools - MICRO);
    assert!(matches!(
        stage.encryption(&ready.cluster),
        Encryption::Resuming { .. }
    ));
    stage.until(cools);
    assert_eq!(stage.encryption(&ready.cluster), Encryption::Active);
    assert_eq!((stage.hot(on_time.id), stage.hot(later.id)), (false, true));
    stage.wait(MICRO);
    assert!(!stage.hot(later.id));
}

// ---- the end of a cluster, of a workspace

#[test]
fn r_clu_30_32_37_a_deleted_cluster_hides_its_data_and_takes_it_along_in_the_end() {
    let (mut stage, ready, all) = by_every_route();
    let workspace = ready.workspace.clone();
    stage.unlinked(&workspace);
    stage.wait(Span::minutes(20));
    // Buffered again, by another workspace, which stays in the buffer.
    let other = stage.workspace("other");
    stage.link(&other, &ready.cluster);
    stage.live_site(&ready, Span::days(1));
    let waiting = stage.stored(&other, TABLE, 3);
    assert!(matches!(waiting.store, Store::Buffer(_)));
    stage.ann(delete(&ready.cluster));
    stage.wait(Span::minutes(90));
    let deleted_at = stage.now;
    let no = stage.read(&workspace, &[whole(TABLE)], false).unwrap_err();
    is(&no, &errors::QRY_01, "workspace");
    let read = stage.read(&workspace, &[whole(TABLE)], true).unwrap();
    assert_eq!((read.segments.len(), read.hidden), (1, 3));
    stage.until(deleted_at + Span::days(14) - MICRO);
    assert_eq!(stage.world.logs.segments_on(&ready.cluster).count(), 4);
    stage.wait(MICRO);
    assert!(!stage.world.clusters.contains_key(&ready.cluster));
    assert_eq!(stage.world.logs.segments_on(&ready.cluster).count(), 0);
    assert_eq!(
        stage.ids(&workspace, TABLE),
        [all[0].id],
        "what lay elsewhere"
    );
    assert_eq!(stage.world.logs.segments.len(), 1);
    let tally = stage.tally(&workspace, TABLE);
    assert_eq!((tally.purged, tally.dropped()), (amount(14), amount(0)));
    assert_eq!(stage.tally(&other, TABLE).purged, amount(3));
    assert_eq!(stage.table(&other, TABLE).next_due(), None);
    stage.restart();
}

#[test]
fn r_clu_35_a_recovered_cluster_has_its_segments_and_drains_what_waited() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let kept = stage.stored(&ready.workspace, TABLE, 1);
    stage.live_site(&ready, Span::hours(2));
    let waiting = stage.stored(&ready.workspace, TABLE, 2);
    stage.ann(delete(&ready.cluster));
    stage.wait(Span::days(3));
    assert!(
        stage
            .read(&ready.workspace, &[whole(TABLE)], false)
            .is_err()
    );
    let recover = support::Command::RecoverCluster {
        cluster: ready.cluster.clone(),
    };
    stage.act(&person("sue"), recover).unwrap();
    stage.wait(Span::hours(1));
    assert_eq!(stage.encryption(&ready.cluster), Encryption::Active);
    let drained = SegmentId(waiting.id.0 + 1);
    assert_eq!(stage.ids(&ready.workspace, TABLE), [kept.id, drained]);
    stage.restart();
}

#[test]
fn r_lnk_20_a_deleted_workspace_keeps_its_data_until_it_is_gone_for_good() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let workspace = ready.workspace.clone();
    let on_cluster = stage.stored(&workspace, TABLE, 1);
    stage.unlinked(&workspace);
    let shared = stage.stored(&workspace, OWN, 2);
    let sibling = stage.workspace("logs-too");
    let of_sibling = stage.stored(&sibling, TABLE, 4);
    let delete = |force| workspace::Command::Delete {
        workspace: id("logs"),
        force,
    };
    stage.ann(delete(false));
    let no = stage.read(&workspace, &[whole(TABLE)], false).unwrap_err();
    is(&no, &errors::QRY_02, "workspace");
    stage.wait(Span::days(13));
    let mut recovered = stage.clone();
    recovered.ann(workspace::Command::Recover {
        workspace: workspace.clone(),
    });
    assert_eq!(recovered.ids(&workspace, TABLE), [on_cluster.id]);
    assert_eq!(recovered.ids(&workspace, OWN), [shared.id]);
    assert_eq!(recovered.tally(&workspace, OWN).microsoft, amount(2));
    recovered.restart();
    recovered.ann(delete(true));
    stage.wait(Span::days(1));
    for mut gone in [recovered, stage] {
        assert!(!gone.world.workspaces.contains_key(&workspace));
        let left: Vec<SegmentId> = gone.world.logs.segments.keys().copied().collect();
        assert_eq!(left, [of_sibling.id]);
        assert_eq!(gone.world.logs.tables_of(&workspace).count(), 0);
        assert_eq!(gone.world.logs.segments_on(&ready.cluster).count(), 0);
        let waits = gone
            .world
            .timers
            .iter()
            .filter(|(_, timer)| matches!(timer, Timer::TableDue(of, _) if *of == workspace));
        assert_eq!(waits.count(), 0);
        gone.restart();
        // A new one of the name has nothing of the old.
        gone.ann(workspace_here("logs"));
        assert_eq!(gone.ids(&workspace, TABLE), []);
        let next = gone.stored(&workspace, TABLE, 8);
        assert!(next.id > of_sibling.id, "no number is dealt twice");
        assert_eq!(gone.tally(&workspace, TABLE).microsoft, amount(8));
    }
}

#[test]
fn r_cmk_44_retention_goes_on_while_a_workspace_or_a_cluster_is_deleted() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let began = stage.now;
    stage.stored(&ready.workspace, TABLE, 1);
    stage.unlinked(&ready.workspace);
    stage.wait(Span::days(20));
    stage.ann(delete(&ready.cluster));
    stage.ann(workspace::Command::Delete {
        workspace: ready.workspace.clone(),
        force: false,
    });
    stage.until(began + Span::days(31));
    assert_eq!(stage.world.logs.segments.len(), 0);
    assert!(stage.world.workspaces.contains_key(&ready.workspace));
    assert!(stage.world.clusters.contains_key(&ready.cluster));
    assert_eq!(stage.tally(&ready.workspace, TABLE).purged, amount(1));
}

// ---- refusals

#[test]
fn e_qry_01_says_why_since_when_and_what_heals_it() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.stored(&ready.workspace, TABLE, 1);
    let refusal = |stage: &Stage| {
        let no = stage
            .read(&ready.workspace, &[whole(TABLE)], false)
            .unwrap_err();
        is(&no, &errors::QRY_01, "workspace");
        assert_eq!(no.rule, "R-CMK-43");
        assert!(
            no.message.contains(ready.cluster.as_str()),
            "{}",
            no.message
        );
        no
    };
    let said = |no: &Refusal, message: &[String], remedy: &str| {
        for part in message {
            assert!(no.message.contains(part), "{part:?} in {:?}", no.message);
        }
        assert!(no.remedy.contains(remedy), "{remedy:?} in {:?}", no.remedy);
    };
    let time = |at: SimTime| at.to_seconds().to_string();

    let mut revoked = stage.clone();
    revoked.revoke(&ready);
    let since = revoked.now;
    revoked.wait(Span::hours(3));
    let no = refusal(&revoked);
    said(
        &no,
        &["revoked".into(), format!("since {}", time(since))],
        "Restore the key",
    );
    assert_eq!(no.allowed_from, None);

    revoked.enable(&ready.key, true);
    revoked.wait(Span::minutes(2));
    let Encryption::Resuming { until } = revoked.encryption(&ready.cluster) else {
        panic!("it resumes")
    };
    let back = revoked.at(&ready.cluster).protection.since;
    let no = refusal(&revoked);
    let message = [
        format!("since {}", time(back)),
        "resumes".into(),
        time(until),
    ];
    said(&no, &message, &time(until));
    assert_eq!(no.allowed_from, Some(until));
    revoked.until(until - MICRO);
    refusal(&revoked);
    revoked.until(until);
    assert!(
        revoked
            .read(&ready.workspace, &[whole(TABLE)], false)
            .is_ok()
    );

    let mut silent = stage.clone();
    silent.live_site(&ready, Span::hours(1));
    let since = silent.now;
    silent.wait(Span::minutes(5));
    let no = refusal(&silent);
    let message = ["out of reach".into(), format!("since {}", time(since))];
    said(&no, &message, "Wait until the vault can be reached");
    assert_eq!(no.allowed_from, None);

    stage.ann(delete(&ready.cluster));
    stage.wait(Span::minutes(90));
    let since = stage.now;
    stage.wait(Span::days(1));
    let no = refusal(&stage);
    let message = ["deleted".into(), format!("since {}", time(since))];
    said(&no, &message, "support");
    assert_eq!(no.allowed_from, None);
}

#[test]
fn e_qry_02_a_workspace_that_is_not_there_is_neither_queried_nor_written_to() {
    let mut stage = Stage::keys();
    let gone = stage.workspace("gone");
    stage.stored(&gone, TABLE, 1);
    stage.ann(workspace::Command::Delete {
        workspace: gone.clone(),
        force: false,
    });
    for workspace in [gone, id("never"), "x".into(), "c/data/a\u{202e}b".into()] {
        let query = Logs::Query {
            workspace: workspace.clone(),
            tables: Vector::unit(whole(TABLE)),
            partial: true,
        };
        refused(&mut stage, "ann", query, &errors::QRY_02, "workspace");
        for who in ["ann", "simulator"] {
            let sent = Logs::Ingest(arrival(stage.now, &workspace, TABLE, 1));
            let no = refused(&mut stage, who, sent, &errors::QRY_02, "workspace");
            assert!(!no.message.chars().any(acts), "{:?}", no.message);
        }
        let read = stage.read(&workspace, &[whole(TABLE)], true).unwrap_err();
        is(&read, &errors::QRY_02, "workspace");
    }
}

#[test]
fn e_qry_04_a_segment_that_is_not_there_or_was_purged() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.stored(&ready.workspace, OWN, 1);
    let world = &stage.world;
    let id = world.logs.segments.get_max().unwrap().0;
    assert_eq!(world.segment(id).unwrap().id, id);
    let no = world.segment(SegmentId(id.0 + 1)).unwrap_err();
    assert_eq!((no.id.as_str(), no.status), ("E-QRY-04", 404));
}

#[test]
fn e_qry_03_a_table_that_is_not_there_is_named_with_the_nearest() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let workspace = &ready.workspace;
    stage.stored(workspace, OWN, 1);
    let other = stage.workspace("other");
    let query = |workspace: &ResourceId, table: &str| Logs::Query {
        workspace: workspace.clone(),
        tables: [whole(TABLE), whole(table)].into_iter().collect(),
        partial: false,
    };
    for (table, hint) in [
        ("Orderz_CL", OWN),
        ("heartbeat", TABLE),
        ("AzureActivty", "AzureActivity"),
        ("zzzzzzzzzzzzzzzz", "lockbox tables list"),
        ("", "lockbox tables list"),
        ("a\u{202e}b\nc", "lockbox tables list"),
    ] {
        let no = refused(
            &mut stage,
            "rea",
            query(workspace, table),
            &errors::QRY_03,
            "table",
        );
        assert!(no.remedy.contains(hint), "{hint} in {}", no.remedy);
        assert!(!no.message.chars().any(acts), "{:?}", no.message);
        assert_eq!(stage.world.table(workspace, &table.into()), Err(no));
    }
    // Somebody else's table is nobody's hint.
    let no = refused(
        &mut stage,
        "rea",
        query(&other, "Orders_C"),
        &errors::QRY_03,
        "table",
    );
    assert!(!no.remedy.contains(OWN), "{}", no.remedy);
    // A built-in table is there before anything came to it.
    assert_eq!(stage.world.table(&other, &"Usage".into()), Ok(None));
    assert_eq!(
        stage.query(&other, &[whole("Usage")], false),
        Outcome::Served
    );
}

#[test]
fn e_ing_02_data_goes_to_a_built_in_table_or_to_one_of_ones_own() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let workspace = &ready.workspace;
    let long = format!("{}_CL", "t".repeat(60));
    let longest = format!("{}_CL", "t".repeat(60));
    assert_eq!(longest.len(), 63);
    for table in [
        "AppRequests",
        "AppTraces",
        "Heartbeat",
        "Syslog",
        "a_CL",
        "T2_3_CL",
        &longest,
    ] {
        stage.stored(workspace, table, 1);
    }
    for table in builtin::names().filter(|t| builtin::by_service(t)) {
        let sent = Logs::Ingest(arrival(stage.now, workspace, table, 1));
        let no = refused(&mut stage, "ann", sent, &errors::ING_02, "table");
        assert!(
            no.message.contains(table) && no.message.contains("itself"),
            "{no:?}"
        );
    }
    let too_long = format!("t{long}");
    let endless = "e".repeat(100_000);
    for (table, hint) in [
        ("heartbeat", "Did you mean Heartbeat?"),
        ("AppRequest", "Did you mean AppRequests?"),
        ("Orders", "_CL"),
        ("Orders_cl", "_CL"),
        ("_CL", "_CL"),
        ("_Orders_CL", "_CL"),
        ("2nd_CL", "_CL"),
        ("a b_CL", "_CL"),
        ("a-b_CL", "_CL"),
        ("é_CL", "_CL"),
        ("a\u{200b}_CL", "_CL"),
        ("\u{1b}[31m_CL", "_CL"),
        ("", "_CL"),
        (too_long.as_str(), "_CL"),
        (endless.as_str(), "_CL"),
    ] {
        let sent = Logs::Ingest(arrival(stage.now, workspace, table, 1));
        let no = refused(&mut stage, "ann", sent, &errors::ING_02, "table");
        assert!(no.remedy.contains(hint), "{hint} in {}", no.remedy);
        assert!(!no.message.chars().any(acts), "{:?}", no.message);
        assert!(
            no.message.len() < 600,
            "{} bytes of message",
            no.message.len()
        );
    }
}

#[test]
fn e_ing_03_data_that_does_not_fit_its_table() {
    use ColumnType::{Bool, Datetime, Dynamic, Long, Real, String};
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let workspace = &ready.workspace;
    let with = |now, table: &str, list: &[(&str, ColumnType)]| Arrival {
        columns: columns(list),
        ..arrival(now, workspace, table, 1)
    };
    let known = |stage: &Stage, table: &str| -> Vec<(std::string::String, ColumnType)> {
        let all = stage.world.columns(workspace, &table.into());
        all.iter().map(|c| (c.name.to_string(), c.kind)).collect()
    };
    assert_eq!(known(&stage, OWN), [(TIME.to_owned(), Datetime)]);
    let first = with(
        stage.now,
        OWN,
        &[(TIME, Datetime), ("Price", Real), ("_x", Dynamic)],
    );
    let events = stage.ann(Logs::Ingest(first.clone()));
    assert_eq!(events.len(), 2, "its columns, and the segment");
    // Nothing new: the segment alone.
    assert_eq!(stage.ann(Logs::Ingest(first)).len(), 1);
    // More columns come behind those there are; names compare with case.
    let more = with(
        stage.now,
        OWN,
        &[("price", String), ("Price", Real), ("Paid", Bool)],
    );
    stage.ann(Logs::Ingest(more));
    let expected: Vec<_> = [
        (TIME, Datetime),
        ("Price", Real),
        ("_x", Dynamic),
        ("price", String),
        ("Paid", Bool),
    ]
    .map(|(name, kind)| (name.to_owned(), kind))
    .into();
    assert_eq!(known(&stage, OWN), expected);
    // A built-in table takes more columns, too.
    stage.ann(Logs::Ingest(with(
        stage.now,
        TABLE,
        &[("Mine", Long), ("Computer", String)],
    )));
    assert_eq!(
        known(&stage, TABLE).last().unwrap(),
        &("Mine".to_owned(), Long)
    );
    assert_eq!(
        known(&stage, TABLE).len(),
        builtin::columns(TABLE).unwrap().len() + 1
    );

    let c45 = "c".repeat(45);
    stage.ann(Logs::Ingest(with(stage.now, "Long_CL", &[(&c45, Long)])));
    let c46 = "c".repeat(46);
    let endless = "\u{202e}".repeat(50_000);
    for (table, list, part) in [
        (
            OWN,
            vec![("Price", Long)],
            "Price of Orders_CL is real, and the data has long",
        ),
        (
            OWN,
            vec![("Paid", Bool), ("Price", String)],
            "and the data has string",
        ),
        (
            TABLE,
            vec![("Computer", Dynamic)],
            "Computer of Heartbeat is string",
        ),
        (
            TABLE,
            vec![(TIME, String)],
            "TimeGenerated of Heartbeat is datetime",
        ),
        (
            "New_CL",
            vec![(TIME, Long)],
            "TimeGenerated of New_CL is datetime",
        ),
        // Twice in one block.
        ("New_CL", vec![("Once", Long), ("Once", String)], "Once"),
        ("New_CL", vec![("Once", Long), ("Once", Long)], "Once"),
        (OWN, vec![("Price", Real), ("Price", Real)], "Price"),
        (OWN, vec![("", Long)], "no name of a column"),
        (OWN, vec![("1st", Long)], "1st is no name of a column"),
        (OWN, vec![("a b", Long)], "no name of a column"),
        (OWN, vec![("a\u{1b}]0;x\u{7}", Long)], "no name of a column"),
        (OWN, vec![(c46.as_str(), Long)], "no name of a column"),
        (OWN, vec![(endless.as_str(), Long)], "no name of a column"),
    ] {
        let sent = Logs::Ingest(with(stage.now, table, &list));
        let no = refused(&mut stage, "ann", sent, &errors::ING_03, "columns");
        assert!(no.message.contains(part), "{part:?} in {:?}", no.message);
        assert!(!no.message.chars().any(acts), "{:?}", no.message);
        assert!(
            no.message.len() < 1_200,
            "{} bytes of message",
            no.message.len()
        );
    }

    // As many columns as a table can have, and one more.
    let names: Vec<std::string::String> = (0..COLUMNS_MAX).map(|n| format!("c{n}")).collect();
    let list: Vec<(&str, ColumnType)> = names.iter().map(|n| (n.as_str(), String)).collect();
    let sent = Logs::Ingest(with(stage.now, "Wide_CL", &list));
    let no = refused(&mut stage, "ann", sent, &errors::ING_03, "columns");
    assert!(
        no.message.contains("501") && no.message.contains("500"),
        "{}",
        no.message
    );
    stage.ann(Logs::Ingest(with(stage.now, "Wide_CL", &list[1..])));
    assert_eq!(known(&stage, "Wide_CL").len(), COLUMNS_MAX);
    let sent = Logs::Ingest(with(stage.now, "Wide_CL", &list[..1]));
    refused(&mut stage, "ann", sent, &errors::ING_03, "columns");
    stage.ann(Logs::Ingest(with(stage.now, "Wide_CL", &list[9..12])));

    // A block without records, or without a span.
    let empty = Arrival {
        rows: 0,
        ..arrival(stage.now, workspace, TABLE, 1)
    };
    let no = refused(
        &mut stage,
        "ann",
        Logs::Ingest(empty),
        &errors::ING_03,
        "columns",
    );
    assert!(no.message.contains("at least one"), "{}", no.message);
    // Nor one from when no clock of the journal goes: it could not be read back.
    for (from, to) in [
        (SimTime(-1), stage.now),
        (SimTime(i64::MIN), SimTime(i64::MIN)),
        (stage.now, SimTime(SimTime::MAX.0 + 1)),
        (SimTime(i64::MAX), SimTime(i64::MAX)),
        (stage.now + MICRO, stage.now),
    ] {
        let sent = Arrival {
            from,
            to,
            ..arrival(stage.now, workspace, TABLE, 1)
        };
        let no = refused(
            &mut stage,
            "ann",
            Logs::Ingest(sent),
            &errors::ING_03,
            "columns",
        );
        assert!(no.message.contains("from 1970 to 9999"), "{}", no.message);
    }
    let ever = Arrival {
        from: SimTime(0),
        to: SimTime::MAX,
        ..arrival(stage.now, workspace, TABLE, 1)
    };
    stage.ann(Logs::Ingest(ever));
    stage.restart();
    // One record has one instant.
    let one = Arrival {
        from: stage.now,
        ..arrival(stage.now, workspace, TABLE, 1)
    };
    stage.ann(Logs::Ingest(one));
    // What does not fit is refused while it would be lost, too: the front end looks first.
    stage.revoke(&ready);
    let sent = Logs::Ingest(with(stage.now, OWN, &[("Price", Long)]));
    refused(&mut stage, "ann", sent, &errors::ING_03, "columns");
}

#[test]
fn a_failed_query_and_a_lost_record_lead_back_to_who_pressed_the_key() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.stored(&ready.workspace, TABLE, 1);
    stage.query(&ready.workspace, &[whole(TABLE)], false);
    assert_eq!(stage.journal.last().unwrap().cause, None);
    stage
        .act(
            &person("con"),
            access_policy::Command::Delete {
                vault: ready.key.vault.clone(),
                principal: stage.identity(&ready.cluster),
            },
        )
        .unwrap();
    let pressed = stage.journal.last().unwrap().revision;
    stage.wait(Span::hours(1));
    stage.query(&ready.workspace, &[whole(TABLE)], false);
    let queried = stage.journal.last().unwrap().revision;
    stage.lost(&ready.workspace, TABLE, 1);
    let lost = stage.journal.last().unwrap().revision;
    // Served for what there is: nothing led to it but the question.
    stage.query(&ready.workspace, &[whole(TABLE)], true);
    assert_eq!(stage.journal.last().unwrap().cause, None);
    for from in [queried, lost] {
        let event = |revision: Revision| {
            let found = stage.journal.iter().find(|e| e.revision == revision);
            found.unwrap()
        };
        let walk: Vec<Revision> = std::iter::successors(Some(from), |r| event(*r).cause).collect();
        assert!(walk.len() > 2, "{walk:?}");
        assert_eq!(walk.last(), Some(&pressed));
        assert_eq!(event(pressed).actor, person("con"));
    }
}

// ---- who may

#[test]
fn r_perm_08_who_reads_may_query_and_who_writes_may_send() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let workspace = &ready.workspace;
    stage.stored(workspace, TABLE, 1);
    let query = Logs::Query {
        workspace: workspace.clone(),
        tables: Vector::unit(whole(TABLE)),
        partial: false,
    };
    let sent = Logs::Ingest(arrival(stage.now, workspace, TABLE, 1));
    for (who, queries, sends) in [
        ("ann", true, true),
        ("bo", true, true),
        ("con", true, true),
        ("lac", true, true),
        ("rea", true, false),
        ("lar", true, false),
        ("kvc", false, false),
        ("sac", false, false),
        // Owner of the group of something else.
        ("gro", false, false),
        ("fay", false, false),
        ("nor", false, false),
        // The vendor's.
        ("sue", false, false),
        ("dev", false, false),
        ("man", false, false),
    ] {
        for (command, may) in [(&query, queries), (&sent, sends)] {
            if may {
                let events = stage.act(&person(who), command.clone()).unwrap();
                assert_eq!(events.len(), 1, "{who}");
                assert_eq!(events[0].actor, person(who));
            } else {
                refused(&mut stage, who, command.clone(), &errors::ARM_03, "scope");
            }
        }
    }
    // Nobody learns by asking whether there is such a workspace.
    for workspace in [workspace.clone(), id("never")] {
        for who in ["fay", "sue"] {
            let sent = Logs::Ingest(arrival(stage.now, &workspace, "no table", 0));
            refused(&mut stage, who, sent, &errors::ARM_03, "scope");
            let query = Logs::Query {
                workspace: workspace.clone(),
                tables: Vector::new(),
                partial: true,
            };
            refused(&mut stage, who, query, &errors::ARM_03, "scope");
        }
    }
    // No person: the services, and time.
    for actor in [Actor::Time, Actor::Storage] {
        for command in [&query, &sent] {
            let answer = decide(&stage.world, stage.now, &actor, &command.clone().into());
            assert_eq!(answer.unwrap_err().id, "E-PPL-02", "{actor:?}");
        }
    }
    // What the world file plays in needs nobody's leave.
    stage.simulate(sent);
}

#[test]
fn who_only_looks_queries_without_a_trace_and_sends_nothing() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let segment = stage.stored(&ready.workspace, TABLE, 1);
    let before = digest(&stage.world);
    for touched in [whole(TABLE), whole("Syslog")] {
        let query = Logs::Query {
            workspace: ready.workspace.clone(),
            tables: Vector::unit(touched),
            partial: false,
        };
        assert_eq!(stage.act(&Actor::Observer, query), Ok(vec![]));
    }
    let query = |workspace: ResourceId, table: &str| Logs::Query {
        workspace,
        tables: Vector::unit(whole(table)),
        partial: false,
    };
    let no = stage
        .act(&Actor::Observer, query(id("never"), TABLE))
        .unwrap_err();
    is(&no, &errors::QRY_02, "workspace");
    let no = stage
        .act(&Actor::Observer, query(ready.workspace.clone(), "No_CL"))
        .unwrap_err();
    is(&no, &errors::QRY_03, "table");
    let sent = Logs::Ingest(arrival(stage.now, &ready.workspace, TABLE, 1));
    let no = stage.act(&Actor::Observer, sent).unwrap_err();
    assert_eq!(no.id, "E-PPL-02");
    assert_eq!(digest(&stage.world), before);
    assert_eq!(stage.ids(&ready.workspace, TABLE), [segment.id]);
}

// ---- files that are ingested in blocks

#[test]
fn how_far_a_file_has_come_is_noted_until_its_last_block_stored_or_lost() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let workspace = ready.workspace.clone();
    let block = |stage: &mut Stage, fingerprint, lines, last| {
        let done = Done {
            bytes: lines * 100,
            lines,
        };
        let source = Some(Source {
            fingerprint,
            done,
            last,
        });
        let arrival = Arrival {
            source,
            ..arrival(stage.now, &id("logs"), TABLE, 10)
        };
        stage.ann(Logs::Ingest(arrival));
    };
    let lines = |stage: &Stage, fingerprint| {
        let table = stage.table(&id("logs"), TABLE);
        let done: Option<&Done> = table.sources.get(&fingerprint);
        done.map(|d| d.lines)
    };
    block(&mut stage, 7, 10, false);
    block(&mut stage, 8, 5, false);
    assert_eq!((lines(&stage, 7), lines(&stage, 8)), (Some(10), Some(5)));
    block(&mut stage, 7, 20, false);
    stage.restart();
    assert_eq!((lines(&stage, 7), lines(&stage, 8)), (Some(20), Some(5)));
    // What is lost was taken all the same: it is not sent again.
    stage.revoke(&ready);
    block(&mut stage, 7, 30, false);
    assert_eq!(lines(&stage, 7), Some(30));
    block(&mut stage, 8, 15, true);
    assert_eq!(lines(&stage, 8), None);
    stage.resume(&ready);
    block(&mut stage, 7, 40, true);
    assert!(stage.table(&workspace, TABLE).sources.is_empty());
    // A file of one block leaves no note, nor does one that is no file.
    block(&mut stage, 9, 10, true);
    stage.send(&workspace, TABLE, 1);
    assert!(stage.table(&workspace, TABLE).sources.is_empty());
    assert_eq!(stage.tally(&workspace, TABLE).revoked, amount(20));
}

#[test]
fn a_query_of_one_table_twice_counts_once_and_a_command_is_one_event() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    stage.stored(&ready.workspace, TABLE, 1);
    stage.stored(&ready.workspace, OWN, 1);
    let joined = [whole(TABLE), whole(OWN), whole(TABLE)];
    assert_eq!(
        stage.query(&ready.workspace, &joined, false),
        Outcome::Served
    );
    let Some(Logged::Queried { tables, .. }) = stage.logged().last() else {
        panic!("the query is on the record")
    };
    let tables: Vec<&str> = tables.iter().map(TableName::as_str).collect();
    assert_eq!(tables, [TABLE, OWN]);
    for table in [TABLE, OWN] {
        assert_eq!(stage.tally(&ready.workspace, table).queries_served, 1);
    }
    // A query makes no table.
    stage.query(&ready.workspace, &[whole("Syslog")], false);
    assert_eq!(
        stage.world.logs.table(&ready.workspace, &"Syslog".into()),
        None
    );
}

// ---- what is told of it

/// Every kind of fact there is, from one history.
fn told() -> (Stage, Ready) {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let workspace = ready.workspace.clone();
    let columns = columns(&[("Price", ColumnType::Real), ("Extra", ColumnType::Dynamic)]);
    let sent = Arrival {
        columns,
        source: Some(Source {
            fingerprint: u64::MAX,
            done: Done { bytes: 3, lines: 1 },
            last: false,
        }),
        ..arrival(stage.now, &workspace, OWN, 1)
    };
    stage.ann(Logs::Ingest(sent));
    stage.simulate(Logs::Ingest(arrival(stage.now, &workspace, TABLE, 2)));
    stage.query(&workspace, &[whole(OWN)], false);
    stage.retain(&workspace, OWN, Some(Span::days(90)));
    stage.retain(&workspace, OWN, None);
    stage.revoke(&ready);
    stage.query(&workspace, &[whole(OWN)], false);
    stage.lost(&workspace, TABLE, 1);
    stage.resume(&ready);
    stage.live_site(&ready, Span::minutes(45));
    stage.stored(&workspace, TABLE, 3);
    stage.wait(Span::minutes(20));
    stage.unlinked(&workspace);
    stage.stored(&workspace, TABLE, 4);
    stage.wait(Span::days(40));
    (stage, ready)
}

#[test]
fn every_fact_is_told_in_one_inert_sentence() {
    let (stage, _) = told();
    let mut kinds = BTreeSet::new();
    let mut world = World::default();
    for event in &stage.journal {
        evolve(&mut world, event);
        let Fact::Ingestion(fact) = &event.fact else {
            continue;
        };
        let debug = format!("{fact:?}");
        kinds.insert(debug.split(' ').next().unwrap().to_owned());
        let said = sentence(&world, event);
        assert!(said.ends_with('.') && said.len() > 12, "{said}");
        assert!(!said.chars().any(acts), "{said:?}");
        assert!(said.contains("logs"), "names the workspace: {said}");
        for wrong in ["1 records", "1 columns", "1 segments", " 0 "] {
            assert!(!said.contains(wrong), "{said}");
        }
        if let Logged::Dropped { .. } = fact {
            assert!(
                said.starts_with("DATA LOST") && said.contains("R-CMK-42"),
                "{said}"
            );
        }
    }
    assert_eq!(kinds.len(), 7, "every kind of fact came up");
    // What is still waited for is told to those who may see the workspace.
    let mut waiting = Stage::keys();
    let ready = waiting.ready();
    waiting.stored(&ready.workspace, TABLE, 1);
    let timers: Vec<Timer> = waiting
        .world
        .timers
        .iter()
        .map(|(_, timer)| timer.clone())
        .filter(|timer| matches!(timer, Timer::TableDue(..)))
        .collect();
    let [timer] = timers.as_slice() else {
        panic!("{timers:?}")
    };
    let told = |who: &str| upcoming(&waiting.world, waiting.now, &person(who), timer);
    assert!(told("rea").unwrap().contains(TABLE));
    assert_eq!(told("fay"), None);
}

#[test]
fn hostile_names_in_facts_do_nothing_to_whoever_reads_the_sentence() {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let segment = stage.stored(&ready.workspace, OWN, 1);
    let nasty = [
        "\u{1b}]0;owned\u{7}",
        "a\u{202e}b\u{2066}c",
        "line\nfeed\r\n",
        "zero\u{200b}width\u{feff}",
        "\u{e0041}\u{9b}31m",
        "",
    ];
    for text in nasty {
        let table = TableName::from(text);
        let workspace: ResourceId = format!("c/data/{text}").as_str().into();
        let facts = [
            Logged::Columns {
                workspace: workspace.clone(),
                table: table.clone(),
                added: columns(&[(text, ColumnType::Long), ("b", ColumnType::Long)]),
            },
            Logged::Stored {
                segment: Segment {
                    workspace: workspace.clone(),
                    table: table.clone(),
                    store: Store::Buffer(workspace.clone()),
                    ..segment.clone()
                },
                source: None,
            },
            Logged::Dropped {
                workspace: workspace.clone(),
                table: table.clone(),
                cluster: workspace.clone(),
                why: Loss::Revoked,
                rows: 2,
                raw: 3,
                source: None,
            },
            Logged::Cooled {
                workspace: workspace.clone(),
                table: table.clone(),
                segments: Vector::unit(segment.id),
            },
            Logged::Purged {
                workspace: workspace.clone(),
                table: table.clone(),
                segments: Vector::unit(segment.id),
            },
            Logged::Queried {
                workspace: workspace.clone(),
                tables: Vector::unit(table.clone()),
                partial: true,
                outcome: Outcome::Refused(text.to_owned()),
            },
            Logged::RetentionSet {
                workspace: workspace.clone(),
                table: table.clone(),
                retention: Some(Span::days(30)),
            },
        ];
        for fact in facts {
            let event = Event {
                fact: fact.clone().into(),
                ..stage.journal.last().unwrap().clone()
            };
            let said = sentence(&stage.world, &event);
            assert!(
                !said.is_empty() && !said.chars().any(acts),
                "{fact:?}: {said:?}"
            );
        }
    }
}

#[test]
fn commands_facts_and_the_world_come_back_from_what_is_written_of_them() {
    let (mut stage, ready) = told();
    stage.stored(&ready.workspace, TABLE, 1);
    for event in &stage.journal {
        let json = serde_json::to_vec(event).unwrap();
        assert_eq!(&serde_json::from_slice::<Event>(&json).unwrap(), event);
        let bytes = postcard::to_stdvec(event).unwrap();
        assert_eq!(&postcard::from_bytes::<Event>(&bytes).unwrap(), event);
    }
    let sent = Arrival {
        columns: ColumnType::ALL
            .iter()
            .map(|kind| Column::new(kind.word(), *kind))
            .collect(),
        rows: u64::MAX,
        from: SimTime(0),
        to: SimTime::MAX,
        source: Some(Source {
            fingerprint: u64::MAX,
            done: Done {
                bytes: u64::MAX,
                lines: u64::MAX,
            },
            last: true,
        }),
        ..arrival(stage.now, &ready.workspace, OWN, 1)
    };
    let commands: [Command; 4] = [
        Logs::Ingest(sent).into(),
        Logs::Query {
            workspace: ready.workspace.clone(),
            tables: Vector::unit(whole(TABLE)),
            partial: true,
        }
        .into(),
        set_retention(&ready.workspace, OWN, Some(Span::days(30))).into(),
        set_retention(&ready.workspace, OWN, None).into(),
    ];
    for command in commands {
        let json = serde_json::to_vec(&command).unwrap();
        assert_eq!(serde_json::from_slice::<Command>(&json).unwrap(), command);
        let bytes = postcard::to_stdvec(&command).unwrap();
        assert_eq!(postcard::from_bytes::<Command>(&bytes).unwrap(), command);
    }
    let bytes = postcard::to_stdvec(&stage.world).unwrap();
    let thawed: World = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(thawed, stage.world);
    assert_eq!(digest(&thawed), digest(&stage.world));
    assert_eq!(
        thawed.logs.segments_on(&ready.cluster).count(),
        stage.world.logs.segments_on(&ready.cluster).count()
    );
    stage.restart();
}
