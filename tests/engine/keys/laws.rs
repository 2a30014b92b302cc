//! Laws over random histories of vaults, keys, policies, clusters, links, workspaces, storage, support, log data
//! and faults by all kinds of people: properties 4 to 10 of `domain.md` §d.10, that time acts for exactly what
//! waits and in the same way however the clock jumps, and that a world is the fold of its journal.

use std::collections::{BTreeMap, BTreeSet};

use lockbox::engine::cluster::operation::{self, Kind};
use lockbox::engine::cluster::{Billing, State};
use lockbox::engine::ids::{AekId, IdentityId, SegmentId, TableName};
use lockbox::engine::ingestion;
use lockbox::engine::ingestion::reads::Touched;
use lockbox::engine::ingestion::route::Loss;
use lockbox::engine::ingestion::segment::{KeyClass, Segment, Store};
use lockbox::engine::ingestion::table::Tally;
use lockbox::engine::projections::activity_log::Subject;
use lockbox::engine::timers::Timer;
use lockbox::engine::vault::access_policy;
use lockbox::engine::vault::key::{KeyOperation, Use};
use lockbox::engine::workspace::linked_storage::{self, DataSource};
use lockbox::engine::workspace::saved_search::{self, Kind as Saved};
use lockbox::engine::{Fact, World, decide, draft};
use proptest::prelude::*;

use super::*;
use crate::ingestion::{arrival, set_retention, whole};
use crate::laws::history;

const CAST: [&str; 10] = [
    "ann", "con", "cy", "rea", "kvc", "lac", "sac", "fay", "sue", "man",
];
const VAULTS: [&str; 4] = ["safe", "vault-a", "vault-b", "far-vault"];
const KEYS: [&str; 2] = ["kek", "alt"];
const CLUSTERS: [&str; 5] = ["lac", "lac2", "Lac", "lac3", "farlac"];
const SPACES: [&str; 5] = ["logs", "logs2", "logs3", "farlogs", "logs4"];
const ACCOUNTS: [&str; 3] = ["bag", "box", "far"];
/// The last two take no data: one is the service's, one has no name of a table.
const TABLES: [&str; 5] = ["Heartbeat", "Own_CL", "Syslog", "Usage", "Own"];

/// Something done, by small numbers that are looked up in the world as it is then.
#[derive(Debug, Clone)]
enum Deed {
    CreateVault(usize, bool, bool, i64),
    UpdateVault(usize, Option<bool>, Option<bool>),
    DeleteVault(usize),
    RecoverVault(usize),
    PurgeVault(usize),
    CreateKey(usize, usize),
    NewVersion(usize, usize),
    Enable(usize, usize, usize, bool),
    Window(usize, usize, i64, i64),
    DeleteKey(usize, usize),
    RecoverKey(usize, usize),
    PurgeKey(usize, usize),
    Call(usize, usize, usize),
    /// All permissions but one, for the identity of a cluster, a storage account or for Ann.
    Permit(usize, usize, Option<usize>),
    Forbid(usize, usize),
    PutCluster(usize, u64),
    Capacity(usize, u64),
    Bill(usize, bool),
    SetKey(usize, usize, usize, usize),
    DeleteCluster(usize),
    Link(usize, usize),
    Unlink(usize),
    /// With a retention in days.
    PutSpace(usize, Option<i64>),
    DeleteSpace(usize, bool),
    RecoverSpace(usize),
    Save(usize, bool, usize),
    Unsave(usize, bool, usize),
    LinkStorage(usize, usize, Vec<usize>),
    UnlinkStorage(usize, usize),
    StorageKey(usize, Option<(usize, usize)>),
    Raise(u32),
    RecoverCluster(usize),
    /// So many records that happened so many hours ago, for a table of a workspace.
    Send(usize, usize, u64, i64),
    /// A query over two tables of a workspace for the last so many hours, partial or not.
    Ask(usize, [usize; 2], i64, bool),
    /// A retention in days for a table of a workspace.
    Keep(usize, usize, Option<i64>),
}

/// What the simulator does.
#[derive(Debug, Clone)]
enum Trick {
    Inject(usize, usize, i64),
    Clear(usize),
    /// The operation begun so many before the last.
    Fail(usize),
    Rule(&'static str, &'static str),
}

#[derive(Debug, Clone)]
enum Move {
    Do(usize, Deed),
    Trick(Trick),
    Wait(Span),
    /// The process ends and begins again: the journal is read back.
    Restart,
}

/// A number below `n`, mostly a low one: what is there from the beginning.
fn low(n: usize) -> impl Strategy<Value = usize> {
    prop_oneof![5 => Just(0), 3 => 0..n.min(2), 1 => 0..n]
}

/// Retentions in days; the first is none.
fn keeps() -> impl Strategy<Value = i64> {
    prop::sample::select(vec![29i64, 30, 31, 60, 90, 730])
}

