//! The modelled ledger against the plainest thing that could be right: the rate of every second, added up by where
//! it went, over random histories of keys, outages, links, retentions and bursts.

use std::collections::{BTreeMap, BTreeSet};

use lockbox::engine::cluster::support;
use lockbox::engine::ids::ResourceId;
use lockbox::engine::ingestion::Command as Logs;
use lockbox::engine::ingestion::ledger::{Modelled, Scope};
use lockbox::engine::ingestion::rate::{Rate, Shape};
use lockbox::engine::ingestion::route::{Loss, Route};
use lockbox::engine::ingestion::series::Fate;
use lockbox::engine::vault::access_policy::{self, CLUSTER_NEEDS};
use lockbox::engine::vault::network::{self, FaultKind};
use lockbox::engine::{Actor, Event, Fact, SimTime, Span, World, cluster, evolve, workspace};
use proptest::prelude::*;

use crate::keys::{Ready, delete, enabled, id, link_to, permissions, unlink};
use crate::stage::{Stage, person};

/// What a workspace sent between two instants at which nothing changed, by the place it went to.
#[derive(Debug, Clone)]
struct Piece {
    from: SimTime,
    until: SimTime,
    route: Option<Route>,
}

/// The history of each workspace as a fold of the journal, and what happened to buffers, clusters and retentions.
#[derive(Default)]
struct Witness {
    pieces: BTreeMap<ResourceId, Vec<Piece>>,
    settled: Vec<(SimTime, ResourceId, bool)>,
    purged: Vec<(SimTime, ResourceId)>,
    /// What came before this is purged, by workspace, as long as the retention stays.
    floors: BTreeMap<ResourceId, SimTime>,
    /// Spans in which each cluster could not be read.
    shut: BTreeMap<ResourceId, Vec<(SimTime, SimTime)>>,
}

impl Witness {
    fn of(journal: &[Event], now: SimTime) -> Witness {
        use cluster::encryption::Fact as Turn;
        let (mut witness, mut world) = (Witness::default(), World::default());
        let ends = journal.iter().skip(1).map(|e| e.at).chain([now]);
        for (event, next) in journal.iter().zip(ends) {
            if let Fact::Workspace(fact) = &event.fact
                && let Some(before) = world.workspaces.get(fact.workspace())
            {
                // Until here the old retention was in force.
                let floor = witness.floors.entry(before.id.clone()).or_default();
                *floor = (*floor).max(event.at - before.retention);
                if let workspace::Fact::Gone { .. } = fact {
                    *floor = event.at;
                }
            }
            evolve(&mut world, event);
            match &event.fact {
                Fact::Encryption(Turn::BufferDrained { cluster }) => {
                    witness.settled.push((event.at, cluster.clone(), true));
                }
                Fact::Encryption(Turn::BufferLost { cluster }) => {
                    witness.settled.push((event.at, cluster.clone(), false));
                }
                Fact::Cluster(cluster::Fact::Purged { cluster }) => {
                    witness.purged.push((event.at, cluster.clone()));
                }
                _ => {}
            }
            let known = world.workspaces.keys().chain(witness.pieces.keys());
            for id in known.cloned().collect::<BTreeSet<_>>() {
                let route = world.route(&id).ok();
                let pieces = witness.pieces.entry(id.clone()).or_default();
                // A new piece at each event: a rate may have changed with it.
                if event.at < next {
                    let (from, until) = (event.at, next);
                    pieces.push(Piece { from, until, route });
                }
            }
            for id in world
                .clusters
                .keys()
                .filter(|id| !world.cluster_readable(id))
            {
                witness
                    .shut
                    .entry(id.clone())
                    .or_default()
                    .push((event.at, next));
            }
        }
        witness
    }

