//! The Kusto Query Language: text to a logical plan.
//!
//! ```text
//! text ─ parse ─► Query ─ bind ─► Bound ─ plan ─► DataFusion's LogicalPlan
//!           lexer, parser    │ names, types      │ tables
//!                            catalog, now        sources
//! ```
//!
//! Knows the language and nothing of where tables come from: a [`Catalog`] names their columns, and whoever
//! plans brings their sources. Time is what it is told. No text makes it panic, nest without a bound, or
//! work longer than its length warrants.

mod ast;
mod bind;
mod complete;
mod error;
mod functions;
mod highlight;
mod lexer;
mod literal;
mod parser;
mod plan;
mod span;
mod types;

pub use ast::Query;
pub use bind::{Bound, Catalog, Chart, Render, Touch, bind};
pub use complete::{Offer, What, complete};
pub use error::KqlError;
pub use highlight::{Token, highlight};
pub use parser::parse;
pub use plan::{Sources, plan};
pub use types::arrow_type;

#[cfg(test)]
mod tests;
