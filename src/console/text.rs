//! Text in cells: how wide it is, where to cut it, how to wrap it. Grapheme-exact, so a wide character is
//! never cut in half. Pure; knows nothing of a screen.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use crate::engine::text::{bytes, count};

/// Columns a text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.width()
}

/// The longest head of `text` that fits `max` columns; `…` stands for what was cut.
pub fn cut(text: &str, max: usize) -> Cow<'_, str> {
    if width(text) <= max {
        return Cow::Borrowed(text);
    }
    if max == 0 {
        return Cow::Borrowed("");
    }
    let mut out = String::with_capacity(max + 3);
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let w = width(grapheme);
        if used + w > max - 1 {
            break;
        }
        out.push_str(grapheme);
        used += w;
    }
    out.push('…');
    Cow::Owned(out)
}

/// `text` in exactly `to` columns, cut or padded on the right.
pub fn pad(text: &str, to: usize) -> String {
    let mut out = cut(text, to).into_owned();
    let used = width(&out);
    out.extend(std::iter::repeat_n(' ', to.saturating_sub(used)));
    out
}

/// Like [`pad`], padded on the left.
pub fn pad_left(text: &str, to: usize) -> String {
    let cut = cut(text, to);
    let mut out = " ".repeat(to.saturating_sub(width(&cut)));
    out.push_str(&cut);
    out
}

/// Lines of at most `max` columns, broken at spaces; a word wider than a line is broken where the line ends.
/// Spaces inside a line stay as they are.
pub fn wrap(text: &str, max: usize) -> Vec<String> {
    let max = max.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let blank = rest.starts_with(' ');
        let end = rest.find(|c| (c == ' ') != blank).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        rest = tail;
        let w = width(word);
        if used + w <= max {
            line.push_str(word);
            used += w;
        } else if blank {
            // A space that does not fit is the break itself.
            flush(&mut lines, &mut line, &mut used);
        } else if w <= max {
            flush(&mut lines, &mut line, &mut used);
            line.push_str(word);
            used = w;
        } else {
            for grapheme in word.graphemes(true) {
                let w = width(grapheme);
                if used + w > max {
                    flush(&mut lines, &mut line, &mut used);
                }
                line.push_str(grapheme);
                used += w;
            }
        }
    }
    if !line.is_empty() || lines.is_empty() {
        flush(&mut lines, &mut line, &mut used);
    }
    lines
}

fn flush(lines: &mut Vec<String>, line: &mut String, used: &mut usize) {
    let done = std::mem::take(line);
    lines.push(done.trim_end().to_owned());
    *used = 0;
}

/// The beginning of a digest, enough to tell two apart.
pub fn digest(digest: &[u8; 32]) -> String {
    digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A number of bytes in GB, in at most six characters: `0.25`, `12.5`, `1,204`, `48k`, `3.1M`.
pub fn gigabytes(n: u128) -> String {
    const UNITS: [&str; 9] = ["k", "M", "G", "T", "P", "E", "Z", "Y", "R"];
    let hundredths = n / 10_000_000;
    let whole = hundredths / 100;
    match whole {
        0 if n == 0 => "0".to_owned(),
        0 if hundredths == 0 => "<0.01".to_owned(),
        0..10 if !hundredths.is_multiple_of(10) => format!("{whole}.{:02}", hundredths % 100),
        0..100 if !whole_only(hundredths) => format!("{whole}.{}", hundredths % 100 / 10),
        0..10_000 => count(u64::try_from(whole).unwrap_or(u64::MAX)),
        _ => {
            let (mut tenths, mut unit) = (whole / 100, 0);
            while tenths >= 10_000 && unit + 1 < UNITS.len() {
                tenths /= 1_000;
                unit += 1;
            }
            let (whole, tenth) = (tenths / 10, tenths % 10);
            match tenth {
                1.. if whole < 100 => format!("{whole}.{tenth}{}", UNITS[unit]),
                _ => format!("{whole}{}", UNITS[unit]),
            }
        }
    }
}

/// Whether nothing would stand behind the point.
fn whole_only(hundredths: u128) -> bool {
    hundredths % 100 < 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_bytes_have_two_digits_at_least() {
        assert_eq!(
            [0, 999, 1_000, 1_204_811].map(count),
            ["0", "999", "1,000", "1,204,811"]
        );
        let shown = [
            0u64,
            999,
            1_000,
            9_999,
            10_000,
            999_999,
            1_000_000,
            73_400_000_000,
        ]
        .map(bytes);
        assert_eq!(
            shown,
            [
                "0 B", "999 B", "1.0 kB", "9.9 kB", "10 kB", "999 kB", "1.0 MB", "73 GB"
            ]
        );
        assert_eq!(bytes(u64::MAX), "18 EB");
        assert_eq!(bytes(u128::MAX), "340282366 QB");
    }

    #[test]
    fn gigabytes_take_six_characters_at_most() {
        let gb = |thousandths: u128| gigabytes(thousandths * 1_000_000);
        let shown = [0, 3, 10, 250, 1_000, 1_250, 2_500, 12_540, 99_990].map(gb);
        let wanted = [
            "0", "<0.01", "0.01", "0.25", "1", "1.25", "2.5", "12.5", "99.9",
        ];
        assert_eq!(shown, wanted);
        let shown = [412_300, 1_204_000, 48_000_000, 3_100_000_000].map(gb);
        assert_eq!(shown, ["412", "1,204", "48k", "3.1M"]);
        assert_eq!(gigabytes(u128::MAX), "340R");
        for bits in 0..128 {
            for n in [1u128 << bits, (1 << bits) - 1, u128::MAX >> bits] {
                assert!(width(&gigabytes(n)) <= 6, "{n}: {}", gigabytes(n));
            }
        }
    }

    #[test]
    fn a_wide_character_is_never_cut_in_half() {
        for max in 0..12 {
            assert!(width(&cut("한국어 🔑 é 테스트", max)) <= max);
            assert_eq!(width(&pad("한국어 🔑 é 테스트", max)), max);
            assert_eq!(width(&pad_left("한", max)), max);
        }
        assert_eq!(cut("한국어", 4), "한…");
        assert_eq!(cut("plain", 5), "plain");
    }

    #[test]
    fn wrapped_lines_fit_and_lose_no_word() {
        let text = "The machine 한국어서비스 does not start since averyveryverylongwordwithoutspaces 🔑🔑🔑";
        for max in 2..40 {
            let lines = wrap(text, max);
            assert!(lines.iter().all(|l| width(l) <= max), "{max}: {lines:?}");
            let without = |s: &str| s.replace(' ', "");
            assert_eq!(without(&lines.concat()), without(text));
        }
        assert_eq!(wrap("", 10), [""]);
    }
}
