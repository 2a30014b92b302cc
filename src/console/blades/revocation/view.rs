//! The panes: the chain with its fuses and the loss above, the ways to cut and the way back, and what others
//! document. Where they do not all fit, one turns from one to the next.

use super::super::cmk;
use super::{Ledger, Pane, Revocation, rows};
use crate::console::app::geometry::{Area, Hit};
use crate::console::app::{App, Ctx};
use crate::console::blades::shared;
use crate::console::paint::canvas::Canvas;
use crate::console::rows::{Align, Cell, Gauge, Mark};
use crate::console::text;
use crate::console::theme::Token;
use crate::engine::Actor;
use crate::engine::SimTime;
use crate::engine::foresight::elsewhere;
use crate::engine::foresight::lineage::{Link, Part, State};
use crate::engine::foresight::way_back::Standing;
use crate::engine::foresight::ways::Cut;
use crate::engine::ids::ResourceId;

/// The panes stand side by side from this size on.
const WIDE: (u16, u16) = (110, 30);

/// Where the panes stand; without room, only one of them does.
struct Panes {
    head: Area,
    chain: Area,
    loss: Area,
    ways: Area,
    back: Area,
    card: Area,
}

fn panes(body: Area, pane: Pane, links: u16, steps: u16) -> Panes {
    let head = body.lines(0, 1);
    let rest = body.lines(1, body.height.saturating_sub(1));
    let none = Area::default();
    if body.width < WIDE.0 || body.height < WIDE.1 {
        let mut panes = Panes {
            head,
            chain: none,
            loss: none,
            ways: none,
            back: none,
            card: none,
        };
        match pane {
            Pane::Chain => {
                // Where not both can be read, the chain is.
                let chain = match rest.height {
                    0..12 => rest.height,
                    height => (links + 2).min(height - 5),
                };
                panes.chain = rest.lines(0, chain);
                panes.loss = rest.lines(chain, rest.height - chain);
            }
            Pane::Ways => panes.ways = rest,
            Pane::Back => panes.back = rest,
            Pane::Card => panes.card = rest,
        }
        return panes;
    }
    // As much height as the chain needs, two lines a link where there is room for it.
    let ways = u16::try_from(Cut::ALL.len()).unwrap_or(7);
    let card = match rest.height >= 45 {
        true => u16::try_from(elsewhere::FACTS.len()).unwrap_or(5) + 2,
        false => 0,
    };
    let lower = (ways + 7).max(steps + 2).min(rest.height / 2);
    let upper = rest.height.saturating_sub(lower + card);
    let upper = upper.min(2 * links + 2);
    let lower = rest.height.saturating_sub(upper + card);
    let left = rest.width * 11 / 20;
    let split = |area: Area| {
        (
            Area {
                width: left,
                ..area
            },
            Area {
                x: area.x + left,
                width: area.width - left,
                ..area
            },
        )
    };
    let (chain, loss) = split(rest.lines(0, upper));
    let (ways, back) = split(rest.lines(upper, lower));
    let mut panes = Panes {
        head,
        chain,
        loss,
        ways,
        back,
        card: rest.lines(upper + lower, card),
    };
    // The card takes the lower part of the loss where nothing else is left for it.
    if card == 0 {
        let facts = u16::try_from(elsewhere::FACTS.len()).unwrap_or(5) + 2;
        let lines = panes.loss.height.saturating_sub(facts);
        if lines >= 8 {
            panes.card = panes.loss.lines(lines, facts);
            panes.loss = panes.loss.lines(0, lines);
        }
    }
    panes
}

pub fn paint(canvas: &mut Canvas, app: &App, ctx: &Ctx, body: Area, id: &ResourceId) {
    let blade = &app.revocation;
    let Some(chain) = &blade.lineage else {
        return;
    };
    let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    let notice = count(usize::from(chain.notice.is_some()));
    let links = count(chain.links.len()).saturating_add(notice);
    let panes = panes(body, blade.pane, links, count(blade.steps.len()));
    head(canvas, app, ctx, panes.head.inset(1), id, body);
    chain_pane(canvas, app, ctx, panes.chain);
    loss(canvas, &blade.ledger, panes.loss);
    ways(canvas, app, panes.ways);
    back(canvas, app, ctx, panes.back);
    card(canvas, panes.card);
}

