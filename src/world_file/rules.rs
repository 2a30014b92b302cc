//! `[rules]` and `[[jit_rule]]`: the numbers and the JIT rules a world changes.

use super::build::Build;
use super::reader::{Fields, Placed, Reader};
use crate::engine::people::VendorRole;
use crate::engine::rules::{Command, JitOutcome, JitRule, NUMBERS};
use crate::engine::text::scrub;
use crate::engine::words::nearest;

/// `[rules]`: one number a line, by its name.
pub(super) fn numbers(build: &mut Build<'_>, root: &Fields<'_>) {
    let names: Vec<&str> = NUMBERS.iter().map(|n| n.name).collect();
    let Some(rules) = root.table("rules", &names) else {
        return;
    };
    for (name, value) in rules.entries() {
        if !names.contains(&name.value) {
            continue;
        }
        if let Some(value) = value {
            let single = Command::Set {
                name: name.value.to_owned(),
                value: value.value.to_owned(),
            };
            build.put(&rules, single);
        }
    }
}

/// Whether there is a number of this name; reported when not.
pub(super) fn knows_number(reader: &Reader, name: &Placed<&str>) -> bool {
    let known = NUMBERS.iter().any(|n| n.name == name.value);
    if !known {
        reader.wrong(
            name.at,
            &name.field,
            format!("There is no number {} in the rules.", scrub(name.value)),
            nearest(name.value, NUMBERS.iter().map(|n| n.name)),
        );
    }
    known
}

const JIT_RULE: &[&str] = &[
    "id",
    "scope_from",
    "level_from",
    "isolated_identity",
    "mfa",
    "then",
    "approver",
];

/// `[[jit_rule]]`: when there is one, they replace the built-in ones; the first match decides.
pub(super) fn jit_rules(build: &mut Build<'_>, root: &Fields<'_>) {
    let tables = root.tables("jit_rule", JIT_RULE);
    let mut rules = imbl::Vector::new();
    for r in &tables {
        let scope_from = r.word("scope_from");
        let level_from = r.word("level_from");
        let outcome = outcome(r);
        if let (Some(id), Some(outcome)) = (r.name("id"), outcome) {
            if rules
                .iter()
                .any(|known: &JitRule| known.id.as_str() == id.value)
            {
                r.wrong(
                    "id",
                    format!("The JIT rule {} exists already.", id.value),
                    None,
                );
            }
            rules.push_back(JitRule {
                id: id.value.into(),
                scope_from,
                level_from,
                isolated_identity: r.optional_flag("isolated_identity"),
                mfa: r.optional_flag("mfa"),
                outcome,
            });
        }
    }
    if let Some(first) = tables.first() {
        build.put(first, Command::SetJitRules(rules));
    }
}

fn outcome(r: &Fields<'_>) -> Option<JitOutcome> {
    let then = r.required("then")?;
    if r.has("approver") && then.value != "internal-approval" {
        r.wrong(
            "approver",
            "Only then = \"internal-approval\" has an approver.",
            None,
        );
    }
    match then.value {
        "clear" => Some(JitOutcome::Clear),
        "reject" => Some(JitOutcome::Reject),
        "internal-approval" => r
            .required_word::<VendorRole>("approver")
            .map(JitOutcome::Internal),
        other => {
            let words = ["clear", "internal-approval", "reject"];
            r.wrong(
                "then",
                format!(
                    "{:?} is not known; known are {}.",
                    scrub(other),
                    words.join(", ")
                ),
                nearest(other, words.into_iter()),
            );
            None
        }
    }
}
