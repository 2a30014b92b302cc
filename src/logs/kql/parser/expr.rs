//! Expressions by precedence climbing. winnow's own `expression` gives its folds no place of the operator
//! and climbs prefixes without a bound, so the loop is ours.

use std::sync::Arc;

use winnow::combinator::{cut_err, opt, separated};
use winnow::prelude::*;

use super::{
    Input, LONGEST_CHAIN, Parsed, at_mark, at_word, here, mark, name, nested, next, peek_kind,
    pipeline, previous, stop, stop_here, unmet,
};
use crate::logs::kql::ast::{Binary, Expr, ExprKind, Membership, Pipeline, Source, TextTest};
use crate::logs::kql::error::Fault;
use crate::logs::kql::lexer::Kind;
use crate::logs::kql::span::Span;

/// What stands between two operands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Infix {
    Or,
    And,
    Binary(Binary),
    Between(bool),
    In(Membership),
    HasEach(bool),
}

impl Infix {
    /// How tightly it binds.
    fn power(self) -> u8 {
        match self {
            Infix::Or => 1,
            Infix::And => 2,
            Infix::Between(_) | Infix::In(_) | Infix::HasEach(_) => 3,
            Infix::Binary(binary) => match binary {
                Binary::Equal | Binary::NotEqual => 3,
                Binary::Less | Binary::LessOrEqual | Binary::Greater | Binary::GreaterOrEqual => 4,
                Binary::Add | Binary::Subtract => 5,
                Binary::Multiply | Binary::Divide | Binary::Modulo => 6,
                Binary::Text(..) => 7,
            },
        }
    }
}

pub(super) fn expression(i: &mut Input<'_>) -> Parsed<Expr> {
    climb(i, 0)
}

fn climb(i: &mut Input<'_>, least: u8) -> Parsed<Expr> {
    nested(i, |i| {
        let mut left = operand(i)?;
        let mut chain = 0;
        while let Some((infix, tokens)) = infix(i) {
            if infix.power() <= least {
                break;
            }
            let operator = here(i);
            for _ in 0..tokens {
                next(i)?;
            }
            if !matches!(infix, Infix::And | Infix::Or) {
                chain += 1;
                if chain > LONGEST_CHAIN {
                    let message = format!(
                        "more than {LONGEST_CHAIN} operators stand in a row; use brackets or let"
                    );
                    return stop(Fault::new(operator, message));
                }
            }
            left = join(i, left, infix)?;
        }
        if least == 0 {
            unmet(i, "an operator");
        }
        Ok(left)
    })
}

/// Reads what is right of an operator.
fn join(i: &mut Input<'_>, left: Expr, infix: Infix) -> Parsed<Expr> {
    let start = left.span;
    let kind = match infix {
        Infix::And => {
            let right = climb(i, infix.power())?;
            match left.kind {
                ExprKind::And(mut terms) => {
                    terms.push(right);
                    ExprKind::And(terms)
                }
                _ => ExprKind::And(vec![left, right]),
            }
        }
        Infix::Or => {
            let right = climb(i, infix.power())?;
            match left.kind {
                ExprKind::Or(mut terms) => {
                    terms.push(right);
                    ExprKind::Or(terms)
                }
                _ => ExprKind::Or(vec![left, right]),
            }
        }
        Infix::Binary(binary) => {
            let right = climb(i, infix.power())?;
            ExprKind::Binary(binary, Box::new(left), Box::new(right))
        }
        Infix::Between(outside) => {
            mark("(").parse_next(i)?;
            let low = expression(i)?;
            mark("..").parse_next(i)?;
            let high = expression(i)?;
            mark(")").parse_next(i)?;
            ExprKind::Between(Box::new(left), Box::new(low), Box::new(high), outside)
        }
        Infix::In(membership) => ExprKind::In(membership, Box::new(left), list(i)?),
        Infix::HasEach(all) => ExprKind::HasEach(all, Box::new(left), list(i)?),
    };
    Ok(Expr {
        kind,
        span: start.to(previous(i)),
    })
}

/// `(a, b, c)`, or a name for a list or a table.
fn list(i: &mut Input<'_>) -> Parsed<Vec<Expr>> {
    if !at_mark(i, "(") {
        unmet(i, "(");
        return Ok(vec![operand(i)?]);
    }
    arguments(i)
}

/// `(a, b)`, each a scalar or a table.
fn arguments(i: &mut Input<'_>) -> Parsed<Vec<Expr>> {
    mark("(").parse_next(i)?;
    if opt(mark(")")).parse_next(i)?.is_some() {
        return Ok(Vec::new());
    }
    let arguments = separated(1.., cut_err(argument), mark(",")).parse_next(i)?;
    mark(")").parse_next(i)?;
    Ok(arguments)
}

fn argument(i: &mut Input<'_>) -> Parsed<Expr> {
    if at_mark(i, "*") && !matches!(peek_kind(i, 1), Some(Kind::Name | Kind::Literal(_))) {
        let span = next(i)?.span;
        return Ok(Expr {
            kind: ExprKind::Star,
            span,
        });
    }
    Ok(unwrap(pipeline(i)?))
}

