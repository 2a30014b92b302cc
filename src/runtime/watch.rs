//! Notices that another process wrote to the journal, by inotify on its files.

use std::path::Path;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::error::HostError;

/// Calls `changed` whenever a journal file of the directory is written, until it is dropped.
pub(super) fn journal(
    dir: &Path,
    changed: impl Fn() + Send + 'static,
) -> Result<RecommendedWatcher, HostError> {
    let fail = |e: notify::Error| {
        HostError::io(
            "watch",
            dir,
            "See that the number of inotify watches of this system is not used up",
        )(std::io::Error::other(e))
    };
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // An error means that events were lost, so something did change.
        if event.as_ref().map_or(true, is_write) {
            changed();
        }
    })
    .map_err(fail)?;
    watcher
        .watch(dir, RecursiveMode::NonRecursive)
        .map_err(fail)?;
    Ok(watcher)
}

fn is_write(event: &notify::Event) -> bool {
    matches!(event.kind, EventKind::Modify(_) | EventKind::Create(_))
        && event.paths.iter().any(|path| {
            let name = path.file_name().unwrap_or_default();
            name == "journal.db-wal" || name == "journal.db"
        })
}
