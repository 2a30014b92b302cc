//! Scalars: each with its type, constants worth their value.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::functions::expr_fn as df;
use datafusion::logical_expr::expr::{InList, Placeholder};
use datafusion::logical_expr::{Case, Expr, Operator, binary_expr, lit};

use super::super::ast::{
    self, Binary, Definition, ExprKind, Function, Membership, Name, Pipeline, Source, TextTest,
};
use super::super::error::Fault;
use super::super::functions::{self, aggregates};
use super::super::literal::Value;
use super::super::span::Span;
use super::super::types::{Typed, field, is_number, scalar, wider};
use super::{Binder, Failed, Meaning, Outcome, Rel, Scope, evaluate};
use crate::engine::ingestion::schema::{Column, ColumnType};

/// What an expression may name.
pub(super) struct Row<'c> {
    pub scope: &'c Scope,
    pub columns: &'c [Column],
    /// False if columns are unknown because of an earlier mistake.
    pub complete: bool,
    /// Where aggregates go, where they are allowed.
    pub aggregates: Option<&'c mut Vec<Expr>>,
}

impl<'c> Row<'c> {
    pub fn of(scope: &'c Scope, table: &'c super::Table) -> Row<'c> {
        Row {
            scope,
            columns: &table.columns,
            complete: table.complete,
            aggregates: None,
        }
    }
}

/// Levels of an expression that a function takes as its argument.
const TALLEST_ARGUMENT: usize = 40;
/// Bytes of constant text that one call may join.
const MOST_CONSTANT_TEXT: usize = 4 << 20;

