//! Which action a key means: scopes innermost first, sequences with what may follow.

use super::key::{self, Key, KeyError};
use crate::console::actions::{ACTIONS, Scope};

struct Binding {
    scope: Scope,
    keys: Vec<Key>,
    action: usize,
}

/// The bindings of the action table.
#[derive(Default)]
pub struct Keymap {
    bindings: Vec<Binding>,
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
        let mut bindings = Vec::new();
        for (action, def) in ACTIONS.iter().enumerate() {
            for keys in def.keys {
                bindings.push(Binding {
                    scope: def.scope,
                    keys: key::sequence(keys)?,
                    action,
                });
            }
        }
        Ok(Keymap { bindings })
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
