//! What an event means to somebody who watches: the rule it follows from, and whether it is a consequence, which
//! is what one wants to stop at, caption and mark, in contrast to the routine around it.

use crate::engine::cluster::encryption as key_turn;
use crate::engine::cluster::{link, support};
use crate::engine::event::{Event, Fact};
use crate::engine::ingestion;
use crate::engine::lockbox::{grant, jit, request};
use crate::engine::rules::{STATEMENTS, Statement};
use crate::engine::vault::{access_policy, key, network};
use crate::engine::workspace::{linked_storage, saved_search};
use crate::engine::{cluster, story, vault, workspace};

/// The rule a fact follows from, where one stands for it.
pub fn rule(fact: &Fact) -> Option<&'static Statement> {
    let id = rule_id(fact)?;
    STATEMENTS.iter().find(|statement| statement.id == id)
}

fn rule_id(fact: &Fact) -> Option<&'static str> {
    use key_turn::Fact as Turn;
    use request::Fact as Request;
    Some(match fact {
        Fact::World(_) | Fact::People(_) | Fact::Resources(_) | Fact::Rules(_) => return None,
        Fact::Story(_) | Fact::Ticket(_) => return None,
        Fact::Jit(f) => match f {
            jit::Fact::Submitted { .. } | jit::Fact::Evaluated { .. } => "R-LOCK-10",
            jit::Fact::InternallyApproved { .. } | jit::Fact::InternallyDenied { .. } => {
                "R-LOCK-11"
            }
            jit::Fact::Bypassed { .. } => "R-LOCK-33",
            _ => "R-LOCK-13",
        },
        Fact::Request(f) => match f {
            Request::Created { .. } => "R-LOCK-13",
            Request::Mailed { .. } | Request::Notified { .. } => "R-LOCK-14",
            Request::Decided { .. } => "R-LOCK-21",
            Request::Approved { .. } => "R-LOCK-22",
            Request::Denied { .. } => "R-LOCK-26",
            Request::Expired { .. } => "R-LOCK-19",
            _ => "R-LOCK-24",
        },
        Fact::Grant(f) => match f {
            grant::Fact::Started { .. } => "R-LOCK-22",
            grant::Fact::Acted { .. } => "R-LOCK-36",
            grant::Fact::Connected { .. } => "R-LOCK-23",
            _ => "R-LOCK-24",
        },
        Fact::Vault(f) => match f {
            vault::Fact::Created { .. } | vault::Fact::Updated { .. } => "R-KV-01",
            vault::Fact::Deleted { .. } => "R-CMK-39",
            vault::Fact::Recovered { .. } | vault::Fact::Purged { .. } => "R-KV-05",
        },
        Fact::Key(f) => match f {
            key::Fact::VersionCreated { .. } => "R-CMK-47",
            key::Fact::AttributesSet { .. } => "R-CMK-38",
            key::Fact::Deleted { .. } => "R-CMK-39",
            key::Fact::Recovered { .. } | key::Fact::Purged { .. } => "R-KV-05",
            key::Fact::Called { .. } => "R-CMK-15",
        },
        Fact::Policy(f) => match f {
            access_policy::Fact::Set { .. } => "R-CMK-23",
            access_policy::Fact::Deleted { .. } => "R-CMK-38",
        },
        Fact::Fault(_) => "R-CMK-51",
        Fact::Cluster(f) => match f {
            cluster::Fact::Created { .. } => "R-CLU-13",
            cluster::Fact::Provisioned { .. } => "R-CLU-14",
            cluster::Fact::Updated { .. } => "R-CLU-25",
            cluster::Fact::KeyUpdateStarted { .. } | cluster::Fact::KeyUpdated { .. } => "R-CMK-24",
            cluster::Fact::OperationFailed { .. } => "R-CMK-25",
            cluster::Fact::DeleteStarted { .. } => "R-CLU-33",
            cluster::Fact::SoftDeleted { .. } => "R-CLU-30",
            cluster::Fact::Purged { .. } => "R-CLU-32",
        },
        Fact::Link(f) => match f {
            link::Fact::Linking { .. } => "R-LNK-06",
            link::Fact::Linked { .. } => "R-CMK-10",
            link::Fact::Unlinking { .. } | link::Fact::Unlinked { .. } => "R-CMK-11",
            link::Fact::LinkFailed { .. } | link::Fact::UnlinkFailed { .. } => "R-ASY-03",
        },
        Fact::Encryption(f) => match f {
            Turn::Polled { .. } => "R-CMK-49",
            Turn::Configured { .. } => "R-CMK-10",
            Turn::RevocationNoticed { .. } => "R-CMK-40",
            Turn::RevocationLifted { .. } => "R-CMK-40",
            Turn::Revoked { .. } => "R-CMK-41",
            Turn::Resuming { .. } | Turn::Resumed { .. } => "R-CMK-46",
            Turn::OutageNoticed { .. } | Turn::OutageBridged { .. } => "R-CMK-51",
            Turn::LiveSiteBegan { .. } => "R-CMK-52",
            Turn::BufferFull { .. } | Turn::BufferLost { .. } => "R-CMK-53",
            Turn::LiveSiteEnded { .. } | Turn::BufferDrained { .. } => "R-CMK-54",
        },
        Fact::Support(f) => match f {
            support::Fact::SubscriptionAllowed { .. } => "R-CMK-07",
            support::Fact::CapacityRaised { .. } => "R-CLU-08",
            support::Fact::ClusterRecovered { .. } => "R-CLU-35",
        },
        Fact::Workspace(_) => "R-LNK-20",
        Fact::Search(f) => match f {
            saved_search::Fact::Saved { .. } => "R-BYOS-10",
            saved_search::Fact::Deleted { .. } => return None,
        },
        Fact::Storage(f) => match f {
            linked_storage::Fact::Linked { .. } => "R-BYOS-10",
            linked_storage::Fact::KeySet { .. } => "R-BYOS-11",
            _ => return None,
        },
        Fact::Ingestion(f) => match f {
            ingestion::Fact::Dropped { why, .. } => why.rule(),
            ingestion::Fact::Queried { outcome, .. } if outcome.error().is_some() => "R-CMK-43",
            ingestion::Fact::Cooled { .. } => "R-CMK-05",
            ingestion::Fact::Purged { .. } | ingestion::Fact::RetentionSet { .. } => "R-CMK-44",
            ingestion::Fact::Stored { .. } => "R-CMK-10",
            ingestion::Fact::RateSet { .. } | ingestion::Fact::Burst { .. } => "R-ING-01",
            _ => return None,
        },
    })
}

