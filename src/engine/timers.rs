//! When time itself will act next: one ordered map. Equal instants go by the order in which they were set.

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::ids::{
    GrantId, KeyName, OperationId, RequestId, ResourceId, StoryId, TableName, VaultName,
};
use super::time::SimTime;

/// What time does when an instant comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// R-LOCK-19: the request has waited its four days.
    RequestExpires(RequestId),
    /// A transient Lockbox status (`Initializing`, `Approving`, …) is over.
    RequestSettles(RequestId),
    /// R-LOCK-24: the grant's hours are over.
    GrantEnds(GrantId),
    /// The next step of a scripted story is due.
    StoryStep(StoryId),
    /// R-KV-05: the retention of a deleted vault is over.
    VaultPurges(VaultName),
    /// R-KV-05: the retention of a deleted key is over.
    KeyPurges(VaultName, KeyName),
    /// The vault can be reached again.
    FaultEnds(VaultName),
    /// An asynchronous operation is done.
    OperationEnds(OperationId),
    /// R-CMK-49: the first call of a cluster's storage after something changed at its vault.
    ClusterPolls(ResourceId),
    /// The deadline of the encryption state (R-CMK-40, 46, 52).
    EncryptionDue(ResourceId),
    /// R-CMK-53: the outage buffer holds no more.
    BufferEnds(ResourceId),
    /// R-CLU-32: the 14 days of a deleted cluster are over.
    ClusterPurges(ResourceId),
    /// R-LNK-20: the 14 days of a deleted workspace are over.
    WorkspacePurges(ResourceId),
    /// Segments of a table leave the hot cache (R-CMK-05) or are purged (R-CMK-44).
    TableDue(ResourceId, TableName),
}

/// The place of a set timer, kept by whoever may cancel it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimerKey {
    pub at: SimTime,
    pub sequence: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timers {
    set: OrdMap<TimerKey, Timer>,
    sequence: u64,
}

impl Timers {
    pub fn set(&mut self, at: SimTime, timer: Timer) -> TimerKey {
        self.sequence += 1;
        let key = TimerKey {
            at,
            sequence: self.sequence,
        };
        self.set.insert(key, timer);
        key
    }

    pub fn cancel(&mut self, key: TimerKey) {
        self.set.remove(&key);
    }

    pub fn next(&self) -> Option<(TimerKey, &Timer)> {
        self.set.get_min().map(|(key, timer)| (*key, timer))
    }

    pub fn len(&self) -> usize {
        self.set.len()
    }

    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// In the order in which they will act.
    pub fn iter(&self) -> impl Iterator<Item = (&TimerKey, &Timer)> {
        self.set.iter()
    }
}
