//! A blade in lines for an ear: each row with its number and each value with its name, nothing drawn.

use crate::console::app::{App, Ctx};
use crate::console::blades::query::{Answered, Shown, State};
use crate::console::blades::{Blade, shared};
use crate::console::doc::Block;
use crate::console::rows::{Cell, Column, ItemId, Width};
use crate::console::text;
use crate::engine::text::scrub;
use crate::engine::{Actor, Refusal};

/// Rows of a list that are told at once.
pub const ROWS: usize = 50;
/// Longest value in a list, in columns; the page of the thing has all of it.
const LONGEST: usize = 160;
/// Rows of an answer that are told; a file holds all.
const ANSWER: usize = 100;

/// Nothing acts, and what is only a drawing is one word.
pub fn calm(line: &str) -> String {
    let clean = scrub(line);
    if !clean.chars().any(draws) {
        return clean.into_owned();
    }
    let mut out = String::with_capacity(clean.len());
    let mut drawing = false;
    for c in clean.chars() {
        match draws(c) {
            true if !drawing => out.push_str("(drawing)"),
            true => {}
            false => out.push(c),
        }
        drawing = draws(c);
    }
    out
}

/// Boxes, blocks, shapes and braille: read aloud, character by character, they are noise.
fn draws(c: char) -> bool {
    matches!(c, '\u{2500}'..='\u{25ff}' | '\u{2800}'..='\u{28ff}')
}

/// That it is an exercise, when it is and whether time runs, where in time one is, and who one is.
pub fn head(app: &App, ctx: &Ctx) -> Vec<String> {
    let name = shared::actor_name(ctx.world, &app.actor);
    let position = match &app.actor {
        Actor::Person(id) => shared::position(ctx.world, id),
        _ => "only looks".to_owned(),
    };
    vec![
        format!("SIMULATION. {}", time(app, ctx)),
        format!("You act as {name}, {position}."),
    ]
}

pub fn time(app: &App, ctx: &Ctx) -> String {
    let mut said = format!("{} UTC", ctx.now.to_seconds());
    match &app.at.past {
        Some(past) => said.push_str(&format!(", the past: {} of {}", past.revision, past.head)),
        None if ctx.clock.paused => said.push_str(", time is paused"),
        None if ctx.clock.running => said.push_str(&format!(", time runs {}x", ctx.clock.rate)),
        None => said.push_str(", time stands"),
    }
    if let Some(parted) = &app.at.branch {
        said.push_str(&format!(", in a branch of {}", parted.revision));
    }
    said.push('.');
    said
}

/// The blade that is open; of a list the rows from a place on.
pub fn blade(app: &App, ctx: &Ctx, from: usize) -> Vec<String> {
    let page = app.page();
    let mut lines = Vec::new();
    let title = page.blade.title();
    if let Some(no) = &page.refusal {
        lines.push(format!("{title}."));
        lines.extend(refusal(no));
        return lines;
    }
    let eye = app.eye(ctx);
    let listed = page.blade.is_list();
    let filter = match page.view.filter.is_empty() {
        true => String::new(),
        false => format!(" with {:?}, of {}", page.view.filter, page.total),
    };
    match (listed, page.ids.len()) {
        (true, 1) => lines.push(format!("{title}: 1 row{filter}.")),
        (true, n) => lines.push(format!("{title}: {n} rows{filter}.")),
        (false, _) => lines.push(format!("{title}.")),
    }
    match &page.blade {
        Blade::Query(id) => lines.extend(query(app, ctx, id)),
        Blade::Blocks(id) => lines.extend(block(app, *id)),
        Blade::Overview => lines.push(figures(app)),
        _ => {}
    }
    if !listed || matches!(page.blade, Blade::Revocation(_)) {
        if !matches!(page.blade, Blade::Query(_))
            && let Ok(doc) = page.blade.doc(eye)
        {
            let numbered = |id: &ItemId| page.ids.iter().position(|i| i == id);
            lines.extend(blocks(doc.main.iter().chain(&doc.side), &numbered));
        }
        return lines;
    }
    if page.ids.is_empty() {
        let (what, next) = match page.view.filter.is_empty() {
            true => page.blade.emptiness(),
            false => ("No row has these words.", "/ alone shows all rows again."),
        };
        lines.extend([what.to_owned(), next.to_owned()]);
    }
    let columns = page.blade.columns();
    for (n, id) in page.ids.iter().enumerate().skip(from).take(ROWS) {
        if let Some(row) = page.blade.row(eye, id) {
            let cells = row.cells.into_iter().map(|cell| Cell {
                text: text::cut(&cell.text, LONGEST).into_owned().into(),
                ..cell
            });
            let cells: Vec<Cell> = cells.collect();
            lines.push(format!("{}. {}", n + 1, pairs(columns, &cells)));
        }
    }
    match page.ids.len().saturating_sub(from + ROWS) {
        0 => {}
        left => lines.push(format!("{left} more; more tells the next.")),
    }
    if page.blade == Blade::Overview {
        lines.extend(around(app, ctx));
    }
    lines
}

