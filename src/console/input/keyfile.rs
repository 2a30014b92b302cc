//! A person's own keys: `keys.toml` in the configuration directory, on top of the keys that ship.
//!
//! ```toml
//! [[unbind]]
//! on = "d"
//! scope = "request"
//!
//! [[bind]]
//! on = ["x", "g D"]            # several, and sequences
//! do = "request.deny"
//! scope = "request"            # left out: the scope of the action
//!
//! [aliases]
//! deny = "request.deny"        # :deny
//! ```
//! A key that means something already has to be unbound first. All or nothing: with a mistake, the keys that ship stand.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::key::{self, Key};
use super::keymap::Keymap;
use crate::console::actions::{ACTIONS, Scope};
use crate::engine::text::scrub;
use crate::engine::words::{did_you_mean, nearest};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    bind: Vec<Bind>,
    #[serde(default)]
    unbind: Vec<Unbind>,
    #[serde(default)]
    aliases: BTreeMap<Spanned<String>, Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "keys in quotes, or a list of them, belong here")]
enum Keys {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bind {
    on: Spanned<Keys>,
    #[serde(rename = "do")]
    action: Spanned<String>,
    scope: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unbind {
    on: Spanned<Keys>,
    scope: Spanned<String>,
}

impl Keys {
    fn each(&self) -> &[String] {
        match self {
            Keys::One(key) => std::slice::from_ref(key),
            Keys::Several(keys) => keys,
        }
    }
}

/// The keys that ship with those of a file on top, or every mistake in it.
pub fn read(file: &str, text: &str) -> Result<Keymap, Vec<String>> {
    let mut reader = Reader {
        file,
        text,
        wrong: Vec::new(),
    };
    let parsed: File = match toml::from_str(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            reader.say(&error.span().unwrap_or(0..0), error.message());
            return Err(reader.wrong);
        }
    };
    let mut keymap = Keymap::defaults().map_err(|error| vec![error.to_string()])?;
    for unbind in &parsed.unbind {
        let scope = reader.scope(&unbind.scope);
        for keys in reader.keys(&unbind.on) {
            if let Some(scope) = scope
                && !keymap.unbind(scope, &keys)
            {
                let says = format!("{} means nothing in {}", written(&keys), word(scope));
                reader.say(&unbind.on.span(), &says);
            }
        }
    }
    for bind in &parsed.bind {
        let action = reader.action(&bind.action);
        let given = bind.scope.as_ref().map(|scope| reader.scope(scope));
        for keys in reader.keys(&bind.on) {
            let Some(action) = action else { continue };
            let Some(scope) = given.unwrap_or(Some(ACTIONS[action].scope)) else {
                continue;
            };
            if let Some(taken) = keymap.bind(scope, keys.clone(), action) {
                let says = format!(
                    "{} means {} in {}; unbind that first",
                    written(&keys),
                    ACTIONS[taken].name,
                    word(scope)
                );
                reader.say(&bind.on.span(), &says);
            }
        }
    }
    for (alias, means) in &parsed.aliases {
        if let Some(action) = reader.action(means) {
            keymap
                .aliases
                .insert(alias.get_ref().to_lowercase(), action);
        }
    }
    match reader.wrong.is_empty() {
        true => Ok(keymap),
        false => Err(reader.wrong),
    }
}

/// How a scope is written.
pub fn word(scope: Scope) -> String {
    format!("{scope:?}").to_lowercase()
}

fn written(keys: &[Key]) -> String {
    let keys: Vec<String> = keys.iter().map(Key::to_string).collect();
    keys.join(" ")
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    wrong: Vec<String>,
}

impl Reader<'_> {
    fn say(&mut self, at: &Range<usize>, message: &str) {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let message = message.lines().map(scrub).collect::<Vec<_>>().join(" ");
        self.wrong
            .push(format!("{}:{line}: {message}", scrub(self.file)));
    }

    fn keys(&mut self, given: &Spanned<Keys>) -> Vec<Vec<Key>> {
        let mut read = Vec::new();
        for text in given.get_ref().each() {
            match key::sequence(text) {
                Ok(keys) if !keys.is_empty() => read.push(keys),
                Ok(_) => self.say(&given.span(), "a key is missing"),
                Err(error) => self.say(&given.span(), &error.to_string()),
            }
        }
        read
    }

    fn scope(&mut self, given: &Spanned<String>) -> Option<Scope> {
        let text = given.get_ref();
        let found = ACTIONS.iter().find(|a| word(a.scope) == *text);
        if found.is_none() {
            let mut words: Vec<String> = ACTIONS.iter().map(|a| word(a.scope)).collect();
            words.dedup();
            let near = nearest(text, words.iter().map(String::as_str));
            let hint = did_you_mean(near, "lockbox keys lists them.");
            self.say(
                &given.span(),
                &format!("there is no scope {text:?}. {hint}"),
            );
        }
        found.map(|action| action.scope)
    }

