//! Text that nobody should write: no panic, no work without a bound, and every mistake is inside the text.

use super::frequent::SEVEN;
use super::{World, now, world};
use crate::logs::kql::{bind, complete, highlight, parse};

/// Queries that use the language widely; mutants are made of them.
const SEEDS: [&str; 16] = [
    "let E = Logs | where Level =~ 'error' and TimeGenerated between (ago(1d) .. now()); E | summarize n = count() by bin(TimeGenerated, 5m), Computer | order by n desc nulls last | render timechart with (title='x')",
    "Hosts | join kind=leftouter (Logs | where StatusCode in (200, 404) | project Computer, D) on $left.Computer == $right.Computer | extend X = tostring(D.a['b'][0])",
    "union withsource=T isfuzzy=true Logs, (Audit | where Actor has_any ('ann', \"bob\")), Ho* | where T !contains 'x' | count as N",
    "Logs | summarize arg_max(TimeGenerated, *), percentiles(DurationMs, 5, 95), make_set(Level, 3) by Computer | project-away D*, Ts | top 3 by TimeGenerated",
    "print a = dynamic({'k': [1, 2.5, null]}), b = datetime(2024-05-01T10:00:00Z) + 1.5h, c = -7 % 3, d = @'c:\\x', e = guid(74be27de-1e4e-49d9-b579-fe0b331d3642)",
    "let f = (x: long, y: string = 'a') { strcat(y, tostring(x * 2)) }; range i from 1 to 10 step 3 | extend S = f(i, 'é') | where S !endswith '2'",
    "datatable(x: long, t: timespan, b: bool) [1, 1h, true, 2, time(1.02:03:04), false] | where b or x == 2 | sort by t asc",
    "Logs | mv-expand Tag = D.tags to typeof(string) | distinct Tag, Computer | project-rename C = Computer | getschema",
    "Logs | extend P = iff(Flag, 'a', case(StatusCode > 400, 'b', isnull(StatusCode), 'c', 'd')) | project-reorder P, * | take 5",
    "let m = toscalar(Logs | summarize max(DurationMs)); Logs | where DurationMs == m or Message matches regex '^[a-z]+' // end",
    "Logs | where Computer !in ((Hosts | project Computer)) | lookup kind=leftouter Hosts on Computer | project-keep C*, R*",
    "Logs | extend A = extract('([0-9]+)', 1, Message), B = split(Message, ' ')[0], C = format_datetime(TimeGenerated, 'HH:mm'), D2 = bag_pack('a', StatusCode)",
    "Logs | summarize countif(Flag), dcountif(UserId, Flag), avgif(DurationMs, Flag), stdev(BytesSent), take_any(Level) by startofday(TimeGenerated), tolower(Level)",
    "Logs | where ['Level'] == \"x\\n\\u00e9\" and not(Message has_all ('a', 'b')) and UserId !~ 'U1' | serialize | as X",
    "let T = materialize(Logs | where Flag); union T, T | summarize sum(BytesSent) * 1.0 / count() by bin(DurationMs, 10)",
    "Logs | where datetime_diff('day', now(), TimeGenerated) < 3 and hourofday(TimeGenerated) !between (1 .. 5) | project substring(Message, 1, 3), replace_string(Level, 'r', '')",
];

/// splitmix64: the same mutants every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below.max(1) as u64) as usize
    }
}

/// Pieces that mutants get.
const PIECES: [&str; 40] = [
    "|",
    ";",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    "..",
    "=",
    "==",
    "*",
    "-",
    "/",
    "'",
    "\"",
    "@\"",
    "```",
    "//",
    "let",
    "by",
    "on",
    "union",
    "join",
    "summarize",
    "$left",
    "dynamic(",
    "datetime(",
    "1d",
    "9999999999999999999",
    "-1",
    "0.0",
    "null",
    "é",
    "\u{202e}",
    "😀",
    "\0",
    "toscalar(",
];

/// The pieces of a query: tokens of the highlighter and the blanks between them.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut last = 0;
    for (range, _) in highlight(text) {
        pieces.push(text[last..range.start].to_owned());
        pieces.push(text[range.clone()].to_owned());
        last = range.end;
    }
    pieces.push(text[last..].to_owned());
    pieces
}

fn mutant(dice: &mut Dice, seeds: &[Vec<String>]) -> String {
    let mut pieces = seeds[dice.roll(seeds.len())].clone();
    for _ in 0..=dice.roll(4) {
        let (a, b) = (dice.roll(pieces.len()), dice.roll(pieces.len()));
        match dice.roll(6) {
            0 => {
                pieces.remove(a);
            }
            1 => pieces.insert(a, PIECES[dice.roll(PIECES.len())].to_owned()),
            2 => pieces.swap(a, b),
            3 => pieces.insert(b, pieces[a].clone()),
            4 => {
                let other = &seeds[dice.roll(seeds.len())];
                pieces[a] = other[dice.roll(other.len())].clone();
            }
            // A character of it, not a token.
            _ => {
                let mut text: Vec<char> = pieces[a].chars().collect();
                let at = dice.roll(text.len());
                match text.get(at) {
                    Some(_) if dice.roll(2) == 0 => {
                        text.remove(at);
                    }
                    _ => text.insert(
                        at,
                        ['x', '0', '\'', '\\', '|', 'ß', '\u{301}', '-'][dice.roll(8)],
                    ),
                }
                pieces[a] = text.into_iter().collect();
            }
        }
        if pieces.is_empty() {
            break;
        }
    }
    pieces.concat()
}

