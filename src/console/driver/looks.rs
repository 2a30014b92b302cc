//! The theme of the driver: which one, from where, and again when its file changes.

use std::fs;
use std::path::{Path, PathBuf};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::{Color, ConsoleError, Options};
use crate::console::settings::Themes;
use crate::console::theme::{Depth, Glyphs, Library, Listed, Theme};
use crate::engine::text::scrub;

/// Where themes come from, and how they are shown.
pub(super) struct Looks {
    library: Library,
    depth: Depth,
    glyphs: Glyphs,
    /// By the ground of the terminal, where nobody chose one.
    by_ground: Option<Themes>,
    /// What is in force: a name, or a file.
    chosen: Option<String>,
    _watcher: Option<RecommendedWatcher>,
    changed: mpsc::UnboundedReceiver<()>,
    tell: mpsc::UnboundedSender<()>,
}

impl Looks {
    /// The looks of the options, and their theme.
    pub(super) fn new(options: &Options) -> Result<(Looks, Theme), ConsoleError> {
        let depth = depth(options.color);
        let (tell, changed) = mpsc::unbounded_channel();
        let settings = &options.settings.theme;
        let same = settings.dark == settings.light;
        let chosen = options.theme.clone().or_else(|| settings.dark.clone());
        let mut looks = Looks {
            library: options.themes.clone(),
            depth,
            glyphs: options.glyphs,
            by_ground: (options.theme.is_none() && (!same || settings.dark.is_none()))
                .then(|| settings.clone()),
            chosen,
            _watcher: None,
            changed,
            tell,
        };
        // A mistake in the name or file is told also where no colour is used.
        looks.load(looks.chosen.as_deref(), Depth::True)?;
        let theme = looks.load(looks.chosen.as_deref(), depth)?;
        looks.watch();
        Ok((looks, theme))
    }

    fn load(&self, chosen: Option<&str>, depth: Depth) -> Result<Theme, ConsoleError> {
        let path = chosen.filter(|name| is_path(name)).map(Path::new);
        let text = path.map(|path| {
            fs::read_to_string(path).map_err(|source| ConsoleError::ThemeFile {
                path: scrub(&path.to_string_lossy()).into_owned(),
                source,
            })
        });
        let text = text.transpose()?;
        Ok(self
            .library
            .load(chosen, text.as_deref(), depth, self.glyphs)?)
    }

    /// Themes one can choose; none where there is no colour.
    pub(super) fn list(&self) -> Vec<Listed> {
        match self.depth {
            Depth::None => Vec::new(),
            _ => self.library.list(),
        }
    }

    /// The id of the theme in force, as the list has it.
    pub(super) fn id(&self, theme: &Theme) -> String {
        let chosen = self.chosen.clone();
        chosen.unwrap_or_else(|| {
            let named = |listed: &Listed| listed.name == theme.name;
            self.list()
                .into_iter()
                .find(named)
                .map_or_else(String::new, |found| found.id)
        })
    }

    /// Another theme, to stay or not.
    pub(super) fn choose(&mut self, id: &str, keep: bool) -> Result<Theme, ConsoleError> {
        let theme = self.load(Some(id), self.depth)?;
        if keep {
            self.chosen = Some(id.to_owned());
            self.by_ground = None;
            self.watch();
        }
        Ok(theme)
    }

    /// Whether it matters what the ground of the terminal is.
    pub(super) fn follows_ground(&self) -> bool {
        self.by_ground.is_some() && matches!(self.depth, Depth::Ansi256 | Depth::True)
    }

    /// The theme for a ground, if it is another one.
    pub(super) fn on_ground(&mut self, light: bool) -> Option<Theme> {
        let themes = self.by_ground.as_ref()?;
        let named = if light { &themes.light } else { &themes.dark };
        let chosen = match named {
            Some(id) => id.clone(),
            None if light => "catppuccin-latte".to_owned(),
            None => return None,
        };
        let theme = self.load(Some(&chosen), self.depth).ok()?;
        self.chosen = Some(chosen);
        self.watch();
        Some(theme)
    }

    /// The file of the theme in force, when it is one of the person's own.
    fn file(&self) -> Option<PathBuf> {
        let chosen = self.chosen.as_deref()?;
        if is_path(chosen) {
            return Some(PathBuf::from(chosen));
        }
        let own = self.library.own.iter().find(|own| own.id == chosen)?;
        Some(PathBuf::from(&own.file))
    }

    /// Editors replace a file as often as they write into it, so its directory is watched.
    fn watch(&mut self) {
        self._watcher = None;
        let Some(file) = self.file() else {
            return;
        };
        let tell = self.tell.clone();
        let (name, dir) = (file.file_name().map(ToOwned::to_owned), file.parent());
        let dir = dir
            .filter(|dir| !dir.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let seen = move |event: notify::Result<notify::Event>| {
            let touches = |event: notify::Event| {
                event
                    .paths
                    .iter()
                    .any(|path| path.file_name() == name.as_deref())
            };
            if event.is_ok_and(touches) {
                let _ = tell.send(());
            }
        };
        // Without a watcher a theme is as good as it was.
        let watcher = notify::recommended_watcher(seen);
        self._watcher = watcher.ok().and_then(|mut watcher| {
            watcher.watch(dir, RecursiveMode::NonRecursive).ok()?;
            Some(watcher)
        });
    }

    /// Waits until the file of the theme was written.
    pub(super) async fn touched(&mut self) {
        if self.changed.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
        // What an editor does in several steps is read once.
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        while self.changed.try_recv().is_ok() {}
    }

    /// The theme as its file has it now.
    pub(super) fn again(&mut self) -> Result<Theme, ConsoleError> {
        let chosen = self.chosen.clone();
        if let (Some(id), Some(file)) = (&chosen, self.file())
            && let Some(own) = self.library.own.iter_mut().find(|own| own.id == *id)
        {
            own.text = fs::read_to_string(file).map_err(|error| error.to_string());
        }
        self.load(chosen.as_deref(), self.depth)
    }
}

fn is_path(name: &str) -> bool {
    name.contains('/') || name.ends_with(".toml")
}

fn depth(color: Color) -> Depth {
    let seen = Depth::from_env(|name| std::env::var(name).ok());
    match color {
        Color::Auto => seen,
        Color::Never => Depth::None,
        Color::Always if seen == Depth::None => Depth::from_env(|name| {
            (name != "NO_COLOR")
                .then(|| std::env::var(name).ok())
                .flatten()
        })
        .max(Depth::Ansi16),
        Color::Always => seen,
    }
}
