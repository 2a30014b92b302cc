//! The scalar functions of the language: one line each, with a signature that the binder checks, an editor
//! shows, and a test reads.
//!
//! A signature is `(name: type, name: type?, name: type...) type`: `?` may be left out, `...` once or more.
//! Types are those of the language, and:
//! `number` int, long or real · `text` anything, as a string · `any` anything · `T` all of one type.

pub mod aggregates;
mod json;
pub mod kernel;
mod text;
mod time;

use std::sync::LazyLock;

use datafusion::common::ScalarValue;
use datafusion::functions::expr_fn as df;
use datafusion::logical_expr::{Case, Expr, lit};

use super::ast::TextTest;
use super::error::Fault;
use super::literal;
use super::span::Span;
use super::types::{Typed, is_number, wider};
use crate::engine::ingestion::schema::ColumnType;
use kernel::{Kernel, Rows};

/// How a column without a name is called after the call that computes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// `Column1`
    None,
    /// As its first argument.
    First,
    /// `strlen_Message`
    Prefix,
}

type Lower = fn(&Call) -> Result<Expr, Fault>;

#[derive(Debug, Clone, Copy)]
enum Body {
    Row(Kernel),
    Expr(Lower),
    /// `bin`, whose second argument depends on the first.
    Bin,
}

pub struct Function {
    pub name: &'static str,
    pub signature: &'static str,
    pub doc: &'static str,
    pub naming: Naming,
    body: Body,
}

/// The arguments of a call, each of the type its parameter wants.
pub struct Call {
    pub(super) args: Vec<Typed>,
    /// Microseconds since 1970.
    pub now: i64,
    pub returns: ColumnType,
}

impl Call {
    fn arg(&self, at: usize) -> Expr {
        self.args
            .get(at)
            .map(|arg| arg.expr.clone())
            .unwrap_or_else(|| lit(true))
    }

    fn exprs(&self) -> Vec<Expr> {
        self.args.iter().map(|arg| arg.expr.clone()).collect()
    }
}

/// A type that a parameter wants or a call has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Of(ColumnType),
    Number,
    Text,
    Any,
    Common,
}

#[derive(Debug, Clone, PartialEq)]
struct Parameter {
    name: &'static str,
    kind: Kind,
    optional: bool,
    repeated: bool,
}

struct Signature {
    parameters: Vec<Parameter>,
    returns: Kind,
}

fn kind(word: &str) -> Option<Kind> {
    Some(match word {
        "number" => Kind::Number,
        "text" => Kind::Text,
        "any" => Kind::Any,
        "T" => Kind::Common,
        _ => Kind::Of(word.parse().ok()?),
    })
}

fn signature(text: &'static str) -> Option<Signature> {
    let (inside, returns) = text.strip_prefix('(')?.split_once(')')?;
    let parameters = inside
        .split(',')
        .filter(|parameter| !parameter.trim().is_empty())
        .map(|parameter| {
            let (name, word) = parameter.split_once(':')?;
            let word = word.trim();
            let bare = word.trim_end_matches(['?', '.']);
            Some(Parameter {
                name: name.trim(),
                kind: kind(bare)?,
                optional: word.ends_with('?'),
                repeated: word.ends_with("..."),
            })
        })
        .collect::<Option<_>>()?;
    Some(Signature {
        parameters,
        returns: kind(returns.trim())?,
    })
}

const fn row(
    name: &'static str,
    signature: &'static str,
    naming: Naming,
    kernel: Kernel,
    doc: &'static str,
) -> Function {
    Function {
        name,
        signature,
        doc,
        naming,
        body: Body::Row(kernel),
    }
}

const fn expr(
    name: &'static str,
    signature: &'static str,
    naming: Naming,
    lower: Lower,
    doc: &'static str,
) -> Function {
    Function {
        name,
        signature,
        doc,
        naming,
        body: Body::Expr(lower),
    }
}

const fn binned(name: &'static str, doc: &'static str) -> Function {
    Function {
        name,
        signature: "(value: any, size: any) T",
        doc,
        naming: Naming::First,
        body: Body::Bin,
    }
}

use Kernel::{Flag, Long, Real, Text};
use Naming::{First, None as Plain, Prefix};

/// A function of a real number.
const fn real(
    name: &'static str,
    run: fn(&Rows, usize) -> Option<f64>,
    doc: &'static str,
) -> Function {
    row(name, "(x: real) real", First, Real(run), doc)
}

macro_rules! of_x {
    ($f:expr) => {
        |rows, row| {
            let f: fn(f64) -> f64 = $f;
            rows.real(0, row).map(f)
        }
    };
}

