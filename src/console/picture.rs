//! A frame as something to keep: plain text, text with colours for a terminal, and a picture (SVG).

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::Modifier;

use super::terminal::encode::encode_from;
use super::text;
use super::theme::colour::rgb;

pub type Rgb = (u8, u8, u8);

/// Where the theme leaves them to the terminal.
pub const GROUND: Rgb = (0, 0, 0);
pub const INK: Rgb = (229, 229, 229);

/// A cell in the picture, and where its letters stand in it.
const WIDTH: usize = 9;
const HEIGHT: usize = 18;
const SIZE: usize = 15;
const BASE: usize = 14;
const FONTS: &str = "'JetBrains Mono','Cascadia Mono','DejaVu Sans Mono','Noto Sans Mono CJK KR',Menlo,Consolas,monospace";

/// What shows of a row: the cells behind a wide character do not.
fn row(buf: &Buffer, y: u16) -> impl Iterator<Item = (u16, &Cell, u16)> {
    let mut next = 0;
    (0..buf.area.width).filter_map(move |x| {
        if x < next {
            return None;
        }
        let cell = &buf[(x, y)];
        let width = u16::try_from(text::width(cell.symbol()))
            .unwrap_or(1)
            .max(1);
        next = x + width;
        Some((x, cell, width))
    })
}

