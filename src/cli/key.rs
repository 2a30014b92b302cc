//! `lockbox key`: keys of a vault and their versions, and their real use.

use std::io::Read;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use clap::{Args, Subcommand};
use serde_json::json;

use super::args::{self, KeyArg, VersionArg};
use super::confirm::{Irreversible, Sure};
use super::context::Context;
use super::failure::Failure;
use super::find::{self, User};
use super::print::{self, Block, Column, Format, List, Page, col, field, flex, right};
use super::session::{Done, Session};
use super::{input, names, shape, vault};
use crate::crypto::{Secret, WrapAlgorithm};
use crate::engine::World;
use crate::engine::ask::Query;
use crate::engine::ids::{KeyName, VaultName};
use crate::engine::time::SimTime;
use crate::engine::vault::Vault;
use crate::engine::vault::key::{Attributes, Command, Key, KeyOperation, KeyType, Use, Version};
use crate::runtime::{KeyImport, KeyReply, KeyUse};

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// List the keys of a vault
    List {
        #[arg(value_parser = args::vault)]
        vault: VaultName,
    },
    /// Show a key with its versions
    Show {
        /// As vault/key
        key: KeyArg,
    },
    /// List the versions of a key, newest first
    Versions {
        /// As vault/key
        key: KeyArg,
    },
    /// Create a key, or a new version of one
    Create(CreateArgs),
    /// Bring a private RSA key from a file, as a key or a new version of one
    Import(ImportArgs),
    /// Make a new version of the same type and size; no cluster uses it until it is told to
    NewVersion {
        /// As vault/key
        key: KeyArg,
    },
    /// Let a version be used again; the current one unless said otherwise
    Enable {
        /// As vault/key or vault/key/version
        key: VersionArg,
    },
    /// Let a version not be used any more: what it protects becomes unreadable within the hour
    Disable {
        /// As vault/key or vault/key/version
        key: VersionArg,
    },
    /// Set when a version is valid
    Set {
        /// As vault/key or vault/key/version
        key: VersionArg,
        #[command(flatten)]
        window: Window,
    },
    /// Delete a key with all its versions; with soft delete it can be recovered
    Delete {
        /// As vault/key
        key: KeyArg,
        #[command(flatten)]
        sure: Sure,
    },
    /// Recover a deleted key
    Recover {
        /// As vault/key
        key: KeyArg,
    },
    /// Destroy a deleted key for good, and with it everything under it
    Purge {
        /// As vault/key
        key: KeyArg,
        #[command(flatten)]
        sure: Sure,
    },
    /// Get the public part of a key from the vault, as yourself; on the record, like the two below
    Get {
        /// As vault/key or vault/key/version
        key: VersionArg,
    },
    /// Really wrap a value with a key
    Wrap(UseArgs),
    /// Really unwrap what was wrapped with it
    Unwrap(UseArgs),
}

#[derive(Debug, Args)]
pub struct UseArgs {
    /// As vault/key or vault/key/version
    key: VersionArg,
    /// RSA-OAEP-256 or RSA-OAEP
    #[arg(long, default_value = "RSA-OAEP-256", value_parser = args::algorithm)]
    algorithm: WrapAlgorithm,
    /// Bytes in base64url without padding; - reads them from standard input
    #[arg(long, value_name = "BASE64URL", allow_hyphen_values = true)]
    value: String,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// As vault/key
    key: KeyArg,
    /// PKCS#8 or PKCS#1, PEM or DER, without a passphrase; - is standard input
    #[arg(long, value_name = "FILE")]
    pem: PathBuf,
    #[arg(long, default_value = "RSA", value_parser = args::words!(KeyType), ignore_case = true)]
    kty: KeyType,
    /// Brought, but not to be used yet
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    window: Window,
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// As vault/key
    key: KeyArg,
    /// Only RSA can be the key of a cluster
    #[arg(long, default_value = "RSA", value_parser = args::words!(KeyType), ignore_case = true)]
    kty: KeyType,
    /// Bits: 2048, 3072 or 4096 for RSA, 256 for EC
    #[arg(long)]
    size: Option<u32>,
    /// Made, but not to be used yet
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    window: Window,
}

#[derive(Debug, Args)]
pub struct Window {
    /// Not to be used for wrapping before, for example 2020-12-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    not_before: Option<SimTime>,
    /// Nor from then on
    #[arg(long, value_name = "TIME")]
    expires: Option<SimTime>,
}

