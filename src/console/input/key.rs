//! One key press, and how it is written: `j`, `G`, `ctrl-d`, `shift-tab`, `space`, `pgdn`. A sequence is
//! keys with a space between: `g r`.

use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Shift is in the character already.
    Char(char),
    Enter,
    Esc,
    Tab,
    Backspace,
    Delete,
    Insert,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    F(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub code: Code,
    pub ctrl: bool,
    pub alt: bool,
    /// Only for keys that are no character.
    pub shift: bool,
}

impl Key {
    pub const fn plain(code: Code) -> Key {
        Key {
            code,
            ctrl: false,
            alt: false,
            shift: false,
        }
    }

    pub const fn char(c: char) -> Key {
        Key::plain(Code::Char(c))
    }

    /// The key behind a byte that was typed before keys were read as such.
    pub fn of(c: char) -> Key {
        match c {
            '\r' | '\n' => Key::plain(Code::Enter),
            '\t' => Key::plain(Code::Tab),
            '\u{7f}' | '\u{8}' => Key::plain(Code::Backspace),
            '\u{1}'..='\u{1a}' => Key {
                ctrl: true,
                ..Key::char(char::from(b'a' - 1 + u8::try_from(c).unwrap_or(1)))
            },
            c => Key::char(c),
        }
    }

    /// The character it types, if it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt && !crate::engine::text::acts(c) => Some(c),
            _ => None,
        }
    }
}

const NAMES: &[(&str, Code)] = &[
    ("space", Code::Char(' ')),
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pgup", Code::PageUp),
    ("pgdn", Code::PageDown),
];

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (on, name) in [
            (self.ctrl, "ctrl-"),
            (self.alt, "alt-"),
            (self.shift, "shift-"),
        ] {
            if on {
                f.write_str(name)?;
            }
        }
        if let Some((name, _)) = NAMES.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            Code::Char(c) => write!(f, "{c}"),
            Code::F(n) => write!(f, "f{n}"),
            _ => Ok(()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a key; write for example j, G, ctrl-d, shift-tab, space or f1")]
pub struct KeyError(pub String);

impl FromStr for Key {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Key, KeyError> {
        let mut key = Key::char(' ');
        let mut rest = text;
        loop {
            // A lone `-` is the character.
            if let Some(tail) = rest.strip_prefix("ctrl-").filter(|t| !t.is_empty()) {
                key.ctrl = true;
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix("alt-").filter(|t| !t.is_empty()) {
                key.alt = true;
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix("shift-").filter(|t| !t.is_empty()) {
                key.shift = true;
                rest = tail;
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        key.code = match (chars.next(), chars.next()) {
            (Some(c), None) => Code::Char(c),
            _ => NAMES
                .iter()
                .find(|(name, _)| *name == rest)
                .map(|(_, code)| *code)
                .or_else(|| {
                    let n: u8 = rest.strip_prefix('f')?.parse().ok()?;
                    (1..=24).contains(&n).then_some(Code::F(n))
                })
                .ok_or_else(|| KeyError(text.to_owned()))?,
        };
        Ok(key)
    }
}

/// Reads a sequence such as `g r`.
pub fn sequence(text: &str) -> Result<Vec<Key>, KeyError> {
    text.split_whitespace().map(str::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_what_it_prints() {
        for text in [
            "j",
            "G",
            "ctrl-d",
            "shift-tab",
            "space",
            "-",
            "alt-enter",
            "f12",
            "pgdn",
            "?",
        ] {
            assert_eq!(text.parse::<Key>().unwrap().to_string(), text);
        }
        for text in ["", "ctrl-", "hyper-x", "f0", "f99", "entre"] {
            assert!(text.parse::<Key>().is_err(), "{text:?} passed");
        }
        assert_eq!(sequence("g r").unwrap(), [Key::char('g'), Key::char('r')]);
    }
}
