//! Whom one can act as: the observer, then everybody in this world.

use super::super::rows::{Cell, Column, ItemId, Row, col, flex};
use super::super::theme::Token;
use super::{Eye, shared};
use crate::engine::Actor;
use crate::engine::people::Side;

pub const COLUMNS: &[Column] = &[
    flex("name", "NAME", 16, 2, 0),
    flex("position", "WHO THEY ARE", 20, 4, 1),
    col("person", "ID", 18, 2),
];

/// Customers by organisation, then the vendor's staff; those whose name, id or position has `filter`.
pub fn ids(eye: Eye, filter: &str) -> Vec<ItemId> {
    let mut people: Vec<_> = eye.world.people.persons.values().collect();
    people.sort_by_key(|p| match &p.side {
        Side::Customer(tenant) => (0, tenant.to_string(), p.id.clone()),
        Side::Vendor(role) => (1, role.to_string(), p.id.clone()),
    });
    let all = std::iter::once(ItemId::Observer)
        .chain(people.into_iter().map(|p| ItemId::Person(p.id.clone())));
    let needle = filter.to_lowercase();
    all.filter(|id| {
        needle.is_empty()
            || row(eye, id).is_some_and(|row| {
                row.cells
                    .iter()
                    .any(|c| c.text.to_lowercase().contains(&needle))
            })
    })
    .collect()
}

pub fn row(eye: Eye, id: &ItemId) -> Option<Row> {
    let cells = match id {
        ItemId::Observer => vec![
            Cell::new("Observer").tone(Token::Strong),
            Cell::new("sees everything, does nothing"),
            Cell::new("observer").tone(Token::Muted),
        ],
        ItemId::Person(person) => vec![
            shared::person(eye.world, person),
            Cell::new(shared::position_in_brief(eye.world, person)),
            Cell::new(person.to_string()).tone(Token::Muted),
        ],
        _ => return None,
    };
    Some(Row {
        id: id.clone(),
        cells,
    })
}

pub fn actor(id: &ItemId) -> Option<Actor> {
    match id {
        ItemId::Observer => Some(Actor::Observer),
        ItemId::Person(person) => Some(Actor::Person(person.clone())),
        _ => None,
    }
}
