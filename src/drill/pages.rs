//! The report of drills as one HTML file that needs nothing else: text escaped, charts as inline SVG, readable without
//! colour.

use std::fmt::Write;

use super::report::span;
use super::runner::{Kind, Outcome, Told};
use crate::engine::ingestion::series::Fate;
use crate::engine::text::scrub;
use crate::engine::time::SimTime;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;\
color:#1b1b1b;background:#fff}h2{margin-top:2.5rem;border-top:1px solid #ccc;padding-top:1rem}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.2rem .8rem .2rem 0;\
border-bottom:1px solid #e4e4e4}td.at{white-space:nowrap;font-variant-numeric:tabular-nums}.failed{font-weight:700;\
color:#a4161a}.passed{color:#1b6e3c}.event{color:#666}svg{width:100%;height:auto;display:block;margin:.6rem 0}\
.f0{fill:#2a6fb0}.f1{fill:#9bb8d3}.f2{fill:#e0a83a}.f3{fill:#b3261e}details{margin:.5rem 0}\
@media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}td,th{border-color:#333}.event{color:#999}\
.failed{color:#ff8a80}.passed{color:#7bd88f}svg text{fill:#e6e6e6}}";

/// Shown to people: what would act on a terminal or a page is harmless.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in scrub(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Writing to a text cannot fail.
macro_rules! put {
    ($page:expr, $($text:tt)*) => {
        let _ = writeln!($page, $($text)*);
    };
}

/// All drills, those that failed first in the overview.
pub(super) fn html(outcomes: &[Outcome]) -> String {
    let passed = outcomes.iter().filter(|o| o.passed()).count();
    let mut page = String::new();
    put!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
    );
    put!(
        page,
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
    );
    put!(
        page,
        "<title>lockbox drills</title><style>{STYLE}</style></head><body>"
    );
    put!(
        page,
        "<h1>Drills</h1><p>{passed} of {} passed. Everything here is a simulation.</p>",
        outcomes.len()
    );
    put!(
        page,
        "<table><tr><th>Drill</th><th>Came to</th><th>Expectations</th></tr>"
    );
    let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
    sorted.sort_by_key(|outcome| outcome.passed());
    for outcome in sorted {
        let met = outcome.findings.iter().filter(|f| f.met).count();
        let (class, word) = verdict(outcome.passed());
        let (id, title) = (escaped(&outcome.id), escaped(&outcome.title));
        put!(
            page,
            "<tr><td><a href=\"#{id}\">{id}</a> {title}</td><td class=\"{class}\">{word}</td><td>{met} of {} met</td></tr>",
            outcome.findings.len()
        );
    }
    put!(page, "</table>");
    outcomes
        .iter()
        .for_each(|outcome| section(&mut page, outcome));
    put!(page, "</body></html>");
    page
}

fn verdict(met: bool) -> (&'static str, &'static str) {
    match met {
        true => ("passed", "✓ passed"),
        false => ("failed", "✗ failed"),
    }
}

fn section(page: &mut String, outcome: &Outcome) {
    let (class, word) = verdict(outcome.passed());
    let (id, title) = (escaped(&outcome.id), escaped(&outcome.title));
    put!(
        page,
        "<h2 id=\"{id}\">{title} <span class=\"{class}\">{word}</span></h2>"
    );
    put!(page, "<p>{}</p>", escaped(&outcome.teaches));
    put!(
        page,
        "<p>{} to {} · {}",
        outcome.from,
        outcome.to,
        escaped(&outcome.file)
    );
    for (name, value) in &outcome.changed {
        put!(page, " · {} = {}", escaped(name), escaped(value));
    }
    put!(page, "</p>");
    chart(page, outcome);
    axis(page, outcome);
    put!(
        page,
        "<table><tr><th>Time</th><th>Expected</th><th>Wanted</th><th>Found</th><th></th></tr>"
    );
    for finding in &outcome.findings {
        let (class, word) = verdict(finding.met);
        put!(
            page,
            "<tr><td class=\"at\">{}</td><td>{} <small>line {}. {}</small></td><td>{}</td><td>{}</td><td class=\"{class}\">{word}</td></tr>",
            after(outcome, finding.at),
            escaped(&finding.what),
            finding.line,
            escaped(&finding.because),
            escaped(&finding.expected),
            escaped(&finding.found),
        );
    }
    put!(page, "</table><details><summary>Timeline</summary><table>");
    for told in &outcome.timeline {
        let class = match told.kind {
            Kind::Failed => "failed",
            Kind::Event => "event",
            _ => "",
        };
        put!(
            page,
            "<tr class=\"{class}\"><td class=\"at\">{}</td><td>{}</td></tr>",
            after(outcome, told.at),
            escaped(&told.text)
        );
    }
    put!(page, "</table></details>");
    let score = outcome.score;
    put!(
        page,
        "<p>Refused commands: {} · records lost: {} · modelled bytes lost: {} · time to notice: {} · time to decide: {}</p>",
        score.refused,
        score.records_lost,
        score.modelled_lost,
        span(score.time_to_notice),
        span(score.time_to_decide),
    );
}

fn after(outcome: &Outcome, at: SimTime) -> String {
    format!("T+{}", outcome.from.until(at))
}

const WIDTH: u128 = 960;
const HEIGHT: u128 = 140;

/// What came and what became of it, stacked.
fn chart(page: &mut String, outcome: &Outcome) {
    let sums = outcome
        .series
        .iter()
        .map(|column| column.iter().sum::<u128>());
    let most = sums.max().unwrap_or(0);
    if most == 0 {
        return;
    }
    let columns = outcome.series.len().max(1) as u128;
    put!(
        page,
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"Modelled ingestion by fate\">",
        HEIGHT + 24
    );
    for (n, column) in outcome.series.iter().enumerate() {
        let x = n as u128 * WIDTH / columns;
        let mut top = HEIGHT;
        for (fate, bytes) in column.iter().enumerate() {
            let height = bytes * HEIGHT / most;
            top = top.saturating_sub(height);
            if height > 0 {
                let width = (WIDTH / columns).max(1);
                put!(
                    page,
                    "<rect class=\"f{fate}\" x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/>"
                );
            }
        }
    }
    for (n, fate) in Fate::ALL.iter().enumerate() {
        let (x, y) = (n * 180, HEIGHT + 18);
        put!(
            page,
            "<rect class=\"f{n}\" x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\"/>",
            y - 11
        );
        put!(
            page,
            "<text x=\"{}\" y=\"{y}\" font-size=\"13\">{fate}</text>",
            x + 18
        );
    }
    put!(page, "</svg>");
}

/// Marks on an axis: notes above, consequences below it.
fn axis(page: &mut String, outcome: &Outcome) {
    let whole = (outcome.to - outcome.from).0.max(1);
    put!(
        page,
        "<svg viewBox=\"0 0 {WIDTH} 46\" role=\"img\" aria-label=\"Timeline\">"
    );
    put!(
        page,
        "<rect x=\"0\" y=\"20\" width=\"{WIDTH}\" height=\"2\" fill=\"#888\"/>"
    );
    for told in &outcome.timeline {
        let passed = u128::try_from((told.at - outcome.from).0).unwrap_or(0);
        let x = passed * (WIDTH - 4) / whole.unsigned_abs() as u128;
        let (y, class) = mark(told);
        let text = escaped(&told.text);
        put!(
            page,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"4\" height=\"14\"><title>{} {text}</title></rect>",
            after(outcome, told.at)
        );
    }
    put!(page, "<text x=\"0\" y=\"44\" font-size=\"12\">T+0s</text>");
    put!(
        page,
        "<text x=\"{WIDTH}\" y=\"44\" font-size=\"12\" text-anchor=\"end\">{}</text></svg>",
        after(outcome, outcome.to)
    );
}

fn mark(told: &Told) -> (u32, &'static str) {
    match told.kind {
        Kind::Note => (4, "f0"),
        Kind::Event => (22, "f1"),
        Kind::Consequence => (22, "f2"),
        Kind::Refused | Kind::Failed => (4, "f3"),
    }
}
