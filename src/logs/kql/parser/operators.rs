//! The operators of a pipeline, each by its keyword.

use winnow::combinator::{alt, cut_err, opt, separated};
use winnow::prelude::*;

use super::expr::{expression, span_from};
use super::{
    Input, Parsed, at_mark, at_word, column_type, here, mark, name, named, named_list, next,
    pattern, patterns, peek_kind, pipeline, stop, stop_here, text_or_name, unmet, word,
};
use crate::logs::kql::ast::{
    Name, Operator, OperatorKind as Op, Pipeline, Property, SortKey, Source, UnionTable,
};
use crate::logs::kql::error::Fault;
use crate::logs::kql::lexer::Kind;
use crate::logs::kql::span::Span;

/// What can stand behind `|`, with one line of what it does, in the order in which to offer it.
pub const OPERATORS: [(&str, &str); 30] = [
    ("where", "Keeps the rows for which the condition is true"),
    (
        "summarize",
        "Aggregates rows by groups: summarize count() by Computer",
    ),
    ("project", "Chooses, computes and orders the columns"),
    ("extend", "Adds computed columns"),
    ("count", "Counts the rows"),
    ("take", "Any number of rows, in no order"),
    ("limit", "The same as take"),
    ("sort", "Orders rows: sort by TimeGenerated desc"),
    ("order", "The same as sort"),
    (
        "top",
        "The first rows of an order: top 10 by DurationMs desc",
    ),
    ("distinct", "Every combination of the columns once"),
    (
        "join",
        "Rows of two tables side by side: join kind=inner (T) on Key",
    ),
    (
        "lookup",
        "Adds the columns of a table of facts: lookup (T) on Key",
    ),
    ("union", "Rows of several tables one after the other"),
    ("project-away", "Leaves columns out"),
    ("project-keep", "Keeps some columns, in their order"),
    (
        "project-rename",
        "Renames columns: project-rename New = Old",
    ),
    ("project-reorder", "Moves columns to the front"),
    ("mv-expand", "One row for each element of an array"),
    ("render", "Draws the result: render timechart"),
    ("as", "Gives the table a name for withsource"),
    ("serialize", "Says that rows have an order"),
    ("getschema", "The columns and their types"),
    ("filter", "The same as where"),
    ("print", "One row of values"),
    ("range", "A column of values: range x from 1 to 10 step 1"),
    ("datatable", "A table of literals: datatable(x: long)[1, 2]"),
    ("let", "Gives a value or a table a name"),
    ("search", "Not supported yet"),
    ("find", "Not supported yet"),
];

/// Operators of the language that this front end does not know yet.
const LATER: [&str; 27] = [
    "search",
    "find",
    "parse",
    "parse-where",
    "parse-kv",
    "mv-apply",
    "make-series",
    "invoke",
    "evaluate",
    "top-nested",
    "top-hitters",
    "sample",
    "sample-distinct",
    "reduce",
    "partition",
    "scan",
    "fork",
    "facet",
    "consume",
    "externaldata",
    "external_data",
    "execute_and_cache",
    "graph-match",
    "make-graph",
    "project-smart",
    "assert-schema",
    "macro-expand",
];

/// Chart kinds of `render`.
const CHARTS: [&str; 14] = [
    "timechart",
    "barchart",
    "columnchart",
    "piechart",
    "table",
    "linechart",
    "areachart",
    "stackedareachart",
    "scatterchart",
    "card",
    "anomalychart",
    "pivotchart",
    "ladderchart",
    "treemap",
];

/// An operator that needs no input, if one stands here.
pub(super) fn source(i: &mut Input<'_>) -> Parsed<Option<Operator>> {
    let keyword = here(i);
    let word = match peek_kind(i, 0) {
        Some(Kind::Name) => keyword.of(i.state.text),
        _ => return Ok(None),
    };
    // These are good names for a table or a column too; what follows tells.
    let follows = peek_kind(i, 1);
    let called = matches!(follows, Some(Kind::Mark("(")));
    let kind = match word {
        "union" if !matches!(follows, Some(Kind::Mark("|" | ")" | ";" | "," | "."))) => {
            next(i)?;
            union(i)?
        }
        "print" => {
            next(i)?;
            Op::Print(named_list(i)?)
        }
        "range" if matches!(follows, Some(Kind::Name)) => {
            next(i)?;
            range(i)?
        }
        "datatable" if called => {
            next(i)?;
            datatable(i)?
        }
        "search" | "find" | "externaldata" | "external_data"
            if !matches!(follows, Some(Kind::Mark("|" | "." | ";" | "="))) =>
        {
            return stop(later(word, keyword));
        }
        _ => return Ok(None),
    };
    Ok(Some(Operator {
        kind,
        keyword,
        span: span_from(keyword, i),
    }))
}

