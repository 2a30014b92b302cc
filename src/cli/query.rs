//! `lockbox query`: a question to a workspace in the Kusto Query Language, and its answer.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use serde_json::{Value, json};

use super::chart;
use super::context::Context;
use super::failure::{Failure, error_body};
use super::meter::{self, Meter};
use super::print::{self, Answered, Format};
use super::session::Session;
use super::{input, names};
use crate::engine::ids::ResourceId;
use crate::engine::text::scrub;
use crate::engine::time::Span;
use crate::logs::kql::{Chart, Render};
use crate::logs::query::{Cancel, Progress};
use crate::logs::sealed::SealedError;
use crate::logs::value::Values;
use crate::runtime::{Ask, Reply};

/// Rows of a table for people, unless somebody wants another number.
const SHOWN: usize = 1_000;

#[derive(Debug, Args)]
pub struct QueryArgs {
    /// In the Kusto Query Language; - is standard input
    #[arg(required_unless_present = "file")]
    text: Option<String>,
    #[arg(long, value_name = "WORKSPACE")]
    workspace: String,
    /// Take the query from a file
    #[arg(short, long, value_name = "FILE", conflicts_with = "text")]
    file: Option<PathBuf>,
    #[command(flatten)]
    how: How,
}

/// How a query is asked and answered.
#[derive(Debug, Args)]
pub struct How {
    /// Only records of the last so much, like 1d or 4h
    #[arg(long, value_name = "SPAN")]
    last: Option<Span>,
    /// Whatever can be read, if not all can; the answer says what is missing
    #[arg(long)]
    partial: bool,
    /// Rows that are printed, at most [default: 1000 in a table, else all]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Say what the answer cost
    #[arg(long)]
    stats: bool,
}

pub fn run(args: QueryArgs, context: &Context) -> Result<(), Failure> {
    let text = match (&args.file, args.text) {
        (Some(path), _) => input::text_file(path, "query")?,
        (None, Some(text)) if text == "-" => input::text_file(Path::new("-"), "query")?,
        (None, text) => text.unwrap_or_default(),
    };
    let mut session = context.session()?;
    let workspace = session
        .world()
        .find_workspace(session.actor(), &args.workspace)?;
    answer(&mut session, workspace, text, &args.how, context)
}

/// Asks and prints the answer.
pub fn answer(
    session: &mut Session,
    workspace: ResourceId,
    text: String,
    how: &How,
    context: &Context,
) -> Result<(), Failure> {
    let ask = Ask {
        workspace,
        text,
        span: how.last,
        partial: how.partial,
    };
    if session.is_dry_run() {
        return foresee(session, &ask, context);
    }
    let reply = ask_now(session, &ask, context)?;
    show(session, &reply, how, context)
}

/// What the query would come to: its columns, if it may be asked at all.
fn foresee(session: &Session, ask: &Ask, context: &Context) -> Result<(), Failure> {
    let columns = session.foresee_query(ask)?;
    context.list(&print::List {
        noun: ("column", "columns"),
        columns: vec![print::flex("COLUMN"), print::col("TYPE")],
        csv: &["name", "type", "dryRun"],
        items: columns,
        cells: &|c| vec![c.name.to_string(), c.kind.to_string()],
        json: &|c| json!({ "name": &*c.name, "type": c.kind, "dryRun": true }),
        own_shape: false,
        notes: vec!["dry run: the query is right and would be answered".to_owned()],
    })
}

fn ask_now(session: &mut Session, ask: &Ask, context: &Context) -> Result<Reply, Failure> {
    let stop = meter::interrupted()?;
    let prepared = session.query(ask)?;
    let cancel = Cancel::default();
    let seen = Arc::new(Mutex::new(Progress::default()));
    let drawn = {
        let seen = seen.clone();
        Meter::start(context, move || {
            let now = *seen.lock().unwrap_or_else(PoisonError::into_inner);
            let rest = format!(
                "{} blocks · {} rows · Ctrl-C cancels",
                names::count(now.blocks),
                names::count(now.rows as u64)
            );
            (now.bytes, (now.of > 0).then_some(now.of), rest)
        })
    };
    let reply = prepared.run(cancel.clone(), &mut |progress| {
        if stop.load(Ordering::Relaxed) {
            cancel.cancel();
        }
        *seen.lock().unwrap_or_else(PoisonError::into_inner) = *progress;
    });
    drop(drawn);
    reply.map_err(|error| session.query_failure(ask, error))
}

/// Cells of an answer, row after row.
fn rows<'a, T>(
    reply: &'a Reply,
    limit: usize,
    cell: impl Fn(Values<'a>, usize) -> T + Copy + 'a,
) -> impl Iterator<Item = Vec<T>> + 'a {
    let rows = reply.answer.batches.iter().flat_map(move |batch| {
        let columns: Vec<Values> = batch
            .columns()
            .iter()
            .zip(&reply.columns)
            .map(|(array, column)| Values::new(array, column.kind))
            .collect();
        (0..batch.num_rows()).map(move |row| columns.iter().map(|c| cell(*c, row)).collect())
    });
    rows.take(limit)
}

