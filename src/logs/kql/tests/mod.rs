//! Queries over a small table whose answers are worked out by hand, and what happens to wrong ones.

mod answers;
mod frequent;
mod hostile;
mod mistakes;
mod range;

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{
    DataType, DurationMicrosecondType, Float64Type, Int32Type, Int64Type, Schema,
    TimestampMicrosecondType,
};
use datafusion::common::ScalarValue;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::prelude::{SessionConfig, SessionContext};

use super::literal::{self, Value};
use super::types::{field, scalar};
use super::{Bound, Catalog, bind, parse, plan};
use crate::engine::ingestion::schema::{Column, ColumnType, Columns};
use crate::engine::time::SimTime;

/// 2024-05-01 12:00
pub const NOW: &str = "2024-05-01T12:00:00Z";

pub fn now() -> SimTime {
    NOW.parse().unwrap()
}

type Rows = Vec<Vec<Value>>;

pub struct World {
    tables: Vec<(&'static str, Columns, Rows)>,
}

impl Catalog for World {
    fn columns(&self, table: &str) -> Option<Columns> {
        let found = self.tables.iter().find(|(name, ..)| *name == table)?;
        Some(found.1.clone())
    }
    fn tables(&self) -> Vec<String> {
        self.tables
            .iter()
            .map(|(name, ..)| (*name).to_owned())
            .collect()
    }
}

fn columns(text: &str) -> Columns {
    text.split_whitespace()
        .map(|part| part.split_once(':').unwrap())
        .map(|(name, kind)| Column::new(name, kind.parse().unwrap()))
        .collect()
}

/// Rows as `a|b|c`; `~` is null.
fn rows(columns: &Columns, lines: &[&str]) -> Rows {
    let value = |kind: ColumnType, text: &str| match kind {
        _ if text == "~" => Value::Null(kind),
        ColumnType::Bool => Value::Bool(text == "true"),
        ColumnType::Int => Value::Int(text.parse().unwrap()),
        ColumnType::Long => Value::Long(text.parse().unwrap()),
        ColumnType::Real => Value::Real(text.parse().unwrap()),
        ColumnType::String => Value::String(text.to_owned()),
        ColumnType::Datetime => Value::Datetime(literal::datetime(text).unwrap()),
        ColumnType::Timespan => Value::Timespan(literal::timespan(text).unwrap()),
        ColumnType::Guid => Value::Guid(text.to_owned()),
        ColumnType::Dynamic => Value::Dynamic(text.to_owned()),
    };
    lines
        .iter()
        .map(|line| {
            let cells: Vec<&str> = line.split('|').collect();
            assert_eq!(cells.len(), columns.len(), "{line}");
            columns
                .iter()
                .zip(cells)
                .map(|(c, text)| value(c.kind, text))
                .collect()
        })
        .collect()
}

pub fn world() -> World {
    let logs = columns(
        "TimeGenerated:datetime Computer:string Level:string StatusCode:int DurationMs:real BytesSent:long \
         UserId:string Message:string Flag:bool D:dynamic Ts:timespan",
    );
    let log_rows = rows(
        &logs,
        &[
            r#"2024-05-01T10:00:00Z|web-1|Error|500|120.5|1000|u1|Request timed out: Timeout after 30s|true|{"a":{"b":1},"name":"alpha","tags":["x","y"]}|1h"#,
            r#"2024-05-01T10:02:00Z|web-1|Information|200|10|2000|u1|request finished|false|{"a":{"b":2},"name":"beta","tags":["y"]}|30m"#,
            "2024-05-01T10:06:00Z|web-2|Warning|404|33.5|~|u2|Not found /api/v1/orders|~|~|~",
            r#"2024-05-01T10:07:30Z|db-1|Error|~|~|500||timeouterror in disk-cache|true|{"a":{"b":"3"},"tags":[]}|2d"#,
            r#"2024-05-01T11:00:00Z|db-1|information|200|5.25|0|u3||false|{"n":1.5}|0d"#,
            r#"2024-05-01T11:30:00Z|web-2|Error|503|250|3000|u2|TIMEOUT: upstream Café|true|{"a":null}|-1h"#,
        ],
    );
    let hosts = columns("Computer:string Region:string Role:string");
    let host_rows = rows(
        &hosts,
        &[
            "web-1|eu|web",
            "web-1|us|spare",
            "web-2|eu|web",
            "gw-1|us|gw",
        ],
    );
    let audit = columns("TimeGenerated:datetime Actor:string StatusCode:long");
    let audit_rows = rows(
        &audit,
        &["2024-05-01T09:00:00Z|ann|1", "2024-05-01T11:59:00Z|bob|2"],
    );
    let bench = columns(
        "TimeGenerated:datetime Computer:string Level:string Category:string Method:string Url:string \
         StatusCode:int DurationMs:real BytesSent:long ClientIp:string UserId:string OperationId:string \
         Message:string Properties:string _ResourceId:string",
    );
    let bench_rows = frequent::bench_rows(&bench);
    World {
        tables: vec![
            ("Logs", logs, log_rows),
            ("Hosts", hosts, host_rows),
            ("Audit", audit, audit_rows),
            ("logs", bench, bench_rows),
            (
                "hosts",
                columns("Computer:string Region:string Role:string Sku:string Owner:string"),
                frequent::bench_hosts(),
            ),
        ],
    }
}

impl World {
    fn provider(&self, table: &str) -> Option<Arc<MemTable>> {
        let (_, columns, rows) = self.tables.iter().find(|(name, ..)| *name == table)?;
        let schema = Arc::new(Schema::new(
            columns
                .iter()
                .map(|c| field(&c.name, c.kind))
                .collect::<Vec<_>>(),
        ));
        let batches = rows
            .chunks(4)
            .map(|rows| {
                let arrays = (0..columns.len())
                    .map(|at| {
                        let cells = rows.iter().map(|row| scalar(&row[at]));
                        ScalarValue::iter_to_array(cells).unwrap()
                    })
                    .collect();
                RecordBatch::try_new(Arc::clone(&schema), arrays).unwrap()
            })
            .collect();
        Some(Arc::new(MemTable::try_new(schema, vec![batches]).unwrap()))
    }

