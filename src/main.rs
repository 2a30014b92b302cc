//! lockbox, the program. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    lockbox::cli::main(std::env::args_os())
}
