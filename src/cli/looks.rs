//! Themes of the person's own, and what `lockbox check themes` says of them and of those that ship.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use serde_json::{Map, Value, json};

use super::context::Context;
use super::failure::{Failure, USAGE};
use super::input;
use super::print::{self, List, col, flex};
use crate::console::input::{Keymap, keyfile};
use crate::console::programs::{self, Program};
use crate::console::reference::{self, Entry};
use crate::console::settings::{self, Settings};
use crate::console::theme::measure::{INKS, apart, contrasts};
use crate::console::theme::sight::Eyes;
use crate::console::theme::{Depth, Library, Own, SHIPPED, Theme, Token, file, glyphs};
use crate::engine::text::scrub;

/// Largest theme file that is read on the way to the console, in bytes.
const MAX: u64 = 256 * 1024;
/// Contrast that text of one cell needs.
const READABLE: f64 = 4.5;

/// Where a person puts themes, each `NAME.toml`; nowhere without a home.
pub fn themes_dir() -> Option<PathBuf> {
    config("themes")
}

/// Themes by name. One that cannot be read is told of when it is asked for.
pub fn library() -> Library {
    let dir = themes_dir().and_then(|dir| fs::read_dir(dir).ok());
    let mut own: Vec<Own> = dir
        .into_iter()
        .flatten()
        .filter_map(|entry| own(&entry.ok()?.path()))
        .collect();
    own.sort_by(|a, b| a.id.cmp(&b.id));
    Library { own }
}

/// A file of the configuration directory; nowhere without a home.
fn config(name: &str) -> Option<PathBuf> {
    let base = etcetera::choose_base_strategy().ok()?;
    Some(base.config_dir().join("lockbox").join(name))
}

/// Where the person's settings stand.
pub fn settings_file() -> Option<PathBuf> {
    config("config.toml")
}

/// The person's settings, and what is wrong with them: then those that ship stand.
pub fn settings(file: Option<&Path>) -> (Settings, Vec<String>) {
    let own = settings_file().filter(|path| path.exists());
    let Some(path) = file.map(Path::to_owned).or(own) else {
        return (Settings::default(), Vec::new());
    };
    let name = path.display().to_string();
    let read = text(&path).map_err(|why| vec![format!("{name}: cannot be read: {why}")]);
    match read.and_then(|text| settings::read(&name, &text)) {
        Ok(settings) => (settings, Vec::new()),
        Err(wrong) => (Settings::default(), wrong),
    }
}

/// `lockbox check config`.
pub fn check_settings(file: Option<&Path>) -> Result<(), Failure> {
    let (_, wrong) = settings(file);
    let Some((first, rest)) = wrong.split_first() else {
        return print::line("The settings are good.");
    };
    for mistake in rest {
        print::say(&format!("bad input: {mistake}"));
    }
    let remedy = "Correct it; until then the console has the settings that ship.";
    Err(Failure::bad_input(
        "InvalidConfig",
        "config",
        first.clone(),
        remedy,
    ))
}

/// Where the person's own keys stand.
pub fn keys_file() -> Option<PathBuf> {
    config("keys.toml")
}

/// The keys that ship with the person's own on top, or all that is wrong with those.
pub fn keymap(file: Option<&Path>) -> Result<Keymap, Vec<String>> {
    let own = keys_file().filter(|path| path.exists());
    let Some(path) = file.map(Path::to_owned).or(own) else {
        return Keymap::defaults().map_err(|error| vec![error.to_string()]);
    };
    let name = path.display().to_string();
    let text = text(&path).map_err(|why| vec![format!("{name}: cannot be read: {why}")])?;
    keyfile::read(&name, &text)
}

/// `lockbox check keys`.
pub fn check_keys(file: Option<&Path>, context: &Context) -> Result<(), Failure> {
    let keymap = keymap(file).map_err(wrong_keys)?;
    for doubt in keyfile::doubts(&keymap) {
        print::say(&format!("warning: {doubt}"));
    }
    keys(&keymap, context)
}

fn wrong_keys(wrong: Vec<String>) -> Failure {
    for mistake in wrong.iter().skip(1) {
        print::say(&format!("bad input: {mistake}"));
    }
    let first = wrong.into_iter().next().unwrap_or_default();
    let remedy = "Correct it; until then the keys that ship stand. README.md describes the file.";
    Failure::bad_input("InvalidKeys", "keys", first, remedy)
}

