//! Forms of keys and their versions. Importing a key takes its file and is for the command line only.

use super::vault::{users, warn};
use super::{Asking, Blank, By, Field, Filled, no_notes, no_word};
use crate::console::doc::Block;
use crate::engine::ids::{KeyName, VaultName};
use crate::engine::text::scrub;
use crate::engine::vault::key::{self, Attributes, KeyType};
use crate::engine::{Command, Refusal, SimTime, World, errors};

const FROM: &[&str] = &["attributes.nbf"];
const UNTIL: &[&str] = &["attributes.exp"];

fn window(asking: &Asking, from: Option<SimTime>, until: Option<SimTime>) -> [Field; 2] {
    let shown = |at: Option<SimTime>| at.map_or_else(String::new, SimTime::to_seconds);
    [
        asking
            .text(
                "from",
                "Valid from",
                "UTC, such as 2020-11-22 09:00:00; empty is at once",
                shown(from),
            )
            .at(FROM),
        asking
            .text(
                "until",
                "Expires",
                "UTC, such as 2021-11-22 09:00:00; empty is never",
                shown(until),
            )
            .at(UNTIL),
    ]
}

fn instant(filled: &Filled, name: &str, target: &str) -> Result<Option<SimTime>, Refusal> {
    let text = filled.text(name);
    if text.is_empty() {
        return Ok(None);
    }
    let at: Result<SimTime, crate::engine::time::TimeError> = text.parse();
    at.map(Some).map_err(|no| {
        errors::KV_17
            .says(format!("{}.", scrub(&no.to_string())))
            .target(target)
            .remedy("Write a date and time in UTC, such as 2021-11-22 09:00:00, or nothing.")
    })
}

pub const CREATE: Blank = Blank {
    name: "key.create",
    title: "Create a key in the vault",
    yes: "Create",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let vault = asking.vault(false);
        let kinds = KeyType::ALL.iter().map(|k| k.word());
        let kty = asking
            .word(
                "kty",
                "Type",
                "only RSA keys can protect a cluster; -HSM needs a premium vault",
                kinds,
                KeyType::Rsa.word(),
            )
            .at(&["kty"]);
        let chosen = kty.value.parse().unwrap_or(KeyType::Rsa);
        let sizes = || {
            chosen
                .sizes()
                .iter()
                .map(|s| super::Choice::plain(&s.to_string()))
        };
        let size = asking
            .one("size", "Size, bits", "", None, || sizes().collect())
            .at(&["key_size"]);
        let name = asking.text(
            "name",
            "Name",
            "letters, digits and hyphens; a name that exists gets a new version",
            "",
        );
        let [from, until] = window(asking, None, None);
        vec![vault, name, kty, size, from, until]
    },
    build: |_, filled| {
        let kty = filled.text("kty").parse().unwrap_or(KeyType::Rsa);
        let size = filled.number("size").and_then(|n| u32::try_from(n).ok());
        Ok(key::Command::Create {
            vault: filled.vault(),
            key: filled.text("name").into(),
            kty,
            size: size.unwrap_or(0),
            attributes: Attributes {
                enabled: None,
                not_before: instant(filled, "from", FROM[0])?,
                expires: instant(filled, "until", UNTIL[0])?,
            },
        }
        .into())
    },
    word: no_word,
    notes: no_notes,
};

fn vault_and_key(asking: &Asking, deleted: bool) -> Vec<Field> {
    let vault = asking.vault(false);
    let key = asking.key(&vault.value, deleted);
    vec![vault, key]
}

pub const NEW_VERSION: Blank = Blank {
    name: "key.new-version",
    title: "Make a new version of the key",
    yes: "Make it",
    by: By::Person,
    asks: false,
    fields: |asking| vault_and_key(asking, false),
    build: |_, filled| {
        Ok(key::Command::NewVersion {
            vault: filled.vault(),
            key: filled.key(),
        }
        .into())
    },
    word: no_word,
    notes: |asking, command, would| match command {
        Command::Key(key::Command::NewVersion { vault, key }) if would => {
            let mut notes = users(asking, vault, Some(key));
            if !notes.is_empty() {
                notes.push(super::vault::note(
                    "They keep the version they have until each is updated with the new one.",
                ));
            }
            notes
        }
        _ => Vec::new(),
    },
};

fn version_fields(asking: &Asking) -> (Vec<Field>, Attributes) {
    let mut fields = vault_and_key(asking, false);
    let version = asking.version(&fields[0].value, &fields[1].value);
    let (vault, key) = (
        VaultName::new(&fields[0].value),
        KeyName::from(fields[1].value.as_str()),
    );
    let found = asking.found_key(&vault, &key);
    let is = found
        .and_then(|k| k.version(&version.value.as_str().into()))
        .map_or_else(Attributes::default, |v| Attributes {
            enabled: Some(v.enabled),
            not_before: v.not_before,
            expires: v.expires,
        });
    fields.push(version);
    (fields, is)
}

