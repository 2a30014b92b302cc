//! What a person sets once: `config.toml` in the configuration directory. Flags win over it, and it wins over the
//! environment.
//!
//! ```toml
//! theme = { dark = "catppuccin-mocha", light = "catppuccin-latte" }   # or one name
//! color = "auto"              # auto, always, never
//! glyphs = "unicode"          # unicode, ascii, nerd
//! mouse = true
//! title = true                # the window says where one is
//! bell = false                # when a request begins to wait, or is about to expire
//! notify = "off"              # off, osc9, osc777: the same to the desktop
//! notify-before = "30m"
//!
//! [clipboard]
//! command = ["wl-copy"]       # instead of the terminal's own (OSC 52)
//! ```

use std::ops::Range;

use toml::{Spanned, Value};

use crate::engine::Span;
use crate::engine::text::scrub;
use crate::engine::words::{did_you_mean, nearest};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub theme: Themes,
    pub color: Option<String>,
    pub glyphs: Option<String>,
    pub mouse: bool,
    pub title: bool,
    pub bell: bool,
    pub notify: Notify,
    /// How long before its end a waiting request is told of.
    pub notify_before: Span,
    pub clipboard: Vec<String>,
}

/// Which theme, by the ground of the terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Themes {
    pub dark: Option<String>,
    pub light: Option<String>,
}

/// How the desktop is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Notify {
    #[default]
    Off,
    Osc9,
    Osc777,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            theme: Themes::default(),
            color: None,
            glyphs: None,
            mouse: true,
            title: true,
            bell: false,
            notify: Notify::Off,
            notify_before: Span::minutes(30),
            clipboard: Vec::new(),
        }
    }
}

const KEYS: [&str; 9] = [
    "theme",
    "color",
    "glyphs",
    "mouse",
    "title",
    "bell",
    "notify",
    "notify-before",
    "clipboard",
];

/// The settings of a file, or every mistake in it.
pub fn read(file: &str, text: &str) -> Result<Settings, Vec<String>> {
    let say = |at: &Range<usize>, message: &str| {
        let line = text.get(..at.start).unwrap_or(text).matches('\n').count() + 1;
        let message = message.lines().map(scrub).collect::<Vec<_>>().join(" ");
        format!("{}:{line}: {message}", scrub(file))
    };
    type Table = std::collections::BTreeMap<Spanned<String>, Spanned<Value>>;
    let table: Table = toml::from_str(text)
        .map_err(|error| vec![say(&error.span().unwrap_or(0..0), error.message())])?;
    let mut settings = Settings::default();
    let mut wrong: Vec<(usize, String)> = Vec::new();
    for (key, value) in &table {
        let name = key.get_ref().as_str();
        if !KEYS.contains(&name) {
            let near = did_you_mean(
                nearest(name, KEYS.into_iter()),
                "README.md lists the settings.",
            );
            wrong.push((
                key.span().start,
                say(&key.span(), &format!("there is no setting {name}. {near}")),
            ));
        } else if let Err(why) = settings.set(name, value.get_ref()) {
            wrong.push((
                key.span().start,
                say(&value.span(), &format!("{name}: {why}")),
            ));
        }
    }
    wrong.sort();
    match wrong.is_empty() {
        true => Ok(settings),
        false => Err(wrong.into_iter().map(|(_, says)| says).collect()),
    }
}

impl Settings {
    fn set(&mut self, name: &str, value: &Value) -> Result<(), String> {
        match name {
            "theme" => self.theme = themes(value)?,
            "color" => self.color = Some(one_of(value, &["auto", "always", "never"])?),
            "glyphs" => self.glyphs = Some(one_of(value, &["unicode", "ascii", "nerd"])?),
            "mouse" => self.mouse = switch(value)?,
            "title" => self.title = switch(value)?,
            "bell" => self.bell = switch(value)?,
            "notify" => {
                self.notify = match one_of(value, &["off", "osc9", "osc777"])?.as_str() {
                    "osc9" => Notify::Osc9,
                    "osc777" => Notify::Osc777,
                    _ => Notify::Off,
                }
            }
            "notify-before" => {
                self.notify_before = (word(value)?.parse())
                    .map_err(|e: crate::engine::time::TimeError| e.to_string())?;
            }
            _ => {
                let command = value.get("command").and_then(Value::as_array);
                let words =
                    command.map(|words| words.iter().map(|w| w.as_str().map(str::to_owned)));
                let words: Option<Vec<String>> = words.and_then(Iterator::collect);
                self.clipboard = words
                    .filter(|words| !words.is_empty())
                    .ok_or("write command = [\"program\", \"word\"]")?;
            }
        }
        Ok(())
    }
}

fn themes(value: &Value) -> Result<Themes, String> {
    if let Some(name) = value.as_str() {
        let name = Some(name.to_owned());
        return Ok(Themes {
            dark: name.clone(),
            light: name,
        });
    }
    let table = value
        .as_table()
        .ok_or("a name, or { dark = \"…\", light = \"…\" }")?;
    if let Some(odd) = table
        .keys()
        .find(|key| !["dark", "light"].contains(&key.as_str()))
    {
        return Err(format!("there is {odd}; only dark and light are looked at"));
    }
    let of = |key: &str| table.get(key).map(word).transpose();
    Ok(Themes {
        dark: of("dark")?,
        light: of("light")?,
    })
}

fn word(value: &Value) -> Result<String, String> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| "a word in quotes belongs here".to_owned())
}

fn switch(value: &Value) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| "true or false belongs here".to_owned())
}

fn one_of(value: &Value, words: &[&str]) -> Result<String, String> {
    let given = word(value)?;
    if words.contains(&given.as_str()) {
        return Ok(given);
    }
    let near = nearest(&given, words.iter().copied());
    Err(format!(
        "{given:?} is none of {}. {}",
        words.join(", "),
        did_you_mean(near, "")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_every_mistake_has_its_line() {
        let text = "theme = { dark = \"nord\" }\nbell = true\nnotify = \"osc9\"\nnotify-before = \"1h\"\n[clipboard]\ncommand = [\"wl-copy\", \"-n\"]\n";
        let settings = read("config.toml", text).unwrap();
        assert_eq!(settings.theme.dark.as_deref(), Some("nord"));
        assert_eq!(settings.theme.light, None);
        assert!(settings.bell && settings.mouse);
        assert_eq!(settings.notify, Notify::Osc9);
        assert_eq!(settings.notify_before, Span::hours(1));
        assert_eq!(settings.clipboard, ["wl-copy", "-n"]);
        assert_eq!(read("c", "").unwrap(), Settings::default());

        let wrong = read(
            "config.toml",
            "bel = true\nmouse = \"yes\"\nnotify = \"osc99\"\nnotify-before = \"soon\"\ntheme = { drak = \"x\" }\n",
        );
        let wrong = wrong.unwrap_err();
        assert_eq!(wrong.len(), 5, "{wrong:?}");
        assert_eq!(
            wrong[0],
            "config.toml:1: there is no setting bel. Did you mean bell? README.md lists the settings."
        );
        assert_eq!(wrong[1], "config.toml:2: mouse: true or false belongs here");
        assert!(wrong[2].starts_with(
            "config.toml:3: notify: \"osc99\" is none of off, osc9, osc777. Did you mean osc9?"
        ));
        assert!(wrong[3].starts_with("config.toml:4: notify-before: "));
        assert!(wrong[4].contains("drak"));
        assert!(read("c", "x = [").unwrap_err()[0].starts_with("c:1: "));
    }
}
