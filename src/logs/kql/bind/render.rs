//! How a result is to be drawn.

use super::super::ast::{Name, Property};
use crate::engine::ingestion::schema::{Column, ColumnType};

/// Kinds of drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chart {
    Table,
    Time,
    Line,
    Area,
    Scatter,
    Bar,
    Column,
    Pie,
    Card,
}

/// A drawing of a result. Names are of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Render {
    pub chart: Chart,
    pub title: Option<String>,
    /// What runs along the chart, or names the pieces of a pie.
    pub x: Option<String>,
    /// What is drawn.
    pub y: Vec<String>,
    /// Whose values are drawn apart from each other.
    pub series: Vec<String>,
}

impl Render {
    /// The drawing of these columns: what the query does not say follows from their types.
    pub(super) fn of(chart: &Name, properties: &[(Name, Property)], columns: &[Column]) -> Render {
        let chart = match &*chart.text {
            "timechart" | "anomalychart" => Chart::Time,
            "linechart" | "ladderchart" => Chart::Line,
            "areachart" | "stackedareachart" => Chart::Area,
            "scatterchart" => Chart::Scatter,
            "barchart" => Chart::Bar,
            "columnchart" => Chart::Column,
            "piechart" | "treemap" => Chart::Pie,
            "card" => Chart::Card,
            _ => Chart::Table,
        };
        let names = |key: &str| -> Vec<String> {
            properties
                .iter()
                .filter(|(name, _)| &*name.text == key)
                .flat_map(|(_, property)| match property {
                    Property::Names(names) => {
                        names.iter().map(|name| name.text.to_string()).collect()
                    }
                    Property::Text(text) => vec![text.to_string()],
                })
                .collect()
        };
        let first = |wanted: &dyn Fn(&Column) -> bool| {
            columns
                .iter()
                .find(|column| wanted(column))
                .map(|column| column.name.to_string())
        };
        let is_time = |column: &Column| column.kind == ColumnType::Datetime;
        let x = names("xcolumn").into_iter().next().or_else(|| {
            match chart {
                Chart::Time | Chart::Line | Chart::Area => first(&is_time),
                _ => None,
            }
            .or_else(|| first(&|_| true))
        });
        let rest = |wanted: &dyn Fn(ColumnType) -> bool| -> Vec<String> {
            columns
                .iter()
                .filter(|column| wanted(column.kind) && Some(&*column.name) != x.as_deref())
                .map(|column| column.name.to_string())
                .collect()
        };
        let mut series = names("series");
        if series.is_empty() {
            series = rest(&|kind| {
                matches!(
                    kind,
                    ColumnType::String | ColumnType::Guid | ColumnType::Bool
                )
            });
        }
        let mut y = names("ycolumns");
        if y.is_empty() {
            y = rest(&|kind| {
                matches!(
                    kind,
                    ColumnType::Int | ColumnType::Long | ColumnType::Real | ColumnType::Timespan
                )
            });
            y.retain(|name| !series.contains(name));
        }
        Render {
            chart,
            title: names("title").into_iter().next(),
            x,
            y,
            series,
        }
    }
}
