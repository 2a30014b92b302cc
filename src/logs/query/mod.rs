//! Queries over sealed segments. DataFusion plans and runs them; what is read of files, what is kept in memory
//! and when a query has to stop is decided here. The Kusto Query Language is not known here: a query comes as a
//! logical plan over the tables this room gives.
//!
//! ```text
//! Engine                shared by all queries: threads, hot memory, footers; forgets when a key goes
//! └ open(Job) → Query   the tables of one query, from the keys that are live for it
//!   └ run(plan) → Answer
//! ```
//!
//! Hidden data is never answered from what is remembered of it (`data.md` §3.5): a query is opened only with every
//! key it needs, the gate is asked before planning, between batches and before rows are handed out, and
//! [`Engine::forget`] drops footers and hot memory, takes the keys from running queries and stops them.

mod engine;
mod error;
mod evolve;
mod footers;
mod hot;
mod running;
mod table;
#[cfg(test)]
mod tests;
mod yielding;

pub use engine::{
    Answer, Cancel, Control, Engine, Job, JobTable, Limits, Progress, Query, Stats, view,
};
pub use error::QueryError;
pub use hot::HotUse;
