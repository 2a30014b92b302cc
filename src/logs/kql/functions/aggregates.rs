//! The aggregates of the language, one line each, with signatures as in the table of functions.

use datafusion::common::ScalarValue;
use datafusion::functions::expr_fn as df;
use datafusion::functions_aggregate as engine;
use datafusion::logical_expr::expr::{AggregateFunction, Sort};
use datafusion::logical_expr::{AggregateUDF, Expr, cast, lit};

use super::kernel::{self, Kernel};
use super::{Kind, Naming, Signature, coerce, json, signature, to_dynamic};
use crate::engine::ingestion::schema::ColumnType;
use crate::logs::kql::error::Fault;
use crate::logs::kql::literal::Value;
use crate::logs::kql::span::Span;
use crate::logs::kql::types::{Typed, arrow_type, is_number, scalar};
use std::sync::Arc;

/// Takes an aggregate of the query engine, gives the column that will hold it.
pub type Collect<'a> = &'a mut dyn FnMut(Expr) -> Expr;

type Lower = fn(&Call, Collect<'_>) -> Result<Typed, Fault>;

/// What comes out of an aggregate.
#[derive(Clone, Copy)]
pub enum Shape {
    /// One value. The aggregate's condition is the parameter called `condition`.
    One(Lower),
    /// `arg_max` (true) or `arg_min`: a value and columns of its row.
    Extreme(bool),
    /// `take_any`: columns of some row.
    Any,
    /// `percentiles`: one value each.
    Percentiles,
}

pub struct Aggregate {
    pub name: &'static str,
    pub signature: &'static str,
    /// What stands before the argument's name in the name of the column.
    pub prefix: &'static str,
    pub doc: &'static str,
    pub shape: Shape,
}

pub struct Call {
    args: Vec<Typed>,
    condition: Option<Expr>,
    span: Span,
}

impl Call {
    fn value(&self) -> Typed {
        self.args
            .first()
            .cloned()
            .unwrap_or_else(|| Typed::literal(&Value::Long(1), self.span))
    }

    fn of(&self, function: Arc<AggregateUDF>, arg: Expr) -> Expr {
        aggregate(
            function,
            vec![arg],
            false,
            self.condition.clone(),
            Vec::new(),
        )
    }
}

const fn one(
    name: &'static str,
    signature: &'static str,
    prefix: &'static str,
    lower: Lower,
    doc: &'static str,
) -> Aggregate {
    Aggregate {
        name,
        signature,
        prefix,
        doc,
        shape: Shape::One(lower),
    }
}

const fn many(
    name: &'static str,
    signature: &'static str,
    prefix: &'static str,
    shape: Shape,
    doc: &'static str,
) -> Aggregate {
    Aggregate {
        name,
        signature,
        prefix,
        doc,
        shape,
    }
}

#[rustfmt::skip]
pub static AGGREGATES: &[Aggregate] = &[
    one("count", "() long", "count", count, "How many rows"),
    one("countif", "(condition: bool) long", "countif", count, "How many rows for which it is true"),
    one("sum", "(value: any) long", "sum", sum, "The sum"),
    one("sumif", "(value: any, condition: bool) long", "sumif", sum, "The sum where it is true"),
    one("avg", "(value: any) real", "avg", avg, "The mean"),
    one("avgif", "(value: any, condition: bool) real", "avgif", avg, "The mean where it is true"),
    one("min", "(value: any) T", "min", min, "The least value"),
    one("minif", "(value: any, condition: bool) T", "minif", min, "The least value where it is true"),
    one("max", "(value: any) T", "max", max, "The greatest value"),
    one("maxif", "(value: any, condition: bool) T", "maxif", max, "The greatest value where it is true"),
    one("dcount", "(value: any, accuracy: long?) long", "dcount", dcount, "About how many different values"),
    one("dcountif", "(value: any, condition: bool, accuracy: long?) long", "dcountif", dcount, "About how many different values where it is true"),
    one("count_distinct", "(value: any) long", "count_distinct", count_distinct, "How many different values, exactly"),
    one("count_distinctif", "(value: any, condition: bool) long", "count_distinctif", count_distinct, "How many different values where it is true, exactly"),
    one("percentile", "(value: any, percentile: real) T", "percentile", percentile, "About the value below which so many per cent lie"),
    many("percentiles", "(value: any, percentile: real...) T", "percentile", Shape::Percentiles, "Several percentiles, a column each"),
    many("arg_max", "(value: any, column: any...) T", "", Shape::Extreme(true), "The greatest value and columns of its row"),
    many("arg_min", "(value: any, column: any...) T", "", Shape::Extreme(false), "The least value and columns of its row"),
    many("take_any", "(column: any...) T", "", Shape::Any, "Columns of some row"),
    many("any", "(column: any...) T", "any", Shape::Any, "Columns of some row"),
    one("take_anyif", "(value: any, condition: bool) T", "", take_any, "A value of some row where it is true"),
    one("make_list", "(value: any, most: long?) dynamic", "list", make_list, "An array of the values"),
    one("make_list_if", "(value: any, condition: bool, most: long?) dynamic", "list", make_list, "An array of the values where it is true"),
    one("make_set", "(value: any, most: long?) dynamic", "set", make_set, "An array of the different values"),
    one("make_set_if", "(value: any, condition: bool, most: long?) dynamic", "set", make_set, "An array of the different values where it is true"),
    one("stdev", "(value: real) real", "stdev", |c, to| spread(c, to, engine::stddev::stddev_udaf()), "The standard deviation of a sample"),
    one("stdevif", "(value: real, condition: bool) real", "stdevif", |c, to| spread(c, to, engine::stddev::stddev_udaf()), "The standard deviation where it is true"),
    one("stdevp", "(value: real) real", "stdevp", |c, to| spread(c, to, engine::stddev::stddev_pop_udaf()), "The standard deviation of all"),
    one("variance", "(value: real) real", "variance", |c, to| spread(c, to, engine::variance::var_samp_udaf()), "The variance of a sample"),
    one("varianceif", "(value: real, condition: bool) real", "varianceif", |c, to| spread(c, to, engine::variance::var_samp_udaf()), "The variance where it is true"),
    one("variancep", "(value: real) real", "variancep", |c, to| spread(c, to, engine::variance::var_pop_udaf()), "The variance of all"),
];

pub fn find(name: &str) -> Option<&'static Aggregate> {
    AGGREGATES.iter().find(|aggregate| aggregate.name == name)
}

