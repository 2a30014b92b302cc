//! Tables: what each operator makes of its input's columns.

use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, JoinType, SortExpr};
use datafusion::prelude::ident;

use super::super::ast::{
    self, Binary, Definition, ExprKind, Name, Named, Operator, OperatorKind as Op, Pattern,
    Pipeline, SortKey, Source, UnionTable,
};
use super::super::error::Fault;
use super::super::functions::{self, aggregates};
use super::super::literal::{DATETIME_MAX, DATETIME_MIN, Value};
use super::super::span::Span;
use super::super::types::{Typed, scalar};
use super::expr::{Row, collected, column_of};
use super::{Binder, Failed, Meaning, Outcome, Output, Rel, Render, Scope, Table, names, reach};
use crate::engine::ingestion::schema::{Column, ColumnType, TIME};
use crate::engine::time::SimTime;

/// Rows of a `range`.
const MOST_ROWS: usize = 100_000;

impl Binder<'_> {
    /// Whether a pipeline can only be a table; anything unclear is a scalar.
    pub(super) fn is_table(&self, pipeline: &Pipeline, scope: &Scope) -> bool {
        if !pipeline.operators.is_empty() {
            return true;
        }
        match &pipeline.source {
            Source::Operator(_) => true,
            Source::Expr(expr) => self.is_table_expr(expr, scope, 0),
        }
    }

    fn is_table_expr(&self, expr: &ast::Expr, scope: &Scope, depth: usize) -> bool {
        if depth > super::DEEPEST {
            return false;
        }
        let defined = |name: &Name| match scope.get(&name.text) {
            Some(Meaning::Defined(definition, inner)) => {
                let pipeline = match &**definition {
                    Definition::Value(pipeline) => pipeline,
                    Definition::Function(function) => &function.body,
                };
                let (source, operators) = (&pipeline.source, &pipeline.operators);
                Some(match source {
                    _ if !operators.is_empty() => true,
                    Source::Operator(_) => true,
                    Source::Expr(expr) => self.is_table_expr(expr, inner, depth + 1),
                })
            }
            Some(Meaning::Scalar(_)) => Some(false),
            None => None,
        };
        match &expr.kind {
            ExprKind::Pipeline(_) => true,
            ExprKind::Name(text) => {
                let name = Name {
                    text: Arc::clone(text),
                    span: expr.span,
                };
                defined(&name).unwrap_or_else(|| self.catalog.columns(text).is_some())
            }
            ExprKind::Call(name, _) if matches!(&*name.text, "materialize" | "table") => true,
            ExprKind::Call(name, _) => defined(name).unwrap_or(false),
            _ => false,
        }
    }

    /// A table where a scalar could stand too, if it is one. A column goes before a table of its name.
    pub(super) fn table_in_expression(
        &mut self,
        expr: &ast::Expr,
        row: &mut Row<'_>,
    ) -> Outcome<Option<Table>> {
        let is_column = |name: &str| row.columns.iter().any(|column| &*column.name == name);
        if let ExprKind::Name(name) = &expr.kind
            && is_column(name)
        {
            return Ok(None);
        }
        match self.is_table_expr(expr, row.scope, 0) {
            true => self.table(expr, row.scope).map(Some),
            false => Ok(None),
        }
    }

    /// An expression that has to be a table.
    fn table(&mut self, expr: &ast::Expr, scope: &Scope) -> Outcome<Table> {
        self.deeper(expr.span, |b| b.table_here(expr, scope))
    }

    fn table_here(&mut self, expr: &ast::Expr, scope: &Scope) -> Outcome<Table> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Pipeline(pipeline) => self.pipeline(pipeline, scope, false),
            ExprKind::Name(name) => match scope.get(name) {
                Some(Meaning::Defined(definition, inner)) => {
                    let (definition, inner) = (Arc::clone(definition), inner.clone());
                    match &*definition {
                        Definition::Value(pipeline) => {
                            let mut table = self.pipeline(pipeline, &inner, false)?;
                            table.name = Some(Arc::clone(name));
                            Ok(table)
                        }
                        Definition::Function(function) if function.parameters.is_empty() => {
                            self.pipeline(&function.body, &inner, false)
                        }
                        Definition::Function(_) => {
                            let message = format!("{name} is a function: write {name}(…)");
                            self.fail(Fault::new(span, message))
                        }
                    }
                }
                Some(Meaning::Scalar(typed)) => {
                    let message = format!("{name} is {}; a table is wanted here", typed.kind);
                    self.fail(Fault::new(span, message))
                }
                None => self.scan(name, span),
            },
            ExprKind::Call(name, args) => match (scope.get(&name.text), &*name.text) {
                (Some(Meaning::Defined(definition, inner)), _) => {
                    let (definition, inner) = (Arc::clone(definition), inner.clone());
                    let Definition::Function(function) = &*definition else {
                        let message = format!("{} is a table, not a function", name.text);
                        return self.fail(Fault::new(span, message));
                    };
                    let mut row = Row {
                        scope,
                        columns: &[],
                        complete: true,
                        aggregates: None,
                    };
                    let inner = self.arguments(function, inner, name, args, span, &mut row)?;
                    self.pipeline(&function.body, &inner, false)
                }
                (_, "materialize" | "view") => match args.as_slice() {
                    [only] => self.table(only, scope),
                    _ => self.fail(Fault::new(span, "materialize takes one table")),
                },
                (_, "table") => match args.as_slice() {
                    [only] => {
                        let name = self.constant(only, scope)?;
                        match name.text().map(str::to_owned) {
                            Some(text) => self.scan(&text, name.span),
                            None => self.fail(Fault::new(name.span, "a table's name is a string")),
                        }
                    }
                    _ => self.fail(Fault::new(span, "table takes one name")),
                },
                _ => {
                    let message = format!("{} gives no table; a table is wanted here", name.text);
                    self.fail(Fault::new(name.span, message))
                }
            },
            _ => {
                let tables = self.catalog.tables();
                let fault = Fault::new(span, "a table is wanted here");
                let fault = fault.expecting(tables.into_iter().take(5).collect());
                self.fail(fault)
            }
        }
    }

    pub(super) fn pipeline(
        &mut self,
        pipeline: &Pipeline,
        scope: &Scope,
        top: bool,
    ) -> Outcome<Table> {
        self.deeper(pipeline.span, |b| {
            let mut table = match &pipeline.source {
                Source::Expr(expr) => b.table(expr, scope),
                Source::Operator(operator) => b.source(operator, scope),
            };
            let last = pipeline.operators.len();
            for (at, operator) in pipeline.operators.iter().enumerate() {
                // After a mistake the rest is read for mistakes of its own, but not for names.
                let input = match table {
                    Ok(table) => table,
                    Err(Failed) => Table {
                        rel: Rel::One,
                        columns: Vec::new(),
                        complete: false,
                        heads: Vec::new(),
                        name: None,
                    },
                };
                if let Op::Render { chart, properties } = &operator.kind {
                    if !top || at + 1 < last {
                        let message = "render can only be the last operator of a query";
                        return b.fail(Fault::new(operator.keyword, message));
                    }
                    b.render = Some(Render::of(chart, properties, &input.columns));
                    let complete = input.complete;
                    table = Ok(input);
                    if complete {
                        b.check_render(properties, &table)?;
                    }
                    continue;
                }
                let columns = input.columns.clone();
                let mut made = b.operator(operator, input, scope);
                if let Ok(made) = &mut made
                    && !matches!(operator.kind, Op::As(_))
                {
                    // What an operator makes is no longer the table of that name.
                    made.name = None;
                }
                table = made.or_else(|Failed| {
                    Ok(Table {
                        rel: Rel::One,
                        columns,
                        complete: false,
                        heads: Vec::new(),
                        name: None,
                    })
                });
            }
            match table {
                Ok(table) if table.complete => Ok(table),
                _ => Err(Failed),
            }
        })
    }

    /// A property that names a column names one that there is.
    fn check_render(
        &mut self,
        properties: &[(Name, ast::Property)],
        table: &Outcome<Table>,
    ) -> Outcome<()> {
        let Ok(table) = table else {
            return Err(Failed);
        };
        for (key, property) in properties {
            let ast::Property::Names(columns) = property else {
                continue;
            };
            if !["xcolumn", "ycolumns", "series"].contains(&&*key.text) {
                continue;
            }
            for name in columns {
                self.column(&name.text, name.span, table)?;
            }
        }
        Ok(())
    }

    fn operator_counted(&mut self, span: Span) -> Outcome<()> {
        self.operators += 1;
        if self.operators > super::MOST_OPERATORS {
            let message = format!(
                "the query has more than {} operators when its definitions are written out",
                super::MOST_OPERATORS
            );
            return self.fail(Fault::new(span, message));
        }
        Ok(())
    }

    fn source(&mut self, operator: &Operator, scope: &Scope) -> Outcome<Table> {
        self.operator_counted(operator.keyword)?;
        match &operator.kind {
            Op::Union {
                inner,
                source_column,
                fuzzy,
                tables,
            } => self.union(
                None,
                *inner,
                source_column.as_ref(),
                *fuzzy,
                tables,
                operator,
                scope,
            ),
            Op::Print(values) => self.print(values, scope),
            Op::Range {
                name,
                from,
                to,
                step,
            } => self.range(name, from, to, step, scope),
            Op::Datatable { columns, values } => self.datatable(columns, values, scope, operator),
            _ => self.fail(Fault::new(operator.keyword, "a table is wanted here")),
        }
    }

    fn operator(&mut self, operator: &Operator, input: Table, scope: &Scope) -> Outcome<Table> {
        self.operator_counted(operator.keyword)?;
        self.spend(input.columns.len(), operator.keyword)?;
        let table = match &operator.kind {
            Op::Where(condition) => self.filter(condition, input, scope),
            Op::Project(columns) => self.project(columns, input, scope),
            Op::Extend(columns) | Op::Serialize(columns) => self.extend(columns, input, scope),
            Op::ProjectAway(patterns) => {
                let away = self.matched(patterns, &input)?;
                self.keep(input, |column| !away.contains(&column.name))
            }
            Op::ProjectKeep(patterns) => {
                let kept = self.matched(patterns, &input)?;
                self.keep(input, |column| kept.contains(&column.name))
            }
            Op::ProjectReorder(patterns) => self.reorder(patterns, input),
            Op::ProjectRename(renames) => self.rename(renames, input),
            Op::Summarize { aggregates, by } => self.summarize(aggregates, by, input, scope),
            Op::Count(name) => Ok(count(input, name.as_ref())),
            Op::Distinct(columns) => self.distinct(columns, input, scope, operator.keyword),
            Op::Take(count) => {
                let count = self.row_count(count, scope)?;
                Ok(Table {
                    rel: Rel::Limit(Box::new(input.rel), count),
                    heads: Vec::new(),
                    ..input
                })
            }
            Op::Sort(keys) => {
                let keys = self.sort_keys(keys, &input, scope)?;
                Ok(Table {
                    rel: Rel::Sort(Box::new(input.rel), keys, None),
                    ..input
                })
            }
            Op::Top { count, by } => {
                let count = self.row_count(count, scope);
                let keys = self.sort_keys(by, &input, scope)?;
                Ok(Table {
                    rel: Rel::Sort(Box::new(input.rel), keys, Some(count?)),
                    heads: Vec::new(),
                    ..input
                })
            }
            Op::Join {
                kind,
                right,
                on,
                lookup,
            } => self.join(kind.as_ref(), right, on, *lookup, input, scope),
            Op::Union {
                inner,
                source_column,
                fuzzy,
                tables,
            } => self.union(
                Some(input),
                *inner,
                source_column.as_ref(),
                *fuzzy,
                tables,
                operator,
                scope,
            ),
            Op::As(name) => Ok(Table {
                name: Some(Arc::clone(&name.text)),
                ..input
            }),
            Op::MvExpand { columns, limit } => self.expand(columns, limit.as_ref(), input, scope),
            Op::GetSchema => Ok(schema_of(&input)),
            Op::Render { .. } | Op::Print(_) | Op::Range { .. } | Op::Datatable { .. } => {
                self.fail(Fault::new(operator.keyword, "this cannot stand after a |"))
            }
        }?;
        if table.columns.len() > super::MOST_COLUMNS {
            let message = format!(
                "the table has more than {} columns here",
                super::MOST_COLUMNS
            );
            return self.fail(Fault::new(operator.keyword, message));
        }
        Ok(table)
    }

    fn filter(&mut self, condition: &ast::Expr, input: Table, scope: &Scope) -> Outcome<Table> {
        let typed = self.condition(condition, &mut Row::of(scope, &input))?;
        let range = reach::of(&typed.expr);
        for head in &input.heads {
            if let Some(touch) = self.touches.get_mut(*head) {
                let (from, to) = reach::meet((touch.from.0, touch.to.0), range);
                (touch.from, touch.to) = (SimTime(from), SimTime(to));
            }
        }
        Ok(Table {
            rel: Rel::Filter(Box::new(input.rel), typed.expr),
            ..input
        })
    }

    /// A table with these columns, computed from another's. `TimeGenerated` may have changed.
    fn computed(&self, input: Table, outputs: Vec<Output>) -> Table {
        let untouched = outputs.iter().any(|output| {
            &*output.column.name == TIME
                && matches!(&output.expr, Expr::Column(column) if column.name == TIME)
        });
        Table {
            columns: outputs.iter().map(|output| output.column.clone()).collect(),
            rel: Rel::Project(Box::new(input.rel), outputs),
            heads: if untouched { input.heads } else { Vec::new() },
            ..input
        }
    }

    /// The one name of a column that is computed by a scalar.
    fn single_name<'n>(&mut self, named: &'n Named) -> Outcome<Option<&'n Name>> {
        match named.names.as_slice() {
            [] => Ok(None),
            [name] => Ok(Some(name)),
            [_, second, ..] => {
                let message =
                    "a scalar gives one column; several names need an aggregate with several";
                self.fail(Fault::new(second.span, message))
            }
        }
    }

    fn taken<T>(&mut self, name: &str, span: Span) -> Outcome<T> {
        self.fail(Fault::new(
            span,
            format!("there is a column {name} already"),
        ))
    }

    /// What a column is called: as the query says, after its expression, or `Column1`.
    fn column_name(
        &mut self,
        name: Option<&Name>,
        expr: &ast::Expr,
        columns: &[Column],
        unnamed: &mut usize,
    ) -> Outcome<Arc<str>> {
        let exists = |name: &str| columns.iter().any(|column| &*column.name == name);
        match (name, &expr.kind) {
            (Some(name), _) if exists(&name.text) => self.taken(&name.text, name.span),
            (Some(name), _) => Ok(Arc::clone(&name.text)),
            (None, ExprKind::Name(name)) if exists(name) => self.taken(name, expr.span),
            (None, _) => Ok(match names::of(expr) {
                Some(name) => names::free(&name, columns),
                None => {
                    *unnamed += 1;
                    names::free(&format!("Column{unnamed}"), columns)
                }
            }),
        }
    }

    fn project(&mut self, list: &[Named], input: Table, scope: &Scope) -> Outcome<Table> {
        let mut outputs: Vec<Output> = Vec::with_capacity(list.len());
        let mut columns = Vec::new();
        let (mut unnamed, mut failed) = (0, false);
        for named in list {
            let typed = self.scalar(&named.expr, &mut Row::of(scope, &input));
            let name = self.single_name(named)?;
            let (Ok(typed), Ok(name)) = (
                typed,
                self.column_name(name, &named.expr, &columns, &mut unnamed),
            ) else {
                failed = true;
                continue;
            };
            outputs.push(output(&mut columns, name, typed));
        }
        if failed {
            return Err(Failed);
        }
        Ok(self.computed(input, outputs))
    }

    /// A computed column takes the place of the one with its name.
    fn extend(&mut self, list: &[Named], input: Table, scope: &Scope) -> Outcome<Table> {
        let mut outputs: Vec<Output> = passed(&input.columns);
        let mut columns = input.columns.clone();
        let mut given: Vec<Column> = Vec::new();
        let (mut unnamed, mut failed) = (0, false);
        for named in list {
            let typed = self.scalar(&named.expr, &mut Row::of(scope, &input));
            let name = self.single_name(named)?;
            let Ok(typed) = typed else {
                failed = true;
                continue;
            };
            let name = match (name, &named.expr.kind) {
                // `extend Level` changes nothing.
                (None, ExprKind::Name(_)) => continue,
                (Some(name), _) => self.column_name(Some(name), &named.expr, &given, &mut unnamed),
                (None, _) => self.column_name(None, &named.expr, &columns, &mut unnamed),
            }?;
            given.push(Column {
                name: Arc::clone(&name),
                kind: typed.kind,
            });
            let new = Output {
                column: Column {
                    name: Arc::clone(&name),
                    kind: typed.kind,
                },
                expr: typed.expr,
            };
            match columns.iter().position(|column| column.name == name) {
                Some(at) => {
                    columns[at].kind = new.column.kind;
                    outputs[at] = new;
                }
                None => {
                    columns.push(new.column.clone());
                    outputs.push(new);
                }
            }
        }
        if failed {
            return Err(Failed);
        }
        if given.is_empty() {
            return Ok(input);
        }
        Ok(self.computed(input, outputs))
    }

    fn column(&mut self, name: &str, span: Span, table: &Table) -> Outcome<Column> {
        match table.columns.iter().find(|column| &*column.name == name) {
            Some(column) => Ok(column.clone()),
            None if !table.complete => Err(Failed),
            None => {
                let known = table.columns.iter().map(|column| &*column.name);
                let fault = Fault::new(span, format!("there is no column {name}"));
                self.fail(fault.near(name, known))
            }
        }
    }

    /// The names of the columns that patterns mean; a name without a star has to exist.
    fn matched(&mut self, patterns: &[Pattern], table: &Table) -> Outcome<Vec<Arc<str>>> {
        let mut matched: Vec<Arc<str>> = Vec::new();
        for pattern in patterns {
            if !pattern.text.contains('*') {
                let column = self.column(&pattern.text, pattern.span, table)?;
                if !matched.contains(&column.name) {
                    matched.push(column.name);
                }
                continue;
            }
            for column in &table.columns {
                if like(&column.name, &pattern.text) && !matched.contains(&column.name) {
                    matched.push(Arc::clone(&column.name));
                }
            }
        }
        Ok(matched)
    }

    fn keep(&mut self, input: Table, wanted: impl Fn(&Column) -> bool) -> Outcome<Table> {
        let kept: Vec<Column> = input
            .columns
            .iter()
            .filter(|c| wanted(c))
            .cloned()
            .collect();
        Ok(self.computed(input, passed(&kept)))
    }

    fn reorder(&mut self, patterns: &[Pattern], input: Table) -> Outcome<Table> {
        let first = self.matched(patterns, &input)?;
        let mut columns: Vec<Column> = Vec::with_capacity(input.columns.len());
        for name in &first {
            columns.extend(input.columns.iter().find(|c| c.name == *name).cloned());
        }
        columns.extend(
            input
                .columns
                .iter()
                .filter(|c| !first.contains(&c.name))
                .cloned(),
        );
        Ok(self.computed(input, passed(&columns)))
    }

    fn rename(&mut self, renames: &[(Name, Name)], input: Table) -> Outcome<Table> {
        let mut outputs = passed(&input.columns);
        for (new, old) in renames {
            let column = self.column(&old.text, old.span, &input)?;
            let at = input.columns.iter().position(|c| c.name == column.name);
            if outputs.iter().any(|output| output.column.name == new.text) {
                return self.taken(&new.text, new.span);
            }
            if let Some(at) = at {
                outputs[at].column.name = Arc::clone(&new.text);
            }
        }
        Ok(self.computed(input, outputs))
    }

    fn distinct(
        &mut self,
        list: &[Named],
        input: Table,
        scope: &Scope,
        keyword: Span,
    ) -> Outcome<Table> {
        let projected = match list {
            [] => input,
            list => self.project(list, input, scope)?,
        };
        for (at, column) in projected.columns.iter().enumerate() {
            if column.kind == ColumnType::Dynamic {
                let span = list.get(at).map_or(keyword, |named| named.expr.span);
                return self.dynamic_key("distinct", span);
            }
        }
        Ok(Table {
            rel: Rel::Distinct(Box::new(projected.rel)),
            ..projected
        })
    }

    fn dynamic_key<T>(&mut self, what: &str, span: Span) -> Outcome<T> {
        let message =
            format!("{what} cannot compare dynamic values; tostring(…) makes a string of one");
        self.fail(Fault::new(span, message))
    }

    fn row_count(&mut self, expr: &ast::Expr, scope: &Scope) -> Outcome<usize> {
        let count = self.constant(expr, scope)?;
        match count.whole().and_then(|n| usize::try_from(n).ok()) {
            Some(count) => Ok(count),
            None => {
                let message = format!("a number of rows is wanted here, not {}", count.kind);
                self.fail(Fault::new(count.span, message))
            }
        }
    }

    fn sort_keys(
        &mut self,
        keys: &[SortKey],
        input: &Table,
        scope: &Scope,
    ) -> Outcome<Vec<SortExpr>> {
        let mut sorted = Vec::with_capacity(keys.len());
        for key in keys {
            let typed = self.scalar(&key.expr, &mut Row::of(scope, input))?;
            if typed.kind == ColumnType::Dynamic {
                return self.dynamic_key("an order", typed.span);
            }
            // Nulls are the least: first upward, last downward, unless said otherwise.
            let nulls_first = key.nulls_first.unwrap_or(key.ascending);
            sorted.push(SortExpr::new(typed.expr, key.ascending, nulls_first));
        }
        Ok(sorted)
    }

    fn summarize(
        &mut self,
        list: &[Named],
        by: &[Named],
        input: Table,
        scope: &Scope,
    ) -> Outcome<Table> {
        let mut columns = Vec::new();
        let (mut unnamed, mut failed) = (0, false);
        let mut keys: Vec<Output> = Vec::new();
        let mut plain_keys: Vec<Arc<str>> = Vec::new();
        for named in by {
            let typed = self.scalar(&named.expr, &mut Row::of(scope, &input));
            let name = self.single_name(named)?;
            let (Ok(typed), Ok(name)) = (
                typed,
                self.column_name(name, &named.expr, &columns, &mut unnamed),
            ) else {
                failed = true;
                continue;
            };
            if typed.kind == ColumnType::Dynamic {
                let _: Outcome<()> = self.dynamic_key("summarize by", typed.span);
                failed = true;
                continue;
            }
            if let ExprKind::Name(column) = &named.expr.kind {
                plain_keys.push(Arc::clone(column));
            }
            keys.push(output(&mut columns, name, typed));
        }
        let mut found = Vec::new();
        let mut outputs: Vec<Output> = passed(&columns);
        for named in list {
            let made = self.aggregated(
                named,
                &input,
                scope,
                &plain_keys,
                &mut found,
                &mut columns,
                &mut unnamed,
            );
            match made {
                Ok(made) => outputs.extend(made),
                Err(Failed) => failed = true,
            }
        }
        if failed {
            return Err(Failed);
        }
        let aggregate = Table {
            rel: Rel::Aggregate {
                input: Box::new(input.rel),
                keys,
                aggregates: found,
            },
            columns: Vec::new(),
            complete: input.complete,
            heads: Vec::new(),
            name: None,
        };
        Ok(self.computed(aggregate, outputs))
    }

    /// The columns of one entry of `summarize`.
    #[expect(clippy::too_many_arguments)]
    fn aggregated(
        &mut self,
        named: &Named,
        input: &Table,
        scope: &Scope,
        plain_keys: &[Arc<str>],
        found: &mut Vec<Expr>,
        columns: &mut Vec<Column>,
        unnamed: &mut usize,
    ) -> Outcome<Vec<Output>> {
        let span = named.expr.span;
        if let ExprKind::Call(name, args) = &named.expr.kind
            && !scope.contains_key(&name.text)
            && let Some(aggregate) = aggregates::find(&name.text)
        {
            let values = match aggregate.shape {
                aggregates::Shape::One(_) => None,
                aggregates::Shape::Percentiles => {
                    Some(self.percentiles(aggregate, args, input, scope, span, found)?)
                }
                aggregates::Shape::Extreme(greatest) => Some(self.of_row(
                    aggregate,
                    Some(greatest),
                    args,
                    input,
                    scope,
                    plain_keys,
                    span,
                    found,
                )?),
                aggregates::Shape::Any => {
                    Some(self.of_row(aggregate, None, args, input, scope, plain_keys, span, found)?)
                }
            };
            if let Some(values) = values {
                if named.names.len() > values.len() {
                    let extra = named.names[values.len()].span;
                    let message = format!("{} gives {} columns here", name.text, values.len());
                    return self.fail(Fault::new(extra, message));
                }
                let mut outputs = Vec::with_capacity(values.len());
                for (at, (default, typed)) in values.into_iter().enumerate() {
                    let name = match named.names.get(at) {
                        Some(name) => {
                            if columns.iter().any(|column| column.name == name.text) {
                                return self.taken(&name.text, name.span);
                            }
                            Arc::clone(&name.text)
                        }
                        None => names::free(&default, columns),
                    };
                    outputs.push(output(columns, name, typed));
                }
                return Ok(outputs);
            }
        }
        let mut row = Row {
            aggregates: Some(found),
            ..Row::of(scope, input)
        };
        let typed = self.scalar(&named.expr, &mut row)?;
        if let Some(column) = loose_column(&typed.expr) {
            let message = format!(
                "{} is no aggregate; write take_any({0}), or {0} after by",
                column
            );
            return self.fail(Fault::new(span, message));
        }
        let name = self.single_name(named)?;
        let name = match (name, percentile_name(&named.expr)) {
            (None, Some(default)) => names::free(&default, columns),
            (name, _) => self.column_name(name, &named.expr, columns, unnamed)?,
        };
        Ok(vec![output(columns, name, typed)])
    }

    fn percentiles(
        &mut self,
        aggregate: &aggregates::Aggregate,
        args: &[ast::Expr],
        input: &Table,
        scope: &Scope,
        span: Span,
        found: &mut Vec<Expr>,
    ) -> Outcome<Vec<(String, Typed)>> {
        let checked = aggregates::check(aggregate, args.len(), span);
        self.checked(checked)?;
        let [value, ranks @ ..] = args else {
            return Err(Failed);
        };
        let base = names::of(value).unwrap_or_default();
        let value = self.scalar(value, &mut Row::of(scope, input))?;
        let mut columns = Vec::with_capacity(ranks.len());
        for rank in ranks {
            let at = self.constant(rank, scope)?;
            let label = self.checked(aggregates::rank(&at))?.1;
            let typed = aggregates::percentile_at(&value, &at, &mut |expr| collected(found, expr));
            let typed = self.checked(typed)?;
            columns.push((format!("percentile_{base}_{label}"), typed));
        }
        Ok(columns)
    }

    /// `arg_max(value, columns)` and `take_any(columns)`.
    #[expect(clippy::too_many_arguments)]
    fn of_row(
        &mut self,
        aggregate: &aggregates::Aggregate,
        extreme: Option<bool>,
        args: &[ast::Expr],
        input: &Table,
        scope: &Scope,
        plain_keys: &[Arc<str>],
        span: Span,
        found: &mut Vec<Expr>,
    ) -> Outcome<Vec<(String, Typed)>> {
        let checked = aggregates::check(aggregate, args.len(), span);
        self.checked(checked)?;
        let mut collect = |expr| collected(found, expr);
        let mut columns = Vec::new();
        let (by, rest) = match (extreme, args) {
            (Some(greatest), [by, rest @ ..]) => {
                let typed = self.scalar(by, &mut Row::of(scope, input))?;
                let name = names::of(by).unwrap_or_else(|| "Column1".to_owned());
                let value = aggregates::extreme(&typed, greatest, &mut collect);
                columns.push((name.clone(), value));
                (Some((name, typed, greatest)), rest)
            }
            (_, rest) => (None, rest),
        };
        let order = by.as_ref().map(|(_, typed, greatest)| (typed, *greatest));
        for arg in rest {
            if let ExprKind::Star = arg.kind {
                for column in &input.columns {
                    let is_by = by.as_ref().is_some_and(|(name, ..)| **name == *column.name);
                    if is_by || plain_keys.contains(&column.name) {
                        continue;
                    }
                    let value = column_of(column, arg.span);
                    let value = aggregates::of_row(&value, order, &mut collect);
                    columns.push((column.name.to_string(), value));
                }
                continue;
            }
            let name = names::of(arg).unwrap_or_else(|| "Column1".to_owned());
            let name = match (aggregate.prefix, extreme) {
                ("", _) | (_, Some(_)) => name,
                (prefix, None) => format!("{prefix}_{name}"),
            };
            let value = self.scalar(arg, &mut Row::of(scope, input))?;
            columns.push((name, aggregates::of_row(&value, order, &mut collect)));
        }
        Ok(columns)
    }

    fn join(
        &mut self,
        kind: Option<&Name>,
        right: &Pipeline,
        on: &[ast::Expr],
        lookup: bool,
        left: Table,
        scope: &Scope,
    ) -> Outcome<Table> {
        let kind = self.join_kind(kind, lookup);
        let right = self.pipeline(right, scope, false);
        let (kind, right) = (kind?, right?);
        if !left.complete {
            return Err(Failed);
        }
        let mut keys = Vec::new();
        for condition in on {
            self.join_keys(condition, &left, &right, &mut keys)?;
        }
        let (left, right, keys) = match kind {
            JoinKind::RightSemi | JoinKind::RightAnti => {
                let swapped = keys.into_iter().map(|(l, r)| (r, l)).collect();
                (right, left, swapped)
            }
            _ => (left, right, keys),
        };
        // Every column of the right gets a name that the left has not.
        let mut columns = left.columns.clone();
        let mut renamed = Vec::with_capacity(right.columns.len());
        for column in &right.columns {
            let name = names::free(&column.name, &columns);
            let typed = column_of(column, Span::default());
            renamed.push(output(&mut columns, name, typed));
        }
        let final_name = |name: &str| {
            let at = right.columns.iter().position(|c| &*c.name == name)?;
            renamed
                .get(at)
                .map(|output| Arc::clone(&output.column.name))
        };
        let on: Vec<_> = keys
            .iter()
            .filter_map(|(l, r)| Some((Arc::clone(l), final_name(r)?)))
            .collect();
        let right_keys: Vec<_> = on.iter().map(|(_, r)| Arc::clone(r)).collect();
        let left_rel = match kind {
            JoinKind::InnerUnique => Rel::FirstOf(
                Box::new(left.rel),
                keys.into_iter().map(|(l, _)| l).collect(),
                left.columns.iter().map(|c| Arc::clone(&c.name)).collect(),
            ),
            _ => left.rel,
        };
        let engine_kind = kind.engine();
        let rel = Rel::Join {
            left: Box::new(left_rel),
            right: Box::new(Rel::Project(Box::new(right.rel), renamed)),
            kind: engine_kind,
            on,
        };
        let one_sided = matches!(engine_kind, JoinType::LeftSemi | JoinType::LeftAnti);
        if one_sided {
            columns.truncate(left.columns.len());
        }
        let table = Table {
            rel,
            complete: left.complete && right.complete,
            heads: match kind {
                JoinKind::InnerUnique | JoinKind::RightOuter | JoinKind::FullOuter => Vec::new(),
                _ => left.heads,
            },
            name: None,
            columns,
        };
        // A missing string is empty.
        let width = left.columns.len();
        let missing = |at: usize| match engine_kind {
            JoinType::Left => at >= width,
            JoinType::Right => at < width,
            JoinType::Full => true,
            _ => false,
        };
        let mut outputs = passed(&table.columns);
        let mut changed = false;
        for (at, output) in outputs.iter_mut().enumerate() {
            if missing(at) && output.column.kind == ColumnType::String {
                let empty = Value::String(String::new());
                output.expr = datafusion::functions::expr_fn::coalesce(vec![
                    output.expr.clone(),
                    datafusion::logical_expr::lit(scalar(&empty)),
                ]);
                changed = true;
            }
        }
        if lookup {
            outputs.retain(|output| !right_keys.contains(&output.column.name));
            changed = true;
        }
        Ok(match changed {
            true => self.computed(table, outputs),
            false => table,
        })
    }

    fn join_kind(&mut self, kind: Option<&Name>, lookup: bool) -> Outcome<JoinKind> {
        let Some(name) = kind else {
            return Ok(match lookup {
                true => JoinKind::LeftOuter,
                false => JoinKind::InnerUnique,
            });
        };
        let found = JOIN_KINDS.iter().find(|(word, _)| *word == &*name.text);
        match found {
            Some((_, kind @ (JoinKind::Inner | JoinKind::LeftOuter))) => Ok(*kind),
            Some((_, kind)) if !lookup => Ok(*kind),
            _ => {
                let what = if lookup { "lookup" } else { "join" };
                let words = JOIN_KINDS.iter().map(|(word, _)| *word);
                let fault = Fault::new(
                    name.span,
                    format!("there is no kind {} of {what}", name.text),
                );
                let fault = match lookup {
                    true => fault.expecting(vec!["leftouter".to_owned(), "inner".to_owned()]),
                    false => fault
                        .expecting(words.clone().map(str::to_owned).collect())
                        .near(&name.text, words),
                };
                self.fail(fault)
            }
        }
    }

    /// `Key`, `$left.a == $right.b`, or several with `and`.
    fn join_keys(
        &mut self,
        condition: &ast::Expr,
        left: &Table,
        right: &Table,
        keys: &mut Vec<(Arc<str>, Arc<str>)>,
    ) -> Outcome<()> {
        let side = |expr: &ast::Expr| match &expr.kind {
            ExprKind::Member(of, name) => match &of.kind {
                ExprKind::Name(side) if &**side == "$left" => Some((true, name.clone())),
                ExprKind::Name(side) if &**side == "$right" => Some((false, name.clone())),
                _ => None,
            },
            _ => None,
        };
        let (l, r) = match &condition.kind {
            ExprKind::And(terms) => {
                for term in terms {
                    self.join_keys(term, left, right, keys)?;
                }
                return Ok(());
            }
            ExprKind::Name(text) => {
                let name = Name {
                    text: Arc::clone(text),
                    span: condition.span,
                };
                (name.clone(), name)
            }
            ExprKind::Binary(Binary::Equal, a, b) => match (side(a), side(b)) {
                (Some((true, l)), Some((false, r))) | (Some((false, r)), Some((true, l))) => (l, r),
                _ => return self.no_join_key(condition.span),
            },
            _ => return self.no_join_key(condition.span),
        };
        let l_column = self.column(&l.text, l.span, left);
        let r_column = self.column(&r.text, r.span, right);
        let (l_column, r_column) = (l_column?, r_column?);
        if l_column.kind != r_column.kind {
            let message = format!(
                "the keys of a join have one type, but {} is {} and {} is {}",
                l.text, l_column.kind, r.text, r_column.kind
            );
            return self.fail(Fault::new(condition.span, message));
        }
        if l_column.kind == ColumnType::Dynamic {
            return self.dynamic_key("join on", condition.span);
        }
        keys.push((l_column.name, r_column.name));
        Ok(())
    }

    fn no_join_key<T>(&mut self, span: Span) -> Outcome<T> {
        let fault = Fault::new(span, "this is no key of a join");
        self.fail(fault.expecting(vec![
            "a column of both tables".to_owned(),
            "$left.a == $right.b".to_owned(),
        ]))
    }

    #[expect(clippy::too_many_arguments)]
    fn union(
        &mut self,
        input: Option<Table>,
        inner: bool,
        source_column: Option<&Name>,
        fuzzy: bool,
        tables: &[UnionTable],
        operator: &Operator,
        scope: &Scope,
    ) -> Outcome<Table> {
        let mut legs: Vec<Table> = input.into_iter().collect();
        let mut failed = legs.iter().any(|leg| !leg.complete);
        for table in tables {
            match table {
                UnionTable::Wildcard(pattern) => {
                    let mut names = self.catalog.tables();
                    names.retain(|name| like(name, &pattern.text));
                    names.sort();
                    if names.is_empty() && !fuzzy {
                        let message = format!("no table is called like {}", pattern.text);
                        return self.fail(Fault::new(pattern.span, message));
                    }
                    for name in names {
                        legs.push(self.scan(&name, pattern.span)?);
                    }
                }
                UnionTable::Pipeline(pipeline) => {
                    if fuzzy && self.misses_table(pipeline, scope) {
                        continue;
                    }
                    match self.pipeline(pipeline, scope, false) {
                        Ok(leg) => legs.push(leg),
                        Err(Failed) => failed = true,
                    }
                }
            }
        }
        if failed {
            return Err(Failed);
        }
        if legs.is_empty() {
            let message = "none of the tables exists";
            return self.fail(Fault::new(operator.keyword, message));
        }
        let columns = united(&legs, inner);
        self.spend(columns.len().saturating_mul(legs.len()), operator.keyword)?;
        self.operators += legs.len() - 1;
        let mut all = Vec::new();
        if let Some(name) = source_column {
            if columns.iter().any(|(column, _)| column.name == name.text) {
                return self.taken(&name.text, name.span);
            }
            all.push(Column {
                name: Arc::clone(&name.text),
                kind: ColumnType::String,
            });
        }
        all.extend(columns.iter().map(|(column, _)| column.clone()));
        let mut heads = Vec::new();
        let mut rels = Vec::with_capacity(legs.len());
        for (number, leg) in legs.into_iter().enumerate() {
            let mut outputs = Vec::with_capacity(all.len());
            if let Some(name) = source_column {
                let source = match &leg.name {
                    Some(name) => name.to_string(),
                    None => format!("union_arg{number}"),
                };
                let typed = Typed::literal(&Value::String(source), name.span);
                outputs.push(output(&mut Vec::new(), Arc::clone(&name.text), typed));
            }
            for (column, origin) in &columns {
                let found = leg
                    .columns
                    .iter()
                    .find(|c| c.name == *origin && c.kind == column.kind);
                let typed = match found {
                    Some(found) => column_of(found, operator.keyword),
                    None => Typed::literal(&Value::Null(column.kind), operator.keyword),
                };
                let typed = Typed {
                    kind: column.kind,
                    ..typed
                };
                outputs.push(output(&mut Vec::new(), Arc::clone(&column.name), typed));
            }
            heads.extend(&leg.heads);
            rels.push(Rel::Project(Box::new(leg.rel), outputs));
        }
        let timed = columns
            .iter()
            .any(|(column, origin)| &*column.name == TIME && &**origin == TIME);
        Ok(Table {
            rel: Rel::Union(rels),
            columns: all,
            complete: true,
            heads: if timed { heads } else { Vec::new() },
            name: None,
        })
    }

    /// Whether a pipeline starts at a table that does not exist.
    fn misses_table(&self, pipeline: &Pipeline, scope: &Scope) -> bool {
        match &pipeline.source {
            Source::Expr(ast::Expr {
                kind: ExprKind::Name(name),
                ..
            }) => !scope.contains_key(name) && self.catalog.columns(name).is_none(),
            Source::Expr(ast::Expr {
                kind: ExprKind::Pipeline(inner),
                ..
            }) => self.misses_table(inner, scope),
            _ => false,
        }
    }

    fn print(&mut self, values: &[Named], scope: &Scope) -> Outcome<Table> {
        let nothing = Table {
            rel: Rel::One,
            columns: Vec::new(),
            complete: true,
            heads: Vec::new(),
            name: None,
        };
        let mut columns = Vec::new();
        let mut outputs = Vec::with_capacity(values.len());
        let mut failed = false;
        for (at, named) in values.iter().enumerate() {
            let typed = self.scalar(&named.expr, &mut Row::of(scope, &nothing));
            let name = match self.single_name(named)? {
                Some(name) if columns.iter().any(|c: &Column| c.name == name.text) => {
                    return self.taken(&name.text, name.span);
                }
                Some(name) => Arc::clone(&name.text),
                None => names::free(&format!("print_{at}"), &columns),
            };
            match typed {
                Ok(typed) => outputs.push(output(&mut columns, name, typed)),
                Err(Failed) => failed = true,
            }
        }
        match failed {
            true => Err(Failed),
            false => Ok(self.computed(nothing, outputs)),
        }
    }

    fn range(
        &mut self,
        name: &Name,
        from: &ast::Expr,
        to: &ast::Expr,
        step: &ast::Expr,
        scope: &Scope,
    ) -> Outcome<Table> {
        let from = self.constant(from, scope);
        let to = self.constant(to, scope);
        let step = self.constant(step, scope);
        let (from, to, step) = (from?, to?, step?);
        use ColumnType as C;
        let kind = match (from.kind, to.kind, step.kind) {
            (C::Datetime, C::Datetime, C::Timespan) => C::Datetime,
            (C::Timespan, C::Timespan, C::Timespan) => C::Timespan,
            _ => {
                let all = [&from, &to, &step];
                match self.checked(functions::common_type(all.into_iter(), "range"))? {
                    Some(C::Int | C::Long) => C::Long,
                    Some(C::Real) => C::Real,
                    _ => {
                        let message = "a range is of numbers or of times";
                        return self.fail(Fault::new(from.span.to(to.span), message));
                    }
                }
            }
        };
        let values = match kind {
            C::Real => {
                let number = |typed: Typed| match typed.cast(C::Real).constant() {
                    Some(ScalarValue::Float64(x)) => *x,
                    _ => None,
                };
                let span = step.span;
                match (number(from), number(to), number(step)) {
                    (Some(from), Some(to), Some(step)) if step != 0.0 && step.is_finite() => {
                        // An end that is no number has no rows: `max` takes the other.
                        let count = (((to - from) / step).floor() + 1.0).max(0.0);
                        if count > MOST_ROWS as f64 {
                            return self.too_long(span);
                        }
                        (0..count as usize)
                            .map(|at| scalar(&Value::Real(from + at as f64 * step)))
                            .collect()
                    }
                    _ => return self.no_step(span),
                }
            }
            _ => {
                let number = |typed: &Typed| match typed.constant() {
                    Some(
                        ScalarValue::TimestampMicrosecond(n, _)
                        | ScalarValue::DurationMicrosecond(n),
                    ) => *n,
                    _ => typed.whole(),
                };
                match (number(&from), number(&to), number(&step)) {
                    (Some(from), Some(to), Some(by)) if by != 0 => {
                        let count = (i128::from(to) - i128::from(from)) / i128::from(by) + 1;
                        let signs = (to >= from) == (by > 0) || to == from;
                        let count = if signs {
                            usize::try_from(count).unwrap_or(0)
                        } else {
                            0
                        };
                        if count > MOST_ROWS {
                            return self.too_long(step.span);
                        }
                        (0..count)
                            .map(|at| from + at as i64 * by)
                            .map(|n| match kind {
                                C::Datetime => Value::Datetime(n.clamp(DATETIME_MIN, DATETIME_MAX)),
                                C::Timespan => Value::Timespan(n),
                                _ => Value::Long(n),
                            })
                            .map(|value| scalar(&value))
                            .collect()
                    }
                    _ => return self.no_step(step.span),
                }
            }
        };
        let columns = vec![Column {
            name: Arc::clone(&name.text),
            kind,
        }];
        Ok(rows(columns, vec![values]))
    }

    fn too_long<T>(&mut self, span: Span) -> Outcome<T> {
        let message = format!("the range has more than {MOST_ROWS} values");
        self.fail(Fault::new(span, message))
    }

    fn no_step<T>(&mut self, span: Span) -> Outcome<T> {
        self.fail(Fault::new(
            span,
            "a range needs ends, and a step that is not zero",
        ))
    }

    fn datatable(
        &mut self,
        named: &[(Name, ColumnType)],
        list: &[ast::Expr],
        scope: &Scope,
        operator: &Operator,
    ) -> Outcome<Table> {
        let mut columns: Vec<Column> = Vec::with_capacity(named.len());
        for (name, kind) in named {
            if columns.iter().any(|column| column.name == name.text) {
                return self.taken(&name.text, name.span);
            }
            columns.push(Column {
                name: Arc::clone(&name.text),
                kind: *kind,
            });
        }
        if !list.len().is_multiple_of(columns.len()) {
            let message = format!(
                "{} values do not fill rows of {} columns",
                list.len(),
                columns.len()
            );
            return self.fail(Fault::new(operator.span, message));
        }
        let mut values: Vec<Vec<ScalarValue>> = vec![Vec::new(); columns.len()];
        for (at, expr) in list.iter().enumerate() {
            let column = at % columns.len();
            let kind = columns[column].kind;
            let typed = self.constant(expr, scope)?;
            let null = typed.constant().is_some_and(ScalarValue::is_null);
            let typed = match null {
                true => Typed::literal(&Value::Null(kind), typed.span),
                false => {
                    let typed = self.checked(functions::to_kind(typed, kind))?;
                    self.known(typed)?
                }
            };
            values[column].extend(typed.constant().cloned());
        }
        Ok(rows(columns, values))
    }

    /// A constant, worked out.
    fn known(&mut self, typed: Typed) -> Outcome<Typed> {
        if typed.constant().is_some() {
            return Ok(typed);
        }
        let span = typed.span;
        match super::evaluate(typed.expr) {
            Ok(value) => Ok(Typed::new(
                datafusion::logical_expr::lit(value),
                typed.kind,
                span,
            )),
            Err(_) => self.fail(Fault::new(span, "this has to be a constant")),
        }
    }

    /// One row for each item of arrays.
    fn expand(
        &mut self,
        list: &[(Named, Option<ColumnType>)],
        limit: Option<&ast::Expr>,
        input: Table,
        scope: &Scope,
    ) -> Outcome<Table> {
        let limit = match limit {
            Some(limit) => Some(self.row_count(limit, scope)?),
            None => None,
        };
        let complete = input.complete;
        let named: Vec<Named> = list.iter().map(|(named, _)| named.clone()).collect();
        let mut expanded = Vec::with_capacity(list.len());
        let mut kinds = Vec::new();
        for (named, kind) in list {
            let name = match named.names.as_slice() {
                [name] => Some(name.text.to_string()),
                _ => names::of(&named.expr),
            };
            let name: Arc<str> = name.unwrap_or_else(|| "Column1".to_owned()).into();
            kinds.push((Arc::clone(&name), *kind));
            expanded.push(name);
        }
        let given: Vec<Named> = named
            .into_iter()
            .zip(&expanded)
            .map(|(named, name)| Named {
                names: vec![Name {
                    text: Arc::clone(name),
                    span: named.expr.span,
                }],
                expr: named.expr,
            })
            .collect();
        let table = self.extend(&given, input, scope)?;
        for (at, name) in expanded.iter().enumerate() {
            let column = self.column(name, given[at].expr.span, &table)?;
            if column.kind != ColumnType::Dynamic {
                let message = format!("mv-expand takes arrays: dynamic, not {}", column.kind);
                return self.fail(Fault::new(given[at].expr.span, message));
            }
        }
        // Each becomes the JSON of its items side by side; the planner takes the items apart.
        let mut outputs = passed(&table.columns);
        for output in &mut outputs {
            if expanded.contains(&output.column.name) {
                let typed = column_of(&output.column, Span::default());
                output.expr = functions::items(typed, limit);
            }
        }
        let prepared = self.computed(table, outputs);
        let mut table = Table {
            rel: Rel::Expand(Box::new(prepared.rel), expanded),
            complete,
            ..prepared
        };
        if kinds.iter().any(|(_, kind)| kind.is_some()) {
            let mut outputs = passed(&table.columns);
            for output in &mut outputs {
                let wanted = kinds.iter().find(|(name, _)| *name == output.column.name);
                if let Some((_, Some(kind))) = wanted {
                    let typed = column_of(&output.column, Span::default());
                    let typed = self.checked(functions::to_kind(typed, *kind))?;
                    output.column.kind = *kind;
                    output.expr = typed.expr;
                }
            }
            table = self.computed(table, outputs);
        }
        Ok(table)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JoinKind {
    InnerUnique,
    Inner,
    LeftOuter,
    RightOuter,
    FullOuter,
    LeftSemi,
    LeftAnti,
    RightSemi,
    RightAnti,
}

const JOIN_KINDS: [(&str, JoinKind); 13] = [
    ("innerunique", JoinKind::InnerUnique),
    ("inner", JoinKind::Inner),
    ("leftouter", JoinKind::LeftOuter),
    ("rightouter", JoinKind::RightOuter),
    ("fullouter", JoinKind::FullOuter),
    ("leftsemi", JoinKind::LeftSemi),
    ("leftanti", JoinKind::LeftAnti),
    ("rightsemi", JoinKind::RightSemi),
    ("rightanti", JoinKind::RightAnti),
    ("anti", JoinKind::LeftAnti),
    ("leftantisemi", JoinKind::LeftAnti),
    ("rightantisemi", JoinKind::RightAnti),
    ("semi", JoinKind::LeftSemi),
];

impl JoinKind {
    /// The right-handed kinds have their sides swapped by now.
    fn engine(self) -> JoinType {
        match self {
            JoinKind::InnerUnique | JoinKind::Inner => JoinType::Inner,
            JoinKind::LeftOuter => JoinType::Left,
            JoinKind::RightOuter => JoinType::Right,
            JoinKind::FullOuter => JoinType::Full,
            JoinKind::LeftSemi | JoinKind::RightSemi => JoinType::LeftSemi,
            JoinKind::LeftAnti | JoinKind::RightAnti => JoinType::LeftAnti,
        }
    }
}

/// A computed column, noted among the columns.
fn output(columns: &mut Vec<Column>, name: Arc<str>, typed: Typed) -> Output {
    let column = Column {
        name,
        kind: typed.kind,
    };
    columns.push(column.clone());
    Output {
        expr: typed.expr,
        column,
    }
}

/// Columns as they are.
fn passed(columns: &[Column]) -> Vec<Output> {
    columns
        .iter()
        .map(|column| Output {
            expr: ident(&*column.name),
            column: column.clone(),
        })
        .collect()
}

fn rows(columns: Vec<Column>, values: Vec<Vec<ScalarValue>>) -> Table {
    Table {
        rel: Rel::Rows {
            columns: columns.clone(),
            values,
        },
        columns,
        complete: true,
        heads: Vec::new(),
        name: None,
    }
}

fn count(input: Table, name: Option<&Name>) -> Table {
    let name: Arc<str> = name.map_or("Count".into(), |name| Arc::clone(&name.text));
    let one = datafusion::functions_aggregate::count::count_udaf()
        .call(vec![datafusion::logical_expr::lit(1i64)]);
    let column = Column {
        name,
        kind: ColumnType::Long,
    };
    let rel = Rel::Aggregate {
        input: Box::new(input.rel),
        keys: Vec::new(),
        aggregates: vec![one],
    };
    let outputs = vec![Output {
        expr: ident(super::aggregate_name(0)),
        column: column.clone(),
    }];
    Table {
        rel: Rel::Project(Box::new(rel), outputs),
        columns: vec![column],
        complete: input.complete,
        heads: Vec::new(),
        name: None,
    }
}

/// The columns of a union by name, and the name each has in the tables. Where tables give a name different
/// types, each type has a column.
fn united(legs: &[Table], inner: bool) -> Vec<(Column, Arc<str>)> {
    let mut columns: Vec<(Arc<str>, Vec<ColumnType>)> = Vec::new();
    for leg in legs {
        for column in &leg.columns {
            match columns.iter_mut().find(|(name, _)| *name == column.name) {
                Some((_, kinds)) if kinds.contains(&column.kind) => {}
                Some((_, kinds)) => kinds.push(column.kind),
                None => columns.push((Arc::clone(&column.name), vec![column.kind])),
            }
        }
    }
    let in_every = |name: &Arc<str>, kind: ColumnType| {
        legs.iter().all(|leg| {
            leg.columns
                .iter()
                .any(|c| c.name == *name && c.kind == kind)
        })
    };
    let mut united: Vec<(Column, Arc<str>)> = Vec::new();
    for (name, kinds) in columns {
        let alone = kinds.len() == 1;
        for kind in kinds {
            if inner && !in_every(&name, kind) {
                continue;
            }
            let called: Arc<str> = match alone {
                true => Arc::clone(&name),
                false => format!("{name}_{kind}").into(),
            };
            let taken: Vec<Column> = united.iter().map(|(column, _)| column.clone()).collect();
            let column = Column {
                name: names::free(&called, &taken),
                kind,
            };
            united.push((column, Arc::clone(&name)));
        }
    }
    united
}

/// The columns of a table as rows.
fn schema_of(input: &Table) -> Table {
    let text = |text: &str| scalar(&Value::String(text.to_owned()));
    let net = |kind: ColumnType| match kind {
        ColumnType::Bool => "System.SByte",
        ColumnType::Int => "System.Int32",
        ColumnType::Long => "System.Int64",
        ColumnType::Real => "System.Double",
        ColumnType::String => "System.String",
        ColumnType::Datetime => "System.DateTime",
        ColumnType::Timespan => "System.TimeSpan",
        ColumnType::Guid => "System.Guid",
        ColumnType::Dynamic => "System.Object",
    };
    let columns = [
        ("ColumnName", ColumnType::String),
        ("ColumnOrdinal", ColumnType::Long),
        ("DataType", ColumnType::String),
        ("ColumnType", ColumnType::String),
    ];
    let columns = columns.map(|(name, kind)| Column::new(name, kind)).to_vec();
    let values = vec![
        input.columns.iter().map(|c| text(&c.name)).collect(),
        (0..input.columns.len())
            .map(|at| scalar(&Value::Long(at as i64)))
            .collect(),
        input.columns.iter().map(|c| text(net(c.kind))).collect(),
        input.columns.iter().map(|c| text(c.kind.word())).collect(),
    ];
    rows(columns, values)
}

/// Whether a name fits a pattern with stars.
pub(super) fn like(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

/// A column that an expression over aggregates names outside of them.
fn loose_column(expr: &Expr) -> Option<String> {
    let columns = expr.column_refs();
    let mut loose: Vec<&str> = columns
        .iter()
        .map(|column| column.name.as_str())
        .filter(|name| !name.starts_with('\u{1}'))
        .collect();
    loose.sort_unstable();
    loose.first().map(|name| (*name).to_owned())
}

/// `percentile_DurationMs_95`
fn percentile_name(expr: &ast::Expr) -> Option<String> {
    let ExprKind::Call(name, args) = &expr.kind else {
        return None;
    };
    let [value, rank] = args.as_slice() else {
        return None;
    };
    let ExprKind::Literal(rank) = &rank.kind else {
        return None;
    };
    if &*name.text != "percentile" {
        return None;
    }
    let typed = Typed::literal(rank, Span::default());
    let (_, label) = aggregates::rank(&typed).ok()?;
    Some(format!(
        "percentile_{}_{label}",
        names::of(value).unwrap_or_default()
    ))
}
