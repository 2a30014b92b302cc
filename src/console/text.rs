//! Text in cells: how wide it is, where to cut it, how to wrap it. Grapheme-exact, so a wide character is
//! never cut in half. Pure; knows nothing of a screen.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

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

#[cfg(test)]
mod tests {
    use super::*;

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