fn later(word: &str, keyword: Span) -> Fault {
    Fault::new(keyword, format!("{word} is not supported yet"))
}

/// The operator behind a `|`.
pub(super) fn operator(i: &mut Input<'_>) -> Parsed<Operator> {
    let keyword = here(i);
    let Some(Kind::Name) = peek_kind(i, 0) else {
        unmet(i, "an operator like where");
        return stop_here();
    };
    let text = keyword.of(i.state.text);
    next(i)?;
    let kind = match text {
        "where" | "filter" => Op::Where(expression(i)?),
        "project" => Op::Project(named_list(i)?),
        "extend" => Op::Extend(named_list(i)?),
        "project-away" => Op::ProjectAway(patterns(i)?),
        "project-keep" => Op::ProjectKeep(patterns(i)?),
        "project-reorder" => Op::ProjectReorder(reorder(i)?),
        "project-rename" => Op::ProjectRename(renames(i)?),
        "summarize" => summarize(i)?,
        "count" => Op::Count(match opt(word("as")).parse_next(i)? {
            Some(_) => Some(name(i)?),
            None => None,
        }),
        "distinct" => Op::Distinct(match opt(mark("*")).parse_next(i)? {
            Some(_) => Vec::new(),
            None => named_list(i)?,
        }),
        "take" | "limit" => Op::Take(expression(i)?),
        "sort" | "order" => {
            hints(i)?;
            word("by").parse_next(i)?;
            Op::Sort(sort_keys(i)?)
        }
        "top" => {
            let count = expression(i)?;
            word("by").parse_next(i)?;
            Op::Top {
                count,
                by: sort_keys(i)?,
            }
        }
        "join" => join(i, false)?,
        "lookup" => join(i, true)?,
        "union" => union(i)?,
        "render" => render(i)?,
        "as" => {
            hints(i)?;
            Op::As(name(i)?)
        }
        "serialize" => Op::Serialize(match peek_kind(i, 0) {
            Some(Kind::Name) => named_list(i)?,
            _ => Vec::new(),
        }),
        "mv-expand" | "mvexpand" => mv_expand(i)?,
        "getschema" => Op::GetSchema,
        _ if LATER.contains(&text) => return stop(later(text, keyword)),
        _ => {
            let known = OPERATORS.iter().map(|(word, _)| *word);
            let fault = Fault::new(keyword, format!("there is no operator {text}"));
            return stop(fault.near(text, known));
        }
    };
    Ok(Operator {
        kind,
        keyword,
        span: span_from(keyword, i),
    })
}

/// `kind=inner hint.strategy=broadcast`: settings before the arguments. Hints do not change a result.
fn settings(i: &mut Input<'_>) -> Parsed<Vec<(Name, Name)>> {
    let mut settings = Vec::new();
    loop {
        if at_word(i, "hint") && matches!(peek_kind(i, 1), Some(Kind::Mark("."))) {
            next(i)?;
            next(i)?;
            name(i)?;
            mark("=").parse_next(i)?;
            next(i)?;
        } else if matches!(peek_kind(i, 0), Some(Kind::Name))
            && matches!(peek_kind(i, 1), Some(Kind::Mark("=")))
        {
            let key = name(i)?;
            next(i)?;
            let span = here(i);
            let text = text_or_name(i)?;
            settings.push((key, Name { text, span }));
        } else {
            return Ok(settings);
        }
    }
}

/// Settings where only hints may stand.
fn hints(i: &mut Input<'_>) -> Parsed<()> {
    while at_word(i, "hint") && matches!(peek_kind(i, 1), Some(Kind::Mark("."))) {
        settings(i)?;
    }
    Ok(())
}