fn deeds() -> impl Strategy<Value = Deed> {
    use Deed::*;
    let v = || low(VAULTS.len());
    let k = || low(KEYS.len());
    let c = || low(CLUSTERS.len());
    let w = || low(SPACES.len());
    let b = any::<bool>;
    let back = || low(3);
    let principals = || low(CLUSTERS.len() + ACCOUNTS.len() + 1);
    let sizes = || prop::sample::select(vec![900u64, 1_000, 1_200, 1_500, 3_000, 3_100, 5_000]);
    let days = prop::sample::select(vec![7i64, 90, 91]);
    let keeping = prop_oneof![
        2 => (0..VAULTS.len(), b(), b(), days).prop_map(|(v, s, p, r)| CreateVault(v, s, p, r)),
        1 => (v(), any::<Option<bool>>(), any::<Option<bool>>())
            .prop_map(|(v, s, p)| UpdateVault(v, s, p)),
        1 => v().prop_map(DeleteVault),
        2 => v().prop_map(RecoverVault),
        1 => v().prop_map(PurgeVault),
        2 => (v(), k()).prop_map(|(v, k)| CreateKey(v, k)),
        3 => (v(), k()).prop_map(|(v, k)| NewVersion(v, k)),
        9 => (v(), k(), back(), b()).prop_map(|(v, k, n, on)| Enable(v, k, n, on)),
        1 => (v(), k(), -3..3i64, -3..40i64).prop_map(|(v, k, f, u)| Window(v, k, f, u)),
        1 => (v(), k()).prop_map(|(v, k)| DeleteKey(v, k)),
        2 => (v(), k()).prop_map(|(v, k)| RecoverKey(v, k)),
        1 => (v(), k()).prop_map(|(v, k)| PurgeKey(v, k)),
        1 => (v(), k(), 0..3usize).prop_map(|(v, k, o)| Call(v, k, o)),
        6 => (v(), principals(), prop::option::weighted(0.2, 0..10usize))
            .prop_map(|(v, p, n)| Permit(v, p, n)),
        2 => (v(), principals()).prop_map(|(v, p)| Forbid(v, p)),
    ];
    let monitoring = prop_oneof![
        3 => (0..CLUSTERS.len(), sizes()).prop_map(|(c, n)| PutCluster(c, n)),
        2 => (c(), sizes()).prop_map(|(c, n)| Capacity(c, n)),
        1 => (c(), b()).prop_map(|(c, y)| Bill(c, y)),
        8 => (c(), v(), k(), back()).prop_map(|(c, v, k, n)| SetKey(c, v, k, n)),
        2 => c().prop_map(DeleteCluster),
        8 => (w(), c()).prop_map(|(w, c)| Link(w, c)),
        4 => w().prop_map(Unlink),
        3 => (0..SPACES.len(), prop::option::weighted(0.3, keeps())).prop_map(|(w, d)| PutSpace(w, d)),
        1 => (w(), b()).prop_map(|(w, f)| DeleteSpace(w, f)),
        1 => w().prop_map(RecoverSpace),
        2 => (w(), b(), 0..3usize).prop_map(|(w, y, n)| Save(w, y, n)),
        1 => (w(), b(), 0..3usize).prop_map(|(w, y, n)| Unsave(w, y, n)),
        2 => (w(), 0..5usize, prop::collection::vec(0..ACCOUNTS.len(), 0..3))
            .prop_map(|(w, s, a)| LinkStorage(w, s, a)),
        1 => (w(), 0..5usize).prop_map(|(w, s)| UnlinkStorage(w, s)),
        2 => (0..ACCOUNTS.len(), prop::option::of((v(), k()))).prop_map(|(a, k)| StorageKey(a, k)),
        1 => prop::sample::select(vec![2_000u32, 4_000, 6_000]).prop_map(Raise),
        3 => c().prop_map(RecoverCluster),
    ];
    let t = || low(TABLES.len());
    let ago = || prop::sample::select(vec![0i64, 1, 30, 400, 5_000]);
    let logging = prop_oneof![
        12 => (w(), t(), 1..40u64, ago()).prop_map(|(w, t, n, h)| Send(w, t, n, h)),
        3 => (w(), [t(), t()], ago(), b()).prop_map(|(w, t, h, p)| Ask(w, t, h, p)),
        2 => (w(), t(), prop::option::weighted(0.7, keeps())).prop_map(|(w, t, d)| Keep(w, t, d)),
    ];
    prop_oneof![3 => keeping, 3 => monitoring, 2 => logging]
}

fn moves() -> impl Strategy<Value = Move> {
    // Support by Sue, most of the rest by Ann, who may nearly everything.
    let act = (deeds(), prop::option::weighted(0.15, 0..CAST.len())).prop_map(|(deed, who)| {
        let usual = match deed {
            Deed::Raise(_) | Deed::RecoverCluster(_) => 8,
            _ => 0,
        };
        Move::Do(who.unwrap_or(usual), deed)
    });
    let seconds = prop::sample::select(vec![1i64, 20, 300, 1_740, 1_800, 2_700, 25_200]);
    let trick = prop_oneof![
        4 => (0..2usize, 0..3usize, seconds).prop_map(|(v, k, s)| Trick::Inject(v, k, s)),
        1 => (0..2usize).prop_map(Trick::Clear),
        2 => (0..4usize).prop_map(Trick::Fail),
        1 => prop::sample::select(vec![
            ("accounts-per-cluster", "1"),
            ("accounts-per-cluster", "3"),
            ("link-duration", "10m"),
            ("unlink-duration", "10m"),
            ("strict-link-guard", "true"),
            ("revocation-latency", "10m"),
            ("resume-latency", "0s"),
            ("key-propagation", "2h"),
            ("buffer-horizon", "1h"),
        ])
        .prop_map(|(n, v)| Trick::Rule(n, v)),
    ];
    let short = prop::sample::select(vec![
        Span::micros(1),
        Span::seconds(7),
        Span::seconds(61),
        Span::minutes(5),
        Span::minutes(29),
        Span::minutes(31),
        Span::hours(1),
        Span::minutes(90),
        Span::hours(7),
    ]);
    let long = prop::sample::select(vec![
        Span::days(1),
        Span::days(14),
        Span::days(31),
        Span::days(90),
    ]);
    prop_oneof![
        20 => act,
        3 => trick.prop_map(Move::Trick),
        10 => short.prop_map(Move::Wait),
        2 => long.prop_map(Move::Wait),
        1 => Just(Move::Restart),
    ]
}

fn place(name: &str) -> &'static str {
    if name.starts_with("far") {
        ELSEWHERE
    } else {
        HERE
    }
}

/// The version of a key so many before the newest; one that is nowhere if there is none.
fn version(stage: &Stage, vault: usize, key: usize, back: usize) -> KeyIdentifier {
    let (vault, key) = (VaultName::from(VAULTS[vault]), KeyName::from(KEYS[key]));
    let found = stage
        .world
        .vaults
        .get(&vault)
        .and_then(|v| v.keys.get(&key));
    let version = found.and_then(|k| k.versions.iter().rev().nth(back));
    let version = version.map_or_else(|| "0".repeat(32).into(), |v| v.id.clone());
    KeyIdentifier {
        vault,
        key,
        version,
    }
}

/// A cluster, a storage account or Ann.
fn principal(stage: &Stage, n: usize) -> Caller {
    let nobody = Caller::Identity(IdentityId(0));
    if let Some(name) = CLUSTERS.get(n) {
        let cluster = stage.world.clusters.get(&id(name));
        return cluster.map_or(nobody, |c| Caller::Identity(c.identity));
    }
    match ACCOUNTS.get(n - CLUSTERS.len()) {
        Some(name) => Caller::Identity(stage.world.storage_accounts[&id(name)].identity),
        None => Caller::Person("ann".into()),
    }
}

