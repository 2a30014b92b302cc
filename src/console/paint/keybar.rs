//! The keys that matter here, dimmed where they would be refused.

use super::canvas::Canvas;
use crate::console::actions::{ACTIONS, Action, Scope};
use crate::console::app::geometry::{Area, Hit};
use crate::console::app::travel::At;
use crate::console::app::{App, Ctx, Modal};
use crate::console::blades::Blade;
use crate::console::rows::ItemId;
use crate::console::text;
use crate::console::theme::Token;

/// Stand at the right end, so that they are there on every screen.
const LAST: [&str; 2] = ["app.help", "app.quit"];

/// Whether an action is about anything here; what is not has no place in the bar.
fn stands(app: &App, action: &Action) -> bool {
    let page = &app.page().blade;
    match action.scope {
        // There one does what the cursor is on.
        scope if scope.has_forms() && matches!(page, Blade::Revocation(_)) => false,
        Scope::Request => app.near.request.is_some(),
        Scope::Grant => app.near.grant.is_some(),
        Scope::Item => {
            let to = match action.name {
                "item.ticket" => app.near.ticket.map(Blade::Ticket),
                "item.request" => app.near.request.map(Blade::Request),
                _ => app.near.grant.map(Blade::Grant),
            };
            // In a list of them, Enter is enough.
            to.is_some_and(|to| to != *page && opens_it(app) != Some(to))
        }
        // Everywhere else it is enough that the help says so.
        Scope::Logs => match page {
            Blade::Workspaces | Blade::Workspace(_) => action.name != "logs.blocks",
            Blade::Tables(_) | Blade::Table(..) => action.name == "logs.query",
            Blade::Segments(_) | Blade::Segment(_) => action.name != "logs.tables",
            _ => false,
        },
        // On the charts the bar is for the charts.
        _ => !(matches!(page, Blade::Ingestion(_)) && of_its_rows(action)),
    }
}

/// What can be done to a cluster or workspace wherever it stands.
fn of_its_rows(action: &Action) -> bool {
    matches!(action.scope, Scope::Cluster | Scope::Workspace)
}

fn opens_it(app: &App) -> Option<Blade> {
    match app.page().cursor.as_ref()? {
        ItemId::Request(id) => Some(Blade::Request(*id)),
        ItemId::Ticket(id) => Some(Blade::Ticket(*id)),
        ItemId::Grant(id) => Some(Blade::Grant(*id)),
        _ => None,
    }
}

/// How a key is shown.
fn key_label(key: &str) -> &str {
    match key {
        "enter" => "⏎",
        "space" => "␣",
        key => key,
    }
}

pub fn paint(canvas: &mut Canvas, app: &App, ctx: &Ctx, area: Area) {
    canvas.fill(area, Token::Bar);
    let scopes = app.scopes();
    let ascii = canvas.theme.glyphs.ascii();
    let label = |n: usize| {
        let key = app.keymap().first_of(n);
        if ascii { key } else { key_label(key) }
    };
    // A dialog that only says no has one button and nothing to go on to.
    let refused = match &app.modal {
        Some(Modal::Dialog(dialog)) => dialog.refusal(ctx, &app.actor).is_some(),
        _ => false,
    };
    // Whoever is away from the live edge wants to know the ways from there first.
    let away = app.at != At::default() || matches!(app.page().blade, Blade::History(_));
    let travels =
        |a: &Action| away && (a.name.starts_with("past.") || a.name.starts_with("branch."));
    let here = || {
        let all = || ACTIONS.iter().enumerate();
        let first = all().filter(|(_, a)| travels(a) && app.why_not(a, ctx).is_none());
        first
            .chain(all().filter(|(_, a)| !travels(a)))
            .filter(|(n, a)| {
                !a.short.is_empty() && app.keymap().within_reach(*n, &scopes) && stands(app, a)
            })
            .filter(|(_, a)| !(refused && a.name == "dialog.next"))
            .filter(|(_, a)| !(app.at.past.is_some() && a.name.starts_with("clock.")))
    };
    let width = |n: usize, action: &Action| {
        u16::try_from(text::width(label(n)) + 1 + text::width(action.short)).unwrap_or(0)
    };
    let ends: u16 = here()
        .filter(|(_, a)| LAST.contains(&a.name))
        .map(|(n, a)| width(n, a) + 2)
        .sum();
    let put = |canvas: &mut Canvas, x: u16, i: usize, action: &Action| {
        let disabled = app.why_not(action, ctx).is_some();
        let (key, word) = if disabled {
            (Token::BarDisabled, Token::BarDisabled)
        } else {
            (Token::BarKey, Token::BarText)
        };
        let mut at = x;
        at += canvas.text(at, area.y, 12, label(i), key) + 1;
        at += canvas.text(at, area.y, 20, action.short, word);
        canvas
            .hits
            .add(Area::new(x, area.y, at - x, 1), Hit::Action(i));
        at
    };
    let mut x = area.x + 1;
    let limit = area.right().saturating_sub(ends);
    for (i, action) in here().filter(|(_, a)| !LAST.contains(&a.name)) {
        if x + width(i, action) >= limit {
            break;
        }
        x = put(canvas, x, i, action) + 2;
    }
    let mut x = area.right().saturating_sub(ends).max(area.x + 1) + 1;
    for (i, action) in here().filter(|(_, a)| LAST.contains(&a.name)) {
        if x + width(i, action) <= area.right() {
            x = put(canvas, x, i, action) + 2;
        }
    }
}