/// Whose chain it is and how storage stands; the parts to turn to, where they do not all fit.
fn head(canvas: &mut Canvas, app: &App, ctx: &Ctx, area: Area, id: &ResourceId, body: Area) {
    let mut x = area.x;
    let name = shared::resource_name(id);
    x += canvas.text(x, area.y, area.width, &name, Token::Heading) + 2;
    for cell in rows::head(app.eye(ctx), id) {
        x += canvas.cell(
            x,
            area.y,
            area.right().saturating_sub(x),
            &cell,
            Align::Left,
        ) + 2;
    }
    if body.width >= WIDE.0 && body.height >= WIDE.1 {
        return;
    }
    let shown: Vec<&str> = Pane::ALL.iter().map(|p| p.title()).collect();
    let width = shown.iter().map(|t| text::width(t) + 2).sum::<usize>();
    let width = u16::try_from(width).unwrap_or(area.width);
    let mut x = area.right().saturating_sub(width).max(x);
    for pane in Pane::ALL {
        let (tone, title) = match pane == app.revocation.pane {
            true => (
                Token::Accent,
                format!("{}{}", canvas.theme.glyphs.cursor, pane.title()),
            ),
            false => (Token::Muted, format!(" {}", pane.title())),
        };
        x += canvas.text(x, area.y, area.right().saturating_sub(x), &title, tone) + 1;
    }
}

/// A frame, louder where the cursor is.
fn frame(canvas: &mut Canvas, area: Area, title: &str, focused: bool) -> Area {
    let border = if focused {
        Token::BorderFocused
    } else {
        Token::Border
    };
    canvas.frame(area, border, title, Token::Heading).inset(1)
}

fn chain_pane(canvas: &mut Canvas, app: &App, ctx: &Ctx, area: Area) {
    let Some(chain) = app.revocation.lineage.as_ref().filter(|_| area.height > 2) else {
        return;
    };
    let inner = frame(canvas, area, "FROM THE VAULT TO THE DATA", false);
    let links = chain.links.len();
    let lines = usize::from(inner.height);
    // Two lines a link where all of them fit, and a word about the next call.
    let tall = lines >= 2 * links + usize::from(chain.notice.is_some());
    let mut y = inner.y;
    for link in &chain.links {
        if y >= inner.bottom() {
            return;
        }
        let row = Area::new(inner.x, y, inner.width, 1);
        link_line(canvas, row, ctx.now, link, tall);
        y += 1;
        if tall {
            under(canvas, Area::new(inner.x, y, inner.width, 1), ctx.now, link);
            y += 1;
        }
        // The change is noticed between the key and what storage keeps of it.
        if let Some(notice) = chain.notice.as_ref()
            && link.part == Part::Version
            && y < inner.bottom()
        {
            let left = ctx.now.until(notice.expected).brief();
            let says = format!("storage calls in {left}, {}", rows::bounds(ctx.now, notice));
            let mut cell = Cell::new(says).mark(Mark::Busy).tone(Token::Info);
            cell.gauge = Some(Gauge {
                permille: rows::left(ctx.now, notice),
                width: 6,
            });
            canvas.cell(
                inner.x + 2,
                y,
                inner.width.saturating_sub(2),
                &cell,
                Align::Left,
            );
            y += 1;
        }
    }
}

const PART: u16 = 13;
const STATE: u16 = 10;

/// `▲ AEK    burning  ████████░░ breaks in 42m 10s`
fn link_line(canvas: &mut Canvas, row: Area, now: SimTime, link: &Link, tall: bool) {
    let state = rows::state(link.state);
    let mut cell = Cell::new(rows::part(link.part)).tone(Token::Strong);
    cell.mark = state.mark;
    cell.tone = state.tone;
    canvas.cell(row.x, row.y, PART + 1, &cell, Align::Left);
    let mut x = row.x + PART + 1;
    x += STATE.max(canvas.text(x, row.y, STATE - 1, link.state.word(), state.tone));
    let room = row.right().saturating_sub(x);
    match &link.fuse {
        Some(fuse) => {
            let width = (room / 3).clamp(6, 24);
            let words = rows::countdown(now, fuse);
            let mut cell = Cell::new(match tall {
                true => words,
                false => format!("{words} ({})", rows::window(now, fuse)),
            });
            cell.tone = state.tone;
            cell.gauge = Some(Gauge {
                permille: rows::left(now, fuse),
                width,
            });
            canvas.cell(x, row.y, room, &cell, Align::Left);
        }
        None if tall => {
            canvas.text(x, row.y, room, &rows::name(link).text, Token::Muted);
        }
        None => {
            canvas.text(x, row.y, room, &link.why, Token::Muted);
        }
    }
}

