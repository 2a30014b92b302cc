//! Numbers and statements with where they come from.

use super::super::Eye;
use crate::console::rows::{Cell, Column, ItemId, Row, col, data, flex};
use crate::console::theme::Token;
use crate::engine::rules::{NUMBERS, STATEMENTS};

pub const COLUMNS: &[Column] = &[
    col("id", "RULE", 19, 0),
    col("value", "VALUE", 10, 0),
    flex("statement", "STATEMENT", 30, 4, 0),
    flex("source", "SOURCE", 16, 1, 2),
    data("rule"),
];

pub fn ids() -> Vec<ItemId> {
    let numbers = NUMBERS.iter().map(|n| ItemId::Number(n.name));
    numbers
        .chain(STATEMENTS.iter().map(|s| ItemId::Rule(s.id)))
        .collect()
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let cells = match id {
        ItemId::Number(name) => {
            let number = NUMBERS.iter().find(|n| n.name == *name)?;
            vec![
                Cell::new(number.name).tone(Token::Id),
                Cell::named(&(number.value)(&eye.world.rules)).tone(Token::Strong),
                Cell::new(number.statement),
                Cell::new(number.source).tone(Token::Muted),
                Cell::new(number.rule).tone(Token::Muted),
            ]
        }
        ItemId::Rule(rule) => {
            let statement = STATEMENTS.iter().find(|s| s.id == *rule)?;
            vec![
                Cell::new(statement.id).tone(Token::Id),
                Cell::none(),
                Cell::new(statement.statement),
                Cell::new(statement.source).tone(Token::Muted),
                Cell::none(),
            ]
        }
        _ => return None,
    };
    Some(Row {
        id: id.clone(),
        cells,
    })
}
