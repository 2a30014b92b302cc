//! What reaches a person beside the screen: the window's title, the bell, a note on the desktop, the clipboard. All of
//! it is one escape sequence with scrubbed text inside; multiplexers pass it on when it is wrapped for them.

use base64::Engine as _;

use crate::console::settings::Notify;
use crate::engine::text::scrub;

/// Longest text that goes into a clipboard, in bytes: terminals drop what is much longer.
const COPY_MAX: usize = 74_000;
/// Longest title and note, in characters.
const NOTE_MAX: usize = 200;
/// What screen passes on at once.
const SCREEN_CHUNK: usize = 250;

pub const BELL: &str = "\x07";

/// What stands between the console and the terminal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mux {
    #[default]
    None,
    Tmux,
    Screen,
}

impl Mux {
    pub fn from_env(var: impl Fn(&str) -> Option<String>) -> Mux {
        let set = |name| var(name).is_some_and(|value| !value.is_empty());
        if set("TMUX") {
            Mux::Tmux
        } else if set("STY") {
            Mux::Screen
        } else {
            Mux::None
        }
    }

    /// The sequence as the terminal behind gets it.
    fn wrap(self, sequence: &str) -> String {
        match self {
            Mux::None => sequence.to_owned(),
            Mux::Tmux => format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")),
            Mux::Screen => {
                let bytes: Vec<char> = sequence.chars().collect();
                let chunks = bytes.chunks(SCREEN_CHUNK);
                chunks
                    .map(|chunk| format!("\x1bP{}\x1b\\", chunk.iter().collect::<String>()))
                    .collect()
            }
        }
    }
}

fn calm(text: &str) -> String {
    scrub(text)
        .chars()
        .filter(|c| !c.is_control())
        .take(NOTE_MAX)
        .collect()
}

/// A multiplexer has windows of its own, so a title is not passed on.
pub fn title(text: &str) -> String {
    format!("\x1b]2;{}\x1b\\", calm(text))
}

/// A note to the desktop; nothing when it is not wanted.
pub fn note(how: Notify, mux: Mux, text: &str) -> String {
    // A field of OSC 777 ends with a semicolon.
    let text = calm(text);
    match how {
        Notify::Off => String::new(),
        Notify::Osc9 => mux.wrap(&format!("\x1b]9;{text}\x07")),
        Notify::Osc777 => {
            let text = text.replace(';', ",");
            mux.wrap(&format!("\x1b]777;notify;lockbox (simulation);{text}\x07"))
        }
    }
}

/// A text into the clipboard of the terminal (OSC 52); none when it is too long for one.
pub fn clipboard(mux: Mux, text: &str) -> Option<String> {
    if text.len() > COPY_MAX {
        return None;
    }
    let text = base64::engine::general_purpose::STANDARD.encode(text);
    Some(mux.wrap(&format!("\x1b]52;c;{text}\x07")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_ends_its_sequence_or_begins_another() {
        let evil = "a\x07b\x1b]0;owned\x1b\\c;d\u{9c}";
        for made in [
            title(evil),
            note(Notify::Osc9, Mux::None, evil),
            note(Notify::Osc777, Mux::None, evil),
        ] {
            let body = &made[1..];
            assert_eq!(
                body.matches('\x1b').count() + body.matches('\x07').count(),
                1,
                "{made:?}"
            );
            assert!(!made.contains('\u{9c}'));
        }
        assert_eq!(
            note(Notify::Osc777, Mux::None, "x;y").matches(';').count(),
            3
        );
        assert_eq!(note(Notify::Off, Mux::None, "x"), "");
    }

    #[test]
    fn multiplexers_pass_it_on() {
        assert_eq!(
            note(Notify::Osc9, Mux::Tmux, "x"),
            "\x1bPtmux;\x1b\x1b]9;x\x07\x1b\\"
        );
        let long = clipboard(Mux::Screen, &"x".repeat(600)).unwrap();
        assert!(long.matches("\x1bP").count() > 3);
        let joined: String = long
            .split("\x1bP")
            .map(|part| part.trim_end_matches("\x1b\\"))
            .collect();
        assert!(joined.starts_with("\x1b]52;c;") && joined.ends_with('\x07'));
        assert_eq!(clipboard(Mux::None, &"x".repeat(80_000)), None);
        let env = |name: &str| (name == "TMUX").then(|| "/tmp/x".to_owned());
        assert_eq!(Mux::from_env(env), Mux::Tmux);
        assert_eq!(Mux::from_env(|_| Some(String::new())), Mux::None);
    }
}
