//! Questions over real records in real segments, as keys come and go.

use lockbox::engine::cluster::link;
use lockbox::engine::ids::TableName;
use lockbox::engine::ingestion::Arrival;
use lockbox::engine::{Actor, SimTime, Span};
use lockbox::logs::ingest::Ingest;
use lockbox::logs::query::Cancel;
use lockbox::runtime::{Ask, Block, Host, HostError, Ingested, ManualWall, Reply};

use super::stage::{dir, open};
use crate::keyed::{
    WORKSPACE, act, make_linked, make_protected, make_workspace, set_enabled, state, wait,
};
use crate::tiny::{opens_at, person};

const TABLE: &str = "Visits_CL";

/// Sends records `from..to`, one a second from the opening of the world.
fn send(host: &mut Host, numbers: std::ops::Range<i64>) -> Ingested {
    let mut text = String::new();
    for n in numbers {
        let at = SimTime(opens_at().0 + n * 1_000_000);
        let level = if n % 10 == 0 { "Error" } else { "Information" };
        text += &format!(
            "{{\"TimeGenerated\":\"{}Z\",\"Number\":{n},\"Level\":\"{level}\",\"Page\":\"/p/{}\"}}\n",
            at.to_seconds().replace(' ', "T"),
            n % 7
        );
    }
    let table = TableName::from(TABLE);
    let columns = host.world().columns(&WORKSPACE.into(), &table);
    let ingest = Ingest::new(columns, host.now());
    let chunks: Vec<_> = ingest
        .read(std::io::Cursor::new(text))
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(chunks.len(), 1);
    let chunk = &chunks[0];
    assert_eq!(chunk.rejected, 0, "{:?}", chunk.rejects);
    let block = Block {
        arrival: Arrival {
            workspace: WORKSPACE.into(),
            table,
            columns: chunk.columns.clone(),
            rows: chunk.rows,
            raw: chunk.raw,
            plain: chunk.parquet.len() as u64,
            from: chunk.from,
            to: chunk.to,
            source: None,
        },
        parquet: chunk.parquet.clone(),
    };
    host.ingest(&person("minji.kim"), &block).unwrap()
}

fn ask(host: &mut Host, text: &str, partial: bool) -> Result<Reply, HostError> {
    let ask = Ask {
        workspace: WORKSPACE.into(),
        text: text.to_owned(),
        span: None,
        partial,
    };
    let prepared = host.query(&person("minji.kim"), &ask)?;
    prepared.run(Cancel::default(), &mut |_| {})
}

/// The answer as text, a line a row.
fn shown(reply: &Reply) -> Vec<String> {
    let mut lines = Vec::new();
    for batch in &reply.answer.batches {
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = batch
                .columns()
                .iter()
                .map(|c| arrow::util::display::array_value_to_string(c, row).unwrap())
                .collect();
            lines.push(cells.join(","));
        }
    }
    lines
}

fn says(host: &mut Host, text: &str) -> Vec<String> {
    shown(&ask(host, text, false).unwrap())
}

fn refused(host: &mut Host, text: &str) -> String {
    match ask(host, text, false) {
        Err(HostError::Refused(no)) => no.id,
        other => panic!("{other:?}"),
    }
}

/// The five classes of `data.md` §3.5.
const CLASSES: [&str; 5] = [
    "Visits_CL | count",
    "Visits_CL | summarize min(TimeGenerated), max(TimeGenerated)",
    "Visits_CL | where TimeGenerated > datetime(2030-01-01)",
    "Visits_CL | where Level == 'Error'",
    "Visits_CL | take 1",
];

#[test]
fn data_from_before_the_customers_key_is_queried_together_with_the_rest() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    send(&mut host, 0..100);
    make_protected(&mut host);
    make_linked(&mut host);
    send(&mut host, 100..250);
    assert_eq!(says(&mut host, "Visits_CL | count"), ["250"]);
    assert_eq!(
        says(
            &mut host,
            "Visits_CL | summarize n = count(), s = sum(Number) by Level | order by Level asc"
        ),
        ["Error,25,3000", "Information,225,28125"]
    );
    assert_eq!(
        says(&mut host, "Visits_CL | where Number == 123 | project Page"),
        ["/p/4"]
    );
}

#[test]
fn after_revocation_no_class_of_query_answers_and_with_the_key_all_do_as_before() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    let key = make_protected(&mut host);
    make_linked(&mut host);
    send(&mut host, 0..200);
    let before: Vec<_> = CLASSES.iter().map(|q| says(&mut host, q)).collect();
    assert_eq!(before[0], ["200"]);
    assert_eq!(before[3].len(), 20);
    set_enabled(&mut host, &key, false);
    wait(&mut host, Span::minutes(59));
    assert_eq!(says(&mut host, CLASSES[0]), ["200"]);
    wait(&mut host, Span::minutes(1));
    assert_eq!(state(&host), "Revoked");
    for query in CLASSES {
        assert_eq!(refused(&mut host, query), "E-QRY-01", "{query}");
    }
    assert_eq!(send(&mut host, 200..300).segment, None);
    set_enabled(&mut host, &key, true);
    wait(&mut host, Span::minutes(32));
    let after: Vec<_> = CLASSES.iter().map(|q| says(&mut host, q)).collect();
    assert_eq!(after, before);
}

