//! Segments follow the world: real files, sealed under real keys, whatever happens to the process.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bytes::Bytes;
use lockbox::engine::ids::SegmentId;
use lockbox::engine::ingestion::schema::{Column, ColumnType, TIME};
use lockbox::engine::ingestion::segment::{KeyClass, Segment, Store};
use lockbox::engine::ingestion::table::{Amount, Tally};
use lockbox::engine::ingestion::{self, Arrival};
use lockbox::engine::vault::network::{self, FaultKind};
use lockbox::engine::{Actor, Span};
use lockbox::logs::sealed::{Label, Tier};
use lockbox::runtime::{Block, Host, Ingested, ManualWall};

use super::stage::{dir, open};
use crate::keyed::{
    CLUSTER, VAULT, WORKSPACE, make_key, make_linked, make_protected, make_workspace, set_enabled,
    state, update, wait,
};
use crate::tiny::person;

/// Longer than one sealed block.
fn content(mark: &str) -> Bytes {
    let line = format!("a record that says {mark}\n");
    Bytes::from(line.repeat(90_000 / line.len()))
}

fn send(host: &mut Host, mark: &str) -> Ingested {
    let parquet = content(mark);
    let block = Block {
        arrival: Arrival {
            workspace: WORKSPACE.into(),
            table: "Visits_CL".into(),
            columns: [Column::new(TIME, ColumnType::Datetime)]
                .into_iter()
                .collect(),
            rows: 3,
            raw: 100,
            plain: parquet.len() as u64,
            from: host.now(),
            to: host.now(),
            source: None,
        },
        parquet,
    };
    host.ingest(&person("minji.kim"), &block).unwrap()
}

fn stored(host: &mut Host, mark: &str) -> Segment {
    send(host, mark).segment.expect("stored")
}

/// What a segment or its hot copy says, with the key storage can get at now.
fn read(host: &Host, label: Label, segment: &Segment) -> Option<Bytes> {
    let key = host
        .keystore()
        .unwrap()
        .segment_key(host.world(), segment, label.aek)
        .ok()?;
    let file = host.files().unwrap().shelves.open(label, &key).ok()?;
    Some(file.read(0..segment.plain).unwrap())
}

fn names(dir: &Path, tier: &str) -> BTreeSet<String> {
    let Ok(folder) = fs::read_dir(dir.join("logs").join(tier)) else {
        return BTreeSet::new();
    };
    folder
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn set<const N: usize>(segments: [&Segment; N]) -> BTreeSet<String> {
    segments.iter().map(|s| s.id.to_string()).collect()
}

fn silence(host: &mut Host, lasts: Span) {
    let fault = network::Command::Inject {
        vault: VAULT.into(),
        kind: FaultKind::Outage,
        length: lasts,
    };
    host.submit(&Actor::Simulator, &fault.into()).unwrap();
}

fn now(host: &Host, id: SegmentId) -> Segment {
    Segment::clone(&host.world().logs.segments[&id])
}

#[test]
fn data_is_sealed_under_the_key_of_its_route_and_has_a_hot_copy_under_the_microsoft_key() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    let shared = stored(&mut host, "shared");
    make_protected(&mut host);
    make_linked(&mut host);
    let customer = stored(&mut host, "customer");
    assert_eq!(
        (&shared.store, shared.class),
        (&Store::Shared, KeyClass::Microsoft)
    );
    assert_eq!(
        (&customer.store, customer.class),
        (&Store::Cluster(CLUSTER.into()), KeyClass::Customer)
    );
    for (segment, mark) in [(&shared, "shared"), (&customer, "customer")] {
        for label in [Label::of(segment), Label::hot(segment)] {
            assert_eq!(read(&host, label, segment).unwrap(), content(mark));
        }
        let file = fs::read(dir.path().join("logs/cold").join(segment.id.to_string())).unwrap();
        assert!(!String::from_utf8_lossy(&file).contains("a record"));
    }
    assert_eq!(names(dir.path(), "hot"), set([&shared, &customer]));
    assert_eq!(host.trouble(), None);
}