impl Binder<'_> {
    /// A scalar where no column can be named.
    pub(super) fn constant(&mut self, expr: &ast::Expr, scope: &Scope) -> Outcome<Typed> {
        let mut row = Row {
            scope,
            columns: &[],
            complete: true,
            aggregates: None,
        };
        let typed = self.scalar(expr, &mut row)?;
        if typed.constant().is_none() {
            return self.fail(Fault::new(typed.span, "this has to be a constant"));
        }
        Ok(typed)
    }

    /// A pipeline that is no table.
    pub(super) fn lone_scalar(&mut self, pipeline: &Pipeline, scope: &Scope) -> Outcome<Typed> {
        let Source::Expr(expr) = &pipeline.source else {
            return self.fail(Fault::new(
                pipeline.span,
                "a scalar is wanted here, not a table",
            ));
        };
        let mut row = Row {
            scope,
            columns: &[],
            complete: true,
            aggregates: None,
        };
        self.scalar(expr, &mut row)
    }

    /// A condition of `where`. A row for which it is null is left out, as one for which it is false: that
    /// leaves comparisons plain, and plain ones prune files.
    pub(super) fn condition(&mut self, expr: &ast::Expr, row: &mut Row<'_>) -> Outcome<Typed> {
        let typed = self.deeper(expr.span, |b| match &expr.kind {
            ExprKind::And(terms) => b.junction(terms, Operator::And, expr.span, row, true),
            ExprKind::Or(terms) => b.junction(terms, Operator::Or, expr.span, row, true),
            ExprKind::Binary(binary, left, right) => {
                b.binary(*binary, left, right, expr.span, row, true)
            }
            ExprKind::Between(value, low, high, outside) => {
                b.between(value, low, high, *outside, expr.span, row)
            }
            ExprKind::In(membership, value, list) => {
                b.membership(*membership, value, list, expr.span, row, true)
            }
            _ => b.scalar(expr, row),
        })?;
        self.boolean(typed)
    }

    fn boolean(&mut self, typed: Typed) -> Outcome<Typed> {
        match typed.kind {
            ColumnType::Bool => Ok(typed),
            ColumnType::Dynamic => self.checked(functions::to_kind(typed, ColumnType::Bool)),
            kind => {
                let message = format!("a condition is wanted here: bool, not {kind}");
                self.fail(Fault::new(typed.span, message))
            }
        }
    }

    pub(super) fn scalar(&mut self, expr: &ast::Expr, row: &mut Row<'_>) -> Outcome<Typed> {
        self.deeper(expr.span, |b| b.scalar_here(expr, row))
    }

    fn scalar_here(&mut self, expr: &ast::Expr, row: &mut Row<'_>) -> Outcome<Typed> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Literal(value) => Ok(Typed::literal(value, span)),
            ExprKind::Name(name) => self.name(name, span, row),
            ExprKind::Member(..) | ExprKind::Index(..) => self.member(expr, row),
            ExprKind::Call(name, args) => self.call(name, args, span, row),
            ExprKind::Minus(inner) => {
                let inner = self.scalar(inner, row)?;
                let constant = inner.constant().is_some();
                let typed = match inner.kind {
                    kind if is_number(kind) => {
                        Typed::new(Expr::Negative(Box::new(inner.expr)), kind, span)
                    }
                    ColumnType::Timespan => {
                        let zero = Typed::literal(&Value::Timespan(0), span);
                        match functions::time_arithmetic("-", zero, inner, span) {
                            Some(typed) => typed,
                            None => return Err(Failed),
                        }
                    }
                    kind => {
                        let message = format!("the operator - is not defined for {kind}");
                        return self.fail(Fault::new(span, message));
                    }
                };
                self.folded(typed, constant)
            }
            ExprKind::Binary(binary, left, right) => {
                self.binary(*binary, left, right, span, row, false)
            }
            ExprKind::And(terms) => self.junction(terms, Operator::And, span, row, false),
            ExprKind::Or(terms) => self.junction(terms, Operator::Or, span, row, false),
            ExprKind::Between(value, low, high, outside) => {
                self.between(value, low, high, *outside, span, row)
            }
            ExprKind::In(membership, value, list) => {
                self.membership(*membership, value, list, span, row, false)
            }
            ExprKind::HasEach(all, value, list) => self.has_each(*all, value, list, span, row),
            ExprKind::Star => self.fail(Fault::new(span, "* cannot stand here")),
            ExprKind::Pipeline(_) => {
                let message =
                    "a scalar is wanted here, not a table; toscalar(…) takes its first value";
                self.fail(Fault::new(span, message))
            }
        }
    }

    /// The value of an expression of constants.
    fn folded(&mut self, typed: Typed, constant: bool) -> Outcome<Typed> {
        if !constant || typed.constant().is_some() {
            return Ok(typed);
        }
        match evaluate(typed.expr.clone()) {
            Ok(value) => {
                let target = super::super::types::arrow_type(typed.kind);
                let value = match value.data_type() == target {
                    true => value,
                    false => match value.cast_to(&target) {
                        Ok(value) => value,
                        Err(_) => return Ok(typed),
                    },
                };
                Ok(Typed::new(lit(value), typed.kind, typed.span))
            }
            Err(error) => {
                let message = error.strip_backtrace();
                let message = message.lines().next().unwrap_or_default().to_owned();
                self.fail(Fault::new(typed.span, message))
            }
        }
    }

    fn name(&mut self, name: &str, span: Span, row: &mut Row<'_>) -> Outcome<Typed> {
        if let Some(column) = row.columns.iter().find(|column| &*column.name == name) {
            return Ok(column_of(column, span));
        }
        match row.scope.get(name) {
            Some(Meaning::Scalar(typed)) => {
                let (size, _) = measure(&typed.expr);
                self.spend(size, span)?;
                return Ok(Typed {
                    span,
                    ..typed.clone()
                });
            }
            Some(Meaning::Defined(definition, scope)) => {
                let (definition, scope) = (Arc::clone(definition), scope.clone());
                match &*definition {
                    Definition::Value(pipeline) if !self.is_table(pipeline, &scope) => {
                        let typed = self.deeper(span, |b| b.lone_scalar(pipeline, &scope))?;
                        return Ok(Typed { span, ..typed });
                    }
                    Definition::Value(_) => {
                        let message = format!("{name} is a table; a scalar is wanted here");
                        return self.fail(Fault::new(span, message));
                    }
                    Definition::Function(_) => {
                        let message = format!("{name} is a function: write {name}(…)");
                        return self.fail(Fault::new(span, message));
                    }
                }
            }
            None => {}
        }
        if !row.complete {
            return Err(Failed);
        }
        if self.catalog.columns(name).is_some() && row.columns.is_empty() {
            let message = format!("{name} is a table; a scalar is wanted here");
            return self.fail(Fault::new(span, message));
        }
        let known = row
            .columns
            .iter()
            .map(|column| &*column.name)
            .chain(row.scope.keys().map(|name| &**name));
        let fault = Fault::new(span, format!("there is no column {name}")).near(name, known);
        self.fail(fault)
    }

    /// `a.b["c"][0]`, read in one go.
    fn member(&mut self, expr: &ast::Expr, row: &mut Row<'_>) -> Outcome<Typed> {
        let mut steps = Vec::new();
        let mut base = expr;
        loop {
            match &base.kind {
                ExprKind::Member(of, name) => {
                    let key = Value::String(name.text.to_string());
                    steps.push(Typed::literal(&key, name.span));
                    base = of;
                }
                ExprKind::Index(of, index) => {
                    let index = self.scalar(index, row)?;
                    steps.push(match index.kind {
                        ColumnType::Int | ColumnType::Long => index.cast(ColumnType::Long),
                        ColumnType::String => index,
                        ColumnType::Dynamic => functions::to_text(index),
                        kind => {
                            let message = format!("an index is a number or a string, not {kind}");
                            return self.fail(Fault::new(index.span, message));
                        }
                    });
                    base = of;
                }
                _ => break,
            }
        }
        steps.reverse();
        let value = self.scalar(base, row)?;
        if value.kind != ColumnType::Dynamic {
            let hint = match value.kind {
                ColumnType::String => "; parse_json(…) makes one of a string",
                _ => "",
            };
            let message = format!("only a dynamic value has members, not {}{hint}", value.kind);
            return self.fail(Fault::new(value.span, message));
        }
        let constant = value.constant().is_some() && steps.iter().all(|s| s.constant().is_some());
        let typed = functions::member(value, steps, expr.span);
        self.folded(typed, constant)
    }

    fn junction(
        &mut self,
        terms: &[ast::Expr],
        operator: Operator,
        span: Span,
        row: &mut Row<'_>,
        filter: bool,
    ) -> Outcome<Typed> {
        let mut bound = Vec::with_capacity(terms.len());
        let mut failed = false;
        for term in terms {
            let typed = if filter {
                self.condition(term, row)
            } else {
                self.scalar(term, row).and_then(|typed| self.boolean(typed))
            };
            match typed {
                Ok(typed) => bound.push(typed.expr),
                Err(Failed) => failed = true,
            }
        }
        if failed {
            return Err(Failed);
        }
        let constant = bound.iter().all(|term| matches!(term, Expr::Literal(..)));
        let typed = Typed::new(balanced(bound, operator), ColumnType::Bool, span);
        self.folded(typed, constant)
    }

    fn binary(
        &mut self,
        binary: Binary,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
        row: &mut Row<'_>,
        filter: bool,
    ) -> Outcome<Typed> {
        let left = self.scalar(left, row);
        let right = self.scalar(right, row);
        let (left, right) = (left?, right?);
        let constant = left.constant().is_some() && right.constant().is_some();
        let typed = match binary {
            Binary::Text(test, negated) => {
                let typed = self.text_test(binary, test, left, right, span)?;
                match negated {
                    true => Typed {
                        expr: !typed.expr,
                        ..typed
                    },
                    false => typed,
                }
            }
            Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide | Binary::Modulo => {
                self.arithmetic(binary, left, right, span)?
            }
            _ => self.compare(binary, left, right, span, filter)?,
        };
        self.folded(typed, constant)
    }

    fn undefined<T>(
        &mut self,
        binary: Binary,
        left: &Typed,
        right: &Typed,
        span: Span,
    ) -> Outcome<T> {
        use ColumnType as C;
        let hint = match (left.kind, right.kind) {
            (C::Datetime, C::String) | (C::String, C::Datetime) => {
                "; write datetime(…), or todatetime(…) to convert"
            }
            (C::String, C::String) if binary == Binary::Add => "; strcat(…) joins strings",
            (C::Dynamic, _) | (_, C::Dynamic) => "; tolong(…), tostring(…) and their kin convert",
            (C::String, _) | (_, C::String) => "; tostring(…) converts",
            _ => "",
        };
        let message = format!(
            "the operator {} is not defined for {} and {}{hint}",
            binary.word(),
            left.kind,
            right.kind
        );
        self.fail(Fault::new(span, message))
    }

    fn text_test(
        &mut self,
        binary: Binary,
        test: TextTest,
        left: Typed,
        right: Typed,
        span: Span,
    ) -> Outcome<Typed> {
        let textual = |kind| {
            matches!(
                kind,
                ColumnType::String | ColumnType::Dynamic | ColumnType::Guid
            )
        };
        if !textual(left.kind) || !textual(right.kind) {
            return self.undefined(binary, &left, &right, span);
        }
        let (left, right) = (functions::to_text(left), functions::to_text(right));
        if test == TextTest::Regex {
            self.checked(functions::check_pattern(&right))?;
            let expr = binary_expr(left.expr, Operator::RegexMatch, right.expr);
            return Ok(Typed::new(expr, ColumnType::Bool, span));
        }
        let word = Binary::Text(test, false).word();
        let expr = functions::text_test(test, left, right, word);
        Ok(Typed::new(expr, ColumnType::Bool, span))
    }

    fn arithmetic(
        &mut self,
        binary: Binary,
        left: Typed,
        right: Typed,
        span: Span,
    ) -> Outcome<Typed> {
        if !is_number(left.kind) || !is_number(right.kind) {
            return match functions::time_arithmetic(
                binary.word(),
                left.clone(),
                right.clone(),
                span,
            ) {
                Some(typed) => Ok(typed),
                None => self.undefined(binary, &left, &right, span),
            };
        }
        let kind = match (left.kind, right.kind) {
            (ColumnType::Real, _) | (_, ColumnType::Real) => ColumnType::Real,
            _ => ColumnType::Long,
        };
        let divisor = right.whole();
        let (left, right) = (left.cast(kind).expr, right.cast(kind).expr);
        let whole = kind == ColumnType::Long;
        let expr = match binary {
            Binary::Add => binary_expr(left, Operator::Plus, right),
            Binary::Subtract => binary_expr(left, Operator::Minus, right),
            Binary::Multiply => binary_expr(left, Operator::Multiply, right),
            Binary::Divide if whole && divisor.is_none_or(|by| by <= 0) => {
                functions::whole_divide(left, right)
            }
            Binary::Divide => binary_expr(left, Operator::Divide, right),
            _ if whole => functions::whole_modulo(left, right),
            _ => functions::real_modulo(left, right),
        };
        Ok(Typed::new(expr, kind, span))
    }

    /// Both sides in a type that can be compared, the column's own where that is possible.
    fn comparable(
        &mut self,
        binary: Binary,
        left: Typed,
        right: Typed,
        span: Span,
    ) -> Outcome<(Typed, Typed)> {
        use ColumnType as C;
        let (a, b) = (left.kind, right.kind);
        if a == C::Dynamic && b == C::Dynamic {
            return Ok((functions::to_text(left), functions::to_text(right)));
        }
        if a == b {
            return Ok((left, right));
        }
        if a == C::Dynamic {
            return Ok((self.checked(functions::to_kind(left, b))?, right));
        }
        if b == C::Dynamic {
            return Ok((left, self.checked(functions::to_kind(right, a))?));
        }
        if is_number(a) && is_number(b) {
            if let Some(right) = fitting(&right, a) {
                return Ok((left, right));
            }
            if let Some(left) = fitting(&left, b) {
                return Ok((left, right));
            }
            let kind = wider(a, b).unwrap_or(C::Real);
            return Ok((left.cast(kind), right.cast(kind)));
        }
        match (a, b) {
            (C::Bool, _) if is_number(b) => {
                let left = self.checked(functions::to_kind(left, b))?;
                Ok((left, right))
            }
            (_, C::Bool) if is_number(a) => {
                let right = self.checked(functions::to_kind(right, a))?;
                Ok((left, right))
            }
            (C::Guid, C::String) => {
                let right = self.checked(functions::to_kind(right, C::Guid))?;
                Ok((left, right))
            }
            (C::String, C::Guid) => {
                let left = self.checked(functions::to_kind(left, C::Guid))?;
                Ok((left, right))
            }
            _ => self.undefined(binary, &left, &right, span),
        }
    }

    /// Null is equal to no value and different from each; of two nulls nothing can be said.
    fn compare(
        &mut self,
        binary: Binary,
        left: Typed,
        right: Typed,
        span: Span,
        filter: bool,
    ) -> Outcome<Typed> {
        let (left, right) = self.comparable(binary, left, right, span)?;
        let nullable = (left.nullable(), right.nullable());
        let (left, right) = (left.expr, right.expr);
        let both_null = || left.clone().is_null().and(right.clone().is_null());
        let unless_both_null = |operator| {
            let unknown = (
                Box::new(both_null()),
                Box::new(lit(ScalarValue::Boolean(None))),
            );
            let told = binary_expr(left.clone(), operator, right.clone());
            Expr::Case(Case::new(None, vec![unknown], Some(Box::new(told))))
        };
        let plain = |operator| binary_expr(left.clone(), operator, right.clone());
        let expr = match (binary, nullable) {
            (Binary::Equal, (false, false)) => plain(Operator::Eq),
            (Binary::Equal, _) if filter => plain(Operator::Eq),
            (Binary::Equal, (true, true)) => unless_both_null(Operator::IsNotDistinctFrom),
            (Binary::Equal, _) => df::coalesce(vec![plain(Operator::Eq), lit(false)]),
            (Binary::NotEqual, (false, false)) => plain(Operator::NotEq),
            (Binary::NotEqual, (true, true)) if !filter => {
                unless_both_null(Operator::IsDistinctFrom)
            }
            (Binary::NotEqual, _) => plain(Operator::IsDistinctFrom),
            (Binary::Less, _) => plain(Operator::Lt),
            (Binary::LessOrEqual, _) => plain(Operator::LtEq),
            (Binary::Greater, _) => plain(Operator::Gt),
            _ => plain(Operator::GtEq),
        };
        Ok(Typed::new(expr, ColumnType::Bool, span))
    }

    fn between(
        &mut self,
        value: &ast::Expr,
        low: &ast::Expr,
        high: &ast::Expr,
        outside: bool,
        span: Span,
        row: &mut Row<'_>,
    ) -> Outcome<Typed> {
        let value = self.scalar(value, row);
        let low = self.scalar(low, row);
        let high = self.scalar(high, row);
        let (value, low, mut high) = (value?, low?, high?);
        if low.kind == ColumnType::Datetime && high.kind == ColumnType::Timespan {
            // A length of time counts from the low end.
            let constant = low.constant().is_some() && high.constant().is_some();
            let end = functions::time_arithmetic("+", low.clone(), high.clone(), high.span);
            if let Some(end) = end {
                high = self.folded(end, constant)?;
            }
        }
        let constant = [&value, &low, &high].iter().all(|t| t.constant().is_some());
        let (above, below, operator) = match outside {
            false => (Binary::GreaterOrEqual, Binary::LessOrEqual, Operator::And),
            true => (Binary::Less, Binary::Greater, Operator::Or),
        };
        let left = self.compare(above, value.clone(), low, span, true)?;
        let right = self.compare(below, value, high, span, true)?;
        let expr = binary_expr(left.expr, operator, right.expr);
        self.folded(Typed::new(expr, ColumnType::Bool, span), constant)
    }

    fn membership(
        &mut self,
        membership: Membership,
        value: &ast::Expr,
        list: &[ast::Expr],
        span: Span,
        row: &mut Row<'_>,
        filter: bool,
    ) -> Outcome<Typed> {
        let mut value = self.scalar(value, row)?;
        let table = match list {
            [only] => self.table_in_expression(only, row)?,
            _ => None,
        };
        if membership.any_case || value.kind == ColumnType::Dynamic {
            value = functions::to_text(value);
        }
        let lower = |typed: Typed| match membership.any_case {
            true => Typed {
                expr: df::lower(typed.expr),
                ..typed
            },
            false => typed,
        };
        let items = match table {
            Some(table) => vec![self.column_of_table(table, &value, membership, span)?],
            None => self.items(&value, list, row)?,
        };
        let constant = value.constant().is_some() && items.iter().all(|i| i.constant().is_some());
        let nullable = value.nullable();
        let mut exprs = Vec::with_capacity(items.len());
        for item in items {
            let folds = item.constant().is_some() && membership.any_case;
            let item = lower(item);
            exprs.push(if folds {
                self.folded(item, true)?.expr
            } else {
                item.expr
            });
        }
        let value = lower(value).expr;
        let expr = match exprs.is_empty() {
            true => lit(membership.negated),
            false => Expr::InList(InList::new(Box::new(value), exprs, membership.negated)),
        };
        let expr = match nullable && (membership.negated || !filter) {
            true => df::coalesce(vec![expr, lit(membership.negated)]),
            false => expr,
        };
        self.folded(Typed::new(expr, ColumnType::Bool, span), constant)
    }

    /// The values of a list, each in the type of what is looked for; arrays written out.
    fn items(
        &mut self,
        value: &Typed,
        list: &[ast::Expr],
        row: &mut Row<'_>,
    ) -> Outcome<Vec<Typed>> {
        let mut items = Vec::new();
        for expr in list {
            let item = self.scalar(expr, row)?;
            let inside = match (item.kind, item.constant()) {
                (ColumnType::Dynamic, Some(ScalarValue::Utf8View(Some(json)))) => {
                    serde_json::from_str::<serde_json::Value>(json).ok()
                }
                _ => None,
            };
            match inside {
                Some(serde_json::Value::Array(values)) => {
                    self.spend(values.len(), expr.span)?;
                    for inner in values {
                        let literal = Value::Dynamic(inner.to_string());
                        items.push(Typed::literal(&literal, expr.span));
                    }
                }
                _ => items.push(item),
            }
        }
        let mut fitted = Vec::with_capacity(items.len());
        for item in items {
            let constant = item.constant().is_some();
            let span = item.span;
            if constant && item.nullable() && item.kind != ColumnType::Dynamic {
                continue;
            }
            let binary = Binary::Equal;
            let (left, item) = self.comparable(binary, value.clone(), item, span)?;
            if left.kind != value.kind {
                return self.undefined(binary, value, &item, span);
            }
            fitted.push(self.folded(item, constant)?);
        }
        Ok(fitted)
    }

    /// The one column of a table, for `in`.
    fn column_of_table(
        &mut self,
        table: super::Table,
        value: &Typed,
        membership: Membership,
        span: Span,
    ) -> Outcome<Typed> {
        let Some(column) = table.columns.first() else {
            return self.fail(Fault::new(span, "the table has no column"));
        };
        let item = column_of(column, span);
        let (left, mut item) = self.comparable(Binary::Equal, value.clone(), item, span)?;
        if left.kind != value.kind {
            return self.undefined(Binary::Equal, value, &column_of(column, span), span);
        }
        if membership.any_case {
            item.expr = df::lower(item.expr);
        }
        let name: Arc<str> = "value".into();
        let output = super::Output {
            column: Column {
                name: Arc::clone(&name),
                kind: item.kind,
            },
            expr: item.expr,
        };
        // SQL's `not in` is unknown as soon as one null is in the list.
        let rel = Rel::Filter(
            Box::new(Rel::Project(Box::new(table.rel), vec![output])),
            datafusion::prelude::ident(&*name).is_not_null(),
        );
        Ok(self.subquery("in", rel, item.kind, span))
    }

    /// A place for a table's value in an expression; the planner puts the table there.
    fn subquery(&mut self, what: &str, rel: Rel, kind: ColumnType, span: Span) -> Typed {
        let id = format!("${what} {}", self.subqueries.len());
        self.subqueries.push(rel);
        let placeholder = Placeholder::new_with_field(id, Some(Arc::new(field("value", kind))));
        Typed::new(Expr::Placeholder(placeholder), kind, span)
    }

    fn has_each(
        &mut self,
        all: bool,
        value: &ast::Expr,
        list: &[ast::Expr],
        span: Span,
        row: &mut Row<'_>,
    ) -> Outcome<Typed> {
        let value = self.scalar(value, row)?;
        let binary = Binary::Text(TextTest::Has, false);
        let text = match value.kind {
            ColumnType::String | ColumnType::Dynamic | ColumnType::Guid => {
                functions::to_text(value)
            }
            _ => {
                let string = Typed::literal(&Value::String(String::new()), span);
                return self.undefined(binary, &value, &string, span);
            }
        };
        let items = self.items(&text, list, row)?;
        let constant = text.constant().is_some() && items.iter().all(|i| i.constant().is_some());
        let mut tests = Vec::with_capacity(items.len());
        for item in items {
            tests.push(
                self.text_test(binary, TextTest::Has, text.clone(), item, span)?
                    .expr,
            );
        }
        let operator = if all { Operator::And } else { Operator::Or };
        let expr = match tests.is_empty() {
            true => lit(all),
            false => balanced(tests, operator),
        };
        self.folded(Typed::new(expr, ColumnType::Bool, span), constant)
    }

    fn scalars(&mut self, args: &[ast::Expr], row: &mut Row<'_>) -> Outcome<Vec<Typed>> {
        let bound: Vec<_> = args.iter().map(|arg| self.scalar(arg, row)).collect();
        bound.into_iter().collect()
    }

    fn call(
        &mut self,
        name: &Name,
        args: &[ast::Expr],
        span: Span,
        row: &mut Row<'_>,
    ) -> Outcome<Typed> {
        if let Some(Meaning::Defined(definition, scope)) = row.scope.get(&name.text) {
            let (definition, scope) = (Arc::clone(definition), scope.clone());
            if let Definition::Function(function) = &*definition {
                let scope = self.arguments(function, scope, name, args, span, row)?;
                let typed = self.deeper(span, |b| b.lone_scalar(&function.body, &scope))?;
                return Ok(Typed { span, ..typed });
            }
        }
        match &*name.text {
            "iff" | "iif" => return self.choice(name, args, span, row, true),
            "case" => return self.choice(name, args, span, row, false),
            "toscalar" => return self.one_value(args, span, row),
            "column_ifexists" | "columnifexists" => return self.column_if_exists(args, span, row),
            "gettype" => {
                let [typed] = self.exactly::<1>(name, args, span, row)?;
                let kind = Value::String(typed.kind.word().to_owned());
                return Ok(Typed::literal(&kind, span));
            }
            "materialize" | "table" | "view" => {
                let message = format!("{}(…) is a table; a scalar is wanted here", name.text);
                return self.fail(Fault::new(span, message));
            }
            _ => {}
        }
        if let Some(aggregate) = aggregates::find(&name.text) {
            return self.aggregate(aggregate, name, args, span, row);
        }
        let Some(function) = functions::find(&name.text) else {
            let known = functions::names()
                .map(|name| -> &str { name })
                .chain(row.scope.keys().map(|name| -> &str { name }));
            let fault = Fault::new(name.span, format!("there is no function {}", name.text));
            let fault = fault.near(&name.text, known);
            return self.fail(fault);
        };
        let args = self.scalars(args, row)?;
        let constant = args.iter().all(|arg| arg.constant().is_some());
        let text: usize = args.iter().filter_map(|arg| arg.text().map(str::len)).sum();
        if text > MOST_CONSTANT_TEXT {
            return self.fail(Fault::new(span, "this text is too long"));
        }
        let typed = functions::bind(function, args, self.now, span);
        let typed = self.checked(typed)?;
        self.folded(typed, constant)
    }

    fn exactly<const N: usize>(
        &mut self,
        name: &Name,
        args: &[ast::Expr],
        span: Span,
        row: &mut Row<'_>,
    ) -> Outcome<[Typed; N]> {
        let bound = self.scalars(args, row)?;
        match <[Typed; N]>::try_from(bound) {
            Ok(bound) => Ok(bound),
            Err(bound) => {
                let given = bound.len();
                let message = format!("{} takes {N} arguments, not {given}", name.text);
                self.fail(Fault::new(span, message))
            }
        }
    }

    /// `iff(condition, then, else)`, `case(condition, then, …, else)`.
    fn choice(
        &mut self,
        name: &Name,
        args: &[ast::Expr],
        span: Span,
        row: &mut Row<'_>,
        once: bool,
    ) -> Outcome<Typed> {
        let fits = match once {
            true => args.len() == 3,
            false => args.len() >= 3 && args.len() % 2 == 1,
        };
        if !fits {
            let signature = match once {
                true => "(condition, then, else)",
                false => "(condition, then, …, else)",
            };
            let message = format!("{} takes {}{signature}", name.text, name.text);
            return self.fail(Fault::new(span, message));
        }
        let mut conditions = Vec::new();
        let mut values = Vec::new();
        for (at, arg) in args.iter().enumerate() {
            if at % 2 == 0 && at + 1 < args.len() {
                conditions.push(self.condition(arg, row)?);
            } else {
                values.push(self.scalar(arg, row)?);
            }
        }
        let constant = conditions
            .iter()
            .chain(&values)
            .all(|typed| typed.constant().is_some());
        let common = functions::common_type(values.iter(), &name.text)
            .ok()
            .flatten();
        let kind = common.unwrap_or(ColumnType::Dynamic);
        let mut values = values.into_iter().map(|value| match common {
            Some(kind) => value.cast(kind).expr,
            None => functions::to_dynamic(value).expr,
        });
        let choices: Vec<_> = conditions
            .into_iter()
            .zip(values.by_ref())
            .map(|(condition, value)| (Box::new(condition.expr), Box::new(value)))
            .collect();
        let otherwise = values.next().map(Box::new);
        let expr = Expr::Case(Case::new(None, choices, otherwise));
        self.folded(Typed::new(expr, kind, span), constant)
    }

    fn one_value(&mut self, args: &[ast::Expr], span: Span, row: &mut Row<'_>) -> Outcome<Typed> {
        let [arg] = args else {
            return self.fail(Fault::new(span, "toscalar takes one table"));
        };
        let Some(table) = self.table_in_expression(arg, row)? else {
            let typed = self.scalar(arg, row)?;
            return Ok(Typed { span, ..typed });
        };
        let Some(column) = table.columns.first().cloned() else {
            return match table.complete {
                true => self.fail(Fault::new(span, "the table has no column")),
                false => Err(Failed),
            };
        };
        let output = super::Output {
            expr: column_of(&column, span).expr,
            column: column.clone(),
        };
        let first = Rel::Limit(Box::new(Rel::Project(Box::new(table.rel), vec![output])), 1);
        let typed = self.subquery("scalar", first, column.kind, span);
        Ok(match typed.kind {
            ColumnType::String => Typed {
                expr: df::coalesce(vec![typed.expr, lit(scalar(&Value::String(String::new())))]),
                ..typed
            },
            _ => typed,
        })
    }

    fn column_if_exists(
        &mut self,
        args: &[ast::Expr],
        span: Span,
        row: &mut Row<'_>,
    ) -> Outcome<Typed> {
        let [name, default] = args else {
            let message = "column_ifexists takes the name of a column and a default";
            return self.fail(Fault::new(span, message));
        };
        let bound = self.scalar(name, row)?;
        let Some(text) = bound.text() else {
            return self.fail(Fault::new(bound.span, "the name is a constant string"));
        };
        match row.columns.iter().find(|column| *column.name == *text) {
            Some(column) => Ok(column_of(column, span)),
            None => self.scalar(default, row),
        }
    }

    /// The scope in which the body of a function is read.
    pub(super) fn arguments(
        &mut self,
        function: &Function,
        mut scope: Scope,
        name: &Name,
        args: &[ast::Expr],
        span: Span,
        row: &mut Row<'_>,
    ) -> Outcome<Scope> {
        let least = function.parameters.iter().filter(|p| p.default.is_none());
        if args.len() > function.parameters.len() || args.len() < least.count() {
            let message = format!(
                "{} takes {} arguments, not {}",
                name.text,
                function.parameters.len(),
                args.len()
            );
            return self.fail(Fault::new(span, message));
        }
        for (at, parameter) in function.parameters.iter().enumerate() {
            let arg = args.get(at).or(parameter.default.as_ref());
            let Some(arg) = arg else { continue };
            let meaning = match parameter.kind {
                None => {
                    let pipeline = Pipeline {
                        source: Source::Expr(arg.clone()),
                        operators: Vec::new(),
                        span: arg.span,
                    };
                    Meaning::Defined(Arc::new(Definition::Value(pipeline)), row.scope.clone())
                }
                Some(kind) => {
                    let typed = self.scalar(arg, row)?;
                    if measure(&typed.expr).1 > TALLEST_ARGUMENT {
                        let message = "this argument is nested too deep";
                        return self.fail(Fault::new(typed.span, message));
                    }
                    Meaning::Scalar(self.as_parameter(typed, kind, &parameter.name.text)?)
                }
            };
            scope.insert(Arc::clone(&parameter.name.text), meaning);
        }
        for statement in &function.lets {
            self.define(statement, &mut scope);
        }
        Ok(scope)
    }

    fn as_parameter(&mut self, typed: Typed, kind: ColumnType, name: &str) -> Outcome<Typed> {
        if typed.kind == kind {
            return Ok(typed);
        }
        if kind == ColumnType::Dynamic {
            return Ok(functions::to_dynamic(typed));
        }
        if is_number(kind) && is_number(typed.kind) {
            let constant = typed.constant().is_some();
            let typed = self.checked(functions::to_kind(typed, kind))?;
            return self.folded(typed, constant);
        }
        let message = format!("{name} is of type {kind}, not {}", typed.kind);
        self.fail(Fault::new(typed.span, message))
    }

    /// An aggregate with one value; those with several columns stand at the top of `summarize` only.
    fn aggregate(
        &mut self,
        aggregate: &aggregates::Aggregate,
        name: &Name,
        args: &[ast::Expr],
        span: Span,
        row: &mut Row<'_>,
    ) -> Outcome<Typed> {
        let Some(found) = row.aggregates.take() else {
            let message = format!("the aggregate {} can stand in summarize only", name.text);
            return self.fail(Fault::new(name.span, message));
        };
        let outcome = self.aggregate_into(aggregate, args, span, row, found);
        row.aggregates = Some(found);
        outcome
    }

    fn aggregate_into(
        &mut self,
        aggregate: &aggregates::Aggregate,
        args: &[ast::Expr],
        span: Span,
        row: &mut Row<'_>,
        found: &mut Vec<Expr>,
    ) -> Outcome<Typed> {
        self.checked(aggregates::check(aggregate, args.len(), span))?;
        let bound = self.scalars(args, row)?;
        let collect = &mut |expr| collected(found, expr);
        let typed = match (aggregate.shape, bound.as_slice()) {
            (aggregates::Shape::One(lower), _) => {
                aggregates::bind(aggregate, lower, bound, span, collect)
            }
            (aggregates::Shape::Extreme(greatest), [by]) => {
                Ok(aggregates::extreme(by, greatest, collect))
            }
            (aggregates::Shape::Any, [value]) => Ok(aggregates::of_row(value, None, collect)),
            (aggregates::Shape::Percentiles, [value, at]) => {
                aggregates::percentile_at(value, at, collect)
            }
            _ => Err(Fault::new(
                span,
                format!(
                    "{} gives several columns and cannot stand inside an expression",
                    aggregate.name
                ),
            )),
        };
        self.checked(typed)
    }
}

