//! How things are named. Text ids are chosen by the world file; numbers are dealt by the engine in order, so
//! the same commands give the same ids. The GUIDs of the wire are derived from the seed, never stored.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Text that is an id; how two of them compare is said beside it.
macro_rules! text {
    ($($(#[$attribute:meta])* $name:ident)*) => {$(
        $(#[$attribute])*
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(#[serde(deserialize_with = "crate::sharing::text")] pub Arc<str>);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&super::text::scrub(&self.0))
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                $name(text.into())
            }
        }
        impl From<String> for $name {
            fn from(text: String) -> Self {
                $name(text.into())
            }
        }
    )*};
}

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident)*) => {text! {$(
        $(#[$doc])*
        #[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
        $name
    )*}};
}

text_id! {
    /// An organisation, `contoso`.
    TenantId
    /// A person by short name, `minji.kim`.
    PersonId
    /// A group of persons of one tenant.
    GroupId
    /// A management group above subscriptions.
    ManagementGroupId
    /// A subscription by short name, `contoso-prod`.
    SubscriptionId
    /// `subscription/resource-group/name`; the ARM path is derived.
    ResourceId
    /// A scripted course of events in the world file.
    StoryId
    /// A JIT rule by name.
    JitRuleId
    /// A key vault by its name, which is its DNS label: lower case, unique in the whole cloud.
    VaultName
    /// A version of a key: 32 hexadecimal digits (R-KV-06).
    KeyVersionId
    /// A table of a workspace. Names compare with case, as in the Kusto Query Language.
    TableName
}

text! {
    /// A key of a vault, by its name there. It stays as its maker wrote it and compares without case
    /// (domain.md §f).
    KeyName
}

/// Why a piece of text is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {kind}; write it like {example}")]
pub struct IdError {
    pub text: String,
    pub kind: &'static str,
    pub example: &'static str,
}

macro_rules! number_id {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal, $example:literal)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "-{:06}"), self.0)
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            /// Accepts the full form in any case and the bare number.
            fn from_str(text: &str) -> Result<Self, IdError> {
                let trimmed = text.trim();
                let digits = trimmed
                    .get(..$prefix.len() + 1)
                    .filter(|head| head.eq_ignore_ascii_case(concat!($prefix, "-")))
                    .map_or(trimmed, |head| &trimmed[head.len()..]);
                let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                all_digits
                    .then(|| digits.parse().ok().map($name))
                    .flatten()
                    .ok_or_else(|| IdError { text: text.to_owned(), kind: $kind, example: $example })
            }
        }
        text_or_number!($name, u32);
    )*};
}

macro_rules! text_or_number {
    ($name:ident, $number:ty) => {
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                if s.is_human_readable() {
                    s.collect_str(self)
                } else {
                    self.0.serialize(s)
                }
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                if d.is_human_readable() {
                    let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    <$number>::deserialize(d).map($name)
                }
            }
        }
    };
}

number_id! {
    /// A JIT access request.
    JitId, "JIT", "JIT request", "JIT-000042"
    /// A Lockbox request. On the wire its GUID stands for it.
    RequestId, "LB", "Lockbox request", "LB-000042"
    /// An access grant.
    GrantId, "GR", "grant", "GR-000042"
    /// A mail in the outbox.
    MailId, "ML", "mail", "ML-000042"
    /// An asynchronous operation. On the wire its GUID stands for it.
    OperationId, "OP", "operation", "OP-000042"
    /// A system-assigned managed identity; one belongs to one resource (R-CMK-08). On the wire its GUIDs
    /// (principal id, cluster id) stand for it.
    IdentityId, "MI", "managed identity", "MI-000042"
    /// A storage account of a dedicated cluster.
    AccountId, "SA", "cluster storage account", "SA-000042"
    /// An account encryption key.
    AekId, "AEK", "account encryption key", "AEK-000042"
    /// A sealed file of log records.
    SegmentId, "SEG", "segment", "SEG-000042"
}

/// The Service Request ID: 15 digits, `1YYMMDD` and an eight-digit running number (f.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TicketId(pub u64);

impl TicketId {
    pub fn new(yymmdd: u64, number: u32) -> Self {
        TicketId((1_000_000 + yymmdd) * 100_000_000 + u64::from(number))
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:015}", self.0)
    }
}

impl FromStr for TicketId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let digits = text.trim();
        (digits.len() == 15 && digits.bytes().all(|b| b.is_ascii_digit()))
            .then(|| digits.parse().ok().map(TicketId))
            .flatten()
            .ok_or_else(|| IdError {
                text: text.to_owned(),
                kind: "service request id",
                example: "120112200000042",
            })
    }
}
text_or_number!(TicketId, u64);

impl AekId {
    /// The account key of the shared Log Analytics store, which is the provider's own. Clusters are dealt
    /// theirs from 1.
    pub const SHARED: AekId = AekId(0);
}

impl VaultName {
    /// Vault names compare without case.
    pub fn new(text: &str) -> VaultName {
        VaultName(text.to_ascii_lowercase().into())
    }
}

impl KeyName {
    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|b| b.to_ascii_lowercase())
    }
}

impl PartialEq for KeyName {
    fn eq(&self, other: &KeyName) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for KeyName {}

impl PartialOrd for KeyName {
    fn partial_cmp(&self, other: &KeyName) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for KeyName {
    fn cmp(&self, other: &KeyName) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl Hash for KeyName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_ascii_lowercase().hash(state);
    }
}

impl ResourceId {
    /// The three parts of `subscription/resource-group/name`.
    pub fn parts(&self) -> (SubscriptionId, &str, &str) {
        let mut parts = self.0.splitn(3, '/');
        let mut part = || parts.next().unwrap_or_default();
        (part().into(), part(), part())
    }

    pub fn subscription(&self) -> SubscriptionId {
        self.parts().0
    }

    /// The last part, as it is; scrub it before it reaches a sink.
    pub fn name(&self) -> &str {
        self.parts().2
    }
}

/// The number of an event in the journal; 0 is the empty world.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    pub fn next(self) -> Revision {
        Revision(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_in_every_form_a_person_types() {
        for text in ["LB-000042", "lb-000042", "42", "LB-42"] {
            assert_eq!(text.parse::<RequestId>().unwrap(), RequestId(42));
        }
        for text in ["", "LB-", "LB", "GR-42", "-1", "4 2", "99999999999", "한"] {
            assert!(text.parse::<RequestId>().is_err(), "{text:?} passed");
        }
        let ticket = TicketId::new(201_122, 42);
        assert_eq!(ticket.to_string(), "120112200000042");
        assert_eq!(ticket.to_string().parse::<TicketId>().unwrap(), ticket);
    }
}
