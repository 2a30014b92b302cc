//! What came of drills, for people, programs and browsers.

use serde_json::{Value, json};

use super::pages;
use super::runner::{Finding, Outcome};
use crate::engine::text::scrub;
use crate::engine::time::{SimTime, Span};
use crate::engine::words::words;

words! {
    Format {
        Text = "text",
        Json = "json",
        Html = "html",
    }
}

/// The whole report in a format.
pub fn report(format: Format, outcomes: &[Outcome]) -> String {
    match format {
        Format::Text => text(outcomes),
        Format::Json => format!("{:#}\n", document(outcomes)),
        Format::Html => pages::html(outcomes),
    }
}

/// For programs. Numbers of bytes are texts where they may not fit into a double.
pub fn document(outcomes: &[Outcome]) -> Value {
    let drills: Vec<Value> = outcomes
        .iter()
        .map(|outcome| {
            let mut drill = serde_json::to_value(outcome).unwrap_or(Value::Null);
            drill["passed"] = json!(outcome.passed());
            drill
        })
        .collect();
    json!({
        "passed": outcomes.iter().filter(|o| o.passed()).count(),
        "failed": outcomes.iter().filter(|o| !o.passed()).count(),
        "drills": drills,
    })
}

/// A drill in a line.
pub fn line(outcome: &Outcome) -> String {
    let met = outcome
        .findings
        .iter()
        .filter(|finding| finding.met)
        .count();
    let word = match outcome.passed() {
        true => "passed",
        false => "FAILED",
    };
    let (id, title) = (scrub(&outcome.id), scrub(&outcome.title));
    format!(
        "{word}  {id:<34} {met:>3} of {:<3} {title}",
        outcome.findings.len()
    )
}

/// What was expected and not found: which, when, and the difference.
pub fn failures(outcome: &Outcome) -> Vec<String> {
    let told = |finding: &Finding| {
        format!(
            "{}:{}: at {} ({}), {}: expected {}, found {}.",
            scrub(&outcome.file),
            finding.line,
            after(outcome.from, finding.at),
            finding.at,
            scrub(&finding.what),
            scrub(&finding.expected),
            scrub(&finding.found),
        )
    };
    outcome.failures().map(told).collect()
}

fn after(from: SimTime, at: SimTime) -> String {
    format!("T+{}", from.until(at))
}

/// A span, if there is one.
pub(super) fn span(span: Option<Span>) -> String {
    span.map_or_else(|| "none".to_owned(), |span| span.to_string())
}

fn text(outcomes: &[Outcome]) -> String {
    let mut lines = Vec::new();
    for outcome in outcomes {
        lines.push(line(outcome));
        lines.push(format!("  {}", scrub(&outcome.teaches)));
        for (name, value) in &outcome.changed {
            lines.push(format!("  with {} = {}", scrub(name), scrub(value)));
        }
        for told in &outcome.timeline {
            let at = after(outcome.from, told.at);
            lines.push(format!("  {at:<16} {}", scrub(&told.text)));
        }
        for finding in &outcome.findings {
            let mark = if finding.met { "met " } else { "NOT " };
            lines.push(format!(
                "  {mark} {:<16} line {:<4} {}: {} (found {})",
                after(outcome.from, finding.at),
                finding.line,
                scrub(&finding.what),
                scrub(&finding.expected),
                scrub(&finding.found),
            ));
        }
        let score = outcome.score;
        lines.push(format!(
            "  refused commands {}, records lost {}, modelled bytes lost {}, time to notice {}, time to decide {}",
            score.refused,
            score.records_lost,
            score.modelled_lost,
            span(score.time_to_notice),
            span(score.time_to_decide),
        ));
        lines.push(String::new());
    }
    lines.join("\n")
}