/// Reads a text all the way, and says whether it was a query.
fn read(world: &World, text: &str) -> bool {
    let bound = parse(text).and_then(|query| bind(&query, world, now()));
    match bound {
        Ok(bound) => {
            // The engine may still refuse, but not panic.
            let _ = world.plan(&bound);
            true
        }
        Err(errors) => {
            assert!(!errors.is_empty(), "{text:?}");
            for error in errors {
                assert!(
                    error.span.start <= error.span.end && error.span.end <= text.len(),
                    "{text:?}: {error:?}"
                );
                assert!(
                    text.is_char_boundary(error.span.start)
                        && text.is_char_boundary(error.span.end),
                    "{text:?}"
                );
                let before = &text[..error.span.start];
                assert_eq!(error.line, before.matches('\n').count() + 1, "{text:?}");
                let line = before.rsplit('\n').next().unwrap_or_default();
                assert_eq!(error.column, line.chars().count() + 1, "{text:?}");
                assert!(!error.to_string().is_empty());
                error.caret(text);
            }
            false
        }
    }
}

#[test]
fn fifty_thousand_mutants_are_read_without_a_panic() {
    let seeds: Vec<Vec<String>> = SEEDS
        .iter()
        .chain(&SEVEN)
        .map(|text| pieces(text))
        .collect();
    let world = world();
    let right = |seed: &&str| assert!(read(&world, seed), "{seed}");
    SEEDS.iter().chain(&SEVEN).for_each(|seed| right(seed));
    let seeds = &seeds;
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4u64)
            .map(|number| {
                scope.spawn(move || {
                    let world = super::world();
                    let mut dice = Dice(number);
                    (0..12_500)
                        .filter(|round| {
                            let text = mutant(&mut dice, seeds);
                            if round % 50 == 0 {
                                let mut cursor = dice.roll(text.len());
                                while !text.is_char_boundary(cursor) {
                                    cursor -= 1;
                                }
                                complete(&text, cursor, &world);
                            }
                            read(&world, &text)
                        })
                        .count()
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect()
    });
    // Some mutants are queries, most are not: both ways have been tried.
    let valid: usize = counts.iter().sum();
    assert!(
        (2_000..40_000).contains(&valid),
        "{valid} of 50 000 were valid"
    );
}

#[test]
fn nesting_and_length_have_bounds() {
    let world = world();
    let deep = |open: &str, middle: &str, close: &str| {
        format!(
            "print {}{middle}{}",
            open.repeat(20_000),
            close.repeat(20_000)
        )
    };
    for text in [
        deep("(", "1", ")"),
        deep("-", "1", ""),
        deep("tolower(", "'a'", ")"),
        deep("iff(true, 1, ", "2", ")"),
        format!("print 1{}", " + 1".repeat(20_000)),
        format!("print dynamic(null){}", ".a".repeat(20_000)),
        format!("print a{}", "[0]".repeat(20_000)),
        format!("Logs | where {}true", "(Hosts | where ".repeat(5_000)),
        format!("Logs{}", " | where true".repeat(10_000)),
        format!("union {}", "(union ".repeat(5_000)),
        "x".repeat(300_000),
        // Names that stand for ever more.
        format!(
            "let a0 = Logs; {} a40",
            (1..=40).map(|n| format!("let a{n} = union a{0}, a{0};", n - 1)).collect::<String>()
        ),
        format!(
            "let s0 = 'aaaaaaaaaa'; {} print s60",
            (1..=60).map(|n| format!("let s{n} = strcat(s{0}, s{0});", n - 1)).collect::<String>()
        ),
        format!(
            "let f0 = (x: long) {{ x + x }}; {} Logs | extend X = f30(StatusCode)",
            (1..=30).map(|n| format!("let f{n} = (x: long) {{ f{0}(f{0}(x)) }};", n - 1)).collect::<String>()
        ),
        "let f = (x: long) { f(x) }; print f(1)".to_owned(),
        "let T = T; T".to_owned(),
        "range x from 1 to 9999999999 step 1".to_owned(),
        "print replace_string(strcat_array(split(replace_string('a a a a', ' ', 'bbbbbbbb'), 'b'), 'cccc'), 'c', 'dddddddd')".to_owned(),
    ] {
        read(&world, &text);
    }
    // Flat lists may be long.
    let terms: Vec<String> = (0..5_000).map(|n| format!("StatusCode == {n}")).collect();
    assert!(read(
        &world,
        &format!("Logs | where {} | count", terms.join(" or "))
    ));
    let items: Vec<String> = (0..10_000).map(|n| n.to_string()).collect();
    assert!(read(
        &world,
        &format!("Logs | where StatusCode in ({}) | count", items.join(","))
    ));
}