/// Every scalar function but the few whose arguments are not values (`toscalar`, `materialize`,
/// `column_ifexists`, `gettype`), which the binder knows.
#[rustfmt::skip]
pub static FUNCTIONS: &[Function] = &[
    // Time.
    expr("now", "(offset: timespan?) datetime", Plain, now, "The present, or a time from it: now(-1h)"),
    expr("ago", "(span: timespan) datetime", Plain, ago, "A time before the present: ago(1d)"),
    binned("bin", "Rounds down to a multiple: bin(TimeGenerated, 5m)"),
    binned("floor", "The same as bin"),
    row("bin_at", "(at: datetime, size: timespan, fixed: datetime) datetime", First, Long(|r, i| {
        let (at, size, fixed) = (r.long(0, i)?, r.long(1, i)?, r.long(2, i)?);
        (size > 0).then(|| time::bin(at, size, fixed))
    }), "Rounds down to a multiple counted from a fixed time"),
    row("startofday", "(at: datetime, days: long?) datetime", First, Long(time::startofday), "Midnight of the day, some days later"),
    row("startofweek", "(at: datetime, weeks: long?) datetime", Plain, Long(time::startofweek), "The Sunday of the week, some weeks later"),
    row("startofmonth", "(at: datetime, months: long?) datetime", Plain, Long(time::startofmonth), "The first of the month, some months later"),
    row("startofyear", "(at: datetime, years: long?) datetime", Plain, Long(time::startofyear), "The first of January, some years later"),
    row("endofday", "(at: datetime, days: long?) datetime", Plain, Long(time::endofday), "The last moment of the day"),
    row("endofweek", "(at: datetime, weeks: long?) datetime", Plain, Long(time::endofweek), "The last moment of Saturday"),
    row("endofmonth", "(at: datetime, months: long?) datetime", Plain, Long(time::endofmonth), "The last moment of the month"),
    row("endofyear", "(at: datetime, years: long?) datetime", Plain, Long(time::endofyear), "The last moment of the year"),
    expr("datetime_diff", "(part: string, later: datetime, earlier: datetime) long", Plain, |c| part_of(c, "datetime_diff", Long(time::datetime_diff)), "Boundaries between: datetime_diff('day', a, b)"),
    expr("datetime_add", "(part: string, amount: long, at: datetime) datetime", Plain, |c| part_of(c, "datetime_add", Long(time::datetime_add)), "datetime_add('month', 1, at)"),
    row("datetime_part", "(part: string, at: datetime) int", Plain, Long(time::datetime_part), "One part of a time: datetime_part('hour', at)"),
    row("dayofweek", "(at: datetime) timespan", Plain, Long(time::dayofweek), "Days since Sunday"),
    row("dayofmonth", "(at: datetime) int", Plain, Long(time::dayofmonth), "1 to 31"),
    row("dayofyear", "(at: datetime) int", Plain, Long(time::dayofyear), "1 to 366"),
    row("hourofday", "(at: datetime) int", Plain, Long(time::hourofday), "0 to 23"),
    row("monthofyear", "(at: datetime) int", Plain, Long(time::monthofyear), "1 to 12"),
    row("getmonth", "(at: datetime) int", Plain, Long(time::monthofyear), "1 to 12"),
    row("getyear", "(at: datetime) int", Plain, Long(time::getyear), "The year"),
    row("week_of_year", "(at: datetime) int", Plain, Long(time::week_of_year), "The week by ISO 8601"),
    row("format_datetime", "(at: datetime, format: string) string", First, Text(time::format_datetime), "format_datetime(at, 'yyyy-MM-dd HH:mm')"),
    row("format_timespan", "(span: timespan, format: string) string", First, Text(time::format_timespan), "format_timespan(span, 'hh:mm:ss')"),
    row("make_datetime", "(year: long, month: long?, day: long?, hour: long?, minute: long?, second: real?) datetime", Plain, Long(time::make_datetime), "A time from its parts"),
    row("make_timespan", "(hours: long, minutes: long, seconds: real?) timespan", Plain, Long(|r, i| {
        let minutes = r.long(0, i)?.checked_mul(60)?.checked_add(r.long(1, i)?)?;
        minutes.checked_mul(literal::MINUTE)?.checked_add((r.real(2, i).unwrap_or(0.0) * 1e6) as i64)
    }), "A length of time from its parts"),
    row("unixtime_seconds_todatetime", "(seconds: real) datetime", Plain, Long(|r, i| r.real(0, i).map(|s| (s * 1e6) as i64)), "From seconds since 1970"),
    row("unixtime_milliseconds_todatetime", "(milliseconds: real) datetime", Plain, Long(|r, i| r.real(0, i).map(|s| (s * 1e3) as i64)), "From milliseconds since 1970"),
    row("unixtime_microseconds_todatetime", "(microseconds: long) datetime", Plain, Long(|r, i| r.long(0, i)), "From microseconds since 1970"),
    // Conversions.
    expr("tostring", "(value: text) string", First, |c| Ok(c.arg(0)), "As text"),
    expr("tolong", "(value: any) long", First, convert, "As a whole number of 64 bits"),
    expr("toint", "(value: any) int", First, convert, "As a whole number of 32 bits"),
    expr("toreal", "(value: any) real", First, convert, "As a real number"),
    expr("todouble", "(value: any) real", First, convert, "As a real number"),
    expr("todecimal", "(value: any) real", First, convert, "As a real number"),
    expr("tobool", "(value: any) bool", First, convert, "As true or false"),
    expr("toboolean", "(value: any) bool", First, convert, "As true or false"),
    expr("todatetime", "(value: any) datetime", First, convert, "As a time"),
    expr("totimespan", "(value: any) timespan", First, convert, "As a length of time"),
    expr("toguid", "(value: any) guid", First, convert, "As a GUID"),
    expr("todynamic", "(value: any) dynamic", First, parse_json, "Reads JSON"),
    expr("parse_json", "(value: any) dynamic", First, parse_json, "Reads JSON"),
    // Strings.
    expr("tolower", "(source: text) string", Plain, |c| Ok(df::lower(c.arg(0))), "In lower case"),
    expr("toupper", "(source: text) string", Plain, |c| Ok(df::upper(c.arg(0))), "In upper case"),
    row("strlen", "(source: string) long", Prefix, Long(|r, i| Some(r.text(0, i).chars().count() as i64)), "The number of characters"),
    row("strcat", "(value: text...) string", Plain, Text(text::strcat), "Joins text"),
    row("strcat_delim", "(delimiter: string, value: text...) string", Plain, Text(text::strcat_delim), "Joins text with something between"),
    row("strcat_array", "(array: dynamic, delimiter: string) string", Plain, Text(json::strcat_array), "Joins the items of an array"),
    row("substring", "(source: string, start: long, length: long?) string", Plain, Text(text::substring), "A part of a string, counted from 0"),
    row("split", "(source: text, delimiter: string, index: long?) dynamic", First, Text(json::split), "The pieces between delimiters"),
    row("replace_string", "(source: string, lookup: string, with: string) string", Plain, Text(text::replace_string), "Replaces every occurrence"),
    expr("replace_regex", "(source: string, lookup: string, with: string) string", Plain, replace_regex, "Replaces every match: \\1 is a group"),
    expr("trim", "(pattern: string, source: string) string", Plain, |c| trim(c, true, true), "Without what matches at either end"),
    expr("trim_start", "(pattern: string, source: string) string", Plain, |c| trim(c, true, false), "Without what matches at the start"),
    expr("trim_end", "(pattern: string, source: string) string", Plain, |c| trim(c, false, true), "Without what matches at the end"),
    row("indexof", "(source: text, lookup: text, start: long?, length: long?, occurrence: long?) long", Plain, Long(text::indexof), "Where it occurs, from 0; -1 if nowhere"),
    row("countof", "(source: text, lookup: string) long", Plain, Long(text::countof), "How often it occurs"),
    row("reverse", "(source: text) string", Plain, Text(|r, i, out| { out.extend(r.text(0, i).chars().rev()); true }), "Back to front"),
    expr("extract", "(pattern: string, group: long, source: string) string", Plain, extract, "A group of the first match"),
    row("hash_sha256", "(value: text) string", Plain, Text(text::sha256), "SHA-256 in hexadecimal"),
    row("base64_encode_tostring", "(value: string) string", Plain, Text(text::base64_encode), "As base64"),
    row("base64_decode_tostring", "(value: string) string", Plain, Text(text::base64_decode), "Out of base64"),
    // Nothing, and choices.
    expr("isempty", "(value: any) bool", Plain, |c| Ok(empty(c)), "Whether it is empty or null"),
    expr("isnotempty", "(value: any) bool", Plain, |c| Ok(!empty(c)), "Whether it is neither empty nor null"),
    expr("notempty", "(value: any) bool", Plain, |c| Ok(!empty(c)), "Whether it is neither empty nor null"),
    expr("isnull", "(value: any) bool", Plain, |c| Ok(null(c)), "Whether it is null; a string never is"),
    expr("isnotnull", "(value: any) bool", Plain, |c| Ok(!null(c)), "Whether it is not null"),
    expr("notnull", "(value: any) bool", Plain, |c| Ok(!null(c)), "Whether it is not null"),
    expr("not", "(value: bool) bool", Plain, |c| Ok(!c.arg(0)), "The contrary"),
    expr("coalesce", "(value: T, other: T...) T", Plain, coalesce, "The first that is not null or empty"),
    expr("max_of", "(value: T, other: T...) T", Plain, |c| Ok(datafusion::functions::core::expr_fn::greatest(c.exprs())), "The greatest of the arguments"),
    expr("min_of", "(value: T, other: T...) T", Plain, |c| Ok(datafusion::functions::core::expr_fn::least(c.exprs())), "The least of the arguments"),
    // Numbers.
    expr("abs", "(x: number) T", First, abs, "Without its sign"),
    row("round", "(x: real, digits: long?) real", First, Real(|r, i| {
        let by = 10f64.powi(r.long(1, i).unwrap_or(0).clamp(-300, 300) as i32);
        r.real(0, i).map(|x| (x * by).round() / by)
    }), "To the nearest, halves away from zero"),
    real("ceiling", of_x!(f64::ceil), "The next whole number above"),
    real("sqrt", of_x!(f64::sqrt), "The square root"),
    real("exp", of_x!(f64::exp), "e to the power of x"),
    real("exp2", of_x!(f64::exp2), "2 to the power of x"),
    real("exp10", of_x!(|x| 10f64.powf(x)), "10 to the power of x"),
    real("log", of_x!(f64::ln), "The natural logarithm"),
    real("log2", of_x!(f64::log2), "The logarithm of base 2"),
    real("log10", of_x!(f64::log10), "The logarithm of base 10"),
    row("pow", "(base: real, exponent: real) real", First, Real(|r, i| Some(r.real(0, i)?.powf(r.real(1, i)?))), "The base to the power of the exponent"),
    row("sign", "(x: real) real", Plain, Real(of_x!(|x| if x == 0.0 { 0.0 } else { x.signum() })), "-1, 0 or 1"),
    row("isnan", "(x: real) bool", Plain, Flag(|r, i| r.real(0, i).map(f64::is_nan)), "Whether it is not a number"),
    row("isinf", "(x: real) bool", Plain, Flag(|r, i| r.real(0, i).map(f64::is_infinite)), "Whether it is infinite"),
    row("isfinite", "(x: real) bool", Plain, Flag(|r, i| r.real(0, i).map(f64::is_finite)), "Whether it is an ordinary number"),
    // Dynamic values.
    row("array_length", "(array: dynamic) long", Plain, Long(json::array_length), "The number of items"),
    row("array_concat", "(array: dynamic...) dynamic", Plain, Text(json::array_concat), "Arrays one after the other"),
    row("array_slice", "(array: dynamic, start: long, end: long) dynamic", Plain, Text(json::array_slice), "Items from start to end"),
    row("array_index_of", "(array: dynamic, value: dynamic) long", Plain, Long(json::array_index_of), "Where the item is, or -1"),
    row("array_sort_asc", "(array: dynamic) dynamic", Plain, Text(json::array_sort_asc), "In ascending order"),
    row("array_sort_desc", "(array: dynamic) dynamic", Plain, Text(json::array_sort_desc), "In descending order"),
    row("set_has_element", "(array: dynamic, value: dynamic) bool", Plain, Flag(json::set_has_element), "Whether the item is in the array"),
    row("bag_keys", "(bag: dynamic) dynamic", Plain, Text(json::bag_keys), "The names of the members"),
    row("pack_array", "(value: dynamic...) dynamic", Plain, Text(json::pack_array), "An array of the arguments"),
    expr("bag_pack", "(key_or_value: any...) dynamic", Plain, bag_pack, "An object: bag_pack('key', value, …)"),
    expr("pack", "(key_or_value: any...) dynamic", Plain, bag_pack, "An object: pack('key', value, …)"),
];

