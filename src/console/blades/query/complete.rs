//! What could stand at the cursor: tables where a query begins, operators behind a bar, and columns and
//! functions within an operator.

use crate::logs::kql::{self, Catalog};

/// Operators a pipeline goes on with.
const OPERATORS: &[&str] = &[
    "where",
    "project",
    "extend",
    "summarize",
    "count",
    "distinct",
    "take",
    "sort by",
    "top",
    "join",
    "union",
    "render",
    "project-away",
    "project-rename",
    "project-keep",
    "order by",
    "limit",
    "let",
];

/// The word that ends where the cursor is.
pub fn word_before(line: &str) -> &str {
    let begins = line
        .char_indices()
        .rev()
        .take_while(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '-'))
        .last();
    begins.map_or("", |(at, _)| &line[at..])
}

/// Best first: those that begin with the word, whatever the case.
pub fn offers(text: &str, cursor: usize, catalog: &dyn Catalog) -> Vec<String> {
    let before = text.get(..cursor).unwrap_or(text);
    let word = word_before(before).to_lowercase();
    let statement = before.rsplit(';').next().unwrap_or_default();
    let stages: Vec<&str> = statement.split('|').collect();
    let now = stages.last().copied().unwrap_or_default();
    let begun = now.trim_start();
    let within = begun.len() > word.len() || begun.contains(' ');
    let mut known: Vec<String> = match (stages.len(), within) {
        (1, false) => catalog.tables(),
        (_, false) => OPERATORS.iter().map(|o| (*o).to_owned()).collect(),
        _ => {
            let tables = catalog.tables();
            let named = tables.iter().find(|t| {
                stages[0]
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|w| w == t.as_str())
            });
            let columns = named.and_then(|table| catalog.columns(table));
            let columns = columns.into_iter().flatten().map(|c| c.name.to_string());
            let functions = kql::function_names().map(|name| format!("{name}("));
            columns.chain(functions).collect()
        }
    };
    known.retain(|name| name.to_lowercase().starts_with(&word));
    known.truncate(40);
    known
}
