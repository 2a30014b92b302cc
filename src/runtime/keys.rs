//! The host and its keys: they follow the world after each commit, and people use them through the vault's
//! door. What there is to do about a key is `keystore`'s to know; here is when.
//!
//! ```text
//! commit → note what it touches → alone → fold to the journal's head → obey → remember how far
//! ```

use std::path::Path;

use super::error::HostError;
use super::host::{CHUNK, Host, Receipt};
use crate::crypto::{Secret, WrapAlgorithm};
use crate::engine::event::Fact;
use crate::engine::ids::{KeyName, Revision, VaultName};
use crate::engine::vault::access_policy::Caller;
use crate::engine::vault::key::{self, Attributes, KeyType};
use crate::engine::vault::trail::Outcome;
use crate::engine::{Actor, Event, World};
use crate::keystore::{self, Agenda, Alone, Keystore, Staged};
use crate::store::Journal;

pub use crate::keystore::Reply as KeyReply;

/// Events that touch no key and are read again at the next opening, at most: remembering them costs a write.
const LAG: u64 = 4_096;

/// The keys of a host, and what is to be done about them.
pub(super) struct Keys {
    keystore: Keystore,
    agenda: Agenda,
    /// How far the journal remembers that they follow.
    followed: Revision,
    /// While an import goes on: what waits in the hardware is nobody else's to sweep.
    alone: Option<Alone>,
}

/// A use of a key, with what is to be wrapped or unwrapped. Neither algorithm nor value is looked at for get.
#[derive(Debug)]
pub struct KeyUse {
    pub call: key::Use,
    pub algorithm: WrapAlgorithm,
    pub value: Secret,
}

/// A private RSA key from outside that is to become a version of a key.
#[derive(Debug)]
pub struct KeyImport {
    pub vault: VaultName,
    pub key: KeyName,
    /// RSA, or RSA-HSM in a premium vault.
    pub kty: KeyType,
    /// PKCS#8 or PKCS#1, PEM or DER, without a passphrase.
    pub file: Secret,
    pub attributes: Attributes,
}

impl KeyImport {
    /// The engine's command, to see what it would do; nothing is kept. Refused when the file has no such key.
    pub fn command(&self) -> Result<key::Command, HostError> {
        Ok(self.with(&keystore::inspect(self.file.as_bytes())?))
    }

    fn with(&self, staged: &Staged) -> key::Command {
        key::Command::Import {
            vault: self.vault.clone(),
            key: self.key.clone(),
            kty: self.kty,
            size: staged.size,
            fingerprint: staged.fingerprint.clone(),
            attributes: self.attributes.clone(),
        }
    }
}

impl Keys {
    pub fn new(keystore: Keystore, agenda: Agenda) -> Keys {
        Keys {
            keystore,
            agenda,
            followed: Revision(0),
            alone: None,
        }
    }

    pub fn keystore(&self) -> &Keystore {
        &self.keystore
    }

    /// The keys of a state directory. On the agenda is all that happened since they last followed, and the
    /// clusters whose account keys somebody took away.
    pub fn open(dir: &Path, world: &World, journal: &dyn Journal) -> Result<Keys, HostError> {
        let followed = journal.keystore()?;
        let everything = Agenda::everything(world);
        let used = followed > Revision(0) && everything.names_any();
        let keystore = Keystore::open(dir, used)?;
        let mut keys = Keys {
            followed,
            ..Keys::new(keystore, Agenda::default())
        };
        if followed == Revision(0) {
            keys.agenda = everything;
            return Ok(keys);
        }
        let mut read = followed;
        loop {
            let events = journal.read_after(read, CHUNK)?;
            events.iter().for_each(|event| keys.agenda.note(event));
            match events.last() {
                Some(last) if events.len() == CHUNK => read = last.revision,
                _ => break,
            }
        }
        // What is not there yet because it is still to be made is on the agenda as new by now.
        keys.keystore.note_missing(world, &mut keys.agenda);
        Ok(keys)
    }
}

impl Host {
    /// The keys of this world; none on a branch.
    pub fn keystore(&self) -> Option<&Keystore> {
        self.keys.as_ref().map(|keys| &keys.keystore)
    }