/// The figures of the overview.
fn figures(app: &App) -> String {
    let s = &app.page().summary;
    format!(
        "{} to decide, {} waiting, {} with access, {} open tickets, {} decided, {} expired, {} operations run.",
        s.mine, s.waiting, s.in_force, s.open_tickets, s.decided, s.expired, s.running
    )
}

/// What comes next and what is wrong.
fn around(app: &App, ctx: &Ctx) -> Vec<String> {
    let summary = &app.page().summary;
    let next = summary.next.iter().map(|(at, what)| {
        let left = ctx.now.until(*at).brief();
        format!("Next, in {left}: {}.", what.text)
    });
    let warnings = summary.warnings.iter();
    next.chain(warnings.map(|w| format!("Warning: {}.", w.text)))
        .collect()
}

/// `LB-000011, left: 39m 57s, level: operator`. What leads needs no name.
pub fn pairs(columns: &[Column], cells: &[Cell]) -> String {
    let told = columns.iter().zip(cells).enumerate();
    let told = told.filter(|(_, (column, cell))| {
        column.width != Width::Data && !matches!(cell.text.as_ref(), "" | "–")
    });
    let told: Vec<String> = told
        .map(|(i, (column, cell))| match column.title {
            "" => whole(&cell.text),
            _ if i == 0 => whole(&cell.text),
            title => format!("{}: {}", title.to_lowercase(), whole(&cell.text)),
        })
        .collect();
    told.join(", ")
}

/// A value that could be heard as several stands in quotes it cannot leave.
fn whole(text: &str) -> String {
    let splits = [", ", ": ", "“", "”"].iter().any(|s| text.contains(s));
    match splits {
        true => format!("“{}”", text.replace(['“', '”'], "\"")),
        false => text.to_owned(),
    }
}

/// A page, block by block; `numbered` knows the links.
pub fn blocks<'a>(
    blocks: impl IntoIterator<Item = &'a Block>,
    numbered: &dyn Fn(&ItemId) -> Option<usize>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for block in blocks {
        match block {
            Block::Heading(title) if title.ends_with('?') => lines.push(title.clone()),
            Block::Heading(title) => lines.push(format!("{title}:")),
            Block::Facts(facts) => {
                let facts = facts.iter().filter(|(_, value)| !value.text.is_empty());
                lines.extend(facts.map(|(name, value)| format!("{name}: {}", value.text)));
            }
            Block::Pairs(pairs) => {
                lines.extend(pairs.iter().map(|(n, v)| format!("{}: {}", n.text, v.text)));
            }
            Block::Text(cell) => lines.push(cell.text.to_string()),
            Block::Table { columns, rows } => {
                lines.extend(rows.iter().map(|row| pairs(columns, row)));
            }
            Block::Links { columns, rows } => lines.extend(rows.iter().map(|(id, row)| {
                let said = pairs(columns, row);
                match id.as_ref().and_then(numbered) {
                    Some(n) => format!("{}. {said}", n + 1),
                    None => said,
                }
            })),
            // A stranger's line never begins where ours do.
            Block::Stranger { label, text } => {
                lines.push(format!("{label}:"));
                lines.extend(text.lines().map(|line| format!("> {line}")));
            }
            Block::Gap => {}
        }
    }
    lines
}

/// What, which rule, what to do.
pub fn refusal(no: &Refusal) -> Vec<String> {
    let mut lines = vec![
        no.to_string(),
        format!("{} {}, {}, rule {}.", no.status, no.code, no.id, no.rule),
        scrub(&no.remedy).into_owned(),
    ];
    if let Some(at) = no.allowed_from {
        lines.push(format!("Allowed from {} UTC.", at.to_seconds()));
    }
    lines
}

