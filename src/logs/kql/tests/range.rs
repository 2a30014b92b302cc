//! Of what time a query reads its tables.

use super::{now, world};
use crate::engine::time::{SimTime, Span};

/// The first touch, in minutes before [`now`]; none where it is open.
fn reach(query: &str) -> (Option<i64>, Option<i64>) {
    let touches = world().bound(query).touches;
    let minutes = |at: SimTime| match at.0 {
        i64::MIN | i64::MAX => None,
        _ => Some((now().0 - at.0).div_euclid(Span::minutes(1).0)),
    };
    (minutes(touches[0].from), minutes(touches[0].to))
}

#[test]
fn conditions_at_the_head_say_of_what_time_a_table_is_read() {
    for (query, wanted) in [
        ("Logs", (None, None)),
        ("Logs | where TimeGenerated >= ago(1h)", (Some(60), None)),
        ("Logs | where ago(1h) <= TimeGenerated", (Some(60), None)),
        (
            "let start = ago(2h); Logs | where TimeGenerated >= start",
            (Some(120), None),
        ),
        (
            "Logs | where TimeGenerated between (ago(2h) .. ago(1h))",
            (Some(120), Some(60)),
        ),
        (
            "Logs | where TimeGenerated between (datetime(2024-05-01 10:00) .. 1h)",
            (Some(120), Some(60)),
        ),
        (
            "Logs | where Level == 'x' | where TimeGenerated >= ago(1h)",
            (Some(60), None),
        ),
        (
            "Logs | where TimeGenerated >= ago(2h) and Level == 'x' and TimeGenerated <= ago(1h)",
            (Some(120), Some(60)),
        ),
        (
            "Logs | where TimeGenerated >= ago(2h) or TimeGenerated >= ago(1h)",
            (Some(120), None),
        ),
        (
            "Logs | where TimeGenerated >= ago(2h) or Level == 'x'",
            (None, None),
        ),
        ("Logs | where not(TimeGenerated >= ago(2h))", (None, None)),
        (
            "Logs | extend X = 1 | project TimeGenerated, X | where TimeGenerated >= ago(1h)",
            (Some(60), None),
        ),
        (
            "let T = Logs | where Level == 'x'; T | where TimeGenerated >= ago(1h)",
            (Some(60), None),
        ),
        (
            "union Logs, Audit | where TimeGenerated >= ago(1h)",
            (Some(60), None),
        ),
        (
            "Logs | sort by TimeGenerated | where TimeGenerated >= ago(1h)",
            (Some(60), None),
        ),
        (
            "Logs | join kind=inner Hosts on Computer | where TimeGenerated >= ago(1h)",
            (Some(60), None),
        ),
        // These choose rows before the condition does: one outside may matter.
        (
            "Logs | take 5 | where TimeGenerated >= ago(1h)",
            (None, None),
        ),
        (
            "Logs | top 5 by DurationMs | where TimeGenerated >= ago(1h)",
            (None, None),
        ),
        (
            "Logs | join Hosts on Computer | where TimeGenerated >= ago(1h)",
            (None, None),
        ),
        (
            "Logs | summarize max(TimeGenerated) by TimeGenerated = bin(TimeGenerated, 1h) | where TimeGenerated >= ago(1h)",
            (None, None),
        ),
        (
            "Logs | extend TimeGenerated = now() | where TimeGenerated >= ago(1h)",
            (None, None),
        ),
    ] {
        assert_eq!(reach(query), wanted, "{query}");
    }
}

#[test]
fn each_reading_of_a_table_is_told() {
    let bound = world().bound(
        "let m = toscalar(Audit | summarize max(TimeGenerated)); \
         Logs | where TimeGenerated >= ago(1h) | union (Logs | where TimeGenerated >= ago(2h)) | where TimeGenerated <= m",
    );
    let mut tables: Vec<&str> = bound.touches.iter().map(|touch| &*touch.table).collect();
    tables.sort_unstable();
    assert_eq!(tables, ["Audit", "Logs", "Logs"]);
}

#[test]
fn a_contradiction_reaches_nothing() {
    let bound = world().bound("Logs | where TimeGenerated > now() and TimeGenerated < ago(1h)");
    assert!(bound.touches[0].from > bound.touches[0].to);
}

/// Comparisons reach the table's source as they stand, so that files can be pruned with them.
#[test]
fn filters_stay_plain() {
    let world = world();
    let bound = world.bound(
        "Logs | where TimeGenerated >= ago(1h) and StatusCode == 200 and Level in ('a', 'b')",
    );
    let plan = world.plan(&bound).unwrap().display_indent().to_string();
    assert!(
        plan.contains("Logs.TimeGenerated >= TimestampMicrosecond("),
        "{plan}"
    );
    assert!(plan.contains("Logs.StatusCode = Int32(200)"), "{plan}");
    assert!(
        plan.contains("Logs.Level IN ([Utf8View(\"a\"), Utf8View(\"b\")])"),
        "{plan}"
    );
}
