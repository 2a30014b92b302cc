//! Recordings (asciicast v2): a head, then a line of JSON for each frame and each change of size.
//!
//! What is read is a stranger's text: of its escape sequences only those a frame of ours is made of come through.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::engine::text::acts;

pub type Size = (u16, u16);

/// Writes a recording line by line, each whole: it can be replayed whenever it ends.
pub struct Recorder {
    file: File,
    size: Size,
    /// Bytes that are whole lines.
    whole: u64,
}

impl Recorder {
    /// A new file; `since` is the Unix time in seconds.
    pub fn create(path: &Path, size: Size, since: u64) -> io::Result<Recorder> {
        Recorder::begin(File::create_new(path)?, size, since)
    }

    fn begin(file: File, size: Size, since: u64) -> io::Result<Recorder> {
        let mut recorder = Recorder {
            file,
            size,
            whole: 0,
        };
        let head = json!({
            "version": 2,
            "width": size.0,
            "height": size.1,
            "timestamp": since,
            "title": "lockbox (simulation)",
            "env": { "TERM": std::env::var("TERM").unwrap_or_default() },
        });
        recorder.line(&head.to_string())?;
        // Frames never show the cursor; who plays them back has one.
        recorder.event(0, "o", "\x1b[?25l")?;
        Ok(recorder)
    }

    /// A frame as it was written, so many microseconds after the beginning.
    pub fn frame(&mut self, at: u64, size: Size, bytes: &[u8]) -> io::Result<()> {
        if size != self.size {
            self.size = size;
            self.event(at, "r", &format!("{}x{}", size.0, size.1))?;
        }
        self.event(at, "o", &String::from_utf8_lossy(bytes))
    }

    fn event(&mut self, at: u64, kind: &str, data: &str) -> io::Result<()> {
        let (seconds, rest) = (at / 1_000_000, at % 1_000_000);
        let data = Value::from(data);
        self.line(&format!("[{seconds}.{rest:06},\"{kind}\",{data}]"))
    }

    fn line(&mut self, line: &str) -> io::Result<()> {
        let line = format!("{line}\n");
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            // Half a line would spoil the rest; if it cannot be taken back, the error is the same.
            let _ = self.file.set_len(self.whole);
            return Err(error);
        }
        self.whole += line.len() as u64;
        Ok(())
    }
}

/// A recording to be played.
#[derive(Debug)]
pub struct Cast {
    /// The largest it gets.
    pub size: Size,
    /// What is written, and when.
    pub frames: Vec<(Duration, String)>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct CastError {
    pub line: usize,
    pub what: String,
}

pub fn parse(text: &str) -> Result<Cast, CastError> {
    let wrong = |n: usize, what: String| CastError { line: n + 1, what };
    let mut lines = text.lines().enumerate();
    let (_, first) = lines.next().unwrap_or_default();
    let size = head(first).map_err(|what| wrong(0, what))?;
    let mut cast = Cast {
        size,
        frames: Vec::new(),
    };
    let mut last = Duration::ZERO;
    for (n, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let (at, kind, data) = event(line).map_err(|what| wrong(n, what))?;
        if at < last {
            return Err(wrong(n, "time runs backwards here".to_owned()));
        }
        last = at;
        match kind.as_str() {
            "o" => cast.frames.push((at, data)),
            "r" => {
                let (w, h) = resized(&data).ok_or_else(|| {
                    wrong(
                        n,
                        "a size is written \"COLUMNSxROWS\", like \"120x40\"".into(),
                    )
                })?;
                cast.size = (cast.size.0.max(w), cast.size.1.max(h));
            }
            // Keys that were pressed and marks are in the format and show nothing; so may be more.
            _ => {}
        }
    }
    Ok(cast)
}

fn read(line: &str, what: &str) -> Result<Value, String> {
    serde_json::from_str(line).map_err(|e| format!("{what}: no JSON at column {}", e.column()))
}

fn head(line: &str) -> Result<Size, String> {
    let head = read(line, "the head of a recording belongs here")?;
    let Some(version) = head.get("version") else {
        return Err("the head of a recording belongs here: {\"version\": 2, …}".into());
    };
    if version != 2 {
        return Err(format!(
            "this is asciicast version {version}, and only version 2 is played"
        ));
    }
    let side = |name: &str| {
        let found = head.get(name).and_then(Value::as_u64);
        let side = found.and_then(|n| u16::try_from(n).ok());
        side.filter(|n| *n > 0)
            .ok_or_else(|| format!("{name} must be a number from 1 to {}", u16::MAX))
    };
    Ok((side("width")?, side("height")?))
}

fn event(line: &str) -> Result<(Duration, String, String), String> {
    const SHAPE: &str = "an event is written [SECONDS, \"o\", TEXT]";
    let (at, kind, data): (f64, String, String) = match read(line, SHAPE)? {
        Value::Array(parts) => match <[Value; 3]>::try_from(parts) {
            Ok([Value::Number(at), Value::String(kind), Value::String(data)]) => {
                (at.as_f64().unwrap_or(f64::NAN), kind, data)
            }
            _ => return Err(SHAPE.into()),
        },
        _ => return Err(SHAPE.into()),
    };
    let at = Duration::try_from_secs_f64(at).map_err(|_| format!("{at} is no time to come"))?;
    Ok((at, kind, data))
}

fn resized(data: &str) -> Option<Size> {
    let (width, height) = data.split_once('x')?;
    let side = |text: &str| text.parse().ok().filter(|n| *n > 0);
    Some((side(width)?, side(height)?))
}

/// Longest sequence of a frame, with room.
const SEQUENCE_MAX: usize = 48;

/// Lets through what frames are made of; goes on over the ends of events, where a sequence may be cut.
#[derive(Default)]
pub struct Filter {
    state: State,
    /// The sequence so far, behind `ESC [`.
    sequence: String,
}

#[derive(Default)]
enum State {
    #[default]
    Text,
    /// Behind an ESC.
    Escape,
    /// Behind `ESC [`.
    Sequence,
    /// Behind an ESC and something that wants one more character, like a character set.
    More,
    /// In a text for the terminal itself: a title, the clipboard, a query.
    Command,
}

const ESC: char = '\u{1b}';
const BELL: char = '\u{7}';
const CANCEL: [char; 2] = ['\u{18}', '\u{1a}'];

impl Filter {
    pub fn pass(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            self.take(c, &mut out);
        }
        out
    }

