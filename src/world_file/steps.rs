//! Which steps a `[[story]]` can have, and the fields of each. What they mean is in `demo-data/README.md`.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::key_story;
use super::people::ASSIGNMENT;
use crate::engine::words::{UnknownWord, words};

words! {
    /// What a step does on a ticket; the fields of each are in `demo-data/README.md`.
    Do {
        Open = "open",
        Say = "say",
        Review = "review",
        TryTools = "try-tools",
        Escalate = "escalate",
        Close = "close",
        Submit = "submit",
        Initiate = "initiate",
        ApproveInternally = "approve-internally",
        DenyInternally = "deny-internally",
        Approve = "approve",
        Deny = "deny",
        Connect = "connect",
        Act = "act",
        End = "end",
        Revoke = "revoke",
        Fail = "fail",
        SetRule = "set-rule",
        SetPlan = "set-plan",
        Enrol = "enrol",
        Assign = "assign",
        Unassign = "unassign",
    }
}

const ASK: &[&str] = &[
    "resources",
    "level",
    "reach",
    "exclusion",
    "duration",
    "justification",
];

impl Do {
    /// Fields beside `do`, `at` and `after`.
    fn fields(self) -> Vec<&'static str> {
        let (by, own): (bool, &[&'static str]) = match self {
            Do::Open => (
                true,
                &[
                    "title",
                    "description",
                    "severity",
                    "problem",
                    "resource",
                    "contact",
                ],
            ),
            Do::Say | Do::Review | Do::Close | Do::Act => (true, &["text"]),
            Do::TryTools => (true, &["text", "sufficed"]),
            Do::Escalate => (true, &["to", "text"]),
            Do::Submit | Do::Initiate => (true, ASK),
            Do::ApproveInternally | Do::DenyInternally | Do::Approve | Do::Deny | Do::Revoke => {
                (true, &["reason"])
            }
            Do::Connect => (true, &["resource"]),
            Do::End => (true, &[]),
            Do::Fail => (false, &[]),
            Do::SetRule => (false, &["name", "value"]),
            Do::SetPlan => (false, &["tenant", "plan"]),
            Do::Enrol => (false, &["tenant"]),
            Do::Assign | Do::Unassign => (false, ASSIGNMENT),
        };
        fields(by, own)
    }

    /// Nobody but a named person can do these; the others default to the engineer on the case.
    fn needs_a_person(self) -> bool {
        matches!(
            self,
            Do::Open
                | Do::ApproveInternally
                | Do::DenyInternally
                | Do::Approve
                | Do::Deny
                | Do::Revoke
        )
    }
}

fn fields(by: bool, own: &[&'static str]) -> Vec<&'static str> {
    let common = ["do", "at", "after"];
    let by = by.then_some("by");
    common
        .into_iter()
        .chain(by)
        .chain(own.iter().copied())
        .collect()
}

/// What a step does: on a ticket, or with vaults, keys, clusters and workspaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Ticket(Do),
    Keys(key_story::Do),
}

impl FromStr for What {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ticket = text.parse().map(What::Ticket);
        ticket
            .or_else(|_| text.parse().map(What::Keys))
            .map_err(|_| UnknownWord::new(text, What::all().map(What::word)))
    }
}

impl What {
    pub fn all() -> impl Iterator<Item = What> + Clone {
        let ticket = Do::ALL.iter().copied().map(What::Ticket);
        ticket.chain(key_story::Do::ALL.iter().copied().map(What::Keys))
    }

    pub fn word(self) -> &'static str {
        match self {
            What::Ticket(what) => what.word(),
            What::Keys(what) => what.word(),
        }
    }

    pub fn fields(self) -> Vec<&'static str> {
        match self {
            What::Ticket(what) => what.fields(),
            What::Keys(what) => fields(what.by_a_person(), what.fields()),
        }
    }

    pub fn needs_a_person(self) -> bool {
        match self {
            What::Ticket(what) => what.needs_a_person(),
            What::Keys(what) => what.by_a_person(),
        }
    }
}

/// Every field that some step has.
pub(super) fn step_fields() -> Vec<&'static str> {
    let all: BTreeSet<&str> = What::all().flat_map(What::fields).collect();
    all.into_iter().collect()
}