pub fn run(command: KeyCommand, context: &Context) -> Result<(), Failure> {
    match command {
        KeyCommand::List { vault } => list(&vault, context),
        KeyCommand::Show { key } => show(&key, context),
        KeyCommand::Versions { key } => versions(&key, context),
        KeyCommand::Create(args) => {
            let KeyArg { vault, key } = args.key.clone();
            let smallest = args.kty.sizes().first().copied();
            let command = Command::Create {
                vault,
                key,
                kty: args.kty,
                size: args.size.or(smallest).unwrap_or_default(),
                attributes: Attributes {
                    enabled: args.disabled.then_some(false),
                    not_before: args.window.not_before,
                    expires: args.window.expires,
                },
            };
            act(&args.key, command, context)
        }
        KeyCommand::Import(args) => import(args, context),
        KeyCommand::Get { key } => get(&key, context),
        KeyCommand::Wrap(args) => exchange(args, KeyOperation::WrapKey, context),
        KeyCommand::Unwrap(args) => exchange(args, KeyOperation::UnwrapKey, context),
        KeyCommand::NewVersion { key } => {
            let command = Command::NewVersion {
                vault: key.vault.clone(),
                key: key.key.clone(),
            };
            act(&key, command, context)
        }
        KeyCommand::Enable { key } => attributes(&key, Some(true), None, context),
        KeyCommand::Disable { key } => attributes(&key, Some(false), None, context),
        KeyCommand::Set { key, window } => attributes(&key, None, Some(window), context),
        KeyCommand::Delete { key, sure } => {
            let command = Command::Delete {
                vault: key.vault.clone(),
                key: key.key.clone(),
            };
            act_surely(&key, command, context, |session, ahead| {
                if session.world().vault(&key.vault)?.soft_delete {
                    return Ok(());
                }
                let act = format!(
                    "delete the key {}/{} in a vault without soft delete",
                    key.vault, key.key
                );
                destruction(session, &key, act, sure, ahead, context)
            })
        }
        KeyCommand::Recover { key } => {
            let command = Command::Recover {
                vault: key.vault.clone(),
                key: key.key.clone(),
            };
            act(&key, command, context)
        }
        KeyCommand::Purge { key, sure } => {
            let command = Command::Purge {
                vault: key.vault.clone(),
                key: key.key.clone(),
            };
            act_surely(&key, command, context, |session, ahead| {
                let act = format!("purge the key {}/{}", key.vault, key.key);
                destruction(session, &key, act, sure, ahead, context)
            })
        }
    }
}

fn import(args: ImportArgs, context: &Context) -> Result<(), Failure> {
    let file = Secret::from(input::file(&args.pem, "key")?);
    let import = KeyImport {
        vault: args.key.vault.clone(),
        key: args.key.key.clone(),
        kty: args.kty,
        file,
        attributes: Attributes {
            enabled: args.disabled.then_some(false),
            not_before: args.window.not_before,
            expires: args.window.expires,
        },
    };
    let mut session = context.session()?;
    let done = session.import_key(&import)?;
    outcome(&session, &args.key, &done, context)
}

/// What would be called, and what came of it; nothing in a dry run.
fn called(
    session: &mut Session,
    arg: &VersionArg,
    operation: KeyOperation,
    algorithm: WrapAlgorithm,
    value: Secret,
) -> Result<Option<KeyReply>, Failure> {
    let call = Use {
        vault: arg.vault.clone(),
        key: arg.key.clone(),
        // A key that is not there is refused at the vault's door, on the record.
        version: match session.world().key(&arg.vault, &arg.key) {
            Ok(_) => find::version(session.world(), arg)?,
            Err(_) => arg.version.as_deref().map(Into::into),
        },
        operation,
    };
    session.use_key(&KeyUse {
        call,
        algorithm,
        value,
    })
}

fn foreseen(operation: KeyOperation, arg: &VersionArg, context: &Context) -> Result<(), Failure> {
    let head = format!(
        "would be served: {operation} on {}/{}; nothing was called",
        arg.vault, arg.key
    );
    context.page(&Page {
        head,
        blocks: Vec::new(),
        json: json!({ "operation": operation, "served": true, "dryRun": true }),
    })
}

