//! Queries that are wrong in every way a hand, a script or a stranger can make them: nothing panics, and every
//! mistake is told within the text.

use lockbox::engine::random;
use lockbox::logs::kql::{self, KqlError};

use super::kql_answers::{ORDERED, Stage, now};

const MUTATIONS: u64 = 50_000;
const PIECES: [&str; 40] = [
    "|",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ".",
    "..",
    "*",
    "/",
    "%",
    "==",
    "=~",
    "!",
    "'",
    "\"",
    "`",
    "@'",
    "h'",
    "//",
    "let ",
    "where ",
    "summarize ",
    "join ",
    "by ",
    "datetime(",
    "dynamic(",
    "1d",
    "1e999",
    "-0",
    "null",
    "한국어",
    "\u{202e}",
    "\u{0}",
    "\n",
    "𝔘",
    "99999999999999999999999",
];

fn number(seed: u64, at: u64) -> u64 {
    let bytes = random::bytes(seed, "kql-mutation", at);
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[..8]);
    u64::from_le_bytes(eight)
}

/// The text with one piece deleted, doubled, put elsewhere or brought in.
fn mutated(text: &str, seed: u64, at: u64) -> String {
    let chars: Vec<char> = text.chars().collect();
    let n = number(seed, at);
    let place = |n: u64| usize::try_from(n % (chars.len() as u64 + 1)).unwrap();
    let (from, to) = (place(n >> 8), place(n >> 24));
    let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 12));
    let part: String = chars[from..to].iter().collect();
    let (before, after): (String, String) =
        (chars[..from].iter().collect(), chars[to..].iter().collect());
    match n % 5 {
        0 => before + &after,
        1 => format!("{before}{part}{part}{after}"),
        2 => format!("{before}{after}{part}"),
        3 => format!(
            "{before}{}{part}{after}",
            PIECES[(n >> 40) as usize % PIECES.len()]
        ),
        _ => format!("{part}{before}{after}"),
    }
}

fn check(text: &str, errors: &[KqlError]) {
    assert!(!errors.is_empty(), "{text:?}");
    assert!(errors.len() <= 100, "{} errors: {text:?}", errors.len());
    for error in errors {
        let span = &error.span;
        assert!(
            span.start <= span.end && span.end <= text.len(),
            "{error:?}: {text:?}"
        );
        assert!(
            text.is_char_boundary(span.start) && text.is_char_boundary(span.end),
            "{error:?}: {text:?}"
        );
        let before = &text[..span.start];
        assert_eq!(
            error.line,
            before.matches('\n').count() + 1,
            "{error:?}: {text:?}"
        );
        let line = before.rsplit('\n').next().unwrap_or_default();
        assert_eq!(
            error.column,
            line.chars().count() + 1,
            "{error:?}: {text:?}"
        );
        let told = format!("{error}{}", error.caret(text));
        assert!(!told.contains(['\u{0}', '\u{202e}', '\u{1b}']), "{told:?}");
    }
}

#[test]
fn fifty_thousand_mutated_queries_neither_panic_nor_lose_their_place() {
    let stage = Stage::new();
    let (mut bound, mut wrong) = (0, 0);
    for seed in 0..MUTATIONS {
        let (query, _) = ORDERED[seed as usize % ORDERED.len()];
        let mut text = query.to_owned();
        for at in 0..1 + seed % 4 {
            text = mutated(&text, seed, at);
        }
        kql::highlight(&text);
        match stage.bind(&text) {
            Ok(query) => {
                bound += 1;
                // Every hundredth is planned too: most of the time goes there.
                if bound % 100 == 0 {
                    stage.plan(&query);
                }
            }
            Err(errors) => {
                wrong += 1;
                check(&text, &errors);
            }
        }
    }
    assert!(
        bound > 500 && wrong > 10_000,
        "{bound} bound, {wrong} wrong"
    );
}

#[test]
fn deep_long_and_endless_queries_end_in_a_mistake_and_not_in_a_crash() {
    let stage = Stage::new();
    for text in [
        format!("print {}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("print {}1", "-".repeat(100_000)),
        format!("print {}", "not(".repeat(50_000)),
        format!("Visits {}", "| where Ms > 1 ".repeat(20_000)),
        format!("print {}", "1 + ".repeat(100_000)),
        format!("print dynamic({}", "[".repeat(100_000)),
        format!("print '{}", "a".repeat(1_000_000)),
        "let a = a; a".to_owned(),
        "let f = (x: long) { f(x) }; print f(1)".to_owned(),
        (0..40).fold("let a0 = Visits;".to_owned(), |text, n| {
            format!("{text} let a{} = union a{n}, a{n};", n + 1)
        }) + " a40 | count",
        format!("print {}", "한".repeat(100_000)),
    ] {
        let outcome = kql::parse(&text).and_then(|query| kql::bind(&query, &stage.tables, now()));
        if let Err(errors) = outcome {
            assert!(errors.len() <= 100);
        }
    }
}
