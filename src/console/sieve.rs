//! What a list is filtered and sorted by: words, `field:value`, `field=value`, `!not`, `field>n` and ages.
//!
//! ```text
//! batch operator        every word somewhere in the row        "two words"   as they stand
//! level:admin           in a column, by its title or name      level=admin   all of the cell
//! !subscription:dev     not so                                 rate>100      numbers
//! left<2h  age>2d       how far a time is from now; age is the first time of the row that has passed
//! ~prghn                letters in this order, with anything between them
//! ```

use std::cmp::Ordering;

use serde_json::Value;

use super::rows::{Cell, Column, Row};
use crate::engine::words::nearest;
use crate::engine::{SimTime, Span};

/// A filter that was read. What is half typed asks for nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sieve {
    terms: Vec<Term>,
    /// A field that no column has, with the nearest one.
    pub unknown: Option<(String, Option<&'static str>)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Term {
    not: bool,
    what: What,
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Word(String),
    /// Letters in this order in one cell.
    Letters(String),
    Holds(usize, String),
    Is(usize, String),
    Number(usize, Sign, f64),
    Far(usize, Sign, Span),
    Age(Sign, Span),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Sign {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Sign::Less => order.is_lt(),
            Sign::AtMost => order.is_le(),
            Sign::More => order.is_gt(),
            Sign::AtLeast => order.is_ge(),
        }
    }
}

/// Longer signs before those they begin with.
const SIGNS: [(&str, Sign); 4] = [
    (">=", Sign::AtLeast),
    ("<=", Sign::AtMost),
    (">", Sign::More),
    ("<", Sign::Less),
];

impl Sieve {
    pub fn read(text: &str, columns: &[Column]) -> Sieve {
        let mut sieve = Sieve::default();
        for (word, quoted) in split(text) {
            let (not, rest) = match word.strip_prefix('!') {
                Some(rest) if !quoted => (true, rest.to_owned()),
                _ => (false, word),
            };
            let what = if quoted {
                Some(What::Word(rest.to_lowercase()))
            } else {
                sieve.term(&rest, columns)
            };
            sieve.terms.extend(what.map(|what| Term { not, what }));
        }
        sieve
    }

    fn term(&mut self, text: &str, columns: &[Column]) -> Option<What> {
        if let Some(letters) = text.strip_prefix('~') {
            return Some(What::Letters(letters.to_lowercase())).filter(|_| !letters.is_empty());
        }
        let word = || Some(What::Word(text.to_lowercase())).filter(|_| !text.is_empty());
        let Some(at) = text.find([':', '=', '<', '>']).filter(|at| *at > 0) else {
            return word();
        };
        let (field, rest) = text.split_at(at);
        let column = find(field, columns);
        let age = field.eq_ignore_ascii_case("age") && column.is_none();
        if column.is_none() && !age {
            // 09:30 and ids with a colon are words; what begins like a name was meant as one.
            if field.chars().all(char::is_alphabetic) {
                let names = columns.iter().flat_map(|c| [c.key, c.title]);
                let near = nearest(&field.to_lowercase(), names.filter(|n| !n.is_empty()));
                self.unknown = Some((field.to_owned(), near));
            }
            return word();
        }
        for (sign, meaning) in SIGNS {
            if let Some(value) = rest.strip_prefix(sign) {
                return match (column, value.parse::<Span>(), value.parse::<f64>()) {
                    (None, Ok(span), _) => Some(What::Age(meaning, span)),
                    (Some(column), Ok(span), _) => Some(What::Far(column, meaning, span)),
                    (Some(column), _, Ok(number)) => Some(What::Number(column, meaning, number)),
                    _ => None,
                };
            }
        }
        let value = rest[1..].trim_matches('"').to_lowercase();
        let column = column.filter(|_| !value.is_empty())?;
        Some(if rest.starts_with('=') {
            What::Is(column, value)
        } else {
            What::Holds(column, value)
        })
    }

    /// Its words, when it asks for words and nothing else.
    pub fn words(&self) -> Option<Vec<String>> {
        let word = |term: &Term| match &term.what {
            What::Word(word) if !term.not => Some(word.clone()),
            _ => None,
        };
        self.terms.iter().map(word).collect()
    }

    pub fn keeps(&self, row: &Row, now: SimTime) -> bool {
        self.terms.iter().all(|t| t.what.holds(row, now) != t.not)
    }