/// Why a link stands as it does; of a fuse, what the rules leave open.
fn under(canvas: &mut Canvas, row: Area, now: SimTime, link: &Link) {
    let glyph = canvas.theme.glyphs.frame[5];
    canvas.text(row.x, row.y, 1, glyph, Token::Border);
    let words = match &link.fuse {
        Some(fuse) => {
            let what = match link.part {
                Part::Account(_) => &link.name,
                _ => &link.why,
            };
            format!("{} · {what}", rows::bounds(now, fuse))
        }
        None => match (&link.call, link.state) {
            (Some(call), State::Holds) => {
                format!("{} Next call {}.", link.why, cmk::clock(*call).text)
            }
            _ => format!("{} {}", link.why, link.rule),
        },
    };
    let room = row.width.saturating_sub(3);
    canvas.text(row.x + 3, row.y, room, &words, Token::Muted);
}

/// Nothing is quiet, and what is lost is loud.
fn figure(n: u128, says: String, loud: Token) -> Cell {
    match n {
        0 => Cell::new(says).tone(Token::Faint),
        _ => Cell::new(says).tone(loud),
    }
}

fn loss(canvas: &mut Canvas, ledger: &Ledger, area: Area) {
    if area.height <= 2 {
        return;
    }
    let inner = frame(canvas, area, "WHAT BECOMES OF THE DATA", false);
    let names = (inner.width / 4).clamp(15, 18);
    let model = (inner.width - names) * 11 / 20;
    let columns = [
        (inner.x, names),
        (inner.x + names, model),
        (inner.x + names + model, inner.width - names - model),
    ];
    let mut y = inner.y;
    let mut line = |canvas: &mut Canvas, cells: [Cell; 3]| {
        if y < inner.bottom() {
            for ((x, width), cell) in columns.iter().zip(&cells) {
                canvas.cell(*x, y, width.saturating_sub(1), cell, Align::Left);
            }
        }
        y += 1;
    };
    let title = |says: &'static str| Cell::new(says).tone(Token::TableHeader);
    line(canvas, [title(""), title("MODELLED"), title("PHYSICAL")]);
    let modelled = &ledger.modelled;
    let kept = &ledger.kept;
    let label = |says: &'static str| Cell::new(says).tone(Token::Muted);
    let amount =
        |bytes: u64, rows: u64| format!("{}, {} rec", text::bytes(bytes), text::count(rows));
    let lost = modelled.lost();
    let mut dropped = label("dropped");
    if lost > 0 || ledger.dropped.rows > 0 {
        dropped = Cell::new("dropped").mark(Mark::Bad).tone(Token::Danger);
    }
    line(
        canvas,
        [
            dropped,
            figure(
                lost,
                format!("{} for ever", text::bytes(lost)),
                Token::Danger,
            ),
            figure(
                u128::from(ledger.dropped.rows),
                amount(ledger.dropped.bytes, ledger.dropped.rows),
                Token::Danger,
            ),
        ],
    );
    // The workspaces that lose take what room there is.
    let room = usize::from(inner.height).saturating_sub(7);
    for loss in ledger.losses.iter().take(room) {
        let since = loss
            .since
            .map(|at| format!(" since {}", cmk::clock(at).text));
        let says = format!(
            "{}, {} rec{}",
            text::bytes(loss.modelled),
            rows::records(loss.records),
            since.unwrap_or_default()
        );
        line(
            canvas,
            [
                Cell::new(format!("  {}", cmk::resource(&loss.workspace).text)),
                figure(loss.modelled, says, Token::Danger),
                figure(
                    u128::from(loss.physical.rows),
                    amount(loss.physical.bytes, loss.physical.rows),
                    Token::Danger,
                ),
            ],
        );
    }
    let of = |sum: &crate::console::blades::logs::Sum, loud| {
        figure(u128::from(sum.segments), amount(sum.raw, sum.rows), loud)
    };
    let mut hidden = label("hidden, safe");
    if modelled.hidden > 0 || kept.hidden.segments > 0 {
        hidden = Cell::new("hidden, safe").mark(Mark::Warn).tone(Token::Warn);
    }
    line(
        canvas,
        [
            hidden,
            figure(modelled.hidden, text::bytes(modelled.hidden), Token::Warn),
            of(&kept.hidden, Token::Warn),
        ],
    );
    line(
        canvas,
        [
            label("buffered"),
            figure(
                modelled.buffered + modelled.drained,
                format!(
                    "{}, drained {}",
                    text::bytes(modelled.buffered),
                    text::bytes(modelled.drained)
                ),
                Token::Text,
            ),
            of(&kept.buffered, Token::Text),
        ],
    );
    line(
        canvas,
        [
            label("purged"),
            figure(modelled.purged, text::bytes(modelled.purged), Token::Text),
            figure(
                u128::from(ledger.purged.rows),
                amount(ledger.purged.bytes, ledger.purged.rows),
                Token::Text,
            ),
        ],
    );
    line(
        canvas,
        [
            label("hot cache"),
            figure(modelled.hot, text::bytes(modelled.hot), Token::Text),
            of(&kept.hot, Token::Text),
        ],
    );
    let (served, failed) = ledger.queries;
    let (asked, refused) = ledger.asked;
    let queries = |good: u64, bad: u64| {
        let says = format!(
            "{} answered, {} failed",
            text::count(good),
            text::count(bad)
        );
        let loud = if bad > 0 { Token::Danger } else { Token::Text };
        figure(u128::from(good) + u128::from(bad), says, loud)
    };
    line(
        canvas,
        [
            label("queries"),
            queries(served, failed),
            queries(asked, refused),
        ],
    );
}