fn unknown_setting<T>(key: &Name, known: &[&str]) -> Parsed<T> {
    let fault = Fault::new(key.span, format!("there is no setting {}", key.text))
        .expecting(known.iter().map(|word| format!("`{word}=`")).collect());
    stop(fault)
}

fn reorder(i: &mut Input<'_>) -> Parsed<Vec<super::Pattern>> {
    let one = |i: &mut Input<'_>| {
        let pattern = pattern(i)?;
        opt(alt((word("asc"), word("desc"), word("granny-asc")))).parse_next(i)?;
        Ok(pattern)
    };
    separated(1.., one, mark(",")).parse_next(i)
}

fn renames(i: &mut Input<'_>) -> Parsed<Vec<(Name, Name)>> {
    let one = |i: &mut Input<'_>| {
        let new = name(i)?;
        mark("=").parse_next(i)?;
        Ok((new, name(i)?))
    };
    separated(1.., one, mark(",")).parse_next(i)
}

fn summarize(i: &mut Input<'_>) -> Parsed<Op> {
    hints(i)?;
    let aggregates = if at_word(i, "by") {
        Vec::new()
    } else {
        named_list(i)?
    };
    let by = match opt(word("by")).parse_next(i)? {
        Some(_) => named_list(i)?,
        None => Vec::new(),
    };
    Ok(Op::Summarize { aggregates, by })
}

fn sort_keys(i: &mut Input<'_>) -> Parsed<Vec<SortKey>> {
    let one = |i: &mut Input<'_>| {
        let expr = expression(i)?;
        let order = opt(alt((word("asc").value(true), word("desc").value(false)))).parse_next(i)?;
        let nulls_first = match opt(word("nulls")).parse_next(i)? {
            Some(_) => Some(
                cut_err(alt((word("first").value(true), word("last").value(false))))
                    .parse_next(i)?,
            ),
            None => None,
        };
        Ok(SortKey {
            expr,
            ascending: order.unwrap_or(false),
            nulls_first,
        })
    };
    separated(1.., one, mark(",")).parse_next(i)
}

/// A table: a name, a call, or a pipeline in parentheses.
fn table(i: &mut Input<'_>) -> Parsed<Pipeline> {
    let start = here(i);
    if opt(mark("(")).parse_next(i)?.is_some() {
        let inner = pipeline(i)?;
        mark(")").parse_next(i)?;
        return Ok(inner);
    }
    let expr = super::expr::expression(i)?;
    Ok(Pipeline {
        source: Source::Expr(expr),
        operators: Vec::new(),
        span: span_from(start, i),
    })
}

fn join(i: &mut Input<'_>, lookup: bool) -> Parsed<Op> {
    let mut kind = None;
    for (key, value) in settings(i)? {
        match &*key.text {
            "kind" => kind = Some(value),
            _ => return unknown_setting(&key, &["kind"]),
        }
    }
    let right = table(i)?;
    word("on").parse_next(i)?;
    let on = separated(1.., expression, mark(",")).parse_next(i)?;
    Ok(Op::Join {
        kind,
        right,
        on,
        lookup,
    })
}

fn union(i: &mut Input<'_>) -> Parsed<Op> {
    let (mut inner, mut fuzzy, mut source_column) = (false, false, None);
    for (key, value) in settings(i)? {
        match &*key.text {
            "kind" => match &*value.text {
                "inner" => inner = true,
                "outer" => inner = false,
                other => {
                    let message = format!("there is no kind {other} of union");
                    let kinds = vec!["inner".to_owned(), "outer".to_owned()];
                    return stop(Fault::new(value.span, message).expecting(kinds));
                }
            },
            "isfuzzy" => fuzzy = value.text.eq_ignore_ascii_case("true"),
            "withsource" | "with_source" => source_column = Some(value),
            _ => return unknown_setting(&key, &["kind", "withsource", "isfuzzy"]),
        }
    }
    let one = |i: &mut Input<'_>| {
        let starred = matches!(
            (peek_kind(i, 0), peek_kind(i, 1)),
            (Some(Kind::Mark("*")), _) | (Some(Kind::Name), Some(Kind::Mark("*")))
        );
        Ok(if starred {
            UnionTable::Wildcard(pattern(i)?)
        } else {
            UnionTable::Pipeline(table(i)?)
        })
    };
    let tables = separated(1.., one, mark(",")).parse_next(i)?;
    Ok(Op::Union {
        inner,
        source_column,
        fuzzy,
        tables,
    })
}