    fn action(&mut self, given: &Spanned<String>) -> Option<usize> {
        let text = given.get_ref();
        let found = ACTIONS.iter().position(|a| a.name == text);
        if found.is_none() {
            let near = nearest(text, ACTIONS.iter().map(|a| a.name));
            let hint = did_you_mean(near, "lockbox keys lists them.");
            self.say(
                &given.span(),
                &format!("there is no action {text:?}. {hint}"),
            );
        }
        found
    }
}

/// What is not wrong and yet may not do what was meant.
pub fn doubts(keymap: &Keymap) -> Vec<String> {
    const OWNED: &str = "abhjklsq";
    let owned =
        |key: &Key| matches!(key.code, super::Code::Char(c) if key.ctrl && OWNED.contains(c));
    let mut doubts = Vec::new();
    for (n, action) in ACTIONS.iter().enumerate() {
        let mut any = false;
        for (keys, scope) in keymap.bindings_of(n) {
            any = true;
            if keys.iter().any(owned) {
                let keys = written(keys);
                let says = format!(
                    "{keys} in {}: terminals and multiplexers take it themselves",
                    word(scope)
                );
                doubts.push(says);
            }
        }
        if !any {
            doubts.push(format!("{} has no key; : runs it by its name", action.name));
        }
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::input::Resolution;

    const OWN: &str = r#"
[[unbind]]
on = "d"
scope = "request"

[[bind]]
on = ["x", "g D"]
do = "request.deny"

[aliases]
No = "request.deny"
"#;

    fn meaning(keymap: &Keymap, scope: Scope, keys: &str) -> Option<&'static str> {
        match keymap.resolve(&[scope], &key::sequence(keys).unwrap()) {
            Resolution::Action(action) => Some(ACTIONS[action].name),
            _ => None,
        }
    }

    #[test]
    fn own_keys_come_on_top_and_are_shown_as_they_are() {
        let keymap = read("keys.toml", OWN).unwrap();
        assert_eq!(meaning(&keymap, Scope::Request, "d"), None);
        assert_eq!(meaning(&keymap, Scope::Request, "x"), Some("request.deny"));
        assert_eq!(
            meaning(&keymap, Scope::Request, "g D"),
            Some("request.deny")
        );
        assert_eq!(
            meaning(&keymap, Scope::Request, "a"),
            Some("request.approve")
        );
        let deny = ACTIONS
            .iter()
            .position(|a| a.name == "request.deny")
            .unwrap();
        assert_eq!(keymap.keys_of(deny), ["x", "g D"]);
        assert_eq!(keymap.aliases.get("no"), Some(&deny));
    }

    #[test]
    fn every_mistake_has_its_line_and_the_nearest_word_and_nothing_is_taken() {
        let text = r#"
[[bind]]
on = "a"
do = "request.deny"
[[bind]]
on = "strg-x"
do = "request.dney"
[[unbind]]
on = "Ä"
scope = "reqest"
[[unbind]]
on = "Ä"
scope = "request"
[aliases]
x = "go.pendig"
"#;
        let wrong = read("keys.toml", text).err().unwrap();
        assert_eq!(
            wrong,
            [
                "keys.toml:10: there is no scope \"reqest\". Did you mean request? lockbox keys lists them.",
                "keys.toml:12: Ä means nothing in request",
                "keys.toml:3: a means request.approve in request; unbind that first",
                "keys.toml:7: there is no action \"request.dney\". Did you mean request.deny? lockbox keys lists them.",
                "keys.toml:6: \"strg-x\" is not a key; write for example j, G, ctrl-d, shift-tab, space or f1",
                "keys.toml:15: there is no action \"go.pendig\". Did you mean go.pending? lockbox keys lists them.",
            ]
        );
        // The beginning of a sequence is taken by all of it.
        let begins = "[[bind]]\non = \"g\"\ndo = \"app.help\"\n";
        assert!(read("k", begins).err().unwrap()[0].contains("unbind that first"));
        assert!(read("k", "[[bnd]]\n").err().unwrap()[0].starts_with("k:1: unknown field"));
    }

    #[test]
    fn doubts_are_about_keys_others_own_and_what_has_none() {
        assert_eq!(doubts(&Keymap::defaults().unwrap()), Vec::<String>::new());
        let text = "[[unbind]]\non = \"Y\"\nscope = \"global\"\n[[bind]]\non = \"ctrl-b\"\ndo = \"app.help\"\n";
        let doubts = doubts(&read("k", text).unwrap());
        assert_eq!(doubts.len(), 2, "{doubts:?}");
        assert!(
            doubts[0].starts_with("ctrl-b in global: ")
                || doubts[1].starts_with("ctrl-b in global: ")
        );
    }
}