/// The column that will hold an aggregate; the same one for the same aggregate.
pub(super) fn collected(found: &mut Vec<Expr>, expr: Expr) -> Expr {
    let at = found
        .iter()
        .position(|known| *known == expr)
        .unwrap_or_else(|| {
            found.push(expr);
            found.len() - 1
        });
    datafusion::prelude::ident(super::aggregate_name(at))
}

pub(super) fn column_of(column: &Column, span: Span) -> Typed {
    let expr = datafusion::prelude::ident(&*column.name);
    Typed::new(expr, column.kind, span)
}

/// A constant in another numeric type, if that is exact.
fn fitting(typed: &Typed, kind: ColumnType) -> Option<Typed> {
    let value = match (typed.constant()?, kind) {
        (_, ColumnType::Int) => Value::Int(i32::try_from(whole(typed)?).ok()?),
        (_, ColumnType::Long) => Value::Long(whole(typed)?),
        (_, ColumnType::Real) => Value::Real(typed.whole()? as f64),
        _ => return None,
    };
    Some(Typed::literal(&value, typed.span))
}

fn whole(typed: &Typed) -> Option<i64> {
    match typed.constant()? {
        ScalarValue::Float64(Some(x)) if x.fract() == 0.0 && x.abs() < 9e15 => Some(*x as i64),
        _ => typed.whole(),
    }
}

/// Terms joined two by two, so that many of them make no deep tree.
fn balanced(mut terms: Vec<Expr>, operator: Operator) -> Expr {
    while terms.len() > 1 {
        let mut next = Vec::with_capacity(terms.len().div_ceil(2));
        let mut pairs = terms.into_iter();
        while let Some(left) = pairs.next() {
            next.push(match pairs.next() {
                Some(right) => binary_expr(left, operator, right),
                None => left,
            });
        }
        terms = next;
    }
    terms.pop().unwrap_or_else(|| lit(true))
}

/// Nodes and levels of an expression.
fn measure(expr: &Expr) -> (usize, usize) {
    fn below(expr: &Expr, size: &mut usize) -> usize {
        *size += 1;
        let mut tallest = 0;
        // The closure cannot fail.
        let _ = expr.apply_children(|child| {
            tallest = tallest.max(below(child, size));
            Ok(TreeNodeRecursion::Continue)
        });
        tallest + 1
    }
    let mut size = 0;
    let height = below(expr, &mut size);
    (size, height)
}
