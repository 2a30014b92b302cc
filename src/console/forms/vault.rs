//! Forms of key vaults: the vault itself, who may do what with its keys, and the faults of its network.

use super::{Asking, Blank, By, Choice, Field, no_notes, no_word};
use crate::console::blades::shared;
use crate::console::doc::Block;
use crate::console::rows::{Cell, Mark};
use crate::console::theme::Token;
use crate::engine::ids::{KeyName, VaultName};
use crate::engine::text::scrub;
use crate::engine::vault::access_policy::{self, CLUSTER_NEEDS, Caller, KeyPermission};
use crate::engine::vault::key::KeyIdentifier;
use crate::engine::vault::network::{self, FaultKind};
use crate::engine::vault::{self, Sku, Vault};
use crate::engine::words::UnknownWord;
use crate::engine::{Command, Refusal, Span, World, errors};

const RETENTION: &[&str] = &["properties.softDeleteRetentionInDays"];
const SOFT_DELETE: &[&str] = &["properties.enableSoftDelete"];
const PURGE_PROTECTION: &[&str] = &["properties.enablePurgeProtection"];

fn days(span: Span) -> u64 {
    u64::try_from(span.0 / Span::days(1).0).unwrap_or(0)
}

fn switches(asking: &Asking, soft_delete: bool, purge_protection: bool) -> [Field; 2] {
    [
        asking
            .yes_no(
                "soft_delete",
                "Soft delete",
                "what is deleted can be recovered; cannot be turned off again",
                soft_delete,
            )
            .at(SOFT_DELETE),
        asking
            .yes_no(
                "purge_protection",
                "Purge protection",
                "a cluster's key needs it; cannot be turned off again",
                purge_protection,
            )
            .at(PURGE_PROTECTION),
    ]
}

pub const CREATE: Blank = Blank {
    name: "vault.create",
    title: "Create a key vault",
    yes: "Create",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let subscription = asking.subscription();
        let group = asking.group(&subscription.value);
        let region = asking.region(&subscription.value);
        let name = asking.text(
            "name",
            "Name",
            "3 to 24 letters, digits and hyphens; unique in the whole cloud",
            "",
        );
        let sku = asking.word(
            "sku",
            "Tier",
            "premium vaults keep keys in hardware",
            Sku::ALL.iter().map(|s| s.word()),
            Sku::Standard.word(),
        );
        let [soft_delete, purge_protection] = switches(asking, true, false);
        let retention = asking
            .number(
                "retention",
                "Retention, days",
                "how long what is deleted can be recovered; cannot be changed later",
                1,
                days(asking.world.rules.vault_retention),
            )
            .at(RETENTION);
        vec![
            name,
            subscription,
            group,
            region,
            sku,
            soft_delete,
            purge_protection,
            retention,
        ]
    },
    build: |_, filled| {
        Ok(vault::Command::Create(vault::Create {
            subscription: filled.subscription(),
            group: filled.text("group").into(),
            name: filled.text("name").into(),
            location: filled.text("location").into(),
            sku: filled.text("sku").parse().unwrap_or(Sku::Standard),
            soft_delete: filled.yes("soft_delete"),
            purge_protection: filled.yes("purge_protection"),
            retention: filled.days("retention"),
        })
        .into())
    },
    word: no_word,
    notes: |_, command, would| match command {
        Command::Vault(vault::Command::Create(create)) if would && !create.purge_protection => {
            vec![note(
                "Without purge protection its keys cannot be used by a cluster.",
            )]
        }
        _ => Vec::new(),
    },
};

/// Something to know.
pub fn note(text: impl Into<String>) -> Block {
    Block::Text(Cell::new(text.into()).tone(Token::Muted))
}

/// Something to think about.
pub fn warn(text: impl Into<String>) -> Block {
    Block::Text(Cell::new(text.into()).mark(Mark::Warn).tone(Token::Warn))
}

fn found<'a>(world: &'a World, vault: &VaultName) -> Option<&'a Vault> {
    world.vaults.get(vault).map(|v| &**v)
}

