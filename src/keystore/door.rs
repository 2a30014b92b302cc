//! What people have done with keys: the real operation behind a call the world serves, and keys that come
//! from outside. A refusal here is the vault's answer, in the shape every refusal has.

use std::sync::Arc;

use super::{Alone, Keystore, KeystoreError, Staged, disagree};
use crate::crypto::{Hsm, HsmError, KeyKind, PublicKey, Secret, WrapAlgorithm};
use crate::engine::Refusal;
use crate::engine::World;
use crate::engine::errors;
use crate::engine::time::SimTime;
use crate::engine::vault::access_policy::Caller;
use crate::engine::vault::key::{KeyIdentifier, KeyOperation, Use, Version};

/// What a vault answers. `kid` is the address of the key version that was used (R-KV-06).
#[derive(Debug)]
pub enum Reply {
    Key {
        kid: String,
        version: Version,
        /// `attributes.recoveryLevel`.
        recovery_level: &'static str,
        public: PublicKey,
    },
    Wrapped {
        kid: String,
        value: Vec<u8>,
    },
    Unwrapped {
        kid: String,
        value: Secret,
    },
}

impl Keystore {
    /// Does what a call asks for, if the world serves it at `now`; put it on the record first. `algorithm` and
    /// `value` are not looked at for get. `Refused` when the vault says no, and E-KV-17 when `value` is too
    /// long to be wrapped or does not unwrap, which only the hardware can tell.
    pub fn perform(
        &self,
        world: &World,
        now: SimTime,
        caller: &Caller,
        call: &Use,
        algorithm: WrapAlgorithm,
        value: &[u8],
    ) -> Result<Reply, KeystoreError> {
        let used = world.may_use(now, caller, call)?;
        let key = KeyIdentifier {
            vault: call.vault.clone(),
            key: call.key.clone(),
            version: used.id.clone(),
        };
        let (id, kid) = (used.id.as_str(), key.kid());
        let failed = |error: HsmError| {
            match error {
            HsmError::TooLong { found, most, .. } => errors::KV_17
                .says(format!(
                    "{found} bytes are too long for {algorithm} with a key of {} bits: it wraps up to {most}.",
                    used.size
                ))
                .target("value")
                .remedy("Wrap a key, and encrypt the data with that key.")
                .into(),
            HsmError::DoesNotUnwrap { .. } => errors::KV_17
                .says(format!(
                    "The value does not unwrap with {key} and {algorithm}."
                ))
                .target("value")
                .remedy("Give the value as it was wrapped, with the version and algorithm that wrapped it.")
                .into(),
            error => disagree(format!("{} is served with {key}", call.operation), error),
        }
        };
        match call.operation {
            KeyOperation::Get => {
                let longest = world.rules.vault_retention_max;
                Ok(Reply::Key {
                    kid,
                    version: used.clone(),
                    recovery_level: world.active_vault(&call.vault)?.recovery_level(longest),
                    public: self.hsm.public(id).map_err(failed)?,
                })
            }
            KeyOperation::WrapKey => Ok(Reply::Wrapped {
                kid,
                value: self.hsm.wrap(id, algorithm, value).map_err(failed)?,
            }),
            KeyOperation::UnwrapKey => Ok(Reply::Unwrapped {
                kid,
                value: self.hsm.unwrap(id, algorithm, value).map_err(failed)?,
            }),
        }
    }

    /// Takes a private RSA key from outside, PEM or DER, into the hardware, where it waits for the world to
    /// take it. What is not such a key is `Refused`.
    pub fn stage(&self, _alone: &Alone, file: &[u8]) -> Result<Staged, KeystoreError> {
        stage(&self.hsm, file)
    }
}

/// Looks at a private key from outside without keeping it.
pub fn inspect(file: &[u8]) -> Result<Staged, KeystoreError> {
    stage(&Hsm::in_memory()?, file)
}

fn stage(hsm: &Hsm, file: &[u8]) -> Result<Staged, KeystoreError> {
    let (fingerprint, public) = hsm.stage_import(file).map_err(not_importable)?;
    Ok(Staged {
        fingerprint: Arc::from(fingerprint),
        size: match public.kind {
            KeyKind::Rsa2048 => 2048,
            KeyKind::Rsa3072 => 3072,
            KeyKind::Rsa4096 => 4096,
            KeyKind::EcP256 => 256,
        },
    })
}

fn not_importable(error: HsmError) -> KeystoreError {
    match error {
        HsmError::NotImportable { what, remedy } => {
            let mut sentence = what;
            if let Some(first) = sentence.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            let refusal: Refusal = errors::KV_17
                .says(format!("{sentence}."))
                .target("key")
                .remedy(format!("{remedy}."));
            refusal.into()
        }
        error => error.into(),
    }
}