fn command(stage: &Stage, deed: &Deed) -> Command {
    let vault = |n: &usize| VaultName::from(VAULTS[*n]);
    let cluster = |n: &usize| id(CLUSTERS[*n]);
    let space = |n: &usize| id(SPACES[*n]);
    let kek = |n: &usize| KeyName::from(KEYS[*n]);
    let query = |alert: &bool| if *alert { Saved::Alert } else { Saved::Search };
    let named = |n: &usize| ["one", "two", "three"][*n];
    match deed {
        Deed::CreateVault(v, soft, protect, days) => vault::Command::Create(vault::Create {
            location: place(VAULTS[*v]).into(),
            // Nearly always recoverable.
            soft_delete: *soft || *protect,
            purge_protection: *protect || *soft,
            retention: Some(Span::days(*days)),
            ..vault_here(VAULTS[*v])
        })
        .into(),
        Deed::UpdateVault(v, soft_delete, purge_protection) => vault::Command::Update {
            vault: vault(v),
            soft_delete: *soft_delete,
            purge_protection: *purge_protection,
            retention: None,
        }
        .into(),
        Deed::DeleteVault(v) => vault::Command::Delete { vault: vault(v) }.into(),
        Deed::RecoverVault(v) => vault::Command::Recover { vault: vault(v) }.into(),
        Deed::PurgeVault(v) => vault::Command::Purge { vault: vault(v) }.into(),
        Deed::CreateKey(v, k) => key::Command::Create {
            vault: vault(v),
            key: kek(k),
            kty: KeyType::Rsa,
            size: 3_072,
            attributes: Attributes::default(),
        }
        .into(),
        Deed::NewVersion(v, k) => key::Command::NewVersion {
            vault: vault(v),
            key: kek(k),
        }
        .into(),
        Deed::Enable(v, k, back, enabled) => key::Command::SetAttributes {
            vault: vault(v),
            key: kek(k),
            version: Some(version(stage, *v, *k, *back).version),
            attributes: Attributes {
                enabled: Some(*enabled),
                ..Attributes::default()
            },
        }
        .into(),
        Deed::Window(v, k, from, until) => key::Command::SetAttributes {
            vault: vault(v),
            key: kek(k),
            version: None,
            attributes: Attributes {
                enabled: None,
                not_before: Some(stage.now + Span::hours(*from)),
                expires: Some(stage.now + Span::hours(*until)),
            },
        }
        .into(),
        Deed::DeleteKey(v, k) => key::Command::Delete {
            vault: vault(v),
            key: kek(k),
        }
        .into(),
        Deed::RecoverKey(v, k) => key::Command::Recover {
            vault: vault(v),
            key: kek(k),
        }
        .into(),
        Deed::PurgeKey(v, k) => key::Command::Purge {
            vault: vault(v),
            key: kek(k),
        }
        .into(),
        Deed::Call(v, k, operation) => key::Command::Call(Use {
            vault: vault(v),
            key: kek(k),
            version: None,
            operation: KeyOperation::ALL[*operation],
        })
        .into(),
        Deed::Permit(v, who, without) => access_policy::Command::Set {
            vault: vault(v),
            principal: principal(stage, *who),
            keys: KeyPermission::ALL
                .iter()
                .enumerate()
                .filter(|(n, _)| Some(*n) != *without)
                .map(|(_, p)| *p)
                .collect(),
        }
        .into(),
        Deed::Forbid(v, who) => access_policy::Command::Delete {
            vault: vault(v),
            principal: principal(stage, *who),
        }
        .into(),
        Deed::PutCluster(c, size) => put(
            CLUSTERS[*c],
            Body {
                location: Some(place(CLUSTERS[*c]).into()),
                sku: Some(sku(*size)),
                ..good_body()
            },
        )
        .into(),
        Deed::Capacity(c, size) => capacity(&cluster(c), *size).into(),
        Deed::Bill(c, workspaces) => patch(
            &cluster(c),
            Body {
                billing: Some(Billing::ALL[usize::from(*workspaces)].word().into()),
                ..Body::default()
            },
        )
        .into(),
        Deed::SetKey(c, v, k, back) => {
            key_update(&cluster(c), &version(stage, *v, *k, *back)).into()
        }
        Deed::DeleteCluster(c) => delete(&cluster(c)).into(),
        Deed::Link(w, c) => link_to(&space(w), &cluster(c)).into(),
        Deed::Unlink(w) => unlink(&space(w)).into(),
        Deed::PutSpace(w, days) => workspace::Command::Put {
            subscription: "c".into(),
            group: "data".into(),
            name: SPACES[*w].into(),
            location: Some(place(SPACES[*w]).into()),
            sku: None,
            retention: days.map(Span::days),
        }
        .into(),
        Deed::DeleteSpace(w, force) => workspace::Command::Delete {
            workspace: space(w),
            force: *force,
        }
        .into(),
        Deed::RecoverSpace(w) => workspace::Command::Recover {
            workspace: space(w),
        }
        .into(),
        Deed::Save(w, alert, name) => saved_search::Command::Save {
            workspace: space(w),
            kind: query(alert),
            name: named(name).into(),
            category: "c".into(),
            display_name: "d".into(),
            query: "q".into(),
        }
        .into(),
        Deed::Unsave(w, alert, name) => saved_search::Command::Delete {
            workspace: space(w),
            kind: query(alert),
            name: named(name).into(),
        }
        .into(),
        Deed::LinkStorage(w, source, accounts) => linked_storage::Command::Link {
            workspace: space(w),
            source: DataSource::ALL[*source],
            accounts: accounts.iter().map(|a| id(ACCOUNTS[*a])).collect(),
        }
        .into(),
        Deed::UnlinkStorage(w, source) => linked_storage::Command::Unlink {
            workspace: space(w),
            source: DataSource::ALL[*source],
        }
        .into(),
        Deed::StorageKey(a, key) => linked_storage::Command::SetKey {
            account: id(ACCOUNTS[*a]),
            key: key.map(|(v, k)| version(stage, v, k, 0)),
        }
        .into(),
        Deed::Raise(capacity) => support::Command::RaiseCapacity {
            subscription: "c".into(),
            capacity: *capacity,
        }
        .into(),
        Deed::RecoverCluster(c) => support::Command::RecoverCluster {
            cluster: cluster(c),
        }
        .into(),
        Deed::Send(w, t, rows, ago) => {
            let happened = stage.now - Span::hours(*ago);
            let arrival = arrival(happened, &space(w), TABLES[*t], *rows);
            ingestion::Command::Ingest(arrival).into()
        }
        Deed::Ask(w, tables, ago, partial) => ingestion::Command::Query {
            workspace: space(w),
            tables: tables
                .iter()
                .map(|t| Touched {
                    from: stage.now - Span::hours(*ago),
                    ..whole(TABLES[*t])
                })
                .collect(),
            partial: *partial,
        }
        .into(),
        Deed::Keep(w, t, days) => set_retention(&space(w), TABLES[*t], days.map(Span::days)).into(),
    }
}