/// Functions whose arguments the binder reads in its own way.
pub const SPECIAL: [(&str, &str); 8] = [
    (
        "iff",
        "(condition: bool, then: T, else: T) T · one or the other",
    ),
    (
        "iif",
        "(condition: bool, then: T, else: T) T · one or the other",
    ),
    (
        "case",
        "(condition: bool, then: T, …, else: T) T · the first that holds",
    ),
    ("toscalar", "(table) T · the first value of a table"),
    ("materialize", "(table) · the table"),
    (
        "column_ifexists",
        "(name: string, default: T) T · a column that may be missing",
    ),
    ("gettype", "(value: any) string · the name of its type"),
    ("table", "(name: string) · a table by name"),
];

static BY_NAME: LazyLock<std::collections::BTreeMap<&str, (&Function, Option<Signature>)>> =
    LazyLock::new(|| {
        FUNCTIONS
            .iter()
            .map(|function| (function.name, (function, signature(function.signature))))
            .collect()
    });

pub fn find(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).map(|(function, _)| *function)
}

/// What a function or aggregate does, in one line.
pub fn doc(name: &str) -> Option<&'static str> {
    let function = FUNCTIONS.iter().find(|f| f.name == name).map(|f| f.doc);
    let aggregate = || aggregates::AGGREGATES.iter().find(|a| a.name == name);
    function.or_else(|| aggregate().map(|a| a.doc))
}