/// `lockbox keys`: every action with its keys.
pub fn list_keys(markdown: bool, context: &Context) -> Result<(), Failure> {
    let keymap = keymap(context.global.keymap.as_deref()).map_err(wrong_keys)?;
    match markdown {
        true => print::plain(reference::markdown(&keymap).as_bytes()),
        false => keys(&keymap, context),
    }
}

fn keys(keymap: &Keymap, context: &Context) -> Result<(), Failure> {
    context.list(&List {
        noun: ("action", "actions"),
        columns: vec![col("KEYS"), col("SCOPE"), col("ACTION"), flex("WHAT")],
        csv: &["keys", "scope", "action", "doc", "danger"],
        items: reference::entries(keymap),
        cells: &|entry: &Entry| {
            let name = entry.name.to_owned();
            vec![
                entry.keys.join("  "),
                entry.scope.clone(),
                name,
                entry.doc.to_owned(),
            ]
        },
        json: &|entry: &Entry| {
            json!({
                "keys": entry.keys,
                "scope": entry.scope,
                "action": entry.name,
                "doc": entry.doc,
                "danger": entry.danger,
            })
        },
        own_shape: false,
        notes: Vec::new(),
    })
}

/// Where the person's own programs stand.
pub fn programs_file() -> Option<PathBuf> {
    config("commands.toml")
}

/// The person's own programs; none where there is no file.
pub fn programs() -> Result<Vec<Program>, String> {
    let Some(path) = programs_file().filter(|path| path.exists()) else {
        return Ok(Vec::new());
    };
    let name = path.display().to_string();
    let text = text(&path).map_err(|why| format!("{name}: cannot be read: {why}"))?;
    programs::read(&name, &text)
}

/// `lockbox check commands`.
pub fn check_programs(file: Option<&Path>, context: &Context) -> Result<(), Failure> {
    let found = match file {
        Some(path) => programs::read(
            &path.display().to_string(),
            &input::text_file(path, "commands")?,
        ),
        None => programs(),
    };
    let found = found.map_err(|wrong| {
        let remedy = "Correct it; README.md describes the file.";
        Failure::bad_input("InvalidCommands", "commands", wrong, remedy)
    })?;
    context.list(&List {
        noun: ("command", "commands"),
        columns: vec![col("NAME"), col("KEY"), flex("WHAT"), flex("RUNS")],
        csv: &["name", "key", "doc", "run"],
        items: found,
        cells: &|program: &Program| {
            let keys: Vec<String> = program.keys.iter().map(ToString::to_string).collect();
            let run = program.run.iter().map(|word| scrub(word)).collect::<Vec<_>>();
            vec![program.name.clone(), keys.join(" "), program.doc.clone(), run.join(" ")]
        },
        json: &|program: &Program| {
            let keys: Vec<String> = program.keys.iter().map(ToString::to_string).collect();
            json!({ "name": program.name, "key": keys.join(" "), "doc": program.doc, "run": program.run })
        },
        own_shape: false,
        notes: Vec::new(),
    })
}

fn own(path: &Path) -> Option<Own> {
    if path.extension()? != "toml" {
        return None;
    }
    Some(Own {
        id: path.file_stem()?.to_string_lossy().into_owned(),
        file: path.display().to_string(),
        text: text(path),
    })
}

/// Of a file and nothing else: a pipe would keep the console waiting.
fn text(path: &Path) -> Result<String, String> {
    let wrong = |e: std::io::Error| e.to_string();
    if !fs::metadata(path).map_err(wrong)?.is_file() {
        return Err("it is no file".to_owned());
    }
    let mut text = String::new();
    let file = File::open(path).map_err(wrong)?;
    file.take(MAX + 1)
        .read_to_string(&mut text)
        .map_err(wrong)?;
    if text.len() as u64 > MAX {
        return Err(format!("it is larger than {MAX} bytes"));
    }
    Ok(text)
}

/// A theme as it was found, or what is wrong with it.
struct Checked {
    id: String,
    file: Option<String>,
    theme: Result<Theme, Vec<String>>,
}

