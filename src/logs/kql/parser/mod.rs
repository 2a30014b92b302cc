//! Tokens to a query. Operators are parsed here, expressions in `expr`. A wrong operator is reported and
//! skipped to the next `|` or `;`, so that one reading finds every mistake. Nesting is bounded, nothing is
//! read twice.

mod expr;
mod operators;

use std::sync::Arc;

pub use operators::OPERATORS;

use winnow::combinator::{alt, opt, separated};
use winnow::error::{ErrMode, ModalResult, ParserError};
use winnow::prelude::*;
use winnow::stream::{Location, Stateful, Stream, TokenSlice};
use winnow::token::any;

use super::ast::{
    Definition, Function, Name, Named, Parameter, Pattern, Pipeline, Query, Source, Statement,
};
use super::error::{Fault, KqlError};
use super::lexer::{self, Kind, Token};
use super::literal::Value;
use super::span::Span;
use crate::engine::ingestion::schema::ColumnType;

/// Brackets, calls and signs within each other.
const DEEPEST: usize = 50;
/// Operators of one precedence in a row, members of members in a row.
const LONGEST_CHAIN: usize = 50;
/// Findings of one reading.
const MOST_FAULTS: usize = 20;

impl Location for Token {
    fn previous_token_end(&self) -> usize {
        self.span.end
    }
    fn current_token_start(&self) -> usize {
        self.span.start
    }
}

#[derive(Debug, Clone)]
struct State<'t> {
    text: &'t str,
    depth: usize,
    /// The farthest place at which a token was not the wanted one, and all that was wanted there.
    farthest: usize,
    expected: Vec<&'static str>,
    faults: Vec<Fault>,
}

type Input<'t> = Stateful<TokenSlice<'t, Token>, State<'t>>;

/// A stop. With a finding of its own, or the farthest unmet expectation.
#[derive(Debug, Clone)]
struct Stop(Option<Box<Fault>>);

impl ParserError<Input<'_>> for Stop {
    type Inner = Stop;
    fn from_input(_: &Input<'_>) -> Self {
        Stop(None)
    }
    fn into_inner(self) -> Result<Stop, Stop> {
        Ok(self)
    }
}

type Parsed<T> = ModalResult<T, Stop>;

/// Reads a query, or finds everything that is wrong with its form.
pub fn parse(text: &str) -> Result<Query, Vec<KqlError>> {
    let (query, faults) = read(text);
    if faults.is_empty() {
        return Ok(query);
    }
    Err(faults.into_iter().map(|fault| fault.place(text)).collect())
}

/// What can be read of a query, and all findings in the order of their places.
pub(super) fn read(text: &str) -> (Query, Vec<Fault>) {
    let (mut tokens, mut faults) = lexer::lex(text);
    tokens.retain(|token| token.kind != Kind::Comment);
    let mut input = Input {
        input: TokenSlice::new(&tokens),
        state: State {
            text,
            depth: 0,
            farthest: 0,
            expected: Vec::new(),
            faults: Vec::new(),
        },
    };
    let statements = statements(&mut input);
    // What is no token has been said once; the parser only trips over it.
    let bad = |fault: &Fault| {
        tokens
            .iter()
            .any(|t| t.kind == Kind::Bad && t.span.start == fault.span.start)
    };
    input.state.faults.retain(|fault| !bad(fault));
    faults.append(&mut input.state.faults);
    faults.sort_by_key(|fault| fault.span.start);
    faults.truncate(MOST_FAULTS);
    let query = Query {
        text: text.into(),
        statements,
    };
    (query, faults)
}

fn statements(i: &mut Input<'_>) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    let mut tabular = None;
    while !at_end(i) {
        if opt(mark(";")).parse_next(i).is_ok_and(|m| m.is_some()) {
            continue;
        }
        let start = here(i);
        match statement(i) {
            Ok(statement) => {
                if let Statement::Tabular(pipeline) = &statement
                    && tabular.replace(pipeline.span).is_some()
                {
                    let message = "a query has one result; give the other tables a name with let";
                    report(i, Fault::new(pipeline.span, message));
                }
                statements.push(statement);
                if !at_end(i) && !at_mark(i, ";") {
                    unmet(i, "|");
                    unmet(i, ";");
                    let fault = farthest_fault(i);
                    report(i, fault);
                    skip(i, &[";"]);
                }
            }
            Err(error) => {
                stopped(i, error);
                skip(i, &[";"]);
            }
        }
        if here(i) == start {
            // A closing bracket with no opening one.
            let _ = next(i);
        }
    }
    if tabular.is_none() && i.state.faults.is_empty() {
        let end = Span::new(here(i).start, here(i).start);
        let message = "the query has no result: it needs a table";
        let fault = Fault::new(end, message).expecting(vec!["a table".to_owned()]);
        report(i, fault);
    }
    statements
}