fn trick(stage: &Stage, trick: &Trick) -> Command {
    match trick {
        Trick::Inject(v, kind, length) => network::Command::Inject {
            vault: VAULTS[*v].into(),
            kind: FaultKind::ALL[*kind],
            length: Span::seconds(*length),
        }
        .into(),
        Trick::Clear(v) => network::Command::Clear {
            vault: VAULTS[*v].into(),
        }
        .into(),
        Trick::Fail(back) => {
            let last = u32::try_from(stage.world.operations.len()).unwrap();
            let operation = OperationId(last.saturating_sub(u32::try_from(*back).unwrap()));
            operation::Command::Fail { operation }.into()
        }
        Trick::Rule(name, value) => rules::Command::Set {
            name: (*name).into(),
            value: (*value).into(),
        }
        .into(),
    }
}

/// What the journal alone says, to compare the world with.
#[derive(Default)]
struct Witness {
    read: usize,
    /// The key of the last successful update of each cluster that is there.
    keys: BTreeMap<ResourceId, Option<KeyIdentifier>>,
    /// When a cluster came back from the dead.
    recovered: BTreeMap<ResourceId, SimTime>,
    logs: Ledger,
}

impl Witness {
    fn read(&mut self, journal: &[Event]) {
        for event in &journal[self.read..] {
            self.logs.read(&event.fact);
            match &event.fact {
                Fact::Cluster(cluster::Fact::Created { cluster, .. }) => {
                    self.keys.insert(cluster.clone(), None);
                }
                Fact::Cluster(cluster::Fact::KeyUpdated { cluster, key, .. }) => {
                    self.keys.insert(cluster.clone(), Some(key.clone()));
                }
                Fact::Cluster(cluster::Fact::Purged { cluster }) => {
                    self.keys.remove(cluster);
                }
                Fact::Support(support::Fact::ClusterRecovered { cluster }) => {
                    self.recovered.insert(cluster.clone(), event.at);
                }
                _ => {}
            }
        }
        self.read = journal.len();
    }
}

/// Where every record that ever came is now, by the journal alone.
#[derive(Default)]
struct Ledger {
    /// Those that are in a store or a buffer.
    segments: BTreeMap<SegmentId, Segment>,
    tables: BTreeMap<(ResourceId, TableName), (u64, Tally)>,
    /// The class of every segment there ever was, and its account keys, as they were at first.
    keys: BTreeMap<SegmentId, (KeyClass, AekId, AekId)>,
    /// The buffered segments that were drained.
    drained: BTreeSet<SegmentId>,
    dealt: u32,
}

impl Ledger {
    fn table(&mut self, workspace: &ResourceId, table: &TableName) -> &mut (u64, Tally) {
        self.tables
            .entry((workspace.clone(), table.clone()))
            .or_default()
    }

    fn add(&mut self, segment: &Segment) {
        assert_eq!(segment.id.0, self.dealt + 1, "numbers are dealt in order");
        self.dealt += 1;
        self.segments.insert(segment.id, segment.clone());
    }

    /// Takes out what lies on a cluster, or only what waits in its buffer.
    fn take(&mut self, cluster: &ResourceId, only_buffered: bool) -> Vec<Segment> {
        let there = |s: &Segment| match &s.store {
            Store::Shared => false,
            Store::Cluster(id) => id == cluster && !only_buffered,
            Store::Buffer(id) => id == cluster,
        };
        let all = std::mem::take(&mut self.segments);
        let (taken, left) = all.into_values().partition::<Vec<_>, _>(there);
        self.segments = left.into_iter().map(|s| (s.id, s)).collect();
        taken
    }

    fn purged(&mut self, gone: &Segment) {
        let (_, tally) = self.table(&gone.workspace, &gone.table);
        tally.purged.rows += gone.rows;
        tally.purged.bytes += gone.raw;
    }

    fn read(&mut self, fact: &Fact) {
        use lockbox::engine::cluster::encryption::Fact as Turn;
        match fact {
            Fact::Ingestion(ingestion::Fact::Stored { segment, .. }) => {
                self.add(segment);
                let (came, tally) = self.table(&segment.workspace, &segment.table);
                *came += segment.rows;
                let amount = match (&segment.store, segment.class) {
                    (Store::Buffer(_), _) => &mut tally.buffered,
                    (_, KeyClass::Microsoft) => &mut tally.microsoft,
                    (_, KeyClass::Customer) => &mut tally.customer,
                };
                amount.rows += segment.rows;
                amount.bytes += segment.raw;
            }
            Fact::Ingestion(ingestion::Fact::Dropped {
                workspace,
                table,
                why,
                rows,
                raw,
                ..
            }) => {
                let (came, tally) = self.table(workspace, table);
                *came += rows;
                let amount = match why {
                    Loss::Revoked => &mut tally.revoked,
                    Loss::NotProvisioned => &mut tally.not_provisioned,
                    Loss::BufferFull => &mut tally.buffer_full,
                };
                amount.rows += rows;
                amount.bytes += raw;
            }
            Fact::Ingestion(ingestion::Fact::Purged { segments, .. }) => {
                for id in segments {
                    let gone = self.segments.remove(id).unwrap();
                    self.purged(&gone);
                }
            }
            Fact::Encryption(Turn::BufferDrained { cluster }) => {
                for old in self.take(cluster, true) {
                    assert!(self.drained.insert(old.id), "{} is drained twice", old.id);
                    self.add(&Segment {
                        id: SegmentId(self.dealt + 1),
                        store: Store::Cluster(cluster.clone()),
                        class: KeyClass::Customer,
                        drained_from: Some(old.id),
                        ..old.clone()
                    });
                    let (_, tally) = self.table(&old.workspace, &old.table);
                    tally.drained.rows += old.rows;
                    tally.drained.bytes += old.raw;
                }
            }
            Fact::Encryption(Turn::BufferLost { cluster }) => {
                for old in self.take(cluster, true) {
                    let (_, tally) = self.table(&old.workspace, &old.table);
                    tally.buffer_full.rows += old.rows;
                    tally.buffer_full.bytes += old.raw;
                }
            }
            Fact::Cluster(cluster::Fact::Purged { cluster }) => {
                for gone in self.take(cluster, false) {
                    self.purged(&gone);
                }
            }
            Fact::Workspace(workspace::Fact::Gone { workspace }) => {
                self.segments.retain(|_, s| s.workspace != *workspace);
                self.tables.retain(|(of, _), _| of != workspace);
            }
            Fact::Ingestion(ingestion::Fact::Queried {
                workspace,
                tables,
                outcome,
                ..
            }) => {
                for table in tables {
                    let key = (workspace.clone(), table.clone());
                    let Some((_, tally)) = self.tables.get_mut(&key) else {
                        continue;
                    };
                    match outcome.error() {
                        None => tally.queries_served += 1,
                        Some(_) => tally.queries_refused += 1,
                    }
                }
            }
            Fact::Ingestion(
                ingestion::Fact::Columns {
                    workspace, table, ..
                }
                | ingestion::Fact::RetentionSet {
                    workspace, table, ..
                },
            ) => {
                self.table(workspace, table);
            }
            _ => {}
        }
    }
}