#[test]
fn revocation_erases_the_hot_cache_of_the_cluster_and_drops_new_data_and_a_restored_key_refills_it()
{
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    let shared = stored(&mut host, "shared");
    let key = make_protected(&mut host);
    make_linked(&mut host);
    let customer = stored(&mut host, "customer");

    set_enabled(&mut host, &key, false);
    wait(&mut host, Span::hours(1));
    assert_eq!(state(&host), "Revoked");
    assert_eq!(names(dir.path(), "hot"), set([&shared]));
    assert_eq!(read(&host, Label::of(&customer), &customer), None);
    let cold = names(dir.path(), "cold");
    let lost = send(&mut host, "lost");
    assert_eq!(lost.segment, None);
    assert_eq!(names(dir.path(), "cold"), cold, "nothing of it is written");
    let table = host
        .world()
        .logs
        .table(&WORKSPACE.into(), &"Visits_CL".into());
    assert_eq!(table.unwrap().tally.revoked.rows, 3);

    set_enabled(&mut host, &key, true);
    wait(&mut host, Span::minutes(32));
    assert_eq!(state(&host), "CmkActive");
    assert_eq!(names(dir.path(), "hot"), set([&shared, &customer]));
    for label in [Label::of(&customer), Label::hot(&customer)] {
        assert_eq!(read(&host, label, &customer).unwrap(), content("customer"));
    }
}

#[test]
fn a_long_outage_buffers_and_afterwards_every_record_is_there_once_under_the_customers_key() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    make_protected(&mut host);
    make_linked(&mut host);
    silence(&mut host, Span::minutes(45));
    wait(&mut host, Span::minutes(31));
    assert_eq!(state(&host), "LiveSite");
    let buffered = [stored(&mut host, "one"), stored(&mut host, "two")];
    for segment in &buffered {
        assert_eq!(segment.store, Store::Buffer(CLUSTER.into()));
        assert_eq!(segment.class, KeyClass::Microsoft);
    }
    assert_eq!(
        names(dir.path(), "buffer"),
        set([&buffered[0], &buffered[1]])
    );
    assert_eq!(names(dir.path(), "cold"), BTreeSet::new());

    wait(&mut host, Span::minutes(16));
    assert_eq!(state(&host), "CmkActive");
    let drained: Vec<Segment> = host
        .world()
        .logs
        .segments_on(&CLUSTER.into())
        .map(|s| Segment::clone(s))
        .collect();
    assert_eq!(drained.len(), 2);
    for (segment, (old, mark)) in drained.iter().zip(buffered.iter().zip(["one", "two"])) {
        assert_eq!(segment.class, KeyClass::Customer);
        assert_eq!(segment.drained_from, Some(old.id));
        assert_eq!(
            read(&host, Label::of(segment), segment).unwrap(),
            content(mark)
        );
    }
    assert_eq!(names(dir.path(), "buffer"), BTreeSet::new());
    assert_eq!(names(dir.path(), "cold"), set([&drained[0], &drained[1]]));
    assert_eq!(names(dir.path(), "hot"), names(dir.path(), "cold"));
}

#[test]
fn rotation_rewrites_no_segment() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    make_protected(&mut host);
    make_linked(&mut host);
    let segment = stored(&mut host, "kept");
    let path = dir.path().join("logs/cold").join(segment.id.to_string());
    let look = || (fs::metadata(&path).unwrap().ino(), fs::read(&path).unwrap());
    let before = look();
    let new = make_key(&mut host, VAULT, "kek");
    update(&mut host, &new);
    assert_eq!(look(), before);
    assert_eq!(
        read(&host, Label::of(&segment), &segment).unwrap(),
        content("kept")
    );
}

#[test]
fn retention_purges_what_cannot_be_read_and_takes_its_file_away() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    let key = make_protected(&mut host);
    make_linked(&mut host);
    let segment = stored(&mut host, "old");
    set_enabled(&mut host, &key, false);
    wait(&mut host, Span::days(30));
    assert_eq!(names(dir.path(), "cold"), set([&segment]));
    wait(&mut host, Span::days(1));
    assert_eq!(state(&host), "Revoked");
    assert_eq!(names(dir.path(), "cold"), BTreeSet::new());
    assert!(host.world().logs.segments.is_empty());
}

#[test]
fn what_a_crash_left_undone_is_done_at_the_next_opening() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    make_protected(&mut host);
    make_linked(&mut host);
    let kept = stored(&mut host, "kept");
    silence(&mut host, Span::minutes(45));
    wait(&mut host, Span::minutes(31));
    let buffered = stored(&mut host, "buffered");
    let file = |tier: &str, segment: &Segment| {
        dir.path()
            .join("logs")
            .join(tier)
            .join(segment.id.to_string())
    };
    let buffer_file = fs::read(file("buffer", &buffered)).unwrap();
    wait(&mut host, Span::minutes(16));
    let drained = host.world().logs.segments.get_max().unwrap().1.clone();
    drop(host);

    // As if the process had ended before the drain, before the hot copies, and in the middle of an ingest.
    fs::remove_file(file("cold", &drained)).unwrap();
    fs::remove_file(file("hot", &drained)).unwrap();
    fs::remove_file(file("hot", &kept)).unwrap();
    fs::write(file("buffer", &buffered), buffer_file).unwrap();
    let orphan = Segment {
        id: SegmentId(drained.id.0 + 1),
        ..Segment::clone(&drained)
    };
    fs::copy(file("cold", &kept), file("cold", &orphan)).unwrap();
    fs::write(dir.path().join("logs/cold/SEG-000099.writing"), "half").unwrap();

    let host = open(dir.path(), &wall);
    assert_eq!(host.trouble(), None);
    assert_eq!(names(dir.path(), "cold"), set([&kept, &drained]));
    assert_eq!(names(dir.path(), "hot"), set([&kept, &drained]));
    assert_eq!(names(dir.path(), "buffer"), BTreeSet::new());
    for (segment, mark) in [(&kept, "kept"), (&*drained, "buffered")] {
        for label in [Label::of(segment), Label::hot(segment)] {
            assert_eq!(read(&host, label, segment).unwrap(), content(mark));
        }
    }
}