    /// The figures of one workspace, within a scope, in steps in which its rate is constant.
    fn figures(
        &self,
        world: &World,
        workspace: &ResourceId,
        scope: &Scope,
        now: SimTime,
        step: Span,
    ) -> Modelled {
        let mut sums = [0_u128; 10];
        let [
            customer,
            microsoft,
            buffered,
            drained,
            revoked,
            early,
            full,
            purged,
            hidden,
            hot,
        ] = &mut sums;
        let found = world.workspaces.get(workspace);
        let floor = self.floors.get(workspace).copied().unwrap_or(SimTime(0));
        let horizon = found.map_or(floor, |w| floor.max(now - w.retention));
        for piece in self.pieces.get(workspace).into_iter().flatten() {
            let Some(route) = &piece.route else { continue };
            if let Scope::Cluster(only) = scope
                && route.cluster() != Some(only)
            {
                continue;
            }
            let mut at = piece.from;
            while at < piece.until {
                let next = SimTime((at.0 / step.0 + 1) * step.0).min(piece.until);
                // A burst may end within a step, and the borders of purges and of the hot cache lie in one.
                let bursts = world.intake.loads[workspace].bursts.iter();
                let next = bursts
                    .map(|burst| burst.until)
                    .chain([horizon, now - world.rules.hot_window])
                    .filter(|border| at < *border)
                    .fold(next, SimTime::min);
                let volume =
                    u128::from(world.rate(workspace, at)) * u128::try_from(next.0 - at.0).unwrap();
                let stored = match route {
                    Route::Shared | Route::ClusterMicrosoft(_) => {
                        *microsoft += volume;
                        true
                    }
                    Route::ClusterCustomer(_) => {
                        *customer += volume;
                        true
                    }
                    Route::Buffer(cluster) => {
                        let end = self
                            .settled
                            .iter()
                            .find(|(when, of, _)| of == cluster && *when >= piece.until);
                        let kind = match end {
                            None => &mut *buffered,
                            Some((_, _, true)) => &mut *drained,
                            Some((_, _, false)) => &mut *full,
                        };
                        *kind += volume;
                        matches!(end, Some((_, _, true)))
                    }
                    Route::Dropped(_, why) => {
                        let kind = match why {
                            Loss::Revoked => &mut *revoked,
                            Loss::NotProvisioned => &mut *early,
                            Loss::BufferFull => &mut *full,
                        };
                        *kind += volume;
                        false
                    }
                };
                let destroyed = self
                    .purged
                    .iter()
                    .any(|(when, of)| Some(of) == route.cluster() && *when >= piece.until);
                let closed = route
                    .cluster()
                    .is_some_and(|c| world.clusters.contains_key(c) && !world.cluster_readable(c));
                match stored {
                    true if destroyed || at < horizon => *purged += volume,
                    true if closed => *hidden += volume,
                    true if at >= now - world.rules.hot_window => *hot += volume,
                    _ => {}
                }
                at = next;
            }
        }
        let [
            customer,
            microsoft,
            buffered,
            drained,
            revoked,
            early,
            full,
            purged,
            hidden,
            hot,
        ] = sums.map(|v| v / 1_000_000);
        Modelled {
            customer,
            microsoft,
            buffered,
            drained,
            dropped: [revoked, early, full],
            purged,
            hidden,
            hot,
        }
    }
}

