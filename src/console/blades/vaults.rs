//! Key vaults: whether they work, whether a cluster may use their keys, and who does. Deleted ones last.

use super::super::rows::{Cell, Column, ItemId, Row, col, data, flex, right};
use super::super::theme::Token;
use super::{Eye, cmk, shared};
use crate::engine::{Answer, Query, Refusal, ask};

pub const COLUMNS: &[Column] = &[
    flex("vault", "VAULT", 14, 2, 0),
    col("state", "STATE", 22, 0),
    col("recoverable", "RECOVERABLE", 11, 0),
    right("keys", "KEYS", 4, 1),
    right("policies", "POLICIES", 8, 3),
    flex("usedBy", "USED BY", 12, 2, 2),
    col("location", "REGION", 14, 4),
    flex("subscription", "SUBSCRIPTION", 14, 1, 5),
    data("recoveryLevel"),
    data("retention"),
    data("vaultUri"),
];

pub fn ids(eye: Eye) -> Result<Vec<ItemId>, Refusal> {
    let mut all = Vec::new();
    for deleted in [false, true] {
        let query = Query::Vaults { deleted };
        if let Answer::Vaults(names) = ask(eye.world, eye.now, eye.actor, &query)? {
            all.extend(names.into_iter().map(ItemId::Vault));
        }
    }
    Ok(all)
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let ItemId::Vault(name) = id else {
        return None;
    };
    let vault = eye.world.vaults.get(name)?;
    let deleted = vault.deleted.is_some();
    let users = cmk::users(eye, |k| k.vault == *name);
    let used_by = if users.is_empty() {
        Cell::none()
    } else {
        shared::resources(users.iter().map(|(c, _)| &c.id))
    };
    let keys = vault.keys.values().filter(|k| k.deleted.is_none()).count();
    let tone = if deleted { Token::Muted } else { Token::Id };
    Some(Row {
        id: id.clone(),
        cells: vec![
            Cell::new(name.to_string()).tone(tone),
            cmk::vault_state(eye.now, vault),
            cmk::recoverable(vault),
            Cell::number(keys),
            Cell::number(vault.policies.len()),
            used_by,
            cmk::place(&vault.location),
            shared::subscription(eye.world, &vault.subscription()),
            Cell::new(vault.recovery_level(eye.world.rules.vault_retention_max)),
            Cell::new(vault.retention.to_string()),
            Cell::new(vault.uri()),
        ],
    })
}