    /// Whether what it keeps may change as time goes on.
    pub fn ages(&self) -> bool {
        let ages = |term: &Term| matches!(term.what, What::Far(..) | What::Age(..));
        self.terms.iter().any(ages)
    }
}

impl What {
    fn holds(&self, row: &Row, now: SimTime) -> bool {
        let cell = |column: &usize| row.cells.get(*column);
        match self {
            What::Word(word) => (row.cells.iter()).any(|c| c.text.to_lowercase().contains(word)),
            What::Letters(letters) => (row.cells.iter()).any(|c| in_order(letters, &c.text)),
            What::Holds(column, value) => {
                cell(column).is_some_and(|c| c.text.to_lowercase().contains(value))
            }
            What::Is(column, value) => {
                cell(column).is_some_and(|c| c.text.to_lowercase() == *value)
            }
            What::Number(column, sign, wanted) => (cell(column).and_then(number))
                .and_then(|n| n.partial_cmp(wanted))
                .is_some_and(|order| sign.holds(order)),
            What::Far(column, sign, span) => (cell(column).and_then(time))
                .is_some_and(|at| sign.holds((at - now).0.abs().cmp(&span.0))),
            What::Age(sign, span) => (row.cells.iter().filter_map(time))
                .find(|at| *at <= now)
                .is_some_and(|at| sign.holds((now - at).cmp(span))),
        }
    }
}

/// Whether the letters occur in a text, one after the other.
fn in_order(letters: &str, text: &str) -> bool {
    let text = text.to_lowercase();
    let mut rest = text.chars();
    letters.chars().all(|letter| rest.any(|c| c == letter))
}

/// Words, and what stands in quotes as one.
fn split(text: &str) -> Vec<(String, bool)> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (word, after) = quoted.split_once('"').unwrap_or((quoted, ""));
            if !word.is_empty() {
                words.push((word.to_owned(), true));
            }
            rest = after.trim_start();
        } else {
            // field:"two words" is one.
            let mut inside = false;
            let end = rest.find(|c: char| {
                inside ^= c == '"';
                c.is_whitespace() && !inside
            });
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            words.push((word.to_owned(), false));
            rest = after.trim_start();
        }
    }
    words
}

/// A column by its name or title, or the beginning of one.
fn find(field: &str, columns: &[Column]) -> Option<usize> {
    let field = field.to_lowercase();
    let is = |name: &str| !name.is_empty() && name.to_lowercase() == field;
    let begins = |name: &str| !name.is_empty() && name.to_lowercase().starts_with(&field);
    let whole = columns.iter().position(|c| is(c.key) || is(c.title));
    whole.or_else(|| {
        let found = |(_, c): &(usize, &Column)| begins(c.key) || begins(c.title);
        let mut all = columns.iter().enumerate().filter(found);
        let first = all.next()?.0;
        (field.len() > 1 && all.next().is_none()).then_some(first)
    })
}

/// What a cell says as an instant.
pub fn time(cell: &Cell) -> Option<SimTime> {
    match &cell.raw {
        Some(Value::String(raw)) if raw.len() >= 20 && raw.ends_with('Z') => raw.parse().ok(),
        _ => None,
    }
}

/// What a cell says as a number: its own, or the one its text begins with.
fn number(cell: &Cell) -> Option<f64> {
    if let Some(Value::Number(raw)) = &cell.raw {
        return raw.as_f64();
    }
    let end = |c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-');
    let head = cell.text.split(end).next()?;
    head.parse().ok()
}

/// What a list is sorted by.
#[derive(Debug, Clone, PartialEq)]
pub enum Weight {
    Time(SimTime),
    Number(f64),
    Text(String),
    /// Comes last, whatever the direction.
    Nothing,
}

impl Weight {
    pub fn of(cell: Option<&Cell>) -> Weight {
        let Some(cell) = cell.filter(|cell| cell.raw != Some(Value::Null)) else {
            return Weight::Nothing;
        };
        match (&cell.raw, time(cell)) {
            (_, Some(at)) => Weight::Time(at),
            (Some(Value::Number(raw)), _) => raw.as_f64().map_or(Weight::Nothing, Weight::Number),
            _ => Weight::Text(cell.text.to_lowercase()),
        }
    }

