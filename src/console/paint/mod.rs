//! Puts the state on a buffer. Reads everything, changes nothing; painting twice gives the same frame.

pub mod band;
pub mod canvas;
pub mod captions;
pub mod chart;
pub mod dialog;
pub mod form;
pub mod help;
pub mod keybar;
pub mod lines;
pub mod menu;
pub mod table;
pub mod which;

use ratatui::buffer::Buffer;

use super::app::geometry::{self, Area, Hits};
use super::app::travel::CAPTIONS;
use super::app::{App, Ctx, Modal};
use super::blades::{Blade, blocks, ingestion, overview, pending, query, revocation};
use super::theme::{Theme, Token};
use canvas::Canvas;

/// One frame. Returns what of it can be clicked.
pub fn frame(app: &App, ctx: &Ctx, theme: &Theme, buf: &mut Buffer) -> Hits {
    let screen = Area::new(buf.area.x, buf.area.y, buf.area.width, buf.area.height);
    let mut canvas = Canvas::new(buf, theme);
    canvas.fill(screen, Token::Base);
    let whole = match app.captions {
        Some(_) => screen.lines(0, app.size.1),
        None => screen,
    };
    if let Some(captions) = &app.captions {
        let below = screen.lines(whole.height, CAPTIONS);
        captions::paint(&mut canvas, app, captions, below);
    }
    if whole.width < geometry::SMALLEST.0 || whole.height < geometry::SMALLEST.1 {
        too_small(&mut canvas, whole);
        return canvas.hits;
    }
    band::band(&mut canvas, app, ctx, whole.lines(0, 1));
    band::crumbs(&mut canvas, app, ctx, whole.lines(1, 1));
    let body = geometry::body((whole.width, whole.height));
    let page = app.page();
    if let Some(refusal) = &page.refusal {
        lines::refusal(&mut canvas, body, refusal);
    } else if page.blade == Blade::Overview {
        overview::view::paint(&mut canvas, app, ctx, body);
    } else if page.blade == Blade::Pending {
        pending::view::paint(&mut canvas, app, ctx, body);
    } else if let Blade::Ingestion(scope) = &page.blade {
        ingestion::view::paint(&mut canvas, app, ctx, body, scope);
    } else if let Blade::Revocation(cluster) = &page.blade {
        revocation::view::paint(&mut canvas, app, ctx, body, cluster);
    } else if let Blade::Query(workspace) = &page.blade {
        query::view::paint(&mut canvas, app, ctx, body, workspace);
    } else if let Blade::Blocks(segment) = page.blade {
        blocks::view::paint(&mut canvas, app, body, segment);
    } else if page.blade.is_list() {
        table::with_detail(&mut canvas, app, ctx, body);
    } else {
        lines::page(&mut canvas, page, body);
    }
    band::status(&mut canvas, app, ctx, whole.lines(whole.height - 2, 1));
    if !app.pending.is_empty() && app.modal.is_none() {
        which::paint(&mut canvas, app, body);
    }
    match &app.modal {
        Some(Modal::Help { first }) => help::paint(&mut canvas, app, ctx, body, *first),
        Some(Modal::Palette { typed, cursor }) => {
            menu::palette(&mut canvas, app, ctx, body, typed, *cursor);
        }
        Some(Modal::People { typed, cursor, .. }) => {
            menu::people(&mut canvas, app, ctx, body, typed, *cursor);
        }
        Some(Modal::Notices { first }) => menu::notices(&mut canvas, app, body, *first),
        Some(Modal::Bookmarks { cursor }) => menu::bookmarks(&mut canvas, app, body, *cursor),
        Some(Modal::Themes { cursor, .. }) => menu::themes(&mut canvas, app, body, *cursor),
        Some(Modal::Columns { cursor }) => menu::columns(&mut canvas, app, body, *cursor),
        Some(Modal::Prompt { asked, typed }) => menu::prompt(&mut canvas, body, *asked, typed),
        Some(Modal::Dialog(dialog)) => dialog::paint(&mut canvas, app, ctx, body, dialog),
        Some(Modal::Form(form)) => form::paint(&mut canvas, body, form),
        None => {}
    }
    // After what lies over the blade, whose keys it shows and takes clicks for.
    keybar::paint(&mut canvas, app, ctx, whole.lines(whole.height - 1, 1));
    canvas.hits
}

fn too_small(canvas: &mut Canvas, whole: Area) {
    let (width, height) = geometry::SMALLEST;
    let texts = [
        "SIMULATION".to_owned(),
        format!("{}x{} is too small", whole.width, whole.height),
        format!("need {width}x{height}"),
    ];
    for (y, text) in (0u16..).zip(&texts) {
        if y < whole.height {
            canvas.text(whole.x, whole.y + y, whole.width, text, Token::Warn);
        }
    }
}