/// A pipeline of a lone expression is that expression.
fn unwrap(pipeline: Pipeline) -> Expr {
    let span = pipeline.span;
    match pipeline {
        Pipeline {
            source: Source::Expr(expr),
            operators,
            ..
        } if operators.is_empty() => expr,
        pipeline => Expr {
            kind: ExprKind::Pipeline(Box::new(pipeline)),
            span,
        },
    }
}

/// The operator at this place, and how many tokens it takes.
fn infix(i: &Input<'_>) -> Option<(Infix, usize)> {
    let symbol = match peek_kind(i, 0)? {
        Kind::Mark(symbol) => symbol,
        Kind::Name => here(i).of(i.state.text),
        _ => return None,
    };
    let one = |infix| Some((infix, 1));
    let membership = |negated, any_case| one(Infix::In(Membership { negated, any_case }));
    match symbol {
        "or" => one(Infix::Or),
        "and" => one(Infix::And),
        "between" => one(Infix::Between(false)),
        "!between" => one(Infix::Between(true)),
        "in" => membership(false, false),
        "in~" => membership(false, true),
        "!in" => membership(true, false),
        "!in~" => membership(true, true),
        "has_any" => one(Infix::HasEach(false)),
        "has_all" => one(Infix::HasEach(true)),
        "<>" => one(Infix::Binary(Binary::NotEqual)),
        "matches" => match i.input.iter_offsets().nth(1) {
            Some((_, token)) if token.span.of(i.state.text) == "regex" => {
                Some((Infix::Binary(Binary::Text(TextTest::Regex, false)), 2))
            }
            _ => None,
        },
        _ => Binary::ALL
            .iter()
            .find(|binary| binary.word() == symbol)
            .map(|binary| (Infix::Binary(*binary), 1)),
    }
}

fn operand(i: &mut Input<'_>) -> Parsed<Expr> {
    let start = here(i);
    if opt(mark("-")).parse_next(i)?.is_some() {
        let inner = nested(i, operand)?;
        let span = start.to(inner.span);
        return Ok(Expr {
            kind: negated(inner),
            span,
        });
    }
    if opt(mark("+")).parse_next(i)?.is_some() {
        return nested(i, operand);
    }
    let mut expr = primary(i)?;
    let mut chain = 0;
    loop {
        chain += 1;
        if chain > LONGEST_CHAIN {
            let message = format!("more than {LONGEST_CHAIN} members stand in a row");
            return stop(Fault::new(here(i), message));
        }
        let kind = if opt(mark(".")).parse_next(i)?.is_some() {
            ExprKind::Member(Box::new(expr), name(i)?)
        } else if at_mark(i, "[") {
            next(i)?;
            let index = expression(i)?;
            mark("]").parse_next(i)?;
            ExprKind::Index(Box::new(expr), Box::new(index))
        } else {
            return Ok(expr);
        };
        expr = Expr {
            kind,
            span: start.to(previous(i)),
        };
    }
}

/// The negative of a number is a literal too.
fn negated(inner: Expr) -> ExprKind {
    use crate::logs::kql::literal::Value;
    match inner.kind {
        ExprKind::Literal(Value::Long(n)) => ExprKind::Literal(Value::Long(n.wrapping_neg())),
        ExprKind::Literal(Value::Real(x)) => ExprKind::Literal(Value::Real(-x)),
        ExprKind::Literal(Value::Timespan(t)) => {
            ExprKind::Literal(Value::Timespan(t.wrapping_neg()))
        }
        _ => ExprKind::Minus(Box::new(inner)),
    }
}

fn primary(i: &mut Input<'_>) -> Parsed<Expr> {
    let span = here(i);
    match peek_kind(i, 0) {
        Some(Kind::Literal(value)) => {
            next(i)?;
            Ok(Expr {
                kind: ExprKind::Literal(value.clone()),
                span,
            })
        }
        Some(Kind::Mark("(")) => {
            next(i)?;
            let inner = unwrap(pipeline(i)?);
            mark(")").parse_next(i)?;
            Ok(inner)
        }
        Some(Kind::Mark("[")) => {
            let name = name(i)?;
            Ok(Expr {
                kind: ExprKind::Name(name.text),
                span: name.span,
            })
        }
        Some(Kind::Name) if !reserved(i) => {
            let name = name(i)?;
            if at_mark(i, "(") {
                let arguments = arguments(i)?;
                return Ok(Expr {
                    span: span.to(previous(i)),
                    kind: ExprKind::Call(name, arguments),
                });
            }
            Ok(Expr {
                kind: ExprKind::Name(Arc::clone(&name.text)),
                span,
            })
        }
        _ => {
            unmet(i, "an expression");
            stop_here()
        }
    }
}

/// Words that cannot be a column: they would swallow a missing operand.
fn reserved(i: &Input<'_>) -> bool {
    ["and", "or", "by", "on"]
        .iter()
        .any(|word| at_word(i, word))
}

/// The place of a keyword that has already been read.
pub(super) fn span_from(start: Span, i: &Input<'_>) -> Span {
    start.to(previous(i))
}