fn statement(i: &mut Input<'_>) -> Parsed<Statement> {
    if at_word(i, "let") && peek_kind(i, 1) == Some(&Kind::Name) {
        let _ = next(i);
        let name = name(i)?;
        mark("=").parse_next(i)?;
        let definition = if is_function(i) {
            Definition::Function(function(i)?)
        } else {
            Definition::Value(pipeline(i)?)
        };
        return Ok(Statement::Let(name, Arc::new(definition)));
    }
    Ok(Statement::Tabular(pipeline(i)?))
}

/// `(a: long, T: (*)) {` or `() {`, seen from its opening parenthesis.
fn is_function(i: &Input<'_>) -> bool {
    if !at_mark(i, "(") {
        return at_word(i, "view") && matches!(peek_kind(i, 1), Some(Kind::Mark("(")));
    }
    matches!(
        (peek_kind(i, 1), peek_kind(i, 2)),
        (Some(Kind::Mark(")")), Some(Kind::Mark("{"))) | (Some(Kind::Name), Some(Kind::Mark(":")))
    )
}

fn function(i: &mut Input<'_>) -> Parsed<Function> {
    nested(i, |i| {
        if at_word(i, "view") {
            let _ = next(i);
        }
        mark("(").parse_next(i)?;
        let parameters = separated(0.., parameter, mark(",")).parse_next(i)?;
        mark(")").parse_next(i)?;
        mark("{").parse_next(i)?;
        let mut lets = Vec::new();
        while at_word(i, "let") {
            lets.push(statement(i)?);
            mark(";").parse_next(i)?;
        }
        let body = pipeline(i)?;
        opt(mark(";")).parse_next(i)?;
        mark("}").parse_next(i)?;
        Ok(Function {
            parameters,
            lets,
            body,
        })
    })
}

fn parameter(i: &mut Input<'_>) -> Parsed<Parameter> {
    if !matches!(peek_kind(i, 0), Some(Kind::Name)) {
        unmet(i, "a parameter");
        return Err(ErrMode::Backtrack(Stop(None)));
    }
    let name = name(i)?;
    mark(":").parse_next(i)?;
    let kind = if at_mark(i, "(") {
        skip_brackets(i)?;
        None
    } else {
        Some(column_type(i)?)
    };
    let default = match opt(mark("=")).parse_next(i)? {
        Some(_) => Some(expr::expression(i)?),
        None => None,
    };
    Ok(Parameter {
        name,
        kind,
        default,
    })
}

/// From an opening bracket to the one that closes it.
fn skip_brackets(i: &mut Input<'_>) -> Parsed<()> {
    mark("(").parse_next(i)?;
    skip(i, &[]);
    mark(")").void().parse_next(i)
}

/// `source | operator | …` up to what cannot belong to it. Mistakes in one operator are reported and passed
/// over.
fn pipeline(i: &mut Input<'_>) -> Parsed<Pipeline> {
    nested(i, |i| {
        let start = here(i);
        let source = match operators::source(i)? {
            Some(operator) => Source::Operator(Box::new(operator)),
            None => Source::Expr(expr::expression(i)?),
        };
        let mut operators = Vec::new();
        while opt(mark("|")).parse_next(i)?.is_some() {
            match operators::operator(i) {
                Ok(operator) => {
                    operators.push(operator);
                    let ends = [";", ")", "}", ",", "]", "|"];
                    if !at_end(i) && !ends.iter().any(|end| at_mark(i, end)) && !at_word(i, "on") {
                        unmet(i, "|");
                        let fault = farthest_fault(i);
                        report(i, fault);
                        skip(i, &["|", ";"]);
                    }
                }
                Err(error) => {
                    stopped(i, error);
                    skip(i, &["|", ";"]);
                }
            }
        }
        Ok(Pipeline {
            source,
            operators,
            span: start.to(previous(i)),
        })
    })
}

/// Runs a parser one level deeper.
fn nested<'t, T>(i: &mut Input<'t>, parser: impl FnOnce(&mut Input<'t>) -> Parsed<T>) -> Parsed<T> {
    if i.state.depth >= DEEPEST {
        let message = format!("this is nested more than {DEEPEST} deep");
        return stop(Fault::new(here(i), message));
    }
    i.state.depth += 1;
    let parsed = parser(i);
    i.state.depth -= 1;
    parsed
}