/// How the aggregate's column is called after its first argument's name.
pub fn naming(aggregate: &Aggregate) -> Naming {
    if aggregate.prefix.is_empty() {
        Naming::First
    } else {
        Naming::Prefix
    }
}

/// Checks the number of arguments.
pub(in crate::logs::kql) fn check(
    aggregate: &Aggregate,
    given: usize,
    span: Span,
) -> Result<(), Fault> {
    let Some(Signature { parameters, .. }) = signature(aggregate.signature) else {
        return Ok(());
    };
    let least = parameters.iter().filter(|p| !p.optional).count();
    let repeated = parameters.last().is_some_and(|last| last.repeated);
    let extreme = matches!(aggregate.shape, Shape::Extreme(_));
    let fits = if repeated {
        given >= if extreme { 1 } else { least }
    } else {
        (least..=parameters.len()).contains(&given)
    };
    if fits {
        return Ok(());
    }
    let message = format!(
        "{} takes {}{}, not {given} arguments",
        aggregate.name, aggregate.name, aggregate.signature
    );
    Err(Fault::new(span, message))
}

/// One value of an aggregate with one.
pub(in crate::logs::kql) fn bind(
    aggregate: &Aggregate,
    lower: Lower,
    args: Vec<Typed>,
    span: Span,
    collect: Collect<'_>,
) -> Result<Typed, Fault> {
    let parameters = signature(aggregate.signature)
        .map(|signature| signature.parameters)
        .unwrap_or_default();
    let (mut values, mut condition) = (Vec::new(), None);
    for (arg, parameter) in args.into_iter().zip(&parameters) {
        let arg = match parameter.kind {
            Kind::Any => arg,
            _ => coerce(arg, parameter, None, aggregate.name)?,
        };
        if parameter.name == "condition" {
            condition = Some(arg.expr);
        } else {
            values.push(arg);
        }
    }
    let call = Call {
        args: values,
        condition,
        span,
    };
    let mut typed = lower(&call, collect)?;
    typed.span = span;
    Ok(typed)
}

/// A value of a row in which another is greatest (or least), or of any row without one.
pub(in crate::logs::kql) fn of_row(
    value: &Typed,
    order: Option<(&Typed, bool)>,
    collect: Collect<'_>,
) -> Typed {
    let order = order
        .map(|(by, greatest)| Sort::new(by.expr.clone(), !greatest, false))
        .into_iter()
        .collect();
    let first = engine::first_last::first_value_udaf();
    let column = collect(aggregate(
        first,
        vec![value.expr.clone()],
        false,
        None,
        order,
    ));
    never_null(Typed::new(column, value.kind, value.span))
}

