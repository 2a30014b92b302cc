//! What an event means to somebody who watches: the rule it follows from, and whether it is a consequence, which
//! is what one wants to stop at, caption and mark, in contrast to the routine around it.

use crate::engine::cluster::encryption as key_turn;
use crate::engine::cluster::{link, support};
use crate::engine::event::{Event, Fact};
use crate::engine::ingestion::segment::{KeyClass, Store};
use crate::engine::lockbox::{grant, jit, request, ticket};
use crate::engine::rules::{self, NUMBERS, STATEMENTS, Statement};
use crate::engine::vault::{access_policy, key, network};
use crate::engine::workspace::{linked_storage, saved_search};
use crate::engine::{cluster, errors, ingestion, people, story, vault, workspace};

/// The rule a fact follows from, where one stands for it.
pub fn rule(fact: &Fact) -> Option<&'static Statement> {
    let id = rule_id(fact)?;
    STATEMENTS.iter().find(|statement| statement.id == id)
}

fn rule_id(fact: &Fact) -> Option<&'static str> {
    use key_turn::Fact as Turn;
    use request::Fact as Request;
    Some(match fact {
        Fact::World(_) | Fact::Resources(_) => return None,
        Fact::Rules(rules::Fact::NumberSet { name, .. }) => {
            NUMBERS.iter().find(|number| number.name == name)?.rule
        }
        Fact::Rules(rules::Fact::JitRulesSet(_)) => "R-LOCK-10",
        Fact::People(f) => match f {
            people::Fact::PlanSet { .. } => "R-LOCK-01",
            people::Fact::Enrolled { .. } => "R-LOCK-32",
            people::Fact::Assigned(_) | people::Fact::Unassigned(_) => "R-PERM-01",
            _ => return None,
        },
        Fact::Story(story::Fact::Skipped { refusal, .. }) => of_error(refusal)?,
        Fact::Story(_) => return None,
        Fact::Ticket(f) => match f {
            ticket::Fact::Opened { .. } => "R-LOCK-05",
            ticket::Fact::Assigned { .. } => "R-LOCK-06",
            ticket::Fact::ToolsTried { .. } => "R-LOCK-07",
            ticket::Fact::Escalated { .. } => "R-LOCK-09",
            _ => return None,
        },
        Fact::Jit(f) => match f {
            jit::Fact::Submitted { .. } => "R-LOCK-08",
            jit::Fact::Evaluated { .. } => "R-LOCK-10",
            jit::Fact::InternallyApproved { .. } | jit::Fact::InternallyDenied { .. } => {
                "R-LOCK-11"
            }
            jit::Fact::Bypassed { reason, .. } => reason.rule(),
            jit::Fact::AwaitsCustomer { .. } => "R-LOCK-12",
            jit::Fact::Rejected { state, .. } => match state {
                jit::State::RejectedByCustomer => "R-LOCK-26",
                jit::State::ExpiredNoAccess => "R-LOCK-20",
                _ => "R-LOCK-11",
            },
            jit::Fact::Ended { .. } => "R-LOCK-24",
        },
        Fact::Request(f) => match f {
            Request::Created { .. } => "R-LOCK-12",
            Request::Mailed { .. } => "R-LOCK-14",
            Request::Notified { .. } => "R-LOCK-13",
            Request::Decided { .. } => "R-LOCK-21",
            Request::Approved { .. } => "R-LOCK-22",
            Request::Denied { .. } => "R-LOCK-26",
            Request::Expired { .. } => "R-LOCK-20",
            Request::Failed { .. } => return None,
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
            key::Fact::Called { outcome, .. } => match outcome.error() {
                Some(error) => of_error(error)?,
                None => "R-CMK-15",
            },
        },
        Fact::Policy(f) => match f {
            access_policy::Fact::Set { .. } => "R-CMK-23",
            access_policy::Fact::Deleted { .. } => "R-CMK-38",
        },
        Fact::Fault(_) => "R-CMK-51",
        Fact::Cluster(f) => match f {
            cluster::Fact::Created { .. } => "R-CLU-13",
            cluster::Fact::Provisioned { .. } => "R-CLU-14",
            cluster::Fact::Updated { .. } => "R-CLU-11",
            cluster::Fact::KeyUpdateStarted { .. } | cluster::Fact::KeyUpdated { .. } => "R-CMK-24",
            cluster::Fact::OperationFailed { .. } => "R-ASY-03",
            cluster::Fact::DeleteStarted { .. } => "R-CLU-34",
            cluster::Fact::SoftDeleted { .. } => "R-CLU-30",
            cluster::Fact::Purged { .. } => "R-CLU-32",
        },
        Fact::Link(f) => match f {
            link::Fact::Linking { .. } => "R-LNK-06",
            link::Fact::Linked { .. } => "R-LNK-07",
            link::Fact::Unlinking { .. } => "R-LNK-08",
            link::Fact::Unlinked { .. } => "R-CMK-11",
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
        Fact::Workspace(f) => match f {
            workspace::Fact::Created { .. } => return None,
            workspace::Fact::Updated { .. } => "R-LNK-13",
            _ => "R-LNK-20",
        },
        Fact::Search(f) => match f {
            saved_search::Fact::Saved { .. } => "R-BYOS-10",
            saved_search::Fact::Deleted { .. } => return None,
        },
        Fact::Storage(f) => match f {
            linked_storage::Fact::Linked { .. } => "R-BYOS-06",
            linked_storage::Fact::KeySet { .. } => "R-BYOS-02",
            _ => return None,
        },
        Fact::Ingestion(f) => match f {
            ingestion::Fact::Dropped { why, .. } => why.rule(),
            ingestion::Fact::Queried { outcome, .. } => of_error(outcome.error()?)?,
            ingestion::Fact::Cooled { .. } => "R-CMK-05",
            ingestion::Fact::Purged { .. } => "R-CMK-44",
            ingestion::Fact::RetentionSet { .. } => "R-LNK-13",
            ingestion::Fact::Stored { segment, .. } => match (&segment.store, segment.class) {
                (Store::Buffer(_), _) => "R-CMK-53",
                (_, KeyClass::Customer) => "R-CMK-10",
                (_, KeyClass::Microsoft) => "R-CMK-01",
            },
            ingestion::Fact::RateSet { .. } | ingestion::Fact::Burst { .. } => "R-ING-01",
            _ => return None,
        },
    })
}

/// The rule behind an error of the catalogue.
fn of_error(id: &str) -> Option<&'static str> {
    let found = errors::ALL.iter().find(|error| error.id == id)?;
    Some(found.rule)
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
        Fact::Key(key::Fact::Called { outcome, .. }) => outcome.error().is_some(),
        Fact::Key(_) => true,
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
