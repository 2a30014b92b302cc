//! Programs of the person's own, run on what the cursor is on: `commands.toml` in the configuration directory.
//!
//! ```toml
//! [[command]]
//! name = "portal"                       # `:!portal` runs it, and so does its key
//! doc  = "Open the request in the portal"
//! key  = "ctrl-o"                       # optional; the console's own keys come first
//! run  = ["xdg-open", "https://portal.example/{id}"]
//! ```
//! There is no shell between: each word is a word, whatever an id has in it. `{id}`, `{blade}`, `{person}` and `{time}`
//! stand for what the console shows. Pure; the driver runs what comes of it.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::input::Key;
use super::input::key;
use crate::engine::text::scrub;
use crate::engine::words::{did_you_mean, nearest};

/// A program and when it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub name: String,
    pub doc: String,
    pub keys: Vec<Key>,
    pub run: Vec<String>,
}

/// What its placeholders stand for now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    pub id: String,
    pub blade: String,
    pub person: String,
    pub time: String,
}

const PLACES: [&str; 4] = ["id", "blade", "person", "time"];

impl Program {
    /// Its words, with what is shown in their places.
    pub fn words(&self, shown: &Shown) -> Vec<String> {
        let fill = |word: &String| {
            let mut filled = String::with_capacity(word.len());
            let mut rest = word.as_str();
            // From left to right, so that nothing an id has in it is filled in again.
            while let Some((before, after)) = rest.split_once('{') {
                filled.push_str(before);
                match after
                    .split_once('}')
                    .map(|(name, rest)| (value(name, shown), rest))
                {
                    Some((Some(value), after)) => {
                        filled.push_str(value);
                        rest = after;
                    }
                    _ => {
                        filled.push('{');
                        rest = after;
                    }
                }
            }
            filled + rest
        };
        self.run.iter().map(fill).collect()
    }
}

fn value<'a>(name: &str, shown: &'a Shown) -> Option<&'a str> {
    Some(match name {
        "id" => &shown.id,
        "blade" => &shown.blade,
        "person" => &shown.person,
        "time" => &shown.time,
        _ => return None,
    })
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    command: Vec<Spanned<Given>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    name: Spanned<String>,
    #[serde(default)]
    doc: String,
    key: Option<Spanned<String>>,
    run: Spanned<Vec<String>>,
}

/// The programs of a file, or the first mistake with its line.
pub fn read(file: &str, text: &str) -> Result<Vec<Program>, String> {
    let wrong = |at: &Range<usize>, message: &str| {
        let line = text.get(..at.start).unwrap_or(text).matches('\n').count() + 1;
        let message = message.lines().map(scrub).collect::<Vec<_>>().join(" ");
        format!("{}:{line}: {message}", scrub(file))
    };
    let parsed: File = toml::from_str(text).map_err(|e| {
        let at = e.span().unwrap_or(0..0);
        wrong(&at, e.message())
    })?;
    let mut programs: Vec<Program> = Vec::new();
    for given in parsed.command {
        let Given {
            name,
            doc,
            key,
            run,
        } = given.into_inner();
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.get_ref().is_empty() || !name.get_ref().chars().all(letters) {
            return Err(wrong(&name.span(), "a name is letters, digits, - and _"));
        }
        if programs.iter().any(|p| p.name == *name.get_ref()) {
            return Err(wrong(
                &name.span(),
                &format!("{} is there twice", name.get_ref()),
            ));
        }
        if run
            .get_ref()
            .first()
            .is_none_or(|program| program.is_empty())
        {
            return Err(wrong(
                &run.span(),
                "run is a program and its words: [\"program\", \"{id}\"]",
            ));
        }
        for word in run.get_ref() {
            if let Some(unknown) = places(word).find(|place| !PLACES.contains(place)) {
                let hint = did_you_mean(
                    nearest(unknown, PLACES.into_iter()),
                    "There are {id}, {blade}, {person} and {time}.",
                );
                return Err(wrong(
                    &run.span(),
                    &format!("{{{unknown}}} stands for nothing. {hint}"),
                ));
            }
        }
        let keys = match &key {
            Some(key) => {
                key::sequence(key.get_ref()).map_err(|e| wrong(&key.span(), &e.to_string()))?
            }
            None => Vec::new(),
        };
        programs.push(Program {
            name: name.into_inner(),
            doc: scrub(&doc).into_owned(),
            keys,
            run: run.into_inner(),
        });
    }
    Ok(programs)
}

/// What stands in braces and looks like a name.
fn places(word: &str) -> impl Iterator<Item = &str> {
    let named = |part: &str| part.split_once('}').map(|(name, _)| name.len());
    let parts = word.split('{').skip(1);
    parts.filter_map(move |part| {
        let name = part.get(..named(part)?)?;
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase());
        plain.then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTAL: &str = r#"
[[command]]
name = "portal"
doc  = "Open it"
key  = "ctrl-o"
run  = ["xdg-open", "https://x.example/{id}?at={time}", "{\"json\": {id}}"]
"#;

    #[test]
    fn words_are_filled_once_and_stay_words() {
        let programs = read("commands.toml", PORTAL).unwrap();
        assert_eq!(programs[0].keys.len(), 1);
        let shown = Shown {
            id: "LB-1; rm -rf {time} $(x)".into(),
            time: "noon".into(),
            ..Shown::default()
        };
        assert_eq!(
            programs[0].words(&shown),
            [
                "xdg-open",
                "https://x.example/LB-1; rm -rf {time} $(x)?at=noon",
                "{\"json\": LB-1; rm -rf {time} $(x)}",
            ]
        );
    }

    #[test]
    fn a_mistake_names_file_line_and_the_nearest_word() {
        let wrong = |what: &str, by: &str| {
            assert!(PORTAL.contains(what));
            read("commands.toml", &PORTAL.replace(what, by)).unwrap_err()
        };
        assert_eq!(
            wrong("{time}", "{tim}"),
            "commands.toml:6: {tim} stands for nothing. Did you mean time? There are {id}, {blade}, {person} and {time}."
        );
        assert!(wrong("doc ", "dok ").starts_with("commands.toml:4: unknown field `dok`"));
        assert!(wrong("ctrl-o", "strg-o").starts_with("commands.toml:5: "));
        assert!(wrong("\"portal\"", "\"a b\"").starts_with("commands.toml:3: a name is"));
        let twice = PORTAL.repeat(2);
        assert_eq!(read("c", &twice).unwrap_err(), "c:9: portal is there twice");
        let none = "[[command]]\nname = \"x\"\nrun = []\n";
        assert!(
            read("c", none)
                .unwrap_err()
                .starts_with("c:3: run is a program")
        );
    }
}
