//! `--log-file`: tracing, to a file and nowhere else, scrubbed like every sink.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use super::failure::Failure;
use crate::engine::text::scrub;

pub fn start(path: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = path else { return Ok(()) };
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|e| {
            Failure::bad_input(
                "InvalidFile",
                "log-file",
                format!("The log file {} cannot be opened: {e}.", path.display()),
                "Name a file that can be written.",
            )
        })?;
    // Whoever set a subscriber before us keeps it.
    let _ = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(Mutex::new(Scrubbed(file)))
        .try_init();
    Ok(())
}

/// One record a write, as `tracing_subscriber::fmt` does it; within a record nothing acts.
struct Scrubbed(File);

impl Write for Scrubbed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        self.0.write_all(format!("{}\n", scrub(line)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