fn get(arg: &VersionArg, context: &Context) -> Result<(), Failure> {
    let mut session = context.session()?;
    let (operation, algorithm) = (KeyOperation::Get, WrapAlgorithm::RsaOaep256);
    let reply = called(
        &mut session,
        arg,
        operation,
        algorithm,
        Secret::from(Vec::new()),
    )?;
    let Some(KeyReply::Key {
        kid,
        version,
        recovery_level,
        public,
    }) = reply
    else {
        return foreseen(operation, arg, context);
    };
    let number = |bytes: Option<&[u8]>| bytes.map(|b| URL_SAFE_NO_PAD.encode(b));
    let (n, e) = (number(public.modulus()), number(public.exponent()));
    let opt = |at: Option<SimTime>| at.map_or_else(|| "none".to_owned(), SimTime::to_seconds);
    context.page(&Page {
        head: format!("Key {kid}"),
        blocks: vec![Block::Fields(vec![
            field("type", format!("{} {}", version.kty, version.size)),
            field("state", state(&version)),
            field("not before", opt(version.not_before)),
            field("expires", opt(version.expires)),
            field("recovery level", recovery_level),
            field("fingerprint", format!("SHA-256 {}", public.fingerprint())),
            field(
                "modulus",
                n.clone().unwrap_or_else(|| "none, not RSA".to_owned()),
            ),
        ])],
        json: json!({
            "key": {
                "kid": kid,
                "kty": version.kty,
                "keyOps": ["wrapKey", "unwrapKey"],
                "n": n,
                "e": e,
            },
            "fingerprint": public.fingerprint(),
            "attributes": {
                "enabled": version.enabled,
                "notBefore": version.not_before,
                "expires": version.expires,
                "created": version.created_at,
                "updated": version.updated_at,
                "recoveryLevel": recovery_level,
            },
        }),
    })
}

/// Longest text of a value that is read; a key to be wrapped is far shorter.
const VALUE_MAX: u64 = 64 * 1024;

fn value(text: &str) -> Result<Secret, Failure> {
    let wrong = |message: &str| {
        Failure::bad_input(
            "InvalidValue",
            "value",
            message,
            "Give the bytes in base64url without padding, such as AAECAw.",
        )
    };
    let mut typed = String::new();
    let text = match text {
        "-" => {
            std::io::stdin()
                .lock()
                .take(VALUE_MAX)
                .read_to_string(&mut typed)
                .map_err(|_| wrong("Standard input is no text."))?;
            typed.trim()
        }
        text => text,
    };
    URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .map(Secret::from)
        .map_err(|_| wrong("The value is not base64url."))
}

fn exchange(args: UseArgs, operation: KeyOperation, context: &Context) -> Result<(), Failure> {
    let value = value(&args.value)?;
    let mut session = context.session()?;
    let reply = called(&mut session, &args.key, operation, args.algorithm, value)?;
    let (kid, value) = match reply {
        Some(KeyReply::Wrapped { kid, value }) => (kid, URL_SAFE_NO_PAD.encode(value)),
        Some(KeyReply::Unwrapped { kid, value }) => (kid, URL_SAFE_NO_PAD.encode(value.as_bytes())),
        _ => return foreseen(operation, &args.key, context),
    };
    // For a pipe: the value and nothing else.
    if context.format() == Format::Plain {
        return print::line(&value);
    }
    context.page(&Page {
        head: format!("{operation} with {kid}"),
        blocks: vec![Block::Fields(vec![
            field("algorithm", args.algorithm.to_string()),
            field("value", value.clone()),
        ])],
        json: json!({ "kid": kid, "alg": args.algorithm.to_string(), "value": value }),
    })
}

fn destruction(
    session: &Session,
    key: &KeyArg,
    act: String,
    sure: Sure,
    ahead: Vec<String>,
    context: &Context,
) -> Result<(), Failure> {
    let found = session.world().key(&key.vault, &key.key)?;
    let mut cost = vec![format!("Versions destroyed: {}.", found.versions.len())];
    let users = users(session, &key.vault, &key.key)?;
    cost.extend(users.iter().map(vault::lost));
    cost.extend(ahead);
    let name = found.name.as_str();
    sure.about(context, &Irreversible { act, name, cost })
}

fn users(session: &Session, vault: &VaultName, key: &KeyName) -> Result<Vec<User>, Failure> {
    find::users(session, |k| k.vault == *vault && k.key == *key)
}