/// Whether an event changes for somebody what they can do, have or lose.
pub fn is_consequence(event: &Event) -> bool {
    match &event.fact {
        Fact::World(_) | Fact::People(_) | Fact::Resources(_) | Fact::Ticket(_) => false,
        Fact::Rules(_) => true,
        Fact::Story(f) => matches!(f, story::Fact::Skipped { .. }),
        Fact::Jit(f) => !matches!(f, jit::Fact::Submitted { .. } | jit::Fact::Evaluated { .. }),
        Fact::Request(f) => matches!(
            f,
            request::Fact::Created { .. }
                | request::Fact::Decided { .. }
                | request::Fact::Expired { .. }
                | request::Fact::Failed { .. }
        ),
        Fact::Grant(f) => matches!(
            f,
            grant::Fact::Started { .. }
                | grant::Fact::SessionsClosed { forced: true, .. }
                | grant::Fact::Expired { .. }
                | grant::Fact::Closed { .. }
                | grant::Fact::Revoked { .. }
        ),
        Fact::Vault(_) | Fact::Policy(_) | Fact::Cluster(_) | Fact::Link(_) | Fact::Support(_) => {
            true
        }
        Fact::Fault(f) => matches!(f, network::Fact::Began { .. } | network::Fact::Ended { .. }),
        Fact::Key(f) => !matches!(f, key::Fact::Called { .. }),
        Fact::Encryption(f) => !matches!(f, key_turn::Fact::Polled { .. }),
        Fact::Workspace(f) => !matches!(f, workspace::Fact::Updated { .. }),
        Fact::Search(_) => false,
        Fact::Storage(f) => !matches!(f, linked_storage::Fact::Founded { .. }),
        Fact::Ingestion(f) => match f {
            ingestion::Fact::Dropped { .. } | ingestion::Fact::Purged { .. } => true,
            ingestion::Fact::Queried { outcome, .. } => outcome.error().is_some(),
            ingestion::Fact::RateSet { .. } | ingestion::Fact::Burst { .. } => true,
            _ => false,
        },
    }
}