pub fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let line: String = row(buf, y).map(|(_, cell, _)| cell.symbol()).collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// For a terminal of at least this width, line by line: `cat` shows it.
pub fn ansi(buf: &Buffer) -> String {
    let mut out = Vec::new();
    for y in 0..buf.area.height {
        encode_from(
            &mut out,
            Some((0, y)),
            row(buf, y).map(|(x, cell, _)| (x, y, cell)),
        );
        out.push(b'\n');
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// How a run of cells looks.
#[derive(Clone, Copy, PartialEq)]
struct Look {
    ink: Rgb,
    ground: Rgb,
    modifier: Modifier,
}

impl Look {
    fn of(cell: &Cell, ground: Rgb, ink: Rgb) -> Look {
        let (ink, ground) = (rgb(cell.fg).unwrap_or(ink), rgb(cell.bg).unwrap_or(ground));
        let turned = cell.modifier.contains(Modifier::REVERSED);
        Look {
            ink: if turned { ground } else { ink },
            ground: if turned { ink } else { ground },
            modifier: cell.modifier,
        }
    }
}

/// Letters of one look; those of another width or from another font are another run, so that every one stands
/// on the grid whatever font a viewer has.
struct Run {
    x: u16,
    columns: u16,
    look: Look,
    kind: (u16, bool),
    text: String,
}

/// A picture that needs nothing else. `ground` and `ink` stand for the colours a terminal has by itself.
pub fn svg(buf: &Buffer, ground: Rgb, ink: Rgb) -> String {
    let (columns, rows) = (usize::from(buf.area.width), usize::from(buf.area.height));
    let (width, height) = (columns * WIDTH, rows * HEIGHT);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"{FONTS}\" font-size=\"{SIZE}\" xml:space=\"preserve\">\n<title>lockbox (simulation)</title>\n<rect width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n",
        hex(ground)
    );
    for y in 0..buf.area.height {
        let cells: Vec<_> = row(buf, y)
            .map(|(x, cell, width)| (x, cell, width, Look::of(cell, ground, ink)))
            .collect();
        for run in cells.chunk_by(|a, b| a.3.ground == b.3.ground) {
            let of = run[0].3.ground;
            if of != ground {
                let columns = run.iter().map(|c| c.2).sum();
                rect(&mut out, run[0].0, y, columns, of);
            }
        }
        let mut open: Option<Run> = None;
        for (x, cell, width, look) in cells {
            let kind = (width, cell.symbol().is_ascii());
            let run = match open.take() {
                Some(run) if run.look == look && run.kind == kind => run,
                before => {
                    letters(&mut out, y, before);
                    let (columns, text) = (0, String::new());
                    Run {
                        x,
                        columns,
                        look,
                        kind,
                        text,
                    }
                }
            };
            open = Some(Run {
                columns: run.columns + width,
                text: run.text + cell.symbol(),
                ..run
            });
        }
        letters(&mut out, y, open);
    }
    out.push_str("</svg>\n");
    out
}

fn hex((r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn rect(out: &mut String, x: u16, y: u16, columns: u16, fill: Rgb) {
    let (x, y) = (usize::from(x) * WIDTH, usize::from(y) * HEIGHT);
    let width = usize::from(columns) * WIDTH;
    let fill = hex(fill);
    // Nothing can go wrong in writing to a string.
    let _ = writeln!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"{fill}\"/>"
    );
}

fn letters(out: &mut String, y: u16, run: Option<Run>) {
    let Some(run) = run else { return };
    let has = |m| run.look.modifier.contains(m);
    let (mut x, mut columns, mut text) = (usize::from(run.x), usize::from(run.columns), &*run.text);
    if !has(Modifier::UNDERLINED) {
        // Spaces at the ends show nothing.
        text = text.trim_end_matches(' ');
        columns -= run.text.len() - text.len();
        let inked = text.trim_start_matches(' ');
        (x, columns) = (
            x + text.len() - inked.len(),
            columns - (text.len() - inked.len()),
        );
        text = inked;
    }
    if text.is_empty() {
        return;
    }
    let mut style = String::new();
    for (modifier, attribute) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::DIM, " fill-opacity=\"0.6\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
    ] {
        if has(modifier) {
            style.push_str(attribute);
        }
    }
    let (x, y) = (x * WIDTH, usize::from(y) * HEIGHT + BASE);
    let (length, fill) = (columns * WIDTH, hex(run.look.ink));
    let text = escape(text);
    let _ = writeln!(
        out,
        "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{fill}\"{style}>{text}</text>"
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::{Color, Style};

    use super::*;
    use crate::console::terminal::screen::tests::same;

    /// What opens closes, in order, and nothing stands there that must be escaped.
    fn well_formed(xml: &str) -> Result<(), String> {
        let mut open = Vec::new();
        let mut rest = xml.trim_end();
        while let Some(at) = rest.find('<') {
            let before = &rest[..at];
            for (i, _) in before.match_indices('&') {
                let known = ["&amp;", "&lt;", "&gt;"];
                if !known.iter().any(|k| before[i..].starts_with(k)) {
                    return Err(format!("a bare & in {before:?}"));
                }
            }
            let (tag, after) = rest[at + 1..].split_once('>').ok_or("a tag without end")?;
            if tag.contains('<') || !tag.matches('"').count().is_multiple_of(2) {
                return Err(format!("<{tag}>"));
            }
            if let Some(name) = tag.strip_prefix('/') {
                if open.pop() != Some(name) {
                    return Err(format!("</{name}> closes something else"));
                }
            } else if !tag.ends_with('/') {
                open.push(tag.split(' ').next().unwrap_or(tag));
            }
            rest = after;
        }
        if open.is_empty() && rest.is_empty() {
            Ok(())
        } else {
            Err(format!("left over: {open:?} {rest:?}"))
        }
    }

    fn frame() -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 3));
        let base = Style::new()
            .fg(Color::Rgb(1, 2, 3))
            .bg(Color::Rgb(200, 100, 0));
        buf.set_string(0, 0, "a < b & \"c\" > d", base);
        buf.set_string(
            1,
            1,
            "한국어 abc",
            Style::new().add_modifier(Modifier::REVERSED),
        );
        buf.set_string(16, 1, "東京", Style::new().fg(Color::LightRed));
        let loud = Modifier::BOLD | Modifier::ITALIC | Modifier::UNDERLINED;
        buf.set_string(
            0,
            2,
            "loud",
            Style::new().fg(Color::Indexed(99)).add_modifier(loud),
        );
        buf.set_string(5, 2, "low", Style::new().add_modifier(Modifier::DIM));
        buf
    }

    #[test]
    fn text_is_what_one_reads() {
        assert_eq!(
            text(&frame()),
            "a < b & \"c\" > d\n 한국어 abc     東京\nloud low\n"
        );
    }

    #[test]
    fn a_terminal_shows_of_the_ansi_exactly_the_frame() {
        let buf = frame();
        let mut emulator = vt100::Parser::new(3.try_into().unwrap(), 20.try_into().unwrap(), 0);
        let text = ansi(&buf);
        assert_eq!(text.matches('\n').count(), 3);
        // A terminal's driver makes the line ends so; behind the last line it would scroll.
        emulator.process(text.trim_end().replace('\n', "\r\n").as_bytes());
        same(emulator.screen(), &buf);
    }

    #[test]
    fn the_picture_is_xml_with_every_run_on_the_grid() {
        let picture = svg(&frame(), (10, 10, 10), (250, 250, 250));
        well_formed(&picture).unwrap();
        let holds = |what: &str| assert!(picture.contains(what), "{what} in\n{picture}");
        holds(">a &lt; b &amp; \"c\" &gt; d<");
        holds("<rect x=\"0\" y=\"0\" width=\"135\" height=\"18\" fill=\"#c86400\"/>");
        // Turned around: ink as ground, ground as ink; wide letters are a run of their own.
        holds("<rect x=\"9\" y=\"18\" width=\"90\" height=\"18\" fill=\"#fafafa\"/>");
        holds(
            "<text x=\"9\" y=\"32\" textLength=\"54\" lengthAdjust=\"spacingAndGlyphs\" fill=\"#0a0a0a\">한국어</text>",
        );
        holds(
            "<text x=\"72\" y=\"32\" textLength=\"27\" lengthAdjust=\"spacingAndGlyphs\" fill=\"#0a0a0a\">abc</text>",
        );
        holds(
            "<text x=\"144\" y=\"32\" textLength=\"36\" lengthAdjust=\"spacingAndGlyphs\" fill=\"#ff0000\">東京</text>",
        );
        holds(
            "fill=\"#875fff\" font-weight=\"bold\" font-style=\"italic\" text-decoration=\"underline\">loud<",
        );
        for wrong in ["<a><b></a></b>", "<a>x & y</a>", "<a>", "<a b=\"></a>"] {
            assert!(well_formed(wrong).is_err(), "{wrong}");
        }
    }
}
