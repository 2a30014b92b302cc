//! The console, opened or printed once.

use std::io::IsTerminal;

use super::context::Context;
use super::failure::Failure;

/// `lockbox` without a command. Never interactive when nobody sees it.
pub fn console(_context: &Context) -> Result<(), Failure> {
    if !std::io::stdout().is_terminal() {
        return Err(Failure::bad_input(
            "NoTerminal",
            "console",
            "The console needs a terminal, and standard output is none.",
            "Print a blade once instead: lockbox once overview.",
        ));
    }
    Err(missing())
}

/// `lockbox once BLADE`.
pub fn once(_blade: &str, _context: &Context) -> Result<(), Failure> {
    Err(missing())
}

fn missing() -> Failure {
    Failure::bad_input(
        "NotBuilt",
        "console",
        "This build of lockbox has no console yet.",
        "Use the commands: lockbox help.",
    )
}