fn stop<T>(fault: Fault) -> Parsed<T> {
    Err(ErrMode::Cut(Stop(Some(Box::new(fault)))))
}

/// Stops for want of what stands in `State::expected`.
fn stop_here<T>() -> Parsed<T> {
    Err(ErrMode::Cut(Stop(None)))
}

fn stopped(i: &mut Input<'_>, error: ErrMode<Stop>) {
    let fault = match error {
        ErrMode::Backtrack(Stop(Some(fault))) | ErrMode::Cut(Stop(Some(fault))) => *fault,
        _ => farthest_fault(i),
    };
    report(i, fault);
}

fn report(i: &mut Input<'_>, fault: Fault) {
    if i.state.faults.len() < MOST_FAULTS
        && i.state.faults.last().map(|f| f.span) != Some(fault.span)
    {
        i.state.faults.push(fault);
    }
}

/// The farthest token that was not the wanted one.
fn farthest_fault(i: &Input<'_>) -> Fault {
    let state = &i.state;
    let at = here(i);
    let span = std::iter::once(at)
        .chain(i.previous_tokens().map(|token| token.span))
        .chain(i.iter_offsets().map(|(_, token)| token.span))
        .find(|span| span.start == state.farthest)
        .unwrap_or(at);
    let found = span.of(state.text);
    let message = if found.is_empty() {
        "the query ends here too early".to_owned()
    } else {
        format!("{found} cannot stand here")
    };
    let quoted = |word: &&str| {
        if word.contains(' ') || *word == "|" {
            (*word).to_owned()
        } else {
            format!("`{word}`")
        }
    };
    Fault::new(span, message).expecting(state.expected.iter().map(quoted).collect())
}

/// Notes that something was wanted at this token.
fn unmet(i: &mut Input<'_>, what: &'static str) {
    let at = here(i).start;
    if at > i.state.farthest || i.state.expected.is_empty() {
        i.state.farthest = at;
        i.state.expected.clear();
    }
    if at == i.state.farthest && !i.state.expected.contains(&what) {
        i.state.expected.push(what);
    }
}

/// Moves to one of these marks, outside brackets that open on the way, or to a bracket that closes, or to
/// the end.
fn skip(i: &mut Input<'_>, to: &[&str]) {
    let mut depth = 0usize;
    while let Some(kind) = peek_kind(i, 0) {
        match kind {
            Kind::Mark(m) if depth == 0 && to.contains(m) => return,
            Kind::Mark("(" | "[" | "{") => depth += 1,
            Kind::Mark(")" | "]" | "}") if depth == 0 => return,
            Kind::Mark(")" | "]" | "}") => depth -= 1,
            Kind::End => return,
            _ => {}
        }
        let _ = next(i);
    }
}

fn peek_kind<'t>(i: &Input<'t>, ahead: usize) -> Option<&'t Kind> {
    i.input
        .iter_offsets()
        .nth(ahead)
        .map(|(_, token)| &token.kind)
}

fn at_end(i: &Input<'_>) -> bool {
    matches!(peek_kind(i, 0), None | Some(Kind::End))
}

fn at_mark(i: &Input<'_>, word: &str) -> bool {
    matches!(peek_kind(i, 0), Some(Kind::Mark(m)) if *m == word)
}

/// Whether a name with this text stands here: keywords are names.
fn at_word(i: &Input<'_>, word: &str) -> bool {
    matches!(peek_kind(i, 0), Some(Kind::Name)) && here(i).of(i.state.text) == word
}

/// The place of the next token.
fn here(i: &Input<'_>) -> Span {
    i.input
        .peek_token()
        .map(|token| token.span)
        .unwrap_or_else(|| previous(i))
}

fn previous(i: &Input<'_>) -> Span {
    i.previous_tokens()
        .next()
        .map(|token| token.span)
        .unwrap_or_default()
}

fn next<'t>(i: &mut Input<'t>) -> Parsed<&'t Token> {
    any.parse_next(i)
}

/// The next token if it is this mark.
fn mark<'t>(word: &'static str) -> impl Parser<Input<'t>, Span, ErrMode<Stop>> {
    move |i: &mut Input<'t>| {
        if at_mark(i, word) {
            return Ok(next(i)?.span);
        }
        unmet(i, word);
        Err(ErrMode::Backtrack(Stop(None)))
    }
}