#[test]
fn a_question_that_was_let_in_is_refused_when_the_key_goes_before_it_is_answered() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    let key = make_protected(&mut host);
    make_linked(&mut host);
    send(&mut host, 0..200);
    set_enabled(&mut host, &key, false);
    for query in CLASSES {
        let question = Ask {
            workspace: WORKSPACE.into(),
            text: query.to_owned(),
            span: None,
            partial: false,
        };
        let prepared = host.query(&person("minji.kim"), &question).unwrap();
        wait(&mut host, Span::hours(1));
        match prepared.run(Cancel::default(), &mut |_| {}) {
            Err(HostError::Refused(no)) => assert_eq!(no.id, "E-QRY-01", "{query}"),
            other => panic!("{query}: {other:?}"),
        }
        set_enabled(&mut host, &key, true);
        wait(&mut host, Span::minutes(32));
        set_enabled(&mut host, &key, false);
    }
}

#[test]
fn a_partial_answer_leaves_out_what_is_hidden_and_says_how_much() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    let key = make_protected(&mut host);
    make_linked(&mut host);
    send(&mut host, 0..50);
    let unlink = link::Command::Unlink {
        workspace: WORKSPACE.into(),
    };
    act(&mut host, unlink).unwrap();
    wait(&mut host, Span::minutes(90));
    send(&mut host, 50..60);
    assert_eq!(says(&mut host, "Visits_CL | count"), ["60"]);
    set_enabled(&mut host, &key, false);
    wait(&mut host, Span::hours(1));
    assert_eq!(refused(&mut host, "Visits_CL | count"), "E-QRY-01");
    let reply = ask(&mut host, "Visits_CL | count", true).unwrap();
    assert_eq!((shown(&reply), reply.hidden), (vec!["10".to_owned()], 1));
    assert_eq!(reply.why.unwrap().id, "E-QRY-01");
    // Its span does not touch what is hidden (i-38).
    let recent = format!(
        "Visits_CL | where TimeGenerated >= datetime({}) | count",
        SimTime(opens_at().0 + 50_000_000).to_seconds()
    );
    assert_eq!(says(&mut host, &recent), ["10"]);
}

#[test]
fn bad_kql_says_where_and_leaves_no_trace_and_strangers_learn_nothing() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    send(&mut host, 0..5);
    let head = host.world().revision;
    match ask(&mut host, "Visits_CL | wher Number > 1", false) {
        Err(HostError::Query(errors)) => {
            assert_eq!((errors[0].line, errors[0].column), (1, 13));
            assert_eq!(errors[0].nearest.as_deref(), Some("where"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(host.world().revision, head);
    for stranger in ["sue", "con"] {
        let ask = Ask {
            workspace: WORKSPACE.into(),
            text: "Nonsense_CL".to_owned(),
            span: None,
            partial: false,
        };
        let outcome = host.query(&person(stranger), &ask).map(|_| ());
        if stranger == "sue" {
            assert!(matches!(outcome, Err(HostError::Refused(_))), "{outcome:?}");
        } else {
            assert!(matches!(outcome, Err(HostError::Query(_))), "{outcome:?}");
        }
    }
    // Who only looks leaves no trace; who asks does.
    let question = Ask {
        workspace: WORKSPACE.into(),
        text: "Visits_CL | count".to_owned(),
        span: Some(Span::days(1)),
        partial: false,
    };
    let head = host.world().revision;
    host.query(&Actor::Observer, &question).unwrap();
    assert_eq!(host.world().revision, head);
    host.query(&person("con"), &question).unwrap();
    assert_ne!(host.world().revision, head);
}

#[test]
fn the_tables_of_the_service_tell_what_happened_in_the_world() {
    let (dir, wall) = (dir(), ManualWall::default());
    let mut host = open(dir.path(), &wall);
    make_workspace(&mut host);
    let key = make_protected(&mut host);
    send(&mut host, 0..10);
    set_enabled(&mut host, &key, false);
    assert_eq!(
        says(
            &mut host,
            "AzureDiagnostics | where Category == 'AuditEvent' and OperationName == 'KeyUpdate' | project ResultType, identity_claim_upn_s"
        ),
        ["Success,minji.kim@x.example"]
    );
    assert_eq!(
        says(
            &mut host,
            "AzureActivity | where OperationNameValue endswith 'clusters/write' | summarize n = count() by Caller"
        ),
        ["minji.kim@x.example,2"]
    );
    assert_eq!(
        says(&mut host, "Usage | project DataType, Quantity > 0"),
        ["Visits_CL,true"]
    );
    assert_eq!(says(&mut host, "SecurityEvent | count"), ["0"]);
}
