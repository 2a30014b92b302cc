//! `lockbox replay`: a recording on the terminal.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::failure::Failure;
use super::{input, once};
use crate::console::cast;
use crate::console::terminal::{self, replay};

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A recording (asciicast v2), as --record writes them
    file: PathBuf,
    /// How many times as fast
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive)]
    speed: f64,
    /// The longest pause, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = positive)]
    idle_limit: Option<f64>,
}

fn positive(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.parse().ok();
    // More than a day or a million times is no reason for a recording.
    number
        .filter(|n| (0.001..=1_000_000.0).contains(n))
        .ok_or_else(|| "write a number from 0.001 to 1000000, like 2 or 0.5".to_owned())
}

pub fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let text = input::text_file(&args.file, "recording")?;
    let file = args.file.display();
    let cast = cast::parse(&text).map_err(|error| {
        Failure::bad_input(
            "InvalidRecording",
            "recording",
            format!("{file}, {error}."),
            "Name a recording in asciicast v2; lockbox --record FILE makes one.",
        )
    })?;
    once::on_terminal("replay", "A replay", "Run it in a terminal.")?;
    let (width, height) = terminal::size()?;
    let (columns, rows) = cast.size;
    if columns > width || rows > height {
        return Err(Failure::bad_input(
            "TerminalTooSmall",
            "terminal",
            format!("{file} is {columns}x{rows}, and the terminal only {width}x{height}."),
            "Enlarge the terminal, or make its letters smaller.",
        ));
    }
    let limit = args.idle_limit.map(Duration::from_secs_f64);
    replay::replay(&cast, args.speed, limit)?;
    Ok(())
}