pub fn check(files: &[PathBuf], context: &Context) -> Result<(), Failure> {
    let library = library();
    let checked = if files.is_empty() {
        let shipped = SHIPPED.iter().map(|(id, text)| Checked {
            id: (*id).to_owned(),
            file: None,
            theme: judge(&library, id, text),
        });
        let own = library.own.iter().map(|own| Checked {
            id: own.id.clone(),
            file: Some(own.file.clone()),
            theme: match &own.text {
                Ok(text) => judge(&library, &own.file, text),
                Err(why) => Err(vec![format!("{}: cannot be read: {why}", own.file)]),
            },
        });
        shipped.chain(own).collect()
    } else {
        let mut named = Vec::new();
        for path in files {
            let text = input::text_file(path, "theme")?;
            let shown = path.display().to_string();
            named.push(Checked {
                id: path
                    .file_stem()
                    .map_or_else(|| shown.clone(), |s| s.to_string_lossy().into_owned()),
                theme: judge(&library, &shown, &text),
                file: Some(shown),
            });
        }
        named
    };
    tell(checked, context)
}

fn judge(library: &Library, name: &str, text: &str) -> Result<Theme, Vec<String>> {
    let (_, wrong) = file::read(name, text);
    if !wrong.is_empty() {
        return Err(wrong.iter().map(ToString::to_string).collect());
    }
    library
        .load(Some(name), Some(text), Depth::True, glyphs::UNICODE)
        .map_err(|e| vec![e.to_string()])
}

fn tell(checked: Vec<Checked>, context: &Context) -> Result<(), Failure> {
    let wrong: Vec<String> = checked
        .iter()
        .filter_map(|c| c.theme.as_ref().err())
        .flatten()
        .cloned()
        .collect();
    let mut columns = vec![flex("THEME"), col("MODE")];
    columns.extend(["TEXT", "MUTED", "OK", "INFO", "WARN", "DANGER"].map(col));
    columns.push(col("APART"));
    context.list(&List {
        noun: ("theme", "themes"),
        columns,
        csv: &["id", "name", "mode", "file", "mistakes"],
        items: checked,
        cells: &cells,
        json: &shape,
        own_shape: false,
        notes: vec![
            format!("Contrast on the ground/in the selected row; ! is less than {READABLE}, – the terminal's own colour."),
            "Apart: the two statuses most alike, CIEDE2000, to normal/deuteranopic/protanopic/tritanopic eyes."
                .to_owned(),
        ],
    })?;
    if wrong.is_empty() {
        return Ok(());
    }
    for mistake in wrong {
        print::say(&format!("bad input: {mistake}"));
    }
    Err(Failure::Told(USAGE))
}

fn cells(checked: &Checked) -> Vec<String> {
    let theme = match &checked.theme {
        Ok(theme) => theme,
        Err(wrong) => {
            let says = match wrong.len() {
                1 => "1 mistake".to_owned(),
                n => format!("{n} mistakes"),
            };
            return vec![checked.id.clone(), says]
                .into_iter()
                .chain((0..=INKS.len()).map(|_| String::new()))
                .collect();
        }
    };
    let contrast = |value: Option<f64>| match value {
        Some(value) if value < READABLE => format!("{value:.1}!"),
        Some(value) => format!("{value:.1}"),
        None => "–".to_owned(),
    };
    let mut cells = vec![checked.id.clone(), theme.mode.word().to_owned()];
    cells.extend(
        INKS.map(|(_, ink)| contrasts(theme, ink, Token::Base).map(contrast))
            .map(|[ground, row]| format!("{ground}/{row}")),
    );
    let apart = Eyes::ALL.map(|eyes| apart(theme, eyes));
    let apart = apart.map(|d| d.map_or_else(|| "–".to_owned(), |d| format!("{d:.0}")));
    cells.push(apart.join("/"));
    cells
}

fn shape(checked: &Checked) -> Value {
    let theme = match &checked.theme {
        Ok(theme) => theme,
        Err(wrong) => {
            return json!({ "id": checked.id, "file": checked.file, "mistakes": wrong });
        }
    };
    let rounded = |value: Option<f64>| value.map(|v| (v * 100.0).round() / 100.0);
    let contrast: Map<String, Value> = INKS
        .iter()
        .map(|(word, ink)| {
            let [ground, row] = contrasts(theme, *ink, Token::Base).map(rounded);
            let both = json!({ "ground": ground, "selectedRow": row });
            ((*word).to_owned(), both)
        })
        .collect();
    let apart: Map<String, Value> = Eyes::ALL
        .iter()
        .map(|eyes| {
            let apart = rounded(apart(theme, *eyes));
            (eyes.word().to_owned(), json!(apart))
        })
        .collect();
    json!({
        "id": checked.id,
        "name": theme.name,
        "mode": theme.mode.word(),
        "file": checked.file,
        "contrast": contrast,
        "statusesApart": apart,
        "mistakes": [],
    })
}
