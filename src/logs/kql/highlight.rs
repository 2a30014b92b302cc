//! What each piece of a query is, for an editor to colour while somebody types: it needs no catalog, and
//! text that does not parse has colours too.

use std::ops::Range;

use super::functions;
use super::lexer::{self, Kind};
use super::literal::Value;
use super::parser::OPERATORS;

/// The classes of text an editor tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// `where`, `summarize`, `let`, `by`.
    Keyword,
    /// `has`, `and`, `==`.
    Operator,
    Function,
    /// A table, a column or a variable.
    Name,
    String,
    Number,
    /// A datetime or a timespan.
    Time,
    /// `true`, `null`, JSON, a GUID.
    Constant,
    Comment,
    Punctuation,
    /// No token of the language.
    Wrong,
}

/// Words that mean something only after an operator.
const WORDS: [&str; 18] = [
    "by",
    "on",
    "asc",
    "desc",
    "nulls",
    "first",
    "last",
    "kind",
    "from",
    "to",
    "step",
    "with",
    "withsource",
    "isfuzzy",
    "let",
    "set",
    "typeof",
    "as",
];

/// Operators that are words.
pub(super) const WORD_OPERATORS: [&str; 20] = [
    "and",
    "or",
    "has",
    "has_cs",
    "has_any",
    "has_all",
    "hasprefix",
    "hasprefix_cs",
    "hassuffix",
    "hassuffix_cs",
    "contains",
    "contains_cs",
    "startswith",
    "startswith_cs",
    "endswith",
    "endswith_cs",
    "in",
    "between",
    "matches",
    "regex",
];

/// The pieces of the text in order, without the blanks between them. Ranges are in bytes.
pub fn highlight(text: &str) -> Vec<(Range<usize>, Token)> {
    let (tokens, _) = lexer::lex(text);
    let mut before: Option<&str> = None;
    let mut pieces = Vec::with_capacity(tokens.len());
    for (at, token) in tokens.iter().enumerate() {
        let word = token.span.of(text);
        let class = match &token.kind {
            Kind::End => break,
            Kind::Comment => Token::Comment,
            Kind::Bad => Token::Wrong,
            Kind::Mark("|" | ";" | "," | "(" | ")" | "[" | "]" | "{" | "}" | ":" | ".") => {
                Token::Punctuation
            }
            Kind::Mark(_) => Token::Operator,
            Kind::Literal(Value::String(_)) => Token::String,
            Kind::Literal(Value::Long(_) | Value::Int(_) | Value::Real(_)) => Token::Number,
            Kind::Literal(Value::Datetime(_) | Value::Timespan(_)) => Token::Time,
            Kind::Literal(_) => Token::Constant,
            Kind::Name => {
                let opens = matches!(before, None | Some("|" | ";" | "("));
                let called = matches!(
                    tokens.get(at + 1).map(|next| &next.kind),
                    Some(Kind::Mark("("))
                );
                if opens && OPERATORS.iter().any(|(name, _)| *name == word) {
                    Token::Keyword
                } else if WORD_OPERATORS.contains(&word) {
                    Token::Operator
                } else if called && functions::known(word) {
                    Token::Function
                } else if WORDS.contains(&word) || before == Some("render") {
                    Token::Keyword
                } else {
                    Token::Name
                }
            }
        };
        if token.kind != Kind::Comment {
            before = Some(word);
        }
        pieces.push((token.span.range(), class));
    }
    pieces
}