/// Every name that can be called.
pub fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS
        .iter()
        .map(|function| function.name)
        .chain(SPECIAL.iter().map(|(name, _)| *name))
        .chain(
            aggregates::AGGREGATES
                .iter()
                .map(|aggregate| aggregate.name),
        )
}

pub fn known(name: &str) -> bool {
    find(name).is_some()
        || SPECIAL.iter().any(|(special, _)| *special == name)
        || aggregates::find(name).is_some()
}

/// Checks and converts the arguments, and gives the call's expression.
pub(super) fn bind(
    function: &'static Function,
    args: Vec<Typed>,
    now: i64,
    span: Span,
) -> Result<Typed, Fault> {
    let Some((_, Some(signature))) = BY_NAME.get(function.name) else {
        return Err(Fault::new(
            span,
            format!("{} has no signature", function.name),
        ));
    };
    let parameters = &signature.parameters;
    let least = parameters.iter().filter(|p| !p.optional).count();
    let most = match parameters.last() {
        Some(last) if last.repeated => usize::MAX,
        _ => parameters.len(),
    };
    if !(least..=most).contains(&args.len()) {
        let message = format!(
            "{} takes {}{}, not {} arguments",
            function.name,
            function.name,
            function.signature,
            args.len()
        );
        return Err(Fault::new(span, message));
    }
    let of = |at: usize| parameters.get(at).or(parameters.last());
    let common = common_type(
        args.iter()
            .enumerate()
            .filter(|(at, _)| of(*at).is_some_and(|p| p.kind == Kind::Common))
            .map(|(_, arg)| arg),
        function.name,
    )?;
    if let Body::Bin = function.body {
        let [value, size] = <[Typed; 2]>::try_from(args)
            .map_err(|_| Fault::new(span, "bin takes a value and a size"))?;
        return bin(function.name, value, size, span);
    }
    let args = args
        .into_iter()
        .enumerate()
        .map(|(at, arg)| match of(at) {
            Some(parameter) => coerce(arg, parameter, common, function.name),
            None => Ok(arg),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let returns = match signature.returns {
        Kind::Of(kind) => kind,
        _ => common
            .or(args.first().map(|arg| arg.kind))
            .unwrap_or(ColumnType::Dynamic),
    };
    let call = Call { args, now, returns };
    let expr = match function.body {
        Body::Row(kernel) => row_call(function.name, kernel, &call),
        Body::Expr(lower) => lower(&call)?,
        Body::Bin => call.arg(0),
    };
    Ok(Typed::new(expr, returns, span))
}

/// The type that all have, or that holds them all.
pub(super) fn common_type<'a>(
    mut args: impl Iterator<Item = &'a Typed>,
    what: &str,
) -> Result<Option<ColumnType>, Fault> {
    let Some(first) = args.next() else {
        return Ok(None);
    };
    args.try_fold(first.kind, |common, arg| {
        wider(common, arg.kind).ok_or_else(|| {
            let message = format!("{what} cannot mix {common} and {}", arg.kind);
            Fault::new(arg.span, message)
        })
    })
    .map(Some)
}

fn coerce(
    arg: Typed,
    parameter: &Parameter,
    common: Option<ColumnType>,
    function: &str,
) -> Result<Typed, Fault> {
    use ColumnType as C;
    let wrong = |arg: &Typed, wanted: &str| {
        let message = format!(
            "{function} wants {wanted} as {}, not {}",
            parameter.name, arg.kind
        );
        Err(Fault::new(arg.span, message))
    };
    match parameter.kind {
        Kind::Any => Ok(arg),
        Kind::Text => Ok(to_text(arg)),
        Kind::Common => Ok(match common {
            Some(common) => arg.cast(common),
            None => arg,
        }),
        Kind::Number if is_number(arg.kind) => Ok(arg),
        Kind::Number => wrong(&arg, "a number"),
        Kind::Of(C::String) if arg.kind == C::Dynamic => Ok(to_text(arg)),
        Kind::Of(C::Dynamic)
            if arg.kind != C::Dynamic && parameter.name != "array" && parameter.name != "bag" =>
        {
            Ok(to_dynamic(arg))
        }
        Kind::Of(C::Long) if arg.kind == C::Int => Ok(arg.cast(C::Long)),
        Kind::Of(C::Real) if is_number(arg.kind) => Ok(arg.cast(C::Real)),
        Kind::Of(wanted) if wanted == arg.kind => Ok(arg),
        Kind::Of(wanted) => wrong(&arg, wanted.word()),
    }
}

fn row_call(name: &str, kernel: Kernel, call: &Call) -> Expr {
    kernel::call(
        name,
        kernel,
        call.args.iter().map(|arg| arg.kind).collect(),
        call.returns,
        call.exprs(),
    )
}

/// A call of one kernel with one argument.
fn unary(name: &str, kernel: Kernel, arg: Typed, returns: ColumnType) -> Typed {
    let expr = kernel::call(name, kernel, vec![arg.kind], returns, vec![arg.expr]);
    Typed::new(expr, returns, arg.span)
}

/// Anything as a string; null is the empty one.
pub(super) fn to_text(arg: Typed) -> Typed {
    use ColumnType as C;
    let kernel: fn(&Rows, usize, &mut String) -> bool = match arg.kind {
        C::String => return arg,
        C::Dynamic => json::text,
        C::Guid => |r, i, out| {
            out.push_str(r.text(0, i));
            true
        },
        C::Int | C::Long => |r, i, out| put(r.long(0, i).map(|n| n.to_string()), out),
        C::Real => |r, i, out| put(r.real(0, i).map(literal::real_text), out),
        C::Bool => |r, i, out| put(r.flag(0, i).map(|flag| flag.to_string()), out),
        C::Datetime => |r, i, out| put(r.long(0, i).map(literal::datetime_text), out),
        C::Timespan => |r, i, out| put(r.long(0, i).map(literal::timespan_text), out),
    };
    let name = format!("text_of_{}", arg.kind);
    unary(&name, Text(kernel), arg, C::String)
}

fn put(text: Option<String>, out: &mut String) -> bool {
    match text {
        Some(text) => out.push_str(&text),
        None => return false,
    }
    true
}

/// Anything as a JSON value.
pub(super) fn to_dynamic(arg: Typed) -> Typed {
    use ColumnType as C;
    match arg.kind {
        C::Dynamic => arg,
        C::Int | C::Long | C::Bool | C::Real => {
            let kernel: fn(&Rows, usize, &mut String) -> bool = match arg.kind {
                C::Bool => |r, i, out| put(r.flag(0, i).map(|flag| flag.to_string()), out),
                C::Real => |r, i, out| {
                    let finite = r.real(0, i).and_then(serde_json::Number::from_f64);
                    put(finite.map(|n| n.to_string()), out)
                },
                _ => |r, i, out| put(r.long(0, i).map(|n| n.to_string()), out),
            };
            let name = format!("json_of_{}", arg.kind);
            unary(&name, Text(kernel), arg, C::Dynamic)
        }
        C::String | C::Guid => unary("quote", Text(json::quote), arg, C::Dynamic),
        C::Datetime | C::Timespan => {
            let kernel: fn(&Rows, usize, &mut String) -> bool = match arg.kind {
                C::Datetime => |r, i, out| {
                    put(
                        r.long(0, i)
                            .map(|at| format!("{:?}", literal::datetime_text(at))),
                        out,
                    )
                },
                _ => |r, i, out| {
                    put(
                        r.long(0, i)
                            .map(|at| format!("{:?}", literal::timespan_text(at))),
                        out,
                    )
                },
            };
            let name = format!("json_of_{}", arg.kind);
            unary(&name, Text(kernel), arg, C::Dynamic)
        }
    }
}

/// As `to…` does; what cannot be converted is null.
pub(super) fn to_kind(arg: Typed, wanted: ColumnType) -> Result<Typed, Fault> {
    use ColumnType as C;
    if arg.kind == wanted {
        return Ok(arg);
    }
    let name = format!("{wanted}_of_{}", arg.kind);
    let kernel = match (arg.kind, wanted) {
        (_, C::String) => return Ok(to_text(arg)),
        (_, C::Dynamic) => return Ok(to_dynamic(arg)),
        (C::Dynamic, C::Long | C::Int) => Long(json::long),
        (C::Dynamic, C::Real) => Real(json::real),
        (C::Dynamic, C::Bool) => Flag(json::flag),
        (C::Dynamic, _) => return to_kind(to_text(arg), wanted),
        (C::String, C::Long | C::Int) => Long(|r, i| literal::long(r.text(0, i))),
        (C::String, C::Real) => Real(|r, i| literal::real(r.text(0, i))),
        (C::String, C::Bool) => Flag(|r, i| literal::boolean(r.text(0, i))),
        (C::String, C::Datetime) => Long(|r, i| literal::datetime(r.text(0, i))),
        (C::String, C::Timespan) => Long(|r, i| literal::timespan(r.text(0, i))),
        (C::String, C::Guid) => Text(|r, i, out| put(literal::guid(r.text(0, i)), out)),
        (C::Int, C::Long | C::Real) | (C::Long, C::Real) => return Ok(arg.cast(wanted)),
        (C::Long, C::Int) => Long(|r, i| r.long(0, i).filter(|n| i32::try_from(*n).is_ok())),
        (C::Real, C::Long) => {
            Long(|r, i| r.real(0, i).filter(|x| x.abs() < 9.2e18).map(|x| x as i64))
        }
        (C::Real, C::Int) => Long(|r, i| {
            r.real(0, i)
                .filter(|x| x.abs() < 2_147_483_648.0)
                .map(|x| x as i64)
        }),
        (C::Bool, C::Long | C::Int) => Long(|r, i| r.flag(0, i).map(i64::from)),
        (C::Bool, C::Real) => Real(|r, i| r.flag(0, i).map(|flag| f64::from(u8::from(flag)))),
        (C::Int | C::Long, C::Bool) => Flag(|r, i| r.long(0, i).map(|n| n != 0)),
        (C::Real, C::Bool) => Flag(|r, i| r.real(0, i).map(|x| x != 0.0)),
        // Ticks of 100 ns.
        (C::Timespan, C::Long) => Long(|r, i| r.long(0, i)?.checked_mul(10)),
        (C::Long | C::Int, C::Timespan) => Long(|r, i| r.long(0, i).map(|ticks| ticks / 10)),
        (C::Datetime, C::Long) => Long(|r, i| {
            r.long(0, i)?
                .checked_sub(literal::DATETIME_MIN)?
                .checked_mul(10)
        }),
        (C::Long, C::Datetime) => Long(|r, i| Some(r.long(0, i)? / 10 + literal::DATETIME_MIN)),
        (from, wanted) => {
            let message = format!("{from} cannot become {wanted}");
            return Err(Fault::new(arg.span, message));
        }
    };
    Ok(unary(&name, kernel, arg, wanted))
}

/// A test of one string against another.
pub(super) fn text_test(test: TextTest, text: Typed, needle: Typed, word: &str) -> Expr {
    kernel::call(
        word,
        Kernel::Test(test),
        vec![ColumnType::String; 2],
        ColumnType::Bool,
        vec![text.expr, needle.expr],
    )
}

/// A member of a dynamic value; the steps are strings and whole numbers.
pub(super) fn member(value: Typed, steps: Vec<Typed>, span: Span) -> Typed {
    let mut takes = vec![value.kind];
    let mut args = vec![value.expr];
    for step in steps {
        takes.push(step.kind);
        args.push(step.expr);
    }
    let expr = kernel::call(
        "member",
        Text(json::member),
        takes,
        ColumnType::Dynamic,
        args,
    );
    Typed::new(expr, ColumnType::Dynamic, span)
}

/// Arithmetic with time, which Arrow does only in part.
pub(super) fn time_arithmetic(
    symbol: &str,
    left: Typed,
    right: Typed,
    span: Span,
) -> Option<Typed> {
    use ColumnType::{Datetime, Real as R, Timespan};
    let number = is_number(right.kind);
    let (kernel, returns, right_kind) = match (left.kind, symbol, right.kind) {
        (Datetime, "+", Timespan) | (Timespan, "+", Datetime) => {
            (Long(time::plus), Datetime, right.kind)
        }
        (Timespan, "+", Timespan) => (Long(time::plus), Timespan, Timespan),
        (Datetime, "-", Datetime) | (Timespan, "-", Timespan) => {
            (Long(time::minus), Timespan, right.kind)
        }
        (Datetime, "-", Timespan) => (Long(time::minus), Datetime, Timespan),
        (Timespan, "*", _) if number => (Long(time::times), Timespan, R),
        (_, "*", Timespan) if is_number(left.kind) => {
            return time_arithmetic(symbol, right, left, span);
        }
        (Timespan, "/", _) if number => (Long(time::divided), Timespan, R),
        (Timespan, "/", Timespan) => (Real(time::ratio), R, Timespan),
        (Datetime | Timespan, "%", Timespan) => (Long(time::modulo), Timespan, Timespan),
        _ => return None,
    };
    let right = if number { right.cast(R) } else { right };
    let takes = vec![left.kind, right_kind];
    let name = format!("{}{symbol}{}", left.kind, right.kind);
    let expr = kernel::call(&name, kernel, takes, returns, vec![left.expr, right.expr]);
    Some(Typed::new(expr, returns, span))
}

/// The whole-number remainder, never below zero, null for a divisor of zero.
pub(super) fn whole_modulo(left: Expr, right: Expr) -> Expr {
    let takes = vec![ColumnType::Long; 2];
    kernel::call(
        "modulo",
        Long(time::modulo),
        takes,
        ColumnType::Long,
        vec![left, right],
    )
}

pub(super) fn real_modulo(left: Expr, right: Expr) -> Expr {
    let kernel = Real(|r, i| Some(r.real(0, i)?.rem_euclid(r.real(1, i)?)));
    let takes = vec![ColumnType::Real; 2];
    kernel::call("modulo", kernel, takes, ColumnType::Real, vec![left, right])
}

/// Division that cuts, null for a divisor of zero.
pub(super) fn whole_divide(left: Expr, right: Expr) -> Expr {
    let kernel = Long(|r, i| r.long(0, i)?.checked_div(r.long(1, i)?));
    let takes = vec![ColumnType::Long; 2];
    kernel::call("divide", kernel, takes, ColumnType::Long, vec![left, right])
}

fn now(call: &Call) -> Result<Expr, Fault> {
    let offset = match call.args.first() {
        None => return Ok(instant(call.now)),
        Some(offset) => offset.clone(),
    };
    shifted(call, "+", offset)
}

fn ago(call: &Call) -> Result<Expr, Fault> {
    match call.args.first() {
        Some(span) => shifted(call, "-", span.clone()),
        None => Ok(instant(call.now)),
    }
}

fn instant(micros: i64) -> Expr {
    lit(super::types::scalar(&literal::Value::Datetime(micros)))
}

fn shifted(call: &Call, symbol: &str, by: Typed) -> Result<Expr, Fault> {
    let span = by.span;
    let from = Typed::new(instant(call.now), ColumnType::Datetime, span);
    time_arithmetic(symbol, from, by, span)
        .map(|typed| typed.expr)
        .ok_or_else(|| Fault::new(span, "this is no timespan"))
}

/// The first argument names a part of time; a constant must name one that exists.
fn part_of(call: &Call, name: &str, kernel: Kernel) -> Result<Expr, Fault> {
    if let Some(part) = call.args.first()
        && let Some(word) = part.text()
        && !time::PARTS.contains(&word.to_ascii_lowercase().as_str())
    {
        let fault = Fault::new(part.span, format!("there is no part {word} of a time"));
        return Err(fault.near(word, time::PARTS.into_iter()));
    }
    Ok(row_call(name, kernel, call))
}

/// Rounds a number down to a multiple of another, or a time to one of a timespan.
fn bin(name: &str, value: Typed, size: Typed, span: Span) -> Result<Typed, Fault> {
    use ColumnType as C;
    let constant = match size.constant() {
        Some(ScalarValue::DurationMicrosecond(micros)) => *micros,
        Some(ScalarValue::Float64(Some(size))) => Some(if *size > 0.0 { 1 } else { 0 }),
        _ => size.whole(),
    };
    if constant.is_some_and(|size| size <= 0) {
        return Err(Fault::new(
            size.span,
            format!("the size of {name} is above zero"),
        ));
    }
    let (value, size) = match (value.kind, size.kind) {
        (C::Datetime | C::Timespan, C::Timespan) => (value, size),
        (C::Real, kind) if is_number(kind) => (value, size.cast(C::Real)),
        (kind, C::Real) if is_number(kind) => (value.cast(C::Real), size),
        (C::Int | C::Long, C::Int | C::Long) => (value.cast(C::Long), size.cast(C::Long)),
        (a, b) => {
            return Err(Fault::new(
                span,
                format!("{name} cannot round {a} to multiples of {b}"),
            ));
        }
    };
    let takes = vec![value.kind, size.kind];
    let kernel = match value.kind {
        C::Real => Real(|r, i| {
            let (x, size) = (r.real(0, i)?, r.real(1, i)?);
            (size > 0.0).then(|| (x / size).floor() * size)
        }),
        _ => Kernel::Bin,
    };
    let kind = value.kind;
    let expr = kernel::call("bin", kernel, takes, kind, vec![value.expr, size.expr]);
    Ok(Typed::new(expr, kind, span))
}

fn convert(call: &Call) -> Result<Expr, Fault> {
    to_kind(call.args[0].clone(), call.returns).map(|typed| typed.expr)
}

fn parse_json(call: &Call) -> Result<Expr, Fault> {
    let arg = call.args[0].clone();
    Ok(match arg.kind {
        ColumnType::String => unary("parse_json", Text(json::parse), arg, ColumnType::Dynamic).expr,
        _ => to_dynamic(arg).expr,
    })
}

fn bag_pack(call: &Call) -> Result<Expr, Fault> {
    if let [.., last] = &call.args[..]
        && call.args.len() % 2 == 1
    {
        return Err(Fault::new(last.span, "this key has no value"));
    }
    let args: Vec<Typed> = call
        .args
        .iter()
        .cloned()
        .enumerate()
        .map(|(at, arg)| {
            if at % 2 == 0 {
                to_text(arg)
            } else {
                to_dynamic(arg)
            }
        })
        .collect();
    let packed = Call { args, ..*call };
    Ok(row_call("bag_pack", Text(json::bag_pack), &packed))
}

/// A constant pattern must be a regular expression.
pub(super) fn check_pattern(pattern: &Typed) -> Result<(), Fault> {
    let Some(text) = pattern.text() else {
        return Ok(());
    };
    let probe = df::regexp_like(lit(""), lit(text), None);
    match super::bind::evaluate(probe) {
        Ok(_) => Ok(()),
        Err(_) => Err(Fault::new(pattern.span, "this is no regular expression")),
    }
}

/// A pattern with something before and after it.
fn around(pattern: &Typed, before: &str, after: &str) -> Result<Expr, Fault> {
    check_pattern(pattern)?;
    match pattern.text() {
        Some(text) => Ok(lit(format!("{before}{text}{after}"))),
        None => Err(Fault::new(pattern.span, "the pattern has to be a constant")),
    }
}

fn trim(call: &Call, start: bool, end: bool) -> Result<Expr, Fault> {
    let mut trimmed = call.arg(1);
    if start {
        let pattern = around(&call.args[0], "^(?:", ")+")?;
        trimmed = df::regexp_replace(trimmed, pattern, lit(""), None);
    }
    if end {
        let pattern = around(&call.args[0], "(?:", ")+$")?;
        trimmed = df::regexp_replace(trimmed, pattern, lit(""), None);
    }
    Ok(trimmed)
}

fn replace_regex(call: &Call) -> Result<Expr, Fault> {
    check_pattern(&call.args[1])?;
    Ok(df::regexp_replace(
        call.arg(0),
        call.arg(1),
        call.arg(2),
        Some(lit("g")),
    ))
}

/// The engine gives the groups as a list; with one around all of it, the first is the whole match.
fn extract(call: &Call) -> Result<Expr, Fault> {
    let pattern = around(&call.args[0], "(", ")")?;
    let Some(group) = call.args[1].whole().filter(|group| *group >= 0) else {
        return Err(Fault::new(
            call.args[1].span,
            "the group is a constant from 0",
        ));
    };
    let groups = df::regexp_match(call.arg(2), pattern, None);
    let found =
        datafusion::functions_nested::expr_fn::array_element(groups, lit(group.saturating_add(1)));
    Ok(df::coalesce(vec![found, lit("")]))
}

fn empty(call: &Call) -> Expr {
    let arg = call.args[0].clone();
    match arg.kind {
        ColumnType::String => arg.expr.eq(empty_text()),
        ColumnType::Dynamic | ColumnType::Guid => to_text(arg).expr.eq(empty_text()),
        _ => arg.expr.is_null(),
    }
}

fn empty_text() -> Expr {
    lit(ScalarValue::Utf8View(Some(String::new())))
}

fn null(call: &Call) -> Expr {
    match call.args[0].kind {
        ColumnType::String => lit(false),
        _ => call.arg(0).is_null(),
    }
}

fn coalesce(call: &Call) -> Result<Expr, Fault> {
    let mut args = call.exprs();
    if call.returns != ColumnType::String {
        return Ok(df::coalesce(args));
    }
    let last = args.pop().unwrap_or_else(empty_text);
    if args.is_empty() {
        return Ok(last);
    }
    let choices = args
        .into_iter()
        .map(|arg| (Box::new(arg.clone().not_eq(empty_text())), Box::new(arg)))
        .collect();
    Ok(Expr::Case(Case::new(None, choices, Some(Box::new(last)))))
}

fn abs(call: &Call) -> Result<Expr, Fault> {
    let arg = call.args[0].clone();
    Ok(match arg.kind {
        ColumnType::Real => {
            unary(
                "abs",
                Real(|r, i| r.real(0, i).map(f64::abs)),
                arg,
                ColumnType::Real,
            )
            .expr
        }
        kind => unary("abs", Long(|r, i| r.long(0, i)?.checked_abs()), arg, kind).expr,
    })
}

/// The items of an array, each as JSON, as a list of the query engine; an object is one item, nothing none.
pub(super) fn items(value: Typed, most: Option<usize>) -> Expr {
    kernel::items(value.expr, most.unwrap_or(usize::MAX))
}