    pub fn compare(&self, other: &Weight, descending: bool) -> Ordering {
        let turn = |order: Ordering| if descending { order.reverse() } else { order };
        match (self, other) {
            (Weight::Nothing, Weight::Nothing) => Ordering::Equal,
            (Weight::Nothing, _) => Ordering::Greater,
            (_, Weight::Nothing) => Ordering::Less,
            (Weight::Time(a), Weight::Time(b)) => turn(a.cmp(b)),
            (Weight::Number(a), Weight::Number(b)) => turn(a.total_cmp(b)),
            (Weight::Text(a), Weight::Text(b)) => turn(a.cmp(b)),
            (Weight::Time(_), _) | (Weight::Number(_), Weight::Text(_)) => Ordering::Less,
            (Weight::Text(_), _) | (Weight::Number(_), Weight::Time(_)) => Ordering::Greater,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::rows::{ItemId, col, data};

    const COLUMNS: [Column; 5] = [
        col("id", "REQUEST", 9, 0),
        col("expiresAt", "LEFT", 7, 0),
        col("level", "LEVEL", 8, 1),
        col("rate", "GB/DAY", 8, 1),
        data("createdAt"),
    ];

    const NOW: SimTime = SimTime(1_606_035_600_000_000);

    fn row(id: &str, left: i64, level: &str, rate: f64, age: i64) -> Row {
        let at = |hours: i64| Value::String((NOW + Span::hours(hours)).to_string());
        Row {
            id: ItemId::Observer,
            cells: vec![
                Cell::new(id.to_owned()),
                Cell::new(format!("{left}h")).raw(at(left)),
                Cell::new(level.to_owned()),
                Cell::new(format!("{rate} GB")).raw(rate),
                Cell::new("").raw(at(-age)),
            ],
        }
    }

    /// Which of three rows are kept.
    fn kept(filter: &str) -> String {
        let rows = [
            row("LB-1 nachts", 1, "operator", 5.0, 90),
            row("LB-2 two words", 30, "reader", 500.0, 10),
            row("LB-3 09:30", 70, "admin operator", 50.0, 20),
        ];
        let sieve = Sieve::read(filter, &COLUMNS);
        let kept = rows.iter().enumerate().filter(|(_, r)| sieve.keeps(r, NOW));
        kept.map(|(n, _)| (n + 1).to_string()).collect()
    }

    #[test]
    fn a_filter_keeps_what_it_says() {
        for (filter, wanted) in [
            ("", "123"),
            ("lb", "123"),
            ("NACHTS", "1"),
            ("operator 09:30", "3"),
            ("level:operator", "13"),
            ("level=operator", "1"),
            ("LEV:read", "2"),
            ("!level:operator", "2"),
            ("!nachts !09:30", "2"),
            ("\"two words\"", "2"),
            ("request:\"two words\"", "2"),
            ("rate>50", "2"),
            ("rate>=50", "23"),
            ("gb/day<100 level:op", "13"),
            ("left<2h", "1"),
            ("left>1d", "23"),
            ("age>2d", "1"),
            ("age<=20h", "23"),
            ("~nchs", "1"),
            ("!~nchs", "23"),
            ("~rdr", "2"),
            ("~", "123"),
            ("!age>2d", "23"),
            // Half typed.
            ("level:", "123"),
            ("age>", "123"),
            ("rate>x", "123"),
            ("!", "123"),
        ] {
            assert_eq!(kept(filter), wanted, "{filter}");
        }
    }

    #[test]
    fn a_field_that_is_none_is_said_with_the_nearest() {
        let sieve = Sieve::read("levle:op", &COLUMNS);
        assert_eq!(sieve.unknown, Some(("levle".to_owned(), Some("level"))));
        assert!(Sieve::read("09:30", &COLUMNS).unknown.is_none());
        assert!(Sieve::read("age>1h", &COLUMNS).ages());
        assert!(!Sieve::read("level:x", &COLUMNS).ages());
    }

    #[test]
    fn numbers_times_and_texts_sort_as_such_and_nothing_comes_last() {
        let weigh = |cell: Cell| Weight::of(Some(&cell));
        let (two, ten) = (weigh(Cell::number(2)), weigh(Cell::number(10)));
        assert!(two.compare(&ten, false).is_lt() && two.compare(&ten, true).is_gt());
        let none = weigh(Cell::none());
        assert!(none.compare(&two, false).is_gt() && none.compare(&two, true).is_gt());
        let (a, b) = (weigh(Cell::new("abc")), weigh(Cell::new("Abd")));
        assert!(a.compare(&b, false).is_lt());
        let (early, late) = (Cell::time(NOW), Cell::time(NOW + Span::hours(1)));
        assert!(weigh(early).compare(&weigh(late), false).is_lt());
    }
}