pub const SET_ENABLED: Blank = Blank {
    name: "key.enable",
    title: "Disable or enable a version of the key; asks first",
    yes: "Set",
    by: By::Person,
    asks: true,
    fields: |asking| {
        let (mut fields, is) = version_fields(asking);
        let enabled = is.enabled.unwrap_or(false);
        fields.push(asking.yes_no(
            "enabled",
            "Enabled",
            "a disabled version serves no call: what it protects is revoked",
            !enabled,
        ));
        fields
    },
    build: |_, filled| {
        Ok(key::Command::SetAttributes {
            vault: filled.vault(),
            key: filled.key(),
            version: Some(filled.version()),
            attributes: Attributes {
                enabled: Some(filled.yes("enabled")),
                ..Attributes::default()
            },
        }
        .into())
    },
    word: no_word,
    notes: no_notes,
};

pub const SET_WINDOW: Blank = Blank {
    name: "key.window",
    title: "Set from and until when a version is valid",
    yes: "Set",
    by: By::Person,
    asks: false,
    fields: |asking| {
        let (mut fields, is) = version_fields(asking);
        fields.extend(window(asking, is.not_before, is.expires));
        fields
    },
    build: |_, filled| {
        Ok(key::Command::SetAttributes {
            vault: filled.vault(),
            key: filled.key(),
            version: Some(filled.version()),
            attributes: Attributes {
                enabled: None,
                not_before: instant(filled, "from", FROM[0])?,
                expires: instant(filled, "until", UNTIL[0])?,
            },
        }
        .into())
    },
    word: no_word,
    notes: |_, _, would| {
        if !would {
            return Vec::new();
        }
        vec![super::vault::note(
            "Outside its window a version wraps nothing anew; what it wraps can still be unwrapped.",
        )]
    },
};

/// `vault/key`, which has to be typed.
fn full_name(vault: &VaultName, key: &KeyName) -> String {
    format!("{vault}/{key}")
}

fn purgeable(world: &World, vault: &VaultName) -> bool {
    world.vaults.get(vault).is_some_and(|v| !v.soft_delete)
}

pub const DELETE: Blank = Blank {
    name: "key.delete",
    title: "Delete the key with all its versions; asks first",
    yes: "Delete",
    by: By::Person,
    asks: true,
    fields: |asking| vault_and_key(asking, false),
    build: |_, filled| {
        Ok(key::Command::Delete {
            vault: filled.vault(),
            key: filled.key(),
        }
        .into())
    },
    word: |world, command| match command {
        Command::Key(key::Command::Delete { vault, key }) => {
            purgeable(world, vault).then(|| full_name(vault, key))
        }
        _ => None,
    },
    notes: |asking, command, would| match command {
        Command::Key(key::Command::Delete { vault, key }) if would => {
            let mut notes = users(asking, vault, Some(key));
            if purgeable(asking.world, vault) {
                notes.push(warn(
                    "The vault has no soft delete: the key material is destroyed, and what it protects can never be read again.",
                ));
            }
            notes
        }
        _ => Vec::new(),
    },
};

pub const RECOVER: Blank = Blank {
    name: "key.recover",
    title: "Recover a deleted key",
    yes: "Recover",
    by: By::Person,
    asks: false,
    fields: |asking| vault_and_key(asking, true),
    build: |_, filled| {
        Ok(key::Command::Recover {
            vault: filled.vault(),
            key: filled.key(),
        }
        .into())
    },
    word: no_word,
    notes: no_notes,
};

pub const PURGE: Blank = Blank {
    name: "key.purge",
    title: "Purge a deleted key for good; asks first",
    yes: "Purge",
    by: By::Person,
    asks: true,
    fields: |asking| vault_and_key(asking, true),
    build: |_, filled| {
        Ok(key::Command::Purge {
            vault: filled.vault(),
            key: filled.key(),
        }
        .into())
    },
    word: |_, command| match command {
        Command::Key(key::Command::Purge { vault, key }) => Some(full_name(vault, key)),
        _ => None,
    },
    notes: |asking, command, would| -> Vec<Block> {
        match command {
            Command::Key(key::Command::Purge { vault, key }) if would => {
                let mut notes = users(asking, vault, Some(key));
                notes.push(warn(
                    "The key material is destroyed: what it protects can never be read again.",
                ));
                notes
            }
            _ => Vec::new(),
        }
    },
};
