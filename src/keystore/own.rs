//! Keys of objects in a customer's storage account: wrapped by the account's own key, or by the provider's where
//! it has none. Who may have them opened is asked of the world first.

use super::{AEK_ALGORITHM, Keystore, KeystoreError, disagree};
use crate::crypto::Secret;
use crate::engine::ids::KeyVersionId;
use crate::engine::vault::key::KeyIdentifier;

/// The key of an object, as it may lie beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// The key version that wraps it; none is the provider's.
    pub kek: Option<KeyVersionId>,
    pub bytes: Vec<u8>,
}

impl Keystore {
    /// Wraps the key of an object. `label` is the object's name, to which the provider binds it.
    pub fn wrap_own(
        &self,
        key: Option<&KeyIdentifier>,
        label: &str,
        plain: &Secret,
    ) -> Result<Wrapped, KeystoreError> {
        let bytes = match key {
            None => self.hsm.provider_seal(label, plain.as_bytes())?,
            Some(key) => self
                .hsm
                .wrap(key.version.as_str(), AEK_ALGORITHM, plain.as_bytes())
                .map_err(|error| disagree(format!("the key {key} wraps"), error))?,
        };
        Ok(Wrapped {
            kek: key.map(|key| key.version.clone()),
            bytes,
        })
    }

    pub fn unwrap_own(&self, wrapped: &Wrapped, label: &str) -> Result<Secret, KeystoreError> {
        match &wrapped.kek {
            None => Ok(self.hsm.provider_open(label, &wrapped.bytes)?),
            Some(version) => self
                .hsm
                .unwrap(version.as_str(), AEK_ALGORITHM, &wrapped.bytes)
                .map_err(|error| disagree(format!("key version {version} unwraps"), error)),
        }
    }

    /// Brings the key of an object under another key, inside the hardware.
    pub fn rewrap_own(
        &self,
        wrapped: &Wrapped,
        key: Option<&KeyIdentifier>,
        label: &str,
    ) -> Result<Wrapped, KeystoreError> {
        let plain = self.unwrap_own(wrapped, label)?;
        self.wrap_own(key, label, &plain)
    }
}