/// A row one can choose; whether the cursor is on it.
fn choose(canvas: &mut Canvas, app: &App, row: Area, item: &crate::console::rows::ItemId) -> bool {
    let selected = app.page().cursor.as_ref() == Some(item);
    let whole = Area::new(row.x.saturating_sub(1), row.y, row.width + 1, 1);
    if selected {
        canvas.tint(whole, Token::SelectedRow);
        let glyph = canvas.theme.glyphs.cursor;
        canvas.text(whole.x, row.y, 1, glyph, Token::Accent);
    }
    canvas.hits.add(whole, Hit::Row(item.clone()));
    selected
}

fn ways(canvas: &mut Canvas, app: &App, area: Area) {
    if area.height <= 2 {
        return;
    }
    let blade = &app.revocation;
    let inside = app.page().index < Cut::ALL.len();
    let inner = frame(canvas, area, "WAYS TO CUT THE KEY", inside);
    const WAY: u16 = 22;
    let takes = 24u16.min(inner.width.saturating_sub(WAY + 1));
    let rest = inner.width.saturating_sub(WAY + takes + 2);
    let mut y = inner.y;
    let header = Token::TableHeader;
    canvas.text(inner.x + 1, y, WAY, "WAY", header);
    canvas.text(inner.x + WAY + 1, y, takes, "TAKES (by rule)", header);
    canvas.text(inner.right() - rest, y, rest, "LOST", header);
    y += 1;
    let mut chosen = None;
    for (item, way) in app.page().ids.iter().zip(&blade.ways) {
        if y >= inner.bottom() {
            return;
        }
        let row = Area::new(inner.x + 1, y, inner.width.saturating_sub(1), 1);
        canvas.text(row.x, y, WAY - 1, way.cut.word(), Token::Text);
        canvas.cell(inner.x + WAY + 1, y, takes, &rows::takes(way), Align::Left);
        canvas.text(inner.right() - rest, y, rest, way.cut.lost(), Token::Muted);
        if choose(canvas, app, row, item) {
            chosen = Some(way);
        }
        y += 1;
    }
    let Some(way) = chosen.or(blade.ways.first()) else {
        return;
    };
    let mut facts: Vec<(&str, Cell)> = Vec::new();
    if let Err(no) = &way.verdict {
        let says = format!("{no} {}", no.rule);
        facts.push(("not now", Cell::new(says).tone(Token::Danger)));
    }
    let by = match way.by {
        Actor::Simulator => " (the simulator does it)",
        _ => "",
    };
    let says = format!("{}{by}, {}", way.cut.effect(), way.cut.rule());
    facts.push(("effect", Cell::new(says)));
    facts.push(("lost", Cell::new(way.cut.lost())));
    facts.push(("back", Cell::new(way.cut.back())));
    y += 1;
    for (name, cell) in facts {
        for (n, part) in text::wrap(&cell.text, usize::from(inner.width.saturating_sub(9)))
            .into_iter()
            .enumerate()
        {
            if y >= inner.bottom() {
                return;
            }
            if n == 0 {
                canvas.text(inner.x, y, 8, name, Token::Muted);
            }
            canvas.text(
                inner.x + 8,
                y,
                inner.width.saturating_sub(8),
                &part,
                cell.tone,
            );
            y += 1;
        }
    }
}