/// The stage on which every history begins: a key in force, and a second vault, cluster and workspace at hand.
fn opening(seed: u64) -> Stage {
    let mut stage = Stage::keys_seeded(seed);
    let ready = stage.ready();
    let other = stage.built("lac2");
    stage.workspace("logs2");
    let vault = stage.vault("vault-a");
    stage.key(&vault, "kek");
    for vault in [&vault, &ready.key.vault] {
        let ann = Caller::Person("ann".into());
        stage.policy(vault, ann, KeyPermission::ALL);
        stage.grant(&ready.cluster, vault);
        stage.grant(&other, vault);
    }
    stage
}

fn play(stage: &mut Stage, moves: &[Move]) {
    let mut witness = Witness::default();
    for step in moves {
        match step {
            Move::Wait(span) => stage.wait(*span),
            Move::Restart => stage.restart(),
            Move::Do(who, deed) => {
                stage.elapse();
                let command = command(stage, deed);
                let before = stage.clone();
                looked_ahead(stage, CAST[*who], &command);
                match stage.act(&person(CAST[*who]), command.clone()) {
                    Ok(events) => {
                        audited(&before.world, &stage.world, CAST[*who], &command, &events)
                    }
                    Err(no) => untouched(&before, stage, &no),
                }
            }
            Move::Trick(trick) => {
                stage.elapse();
                let command = self::trick(stage, trick);
                let before = stage.clone();
                if let Err(no) = stage.act(&Actor::Simulator, command) {
                    untouched(&before, stage, &no);
                }
            }
        }
        stage.elapse();
        witness.read(&stage.journal);
        holds(stage, &witness);
        kept(stage, &mut witness.logs);
    }
}

fn untouched(before: &Stage, stage: &Stage, no: &Refusal) {
    assert!(
        before.world == stage.world && before.journal.len() == stage.journal.len(),
        "a refusal leaves the world as it was: {no:?}"
    );
    assert!(!no.message.is_empty() && !no.remedy.is_empty(), "{no:?}");
    if let Some(at) = no.allowed_from {
        assert!(at > stage.now, "time has cured it already: {no:?}");
    }
}

/// The look before the leap finds what the leap would meet, and nothing else but warnings.
fn looked_ahead(stage: &Stage, who: &str, command: &Command) {
    use lockbox::engine::cluster::preflight;
    let (world, now) = (&stage.world, stage.now);
    let by = who.into();
    let findings = match command {
        Command::Link(link::Command::Link { workspace, cluster }) => {
            preflight::link(world, now, Some(&by), workspace, cluster)
        }
        Command::Cluster(cluster::Command::Put {
            subscription,
            group,
            name,
            body,
        }) if !world
            .clusters
            .values()
            .any(|c| c.is_live() && c.id.name().eq_ignore_ascii_case(name)) =>
        {
            preflight::create(world, Some(&by), subscription, group, name, body)
        }
        Command::Cluster(cluster::Command::Patch { cluster, body }) => {
            let (Some(found), Some(key)) = (world.clusters.get(cluster), &body.key) else {
                return;
            };
            let text = |t: &Option<std::sync::Arc<str>>| t.clone().unwrap_or_default();
            let key = KeyIdentifier {
                vault: vault::wire::vault_of_uri(&text(&key.key_vault_uri)).unwrap(),
                key: KeyName(text(&key.key_name)),
                version: (*text(&key.key_version)).into(),
            };
            if !found.is_live() {
                return;
            }
            preflight::set_key(world, now, Some(&by), found, &key)
        }
        _ => return,
    };
    let found: Vec<_> = findings
        .iter()
        .filter_map(|f| Some((f.what, f.verdict.as_ref().err()?.id.as_str())))
        .collect();
    // What is accepted and ends badly: data lost, or an update that cannot open what was purged.
    let warns = |(what, id): &(&str, &str)| *id == "E-QRY-01" || *what == "re-wrap";
    match decide(world, now, &person(who), command) {
        Ok(_) => assert!(found.iter().all(warns), "{found:?} before {command:?}"),
        Err(no) => assert!(!found.is_empty(), "nothing found, and yet {no:?}"),
    }
}

