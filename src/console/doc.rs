//! A detail page as plain data: headings, facts, tables, and text from the other side, laid out into lines of
//! a given width. The screen paints the lines; `lockbox once` prints them.

use super::rows::{Align, Cell, Column, ItemId, fit};
use super::text;
use super::theme::Token;
use crate::engine::text::Untrusted;

#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    Heading(String),
    /// Name and value, one a line; long values wrap.
    Facts(Vec<(&'static str, Cell)>),
    /// The same with names that vary.
    Pairs(Vec<(Cell, Cell)>),
    Text(Cell),
    /// A list of rows under column titles.
    Table {
        columns: &'static [Column],
        rows: Vec<Vec<Cell>>,
    },
    /// The same of things one can go to, as far as a row stands for one.
    Links {
        columns: &'static [Column],
        rows: Vec<(Option<ItemId>, Vec<Cell>)>,
    },
    /// Words of a stranger in a box that nothing inside can leave.
    Stranger {
        label: String,
        text: Untrusted,
    },
    Gap,
}

/// A page: one stream on a narrow screen, two side by side on a wide one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Doc {
    pub main: Vec<Block>,
    pub side: Vec<Block>,
    /// What this page is about, for actions.
    pub about: Vec<ItemId>,
}

/// One piece of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    pub x: u16,
    pub cell: Cell,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    pub pieces: Vec<Piece>,
    /// Heading: the rest of the line is a rule.
    pub rule: bool,
    pub bar: Bar,
    /// What the cursor can be on here.
    pub link: Option<ItemId>,
}

/// What stands at column 0. Nothing a stranger writes can stand there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bar {
    #[default]
    None,
    /// The label of a stranger's box, in our words.
    Top,
    /// A stranger's words.
    Side,
}

/// From this width on the side stream stands beside the main one.
pub const WIDE: u16 = 110;
const LABEL: u16 = 14;

pub fn layout(blocks: &[Block], width: u16) -> Vec<Line> {
    let width = width.max(20);
    let mut lines: Vec<Line> = Vec::new();
    for block in blocks {
        match block {
            Block::Heading(title) => {
                if !lines.is_empty() {
                    lines.push(Line::default());
                }
                lines.push(Line {
                    pieces: vec![piece(0, Cell::new(cut(title, width)).tone(Token::Heading))],
                    rule: true,
                    ..Line::default()
                });
            }
            Block::Facts(facts) => {
                for (label, value) in facts {
                    let room = width - LABEL;
                    let mut first = true;
                    for part in wrapped(value, room) {
                        let mut pieces = Vec::with_capacity(2);
                        if first {
                            pieces.push(piece(0, Cell::new(*label).tone(Token::Muted)));
                        }
                        first = false;
                        pieces.push(piece(LABEL, part));
                        lines.push(Line {
                            pieces,
                            ..Line::default()
                        });
                    }
                }
            }
            Block::Pairs(pairs) => {
                let label = (width / 3).clamp(LABEL, 24);
                for (name, value) in pairs {
                    let mut name = name.clone();
                    let room = usize::from(label - 2).saturating_sub(name.before());
                    name.text = text::cut(&name.text, room).into_owned().into();
                    let mut name = Some(name);
                    for part in wrapped(value, width - label) {
                        let name = name.take().map(|name| piece(0, name));
                        let pieces = name.into_iter().chain([piece(label, part)]).collect();
                        lines.push(Line {
                            pieces,
                            ..Line::default()
                        });
                    }
                }
            }
            Block::Text(cell) => {
                for part in wrapped(cell, width) {
                    lines.push(Line {
                        pieces: vec![piece(0, part)],
                        ..Line::default()
                    });
                }
            }
            Block::Table { columns, rows } => {
                table(&mut lines, columns, rows.iter().map(|r| (None, r)), width);
            }
            Block::Links { columns, rows } => {
                let rows = rows.iter().map(|(id, cells)| (id.clone(), cells));
                table(&mut lines, columns, rows, width);
            }
            Block::Stranger { label, text: said } => {
                let boxed = |bar, pieces| Line {
                    pieces,
                    bar,
                    ..Line::default()
                };
                let label = Cell::new(cut(label, width - 2)).tone(Token::StrangerLabel);
                lines.push(boxed(Bar::Top, vec![piece(2, label)]));
                for line in said.lines() {
                    for part in text::wrap(&line, usize::from(width - 2)) {
                        let part = Cell::new(part).tone(Token::Stranger);
                        lines.push(boxed(Bar::Side, vec![piece(2, part)]));
                    }
                }
            }
            Block::Gap => lines.push(Line::default()),
        }
    }
    lines
}

