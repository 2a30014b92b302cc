//! Faults between a vault and its callers, injected by the simulator: the difference between a vault that says
//! no and one that does not answer is the difference between loss and none (`domain.md` c.9, i-4).
//!
//! ```text
//! Reachable --inject--> Faulty{until} --clear, time--> Reachable
//! ```

use serde::{Deserialize, Serialize};

use crate::engine::cluster::encryption;
use crate::engine::draft::Draft;
use crate::engine::errors;
use crate::engine::ids::{Revision, VaultName};
use crate::engine::refusal::Refusal;
use crate::engine::time::{SimTime, Span};
use crate::engine::timers::{Timer, TimerKey};
use crate::engine::words::words;
use crate::engine::world::World;

words! {
    FaultKind {
        /// A passing disturbance: timeouts, failed connections, DNS.
        Transient = "transient",
        /// The vault does not answer at all.
        Outage = "outage",
        /// The vault answers 429.
        Throttling = "throttling",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub kind: FaultKind,
    pub since: SimTime,
    pub until: SimTime,
    /// The event that began it.
    pub revision: Revision,
    pub timer: TimerKey,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// From now on, for so long.
    Inject {
        vault: VaultName,
        kind: FaultKind,
        length: Span,
    },
    Clear {
        vault: VaultName,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Began {
        vault: VaultName,
        kind: FaultKind,
        until: SimTime,
    },
    Ended {
        vault: VaultName,
    },
}

impl Fact {
    pub fn vault(&self) -> &VaultName {
        match self {
            Fact::Began { vault, .. } | Fact::Ended { vault } => vault,
        }
    }
}

pub(crate) fn decide(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    draft.only_simulator()?;
    match command {
        Command::Inject {
            vault,
            kind,
            length,
        } => {
            let found = draft.world.active_vault(vault)?;
            if *length <= Span::ZERO || *length > Span::days(365) {
                return Err(errors::FLT_01
                    .says(format!("A fault cannot last {length}."))
                    .target("for")
                    .remedy("Give a span of more than 0 and at most 365d, such as 35m."));
            }
            if let Some(fault) = &found.fault {
                return Err(errors::FLT_01
                    .says(format!(
                        "{vault} has a fault already: {} until {} UTC.",
                        fault.kind,
                        fault.until.to_seconds()
                    ))
                    .target("vault")
                    .remedy("End it first: lockbox fault clear."));
            }
            draft.emit(Fact::Began {
                vault: vault.clone(),
                kind: *kind,
                until: draft.now + *length,
            });
        }
        Command::Clear { vault } => {
            if draft.world.vault(vault)?.fault.is_none() {
                return Err(errors::FLT_01
                    .says(format!("{vault} has no fault."))
                    .target("vault")
                    .remedy("Nothing to clear."));
            }
            draft.emit(Fact::Ended {
                vault: vault.clone(),
            });
        }
    }
    Ok(())
}

/// A fault is over by time.
pub(crate) fn end_in_time(draft: &mut Draft, vault: &VaultName) {
    let found = draft.world.vaults.get(vault);
    let began = found.and_then(|v| v.fault.as_ref()).map(|f| f.revision);
    draft.following(began, |draft| {
        draft.emit(Fact::Ended {
            vault: vault.clone(),
        })
    });
}

pub(crate) fn evolve(world: &mut World, at: SimTime, revision: Revision, fact: &Fact) {
    match fact {
        Fact::Began { vault, kind, until } => {
            let timer = world.timers.set(*until, Timer::FaultEnds(vault.clone()));
            super::edit(world, vault, |v| {
                v.fault = Some(Fault {
                    kind: *kind,
                    since: at,
                    until: *until,
                    revision,
                    timer,
                });
            });
        }
        Fact::Ended { vault } => {
            let fault = world.vaults.get(vault).and_then(|v| v.fault.clone());
            if let Some(fault) = fault {
                world.timers.cancel(fault.timer);
            }
            super::edit(world, vault, |v| v.fault = None);
        }
    }
    encryption::reconsider(world, fact.vault(), at, revision);
}

impl World {
    /// Whether a call gets through to the vault now (E-KV-11, E-KV-13).
    pub fn reach(&self, now: SimTime, vault: &VaultName) -> Result<(), Refusal> {
        let Some(fault) = self.vaults.get(vault).and_then(|v| v.fault.as_ref()) else {
            return Ok(());
        };
        // At the instant at which it ends it is over, even if time has not acted yet.
        if now >= fault.until {
            return Ok(());
        }
        Err(match fault.kind {
            FaultKind::Transient | FaultKind::Outage => errors::KV_13
                .says(format!(
                    "The vault {vault} cannot be reached: the connection times out."
                ))
                .target("vault")
                .allowed_from(fault.until),
            FaultKind::Throttling => errors::KV_11
                .says(format!("The vault {vault} answers: too many requests."))
                .target("vault")
                .allowed_from(fault.until),
        })
    }
}
