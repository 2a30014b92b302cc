//! What a terminal says of itself: the colour of its ground, and whether it can tell keys apart better. Asked once,
//! right after the first frame, with the one question every terminal answers at the end; what never comes is not
//! waited for, and what somebody types meanwhile is kept.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use crate::console::input::{Code, Key};

/// Ground (OSC 11), keyboard protocol, and who are you (DA1).
const QUESTION: &[u8] = b"\x1b]11;?\x1b\\\x1b[?u\x1b[c";
const PATIENCE: Duration = Duration::from_millis(200);
/// Between two looks whether something came.
const PAUSE: Duration = Duration::from_millis(2);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Whether its ground is light.
    pub light: Option<bool>,
    /// The kitty keyboard protocol.
    pub keyboard: bool,
    /// What was typed meanwhile.
    pub typed: Vec<Key>,
}

/// An answer that comes too late is read as keys, and must not act as such: `ESC ]` up to its end is dropped.
#[derive(Debug, Default)]
pub struct Late {
    /// How much more of one that began may come.
    left: usize,
}

impl Late {
    /// Longer than any colour.
    const MOST: usize = 48;

    /// Whether a key is a part of an answer.
    pub fn takes(&mut self, key: Key) -> bool {
        let alt = |c| key.alt && key.code == Code::Char(c);
        if self.left == 0 {
            self.left = if alt(']') { Self::MOST } else { 0 };
            return self.left > 0;
        }
        let ends = alt('\\') || (key.ctrl && key.code == Code::Char('g'));
        self.left = if ends { 0 } else { self.left - 1 };
        true
    }
}

pub fn ask() -> io::Result<Answer> {
    let mut terminal = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open("/dev/tty")?;
    terminal.write_all(QUESTION)?;
    let ends = Instant::now() + PATIENCE;
    let mut said = Vec::new();
    let mut buffer = [0; 256];
    while Instant::now() < ends && !done(&said) {
        match terminal.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => said.extend_from_slice(&buffer[..n]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
            Err(error) => return Err(error),
        }
    }
    Ok(understood(&String::from_utf8_lossy(&said)))
}

/// Whether the last answer is there.
fn done(said: &[u8]) -> bool {
    let said = String::from_utf8_lossy(said);
    said.split("\x1b[?")
        .skip(1)
        .any(|rest| ends_with(rest, 'c'))
}

/// Numbers and then this letter.
fn ends_with(rest: &str, letter: char) -> bool {
    let tail = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
    tail.starts_with(letter)
}

fn understood(said: &str) -> Answer {
    let mut answer = Answer::default();
    let mut rest = said;
    while let Some(start) = rest.find('\x1b') {
        answer.typed.extend(rest[..start].chars().map(Key::of));
        let after = &rest[start + 1..];
        if let Some(body) = after.strip_prefix("]11;") {
            let end = body.find(['\x07', '\x1b']).unwrap_or(body.len());
            answer.light = light(&body[..end]);
            let tail = &body[end..];
            let tail = tail.strip_prefix("\x1b\\").or(tail.strip_prefix('\x07'));
            rest = tail.unwrap_or("");
        } else if let Some(body) = after.strip_prefix("[?") {
            let numbers = body.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
            answer.keyboard |= numbers.starts_with('u');
            rest = numbers.get(1..).unwrap_or("");
        } else {
            let (key, tail) = several(after);
            answer.typed.extend(key.map(Key::plain));
            rest = tail;
        }
    }
    answer.typed.extend(rest.chars().map(Key::of));
    answer
}

/// A key of several bytes after its escape, as far as it is one of the plain ones; and what comes after it.
fn several(after: &str) -> (Option<Code>, &str) {
    let Some(body) = after.strip_prefix(['[', 'O']) else {
        return (Some(Code::Esc), after);
    };
    let Some(end) = body.find(|c: char| c.is_ascii_alphabetic() || c == '~') else {
        return (None, "");
    };
    let (numbers, rest) = body.split_at(end);
    let (letter, tail) = rest.split_at(1);
    let code = match (numbers, letter) {
        ("", "A") => Code::Up,
        ("", "B") => Code::Down,
        ("", "C") => Code::Right,
        ("", "D") => Code::Left,
        ("" | "1", "H") | ("1" | "7", "~") => Code::Home,
        ("" | "1", "F") | ("4" | "8", "~") => Code::End,
        ("5", "~") => Code::PageUp,
        ("6", "~") => Code::PageDown,
        ("", "P") => Code::F(1),
        ("", "Q") => Code::F(2),
        ("", "R") => Code::F(3),
        ("", "S") => Code::F(4),
        ("15", "~") => Code::F(5),
        ("17", "~") => Code::F(6),
        ("18", "~") => Code::F(7),
        ("19", "~") => Code::F(8),
        ("20", "~") => Code::F(9),
        ("21", "~") => Code::F(10),
        ("23", "~") => Code::F(11),
        ("24", "~") => Code::F(12),
        _ => return (None, tail),
    };
    (Some(code), tail)
}

/// `rgb:1e1e/1e1e/2e2e`, of which each part has one to four digits.
fn light(colour: &str) -> Option<bool> {
    let parts = colour
        .strip_prefix("rgb:")
        .or(colour.strip_prefix("rgba:"))?;
    let mut levels = parts.split('/').map(|part| {
        let most = 16_f64.powi(i32::try_from(part.len()).ok()?) - 1.0;
        let level = u32::from_str_radix(part, 16).ok()?;
        Some(f64::from(level) / most)
    });
    let (red, green, blue) = (levels.next()??, levels.next()??, levels.next()??);
    Some(0.299 * red + 0.587 * green + 0.114 * blue > 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_answer_is_dropped_to_its_end_and_no_key_more() {
        let mut late = Late::default();
        let alt = |c| Key {
            alt: true,
            ..Key::char(c)
        };
        assert!(!late.takes(Key::char('a')));
        assert!(late.takes(alt(']')));
        for c in "11;rgb:aaaa/dddd/aaaa".chars() {
            assert!(late.takes(Key::char(c)), "{c}");
        }
        assert!(late.takes(alt('\\')));
        assert!(!late.takes(Key::char('a')));
        // One that never ends does not take the keyboard away.
        assert!(late.takes(alt(']')));
        let taken = (0..200).filter(|_| late.takes(Key::char('a'))).count();
        assert_eq!(taken, Late::MOST);
    }

    #[test]
    fn answers_are_understood_and_what_is_typed_between_is_kept() {
        let said = "g\x1b]11;rgb:ffff/fafa/f0f0\x1b\\p\x1b[?0u\x1b[A\x1b[?62;22cj";
        assert!(done(said.as_bytes()));
        assert_eq!(
            understood(said),
            Answer {
                light: Some(true),
                keyboard: true,
                typed: vec![
                    Key::char('g'),
                    Key::char('p'),
                    Key::plain(Code::Up),
                    Key::char('j'),
                ],
            }
        );
        let dark = understood("\x1b]11;rgb:1e/1e/2e\x07\x1b[?1;2c");
        assert_eq!((dark.light, dark.keyboard), (Some(false), false));
        assert!(!done(b"\x1b]11;rgb:1e/1e/2e\x07\x1b[?1u"));
        for nonsense in [
            "",
            "\x1b",
            "\x1b]11;",
            "\x1b]11;rgb:zz/1/1\x07",
            "\x1b[?",
            "\x1b[1;",
            "\x1b]11;rgb:\x07",
        ] {
            let answer = understood(nonsense);
            assert_eq!(
                (answer.light, answer.keyboard),
                (None, false),
                "{nonsense:?}"
            );
        }
    }
}