    pub fn bound(&self, query: &str) -> Bound {
        let parsed = parse(query).unwrap_or_else(|e| panic!("{query}\n{}", all(query, &e)));
        bind(&parsed, self, now()).unwrap_or_else(|e| panic!("{query}\n{}", all(query, &e)))
    }

    pub fn plan(
        &self,
        bound: &Bound,
    ) -> datafusion::common::Result<datafusion::logical_expr::LogicalPlan> {
        plan(bound, &mut |table| {
            Some(provider_as_source(self.provider(table)?))
        })
    }

    /// The answer: `a:long b:string` and rows of cells.
    pub fn ask(&self, query: &str) -> (String, Vec<String>) {
        let bound = self.bound(query);
        let plan = self.plan(&bound).unwrap_or_else(|e| panic!("{query}\n{e}"));
        let names: Vec<String> = bound
            .columns
            .iter()
            .map(|column| format!("{}:{}", column.name, column.kind))
            .collect();
        let config = SessionConfig::new().with_target_partitions(2);
        let context = SessionContext::new_with_config(config);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let batches = runtime
            .block_on(async { context.execute_logical_plan(plan).await?.collect().await })
            .unwrap_or_else(|e| panic!("{query}\n{e}"));
        let mut lines = Vec::new();
        for batch in &batches {
            let fields = batch.schema();
            for (field, column) in fields.fields().iter().zip(&bound.columns) {
                assert_eq!(field.name(), &*column.name, "{query}");
                assert_eq!(
                    *field.data_type(),
                    super::arrow_type(column.kind),
                    "{query}: {}",
                    column.name
                );
            }
            for row in 0..batch.num_rows() {
                let cells: Vec<String> = (0..batch.num_columns())
                    .map(|at| cell(batch.column(at), row, bound.columns[at].kind))
                    .collect();
                lines.push(cells.join("|"));
            }
        }
        (names.join(" "), lines)
    }

    /// What is wrong with a query, a line each.
    pub fn error(&self, query: &str) -> String {
        let errors = match parse(query) {
            Ok(parsed) => bind(&parsed, self, now()).err(),
            Err(errors) => Some(errors),
        };
        let errors = errors.unwrap_or_else(|| panic!("{query} is right"));
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        lines.join("\n")
    }
}

fn all(query: &str, errors: &[super::KqlError]) -> String {
    errors
        .iter()
        .map(|e| format!("{e}\n{}\n", e.caret(query)))
        .collect()
}

fn cell(array: &dyn Array, row: usize, kind: ColumnType) -> String {
    if array.is_null(row) {
        assert_ne!(kind, ColumnType::String, "a string is never null");
        return "~".to_owned();
    }
    match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Float64 => literal::real_text(array.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8View => array.as_string_view().value(row).to_owned(),
        DataType::Timestamp(..) => {
            let text =
                literal::datetime_text(array.as_primitive::<TimestampMicrosecondType>().value(row));
            text.trim_start_matches("2024-05-01T")
                .trim_end_matches(".0000000Z")
                .to_owned()
        }
        DataType::Duration(_) => {
            literal::timespan_text(array.as_primitive::<DurationMicrosecondType>().value(row))
        }
        other => panic!("{other}"),
    }
}