fn show(session: &Session, reply: &Reply, how: &How, context: &Context) -> Result<(), Failure> {
    let format = context.format();
    let for_people = format == Format::Table;
    let limit = how
        .limit
        .unwrap_or(if for_people { SHOWN } else { usize::MAX });
    let mut notes = Vec::new();
    if let Some(why) = &reply.why {
        notes.push(format!(
            "PARTIAL: {} left out. {}",
            match reply.hidden {
                1 => "1 segment is".to_owned(),
                n => format!("{n} segments are"),
            },
            why.message
        ));
    }
    if reply.answer.rows > limit {
        notes.push(format!(
            "{} of {} rows are shown; more: --limit, or another --format",
            names::count(limit as u64),
            names::count(reply.answer.rows as u64)
        ));
    }
    if reply.answer.truncated {
        notes.push(format!(
            "the answer has more rows than the {} it may have, and was cut off",
            names::count(reply.answer.rows as u64)
        ));
    }
    for trouble in &reply.answer.passed_over {
        // One that is missing is made again; the segment itself was read.
        if !matches!(trouble, SealedError::Missing { .. }) {
            notes.push(format!("warning: a hot copy was passed over: {trouble}"));
        }
    }
    if how.stats {
        notes.extend(cost(reply));
    }
    let drawing = reply.render.as_ref().filter(|r| r.chart != Chart::Table);
    let drawn = match drawing.filter(|_| for_people) {
        Some(render) => draw(reply, render, context, &mut notes)?,
        None => false,
    };
    if !drawn {
        let titles = reply.columns.iter().map(|c| &*c.name);
        match format {
            Format::Table => {
                let columns = reply
                    .columns
                    .iter()
                    .map(|c| (c.name.to_string(), Values::is_number(c.kind)))
                    .collect();
                let rows = rows(reply, limit, |values, row| values.text(row)).collect();
                print::answer_table(columns, rows)?;
            }
            Format::Plain => print::answer_plain(rows(reply, limit, |v, row| v.text(row)))?,
            Format::Csv => print::answer_csv(titles, rows(reply, limit, |v, row| v.json(row)))?,
            Format::Json => print::answer_json(&mut Answered {
                columns: titles.collect(),
                rows: rows(reply, limit, |v, row| v.json(row)),
                about: about(session, reply),
            })?,
        }
    }
    for note in &notes {
        print::say(note);
    }
    if format != Format::Json {
        print::say(&format!(
            "SIMULATION · {} row{} · {} ms · {} UTC",
            names::count(reply.answer.rows as u64),
            if reply.answer.rows == 1 { "" } else { "s" },
            reply.answer.stats.elapsed.as_millis(),
            session.now().to_seconds()
        ));
    }
    Ok(())
}

/// Draws a chart. What cannot be drawn is shown as a table, and that is said.
fn draw(
    reply: &Reply,
    render: &Render,
    context: &Context,
    notes: &mut Vec<String>,
) -> Result<bool, Failure> {
    let place = |name: &str| reply.columns.iter().position(|c| &*c.name == name);
    let texts: Vec<Vec<String>> = rows(reply, SHOWN, |v, row| v.text(row)).collect();
    let numbers: Vec<Vec<Option<f64>>> = rows(reply, SHOWN, |v, row| v.number(row)).collect();
    let picture = chart::Picture {
        kind: render.chart,
        title: render.title.as_deref(),
        x: render.x.as_deref().and_then(place),
        y: render
            .y
            .iter()
            .filter_map(|name| Some((name.as_str(), place(name)?)))
            .collect(),
        series: render
            .series
            .iter()
            .filter_map(|name| place(name))
            .collect(),
        texts: &texts,
        numbers: &numbers,
    };
    let width = print::terminal_width().unwrap_or(chart::WIDTH);
    match chart::lines(&picture, width, context.global.ascii()) {
        Ok(lines) => {
            for line in lines {
                print::line(&line)?;
            }
            Ok(true)
        }
        Err(why) => {
            notes.push(format!("shown as a table: {why}"));
            Ok(false)
        }
    }
}

/// What an answer says beside its rows.
fn about(session: &Session, reply: &Reply) -> Value {
    let answer = &reply.answer;
    let types: Value = reply
        .columns
        .iter()
        .map(|c| json!({ "name": &*c.name, "type": c.kind }))
        .collect();
    let stats = answer.stats;
    let millis = |d: std::time::Duration| d.as_secs_f64() * 1000.0;
    json!({
        "columns": types,
        "rowCount": answer.rows,
        "truncated": answer.truncated,
        "partial": reply.why.is_some(),
        "hiddenSegments": reply.hidden,
        "error": reply.why.as_ref().map(|no| error_body(no)["error"].take()),
        "render": reply.render.as_ref().map(|r| json!({
            "chart": chart::word(r.chart), "title": r.title, "x": r.x, "y": r.y, "series": r.series,
        })),
        "stats": {
            "segments": stats.segments,
            "inMemory": stats.in_memory,
            "pruned": stats.pruned,
            "blocks": stats.blocks,
            "sealedBytes": stats.bytes,
            "planningMilliseconds": millis(stats.planning),
            "milliseconds": millis(stats.elapsed),
        },
        "passedOver": answer.passed_over.iter().map(|e| scrub(&e.to_string()).into_owned()).collect::<Vec<_>>(),
        "now": session.now(),
        "simulation": true,
    })
}

/// `--stats`, for people.
fn cost(reply: &Reply) -> Vec<String> {
    let stats = reply.answer.stats;
    vec![
        format!(
            "segments: {} looked at, {} pruned by their times, {} in memory",
            stats.segments, stats.pruned, stats.in_memory
        ),
        format!(
            "read: {} blocks, {}",
            names::count(stats.blocks),
            names::bytes(stats.bytes)
        ),
        format!(
            "time: {:.1} ms, {:.1} ms of it planning",
            stats.elapsed.as_secs_f64() * 1000.0,
            stats.planning.as_secs_f64() * 1000.0
        ),
    ]
}