#[test]
fn another_process_erases_what_the_first_one_could_not() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    let key = make_protected(&mut host);
    make_linked(&mut host);
    let segment = stored(&mut host, "hot");
    let mut other = open(dir.path(), &wall);
    set_enabled(&mut host, &key, false);
    wait(&mut host, Span::hours(1));
    // As if the first process had ended between the record and the erasure.
    let hot = Label::hot(&segment);
    let bytes = content("hot");
    let microsoft = host.keystore().unwrap();
    let microsoft = microsoft
        .segment_key(host.world(), &segment, hot.aek)
        .unwrap();
    host.files()
        .unwrap()
        .shelves
        .put(hot, &microsoft, &bytes)
        .unwrap();
    assert_eq!(names(dir.path(), Tier::Hot.word()).len(), 1);
    other.refresh().unwrap();
    assert_eq!(state(&other), "Revoked");
    assert_eq!(names(dir.path(), "hot"), BTreeSet::new());
}

#[test]
fn a_route_that_changes_before_the_record_seals_again_under_the_new_one() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    make_protected(&mut host);
    make_linked(&mut host);
    let first = stored(&mut host, "first");
    // Another process drains, purges and sends meanwhile; numbers it takes are not taken twice.
    let mut other = open(dir.path(), &wall);
    let second = stored(&mut other, "second");
    let third = stored(&mut host, "third");
    assert_eq!([first.id, second.id, third.id], [1, 2, 3].map(SegmentId));
    host.refresh().unwrap();
    for (segment, mark) in [(&first, "first"), (&second, "second"), (&third, "third")] {
        let segment = now(&host, segment.id);
        assert_eq!(
            read(&host, Label::of(&segment), &segment).unwrap(),
            content(mark)
        );
    }
}

fn samples(host: &Host) -> (usize, Tally) {
    let world = host.world();
    let table = (world.logs)
        .table(&WORKSPACE.into(), &"Heartbeat".into())
        .unwrap();
    (table.segments.len(), table.tally)
}

#[test]
fn sample_records_come_by_the_hour_take_the_route_of_their_hour_and_no_more_than_a_day_at_a_jump() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    let key = make_protected(&mut host);
    make_linked(&mut host);
    let mark = ingestion::Command::Mark {
        workspace: WORKSPACE.into(),
        table: "Heartbeat".into(),
        per_hour: 6,
    };
    host.submit(&Actor::Simulator, &mark.into()).unwrap();
    drop(host);
    let mut host = open(dir.path(), &wall);
    let (segments, opening) = samples(&host);
    assert_eq!((segments, opening.customer.rows), (1, 24 * 6));
    // Up to the present hour, then three more.
    wait(&mut host, Span::ZERO);
    let (before, came) = samples(&host);
    wait(&mut host, Span::hours(3));
    let (segments, tally) = samples(&host);
    assert_eq!(
        (segments - before, tally.customer.rows - came.customer.rows),
        (3, 18)
    );
    // What comes in while the key is away is lost, hour by hour.
    set_enabled(&mut host, &key, false);
    wait(&mut host, Span::hours(5));
    let (kept, tally) = samples(&host);
    assert_eq!(
        (kept - segments, tally.revoked.rows),
        (1, 4 * 6),
        "the first hour is still served"
    );
    set_enabled(&mut host, &key, true);
    wait(&mut host, Span::hours(1));
    let (before, came) = samples(&host);
    wait(&mut host, Span::days(5));
    let (after, tally) = samples(&host);
    assert_eq!(
        (after - before, tally.customer.rows - came.customer.rows),
        (23, 23 * 6),
        "whole hours within the last day"
    );
    assert_eq!(tally.microsoft, Amount::default());
    // Whoever opens the world again finds them all and makes none twice.
    drop(host);
    assert_eq!(samples(&open(dir.path(), &wall)), (after, tally));
}
