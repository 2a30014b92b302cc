//! What can stand at a place of a query, for an editor to offer while somebody types. It reads the tokens
//! before the place and nothing behind it, so half a query is enough.

use std::collections::BTreeSet;

use super::bind::Catalog;
use super::functions;
use super::highlight::{Token, WORD_OPERATORS, highlight};
use super::parser::OPERATORS;

/// What an offer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Behind a bar.
    Operator,
    Table,
    Column,
    Word,
    Function,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub text: String,
    pub what: What,
    /// In a few words: a type, or what it does. May be empty.
    pub about: String,
}

/// Words after an operator.
const WORDS: [&str; 5] = ["by", "on", "asc", "desc", "nulls first"];

/// Kinds of drawing.
const CHARTS: [&str; 8] = [
    "timechart",
    "barchart",
    "columnchart",
    "piechart",
    "linechart",
    "areachart",
    "scatterchart",
    "table",
];

/// What fits at the cursor, a place in bytes, and from where on the text there is replaced. The names that begin
/// as what stands before the cursor come before those that only hold it; nothing within a string or a comment.
pub fn complete(text: &str, cursor: usize, catalog: &dyn Catalog) -> (usize, Vec<Offer>) {
    let before = text.get(..cursor).unwrap_or(text);
    let from = before
        .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '$')))
        .map_or(0, |at| {
            at + before[at..].chars().next().map_or(1, char::len_utf8)
        });
    let pieces = highlight(before);
    let closed = |last: &str| last.len() > 1 && last.ends_with(['"', '\'']);
    if let Some((range, class)) = pieces.last() {
        let last = &before[range.clone()];
        let within = match class {
            Token::Comment => !before[range.start..].contains('\n'),
            Token::String | Token::Wrong => range.end == cursor && !closed(last),
            _ => false,
        };
        if within {
            return (cursor, Vec::new());
        }
    }
    // A hyphen belongs to a word only behind a bar: project-away.
    let words: Vec<&str> = pieces
        .iter()
        .filter(|(range, class)| range.end <= from && *class != Token::Comment)
        .map(|(range, _)| &before[range.clone()])
        .collect();
    let last = words.last().copied();
    let operator = last == Some("|");
    let from = match before[from..].rfind('-') {
        Some(at) if !operator => from + at + 1,
        _ => from,
    };
    let needle = before[from..].to_lowercase();
    let mut offers = match last {
        Some("|") => operators(),
        Some("render") => CHARTS.iter().map(|c| offer(c, What::Word, "")).collect(),
        None | Some(";") => {
            let mut all = tables(catalog);
            all.push(offer("let", What::Word, "gives a value or a table a name"));
            all
        }
        _ => {
            let mut all = columns(&words, catalog);
            if last == Some("(") || last == Some("union") {
                all.extend(tables(catalog));
            }
            let operators = WORD_OPERATORS.iter().chain(&WORDS);
            all.extend(operators.map(|w| offer(w, What::Word, "")));
            all.extend(functions::names().map(|name| {
                let about = functions::doc(name).unwrap_or_default();
                offer(name, What::Function, about)
            }));
            all
        }
    };
    let rank = |o: &Offer| {
        let name = o.text.to_lowercase();
        match name.find(&needle) {
            Some(0) => Some(0),
            Some(_) if needle.len() > 1 => Some(1),
            _ => None,
        }
    };
    offers.retain(|o| rank(o).is_some() && o.text.to_lowercase() != needle);
    offers.sort_by_key(rank);
    (from, offers)
}

fn offer(text: &str, what: What, about: &str) -> Offer {
    Offer {
        text: text.to_owned(),
        what,
        about: about.to_owned(),
    }
}

fn operators() -> Vec<Offer> {
    OPERATORS
        .iter()
        .filter(|(name, about)| *name != "let" && *about != "Not supported yet")
        .map(|(name, about)| offer(name, What::Operator, about))
        .collect()
}

fn tables(catalog: &dyn Catalog) -> Vec<Offer> {
    let names = catalog.tables();
    names
        .iter()
        .map(|t| offer(t, What::Table, "table"))
        .collect()
}

/// Columns of the tables that are named before, and those the query gives a name.
fn columns(words: &[&str], catalog: &dyn Catalog) -> Vec<Offer> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut all = Vec::new();
    let named: BTreeSet<&str> = words.iter().copied().collect();
    for table in catalog.tables() {
        if !named.contains(table.as_str()) {
            continue;
        }
        for column in catalog.columns(&table).into_iter().flatten() {
            if seen.insert(column.name.to_string()) {
                all.push(offer(&column.name, What::Column, column.kind.word()));
            }
        }
    }
    for pair in words.windows(2) {
        let is_name = pair[0].starts_with(|c: char| c.is_alphabetic() || c == '_');
        if pair[1] == "=" && is_name && seen.insert(pair[0].to_owned()) {
            all.push(offer(pair[0], What::Column, "of this query"));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ingestion::builtin;
    use crate::engine::ingestion::schema::Columns;

    struct Builtins;

    impl Catalog for Builtins {
        fn columns(&self, table: &str) -> Option<Columns> {
            builtin::columns(table)
        }
        fn tables(&self) -> Vec<String> {
            builtin::names().map(str::to_owned).collect()
        }
    }

    /// The offers where `^` stands.
    fn at(text: &str) -> Vec<String> {
        let cursor = text.find('^').unwrap();
        let text = text.replace('^', "");
        let (from, offers) = complete(&text, cursor, &Builtins);
        assert!(from <= cursor && text.is_char_boundary(from));
        offers.into_iter().map(|o| o.text).collect()
    }

    #[test]
    fn a_query_begins_with_a_table_and_goes_on_with_an_operator() {
        assert_eq!(at("App^")[..2], ["AppRequests", "AppTraces"]);
        assert_eq!(at("AppRequests | wh^"), ["where"]);
        assert_eq!(at("AppRequests | project-a^"), ["project-away"]);
        assert_eq!(at("AppRequests | count | render pie^"), ["piechart"]);
        assert_eq!(at("AppRequests | ^")[0], "where");
    }

    #[test]
    fn columns_are_those_of_the_tables_before_and_of_the_query_itself() {
        assert_eq!(at("AppRequests | where Dur^")[0], "DurationMs");
        assert!(!at("Heartbeat | where Dur^").contains(&"DurationMs".to_owned()));
        let own = at("Heartbeat | extend slow = 1 | where sl^");
        assert_eq!(own[0], "slow");
        assert!(at("AppRequests | summarize cou^").contains(&"count".to_owned()));
        assert_eq!(at("AppRequests | where ItemCount -Dura^")[0], "DurationMs");
    }

    #[test]
    fn nothing_is_offered_within_a_string_or_a_comment_and_no_place_panics() {
        assert!(at("AppRequests | where Name == \"App^").is_empty());
        assert!(at("AppRequests // App^").is_empty());
        let text = "한국 | where é == \"🔑\" // x\n| summarize 'a'";
        for (cursor, _) in text.char_indices() {
            complete(text, cursor, &Builtins);
        }
        complete(text, text.len() + 7, &Builtins);
        complete(text, 1, &Builtins);
    }
}
