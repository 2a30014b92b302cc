//! `lockbox rules`: every rule the world keeps, the numbers in it, and where they come from.

use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::print::{Block, List, Page, col, field, flex};
use crate::engine::errors::{self, ErrorDef};
use crate::engine::rules::{JitOutcome, JitRule, NUMBERS, Number, Rules, STATEMENTS, Statement};
use crate::engine::words::{did_you_mean, nearest};

pub fn run(id: Option<&str>, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let rules = &session.world().rules;
    let Some(id) = id else {
        return list(rules, context);
    };
    let same = |known: &str| known.eq_ignore_ascii_case(id.trim());
    if let Some(statement) = STATEMENTS.iter().find(|s| same(s.id)) {
        return show(rules, statement, context);
    }
    if let Some(number) = NUMBERS.iter().find(|n| same(n.name))
        && let Some(statement) = STATEMENTS.iter().find(|s| s.id == number.rule)
    {
        return show(rules, statement, context);
    }
    if let Some(error) = errors::ALL.iter().find(|e| same(e.id)) {
        return show_error(error, context);
    }
    let known = STATEMENTS
        .iter()
        .map(|s| s.id)
        .chain(NUMBERS.iter().map(|n| n.name))
        .chain(errors::ALL.iter().map(|e| e.id));
    Err(errors::SIM_03
        .says(format!(
            "There is no rule {}.",
            crate::engine::text::scrub(id)
        ))
        .target("rule")
        .remedy(did_you_mean(
            nearest(id, known),
            "List them: lockbox rules.",
        ))
        .into())
}

fn numbers_of(rule: &str) -> impl Iterator<Item = &'static Number> {
    NUMBERS.iter().filter(move |n| n.rule == rule)
}

fn shape(rules: &Rules, statement: &Statement) -> Value {
    let numbers: Value = numbers_of(statement.id)
        .map(|n| {
            json!({
                "name": n.name, "value": (n.value)(rules), "statement": n.statement, "source": n.source,
            })
        })
        .collect();
    json!({
        "id": statement.id,
        "statement": statement.statement,
        "source": statement.source,
        "numbers": numbers,
    })
}

fn list(rules: &Rules, context: &Context) -> Result<(), Failure> {
    context.list(&List {
        noun: ("rule", "rules"),
        columns: vec![
            col("RULE"),
            flex("STATEMENT"),
            flex("NUMBERS"),
            flex("SOURCE"),
        ],
        csv: &["id", "statement", "numbers", "source"],
        items: STATEMENTS.iter().collect(),
        cells: &|s| {
            let numbers: Vec<String> = numbers_of(s.id)
                .map(|n| format!("{}={}", n.name, (n.value)(rules)))
                .collect();
            vec![
                s.id.to_owned(),
                s.statement.to_owned(),
                numbers.join(", "),
                s.source.to_owned(),
            ]
        },
        json: &|s| shape(rules, s),
        own_shape: false,
        notes: Vec::new(),
    })
}

fn show(rules: &Rules, statement: &Statement, context: &Context) -> Result<(), Failure> {
    let mut blocks = vec![Block::Fields(vec![
        field("statement", statement.statement),
        field("source", statement.source),
    ])];
    let numbers: Vec<Vec<String>> = numbers_of(statement.id)
        .map(|n| {
            vec![
                n.name.to_owned(),
                (n.value)(rules),
                n.statement.to_owned(),
                n.source.to_owned(),
            ]
        })
        .collect();
    if !numbers.is_empty() {
        let columns = vec![col("NAME"), col("VALUE"), flex("STATEMENT"), flex("SOURCE")];
        blocks.push(Block::Table("Numbers", columns, numbers));
    }
    let mut json = shape(rules, statement);
    // What JIT weighs stands in the rules of the world, in the order in which they are tried.
    if matches!(statement.id, "R-LOCK-10" | "R-LOCK-11") {
        let rows = rules.jit_rules.iter().map(jit_rule).collect();
        let columns = vec![
            col("JIT RULE"),
            col("SCOPE FROM"),
            col("LEVEL FROM"),
            col("ISOLATED"),
            col("MFA"),
            col("OUTCOME"),
        ];
        blocks.push(Block::Table(
            "JIT rules, the first that matches decides",
            columns,
            rows,
        ));
        json["jitRules"] = rules.jit_rules.iter().map(jit_shape).collect();
    }
    context.page(&Page {
        head: format!("Rule {}", statement.id),
        blocks,
        json,
    })
}

fn jit_shape(rule: &JitRule) -> Value {
    let (outcome, approver) = match rule.outcome {
        JitOutcome::Clear => ("clear", None),
        JitOutcome::Internal(role) => ("internalApproval", Some(role)),
        JitOutcome::Reject => ("reject", None),
    };
    json!({
        "id": rule.id.as_str(),
        "scopeFrom": rule.scope_from,
        "levelFrom": rule.level_from,
        "isolatedIdentity": rule.isolated_identity,
        "mfa": rule.mfa,
        "outcome": outcome,
        "internalApprover": approver,
    })
}

fn jit_rule(rule: &JitRule) -> Vec<String> {
    let any = || "any".to_owned();
    let yes_no = |want: Option<bool>| match want {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => any(),
    };
    vec![
        rule.id.to_string(),
        rule.scope_from.map_or_else(any, |s| s.to_string()),
        rule.level_from.map_or_else(any, |l| l.to_string()),
        yes_no(rule.isolated_identity),
        yes_no(rule.mfa),
        match &rule.outcome {
            JitOutcome::Clear => "clear".to_owned(),
            JitOutcome::Internal(role) => format!("approval by a {}", role.title()),
            JitOutcome::Reject => "reject".to_owned(),
        },
    ]
}

fn show_error(error: &ErrorDef, context: &Context) -> Result<(), Failure> {
    context.page(&Page {
        head: format!("Error {}", error.id),
        blocks: vec![Block::Fields(vec![
            field("message", error.message),
            field("status", format!("{} {}", error.status, error.code)),
            field("rule", error.rule),
            field("to do", error.remedy),
            field(
                "source",
                if error.sim {
                    "SIM: the code is ours"
                } else {
                    "platform"
                },
            ),
        ])],
        json: json!({
            "id": error.id,
            "status": error.status,
            "code": error.code,
            "rule": error.rule,
            "message": error.message,
            "remedy": error.remedy,
            "sim": error.sim,
        }),
    })
}