pub const UPDATE: Blank = Blank {
    name: "vault.update",
    title: "Change the vault's protection; asks first",
    yes: "Change",
    by: By::Person,
    asks: true,
    fields: |asking| {
        let vault = asking.vault(false);
        let found = asking.open_vault(&VaultName::new(&vault.value));
        let on = |is: fn(&Vault) -> bool| found.is_some_and(is);
        let [soft_delete, purge_protection] =
            switches(asking, on(|v| v.soft_delete), on(|v| v.purge_protection));
        let retention = asking
            .number(
                "retention",
                "Retention, days",
                "set when the vault was created",
                1,
                days(found.map_or(asking.world.rules.vault_retention, |v| v.retention)),
            )
            .at(RETENTION);
        vec![vault, soft_delete, purge_protection, retention]
    },
    build: |asking, filled| {
        let vault = filled.vault();
        let retention = filled.days("retention");
        let now = asking.world.vaults.get(&vault).map(|v| v.retention);
        Ok(vault::Command::Update {
            vault,
            soft_delete: Some(filled.yes("soft_delete")),
            purge_protection: Some(filled.yes("purge_protection")),
            retention: retention.filter(|r| Some(*r) != now),
        }
        .into())
    },
    word: |world, command| match command {
        Command::Vault(vault::Command::Update {
            vault,
            purge_protection: Some(true),
            ..
        }) => {
            let found = found(world, vault)?;
            (!found.purge_protection).then(|| vault.to_string())
        }
        _ => None,
    },
    notes: |asking, command, would| {
        let Command::Vault(vault::Command::Update {
            vault,
            soft_delete,
            purge_protection,
            ..
        }) = command
        else {
            return Vec::new();
        };
        let Some(found) = found(asking.world, vault).filter(|_| would) else {
            return Vec::new();
        };
        let mut notes = Vec::new();
        if *soft_delete == Some(true) && !found.soft_delete {
            notes.push(warn("Soft delete can never be turned off again."));
        }
        if *purge_protection == Some(true) && !found.purge_protection {
            notes.push(warn(format!(
                "Purge protection can never be turned off again: whatever is deleted in {vault} stays for {}, and nobody, support included, can purge it sooner.",
                found.retention
            )));
        }
        notes
    },
};

pub const DELETE: Blank = Blank {
    name: "vault.delete",
    title: "Delete the vault with its keys; asks first",
    yes: "Delete",
    by: By::Person,
    asks: true,
    fields: |asking| vec![asking.vault(false)],
    build: |_, filled| {
        Ok(vault::Command::Delete {
            vault: filled.vault(),
        }
        .into())
    },
    word: |world, command| match command {
        Command::Vault(vault::Command::Delete { vault }) => {
            let found = found(world, vault)?;
            (!found.soft_delete).then(|| vault.to_string())
        }
        _ => None,
    },
    notes: |asking, command, would| match command {
        Command::Vault(vault::Command::Delete { vault }) if would => {
            let mut notes = loss(asking, vault);
            if found(asking.world, vault).is_some_and(|v| !v.soft_delete) {
                notes.push(warn(
                    "The vault has no soft delete: nothing of it can be recovered.",
                ));
            }
            notes
        }
        _ => Vec::new(),
    },
};

/// What a vault's keys, or one of them, protect now.
pub fn users(asking: &Asking, vault: &VaultName, key: Option<&KeyName>) -> Vec<Block> {
    let uses = |used: &Option<KeyIdentifier>| {
        used.as_ref()
            .is_some_and(|used| used.vault == *vault && key.is_none_or(|key| used.key == *key))
    };
    let clusters = asking.world.clusters.values();
    let clusters = clusters.filter(|c| uses(&c.key)).map(|c| &c.id);
    let accounts = asking.world.storage_accounts.values();
    let accounts = accounts.filter(|a| uses(&a.key)).map(|a| &a.id);
    let mut names: Vec<String> = clusters
        .chain(accounts)
        .map(shared::resource_name)
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let mut list = names.join(", ");
    if more > 0 {
        list.push_str(&format!(" and {more} more"));
    }
    vec![warn(format!("In use by {list}."))]
}

/// Names in one sentence.
const NAMED: usize = 5;

/// How many keys go with a vault, and what they protect.
fn loss(asking: &Asking, vault: &VaultName) -> Vec<Block> {
    let keys = found(asking.world, vault).map_or(0, |v| v.keys.len());
    let mut notes = vec![note(match keys {
        0 => "It holds no key.".to_owned(),
        1 => "1 key goes with it.".to_owned(),
        n => format!("{n} keys go with it."),
    })];
    notes.extend(users(asking, vault, None));
    notes
}

pub const RECOVER: Blank = Blank {
    name: "vault.recover",
    title: "Recover a deleted vault",
    yes: "Recover",
    by: By::Person,
    asks: false,
    fields: |asking| vec![asking.vault(true)],
    build: |_, filled| {
        Ok(vault::Command::Recover {
            vault: filled.vault(),
        }
        .into())
    },
    word: no_word,
    notes: no_notes,
};

pub const PURGE: Blank = Blank {
    name: "vault.purge",
    title: "Purge a deleted vault for good; asks first",
    yes: "Purge",
    by: By::Person,
    asks: true,
    fields: |asking| vec![asking.vault(true)],
    build: |_, filled| {
        Ok(vault::Command::Purge {
            vault: filled.vault(),
        }
        .into())
    },
    word: |_, command| match command {
        Command::Vault(vault::Command::Purge { vault }) => Some(vault.to_string()),
        _ => None,
    },
    notes: |asking, command, would| match command {
        Command::Vault(vault::Command::Purge { vault }) if would => {
            let mut notes = loss(asking, vault);
            notes.push(warn(
                "Key material is destroyed: what it protects can never be read again.",
            ));
            notes
        }
        _ => Vec::new(),
    },
};

