//! The console, opened or printed once.

use std::io::IsTerminal;

use clap::ValueEnum;

use super::context::{Context, When};
use super::failure::Failure;
use super::print;
use crate::console::{self, Color, ConsoleError, Options};
use crate::runtime::Handle;

/// `lockbox` without a command. Never interactive when nobody sees it.
pub fn console(context: &Context) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::bad_input(
            "NoTerminal",
            "console",
            "The console needs a terminal, and standard output is none.",
            "Print a blade once instead: lockbox once overview.",
        ));
    }
    let (host, actor) = context.session()?.into_host();
    let holder = format!("the console of process {}", std::process::id());
    let handle = Handle::spawn(host, Some(&holder)).map_err(super::session::failure)?;
    console::run(Options {
        handle,
        actor,
        theme: context.global.theme.clone(),
        color: match context.global.color {
            When::Auto => Color::Auto,
            When::Always => Color::Always,
            When::Never => Color::Never,
        },
        ascii: context.global.ascii,
    })
    .map_err(|error| match error {
        ConsoleError::Theme(_) | ConsoleError::ThemeFile { .. } => Failure::bad_input(
            "InvalidTheme",
            "theme",
            error.to_string(),
            "Correct the theme file, or name a shipped theme.",
        ),
        ConsoleError::Terminal(_) | ConsoleError::Keys(_) => Failure::internal(error.to_string()),
    })
}

/// `lockbox once BLADE`.
pub fn once(blade: &str, context: &Context) -> Result<(), Failure> {
    const WIDTH: u16 = 120;
    let session = context.session()?;
    let name = context.format().to_possible_value();
    let format = name
        .and_then(|n| n.get_name().parse().ok())
        .unwrap_or(console::Format::Table);
    let width = std::env::var("COLUMNS")
        .ok()
        .and_then(|c| c.parse().ok())
        .unwrap_or(WIDTH);
    let text = console::once(
        session.world(),
        session.now(),
        session.actor(),
        blade,
        format,
        width,
    )?;
    print::plain(text.as_bytes())
}
