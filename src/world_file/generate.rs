//! `[generate]`: how many requests a world makes up by itself, and which mix of outcomes.

use super::build::Build;
use super::generator::Plan;
use super::people::Locales;
use super::reader::Fields;
use crate::engine::time::Span;

const GENERATE: &[&str] = &[
    "requests",
    "pending",
    "seed",
    "over",
    "denied_percent",
    "expired_percent",
    "revoked_percent",
];

/// As many as a request number can count, and what a machine can hold.
const REQUESTS_MAX: u64 = 10_000_000;

pub(super) fn generate(build: &Build<'_>, root: &Fields<'_>, locales: &Locales) -> Option<Plan> {
    let g = root.table("generate", GENERATE)?;
    if !g.has("requests") {
        g.missing("requests");
    }
    let requests = g.number("requests", 0..=REQUESTS_MAX)?;
    let pending = g
        .number("pending", 0..=requests)
        .unwrap_or_else(|| (requests / 50).min(2_000));
    let history = build.history_from.until(build.opens_at);
    let over = g.span("over").unwrap_or(history);
    if over > history {
        g.wrong(
            "over",
            format!("The history of this world is only {history} long."),
            None,
        );
    }
    // Ordinary requests need their time to expire, pending ones must not have had it.
    let expiry = build.world.rules.request_expiry;
    let shortest = Span(expiry.0 + Span::days(1).0);
    if over < shortest {
        g.wrong(
            "over",
            format!("{over} is too short; it is at least {shortest}."),
            None,
        );
    }
    let percent = |key: &str, otherwise: u64| g.number(key, 0..=100).unwrap_or(otherwise);
    let (denied, expired, revoked) = (
        percent("denied_percent", 8),
        percent("expired_percent", 15),
        percent("revoked_percent", 3),
    );
    if denied + expired + revoked > 100 {
        g.wrong(
            "denied_percent",
            "Denied, expired and revoked are more than 100 percent together.",
            None,
        );
    }
    let seed = g.number("seed", 0..=u64::MAX).unwrap_or(build.world.seed);
    let plan = Plan {
        requests,
        pending,
        seed,
        from: build.opens_at - over,
        opens_at: build.opens_at,
        expiry,
        denied,
        expired,
        revoked,
        cast: super::generator::Cast::of(build, locales),
    };
    if let Some(lack) = plan.cast.lacks() {
        g.reader.wrong(g.at, &g.path, lack, None);
        return None;
    }
    Some(plan)
}