pub const POLICY_SET: Blank = Blank {
    name: "policy.set",
    title: "Say who may do what with the vault's keys",
    yes: "Set",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let vault = asking.vault(false);
        let principal = asking.principal(&vault.value, false);
        let name = VaultName::new(&vault.value);
        let held = super::Filled(std::slice::from_ref(&principal))
            .principal(asking)
            .ok()
            .and_then(|caller| {
                let found = asking.open_vault(&name)?.policies.get(&caller);
                let held = found.map(|keys| keys.iter().copied().collect());
                held.or_else(|| match caller {
                    Caller::Identity(_) => Some(CLUSTER_NEEDS.to_vec()),
                    Caller::Person(_) => Some(vec![KeyPermission::Get, KeyPermission::List]),
                })
            })
            .unwrap_or_default();
        let held: Vec<String> = held.iter().map(ToString::to_string).collect();
        let words = KeyPermission::ALL.iter().map(|p| Choice::plain(p.word()));
        let permissions = asking
            .several(
                "permissions",
                "Permissions",
                "space turns one on or off; a cluster needs get, wrapKey and unwrapKey",
                &held,
                words.collect(),
            )
            .at(&["permissions.keys"]);
        vec![vault, principal, permissions]
    },
    build: |asking, filled| {
        Ok(access_policy::Command::Set {
            vault: filled.vault(),
            principal: filled.principal(asking)?,
            keys: permissions(filled.several("permissions"))?,
        }
        .into())
    },
    word: no_word,
    notes: |asking, command, would| match command {
        Command::Policy(access_policy::Command::Set {
            vault,
            principal,
            keys,
        }) if would => {
            let before = found(asking.world, vault).and_then(|v| v.policies.get(principal));
            let lost: Vec<&str> = before
                .into_iter()
                .flatten()
                .filter(|p| !keys.contains(*p))
                .map(|p| p.word())
                .collect();
            if lost.is_empty() {
                return Vec::new();
            }
            vec![note(format!("No longer allowed: {}.", lost.join(", ")))]
        }
        _ => Vec::new(),
    },
};

/// The same, from the cluster.
pub const POLICY_GRANT: Blank = Blank {
    name: "policy.grant",
    title: "Give the cluster's identity permissions on a vault",
    yes: "Give",
    ..POLICY_SET
};

/// The same, from a policy that is there.
pub const POLICY_CHANGE: Blank = Blank {
    name: "policy.change",
    title: "Change what the policy allows",
    yes: "Change",
    ..POLICY_SET
};

fn permissions<'a>(
    words: impl Iterator<Item = &'a str>,
) -> Result<imbl::OrdSet<KeyPermission>, Refusal> {
    words
        .map(str::parse)
        .collect::<Result<_, UnknownWord>>()
        .map_err(|no| errors::KV_15.says(no.to_string()).target("permissions"))
}

pub const POLICY_DELETE: Blank = Blank {
    name: "policy.delete",
    title: "Delete an access policy; asks first",
    yes: "Delete",
    by: By::Person,
    asks: true,
    fields: |asking| {
        let vault = asking.vault(false);
        let principal = asking.principal(&vault.value, true).subject();
        vec![vault, principal]
    },
    build: |asking, filled| {
        Ok(access_policy::Command::Delete {
            vault: filled.vault(),
            principal: filled.principal(asking)?,
        }
        .into())
    },
    word: no_word,
    notes: no_notes,
};

pub const FAULT_INJECT: Blank = Blank {
    name: "fault.inject",
    title: "Make the network of the vault fail",
    yes: "Begin",
    by: By::Simulator,
    asks: false,
    fields: |asking| {
        vec![
            asking.vault(false),
            asking.word(
                "kind",
                "Fault",
                "transient: timeouts; outage: no answer at all; throttling: 429",
                FaultKind::ALL.iter().map(|k| k.word()),
                FaultKind::Outage.word(),
            ),
            asking.text(
                "for",
                "For",
                "how long, such as 35m or 2h; storage bridges 30 minutes",
                "35m",
            ),
        ]
    },
    build: |_, filled| {
        let length = filled.text("for").parse().map_err(|no| {
            let no: crate::engine::time::TimeError = no;
            errors::FLT_01
                .says(format!("{}.", scrub(&no.to_string())))
                .target("for")
                .remedy("Give a span of more than 0 and at most 365d, such as 35m.")
        })?;
        Ok(network::Command::Inject {
            vault: filled.vault(),
            kind: filled.text("kind").parse().unwrap_or(FaultKind::Outage),
            length,
        }
        .into())
    },
    word: no_word,
    notes: simulated,
};

pub const FAULT_CLEAR: Blank = Blank {
    name: "fault.clear",
    title: "End the fault of the vault's network",
    yes: "End it",
    by: By::Simulator,
    asks: false,
    fields: |asking| vec![asking.vault(false)],
    build: |_, filled| {
        Ok(network::Command::Clear {
            vault: filled.vault(),
        }
        .into())
    },
    word: no_word,
    notes: simulated,
};

/// Nobody in the world does it.
pub fn simulated(_: &Asking, _: &Command, would: bool) -> Vec<Block> {
    if !would {
        return Vec::new();
    }
    vec![note(
        "The simulator does this, whoever you act as; it is no command of the real service.",
    )]
}