    /// Whether a key is being brought in.
    pub(super) fn imports(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.alone.is_some())
    }

    pub(super) fn note_for_keys(&mut self, events: &[Event]) {
        if let Some(keys) = &mut self.keys {
            events.iter().for_each(|event| keys.agenda.note(event));
        }
    }

    /// Makes the keys follow the world, as far as anything touched them.
    pub(super) fn conform(&mut self) -> Result<(), HostError> {
        let Some(keys) = &self.keys else {
            return Ok(());
        };
        let touched = !keys.agenda.is_empty();
        let lag = self.world.revision.0.saturating_sub(keys.followed.0);
        if !touched && lag < LAG {
            return Ok(());
        }
        let mut changed = false;
        if touched {
            let own = match &keys.alone {
                Some(_) => None,
                None => Some(keys.keystore.alone()?),
            };
            // What others did to the keys is on the record by now, and must not be undone.
            self.fold()?;
            let Some(keys) = &self.keys else {
                return Ok(());
            };
            if let Some(alone) = own.as_ref().or(keys.alone.as_ref()) {
                changed = keys.keystore.obey(alone, &self.world, &keys.agenda)?;
            }
        }
        let revision = self.world.revision;
        let Some(keys) = &mut self.keys else {
            return Ok(());
        };
        if changed || keys.followed == Revision(0) || lag >= LAG {
            self.journal.set_keystore(revision)?;
            keys.followed = revision;
        }
        keys.agenda = Agenda::default();
        Ok(())
    }

    /// Throws away what crashes left behind, unless something still waits to be done.
    pub(super) fn tidy_keys(&mut self) -> Result<(), HostError> {
        match &self.keys {
            Some(keys) => {
                let alone = keys.keystore.alone()?;
                self.tidy_alone(&alone)
            }
            None => Ok(()),
        }
    }

    fn tidy_alone(&mut self, alone: &Alone) -> Result<(), HostError> {
        // An import of another process may be on the record and not have its name yet.
        self.fold()?;
        match &self.keys {
            Some(keys) if keys.agenda.is_empty() => Ok(keys.keystore.tidy(alone)?),
            _ => Ok(()),
        }
    }

    /// Uses a key as somebody. The call is on the record whatever its outcome; then it is really done.
    /// `Refused` is the vault's answer, or says that the value cannot be wrapped or unwrapped.
    pub fn use_key(&mut self, actor: &Actor, wanted: &KeyUse) -> Result<KeyReply, HostError> {
        self.keystore().ok_or(HostError::NoKeys)?;
        loop {
            let command = key::Command::Call(wanted.call.clone());
            let receipt = self.submit(actor, &command.into())?;
            #[expect(
                clippy::expect_used,
                reason = "a call that is not refused is one event, served or not"
            )]
            let (caller, call, served) =
                (receipt.events.iter().find_map(called)).expect("a call on the record");
            if served {
                let keystore = self.keystore().ok_or(HostError::NoKeys)?;
                let (world, value) = (&self.world, wanted.value.as_bytes());
                let algorithm = wanted.algorithm;
                return Ok(keystore.perform(world, receipt.at, &caller, &call, algorithm, value)?);
            }
            // If another process let the caller in meanwhile, it calls once more, as a client would.
            if let Err(refusal) = self.world.may_use(receipt.at, &caller, &call) {
                return Err(refusal.into());
            }
        }
    }

    /// Brings a private key into a vault as somebody. Nothing of it is kept when the file has no such key or
    /// the world refuses it.
    pub fn import_key(&mut self, actor: &Actor, import: &KeyImport) -> Result<Receipt, HostError> {
        let keys = self.keys.as_mut().ok_or(HostError::NoKeys)?;
        let alone = keys.keystore.alone()?;
        let staged = keys.keystore.stage(&alone, import.file.as_bytes())?;
        keys.alone = Some(alone);
        let outcome = self.submit(actor, &import.with(&staged).into());
        let alone = self.keys.as_mut().and_then(|keys| keys.alone.take());
        if let (Err(_), Some(alone)) = (&outcome, alone) {
            self.heed(|host| host.tidy_alone(&alone))?;
        }
        outcome
    }
}

/// The call an event puts on the record, and whether it was served.
fn called(event: &Event) -> Option<(Caller, key::Use, bool)> {
    match &event.fact {
        Fact::Key(key::Fact::Called {
            caller,
            vault,
            key,
            version,
            operation,
            outcome,
        }) => {
            let call = key::Use {
                vault: vault.clone(),
                key: key.clone(),
                version: version.clone(),
                operation: *operation,
            };
            Some((caller.clone(), call, *outcome == Outcome::Served))
        }
        _ => None,
    }
}
