//! Which action a key means: scopes innermost first, sequences with what may follow.

use std::collections::BTreeMap;

use super::key::{self, Key, KeyError};
use crate::console::actions::{ACTIONS, Scope};

#[derive(Clone)]
struct Binding {
    scope: Scope,
    keys: Vec<Key>,
    action: usize,
}

/// The keys in force.
#[derive(Clone, Default)]
pub struct Keymap {
    bindings: Vec<Binding>,
    /// As they are written, by action.
    written: Vec<Vec<String>>,
    /// Words of the person's own for actions, in the palette.
    pub aliases: BTreeMap<String, usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Place in the action table.
    Action(usize),
    /// The beginning of a sequence; the places of the actions it may become.
    Pending(Vec<usize>),
    Nothing,
}

impl Keymap {
    /// The default keys. An error names a key string in the table that cannot be read.
    pub fn defaults() -> Result<Keymap, KeyError> {
        let mut keymap = Keymap::default();
        for (action, def) in ACTIONS.iter().enumerate() {
            for keys in def.keys {
                keymap.bindings.push(Binding {
                    scope: def.scope,
                    keys: key::sequence(keys)?,
                    action,
                });
            }
        }
        keymap.write();
        Ok(keymap)
    }

    fn write(&mut self) {
        self.written = vec![Vec::new(); ACTIONS.len()];
        for binding in &self.bindings {
            let keys: Vec<String> = binding.keys.iter().map(Key::to_string).collect();
            if let Some(written) = self.written.get_mut(binding.action) {
                written.push(keys.join(" "));
            }
        }
    }

    /// Gives an action keys more; or says what they mean there already, or are the beginning of.
    pub fn bind(&mut self, scope: Scope, keys: Vec<Key>, action: usize) -> Option<usize> {
        let clash = |b: &&Binding| {
            b.scope == scope && (b.keys.starts_with(&keys) || keys.starts_with(&b.keys))
        };
        if let Some(taken) = self.bindings.iter().find(clash) {
            return Some(taken.action);
        }
        self.bindings.push(Binding {
            scope,
            keys,
            action,
        });
        self.write();
        None
    }

    /// Takes keys away; false when they meant nothing.
    pub fn unbind(&mut self, scope: Scope, keys: &[Key]) -> bool {
        let before = self.bindings.len();
        self.bindings.retain(|b| b.scope != scope || b.keys != keys);
        self.write();
        self.bindings.len() < before
    }

    /// The keys of an action as they are written.
    pub fn keys_of(&self, action: usize) -> &[String] {
        self.written.get(action).map_or(&[], Vec::as_slice)
    }

    /// The first of them, which stands in the key bar.
    pub fn first_of(&self, action: usize) -> &str {
        self.keys_of(action).first().map_or("", String::as_str)
    }

    pub fn bindings_of(&self, action: usize) -> impl Iterator<Item = (&[Key], Scope)> {
        let own = self.bindings.iter().filter(move |b| b.action == action);
        own.map(|b| (b.keys.as_slice(), b.scope))
    }

    /// Whether the first key of an action means it: `scopes` are those that count now, innermost first, and none
    /// further in takes the key. What has no key is reached by its name.
    pub fn within_reach(&self, action: usize, scopes: &[Scope]) -> bool {
        match self.bindings.iter().find(|b| b.action == action) {
            Some(first) => {
                scopes.contains(&first.scope)
                    && self.resolve(scopes, &first.keys) == Resolution::Action(action)
            }
            None => ACTIONS
                .get(action)
                .is_some_and(|a| scopes.contains(&a.scope)),
        }
    }

    /// What may follow the beginning of a sequence: the rest of its keys, and the action.
    pub fn following(&self, scopes: &[Scope], begun: &[Key]) -> Vec<(String, usize)> {
        let longer = |b: &&Binding| b.keys.len() > begun.len() && b.keys.starts_with(begun);
        let here = scopes.iter().flat_map(|scope| {
            let of_scope = move |b: &&Binding| b.scope == *scope;
            self.bindings.iter().filter(of_scope).filter(longer)
        });
        let mut seen = Vec::new();
        for binding in here {
            let rest: Vec<String> = binding.keys[begun.len()..]
                .iter()
                .map(Key::to_string)
                .collect();
            let rest = rest.join(" ");
            if !seen.iter().any(|(known, _)| *known == rest) {
                seen.push((rest, binding.action));
            }
        }
        seen
    }

    /// `scopes` from the innermost out; the first in which the keys mean something decides.
    pub fn resolve(&self, scopes: &[Scope], keys: &[Key]) -> Resolution {
        for scope in scopes {
            let here = self
                .bindings
                .iter()
                .filter(|b| b.scope == *scope && b.keys.starts_with(keys));
            let mut open = Vec::new();
            for binding in here {
                if binding.keys.len() == keys.len() {
                    return Resolution::Action(binding.action);
                }
                open.push(binding.action);
            }
            if !open.is_empty() {
                return Resolution::Pending(open);
            }
        }
        Resolution::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clash(a: &Binding, b: &Binding) -> bool {
        a.scope == b.scope
            && a.action != b.action
            && (a.keys.starts_with(&b.keys) || b.keys.starts_with(&a.keys))
    }

    #[test]
    fn no_key_means_two_things_in_one_scope() {
        let keymap = Keymap::defaults().unwrap();
        for (i, a) in keymap.bindings.iter().enumerate() {
            for b in &keymap.bindings[i + 1..] {
                assert!(
                    !clash(a, b),
                    "{} and {}",
                    ACTIONS[a.action].name,
                    ACTIONS[b.action].name
                );
            }
        }
    }

    #[test]
    fn a_sequence_waits_for_its_second_key() {
        let keymap = Keymap::defaults().unwrap();
        let scopes = [Scope::Move, Scope::Global];
        let g = Key::char('g');
        assert!(matches!(
            keymap.resolve(&scopes, &[g]),
            Resolution::Pending(_)
        ));
        let Resolution::Action(go) = keymap.resolve(&scopes, &[g, Key::char('r')]) else {
            panic!("g r means nothing");
        };
        assert_eq!(ACTIONS[go].name, "go.requests");
        assert_eq!(
            keymap.resolve(&scopes, &[g, Key::char('@')]),
            Resolution::Nothing
        );
    }

    #[test]
    fn no_default_takes_a_key_that_terminals_and_multiplexers_own() {
        for def in ACTIONS {
            for keys in def.keys {
                for key in key::sequence(keys).unwrap() {
                    let taken = key.ctrl
                        && matches!(key.code, super::super::Code::Char(c) if "abhjklsq".contains(c));
                    assert!(!taken, "{} takes {key}", def.name);
                }
            }
        }
    }
}
