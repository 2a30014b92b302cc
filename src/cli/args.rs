//! What the words on the command line mean: ids, spans and texts, read before any world is opened.

use std::str::FromStr;

use super::failure::Failure;
use crate::crypto::WrapAlgorithm;
use crate::engine::errors;
use crate::engine::ids::{KeyName, RequestId, VaultName};
use crate::engine::lockbox::request::Operation;
use crate::engine::text::{Untrusted, scrub};
use crate::engine::time::{SimTime, Span, TimeError};
use crate::engine::vault::wire::vault_of_uri;

/// A Lockbox request in one of the forms people have it: `LB-000042`, `42`, its GUID, `LockboxRequest_{guid}`.
/// Which request it is, only a world knows.
#[derive(Debug, Clone)]
pub struct RequestArg(pub String);

impl FromStr for RequestArg {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text.strip_prefix("LockboxRequest_").unwrap_or(text);
        if is_guid(bare) {
            return Ok(RequestArg(text.to_owned()));
        }
        text.parse::<RequestId>()
            .map(|_| RequestArg(text.to_owned()))
            .map_err(|e| format!("{e}, or give its GUID"))
    }
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// A resource group, `subscription/group`.
#[derive(Debug, Clone)]
pub struct GroupArg {
    pub subscription: String,
    pub group: String,
}

impl FromStr for GroupArg {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.split('/').collect::<Vec<_>>().as_slice() {
            [subscription, group] if !subscription.is_empty() && !group.is_empty() => {
                Ok(GroupArg {
                    subscription: (*subscription).to_owned(),
                    group: (*group).to_owned(),
                })
            }
            _ => Err("write subscription/resource-group, like contoso-prod/rg-monitor".to_owned()),
        }
    }
}

/// A vault by its name or its address.
pub fn vault(text: &str) -> Result<VaultName, String> {
    match vault_of_uri(text) {
        Some(vault) => Ok(vault),
        None if text.is_empty() || text.contains('/') => {
            Err("write the name of a vault, like kv-claims".to_owned())
        }
        None => Ok(VaultName::new(text)),
    }
}

/// A key, `vault/key`, or its address.
#[derive(Debug, Clone)]
pub struct KeyArg {
    pub vault: VaultName,
    pub key: KeyName,
}

/// A key and perhaps a version of it, `vault/key/version`, or the address of either. A version may be given by
/// its first digits; which one that is, only a world knows.
#[derive(Debug, Clone)]
pub struct VersionArg {
    pub vault: VaultName,
    pub key: KeyName,
    pub version: Option<String>,
}

impl FromStr for VersionArg {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write vault/key or vault/key/version, like kv-claims/logs-kek".to_owned();
        let (uri, path) = text
            .split_once("/keys/")
            .or_else(|| text.split_once('/'))
            .ok_or_else(wrong)?;
        let (key, version) = match path.split_once('/') {
            Some((key, version)) => (key, Some(version)),
            None => (path, None),
        };
        let bad = key.is_empty() || version.is_some_and(|v| v.is_empty() || v.contains('/'));
        if bad {
            return Err(wrong());
        }
        Ok(VersionArg {
            vault: vault(uri)?,
            key: key.into(),
            version: version.map(str::to_owned),
        })
    }
}

impl FromStr for KeyArg {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse()? {
            VersionArg {
                vault,
                key,
                version: None,
            } => Ok(KeyArg { vault, key }),
            _ => Err("this is about a key as a whole; leave the version out".to_owned()),
        }
    }
}

/// How a key is wrapped, by its name in Key Vault.
pub fn algorithm(text: &str) -> Result<WrapAlgorithm, String> {
    let known = [WrapAlgorithm::RsaOaep256, WrapAlgorithm::RsaOaep];
    known
        .into_iter()
        .find(|a| a.to_string().eq_ignore_ascii_case(text))
        .ok_or_else(|| "known are RSA-OAEP-256 and RSA-OAEP".to_owned())
}

/// A span in whole days.
pub fn days(text: &str) -> Result<Span, String> {
    text.strip_suffix('d')
        .unwrap_or(text)
        .parse::<u32>()
        .map(|days| Span::days(days.into()))
        .map_err(|_| "write a number of days, like 90".to_owned())
}

/// An operation of the activity log, by word, label or wire name.
pub fn operation(text: &str) -> Result<Operation, String> {
    Operation::parse(text).map_err(|e| e.to_string())
}

/// A closed vocabulary: known words complete in the shell, and an unknown one gets the nearest.
macro_rules! words {
    ($type:ty) => {
        clap::builder::TypedValueParser::try_map(
            clap::builder::PossibleValuesParser::new(<$type>::ALL.iter().map(|w| w.word())),
            |word| word.parse::<$type>(),
        )
    };
}
pub(super) use words;

/// Simulated seconds per second; whether time can run so fast, the clock says.
pub fn rate(text: &str) -> Result<u32, String> {
    text.strip_suffix('x')
        .unwrap_or(text)
        .parse()
        .map_err(|_| "write a whole number from 0 (standing) to 86400 (a day in a second)".into())
}

/// A time as people write it: in full, or near the present one.
pub fn moment(now: SimTime, text: &str) -> Result<SimTime, Failure> {
    SimTime::near(now, text).map_err(|error| wrong_moment(&error))
}

pub fn wrong_moment(error: &TimeError) -> Failure {
    Failure::of_form(
        errors::SIM_04
            .says(format!("{}.", scrub(&error.to_string())))
            .target("time")
            .remedy("Write it in one of these forms; an event is written r123."),
    )
}

/// A text that says something.
pub fn text(text: &str) -> Result<Untrusted, String> {
    let text = Untrusted::from(text);
    if text.is_blank() {
        return Err("it is empty".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_named_in_four_forms_and_no_other() {
        let guid = "0f0f0f0f-1234-4abc-8def-0123456789ab";
        for text in ["LB-000042", "42", guid, &format!("LockboxRequest_{guid}")] {
            assert!(text.parse::<RequestArg>().is_ok(), "{text}");
        }
        for text in [
            "",
            "GR-000042",
            "0f0f0f0f-1234",
            "LockboxRequest_42x",
            "LB-",
        ] {
            assert!(text.parse::<RequestArg>().is_err(), "{text}");
        }
    }

    #[test]
    fn keys_and_versions_are_named_short_or_by_address() {
        let id = "0123456789abcdef0123456789abcdef";
        for (text, version) in [
            ("kv/kek".to_owned(), None),
            ("https://kv.vault.azure.net/keys/kek".to_owned(), None),
            (format!("KV/kek/{id}"), Some(id)),
            (
                format!("https://kv.vault.azure.net/keys/kek/{id}"),
                Some(id),
            ),
        ] {
            let read: VersionArg = text.parse().unwrap();
            assert_eq!((read.vault.as_str(), read.key.as_str()), ("kv", "kek"));
            assert_eq!(read.version.as_deref(), version);
            assert_eq!(text.parse::<KeyArg>().is_ok(), version.is_none(), "{text}");
        }
        for text in [
            "",
            "kv",
            "kv/",
            "/kek",
            "kv/kek/",
            "kv/kek/1/2",
            "http://kv/keys/kek",
        ] {
            assert!(text.parse::<VersionArg>().is_err(), "{text}");
        }
    }
}
