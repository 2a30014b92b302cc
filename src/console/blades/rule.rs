//! One rule in full, with the numbers that belong to it.

use super::super::doc::{Block, Doc};
use super::super::rows::{Cell, ItemId};
use super::super::theme::Token;
use super::Eye;
use crate::engine::rules::{JitOutcome, NUMBERS, STATEMENTS};

/// The id of a rule or the name of a number, as the tables have it.
pub fn find(text: &str) -> Option<&'static str> {
    let ids = STATEMENTS.iter().map(|s| s.id);
    ids.chain(NUMBERS.iter().map(|n| n.name))
        .find(|id| id.eq_ignore_ascii_case(text))
}

pub fn doc(eye: Eye, id: &'static str) -> Doc {
    let number = NUMBERS.iter().find(|n| n.name == id);
    let rule = number.map_or(id, |n| n.rule);
    let mut main = vec![Block::Heading(id.to_owned())];
    if let Some(number) = number {
        main.push(Block::Facts(vec![
            (
                "Value",
                Cell::named(&(number.value)(&eye.world.rules)).tone(Token::Strong),
            ),
            ("What", Cell::new(number.statement)),
            ("Source", Cell::new(number.source).tone(Token::Muted)),
        ]));
        main.push(Block::Heading(format!("Keeps {rule}")));
    }
    if let Some(statement) = STATEMENTS.iter().find(|s| s.id == rule) {
        main.push(Block::Facts(vec![
            ("Statement", Cell::new(statement.statement)),
            ("Source", Cell::new(statement.source).tone(Token::Muted)),
        ]));
    }
    if number.is_none() {
        let numbers: Vec<(&'static str, Cell)> = NUMBERS
            .iter()
            .filter(|n| n.rule == rule)
            .flat_map(|n| {
                [
                    ("Number", Cell::new(n.name).tone(Token::Id)),
                    (
                        "Value",
                        Cell::named(&(n.value)(&eye.world.rules)).tone(Token::Strong),
                    ),
                ]
            })
            .collect();
        if !numbers.is_empty() {
            main.push(Block::Heading("Its numbers".into()));
            main.push(Block::Facts(numbers));
        }
    }
    if matches!(rule, "R-LOCK-10" | "R-LOCK-11") {
        main.push(Block::Heading(
            "JIT rules in force, first match decides".into(),
        ));
        for rule in &eye.world.rules.jit_rules {
            let outcome = match &rule.outcome {
                JitOutcome::Clear => "clear".to_owned(),
                JitOutcome::Internal(role) => format!("internal approval by a {}", role.title()),
                JitOutcome::Reject => "reject".to_owned(),
            };
            let mut conditions = Vec::new();
            if let Some(scope) = rule.scope_from {
                conditions.push(format!("from scope {scope}"));
            }
            if let Some(level) = rule.level_from {
                conditions.push(format!("from level {level}"));
            }
            for (what, wanted) in [
                ("isolated identity", rule.isolated_identity),
                ("multi-factor authentication", rule.mfa),
            ] {
                if let Some(wanted) = wanted {
                    conditions.push(format!(
                        "{} {what}",
                        if wanted { "with" } else { "without" }
                    ));
                }
            }
            if conditions.is_empty() {
                conditions.push("any other".to_owned());
            }
            main.push(Block::Text(Cell::new(rule.id.to_string()).tone(Token::Id)));
            main.push(Block::Text(Cell::new(format!(
                "  {}: {outcome}",
                conditions.join(", ")
            ))));
        }
    }
    Doc {
        main,
        side: Vec::new(),
        about: vec![ItemId::Rule(id)],
    }
}
