//! Text from strangers. A ticket or a justification is written on the other side of the trust boundary and
//! read by the person who decides, so no sink may ever obey it.
//!
//! [`Untrusted`] keeps what was written, byte for byte, as evidence; whatever shows it goes through
//! [`scrub`], which turns every character a terminal, a mail reader or the bidi algorithm would act on
//! into a visible `⟨U+202E⟩`.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthChar;

/// Text written by somebody else. `Display` is scrubbed to a single line; see [`Untrusted::lines`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct Untrusted(#[serde(deserialize_with = "crate::sharing::text")] Arc<str>);

impl Untrusted {
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Untrusted(text.into())
    }

    /// As written. For evidence (the journal) and for search, never for a sink.
    pub fn raw(&self) -> &str {
        &self.0
    }

    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// Scrubbed lines: LF, CR LF and CR end a line, everything else that acts is shown.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        let unix = self.0.replace("\r\n", "\n").replace('\r', "\n");
        let lines: Vec<String> = unix
            .split('\n')
            .map(|line| scrub(line).into_owned())
            .collect();
        lines.into_iter()
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&scrub(&self.0))
    }
}

impl From<&str> for Untrusted {
    fn from(text: &str) -> Self {
        Untrusted::new(text)
    }
}

impl From<String> for Untrusted {
    fn from(text: String) -> Self {
        Untrusted::new(text)
    }
}

/// Whether a character does something other than show itself: C0, DEL, C1, bidi controls and marks,
/// zero-width and other invisible format characters, tags, line and paragraph separators, variation
/// selector supplements, private-use and non-characters.
///
/// Two invisible characters stay because scripts and emoji need them and they are inert: ZWJ between
/// pictographs is not kept (it is shown), VS16 (U+FE0F) is.
pub fn acts(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fdd0}'..='\u{fdef}'
        | '\u{fe00}'..='\u{fe0e}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{fffe}'..='\u{ffff}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e000}'..='\u{f8ff}'
        | '\u{e0000}'..='\u{e0fff}'
        | '\u{f0000}'..='\u{10ffff}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Marks a grapheme may pile on its base. Every living script does with fewer; more of them overdraw the
/// lines above and below in some terminals.
const MARKS_MAX: usize = 8;

/// The text with every acting character shown as `⟨U+XXXX⟩`, and so every combining mark beyond what a
/// script needs. A tab becomes one space.
pub fn scrub(text: &str) -> Cow<'_, str> {
    let mut marks = 0;
    if text.is_ascii() && !text.chars().any(acts) || !text.chars().any(|c| shown(c, &mut marks)) {
        return Cow::Borrowed(text);
    }
    marks = 0;
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        let shown = shown(c, &mut marks);
        if c == '\t' {
            out.push(' ');
        } else if shown {
            out.push_str(&format!("⟨U+{:04X}⟩", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Whether a character is to be shown as its number; `marks` counts those piled up so far.
fn shown(c: char, marks: &mut usize) -> bool {
    *marks = if c.width() == Some(0) { *marks + 1 } else { 0 };
    acts(c) || *marks > MARKS_MAX
}

/// A spreadsheet runs a field that begins like a formula; an apostrophe makes it text.
pub fn disarm(field: &str) -> Cow<'_, str> {
    let risky = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    if field.trim_start().starts_with(risky) {
        Cow::Owned(format!("'{field}"))
    } else {
        Cow::Borrowed(field)
    }
}

/// JSON text that is still the same JSON but carries no acting character: each becomes a `\u` escape, so
/// a program reads the original and a terminal obeys nothing.
pub fn inert_json(json: &str) -> Cow<'_, str> {
    if !json.chars().any(|c| acts(c) && c != '\n') {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 16);
    let mut units = [0u16; 2];
    for c in json.chars() {
        if acts(c) && c != '\n' {
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// `1,204,811`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of bytes in decimal units, as the service bills them: `812 B`, `1.4 MB`, `73 GB`.
pub fn bytes(n: impl Into<u128>) -> String {
    const UNITS: [&str; 10] = ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB", "RB", "QB"];
    let n = n.into();
    if n < 1_000 {
        return format!("{n} B");
    }
    // In tenths of the unit, rounded down: what is shown is there.
    let mut tenths = n / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    let (whole, tenth) = (tenths / 10, tenths % 10);
    if whole < 10 {
        format!("{whole}.{tenth} {}", UNITS[unit])
    } else {
        format!("{whole} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_bidi_and_zero_width_are_shown_not_obeyed() {
        assert_eq!(scrub("a\u{1b}[2Jb"), "a⟨U+001B⟩[2Jb");
        assert_eq!(
            scrub("x\u{202e}y\u{200b}z\u{9b}1m"),
            "x⟨U+202E⟩y⟨U+200B⟩z⟨U+009B⟩1m"
        );
        assert_eq!(scrub("한국어 é 🔑"), "한국어 é 🔑");
    }

    #[test]
    fn marks_piled_beyond_what_scripts_need_are_shown() {
        assert_eq!(
            scrub("e\u{301}\u{323}, 한\u{11ab}, คำ"),
            "e\u{301}\u{323}, 한\u{11ab}, คำ"
        );
        let piled = format!("a{}b", "\u{335}".repeat(1_000));
        let scrubbed = scrub(&piled);
        assert_eq!(scrubbed.matches('\u{335}').count(), MARKS_MAX);
        assert_eq!(scrubbed.matches("⟨U+0335⟩").count(), 1_000 - MARKS_MAX);
    }

    #[test]
    fn lines_end_where_any_system_ends_them() {
        let text = Untrusted::from("one\r\ntwo\rthree\n\u{7}four");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines, ["one", "two", "three", "⟨U+0007⟩four"]);
    }

    #[test]
    fn inert_json_means_the_same_json() {
        let value = serde_json::json!({ "a": "x\u{202e}\u{9b}\u{e0041}\u{7f}y" });
        let plain = serde_json::to_string_pretty(&value).unwrap();
        let inert = inert_json(&plain);
        assert!(!inert.chars().any(|c| acts(c) && c != '\n'));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&inert).unwrap(),
            value
        );
    }
}