/// Property 9: an accepted command leaves one audit event.
fn audited(before: &World, after: &World, who: &str, command: &Command, events: &[Event]) {
    assert!(!events.is_empty(), "an accepted command leaves an event");
    let new: Vec<_> = after.activity.iter().skip(before.activity.len()).collect();
    let trail = |world: &World, vault: &VaultName| {
        let found = world.vaults.get(vault);
        found.map_or(0, |v| {
            v.trail
                .iter()
                .filter(|c| c.caller == Some(Caller::Person(who.into())))
                .count()
        })
    };
    match command {
        Command::Key(c) => {
            assert!(new.is_empty(), "{c:?}");
            let (key::Command::Create { vault, .. }
            | key::Command::Import { vault, .. }
            | key::Command::NewVersion { vault, .. }
            | key::Command::SetAttributes { vault, .. }
            | key::Command::Delete { vault, .. }
            | key::Command::Recover { vault, .. }
            | key::Command::Purge { vault, .. }
            | key::Command::Call(Use { vault, .. })) = c;
            assert_eq!(trail(after, vault), trail(before, vault) + 1, "{c:?}");
        }
        // What is done with data is in the journal alone, too, a query that failed as well.
        Command::Ingestion(
            c @ (ingestion::Command::Ingest(_) | ingestion::Command::Query { .. }),
        ) => {
            assert!(new.is_empty(), "{c:?}");
            let told = |event: &&Event| {
                !matches!(event.fact, Fact::Ingestion(ingestion::Fact::Columns { .. }))
            };
            assert_eq!(events.iter().filter(told).count(), 1, "{c:?}: {events:?}");
        }
        // What the vendor does within itself is in the journal alone; a recovery is the customer's to see.
        Command::Support(
            c @ (support::Command::AllowSubscription { .. }
            | support::Command::RaiseCapacity { .. }),
        ) => {
            assert!(new.is_empty() && events.len() == 1, "{c:?}");
        }
        other => {
            let [activity] = new.as_slice() else {
                panic!("{other:?} left {new:?}");
            };
            let Subject::Administrative { by, .. } = &activity.subject else {
                panic!("{activity:?}");
            };
            assert_eq!((by.as_str(), activity.at), (who, after.now));
        }
    }
}

/// What holds in every state in which time has acted.
fn holds(stage: &Stage, witness: &Witness) {
    let (world, now) = (&stage.world, stage.now);
    let mut folded = BTreeSet::new();
    let mut running: BTreeMap<ResourceId, Vec<OperationId>> = BTreeMap::new();
    for id in &world.running {
        let operation = &world.operations[id];
        assert!(!operation.status.is_terminal() && operation.ended_at.is_none());
        running
            .entry(operation.target().clone())
            .or_default()
            .push(*id);
    }
    for operation in world.operations.values() {
        let over = operation.status.is_terminal();
        assert_eq!(over, operation.ended_at.is_some());
        assert_eq!(over, !world.running.contains(&operation.id));
    }
    for (id, cluster) in &world.clusters {
        // 7. One cluster of a name, in any case, dead or alive.
        assert!(
            folded.insert(id.as_str().to_lowercase()),
            "{id} stands twice"
        );
        assert_eq!(
            world.resources.resources.contains_key(id),
            cluster.is_live()
        );
        // R-CLU-16.
        let ops = running.get(id).cloned().unwrap_or_default();
        assert_eq!(
            ops,
            cluster.operation.into_iter().collect::<Vec<_>>(),
            "{id}"
        );
        let busy = matches!(
            cluster.state,
            State::ProvisioningAccount | State::Updating | State::Deleting
        );
        assert_eq!(
            busy,
            cluster.operation.is_some(),
            "{id} is {}",
            cluster.state
        );
        assert_eq!(
            cluster.accounts.is_empty(),
            cluster.state == State::ProvisioningAccount || never_built(world, id),
            "{id} is {}",
            cluster.state
        );
        // 10. The key in force is that of the last successful update.
        if let Some(key) = witness.keys.get(id) {
            assert_eq!(cluster.key, *key, "{id}");
        }
        let links: BTreeSet<_> = world
            .workspaces
            .values()
            .filter(|w| w.link.cluster() == Some(id))
            .map(|w| w.id.clone())
            .collect();
        assert_eq!(
            cluster.links.iter().cloned().collect::<BTreeSet<_>>(),
            links
        );
        if !cluster.is_live() {
            assert!(links.is_empty() && cluster.deleted.is_some_and(|d| d.purge_at > now));
            continue;
        }
        encrypted(stage, witness, cluster);
    }
    for workspace in world.workspaces.values() {
        let id = &workspace.id;
        // 8. At most two links in any window, one job at a time.
        let links: Vec<_> = workspace.linked_at.iter().collect();
        for three in links.windows(3) {
            assert!(*three[2] - *three[0] >= world.rules.link_window, "{id}");
        }
        let jobs = running.get(id).cloned().unwrap_or_default();
        assert_eq!(
            jobs,
            workspace.link.operation().into_iter().collect::<Vec<_>>()
        );
        match workspace.deleted {
            Some(deleted) => {
                assert!(workspace.link.cluster().is_none() && deleted.purge_at > now);
                continue;
            }
            None => routed(stage, id),
        }
        let open = workspace
            .placements
            .iter()
            .filter(|p| p.until.is_none())
            .count();
        assert_eq!(
            open,
            usize::from(workspace.link.linked_to().is_some()),
            "{id}"
        );
    }
    waits(world, now);
}

/// Whether a cluster's creation failed.
fn never_built(world: &World, id: &ResourceId) -> bool {
    let mut creations = world
        .operations
        .values()
        .filter(|o| o.cluster == *id && o.kind == Kind::CreateCluster);
    creations.next_back().is_some_and(|o| o.error.is_some())
}

/// 5. A refusal is enforced within the hour, a resumption done within thirty minutes.
fn encrypted(stage: &Stage, witness: &Witness, cluster: &Cluster) {
    let now = stage.now;
    let protection = &cluster.protection;
    let hour = Span::hours(1);
    assert_eq!(
        cluster.key.is_none(),
        protection.state == Encryption::MicrosoftKey
    );
    for account in &cluster.accounts {
        assert_eq!(account.customer.is_some(), cluster.key.is_some());
    }
    // Nobody serves an hour after the permission went; a cluster that was dead meanwhile looks first.
    let looks = witness
        .recovered
        .get(&cluster.id)
        .map(|at| *at + Span::seconds(60));
    if let Some(change) = protection.refused
        && now >= change.at + hour
        && looks.is_none_or(|looked| now >= looked)
    {
        assert!(
            !protection.state.readable(),
            "{} at {now}: {protection:?}",
            cluster.id
        );
    }
    match protection.state {
        Encryption::RevocationPending {
            changed_at,
            enforce_at,
        } => {
            assert!(now < enforce_at && changed_at <= protection.since);
            assert!(enforce_at - changed_at <= hour || looks.is_some());
        }
        Encryption::Resuming { until } => {
            assert!(now < until && until - protection.since <= Span::minutes(30));
        }
        Encryption::TransientOutage {
            since,
            live_site_at,
        } => {
            assert!(
                now < live_site_at && live_site_at - since <= Span::minutes(30) || looks.is_some()
            );
        }
        Encryption::LiveSite => assert!(protection.buffer.is_some()),
        Encryption::Active | Encryption::MicrosoftKey => assert_eq!(protection.buffer, None),
        Encryption::Revoked => assert!(protection.buffer.is_none_or(|b| !b.full && now < b.until)),
    }
}