fn attributes(
    arg: &VersionArg,
    enabled: Option<bool>,
    window: Option<Window>,
    context: &Context,
) -> Result<(), Failure> {
    let session = context.session()?;
    let version = find::version(session.world(), arg)?;
    let (not_before, expires) = window.map_or((None, None), |w| (w.not_before, w.expires));
    let command = Command::SetAttributes {
        vault: arg.vault.clone(),
        key: arg.key.clone(),
        version: version.clone(),
        attributes: Attributes {
            enabled,
            not_before,
            expires,
        },
    };
    let mut session = session;
    let done = session.act(&command.into())?;
    let (vault, key) = found(&done, &arg.vault, &arg.key)?;
    let changed = match &version {
        Some(id) => key.version(id),
        None => key.current(),
    };
    let Some(changed) = changed else {
        return Err(Failure::internal("the version is not in the world"));
    };
    let id = shape::vault::identifier(vault, key, changed);
    let needed = find::users(&session, |k| *k == id)?;
    let mut head = format!("{id} is {}", state(changed));
    if enabled == Some(false) {
        for user in &needed {
            head.push_str(&format!(
                "; {}: {}",
                user.words(),
                closing(&done.world, user)
            ));
        }
    }
    let json = shape::vault::version(&done.world, vault, key, changed);
    context.outcome(&done, &head, json)
}

/// What a disabled version means for who needs it.
fn closing(world: &World, user: &User) -> String {
    match world.clusters.contains_key(&user.id) {
        true => format!(
            "noticed at its storage's next call, in force within {}",
            world.rules.revocation_latency
        ),
        false => "does not open from now on".to_owned(),
    }
}

fn state(version: &Version) -> &'static str {
    match version.enabled {
        true => "enabled",
        false => "disabled",
    }
}

fn found<'a>(
    done: &'a Done,
    vault: &VaultName,
    key: &KeyName,
) -> Result<(&'a Vault, &'a Key), Failure> {
    Ok((done.world.vault(vault)?, done.world.key(vault, key)?))
}

fn act(key: &KeyArg, command: Command, context: &Context) -> Result<(), Failure> {
    act_surely(key, command, context, |_, _| Ok(()))
}