/// The greatest (or least) value itself.
pub(in crate::logs::kql) fn extreme(value: &Typed, greatest: bool, collect: Collect<'_>) -> Typed {
    let function = if greatest {
        engine::min_max::max_udaf()
    } else {
        engine::min_max::min_udaf()
    };
    let column = collect(aggregate(
        function,
        vec![value.expr.clone()],
        false,
        None,
        Vec::new(),
    ));
    never_null(Typed::new(column, value.kind, value.span))
}

/// A percentile from 0 to 100, and how it is called in the name of a column.
pub(in crate::logs::kql) fn rank(percentile: &Typed) -> Result<(f64, String), Fault> {
    let number = match percentile.constant() {
        Some(ScalarValue::Float64(Some(x))) => Some(*x),
        _ => percentile.whole().map(|n| n as f64),
    };
    match number.filter(|x| (0.0..=100.0).contains(x)) {
        Some(number) => Ok((number, format!("{number}").replace('.', "_"))),
        None => Err(Fault::new(
            percentile.span,
            "a percentile is a constant from 0 to 100",
        )),
    }
}

fn aggregate(
    function: Arc<AggregateUDF>,
    args: Vec<Expr>,
    distinct: bool,
    condition: Option<Expr>,
    order: Vec<Sort>,
) -> Expr {
    let filter = condition.map(Box::new);
    Expr::AggregateFunction(AggregateFunction::new_udf(
        function, args, distinct, filter, order, None,
    ))
}

/// Strings are never null: an aggregate over no rows is empty.
fn never_null(typed: Typed) -> Typed {
    match typed.kind {
        ColumnType::String => or_else(typed, &Value::String(String::new())),
        _ => typed,
    }
}

fn or_else(typed: Typed, value: &Value) -> Typed {
    Typed {
        expr: df::coalesce(vec![typed.expr, lit(scalar(value))]),
        ..typed
    }
}

fn count(call: &Call, collect: Collect<'_>) -> Result<Typed, Fault> {
    let column = collect(call.of(engine::count::count_udaf(), lit(1i64)));
    Ok(Typed::new(column, ColumnType::Long, call.span))
}

/// A value as a number that can be summed, and the type of the sum.
fn summand(call: &Call) -> Result<(Expr, ColumnType), Fault> {
    let value = call.value();
    match value.kind {
        ColumnType::Int | ColumnType::Long | ColumnType::Bool => {
            Ok((value.cast(ColumnType::Long).expr, ColumnType::Long))
        }
        ColumnType::Real => Ok((value.expr, ColumnType::Real)),
        ColumnType::Timespan => Ok((
            cast(value.expr, arrow_type(ColumnType::Long)),
            ColumnType::Timespan,
        )),
        kind => Err(Fault::new(
            value.span,
            format!("only numbers and timespans can be summed, not {kind}"),
        )),
    }
}

fn sum(call: &Call, collect: Collect<'_>) -> Result<Typed, Fault> {
    let (value, kind) = summand(call)?;
    let column = collect(call.of(engine::sum::sum_udaf(), value));
    let zero = match kind {
        ColumnType::Real => Value::Real(0.0),
        _ => Value::Long(0),
    };
    let sum = or_else(Typed::new(column, zero.kind(), call.span), &zero);
    Ok(sum.cast(kind))
}

fn avg(call: &Call, collect: Collect<'_>) -> Result<Typed, Fault> {
    let value = call.value();
    let average = engine::average::avg_udaf();
    if matches!(value.kind, ColumnType::Datetime | ColumnType::Timespan) {
        let micros = cast(
            cast(value.expr, arrow_type(ColumnType::Long)),
            arrow_type(ColumnType::Real),
        );
        let column = collect(call.of(average, micros));
        let whole = cast(column, arrow_type(ColumnType::Long));
        let expr = cast(whole, arrow_type(value.kind));
        return Ok(Typed::new(expr, value.kind, call.span));
    }
    let (value, _) = summand(call)?;
    let column = collect(call.of(average, cast(value, arrow_type(ColumnType::Real))));
    let mean = Typed::new(column, ColumnType::Real, call.span);
    Ok(or_else(mean, &Value::Real(f64::NAN)))
}

fn min(call: &Call, collect: Collect<'_>) -> Result<Typed, Fault> {
    least_or_greatest(call, engine::min_max::min_udaf(), collect)
}

fn max(call: &Call, collect: Collect<'_>) -> Result<Typed, Fault> {
    least_or_greatest(call, engine::min_max::max_udaf(), collect)
}

fn least_or_greatest(
    call: &Call,
    function: Arc<AggregateUDF>,
    collect: Collect<'_>,
) -> Result<Typed, Fault> {
    let value = call.value();
    let column = collect(call.of(function, value.expr));
    Ok(never_null(Typed::new(column, value.kind, call.span)))
}

