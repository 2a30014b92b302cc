//! The one shape of "no": what the key bar, the palette, `--dry-run`, the command line and (later) the REST
//! face print. Whoever wants to know whether something may be done runs `decide` and reads this value.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::scrub;
use super::time::SimTime;

/// Why the world will not do it. Every text in it is scrubbed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Id in the error catalogue, `E-…` (`domain.md` §e, or `engine/errors.rs` for extensions).
    pub id: String,
    /// HTTP status a REST face answers with.
    pub status: u16,
    /// Azure Resource Manager error code.
    pub code: String,
    /// One sentence: what is wrong.
    pub message: String,
    /// The field, resource or id at fault.
    pub target: Option<String>,
    /// The rule (`R-…`) behind it.
    pub rule: String,
    /// What to do next.
    pub remedy: String,
    /// When time alone cures it.
    pub allowed_from: Option<SimTime>,
    /// `additionalInfo[].info.currentStatus` of a Lockbox error.
    pub current_status: Option<String>,
    /// `innererror.code` of a Key Vault error.
    pub inner: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(scrub(&target.into()).into_owned());
        self
    }
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = scrub(&remedy.into()).into_owned();
        self
    }
    pub fn allowed_from(mut self, at: SimTime) -> Self {
        self.allowed_from = Some(at);
        self
    }
    /// Another rule than the one usually behind this error.
    pub fn rule(mut self, rule: &str) -> Self {
        self.rule = rule.to_owned();
        self
    }
    pub fn inner(mut self, code: &str) -> Self {
        self.inner = Some(code.to_owned());
        self
    }
    pub fn current_status(mut self, status: impl Into<String>) -> Self {
        self.current_status = Some(status.into());
        self
    }
}