/// Does a command on a key, once it may be done and somebody is sure.
fn act_surely(
    arg: &KeyArg,
    command: Command,
    context: &Context,
    sure: impl FnOnce(&Session, Vec<String>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut session = context.session()?;
    let command = command.into();
    session.may(&command)?;
    sure(&session, session.foreseen(&command))?;
    let done = session.act(&command)?;
    outcome(&session, arg, &done, context)
}

fn outcome(session: &Session, arg: &KeyArg, done: &Done, context: &Context) -> Result<(), Failure> {
    let name = format!("{}/{}", arg.vault, arg.key);
    let Ok((vault, key)) = found(done, &arg.vault, &arg.key) else {
        let head = format!("key {name} and all its versions are gone for good");
        return context.outcome(done, &head, json!({ "name": arg.key, "state": "gone" }));
    };
    let head = match (key.deleted, key.current()) {
        (Some(deleted), _) => format!(
            "key {name} is deleted and can be recovered until {} UTC",
            deleted.purge_at.to_seconds()
        ),
        (None, Some(current)) => {
            let mut head = format!(
                "key {name} is {}, its current version is {}",
                state(current),
                current.id
            );
            let id = shape::vault::identifier(vault, key, current);
            let older = users(session, &arg.vault, &arg.key)?;
            for user in older.iter().filter(|u| u.key != id) {
                head.push_str(&format!(
                    "; {} stays {} until that is updated (R-CMK-47)",
                    names::version(&user.key.version),
                    user.words()
                ));
            }
            head
        }
        (None, None) => format!("key {name} is there"),
    };
    context.outcome(done, &head, shape::vault::key(vault, key))
}

fn list(name: &VaultName, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    session.ask(&Query::Vault(name.clone()))?;
    let vault = session.world().vault(name)?;
    let all = find::users(&session, |k| k.vault == *name)?;
    let needed = |key: &Key| {
        let words: Vec<String> = all
            .iter()
            .filter(|u| u.key.key == key.name)
            .map(|u| format!("{} {}", names::version(&u.key.version), u.words()))
            .collect();
        words.join(", ")
    };
    context.list(&List {
        noun: ("key", "keys"),
        columns: vec![
            col("KEY"),
            col("STATE"),
            col("TYPE"),
            right("VERSIONS"),
            col("CURRENT"),
            flex("NEEDED BY"),
        ],
        csv: &[
            "vault",
            "name",
            "state",
            "kty",
            "keySize",
            "versionCount",
            "currentVersion",
            "createdDate",
            "deletedDate",
            "scheduledPurgeDate",
            "neededBy",
        ],
        items: vault.keys.values().collect(),
        cells: &|k| {
            let current = k.current();
            vec![
                k.name.to_string(),
                shape::vault::key_state(k).to_owned(),
                current.map_or_else(String::new, |v| format!("{} {}", v.kty, v.size)),
                k.versions.len().to_string(),
                current.map_or_else(String::new, |v| names::version(&v.id)),
                needed(k),
            ]
        },
        json: &|k| {
            let mut value = shape::vault::key(vault, k);
            value["neededBy"] = json!(needed(k));
            value
        },
        own_shape: false,
        notes: Vec::new(),
    })
}

fn show(arg: &KeyArg, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    session.ask(&Query::Vault(arg.vault.clone()))?;
    let (world, now) = (session.world(), session.now());
    let (vault, key) = (world.vault(&arg.vault)?, world.key(&arg.vault, &arg.key)?);
    let users = users(&session, &arg.vault, &arg.key)?;
    let mut json = shape::vault::key(vault, key);
    json["versions"] = key
        .versions
        .iter()
        .rev()
        .map(|v| shape::vault::version(world, vault, key, v))
        .collect();
    json["neededBy"] = users
        .iter()
        .map(|u| json!({ "resource": u.id, "how": u.how, "kid": u.key.kid() }))
        .collect();
    let mut fields = vec![
        field("vault", vault.name.to_string()),
        field("state", shape::vault::key_state(key)),
        field(
            "recovery level",
            vault.recovery_level(world.rules.vault_retention_max),
        ),
    ];
    if let Some(current) = key.current() {
        let id = shape::vault::identifier(vault, key, current);
        fields.push(field("current", id.kid()));
        fields.push(field("type", format!("{} {}", current.kty, current.size)));
        if !current.kty.is_rsa() {
            fields.push(field("as a cluster's key", "refused: only RSA can wrap"));
        }
    }
    if let Some(deleted) = key.deleted {
        fields.push(field("deleted", names::when(now, deleted.at)));
        fields.push(field(
            "can be recovered until",
            names::when(now, deleted.purge_at),
        ));
    }
    let rows = key
        .versions
        .iter()
        .rev()
        .map(|v| version_cells(vault, key, v, &users))
        .collect();
    context.page(&Page {
        head: format!("Key {}/{}", vault.name, key.name),
        blocks: vec![
            Block::Fields(fields),
            Block::Table("Versions, newest first", version_columns(), rows),
        ],
        json,
    })
}

fn versions(arg: &KeyArg, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    session.ask(&Query::Vault(arg.vault.clone()))?;
    let world = session.world();
    let (vault, key) = (world.vault(&arg.vault)?, world.key(&arg.vault, &arg.key)?);
    let users = users(&session, &arg.vault, &arg.key)?;
    context.list(&List {
        noun: ("version", "versions"),
        columns: version_columns(),
        csv: &[
            "vault",
            "name",
            "version",
            "current",
            "attributes.enabled",
            "attributes.notBefore",
            "attributes.expires",
            "attributes.created",
            "attributes.updated",
            "kty",
            "keySize",
            "imported",
            "kid",
            "neededBy",
        ],
        items: key.versions.iter().rev().collect(),
        cells: &|v| version_cells(vault, key, v, &users),
        json: &|v| {
            let mut value = shape::vault::version(world, vault, key, v);
            value["neededBy"] = json!(needed(vault, key, v, &users));
            value
        },
        own_shape: false,
        notes: Vec::new(),
    })
}

fn needed(vault: &Vault, key: &Key, version: &Version, users: &[User]) -> Vec<String> {
    let id = shape::vault::identifier(vault, key, version);
    let mine = users.iter().filter(|u| u.key == id);
    mine.map(User::words).collect()
}

fn version_columns() -> Vec<Column> {
    vec![
        col("VERSION"),
        col("STATE"),
        col("TYPE"),
        col("CREATED"),
        col("NOT BEFORE"),
        col("EXPIRES"),
        flex("NEEDED BY"),
    ]
}

fn version_cells(vault: &Vault, key: &Key, version: &Version, users: &[User]) -> Vec<String> {
    let current = key.current().is_some_and(|c| c.id == version.id);
    let opt = |at: Option<SimTime>| at.map_or_else(String::new, SimTime::to_seconds);
    vec![
        version.id.to_string(),
        match current {
            true => format!("{}, current", state(version)),
            false => state(version).to_owned(),
        },
        match version.imported {
            Some(_) => format!("{} {}, imported", version.kty, version.size),
            None => format!("{} {}", version.kty, version.size),
        },
        version.created_at.to_seconds(),
        opt(version.not_before),
        opt(version.expires),
        needed(vault, key, version, users).join(", "),
    ]
}