/// All figures of a world agree with the witness, and the columns of any window add up to what the counters grew.
fn agrees(stage: &Stage, step: Span, widths: &[Span]) {
    let (world, now) = (&stage.world, stage.now);
    let witness = Witness::of(&stage.journal, now);
    let mut scopes: Vec<Scope> = world.clusters.keys().cloned().map(Scope::Cluster).collect();
    scopes.push(Scope::All);
    for id in witness.pieces.keys() {
        scopes.push(Scope::Workspace(id.clone()));
    }
    for scope in scopes {
        let mut expected = Modelled::default();
        for id in witness.pieces.keys() {
            if matches!(&scope, Scope::Workspace(only) if only != id) {
                continue;
            }
            let more = witness.figures(world, id, &scope, now, step);
            expected.customer += more.customer;
            expected.microsoft += more.microsoft;
            expected.buffered += more.buffered;
            expected.drained += more.drained;
            for (sum, more) in expected.dropped.iter_mut().zip(more.dropped) {
                *sum += more;
            }
            expected.purged += more.purged;
            expected.hidden += more.hidden;
            expected.hot += more.hot;
        }
        let found = world.modelled(&scope, now);
        assert_eq!(found, expected, "{scope:?} at {now}");
        // As it arrived: what is in the buffer, was drained or lost with it all went into the buffer.
        let start = stage.journal[0].at;
        for width in widths {
            let columns = usize::try_from((now.0 - start.0) / width.0 + 1).unwrap();
            let series = world.series(&scope, start, *width, columns, now);
            let sum = |fate: Fate| series.iter().map(|c| c[fate as usize]).sum::<u128>();
            assert_eq!(sum(Fate::Customer), found.customer, "{scope:?} {width}");
            assert_eq!(sum(Fate::Microsoft), found.microsoft, "{scope:?} {width}");
            let all: u128 = series.iter().flatten().sum();
            let workspaces = u128::try_from(witness.pieces.len()).unwrap();
            // A byte may be split between what was buffered and became what.
            assert!(
                all.abs_diff(found.sent()) <= 4 * workspaces,
                "{scope:?} {width}: {all} {}",
                found.sent()
            );
            let half = columns / 2;
            let parts = [
                world.series(&scope, start, *width, half, now),
                world.series(
                    &scope,
                    start + Span(width.0 * i64::try_from(half).unwrap()),
                    *width,
                    columns - half,
                    now,
                ),
            ];
            assert_eq!(
                parts.concat(),
                series,
                "a window does not depend on where it begins"
            );
        }
        if let Scope::Cluster(id) = &scope {
            let shut = witness
                .shut
                .get(id)
                .into_iter()
                .flatten()
                .map(|(a, b)| b.0 - a.0)
                .sum();
            assert_eq!(world.outages(id, SimTime(0), now), Span(shut), "{id}");
        }
    }
    for (id, pieces) in &witness.pieces {
        let lost = pieces
            .iter()
            .rev()
            .take_while(|p| matches!(p.route, Some(Route::Dropped(..))));
        assert_eq!(world.lost_since(id), lost.last().map(|p| p.from), "{id}");
    }
}

fn opening() -> (Stage, Ready) {
    let mut stage = Stage::keys();
    let ready = stage.ready();
    let second = stage.workspace("second");
    stage.workspace("third");
    stage.link(&second, &ready.cluster);
    for (name, gb_per_day, shape) in [
        ("logs", 40, Shape::Office),
        ("second", 900, Shape::Nightly),
        ("third", 3, Shape::Steady),
    ] {
        let rate = Rate { gb_per_day, shape };
        stage.simulate(Logs::SetRate {
            workspace: id(name),
            rate,
        });
    }
    stage.set_rule("retention-min", "1d");
    (stage, ready)
}

#[test]
fn r_ing_01_the_ledger_of_a_day_is_the_sum_of_its_seconds() {
    let (mut stage, ready) = opening();
    stage.wait(Span::micros(7_200_123_456));
    stage.enable(&ready.key, false);
    stage.wait(Span::micros(10_800_000_007));
    stage.simulate(Logs::Burst {
        workspace: id("logs"),
        gb_per_day: 300,
        length: Span::minutes(47),
    });
    stage.enable(&ready.key, true);
    stage.wait(Span::hours(2));
    stage.fault(&ready.key.vault, FaultKind::Outage, Span::hours(8));
    stage.wait(Span::hours(7));
    let figures = stage
        .world
        .modelled(&Scope::Cluster(ready.cluster.clone()), stage.now);
    let wanted = [
        figures.customer,
        figures.buffered,
        figures.lost(),
        figures.hidden,
    ];
    assert!(wanted.iter().all(|bytes| *bytes > 0), "{figures:?}");
    assert!(stage.world.lost_since(&ready.workspace).is_some());
    agrees(
        &stage,
        Span::seconds(1),
        &[Span::minutes(5), Span::hours(1)],
    );
    stage.wait(Span::hours(3));
    let figures = stage
        .world
        .modelled(&Scope::Cluster(ready.cluster.clone()), stage.now);
    assert!(
        figures.drained > 0 && figures.buffered == 0 && figures.hidden == 0,
        "{figures:?}"
    );
    agrees(&stage, Span::seconds(1), &[Span::minutes(7)]);
}

