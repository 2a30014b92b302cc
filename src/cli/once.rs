//! The console: opened on a terminal, or one blade of it printed once.

use std::io::IsTerminal;

use serde_json::{Value, json};

use super::context::{Context, When};
use super::failure::Failure;
use super::looks;
use super::print::{self, Format};
use super::session::failure;
use crate::console::{self, Color, ConsoleError, Options};
use crate::engine::Actor;
use crate::runtime::Handle;

/// Width of a table that goes into a pipe or file, unless $COLUMNS says otherwise.
const WIDTH: u16 = 120;

/// Nothing is drawn when nobody sees it. Only the flag makes the console plain: what a terminal says of itself is
/// no reason to change how one works.
pub fn terminal(context: &Context) -> Result<(), Failure> {
    if context.global.plain {
        return Ok(());
    }
    let remedy = "Print a blade once instead: lockbox once overview. Or use the console line by line: lockbox --plain.";
    on_terminal("console", "The console", remedy)
}

/// Says no where there is no terminal, and what to do without.
pub fn on_terminal(target: &str, what: &str, remedy: &str) -> Result<(), Failure> {
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        return Ok(());
    }
    let message =
        format!("{what} needs a terminal as standard input and output, and there is none.");
    Err(Failure::bad_input("NoTerminal", target, message, remedy))
}

/// `lockbox` without a command. Never interactive when nobody sees it.
pub fn console(context: &Context) -> Result<(), Failure> {
    terminal(context)?;
    if context.global.at.is_some() {
        return Err(Failure::bad_input(
            "LiveOnly",
            "at",
            "The console opens in the present.",
            "Leave --at out and rewind in the console, or print a blade of the past: lockbox --at … once overview.",
        ));
    }
    let (host, actor) = context.session()?.into_host();
    let holder = format!("the console of process {}", std::process::id());
    // Whoever only reads does not make time run.
    let holder = Some(holder.as_str()).filter(|_| !context.global.readonly);
    let handle = Handle::spawn(host, holder).map_err(failure)?;
    open(context, handle, actor)
}

/// Opens the console on a world.
pub fn open(context: &Context, handle: Handle, actor: Actor) -> Result<(), Failure> {
    let global = &context.global;
    if global.plain {
        return console::plain::run(handle, actor, global.readonly).map_err(of_console);
    }
    let (mut settings, troubles) = looks::settings(None);
    settings.mouse &= !global.no_mouse;
    let word = |word: &Option<String>| word.clone().unwrap_or_default();
    let own_keys = looks::keymap(global.keymap.as_deref());
    let ended = console::run(Options {
        handle,
        actor,
        theme: global.theme.clone(),
        themes: looks::library(),
        color: match global.color {
            // What the environment says is asked last.
            When::Auto => match word(&settings.color).as_str() {
                "always" => Color::Always,
                "never" => Color::Never,
                _ => Color::Auto,
            },
            When::Always => Color::Always,
            When::Never => Color::Never,
        },
        glyphs: global.glyphs(settings.glyphs.as_deref()),
        settings,
        troubles: troubles.clone(),
        readonly: global.readonly,
        keymap: own_keys.clone(),
        programs: looks::programs(),
        record: global.record.clone(),
    });
    // Said once more where it stays.
    for mistake in troubles
        .into_iter()
        .chain(own_keys.err().into_iter().flatten())
    {
        print::say(&mistake);
    }
    ended.map_err(of_console)
}

fn of_console(error: ConsoleError) -> Failure {
    let message = error.to_string();
    match error {
        ConsoleError::Terminal(_) => Failure::broken("TerminalUnusable", &message),
        ConsoleError::Theme(_) | ConsoleError::ThemeFile { .. } => Failure::bad_input(
            "InvalidTheme",
            "theme",
            message,
            "Name a theme there is, or correct the file: lockbox check themes.",
        ),
        ConsoleError::Record { .. } => Failure::bad_input(
            "InvalidFile",
            "record",
            message,
            "Name a file that is not there yet, in a directory that can be written.",
        ),
        ConsoleError::Keys(_) => Failure::broken("InvalidKeys", &message),
    }
}

/// `lockbox once BLADE`: the rows the console would paint.
pub fn once(blade: &str, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let (format, width) = match context.format() {
        Format::Table => (console::Format::Table, print::terminal_width()),
        Format::Json => (console::Format::Json, None),
        Format::Csv => (console::Format::Csv, None),
        Format::Plain => (console::Format::Plain, None),
    };
    let asked = || std::env::var("COLUMNS").ok()?.parse().ok();
    let width = width
        .and_then(|w| u16::try_from(w).ok())
        .or_else(asked)
        .unwrap_or(WIDTH);
    let (world, now, actor) = (session.world(), session.now(), session.actor());
    let text = console::once(world, now, actor, blade, format, width)?;
    if format == console::Format::Json {
        let rows: Value = serde_json::from_str(&text)
            .map_err(|e| Failure::internal(format!("the blade {blade} is no JSON: {e}")))?;
        return print::document(&marked(rows));
    }
    print::plain(text.as_bytes())?;
    print::say(&format!("SIMULATION · {blade} · {} UTC", now.to_seconds()));
    Ok(())
}

/// Rows are marked one by one; the lines of a page get an object around them.
fn marked(rows: Value) -> Value {
    match rows {
        Value::Array(rows) if rows.iter().all(Value::is_object) => {
            rows.into_iter().map(print::marked).collect()
        }
        lines => print::marked(json!({ "lines": lines })),
    }
}