    fn take(&mut self, c: char, out: &mut String) {
        self.state = match (&self.state, c) {
            // Also what was begun ends with it.
            (_, ESC) => State::Escape,
            (_, c) if CANCEL.contains(&c) => State::Text,
            (State::Text, c) => {
                if !acts(c) || matches!(c, '\r' | '\n') {
                    out.push(c);
                }
                State::Text
            }
            (State::Escape, '[') => {
                self.sequence.clear();
                State::Sequence
            }
            (State::Escape, ']' | 'P' | 'X' | '^' | '_') => State::Command,
            (State::Escape, ' '..='/') => State::More,
            (State::More, ' '..='/') => State::More,
            (State::Escape | State::More, _) => State::Text,
            (State::Sequence, '@'..='~') => {
                if harmless(&self.sequence, c) {
                    out.push_str("\x1b[");
                    out.push_str(&self.sequence);
                    out.push(c);
                }
                State::Text
            }
            (State::Sequence, c) => {
                // Too long is never harmless, nor is what has strange characters in it.
                if self.sequence.len() <= SEQUENCE_MAX {
                    self.sequence.push(c);
                }
                State::Sequence
            }
            (State::Command, BELL | '\u{9c}') => State::Text,
            (State::Command, _) => State::Command,
        };
    }
}