/// As a value that the engine's sketches take.
fn hashable(value: Typed) -> Expr {
    match value.kind {
        ColumnType::Bool | ColumnType::Datetime | ColumnType::Timespan => {
            cast(value.expr, arrow_type(ColumnType::Long))
        }
        ColumnType::Real => cast(value.expr, arrow_type(ColumnType::String)),
        _ => value.expr,
    }
}

fn dcount(call: &Call, collect: Collect<'_>) -> Result<Typed, Fault> {
    let function = engine::approx_distinct::approx_distinct_udaf();
    let column = collect(call.of(function, hashable(call.value())));
    let expr = cast(column, arrow_type(ColumnType::Long));
    Ok(Typed::new(expr, ColumnType::Long, call.span))
}

fn count_distinct(call: &Call, collect: Collect<'_>) -> Result<Typed, Fault> {
    let column = collect(aggregate(
        engine::count::count_udaf(),
        vec![call.value().expr],
        true,
        call.condition.clone(),
        Vec::new(),
    ));
    Ok(Typed::new(column, ColumnType::Long, call.span))
}

fn percentile(call: &Call, collect: Collect<'_>) -> Result<Typed, Fault> {
    let (value, Some(at)) = (call.value(), call.args.get(1)) else {
        return Err(Fault::new(call.span, "percentile wants a percentile"));
    };
    percentile_at(&value, at, collect)
}

/// About the value below which so many per cent of the others lie.
pub(in crate::logs::kql) fn percentile_at(
    value: &Typed,
    at: &Typed,
    collect: Collect<'_>,
) -> Result<Typed, Fault> {
    let (rank, _) = rank(at)?;
    let kind = match value.kind {
        ColumnType::Int => ColumnType::Long,
        kind if is_number(kind) => kind,
        kind @ (ColumnType::Datetime | ColumnType::Timespan) => kind,
        kind => {
            let message = format!("only numbers and times have percentiles, not {kind}");
            return Err(Fault::new(value.span, message));
        }
    };
    let (long, real) = (arrow_type(ColumnType::Long), arrow_type(ColumnType::Real));
    let number = match kind {
        ColumnType::Real => value.expr.clone(),
        ColumnType::Long => cast(value.expr.clone(), real),
        _ => cast(cast(value.expr.clone(), long.clone()), real),
    };
    let column = collect(engine::approx_percentile_cont::approx_percentile_cont(
        Sort::new(number, true, false),
        lit(rank / 100.0),
        None,
    ));
    let expr = match kind {
        ColumnType::Real => column,
        ColumnType::Long => cast(column, long),
        _ => cast(cast(column, long), arrow_type(kind)),
    };
    Ok(Typed::new(expr, kind, value.span))
}

fn take_any(call: &Call, collect: Collect<'_>) -> Result<Typed, Fault> {
    let value = call.value();
    let function = engine::first_last::first_value_udaf();
    let column = collect(call.of(function, value.expr));
    Ok(never_null(Typed::new(column, value.kind, call.span)))
}

fn spread(call: &Call, collect: Collect<'_>, function: Arc<AggregateUDF>) -> Result<Typed, Fault> {
    let column = collect(call.of(function, call.value().expr));
    let spread = Typed::new(column, ColumnType::Real, call.span);
    Ok(or_else(spread, &Value::Real(0.0)))
}

fn make_list(call: &Call, collect: Collect<'_>) -> Result<Typed, Fault> {
    Ok(array(call, false, collect))
}

/// In order, so that the same data give the same text.
fn make_set(call: &Call, collect: Collect<'_>) -> Result<Typed, Fault> {
    Ok(array(call, true, collect))
}

/// The JSON of each value, joined to an array.
fn array(call: &Call, distinct: bool, collect: Collect<'_>) -> Typed {
    let piece = to_dynamic(call.value()).expr;
    let column = collect(aggregate(
        engine::string_agg::string_agg_udaf(),
        vec![piece, lit(",")],
        distinct,
        call.condition.clone(),
        Vec::new(),
    ));
    let kind = ColumnType::Dynamic;
    let joined = df::coalesce(vec![
        cast(column, arrow_type(kind)),
        lit(scalar(&Value::String(String::new()))),
    ]);
    let most = call.args.get(1).map(|most| most.expr.clone());
    let most = most.unwrap_or_else(|| lit(1_048_576i64));
    let kernel = if distinct {
        Kernel::Text(json::sorted_array)
    } else {
        Kernel::Text(json::array_of_pieces)
    };
    let name = if distinct { "sorted_array" } else { "array" };
    let takes = vec![ColumnType::String, ColumnType::Long];
    let expr = kernel::call(name, kernel, takes, kind, vec![joined, most]);
    Typed::new(expr, kind, call.span)
}