/// 6. Data is lost only in the three situations, and goes to a cluster only where that can take it.
fn routed(stage: &Stage, workspace: &ResourceId) {
    let world = &stage.world;
    let linked = world.linked_cluster(workspace);
    let route = world.route(workspace).unwrap();
    assert_eq!(route.loss().is_some(), matches!(route, Route::Dropped(..)));
    match &route {
        Route::Shared => assert_eq!(linked, None),
        Route::ClusterMicrosoft(id) | Route::ClusterCustomer(id) | Route::Buffer(id) => {
            assert_eq!(linked, Some(id));
            let cluster = &world.clusters[id];
            assert!(
                cluster.is_live() && !cluster.accounts.is_empty(),
                "{workspace} to {id}"
            );
            assert_eq!(
                matches!(route, Route::ClusterMicrosoft(_)),
                cluster.key.is_none()
            );
            assert_eq!(
                matches!(route, Route::Buffer(_)),
                cluster.protection.state == Encryption::LiveSite
            );
        }
        Route::Dropped(id, loss) => {
            let cluster = &world.clusters[id];
            match loss {
                Loss::Revoked => assert!(matches!(
                    cluster.protection.state,
                    Encryption::Revoked | Encryption::Resuming { .. }
                )),
                Loss::NotProvisioned => assert!(cluster.accounts.is_empty()),
                Loss::BufferFull => {
                    assert_eq!(cluster.protection.state, Encryption::LiveSite);
                    assert!(cluster.protection.buffer.is_some_and(|b| b.full));
                }
            }
        }
    }
    // What cannot be read is not written either, and the other way about, but for the outage buffer.
    if let Some(cluster) = linked.and_then(|id| world.clusters.get(id))
        && !cluster.accounts.is_empty()
        && !cluster.protection.state.readable()
    {
        assert!(world.readable(stage.now, workspace).is_err());
        assert!(matches!(route, Route::Dropped(..) | Route::Buffer(_)));
    }
}

/// 4, 6. Every record that ever came is where the journal says, once: in a store, in a buffer, purged, or lost for
/// one of three reasons; its key never changes, and what waits for it, lists it and may read it agrees with it.
fn kept(stage: &Stage, ledger: &mut Ledger) {
    let (world, now) = (&stage.world, stage.now);
    let logs = &world.logs;
    let window = world.rules.hot_window;
    let ids: Vec<_> = logs.segments.keys().collect();
    assert_eq!(ids, ledger.segments.keys().collect::<Vec<_>>());
    for (id, segment) in &logs.segments {
        let written = Segment {
            hot: segment.hot,
            aek: segment.aek,
            ..ledger.segments[id].clone()
        };
        assert_eq!(**segment, written);
        let keys = (segment.class, segment.aek, segment.hot_aek);
        assert_eq!(*ledger.keys.entry(*id).or_insert(keys), keys, "{id}");
        let cluster = segment.store.cluster().map(|id| &world.clusters[id]);
        let accounts = cluster.map(|c| &c.accounts);
        let account = accounts.and_then(|a| a.iter().find(|a| a.microsoft == segment.hot_aek));
        assert_eq!(account.is_none(), segment.hot_aek == AekId::SHARED, "{id}");
        let aek = match segment.class {
            KeyClass::Microsoft => segment.hot_aek,
            KeyClass::Customer => account.unwrap().customer.unwrap(),
        };
        assert_eq!(segment.aek, aek, "{id}");
        // R-CMK-05, 45: hot for its days, but for what is revoked or only buffered.
        let shut = cluster.is_some_and(|c| {
            matches!(
                c.protection.state,
                Encryption::Revoked | Encryption::Resuming { .. }
            )
        });
        let buffered = matches!(segment.store, Store::Buffer(_));
        let young = segment.ingested_at + window > now;
        assert_eq!(segment.hot, young && !shut && !buffered, "{id} at {now}");
        if let Some(cluster) = cluster.filter(|_| buffered) {
            assert!(cluster.protection.buffer.is_some(), "{id} waits for ever");
        }
        // R-CMK-44.
        let table = logs.table(&segment.workspace, &segment.table).unwrap();
        assert!(table.segments.contains(id));
        let workspace = &world.workspaces[&segment.workspace];
        let kept = table.retention.unwrap_or(workspace.retention);
        let purged_at = segment.ingested_at + kept;
        assert_eq!(table.purged_at(*id), Some(purged_at));
        assert!(purged_at > now, "{id} should be gone");
    }
    let names: Vec<_> = logs.tables.keys().collect();
    assert_eq!(names, ledger.tables.keys().collect::<Vec<_>>());
    for ((workspace, name), table) in &logs.tables {
        let (came, tally) = &ledger.tables[&(workspace.clone(), name.clone())];
        assert_eq!(&table.tally, tally, "{name} of {workspace}");
        let mine: Vec<_> = logs
            .segments
            .values()
            .filter(|s| s.workspace == *workspace && s.table == *name)
            .collect();
        assert_eq!(mine.len(), table.segments.len());
        let there: u64 = mine.iter().map(|s| s.rows).sum();
        assert_eq!(*came, there + tally.purged.rows + tally.dropped().rows);
        let cool = |s: &&&std::sync::Arc<Segment>| s.hot;
        let cools = mine.iter().filter(cool).map(|s| s.ingested_at + window);
        let purges = mine.iter().filter_map(|s| table.purged_at(s.id));
        assert_eq!(table.next_due(), cools.chain(purges).min());
    }
    for (id, cluster) in &world.clusters {
        let there: Vec<_> = logs.segments_on(id).map(|s| s.id).collect();
        let all = logs.segments.values();
        let expected: Vec<_> = all
            .filter(|s| s.store.cluster() == Some(id))
            .map(|s| s.id)
            .collect();
        assert_eq!(there, expected, "{id}");
        assert!(there.is_empty() || !cluster.accounts.is_empty());
    }
    for workspace in world.workspaces.values() {
        read(stage, workspace);
    }
}