#[test]
fn r_ing_01_a_new_workspace_sends_the_rate_of_the_rules() {
    let mut stage = Stage::keys();
    stage.set_rule("ingestion-rate", "7");
    let workspace = stage.workspace("fresh");
    let week = Span::days(7);
    let start = stage.now;
    let load = &stage.world.intake.loads[&workspace];
    assert_eq!(
        load.rate(start),
        Some(Rate {
            gb_per_day: 7,
            shape: Shape::Office
        })
    );
    stage.wait(week);
    let sent = stage
        .world
        .modelled(&Scope::Workspace(workspace), stage.now)
        .sent();
    let expected = 7 * 7 * 1_000_000_000;
    // Seconds have whole bytes, so that a week is short of some.
    assert!(sent.abs_diff(expected) < 168 * 3_600, "{sent}");
}

#[test]
fn r_ing_02_records_are_counted_by_their_average_size() {
    let mut stage = Stage::keys();
    assert_eq!(stage.world.records(7_000_699), 10_000);
    stage.set_rule("record-size", "100");
    assert_eq!(stage.world.records(7_000_699), 70_006);
}

#[test]
fn r_ing_03_scheduled_queries_fail_while_a_cluster_cannot_be_read() {
    let (mut stage, ready) = opening();
    let start = stage.now;
    let scope = Scope::Workspace(ready.workspace.clone());
    stage.wait(Span::hours(10));
    let all = stage.world.scheduled_queries(&scope, start, stage.now);
    assert_eq!(all, (120, 0));
    stage.enable(&ready.key, false);
    stage.wait(Span::hours(3));
    let revoked = stage.at(&ready.cluster).protection.since;
    let (served, failed) = stage.world.scheduled_queries(&scope, start, stage.now);
    assert_eq!((served + failed, failed), (156, 24));
    assert_eq!(
        stage.world.outages(&ready.cluster, start, stage.now),
        stage.now - revoked
    );
    stage.set_rule("query-interval", "1h");
    assert_eq!(
        stage.world.scheduled_queries(&scope, start, stage.now),
        (11, 2)
    );
    // One that is linked to nothing goes on.
    let third = Scope::Workspace(id("third"));
    assert_eq!(
        stage.world.scheduled_queries(&third, start, stage.now),
        (13, 0)
    );
}

#[derive(Debug, Clone)]
enum Deed {
    Enable(bool),
    Forbid,
    Permit,
    Outage(i64),
    EndOutage,
    Link(usize),
    Unlink(usize),
    Retention(usize, i64),
    Rate(usize, u32),
    Burst(usize, u32, i64),
    DeleteWorkspace(usize, bool),
    PutWorkspace(usize),
    DeleteCluster,
    RecoverCluster,
    PutCluster,
    Wait(i64),
}

fn deeds() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => any::<bool>().prop_map(Deed::Enable),
        1 => Just(Deed::Forbid),
        2 => Just(Deed::Permit),
        3 => (1..600i64).prop_map(Deed::Outage),
        1 => Just(Deed::EndOutage),
        2 => (0..3usize).prop_map(Deed::Link),
        2 => (0..3usize).prop_map(Deed::Unlink),
        1 => ((0..3usize), 1..4i64).prop_map(|(n, days)| Deed::Retention(n, days)),
        1 => ((0..3usize), 0..2_000u32).prop_map(|(n, rate)| Deed::Rate(n, rate)),
        1 => ((0..3usize), 1..2_000u32, 1..400i64).prop_map(|(n, rate, minutes)| Deed::Burst(n, rate, minutes)),
        1 => ((0..3usize), any::<bool>()).prop_map(|(n, force)| Deed::DeleteWorkspace(n, force)),
        1 => (0..3usize).prop_map(Deed::PutWorkspace),
        1 => Just(Deed::DeleteCluster),
        1 => Just(Deed::RecoverCluster),
        1 => Just(Deed::PutCluster),
        12 => (1..30_000_000_000i64).prop_map(Deed::Wait),
        1 => (1..20i64).prop_map(|days| Deed::Wait(Span::days(days).0)),
    ]
}