fn query(app: &App, ctx: &Ctx, id: &crate::engine::ids::ResourceId) -> Vec<String> {
    let state = app.desks.get(id).map_or(&State::Idle, |desk| &desk.state);
    match state {
        State::Idle => {
            let mut lines = vec![
                "run asks for a query on one line, such as: AppRequests | summarize count() by ResultCode"
                    .to_owned(),
            ];
            for (name, table) in ctx.world.logs.tables_of(id) {
                let rows: u64 = ctx.world.logs.segments_of(table).map(|s| s.rows).sum();
                if rows > 0 {
                    lines.push(format!("Table {name}: {} records.", text::count(rows)));
                }
            }
            lines
        }
        State::Running { .. } => vec!["The query runs.".to_owned()],
        State::Ended(Answered::Cells(shown)) => answer(shown),
        State::Ended(Answered::Mistakes(mistakes)) => {
            mistakes.iter().map(ToString::to_string).collect()
        }
        State::Ended(Answered::Refused(no)) => refusal(no),
        State::Ended(Answered::Broken(why)) => vec![why.clone()],
    }
}

fn answer(shown: &Shown) -> Vec<String> {
    let rows = text::count(shown.rows as u64);
    let mut lines = vec![match shown.rows {
        1 => "The answer has 1 row.".to_owned(),
        _ => format!("The answer has {rows} rows."),
    }];
    if let Some(why) = &shown.why {
        lines.push(format!(
            "Partial: {} segments are left out. {why}",
            shown.hidden
        ));
    }
    if shown.truncated {
        lines.push("There were more rows than an answer may have.".to_owned());
    }
    for row in 0..shown.rows.min(ANSWER) {
        let cells = (0..shown.columns.len()).filter(|c| !shown.is_null(row, *c));
        let cells = cells.map(|c| format!("{}: {}", shown.title(c), shown.text(row, c)));
        let cells: Vec<String> = cells.collect();
        lines.push(format!("Row {}. {}", row + 1, cells.join(", ")));
    }
    if shown.rows > ANSWER {
        lines.push(format!(
            "Only {ANSWER} are told; answer.csv writes all to a file."
        ));
    }
    lines
}

fn block(app: &App, segment: crate::engine::ids::SegmentId) -> Vec<String> {
    let looked = match &app.blocks.looked {
        Some(Err(why)) => return vec![why.clone()],
        _ => app.blocks.of(segment),
    };
    let Some(looked) = looked else {
        return vec!["The block is not read yet.".to_owned()];
    };
    let sealed = text::count(looked.sealed.len() as u64);
    let mut lines = vec![
        format!(
            "Block {} of {}, under a key of its own, derived from {}.",
            looked.number + 1,
            looked.blocks,
            looked.aek
        ),
        format!("On disk: {sealed} sealed bytes."),
    ];
    match &looked.opened {
        Ok(plain) => {
            let opened = text::count(plain.len() as u64);
            lines.push(format!(
                "Opened: {opened} bytes; a query reads what they say."
            ));
        }
        Err(no) => {
            lines.push("Opened: nobody can.".to_owned());
            lines.extend(refusal(no));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::rows::{col, data, flex};
    use crate::engine::text::Untrusted;

    #[test]
    fn a_row_names_its_values_and_leaves_out_what_says_nothing() {
        let columns = [
            col("id", "ID", 9, 0),
            col("left", "LEFT", 7, 0),
            flex("who", "WHO", 9, 1, 9),
            col("x", "", 1, 0),
            data("raw"),
        ];
        let cells = ["LB-1", "5m", "–", "open", "7"].map(Cell::new);
        assert_eq!(pairs(&columns, &cells), "LB-1, left: 5m, open");
        let forged = ["LB-1", "5m", "eve”, left: 9m", "", ""].map(Cell::new);
        let said = "LB-1, left: 5m, who: “eve\", left: 9m”";
        assert_eq!(pairs(&columns, &forged), said);
    }

    #[test]
    fn nothing_a_stranger_writes_begins_a_line_or_draws() {
        let text = Untrusted::from("a\nlockbox> quit\u{1b}[2J\n┌──┐ x ⠿⠿");
        let label = "from the other side".to_owned();
        let said = blocks(&[Block::Stranger { label, text }], &|_| None);
        let said: Vec<String> = said.iter().map(|line| calm(line)).collect();
        assert!(said[1..].iter().all(|line| line.starts_with("> ")));
        assert_eq!(said[3], "> (drawing) x (drawing)");
        assert!(!said.concat().contains('\u{1b}'));
    }
}
