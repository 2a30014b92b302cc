//! What happened and why, told once: the events of the record as a list, the causes of something as a page, and two
//! futures side by side. What they tell stays as it was when it was asked for.

use std::sync::Arc;

use super::Eye;
use crate::console::doc::{Block, Doc};
use crate::console::rows::{Cell, Column, ItemId, Mark, Row, col, flex, right};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::compare::{self, Comparison, Figure};
use crate::engine::projections::meaning;
use crate::engine::projections::sentence::sentence;
use crate::engine::projections::why::Seen;
use crate::engine::{Event, Span};

/// Something told; equal only to itself.
#[derive(Debug)]
pub struct Told<T>(Arc<T>);

impl<T> Told<T> {
    pub fn new(what: T) -> Told<T> {
        Told(Arc::new(what))
    }
}

impl<T> Clone for Told<T> {
    fn clone(&self) -> Told<T> {
        Told(self.0.clone())
    }
}

impl<T> PartialEq for Told<T> {
    fn eq(&self, other: &Told<T>) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Eq for Told<T> {}

pub const COLUMNS: &[Column] = &[
    col("event", "EVENT", 8, 0),
    col("at", "AT", 19, 1),
    col("rule", "RULE", 9, 2),
    flex("what", "WHAT HAPPENED", 20, 1, 0),
];

/// Latest first.
pub fn ids(events: &Told<Vec<Event>>) -> Vec<ItemId> {
    let numbers = events.0.iter().rev().map(|e| ItemId::Event(e.revision));
    numbers.collect()
}

pub fn row(eye: Eye, events: &Told<Vec<Event>>, id: &ItemId) -> Option<Row> {
    let ItemId::Event(revision) = id else {
        return None;
    };
    let place = events
        .0
        .binary_search_by_key(revision, |e| e.revision)
        .ok()?;
    let event = &events.0[place];
    let says = Cell::new(sentence(eye.world, event));
    let says = match meaning::is_consequence(event) {
        true => says.mark(Mark::Info).tone(Token::Strong),
        false => says.mark(Mark::Off).tone(Token::Muted),
    };
    Some(Row {
        id: id.clone(),
        cells: vec![
            Cell::new(revision.to_string()).tone(Token::Id),
            Cell::new(event.at.to_seconds()).tone(Token::Time),
            rule(&event.fact),
            says,
        ],
    })
}

fn rule(fact: &crate::engine::Fact) -> Cell {
    meaning::rule(fact).map_or_else(Cell::none, |rule| Cell::new(rule.id).tone(Token::Accent))
}

const CHAIN: &[Column] = &[
    col("event", "EVENT", 8, 0),
    col("at", "AT", 19, 1),
    flex("what", "WHAT HAPPENED, LATEST FIRST", 24, 1, 0),
];
const RULES: &[Column] = &[
    col("rule", "RULE", 9, 0),
    flex("says", "SAYS", 20, 3, 0),
    flex("source", "SOURCE", 12, 1, 1),
];

pub fn why(seen: &Told<Seen>) -> Doc {
    let steps = &seen.0.steps;
    let began = Cell::new(seen.0.beginning());
    if steps.is_empty() {
        return Doc {
            main: vec![Block::Text(began)],
            ..Doc::default()
        };
    }
    let chain = steps.iter().map(|step| {
        let cells = vec![
            Cell::new(step.event.revision.to_string()).tone(Token::Id),
            Cell::new(step.event.at.to_seconds()).tone(Token::Time),
            Cell::new(step.sentence.clone()),
        ];
        (Some(ItemId::Event(step.event.revision)), cells)
    });
    let mut rules: Vec<(Option<ItemId>, Vec<Cell>)> = Vec::new();
    for rule in steps.iter().filter_map(|step| step.rule) {
        let id = ItemId::Rule(rule.id);
        if rules.iter().all(|(known, _)| known.as_ref() != Some(&id)) {
            let cells = vec![
                Cell::new(rule.id).tone(Token::Accent),
                Cell::new(rule.statement),
                Cell::new(rule.source).tone(Token::Muted),
            ];
            rules.push((Some(id), cells));
        }
    }
    let mut main = vec![
        Block::Heading("Why".into()),
        Block::Text(began.tone(Token::Strong)),
    ];
    // In full, as a row of the chain may be cut: what is so, and what led to it.
    let ends = steps
        .first()
        .into_iter()
        .chain(steps.get(1..).and_then(<[_]>::last));
    main.extend(ends.map(|step| Block::Text(Cell::new(step.sentence.clone()))));
    main.extend([
        Block::Gap,
        Block::Links {
            columns: CHAIN,
            rows: chain.collect(),
        },
    ]);
    if !rules.is_empty() {
        main.extend([
            Block::Gap,
            Block::Heading("The rules".into()),
            Block::Links {
                columns: RULES,
                rows: rules,
            },
        ]);
    }
    Doc {
        main,
        ..Doc::default()
    }
}

const SIDES: &[Column] = &[
    flex("figure", "FIGURE", 24, 1, 0),
    right("live", "AS IT IS", 14, 0),
    right("branch", "IN THE BRANCH", 14, 0),
    right("difference", "DIFFERENCE", 16, 0),
];

pub fn compared(both: &Told<Comparison>) -> Doc {
    let both = &*both.0;
    let (differ, same): (Vec<_>, Vec<_>) = both.rows.iter().partition(|row| row.left != row.right);
    let cells = |rows: Vec<&compare::Row>| rows.into_iter().map(side).collect();
    let head = format!(
        "Two futures at {} UTC; they parted at {} UTC.",
        both.at.to_seconds(),
        both.since.to_seconds()
    );
    let digest = |n: usize| {
        let short = text::digest(&both.digests[n]);
        Cell::new(format!("{short} at {}", both.revisions[n])).tone(Token::Id)
    };
    let mut main = vec![
        Block::Heading("Side by side".into()),
        Block::Text(Cell::new(head).tone(Token::Strong)),
        Block::Gap,
    ];
    if differ.is_empty() {
        main.push(Block::Text(
            Cell::new("Nothing differs yet.").mark(Mark::Off),
        ));
    } else {
        main.push(Block::Table {
            columns: SIDES,
            rows: cells(differ),
        });
    }
    main.extend([
        Block::Gap,
        Block::Heading("The same in both".into()),
        Block::Table {
            columns: SIDES,
            rows: cells(same),
        },
        Block::Gap,
        Block::Facts(vec![
            ("Live digest", digest(0)),
            ("Branch digest", digest(1)),
        ]),
    ]);
    Doc {
        main,
        ..Doc::default()
    }
}

fn side(row: &compare::Row) -> Vec<Cell> {
    let figure = |n: u128| match row.figure {
        Figure::Bytes => text::bytes(n),
        Figure::Count => text::count(u64::try_from(n).unwrap_or(u64::MAX)),
        Figure::Time => Span(i64::try_from(n).unwrap_or(i64::MAX)).brief(),
    };
    let more = row.right > row.left;
    let difference = match row.left.abs_diff(row.right) {
        0 => Cell::none(),
        n => {
            let sign = if more { "+" } else { "-" };
            let cell = Cell::new(format!("{sign}{}", figure(n)));
            match (row.loss, more) {
                (false, _) => cell.mark(Mark::Info),
                (true, true) => cell.mark(Mark::Bad).tone(Token::Danger),
                (true, false) => cell.mark(Mark::Ok).tone(Token::Ok),
            }
        }
    };
    vec![
        Cell::new(row.what.clone()),
        Cell::new(figure(row.left)).tone(Token::Number),
        Cell::new(figure(row.right)).tone(Token::Number),
        difference,
    ]
}
