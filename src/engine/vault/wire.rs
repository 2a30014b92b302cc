//! Errors of form at the vault's door: who a bearer token stands for (`domain.md` f.11, E-KV-12), and which
//! vault and version an address means.

use serde::Deserialize;

use super::access_policy::Caller;
use super::key::KeyIdentifier;
use crate::engine::errors;
use crate::engine::ids::{KeyName, KeyVersionId, VaultName};
use crate::engine::refusal::Refusal;
use crate::engine::text::scrub;
use crate::engine::world::World;

/// The audience a token for the data plane of a vault is issued for.
pub const AUDIENCE: &str = "https://vault.azure.net";

/// Who calls, by the claims of a bearer token: `aud` and `oid`. Signatures are the token issuer's business.
pub fn caller(world: &World, claims: Option<&str>) -> Result<Caller, Refusal> {
    #[derive(Deserialize)]
    struct Claims {
        aud: String,
        oid: String,
    }
    let missing = || {
        errors::KV_12
            .refuse()
            .target("authorization")
            .remedy(format!(
                "Bearer authorization=\"https://login.microsoftonline.com/…\", resource=\"{AUDIENCE}\""
            ))
    };
    let claims: Claims =
        serde_json::from_str(claims.ok_or_else(missing)?).map_err(|_| missing())?;
    if claims.aud.trim_end_matches('/') != AUDIENCE {
        return Err(errors::KV_12
            .says(format!(
                "The token is for {}, not for {AUDIENCE}.",
                scrub(&claims.aud)
            ))
            .target("authorization"));
    }
    // A token names its principal by object id, never by name.
    world
        .principal_of_guid(&claims.oid)
        .ok_or_else(|| missing().target("oid"))
}

/// `https://{vault}.vault.azure.net`, with or without a slash behind it.
pub fn vault_of_uri(uri: &str) -> Option<VaultName> {
    let host = uri.strip_prefix("https://")?;
    let host = host.strip_suffix('/').unwrap_or(host);
    let name = host.strip_suffix(super::DNS_SUFFIX)?;
    let fits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then(|| VaultName::new(name))
}

/// A key version by its `kid`.
pub fn kid(text: &str) -> Option<KeyIdentifier> {
    let (host, path) = text.split_once("/keys/")?;
    let (key, version) = path.split_once('/')?;
    Some(KeyIdentifier {
        vault: vault_of_uri(host)?,
        key: KeyName::from(key),
        version: KeyVersionId::from(version.to_ascii_lowercase()),
    })
}