/// The next token if it is this keyword.
fn word<'t>(word: &'static str) -> impl Parser<Input<'t>, Span, ErrMode<Stop>> {
    move |i: &mut Input<'t>| {
        if at_word(i, word) {
            return Ok(next(i)?.span);
        }
        unmet(i, word);
        Err(ErrMode::Backtrack(Stop(None)))
    }
}

/// A plain name, or one in `['…']`.
fn name(i: &mut Input<'_>) -> Parsed<Name> {
    let span = here(i);
    if let Some(Kind::Name) = peek_kind(i, 0) {
        let _ = next(i);
        return Ok(Name {
            text: span.of(i.state.text).into(),
            span,
        });
    }
    if at_mark(i, "[")
        && let Some(Kind::Literal(Value::String(text))) = peek_kind(i, 1)
        && matches!(peek_kind(i, 2), Some(Kind::Mark("]")))
    {
        let (_, _, last) = (next(i)?, next(i)?, next(i)?);
        return Ok(Name {
            text: text.as_str().into(),
            span: span.to(last.span),
        });
    }
    unmet(i, "a name");
    stop_here()
}

fn names(i: &mut Input<'_>) -> Parsed<Vec<Name>> {
    separated(1.., name, mark(",")).parse_next(i)
}

fn column_type(i: &mut Input<'_>) -> Parsed<ColumnType> {
    let word = name(i)?;
    let known = ["boolean", "double", "decimal", "date", "time"].into_iter();
    let known = known.chain(ColumnType::ALL.iter().map(|kind| kind.word()));
    match &*word.text {
        "boolean" => Ok(ColumnType::Bool),
        "double" | "decimal" => Ok(ColumnType::Real),
        "date" => Ok(ColumnType::Datetime),
        "time" => Ok(ColumnType::Timespan),
        text => match text.parse() {
            Ok(kind) => Ok(kind),
            Err(_) => {
                stop(Fault::new(word.span, format!("there is no type {text}")).near(text, known))
            }
        },
    }
}

/// A name with stars in it; its pieces touch.
fn pattern(i: &mut Input<'_>) -> Parsed<Pattern> {
    let start = here(i);
    if at_mark(i, "[") {
        let name = name(i)?;
        return Ok(Pattern {
            text: name.text,
            span: name.span,
        });
    }
    let mut end = start.start;
    while matches!(
        peek_kind(i, 0),
        Some(Kind::Name | Kind::Mark("*") | Kind::Literal(_))
    ) && (end == start.start || here(i).start == end)
    {
        end = next(i)?.span.end;
    }
    let span = Span::new(start.start, end);
    if end == start.start {
        unmet(i, "a column");
        return stop_here();
    }
    Ok(Pattern {
        text: span.of(i.state.text).into(),
        span,
    })
}

fn patterns(i: &mut Input<'_>) -> Parsed<Vec<Pattern>> {
    separated(1.., pattern, mark(",")).parse_next(i)
}

/// `name = expression`, `(a, b) = expression`, or an expression.
fn named(i: &mut Input<'_>) -> Parsed<Named> {
    let names = if at_tuple(i) {
        mark("(").parse_next(i)?;
        let names = names(i)?;
        mark(")").parse_next(i)?;
        mark("=").parse_next(i)?;
        names
    } else {
        let width = if at_mark(i, "[") { 3 } else { 1 };
        match peek_kind(i, width) {
            Some(Kind::Mark("=")) if width == 3 || matches!(peek_kind(i, 0), Some(Kind::Name)) => {
                let name = name(i)?;
                mark("=").parse_next(i)?;
                vec![name]
            }
            _ => Vec::new(),
        }
    };
    Ok(Named {
        names,
        expr: expr::expression(i)?,
    })
}

/// `(a, b) =`
fn at_tuple(i: &Input<'_>) -> bool {
    at_mark(i, "(")
        && i.input
            .iter_offsets()
            .skip(1)
            .map(|(_, token)| &token.kind)
            .skip_while(|kind| matches!(kind, Kind::Name | Kind::Mark(",")))
            .take(2)
            .eq([&Kind::Mark(")"), &Kind::Mark("=")])
}

fn named_list(i: &mut Input<'_>) -> Parsed<Vec<Named>> {
    separated(1.., named, mark(",")).parse_next(i)
}

/// A string, or a word standing for one.
fn text_or_name(i: &mut Input<'_>) -> Parsed<Arc<str>> {
    if let Some(Kind::Literal(value)) = peek_kind(i, 0) {
        let span = next(i)?.span;
        return Ok(match value {
            Value::String(text) => text.as_str().into(),
            _ => span.of(i.state.text).into(),
        });
    }
    alt((name.map(|name| name.text),)).parse_next(i)
}