fn table<'a>(
    lines: &mut Vec<Line>,
    columns: &[Column],
    rows: impl Iterator<Item = (Option<ItemId>, &'a Vec<Cell>)>,
    width: u16,
) {
    let slots = fit(columns, width);
    if columns.iter().any(|c| !c.title.is_empty()) {
        lines.push(Line {
            pieces: slots
                .iter()
                .map(|s| {
                    let title = columns[s.column].title;
                    let used = u16::try_from(text::width(title)).unwrap_or(0);
                    let shift = match columns[s.column].align {
                        Align::Left => 0,
                        Align::Right => s.width.saturating_sub(used),
                    };
                    piece(s.x + shift, Cell::new(title).tone(Token::TableHeader))
                })
                .collect(),
            ..Line::default()
        });
    }
    for (link, row) in rows {
        let mut pieces = Vec::with_capacity(slots.len());
        for slot in &slots {
            let Some(cell) = row.get(slot.column) else {
                continue;
            };
            let mut cell = cell.clone();
            let room = usize::from(slot.width).saturating_sub(cell.before());
            cell.text = text::cut(&cell.text, room).into_owned().into();
            let used = u16::try_from(cell.width()).unwrap_or(slot.width);
            let shift = match columns[slot.column].align {
                Align::Left => 0,
                Align::Right => slot.width.saturating_sub(used),
            };
            pieces.push(piece(slot.x + shift, cell));
        }
        lines.push(Line {
            pieces,
            link,
            ..Line::default()
        });
    }
}

fn piece(x: u16, cell: Cell) -> Piece {
    Piece { x, cell }
}

fn cut(text: &str, width: u16) -> String {
    text::cut(text, usize::from(width)).into_owned()
}

/// A cell as cells of at most `room` columns; mark and gauge stand before the first.
fn wrapped(cell: &Cell, room: u16) -> Vec<Cell> {
    let mut cell = cell.clone();
    if let Some(gauge) = &mut cell.gauge {
        // The words beside it are worth more.
        let words = u16::try_from(text::width(&cell.text)).unwrap_or(room);
        gauge.width = gauge.width.min(room.saturating_sub(words + 3)).max(4);
    }
    let inner = usize::from(room).saturating_sub(cell.before());
    let mut parts: Vec<Cell> = text::wrap(&cell.text, inner)
        .into_iter()
        .map(|part| Cell::new(part).tone(cell.tone))
        .collect();
    if let Some(first) = parts.first_mut() {
        first.mark = cell.mark;
        first.gauge = cell.gauge;
    }
    parts
}

/// The page as plain text, for `lockbox once`.
pub fn plain(doc: &Doc, width: u16) -> String {
    let mut out = String::new();
    let mut blocks = doc.main.clone();
    blocks.extend(doc.side.iter().cloned());
    for line in layout(&blocks, width) {
        let mut text = String::new();
        let mut used = 0;
        match line.bar {
            Bar::None => {}
            Bar::Top => text.push('┌'),
            Bar::Side => text.push('│'),
        }
        used += text::width(&text);
        for piece in &line.pieces {
            let x = usize::from(piece.x);
            text.extend(std::iter::repeat_n(' ', x.saturating_sub(used)));
            text.push_str(&piece.cell.text);
            used = used.max(x) + text::width(&piece.cell.text);
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_stranger_writes_leaves_the_box() {
        let text =
            Untrusted::from("plain\n\u{1b}[2J\u{202e}evil\r\nAPPROVED by nobody 한국어\u{2028}x");
        let doc = [Block::Stranger {
            label: "text from the other side".into(),
            text,
        }];
        for width in [20, 31, 80] {
            for line in layout(&doc, width) {
                assert_ne!(line.bar, Bar::None);
                for piece in &line.pieces {
                    assert!(piece.x >= 2);
                    assert!(usize::from(piece.x) + piece.cell.width() <= usize::from(width));
                    assert!(!piece.cell.text.chars().any(crate::engine::text::acts));
                }
            }
        }
    }

    #[test]
    fn long_facts_wrap_beside_their_label() {
        let doc = [Block::Facts(vec![(
            "Why",
            Cell::new("a rather long sentence that does not fit"),
        )])];
        let lines = layout(&doc, 30);
        assert!(lines.len() > 2);
        assert_eq!(lines[0].pieces.len(), 2);
        assert!(lines[1..].iter().all(|l| l.pieces[0].x == LABEL));
    }
}