/// Colours and the like, the place to write at, erasing what is on the screen, frames in one piece, the cursor.
fn harmless(sequence: &str, last: char) -> bool {
    let numbers = |more: &str| {
        let fits = |c: char| c.is_ascii_digit() || more.contains(c);
        sequence.len() <= SEQUENCE_MAX && sequence.chars().all(fits)
    };
    match last {
        'm' => numbers(";:"),
        'H' | 'f' => numbers(";"),
        // 3 would erase what was there before.
        'J' | 'K' => matches!(sequence, "" | "0" | "1" | "2"),
        'h' | 'l' => matches!(sequence, "?2026" | "?25"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(dir: &tempfile::TempDir) -> String {
        let path = dir.path().join("a.cast");
        let mut recorder = Recorder::create(&path, (80, 24), 1_600_000_000).unwrap();
        recorder.frame(40, (80, 24), b"\x1b[1;1H\"one\"").unwrap();
        let wide = "두번째".as_bytes();
        recorder.frame(61_500_000, (120, 40), wide).unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn what_is_recorded_is_played() {
        let dir = tempfile::tempdir().unwrap();
        let text = record(&dir);
        let head: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(head["title"], "lockbox (simulation)");
        assert_eq!(head["timestamp"], 1_600_000_000);
        assert_eq!((&head["width"], &head["height"]), (&80.into(), &24.into()));
        assert!(text.contains("[61.500000,\"r\",\"120x40\"]\n[61.500000,\"o\",\"두번째\"]\n"));
        let cast = parse(&text).unwrap();
        assert_eq!(cast.size, (120, 40));
        let frames = [
            (Duration::ZERO, "\x1b[?25l".to_owned()),
            (Duration::from_micros(40), "\x1b[1;1H\"one\"".to_owned()),
            (Duration::from_millis(61_500), "두번째".to_owned()),
        ];
        assert_eq!(cast.frames, frames);
        let mut filter = Filter::default();
        for (_, frame) in &cast.frames {
            assert_eq!(&filter.pass(frame), frame);
        }
    }

    #[test]
    fn a_file_that_is_there_stays_and_one_that_is_full_says_so() {
        let dir = tempfile::tempdir().unwrap();
        record(&dir);
        let again = Recorder::create(&dir.path().join("a.cast"), (80, 24), 0);
        assert_eq!(again.err().unwrap().kind(), io::ErrorKind::AlreadyExists);
        let full = File::options().write(true).open("/dev/full").unwrap();
        assert!(Recorder::begin(full, (80, 24), 0).is_err());
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        const HEAD: &str = "{\"version\": 2, \"width\": 80, \"height\": 24}";
        let wrong = |text: &str| parse(text).unwrap_err().to_string();
        assert!(wrong("").starts_with("line 1: the head of a recording belongs here: no JSON"));
        assert!(wrong("[]").starts_with("line 1: the head of a recording belongs here"));
        assert_eq!(
            wrong("{\"version\": 3}"),
            "line 1: this is asciicast version 3, and only version 2 is played"
        );
        assert_eq!(
            wrong("{\"version\": 2, \"width\": 80, \"height\": 0}"),
            "line 1: height must be a number from 1 to 65535"
        );
        let event = |event: &str| wrong(&format!("{HEAD}\n\n{event}\n"));
        let shape = "line 3: an event is written [SECONDS, \"o\", TEXT]";
        assert_eq!(event("[1, \"o\"]"), shape);
        assert_eq!(event("[\"1\", \"o\", \"\"]"), shape);
        assert_eq!(event("[1, \"o\""), format!("{shape}: no JSON at column 7"));
        assert_eq!(event("[-1, \"o\", \"\"]"), "line 3: -1 is no time to come");
        assert_eq!(event("[1e300, \"o\", \"\"]").lines().count(), 1);
        assert!(event("[1, \"r\", \"80\"]").contains("like \"120x40\""));
        assert_eq!(
            event("[2, \"o\", \"\"]\n[1, \"o\", \"\"]"),
            "line 4: time runs backwards here"
        );
    }

    #[test]
    fn of_a_strangers_sequences_only_those_of_a_frame_come_through() {
        let pass = |text: &str| Filter::default().pass(text);
        for kept in [
            "plain 한국어 ▌",
            "\x1b[m\x1b[1;38;2;1;2;3m\x1b[4:3m",
            "\x1b[12;40H\x1b[H\x1b[2J\x1b[K",
            "\x1b[?2026h\x1b[?2026l\x1b[?25l\x1b[?25h",
            "a\r\nb",
        ] {
            assert_eq!(pass(kept), kept);
        }
        for dropped in [
            "\x1b]0;title\x07",
            "\x1b]52;c;aGVsbG8=\x1b\\",
            "\x1b]8;;https://example.com\u{9c}",
            "\x1bP$qm\x1b\\",
            "\x1b_G payload\x1b\\",
            "\x1b^private\x1b\\",
            "\x1b[6n\x1b[c\x1b[>c\x1b[5n\x1b[18t",
            "\x1b[3J",
            "\x1b[?1049l\x1b[?1000h\x1b[?25;1049h\x1b[!p",
            "\x1b[>4;1m\x1b[?4m\x1b[ q",
            "\x1bc\x1b7\x1b8\x1b(0\x1b#8",
            "\u{9b}",
            "\x07\x08\x0e\u{202e}",
            "\x1b]never ends",
        ] {
            assert_eq!(pass(dropped), "", "{dropped:?}");
        }
        assert_eq!(pass("a\x1b]0;x\x1b[1mb"), "a\x1b[1mb");
        assert_eq!(pass("a\x1b[6\x18b"), "ab");
        let long = format!("\x1b[{}m", "1;".repeat(40));
        assert_eq!(pass(&long), "");
        // Cut where an event ends.
        let mut filter = Filter::default();
        let parts = ["a\x1b", "[", "3", "1", "mb\x1b]52;", "c;x", "\x07c"];
        let whole: String = parts.iter().map(|p| filter.pass(p)).collect();
        assert_eq!(whole, "a\x1b[31mbc");
    }
}
