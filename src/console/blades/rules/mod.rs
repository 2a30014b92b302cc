//! The rules of this world: numbers first, then statements.

pub mod rows;