fn render(i: &mut Input<'_>) -> Parsed<Op> {
    let chart = name(i)?;
    if !CHARTS.contains(&&*chart.text) {
        let message = format!("there is no chart {}", chart.text);
        return stop(Fault::new(chart.span, message).near(&chart.text, CHARTS.into_iter()));
    }
    let mut properties = Vec::new();
    if opt(word("with")).parse_next(i)?.is_some() {
        mark("(").parse_next(i)?;
        while !at_mark(i, ")") {
            properties.push(property(i)?);
            opt(mark(",")).parse_next(i)?;
        }
        mark(")").parse_next(i)?;
    } else {
        while matches!(peek_kind(i, 1), Some(Kind::Mark("="))) {
            properties.push(property(i)?);
        }
    }
    Ok(Op::Render { chart, properties })
}

fn property(i: &mut Input<'_>) -> Parsed<(Name, Property)> {
    let key = name(i)?;
    mark("=").parse_next(i)?;
    let listed = ["series", "ycolumns", "anomalycolumns"].contains(&&*key.text);
    let value = if listed {
        // A comma also stands before the next property, whose name an `=` follows.
        let mut names = vec![name(i)?];
        while at_mark(i, ",") && !matches!(peek_kind(i, 2), Some(Kind::Mark("="))) {
            next(i)?;
            names.push(name(i)?);
        }
        Property::Names(names)
    } else if matches!(peek_kind(i, 0), Some(Kind::Name)) {
        Property::Names(vec![name(i)?])
    } else {
        Property::Text(text_or_name(i)?)
    };
    Ok((key, value))
}

fn range(i: &mut Input<'_>) -> Parsed<Op> {
    let name = name(i)?;
    word("from").parse_next(i)?;
    let from = expression(i)?;
    word("to").parse_next(i)?;
    let to = expression(i)?;
    word("step").parse_next(i)?;
    let step = expression(i)?;
    Ok(Op::Range {
        name,
        from,
        to,
        step,
    })
}

fn datatable(i: &mut Input<'_>) -> Parsed<Op> {
    let column = |i: &mut Input<'_>| {
        let name = name(i)?;
        mark(":").parse_next(i)?;
        Ok((name, column_type(i)?))
    };
    mark("(").parse_next(i)?;
    let columns = separated(1.., column, mark(",")).parse_next(i)?;
    mark(")").parse_next(i)?;
    mark("[").parse_next(i)?;
    let mut values = Vec::new();
    while !at_mark(i, "]") {
        values.push(expression(i)?);
        if opt(mark(",")).parse_next(i)?.is_none() {
            break;
        }
    }
    mark("]").parse_next(i)?;
    Ok(Op::Datatable { columns, values })
}

fn mv_expand(i: &mut Input<'_>) -> Parsed<Op> {
    settings_but_columns(i)?;
    let one = |i: &mut Input<'_>| {
        let column = named(i)?;
        let kind = if opt(word("to")).parse_next(i)?.is_some() {
            word("typeof").parse_next(i)?;
            mark("(").parse_next(i)?;
            let kind = column_type(i)?;
            mark(")").parse_next(i)?;
            Some(kind)
        } else {
            None
        };
        Ok((column, kind))
    };
    let columns = separated(1.., one, mark(",")).parse_next(i)?;
    let limit = match opt(word("limit")).parse_next(i)? {
        Some(_) => Some(expression(i)?),
        None => None,
    };
    Ok(Op::MvExpand { columns, limit })
}

/// `kind=array`, `bagexpansion=array`: ways in which an object is taken apart.
fn settings_but_columns(i: &mut Input<'_>) -> Parsed<()> {
    while ["kind", "bagexpansion"].iter().any(|key| at_word(i, key))
        && matches!(peek_kind(i, 1), Some(Kind::Mark("=")))
    {
        next(i)?;
        next(i)?;
        let way = name(i)?;
        if &*way.text != "array" && &*way.text != "bag" {
            let message = format!("there is no way {} to expand", way.text);
            let ways = vec!["array".to_owned(), "bag".to_owned()];
            return stop(Fault::new(way.span, message).expecting(ways));
        }
    }
    Ok(())
}