/// R-CMK-43, i-38: what a query over everything a workspace has may read, and whether it may at all.
fn read(stage: &Stage, workspace: &Workspace) {
    let (world, now) = (&stage.world, stage.now);
    let id = &workspace.id;
    let tables: Vec<Touched> = world
        .logs
        .tables_of(id)
        .map(|(name, _)| whole(name.as_str()))
        .collect();
    let whole = world.reads(now, id, &tables, false);
    if workspace.deleted.is_some() {
        assert_eq!(whole.unwrap_err().id, "E-QRY-02");
        return;
    }
    let open = |cluster: &ResourceId| {
        let cluster = &world.clusters[cluster];
        cluster.is_live() && cluster.protection.state.readable()
    };
    let seen = |s: &Segment| match &s.store {
        Store::Shared => true,
        Store::Cluster(cluster) => open(cluster),
        Store::Buffer(_) => false,
    };
    let segments = world.logs.segments.values().filter(|s| s.workspace == *id);
    let (seen, hidden): (Vec<_>, Vec<_>) = segments.partition(|s| seen(s));
    let shut = workspace.link.linked_to().is_some_and(|c| !open(c));
    assert_eq!(
        whole.is_err(),
        shut || !hidden.is_empty(),
        "{id}: {whole:?}"
    );
    let partial = world.reads(now, id, &tables, true).unwrap();
    assert!(partial.segments.iter().eq(seen), "{id}: {partial:?}");
    assert_eq!(partial.hidden, hidden.len());
    assert_eq!(partial.why, whole.err());
    // What is called readable is.
    if world.readable(now, id).is_ok() {
        assert_eq!(partial.why, None, "{id}");
    }
}

/// Time acts for exactly what still waits, and every deadline lies ahead.
fn waits(world: &World, now: SimTime) {
    let mut expected: Vec<(SimTime, Timer)> = Vec::new();
    for vault in world.vaults.values() {
        let name = &vault.name;
        expected.extend(
            vault
                .deleted
                .map(|d| (d.purge_at, Timer::VaultPurges(name.clone()))),
        );
        expected.extend(
            vault
                .fault
                .iter()
                .map(|f| (f.until, Timer::FaultEnds(name.clone()))),
        );
        for key in vault.keys.values() {
            let purges = Timer::KeyPurges(name.clone(), key.name.clone());
            expected.extend(key.deleted.map(|d| (d.purge_at, purges)));
        }
    }
    for id in &world.running {
        let operation = &world.operations[id];
        if operation.kind != Kind::DeleteCluster {
            expected.push((operation.expected_end, Timer::OperationEnds(*id)));
        }
    }
    for (id, cluster) in &world.clusters {
        if let Some(deleted) = cluster.deleted {
            expected.push((deleted.purge_at, Timer::ClusterPurges(id.clone())));
            continue;
        }
        let protection = &cluster.protection;
        let polls = protection.next_watched_poll();
        expected.extend(polls.map(|at| (at, Timer::ClusterPolls(id.clone()))));
        let due = match protection.state {
            Encryption::RevocationPending { enforce_at, .. } => Some(enforce_at),
            Encryption::Resuming { until } => Some(until),
            Encryption::TransientOutage { live_site_at, .. } => Some(live_site_at),
            _ => None,
        };
        expected.extend(due.map(|at| (at, Timer::EncryptionDue(id.clone()))));
        let buffer = protection.buffer.filter(|b| !b.full);
        expected.extend(buffer.map(|b| (b.until, Timer::BufferEnds(id.clone()))));
    }
    for (id, workspace) in &world.workspaces {
        let purges = Timer::WorkspacePurges(id.clone());
        expected.extend(workspace.deleted.map(|d| (d.purge_at, purges)));
    }
    for ((workspace, name), table) in &world.logs.tables {
        let due = Timer::TableDue(workspace.clone(), name.clone());
        expected.extend(table.next_due().map(|at| (at, due)));
    }
    let sorted = |list: Vec<(SimTime, Timer)>| {
        let mut list: Vec<_> = list
            .into_iter()
            .map(|(at, t)| (at, format!("{t:?}")))
            .collect();
        list.sort();
        list
    };
    let set = world
        .timers
        .iter()
        .map(|(key, t)| (key.at, t.clone()))
        .collect();
    assert_eq!(sorted(set), sorted(expected), "at {now}");
    assert!(world.timers.iter().all(|(key, _)| key.at > now));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_properties_of_keys_and_clusters_hold_over_random_histories(moves in prop::collection::vec(moves(), 1..90)) {
        let mut stage = opening(7);
        play(&mut stage, &moves);
        play(&mut stage, &[Move::Wait(Span::days(200)), Move::Restart]);
        history(&stage.journal);
        // Whatever was begun has come to an end.
        prop_assert!(stage.world.running.is_empty());
    }

    #[test]
    fn fuses_burn_as_foretold_over_random_histories(moves in prop::collection::vec(moves(), 1..60)) {
        let mut stage = opening(7);
        play(&mut stage, &moves);
        foresight::fuses_burn_as_foretold(&stage.world, stage.now);
    }

    #[test]
    fn the_same_seed_and_commands_give_the_same_journal(seed in 0..1_000u64, moves in prop::collection::vec(moves(), 1..60)) {
        let mut one = opening(seed);
        play(&mut one, &moves);
        let mut two = opening(seed);
        play(&mut two, &moves);
        prop_assert_eq!(serde_json::to_vec(&one.journal).unwrap(), serde_json::to_vec(&two.journal).unwrap());
        two.restart();
        let snapshot = postcard::to_stdvec(&one.world).unwrap();
        let thawed: World = postcard::from_bytes(&snapshot).unwrap();
        prop_assert_eq!(thawed, two.world);
    }

    #[test]
    fn time_acts_the_same_however_the_clock_jumps(moves in prop::collection::vec(moves(), 1..60), parts in prop::collection::vec(1..100i64, 1..12)) {
        let mut stage = opening(7);
        play(&mut stage, &moves);
        let far = stage.now + Span::days(100);
        let leap = draft(&stage.world, far, &Actor::Time, &Command::Elapse).unwrap();
        let (whole, mut steps) = (leap.events, Vec::new());
        let mut world = stage.world.clone();
        for part in parts {
            let at = (world.now.max(stage.now) + Span::hours(part)).min(far);
            let step = draft(&world, at, &Actor::Time, &Command::Elapse).unwrap();
            world = step.world;
            steps.extend(step.events);
        }
        let rest = draft(&world, far, &Actor::Time, &Command::Elapse).unwrap();
        steps.extend(rest.events);
        prop_assert_eq!(serde_json::to_vec(&whole).unwrap(), serde_json::to_vec(&steps).unwrap());
        prop_assert_eq!(digest(&leap.world), digest(&rest.world));
    }
}
