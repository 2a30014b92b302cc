//! The seven benchmark queries, over four records of their shape; their answers are worked out by hand.

use super::{Rows, rows, world};
use crate::engine::ingestion::schema::Columns;

pub fn bench_rows(columns: &Columns) -> Rows {
    rows(
        columns,
        &[
            "2026-11-01T00:00:00Z|vm-web-0000|Error|Web|GET|/a|500|10.5|100|10.0.0.1|u1|op1|Timeout after 5 ms|{}|/r",
            "2026-11-01T00:04:59Z|vm-app-0001|Warning|App|GET|/b|200|20.5|200|10.0.0.2|u2|op2|fine|{}|/r",
            "2026-11-01T00:05:00Z|vm-web-0000|Error|Web|POST|/c|503|30.5|300|10.0.0.3|u3|op3|x timeouts|{}|/r",
            "2026-11-01T00:30:00Z|vm-web-0000|Information|Web|GET|/d|200|40.5|400|10.0.0.4|u1|op4|fine|{}|/r",
        ],
    )
}

pub fn bench_hosts() -> Rows {
    let columns =
        super::columns("Computer:string Region:string Role:string Sku:string Owner:string");
    rows(
        &columns,
        &[
            "vm-web-0000|koreacentral|web|D2|team0",
            "vm-app-0001|eastus|app|D4|team1",
        ],
    )
}

pub const SEVEN: [&str; 7] = [
    "logs | summarize n=count() by bin(TimeGenerated, 5m) | order by TimeGenerated asc",
    "logs | where Message contains 'timeout' | count",
    "logs | top 20 by DurationMs desc | project TimeGenerated, Computer, Url, DurationMs",
    "logs | where Level in ('Error','Warning') | summarize count(), percentile(DurationMs,95), avg(DurationMs), dcount(UserId) by Computer, Category",
    "logs | where StatusCode >= 500 | join kind=inner hosts on Computer | summarize n=count(), sum(BytesSent) by Region, Role | order by n desc",
    "logs | where OperationId == 'op2'",
    "let m = toscalar(logs | summarize max(TimeGenerated)); logs | where TimeGenerated >= m - 15m and Level == 'Error' | count",
];

#[test]
fn the_seven_benchmark_queries_answer() {
    let world = world();
    let answers = SEVEN.map(|query| world.ask(query).1);
    let at = |minute: &str| format!("2026-11-01T00:{minute}:00.0000000Z");
    let short = |minute: &str| at(minute).replace(".0000000Z", "");
    assert_eq!(
        answers[0],
        [
            format!("{}|2", short("00")),
            format!("{}|1", short("05")),
            format!("{}|1", short("30"))
        ]
    );
    assert_eq!(answers[1], ["2"]);
    assert_eq!(answers[2].len(), 4);
    assert_eq!(
        answers[2][0],
        format!("{}|vm-web-0000|/d|40.5", short("30"))
    );
    let mut groups = answers[3].clone();
    groups.sort();
    assert_eq!(groups[0], "vm-app-0001|App|1|20.5|20.5|1");
    // The 95th percentile of 10.5 and 30.5 lies near the upper one.
    let cells: Vec<&str> = groups[1].split('|').collect();
    assert_eq!(
        [cells[0], cells[1], cells[2], cells[4], cells[5]],
        ["vm-web-0000", "Web", "2", "20.5", "2"]
    );
    assert!((20.5..=30.5).contains(&cells[3].parse::<f64>().unwrap()));
    assert_eq!(answers[4], ["koreacentral|web|2|400"]);
    assert_eq!(answers[5].len(), 1);
    assert_eq!(answers[6], ["0"]);
}

/// `cargo test --release -- --ignored --nocapture front_end` prints the time from text to plan.
#[test]
#[ignore = "a measurement"]
fn front_end_time() {
    let world = world();
    for query in SEVEN {
        let run = || world.plan(&world.bound(query)).unwrap();
        run();
        let start = std::time::Instant::now();
        for _ in 0..100 {
            std::hint::black_box(run());
        }
        println!("{:>9.1?} {query}", start.elapsed() / 100);
    }
}

#[test]
fn a_drawing_knows_its_columns() {
    let world = world();
    let bound = world.bound("logs | summarize n = count() by Level, bin(TimeGenerated, 5m) | render timechart with (title='Rows')");
    let render = bound.render.unwrap();
    assert_eq!(render.title.as_deref(), Some("Rows"));
    assert_eq!(render.x.as_deref(), Some("TimeGenerated"));
    assert_eq!(render.y, ["n"]);
    assert_eq!(render.series, ["Level"]);
    let bound = world.bound("logs | summarize count() by Level | render piechart");
    assert_eq!(bound.render.unwrap().x.as_deref(), Some("Level"));
}