fn act(stage: &mut Stage, ready: &Ready, deed: &Deed) {
    const SPACES: [&str; 3] = ["logs", "second", "third"];
    let space = |n: &usize| id(SPACES[*n]);
    stage.elapse();
    let gone = !stage.world.clusters.contains_key(&ready.cluster);
    if gone && matches!(deed, Deed::Permit | Deed::Forbid) {
        return;
    }
    // What is refused leaves no trace, which is tested elsewhere.
    let ann = person("ann");
    let _ = match deed {
        Deed::Wait(micros) => return stage.wait(Span(*micros)),
        Deed::Permit => {
            let principal = stage.identity(&ready.cluster);
            let keys = permissions(&CLUSTER_NEEDS);
            let vault = ready.key.vault.clone();
            stage.act(
                &ann,
                access_policy::Command::Set {
                    vault,
                    principal,
                    keys,
                },
            )
        }
        Deed::Enable(on) => stage.act(&ann, enabled(&ready.key, *on)),
        Deed::Forbid => {
            let principal = stage.identity(&ready.cluster);
            let vault = ready.key.vault.clone();
            stage.act(&ann, access_policy::Command::Delete { vault, principal })
        }
        Deed::Outage(minutes) => stage.act(
            &Actor::Simulator,
            network::Command::Inject {
                vault: ready.key.vault.clone(),
                kind: FaultKind::Outage,
                length: Span::minutes(*minutes),
            },
        ),
        Deed::EndOutage => stage.act(
            &Actor::Simulator,
            network::Command::Clear {
                vault: ready.key.vault.clone(),
            },
        ),
        Deed::Link(n) => stage.act(&ann, link_to(&space(n), &ready.cluster)),
        Deed::Unlink(n) => stage.act(&ann, unlink(&space(n))),
        Deed::Retention(n, days) => stage.act(&ann, put(SPACES[*n], Some(Span::days(*days)))),
        Deed::PutWorkspace(n) => stage.act(&ann, put(SPACES[*n], None)),
        Deed::DeleteWorkspace(n, force) => stage.act(
            &ann,
            workspace::Command::Delete {
                workspace: space(n),
                force: *force,
            },
        ),
        Deed::Rate(n, gb_per_day) => stage.act(
            &Actor::Simulator,
            Logs::SetRate {
                workspace: space(n),
                rate: Rate {
                    gb_per_day: *gb_per_day,
                    shape: Shape::Nightly,
                },
            },
        ),
        Deed::Burst(n, gb_per_day, minutes) => stage.act(
            &Actor::Simulator,
            Logs::Burst {
                workspace: space(n),
                gb_per_day: *gb_per_day,
                length: Span::minutes(*minutes),
            },
        ),
        Deed::DeleteCluster => stage.act(&ann, delete(&ready.cluster)),
        Deed::RecoverCluster => stage.act(
            &person("sue"),
            support::Command::RecoverCluster {
                cluster: ready.cluster.clone(),
            },
        ),
        Deed::PutCluster => stage.act(&ann, crate::keys::put("lac", crate::keys::good_body())),
    };
}

fn put(name: &str, retention: Option<Span>) -> workspace::Command {
    workspace::Command::Put {
        subscription: "c".into(),
        group: "data".into(),
        name: name.into(),
        location: Some(crate::keys::HERE.into()),
        sku: None,
        retention,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_figures_are_the_sum_of_the_rate_over_random_histories(deeds in prop::collection::vec(deeds(), 1..40)) {
        let (mut stage, ready) = opening();
        for deed in &deeds {
            act(&mut stage, &ready, deed);
            stage.elapse();
        }
        stage.wait(Span::micros(1));
        agrees(&stage, Span::minutes(5), &[Span::minutes(31)]);
    }
}
