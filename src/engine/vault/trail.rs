//! The audit trail of a vault: every call and its outcome. Management calls that were refused leave no trace;
//! calls that use a key are always on the record, served or not (`design.md` §1).

use serde::{Deserialize, Serialize};

use super::access_policy::Caller;
use crate::engine::event::Actor;
use crate::engine::ids::{KeyName, KeyVersionId, Revision, VaultName};
use crate::engine::time::SimTime;
use crate::engine::words::words;
use crate::engine::world::World;

words! {
    /// `operationName` of the vault's audit events, and what this simulation adds for access policies.
    Done {
        VaultPut = "VaultPut",
        VaultPatch = "VaultPatch",
        VaultDelete = "VaultDelete",
        VaultRecover = "VaultRecover",
        PolicySet = "AccessPolicySet",
        PolicyDelete = "AccessPolicyDelete",
        KeyCreate = "KeyCreate",
        KeyImport = "KeyImport",
        KeyUpdate = "KeyUpdate",
        KeyDelete = "KeyDelete",
        KeyRecover = "KeyRecover",
        KeyPurge = "KeyPurge",
        KeyGet = "KeyGet",
        KeyWrap = "KeyWrap",
        KeyUnwrap = "KeyUnwrap",
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Served,
    /// The vault said no: the id of the error.
    Refused(String),
    /// No answer, or an answer that says try again: the id of the error.
    Unreachable(String),
}

impl Outcome {
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Served => "served",
            Outcome::Refused(_) => "refused",
            Outcome::Unreachable(_) => "unreachable",
        }
    }

    pub fn error(&self) -> Option<&str> {
        match self {
            Outcome::Served => None,
            Outcome::Refused(id) | Outcome::Unreachable(id) => Some(id),
        }
    }
}

/// One line of the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub revision: Revision,
    pub at: SimTime,
    /// None: the service itself, or the world file.
    pub caller: Option<Caller>,
    pub done: Done,
    pub key: Option<(KeyName, Option<KeyVersionId>)>,
    pub outcome: Outcome,
}

/// A management call that was carried out.
pub(super) fn management(
    world: &mut World,
    at: SimTime,
    revision: Revision,
    actor: &Actor,
    vault: &VaultName,
    done: Done,
    key: Option<(KeyName, Option<KeyVersionId>)>,
) {
    let caller = match actor {
        Actor::Person(id) => Some(Caller::Person(id.clone())),
        _ => None,
    };
    let call = Call {
        revision,
        at,
        caller,
        done,
        key,
        outcome: Outcome::Served,
    };
    super::edit(world, vault, |v| v.trail.push_back(call));
}
