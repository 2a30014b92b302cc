//! Every action with its keys, as the table of actions has them: for `lockbox keys`, the manual page and README.md.

use super::actions::{ACTIONS, Danger};
use super::input::Keymap;
use super::input::keyfile::word;

/// An action and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    pub name: &'static str,
    pub scope: String,
    pub keys: &'a [String],
    pub doc: &'static str,
    pub danger: &'static str,
}

pub fn entries(keymap: &Keymap) -> Vec<Entry<'_>> {
    let entry = |(n, action): (usize, &'static super::actions::Action)| Entry {
        name: action.name,
        scope: word(action.scope),
        keys: keymap.keys_of(n),
        doc: action.doc,
        danger: match action.danger {
            Danger::Safe => "safe",
            Danger::Careful => "careful",
            Danger::Final => "final",
        },
    };
    ACTIONS.iter().enumerate().map(entry).collect()
}

/// A table a scope, in the order of the table of actions.
pub fn markdown(keymap: &Keymap) -> String {
    let entries = entries(keymap);
    let mut scopes: Vec<&str> = Vec::new();
    for entry in &entries {
        if !scopes.contains(&entry.scope.as_str()) {
            scopes.push(&entry.scope);
        }
    }
    let mut out = String::new();
    for scope in scopes {
        out.push_str(&format!("\n| {scope} | | |\n|---|---|---|\n"));
        for entry in entries.iter().filter(|entry| entry.scope == scope) {
            // A bar is a key and not the end of a cell.
            let keys = entry
                .keys
                .iter()
                .map(|key| format!("`{}`", key.replace('|', "\\|")));
            let keys = keys.collect::<Vec<_>>().join(" ");
            out.push_str(&format!("| {keys} | {} | {} |\n", entry.doc, entry.name));
        }
    }
    out
}

/// The section of a manual page.
pub fn roff(keymap: &Keymap) -> String {
    let escape = |text: &str| text.replace('\\', "\\e").replace('-', "\\-");
    let mut out = String::from(".SH KEYS\n");
    for entry in entries(keymap) {
        let keys = entry.keys.join("  ");
        out.push_str(&format!(
            ".TP\n\\fB{}\\fR  {} ({})\n{}\n",
            escape(&keys),
            escape(entry.name),
            entry.scope,
            // A line that begins with a dot or quote is no request.
            format_args!("\\&{}", escape(entry.doc)),
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: &str = "<!-- keys:begin -->\n";
    const END: &str = "<!-- keys:end -->";

    #[test]
    fn the_readme_has_the_keys_of_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
        let readme = std::fs::read_to_string(path).unwrap();
        let (head, rest) = readme.split_once(BEGIN).unwrap();
        let (now, tail) = rest.split_once(END).unwrap();
        let wanted = markdown(&Keymap::defaults().unwrap());
        if std::env::var_os("UPDATE_README").is_some() {
            std::fs::write(path, format!("{head}{BEGIN}{wanted}{END}{tail}")).unwrap();
        } else {
            assert!(
                now == wanted,
                "README.md has other keys: UPDATE_README=1 cargo test reference"
            );
        }
    }
}