fn back(canvas: &mut Canvas, app: &App, ctx: &Ctx, area: Area) {
    if area.height <= 2 {
        return;
    }
    let blade: &Revocation = &app.revocation;
    let inside = app.page().index >= Cut::ALL.len();
    let inner = frame(canvas, area, "THE WAY BACK", inside);
    let eye = app.eye(ctx);
    let items = app.page().ids.iter().skip(Cut::ALL.len());
    let spare = usize::from(inner.height).saturating_sub(blade.steps.len());
    let mut spare = spare;
    let mut y = inner.y;
    for (item, step) in items.zip(&blade.steps) {
        if y >= inner.bottom() {
            return;
        }
        let row = Area::new(inner.x + 1, y, inner.width.saturating_sub(1), 1);
        let cell = rows::standing(step.standing);
        let mut x = row.x;
        x += canvas.cell(x, y, 13, &cell, Align::Left).max(12) + 1;
        let tone = match step.standing {
            Standing::Now => Token::Strong,
            _ => Token::Text,
        };
        let room = row.right().saturating_sub(x);
        x += canvas.text(x, y, room, &step.title, tone) + 2;
        let note = rows::note(eye, step);
        let room = row.right().saturating_sub(x);
        let fits = text::width(&note) <= usize::from(room);
        let selected = choose(canvas, app, row, item);
        if fits || spare == 0 {
            canvas.text(x, y, room, &note, Token::Muted);
            y += 1;
            continue;
        }
        y += 1;
        // What is open or chosen is told in full where there is room.
        let wanted = selected || matches!(step.standing, Standing::Now | Standing::Impossible);
        let width = usize::from(row.width.saturating_sub(14));
        let lines = if wanted { spare } else { 1.min(spare) };
        for part in text::wrap(&note, width).into_iter().take(lines) {
            if y >= inner.bottom() {
                return;
            }
            canvas.text(
                row.x + 13,
                y,
                row.width.saturating_sub(13),
                &part,
                Token::Muted,
            );
            y += 1;
            spare = spare.saturating_sub(1);
        }
    }
}

fn card(canvas: &mut Canvas, area: Area) {
    if area.height <= 2 {
        return;
    }
    let title = "ELSEWHERE, BY THEIR OWN DOCUMENTS; here within 1 hour, back within 30 minutes";
    let title = match usize::from(area.width) > text::width(title) + 6 {
        true => title,
        false => "ELSEWHERE, BY THEIR OWN DOCUMENTS",
    };
    let inner = frame(canvas, area, title, false);
    let mut y = inner.y;
    let wide = inner.width >= 150;
    let roomy = usize::from(inner.height) >= 3 * elsewhere::FACTS.len();
    for fact in elsewhere::FACTS {
        if y >= inner.bottom() {
            return;
        }
        let x = inner.x;
        let used = canvas.text(x, y, inner.width, fact.system, Token::Strong) + 2;
        let used = if wide { used.max(28) } else { used };
        let room = inner.width.saturating_sub(used);
        let says = match wide {
            true => format!("{}: {}. [{}]", fact.what, fact.time, fact.source),
            false => fact.time.to_owned(),
        };
        canvas.text(x + used, y, room, &says, Token::Text);
        y += 1;
        if roomy {
            for says in [fact.what, fact.source] {
                if y < inner.bottom() {
                    canvas.text(x + 2, y, inner.width.saturating_sub(2), says, Token::Muted);
                    y += 1;
                }
            }
        }
    }
}
